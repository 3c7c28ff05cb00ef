//! The first super admins: one or two principals that the deployment names, made once.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::act::Act;
use super::clerk::Facts;
use super::permission::{Permission, SuperAdmin};
use super::principal::Principal;
use super::record::AdminRecord;
use super::row::{AuditRow, Outcome, Severity};
use crate::aws::dynamo::{Missed, Tables};
use crate::config::Founder;
use crate::env::Env;
use crate::error::{ADMIN_EXISTS, INTERNAL_ERROR, Result};
use crate::http::Call;
use crate::pack::Fixed;
use crate::table::{Commit, Item, Key, Name};
use crate::time::{Time, millis};

/// Name under which the row stands in the log.
const ACTION: &str = "create_admin";
/// Most of them.
const FOUNDERS_MAX: usize = 2;

/// Proof that the first super admins were made; whatever the deployment names later has no effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Founded {
    /// Their ids.
    pub admin_ids: Vec<String>,
    /// When.
    #[serde(with = "millis")]
    pub at: Time,
}

impl Item for Founded {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "First super admins";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new("founded", "founded")
    }
}

/// Makes the first super admins if the caller is one of them and nobody has been made yet;
/// `false` when the deployment does not name the caller.
///
/// # Errors
/// 503 when the database does not answer.
pub(crate) async fn found(
    env: &Env,
    tables: &Tables,
    call: &Call,
    principal: &Principal,
) -> Result<bool> {
    let named = &env.config().super_admins;
    let is_caller = |founder: &&Founder| {
        (&founder.role_arn, &founder.session_name) == (&principal.role_arn, &principal.session_name)
    };
    if !named
        .iter()
        .take(FOUNDERS_MAX)
        .any(|founder| is_caller(&founder))
    {
        return Ok(false);
    }
    let mut records: Vec<AdminRecord> = Vec::new();
    for founder in named.iter().take(FOUNDERS_MAX) {
        let record = AdminRecord::new(
            env.ids().new_id("adm"),
            (&founder.role_arn, &founder.session_name),
            (&founder.email, &founder.session_name),
            vec![SuperAdmin::NAME.to_owned()],
            ("deployment", call.now),
        );
        match is_caller(&founder) {
            true => records.insert(0, record),
            false => records.push(record),
        }
    }
    let admin_ids: Vec<String> = records.iter().map(|one| one.admin_id.clone()).collect();
    let at = call.now;
    let founded = Founded { admin_ids, at };
    let mut commit = Commit::new().create(&founded, &ADMIN_EXISTS);
    if let Some(own) = records.first_mut() {
        let row = first_row(env, call, principal, own, &founded);
        let head = row.head();
        (own.audit_seq, own.audit_head, own.audit_at) = (head.seq, Fixed(head.hash), head.at);
        commit = commit.create(&row, &INTERNAL_ERROR);
    }
    for record in &records {
        commit = commit.with(record.create());
    }
    match tables.commit(commit).await {
        Ok(()) | Err(Missed::Refused(_)) => Ok(true),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// The first row of the first log.
fn first_row(
    env: &Env,
    call: &Call,
    principal: &Principal,
    own: &AdminRecord,
    founded: &Founded,
) -> AuditRow {
    let facts = Facts {
        admin_id: own.admin_id.clone(),
        email: own.email.clone(),
        roles: own.roles.clone(),
        principal: principal.clone(),
        function: ACTION,
        permission: SuperAdmin::NAME,
        severity: Severity::Critical,
        request_id: call.request_id.clone(),
        ip: call.address.clone(),
        now: call.now,
        audit_id: env.ids().new_id("aud"),
        approval_id: None,
    };
    let act = Act::on("admin", &*own.admin_id)
        .changed(json!({}), json!({ "admins": founded.admin_ids }))
        .because("named by the deployment");
    AuditRow::after(&own.head(), &facts, &act, Outcome::Done)
}
