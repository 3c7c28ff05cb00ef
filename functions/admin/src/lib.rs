//! Administration: who may do what, approvals by a second person, and the audit log.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        ban_user,
        claim_moderation_item,
        clear_abuse_flag,
        create_admin,
        decide_approval,
        edit_admin,
        end_user_sessions,
        expire_claims,
        get_admin_identity,
        lift_bans,
        list_abuse_flags,
        get_export,
        list_admins,
        list_approvals,
        list_audit_log,
        list_moderation_queue,
        list_roles,
        prove_audit_logs,
        release_moderation_item,
        resolve_moderation_item,
        seal_audit_log,
        search_users,
        set_role,
        unban_user,
        verify_audit_log,
        view_user,
        write_export,
    }
}
