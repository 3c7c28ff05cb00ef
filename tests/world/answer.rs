//! Answers with their expectations.

use local::gateway::HttpResponse;
use serde_json::Value;

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was called, for messages.
    pub called: String,
    /// HTTP status.
    pub status: u16,
    /// Headers by lower-case name.
    pub headers: Vec<(String, String)>,
    /// JSON body; null when there was none, a string when it was no JSON.
    pub body: Value,
}

impl Answer {
    pub(crate) fn of(method: &str, path: &str, answer: HttpResponse) -> Self {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        let headers = answer.headers.into_iter();
        let headers = headers
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
        Self {
            called: format!("{method} {path}"),
            status: answer.status,
            headers,
            body,
        }
    }

    /// Expects success and gives the body.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {} {}",
            self.called,
            self.status,
            self.body
        );
        self.body
    }

    /// Expects a status and gives the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.called, self.body);
        self.body
    }

    /// Expects a refusal by status and code, in the envelope, and gives its `error`.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let error = &self.body["error"];
        assert_eq!(
            (self.status, error["code"].as_str()),
            (status, Some(code)),
            "{}: {}",
            self.called,
            self.body
        );
        error.clone()
    }

    /// Code of the refusal, if it is one.
    pub fn code(&self) -> Option<&str> {
        self.body["error"]["code"].as_str()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body without what differs in every answer: trace id and time.
    pub fn comparable(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("trace_id");
            error.remove("timestamp");
        }
        body
    }
}
