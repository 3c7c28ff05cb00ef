//! The whole back end as one value: functions, their event sources, time and the gateway.
//!
//! - [`activity`]: what is running
//! - [`invoke`]: functions and their instances
//! - [`pumps`]: streams and queues
//! - [`timer`]: schedules, expiry, limits, and the clock moved by hand
//! - `surroundings`: the configuration of the functions
//! - `via`: functions in other processes

mod activity;
mod invoke;
mod pumps;
mod surroundings;
mod timer;
mod via;

#[cfg(test)]
mod tests;

pub use invoke::Failure;
pub use pumps::STREAM_DEAD_LETTERS;
pub use via::Place;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::Value;
use shared::Time;
use shared::accounts::password::StoredPassword;
use shared::config::Config;
use shared::function::Function;
use shared::id::{Random, SystemRandom};
use shared::time::{Now, SystemClock};
use tokio::sync::{Notify, OnceCell};
use tokio::task::AbortHandle;

use self::activity::Activity;
use self::invoke::Instances;
use self::pumps::Pumps;
use self::surroundings::{configure, environment};
use self::timer::Timetable;
use self::via::Via;
use crate::cloud::{Cloud, Snapshot};
use crate::gateway::admins::Admins;
use crate::gateway::connection::Hub;
use crate::gateway::route::Routes;
use crate::log::Log;
use crate::seed::{self, Person};

/// How a back end is started.
#[derive(Clone)]
pub struct Options {
    /// State file; `None` keeps the state in memory.
    pub state: Option<PathBuf>,
    /// What the clock shows at first.
    pub base: Time,
    /// Whether demo people are made in an empty state.
    pub seed: bool,
    /// Port of HTTP; WebSocket has the next one. Only addresses are made of it.
    pub port: u16,
    /// Whether readable lines are printed.
    pub log: bool,
    /// Randomness of all functions.
    pub random: Arc<dyn Random>,
    /// Configuration by the names of environment variables, before the defaults.
    pub settings: BTreeMap<String, String>,
    /// Functions that run in other processes, once the first people are made.
    pub via: Vec<Place>,
    /// How another back end was, from which this one begins instead of from `state` and `base`.
    pub from: Option<Arc<Snapshot>>,
}

impl Default for Options {
    /// In memory, silent, without people, at the present time.
    fn default() -> Self {
        Self {
            state: None,
            base: SystemClock.now(),
            seed: false,
            port: 3000,
            log: false,
            random: Arc::new(SystemRandom),
            settings: BTreeMap::new(),
            via: Vec::new(),
            from: None,
        }
    }
}

/// The whole back end. Cheap to clone; everything stops when the last clone is dropped.
#[derive(Clone)]
pub struct Local(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub cloud: Cloud,
    pub config: Arc<Config>,
    pub environment: Vec<(String, String)>,
    pub via: Via,
    pub random: Arc<dyn Random>,
    pub log: Log,
    pub functions: Vec<&'static Function>,
    pub routes: Routes,
    pub instances: Instances,
    pub activity: Activity,
    pub pumps: Pumps,
    pub timetable: Timetable,
    pub moving: tokio::sync::Mutex<()>,
    pub wake: Arc<Notify>,
    pub hub: Arc<Hub>,
    pub admins: Admins,
    pub people: Mutex<Vec<Person>>,
    pub prepared: AtomicBool,
    pub minted_password: OnceCell<StoredPassword>,
    seeded: bool,
    dispatcher: Mutex<Option<AbortHandle>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let dispatcher = self
            .dispatcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(dispatcher) = dispatcher {
            dispatcher.abort();
        }
    }
}

impl Local {
    /// Starts all functions.
    ///
    /// # Errors
    /// A sentence for a person: the state is in use or unreadable, or the configuration is wrong.
    pub async fn start(options: Options) -> Result<Self, String> {
        Self::start_with(options, crate::functions()).await
    }

    /// Starts these functions; must be called within tokio.
    ///
    /// # Errors
    /// As [`Local::start`].
    pub async fn start_with(
        options: Options,
        functions: Vec<&'static Function>,
    ) -> Result<Self, String> {
        let config = Arc::new(configure(&options)?);
        let environment = environment(&options);
        let via = Via::new(options.via, &functions)?;
        let cloud = match &options.from {
            Some(snapshot) => Cloud::again(snapshot)?,
            None => Cloud::open(crate::cloud::Options {
                state: options.state.clone(),
                base: options.base,
            })?,
        };
        cloud.idp().register(&config);
        for function in &functions {
            cloud.grant(function.name, function.role());
        }
        let now = cloud.clock().now();
        let admin_root = seed::admin_root(&cloud, options.random.as_ref()).await?;
        let local = Self(Arc::new(Inner {
            config,
            environment,
            via,
            random: options.random,
            log: Log::new(options.log),
            routes: Routes::new(&functions),
            instances: Instances::default(),
            activity: Activity::default(),
            pumps: Pumps::new(&functions),
            timetable: Timetable::new(&functions, now),
            moving: tokio::sync::Mutex::default(),
            wake: Arc::default(),
            hub: Arc::default(),
            admins: Admins::new(admin_root.as_bytes()),
            people: Mutex::default(),
            prepared: AtomicBool::new(false),
            minted_password: OnceCell::new(),
            seeded: options.seed,
            dispatcher: Mutex::default(),
            functions,
            cloud,
        }));
        local.begin().await?;
        Ok(local)
    }

    async fn begin(&self) -> Result<(), String> {
        let inner = &self.0;
        inner.hub.belongs_to(Arc::downgrade(inner));
        inner.cloud.set_sockets(inner.hub.clone());
        let callees = invoke::ByName(Arc::downgrade(inner));
        inner.cloud.set_callees(Arc::new(callees));
        let task = tokio::spawn(timer::dispatch(Arc::downgrade(inner)));
        *inner
            .dispatcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        self.seed().await
    }

    async fn seed(&self) -> Result<(), String> {
        self.0.via.open(false);
        // Boxed, because the types of the futures above would grow too deep.
        let seeded = Box::pin(self.seed_here()).await;
        self.0.via.open(true);
        seeded
    }

    async fn seed_here(&self) -> Result<(), String> {
        if self.0.seeded || self.0.prepared.load(Ordering::Relaxed) {
            self.prepare().await?;
        }
        if self.0.seeded {
            self.open_admins().await?;
            let people = self.demo_people().await?;
            *self.0.people.lock().unwrap_or_else(PoisonError::into_inner) = people;
            // What the first people cause is over before anybody else comes.
            self.settle().await;
        }
        Ok(())
    }

    /// The AWS services.
    pub fn cloud(&self) -> &Cloud {
        &self.0.cloud
    }

    /// The configuration of every function.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The present instant of the one clock.
    pub fn now(&self) -> Time {
        self.0.cloud.clock().now()
    }

    /// The demo people.
    pub fn people(&self) -> Vec<Person> {
        self.0
            .people
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The local administrators.
    pub fn admins(&self) -> &Admins {
        &self.0.admins
    }

    /// Every function.
    pub fn functions(&self) -> &[&'static Function] {
        &self.0.functions
    }

    /// Runs one function on an event of its kind.
    ///
    /// # Errors
    /// `None` when there is no such function, otherwise why it has no result.
    pub async fn run(&self, function: &str, event: Value) -> Result<Value, Option<Failure>> {
        let found = self
            .0
            .functions
            .iter()
            .find(|known| known.name == function)
            .ok_or(None)?;
        let timer = self.0.log.timer();
        let limit = Duration::from_secs(pumps::WORKER_SECONDS_MAX);
        let result = self.invoke(found, event, limit).await;
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        self.0
            .log
            .line(self.now(), &timer, "run", outcome, found.name);
        result.map_err(Some)
    }

    /// Makes the state equal to a first start; the clock stays.
    ///
    /// # Errors
    /// When the state cannot be emptied or the demo people cannot be made.
    pub async fn reset(&self) -> Result<(), String> {
        let _alone = self.0.moving.lock().await;
        self.close_all(false);
        self.settle().await;
        self.0.cloud.reset()?;
        self.0.pumps.rewind();
        self.0.instances.clear();
        self.seed().await
    }

    /// Tells clients that the gateway goes away and waits until nothing runs.
    pub async fn stop(&self) {
        self.close_all(true);
        self.settle().await;
    }

    /// An id as the gateway makes them, for requests and connections.
    pub(crate) fn fresh_id(&self) -> String {
        let mut bytes = [0; 11];
        self.0.random.fill(&mut bytes);
        URL_SAFE.encode(bytes)
    }
}
