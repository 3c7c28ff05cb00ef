//! The built binary with real sockets: killed in the middle of sends and started again on the same
//! file, it has every acknowledged message once and a ledger that verifies.

mod client;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::{Client, free_port, listen};
use serde_json::{Value, json};

/// Acknowledged sends before the process is killed.
const SENDS_BEFORE_KILL: usize = 25;
/// Longest wait for the process to answer, in tenths of a second.
const TRIES_MAX: usize = 300;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(port: u16, state: &Path) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["--port", &port.to_string(), "--state"])
        .arg(state)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    Process(child)
}

async fn answers(client: &Client) -> Value {
    for _ in 0..TRIES_MAX {
        if let Ok((200, body)) = client.call("GET", "/_local", None, None).await {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the process does not answer");
}

async fn signs_in(client: &Client, person: &Value) -> (String, String) {
    let body = json!({ "email": person["email"], "password": person["password"] });
    let (status, tokens) = client
        .call("POST", "/api/v2/auth/login", None, Some(body))
        .await
        .expect("login");
    assert_eq!(status, 200, "{tokens}");
    let text = |name: &str| tokens[name].as_str().expect("a text").to_owned();
    (text("access_token"), text("user_id"))
}

fn message(to: &str, n: usize) -> Value {
    json!({
        "receiver_id": to, "content": format!("message {n}"), "message_type": "text",
        "client_message_id": format!("process-{n:05}"),
    })
}

/// Sends from one task after another until the process is gone; gives the acknowledged numbers.
async fn sends(client: Client, token: String, to: String, numbers: Vec<usize>) -> Vec<usize> {
    let mut acknowledged = Vec::new();
    for n in numbers {
        let path = "/api/v2/messages/send";
        match client
            .call("POST", path, Some(&token), Some(message(&to, n)))
            .await
        {
            Ok((200, _)) => acknowledged.push(n),
            Ok((status, _)) => assert!(status == 503 || status == 500, "{status}"),
            Err(_) => break,
        }
    }
    acknowledged
}

/// All messages with the partner, newest first.
async fn history(client: &Client, token: &str, partner: &str) -> Vec<Value> {
    let path = format!("/api/v2/messages/conversation/{partner}?limit=100");
    let (status, page) = client
        .call("GET", &path, Some(token), None)
        .await
        .expect("history");
    assert_eq!(status, 200, "{page}");
    page["messages"].as_array().expect("messages").clone()
}

/// Fetches the statement of the last two days, recomputes its chain and gives the balance.
async fn ledger_verifies(client: &Client, token: &str) -> i64 {
    let (_, local) = get(client, token, "/_local/clock").await;
    let now = shared::Time::parse(local["now"].as_str().expect("a time")).expect("a time");
    let (from, to) = (now.plus(-86_400_000), now.plus(86_400_000));
    let path = format!("/api/v2/credits/statement?from={from}&to={to}");
    let (_, statement) = get(client, token, &path).await;
    let mut head = statement["first_prev_hash"].clone();
    for row in statement["rows"].as_array().expect("rows") {
        assert_eq!(row["prev_hash"], head);
        head = hash_of(row);
        assert_eq!(row["hash"], head);
    }
    assert_eq!(statement["chain_head"], head);
    let (_, balance) = get(client, token, "/api/v2/credits/balance").await;
    assert_eq!(balance["available"], statement["closing"]["available"]);
    balance["available"].as_i64().expect("a number")
}

async fn get(client: &Client, token: &str, path: &str) -> (u16, Value) {
    let answer = client
        .call("GET", path, Some(token), None)
        .await
        .expect("an answer");
    assert_eq!(answer.0, 200, "{path}: {}", answer.1);
    answer
}

/// What the hash of a row must be: SHA-256 of the hash before it and the row's other members.
fn hash_of(row: &Value) -> Value {
    let mut covered = row.clone();
    let members = covered.as_object_mut().expect("an object");
    let before = members.remove("prev_hash").expect("a hash");
    members.remove("hash");
    let before = before.as_str().expect("a hash");
    let bytes: Vec<u8> = (0..before.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&before[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    let text = shared::http::check::canonical(&covered);
    let hash = shared::crypto::sha256(&[&bytes, text.as_bytes()]);
    json!(
        hash.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    )
}

/// The numbers of the messages have no gap, and every acknowledged text stands there once.
fn is_dense_and_has_once(stored: &[Value], acknowledged: &BTreeSet<usize>) {
    let seqs: Vec<_> = stored
        .iter()
        .map(|one| one["seq"].as_i64().expect("a seq"))
        .collect();
    let dense: Vec<_> = (1..=i64::try_from(stored.len()).expect("small"))
        .rev()
        .collect();
    assert_eq!(seqs, dense);
    let texts: Vec<_> = stored
        .iter()
        .map(|one| one["content"].as_str().expect("a text"))
        .collect();
    for n in acknowledged {
        let text = format!("message {n}");
        let count = texts.iter().filter(|known| **known == text).count();
        assert_eq!(count, 1, "{text}");
    }
}

async fn retries_are_answered(
    client: &Client,
    token: &str,
    to: &str,
    numbers: impl Iterator<Item = &usize>,
) {
    for n in numbers {
        let path = "/api/v2/messages/send";
        let (status, _) = client
            .call("POST", path, Some(token), Some(message(to, *n)))
            .await
            .expect("retry");
        assert_eq!(status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_has_every_acknowledged_message_once() {
    let folder = std::env::temp_dir().join(format!("pairly-process-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (state, port) = (folder.join("local.db"), free_port());
    let client = Client::new(port);

    let mut process = start(port, &state);
    let overview = answers(&client).await;
    let (ann, ann_id) = signs_in(&client, &overview["people"][0]).await;
    let (ben, ben_id) = signs_in(&client, &overview["people"][1]).await;
    let heard = listen(&client, &ben).await;
    let tasks: Vec<_> = (0..3)
        .map(|task| (0..200).filter(|n| n % 3 == task).collect())
        .map(|numbers| tokio::spawn(sends(client.clone(), ann.clone(), ben_id.clone(), numbers)))
        .collect();
    while heard.lock().expect("the frames").len() < SENDS_BEFORE_KILL {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    process.0.kill().expect("SIGKILL");
    process.0.wait().expect("the end");
    let mut acknowledged = BTreeSet::new();
    for task in tasks {
        acknowledged.extend(task.await.expect("a task"));
    }
    assert!(!acknowledged.is_empty());

    let again = start(port, &state);
    answers(&client).await;
    // Tokens of before are still good: the signing keys are part of the state.
    let stored = history(&client, &ben, &ann_id).await;
    is_dense_and_has_once(&stored, &acknowledged);
    let paid = 100 - ledger_verifies(&client, &ann).await;
    assert_eq!(
        usize::try_from(paid),
        Ok(stored.len()),
        "one credit for each stored message"
    );
    retries_are_answered(&client, &ann, &ben_id, acknowledged.iter().take(3)).await;
    assert_eq!(history(&client, &ben, &ann_id).await.len(), stored.len());
    second_process_is_refused(port, &state);
    drop(again);
    let _ = std::fs::remove_dir_all(&folder);
}

fn second_process_is_refused(port: u16, state: &Path) {
    let other = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["--port", &(port + 2).to_string(), "--state"])
        .arg(state)
        .output()
        .expect("a second process");
    assert!(!other.status.success());
    let said = String::from_utf8_lossy(&other.stderr);
    assert!(
        said.contains("in use") || said.contains("another process"),
        "{said}"
    );
}
