//! Lists over a person's conversations: newest first, unread ones, and figures of all.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::address::conversation_id;
use super::head::Head;
use super::membership::{Membership, WITH};
use super::parts::Bounds;
use super::views::{ConversationView, Stats};
use super::walk::Place;
use crate::accounts::account::Account;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::page::OFFSET_MAX;
use crate::table::{BY_HOUR, Name, Query, Range, UNREAD, Value};
use crate::time::Time;

/// Unread conversations that are summed up; beyond, the number is capped.
pub const UNREAD_CONVERSATIONS_MAX: usize = 100;
/// Conversations read at once for figures.
const CHUNK: usize = 1_000;

/// Somebody's conversations.
pub struct Inbox<'a> {
    /// Where they are.
    pub tables: &'a Tables,
    /// Whose they are.
    pub user_id: &'a str,
}

impl std::fmt::Debug for Inbox<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({})", self.user_id)
    }
}

/// A page of the list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// Newest first.
    pub conversations: Vec<ConversationView>,
    /// Where to go on.
    pub next_cursor: Option<String>,
    /// The limit that counted, if a larger one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Conversations in all, up to 10,000; only with an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// There are more than were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_capped: Option<bool>,
    /// After which conversation to go on.
    #[serde(skip)]
    #[schemars(skip)]
    pub next: Option<Place>,
}

/// How much somebody has not read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Unread {
    /// Messages.
    pub unread_count: i64,
    /// The same by sender, at most 100 of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_sender: Option<BTreeMap<String, i64>>,
    /// There are more conversations with unread messages than were counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub capped: bool,
}

impl Inbox<'_> {
    /// A page of the list after a place.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn page(&self, after: Option<&Place>, bounds: Bounds, now: Time) -> Result<Listed> {
        let (skip, limit) = (bounds.skip, bounds.limit);
        let stretch = self.walk(after, skip + limit, now).await?;
        let next = stretch.next();
        let heads = stretch.stops.into_iter().map(|stop| stop.head);
        let shown: Vec<Head> = heads.skip(skip).collect();
        Ok(Listed {
            conversations: self.views(&shown, now).await?,
            next_cursor: None,
            limit: bounds.lowered,
            total: None,
            total_capped: None,
            next,
        })
    }

    /// All conversations that have begun, at most `limit` of them, the newest first; and whether
    /// there are more.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub(super) async fn all(&self, limit: usize) -> Result<(Vec<Head>, bool)> {
        let query = Query::of(Name::Data, self.user_id).by(BY_HOUR).backward();
        let found = self
            .tables
            .query(query.limit(limit + 1).consistent())
            .await?;
        let mut memberships: Vec<Membership> = found;
        let more = memberships.len() > limit;
        memberships.truncate(limit);
        Ok((self.heads(&memberships).await?, more))
    }

    pub(super) async fn heads(&self, memberships: &[Membership]) -> Result<Vec<Head>> {
        let keys: Vec<_> = memberships
            .iter()
            .map(|one| Head::key_of(&one.conversation_id()))
            .collect();
        self.tables.get_many(&keys).await
    }

    async fn views(&self, heads: &[Head], now: Time) -> Result<Vec<ConversationView>> {
        let mut sides = Vec::new();
        for head in heads {
            let me = head.who(self.user_id)?;
            sides.push((head, me, head.user(me.other())));
        }
        let keys: Vec<_> = sides.iter().map(|side| Account::key_of(&side.2)).collect();
        let accounts: Vec<Account> = self.tables.get_many(&keys).await?;
        let names: HashMap<&str, &str> = accounts
            .iter()
            .map(|who| (who.user_id.as_str(), who.name.as_str()))
            .collect();
        let view = |(head, me, partner): &(&Head, _, String)| {
            let name = names.get(partner.as_str()).copied().unwrap_or_default();
            ConversationView::of(head, *me, name, now)
        };
        sides.iter().map(view).collect()
    }

    /// Adds to a page how many conversations there are, up to what an offset may reach.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn count(&self, listed: &mut Listed) -> Result<()> {
        let query = Query::of(Name::Data, self.user_id)
            .by(BY_HOUR)
            .limit(OFFSET_MAX + 1);
        let total = self.tables.rows(query).await?.len();
        listed.total = Some(total.min(OFFSET_MAX));
        listed.total_capped = (total > OFFSET_MAX).then_some(true);
        Ok(())
    }

    /// Unread messages over all conversations that are flagged to have some.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn unread(&self) -> Result<Unread> {
        let (heads, capped) = self.unread_heads(None).await?;
        let mut by_sender = BTreeMap::new();
        for head in &heads {
            let me = head.who(self.user_id)?;
            let unread = head.side(me).unread;
            if unread > 0 {
                by_sender.insert(head.user(me.other()), unread);
            }
        }
        let unread_count = by_sender.values().sum();
        Ok(Unread {
            unread_count,
            by_sender: Some(by_sender),
            capped,
        })
    }

    async fn unread_heads(&self, except: Option<&str>) -> Result<(Vec<Head>, bool)> {
        let limit = UNREAD_CONVERSATIONS_MAX + 1;
        let query = Query::of(Name::Data, self.user_id).by(UNREAD).limit(limit);
        let mut flagged: Vec<Membership> = self.tables.query(query).await?;
        let capped = flagged.len() > UNREAD_CONVERSATIONS_MAX;
        flagged.truncate(UNREAD_CONVERSATIONS_MAX);
        flagged.retain(|one| except != Some(one.conversation_id().as_str()));
        Ok((self.heads(&flagged).await?, capped))
    }

    /// Unread messages of one sender.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn unread_of(&self, sender_id: &str) -> Result<Unread> {
        let key = Head::key_of(&conversation_id(self.user_id, sender_id));
        let head: Option<Head> = self.tables.get_consistent(&key).await?;
        let unread = |head: Head| Some(head.side(head.who(self.user_id).ok()?).unread);
        let unread_count = head.and_then(unread).unwrap_or_default();
        Ok(Unread {
            unread_count,
            ..Unread::default()
        })
    }

    /// The sums over all heads.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn stats(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        let mut after: Option<String> = None;
        loop {
            let from = after
                .take()
                .map_or(WITH.to_owned(), |last| format!("{last}\u{1}"));
            let range = Range::Between(Value::S(from), Value::S(format!("{WITH}~")));
            let query = Query::of(Name::Data, self.user_id)
                .range(range)
                .limit(CHUNK);
            let memberships: Vec<Membership> = self.tables.query(query).await?;
            for head in self.heads(&memberships).await? {
                stats.add(&head, head.who(self.user_id)?);
            }
            match memberships.last() {
                Some(last) if memberships.len() == CHUNK => after = Some(last.with.clone()),
                _ => return Ok(stats),
            }
        }
    }
}

/// A person's unread messages when one conversation's number is known already, as in the frame
/// of a new message: half a read unit, and another per other unread conversation.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn unread_total(tables: &Tables, user_id: &str, known: (&str, i64)) -> Result<i64> {
    let inbox = Inbox { tables, user_id };
    let (heads, _) = inbox.unread_heads(Some(known.0)).await?;
    let mut total = known.1;
    for head in &heads {
        total += head.side(head.who(user_id)?).unread;
    }
    Ok(total)
}
