//! Forgotten, changed and imported passwords.

use serde_json::{Value, json};
use shared::accounts::demo::{Newcomer, open_person};
use shared::accounts::password::StoredPassword;
use shared::aws::secret::{Keeper, Pepper};
use shared::function::Take;
use world::{Answer, Person, World};

use super::two_factor::{Enrolled, answers, asked, code, enrolled};
use super::{refreshes, signs_in, signs_in_from, token_in_mail, uses};

const NEXT: &str = "Amber-Harbour-77";

async fn forgets(world: &World, email: &str) -> Answer {
    let body = json!({ "email": email });
    let answer = world
        .call("POST", "/api/v2/auth/password/forgot", Some(body))
        .await;
    world.settles().await;
    answer
}

async fn resets(world: &World, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "new_password": password });
    world
        .call("POST", "/api/v2/auth/password/reset", Some(body))
        .await
}

async fn changes(person: &Person, current: &str, next: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": next });
    person.post("/api/v2/auth/password/change", body).await
}

fn subjects(world: &World, email: &str) -> Vec<String> {
    let mails = world.mails_to(email).into_iter();
    mails
        .map(|mail| mail["subject"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Scenario 7.
#[tokio::test(start_paused = true)]
async fn a_forgotten_password_is_reset_once_and_ends_every_session() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let phone = ann.elsewhere().await;
    let known = forgets(&world, &ann.email).await;
    let unknown = forgets(&world, "nobody@pairly.test").await;
    assert_eq!((known.status, unknown.status), (202, 202));
    assert_eq!(known.body, unknown.body);
    assert!(world.mails_to("nobody@pairly.test").is_empty());
    assert_eq!(subjects(&world, &ann.email), ["Choose a new password"]);
    let token = token_in_mail(&world, &ann.email, "/reset-password");
    let done = resets(&world, &token, NEXT).await.ok();
    assert_eq!(done, json!({ "reset": true }));
    resets(&world, &token, "Paper-Harbour-78")
        .await
        .refused(410, "OTP_EXPIRED");
    for session in [&ann, &phone] {
        session
            .get("/api/v2/user")
            .await
            .refused(401, "SESSION_REVOKED");
        refreshes(&world, &session.refresh)
            .await
            .refused(401, "SESSION_REVOKED");
    }
    world.settles().await;
    assert_eq!(ann.is_closed().await, 4003);
    assert_eq!(
        subjects(&world, &ann.email)[1..],
        ["Your password was reset"]
    );
    signs_in(&world, &ann.email, &ann.password)
        .await
        .refused(401, "INVALID_CREDENTIALS");
    signs_in(&world, &ann.email, NEXT).await.ok();
}

/// Scenario 7: the second factor is still on, and what was asked for the old password is void.
#[tokio::test(start_paused = true)]
async fn a_reset_keeps_the_second_factor() {
    let world = World::unlimited().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let before = asked(&world, &ann).await;
    forgets(&world, &ann.email).await.expect(202);
    let token = token_in_mail(&world, &ann.email, "/reset-password");
    resets(&world, &token, NEXT).await.ok();
    answers(&world, &before, "code", &code(&world, &secret))
        .await
        .refused(410, "OTP_EXPIRED");
    let question = signs_in(&world, &ann.email, NEXT).await.ok();
    assert_eq!(question["mfa_required"], true);
    let challenge = question["challenge_id"].as_str().expect("a challenge");
    let tokens = answers(&world, challenge, "code", &code(&world, &secret)).await;
    assert_eq!(tokens.ok()["aal"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_reset_link_counts_for_an_hour_and_until_the_next_one() {
    let world = World::new().await.punctual();
    let ann = world.person("Ann").await;
    forgets(&world, &ann.email).await.expect(202);
    let first = token_in_mail(&world, &ann.email, "/reset-password");
    forgets(&world, &ann.email).await.expect(202);
    let second = token_in_mail(&world, &ann.email, "/reset-password");
    resets(&world, &first, NEXT)
        .await
        .refused(410, "OTP_EXPIRED");
    let mut forged = second.clone().into_bytes();
    forged[60] = if forged[60] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    for broken in [forged.as_str(), "nonsense"] {
        resets(&world, broken, NEXT)
            .await
            .refused(410, "OTP_EXPIRED");
    }
    // What is refused leaves the link as it is.
    let same = resets(&world, &second, &ann.password).await;
    same.refused(422, "SAME_PASSWORD");
    let weak = resets(&world, &second, "1234567890").await;
    weak.refused(422, "WEAK_PASSWORD");
    world.passes(3_599).await;
    resets(&world, &second, NEXT).await.ok();
    forgets(&world, &ann.email).await.expect(202);
    let late = token_in_mail(&world, &ann.email, "/reset-password");
    world.passes(3_600).await;
    resets(&world, &late, "Paper-Harbour-78")
        .await
        .refused(410, "OTP_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn resets_are_limited_per_account_and_per_address() {
    let world = World::new().await.punctual();
    let ann = world.person("Ann").await;
    let asks = async |from: &str, email: &str| {
        let body = Some(json!({ "email": email }));
        let path = "/api/v2/auth/password/forgot";
        world.call_from(from, "POST", path, body).await
    };
    for n in 0..3 {
        asks(&format!("198.51.{n}.7"), &ann.email).await.expect(202);
    }
    let fourth = asks("198.51.3.7", &ann.email).await;
    fourth.refused(429, "RATE_LIMITED");
    for n in 0..3 {
        let email = format!("nobody{n}@pairly.test");
        asks("192.0.2.7", &email).await.expect(202);
    }
    let fourth = asks("192.0.2.7", "nobody4@pairly.test").await;
    fourth.refused(429, "RATE_LIMITED");
    world.passes(20 * 60).await;
    asks("192.0.2.7", "nobody4@pairly.test").await.expect(202);
}

/// Scenario 12: the change of a password ends the other sessions.
#[tokio::test(start_paused = true)]
async fn a_changed_password_ends_the_other_sessions_and_is_told() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let (phone, tablet) = (ann.elsewhere().await, ann.elsewhere().await);
    let wrong = changes(&ann, "WrongPass123", NEXT).await;
    wrong.refused(401, "INVALID_CREDENTIALS");
    let same = changes(&ann, &ann.password, &ann.password).await;
    same.refused(422, "SAME_PASSWORD");
    let weak = changes(&ann, &ann.password, "1234567890").await;
    assert_eq!(
        weak.refused(422, "WEAK_PASSWORD")["details"]["reasons"],
        json!(["common"])
    );
    let done = changes(&ann, &ann.password, NEXT).await.ok();
    assert_eq!(done, json!({ "changed": true, "sessions_revoked": 2 }));
    ann.get("/api/v2/user").await.ok();
    for other in [&phone, &tablet] {
        let refused = other.get("/api/v2/user").await;
        refused.refused(401, "SESSION_REVOKED");
    }
    world.settles().await;
    assert_eq!(subjects(&world, &ann.email), ["Your password was changed"]);
    signs_in(&world, &ann.email, &ann.password)
        .await
        .refused(401, "INVALID_CREDENTIALS");
    signs_in(&world, &ann.email, NEXT).await.ok();
}

#[tokio::test(start_paused = true)]
async fn guessing_the_current_password_locks_like_guessing_at_the_door() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    for _ in 0..5 {
        let wrong = changes(&ann, "WrongPass123", NEXT).await;
        wrong.refused(401, "INVALID_CREDENTIALS");
    }
    let right = changes(&ann, &ann.password, NEXT).await;
    right.refused(423, "ACCOUNT_LOCKED");
    // The same pair is locked at the door, and no other.
    signs_in(&world, &ann.email, &ann.password)
        .await
        .refused(423, "ACCOUNT_LOCKED");
    signs_in_from(&world, "198.51.100.7", &ann.email, &ann.password)
        .await
        .ok();
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_with_the_old_password_under_way_does_not_outlive_the_change() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let under_way = async |n: u8| {
        let from = format!("198.51.{n}.7");
        signs_in_from(&world, &from, &ann.email, &ann.password).await
    };
    let (changed, one, two, three) = tokio::join!(
        changes(&ann, &ann.password, NEXT),
        under_way(1),
        under_way(2),
        under_way(3)
    );
    assert!([200, 503].contains(&changed.status), "{changed:?}");
    if changed.status == 503 {
        return;
    }
    for answer in [one, two, three] {
        if answer.status == 200 {
            let token = answer.body["access_token"].as_str().expect("a token");
            uses(&world, token).await.refused(401, "SESSION_REVOKED");
        }
    }
    let list = ann.get("/api/v2/auth/sessions").await.ok();
    assert_eq!(list["sessions"].as_array().map(Vec::len), Some(1), "{list}");
}

#[tokio::test(start_paused = true)]
async fn a_pending_account_gets_no_reset_link() {
    let world = World::new().await;
    let form: Value = json!({
        "email": "dora@pairly.test", "password": "TestPass123", "name": "Dora",
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(form)).await.expect(201);
    world.settles().await;
    forgets(&world, "dora@pairly.test").await.expect(202);
    assert_eq!(
        subjects(&world, "dora@pairly.test"),
        ["Confirm your e-mail address"]
    );
}

/// A bcrypt hash of `TestPass123`, made by another implementation (crypt(3), cost 10).
const BCRYPT: &str = "$2b$10$abcdefghijklmnopqrstuudTvuoIip4ZfefSD0SgkQq.WbxWTrIVy";

async fn imports(world: &World, email: &str, password: StoredPassword) -> String {
    let newcomer = Newcomer {
        name: "Ida",
        email,
        password,
        credits: 0,
    };
    let env = world.local.env("local");
    open_person(&env, newcomer).await.expect("a person")
}

/// How a person's password is kept: pepper and hash.
async fn kept(world: &World, user_id: &str) -> (String, String) {
    let rows = world.rows("data", user_id, "account").await;
    let text = format!("{:?}", rows[0]["password"]);
    let phc = text.split("S(\"").nth(1).expect("a hash");
    let pepper = text.split("N(\"").nth(1).expect("a version");
    let until = |part: &str| part.split('"').next().expect("a value").to_owned();
    (until(pepper), until(phc))
}

/// Scenario 14.
#[tokio::test(start_paused = true)]
async fn an_imported_bcrypt_account_signs_in_and_is_argon2id_afterwards() {
    let world = World::unlimited().await;
    let imported = StoredPassword::imported(BCRYPT).expect("bcrypt");
    let ida = imports(&world, "ida@pairly.test", imported).await;
    signs_in(&world, "ida@pairly.test", "WrongPass123")
        .await
        .refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kept(&world, &ida).await, ("0".into(), BCRYPT.into()));
    signs_in(&world, "ida@pairly.test", "TestPass123")
        .await
        .ok();
    let (pepper, phc) = kept(&world, &ida).await;
    assert_eq!(pepper, "1");
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    signs_in(&world, "ida@pairly.test", "TestPass123")
        .await
        .ok();
    assert_eq!(kept(&world, &ida).await, (pepper, phc));
    signs_in(&world, "ida@pairly.test", "WrongPass123")
        .await
        .refused(401, "INVALID_CREDENTIALS");
}

#[tokio::test(start_paused = true)]
async fn another_pepper_replaces_the_hash_at_the_next_sign_in() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let env = world.local.env("local");
    let keeper = <Keeper<Pepper> as Take<()>>::take(&env, &mut ()).await;
    let keeper = keeper.expect("a keeper");
    let one = keeper.read().await.expect("a pepper");
    let two = shared::crypto::encode(&[9; 32]);
    let both = json!({ "current": 2, "keys": { "1": one, "2": two } });
    keeper
        .replace(&both.to_string(), "two")
        .await
        .expect("stored");
    // Instances keep a secret for five minutes.
    world.passes(301).await;
    assert_eq!(kept(&world, &ann.id).await.0, "1");
    signs_in(&world, &ann.email, &ann.password).await.ok();
    assert_eq!(kept(&world, &ann.id).await.0, "2");
    let alone = json!({ "current": 2, "keys": { "2": two } });
    keeper
        .replace(&alone.to_string(), "alone")
        .await
        .expect("stored");
    world.passes(301).await;
    signs_in(&world, &ann.email, &ann.password).await.ok();
    signs_in(&world, "nobody@pairly.test", &ann.password)
        .await
        .refused(401, "INVALID_CREDENTIALS");
}

/// Whoever knows an address can use up the tries of its codes, and nothing of a link that only its
/// mail tells.
#[tokio::test(start_paused = true)]
async fn nobody_else_can_use_up_the_tries_of_a_link() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let dora = "dora@pairly.test";
    let form = json!({
        "email": dora, "password": "TestPass123", "name": "Dora", "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(form)).await.expect(201);
    forgets(&world, &ann.email).await.expect(202);
    let reset = token_in_mail(&world, &ann.email, "/reset-password");
    let proof = token_in_mail(&world, dora, "/verify-email");
    let path = "/api/v2/auth/verify-email";
    for email in [ann.email.as_str(), dora] {
        let guess = json!({ "email": email, "code": "00000000" });
        let mut told = 0;
        while told != 429 {
            let guessed = world.call_from("198.51.100.7", "POST", path, Some(guess.clone()));
            told = guessed.await.status;
        }
    }
    resets(&world, &reset, NEXT).await.ok();
    let clicked = world.call("POST", path, Some(json!({ "token": proof })));
    clicked.await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_changed_password_voids_the_link_that_was_sent_before() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    forgets(&world, &ann.email).await.expect(202);
    let token = token_in_mail(&world, &ann.email, "/reset-password");
    changes(&ann, &ann.password, NEXT).await.ok();
    resets(&world, &token, "Paper-Harbour-78")
        .await
        .refused(410, "OTP_EXPIRED");
    signs_in(&world, &ann.email, NEXT).await.ok();
}
