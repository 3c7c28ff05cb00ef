//! Where browsers reach the buckets: forms to upload, links to download. What comes here carries
//! its own signed permission, so anybody may call.

use crate::cloud::Request;
use crate::gateway::{HttpRequest, HttpResponse};
use crate::runtime::Local;

/// First part of every path here.
pub const PATH: &str = "/_objects";

/// Answers a form or a link.
pub fn answer(local: &Local, request: HttpRequest) -> HttpResponse {
    let path = request.path().to_owned();
    let rest = path.trim_start_matches(PATH).trim_start_matches('/');
    let (physical, _) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = format!("{}-", local.config().prefix);
    let Some(bucket) = physical.strip_prefix(&prefix) else {
        return HttpResponse::refusal(404, "There is no such bucket.");
    };
    let origin = request.header("origin").map(str::to_owned);
    let cloud = local.cloud();
    let answer = match request.method.as_str() {
        "POST" => {
            let kind = request
                .header("content-type")
                .unwrap_or_default()
                .to_owned();
            cloud.post_object(bucket, &kind, &request.body)
        }
        "GET" | "HEAD" => {
            let below = format!("{PATH}/{physical}");
            let request = Request {
                method: request.method,
                uri: request.target,
                headers: request.headers,
                body: Vec::new(),
            };
            cloud.follow_link(bucket, &below, &request)
        }
        _ => return HttpResponse::refusal(405, "This path has another method."),
    };
    let mut headers = answer.headers;
    // The bucket's CORS rule: the app's own origins, nobody else's pages.
    if let Some(origin) = origin.filter(|origin| local.config().origins.contains(origin)) {
        headers.push(("access-control-allow-origin".into(), origin));
        headers.push(("access-control-expose-headers".into(), "ETag".into()));
        headers.push(("vary".into(), "Origin".into()));
    }
    HttpResponse {
        status: answer.status,
        headers,
        body: answer.body,
    }
}
