//! The relay (spec relay.md, *Acceptance scenarios*), as far as it exists: the devices.

mod devices;
mod revocation;
