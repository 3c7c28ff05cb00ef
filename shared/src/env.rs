//! What surrounds a function: time, randomness, the way out, configuration and its lazy parts.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::aws::Keys;
use crate::config::Config;
use crate::error::Result;
use crate::function::Take;
use crate::id::{Ids, Random};
use crate::time::{Clock, Now};

type Parts = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// The surroundings of one function. Parts such as SDK clients are made when first used, so a
/// binary links and starts only what its signature names.
#[derive(Clone)]
pub struct Env(Arc<Inner>);

struct Inner {
    function: &'static str,
    host: Host,
    parts: Mutex<Parts>,
}

/// What differs between the cloud and the local runtime.
#[derive(Clone)]
pub struct Host {
    /// HTTP under every AWS client.
    pub http: SharedHttpClient,
    /// The clock.
    pub clock: Arc<dyn Now>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Configuration.
    pub config: Arc<Config>,
    /// Credentials of the function's role.
    pub keys: Keys,
}

impl Env {
    /// The surroundings of the named function.
    pub fn new(function: &'static str, host: Host) -> Self {
        Self(Arc::new(Inner {
            function,
            host,
            parts: Mutex::default(),
        }))
    }

    /// Name of the function.
    pub fn function(&self) -> &'static str {
        self.0.function
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.host.config
    }

    /// The credentials of the role.
    pub fn keys(&self) -> &Keys {
        &self.0.host.keys
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        Clock(Arc::clone(&self.0.host.clock))
    }

    /// Randomness.
    pub fn random(&self) -> Arc<dyn Random> {
        Arc::clone(&self.0.host.random)
    }

    /// The maker of ids.
    pub fn ids(&self) -> Ids {
        Ids::new(self.clock(), Arc::clone(&self.0.host.random))
    }

    /// HTTP under every AWS client.
    pub fn http(&self) -> SharedHttpClient {
        self.0.host.http.clone()
    }

    /// The part of this type, made on first use and kept as long as the instance lives.
    pub fn part<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        let id = TypeId::of::<T>();
        if let Some(part) = self.find(id) {
            return part;
        }
        // Made outside the lock, because parts are made of parts.
        let made: Arc<T> = Arc::new(make(self));
        let mut parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = parts.entry(id).or_insert_with(|| made.clone());
        Arc::clone(kept).downcast().unwrap_or(made)
    }

    fn find<T: Any + Send + Sync>(&self, id: TypeId) -> Option<Arc<T>> {
        let parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts
            .get(&id)
            .cloned()
            .and_then(|part| part.downcast().ok())
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Env({})", self.0.function)
    }
}

impl<C: Send> Take<C> for Clock {
    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(env.clock())
    }
}

impl<C: Send> Take<C> for Ids {
    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(env.ids())
    }
}

impl<C: Send> Take<C> for Arc<Config> {
    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Arc::clone(&env.0.host.config))
    }
}
