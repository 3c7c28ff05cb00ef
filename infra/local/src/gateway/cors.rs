//! CORS as API Gateway does it from its configuration: functions never see a preflight.

use super::{HttpRequest, HttpResponse};

/// Methods that a page of a listed origin may use.
pub const METHODS: &str = "GET, POST, PUT, PATCH, DELETE, OPTIONS";
/// Headers that it may send.
pub const HEADERS: &str = "authorization, content-type, idempotency-key, x-request-id, \
                       x-api-version, traceparent, if-match, if-none-match";
/// Headers that it may read.
pub const EXPOSED: &str = "ratelimit, ratelimit-policy, retry-after, x-request-id, etag, \
                       idempotent-replayed";
/// How long a browser may keep a preflight, seconds.
pub const AGE_SECONDS: u32 = 600;

/// The answer to a preflight; `None` when the request is none.
pub fn preflight(request: &HttpRequest, origins: &[String]) -> Option<HttpResponse> {
    let asks = request.header("access-control-request-method").is_some();
    if request.method != "OPTIONS" || !asks || request.header("origin").is_none() {
        return None;
    }
    let mut answer = HttpResponse::empty(204);
    answer.headers.push(("vary".into(), "Origin".into()));
    if let Some(origin) = listed(request, origins) {
        let age = AGE_SECONDS.to_string();
        let headers = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", METHODS),
            ("access-control-allow-headers", HEADERS),
            ("access-control-max-age", &age),
        ];
        answer
            .headers
            .extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    Some(answer)
}

/// Adds the headers of a cross-origin answer; whatever CORS headers a function sent are dropped.
pub fn expose(request: &HttpRequest, origins: &[String], answer: &mut HttpResponse) {
    answer
        .headers
        .retain(|(name, _)| !name.starts_with("access-control-"));
    let vary = answer
        .headers
        .iter()
        .any(|(name, value)| name == "vary" && value == "Origin");
    if !vary {
        answer.headers.push(("vary".into(), "Origin".into()));
    }
    if let Some(origin) = listed(request, origins) {
        answer
            .headers
            .push(("access-control-allow-origin".into(), origin.to_owned()));
        answer
            .headers
            .push(("access-control-expose-headers".into(), EXPOSED.to_owned()));
    }
}

fn listed<'a>(request: &'a HttpRequest, origins: &[String]) -> Option<&'a str> {
    request
        .header("origin")
        .filter(|origin| origins.iter().any(|known| known == origin))
}
