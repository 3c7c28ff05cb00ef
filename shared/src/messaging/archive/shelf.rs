//! Reading what is in the archive, together with what is in the table.

use std::collections::BTreeMap;

use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Archive, Named, Objects};
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, MESSAGE_NOT_FOUND, Result, UNAVAILABLE};
use crate::function::{Grant, Take};
use crate::messaging::address::message_at;
use crate::messaging::head::Head;
use crate::messaging::message::Message;
use crate::table::{BY_SEQ, Commit, Key, Name, Query, Range, Row, Value, item_of};

/// Message numbers of one object.
pub const RANGE: i64 = 250;
/// Largest object: 250 messages of 5,000 characters with all that they may carry.
const OBJECT_BYTES_MAX: usize = 32_000_000;

/// Rows of one range by their number.
pub type Rows = BTreeMap<i64, Row>;

/// The range of a message's number.
pub const fn range_of(seq: i64) -> i64 {
    (seq - 1).div_euclid(RANGE)
}

/// Key of a range's object.
pub fn object_of(conversation_id: &str, range: i64) -> String {
    format!("{conversation_id}/{range:010}")
}

/// The number in a row.
pub fn seq_of(row: &Row) -> Option<i64> {
    match row.get(BY_SEQ.sk) {
        Some(Value::N(number)) => number.parse().ok(),
        _ => None,
    }
}

/// Reads an object's rows.
///
/// # Errors
/// 500 when it is no range; 503 when S3 does not answer.
pub async fn read(objects: &Objects<Archive>, conversation_id: &str, range: i64) -> Result<Rows> {
    let key = object_of(conversation_id, range);
    let Some(bytes) = objects.get(&key, OBJECT_BYTES_MAX).await? else {
        return Ok(Rows::new());
    };
    let rows: Vec<Row> =
        serde_json::from_slice(&bytes).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((seq_of(&row)?, row)))
        .collect())
}

/// For whom an archived message is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Finder<'a> {
    /// A person, who finds only messages of own conversations.
    Person(&'a str),
    /// Moderation, which finds all.
    Moderation,
}

impl Finder<'_> {
    fn may_find(self, head: &Head) -> bool {
        match self {
            Self::Person(user_id) => head.who(user_id).is_ok(),
            Self::Moderation => true,
        }
    }
}

/// The capability to read archived messages.
#[derive(Clone, Debug)]
pub struct Shelf(Objects<Archive>);

impl Shelf {
    /// Messages of a conversation beyond a number, the nearest first, at most `limit`.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    pub async fn chunk(
        &self,
        tables: &Tables,
        head: &Head,
        (beyond, older): (i64, bool),
        limit: usize,
    ) -> Result<Vec<Message>> {
        let rows = in_table(tables, head, (beyond, older), limit).await?;
        let archived = head.archived_seq;
        let is_full = rows.len() >= limit;
        let last = rows.last().map_or(0, |row| row.seq);
        let (first, enough) = match older {
            true => ((beyond - 1).min(archived), is_full && last > archived),
            false => (beyond + 1, beyond >= archived),
        };
        if archived == 0 || first < 1 || enough {
            return Ok(rows);
        }
        let mut found: BTreeMap<i64, Message> = BTreeMap::new();
        let (mut range, mut count) = (range_of(first), 0);
        while count < limit && (0..=range_of(archived)).contains(&range) {
            for (seq, row) in read(&self.0, &head.conversation_id, range).await? {
                let wanted = if older { seq <= first } else { seq >= first };
                if wanted {
                    count += 1;
                    found.insert(seq, item_of(row)?);
                }
            }
            range += if older { -1 } else { 1 };
        }
        // The table's row is the newer one.
        found.extend(rows.into_iter().map(|row| (row.seq, row)));
        let mut found: Vec<Message> = found.into_values().collect();
        if older {
            found.reverse();
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The archive as functions see it that have the right to it.
    pub fn of(env: &Env) -> Self {
        Self(Objects::of(env))
    }

    /// The archived copy of a message; every range is looked through, newest first, because an
    /// id does not tell the number.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    pub async fn copy(
        &self,
        tables: &Tables,
        finder: Finder<'_>,
        key: &Key,
    ) -> Result<Option<Message>> {
        let head: Option<Head> = tables.get(&Head::key_of(&key.pk)).await?;
        let Some(head) = head.filter(|head| head.archived_seq > 0 && finder.may_find(head)) else {
            return Ok(None);
        };
        for range in (0..=range_of(head.archived_seq)).rev() {
            let rows = read(&self.0, &key.pk, range).await?;
            let place = Value::S(key.sk.clone());
            let found = rows.into_values().find(|row| row.get("sk") == Some(&place));
            if let Some(row) = found {
                return Ok(Some(item_of(row)?));
            }
        }
        Ok(None)
    }

    /// A message by its id, wherever it is.
    ///
    /// # Errors
    /// 404 `MESSAGE_NOT_FOUND`, also for who is not one of the two.
    pub async fn find_message(&self, tables: &Tables, user_id: &str, id: &str) -> Result<Message> {
        let missing = match crate::messaging::find_message(tables, user_id, id).await {
            Err(error) if error.is(&MESSAGE_NOT_FOUND) => error,
            found => return found,
        };
        let Some(key) = message_at(id) else {
            return Err(missing);
        };
        let finder = Finder::Person(user_id);
        self.copy(tables, finder, &key).await?.ok_or(missing)
    }

    /// The row of a message that is about to be changed, put back into the table if it was
    /// archived.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    pub async fn row(
        &self,
        tables: &Tables,
        finder: Finder<'_>,
        key: &Key,
    ) -> Result<Option<Message>> {
        if let Some(message) = tables.get_consistent::<Message>(key).await? {
            return Ok(Some(message));
        }
        let Some(message) = self.copy(tables, finder, key).await? else {
            return Ok(None);
        };
        let restored = Commit::new().create(&message, &UNAVAILABLE);
        match tables.commit(restored).await {
            Ok(()) => Ok(Some(message)),
            // Somebody else put it back, and may have changed it.
            Err(Missed::Refused(refused)) => refused.current(),
            Err(Missed::Failed(error)) => Err(error),
        }
    }
}

/// Messages in the table beyond a number, the nearest first, at most `limit`.
pub async fn in_table(
    tables: &Tables,
    head: &Head,
    (beyond, older): (i64, bool),
    limit: usize,
) -> Result<Vec<Message>> {
    let seq = Value::N(beyond.to_string());
    let query = Query::of(Name::Data, &*head.conversation_id)
        .by(BY_SEQ)
        .limit(limit)
        .consistent();
    let query = match older {
        true => query.range(Range::Before(seq)).backward(),
        false => query.range(Range::After(seq)),
    };
    tables.query(query).await
}

impl<C: Send> Take<C> for Shelf {
    const GRANTS: &'static [&'static [Grant]] = &[<Archive as Named>::FIND];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
