//! Administrators search, read, moderate and remove messages.

use image::ImageFormat;
use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::aws::queue::{Notes, Queue};
use shared::privacy::LegalHold;
use shared::table::Commit;
use world::pictures::picture;
use world::{Administrator, Person, World};

use super::super::admin::{effects, rows};

const SEARCH: &str = "/api/admin/messages/search";

/// The log follows within two seconds.
async fn noted(world: &World) {
    world.passes(3).await;
}

async fn finds(admin: &Administrator, query: &str) -> Value {
    admin.get(&format!("{SEARCH}?{query}")).await.ok()
}

fn texts(found: &Value) -> Vec<&str> {
    let list = found["messages"].as_array().expect("messages").iter();
    list.map(|one| one["content"].as_str().expect("a text"))
        .collect()
}

fn id(sent: &Value) -> &str {
    sent["id"].as_str().expect("an id")
}

async fn walked(admin: &Administrator, query: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = finds(admin, &format!("{query}&limit={limit}{cursor}")).await;
        all.extend(page["messages"].as_array().expect("messages").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Fourteen messages, half of them a day old; the newest one was read and then hidden.
async fn fourteen(world: &World) -> (Person, Person) {
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let cleo = world.person("Cleo").await;
    let long = format!("green tea {}", "é".repeat(200));
    ann.says(&long).to(&ben).await.ok();
    for n in 0..6 {
        ann.says(&format!("from ann {n}")).to(&ben).await.ok();
        ben.says(&format!("from ben {n}")).to(&cleo).await.ok();
        world.passes(if n == 2 { 90_000 } else { 20 }).await;
        (ann, ben) = (ann.elsewhere().await, ben.elsewhere().await);
    }
    let last = cleo.elsewhere().await.says("black tea").to(&ann).await.ok();
    let marked = json!({ "message_ids": [id(&last)] });
    ann.post("/api/v2/messages/mark-read", marked).await.ok();
    let path = format!("/api/v2/messages/{}?scope=me", id(&last));
    ann.delete(&path).await.ok();
    noted(world).await;
    (ann, ben)
}

#[tokio::test(start_paused = true)]
async fn messages_are_found_newest_first_page_by_page_and_cut() {
    let world = World::unlimited().await;
    let (ann, _) = fourteen(&world).await;
    let moderator = world.admin("moderator-1").await;
    let all = finds(&moderator, "limit=100").await;
    assert_eq!(
        (&all["total"], &all["page"], &all["limit"]),
        (&json!(14), &json!(1), &json!(100))
    );
    let list = all["messages"].as_array().expect("messages");
    let time = |one: &Value| one["created_at"].as_str().expect("a time").to_owned();
    assert!(list.windows(2).all(|two| time(&two[0]) >= time(&two[1])));
    assert_eq!(texts(&all)[13].chars().count(), 100);
    assert_eq!(list[0]["status"], "read");
    assert_eq!(list[0]["hidden_for"], json!([ann.id]));
    assert_eq!(walked(&moderator, "", 3).await, *list);
    let third = finds(&moderator, "limit=5&page=3").await;
    assert_eq!((texts(&third).len(), &third["total"]), (4, &json!(14)));
    assert_eq!(third["messages"], json!(list[10..]));
    let deep = moderator.get(&format!("{SEARCH}?limit=500&page=21")).await;
    deep.refused(422, "PAGE_TOO_DEEP");
    let path = format!("{SEARCH}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z");
    moderator.get(&path).await.refused(422, "INVALID_RANGE");
}

#[tokio::test(start_paused = true)]
async fn messages_are_found_by_person_status_and_text_and_counted() {
    let world = World::unlimited().await;
    let (ann, ben) = fourteen(&world).await;
    let (ann, ben) = (&ann.id, &ben.id);
    let moderator = world.admin("moderator-1").await;
    let hour = world.now().plus(-3_600_000);
    for (query, total) in [
        (format!("user_id={ann}"), 8),
        (format!("user_id={ben}"), 13),
        (format!("user_id={ann}&status=read"), 1),
        ("q=TEA".to_owned(), 2),
        (format!("q=tea&user_id={ben}"), 1),
        ("status=sent".to_owned(), 13),
        ("status=failed".to_owned(), 0),
        ("moderation_status=approved".to_owned(), 14),
        ("moderation_status=flagged".to_owned(), 0),
        (format!("from={hour}"), 7),
        (format!("to={hour}"), 7),
        (format!("user_id={ann}&to={hour}"), 4),
        ("user_id=usr_none".to_owned(), 0),
    ] {
        let found = finds(&moderator, &query).await;
        assert_eq!(found["total"], total, "{query}");
        assert_eq!(walked(&moderator, &query, 2).await.len(), total, "{query}");
    }
    let analyst = world.admin("analyst-1").await;
    analyst.get(SEARCH).await.refused(403, "PERMISSION_DENIED");
    let auditor = world.admin("admin-1").await;
    let seen = rows(&auditor, "action=search_all_messages&limit=500").await;
    let is_it = |row: &Value| row["metadata"]["q"] == "TEA" && row["severity"] == "notice";
    assert!(seen.iter().any(is_it));
    assert_eq!(seen[0]["outcome"], "denied");
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_read_in_full_and_the_row_names_both() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let media = ann
        .has_media("image/png", &picture(40, 30, ImageFormat::Png))
        .await;
    let long = "x".repeat(400);
    let first = ann.says(&long).to(&ben).await.ok();
    ann.attaches(&[&media]).to(&ben).await.ok();
    ben.says("third").to(&ann).await.ok();
    let gone = format!("/api/v2/messages/{}", id(&first));
    ann.delete(&gone).await.ok();
    assert_eq!(ben.reads(&ann).await[2]["content"], "");
    let support = world.admin("support-1").await;
    let path = format!("/api/admin/messages/conversation/{}/{}", ben.id, ann.id);
    let seen = support.get(&path).await.ok();
    let list = seen["messages"].as_array().expect("messages");
    assert_eq!(
        (&list[2]["content"], &list[2]["is_deleted"]),
        (&json!(long), &json!(true))
    );
    let link = list[1]["attachments"][0]["url"].as_str().expect("a link");
    assert_eq!(world.follows(link).await.status, 200);
    let first = support.get(&format!("{path}?limit=2")).await.ok();
    assert_eq!(first["messages"], json!(list[..2]));
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = support
        .get(&format!("{path}?limit=2&cursor={cursor}"))
        .await
        .ok();
    let left: Vec<_> = second["messages"].as_array().expect("messages").clone();
    assert_eq!(
        (left[0]["seq"].clone(), &second["next_cursor"]),
        (json!(1), &Value::Null)
    );
    let nobody = format!("/api/admin/messages/conversation/{}/usr_none", ann.id);
    support
        .get(&nobody)
        .await
        .refused(404, "CONVERSATION_NOT_FOUND");
    let auditor = world.admin("admin-1").await;
    let seen = rows(&auditor, "action=view_conversation").await;
    assert_eq!(seen.len(), 3, "a row for each page that was shown");
    assert_eq!(
        seen[0]["metadata"],
        json!({ "user1_id": ben.id, "user2_id": ann.id })
    );
    assert_eq!(seen[0]["severity"], "warning");
}

async fn moderates(admin: &Administrator, message: &str, to: &str) -> world::Answer {
    let path = format!("/api/admin/messages/{message}/moderate");
    let body = json!({ "moderation_status": to, "reason": "as reported" });
    admin.post(&path, body).await
}

async fn sees(ben: &Person, ann: &Person) -> Vec<Value> {
    let list = ben.reads(ann).await;
    list.iter().map(|one| one["content"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_moderator_flags_blocks_and_approves_and_each_step_is_recorded() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hello").to(&ben).await.ok();
    // What was delivered can be hidden and shown again; what was not would fail for good.
    let mark = format!("/api/v2/messages/mark-delivered/{}", id(&sent));
    ben.post(&mark, json!({})).await.ok();
    let moderator = world.admin("moderator-1").await;
    for to in ["flagged", "blocked", "approved", "approved"] {
        let done = moderates(&moderator, id(&sent), to).await.ok();
        let expected = json!({
            "success": true, "message_id": sent["id"], "moderation_status": to,
        });
        assert_eq!(done, expected);
        noted(&world).await;
        let found = finds(&moderator, &format!("moderation_status={to}")).await;
        assert_eq!(
            (texts(&found).len(), &found["total"]),
            (1, &json!(1)),
            "{to}"
        );
        let visible = if to == "blocked" { 0 } else { 1 };
        assert_eq!(sees(&ben, &ann).await.len(), visible, "{to}");
    }
    ann.has_credits(99).await;
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, &format!("target={}", id(&sent))).await;
    let steps: Vec<_> = found
        .iter()
        .map(|row| (row["before"].clone(), row["after"].clone()))
        .collect();
    let step = |from: &str, to: &str| {
        (
            json!({ "moderation_status": from }),
            json!({ "moderation_status": to }),
        )
    };
    assert_eq!(steps[0], (json!({}), json!({})), "it was so before");
    assert_eq!(steps[1], step("blocked", "approved"));
    assert_eq!(steps[2], step("flagged", "blocked"));
    assert_eq!(steps[3], step("approved", "flagged"));
    assert_eq!(found[1]["reason"], "as reported");
}

#[tokio::test(start_paused = true)]
async fn a_decision_needs_a_message_a_reason_and_the_permission() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hello").to(&ben).await.ok();
    let moderator = world.admin("moderator-1").await;
    let unknown = moderates(&moderator, "msg_none", "blocked").await;
    unknown.refused(404, "MESSAGE_NOT_FOUND");
    let path = format!("/api/admin/messages/{}/moderate", id(&sent));
    for (status, reason, code) in [
        ("blocked", " a ", "REASON_REQUIRED"),
        ("pending", "as reported", "VALIDATION_FAILED"),
    ] {
        let body = json!({ "moderation_status": status, "reason": reason });
        moderator.post(&path, body).await.refused(422, code);
    }
    let support = world.admin("support-1").await;
    let denied = moderates(&support, id(&sent), "blocked").await;
    denied.refused(403, "PERMISSION_DENIED");
    assert_eq!(sees(&ben, &ann).await, [json!("hello")]);
}

async fn removes(admin: &Administrator, message: &str) -> world::Answer {
    let path = format!("/api/admin/messages/{message}/hard-delete");
    let body = json!({ "reason": "a court order" });
    admin.call("DELETE", &path, Some(body)).await
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_removed_leaves_only_its_charge() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.says("first").to(&ben).await.ok();
    let picture = picture(40, 30, ImageFormat::Png);
    let media = ann.has_media("image/png", &picture).await;
    let sent = ann.attaches(&[&media]).to(&ben).await.ok();
    assert!(!world.objects("media/").await.is_empty());
    noted(&world).await;
    let (owner, admin) = (
        world.admin("super_admin-1").await,
        world.admin("admin-1").await,
    );
    moderates(&admin, id(&sent), "flagged").await.ok();
    let denied = removes(&admin, id(&sent)).await;
    denied.refused(403, "PERMISSION_DENIED");
    let done = removes(&owner, id(&sent)).await.ok();
    assert_eq!(done, json!({ "success": true, "message_id": sent["id"] }));
    let again = removes(&owner, id(&sent)).await;
    again.refused(404, "MESSAGE_NOT_FOUND");
    let path = format!("/api/v2/messages/{}", id(&sent));
    ann.get(&path).await.refused(404, "MESSAGE_NOT_FOUND");
    assert_eq!(sees(&ben, &ann).await, [json!("first")]);
    assert_eq!(super::unread(&ben).await["unread_count"], 1);
    let found = finds(&admin, "").await;
    assert_eq!((texts(&found), &found["total"]), (vec!["first"], &json!(1)));
    let items = world.items("data", "mod_").await;
    assert_eq!(
        (items.len(), &items[0]["state"]["S"]),
        (1, &json!("resolved"))
    );
    assert!(items[0]["sealed_evidence"].is_null());
    world.passes(60).await;
    world.runs("clean_uploads").await;
    assert!(world.objects("media/").await.is_empty());
    let charge = sent["credits_transaction_id"].as_str().expect("an id");
    let ann = ann.elsewhere().await;
    let path = format!("/api/v2/credits/transactions/{charge}");
    assert_eq!(ann.get(&path).await.ok()["ref"]["id"], sent["id"]);
    let mut ben = ben.elsewhere().await;
    ben.says("second").to(&ann).await.ok();
    assert_eq!(sees(&ann, &ben).await, [json!("second"), json!("first")]);
    let removed = effects(&admin, "action=hard_delete_message").await;
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0]["severity"], "critical");
}

#[tokio::test(start_paused = true)]
async fn a_note_that_cannot_be_written_takes_no_other_with_it() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let notes = Queue::<Notes>::of(&world.local.env("local"));
    let bad = json!([{ "sent": {
        "message_id": "msg_none", "seq": 1, "at": world.now().ms(), "kind": "text", "cost": 1,
        "sender": 1, "moderation": "approved",
    }}]);
    let unreadable = json!({ "no": "notes" });
    notes.send(&[bad, unreadable], "test").await.expect("sent");
    ann.says("first").to(&ben).await.ok();
    noted(&world).await;
    let moderator = world.admin("moderator-1").await;
    assert_eq!(texts(&finds(&moderator, "").await), ["first"]);
    world.passes(6 * 362).await;
    assert_eq!(world.local.cloud().dead_letters("notes").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_legal_hold_on_one_of_the_two_keeps_their_messages() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("first").to(&ben).await.ok();
    let owner = world.admin("super_admin-1").await;
    let tables = Tables::of(&world.local.env("local"));
    for released_at in [None, Some(world.now())] {
        let hold = LegalHold {
            user_id: ben.id.clone(),
            hold_id: "hld_1".to_owned(),
            reason: "a court".to_owned(),
            placed_by: "adm_1".to_owned(),
            placed_at: world.now(),
            released_at,
        };
        let commit = Commit::new().put(&hold);
        tables.commit(commit).await.expect("stored");
        let answer = removes(&owner, id(&sent)).await;
        match released_at {
            None => drop(answer.refused(403, "LEGAL_HOLD")),
            Some(_) => drop(answer.ok()),
        }
    }
    assert_eq!(sees(&ben, &ann).await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn what_rests_in_the_archive_is_found_moderated_and_removed_as_well() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut sent = Vec::new();
    for n in 0..4 {
        sent.push(ann.says(&format!("old {n}")).to(&ben).await.ok());
    }
    // One run copies them, the next one removes them.
    world.passes(368 * 86_400).await;
    world.passes(2 * 86_400).await;
    let id_of = sent[0]["conversation_id"].as_str().expect("an id");
    assert!(world.rows("data", id_of, "msg#").await.is_empty());
    let owner = world.admin("super_admin-1").await;
    let all = finds(&owner, "").await;
    assert_eq!(texts(&all), ["old 3", "old 2", "old 1", "old 0"]);
    let own = finds(&owner, &format!("user_id={}&q=old", ben.id)).await;
    assert_eq!(own["messages"], all["messages"]);
    moderates(&owner, id(&sent[1]), "blocked").await.ok();
    removes(&owner, id(&sent[2])).await.ok();
    removes(&owner, id(&sent[2]))
        .await
        .refused(404, "MESSAGE_NOT_FOUND");
    noted(&world).await;
    assert_eq!(texts(&finds(&owner, "").await), ["old 3", "old 1", "old 0"]);
    let ben = ben.elsewhere().await;
    assert_eq!(sees(&ben, &ann).await, [json!("old 3"), json!("old 0")]);
}
