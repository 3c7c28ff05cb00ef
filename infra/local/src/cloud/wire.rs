//! Requests and answers at the HTTP boundary under the SDKs.

use serde_json::{Value, json};

/// An HTTP request to an AWS service.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `HEAD` or `DELETE`.
    pub method: String,
    /// Address or path, percent-encoded.
    pub uri: String,
    /// Headers; names in any case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Request {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The path without scheme, host and query.
    pub fn path(&self) -> &str {
        let after = match self.uri.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
            None => &self.uri,
        };
        after.split('?').next().unwrap_or("/")
    }

    /// Host and port, of the address or else of the header.
    pub fn host(&self) -> &str {
        match self.uri.split_once("://") {
            Some((_, rest)) => rest.split(['/', '?']).next().unwrap_or_default(),
            None => self.header("host").unwrap_or_default(),
        }
    }

    /// The query after the question mark, still percent-encoded.
    pub fn query(&self) -> &str {
        self.uri.split_once('?').map_or("", |(_, query)| query)
    }

    /// A parameter of the query, decoded; empty when it has no value.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self
            .query()
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let found = pairs
            .into_iter()
            .find(|(key, _)| percent_decoded(key) == name);
        found.map(|(_, value)| percent_decoded(&value.replace('+', " ")))
    }
}

/// The answer of an AWS service.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The services that are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// DynamoDB, JSON 1.0.
    DynamoDb,
    /// SQS, JSON 1.0.
    Sqs,
    /// SES version 2, REST.
    Ses,
    /// KMS, JSON 1.1.
    Kms,
    /// Secrets Manager, JSON 1.1.
    SecretsManager,
    /// S3, REST with XML.
    S3,
    /// SNS, query protocol with XML.
    Sns,
    /// Connection management of the WebSocket API, REST.
    ExecuteApi,
    /// Lambda, REST.
    Lambda,
    /// Other people's services: identity providers.
    Outside,
}

impl Service {
    /// As in the name of an operation, `DynamoDB.PutItem`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Sqs => "SQS",
            Self::Ses => "SES",
            Self::Kms => "KMS",
            Self::SecretsManager => "SecretsManager",
            Self::S3 => "S3",
            Self::Sns => "SNS",
            Self::ExecuteApi => "ExecuteApi",
            Self::Lambda => "Lambda",
            Self::Outside => "Outside",
        }
    }

    /// As in an IAM action, `dynamodb:PutItem`.
    pub const fn iam(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Sqs => "sqs",
            Self::Ses => "ses",
            Self::Kms => "kms",
            Self::SecretsManager => "secretsmanager",
            Self::S3 => "s3",
            Self::Sns => "sns",
            Self::ExecuteApi => "execute-api",
            Self::Lambda => "lambda",
            Self::Outside => "outside",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::DynamoDb | Self::Sqs => "application/x-amz-json-1.0",
            Self::Kms | Self::SecretsManager => "application/x-amz-json-1.1",
            Self::S3 | Self::Sns => "application/xml",
            Self::Ses | Self::ExecuteApi | Self::Lambda | Self::Outside => "application/json",
        }
    }

    /// An answer with a JSON body.
    pub(super) fn answer(self, status: u16, body: Vec<u8>) -> Response {
        let headers = vec![("content-type".to_owned(), self.content_type().to_owned())];
        Response {
            status,
            headers,
            body,
        }
    }

    /// A successful answer.
    pub(super) fn ok(self, body: &Value) -> Response {
        self.answer(200, body.to_string().into_bytes())
    }

    /// An error in the shape of this service.
    pub(super) fn error(self, status: u16, code: &str, message: &str) -> Response {
        if self == Self::S3 {
            return super::s3::refusal(status, code, message);
        }
        if self == Self::Sns {
            return super::sns::refusal(status, code, message);
        }
        let body = json!({ "__type": code, "message": message });
        let mut response = self.answer(status, body.to_string().into_bytes());
        response
            .headers
            .push(("x-amzn-errortype".to_owned(), code.to_owned()));
        response
    }

    /// The answer to an operation that Pairly does not use.
    pub(super) fn unknown(self, operation: &str) -> Response {
        let message = format!(
            "the local cloud does not answer {}.{operation}",
            self.label()
        );
        self.error(400, "UnknownOperationException", &message)
    }
}

/// Reads a JSON body.
pub(super) fn parse(service: Service, body: &[u8]) -> Result<Value, Response> {
    serde_json::from_slice(body)
        .map_err(|cause| service.error(400, "SerializationException", &cause.to_string()))
}

/// Decodes percent-encoding; what is malformed stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
