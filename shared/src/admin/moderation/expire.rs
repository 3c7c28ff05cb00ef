//! Approvals that nobody decided in time.

use crate::admin::Approval;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::Result;
use crate::table::{DUE, Name, Query, Range, Value};
use crate::time::Time;

/// Approvals that one run notes as expired.
const EXPIRED_MAX: usize = 1_000;

/// Notes the approvals that nobody decided in time, and counts them.
///
/// # Errors
/// 503 when the table does not answer; doing it again is harmless.
pub async fn expire_approvals(tables: &Tables, now: Time) -> Result<usize> {
    let range = Range::Before(Value::N((now.ms() + 1).to_string()));
    let query = Query::of(Name::Ledger, Approval::DUE_SHARD).by(DUE);
    let late: Vec<Approval> = tables.query(query.range(range).limit(EXPIRED_MAX)).await?;
    let mut expired = 0;
    for approval in late {
        match tables.commit(approval.lapse(now)).await {
            Ok(()) => expired += 1,
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok(expired)
}
