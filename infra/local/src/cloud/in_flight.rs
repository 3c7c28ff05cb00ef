//! Writes that meet: DynamoDB refuses a transaction that meets another writer of one of its items,
//! and a plain write that meets a transaction. The engine never does, so the connector does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Physical table, partition key, sort key.
pub(super) type ItemKey = (String, String, String);

/// What a request does to its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Reads; never refused, holds nothing.
    Read,
    /// Reads in a transaction: refused where a writer is in flight, holds nothing.
    ReadTogether,
    /// Plain writes: refused only where a transaction is in flight.
    Write,
    /// A transaction: refused where any writer is in flight.
    WriteTogether,
}

#[derive(Clone, Copy, Default)]
struct Writers {
    plain: u32,
    together: u32,
}

type Held = Arc<Mutex<HashMap<ItemKey, Writers>>>;

/// The items that writers hold.
#[derive(Clone, Default)]
pub(super) struct InFlight(Held);

/// Holds the items of one request until it is dropped.
pub(super) struct Hold {
    held: Held,
    keys: Vec<ItemKey>,
    mode: Mode,
}

impl InFlight {
    /// Marks the items, or says at which positions other requests are in flight.
    pub fn enter(&self, mode: Mode, keys: &[ItemKey]) -> Result<Hold, Vec<usize>> {
        let hold = |keys| Hold {
            held: Arc::clone(&self.0),
            keys,
            mode,
        };
        if mode == Mode::Read {
            return Ok(hold(Vec::new()));
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |key: &ItemKey| {
            let writers = held.get(key).copied().unwrap_or_default();
            writers.together > 0 || (mode != Mode::Write && writers.plain > 0)
        };
        let met: Vec<usize> = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| busy(key))
            .map(|(at, _)| at)
            .collect();
        if !met.is_empty() {
            return Err(met);
        }
        if mode == Mode::ReadTogether {
            return Ok(hold(Vec::new()));
        }
        for key in keys {
            *count(held.entry(key.clone()).or_default(), mode) += 1;
        }
        Ok(hold(keys.to_vec()))
    }
}

fn count(writers: &mut Writers, mode: Mode) -> &mut u32 {
    match mode {
        Mode::WriteTogether => &mut writers.together,
        _ => &mut writers.plain,
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            let Some(writers) = held.get_mut(key) else {
                continue;
            };
            let count = count(writers, self.mode);
            *count = count.saturating_sub(1);
            if writers.plain == 0 && writers.together == 0 {
                held.remove(key);
            }
        }
    }
}
