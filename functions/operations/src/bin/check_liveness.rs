//! Says that the function answers; touches no dependency.

use schemars::JsonSchema;
use serde::Serialize;
use shared::http::Json;
use shared::{Clock, Result, Time, endpoint};

endpoint!(GET "/api/live", alias "/health/live" => check_liveness, limit: None);

/// Alive.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Liveness {
    status: &'static str,
    timestamp: Time,
}

async fn check_liveness(clock: Clock) -> Result<Json<Liveness>> {
    Ok(Json(Liveness {
        status: "ok",
        timestamp: clock.now(),
    }))
}
