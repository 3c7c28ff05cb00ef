//! What needs other messages to be seen: the same text to many, links that were seen before.
//!
//! Only messages with links or media, first messages, and those that detectors did not pass come
//! here; an ordinary message costs nothing.

use serde::{Deserialize, Serialize};

use super::address::message_at;
use super::message::{Message, Moderation};
use super::moderating::{Moderating, raise};
use crate::aws::dynamo::Tables;
use crate::crypto::sha256;
use crate::error::Result;
use crate::http::limit::{AbuseFlag, raise_flag};
use crate::id::derived;
use crate::moderation::{Finding, ModerationItem, Severity, Subject, detect, look, queue_flagged};
use crate::table::{Commit, Item, Key, Name, Query};
use crate::time::{DAY_MS, Time};
use crate::worker::Change;

/// How long it is remembered who sent what to whom.
const SEEN_MS: i64 = DAY_MS;
/// How long a link of a blocked message is remembered.
const BAD_MS: i64 = 30 * DAY_MS;
/// Receivers of one sender that may get the same link or text within a day.
const RECEIVERS_MAX: usize = 10;
/// Senders of the same long text from whom on it is no coincidence.
const SENDERS_MAX: usize = 5;
/// Shorter texts are greetings that many people write, bytes.
const LONG_TEXT: usize = 60;
/// Rows read per link or text.
const ROWS_MAX: usize = 60;
/// Links of one message that are remembered.
const LINKS_MAX: usize = 5;
/// Life of the flags that are raised here.
const FLAG_MS: i64 = 30 * DAY_MS;
/// Sort key of the row that says that a link was in a blocked message.
const BAD: &str = "blocked";

/// A job of the queue `scan`: look at a message again. The same job twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// `msg_…`
    pub message_id: String,
    /// 1 when it was sent, 2 when it was blocked.
    pub version: u8,
}

/// That somebody sent a link or a text to somebody, or that a link was in a blocked message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// `seen#link#<hash>` or `seen#text#<hash>`
    #[serde(rename = "pk")]
    pub what: String,
    /// `<sender>#<receiver>`, or `blocked`.
    #[serde(rename = "sk")]
    pub by: String,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Seen {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "Seen link or text";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.what, &*self.by)
    }
}

/// The job that a changed message asks for, if it asks for one.
///
/// # Errors
/// 500 when an image does not have the shape of a message.
pub fn scans_of(change: &Change) -> Result<Option<Scan>> {
    if !change.sk.starts_with("msg#") {
        return Ok(None);
    }
    let (old, Some(new)) = change.of::<Message>()? else {
        return Ok(None);
    };
    let is_blocked = |message: &Message| message.moderation == Some(Moderation::Blocked);
    let version = match old {
        None if asks(&new) => 1,
        Some(old) if is_blocked(&new) && !is_blocked(&old) => 2,
        _ => return Ok(None),
    };
    let message_id = new.id()?;
    Ok(Some(Scan {
        message_id,
        version,
    }))
}

fn asks(new: &Message) -> bool {
    let special = new.seq == 1 || new.judged.is_some() || !new.attachments.is_empty();
    special || look(&new.content).has_link
}

/// Looks at a message again, raises its state if others say so, and flags its sender.
///
/// # Errors
/// 503 when a table does not answer; doing it again is harmless.
pub async fn scan(tables: &Tables, job: &Scan, now: Time) -> Result<()> {
    let Some(place) = message_at(&job.message_id) else {
        return Ok(());
    };
    let Some(message) = tables.get_consistent::<Message>(&place).await? else {
        return Ok(());
    };
    let found = detect(&message.content);
    let links = found
        .links
        .iter()
        .take(LINKS_MAX)
        .map(|link| hashed("link", link));
    if message.moderation == Some(Moderation::Blocked) {
        for what in links {
            remember(tables, what, BAD.to_owned(), now.plus(BAD_MS)).await?;
        }
        return Ok(());
    }
    if job.version > 1 || message.deleted_at.is_some() {
        return Ok(());
    }
    let mut finding = None;
    for what in links {
        finding = gravest(finding, same_link(tables, &message, what, now).await?);
    }
    if !found.said.is_empty() {
        let said = &found.said;
        finding = gravest(finding, same_text(tables, &message, said, now).await?);
    }
    if let Some((to, finding)) = finding {
        let message_id = &*job.message_id;
        let at = Moderating {
            message_id,
            shelf: None,
            now,
        };
        raise(tables, at, to, &[finding]).await?;
    }
    flag_sender(tables, &message, job, now).await
}

/// What others say of a message: the state that follows, and why.
type Said = Option<(Moderation, Finding)>;

fn gravest(one: Said, other: Said) -> Said {
    [one, other]
        .into_iter()
        .flatten()
        .max_by_key(|(state, _)| state.severity())
}

async fn same_link(tables: &Tables, message: &Message, what: String, now: Time) -> Result<Said> {
    let rows = known(tables, message, what, now).await?;
    let severity = Severity::Spam;
    let rule = "spam_link";
    let finding = Finding { rule, severity };
    if rows.iter().any(|row| row.by == BAD) {
        return Ok(Some((Moderation::Pending, finding)));
    }
    let many = of_sender(&rows, message) > RECEIVERS_MAX;
    Ok(many.then_some((Moderation::Flagged, finding)))
}

async fn same_text(tables: &Tables, message: &Message, said: &str, now: Time) -> Result<Said> {
    let rows = known(tables, message, hashed("text", said), now).await?;
    let severity = Severity::Spam;
    let rule = "copy_paste";
    let finding = Finding { rule, severity };
    let sender = |row: &Seen| row.by.split('#').next().map(str::to_owned);
    let senders: std::collections::BTreeSet<_> = rows.iter().filter_map(sender).collect();
    let by_many = said.len() >= LONG_TEXT && senders.len() >= SENDERS_MAX;
    let to_many = of_sender(&rows, message) > RECEIVERS_MAX;
    Ok((by_many || to_many).then_some((Moderation::Flagged, finding)))
}

fn of_sender(rows: &[Seen], message: &Message) -> usize {
    let own = |row: &&Seen| row.by.starts_with(&message.sender_id);
    rows.iter().filter(own).count()
}

/// Adds this message to what was seen, and gives all of it that still counts.
async fn known(tables: &Tables, message: &Message, what: String, now: Time) -> Result<Vec<Seen>> {
    let by = format!("{}#{}", message.sender_id, message.receiver_id);
    remember(tables, what.clone(), by, now.plus(SEEN_MS)).await?;
    let query = Query::of(Name::Live, what).limit(ROWS_MAX).consistent();
    let mut rows: Vec<Seen> = tables.query(query).await?;
    rows.retain(|row| row.expires > now.seconds());
    Ok(rows)
}

async fn remember(tables: &Tables, what: String, by: String, until: Time) -> Result<()> {
    let expires = until.seconds();
    let seen = Seen { what, by, expires };
    tables.commit(Commit::new().put(&seen)).await?;
    Ok(())
}

/// Hashes only: what people write does not lie around in keys.
fn hashed(kind: &str, text: &str) -> String {
    let hash = sha256(&[text.as_bytes()]);
    let hex: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("seen#{kind}#{hex}")
}

/// Flags of misuse for what was found: one per message with bad links, one per day for copies,
/// which are one deed. The sixth live one asks for somebody to look at the person.
async fn flag_sender(tables: &Tables, message: &Message, job: &Scan, now: Time) -> Result<()> {
    let item_id = ModerationItem::id_of(Subject::Message, &job.message_id);
    let item: Option<ModerationItem> = tables
        .get_consistent(&ModerationItem::key_of(&item_id))
        .await?;
    let reasons = item.map(|item| item.reasons).unwrap_or_default();
    let day = (message.created_at.ms() / DAY_MS).to_string();
    let deeds = [("copy_paste", &day), ("spam_link", &job.message_id)];
    for (kind, deed) in deeds {
        if !reasons.iter().any(|reason| reason == kind) {
            continue;
        }
        let flag = AbuseFlag {
            subject: message.sender_id.clone(),
            flag_id: format!("flg_{}", derived(&[kind, &message.sender_id, deed])),
            kind: kind.to_owned(),
            weight: 1,
            evidence: item_id.clone(),
            created_at: now,
            expires: now.plus(FLAG_MS).seconds(),
        };
        raise_flag(tables, &flag).await?;
        queue_flagged(tables, &message.sender_id, now).await?;
    }
    Ok(())
}
