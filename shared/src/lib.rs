//! The crate under every function: capabilities, tables, wire and the domains' rules.
//!
//! - [`function`]: what a function declares; `declare`: the macros that every function file
//!   starts with; [`desk`]: sets of capabilities
//! - [`http`]: extractors, replies, validation, idempotency and rate limits of client calls
//! - [`worker`]: queue messages, stream changes and schedule ticks
//! - [`table`]: keys, items, conditions, commits and queries as data
//! - [`aws`]: the only place that names an AWS SDK
//! - [`lambda`]: the only place that names the Lambda runtime; [`start`]: what must be there first;
//!   [`prepare`]: making it, once per stack
//! - [`accounts`], [`admin`], [`calls`], [`credits`], [`matching`], [`messaging`],
//!   [`moderation`], [`realtime`], [`relay`], [`notifications`], [`operations`],
//!   [`privacy`]: the domains
//! - [`crypto`], [`text`], [`id`], [`time`], [`page`], [`config`], [`log`], [`error`],
//!   [`env`](mod@env): small tools

pub mod accounts;
pub mod admin;
pub mod aws;
pub mod calls;
pub mod config;
pub mod credits;
pub mod crypto;
mod declare;
pub mod desk;
pub mod env;
pub mod error;
pub mod function;
pub mod http;
pub mod id;
pub mod lambda;
pub mod log;
pub mod matching;
pub mod messaging;
pub mod moderation;
pub mod notifications;
pub mod operations;
pub mod pack;
pub mod page;
pub mod prepare;
pub mod privacy;
pub mod realtime;
pub mod relay;
pub mod start;
pub mod table;
pub mod text;
pub mod time;
pub mod worker;

pub use env::Env;
pub use error::{Error, Fault, Result};
pub use id::Ids;
pub use table::Table;
pub use time::{Clock, Time};
