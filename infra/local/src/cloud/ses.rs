//! SES version 2 as the SDK speaks it: mails end in the outbox.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::time::Time;

use super::store::Store;
use super::wire::{Response, Service, parse};
use super::{Cloud, random_id};

const SERVICE: Service = Service::Ses;
/// Most receivers of one mail.
const RECEIVERS_MAX: usize = 50;

/// Something that left for a person: a mail, a push or a text message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// `email`, `push` or `sms`.
    pub kind: String,
    /// Receiver; several are separated by `, `.
    pub to: String,
    /// Subject of a mail.
    pub subject: Option<String>,
    /// Plain text.
    pub text: Option<String>,
    /// HTML of a mail.
    pub html: Option<String>,
    /// What else the service was given, such as headers or the data of a push.
    pub payload: Value,
    /// When.
    pub at: Time,
}

impl Store {
    /// Adds to the outbox.
    pub fn post(&self, item: &OutboxItem) -> rusqlite::Result<()> {
        let text = serde_json::to_string(item)
            .map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
        let mut insert = self
            .own
            .prepare_cached("INSERT INTO _local_outbox (item) VALUES (?1)")?;
        insert.execute(params![text]).map(drop)
    }

    /// The outbox, newest last.
    pub fn outbox(&self) -> rusqlite::Result<Vec<OutboxItem>> {
        let mut select = self
            .own
            .prepare_cached("SELECT item FROM _local_outbox ORDER BY id")?;
        let rows = select.query_map([], |row| row.get::<_, String>(0))?;
        let items = rows.map(|text| text.map(|text| serde_json::from_str(&text).ok()));
        Ok(items
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

impl Cloud {
    /// Answers an operation of SES.
    pub(super) fn ses(&self, function: &str, operation: &str, body: &[u8]) -> Response {
        self.try_ses(function, operation, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_ses(&self, function: &str, operation: &str, body: &[u8]) -> Result<Response, Response> {
        let (action, name) = match operation {
            "SendEmail" => ("ses:SendEmail", "SES.SendEmail"),
            "GetAccount" => ("ses:GetAccount", "SES.GetAccount"),
            _ => return Err(SERVICE.unknown(operation)),
        };
        self.0
            .grants
            .check(function, SERVICE, &[(action, "mail".to_owned())])?;
        self.0.meter.add((function, name), "mail", None, (0.0, 0.0));
        if operation == "SendEmail" {
            return self.send_mail(&parse(SERVICE, body)?);
        }
        Ok(SERVICE.ok(&json!({
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": true,
            "SendingEnabled": true,
            "SendQuota": { "Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0 },
        })))
    }

    fn send_mail(&self, mail: &Value) -> Result<Response, Response> {
        let to: Vec<&str> = ["ToAddresses", "CcAddresses", "BccAddresses"]
            .iter()
            .flat_map(|kind| mail["Destination"][*kind].as_array().into_iter().flatten())
            .filter_map(Value::as_str)
            .collect();
        let simple = &mail["Content"]["Simple"];
        let part = |value: &Value| value["Data"].as_str().map(str::to_owned);
        if to.is_empty() || to.len() > RECEIVERS_MAX || simple.is_null() {
            let message = "A mail needs 1 to 50 receivers and simple content.";
            return Err(SERVICE.error(400, "BadRequestException", message));
        }
        let item = OutboxItem {
            kind: "email".to_owned(),
            to: to.join(", "),
            subject: part(&simple["Subject"]),
            text: part(&simple["Body"]["Text"]),
            html: part(&simple["Body"]["Html"]),
            payload: json!({
                "from": mail["FromEmailAddress"],
                "headers": simple["Headers"],
                "tags": mail["EmailTags"],
            }),
            at: self.0.clock.now(),
        };
        let posted = self.store().post(&item);
        posted.map_err(|cause| SERVICE.error(500, "InternalFailure", &cause.to_string()))?;
        Ok(SERVICE.ok(&json!({ "MessageId": random_id() })))
    }
}
