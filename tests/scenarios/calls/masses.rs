//! Many calls: what administrators ask stays bounded and loses none.

use std::collections::BTreeSet;

use serde_json::json;
use shared::Time;
use shared::aws::dynamo::Tables;
use shared::calls::oversight::{CallDay, CallRow, Entry};
use shared::calls::{Call, CallType, LIVE_SHARDS, RING_SECONDS, Status};
use shared::id::id_of;
use shared::messaging::oversight::LogDay;
use shared::table::Commit;
use world::World;

use super::overseeing::{ids, walked};

const OVERVIEW: &str = "/api/admin/calls/stats/overview";
const SEARCH: &str = "/api/admin/calls/search";
const EXPORT: &str = "/api/admin/calls/export";
const HOUR_MS: i64 = 3_600_000;

/// The id of a call with a number.
fn id(n: i64) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    id_of("cal", bytes)
}

/// So many calls that ring, a thousand of them since the same millisecond.
async fn ring(world: &World, count: i64) {
    let tables = Tables::of(&world.local.env("local"));
    world.local.hold_streams(true);
    let call = |n: i64| {
        let at = world.now().plus(-n / 1_000);
        let shard = u8::try_from(n % i64::from(LIVE_SHARDS)).expect("small");
        Call {
            call_id: id(n),
            caller_id: "usr_caller".to_owned(),
            receiver_id: "usr_receiver".to_owned(),
            caller_slot: "ses_caller".to_owned(),
            initiated_at: at,
            status: Status::Ringing,
            ring_expires_at: at.plus(RING_SECONDS * 1_000),
            live_shard: Some(Call::live_partition(shard)),
            live_at: Some(at.plus(RING_SECONDS * 1_000)),
            ..Call::default()
        }
    };
    let calls: Vec<Call> = (0..count).map(call).collect();
    for some in calls.chunks(100) {
        let commit = some.iter().fold(Commit::new(), Commit::put);
        tables.commit(commit).await.expect("stored");
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_running_calls_the_older_ones_are_counted_unread_and_that_is_told() {
    let world = World::unlimited().await;
    ring(&world, 10_020).await;
    let admin = world.admin("admin-1").await;
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(
        (&told["total_calls"], &told["running_capped"]),
        (&json!(10_020), &json!(true))
    );
    let statuses = &told["status_breakdown"];
    assert_eq!(
        (&statuses["ringing"], &statuses["connected"]),
        (&json!(10_000), &json!(20))
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_calls_that_began_at_once_each_is_listed_once() {
    let world = World::unlimited().await;
    let at = world.now();
    ring(&world, 2_300).await;
    let admin = world.admin("admin-1").await;
    let (from, before) = (at.plus(-1), at.plus(-HOUR_MS));
    for (path, count) in [
        (SEARCH.to_owned(), 2_300),
        (format!("{SEARCH}?from={from}"), 2_000),
        (format!("{SEARCH}?to={before}"), 0),
        ("/api/admin/calls/active".to_owned(), 2_300),
    ] {
        let found = walked(&admin, &path, 500).await;
        let times: Vec<_> = found.iter().map(|one| &one["initiated_at"]).collect();
        assert!(times.is_sorted_by(|one, other| one.as_str() >= other.as_str()));
        let wanted: BTreeSet<String> = (0..count).map(id).collect();
        let found = ids(&json!({ "calls": found }));
        assert_eq!(found.len(), wanted.len(), "{path}");
        let known: BTreeSet<_> = found.into_iter().collect();
        assert!(known == wanted, "{path}");
    }
}

/// A call in the log.
fn entry(n: i64, at: Time) -> Entry {
    Entry {
        call_id: id(n),
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
    }
}

/// Stores a day with rows that hold so many entries each.
async fn log(world: &World, entries: &[Entry], size: usize) {
    let tables = Tables::of(&world.local.env("local"));
    let rows = entries.chunks(size).map(|some| {
        let packed = some.iter().map(|one| one.pack().expect("packed"));
        CallRow::of(some[0].at, packed.flatten().collect())
    });
    let rows: Vec<CallRow> = rows.collect();
    let date = entries[0].at.date().to_string();
    CallDay::open(&tables, &date).await.expect("a day");
    for some in rows.chunks(match size {
        1 => 100,
        _ => 1,
    }) {
        let commit = some.iter().fold(Commit::new(), Commit::put);
        tables.commit(commit).await.expect("logged");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_day_is_counted_hour_by_hour_and_each_call_by_its_last_version() {
    let world = World::unlimited().await;
    let day = Time(world.now().ms().div_euclid(24 * HOUR_MS) * 24 * HOUR_MS);
    let versions = (0..1_200).flat_map(|n: i64| {
        let first = entry(n, day.plus(n / 500 * HOUR_MS - 24 * HOUR_MS));
        let last = Entry {
            version: 2,
            status: Status::Ended,
            credits: 3,
            ..first.clone()
        };
        [first, last]
    });
    log(&world, &versions.collect::<Vec<_>>(), 1).await;
    let admin = world.admin("admin-1").await;
    for _ in 0..2 {
        let told = admin.get(OVERVIEW).await.ok();
        assert_eq!(told["total_calls"], 1_200);
        assert_eq!(told["status_breakdown"]["ended"], 1_200);
        assert_eq!(told["total_credits_revenue"], 3_600);
        assert_eq!(told.get("running_capped"), None);
        world.passes(30_000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_counted_within_a_request_waits_for_a_second_person() {
    let world = World::unlimited().await;
    let at = world.now().plus(-HOUR_MS);
    let entries: Vec<Entry> = (0..100_000).map(|n| entry(n, at)).collect();
    log(&world, &entries, 10_000).await;
    let analyst = world.admin("analyst-1").await;
    let path = format!("{EXPORT}?status=ended");
    let begun = analyst.get(&path).await.expect(202);
    assert!(begun.get("export_id").is_some(), "none of 100,000: {begun}");
    let older = at.plus(-24 * HOUR_MS);
    let entries: Vec<Entry> = (100_000..200_001).map(|n| entry(n, older)).collect();
    log(&world, &entries, 10_000).await;
    let waits = analyst.get(&path).await.expect(202);
    assert!(waits.get("approval_id").is_some(), "{waits}");
}
