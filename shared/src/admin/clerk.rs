//! The clerk of an admin: carries effects out and writes the log, in one transaction.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::Act;
use super::answer::{Recorded, TwoPerson};
use super::approval::{APPROVAL_MS, Approval, ApprovalState, FrozenRequest};
use super::decide::{Decided, Decision};
use super::permission::Permission;
use super::principal::Principal;
use super::record::AdminRecord;
use super::role::Held;
use super::row::{AuditRow, Head, Outcome, Severity};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Error, INTERNAL_ERROR, PERMISSION_DENIED, Result, UNAVAILABLE};
use crate::function::Answer;
use crate::http::{Call, Json, Later, Once};
use crate::operations::{JobRun, RunBegun};
use crate::table::{Action, Change, Commit, Condition, Key, Name, Value, Wrote};
use crate::time::Time;

/// What one row tells: whose it is, what they did and what became of it.
type Line<'a> = (&'a Facts, &'a Act, Outcome);

/// Tries when the same admin does several things at once.
const TRIES_MAX: u32 = 8;

/// What every row of one request says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `adm_…`
    pub admin_id: String,
    /// Address of the admin.
    pub email: String,
    /// Roles of the admin.
    pub roles: Vec<String>,
    /// Who signed.
    pub principal: Principal,
    /// Name of the function.
    pub function: &'static str,
    /// What it demands.
    pub permission: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Id of the request.
    pub request_id: String,
    /// Address of the caller.
    pub ip: String,
    /// Instant at which it arrived.
    pub now: Time,
    /// Id of the row that it will leave.
    pub audit_id: String,
    /// The approval under which it is carried out.
    pub approval_id: Option<String>,
}

/// Acts for one admin in one request.
#[derive(Clone)]
pub struct Clerk {
    pub(crate) tables: Tables,
    pub(crate) record: AdminRecord,
    pub(crate) held: Held,
    pub(crate) facts: Facts,
    pub(crate) request: FrozenRequest,
    pub(crate) approval_id: String,
    /// The decision of a second person under which it is carried out.
    pub(crate) approved: Option<Decision>,
    /// What whoever asked for it holds, once it is approved.
    pub(crate) asker: Option<Held>,
    /// Whether nothing else of the same admin may come in between.
    pub(crate) strict: bool,
}

impl std::fmt::Debug for Clerk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clerk({})", self.record.admin_id)
    }
}

impl Clerk {
    /// The admin as they were when the request came.
    pub fn me(&self) -> &AdminRecord {
        &self.record
    }

    /// What the admin holds.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Instant at which the request came.
    pub fn now(&self) -> Time {
        self.facts.now
    }

    /// Id of the request.
    pub fn request_id(&self) -> &str {
        &self.facts.request_id
    }

    /// Id of the row that this request leaves, for what refers to it.
    pub fn audit_id(&self) -> &str {
        &self.facts.audit_id
    }

    /// Whether a second person has approved this request already.
    pub fn is_approved(&self) -> bool {
        self.approved.is_some()
    }

    /// Who wanted it: whoever asked for what a second person approved, else the admin.
    pub fn asked_by(&self) -> &str {
        match &self.approved {
            Some(decision) => &decision.approval.requested_by,
            None => &self.record.admin_id,
        }
    }

    /// What whoever wanted it holds: the result is theirs, and shows no more than they may see.
    pub fn held_by_asker(&self) -> &Held {
        self.asker.as_ref().unwrap_or(&self.held)
    }

    /// Demands one more permission, where an operation needs it for a part of what it does.
    ///
    /// # Errors
    /// 403 `PERMISSION_DENIED` {permission}, with its row.
    pub async fn demand<P: Permission>(&self) -> Result<()> {
        self.demand_named(P::NAME).await
    }

    /// The same by the permission's name.
    ///
    /// # Errors
    /// 403 `PERMISSION_DENIED` {permission}, with its row.
    pub async fn demand_named(&self, permission: &str) -> Result<()> {
        if self.held.has(permission) {
            return Ok(());
        }
        let act = Act::general()
            .noting("demanded", permission)
            .noting("path", &*self.request.path);
        self.note(&act, Outcome::Denied).await?;
        Err(PERMISSION_DENIED.with(json!({ "permission": permission })))
    }

    /// What the row of a refused effect says.
    pub(crate) fn tried(&self, error: &Error) -> Act {
        let target = self.request.target();
        let mut act = target.map_or_else(Act::general, |(kind, id)| Act::on(kind, id));
        act.reason = self.request.reason();
        act.noting("path", &*self.request.path)
            .noting("code", error.fault().code)
    }

    /// Answers a look: the row is written first.
    ///
    /// # Errors
    /// 503 when the row cannot be written; then nothing is answered.
    pub async fn shows<A: Answer<Call>>(&self, act: &Act, answer: A) -> Result<Recorded<A>> {
        self.note(act, Outcome::Done).await?;
        Ok(Recorded(answer))
    }

    /// Writes a row without an effect.
    pub(crate) async fn note(&self, act: &Act, outcome: Outcome) -> Result<()> {
        let line = (&self.facts, act, outcome);
        Ok(self.write(Vec::new(), &[line]).await?)
    }

    /// Carries a commit out together with its row and, where the caller gave a key, with the
    /// record of the answer.
    ///
    /// # Errors
    /// What the commit refuses, so that a lost race can be decided again; the stored answer when
    /// an equal call was first; 503 when the admin does too much at once.
    pub async fn acts<A: Answer<Call> + Clone>(
        &self,
        once: &Once,
        act: &Act,
        commit: Commit,
        answer: A,
    ) -> Result<Recorded<A>, Missed> {
        self.records(once, act, commit, answer, Outcome::Done).await
    }

    /// The same, but only if the admin has done nothing else since the request came.
    ///
    /// # Errors
    /// As [`Clerk::acts`]; 503 when something else was first.
    pub(super) async fn acts_next<A: Answer<Call> + Clone>(
        &self,
        once: &Once,
        act: &Act,
        commit: Commit,
        answer: A,
    ) -> Result<Recorded<A>, Missed> {
        let strict = Self {
            strict: true,
            ..self.clone()
        };
        strict.acts(once, act, commit, answer).await
    }

    /// Carries a commit out with a row of any outcome.
    pub(super) async fn records<A: Answer<Call> + Clone>(
        &self,
        once: &Once,
        act: &Act,
        commit: Commit,
        answer: A,
        outcome: Outcome,
    ) -> Result<Recorded<A>, Missed> {
        let (commit, act) = match &self.approved {
            Some(decision) => {
                // An equal decision is answered like this one.
                let decided = Decided {
                    state: ApprovalState::Executed,
                    result: answer.clone().answer()?.body,
                };
                let commit = decision.executes(self).with(commit);
                (once.record(commit, &Json(decided))?, decision.told(act))
            }
            None => (once.record(commit, &answer)?, act.clone()),
        };
        // The decision has a row of its own, before that of its effect.
        let decision = self.approved.as_ref();
        let decision = decision.map(|one| (&one.facts, &one.act, Outcome::Done));
        let lines = decision.into_iter().chain([(&self.facts, &act, outcome)]);
        let lines: Vec<Line<'_>> = lines.collect();
        match self.write(commit.into_writes()?, &lines).await {
            Ok(()) => Ok(Recorded(answer)),
            Err(Missed::Refused(refused)) => match once.first(&refused)? {
                Some(first) => Err(Missed::Failed(first)),
                None => Err(Missed::Refused(refused)),
            },
            Err(missed) => Err(missed),
        }
    }

    /// Begins a run of this function in the background, about one object or about all there are.
    ///
    /// # Errors
    /// 409 `RUN_IN_PROGRESS`; as [`Clerk::acts`].
    pub async fn begins<T: Serialize + JsonSchema + Send + Clone>(
        &self,
        once: &Once,
        run_id: String,
        about: Option<&str>,
    ) -> Result<Recorded<Later<T, RunBegun>>> {
        let (function, by) = (self.facts.function, &*self.record.admin_id);
        let mut run = JobRun::new(run_id.clone(), function, by, self.now());
        run.about = about.map(str::to_owned);
        let act = Act::on("run", &*run_id);
        let act = about.map_or(act.clone(), |id| act.noting("about", id));
        let begun = Later::Accepted(RunBegun { run_id });
        Ok(self.acts(once, &act, run.begin(), begun).await?)
    }

    /// Freezes the request until a second person decides it.
    ///
    /// # Errors
    /// As [`Clerk::acts`].
    pub async fn asks<T: Serialize + JsonSchema + Send + Clone>(
        &self,
        once: &Once,
        act: &Act,
    ) -> Result<Recorded<TwoPerson<T>>> {
        let request = serde_json::to_string(&self.request);
        let expires_at = self.now().plus(APPROVAL_MS);
        let approval = Approval {
            approval_id: self.approval_id.clone(),
            function: self.facts.function.to_owned(),
            permission: self.facts.permission.to_owned(),
            request: request.map_err(|cause| INTERNAL_ERROR.because(cause))?,
            requested_by: self.record.admin_id.clone(),
            state: ApprovalState::Pending,
            decided_by: None,
            decided_at: None,
            reason: act.reason.clone(),
            decision_reason: None,
            created_at: self.now(),
            expires_at,
            due_shard: Some(Approval::DUE_SHARD.to_owned()),
            due_at: Some(expires_at.ms()),
        };
        let act = act
            .clone()
            .under(&approval.approval_id)
            .noting("approval", "asked");
        let commit = Commit::new().create(&approval, &UNAVAILABLE);
        let answer = TwoPerson::Asked {
            approval_id: approval.approval_id,
        };
        Ok(self.acts(once, &act, commit, answer).await?)
    }

    /// Carries the writes out together with the next rows of the admin's log.
    async fn write(&self, writes: Vec<Wrote>, lines: &[Line<'_>]) -> Result<(), Missed> {
        let (key, mut head) = (
            AdminRecord::key_of(&self.record.admin_id),
            self.record.head(),
        );
        for round in 1..=TRIES_MAX {
            let rows = following(&head, lines);
            let commit = joined(writes.clone(), &key, &head, &rows);
            let refused = match self.tables.commit(commit).await {
                Err(Missed::Refused(refused)) if refused.key == key => refused,
                Ok(()) => {
                    rows.iter().for_each(crate::log::acted);
                    return Ok(());
                }
                missed => return missed,
            };
            // Something else of the same admin was first, or what the effect wants of it is not so.
            match refused
                .current::<AdminRecord>()?
                .map(|record| record.head())
            {
                Some(now) if now.seq != head.seq && !self.strict => head = now,
                Some(now) if now.seq != head.seq => {
                    return Err(UNAVAILABLE
                        .because("the same admin did something else")
                        .into());
                }
                _ => return Err(Missed::Refused(refused)),
            }
            self.tables.pause(round).await;
        }
        let error: Error = UNAVAILABLE.because("the same admin was first too often");
        Err(error.into())
    }
}

/// The rows that tell these lines, after a head.
fn following(head: &Head, lines: &[Line<'_>]) -> Vec<AuditRow> {
    let mut head = *head;
    let rows = lines.iter().map(|(facts, act, outcome)| {
        let row = AuditRow::after(&head, facts, act, *outcome);
        head = row.head();
        row
    });
    rows.collect()
}

/// The writes, the rows and the new end of the log. An effect on the admin's own record becomes one
/// action with it, because a transaction has one action per item.
fn joined(writes: Vec<Wrote>, key: &Key, head: &Head, rows: &[AuditRow]) -> Commit {
    let end = rows.last().map_or(*head, AuditRow::head);
    let mut changes = vec![
        Change::number("audit_seq", end.seq),
        Change::Set("audit_head".into(), Value::B(end.hash.to_vec())),
        Change::number("audit_at", end.at.ms()),
        Change::number("last_seen_at", end.at.ms()),
    ];
    let mut condition = Condition::number("audit_seq", head.seq);
    let mut fault = &UNAVAILABLE;
    let mut commit = Commit::new();
    for write in writes {
        let own = write.table == Name::Ledger && write.key == *key;
        match (own, write.action.clone(), write.guard.clone()) {
            (true, Action::Update(more), guard) => {
                changes.extend(more);
                if let Some((wanted, meant)) = guard {
                    condition = Condition::All(vec![condition, wanted]);
                    fault = meant;
                }
            }
            _ => commit = commit.and(write),
        }
    }
    let commit = commit.update::<AdminRecord>(key.clone(), changes, Some((condition, fault)));
    rows.iter()
        .fold(commit, |commit, row| commit.create(row, &INTERNAL_ERROR))
}
