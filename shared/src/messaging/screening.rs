//! Detectors in the path of a message: what they say of it, and what is written for that.

use serde_json::json;

use super::message::{Message, Moderation};
use super::send::Ground;
use crate::credits::Texts;
use crate::error::{CONTENT_REJECTED, Result};
use crate::moderation::{Known, Look, ModerationItem, Outcome, Subject, Verdict, evidence_of};
use crate::table::Commit;
use crate::time::Time;

/// What detectors have to go by.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// What the text tells.
    pub look: Look,
    /// What is known of the sender.
    pub known: Known,
}

impl Scene {
    /// What happens to the message; `copies` as in [`Look::verdict`].
    ///
    /// # Errors
    /// 422 `CONTENT_REJECTED` with the rule.
    pub(super) fn verdict(&self, copies: usize) -> Result<Verdict> {
        let verdict = self.look.verdict(self.known, copies);
        match (verdict.outcome, verdict.findings.first()) {
            (Outcome::Reject, Some(finding)) => {
                Err(CONTENT_REJECTED.with(json!({ "rule": finding.rule })))
            }
            _ => Ok(verdict),
        }
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
        Ok((self.scene.verdict(copies)?, texts))
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
