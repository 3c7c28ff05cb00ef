//! Deletes a message for both or for the caller, and gives back the price of one not delivered.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::credits::Policies;
use shared::http::{Json, Member, Path, Query};
use shared::messaging::{Deleted, Deletion, Scope, Shelf, delete};
use shared::table::{Data, Ledger, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(DELETE "/api/v2/messages/{message_id}" => delete_message,
    faults: [NOT_SENDER, MESSAGE_NOT_FOUND]);

/// Which message.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    message_id: String,
}

/// For whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct For {
    /// `everyone` by default for the sender, `me` for the receiver.
    scope: Option<Scope>,
}

async fn delete_message(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Query(whom): Query<For>,
    policies: Policies,
    shelf: Shelf,
) -> Result<Json<Deleted>> {
    let refunds_unsent = policies.is_on("message.refund_unsent");
    let (user_id, scope, now) = (&*me.user_id, whom.scope, clock.now());
    let deletion = Deletion {
        user_id,
        scope,
        refunds_unsent,
        now,
    };
    Ok(Json(
        delete((&tables, &shelf), &me, &at.message_id, &deletion).await?,
    ))
}
