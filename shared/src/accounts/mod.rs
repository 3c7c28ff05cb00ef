//! Accounts: registration, proof of the address, sign-in, sessions and the tokens they issue.
//!
//! Each module names its items and their keys at its top. What a person may read only with their
//! data key is [`Sealed`]: address, birthdate, and the secret that refresh tokens are made of.

pub mod account;
pub mod address;
pub mod keys;
mod lists;
pub mod lock;
pub mod password;
pub mod person;
pub mod proof;
pub mod refresh;
pub mod sealed;
pub mod session;
pub mod token;

pub use account::{Account, Profile};
pub use address::Email;
pub use sealed::Sealed;
pub use session::{RevokeReason, Revoked, Session, SessionOwner, facts_of};
