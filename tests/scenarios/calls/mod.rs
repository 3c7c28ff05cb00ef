//! Calls (spec calls.md, *Acceptance scenarios*).

mod billing;
pub mod phone;

pub use phone::{Talk, friends};
