//! Accounts: registration, proof of the address, sign-in, sessions and the account itself.

/// One module per function.
pub mod bin {
    shared::functions! {
        change_password,
        close_revoked_sockets,
        edit_account,
        get_account,
        get_jwks,
        list_sessions,
        open_email_link,
        reauthenticate,
        refresh_session,
        register_account,
        request_password_reset,
        resend_verification,
        reset_password,
        revoke_other_sessions,
        revoke_session,
        sign_in,
        sign_out,
        sign_out_everywhere,
        verify_email,
    }
}
