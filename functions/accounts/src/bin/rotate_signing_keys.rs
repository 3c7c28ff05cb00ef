//! Replaces the key that signs access tokens by one that was published a day before.

use shared::accounts::{Rotator, rotate};
use shared::worker::Report;
use shared::{Result, schedule};

schedule!(every 604800 => rotate_signing_keys);

async fn rotate_signing_keys(desk: Rotator) -> Result<Report> {
    Ok(Report(rotate(&desk).await?.report()))
}
