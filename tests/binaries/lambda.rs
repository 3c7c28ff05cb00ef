//! What Lambda does, on loopback: starts the binary of a function when it is first invoked, hands
//! it events over the Runtime API, and answers whoever invokes it over the Invoke API.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use serde_json::{Value, json};
use shared::lambda::LOCAL_TIME;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

/// How long a function may take, as it is told, milliseconds.
const LIMIT_MS: i64 = 29_000;
/// Longest wait for a result, seconds: a binary that never answers fails its test.
const PATIENCE_SECONDS: u64 = 30;

/// Whether the time of an invocation reaches the function as a header, as a Runtime API would pass
/// it, or only inside the event, as `cargo lambda watch` leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    ByHeader,
    ByEvent,
}

/// One invocation that is over.
#[derive(Clone, Debug)]
pub struct Call {
    pub function: String,
    /// What the function returned, or the error that it reported.
    pub outcome: Result<Value, Value>,
}

/// All functions as processes.
#[derive(Clone)]
pub struct Lambda(Arc<Inner>);

struct Inner {
    address: String,
    environment: Mutex<Vec<(String, String)>>,
    logs: PathBuf,
    told: Told,
    instances: Mutex<HashMap<String, Arc<Instance>>>,
    processes: Mutex<Vec<AbortHandle>>,
    calls: Mutex<Vec<Call>>,
    ids: AtomicU64,
}

/// One process and what it has to do.
#[derive(Default)]
struct Instance {
    waiting: Mutex<VecDeque<Invocation>>,
    woken: Notify,
    answers: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

struct Invocation {
    id: String,
    time: Option<String>,
    event: String,
}

/// What came back: an answer or an error, as the function wrote it.
type Outcome = Result<Bytes, Bytes>;

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panicked")
}

impl Lambda {
    /// Serves on a free port of this machine. What the processes print goes to files in `logs`.
    pub async fn start(told: Told, logs: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        std::fs::create_dir_all(&logs).expect("a folder");
        let lambda = Self(Arc::new(Inner {
            address: format!("http://{address}"),
            environment: Mutex::default(),
            logs,
            told,
            instances: Mutex::default(),
            processes: Mutex::default(),
            calls: Mutex::default(),
            ids: AtomicU64::new(1),
        }));
        let runtime = "/{function}/2018-06-01/runtime";
        let router = Router::new()
            .route("/2015-03-31/functions/{function}/invocations", post(invoke))
            .route(&format!("{runtime}/invocation/next"), get(next))
            .route(
                &format!("{runtime}/invocation/{{id}}/response"),
                post(answered),
            )
            .route(&format!("{runtime}/invocation/{{id}}/error"), post(refused))
            .route(&format!("{runtime}/init/error"), post(unborn))
            .layer(DefaultBodyLimit::disable())
            .with_state(lambda.clone());
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            // Header and body leave in two writes.
            let _ = stream.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        lambda
    }

    /// Where the Invoke API is.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// What every process finds in its environment besides Lambda's own variables.
    pub fn configure(&self, environment: &[(String, String)]) {
        *held(&self.0.environment) = environment.to_vec();
    }

    /// Ends every process.
    pub fn stop(&self) {
        // Whoever waits for a process holds it, and it does not outlive them.
        held(&self.0.processes).iter().for_each(AbortHandle::abort);
    }

    /// Every invocation so far.
    pub fn calls(&self) -> Vec<Call> {
        held(&self.0.calls).clone()
    }

    /// Every line that the processes printed, with the function's name.
    pub fn lines(&self) -> Vec<(String, String)> {
        let names: Vec<String> = held(&self.0.instances).keys().cloned().collect();
        let mut lines = Vec::new();
        for name in names {
            let text = std::fs::read_to_string(self.log(&name)).expect("a log");
            lines.extend(text.lines().map(|line| (name.clone(), line.to_owned())));
        }
        lines
    }

    fn log(&self, function: &str) -> PathBuf {
        self.0.logs.join(format!("{function}.log"))
    }

    /// The instance of a function; its process starts with the first call.
    fn instance(&self, function: &str) -> Arc<Instance> {
        let mut instances = held(&self.0.instances);
        if let Some(instance) = instances.get(function) {
            return Arc::clone(instance);
        }
        let instance = Arc::new(Instance::default());
        instances.insert(function.to_owned(), Arc::clone(&instance));
        let (process, kept) = (self.spawn(function), Arc::clone(&instance));
        let watch = tokio::spawn(async move { kept.until_the_end(process).await });
        held(&self.0.processes).push(watch.abort_handle());
        instance
    }

    fn spawn(&self, function: &str) -> Child {
        let log = File::create(self.log(function)).expect("a log");
        let mut command = Command::new(crate::binary(function));
        command
            .env_clear()
            .envs(held(&self.0.environment).iter().cloned())
            .envs(variables(function))
            .env(
                "AWS_LAMBDA_RUNTIME_API",
                format!("{}/{function}", self.0.address),
            )
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command.spawn().expect("a process")
    }

    async fn run(&self, function: &str, event: &str, time: Option<String>) -> Outcome {
        let instance = self.instance(function);
        let id = self.0.ids.fetch_add(1, Ordering::Relaxed).to_string();
        let (sender, receiver) = oneshot::channel();
        held(&instance.answers).insert(id.clone(), sender);
        let event = event.to_owned();
        held(&instance.waiting).push_back(Invocation { id, time, event });
        instance.woken.notify_one();
        let patience = std::time::Duration::from_secs(PATIENCE_SECONDS);
        match tokio::time::timeout(patience, receiver).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Bytes::from(r#"{"errorMessage":"the process ended"}"#)),
            Err(_) => Err(Bytes::from(
                r#"{"errorMessage":"the process does not answer"}"#,
            )),
        }
    }
}

/// Lambda's own variables.
pub fn variables(function: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ]
}

impl Instance {
    /// Waits for the end of the process; whoever still waits for it then is told.
    async fn until_the_end(&self, mut process: Child) {
        let ended = process.wait().await;
        held(&self.answers).clear();
        assert!(ended.is_ok(), "a process can be waited for");
    }

    fn settle(&self, id: &str, outcome: Outcome) -> StatusCode {
        match held(&self.answers).remove(id) {
            // Whoever asked may have lost patience.
            Some(sender) => {
                let _ = sender.send(outcome);
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

/// The Invoke API: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
async fn invoke(
    State(lambda): State<Lambda>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let time = headers.get(LOCAL_TIME).and_then(|time| time.to_str().ok());
    let mut event: Value = serde_json::from_str(&body).expect("an event");
    let time = match (lambda.0.told, event.as_object_mut()) {
        (Told::ByHeader, Some(members)) => {
            members.remove(LOCAL_TIME);
            time.map(str::to_owned)
        }
        _ => None,
    };
    let outcome = lambda.run(&function, &event.to_string(), time).await;
    let read = |bytes: &Bytes| serde_json::from_slice(bytes).unwrap_or(json!("no JSON"));
    let call = Call {
        function,
        outcome: outcome.as_ref().map(read).map_err(read),
    };
    held(&lambda.0.calls).push(call);
    let (response, body) = match outcome {
        Ok(body) => (Response::builder(), body),
        Err(body) => {
            let response = Response::builder().header("x-amz-function-error", "Unhandled");
            (response, body)
        }
    };
    response.body(Body::from(body)).expect("a response")
}

/// The Runtime API: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
async fn next(State(lambda): State<Lambda>, Path(function): Path<String>) -> Response<Body> {
    let instance = lambda.instance(&function);
    loop {
        let invocation = held(&instance.waiting).pop_front();
        let Some(invocation) = invocation else {
            instance.woken.notified().await;
            continue;
        };
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:pairly-{function}");
        let deadline = shared::time::Now::now(&shared::time::SystemClock).plus(LIMIT_MS);
        let mut response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &invocation.id)
            .header("lambda-runtime-deadline-ms", deadline.ms())
            .header("lambda-runtime-invoked-function-arn", arn)
            .header(
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            );
        if let Some(time) = &invocation.time {
            response = response.header(LOCAL_TIME, time);
        }
        return response
            .body(Body::from(invocation.event))
            .expect("a response");
    }
}

async fn answered(
    State(lambda): State<Lambda>,
    Path((function, id)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    lambda.instance(&function).settle(&id, Ok(body))
}

async fn refused(
    State(lambda): State<Lambda>,
    Path((function, id)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    lambda.instance(&function).settle(&id, Err(body))
}

async fn unborn(State(lambda): State<Lambda>, Path(function): Path<String>) -> StatusCode {
    held(&lambda.instance(&function).answers).clear();
    StatusCode::ACCEPTED
}
