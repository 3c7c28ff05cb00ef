//! Says how far an upload is once its file was posted: still looked at, ready, or refused.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::aws::objects::{Media, Objects};
use shared::http::{Body, Member, Path, Progress};
use shared::matching::uploads::{self, State, UploadProgress};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/uploads/{upload_id}/complete" => complete_upload,
    faults: [CORRUPT_IMAGE, UPLOAD_NOT_FOUND, UPLOAD_STATE]);

/// Which upload.
#[derive(Deserialize, JsonSchema)]
struct At {
    upload_id: String,
}

/// No fields.
#[derive(Deserialize, JsonSchema)]
struct Completion {}

async fn complete_upload(
    table: Table<Write<Data>>,
    objects: Objects<Media>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Body(_): Body<Completion>,
) -> Result<Progress<UploadProgress>> {
    let place = (&*me.user_id, &*at.upload_id);
    let completed = uploads::complete(&table, &objects, place, clock.now()).await?;
    Ok(match completed.state {
        State::Ready => Progress::Done(completed),
        _ => Progress::Running(completed),
    })
}
