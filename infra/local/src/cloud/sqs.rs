//! SQS as the SDK speaks it: JSON 1.0, with the MD5 sums that it checks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::grants::{ACCOUNT, REGION};
use super::messages::{self, Sent};
use super::tables::{physical, short};
use super::wire::{Response, Service, parse};
use super::{Cloud, random_id};

const SERVICE: Service = Service::Sqs;
/// Longest delay of a message, seconds.
const DELAY_SECONDS_MAX: i64 = 900;
/// Largest message, bytes.
const MESSAGE_BYTES_MAX: usize = 262_144;
/// Most messages of a batch.
const BATCH_MESSAGES_MAX: usize = 10;

impl Cloud {
    /// Answers an operation by the second part of its target, such as `SendMessage`.
    pub(super) fn sqs(&self, function: &str, operation: &str, body: &[u8]) -> Response {
        self.try_sqs(function, operation, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_sqs(&self, function: &str, operation: &str, body: &[u8]) -> Result<Response, Response> {
        let body = parse(SERVICE, body)?;
        let url = body["QueueUrl"]
            .as_str()
            .or(body["QueueName"].as_str())
            .unwrap_or_default();
        let queue = short(url.rsplit('/').next().unwrap_or_default()).to_owned();
        let (action, name) = match operation {
            "SendMessage" => ("sqs:SendMessage", "SQS.SendMessage"),
            "SendMessageBatch" => ("sqs:SendMessage", "SQS.SendMessageBatch"),
            "GetQueueAttributes" => ("sqs:GetQueueAttributes", "SQS.GetQueueAttributes"),
            "GetQueueUrl" => ("sqs:GetQueueUrl", "SQS.GetQueueUrl"),
            _ => return Err(SERVICE.unknown(operation)),
        };
        let resource = format!("queue/{queue}");
        self.0
            .grants
            .check(function, SERVICE, &[(action, resource.clone())])?;
        if !messages::exists(&queue) {
            let code = "com.amazonaws.sqs#QueueDoesNotExist";
            return Err(SERVICE.error(400, code, "The specified queue does not exist."));
        }
        self.0
            .meter
            .add((function, name), &resource, None, (0.0, 0.0));
        match operation {
            "SendMessage" => self.accept(&queue, &body).map(|answer| SERVICE.ok(&answer)),
            "SendMessageBatch" => self.accept_batch(&queue, &body),
            "GetQueueAttributes" => self.queue_attributes(&queue),
            _ => {
                let name = physical(&queue);
                let url = format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}");
                Ok(SERVICE.ok(&json!({ "QueueUrl": url })))
            }
        }
    }

    fn accept(&self, queue: &str, message: &Value) -> Result<Value, Response> {
        let body = message["MessageBody"].as_str().unwrap_or_default();
        let delay = message["DelaySeconds"].as_i64().unwrap_or(0);
        if body.is_empty() || body.len() > MESSAGE_BYTES_MAX {
            return Err(invalid("The message body must have 1 to 262144 bytes."));
        }
        if !(0..=DELAY_SECONDS_MAX).contains(&delay) {
            return Err(invalid("DelaySeconds must be between 0 and 900."));
        }
        let (at, message_id) = (self.0.clock.now(), random_id());
        let sent = Sent {
            queue,
            message_id: &message_id,
            body,
            attributes: &message["MessageAttributes"],
            at,
            visible_at: at.plus(delay * 1_000),
        };
        self.store().send(&sent).map_err(|cause| failed(&cause))?;
        self.notify();
        let mut answer = json!({
            "MessageId": message_id,
            "MD5OfMessageBody": format!("{:x}", md5::compute(body)),
        });
        if let Some(attributes) = message["MessageAttributes"].as_object() {
            answer["MD5OfMessageAttributes"] = md5_of_attributes(attributes).into();
        }
        Ok(answer)
    }

    fn accept_batch(&self, queue: &str, body: &Value) -> Result<Response, Response> {
        let entries = body["Entries"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if entries.is_empty() || entries.len() > BATCH_MESSAGES_MAX {
            let code = "com.amazonaws.sqs#TooManyEntriesInBatchRequest";
            return Err(SERVICE.error(400, code, "A batch has 1 to 10 entries."));
        }
        let (mut successful, mut failures) = (Vec::new(), Vec::new());
        for entry in entries {
            match self.accept(queue, entry) {
                Ok(mut answer) => {
                    answer["Id"] = entry["Id"].clone();
                    successful.push(answer);
                }
                Err(refused) => failures.push(json!({
                    "Id": entry["Id"],
                    "SenderFault": refused.status < 500,
                    "Code": refused.header("x-amzn-errortype"),
                })),
            }
        }
        Ok(SERVICE.ok(&json!({ "Successful": successful, "Failed": failures })))
    }

    fn queue_attributes(&self, queue: &str) -> Result<Response, Response> {
        let depth = self
            .store()
            .depth(queue, self.0.clock.now())
            .map_err(|cause| failed(&cause))?;
        let visibility = messages::spec(queue).map_or(30, |spec| spec.visibility_seconds);
        Ok(SERVICE.ok(&json!({ "Attributes": {
            "QueueArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", physical(queue)),
            "VisibilityTimeout": visibility.to_string(),
            "ApproximateNumberOfMessages": depth.visible.to_string(),
            "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
            "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        } })))
    }
}

fn invalid(message: &str) -> Response {
    SERVICE.error(400, "com.amazonaws.sqs#InvalidParameterValue", message)
}

fn failed(cause: &rusqlite::Error) -> Response {
    SERVICE.error(500, "InternalFailure", &cause.to_string())
}

/// The sum over names, types and values in the order of the names, each after its length.
fn md5_of_attributes(attributes: &Map<String, Value>) -> String {
    let mut names: Vec<_> = attributes.keys().collect();
    names.sort();
    let mut bytes = Vec::new();
    for name in names {
        let value = attributes.get(name).unwrap_or(&Value::Null);
        let kind = value["DataType"].as_str().unwrap_or_default();
        push(&mut bytes, name.as_bytes());
        push(&mut bytes, kind.as_bytes());
        if kind.starts_with("Binary") {
            bytes.push(2);
            let text = value["BinaryValue"].as_str().unwrap_or_default();
            push(&mut bytes, &BASE64.decode(text).unwrap_or_default());
        } else {
            bytes.push(1);
            push(
                &mut bytes,
                value["StringValue"].as_str().unwrap_or_default().as_bytes(),
            );
        }
    }
    format!("{:x}", md5::compute(bytes))
}

fn push(to: &mut Vec<u8>, part: &[u8]) {
    to.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend(part);
}
