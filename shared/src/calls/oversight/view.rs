//! A call as administrators see it, with everything that belongs to it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::dynamo::Tables;
use crate::calls::call::{Call, Side};
use crate::calls::quality::{Dated, SideQuality};
use crate::calls::rating::Feedback;
use crate::calls::timeline::StepView;
use crate::calls::view::CallView;
use crate::credits::{History, LedgerRow, Linked, Wallet, seq_of};
use crate::error::Result;
use crate::time::Time;

/// Rows of the ledger from the answer to the end that are looked through, at most.
const LEDGER_ROWS_MAX: usize = 5_000;
/// Rows that one transaction on a call has at most: a charge and a release, or a refund and the
/// debt that it repays.
const TRANSACTION_ROWS: usize = 2;

/// A call as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AdminCall {
    /// As the caller sees it.
    #[serde(flatten)]
    pub call: CallView,
    /// The reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<String>,
    /// Credits that were given back since it was settled.
    pub refunded: i64,
    /// Latest sign of life of either side that was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_alive: Option<Time>,
    /// Notes of moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moderation_notes: Option<String>,
}

impl AdminCall {
    /// The call as it is now.
    pub fn of(call: &Call, now: Time) -> Self {
        Self {
            call: CallView::of(call, Side::Caller, now),
            hold_id: call.hold_id.clone(),
            refunded: call.refunded,
            last_alive: call.last_alive,
            moderation_notes: call.moderation_notes.clone(),
        }
    }
}

/// A report of quality.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SideReport {
    /// `caller` or `receiver`.
    pub side: &'static str,
    /// The report.
    #[serde(flatten)]
    pub report: Dated,
}

/// What one of the two said of the call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SideFeedback {
    /// `caller` or `receiver`.
    pub side: &'static str,
    /// 1 to 5.
    pub rating: i64,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Time,
}

/// A call with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CallFile {
    /// The call.
    pub call: AdminCall,
    /// What happened to it, oldest first.
    pub timeline: Vec<StepView>,
    /// What was booked for it, oldest first.
    pub ledger: Vec<LedgerRow>,
    /// The newest reports of both sides, at most 24 of each, oldest first.
    pub quality_reports: Vec<SideReport>,
    /// What the two said of it.
    pub feedback: Vec<SideFeedback>,
}

/// A call with everything that belongs to it.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 503 when the database does not answer.
pub async fn inspect(tables: &Tables, call_id: &str, now: Time) -> Result<CallFile> {
    let call = Call::load(tables, call_id).await?;
    let (mut quality_reports, mut feedback) = (Vec::new(), Vec::new());
    for side in [Side::Caller, Side::Receiver] {
        let key = SideQuality::key_of(call_id, side);
        let reports: Option<SideQuality> = tables.get_consistent(&key).await?;
        let reports = reports.map_or_else(Vec::new, |all| all.reports());
        let side_name = side.as_str();
        quality_reports.extend(reports.into_iter().map(|report| SideReport {
            side: side_name,
            report,
        }));
        let said: Option<Feedback> = tables
            .get_consistent(&Feedback::key_of(call_id, side))
            .await?;
        feedback.extend(said.map(|said| SideFeedback {
            side: side_name,
            rating: said.rating,
            reason: said.reason,
            at: said.at,
        }));
    }
    quality_reports.sort_by_key(|one| one.report.at);
    Ok(CallFile {
        ledger: ledger(tables, &call).await?,
        timeline: call.seen(now).timeline.views(),
        call: AdminCall::of(&call, now),
        quality_reports,
        feedback,
    })
}

/// What was booked for a call: what was reserved between answer and end, how that was settled, and
/// what was given back, each found by its number.
async fn ledger(tables: &Tables, call: &Call) -> Result<Vec<LedgerRow>> {
    let Some(accepted_at) = call.accepted_at.filter(|_| call.hold_id.is_some()) else {
        return Ok(Vec::new());
    };
    let wallet = Wallet::load(tables, &call.wallet_id).await?;
    let history = History::of(tables, &wallet);
    let settled = call.transaction_id.as_deref();
    let settled = settled.and_then(|id| seq_of(&wallet.wallet_id, id));
    let first = history.span(accepted_at, accepted_at).await?.first;
    let last = settled.map_or(wallet.seq, |seq| seq - 1);
    let count = usize::try_from(last - first + 1).unwrap_or_default();
    let mut rows = history
        .range(first, last, count.min(LEDGER_ROWS_MAX))
        .await?;
    for seq in settled.iter().chain(&call.refund_rows) {
        let end = seq + TRANSACTION_ROWS as i64 - 1;
        rows.extend(history.range(*seq, end, TRANSACTION_ROWS).await?);
    }
    let own = rows
        .iter()
        .filter(|row| row.entry.reference.id == call.call_id);
    let own: BTreeMap<i64, &Linked> = own.map(|row| (row.entry.seq, row)).collect();
    let shown = own.values();
    Ok(shown
        .map(|row| LedgerRow::of(&wallet.wallet_id, row))
        .collect())
}
