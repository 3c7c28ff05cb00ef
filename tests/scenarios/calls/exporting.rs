//! Exports of calls.

use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::calls::oversight::{CallDay, CallFilter, CallRow, Entry, Search};
use shared::calls::{Call, CallType, Status};
use shared::id::id_of;
use shared::messaging::oversight::LogDay;
use shared::table::Commit;
use world::{Administrator, World};

use super::super::admin::approvals::decides;
use super::super::admin::rows;
use super::overseeing::noted;
use super::{Talk, friends};

const EXPORT: &str = "/api/admin/calls/export";

/// Bytes of an id with a number.
fn bytes(n: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// So many calls that are over.
async fn many(world: &World, count: u64) {
    let tables = Tables::of(&world.local.env("local"));
    let call = |n: u64| Call {
        call_id: id_of("cal", bytes(n)),
        caller_id: "usr_caller".to_owned(),
        receiver_id: "usr_receiver".to_owned(),
        caller_slot: "ses_caller".to_owned(),
        initiated_at: world.now().plus(i64::try_from(n).expect("few")),
        status: Status::Missed,
        ..Call::default()
    };
    let calls: Vec<Call> = (0..count).map(call).collect();
    for some in calls.chunks(100) {
        let commit = some.iter().fold(Commit::new(), Commit::put);
        tables.commit(commit).await.expect("stored");
    }
    world.passes(5).await;
}

/// The rows of an export in lines of JSON.
async fn lines(who: &Administrator, query: &str) -> Vec<Value> {
    let file = who.get(&format!("{EXPORT}{query}")).await;
    assert_eq!(file.status, 200, "{file:?}");
    // A single line of JSON is read as what it says.
    match &file.body {
        Value::Null => Vec::new(),
        Value::String(text) => {
            let rows = text.lines();
            rows.map(|line| serde_json::from_str(line).expect("JSON"))
                .collect()
        }
        row => vec![row.clone()],
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_export_is_the_file_itself_with_notes_for_moderators_only() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    talk.ends(&ann).await.ok();
    Talk::rings(&ben, &ann, "video").await.ends(&ben).await.ok();
    let (analyst, admin) = (world.admin("analyst-1").await, world.admin("admin-1").await);
    let body = json!({ "notes": "=HYPERLINK(1)", "reason": "a complaint" });
    let path = format!("/api/admin/calls/{}/moderate", talk.id);
    admin.post(&path, body).await.ok();
    noted(&world).await;
    let file = analyst.get(&format!("{EXPORT}?format=csv")).await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let named = "attachment; filename=\"calls.csv\"";
    assert_eq!(file.header("content-disposition"), Some(named));
    let text = file.body.as_str().expect("a text");
    assert!(text.starts_with("id,caller_id,receiver_id,call_type,status,"));
    assert_eq!(text.lines().count(), 3);
    assert!(!text.contains("HYPERLINK"));
    let full = admin.get(&format!("{EXPORT}?format=csv")).await;
    assert!(
        full.body
            .as_str()
            .expect("a text")
            .contains("\"'=HYPERLINK(1)\"")
    );
    let rows_of_ann = lines(&analyst, &format!("?user_id={}", ann.id)).await;
    assert_eq!(rows_of_ann.len(), 2);
    assert_eq!(rows_of_ann[1]["id"], talk.id.as_str());
    assert_eq!(
        (
            &rows_of_ann[1]["credits_spent"],
            &rows_of_ann[1]["billed_minutes"]
        ),
        (&json!(10), &json!(2))
    );
    assert_eq!(lines(&analyst, "?call_type=video").await.len(), 1);
    assert!(lines(&analyst, "?status=missed").await.is_empty());
    let range = "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    let backwards = analyst.get(&format!("{EXPORT}{range}")).await;
    backwards.refused(422, "INVALID_RANGE");
    let support = world.admin("support-1").await;
    let refused = support.get(EXPORT).await;
    refused.refused(403, "PERMISSION_DENIED");
    let seen = rows(&admin, "action=export_calls&severity=warning").await;
    let is_it =
        |row: &Value| row["metadata"]["call_type"] == "video" && row["metadata"]["rows"] == 1;
    assert!(seen.iter().any(is_it), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn many_calls_are_written_in_the_background_for_the_requester_alone() {
    let world = World::unlimited().await;
    many(&world, 1_100).await;
    let (analyst, other) = (world.admin("analyst-1").await, world.admin("admin-1").await);
    let begun = analyst
        .get(&format!("{EXPORT}?format=csv"))
        .await
        .expect(202);
    world.settles().await;
    let id = begun["export_id"].as_str().expect("an id");
    let path = format!("/api/admin/exports/{id}");
    let ready = analyst.get(&path).await.ok();
    assert_eq!(
        (&ready["status"], &ready["rows"]),
        (&json!("ready"), &json!(1_100))
    );
    let file = world.follows(ready["url"].as_str().expect("a link")).await;
    let text = String::from_utf8(file.body).expect("text");
    let found = text.lines().skip(1);
    let found: Vec<&str> = found.filter_map(|line| line.split(',').next()).collect();
    let wanted = (0..1_100)
        .rev()
        .map(|n| format!("\"{}\"", id_of("cal", bytes(n))));
    assert_eq!(found, wanted.collect::<Vec<_>>());
    other.get(&path).await.refused(404, "EXPORT_NOT_FOUND");
    let person = analyst.get(&format!("{EXPORT}?user_id=usr_caller")).await;
    person.expect(202);
}

/// The log of more calls than there are.
async fn logs(world: &World, count: u64) {
    let tables = Tables::of(&world.local.env("local"));
    let at = world.now().plus(-60_000);
    CallDay::open(&tables, &at.date().to_string())
        .await
        .expect("a day");
    let mut packed = Vec::new();
    for n in 0..count {
        let entry = Entry {
            call_id: id_of("cal", bytes(n)),
            at,
            version: 1,
            kind: CallType::Audio,
            status: Status::Missed,
            answered: false,
            connected: false,
            quality: None,
            seconds: 0,
            minutes: 0,
            credits: 0,
        };
        packed.extend(entry.pack().expect("packed"));
        if packed.len() > 380_000 || n + 1 == count {
            let row = CallRow::of(at, std::mem::take(&mut packed));
            let commit = Commit::new().put(&row);
            tables.commit(commit).await.expect("logged");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_a_hundred_thousand_calls_wait_for_a_second_person() {
    let world = World::unlimited().await;
    logs(&world, 100_001).await;
    let (analyst, other) = (world.admin("analyst-1").await, world.admin("admin-1").await);
    let waits = analyst.get(EXPORT).await.expect(202);
    let id = waits["approval_id"].as_str().expect("an id");
    let done = decides(&other, id, "approve").await.ok();
    assert_eq!(done["state"], "executed");
    let export = done["result"]["export_id"].as_str().expect("an id");
    assert!(export.starts_with("exp_"));
    let search = other
        .get("/api/admin/calls/search?status=missed")
        .await
        .ok();
    assert_eq!(
        (&search["total"], &search["total_capped"]),
        (&json!(10_000), &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn who_looks_at_two_of_three_calls_learns_that_there_are_more() {
    let world = World::unlimited().await;
    many(&world, 3).await;
    let (tables, filter) = (Tables::of(&world.local.env("local")), CallFilter::default());
    let search = Search {
        tables: &tables,
        filter: &filter,
        now: world.now(),
    };
    for (most, looks, wanted) in [(2, 9, (2, false)), (9, 2, (2, false)), (9, 9, (3, true))] {
        let mut source = search.source(None).await.expect("a source");
        let (found, is_over) = search.find(&mut source, most, looks).await.expect("calls");
        assert_eq!((found.len(), is_over), wanted, "{most} of {looks}");
    }
    for (looks, wanted) in [(2, (2, true)), (3, (3, false)), (9, (3, false))] {
        let mut seen = 0;
        let take = |_| {
            seen += 1;
            true
        };
        let next = search.walk(None, looks, take).await.expect("a walk");
        assert_eq!((seen, next.is_some()), wanted, "{looks}");
    }
}
