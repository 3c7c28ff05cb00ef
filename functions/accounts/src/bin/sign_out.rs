//! Ends the caller's session; its tokens and sockets end with it.

use shared::accounts::{RevokeReason, sessions};
use shared::error::SESSION_NOT_FOUND;
use shared::http::{Body, Member, NoContent, Nothing};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/auth/logout", alias "/auth/logout" => sign_out);

async fn sign_out(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Body(_): Body<Nothing>,
) -> Result<NoContent> {
    let (mine, reason) = (me.session_id.as_str(), RevokeReason::SignOut);
    match sessions::revoke(&table, &me, mine, reason, clock.now()).await {
        // Another call ended it in the same instant.
        Err(error) if !error.is(&SESSION_NOT_FOUND) => Err(error),
        _ => Ok(NoContent),
    }
}
