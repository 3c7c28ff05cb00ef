//! Phrases: sequences of words, each in some spellings, with few other words between.
//!
//! The words of all patterns are put into hash tables once. A text is then read word by word: a
//! word leads to the places in patterns where it stands, also with one letter wrong, and a place
//! counts if the place before it was met shortly before. So the time follows the text's length.

use std::collections::HashMap;

use super::normal::{Folded, append, canonical, canonical_word};

/// Words of this many letters and more may have one wrong.
const FUZZY_FROM: usize = 5;
/// Longest word that is compared.
const WORD_MAX: usize = 24;
/// Fewest single letters in a row that are one spaced word.
const SPACED_FROM: usize = 3;
/// Longest spaced word that is taken apart again.
const SPACED_MAX: usize = 64;

/// A phrase in the notation of the tables: words apart by spaces, spellings of one word by `|`.
/// `…*` takes every ending, `=…` no misspelling, `#` any number.
#[derive(Clone, Copy, Debug)]
pub struct Phrase {
    /// The words.
    pub words: &'static str,
    /// Most other words between two of them.
    pub gap: usize,
    /// Words that make it harmless anywhere in the text.
    pub unless: &'static str,
}

/// Place in a phrase: number of the phrase, number of the word in it.
type Place = (u16, u8);

/// The words of all phrases.
#[derive(Debug, Default)]
pub struct Book {
    exact: HashMap<u64, Vec<Place>>,
    starts: HashMap<u64, Vec<Place>>,
    /// Words that may be misspelt, by their own hash and those with one letter left out.
    fuzzy: HashMap<u64, Vec<u16>>,
    spellings: Vec<(String, Place)>,
    lengths: Vec<u8>,
    gaps: Vec<usize>,
    excuses: Vec<Vec<u64>>,
    shortest_start: usize,
}

/// The words of a text, in order, canonical.
#[derive(Clone, Debug, Default)]
pub struct Words(Vec<Word>);

/// One word.
#[derive(Clone, Debug)]
struct Word {
    letters: String,
    is_number: bool,
}

fn hash(letters: impl IntoIterator<Item = char>) -> u64 {
    letters.into_iter().fold(BASIS, step)
}

/// FNV-1a over code points.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

fn step(hash: u64, c: char) -> u64 {
    (hash ^ u64::from(c as u32)).wrapping_mul(0x0100_0000_01b3)
}

fn without(letters: &[char], gone: usize) -> u64 {
    let left = letters.iter().enumerate().filter(|(at, _)| *at != gone);
    hash(left.map(|(_, c)| *c))
}

impl Book {
    /// Reads the phrases of tables.
    pub fn of(phrases: &[Phrase]) -> Self {
        let mut book = Self {
            shortest_start: WORD_MAX,
            ..Self::default()
        };
        for (number, phrase) in phrases.iter().enumerate() {
            let mut length = 0_u8;
            for spellings in phrase.words.split_whitespace() {
                for spelling in spellings.split('|') {
                    book.learn(spelling, (number as u16, length));
                }
                length += 1;
            }
            book.lengths.push(length);
            book.gaps.push(phrase.gap);
            let excuses = phrase.unless.split_whitespace();
            let excuses = excuses.map(|word| hash(canonical_word(word.chars()).chars()));
            book.excuses.push(excuses.collect());
        }
        book
    }

    fn learn(&mut self, spelling: &'static str, place: Place) {
        let bare = spelling.trim_start_matches('=').trim_end_matches('*');
        let letters: Vec<char> = match bare {
            "#" => vec!['#'],
            bare => canonical_word(bare.chars()).chars().collect(),
        };
        if spelling.ends_with('*') {
            self.shortest_start = self.shortest_start.min(letters.len());
            let places = self.starts.entry(hash(letters.iter().copied()));
            return places.or_default().push(place);
        }
        let places = self.exact.entry(hash(letters.iter().copied()));
        places.or_default().push(place);
        if spelling.starts_with('=') || letters.len() < FUZZY_FROM {
            return;
        }
        let number = self.spellings.len() as u16;
        let whole = hash(letters.iter().copied());
        let shorter = (0..letters.len()).map(|gone| without(&letters, gone));
        for key in shorter.chain([whole]) {
            self.fuzzy.entry(key).or_default().push(number);
        }
        self.spellings.push((letters.into_iter().collect(), place));
    }

    /// The numbers of the phrases that are in the text, in their order.
    pub fn find(&self, words: &Words) -> Vec<usize> {
        let mut met: HashMap<Place, usize> = HashMap::new();
        let mut found = Vec::new();
        for (at, word) in words.0.iter().enumerate() {
            let mut places = self.places(word);
            // A word must not follow itself: later places first.
            places.sort_unstable_by_key(|place| std::cmp::Reverse(place.1));
            places.dedup();
            for (number, nth) in places {
                let phrase = usize::from(number);
                let gap = self.gaps.get(phrase).copied().unwrap_or_default();
                let follows = nth == 0
                    || met
                        .get(&(number, nth - 1))
                        .is_some_and(|before| at - before <= gap + 1);
                if follows {
                    met.insert((number, nth), at);
                    if self.lengths.get(phrase) == Some(&(nth + 1)) {
                        found.push(phrase);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        if !found.is_empty() {
            found.retain(|phrase| !self.is_excused(*phrase, words));
        }
        found
    }

    fn is_excused(&self, phrase: usize, words: &Words) -> bool {
        let excuses = self.excuses.get(phrase).map_or(&[][..], Vec::as_slice);
        let said = |word: &Word| excuses.contains(&hash(word.letters.chars()));
        !excuses.is_empty() && words.0.iter().any(said)
    }

    fn places(&self, word: &Word) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        let mut take = |found: Option<&Vec<Place>>| places.extend(found.into_iter().flatten());
        if word.is_number {
            take(self.exact.get(&hash(['#'])));
        }
        let letters: Vec<char> = word.letters.chars().collect();
        let whole = hash(letters.iter().copied());
        take(self.exact.get(&whole));
        let mut start = BASIS;
        for (at, c) in letters.iter().enumerate() {
            start = step(start, *c);
            if at + 1 >= self.shortest_start {
                take(self.starts.get(&start));
            }
        }
        if letters.len() + 1 >= FUZZY_FROM && letters.len() <= WORD_MAX {
            let shorter = (0..letters.len()).map(|gone| without(&letters, gone));
            for number in shorter
                .chain([whole])
                .filter_map(|key| self.fuzzy.get(&key))
                .flatten()
            {
                if let Some((spelling, place)) = self.spellings.get(usize::from(*number))
                    && is_near(&letters, spelling)
                {
                    places.push(*place);
                }
            }
        }
        places
    }

    /// Whether a word of this spelling stands in some phrase.
    fn knows(&self, letters: &[char]) -> bool {
        self.exact.contains_key(&hash(letters.iter().copied()))
    }
}

/// Whether two words differ by at most one letter: wrong, missing, too many, or two swapped. The
/// first letter must be right, which people rarely get wrong and other words often have different.
fn is_near(word: &[char], spelling: &str) -> bool {
    let other: Vec<char> = spelling.chars().collect();
    let common = word.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (rest, left) = (&word[common..], &other[common..]);
    if common == 0 {
        return false;
    }
    match (rest, left) {
        ([], []) | ([_], []) | ([], [_]) => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) if a == b => true,
        ([a, b, rest @ ..], [c, d, left @ ..]) => a == d && b == c && rest == left,
        _ => false,
    }
}

impl Words {
    /// The words of a folded text. Letters that stand alone in a row are put together and taken
    /// apart into words that the book knows.
    pub fn of(text: &[Folded], book: &Book) -> Self {
        let mut words = Self::default();
        let mut spaced: Vec<char> = Vec::new();
        let mut single = None;
        let mut apart = 0_usize;
        let mut raw = String::new();
        for folded in text.iter().map(|one| one.c).chain([' ']) {
            if is_part(folded) {
                if raw.is_empty() && apart > 2 {
                    words.join(&mut spaced, &mut single, book);
                }
                raw.push(folded);
                apart = 0;
                continue;
            }
            apart += 1;
            if raw.is_empty() {
                continue;
            }
            let word = trimmed(&raw);
            raw.clear();
            let mut letters = word.chars();
            match (letters.next(), letters.next()) {
                (Some(only), None) => {
                    single.get_or_insert(words.0.len());
                    spaced.push(only);
                    words.add(&word);
                }
                _ => {
                    words.join(&mut spaced, &mut single, book);
                    words.add(&word);
                }
            }
        }
        words.join(&mut spaced, &mut single, book);
        words
    }

    fn add(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        let letters = match is_number {
            true => word.chars().take(WORD_MAX).collect(),
            false => canonical_word(word.chars().take(WORD_MAX * 2)),
        };
        self.0.push(Word { letters, is_number });
    }

    /// Ends a row of single letters.
    fn join(&mut self, spaced: &mut Vec<char>, single: &mut Option<usize>, book: &Book) {
        let row = std::mem::take(spaced);
        if single.take().is_none() || row.len() < SPACED_FROM {
            return;
        }
        let mut joined = String::new();
        row.iter().for_each(|c| append(&mut joined, canonical(*c)));
        let letters: Vec<char> = joined.chars().take(SPACED_MAX).collect();
        let mut at = 0;
        while at < letters.len() {
            let longest = (2..=WORD_MAX.min(letters.len() - at)).rev();
            let known = longest
                .map(|length| &letters[at..at + length])
                .find(|part| book.knows(part));
            match known {
                Some(part) => {
                    let letters = part.iter().collect();
                    let is_number = false;
                    self.0.push(Word { letters, is_number });
                    at += part.len();
                }
                None => at += 1,
            }
        }
        let is_number = false;
        self.0.push(Word {
            letters: joined,
            is_number,
        });
    }

    /// Whether a word of this canonical spelling is among the words `from` to `to`.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Letters, digits, and the signs that stand for letters.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '$' | '!' | '|')
}

/// Signs at the ends are punctuation, not letters.
fn trimmed(word: &str) -> String {
    let sign = |c: char| matches!(c, '!' | '|' | '@');
    let word = word.trim_matches(sign);
    match word.chars().any(char::is_alphabetic) {
        true => word.trim_end_matches('$').to_owned(),
        false => word.trim_matches('$').to_owned(),
    }
}
