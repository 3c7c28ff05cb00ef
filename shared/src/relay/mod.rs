//! Relay: the devices of a person and their keys.
