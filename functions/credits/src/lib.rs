//! Credits: balance, ledger and prices.

/// One module per function.
pub mod bin {
    shared::functions! {
        get_balance,
        get_credit_statement,
        get_credit_transaction,
        list_credit_transactions,
        list_prices,
    }
}
