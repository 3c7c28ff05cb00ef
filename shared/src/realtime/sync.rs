//! Recovery by state: which conversations moved since the token, and every other dense number.
//!
//! The token is the instant up to which the client knows everything, and the place in a paged
//! answer. What moved is found by hours, by activity and by mark, so its cost follows what moved
//! and not what the person has; the heads prove completeness.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::dynamo::Tables;
use crate::calls::{self, CallView};
use crate::credits::Wallet;
use crate::error::{INVALID_CONTINUATION, Result};
use crate::http::Me;
use crate::messaging::{DeliveredMarks, Head, LATE_FLOOR, Membership, ReadMarks};
use crate::page::Cursors;
use crate::table::{BY_HOUR, BY_MARK, Index, Name, Query, Range, Value};
use crate::time::{HOUR_MS, SECOND_MS, Time};

/// Conversations in one answer.
const CONVERSATIONS_MAX: usize = 100;
/// Memberships that one resume looks at; beyond, the client starts without a token.
const MEMBERSHIPS_MAX: usize = 10_000;
/// A resume looks back so far, because a head carries the instant at which its request arrived
/// (up to 29 s before the commit) and projections lag behind heads. Naming a head twice is
/// harmless.
const LAG_MS: i64 = 45 * SECOND_MS;
/// Name under which tokens are sealed.
const ROUTE: &str = "resume_sync";

/// Where the client is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Since {
    /// The last token; everything without one.
    #[schemars(length(min = 1, max = 512))]
    pub sync_token: Option<String>,
}

/// A place in the course of things.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Position {
    /// Instant up to which everything is known.
    #[serde(rename = "s")]
    since: i64,
    /// Start of the paged answer that goes on, if one does.
    #[serde(rename = "u")]
    until: Option<i64>,
    /// Conversations of that answer that were given.
    #[serde(rename = "g")]
    given: usize,
}

/// One conversation that moved.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Moved {
    /// `cnv_…`
    pub conversation_id: String,
    /// The other person.
    pub partner_id: String,
    /// Number of the newest message.
    pub head_seq: i64,
    /// Up to where each side has read.
    pub read: ReadMarks,
    /// Up to where the partner's devices have the messages.
    pub delivered: DeliveredMarks,
    /// Unread messages.
    pub unread_count: i64,
}

/// The wallet's numbers.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct WalletState {
    /// Spendable credits.
    pub available: i64,
    /// Reserved credits.
    pub held: i64,
    /// Number of the last ledger row.
    pub seq: i64,
}

/// Everything that has a number.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SyncState {
    /// Conversations that moved since the token; all without one.
    pub conversations: Vec<Moved>,
    /// Live calls.
    pub calls: Vec<CallView>,
    /// The wallet.
    pub wallet: WalletState,
    /// Unread in-app notifications.
    pub unread_notifications: i64,
    /// Head of the relay stream.
    pub relay_head_seq: i64,
    /// For the next resume.
    pub sync_token: String,
    /// Whether this is all; otherwise resume again with the token.
    pub complete: bool,
}

/// The position of a token; the beginning without one.
///
/// # Errors
/// 400 `INVALID_CONTINUATION` for a forged, foreign or old token.
pub fn position(key: &[u8; 32], me: &Me, token: Option<&str>, now: Time) -> Result<Position> {
    let Some(token) = token else {
        return Ok(Position::default());
    };
    let opened = Cursors::new(key).open(&me.user_id, ROUTE, "", now, token);
    opened.map_err(|_| INVALID_CONTINUATION.into())
}

/// The state since a position.
///
/// # Errors
/// 503 when a table does not answer.
pub async fn resume(
    tables: &Tables,
    key: &[u8; 32],
    me: &Me,
    at: Position,
    now: Time,
) -> Result<SyncState> {
    let started = at.until.unwrap_or(now.ms());
    let mut heads = moved(tables, &me.user_id, at.since).await?;
    heads.sort_by(|a, b| a.conversation_id.cmp(&b.conversation_id));
    let complete = heads.len() <= at.given + CONVERSATIONS_MAX;
    let page: Vec<_> = heads
        .iter()
        .skip(at.given)
        .take(CONVERSATIONS_MAX)
        .collect();
    let next = if complete {
        Position {
            since: started - LAG_MS,
            until: None,
            given: 0,
        }
    } else {
        Position {
            since: at.since,
            until: Some(started),
            given: at.given + page.len(),
        }
    };
    let wallet: Option<Wallet> = tables
        .get_consistent(&Wallet::key_of(&me.wallet_id))
        .await?;
    let call = calls::live_call(tables, &me.user_id, now).await?;
    let calls = call.iter().filter_map(|call| {
        let side = call.side(&me.user_id).ok()?;
        Some(CallView::of(call, side, now))
    });
    let conversations: Result<Vec<_>> = page.into_iter().map(|head| view(head, me)).collect();
    Ok(SyncState {
        conversations: conversations?,
        calls: calls.collect(),
        wallet: wallet.map(|wallet| numbers(&wallet)).unwrap_or_default(),
        unread_notifications: 0,
        relay_head_seq: 0,
        sync_token: Cursors::new(key).seal(&me.user_id, ROUTE, "", now, &next),
        complete,
    })
}

fn numbers(wallet: &Wallet) -> WalletState {
    WalletState {
        available: wallet.available,
        held: wallet.held,
        seq: wallet.seq,
    }
}

/// Heads that changed at or after an instant, found through the hours of their memberships.
async fn moved(tables: &Tables, user_id: &str, since: i64) -> Result<Vec<Head>> {
    let hour = since / HOUR_MS;
    let hours = Range::Between(number(hour), number(LATE_FLOOR - 1));
    let mut ids = BTreeSet::new();
    for index in [BY_HOUR, BY_MARK] {
        ids.extend(found(tables, user_id, index, hours.clone()).await?);
    }
    // What followed its head late may have been missed by the resume before, however old it is.
    let instants = Range::After(number(since.max(LATE_FLOOR)));
    let late: BTreeSet<_> = found(tables, user_id, BY_MARK, instants).await?;
    ids.extend(late.iter().cloned());
    let keys: Vec<_> = ids.iter().map(|id| Head::key_of(id)).collect();
    let mut heads: Vec<Head> = tables.get_many(&keys).await?;
    heads.retain(|head| head.changed_at.ms() >= since || late.contains(&head.conversation_id));
    Ok(heads)
}

fn number(number: i64) -> Value {
    Value::N(number.to_string())
}

/// Conversations whose memberships lie in a range of an index.
async fn found(
    tables: &Tables,
    user_id: &str,
    index: Index,
    range: Range,
) -> Result<BTreeSet<String>> {
    let query = Query::of(Name::Data, user_id).by(index).range(range);
    let found: Vec<Membership> = tables.query(query.limit(MEMBERSHIPS_MAX)).await?;
    Ok(found.iter().map(Membership::conversation_id).collect())
}

fn view(head: &Head, me: &Me) -> Result<Moved> {
    let who = head.who(&me.user_id)?;
    let (mine, theirs) = (head.side(who), head.side(who.other()));
    Ok(Moved {
        conversation_id: head.conversation_id.clone(),
        partner_id: head.user(who.other()),
        head_seq: head.seq_for(who),
        read: ReadMarks {
            mine: mine.read_seq,
            theirs: theirs.told_read(),
        },
        delivered: DeliveredMarks {
            theirs: theirs.told_delivered(),
        },
        unread_count: mine.unread,
    })
}
