//! Signing in with Google, Facebook or Apple.
//!
//! - [`provider`]: where each is asked
//! - `client`, `token`: a provider's code becomes a proven identity
//! - [`flow`]: from the app's question to its one-time code
//! - [`exchange`]: the one-time code becomes a session, an account or another way to sign in
//! - [`identity`]: the identities of an account

mod client;
pub mod exchange;
pub mod flow;
pub mod identity;
pub mod provider;
mod returned;
pub mod token;

pub use client::{Proven, Providers};
pub use returned::{Location, Returned};
