//! Accounts: registration, proof of the address, sign-in, sessions and the account itself.

/// One module per function.
pub mod bin {
    shared::functions! {
        answer_2fa_challenge,
        change_password,
        close_revoked_sockets,
        disable_2fa,
        edit_account,
        get_2fa_status,
        get_account,
        get_jwks,
        list_sessions,
        open_email_link,
        reauthenticate,
        refresh_session,
        regenerate_recovery_codes,
        register_account,
        request_password_reset,
        resend_verification,
        reset_password,
        revoke_other_sessions,
        revoke_session,
        rotate_signing_keys,
        setup_2fa,
        sign_in,
        sign_out,
        sign_out_everywhere,
        verify_2fa,
        verify_email,
    }
}
