//! What a call costs: ten minutes of sound over sockets, split by cause, and each further minute.

use std::collections::BTreeMap;

use local::cloud::Line;
use serde_json::{Value, json};
use world::{Person, World};

use super::bill::{Bill, HEAD, number};
use super::operations::{Rows, note};
use crate::scenarios::calls::phone::meet as meet_before;
use crate::scenarios::calls::{Talk, friends, sdp};

/// Most write units of a call of ten minutes, with everything that follows from it.
const TEN_MINUTES_MAX: f64 = 52.0;
/// Most write units of each further minute.
const MINUTE_MAX: f64 = 2.3;
const CANDIDATE: &str = "candidate:1 1 udp 2113937151 192.0.2.7 54400 typ host";

async fn frame(person: &mut Person, kind: &str, data: Value) {
    let frame = json!({ "v": 1, "id": "cost", "type": kind, "ts": 0, "data": data });
    person.sends(&frame.to_string()).await;
    person.world.settles().await;
}

/// Data of a frame about a call.
fn about(talk: &Talk, mut data: Value) -> Value {
    data["call_id"] = json!(talk.id);
    data
}

/// A whole call: rung, answered and ended by sockets where there is a frame for it.
async fn call(minutes: i64) -> Vec<Line> {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 1_000).await;
    // The day has had a call already.
    let (mut cleo, mut dora) = (world.person("Cleo").await, world.person("Dora").await);
    meet_before(&mut cleo, &mut dora).await;
    let first = Talk::rings(&cleo, &dora, "audio").await;
    first.ends(&cleo).await.ok();
    world.passes(61).await;
    world.settles().await;
    world.local.cloud().meter().reset();
    let body = json!({
        "receiver_id": ben.id, "call_type": "audio", "client_call_id": "cost-call-1",
        "sdp_offer": sdp(1),
    });
    let call = ann.post("/api/v2/calls/initiate", body).await.expect(201);
    let talk = Talk {
        id: call["id"].as_str().expect("an id").to_owned(),
    };
    talk.post(&ben, "ringing", json!({})).await.ok();
    world.passes(5).await;
    let answer = about(&talk, json!({ "sdp_answer": sdp(2) }));
    frame(&mut ben, "call.accept", answer).await;
    meet(&talk, [&mut ann, &mut ben]).await;
    speak(&talk, [&mut ann, &mut ben], minutes).await;
    frame(&mut ann, "call.hangup", about(&talk, json!({}))).await;
    world.passes(30).await;
    let lines = world.local.cloud().meter().take();
    assert_eq!(talk.seen(&ben.elsewhere().await).await["status"], "ended");
    lines
}

/// Both ends tell their candidates, and that media flow.
async fn meet(talk: &Talk, mut both: [&mut Person; 2]) {
    for person in &mut both {
        for _ in 0..4 {
            let list = json!({ "kind": "candidates", "payload": [{ "candidate": CANDIDATE }] });
            frame(person, "call.signal", about(talk, list)).await;
        }
    }
    for person in both {
        talk.connects(person).await.ok();
    }
}

/// Signs of life every 20 seconds, and now and then news of the media.
async fn speak(talk: &Talk, mut both: [&mut Person; 2], minutes: i64) {
    for third in 0..minutes * 3 {
        both[0].world.passes(20).await;
        for person in &mut both {
            let alive = about(talk, json!({ "media_state": "ok" }));
            frame(person, "call.alive", alive).await;
        }
        if third % 9 == 0 {
            let media = json!({ "kind": "media", "payload": { "audio": third % 2 == 0 } });
            frame(both[0], "call.signal", about(talk, media)).await;
        }
    }
}

/// Write units of the timers for as long as such a call lasts, while both ends are only connected.
async fn idle(minutes: i64) -> f64 {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 1_000).await;
    world.passes(61).await;
    world.settles().await;
    world.local.cloud().meter().reset();
    world.passes(5).await;
    for _ in 0..minutes * 3 {
        world.passes(20).await;
        for person in [&mut ann, &mut ben] {
            frame(person, "ping", json!({})).await;
        }
    }
    world.passes(30).await;
    Bill::of(&world.local.cloud().meter().take()).timer_writes
}

fn by_function(lines: &[Line]) -> BTreeMap<&str, Vec<&Line>> {
    let mut all: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        all.entry(&line.function).or_default().push(line);
    }
    all
}

/// The section of `docs/costs.md`, and its bounds.
pub async fn section() -> String {
    let (ten, twenty) = (call(10).await, call(20).await);
    let (mut all, mut longer) = (Bill::of(&ten), Bill::of(&twenty));
    let (idle, longer_idle) = (idle(10).await, idle(20).await);
    all.timer_writes -= idle;
    longer.timer_writes -= longer_idle;
    let minute = (longer.write() - all.write()) / 10.0;
    println!("ten minutes: {all:?}, each further minute: {minute}");
    let mut out = String::from(
        "\n## One call\n\nTen minutes of sound, begun and reported by HTTP, answered, signalled, \
         kept alive every 20 seconds by both ends and ended over sockets, with offer and answer, \
         without quality reports; everything that follows from it included. The row of the log \
         (`log_messages`) is shared by all calls that end within two seconds, about thirty at \
         most; this one bears it alone.\n\n",
    ) + HEAD;
    for (name, lines) in by_function(&ten) {
        let bill = Bill::of(lines.iter().copied());
        if bill.write() > 0.0 || bill.read() >= 1.0 {
            out += &bill.row(&format!("`{name}`"));
        }
    }
    out += &all.row("ten minutes in all, less what open sockets cost anyway");
    out += &format!(
        "\nTwo sockets that are only open cost {} WRU in the same time. Each further minute of the \
         call: {} WRU.\n",
        number(idle),
        number(minute)
    );
    assert!(all.write() <= TEN_MINUTES_MAX, "{}\n{out}", all.write());
    assert!(minute <= MINUTE_MAX, "{minute}");
    out
}

#[tokio::test(start_paused = true)]
async fn a_call_costs_what_the_design_says() {
    let told = section().await;
    println!("{told}");
    assert!(told.contains("`keep_call_alive`"));
}

/// Runs of the operations, each once.
pub async fn stories(rows: &mut Rows) {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 1_000).await;
    let declined = note(
        rows,
        &world,
        "initiate_call",
        Talk::rings(&ann, &ben, "audio"),
    )
    .await;
    let reject = declined.post(&ben, "reject", json!({ "reason": "declined" }));
    fresh(rows, "reject_call", reject, &world).await;
    world.passes(61).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let rings = talk.post(&ben, "ringing", json!({}));
    fresh(rows, "report_ringing", rings, &world).await;
    fresh(rows, "accept_call", talk.accepts(&ben), &world).await;
    fresh(rows, "report_connected", talk.connects(&ann), &world).await;
    talk.connects(&ben).await.ok();
    let path = format!("/api/v2/calls/turn-credentials?call_id={}", talk.id);
    fresh(rows, "get_turn_credentials", ann.get(&path), &world).await;
    let ice = talk.post(&ann, "ice", json!({ "candidate": CANDIDATE }));
    fresh(rows, "add_ice_candidates", ice, &world).await;
    let sample = json!({
        "rtt_ms": 80, "jitter_ms": 4, "loss_percent": 0.5, "bitrate_kbps": 40,
    });
    let report = talk.post(&ann, "stats", sample);
    fresh(rows, "report_call_quality", report, &world).await;
    let signal = about(&talk, json!({ "kind": "negotiate", "payload": sdp(3) }));
    let signal = frame(&mut ann, "call.signal", signal);
    note(rows, &world, "relay_call_signal", signal).await;
    let alive = frame(&mut ben, "call.alive", about(&talk, json!({})));
    note(rows, &world, "keep_call_alive", alive).await;
    note(rows, &world, "end_call", talk.ends(&ann)).await.ok();
    let rates = talk.post(&ann, "feedback", json!({ "rating": 5 }));
    let rated = note(rows, &world, "rate_call", rates).await;
    rated.expect(204);
    terminated(rows).await;
}

/// An administrator ends a running call.
async fn terminated(rows: &mut Rows) {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 1_000).await;
    let admin = world.admin("admin-1").await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let path = format!("/api/admin/calls/{}/terminate", talk.id);
    let ends = admin.post(&path, json!({ "reason": "a complaint" }));
    note(rows, &world, "terminate_call", ends).await.ok();
}

/// Notes an operation that has to come soon after the one before.
async fn fresh(
    rows: &mut Rows,
    name: &str,
    work: impl Future<Output = world::Answer>,
    world: &World,
) {
    let (answer, bill) = super::bill::measured(world, work).await;
    assert!(answer.status < 300, "{name}: {}", answer.body);
    rows.insert(name.to_owned(), bill);
}
