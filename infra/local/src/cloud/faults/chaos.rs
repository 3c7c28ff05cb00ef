//! Everything goes wrong now and then, by dice that one seed decides.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use super::Kind;

/// Longest pause of a stream or queue, milliseconds.
const PAUSE_MS_MAX: u64 = 800;
/// Longest life of an invocation that dies of itself, milliseconds.
const LIFE_MS_MAX: u64 = 150;
/// How far the clock of an instance is off at most, either way, milliseconds.
pub const SKEW_MS_MAX: i64 = 5_000;
/// Kinds that a die chooses from. A death takes the client's patience, so it is rarer.
const KINDS: [Kind; 14] = [
    Kind::BeforeEffect,
    Kind::BeforeEffect,
    Kind::AfterEffect,
    Kind::AfterEffect,
    Kind::Throttle,
    Kind::Throughput,
    Kind::Conflict,
    Kind::Conflict,
    Kind::Partial,
    Kind::Partial,
    Kind::Stale,
    Kind::Stale,
    Kind::Timeout,
    Kind::EndHandler,
];

/// What happens to a connection when something is posted to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketFault {
    /// The client vanishes; what was posted is lost, and the gateway says that it is gone.
    Gone,
    /// The client vanishes; the gateway takes what is posted as if nothing were wrong.
    HalfOpen,
}

/// The dice, and what they have done.
pub(super) struct Chaos {
    dice: Rng,
    per_mille: u32,
    done: BTreeMap<String, usize>,
}

impl Chaos {
    pub fn new(seed: u64, per_mille: u32) -> Self {
        Self {
            dice: Rng::with_seed(seed),
            per_mille,
            done: BTreeMap::new(),
        }
    }

    pub fn done(&self) -> &BTreeMap<String, usize> {
        &self.done
    }

    /// Whether it happens this time.
    pub fn happens(&mut self, what: &str) -> bool {
        let happens = self.dice.u32(..1_000) < self.per_mille;
        if happens {
            *self.done.entry(what.to_owned()).or_default() += 1;
        }
        happens
    }

    /// How a call goes wrong, if it does.
    pub fn call(&mut self, operation: &str, eventual: bool) -> Option<Kind> {
        if self.dice.u32(..1_000) >= self.per_mille {
            return None;
        }
        let kind = KINDS.get(self.dice.usize(..KINDS.len())).copied()?;
        let kind = match kind.applies(operation, eventual) {
            true => kind,
            false => Kind::BeforeEffect,
        };
        *self.done.entry(format!("call {kind:?}")).or_default() += 1;
        Some(kind)
    }

    pub fn pause(&mut self) -> Duration {
        Duration::from_millis(self.dice.u64(1..=PAUSE_MS_MAX))
    }

    pub fn life(&mut self) -> Duration {
        Duration::from_millis(self.dice.u64(0..=LIFE_MS_MAX))
    }

    pub fn skew_ms(&mut self) -> i64 {
        self.dice.i64(-SKEW_MS_MAX..=SKEW_MS_MAX)
    }

    pub fn socket(&mut self) -> SocketFault {
        match self.dice.bool() {
            true => SocketFault::Gone,
            false => SocketFault::HalfOpen,
        }
    }

    /// Another order of what has any order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        self.dice.shuffle(all);
    }
}
