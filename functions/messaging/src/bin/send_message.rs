//! Sends a message, charges its price and counts it as unread, all or nothing.

use shared::http::{Body, Json, Member};
use shared::messaging::{NewMessage, Outbox, Sent};
use shared::table::{Data, Ledger, Live, Write};
use shared::{Result, Table, endpoint};

endpoint!(POST "/api/v2/messages/send", frame "message.send" => send_message,
    limit: Send,
    faults: [INSUFFICIENT_CREDITS, BLOCKED, NEW_CONTACT_LIMIT, NOT_MATCHED, PROFILE_INCOMPLETE,
        USER_NOT_FOUND, UPLOAD_NOT_FOUND, UPLOAD_STATE, WALLET_FROZEN, MESSAGE_TOO_LARGE,
        CONTENT_REJECTED, CANNOT_TARGET_SELF, IDEMPOTENCY_KEY_REQUIRED]);

async fn send_message(
    tables: Table<(Write<Data>, Write<Ledger>, Write<Live>)>,
    Member(me): Member,
    Body(new): Body<NewMessage>,
    outbox: Outbox,
) -> Result<Json<Sent>> {
    Ok(Json(outbox.send(&tables, &me, &new).await?)) // a replay gives the first answer
}
