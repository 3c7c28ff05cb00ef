//! What the calls cost: consumed capacity per function, operation, table and index.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The units of one function, operation, table and index.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The function that called.
    pub function: String,
    /// Such as `DynamoDB.PutItem`.
    pub operation: String,
    /// Short name of the table; of other services the resource, such as `queue/mail`.
    pub table: String,
    /// The index; `None` for the table itself.
    pub index: Option<String>,
    /// Read request units.
    pub read: f64,
    /// Write request units.
    pub write: f64,
    /// Calls that touched it.
    pub calls: u64,
}

type Key = (String, String, String, Option<String>);

#[derive(Clone, Copy, Default)]
struct Units {
    read: f64,
    write: f64,
    calls: u64,
}

/// The meter of one cloud.
#[derive(Default)]
pub struct Meter(Mutex<BTreeMap<Key, Units>>);

impl Meter {
    fn units(&self) -> MutexGuard<'_, BTreeMap<Key, Units>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything counted since the last take or reset, sorted; the meter starts anew.
    pub fn take(&self) -> Vec<Line> {
        let units = std::mem::take(&mut *self.units());
        units
            .into_iter()
            .map(|(key, units)| line(key, units))
            .collect()
    }

    /// Everything counted since the last take or reset, sorted.
    pub fn lines(&self) -> Vec<Line> {
        let units = self.units();
        units
            .iter()
            .map(|(key, units)| line(key.clone(), *units))
            .collect()
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.units().clear();
    }

    /// Counts one call on one table or index.
    pub(super) fn add(
        &self,
        (function, operation): (&str, &str),
        table: &str,
        index: Option<&str>,
        (read, write): (f64, f64),
    ) {
        let key = (
            function.to_owned(),
            operation.to_owned(),
            table.to_owned(),
            index.map(str::to_owned),
        );
        let mut all = self.units();
        let units = all.entry(key).or_default();
        units.read += read;
        units.write += write;
        units.calls += 1;
    }
}

fn line((function, operation, table, index): Key, units: Units) -> Line {
    let Units { read, write, calls } = units;
    Line {
        function,
        operation,
        table,
        index,
        read,
        write,
        calls,
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}
