//! Gives one message of the caller's conversations.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Json, Member, Path};
use shared::messaging::{MessageView, Reader};
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
) -> Result<Json<MessageView>> {
    let reader = Reader {
        tables: &table,
        user_id: &me.user_id,
    };
    Ok(Json(reader.message(&at.message_id).await?))
}
