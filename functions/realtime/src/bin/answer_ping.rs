//! Answers a ping, which keeps the connection and counts as activity.

use shared::http::limit::touch;
use shared::http::{Body, Json, OnSocket};
use shared::realtime::{Ping, Pong};
use shared::table::{Live, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(frame "ping" => answer_ping, faults: [NOT_READY]);

async fn answer_ping(
    table: Table<Write<Live>>,
    clock: Clock,
    OnSocket(me): OnSocket,
    Body(ping): Body<Ping>,
) -> Result<Json<Pong>> {
    let now = clock.now();
    touch(&table, &me.user_id, me.slot(), now).await?;
    Ok(Json(Pong::to(&ping, now)))
}
