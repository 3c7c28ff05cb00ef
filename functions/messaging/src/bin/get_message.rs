//! Gives one message of the caller's conversations.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Json, Member, Path};
use shared::messaging::{Gallery, MessageView, Reader, Shelf};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/{message_id}" => get_message, faults: [MESSAGE_NOT_FOUND]);

/// Which message.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    message_id: String,
}

async fn get_message(
    table: Table<Read<Data>>,
    Member(me): Member,
    Path(at): Path<At>,
    gallery: Gallery,
    shelf: Shelf,
) -> Result<Json<MessageView>> {
    let reader = Reader {
        tables: &table,
        shelf: &shelf,
        user_id: &me.user_id,
    };
    let mut message = reader.message(&at.message_id).await?;
    gallery.show(std::slice::from_mut(&mut message));
    Ok(Json(message))
}
