//! Notifications: rows that somebody must be told, and how mails reach them.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Notification`] | data | `usr_…` | `ntf#ntf_…` (index `due` while it is pending) |
//! | [`Entry`] | data | `usr_…` | `inbox#ntf_…`, in the order of the events |
//! | [`Inbox`] | data | `usr_…` | `inbox` |
//!
//! The row is part of the transaction that causes the mail, so neither can exist without the
//! other. The stream queues a fresh row at once; what the stream or the queue lost is found by
//! the index of due rows.
//!
//! What is told inside the app is an entry of the person's inbox. It follows from the stream of
//! the event's own row, so no event pays for it.

mod delivery;
mod inbox;
mod letter;
mod notice;
mod row;
mod security;
mod sms;

pub use delivery::{Carrier, Jobs, MailJob, Step, deliver, due_jobs, retry_after};
pub use inbox::{Entry, Inbox, facts_of, plan};
pub use letter::{Facts, Mail, write};
pub use notice::{Notice, Told};
pub use row::{Channel, Detail, NewMail, Notification, State, mail};
pub use security::SecurityChange;
pub use sms::{Text, TextFacts, sms};
