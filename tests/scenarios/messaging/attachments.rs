//! Files in messages.

use image::ImageFormat;
use serde_json::{Value, json};
use world::World;
use world::pictures::{document, picture};

/// Attachments without the signatures of their links, which are those of whoever gave them.
fn unsigned(attachments: &Value) -> Value {
    let plain = |link: &mut Value| {
        let path = link.as_str().and_then(|link| link.split('?').next());
        *link = json!(path);
    };
    let mut attachments = attachments.clone();
    for one in attachments.as_array_mut().expect("a list") {
        plain(&mut one["url"]);
        let all = one["urls"].as_object_mut().expect("links");
        all.values_mut().for_each(plain);
    }
    attachments
}

#[tokio::test(start_paused = true)]
async fn both_see_a_picture_with_links_that_work_a_quarter_of_an_hour() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let media = ann
        .has_media("image/png", &picture(400, 300, ImageFormat::Png))
        .await;
    let sent = ann.attaches(&[&media]).to(&ben).await.ok();
    let frame = ben.waits(|frame| frame["type"] == "message.new").await;
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().unwrap());
    let one = ben.get(&path).await.ok();
    let shown = [
        sent["attachments"].clone(),
        frame["data"]["attachments"].clone(),
        one["attachments"].clone(),
        ann.reads(&ben).await[0]["attachments"].clone(),
    ];
    for attachments in &shown {
        assert_eq!(unsigned(attachments), unsigned(&shown[0]));
        let first = &attachments[0];
        assert_eq!(
            (&first["media_id"], &first["width"]),
            (&json!(media), &json!(400))
        );
        let answer = world.follows(first["url"].as_str().unwrap()).await;
        assert_eq!(answer.status, 200);
    }
    let link = shown[0][0]["url"].as_str().unwrap().to_owned();
    world.passes(900).await;
    assert_eq!(world.follows(&link).await.status, 200);
    world.passes(301).await;
    assert_eq!(world.follows(&link).await.status, 403);
    assert_eq!(
        world.follows(&link.replace("/1280?", "/640?")).await.status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn only_ones_own_media_that_are_ready_can_be_sent() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let foreign = ben.has_media("application/pdf", &document()).await;
    let unknown = format!("med_{}", "0".repeat(26));
    let one = ann.attaches(&[&foreign]).to(&ben).await;
    let other = ann.attaches(&[&unknown]).to(&ben).await;
    assert_eq!(one.comparable(), other.comparable());
    one.refused(404, "UPLOAD_NOT_FOUND");
    let form = ann.wants_to_upload("image/png", 10).await.expect(201);
    let early = form["upload_id"].as_str().unwrap().replace("upl_", "med_");
    let early = ann
        .attaches(&[&early])
        .to(&ben)
        .await
        .refused(409, "UPLOAD_STATE");
    assert_eq!(early["details"]["state"], "created");
    let own = ann.has_media("application/pdf", &document()).await;
    ann.attaches(&[&own, &own])
        .to(&ben)
        .await
        .refused(422, "VALIDATION_FAILED");
    ann.attaches(&[&*own; 6])
        .to(&ben)
        .await
        .refused(422, "VALIDATION_FAILED");
    ann.has_credits(100).await;
    assert!(ann.reads(&ben).await.is_empty());
    ann.attaches(&[&own]).to(&ben).await.ok();
    ben.attaches(&[&own])
        .to(&ann)
        .await
        .refused(404, "UPLOAD_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_send_counts_its_media_once_and_has_one_answer() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let media = ann.has_media("application/pdf", &document()).await;
    let body = ann.attaches(&[&media]).body_to(&ben);
    let send = || ann.post("/api/v2/messages/send", body.clone());
    let answers = futures_util::future::join_all((0..20).map(|_| send())).await;
    let answers: Vec<_> = answers
        .into_iter()
        .filter(|answer| answer.status != 503)
        .collect();
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    answers[0].clone().ok();
    let row = world.rows("data", &ann.id, "upload#").await.remove(0);
    assert_eq!(row["uses"], shared::table::Value::N("1".into()));
    ann.has_credits(99).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_deleted_for_everyone_shows_no_attachment() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let media = ann.has_media("application/pdf", &document()).await;
    let sent = ann.attaches(&[&media]).to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().unwrap());
    ann.delete(&path).await.ok();
    for person in [&ann, &ben] {
        let message = person.get(&path).await.ok();
        assert_eq!(message["attachments"], json!([]));
    }
}
