//! Tells which conversations moved since the token, and everything that has a number.

use shared::aws::queue::{Frames, Queue};
use shared::aws::secret::{Cursor, Secret};
use shared::http::{Json, Member, Query};
use shared::realtime::relieve_elders;
use shared::realtime::sync::{self, Since, SyncState};
use shared::table::{Data, Ledger, Live, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/sync", frame "sync.resume" => resume_sync, faults: [INVALID_CONTINUATION]);

async fn resume_sync(
    tables: Table<(Read<Data>, Read<Ledger>, Read<Live>)>,
    secret: Secret<Cursor>,
    clock: Clock,
    Member(me): Member,
    Query(since): Query<Since>,
    frames: Queue<Frames>,
) -> Result<Json<SyncState>> {
    let at = sync::position(
        &secret.key()?,
        &me,
        since.sync_token.as_deref(),
        clock.now(),
    )?;
    let state = sync::resume(&tables, &secret.key()?, &me, at, clock.now()).await?;
    if let Some(connection_id) = &me.connection_id {
        relieve_elders(&tables, &frames, connection_id, clock.now()).await?;
    }
    Ok(Json(state))
}
