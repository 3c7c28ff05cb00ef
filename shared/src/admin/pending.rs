//! Approvals as answers show them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::approval::{Approval, ApprovalState};
use super::clerk::Clerk;
use crate::error::Result;
use crate::table::{Name, Query, Range};
use crate::time::Time;

/// Approvals that one call reads at most.
const READ_MAX: usize = 1_000;

/// Which approvals are wanted, and which page of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ApprovalFilter {
    /// Those that stand so.
    pub state: Option<ApprovalState>,
    /// Where the page before ended; no filter.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
    /// Most approvals of a page; no filter.
    #[serde(skip_serializing)]
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
}

/// A request that waits for a second person, or did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ApprovalView {
    /// `apr_…`
    pub approval_id: String,
    /// Function that carries it out.
    pub function: String,
    /// Permission that both people hold.
    pub permission: String,
    /// The request as it was made: method, path, query and body.
    pub request: Value,
    /// Who asked.
    pub requested_by: String,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why it was decided so.
    pub decision_reason: Option<String>,
    /// When it was asked for.
    pub created_at: Time,
    /// When it lapses.
    pub expires_at: Time,
}

impl ApprovalView {
    fn of(approval: Approval, now: Time) -> Result<Self> {
        let request = approval.frozen()?;
        Ok(Self {
            state: approval.state_at(now),
            request: json!({
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "body": request.body,
            }),
            approval_id: approval.approval_id,
            function: approval.function,
            permission: approval.permission,
            requested_by: approval.requested_by,
            reason: approval.reason,
            decided_by: approval.decided_by,
            decision_reason: approval.decision_reason,
            created_at: approval.created_at,
            expires_at: approval.expires_at,
        })
    }
}

/// Approvals that the admin might decide, newest first, at most `limit`, and the id of the last
/// one if there may be more. A call reads a bounded number, so it may return fewer.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn list_approvals(
    admin: &Clerk,
    state: Option<ApprovalState>,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<ApprovalView>, Option<String>)> {
    let (mut found, mut last, mut read) = (Vec::new(), after, 0);
    while read < READ_MAX {
        let query = Query::of(Name::Ledger, Approval::PARTITION);
        let query = match &last {
            Some(id) => query.range(Range::Before(crate::table::Value::S(id.clone()))),
            None => query,
        };
        let query = query.backward().limit(limit).consistent();
        let page: Vec<Approval> = admin.tables().query(query).await?;
        let is_over = page.len() < limit;
        read += page.len();
        for approval in page {
            last = Some(approval.approval_id.clone());
            let stands = approval.state_at(admin.now());
            let wanted = state.is_none_or(|state| state == stands);
            if wanted && admin.held().has(&approval.permission) {
                found.push(ApprovalView::of(approval, admin.now())?);
            }
            if found.len() == limit {
                return Ok((found, last));
            }
        }
        if is_over {
            return Ok((found, None));
        }
    }
    Ok((found, last))
}
