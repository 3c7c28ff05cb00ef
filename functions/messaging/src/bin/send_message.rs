//! Sends a message, charges its price and counts it as unread, all or nothing.

use shared::aws::secret::{Lookup, Secret};
use shared::credits::Policies;
use shared::http::{Body, Json, Member, Rate};
use shared::messaging::{NewMessage, SendKey, Sender, Sent};
use shared::table::{Data, Ledger, Live, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/messages/send", frame "message.send" => send_message,
    limit: Send,
    faults: [INSUFFICIENT_CREDITS, BLOCKED, NEW_CONTACT_LIMIT, USER_NOT_FOUND, UPLOAD_NOT_FOUND,
        WALLET_FROZEN, MESSAGE_TOO_LARGE, CANNOT_TARGET_SELF]);

async fn send_message(
    tables: Table<(Write<Data>, Write<Ledger>, Write<Live>)>,
    clock: Clock,
    Member(me): Member,
    Body(new): Body<NewMessage>,
    key: SendKey,
    rate: Rate,
    secret: Secret<Lookup>,
    policies: Policies,
) -> Result<Json<Sent>> {
    let (secret, price) = (secret.key()?, policies.number("price.message"));
    let sender = Sender {
        me: &me,
        rate: &rate,
        secret,
        price,
        now: clock.now(),
    };
    Ok(Json(sender.send(&tables, &key, &new).await?)) // a replay gives the first answer
}
