//! Scenarios, sweeps, faults, contract and style of the whole product, in one binary.

mod contract;
mod costs;
mod scenarios;
mod tidy;
