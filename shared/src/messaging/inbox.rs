//! Lists over a person's conversations: newest first, unread ones, and figures of all.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::conversation_id;
use super::head::Head;
use super::membership::{Membership, WITH};
use super::parts::Bounds;
use super::views::{ConversationView, Stats};
use crate::accounts::account::Account;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::page::OFFSET_MAX;
use crate::table::{BY_HOUR, Name, Query, Range, UNREAD, Value};
use crate::time::HOUR_MS;

/// Unread conversations that are summed up; beyond, the number is capped.
pub const UNREAD_CONVERSATIONS_MAX: usize = 100;
/// Conversations of one hour that are read; one person does not reach more.
const HOUR_MAX: usize = 1_000;
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

/// A place in the list: the conversation that was shown last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its last activity, epoch milliseconds.
    pub at: i64,
    /// Its id.
    pub id: String,
}

impl Place {
    fn of(head: &Head, user_id: &str) -> Self {
        let me = head.who(user_id);
        let at = me.map_or(head.last_activity_at, |me| head.shown_to(me).at);
        Self {
            at: at.ms(),
            id: head.conversation_id.clone(),
        }
    }

    /// Newest first; the id decides between equal instants.
    fn order(&self) -> (std::cmp::Reverse<i64>, &str) {
        (std::cmp::Reverse(self.at), &self.id)
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
    /// A page of the list after a place. Memberships of the newest hours lead to the heads, which
    /// order inside an hour: half a read unit per conversation and one hour's surplus.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn page(&self, after: Option<&Place>, bounds: Bounds) -> Result<Listed> {
        let Bounds {
            skip,
            limit,
            lowered,
        } = bounds;
        let wanted = skip + limit;
        let mut below = after.map_or(i64::MAX / HOUR_MS, |place| place.at / HOUR_MS) + 1;
        let mut heads: Vec<Head> = Vec::new();
        loop {
            let (memberships, more) = self.hours_below(below, wanted).await?;
            below = memberships
                .iter()
                .filter_map(|one| one.hour)
                .min()
                .unwrap_or(below);
            let fresh = self.heads(&memberships).await?;
            let follows = |head: &Head| {
                let own = Place::of(head, self.user_id);
                after.is_none_or(|place| own.order() > place.order())
            };
            let known = |head: &Head| head.who(self.user_id).is_ok_and(|me| head.seq_for(me) > 0);
            let fresh = fresh.into_iter();
            heads.extend(fresh.filter(|head| known(head) && follows(head)));
            if !more || heads.len() > wanted {
                break;
            }
        }
        let place = |head: &Head| Place::of(head, self.user_id);
        heads.sort_by(|a, b| place(a).order().cmp(&place(b).order()));
        let more = heads.len() > wanted;
        let shown: Vec<Head> = heads.into_iter().skip(skip).take(limit).collect();
        let next = shown.last().filter(|_| more).map(place);
        Ok(Listed {
            conversations: self.views(&shown).await?,
            next_cursor: None,
            limit: lowered,
            total: None,
            total_capped: None,
            next,
        })
    }

    /// Memberships of whole hours below one, newest first, some more than `wanted` if there are;
    /// and whether older ones are left.
    async fn hours_below(&self, below: i64, wanted: usize) -> Result<(Vec<Membership>, bool)> {
        let number = |hour: i64| Value::N(hour.to_string());
        let query = Query::of(Name::Data, self.user_id).by(BY_HOUR).backward();
        let newest = query
            .clone()
            .range(Range::Before(number(below)))
            .limit(wanted + 1);
        let mut found: Vec<Membership> = self.tables.query(newest).await?;
        let more = found.len() > wanted;
        if let Some(hour) = found.last().and_then(|last| last.hour).filter(|_| more) {
            // The limit may have cut the last hour; its order is known only from all its heads.
            found.retain(|one| one.hour != Some(hour));
            let whole = query
                .range(Range::Between(number(hour), number(hour)))
                .limit(HOUR_MAX);
            found.extend(self.tables.query::<Membership>(whole).await?);
        }
        Ok((found, more))
    }

    async fn heads(&self, memberships: &[Membership]) -> Result<Vec<Head>> {
        let keys: Vec<_> = memberships
            .iter()
            .map(|one| Head::key_of(&one.conversation_id()))
            .collect();
        self.tables.get_many(&keys).await
    }

    async fn views(&self, heads: &[Head]) -> Result<Vec<ConversationView>> {
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
            ConversationView::of(head, *me, name)
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
