//! A walk over somebody's conversations in the order in which they stood when it began, so that
//! one which becomes active meanwhile keeps its place and is neither skipped nor shown twice.

use serde::{Deserialize, Serialize};

use super::head::Head;
use super::inbox::Inbox;
use super::membership::Membership;
use super::message::Message;
use crate::error::Result;
use crate::table::{BY_HOUR, BY_SEQ, Name, Query, Range, Value};
use crate::time::{HOUR_MS, Time};

/// Conversations of one hour that are read; one person does not reach more.
const HOUR_MAX: usize = 1_000;
/// Messages looked at for one that its reader may know of.
const LOOKBACK: usize = 20;

/// A place in the walk: the conversation that was shown last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its last activity when the walk began, epoch milliseconds.
    pub at: i64,
    /// Its id.
    pub id: String,
    /// When the walk began, epoch milliseconds.
    pub since: i64,
}

/// A conversation of the walk, as it was when the walk began.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The conversation as it is now.
    pub head: Head,
    /// Its last activity then.
    pub at: Time,
    /// Number of its newest message then.
    pub seq: i64,
}

impl Stop {
    /// Newest first; the id decides between equal instants.
    fn order(&self) -> (std::cmp::Reverse<i64>, &str) {
        (std::cmp::Reverse(self.at.ms()), &self.head.conversation_id)
    }

    fn follows(&self, place: &Place) -> bool {
        self.order() > (std::cmp::Reverse(place.at), &*place.id)
    }

    /// The place after it, in a walk that began at an instant.
    pub fn place(&self, since: Time) -> Place {
        Place {
            at: self.at.ms(),
            id: self.head.conversation_id.clone(),
            since: since.ms(),
        }
    }
}

/// The next part of a walk.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Conversations in order.
    pub stops: Vec<Stop>,
    /// Whether more follow.
    pub more: bool,
    /// When the walk began.
    pub since: Time,
}

impl Place {
    /// Before every conversation of a walk that began at an instant.
    pub fn first(since: Time) -> Self {
        Self {
            at: since.ms(),
            id: String::new(),
            since: since.ms(),
        }
    }
}

impl Stretch {
    /// The place behind it, if more follows.
    pub fn next(&self) -> Option<Place> {
        let last = self.stops.last().filter(|_| self.more);
        last.map(|stop| stop.place(self.since))
    }
}

impl Inbox<'_> {
    /// The conversations after a place, `wanted` of them if there are; without a place the walk
    /// begins now. Memberships of the newest hours lead to the heads, which order inside an hour:
    /// half a read unit per conversation and one hour's surplus, and five for one that became
    /// active since the walk began.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn walk(&self, after: Option<&Place>, wanted: usize, now: Time) -> Result<Stretch> {
        let since = after.map(|place| Time(place.since));
        let mut stops: Vec<Stop> = Vec::new();
        let mut below = after.map_or(i64::MAX / HOUR_MS, |place| place.at / HOUR_MS) + 1;
        loop {
            let (memberships, more) = self.hours_below(below, wanted).await?;
            let oldest = memberships.iter().filter_map(|one| one.hour).min();
            below = oldest.unwrap_or(below);
            for head in self.heads(&memberships).await? {
                let stop = self.stop(head, since).await?;
                stops.extend(stop.filter(|stop| after.is_none_or(|place| stop.follows(place))));
            }
            if !more || stops.len() > wanted {
                break;
            }
        }
        if let Some(place) = after {
            // Read last: what rises in between is found twice rather than never.
            stops.extend(self.risen(place).await?);
        }
        stops.sort_by(|a, b| a.order().cmp(&b.order()));
        stops.dedup_by(|a, b| a.head.conversation_id == b.head.conversation_id);
        let newest = stops.first().map_or(now, |stop| stop.at.max(now));
        let more = stops.len() > wanted;
        stops.truncate(wanted);
        Ok(Stretch {
            stops,
            more,
            since: since.unwrap_or(newest),
        })
    }

    /// Conversations that rose above the hour of a place after the walk began, which stood below
    /// it then.
    async fn risen(&self, place: &Place) -> Result<Vec<Stop>> {
        let hour = (place.since / HOUR_MS - 1).max(place.at / HOUR_MS);
        let query = Query::of(Name::Data, self.user_id).by(BY_HOUR).backward();
        let query = query.range(Range::After(Value::N(hour.to_string())));
        let memberships: Vec<Membership> = self.tables.query(query.limit(HOUR_MAX)).await?;
        let mut stops = Vec::new();
        for head in self.heads(&memberships).await? {
            let stop = self.stop(head, Some(Time(place.since))).await?;
            stops.extend(stop.filter(|stop| stop.follows(place)));
        }
        Ok(stops)
    }

    /// A conversation as it was at an instant, or as it is; none if it had not begun.
    pub(super) async fn stop(&self, head: Head, since: Option<Time>) -> Result<Option<Stop>> {
        let me = head.who(self.user_id)?;
        let shown = head.shown_to(me);
        let (at, seq) = (shown.at, shown.seq);
        let is_known = |seq: i64| (seq > 0).then_some(());
        let Some(since) = since.filter(|since| at > *since) else {
            return Ok(is_known(seq).map(|()| Stop { head, at, seq }));
        };
        let then = self.newest_at(&head, since).await?;
        Ok(then.map(|(at, seq)| Stop { head, at, seq }))
    }

    /// The newest message of a conversation at an instant that this person may know of. Messages
    /// of a conversation never go back in time, so their numbers can be searched by halves.
    async fn newest_at(&self, head: &Head, since: Time) -> Result<Option<(Time, i64)>> {
        let (mut low, mut high) = (0, head.last_seq + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let rows = self.before(head, middle + 1, 1).await?;
            match rows.first().is_some_and(|row| row.created_at > since) {
                true => high = middle,
                false => low = middle,
            }
        }
        let rows = self.before(head, low + 1, LOOKBACK).await?;
        let known = |row: &&Message| {
            row.is_visible_to(self.user_id) || row.hidden_at(self.user_id).is_some()
        };
        let newest = rows.iter().find(known).or(rows.first());
        Ok(newest.map(|row| (row.created_at, row.seq)))
    }

    async fn before(&self, head: &Head, seq: i64, rows: usize) -> Result<Vec<Message>> {
        let range = Range::Before(Value::N(seq.to_string()));
        let query = Query::of(Name::Data, &*head.conversation_id).by(BY_SEQ);
        self.tables
            .query(query.range(range).backward().limit(rows))
            .await
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
}
