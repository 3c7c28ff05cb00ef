//! Conversations that rest: after a year without a message their messages move to object storage,
//! in ranges of 250 numbers, and stay readable. `{cnv_…}/{range, 10 digits}` holds the rows of a
//! range as they were.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Resting`] | data | `cnv_…` | `rest` (index `due`, shards `rest#0` … `rest#3`) |
//!
//! The head tells up to which number messages may be in the archive. A row in the table always
//! counts more than its copy there: whoever changes an archived message puts its row back first.

mod forget;
mod rest;
mod run;
mod shelf;

pub(super) use forget::forget;
pub use rest::{Resting, begin};
pub use run::{Archived, archive};
pub(super) use shelf::in_table;
pub use shelf::{Finder, Shelf};
