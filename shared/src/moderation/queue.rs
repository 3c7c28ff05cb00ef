//! The queue, read: by priority, then age.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::{ItemState, ModerationItem, Subject};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{DUE, Name, Query, Range, Value};
use crate::time::Time;

/// Items of one page.
pub const QUEUE_PAGE: usize = 50;
/// Items read of one kind at once, when the queues of all kinds are merged.
const CHUNK: usize = 8;

/// Items of one kind that are counted, claims that are read, and decided items that one call looks
/// at.
const READ_MAX: usize = 1_000;

/// The queue of one kind, read piece by piece.
struct Line {
    kind: Subject,
    items: std::collections::VecDeque<ModerationItem>,
    after: Option<i64>,
    is_over: bool,
}

impl Line {
    fn of(kind: Subject, after: Option<i64>) -> Self {
        let (items, is_over) = (std::collections::VecDeque::new(), false);
        Self {
            kind,
            items,
            after,
            is_over,
        }
    }

    async fn fill(&mut self, tables: &Tables, limit: usize) -> Result<()> {
        if self.is_over || !self.items.is_empty() {
            return Ok(());
        }
        let query = Query::of(Name::Data, ModerationItem::shard_of(self.kind)).by(DUE);
        let query = match self.after {
            Some(rank) => query.range(Range::After(Value::N(rank.to_string()))),
            None => query,
        };
        let found: Vec<ModerationItem> = tables.query(query.limit(limit)).await?;
        self.is_over = found.len() < limit;
        self.after = found.last().and_then(|last| last.due_at).or(self.after);
        self.items.extend(found);
        Ok(())
    }
}

/// Open items after a rank, the most urgent first; of one kind, or of all. Reading one kind costs
/// what it returns, reading all of them at most seven items per kind more.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn open_items(
    tables: &Tables,
    kind: Option<Subject>,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<ModerationItem>> {
    let kinds = kind.map_or_else(|| Subject::ALL.to_vec(), |kind| vec![kind]);
    let chunk = if kinds.len() == 1 { limit } else { CHUNK };
    let mut lines: Vec<Line> = kinds
        .into_iter()
        .map(|kind| Line::of(kind, after))
        .collect();
    let mut found = Vec::new();
    while found.len() < limit {
        for line in &mut lines {
            line.fill(tables, chunk).await?;
        }
        let rank = |line: &Line| line.items.front().map(|item| item.due_at);
        let waiting = lines.iter_mut().filter(|line| !line.items.is_empty());
        let Some(first) = waiting.min_by_key(|line| rank(line)) else {
            break;
        };
        found.extend(first.items.pop_front());
    }
    Ok(found)
}

/// Which items are wanted, and which page of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct QueueFilter {
    /// About this.
    pub kind: Option<Subject>,
    /// In this state; whatever waits for a decision without it.
    pub state: Option<ItemState>,
    /// Where the page before ended; no filter.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
}

/// A page of items after a place, and the place where it ends if there are more: what waits by
/// priority, then age; what is decided with the newest first.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn list_items(
    tables: &Tables,
    filter: &QueueFilter,
    after: Option<i64>,
    now: Time,
) -> Result<(Vec<ModerationItem>, Option<i64>)> {
    if filter.state == Some(ItemState::Resolved) {
        return resolved(tables, filter.kind, after).await;
    }
    let is_wanted = |state: ItemState| filter.state.is_none_or(|wanted| wanted == state);
    let mut items = match is_wanted(ItemState::Open) {
        true => open_items(tables, filter.kind, after, QUEUE_PAGE + 1).await?,
        false => Vec::new(),
    };
    // Few are claimed at a time; they stand where they stood.
    let mut claimed = claims(tables).await?;
    claimed.retain(|item| {
        filter.kind.is_none_or(|kind| kind == item.kind)
            && is_wanted(item.state_at(now))
            && after.is_none_or(|after| item.rank() > after)
    });
    items.extend(claimed);
    items.sort_by_key(ModerationItem::rank);
    let is_more = items.len() > QUEUE_PAGE;
    items.truncate(QUEUE_PAGE);
    let last = items.last().filter(|_| is_more).map(ModerationItem::rank);
    Ok((items, last))
}

async fn claims(tables: &Tables) -> Result<Vec<ModerationItem>> {
    let query = Query::of(Name::Data, ModerationItem::CLAIMS).by(DUE);
    tables.query(query.limit(READ_MAX)).await
}

async fn resolved(
    tables: &Tables,
    kind: Option<Subject>,
    after: Option<i64>,
) -> Result<(Vec<ModerationItem>, Option<i64>)> {
    let (mut found, mut place, mut read) = (Vec::new(), after.unwrap_or(i64::MAX), 0);
    while read < READ_MAX {
        let range = Range::Before(Value::N(place.to_string()));
        let query = Query::of(Name::Data, ModerationItem::RESOLVED).by(DUE);
        let query = query.range(range).backward().limit(QUEUE_PAGE);
        let rows: Vec<ModerationItem> = tables.query(query).await?;
        let is_over = rows.len() < QUEUE_PAGE;
        read += rows.len();
        for row in rows {
            place = row.due_at.unwrap_or(place);
            found.extend(kind.is_none_or(|kind| kind == row.kind).then_some(row));
            if found.len() == QUEUE_PAGE {
                return Ok((found, Some(place)));
            }
        }
        if is_over {
            return Ok((found, None));
        }
    }
    Ok((found, Some(place)))
}

/// How much waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Waits for somebody.
    pub open: usize,
    /// Somebody looks at it.
    pub claimed: usize,
    /// Open and claimed ones by what they are about.
    pub by_kind: BTreeMap<String, usize>,
    /// Whether there is more of a kind than 1,000, which is as far as it is counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub capped: bool,
}

/// The queue as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How much waits.
    pub counts: Counts,
    /// The earliest instant until which something should be decided.
    pub oldest_due_at: Option<Time>,
    /// Items that should have been decided before.
    pub overdue: usize,
}

/// Counts what waits; reads at most 1,000 items of each kind.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn survey(tables: &Tables, now: Time) -> Result<Survey> {
    let mut survey = Survey::default();
    let mut waiting = claims(tables).await?;
    for kind in Subject::ALL {
        let query = Query::of(Name::Data, ModerationItem::shard_of(kind)).by(DUE);
        let open: Vec<ModerationItem> = tables.query(query.limit(READ_MAX)).await?;
        survey.counts.capped |= open.len() == READ_MAX;
        waiting.extend(open);
    }
    for item in waiting {
        match item.state_at(now) {
            ItemState::Claimed => survey.counts.claimed += 1,
            _ => survey.counts.open += 1,
        }
        let kind = item.kind.as_str().to_owned();
        *survey.counts.by_kind.entry(kind).or_default() += 1;
        survey.overdue += usize::from(item.decide_by < now);
        let earlier = survey
            .oldest_due_at
            .map_or(item.decide_by, |known| known.min(item.decide_by));
        survey.oldest_due_at = Some(earlier);
    }
    Ok(survey)
}
