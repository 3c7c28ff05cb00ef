//! Mail, keys, secrets, connections and least privilege.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

use super::super::{Gone, Sockets, Unposted};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_mail_ends_in_the_outbox() {
    let cloud = cloud();
    let client = aws_sdk_sesv2::Client::new(&config(&cloud, "local"));
    let part = |text: &str| Content::builder().data(text).build().unwrap();
    let body = Body::builder()
        .text(part("Hello"))
        .html(part("<p>Hello</p>"))
        .build();
    let message = Message::builder()
        .subject(part("Welcome"))
        .body(body)
        .build();
    let mail = client
        .send_email()
        .from_email_address("no-reply@pairly.test");
    let mail = mail.destination(
        Destination::builder()
            .to_addresses("ann@example.com")
            .build(),
    );
    mail.content(EmailContent::builder().simple(message).build())
        .send()
        .await
        .unwrap();
    let item = cloud.outbox().remove(0);
    assert_eq!(
        (item.kind.as_str(), item.to.as_str()),
        ("email", "ann@example.com")
    );
    assert_eq!(item.subject.as_deref(), Some("Welcome"));
    assert_eq!(item.html.as_deref(), Some("<p>Hello</p>"));
    assert!(client.get_account().send().await.unwrap().sending_enabled);
}

#[tokio::test(start_paused = true)]
async fn a_data_key_opens_only_in_its_context() {
    let cloud = cloud();
    let client = aws_sdk_kms::Client::new(&config(&cloud, "local"));
    let key = client
        .generate_data_key()
        .key_id("alias/pairly-data")
        .key_spec(aws_sdk_kms::types::DataKeySpec::Aes256)
        .encryption_context("user_id", "usr_1")
        .send()
        .await
        .unwrap();
    let open = |user: &str| {
        let call = client
            .decrypt()
            .ciphertext_blob(key.ciphertext_blob.clone().unwrap());
        call.encryption_context("user_id", user).send()
    };
    assert_eq!(open("usr_1").await.unwrap().plaintext, key.plaintext);
    assert_eq!(key.plaintext.unwrap().as_ref().len(), 32);
    let refused = open("usr_2").await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidCiphertextException"));
    let other = client
        .describe_key()
        .key_id("alias/pairly-other")
        .send()
        .await
        .unwrap_err();
    assert_eq!(other.code(), Some("NotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn secrets_keep_the_version_before() {
    let cloud = cloud();
    let client = aws_sdk_secretsmanager::Client::new(&config(&cloud, "local"));
    let read = |name: &str| client.get_secret_value().secret_id(name);
    let pepper = read("pairly/pepper")
        .send()
        .await
        .unwrap()
        .secret_string
        .unwrap();
    assert_eq!(pepper.len(), 43);
    let missing = read("pairly/signing").send().await.unwrap_err();
    assert_eq!(missing.code(), Some("ResourceNotFoundException"));
    let create = client
        .create_secret()
        .name("pairly/signing")
        .secret_string("one");
    create.clone().send().await.unwrap();
    let twice = create.send().await.unwrap_err();
    assert_eq!(twice.code(), Some("ResourceExistsException"));
    let put = client
        .put_secret_value()
        .secret_id("pairly/signing")
        .secret_string("two");
    put.send().await.unwrap();
    let now = read("pairly/signing").send().await.unwrap();
    assert_eq!(now.secret_string.as_deref(), Some("two"));
    let before = read("pairly/signing")
        .version_stage("AWSPREVIOUS")
        .send()
        .await
        .unwrap();
    assert_eq!(before.secret_string.as_deref(), Some("one"));
    let described = client
        .describe_secret()
        .secret_id("pairly/signing")
        .send()
        .await
        .unwrap();
    assert_eq!(described.version_ids_to_stages.unwrap().len(), 2);
}

#[derive(Default)]
struct One(Mutex<Vec<Vec<u8>>>);

impl Sockets for One {
    fn post(&self, connection_id: &str, data: Vec<u8>) -> Result<(), Unposted> {
        self.is_open(connection_id)
            .then(|| self.0.lock().unwrap().push(data))
            .ok_or(Unposted::Gone)
    }

    fn delete(&self, connection_id: &str) -> Result<(), Gone> {
        self.is_open(connection_id).then_some(()).ok_or(Gone)
    }

    fn is_open(&self, connection_id: &str) -> bool {
        connection_id == "abc="
    }
}

#[tokio::test(start_paused = true)]
async fn frames_reach_open_connections_and_others_are_gone() {
    let cloud = cloud();
    let one = Arc::new(One::default());
    cloud.set_sockets(Arc::clone(&one) as Arc<dyn Sockets>);
    let settings = aws_sdk_apigatewaymanagement::config::Builder::from(&config(&cloud, "local"));
    let settings = settings
        .endpoint_url("https://sockets.invalid/live")
        .build();
    let client = aws_sdk_apigatewaymanagement::Client::from_conf(settings);
    let post = |id: &str, bytes: usize| {
        client
            .post_to_connection()
            .connection_id(id)
            .data(vec![b'x'; bytes].into())
            .send()
    };
    post("abc=", 2).await.unwrap();
    assert_eq!(*one.0.lock().unwrap(), [b"xx".to_vec()]);
    assert_eq!(
        post("other", 2).await.unwrap_err().code(),
        Some("GoneException")
    );
    let large = post("abc=", 131_073).await.unwrap_err();
    assert_eq!(large.code(), Some("PayloadTooLargeException"));
    client
        .get_connection()
        .connection_id("abc=")
        .send()
        .await
        .unwrap();
    client
        .delete_connection()
        .connection_id("abc=")
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_function_may_do_only_what_it_declared() {
    let cloud = cloud();
    let role = BTreeMap::from([("table/data", vec!["dynamodb:GetItem"])]);
    cloud.grant("get_message", role);
    let client = dynamo(&cloud, "get_message");
    let read = |table: &str| {
        client
            .get_item()
            .table_name(table)
            .set_key(Some(key("a", "a")))
    };
    read(TABLE).send().await.unwrap();
    let elsewhere = read("pairly-ledger").send().await.unwrap_err();
    let write = client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(key("a", "a")));
    let write = write.send().await.unwrap_err();
    for (message, what) in [
        (elsewhere.message(), "table/ledger"),
        (write.message(), "dynamodb:PutItem"),
    ] {
        let text = message.unwrap();
        assert!(
            text.contains("get_message") && text.contains(what),
            "{text}"
        );
    }
    let used = cloud.used().into_iter().collect::<Vec<_>>();
    let only = (
        "get_message".into(),
        "dynamodb:GetItem".into(),
        "table/data".into(),
    );
    assert_eq!(used, [only]);
}

#[tokio::test(start_paused = true)]
async fn no_role_may_change_or_remove_a_row_of_the_audit_log() {
    let cloud = cloud();
    let actions = vec![
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    cloud.grant("writer", BTreeMap::from([("table/ledger", actions)]));
    let (client, table) = (dynamo(&cloud, "writer"), "pairly-ledger");
    for (pk, allowed) in [("wal_1", true), ("audit#adm_1", false)] {
        let row = Some(key(pk, "0000000000000001"));
        let put = client.put_item().table_name(table).set_item(row.clone());
        put.send().await.expect("rows are added");
        let update = client.update_item().table_name(table).set_key(row.clone());
        let update = update.update_expression("SET a = pk").send().await;
        let delete = client.delete_item().table_name(table).set_key(row);
        let delete = delete.send().await;
        assert_eq!((update.is_ok(), delete.is_ok()), (allowed, allowed), "{pk}");
    }
}
