//! Accounts: registration, proof of the address, sign-in, sessions and the account itself.

/// One module per function.
pub mod bin {
    shared::functions! {
        answer_2fa_challenge,
        close_revoked_sockets,
        disable_2fa,
        edit_account,
        get_2fa_status,
        get_account,
        get_jwks,
        list_sessions,
        open_email_link,
        refresh_session,
        regenerate_recovery_codes,
        register_account,
        resend_verification,
        revoke_other_sessions,
        revoke_session,
        setup_2fa,
        sign_in,
        sign_out,
        verify_2fa,
        verify_email,
    }
}
