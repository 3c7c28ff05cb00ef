//! Searching for words.

use serde_json::{Value, json};
use world::{Person, World, text_to};

const PATH: &str = "/api/v2/messages/search";

async fn finds(who: &Person, wish: &str) -> Vec<String> {
    let page = who.get(&format!("{PATH}?{wish}")).await.ok();
    let messages = page["messages"].as_array().expect("messages");
    let text = |message: &Value| message["content"].as_str().expect("a text").to_owned();
    messages.iter().map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn a_word_is_found_in_both_directions_of_own_conversations_only() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    ann.says("Green tea?").to(&ben).await.ok();
    world.passes(5).await;
    cleo.says("no TEA for me, thanks").to(&ann).await.ok();
    world.passes(5).await;
    let mine = ben.says("Black tea, please").to(&ann).await.ok();
    ben.says("a teapot is no cup").to(&ann).await.ok();
    cleo.says("tea among others").to(&ben).await.ok();
    world.settles().await;
    let all = ["Black tea, please", "no TEA for me, thanks", "Green tea?"];
    assert_eq!(finds(&ann, "q=tea").await, all);
    assert_eq!(finds(&ann, "q=tea%20please").await, all[..1]);
    assert_eq!(finds(&ann, "q=Tea%20green").await, all[2..]);
    assert_eq!(finds(&ann, "q=coffee").await, [""; 0]);
    let with_ben = format!("q=tea&partner_id={}", ben.id);
    assert_eq!(finds(&ann, &with_ben).await, [all[0], all[2]]);
    assert_eq!(finds(&ann, "q=tea&partner_id=nonsense").await, [""; 0]);
    assert_eq!(finds(&cleo, "q=tea").await, ["tea among others", all[1]]);
    assert_eq!(finds(&ann, "q=tea").await.len(), 3);
    let path = format!("/api/v2/messages/{}", mine["id"].as_str().expect("an id"));
    ann.delete(&path).await.ok();
    assert_eq!(finds(&ann, "q=tea").await, all[1..]);
    assert_eq!(finds(&ben, "q=tea").await[1], all[0]);
    ben.delete(&path).await.ok();
    assert_eq!(finds(&ben, "q=tea").await, ["tea among others", all[2]]);
}

#[tokio::test(start_paused = true)]
async fn a_search_needs_words_and_is_of_class_discover() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let answer = ann.get(&format!("{PATH}?q=tea")).await;
    let policy = answer.header("ratelimit-policy");
    assert_eq!(policy, Some("\"discover\";q=15;w=120"));
    assert_eq!(answer.ok(), json!({ "messages": [], "next_cursor": null }));
    for bad in [
        "",
        "?q=a",
        "?q=%20%20%20",
        "?q=a%20b",
        &format!("?q={}", "x".repeat(41)),
    ] {
        ann.get(&format!("{PATH}{bad}"))
            .await
            .refused(422, "VALIDATION_FAILED");
    }
    ann.get(&format!("{PATH}?q={}", "xy%20".repeat(40)))
        .await
        .refused(422, "VALIDATION_FAILED");
    ann.get(&format!("{PATH}?q=tea&cursor=AAAA"))
        .await
        .refused(400, "INVALID_CURSOR");
}

/// Walks a search to its end; texts, and how many pages it took. No page has more than was asked
/// for.
async fn walks(who: &Person, wish: &str) -> (Vec<String>, usize) {
    let limit = wish.rsplit_once("limit=").map(|(_, limit)| limit.parse());
    let limit: usize = limit.map_or(20, |limit| limit.expect("a number"));
    let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    let mut until = String::from("9999");
    loop {
        let page = who.get(&format!("{PATH}?{wish}{cursor}")).await.ok();
        pages += 1;
        let messages = page["messages"].as_array().expect("messages");
        assert!(messages.len() <= limit, "{limit}");
        for message in messages {
            found.push(message["content"].as_str().expect("a text").to_owned());
        }
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["searched_until"], Value::Null);
            return (found, pages);
        };
        let back_to = page["searched_until"]
            .as_str()
            .expect("an instant")
            .to_owned();
        assert!(back_to <= until, "{back_to} {until}");
        (until, cursor) = (back_to, format!("&cursor={next}"));
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_a_search_go_back_in_time_over_all_conversations() {
    let world = World::unlimited().await;
    let ann = world.person_with("Ann", 1_000).await;
    let mut wanted = Vec::new();
    let mut others = Vec::new();
    for n in 0..6 {
        others.push(world.person_with(&format!("Person {n}"), 1_000).await);
    }
    for n in 0..120 {
        let other = &others[n * n % 6];
        let text = if n % 7 == 0 {
            format!("needle {n}")
        } else {
            format!("hay {n}")
        };
        let body = text_to(&ann.id, &text, &format!("search-{n:04}"));
        other.post("/api/v2/messages/send", body).await.ok();
        world.passes(1).await;
        if n % 7 == 0 {
            wanted.insert(0, text);
        }
    }
    world.settles().await;
    assert_eq!(walks(&ann, "q=needle").await, (wanted.clone(), 1));
    for limit in [1, 2, 5] {
        let (found, pages) = walks(&ann, &format!("q=needle&limit={limit}")).await;
        assert_eq!(found, wanted, "{limit}");
        assert!(pages >= wanted.len() / limit);
    }
    // What is sent while somebody searches changes neither order nor place.
    let first = ann.get(&format!("{PATH}?q=needle&limit=2")).await.ok();
    for (n, other) in others.iter().enumerate() {
        let body = text_to(&ann.id, "needle late", &format!("late-{n:04}"));
        world.passes(1).await;
        other.post("/api/v2/messages/send", body).await.ok();
    }
    world.settles().await;
    let cursor = format!(
        "q=needle&limit=100&cursor={}",
        first["next_cursor"].as_str().expect("more")
    );
    assert_eq!(finds(&ann, &cursor).await, wanted[2..]);
}

#[tokio::test(start_paused = true)]
async fn one_call_reads_two_thousand_messages_and_says_how_far_it_came() {
    let world = World::unlimited().await;
    let ann = world.person_with("Ann", 10_000).await;
    let ben = world.person_with("Ben", 0).await;
    let first = text_to(&ben.id, "needle at the bottom", "first-0001");
    ann.post("/api/v2/messages/send", first).await.ok();
    for n in 0..2_100 {
        let body = text_to(&ben.id, "hay", &format!("hay-{n:05}"));
        ann.post("/api/v2/messages/send", body).await.ok();
    }
    world.settles().await;
    let ann = ann.elsewhere().await;
    world.local.cloud().meter().reset();
    let page = ann.get(&format!("{PATH}?q=needle")).await.ok();
    let lines = world.local.cloud().meter().take();
    let read = |line: &&local::cloud::Line| line.function == "search_messages";
    let units: f64 = lines.iter().filter(read).map(|line| line.read).sum();
    assert!(units < 200.0, "{units}");
    assert_eq!(page["messages"], json!([]));
    assert!(page["searched_until"].is_string());
    assert_eq!(
        walks(&ann, "q=needle").await,
        (vec!["needle at the bottom".to_owned()], 2)
    );
    let with = format!("q=needle&partner_id={}", ben.id);
    assert_eq!(walks(&ann, &with).await.0.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_conversations_are_all_searched() {
    let world = World::unlimited().await;
    let ann = world.person_with("Ann", 0).await;
    let mut wanted = Vec::new();
    for n in 0..150 {
        let other = world.person_with("Other", 10).await;
        for text in [format!("needle {n}"), format!("hay {n}")] {
            let body = text_to(&ann.id, &text, &format!("{text}-0001").replace(' ', "-"));
            other.post("/api/v2/messages/send", body).await.ok();
        }
        wanted.insert(0, format!("needle {n}"));
        world.passes(60).await;
    }
    let ann = ann.elsewhere().await;
    let (found, _) = walks(&ann, "q=needle&limit=10").await;
    assert_eq!(found, wanted);
    // Within a group of 64, at the end of one, and beyond.
    for limit in [64, 70, 100] {
        let (found, _) = walks(&ann, &format!("q=needle&limit={limit}")).await;
        assert_eq!(found, wanted, "{limit}");
    }
}
