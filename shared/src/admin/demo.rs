//! Admins made directly, for the local cloud and its scenarios.

use super::principal::Principal;
use super::record::AdminRecord;
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};
use crate::table::Commit;

/// The id of a principal's record; the same everywhere.
pub fn id_of(arn: &str) -> String {
    format!("adm_{}", crate::id::derived(&["local admin", arn]))
}

/// The records of principals with one role each, all at once, unless they are there.
///
/// # Errors
/// 500 when an ARN is none of a principal; 503 when the database does not answer.
pub async fn open_admins(env: &Env, staff: &[(&str, &str)]) -> Result<()> {
    let (tables, mut commit) = (Tables::of(env), Commit::new());
    for (at, (arn, role)) in staff.iter().enumerate() {
        let principal = Principal::parse(arn);
        let principal = principal.ok_or_else(|| INTERNAL_ERROR.because("no principal"))?;
        if at == 0 && AdminRecord::of(&tables, &principal).await?.is_some() {
            return Ok(());
        }
        let name = &principal.session_name;
        let record = AdminRecord::new(
            id_of(arn),
            (&principal.role_arn, name),
            (&format!("{name}@pairly.test"), name),
            vec![(*role).to_owned()],
            ("local", env.clock().now()),
        );
        commit = commit.with(record.create());
    }
    match tables.commit(commit).await {
        // A refusal means that somebody else made them in the same instant.
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}
