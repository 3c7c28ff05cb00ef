//! Taking an item of the queue, and putting it back.

use serde_json::{Value, json};

use crate::admin::{Act, Clerk, Recorded};
use crate::aws::dynamo::Missed;
use crate::error::{Result, UNAVAILABLE};
use crate::function::Answer;
use crate::http::{Call, Once};
use crate::moderation::{ModerationItem, known_item};
use crate::table::Commit;

/// Tries when others change the same item.
const TRIES_MAX: u32 = 6;

fn told(item: &ModerationItem) -> Value {
    json!({
        "state": item.state,
        "claimed_by": item.claimed_by,
        "claim_until": item.claim_until,
    })
}

async fn change<A: Answer<Call> + Clone>(
    admin: &Clerk,
    once: &Once,
    item_id: &str,
    decide: impl Fn(&ModerationItem) -> Result<Option<ModerationItem>>,
    answer: impl Fn(ModerationItem) -> A,
) -> Result<Recorded<A>> {
    for round in 1..=TRIES_MAX {
        let item = known_item(admin.tables(), item_id).await?;
        let next = decide(&item)?;
        let commit = next
            .as_ref()
            .map_or_else(Commit::new, ModerationItem::commit);
        let next = next.unwrap_or_else(|| item.clone());
        let act = Act::on("moderation_item", item_id).changed(told(&item), told(&next));
        match admin.acts(once, &act, commit, answer(next)).await {
            Err(Missed::Refused(refused)) if refused.key == ModerationItem::key_of(item_id) => {
                admin.tables().pause(round).await;
            }
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// Claims an item for 15 minutes.
///
/// # Errors
/// 404 `ITEM_NOT_FOUND`; 409 `CLAIMED_BY_OTHER`, `ITEM_RESOLVED`; 503 when others were first too
/// often.
pub async fn claim<A: Answer<Call> + Clone>(
    admin: &Clerk,
    once: &Once,
    item_id: &str,
    answer: impl Fn(ModerationItem) -> A,
) -> Result<Recorded<A>> {
    let (me, now) = (admin.me().admin_id.clone(), admin.now());
    let take = |item: &ModerationItem| item.claimed(&me, now).map(Some);
    change(admin, once, item_id, take, answer).await
}

/// Puts an item back into the queue. One that nobody holds stays as it is.
///
/// # Errors
/// 404 `ITEM_NOT_FOUND`; 409 `CLAIMED_BY_OTHER`; 503 when others were first too often.
pub async fn release<A: Answer<Call> + Clone>(
    admin: &Clerk,
    once: &Once,
    item_id: &str,
    answer: impl Fn(ModerationItem) -> A,
) -> Result<Recorded<A>> {
    let (me, now) = (admin.me().admin_id.clone(), admin.now());
    let put_back = |item: &ModerationItem| {
        item.is_free_for(&me, now)?;
        Ok(item.claimed_by.is_some().then(|| item.freed()))
    };
    change(admin, once, item_id, put_back, answer).await
}
