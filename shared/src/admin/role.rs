//! Roles: named sets of permissions. A row replaces the built-in role of its name.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::permission::{PERMISSIONS, Permission, SuperAdmin, is_read_only};
use super::record::{ANY_SESSION, AdminRecord};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{Item, Key, Name, Query};

/// Partition of all roles.
const PARTITION: &str = "roles";
/// Most roles that are read.
const ROLES_MAX: usize = 1_000;

/// Roles that exist from the start.
pub const BUILT_IN: &[(&str, &[&str])] = &[
    (
        "moderator",
        &[
            "moderation.view",
            "moderation.action",
            "users.view",
            "calls.view",
            "presence.view",
            "notifications.view",
        ],
    ),
    ("analyst", &["analytics.view", "analytics.export"]),
    (
        "support",
        &[
            "users.view",
            "moderation.view",
            "calls.view",
            "presence.view",
            "presence.action",
            "notifications.view",
            "notifications.action",
            "billing.view",
        ],
    ),
    (
        "finance",
        &[
            "billing.view",
            "billing.action",
            "billing.refund",
            "analytics.view",
            "analytics.export",
        ],
    ),
    (
        "operator",
        &[
            "ops.view",
            "ops.action",
            "flags.manage",
            "notifications.view",
            "presence.view",
            "presence.action",
        ],
    ),
    ("admin", PERMISSIONS),
    ("super_admin", PERMISSIONS),
];

/// A named set of permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// Its name.
    pub role: String,
    /// What it lets do.
    pub permissions: Vec<String>,
    /// Whether it exists from the start.
    pub built_in: bool,
    /// Raised by every change; 0 of a built-in role that nobody has changed.
    pub version: i64,
}

impl Item for Role {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Role";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.role)
    }
}

impl Role {
    /// Where a role lies.
    pub fn key_of(role: &str) -> Key {
        Key::new(PARTITION, role)
    }

    fn built_in(&(role, permissions): &(&str, &[&str])) -> Self {
        // The role `admin` may do everything but what only a super admin may.
        let held = permissions
            .iter()
            .filter(|held| role != "admin" || **held != SuperAdmin::NAME);
        Self {
            role: role.to_owned(),
            permissions: held.map(|held| (*held).to_owned()).collect(),
            built_in: true,
            version: 0,
        }
    }
}

/// All roles as they are now, by name.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn roles(tables: &Tables) -> Result<BTreeMap<String, Role>> {
    let query = Query::of(Name::Ledger, PARTITION).limit(ROLES_MAX);
    let stored: Vec<Role> = tables.query(query.consistent()).await?;
    let all = BUILT_IN.iter().map(Role::built_in).chain(stored);
    Ok(all.map(|role| (role.role.clone(), role)).collect())
}

/// The permissions that somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held(BTreeSet<String>);

impl Held {
    /// What a record's roles give together. A record of all sessions of a role may only look,
    /// whatever its roles become.
    pub fn of(record: &AdminRecord, roles: &BTreeMap<String, Role>) -> Self {
        let own = record.roles.iter().filter_map(|name| roles.get(name));
        let held: BTreeSet<String> = own.flat_map(|role| role.permissions.clone()).collect();
        let mut held = match held.contains(SuperAdmin::NAME) {
            true => PERMISSIONS.iter().map(|name| (*name).to_owned()).collect(),
            false => held,
        };
        if record.session_name == ANY_SESSION {
            held.retain(|permission| is_read_only(permission));
        }
        Self(held)
    }

    /// Whether a permission is among them.
    pub fn has(&self, permission: &str) -> bool {
        self.0.contains(permission)
    }

    /// In alphabetical order.
    pub fn list(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;

    fn record(session: &str, roles: &[&str]) -> AdminRecord {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        AdminRecord::new(
            "adm_x",
            ("arn", session),
            ("a@b", "A"),
            roles,
            ("local", Time(0)),
        )
    }

    #[test]
    fn only_a_super_admin_may_everything() {
        let roles = BUILT_IN.iter().map(Role::built_in);
        let roles: BTreeMap<_, _> = roles.map(|role| (role.role.clone(), role)).collect();
        let admin = Held::of(&record("a", &["admin"]), &roles);
        assert!(admin.has("billing.refund") && !admin.has("super_admin"));
        let both = Held::of(&record("a", &["analyst", "nonsense"]), &roles);
        assert_eq!(both.list(), ["analytics.export", "analytics.view"]);
        let sovereign = Held::of(&record("a", &["super_admin"]), &roles);
        assert_eq!(sovereign.list().len(), PERMISSIONS.len());
        let anybody = Held::of(&record("*", &["super_admin"]), &roles);
        assert!(anybody.has("users.view") && !anybody.has("users.action"));
        assert!(!anybody.has("super_admin"));
    }
}
