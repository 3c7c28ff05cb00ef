//! Lifts the bans whose end has passed.

use serde_json::json;
use shared::accounts::{Warden, lift_ended};
use shared::worker::Report;
use shared::{Clock, Result, schedule};

schedule!(every 300 => lift_bans);

async fn lift_bans(desk: Warden, clock: Clock) -> Result<Report> {
    let lifted = lift_ended(&desk, clock.now()).await?;
    Ok(Report(json!({ "lifted": lifted })))
}
