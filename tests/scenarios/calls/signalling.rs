//! What the two ends tell each other to connect: checked, in order, and to nobody else.

use serde_json::{Value, json};
use world::{Person, World};

use super::{Talk, friends};

const HOST: &str = "candidate:1 1 udp 2113937151 192.0.2.7 54400 typ host";
const RELAY: &str = "candidate:2 1 udp 41885439 198.51.100.9 60000 typ relay raddr 0.0.0.0 rport 9";

/// A description as a browser makes it, told apart by a session id.
pub fn sdp(session: u32) -> String {
    let print = vec!["AB"; 32].join(":");
    let password = "p".repeat(24);
    format!(
        "v=0\r\no=- {session} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EEtu\r\n\
         a=ice-pwd:{password}\r\na=fingerprint:sha-256 {print}\r\na=setup:actpass\r\n\
         a=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    )
}

/// Sends a signal; its answer is none, or an error.
async fn signals(talk: &Talk, person: &mut Person, kind: &str, payload: Value) {
    let data = json!({ "call_id": talk.id, "kind": kind, "payload": payload });
    let frame = json!({ "v": 1, "id": "signal", "type": "call.signal", "ts": 0, "data": data });
    person.sends(&frame.to_string()).await;
    person.world.settles().await;
}

/// Rings with an offer.
async fn rings_with(from: &Person, to: &Person, offer: &str) -> Talk {
    let body = json!({
        "receiver_id": to.id, "call_type": "audio", "client_call_id": "with-offer-1",
        "sdp_offer": offer,
    });
    let call = from.post("/api/v2/calls/initiate", body).await.expect(201);
    let id = call["id"].as_str().expect("an id").to_owned();
    Talk { id }
}

/// Candidates as a frame carries them.
fn line(candidate: &str) -> Value {
    json!([{ "candidate": candidate, "sdpMid": "0" }])
}

/// Signals that a device has got, as kind and payload.
async fn heard(person: &mut Person) -> Vec<(String, Value)> {
    let frames = person.got("call.signal").await;
    let told = |frame: &Value| {
        let kind = frame["data"]["kind"].as_str().expect("a kind");
        (kind.to_owned(), frame["data"]["payload"].clone())
    };
    frames.iter().map(told).collect()
}

/// The code of the error that a signal gets.
async fn refusal(talk: &Talk, person: &mut Person, kind: &str, payload: Value) -> String {
    let data = json!({ "call_id": talk.id, "kind": kind, "payload": payload });
    let answer = person.asks("call.signal", data).await;
    assert_eq!(answer["type"], "error", "{answer}");
    answer["data"]["code"].as_str().expect("a code").to_owned()
}

#[tokio::test(start_paused = true)]
async fn offer_answer_candidates_and_renegotiation_reach_the_chosen_device_in_order() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let mut laptop = ben.elsewhere().await;
    laptop.comes_online().await;
    let talk = rings_with(&ann, &ben, &sdp(1)).await;
    for device in [&ben, &laptop] {
        let offer = talk.seen(device).await["signals"][0].clone();
        let said = (&offer["kind"], &offer["payload"]);
        assert_eq!(said, (&json!("offer"), &json!(sdp(1))), "each device reads");
    }
    talk.post(&ben, "accept", json!({ "sdp_answer": sdp(2) }))
        .await
        .ok();
    let answer = ann.waits(|frame| frame["type"] == "call.signal").await;
    assert_eq!(
        (&answer["data"]["kind"], &answer["data"]["payload"]),
        (&json!("answer"), &json!(sdp(2)))
    );
    signals(&talk, &mut ann, "candidates", line(HOST)).await;
    let ice = json!({ "candidates": [{ "candidate": RELAY, "sdpMLineIndex": 0 }] });
    talk.post(&ann, "ice", ice).await.expect(204);
    signals(&talk, &mut ann, "media", json!({ "audio": false })).await;
    let again = json!({ "type": "offer", "sdp": sdp(3) });
    signals(&talk, &mut ann, "negotiate", again).await;
    signals(&talk, &mut ann, "candidates", json!({ "candidate": "" })).await;
    let heard_by_ben = heard(&mut ben).await.into_iter().map(|one| one.0);
    let kinds = "candidates candidates media negotiate candidates";
    assert_eq!(heard_by_ben.collect::<Vec<_>>().join(" "), kinds);
    for other in [&mut laptop, &mut ann] {
        assert!(heard(other).await.is_empty(), "only the chosen one hears");
    }
    signals(&talk, &mut ben, "resync", Value::Null).await;
    assert_eq!(heard(&mut ann).await, [("resync".to_owned(), Value::Null)]);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_lost_its_socket_reads_what_it_missed() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    signals(&talk, &mut ann, "offer", json!(sdp(1))).await;
    assert_eq!(
        heard(&mut ben).await.len(),
        1,
        "while it rings, it is passed on at once"
    );
    talk.accepts(&ben).await.ok();
    signals(&talk, &mut ben, "answer", json!(sdp(2))).await;
    ben.vanishes();
    signals(&talk, &mut ann, "negotiate", json!(sdp(3))).await;
    signals(&talk, &mut ann, "negotiate", json!(sdp(3))).await;
    signals(&talk, &mut ann, "negotiate", json!(sdp(4))).await;
    for _ in 0..2 {
        let ice = json!({ "candidate": HOST, "sdpMid": "0" });
        talk.post(&ann, "ice", ice).await.expect(204);
    }
    let seen = talk.seen(&ben).await;
    let list = seen["signals"].as_array().expect("signals").clone();
    let said: Vec<_> = list.iter().map(|one| one["payload"].clone()).collect();
    assert_eq!(
        said,
        [json!(sdp(1)), json!(sdp(3)), json!(sdp(4))],
        "a repeat is one signal"
    );
    assert!(list.iter().all(|one| one["from"] == ann.id.as_str()));
    let numbers: Vec<_> = list
        .iter()
        .map(|one| one["n"].as_i64().expect("a number"))
        .collect();
    assert!(numbers.is_sorted());
    let path = format!("/api/v2/calls/{}?signals_after={}", talk.id, numbers[1]);
    let rest = ben.get(&path).await.ok();
    assert_eq!(rest["signals"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen["candidates"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen["candidates"][0]["candidate"], HOST);
    let elsewhere = talk.seen(&ben.elsewhere().await).await;
    assert_eq!(
        (&elsewhere["signals"], &elsewhere["candidates"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test(start_paused = true)]
async fn signals_are_kept_until_five_minutes_after_the_end() {
    let world = World::new().await.punctual();
    let (ann, ben) = friends(&world, 100).await;
    let talk = rings_with(&ann, &ben, &sdp(1)).await;
    talk.accepts(&ben).await.ok();
    talk.ends(&ann).await.ok();
    world.passes(299).await;
    let kept = talk.seen(&ben).await["signals"].clone();
    assert_eq!(kept[0]["payload"], sdp(1));
    world.passes(2).await;
    assert_eq!(talk.seen(&ben).await["signals"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn malformed_and_oversize_signals_are_refused() {
    let world = World::unlimited().await;
    let (mut ann, ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    let video = format!(
        "{}m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n",
        sdp(1)
    );
    let plain = sdp(1).replace("a=fingerprint", "a=nothing");
    let wrong = [
        ("offer", json!("v=0")),
        ("offer", json!(video)),
        ("offer", json!(plain)),
        (
            "offer",
            json!(format!("{}a={}\r\n", sdp(1), "x".repeat(16_384))),
        ),
        ("negotiate", json!({ "type": "rollback", "sdp": sdp(1) })),
        ("candidates", json!([{ "candidate": "candidate:evil" }])),
        ("candidates", json!([])),
        ("media", json!({ "audio": "loud" })),
        ("resync", json!({ "all": true })),
    ];
    for (kind, payload) in wrong {
        let place = format!("{kind} {:.60}", payload.to_string());
        assert_eq!(
            refusal(&talk, &mut ann, kind, payload).await,
            "SIGNAL_INVALID",
            "{place}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_candidates_and_an_oversize_offer_are_refused() {
    let world = World::unlimited().await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    let many: Vec<_> = (0..21).map(|_| json!({ "candidate": HOST })).collect();
    let ice = talk.post(&ann, "ice", json!({ "candidates": many })).await;
    assert_eq!(ice.status, 422);
    let both = json!({ "candidate": HOST, "candidates": [{ "candidate": HOST }] });
    talk.post(&ann, "ice", both)
        .await
        .refused(422, "SIGNAL_INVALID");
    let nth = |at: usize| HOST.replace("candidate:1", &format!("candidate:{at}"));
    for at in 0..64 {
        talk.post(&ann, "ice", json!({ "candidate": nth(at) }))
            .await
            .expect(204);
    }
    let more = talk
        .post(&ann, "ice", json!({ "candidate": nth(64) }))
        .await;
    more.refused(422, "SIGNAL_INVALID");
    let body = json!({
        "receiver_id": ben.id, "call_type": "audio", "client_call_id": "oversize",
        "sdp_offer": "x".repeat(16_385),
    });
    let refused = ben.post("/api/v2/calls/initiate", body).await;
    refused.refused(422, "SIGNAL_INVALID");
}

#[tokio::test(start_paused = true)]
async fn strangers_other_devices_and_parties_of_other_calls_find_nothing() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let (mut cleo, mut dan) = world.two("Cleo", "Dan").await;
    cleo.says("hello").to(&dan).await.ok();
    dan.says("hello").to(&cleo).await.ok();
    cleo.comes_online().await;
    dan.comes_online().await;
    let other = Talk::between(&cleo, &dan, "audio").await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let mut laptop = ben.elsewhere().await;
    laptop.comes_online().await;
    for person in [&mut cleo, &mut dan, &mut laptop] {
        let code = refusal(&talk, person, "resync", Value::Null).await;
        assert_eq!(code, "CALL_NOT_FOUND");
        let alive = person
            .asks("call.alive", json!({ "call_id": talk.id }))
            .await;
        assert_eq!(alive["data"]["code"], "CALL_NOT_FOUND");
    }
    for person in [&cleo, &dan] {
        let path = format!("/api/v2/calls/{}", talk.id);
        person.get(&path).await.refused(404, "CALL_NOT_FOUND");
        let turn = format!("/api/v2/calls/turn-credentials?call_id={}", talk.id);
        person.get(&turn).await.refused(404, "CALL_NOT_FOUND");
        for (what, body) in [
            ("accept", json!({})),
            ("reject", json!({ "reason": "busy" })),
            ("end", json!({})),
            ("ice", json!({ "candidate": HOST })),
            ("ringing", json!({})),
            ("connected", json!({})),
            ("feedback", json!({ "rating": 1 })),
        ] {
            talk.post(person, what, body)
                .await
                .refused(404, "CALL_NOT_FOUND");
        }
    }
    talk.post(&laptop, "ice", json!({ "candidate": HOST }))
        .await
        .refused(404, "CALL_NOT_FOUND");
    assert!(heard(&mut ann).await.is_empty() && heard(&mut ben).await.is_empty());
    for one in [&talk, &other] {
        let person = if one.id == talk.id { &ann } else { &cleo };
        assert_eq!(one.seen(person).await["status"], "connected");
    }
}

#[tokio::test(start_paused = true)]
async fn who_hides_the_address_shows_relayed_candidates_only() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let account = ann.get("/api/v2/user").await.ok();
    assert_eq!(account["relay_only_calls"], false);
    let change = json!({ "relay_only_calls": true, "version": account["version"] });
    let changed = ann.call("PATCH", "/api/v2/user", Some(change)).await.ok();
    assert_eq!(changed["relay_only_calls"], true);
    let telling = RELAY.replace("0.0.0.0", "203.0.113.7");
    let offer = format!("{}a={HOST}\r\na={telling}\r\n", sdp(1));
    let talk = rings_with(&ann, &ben, &offer).await;
    let seen = talk.seen(&ben).await;
    assert_eq!(
        seen["signals"][0]["payload"],
        format!("{}a={RELAY}\r\n", sdp(1)).replace("127.0.0.1", "0.0.0.0")
    );
    talk.accepts(&ben).await.ok();
    signals(&talk, &mut ann, "candidates", line(HOST)).await;
    signals(&talk, &mut ann, "candidates", line(RELAY)).await;
    talk.post(&ann, "ice", json!({ "candidate": HOST }))
        .await
        .expect(204);
    let got = heard(&mut ben).await;
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(got[0].1["candidates"][0]["candidate"], RELAY);
    signals(&talk, &mut ben, "candidates", line(HOST)).await;
    assert_eq!(
        heard(&mut ann).await.len(),
        1,
        "the other one chose otherwise"
    );
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_signals_is_limited_and_delays_nobody_else() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let (mut cleo, mut dan) = world.two("Cleo", "Dan").await;
    cleo.says("hello").to(&dan).await.ok();
    dan.says("hello").to(&cleo).await.ok();
    cleo.comes_online().await;
    dan.comes_online().await;
    let other = Talk::between(&cleo, &dan, "audio").await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    for n in 0..80 {
        let data =
            json!({ "call_id": talk.id, "kind": "media", "payload": { "audio": n % 2 == 0 } });
        let frame =
            json!({ "v": 1, "id": n.to_string(), "type": "call.signal", "ts": 0, "data": data });
        ann.sends(&frame.to_string()).await;
    }
    signals(&other, &mut cleo, "media", json!({ "audio": true })).await;
    assert_eq!(heard(&mut dan).await.len(), 1);
    let limited = ann.got("error").await;
    assert!(limited.len() >= 15, "{}", limited.len());
    assert!(
        limited
            .iter()
            .all(|frame| frame["data"]["code"] == "RATE_LIMITED")
    );
    let got = heard(&mut ben).await.len();
    assert!((50..=65).contains(&got), "{got}");
    // By HTTP the limit is that of the side: 100 at once, then 10 a second.
    let mut refused = 0;
    for n in 0..60 {
        let line = HOST.replace("candidate:1", &format!("candidate:{n}"));
        let answer = talk.post(&ben, "ice", json!({ "candidate": line })).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 0, "the other side has a bucket of its own");
}
