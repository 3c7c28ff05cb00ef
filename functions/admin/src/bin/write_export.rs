//! Writes the file of an export that somebody asked for.

use shared::admin::ExportJob;
use shared::aws::objects::{Exports, Objects};
use shared::messaging::{Shelf, oversight};
use shared::table::{Data, Insight, Read, Write};
use shared::worker::Job;
use shared::{Result, Table, worker};

worker!("exports" => write_export);

async fn write_export(
    tables: Table<(Write<Data>, Read<Insight>)>,
    shelf: Shelf,
    objects: Objects<Exports>,
    Job(job): Job<ExportJob>,
) -> Result<()> {
    oversight::write_export((&tables, &shelf), &objects, &job).await
}
