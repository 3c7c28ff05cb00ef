//! The list of conversations, page by page, and what is muted in it.

use serde_json::{Value, json};
use shared::messaging::Moderation;
use world::{Person, World};

use super::moderation::decides;

const PATH: &str = "/api/v2/messages/conversations";

async fn listed(who: &Person, wish: &str) -> (Vec<Value>, Option<String>) {
    let page = who.get(&format!("{PATH}{wish}")).await.ok();
    let rows = page["conversations"].as_array().expect("conversations");
    let ids = rows.iter().map(|row| row["partner"]["user_id"].clone());
    (
        ids.collect(),
        page["next_cursor"].as_str().map(str::to_owned),
    )
}

/// So many people who have written to somebody, newest first.
async fn writers(to: &Person, count: usize, seconds: i64) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..count {
        let mut other = to.world.person(&format!("Person {n}")).await;
        other.says("hi").to(to).await.ok();
        people.insert(0, other);
        to.world.passes(seconds).await;
    }
    people
}

fn ids(people: &[Person]) -> Vec<Value> {
    people.iter().map(|one| json!(one.id)).collect()
}

#[tokio::test(start_paused = true)]
async fn who_writes_while_somebody_walks_the_list_keeps_the_place() {
    for seconds in [1, 1_000, 4_000] {
        let world = World::unlimited().await;
        let ann = world.person("Ann").await;
        let people = writers(&ann, 12, seconds).await;
        let ann = ann.elsewhere().await;
        let (mut seen, mut next) = listed(&ann, "?limit=3").await;
        // After each page somebody further down becomes active, and somebody unknown writes.
        for (round, at) in [7, 10, 5, 11].into_iter().enumerate() {
            let mut active = people[at].elsewhere().await;
            world.passes(1).await;
            active
                .says("again")
                .under(&format!("again-{round:04}"))
                .to(&ann)
                .await
                .ok();
            let mut new = world.person("New").await;
            new.says("new").to(&ann).await.ok();
            world.settles().await;
            if let Some(cursor) = next {
                let (rows, more) = listed(&ann, &format!("?limit=3&cursor={cursor}")).await;
                seen.extend(rows);
                next = more;
            }
        }
        assert_eq!(seen, ids(&people), "{seconds} s");
        assert_eq!(next, None);
        let (rows, _) = listed(&ann, "?limit=100").await;
        assert_eq!(rows.len(), 16);
        assert_eq!(rows[1], json!(people[11].id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_withheld_message_lifts_nothing_while_somebody_walks_the_list() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut ben = world.person("Ben").await;
    ben.says("hi").to(&ann).await.ok();
    world.passes(10).await;
    let cleo = writers(&ann, 1, 10).await.remove(0);
    let blocked = ben.says("nobody sees this").to(&ann).await.ok();
    decides(&world, &blocked, Moderation::Blocked).await;
    world.passes(10).await;
    let dora = writers(&ann, 1, 10).await.remove(0);
    let (first, next) = listed(&ann, "?limit=1").await;
    assert_eq!(first, [json!(dora.id)]);
    // From now on what stood there when the walk began is looked up.
    world.passes(1).await;
    ben.says("again").to(&ann).await.ok();
    world.settles().await;
    let cursor = next.expect("more");
    let (rest, _) = listed(&ann, &format!("?limit=10&cursor={cursor}")).await;
    assert_eq!(rest, [json!(cleo.id), json!(ben.id)]);
}

#[tokio::test(start_paused = true)]
async fn a_walk_with_one_row_a_page_is_the_whole_list() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let people = writers(&ann, 7, 600).await;
    let ann = ann.elsewhere().await;
    let (whole, _) = listed(&ann, "").await;
    assert_eq!(whole, ids(&people));
    let (mut seen, mut next) = listed(&ann, "?limit=1").await;
    while let Some(cursor) = next {
        let (rows, more) = listed(&ann, &format!("?limit=1&cursor={cursor}")).await;
        seen.extend(rows);
        next = more;
    }
    assert_eq!(seen, whole);
    let (skipped, _) = listed(&ann, "?skip=2&limit=2").await;
    assert_eq!(skipped, whole[2..4]);
}

#[tokio::test(start_paused = true)]
async fn a_mute_is_for_oneself_and_ends() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let cleo = world.person("Cleo").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    world.settles().await;
    let id = sent["conversation_id"].as_str().expect("an id");
    let path = format!("{PATH}/{id}/mute");
    let of = |list: Value| list["conversations"][0]["muted_until"].clone();
    let until = world.now().plus(600_000).to_string();
    let muted = ben.post(&path, json!({ "until": until })).await.ok();
    assert_eq!(muted, json!({ "muted_until": until }));
    assert_eq!(of(ben.get(PATH).await.ok()), json!(until));
    assert_eq!(of(ann.get(PATH).await.ok()), Value::Null);
    world.passes(600).await;
    assert_eq!(of(ben.get(PATH).await.ok()), Value::Null);
    let far = "9999-12-30T00:00:00.000Z";
    for end in [
        json!({}),
        json!({ "until": null }),
        json!({ "until": until }),
    ] {
        let muted = ben.post(&path, json!({ "until": far })).await.ok();
        assert_eq!(muted["muted_until"], far);
        assert_eq!(of(ben.get(PATH).await.ok()), json!(far));
        let muted = ben.post(&path, end).await.ok();
        assert_eq!(muted, json!({ "muted_until": null }));
        assert_eq!(of(ben.get(PATH).await.ok()), Value::Null);
    }
    ben.post(&path, json!({ "until": "tomorrow" }))
        .await
        .refused(422, "VALIDATION_FAILED");
    cleo.post(&path, json!({}))
        .await
        .refused(404, "CONVERSATION_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_only_a_block_began_cannot_be_muted() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let body = json!({ "user_id": ann.id });
    ben.post("/api/v2/blocks", body).await.expect(201);
    let id = shared::messaging::conversation_id(&ann.id, &ben.id);
    for who in [&ann, &ben] {
        who.post(&format!("{PATH}/{id}/mute"), json!({}))
            .await
            .refused(404, "CONVERSATION_NOT_FOUND");
    }
}
