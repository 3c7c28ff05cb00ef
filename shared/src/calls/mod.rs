//! Calls: ringing, answering, metering and ending of one-to-one calls, and what the two ends need
//! to find each other.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Call`] | data | `cal_…` | `call` (indexes `called`, `rung` and, until it is over, `live_calls`) |
//! | [`Lock`] | data | `usr_…` | `busy` |
//!
//! Everything that decides is in the call's own row, which every transition replaces under a
//! condition on its version: no two transitions happen at once, and none happens twice. What time
//! alone does to a call follows from stored times ([`Call::fate`]); timers and sweeps only write
//! it down. The caller's hold lies in the wallet and moves in the same commit.

mod answer;
mod call;
mod carry;
mod dial;
mod facts;
mod fate;
mod finish;
mod lock;
mod look;
mod meter;
mod ring;
mod sweep;
mod timeline;
mod timers;
mod turn;
mod view;
mod words;

pub use answer::{Answered, Refusal, Wish, can_pay};
pub use call::{CALL_MS_MAX, Call, LIVE_SHARDS, LOST_MS, MEDIA_WAIT_MS, RING_SECONDS, Side};
pub use carry::{Carry, Changed, Kept, Plain, change, finish, finish_due, settle_hold};
pub use dial::{Answering, Dial, affordable_minutes, line, lock_stands, slot_of};
pub use facts::{complete, facts_of};
pub use fate::{End, billed_minutes};
pub use finish::Turn;
pub use lock::{CallStats, Lock, Tally};
pub use look::{Look, Pulse, look, tidings, to_end, warn};
pub use meter::{EXTEND_SECONDS, Metered, WARNINGS};
pub use ring::{NewCall, may_ring};
pub use sweep::{CallRef, Swept, live_calls, sweep};
pub use timeline::{STEPS_MAX, Step, StepView, Timeline};
pub use timers::{Meter, Timers, Wait, delay};
pub use turn::{IceServer, Turn as TurnServers, credentials, life_seconds};
pub use view::{CallView, Joined, Over};
pub use words::{Actor, CallQuality, CallType, EndedReason, MediaState, Status};
