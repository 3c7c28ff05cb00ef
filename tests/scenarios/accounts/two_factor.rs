//! The second factor (spec accounts.md, *Acceptance scenarios* 8).

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::accounts::factor::totp;
use world::{Answer, Person, World};

use super::{signs_in, uses};

/// Somebody with a second factor: its secret and the recovery codes.
pub struct Enrolled {
    pub ann: Person,
    pub secret: String,
    pub codes: Vec<String>,
}

/// A code that is never right by chance: the seeds of these worlds do not make it.
const WRONG: &str = "000000";

pub fn code(world: &World, secret: &str) -> String {
    totp::code_at(secret, world.now()).expect("a secret")
}

pub async fn enrolled(world: &World) -> Enrolled {
    let ann = world.person("Ann").await;
    let setup = ann.post("/api/v2/auth/2fa/setup", json!({})).await.ok();
    let secret = setup["secret"].as_str().expect("a secret").to_owned();
    let body = json!({ "factor_id": setup["factor_id"], "code": code(world, &secret) });
    let made = ann.post("/api/v2/auth/2fa/verify", body).await.ok();
    assert_eq!(made["enabled"], true);
    let codes = made["recovery_codes"].as_array().expect("codes").iter();
    let codes = codes.filter_map(Value::as_str).map(str::to_owned).collect();
    world.settles().await;
    world.passes(30).await;
    Enrolled { ann, secret, codes }
}

pub async fn asked(world: &World, ann: &Person) -> String {
    let question = signs_in(world, &ann.email, &ann.password).await.ok();
    assert_eq!(
        (
            question["mfa_required"].as_bool(),
            question["expires_in"].as_i64()
        ),
        (Some(true), Some(300))
    );
    assert!(
        question.get("access_token").is_none(),
        "a token without the second factor"
    );
    question["challenge_id"]
        .as_str()
        .expect("a challenge")
        .to_owned()
}

pub async fn answers(world: &World, challenge: &str, name: &str, code: &str) -> Answer {
    let body = json!({ "challenge_id": challenge, name: code });
    world
        .call("POST", "/api/v2/auth/2fa/challenge", Some(body))
        .await
}

fn security_mails(world: &World, ann: &Person) -> Vec<String> {
    let subject = |mail: &Value| mail["subject"].as_str().unwrap_or_default().to_owned();
    world.mails_to(&ann.email).iter().map(subject).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_enrols_is_asked_for_a_code_at_the_next_sign_in() {
    let world = World::new().await;
    let Enrolled { ann, secret, codes } = enrolled(&world).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(
        ann.get("/api/v2/auth/2fa").await.ok(),
        json!({ "enabled": true, "recovery_codes_remaining": 10 })
    );
    assert_eq!(ann.get("/api/v2/user").await.ok()["two_factor"], true);
    assert_eq!(security_mails(&world, &ann), ["Your second factor is on"]);
    let challenge = asked(&world, &ann).await;
    let tokens = answers(&world, &challenge, "code", &code(&world, &secret))
        .await
        .ok();
    assert_eq!(
        (tokens["aal"].as_i64(), tokens["user_id"].as_str()),
        (Some(2), Some(&*ann.id))
    );
    let token = tokens["access_token"].as_str().expect("a token");
    uses(&world, token).await.ok();
    // The question is spent, whatever is answered.
    world.passes(30).await;
    answers(&world, &challenge, "code", &code(&world, &secret))
        .await
        .refused(410, "OTP_EXPIRED");
    ann.post("/api/v2/auth/2fa/setup", json!({}))
        .await
        .refused(409, "TWO_FACTOR_STATE");
}

#[tokio::test(start_paused = true)]
async fn the_same_code_passes_once_also_in_parallel() {
    let world = World::new().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let (first, second) = (asked(&world, &ann).await, asked(&world, &ann).await);
    let code = code(&world, &secret);
    let both = [&first, &second].map(|challenge| answers(&world, challenge, "code", &code));
    let mut told: Vec<_> = join_all(both)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    told.sort_unstable();
    assert_eq!(told, [200, 401]);
    let third = asked(&world, &ann).await;
    answers(&world, &third, "code", &code)
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    world.passes(30).await;
    let next = totp::code_at(&secret, world.now()).expect("a code");
    answers(&world, &third, "code", &next).await.ok();
}

#[tokio::test(start_paused = true)]
async fn the_code_of_the_step_before_passes_and_none_ahead_does() {
    let world = World::new().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    world.passes(60).await;
    let at =
        |seconds: i64| totp::code_at(&secret, world.now().plus(seconds * 1_000)).expect("a code");
    let challenge = asked(&world, &ann).await;
    for wrong in [at(30), at(-60)] {
        answers(&world, &challenge, "code", &wrong)
            .await
            .refused(401, "MFA_VERIFICATION_FAILED");
    }
    answers(&world, &challenge, "code", &at(-30)).await.ok();
}

#[tokio::test(start_paused = true)]
async fn five_wrong_codes_lock_for_fifteen_minutes() {
    let world = World::new().await;
    let Enrolled { ann, secret, codes } = enrolled(&world).await;
    let challenge = asked(&world, &ann).await;
    for left in [4, 3, 2, 1, 0] {
        let wrong = answers(&world, &challenge, "code", WRONG).await;
        let wrong = wrong.refused(401, "MFA_VERIFICATION_FAILED");
        assert_eq!(wrong["details"], json!({ "attempts_left": left }));
    }
    let right = code(&world, &secret);
    let locked = answers(&world, &challenge, "code", &right).await;
    let locked = locked.refused(423, "ACCOUNT_LOCKED");
    assert!(
        locked["details"]["retry_after"]
            .as_i64()
            .is_some_and(|left| left <= 900)
    );
    let another = asked(&world, &ann).await;
    answers(&world, &another, "recovery_code", &codes[0])
        .await
        .refused(423, "ACCOUNT_LOCKED");
    world.passes(15 * 60).await;
    answers(&world, &another, "code", &code(&world, &secret))
        .await
        .refused(410, "OTP_EXPIRED");
    let later = asked(&world, &ann).await;
    answers(&world, &later, "code", &code(&world, &secret))
        .await
        .ok();
}

#[tokio::test(start_paused = true)]
async fn guesses_in_parallel_have_no_more_tries_than_others() {
    let world = World::unlimited().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let mut questions = Vec::new();
    for _ in 0..4 {
        questions.push(asked(&world, &ann).await);
    }
    let guess = |n: usize| {
        let (world, challenge) = (world.clone(), questions[n % 4].clone());
        async move { answers(&world, &challenge, "code", &format!("{n:06}")).await }
    };
    let told = join_all((0..40).map(guess)).await;
    let heard = told.iter().filter(|answer| answer.status == 401).count();
    assert!(heard <= 5, "{heard} guesses were answered");
    assert!(
        told.iter()
            .all(|answer| [401, 410, 423, 503].contains(&answer.status))
    );
    // Whatever was left of the five is used up one by one.
    for _ in heard..5 {
        let fresh = asked(&world, &ann).await;
        answers(&world, &fresh, "code", WRONG)
            .await
            .refused(401, "MFA_VERIFICATION_FAILED");
    }
    let fresh = asked(&world, &ann).await;
    answers(&world, &fresh, "code", &code(&world, &secret))
        .await
        .refused(423, "ACCOUNT_LOCKED");
}

#[tokio::test(start_paused = true)]
async fn a_recovery_code_works_once_and_is_told_by_mail() {
    let world = World::new().await;
    let Enrolled { ann, codes, .. } = enrolled(&world).await;
    let challenge = asked(&world, &ann).await;
    answers(&world, &challenge, "recovery_code", &codes[0])
        .await
        .ok();
    let again = asked(&world, &ann).await;
    answers(&world, &again, "recovery_code", &codes[0])
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    let status = ann.get("/api/v2/auth/2fa").await.ok();
    assert_eq!(status["recovery_codes_remaining"], 9);
    world.settles().await;
    assert!(security_mails(&world, &ann).contains(&"A recovery code was used".to_owned()));
    let fresh = ann
        .post("/api/v2/auth/2fa/recovery-codes", json!({}))
        .await
        .ok();
    answers(&world, &again, "recovery_code", &codes[1])
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    let new = fresh["recovery_codes"][1].as_str().expect("a code");
    answers(&world, &again, "recovery_code", new).await.ok();
    world.settles().await;
    assert!(security_mails(&world, &ann).contains(&"You have new recovery codes".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_question_lives_for_five_minutes() {
    let world = World::new().await.punctual();
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let challenge = asked(&world, &ann).await;
    world.passes(299).await;
    answers(&world, &challenge, "code", WRONG)
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    world.passes(1).await;
    answers(&world, &challenge, "code", &code(&world, &secret))
        .await
        .refused(410, "OTP_EXPIRED");
    answers(&world, "nonsense", "code", WRONG)
        .await
        .refused(410, "OTP_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn disabling_needs_a_fresh_session_of_level_two_and_a_code() {
    let world = World::new().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let body = |code: String| json!({ "code": code });
    let elsewhere = ann.elsewhere().await;
    elsewhere
        .post("/api/v2/auth/2fa/disable", body(code(&world, &secret)))
        .await
        .refused(403, "INSUFFICIENT_AAL");
    ann.post("/api/v2/auth/2fa/disable", body(WRONG.into()))
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    world.passes(11 * 60).await;
    ann.post("/api/v2/auth/2fa/disable", body(code(&world, &secret)))
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
    let challenge = asked(&world, &ann).await;
    let tokens = answers(&world, &challenge, "code", &code(&world, &secret))
        .await
        .ok();
    let bearer = format!(
        "Bearer {}",
        tokens["access_token"].as_str().expect("a token")
    );
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "disable-0001"),
    ];
    world.passes(30).await;
    let last = Some(body(code(&world, &secret)));
    for _ in 0..2 {
        let off = world
            .call_with("POST", "/api/v2/auth/2fa/disable", last.clone(), &headers)
            .await;
        assert_eq!(off.ok(), json!({ "enabled": false }));
    }
    let tokens = signs_in(&world, &ann.email, &ann.password).await.ok();
    assert_eq!(tokens["aal"], 1);
    world.settles().await;
    assert!(security_mails(&world, &ann).contains(&"Your second factor is off".to_owned()));
    assert_eq!(ann.get("/api/v2/user").await.ok()["two_factor"], false);
}

#[tokio::test(start_paused = true)]
async fn codes_are_refused_while_the_limiter_does_not_answer() {
    let world = World::new().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let (body, faults) = (
        json!({ "code": code(&world, &secret) }),
        world.local.cloud().faults(),
    );
    faults.table_outage("live", true);
    let refused = ann.post("/api/v2/auth/2fa/disable", body).await;
    refused.refused(503, "UNAVAILABLE");
    faults.table_outage("live", false);
    assert_eq!(ann.get("/api/v2/auth/2fa").await.ok()["enabled"], true);
}

#[tokio::test(start_paused = true)]
async fn a_setup_counts_only_after_its_first_code() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let first = ann.post("/api/v2/auth/2fa/setup", json!({})).await.ok();
    let url = first["otpauth_url"].as_str().expect("an address");
    assert!(url.starts_with("otpauth://totp/Pairly%3A") && url.contains("digits=6&period=30"));
    let second = ann.post("/api/v2/auth/2fa/setup", json!({})).await.ok();
    let secret = |setup: &Value| setup["secret"].as_str().expect("a secret").to_owned();
    let verify =
        |setup: &Value, code: String| json!({ "factor_id": setup["factor_id"], "code": code });
    let old = verify(&first, code(&world, &secret(&first)));
    ann.post("/api/v2/auth/2fa/verify", old)
        .await
        .refused(409, "TWO_FACTOR_STATE");
    let wrong = verify(&second, WRONG.into());
    ann.post("/api/v2/auth/2fa/verify", wrong)
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    assert_eq!(ann.get("/api/v2/auth/2fa").await.ok()["enabled"], false);
    let tokens = signs_in(&world, &ann.email, &ann.password).await.ok();
    assert_eq!(tokens["aal"], 1, "not asked before it counts");
    let elsewhere = world.person("Ben").await;
    let body = json!({ "code": WRONG });
    elsewhere
        .post("/api/v2/auth/2fa/disable", body)
        .await
        .refused(409, "TWO_FACTOR_STATE");
    let none = elsewhere
        .post("/api/v2/auth/2fa/recovery-codes", json!({}))
        .await;
    none.refused(409, "TWO_FACTOR_STATE");
}

#[tokio::test(start_paused = true)]
async fn whatever_wants_a_fresh_session_wants_the_second_factor_too() {
    let world = World::new().await;
    let Enrolled { ann, .. } = enrolled(&world).await;
    let elsewhere = ann.elsewhere().await;
    let passwords = json!({ "current_password": ann.password, "new_password": "Amber-Harbour-77" });
    let challenge = shared::crypto::encode(&[5; 32]);
    let link = format!(
        "/auth/oauth/google?redirect_uri=pairly%3A%2F%2Fsigned-in&mode=link\
         &code_challenge={challenge}"
    );
    let asks = [
        ("POST", "/api/v2/auth/password/change", Some(passwords)),
        ("POST", "/api/v2/auth/2fa/setup", Some(json!({}))),
        ("POST", "/api/v2/auth/2fa/recovery-codes", Some(json!({}))),
        (
            "POST",
            "/api/v2/auth/2fa/disable",
            Some(json!({ "code": WRONG })),
        ),
        (
            "DELETE",
            "/api/v2/auth/identities/idt_00000000000000000000000000",
            None,
        ),
        (
            "POST",
            "/api/v2/user/phone",
            Some(json!({ "phone": "+15005550006" })),
        ),
        ("DELETE", "/api/v2/user/phone", None),
        ("GET", link.as_str(), None),
    ];
    for (method, path, body) in &asks {
        let told = elsewhere.call(method, path, body.clone()).await;
        told.refused(403, "INSUFFICIENT_AAL");
    }
    world.passes(10 * 60).await;
    for (method, path, body) in asks {
        let told = ann.call(method, path, body).await;
        told.refused(403, "REAUTHENTICATION_NEEDED");
    }
}
