//! Lists the calls of a person, newest first, with what they cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::accounts::Account;
use shared::admin::{Act, CallsView, Recorded};
use shared::calls::oversight::{AdminCall, calls_of};
use shared::error::USER_NOT_FOUND;
use shared::http::{Admin, Json, Pages, Path, Query};
use shared::page::admin_limit_of;
use shared::table::{Data, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/calls/user/{user_id}/history" => list_user_calls, severity: Notice,
    faults: [USER_NOT_FOUND, INVALID_CURSOR]);

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
struct Whose {
    user_id: String,
}

/// Which page.
#[derive(Debug, Deserialize, JsonSchema)]
struct Page {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

/// Calls of a person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct UserCalls {
    calls: Vec<AdminCall>,
    next_cursor: Option<String>,
    limit: usize,
}

async fn list_user_calls(
    admin: Admin<CallsView>,
    tables: Table<Read<Data>>,
    Path(Whose { user_id }): Path<Whose>,
    Query(page): Query<Page>,
    pages: Pages,
) -> Result<Recorded<Json<UserCalls>>> {
    let (limit, _) = admin_limit_of(page.limit)?;
    let after = pages.open(&user_id, page.cursor.as_deref())?;
    let known: Option<Account> = tables.get(&Account::key_of(&user_id)).await?;
    known.ok_or(USER_NOT_FOUND)?;
    let (calls, next) = calls_of(&tables, &user_id, (after, limit), admin.now()).await?;
    let next_cursor = pages.seal(&user_id, next.as_ref());
    let answer = UserCalls {
        calls,
        next_cursor,
        limit,
    };
    let act = Act::on("user", user_id);
    admin.shows(&act, Json(answer)).await
}
