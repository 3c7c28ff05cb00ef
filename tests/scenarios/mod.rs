//! What the product does, in product sentences, domain by domain.

mod accounts;
mod conventions;
mod credits;
mod messaging;
mod operations;
mod realtime;
mod relay;
mod uploads;
