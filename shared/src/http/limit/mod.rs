//! Rate limits: the generic cell rate algorithm, and the item that remembers it.
//!
//! Per person or address there is one activity item in table `live` (pk user id or `ip:…`, sk
//! `activity`): theoretical arrival times per class, last activity per slot, refusals and flags.
//! One conditional write per permitted request serves all of them. Where an operation writes an
//! item of its caller anyway (wallet, conversation head), the limit rides there.
//!
//! A flag of misuse is a row of its subject (sk `flag#flg_…`), for rules that know whom they ask
//! about, and a card under its own id (pk `flg_…`, sk `card`; index `due` under `flags` by the
//! instant of the raising), for moderators.

mod activity;
mod bucket;
mod flags;
mod frames;
mod refusals;

pub use activity::{Activity, spend, spend_key, touch};
pub use bucket::{Rate, Spent, Verdict, admit};
pub use flags::{Crowded, FLAGS_CROWD, FlagCard, raise_flag};
pub use frames::Frames;
pub use refusals::{AbuseFlag, note_refusal, note_slowed};

use crate::time::{MINUTE_MS, SECOND_MS};

/// The rate class of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Not limited here.
    None,
    /// Any signed-in operation, per user.
    #[default]
    Default,
    /// Any operation without sign-in, per address.
    Anonymous,
    /// Sign-in, per account and address.
    Login,
    /// Registration, per address.
    Register,
    /// Codes and links, per account.
    Otp,
    /// Password reset requests, per account and per address.
    Reset,
    /// Token refresh, per session.
    Refresh,
    /// Mail caused by one account.
    Mail,
    /// Messages; rides in the wallet.
    Send,
    /// Marks: the default class, riding in the conversation head.
    Mark,
    /// Typing state, per conversation.
    Typing,
    /// Starts of uploads.
    Upload,
    /// Searches.
    Discover,
    /// Reports and blocks.
    Report,
    /// Device registration and key rotation.
    Device,
    /// Admin routes that only look, per admin.
    AdminRead,
    /// Admin routes that change something, per admin.
    AdminWrite,
    /// Exports.
    Export,
    /// Calls; rides in the caller's busy lock.
    Call,
    /// Candidates and signals, per call and side; counted in memory.
    Ice,
    /// TURN credentials.
    Turn,
    /// Reports on how a call sounds; rides in the side's own item.
    Quality,
}

/// The numbers of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Name in headers and metrics.
    pub name: &'static str,
    /// Requests at once after a pause.
    pub burst: i64,
    /// Milliseconds until one more is allowed.
    pub every_ms: i64,
    /// Whether requests are refused while the limiter's store fails.
    pub closed: bool,
    /// Whether answers tell the state.
    pub told: bool,
}

impl Limit {
    /// The numbers of the class (spec conventions.md §9).
    pub const fn class(self) -> Class {
        let (name, burst, every_ms, closed, told) = match self {
            Self::None | Self::Default | Self::Mark => ("default", 100, SECOND_MS, false, true),
            Self::Anonymous => ("anonymous", 60, SECOND_MS, false, true),
            Self::Login => ("login", 5, 3 * MINUTE_MS, true, false),
            Self::Register => ("register", 5, 6 * MINUTE_MS, true, true),
            Self::Otp => ("otp", 12, MINUTE_MS, true, true),
            Self::Reset => ("reset", 3, 20 * MINUTE_MS, true, true),
            Self::Refresh => ("refresh", 150, 2 * SECOND_MS, false, true),
            Self::Mail => ("mail", 30, 2 * MINUTE_MS, true, true),
            Self::Send => ("send", 60, SECOND_MS, false, true),
            Self::Typing => ("typing", 1, 3 * SECOND_MS, false, true),
            Self::Upload => ("upload", 30, MINUTE_MS, false, true),
            Self::Discover => ("discover", 15, 8 * SECOND_MS, false, true),
            Self::Report => ("report", 3, 5 * SECOND_MS, false, true),
            Self::AdminRead => ("admin_read", 300, SECOND_MS / 5, false, true),
            Self::AdminWrite => ("admin_write", 60, SECOND_MS, true, true),
            Self::Export => ("export", 5, 12 * SECOND_MS, true, true),
            Self::Device => ("device", 6, 2 * MINUTE_MS, true, true),
            Self::Call => ("call", 6, 20 * SECOND_MS, false, true),
            Self::Ice => ("ice", 100, SECOND_MS / 10, false, true),
            Self::Turn => ("turn", 100, 10 * MINUTE_MS, false, true),
            Self::Quality => ("quality", 1, 10 * SECOND_MS, false, true),
        };
        Class {
            name,
            burst,
            every_ms,
            closed,
            told,
        }
    }

    /// Whether the operation counts in an item that it writes anyway.
    pub const fn rides(self) -> bool {
        use Limit::{Call, Ice, Mark, None, Quality, Send, Typing};
        matches!(self, Send | Mark | Typing | Call | Ice | Quality | None)
    }
}
