//! Counts every ledger page that was written in the totals of its day, once.

use shared::credits::{Page, count_page};
use shared::table::{Ledger, WriteOnly};
use shared::worker::Change;
use shared::{Result, Table, stream};

stream!("ledger" => sum_ledger_totals);

async fn sum_ledger_totals(table: Table<WriteOnly<Ledger>>, changes: Vec<Change>) -> Result<()> {
    let pages = changes
        .iter()
        .filter(|one| one.sk.starts_with(Page::PREFIX));
    for change in pages {
        if let (None, Some(page)) = change.of::<Page>()? {
            count_page(&table, &page).await?;
        }
    }
    Ok(())
}
