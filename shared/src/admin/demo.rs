//! Admins made directly, for the local cloud and its scenarios.

use super::principal::Principal;
use super::record::AdminRecord;
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};

/// Whether a record had to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It was there.
    Before,
    /// It was made.
    Now,
}

/// The record of a principal with one role; whoever is missing is made.
///
/// # Errors
/// 500 when the ARN is none of a principal; 503 when the database does not answer.
pub async fn open_admin(env: &Env, arn: &str, role: &str) -> Result<Opened> {
    let principal = Principal::parse(arn).ok_or_else(|| INTERNAL_ERROR.because("no principal"))?;
    let tables = Tables::of(env);
    if AdminRecord::of(&tables, &principal).await?.is_some() {
        return Ok(Opened::Before);
    }
    let name = &principal.session_name;
    let record = AdminRecord::new(
        env.ids().new_id("adm"),
        (&principal.role_arn, name),
        (&format!("{name}@pairly.test"), name),
        vec![role.to_owned()],
        ("local", env.clock().now()),
    );
    match tables.commit(record.create()).await {
        // A refusal means that somebody else made it in the same instant.
        Ok(()) | Err(Missed::Refused(_)) => Ok(Opened::Now),
        Err(Missed::Failed(error)) => Err(error),
    }
}
