//! Lists policies with what they say now and all their versions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::admin::{Act, BillingView, Recorded};
use shared::credits::{PolicyHistory, policy_histories};
use shared::http::{Admin, Json, Pages, Query};
use shared::page::admin_limit_of;
use shared::table::{Data, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/policies" => list_policies, severity: Info, faults: [INVALID_CURSOR]);

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
struct PolicyFilter {
    /// Only this one.
    #[schemars(length(max = 64))]
    key: Option<String>,
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

/// Policies in the order of their keys.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PolicyList {
    policies: Vec<PolicyHistory>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_policies(
    admin: Admin<BillingView>,
    table: Table<Read<Data>>,
    Query(wish): Query<PolicyFilter>,
    pages: Pages,
) -> Result<Recorded<Json<PolicyList>>> {
    let (limit, lowered) = admin_limit_of(wish.limit)?;
    let (key, filters) = (wish.key.as_deref(), wish.key.clone().unwrap_or_default());
    let after: Option<String> = pages.open(&filters, wish.cursor.as_deref())?;
    let bounds = (limit + 1, admin.now());
    let mut policies = policy_histories(&table, key, after.as_deref(), bounds).await?;
    let more = policies.len() > limit;
    policies.truncate(limit);
    let last = policies.last().filter(|_| more).map(|last| &last.key);
    let listed = PolicyList {
        next_cursor: pages.seal(&filters, last),
        limit: lowered.then_some(limit),
        policies,
    };
    let act = Act::general().noting_all(&json!({ "key": key }));
    admin.shows(&act, Json(listed)).await
}
