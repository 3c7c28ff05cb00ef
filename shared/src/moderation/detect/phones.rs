//! Telephone numbers: runs of digits, written in whatever way, that have the shape of one.

use super::normal::Folded;

/// Digits of a number with its country, at most (E.164), and two more for `00` and `(0)`.
const DIGITS_MAX: usize = 17;
/// Characters between two groups of one number.
const BETWEEN_MAX: usize = 4;
/// Words looked at before and after a number.
const NEAR: usize = 6;

/// Words for digits, at their place, and for the sign before a country.
const NUMBER_WORDS: [(char, &str); 11] = [
    ('0', "zero oh null cero o"),
    ('1', "one eins ein uno un"),
    ('2', "two zwei zwo dos"),
    ('3', "three drei tres"),
    ('4', "four vier cuatro quatro"),
    ('5', "five funf fuenf cinco"),
    ('6', "six sechs seis"),
    ('7', "seven sieben siete"),
    ('8', "eight acht ocho"),
    ('9', "nine neun nueve"),
    ('+', "plus mas"),
];

/// Beginnings of words that announce a number of a telephone.
const CALLS: [&str; 31] = [
    "call", "text", "txt", "ring", "phone", "tel", "mobile", "cell", "whats", "wapp", "wsp",
    "wasap", "guasap", "signal", "sms", "handy", "nummer", "anruf", "ruf", "schreib", "erreich",
    "meld", "llama", "numero", "movil", "escrib", "agrega", "number", "digits", "imessage",
    "contact",
];

/// Beginnings of words before which or after which a number is something else.
const COUNTS: [&str; 52] = [
    "order",
    "bestell",
    "sendung",
    "tracking",
    "pedido",
    "seguimiento",
    "isbn",
    "iban",
    "ticket",
    "booking",
    "buchung",
    "reserva",
    "localizador",
    "invoice",
    "rechnung",
    "factura",
    "konto",
    "serial",
    "serie",
    "flight",
    "flug",
    "vuelo",
    "euro",
    "eur",
    "usd",
    "dollar",
    "pound",
    "peso",
    "view",
    "follower",
    "seguidor",
    "abonnent",
    "like",
    "mio",
    "million",
    "milliard",
    "billion",
    "millon",
    "einwohner",
    "people",
    "habitante",
    "jahre",
    "year",
    "ano",
    "km",
    "meter",
    "second",
    "sekunde",
    "segundo",
    "stell",
    "lotto",
    "digit",
];

/// What the text is made of.
#[derive(Clone, Debug)]
enum Atom {
    /// Digits written together, and whether they stand for words or single letters.
    Digits(String, bool),
    /// Anything else that is a word.
    Word(String),
    /// What stands between.
    Between(String),
}

/// Whether a telephone number is in the text. Linear in the length.
pub fn has_phone(text: &[Folded]) -> bool {
    let atoms = atoms(text);
    let mut at = 0;
    while at < atoms.len() {
        let Some((run, end)) = run_from(&atoms, at) else {
            at += 1;
            continue;
        };
        if run.is_phone(&words_near(&atoms, at, end)) {
            return true;
        }
        at = end;
    }
    false
}

fn atoms(text: &[Folded]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut word = String::new();
    let mut between = String::new();
    for c in text.iter().map(|one| one.c).chain(['\n']) {
        if c.is_alphanumeric() || c == '+' && word.is_empty() {
            if !between.is_empty() {
                atoms.push(Atom::Between(std::mem::take(&mut between)));
            }
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            atoms.push(atom(std::mem::take(&mut word)));
        }
        between.push(c);
    }
    atoms
}

fn atom(word: String) -> Atom {
    let bare = word.strip_prefix('+').unwrap_or(&word);
    match digits_of(bare) {
        Some((digits, spoken)) if word.len() > bare.len() => {
            Atom::Digits(format!("+{digits}"), spoken)
        }
        Some((digits, spoken)) => Atom::Digits(digits, spoken),
        None if word == "+" => Atom::Digits(word, false),
        None => Atom::Word(word),
    }
}

fn number_words(start: char) -> impl Iterator<Item = (char, &'static str)> {
    let words = NUMBER_WORDS.into_iter();
    let words = words.flat_map(|(digit, words)| words.split(' ').map(move |word| (digit, word)));
    // Nearly all letters begin no such word.
    let known = "zonceutdfvqsap+m".contains(start);
    words
        .filter(move |(_, word)| word.starts_with(start))
        .take(if known { 40 } else { 0 })
}

/// The digits of a word that consists of nothing else: digits, words for them, and letters that
/// look like them; and whether it was spoken.
fn digits_of(word: &str) -> Option<(String, bool)> {
    let first = word.chars().next()?;
    if let Some((digit, _)) = number_words(first).find(|(_, known)| *known == word) {
        return Some((digit.to_string(), true));
    }
    let written = word.chars().filter(char::is_ascii_digit).count();
    let lookalikes = word
        .chars()
        .filter(|c| matches!(c, 'l' | 'i' | 's' | 'z' | 'b'));
    let few = lookalikes.count() * 2 <= written;
    let zeros = word.len() >= 3 && word.chars().all(|c| c == 'o');
    let (mut digits, mut spoken, mut rest) = (String::new(), 0, word);
    while let Some(c) = rest.chars().next() {
        let long = |(_, known): &(char, &str)| known.len() >= 3 && rest.starts_with(known);
        let longest = number_words(c)
            .filter(long)
            .max_by_key(|(_, known)| known.len());
        if let Some((digit, known)) = longest {
            digits.push(digit);
            spoken += 1;
            rest = rest.strip_prefix(known)?;
            continue;
        }
        digits.push(match c {
            'o' if written + spoken > 0 || zeros => '0',
            'l' | 'i' if few => '1',
            'z' if few => '2',
            's' if few => '5',
            'b' if few => '8',
            c if c.is_ascii_digit() => c,
            _ => return None,
        });
        rest = rest.strip_prefix(c)?;
    }
    (written > 0 || spoken > 0 || zeros).then_some((digits, spoken > 0 && written == 0))
}

/// Digits that belong together.
#[derive(Debug, Default)]
struct Run {
    groups: Vec<String>,
    between: Vec<String>,
    spoken: usize,
    opened: bool,
}

fn run_from(atoms: &[Atom], start: usize) -> Option<(Run, usize)> {
    let Atom::Digits(first, spoken) = atoms.get(start)? else {
        return None;
    };
    let opened = start.checked_sub(1).and_then(|at| atoms.get(at));
    let opened = matches!(opened, Some(Atom::Between(text)) if text.ends_with('('));
    let mut run = Run {
        groups: vec![first.clone()],
        spoken: usize::from(*spoken),
        opened,
        ..Run::default()
    };
    let mut at = start + 1;
    while let (Some(Atom::Between(between)), Some(Atom::Digits(next, spoken))) =
        (atoms.get(at), atoms.get(at + 1))
    {
        let is_near = between.chars().count() <= BETWEEN_MAX && !between.contains('\n');
        if !is_near || next.starts_with('+') && next.len() > 1 {
            break;
        }
        run.between.push(between.clone());
        run.groups.push(next.clone());
        run.spoken += usize::from(*spoken);
        at += 2;
    }
    Some((run, at))
}

fn words_near(atoms: &[Atom], start: usize, end: usize) -> (Vec<&str>, Vec<&str>) {
    fn word(atom: &Atom) -> Option<&str> {
        match atom {
            Atom::Word(word) => Some(word),
            _ => None,
        }
    }
    let before = atoms.get(..start).unwrap_or_default().iter().rev();
    let after = atoms.get(end..).unwrap_or_default().iter();
    (
        before.filter_map(word).take(NEAR).collect(),
        after.filter_map(word).take(NEAR).collect(),
    )
}

fn begins(word: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| word.starts_with(start))
}

impl Run {
    fn digits(&self) -> String {
        self.groups.concat().replace('+', "")
    }

    fn is_phone(&self, (before, after): &(Vec<&str>, Vec<&str>)) -> bool {
        let digits = self.digits();
        let count = digits.len();
        if !(7..=DIGITS_MAX).contains(&count) || self.is_repeated(&digits) {
            return false;
        }
        let called = before.iter().chain(after).any(|word| begins(word, &CALLS));
        let near = |words: &[&str], most| words.iter().take(most).any(|word| begins(word, &COUNTS));
        let counted = near(before, 3) || near(after, 1);
        if self.groups.iter().any(|group| group.starts_with('+')) {
            return count >= 8 && !self.is_sum();
        }
        if self.is_clock() || self.is_sequence() || self.is_sum() || self.is_money() {
            return false;
        }
        if counted && !called {
            return false;
        }
        let first = digits.chars().next().unwrap_or('0');
        let plain = match count {
            7 | 8 => called && self.groups.len() <= count,
            9 => first == '0' || matches!(first, '6'..='9'),
            10 => first != '1' || called,
            11 => matches!(first, '0' | '1') || called || digits.starts_with("34"),
            16.. => digits.starts_with("00"),
            _ => {
                let countries = ["00", "0", "49", "34", "44", "43", "41", "52", "54", "57"];
                called || countries.iter().any(|country| digits.starts_with(country))
            }
        };
        let lone = count >= 8 && first == '0' && !digits.starts_with("000");
        let spoken = self.spoken * 2 >= self.groups.len() && self.spoken >= 5;
        plain && (called || count >= 9)
            || lone && count >= 9
            || self.opened && count == 10
            || spoken
    }

    fn is_repeated(&self, digits: &str) -> bool {
        let mut each = digits.chars();
        let first = each.next();
        each.all(|c| Some(c) == first)
    }

    fn numbers(&self) -> Vec<i64> {
        let groups = self.groups.iter();
        groups.filter_map(|group| group.parse().ok()).collect()
    }

    /// Dates, times and results.
    fn is_clock(&self) -> bool {
        if self.between.iter().any(|text| text.contains(':')) {
            return true;
        }
        let year = |group: &String| {
            group.len() == 4 && (group.starts_with("19") || group.starts_with("20"))
        };
        let joint = |text: &String| matches!(text.trim(), "." | "-" | "/");
        let numbers = self.numbers();
        let (Some(first), Some(second)) = (numbers.first(), numbers.get(1)) else {
            return false;
        };
        let dated = self
            .between
            .iter()
            .take(2)
            .filter(|text| joint(text))
            .count()
            == 2
            && self.groups.len() >= 3
            && *first <= 31
            && *second <= 31
            && self
                .groups
                .get(2)
                .is_some_and(|group| year(group) || group.len() == 2)
            && self.groups.iter().take(2).all(|group| group.len() <= 2)
            && self.groups.len() != 5
            && !(self.groups.len() > 3
                && self.groups.iter().all(|group| group.len() == 2)
                && self.groups.len() < 6);
        let iso = self.groups.first().is_some_and(year) && self.groups.len() >= 3 && *second <= 12;
        let years = self.groups.iter().filter(|group| year(group)).count();
        dated || iso || years == self.groups.len()
    }

    /// Counting up or down, and lists of small numbers.
    fn is_sequence(&self) -> bool {
        let numbers = self.numbers();
        let step = |pair: &[i64]| match pair {
            [a, b] => b - a,
            _ => 0,
        };
        let steps: Vec<i64> = numbers.windows(2).map(step).collect();
        if numbers.len() < 4 {
            return false;
        }
        let even = steps.windows(2).all(|pair| step(pair) == 0);
        let rising = steps.iter().all(|step| *step > 0);
        let listed = self.between.iter().all(|text| text.contains(','));
        let small = self.groups.iter().all(|group| group.len() <= 2);
        let padded = self.groups.iter().any(|group| group.starts_with('0'));
        even || small && listed && (rising || !padded)
    }

    /// Decimal fractions, coordinates, addresses of computers, versions.
    fn is_sum(&self) -> bool {
        let point = self
            .between
            .first()
            .is_some_and(|text| text == "." || text == ",");
        let first = self.groups.first().map_or("", String::as_str);
        let long = self.groups.get(1).is_some_and(|group| group.len() >= 4);
        let four = self.groups.len() == 4 && self.between.iter().all(|text| text == ".");
        let address = four && self.numbers().iter().all(|number| *number < 256);
        point && long && first.len() <= 3 && !first.starts_with(['0', '+']) || address
    }

    /// Thousands: groups of three after points or commas.
    fn is_money(&self) -> bool {
        let marks = self
            .between
            .iter()
            .all(|text| text == "." || text == "," || text == "'");
        let threes = self.groups.iter().skip(1).all(|group| group.len() == 3);
        let first = self.groups.first().map_or("", String::as_str);
        let spanish =
            self.groups.len() == 3 && first.len() == 3 && first.starts_with(['6', '7', '8', '9']);
        !self.between.is_empty()
            && marks
            && threes
            && first.len() <= 3
            && !first.starts_with('0')
            && !spanish
    }
}
