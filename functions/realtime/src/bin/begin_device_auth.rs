//! Challenges the device of a connection that has not proven it yet.

use shared::http::{Body, Client, Json};
use shared::realtime::{self, Begin, Challenged};
use shared::table::{Data, Live, Read, Write};
use shared::{Ids, Result, Table, endpoint};

endpoint!(frame "auth.begin" => begin_device_auth, faults: [UNAUTHENTICATED, DEVICE_REVOKED]);

async fn begin_device_auth(
    tables: Table<(Read<Data>, Write<Live>)>,
    ids: Ids,
    client: Client,
    Body(begin): Body<Begin>,
) -> Result<Json<Challenged>> {
    let socket = client.socket.unwrap_or_default();
    let (id, nonce) = (socket.connection_id, ids.bytes());
    let challenged = realtime::begin(&tables, &id, &begin.device_id, (nonce, client.now)).await?;
    Ok(Json(challenged))
}
