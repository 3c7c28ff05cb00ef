//! People on the phone: what the scenarios of calls are told with.

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use world::{Answer, Person, World};

/// Two people with credits who have written to each other, both online.
pub async fn friends(world: &World, credits: i64) -> (Person, Person) {
    let mut ann = world.person_with("Ann", credits + 1).await;
    let mut ben = world.person("Ben").await;
    ann.says("hello").to(&ben).await.ok();
    ben.says("hello").to(&ann).await.ok();
    ann.comes_online().await;
    ben.comes_online().await;
    world.settles().await;
    (ann, ben)
}

/// Two people write to each other.
pub async fn meet(one: &mut Person, other: &mut Person) {
    one.says("hello").to(other).await.ok();
    other.says("hello").to(one).await.ok();
}

/// From now on these functions die as soon as they have read anything. They do not fail: what
/// fails is tried again after pauses of random length, and those move the clock.
pub fn broken(world: &World, functions: &[&str]) {
    for function in functions {
        for nth in 1..=500 {
            world.local.cloud().faults().add(Rule {
                function: Some((*function).to_owned()),
                operation: None,
                nth,
                kind: Kind::EndHandler,
            });
        }
    }
}

/// No timer of calls does its work any more.
pub fn no_timers(world: &World) {
    broken(world, &["expire_ring", "expire_media_wait", "meter_call"]);
}

/// Neither does the sweep.
pub fn no_sweep(world: &World) {
    broken(world, &["sweep_calls", "expire_holds"]);
}

/// base64 (RFC 4648 §4).
pub fn base64(bytes: &[u8]) -> String {
    let mut text = shared::crypto::encode(bytes)
        .replace('-', "+")
        .replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// A call as one test goes through it.
#[derive(Clone, Debug)]
pub struct Talk {
    /// `cal_…`
    pub id: String,
}

/// Asks for a call under a client's id.
pub async fn dials(from: &Person, to: &Person, kind: &str, client_id: &str) -> Answer {
    let body = json!({
        "receiver_id": to.id, "call_type": kind, "client_call_id": client_id,
    });
    from.post("/api/v2/calls/initiate", body).await
}

impl Talk {
    /// Rings.
    pub async fn rings(from: &Person, to: &Person, kind: &str) -> Self {
        let client_id = format!("call-{}", from.world.now().ms());
        let call = dials(from, to, kind, &client_id).await.expect(201);
        let id = call["id"].as_str().expect("an id").to_owned();
        Self { id }
    }

    /// Rings, is answered, and both ends report media.
    pub async fn between(from: &Person, to: &Person, kind: &str) -> Self {
        let talk = Self::rings(from, to, kind).await;
        talk.accepts(to).await.ok();
        talk.connects(from).await.ok();
        talk.connects(to).await.ok();
        talk
    }

    /// An operation on the call.
    pub async fn post(&self, person: &Person, what: &str, body: Value) -> Answer {
        let path = format!("/api/v2/calls/{}/{what}", self.id);
        person.post(&path, body).await
    }

    /// Answers.
    pub async fn accepts(&self, person: &Person) -> Answer {
        self.post(person, "accept", json!({})).await
    }

    /// Declines.
    pub async fn rejects(&self, person: &Person, reason: &str) -> Answer {
        self.post(person, "reject", json!({ "reason": reason }))
            .await
    }

    /// Reports media.
    pub async fn connects(&self, person: &Person) -> Answer {
        self.post(person, "connected", json!({})).await
    }

    /// Hangs up.
    pub async fn ends(&self, person: &Person) -> Answer {
        self.post(person, "end", json!({})).await
    }

    /// The call as this person sees it.
    pub async fn seen(&self, person: &Person) -> Value {
        let path = format!("/api/v2/calls/{}", self.id);
        person.get(&path).await.ok()
    }

    /// Gives a sign of life.
    pub async fn is_alive(&self, person: &mut Person) {
        let data = json!({ "call_id": self.id });
        let frame = json!({ "v": 1, "id": "alive", "type": "call.alive", "ts": 0, "data": data });
        person.sends(&frame.to_string()).await;
        person.world.settles().await;
    }

    /// Time passes while both ends give signs of life every 20 s.
    pub async fn lasts(&self, ends: &mut [&mut Person], seconds: i64) {
        let world = ends[0].world.clone();
        let mut left = seconds;
        while left > 0 {
            let step = left.min(20);
            world.passes(step).await;
            left -= step;
            if left > 0 {
                for person in ends.iter_mut() {
                    self.is_alive(person).await;
                }
            }
        }
    }
}
