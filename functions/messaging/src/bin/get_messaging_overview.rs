//! Gives figures over all messages, or over those that were sent on the days of a period.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::admin::{Act, AnalyticsView, Recorded};
use shared::http::{Admin, Json, Query};
use shared::messaging::oversight::{Overview, overview};
use shared::table::{Insight, Write};
use shared::{Result, Table, Time, admin};

admin!(GET "/api/admin/messages/stats/overview" => get_messaging_overview, severity: Info,
    faults: [INVALID_RANGE]);

/// Which days, in UTC.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Period {
    /// An instant of the first day.
    from: Option<Time>,
    /// An instant of the last day.
    to: Option<Time>,
}

async fn get_messaging_overview(
    admin: Admin<AnalyticsView>,
    table: Table<Write<Insight>>,
    Query(period): Query<Period>,
) -> Result<Recorded<Json<Overview>>> {
    let figures = overview(&table, (period.from, period.to), admin.now()).await?;
    let act = Act::general().noting_all(&json!(period));
    admin.shows(&act, Json(figures)).await
}
