//! The people of a history, as they are before it begins.

use std::fmt::Write;
use std::sync::LazyLock;

use local::gateway::admins::Principal;
use serde_json::{Value, json};
use world::{Administrator, Answer, Person, Prepared, World};

use super::alone;
use super::plan::{PEOPLE, Plan};
use super::record::{Family, Fate, Record, generation};

/// Their names, and their credits: some run out.
const CAST: [(&str, i64); PEOPLE] = [
    ("Ann", 300),
    ("Ben", 60),
    ("Cleo", 17),
    ("Dora", 6),
    ("Emil", 40),
];
/// Who has written to whom, and got an answer.
const FRIENDS: [(usize, usize); 5] = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)];
/// Settings of a world whose limiter is off.
const UNLIMITED: [(&str, &str); 1] = [("RATE_LIMIT_ENABLED", "false")];
/// Repeats until something must have been answered.
const TRIES_MAX: usize = 8;

/// The stage as it begins, made once for all tests of the process.
static BEGINNING: LazyLock<(Prepared, Vec<Person>)> = LazyLock::new(|| alone(prepare()));

/// Makes the stage ready, which takes a runtime of its own.
pub fn is_prepared() {
    LazyLock::force(&BEGINNING);
}

/// A request.
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
    /// The key under which it is repeated.
    pub key: Option<String>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            body: None,
            key: None,
        }
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self {
            method: "DELETE",
            path: path.into(),
            body: None,
            key: None,
        }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            method: "POST",
            path: path.into(),
            body: Some(body),
            key: None,
        }
    }

    /// Under this key.
    pub fn under(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let key = self.key.as_deref();
        key.map(|key| ("idempotency-key", key))
            .into_iter()
            .collect()
    }
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum As<'a> {
    Nobody(&'a World),
    Person(&'a Person),
    Admin(&'a Administrator),
}

impl As<'_> {
    async fn once(self, ask: &Ask) -> Answer {
        let (path, body, headers) = (&*ask.path, ask.body.clone(), ask.headers());
        match self {
            Self::Nobody(world) => world.call_with(ask.method, path, body, &headers).await,
            Self::Person(person) => person.call_with(ask.method, path, body, &headers).await,
            Self::Admin(admin) => admin.call_with(ask.method, path, body, &headers).await,
        }
    }

    fn world(&self) -> &World {
        match self {
            Self::Nobody(world) => world,
            Self::Person(person) => &person.world,
            Self::Admin(admin) => &admin.world,
        }
    }

    /// Repeats a request until it has an answer that stays.
    pub async fn asks(self, ask: &Ask) -> Fate {
        let mut answers = vec![self.once(ask).await];
        while answers.len() < TRIES_MAX && answers.last().is_some_and(Answer::is_passing) {
            self.world().passes(1).await;
            answers.push(self.once(ask).await);
        }
        Fate::of(&answers)
    }
}

/// A history while it happens.
pub struct Stage {
    pub world: World,
    pub people: Vec<Person>,
    pub record: Record,
    pub seed: u64,
    pub is_disturbed: bool,
    keys: usize,
}

impl Stage {
    /// The beginning of a history.
    pub async fn of(plan: &Plan) -> Self {
        let made = &*BEGINNING;
        // Pauses of the SDKs are of random length.
        fastrand::seed(plan.seed);
        let world = World::again(&made.0, plan.seed).await;
        let people: Vec<_> = made.1.iter().map(|person| person.within(&world)).collect();
        let mut record = Record::default();
        for (owner, person) in people.iter().enumerate() {
            record.families.push(family(owner, person));
        }
        let is_disturbed = plan.per_mille > 0;
        record.is_disturbed = is_disturbed;
        if is_disturbed {
            let faults = world.local.cloud().faults();
            faults.disturb(plan.seed, plan.per_mille);
        }
        Self {
            world,
            people,
            record,
            seed: plan.seed,
            is_disturbed,
            keys: 0,
        }
    }

    /// The next key, or text that nobody else writes.
    pub fn unique(&mut self, what: &str) -> String {
        self.keys += 1;
        format!("{what}-{:06}-{:04}", self.seed % 1_000_000, self.keys)
    }

    /// Somebody asks until there is an answer that stays.
    pub async fn asks(&mut self, who: usize, ask: Ask) -> Fate {
        let key = self.unique("key");
        let ask = if ask.key.is_none() && ask.method == "POST" {
            ask.under(key)
        } else {
            ask
        };
        As::Person(&self.people[who]).asks(&ask).await
    }

    /// An administrator, who has a record unless it is `unknown-1`.
    pub fn admin(&self, session: &str) -> Administrator {
        let principal: Option<&Principal> = self.world.local.admins().of_session(session);
        Administrator {
            world: self.world.clone(),
            principal: principal.expect("a local administrator").clone(),
        }
    }

    /// Somebody signs in on a new device, undisturbed, and uses that one from now on.
    pub async fn comes_anew(&mut self, who: usize) {
        self.hears(who);
        let fresh = self.people[who].elsewhere().await;
        self.record.families.push(family(who, &fresh));
        self.people[who] = fresh;
    }

    /// Keeps what a person's socket has received so far.
    pub fn hears(&mut self, who: usize) {
        let frames = self.people[who].takes_all();
        self.record
            .frames
            .extend(frames.into_iter().map(|frame| (who, frame)));
    }

    /// Notes what has happened.
    pub fn note(&mut self, text: &str) {
        match self.record.trace.last_mut() {
            Some(line) => {
                // Writing to a text never fails.
                let _ = write!(line, " -> {text}");
            }
            None => self.record.trace.push(text.to_owned()),
        }
    }

    /// Notes what must not have happened.
    pub fn finds(&mut self, what: String) {
        self.record.findings.push(what);
    }
}

/// The tokens that somebody has at first.
pub fn family(owner: usize, person: &Person) -> Family {
    Family {
        owner,
        session_id: person.session_id.clone(),
        tokens: [(generation(&person.refresh), person.refresh.clone())].into(),
        access: person.token.clone(),
        ..Family::default()
    }
}

/// What somebody was given at first.
pub fn granted(who: usize) -> i64 {
    CAST[who].1
}

/// How many messages there are at first.
pub const FIRST_MESSAGES: usize = 2 * FRIENDS.len();

async fn prepare() -> (Prepared, Vec<Person>) {
    let world = World::with(1, &UNLIMITED).await;
    let mut people = Vec::new();
    for (name, credits) in CAST {
        people.push(world.person_with(name, credits).await);
    }
    for (one, other) in FRIENDS {
        for (from, to) in [(one, other), (other, one)] {
            let body = json!({
                "receiver_id": people[to].id, "content": "hello", "message_type": "text",
                "client_message_id": format!("first-{from}-{to}"),
            });
            people[from].post("/api/v2/messages/send", body).await.ok();
        }
    }
    for session in [
        "moderator-1",
        "analyst-1",
        "finance-1",
        "admin-1",
        "admin-2",
    ] {
        world.admin(session).await;
    }
    world.passes(120).await;
    let prepared = world.prepared(&UNLIMITED).await;
    (prepared, people)
}
