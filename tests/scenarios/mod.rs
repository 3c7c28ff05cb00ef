//! What the product does, in product sentences, domain by domain.

pub mod accounts;
pub mod admin;
pub mod calls;
mod conventions;
pub mod credits;
mod lost;
pub mod messaging;
mod operations;
pub mod realtime;
mod relay;
mod uploads;
