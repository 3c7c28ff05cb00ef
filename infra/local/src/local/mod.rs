//! Paths that only exist locally: the pages, `/_local` for people, scripts and tests, and `/_aws`
//! for functions that run in other processes.

pub mod objects;
mod outbox;
mod page;

use serde_json::{Value, json};
use shared::time::SECOND_MS;

use crate::cloud;
use crate::gateway::{HttpRequest, HttpResponse, percent_decode};
use crate::runtime::{Failure, Local};

/// Function name under which other processes appear to the services.
const EXTERNAL: &str = "external";
/// Longest jump of the clock in one request: ten years.
const ADVANCE_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// Answers everything that arrives on the HTTP port.
pub async fn answer(local: &Local, request: HttpRequest) -> HttpResponse {
    let path = request.path();
    let own = path == "/_local" || path.starts_with("/_local/") || path.starts_with("/_aws");
    if own && !is_neighbour(local, &request) {
        return HttpResponse::refusal(403, "Forbidden");
    }
    match (request.method.as_str(), path) {
        ("GET" | "HEAD", "/") => html(page::PEOPLE.to_owned()),
        ("GET" | "HEAD", "/reset-password") => html(page::RESET.to_owned()),
        ("GET" | "HEAD", "/admin") => html(page::ADMIN.to_owned()),
        (_, path) if path == "/_aws" || path.starts_with("/_aws/") => aws(local, request).await,
        (_, path) if path.starts_with(objects::PATH) => objects::answer(local, request),
        (_, path) if own && !path.starts_with("/_aws") => paths(local, &request).await,
        _ => local.http(request).await,
    }
}

/// Whether the caller is on this machine and no foreign web page: these paths give away keys.
fn is_neighbour(local: &Local, request: &HttpRequest) -> bool {
    let host = request.header("host").unwrap_or("127.0.0.1");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let origins = &local.config().origins;
    let origin = request.header("origin");
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
        && origin.is_none_or(|origin| origins.iter().any(|known| known == origin))
}

fn html(text: String) -> HttpResponse {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
    ];
    let headers = headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    HttpResponse {
        status: 200,
        headers,
        body: text.into_bytes(),
    }
}

async fn aws(local: &Local, request: HttpRequest) -> HttpResponse {
    let uri = request.target.strip_prefix("/_aws").unwrap_or_default();
    let uri = match uri.strip_prefix("/outside/") {
        Some(address) => format!("https://{address}"),
        None if uri.starts_with('/') => uri.to_owned(),
        None => format!("/{uri}"),
    };
    let function = caller(local, &request);
    let request = cloud::Request {
        method: request.method,
        uri,
        headers: request.headers,
        body: request.body,
    };
    let answer = local.cloud().answer(function, request).await;
    HttpResponse {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
    }
}

/// The function that calls, by the name in its user agent: its role holds over there, too.
fn caller(local: &Local, request: &HttpRequest) -> &'static str {
    let agent = request.header("user-agent").unwrap_or_default();
    let name = agent.split(' ').find_map(|part| part.strip_prefix("app/"));
    let mut functions = local.functions().iter().map(|function| function.name);
    let known = functions.find(|known| Some(*known) == name);
    known.unwrap_or(EXTERNAL)
}

async fn paths(local: &Local, request: &HttpRequest) -> HttpResponse {
    let path = request
        .path()
        .trim_start_matches("/_local")
        .trim_matches('/');
    match (request.method.as_str(), path) {
        ("GET", "") => HttpResponse::json(200, &overview(local)),
        ("GET", "clock") => clock(local),
        ("POST", "clock") => move_clock(local, &request.body).await,
        ("GET", "backlog") => HttpResponse::json(200, &json!(local.cloud().backlog())),
        ("GET", "environment") => environment(local),
        ("GET", "outbox") => outbox::answer(local, request),
        (_, path) if path.starts_with("idp/") => crate::idp::page::answer(local, request),
        ("POST", "settle") => {
            local.settle().await;
            HttpResponse::empty(204)
        }
        ("POST", "reset") => match local.reset().await {
            Ok(()) => HttpResponse::empty(204),
            Err(cause) => error(500, "INTERNAL_ERROR", &cause),
        },
        ("POST", path) if path.starts_with("run/") => {
            let function = percent_decode(path.trim_start_matches("run/"));
            run(local, &function, &request.body).await
        }
        (_, "" | "backlog" | "clock" | "environment" | "outbox" | "settle" | "reset") => {
            error(405, "METHOD_NOT_ALLOWED", "This path has another method.")
        }
        _ => error(404, "NOT_FOUND", "There is no such local path."),
    }
}

fn error(status: u16, code: &str, message: &str) -> HttpResponse {
    HttpResponse::json(
        status,
        &json!({ "error": { "code": code, "message": message } }),
    )
}

/// What a person or a script needs to know first.
fn overview(local: &Local) -> Value {
    let config = local.config();
    json!({
        "http": config.public_url,
        "websocket": config.socket_url,
        "admin": config.public_url,
        "aws": format!("{}/_aws", config.public_url),
        "region": config.region,
        "people": local.people(),
        "admins": local.admins().list(),
    })
}

/// What functions in other processes need, as lines of an environment file.
fn environment(local: &Local) -> HttpResponse {
    let lines = local.environment().iter();
    let lines: String = lines
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    HttpResponse {
        status: 200,
        headers: vec![("content-type".into(), "text/plain; charset=utf-8".into())],
        body: lines.into_bytes(),
    }
}

fn clock(local: &Local) -> HttpResponse {
    HttpResponse::json(200, &json!({ "now": local.now() }))
}

async fn move_clock(local: &Local, body: &[u8]) -> HttpResponse {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body["advance_seconds"].as_i64() {
        Some(seconds @ 0..=ADVANCE_SECONDS_MAX) => {
            local.advance(seconds).await;
            clock(local)
        }
        _ => {
            let text = "`advance_seconds` must be a whole number from 0 to ten years.";
            error(422, "VALIDATION_FAILED", text)
        }
    }
}

async fn run(local: &Local, function: &str, body: &[u8]) -> HttpResponse {
    let event = match body {
        [] => json!({}),
        body => match serde_json::from_slice(body) {
            Ok(event) => event,
            Err(_) => return error(400, "MALFORMED_JSON", "The event is not JSON."),
        },
    };
    match local.run(function, event).await {
        Ok(result) => HttpResponse::json(200, &result),
        Err(None) => error(404, "NOT_FOUND", "There is no such function."),
        Err(Some(Failure::Failed(cause))) => error(500, "FUNCTION_FAILED", &cause),
        Err(Some(Failure::Died)) => error(500, "FUNCTION_DIED", "The function died."),
        Err(Some(Failure::TimedOut)) => error(504, "TIMEOUT", "The function took too long."),
    }
}

/// How far the clock moves is a matter of whole seconds.
const _: () = assert!(ADVANCE_SECONDS_MAX < i64::MAX / SECOND_MS);
