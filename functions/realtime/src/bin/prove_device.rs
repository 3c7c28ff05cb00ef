//! Verifies the signature of a device and makes its connection ready.

use shared::aws::queue::{Frames, Queue};
use shared::http::member::Tokens;
use shared::http::{Body, Client, Json};
use shared::realtime::{self, Advice, Proof, Ready};
use shared::table::{Data, Live, Write};
use shared::{Ids, Result, Table, endpoint};

endpoint!(frame "auth.prove" => prove_device,
    faults: [UNAUTHENTICATED, DEVICE_REVOKED, SESSION_REVOKED, USER_BANNED, CLOCK_SKEW]);

async fn prove_device(
    tables: Table<(Write<Data>, Write<Live>)>,
    frames: Queue<Frames>,
    tokens: Tokens,
    ids: Ids,
    client: Client,
    Body(proof): Body<Proof>,
    Advice(reconnect): Advice,
) -> Result<Json<Ready>> {
    let id = client.socket.unwrap_or_default().connection_id;
    let at = (u16::from_be_bytes(ids.bytes()), client.now);
    let session = realtime::prove(&tables, &frames, &tokens, &id, &proof, at).await?;
    Ok(Json(Ready::now(id, session, reconnect, client.now)))
}
