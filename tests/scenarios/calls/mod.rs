//! Calls (spec calls.md, *Acceptance scenarios*).

pub mod billing;
mod coturn;
mod crossing;
mod ends;
mod exporting;
mod figuring;
mod history;
mod judging;
mod masses;
mod missed;
mod overseeing;
pub mod phone;
mod ringing;
mod signalling;
mod turn;

pub use billing::amounts;
pub use phone::{Talk, broken, dials, friends, no_sweep, no_timers};
pub use signalling::sdp;
