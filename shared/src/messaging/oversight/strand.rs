//! One person's messages over all conversations, newest first: the newest unread message of all
//! strands is the next.

use std::collections::VecDeque;

use super::source::{Hit, Period};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::messaging::archive::Shelf;
use crate::messaging::head::Head;
use crate::messaging::inbox::Inbox;
use crate::time::Time;

/// Conversations of one person, at most.
pub const CONVERSATIONS_MAX: usize = 1_000;
/// Messages of one conversation that are read at once.
const CHUNK: usize = 50;

/// One conversation.
struct Strand {
    head: Head,
    /// Messages below this number are not read; none while nobody looked for the beginning.
    below: Option<i64>,
    /// Messages that were read, newest first.
    rows: VecDeque<Hit>,
    is_over: bool,
}

/// All conversations of one person.
pub struct Strands<'a> {
    tables: &'a Tables,
    shelf: &'a Shelf,
    period: Period,
    strands: Vec<Strand>,
    /// Whether there are more conversations than are looked at.
    pub is_capped: bool,
}

impl<'a> Strands<'a> {
    /// The conversations of a person from the newest message of the period on.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn of(
        (tables, shelf): (&'a Tables, &'a Shelf),
        user_id: &str,
        period: Period,
    ) -> Result<Self> {
        let inbox = Inbox { tables, user_id };
        let (heads, is_capped) = inbox.all(CONVERSATIONS_MAX).await?;
        let strands = heads.into_iter().map(|head| Strand {
            head,
            below: None,
            rows: VecDeque::new(),
            is_over: false,
        });
        Ok(Self {
            tables,
            shelf,
            strands: strands.collect(),
            period,
            is_capped,
        })
    }

    /// Messages there can be at most.
    pub fn count(&self) -> i64 {
        self.strands.iter().map(|strand| strand.head.last_seq).sum()
    }

    /// The next messages, at most `limit`; none at the end.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Hit>> {
        let mut found = Vec::new();
        while found.len() < limit {
            let Some(at) = self.newest() else { break };
            let Some(strand) = self.strands.get_mut(at) else {
                break;
            };
            match strand.rows.pop_front() {
                Some(hit) => found.push(hit),
                None => self.fill(at).await?,
            }
        }
        Ok(found)
    }

    /// Which strand has the newest message, or may have.
    fn newest(&self) -> Option<usize> {
        let open = self.strands.iter().enumerate();
        let open = open.filter(|(_, one)| !one.rows.is_empty() || !one.is_over);
        let newest = open.max_by(|(_, one), (_, other)| {
            let key = |strand: &Strand| match strand.rows.front() {
                // What is read comes after what may be as new.
                Some(hit) => (hit.place.at, 0, Some(hit.place.clone())),
                None => (strand.bound(&self.period).ms(), 1, None),
            };
            key(one).cmp(&key(other))
        });
        newest.map(|(at, _)| at)
    }

    async fn fill(&mut self, at: usize) -> Result<()> {
        let newest = self.period.newest();
        let Some(strand) = self.strands.get_mut(at) else {
            return Ok(());
        };
        let below = match strand.below {
            Some(below) => below,
            None if strand.head.last_activity_at <= newest => strand.head.last_seq + 1,
            None => first_after(self.tables, self.shelf, &strand.head, newest).await?,
        };
        let rows = self
            .shelf
            .chunk(self.tables, &strand.head, (below, true), CHUNK)
            .await?;
        strand.is_over = rows.len() < CHUNK;
        strand.below = rows.last().map(|row| row.seq).or(Some(below));
        let before = |at: Time| self.period.from.is_some_and(|from| at < from);
        strand.is_over |= rows.last().is_some_and(|row| before(row.created_at));
        let hits = rows.into_iter().map(Hit::of);
        strand
            .rows
            .extend(hits.filter(|hit| self.period.has(&hit.place)));
        Ok(())
    }
}

impl Strand {
    /// Nothing that is not read is newer.
    fn bound(&self, period: &Period) -> Time {
        self.head.last_activity_at.min(period.newest())
    }
}

/// Number of the first message that was sent after an instant. Messages of a conversation never go
/// back in time, so numbers can be searched by halves.
async fn first_after(tables: &Tables, shelf: &Shelf, head: &Head, at: Time) -> Result<i64> {
    let (mut low, mut high) = (0, head.last_seq + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let rows = shelf.chunk(tables, head, (middle + 1, true), 1).await?;
        match rows.first().is_some_and(|row| row.created_at > at) {
            true => high = middle,
            false => low = middle,
        }
    }
    Ok(high)
}
