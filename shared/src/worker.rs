//! Queue messages, stream changes and schedule ticks: what starts a function without a client.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::env::Env;
use crate::error::{Error, INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::function::{Answer, Handler, Reply, Take};
use crate::http::limit::Limit;
use crate::table::{Item, Row};

/// What a queue is made of. Every queue has a dead-letter queue `{name}-dead`.
#[derive(Clone, Copy, Debug)]
pub struct QueueSpec {
    /// Name below the prefix.
    pub name: &'static str,
    /// How long a received message stays invisible, seconds; 6 × the function's timeout.
    pub visibility_seconds: u32,
    /// Receives before a message goes to the dead-letter queue.
    pub receives_max: u32,
    /// Messages per invocation: 1–10, more only when they are gathered.
    pub batch: usize,
    /// How long messages are gathered until there are enough for an invocation, seconds; the
    /// batching window of the event source.
    pub gather_seconds: u32,
}

/// A queue whose messages are taken as they come, up to ten at once.
const fn usual(name: &'static str, visibility_seconds: u32, receives_max: u32) -> QueueSpec {
    QueueSpec {
        name,
        visibility_seconds,
        receives_max,
        batch: 10,
        gather_seconds: 0,
    }
}

/// All queues: name, seconds of invisibility, receives.
pub const QUEUES: &[QueueSpec] = &[
    // The worker gives up before: frames carry texts, and those never lie among dead letters.
    usual("frames", 60, 10),
    usual("mail", 90, 5),
    usual("sms", 90, 5),
    usual("pushes", 90, 5),
    usual("notices", 60, 5),
    usual("revoked", 60, 5),
    usual("devices", 60, 5),
    usual("balances", 60, 5),
    usual("rings", 60, 5),
    usual("media-waits", 60, 5),
    usual("meters", 60, 5),
    QueueSpec {
        batch: 1,
        ..usual("uploads", 360, 5)
    },
    QueueSpec {
        batch: 100,
        gather_seconds: 2,
        ..usual("notes", 360, 5)
    },
    QueueSpec {
        batch: 1,
        ..usual("proofs", 720, 5)
    },
    QueueSpec {
        batch: 1,
        ..usual("audits", 720, 5)
    },
    QueueSpec {
        batch: 1,
        ..usual("exports", 1_800, 5)
    },
    usual("scan", 60, 5),
];

/// One message of a queue.
#[derive(Debug, Clone)]
pub struct Message {
    /// Id given by the queue.
    pub id: String,
    /// JSON body.
    pub body: Value,
    /// How often it has been received, from 1.
    pub receives: u32,
    /// Request that caused it.
    pub request_id: String,
}

/// How often the message has been received, from 1.
#[derive(Debug, Clone, Copy)]
pub struct Receives(pub u32);

impl Take<Message> for Receives {
    async fn take(_: &Env, message: &mut Message) -> Result<Self> {
        Ok(Self(message.receives))
    }
}

/// The typed body of a message.
#[derive(Debug, Clone, Copy)]
pub struct Job<T>(pub T);

impl<T: DeserializeOwned + Send> Take<Message> for Job<T> {
    async fn take(_: &Env, message: &mut Message) -> Result<Self> {
        serde_json::from_value(message.body.take())
            .map(Job)
            .map_err(|cause| INTERNAL_ERROR.because(cause))
    }
}

/// All messages of a batch together, for workers that gather them.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The messages.
    pub list: Vec<Message>,
    /// Ids of those that are no jobs: they alone come again.
    pub unreadable: Vec<String>,
}

/// The typed bodies of a batch.
#[derive(Debug, Clone)]
pub struct Jobs<T>(pub Vec<T>);

impl<T: DeserializeOwned + Send> Take<Batch> for Jobs<T> {
    async fn take(env: &Env, batch: &mut Batch) -> Result<Self> {
        let mut jobs = Vec::new();
        for message in &mut batch.list {
            match serde_json::from_value(message.body.take()) {
                Ok(job) => jobs.push(job),
                Err(cause) => {
                    crate::log::failed(env, "message", &INTERNAL_ERROR.because(cause));
                    batch.unreadable.push(message.id.clone());
                }
            }
        }
        Ok(Self(jobs))
    }
}

/// One change of an item, as the table's stream tells it.
#[derive(Debug, Clone)]
pub struct Change {
    /// Deterministic id of the change, equal in every delivery.
    pub event_id: String,
    /// Table whose stream told it, such as `data`.
    pub table: String,
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// The item before, if it existed.
    pub old: Option<Row>,
    /// The item after, if it exists.
    pub new: Option<Row>,
}

impl Change {
    /// Old and new image as the type, when this is a change of such an item.
    ///
    /// # Errors
    /// 500 when an image does not have the type's shape.
    pub fn of<T: Item>(&self) -> Result<(Option<T>, Option<T>)> {
        let read = |row: &Option<Row>| row.clone().map(crate::table::item_of).transpose();
        Ok((read(&self.old)?, read(&self.new)?))
    }
}

/// A batch of changes in stream order.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The changes.
    pub list: Vec<Change>,
}

impl Take<Changes> for Vec<Change> {
    async fn take(_: &Env, changes: &mut Changes) -> Result<Self> {
        Ok(std::mem::take(&mut changes.list))
    }
}

/// A run of a schedule.
#[derive(Debug, Clone)]
pub struct Tick {
    /// The event, as the schedule or an operator gave it.
    pub event: Value,
}

/// What an operator asks of a scheduled run, as the event of the run; an event of the schedule
/// itself asks nothing and gives the type's defaults.
#[derive(Debug, Clone, Copy)]
pub struct Wish<T>(pub T);

impl<T: DeserializeOwned + Send> Take<Tick> for Wish<T> {
    async fn take(_: &Env, tick: &mut Tick) -> Result<Self> {
        serde_json::from_value(tick.event.take())
            .map(Wish)
            .map_err(|cause| INTERNAL_ERROR.because(cause))
    }
}

macro_rules! nothing {
    ($($call:ty),*) => {$(
        impl Answer<$call> for () {
            fn answer(self) -> Result<Reply> {
                Ok(Reply { status: 204, body: Value::Null, headers: Vec::new() })
            }
        }
    )*};
}
nothing!(Message, Batch, Changes, Tick);

/// The counts of a scheduled run, which `/_local/run/{function}` shows.
#[derive(Debug, Clone)]
pub struct Report(pub Value);

impl Answer<Tick> for Report {
    fn answer(self) -> Result<Reply> {
        Ok(Reply {
            status: 200,
            body: self.0,
            headers: Vec::new(),
        })
    }
}

/// Serves a batch of queue messages; the ones that failed are reported, so one bad message never
/// repeats the others.
///
/// # Errors
/// When the event has not the shape of SQS.
pub async fn serve_queue<A, H: Handler<Message, A>>(
    env: &Env,
    event: Value,
    _: Limit,
    handler: H,
) -> Result<Value, String> {
    let records = event["Records"].as_array().ok_or("no Records")?;
    let mut failed = Vec::new();
    for record in records {
        let id = record["messageId"].as_str().unwrap_or_default().to_owned();
        let outcome = match message_of(record) {
            Ok(mut message) => crate::log::guarded(handler.handle(env, &mut message))
                .await
                .map(|_| ()),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            crate::log::failed(env, "message", &error);
            failed.push(json!({ "itemIdentifier": id }));
        }
    }
    Ok(json!({ "batchItemFailures": failed }))
}

/// Serves a batch of queue messages together. Where that fails each is tried alone, and only those
/// are reported that fail alone, so that one bad message takes no others with it.
///
/// # Errors
/// When the event has not the shape of SQS, or a service does not answer: all of it comes again.
pub async fn serve_batch<A, H: Handler<Batch, A>>(
    env: &Env,
    event: Value,
    _: Limit,
    handler: H,
) -> Result<Value, String> {
    let mut batch = batch_of(env, &event)?;
    let each = batch.list.clone();
    let outcome = crate::log::guarded(handler.handle(env, &mut batch)).await;
    let mut failed = batch.unreadable;
    if let Err(error) = outcome {
        let why = fail(env, "batch", &error);
        // Nobody is to blame alone when a service does not answer.
        if error.is(&UNAVAILABLE) {
            return Err(why);
        }
        let readable = each.into_iter().filter(|one| !failed.contains(&one.id));
        for message in readable.collect::<Vec<_>>() {
            let id = message.id.clone();
            let mut alone = Batch {
                list: vec![message],
                ..Batch::default()
            };
            let outcome = crate::log::guarded(handler.handle(env, &mut alone)).await;
            failed.extend(outcome.is_err().then_some(id));
        }
    }
    let failed: Vec<_> = failed
        .iter()
        .map(|id| json!({ "itemIdentifier": id }))
        .collect();
    Ok(json!({ "batchItemFailures": failed }))
}

fn batch_of(env: &Env, event: &Value) -> Result<Batch, String> {
    let mut batch = Batch::default();
    for record in event["Records"].as_array().ok_or("no Records")? {
        match message_of(record) {
            Ok(message) => batch.list.push(message),
            Err(error) => {
                crate::log::failed(env, "message", &error);
                let id = record["messageId"].as_str().unwrap_or_default();
                batch.unreadable.push(id.to_owned());
            }
        }
    }
    Ok(batch)
}

fn message_of(record: &Value) -> Result<Message> {
    let text = record["body"].as_str().unwrap_or_default();
    let body = serde_json::from_str(text).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let attribute = &record["messageAttributes"]["request_id"]["stringValue"];
    let receives = record["attributes"]["ApproximateReceiveCount"].as_str();
    Ok(Message {
        id: record["messageId"].as_str().unwrap_or_default().to_owned(),
        body,
        receives: receives.and_then(|count| count.parse().ok()).unwrap_or(1),
        request_id: attribute.as_str().unwrap_or("N/A").to_owned(),
    })
}

/// Serves a batch of stream changes. On failure the whole batch comes again (bisected by the
/// event source), which its consumers bear: they are idempotent by event.
///
/// # Errors
/// When the handler failed or the event has not the shape of a stream.
pub async fn serve_stream<A, H: Handler<Changes, A>>(
    env: &Env,
    event: Value,
    _: Limit,
    handler: H,
) -> Result<Value, String> {
    let records = event["Records"].as_array().ok_or("no Records")?;
    let list: Result<Vec<_>> = records
        .iter()
        .map(|record| change_of(env, record))
        .collect();
    let mut changes = Changes {
        list: list.map_err(|error| error.to_string())?,
    };
    let outcome = crate::log::guarded(handler.handle(env, &mut changes)).await;
    outcome.map_err(|error| fail(env, "stream", &error))?;
    Ok(json!({ "batchItemFailures": [] }))
}

fn fail(env: &Env, what: &'static str, error: &Error) -> String {
    crate::log::failed(env, what, error);
    error.fault().code.to_owned()
}

fn change_of(env: &Env, record: &Value) -> Result<Change> {
    let image = |name: &str| -> Result<Option<Row>> {
        match &record["dynamodb"][name] {
            Value::Null => Ok(None),
            image => serde_json::from_value(image.clone())
                .map(Some)
                .map_err(|cause| INTERNAL_ERROR.because(cause)),
        }
    };
    // arn:aws:dynamodb:region:account:table/pairly-data/stream/…
    let source = record["eventSourceARN"].as_str().unwrap_or_default();
    let table = source.split('/').nth(1).unwrap_or_default();
    let prefix = format!("{}-", env.config().prefix);
    let keys = &record["dynamodb"]["Keys"];
    let key = |name: &str| keys[name]["S"].as_str().unwrap_or_default().to_owned();
    Ok(Change {
        event_id: record["eventID"].as_str().unwrap_or_default().to_owned(),
        table: table.strip_prefix(&prefix).unwrap_or(table).to_owned(),
        pk: key("pk"),
        sk: key("sk"),
        old: image("OldImage")?,
        new: image("NewImage")?,
    })
}

/// Serves one run of a schedule.
///
/// # Errors
/// When the handler failed; the next run tries again.
pub async fn serve_tick<A, H: Handler<Tick, A>>(
    env: &Env,
    event: Value,
    _: Limit,
    handler: H,
) -> Result<Value, String> {
    let mut tick = Tick { event };
    let outcome = crate::log::guarded(handler.handle(env, &mut tick)).await;
    outcome
        .map(|reply| reply.body)
        .map_err(|error| fail(env, "schedule", &error))
}
