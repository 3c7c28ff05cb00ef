//! Giving back what a call cost, by the operator.

use serde_json::json;

use super::call::Call;
use super::finish::Turn;
use crate::credits::{Kind, RefType, Reference, Wallet, seq_of};
use crate::error::{AMOUNT_OUT_OF_RANGE, CALL_STATE_CONFLICT, Result};
use crate::time::Time;

impl Call {
    /// Whether so many credits can be given back.
    ///
    /// # Errors
    /// 409 `CALL_STATE_CONFLICT` before the end; 422 `AMOUNT_OUT_OF_RANGE` beyond what was spent
    /// and not given back yet.
    pub fn refundable(&self, credits: i64) -> Result<()> {
        if !self.status.is_terminal() {
            return Err(CALL_STATE_CONFLICT.with(json!({ "status": self.status })));
        }
        let left = self.credits_spent - self.refunded;
        match (1..=left).contains(&credits) {
            true => Ok(()),
            false => Err(AMOUNT_OUT_OF_RANGE.with(json!({ "min": 1, "max": left }))),
        }
    }

    /// Gives credits of a settled call back, once per state of the call: a second request that was
    /// decided from the same state is refused by its version.
    ///
    /// # Errors
    /// As [`Self::refundable`].
    pub fn refund(&self, wallet: &Wallet, credits: i64, now: Time) -> Result<Turn> {
        self.refundable(credits)?;
        let mut booking = wallet.book(now);
        let reference = Reference::new(RefType::Call, &*self.call_id).posting(self.version);
        let charge = self.transaction_id.as_deref();
        let charge = charge.and_then(|id| seq_of(&wallet.wallet_id, id));
        booking.refund(Kind::CallRefund, credits, &reference, charge)?;
        let mut next = self.touched(now);
        next.refunded += credits;
        next.refund_rows.extend(booking.first_seq());
        Ok(Turn {
            booking: Some(booking),
            ..Turn::of(next)
        })
    }
}
