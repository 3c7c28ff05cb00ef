//! Relay: the devices of a person.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        clean_revoked_device,
        list_devices,
        register_device,
        rename_device,
        revoke_device,
    }
}
