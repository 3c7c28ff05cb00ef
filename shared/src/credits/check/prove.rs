//! Proving one wallet from what is stored.

use super::{Window, finding};
use crate::aws::dynamo::Tables;
use crate::credits::entry::Entry;
use crate::credits::totals::{Mark, Sums, day_of, mark_of};
use crate::credits::verify::{BadRow, Proof};
use crate::credits::wallet::{Page, Wallet};
use crate::error::Result;
use crate::table::{Name, Query, Range, Value};
use crate::time::Time;

/// Pages that are read at a time.
const PAGES_MAX: usize = 100;

/// A page that was written in the period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub day: i64,
    pub mark: Mark,
    pub sums: Sums,
}

/// What the rows of a wallet say about the period.
#[derive(Debug)]
pub(super) struct Proved {
    window: Window,
    /// Number and hash of the newest row before the period's end.
    pub head: Option<(i64, [u8; 32])>,
    /// What its rows in the period moved.
    pub flow: Sums,
    /// Its pages that were written in the period.
    pub pages: Vec<Written>,
    page: Sums,
    ended: Option<(Mark, Sums)>,
}

impl Proved {
    fn new(window: Window) -> Self {
        Self {
            window,
            head: None,
            flow: Sums::default(),
            pages: Vec::new(),
            page: Sums::default(),
            ended: None,
        }
    }

    fn row(&mut self, entry: &Entry, hash: &[u8; 32]) {
        // A page is written by the row after it.
        if let Some((mark, sums)) = self.ended.take().filter(|_| self.window.has(entry.at)) {
            let day = day_of(entry.at);
            self.pages.push(Written { day, mark, sums });
        }
        self.page.row(entry);
        if self.window.has(entry.at) {
            self.flow.row(entry);
        }
        if entry.at < self.window.until {
            self.head = Some((entry.seq, *hash));
        }
    }

    fn page_ends(&mut self, page: &Page) {
        let mark = mark_of(&page.wallet_id, page.first_seq);
        self.ended = Some((mark, std::mem::take(&mut self.page)));
    }
}

/// Proves a wallet: its chain from the first row, its balances and its open holds.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn prove(
    tables: &Tables,
    wallet_id: &str,
    window: Window,
) -> Result<Result<Proved, BadRow>> {
    let key = Wallet::key_of(wallet_id);
    let Some(wallet) = tables.get_consistent::<Wallet>(&key).await? else {
        return Ok(Err(finding(0, "the wallet is missing")));
    };
    let open: i64 = wallet.holds.open().map(|hold| hold.amount).sum();
    if open != wallet.held {
        let what = "held is not the sum of the open holds";
        return Ok(Err(finding(wallet.seq, what)));
    }
    chain(tables, &wallet, window).await
}

async fn chain(tables: &Tables, wallet: &Wallet, window: Window) -> Result<Result<Proved, BadRow>> {
    let (mut proof, mut proved) = (Proof::begin(&wallet.wallet_id), Proved::new(window));
    // What the wallet carries cannot be in a page yet, however long the reading takes.
    let last = wallet.tail_first().unwrap_or(wallet.seq) - 1;
    while proof.reached() < last {
        let place = |seq: i64| Value::S(Page::sk_of(seq));
        let range = Range::Between(place(proof.reached() + 1), place(last));
        let query = Query::of(Name::Ledger, &*wallet.wallet_id).range(range);
        let pages: Vec<Page> = tables.query(query.limit(PAGES_MAX).consistent()).await?;
        for page in &pages {
            let seen = proof.page(page, &mut |entry, hash| proved.row(entry, hash));
            if let Err(bad) = seen {
                return Ok(Err(bad));
            }
            proved.page_ends(page);
        }
        if pages.is_empty() {
            break;
        }
    }
    let end = proof.end(wallet, &mut |entry, hash| proved.row(entry, hash));
    Ok(end.map(|_| proved))
}

/// The later of the period's beginning and the instant from which a wallet's rows are in no sum.
pub(super) fn from(window: Window, since: Option<Time>) -> Window {
    Window {
        since: since.map_or(window.since, |since| since.min(window.since)),
        ..window
    }
}
