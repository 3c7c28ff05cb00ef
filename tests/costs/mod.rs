//! What operations cost in DynamoDB units, read from consumed capacity at the SDK boundary, and
//! `docs/costs.md`, which says so.

mod bill;
mod calls;
mod message;
mod operations;
mod stories;
