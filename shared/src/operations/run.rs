//! Job runs: what was started by hand, how far it came and what it found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::dynamo::Tables;
use crate::error::{RUN_IN_PROGRESS, RUN_NOT_FOUND, Result};
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{HOUR_MS, Time, millis};

/// After so long without an end a run is given up, and another may begin.
const LOCK_MS: i64 = 6 * HOUR_MS;

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It is not over.
    Running,
    /// It came to its end and found nothing wrong.
    Done,
    /// It came to its end and found something wrong.
    Failed,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRun {
    /// `run_…`
    #[serde(rename = "pk")]
    pub run_id: String,
    /// What runs.
    pub function: String,
    /// When it began.
    #[serde(with = "millis")]
    pub started_at: Time,
    /// When it ended.
    #[serde(default, with = "millis::option")]
    pub finished_at: Option<Time>,
    /// How it stands.
    pub outcome: RunOutcome,
    /// What it counted.
    pub counts: BTreeMap<String, i64>,
    /// What it found wrong, the first of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// The one object that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
}

impl Item for JobRun {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Job run";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.run_id)
    }
}

/// That a function runs; one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// `running#<function>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// The run.
    pub run_id: String,
    /// Epoch seconds after which it counts no more.
    pub expires: i64,
}

impl Item for Running {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Running job";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(self.partition.trim_start_matches("running#"))
    }
}

impl Running {
    fn key_of(function: &str) -> Key {
        Key::new(format!("running#{function}"), "running")
    }
}

/// A run as answers show it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunView {
    /// `run_…`
    pub run_id: String,
    /// What runs.
    pub function: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// How it stands.
    pub outcome: RunOutcome,
    /// What it counted.
    pub counts: BTreeMap<String, i64>,
    /// What it found wrong, at most 100 of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// The one object that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
}

/// What shows a run that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunBegun {
    /// `run_…`
    pub run_id: String,
}

impl From<JobRun> for RunView {
    fn from(run: JobRun) -> Self {
        Self {
            run_id: run.run_id,
            function: run.function,
            started_at: run.started_at,
            finished_at: run.finished_at,
            outcome: run.outcome,
            counts: run.counts,
            findings: run.findings,
            about: run.about,
            requested_by: run.requested_by,
        }
    }
}

impl JobRun {
    /// Sort key of runs.
    pub const PLACE: &'static str = "run";

    /// Where a run lies.
    pub fn key_of(run_id: &str) -> Key {
        Key::new(run_id, Self::PLACE)
    }

    /// A run that begins now.
    pub fn new(run_id: String, function: &str, requested_by: &str, now: Time) -> Self {
        Self {
            run_id,
            function: function.to_owned(),
            started_at: now,
            finished_at: None,
            outcome: RunOutcome::Running,
            counts: BTreeMap::new(),
            findings: Vec::new(),
            about: None,
            requested_by: Some(requested_by.to_owned()),
        }
    }

    /// The run, and that its function runs: refused with `RUN_IN_PROGRESS` while another does.
    pub fn begin(&self) -> Commit {
        let lock = Running {
            partition: Running::key_of(&self.function).pk,
            run_id: self.run_id.clone(),
            expires: self.started_at.plus(LOCK_MS).seconds(),
        };
        let free = Condition::absent_or_expired(self.started_at.seconds());
        Commit::new()
            .replace(&lock, free, &RUN_IN_PROGRESS)
            .create(self, &RUN_IN_PROGRESS)
    }

    /// The run at its end; another may begin. Refused when it has ended already, or when its lock
    /// has gone.
    pub fn end(&self) -> Commit {
        let own = Condition::text("run_id", &self.run_id);
        self.end_late()
            .delete::<Running>(Running::key_of(&self.function), Some((own, &RUN_NOT_FOUND)))
    }

    /// The end of a run that has outlived its lock. Refused when it has ended already.
    pub fn end_late(&self) -> Commit {
        let running = Condition::text("outcome", "running");
        Commit::new().replace(self, running, &RUN_NOT_FOUND)
    }

    /// A run with all earlier writes.
    ///
    /// # Errors
    /// 404 `RUN_NOT_FOUND`.
    pub async fn load(tables: &Tables, run_id: &str) -> Result<Self> {
        let run: Option<Self> = match run_id.starts_with("run_") {
            true => tables.get_consistent(&Self::key_of(run_id)).await?,
            false => None,
        };
        run.ok_or_else(|| RUN_NOT_FOUND.into())
    }
}
