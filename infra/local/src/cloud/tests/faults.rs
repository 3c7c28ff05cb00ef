//! Calls that go wrong on purpose.

use super::super::{Kind, Rule, mortal};
use super::*;

fn rule(operation: Option<&str>, nth: usize, kind: Kind) -> Rule {
    Rule {
        function: Some("send".to_owned()),
        operation: operation.map(str::to_owned),
        nth,
        kind,
    }
}

/// A client that tries once.
fn impatient(cloud: &Cloud) -> Client {
    let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
    let settings = aws_sdk_dynamodb::config::Builder::from(&config(cloud, "send"));
    Client::from_conf(settings.retry_config(once).build())
}

async fn stored(cloud: &Cloud, pk: &str) -> bool {
    let client = dynamo(cloud, "local");
    let read = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key(pk, "a")));
    read.send().await.unwrap().item.is_some()
}

async fn try_put(client: &Client, pk: &str) -> bool {
    let write = client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(key(pk, "a")));
    write.send().await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_nth_call_fails_before_or_after_its_effect_or_is_refused() {
    let cloud = cloud();
    let client = impatient(&cloud);
    for (kind, effect) in [
        (Kind::BeforeEffect, false),
        (Kind::AfterEffect, true),
        (Kind::Throttle, false),
        (Kind::Conflict, false),
    ] {
        cloud.faults().clear();
        cloud.faults().add(rule(Some("DynamoDB.PutItem"), 2, kind));
        cloud.faults().count_from_zero();
        let (first, second) = (format!("{kind:?}1"), format!("{kind:?}2"));
        assert!(try_put(&client, &first).await);
        assert!(!try_put(&client, &second).await, "{kind:?}");
        assert_eq!(stored(&cloud, &second).await, effect, "{kind:?}");
        assert_eq!(
            (cloud.faults().calls_of("send"), cloud.faults().fired()),
            (2, 1)
        );
        assert!(try_put(&client, &second).await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_ends_where_it_stands() {
    let cloud = cloud();
    let client = impatient(&cloud);
    cloud.faults().add(rule(None, 2, Kind::EndHandler));
    let handler = async {
        try_put(&client, "a").await;
        try_put(&client, "b").await;
        try_put(&client, "c").await
    };
    assert_eq!(mortal(handler).await, None);
    assert!(stored(&cloud, "b").await && !stored(&cloud, "c").await);
    assert_eq!(mortal(try_put(&client, "c")).await, Some(true));
    cloud.faults().count_from_zero();
    let other = async {
        try_put(&client, "d").await;
        try_put(&client, "e").await;
    };
    tokio::select! {
        () = other => panic!("the second call never returns"),
        () = cloud.faults().ended("send") => {}
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_fails_every_call_and_the_sdk_tries_again() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    cloud.faults().outage("dynamodb", true);
    assert!(!try_put(&client, "a").await);
    assert_eq!(cloud.faults().calls(), 3);
    cloud.faults().outage("dynamodb", false);
    cloud.faults().add(rule(None, 1, Kind::AfterEffect));
    let calls = cloud.faults().calls_by();
    assert_eq!(
        calls[&("send".to_owned(), "DynamoDB.PutItem".to_owned())],
        3
    );
    // The answer is lost, the SDK tries again and finds its own effect.
    assert!(try_put(&client, "a").await);
    assert_eq!((cloud.faults().calls(), cloud.faults().fired()), (5, 1));
}
