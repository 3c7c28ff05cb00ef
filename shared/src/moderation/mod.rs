//! Moderation: what detectors find in messages, and the queue of what people have to look at.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`ModerationItem`] | data | `mod_…` | `item` (index `due`: `queue#<kind>` by rank while open, `claim` by the claim's end) |
//!
//! Detectors are data: a table of patterns per rule in [`rules`], each with its outcome and
//! locale. A text is read once, in linear time; what a rule needs besides (the age of the account,
//! trust, what was written to others) is asked for only when the text matches already.

mod item;
mod look;
mod queue;

pub use item::{
    Evidence, Finding, ItemState, ModerationItem, Resolution, Severity, Subject, evidence_of,
};
pub use look::{Hit, Known, Look, Outcome, Verdict, When, YOUNG_MS, look};
pub use queue::{QUEUE_PAGE, open_items};
