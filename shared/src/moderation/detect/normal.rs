//! Texts as detectors read them: one alphabet, no invisible characters, no disguises.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters that are read; what the contract allows has fewer.
const CHARS_MAX: usize = 20_000;

/// Letters of other scripts, and ornaments, that look like the Latin letter beside them.
const LOOKALIKES: [(&str, char); 26] = [
    ("аαᴀ🅰🅐ᎪꭺᎯ", 'a'),
    ("вβʙƀᏴᏼᏏꮟ", 'b'),
    ("сςϲᴄᏟꮯ", 'c'),
    ("ԁđᴅðᎠꭰ", 'd'),
    ("еєεəᴇᎬꭼ", 'e'),
    ("ꜰƒ", 'f'),
    ("ɡɢցᏀꮐ", 'g'),
    ("һнʜᎻꮋ", 'h'),
    ("іıιɪᎥꭵ", 'i'),
    ("јᴊᎫꭻ", 'j'),
    ("кκᴋᏦꮶ", 'k'),
    ("łʟӏⅼᏞꮮ", 'l'),
    ("мᴍᎷꮇ", 'm'),
    ("ηпոɴ", 'n'),
    ("оοσøօᴏ", 'o'),
    ("рρᴘᏢꮲ", 'p'),
    ("ԛ", 'q'),
    ("гʀᏒꮢ", 'r'),
    ("ѕꜱᏚꮪ", 's'),
    ("тτᴛᎢꭲ", 't'),
    ("υսᴜ", 'u'),
    ("νѵᴠᏙꮩ", 'v'),
    ("ωшԝᴡᏔꮤ", 'w'),
    ("хχ", 'x'),
    ("уγʏᎽꮍ", 'y'),
    ("ᴢᏃꮓ", 'z'),
];

/// A character of the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Lower case, without accents.
    pub c: char,
    /// Whether it was written in another script.
    pub is_disguised: bool,
}

/// The text in one alphabet: compatibility forms, accents, case and look-alikes are folded, what
/// nobody sees is left out. Linear in the length.
pub fn fold(text: &str) -> Vec<Folded> {
    if text.is_ascii() {
        let plain = |byte: u8| Folded {
            c: char::from(byte.to_ascii_lowercase()),
            is_disguised: false,
        };
        return text.bytes().take(CHARS_MAX).map(plain).collect();
    }
    let mut folded = Vec::with_capacity(text.len());
    let visible = |c: &char| !is_combining_mark(*c) && !is_invisible(*c);
    for c in text.nfkd().filter(visible).take(CHARS_MAX) {
        for c in c.to_lowercase().filter(visible) {
            push(&mut folded, c);
        }
    }
    folded
}

fn push(folded: &mut Vec<Folded>, c: char) {
    let plain = |c| Folded {
        c,
        is_disguised: false,
    };
    if c.is_ascii() {
        return folded.push(plain(c));
    }
    match c {
        'ß' => folded.extend(['s', 's'].map(plain)),
        'æ' => folded.extend(['a', 'e'].map(plain)),
        'œ' => folded.extend(['o', 'e'].map(plain)),
        '。' | '．' | '․' | '·' | '•' | '∙' => folded.push(plain('.')),
        '‐'..='―' | '−' => folded.push(plain('-')),
        '⁄' | '∕' => folded.push(plain('/')),
        '’' | '‘' | '`' | '´' => folded.push(plain('\'')),
        '🇦'..='🇿' => folded.push(plain(letter(c as u32 - '🇦' as u32))),
        '🅰'..='🆉' => folded.push(plain(letter(c as u32 - '🅰' as u32))),
        _ => folded.push(match digit(c).or_else(|| lookalike(c)) {
            Some(c) => Folded {
                c,
                is_disguised: true,
            },
            None if c.is_whitespace() => plain(' '),
            None => plain(c),
        }),
    }
}

fn letter(number: u32) -> char {
    char::from_u32('a' as u32 + number).unwrap_or('a')
}

/// Digits of other scripts.
fn digit(c: char) -> Option<char> {
    let zeros = ['٠', '۰', '०', '০', '๐'];
    let from = |zero: &char| (c as u32).checked_sub(*zero as u32).filter(|n| *n < 10);
    zeros
        .iter()
        .find_map(from)
        .and_then(|n| char::from_digit(n, 10))
}

fn lookalike(c: char) -> Option<char> {
    let known = LOOKALIKES.iter().find(|(known, _)| known.contains(c));
    known.map(|(_, latin)| *latin)
}

/// What leaves no mark on the screen: joiners, selectors, soft hyphens, direction marks.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{180B}'..='\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{20E3}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// A letter as words are compared: digits and signs stand for the letters that they imitate, and
/// `l`, `i`, `1`, `!` and `|` are one.
pub const fn canonical(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'l' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        c => c,
    }
}

/// Adds a letter to a word; of a run of equal letters two stay.
pub fn append(word: &mut String, c: char) {
    let mut last = word.chars().rev();
    if (last.next(), last.next()) != (Some(c), Some(c)) {
        word.push(c);
    }
}

/// A word in its canonical form.
pub fn canonical_word(word: impl IntoIterator<Item = char>) -> String {
    let mut out = String::new();
    for c in word {
        append(&mut out, canonical(c));
    }
    out
}
