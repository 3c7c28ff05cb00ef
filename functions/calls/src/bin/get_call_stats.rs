//! Counts the caller's calls, their billed minutes and what they cost.

use shared::calls::{CallStats, stats};
use shared::http::{Json, Member};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/calls/stats" => get_call_stats);

async fn get_call_stats(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
) -> Result<Json<CallStats>> {
    Ok(Json(stats(&table, &me.user_id, clock.now()).await?))
}
