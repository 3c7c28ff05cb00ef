//! Gives a form with which a client uploads one file straight to the bucket.

use shared::aws::objects::Media;
use shared::aws::presigned::Forms;
use shared::http::{Body, Created, Member};
use shared::matching::uploads::{self, NewUpload, UploadForm};
use shared::table::{Data, Write};
use shared::{Clock, Ids, Result, Table, endpoint};

endpoint!(POST "/api/v2/uploads", alias "/uploads" => create_upload, limit: Upload,
    faults: [FEATURE_DISABLED, FILE_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE]);

async fn create_upload(
    table: Table<Write<Data>>,
    forms: Forms<Media>,
    clock: Clock,
    ids: Ids,
    Member(me): Member,
    Body(new): Body<NewUpload>,
) -> Result<Created<UploadForm>> {
    let place = (&*me.user_id, ids.new_id("upl"));
    let created = uploads::create(&table, &forms, place, new, clock.now()).await?;
    Ok(Created(created)) // no key: the answer is a permission of its own and lasts five minutes
}
