//! What goes wrong in the cloud, one call after the other: every function, every call, every way.
//!
//! - `stories`, `deeds`, `trial`: a function at work in a prepared world, disturbed at some places
//! - `essence`, `allowed`: what a world comes to without names and times, and what may differ
//! - `singles`, `doubles`: every single place, and every two that can do more together
//! - `matrix`: the page of all of them
//! - `telling`: frames, which leave nothing behind to compare
//! - `calls`: a whole call, whose functions work on each other

mod allowed;
mod calls;
mod deeds;
mod doubles;
mod essence;
mod matrix;
mod singles;
mod stories;
mod telling;
mod trial;
