//! The queue, read: by priority, then age.

use super::item::{ModerationItem, Subject};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{DUE, Name, Query, Range, Value};

/// Items of one page.
pub const QUEUE_PAGE: usize = 50;
/// Items read of one kind at once, when the queues of all kinds are merged.
const CHUNK: usize = 8;

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
