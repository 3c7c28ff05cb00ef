//! Notifications: rows that somebody must be told, and how mails reach them.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Notification`] | data | `usr_…` | `ntf#ntf_…` (index `due` while it is pending) |
//!
//! The row is part of the transaction that causes the mail, so neither can exist without the
//! other. The stream queues a fresh row at once; what the stream or the queue lost is found by
//! the index of due rows.

mod delivery;
mod letter;
mod row;
mod security;
mod sms;

pub use delivery::{Carrier, Jobs, MailJob, Step, deliver, due_jobs, retry_after};
pub use letter::{Facts, Mail, write};
pub use row::{Channel, Detail, NewMail, Notification, State, mail};
pub use security::SecurityChange;
pub use sms::{Text, TextFacts, sms};
