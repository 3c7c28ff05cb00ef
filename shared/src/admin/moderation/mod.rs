//! What moderators do with items of the queue and with flags of misuse.

mod expire;
mod flag;
mod resolve;
mod take;

pub use expire::expire_approvals;
pub use flag::clear_flag;
pub use resolve::{Bench, ItemVerdict, Resolved, resolve};
pub use take::{claim, release};
