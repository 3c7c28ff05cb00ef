//! Files of exports, whatever they are of: small ones are answered at once, larger ones written in
//! the background, the largest only after a second person agreed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::act::Act;
use super::answer::Recorded;
use super::clerk::Clerk;
use super::export::{Export, ExportKind, ExportWish, Format};
use super::permission::{AnalyticsExport, Permission};
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::{Answer, Operation, Reply};
use crate::http::{Accepted, Call, Once};

/// Rows that are answered at once.
const AT_ONCE_MAX: usize = 1_000;
/// Rows that one request looks at, at most.
const LOOKED_AT_MAX: usize = 10_000;
/// Rows above which a second person is needed.
const ALONE_MAX: usize = 100_000;
/// Rows of one export.
const ROWS_MAX: i64 = 1_000_000;
/// Bytes of an answer; API Gateway and Lambda take 6 MB.
const ANSWER_BYTES_MAX: usize = 4_000_000;
/// Bytes of a file.
const FILE_BYTES_MAX: usize = 400_000_000;
/// Rows that are shown together.
const CHUNK: usize = 500;

/// Rows that can be exported, newest first.
pub trait Exported: Sync {
    /// What they are.
    const KIND: ExportKind;
    /// Name of the file, without its ending.
    const NAME: &'static str;
    /// Members of a row, in the order of the columns.
    const COLUMNS: &'static [&'static str];
    /// A row that was found.
    type Hit: Send;
    /// A way through them, and how far it was gone.
    type Walk: Send;

    /// A way that begins with the newest row.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    fn begin(&self) -> impl Future<Output = Result<Self::Walk>> + Send;

    /// The next rows, at most `most`, of at most `looks` that are looked at, and whether there is
    /// nothing behind them.
    ///
    /// # Errors
    /// What finding refuses; 503 when a service does not answer.
    fn find(
        &self,
        walk: &mut Self::Walk,
        most: usize,
        looks: usize,
    ) -> impl Future<Output = Result<(Vec<Self::Hit>, bool)>> + Send;

    /// The rows as JSON objects; what is gone is left out.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    fn show(&self, hits: Vec<Self::Hit>) -> impl Future<Output = Result<Vec<Value>>> + Send;

    /// How many rows there can be, counted a little beyond `most`.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    fn count(&self, most: usize) -> impl Future<Output = Result<usize>> + Send;
}

/// What is told of an export that is being written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Begun {
    /// `exp_…`
    pub export_id: String,
}

/// The answer of an export: the file itself, or what tells of it.
#[derive(Debug, Clone)]
pub enum ExportAnswer {
    /// 200: the file.
    File {
        /// Its name, without the ending.
        name: &'static str,
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
            Self::File { name, format, text } => {
                let ending = format.ending();
                let name = format!("attachment; filename=\"{name}.{ending}\"");
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

/// A file that was written.
#[derive(Debug, Clone)]
pub struct File {
    /// Its lines.
    pub text: String,
    /// How many of them are rows.
    pub rows: i64,
}

impl File {
    /// A file without rows: the line above them, if the format has one.
    fn new<E: Exported>(format: Format) -> Self {
        let text = match format {
            Format::Ndjson => String::new(),
            Format::Csv => E::COLUMNS.join(",") + "\r\n",
        };
        Self { text, rows: 0 }
    }

    fn add<E: Exported>(&mut self, values: Vec<Value>, format: Format) {
        for value in values {
            self.text += &line(E::COLUMNS, value, format);
            self.rows += 1;
        }
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

/// An object as a row.
fn line(columns: &[&str], mut values: Value, format: Format) -> String {
    let members = columns
        .iter()
        .map(|name| ((*name).to_owned(), values[*name].take()));
    match format {
        Format::Ndjson => {
            let kept = members.filter(|(_, value)| !value.is_null());
            Value::Object(kept.collect::<Map<_, _>>()).to_string() + "\n"
        }
        Format::Csv => {
            let cells = members.map(|(_, value)| match value {
                Value::Null => String::new(),
                Value::String(text) => cell(&text),
                other => other.to_string(),
            });
            cells.collect::<Vec<_>>().join(",") + "\r\n"
        }
    }
}

/// Gives or begins an export.
///
/// # Errors
/// What finding refuses; 503 when a service does not answer.
pub async fn export<E: Exported>(
    admin: &Clerk,
    once: &Once,
    export_id: String,
    rows: &E,
    (filters, format, full): (Value, Format, bool),
) -> Result<Recorded<ExportAnswer>> {
    let act = Act::general()
        .noting_all(&filters)
        .noting("format", json!(format))
        .noting("full", full);
    if !admin.is_approved() {
        if let Some(File { text, rows }) = at_once(rows, format).await? {
            let (name, act) = (E::NAME, act.noting("rows", rows));
            let file = ExportAnswer::File { name, format, text };
            return admin.shows(&act, file).await;
        }
        if rows.count(ALONE_MAX).await? > ALONE_MAX {
            let asked = admin.asks::<Begun>(once, &act).await?;
            return asked.map(|asked| Ok(ExportAnswer::Asked(asked.answer()?)));
        }
    }
    let rows_max = match admin.is_approved() {
        true => ROWS_MAX,
        false => i64::try_from(ALONE_MAX).unwrap_or(ROWS_MAX),
    };
    let wish = ExportWish {
        kind: E::KIND,
        filters: filters.to_string(),
        format,
        full,
        rows_max,
        permission: AnalyticsExport::NAME,
    };
    let export = Export::new(export_id, wish, admin.asked_by(), admin.now());
    let export_id = export.export_id.clone();
    let act = act.noting("export_id", &*export_id);
    let begun = ExportAnswer::Begun(Begun { export_id });
    Ok(admin.acts(once, &act, export.begin(), begun).await?)
}

/// The whole file, if it is small enough to be the answer.
async fn at_once<E: Exported>(rows: &E, format: Format) -> Result<Option<File>> {
    let mut walk = rows.begin().await?;
    let most = AT_ONCE_MAX + 1;
    let (hits, is_over) = rows.find(&mut walk, most, LOOKED_AT_MAX).await?;
    if !is_over || hits.len() > AT_ONCE_MAX {
        return Ok(None);
    }
    let mut file = File::new::<E>(format);
    file.add::<E>(rows.show(hits).await?, format);
    Ok((file.text.len() <= ANSWER_BYTES_MAX).then_some(file))
}

/// The filters of an export.
///
/// # Errors
/// 500 when they are not what was asked for.
pub fn filters_of<F: serde::de::DeserializeOwned>(export: &Export) -> Result<F> {
    serde_json::from_str(&export.filters).map_err(|cause| INTERNAL_ERROR.because(cause))
}

/// The file of an export; none when there is more than was granted.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn written<E: Exported>(rows: &E, export: &Export) -> Result<Option<File>> {
    let mut file = File::new::<E>(export.format);
    let mut walk = rows.begin().await?;
    loop {
        let (hits, is_over) = rows.find(&mut walk, CHUNK, usize::MAX).await?;
        file.add::<E>(rows.show(hits).await?, export.format);
        if file.rows > export.rows_max || file.text.len() > FILE_BYTES_MAX {
            return Ok(None);
        }
        if is_over {
            return Ok(Some(file));
        }
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
