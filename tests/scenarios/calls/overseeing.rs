//! Administrators search, list and read calls.

use serde_json::{Value, json};
use world::{Administrator, Person, World};

use super::super::admin::rows;
use super::phone::meet;
use super::{Talk, friends, no_timers};

const SEARCH: &str = "/api/admin/calls/search";
const ACTIVE: &str = "/api/admin/calls/active";

/// The log follows within two seconds.
pub async fn noted(world: &World) {
    world.passes(3).await;
}

pub fn ids(page: &Value) -> Vec<String> {
    let calls = page["calls"].as_array().expect("calls").iter();
    let id = |call: &Value| call["id"].as_str().expect("an id").to_owned();
    calls.map(id).collect()
}

/// Every call of a list, page by page.
pub async fn walked(admin: &Administrator, path: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    let joint = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = admin
            .get(&format!("{path}{joint}limit={limit}{cursor}"))
            .await
            .ok();
        all.extend(page["calls"].as_array().expect("calls").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Eight calls of three people, a day between two halves: talked, missed, declined; one rings.
async fn eight(world: &World) -> (Person, Person, Person) {
    let (mut ann, mut ben) = friends(world, 500).await;
    let mut cleo = world.person_with("Cleo", 100).await;
    meet(&mut cleo, &mut ben).await;
    for half in 0..2 {
        let talk = Talk::between(&ann, &ben, "audio").await;
        talk.lasts(&mut [&mut ann, &mut ben], 65).await;
        talk.ends(&ann).await.ok();
        Talk::rings(&ann, &ben, "video").await.ends(&ann).await.ok();
        world.passes(2).await;
        let declined = Talk::rings(&cleo, &ben, "video").await;
        declined.rejects(&ben, "declined").await.ok();
        world.passes(2).await;
        if half == 0 {
            Talk::rings(&ben, &ann, "audio").await;
            world.passes(90_000).await;
            (ann, ben, cleo) = (
                ann.elsewhere().await,
                ben.elsewhere().await,
                cleo.elsewhere().await,
            );
            ann.comes_online().await;
            ben.comes_online().await;
        }
    }
    noted(world).await;
    Talk::rings(&ben, &ann, "audio").await;
    (ann, ben, cleo)
}

#[tokio::test(start_paused = true)]
async fn calls_are_found_newest_first_page_by_page() {
    let world = World::unlimited().await;
    eight(&world).await;
    let moderator = world.admin("moderator-1").await;
    let all = moderator.get(&format!("{SEARCH}?limit=100")).await.ok();
    assert_eq!(
        (&all["total"], &all["page"], &all["limit"]),
        (&json!(8), &json!(1), &json!(100))
    );
    assert_eq!(all["next_cursor"], Value::Null);
    let list = all["calls"].as_array().expect("calls").clone();
    let time = |one: &Value| one["initiated_at"].as_str().expect("a time").to_owned();
    assert!(list.windows(2).all(|two| time(&two[0]) >= time(&two[1])));
    let statuses = list.iter().map(|call| call["status"].as_str());
    let wanted = [
        "ringing",
        "rejected",
        "cancelled",
        "ended",
        "missed",
        "rejected",
        "cancelled",
        "ended",
    ];
    assert_eq!(statuses.collect::<Vec<_>>(), wanted.map(Some));
    assert_eq!(list[3]["credits_spent"], 10);
    for limit in [1, 3, 500] {
        assert_eq!(walked(&moderator, SEARCH, limit).await, list, "{limit}");
    }
    let third = moderator
        .get(&format!("{SEARCH}?limit=3&page=3"))
        .await
        .ok();
    assert_eq!(
        (&third["calls"], &third["total"]),
        (&json!(list[6..]), &json!(8))
    );
}

#[tokio::test(start_paused = true)]
async fn pages_end_at_the_ten_thousandth_call_and_nonsense_is_refused() {
    let world = World::unlimited().await;
    let moderator = world.admin("moderator-1").await;
    let beyond = moderator.get(&format!("{SEARCH}?limit=3&page=9")).await;
    assert_eq!(ids(&beyond.ok()), Vec::<String>::new());
    let lowered = moderator.get(&format!("{SEARCH}?limit=501")).await.ok();
    assert_eq!(lowered["limit"], 500);
    let deep = moderator.get(&format!("{SEARCH}?limit=500&page=21")).await;
    deep.refused(422, "PAGE_TOO_DEEP");
    for wrong in ["limit=0", "page=0", "status=lost", "surprise=1"] {
        let answer = moderator.get(&format!("{SEARCH}?{wrong}")).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
    let before = "?user_id=usr_none&to=1969-01-01T00:00:00Z";
    let nothing = moderator.get(&format!("{SEARCH}{before}")).await.ok();
    assert_eq!(ids(&nothing), Vec::<String>::new());
    let range = "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    let backwards = moderator.get(&format!("{SEARCH}{range}")).await;
    backwards.refused(422, "INVALID_RANGE");
    let forged = moderator.get(&format!("{SEARCH}?cursor=forged")).await;
    forged.refused(400, "INVALID_CURSOR");
}

#[tokio::test(start_paused = true)]
async fn calls_are_found_by_person_status_type_and_time_and_counted() {
    let world = World::unlimited().await;
    let (ann, ben, cleo) = eight(&world).await;
    let (ann, ben, cleo) = (&ann.id, &ben.id, &cleo.id);
    let support = world.admin("support-1").await;
    let hour = world.now().plus(-3_600_000);
    for (query, total) in [
        (format!("user_id={ann}"), 6),
        (format!("user_id={ben}"), 8),
        (format!("user_id={cleo}"), 2),
        (format!("user_id={cleo}&status=ended"), 0),
        (format!("user_id={ann}&call_type=video"), 2),
        ("status=ended".to_owned(), 2),
        ("status=ringing".to_owned(), 1),
        ("status=missed&call_type=audio".to_owned(), 1),
        ("call_type=video".to_owned(), 4),
        (format!("from={hour}"), 4),
        (format!("to={hour}"), 4),
        (format!("user_id={ann}&to={hour}"), 3),
        (format!("user_id={ann}&from={hour}"), 3),
        (format!("to={hour}&status=rejected"), 1),
        ("user_id=usr_none".to_owned(), 0),
    ] {
        let path = format!("{SEARCH}?{query}");
        let found = support.get(&path).await.ok();
        assert_eq!(found["total"], total, "{query}");
        assert_eq!(walked(&support, &path, 2).await.len(), total, "{query}");
    }
    let analyst = world.admin("analyst-1").await;
    analyst.get(SEARCH).await.refused(403, "PERMISSION_DENIED");
    let auditor = world.admin("admin-1").await;
    let seen = rows(&auditor, "action=search_calls&limit=500").await;
    let is_it = |row: &Value| row["metadata"]["user_id"] == **cleo && row["severity"] == "notice";
    assert!(seen.iter().any(is_it));
    assert_eq!(seen[0]["outcome"], "denied");
}

#[tokio::test(start_paused = true)]
async fn what_time_has_ended_is_shown_so_though_nobody_wrote_it_down() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    no_timers(&world);
    super::no_sweep(&world);
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let admin = world.admin("admin-1").await;
    assert_eq!(ids(&admin.get(ACTIVE).await.ok()), [&*talk.id]);
    world.passes(46).await;
    assert!(ids(&admin.get(ACTIVE).await.ok()).is_empty());
    let found = admin.get(&format!("{SEARCH}?status=missed")).await.ok();
    assert_eq!(ids(&found), [&*talk.id]);
    assert_eq!(found["calls"][0]["ended_reason"], "invite_timeout");
}

#[tokio::test(start_paused = true)]
async fn running_calls_are_listed_page_by_page_and_disappear_at_their_end() {
    let world = World::unlimited().await;
    let mut talks = Vec::new();
    let mut first = None;
    for n in 0..4 {
        let mut one = world.person_with(&format!("Caller {n}"), 100).await;
        let mut other = world.person(&format!("Receiver {n}")).await;
        meet(&mut one, &mut other).await;
        let talk = Talk::between(&one, &other, "audio").await;
        talks.push(talk.id.clone());
        first.get_or_insert((talk, one));
        world.passes(i64::from(n % 2)).await;
    }
    let operator = world.admin("support-1").await;
    let mut wanted = talks.clone();
    wanted.sort();
    for limit in [1, 2, 500] {
        let mut found = ids(&json!({ "calls": walked(&operator, ACTIVE, limit).await }));
        assert_eq!(found.first(), walked_first(&operator).await.as_ref());
        found.sort();
        assert_eq!(found, wanted, "{limit}");
    }
    let (talk, caller) = first.expect("a call");
    talk.ends(&caller).await.ok();
    let left = ids(&operator.get(ACTIVE).await.ok());
    assert!(left.len() == 3 && !left.contains(&talk.id));
    let analyst = world.admin("analyst-1").await;
    analyst.get(ACTIVE).await.refused(403, "PERMISSION_DENIED");
}

async fn walked_first(admin: &Administrator) -> Option<String> {
    ids(&admin.get(ACTIVE).await.ok()).into_iter().next()
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_person_are_listed_with_what_they_cost() {
    let world = World::unlimited().await;
    let (ann, _, cleo) = eight(&world).await;
    let support = world.admin("support-1").await;
    let path = format!("/api/admin/calls/user/{}/history", ann.id);
    let all = support.get(&path).await.ok()["calls"].clone();
    let list = all.as_array().expect("calls").clone();
    assert_eq!(list.len(), 6);
    let spent: i64 = list
        .iter()
        .filter_map(|one| one["credits_spent"].as_i64())
        .sum();
    assert_eq!(spent, 20);
    for limit in [1, 4] {
        assert_eq!(walked(&support, &path, limit).await, list);
    }
    let foreign = support.get(&format!("{path}?limit=1")).await.ok();
    let cursor = foreign["next_cursor"].as_str().expect("a cursor");
    let other = format!("/api/admin/calls/user/{}/history", cleo.id);
    let stolen = support.get(&format!("{other}?cursor={cursor}")).await;
    stolen.refused(400, "INVALID_CURSOR");
    let nobody = support.get("/api/admin/calls/user/usr_none/history").await;
    nobody.refused(404, "USER_NOT_FOUND");
    let auditor = world.admin("admin-1").await;
    let seen = rows(&auditor, "action=list_user_calls").await;
    assert!(
        seen.iter()
            .any(|row| row["target_id"] == *ann.id && row["severity"] == "notice")
    );
}

/// A call of five minutes with messages in between, a report, a rating and a refund, and what an
/// administrator sees of it.
async fn inspected(world: &World) -> (Talk, Person, Value) {
    let (mut ann, mut ben) = friends(world, 200).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let sample = json!({
        "rtt_ms": 200, "jitter_ms": 3, "loss_percent": 2.5, "bitrate_kbps": 40,
    });
    talk.post(&ben, "stats", sample).await.ok();
    for _ in 0..3 {
        talk.lasts(&mut [&mut ann, &mut ben], 100).await;
        ann.says("by the way").to(&ben).await.ok();
    }
    talk.ends(&ben).await.ok();
    ann.says("that was nice").to(&ben).await.ok();
    let rating = json!({ "rating": 4, "reason": "some noise" });
    talk.post(&ann, "feedback", rating).await.expect(204);
    let admin = world.admin("admin-1").await;
    let back = json!({ "credits": 3, "reason": "some noise" });
    let path = format!("/api/admin/calls/{}", talk.id);
    admin.post(&format!("{path}/refund"), back).await.ok();
    let support = world.admin("support-1").await;
    let seen = support.get(&path).await.ok();
    (talk, ben, seen)
}

#[tokio::test(start_paused = true)]
async fn a_call_is_seen_with_its_course_and_its_bookings() {
    let world = World::new().await;
    let (_, _, seen) = inspected(&world).await;
    assert_eq!(
        (
            &seen["call"]["status"],
            &seen["call"]["credits_spent"],
            &seen["call"]["refunded"]
        ),
        (&json!("ended"), &json!(30), &json!(3))
    );
    let course = seen["timeline"].as_array().expect("steps").iter();
    let course: Vec<_> = course.map(|step| step["to_status"].as_str()).collect();
    assert_eq!(
        course,
        ["ringing", "accepted", "connected", "ended"].map(Some)
    );
    let booked = seen["ledger"].as_array().expect("rows").iter();
    let booked = booked.map(|row| (row["kind"].as_str(), row["amount"].as_i64()));
    let wanted = [
        ("call_hold", 25),
        ("call_hold_extend", 25),
        ("call_charge", 30),
        ("call_release", 20),
        ("call_refund", 3),
    ];
    let wanted = wanted.map(|(kind, amount)| (Some(kind), Some(amount)));
    assert_eq!(booked.collect::<Vec<_>>(), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_seen_with_its_quality_and_its_ratings_and_the_look_is_logged() {
    let world = World::new().await;
    let (talk, ben, seen) = inspected(&world).await;
    let reports = seen["quality_reports"].as_array().expect("reports");
    assert_eq!(reports.len(), 1);
    assert_eq!(
        (&reports[0]["side"], &reports[0]["loss_percent"]),
        (&json!("receiver"), &json!(2.5))
    );
    assert_eq!(seen["feedback"][0]["reason"], "some noise");
    let auditor = world.admin("admin-1").await;
    let row = rows(&auditor, "action=view_call").await[0].clone();
    assert_eq!(
        (
            &row["target_id"],
            &row["metadata"]["receiver_id"],
            &row["severity"]
        ),
        (&json!(talk.id), &json!(ben.id), &json!("notice"))
    );
    let unknown = format!("/api/admin/calls/cal_{}", "0".repeat(26));
    auditor.get(&unknown).await.refused(404, "CALL_NOT_FOUND");
}
