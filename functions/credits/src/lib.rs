//! Credits: balance, ledger, prices and packages, and the holds that nobody settled.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        adjust_credits,
        check_ledger,
        expire_holds,
        get_balance,
        get_credit_statement,
        get_credit_transaction,
        list_credit_packages,
        list_credit_transactions,
        list_prices,
        set_low_balance_alert,
        sum_ledger_totals,
        tell_balance,
    }
}
