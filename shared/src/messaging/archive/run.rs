//! The archive's daily run. It copies first, lets readers learn of it for a day, and only then
//! removes rows, each only if its copy is equal. So a run may die anywhere and be repeated.

use serde::Serialize;

use super::rest::{REST_MS, Resting, SHARDS};
use super::shelf::{RANGE, Rows, object_of, range_of, read, seq_of};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Archive, Objects};
use crate::crypto::sha256;
use crate::error::{INTERNAL_ERROR, MESSAGE_NOT_FOUND, Result, UNAVAILABLE};
use crate::messaging::head::Head;
use crate::messaging::message::Message;
use crate::table::{BY_SEQ, Commit, Condition, DUE, Item, Key, Name, Query, Range, Row, Value};
use crate::time::{DAY_MS, Time};

/// Ranges that one run moves or removes; the next run goes on.
const RUN_RANGES_MAX: usize = 400;
/// Conversations of one shard that one run looks at.
const RUN_CONVERSATIONS_MAX: usize = 500;
/// Attributes of a message that change after it was sent.
const CHANGING: [&str; 6] = ["da", "mo", "hs", "hr", "rf", "due_at"];

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Archived {
    /// Conversations that were looked at.
    pub conversations: usize,
    /// Messages that were copied.
    pub copied: usize,
    /// Rows that were removed.
    pub removed: usize,
}

struct Run<'a> {
    tables: &'a Tables,
    objects: &'a Objects<Archive>,
    now: Time,
    left: usize,
    done: Archived,
}

/// Archives conversations that have been silent for a year, at most 400 ranges.
///
/// # Errors
/// 503 when a service does not answer; the next run goes on.
pub async fn archive(tables: &Tables, objects: &Objects<Archive>, now: Time) -> Result<Archived> {
    let mut run = Run {
        tables,
        objects,
        now,
        left: RUN_RANGES_MAX,
        done: Archived::default(),
    };
    for shard in 0..SHARDS {
        let until = Value::N(now.ms().to_string());
        let query = Query::of(Name::Data, format!("rest#{shard}"))
            .by(DUE)
            .range(Range::Between(Value::N("0".into()), until))
            .limit(RUN_CONVERSATIONS_MAX);
        for resting in tables.query::<Resting>(query).await? {
            if run.left == 0 {
                return Ok(run.done);
            }
            run.look(resting).await?;
        }
    }
    Ok(run.done)
}

impl Run<'_> {
    async fn look(&mut self, mut resting: Resting) -> Result<()> {
        self.done.conversations += 1;
        let key = Head::key_of(&resting.conversation_id);
        let Some(head) = self.tables.get_consistent::<Head>(&key).await? else {
            let gone = Commit::new().delete::<Resting>(resting.key(), None);
            return Ok(self.tables.commit(gone).await?);
        };
        let rested = head.last_activity_at.plus(REST_MS);
        resting.due_at = match rested > self.now {
            true => rested,
            false => {
                self.remove(&head).await?;
                let copied = self.copy(&head).await?;
                // What was copied is removed tomorrow, when everybody reads by the new head.
                let again = copied || self.left == 0;
                self.now.plus(if again { DAY_MS } else { REST_MS })
            }
        };
        Ok(self.tables.commit(Commit::new().put(&resting)).await?)
    }

    /// Removes rows whose number an earlier run has archived, after changes to them since then
    /// were copied too.
    async fn remove(&mut self, head: &Head) -> Result<()> {
        let mut after = 0;
        while self.left > 0 && after < head.archived_seq {
            let rows = self.rows(head, after, head.archived_seq).await?;
            let Some(last) = rows.last_key_value().map(|(seq, _)| *seq) else {
                break;
            };
            self.store(head, &rows).await?;
            for row in rows.values().filter(|row| is_settled(row)) {
                self.removed(row).await?;
            }
            after = last;
        }
        Ok(())
    }

    /// Copies what is not archived yet and tells the head; whether there was something.
    async fn copy(&mut self, head: &Head) -> Result<bool> {
        let mut after = head.archived_seq;
        while self.left > 0 && after < head.last_seq {
            let rows = self.rows(head, after, head.last_seq).await?;
            let Some(last) = rows.last_key_value().map(|(seq, _)| *seq) else {
                // What is missing at the end was deleted for good.
                after = head.last_seq;
                break;
            };
            self.store(head, &rows).await?;
            self.done.copied += rows.len();
            after = last;
        }
        if after == head.archived_seq {
            return Ok(false);
        }
        let mut next = head.clone();
        (next.rev, next.archived_seq) = (head.rev + 1, after);
        let told = Commit::new().replace(&next, head.unchanged(), &UNAVAILABLE);
        match self.tables.commit(told).await {
            Ok(()) => Ok(true),
            // Somebody is there after all; the copies do no harm.
            Err(Missed::Refused(_)) => Ok(false),
            Err(Missed::Failed(error)) => Err(error),
        }
    }

    /// The rows of the first range that has some, beyond a number and up to another.
    async fn rows(&mut self, head: &Head, after: i64, to: i64) -> Result<Rows> {
        self.left -= 1;
        let number = |seq: i64| Value::N(seq.to_string());
        let query = Query::of(Name::Data, &*head.conversation_id)
            .by(BY_SEQ)
            .range(Range::Between(number(after + 1), number(to)))
            .limit(RANGE as usize)
            .consistent();
        let rows = self.tables.rows(query).await?.into_iter();
        let mut rows: Rows = rows.filter_map(|row| Some((seq_of(&row)?, row))).collect();
        if let Some(first) = rows.first_key_value().map(|(seq, _)| range_of(*seq)) {
            rows.retain(|seq, _| range_of(*seq) == first);
        }
        Ok(rows)
    }

    /// Brings the object of a range up to date and reads it back.
    async fn store(&self, head: &Head, rows: &Rows) -> Result<()> {
        let Some(range) = rows.keys().next().map(|seq| range_of(*seq)) else {
            return Ok(());
        };
        let id = &head.conversation_id;
        let known = read(self.objects, id, range).await?;
        let mut all = known.clone();
        let settled = rows.iter().filter(|(_, row)| is_settled(row));
        all.extend(settled.map(|(seq, row)| (*seq, row.clone())));
        if all == known {
            return Ok(());
        }
        let list: Vec<&Row> = all.values().collect();
        let body = serde_json::to_vec(&list).map_err(|cause| INTERNAL_ERROR.because(cause))?;
        let (key, hash, size) = (object_of(id, range), sha256(&[&body]), body.len());
        self.objects.put(&key, body, "application/json").await?;
        let stored = self.objects.get(&key, size).await?.unwrap_or_default();
        match sha256(&[&stored]) == hash {
            true => Ok(()),
            false => Err(UNAVAILABLE.because("the archive differs from what was written")),
        }
    }

    /// Removes a row if nobody has changed it since it was read.
    async fn removed(&mut self, row: &Row) -> Result<()> {
        let text = |name: &str| match row.get(name) {
            Some(Value::S(text)) => text.clone(),
            _ => String::new(),
        };
        let same = |name: &'static str| match row.get(name) {
            Some(value) => Condition::Is(name, value.clone()),
            None => Condition::Missing(name),
        };
        let same = Condition::All(CHANGING.into_iter().map(same).collect());
        let key = Key::new(text("pk"), text("sk"));
        let gone = Commit::new().delete::<Message>(key, Some((same, &MESSAGE_NOT_FOUND)));
        match self.tables.commit(gone).await {
            Ok(()) => {
                self.done.removed += 1;
                Ok(())
            }
            Err(Missed::Refused(_)) => Ok(()),
            Err(Missed::Failed(error)) => Err(error),
        }
    }
}

/// Whether nothing is due to happen to the row: a deleted message waits for its end in the table.
fn is_settled(row: &Row) -> bool {
    !row.contains_key(DUE.sk)
}
