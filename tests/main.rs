//! Scenarios, sweeps, faults, contract and style of the whole product, in one binary.

mod contract;
mod costs;
mod faults;
mod histories;
mod properties;
mod scenarios;
mod sweeps;
mod tidy;
