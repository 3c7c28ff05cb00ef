//! What survives, what is refused, what a reset leaves.

use std::path::{Path, PathBuf};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pairly-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> Result<Cloud, String> {
    Cloud::open(Options {
        state: Some(path.to_owned()),
        base: START,
    })
}

async fn mail(cloud: &Cloud, body: &str) {
    let client = aws_sdk_sqs::Client::new(&config(cloud, "local"));
    let url = "https://sqs.us-east-1.amazonaws.com/000000000000/pairly-mail";
    client
        .send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
}

async fn secret(cloud: &Cloud) -> String {
    let client = aws_sdk_secretsmanager::Client::new(&config(cloud, "local"));
    let read = client.get_secret_value().secret_id("pairly/pepper");
    read.send().await.unwrap().secret_string.unwrap()
}

#[tokio::test(start_paused = true)]
async fn everything_survives_a_restart_and_two_never_share_a_file() {
    let folder = Folder::new("restart");
    let path = folder.0.join("deep/local.db");
    let cloud = open(&path).unwrap();
    let refused = open(&path).unwrap_err();
    assert!(refused.contains("another process"), "{refused}");
    put(&dynamo(&cloud, "local"), "c1", "one").await;
    put(&dynamo(&cloud, "local"), "c2", "two").await;
    let records = cloud.stream_batch("data", 10);
    cloud.stream_done(
        "data",
        records[0]["dynamodb"]["SequenceNumber"].as_str().unwrap(),
    );
    mail(&cloud, "1").await;
    cloud.receive("mail", 1);
    cloud.clock().advance_to(START.plus(3_600_000));
    let (before, now) = (secret(&cloud).await, cloud.clock().now());
    drop(cloud);
    let cloud = open(&path).unwrap();
    assert_eq!(secret(&cloud).await, before);
    assert!(cloud.clock().now().since(now) <= 1_000 && cloud.clock().offset_ms() > 3_500_000);
    let again = cloud.stream_batch("data", 10);
    assert_eq!(
        (again.len(), &again[0]["eventID"]),
        (1, &records[1]["eventID"])
    );
    assert_eq!(cloud.receive("mail", 1)[0].receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_reset_empties_all_but_secrets_keys_and_clock() {
    let cloud = cloud();
    let client = dynamo(&cloud, "local");
    let item = client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(key("c1", "a")));
    let item = item
        .item("seq", n(1))
        .item("due_shard", s("d0"))
        .item("due_at", n(1));
    item.send().await.unwrap();
    mail(&cloud, "1").await;
    cloud.clock().advance_to(START.plus(60_000));
    let before = secret(&cloud).await;
    cloud.reset().unwrap();
    assert_eq!(secret(&cloud).await, before);
    assert!(cloud.clock().offset_ms() > 0);
    assert!(cloud.queue_depths().iter().all(|(_, depth)| *depth == 0));
    assert!(cloud.stream_batch("data", 10).is_empty());
    for index in [None, Some("by_seq"), Some("due")] {
        let scan = client
            .scan()
            .table_name(TABLE)
            .set_index_name(index.map(str::to_owned));
        assert_eq!(scan.send().await.unwrap().count, 0, "{index:?}");
    }
    put(&client, "c1", "again").await;
    assert_eq!(cloud.stream_batch("data", 10).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn memory_clouds_are_apart_and_cheap() {
    let clouds: Vec<Cloud> = (0..50).map(|_| cloud()).collect();
    put(&dynamo(&clouds[0], "local"), "c1", "one").await;
    let other = dynamo(&clouds[1], "local")
        .scan()
        .table_name(TABLE)
        .send()
        .await
        .unwrap();
    assert_eq!(other.count, 0);
    assert_ne!(secret(&clouds[0]).await, secret(&clouds[1]).await);
}
