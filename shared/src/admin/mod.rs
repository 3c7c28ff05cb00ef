//! Administration: who may do what, and the log of everything they do.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`AdminRecord`] | ledger | `admins` | `adm_…` |
//! | [`PrincipalKey`] | ledger | `principal#<role ARN>` | `<session name>` or `*` |
//! | [`Role`] | ledger | `roles` | `<role>` |
//! | [`AuditRow`] | ledger | `audit#adm_…` | `<number, 16 digits>` (index `due` by month) |
//! | [`Approval`] | ledger | `approvals` | `apr_…` (index `due` while it is pending) |
//!
//! An operation takes [`Admin<P>`](crate::http::Admin), which exists only for a principal whose
//! record has the permission `P`, and answers with a [`Recorded`], which only the [`Clerk`] makes:
//! together with the row of the audit log. An effect and its row are one transaction; a look
//! writes its row before it is answered.

mod act;
mod approval;
mod clerk;
pub mod demo;
mod list;
pub mod moderation;
mod permission;
mod principal;
mod record;
mod role;
mod row;
pub mod users;
mod view;

pub use act::{Act, PRIVATE, reason};
pub use approval::{APPROVAL_MS, Approval, ApprovalState, FrozenRequest};
pub use clerk::{Clerk, Facts, Recorded, TwoPerson};
pub use list::{AuditFilter, AuditPosition, list_rows};
pub use permission::*;
pub use principal::Principal;
pub use record::{ANY_SESSION, AdminRecord, PrincipalKey};
pub use role::{BUILT_IN, Held, Role, roles};
pub use row::{AuditRow, Head, Outcome, Severity};
pub use view::{AdminView, AuditView};
