//! A world whose functions are processes, and whose AWS services they reach over HTTP.

use std::path::Path;

use local::runtime::{Local, Options};
use serde_json::Value;
use tokio::net::TcpListener;
use world::{BEGINNING, World};

use crate::lambda::{Lambda, Told};

/// The world and the processes.
pub struct Stage {
    pub world: World,
    pub lambda: Lambda,
}

impl Stage {
    /// A world without limits, at the beginning of all worlds but in real time: sockets and
    /// processes know no other.
    pub async fn new(name: &str, told: Told) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let lambda = Lambda::start(told, logs).await;
        let options = Options {
            base: BEGINNING,
            port,
            settings: [("RATE_LIMIT_ENABLED".into(), "false".into())].into(),
            via: vec![lambda.address().parse().expect("a place")],
            ..Options::default()
        };
        let local = Local::start(options).await.expect("the back end starts");
        local.serve_elsewhere(false);
        lambda.configure(local.environment());
        local.prepare().await.expect("keys and secrets");
        let served = local::gateway::http::serve(local.clone(), listener, std::future::pending());
        tokio::spawn(served);
        let world = World { local };
        Self { world, lambda }
    }

    /// From now on every function is a process; until then all of them run in this one.
    pub fn serve_elsewhere(&self) {
        self.world.local.serve_elsewhere(true);
    }

    /// Runs a function on an event of its kind.
    pub async fn runs(&self, function: &str, event: Value) -> Value {
        let run = self.world.local.run(function, event).await;
        run.unwrap_or_else(|failure| panic!("{function}: {failure:?}"))
    }

    /// Everything that the processes printed is records in JSON, and none of them tells of a
    /// panic.
    pub fn logs_are_records(&self) {
        for (function, line) in self.lambda.lines() {
            let record: Value = serde_json::from_str(&line)
                .unwrap_or_else(|_| panic!("{function} printed no record: {line}"));
            assert!(record["timestamp"].is_string(), "{function}: {line}");
            assert_ne!(record["message"], "panic", "{function}: {line}");
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lambda.stop();
    }
}
