//! The queues of `worker::QUEUES`, each with its dead letters and the alarm on them.

use serde_json::{Map, Value, json};
use shared::aws::objects::Media;
use shared::aws::objects::Named;
use shared::worker::{QUEUES, QueueSpec};

use super::{attribute, logical, reference, roles, sub};

/// How long dead letters are kept, seconds.
const DEAD_SECONDS: u32 = 14 * 86_400;
/// The queue that the bucket of uploads tells.
const UPLOADS: &str = "uploads";

fn queue(spec: &QueueSpec) -> Value {
    let dead = attribute(&format!("{}Dead", logical(spec.name)), "Arn");
    json!({
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "QueueName": sub(format!("${{Prefix}}-{}", spec.name)),
            "RedrivePolicy": {
                "deadLetterTargetArn": dead,
                "maxReceiveCount": spec.receives_max,
            },
            "SqsManagedSseEnabled": true,
            "VisibilityTimeout": spec.visibility_seconds,
        },
    })
}

fn dead(spec: &QueueSpec) -> Value {
    json!({
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "MessageRetentionPeriod": DEAD_SECONDS,
            "QueueName": sub(format!("${{Prefix}}-{}-dead", spec.name)),
            "SqsManagedSseEnabled": true,
        },
    })
}

fn alarm(spec: &QueueSpec) -> Value {
    let queue = attribute(&format!("{}Dead", logical(spec.name)), "QueueName");
    let about = "A message failed every try. docs/TROUBLESHOOTING.md#dead-letters";
    json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmActions": [reference("AlarmTopic")],
            "AlarmDescription": about,
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{ "Name": "QueueName", "Value": queue }],
            "EvaluationPeriods": 1,
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Namespace": "AWS/SQS",
            "OKActions": [reference("AlarmTopic")],
            "Period": 60,
            "Statistic": "Maximum",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
        },
    })
}

/// The bucket of uploads, and nobody else, may send to its queue.
fn admission() -> Value {
    let statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": attribute(&logical(UPLOADS), "Arn"),
        "Condition": {
            "ArnEquals": { "aws:SourceArn": roles::bucket(Media::NAME, "") },
            "StringEquals": { "aws:SourceAccount": reference("AWS::AccountId") },
        },
    });
    json!({
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "PolicyDocument": { "Version": "2012-10-17", "Statement": [statement] },
            "Queues": [reference(&logical(UPLOADS))],
        },
    })
}

/// The stack of the queues.
pub fn template() -> Value {
    let mut resources = Map::new();
    for spec in QUEUES {
        let name = logical(spec.name);
        resources.insert(format!("{name}DeadAlarm"), alarm(spec));
        resources.insert(format!("{name}Dead"), dead(spec));
        resources.insert(name, queue(spec));
    }
    resources.insert("UploadsPolicy".into(), admission());
    super::template(
        "The queues and their dead letters.",
        json!({ "Resources": resources }),
        false,
    )
}
