//! Flags of misuse as moderators see and clear them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::{Session, sessions};
use crate::aws::dynamo::Tables;
use crate::error::{NOT_FOUND, Result};
use crate::http::limit::{AbuseFlag, Activity, FlagCard};
use crate::id::is_id;
use crate::table::{
    Change, Commit, Condition, DUE, Item, Name, Query, Range, TTL_ATTRIBUTE, Value,
};
use crate::time::{SECOND_MS, Time};

/// Flags that one call reads when a kind leaves many of them out.
const READ_MAX: usize = 1_000;
/// Flags of one person that are read.
const OWN_MAX: usize = 1_000;

/// A flag.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FlagView {
    /// `flg_…`
    pub flag_id: String,
    /// A user id, or `ip:` and an address.
    pub subject: String,
    /// What it is about, such as `rate_abuse`.
    pub kind: String,
    /// How much it counts.
    pub weight: i64,
    /// What was seen.
    pub evidence: String,
    /// When it was raised.
    pub created_at: Time,
    /// When it stops to count.
    pub expires_at: Time,
}

impl From<AbuseFlag> for FlagView {
    fn from(flag: AbuseFlag) -> Self {
        Self {
            flag_id: flag.flag_id,
            subject: flag.subject,
            kind: flag.kind,
            weight: flag.weight,
            evidence: flag.evidence,
            created_at: flag.created_at,
            expires_at: Time(flag.expires * SECOND_MS),
        }
    }
}

/// Which flags are wanted, and which page of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct FlagFilter {
    /// About this user id, or `ip:` and an address.
    #[schemars(length(min = 1, max = 64))]
    pub subject: Option<String>,
    /// Of this kind.
    #[schemars(length(min = 1, max = 40))]
    pub kind: Option<String>,
    /// Where the page before ended; no filter.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
    /// Most flags of a page; no filter.
    #[serde(skip_serializing)]
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
}

/// Where a page ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlagSpot {
    /// Before this place of all flags.
    Before(i64),
    /// After so many of one subject.
    Count(usize),
}

impl FlagFilter {
    fn wants(&self, flag: &AbuseFlag, now: Time) -> bool {
        let kind = self.kind.as_deref();
        flag.expires > now.seconds() && kind.is_none_or(|kind| kind == flag.kind)
    }
}

/// Live flags, the newest first, at most `limit`, and where to go on. One call reads a bounded
/// number of flags, so it may return fewer than there are.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn list_flags(
    tables: &Tables,
    filter: &FlagFilter,
    after: Option<FlagSpot>,
    limit: usize,
    now: Time,
) -> Result<(Vec<AbuseFlag>, Option<FlagSpot>)> {
    let Some(subject) = &filter.subject else {
        return of_all(tables, filter, after, limit, now).await;
    };
    let skip = match after {
        Some(FlagSpot::Count(count)) => count,
        _ => 0,
    };
    let query = Query::of(Name::Live, subject).prefix(AbuseFlag::PREFIX);
    let mut flags: Vec<AbuseFlag> = tables.query(query.limit(OWN_MAX)).await?;
    flags.retain(|flag| filter.wants(flag, now));
    flags.sort_by_key(|flag| std::cmp::Reverse((flag.created_at, flag.flag_id.clone())));
    let is_more = flags.len() > skip + limit;
    let page = flags.into_iter().skip(skip).take(limit).collect();
    Ok((page, is_more.then_some(FlagSpot::Count(skip + limit))))
}

async fn of_all(
    tables: &Tables,
    filter: &FlagFilter,
    after: Option<FlagSpot>,
    limit: usize,
    now: Time,
) -> Result<(Vec<AbuseFlag>, Option<FlagSpot>)> {
    let mut place = match after {
        Some(FlagSpot::Before(place)) => place,
        _ => i64::MAX,
    };
    let (mut found, mut read) = (Vec::new(), 0);
    while read < READ_MAX {
        let range = Range::Before(Value::N(place.to_string()));
        let query = Query::of(Name::Live, FlagCard::SHARD).by(DUE);
        let query = query.range(range).backward().limit(limit);
        let cards: Vec<FlagCard> = tables.query(query).await?;
        let is_over = cards.len() < limit;
        read += cards.len();
        for card in cards {
            place = card.due_at.unwrap_or(place);
            found.extend(filter.wants(&card.flag, now).then_some(card.flag));
            if found.len() == limit {
                return Ok((found, Some(FlagSpot::Before(place))));
            }
        }
        if is_over {
            return Ok((found, None));
        }
    }
    Ok((found, Some(FlagSpot::Before(place))))
}

/// A live flag that stops to count now, and what is written for it: whoever is no longer slowed by
/// the flags that are left is not slowed any more.
///
/// # Errors
/// 404 `NOT_FOUND`, also when it has ended or was cleared; 503 when a table does not answer.
pub async fn clear(tables: &Tables, flag_id: &str, now: Time) -> Result<(AbuseFlag, Commit)> {
    let known: Option<FlagCard> = match is_id("flg", flag_id) {
        true => tables.get_consistent(&FlagCard::key_of(flag_id)).await?,
        false => None,
    };
    let live = |card: &FlagCard| card.flag.expires > now.seconds();
    let mut flag = known.filter(live).ok_or(NOT_FOUND)?.flag;
    let is_live = Condition::AtLeast(TTL_ATTRIBUTE, Value::N((now.seconds() + 1).to_string()));
    let ends = || Change::number(TTL_ATTRIBUTE, now.seconds());
    let out = vec![
        ends(),
        Change::Remove(DUE.pk.into()),
        Change::Remove(DUE.sk.into()),
    ];
    let guard = || Some((is_live.clone(), &NOT_FOUND));
    let mut commit = Commit::new()
        .update::<AbuseFlag>(flag.key(), vec![ends()], guard())
        .update::<FlagCard>(FlagCard::key_of(flag_id), out, guard());
    let place = Activity::key_of(&flag.subject);
    if let Some(activity) = tables.get_consistent::<Activity>(&place).await? {
        let forget = vec![Change::Remove(format!("flags.{flag_id}"))];
        let present = Some((Condition::Present, &NOT_FOUND));
        commit = commit.update::<Activity>(place, forget, present);
        let slowed = activity.without(flag_id).slowed_until(now);
        for session in sessions::live(tables, &flag.subject, now).await? {
            commit = commit.with(quickened(&session, slowed));
        }
    }
    flag.expires = now.seconds();
    Ok((flag, commit))
}

/// A session that is slowed only as long as the flags that are left say so.
fn quickened(session: &Session, slowed: Option<Time>) -> Commit {
    if session.slowed_until <= slowed {
        return Commit::new();
    }
    let change = match slowed {
        Some(until) => Change::number("slowed_until", until.ms()),
        None => Change::Remove("slowed_until".into()),
    };
    let present = Some((Condition::Present, &NOT_FOUND));
    Commit::new().update::<Session>(session.key(), vec![change], present)
}
