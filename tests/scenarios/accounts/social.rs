//! Signing in through providers (spec accounts.md, *Acceptance scenarios* 9 and 10).

pub mod app;
mod attacks;

use local::idp::Person;
use serde_json::{Value, json};
use world::World;

use self::app::{App, exchange};
use super::{signs_in, token_in_mail, two_factor, uses};

/// A device's Ed25519 key: the first test vector of RFC 8032 §7.1.
const PUBLIC_KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// Births of everybody who is new.
pub const BORN: &str = "1990-01-01";

pub async fn with_hope() -> World {
    let world = World::new().await;
    let hope = Person::new("77", "Hope", "hope@pairly.test");
    world.local.cloud().idp().invite(hope);
    world
}

#[tokio::test(start_paused = true)]
async fn somebody_new_signs_in_with_each_provider_and_comes_back() {
    for provider in ["google", "apple"] {
        let world = with_hope().await;
        let app = App::new(&world, provider);
        let first = app.joins("77", BORN).await;
        let hope = app::person(&world, &first, "hope@pairly.test").await;
        let account = hope.get("/api/v2/user").await.ok();
        assert_eq!(account["name"], "Hope Quist", "{provider}");
        let known = (
            &account["email"],
            &account["email_verified"],
            &account["status"],
        );
        assert_eq!(
            known,
            (&json!("hope@pairly.test"), &json!(true), &json!("active"))
        );
        let balance = hope.get("/api/v2/credits/balance").await.ok();
        assert_eq!(balance["available"], 0, "a wallet comes with the account");
        let code = app.code("77").await;
        let again = exchange(&world, &code, &app.verifier).await.ok();
        assert_eq!(again["user_id"], first["user_id"], "the same person");
        assert_ne!(again["session_id"], first["session_id"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_a_provider_does_not_vouch_for_is_proven_first() {
    let world = with_hope().await;
    let app = App::new(&world, "facebook");
    let code = app.code("77").await;
    let asked = exchange(&world, &code, &app.verifier).await;
    let asked = asked.refused(409, "BIRTHDATE_REQUIRED");
    let token = &asked["details"]["signup_token"];
    let young = json!({ "signup_token": token, "birthdate": "2010-01-01" });
    app.exchanges(young).await.refused(422, "UNDERAGE");
    let made = json!({ "signup_token": token, "birthdate": BORN });
    app.exchanges(made)
        .await
        .refused(403, "EMAIL_NOT_CONFIRMED");
    let code = app.code("77").await;
    let early = exchange(&world, &code, &app.verifier).await;
    early.refused(403, "EMAIL_NOT_CONFIRMED");
    app::confirms(&world, "hope@pairly.test").await;
    let tokens = exchange(&world, &code, &app.verifier).await.ok();
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(uses(&world, token).await.ok()["email_verified"], true);
}

#[tokio::test(start_paused = true)]
async fn a_session_through_a_provider_is_bound_to_the_device_that_was_named() {
    let world = with_hope().await;
    let app = App::new(&world, "google");
    let code = app.code("77").await;
    let device = json!({ "name": "Phone", "type": "ios", "public_key": PUBLIC_KEY });
    let body =
        |code: &str| json!({ "code": code, "code_verifier": app.verifier, "device": device });
    let asked = app
        .exchanges(body(&code))
        .await
        .refused(409, "BIRTHDATE_REQUIRED");
    let made = json!({ "signup_token": asked["details"]["signup_token"], "birthdate": BORN });
    let first = app.exchanges(made).await.ok();
    assert!(
        first["device_id"].is_string(),
        "kept until the account was open"
    );
    let again = app.exchanges(body(&app.code("77").await)).await.ok();
    assert_eq!(
        again["device_id"], first["device_id"],
        "the same key is the same device"
    );
}

#[tokio::test(start_paused = true)]
async fn a_signed_in_person_links_an_identity_and_signs_in_with_it() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let other = Person::new("88", "Ann", "ann.elsewhere@pairly.test");
    world.local.cloud().idp().invite(other);
    let app = App::new(&world, "google");
    let linked = app.links(&ann, "88").await.ok();
    let told = (linked["linked"].as_bool(), linked["provider"].as_str());
    assert_eq!(told, (Some(true), Some("google")));
    assert!(
        linked.get("access_token").is_none(),
        "linking opens no session"
    );
    let listed = ann.get("/api/v2/auth/identities").await.ok();
    assert_eq!(
        listed["identities"][0]["email"],
        "ann.elsewhere@pairly.test"
    );
    assert_eq!(
        listed["identities"][0]["identity_id"],
        linked["identity_id"]
    );
    let again = app.links(&ann, "88").await.ok();
    assert_eq!(
        again["identity_id"], linked["identity_id"],
        "linking twice is linking"
    );
    let code = app.code("88").await;
    let tokens = exchange(&world, &code, &app.verifier).await.ok();
    assert_eq!(tokens["user_id"], ann.id.as_str());
    app.links(&ben, "88")
        .await
        .refused(409, "IDENTITY_ALREADY_EXISTS");
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_identity_lets_nobody_in_and_both_changes_are_mailed() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let other = Person::new("88", "Ann", "ann.elsewhere@pairly.test");
    world.local.cloud().idp().invite(other);
    let app = App::new(&world, "apple");
    let linked = app.links(&ann, "88").await.ok();
    let id = linked["identity_id"].as_str().expect("an id");
    let path = format!("/api/v2/auth/identities/{id}");
    let code = app.code("88").await;
    ben.delete(&path).await.refused(404, "IDENTITY_NOT_FOUND");
    ann.delete(&path).await.expect(204);
    ann.delete(&path).await.refused(404, "IDENTITY_NOT_FOUND");
    exchange(&world, &code, &app.verifier)
        .await
        .refused(409, "BIRTHDATE_REQUIRED");
    world.settles().await;
    let mails = world.mails_to(&ann.email);
    let subjects: Vec<_> = mails.iter().map(|mail| mail["subject"].clone()).collect();
    assert_eq!(
        subjects,
        ["A way to sign in was added", "A way to sign in was removed"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_way_to_sign_in_cannot_be_removed() {
    let world = with_hope().await;
    let (google, apple) = (App::new(&world, "google"), App::new(&world, "apple"));
    let tokens = google.joins("77", BORN).await;
    let hope = app::person(&world, &tokens, "hope@pairly.test").await;
    let identities = |listed: &Value| -> Vec<String> {
        let list = listed["identities"].as_array().expect("a list").iter();
        list.filter_map(|one| one["identity_id"].as_str())
            .map(str::to_owned)
            .collect()
    };
    let only = identities(&hope.get("/api/v2/auth/identities").await.ok());
    let path = |id: &str| format!("/api/v2/auth/identities/{id}");
    hope.delete(&path(&only[0]))
        .await
        .refused(409, "LAST_SIGN_IN_METHOD");
    apple.links(&hope, "77").await.ok();
    let both = identities(&hope.get("/api/v2/auth/identities").await.ok());
    assert_eq!(both.len(), 2);
    let (one, two) = (path(&both[0]), path(&both[1]));
    let answers = futures_util::future::join(hope.delete(&one), hope.delete(&two)).await;
    let mut told = [answers.0.status, answers.1.status];
    told.sort_unstable();
    assert_eq!(
        told,
        [204, 409],
        "one of them stays, also when both go at once"
    );
    world.passes(11 * 60).await;
    hope.delete(&one)
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
}

#[tokio::test(start_paused = true)]
async fn a_second_factor_is_asked_for_after_a_provider_too() {
    let world = World::new().await;
    let two_factor::Enrolled { ann, secret, .. } = two_factor::enrolled(&world).await;
    world
        .local
        .cloud()
        .idp()
        .invite(Person::new("88", "Ann", "ann@elsewhere.test"));
    let app = App::new(&world, "apple");
    app.links(&ann, "88").await.ok();
    let code = app.code("88").await;
    let question = exchange(&world, &code, &app.verifier).await.ok();
    assert_eq!(question["mfa_required"], true);
    assert!(question.get("access_token").is_none());
    let challenge = question["challenge_id"].as_str().expect("a challenge");
    let digits = two_factor::code(&world, &secret);
    let tokens = two_factor::answers(&world, challenge, "code", &digits)
        .await
        .ok();
    assert_eq!(tokens["aal"], 2);
    exchange(&world, &code, &app.verifier)
        .await
        .refused(410, "OTP_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn a_taken_address_links_nothing_whoever_was_first() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let idp = world.local.cloud().idp();
    idp.invite(Person::new("88", "Ann", &ann.email));
    let app = App::new(&world, "google");
    let code = app.code("88").await;
    let before = app::census(&world).await;
    exchange(&world, &code, &app.verifier)
        .await
        .refused(409, "IDENTITY_ALREADY_EXISTS");
    assert_eq!(app::census(&world).await, before);
    exchange(&world, &code, &app.verifier)
        .await
        .refused(410, "OTP_EXPIRED");
    assert_eq!(
        ann.get("/api/v2/auth/identities").await.ok()["identities"],
        json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_registers_a_foreign_address_first_gets_nothing_of_its_owner() {
    let world = World::new().await;
    let (email, password) = ("victim@pairly.test", "AttackerPass123");
    let body = json!({
        "email": email, "password": password, "name": "Mallory", "birthdate": BORN,
    });
    let made = world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .expect(201);
    world.settles().await;
    world
        .local
        .cloud()
        .idp()
        .invite(Person::new("99", "Vic", email));
    let app = App::new(&world, "google");
    let code = app.code("99").await;
    let before = app::census(&world).await;
    exchange(&world, &code, &app.verifier)
        .await
        .refused(409, "IDENTITY_ALREADY_EXISTS");
    assert_eq!(app::census(&world).await, before, "nothing was linked");
    signs_in(&world, email, password)
        .await
        .refused(403, "EMAIL_NOT_CONFIRMED");
    let id = made["user_id"].as_str().expect("an id");
    assert!(world.rows("data", id, "identity#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_configuration_is_switched_off() {
    let world = World::with(1, &[("FACEBOOK_CLIENT_ID", "")]).await;
    let app = App::new(&world, "facebook");
    app.start("login", None)
        .await
        .refused(422, "PROVIDER_DISABLED");
    App::new(&world, "myspace")
        .start("login", None)
        .await
        .refused(422, "PROVIDER_DISABLED");
    App::new(&world, "google")
        .start("login", None)
        .await
        .expect(302);
}

#[tokio::test(start_paused = true)]
async fn a_start_with_a_token_is_read_by_apps_as_json_and_needs_a_fresh_session() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let app = App::new(&world, "google");
    app.start("link", None)
        .await
        .refused(401, "UNAUTHENTICATED");
    let told = app.start("link", Some(&ann)).await;
    let location = told.body["location"].as_str().expect("an address");
    assert!(location.contains("/_local/idp/google/authorize?client_id=local-google&"));
    for secret in [&ann.token, &app.verifier] {
        assert!(
            !location.contains(secret.as_str()),
            "a secret in an address"
        );
    }
    world.passes(11 * 60).await;
    app.start("link", Some(&ann))
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
}

async fn resets(world: &World, email: &str, password: &str) {
    let ask = json!({ "email": email });
    let path = "/api/v2/auth/password/forgot";
    world.call("POST", path, Some(ask)).await.expect(202);
    world.settles().await;
    let token = token_in_mail(world, email, "/reset-password");
    let body = json!({ "token": token, "new_password": password });
    let path = "/api/v2/auth/password/reset";
    world.call("POST", path, Some(body)).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_reset_shuts_out_whoever_joined_with_an_address_that_was_not_theirs() {
    let world = World::unlimited().await;
    let (email, password) = ("victim@pairly.test", "Amber-Harbour-77");
    let idp = world.local.cloud().idp();
    idp.invite(Person::new("66", "Mallory", email));
    let app = App::new(&world, "facebook");
    let asked = exchange(&world, &app.code("66").await, &app.verifier).await;
    let asked = asked.refused(409, "BIRTHDATE_REQUIRED");
    let made = json!({ "signup_token": asked["details"]["signup_token"], "birthdate": BORN });
    let told = app.exchanges(made).await;
    told.refused(403, "EMAIL_NOT_CONFIRMED");
    // The owner of the address takes the mail for one that concerns them.
    app::confirms(&world, email).await;
    resets(&world, email, password).await;
    world.settles().await;
    let mails = world.mails_to(email).into_iter();
    let subjects: Vec<_> = mails.map(|mail| mail["subject"].clone()).collect();
    assert!(
        subjects.contains(&json!("A way to sign in was removed")),
        "{subjects:?}"
    );
    let told = exchange(&world, &app.code("66").await, &app.verifier).await;
    told.refused(409, "IDENTITY_ALREADY_EXISTS");
    let tokens = signs_in(&world, email, password).await.ok();
    let victim = app::person(&world, &tokens, email).await;
    let listed = victim.get("/api/v2/auth/identities").await.ok();
    assert_eq!(listed["identities"], json!([]));
    let linked = App::new(&world, "apple").links(&victim, "66").await.ok();
    let id = linked["identity_id"].as_str().expect("an id");
    let path = format!("/api/v2/auth/identities/{id}");
    victim.delete(&path).await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn a_reset_keeps_the_identities_that_are_known_to_be_the_persons() {
    let world = World::unlimited().await;
    let idp = world.local.cloud().idp();
    idp.invite(Person::new("77", "Hope", "hope@pairly.test"));
    let (google, facebook) = (App::new(&world, "google"), App::new(&world, "facebook"));
    let tokens = google.joins("77", BORN).await;
    let hope = app::person(&world, &tokens, "hope@pairly.test").await;
    world.passes(1).await;
    facebook.links(&hope, "77").await.ok();
    resets(&world, "hope@pairly.test", "Amber-Harbour-77").await;
    for app in [google, facebook] {
        let tokens = exchange(&world, &app.code("77").await, &app.verifier)
            .await
            .ok();
        assert_eq!(tokens["user_id"], hope.id.as_str());
    }
}
