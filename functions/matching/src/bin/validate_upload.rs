//! Looks at an uploaded file: makes media of it, without anything but its content, or rejects it.

use shared::aws::objects::{Media, Objects};
use shared::matching::uploads::{self, Event};
use shared::table::{Data, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("uploads" => validate_upload);

async fn validate_upload(
    table: Table<Write<Data>>,
    objects: Objects<Media>,
    clock: Clock,
    Job(event): Job<Event>,
) -> Result<()> {
    uploads::validate(&table, &objects, &clock, &event).await
}
