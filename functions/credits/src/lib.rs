//! Credits: balance, ledger, prices and packages, and the holds that nobody settled.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        adjust_credits,
        check_ledger,
        expire_holds,
        freeze_wallet,
        get_balance,
        get_credit_statement,
        get_credit_transaction,
        list_credit_packages,
        list_credit_transactions,
        list_policies,
        list_prices,
        prove_wallets,
        set_low_balance_alert,
        set_package,
        set_policy,
        sum_ledger_totals,
        tell_balance,
        verify_ledger,
        view_user_ledger,
    }
}
