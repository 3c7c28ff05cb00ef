//! Relay: the devices of a person and their keys.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Device`] | data | `usr_…` | `device#dev_…` |
//! | [`DeviceOwner`] | data | `dev_…` | `owner` |
//! | [`DeviceName`] | data | `usr_…` | `device-name#<digest of the folded name>` while active |
//! | [`DeviceKey`] | data | `usr_…` | `device-key#<public key>` |
//! | [`DeviceCount`] | data | `usr_…` | `devices` |
//!
//! A name is free again when its device is revoked; a key never is. The rows of the names are also
//! the list of the active devices, so a list costs what it shows and not what a person once had.
//! Whatever binds something to a device raises its revision, and a revocation is conditional on
//! it: nothing that was bound in between is overlooked.

mod clean;
mod device;
mod enroll;
mod key;
mod manage;
mod view;

pub use clean::{RevokedDevice, clean, facts_of, revocation_of};
pub use device::{
    DEVICES_MAX, Device, DeviceCount, DeviceKey, DeviceName, DeviceOwner, DeviceType, Standing,
    is_device_row,
};
pub use enroll::{Enrolled, NewDevice, enroll, register};
pub use key::{PublicKey, Statement};
pub use manage::{active, is_active, names_of, rename, revoke};
pub use view::{DeviceView, list};
