//! Conversations, pages, statistics, and what strangers find.

use serde_json::json;
use shared::id::id_of;
use shared::messaging::{Head, Membership};
use shared::table::Commit;
use world::World;

use super::moderation::tables;

#[tokio::test(start_paused = true)]
async fn conversations_are_listed_by_activity_with_preview_and_unread() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    ann.says("from ann").to(&ben).await.ok();
    world.passes(5).await;
    cleo.says("from cleo").to(&ben).await.ok();
    world.passes(5).await;
    let list = ben.get("/api/v2/messages/conversations").await.ok();
    let partners: Vec<_> = list["conversations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["partner"]["name"].clone())
        .collect();
    assert_eq!(partners, [json!("Cleo"), json!("Ann")]);
    assert_eq!(
        list["conversations"][0]["last_message"]["preview"],
        "from cleo"
    );
    assert_eq!(list["conversations"][0]["unread_count"], 1);
    ben.says("to ann").to(&ann).await.ok();
    world.settles().await;
    let list = ben.get("/chats").await.ok();
    assert_eq!(
        list["conversations"][0]["partner"]["user_id"],
        json!(ann.id)
    );
    assert_eq!(
        list["conversations"][0]["last_message"]["preview"],
        "to ann"
    );
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_read_in_pages_without_gap_or_repeat() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 1..=25 {
        ann.says(&format!("text {n}")).to(&ben).await.ok();
    }
    let base = format!("/api/v2/messages/conversation/{}", ann.id);
    let (mut seqs, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = ben.get(&format!("{base}?limit=10{cursor}")).await.ok();
        pages += 1;
        let messages = page["messages"].as_array().expect("messages");
        seqs.extend(
            messages
                .iter()
                .map(|message| message["seq"].as_i64().expect("a seq")),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seqs, (1..=25).rev().collect::<Vec<_>>());
    let newer = ben.get(&format!("{base}?after_seq=20&limit=3")).await.ok();
    let got: Vec<_> = newer["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|m| m["seq"].as_i64())
        .collect();
    assert_eq!(got, [Some(21), Some(22), Some(23)]);
    assert_eq!(newer["limited"], true);
    assert_eq!(newer["head_seq"], 25);
}

#[tokio::test(start_paused = true)]
async fn statistics_equal_a_recount() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    ann.says("1").to(&ben).await.ok();
    ann.says("2").to(&cleo).await.ok();
    ben.says("3").to(&ann).await.ok();
    cleo.says("4").to(&ann).await.ok();
    world.settles().await;
    let stats = ann.get("/api/v2/messages/stats").await.ok();
    assert_eq!(
        (stats["sent"].as_i64(), stats["received"].as_i64()),
        (Some(2), Some(2))
    );
    assert_eq!(
        (stats["unread"].as_i64(), stats["conversations"].as_i64()),
        (Some(2), Some(2))
    );
    assert_eq!(stats["credits_spent"], 2);
    assert_eq!(stats["by_type"]["text"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_finds_nothing_and_changes_nothing() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let cleo = world.person("Cleo").await;
    let sent = ann.says("secret").to(&ben).await.ok();
    let id = sent["id"].as_str().expect("an id");
    let before = ann.get(&format!("/api/v2/messages/{id}")).await.ok();
    let absent = format!("msg_{}", "0".repeat(52));
    for (method, path) in [
        ("GET", "/api/v2/messages/{}"),
        ("DELETE", "/api/v2/messages/{}"),
        ("POST", "/api/v2/messages/mark-delivered/{}"),
    ] {
        let body = (method == "POST").then(|| json!({}));
        let real = cleo
            .call(method, &path.replace("{}", id), body.clone())
            .await;
        let fake = cleo
            .call(method, &path.replace("{}", &absent), body.clone())
            .await;
        assert_eq!(real.comparable(), fake.comparable());
        real.refused(404, "MESSAGE_NOT_FOUND");
        let odd = cleo
            .call(method, &path.replace("{}", "nonsense"), body)
            .await;
        odd.refused(404, "MESSAGE_NOT_FOUND");
    }
    let marked = cleo
        .post("/api/v2/messages/mark-read", json!({ "message_ids": [id] }))
        .await
        .ok();
    assert_eq!(
        (marked["marked_count"].as_i64(), marked["ignored"].clone()),
        (Some(0), json!([id]))
    );
    let by_seq = json!({ "conversation_id": sent["conversation_id"], "up_to_seq": 1 });
    let foreign = cleo.post("/api/v2/messages/mark-read", by_seq).await;
    foreign.refused(404, "CONVERSATION_NOT_FOUND");
    assert!(cleo.reads(&ann).await.is_empty());
    assert_eq!(
        ann.get(&format!("/api/v2/messages/{id}")).await.ok(),
        before
    );
}

/// Numbers of the messages of a page.
fn numbers(page: &serde_json::Value) -> Vec<i64> {
    let messages = page["messages"].as_array().expect("messages").iter();
    messages.filter_map(|one| one["seq"].as_i64()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_page_is_full_or_the_end_however_many_messages_are_hidden() {
    let world = World::unlimited().await;
    let mut ann = world.person_with("Ann", 1_000).await;
    let ben = world.person("Ben").await;
    for n in 1..=190 {
        let sent = ann.says(&format!("{n}")).to(&ben).await.ok();
        if (10..=180).contains(&n) {
            let path = format!("/api/v2/messages/{}", sent["id"].as_str().expect("an id"));
            ben.delete(&path).await.ok();
        }
    }
    let ben = ben.elsewhere().await;
    let base = format!("/api/v2/messages/conversation/{}", ann.id);
    let left: Vec<i64> = (181..=190).rev().chain((1..=9).rev()).collect();
    for (skip, limit) in [(0, 19), (9, 1), (10, 1), (5, 10), (18, 5), (19, 5)] {
        let page = ben.get(&format!("{base}?skip={skip}&limit={limit}")).await;
        let page = page.ok();
        let wanted: Vec<i64> = left.iter().copied().skip(skip).take(limit).collect();
        assert_eq!(numbers(&page), wanted, "{skip} and {limit}");
        let more = skip + limit < left.len();
        assert_eq!(page["limited"], more, "{skip} and {limit}");
        assert_eq!(page["next_cursor"].is_string(), more);
        assert_eq!(page["total"], 19);
    }
    let newer = ben.get(&format!("{base}?direction=newer&limit=12")).await;
    assert_eq!(
        numbers(&newer.ok()),
        left.iter().rev().copied().take(12).collect::<Vec<_>>()
    );
    let newer = ben.get(&format!("{base}?after_seq=9&limit=3")).await.ok();
    assert_eq!(numbers(&newer), [181, 182, 183]);
}

/// More than are read at once.
#[tokio::test(start_paused = true)]
async fn figures_sum_up_however_many_conversations_there_are() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    // The rows as they are after a message to each; nobody has to hear of them.
    world.local.hold_streams(true);
    let (tables, now) = (tables(&world), world.now());
    for n in 0..1_001_u128 {
        let other = id_of("usr", n.to_be_bytes());
        let mut head = Head::new(&ann.id, &other, now).expect("two people");
        let me = head.who(&ann.id).expect("one of them");
        (head.rev, head.last_seq) = (1, 1);
        head.side_mut(me).sent = 1;
        let membership = Membership {
            user_id: ann.id.clone(),
            with: format!("with#{other}"),
            hour: Some(now.ms() / 3_600_000),
            marked: None,
            unread: None,
            rv: Some(1),
        };
        let rows = Commit::new().put(&head).put(&membership);
        tables.commit(rows).await.expect("rows");
    }
    let stats = ann.get("/api/v2/messages/stats").await.ok();
    assert_eq!(
        (&stats["conversations"], &stats["sent"]),
        (&json!(1_001), &json!(1_001))
    );
}
