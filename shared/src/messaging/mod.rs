//! Messaging: one conversation per pair; a message exists exactly when it has been paid for.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Head`] | data | `cnv_…` | `head` (index `changed`) |
//! | [`Message`] | data | `cnv_…` | `msg#<key, 26 characters>` (index `by_seq`) |
//! | [`MovesPage`] | data | `cnv_…` | `moves#<l or h><d or r>#<number, 16 digits>` |
//! | [`Seen`] | live | `seen#<link or text>#<hash>` | `usr_…#usr_…`, or `blocked` |
//! | [`Membership`] | data | `usr_…` | `with#usr_…` (indexes `by_hour` and `unread`) |
//!
//! A message's key is a hash of its sender and the client's id for it, so its row is the record
//! of the request: that it does not exist yet is the whole retry safety. A conversation's id
//! follows from the two people, a message's id carries conversation and key, so each is found by
//! one read without an index. Everything that both need to know is in the head, which every
//! change raises by one revision; what it does not tell is derived by the stream's consumer.

mod address;
mod admission;
pub mod archive;
mod attachments;
mod curtain;
mod delete;
mod facts;
mod head;
mod inbox;
mod marking;
mod marks;
mod membership;
mod message;
mod moderate;
mod moderating;
mod mute;
mod outbox;
pub mod oversight;
mod parts;
mod purge;
mod reading;
mod removal;
mod repair;
mod scan;
mod screening;
mod search;
mod send;
mod side;
#[cfg(test)]
mod tests;
mod typing;

mod views;
mod walk;
mod window;
mod words;

pub use address::{conversation_id, message_at, message_id, message_key, message_row};
pub use admission::{Admission, NEW_CONTACTS};
pub use archive::Shelf;
pub use attachments::{Attachment, AttachmentView, Gallery, releases};
pub use delete::{Deleted, Deletion, Scope};
pub use facts::{complete, facts_of};
pub use head::{Head, Last, Who};
pub use inbox::{Inbox, Listed, Unread, unread_total};
pub use marking::{Delivered, Marker, ReadAnswer, ReadWish};
pub use marks::{Mark, Marked, MovesPage, OlderMoves, Reading};
pub use membership::{LATE_FLOOR, Membership, follow, following, projections};
pub use message::{Message, MessageType, Metadata, Moderation, Status};
pub use moderate::{Case, Judged};
pub use moderating::{Moderating, fail, moderate, raise};
pub use mute::{MuteWish, Muted, mute};
pub use outbox::Outbox;
pub use oversight::{Note, notes_of};
pub use parts::{Bounds, ConversationPart, ListPart};
pub use purge::{Purged, purge};
pub use reading::{DeliveredMarks, Direction, Page, ReadMarks, Reader, Wish, find_message};
pub use removal::delete;
pub use repair::mend;
pub use scan::{Scan, Seen, scan, scans_of};
pub use screening::Scene;
pub use search::{Found, Search, SearchPlace};
pub use send::{Decided, Draft, Ground, NewAttachment, NewMessage};
pub use side::{Move, Moves, Side, Veil};
pub use typing::{Typing, TypingState};
pub use views::{ConversationView, LastMessage, Marks, MessageView, Partner, Sent, Stats};
pub use walk::Place;
pub use words::Words;
