//! Answers whatever no route matches: 404, or 405 where another method would match.

use shared::error::{METHOD_NOT_ALLOWED, NOT_FOUND};
use shared::http::{Caller, Client, NoContent};
use shared::operations::routes;
use shared::{Result, fallback};

fallback!(answer_unknown_route, faults: [NOT_FOUND, METHOD_NOT_ALLOWED]);

async fn answer_unknown_route(_: Caller, client: Client) -> Result<NoContent> {
    let (_, path) = &client.at;
    match routes::allowed(path) {
        Some(allow) => Err(METHOD_NOT_ALLOWED.with(serde_json::json!({ "allow": allow }))),
        None => Err(NOT_FOUND.into()),
    }
}
