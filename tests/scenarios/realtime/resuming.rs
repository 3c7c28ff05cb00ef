//! Recovery by state.

use serde_json::{Value, json};
use world::{Person, World};

/// Twelve writers, each with one message to the reader before the story begins.
async fn twelve_writers(world: &World, reader: &Person) -> Vec<Person> {
    let mut writers = Vec::new();
    for n in 0..12 {
        let mut writer = world.person(&format!("Writer {n}")).await;
        writer.says("before").to(reader).await.ok();
        writers.push(writer);
    }
    writers
}

/// 250 messages by turns while the reader is away, over some twenty minutes.
async fn miss_many(world: &World, writers: &mut [Person], reader: &Person) {
    for n in 0..250 {
        let writer = &mut writers[n % 12];
        writer.says(&format!("missed {n}")).to(reader).await.ok();
        if n % 50 == 0 {
            world.passes(240).await;
        }
    }
}

/// Every missed message is there once, whoever wrote it.
async fn has_all_missed(reader: &Person, writers: &[Person]) {
    let mut texts = Vec::new();
    for writer in writers {
        texts.extend(catches_up(reader, writer, 1).await);
    }
    texts.sort_by_key(|text| {
        text["content"]
            .as_str()
            .and_then(|text| text[7..].parse::<u32>().ok())
    });
    let contents: Vec<_> = texts.iter().map(|text| text["content"].clone()).collect();
    let wanted: Vec<_> = (0..250).map(|n| json!(format!("missed {n}"))).collect();
    assert_eq!(contents, wanted);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_and_fifty_missed_messages_come_back_in_order_none_twice() {
    let world = World::unlimited().await;
    let mut ben = world.person("Ben").await;
    let mut writers = twelve_writers(&world, &ben).await;
    let mut quiet = world.person("Quiet").await;
    quiet.says("before").to(&ben).await.ok();
    world.passes(60).await;
    let state = ben.get("/api/v2/sync").await.ok();
    assert_eq!(state["conversations"].as_array().map(Vec::len), Some(13));
    let token = state["sync_token"].as_str().expect("a token").to_owned();
    world.passes(60).await;
    miss_many(&world, &mut writers, &ben).await;
    world.passes(60).await;
    ben = ben.elsewhere().await;
    ben.comes_online().await;
    let state = ben
        .asks("sync.resume", json!({ "sync_token": token }))
        .await;
    assert_eq!(state["type"], "sync.state");
    assert_eq!(state["data"]["complete"], true);
    assert_eq!(state["data"]["unread_notifications"], 0);
    let moved = state["data"]["conversations"]
        .as_array()
        .expect("conversations")
        .clone();
    assert_eq!(moved.len(), 12, "exactly the heads that moved");
    has_all_missed(&ben, &writers).await;
    let mallory = world.person("Mallory").await;
    for bad in [token.as_str(), "nonsense"] {
        let path = format!("/api/v2/sync?sync_token={bad}");
        mallory
            .get(&path)
            .await
            .refused(400, "INVALID_CONTINUATION");
    }
}

/// Fetches what came after `seq`, page by page, and proves that it is dense.
async fn catches_up(reader: &Person, writer: &Person, seq: i64) -> Vec<Value> {
    let (mut after, mut all) = (seq, Vec::new());
    loop {
        let path = format!(
            "/api/v2/messages/conversation/{}?after_seq={after}&limit=10",
            writer.id
        );
        let page = reader.get(&path).await.ok();
        for message in page["messages"].as_array().expect("messages") {
            assert_eq!(message["seq"], json!(after + 1));
            after += 1;
            all.push(message.clone());
        }
        if page["limited"] == false {
            assert_eq!(page["head_seq"], json!(after));
            return all;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_names_everything_that_has_a_number() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let state = ann.asks("sync.resume", json!({})).await;
    let data = &state["data"];
    assert_eq!(data["calls"], json!([]));
    assert_eq!(data["unread_notifications"], 0);
    assert_eq!(data["relay_head_seq"], 0);
    assert_eq!(data["wallet"]["available"], 100);
    assert_eq!(data["complete"], true);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_everything_comes_in_pages() {
    let world = World::unlimited().await;
    let ben = world.person("Ben").await;
    for n in 0..103 {
        let mut writer = world.person(&format!("Writer {n}")).await;
        writer.says("hello").to(&ben).await.ok();
    }
    world.settles().await;
    let first = ben.get("/api/v2/sync").await.ok();
    assert_eq!(first["conversations"].as_array().map(Vec::len), Some(100));
    assert_eq!(first["complete"], false);
    let token = first["sync_token"].as_str().expect("a token");
    let path = format!("/api/v2/sync?sync_token={token}");
    let rest = ben.get(&path).await.ok();
    assert_eq!(rest["conversations"].as_array().map(Vec::len), Some(3));
    assert_eq!(rest["complete"], true);
}

#[tokio::test(start_paused = true)]
async fn an_altered_or_old_token_is_refused() {
    let world = World::unlimited().await;
    let mut ben = world.person("Ben").await;
    let state = ben.get("/api/v2/sync").await.ok();
    let token = state["sync_token"].as_str().expect("a token").to_owned();
    let altered = format!("{}A", &token[..token.len() - 1]);
    let altered = if altered == token {
        format!("{altered}B")
    } else {
        altered
    };
    let path = format!("/api/v2/sync?sync_token={altered}");
    ben.get(&path).await.refused(400, "INVALID_CONTINUATION");
    world.passes(24 * 3_600 + 1).await;
    ben.renews().await;
    let path = format!("/api/v2/sync?sync_token={token}");
    ben.get(&path).await.refused(400, "INVALID_CONTINUATION");
}
