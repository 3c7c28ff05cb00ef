//! Sweeps over the list of functions: what must hold of every one of them. A new function fails
//! here until it has a sample, and shows up as a new line of the golden table.

mod authorization;
mod beginning;
mod hostile;
mod replay;
pub mod samples;
