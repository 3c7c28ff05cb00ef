//! Sweeps over the list of functions: what must hold of every one of them. A new function fails
//! here until it has a sample, and shows up as a new line of the golden table.

mod authorization;
mod beginning;
mod bodies;
mod frames;
mod hostile;
mod leaks;
mod marks;
mod outdated;
mod outputs;
mod repeats;
mod replay;
pub mod samples;
mod secrets;
