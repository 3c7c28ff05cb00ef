//! Runs functions as Lambda does: one kept instance each, ended when its time is up or it dies.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;
use shared::Env;
use shared::env::Host;
use shared::function::Function;

use super::{Inner, Local};
use crate::clock::SkewedClock;
use crate::cloud::{Callees, Invoked, keys_of, mortal};
use crate::seed;

/// Why an invocation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The function reported an error.
    Failed(String),
    /// The function panicked, or a fault ended it.
    Died,
    /// The function took too long.
    TimedOut,
}

/// The warm instances.
#[derive(Default)]
pub(crate) struct Instances(Mutex<HashMap<&'static str, Env>>);

impl Instances {
    fn warm(&self) -> MutexGuard<'_, HashMap<&'static str, Env>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets every instance, as a new deployment does.
    pub(crate) fn clear(&self) {
        self.warm().clear();
    }
}

impl Local {
    /// The surroundings of a function: its kept instance, made when first needed.
    pub fn env(&self, function: &'static str) -> Env {
        let mut warm = self.0.instances.warm();
        warm.entry(function)
            .or_insert_with(|| self.new_env(function))
            .clone()
    }

    fn new_env(&self, function: &'static str) -> Env {
        let skew_ms = match function {
            seed::SELF => 0,
            _ => self.0.cloud.faults().skew_ms(),
        };
        let clock = self.0.cloud.clock();
        let host = Host {
            http: self.0.cloud.client(function),
            clock: match skew_ms {
                0 => clock,
                skew_ms => Arc::new(SkewedClock { clock, skew_ms }),
            },
            random: Arc::clone(&self.0.random),
            config: Arc::clone(&self.0.config),
            keys: keys_of(function),
        };
        Env::new(function, host)
    }

    /// Invokes a function and waits, at most `limit`, for its result. It runs on when the caller
    /// goes away, as in the cloud.
    pub(crate) async fn invoke(
        &self,
        function: &'static Function,
        event: Value,
        limit: Duration,
    ) -> Result<Value, Failure> {
        let faults = self.0.cloud.faults();
        if faults.happens("cold start") {
            self.0.instances.warm().remove(function.name);
        }
        let life = faults.life();
        let (env, run, guard) = (
            self.env(function.name),
            function.run,
            self.0.activity.begin(),
        );
        let way = self.0.via.to(function, self.0.cloud.clock());
        let task = tokio::spawn(async move {
            let _guard = guard;
            let served = async {
                match way {
                    Some(way) => way.invoke(event).await,
                    None => match lives(life, mortal(run(&env, event))).await {
                        Some(result) => result.map_err(Failure::Failed),
                        None => Err(Failure::Died),
                    },
                }
            };
            tokio::time::timeout(limit, served).await
        });
        let failure = match task.await {
            Ok(Ok(Ok(result))) => return Ok(result),
            Ok(Ok(Err(failure @ Failure::Failed(_)))) => return Err(failure),
            Ok(Ok(Err(failure))) => failure,
            Ok(Err(_)) => Failure::TimedOut,
            Err(_) => Failure::Died,
        };
        // The process is gone, and with it whatever it had cached.
        self.0.instances.warm().remove(function.name);
        Err(failure)
    }
}

/// What an invocation comes to that may have only so long to live: it ends at whatever it awaits.
async fn lives<T>(life: Option<Duration>, running: impl Future<Output = Option<T>>) -> Option<T> {
    match life {
        Some(life) => tokio::time::timeout(life, running).await.ok().flatten(),
        None => running.await,
    }
}

/// Longest invocation of one function by another.
const INVOKED_SECONDS_MAX: u64 = 29;

/// The functions by their names, for functions that invoke others.
pub(super) struct ByName(pub Weak<Inner>);

impl ByName {
    fn find(&self, name: &str) -> Option<(Local, &'static Function)> {
        let local = Local(self.0.upgrade()?);
        let known = local.0.functions.iter().find(|known| known.name == name);
        let function = *known?;
        Some((local, function))
    }
}

impl Callees for ByName {
    fn invoke(&self, function: &str, event: Value) -> Option<Invoked> {
        let (local, function) = self.find(function)?;
        let limit = Duration::from_secs(INVOKED_SECONDS_MAX);
        Some(Box::pin(async move {
            let result = local.invoke(function, event, limit).await;
            result.map_err(|failure| format!("{failure:?}"))
        }))
    }

    fn needs_second(&self, function: &str) -> bool {
        let found = self.find(function);
        let admin = found.and_then(|(_, function)| function.admin);
        admin.is_some_and(|admin| admin.second.is_some())
    }
}
