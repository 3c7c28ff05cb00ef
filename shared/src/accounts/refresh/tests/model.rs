//! Random interleavings of refresh, lost answers, theft and concurrent use, played against the
//! rules and judged by a bookkeeper that knows only what was presented and seen, not the session.
//!
//! One interleaving is one session with eight events drawn from eleven kinds. Three things hold in
//! every one: at most one generation leads on; a token that comes back after its successor was
//! used and half a minute passed ends the session at once, for thief and owner alike; and without a
//! thief who acts nobody is ever signed out.

use super::super::*;
use crate::accounts::session::tests::session;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// Interleavings of a plain test run.
const PLAYS: u64 = 1_000_000;
/// Interleavings of the long run.
const PLAYS_LONG: u64 = 20_000_000;
/// Events of one interleaving.
const EVENTS: usize = 8;
/// Threads that share the work.
const THREADS: u64 = 2;
/// Ways of the clock.
const WAITS_MS: [i64; 6] = [1, SECOND_MS, 29_999, 30_001, HOUR_MS, 2 * DAY_MS];

/// A generator of good enough numbers (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn coin(&mut self) -> bool {
        self.roll(2) == 0
    }
}

/// What somebody holds: generations of the newest pair that they have received.
#[derive(Clone, Copy, Debug)]
struct Hand {
    refresh: i64,
    access: i64,
}

/// What the bookkeeper knows of one generation.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    /// When the next generation was issued.
    succeeded: Option<Time>,
    /// Whether its access token was seen while it was the newest.
    arrived: bool,
}

/// What happened, for the totals.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    rotations: u64,
    repeats: u64,
    thefts_found: u64,
    honest: u64,
}

struct Play {
    session: Session,
    now: Time,
    owner: Hand,
    thief: Option<Hand>,
    thief_acted: bool,
    pages: [Page; EVENTS * 2 + 3],
    totals: Totals,
}

impl Play {
    fn new() -> Self {
        Self {
            session: session(),
            now: Time(0),
            owner: Hand {
                refresh: 1,
                access: 1,
            },
            thief: None,
            thief_acted: false,
            pages: [Page::default(); EVENTS * 2 + 3],
            totals: Totals::default(),
        }
    }

    fn begin(&mut self) {
        self.now = Time(1_000_000);
        let session = &mut self.session;
        (session.generation, session.generation_used) = (1, false);
        (session.rotated_at, session.created_at) = (self.now, self.now);
        session.expires_at = self.now.plus(REFRESH_SECONDS * SECOND_MS);
        session.absolute_expires_at = self.now.plus(90 * DAY_MS);
        (session.revoked_at, session.revoke_reason) = (None, None);
        self.owner = Hand {
            refresh: 1,
            access: 1,
        };
        (self.thief, self.thief_acted) = (None, false);
        self.pages = [Page::default(); EVENTS * 2 + 3];
    }

    fn page(&mut self, generation: i64) -> &mut Page {
        &mut self.pages[usize::try_from(generation).expect("small")]
    }

    fn is_over(&self) -> bool {
        self.session.revoked_at.is_some()
    }

    /// What the contract promises to somebody who presents a token now, by the books alone:
    /// the generation that they are given, or none when the session ends.
    fn promised(&mut self, generation: i64) -> Option<i64> {
        let (now, newest) = (self.now, self.session.generation);
        if generation == newest {
            return Some(newest + 1);
        }
        let arrived = self.page(newest).arrived;
        let succeeded = self.page(generation).succeeded.expect("it was presented");
        let late = now.ms() - succeeded.ms() > 30_000;
        (generation == newest - 1 && !(arrived && late)).then_some(newest)
    }

    /// One request to refresh that was decided from `seen`; if the session changed since, it is
    /// decided again, as the conditional write makes it.
    fn refresh(&mut self, generation: i64, seen: Option<&Session>) -> Option<i64> {
        let was_over = self.is_over();
        let promised = if was_over {
            None
        } else {
            self.promised(generation)
        };
        let stale = seen.is_some_and(|seen| seen.generation != self.session.generation);
        let first = seen
            .filter(|_| !stale && !was_over)
            .unwrap_or(&self.session);
        let given = match Refresh::decide(first, generation, self.now) {
            Refresh::Rotate => {
                let (next, _) = first.rotate(self.now);
                assert_eq!(next.generation, self.session.generation + 1);
                let now = self.now;
                self.page(generation).succeeded = Some(now);
                self.session = next;
                self.totals.rotations += 1;
                Some(self.session.generation)
            }
            Refresh::Again => {
                self.totals.repeats += 1;
                Some(self.session.generation)
            }
            Refresh::Reuse => {
                self.session.revoked_at = Some(self.now);
                self.session.revoke_reason = Some(RevokeReason::Reuse);
                self.totals.thefts_found += 1;
                None
            }
            Refresh::Over(fault) => {
                assert_eq!(fault, &SESSION_REVOKED);
                None
            }
            Refresh::Unissued => panic!("every token of the play was issued"),
        };
        assert_eq!(given, promised, "{generation} of {:?}", self.session);
        given
    }

    fn use_access(&mut self, hand: Hand) {
        let counts = self.session.check(hand.access, self.now).is_ok();
        assert!(
            !(counts && self.is_over()),
            "an access token outlives its session"
        );
        let newest = hand.access == self.session.generation;
        if counts && newest {
            self.page(hand.access).arrived = true;
            let marks = self.session.mark_used(hand.access).is_some();
            self.session.generation_used |= marks;
        }
    }

    fn thief_refreshes(&mut self, heard: bool, seen: Option<&Session>) {
        let Some(hand) = self.thief else { return };
        self.thief_acted = true;
        if let Some(given) = self.refresh(hand.refresh, seen).filter(|_| heard) {
            self.thief = Some(Hand {
                refresh: given,
                access: given,
            });
        }
    }

    fn owner_refreshes(&mut self, heard: bool, seen: Option<&Session>) {
        if let Some(given) = self.refresh(self.owner.refresh, seen).filter(|_| heard) {
            self.owner = Hand {
                refresh: given,
                access: given,
            };
        }
    }

    fn event(&mut self, dice: &mut Dice) {
        match dice.roll(11) {
            0 => self.owner_refreshes(true, None),
            1 => self.owner_refreshes(false, None),
            2 => self.use_access(self.owner),
            3 => self.thief = Some(self.owner),
            4 => self.thief_refreshes(true, None),
            5 => self.thief_refreshes(false, None),
            6 => {
                // Reading with a stolen access token gives nobody away, and makes it arrive.
                if let Some(hand) = self.thief {
                    self.thief_acted = true;
                    self.use_access(hand);
                }
            }
            7 | 8 => {
                let wait = WAITS_MS[usize::try_from(dice.roll(6)).expect("small")];
                let later = self.now.plus(wait);
                self.now = if later < self.session.ends_at() {
                    later
                } else {
                    self.now
                };
            }
            // Two requests that both read the session before either writes.
            9 => {
                let seen = self.session.clone();
                let token = self.owner.refresh;
                let (one, other) = (dice.coin(), dice.coin());
                for heard in [one, other] {
                    let given = self.refresh(token, Some(&seen)).filter(|_| heard);
                    if let Some(given) = given {
                        (self.owner.refresh, self.owner.access) = (given, given);
                    }
                }
            }
            _ => {
                let seen = self.session.clone();
                let heard = (dice.coin(), dice.coin());
                if dice.coin() {
                    self.owner_refreshes(heard.0, Some(&seen));
                    self.thief_refreshes(heard.1, Some(&seen));
                } else {
                    self.thief_refreshes(heard.1, Some(&seen));
                    self.owner_refreshes(heard.0, Some(&seen));
                }
            }
        }
    }

    fn judge(&mut self) {
        let newest = self.session.generation;
        let leads =
            |generation| Refresh::decide(&self.session, generation, self.now) == Refresh::Rotate;
        let leading = (1..=newest + 1)
            .filter(|generation| leads(*generation))
            .count();
        assert_eq!(leading, usize::from(!self.is_over()), "branches");
        if self.is_over() {
            let hands = [Some(self.owner), self.thief];
            for hand in hands.into_iter().flatten() {
                let decided = Refresh::decide(&self.session, hand.refresh, self.now);
                assert_eq!(decided, Refresh::Over(&SESSION_REVOKED));
                assert!(self.session.check(hand.access, self.now).is_err());
            }
            assert!(self.thief_acted, "an honest person was signed out");
        }
    }
}

fn play(plays: u64, seed: u64) -> Totals {
    let (mut play, mut dice) = (Play::new(), Dice(seed));
    for _ in 0..plays {
        play.begin();
        for _ in 0..EVENTS {
            play.event(&mut dice);
            play.judge();
        }
        play.totals.honest += u64::from(!play.thief_acted);
    }
    play.totals
}

fn play_all(plays: u64) {
    let share = |n| std::thread::spawn(move || play(plays / THREADS, 1 + n));
    let runs: Vec<_> = (0..THREADS).map(share).collect();
    for run in runs {
        let totals = run.join().expect("every interleaving keeps the promises");
        // The plays are worth something: each kind of outcome is common.
        for count in [
            totals.rotations,
            totals.repeats,
            totals.thefts_found,
            totals.honest,
        ] {
            assert!(count > plays / 100, "{totals:?}");
        }
    }
}

#[test]
fn a_million_interleavings_have_one_branch_and_no_second_use_goes_unnoticed() {
    play_all(PLAYS);
}

#[test]
#[ignore = "minutes; cargo test --release --lib -- --ignored interleavings"]
fn twenty_million_interleavings() {
    play_all(PLAYS_LONG);
}

/// The sentence of the contract, played by hand.
#[test]
fn the_thief_is_out_at_the_second_use() {
    let mut play = Play::new();
    play.begin();
    play.thief = Some(play.owner);
    play.thief_refreshes(true, None);
    let thief = play.thief.expect("a thief");
    play.use_access(thief);
    play.now = play.now.plus(MINUTE_MS);
    play.owner_refreshes(true, None);
    assert!(play.is_over());
    play.judge();
}
