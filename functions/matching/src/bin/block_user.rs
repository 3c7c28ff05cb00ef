//! Blocks somebody: at once, in every channel and in both directions.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Body, Created, Member, Once};
use shared::matching::block::{Blocked, Blocking};
use shared::table::{Data, Ledger, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/blocks" => block_user, limit: Report,
    faults: [USER_NOT_FOUND, CANNOT_TARGET_SELF]);

/// Whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct Whom {
    /// `usr_…`
    #[schemars(length(min = 1, max = 64))]
    user_id: String,
}

async fn block_user(
    table: Table<(Write<Data>, Write<Ledger>)>,
    clock: Clock,
    Member(me): Member,
    Body(whom): Body<Whom>,
    once: Once,
) -> Result<Created<Blocked>> {
    let (user_id, now) = (&*whom.user_id, clock.now());
    let me = &me;
    let blocking = Blocking { me, user_id, now };
    blocking.block(&table, &once, Created).await // a second time tells the first instant
}
