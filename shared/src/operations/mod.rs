//! Operations: health of the dependencies, the table of routes, and runs that were asked for.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`JobRun`] | data | `run_…` | `run` |
//! | [`RunPart`] | data | `run_…` | `part#<number>` |
//! | [`Running`] | data | `running#<function>` | `running` |

pub mod health;
mod part;
pub mod routes;
mod run;

pub use part::{RunJob, RunPart, jobs_of};
pub use run::{JobRun, RunBegun, RunOutcome, RunView, Running};
