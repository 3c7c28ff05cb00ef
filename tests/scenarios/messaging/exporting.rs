//! Exports of messages.

use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::messaging::oversight::{DayTally, Entry, LogDay, LogRow, date_of, record};
use shared::messaging::{Head, Message, MessageType, Moderation, Note, Shelf, message_row};
use shared::table::Commit;
use world::{Administrator, Person, World};

use super::super::admin::approvals::decides;

const EXPORT: &str = "/api/admin/messages/export";

/// Another message like this one, and its note.
fn copy(first: &Message, seq: i64) -> (Message, Note) {
    let mut key = [7; 16];
    key[..8].copy_from_slice(&seq.to_be_bytes());
    let message = Message {
        place: message_row(&first.conversation_id, key).sk,
        seq,
        created_at: first.created_at.plus(seq),
        client_message_id: None,
        ..first.clone()
    };
    let note = Note::Sent {
        message_id: message.id().expect("an id"),
        seq,
        at: message.created_at,
        kind: MessageType::Text,
        cost: 1,
        sender: 1,
        moderation: Moderation::Approved,
    };
    (message, note)
}

/// Fills a conversation with copies of its first message, and notes them.
async fn many(world: &World, ann: &mut Person, ben: &Person, count: i64) {
    let sent = ann.says("one of many").to(ben).await.ok();
    world.passes(3).await;
    let env = world.local.env("local");
    let tables = Tables::of(&env);
    let id = sent["conversation_id"].as_str().expect("an id");
    let rows = world.rows("data", id, "msg#").await;
    let first: Message = shared::table::item_of(rows[0].clone()).expect("a message");
    let head = tables.get_consistent::<Head>(&Head::key_of(id)).await;
    let mut head = head.expect("a read").expect("a head");
    world.local.hold_streams(true);
    let copies = (2..=count).map(|seq| copy(&first, seq));
    let (messages, notes): (Vec<_>, Vec<_>) = copies.unzip();
    for some in messages.chunks(100) {
        let commit = some.iter().fold(Commit::new(), Commit::put);
        tables.commit(commit).await.expect("stored");
    }
    (head.last_seq, head.last_activity_at) = (count, first.created_at.plus(count));
    let commit = Commit::new().put(&head);
    tables.commit(commit).await.expect("stored");
    world.local.lose_streams();
    world.local.hold_streams(false);
    world.passes(count / 1_000 + 1).await;
    let noted = record(&tables, &Shelf::of(&env), notes, world.now()).await;
    noted.expect("noted");
}

/// The numbers in a file of CSV.
fn numbers(file: Vec<u8>) -> Vec<i64> {
    let text = String::from_utf8(file).expect("text");
    let rows = text.lines().skip(1).map(|line| line.split(',').nth(2));
    let numbers = rows.map(|cell| cell.and_then(|cell| cell.parse().ok()));
    numbers.collect::<Option<_>>().expect("numbers")
}

/// An export of so many messages that it is written in the background, and where it is told.
pub async fn in_the_background(world: &World, admin: &Administrator) -> String {
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    many(world, &mut ann, &ben, 1_100).await;
    let begun = admin.get(&format!("{EXPORT}?format=csv")).await.expect(202);
    let id = begun["export_id"].as_str().expect("an id");
    format!("/api/admin/exports/{id}")
}

async fn fetched(admin: &Administrator, export: &Value) -> Value {
    let id = export["export_id"].as_str().expect("an id");
    admin.get(&format!("/api/admin/exports/{id}")).await.ok()
}

#[tokio::test(start_paused = true)]
async fn five_thousand_rows_are_written_in_the_background_for_the_requester_alone() {
    let world = World::unlimited().await.punctual();
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    many(&world, &mut ann, &ben, 5_000).await;
    let (analyst, other) = (world.admin("analyst-1").await, world.admin("admin-1").await);
    let moderator = world.admin("moderator-1").await;
    moderator
        .get(EXPORT)
        .await
        .refused(403, "PERMISSION_DENIED");
    let begun = analyst
        .get(&format!("{EXPORT}?format=csv"))
        .await
        .expect(202);
    world.settles().await;
    let ready = fetched(&analyst, &begun).await;
    assert_eq!(
        (&ready["status"], &ready["rows"]),
        (&json!("ready"), &json!(5_000))
    );
    let file = world.follows(ready["url"].as_str().expect("a link")).await;
    let newest_first: Vec<i64> = (1..=5_000).rev().collect();
    assert_eq!(numbers(file.body), newest_first);
    let id = begun["export_id"].as_str().expect("an id");
    let path = format!("/api/admin/exports/{id}");
    other.get(&path).await.refused(404, "EXPORT_NOT_FOUND");
    analyst
        .get("/api/admin/exports/exp_none")
        .await
        .refused(404, "EXPORT_NOT_FOUND");
    world.passes(86_398).await;
    fetched(&analyst, &begun).await;
    world.passes(60).await;
    analyst.get(&path).await.refused(410, "EXPORT_GONE");
}

#[tokio::test(start_paused = true)]
async fn a_small_export_is_the_file_itself_cut_and_without_formulas() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    for text in [
        "=HYPERLINK(\"http://x\",\"y\")",
        "two\nlines, \"quoted\"",
        &"é".repeat(200),
    ] {
        ann.says(text).to(&ben).await.ok();
    }
    let gone = ben.says("taken back").to(&ann).await.ok();
    let path = format!("/api/v2/messages/{}", gone["id"].as_str().expect("an id"));
    ben.delete(&path).await.ok();
    world.passes(3).await;
    let (analyst, admin) = (world.admin("analyst-1").await, world.admin("admin-1").await);
    let file = analyst.get(&format!("{EXPORT}?format=csv")).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = file.body.as_str().expect("a text").to_owned();
    assert!(text.starts_with("id,conversation_id,seq,"));
    assert!(
        text.contains("\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
        "{text}"
    );
    assert!(text.contains("\"two\nlines, \"\"quoted\"\"\""));
    assert!(text.contains(&format!("\"{}\"", "é".repeat(100))));
    assert!(!text.contains("taken back"));
    let cut = lines(&analyst, "").await;
    let full = lines(&admin, "?format=ndjson").await;
    assert_eq!((cut.len(), chars(&cut[0]), chars(&cut[1])), (4, 0, 100));
    assert_eq!((full.len(), chars(&full[0]), chars(&full[1])), (4, 10, 200));
    let from_ben = lines(&analyst, &format!("?user_id={}&q=lines", ben.id)).await;
    assert_eq!(from_ben.len(), 1);
    let range = "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    let backwards = analyst.get(&format!("{EXPORT}{range}")).await;
    backwards.refused(422, "INVALID_RANGE");
    let seen = super::super::admin::rows(&admin, "action=export_messages&severity=warning").await;
    assert_eq!(seen[0]["metadata"]["rows"], 1);
}

/// The rows of an export in lines of JSON.
async fn lines(who: &Administrator, query: &str) -> Vec<Value> {
    let file = who.get(&format!("{EXPORT}{query}")).await;
    // A single line of JSON is read as what it says.
    let text = file
        .body
        .as_str()
        .map_or(file.body.to_string(), str::to_owned);
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    lines.collect()
}

fn chars(row: &Value) -> usize {
    row["content"].as_str().expect("a text").chars().count()
}

/// The log of more messages than there are.
async fn logs(world: &World, count: u64) {
    let tables = Tables::of(&world.local.env("local"));
    let minute = world.now().plus(-60_000);
    DayTally::open(&tables, &date_of(minute))
        .await
        .expect("a day");
    let mut bytes = Vec::new();
    for n in 0..count {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&n.to_be_bytes());
        let entry = Entry {
            at: minute,
            conversation: [1; 16],
            key,
            seq: 1,
            kind: MessageType::Text,
            moderation: Moderation::Approved,
            cost: 1,
            sender: n,
        };
        bytes.extend(entry.pack());
        if bytes.len() > 380_000 || n + 1 == count {
            let row = LogRow::of("messages", minute, std::mem::take(&mut bytes));
            tables
                .commit(Commit::new().put(&row))
                .await
                .expect("logged");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_a_hundred_thousand_rows_wait_for_a_second_person() {
    let world = World::unlimited().await;
    logs(&world, 100_001).await;
    let (analyst, other) = (world.admin("analyst-1").await, world.admin("admin-1").await);
    let waits = analyst.get(EXPORT).await.expect(202);
    let id = waits["approval_id"].as_str().expect("an id");
    let done = decides(&other, id, "approve").await.ok();
    assert_eq!(done["state"], "executed");
    assert!(
        done["result"]["export_id"]
            .as_str()
            .expect("an id")
            .starts_with("exp_")
    );
    let exports = world.items("data", "exp_").await;
    assert_eq!(
        (exports.len(), &exports[0]["rows_max"]["N"]),
        (1, &json!("1000000"))
    );
    // The file is for whoever asked, and shows what they may see.
    assert_eq!(exports[0]["full"]["BOOL"], false);
    let path = format!(
        "/api/admin/exports/{}",
        done["result"]["export_id"].as_str().expect("an id")
    );
    let told = analyst.get(&path).await.ok();
    assert!(told["status"].is_string(), "{told}");
    other.get(&path).await.refused(404, "EXPORT_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn exports_reach_into_the_archive() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    many(&world, &mut ann, &ben, 1_100).await;
    let mut cleo = world.person("Cleo").await;
    for word in ["one", "two", "three"] {
        cleo.says(word).to(&ben).await.ok();
    }
    world.settles().await;
    super::archive::rests(&world, &ann, &ben).await;
    let analyst = world.admin("analyst-1").await;
    let few = lines(&analyst, &format!("?user_id={}", cleo.id)).await;
    assert_eq!(few.len(), 3);
    let wish = format!("{EXPORT}?format=csv&user_id={}", ann.id);
    let begun = analyst.get(&wish).await.expect(202);
    world.settles().await;
    let ready = fetched(&analyst, &begun).await;
    let link = ready["url"].as_str().expect("a link");
    let file = world.follows(link).await;
    let newest_first: Vec<i64> = (1..=1_100).rev().collect();
    assert_eq!(numbers(file.body), newest_first);
}
