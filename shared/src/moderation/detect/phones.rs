//! Telephone numbers: runs of digits, written in whatever way, that have the shape of one.

use super::normal::Folded;

/// Digits of a number with its country, at most (E.164).
const DIGITS_MAX: usize = 15;
/// Characters between two groups of one number.
const BETWEEN_MAX: usize = 4;
/// Words looked at before and after a number.
const NEAR: usize = 6;

/// Words for digits.
const NUMBER_WORDS: [(&str, char); 39] = [
    ("zero", '0'),
    ("oh", '0'),
    ("null", '0'),
    ("cero", '0'),
    ("one", '1'),
    ("eins", '1'),
    ("ein", '1'),
    ("uno", '1'),
    ("un", '1'),
    ("two", '2'),
    ("zwei", '2'),
    ("zwo", '2'),
    ("dos", '2'),
    ("three", '3'),
    ("drei", '3'),
    ("tres", '3'),
    ("four", '4'),
    ("vier", '4'),
    ("cuatro", '4'),
    ("quatro", '4'),
    ("five", '5'),
    ("funf", '5'),
    ("fuenf", '5'),
    ("cinco", '5'),
    ("six", '6'),
    ("sechs", '6'),
    ("seis", '6'),
    ("seven", '7'),
    ("sieben", '7'),
    ("siete", '7'),
    ("eight", '8'),
    ("acht", '8'),
    ("ocho", '8'),
    ("nine", '9'),
    ("neun", '9'),
    ("nueve", '9'),
    ("plus", '+'),
    ("mas", '+'),
    ("o", '0'),
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
    "order", "bestell", "sendung", "tracking", "pedido", "seguimiento", "isbn", "iban", "ticket",
    "booking", "buchung", "reserva", "localizador", "invoice", "rechnung", "factura", "konto",
    "serial", "serie", "flight", "flug", "vuelo", "euro", "eur", "usd", "dollar", "pound", "peso",
    "view", "follower", "seguidor", "abonnent", "like", "mio", "million", "milliard", "billion",
    "millon", "einwohner", "people", "habitante", "jahre", "year", "ano", "km", "meter", "second",
    "sekunde", "segundo", "stell", "lotto", "digit",
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
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    let known = NUMBER_WORDS.iter().find(|(known, _)| *known == word);
    if let Some((_, digit)) = known {
        return Atom::Digits(digit.to_string(), true);
    }
    if digits == 0 {
        return match word.as_str() {
            "+" => Atom::Digits(word, false),
            _ => Atom::Word(word),
        };
    }
    let read = bare.chars().map(|c| match c {
        'o' => Some('0'),
        'l' | 'i' => Some('1'),
        'z' => Some('2'),
        's' => Some('5'),
        'b' => Some('8'),
        c => c.is_ascii_digit().then_some(c),
    });
    let all: Option<String> = read.collect();
    match all.filter(|all| digits * 3 >= all.len() * 2 || all.len() <= 3 && digits * 2 >= all.len()) {
        Some(all) if word.starts_with('+') => Atom::Digits(format!("+{all}"), false),
        Some(all) => Atom::Digits(all, false),
        None => Atom::Word(word),
    }
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
    let word = |atom| match atom {
        &Atom::Word(ref word) => Some(word.as_str()),
        _ => None,
    };
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
            _ => {
                let countries = ["00", "0", "49", "34", "44", "43", "41", "52", "54", "57"];
                called || countries.iter().any(|country| digits.starts_with(country))
            }
        };
        let lone = count >= 8 && first == '0' && !digits.starts_with("000");
        let spoken = self.spoken * 2 >= self.groups.len() && self.spoken >= 5;
        plain && (called || count >= 9) || lone && count >= 9 || self.opened && count == 10 || spoken
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
        let dated = self.between.iter().take(2).filter(|text| joint(text)).count() == 2
            && self.groups.len() >= 3
            && *first <= 31
            && *second <= 31
            && self.groups.get(2).is_some_and(|group| year(group) || group.len() == 2)
            && self.groups.iter().take(2).all(|group| group.len() <= 2)
            && self.groups.len() != 5
            && !(self.groups.len() > 3 && self.groups.iter().all(|group| group.len() == 2) && self.groups.len() < 6);
        let iso = self.groups.first().is_some_and(year) && self.groups.len() >= 3 && *second <= 12;
        let years = self.groups.iter().filter(|group| year(group)).count();
        dated || iso || years == self.groups.len()
    }

    /// Counting up or down, and lists of small numbers.
    fn is_sequence(&self) -> bool {
        let numbers = self.numbers();
        let steps: Vec<i64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let even = steps.first().is_some_and(|step| steps.iter().all(|next| next == step));
        let even = even && numbers.len() >= 4;
        let listed = self.between.iter().all(|text| text.contains(','));
        let small = listed && self.groups.len() >= 4 && !self.groups.iter().any(|group| group.starts_with('0'));
        even || small && self.groups.iter().all(|group| group.len() <= 2)
    }

    /// Decimal fractions, coordinates, addresses of computers, versions.
    fn is_sum(&self) -> bool {
        let point = self.between.first().is_some_and(|text| text == "." || text == ",");
        let first = self.groups.first().map_or("", String::as_str);
        let long = self.groups.get(1).is_some_and(|group| group.len() >= 4);
        let four = self.groups.len() == 4 && self.between.iter().all(|text| text == ".");
        let address = four && self.numbers().iter().all(|number| *number < 256);
        point && long && first.len() <= 3 && !first.starts_with(['0', '+']) || address
    }

    /// Thousands: groups of three after points or commas.
    fn is_money(&self) -> bool {
        let marks = self.between.iter().all(|text| text == "." || text == "," || text == "'");
        let threes = self.groups.iter().skip(1).all(|group| group.len() == 3);
        let first = self.groups.first().map_or("", String::as_str);
        let spanish = self.groups.len() == 3 && first.len() == 3 && first.starts_with(['6', '7', '8', '9']);
        !self.between.is_empty() && marks && threes && first.len() <= 3 && !first.starts_with('0') && !spanish
    }
}
