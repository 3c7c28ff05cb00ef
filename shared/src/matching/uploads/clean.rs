//! What nobody needs goes: uploads that were not finished within a day, rejected ones, and media
//! that no message carries (any more).

use serde::Serialize;

use super::row::{SHARDS, State, Upload};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Media, Objects};
use crate::error::{Result, UPLOAD_NOT_FOUND};
use crate::table::{Commit, Condition, DUE, Item, Name, Query, Range, Value};
use crate::time::Time;

/// Rows of one shard that one run removes; the next run goes on.
const RUN_ROWS_MAX: usize = 250;

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// Uploads and media that are gone.
    pub removed: usize,
    /// Rows that somebody used in the meantime.
    pub kept: usize,
}

/// Removes what is due, at most 1,000 rows. A run that dies is continued by the next one, because
/// a row goes after its objects.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn clean(tables: &Tables, objects: &Objects<Media>, now: Time) -> Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    for shard in 0..SHARDS {
        let until = Value::N(now.ms().to_string());
        let query = Query::of(Name::Data, format!("upl#{shard}"))
            .by(DUE)
            .range(Range::Between(Value::N("0".into()), until))
            .limit(RUN_ROWS_MAX);
        for row in tables.query::<Upload>(query).await? {
            match remove(tables, objects, &row, now).await? {
                true => cleaned.removed += 1,
                false => cleaned.kept += 1,
            }
        }
    }
    Ok(cleaned)
}

async fn remove(
    tables: &Tables,
    objects: &Objects<Media>,
    row: &Upload,
    now: Time,
) -> Result<bool> {
    // From here on no message can take it, and a late form finds nothing to become.
    let mut closed = row.clone();
    (closed.state, closed.updated_at) = (State::Rejected, now);
    closed.reason = Some("expired".into());
    match tables.commit(row.moved(&closed)).await {
        Ok(()) => {}
        Err(Missed::Refused(_)) => return Ok(false),
        Err(Missed::Failed(error)) => return Err(error),
    }
    objects.delete(&row.objects()).await?;
    let unused = Condition::number("uses", 0);
    let gone = Commit::new().delete::<Upload>(row.key(), Some((unused, &UPLOAD_NOT_FOUND)));
    match tables.commit(gone).await {
        Ok(()) | Err(Missed::Refused(_)) => Ok(true),
        Err(Missed::Failed(error)) => Err(error),
    }
}
