//! Gives the next pair of tokens for a refresh token, and finds stolen ones.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::{Guard, Renewer, TokenAnswer, sessions};
use shared::http::{Body, Json};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/refresh", alias "/auth/refresh" => refresh_session, limit: Refresh,
    faults: [REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, SESSION_EXPIRED, SESSION_REVOKED]);

/// The token of the last pair.
#[derive(Deserialize, JsonSchema)]
struct Pair {
    #[schemars(length(min = 1, max = 256))]
    refresh_token: String,
}

async fn refresh_session(
    desk: Renewer,
    guard: Guard,
    Body(pair): Body<Pair>,
) -> Result<Json<TokenAnswer>> {
    sessions::refresh(&desk, &guard, &pair.refresh_token)
        .await
        .map(Json)
}
