//! Shows a call with its course, what was booked for it, its quality and what the two said of it.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Act, CallsView, Recorded};
use shared::calls::oversight::{CallFile, inspect};
use shared::http::{Admin, Json, Path};
use shared::table::{Data, Ledger, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/calls/{call_id}" => view_call, severity: Notice,
    faults: [CALL_NOT_FOUND]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

async fn view_call(
    admin: Admin<CallsView>,
    tables: Table<(Read<Data>, Read<Ledger>)>,
    Path(At { call_id }): Path<At>,
) -> Result<Recorded<Json<CallFile>>> {
    let file = inspect(&tables, &call_id, admin.now()).await?;
    let (caller, receiver) = (&file.call.call.caller_id, &file.call.call.receiver_id);
    let act = Act::on("call", call_id)
        .noting("caller_id", &**caller)
        .noting("receiver_id", &**receiver);
    admin.shows(&act, Json(file)).await
}
