//! The second person decides: a rejection is noted, an approval carries the frozen request out,
//! through the function that it was made to and by its own code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::act::Act;
use super::answer::Recorded;
use super::approval::{Approval, ApprovalState, Approved, FrozenRequest};
use super::clerk::{Clerk, Facts};
use super::permission::{OfFrozenRoute, Permission};
use super::row::{Outcome, Severity};
use crate::aws::dynamo::Tables;
use crate::aws::functions::Functions;
use crate::error::{
    APPROVAL_NOT_FOUND, APPROVAL_SELF, APPROVAL_STATE, Error, IDEMPOTENCY_IN_PROGRESS,
    IDEMPOTENCY_KEY_REQUIRED, INTERNAL_ERROR, Result, UNAVAILABLE,
};
use crate::http::{Json, Once};
use crate::table::Commit;
use crate::time::Time;

/// Name under which the rows of decisions stand in the log.
const FUNCTION: &str = "decide_approval";

/// What the second person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Do it.
    Approve,
    /// Do not.
    Reject,
}

/// What a decision led to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Decided {
    /// Where the approval stands now.
    pub state: ApprovalState,
    /// What the function answered, or why it could not be carried out.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub result: Value,
}

/// A decision to carry something out, as the function that does it notes it.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What was approved.
    pub(crate) approval: Approval,
    /// Why.
    reason: String,
    /// What its row says.
    pub(super) facts: Facts,
    /// The rest of it.
    pub(super) act: Act,
}

impl Decision {
    /// The decision of the admin in whose name the function runs; `audit_id` is that of its row.
    pub(crate) fn of(approval: Approval, reason: &str, effect: &Facts, audit_id: String) -> Self {
        let facts = Facts {
            function: FUNCTION,
            permission: OfFrozenRoute::NAME,
            severity: Severity::Critical,
            audit_id,
            ..effect.clone()
        };
        Self {
            act: act_of(&approval, reason),
            reason: reason.to_owned(),
            facts,
            approval,
        }
    }

    /// What ends the approval.
    pub(super) fn executes(&self, by: &Clerk) -> Commit {
        let by = (&*by.me().admin_id, &*self.reason);
        self.approval
            .decided(ApprovalState::Executed, by, self.facts.now)
    }

    /// The effect, as its row tells it: with both people.
    pub(super) fn told(&self, act: &Act) -> Act {
        act.clone()
            .noting("requested_by", &*self.approval.requested_by)
            .noting("approval_reason", &*self.reason)
    }
}

/// What the row of a decision says.
fn act_of(approval: &Approval, reason: &str) -> Act {
    Act::on("approval", &*approval.approval_id)
        .under(&approval.approval_id)
        .noting("function", &*approval.function)
        .noting("requested_by", &*approval.requested_by)
        .because(reason)
}

impl Approval {
    /// An approval as it is now.
    ///
    /// # Errors
    /// 404 `APPROVAL_NOT_FOUND`.
    pub async fn load(tables: &Tables, approval_id: &str) -> Result<Self> {
        let found: Option<Self> = tables.get_consistent(&Self::key_of(approval_id)).await?;
        found.ok_or_else(|| APPROVAL_NOT_FOUND.into())
    }

    /// Whether this admin may still decide it.
    ///
    /// # Errors
    /// 403 `APPROVAL_SELF`; 409 `APPROVAL_STATE` {status}.
    pub fn check(&self, admin_id: &str, now: Time) -> Result<()> {
        if self.requested_by == admin_id {
            return Err(APPROVAL_SELF.into());
        }
        match self.state_at(now) {
            ApprovalState::Pending => Ok(()),
            state => Err(APPROVAL_STATE.with(json!({ "status": state }))),
        }
    }

    /// The request as it was made.
    ///
    /// # Errors
    /// 500 when it cannot be read.
    pub fn frozen(&self) -> Result<FrozenRequest> {
        serde_json::from_str(&self.request).map_err(|cause| INTERNAL_ERROR.because(cause))
    }
}

/// Decides an approval.
///
/// # Errors
/// 404 `APPROVAL_NOT_FOUND`; 403 `APPROVAL_SELF`, `PERMISSION_DENIED`; 409 `APPROVAL_STATE`; 503
/// when the function does not answer, and the approval is still pending.
pub async fn decide(
    admin: &Clerk,
    functions: &Functions,
    once: &Once,
    approval_id: &str,
    (verdict, reason): (Verdict, &str),
) -> Result<Recorded<Json<Decided>>> {
    let approval = Approval::load(admin.tables(), approval_id).await?;
    admin.demand_named(&approval.permission).await?;
    approval.check(&admin.me().admin_id, admin.now())?;
    let act = act_of(&approval, reason);
    if verdict == Verdict::Reject {
        let rejected = Decided {
            state: ApprovalState::Rejected,
            result: Value::Null,
        };
        return ended(admin, once, (&approval, reason), &act, rejected).await;
    }
    carry_out(admin, functions, once, (&approval, reason), &act).await
}

/// Has the function carry the frozen request out.
async fn carry_out(
    admin: &Clerk,
    functions: &Functions,
    once: &Once,
    (approval, reason): (&Approval, &str),
    act: &Act,
) -> Result<Recorded<Json<Decided>>> {
    let event = event(admin, once, approval, reason)?;
    let reply = functions.invoke(&approval.function, &event).await?;
    let body = reply["body"].as_str().unwrap_or_default();
    let result: Value = serde_json::from_str(body).unwrap_or_default();
    let code = result["error"]["code"].as_str().unwrap_or_default();
    match reply["statusCode"].as_u64().unwrap_or(500) {
        // An equal decision was first; this is what it heard.
        200..300 if reply["headers"]["idempotent-replayed"] == "true" => {
            Err(Error::replay(200, result))
        }
        // The function has written the rows of the decision and of its effect.
        200..300 => Ok(Recorded(Json(Decided {
            state: ApprovalState::Executed,
            result,
        }))),
        // Somebody else was first.
        400..500 if code == APPROVAL_STATE.code => {
            let details = result["error"]["details"].clone();
            Err(APPROVAL_STATE.with(details))
        }
        400..500 if code == IDEMPOTENCY_IN_PROGRESS.code => Err(IDEMPOTENCY_IN_PROGRESS.into()),
        400..500 => {
            let failed = Decided {
                state: ApprovalState::Failed,
                result: json!({ "code": code, "details": result["error"]["details"] }),
            };
            let act = act.clone().noting("code", code);
            ended(admin, once, (approval, reason), &act, failed).await
        }
        status => Err(UNAVAILABLE.because(format!("{}: {status} {code}", approval.function))),
    }
}

/// Notes a decision that had no effect.
async fn ended(
    admin: &Clerk,
    once: &Once,
    (approval, reason): (&Approval, &str),
    act: &Act,
    decided: Decided,
) -> Result<Recorded<Json<Decided>>> {
    let outcome = match decided.state {
        ApprovalState::Failed => Outcome::Failed,
        _ => Outcome::Done,
    };
    let by = (&*admin.me().admin_id, reason);
    let commit = approval.decided(decided.state, by, admin.now());
    let noted = admin
        .records(once, act, commit, Json(decided), outcome)
        .await;
    noted.map_err(Error::from)
}

/// The frozen request as the gateway would hand it to the function, in the name of who approves,
/// with the approval where no client can write.
fn event(admin: &Clerk, once: &Once, approval: &Approval, reason: &str) -> Result<Value> {
    let request = approval.frozen()?;
    let (scope, fingerprint) = once.key().ok_or(IDEMPOTENCY_KEY_REQUIRED)?;
    let approved = Approved {
        approval_id: approval.approval_id.clone(),
        reason: reason.to_owned(),
        scope: scope.to_owned(),
        fingerprint,
    };
    let route = format!("{} {}", request.method, request.route);
    Ok(json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {
            "content-type": "application/json",
            "x-request-id": admin.request_id(),
        },
        "pathParameters": request.params,
        "requestContext": {
            "accountId": "",
            "apiId": "approval",
            "domainName": "",
            "domainPrefix": "",
            "authorizer": { "iam": { "userArn": admin.facts.principal.arn } },
            "approval": approved.value(),
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": admin.facts.ip,
                "userAgent": "",
            },
            "requestId": admin.request_id(),
            "routeKey": route,
            "stage": "$default",
            "time": "",
            "timeEpoch": admin.now().ms(),
        },
        "body": match &request.body {
            Value::Null => Value::Null,
            body => json!(body.to_string()),
        },
        "isBase64Encoded": false,
    }))
}
