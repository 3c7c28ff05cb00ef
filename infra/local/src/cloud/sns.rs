//! SNS as the SDK speaks it, forms in and XML out: text messages end in the outbox.

use serde_json::json;
use shared::http::check::decode_query;

use super::ses::OutboxItem;
use super::wire::{Request, Response, Service};
use super::{Cloud, random_id};

const SERVICE: Service = Service::Sns;
/// Namespace of all answers.
const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
/// Most bytes of a message; longer ones are refused, shorter ones split on their way.
const TEXT_BYTES_MAX: usize = 1_600;

/// The operation of a request in the query protocol; none for other requests.
pub(super) fn operation(request: &Request) -> Option<String> {
    let form = request.header("content-type") == Some("application/x-www-form-urlencoded");
    if !form || request.method != "POST" || request.path() != "/" {
        return None;
    }
    field(&request.body, "Action")
}

fn field(body: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let pairs = decode_query(&text).into_iter();
    let mut found = pairs.filter(|(known, _)| known == name);
    found.next().map(|(_, value)| value)
}

/// A refusal in this service's shape.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        random_id()
    );
    SERVICE.answer(status, body.into_bytes())
}

fn answer(operation: &str, result: &str) -> Response {
    let body = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        random_id()
    );
    SERVICE.answer(200, body.into_bytes())
}

impl Cloud {
    pub(super) fn sns(&self, function: &str, operation: &str, body: &[u8]) -> Response {
        self.try_sns(function, operation, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_sns(&self, function: &str, operation: &str, body: &[u8]) -> Result<Response, Response> {
        let (action, name) = match operation {
            "Publish" => ("sns:Publish", "SNS.Publish"),
            "GetSMSAttributes" => ("sns:GetSMSAttributes", "SNS.GetSMSAttributes"),
            _ => return Err(SERVICE.unknown(operation)),
        };
        let need = [(action, "sms".to_owned())];
        self.0.grants.check(function, SERVICE, &need)?;
        self.0.meter.add((function, name), "sms", None, (0.0, 0.0));
        if operation == "GetSMSAttributes" {
            return Ok(answer(operation, "<attributes/>"));
        }
        let text = field(body, "Message").unwrap_or_default();
        let to = field(body, "PhoneNumber").unwrap_or_default();
        let digits = to.strip_prefix('+').unwrap_or_default();
        let number = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !number || text.is_empty() || text.len() > TEXT_BYTES_MAX {
            let message = "Invalid parameter: PhoneNumber or Message";
            return Err(SERVICE.error(400, "InvalidParameter", message));
        }
        self.post(&OutboxItem {
            kind: "sms".to_owned(),
            to,
            subject: None,
            text: Some(text),
            html: None,
            payload: json!({}),
            at: self.0.clock.now(),
        });
        let id = format!("<MessageId>{}</MessageId>", random_id());
        Ok(answer(operation, &id))
    }
}
