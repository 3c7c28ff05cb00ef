//! The built binary with `--chaos`: whatever goes wrong, people who repeat what found no answer
//! have their messages, once and paid once, and soon nothing is left to be done.

mod client;

use std::collections::BTreeSet;
use std::time::Duration;

use client::back_end::{
    answers, history, insists, is_dense_and_has_once, ledger_verifies, message, signs_in, start,
};
use client::{Client, free_port};
use serde_json::Value;

/// Seeds; a failure names its own, and `cargo run -- --memory --chaos SEED` does the same again.
const SEEDS: [u64; 2] = [7, 2_026];
/// Messages that are sent.
const MESSAGES: usize = 60;
/// How long the last request's consequences may take.
const DRAIN_SECONDS_MAX: u64 = 10;

/// What waits in queues and streams.
async fn backlog(client: &Client) -> Value {
    let asked = client.call("GET", "/_local/backlog", None, None).await;
    let (status, body) = asked.expect("an answer");
    assert_eq!(status, 200, "the local paths are never disturbed");
    body
}

/// How long until nothing waits any more.
async fn drains(client: &Client, seed: u64) {
    let drained = async {
        loop {
            let waiting = backlog(client).await;
            if waiting.as_object().is_some_and(serde_json::Map::is_empty) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let limit = Duration::from_secs(DRAIN_SECONDS_MAX);
    if tokio::time::timeout(limit, drained).await.is_err() {
        let waiting = backlog(client).await;
        panic!("--chaos {seed}: {waiting} still waits");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_every_message_is_there_and_paid_once() {
    for seed in SEEDS {
        let port = free_port();
        let client = Client::new(port);
        let _process = start(port, &["--memory", "--chaos", &seed.to_string()]);
        let overview = answers(&client).await;
        let (ann, ann_id) = signs_in(&client, &overview["people"][0]).await;
        let (ben, ben_id) = signs_in(&client, &overview["people"][1]).await;
        for n in 0..MESSAGES {
            let path = "/api/v2/messages/send";
            let body = Some(message(&ben_id, n));
            let (status, answer) = insists(&client, "POST", path, Some(&ann), body).await;
            assert_eq!(status, 200, "--chaos {seed}: {answer}");
        }
        drains(&client, seed).await;
        let stored = history(&client, &ben, &ann_id).await;
        let all: BTreeSet<_> = (0..MESSAGES).collect();
        assert_eq!(stored.len(), MESSAGES, "--chaos {seed}");
        is_dense_and_has_once(&stored, &all);
        let left = ledger_verifies(&client, &ann).await;
        assert_eq!(usize::try_from(100 - left), Ok(MESSAGES), "--chaos {seed}");
    }
}
