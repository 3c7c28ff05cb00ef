//! Parts of a run: jobs on a queue do the work piece by piece, and each notes how far it came
//! before the next one is sent. A job that comes twice finds that its step was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::run::{JobRun, RunOutcome};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, UNAVAILABLE};
use crate::table::{Commit, Condition, Item, Key, Name, Query};
use crate::time::Time;
use crate::worker::Change;

/// Findings that are kept, of a part and of a run.
const FINDINGS_MAX: usize = 100;

/// The next piece of one part of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunJob {
    /// `run_…`
    pub run_id: String,
    /// Number of the part, from 0.
    pub part: u8,
    /// How many parts the run has.
    pub parts: u8,
}

/// The jobs that a new run of a function begins with, one for each of its parts.
///
/// # Errors
/// 500 when an image does not have the shape of a run.
pub fn jobs_of(change: &Change, function: &str, parts: u8) -> Result<Vec<RunJob>> {
    let (None, Some(run)) = change.of::<JobRun>()? else {
        return Ok(Vec::new());
    };
    let numbers = (0..parts).filter(|_| run.function == function);
    let job = |part| RunJob {
        run_id: run.run_id.clone(),
        part,
        parts,
    };
    Ok(numbers.map(job).collect())
}

/// How far a run has come in one of its parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPart {
    /// `run_…`
    #[serde(rename = "pk")]
    run_id: String,
    /// `part#<number>`
    #[serde(rename = "sk")]
    place: String,
    /// Where the next job goes on; empty at the beginning.
    pub after: String,
    /// Raised by every job.
    step: i64,
    /// What was counted.
    counts: BTreeMap<String, i64>,
    /// What was found wrong, the first of it.
    findings: Vec<String>,
    /// Whether there is nothing left to do.
    pub done: bool,
}

impl Item for RunPart {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Part of a run";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.run_id, &*self.place)
    }
}

impl RunPart {
    fn new(job: &RunJob) -> Self {
        Self {
            run_id: job.run_id.clone(),
            place: format!("part#{:02}", job.part),
            after: String::new(),
            step: 0,
            counts: BTreeMap::new(),
            findings: Vec::new(),
            done: false,
        }
    }

    /// The part of a job with its run, as far as there is something left to do.
    ///
    /// # Errors
    /// 503 when the database does not answer; the job comes again.
    pub async fn open(tables: &Tables, job: &RunJob, now: Time) -> Result<Option<(JobRun, Self)>> {
        let run: Option<JobRun> = tables.get_consistent(&JobRun::key_of(&job.run_id)).await?;
        let Some(run) = run.filter(|run| run.outcome == RunOutcome::Running) else {
            return Ok(None);
        };
        let blank = Self::new(job);
        let part: Self = tables.get_consistent(&blank.key()).await?.unwrap_or(blank);
        if part.done {
            // Whoever noted that did not get to the end of the run.
            conclude(tables, run, job, now).await?;
            return Ok(None);
        }
        Ok(Some((run, part)))
    }

    /// Counts so many more.
    pub fn count(&mut self, name: &str, more: i64) {
        *self.counts.entry(name.to_owned()).or_default() += more;
    }

    /// Notes something that is wrong.
    pub fn finds(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Notes how far the job came, ends the run after its last part, and says whether another job
    /// of this part has to go on.
    ///
    /// # Errors
    /// 503 when the database does not answer; the job comes again.
    pub async fn close(
        mut self,
        tables: &Tables,
        (run, job): (JobRun, &RunJob),
        now: Time,
    ) -> Result<bool> {
        let before = match self.step {
            0 => Condition::Absent,
            step => Condition::number("step", step),
        };
        self.step += 1;
        let noted = Commit::new().replace(&self, before, &UNAVAILABLE);
        match tables.commit(noted).await {
            Ok(()) => {}
            // Our own write, whose answer was lost.
            Err(Missed::Refused(refused)) if refused.current()?.as_ref() == Some(&self) => {}
            // The same job came twice; the other one goes on.
            Err(Missed::Refused(_)) => return Ok(false),
            Err(Missed::Failed(error)) => return Err(error),
        }
        if self.done {
            conclude(tables, run, job, now).await?;
        }
        Ok(!self.done)
    }
}

/// Ends a run whose parts are all done.
async fn conclude(tables: &Tables, mut run: JobRun, job: &RunJob, now: Time) -> Result<()> {
    let query = Query::of(Name::Data, &*run.run_id).prefix("part#");
    let parts: Vec<RunPart> = tables.query(query.consistent()).await?;
    if parts.iter().filter(|part| part.done).count() < usize::from(job.parts) {
        return Ok(());
    }
    for part in parts {
        for (name, count) in part.counts {
            *run.counts.entry(name).or_default() += count;
        }
        run.findings.extend(part.findings);
    }
    run.findings.truncate(FINDINGS_MAX);
    run.finished_at = Some(now);
    run.outcome = match run.findings.is_empty() {
        true => RunOutcome::Done,
        false => RunOutcome::Failed,
    };
    let ended = match tables.commit(run.end()).await {
        // The lock has expired: a job was found among the dead letters, say.
        Err(Missed::Refused(refused)) if refused.key != run.key() => {
            tables.commit(run.end_late()).await
        }
        ended => ended,
    };
    match ended {
        // Another job of the last parts has ended it.
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}
