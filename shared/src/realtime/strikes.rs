//! What a connection does wrong: stored only then, because each type of frame is served by another
//! function, and no instance sees them all.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::connection::ConnectionOwner;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{BAD_FRAME, Error, RATE_LIMITED, Result, UNAVAILABLE};
use crate::function::{Grant, Trigger};
use crate::table::{Change, Commit, Condition, Item};
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// What every function that answers frames needs besides: noting what a connection did wrong, and
/// ending it.
const GRANTS: &[Grant] = &[
    Grant {
        actions: &["dynamodb:GetItem", "dynamodb:UpdateItem"],
        resource: "table/live",
    },
    Grant {
        actions: &["sqs:SendMessage"],
        resource: "queue/frames",
    },
];
/// Malformed frames within [`BAD_MS`] that end a connection.
const BAD_MAX: usize = 5;
/// Their window, milliseconds.
const BAD_MS: i64 = MINUTE_MS;
/// Windows in a row with refused frames that end a connection.
const WINDOWS_MAX: i64 = 3;
/// Such a window, milliseconds.
const WINDOW_MS: i64 = 10 * SECOND_MS;
/// Close code: too many frames for too long.
const TOO_MANY: u16 = 4008;
/// Close code: malformed frames again and again.
const MALFORMED: u16 = 4013;
/// Tries when other instances note something at once.
const RACES_MAX: u32 = 6;

/// What a function needs besides its capabilities because of what starts it.
pub fn frame_grants(triggers: &[Trigger]) -> &'static [Grant] {
    let answers = |one: &Trigger| matches!(one, Trigger::Frame(_) | Trigger::Socket("$default"));
    match triggers.iter().any(answers) {
        true => GRANTS,
        false => &[],
    }
}

/// What a connection did wrong lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Strikes {
    /// Raised by every change.
    pub rev: i64,
    /// Instants of the newest malformed frames, epoch milliseconds.
    #[serde(default)]
    pub bad: Vec<i64>,
    /// The newest window in which frames were refused.
    #[serde(default)]
    pub window: i64,
    /// How many windows in a row until then.
    #[serde(default)]
    pub row: i64,
}

impl Strikes {
    /// Notes a malformed frame; whether it is one too many.
    pub fn malformed(&self, now: Time) -> (Self, bool) {
        let mut bad: Vec<i64> = self.bad.clone();
        bad.retain(|at| now.ms() - at < BAD_MS);
        bad.push(now.ms());
        let over = bad.len() >= BAD_MAX;
        let next = Self {
            rev: self.rev + 1,
            bad,
            ..self.clone()
        };
        (next, over)
    }

    /// Notes a refused frame; whether this window is one too many. Nothing when the window is
    /// known already.
    pub fn refused(&self, now: Time) -> Option<(Self, bool)> {
        let window = now.ms() / WINDOW_MS;
        if window <= self.window {
            return None;
        }
        let row = match window - self.window {
            1 => self.row + 1,
            _ => 1,
        };
        let next = Self {
            rev: self.rev + 1,
            window,
            row,
            ..self.clone()
        };
        Some((next, row >= WINDOWS_MAX))
    }
}

/// Notes what was wrong with a frame, and gives the error that ends the connection if it was too
/// much; otherwise the same error.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn judge(tables: &Tables, connection_id: &str, error: Error, now: Time) -> Result<Error> {
    for _ in 0..RACES_MAX {
        let key = ConnectionOwner::key_of(connection_id);
        let owner: Option<ConnectionOwner> = tables.get_consistent(&key).await?;
        let Some(owner) = owner else { return Ok(error) };
        let known = owner.strikes.clone().unwrap_or_default();
        let noted = match error.is(&BAD_FRAME) {
            true => Some(known.malformed(now)),
            false => known.refused(now),
        };
        let Some((next, over)) = noted else {
            return Ok(error);
        };
        match tables.commit(store(&owner, &next)).await {
            Ok(()) if over => return Ok(end(&error)),
            Ok(()) => return Ok(error),
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(failed)) => return Err(failed),
        }
    }
    Ok(error)
}

fn store(owner: &ConnectionOwner, next: &Strikes) -> Commit {
    let known = match &owner.strikes {
        Some(strikes) => Condition::number("strikes.rev", strikes.rev),
        None => Condition::Missing("strikes"),
    };
    let same = Condition::All(vec![Condition::Present, known]);
    let value = serde_dynamo::to_attribute_value(next).unwrap_or(crate::table::Value::Null(true));
    let change = Change::Set("strikes".to_owned(), value);
    Commit::new().update::<ConnectionOwner>(owner.key(), vec![change], Some((same, &UNAVAILABLE)))
}

/// The error that ends the connection.
fn end(error: &Error) -> Error {
    let mut details = error.details().cloned().unwrap_or_else(|| json!({}));
    if error.is(&BAD_FRAME) {
        details["close_code"] = json!(MALFORMED);
        return BAD_FRAME.with(details);
    }
    details["close_code"] = json!(TOO_MANY);
    details["retry_after_ms"] = json!(WINDOW_MS);
    RATE_LIMITED.with(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_malformed_frame_within_a_minute_is_too_many() {
        let mut strikes = Strikes::default();
        for n in 0..4 {
            let (next, over) = strikes.malformed(Time(n * 15_000));
            assert!(!over);
            strikes = next;
        }
        assert!(strikes.malformed(Time(59_999)).1);
        let (next, over) = strikes.malformed(Time(60_000));
        assert!(!over, "the first is a minute ago");
        assert_eq!(next.bad, [15_000, 30_000, 45_000, 60_000]);
    }

    #[test]
    fn the_third_window_in_a_row_is_too_many() {
        let at = |window: i64| Time(1_000_000 + window * WINDOW_MS);
        let (one, over) = Strikes::default().refused(at(0)).expect("a window");
        assert!(!over && one.refused(at(0)).is_none());
        let (two, over) = one.refused(at(1)).expect("a window");
        assert!(!over);
        assert!(two.refused(at(2)).expect("a window").1);
        let (again, over) = two.refused(at(3)).expect("a window");
        assert_eq!((again.row, over), (1, false), "a quiet window in between");
    }
}
