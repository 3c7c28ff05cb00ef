//! Accounts: registration, proof of the address, sign-in, sessions and the account itself.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        add_phone,
        answer_2fa_challenge,
        change_password,
        close_revoked_sockets,
        disable_2fa,
        edit_account,
        exchange_social_login,
        finish_social_login,
        get_2fa_status,
        get_account,
        get_jwks,
        list_identities,
        list_sessions,
        open_email_link,
        reauthenticate,
        refresh_session,
        regenerate_recovery_codes,
        register_account,
        remove_phone,
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
        start_social_login,
        unlink_identity,
        verify_2fa,
        verify_email,
        verify_phone,
    }
}
