//! Takes a report of how the call sounds at one end; the call keeps the worse of both medians.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::calls::{CallQuality, Report, report};
use shared::http::{Body, Json, Member, Once, Path, Rate};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/stats" => report_call_quality, limit: Quality,
    faults: [CALL_NOT_FOUND, CALL_ENDED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// How the call sounds so far.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Sounds {
    quality: CallQuality,
}

async fn report_call_quality(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Body(sample): Body<Report>,
    once: Once,
    rate: Rate,
) -> Result<Json<Sounds>> {
    let which = (&me, at.call_id.as_str());
    let (heard, commit) = report(&table, which, sample, &rate, clock.now()).await?;
    let told = Json(Sounds {
        quality: heard.quality,
    });
    // First, because whoever asks again gets the stored answer and nothing else.
    heard.note(&table, clock.now()).await?;
    Ok(once.commit(&table, commit, told).await?)
}
