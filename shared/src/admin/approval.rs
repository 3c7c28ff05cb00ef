//! Approvals: requests that wait for a second person, frozen as they were made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::table::{Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};

/// How long an approval waits.
pub const APPROVAL_MS: i64 = DAY_MS;
/// Partition of all approvals.
const PARTITION: &str = "approvals";

/// What has become of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has decided yet.
    Pending,
    /// Approved and carried out.
    Executed,
    /// Turned down.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// Approved, but it could not be carried out any more.
    Failed,
}

/// A request as it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrozenRequest {
    /// HTTP method.
    pub method: String,
    /// Route template.
    pub route: String,
    /// Path as called.
    pub path: String,
    /// Path parameters.
    pub params: std::collections::BTreeMap<String, String>,
    /// Query string as called.
    pub query: String,
    /// JSON body.
    pub body: Value,
}

/// A request that waits for a second person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// `apr_…`
    #[serde(rename = "sk")]
    pub approval_id: String,
    /// Function that carries it out.
    pub function: String,
    /// Permission that both people hold.
    pub permission: String,
    /// The [`FrozenRequest`], as JSON.
    pub request: String,
    /// Who asked.
    pub requested_by: String,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who decided.
    #[serde(default)]
    pub decided_by: Option<String>,
    /// Why it was asked for.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why it was decided so.
    #[serde(default)]
    pub decision_reason: Option<String>,
    /// When it was asked for.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// When it lapses.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// Partition of the index while it is pending.
    #[serde(default)]
    pub due_shard: Option<String>,
    /// When it lapses, while it is pending.
    #[serde(default)]
    pub due_at: Option<i64>,
}

impl Item for Approval {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Approval";

    fn key(&self) -> Key {
        Self::key_of(&self.approval_id)
    }
}

impl Approval {
    /// Partition of the index that holds the pending ones.
    pub const DUE_SHARD: &'static str = "approvals";

    /// Where an approval lies.
    pub fn key_of(approval_id: &str) -> Key {
        Key::new(PARTITION, approval_id)
    }

    /// Where it stands now: one that nobody decided in time has expired, whether or not anybody
    /// has noted it.
    pub fn state_at(&self, now: Time) -> ApprovalState {
        match self.state {
            ApprovalState::Pending if self.expires_at <= now => ApprovalState::Expired,
            state => state,
        }
    }
}
