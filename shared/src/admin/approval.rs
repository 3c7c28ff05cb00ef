//! Approvals: requests that wait for a second person, frozen as they were made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::{decode, encode, take};
use crate::error::APPROVAL_STATE;
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value as Stored};
use crate::time::{DAY_MS, Time, millis};

/// How long an approval waits.
pub const APPROVAL_MS: i64 = DAY_MS;

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
    /// When it was decided.
    #[serde(with = "millis::option", default)]
    pub decided_at: Option<Time>,
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
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.approval_id)
    }
}

impl Approval {
    /// Partition of all approvals.
    pub(super) const PARTITION: &'static str = "approvals";
    /// Partition of the index that holds the pending ones.
    pub const DUE_SHARD: &'static str = "approvals";

    /// Where an approval lies.
    pub fn key_of(approval_id: &str) -> Key {
        Key::new(Self::PARTITION, approval_id)
    }

    /// Ends the waiting, if nobody did and the time has not passed.
    pub(super) fn decided(
        &self,
        state: ApprovalState,
        (admin_id, reason): (&str, &str),
        now: Time,
    ) -> Commit {
        let word = serde_json::to_value(state).unwrap_or_default();
        let changes = vec![
            Change::text("state", word.as_str().unwrap_or_default()),
            Change::text("decided_by", admin_id),
            Change::text("decision_reason", reason),
            Change::number("decided_at", now.ms()),
            Change::Remove("due_shard".into()),
            Change::Remove("due_at".into()),
        ];
        let later = Stored::N((now.ms() + 1).to_string());
        let waiting = Condition::All(vec![
            Condition::text("state", "pending"),
            Condition::AtLeast("expires_at", later),
        ]);
        let guard = Some((waiting, &APPROVAL_STATE));
        Commit::new().update::<Self>(self.key(), changes, guard)
    }

    /// Notes that nobody decided in time; for the sweep, because reads decide by time.
    pub fn lapse(&self, now: Time) -> Commit {
        let changes = vec![
            Change::text("state", "expired"),
            Change::Remove("due_shard".into()),
            Change::Remove("due_at".into()),
        ];
        let over = Stored::N((now.ms() + 1).to_string());
        let waiting = Condition::All(vec![
            Condition::text("state", "pending"),
            Condition::Below("expires_at", over),
        ]);
        Commit::new().update::<Self>(self.key(), changes, Some((waiting, &APPROVAL_STATE)))
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

/// The approval under which a function is invoked a second time: what `decide_approval` writes
/// into the context of the event, where no client can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// `apr_…`
    pub approval_id: String,
    /// Why it was approved.
    pub reason: String,
    /// Scope of the decision's key.
    pub scope: String,
    /// What an equal decision is known again by.
    pub fingerprint: [u8; 32],
}

impl Approved {
    /// The approval that an event names.
    pub fn of(event: &Value) -> Option<Self> {
        let approval = &event["requestContext"]["approval"];
        let text = |name: &str| approval[name].as_str().map(str::to_owned);
        Some(Self {
            approval_id: text("approval_id")?,
            reason: text("reason")?,
            scope: text("scope")?,
            fingerprint: take(&decode(&text("fingerprint")?)?),
        })
    }

    /// The same for an event.
    pub fn value(&self) -> Value {
        serde_json::json!({
            "approval_id": self.approval_id,
            "reason": self.reason,
            "scope": self.scope,
            "fingerprint": encode(&self.fingerprint),
        })
    }
}
