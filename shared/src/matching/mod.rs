//! Matching: uploads, who is kept apart from whom, and how far somebody is trusted.

pub mod block;
mod standing;
mod trust;
pub mod uploads;

pub use standing::Standing;
pub use trust::{Facts, Level};
