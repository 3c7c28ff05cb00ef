//! Accounts (spec accounts.md, *Acceptance scenarios*). Only these scenarios hash passwords.

use serde_json::{Value, json};
use world::{Person, World};

const PASSWORD: &str = "TestPass123";

async fn registers(world: &World, email: &str) -> Value {
    let body = json!({
        "email": email, "password": PASSWORD, "name": "Dora", "birthdate": "1990-01-01", "locale": "en",
    });
    let answer = world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
    world.settles().await;
    answer
}

async fn signs_in(world: &World, email: &str, password: &str) -> world::Answer {
    let body = json!({ "email": email, "password": password });
    world.call("POST", "/api/v2/auth/login", Some(body)).await
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

async fn refreshes(world: &World, token: &str) -> world::Answer {
    world
        .call(
            "POST",
            "/api/v2/auth/refresh",
            Some(json!({ "refresh_token": token })),
        )
        .await
}

/// Uses the access token once, so that the server knows its generation has arrived.
async fn uses(world: &World, token: &str) -> world::Answer {
    let bearer = format!("Bearer {token}");
    world
        .call_with("GET", "/api/v2/user", None, &[("authorization", &bearer)])
        .await
}

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
    page.ok();
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

#[tokio::test(start_paused = true)]
async fn registration_refuses_the_young_the_weak_and_the_disposable() {
    let world = World::unlimited().await;
    let today = world.now().date();
    let eighteen = today
        .with()
        .year(today.year() - 18)
        .build()
        .expect("a date");
    let young = eighteen.tomorrow().expect("a date");
    let with = |email: &str, password: &str, born: String| json!({ "email": email, "password": password, "name": "Dora", "birthdate": born });
    for (body, status, code) in [
        (
            with("a@pairly.test", PASSWORD, young.to_string()),
            422,
            "UNDERAGE",
        ),
        (
            with("a@pairly.test", "1234567890", "1990-01-01".into()),
            422,
            "WEAK_PASSWORD",
        ),
        (
            with(
                "longlocal@pairly.test",
                "xx-longlocal-xx",
                "1990-01-01".into(),
            ),
            422,
            "WEAK_PASSWORD",
        ),
        (
            with("a@mailinator.com", PASSWORD, "1990-01-01".into()),
            422,
            "DISPOSABLE_EMAIL",
        ),
        (
            with("not an address", PASSWORD, "1990-01-01".into()),
            422,
            "VALIDATION_FAILED",
        ),
    ] {
        world
            .call("POST", "/api/v2/auth/register", Some(body))
            .await
            .refused(status, code);
    }
    let body = with("birthday@pairly.test", PASSWORD, eighteen.to_string());
    world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
}

#[tokio::test(start_paused = true)]
async fn wrong_passwords_lock_the_pair_and_not_the_owner_elsewhere() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    for _ in 0..5 {
        signs_in(&world, &ann.email, "WrongPass123")
            .await
            .refused(401, "INVALID_CREDENTIALS");
    }
    let locked = signs_in(&world, &ann.email, &ann.password)
        .await
        .refused(423, "ACCOUNT_LOCKED");
    assert!(
        locked["details"]["retry_after"]
            .as_i64()
            .is_some_and(|seconds| seconds <= 900)
    );
    for _ in 0..5 {
        let unknown = signs_in(&world, "nobody@pairly.test", "WrongPass123").await;
        unknown.refused(401, "INVALID_CREDENTIALS");
    }
    signs_in(&world, "nobody@pairly.test", "WrongPass123")
        .await
        .refused(423, "ACCOUNT_LOCKED");
    world.passes(15 * 60).await;
    signs_in(&world, &ann.email, &ann.password).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_refresh_gives_a_new_pair_and_a_lost_answer_is_given_again() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let first = refreshes(&world, &ann.refresh).await.ok();
    // The answer was lost: nobody has used the new pair.
    let again = refreshes(&world, &ann.refresh).await.ok();
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    let (one, other) = tokio::join!(
        refreshes(&world, &ann.refresh),
        refreshes(&world, &ann.refresh)
    );
    assert_eq!(one.ok()["refresh_token"], other.ok()["refresh_token"]);
    uses(&world, first["access_token"].as_str().expect("a token"))
        .await
        .ok();
    // Two tabs: within 30 s the old token still gives the same pair.
    refreshes(&world, &ann.refresh).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_spent_refresh_token_signs_the_thief_and_the_owner_out() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    let fresh = refreshes(&world, &ann.refresh).await.ok();
    let stolen = std::mem::take(&mut ann.refresh);
    uses(&world, fresh["access_token"].as_str().expect("a token"))
        .await
        .ok();
    world.passes(31).await;
    refreshes(&world, &stolen)
        .await
        .refused(401, "REFRESH_TOKEN_REUSED");
    let owner = fresh["refresh_token"].as_str().expect("a token");
    refreshes(&world, owner)
        .await
        .refused(401, "SESSION_REVOKED");
    uses(&world, fresh["access_token"].as_str().expect("a token"))
        .await
        .refused(401, "SESSION_REVOKED");
    world.settles().await;
    assert_eq!(world.mails_to(&ann.email).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_other_line_of_the_refresh_table() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    refreshes(&world, "rt1.nonsense")
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    let mut parts: Vec<&str> = ann.refresh.split('.').collect();
    let forged = format!("{}x", &parts[3][..parts[3].len() - 1]);
    parts[3] = &forged;
    refreshes(&world, &parts.join("."))
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    parts[2] = "7";
    refreshes(&world, &parts.join("."))
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    // Two generations back, and both proven to have arrived.
    let second = refreshes(&world, &ann.refresh).await.ok();
    uses(&world, second["access_token"].as_str().expect("a token"))
        .await
        .ok();
    let third = refreshes(&world, second["refresh_token"].as_str().expect("a token"))
        .await
        .ok();
    uses(&world, third["access_token"].as_str().expect("a token"))
        .await
        .ok();
    uses(&world, &ann.token).await.refused(401, "TOKEN_EXPIRED");
    refreshes(&world, &ann.refresh)
        .await
        .refused(401, "REFRESH_TOKEN_REUSED");
    let late = ann.elsewhere().await;
    world.passes(7 * 86_400 + 1).await;
    refreshes(&world, &late.refresh)
        .await
        .refused(401, "SESSION_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn signing_out_ends_token_refresh_and_socket() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    refreshes(&world, &ann.refresh)
        .await
        .refused(401, "SESSION_REVOKED");
    world.settles().await;
    assert_eq!(ann.is_closed().await, 4003);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_listed_ended_one_by_one_and_evicted() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let phone = ann.elsewhere().await;
    let list = ann.get("/api/v2/auth/sessions").await.ok();
    let sessions = list["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        sessions.iter().filter(|one| one["current"] == true).count(),
        1
    );
    let ben = world.person("Ben").await;
    let foreign = format!("/api/v2/auth/sessions/{}", ben.session_id);
    ann.delete(&foreign).await.refused(404, "SESSION_NOT_FOUND");
    ben.get("/api/v2/user").await.ok();
    ann.delete(&format!("/api/v2/auth/sessions/{}", phone.session_id))
        .await
        .expect(204);
    phone
        .get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    ann.get("/api/v2/user").await.ok();
    let mut others: Vec<Person> = Vec::new();
    for _ in 0..3 {
        others.push(ann.elsewhere().await);
    }
    assert_eq!(ann.delete("/api/v2/auth/sessions").await.ok()["revoked"], 3);
    for other in &others {
        other
            .get("/api/v2/user")
            .await
            .refused(401, "SESSION_REVOKED");
    }
}

#[tokio::test(start_paused = true)]
async fn the_twenty_first_session_evicts_the_least_recently_used() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        world.passes(1).await;
        let answer = signs_in(&world, &ann.email, &ann.password).await.ok();
        tokens.push(answer["access_token"].as_str().expect("a token").to_owned());
    }
    // The minted session is the oldest of 21.
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    for token in &tokens {
        uses(&world, token).await.ok();
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_is_edited_under_its_version() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let account = ann.get("/api/v2/user").await.ok();
    let edit = |change: Value| {
        let mut body = change;
        body["version"] = account["version"].clone();
        body
    };
    let bad = edit(json!({ "timezone": "Mars/Olympus" }));
    ann.call("PATCH", "/api/v2/user", Some(bad))
        .await
        .refused(422, "INVALID_TIMEZONE");
    let good = edit(json!({ "name": "Anna", "timezone": "Europe/Berlin" }));
    let changed = ann
        .call("PATCH", "/api/v2/user", Some(good.clone()))
        .await
        .ok();
    assert_eq!(
        (changed["name"].as_str(), changed["timezone"].as_str()),
        (Some("Anna"), Some("Europe/Berlin"))
    );
    let stale = ann.call("PATCH", "/api/v2/user", Some(good)).await;
    let error = stale.refused(409, "VERSION_CONFLICT");
    assert_eq!(error["details"]["current_version"], changed["version"]);
    let bidi = json!({ "name": "A\u{202e}nn", "version": changed["version"] });
    ann.call("PATCH", "/api/v2/user", Some(bidi))
        .await
        .refused(422, "VALIDATION_FAILED");
}

#[tokio::test(start_paused = true)]
async fn the_public_keys_are_published_and_cacheable() {
    let world = World::new().await;
    let first = world.call("GET", "/.well-known/jwks.json", None).await;
    assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
    let tag = first.header("etag").expect("a tag").to_owned();
    let keys = first.ok();
    assert_eq!(
        (
            keys["keys"][0]["kty"].as_str(),
            keys["keys"][0]["crv"].as_str()
        ),
        (Some("OKP"), Some("Ed25519"))
    );
    assert!(keys["keys"][0].get("d").is_none(), "a private key");
    let known = [("if-none-match", tag.as_str())];
    world
        .call_with("GET", "/.well-known/jwks.json", None, &known)
        .await
        .expect(304);
}

#[tokio::test(start_paused = true)]
async fn a_mail_outage_delays_the_mail_and_nothing_else() {
    let world = World::new().await;
    world.local.cloud().faults().outage("sqs", true);
    world.local.cloud().faults().outage("ses", true);
    let body = json!({
        "email": "dora@pairly.test", "password": PASSWORD, "name": "Dora", "birthdate": "1990-01-01",
    });
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
