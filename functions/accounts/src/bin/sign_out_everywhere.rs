//! Ends all of the caller's sessions, this one too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::accounts::sessions;
use shared::http::{Body, Json, Member};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/auth/logout-all" => sign_out_everywhere);

/// Nothing to say.
#[derive(Deserialize, JsonSchema)]
struct Everywhere {}

/// How many ended.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Ended {
    revoked: usize,
}

async fn sign_out_everywhere(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Body(_): Body<Everywhere>,
) -> Result<Json<Ended>> {
    let revoked = sessions::revoke_all(&table, &me, clock.now()).await?;
    Ok(Json(Ended { revoked }))
}
