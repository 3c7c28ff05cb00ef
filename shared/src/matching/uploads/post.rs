//! The client's part: asking for a form, and saying that the file was posted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::media::MediaType;
use super::row::{State, UNFINISHED_MS, Upload, shard};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Media, Objects};
use crate::aws::presigned::{self, FORM_SECONDS, Forms};
use crate::error::{
    CORRUPT_IMAGE, FEATURE_DISABLED, FILE_TOO_LARGE, Result, UNSUPPORTED_MEDIA_TYPE,
    UPLOAD_NOT_FOUND,
};
use crate::id::is_id;
use crate::table::Commit;
use crate::time::Time;

/// What an upload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UploadKind")]
pub enum Purpose {
    /// A photo of the profile.
    Photo,
    /// An attachment of a message.
    MessageMedia,
    /// A picture of a post.
    PostMedia,
}

/// What a client wants to upload.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewUpload {
    /// What it is for; only `message_media` is switched on.
    pub kind: Purpose,
    /// Such as `image/jpeg`; the file must really be of this type.
    #[schemars(length(min = 1, max = 64))]
    pub content_type: String,
    /// Bytes.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub size_bytes: u64,
    /// Name to show, if messages give no other.
    #[schemars(length(min = 1, max = 128), extend("x-text" = "plain"))]
    pub file_name: Option<String>,
}

/// A permission to upload one file: all fields and then the file, as the field `file`, are posted
/// to the address as `multipart/form-data`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UploadForm {
    /// `upl_…`
    pub upload_id: String,
    /// Where to post.
    pub url: String,
    /// Fields of the form besides `file`.
    pub fields: BTreeMap<String, String>,
    /// How long the form works, seconds.
    pub expires_in: i64,
    /// Most bytes that are taken.
    pub max_bytes: u64,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UploadProgress {
    /// `ready`, or `validating` while a worker looks at it.
    pub state: State,
    /// What messages name, once it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
}

/// Begins an upload.
///
/// # Errors
/// 403 `FEATURE_DISABLED` for kinds that are not switched on; 415 `UNSUPPORTED_MEDIA_TYPE`; 413
/// `FILE_TOO_LARGE`.
pub async fn create(
    tables: &Tables,
    forms: &Forms<Media>,
    (user_id, upload_id): (&str, String),
    new: NewUpload,
    now: Time,
) -> Result<UploadForm> {
    if new.kind != Purpose::MessageMedia {
        return Err(FEATURE_DISABLED.with(json!({ "feature": new.kind })));
    }
    let media_type = MediaType::of(&new.content_type).ok_or(UNSUPPORTED_MEDIA_TYPE)?;
    let max_bytes = media_type.bytes_max();
    if new.size_bytes > max_bytes {
        return Err(FILE_TOO_LARGE.with(json!({ "max_bytes": max_bytes })));
    }
    let row = Upload {
        user_id: user_id.to_owned(),
        due_shard: Some(shard(&upload_id)),
        upload_id,
        purpose: new.kind,
        media_type,
        size_bytes: new.size_bytes,
        file_name: new.file_name,
        state: State::Created,
        reason: None,
        version: None,
        media: None,
        uses: 0,
        due_at: Some(now.plus(UNFINISHED_MS)),
        created_at: now,
        updated_at: now,
    };
    let upload = presigned::Upload {
        key: &row.incoming(),
        content_type: &new.content_type,
        bytes_max: max_bytes,
    };
    let form = forms.form(&upload, now);
    tables.commit(Commit::new().put(&row)).await?;
    Ok(UploadForm {
        upload_id: row.upload_id,
        url: form.url,
        fields: form.fields,
        expires_in: FORM_SECONDS,
        max_bytes,
    })
}

/// How far an upload is, after the client has posted the file. Asking again is harmless.
///
/// # Errors
/// 404 `UPLOAD_NOT_FOUND`, also for somebody else's; 409 `UPLOAD_STATE` while nothing was posted,
/// and for a rejected file; 400 `CORRUPT_IMAGE` for a rejected picture.
pub async fn complete(
    tables: &Tables,
    objects: &Objects<Media>,
    (user_id, upload_id): (&str, &str),
    now: Time,
) -> Result<UploadProgress> {
    let key = Upload::key_of(user_id, upload_id);
    if !is_id("upl", upload_id) {
        return Err(UPLOAD_NOT_FOUND.into());
    }
    let row: Option<Upload> = tables.get_consistent(&key).await?;
    let row = row.ok_or(UPLOAD_NOT_FOUND)?;
    match row.state {
        State::Ready => Ok(UploadProgress {
            state: State::Ready,
            media_id: Some(row.media_id()),
        }),
        State::Rejected if row.media_type.is_picture() => {
            Err(CORRUPT_IMAGE.with(json!({ "reason": row.reason })))
        }
        State::Rejected => Err(row.wrong_state()),
        State::Created if objects.about(&row.incoming()).await?.is_none() => Err(row.wrong_state()),
        State::Created => {
            let mut next = row.clone();
            (next.state, next.updated_at) = (State::Uploaded, now);
            match tables.commit(row.moved(&next)).await {
                // The worker was faster.
                Ok(()) | Err(Missed::Refused(_)) => Ok(validating()),
                Err(Missed::Failed(error)) => Err(error),
            }
        }
        State::Uploaded | State::Validating => Ok(validating()),
    }
}

fn validating() -> UploadProgress {
    UploadProgress {
        state: State::Validating,
        media_id: None,
    }
}
