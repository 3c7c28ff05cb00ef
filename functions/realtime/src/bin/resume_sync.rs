//! Tells which conversations moved since the token, and everything that has a number.

use shared::aws::secret::{Cursor, Secret};
use shared::http::{Json, Member, Query};
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
) -> Result<Json<SyncState>> {
    let at = sync::position(
        &secret.key()?,
        &me,
        since.sync_token.as_deref(),
        clock.now(),
    )?;
    Ok(Json(
        sync::resume(&tables, &secret.key()?, &me, at, clock.now()).await?,
    ))
}
