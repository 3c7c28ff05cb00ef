//! Deciding about an item: what follows for the content and for its author, the item and the row of
//! the log are one transaction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::{Measure, Measured, Warden};
use crate::admin::{Act, Clerk, Recorded, UsersAction, reason};
use crate::aws::dynamo::Missed;
use crate::desk::desk;
use crate::error::{
    Error, IDEMPOTENCY_IN_PROGRESS, MESSAGE_NOT_FOUND, Result, UNAVAILABLE, USER_NOT_FOUND,
    VALIDATION_FAILED,
};
use crate::http::check::invalid;
use crate::http::{Json, Once};
use crate::messaging::{Judged, Moderating, Moderation, Shelf};
use crate::moderation::{ItemState, ModerationItem, Resolution, Subject, known_item};
use crate::table::Commit;
use crate::time::Time;

/// Tries when others change content, person or item.
const TRIES_MAX: u32 = 8;

desk! {
    /// What deciding about an item needs, besides what an administrator has.
    Bench {
        warden: Warden = "Author, message, conversation, item.",
        shelf: Shelf = "Messages after a year of silence.",
    }
}

/// What is decided, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ItemVerdict {
    /// `ban` also needs the permission `users.action`.
    pub resolution: Resolution,
    /// End of a ban, in the future; for good without it.
    pub until: Option<Time>,
    /// 3–500 characters, for the audit log only.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

impl ItemVerdict {
    /// Whether it is possible at all; and why it was given.
    ///
    /// # Errors
    /// 422 `REASON_REQUIRED`, `VALIDATION_FAILED`; 403 `PERMISSION_DENIED`.
    async fn check(&self, admin: &Clerk) -> Result<String> {
        let why = reason(self.reason.as_deref(), 3)?;
        let is_ban = self.resolution == Resolution::Ban;
        if self
            .until
            .is_some_and(|until| !is_ban || until <= admin.now())
        {
            return Err(invalid(
                "/until",
                "range",
                "Must be the future end of a ban.",
            ));
        }
        if is_ban {
            admin.demand::<UsersAction>().await?;
        }
        Ok(why)
    }
}

/// What a decision led to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Resolved {
    /// Always `resolved`.
    pub state: ItemState,
    /// What happened to content and author, such as `message.blocked`.
    pub effects: Vec<&'static str>,
}

/// What follows from a decision, not yet written.
#[derive(Default)]
struct Effects {
    said: Vec<&'static str>,
    before: Value,
    after: Value,
    commit: Commit,
}

/// Decides about an item.
///
/// # Errors
/// 403 `PERMISSION_DENIED`; 404 `ITEM_NOT_FOUND`; 409 `CLAIMED_BY_OTHER`, `ITEM_RESOLVED`; 422
/// `REASON_REQUIRED`, `VALIDATION_FAILED` for a decision that this kind of content, or its state,
/// does not know; 503 when others were first too often.
pub async fn resolve(
    admin: &Clerk,
    desk: &Bench,
    once: &Once,
    item_id: &str,
    verdict: &ItemVerdict,
) -> Result<Recorded<Json<Resolved>>> {
    let why = &*verdict.check(admin).await?;
    for round in 1..=TRIES_MAX {
        let item = known_item(admin.tables(), item_id).await?;
        item.is_open_for(&admin.me().admin_id, admin.now())?;
        let effects = follow(admin, desk, &item, verdict).await?;
        let next = item.resolved(verdict.resolution, admin.now());
        let (mut before, mut after) = (effects.before, effects.after);
        (before["state"], after["state"]) = (json!(item.state), json!(next.state));
        after["resolution"] = json!(next.resolution);
        let act = Act::on("moderation_item", item_id)
            .changed(before, after)
            .noting("kind", item.kind.as_str())
            .noting("target", &*item.target_id)
            .noting("effects", json!(effects.said))
            .because(why);
        let answer = Json(Resolved {
            state: ItemState::Resolved,
            effects: effects.said,
        });
        let commit = effects.commit.with(next.commit());
        match admin.acts(once, &act, commit, answer).await {
            Err(Missed::Refused(refused)) if refused.fault.code != IDEMPOTENCY_IN_PROGRESS.code => {
                admin.tables().pause(round).await;
            }
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// Whether moderators know this decision for this kind. Content that has no home yet can only be
/// laid aside.
fn knows(kind: Subject, resolution: Resolution) -> bool {
    use Resolution::{Approve, Ban, Dismiss, Warn};
    match kind {
        Subject::Message => true,
        Subject::User => matches!(resolution, Dismiss | Approve | Warn | Ban),
        _ => resolution == Dismiss,
    }
}

/// The state of a message after a decision. One that is held back must be let go or blocked.
fn message_after(from: Moderation, resolution: Resolution) -> Moderation {
    let is_held = from == Moderation::Pending;
    match resolution {
        Resolution::Approve => Moderation::Approved,
        Resolution::Flag => Moderation::Flagged,
        Resolution::Block | Resolution::Remove | Resolution::Ban => Moderation::Blocked,
        Resolution::Dismiss if is_held => Moderation::Approved,
        Resolution::Warn if is_held => Moderation::Blocked,
        Resolution::Dismiss | Resolution::Warn => from,
    }
}

async fn follow(
    admin: &Clerk,
    desk: &Bench,
    item: &ModerationItem,
    verdict: &ItemVerdict,
) -> Result<Effects> {
    if !knows(item.kind, verdict.resolution) {
        return Err(unfit("This cannot be decided about content of this kind."));
    }
    let mut effects = Effects {
        before: json!({}),
        after: json!({}),
        ..Effects::default()
    };
    let author = match item.kind {
        Subject::Message => {
            effects
                .message((admin, &desk.shelf), item, verdict.resolution)
                .await?
        }
        Subject::User => Some(item.target_id.clone()),
        _ => None,
    };
    let measure = match verdict.resolution {
        Resolution::Warn => Measure::Warn,
        Resolution::Ban => Measure::Ban {
            until: verdict.until,
            notify: true,
        },
        _ => return Ok(effects),
    };
    let author = author.ok_or(USER_NOT_FOUND)?;
    match measure.decide(&desk.warden, &author, admin.now()).await {
        Ok(measured) => effects.person(measure, measured),
        // The author is being erased.
        Err(gone) if gone.is(&USER_NOT_FOUND) => {}
        Err(error) => return Err(error),
    }
    Ok(effects)
}

/// The refusal of a decision.
fn unfit(message: &str) -> Error {
    invalid("/resolution", "enum", message)
}

impl Effects {
    /// What follows for a message, and who wrote it. Nothing follows when nothing is left of it.
    async fn message(
        &mut self,
        (admin, shelf): (&Clerk, &Shelf),
        item: &ModerationItem,
        resolution: Resolution,
    ) -> Result<Option<String>> {
        let (message_id, now) = (&*item.target_id, admin.now());
        let at = Moderating {
            message_id,
            shelf: Some(shelf),
            now,
        };
        let to = |from| message_after(from, resolution);
        match at.choice(admin.tables(), &to).await {
            Ok(judged) => {
                let author = judged.before.sender_id.clone();
                self.content(judged);
                Ok(Some(author))
            }
            Err(gone) if gone.is(&MESSAGE_NOT_FOUND) => {
                let evidence = item.sealed_evidence.as_ref();
                Ok(evidence.map(|found| found.author_id.clone()))
            }
            Err(error) if error.is(&VALIDATION_FAILED) => Err(unfit(
                "This cannot be decided about a message in its state.",
            )),
            Err(error) => Err(error),
        }
    }

    fn content(&mut self, judged: Judged) {
        let (from, to) = (
            judged.before.moderation_status(),
            judged.message.moderation_status(),
        );
        if from != to {
            self.said.push(match to {
                Moderation::Approved => "message.approved",
                Moderation::Flagged => "message.flagged",
                Moderation::Blocked => "message.blocked",
                Moderation::Pending => "message.held",
            });
        }
        if judged.message.refunded && !judged.before.refunded {
            self.said.push("message.refunded");
        }
        self.before["moderation_status"] = json!(from);
        self.after["moderation_status"] = json!(to);
        self.add(judged.commit);
    }

    fn person(&mut self, measure: Measure, measured: Measured) {
        self.said.push(match measure {
            Measure::Warn => "user.warned",
            _ => "user.banned",
        });
        if measured.ended > 0 {
            self.said.push("user.sessions_ended");
        }
        for (told, account) in [
            (&mut self.before, &measured.before),
            (&mut self.after, &measured.after),
        ] {
            told["user_id"] = json!(account.user_id);
            told["user_status"] = json!(account.status);
            told["banned_until"] = json!(account.banned_until);
            told["warnings"] = json!(account.warnings);
        }
        self.add(measured.commit);
    }

    fn add(&mut self, commit: Commit) {
        self.commit = std::mem::take(&mut self.commit).with(commit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_back_is_let_go_or_blocked_by_every_decision() {
        use Resolution::{Approve, Ban, Block, Dismiss, Remove, Warn};
        for (resolution, to) in [
            (Dismiss, Moderation::Approved),
            (Approve, Moderation::Approved),
            (Block, Moderation::Blocked),
            (Remove, Moderation::Blocked),
            (Warn, Moderation::Blocked),
            (Ban, Moderation::Blocked),
        ] {
            assert_eq!(message_after(Moderation::Pending, resolution), to);
            assert!(Moderation::Pending.may_become(to));
        }
        let seen = |resolution| message_after(Moderation::Flagged, resolution);
        assert_eq!(seen(Dismiss), Moderation::Flagged);
        assert_eq!(seen(Warn), Moderation::Flagged);
        assert_eq!(seen(Approve), Moderation::Approved);
    }

    #[test]
    fn people_are_neither_flagged_nor_removed_and_unknown_content_is_only_laid_aside() {
        assert!(!knows(Subject::User, Resolution::Flag));
        assert!(!knows(Subject::User, Resolution::Remove));
        assert!(knows(Subject::User, Resolution::Ban));
        assert!(knows(Subject::Photo, Resolution::Dismiss));
        assert!(!knows(Subject::Photo, Resolution::Ban));
    }
}
