//! Exports: files that are written in the background for one admin, who can fetch them for a day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::File;
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Exports, Objects};
use crate::error::{EXPORT_GONE, EXPORT_NOT_FOUND, Result, UNAVAILABLE};
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};
use crate::worker::Change;

/// How long an export is readable.
pub const EXPORT_MS: i64 = DAY_MS;
/// How long its row stays, so that it is known to be gone.
const KEPT_MS: i64 = 30 * DAY_MS;

/// What an export is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// Messages.
    Messages,
    /// Calls.
    Calls,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object per line.
    #[default]
    Ndjson,
    /// RFC 4180, with a header.
    Csv,
}

impl Format {
    /// Ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// Media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// How far an export has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    /// It is being written.
    Queued,
    /// It can be fetched.
    Ready,
    /// It has more rows than were granted, or is too large.
    Failed,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// `exp_…`
    #[serde(rename = "pk")]
    pub export_id: String,
    /// What it is of.
    pub kind: ExportKind,
    /// The filters, as JSON.
    pub filters: String,
    /// How it is written.
    pub format: Format,
    /// Whether texts are written in full.
    pub full: bool,
    /// Most rows.
    pub rows_max: i64,
    /// What is needed to fetch it.
    pub permission: String,
    /// `adm_…`; nobody else may fetch it.
    pub requested_by: String,
    /// How far it is.
    pub state: ExportState,
    /// Rows that were written.
    #[serde(default)]
    pub rows: Option<i64>,
    /// When it was asked for; nothing later is in it.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Until when it can be fetched.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// Epoch seconds at which the row goes.
    pub expires: i64,
}

impl Item for Export {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Export";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.export_id)
    }
}

/// An export to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportJob {
    /// `exp_…`
    pub export_id: String,
}

/// The jobs that a change of an export begins.
///
/// # Errors
/// 500 when an image does not have the shape of an export.
pub fn exports_of(change: &Change) -> Result<Option<ExportJob>> {
    Ok(match change.of::<Export>()? {
        (None, Some(export)) => Some(ExportJob {
            export_id: export.export_id,
        }),
        _ => None,
    })
}

/// What somebody wants to have written.
#[derive(Clone, Debug)]
pub struct ExportWish {
    /// What it is of.
    pub kind: ExportKind,
    /// The filters, as JSON.
    pub filters: String,
    /// How.
    pub format: Format,
    /// Whether texts are written in full.
    pub full: bool,
    /// Most rows.
    pub rows_max: i64,
    /// What is needed to fetch it.
    pub permission: &'static str,
}

impl Export {
    /// Sort key of exports.
    pub const PLACE: &'static str = "export";

    /// Where an export lies.
    pub fn key_of(export_id: &str) -> Key {
        Key::new(export_id, Self::PLACE)
    }

    /// An export that somebody asks for now.
    pub fn new(export_id: String, wish: ExportWish, requested_by: &str, now: Time) -> Self {
        Self {
            export_id,
            kind: wish.kind,
            filters: wish.filters,
            format: wish.format,
            full: wish.full,
            rows_max: wish.rows_max,
            permission: wish.permission.to_owned(),
            requested_by: requested_by.to_owned(),
            state: ExportState::Queued,
            rows: None,
            created_at: now,
            expires_at: now.plus(EXPORT_MS),
            expires: now.plus(KEPT_MS).seconds(),
        }
    }

    /// The write that begins it.
    pub fn begin(&self) -> Commit {
        Commit::new().create(self, &UNAVAILABLE)
    }

    /// The write that ends it; refused when it has ended already.
    pub fn end(&self) -> Commit {
        let queued = Condition::text("state", "queued");
        Commit::new().replace(self, queued, &EXPORT_NOT_FOUND)
    }

    /// The export of a job, unless it is known to be done.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn queued(tables: &Tables, job: &ExportJob) -> Result<Option<Self>> {
        let key = Self::key_of(&job.export_id);
        let export: Option<Self> = tables.get_consistent(&key).await?;
        Ok(export.filter(|export| export.state == ExportState::Queued))
    }

    /// Stores the file of the export, or that there is more than was granted. A job that comes
    /// twice writes the same twice.
    ///
    /// # Errors
    /// 503 when a service does not answer; the job comes again.
    pub async fn store(
        mut self,
        tables: &Tables,
        objects: &Objects<Exports>,
        file: Option<File>,
    ) -> Result<()> {
        match file {
            Some(File { text, rows }) => {
                let kind = self.format.content_type();
                objects.put(&self.object(), text.into_bytes(), kind).await?;
                (self.state, self.rows) = (ExportState::Ready, Some(rows));
            }
            None => self.state = ExportState::Failed,
        }
        match tables.commit(self.end()).await {
            // The same job came twice and wrote the same.
            Ok(()) | Err(Missed::Refused(_)) => Ok(()),
            Err(Missed::Failed(error)) => Err(error),
        }
    }

    /// Key of its object.
    pub fn object(&self) -> String {
        format!("{}.{}", self.export_id, self.format.ending())
    }

    /// An export that this admin asked for.
    ///
    /// # Errors
    /// 404 `EXPORT_NOT_FOUND`, also for everybody else's; 410 `EXPORT_GONE` after a day.
    pub async fn of(tables: &Tables, export_id: &str, admin_id: &str, now: Time) -> Result<Self> {
        let found: Option<Self> = match export_id.starts_with("exp_") {
            true => tables.get_consistent(&Self::key_of(export_id)).await?,
            false => None,
        };
        let own = found.filter(|export| export.requested_by == admin_id);
        let export = own.ok_or(EXPORT_NOT_FOUND)?;
        match export.expires_at > now {
            true => Ok(export),
            false => Err(EXPORT_GONE.into()),
        }
    }
}
