//! The backend in one process: the local cloud.

pub mod clock;
pub mod cloud;
