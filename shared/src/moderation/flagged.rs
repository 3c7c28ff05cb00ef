//! People with many flags of misuse: somebody has to look at them.

use super::item::{Finding, ModerationItem, Severity, Subject};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, UNAVAILABLE};
use crate::http::limit::{AbuseFlag, Crowded, FLAGS_CROWD};
use crate::table::{Commit, Name, Query};
use crate::time::Time;

/// Flags that are read.
const FLAGS_MAX: usize = 100;
/// Tries when others change the same item.
const TRIES_MAX: u32 = 6;
/// Why the item is opened.
const FINDING: Finding = Finding {
    rule: "abuse_flags",
    severity: Severity::Review,
};

/// Opens the item of a person with six live flags or more. One that is waiting already stays as
/// it is; one that was decided is opened again by flags that came later.
///
/// # Errors
/// 503 when a table does not answer or others were first too often.
pub async fn queue_flagged(tables: &Tables, user_id: &str, now: Time) -> Result<bool> {
    let query = Query::of(Name::Live, user_id).prefix(AbuseFlag::PREFIX);
    let mut flags: Vec<AbuseFlag> = tables.query(query.limit(FLAGS_MAX)).await?;
    flags.retain(|flag| flag.expires > now.seconds());
    if flags.len() < FLAGS_CROWD {
        return Ok(false);
    }
    let newest = flags.iter().map(|flag| flag.created_at).max();
    let item_id = ModerationItem::id_of(Subject::User, user_id);
    for round in 1..=TRIES_MAX {
        let known: Option<ModerationItem> = tables
            .get_consistent(&ModerationItem::key_of(&item_id))
            .await?;
        let next = match known {
            None => ModerationItem::open(Subject::User, user_id.to_owned(), &[FINDING], now),
            Some(item) if item.is_unresolved() => return Ok(false),
            Some(item) if newest <= Some(item.created_at) => return Ok(false),
            Some(item) => item.joined(&[FINDING], now),
        };
        match tables.commit(next.commit()).await {
            Ok(()) => return Ok(true),
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::Refused(_)) => tables.pause(round).await,
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// Opens the items of the people whose flags reached six by refusals, which are noted where every
/// function may write. How many were opened.
///
/// # Errors
/// 503 when a table does not answer; doing it again is harmless.
pub async fn queue_crowded(tables: &Tables, now: Time) -> Result<usize> {
    let query = Query::of(Name::Live, Crowded::PLACE).limit(FLAGS_MAX);
    let noted: Vec<Crowded> = tables.query(query).await?;
    let mut opened = 0;
    for note in noted {
        opened += usize::from(queue_flagged(tables, &note.subject, now).await?);
        let done = Commit::new().delete::<Crowded>(Crowded::key_of(&note.subject), None);
        tables.commit(done).await?;
    }
    Ok(opened)
}
