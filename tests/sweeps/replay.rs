//! Every mutating POST accepts an `Idempotency-Key`, unless its answer carries a secret: fifty
//! equal calls at once have one effect and one answer, another body under the key is refused.

use serde_json::{Value, json};
use shared::function::{Function, Operation, Trigger};

use super::samples::{Fixture, filled, routes};
use crate::scenarios::calls::sdp;
use world::DeviceSecret;

/// Operations whose answer carries a secret (spec conventions.md §8), the one whose effect ends
/// the right to ask again, and the one that is asked until its answer changes.
const WITHOUT: &[&str] = &[
    "sign_in",
    "reauthenticate",
    "refresh_session",
    "create_ws_ticket",
    "sign_out",
    "create_upload",
    "complete_upload",
    "sign_out_everywhere",
    "setup_2fa",
    "verify_2fa",
    "answer_2fa_challenge",
    "regenerate_recovery_codes",
    "exchange_social_login",
    "finish_social_login",
];
/// Passwords leave no fingerprint, and there is nothing else in these bodies.
const ALIKE: &[&str] = &[
    "change_password",
    "claim_moderation_item",
    "release_moderation_item",
];
/// Equal calls at once.
const CALLS: usize = 50;

fn posts() -> Vec<&'static Function> {
    let is_post = |trigger: &Trigger| matches!(trigger, Trigger::Http { method: "POST", .. });
    let mut found = local::functions();
    found.retain(|function| function.triggers.iter().any(is_post));
    found
}

#[test]
fn every_mutating_post_accepts_a_key_or_carries_a_secret() {
    for function in posts() {
        let mut operation = Operation::default();
        (function.describe)(&mut operation);
        assert_eq!(
            operation.key,
            !WITHOUT.contains(&function.name),
            "{}",
            function.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_equal_calls_have_one_answer() {
    for function in posts()
        .into_iter()
        .filter(|post| !WITHOUT.contains(&post.name))
    {
        let fixture = Fixture::new().await;
        let (method, path) = routes(function)[0];
        let target = filled(path, |name| fixture.own(name));
        let body = fixture.body(function.name).expect("a sample");
        let key = [("idempotency-key", "sweep-key-0001")];
        let call = || fixture.asks(function, method, &target, (Some(body.clone()), &key));
        let answers = futures_util::future::join_all((0..CALLS).map(|_| call())).await;
        // What is refused for its state stores nothing, and says so every time alike.
        let first = answers
            .iter()
            .find(|answer| answer.status < 300)
            .unwrap_or(&answers[0]);
        for answer in &answers {
            // Wrong or not, a password takes one of five tries before it is looked at.
            let waits = ["IDEMPOTENCY_IN_PROGRESS", "ACCOUNT_LOCKED"];
            let passing =
                answer.status == 503 || answer.code().is_some_and(|code| waits.contains(&code));
            let same = answer.comparable() == first.comparable() && answer.status == first.status;
            assert!(
                passing || same || first.status >= 400,
                "{}: {answer:?}",
                function.name
            );
        }
        if first.status < 300 {
            another_body(&fixture, function, &target).await;
        }
    }
}

async fn another_body(fixture: &Fixture, function: &Function, target: &str) {
    if ALIKE.contains(&function.name) {
        return;
    }
    let other = match function.name {
        "send_message" => json!({
            "receiver_id": fixture.ben.id, "content": "other", "message_type": "text",
            "client_message_id": "sweep-0001",
        }),
        "register_device" => json!({
            "name": "Tablet", "type": "ios", "public_key": DeviceSecret::new(3).public_key(),
        }),
        "register_push_target" => crate::scenarios::notifications::android("another-phone"),
        "mark_delivered" => json!({ "up_to": true }),
        "mark_read" => json!({ "message_ids": ["msg_other"] }),
        "mute_conversation" => json!({}),
        "block_user" => json!({ "user_id": fixture.ben.id }),
        "resend_verification" | "request_password_reset" => {
            json!({ "email": "other@pairly.test" })
        }
        name => other_call(fixture, name)
            .or_else(|| other_act(fixture, name))
            .unwrap_or_else(|| {
                json!({
                    "email": "other@pairly.test", "password": "OtherPass123", "name": "Other",
                    "birthdate": "1991-01-01",
                })
            }),
    };
    let other = judgement(function.name).unwrap_or(other);
    let key = [("idempotency-key", "sweep-key-0001")];
    let answer = fixture.asks(function, "POST", target, (Some(other), &key));
    answer.await.refused(422, "IDEMPOTENCY_KEY_REUSED");
}

/// Another body of an operation of administrators.
fn other_act(fixture: &Fixture, function: &str) -> Option<serde_json::Value> {
    Some(match function {
        "create_admin" => json!({
            "role_arn": "arn:aws:iam::000000000000:role/sweeper", "session_name": "sweep-2",
            "email": "sweep@pairly.test", "name": "Sweep", "roles": ["analyst"],
            "reason": "a sweep",
        }),
        "freeze_wallet" => json!({ "frozen": true, "reason": "a sweep" }),
        "verify_ledger" => json!({ "user_id": fixture.ben.id }),
        "moderate_message" => json!({ "moderation_status": "blocked", "reason": "a sweep" }),
        "moderate_call" => json!({ "notes": "heard much", "reason": "a sweep" }),
        "terminate_call" => json!({ "reason": "another sweep" }),
        "refund_call" => json!({ "credits": 1, "reason": "a sweep" }),
        "verify_audit_log" => json!({ "admin_id": fixture.own("admin_id") }),
        "adjust_credits" => json!({
            "user_id": fixture.ann.id, "amount": 26, "reason": "a sweep of every operation",
        }),
        _ => return None,
    })
}

/// Another body of an operation on calls.
fn other_call(fixture: &Fixture, function: &str) -> Option<serde_json::Value> {
    Some(match function {
        "initiate_call" => json!({ "receiver_id": fixture.emil, "call_type": "video" }),
        "accept_call" => json!({ "sdp_answer": sdp(2) }),
        "report_ringing" => json!({ "device_id": fixture.bens }),
        "report_connected" => json!({ "device_id": fixture.device }),
        "reject_call" => json!({ "reason": "busy" }),
        "add_ice_candidates" => json!({ "candidate": "" }),
        "report_call_quality" => json!({
            "rtt_ms": 900, "jitter_ms": 4, "loss_percent": 9.5, "bitrate_kbps": 40,
        }),
        "rate_call" => json!({ "rating": 1 }),
        "end_call" => json!({ "reason": "ice_failed" }),
        "add_phone" => json!({ "phone": "+15005550007" }),
        _ => return None,
    })
}

/// Another body of what administrators do to people and about what they show.
fn judgement(function: &str) -> Option<Value> {
    match function {
        "ban_user" | "unban_user" | "end_user_sessions" | "clear_abuse_flag" => {
            Some(json!({ "reason": "another sweep" }))
        }
        "resolve_moderation_item" => {
            Some(json!({ "resolution": "dismiss", "reason": "another sweep" }))
        }
        _ => None,
    }
}
