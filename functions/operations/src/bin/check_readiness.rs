//! Says whether the dependencies that every request needs answer within two seconds.

use shared::http::Status;
use shared::operations::health::{Probes, Report};
use shared::{Clock, Result, endpoint};

endpoint!(GET "/api/ready", alias "/health/ready" => check_readiness, limit: None);

async fn check_readiness(clock: Clock, probes: Probes) -> Result<Status<Report>> {
    let report = Report::of(probes.required().await, clock.now(), None);
    Ok(Status(report.http_status(), report))
}
