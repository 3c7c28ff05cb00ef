//! What administrators see of all calls, and what they do about them: a log by hour, figures,
//! search, export, ending, refunds.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`CallDay`] | insight | `calls` | `<date>` |
//! | [`CallRow`] | insight | `calls#<date>` | `h<hour, 2 digits>#<hash>` |
//!
//! A call enters the log when it is over, where it began to ring, and again when its quality or
//! what was given back changes: of equal calls the highest version counts, so a note that comes
//! twice, late or in another order changes nothing. A call that is not over is found in the index
//! of live calls. So nothing is written for search and figures while a call runs, and the row of
//! the log is shared by all calls that end within two seconds.

mod active;
mod day;
mod decide;
mod entry;
mod file;
mod find;
mod live;
mod overview;
mod source;
mod view;

pub use active::{active_calls, calls_of};
pub use day::{CallDay, Sums};
pub use decide::{CallJudged, CallJudgement, Refunded, moderate_as, refund_as, terminate_as};
pub use entry::{CallNote, CallRow, Entry, notes_of, record};
pub use file::{export, file_of};
pub use find::{CallFilter, CallsFound, Search};
pub use overview::{Overview, overview};
pub use view::{AdminCall, CallFile, SideFeedback, SideReport, inspect};
