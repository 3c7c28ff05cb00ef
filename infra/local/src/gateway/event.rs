//! Events in the shapes of API Gateway, and what functions answer to them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use shared::Time;

use super::admins::Principal;
use super::route::Match;
use super::{HttpRequest, HttpResponse, percent_decode};

/// Account of everything local.
pub const ACCOUNT: &str = "000000000000";
const API: &str = "local";
const STAGE: &str = "$default";

/// The event of an HTTP API, payload format 2.0.
pub fn http(
    request: &HttpRequest,
    found: &Match,
    request_id: &str,
    now: Time,
    signer: Option<&Principal>,
) -> Value {
    let (body, encoded) = body_of(request);
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.key,
        "rawPath": request.path(),
        "rawQueryString": request.query(),
        "headers": headers_of(&request.headers),
        "requestContext": context(request, found, request_id, now),
        "isBase64Encoded": encoded,
    });
    let query = query_of(request.query());
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query);
    }
    if !found.parameters.is_empty() {
        event["pathParameters"] = json!(found.parameters);
    }
    if let Some(body) = body {
        event["body"] = Value::String(body);
    }
    let cookies: Vec<&str> = cookies_of(request);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if let Some(signer) = signer {
        event["requestContext"]["authorizer"] = json!({ "iam": {
            "accessKey": signer.access_key_id,
            "accountId": ACCOUNT,
            "callerId": format!("{}:{}", signer.access_key_id, signer.session_name),
            "userArn": signer.arn,
            "userId": format!("{}:{}", signer.access_key_id, signer.session_name),
            "principalOrgId": null,
            "cognitoIdentity": null,
        } });
    }
    event
}

fn context(request: &HttpRequest, found: &Match, request_id: &str, now: Time) -> Value {
    json!({
        "accountId": ACCOUNT,
        "apiId": API,
        "domainName": request.header("host").unwrap_or("127.0.0.1"),
        "domainPrefix": API,
        "http": {
            "method": request.method,
            "path": request.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent").unwrap_or_default(),
        },
        "requestId": request_id,
        "routeKey": found.key,
        "stage": STAGE,
        "time": log_time(now),
        "timeEpoch": now.ms(),
    })
}

/// Repeated headers become one, joined with commas, as API Gateway does.
fn headers_of(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if name == "cookie" {
            continue;
        }
        let joined = joined.entry(name).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(value);
    }
    joined
}

fn cookies_of(request: &HttpRequest) -> Vec<&str> {
    let cookies = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    cookies.flat_map(|(_, value)| value.split("; ")).collect()
}

fn query_of(query: &str) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |part: &str| percent_decode(&part.replace('+', " "));
        let joined = joined.entry(decode(name)).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&decode(value));
    }
    joined
}

/// Texts travel as they are, everything else in base 64.
fn body_of(request: &HttpRequest) -> (Option<String>, bool) {
    if request.body.is_empty() {
        return (None, false);
    }
    let kind = request
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let textual = [
        "text/",
        "application/json",
        "application/xml",
        "application/javascript",
    ];
    let text = textual.iter().any(|start| kind.starts_with(start)) || kind.contains("+json");
    match std::str::from_utf8(&request.body) {
        Ok(body) if text => (Some(body.to_owned()), false),
        _ => (Some(STANDARD.encode(&request.body)), true),
    }
}

/// The answer to a client from what the function returned.
pub fn answer(result: Value) -> HttpResponse {
    let Some(status) = result["statusCode"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok())
    else {
        return HttpResponse::json(200, &result);
    };
    let mut headers = Vec::new();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    for (name, value) in result["headers"].as_object().into_iter().flatten() {
        headers.push((name.to_ascii_lowercase(), text(value)));
    }
    for (name, values) in result["multiValueHeaders"]
        .as_object()
        .into_iter()
        .flatten()
    {
        for value in values.as_array().into_iter().flatten() {
            headers.push((name.to_ascii_lowercase(), text(value)));
        }
    }
    for cookie in result["cookies"].as_array().into_iter().flatten() {
        headers.push(("set-cookie".into(), text(cookie)));
    }
    let body = result["body"].as_str().unwrap_or_default();
    let body = if result["isBase64Encoded"].as_bool() == Some(true) {
        STANDARD.decode(body).unwrap_or_default()
    } else {
        body.as_bytes().to_vec()
    };
    HttpResponse {
        status,
        headers,
        body,
    }
}

/// One connection, as every event of the WebSocket API names it.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Id of the connection.
    pub connection_id: String,
    /// When it was opened.
    pub connected_at: Time,
    /// Address of the client.
    pub source_ip: String,
    /// `user-agent` of the handshake.
    pub user_agent: String,
    /// `host` of the handshake.
    pub domain: String,
}

/// The event of a handshake.
pub fn connect(
    peer: &Peer,
    query: &str,
    headers: &[(String, String)],
    request_id: &str,
    now: Time,
) -> Value {
    let headers = headers_of(headers);
    let multi: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect();
    let mut event = json!({
        "headers": headers,
        "multiValueHeaders": multi,
        "requestContext": socket_context(peer, "$connect", "CONNECT", request_id, now),
        "isBase64Encoded": false,
    });
    let query = query_of(query);
    if !query.is_empty() {
        let multi: Map<String, Value> = query
            .iter()
            .map(|(name, value)| (name.clone(), json!([value])))
            .collect();
        event["queryStringParameters"] = json!(query);
        event["multiValueQueryStringParameters"] = Value::Object(multi);
    }
    event
}

/// The event of a client's frame.
pub fn message(peer: &Peer, route: &str, body: &str, request_id: &str, now: Time) -> Value {
    let mut context = socket_context(peer, route, "MESSAGE", request_id, now);
    context["messageId"] = json!(request_id);
    json!({ "requestContext": context, "body": body, "isBase64Encoded": false })
}

/// The event of a connection's end.
pub fn disconnect(peer: &Peer, code: u16, reason: &str, request_id: &str, now: Time) -> Value {
    let mut context = socket_context(peer, "$disconnect", "DISCONNECT", request_id, now);
    context["disconnectStatusCode"] = json!(code);
    context["disconnectReason"] = json!(reason);
    json!({ "requestContext": context, "isBase64Encoded": false })
}

fn socket_context(peer: &Peer, route: &str, kind: &str, request_id: &str, now: Time) -> Value {
    json!({
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestId": request_id,
        "requestTime": log_time(now),
        "requestTimeEpoch": now.ms(),
        "messageDirection": "IN",
        "stage": "live",
        "connectedAt": peer.connected_at.ms(),
        "connectionId": peer.connection_id,
        "domainName": peer.domain,
        "apiId": API,
        "identity": { "sourceIp": peer.source_ip, "userAgent": peer.user_agent },
    })
}

/// The event of a schedule.
pub fn schedule(function: &str, now: Time) -> Value {
    let text = now.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    json!({
        "version": "0",
        "id": format!("{:08x}-0000-4000-8000-000000000000", now.seconds() & 0xffff_ffff),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": format!("{seconds}Z"),
        "region": "us-east-1",
        "resources": [format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/pairly-{function}")],
        "detail": {},
    })
}

/// `12/Mar/2026:19:03:58 +0000`, the time of access logs.
fn log_time(now: Time) -> String {
    let text = now.to_string();
    let month = text
        .get(5..7)
        .and_then(|month| month.parse::<usize>().ok())
        .unwrap_or(1);
    let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let name = names.get(month.saturating_sub(1)).unwrap_or(&"Jan");
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!(
        "{}/{name}/{}:{} +0000",
        part(8..10),
        part(0..4),
        part(11..19)
    )
}
