//! What API Gateway does in the cloud: routes, events, limits, CORS, signatures and sockets.
//!
//! - [`route`]: which function serves a request
//! - [`event`]: the events that API Gateway hands to functions, and their answers
//! - [`cors`]: preflights and the headers of cross-origin answers
//! - [`signature`]: AWS Signature Version 4 of admin requests
//! - [`admins`]: the local principals that may sign them
//! - [`connection`]: WebSocket connections without a network under them
//! - [`http`], [`socket`]: the servers that put all this on 127.0.0.1

pub mod admins;
pub mod client;
pub mod connection;
pub mod cors;
pub mod event;
pub mod http;
pub mod line;
pub mod route;
pub mod signature;
pub mod socket;

#[cfg(test)]
mod tests;

/// Largest request body, bytes.
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Largest request line and headers together, bytes.
pub const HEADERS_BYTES_MAX: usize = 10_240;
/// How long a function may take to answer a client, seconds.
pub const ANSWER_SECONDS_MAX: u64 = 29;

/// An HTTP request as the gateway receives it.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query as they were on the wire.
    pub target: String,
    /// Headers in order of arrival.
    pub headers: Vec<(String, String)>,
    /// Body, unread.
    pub body: Vec<u8>,
    /// Address of the client.
    pub source_ip: String,
}

impl HttpRequest {
    /// The path, still percent-encoded.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query after the question mark, still percent-encoded; empty without one.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Bytes of the request line and the headers, as the gateway counts them.
    pub fn head_bytes(&self) -> usize {
        let lines = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len());
        self.method.len() + self.target.len() + lines.sum::<usize>()
    }
}

/// The first header of this name, whatever its case.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// An HTTP answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpResponse {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
        }
    }

    /// The gateway's own short refusal: `{"message":"…"}`.
    pub fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "message": message }))
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// Turns `%41` into `A`; what is no valid escape stays as it is.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let value = pair.filter(|pair| !pair.starts_with('+'));
        match value.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) if byte == b'%' => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
