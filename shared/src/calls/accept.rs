//! Answering, carried out.

use super::answer::{Acceptance, Answered};
use super::call::{Call, Side};
use super::carry::{Plain, change};
use super::dial::{description, slot_of};
use super::signal::{ANSWER, Signal, SignalKind};
use super::words::Status;
use crate::accounts::account::Account;
use crate::aws::dynamo::Tables;
use crate::credits::Wallet;
use crate::crypto::{sha256, take};
use crate::env::Env;
use crate::error::{IDEMPOTENCY_KEY_REUSED, Result};
use crate::function::{Operation, Take};
use crate::http::{Call as Request, Me, once};
use crate::pack::Fixed;
use crate::time::Time;

/// The capability to answer a call: the request's own key, and ids for holds.
#[derive(Debug)]
pub struct Answering {
    key: Option<Fixed<16>>,
    hold_id: String,
    now: Time,
}

impl Take<Request> for Answering {
    fn describe(operation: &mut Operation) {
        operation.key = true;
    }

    async fn take(env: &Env, call: &mut Request) -> Result<Self> {
        let header = call.header("idempotency-key");
        let key = header.map(once::key_of).transpose()?;
        let key = key.map(|key| {
            let (name, same) = (sha256(&[key.as_bytes()]), sha256(&[&call.fingerprint]));
            let both = [take::<8>(&name), take::<8>(&same)].concat();
            Fixed(take(&both))
        });
        Ok(Self {
            key,
            hold_id: env.ids().new_id("hld"),
            now: call.now,
        })
    }
}

impl Answering {
    /// Answers a call once, whatever happens: the device that has answered gets the call again.
    ///
    /// # Errors
    /// What [`Call::accept`] refuses; 410 `CALL_ENDED` when the caller has nothing to pay with; 422
    /// `IDEMPOTENCY_KEY_REUSED`, `SIGNAL_INVALID`; 404 `DEVICE_NOT_FOUND`; 503 when others were
    /// first too often.
    pub async fn accept(
        &self,
        tables: &Tables,
        (me, call_id): (&Me, &str),
        (device_id, sdp): (Option<String>, Option<String>),
    ) -> Result<Call> {
        let own = Account::key_of(&me.user_id);
        let (slot, own) =
            tokio::try_join!(slot_of(tables, me, device_id), tables.get::<Account>(&own))?;
        let hidden = own.is_some_and(|own| own.relay_only_calls);
        let with = Acceptance {
            key: self.key,
            hidden,
        };
        let accept = |call: &Call, wallet: Option<&Wallet>| {
            call.side(&me.user_id)?;
            let kind = SignalKind::Answer;
            let answer = description(kind, sdp.as_deref(), call.call_type, hidden)?;
            let empty = Wallet::new(&*call.wallet_id, 0);
            let paying = (wallet.unwrap_or(&empty), self.hold_id.as_str());
            let who = (me.user_id.as_str(), slot.as_str());
            let mut turn = call
                .accept(who, paying, &with, self.now)
                .map(Answered::turn)?;
            if let (Some(turn), Some(answer)) = (&mut turn, answer)
                && turn.call.status == Status::Accepted
            {
                let side = Side::Receiver;
                turn.signal = Some(Signal::new(call, ANSWER, side, &answer, self.now));
            }
            Ok(turn)
        };
        let rings = |call: &Call| call.status == Status::Ringing;
        let changed = change(tables, call_id, &Plain, rings, accept).await?;
        let call = changed.call;
        if call.status == Status::Failed {
            return Err(call.gone(Side::Receiver));
        }
        match (changed.wrote, self.key, call.accept_key) {
            (false, Some(Fixed(mine)), Some(Fixed(first))) if is_reused(&mine, &first) => {
                Err(IDEMPOTENCY_KEY_REUSED.into())
            }
            _ => Ok(call),
        }
    }
}

/// The same key with another content.
fn is_reused(mine: &[u8; 16], first: &[u8; 16]) -> bool {
    let ((key, content), (first_key, first_content)) = (mine.split_at(8), first.split_at(8));
    key == first_key && content != first_content
}
