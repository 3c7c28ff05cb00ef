//! Accounts: registration, proof of the address, sign-in, sessions and the tokens they issue.
//!
//! Each module names its items and their keys at its top. What a person may read only with their
//! data key is [`Sealed`]: address, birthdate, and the secret that refresh tokens are made of.

pub mod account;
pub mod address;
pub mod ban;
mod change;
pub mod demo;
mod desk;
pub mod directory;
mod edit;
pub mod factor;
pub mod import;
mod issue;
pub mod keys;
mod lists;
pub mod lock;
mod measure;
pub mod nobody;
mod notice;
pub mod onetime;
pub mod page;
pub mod password;
pub mod person;
pub mod phone;
mod place;
mod profile;
pub mod proof;
mod reauthenticate;
pub mod refresh;
mod register;
mod reset;
mod rotate;
pub mod sealed;
pub mod session;
pub mod sessions;
mod sign_in;
pub mod social;
pub mod token;
mod verify;
pub mod view;

pub use account::Account;
pub use address::Email;
pub use change::{Changed, PasswordChange, change_password};
pub use desk::{
    Changer, Confirmer, Doorkeeper, Examiner, Guard, Locksmith, Notary, Office, Opener, Operator,
    Registrar, Renewer, Rotator, Usher, Warden,
};
pub use factor::challenge::SignedIn;
pub use issue::TokenAnswer;
pub use measure::{Measure, Measured, lift_ended};
pub use notice::device_notice;
pub use profile::Profile;
pub use reauthenticate::{Confirmed, Presence, reauthenticate};
pub use register::{Application, Registered, register};
pub use reset::{NewPassword, Restored, request_reset, reset_password};
pub use rotate::{Rotation, rotate};
pub use sealed::Sealed;
pub use session::{RevokeReason, Revoked, Session, SessionOwner, facts_of};
pub use sign_in::{Credentials, sign_in};
pub use verify::{Evidence, Noted, Verified, look_at, resend, verify};
