//! One row of the audit log: its values, its canonical form and its hash.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::act::Act;
use super::clerk::Facts;
use crate::crypto::{hex, sha256};
use crate::pack::Fixed;
use crate::table::{Item, Key, Name};
use crate::time::{Time, millis};

/// Ranks of two rows of one millisecond differ in this many steps.
const RANKS_PER_MS: i64 = 1_000_000;

/// How much a row matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A look at figures.
    Info,
    /// A look at somebody.
    Notice,
    /// A change for somebody, or a refusal.
    Warning,
    /// A change of who may do what, or one that cannot be undone.
    Critical,
}

impl Severity {
    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It had its effect, or was answered.
    Done,
    /// The admin lacks the permission.
    Denied,
    /// It was refused for another reason.
    Failed,
}

impl Outcome {
    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last row; 0 when there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// Its instant.
    pub at: Time,
}

/// One row; never changed, never removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// `audit#adm_…`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `aud_…`
    pub audit_id: String,
    /// Whose log it is in.
    pub admin_id: String,
    /// Position in that log, dense from 1.
    pub seq: i64,
    /// When; never before its predecessor.
    #[serde(with = "millis")]
    pub at: Time,
    /// ARN of the caller.
    pub principal_arn: String,
    /// Name of the session.
    pub session_name: String,
    /// Address of the admin.
    pub email: String,
    /// Roles at that instant.
    pub roles: Vec<String>,
    /// Name of the function.
    pub action: String,
    /// What it demands.
    pub permission: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Kind of the object.
    #[serde(default)]
    pub target_type: Option<String>,
    /// The object.
    #[serde(default)]
    pub target_id: Option<String>,
    /// Changed fields before, as JSON.
    #[serde(default)]
    pub before: Option<String>,
    /// Changed fields after, as JSON.
    #[serde(default)]
    pub after: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Whatever else belongs to it, as JSON.
    pub metadata: String,
    /// How much it matters.
    pub severity: Severity,
    /// Id of the request.
    pub request_id: String,
    /// Address of the caller.
    pub ip: String,
    /// The approval that it belongs to.
    #[serde(default)]
    pub approval_id: Option<String>,
    /// Hash of the row before; zeros for the first.
    pub prev_hash: Fixed<32>,
    /// Hash of this row.
    pub hash: Fixed<32>,
    /// Partition of the index over all logs.
    #[serde(rename = "due_shard")]
    pub shard: String,
    /// Order in that index.
    #[serde(rename = "due_at")]
    pub rank: i64,
}

impl Item for AuditRow {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Audit log row";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, Self::sk_of(self.seq))
    }
}

impl AuditRow {
    /// What the partitions of all logs begin with. No role may change or remove what lies there.
    pub const PREFIX: &'static str = "audit#";

    /// Partition of an admin's log.
    pub fn log_of(admin_id: &str) -> String {
        format!("{}{admin_id}", Self::PREFIX)
    }

    /// Sort key of a row.
    pub fn sk_of(seq: i64) -> String {
        format!("{seq:016}")
    }

    /// Partition of the index that holds the rows of an instant's month.
    pub fn shard_of(at: Time) -> String {
        let date = at.date();
        format!("audit#{:04}-{:02}", date.year(), date.month())
    }

    /// Lowest rank of an instant.
    pub const fn rank_of(at: Time) -> i64 {
        at.ms().saturating_mul(RANKS_PER_MS)
    }

    /// The row that follows a head.
    pub(super) fn after(head: &Head, facts: &Facts, act: &Act, outcome: Outcome) -> Self {
        let (at, seq) = (facts.now.max(head.at), head.seq + 1);
        let severity = match outcome {
            Outcome::Done => facts.severity,
            Outcome::Denied | Outcome::Failed => facts.severity.max(Severity::Warning),
        };
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        let mut row = Self {
            partition: Self::log_of(&facts.admin_id),
            audit_id: facts.audit_id.clone(),
            admin_id: facts.admin_id.clone(),
            seq,
            at,
            principal_arn: facts.principal.arn.clone(),
            session_name: facts.principal.session_name.clone(),
            email: facts.email.clone(),
            roles: facts.roles.clone(),
            action: facts.function.to_owned(),
            permission: facts.permission.to_owned(),
            outcome,
            target_type: act.target.as_ref().map(|target| target.0.to_owned()),
            target_id: act.target.as_ref().map(|target| target.1.clone()),
            before: text(&act.before),
            after: text(&act.after),
            reason: act.reason.clone(),
            metadata: act.metadata.to_string(),
            severity,
            request_id: facts.request_id.clone(),
            ip: facts.ip.clone(),
            approval_id: facts
                .approval_id
                .clone()
                .or_else(|| act.approval_id.clone()),
            prev_hash: Fixed(head.hash),
            hash: Fixed::default(),
            shard: String::new(),
            rank: 0,
        };
        (row.shard, row.rank) = row.place();
        row.hash = Fixed(row.digest());
        row
    }

    /// Where the index over all logs has to show it.
    pub fn place(&self) -> (String, i64) {
        let id: [u8; 4] = crate::crypto::take(&sha256(&[self.audit_id.as_bytes()]));
        let tie = i64::from(u32::from_be_bytes(id)) % RANKS_PER_MS;
        (
            Self::shard_of(self.at),
            Self::rank_of(self.at).saturating_add(tie),
        )
    }

    /// Where the log ends with this row.
    pub fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash.0,
            at: self.at,
        }
    }

    /// The row without hashes: exactly what [`AuditRow::digest`] covers besides the hash before.
    pub fn canonical(&self) -> Value {
        // A text that is no JSON any more shows as it is, and no hash fits it.
        let read = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let mut row = json!({
            "audit_id": self.audit_id,
            "admin_id": self.admin_id,
            "seq": self.seq,
            "at": self.at,
            "principal_arn": self.principal_arn,
            "session_name": self.session_name,
            "email": self.email,
            "roles": self.roles,
            "action": self.action,
            "permission": self.permission,
            "outcome": self.outcome,
            "target_type": self.target_type,
            "target_id": self.target_id,
            "before": self.before.as_ref().map(read),
            "after": self.after.as_ref().map(read),
            "reason": self.reason,
            "metadata": read(&self.metadata),
            "severity": self.severity,
            "request_id": self.request_id,
            "ip": self.ip,
            "approval_id": self.approval_id,
        });
        if let Some(members) = row.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        row
    }

    /// SHA-256 of the hash before and the canonical row: JSON with sorted names, no spaces.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[&self.prev_hash.0, self.canonical().to_string().as_bytes()])
    }

    /// The row as it is shown: canonical, and the hashes in base 16.
    pub fn shown(&self) -> Value {
        let mut row = self.canonical();
        row["prev_hash"] = json!(hex(&self.prev_hash.0));
        row["hash"] = json!(hex(&self.hash.0));
        row
    }
}
