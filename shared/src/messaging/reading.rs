//! Reading messages: one by its id, or a conversation page by page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::{conversation_id, message_at};
use super::archive::Shelf;
use super::head::{Head, Who};
use super::marks::{Mark, MovesPage, OlderMoves};
use super::message::Message;
use super::side::{Move, unpack_moves};
use super::views::MessageView;
use crate::accounts::account::Account;
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, MESSAGE_NOT_FOUND, Result, USER_NOT_FOUND};
use crate::id::is_id;
use crate::page::OFFSET_MAX;
use crate::table::{Name, Query, Range, Value};
use crate::time::Time;

/// Most rows read at once for one page.
const CHUNK: usize = 150;
/// Pages of older marks read at most: every message may have its own mark.
const MOVES_PAGES_MAX: usize = 100;

/// Which way to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Newest first.
    #[default]
    Older,
    /// Oldest first.
    Newer,
}

/// Which part of a conversation is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Which way.
    pub direction: Direction,
    /// Number of the message beyond which to read; none starts at the end.
    pub beyond: Option<i64>,
    /// Messages left out first.
    pub skip: usize,
    /// Most messages.
    pub limit: usize,
    /// The limit, if a larger one was asked for.
    pub lowered: Option<usize>,
    /// Whether the number of all messages is to be told.
    pub wants_total: bool,
}

/// Watermarks of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReadMarks {
    /// What the caller has read.
    pub mine: i64,
    /// What the partner has told to have read.
    pub theirs: i64,
}

/// Watermark of the partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeliveredMarks {
    /// What devices of the partner have.
    pub theirs: i64,
}

/// A part of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Page {
    /// In the order of the wish.
    pub messages: Vec<MessageView>,
    /// Number of the newest message.
    pub head_seq: i64,
    /// Whether more remain in this direction.
    pub limited: bool,
    /// Watermarks of reading.
    pub read: ReadMarks,
    /// Watermark of delivery.
    pub delivered: DeliveredMarks,
    /// Messages in all, up to 10,000; only with an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// There are more than were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_capped: Option<bool>,
    /// The limit that counted, if a larger one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Where to go on.
    pub next_cursor: Option<String>,
    /// Beyond which number to go on.
    #[serde(skip)]
    #[schemars(skip)]
    pub next: Option<i64>,
}

/// Somebody who reads.
pub struct Reader<'a> {
    /// Where the messages are.
    pub tables: &'a Tables,
    /// Where they are after a year of silence.
    pub shelf: &'a Shelf,
    /// Who reads.
    pub user_id: &'a str,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({})", self.user_id)
    }
}

/// A message by its id, as its row is. Half a read unit; a miss is asked again consistently,
/// because a frame may be faster than a replica.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`, also for who is not one of the two.
pub async fn find_message(tables: &Tables, user_id: &str, id: &str) -> Result<Message> {
    let key = message_at(id).ok_or(MESSAGE_NOT_FOUND)?;
    let message = match tables.get::<Message>(&key).await? {
        Some(message) => Some(message),
        None => tables.get_consistent(&key).await?,
    };
    let own = |m: &Message| m.sender_id == user_id || m.receiver_id == user_id;
    message.filter(own).ok_or_else(|| MESSAGE_NOT_FOUND.into())
}

/// The marks of one side that the head no longer tells, for messages `first` to `last`.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn older_moves(
    tables: &Tables,
    head: &Head,
    who: Who,
    (first, last): (i64, i64),
) -> Result<OlderMoves> {
    let mut older = OlderMoves::default();
    for mark in [Mark::Delivered, Mark::Read] {
        let paged = head.side(who).moves(mark).paged;
        if first > paged {
            continue;
        }
        let key = |up_to| Value::S(MovesPage::sk_of(who, mark, up_to));
        let range = Range::Between(key(first), key(paged));
        let pages = MOVES_PAGES_MAX.min(usize::try_from(last - first).unwrap_or(0) + 1);
        let query = Query::of(Name::Data, &*head.conversation_id)
            .range(range)
            .limit(pages);
        let mut moves: Vec<Move> = Vec::new();
        for page in tables.query::<MovesPage>(query).await? {
            let read = unpack_moves(&page.moves);
            moves.extend(read.ok_or_else(|| INTERNAL_ERROR.because("older marks"))?);
        }
        match mark {
            Mark::Delivered => older.delivered = moves,
            Mark::Read => older.read = moves,
        }
    }
    Ok(older)
}

impl Reader<'_> {
    /// One message.
    ///
    /// # Errors
    /// 404 `MESSAGE_NOT_FOUND`.
    pub async fn message(&self, id: &str) -> Result<MessageView> {
        let message = self
            .shelf
            .find_message(self.tables, self.user_id, id)
            .await?;
        if !message.is_visible_to(self.user_id) {
            return Err(MESSAGE_NOT_FOUND.into());
        }
        let key = Head::key_of(&message.conversation_id);
        let head: Option<Head> = self.tables.get_consistent(&key).await?;
        let head = head.ok_or(MESSAGE_NOT_FOUND)?;
        let views = self.views(&head, std::slice::from_ref(&message)).await?;
        views
            .into_iter()
            .next()
            .ok_or_else(|| MESSAGE_NOT_FOUND.into())
    }

    /// A part of the conversation with somebody. With a known person to whom none was ever
    /// written it is empty.
    ///
    /// # Errors
    /// 404 `USER_NOT_FOUND` for an unknown person, and for one who has blocked the caller before
    /// the two ever wrote.
    pub async fn page(&self, partner_id: &str, wish: &Wish, now: Time) -> Result<Page> {
        let key = Head::key_of(&conversation_id(self.user_id, partner_id));
        let head: Option<Head> = self.tables.get_consistent(&key).await?;
        let seen = |head: &Head| head.who(self.user_id).is_ok_and(|me| head.seq_for(me) > 0);
        let written = |head: &Head| seen(head) && partner_id != self.user_id;
        let Some(head) = head.as_ref().filter(|head| written(head)) else {
            let nothing = self.nothing_yet(partner_id, now).await?;
            // Read in vain for who is blocked, so that an unknown person takes as long.
            let blocks = |head: &Head| Some(head.side(head.who(partner_id).ok()?).blocks);
            return match head.as_ref().and_then(blocks) {
                Some(true) => Err(USER_NOT_FOUND.into()),
                _ => Ok(nothing),
            };
        };
        let me = head.who(self.user_id)?;
        let (mine, theirs) = (head.side(me), head.side(me.other()));
        let hidden = mine.hidden + theirs.withheld;
        let (rows, next) = self.rows(head, hidden, wish).await?;
        let total = usize::try_from(head.last_seq - hidden).unwrap_or_default();
        let offset = wish.wants_total;
        Ok(Page {
            messages: self.views(head, &rows).await?,
            head_seq: head.seq_for(me),
            limited: next.is_some(),
            read: ReadMarks {
                mine: mine.read_seq,
                theirs: theirs.told_read(),
            },
            delivered: DeliveredMarks {
                theirs: theirs.told_delivered(),
            },
            total: offset.then_some(total.min(OFFSET_MAX)),
            total_capped: (offset && total > OFFSET_MAX).then_some(true),
            limit: wish.lowered,
            next_cursor: None,
            next,
        })
    }

    async fn nothing_yet(&self, partner_id: &str, now: Time) -> Result<Page> {
        if partner_id == self.user_id || !is_id("usr", partner_id) {
            return Err(USER_NOT_FOUND.into());
        }
        let known: Option<Account> = self.tables.get(&Account::key_of(partner_id)).await?;
        known
            .filter(|who| who.is_open(now))
            .map(|_| Page::default())
            .ok_or_else(|| USER_NOT_FOUND.into())
    }

    /// The visible messages of the wish, and beyond which number there are more. A page is full or
    /// the end: what is read in vain is what this conversation hides from the reader, no more.
    async fn rows(
        &self,
        head: &Head,
        hidden: i64,
        wish: &Wish,
    ) -> Result<(Vec<Message>, Option<i64>)> {
        let older = wish.direction == Direction::Older;
        // Nothing is hidden: what an offset leaves out need not be read.
        let jump = if hidden == 0 { wish.skip as i64 } else { 0 };
        let mut left_out = wish.skip - jump as usize;
        let mut beyond = match (wish.beyond, older) {
            (Some(seq), true) => seq - jump,
            (None, true) => head.last_seq + 1 - jump,
            (seq, false) => seq.unwrap_or(0) + jump,
        };
        let in_vain = usize::try_from(hidden).unwrap_or_default();
        let mut found = Vec::new();
        loop {
            let missing = left_out + wish.limit + 1 - found.len();
            let want = missing.saturating_add(in_vain).min(CHUNK);
            let rows = self
                .shelf
                .chunk(self.tables, head, (beyond, older), want)
                .await?;
            let is_end = rows.len() < want;
            beyond = rows.last().map_or(beyond, |last| last.seq);
            let visible = rows
                .into_iter()
                .filter(|row| row.is_visible_to(self.user_id));
            let visible: Vec<Message> = visible.collect();
            let skipped = left_out.min(visible.len());
            left_out -= skipped;
            found.extend(visible.into_iter().skip(skipped));
            if found.len() > wish.limit {
                found.truncate(wish.limit);
                let next = found.last().map(|last| last.seq);
                return Ok((found, next));
            }
            if is_end {
                return Ok((found, None));
            }
        }
    }

    pub(super) async fn views(&self, head: &Head, rows: &[Message]) -> Result<Vec<MessageView>> {
        let first = rows.iter().map(|row| row.seq).min().unwrap_or(1);
        let last = rows.iter().map(|row| row.seq).max().unwrap_or(0);
        let low = older_moves(self.tables, head, Who::Low, (first, last)).await?;
        let high = older_moves(self.tables, head, Who::High, (first, last)).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let receiver = row.receiver(head)?;
            let older = if receiver == Who::Low { &low } else { &high };
            let side = head.side(receiver);
            let marks = match row.receiver_id == self.user_id {
                true => side.marks(row.seq, older),
                false => side.told(row.seq, older),
            };
            views.push(MessageView::of(row, marks, self.user_id)?);
        }
        Ok(views)
    }
}
