//! Gives out credentials for the TURN server while a call of the caller is live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::calls::{Call, IceServer, TurnServers, life_seconds};
use shared::http::{Json, Member, Query};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/calls/turn-credentials" => get_turn_credentials, limit: Turn,
    faults: [CALL_NOT_FOUND, CALL_ENDED]);

/// For which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct For {
    call_id: String,
}

/// Servers and how long their credentials last.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct TurnAccess {
    ice_servers: Vec<IceServer>,
    ttl_seconds: i64,
}

async fn get_turn_credentials(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Query(wanted): Query<For>,
    turn: TurnServers,
) -> Result<Json<TurnAccess>> {
    let (call, now) = (Call::load(&table, &wanted.call_id).await?, clock.now());
    call.live_side(&me.user_id, now)?;
    Ok(Json(TurnAccess {
        ice_servers: turn.servers(&call, &me.user_id, now),
        ttl_seconds: life_seconds(&call, now),
    }))
}
