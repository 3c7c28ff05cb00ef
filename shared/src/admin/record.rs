//! Records of admins: who a principal is, which roles they have, and where their log ends.

use serde::{Deserialize, Serialize};

use super::principal::Principal;
use super::row::Head;
use crate::aws::dynamo::Tables;
use crate::error::{ADMIN_EXISTS, Result};
use crate::pack::Fixed;
use crate::table::{Commit, Item, Key, Name, Query};
use crate::time::{Time, millis};

/// Partition of all records.
const PARTITION: &str = "admins";
/// Session name of a record that counts for every session of its role.
pub const ANY_SESSION: &str = "*";

/// An administrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdminRecord {
    /// `adm_…`
    #[serde(rename = "sk")]
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
    /// Number of the last row of their log; 0 when there is none.
    pub audit_seq: i64,
    /// Hash of that row.
    pub audit_head: Fixed<32>,
    /// Instant of that row.
    #[serde(with = "millis")]
    pub audit_at: Time,
    /// Who made the record.
    pub created_by: String,
    /// When.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Last request.
    #[serde(with = "millis::option", default)]
    pub last_seen_at: Option<Time>,
    /// Raised by every change of roles or activity; from 1.
    pub version: i64,
}

impl Item for AdminRecord {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Admin";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.admin_id)
    }
}

/// Makes a principal somebody's for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrincipalKey {
    /// `principal#<role ARN>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// Name of the session, or `*`.
    #[serde(rename = "sk")]
    pub session_name: String,
    /// Whose it is.
    pub admin_id: String,
}

impl Item for PrincipalKey {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Principal of an admin";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.session_name)
    }
}

impl PrincipalKey {
    /// Where it is noted whose a principal is.
    pub fn key_of(role_arn: &str, session_name: &str) -> Key {
        Key::new(format!("principal#{role_arn}"), session_name)
    }
}

impl AdminRecord {
    /// A new record without a log.
    pub fn new(
        admin_id: impl Into<String>,
        (role_arn, session_name): (&str, &str),
        (email, name): (&str, &str),
        roles: Vec<String>,
        (created_by, now): (&str, Time),
    ) -> Self {
        Self {
            admin_id: admin_id.into(),
            role_arn: role_arn.to_owned(),
            session_name: session_name.to_owned(),
            email: email.to_owned(),
            name: name.to_owned(),
            roles,
            active: true,
            audit_seq: 0,
            audit_head: Fixed::default(),
            audit_at: now,
            created_by: created_by.to_owned(),
            created_at: now,
            last_seen_at: None,
            version: 1,
        }
    }

    /// Where a record lies.
    pub fn key_of(admin_id: &str) -> Key {
        Key::new(PARTITION, admin_id)
    }

    /// Where the log ends.
    pub fn head(&self) -> Head {
        Head {
            seq: self.audit_seq,
            hash: self.audit_head.0,
            at: self.audit_at,
        }
    }

    /// The record and its principal, both new.
    pub fn create(&self) -> Commit {
        let key = PrincipalKey::key_of(&self.role_arn, &self.session_name);
        let principal = PrincipalKey {
            partition: key.pk,
            session_name: key.sk,
            admin_id: self.admin_id.clone(),
        };
        Commit::new()
            .create(&principal, &ADMIN_EXISTS)
            .create(self, &ADMIN_EXISTS)
    }

    /// The record of a principal as it is now: the exact one, else that of all sessions.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn of(tables: &Tables, principal: &Principal) -> Result<Option<Self>> {
        let key = |session: &str| PrincipalKey::key_of(&principal.role_arn, session);
        let keys = [key(&principal.session_name), key(ANY_SESSION)];
        // Whose a principal is never changes, so this read may lag; the record's may not.
        let found: Vec<PrincipalKey> = tables.get_many(&keys).await?;
        match found.first() {
            Some(own) => tables.get_consistent(&Self::key_of(&own.admin_id)).await,
            None => Ok(None),
        }
    }

    /// Records in the order of their ids, after one of them.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn list(tables: &Tables, after: Option<&str>, limit: usize) -> Result<Vec<Self>> {
        let query = Query::of(Name::Ledger, PARTITION).limit(limit).consistent();
        let query = match after {
            Some(id) => query.range(crate::table::Range::After(crate::table::Value::S(
                id.into(),
            ))),
            None => query,
        };
        tables.query(query).await
    }
}
