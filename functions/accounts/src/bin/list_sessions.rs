//! Lists where the caller is signed in.

use schemars::JsonSchema;
use serde::Serialize;
use shared::accounts::sessions::{self, SessionView};
use shared::http::{Json, Member};
use shared::table::{Data, Live, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/auth/sessions" => list_sessions);

/// All live sessions, at most 20.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Sessions {
    sessions: Vec<SessionView>,
}

async fn list_sessions(
    table: Table<(Read<Data>, Read<Live>)>,
    clock: Clock,
    Member(me): Member,
) -> Result<Json<Sessions>> {
    let sessions = sessions::list(&table, &me, clock.now()).await?;
    Ok(Json(Sessions { sessions }))
}
