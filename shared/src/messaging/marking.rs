//! Marking, carried out: one conditional write of the head per mark.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::{key_of, message_at};
use super::archive::{Finder, Shelf};
use super::head::{Head, Last, Who};
use super::marks::{Marked, Reading};
use super::message::{Message, Status};
use super::outbox::TRIES_MAX;
use super::reading::older_moves;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{
    CONVERSATION_NOT_FOUND, MESSAGE_NOT_FOUND, NOT_RECEIVER, Result, UNAVAILABLE, VALIDATION_FAILED,
};
use crate::http::{Me, Rate};
use crate::table::{Commit, Key};
use crate::time::Time;

/// Messages counted at once when the head cannot tell.
const CHUNK: i64 = 1_000;

/// What a person wants to mark as read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(extend("x-either" = [["message_ids"], ["conversation_id", "up_to_seq"]]))]
pub struct ReadWish {
    /// Messages, of any conversations.
    #[schemars(length(min = 1, max = 100), inner(length(max = 64)))]
    pub message_ids: Option<Vec<String>>,
    /// A conversation, instead of messages.
    #[schemars(length(max = 64))]
    pub conversation_id: Option<String>,
    /// Number up to which it is read.
    #[schemars(range(min = 0))]
    pub up_to_seq: Option<i64>,
}

/// What was marked as read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ReadAnswer {
    /// Always true.
    pub success: bool,
    /// Unread messages that were passed over.
    pub marked_count: i64,
    /// Ids that are not the caller's to mark.
    pub ignored: Vec<String>,
    /// Up to where the conversation is read; absent when there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<i64>,
}

/// A message that was delivered.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Delivered {
    /// `msg_…`
    pub id: String,
    /// How far it has come.
    pub status: Status,
    /// When it was delivered first.
    pub delivered_at: Option<Time>,
    /// Up to where the conversation is delivered.
    pub delivered_seq: i64,
}

/// What the head alone says of a message.
enum Newest {
    /// It is the newest one, with this key, and the caller received it.
    This(Box<Head>, [u8; 16]),
    /// The row must be read; the head, if the caller is in the conversation.
    Other(Option<Box<Head>>),
}

/// Somebody who marks.
#[derive(Debug)]
pub struct Marker<'a> {
    /// Who.
    pub me: &'a Me,
    /// Limiter of class `default`, which rides in the side's place of the head.
    pub rate: &'a Rate,
    /// Where old messages are.
    pub shelf: &'a Shelf,
    /// When.
    pub now: Time,
}

impl Marker<'_> {
    /// Marks a message, and everything before it, as delivered. A second time changes nothing.
    ///
    /// # Errors
    /// 404 `MESSAGE_NOT_FOUND`; 403 `NOT_RECEIVER`; 429 `RATE_LIMITED`; 503 when others were
    /// first too often.
    pub async fn delivered(&self, tables: &Tables, id: &str) -> Result<Delivered> {
        let (mut head, seq, key) = match self.newest(tables, id).await? {
            Newest::This(head, key) => (*head, None, key),
            Newest::Other(known) => {
                let message = self
                    .shelf
                    .find_message(tables, &self.me.user_id, id)
                    .await?;
                if message.sender_id == self.me.user_id {
                    return Err(NOT_RECEIVER.into());
                }
                if !message.is_visible_to(&self.me.user_id) {
                    return Err(MESSAGE_NOT_FOUND.into());
                }
                let at = &message.conversation_id;
                let head = self
                    .head(tables, at, message.seq, known.map(|head| *head))
                    .await?;
                (head, Some(message.seq), message.message_key()?)
            }
        };
        let me = head.who(&self.me.user_id)?;
        let seq = seq.unwrap_or_else(|| head.seq_for(me));
        for round in 1..=TRIES_MAX {
            let Some(marked) = head.deliver(me, seq, key, self.now) else {
                return delivered(tables, id, &head, me, seq).await;
            };
            head = match self.store(tables, marked, me, round).await? {
                Ok(head) => return delivered(tables, id, &head, me, seq).await,
                Err(current) => current,
            };
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    /// Marks messages, and everything before them, as read.
    ///
    /// # Errors
    /// 422 without messages and conversation, or with both; 404 `CONVERSATION_NOT_FOUND`;
    /// 429 `RATE_LIMITED`; 503 when others were first too often.
    pub async fn read(&self, tables: &Tables, wish: &ReadWish) -> Result<ReadAnswer> {
        match (&wish.message_ids, &wish.conversation_id, wish.up_to_seq) {
            (Some(ids), None, None) => self.read_messages(tables, ids).await,
            (None, Some(conversation_id), Some(up_to)) => {
                let (passed, seq) = self
                    .read_up_to(tables, (conversation_id, up_to), None, None)
                    .await?;
                let (ignored, read_seq) = (Vec::new(), Some(seq));
                Ok(ReadAnswer {
                    success: true,
                    marked_count: passed,
                    ignored,
                    read_seq,
                })
            }
            _ => {
                let message = "Give message_ids, or conversation_id and up_to_seq.";
                let row = json!({ "field": "", "rule": "required", "message": message });
                Err(VALIDATION_FAILED.with(json!({ "fields": [row] })))
            }
        }
    }

    async fn read_messages(&self, tables: &Tables, ids: &[String]) -> Result<ReadAnswer> {
        let mut answer = ReadAnswer {
            success: true,
            ..ReadAnswer::default()
        };
        let mut known = None;
        if let [id] = ids {
            match self.newest(tables, id).await? {
                Newest::Other(head) => known = head.map(|head| *head),
                Newest::This(head, key) => {
                    let seq = head.seq_for(head.who(&self.me.user_id)?);
                    let at = (&*head.conversation_id.clone(), seq);
                    let (passed, seq) = self.read_up_to(tables, at, Some(key), Some(*head)).await?;
                    (answer.marked_count, answer.read_seq) = (passed, Some(seq));
                    return Ok(answer);
                }
            }
        }
        let mut newest: BTreeMap<String, Message> = BTreeMap::new();
        let found = self.found(tables, ids).await?;
        let user_id = &self.me.user_id;
        for (id, message) in ids.iter().zip(found) {
            let mine = |m: &Message| m.receiver_id == *user_id && m.is_visible_to(user_id);
            let Some(message) = message.filter(mine) else {
                answer.ignored.push(id.clone());
                continue;
            };
            let known = newest
                .get(&message.conversation_id)
                .map_or(0, |known| known.seq);
            if message.seq > known {
                newest.insert(message.conversation_id.clone(), message);
            }
        }
        for (conversation_id, message) in &newest {
            let key = Some(message.message_key()?);
            let (passed, seq) = self
                .read_up_to(tables, (conversation_id, message.seq), key, known.take())
                .await?;
            answer.marked_count += passed;
            answer.read_seq = (newest.len() == 1).then_some(seq);
        }
        Ok(answer)
    }

    /// Marks one conversation; how many unread messages that passed over, and up to where the
    /// conversation is read then.
    async fn read_up_to(
        &self,
        tables: &Tables,
        (conversation_id, up_to): (&str, i64),
        key: Option<[u8; 16]>,
        known: Option<Head>,
    ) -> Result<(i64, i64)> {
        // Without a message nobody knows how far the conversation has come: what is asked for
        // may be newer than a replica.
        let mut head = self.head(tables, conversation_id, up_to, known).await?;
        let me = head.who(&self.me.user_id)?;
        let mut passed = None;
        for round in 1..=TRIES_MAX {
            let marked = match head.read(me, up_to, key, passed, self.now) {
                Reading::Nothing => return Ok((0, head.side(me).read_seq)),
                Reading::Recount(from, to) => {
                    passed = Some(self.count(tables, &head, from, to).await?);
                    continue;
                }
                Reading::Moves(marked) => *marked,
            };
            let count = marked.passed;
            head = match self.store(tables, marked, me, round).await? {
                Ok(head) => return Ok((count, head.side(me).read_seq)),
                Err(current) => current,
            };
            passed = None;
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    /// Whether this is the newest message of its conversation and the caller's to mark: then the
    /// head tells all, and the message need not be read.
    async fn newest(&self, tables: &Tables, id: &str) -> Result<Newest> {
        let place = message_at(id).and_then(|at| Some((key_of(&at.sk)?, at.pk)));
        let Some((key, conversation_id)) = place else {
            return Ok(Newest::Other(None));
        };
        let head: Option<Head> = tables.get(&Head::key_of(&conversation_id)).await?;
        let Some((head, me)) = head.and_then(|head| {
            let me = head.who(&self.me.user_id).ok()?;
            Some((head, me))
        }) else {
            return Ok(Newest::Other(None));
        };
        let mine = |last: &Last| last.key == key && last.sender != me && !last.is_hidden(me);
        Ok(match head.shown_to(me).last.filter(mine) {
            Some(_) => Newest::This(Box::new(head), key),
            None => Newest::Other(Some(Box::new(head))),
        })
    }

    /// The head, as new as the message that led here.
    async fn head(
        &self,
        tables: &Tables,
        conversation_id: &str,
        seq: i64,
        known: Option<Head>,
    ) -> Result<Head> {
        let key = match conversation_id.starts_with("cnv_") {
            true => Head::key_of(conversation_id),
            false => return Err(CONVERSATION_NOT_FOUND.into()),
        };
        let known = match known {
            Some(head) => Some(head),
            None => tables.get::<Head>(&key).await?,
        };
        // A head without messages only carries a block, or one that is withheld: nobody may find
        // out.
        let mine = |head: &Head| {
            head.who(&self.me.user_id)
                .is_ok_and(|me| head.seq_for(me) > 0)
        };
        match known.filter(|head| head.last_seq >= seq && mine(head)) {
            Some(head) => Ok(head),
            None => {
                let head: Option<Head> = tables.get_consistent(&key).await?;
                let head = head.filter(mine);
                head.ok_or_else(|| CONVERSATION_NOT_FOUND.into())
            }
        }
    }

    /// Writes a mark; the head afterwards, or the one that somebody else wrote first.
    async fn store(
        &self,
        tables: &Tables,
        mut marked: Marked,
        me: Who,
        round: u32,
    ) -> Result<Result<Head, Head>> {
        let side = marked.head.side_mut(me);
        side.tat = self.rate.admit(side.tat, self.now)?;
        if let Some(page) = &marked.page {
            // Written first and never changed: if the head is not written, nobody misses it.
            tables.commit(Commit::new().put(page)).await?;
        }
        match tables.commit(marked.commit()).await {
            Ok(()) => Ok(Ok(marked.head)),
            Err(Missed::Failed(error)) => Err(error),
            Err(Missed::Refused(refused)) => {
                tables.pause(round).await;
                let current: Option<Head> = refused.current()?;
                Ok(Err(current.ok_or(CONVERSATION_NOT_FOUND)?))
            }
        }
    }

    /// Messages to the caller that count as unread, by number, both included.
    async fn count(&self, tables: &Tables, head: &Head, from: i64, to: i64) -> Result<i64> {
        let (mut count, mut beyond) = (0, from - 1);
        while beyond < to {
            let limit = (to - beyond).min(CHUNK) as usize;
            let rows = self
                .shelf
                .chunk(tables, head, (beyond, false), limit)
                .await?;
            let mine = |row: &&Message| {
                row.seq <= to && row.receiver_id == self.me.user_id && row.counts()
            };
            count += rows.iter().filter(mine).count() as i64;
            beyond = rows.last().map_or(to, |last| last.seq);
        }
        Ok(count)
    }

    /// The messages of ids in their order; a miss is asked again consistently.
    async fn found(&self, tables: &Tables, ids: &[String]) -> Result<Vec<Option<Message>>> {
        let places: Vec<Option<Key>> = ids.iter().map(|id| message_at(id)).collect();
        let mut keys: Vec<Key> = places.iter().flatten().cloned().collect();
        keys.sort();
        keys.dedup();
        let rows: Vec<Message> = tables.get_many(&keys).await?;
        let mut known: BTreeMap<Key, Message> = BTreeMap::new();
        for row in rows {
            known.insert(crate::table::Item::key(&row), row);
        }
        for key in &keys {
            if known.contains_key(key) {
                continue;
            }
            let row = match tables.get_consistent(key).await? {
                Some(row) => Some(row),
                None => {
                    let finder = Finder::Person(&self.me.user_id);
                    self.shelf.copy(tables, finder, key).await?
                }
            };
            known.extend(row.map(|row| (key.clone(), row)));
        }
        let row = |place: Option<Key>| place.and_then(|place| known.get(&place).cloned());
        Ok(places.into_iter().map(row).collect())
    }
}

async fn delivered(tables: &Tables, id: &str, head: &Head, me: Who, seq: i64) -> Result<Delivered> {
    let older = older_moves(tables, head, me, (seq, seq)).await?;
    let marks = head.side(me).marks(seq, &older);
    Ok(Delivered {
        id: id.to_owned(),
        status: marks.status(),
        delivered_at: marks.delivered_at,
        delivered_seq: head.side(me).delivered_seq(),
    })
}
