//! The sweep: writes down what timers have missed.

use serde::{Deserialize, Serialize};

use super::call::{Call, LIVE_SHARDS};
use super::look::look;
use super::timers::set_timer;
use crate::aws::dynamo::Tables;
use crate::aws::queue::{Meters, Queue};
use crate::error::Result;
use crate::table::{Item, Key, LIVE_CALLS, Name, Query, Range, Value};
use crate::time::Time;

/// Most calls of one shard and run.
const CALLS_MAX: usize = 1_000;
/// Request id of what the sweep causes.
const CAUSE: &str = "sweep";

/// A call as an index shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallRef {
    /// `cal_…`
    #[serde(rename = "pk")]
    pub call_id: String,
    /// When it began to ring, in the indexes of histories.
    #[serde(default)]
    pub rang_at: i64,
    /// End of the ringing, in the index of live calls.
    #[serde(default)]
    pub live_at: i64,
}

impl Item for CallRef {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Call reference";
    crate::stored!();

    fn key(&self) -> Key {
        Call::key_of(&self.call_id)
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Calls that were looked at.
    pub looked: usize,
    /// Calls that time had ended.
    pub finished: usize,
    /// Calls for which further minutes were reserved.
    pub extended: usize,
}

/// Calls of a shard that are not over and whose ringing ended by then, in order.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn live_calls(
    tables: &Tables,
    shard: u8,
    until: Time,
    limit: usize,
) -> Result<Vec<Call>> {
    let range = Range::Between(Value::N("0".into()), Value::N(until.ms().to_string()));
    let query = Query::of(Name::Data, Call::live_partition(shard))
        .by(LIVE_CALLS)
        .range(range)
        .limit(limit);
    let found: Vec<CallRef> = tables.query(query).await?;
    let keys: Vec<_> = found.iter().map(CallRef::key).collect();
    tables.get_many(&keys).await
}

/// Looks at every call whose ringing has ended and that is not over: what is overdue is finished,
/// what runs out is extended. One that fails keeps back no other.
///
/// # Errors
/// The first failure, after all others were tried.
pub async fn sweep(tables: &Tables, meters: &Queue<Meters>, now: Time) -> Result<Swept> {
    let (mut swept, mut outcome) = (Swept::default(), Ok(()));
    for shard in 0..LIVE_SHARDS {
        for call in live_calls(tables, shard, now, CALLS_MAX).await? {
            swept.looked += 1;
            if call.fate(now).is_none() && !call.is_running_out(now) {
                continue;
            }
            match look(tables, &call.call_id, None, now).await {
                Ok(look) => {
                    swept.finished += usize::from(look.wrote && look.call.status.is_terminal());
                    swept.extended += usize::from(look.extended);
                    if look.extended {
                        set_timer(meters, &look.call, now, CAUSE).await;
                    }
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
    }
    outcome.map(|()| swept)
}
