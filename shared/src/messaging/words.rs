//! Words that are searched for: 2 to 40 characters, case-folded, all must match.

use serde_json::json;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::error::{Result, VALIDATION_FAILED};
use crate::text::fold_case;

/// Characters of a word, at least; shorter ones are not looked for.
const CHARS_MIN: usize = 2;
/// Characters of a word, at most.
const CHARS_MAX: usize = 40;

/// What must be in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// This word (UAX #29).
    Whole(String),
    /// These characters, in scripts that set no space between words.
    Part(String),
}

/// All words of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<Word>);

fn folded(text: &str) -> String {
    fold_case(text.nfkc()).nfkc().collect()
}

/// Thai to Khmer without Tibetan, kana, and the ideographs.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2ffff}')
}

impl Words {
    /// The words of what somebody typed.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED` without a word of 2 characters, or with one of more than 40.
    pub fn of(wish: &str) -> Result<Self> {
        let mut words = Vec::new();
        let folded = folded(wish);
        for piece in folded.split_whitespace() {
            if piece.chars().any(is_unspaced) {
                words.push(Word::Part(piece.to_owned()));
                continue;
            }
            let whole = piece.unicode_words().map(str::to_owned);
            words.extend(whole.map(Word::Whole));
        }
        words.retain(|word| word.chars() >= CHARS_MIN);
        match words.is_empty() || words.iter().any(|word| word.chars() > CHARS_MAX) {
            true => {
                let message = "Give words of 2 to 40 characters.";
                let row = json!({ "field": "/q", "rule": "words", "message": message });
                Err(VALIDATION_FAILED.with(json!({ "fields": [row] })))
            }
            false => Ok(Self(words)),
        }
    }

    /// Whether all words are in a text.
    pub fn are_in(&self, text: &str) -> bool {
        let text = folded(text);
        self.0.iter().all(|word| match word {
            Word::Whole(word) => text.unicode_words().any(|one| one == word),
            Word::Part(part) => text.contains(part.as_str()),
        })
    }
}

impl Word {
    fn chars(&self) -> usize {
        let (Self::Whole(word) | Self::Part(word)) = self;
        word.graphemes(true).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(wish: &str, text: &str) -> bool {
        Words::of(wish).unwrap().are_in(text)
    }

    #[test]
    fn all_words_must_be_there_in_any_case_and_order() {
        assert!(finds("Tea GREEN", "Green tea, or black tea?"));
        assert!(!finds("tea coffee", "Green tea"));
        assert!(!finds("tea", "a steamy teapot"));
        assert!(finds("straße", "In der STRASSE") && finds("STRASSE", "in der Straße"));
        assert!(finds("ΟΔΟΣ", "οδος") && finds("don't", "I don't know"));
        assert!(finds("e-mail", "my mail and an e"));
        assert!(finds("cafe\u{301}", "a caf\u{e9}") && finds("ﬁne", "fine"));
    }

    #[test]
    fn scripts_without_spaces_match_in_part() {
        assert!(finds("寿司", "今日は寿司を食べたい") && !finds("天麩羅", "寿司"));
        assert!(finds("สวัสดี", "พูดว่าสวัสดีครับ"));
    }

    #[test]
    fn a_wish_needs_a_word_of_two_to_forty_characters() {
        let bad = |wish: &str| Words::of(wish).is_err_and(|error| error.is(&VALIDATION_FAILED));
        assert!(bad("a") && bad("- ?") && bad("a b c") && bad(""));
        assert!(bad(&"x".repeat(41)) && !bad(&"x".repeat(40)));
        assert_eq!(Words::of("a tea").unwrap(), Words::of("tea").unwrap());
    }
}
