//! Moderation: what detectors find in messages, and the queue of what people have to look at.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`ModerationItem`] | data | `mod_…` | `item` (index `due`) |
//!
//! Open items stand in the index under `queue#<kind>` by rank, claimed ones under `claim` by the
//! end of the claim, resolved ones under `resolved` by the instant of the decision.
//!
//! Detectors are data: a table of phrases per rule, each with its locale, and per rule what
//! follows. A text is read once, in linear time; what a rule needs besides (the age of the account,
//! trust, what was written to others) is asked for only when the text matches already.

mod claim;
mod detect;
mod evidence;
mod flagged;
mod flags;
mod item;
mod look;
mod queue;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use claim::{CLAIM_MS, expire_claims};
pub use detect::{Found, detect};
pub use evidence::{Evidence, evidence_of};
pub use flagged::{queue_crowded, queue_flagged};
pub use flags::{FlagFilter, FlagSpot, FlagView, clear, list_flags};
pub use item::{Finding, ItemState, ModerationItem, Resolution, Severity, Subject};
pub use look::{Hit, Known, Look, Outcome, Verdict, When, YOUNG_MS, look};
pub use queue::{Counts, QUEUE_PAGE, QueueFilter, Survey, list_items, open_items, survey};
pub use view::{EvidenceView, ItemView, known_item};
