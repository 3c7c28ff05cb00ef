//! Takes a phone of the caller away: it is pushed to no more.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Member, NoContent, Path};
use shared::notifications::remove_target;
use shared::table::{Data, Write};
use shared::{Result, Table, endpoint};

endpoint!(DELETE "/api/v2/notifications/devices/{target_id}" => remove_push_target,
    faults: [NOT_FOUND]);

/// Which phone.
#[derive(Deserialize, JsonSchema)]
struct At {
    target_id: String,
}

async fn remove_push_target(
    table: Table<Write<Data>>,
    Member(me): Member,
    Path(at): Path<At>,
) -> Result<NoContent> {
    remove_target(&table, &me.user_id, &at.target_id).await?;
    Ok(NoContent)
}
