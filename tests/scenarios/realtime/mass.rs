//! A hundred thousand clients at once, as a calculation: the gateway admits 500 per second.

use shared::realtime::Reconnect;

const CLIENTS: u64 = 100_000;
const ADMITTED_PER_SECOND: usize = 500;

/// A number below `top` that always follows from its two indices (SplitMix64).
fn draw(client: u64, attempt: u64, top: u64) -> u64 {
    let mut z = client.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ attempt.wrapping_mul(0xbf58_476d);
    for shift in [30, 27, 31] {
        z = (z ^ (z >> shift)).wrapping_mul(0x94d0_49bb_1331_11eb);
    }
    z % top.max(1)
}

/// Seconds until the last client is back, and how many attempts the gateway refused. A client
/// that is refused doubles its wait from 1 s to 60 s, with full jitter.
fn back_after(first_wait_ms: impl Fn(u64) -> u64) -> (usize, usize) {
    let mut due: Vec<Vec<(u64, u64)>> = vec![Vec::new(); 2_000];
    for client in 0..CLIENTS {
        let second = usize::try_from(first_wait_ms(client) / 1_000).expect("a second");
        due[second].push((client, 0));
    }
    let (mut last, mut refused) = (0, 0);
    for second in 0..due.len() {
        let arrived = std::mem::take(&mut due[second]);
        for (place, (client, attempt)) in arrived.into_iter().enumerate() {
            if place < ADMITTED_PER_SECOND {
                last = second;
                continue;
            }
            refused += 1;
            let top = (1_000_u64 << attempt.min(6)).min(60_000);
            let wait = draw(client, attempt + 1, top) / 1_000;
            let next = second + 1 + usize::try_from(wait).expect("a second");
            due[next].push((client, attempt + 1));
        }
    }
    (last, refused)
}

#[test]
fn a_hundred_thousand_clients_without_advice_are_back_within_240_seconds() {
    let (last, refused) = back_after(|client| draw(client, 0, 1_000));
    assert!(last <= 240, "{last} s");
    assert!(refused > 100_000, "{refused}");
}

#[test]
fn with_the_advice_nobody_is_refused() {
    let advice = Reconnect::among(CLIENTS as i64);
    let top = u64::try_from(advice.max_seconds).expect("seconds") * 1_000;
    let (last, refused) = back_after(|client| draw(client, 0, top));
    assert!(last < 250, "{last} s");
    assert_eq!(refused, 0);
    let late = (0..CLIENTS).filter(|client| draw(*client, 0, top) >= 240_000);
    assert!(late.count() < 4_500, "96 of 100 are back within 240 s");
}
