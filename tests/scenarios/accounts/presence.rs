//! Proof of presence, and where somebody signs in from.

use serde_json::json;
use shared::Time;
use world::{Person, World};

use super::two_factor::{Enrolled, code, enrolled};
use super::{refreshes, signs_in, signs_in_from, uses};

async fn confirms(person: &Person, password: &str) -> world::Answer {
    let body = json!({ "password": password });
    person.post("/api/v2/auth/reauthenticate", body).await
}

#[tokio::test(start_paused = true)]
async fn a_session_is_fresh_for_ten_minutes_and_again_after_a_proof() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    let change = json!({
        "current_password": ann.password, "new_password": "Amber-Harbour-77",
    });
    let path = "/api/v2/auth/password/change";
    world.passes(601).await;
    ann.post(path, change.clone())
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
    confirms(&ann, "WrongPass123")
        .await
        .refused(401, "INVALID_CREDENTIALS");
    ann.post(path, change.clone())
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
    let answer = confirms(&ann, &ann.password).await.ok();
    let at = Time::parse(answer["auth_time"].as_str().expect("a time")).expect("a time");
    assert!(world.now().since(at) < 1_000, "{at}");
    ann.token = answer["access_token"].as_str().expect("a token").to_owned();
    world.passes(599).await;
    ann.post(path, change).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_proof_needs_exactly_one_of_password_and_code() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let path = "/api/v2/auth/reauthenticate";
    for body in [
        json!({}),
        json!({ "password": ann.password, "code": "123456" }),
    ] {
        ann.post(path, body).await.refused(422, "VALIDATION_FAILED");
    }
    ann.post(path, json!({ "code": "123456" }))
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    let body = json!({ "password": ann.password });
    let nobody = world.call("POST", path, Some(body)).await;
    nobody.refused(401, "UNAUTHENTICATED");
}

#[tokio::test(start_paused = true)]
async fn a_code_makes_a_session_fresh_and_raises_it() {
    let world = World::unlimited().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let mut phone = ann.elsewhere().await;
    let change = json!({
        "current_password": ann.password, "new_password": "Amber-Harbour-77",
    });
    let path = "/api/v2/auth/password/change";
    // The password alone is not enough where a second factor is enrolled.
    confirms(&phone, &ann.password).await.ok();
    phone
        .post(path, change.clone())
        .await
        .refused(403, "INSUFFICIENT_AAL");
    let digits = code(&world, &secret);
    let proof = json!({ "code": digits });
    let path_of_proof = "/api/v2/auth/reauthenticate";
    let answer = phone.post(path_of_proof, proof.clone()).await.ok();
    phone.token = answer["access_token"].as_str().expect("a token").to_owned();
    // The same code counts once.
    phone
        .post(path_of_proof, proof)
        .await
        .refused(401, "MFA_VERIFICATION_FAILED");
    phone.post(path, change).await.ok();
}

/// Lock-out cannot be used against another person: the attacker is locked, the owner signs in.
#[tokio::test(start_paused = true)]
async fn an_attacker_is_locked_out_and_the_owner_signs_in() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let attacker = "198.51.100.66";
    for _ in 0..5 {
        signs_in_from(&world, attacker, &ann.email, "WrongPass123")
            .await
            .refused(401, "INVALID_CREDENTIALS");
    }
    // Locked with the right password as well, and from the whole network.
    for from in [attacker, "198.51.100.99"] {
        let locked = signs_in_from(&world, from, &ann.email, &ann.password).await;
        let error = locked.refused(423, "ACCOUNT_LOCKED");
        assert_eq!(error["details"]["retry_after"], 900);
    }
    signs_in(&world, &ann.email, &ann.password).await.ok();
    ann.get("/api/v2/user").await.ok();
    world.passes(15 * 60).await;
    signs_in_from(&world, attacker, &ann.email, &ann.password)
        .await
        .ok();
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_from_a_new_place_is_told_once() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mails = async || {
        world.settles().await;
        world.mails_to(&ann.email).len()
    };
    signs_in(&world, &ann.email, &ann.password).await.ok();
    assert_eq!(mails().await, 1, "another network than before");
    signs_in(&world, &ann.email, &ann.password).await.ok();
    assert_eq!(mails().await, 1, "the same place");
    signs_in_from(&world, "198.51.100.7", &ann.email, &ann.password)
        .await
        .ok();
    assert_eq!(mails().await, 2, "another network");
    // An hour later from the neighbour of that address.
    signs_in_from(&world, "198.51.100.8", &ann.email, &ann.password)
        .await
        .ok();
    assert_eq!(mails().await, 2);
    let subject = &world.mails_to(&ann.email)[0]["subject"];
    assert_eq!(subject, "A new sign-in to your account");
}

#[tokio::test(start_paused = true)]
async fn the_first_sign_in_after_registration_tells_nobody() {
    let world = World::new().await;
    let form = json!({
        "email": "dora@pairly.test", "password": "TestPass123", "name": "Dora",
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(form)).await.expect(201);
    world.settles().await;
    let token = super::token_in_mail(&world, "dora@pairly.test", "/verify-email");
    let path = "/api/v2/auth/verify-email";
    let proof = Some(json!({ "token": token }));
    world.call("POST", path, proof).await.ok();
    signs_in(&world, "dora@pairly.test", "TestPass123")
        .await
        .ok();
    world.settles().await;
    assert_eq!(world.mails_to("dora@pairly.test").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn signing_out_everywhere_ends_every_session() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let phone = ann.elsewhere().await;
    let answer = ann.post("/api/v2/auth/logout-all", json!({})).await.ok();
    assert_eq!(answer, json!({ "revoked": 2 }));
    for session in [&ann, &phone] {
        uses(&world, &session.token)
            .await
            .refused(401, "SESSION_REVOKED");
        refreshes(&world, &session.refresh)
            .await
            .refused(401, "SESSION_REVOKED");
    }
    world.passes(5).await;
    assert_eq!(ann.is_closed().await, 4003);
    let rows = world.rows("data", &ann.id, "session#").await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        let text = format!("{:?}", row["revoke_reason"]);
        assert!(text.contains("sign_out_all"), "{text}");
    }
}
