//! Every AWS call of the paying operations goes wrong once, in every way: before its effect, after
//! it, throttled, in conflict, or the handler dies there. Afterwards the same request succeeds and
//! has happened once.

mod calls;
mod essence;
mod singles;
mod stories;
mod trial;

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use world::{Person, World};

const KINDS: [Kind; 5] = [
    Kind::BeforeEffect,
    Kind::AfterEffect,
    Kind::Throttle,
    Kind::Conflict,
    Kind::EndHandler,
];
/// More calls than any handler makes.
const CALLS_MAX: usize = 40;
/// Repeats until the request must have succeeded.
const RETRIES_MAX: usize = 5;

/// A request that is repeated until it succeeds.
struct Request {
    function: &'static str,
    method: &'static str,
    path: String,
    body: Option<Value>,
    key: bool,
}

async fn calls(person: &Person, request: &Request) -> world::Answer {
    let key = [("idempotency-key", "fault-key-0001")];
    let headers: &[(&str, &str)] = if request.key { &key } else { &[] };
    person
        .call_with(request.method, &request.path, request.body.clone(), headers)
        .await
}

/// Whether the rule went off while the request was made until it succeeded.
async fn survives(world: &World, person: &Person, request: &Request, rule: Rule) -> (bool, Value) {
    let faults = world.local.cloud().faults();
    faults.clear();
    faults.count_from_zero();
    faults.add(rule.clone());
    for _ in 0..RETRIES_MAX {
        let answer = calls(person, request).await;
        if answer.status < 300 {
            let fired = faults.fired() > 0;
            faults.clear();
            world.passes(60).await;
            return (fired, answer.body);
        }
        let passing = answer.status >= 500 || answer.code() == Some("IDEMPOTENCY_IN_PROGRESS");
        assert!(passing, "{rule:?}: {} {}", answer.status, answer.body);
        world.passes(1).await;
    }
    panic!("{} never succeeds after {rule:?}", request.function);
}

fn rule(function: &str, nth: usize, kind: Kind) -> Rule {
    Rule {
        function: Some(function.to_owned()),
        operation: None,
        nth,
        kind,
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_and_paid_once_whatever_fails() {
    let mut sites = 0;
    for kind in KINDS {
        for nth in 1..=CALLS_MAX {
            let world = World::unlimited().await;
            let (ann, mut ben) = world.two("Ann", "Ben").await;
            ben.comes_online().await;
            let request = Request {
                function: "send_message",
                method: "POST",
                path: "/api/v2/messages/send".into(),
                body: Some(json!({
                    "receiver_id": ben.id, "content": "once", "message_type": "text",
                    "client_message_id": "fault-0001",
                })),
                key: false,
            };
            let rule = rule(request.function, nth, kind);
            let (fired, sent) = survives(&world, &ann, &request, rule).await;
            if !fired {
                break;
            }
            sites += 1;
            assert_eq!(
                (sent["seq"].as_i64(), sent["balance_after"].as_i64()),
                (Some(1), Some(99))
            );
            ann.has_credits(99).await;
            assert_eq!(ben.reads(&ann).await.len(), 1);
            ben.sees("once").await;
            let unread = ben.get("/api/v2/messages/unread-count").await.ok();
            assert_eq!(unread["unread_count"], 1);
        }
    }
    assert!(sites >= 5 * KINDS.len(), "{sites} call sites");
}

#[tokio::test(start_paused = true)]
async fn marks_and_deletions_happen_once_whatever_fails() {
    for function in ["mark_delivered", "mark_read", "delete_message"] {
        for kind in KINDS {
            for nth in 1..=CALLS_MAX {
                let world = World::unlimited().await;
                let (mut ann, ben) = world.two("Ann", "Ben").await;
                let sent = ann.says("hello").to(&ben).await.ok();
                let id = sent["id"].as_str().expect("an id").to_owned();
                world.settles().await;
                let (method, path, body) = match function {
                    "mark_delivered" => {
                        let path = format!("/api/v2/messages/mark-delivered/{id}");
                        ("POST", path, Some(json!({})))
                    }
                    "mark_read" => {
                        let body = json!({ "message_ids": [id] });
                        ("POST", "/api/v2/messages/mark-read".to_owned(), Some(body))
                    }
                    _ => ("DELETE", format!("/api/v2/messages/{id}"), None),
                };
                let key = method == "POST";
                let request = Request {
                    function,
                    method,
                    path,
                    body,
                    key,
                };
                let who = if key { &ben } else { &ann };
                let (fired, _) = survives(&world, who, &request, rule(function, nth, kind)).await;
                if !fired {
                    break;
                }
                after_mark(&ann, &ben, function).await;
            }
        }
    }
}

async fn after_mark(ann: &Person, ben: &Person, function: &str) {
    let message = &ann.reads(ben).await[0];
    let unread = ben.get("/api/v2/messages/unread-count").await.ok()["unread_count"].clone();
    match function {
        "mark_delivered" => assert_eq!(
            (&message["status"], unread),
            (&json!("delivered"), json!(1))
        ),
        "mark_read" => assert_eq!((&message["status"], unread), (&json!("read"), json!(0))),
        _ => {
            assert_eq!((&message["is_deleted"], unread), (&json!(true), json!(0)));
            ann.has_credits(100).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn consumers_and_workers_tell_everything_whatever_fails() {
    for function in ["fan_out_events", "push_frames"] {
        for kind in KINDS {
            for nth in 1..=CALLS_MAX {
                let world = World::unlimited().await;
                let (mut ann, mut ben) = world.two("Ann", "Ben").await;
                ben.comes_online().await;
                world.settles().await;
                let faults = world.local.cloud().faults();
                faults.count_from_zero();
                faults.add(rule(function, nth, kind));
                ann.says("heard").to(&ben).await.ok();
                // A queue gives a message back after its visibility timeout.
                world.passes(300).await;
                let fired = faults.fired() > 0;
                faults.clear();
                ben.sees("heard").await;
                let list = ben
                    .elsewhere()
                    .await
                    .get("/api/v2/messages/conversations")
                    .await
                    .ok();
                assert_eq!(list["conversations"].as_array().map(Vec::len), Some(1));
                if !fired {
                    break;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_and_its_mail_happen_once_whatever_fails() {
    for kind in KINDS {
        for nth in 1..=CALLS_MAX {
            let world = World::unlimited().await;
            let faults = world.local.cloud().faults();
            faults.count_from_zero();
            faults.add(rule("register_account", nth, kind));
            let body = json!({
                "email": "dora@pairly.test", "password": "TestPass123", "name": "Dora",
                "birthdate": "1990-01-01",
            });
            let key = [("idempotency-key", "fault-key-0001")];
            let mut made = false;
            for _ in 0..RETRIES_MAX {
                let path = "/api/v2/auth/register";
                let answer = world
                    .call_with("POST", path, Some(body.clone()), &key)
                    .await;
                made = answer.status == 201;
                if made {
                    break;
                }
                assert!(answer.status >= 500, "{kind:?} {nth}: {}", answer.body);
            }
            assert!(made, "{kind:?} {nth}");
            let fired = faults.fired() > 0;
            faults.clear();
            world.passes(300).await;
            assert_eq!(
                world.mails_to("dora@pairly.test").len(),
                1,
                "{kind:?} {nth}"
            );
            if !fired {
                break;
            }
        }
    }
}
