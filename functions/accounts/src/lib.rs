//! Accounts: registration, proof of the address, sign-in, sessions and the account itself.

/// One module per function.
pub mod bin {
    shared::functions! {
        close_revoked_sockets,
        edit_account,
        get_account,
        get_jwks,
        list_sessions,
        open_email_link,
        refresh_session,
        register_account,
        resend_verification,
        revoke_other_sessions,
        revoke_session,
        sign_in,
        sign_out,
        verify_email,
    }
}
