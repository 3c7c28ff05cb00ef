//! Taking a single message out of the archive.

use super::shelf::{object_of, range_of, read};
use crate::aws::objects::{Archive, Objects};
use crate::error::{INTERNAL_ERROR, Result};
use crate::messaging::head::Head;
use crate::messaging::message::Message;
use crate::table::Row;

/// Removes the archived copy of a message, if there is one.
///
/// # Errors
/// 503 when S3 does not answer.
pub async fn forget(objects: &Objects<Archive>, head: &Head, message: &Message) -> Result<()> {
    if message.seq > head.archived_seq {
        return Ok(());
    }
    let (id, range) = (&head.conversation_id, range_of(message.seq));
    let mut rows = read(objects, id, range).await?;
    if rows.remove(&message.seq).is_none() {
        return Ok(());
    }
    let list: Vec<&Row> = rows.values().collect();
    let body = serde_json::to_vec(&list).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    objects
        .put(&object_of(id, range), body, "application/json")
        .await
}
