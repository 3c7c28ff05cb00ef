//! Faults: calls that go wrong on purpose, addressed by their number, and everything that goes
//! wrong by chance.
//!
//! - [`kind`]: how a call goes wrong; [`partial`]: batches done by half
//! - [`mortal`]: invocations that end where they stand
//! - [`chaos`]: the dice of a seed; [`stumble`]: first calls; [`touch`]: from which kind of place

mod chaos;
mod kind;
mod mortal;
pub(in crate::cloud) mod partial;
mod stumble;
mod touch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use std::time::Duration;

use tokio::sync::Notify;

use self::chaos::Chaos;
use self::stumble::Stumbling;
use self::touch::touched;
use super::evidence;
use super::wire::Service;
use crate::seed::SELF;

pub use self::chaos::{SKEW_MS_MAX, SocketFault};
pub use self::kind::{Kind, has_effect};
pub use self::mortal::mortal;

/// How long a write holds its items by default, milliseconds.
const IN_FLIGHT_MS: u64 = 5;

/// The `nth` matching call goes wrong once, counted from 1 since the rule was added or
/// [`Faults::count_from_zero`] was called.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Only calls of this function.
    pub function: Option<String>,
    /// Only calls of this operation, such as `DynamoDB.PutItem`.
    pub operation: Option<String>,
    /// Which of the matching calls, from 1.
    pub nth: usize,
    /// How it goes wrong.
    pub kind: Kind,
}

/// A call that a function made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The function.
    pub function: String,
    /// Such as `DynamoDB.PutItem`.
    pub operation: String,
    /// Whether it reads what need not be consistent.
    pub eventual: bool,
}

#[derive(Default)]
struct State {
    chaos: Option<Chaos>,
    stumbling: Option<Stumbling>,
    journal: Option<Vec<Site>>,
    rules: Vec<(Rule, usize)>,
    calls: HashMap<String, BTreeMap<String, usize>>,
    total: usize,
    fired: usize,
    outages: BTreeSet<String>,
    tables_out: BTreeSet<String>,
    ended: HashMap<String, Arc<Notify>>,
}

impl State {
    /// Counts a call and writes it down.
    fn count(&mut self, function: &str, operation: &str, eventual: impl Fn() -> bool) {
        if let Some(journal) = &mut self.journal {
            journal.push(Site {
                function: function.to_owned(),
                operation: operation.to_owned(),
                eventual: eventual(),
            });
        }
        self.total += 1;
        let known = self.calls.get_mut(function);
        if let Some(count) = known.and_then(|of| of.get_mut(operation)) {
            *count += 1;
        } else {
            let of = self.calls.entry(function.to_owned()).or_default();
            of.insert(operation.to_owned(), 1);
        }
    }

    /// How the next call goes wrong, if it does.
    fn next(
        &mut self,
        function: &str,
        service: Service,
        operation: &str,
        body: &[u8],
    ) -> Option<Kind> {
        let eventual = || is_eventual(operation, body);
        self.count(function, operation, eventual);
        if function != SELF && self.outages.contains(service.iam()) {
            return Some(Kind::BeforeEffect);
        }
        let mut hit = self.hit(function, operation);
        // A consistent read never sees the past.
        hit.take_if(|kind| *kind == Kind::Stale && !eventual());
        self.fired += usize::from(hit.is_some());
        // What sets the local cloud up, or looks at it, is never disturbed.
        if hit.is_none() {
            let stumbling = self.stumbling.as_mut();
            hit = stumbling.and_then(|first| first.next(function, operation, body));
        }
        if hit.is_none() && function != SELF {
            hit = self.chaos.as_mut()?.call(operation, eventual());
        }
        hit
    }

    /// What the rules say of a call.
    fn hit(&mut self, function: &str, operation: &str) -> Option<Kind> {
        let mut hit = None;
        for (rule, seen) in &mut self.rules {
            let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w == is);
            if same(&rule.function, function) && same(&rule.operation, operation) {
                *seen += 1;
                if *seen == rule.nth {
                    hit = hit.or(Some(rule.kind));
                }
            }
        }
        hit
    }
}

/// The faults of one cloud.
pub struct Faults {
    state: Mutex<State>,
    in_flight_ms: AtomicU64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            in_flight_ms: AtomicU64::new(IN_FLIGHT_MS),
        }
    }
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.state().rules.push((rule, 0));
    }

    /// Removes all rules and outages.
    pub fn clear(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.outages.clear();
        state.tables_out.clear();
    }

    /// Starts counting anew: calls, what fired, and the numbers of all rules.
    pub fn count_from_zero(&self) {
        let mut state = self.state();
        state.calls.clear();
        (state.total, state.fired) = (0, 0);
        state.rules.iter_mut().for_each(|(_, seen)| *seen = 0);
    }

    /// How many calls were made since counting began.
    pub fn calls(&self) -> usize {
        self.state().total
    }

    /// How many calls one function made since counting began.
    pub fn calls_of(&self, function: &str) -> usize {
        self.state()
            .calls
            .get(function)
            .map_or(0, |calls| calls.values().sum())
    }

    /// The calls since counting began by function and operation.
    pub fn calls_by(&self) -> BTreeMap<(String, String), usize> {
        let state = self.state();
        let mut all = BTreeMap::new();
        for (function, calls) in &state.calls {
            for (operation, count) in calls {
                all.insert((function.clone(), operation.clone()), *count);
            }
        }
        all
    }

    /// How many rules went off since counting began.
    pub fn fired(&self) -> usize {
        self.state().fired
    }

    /// Switches a service off or on, named as in IAM (`dynamodb`, `sqs`, `ses`, `kms`,
    /// `secretsmanager`, `execute-api`): every call to it fails before its effect.
    pub fn outage(&self, service: &str, out: bool) {
        let mut state = self.state();
        if out {
            state.outages.insert(service.to_owned());
        } else {
            state.outages.remove(service);
        }
    }

    /// Switches a table off or on by its short name: every call that names it fails before its
    /// effect, as when a partition is unreachable.
    pub fn table_outage(&self, table: &str, out: bool) {
        let name = format!("\"pairly-{table}\"");
        let mut state = self.state();
        if out {
            state.tables_out.insert(name);
        } else {
            state.tables_out.remove(&name);
        }
    }

    pub(super) fn table_is_out(&self, body: &[u8]) -> Option<Kind> {
        let state = self.state();
        let names = |name: &String| body.windows(name.len()).any(|part| part == name.as_bytes());
        state
            .tables_out
            .iter()
            .any(names)
            .then_some(Kind::BeforeEffect)
    }

    /// How long a write holds its items, milliseconds of the clock; 0 switches conflicts off.
    pub fn set_in_flight_ms(&self, ms: u64) {
        self.in_flight_ms.store(ms, Ordering::Relaxed);
    }

    /// How long a write holds its items, milliseconds.
    pub fn in_flight_ms(&self) -> u64 {
        self.in_flight_ms.load(Ordering::Relaxed)
    }

    /// Returns when an [`Kind::EndHandler`] fault ends an invocation of the function that does
    /// not run under [`mortal`].
    pub async fn ended(&self, function: &str) {
        let notify = self.notify_of(function);
        notify.notified().await;
    }

    fn notify_of(&self, function: &str) -> Arc<Notify> {
        Arc::clone(self.state().ended.entry(function.to_owned()).or_default())
    }

    /// Ends the invocation that made the call.
    pub(super) fn end(&self, function: &str) {
        if !mortal::end() {
            self.notify_of(function).notify_waiters();
        }
    }

    /// Counts a call and says how it goes wrong, if it does.
    pub(super) fn next(
        &self,
        function: &str,
        service: Service,
        operation: &str,
        body: &[u8],
    ) -> Option<Kind> {
        let hit = self.state().next(function, service, operation, body);
        if function != SELF && evidence::is_wanted() {
            let place = format!("{operation} {}", touched(operation, body));
            evidence::note("called", function, &place);
            if hit.is_some() {
                evidence::note("failed", function, &place);
            }
        }
        hit
    }

    /// From now on all calls are written down, or no more.
    pub fn keep_journal(&self, keep: bool) {
        self.state().journal = keep.then(Vec::new);
    }

    /// The calls that were written down, oldest first.
    pub fn journal(&self) -> Vec<Site> {
        self.state().journal.clone().unwrap_or_default()
    }
}

/// What goes wrong by chance.
impl Faults {
    /// From now on so many of a thousand calls, deliveries and invocations go wrong, as the seed
    /// decides.
    pub fn disturb(&self, seed: u64, per_mille: u32) {
        self.state().chaos = Some(Chaos::new(seed, per_mille));
    }

    /// From now on the first call of each of these functions from every place goes wrong, in a way
    /// that passes when it is tried again.
    pub fn let_stumble(&self, functions: impl IntoIterator<Item = &'static str>) {
        self.state().stumbling = Some(Stumbling::of(functions));
    }

    /// First calls go as well as all others from now on.
    pub fn let_walk(&self) {
        self.state().stumbling = None;
    }

    /// Nothing goes wrong by chance any more; what did, by kind.
    pub fn calm(&self) -> BTreeMap<String, usize> {
        let chaos = self.state().chaos.take();
        chaos.map(|chaos| chaos.done().clone()).unwrap_or_default()
    }

    /// Whether things go wrong by chance.
    pub fn is_disturbed(&self) -> bool {
        self.state().chaos.is_some()
    }

    fn chance<T>(&self, what: &str, draw: impl FnOnce(&mut Chaos) -> T) -> Option<T> {
        let mut state = self.state();
        let chaos = state.chaos.as_mut()?;
        chaos.happens(what).then(|| draw(chaos))
    }

    /// How long a stream or queue rests before it delivers.
    pub(crate) fn pause(&self, what: &str) -> Option<Duration> {
        self.chance(what, Chaos::pause)
    }

    /// Whether something that has only two outcomes goes wrong.
    pub(crate) fn happens(&self, what: &str) -> bool {
        self.chance(what, |_| ()).is_some()
    }

    /// After how long an invocation ends where it stands.
    pub(crate) fn life(&self) -> Option<Duration> {
        self.chance("death", Chaos::life)
    }

    /// How far the clock of a new instance is off, milliseconds.
    pub(crate) fn skew_ms(&self) -> i64 {
        self.chance("clock", Chaos::skew_ms).unwrap_or_default()
    }

    /// What happens to a connection.
    pub(crate) fn socket(&self) -> Option<SocketFault> {
        self.chance("socket", Chaos::socket)
    }

    /// Another order of what has any order.
    pub(crate) fn shuffle<T>(&self, what: &str, all: &mut [T]) {
        self.chance(what, |chaos| chaos.shuffle(all));
    }
}

/// Whether a request reads what need not be consistent.
fn is_eventual(operation: &str, body: &[u8]) -> bool {
    let reads = [
        "DynamoDB.GetItem",
        "DynamoDB.Query",
        "DynamoDB.BatchGetItem",
    ];
    let consistent = b"\"ConsistentRead\":true";
    reads.contains(&operation)
        && !body
            .windows(consistent.len())
            .any(|part| part == consistent)
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Faults({} calls)", self.calls())
    }
}
