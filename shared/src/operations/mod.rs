//! Operations: health of the dependencies and the table of routes.

pub mod health;
pub mod routes;
