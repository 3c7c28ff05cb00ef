//! Searching the own conversations: no index is written, messages are read and looked at, newest
//! first over all conversations.
//!
//! A conversation is opened when the search has come back to its last activity; so the newest
//! message of all open ones is the next to look at. The cursor carries how far each open one was
//! read. It has room for [`GROUP`] conversations: who has more of them searches those first.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::conversation_id;
use super::archive::Shelf;
use super::head::Head;
use super::inbox::Inbox;
use super::message::Message;
use super::reading::Reader;
use super::views::MessageView;
use super::walk::{Place, Stop};
use super::words::Words;
use crate::aws::dynamo::Tables;
use crate::crypto::{sha256, take};
use crate::error::Result;
use crate::pack::{Packer, Unpacker};
use crate::time::Time;

/// Messages that one call reads at most.
pub const MESSAGES_MAX: usize = 2_000;
/// Messages of one conversation read at once, at most.
const CHUNK: usize = 50;
/// The same at least.
const CHUNK_MIN: usize = 4;
/// Bytes that stand for a conversation in a cursor.
const TAG_BYTES: usize = 4;
/// Conversations that are searched together.
pub const GROUP: usize = 64;

/// What somebody looks for.
pub struct Search<'a> {
    /// Where.
    pub tables: &'a Tables,
    /// Where old messages rest.
    pub shelf: &'a Shelf,
    /// Who.
    pub user_id: &'a str,
    /// Only the conversation with this person.
    pub partner_id: Option<&'a str>,
    /// What must be in a message.
    pub words: Words,
    /// When.
    pub now: Time,
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Search({})", self.user_id)
    }
}

/// How far a search has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SearchPlace {
    /// The conversation before the group that is searched.
    after: Option<Place>,
    /// When the search began, epoch milliseconds.
    since: Option<i64>,
    /// How many messages of each open conversation are left, packed, each behind four bytes of
    /// the conversation's hash.
    left: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Found {
    /// Newest first.
    pub messages: Vec<MessageView>,
    /// Where to go on; null when everything was searched.
    pub next_cursor: Option<String>,
    /// Back to when everything was searched, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_until: Option<Time>,
    /// The limit that counted, if a larger one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A conversation that is searched.
struct Open {
    stop: Stop,
    /// Number of the newest message not looked at; none while it is not opened.
    left: Option<i64>,
    /// Messages that were read and not looked at, oldest first.
    rows: Vec<Message>,
}

impl Open {
    fn is_over(&self) -> bool {
        self.left == Some(0) && self.rows.is_empty()
    }
}

/// What stands for a conversation in a cursor.
fn tag(stop: &Stop) -> [u8; TAG_BYTES] {
    take(&sha256(&[stop.head.conversation_id.as_bytes()]))
}

/// Conversations that are searched together, and what comes of it.
struct Hunt<'a, 'b> {
    search: &'a Search<'b>,
    group: Vec<Open>,
    read: usize,
    found: Vec<(usize, Message)>,
    until: Option<Time>,
}

/// Why a hunt stopped.
#[derive(PartialEq, Eq)]
enum End {
    /// The group was searched to its end.
    Over,
    /// Enough was found or read.
    Enough,
}

impl Search<'_> {
    /// Goes on from a place, and says where to go on next.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn page(
        &self,
        at: Option<SearchPlace>,
        limit: usize,
    ) -> Result<(Found, Option<SearchPlace>)> {
        let mut at = at.unwrap_or_default();
        let mut page = Found::default();
        let mut read = 0;
        loop {
            let (stops, after, since) = self.group(&at).await?;
            at.since = Some(since.ms());
            let mut hunt = Hunt::new(self, stops, &at.left, read);
            let end = hunt.on(limit - page.messages.len()).await?;
            read = hunt.read;
            page.searched_until = hunt.until.or(page.searched_until);
            let left = hunt.left();
            page.messages.extend(hunt.views().await?);
            match (end, after) {
                (End::Enough, _) => return Ok((page, Some(SearchPlace { left, ..at }))),
                (End::Over, None) => {
                    page.searched_until = None;
                    return Ok((page, None));
                }
                (End::Over, after) => {
                    at.after = after;
                    at.left = String::new();
                    if page.messages.len() >= limit {
                        return Ok((page, Some(at)));
                    }
                }
            }
        }
    }

    /// The conversations to search together, the place of the next ones, and the beginning.
    async fn group(&self, at: &SearchPlace) -> Result<(Vec<Stop>, Option<Place>, Time)> {
        let (tables, user_id) = (self.tables, self.user_id);
        let inbox = Inbox { tables, user_id };
        let since = at.since.map(Time);
        if let Some(partner_id) = self.partner_id {
            let key = Head::key_of(&conversation_id(user_id, partner_id));
            let head: Option<Head> = tables.get_consistent(&key).await?;
            let head = head.filter(|head| head.who(user_id).is_ok());
            let stop = match head {
                Some(head) => inbox.stop(head, since).await?,
                None => None,
            };
            let since = since.or(stop.as_ref().map(|stop| stop.at.max(self.now)));
            return Ok((stop.into_iter().collect(), None, since.unwrap_or(self.now)));
        }
        // Before every conversation of a walk that has begun.
        let first = since.map(Place::first);
        let after = at.after.as_ref().or(first.as_ref());
        let stretch = inbox.walk(after, GROUP, self.now).await?;
        let next = stretch.next();
        Ok((stretch.stops, next, stretch.since))
    }
}

impl<'a, 'b> Hunt<'a, 'b> {
    fn new(search: &'a Search<'b>, stops: Vec<Stop>, left: &str, read: usize) -> Self {
        let bytes = URL_SAFE_NO_PAD.decode(left).unwrap_or_default();
        let mut from = Unpacker::new(&bytes);
        let mut known: HashMap<[u8; TAG_BYTES], i64> = HashMap::new();
        while let Some((tag, left)) = from.fixed().zip(from.number()) {
            known.insert(tag, left);
        }
        let open = |stop: Stop| Open {
            left: known.get(&tag(&stop)).copied(),
            stop,
            rows: Vec::new(),
        };
        Self {
            search,
            group: stops.into_iter().map(open).collect(),
            read,
            found: Vec::new(),
            until: None,
        }
    }

    /// Looks at messages until `limit` were found, as many were read as one call may, or none
    /// are left.
    async fn on(&mut self, limit: usize) -> Result<End> {
        while let Some(at) = self.newest() {
            let one = self.group.get_mut(at);
            let Some(row) = one.and_then(|one| one.rows.pop()) else {
                if self.read + CHUNK_MIN > MESSAGES_MAX {
                    return Ok(End::Enough);
                }
                self.fill(at).await?;
                continue;
            };
            if let Some(one) = self.group.get_mut(at) {
                one.left = Some(row.seq - 1);
            }
            self.until = Some(row.created_at);
            if self.fits(&row) {
                self.found.push((at, row));
            }
            if self.found.len() >= limit {
                break;
            }
        }
        match self.group.iter().all(Open::is_over) {
            true => Ok(End::Over),
            false => Ok(End::Enough),
        }
    }

    /// Which conversation has the newest message that was not looked at.
    fn newest(&self) -> Option<usize> {
        let open = self.group.iter().enumerate().filter(|one| !one.1.is_over());
        let newest = open.max_by_key(|(at, one)| {
            // What is not read yet may be as new as the activity, or as what was looked at last.
            let known = one.rows.last().map(|row| row.created_at);
            let back_to = self.until.filter(|_| one.left.is_some());
            let bound = back_to.map_or(one.stop.at, |until| until.min(one.stop.at));
            (
                known.unwrap_or(bound),
                known.is_none(),
                std::cmp::Reverse(*at),
            )
        });
        newest.map(|(at, _)| at)
    }

    /// Reads the next messages of a conversation.
    async fn fill(&mut self, at: usize) -> Result<()> {
        // All open conversations must fit into what one call may read, and be looked at.
        let open = self.group.iter().filter(|one| one.left.is_some()).count();
        let share = MESSAGES_MAX.saturating_sub(self.read) / (2 * open + 2);
        let chunk = share.clamp(CHUNK_MIN, CHUNK);
        let Some(one) = self.group.get_mut(at) else {
            return Ok(());
        };
        let newest = one.left.unwrap_or(one.stop.seq);
        let (tables, head) = (self.search.tables, &one.stop.head);
        let below = (newest + 1, true);
        let mut rows = self.search.shelf.chunk(tables, head, below, chunk).await?;
        self.read += rows.len();
        one.left = Some(if rows.is_empty() { 0 } else { newest });
        rows.reverse();
        one.rows = rows;
        Ok(())
    }

    fn fits(&self, row: &Message) -> bool {
        let is_there = row.deleted_at.is_none() && row.is_visible_to(self.search.user_id);
        is_there && self.search.words.are_in(row.shown())
    }

    /// What is left of each conversation, for the cursor.
    fn left(&self) -> String {
        let mut out = Packer::default();
        for one in &self.group {
            if let Some(left) = one.left {
                out.raw(&tag(&one.stop)).number(left);
            }
        }
        URL_SAFE_NO_PAD.encode(out.finish())
    }

    /// The messages that were found, in the order in which they were.
    async fn views(self) -> Result<Vec<MessageView>> {
        let (tables, user_id) = (self.search.tables, self.search.user_id);
        let shelf = self.search.shelf;
        let reader = Reader {
            tables,
            shelf,
            user_id,
        };
        let mut views: HashMap<(usize, i64), MessageView> = HashMap::new();
        for (at, one) in self.group.iter().enumerate() {
            let own = self.found.iter().filter(|found| found.0 == at);
            let rows: Vec<Message> = own.map(|found| found.1.clone()).collect();
            if !rows.is_empty() {
                let shown = reader.views(&one.stop.head, &rows).await?;
                views.extend(shown.into_iter().map(|view| ((at, view.seq), view)));
            }
        }
        let order = self.found.iter().map(|(at, row)| (*at, row.seq));
        Ok(order.filter_map(|place| views.remove(&place)).collect())
    }
}
