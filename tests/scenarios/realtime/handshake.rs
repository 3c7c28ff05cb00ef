//! The handshake with a device key, and each of its refusals.

use serde_json::{Value, json};
use shared::relay::Statement;
use world::{DeviceSecret, Person, World};

/// Somebody with a registered phone.
pub async fn owner(world: &World) -> (Person, String) {
    let ann = world.person("Ann").await;
    let device = ann.registers("Phone", 1).await.expect(201);
    let id = device["device_id"].as_str().expect("an id").to_owned();
    (ann, id)
}

/// What a device has to sign.
pub struct Proving {
    connection: String,
    nonce: String,
    device: String,
    ts: i64,
}

/// Connects and asks for a challenge.
pub async fn begins(person: &mut Person, device: &str) -> Proving {
    let query = format!("device_id={device}");
    let connection = person.connects(&query).await.expect("pending");
    let challenge = person
        .asks("auth.begin", json!({ "device_id": device }))
        .await;
    assert_eq!(challenge["type"], "auth.challenge", "{challenge}");
    assert_eq!(challenge["data"]["connection_id"], json!(connection));
    Proving {
        connection,
        nonce: challenge["data"]["nonce"]
            .as_str()
            .expect("a nonce")
            .to_owned(),
        device: device.to_owned(),
        ts: person.world.now().ms(),
    }
}

impl Proving {
    fn data(&self, secret: &DeviceSecret, token: &str) -> Value {
        let statement = Statement {
            connection_id: &self.connection,
            nonce: &self.nonce,
            device_id: &self.device,
            ts: self.ts,
        };
        json!({ "signature": secret.signs(&statement), "ts": self.ts, "access_token": token })
    }

    pub async fn proves(&self, person: &mut Person) -> Value {
        let data = self.data(&DeviceSecret::new(1), &person.token.clone());
        person.asks("auth.prove", data).await
    }
}

async fn closes(person: &mut Person, answer: &Value, code: u16) {
    assert_eq!(answer["type"], "error", "{answer}");
    assert_eq!(answer["data"]["close_code"], json!(code), "{answer}");
    let retry = [4002, 4005].contains(&code);
    assert_eq!(answer["data"]["retry"], json!(retry));
    assert_eq!(person.is_closed().await, code);
    person.world.settles().await;
    let left = person.world.items("live", "conn#").await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_valid_key_reaches_ready_and_then_everything() {
    let world = World::new().await;
    let (mut ann, device) = owner(&world).await;
    let mut ben = world.person("Ben").await;
    let proving = begins(&mut ann, &device).await;
    for kind in ["hello", "ping", "sync.resume", "message.send"] {
        let early = ann.asks(kind, json!({})).await;
        assert_eq!(early["data"]["code"], "NOT_READY", "{kind}");
        assert!(early["data"]["close_code"].is_null());
    }
    let ready = proving.proves(&mut ann).await;
    assert_eq!(ready["type"], "ready", "{ready}");
    assert_eq!(ready["data"]["session_id"], json!(ann.session_id));
    assert_eq!(ready["data"]["connection_id"], json!(proving.connection));
    let slots = world.rows("live", &ann.id, "conn#").await;
    assert_eq!(slots.len(), 1);
    assert_eq!(slots[0].get("slot"), Some(&shared::table::Value::S(device)));
    ben.says("hi").to(&ann).await.ok();
    ann.sees("hi").await;
    ann.says("hello").to_by_frame(&ben).await;
    assert_eq!(ben.reads(&ann).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_a_wrong_token_and_a_foreign_one_are_4001() {
    let world = World::unlimited().await;
    let (mut ann, device) = owner(&world).await;
    let ben = world.person("Ben").await;
    let own = ann.token.clone();
    for (number, token) in [(2, own.as_str()), (1, "nonsense"), (1, ben.token.as_str())] {
        let proving = begins(&mut ann, &device).await;
        let data = proving.data(&DeviceSecret::new(number), token);
        let answer = ann.asks("auth.prove", data).await;
        closes(&mut ann, &answer, 4001).await;
    }
    let other = ann.registers("Tablet", 3).await.expect(201);
    ann.connects(&format!("device_id={device}"))
        .await
        .expect("pending");
    let wish = json!({ "device_id": other["device_id"] });
    let answer = ann.asks("auth.begin", wish).await;
    closes(&mut ann, &answer, 4001).await;
    for unknown in ["dev_01J00000000000000000000000", "nonsense", ""] {
        let query = format!("device_id={unknown}");
        assert_eq!(ann.connects(&query).await, Err(401));
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_signed_once_and_soon() {
    let world = World::unlimited().await;
    let (mut ann, device) = owner(&world).await;
    let spent = begins(&mut ann, &device).await;
    spent.proves(&mut ann).await;
    let again = spent.proves(&mut ann).await;
    closes(&mut ann, &again, 4002).await;
    let replaced = begins(&mut ann, &device).await;
    ann.asks("auth.begin", json!({ "device_id": device })).await;
    let answer = replaced.proves(&mut ann).await;
    closes(&mut ann, &answer, 4001).await;
    let none = ann.connects(&format!("device_id={device}")).await;
    let unasked = Proving {
        connection: none.expect("pending"),
        nonce: spent.nonce.clone(),
        device: device.clone(),
        ts: world.now().ms(),
    };
    let answer = unasked.proves(&mut ann).await;
    closes(&mut ann, &answer, 4002).await;
    for seconds in [11, 61] {
        let mut late = begins(&mut ann, &device).await;
        world.passes(seconds).await;
        late.ts = world.now().ms();
        let answer = late.proves(&mut ann).await;
        closes(&mut ann, &answer, 4002).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_may_be_off_by_five_minutes() {
    let world = World::unlimited().await;
    let (mut ann, device) = owner(&world).await;
    for skew in [-300_000, 300_000] {
        let mut proving = begins(&mut ann, &device).await;
        proving.ts += skew;
        let ready = proving.proves(&mut ann).await;
        assert_eq!(ready["type"], "ready", "{skew}");
        ann.vanishes();
        world.settles().await;
    }
    for skew in [-301_000, 301_000, i64::MIN / 2] {
        let mut proving = begins(&mut ann, &device).await;
        proving.ts = world.now().ms() + skew;
        let answer = proving.proves(&mut ann).await;
        assert_eq!(answer["data"]["code"], "CLOCK_SKEW");
        assert_eq!(answer["data"]["details"]["max_skew_seconds"], 300);
        closes(&mut ann, &answer, 4005).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_device_or_session_is_4003() {
    let world = World::unlimited().await;
    let (mut ann, device) = owner(&world).await;
    let other = ann.elsewhere().await;
    let proving = begins(&mut ann, &device).await;
    ann.delete(&format!("/api/v2/auth/sessions/{}", other.session_id))
        .await
        .expect(204);
    let data = proving.data(&DeviceSecret::new(1), &other.token);
    let answer = ann.asks("auth.prove", data).await;
    closes(&mut ann, &answer, 4003).await;
    let proving = begins(&mut ann, &device).await;
    ann.delete(&format!("/api/v2/devices/{device}"))
        .await
        .expect(204);
    let answer = proving.proves(&mut ann).await;
    closes(&mut ann, &answer, 4003).await;
    ann.connects(&format!("device_id={device}"))
        .await
        .expect("pending");
    let answer = ann.asks("auth.begin", json!({ "device_id": device })).await;
    closes(&mut ann, &answer, 4003).await;
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_never_comes_is_reaped() {
    let world = World::unlimited().await;
    let (mut ann, device) = owner(&world).await;
    begins(&mut ann, &device).await;
    world.passes(310).await;
    assert_eq!(ann.is_closed().await, 4001);
    assert!(world.items("live", "conn#").await.is_empty());
}
