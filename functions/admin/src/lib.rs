//! Administration: who may do what, approvals by a second person, and the audit log.

/// One module per function.
pub mod bin {
    shared::functions! {
        create_admin,
        decide_approval,
        edit_admin,
        get_admin_identity,
        get_export,
        list_admins,
        list_approvals,
        list_audit_log,
        list_roles,
        seal_audit_log,
        set_role,
        verify_audit_log,
        write_export,
    }
}
