//! The HTTP APIs without a network under them: limits, signatures, routes and answers.

use std::time::Duration;

use super::admins::Principal;
use super::route::Match;
use super::{ANSWER_SECONDS_MAX, BODY_BYTES_MAX, HEADERS_BYTES_MAX};
use super::{HttpRequest, HttpResponse, cors, event, signature};
use crate::runtime::{Failure, Local};

impl Local {
    /// Answers a request as the two HTTP APIs do.
    pub async fn http(&self, request: HttpRequest) -> HttpResponse {
        let timer = self.0.log.timer();
        let (answer, function) = self.gateway(&request).await;
        let what = format!("{} {}", request.method, request.path());
        self.0.log.line(
            self.now(),
            &timer,
            &what,
            &answer.status.to_string(),
            function,
        );
        answer
    }

    async fn gateway(&self, request: &HttpRequest) -> (HttpResponse, &'static str) {
        if request.head_bytes() > HEADERS_BYTES_MAX {
            return (
                HttpResponse::refusal(431, "Request Header Fields Too Large"),
                "-",
            );
        }
        if request.body.len() > BODY_BYTES_MAX {
            return (HttpResponse::refusal(413, "Request Entity Too Large"), "-");
        }
        let origins = &self.0.config.origins;
        if let Some(answer) = cors::preflight(request, origins) {
            return (answer, "-");
        }
        let (mut answer, function) = self.route(request).await;
        cors::expose(request, origins, &mut answer);
        (answer, function)
    }

    async fn route(&self, request: &HttpRequest) -> (HttpResponse, &'static str) {
        let signer = if is_admin(request.path()) {
            match self.signer(request) {
                Some(signer) => Some(signer),
                None => return (HttpResponse::refusal(403, "Forbidden"), "-"),
            }
        } else {
            None
        };
        let Some(found) = self.0.routes.find(&request.method, request.path()) else {
            return (HttpResponse::refusal(404, "Not Found"), "-");
        };
        (
            self.integrate(request, &found, signer).await,
            found.function.name,
        )
    }

    fn signer(&self, request: &HttpRequest) -> Option<&Principal> {
        let admins = &self.0.admins;
        let secret = |id: &str| {
            admins
                .of_key(id)
                .map(|admin| admin.secret_access_key.clone())
        };
        let id = signature::verify(request, &self.0.config.region, self.now(), secret)?;
        admins.of_key(id)
    }

    async fn integrate(
        &self,
        request: &HttpRequest,
        found: &Match,
        signer: Option<&Principal>,
    ) -> HttpResponse {
        let event = event::http(request, found, &self.fresh_id(), self.now(), signer);
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        match self.invoke(found.function, event, limit).await {
            Ok(result) => event::answer(result),
            Err(Failure::TimedOut) => HttpResponse::refusal(503, "Service Unavailable"),
            Err(_) => HttpResponse::refusal(500, "Internal Server Error"),
        }
    }
}

/// Whether the path belongs to the admin API; however it is spelled, because the check must not
/// be weaker than the routes behind it.
fn is_admin(path: &str) -> bool {
    let path = super::percent_decode(path);
    ["/api/admin", "/admin"].iter().any(|base| {
        path.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
