//! Consumed capacity: always asked of the engine, counted, and given to the SDK only as it asked.

use std::collections::HashMap;

use dynoxide::types::{CapacityDetail, ConsumedCapacity};

use super::operation::Op;
use crate::cloud::in_flight::Mode;
use crate::cloud::meter::Meter;
use crate::cloud::tables::short;

/// Takes the capacity out of an answer.
pub fn taken<O: Op>(answer: &mut O::Answer) -> Vec<ConsumedCapacity> {
    O::take_capacity(answer)
}

/// Puts back as much as the SDK asked for.
pub fn give_back<O: Op>(
    answer: &mut O::Answer,
    mut consumed: Vec<ConsumedCapacity>,
    wish: Option<&str>,
) {
    match wish {
        Some("INDEXES") => O::set_capacity(answer, consumed),
        Some("TOTAL") => {
            for capacity in &mut consumed {
                capacity.table = None;
                capacity.global_secondary_indexes = None;
                capacity.local_secondary_indexes = None;
            }
            O::set_capacity(answer, consumed);
        }
        _ => {}
    }
}

/// Counts what a call consumed, table and indexes apart.
pub fn count(meter: &Meter, caller: (&str, &str), consumed: &[ConsumedCapacity], mode: Mode) {
    for capacity in consumed {
        let table = short(&capacity.table_name);
        let own = match &capacity.table {
            Some(detail) => units(detail, mode),
            None => split(capacity.capacity_units, mode),
        };
        meter.add(caller, table, None, own);
        let indexes: [&Option<HashMap<String, CapacityDetail>>; 2] = [
            &capacity.global_secondary_indexes,
            &capacity.local_secondary_indexes,
        ];
        for (name, detail) in indexes.into_iter().flatten().flatten() {
            meter.add(caller, table, Some(name), units(detail, mode));
        }
    }
}

fn units(detail: &CapacityDetail, mode: Mode) -> (f64, f64) {
    // Transactions say which; a replayed one costs reads although it is a write.
    match (detail.read_capacity_units, detail.write_capacity_units) {
        (None, None) => split(detail.capacity_units, mode),
        (read, write) => (read.unwrap_or_default(), write.unwrap_or_default()),
    }
}

fn split(units: f64, mode: Mode) -> (f64, f64) {
    match mode {
        Mode::Read | Mode::ReadTogether => (units, 0.0),
        Mode::Write | Mode::WriteTogether => (0.0, units),
    }
}
