//! Event sources: table streams and queues start functions, at least once and in order of the
//! stream.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::function::{Function, Trigger};
use shared::worker::{QUEUES, QueueSpec};

use super::Local;
use crate::cloud::{Received, Request};

/// Records per invocation of a stream function.
const BATCH_RECORDS_MAX: usize = 100;
/// Records a mapping may be ahead of the slowest one of its table.
const LEAD_RECORDS_MAX: usize = 1_000;
/// Deliveries of one record before it goes to the dead letters.
const TRIES_MAX: u32 = 10;
/// First pause after a failed delivery, doubled each time.
const PAUSE_MS: u64 = 10;
const PAUSE_MS_MAX: u64 = 1_000;
/// Invocations at once for one queue.
const CONSUMERS_MAX: usize = 5;
/// When failed messages come again while things go wrong by chance, milliseconds.
const AGAIN_MS: i64 = 1_500;
/// How long a worker may run, seconds.
pub(crate) const WORKER_SECONDS_MAX: u64 = 60;
/// Where stream records go that nobody can handle.
pub const STREAM_DEAD_LETTERS: &str = "stream-dead";

/// All event sources.
#[derive(Default)]
pub(crate) struct Pumps {
    mappings: Vec<Arc<Mapping>>,
    held: AtomicBool,
    consumers: Vec<Arc<Consumer>>,
}

/// One function's place in one table's stream.
struct Mapping {
    function: &'static Function,
    table: &'static str,
    place: Mutex<Place>,
}

#[derive(Default)]
struct Place {
    busy: bool,
    done: u128,
}

/// One function on one queue.
struct Consumer {
    function: &'static Function,
    queue: &'static QueueSpec,
    running: AtomicUsize,
}

impl Pumps {
    pub(crate) fn new(functions: &[&'static Function]) -> Self {
        let mut pumps = Self::default();
        for function in functions {
            for trigger in function.triggers {
                match *trigger {
                    Trigger::Stream(table) => pumps.mappings.push(Arc::new(Mapping {
                        function,
                        table,
                        place: Mutex::default(),
                    })),
                    Trigger::Queue(name) => pumps.consume(function, name),
                    _ => {}
                }
            }
        }
        pumps
    }

    fn consume(&mut self, function: &'static Function, name: &str) {
        if let Some(queue) = QUEUES.iter().find(|queue| queue.name == name) {
            let running = AtomicUsize::new(0);
            self.consumers.push(Arc::new(Consumer {
                function,
                queue,
                running,
            }));
        }
    }

    /// Starts at the beginning again, after the state was emptied.
    pub(crate) fn rewind(&self) {
        for mapping in &self.mappings {
            mapping.place().done = 0;
        }
    }

    /// What every mapping of the table has handled.
    fn handled(&self, table: &str) -> u128 {
        let mappings = self
            .mappings
            .iter()
            .filter(|mapping| mapping.table == table);
        mappings
            .map(|mapping| mapping.place().done)
            .min()
            .unwrap_or_default()
    }
}

impl Mapping {
    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, records: &[Value]) {
        let mut place = self.place();
        place.done = records.iter().map(sequence).fold(place.done, u128::max);
    }
}

fn key_of(record: &Value) -> String {
    record["dynamodb"]["Keys"].to_string()
}

fn sequence(record: &Value) -> u128 {
    let number = record["dynamodb"]["SequenceNumber"].as_str();
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

impl Local {
    /// Stops the streams, or lets them run on; what happens meanwhile waits.
    pub fn hold_streams(&self, hold: bool) {
        self.0.pumps.held.store(hold, Ordering::SeqCst);
        self.0.wake.notify_one();
    }

    /// Loses every record that waits, as a stream does after 24 hours.
    pub fn lose_streams(&self) {
        for mapping in &self.0.pumps.mappings {
            loop {
                let waiting = self.0.cloud.stream_batch(mapping.table, LEAD_RECORDS_MAX);
                let last = waiting.iter().map(sequence).max().unwrap_or_default();
                if last <= mapping.place().done {
                    break;
                }
                mapping.done(&waiting);
                self.trim(mapping.table);
            }
        }
    }

    /// Starts whatever is ready in streams and queues. Never waits.
    pub(crate) fn pass(&self) {
        for mapping in &self.0.pumps.mappings {
            self.feed(mapping);
        }
        for consumer in &self.0.pumps.consumers {
            self.drain(consumer);
        }
    }

    fn feed(&self, mapping: &Arc<Mapping>) {
        let mut place = mapping.place();
        if place.busy || self.0.pumps.held.load(Ordering::SeqCst) {
            return;
        }
        let mut records = self.0.cloud.stream_batch(mapping.table, LEAD_RECORDS_MAX);
        records.retain(|record| sequence(record) > place.done);
        records.truncate(BATCH_RECORDS_MAX);
        if records.is_empty() {
            return;
        }
        place.busy = true;
        drop(place);
        let (local, mapping, guard) = (self.clone(), Arc::clone(mapping), self.0.activity.begin());
        tokio::spawn(async move {
            local.disturbed(&mapping, &mut records).await;
            local.deliver(&mapping, records).await;
            mapping.place().busy = false;
            local.trim(mapping.table);
            local.pass();
            drop(guard);
        });
    }

    /// What may come before a delivery: a pause, other items in between, the same once already.
    async fn disturbed(&self, mapping: &Mapping, records: &mut [Value]) {
        let faults = self.0.cloud.faults();
        if let Some(pause) = faults.pause("stream waits") {
            tokio::time::sleep(pause).await;
        }
        if faults.happens("stream repeats") {
            self.attempt(mapping, records).await;
        }
        // Only the changes of one item stay in order.
        let mut keys: Vec<String> = records.iter().map(key_of).collect();
        keys.sort_unstable();
        keys.dedup();
        let before = keys.clone();
        faults.shuffle("stream reorders", &mut keys);
        if keys != before {
            records.sort_by_cached_key(|record| {
                let key = key_of(record);
                keys.iter().position(|known| *known == key)
            });
        }
    }

    /// Tells the stream what nobody needs any more.
    fn trim(&self, table: &'static str) {
        let handled = self.0.pumps.handled(table);
        if handled > 0 {
            self.0.cloud.stream_done(table, &handled.to_string());
        }
    }

    /// Delivers records in order; a failing batch is halved until the failing record stands alone.
    async fn deliver(&self, mapping: &Mapping, records: Vec<Value>) {
        let mut rest = vec![records];
        while let Some(mut batch) = rest.pop() {
            if self.attempt(mapping, &batch).await {
                mapping.done(&batch);
            } else if batch.len() > 1 {
                rest.push(batch.split_off(batch.len() / 2));
                rest.push(batch);
            } else {
                self.insist(mapping, &batch).await;
                mapping.done(&batch);
            }
        }
    }

    /// Repeats one record with growing pauses, and gives it up in the end.
    async fn insist(&self, mapping: &Mapping, record: &[Value]) {
        let mut pause = PAUSE_MS;
        for _ in 1..TRIES_MAX {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(PAUSE_MS_MAX);
            if self.attempt(mapping, record).await {
                return;
            }
        }
        let letter = json!({ "function": mapping.function.name, "records": record });
        self.bury(&letter).await;
    }

    /// Keeps what nobody could handle.
    async fn bury(&self, letter: &Value) {
        let body = json!({
            "QueueUrl": self.0.config.queue_url(STREAM_DEAD_LETTERS),
            "MessageBody": letter.to_string(),
        });
        let target = (
            "x-amz-target".to_owned(),
            "AmazonSQS.SendMessage".to_owned(),
        );
        let kind = (
            "content-type".to_owned(),
            "application/x-amz-json-1.0".to_owned(),
        );
        let request = Request {
            method: "POST".into(),
            uri: "https://sqs.us-east-1.amazonaws.com/".into(),
            headers: vec![target, kind],
            body: body.to_string().into_bytes(),
        };
        let answer = self.0.cloud.answer("local", request).await;
        if answer.status != 200 {
            self.0
                .log
                .text(&format!("A stream record was lost: {}", letter["function"]));
        }
    }

    async fn attempt(&self, mapping: &Mapping, records: &[Value]) -> bool {
        let what = format!("stream {} x{}", mapping.table, records.len());
        let event = json!({ "Records": records });
        let result = self.work(mapping.function, &what, event).await;
        // A function that reports single records is treated as if all had failed: it is called
        // again with less.
        result.is_some_and(|result| reported(&result).is_empty())
    }

    fn drain(&self, consumer: &Arc<Consumer>) {
        while consumer.enter() {
            let queue = consumer.queue;
            let mut messages = self.0.cloud.receive(queue.name, queue.batch);
            if messages.is_empty() {
                consumer.leave();
                return;
            }
            self.0
                .cloud
                .faults()
                .shuffle("queue reorders", &mut messages);
            let (local, consumer, guard) =
                (self.clone(), Arc::clone(consumer), self.0.activity.begin());
            tokio::spawn(async move {
                local.consume(&consumer, messages).await;
                consumer.leave();
                local.pass();
                drop(guard);
            });
        }
    }

    /// One batch: what was not reported as failed is deleted, the rest becomes visible again.
    async fn consume(&self, consumer: &Consumer, messages: Vec<Received>) {
        let name = consumer.queue.name;
        let what = format!("queue {name} x{}", messages.len());
        let records: Vec<Value> = messages
            .iter()
            .map(|message| message.record(name))
            .collect();
        let event = json!({ "Records": records });
        let ids: Vec<&str> = messages
            .iter()
            .map(|message| message.message_id.as_str())
            .collect();
        self.rests(name, &ids).await;
        let result = self.work(consumer.function, &what, event).await;
        let failed = match &result {
            Some(result) => reported(result),
            None => ids,
        };
        if self.0.cloud.faults().is_disturbed() {
            // Nobody waits for a visibility timeout of minutes to see how things end.
            self.0.cloud.show_again(name, &failed, AGAIN_MS);
        }
        for message in &messages {
            if !failed.contains(&message.message_id.as_str()) {
                self.0.cloud.delete_message(name, &message.receipt);
            }
        }
    }

    /// What may happen to messages that were just received: a pause, and that their time is up
    /// while somebody works on them.
    async fn rests(&self, queue: &str, ids: &[&str]) {
        let faults = self.0.cloud.faults();
        if let Some(pause) = faults.pause("queue waits") {
            tokio::time::sleep(pause).await;
        }
        if faults.happens("queue repeats") {
            self.0.cloud.show_again(queue, ids, 0);
        }
    }

    /// Runs a worker and prints its line.
    pub(crate) async fn work(
        &self,
        function: &'static Function,
        what: &str,
        event: Value,
    ) -> Option<Value> {
        let timer = self.0.log.timer();
        let limit = Duration::from_secs(WORKER_SECONDS_MAX);
        let result = self.invoke(function, event, limit).await;
        let outcome = match &result {
            Ok(result) if reported(result).is_empty() => "ok".to_owned(),
            Ok(result) => format!("{} failed", reported(result).len()),
            Err(failure) => format!("{failure:?}"),
        };
        self.0
            .log
            .line(self.now(), &timer, what, &outcome, function.name);
        result.ok()
    }
}

impl Consumer {
    fn enter(&self) -> bool {
        let one_more = |running| (running < CONSUMERS_MAX).then_some(running + 1);
        self.running
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more)
            .is_ok()
    }

    fn leave(&self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn reported(result: &Value) -> Vec<&str> {
    let items = result["batchItemFailures"].as_array().into_iter().flatten();
    items
        .filter_map(|item| item["itemIdentifier"].as_str())
        .collect()
}
