//! One function at work while something goes wrong, and what it comes to.

use local::cloud::{Kind, Rule, Site};
use shared::function::{Function, Trigger};
use world::{Answer, World};

use super::essence::{Essence, essence};
use super::stories::{Patience, SOON, Story, story_of};
use crate::sweeps::samples::{Fixture, filled, routes};

/// The key of operations that take one.
const KEY: [(&str, &str); 1] = [("idempotency-key", "fault-key-0001")];
/// Repeats until a request must have an answer that stays.
const TRIES_MAX: usize = 8;

/// A place where something goes wrong: which call of the function, from 1, and how.
pub type Place = (usize, Kind);

/// What a trial comes to.
pub struct Outcome {
    /// How many of the places were reached.
    pub fired: usize,
    /// The calls of the function, in order.
    pub sites: Vec<Site>,
    /// Status of the last answer; 0 where the story has none.
    pub status: u16,
    /// What has become of the world.
    pub essence: Essence,
    /// Seconds that passed afterwards.
    pub waited: i64,
}

/// What comes of a function that nothing disturbs.
pub struct Right {
    function: &'static Function,
    soon: Outcome,
    late: Option<Outcome>,
}

impl Right {
    /// Lets the function do its work.
    pub async fn of(function: &'static Function) -> Self {
        let soon = trial(function, &[]).await;
        Self {
            function,
            soon,
            late: None,
        }
    }

    /// As it is as soon as nothing is left to do.
    pub fn soon(&self) -> &Outcome {
        &self.soon
    }

    /// As it is when as much time has passed as after this trial.
    pub async fn like(&mut self, wrong: &Outcome) -> &Outcome {
        if wrong.waited == self.soon.waited {
            return &self.soon;
        }
        if self.late.is_none() {
            self.late = Some(played(self.function, &[], Some(wrong.waited)).await);
        }
        self.late.as_ref().unwrap_or(&self.soon)
    }
}

/// Lets a function do its work once, wrong at these places.
pub async fn trial(function: &'static Function, places: &[Place]) -> Outcome {
    played(function, places, None).await
}

async fn played(function: &'static Function, places: &[Place], wait: Option<i64>) -> Outcome {
    let mut fixture = Fixture::limited().await;
    let story = story_of(function);
    if let Some(story) = story {
        (story.before)(&mut fixture).await;
        fixture.world.settles().await;
    }
    let cloud = fixture.world.local.cloud().clone();
    cloud.remember();
    let faults = cloud.faults();
    faults.keep_journal(true);
    for (nth, kind) in places {
        faults.add(Rule {
            function: Some(function.name.to_owned()),
            operation: None,
            nth: *nth,
            kind: *kind,
        });
    }
    faults.count_from_zero();
    let status = match story {
        Some(story) => tells(story, &mut fixture).await,
        None if routes(function).is_empty() => 0,
        None => insists(&fixture, function).await.status,
    };
    let patience = match wait {
        Some(seconds) => Patience::For(seconds),
        None => story.map_or(Patience::For(SOON), |story| story.patience),
    };
    let waited = waits(&fixture.world, function, patience).await;
    let fired = faults.fired();
    let mut sites = faults.journal();
    sites.retain(|site| site.function == function.name);
    faults.clear();
    Outcome {
        fired,
        sites,
        status,
        essence: essence(&fixture.world).await,
        waited,
    }
}

/// Lets time pass until everything has come of it; how many seconds.
async fn waits(world: &World, function: &Function, patience: Patience) -> i64 {
    let (first, most) = match patience {
        Patience::For(seconds) => (seconds, seconds),
        Patience::Left(seconds) => (SOON, seconds),
    };
    world.passes(first).await;
    let depths = world.local.cloud().queue_depths();
    let is_left = function.triggers.iter().any(|trigger| match trigger {
        Trigger::Queue(own) => depths.iter().any(|(name, depth)| name == own && *depth > 0),
        _ => false,
    });
    if !is_left || most == first {
        return first;
    }
    world.passes(most - first).await;
    most
}

async fn tells(story: &Story, fixture: &mut Fixture) -> u16 {
    (story.tell)(fixture).await
}

/// Asks until there is an answer that stays.
async fn insists(fixture: &Fixture, function: &Function) -> Answer {
    let mut answer = asks(fixture, function).await;
    for _ in 1..TRIES_MAX {
        if !answer.is_passing() {
            break;
        }
        fixture.world.passes(1).await;
        answer = asks(fixture, function).await;
    }
    answer
}

async fn asks(fixture: &Fixture, function: &Function) -> Answer {
    let (method, path) = routes(function)[0];
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
    let body = fixture.body(function.name);
    let is_keyed = method == "POST" || (function.admin.is_some() && method != "GET");
    let headers: &[(&str, &str)] = if is_keyed { &KEY } else { &[] };
    fixture
        .asks(function, method, &target, (body, headers))
        .await
}
