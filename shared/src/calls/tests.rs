//! The rules of calls: exact bills, every order of events, and many calls at once.

mod model;
mod town;

use super::*;
use crate::credits::{Kind, RefType, Reference, Wallet};
use crate::id::id_of;
use crate::pack::Fixed;
use crate::table::{Action, Condition, item_bytes, item_of, row_of};
use crate::time::{MINUTE_MS, SECOND_MS, Time};

pub(super) const NOON: Time = Time(1_767_614_400_000);
pub(super) const ANN: &str = "usr_01J00000000000000000000001";
pub(super) const BEN: &str = "usr_01J00000000000000000000002";

/// A wallet with credits.
pub(super) fn purse(n: u8, credits: i64) -> Wallet {
    let mut booking = Wallet::new(id_of("wal", [n; 16]), 10).book(NOON);
    let payment = Reference::new(RefType::Payment, id_of("pay", [n; 16]));
    booking
        .grant(Kind::Purchase, credits, &payment)
        .expect("credits");
    booking.wallet
}

/// Ann rings Ben at noon.
pub(super) fn ringing(wallet: &Wallet, rate: i64, grant: i64) -> Call {
    let ring_expires_at = NOON.plus(RING_SECONDS * SECOND_MS);
    let fresh = Call {
        call_id: id_of("cal", [7; 16]),
        caller_id: ANN.into(),
        receiver_id: BEN.into(),
        initiated_at: NOON,
        live_shard: Some(Call::live_partition(1)),
        live_at: Some(ring_expires_at),
        ring_expires_at,
        wallet_id: wallet.wallet_id.clone(),
        rate_per_minute: rate,
        grant,
        caller_slot: "ses_ann".into(),
        updated_at: NOON,
        ..Call::default()
    };
    fresh.moved(Status::Ringing, (Actor::Caller, NOON), NOON)
}

/// Both sides of a commit that succeeds.
pub(super) fn done(turn: Turn, wallet: &mut Wallet) -> Call {
    if let Some(booking) = turn.booking {
        *wallet = booking.wallet;
    }
    turn.call
}

fn turn(answered: crate::Result<Answered>) -> Turn {
    answered.expect("allowed").turn().expect("something new")
}

/// The call of the two, answered and connected at noon.
fn connected(wallet: &mut Wallet, rate: i64, grant: i64) -> Call {
    let call = ringing(wallet, rate, grant);
    let with = Acceptance::default();
    let hold = id_of("hld", [3; 16]);
    let accepted = call.accept((BEN, "ses_ben"), (wallet, &hold), &with, NOON);
    let call = done(turn(accepted), wallet);
    let call = done(turn(call.connects((ANN, "ses_ann"), NOON)), wallet);
    done(turn(call.connects((BEN, "ses_ben"), NOON)), wallet)
}

/// Lets the call run with signs of life and looks, and hangs up.
fn talked(kind: CallType, ms: i64, free: i64) -> (Call, Wallet) {
    let mut wallet = purse(1, 2_000);
    let rate = if kind == CallType::Audio { 5 } else { 10 };
    let mut call = connected(&mut wallet, rate, 5);
    (call.call_type, call.free_below_seconds) = (kind, free);
    let mut at = NOON;
    while at.plus(20 * SECOND_MS) < NOON.plus(ms) {
        at = at.plus(20 * SECOND_MS);
        if let Metered::Turn(turn) = call.extend(&wallet, Some(at), at).expect("extended") {
            call = done(turn, &mut wallet);
        } else if let Metered::Turn(turn) = call.alive(None, at) {
            call = done(turn, &mut wallet);
        }
    }
    let now = NOON.plus(ms);
    let end = call.hang_up(Side::Caller, Wish::UserHangup, now);
    let turn = call.finish(end, Some(&wallet), now).expect("settled");
    let call = done(turn, &mut wallet);
    (call, wallet)
}

#[test]
fn the_examples_of_the_contract_exactly() {
    use CallType::{Audio, Video};
    for (kind, ms, minutes, credits) in [
        (Audio, 0, 1, 5),
        (Audio, 1, 1, 5),
        (Audio, 1_000, 1, 5),
        (Audio, 59_999, 1, 5),
        (Audio, 60_000, 1, 5),
        (Audio, 60_001, 2, 10),
        (Audio, 119_000, 2, 10),
        (Audio, 120_000, 2, 10),
        (Video, 61_000, 2, 20),
        (Audio, 17 * 60_000 + 3_000, 18, 90),
        (Audio, CALL_MS_MAX, 240, 1_200),
    ] {
        let (call, wallet) = talked(kind, ms, 0);
        let told = (
            call.billed_minutes,
            call.credits_spent,
            call.duration_seconds,
        );
        assert_eq!(told, (minutes, credits, ms / 1_000), "{kind:?} {ms}");
        assert_eq!((wallet.available, wallet.held), (2_000 - credits, 0));
    }
    let (short, wallet) = talked(Audio, 9_999, 10);
    assert_eq!(
        (short.billed_minutes, wallet.available),
        (0, 2_000),
        "below what is free"
    );
    assert_eq!(talked(Audio, 10_000, 10).0.billed_minutes, 1);
}

#[test]
fn a_call_is_cut_at_the_millisecond_and_at_four_hours() {
    let mut wallet = purse(1, 12);
    let call = connected(&mut wallet, 5, 5);
    let covered = NOON.plus(2 * MINUTE_MS);
    assert_eq!(call.covered_until, Some(covered));
    let at = covered.plus(-MINUTE_MS);
    let Metered::Turn(turn) = call.extend(&wallet, Some(at), at).expect("looked") else {
        panic!("nothing noticed");
    };
    let call = done(turn, &mut wallet);
    assert!(call.is_short && call.fate(covered.plus(-1)).is_none());
    let late = covered.plus(59 * SECOND_MS);
    for now in [covered, late] {
        let end = call.fate(now).expect("over");
        assert_eq!(
            (end.reason, end.at),
            (EndedReason::CreditsExhausted, covered)
        );
        let settled = call.finish(end, Some(&wallet), now).expect("settled");
        assert_eq!(
            (settled.call.billed_minutes, settled.call.credits_spent),
            (2, 10)
        );
    }
    let mut wallet = purse(2, 10_000);
    let mut call = connected(&mut wallet, 5, 60);
    for hour in 1..4 {
        let at = NOON.plus(hour * 60 * MINUTE_MS - 30 * SECOND_MS);
        call.last_alive = Some(at);
        let Metered::Turn(turn) = call.extend(&wallet, Some(at), at).expect("looked") else {
            panic!("not extended in hour {hour}");
        };
        call = done(turn, &mut wallet);
    }
    let end = NOON.plus(CALL_MS_MAX);
    call.last_alive = Some(end.plus(-MINUTE_MS));
    assert!(
        !call.is_running_out(end.plus(-SECOND_MS)),
        "no further minute belongs to it"
    );
    assert_eq!(
        call.fate(end).map(|end| end.reason),
        Some(EndedReason::MaxDuration)
    );
}

#[test]
fn the_largest_call_is_one_write_unit() {
    let mut wallet = purse(1, 1_000_000);
    let mut call = ringing(&wallet, 1_000, 5);
    call.client_call_id = Some("x".repeat(64));
    call.accept_key = Some(Fixed([255; 16]));
    call.caller_slot = id_of("dev", [255; 16]);
    (call.caller_hidden, call.receiver_hidden) = (true, true);
    call.ringing_at = Some(NOON);
    let with = Acceptance {
        key: Some(Fixed([255; 16])),
        hidden: true,
    };
    let (slot, hold) = (id_of("dev", [9; 16]), id_of("hld", [255; 16]));
    let accepted = call.accept((BEN, &slot), (&wallet, &hold), &with, NOON);
    let call = done(turn(accepted), &mut wallet);
    let caller = call.caller_slot.clone();
    let call = done(turn(call.connects((ANN, &caller), NOON)), &mut wallet);
    let mut call = done(turn(call.connects((BEN, &slot), NOON)), &mut wallet);
    call.balance = Some((i64::MAX, i64::MAX));
    call.call_quality = Some(CallQuality::Excellent);
    call.is_short = true;
    let end = call.cut(EndedReason::CreditsExhausted, NOON.plus(CALL_MS_MAX));
    let turn = call.finish(end, Some(&wallet), NOON).expect("settled");
    for call in [&call, &turn.call] {
        let row = row_of(call).expect("a row");
        assert!(item_bytes(&row) <= 960, "{}", item_bytes(&row));
        assert_eq!(&item_of::<Call>(row).expect("the same"), call);
    }
}

#[test]
fn a_turn_is_conditional_on_everything_it_was_decided_from() {
    let mut wallet = purse(1, 100);
    let call = connected(&mut wallet, 5, 5);
    let now = NOON.plus(SECOND_MS);
    let end = call.hang_up(Side::Receiver, Wish::UserHangup, now);
    let turn = call.finish(end, Some(&wallet), now).expect("settled");
    let (_, commit) = turn.commit(&call);
    let writes = commit.into_writes().expect("writes");
    let guards: Vec<_> = writes
        .iter()
        .map(|write| {
            (
                write.key.sk.as_str(),
                write.guard.clone().map(|guard| guard.0),
            )
        })
        .collect();
    let wanted = vec![
        ("call", Some(Condition::number("v", call.version))),
        ("wallet", Some(Condition::number("rv", wallet.rev))),
    ];
    assert_eq!(guards, wanted);
    assert!(
        writes
            .iter()
            .all(|write| matches!(write.action, Action::Put(_)))
    );
}

#[test]
fn no_more_is_given_back_than_was_spent() {
    let (call, mut wallet) = talked(CallType::Audio, 119_000, 0);
    let code = |call: &Call, wallet: &Wallet, credits| {
        let refunded = call.refund(wallet, credits, NOON);
        refunded.map_err(|error| error.fault().code).err()
    };
    assert_eq!(code(&call, &wallet, 11), Some("AMOUNT_OUT_OF_RANGE"));
    let call = done(
        call.refund(&wallet, 4, NOON).expect("given back"),
        &mut wallet,
    );
    assert_eq!((wallet.available, call.refunded), (2_000 - 6, 4));
    assert_eq!(code(&call, &wallet, 7), Some("AMOUNT_OUT_OF_RANGE"));
    let call = done(
        call.refund(&wallet, 6, NOON).expect("the rest"),
        &mut wallet,
    );
    assert_eq!(code(&call, &wallet, 1), Some("AMOUNT_OUT_OF_RANGE"));
    assert_eq!(wallet.available, 2_000);
    let running = connected(&mut wallet, 5, 5);
    assert_eq!(code(&running, &wallet, 1), Some("CALL_STATE_CONFLICT"));
}

#[test]
fn figures_survive_their_bytes() {
    let mut lock = Lock::new(ANN);
    lock.tally.0.total_minutes = 1 << 40;
    lock.tally.0.missed_calls = 3;
    let row = row_of(&lock).expect("a row");
    assert_eq!(item_of::<Lock>(row).expect("the same"), lock);
}

#[test]
fn the_rule_of_who_may_ring() {
    use crate::messaging::{Head, Who};
    let mut head = Head::new(ANN, BEN, NOON).expect("a head");
    let code = |head: Option<&Head>, rule: &str| {
        may_ring(head, (ANN, BEN), rule).map_err(|error| error.fault().code)
    };
    assert_eq!(code(None, "match_or_reply"), Err("CALL_NOT_ALLOWED"));
    assert_eq!(code(None, "nothing"), Ok(()));
    head.side_mut(Who::Low).sent = 3;
    assert_eq!(code(Some(&head), "match_or_reply"), Err("CALL_NOT_ALLOWED"));
    head.side_mut(Who::High).sent = 1;
    assert_eq!(code(Some(&head), "match_or_reply"), Ok(()));
    assert_eq!(code(Some(&head), "match"), Err("CALL_NOT_ALLOWED"));
    head.side_mut(Who::Low).blocks = true;
    assert_eq!(code(Some(&head), "nothing"), Err("BLOCKED"));
    head.side_mut(Who::High).blocks = true;
    assert_eq!(code(Some(&head), "nothing"), Err("USER_NOT_FOUND"));
}

#[test]
fn every_state_asks_for_its_own_timer() {
    use super::timers::{Meter, Timer, Wait};
    use crate::aws::queue::{MediaWaits, Meters, Rings};
    let planned = |call: &Call| {
        let (ring, media) = (Rings::planned(call, NOON), MediaWaits::planned(call, NOON));
        (ring, media, Meters::planned(call, NOON))
    };
    let wait = |at: Time| {
        let (call_id, at) = (id_of("cal", [7; 16]), at.ms());
        Wait { call_id, at }
    };
    let mut wallet = purse(1, 2_000);
    let call = ringing(&wallet, 5, 5);
    let ring = (wait(NOON.plus(45 * SECOND_MS)), 45);
    assert_eq!(planned(&call), (Some(ring), None, None));
    let (with, hold) = (Acceptance::default(), id_of("hld", [3; 16]));
    let accepted = call.accept((BEN, "ses_ben"), (&wallet, &hold), &with, NOON);
    let call = done(turn(accepted), &mut wallet);
    let media = (wait(NOON.plus(15 * SECOND_MS)), 15);
    assert_eq!(planned(&call), (None, Some(media), None));
    let call = connected(&mut purse(1, 2_000), 5, 5);
    let meter = Meter {
        call_id: call.call_id.clone(),
        covered_until: NOON.plus(5 * MINUTE_MS).ms(),
        at: NOON.plus(4 * MINUTE_MS).ms(),
    };
    assert_eq!(planned(&call), (None, None, Some((meter, 240))));
}

#[test]
fn a_sign_of_life_is_stored_once_a_minute() {
    let call = connected(&mut purse(1, 2_000), 5, 5);
    let is_stored = |ms| matches!(call.alive(None, NOON.plus(ms)), Metered::Turn(_));
    assert!(!is_stored(59_999));
    assert!(is_stored(60_000));
}
