//! The model: what people asked for, and what they were told has become of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use world::Answer;

use super::plan::PEOPLE;
use super::stage::Ask;

/// Refusals of the caller, not of what was asked: they come before a repeat is recognised.
const OF_THE_CALLER: [&str; 7] = [
    "TOKEN_EXPIRED",
    "TOKEN_INVALID",
    "SESSION_REVOKED",
    "SESSION_EXPIRED",
    "USER_BANNED",
    "UNAUTHENTICATED",
    "DEVICE_REVOKED",
];

/// Whether a refusal is of the caller.
pub fn is_of_the_caller(code: &str) -> bool {
    OF_THE_CALLER.contains(&code)
}

/// What has become of a request that was repeated until there was an answer that stays.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It has happened, once.
    Done(Value),
    /// It has not happened.
    Refused(String),
    /// Nobody knows: it has happened at most once.
    Lost,
}

impl Fate {
    /// The fate of a request by its answers, oldest first.
    pub fn of(answers: &[Answer]) -> Self {
        let Some(last) = answers.last() else {
            return Self::Lost;
        };
        let code = last.code().unwrap_or("none").to_owned();
        match last.status {
            200..300 => Self::Done(last.body.clone()),
            _ if last.is_passing() => Self::Lost,
            // An earlier attempt may have had its effect before the caller was stopped.
            _ if answers.len() > 1 && OF_THE_CALLER.contains(&&*code) => Self::Lost,
            _ => Self::Refused(code),
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The answer of what has happened.
    pub fn answer(&self) -> Option<&Value> {
        match self {
            Self::Done(answer) => Some(answer),
            _ => None,
        }
    }

    /// For the trace.
    pub fn word(&self) -> String {
        match self {
            Self::Done(answer) => {
                let id = [
                    "id",
                    "transaction_id",
                    "approval_id",
                    "session_id",
                    "user_id",
                ]
                .iter()
                .find_map(|name| answer[*name].as_str());
                format!("done {}", id.unwrap_or_default())
            }
            Self::Refused(code) => code.clone(),
            Self::Lost => "lost".to_owned(),
        }
    }
}

/// Whether something is so, as far as the people know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    Yes,
    #[default]
    No,
    Maybe,
}

/// A message that somebody wanted to send.
#[derive(Clone, Debug)]
pub struct Said {
    pub from: usize,
    pub to: usize,
    pub client_id: String,
    pub text: String,
    /// What each request for it came to.
    pub fates: Vec<Fate>,
    /// Whether a block stood between the two from before the first request to after the last one.
    pub walled: Known,
    /// Whether detectors refuse its text.
    pub unspeakable: bool,
}

impl Said {
    /// The first answer, if it was accepted.
    pub fn accepted(&self) -> Option<&Value> {
        self.fates.iter().find_map(Fate::answer)
    }
}

/// A mark that was asked for.
#[derive(Clone, Debug)]
pub struct Marking {
    /// The message.
    pub id: String,
    pub by: usize,
    pub read: bool,
    /// Number that it names.
    pub seq: i64,
    pub fate: Fate,
}

/// A deletion that was asked for.
#[derive(Clone, Debug)]
pub struct Erasing {
    /// The message.
    pub id: String,
    pub by: usize,
    pub everyone: bool,
    pub fate: Fate,
}

/// A call that was asked for.
#[derive(Clone, Debug)]
pub struct Ring {
    pub from: usize,
    pub to: usize,
    pub video: bool,
    pub client_id: String,
    pub fates: Vec<Fate>,
    pub walled: Known,
    /// What hanging up was answered to each side.
    pub ends: Vec<(usize, Value)>,
}

impl Ring {
    pub fn id(&self) -> Option<&str> {
        let answer = self.fates.iter().find_map(Fate::answer)?;
        answer["id"].as_str()
    }
}

/// All tokens that one session has had.
#[derive(Clone, Debug, Default)]
pub struct Family {
    pub owner: usize,
    pub session_id: String,
    /// Refresh tokens by their generation.
    pub tokens: BTreeMap<i64, String>,
    /// The newest access token.
    pub access: String,
    /// Whether it has ended.
    pub ended: Known,
}

impl Family {
    /// The newest refresh token, after its generation.
    pub fn newest(&self) -> (i64, &str) {
        let last = self.tokens.iter().next_back();
        last.map_or((0, ""), |(number, token)| (*number, token.as_str()))
    }
}

/// Generation of a refresh token.
pub fn generation(token: &str) -> i64 {
    let part = token.split('.').nth(2);
    part.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Something an administrator did, which the audit log must tell.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Name of the function.
    pub action: &'static str,
    /// Session of the administrator.
    pub session: &'static str,
    pub target: String,
    pub fate: Fate,
}

/// Credits given or taken by administrators.
#[derive(Clone, Debug)]
pub struct Gift {
    pub to: usize,
    pub credits: i64,
    /// What the request came to, or the decision of the second person.
    pub fate: Fate,
}

/// Somebody who wanted an account.
#[derive(Clone, Debug)]
pub struct SignUp {
    pub email: String,
    pub key: String,
    pub fate: Fate,
}

impl SignUp {
    /// The request, equal every time.
    pub fn ask(&self) -> Ask {
        let body = json!({
            "email": self.email, "password": "Quiet-Harbour-21", "name": "New",
            "birthdate": "1990-01-01",
        });
        Ask::post("/api/v2/auth/register", body).under(self.key.clone())
    }
}

/// An attempt without permission.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub what: String,
    pub fate: Fate,
    /// Whether the answer says that nothing was done.
    pub harmless: bool,
    /// What was different afterwards.
    pub changed: Option<String>,
}

/// Everything that people asked for.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub said: Vec<Said>,
    pub markings: Vec<Marking>,
    pub erasings: Vec<Erasing>,
    pub rings: Vec<Ring>,
    pub families: Vec<Family>,
    pub deeds: Vec<Deed>,
    pub gifts: Vec<Gift>,
    pub sign_ups: Vec<SignUp>,
    pub attempts: Vec<Attempt>,
    /// Who blocks whom.
    pub blocks: BTreeMap<(usize, usize), Known>,
    /// Pairs between which a block stands for sure, and how many marks were asked for before.
    pub veils: BTreeMap<(usize, usize), usize>,
    /// Whether things went wrong by chance.
    pub is_disturbed: bool,
    /// Who is banned.
    pub bans: [Known; PEOPLE],
    /// What each person's sockets received.
    pub frames: Vec<(usize, Value)>,
    /// What was noticed on the way.
    pub findings: Vec<String>,
    /// What happened, in words that repeat with the seed.
    pub trace: Vec<String>,
}

impl Record {
    /// Whether one of the two blocks the other.
    pub fn wall(&self, one: usize, other: usize) -> Known {
        let known = |pair| self.blocks.get(&pair).copied().unwrap_or_default();
        match (known((one, other)), known((other, one))) {
            (Known::Yes, _) | (_, Known::Yes) => Known::Yes,
            (Known::No, Known::No) => Known::No,
            _ => Known::Maybe,
        }
    }

    /// Somebody blocks somebody from now on, or no more.
    pub fn now_blocks(&mut self, (who, whom): (usize, usize), known: Known) {
        self.blocks.insert((who, whom), known);
        let pair = (who.min(whom), who.max(whom));
        match self.wall(who, whom) {
            Known::Yes => {
                let marks = self.markings.len();
                self.veils.entry(pair).or_insert(marks);
            }
            _ => {
                self.veils.remove(&pair);
            }
        }
    }

    /// An accepted message, by any number.
    pub fn message(&self, nth: usize) -> Option<(&Said, &Value)> {
        let all: Vec<_> = self
            .said
            .iter()
            .filter_map(|said| Some((said, said.accepted()?)))
            .collect();
        (!all.is_empty()).then(|| all[nth % all.len()])
    }

    /// The family that somebody uses now.
    pub fn family(&mut self, session_id: &str) -> Option<&mut Family> {
        let same = |family: &&mut Family| family.session_id == session_id;
        self.families.iter_mut().find(same)
    }
}

#[test]
fn a_refusal_of_the_caller_after_a_lost_answer_leaves_the_fate_open() {
    let answer = |status: u16, code: &str| Answer {
        called: String::new(),
        status,
        headers: Vec::new(),
        body: serde_json::json!({ "error": { "code": code } }),
    };
    let lost = answer(500, "INTERNAL_ERROR");
    let banned = answer(403, "USER_BANNED");
    assert_eq!(Fate::of(std::slice::from_ref(&lost)), Fate::Lost);
    assert_eq!(Fate::of(&[lost.clone(), banned.clone()]), Fate::Lost);
    assert_eq!(Fate::of(&[banned]), Fate::Refused("USER_BANNED".into()));
    let poor = answer(402, "INSUFFICIENT_CREDITS");
    assert_eq!(
        Fate::of(&[lost, poor]),
        Fate::Refused("INSUFFICIENT_CREDITS".into())
    );
}
