use super::*;
use crate::aws::cipher::DataKey;
use crate::crypto;
use crate::error::ACCOUNT_LOCKED;

const NOW: Time = Time(1_767_614_400_000);
const SECRET: totp::Secret = *b"12345678901234567890";

fn key() -> DataKey {
    DataKey::fixed("usr_a", [7; 32])
}

fn factor() -> Factor {
    let made = Factor::new("usr_a", "fct_a".into(), &SECRET, &key(), NOW).expect("factor");
    Factor {
        confirmed_at: Some(NOW),
        ..made
    }
}

fn code(at: Time) -> Given {
    Given::Code(totp::code_at(&crypto::base32(&SECRET), at).expect("code"))
}

fn tried(factor: &Factor, given: &Given, now: Time) -> Tried {
    factor.try_answer(given, &key(), now).expect("not locked")
}

#[test]
fn a_step_counts_once_and_so_does_every_one_before_it() {
    let first = tried(&factor(), &code(NOW), NOW);
    assert!(first.right);
    assert!(!tried(&first.next, &code(NOW), NOW).right, "replayed");
    let before = code(NOW.plus(-30_000));
    assert!(
        !tried(&first.next, &before, NOW).right,
        "older than a spent one"
    );
    let later = NOW.plus(30_000);
    assert!(tried(&first.next, &code(later), later).right);
}

#[test]
fn five_wrong_codes_lock_and_a_right_one_forgets_the_others() {
    let wrong = Given::Code("000000".into());
    let mut factor = factor();
    for failures in 1..=4 {
        factor = tried(&factor, &wrong, NOW).next;
        assert_eq!((factor.failures, factor.locked_until), (failures, None));
    }
    assert_eq!(tried(&factor, &code(NOW), NOW).next.failures, 0);
    factor = tried(&factor, &wrong, NOW).next;
    let end = NOW.plus(LOCK_MS);
    assert_eq!(factor.locked_until, Some(end));
    let error = factor
        .try_answer(&code(NOW), &key(), NOW)
        .expect_err("locked");
    assert!(error.is(&ACCOUNT_LOCKED));
    assert_eq!(error.details(), Some(&json!({ "retry_after": 900 })));
    assert!(factor.try_answer(&code(end), &key(), end.plus(-1)).is_err());
    assert_eq!(tried(&factor, &wrong, end).next.failures, 1);
    assert!(tried(&factor, &code(end), end).right);
}

#[test]
fn a_recovery_code_is_read_however_it_is_typed_and_counts_once() {
    let ids = crate::id::Ids::new(
        crate::Clock(std::sync::Arc::new(crate::time::SystemClock)),
        std::sync::Arc::new(crate::id::SystemRandom),
    );
    let (kept, shown) = recovery::generate(&ids);
    let mut factor = factor();
    factor.recovery = kept;
    assert_eq!((shown.len(), factor.recovery_left()), (10, 10));
    let typed = Given::Recovery(shown[3].to_lowercase().replace('-', " "));
    let first = tried(&factor, &typed, NOW);
    assert!(first.right && first.next.recovery_left() == 9);
    assert!(!tried(&first.next, &typed, NOW).right);
    assert!(tried(&first.next, &Given::Recovery(shown[4].clone()), NOW).right);
    assert!(!tried(&factor, &Given::Recovery(String::new()), NOW).right);
}

#[test]
fn every_answer_makes_the_next_version() {
    let factor = factor();
    for given in [code(NOW), Given::Code("000000".into())] {
        let next = tried(&factor, &given, NOW).next;
        assert_eq!(next.version, factor.version + 1);
    }
}
