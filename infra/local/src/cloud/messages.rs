//! The queues: messages with delay, visibility, receive count and dead letters.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Value, json};
use shared::time::Time;
use shared::worker::{QUEUES, QueueSpec};

use super::grants::{ACCOUNT, REGION};
use super::store::Store;
use super::tables::physical;

/// A message as the queue hands it out.
#[derive(Clone, Debug)]
pub struct Received {
    /// Id given by the queue.
    pub message_id: String,
    /// Names this one receipt; deletes the message.
    pub receipt: String,
    /// Body.
    pub body: String,
    /// Message attributes that are text or numbers.
    pub attributes: BTreeMap<String, String>,
    /// How often it has been received, from 1.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Time,
    /// When it was first received.
    pub first_at: Time,
}

impl Received {
    /// The record of an SQS event, as Lambda gets it.
    pub fn record(&self, queue: &str) -> Value {
        let attributes: BTreeMap<_, _> = self
            .attributes
            .iter()
            .map(|(name, value)| (name, json!({ "stringValue": value, "dataType": "String" })))
            .collect();
        json!({
            "messageId": self.message_id,
            "receiptHandle": self.receipt,
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": self.receive_count.to_string(),
                "SentTimestamp": self.sent_at.ms().to_string(),
                "SenderId": ACCOUNT,
                "ApproximateFirstReceiveTimestamp": self.first_at.ms().to_string(),
            },
            "messageAttributes": attributes,
            "md5OfBody": format!("{:x}", md5::compute(&self.body)),
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", physical(queue)),
            "awsRegion": REGION,
        })
    }
}

/// Dead letters of streams: there is no queue before it.
const STREAM_DEAD: &str = "stream-dead";

/// What a sender gives.
pub(super) struct Sent<'a> {
    pub queue: &'a str,
    pub message_id: &'a str,
    pub body: &'a str,
    /// The SDK's attribute objects by name.
    pub attributes: &'a Value,
    pub at: Time,
    pub visible_at: Time,
}

/// How many messages a queue holds: visible, delayed, in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Depth {
    pub visible: usize,
    pub delayed: usize,
    pub in_flight: usize,
}

/// The specification of a queue by its short name, `None` for dead-letter queues.
pub(super) fn spec(queue: &str) -> Option<&'static QueueSpec> {
    QUEUES.iter().find(|spec| spec.name == queue)
}

fn gather_ms(spec: &QueueSpec) -> i64 {
    i64::from(spec.gather_seconds) * 1_000
}

/// Whether a queue or dead-letter queue has this short name.
pub(super) fn exists(queue: &str) -> bool {
    queue == STREAM_DEAD || spec(queue.strip_suffix("-dead").unwrap_or(queue)).is_some()
}

/// The names of all queues, each followed by its dead-letter queue; last, where stream records
/// go that no function could handle.
pub(super) fn names() -> impl Iterator<Item = String> {
    QUEUES
        .iter()
        .flat_map(|spec| [spec.name.to_owned(), format!("{}-dead", spec.name)])
        .chain([STREAM_DEAD.to_owned()])
}

type Sql<T> = rusqlite::Result<T>;

impl Store {
    pub fn send(&self, message: &Sent<'_>) -> Sql<()> {
        let mut insert = self.own.prepare_cached(
            "INSERT INTO _local_messages (queue, message_id, body, attributes, sent_at, visible_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let Sent {
            queue,
            message_id,
            body,
            attributes,
            at,
            visible_at,
        } = message;
        let attributes = attributes.to_string();
        insert
            .execute(params![
                queue,
                message_id,
                body,
                attributes,
                at.ms(),
                visible_at.ms()
            ])
            .map(drop)
    }

    /// Hands out visible messages, at most `max`; too often received ones become dead letters.
    /// None while they are still gathered.
    pub fn receive(&mut self, spec: &QueueSpec, max: usize, now: Time) -> Sql<Vec<Received>> {
        if self.is_gathering(spec, max, now)? {
            return Ok(Vec::new());
        }
        let hidden = now.plus(i64::from(spec.visibility_seconds) * 1_000);
        let change = self.own.transaction()?;
        let mut received = Vec::new();
        while received.len() < max {
            let next = {
                let mut select = change.prepare_cached(
                    "SELECT id, message_id, body, attributes, sent_at, first_at, receives
                     FROM _local_messages WHERE queue = ?1 AND visible_at <= ?2
                     ORDER BY visible_at, id LIMIT 1",
                )?;
                select
                    .query_row(params![spec.name, now.ms()], |row| read(row, now))
                    .optional()?
            };
            let Some((id, message)) = next else { break };
            if message.receive_count > spec.receives_max {
                change
                    .prepare_cached(
                        "UPDATE _local_messages SET queue = ?2, visible_at = ?3 WHERE id = ?1",
                    )?
                    .execute(params![id, format!("{}-dead", spec.name), now.ms()])?;
                continue;
            }
            change
                .prepare_cached(
                    "UPDATE _local_messages SET receives = ?2, visible_at = ?3, first_at = ?4
                     WHERE id = ?1",
                )?
                .execute(params![
                    id,
                    message.receive_count,
                    hidden.ms(),
                    message.first_at.ms()
                ])?;
            received.push(message);
        }
        change.commit()?;
        Ok(received)
    }

    /// Whether too few messages are visible yet, and the first of them not for long enough.
    fn is_gathering(&self, spec: &QueueSpec, wanted: usize, now: Time) -> Sql<bool> {
        if spec.gather_seconds == 0 {
            return Ok(false);
        }
        let mut visible = self.own.prepare_cached(
            "SELECT COUNT(*), MIN(visible_at) FROM _local_messages
             WHERE queue = ?1 AND visible_at <= ?2",
        )?;
        visible.query_row(params![spec.name, now.ms()], |row| {
            let (count, first): (usize, Option<i64>) = (row.get(0)?, row.get(1)?);
            let since = first.map_or(now, Time);
            Ok(count < wanted && since.plus(gather_ms(spec)) > now)
        })
    }

    /// Makes messages visible at an instant, whoever has them.
    pub fn show_again(&self, queue: &str, message_ids: &[&str], at: Time) -> Sql<()> {
        let mut update = self.own.prepare_cached(
            "UPDATE _local_messages SET visible_at = ?3 WHERE queue = ?1 AND message_id = ?2",
        )?;
        for id in message_ids {
            update.execute(params![queue, id, at.ms()])?;
        }
        Ok(())
    }

    /// Deletes the message if this is its newest receipt.
    pub fn delete_message(&self, queue: &str, receipt: &str) -> Sql<()> {
        let Some((id, count)) = receipt.rsplit_once('.') else {
            return Ok(());
        };
        let mut delete = self.own.prepare_cached(
            "DELETE FROM _local_messages WHERE message_id = ?1 AND receives = ?2 AND queue = ?3",
        )?;
        delete
            .execute(params![id, count.parse::<u32>().unwrap_or_default(), queue])
            .map(drop)
    }

    /// When the next message of any queue becomes visible, dead-letter queues aside.
    pub fn next_visible(&self) -> Sql<Option<Time>> {
        let mut earliest = self
            .own
            .prepare_cached("SELECT MIN(visible_at) FROM _local_messages WHERE queue = ?1")?;
        let mut next: Option<i64> = None;
        for spec in QUEUES {
            let at: Option<i64> = earliest.query_row([spec.name], |row| row.get(0))?;
            let at = at.map(|at| at + gather_ms(spec));
            next = match (next, at) {
                (Some(next), Some(at)) => Some(next.min(at)),
                (next, at) => next.or(at),
            };
        }
        Ok(next.map(Time))
    }

    pub fn depth(&self, queue: &str, now: Time) -> Sql<Depth> {
        let mut count = self.own.prepare_cached(
            "SELECT COUNT(*) FILTER (WHERE visible_at <= ?2),
                    COUNT(*) FILTER (WHERE visible_at > ?2 AND receives = 0),
                    COUNT(*) FILTER (WHERE visible_at > ?2 AND receives > 0)
             FROM _local_messages WHERE queue = ?1",
        )?;
        count.query_row(params![queue, now.ms()], |row| {
            Ok(Depth {
                visible: row.get(0)?,
                delayed: row.get(1)?,
                in_flight: row.get(2)?,
            })
        })
    }

    pub fn dead_letters(&self, queue: &str, now: Time) -> Sql<Vec<Value>> {
        let mut select = self.own.prepare_cached(
            "SELECT id, message_id, body, attributes, sent_at, first_at, receives
             FROM _local_messages WHERE queue = ?1 ORDER BY id",
        )?;
        let rows = select.query_map([format!("{queue}-dead")], |row| read(row, now))?;
        rows.map(|row| {
            let (_, message) = row?;
            Ok(json!({
                "queue": queue,
                "message_id": message.message_id,
                "body": message.body,
                "attributes": message.attributes,
                "attempts": message.receive_count - 1,
                "sent_at": message.sent_at,
                "first_failed_at": message.first_at,
            }))
        })
        .collect()
    }

    /// Puts the dead letters of a queue back, as if newly sent.
    pub fn redrive(&self, queue: &str, now: Time) -> Sql<usize> {
        let mut update = self.own.prepare_cached(
            "UPDATE _local_messages SET queue = ?1, receives = 0, first_at = NULL, visible_at = ?3
             WHERE queue = ?2",
        )?;
        update.execute(params![queue, format!("{queue}-dead"), now.ms()])
    }
}

/// The message as it would be received now.
fn read(row: &Row<'_>, now: Time) -> Sql<(i64, Received)> {
    let message_id: String = row.get(1)?;
    let attributes: String = row.get(3)?;
    let first_at: Option<i64> = row.get(5)?;
    let receive_count = row.get::<_, u32>(6)? + 1;
    let message = Received {
        receipt: format!("{message_id}.{receive_count}"),
        message_id,
        body: row.get(2)?,
        attributes: texts(&attributes),
        receive_count,
        sent_at: Time(row.get(4)?),
        first_at: first_at.map_or(now, Time),
    };
    Ok((row.get(0)?, message))
}

fn texts(attributes: &str) -> BTreeMap<String, String> {
    let all: BTreeMap<String, Value> = serde_json::from_str(attributes).unwrap_or_default();
    let text = |value: &Value| value["StringValue"].as_str().map(str::to_owned);
    all.into_iter()
        .filter_map(|(name, value)| Some((name, text(&value)?)))
        .collect()
}
