//! Mutes a conversation for the caller, until an instant; without one it is heard again.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Body, Json, Member, Once, Path};
use shared::messaging::{MuteWish, Muted, mute};
use shared::table::{Commit, Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/messages/conversations/{conversation_id}/mute" => mute_conversation,
    faults: [CONVERSATION_NOT_FOUND]);

/// Which conversation.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    conversation_id: String,
}

async fn mute_conversation(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(which): Path<Which>,
    Body(wish): Body<MuteWish>,
    once: Once,
) -> Result<Json<Muted>> {
    let whose = (&*me.user_id, &*which.conversation_id);
    let muted = Json(mute(&table, whose, &wish, clock.now()).await?);
    Ok(once.commit(&table, Commit::new(), muted).await?) // muting twice is as good as once
}
