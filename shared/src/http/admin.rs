//! The administrator: exists only with a verified signature of a principal that has an active
//! record, and with the permission that the operation demands.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::json;

use super::call::Call;
use super::limit::spend;
use crate::admin::{
    Act, AdminRecord, Approval, Approved, Clerk, Decision, Facts, FrozenRequest, Held, Outcome,
    Permission, Role, found, roles,
};
use crate::aws::dynamo::Tables;
use crate::env::Env;
use crate::error::{
    ADMIN_UNKNOWN, Error, Fault, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_INVALID,
    IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED, INTERNAL_ERROR, PERMISSION_DENIED, Result,
};
use crate::function::{Grant, Take};
use crate::table::{Append, Keep, Ledger, Live, Table};

/// An administrator with the permission `P`; stands first in a signature, so that it is asked for
/// before anything of the request is used. Taking it reads record and roles consistently and
/// counts the call in its rate class.
#[derive(Debug, Clone)]
pub struct Admin<P> {
    clerk: Arc<Clerk>,
    permission: PhantomData<fn() -> P>,
}

impl<P> Deref for Admin<P> {
    type Target = Clerk;

    fn deref(&self) -> &Clerk {
        &self.clerk
    }
}

/// The record behind the caller, if it is active.
async fn record(env: &Env, tables: &Tables, call: &Call) -> Result<AdminRecord> {
    let principal = call.principal.as_ref();
    let mut known = None;
    if let Some(principal) = principal {
        known = AdminRecord::of(tables, principal).await?;
        if known.is_none() && found(env, tables, call, principal).await? {
            known = AdminRecord::of(tables, principal).await?;
        }
    }
    let active = known.filter(|record| record.active);
    active.ok_or_else(|| {
        let principal = principal.map_or("nobody", |principal| &principal.arn);
        tracing::warn!(target: "request", principal, "no active admin record");
        ADMIN_UNKNOWN.into()
    })
}

impl<P: Permission> Take<Call> for Admin<P> {
    const GRANTS: &'static [&'static [Grant]] =
        <Table<(Append<Ledger>, Keep<Live>)> as Take<Call>>::GRANTS;
    const PERMISSION: Option<&'static str> = Some(P::NAME);

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let tables = Tables::of(env);
        let route = call
            .admin
            .ok_or_else(|| INTERNAL_ERROR.because("no admin route"))?;
        let principal = call.principal.clone();
        let (record, roles) = tokio::try_join!(record(env, &tables, call), roles(&tables))?;
        call.user_id = Some(record.admin_id.clone());
        if call.approved.is_none() {
            spend(env, call, &record.admin_id, None).await?;
        }
        let facts = Facts {
            admin_id: record.admin_id.clone(),
            email: record.email.clone(),
            roles: record.roles.clone(),
            principal: principal.ok_or(ADMIN_UNKNOWN)?,
            function: call.function,
            permission: P::NAME,
            severity: route.severity,
            request_id: call.request_id.clone(),
            ip: call.address.clone(),
            now: call.now,
            audit_id: env.ids().new_id("aud"),
            approval_id: call.approved.as_ref().map(|one| one.approval_id.clone()),
        };
        let mut clerk = Clerk {
            tables,
            held: Held::of(&record, &roles),
            record,
            facts,
            request: frozen(call),
            approval_id: env.ids().new_id("apr"),
            approved: None,
            asker: None,
            strict: false,
        };
        if P::DEMANDED && !clerk.held.has(P::NAME) {
            let act = Act::general().noting("path", &*call.path);
            clerk.note(&act, Outcome::Denied).await?;
            return Err(PERMISSION_DENIED.with(json!({ "permission": P::NAME })));
        }
        if let Some(approved) = &call.approved {
            follow(&mut clerk, approved, &roles, env.ids().new_id("aud")).await?;
        }
        let clerk = Arc::new(clerk);
        call.clerk = Some(Arc::clone(&clerk));
        let permission = PhantomData;
        Ok(Self { clerk, permission })
    }
}

/// Refusals that say nothing of an effect: of a permission, which has its row, and of a key, of
/// which another call has the effect.
const ASIDE: [&Fault; 5] = [
    &IDEMPOTENCY_IN_PROGRESS,
    &IDEMPOTENCY_KEY_INVALID,
    &IDEMPOTENCY_KEY_REQUIRED,
    &IDEMPOTENCY_KEY_REUSED,
    &PERMISSION_DENIED,
];

/// Writes the row of an effect that an admin wanted and that was refused. Of what failed otherwise
/// nobody knows here whether it happened, so it leaves no second row.
pub(super) async fn refused(call: &Call, error: Error) -> Error {
    let wanted = call.clerk.as_ref().filter(|_| call.method != "GET");
    let is_refusal = (400..500).contains(&error.fault().status) && error.stored().is_none();
    match wanted.filter(|_| is_refusal && !ASIDE.iter().any(|fault| error.is(fault))) {
        Some(clerk) => match clerk.note(&clerk.tried(&error), Outcome::Failed).await {
            Ok(()) => error,
            Err(failed) => failed,
        },
        None => error,
    }
}

/// Acts for whoever asked, under the decision of a second person that leaves a row of this id.
async fn follow(
    clerk: &mut Clerk,
    approved: &Approved,
    roles: &BTreeMap<String, Role>,
    audit_id: String,
) -> Result<()> {
    let (approval, asker) = approval(clerk, approved, roles).await?;
    clerk.asker = Some(asker);
    let decision = Decision::of(approval, &approved.reason, &clerk.facts, audit_id);
    clerk.approved = Some(decision);
    Ok(())
}

/// The approval of this very request, which both people may make and nobody has decided, and what
/// whoever asked for it holds.
async fn approval(
    clerk: &Clerk,
    approved: &Approved,
    roles: &BTreeMap<String, Role>,
) -> Result<(Approval, Held)> {
    let approval = Approval::load(&clerk.tables, &approved.approval_id).await?;
    approval.check(&clerk.record.admin_id, clerk.facts.now)?;
    let same = approval.function == clerk.facts.function && approval.frozen()? == clerk.request;
    if !same {
        return Err(INTERNAL_ERROR.because("another request than the one that was frozen"));
    }
    let key = AdminRecord::key_of(&approval.requested_by);
    let requester: Option<AdminRecord> = clerk.tables.get_consistent(&key).await?;
    let still = requester.filter(|record| record.active);
    let held = still.map(|record| Held::of(&record, roles));
    match held.filter(|held| held.has(&approval.permission)) {
        Some(held) => Ok((approval, held)),
        None => {
            let details = json!({ "permission": approval.permission });
            Err(PERMISSION_DENIED.with(details))
        }
    }
}

fn frozen(call: &Call) -> FrozenRequest {
    let params = call.params.iter();
    FrozenRequest {
        method: call.method.clone(),
        route: call.route.clone(),
        path: call.path.clone(),
        params: params
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        query: call.query.clone(),
        body: call.body.clone(),
    }
}
