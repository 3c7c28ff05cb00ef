use proptest::prelude::*;

use super::*;

#[test]
fn markup_goes_and_hearts_stay() {
    for (text, expected) in [
        ("I <3 you", "I <3 you"),
        ("a < b > c", "a < b > c"),
        ("<b>bold</b>", "bold"),
        ("<script>alert(1)</script>hi", "hi"),
        ("<SCRIPT type=x>\nalert(1)</Script >hi", "hi"),
        ("a<style>b{}</style>c", "ac"),
        ("<script>open", "open"),
        ("<scripty>text</scripty>", "text"),
        ("<scr<script></script>ipt>alert(1)</script>", ""),
        ("<<b>script>x", "x"),
        ("<!-- note -->a<?php x ?>b</p>", "ab"),
        ("<img src=x onerror=alert(1)>", ""),
        ("unclosed <b", "unclosed <b"),
        ("<", "<"),
        ("<>", "<>"),
        ("line\nfeed\ttab\r\u{7}\u{85}", "line\nfeedtab"),
        ("e\u{301}", "é"),
        ("e<b>\u{301}", "é"),
        ("e\u{0}\u{301}", "é"),
        ("👨‍👩‍👧‍👦 ok", "👨‍👩‍👧‍👦 ok"),
    ] {
        assert_eq!(plain(text), expected, "{text:?}");
    }
    assert_eq!(
        plain(&format!("a{}{}", "<".repeat(999), "b>".repeat(999))),
        "a"
    );
}

#[test]
fn a_cluster_has_at_most_eight_code_points() {
    assert_eq!(
        plain(&format!("x{}y", "\u{334}".repeat(500))),
        format!("x{}y", "\u{334}".repeat(7))
    );
    let family = "👩\u{200D}".repeat(9);
    assert_eq!(plain(&format!("{family}👩a")).chars().count(), 9);
    let prepended = format!("{}<\u{334}b>", "\u{600}".repeat(7));
    assert_eq!(
        plain(&prepended.repeat(50)),
        plain(&plain(&prepended.repeat(50)))
    );
}

#[test]
fn names_are_one_line_and_keep_their_direction() {
    assert_eq!(name(" Ann\r\nLee\u{2028}X ").as_deref(), Some("Ann Lee X"));
    assert_eq!(name("<b>Ann</b>").as_deref(), Some("Ann"));
    assert_eq!(name("عادل\u{200F}").as_deref(), Some("عادل\u{200F}"));
    for c in ['\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}'] {
        assert_eq!(name(&format!("a{c}b")), None);
    }
}

#[test]
fn graphemes_are_what_a_reader_counts() {
    for (text, count) in [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u{301}", 1),
        ("🇩🇪👨‍👩‍👧", 2),
        ("\r\n", 1),
    ] {
        assert_eq!(graphemes(text), count, "{text:?}");
    }
}

#[test]
fn previews_are_short_and_whole() {
    assert_eq!(preview("a\r\nb\nc"), "a b c");
    assert_eq!(preview(&"a".repeat(300)).len(), 100);
    assert_eq!(preview(&"ä".repeat(300)).len(), 160);
    assert_eq!(preview(&"👨‍👩‍👧‍👦".repeat(9)), "👨‍👩‍👧‍👦".repeat(6));
}

#[test]
fn addresses_fold_to_one_form() {
    assert_eq!(fold_email(" Ann@Example.ORG "), "ann@example.org");
    assert_eq!(fold_email("JOSE\u{301}@x.org"), fold_email("josé@x.org"));
    assert_ne!(fold_email("m\u{131}ke@x.org"), fold_email("mike@x.org"));
}

#[test]
fn addresses_have_a_shape() {
    let local = |count| format!("{}@example.org", "a".repeat(count));
    for good in [
        "a@b.co",
        "a.b+c@ex-ample.co.uk",
        "jörg@müller.de",
        &local(64),
    ] {
        assert!(is_email(good), "{good}");
    }
    let long = format!("a@{}.org", "b.".repeat(130));
    for bad in [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@",
        "a@@b.co",
        "a@b@c.co",
        "a b@c.co",
        "a@b.co\n",
        "a@.co",
        "a@b..co",
        ".a@b.co",
        "a.@b.co",
        "a@-b.co",
        "a@b.co.",
        "<a@b.co>",
        "a\u{0}@b.co",
        &local(65),
        &long,
    ] {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn file_names_are_harmless() {
    for (given, expected) in [
        ("photo 1.JPG", "photo1.JPG"),
        ("../../etc/passwd", "etcpasswd"),
        (".htaccess", "htaccess"),
        ("…", "file"),
        ("", "file"),
        ("a\u{0}b.png", "ab.png"),
    ] {
        assert_eq!(file_name(given), expected);
    }
    let long = file_name(&format!("{}.jpeg", "x".repeat(300)));
    assert!(long.len() == 128 && long.ends_with("x.jpeg"));
    assert_eq!(file_name(&"y".repeat(300)).len(), 128);
}

#[test]
fn only_https_without_user_info() {
    let long = format!("https://a.org/{}", "x".repeat(2_034));
    for good in [
        "https://a.org",
        "HTTPS://a.org:8443/p?q=@#f",
        "https://[::1]/",
        &long,
    ] {
        assert!(is_https_url(good), "{good}");
    }
    for bad in [
        "",
        "http://a.org",
        "https:/a.org",
        "https://",
        "https:///p",
        "https://u@a.org",
        "https://u:p@a.org/",
        "https://a.org\\@b.org",
        "https://a b.org",
        "https://a.org:",
        "https://a.org:99999",
        "javascript:alert(1)",
        " https://a.org",
        "https://a.org/\n",
        &format!("{long}y"),
    ] {
        assert!(!is_https_url(bad), "{bad}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the bound is about real time")]
fn hostile_input_takes_linear_time() {
    let marks = "<\u{334}".repeat(9);
    let trap = format!("{}<\u{334}b>", "\u{600}".repeat(7));
    let parts = [
        "<",
        "<b",
        ">",
        "<script>",
        "</script>",
        "<scr<script>",
        "<!",
        "\u{301}",
    ];
    for part in parts
        .into_iter()
        .chain([marks.as_str(), trap.as_str(), "<b>\u{334}", "👩\u{200D}"])
    {
        let text = part.repeat(256 * 1024 / part.len());
        let start = std::time::Instant::now();
        let clean = plain(&text);
        assert!(
            start.elapsed().as_secs() < 5,
            "{part:?}: {:?}",
            start.elapsed()
        );
        assert_eq!(plain(&clean), clean);
    }
}

/// Pieces that meet in hostile texts.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "<",
        ">",
        "/",
        "!",
        "b",
        "script",
        "style",
        "</script>",
        "<script>",
        "</style",
        " ",
        "\n",
        "\r",
        "\u{0}",
        "\u{301}",
        "\u{338}",
        "\u{334}\u{334}\u{334}\u{334}",
        "\u{200D}",
        "👩",
        "🇩",
        "\u{600}\u{600}\u{600}",
        "\u{1100}\u{1100}\u{1100}",
        "\u{1161}",
        "\u{11A8}",
        "가",
        "\u{958}",
        "\u{93C}",
        "\u{94D}",
        "क",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn assert_plain(text: &str) {
    let clean = plain(text);
    assert_eq!(plain(&clean), clean, "{text:?}");
    assert!(unicode_normalization::is_nfc(&clean));
    assert!(!clean.chars().any(|c| c.is_control() && c != '\n'));
    assert!(
        clean
            .graphemes(true)
            .all(|cluster| cluster.chars().count() <= 8),
        "{text:?}"
    );
    let markup = clean.match_indices('<').any(|(at, _)| {
        let rest = &clean[at + 1..];
        let opens = |c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?');
        rest.starts_with(opens) && rest.contains('>')
    });
    assert!(!markup, "{text:?} → {clean:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn plain_holds_its_promise(text in hostile()) {
        assert_plain(&text);
    }

    #[test]
    fn plain_holds_its_promise_for_any_text(text in any::<String>()) {
        assert_plain(&text);
    }

    #[test]
    fn names_and_files_are_idempotent(text in hostile()) {
        let clean = name(&text).unwrap();
        prop_assert_eq!(name(&clean).unwrap(), clean.clone());
        prop_assert!(!clean.contains('\n'));
        let file = file_name(&text);
        prop_assert!(!file.is_empty() && !file.starts_with('.'));
        prop_assert_eq!(file_name(&file), file.clone());
    }

    #[test]
    fn previews_fit(text in any::<String>()) {
        let short = preview(&text);
        prop_assert!(short.len() <= 160 && graphemes(&short) <= 100);
    }
}
