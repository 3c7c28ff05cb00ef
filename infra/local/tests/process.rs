//! The built binary with real sockets: killed in the middle of sends and started again on the same
//! file, it has every acknowledged message once and a ledger that verifies.

mod client;
#[path = "client/socket.rs"]
mod socket;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use client::back_end::{answers, history, is_dense_and_has_once, ledger_verifies, message};
use client::back_end::{signs_in, start};
use client::{Client, free_port};
use socket::listen;

/// Acknowledged sends before the process is killed.
const SENDS_BEFORE_KILL: usize = 25;
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
    let path = state.to_str().expect("a text");

    let mut process = start(port, &["--state", path]);
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

    let again = start(port, &["--state", path]);
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
