//! Administration: who may do what, and the log of everything they do.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`AdminRecord`] | ledger | `admins` | `adm_…` |
//! | [`PrincipalKey`] | ledger | `principal#<role ARN>` | `<session name>` or `*` |
//! | [`Role`] | ledger | `roles` | `<role>` |
//! | [`AuditRow`] | ledger | `audit#adm_…` | `<number, 16 digits>` (index `due` by month) |
//! | [`Export`] | data | `exp_…` | `export` |
//! | [`Approval`] | ledger | `approvals` | `apr_…` (index `due` while it is pending) |
//! | [`AuditSeal`] | ledger | `audit-seals` | `<date>` |
//! | [`Founded`] | ledger | `founded` | `founded` |
//!
//! An operation takes [`Admin<P>`](crate::http::Admin), which exists only for a principal whose
//! record has the permission `P`, and answers with a [`Recorded`], which only the [`Clerk`] makes:
//! together with the row of the audit log. An effect and its row are one transaction; a look
//! writes its row before it is answered.

mod act;
mod answer;
mod approval;
mod clerk;
mod decide;
pub mod demo;
mod export;
mod file;
mod found;
mod list;
mod manage;
pub mod moderation;
mod pending;
mod permission;
mod principal;
mod proof;
mod record;
mod role;
mod row;
mod seal;
#[cfg(test)]
mod tests;
pub mod users;
mod verify;
mod view;

pub use act::{Act, PRIVATE, reason};
pub use answer::{Recorded, TwoPerson};
pub use approval::{APPROVAL_MS, Approval, ApprovalState, Approved, FrozenRequest};
pub use clerk::{Clerk, Facts};
pub use decide::{Decided, Decision, Verdict, decide};
pub use export::{
    EXPORT_MS, Export, ExportJob, ExportKind, ExportState, ExportWish, Format, exports_of,
};
pub use file::{Begun, ExportAnswer, Exported, File, export, filters_of, written};
pub use found::Founded;
pub(crate) use found::found;
pub use list::{AuditFilter, AuditPosition, list_rows};
pub use manage::{AdminEdit, NewAdmin, RoleEdit, create_admin, edit_admin, set_role};
pub use pending::{ApprovalFilter, ApprovalView, list_approvals};
pub use permission::*;
pub use principal::Principal;
pub use proof::{AuditLogs, AuditProof, VERIFY_AUDIT_LOG, prove_some};
pub use record::{ANY_SESSION, AdminRecord, PrincipalKey};
pub use role::{BUILT_IN, Held, Role, roles};
pub use row::{AuditRow, Head, Outcome, Severity};
pub use seal::{AuditSeal, SealedRoot, newest_seal, seal};
pub use verify::{AuditChain, BadAuditRow};
pub use view::{AdminView, AuditView};
