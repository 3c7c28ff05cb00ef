//! Walks a value and its rules side by side.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::rows::Rows;
use super::schema::{Object, Pattern, Rules};
use crate::text;
use crate::time::Time;

/// Bytes that one allowed character may take.
const CHAR_BYTES_MAX: u64 = 4;
/// Integers up to here survive a spelling with fraction (IEEE 754, 2^53).
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// Most places that are visited to find the branch that fits.
const TRIES_MAX: usize = 100_000;
/// Longest chain of references at one place.
const REFERENCES_MAX: usize = 32;

pub(super) struct Walk<'a> {
    defs: &'a BTreeMap<String, Rules>,
    tries: usize,
    trying: bool,
}

/// The rules behind references.
pub(super) fn target<'a>(defs: &'a BTreeMap<String, Rules>, mut rules: &'a Rules) -> &'a Rules {
    for _ in 0..REFERENCES_MAX {
        match rules.target.as_ref().and_then(|name| defs.get(name)) {
            Some(next) => rules = next,
            None => break,
        }
    }
    rules
}

/// `null` equals absent.
pub(super) fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

impl<'a> Walk<'a> {
    pub fn new(defs: &'a BTreeMap<String, Rules>) -> Self {
        Self {
            defs,
            tries: TRIES_MAX,
            trying: false,
        }
    }

    pub fn check(&mut self, rules: &'a Rules, value: &mut Value, rows: &mut Rows) {
        let rules = target(self.defs, rules);
        if self.trying {
            self.tries = self.tries.saturating_sub(1);
        }
        if rules.target.is_some() || self.tries == 0 {
            return rows.add("type", "This is not what belongs here.");
        }
        to_integer(rules, value);
        if !rules.types.is_empty() && !rules.types.iter().any(|kind| is_type(kind, value)) {
            return rows.add("type", type_message(rules));
        }
        match value {
            Value::String(string) => check_string(rules, string, rows),
            Value::Number(number) => check_number(rules, number, rows),
            Value::Array(items) => self.check_array(rules, items, rows),
            Value::Object(members) => {
                if let Some(object) = &rules.object {
                    self.check_object(object, rules, members, rows);
                }
            }
            _ => {}
        }
        if rules
            .values
            .as_ref()
            .is_some_and(|values| !values.contains(value))
        {
            rows.add("enum", "This is none of the allowed values.");
        }
        if !rules.branches.is_empty() {
            self.check_branches(rules, value, rows);
        }
    }

    fn check_array(&mut self, rules: &'a Rules, items: &mut [Value], rows: &mut Rows) {
        let count = items.len() as u64;
        if rules.sizes.min_items.is_some_and(|min| count < min) {
            rows.add("length", "There are too few items.");
        }
        if rules.sizes.max_items.is_some_and(|max| count > max) {
            return rows.add("length", "There are too many items.");
        }
        for (index, item) in items.iter_mut().enumerate() {
            let Some(rule) = rules.tuple.get(index).or(rules.items.as_deref()) else {
                continue;
            };
            rows.at(&index.to_string(), |rows| self.check(rule, item, rows));
        }
    }

    fn check_object(
        &mut self,
        object: &'a Object,
        rules: &Rules,
        members: &mut Map<String, Value>,
        rows: &mut Rows,
    ) {
        if rules
            .sizes
            .max_members
            .is_some_and(|max| members.len() as u64 > max)
        {
            return rows.add("length", "There are too many entries.");
        }
        for name in object
            .required
            .iter()
            .filter(|name| !members.contains_key(*name))
        {
            rows.at(name, |rows| rows.add("required", "This field is required."));
        }
        for (name, member) in members.iter_mut() {
            rows.at(name, |rows| {
                match (object.properties.get(name), &object.others) {
                    (Some(rule), _) => self.check(rule, member, rows),
                    (None, None) => rows.add("unknown", "There is no such field."),
                    (None, Some(rule)) => {
                        if let Some(names) = &object.names {
                            let before = rows.count();
                            self.check(names, &mut Value::from(name.as_str()), rows);
                            if rows.count() > before {
                                return;
                            }
                        }
                        self.check(rule, member, rows);
                    }
                }
            });
        }
    }

    /// One branch must accept. Where tag and type leave only one, its own violations are told.
    fn check_branches(&mut self, rules: &'a Rules, value: &mut Value, rows: &mut Rows) {
        let defs = self.defs;
        let possible = rules
            .branches
            .iter()
            .filter(|branch| is_possible(defs, branch, value));
        let possible: Vec<_> = possible.collect();
        if let [only] = possible.as_slice() {
            return self.check(only, value, rows);
        }
        let outer = std::mem::replace(&mut self.trying, true);
        let mut fault = None;
        for branch in possible {
            let mut copy = value.clone();
            let mut found = Rows::default();
            self.check(branch, &mut copy, &mut found);
            if found.is_empty() {
                self.trying = outer;
                *value = copy;
                return;
            }
            fault = fault.or(found.fault());
        }
        self.trying = outer;
        if let Some(fault) = fault {
            rows.fail(fault);
        }
        rows.add("type", "This has none of the allowed forms.");
    }
}

/// Whether type and constant members do not rule the branch out.
fn is_possible(defs: &BTreeMap<String, Rules>, branch: &Rules, value: &Value) -> bool {
    let branch = target(defs, branch);
    if !branch.types.is_empty() && !branch.types.iter().any(|kind| is_type(kind, value)) {
        return false;
    }
    let (Some(object), Value::Object(members)) = (&branch.object, value) else {
        return true;
    };
    members.iter().all(|(name, member)| {
        let rules = object.properties.get(name).map(|rules| target(defs, rules));
        match rules.and_then(|rules| rules.values.as_deref()) {
            Some([only]) => only == member,
            _ => true,
        }
    })
}

fn is_type(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value
            .as_number()
            .is_some_and(|n| !n.is_f64() || fits_exactly(n.as_f64())),
        _ => false,
    }
}

fn fits_exactly(number: Option<f64>) -> bool {
    number.is_some_and(|number| number.fract() == 0.0 && number.abs() <= EXACT_MAX)
}

/// `1.0` and `1e3` are integers to JSON Schema, and then to the type as well.
fn to_integer(rules: &Rules, value: &mut Value) {
    let wanted = rules.types.iter().any(|kind| kind == "integer");
    let number = value.as_f64().filter(|_| wanted && value.is_f64());
    if let Some(number) = number.filter(|number| fits_exactly(Some(*number))) {
        *value = Value::from(number as i64);
    }
}

fn type_message(rules: &Rules) -> &'static str {
    match rules.types.first().map(String::as_str) {
        Some("string") => "This must be a text.",
        Some("boolean") => "This must be true or false.",
        Some("array") => "This must be a list.",
        Some("object") => "This must be an object.",
        Some("number") => "This must be a number.",
        Some("integer") => "This must be a whole number.",
        _ => "This is not what belongs here.",
    }
}

fn check_number(rules: &Rules, number: &serde_json::Number, rows: &mut Rows) {
    let integer = rules.types.iter().any(|kind| kind == "integer");
    let too_big = integer && number.as_i64().is_none();
    let Some(number) = number.as_f64() else {
        return;
    };
    let low = rules.minimum.is_some_and(|min| number < min)
        || rules.above.is_some_and(|min| number <= min);
    let high = rules.maximum.is_some_and(|max| number > max)
        || rules.below.is_some_and(|max| number >= max);
    if low {
        rows.add("range", "This number is too small.");
    } else if high || too_big {
        rows.add("range", "This number is too large.");
    }
}

fn check_string(rules: &Rules, string: &mut String, rows: &mut Rows) {
    match rules.text.kind.as_deref() {
        Some("plain") => *string = text::plain(string),
        Some("name") => match text::name(string) {
            Some(name) => *string = name,
            None => return rows.add("pattern", "This holds characters that a name may not have."),
        },
        _ => {}
    }
    let (min, max) = (rules.sizes.min_length.unwrap_or(0), rules.sizes.max_length);
    if is_too_long(rules, string, max) {
        return match rules.text.fault {
            Some(fault) => rows.fail(fault),
            None => rows.add("length", "This text is too long."),
        };
    }
    if min > 0 && (text::graphemes(string) as u64) < min {
        return rows.add("length", "This text is too short.");
    }
    let fits = match &rules.text.pattern {
        Some(Pattern::Good(pattern)) => pattern.is_match(string),
        Some(Pattern::Broken) => false,
        None => true,
    };
    if !fits || !has_format(rules.text.format.as_deref(), string) {
        rows.add("pattern", "This does not have the right form.");
    }
}

fn is_too_long(rules: &Rules, string: &str, max: Option<u64>) -> bool {
    let bytes = string.len() as u64;
    rules.sizes.max_bytes.is_some_and(|max| bytes > max)
        || max.is_some_and(|max| {
            // No text has more clusters than bytes; the bytes are bounded before the count.
            bytes > max.saturating_mul(CHAR_BYTES_MAX)
                || bytes > max && text::graphemes(string) as u64 > max
        })
}

fn has_format(format: Option<&str>, string: &str) -> bool {
    match format {
        Some("date") => is_date(string) && string.parse::<jiff::civil::Date>().is_ok(),
        Some("date-time") => is_date_time(string) && Time::parse(string).is_some(),
        // White space around an address is cut off before it is used.
        Some("email") => text::is_email(string.trim()) && string.is_ascii(),
        Some("idn-email") => text::is_email(string.trim()),
        _ => true,
    }
}

/// The shape of a full-date of RFC 3339; the calendar itself reads more forms than that.
fn is_date(text: &str) -> bool {
    shape(text) == "0000-00-00"
}

fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    let (time, zone) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => return false,
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    is_date(date)
        && shape(clock) == "00:00:00"
        && (1..=9).contains(&fraction.len())
        && digits(fraction)
        && matches!(shape(zone).as_str(), "Z" | "z" | "+00:00" | "-00:00")
}

/// The text with every digit as zero; of a long text only the start.
fn shape(text: &str) -> String {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    text.chars().take(11).map(digit).collect()
}
