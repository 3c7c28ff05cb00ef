//! Gives the caller a single-use ticket that opens a socket within 30 seconds.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::config::Config;
use shared::http::{Body, Created, Member};
use shared::realtime::{Advice, PING_SECONDS, Reconnect, TICKET_SECONDS, Ticket};
use shared::table::{Commit, Data, Live, Read, Write};
use shared::{Clock, Ids, Result, Table, crypto, endpoint};

endpoint!(POST "/api/v2/ws/tickets" => create_ws_ticket, faults: [DEVICE_NOT_FOUND]);

/// For which device the socket is.
#[derive(Debug, Deserialize, JsonSchema)]
struct TicketWish {
    /// A device of the caller; the session's own without it.
    #[schemars(length(min = 1, max = 64))]
    device_id: Option<String>,
}

/// A ticket and how to use it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct TicketAnswer {
    ticket: String,
    url: String,
    expires_in: i64,
    ping_interval_seconds: i64,
    reconnect: Reconnect,
}

async fn create_ws_ticket(
    table: Table<(Read<Data>, Write<Live>)>,
    clock: Clock,
    ids: Ids,
    config: Arc<Config>,
    Member(me): Member,
    Advice(reconnect): Advice,
    Body(wish): Body<TicketWish>,
) -> Result<Created<TicketAnswer>> {
    let secret: [u8; 32] = ids.bytes();
    let device = shared::realtime::other_device(&table, &me, wish.device_id).await?;
    let ticket = Ticket::of(&me, device, &secret, clock.now());
    table.commit(Commit::new().put(&ticket)).await?;
    let ticket = crypto::encode(&secret);
    Ok(Created(TicketAnswer {
        url: config.socket_address(&ticket),
        ticket,
        expires_in: TICKET_SECONDS,
        ping_interval_seconds: PING_SECONDS,
        reconnect,
    }))
}
