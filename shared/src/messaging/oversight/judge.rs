//! Decisions of administrators about one message: each with its row in the audit log.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::remove::hard_delete;
use super::view::{AdminMessage, Viewer};
use crate::admin::{Act, Clerk, Recorded};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Archive, Objects};
use crate::error::{CONVERSATION_NOT_FOUND, Result, UNAVAILABLE};
use crate::http::{Json, Once};
use crate::messaging::address::conversation_id;
use crate::messaging::archive::Shelf;
use crate::messaging::head::Head;
use crate::messaging::message::Moderation;
use crate::messaging::moderating::Moderating;
use crate::messaging::outbox::TRIES_MAX;

/// A decision that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MessageJudged {
    /// Always true.
    pub success: bool,
    /// `msg_…`
    pub message_id: String,
    /// What moderation says now; none of a message that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moderation_status: Option<Moderation>,
}

/// A moderator's decision about a message.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 422 `VALIDATION_FAILED` for a step that does not exist; 503 when
/// others were first too often.
pub async fn moderate_as(
    admin: &Clerk,
    once: &Once,
    at: Moderating<'_>,
    (to, why): (Moderation, &str),
) -> Result<Recorded<Json<MessageJudged>>> {
    for round in 1..=TRIES_MAX {
        let mut judged = at.decision(admin.tables(), to).await?;
        let said = |moderation: Moderation| json!({ "moderation_status": moderation });
        let (before, after) = (&judged.before, &judged.message);
        let act = Act::on("message", at.message_id)
            .changed(
                said(before.moderation_status()),
                said(after.moderation_status()),
            )
            .noting("sender_id", &*after.sender_id)
            .noting("receiver_id", &*after.receiver_id)
            .because(why);
        let answer = Json(MessageJudged {
            success: true,
            message_id: at.message_id.to_owned(),
            moderation_status: Some(after.moderation_status()),
        });
        let commit = std::mem::take(&mut judged.commit);
        match admin.acts(once, &act, commit, answer).await {
            Err(Missed::Refused(_)) => admin.tables().pause(round).await,
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// Removes a message for good.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 403 `LEGAL_HOLD`; 503 when others were first too often.
pub async fn remove_as(
    admin: &Clerk,
    once: &Once,
    stores: (&Shelf, &Objects<Archive>),
    (message_id, why): (&str, &str),
) -> Result<Recorded<Json<MessageJudged>>> {
    for round in 1..=TRIES_MAX {
        let removal = hard_delete(admin.tables(), stores, message_id, admin.now()).await?;
        let message = &removal.message;
        let act = Act::on("message", message_id)
            .changed(json!({ "exists": true }), json!({ "exists": false }))
            .noting("sender_id", &*message.sender_id)
            .noting("receiver_id", &*message.receiver_id)
            .noting("seq", message.seq)
            .because(why);
        let answer = Json(MessageJudged {
            success: true,
            message_id: message_id.to_owned(),
            moderation_status: None,
        });
        match admin.acts(once, &act, removal.commit, answer).await {
            Err(Missed::Refused(_)) => admin.tables().pause(round).await,
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// Messages of two people below a number, newest first and in full, at most `limit`; and below
/// which number to go on.
///
/// # Errors
/// 404 `CONVERSATION_NOT_FOUND`; 503 when a service does not answer.
pub async fn read_conversation(
    (tables, shelf): (&Tables, &Shelf),
    (one, other): (&str, &str),
    below: Option<i64>,
    limit: usize,
) -> Result<(Vec<AdminMessage>, Option<i64>)> {
    let key = Head::key_of(&conversation_id(one, other));
    let head: Option<Head> = tables.get_consistent(&key).await?;
    let head = head.filter(|head| head.last_seq > 0);
    let head = head.ok_or(CONVERSATION_NOT_FOUND)?;
    let below = below.unwrap_or(head.last_seq + 1);
    let mut rows = shelf.chunk(tables, &head, (below, true), limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| last.seq);
    let viewer = Viewer { tables, full: true };
    Ok((viewer.show(&rows).await?, next))
}
