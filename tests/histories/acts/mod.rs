//! How steps happen.

mod accounts;
mod calls;
mod staff;
mod talk;
mod trespass;

use super::plan::{Plan, Step};
use super::record::Known;
use super::stage::{Ask, Stage};

pub use talk::resolves as resolves_messages;

/// Lets a history happen, up to its last step.
pub async fn plays(plan: &Plan) -> Stage {
    let mut stage = Stage::of(plan).await;
    for (number, step) in plan.steps.iter().enumerate() {
        let at = stage.world.now();
        stage.record.trace.push(format!("{number} {at} {step:?}"));
        happens(&mut stage, *step).await;
    }
    stage
}

async fn happens(stage: &mut Stage, step: Step) {
    match step {
        Step::Say { .. }
        | Step::SayAtOnce { .. }
        | Step::Burst { .. }
        | Step::BlockWhileSaying { .. } => talk::happens(stage, step).await,
        Step::Touch { nth, touch } => talk::touches(stage, nth, touch).await,
        Step::Mute { nth } => talk::mutes(stage, nth).await,
        Step::Block { who, whom } => blocks(stage, who, whom).await,
        Step::Unblock { nth } => unblocks(stage, nth).await,
        Step::Come { who } => {
            let came = stage.people[who].is_reachable().await;
            stage.note(if came { "online" } else { "in vain" });
        }
        Step::Vanish { who } => {
            stage.hears(who);
            stage.people[who].vanishes();
        }
        Step::Dial { .. } | Step::Call(_) => calls::happens(stage, step).await,
        Step::SignUp | Step::SignIn { .. } | Step::Renew { .. } | Step::SignOut { .. } => {
            accounts::happens(stage, step).await;
        }
        Step::Ban { .. } | Step::Unban { .. } | Step::Adjust { .. } => {
            staff::happens(stage, step).await;
        }
        Step::Trespass { who, nth, what } => trespass::happens(stage, who, nth, what).await,
        Step::Wait { seconds } => stage.world.passes(seconds).await,
    }
}

/// The request that blocks somebody.
fn block(stage: &mut Stage, whom: usize) -> Ask {
    let key = stage.unique("block");
    let body = serde_json::json!({ "user_id": stage.people[whom].id });
    Ask::post("/api/v2/blocks", body).under(key)
}

async fn blocks(stage: &mut Stage, who: usize, whom: usize) {
    let ask = block(stage, whom);
    let fate = stage.asks(who, ask).await;
    stage.note(&fate.word());
    is_blocked(stage, (who, whom), &fate);
}

fn is_blocked(stage: &mut Stage, pair: (usize, usize), fate: &super::record::Fate) {
    use super::record::Fate;
    let known = match fate {
        Fate::Done(_) => Known::Yes,
        Fate::Refused(_) => return,
        Fate::Lost if stage.record.blocks.get(&pair) == Some(&Known::Yes) => return,
        Fate::Lost => Known::Maybe,
    };
    stage.record.now_blocks(pair, known);
}

async fn unblocks(stage: &mut Stage, nth: usize) {
    use super::record::Fate;
    let stands = stage.record.blocks.iter();
    let stands = stands.filter(|(_, known)| **known != Known::No);
    let stands: Vec<_> = stands.map(|(pair, _)| *pair).collect();
    let Some(&(who, whom)) = (!stands.is_empty()).then(|| &stands[nth % stands.len()]) else {
        return stage.note("nothing");
    };
    let path = format!("/api/v2/blocks/{}", stage.people[whom].id);
    let fate = stage.asks(who, Ask::delete(path)).await;
    stage.note(&fate.word());
    let known = match &fate {
        Fate::Done(_) => Known::No,
        // There is none, or the first of several requests has taken it back.
        Fate::Refused(code) if code == "USER_NOT_FOUND" => Known::No,
        Fate::Refused(_) => return,
        Fate::Lost => match stage.record.blocks.get(&(who, whom)) {
            None | Some(Known::No) => return,
            _ => Known::Maybe,
        },
    };
    stage.record.now_blocks((who, whom), known);
}
