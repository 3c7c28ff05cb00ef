//! Relay: the devices of a person.

/// One module per function.
pub mod bin {
    shared::functions! {}
}
