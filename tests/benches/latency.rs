//! Messages per second, and the time from POST to the receiver's frame, over real sockets: once
//! with the state in memory, once in a file. `cargo bench -p tests --bench latency`.
//!
//! A closed loop: every sender waits for its answer before the next message. Clients and back end
//! share the process and its cores, so the numbers are a lower bound; compare them within one run.

mod client;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local::runtime::{Local, Options};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use client::{Connection, listen};

/// Pairs of people; one of each sends, the other listens.
const PAIRS: usize = 8;
/// Messages of each sender.
const MESSAGES: usize = 150;
/// Messages of each sender before the measurement.
const WARM_UP: usize = 10;
/// Longest run of one state.
const SECONDS_MAX: u64 = 120;

/// When each text was sent, and how long it took until its frame arrived.
#[derive(Default)]
pub struct Course {
    sent: Mutex<HashMap<String, Instant>>,
    took: Mutex<Vec<Duration>>,
}

impl Course {
    fn send(&self, text: &str) {
        self.sent
            .lock()
            .expect("sent")
            .insert(text.to_owned(), Instant::now());
    }

    /// Notes the arrival of a text's frame.
    pub fn arrive(&self, text: &str) {
        if let Some(at) = self.sent.lock().expect("sent").remove(text) {
            self.took.lock().expect("took").push(at.elapsed());
        }
    }
}

async fn start(state: Option<PathBuf>) -> (Local, u16) {
    let (http, socket) = loop {
        let http = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let next = http
            .local_addr()
            .expect("an address")
            .port()
            .saturating_add(1);
        if let Ok(socket) = TcpListener::bind(("127.0.0.1", next)).await {
            break (http, socket);
        }
    };
    let port = http.local_addr().expect("an address").port();
    let settings = [("RATE_LIMIT_ENABLED".to_owned(), "false".to_owned())].into();
    let options = Options {
        state,
        port,
        settings,
        ..Options::default()
    };
    let local = Local::start(options).await.expect("the back end starts");
    local.prepare().await.expect("keys");
    tokio::spawn(local::gateway::http::serve(
        local.clone(),
        http,
        std::future::pending(),
    ));
    tokio::spawn(local::gateway::socket::serve(
        local.clone(),
        socket,
        std::future::pending(),
    ));
    (local, port)
}

async fn sends(
    port: u16,
    token: String,
    to: String,
    who: usize,
    count: usize,
    course: Arc<Course>,
) {
    let mut connection = Connection::open(port).await;
    for n in 0..count {
        let text = format!("{who:02}-{count:03}-{n:05} {}", "x".repeat(86));
        let body = json!({
            "receiver_id": to, "content": text, "message_type": "text",
            "client_message_id": format!("bench-{who}-{count}-{n}"),
        });
        course.send(&text);
        let (status, answer) = connection
            .call("POST", "/api/v2/messages/send", &token, &body)
            .await;
        assert_eq!(status, 200, "{answer}");
    }
}

async fn all_send(port: u16, people: &[(String, String)], count: usize, course: &Arc<Course>) {
    let senders = people.iter().enumerate().map(|(who, (token, to))| {
        tokio::spawn(sends(
            port,
            token.clone(),
            to.clone(),
            who,
            count,
            Arc::clone(course),
        ))
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("a sender");
    }
}

async fn measure(name: &str, state: Option<PathBuf>) -> Value {
    let (local, port) = start(state).await;
    let course = Arc::new(Course::default());
    let mut people = Vec::new();
    for pair in 0..PAIRS {
        let sender = local
            .mint(&format!("Sender {pair}"), 1_000_000)
            .await
            .expect("a person");
        let receiver = local
            .mint(&format!("Receiver {pair}"), 0)
            .await
            .expect("a person");
        listen(port, &receiver.access_token, Arc::clone(&course)).await;
        people.push((sender.access_token, receiver.user_id));
    }
    all_send(port, &people, WARM_UP, &course).await;
    local.settle().await;
    course.took.lock().expect("took").clear();
    let begun = Instant::now();
    all_send(port, &people, MESSAGES, &course).await;
    let elapsed = begun.elapsed();
    local.settle().await;
    let total = PAIRS * MESSAGES;
    while course.took.lock().expect("took").len() < total {
        assert!(
            begun.elapsed().as_secs() < SECONDS_MAX,
            "frames are missing"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut took = course.took.lock().expect("took").clone();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let rate = total as f64 / elapsed.as_secs_f64();
    json!({
        "state": name,
        "messages": total,
        "per_second": rate.round(),
        "p50_ms": (at(0.5) * 10.0).round() / 10.0,
        "p99_ms": (at(0.99) * 10.0).round() / 10.0,
    })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let file = std::env::temp_dir().join(format!("pairly-bench-{}.db", std::process::id()));
    for (name, state) in [("memory", None), ("file", Some(file.clone()))] {
        println!("{}", measure(name, state).await);
    }
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}
