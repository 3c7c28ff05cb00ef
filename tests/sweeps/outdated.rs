//! Who has no right any more, or is not wanted: tokens that ended, forged ones, blocked people.

use serde_json::{Value, json};
use shared::function::Function;
use world::{Answer, Person};

use super::samples::{Fixture, filled, routes};

/// How long an access token is taken, and a little more, seconds.
const TOKEN_SECONDS: i64 = 1_900;
/// Operations that name another person who may have blocked the caller.
const TOWARDS: [&str; 3] = ["send_message", "initiate_call", "quote_call"];

/// Every route of signed-in people with what works for its owner.
fn of_members(fixture: &Fixture) -> Vec<(&'static str, String, Option<Value>)> {
    let functions = local::functions().into_iter();
    let members = functions.filter(|function| function.member && function.admin.is_none());
    let all = members.flat_map(|function| {
        let of_route = |(method, path): (&'static str, &str)| {
            let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
            (method, target, fixture.body(function.name))
        };
        routes(function).into_iter().map(of_route)
    });
    all.collect()
}

async fn is_refused(fixture: &Fixture, token: &str, code: &str) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let all = of_members(fixture);
    assert!(all.len() > 50, "{}", all.len());
    for (method, target, body) in all {
        let answer = fixture.world.call_with(method, &target, body, &headers);
        answer.await.refused(401, code);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ended_or_was_never_ours_opens_nothing() {
    let fixture = Fixture::new().await;
    let (lost, old) = (fixture.ann.elsewhere().await, fixture.ann.elsewhere().await);
    let path = format!("/api/v2/auth/sessions/{}", lost.session_id);
    fixture.ann.delete(&path).await.ok();
    is_refused(&fixture, &lost.token, "SESSION_REVOKED").await;
    let (head, signature) = lost.token.rsplit_once('.').expect("a token");
    let (_, foreign) = old.token.rsplit_once('.').expect("a token");
    is_refused(&fixture, &format!("{head}.{foreign}"), "TOKEN_INVALID").await;
    is_refused(&fixture, &format!("{head}."), "TOKEN_INVALID").await;
    is_refused(&fixture, signature, "TOKEN_INVALID").await;
    fixture.world.passes(TOKEN_SECONDS).await;
    is_refused(&fixture, &old.token, "TOKEN_EXPIRED").await;
    let mut again = fixture.ann.elsewhere().await;
    again.renews().await;
    let path = format!("/api/v2/messages/{}", fixture.own("message_id"));
    assert_eq!(again.get(&path).await.ok()["content"], "hello");
}

/// What somebody hears who asks it of another person.
async fn towards(who: &Person, function: &Function, fixture: &Fixture, other: &str) -> Answer {
    let (method, path) = routes(function)[0];
    let target = path.to_owned() + &fixture.query(function.name);
    let body = fixture.body(function.name).map(|mut body| {
        body["receiver_id"] = json!(other);
        body
    });
    let target = target.replace(&fixture.ben.id, other);
    let headers = [("idempotency-key", "outdated-0001")];
    who.call_with(method, &target, body, &headers).await
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_finds_nobody() {
    let fixture = Fixture::new().await;
    let mut gus = fixture.world.person("Gus").await;
    let block = json!({ "user_id": gus.id });
    fixture.ann.post("/api/v2/blocks", block).await.expect(201);
    fixture.world.settles().await;
    let absent = fixture.absent("user_id");
    let functions = local::functions().into_iter();
    for function in functions.filter(|function| TOWARDS.contains(&function.name)) {
        let blocked = towards(&gus, function, &fixture, &fixture.ann.id).await;
        let nobody = towards(&gus, function, &fixture, &absent).await;
        assert_eq!(
            blocked.comparable(),
            nobody.comparable(),
            "{}",
            function.name
        );
        blocked.refused(404, "USER_NOT_FOUND");
    }
    gus.comes_online().await;
    for to in [&fixture.ann.id, &absent] {
        let data = json!({
            "receiver_id": to, "content": "hi", "message_type": "text",
            "client_message_id": "outdated-0002",
        });
        let answer = gus.asks("message.send", data).await;
        assert_eq!(answer["data"]["code"], "USER_NOT_FOUND", "{answer}");
    }
    gus.has_credits(100).await;
}
