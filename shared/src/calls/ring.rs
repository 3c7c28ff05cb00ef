//! Ringing somebody: who may, and what is written when it happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::can_pay;
use super::call::{CALL_MS_MAX, Call, LIVE_SHARDS, MEDIA_WAIT_MS, RING_SECONDS, Side};
use super::fate::End;
use super::lock::Lock;
use super::signal::{Checked, OFFER, Signal};
use super::words::{Actor, CallType, EndedReason, Status};
use crate::credits::{Policies, Wallet};
use crate::crypto::{mac, sha256, take};
use crate::error::{
    BLOCKED, CALL_GLARE, CALL_NOT_ALLOWED, CALLEE_BUSY, CALLER_BUSY, CANNOT_TARGET_SELF, Error,
    Fault, IDEMPOTENCY_IN_PROGRESS, Result, UNAVAILABLE, USER_NOT_FOUND,
};
use crate::http::{Me, Rate};
use crate::id::id_of;
use crate::messaging::Head;
use crate::pack::Fixed;
use crate::table::Commit;
use crate::time::{DAY_MS, SECOND_MS, Time};

/// How long a client id belongs to its first call.
pub const CLIENT_ID_MS: i64 = 7 * DAY_MS;

/// What a client wants.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewCall {
    /// `usr_…`
    #[schemars(length(min = 1, max = 64))]
    pub receiver_id: String,
    /// What is transmitted.
    pub call_type: CallType,
    /// Session description (RFC 8866) of the caller, at most 16 KB.
    #[schemars(length(max = 16_384), extend("x-bytes-max" = 16_384))]
    #[schemars(extend("x-fault" = "SIGNAL_INVALID"))]
    pub sdp_offer: Option<String>,
    /// The calling device; the session's own without it.
    #[schemars(length(min = 1, max = 64))]
    pub device_id: Option<String>,
    /// The client's own id for it; the `Idempotency-Key` may stand in its place.
    #[schemars(length(min = 8, max = 64), regex(pattern = r"^[A-Za-z0-9._:-]+$"))]
    pub client_call_id: Option<String>,
}

impl NewCall {
    /// Hash of what makes two requests the same; the client's id for it is not part.
    pub fn fingerprint(&self) -> Fixed<16> {
        let same = json!([
            self.receiver_id,
            self.call_type,
            self.sdp_offer,
            self.device_id
        ]);
        Fixed(take(&sha256(&[same.to_string().as_bytes()])))
    }
}

/// The id of the call that a person begins under a client's id; another one once the first one's
/// time is over, and another one for the entry of a call that found the receiver busy.
pub fn call_id(user_id: &str, client_id: &str, after: Option<Time>, is_entry: bool) -> String {
    let after = after.map_or(0, Time::ms).to_be_bytes();
    let parts = [
        user_id.as_bytes(),
        client_id.as_bytes(),
        &after,
        &[u8::from(is_entry)],
    ];
    id_of("cal", take(&mac(b"call", &parts)))
}

/// What the rule says of who may ring whom.
///
/// # Errors
/// 404 `USER_NOT_FOUND` when the receiver blocked the caller; 403 `BLOCKED`, `CALL_NOT_ALLOWED`.
pub fn may_ring(head: Option<&Head>, (from, to): (&str, &str), rule: &str) -> Result<()> {
    let Some(head) = head else {
        return match rule {
            "nothing" => Ok(()),
            _ => Err(CALL_NOT_ALLOWED.into()),
        };
    };
    let (mine, theirs) = (head.side(head.who(from)?), head.side(head.who(to)?));
    if theirs.blocks {
        return Err(USER_NOT_FOUND.into());
    }
    if mine.blocks {
        return Err(BLOCKED.into());
    }
    // Nobody can match yet: who wrote to the caller wants to be in touch.
    let allowed = match rule {
        "nothing" => true,
        "match_or_reply" => theirs.sent > 0,
        _ => false,
    };
    match allowed {
        true => Ok(()),
        false => Err(CALL_NOT_ALLOWED.into()),
    }
}

/// Somebody about to ring, with everything that decides about it.
#[derive(Debug)]
pub struct Dialling<'a> {
    /// The caller.
    pub me: &'a Me,
    /// The caller's device or session.
    pub slot: &'a str,
    /// What is wanted.
    pub new: &'a NewCall,
    /// The offer that was checked.
    pub offer: Option<&'a Checked>,
    /// Whether the caller hides the own address.
    pub hidden: bool,
    /// Id of the call, and of the entry if the receiver is busy.
    pub ids: (String, String),
    /// Prices and rules.
    pub policies: &'a Policies,
    /// The limiter of class `call`.
    pub rate: &'a Rate,
    /// When.
    pub now: Time,
}

/// A person's lock and the call it names.
#[derive(Clone, Debug)]
pub struct Line {
    /// The lock.
    pub lock: Lock,
    /// The call that it names; over, if it is not live.
    pub call: Option<Call>,
}

impl Line {
    /// The call that the person is in.
    pub fn live(&self, now: Time) -> Option<&Call> {
        self.call.as_ref().filter(|call| call.is_live(now))
    }
}

/// What was read to decide.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The caller's wallet.
    pub wallet: Wallet,
    /// The conversation of the two, if there is one.
    pub head: Option<Head>,
    /// Whether the receiver exists and is active.
    pub receiver_is_active: bool,
    /// Whether the receiver has phones to push to.
    pub receiver_has_phones: bool,
    /// The caller's lock.
    pub mine: Line,
    /// The receiver's lock.
    pub theirs: Line,
}

/// What becomes of an attempt.
#[derive(Debug)]
pub enum Dialled {
    /// It rings.
    Rings(Box<Call>, Commit),
    /// The receiver is busy; the entry for both histories.
    Busy(Commit),
}

impl Dialling<'_> {
    /// Decides in the order of the contract; a refusal leaves no trace but the entry of a busy
    /// receiver.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`; 422 `CANNOT_TARGET_SELF`; 404 `USER_NOT_FOUND`; 403 `BLOCKED`,
    /// `CALL_NOT_ALLOWED`; 409 `CALLER_BUSY`, `CALL_GLARE`, `WALLET_FROZEN`; 402
    /// `INSUFFICIENT_CREDITS`.
    pub fn decide(&self, ground: &Ground) -> Result<Dialled> {
        let (me, to) = (self.me.user_id.as_str(), self.new.receiver_id.as_str());
        if me == to {
            return Err(CANNOT_TARGET_SELF.into());
        }
        let tat = self.rate.admit(ground.mine.lock.tat, self.now)?;
        if !ground.receiver_is_active {
            return Err(USER_NOT_FOUND.into());
        }
        may_ring(
            ground.head.as_ref(),
            (me, to),
            self.policies.word("call.requires"),
        )?;
        if let Some(mine) = ground.mine.live(self.now) {
            return Err(self.crossed(mine));
        }
        if ground.theirs.live(self.now).is_some() {
            return Ok(Dialled::Busy(self.entry(ground, tat)));
        }
        let call = Call {
            is_pushed: ground.receiver_has_phones,
            ..self.call(&self.ids.0, &ground.wallet)
        };
        can_pay(&ground.wallet, call.rate_per_minute)?;
        let until = call
            .ring_expires_at
            .plus(MEDIA_WAIT_MS + CALL_MS_MAX + SECOND_MS);
        let mut mine = ground
            .mine
            .lock
            .taken(ground.mine.call.as_ref(), &call, until);
        mine.tat = tat;
        let theirs = ground
            .theirs
            .lock
            .taken(ground.theirs.call.as_ref(), &call, until);
        let commit = Commit::new()
            .create(&call, &IDEMPOTENCY_IN_PROGRESS)
            .replace(&mine, ground.mine.lock.unchanged(), &UNAVAILABLE)
            .replace(&theirs, ground.theirs.lock.unchanged(), &UNAVAILABLE);
        let commit = match self.offer {
            Some(offer) => {
                let signal = Signal::new(&call, OFFER, Side::Caller, offer, self.now);
                commit.create(&signal, &UNAVAILABLE)
            }
            None => commit,
        };
        Ok(Dialled::Rings(Box::new(call), commit))
    }

    /// Why somebody who is in a call cannot ring: the two may be ringing each other.
    fn crossed(&self, mine: &Call) -> Error {
        let glare = mine.status == Status::Ringing
            && mine.caller_id == self.new.receiver_id
            && mine.receiver_id == self.me.user_id;
        match glare {
            true => CALL_GLARE.with(json!({ "call_id": mine.call_id })),
            false => CALLER_BUSY.into(),
        }
    }

    /// The entry of a call that found the receiver busy. It takes nobody's lock, so it is counted
    /// at once.
    fn entry(&self, ground: &Ground, tat: i64) -> Commit {
        // Nobody's id for it: the same request may succeed later.
        let ringing = Call {
            client_call_id: None,
            ..self.call(&self.ids.1, &ground.wallet)
        };
        let end = End {
            status: Status::Rejected,
            reason: EndedReason::Busy,
            at: self.now,
            by: Actor::System,
        };
        let entry = Call {
            version: 1,
            ..ringing.over(end, self.now)
        };
        let counted = |lock: &Lock| {
            let mut next = lock.next();
            next.tally.0 = lock.tally.0.with(&entry, &lock.user_id);
            next
        };
        let (mut mine, theirs) = (counted(&ground.mine.lock), counted(&ground.theirs.lock));
        mine.tat = tat;
        Commit::new()
            .create(&entry, &IDEMPOTENCY_IN_PROGRESS)
            .replace(&mine, ground.mine.lock.unchanged(), &UNAVAILABLE)
            .replace(&theirs, ground.theirs.lock.unchanged(), &UNAVAILABLE)
    }

    /// The call while it rings.
    fn call(&self, id: &str, wallet: &Wallet) -> Call {
        let (now, policies) = (self.now, self.policies);
        let ring_expires_at = now.plus(RING_SECONDS * SECOND_MS);
        let last = id.bytes().last().unwrap_or_default();
        let fresh = Call {
            call_id: id.to_owned(),
            caller_id: self.me.user_id.clone(),
            receiver_id: self.new.receiver_id.clone(),
            initiated_at: now,
            live_shard: Some(Call::live_partition(last % LIVE_SHARDS)),
            live_at: Some(ring_expires_at),
            call_type: self.new.call_type,
            ring_expires_at,
            wallet_id: wallet.wallet_id.clone(),
            rate_per_minute: policies.number(self.new.call_type.price()),
            grant: policies.number("call.grant_minutes"),
            free_below_seconds: policies.number("call.free_below_seconds"),
            caller_slot: self.slot.to_owned(),
            caller_hidden: self.hidden,
            client_call_id: self.new.client_call_id.clone(),
            fingerprint: self.new.fingerprint(),
            updated_at: now,
            ..Call::default()
        };
        fresh.moved(Status::Ringing, (Side::Caller.actor(), now), now)
    }
}

/// The refusal of somebody who rings a person in a call.
pub const BUSY: &Fault = &CALLEE_BUSY;
