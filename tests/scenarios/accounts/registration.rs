//! Registration and the proof of the address.

use serde_json::{Value, json};
use world::World;

use super::{PASSWORD, signs_in, uses};

fn form(email: &str, password: &str, born: &str) -> Value {
    json!({ "email": email, "password": password, "name": "Dora", "birthdate": born })
}

async fn registers(world: &World, email: &str) -> Value {
    let mut body = form(email, PASSWORD, "1990-01-01");
    body["locale"] = json!("en");
    let answer = world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
    world.settles().await;
    answer
}

fn code_in(mail: &Value) -> String {
    let text = mail["text"].as_str().expect("a text part");
    let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().find(digits).expect("a code").to_owned()
}

fn link_in(mail: &Value) -> String {
    let text = mail["text"].as_str().expect("a text part");
    let start = text.find("/verify-email?token=").expect("a link");
    let rest = &text[start..];
    rest.split_whitespace().next().expect("a link").to_owned()
}

/// Scenario 1.
#[tokio::test(start_paused = true)]
async fn somebody_registers_proves_the_address_by_code_and_signs_in() {
    let world = World::new().await;
    let made = registers(&world, "dora@pairly.test").await;
    assert_eq!(made["verification_required"], true);
    signs_in(&world, "dora@pairly.test", PASSWORD)
        .await
        .refused(403, "EMAIL_NOT_CONFIRMED");
    signs_in(&world, "dora@pairly.test", "WrongPass123")
        .await
        .refused(401, "INVALID_CREDENTIALS");
    let mails = world.mails_to("dora@pairly.test");
    assert_eq!(mails.len(), 1);
    let body = json!({ "email": "Dora@Pairly.test", "code": code_in(&mails[0]) });
    let proven = world
        .call("POST", "/api/v2/auth/verify-email", Some(body))
        .await
        .ok();
    assert_eq!(proven, json!({ "verified": true }));
    let tokens = signs_in(&world, "dora@pairly.test", PASSWORD).await.ok();
    assert_eq!(
        (tokens["token_type"].as_str(), tokens["expires_in"].as_i64()),
        (Some("Bearer"), Some(1_800))
    );
    assert_eq!(tokens["user_id"], made["user_id"]);
    let account = uses(&world, tokens["access_token"].as_str().expect("a token"))
        .await
        .ok();
    assert_eq!(
        (
            account["email"].as_str(),
            account["email_verified"].as_bool()
        ),
        (Some("dora@pairly.test"), Some(true))
    );
    assert_eq!(
        (account["birthdate"].as_str(), account["status"].as_str()),
        (Some("1990-01-01"), Some("active"))
    );
}

/// Scenario 6: by the link and its button.
#[tokio::test(start_paused = true)]
async fn opening_the_link_changes_nothing_and_its_button_verifies_once() {
    let world = World::new().await;
    registers(&world, "dora@pairly.test").await;
    let link = link_in(&world.mails_to("dora@pairly.test")[0]);
    let page = world.call("GET", &link, None).await;
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    let page = page.ok();
    // Who did not register must not confirm the password of whoever did.
    assert!(
        page.to_string().contains("they chose the password"),
        "{page}"
    );
    signs_in(&world, "dora@pairly.test", PASSWORD)
        .await
        .refused(403, "EMAIL_NOT_CONFIRMED");
    let token = link.split_once('=').expect("a token").1;
    let body = json!({ "token": token });
    world
        .call("POST", "/api/v2/auth/verify-email", Some(body.clone()))
        .await
        .ok();
    world
        .call("POST", "/api/v2/auth/verify-email", Some(body))
        .await
        .refused(410, "OTP_EXPIRED");
    signs_in(&world, "dora@pairly.test", PASSWORD).await.ok();
}

/// Scenario 6: by code.
#[tokio::test(start_paused = true)]
async fn a_wrong_code_counts_down_and_the_sixth_try_is_gone() {
    let world = World::new().await;
    registers(&world, "dora@pairly.test").await;
    let right = code_in(&world.mails_to("dora@pairly.test")[0]);
    let wrong = if right == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    let tries = |code: &str| json!({ "email": "dora@pairly.test", "code": code });
    for left in (0..5).rev() {
        let refused = world
            .call("POST", "/api/v2/auth/verify-email", Some(tries(wrong)))
            .await;
        assert_eq!(
            refused.refused(422, "OTP_INVALID")["details"]["attempts_left"],
            left
        );
    }
    let sixth = world
        .call("POST", "/api/v2/auth/verify-email", Some(tries(&right)))
        .await;
    sixth.refused(410, "OTP_EXPIRED");
    let again = json!({ "email": "dora@pairly.test" });
    world
        .call("POST", "/api/v2/auth/resend-verification", Some(again))
        .await
        .expect(202);
    world.settles().await;
    let mails = world.mails_to("dora@pairly.test");
    assert_eq!(mails.len(), 2);
    let fresh = code_in(&mails[1]);
    world
        .call("POST", "/api/v2/auth/verify-email", Some(tries(&fresh)))
        .await
        .ok();
}

#[tokio::test(start_paused = true)]
async fn a_known_address_gets_the_same_answer_and_its_owner_a_mail() {
    let world = World::new().await;
    let first = registers(&world, "dora@pairly.test").await;
    let second = registers(&world, "dora@pairly.test").await;
    assert_ne!(first["user_id"], second["user_id"]);
    assert_eq!(second["verification_required"], true);
    assert_eq!(world.mails_to("dora@pairly.test").len(), 2);
    let unknown = json!({ "email": "nobody@pairly.test" });
    world
        .call("POST", "/api/v2/auth/resend-verification", Some(unknown))
        .await
        .expect(202);
    world.settles().await;
    assert!(world.mails_to("nobody@pairly.test").is_empty());
}

/// Scenario 13, and what else registration refuses.
#[tokio::test(start_paused = true)]
async fn registration_refuses_the_young_the_weak_and_the_disposable() {
    let world = World::unlimited().await;
    let today = world.now().date();
    let eighteen = today
        .with()
        .year(today.year() - 18)
        .build()
        .expect("a date");
    let young = eighteen.tomorrow().expect("a date").to_string();
    let born = "1990-01-01";
    for (email, password, born, code) in [
        ("a@pairly.test", PASSWORD, young.as_str(), "UNDERAGE"),
        ("a@pairly.test", "1234567890", born, "WEAK_PASSWORD"),
        (
            "longlocal@pairly.test",
            "xx-longlocal-xx",
            born,
            "WEAK_PASSWORD",
        ),
        ("a@mailinator.com", PASSWORD, born, "DISPOSABLE_EMAIL"),
        ("not an address", PASSWORD, born, "VALIDATION_FAILED"),
    ] {
        let body = form(email, password, born);
        world
            .call("POST", "/api/v2/auth/register", Some(body))
            .await
            .refused(422, code);
    }
    let body = form("birthday@pairly.test", PASSWORD, &eighteen.to_string());
    world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
}

/// Scenario 15.
#[tokio::test(start_paused = true)]
async fn a_mail_outage_delays_the_mail_and_nothing_else() {
    let world = World::new().await;
    world.local.cloud().faults().outage("sqs", true);
    world.local.cloud().faults().outage("ses", true);
    let body = form("dora@pairly.test", PASSWORD, "1990-01-01");
    world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
    world.passes(90).await;
    assert!(world.mails_to("dora@pairly.test").is_empty());
    world.local.cloud().faults().outage("sqs", false);
    world.local.cloud().faults().outage("ses", false);
    world.passes(600).await;
    assert_eq!(world.mails_to("dora@pairly.test").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_equal_proofs_under_one_key_have_one_answer() {
    let world = World::unlimited().await;
    registers(&world, "dora@pairly.test").await;
    let link = link_in(&world.mails_to("dora@pairly.test")[0]);
    let body = json!({ "token": link.split_once('=').expect("a token").1 });
    let key = [("idempotency-key", "proof-key-0001")];
    let path = "/api/v2/auth/verify-email";
    let calls = (0..50).map(|_| world.call_with("POST", path, Some(body.clone()), &key));
    let answers = futures_util::future::join_all(calls).await;
    for answer in answers {
        let passing = answer.status == 503 || answer.code() == Some("IDEMPOTENCY_IN_PROGRESS");
        assert!(
            passing || answer.body == json!({ "verified": true }),
            "{answer:?}"
        );
    }
    let again = world.call_with("POST", path, Some(body), &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}
