//! Writes the file of an export that somebody asked for.

use shared::admin::{Export, ExportJob, ExportKind};
use shared::aws::objects::{Exports, Objects};
use shared::messaging::{self, Shelf};
use shared::table::{Data, Insight, Read, Write};
use shared::worker::Job;
use shared::{Result, Table, calls, worker};

worker!("exports" => write_export);

async fn write_export(
    tables: Table<(Write<Data>, Read<Insight>)>,
    shelf: Shelf,
    objects: Objects<Exports>,
    Job(job): Job<ExportJob>,
) -> Result<()> {
    let Some(export) = Export::queued(&tables, &job).await? else {
        return Ok(());
    };
    let file = match export.kind {
        ExportKind::Messages => messaging::oversight::file_of((&tables, &shelf), &export).await?,
        ExportKind::Calls => calls::oversight::file_of(&tables, &export).await?,
    };
    export.store(&tables, &objects, file).await
}
