//! Calls: ringing, answering, metering and ending of one-to-one calls, and what the two ends need
//! to find each other.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Call`] | data | `cal_…` | `call` (indexes `called`, `rung`; until its end `live_calls`) |
//! | [`Lock`] | data | `usr_…` | `busy` |
//! | [`Signal`] | data | `cal_…` | `sig#<number, 4 digits>` |
//! | [`Candidates`] | data | `cal_…` | `ice#<side>` |
//! | [`SideQuality`] | data | `cal_…` | `quality#<side>` |
//! | [`Feedback`] | data | `cal_…` | `feedback#<side>` |
//!
//! Everything that decides is in the call's own row, which every transition replaces under a
//! condition on its version: no two transitions happen at once, and none happens twice. What time
//! alone does to a call follows from stored times ([`Call::fate`]); timers and sweeps only write
//! it down. The caller's hold lies in the wallet and moves in the same commit.

mod accept;
mod answer;
mod call;
mod candidate;
mod candidates;
mod carry;
mod dial;
mod facts;
mod fate;
mod finish;
mod hangup;
mod history;
mod lock;
mod look;
mod meter;
pub mod oversight;
mod quality;
mod rating;
mod refund;
mod relay;
mod ring;
mod sdp;
mod signal;
mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod timers;
mod turn;
mod view;
mod words;

pub use accept::Answering;
pub use answer::{Acceptance, Answered, Refusal, Wish, can_pay};
pub use call::{CALL_MS_MAX, Call, LIVE_SHARDS, LOST_MS, MEDIA_WAIT_MS, RING_SECONDS, Side};
pub use candidate::{IceCandidate, Kind as CandidateKind, kind_of, veiled};
pub use candidates::{Candidates, IceWish, OneCandidate};
pub use carry::{Carry, Changed, Kept, Plain, change, finish, finish_due, settle_hold};
pub use dial::{Dial, Quote, affordable_minutes, line, lock_stands, quote, slot_of};
pub use facts::{complete, facts_of, notices_of};
pub use fate::{End, billed_minutes};
pub use finish::Turn;
pub use hangup::{Lost, hang_up, leave, part, terminate};
pub use history::{Filter, Place, live_call, page, stats};
pub use lock::{CallStats, Lock, Tally};
pub use look::{Look, Pulse, look, tidings, to_end, warn};
pub use meter::{EXTEND_SECONDS, Metered, WARNINGS};
pub use quality::{Report, SideQuality, report};
pub use rating::{Feedback, Rating};
pub use relay::{Mailbox, SignalRate, SignalView, answer_of, keep, pass_on, store, stored_for};
pub use ring::{NewCall, may_ring};
pub use sdp::{CANDIDATES_MAX, SDP_BYTES_MAX, check_sdp, relayed_only};
pub use signal::{BATCH_MAX, Checked, Signal, SignalKind};
pub use sweep::{CallRef, Swept, live_calls, sweep};
pub use timeline::{STEPS_MAX, Step, StepView, Timeline};
pub use timers::{Meter, Timer, Wait, delay, set_timer};
pub use turn::{IceServer, Turn as TurnServers, credentials, life_seconds};
pub use view::{CallView, Connected, Joined, Opened, Over};
pub use words::{Actor, CallQuality, CallType, EndedReason, MediaState, Status};
