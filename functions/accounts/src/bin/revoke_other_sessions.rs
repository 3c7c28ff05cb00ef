//! Ends all of the caller's sessions but this one.

use schemars::JsonSchema;
use serde::Serialize;
use shared::accounts::sessions;
use shared::http::{Json, Member};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(DELETE "/api/v2/auth/sessions" => revoke_other_sessions);

/// How many ended.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Revoked {
    revoked: usize,
}

async fn revoke_other_sessions(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
) -> Result<Json<Revoked>> {
    let revoked = sessions::revoke_others(&table, &me, clock.now()).await?;
    Ok(Json(Revoked { revoked }))
}
