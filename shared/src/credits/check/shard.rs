//! One shard of the wallets: every wallet that changed, and the totals of their pages.

use std::collections::{BTreeMap, BTreeSet};

use super::prove::{Proved, Written, from, prove};
use super::{CheckPart, FUNCTION, Run, Unproved, overwhelmed};
use crate::aws::dynamo::Tables;
use crate::credits::totals::{DayTotal, Place, Sums, counted, day_of};
use crate::credits::views::hex;
use crate::credits::wallet::Wallet;
use crate::crypto::sha256;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::log;
use crate::pack::Fixed;
use crate::table::{BY_DAY, Commit, Name, Query, Range, Value};
use crate::time::Time;

/// Most wallets of one shard that may change in a period.
const WALLETS_MAX: usize = 1_000_000;
/// Most bad wallets that one shard lists.
const UNPROVED_MAX: usize = 1_000;

/// What was found in a shard so far.
#[derive(Default)]
struct Found {
    heads: String,
    wallets: usize,
    flow: Sums,
    unproved: Vec<Unproved>,
    /// Pages by the day on which they were written and the item in which they are counted.
    pages: BTreeMap<(i64, Place), Vec<Written>>,
    /// Items in which pages of a wallet are counted that could not be read to its end.
    unsure: BTreeSet<Place>,
}

impl Found {
    fn proved(&mut self, wallet_id: &str, proved: Proved) {
        if proved.flow.rows == 0 {
            return;
        }
        if let Some((seq, hash)) = proved.head {
            self.heads += &format!("{wallet_id} {seq} {}\n", hex(&hash));
        }
        self.wallets += 1;
        self.flow.add(&proved.flow);
        for page in proved.pages {
            let place = (page.day, Place::of(wallet_id));
            self.pages.entry(place).or_default().push(page);
        }
    }
}

impl Run<'_> {
    /// Checks a shard and stores what was found.
    pub(super) async fn shard(&self, shard: u8) -> Result<CheckPart> {
        let mut found = Found::default();
        for (wallet_id, since) in self.changed(shard).await? {
            let window = from(self.window, since);
            match prove(self.tables, &wallet_id, window).await? {
                Ok(proved) => found.proved(&wallet_id, proved),
                Err(bad) if found.unproved.len() < UNPROVED_MAX => {
                    found.unsure.insert(Place::of(&wallet_id));
                    found.unproved.push(Unproved {
                        wallet_id,
                        since: window.since,
                        position: bad.position,
                        what: bad.what.to_owned(),
                    });
                }
                Err(_) => return Err(overwhelmed(shard)),
            }
        }
        let (paged, repaired) = self.totals(&found).await?;
        let key = CheckPart::key_of(self.date, shard);
        let part = CheckPart {
            check: key.pk,
            shard: key.sk,
            digest: Fixed(sha256(&[found.heads.as_bytes()])),
            wallets: found.wallets,
            flow: found.flow,
            paged,
            repaired,
            unproved: found.unproved,
        };
        if !found.heads.is_empty() {
            let key = format!("ledger/{}/heads-{shard:02}.txt", self.date);
            let body = found.heads.into_bytes();
            self.logs.put(&key, body, "text/plain").await?;
        }
        self.tables.commit(Commit::new().put(&part)).await?;
        Ok(part)
    }

    /// The wallets that changed in the period or later, and those that could not be proved before
    /// with the instant from which they could not.
    async fn changed(&self, shard: u8) -> Result<BTreeMap<String, Option<Time>>> {
        let ids = wallets_since(self.tables, shard, self.window.since).await?;
        let mut changed: BTreeMap<_, _> = ids.into_iter().map(|id| (id, None)).collect();
        if let Some(date) = self.before {
            let before = CheckPart::load(self.tables, date, shard).await?;
            let unproved = before.map(|part| part.unproved).unwrap_or_default();
            changed.extend(
                unproved
                    .into_iter()
                    .map(|bad| (bad.wallet_id, Some(bad.since))),
            );
        }
        Ok(changed)
    }

    /// Compares the pages with the daily totals, counts what is missing there, and gives what the
    /// pages moved and how many were missing.
    async fn totals(&self, found: &Found) -> Result<(Sums, usize)> {
        let (mut paged, mut repaired) = (Sums::default(), 0);
        for (&(day, place), pages) in &found.pages {
            let key = DayTotal::key_of(day, place);
            let stored: Option<DayTotal> = self.tables.get_consistent(&key).await?;
            let mut stored = stored.unwrap_or_default();
            for page in pages {
                paged.add(&page.sums);
                if stored.marks.contains(&page.mark) {
                    continue;
                }
                if counted(self.tables, day, place, page.mark, &page.sums).await? {
                    repaired += 1;
                }
                stored.sums.add(&page.sums);
                stored.marks.push(page.mark);
            }
            if !found.unsure.contains(&place) && self.window.has_day(day) {
                self.compare(day, place, &stored, pages).await?;
            }
        }
        Ok((paged, repaired))
    }

    /// An item of totals must say what the pages say; if it does not, it is set right.
    async fn compare(
        &self,
        day: i64,
        place: Place,
        stored: &DayTotal,
        pages: &[Written],
    ) -> Result<()> {
        let mut wanted = Sums::default();
        pages.iter().for_each(|page| wanted.add(&page.sums));
        if stored.sums == wanted && stored.marks.len() == pages.len() {
            return Ok(());
        }
        let key = DayTotal::key_of(day, place);
        log::alarm(
            FUNCTION,
            &format!("the total {}/{} was wrong", key.pk, key.sk),
        );
        let marks: Vec<_> = pages.iter().map(|page| page.mark).collect();
        let right = DayTotal::set_right(key, &wanted, &marks, stored.sums.rows);
        self.tables
            .commit(right)
            .await
            .map_err(|missed| INTERNAL_ERROR.because(crate::Error::from(missed)))
    }
}

/// The wallets of a shard with a row since an instant's day, in the order of their ids.
pub(super) async fn wallets_since(
    tables: &Tables,
    shard: u8,
    since: Time,
) -> Result<BTreeSet<String>> {
    let first = Value::N(day_of(since).to_string());
    let last = Value::N(i64::from(i32::MAX).to_string());
    let query = Query::of(Name::Ledger, Wallet::day_shard(shard))
        .by(BY_DAY)
        .range(Range::Between(first, last))
        .limit(WALLETS_MAX);
    let rows = tables.rows(query).await?;
    if rows.len() >= WALLETS_MAX {
        return Err(UNAVAILABLE.because("more wallets than one shard can hold"));
    }
    let ids = rows
        .into_iter()
        .filter_map(|mut row| match row.remove("pk") {
            Some(Value::S(wallet_id)) => Some(wallet_id),
            _ => None,
        });
    Ok(ids.collect())
}
