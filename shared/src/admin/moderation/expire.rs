//! Approvals that nobody decided in time.

use crate::admin::{Approval, ApprovalState};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{APPROVAL_STATE, Result};
use crate::table::{Change, Commit, Condition, DUE, Item, Name, Query, Range, Value};
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
        if approval.state_at(now) != ApprovalState::Expired {
            continue;
        }
        let changes = vec![
            Change::text("state", "expired"),
            Change::Remove(DUE.pk.into()),
            Change::Remove(DUE.sk.into()),
        ];
        let pending = Some((Condition::text("state", "pending"), &APPROVAL_STATE));
        let commit = Commit::new().update::<Approval>(approval.key(), changes, pending);
        match tables.commit(commit).await {
            Ok(()) => expired += 1,
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok(expired)
}
