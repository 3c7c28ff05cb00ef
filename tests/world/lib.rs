//! The world of the scenarios: the whole back end in memory, on a clock that only moves when it is
//! told to, and people who speak in product sentences.
//!
//! ```text
//! let world = World::new().await;
//! let (mut ann, mut ben) = world.two("Ann", "Ben").await;
//! ben.comes_online().await;
//! ann.says("hi").to(&ben).await.ok();
//! ben.sees("hi").await;
//! ann.has_credits(99).await;
//! ```
//!
//! - [`World`]: time, people, what the outside got
//! - [`Person`]: one signed-in person with at most one open socket
//! - `patient`: a client that repeats what found no answer
//! - [`Administrator`]: an administrator, who signs
//! - [`Answer`]: an HTTP answer with its expectations
//! - [`phone`]: phones that are pushed to
//! - [`timing`]: whether answers tell by their time what they do not say

mod admin;
mod answer;
mod device;
mod journal;
mod media;
mod patient;
mod person;
pub mod phone;
pub mod pictures;
mod random;
pub mod timing;

pub use admin::Administrator;
pub use answer::Answer;
pub use device::DeviceSecret;
pub use journal::Journal;
pub use person::{Message, Person, text_to};

use std::collections::BTreeMap;
use std::sync::Arc;

use local::cloud::{Kind, Rule, Snapshot};
use local::gateway::HttpRequest;
use local::runtime::{Local, Options};
use serde_json::Value;
use shared::Time;
use shared::aws::dynamo::Tables;
use shared::credits::{Policy, PolicyValue};
use shared::table::{Commit, Query, Row, SPECS};

/// Where every world begins: a Monday noon, so that days and hours are far from their edges.
pub const BEGINNING: Time = Time(1_767_614_400_000);
/// Address of callers that have no other.
pub const ADDRESS: &str = "203.0.113.7";
/// Lets every first call of every world go wrong, in a way that passes (docs/TESTING.md).
const STUMBLE: &str = "PAIRLY_STUMBLE";

/// A world as it was, from which further ones begin.
#[derive(Clone)]
pub struct Prepared {
    state: Arc<Snapshot>,
    settings: BTreeMap<String, String>,
}

impl Prepared {
    /// The same under other settings.
    #[must_use]
    pub fn under(&self, settings: &[(&str, &str)]) -> Self {
        Self {
            state: Arc::clone(&self.state),
            settings: owned(settings),
        }
    }
}

/// The whole back end, in memory.
#[derive(Clone)]
pub struct World {
    /// The back end itself.
    pub local: Local,
}

impl World {
    /// A fresh world at [`BEGINNING`] with seed 1.
    pub async fn new() -> Self {
        Self::with(1, &[]).await
    }

    /// A world with its own randomness and settings (names of environment variables).
    pub async fn with(seed: u64, settings: &[(&str, &str)]) -> Self {
        Self::beginning(BEGINNING, seed, settings).await
    }

    /// A world that begins at another instant than [`BEGINNING`].
    pub async fn beginning(base: Time, seed: u64, settings: &[(&str, &str)]) -> Self {
        let settings = owned(settings);
        let options = Options {
            base,
            random: Arc::new(random::Seeded::new(seed)),
            settings,
            ..Options::default()
        };
        let local = Local::start(options).await.expect("the back end starts");
        local.prepare().await.expect("keys and secrets");
        Self::stumbling(local)
    }

    /// This world as it is now, once everything has settled. Open sockets and warm instances are
    /// not in it.
    pub async fn prepared(&self, settings: &[(&str, &str)]) -> Prepared {
        self.settles().await;
        let state = self.local.cloud().snapshot().expect("a snapshot");
        Prepared {
            state: Arc::new(state),
            settings: owned(settings),
        }
    }

    /// A world that begins as another one was, with randomness of its own.
    pub async fn again(prepared: &Prepared, seed: u64) -> Self {
        let options = Options {
            from: Some(Arc::clone(&prepared.state)),
            // Never that of the world before, whose ids exist already.
            random: Arc::new(random::Seeded::new(!seed)),
            settings: prepared.settings.clone(),
            ..Options::default()
        };
        let local = Local::start(options).await.expect("the back end starts");
        Self::stumbling(local)
    }

    /// With [`STUMBLE`], every first call goes wrong and has to be tried again.
    fn stumbling(local: Local) -> Self {
        if shared::config::environment(STUMBLE).is_some() {
            let names = local::functions().into_iter().map(|one| one.name);
            local.cloud().faults().let_stumble(names);
        }
        Self { local }
    }

    /// Never stumbles, for stories in which instants and attempts count: what is tried again takes
    /// time, and an attempt whose answer is lost is one.
    pub fn punctual(self) -> Self {
        self.local.cloud().faults().let_walk();
        self
    }

    /// A world whose limiter is off, for loads and races.
    pub async fn unlimited() -> Self {
        Self::with(1, &[("RATE_LIMIT_ENABLED", "false")]).await
    }

    /// The present.
    pub fn now(&self) -> Time {
        self.local.now()
    }

    /// Lets time pass; whatever becomes due runs, in order.
    pub async fn passes(&self, seconds: i64) {
        self.local.advance(seconds).await;
    }

    /// Waits until streams and queues are drained.
    pub async fn settles(&self) {
        self.local.settle().await;
    }

    /// Mails, pushes and text messages so far, newest last.
    pub fn outbox(&self) -> Vec<Value> {
        let items = self.local.cloud().outbox();
        items
            .iter()
            .map(|item| serde_json::to_value(item).expect("an outbox item"))
            .collect()
    }

    /// Mails to an address, newest last.
    pub fn mails_to(&self, email: &str) -> Vec<Value> {
        let to = |item: &Value| item["to"].as_str().unwrap_or_default().contains(email);
        self.outbox().into_iter().filter(to).collect()
    }

    /// Raw rows of a table by partition and beginning of the sort key.
    pub async fn rows(&self, table: &str, pk: &str, prefix: &str) -> Vec<Row> {
        let spec = SPECS
            .iter()
            .find(|spec| spec.table.as_str() == table)
            .expect("a table");
        let tables = Tables::of(&self.local.env("local"));
        tables
            .rows(Query::of(spec.table, pk).prefix(prefix))
            .await
            .expect("rows")
    }

    /// A policy holds from now on, as soon as every instance has read it.
    pub async fn has_policy(&self, key: &str, value: i64) {
        let policy = Policy {
            key: key.to_owned(),
            value: PolicyValue::Number(value),
            unit: "switch".to_owned(),
            effective_from: self.now(),
            version: self.now().ms(),
            changed_by: "adm_world".to_owned(),
            reason: "a scenario".to_owned(),
        };
        let tables = Tables::of(&self.local.env("local"));
        let commit = Commit::new().put(&policy);
        tables.commit(commit).await.expect("a policy");
        self.passes(60).await;
    }

    /// All rows of a table whose partition or sort key begins so, as an auditor sees them.
    pub async fn items(&self, table: &str, prefix: &str) -> Vec<Value> {
        self.local
            .cloud()
            .items(table)
            .into_iter()
            .filter(|row| {
                let begins = |name: &str| {
                    row[name]["S"]
                        .as_str()
                        .is_some_and(|key| key.starts_with(prefix))
                };
                begins("pk") || begins("sk")
            })
            .collect()
    }

    /// Runs a scheduled function now and gives its report.
    pub async fn runs(&self, function: &str) -> Value {
        let run = self.local.run(function, serde_json::json!({})).await;
        let report = run.unwrap_or_else(|failure| panic!("{function}: {failure:?}"));
        self.settles().await;
        report
    }

    /// The function dies right after its `nth` call of the operation has had its effect.
    pub fn dies_after(&self, function: &str, operation: &str, nth: usize) {
        self.local.cloud().faults().add(Rule {
            function: Some(function.to_owned()),
            operation: Some(operation.to_owned()),
            nth,
            kind: Kind::EndHandler,
        });
    }

    /// Calls as nobody.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    /// Calls with further headers.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let bytes = body
            .map(|body| body.to_string().into_bytes())
            .unwrap_or_default();
        self.raw(method, path, bytes, headers).await
    }

    /// Calls as nobody from another network.
    pub async fn call_from(
        &self,
        address: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let request = HttpRequest {
            method: method.into(),
            target: path.into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: bytes.unwrap_or_default(),
            source_ip: address.into(),
        };
        Answer::of(method, path, self.local.http(request).await)
    }

    /// Calls with a body of any bytes; JSON is its type unless a header says otherwise.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        let typed = all
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !typed && !body.is_empty() {
            all.push(("content-type".into(), "application/json".into()));
        }
        let request = HttpRequest {
            method: method.into(),
            target: path.into(),
            headers: all,
            body,
            source_ip: ADDRESS.into(),
        };
        Answer::of(method, path, self.local.http(request).await)
    }

    /// A verified person with 100 credits, signed in.
    pub async fn person(&self, name: &str) -> Person {
        self.person_with(name, 100).await
    }

    /// A verified person with some credits, signed in.
    pub async fn person_with(&self, name: &str, credits: i64) -> Person {
        Person::arrives(self, name, credits).await
    }

    /// Two people with 100 credits each.
    pub async fn two(&self, one: &str, other: &str) -> (Person, Person) {
        (self.person(one).await, self.person(other).await)
    }
}

fn owned(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = settings.iter();
    pairs
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}
