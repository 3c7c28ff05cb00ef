//! Shows a run that somebody asked for: how it stands and what it counted.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Act, OpsView, Recorded};
use shared::http::{Admin, Json, Path};
use shared::operations::{JobRun, RunView};
use shared::table::{Data, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/runs/{run_id}" => get_run, severity: Info, faults: [RUN_NOT_FOUND]);

/// Which run.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    run_id: String,
}

async fn get_run(
    admin: Admin<OpsView>,
    table: Table<Read<Data>>,
    Path(at): Path<At>,
) -> Result<Recorded<Json<RunView>>> {
    let run = JobRun::load(&table, &at.run_id).await?;
    admin
        .shows(&Act::on("run", at.run_id), Json(RunView::from(run)))
        .await
}
