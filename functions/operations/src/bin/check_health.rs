//! Says how every dependency is; only the required ones turn the answer to 503.

use shared::http::Status;
use shared::operations::health::{FeatureProbes, Probes, Report};
use shared::{Clock, Result, endpoint};

endpoint!(GET "/api/health", alias "/health" => check_health, limit: None);

async fn check_health(
    clock: Clock,
    probes: Probes,
    features: FeatureProbes,
) -> Result<Status<Report>> {
    let mut checks = probes.required().await;
    checks.extend(features.all().await);
    let report = Report::of(checks, clock.now(), Some(env!("CARGO_PKG_VERSION")));
    Ok(Status(report.http_status(), report))
}
