//! Administration: who may do what, approvals by a second person, and the audit log.

/// One module per function.
pub mod bin {
    shared::functions! {
        ban_user,
        claim_moderation_item,
        clear_abuse_flag,
        end_user_sessions,
        expire_claims,
        get_admin_identity,
        lift_bans,
        list_abuse_flags,
        list_admins,
        list_audit_log,
        list_moderation_queue,
        release_moderation_item,
        resolve_moderation_item,
        search_users,
        unban_user,
        view_user,
    }
}
