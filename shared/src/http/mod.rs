//! Calls of clients, by HTTP and by frame: extractors, answers, validation, idempotency, limits.
//!
//! Order of checks: size and syntax ([`call`]), authentication and rate limit ([`member`]),
//! validation ([`body`]), replay ([`once`]), then the handler: object, state, money.

pub mod admin;
pub mod body;
pub mod call;
pub mod check;
mod event;
pub mod limit;
pub mod member;
pub mod once;
mod pages;
pub mod reply;
mod serve;
pub mod wire;

pub use admin::Admin;
pub use body::{Body, Nothing, Path, Query};
pub use call::{Call, Caller, Client};
pub use limit::Rate;
pub use member::{Fresh, Me, Member, OnSocket, Visitor};
pub use once::Once;
pub use pages::Pages;
pub use reply::{
    Accepted, Cached, Created, Html, Json, Later, NoContent, Progress, Redirect, Status,
};
pub use serve::{serve, serve_admin};
