//! Whether the time of an answer tells what its text does not: the same calls about known and
//! unknown addresses, in random order, compared by the Mann–Whitney test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use local::runtime::{Local, Options};
use serde_json::{Value, json};
use shared::accounts::Account;
use shared::accounts::password::StoredPassword;
use shared::aws::dynamo::Tables;
use shared::function::Trigger;
use shared::table::Commit;

use crate::random::Seeded;
use crate::{Answer, BEGINNING, World};

/// Smallest p at which two samples pass as one.
pub const P_MIN: f64 = 0.01;

/// An operation that must not tell whether an address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Sign-in with a wrong password.
    SignIn,
    /// Registration.
    Register,
    /// A forgotten password.
    Forgot,
    /// Sign-in with a wrong password to an account with an imported hash.
    Imported,
    /// The control: sign-in, but about unknown addresses it is refused before a password is hashed.
    Unhashed,
}

/// The three operations.
pub const DOORS: [Door; 3] = [Door::SignIn, Door::Register, Door::Forgot];

impl Door {
    /// Name of the function.
    pub fn function(self) -> &'static str {
        match self {
            Self::SignIn | Self::Imported | Self::Unhashed => "sign_in",
            Self::Register => "register_account",
            Self::Forgot => "request_password_reset",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::SignIn | Self::Imported | Self::Unhashed => "/api/v2/auth/login",
            Self::Register => "/api/v2/auth/register",
            Self::Forgot => "/api/v2/auth/password/forgot",
        }
    }

    fn body(self, email: &str) -> Value {
        match self {
            Self::SignIn | Self::Imported | Self::Unhashed => {
                json!({ "email": email, "password": "WrongPass123" })
            }
            Self::Register => json!({
                "email": email, "password": "TestPass123", "name": "Dora",
                "birthdate": "1990-01-01",
            }),
            Self::Forgot => json!({ "email": email }),
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::SignIn | Self::Imported | Self::Unhashed => 401,
            Self::Register => 201,
            Self::Forgot => 202,
        }
    }
}

fn is_http(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Http { .. })
}

/// A world in which doors are knocked at.
pub struct Street {
    /// The world, its limiter off.
    pub world: World,
    known: Vec<String>,
    ids: Vec<String>,
    knocks: u32,
    asked: usize,
    dice: u64,
}

impl Street {
    /// A street with so many people who have accounts, asked about in turn; as many who have none
    /// are asked about, unless asking gives them one.
    pub async fn new(seed: u64, people: usize) -> Self {
        let settings = [("RATE_LIMIT_ENABLED".to_owned(), "false".to_owned())];
        let options = Options {
            base: BEGINNING,
            random: Arc::new(Seeded::new(seed)),
            settings: settings.into_iter().collect(),
            ..Options::default()
        };
        // Only what callers wait for: workers run elsewhere, but here they share the thread.
        let mut functions = local::functions();
        functions.retain(|function| function.triggers.iter().any(is_http));
        let local = Local::start_with(options, functions).await;
        let local = local.expect("the back end starts");
        local.prepare().await.expect("keys and secrets");
        let world = World { local };
        let (mut known, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..people {
            let person = world.person_with("Dora", 0).await;
            known.push(person.email);
            ids.push(person.id);
        }
        Self {
            world,
            known,
            ids,
            knocks: 0,
            asked: 0,
            dice: seed,
        }
    }

    /// Gives those who have an account a hash of bcrypt's cost, as if they had been brought along;
    /// `told` says whether the policy knows.
    pub async fn imports(&self, cost: u32, told: bool) {
        let tables = Tables::of(&self.world.local.env("local"));
        if told {
            let policy = "auth.imported_bcrypt_cost";
            self.world.has_policy(policy, cost.into()).await;
        }
        let hash = format!("$2b${cost:02}${}", ".".repeat(53));
        let hash = StoredPassword::imported(&hash).expect("bcrypt");
        for id in &self.ids {
            let place = Account::key_of(id);
            let account: Option<Account> = tables.get(&place).await.expect("a table");
            let password = Some(hash.clone());
            let account = Account {
                password,
                ..account.expect("an account")
            };
            let commit = Commit::new().put(&account);
            tables.commit(commit).await.expect("stored");
        }
    }

    fn roll(&mut self) -> u64 {
        // SplitMix64.
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An address of the same length and kind that nobody has.
    fn stranger(&self, door: Door) -> String {
        let known = &self.known[0];
        let at = known.find('@').expect("an address");
        let number = match door {
            Door::Register => self.knocks,
            _ => self.knocks % u32::try_from(self.known.len()).expect("few"),
        };
        let number = format!("{number:08}");
        format!("{}{number}{}", &known[..at - number.len()], &known[at..])
    }

    /// One call about a known or unknown address, from a network of its own, and how long it took.
    pub async fn knock(&mut self, door: Door, known: bool) -> (Answer, Duration) {
        self.knocks += 1;
        let email = match known {
            true => {
                self.asked += 1;
                self.known[self.asked % self.known.len()].clone()
            }
            false => self.stranger(door),
        };
        let [_, a, b, c] = self.knocks.to_be_bytes();
        let from = format!("{}.{b}.{c}.7", 11 + u32::from(a));
        if door == Door::Unhashed && !known {
            return self.locked().await;
        }
        self.world.settles().await;
        self.call(door, &email, &from).await
    }

    async fn call(&self, door: Door, email: &str, from: &str) -> (Answer, Duration) {
        let body = Some(door.body(email));
        let start = instant();
        let answer = self.world.call_from(from, "POST", door.path(), body).await;
        (answer, instant() - start)
    }

    /// A pair of address and network that is locked: answered like the others, but unhashed.
    async fn locked(&self) -> (Answer, Duration) {
        let (email, from) = ("nobody@pairly.test", "198.51.100.7");
        let mut last = self.call(Door::SignIn, email, from).await;
        while last.0.status != 423 {
            last = self.call(Door::SignIn, email, from).await;
        }
        let (mut answer, took) = self.call(Door::SignIn, email, from).await;
        answer.status = Door::Unhashed.status();
        (answer, took)
    }

    /// Times of `pairs` calls each, the order within each pair by chance.
    pub async fn sample(&mut self, door: Door, pairs: usize) -> Sample {
        let mut sample = Sample::default();
        for _ in 0..pairs {
            let first = self.roll().is_multiple_of(2);
            for known in [first, !first] {
                let (answer, took) = self.knock(door, known).await;
                assert_eq!(answer.status, door.status(), "{answer:?}");
                let times = if known {
                    &mut sample.known
                } else {
                    &mut sample.unknown
                };
                times.push(u64::try_from(took.as_nanos()).expect("short"));
            }
        }
        sample
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn instant() -> Instant {
    Instant::now()
}

/// Times of calls about known and about unknown addresses, nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Known addresses.
    pub known: Vec<u64>,
    /// Unknown ones.
    pub unknown: Vec<u64>,
}

impl Sample {
    /// Probability of a difference like this if there is none.
    pub fn p(&self) -> f64 {
        mann_whitney(&self.known, &self.unknown)
    }

    /// Medians of known and unknown, milliseconds.
    pub fn medians(&self) -> (f64, f64) {
        (median(&self.known) / 1e6, median(&self.unknown) / 1e6)
    }

    /// Difference of the medians as part of the smaller one.
    pub fn difference(&self) -> f64 {
        let (known, unknown) = self.medians();
        (known - unknown).abs() / known.min(unknown)
    }
}

fn median(times: &[u64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2] as f64,
        n => (sorted[n / 2 - 1] as f64 + sorted[n / 2] as f64) / 2.0,
    }
}

/// Two-sided p of the Mann–Whitney U test, by the normal approximation with correction for ties
/// and continuity (Hollander and Wolfe, *Nonparametric Statistical Methods*, §4.1).
pub fn mann_whitney(a: &[u64], b: &[u64]) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let mut all: Vec<(u64, bool)> = a.iter().map(|x| (*x, true)).collect();
    all.extend(b.iter().map(|x| (*x, false)));
    all.sort_unstable();
    let (mut rank_sum, mut ties, mut at) = (0.0, 0.0, 0);
    while at < all.len() {
        let equal = all[at..]
            .iter()
            .take_while(|one| one.0 == all[at].0)
            .count();
        let rank = at as f64 + (equal as f64 + 1.0) / 2.0;
        let ours = all[at..at + equal].iter().filter(|one| one.1).count();
        rank_sum += rank * ours as f64;
        let t = equal as f64;
        ties += t * t * t - t;
        at += equal;
    }
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let distance = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    2.0 * upper_tail(distance / variance.sqrt())
}

/// Probability that a standard normal variable exceeds `z` ≥ 0, to seven digits (Abramowitz and
/// Stegun, 26.2.17).
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let coefficients = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    let polynomial = coefficients.iter().fold(0.0, |sum, c| (sum + c) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(is: f64, should: f64) {
        assert!(
            (is - should).abs() < 2e-3 * should.max(1e-3),
            "{is} is not {should}"
        );
    }

    #[test]
    fn the_tail_is_that_of_the_tables() {
        for (z, p) in [
            (0.0, 0.5),
            (1.0, 0.158_655),
            (1.96, 0.024_998),
            (3.0, 0.001_350),
        ] {
            near(upper_tail(z), p);
        }
    }

    #[test]
    fn the_test_agrees_with_worked_examples() {
        // U = 0 of 5 and 5: z = (12.5 - 0.5) / sqrt(22.9167) = 2.5067.
        near(mann_whitney(&[1, 2, 3, 4, 5], &[6, 7, 8, 9, 10]), 0.012_186);
        // Ties: ranks 1.5, 1.5, 4, 4 against 4, 6, 7.5, 7.5.
        near(mann_whitney(&[1, 1, 2, 2], &[2, 3, 4, 4]), 0.051_509);
        near(mann_whitney(&[7, 7, 7], &[7, 7, 7]), 1.0);
        let (a, b): (Vec<u64>, Vec<u64>) = (
            (0..100).map(|n| n * 2).collect(),
            (0..100).map(|n| n * 2 + 1).collect(),
        );
        assert!(mann_whitney(&a, &b) > 0.8);
        let shifted: Vec<u64> = a.iter().map(|n| n + 60).collect();
        assert!(mann_whitney(&a, &shifted) < 1e-3);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&[3, 1, 2]) as u64, 2);
        assert_eq!(median(&[4, 1, 2, 3]) as u64, 2);
        let sample = Sample {
            known: vec![102],
            unknown: vec![100],
        };
        assert!((sample.difference() - 0.02).abs() < 1e-9);
    }
}
