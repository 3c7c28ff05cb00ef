//! Shows the partner that the caller is writing; stored nowhere.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::aws::queue::{Frames, Queue};
use shared::http::{Body, Client, NoContent, OnSocket, wire};
use shared::messaging::{Typing, TypingState};
use shared::realtime::{Connection, Push};
use shared::table::{Data, Live, Read};
use shared::{Ids, Result, Table, endpoint};

endpoint!(frame "typing" => show_typing, limit: Typing, faults: [CONVERSATION_NOT_FOUND]);

/// Who writes where.
#[derive(Debug, Deserialize, JsonSchema)]
struct TypingWish {
    #[schemars(length(min = 1, max = 64))]
    conversation_id: String,
    state: TypingState,
}

async fn show_typing(
    tables: Table<(Read<Data>, Read<Live>)>,
    ids: Ids,
    OnSocket(me): OnSocket,
    Body(wish): Body<TypingWish>,
    client: Client,
    typing: Typing,
    frames: Queue<Frames>,
) -> Result<NoContent> {
    let (now, at) = (client.now, (&*me.user_id, &*wish.conversation_id));
    let Some((user_id, data)) = typing.tell(&tables, at, wish.state, now).await? else {
        return Ok(NoContent); // one of the two blocks the other
    };
    let live = Connection::of_user(&tables, &user_id, now).await?;
    let connections: Vec<_> = live.into_iter().map(|one| one.connection_id).collect();
    if !connections.is_empty() {
        let frame = wire::frame(&ids.ulid(), "typing", now, data);
        let push = Push {
            user_id,
            connections,
            frame,
            close: false,
        };
        frames.send(&[push], &client.request_id).await?;
    }
    Ok(NoContent)
}
