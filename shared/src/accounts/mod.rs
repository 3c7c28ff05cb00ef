//! Accounts: registration, proof of the address, sign-in, sessions and the tokens they issue.

pub mod keys;
pub mod sealed;
pub mod session;
pub mod token;

pub use sealed::Sealed;
pub use session::{RevokeReason, Revoked, Session, SessionOwner, facts_of};
