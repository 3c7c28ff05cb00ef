//! Uploads: what is taken, what is refused, and what goes again.

use image::ImageFormat;
use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use world::pictures::{document, film, photo, picture};
use world::{Person, World};

const DAY: i64 = 86_400;

/// The code in an answer of the bucket.
async fn posted(world: &World, form: &Value, file: &[u8]) -> (u16, String) {
    let answer = world.posts(form, file).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let code = text
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    (
        answer.status,
        code.map(|(code, _)| code.to_owned()).unwrap_or_default(),
    )
}

/// Sends the media and gives the message's attachment.
async fn attachment(from: &mut Person, to: &Person, media_id: &str) -> Value {
    let sent = from.attaches(&[media_id]).to(to).await.ok();
    sent["attachments"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_photo_of_9_9_megabytes_passes_and_keeps_nothing_but_pixels() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let file = photo(9_900_000);
    assert_eq!(file.len(), 9_900_000);
    let media = ann.has_media("image/jpeg", &file).await;
    let shown = attachment(&mut ann, &ben, &media).await;
    assert_eq!(
        (&shown["width"], &shown["height"]),
        (&json!(1_280), &json!(960))
    );
    for (size, width) in [("160", 160), ("640", 640), ("1280", 1_280)] {
        let answer = world.follows(shown["urls"][size].as_str().unwrap()).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("image/jpeg"))
        );
        let read = image::load_from_memory(&answer.body).unwrap();
        assert_eq!(read.width(), width);
        assert!(!String::from_utf8_lossy(&answer.body).contains("2.3522"));
    }
}

#[tokio::test(start_paused = true)]
async fn ten_megabytes_are_the_end_whatever_the_client_says() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let refused = ann.wants_to_upload("image/jpeg", 10_100_000).await;
    let error = refused.refused(413, "FILE_TOO_LARGE");
    assert_eq!(error["details"]["max_bytes"], 10_000_000);
    let form = ann.wants_to_upload("image/jpeg", 1_000).await.expect(201);
    assert_eq!(
        (&form["expires_in"], &form["max_bytes"]),
        (&json!(300), &json!(10_000_000))
    );
    let large = photo(10_100_000);
    assert_eq!(
        posted(&world, &form, &large).await,
        (400, "EntityTooLarge".into())
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_picture_is_refused_at_the_latest_when_it_is_looked_at() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let gif = ann.wants_to_upload("image/gif", 1_000).await;
    gif.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let jpeg = picture(900, 600, ImageFormat::Jpeg);
    let mut boast = picture(1, 1, ImageFormat::Png);
    // 65,535 × 32,769 pixels are 2^31.
    boast[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0x80, 0x01]);
    let sum = crc32(&boast[12..29]).to_be_bytes();
    boast[29..33].copy_from_slice(&sum);
    boast.resize(1_000_000, 0);
    let cases: [(&str, &[u8], &str); 4] = [
        ("image/png", b"I am a text that was renamed.", "wrong_type"),
        ("image/webp", b"GIF89a\x01\0\x01\0\0\0\0;", "wrong_type"),
        ("image/jpeg", &jpeg[..jpeg.len() / 2], "undecodable"),
        ("image/png", &boast, "too_large"),
    ];
    for (kind, file, reason) in cases {
        let error = ann.uploads(kind, file).await.refused(400, "CORRUPT_IMAGE");
        assert_eq!(error["details"]["reason"], reason, "{kind}");
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        let fold = |sum: u32, _| {
            if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            }
        };
        (0..8).fold(sum ^ u32::from(*byte), fold)
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[tokio::test(start_paused = true)]
async fn sounds_films_and_documents_have_their_own_limits() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for (kind, bytes) in [
        ("audio/mpeg", 10_000_001),
        ("audio/mp4", 10_000_001),
        ("application/pdf", 20_000_001),
        ("video/mp4", 100_000_001),
    ] {
        ann.wants_to_upload(kind, bytes - 1).await.expect(201);
        let refused = ann.wants_to_upload(kind, bytes).await;
        refused.refused(413, "FILE_TOO_LARGE");
    }
    let (song, talk) = (film(b"soun", 120, 10), film(b"soun", 121, 10));
    let long = ann
        .uploads("audio/mp4", &talk)
        .await
        .refused(409, "UPLOAD_STATE");
    assert_eq!(
        long["details"],
        json!({ "state": "rejected", "reason": "too_long" })
    );
    let mixed = ann.uploads("audio/mp4", &film(b"vide", 9, 10)).await;
    mixed.refused(409, "UPLOAD_STATE");
    let cut = ann
        .uploads("application/pdf", b"%PDF-1.4 without an end")
        .await;
    cut.refused(409, "UPLOAD_STATE");
    let cases = [
        ("audio/mp4", song, Some(120)),
        ("video/mp4", film(b"vide", 3_600, 12_000_000), Some(3_600)),
        ("application/pdf", document(), None),
    ];
    for (kind, file, seconds) in cases {
        let media = ann.has_media(kind, &file).await;
        let shown = attachment(&mut ann, &ben, &media).await;
        assert_eq!(shown["duration_seconds"].as_u64(), seconds, "{kind}");
        assert_eq!(
            (&shown["content_type"], &shown["size_bytes"]),
            (&json!(kind), &json!(file.len()))
        );
        let answer = world.follows(shown["url"].as_str().unwrap()).await;
        assert!(answer.status == 200 && answer.body == file, "{kind}");
        let disposition = answer.header("content-disposition").unwrap_or_default();
        assert!(
            disposition.starts_with("attachment;"),
            "{kind}: {disposition}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_through_its_states_and_belongs_to_one_person() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let file = picture(10, 10, ImageFormat::Png);
    let form = ann
        .wants_to_upload("image/png", file.len())
        .await
        .expect(201);
    let path = format!(
        "/api/v2/uploads/{}/complete",
        form["upload_id"].as_str().unwrap()
    );
    let early = ann
        .post(&path, json!({}))
        .await
        .refused(409, "UPLOAD_STATE");
    assert_eq!(early["details"]["state"], "created");
    let foreign = ben.post(&path, json!({})).await;
    let unknown = format!("/api/v2/uploads/upl_{}/complete", "0".repeat(26));
    let unknown = ben.post(&unknown, json!({})).await;
    assert_eq!(foreign.comparable(), unknown.comparable());
    foreign.refused(404, "UPLOAD_NOT_FOUND");
    // The worker cannot write for a while, so the client waits.
    world.local.cloud().faults().add(Rule {
        function: Some("validate_upload".into()),
        operation: Some("S3.GetObject".into()),
        nth: 1,
        kind: Kind::EndHandler,
    });
    assert_eq!(posted(&world, &form, &file).await.0, 204);
    let waiting = ann.post(&path, json!({})).await.expect(202);
    assert_eq!(waiting, json!({ "state": "validating" }));
    world.passes(600).await;
    let ready = ann.post(&path, json!({})).await.expect(200);
    assert_eq!(ready["state"], "ready");
    assert_eq!(ann.post(&path, json!({})).await.expect(200), ready);
    assert_eq!(
        posted(&world, &form, &file).await.0,
        403,
        "the form's five minutes are over"
    );
    for kind in ["photo", "post_media"] {
        let new = json!({ "kind": kind, "content_type": "image/png", "size_bytes": 10 });
        ann.post("/api/v2/uploads", new)
            .await
            .refused(403, "FEATURE_DISABLED");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_event_of_a_replaced_file_takes_nothing_from_the_newer_one() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let form = ann.wants_to_upload("image/png", 1_000).await.expect(201);
    let upload = form["upload_id"].as_str().expect("an id");
    // What is made of the newer file is put in its place at the third try; the older one's event
    // comes in between.
    let faults = world.local.cloud().faults();
    for nth in [1, 2] {
        faults.add(Rule {
            function: Some("validate_upload".to_owned()),
            operation: Some("S3.PutObject".to_owned()),
            nth,
            kind: Kind::Throttle,
        });
    }
    faults.count_from_zero();
    let newer = picture(9, 9, ImageFormat::Png);
    let late = async {
        while faults.fired() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let key = format!("incoming/{}/{upload}", ann.id);
        let object = json!({ "key": key, "size": 13, "eTag": "0".repeat(32) });
        let event = json!({ "Records": [{ "s3": { "object": object } }] });
        let job = json!({ "messageId": "late", "body": event.to_string() });
        let event = json!({ "Records": [job] });
        world
            .local
            .run("validate_upload", event)
            .await
            .expect("a run")
    };
    let ((status, _), _) = tokio::join!(posted(&world, &form, &newer), late);
    assert_eq!(status, 204);
    world.passes(1_000).await;
    let path = format!("/api/v2/uploads/{upload}/complete");
    ann.post(&path, json!({})).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_second_post_before_the_first_was_looked_at_replaces_it() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let form = ann.wants_to_upload("image/png", 1_000).await.expect(201);
    let path = format!(
        "/api/v2/uploads/{}/complete",
        form["upload_id"].as_str().unwrap()
    );
    assert_eq!(posted(&world, &form, b"not a picture").await.0, 204);
    assert_eq!(
        posted(&world, &form, &picture(9, 9, ImageFormat::Png))
            .await
            .0,
        204
    );
    world.passes(1_000).await;
    ann.post(&path, json!({})).await.expect(200);
    // What is posted after the verdict changes nothing and does not stay.
    world.local.settle().await;
    assert!(world.objects("incoming/").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn unfinished_uploads_go_after_a_day_and_unused_media_after_a_week() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let file = picture(10, 10, ImageFormat::Png);
    let form = ann.wants_to_upload("image/png", 9).await.expect(201);
    let (used, unused) = (
        ann.has_media("image/png", &file).await,
        ann.has_media("image/png", &file).await,
    );
    ann.attaches(&[&used]).to(&ben).await.ok();
    world.passes(2 * DAY).await;
    let ann_later = ann.elsewhere().await;
    let path = format!(
        "/api/v2/uploads/{}/complete",
        form["upload_id"].as_str().unwrap()
    );
    ann_later
        .post(&path, json!({}))
        .await
        .refused(404, "UPLOAD_NOT_FOUND");
    assert_eq!(world.objects("media/").await.len(), 6);
    world.passes(7 * DAY).await;
    assert_eq!(world.objects("media/").await.len(), 3);
    let late = ann.elsewhere().await.attaches(&[&unused]).to(&ben).await;
    late.refused(404, "UPLOAD_NOT_FOUND");
    world.passes(30 * DAY).await;
    assert_eq!(
        world.objects("media/").await.len(),
        3,
        "what a message carries stays"
    );
}

#[tokio::test(start_paused = true)]
async fn looking_at_a_file_survives_every_death_in_the_middle() {
    for (operation, calls) in [
        ("S3.PutObject", 3),
        ("DynamoDB.PutItem", 2),
        ("S3.DeleteObject", 1),
    ] {
        for nth in 1..=calls {
            let world = World::new().await;
            let ann = world.person("Ann").await;
            world.dies_after("validate_upload", operation, nth);
            let file = picture(300, 200, ImageFormat::Jpeg);
            let form = ann
                .wants_to_upload("image/jpeg", file.len())
                .await
                .expect(201);
            assert_eq!(posted(&world, &form, &file).await.0, 204);
            world.passes(1_000).await;
            assert_eq!(world.local.cloud().faults().fired(), 1, "{operation} {nth}");
            let path = format!(
                "/api/v2/uploads/{}/complete",
                form["upload_id"].as_str().unwrap()
            );
            ann.post(&path, json!({})).await.expect(200);
            assert!(
                world.objects("incoming/").await.is_empty(),
                "{operation} {nth}"
            );
            assert_eq!(world.objects("media/").await.len(), 3);
        }
    }
}
