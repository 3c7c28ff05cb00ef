//! `multipart/form-data` (RFC 7578), as browsers and curl write it.

/// One field of a form.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value, or the file.
    pub value: &'a [u8],
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let first = *wanted.first()?;
    let mut at = 0;
    while let Some(next) = rest.get(at..)?.iter().position(|byte| *byte == first) {
        at += next;
        if rest.get(at..)?.starts_with(wanted) {
            return Some(from + at);
        }
        at += 1;
    }
    None
}

/// The fields in order; `None` when the body is no such form.
pub fn fields<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Field<'a>>> {
    let boundary = content_type
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?;
    let line = format!("--{}", boundary.trim_matches('"'));
    let end = format!("\r\n{line}");
    let mut at = find(body, line.as_bytes(), 0)? + line.len();
    let mut fields = Vec::new();
    while body.get(at..)?.starts_with(b"\r\n") {
        let head_end = find(body, b"\r\n\r\n", at)?;
        let head = std::str::from_utf8(body.get(at..head_end)?).ok()?;
        let start = head_end + 4;
        let stop = find(body, end.as_bytes(), start)?;
        let name = name_of(head)?;
        let value = body.get(start..stop)?;
        fields.push(Field { name, value });
        at = stop + end.len();
    }
    Some(fields)
}

fn name_of(head: &str) -> Option<&str> {
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("content-disposition:")
    })?;
    let part = line
        .split(';')
        .map(str::trim)
        .find_map(|part| part.strip_prefix("name="))?;
    Some(part.trim_matches('"'))
}
