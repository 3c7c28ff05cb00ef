//! The relay (spec relay.md, *Acceptance scenarios*), as far as it exists: the devices.

pub mod devices;
mod revocation;
