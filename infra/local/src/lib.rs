//! The local cloud: the whole back end in one process, as `cargo run` starts it.
//!
//! - [`runtime`]: functions, event sources and time, as one value
//! - [`gateway`]: API Gateway, with and without a network under it
//! - [`local`]: the paths `/_local` and `/_aws`, and the page
//! - [`idp`]: identity providers like Google, Facebook and Apple
//! - [`cloud`], [`clock`]: the AWS services under the SDK, and the one clock
//! - [`seed`]: the demo people
//! - [`log`]: the readable lines

pub mod clock;
pub mod cloud;
pub mod gateway;
pub mod idp;
pub mod local;
pub mod log;
pub mod runtime;
pub mod seed;

#[cfg(test)]
mod fake;

use shared::function::Function;

/// Every function of the product.
pub fn functions() -> Vec<&'static Function> {
    let domains = [
        accounts::bin::FUNCTIONS,
        admin::bin::FUNCTIONS,
        calls::bin::FUNCTIONS,
        credits::bin::FUNCTIONS,
        matching::bin::FUNCTIONS,
        messaging::bin::FUNCTIONS,
        notifications::bin::FUNCTIONS,
        operations::bin::FUNCTIONS,
        realtime::bin::FUNCTIONS,
        relay::bin::FUNCTIONS,
    ];
    domains.into_iter().flatten().copied().collect()
}
