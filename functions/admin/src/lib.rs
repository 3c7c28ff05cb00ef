//! Administration: who may do what, approvals by a second person, and the audit log.

/// One module per function.
pub mod bin {
    shared::functions! {
        get_admin_identity,
        list_admins,
        list_audit_log,
    }
}
