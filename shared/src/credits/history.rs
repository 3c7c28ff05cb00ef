//! Reading a wallet's rows: the newest from the wallet item, older ones from their pages.

use super::codes::Kind;
use super::entry::{Entry, seq_of};
use super::wallet::{Linked, Page, Wallet, linked};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result, TRANSACTION_NOT_FOUND};
use crate::table::{Name, Query, Range, Value};
use crate::time::Time;

/// Pages read by one call at most: about 500 rows.
const PAGES_MAX: usize = 40;
/// Pages that the rows of one transaction can touch: 20 rows of at most 136 bytes, four of which
/// fit on a page, behind rows of an earlier one.
const TRANSACTION_PAGES: usize = 7;

/// The rows of one wallet.
pub struct History<'a> {
    tables: &'a Tables,
    wallet: &'a Wallet,
}

impl std::fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "History({})", self.wallet.wallet_id)
    }
}

/// The rows of a period: numbers of the first and the last one, and the balances around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Number of the first row in the period.
    pub first: i64,
    /// Number of the last row in the period; below `first` when there is none.
    pub last: i64,
    /// Spendable and reserved credits before it.
    pub opening: (i64, i64),
    /// Spendable and reserved credits after it.
    pub closing: (i64, i64),
}

impl<'a> History<'a> {
    /// The rows of this wallet.
    pub fn of(tables: &'a Tables, wallet: &'a Wallet) -> Self {
        Self { tables, wallet }
    }

    /// Rows below the number `below`, newest first, at most `limit` of the kind; and where to go
    /// on, if there are more. A call reads a bounded number of pages, so it may return fewer.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn newest_first(
        &self,
        below: i64,
        kind: Option<Kind>,
        limit: usize,
    ) -> Result<(Vec<Linked>, Option<i64>)> {
        let mut rows = self.wallet.newest()?;
        if below <= self.wallet.tail_first()? || rows.len() < limit {
            let pages = self.pages_below(below.min(self.wallet.tail_first()?), limit, kind);
            let mut older = self.rows(pages.await?)?;
            older.append(&mut rows);
            rows = older;
        }
        let oldest_read = rows.first().map_or(1, |row| row.entry.seq);
        let wanted =
            |entry: &Entry| entry.seq < below && kind.is_none_or(|kind| entry.kind == kind);
        let mut found: Vec<Linked> = rows
            .into_iter()
            .rev()
            .filter(|row| wanted(&row.entry))
            .collect();
        let cut = found.len() > limit;
        found.truncate(limit);
        let last = match cut {
            true => found.last().map_or(oldest_read, |row| row.entry.seq),
            false => oldest_read,
        };
        Ok((found, (last > 1).then_some(last)))
    }

    async fn pages_below(&self, seq: i64, limit: usize, kind: Option<Kind>) -> Result<Vec<Page>> {
        // A page holds ten rows and more; with a filter nobody knows how many are needed.
        let pages = if kind.is_some() {
            PAGES_MAX
        } else {
            (limit / 10 + 2).min(PAGES_MAX)
        };
        let range = between(0, seq - 1);
        let query = self.query(range).backward().limit(pages);
        let mut pages: Vec<Page> = self.tables.query(query).await?;
        pages.reverse();
        Ok(pages)
    }

    fn query(&self, range: Range) -> Query {
        Query::of(Name::Ledger, &*self.wallet.wallet_id).range(range)
    }

    fn rows(&self, pages: Vec<Page>) -> Result<Vec<Linked>> {
        let mut rows = Vec::new();
        for page in pages {
            let id = &self.wallet.wallet_id;
            rows.extend(linked(id, &page.rows.0, page.first_seq, page.prev_hash.0)?);
        }
        Ok(rows)
    }

    /// The rows of one transaction.
    ///
    /// # Errors
    /// 404 `TRANSACTION_NOT_FOUND`.
    pub async fn transaction(&self, transaction_id: &str) -> Result<Vec<Linked>> {
        let first = seq_of(&self.wallet.wallet_id, transaction_id)
            .filter(|seq| *seq <= self.wallet.seq)
            .ok_or(&TRANSACTION_NOT_FOUND)?;
        let rows = self.from(first, TRANSACTION_PAGES).await?;
        let rows: Vec<Linked> = rows
            .into_iter()
            .filter(|row| row.entry.first_seq() == first)
            .collect();
        match rows.is_empty() {
            true => Err((&TRANSACTION_NOT_FOUND).into()),
            false => Ok(rows),
        }
    }

    /// Rows from the number `first` on, oldest first, from at most `pages` pages.
    async fn from(&self, first: i64, pages: usize) -> Result<Vec<Linked>> {
        let tail_first = self.wallet.tail_first()?;
        let mut rows = Vec::new();
        if first < tail_first {
            let start = self.page_of(first).await?.first_seq;
            let query = self.query(between(start, tail_first - 1)).limit(pages);
            rows = self.rows(self.tables.query(query).await?)?;
        }
        let reached = rows.last().map_or(first - 1, |row| row.entry.seq);
        if reached + 1 >= tail_first {
            rows.extend(self.wallet.newest()?);
        }
        rows.retain(|row| row.entry.seq >= first);
        Ok(rows)
    }

    /// The page that holds a row which has left the wallet item.
    async fn page_of(&self, seq: i64) -> Result<Page> {
        let query = self.query(between(0, seq)).backward().limit(1);
        let page = self.tables.query::<Page>(query).await?.pop();
        page.ok_or_else(|| INTERNAL_ERROR.because("a page of the ledger is missing"))
    }

    /// The rows booked from `from` (included) to `to` (excluded), found by halving, because
    /// times never decrease with numbers.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn span(&self, from: Time, to: Time) -> Result<Span> {
        let (before, opening) = self.before(from).await?;
        let (last, closing) = self.before(to).await?;
        Ok(Span {
            first: before + 1,
            last,
            opening,
            closing,
        })
    }

    /// Number of the last row booked up to the instant (included), and the spendable and reserved
    /// credits after it.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn until(&self, at: Time) -> Result<(i64, (i64, i64))> {
        self.before(at.plus(1)).await
    }

    /// Number of the last row booked before the instant, and the balances after it.
    async fn before(&self, at: Time) -> Result<(i64, (i64, i64))> {
        let mut known = (0, (0, 0));
        let newest = self.wallet.newest()?;
        if let Some(last) = last_before(&newest, at) {
            return Ok(last);
        }
        // Invariant: the row `known` is before the instant, the row `above` is not.
        let mut above = self.wallet.tail_first()?;
        while known.0 + 1 < above {
            let page = self.page_of(known.0 + (above - known.0) / 2).await?;
            let rows = self.rows(vec![page])?;
            let (first, last) = rows
                .first()
                .zip(rows.last())
                .map_or((1, 1), |(first, last)| (first.entry.seq, last.entry.seq));
            match last_before(&rows, at) {
                Some(found) if found.0 < last => return Ok(found),
                Some(found) => known = found,
                None => above = first,
            }
        }
        Ok(known)
    }

    /// Rows `first` to `last`, at most `limit`, oldest first.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn range(&self, first: i64, last: i64, limit: usize) -> Result<Vec<Linked>> {
        let mut rows = self.from(first, limit / 10 + 2).await?;
        rows.retain(|row| row.entry.seq <= last);
        rows.truncate(limit);
        Ok(rows)
    }
}

fn last_before(rows: &[Linked], at: Time) -> Option<(i64, (i64, i64))> {
    let last = rows
        .iter()
        .map(|row| &row.entry)
        .rfind(|entry| entry.at < at)?;
    Some((last.seq, (last.available_after, last.held_after)))
}

fn between(first: i64, last: i64) -> Range {
    let key = |seq: i64| Value::S(Page::sk_of(seq));
    Range::Between(key(first), key(last.max(first)))
}
