//! What proves the log: verification, and the nightly seal.

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use shared::admin::{AdminRecord, AuditRow};
use shared::aws::dynamo::Tables;
use shared::aws::objects::{Logs, Objects};
use shared::crypto::{hex, sha256};
use shared::pack::Fixed;
use shared::table::{
    Action, Change, Commit, Item, Key, Name, Value as Stored, Wrote, item_of, row_of,
};
use world::{Administrator, World};

const VERIFY: &str = "/api/admin/audit-log/verify";

/// An admin who has done ten things, and an auditor.
pub async fn worked(world: &World) -> (Administrator, Administrator) {
    let (finance, auditor) = (world.admin("finance-1").await, world.admin("admin-1").await);
    for _ in 0..9 {
        finance.get("/api/admin/me").await.ok();
    }
    (finance, auditor)
}

async fn verified(auditor: &Administrator, admin_id: Option<&str>) -> Value {
    auditor
        .post(VERIFY, json!({ "admin_id": admin_id }))
        .await
        .ok()
}

/// The rows of an admin's log as they are stored.
pub async fn stored(world: &World, admin_id: &str) -> Vec<AuditRow> {
    let rows = world.rows("ledger", &AuditRow::log_of(admin_id), "").await;
    rows.into_iter()
        .map(|row| item_of(row).expect("a row"))
        .collect()
}

/// One row of an admin's log as it is stored.
pub async fn at(world: &World, admin_id: &str, seq: i64) -> AuditRow {
    let key = Key::new(AuditRow::log_of(admin_id), AuditRow::sk_of(seq));
    let tables = Tables::of(&world.local.env("local"));
    let row = tables.get_consistent(&key).await.expect("a read");
    row.expect("a row")
}

/// Somebody writes to the table by hand.
pub async fn by_hand(world: &World, commit: Commit) {
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(commit).await.expect("written");
}

/// The row at another place than its own.
fn moved(commit: Commit, row: &AuditRow, key: Key) -> Commit {
    let mut image = row_of(row).expect("a row");
    image.insert("sk".to_owned(), Stored::S(key.sk.clone()));
    let (table, action, guard) = (Name::Ledger, Action::Put(image), None);
    commit.and(Wrote {
        table,
        key,
        action,
        guard,
    })
}

/// Makes the record name a row as the last one.
pub async fn ends_with(world: &World, admin_id: &str, seq: i64, hash: Fixed<32>) {
    let head = Change::Set("audit_head".into(), Stored::B(hash.0.to_vec()));
    let changes = vec![Change::number("audit_seq", seq), head];
    let key = AdminRecord::key_of(admin_id);
    by_hand(
        world,
        Commit::new().update::<AdminRecord>(key, changes, None),
    )
    .await;
}

/// Makes a log of one length as long as another: each row follows from the one before.
pub async fn lengthened(world: &World, admin_id: &str, (begin, length): (i64, i64)) {
    let mut last = at(world, admin_id, begin).await;
    let mut more = Vec::new();
    while last.seq < length {
        let audit_id = format!("aud_{:026}", last.seq + 1);
        last = AuditRow {
            seq: last.seq + 1,
            audit_id,
            prev_hash: last.hash,
            ..last
        };
        (last.shard, last.rank) = last.place();
        last.hash = Fixed(last.digest());
        more.push(last.clone());
    }
    for some in more.chunks(100) {
        by_hand(world, some.iter().fold(Commit::new(), Commit::put)).await;
    }
    ends_with(world, admin_id, length, last.hash).await;
}

/// Begins a run and gives the path that tells how it stands.
pub async fn begins(auditor: &Administrator, admin_id: Option<&str>) -> String {
    let begun = auditor.post(VERIFY, json!({ "admin_id": admin_id })).await;
    let run_id = begun.expect(202)["run_id"].clone();
    format!("/api/admin/runs/{}", run_id.as_str().expect("an id"))
}

/// What the bucket keeps of yesterday.
async fn kept(world: &World, name: &str) -> Option<Vec<u8>> {
    let date = world.now().plus(-86_400_000).date();
    let logs = Objects::<Logs>::of(&world.local.env("local"));
    logs.get(&format!("audit/{date}/{name}"), 1_000_000)
        .await
        .expect("a bucket")
}

async fn root(world: &World) -> Value {
    let root = kept(world, "root.json").await.expect("a root");
    serde_json::from_slice(&root).expect("JSON")
}

#[tokio::test(start_paused = true)]
async fn an_untouched_log_is_proved() {
    let world = World::new().await;
    let (finance, auditor) = worked(&world).await;
    let id = finance.id().await;
    assert_eq!(
        verified(&auditor, Some(&id)).await,
        json!({ "ok": true, "rows": 10 })
    );
    let all = verified(&auditor, None).await;
    assert_eq!(
        (&all["ok"], &all["rows"]),
        (&json!(true), &json!(11)),
        "and that of the proof"
    );
    let unknown = auditor
        .post(VERIFY, json!({ "admin_id": "adm_none" }))
        .await;
    unknown.refused(404, "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_changed_a_removed_and_a_swapped_row_are_found_where_they_are() {
    for (damage, position) in [
        ("changed", 4),
        ("removed", 7),
        ("the last", 10),
        ("swapped", 3),
    ] {
        let world = World::new().await;
        let (finance, auditor) = worked(&world).await;
        let id = finance.id().await;
        let rows = stored(&world, &id).await;
        let at = |seq: usize| rows[seq - 1].clone();
        let delete = |seq: usize| Commit::new().delete::<AuditRow>(at(seq).key(), None);
        let commit = match damage {
            "changed" => Commit::new().put(&AuditRow {
                ip: "203.0.113.99".to_owned(),
                ..at(4)
            }),
            "removed" => delete(7),
            "the last" => delete(10),
            _ => moved(
                moved(Commit::new(), &at(3), at(6).key()),
                &at(6),
                at(3).key(),
            ),
        };
        by_hand(&world, commit).await;
        let found = verified(&auditor, Some(&id)).await;
        assert_eq!(found["ok"], false, "{damage}");
        assert_eq!(
            found["first_bad"]["position"], position,
            "{damage}: {found}"
        );
        assert_eq!(found["first_bad"]["admin_id"], id, "{damage}");
        assert_eq!(
            verified(&auditor, None).await["first_bad"]["position"],
            position
        );
        world.passes(86_400).await;
        let bad = root(&world).await["bad"].clone();
        assert_eq!(
            bad.as_array().map(Vec::len),
            Some(1),
            "the night finds it, too: {damage}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_night_rows_and_a_root_over_all_heads_are_kept() {
    let world = World::new().await;
    let (finance, auditor) = worked(&world).await;
    let id = finance.id().await;
    world.passes(86_400).await;
    let first = root(&world).await;
    let heads = first["heads"].as_array().expect("heads").clone();
    let head = heads
        .iter()
        .find(|head| head["admin_id"] == id)
        .expect("a head");
    assert_eq!(head["seq"], 10);
    let covered: Vec<String> = heads
        .iter()
        .map(|head| {
            let text = |name: &str| head[name].as_str().expect("a text").to_owned();
            format!("{} {} {}\n", text("admin_id"), head["seq"], text("hash"))
        })
        .collect();
    let wanted = hex(&sha256(&[&[0; 32], covered.concat().as_bytes()]));
    assert_eq!(first["root"], wanted);
    let rows = kept(&world, &format!("{id}.ndjson")).await.expect("rows");
    let rows = String::from_utf8(rows).expect("a text");
    let rows: Vec<Value> = rows
        .lines()
        .map(|row| serde_json::from_str(row).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[9]["hash"], head["hash"]);
    auditor.get("/api/admin/me").await.ok();
    // A second run of the same date changes nothing.
    let again = world.runs("seal_audit_log").await;
    assert_eq!(again["root"], first["root"]);
    world.passes(86_400).await;
    let second = root(&world).await;
    assert_eq!(second["previous"], first["root"]);
    assert!(
        kept(&world, &format!("{id}.ndjson")).await.is_none(),
        "nothing new of theirs"
    );
    let head = second["heads"].as_array().expect("heads");
    assert!(
        head.iter()
            .any(|head| head["admin_id"] == id && head["seq"] == 10)
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_rewritten_from_its_beginning_is_not_the_one_that_was_sealed() {
    let world = World::new().await;
    let (finance, auditor) = worked(&world).await;
    let id = finance.id().await;
    world.passes(86_400).await;
    assert_eq!(verified(&auditor, Some(&id)).await["ok"], true);
    let mut commit = Commit::new();
    let mut prev = Fixed::default();
    for mut row in stored(&world, &id).await {
        row.ip = "203.0.113.99".to_owned();
        row.prev_hash = prev;
        row.hash = Fixed(row.digest());
        prev = row.hash;
        commit = commit.put(&row);
    }
    by_hand(&world, commit).await;
    ends_with(&world, &id, 10, prev).await;
    let found = verified(&auditor, Some(&id)).await;
    assert_eq!(found["ok"], false);
    assert_eq!(
        found["first_bad"]["what"],
        "it is not the row that was sealed"
    );
    assert_eq!(found["first_bad"]["position"], 10);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_cut_or_forgotten_is_not_the_one_that_was_sealed() {
    let world = World::new().await;
    let (finance, auditor) = worked(&world).await;
    let id = finance.id().await;
    world.passes(86_400).await;
    let rows = stored(&world, &id).await;
    let cut = |commit: Commit, row: &AuditRow| commit.delete::<AuditRow>(row.key(), None);
    by_hand(&world, rows[7..].iter().fold(Commit::new(), cut)).await;
    ends_with(&world, &id, 7, rows[6].hash).await;
    let found = verified(&auditor, Some(&id)).await;
    assert_eq!(found["first_bad"]["position"], 8, "{found}");
    let record = Commit::new().delete::<AdminRecord>(AdminRecord::key_of(&id), None);
    by_hand(&world, record).await;
    // Nor does the next seal forget it.
    for _ in 0..2 {
        let found = verified(&auditor, None).await;
        assert_eq!(found["first_bad"]["admin_id"], id, "{found}");
        assert_eq!(found["first_bad"]["what"], "there is no record");
        world.passes(86_400).await;
    }
}

#[tokio::test(start_paused = true)]
async fn long_logs_are_proved_in_the_background_by_one_run_at_a_time() {
    let world = World::unlimited().await;
    let (finance, auditor) = worked(&world).await;
    let operator = world.admin("operator-1").await;
    let id = finance.id().await;
    lengthened(&world, &id, (10, 2_000)).await;
    assert_eq!(verified(&auditor, Some(&id)).await["rows"], 2_000);
    lengthened(&world, &id, (2_000, 4_500)).await;
    let run = begins(&auditor, Some(&id)).await;
    let second = auditor.post(VERIFY, json!({})).await;
    second.refused(409, "RUN_IN_PROGRESS");
    world.settles().await;
    let told = operator.get(&run).await.ok();
    assert_eq!(
        (&told["outcome"], &told["about"]),
        (&json!("done"), &json!(id))
    );
    let counts = json!({ "logs": 1, "rows": 4_500, "bad": 0 });
    assert_eq!(told["counts"], counts);
    assert_eq!(told["requested_by"], auditor.id().await);
    let mut row = at(&world, &id, 4_321).await;
    row.ip = "203.0.113.99".to_owned();
    by_hand(&world, Commit::new().put(&row)).await;
    let run = begins(&auditor, None).await;
    world.settles().await;
    let told = operator.get(&run).await.ok();
    assert_eq!(told["outcome"], "failed");
    assert_eq!(
        (&told["counts"]["logs"], &told["counts"]["bad"]),
        (&json!(9), &json!(1))
    );
    let finding = format!("{id}, row 4321: its hash is not that of its values");
    assert_eq!(told["findings"], json!([finding]));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_jobs_die_or_hear_nothing_anywhere_comes_to_the_same_end() {
    let world = World::unlimited().await;
    let (finance, auditor) = worked(&world).await;
    let id = finance.id().await;
    lengthened(&world, &id, (10, 2_300)).await;
    for kind in [Kind::EndHandler, Kind::AfterEffect] {
        let mut sites = 0;
        for nth in 1..30 {
            if !ends_although(&world, (&auditor, &id), nth, kind).await {
                break;
            }
            sites += 1;
        }
        assert!(sites > 10, "{sites} call sites");
    }
}

/// A run in which one call of the worker goes wrong; whether there was such a call.
async fn ends_although(
    world: &World,
    (auditor, id): (&Administrator, &str),
    nth: usize,
    kind: Kind,
) -> bool {
    let operator = world.admin("operator-1").await;
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    faults.add(Rule {
        function: Some("prove_audit_logs".to_owned()),
        operation: None,
        nth,
        kind,
    });
    let run = begins(auditor, Some(id)).await;
    world.passes(721).await;
    let fired = faults.fired() > 0;
    faults.clear();
    let told = operator.get(&run).await.ok();
    assert_eq!(told["outcome"], "done", "{kind:?} at call {nth}");
    let counts = json!({ "logs": 1, "rows": 2_300, "bad": 0 });
    assert_eq!(told["counts"], counts, "{kind:?} at call {nth}");
    fired
}

#[tokio::test(start_paused = true)]
async fn a_run_that_outlives_its_lock_ends_all_the_same() {
    let world = World::unlimited().await;
    let (finance, auditor) = worked(&world).await;
    let id = finance.id().await;
    lengthened(&world, &id, (10, 2_300)).await;
    let faults = world.local.cloud().faults();
    faults.add(Rule {
        function: Some("prove_audit_logs".to_owned()),
        operation: None,
        nth: 1,
        kind: Kind::EndHandler,
    });
    let run = begins(&auditor, Some(&id)).await;
    world.settles().await;
    let lock = Wrote {
        table: Name::Data,
        key: Key::new("running#verify_audit_log", "running"),
        action: Action::Delete,
        guard: None,
    };
    by_hand(&world, Commit::new().and(lock)).await;
    world.passes(721).await;
    let operator = world.admin("operator-1").await;
    assert_eq!(operator.get(&run).await.ok()["outcome"], "done");
}
