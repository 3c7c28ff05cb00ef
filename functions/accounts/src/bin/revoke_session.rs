//! Ends one of the caller's sessions.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::{RevokeReason, sessions};
use shared::http::{Member, NoContent, Path};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(DELETE "/api/v2/auth/sessions/{session_id}" => revoke_session,
    faults: [SESSION_NOT_FOUND]);

/// Which session.
#[derive(Deserialize, JsonSchema)]
struct At {
    session_id: String,
}

async fn revoke_session(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
) -> Result<NoContent> {
    let reason = RevokeReason::Revoked;
    sessions::revoke(&table, &me, &at.session_id, reason, clock.now()).await?;
    Ok(NoContent)
}
