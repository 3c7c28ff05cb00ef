//! Admins and rows of the log as answers show them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::record::AdminRecord;
use super::row::{AuditRow, Outcome, Severity};
use crate::crypto::hex;
use crate::time::Time;

/// An administrator.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AdminView {
    /// `adm_…`
    pub admin_id: String,
    /// ARN of the IAM role or user.
    pub role_arn: String,
    /// Name of the session, or `*`.
    pub session_name: String,
    /// Where to write to.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// Names of their roles.
    pub roles: Vec<String>,
    /// Whether they may still do anything.
    pub active: bool,
    /// Who made the record.
    pub created_by: String,
    /// When.
    pub created_at: Time,
    /// Last request.
    pub last_seen_at: Option<Time>,
    /// Number of the last row of their log.
    pub audit_seq: i64,
    /// Hash of that row, base 16.
    pub audit_head: String,
    /// Raised by every change.
    pub version: i64,
}

impl From<AdminRecord> for AdminView {
    fn from(record: AdminRecord) -> Self {
        Self {
            admin_id: record.admin_id,
            role_arn: record.role_arn,
            session_name: record.session_name,
            email: record.email,
            name: record.name,
            roles: record.roles,
            active: record.active,
            created_by: record.created_by,
            created_at: record.created_at,
            last_seen_at: record.last_seen_at,
            audit_seq: record.audit_seq,
            audit_head: hex(&record.audit_head.0),
            version: record.version,
        }
    }
}

/// A row of the audit log. `hash` is SHA-256 of `prev_hash` and of this object without the two, as
/// JSON with sorted names and without spaces or null members.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditView {
    audit_id: String,
    admin_id: String,
    seq: i64,
    at: Time,
    principal_arn: String,
    session_name: String,
    email: String,
    roles: Vec<String>,
    action: String,
    permission: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    before: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    after: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    metadata: Value,
    severity: Severity,
    request_id: String,
    ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_id: Option<String>,
    prev_hash: String,
    hash: String,
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        let mut shown = row.canonical();
        let (prev_hash, hash) = (hex(&row.prev_hash.0), hex(&row.hash.0));
        Self {
            before: shown["before"].take(),
            after: shown["after"].take(),
            metadata: shown["metadata"].take(),
            audit_id: row.audit_id,
            admin_id: row.admin_id,
            seq: row.seq,
            at: row.at,
            principal_arn: row.principal_arn,
            session_name: row.session_name,
            email: row.email,
            roles: row.roles,
            action: row.action,
            permission: row.permission,
            outcome: row.outcome,
            target_type: row.target_type,
            target_id: row.target_id,
            reason: row.reason,
            severity: row.severity,
            request_id: row.request_id,
            ip: row.ip,
            approval_id: row.approval_id,
            prev_hash,
            hash,
        }
    }
}
