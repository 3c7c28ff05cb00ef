//! Credits given or taken by hand: the row of the ledger and that of the audit log are one commit.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::codes::RefType;
use super::entry::Reference;
use super::wallet::Wallet;
use crate::admin::{Act, Clerk, Recorded, TwoPerson};
use crate::aws::dynamo::Missed;
use crate::error::{Result, UNAVAILABLE};
use crate::http::Once;

/// Tries when others write to the same wallet.
const TRIES_MAX: u32 = 6;

/// What an adjustment led to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Adjusted {
    /// `txn_…`
    pub transaction_id: String,
    /// Spendable credits afterwards.
    pub available: i64,
}

/// Adds `amount` credits, or takes them if it is below 0; above `alone_max` it waits for a second
/// person.
///
/// # Errors
/// 404 `USER_NOT_FOUND`; 402 `INSUFFICIENT_CREDITS`; 503 when others were first too often.
pub async fn adjust(
    admin: &Clerk,
    once: &Once,
    user_id: &str,
    (amount, reason): (i64, &str),
    alone_max: i64,
) -> Result<Recorded<TwoPerson<Adjusted>>> {
    let mut wallet = Wallet::of_user(admin.tables(), user_id).await?;
    let reference = Reference::new(RefType::Audit, admin.audit_id());
    for round in 1..=TRIES_MAX {
        let mut booking = wallet.book(admin.now());
        booking.adjust(amount, &reference)?;
        let act = Act::on("user", user_id)
            .changed(
                json!({ "available": wallet.available, "debt": wallet.debt }),
                json!({ "available": booking.wallet.available, "debt": booking.wallet.debt }),
            )
            .noting("amount", amount)
            .because(reason);
        if amount.saturating_abs() > alone_max && !admin.is_approved() {
            return admin.asks(once, &act).await;
        }
        let done = TwoPerson::Done(Adjusted {
            transaction_id: booking.transaction_id().unwrap_or_default(),
            available: booking.wallet.available,
        });
        match admin.acts(once, &act, booking.commit(), done).await {
            Err(Missed::Refused(refused)) if refused.key == Wallet::key_of(&wallet.wallet_id) => {
                wallet = refused.current()?.unwrap_or(wallet);
                admin.tables().pause(round).await;
            }
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}
