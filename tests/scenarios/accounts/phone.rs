//! A phone number for security (spec accounts.md, *Acceptance scenarios* 16).

use serde_json::{Value, json};
use world::{Person, World};

const NUMBER: &str = "+15005550006";

async fn adds(world: &World, person: &Person, number: &str) {
    let body = json!({ "phone": number });
    let asked = person.post("/api/v2/user/phone", body).await.expect(202);
    assert_eq!(asked["expires_in"], 600);
    world.settles().await;
}

fn texts_to(world: &World, number: &str) -> Vec<String> {
    let items = world.outbox().into_iter();
    let texts = items.filter(|item| item["kind"] == "sms" && item["to"] == number);
    texts
        .map(|item| item["text"].as_str().expect("a text").to_owned())
        .collect()
}

fn code_in(text: &str) -> String {
    text.split(' ').next().expect("a code").to_owned()
}

async fn proves(person: &Person, code: &str) -> world::Answer {
    person
        .post("/api/v2/user/phone/verify", json!({ "code": code }))
        .await
}

async fn is_verified(person: &Person) -> bool {
    person.get("/api/v2/user").await.ok()["phone_verified"] == true
}

/// Adds a number and proves it.
async fn owns(world: &World, person: &Person, number: &str) {
    adds(world, person, number).await;
    let text = texts_to(world, number).pop().expect("a text");
    assert_eq!(
        proves(person, &code_in(&text)).await.ok(),
        json!({ "phone_verified": true })
    );
}

#[tokio::test(start_paused = true)]
async fn a_number_is_proven_by_the_code_that_was_sent_to_it() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    adds(&world, &ann, NUMBER).await;
    let texts = texts_to(&world, NUMBER);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("is your Pairly code"), "{}", texts[0]);
    assert!(!is_verified(&ann).await);
    proves(&ann, &code_in(&texts[0])).await.ok();
    assert!(is_verified(&ann).await);
    proves(&ann, &code_in(&texts[0]))
        .await
        .refused(410, "OTP_EXPIRED");
    world.settles().await;
    let mails = world.mails_to(&ann.email);
    assert_eq!(mails[0]["subject"], "Your phone number was confirmed");
    assert!(
        !mails[0].to_string().contains("5005550006"),
        "the number stays out of mails"
    );
    for row in world.rows("data", &ann.id, "").await {
        let row = format!("{row:?}");
        assert!(
            !row.contains("5005550006"),
            "the number is stored in clear: {row}"
        );
    }
    let removed = ann.delete("/api/v2/user/phone").await;
    removed.expect(204);
    assert!(!is_verified(&ann).await);
    ann.delete("/api/v2/user/phone").await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn five_wrong_codes_end_it_also_in_parallel() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    adds(&world, &ann, NUMBER).await;
    let code = code_in(&texts_to(&world, NUMBER)[0]);
    for left in (0..5).rev() {
        let refused = proves(&ann, "00000000").await.refused(422, "OTP_INVALID");
        assert_eq!(refused["details"]["attempts_left"], left);
    }
    proves(&ann, &code).await.refused(410, "OTP_EXPIRED");
    adds(&world, &ann, NUMBER).await;
    let many = (0..20).map(|_| proves(&ann, "00000000"));
    let told = futures_util::future::join_all(many).await;
    let heard = told.iter().filter(|answer| answer.status == 422).count();
    assert!((1..=5).contains(&heard), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_code_counts_for_ten_minutes_and_a_newer_one_voids_it() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    adds(&world, &ann, NUMBER).await;
    adds(&world, &ann, NUMBER).await;
    let texts = texts_to(&world, NUMBER);
    assert_eq!(texts.len(), 2);
    proves(&ann, &code_in(&texts[0]))
        .await
        .refused(422, "OTP_INVALID");
    world.passes(600).await;
    proves(&ann, &code_in(&texts[1]))
        .await
        .refused(410, "OTP_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_verified_elsewhere_is_refused() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    // Ben claimed it first, but it is Ann who proves it.
    adds(&world, &ben, NUMBER).await;
    let bens = code_in(&texts_to(&world, NUMBER)[0]);
    owns(&world, &ann, NUMBER).await;
    proves(&ben, &bens).await.refused(409, "PHONE_STATE");
    let body = json!({ "phone": NUMBER });
    for person in [&ann, &ben] {
        let refused = person.post("/api/v2/user/phone", body.clone()).await;
        refused.refused(409, "PHONE_STATE");
    }
    ann.delete("/api/v2/user/phone").await.expect(204);
    owns(&world, &ben, NUMBER).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_number_takes_the_place_of_the_old_one() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    owns(&world, &ann, NUMBER).await;
    owns(&world, &ann, "+4915123456789").await;
    owns(&world, &ben, NUMBER).await;
    assert!(is_verified(&ann).await && is_verified(&ben).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_number_is_refused_and_a_stale_session_too() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let wrong = [
        "",
        "5005550006",
        "+0123456789",
        "+150055",
        "+1500555000600000",
        "+1 500 555",
    ];
    for number in wrong {
        let refused = ann
            .post("/api/v2/user/phone", json!({ "phone": number }))
            .await;
        refused.refused(422, "VALIDATION_FAILED");
    }
    world.passes(11 * 60).await;
    let body = json!({ "phone": NUMBER });
    ann.post("/api/v2/user/phone", body)
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
    ann.delete("/api/v2/user/phone")
        .await
        .refused(403, "REAUTHENTICATION_NEEDED");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_provider_delays_the_text_and_loses_nothing() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    world.local.cloud().faults().outage("sns", true);
    adds(&world, &ann, NUMBER).await;
    assert!(texts_to(&world, NUMBER).is_empty());
    let health = world.call("GET", "/api/health", None).await;
    let checks: Value = health.body["checks"].clone();
    assert_eq!(checks["sms"]["status"], "unhealthy");
    world.local.cloud().faults().outage("sns", false);
    world.passes(120).await;
    let texts = texts_to(&world, NUMBER);
    assert_eq!(texts.len(), 1);
    proves(&ann, &code_in(&texts[0])).await.ok();
    let health = world.call("GET", "/api/health", None).await;
    assert_eq!(health.body["checks"]["sms"]["status"], "healthy");
}

/// What is remembered of a request is of no use to who searches all numbers for it.
#[tokio::test(start_paused = true)]
async fn a_remembered_request_does_not_tell_the_number() {
    let world = World::new().await;
    for name in ["Ann", "Ben"] {
        let person = world.person(name).await;
        let (body, key) = (json!({ "phone": NUMBER }), format!("phone-of-{name}"));
        let headers = [("idempotency-key", key.as_str())];
        let path = "/api/v2/user/phone";
        for _ in 0..2 {
            let asked = person.call_with("POST", path, Some(body.clone()), &headers);
            asked.await.expect(202);
        }
        let other = Some(json!({ "phone": "+15005550007" }));
        let reused = person.call_with("POST", path, other, &headers).await;
        reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    }
    let rows = world.items("live", "once#").await;
    assert_eq!(rows.len(), 2);
    assert_ne!(
        rows[0]["fingerprint"], rows[1]["fingerprint"],
        "equal numbers look equal"
    );
}
