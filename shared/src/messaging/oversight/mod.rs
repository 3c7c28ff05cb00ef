//! What administrators see of all messages: a log by minute, figures, search, exports, removal.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`DayTally`] | insight | `messages` | `<date>` |
//! | [`LogRow`] | insight | `messages#<date>`, `unapproved#<date>` | `m<minute>#<hash>`, `x…` |
//! | [`FactRow`] | insight | `messages#<date>` | `f<hour, 2 digits>#<hash>` |
//! | [`HourTally`] | insight | `messages#<date>` | `h<hour, 2 digits>` |
//!
//! A row of the log whose place begins with `x` takes a removed message out of it.
//!
//! The stream's consumer hands notes to a queue, whose worker gathers the notes of two seconds
//! into rows of at most a kilobyte. Everything in a row follows from the message alone: a note that
//! comes twice writes what is there already, or a second row in the same hour, and readers take
//! equal entries once. So figures are counted from rows without a counter that could be raised
//! twice, and kept per hour and day once those are over.

mod day;
mod fact;
mod file;
mod find;
mod judge;
mod log;
mod note;
mod overview;
mod record;
mod remove;
mod source;
mod strand;
mod sums;
mod tally;
mod view;

pub use day::LogDay;
pub use fact::{Fact, FactKind, FactRow};
pub use file::{export, file_of};
pub use find::{Filter, MessagesFound, Search};
pub use judge::{MessageJudged, moderate_as, read_conversation, remove_as};
pub use log::date_of;
pub use log::{Entry, LogRow};
pub(crate) use log::{hash_of, partition, rows_of};
pub use note::{Note, notes_of};
pub use overview::{Overview, overview};
pub use record::record;
pub use source::Position;
pub use sums::{Sums, Tally, delay};
pub(crate) use tally::keep;
pub use tally::{DayTally, HourTally};
pub use view::{AdminMessage, Viewer};
