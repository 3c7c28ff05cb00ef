//! Text that people write: cleaned once, measured, and free of what others would act on.

use std::sync::LazyLock;

use shared::accounts::Email;
use shared::messaging::Words;
use shared::moderation::detect;
use shared::text::{
    FILE_NAME_CHARS_MAX, PREVIEW_BYTES_MAX, PREVIEW_CHARS_MAX, file_name, fold_email, fold_name,
    graphemes, is_email, is_https_url, name, plain, preview,
};
use unicode_normalization::is_nfc;

use super::Target;

/// Texts, names, addresses, file names and words to search for.
pub const TEXT: Target = Target {
    name: "text",
    samples: || &TEXTS,
    holds: text,
};

static TEXTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = [
        "Hello <b>there</b>, <script>alert(1)</script> <<i>/i> \u{202e}live\u{2066}\r\nnext",
        "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "Ann.Lee+x@Pairly.TEST",
        "https://user.example:443/path?q=1#x [2001:db8::1]",
        "../../.etc/passwd\0.JPEG",
        "call me +49 151 12345678 or wh4ts-app t . me/ann \u{0e2a}\u{0e27}\u{0e31}",
        "\u{df}\u{3a3}\u{130}\u{fb01}\u{1f88}",
    ];
    all.map(|text| text.as_bytes().to_vec()).to_vec()
});

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a browser would find an element.
fn has_markup(text: &str) -> bool {
    let after = |at: usize| text[at + 1..].chars().next();
    let opens = |c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?');
    text.match_indices('<')
        .any(|(at, _)| after(at).is_some_and(opens) && text[at..].contains('>'))
}

fn text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let cleaned = plain(&text);
    assert_eq!(plain(&cleaned), cleaned, "cleaning is done once");
    assert!(is_nfc(&cleaned) && !has_markup(&cleaned), "{cleaned:?}");
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!cleaned.contains(control), "{cleaned:?}");
    assert!(graphemes(&cleaned) <= cleaned.len());
    if let Some(named) = name(&text) {
        assert!(!named.contains(|c: char| c.is_control() || turns_direction(c)));
        assert_eq!(named.trim(), named);
        assert_eq!(
            name(&named).as_deref(),
            Some(&*named),
            "naming is done once"
        );
    }
    let start = preview(&text);
    assert!(start.len() <= PREVIEW_BYTES_MAX && graphemes(&start) <= PREVIEW_CHARS_MAX);
    assert!(!start.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']));
    assert_eq!(preview(&start), start);
    let folded = fold_name(&text);
    assert_eq!(fold_name(&folded), folded);
    let file = file_name(&text);
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    assert!((1..=FILE_NAME_CHARS_MAX).contains(&file.len()) && file.bytes().all(safe));
    assert!(!file.starts_with('.') && file_name(&file) == file);
    addresses(&text);
    // Linear in the length, and the same whenever it is asked.
    let (found, again) = (detect(&text), detect(&text));
    assert_eq!((found.links, found.said), (again.links, again.said));
    if let Ok(words) = Words::of(&text) {
        let _ = words.are_in(&cleaned);
    }
}

fn addresses(text: &str) {
    let folded = fold_email(text);
    assert_eq!(fold_email(&folded), folded);
    if is_email(text) {
        assert_eq!(text.matches('@').count(), 1);
        assert!(!text.contains(|c: char| c.is_whitespace() || c.is_control()));
    }
    if let Ok(email) = Email::parse(text) {
        let bad = |c: char| c.is_control() || c.is_whitespace() || "\"<>(),;:\\".contains(c);
        assert!(email.as_str().is_ascii() && !email.as_str().contains(bad));
        assert_eq!(Email::parse(email.as_str()).ok(), Some(email));
    }
    if is_https_url(text) {
        assert!(
            text.get(..8)
                .is_some_and(|head| head.eq_ignore_ascii_case("https://"))
        );
        assert!(!text.contains(|c: char| c.is_whitespace() || "\"<>\\`".contains(c)));
    }
}
