//! The end of deleted messages: 30 days after a deletion for both the original goes, and with it
//! the use of its media. The row stays, so that numbers have no gaps and charges their message.

use serde::Serialize;

use super::attachments::releases;
use super::message::Message;
use super::outbox::TRIES_MAX;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{MESSAGE_NOT_FOUND, Result, UNAVAILABLE};
use crate::table::{Commit, Condition, DUE, Item, Name, Query, Range, Value};
use crate::time::{DAY_MS, Time};

/// How long the original of a deleted message is kept for moderation.
const ORIGINAL_MS: i64 = 30 * DAY_MS;
/// Partitions of the index of due rows.
const SHARDS: u8 = 4;
/// Messages of one shard that one run handles; the next run goes on.
const RUN_ROWS_MAX: usize = 500;

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Originals that are gone.
    pub purged: usize,
}

impl Message {
    /// Plans the end of the original of a message that is deleted now.
    pub(super) fn plan_purge(&mut self, now: Time) {
        let sum: u32 = self.place.bytes().map(u32::from).sum();
        self.due_shard = Some(format!("del#{}", sum % u32::from(SHARDS)));
        self.due_at = Some(now.plus(ORIGINAL_MS));
    }
}

/// Removes originals that are due, at most 2,000.
///
/// # Errors
/// 503 when the table does not answer or others are first too often; the next run goes on.
pub async fn purge(tables: &Tables, now: Time) -> Result<Purged> {
    let mut done = Purged::default();
    for shard in 0..SHARDS {
        let until = Value::N(now.ms().to_string());
        let query = Query::of(Name::Data, format!("del#{shard}"))
            .by(DUE)
            .range(Range::Between(Value::N("0".into()), until))
            .limit(RUN_ROWS_MAX);
        for message in tables.query::<Message>(query).await? {
            done.purged += usize::from(end(tables, message, now).await?);
        }
    }
    Ok(done)
}

async fn end(tables: &Tables, message: Message, now: Time) -> Result<bool> {
    let key = message.key();
    for round in 1..=TRIES_MAX {
        let current: Option<Message> = tables.get_consistent(&key).await?;
        let due = |message: &Message| message.due_at.filter(|at| *at <= now);
        let Some((message, at)) = current.and_then(|row| due(&row).map(|at| (row, at))) else {
            return Ok(false);
        };
        let ended = Message {
            content: String::new(),
            attachments: Vec::new(),
            metadata: None,
            due_shard: None,
            due_at: None,
            ..message.clone()
        };
        // One transaction: a use is taken back exactly once.
        let same = Condition::number(DUE.sk, at.ms());
        let commit = Commit::new()
            .replace(&ended, same, &MESSAGE_NOT_FOUND)
            .with(releases(tables, &message, now).await?);
        match tables.commit(commit).await {
            Ok(()) => return Ok(true),
            Err(Missed::Refused(_)) => tables.pause(round).await,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}
