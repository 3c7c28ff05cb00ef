//! Operations: health of the dependencies, the table of routes, and runs that were asked for.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`JobRun`] | data | `run_…` | `run` |
//! | [`Running`] | data | `running#<function>` | `running` |

pub mod health;
pub mod routes;
mod run;

pub use run::{JobRun, RunOutcome, RunView, Running};
