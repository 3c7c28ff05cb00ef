//! The local cloud: answers the AWS services that Pairly uses at the HTTP boundary under the SDK.
//!
//! - `connector`, `route`, `wire`: from the SDK's request to a service and back
//! - `dynamo`, `in_flight`, `streams`, `ttl`: tables, by the embedded engine
//! - `sqs`, `messages`: queues; `ses`: mail; `sns`, `endpoints`: text messages and pushes
//! - `kms`, `secrets`: keys; `sockets`: connections
//! - `s3`: objects, and what clients do with them by forms and links
//! - `faults`, `meter`, `grants`: what goes wrong, what it costs, who may do it
//! - `evidence`: what all worlds of a process did, for the checks of the whole suite
//! - `store`, `tables`: where it all is

mod connector;
mod dynamo;
mod endpoints;
pub mod evidence;
mod faults;
mod grants;
mod in_flight;
mod kms;
mod lambda;
mod messages;
mod meter;
mod route;
mod s3;
mod secrets;
mod ses;
mod sns;
mod sockets;
mod sqs;
mod store;
mod streams;
mod tables;
mod ttl;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::Value;
use shared::time::Time;
use tokio::sync::Notify;

use self::grants::Grants;
use self::in_flight::InFlight;
use self::store::Store;
use crate::clock::LocalClock;
use crate::idp::Idp;

pub use self::endpoints::platform_arn;
pub use self::faults::{Faults, Kind, Rule, SKEW_MS_MAX, Site, SocketFault, has_effect, mortal};
pub use self::grants::keys_of;
pub use self::lambda::{Callees, Invoked};
pub use self::messages::Received;
pub use self::meter::{Line, Meter};
pub use self::ses::OutboxItem;
pub use self::sockets::{Gone, Sockets, Unposted};
pub use self::store::Snapshot;
pub use self::wire::{Request, Response};

/// Key of the clock's offset among our own values, milliseconds.
const OFFSET: &str = "offset_ms";

/// Most records of one stream that are counted as waiting.
const RECORDS_MAX: usize = 1_000;

/// How to open a cloud.
#[derive(Clone, Debug)]
pub struct Options {
    /// The SQLite file; `None` keeps everything in memory.
    pub state: Option<PathBuf>,
    /// What the clock shows at the start, before the stored offset is added.
    pub base: Time,
}

/// The local cloud; clones are the same cloud.
#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

struct Inner {
    store: Mutex<Store>,
    clock: Arc<LocalClock>,
    meter: Meter,
    faults: Faults,
    grants: Grants,
    in_flight: InFlight,
    idp: Idp,
    changed: Notify,
    sockets: RwLock<Option<Arc<dyn Sockets>>>,
    callees: RwLock<Option<Arc<dyn Callees>>>,
}

impl Cloud {
    /// Opens the cloud: tables, queues, secrets, keys, stream positions and the clock's offset are
    /// as they were left; what is missing is made.
    ///
    /// # Errors
    /// When another process uses the state file, or it cannot be opened.
    pub fn open(options: Options) -> Result<Self, String> {
        let store = Store::open(options.state.as_deref())?;
        Self::of(store, options.base)
    }

    /// Opens another cloud in memory that begins as one was.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn again(snapshot: &Snapshot) -> Result<Self, String> {
        let store = Store::of(snapshot)?;
        let unmoved = store.put(OFFSET, "0");
        unmoved.map_err(|cause| cause.to_string())?;
        Self::of(store, snapshot.at)
    }

    fn of(mut store: Store, base: Time) -> Result<Self, String> {
        let text = |cause: rusqlite::Error| cause.to_string();
        let offset = store.get(OFFSET).map_err(text)?;
        let offset = offset.and_then(|text| text.parse().ok()).unwrap_or(0);
        let clock = LocalClock::with_offset(base, offset);
        store.make_keys().map_err(text)?;
        store.make_secrets(clock.now()).map_err(text)?;
        let cloud = Self(Arc::new(Inner {
            store: Mutex::new(store),
            clock,
            meter: Meter::default(),
            faults: Faults::default(),
            grants: Grants::default(),
            in_flight: InFlight::default(),
            idp: Idp::default(),
            changed: Notify::new(),
            sockets: RwLock::new(None),
            callees: RwLock::new(None),
        }));
        cloud.keep_offset();
        Ok(cloud)
    }

    /// Stores the clock's offset whenever it moves; the clock does not keep the cloud alive.
    fn keep_offset(&self) {
        let weak = Arc::downgrade(&self.0);
        self.0.clock.on_move(move |offset| {
            if let Some(inner) = weak.upgrade() {
                let cloud = Self(inner);
                let stored = cloud.store().put(OFFSET, &offset.to_string());
                logged("clock", stored);
            }
        });
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        // Whoever waits wakes; whoever looks next finds one permit.
        self.0.changed.notify_waiters();
        self.0.changed.notify_one();
    }

    /// The one clock.
    pub fn clock(&self) -> Arc<LocalClock> {
        Arc::clone(&self.0.clock)
    }

    /// What the calls cost.
    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The identity providers.
    pub fn idp(&self) -> &Idp {
        &self.0.idp
    }

    /// From now on the function may do only this: actions by resource, as
    /// `shared::function::Function::role` gives them. A function without grants may do all.
    pub fn grant(&self, function: &str, role: BTreeMap<&'static str, Vec<&'static str>>) {
        self.0.grants.set(function, role);
    }

    /// What was done: function, action, resource.
    pub fn used(&self) -> BTreeSet<(String, String, String)> {
        self.0.grants.used()
    }

    /// The functions that Lambda serves.
    pub fn set_callees(&self, callees: Arc<dyn Callees>) {
        *self
            .0
            .callees
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(callees);
    }

    /// The connections that the connection management API serves.
    pub fn set_sockets(&self, sockets: Arc<dyn Sockets>) {
        *self
            .0
            .sockets
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(sockets);
    }

    /// Receives the visible messages of a queue (short name), at most `max`, and hides them for
    /// the queue's visibility time. A message that was received too often becomes a dead letter.
    pub fn receive(&self, queue: &str, max: usize) -> Vec<Received> {
        let Some(spec) = messages::spec(queue) else {
            return Vec::new();
        };
        logged(
            "receive",
            self.store().receive(spec, max, self.0.clock.now()),
        )
    }

    /// Deletes a message by its newest receipt.
    pub fn delete_message(&self, queue: &str, receipt: &str) {
        logged(
            "delete message",
            self.store().delete_message(queue, receipt),
        );
    }

    /// When the next message of any queue becomes visible, dead letters aside; an instant that
    /// has passed means that one is visible now.
    pub fn next_visible(&self) -> Option<Time> {
        logged("next visible", self.store().next_visible())
    }

    /// How many messages every queue and dead-letter queue holds, hidden ones included.
    pub fn queue_depths(&self) -> Vec<(String, usize)> {
        let (store, now) = (self.store(), self.0.clock.now());
        let depth = |queue: String| {
            let depth = logged("depth", store.depth(&queue, now));
            (queue, depth.visible + depth.delayed + depth.in_flight)
        };
        messages::names().map(depth).collect()
    }

    /// What waits to be handled, by queue and by stream of a table: messages that are visible or
    /// being worked on, and records that not every function has had. What is to come later does
    /// not wait.
    pub fn backlog(&self) -> BTreeMap<String, usize> {
        let (store, now) = (self.store(), self.0.clock.now());
        let mut all = BTreeMap::new();
        for queue in messages::names().filter(|name| !name.ends_with("-dead")) {
            let depth = logged("depth", store.depth(&queue, now));
            all.insert(format!("queue/{queue}"), depth.visible + depth.in_flight);
        }
        for spec in shared::table::SPECS.iter().filter(|spec| spec.stream) {
            let table = spec.table.as_str();
            let records = logged("stream", store.stream_batch(table, RECORDS_MAX, now));
            all.insert(format!("stream/{table}"), records.len());
        }
        all.retain(|_, waiting| *waiting > 0);
        all
    }

    /// The dead letters of a queue, oldest first.
    pub fn dead_letters(&self, queue: &str) -> Vec<Value> {
        logged(
            "dead letters",
            self.store().dead_letters(queue, self.0.clock.now()),
        )
    }

    /// Puts the dead letters of a queue back and says how many.
    pub fn redrive(&self, queue: &str) -> usize {
        let moved = logged("redrive", self.store().redrive(queue, self.0.clock.now()));
        self.notify();
        moved
    }

    /// The next stream records of a table (short name) after the stored position, oldest first, in
    /// Lambda's shape; they come again until [`stream_done`](Self::stream_done).
    pub fn stream_batch(&self, table: &str, max: usize) -> Vec<Value> {
        logged(
            "stream",
            self.store().stream_batch(table, max, self.0.clock.now()),
        )
    }

    /// Stores that the records up to this sequence number are done.
    pub fn stream_done(&self, table: &str, sequence: &str) {
        if let Ok(sequence) = sequence.parse() {
            logged("stream position", self.store().stream_done(table, sequence));
        }
    }

    /// Told after every write to a table with a stream and after every message.
    pub fn changed(&self) -> &Notify {
        &self.0.changed
    }

    /// Mails, pushes and text messages, newest last.
    pub fn outbox(&self) -> Vec<OutboxItem> {
        logged("outbox", self.store().outbox())
    }

    /// Adds to the outbox what a stand-in outside of AWS delivered.
    pub fn post(&self, item: &OutboxItem) {
        logged("outbox", self.store().post(item));
    }

    /// Empties tables, streams, queues, objects and outbox; secrets, keys and the clock stay.
    ///
    /// # Errors
    /// When the database fails.
    pub fn reset(&self) -> Result<(), String> {
        self.store().reset().map_err(|cause| cause.to_string())
    }

    /// Everything as it is now. What is under way is not in it: settle first.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn snapshot(&self) -> Result<Snapshot, String> {
        self.store().snapshot(self.0.clock.now())
    }

    /// What stale reads see for the next five seconds: everything as it is now.
    pub fn remember(&self) {
        let _ = self.store().past(self.0.clock.now());
    }

    /// Makes messages of a queue visible again after some milliseconds, as if their time were up.
    pub fn show_again(&self, queue: &str, message_ids: &[&str], after_ms: i64) {
        let at = self.0.clock.now().plus(after_ms);
        logged(
            "show again",
            self.store().show_again(queue, message_ids, at),
        );
        self.notify();
    }

    /// Every item of a table, for auditors.
    pub fn items(&self, table: &str) -> Vec<Value> {
        logged("items", self.store().items(table))
    }

    /// Deletes the items of TTL tables that have expired by our clock and says how many.
    pub fn sweep_ttl(&self) -> usize {
        let swept = self.store().sweep_ttl(self.0.clock.now());
        let deleted = logged("sweep", swept);
        if deleted > 0 {
            self.notify();
        }
        deleted
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

/// The value, or nothing when the state file fails, which is logged: there is nobody to tell.
fn logged<T: Default, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|cause| {
        tracing::error!(what, %cause, "the local state failed");
        T::default()
    })
}

/// Unpredictable bytes.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("the system gave no randomness");
    }
    bytes
}

/// A random id in the form of a UUID.
fn random_id() -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(random_bytes()));
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}
