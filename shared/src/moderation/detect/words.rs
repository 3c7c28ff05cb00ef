//! Phrases: sequences of words, each in some spellings, with few other words between.
//!
//! The words of all patterns are put into hash tables once. A text is then read word by word: a
//! word leads to the places in patterns where it stands, also with one letter wrong, and a place
//! counts if the place before it was met shortly before. So the time follows the text's length.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::normal::{Folded, append, canonical, canonical_word, fold};

/// Words of this many letters and more may have one wrong.
const FUZZY_FROM: usize = 5;
/// Longest word that is compared.
const WORD_MAX: usize = 24;
/// Fewest single letters in a row that are one spaced word.
const SPACED_FROM: usize = 3;
/// Stands for a wide gap in a row of single letters.
const GAP: char = '\0';
/// Longest spaced word that is taken apart again.
const SPACED_MAX: usize = 64;

/// A phrase in the notation of the tables: places, and the words that may stand there. `…*` takes
/// every ending, `=…` no misspelling, `#` any number, `€` any amount.
#[derive(Clone, Debug)]
pub struct Phrase {
    /// What may stand at each place.
    pub places: Vec<Vec<&'static str>>,
    /// Most other words between two of them.
    pub gap: usize,
    /// Words that make it harmless anywhere in the text.
    pub unless: Vec<&'static str>,
}

/// Place in a phrase: number of the phrase, number of the word in it.
type Place = (u16, u8);

/// Values by the hash of a word, which is spread well already.
type Hashed<T> = HashMap<u64, Vec<T>, BuildHasherDefault<Same>>;

/// Takes a number as its own hash.
#[derive(Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// The words of all phrases.
#[derive(Debug, Default)]
pub struct Book {
    exact: Hashed<Place>,
    starts: Hashed<Place>,
    /// Words that may be misspelt, by their own hash and those with one letter left out.
    fuzzy: Hashed<u16>,
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
    kind: Kind,
}

/// What a word is besides its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Number,
    Amount,
}

fn hash(letters: impl IntoIterator<Item = char>) -> u64 {
    letters.into_iter().fold(BASIS, step)
}

/// A word of the tables in its canonical form, and with its umlauts written out.
fn spellings(word: &'static str) -> Vec<String> {
    if word.chars().all(|c| c.is_ascii_digit()) || matches!(word, "#" | "€") {
        return vec![word.to_owned()];
    }
    let plain = |word: &str| canonical_word(fold(word).iter().map(|one| one.c));
    let written_out = ["ä", "ö", "ü"]
        .iter()
        .zip(["ae", "oe", "ue"])
        .fold(word.to_owned(), |word, (from, to)| word.replace(from, to));
    let mut all = vec![plain(word), plain(&written_out)];
    all.dedup();
    all
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
            for (nth, words) in phrase.places.iter().enumerate() {
                for word in words {
                    book.learn(word, (number as u16, nth as u8));
                }
            }
            book.lengths.push(phrase.places.len() as u8);
            book.gaps.push(phrase.gap);
            let excuses = phrase.unless.iter().flat_map(|word| spellings(word));
            book.excuses
                .push(excuses.map(|word| hash(word.chars())).collect());
        }
        book
    }

    fn learn(&mut self, word: &'static str, place: Place) {
        for letters in spellings(word.trim_start_matches('=').trim_end_matches('*')) {
            let letters: Vec<char> = letters.chars().collect();
            let known = match word.ends_with('*') {
                true => &mut self.starts,
                false => &mut self.exact,
            };
            known
                .entry(hash(letters.iter().copied()))
                .or_default()
                .push(place);
            if word.ends_with('*') {
                self.shortest_start = self.shortest_start.min(letters.len());
            } else if !word.starts_with('=') && letters.len() >= FUZZY_FROM {
                self.blur(&letters, place);
            }
        }
    }

    /// Learns a word with any one letter left out.
    fn blur(&mut self, letters: &[char], place: Place) {
        let number = self.spellings.len() as u16;
        let whole = hash(letters.iter().copied());
        let shorter = (0..letters.len()).map(|gone| without(letters, gone));
        for key in shorter.chain([whole]) {
            self.fuzzy.entry(key).or_default().push(number);
        }
        self.spellings.push((letters.iter().collect(), place));
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
        if word.kind == Kind::Amount {
            take(self.exact.get(&hash(['€'])));
        }
        if word.kind != Kind::Plain {
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
        let mut apart = 0_usize;
        let mut raw = String::new();
        for folded in text.iter().map(|one| one.c).chain([' ']) {
            // An apostrophe stands inside a word.
            if folded == '\'' && !raw.is_empty() {
                continue;
            }
            if is_part(folded) {
                if raw.is_empty() && apart > 1 && !spaced.is_empty() {
                    spaced.push(GAP);
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
                    spaced.push(only);
                    words.add(&word);
                }
                _ => {
                    words.join(&mut spaced, book);
                    words.add(&word);
                }
            }
        }
        words.join(&mut spaced, book);
        words
    }

    fn add(&mut self, word: &str) {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        let sign = |c: char| matches!(c, '$' | '€' | '£');
        let bare = word.trim_matches(sign);
        let kind = match (bare.len() == digits.len(), bare.len() < word.len()) {
            (true, true) if !bare.is_empty() => Kind::Amount,
            (true, false) => Kind::Number,
            _ => Kind::Plain,
        };
        let letters = match kind {
            Kind::Plain => canonical_word(bare.chars().take(WORD_MAX * 2)),
            _ => digits.chars().take(WORD_MAX).collect(),
        };
        if !letters.is_empty() {
            self.0.push(Word { letters, kind });
        }
    }

    /// Ends a row of single letters, in which wide gaps stand between words.
    fn join(&mut self, spaced: &mut Vec<char>, book: &Book) {
        let row = std::mem::take(spaced);
        if row.iter().filter(|c| **c != GAP).count() < SPACED_FROM {
            return;
        }
        for group in row.split(|c| *c == GAP) {
            let mut joined = String::new();
            let letters = group.iter().take(SPACED_MAX);
            letters.for_each(|c| append(&mut joined, canonical(*c)));
            self.take_apart(&joined, book);
            let kind = Kind::Plain;
            let letters = joined;
            self.0.push(Word { letters, kind });
        }
    }

    /// Adds the words that are found in letters without gaps.
    fn take_apart(&mut self, joined: &str, book: &Book) {
        let letters: Vec<char> = joined.chars().collect();
        let mut at = 0;
        while let Some(rest) = letters.get(at..).filter(|rest| !rest.is_empty()) {
            let longest = (2..=WORD_MAX.min(rest.len())).rev();
            let mut parts = longest.filter_map(|length| rest.get(..length));
            let known = parts.find(|part| part.len() < letters.len() && book.knows(part));
            at += known.map_or(1, <[char]>::len);
            if let Some(part) = known {
                let (letters, kind) = (part.iter().collect(), Kind::Plain);
                self.0.push(Word { letters, kind });
            }
        }
    }

    /// All of them, apart by one blank.
    pub fn joined(&self) -> String {
        let words: Vec<&str> = self.0.iter().map(|word| word.letters.as_str()).collect();
        words.join(" ")
    }
}

/// Letters, digits, and the signs that stand for letters.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '$' | '€' | '£' | '!' | '|')
}

/// Signs at the ends are punctuation, not letters.
fn trimmed(word: &str) -> String {
    let sign = |c: char| matches!(c, '!' | '|' | '@');
    word.trim_matches(sign).to_owned()
}
