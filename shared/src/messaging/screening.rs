//! Detectors in the path of a message: what they say of it, and what is written for that.

use serde_json::json;

use super::message::{Message, Moderation};
use super::send::{Ground, NewMessage};
use crate::credits::Texts;
use crate::error::{CONTENT_REJECTED, Result};
use crate::moderation::{
    Known, Look, ModerationItem, Outcome, Subject, Verdict, evidence_of, look,
};
use crate::table::Commit;
use crate::time::Time;

/// What detectors have to go by.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// What the text tells.
    pub look: Look,
    /// Whether media are attached.
    pub has_media: bool,
}

impl Scene {
    /// What a message tells by itself.
    pub fn of(new: &NewMessage) -> Self {
        Self {
            look: look(&new.content),
            has_media: !new.attachments.is_empty(),
        }
    }

    /// Whether it matters who the sender is; not for nearly all messages, which cost no read.
    pub(super) fn asks_standing(&self) -> bool {
        self.has_media || self.look.asks_age()
    }
}

impl Ground {
    /// What detectors say, and what was written to new people of this hour with this text.
    ///
    /// # Errors
    /// 422 `CONTENT_REJECTED` with the rule.
    pub(super) fn screened(&self, is_first: bool, now: Time) -> Result<(Verdict, Texts)> {
        let mut texts = self.wallet.texts.at(&self.wallet.contacts, now);
        let copies = match is_first {
            true => texts.add(self.scene.look.digest),
            false => 0,
        };
        let standing = self.admission.standing.as_ref();
        let known = Known {
            age_ms: standing.map(|who| now.since(who.created_at)),
            trust: standing.map(|who| who.trust),
            has_media: self.scene.has_media,
        };
        let verdict = self.scene.look.verdict(known, copies);
        match (verdict.outcome, verdict.findings.first()) {
            (Outcome::Reject, Some(finding)) => {
                Err(CONTENT_REJECTED.with(json!({ "rule": finding.rule })))
            }
            _ => Ok((verdict, texts)),
        }
    }
}

/// The state of a new message; none when it is approved.
pub(super) fn state_of(verdict: &Verdict) -> Option<Moderation> {
    match verdict.outcome {
        Outcome::Allow | Outcome::Reject => None,
        Outcome::Flag => Some(Moderation::Flagged),
        Outcome::Hold => Some(Moderation::Pending),
    }
}

/// The queue item of a new message, if somebody has to look at it.
///
/// # Errors
/// 500 when the row is no message's.
pub(super) fn queued(message: &Message, verdict: &Verdict, now: Time) -> Result<Commit> {
    if verdict.outcome == Outcome::Allow {
        return Ok(Commit::new());
    }
    let item = ModerationItem::open(Subject::Message, message.id()?, &verdict.findings, now);
    // The message is new, and its row guards the item's: nobody else can have opened it.
    Ok(Commit::new().put(&item.sealing(evidence_of(message)?)))
}
