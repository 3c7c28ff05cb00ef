//! Says what ringing somebody would cost and whether it may be done.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::calls::{CallType, Quote, quote};
use shared::credits::Policies;
use shared::http::{Json, Member, Query};
use shared::table::{Data, Ledger, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/calls/quote" => quote_call, faults: [USER_NOT_FOUND, CANNOT_TARGET_SELF]);

/// Whom, and how.
#[derive(Debug, Deserialize, JsonSchema)]
struct Planned {
    /// `usr_…`
    receiver_id: String,
    call_type: CallType,
}

async fn quote_call(
    tables: Table<(Read<Data>, Read<Ledger>)>,
    policies: Policies,
    Member(me): Member,
    Query(planned): Query<Planned>,
) -> Result<Json<Quote>> {
    let whom = (planned.receiver_id.as_str(), planned.call_type);
    Ok(Json(quote(&tables, &policies, &me, whom).await?))
}
