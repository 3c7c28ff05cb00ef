//! Repair: memberships recomputed from their heads, for what the stream may have lost.

use super::archive::begin;
use super::head::{Head, Who};
use super::membership::{Membership, follow};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::Result;
use crate::table::{CHANGED_FRESH_MS, Key};
use crate::time::Time;

/// Compares the memberships of conversations with their heads and mends the ones that differ; how
/// many heads were looked at, and how many memberships did not follow theirs.
///
/// # Errors
/// 503 when the table does not answer; doing it again is harmless.
pub async fn mend(tables: &Tables, heads: &[Key], now: Time) -> Result<(usize, usize)> {
    let heads: Vec<Head> = tables.get_many(heads).await?;
    let mut differences = 0;
    let settled = |head: &&Head| head.last_seq > 0 && now.since(head.changed_at) > CHANGED_FRESH_MS;
    let sides: Vec<(&Head, Who)> = heads
        .iter()
        .filter(settled)
        .flat_map(|head| [(head, Who::Low), (head, Who::High)])
        // Whoever has seen nothing yet has no conversation to list.
        .filter(|(head, who)| head.seq_for(*who) > 0)
        .collect();
    let key =
        |(head, who): &(&Head, Who)| Membership::key_of(&head.user(*who), &head.user(who.other()));
    let keys: Vec<Key> = sides.iter().map(key).collect();
    let known: Vec<Membership> = tables.get_many(&keys).await?;
    for side in &sides {
        let (head, who) = *side;
        let place = key(side);
        let follows = known
            .iter()
            .find(|one| one.user_id == place.pk && one.with == place.sk)
            .is_some_and(|one| one.follows(head, who));
        if follows {
            continue;
        }
        match tables.commit(follow(head, who, now)).await {
            Ok(()) => {
                differences += 1;
                known_to_archive(tables, head).await?;
            }
            // The stream was not lost, only late, and was here first.
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok((heads.len(), differences))
}

/// What lost a membership may have lost the archive's row too: both follow the stream.
async fn known_to_archive(tables: &Tables, head: &Head) -> Result<()> {
    match tables.commit(begin(head)).await {
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}
