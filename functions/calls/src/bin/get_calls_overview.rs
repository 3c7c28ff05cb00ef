//! Gives figures over all calls, or over those that began on the days of a period.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::admin::{Act, AnalyticsView, Recorded};
use shared::calls::oversight::{Overview, overview};
use shared::http::{Admin, Json, Query};
use shared::table::{Data, Insight, Read, Write};
use shared::{Result, Table, Time, admin};

admin!(GET "/api/admin/calls/stats/overview" => get_calls_overview, severity: Info,
    faults: [INVALID_RANGE]);

/// Which days, in UTC.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct CallPeriod {
    /// An instant of the first day.
    from: Option<Time>,
    /// An instant of the last day.
    to: Option<Time>,
}

async fn get_calls_overview(
    admin: Admin<AnalyticsView>,
    tables: Table<(Read<Data>, Write<Insight>)>,
    Query(period): Query<CallPeriod>,
) -> Result<Recorded<Json<Overview>>> {
    let figures = overview(&tables, (period.from, period.to), admin.now()).await?;
    let act = Act::general().noting_all(&json!(period));
    admin.shows(&act, Json(figures)).await
}
