//! What must not work: every attempt is refused, and nothing that is stored of people changes.

use local::cloud::{Kind, Rule};
use local::idp::{Mischief, Person};
use serde_json::json;
use world::World;

use super::app::{App, InTheAddress, PROVIDERS, census, exchange, form_of};

async fn with_hope() -> World {
    let world = World::unlimited().await;
    let idp = world.local.cloud().idp();
    idp.invite(Person::new("77", "Hope", "hope@pairly.test"));
    idp.invite(Person::new("66", "Mallory", "mallory@pairly.test"));
    world
}

#[tokio::test(start_paused = true)]
async fn no_token_passes_that_the_provider_did_not_make_for_this_sign_in() {
    let wrong = [
        Mischief::WrongNonce,
        Mischief::WrongIssuer,
        Mischief::WrongAudience,
        Mischief::ForeignParty,
        Mischief::Expired,
        Mischief::FromTheFuture,
        Mischief::AlgNone,
        Mischief::Hs256,
        Mischief::UnknownKey,
        Mischief::ForgedKey,
        Mischief::Tampered,
        Mischief::NoToken,
    ];
    let world = with_hope().await;
    let before = census(&world).await;
    for provider in PROVIDERS {
        let app = App::new(&world, provider);
        for mischief in wrong {
            let carried = app.asks("77").await;
            world.local.cloud().idp().misbehave(Some(mischief));
            let told = carried.arrives(&world).await;
            assert_eq!(
                told.error_for_app(),
                "oauth_failed",
                "{provider} {mischief:?}"
            );
            world.local.cloud().idp().misbehave(None);
        }
    }
    assert_eq!(census(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_state_counts_once_for_ten_minutes_and_for_its_provider() {
    let world = with_hope().await;
    let before = census(&world).await;
    for provider in PROVIDERS {
        let app = App::new(&world, provider);
        let carried = app.asks("77").await;
        for state in ["", "unknown"] {
            let forged = carried.clone().with("state", state).arrives(&world).await;
            assert_eq!(
                forged.refused(422, "OAUTH_FAILED")["details"]["reason"],
                "state"
            );
        }
        carried.arrives(&world).await.code_for_app();
        carried.arrives(&world).await.refused(422, "OAUTH_FAILED");
        let late = app.asks("77").await;
        world.passes(600).await;
        late.arrives(&world).await.refused(422, "OAUTH_FAILED");
        let mut elsewhere = app.asks("77").await;
        elsewhere.provider = if provider == "google" {
            "facebook"
        } else {
            "google"
        };
        elsewhere.arrives(&world).await.refused(422, "OAUTH_FAILED");
    }
    assert_eq!(census(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_code_cannot_be_injected_on_either_way() {
    let world = with_hope().await;
    let before = census(&world).await;
    for provider in PROVIDERS {
        let (victim, mut attacker) = (App::new(&world, provider), App::new(&world, provider));
        attacker.verifier = "attacker-attacker-attacker-attacker-attacker".to_owned();
        // The provider's code of another sign-in under the victim's state.
        let (theirs, own) = (attacker.asks("66").await, victim.asks("77").await);
        let mixed = own.clone().with("code", &theirs.get("code"));
        assert_eq!(mixed.arrives(&world).await.error_for_app(), "oauth_failed");
        // Our code for another app.
        let code = victim.code("77").await;
        exchange(&world, &code, &attacker.verifier)
            .await
            .refused(410, "OTP_EXPIRED");
        exchange(&world, &code, &victim.verifier)
            .await
            .refused(410, "OTP_EXPIRED");
    }
    assert_eq!(census(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_mixes_itself_in_is_refused() {
    let world = with_hope().await;
    let before = census(&world).await;
    let app = App::new(&world, "google");
    let mixed = app.asks("77").await.with("iss", "https://accounts.example");
    assert_eq!(mixed.arrives(&world).await.error_for_app(), "oauth_failed");
    let cancelled = app.asks("77").await.with("error", "access_denied");
    assert_eq!(
        cancelled.arrives(&world).await.error_for_app(),
        "access_denied"
    );
    assert_eq!(census(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn only_listed_addresses_are_gone_to_letter_by_letter() {
    let world = with_hope().await;
    let before = census(&world).await;
    let app = App::new(&world, "google");
    for address in [
        "https://evil.example/",
        "pairly://signed-in/",
        "pairly://signed-in?x=1",
        "PAIRLY://signed-in",
        "http://127.0.0.1:3000.evil.example/",
        "http://127.0.0.1:3000//evil.example",
        "javascript:alert(1)",
    ] {
        let refused = app.start_at(address, "login", None).await;
        refused.refused(422, "REDIRECT_NOT_ALLOWED");
    }
    assert_eq!(census(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_code_for_the_app_counts_for_a_minute_and_a_signup_token_for_ten() {
    let world = with_hope().await;
    let app = App::new(&world, "google");
    let late = app.code("77").await;
    world.passes(60).await;
    exchange(&world, &late, &app.verifier)
        .await
        .refused(410, "OTP_EXPIRED");
    let code = app.code("77").await;
    let asked = exchange(&world, &code, &app.verifier)
        .await
        .refused(409, "BIRTHDATE_REQUIRED");
    let body = json!({
        "signup_token": asked["details"]["signup_token"], "birthdate": "1990-01-01",
    });
    let before = census(&world).await;
    world.passes(600).await;
    app.exchanges(body).await.refused(410, "OTP_EXPIRED");
    assert_eq!(census(&world).await, before);
    app.exchanges(json!({ "code": "x" }))
        .await
        .refused(422, "VALIDATION_FAILED");
}

#[tokio::test(start_paused = true)]
async fn the_same_signup_at_once_opens_one_account() {
    let world = with_hope().await;
    let app = App::new(&world, "google");
    let code = app.code("77").await;
    let asked = exchange(&world, &code, &app.verifier)
        .await
        .refused(409, "BIRTHDATE_REQUIRED");
    let body = json!({
        "signup_token": asked["details"]["signup_token"], "birthdate": "1990-01-01",
    });
    let accounts = async || {
        let rows = census(&world).await;
        let is_account = |row: &&String| row.contains("\"sk\":{\"S\":\"account\"}");
        rows.iter().filter(is_account).count()
    };
    let before = accounts().await;
    let many = (0..5).map(|_| app.exchanges(body.clone()));
    let answers = futures_util::future::join_all(many).await;
    let opened = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(opened, 1, "{answers:?}");
    assert_eq!(accounts().await, before + 1);
}

#[tokio::test(start_paused = true)]
async fn who_shares_no_address_cannot_join_and_a_revoked_session_links_nothing() {
    let world = with_hope().await;
    let nameless = Person {
        email: None,
        ..Person::new("55", "Gwen", "")
    };
    world.local.cloud().idp().invite(nameless);
    let app = App::new(&world, "facebook");
    let code = app.code("55").await;
    let refused = exchange(&world, &code, &app.verifier).await;
    assert_eq!(
        refused.refused(422, "OAUTH_FAILED")["details"]["reason"],
        "email"
    );
    let ann = world.person("Ann").await;
    let told = app.start("link", Some(&ann)).await.ok();
    let location = told["location"].as_str().expect("an address").to_owned();
    let carried = app.agrees(&location, "55").await;
    let code = carried.arrives(&world).await.code_for_app();
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    exchange(&world, &code, &app.verifier)
        .await
        .refused(401, "SESSION_REVOKED");
    assert!(world.rows("data", &ann.id, "identity#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_changes_nothing_and_is_told_to_the_app() {
    let world = with_hope().await;
    let before = census(&world).await;
    let app = App::new(&world, "google");
    let faults = world.local.cloud().faults();
    let carried = app.asks("77").await;
    faults.outage("outside", true);
    let told = carried.arrives(&world).await;
    assert_eq!(told.error_for_app(), "temporarily_unavailable");
    faults.outage("outside", false);
    let carried = app.asks("77").await;
    faults.add(Rule {
        function: Some("finish_social_login".to_owned()),
        operation: Some("Outside.google.keys".to_owned()),
        nth: 1,
        kind: Kind::BeforeEffect,
    });
    let told = carried.arrives(&world).await;
    assert_eq!(told.error_for_app(), "temporarily_unavailable");
    let carried = app.asks("77").await;
    world.local.cloud().idp().misbehave(Some(Mischief::Endless));
    let told = carried.arrives(&world).await;
    assert_eq!(told.error_for_app(), "temporarily_unavailable");
    world.local.cloud().idp().misbehave(None);
    assert_eq!(census(&world).await, before);
    app.code("77").await;
}

#[tokio::test(start_paused = true)]
async fn forms_are_taken_from_providers_and_from_nobody_else() {
    let world = with_hope().await;
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let form = form_of(&[("email".into(), "a@b.test".into())]).into_bytes();
    for path in [
        "/auth/login",
        "/api/v2/auth/oauth/exchange",
        "/api/v2/auth/logout",
    ] {
        let refused = world.raw("POST", path, form.clone(), &kind).await;
        refused.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let callback = "/auth/oauth/apple/callback";
    let twice = b"state=a&state=b".to_vec();
    world
        .raw("POST", callback, twice, &kind)
        .await
        .refused(400, "MALFORMED_JSON");
    world
        .raw("POST", callback, b"state=%ff".to_vec(), &kind)
        .await
        .refused(422, "OAUTH_FAILED");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_somebody_registers_during_a_signup_is_known_by_then() {
    let world = with_hope().await;
    let app = App::new(&world, "google");
    let code = app.code("77").await;
    let asked = exchange(&world, &code, &app.verifier)
        .await
        .refused(409, "BIRTHDATE_REQUIRED");
    let body = json!({
        "email": "hope@pairly.test", "password": "AttackerPass123", "name": "Mallory",
        "birthdate": "1990-01-01",
    });
    world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
    let token = &asked["details"]["signup_token"];
    app.exchanges(json!({ "signup_token": token, "birthdate": "1990-01-01" }))
        .await
        .refused(409, "IDENTITY_ALREADY_EXISTS");
}
