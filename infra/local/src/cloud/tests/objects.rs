//! Objects under the real SDK, posted forms and followed links.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier};
use shared::aws::objects::Media;
use shared::aws::presigned::{Form, Forms, Links, Upload};
use shared::config::Config;
use shared::env::{Env, Host};
use shared::function::Take;
use shared::id::SystemRandom;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Kind, Request, Rule, keys_of};
use super::*;

fn s3(cloud: &Cloud) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::new(&config(cloud, "local"))
}

fn env(cloud: &Cloud, function: &'static str) -> Env {
    let base = "http://127.0.0.1:3000/_objects".to_owned();
    let settings = |name: &str| (name == "PAIRLY_OBJECTS_URL").then(|| base.clone());
    let host = Host {
        http: cloud.client(function),
        clock: cloud.clock(),
        random: Arc::new(SystemRandom),
        config: Arc::new(Config::read(settings).unwrap()),
        keys: keys_of(function),
    };
    Env::new(function, host)
}

async fn put(client: &aws_sdk_s3::Client, key: &str, body: &[u8]) -> String {
    let request = client.put_object().bucket("pairly-media").key(key);
    let request = request.content_type("text/plain");
    let sent = request.body(ByteStream::from(body.to_vec())).send().await;
    sent.unwrap().e_tag.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read_whole_in_parts_and_by_its_tag() {
    let cloud = cloud();
    let client = s3(&cloud);
    let etag = put(&client, "a/b c+ü.txt", b"0123456789").await;
    assert_eq!(etag, format!("\"{:x}\"", md5::compute(b"0123456789")));
    let get = || {
        client
            .get_object()
            .bucket("pairly-media")
            .key("a/b c+ü.txt")
    };
    let whole = get().send().await.unwrap();
    assert_eq!(whole.content_type.as_deref(), Some("text/plain"));
    assert!(whole.checksum_crc32.is_some());
    assert_eq!(
        &whole.body.collect().await.unwrap().into_bytes()[..],
        b"0123456789"
    );
    let part = get()
        .range("bytes=3-5")
        .if_match(&etag)
        .send()
        .await
        .unwrap();
    assert_eq!(part.content_range.as_deref(), Some("bytes 3-5/10"));
    assert_eq!(&part.body.collect().await.unwrap().into_bytes()[..], b"345");
    let beyond = get().range("bytes=10-12").send().await.unwrap_err();
    assert_eq!(beyond.code(), Some("InvalidRange"));
    let other = get().if_match("\"0\"").send().await.unwrap_err();
    assert_eq!(other.code(), Some("PreconditionFailed"));
    let head = client
        .head_object()
        .bucket("pairly-media")
        .key("a/b c+ü.txt");
    assert_eq!(head.send().await.unwrap().content_length, Some(10));
}

#[tokio::test(start_paused = true)]
async fn an_object_is_copied_only_as_it_was_seen() {
    let cloud = cloud();
    let client = s3(&cloud);
    let etag = put(&client, "in/one", b"one").await;
    for key in ["out/a", "out/b", "out/c"] {
        let copy = client.copy_object().bucket("pairly-media").key(key);
        let copy = copy
            .copy_source("pairly-media/in/one")
            .copy_source_if_match(&etag);
        let copy = copy.metadata_directive(MetadataDirective::Replace);
        copy.content_type("image/png").send().await.unwrap();
    }
    let copied = client.get_object().bucket("pairly-media").key("out/b");
    let copied = copied.send().await.unwrap();
    assert_eq!(copied.content_type.as_deref(), Some("image/png"));
    assert_eq!(copied.e_tag.as_deref(), Some(etag.as_str()));
    let stale = client.copy_object().bucket("pairly-media").key("x");
    let stale = stale
        .copy_source("pairly-media/in/one")
        .copy_source_if_match("\"0\"");
    assert_eq!(
        stale.send().await.unwrap_err().code(),
        Some("PreconditionFailed")
    );
}

#[tokio::test(start_paused = true)]
async fn objects_are_listed_and_removed() {
    let cloud = cloud();
    let client = s3(&cloud);
    for key in ["in/one", "out/a", "out/b", "out/c"] {
        put(&client, key, b"one").await;
    }
    let list = client
        .list_objects_v2()
        .bucket("pairly-media")
        .prefix("out/");
    let page = list.start_after("out/a").max_keys(1).send().await.unwrap();
    assert_eq!(page.is_truncated, Some(true));
    assert_eq!(page.contents()[0].key(), Some("out/b"));
    let keys =
        ["out/a", "out/b", "none"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let keys = Delete::builder()
        .set_objects(Some(keys.to_vec()))
        .build()
        .unwrap();
    let delete = client.delete_objects().bucket("pairly-media").delete(keys);
    delete.send().await.unwrap();
    client
        .delete_object()
        .bucket("pairly-media")
        .key("out/c")
        .send()
        .await
        .unwrap();
    let rest = client
        .list_objects_v2()
        .bucket("pairly-media")
        .send()
        .await
        .unwrap();
    assert_eq!(rest.contents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_said_so() {
    let client = s3(&cloud());
    let gone = client
        .get_object()
        .bucket("pairly-media")
        .key("out/a")
        .send()
        .await;
    assert_eq!(gone.unwrap_err().code(), Some("NoSuchKey"));
    let head = client
        .head_object()
        .bucket("pairly-media")
        .key("out/a")
        .send()
        .await;
    assert_eq!(head.unwrap_err().code(), Some("NotFound"));
    let elsewhere = client.list_objects_v2().bucket("pairly-other").send().await;
    assert_eq!(elsewhere.unwrap_err().code(), Some("NoSuchBucket"));
}

#[tokio::test(start_paused = true)]
async fn objects_fail_like_the_other_services() {
    let cloud = cloud();
    let client = s3(&cloud);
    let rule = |nth: usize, kind: Kind| Rule {
        function: None,
        operation: Some("S3.PutObject".into()),
        nth,
        kind,
    };
    cloud.faults().add(rule(1, Kind::Throttle));
    cloud.faults().add(rule(2, Kind::AfterEffect));
    put(&client, "a", b"1").await;
    assert_eq!(cloud.faults().calls(), 3, "two failures, then success");
    let role = BTreeMap::from([("bucket/media", vec!["s3:GetObject"])]);
    cloud.grant("reader", role);
    let reader = aws_sdk_s3::Client::new(&config(&cloud, "reader"));
    reader
        .get_object()
        .bucket("pairly-media")
        .key("a")
        .send()
        .await
        .unwrap();
    let write = reader
        .put_object()
        .bucket("pairly-media")
        .key("a")
        .send()
        .await;
    assert_eq!(write.unwrap_err().code(), Some("AccessDenied"));
    let other = reader
        .get_object()
        .bucket("pairly-logs")
        .key("a")
        .send()
        .await;
    assert_eq!(other.unwrap_err().code(), Some("AccessDenied"));
}

fn body(form: &Form, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in &form.fields {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend(format!("{head}{value}\r\n").bytes());
    }
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\
                Content-Type: image/png\r\n\r\n";
    body.extend(head.bytes());
    body.extend(file);
    body.extend(b"\r\n--b--\r\n");
    body
}

fn post(cloud: &Cloud, form: &Form, file: &[u8]) -> (u16, String) {
    let kind = "multipart/form-data; boundary=b";
    let answer = cloud.post_object("media", kind, &body(form, file));
    (answer.status, String::from_utf8(answer.body).unwrap())
}

async fn form(cloud: &Cloud, function: &'static str) -> Form {
    let forms = <Forms<Media> as Take<()>>::take(&env(cloud, function), &mut ())
        .await
        .unwrap();
    let upload = Upload {
        key: "incoming/u/1",
        content_type: "image/png",
        bytes_max: 10,
    };
    forms.form(&upload, cloud.clock().now())
}

#[tokio::test(start_paused = true)]
async fn a_posted_form_is_taken_once_its_policy_holds_and_told_to_the_queue() {
    let cloud = cloud();
    let form = form(&cloud, "local").await;
    assert_eq!(form.url, "http://127.0.0.1:3000/_objects/pairly-media");
    assert_eq!(post(&cloud, &form, b"0123456789").0, 204);
    let told = cloud.receive("uploads", 1).remove(0);
    let event: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    let record = &event["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:Post");
    assert_eq!(record["s3"]["object"]["key"], "incoming/u/1");
    assert_eq!(record["s3"]["object"]["size"], 10);
    let refused = |answer: (u16, String), status: u16, code: &str| {
        let code = format!("<Code>{code}</Code>");
        assert!(answer.0 == status && answer.1.contains(&code), "{answer:?}");
    };
    refused(post(&cloud, &form, b"01234567890"), 400, "EntityTooLarge");
    refused(post(&cloud, &form, b""), 400, "EntityTooSmall");
    let with = |name: &str, value: &str| {
        let mut form = form.clone();
        form.fields.insert(name.into(), value.into());
        form
    };
    refused(
        post(&cloud, &with("key", "incoming/u/2"), b"1"),
        403,
        "AccessDenied",
    );
    refused(
        post(&cloud, &with("Content-Type", "text/html"), b"1"),
        403,
        "AccessDenied",
    );
    refused(
        post(&cloud, &with("acl", "public-read"), b"1"),
        403,
        "AccessDenied",
    );
    let altered = with("x-amz-signature", &"0".repeat(64));
    refused(post(&cloud, &altered, b"1"), 403, "SignatureDoesNotMatch");
    cloud.clock().advance_to(cloud.clock().now().plus(300_000));
    refused(post(&cloud, &form, b"1"), 403, "AccessDenied");
}

#[tokio::test(start_paused = true)]
async fn a_link_works_until_its_time_and_only_as_it_was_signed() {
    let cloud = cloud();
    put(&s3(&cloud), "media/a b", b"0123456789").await;
    let links: Links<Media> = Links::of(&env(&cloud, "local"));
    let link = links.link(
        "media/a b",
        Some("Ünsere \"Katze\".jpg"),
        cloud.clock().now(),
    );
    let follow = |link: &str, range: Option<&str>| {
        let target = link.strip_prefix("http://127.0.0.1:3000").unwrap();
        let mut headers = vec![("host".to_owned(), "127.0.0.1:3000".to_owned())];
        headers.extend(range.map(|range| ("range".to_owned(), range.to_owned())));
        let request = Request {
            method: "GET".into(),
            uri: target.into(),
            headers,
            body: Vec::new(),
        };
        cloud.follow_link("media", "/_objects/pairly-media", &request)
    };
    let answer = follow(&link, None);
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"0123456789".as_slice())
    );
    let name = "attachment; filename*=UTF-8''%C3%9Cnsere%20%22Katze%22.jpg";
    assert_eq!(answer.header("content-disposition"), Some(name));
    assert_eq!(follow(&link, Some("bytes=8-")).body, b"89");
    assert_eq!(follow(&link.replace("a%20b", "a%20c"), None).status, 403);
    assert_eq!(
        follow(&link.replace("Expires=1200", "Expires=9999"), None).status,
        403
    );
    assert_eq!(follow(&format!("{link}&x=1"), None).status, 403);
    cloud
        .clock()
        .advance_to(cloud.clock().now().plus(1_200_000));
    assert_eq!(follow(&link, None).status, 403);
}

#[tokio::test(start_paused = true)]
async fn what_is_signed_permits_no_more_than_the_signer_may_do() {
    let cloud = cloud();
    put(&s3(&cloud), "media/a", b"0123456789").await;
    let may = |action| BTreeMap::from([("bucket/media", vec![action])]);
    cloud.grant("reader", may("s3:GetObject"));
    cloud.grant("writer", may("s3:PutObject"));
    let follow = |function| {
        let links: Links<Media> = Links::of(&env(&cloud, function));
        let link = links.link("media/a", None, cloud.clock().now());
        let target = link.strip_prefix("http://127.0.0.1:3000").unwrap();
        let request = Request {
            method: "GET".into(),
            uri: target.into(),
            headers: vec![("host".to_owned(), "127.0.0.1:3000".to_owned())],
            body: Vec::new(),
        };
        let answer = cloud.follow_link("media", "/_objects/pairly-media", &request);
        answer.status
    };
    assert_eq!((follow("reader"), follow("writer")), (200, 403));
    let of_reader = form(&cloud, "reader").await;
    assert_eq!(post(&cloud, &of_reader, b"1").0, 403);
    let of_writer = form(&cloud, "writer").await;
    assert_eq!(post(&cloud, &of_writer, b"1").0, 204);
    let used = |function: &str, action: &str| {
        let place = [function, action, "bucket/media"].map(str::to_owned);
        cloud.used().contains(&place.into())
    };
    assert!(used("reader", "s3:GetObject") && used("writer", "s3:PutObject"));
    assert!(!used("reader", "s3:PutObject") && !used("writer", "s3:GetObject"));
}
