//! What happens in a history, decided by one seed before anything happens.

use fastrand::Rng;

use super::plan::{How, Move, PEOPLE, Plan, Renewal, Step, Touch, Trespass, Words};

/// Longest time that all pauses together take, seconds: access tokens outlive it.
const PAUSES_SECONDS_MAX: i64 = 1_200;

impl Plan {
    /// The history of a seed; every second one without faults.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice {
            rng: Rng::with_seed(seed),
            pauses: 0,
        };
        let per_mille = if seed.is_multiple_of(2) {
            0
        } else {
            dice.rng.u32(10..=60)
        };
        let wanted = dice.rng.usize(25..=40);
        let mut steps = Vec::new();
        while steps.len() < wanted {
            steps.extend(dice.next());
        }
        Self {
            seed,
            per_mille,
            steps,
        }
    }
}

struct Dice {
    rng: Rng,
    pauses: i64,
}

impl Dice {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    fn pair(&mut self) -> (usize, usize) {
        // The last one is a stranger, who is seldom talked to.
        let most = if self.rng.u8(..8) == 0 {
            PEOPLE
        } else {
            PEOPLE - 1
        };
        let one = self.rng.usize(..most);
        let other = (one + self.rng.usize(1..most)) % most;
        (one, other)
    }

    fn next(&mut self) -> Vec<Step> {
        let who = self.rng.usize(..PEOPLE);
        let nth = self.rng.usize(..1_000);
        let (one, other) = self.pair();
        let step = match self.rng.u32(..100) {
            0..=27 => self.say(one, other),
            28..=29 => Step::SayAtOnce { one, other },
            30..=31 => Step::Burst {
                from: one,
                to: other,
            },
            32..=49 => self.touch(nth),
            50..=51 => Step::Mute { nth },
            52..=54 => Step::Block {
                who: one,
                whom: other,
            },
            55..=56 => Step::Unblock { nth },
            57 => Step::BlockWhileSaying {
                who: one,
                whom: other,
            },
            58..=63 => Step::Come { who },
            64..=65 => Step::Vanish { who },
            66..=73 => return self.call(one, other),
            74 => Step::SignUp,
            75 => Step::SignIn { who },
            76..=80 => return self.renew(who),
            81 => Step::SignOut { who },
            82 => Step::Ban {
                who,
                minutes: self.rng.i64(0..=6),
            },
            83..=84 => Step::Unban { nth },
            85..=87 => self.adjust(who),
            88..=94 => self.trespass(who, nth),
            _ => self.wait(),
        };
        vec![step]
    }

    fn say(&mut self, from: usize, to: usize) -> Step {
        let words = match self.rng.u32(..20) {
            0 => Words::Refused,
            1 => Words::Held,
            2 => Words::Flagged,
            _ => Words::Plain,
        };
        let how = self.one(&[
            How::Post,
            How::Post,
            How::Again,
            How::Twice,
            How::Frame,
            How::Both,
        ]);
        Step::Say {
            from,
            to,
            words,
            how,
        }
    }

    fn touch(&mut self, nth: usize) -> Step {
        let touch = self.one(&[
            Touch::Deliver,
            Touch::Deliver,
            Touch::Read,
            Touch::Read,
            Touch::ReadAll,
            Touch::Delete,
            Touch::Delete,
            Touch::HideOwn,
            Touch::Hide,
            Touch::ReadWhileDeleted,
            Touch::Approve,
            Touch::Flag,
            Touch::Block,
        ]);
        Step::Touch { nth, touch }
    }

    /// What may come of a call.
    fn moves(&mut self) -> &'static [Move] {
        match self.rng.u32(..12) {
            0 => &[Move::Decline],
            1 => &[Move::Cancel],
            2 => &[Move::AcceptWhileCancelled],
            3 => &[],
            4 => &[Move::Accept, Move::ConnectHalf],
            5 => &[Move::AcceptTwice, Move::Connect, Move::HangUpBoth],
            6 => &[Move::Accept, Move::Connect, Move::Alive, Move::Alive],
            7 => &[Move::Accept, Move::HangUp],
            8 => &[Move::Accept, Move::Connect, Move::Alive, Move::HangUpBoth],
            9 => &[
                Move::Accept,
                Move::Connect,
                Move::PartnerHangsUp,
                Move::HangUp,
            ],
            _ => &[
                Move::Accept,
                Move::Connect,
                Move::Alive,
                Move::Alive,
                Move::HangUp,
            ],
        }
    }

    /// A call with what may come of it, and other things in between.
    fn call(&mut self, from: usize, to: usize) -> Vec<Step> {
        let (video, twice) = (self.rng.bool(), self.rng.u8(..4) == 0);
        let mut steps = vec![Step::Dial {
            from,
            to,
            video,
            twice,
        }];
        let moves = self.moves();
        for step in moves {
            let pause = self.rng.u8(..3) == 0 || *step == Move::Alive;
            if pause {
                steps.push(self.wait());
            }
            if self.rng.u8(..4) == 0 {
                steps.push(self.say(from, to));
            }
            if self.rng.u8(..24) == 0 {
                steps.push(Step::Block {
                    who: to,
                    whom: from,
                });
            }
            if self.rng.u8(..48) == 0 {
                steps.push(Step::Ban {
                    who: from,
                    minutes: 2,
                });
            }
            steps.push(Step::Call(*step));
        }
        steps
    }

    /// Two renewals make the first token of a session one that nobody should have any more.
    fn renew(&mut self, who: usize) -> Vec<Step> {
        let how: &[Renewal] = match self.rng.u32(..4) {
            0 | 1 => &[Renewal::Once],
            2 => &[Renewal::Twice],
            _ => &[Renewal::Once, Renewal::Once, Renewal::Old],
        };
        let steps = how.iter().map(|how| Step::Renew { who, how: *how });
        steps.collect()
    }

    fn adjust(&mut self, who: usize) -> Step {
        let credits = match self.rng.u32(..4) {
            0 => self.rng.i64(10_001..=20_000),
            1 => -self.rng.i64(1..=30),
            _ => self.rng.i64(1..=30),
        };
        let approve = self.rng.bool();
        Step::Adjust {
            who,
            credits,
            approve,
        }
    }

    fn trespass(&mut self, who: usize, nth: usize) -> Step {
        let what = self.one(&[
            Trespass::Look,
            Trespass::Deliver,
            Trespass::Read,
            Trespass::Delete,
            Trespass::DeliverOwn,
            Trespass::Mute,
            Trespass::LookAtCall,
            Trespass::Accept,
            Trespass::End,
            Trespass::SignOut,
            Trespass::BanAsMember,
            Trespass::BanAsAnalyst,
            Trespass::GiveAsModerator,
            Trespass::Forge,
        ]);
        Step::Trespass { who, nth, what }
    }

    fn wait(&mut self) -> Step {
        let seconds = match self.rng.u32(..10) {
            0 => self.rng.i64(60..=240),
            1..=3 => self.rng.i64(15..=60),
            _ => self.rng.i64(1..=14),
        };
        let seconds = seconds.min((PAUSES_SECONDS_MAX - self.pauses).max(1));
        self.pauses += seconds;
        Step::Wait { seconds }
    }
}

#[test]
fn a_seed_decides_its_history_and_seeds_differ() {
    assert_eq!(Plan::of(7), Plan::of(7));
    assert_ne!(Plan::of(7).steps, Plan::of(9).steps);
    assert_eq!(Plan::of(8).per_mille, 0);
    let kinds: std::collections::BTreeSet<String> = (0..300)
        .flat_map(|seed| Plan::of(seed).steps)
        .map(|step| {
            format!("{step:?}")
                .split([' ', '('])
                .next()
                .unwrap_or("")
                .to_owned()
        })
        .collect();
    assert_eq!(kinds.len(), 21, "{kinds:?}");
}
