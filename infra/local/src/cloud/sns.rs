//! SNS as the SDK speaks it, forms in and XML out: text messages and pushes end in the outbox.

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

fn fields(body: &[u8]) -> Vec<(String, String)> {
    decode_query(&String::from_utf8_lossy(body))
        .into_iter()
        .collect()
}

fn field(body: &[u8], name: &str) -> Option<String> {
    let mut found = fields(body).into_iter().filter(|(known, _)| known == name);
    found.next().map(|(_, value)| value)
}

/// A map in the query protocol: entries under `base`, numbered from 1, each with a name and a value
/// at the end of such paths.
fn map(body: &[u8], base: &str, (name, value): (&str, &str)) -> Vec<(String, String)> {
    let all = fields(body);
    let at = |entry: usize, end: &str| {
        let path = format!("{base}.entry.{entry}.{end}");
        let found = all.iter().find(|(known, _)| *known == path);
        found.map(|(_, value)| value.clone())
    };
    (1..)
        .map_while(|entry| Some((at(entry, name)?, at(entry, value)?)))
        .collect()
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
        let text = |name: &str| field(body, name).unwrap_or_default();
        let target = text("TargetArn");
        let needed = needed(operation, target.is_empty());
        let (action, name, resource) = needed.ok_or_else(|| SERVICE.unknown(operation))?;
        let need = [(action, resource.to_owned())];
        self.0.grants.check(function, SERVICE, &need)?;
        self.0
            .meter
            .add((function, name), resource, None, (0.0, 0.0));
        let (application, endpoint) = (text("PlatformApplicationArn"), text("EndpointArn"));
        let result = match operation {
            "GetSMSAttributes" => "<attributes/>".to_owned(),
            "GetPlatformApplicationAttributes" => Self::application(&application)?,
            "CreatePlatformEndpoint" => self.create_endpoint(&application, &text("Token"))?,
            "SetEndpointAttributes" => {
                let set = map(body, "Attributes", ("key", "value"));
                self.set_endpoint(&endpoint, &set)?;
                String::new()
            }
            "DeleteEndpoint" => {
                self.delete_endpoint(&endpoint)?;
                String::new()
            }
            _ if target.is_empty() => self.text(&text("PhoneNumber"), &text("Message"))?,
            _ => {
                let ends = ("Name", "Value.StringValue");
                let attributes = map(body, "MessageAttributes", ends);
                self.push(&target, &text("Message"), &attributes)?;
                message_id()
            }
        };
        Ok(answer(operation, &result))
    }

    fn text(&self, to: &str, text: &str) -> Result<String, Response> {
        let digits = to.strip_prefix('+').unwrap_or_default();
        let number = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !number || text.is_empty() || text.len() > TEXT_BYTES_MAX {
            let message = "Invalid parameter: PhoneNumber or Message";
            return Err(SERVICE.error(400, "InvalidParameter", message));
        }
        self.post(&OutboxItem {
            kind: "sms".to_owned(),
            to: to.to_owned(),
            subject: None,
            text: Some(text.to_owned()),
            html: None,
            payload: json!({}),
            at: self.0.clock.now(),
        });
        Ok(message_id())
    }
}

/// Right, name and resource of an operation; publishing is to a number or to a phone's endpoint.
fn needed(operation: &str, is_text: bool) -> Option<(&'static str, &'static str, &'static str)> {
    let (action, name) = match operation {
        "Publish" if is_text => return Some(("sns:Publish", "SNS.Publish", "sms")),
        "GetSMSAttributes" => return Some(("sns:GetSMSAttributes", "SNS.GetSMSAttributes", "sms")),
        "Publish" => ("sns:Publish", "SNS.Publish"),
        "CreatePlatformEndpoint" => ("sns:CreatePlatformEndpoint", "SNS.CreatePlatformEndpoint"),
        "SetEndpointAttributes" => ("sns:SetEndpointAttributes", "SNS.SetEndpointAttributes"),
        "DeleteEndpoint" => ("sns:DeleteEndpoint", "SNS.DeleteEndpoint"),
        "GetPlatformApplicationAttributes" => (
            "sns:GetPlatformApplicationAttributes",
            "SNS.GetPlatformApplicationAttributes",
        ),
        _ => return None,
    };
    Some((action, name, "push"))
}

fn message_id() -> String {
    format!("<MessageId>{}</MessageId>", random_id())
}
