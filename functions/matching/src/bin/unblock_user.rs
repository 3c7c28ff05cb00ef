//! Takes a block back.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Member, NoContent, Path};
use shared::matching::block::Blocking;
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(DELETE "/api/v2/blocks/{user_id}" => unblock_user, limit: Report,
    faults: [USER_NOT_FOUND]);

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
struct Blockee {
    user_id: String,
}

async fn unblock_user(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(whom): Path<Blockee>,
) -> Result<NoContent> {
    let (user_id, now) = (&*whom.user_id, clock.now());
    let me = &me;
    let blocking = Blocking { me, user_id, now };
    blocking.unblock(&table).await?;
    Ok(NoContent)
}
