//! What administrators do.

use serde_json::json;

use crate::histories::plan::Step;
use crate::histories::record::{Deed, Fate, Gift, Known};
use crate::histories::stage::{As, Ask, Stage};

/// What needs a second person, credits.
const TWO_PERSON_ABOVE: i64 = 10_000;

pub async fn happens(stage: &mut Stage, step: Step) {
    match step {
        Step::Ban { who, minutes } => bans(stage, who, minutes).await,
        Step::Unban { nth } => unbans(stage, nth).await,
        Step::Adjust {
            who,
            credits,
            approve,
        } => adjusts(stage, who, credits, approve).await,
        _ => {}
    }
}

/// An administrator does something to an object.
async fn does(
    stage: &mut Stage,
    (session, action): (&'static str, &'static str),
    target: &str,
    ask: Ask,
) -> Fate {
    let (admin, key) = (stage.admin(session), stage.unique("admin"));
    let fate = As::Admin(&admin).asks(&ask.under(key)).await;
    stage.note(&fate.word());
    stage.record.deeds.push(Deed {
        action,
        session,
        target: target.to_owned(),
        fate: fate.clone(),
    });
    fate
}

async fn bans(stage: &mut Stage, who: usize, minutes: i64) {
    let id = stage.people[who].id.clone();
    let until = (minutes > 0).then(|| stage.world.now().plus(minutes * 60_000));
    let body = json!({ "until": until, "reason": "rude to everybody" });
    let ask = Ask::post(format!("/api/admin/users/{id}/ban"), body);
    let fate = does(stage, ("admin-1", "ban_user"), &id, ask).await;
    let (banned, ended) = match (&fate, until) {
        // It ends at its time.
        (Fate::Done(_), Some(_)) => (Known::Maybe, Known::Yes),
        (Fate::Done(_), None) => (Known::Yes, Known::Yes),
        (Fate::Lost, _) => (Known::Maybe, Known::Maybe),
        (Fate::Refused(_), _) => return,
    };
    stage.record.bans[who] = banned;
    let own = stage
        .record
        .families
        .iter_mut()
        .filter(|family| family.owner == who);
    for family in own {
        if family.ended != Known::Yes {
            family.ended = ended;
        }
    }
}

async fn unbans(stage: &mut Stage, nth: usize) {
    let known = stage.record.bans.iter().enumerate();
    let banned = known.filter(|(_, known)| **known != Known::No);
    let banned: Vec<usize> = banned.map(|(who, _)| who).collect();
    let Some(&who) = (!banned.is_empty()).then(|| &banned[nth % banned.len()]) else {
        return stage.note("nothing");
    };
    let id = stage.people[who].id.clone();
    let body = json!({ "reason": "said sorry" });
    let ask = Ask::post(format!("/api/admin/users/{id}/unban"), body);
    let fate = does(stage, ("admin-1", "unban_user"), &id, ask).await;
    if fate.is_done() {
        stage.record.bans[who] = Known::No;
        stage.comes_anew(who).await;
    }
}

/// A moderator decides on a message.
pub async fn moderates(stage: &mut Stage, message_id: &str, to: &'static str) {
    let body = json!({ "moderation_status": to, "reason": "as the rules say" });
    let ask = Ask::post(format!("/api/admin/messages/{message_id}/moderate"), body);
    does(stage, ("moderator-1", "moderate_message"), message_id, ask).await;
}

async fn adjusts(stage: &mut Stage, who: usize, credits: i64, approve: bool) {
    let id = stage.people[who].id.clone();
    let body = json!({
        "user_id": id, "amount": credits, "reason": "a present of the house",
    });
    let ask = Ask::post("/api/admin/credits/adjust", body);
    let asked = ("finance-1", "adjust_credits");
    if credits.abs() <= TWO_PERSON_ABOVE {
        let fate = does(stage, asked, &id, ask).await;
        stage.record.gifts.push(Gift {
            to: who,
            credits,
            fate,
        });
        return;
    }
    let (admin, key) = (stage.admin(asked.0), stage.unique("admin"));
    let wished = As::Admin(&admin).asks(&ask.under(key)).await;
    stage.note(&wished.word());
    let approval = wished
        .answer()
        .and_then(|answer| answer["approval_id"].as_str());
    let Some(approval) = approval else {
        if wished.is_done() {
            stage.finds(format!("{credits} credits without a second person"));
        }
        return;
    };
    decides(stage, (who, credits), approval, approve).await;
}

/// The one who asked may not decide; somebody else does.
async fn decides(stage: &mut Stage, (to, credits): (usize, i64), approval: &str, approve: bool) {
    let decision = if approve { "approve" } else { "reject" };
    let body = json!({ "decision": decision, "reason": "looked at it" });
    let path = format!("/api/admin/approvals/{approval}/decide");
    let (own, key) = (stage.admin("finance-1"), stage.unique("admin"));
    let ask = Ask::post(path.clone(), body.clone()).under(key);
    let itself = As::Admin(&own).asks(&ask).await;
    stage.note(&itself.word());
    if itself.is_done() {
        stage.finds("somebody approves the own wish".to_owned());
    }
    let ask = Ask::post(path, body);
    let decided = does(stage, ("admin-2", "decide_approval"), approval, ask).await;
    let fate = match (decided, approve) {
        (Fate::Done(_), false) => Fate::Refused("rejected".to_owned()),
        (fate, _) => fate,
    };
    stage.record.gifts.push(Gift { to, credits, fate });
}
