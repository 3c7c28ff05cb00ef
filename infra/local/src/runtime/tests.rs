use serde_json::{Value, json};
use shared::function::{Function, Trigger};

use crate::cloud::{Kind, Rule};
use crate::fake::{function, keep, local, put, seen, send};

fn bodies(events: &[Value]) -> Vec<Vec<String>> {
    let records = |event: &Value| event["Records"].as_array().cloned().unwrap_or_default();
    let body = |record: &Value| record["body"].as_str().unwrap_or_default().to_owned();
    events
        .iter()
        .map(|event| records(event).iter().map(body).collect())
        .collect()
}

fn values(events: &[Value]) -> Vec<Vec<String>> {
    let records = |event: &Value| event["Records"].as_array().cloned().unwrap_or_default();
    let value = |record: &Value| {
        record["dynamodb"]["NewImage"]["value"]["N"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    events
        .iter()
        .map(|event| records(event).iter().map(value).collect())
        .collect()
}

static MAILER: Function = function("mailer", &[Trigger::Queue("mail")], |env, event| {
    Box::pin(async move {
        keep(env, &event);
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        let bad = records.iter().filter(|record| record["body"] == "bad");
        let failures: Vec<_> = bad
            .map(|record| json!({ "itemIdentifier": record["messageId"] }))
            .collect();
        Ok(json!({ "batchItemFailures": failures }))
    })
});

#[tokio::test(start_paused = true)]
async fn only_reported_messages_come_again_and_end_as_dead_letters() {
    let local = local(&[&MAILER]).await;
    for body in ["one", "bad", "two"] {
        send(&local, "mail", body, 0).await;
    }
    local.settle().await;
    let first: Vec<String> = bodies(&seen(&local, "mailer")).concat();
    assert_eq!(first, ["one", "bad", "two"]);
    local.advance(91).await;
    assert_eq!(bodies(&seen(&local, "mailer")).last().unwrap(), &["bad"]);
    local.advance(600).await;
    assert_eq!(local.cloud().dead_letters("mail").len(), 1);
    assert_eq!(bodies(&seen(&local, "mailer")).concat().len(), 3 + 4);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_arrives_when_its_time_has_come() {
    let local = local(&[&MAILER]).await;
    send(&local, "mail", "later", 60).await;
    local.settle().await;
    assert!(seen(&local, "mailer").is_empty());
    local.advance(59).await;
    assert!(seen(&local, "mailer").is_empty());
    // Nobody moves the clock by hand: tokio's virtual time is enough.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(bodies(&seen(&local, "mailer")), [["later"]]);
}

static FAN_OUT: Function = function("fan_out", &[Trigger::Stream("data")], |env, event| {
    Box::pin(async move {
        keep(env, &event);
        let poisoned = values(std::slice::from_ref(&event))
            .concat()
            .contains(&"13".to_owned());
        if poisoned {
            Err("poison".into())
        } else {
            Ok(json!({}))
        }
    })
});

static COUNT: Function = function("count", &[Trigger::Stream("data")], |env, event| {
    Box::pin(async move {
        keep(env, &event);
        Ok(json!({ "batchItemFailures": [] }))
    })
});

#[tokio::test(start_paused = true)]
async fn every_mapping_sees_every_change_in_order() {
    let local = local(&[&FAN_OUT, &COUNT]).await;
    for value in 0..10 {
        put(&local, "same", value).await;
    }
    local.settle().await;
    let expected: Vec<String> = (0..10).map(|value| value.to_string()).collect();
    assert_eq!(values(&seen(&local, "fan_out")).concat(), expected);
    assert_eq!(values(&seen(&local, "count")).concat(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_poisonous_record_is_isolated_repeated_and_given_up() {
    let local = local(&[&FAN_OUT, &COUNT]).await;
    for value in 10..18 {
        put(&local, &format!("item-{value}"), value).await;
    }
    local.settle().await;
    let alone = values(&seen(&local, "fan_out"));
    let tries = alone.iter().filter(|batch| **batch == ["13"]).count();
    assert_eq!(tries, 10, "{alone:?}");
    let healthy = alone
        .iter()
        .filter(|batch| !batch.contains(&"13".to_owned()));
    let mut healthy: Vec<String> = healthy.flatten().cloned().collect();
    healthy.dedup();
    assert_eq!(healthy, ["10", "11", "12", "14", "15", "16", "17"]);
    assert_eq!(values(&seen(&local, "count")).concat().len(), 8);
    let dead = local.cloud().dead_letters("stream");
    assert_eq!(dead.len(), 1);
    assert!(dead[0]["body"].as_str().unwrap().contains("fan_out"));
}

static MINUTELY: Function = function("minutely", &[Trigger::Every(60)], |env, _| {
    Box::pin(async move {
        keep(env, &json!(env.clock().now().to_string()));
        Ok(Value::Null)
    })
});

#[tokio::test(start_paused = true)]
async fn schedules_run_at_their_instants_while_the_clock_is_moved() {
    let local = local(&[&MINUTELY]).await;
    local.advance(150).await;
    let runs = seen(&local, "minutely");
    assert_eq!(
        runs,
        [
            "2026-01-31T12:01:00.000Z",
            "2026-01-31T12:02:00.000Z",
            "2026-01-31T12:03:00.000Z"
        ]
    );
    assert_eq!(local.now().to_string(), "2026-01-31T12:03:00.000Z");
}

const AT_THREE: &[Trigger] = &[Trigger::Daily { hour: 3, minute: 0 }];

static NIGHTLY: Function = function("nightly", AT_THREE, |env, _| {
    Box::pin(async move {
        keep(env, &json!(env.clock().now().to_string()));
        Ok(Value::Null)
    })
});

#[tokio::test(start_paused = true)]
async fn a_daily_schedule_runs_at_its_time_of_day() {
    let local = local(&[&NIGHTLY]).await;
    local.advance(2 * 86_400).await;
    let runs = seen(&local, "nightly");
    assert_eq!(
        runs,
        ["2026-02-01T03:00:00.000Z", "2026-02-02T03:00:00.000Z"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_month_is_walked_in_larger_steps_up_to_its_last_minute() {
    let local = local(&[&MINUTELY]).await;
    local.advance(28 * 86_400).await;
    let runs = seen(&local, "minutely");
    assert!((54..=66).contains(&runs.len()), "{}", runs.len());
    assert_eq!(runs.last().unwrap(), "2026-02-28T12:00:00.000Z");
    local.advance(60).await;
    assert_eq!(
        seen(&local, "minutely").last().unwrap(),
        "2026-02-28T12:01:00.000Z"
    );
}

static WRITER: Function = function("writer", &[Trigger::Queue("mail")], |env, event| {
    Box::pin(async move {
        keep(env, &event);
        let secret = shared::aws::secret::read::<shared::aws::secret::Pepper>(env).await;
        secret.map_err(|error| error.to_string())?;
        Ok(json!({}))
    })
});

#[tokio::test(start_paused = true)]
async fn a_handler_that_dies_takes_its_instance_with_it_and_its_message_comes_again() {
    let local = local(&[&WRITER]).await;
    local.cloud().grant(
        "writer",
        [("secret/pepper", vec!["secretsmanager:GetSecretValue"])].into(),
    );
    local.cloud().faults().add(Rule {
        function: Some("writer".into()),
        operation: None,
        nth: 1,
        kind: Kind::EndHandler,
    });
    send(&local, "mail", "hello", 0).await;
    local.settle().await;
    assert!(
        seen(&local, "writer").is_empty(),
        "a new instance knows nothing"
    );
    local.advance(91).await;
    assert_eq!(bodies(&seen(&local, "writer")), [["hello"]]);
    local.advance(91).await;
    assert_eq!(seen(&local, "writer").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn reset_forgets_everything_but_the_time_and_the_administrators() {
    let local = local(&[&FAN_OUT, &COUNT]).await;
    put(&local, "before", 1).await;
    local.advance(3_600).await;
    let (now, keys) = (local.now(), local.admins().list()[0].access_key_id.clone());
    local.reset().await.unwrap();
    assert_eq!(
        (local.now(), &local.admins().list()[0].access_key_id),
        (now, &keys)
    );
    assert!(seen(&local, "count").is_empty());
    put(&local, "after", 2).await;
    local.settle().await;
    assert_eq!(values(&seen(&local, "count")).concat(), ["2"]);
}
