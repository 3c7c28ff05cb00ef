//! One call of a client, whichever way it came.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::check;
use super::event::HttpParts;
use super::limit::{Limit, Spent};
use crate::admin::{Approved, Clerk, Principal};
use crate::env::Env;
use crate::error::{BAD_FRAME, Error, Result, UNSUPPORTED_API_VERSION, UNSUPPORTED_MEDIA_TYPE};
use crate::function::{AdminRoute, Take};
use crate::id::ulid_at;
use crate::table::Key;
use crate::time::Time;

/// Versions that `X-API-Version` may name.
const VERSIONS: [&str; 2] = ["v1", "v2"];
/// Bytes of a client message on a socket.
pub const FRAME_BYTES_MAX: usize = 32 * 1024;
/// Routes that take forms: a provider posts the person's browser back to us, as OAuth 2.0 Form Post
/// Response Mode has it. Everything else is JSON.
const FORMS: [&str; 2] = [
    "/api/v2/auth/oauth/{provider}/callback",
    "/auth/oauth/{provider}/callback",
];
/// Route of whatever no route of the HTTP APIs matches.
const UNKNOWN_ROUTE: &str = "$default";
/// Characters of a client's `User-Agent` that are kept.
const AGENT_CHARS_MAX: usize = 256;
/// Characters of a client's frame id.
const FRAME_ID_CHARS_MAX: usize = 64;

/// A call over HTTP or a frame of a socket.
#[derive(Debug, Default)]
pub struct Call {
    /// Function that serves it.
    pub function: &'static str,
    /// Rate class of the operation.
    pub limit: Limit,
    /// Id of the request, the caller's own if it was well formed.
    pub request_id: String,
    /// Instant at which it arrived.
    pub now: Time,
    /// HTTP method; empty for frames.
    pub method: String,
    /// Route template such as `/api/v2/messages/{message_id}`, or the frame type.
    pub route: String,
    /// Path as called.
    pub path: String,
    /// Path parameters.
    pub params: HashMap<String, String>,
    /// Query string as called.
    pub query: String,
    /// Headers by lower-case name.
    pub headers: HashMap<String, String>,
    /// JSON body, or `data` of the frame; taken by [`super::Body`].
    pub body: Value,
    /// SHA-256 of the canonical body and the path, for idempotency.
    pub fingerprint: [u8; 32],
    /// Scope of the idempotency key, once it was looked up in vain.
    pub once: Option<String>,
    /// Address of the client as the gateway saw it.
    pub address: String,
    /// The socket, when it is a frame.
    pub socket: Option<SocketCall>,
    /// Accepted API version.
    pub version: &'static str,
    /// What the rate limit said, for the headers.
    pub spent: Spent,
    /// Who signed it, as the gateway's authorizer says; nothing that a client sends counts.
    pub principal: Option<Principal>,
    /// The approval under which it is made, as `decide_approval` says.
    pub approved: Option<Approved>,
    /// What the route demands, if it is one of the admin API.
    pub admin: Option<&'static AdminRoute>,
    /// Who acts for the admin, once known.
    pub clerk: Option<Arc<Clerk>>,
    /// The signed-in caller, once known.
    pub user_id: Option<String>,
    /// The caller's session, once known.
    pub session: Option<Key>,
    /// Until when the caller's limits refill at half the pace, as far as the session knows.
    pub slowed_until: Option<Time>,
}

/// The part of a call that only sockets have.
#[derive(Debug, Clone, Default)]
pub struct SocketCall {
    /// Connection id given by the gateway.
    pub connection_id: String,
    /// `CONNECT`, `MESSAGE` or `DISCONNECT`.
    pub event: String,
    /// Frame type.
    pub kind: String,
    /// The client's id of the frame, which the answer repeats as `ref`.
    pub reference: Option<String>,
    /// Instant of the connect.
    pub connected_at: Time,
}

impl Call {
    /// Reads an event of the HTTP API or of the WebSocket API. The call comes back also when it
    /// must be refused, so that the refusal carries its ids.
    pub fn read(env: &Env, event: Value, limit: Limit) -> (Self, Result<()>) {
        let mut call = Self {
            function: env.function(),
            limit,
            now: env.clock().now(),
            version: "v1",
            ..Self::default()
        };
        let read = if event["requestContext"]["connectionId"].is_string() {
            call.read_socket(&event)
        } else {
            call.read_http(event)
        };
        if call.request_id.is_empty() {
            let random = u128::from_be_bytes(env.ids().bytes());
            call.request_id = ulid_at(call.now, random);
        }
        (call, read)
    }

    fn read_http(&mut self, event: Value) -> Result<()> {
        self.principal = Principal::of(&event);
        self.approved = Approved::of(&event);
        let parts = HttpParts::of(event)?;
        (self.method, self.path, self.query) = (parts.method, parts.path, parts.query);
        (self.route, self.params, self.headers) = (parts.route, parts.params, parts.headers);
        self.address = parts.address;
        if let Some(id) = self.header("x-request-id").filter(|id| is_request_id(id)) {
            self.request_id = id.to_owned();
        }
        if let Some(version) = self.header("x-api-version") {
            let known = VERSIONS.iter().find(|known| **known == version);
            self.version = known.ok_or(&UNSUPPORTED_API_VERSION)?;
        }
        // Where nothing is served, nothing is wrong with the body.
        if self.route != UNKNOWN_ROUTE {
            self.body = self.json(&parts.body)?;
        }
        let path = serde_json::json!([self.path, self.query, without_secrets(&self.body)]);
        self.fingerprint = crate::crypto::sha256(&[check::canonical(&path).as_bytes()]);
        Ok(())
    }

    fn json(&self, body: &[u8]) -> Result<Value> {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let json = kind.eq_ignore_ascii_case("application/json");
        if body.is_empty() && (kind.is_empty() || json || self.method == "GET") {
            return Ok(Value::Null);
        }
        let form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        if form && self.method == "POST" && FORMS.contains(&self.route.as_str()) {
            return check::parse_form(body);
        }
        if !json && self.method != "GET" {
            let allowed = serde_json::json!({ "allowed": ["application/json"] });
            return Err(UNSUPPORTED_MEDIA_TYPE.with(allowed));
        }
        if self.method == "GET" {
            return Ok(Value::Null);
        }
        check::parse(body)
    }

    fn read_socket(&mut self, event: &Value) -> Result<()> {
        let context = &event["requestContext"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let connected = context["connectedAt"].as_i64().unwrap_or_default();
        let mut socket = SocketCall {
            connection_id: text(&context["connectionId"]),
            event: text(&context["eventType"]),
            kind: text(&context["routeKey"]),
            reference: None,
            connected_at: Time(connected),
        };
        self.route = text(&context["routeKey"]);
        self.address = text(&context["identity"]["sourceIp"]);
        let strings = |value: &Value| -> HashMap<String, String> {
            let pairs = value.as_object().into_iter().flatten();
            pairs
                .map(|(name, value)| (name.to_lowercase(), text(value)))
                .collect()
        };
        self.headers = strings(&event["headers"]);
        self.params = strings(&event["queryStringParameters"]);
        if socket.event != "MESSAGE" {
            self.socket = Some(socket);
            return Ok(());
        }
        let read = read_frame(event["body"].as_str().unwrap_or_default(), &mut socket);
        self.socket = Some(socket);
        self.body = read?;
        Ok(())
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether it came over a socket.
    pub fn is_frame(&self) -> bool {
        self.socket.is_some()
    }
}

/// Reads the envelope of a client frame into `socket` and returns its `data`.
fn read_frame(text: &str, socket: &mut SocketCall) -> Result<Value> {
    let bad = |rule: &str| -> Error { BAD_FRAME.with(serde_json::json!({ "reason": rule })) };
    if text.len() > FRAME_BYTES_MAX {
        return Err(bad("size"));
    }
    let mut frame = check::parse(text.as_bytes()).map_err(|_| bad("json"))?;
    let id = frame["id"].as_str().unwrap_or_default();
    let fits = (1..=FRAME_ID_CHARS_MAX).contains(&id.chars().count());
    if fits {
        socket.reference = Some(id.to_owned());
    }
    socket.kind = frame["type"].as_str().unwrap_or_default().to_owned();
    if !fits || frame["v"] != 1 || socket.kind.is_empty() {
        return Err(bad("envelope"));
    }
    Ok(frame["data"].take())
}

/// The body as it may be remembered: a stored hash of a password could be guessed offline.
fn without_secrets(body: &Value) -> Value {
    let mut kept = body.clone();
    if let Some(members) = kept.as_object_mut() {
        members.retain(|name, _| !name.contains("password"));
    }
    kept
}

fn is_request_id(id: &str) -> bool {
    (8..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Facts of the call that a handler may want: the request id and where it came from.
#[derive(Debug, Clone)]
pub struct Client {
    /// Request id, for what the call causes.
    pub request_id: String,
    /// Instant at which it arrived.
    pub now: Time,
    /// Address of the client.
    pub address: String,
    /// `User-Agent`, at most 256 characters.
    pub user_agent: String,
    /// `If-None-Match`, for cached reads.
    pub if_none_match: Option<String>,
    /// `If-Match`, for optimistic locking.
    pub if_match: Option<String>,
    /// The socket, when it is a frame.
    pub socket: Option<SocketCall>,
    /// Parameters of the query string of `$connect`.
    pub params: HashMap<String, String>,
    /// Whether `Accept` asks for JSON first, as an app does and a browser's navigation does not.
    pub wants_json: bool,
    /// `Origin`, when a browser calls.
    pub origin: Option<String>,
    /// Method and path as called.
    pub at: (String, String),
}

/// A program's name for itself, as it is shown to its person and to administrators: nothing at all
/// when it would turn the direction of what it stands in.
fn named(agent: &str) -> String {
    let start: String = agent.chars().take(AGENT_CHARS_MAX).collect();
    crate::text::name(&start).unwrap_or_default()
}

impl Take<Call> for Client {
    async fn take(_: &Env, call: &mut Call) -> Result<Self> {
        let agent = call.header("user-agent").unwrap_or_default();
        let header = |name: &str| call.header(name).map(str::to_owned);
        Ok(Self {
            request_id: call.request_id.clone(),
            now: call.now,
            address: call.address.clone(),
            user_agent: named(agent),
            if_none_match: header("if-none-match"),
            if_match: header("if-match"),
            socket: call.socket.clone(),
            params: call.params.clone(),
            wants_json: call
                .header("accept")
                .is_some_and(|accept| accept.trim_start().starts_with("application/json")),
            origin: header("origin"),
            at: (call.method.clone(), call.path.clone()),
        })
    }
}

/// Anybody: an operation without sign-in, limited per address (IPv6 by /64).
#[derive(Debug, Clone)]
pub struct Caller {
    /// `ip:` and the address that is counted.
    pub key: String,
}

impl Take<Call> for Caller {
    const GRANTS: &'static [&'static [crate::function::Grant]] =
        <crate::table::Table<crate::table::Keep<crate::table::Live>> as Take<Call>>::GRANTS;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let key = format!("ip:{}", counted(&call.address));
        super::limit::spend(env, call, &key, None).await?;
        Ok(Self { key })
    }
}

/// The part of an address that is counted: IPv4 whole, IPv6 by its /64.
pub fn counted(address: &str) -> String {
    match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(v4) => v4.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}
