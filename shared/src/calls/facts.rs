//! What changes of calls tell the two people.

use serde_json::{Value, json};

use super::call::{Call, Side};
use super::words::{Actor, CallType, Status};
use crate::accounts::account::Account;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::id::derived;
use crate::notifications::{Notice, Told};
use crate::realtime::Fact;
use crate::time::Time;
use crate::worker::Change;

/// Frame of a call that comes in.
const INCOMING: &str = "call.incoming";

/// The frames that a change of a call tells; none for rows of other kinds.
///
/// # Errors
/// 500 when an image does not have the shape of a call.
pub fn facts_of(change: &Change) -> Result<Vec<Fact>> {
    match change.sk.as_str() {
        "call" => Ok(match change.of::<Call>()? {
            (None, Some(new)) => begun(&new),
            (Some(old), Some(new)) => moved(&old, &new),
            _ => Vec::new(),
        }),
        _ => Ok(Vec::new()),
    }
}

/// What the receiver is told besides, inside the app and on phones.
///
/// # Errors
/// 500 when an image does not have the shape of a call.
pub fn notices_of(change: &Change) -> Result<Vec<Notice>> {
    let (old, Some(new)) = change.of::<Call>()? else {
        return Ok(Vec::new());
    };
    let old = old.as_ref();
    let told = [rung(old, &new), silenced(old, &new), missed(old, &new)];
    let notice = |(told, at): (Told, Time)| Notice {
        user_id: new.receiver_id.clone(),
        event: new.call_id.clone(),
        told,
        at: at.ms(),
    };
    Ok(told.into_iter().flatten().map(notice).collect())
}

/// A call rings people who have phones to push to.
fn rung(old: Option<&Call>, new: &Call) -> Option<(Told, Time)> {
    let begins = old.is_none() && new.status == Status::Ringing && new.is_pushed;
    begins.then(|| {
        let told = Told::CallIncoming {
            call_id: new.call_id.clone(),
            caller_id: new.caller_id.clone(),
            call_type: new.call_type,
            until: new.ring_expires_at.ms(),
        };
        (told, new.initiated_at)
    })
}

/// It rings no more: the phones that it has reached hear it.
fn silenced(old: Option<&Call>, new: &Call) -> Option<(Told, Time)> {
    let rang = old.is_some_and(|old| old.status == Status::Ringing);
    if !rang || new.status == Status::Ringing || !new.is_pushed {
        return None;
    }
    let (reason, device_id) = new.silence();
    let told = Told::CallCancelled {
        call_id: new.call_id.clone(),
        reason: reason.to_owned(),
        device_id,
    };
    Some((told, new.updated_at))
}

/// The call is missed: nobody answered, the caller gave up, or the receiver was busy. What a rule
/// ended is no missed call.
fn missed(old: Option<&Call>, new: &Call) -> Option<(Told, Time)> {
    let before = old.is_some_and(|old| old.status.is_terminal());
    let by_rule = new.status == Status::Cancelled && new.ended_by == Some(Actor::System);
    if before || by_rule || !new.is_missed() {
        return None;
    }
    let told = Told::CallMissed {
        call_id: new.call_id.clone(),
        caller_id: new.caller_id.clone(),
        video: new.call_type == CallType::Video,
    };
    Some((told, new.ended_at.unwrap_or(new.updated_at)))
}

/// Adds what a frame tells besides its fact: who is calling.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn complete(tables: &Tables, fact: &Fact, data: &mut Value) -> Result<()> {
    if let (INCOMING, Some(id)) = (fact.kind, fact.data["caller"]["user_id"].as_str()) {
        let caller: Option<Account> = tables.get(&Account::key_of(id)).await?;
        data["caller"]["name"] = json!(caller.map(|caller| caller.name));
    }
    Ok(())
}

fn begun(call: &Call) -> Vec<Fact> {
    match call.status {
        Status::Ringing => vec![call.fact(
            INCOMING,
            Side::Receiver,
            json!({
                "caller": { "user_id": call.caller_id, "name": null, "photo_url": null },
                "call_type": call.call_type,
                "ring_expires_at": call.ring_expires_at,
            }),
        )],
        // The receiver was busy; the caller has the answer.
        _ => vec![call.missed(Side::Receiver)],
    }
}

fn moved(old: &Call, new: &Call) -> Vec<Fact> {
    if old.status == new.status {
        return changed(old, new);
    }
    let (caller, receiver) = (Side::Caller, Side::Receiver);
    match new.status {
        Status::Accepted => vec![
            new.fact(
                "call.accepted",
                caller,
                json!({
                    "accepted_at": new.accepted_at,
                    "receiver_device_id": new.receiver_slot,
                    "granted_minutes": new.granted_minutes,
                    "wallet": new.wallet_data(),
                }),
            ),
            new.stops(),
        ],
        Status::Connected => {
            let data = json!({ "connected_at": new.connected_at });
            vec![
                new.fact("call.connected", caller, data.clone()),
                new.fact("call.connected", receiver, data),
            ]
        }
        Status::Rejected => vec![
            new.fact(
                "call.rejected",
                caller,
                json!({ "reason": new.ended_reason }),
            ),
            new.stops(),
        ],
        Status::Cancelled if new.ended_by == Some(Actor::Caller) => {
            vec![new.stops()]
        }
        Status::Missed => vec![new.missed(caller), new.missed(receiver)],
        // The caller could not pay, or a rule ended it.
        _ if new.status.is_terminal() && old.status == Status::Ringing => {
            vec![new.over_fact(caller), new.stops()]
        }
        _ => vec![new.over_fact(caller), new.over_fact(receiver)],
    }
}

/// What a change without a transition tells.
fn changed(old: &Call, new: &Call) -> Vec<Fact> {
    let mut facts = Vec::new();
    if old.ringing_at.is_none() && new.ringing_at.is_some() {
        let data = json!({ "ringing_at": new.ringing_at });
        facts.push(new.fact("call.ringing", Side::Caller, data));
    }
    if old.call_quality != new.call_quality {
        let data = json!({ "call_quality": new.call_quality });
        facts.push(new.fact("call.quality", Side::Caller, data.clone()));
        facts.push(new.fact("call.quality", Side::Receiver, data));
    }
    facts
}

impl Call {
    /// A fact of this version of the call for one side.
    pub(super) fn fact(&self, kind: &'static str, to: Side, mut data: Value) -> Fact {
        data["call_id"] = json!(self.call_id);
        let version = self.version.to_string();
        Fact {
            id: derived(&[kind, &self.call_id, &version, to.as_str()]),
            kind,
            user_id: self.user(to).to_owned(),
            except_slot: None,
            seq: None,
            at: self.updated_at,
            data,
        }
    }

    /// Why the call rings no more, and the device that knows.
    fn silence(&self) -> (&'static str, Option<String>) {
        match self.status {
            Status::Accepted | Status::Connected => {
                ("answered_elsewhere", self.receiver_slot.clone())
            }
            Status::Rejected => ("declined_elsewhere", None),
            Status::Cancelled if self.ended_by == Some(Actor::Caller) => {
                ("cancelled_by_caller", None)
            }
            Status::Missed => ("invite_timeout", None),
            // The caller could not pay, or a rule ended it.
            _ => ("unavailable", None),
        }
    }

    /// Devices of the receiver stop ringing, but the one that knows.
    fn stops(&self) -> Fact {
        let (reason, except_slot) = self.silence();
        let data = json!({ "reason": reason, "device_id": except_slot });
        Fact {
            except_slot,
            ..self.fact("call.cancelled", Side::Receiver, data)
        }
    }

    fn missed(&self, to: Side) -> Fact {
        let data = json!({
            "caller_id": self.caller_id,
            "receiver_id": self.receiver_id,
            "call_type": self.call_type,
            "ended_reason": self.reason_for(to),
            "ended_at": self.ended_at,
        });
        self.fact("call.missed", to, data)
    }

    /// The end of the call as a side may know it.
    pub(super) fn over_fact(&self, to: Side) -> Fact {
        let mut data = json!({
            "status": self.status,
            "ended_reason": self.reason_for(to),
            "ended_at": self.ended_at,
            "duration_seconds": self.duration_seconds,
        });
        if to == Side::Caller {
            data["billed_minutes"] = json!(self.billed_minutes);
            data["credits_spent"] = json!(self.credits_spent);
            data["transaction_id"] = json!(self.transaction_id);
            data["wallet"] = self.wallet_data();
        }
        self.fact("call.ended", to, data)
    }

    /// The caller's balance, so that no frame of its own has to tell it.
    fn wallet_data(&self) -> Value {
        match self.balance {
            Some((available, held)) => json!({ "available": available, "held": held }),
            None => Value::Null,
        }
    }
}

/// The id of a warning: the same however often it is sent.
pub(super) fn warning_id(call_id: &str, covered: crate::Time, seconds: i64) -> String {
    let (covered, seconds) = (covered.ms().to_string(), seconds.to_string());
    derived(&["call.credit_warning", call_id, &covered, &seconds])
}
