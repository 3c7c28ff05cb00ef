//! The HTTP server: puts the gateway and the local paths on 127.0.0.1.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use super::{BODY_BYTES_MAX, HttpRequest, HttpResponse};
use crate::runtime::Local;

/// Read further than the limit, so that a client that sends too much hears the refusal.
const READ_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;
/// Largest form that uploads a file: the largest file is a video of 100 MB.
const FORM_BYTES_MAX: usize = 120 * 1024 * 1024;

/// Serves until `stop` ends, then answers what it has begun.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    local: Local,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Header and body leave in two writes; Nagle's algorithm would add 40 ms between them.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(answer).with_state(local);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await
}

async fn answer(
    State(local): State<Local>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let is_form = target.starts_with(crate::local::objects::PATH);
    let bytes_max = if is_form {
        FORM_BYTES_MAX
    } else {
        READ_BYTES_MAX
    };
    let answer = match to_bytes(body, bytes_max).await {
        Ok(body) => {
            let request = HttpRequest {
                method: parts.method.as_str().to_owned(),
                target: target.to_owned(),
                headers: texts(&parts.headers),
                body: body.into(),
                source_ip: client.ip().to_string(),
            };
            crate::local::answer(&local, request).await
        }
        Err(_) => HttpResponse::refusal(413, "Request Entity Too Large"),
    };
    Ok(response(answer))
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

fn response(answer: HttpResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        // The length is the server's business; what is no header is left out.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value))
            && name != "content-length"
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}
