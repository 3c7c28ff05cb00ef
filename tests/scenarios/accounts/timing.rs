//! Scenario 2: neither calls nor time tell whether an address is known. The long form, with 10,000
//! pairs, is the bench `timing`.

use world::timing::{DOORS, Door, P_MIN, Sample, Street};

/// People with an account, asked about in turn.
const PEOPLE: usize = 24;
/// Pairs of one round.
const PAIRS: usize = 300;
/// Pairs of one round of the control.
const CONTROL_PAIRS: usize = 40;
/// Rounds until one must pass. Without a difference a round fails once in a hundred, so all of
/// them once in a hundred million; a difference fails every round.
const ROUNDS: usize = 4;

/// Repeats the experiment until a round shows no difference; the last sample if none does.
async fn indistinguishable(street: &mut Street, door: Door, pairs: usize) -> Result<(), Sample> {
    let mut last = Sample::default();
    for _ in 0..ROUNDS {
        last = street.sample(door, pairs).await;
        if last.p() > P_MIN {
            return Ok(());
        }
    }
    Err(last)
}

async fn passes(door: Door, seed: u64) {
    let mut street = Street::new(seed, PEOPLE).await;
    if let Err(sample) = indistinguishable(&mut street, door, PAIRS).await {
        panic!(
            "{door:?}: p {:e}, medians {:?} ms",
            sample.p(),
            sample.medians()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_sign_in_does_not_tell_whether_the_address_is_known() {
    passes(Door::SignIn, 1).await;
    // The same experiment finds the difference when the unknown path does not hash.
    let mut street = Street::new(2, PEOPLE).await;
    let control = indistinguishable(&mut street, Door::Unhashed, CONTROL_PAIRS).await;
    assert!(control.is_err(), "the experiment is blind");
}

/// Cost of the imported hashes here; 2⁷ rounds, so that the test is short.
const BCRYPT_COST: u32 = 7;

#[tokio::test(start_paused = true)]
async fn while_the_policy_says_so_an_imported_hash_is_not_told_by_its_time_either() {
    for (told, seed) in [(true, 6), (false, 7)] {
        let mut street = Street::new(seed, PEOPLE).await;
        street.imports(BCRYPT_COST, told).await;
        let tried = indistinguishable(&mut street, Door::Imported, CONTROL_PAIRS).await;
        assert_eq!(
            tried.is_ok(),
            told,
            "{:?}",
            tried.err().map(|s| s.medians())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_registration_does_not_tell_whether_the_address_is_known() {
    passes(Door::Register, 3).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_reset_does_not_tell_whether_the_address_is_known() {
    passes(Door::Forgot, 4).await;
}

/// Calls by operation, and units read and written, of one knock.
type Cost = (Vec<(String, usize)>, f64, f64);

async fn cost(street: &mut Street, door: Door, known: bool) -> Cost {
    street.world.settles().await;
    let cloud = street.world.local.cloud().clone();
    cloud.faults().count_from_zero();
    cloud.meter().reset();
    street.knock(door, known).await;
    let calls = cloud.faults().calls_by().into_iter();
    let calls = calls.filter(|((function, _), _)| function == door.function());
    let calls = calls
        .map(|((_, operation), count)| (operation, count))
        .collect();
    let lines = cloud.meter().lines().into_iter();
    let lines = lines.filter(|line| line.function == door.function());
    let units = lines.fold((0.0, 0.0), |sum, line| {
        (sum.0 + line.read, sum.1 + line.write)
    });
    (calls, units.0, units.1)
}

/// The proof without statistics: exactly the same calls and units, by cold and by warm instances.
#[tokio::test(start_paused = true)]
async fn known_and_unknown_addresses_cost_exactly_the_same_calls() {
    for door in DOORS {
        let (mut one, mut other) = (Street::new(5, PEOPLE).await, Street::new(5, PEOPLE).await);
        for warm in [false, true] {
            let known = cost(&mut one, door, true).await;
            let unknown = cost(&mut other, door, false).await;
            assert!(known.0.len() >= 2, "{door:?}: {known:?}");
            assert_eq!(known, unknown, "{door:?}, warm: {warm}");
        }
        // And within one instance that has served both.
        let known = cost(&mut one, door, true).await;
        let unknown = cost(&mut one, door, false).await;
        assert_eq!(known, unknown, "{door:?}, mixed");
    }
}
