//! The built binary, and what its demo people do.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::Client;

/// Longest wait for the process to answer, in tenths of a second.
const TRIES_MAX: usize = 300;
/// Repeats until a request must have been answered.
const REPEATS_MAX: usize = 12;

/// The built binary at work; it ends with its owner.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it with these arguments.
pub fn start(port: u16, arguments: &[&str]) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["--port", &port.to_string()])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    Process(child)
}

/// Waits until it answers, and gives what `/_local` says.
pub async fn answers(client: &Client) -> Value {
    for _ in 0..TRIES_MAX {
        if let Ok((200, body)) = client.call("GET", "/_local", None, None).await {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the process does not answer");
}

/// Signs a demo person in, and gives token and id.
pub async fn signs_in(client: &Client, person: &Value) -> (String, String) {
    let body = json!({ "email": person["email"], "password": person["password"] });
    let path = "/api/v2/auth/login";
    let (status, tokens) = insists(client, "POST", path, None, Some(body)).await;
    assert_eq!(status, 200, "{tokens}");
    let text = |name: &str| tokens[name].as_str().expect("a text").to_owned();
    (text("access_token"), text("user_id"))
}

/// Repeats a request until it has an answer that stays.
pub async fn insists(
    client: &Client,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> (u16, Value) {
    for _ in 0..REPEATS_MAX {
        let answer = client.call(method, path, token, body.clone()).await;
        match answer.expect("the process answers") {
            (500.., _) => tokio::time::sleep(Duration::from_millis(50)).await,
            (409, body) if body["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS" => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            answer => return answer,
        }
    }
    panic!("{path} never has an answer");
}

/// Body of the message of a number.
pub fn message(to: &str, n: usize) -> Value {
    json!({
        "receiver_id": to, "content": format!("message {n}"), "message_type": "text",
        "client_message_id": format!("process-{n:05}"),
    })
}

/// All messages with the partner, newest first.
pub async fn history(client: &Client, token: &str, partner: &str) -> Vec<Value> {
    let path = format!("/api/v2/messages/conversation/{partner}?limit=100");
    let (status, page) = insists(client, "GET", &path, Some(token), None).await;
    assert_eq!(status, 200, "{page}");
    page["messages"].as_array().expect("messages").clone()
}

/// Fetches the statement of the last two days, recomputes its chain and gives the balance.
pub async fn ledger_verifies(client: &Client, token: &str) -> i64 {
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
    let answer = insists(client, "GET", path, Some(token), None).await;
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
pub fn is_dense_and_has_once(stored: &[Value], acknowledged: &BTreeSet<usize>) {
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
