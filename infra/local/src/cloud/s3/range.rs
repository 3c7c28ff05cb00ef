//! Parts of an object.

/// What a `Range` header asks for (RFC 9110 §14.1.2).
pub enum Part {
    /// No part, or a header that means nothing.
    Whole,
    /// First and last byte.
    Of(usize, usize),
    /// Nothing is there.
    Beyond,
}

/// Reads the header.
pub fn part_of(range: &str, size: usize) -> Part {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|text| text.split_once('-'))
    else {
        return Part::Whole;
    };
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), _) if first >= size => Part::Beyond,
        (Ok(first), Ok(last)) if last < first => Part::Whole,
        (Ok(first), Ok(last)) => Part::Of(first, last.min(size - 1)),
        (Ok(first), Err(_)) => Part::Of(first, size - 1),
        (Err(_), Ok(0)) => Part::Beyond,
        (Err(_), Ok(count)) => Part::Of(size.saturating_sub(count), size.saturating_sub(1)),
        (Err(_), Err(_)) => Part::Whole,
    }
}
