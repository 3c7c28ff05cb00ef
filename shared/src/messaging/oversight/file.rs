//! Exports of messages: lines of JSON or CSV, at once or written in the background.

use serde::Serialize;
use serde_json::Value;

use super::find::{Filter, Search};
use super::source::{Hit, resolve};
use super::view::{AdminMessage, Viewer};
use crate::admin::{Export, ExportJob, ExportState, Format};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Exports, Objects};
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::{Answer, Operation, Reply};
use crate::http::{Accepted, Call};
use crate::messaging::archive::Shelf;
use crate::messaging::message::Message;

/// Rows that are answered at once.
pub const AT_ONCE_MAX: usize = 1_000;
/// Rows above which a second person is needed.
pub const ALONE_MAX: usize = 100_000;
/// Rows of one export.
pub const ROWS_MAX: i64 = 1_000_000;
/// Bytes of an answer; API Gateway and Lambda take 6 MB.
pub const ANSWER_BYTES_MAX: usize = 4_000_000;
/// Bytes of a file.
const FILE_BYTES_MAX: usize = 400_000_000;
/// Messages that are shown together.
const CHUNK: usize = 500;

/// The columns of a row.
const COLUMNS: [&str; 17] = [
    "id",
    "conversation_id",
    "seq",
    "sender_id",
    "receiver_id",
    "message_type",
    "status",
    "moderation_status",
    "content",
    "attachments",
    "credits_cost",
    "refunded",
    "is_deleted",
    "created_at",
    "delivered_at",
    "read_at",
    "deleted_at",
];

/// What is told of an export that is being written.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Begun {
    /// `exp_…`
    pub export_id: String,
}

/// The answer of an export: the file itself, or what tells of it.
#[derive(Debug, Clone)]
pub enum ExportAnswer {
    /// 200: the file.
    File {
        /// How it is written.
        format: Format,
        /// Its lines.
        text: String,
    },
    /// 202: it is being written.
    Begun(Begun),
    /// 202: it waits for a second person.
    Asked(Reply),
}

impl Answer<Call> for ExportAnswer {
    fn describe(operation: &mut Operation) {
        operation.answers.push((200, "The file.", None));
        Accepted::<Begun>::describe(operation);
    }

    fn answer(self) -> Result<Reply> {
        match self {
            Self::File { format, text } => {
                let name = format!("attachment; filename=\"messages.{}\"", format.ending());
                Ok(Reply {
                    status: 200,
                    body: Value::String(text),
                    headers: vec![
                        ("content-type", format.content_type().to_owned()),
                        ("content-disposition", name),
                    ],
                })
            }
            Self::Begun(begun) => Accepted(begun).answer(),
            Self::Asked(reply) => Ok(reply),
        }
    }
}

/// The line above the rows, if the format has one.
pub fn header(format: Format) -> String {
    match format {
        Format::Ndjson => String::new(),
        Format::Csv => COLUMNS.join(",") + "\r\n",
    }
}

/// A cell of CSV (RFC 4180), always in quotes. A text that a spreadsheet would take for a formula
/// begins with an apostrophe.
fn cell(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let formula = first.is_some_and(|c| "=+-@＝＋－＠".contains(c));
    let leads = text.starts_with(['\t', '\r', '\n']);
    let mark = if formula || leads { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

/// A message as a row.
///
/// # Errors
/// 500 when it cannot be written.
pub fn line(message: &AdminMessage, format: Format) -> Result<String> {
    let mut values =
        serde_json::to_value(message).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    values["attachments"] = Value::from(message.attachments.len());
    let members = COLUMNS.map(|name| (name.to_owned(), values[name].take()));
    Ok(match format {
        Format::Ndjson => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            let object: serde_json::Map<String, Value> = kept.collect();
            Value::Object(object).to_string() + "\n"
        }
        Format::Csv => {
            let cells = members.map(|(_, value)| match value {
                Value::Null => String::new(),
                Value::String(text) => cell(&text),
                other => other.to_string(),
            });
            cells.join(",") + "\r\n"
        }
    })
}

/// Lines of messages that were found. Without the right to see texts in full, those of deleted
/// messages are left out.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn lines(
    (tables, shelf): (&Tables, &Shelf),
    hits: Vec<Hit>,
    (format, full): (Format, bool),
) -> Result<(String, i64)> {
    let hits = resolve(tables, shelf, hits).await?;
    let rows: Vec<Message> = hits.into_iter().filter_map(|hit| hit.row).collect();
    let viewer = Viewer { tables, full };
    let (mut text, mut count) = (String::new(), 0);
    for mut message in viewer.show(&rows).await? {
        if message.is_deleted && !full {
            message.content.clear();
        }
        text += &line(&message, format)?;
        count += 1;
    }
    Ok((text, count))
}

/// Writes an export whose job came, once: what was written before is written again unless it is
/// known to be done.
///
/// # Errors
/// 503 when a service does not answer; the job comes again.
pub async fn write_export(
    (tables, shelf): (&Tables, &Shelf),
    objects: &Objects<Exports>,
    job: &ExportJob,
) -> Result<()> {
    let key = Export::key_of(&job.export_id);
    let export: Option<Export> = tables.get_consistent(&key).await?;
    let Some(mut export) = export.filter(|export| export.state == ExportState::Queued) else {
        return Ok(());
    };
    match written((tables, shelf), &export).await? {
        Some((text, rows)) => {
            let kind = export.format.content_type();
            objects
                .put(&export.object(), text.into_bytes(), kind)
                .await?;
            (export.state, export.rows) = (ExportState::Ready, Some(rows));
        }
        None => export.state = ExportState::Failed,
    }
    match tables.commit(export.end()).await {
        // The same job came twice and wrote the same.
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// The file and its rows; none when there is more than was granted.
async fn written(
    (tables, shelf): (&Tables, &Shelf),
    export: &Export,
) -> Result<Option<(String, i64)>> {
    let filter: Filter =
        serde_json::from_str(&export.filters).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let search = Search {
        tables,
        shelf,
        filter: &filter,
        now: export.created_at,
    };
    let (mut text, mut rows) = (header(export.format), 0);
    let mut behind = None;
    loop {
        let mut hits = Vec::new();
        let walked = search.walk(behind, usize::MAX, |hit| {
            hits.push(hit);
            hits.len() < CHUNK
        });
        let (is_over, last) = walked.await?;
        let how = (export.format, export.full);
        let (more, count) = lines((tables, shelf), hits, how).await?;
        text += &more;
        rows += count;
        if rows > export.rows_max || text.len() > FILE_BYTES_MAX {
            return Ok(None);
        }
        if is_over || last.is_none() {
            return Ok(Some((text, rows)));
        }
        behind = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "\r=1"] {
            assert!(cell(text).starts_with("\"'"), "{text:?}");
        }
        assert_eq!(cell("say \"hi\", ok"), "\"say \"\"hi\"\", ok\"");
        assert_eq!(cell("two\nlines"), "\"two\nlines\"");
        assert_eq!(cell(""), "\"\"");
    }
}
