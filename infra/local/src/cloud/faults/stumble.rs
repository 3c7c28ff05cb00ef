//! First calls that go wrong, in a way that passes when they are tried again.

use std::collections::BTreeSet;

use super::Kind;
use super::touch::touched;

/// Whose first calls go wrong, and the places that did.
pub(super) struct Stumbling {
    functions: BTreeSet<&'static str>,
    places: BTreeSet<String>,
}

impl Stumbling {
    /// The first call of each of these functions from every place.
    pub fn of(functions: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            functions: functions.into_iter().collect(),
            places: BTreeSet::new(),
        }
    }

    /// How a call goes wrong, if it is a first one.
    pub fn next(&mut self, function: &str, operation: &str, body: &[u8]) -> Option<Kind> {
        if !self.functions.contains(function) {
            return None;
        }
        let place = format!("{function} {operation} {}", touched(operation, body));
        let kind = passing(operation, &place);
        self.places.insert(place).then_some(kind).flatten()
    }
}

/// How a call goes wrong so that nobody notices who tries again, decided by its place: an answer of
/// the database is lost, or the service is not reached or refuses once. Identity providers and
/// functions are asked once only.
fn passing(operation: &str, place: &str) -> Option<Kind> {
    let all: &[Kind] = match operation.split_once('.') {
        Some(("Outside" | "Lambda", _)) => return None,
        Some(("DynamoDB", _)) => &[
            Kind::AfterEffect,
            Kind::BeforeEffect,
            Kind::Throttle,
            Kind::Throughput,
            Kind::AfterEffect,
        ],
        _ => &[Kind::BeforeEffect, Kind::Throttle],
    };
    let sum: usize = place.bytes().map(usize::from).sum();
    let kind = all.get(sum.checked_rem(all.len())?).copied()?;
    let applies = kind.applies(operation, false);
    Some(if applies { kind } else { Kind::BeforeEffect })
}

#[test]
fn only_the_first_call_of_a_function_from_a_place_goes_wrong() {
    let get = |sk: &str| format!(r#"{{"Key":{{"pk":{{"S":"usr_1"}},"sk":{{"S":"{sk}"}}}}}}"#);
    let mut stumbling = Stumbling::of(["one", "other"]);
    let mut next = |function: &str, operation: &str, sk: &str| {
        stumbling.next(function, operation, get(sk).as_bytes())
    };
    assert!(next("one", "DynamoDB.GetItem", "session#1").is_some());
    assert_eq!(next("one", "DynamoDB.GetItem", "session#2"), None);
    assert!(next("one", "DynamoDB.GetItem", "account").is_some());
    assert!(next("other", "DynamoDB.GetItem", "account").is_some());
    assert_eq!(next("third", "DynamoDB.GetItem", "account"), None);
    assert_eq!(next("one", "Outside.google.keys", ""), None);
}
