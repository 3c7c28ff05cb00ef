//! Moderation: what detectors find in messages, and the queue of what people have to look at.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`ModerationItem`] | data | `mod_…` | `item` (index `due` until it is resolved) |
//!
//! Open items stand in the index under `queue#<kind>` by rank, claimed ones under `claim` by the
//! end of the claim; resolved ones in neither.
//!
//! Detectors are data: a table of phrases per rule, each with its locale, and per rule what
//! follows. A text is read once, in linear time; what a rule needs besides (the age of the account,
//! trust, what was written to others) is asked for only when the text matches already.

mod detect;
mod flagged;
mod item;
mod look;
mod queue;
mod rules;
#[cfg(test)]
mod tests;

pub use detect::{Found, detect};
pub use flagged::{queue_crowded, queue_flagged};
pub use item::{
    Evidence, Finding, ItemState, ModerationItem, Resolution, Severity, Subject, evidence_of,
};
pub use look::{Hit, Known, Look, Outcome, Verdict, When, YOUNG_MS, look};
pub use queue::{QUEUE_PAGE, open_items};
