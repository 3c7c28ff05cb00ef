//! Notifications: rows that somebody must be told, and how mails reach them.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Notification`] | data | `usr_…` | `ntf#ntf_…` (index `due` while it is pending) |
//! | [`Entry`] | data | `usr_…` | `inbox#ntf_…`, in the order of the events |
//! | [`Inbox`] | data | `usr_…` | `inbox` |
//! | [`PushTarget`] | data | `usr_…` | `push#ptg_…` |
//! | [`TokenOwner`] | data | `push-token#<hash of a token>` | `owner` |
//!
//! The row is part of the transaction that causes the mail, so neither can exist without the
//! other. The stream queues a fresh row at once; what the stream or the queue lost is found by
//! the index of due rows.
//!
//! What is told inside the app is an entry of the person's inbox. It follows from the stream of
//! the event's own row, so no event pays for it. Pushes are planned in the same commit, a row for
//! each phone, and are delivered like mails.

mod courier;
mod delivery;
mod inbox;
mod letter;
mod missive;
mod notice;
mod pushes;
mod register;
mod row;
mod security;
mod sms;
mod target;

pub use courier::Courier;
pub use delivery::{
    Carrier, Forgotten, Jobs, MailJob, PushJob, Step, deliver, due_jobs, retry_after,
};
pub use inbox::{Entry, Inbox, facts_of, plan};
pub use letter::{Facts, Mail, write};
pub use notice::{Notice, Told};
pub use pushes::forgotten;
pub use register::{NewTarget, RegisteredPhone, leave_targets, register_target, remove_target};
pub use row::{Channel, Detail, NewMail, Notification, State, mail};
pub use security::SecurityChange;
pub use sms::{Text, TextFacts, sms};
pub use target::{Address, Platform, PushTarget, TARGETS_MAX, TokenKind, TokenOwner};
