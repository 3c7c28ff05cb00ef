//! Asking for an export: small ones are answered at once, larger ones written in the background,
//! the largest only after a second person agreed.

use serde_json::json;

use super::file::{ALONE_MAX, ANSWER_BYTES_MAX, AT_ONCE_MAX, Begun, ExportAnswer, ROWS_MAX};
use super::file::{header, lines};
use super::find::{Filter, LOOKED_AT_MAX, Search, candidates};
use crate::admin::{
    Act, AnalyticsExport, Clerk, Export, ExportKind, ExportWish, Format, ModerationView,
    Permission, Recorded,
};
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::Answer;
use crate::http::Once;
use crate::messaging::archive::Shelf;

/// Gives or begins an export of the messages that a filter finds.
///
/// # Errors
/// 422 `INVALID_RANGE`, `VALIDATION_FAILED`; 503 when a service does not answer.
pub async fn export(
    admin: &Clerk,
    once: &Once,
    (shelf, export_id): (&Shelf, String),
    (filter, format): (&Filter, Format),
) -> Result<Recorded<ExportAnswer>> {
    filter.check()?;
    let tables = admin.tables();
    let search = Search {
        tables,
        shelf,
        filter,
        now: admin.now(),
    };
    let full = admin.held().has(ModerationView::NAME);
    let act = Act::general()
        .noting_all(&json!(filter))
        .noting("format", json!(format))
        .noting("full", full);
    if !admin.is_approved() {
        let mut hits = Vec::new();
        let walked = search.walk(None, LOOKED_AT_MAX, |hit| {
            hits.push(hit);
            hits.len() <= AT_ONCE_MAX
        });
        let (is_over, _) = walked.await?;
        if is_over && hits.len() <= AT_ONCE_MAX {
            let (rows, count) = lines((tables, shelf), hits, (format, full)).await?;
            if rows.len() <= ANSWER_BYTES_MAX {
                let text = header(format) + &rows;
                let act = act.noting("rows", count);
                return admin.shows(&act, ExportAnswer::File { format, text }).await;
            }
        }
        if candidates(&search, ALONE_MAX).await? > ALONE_MAX {
            let asked = admin.asks::<Begun>(once, &act).await?;
            return asked.map(|asked| Ok(ExportAnswer::Asked(asked.answer()?)));
        }
    }
    let rows_max = match admin.is_approved() {
        true => ROWS_MAX,
        false => i64::try_from(ALONE_MAX).unwrap_or(ROWS_MAX),
    };
    let filters = serde_json::to_string(filter).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let wish = ExportWish {
        kind: ExportKind::Messages,
        filters,
        format,
        full,
        rows_max,
        permission: AnalyticsExport::NAME,
    };
    let export = Export::new(export_id, wish, &admin.me().admin_id, admin.now());
    let export_id = export.export_id.clone();
    let act = act.noting("export_id", &*export_id);
    let begun = ExportAnswer::Begun(Begun { export_id });
    Ok(admin.acts(once, &act, export.begin(), begun).await?)
}
