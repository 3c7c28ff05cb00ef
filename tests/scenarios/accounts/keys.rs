//! Signing keys: what a restart, a rotation, its death and a removal leave of issued tokens.

use local::cloud::{Kind, Rule};
use local::runtime::{Local, Options};
use serde_json::{Value, json};
use shared::Time;
use shared::accounts::token::PublicKeys;
use shared::aws::dynamo::Tables;
use shared::table::Commit;
use world::{BEGINNING, Person, World};

use super::{refreshes, signs_in, uses};

const DAY: i64 = 86_400;
/// A second after a weekly run, so that the next one is a week away.
const AFTER_A_RUN: Time = Time(1_767_830_400_000 + 1_000);

async fn kids(world: &World) -> Vec<String> {
    let keys = world.call("GET", "/.well-known/jwks.json", None).await.ok();
    let keys = keys["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}

fn kid_of(token: &str) -> String {
    let head = token.split('.').next().expect("a head");
    let head = shared::crypto::decode(head).expect("base64url");
    let head: Value = serde_json::from_slice(&head).expect("JSON");
    head["kid"].as_str().expect("a kid").to_owned()
}

/// Scenario 11: tokens issued before a restart remain valid.
#[tokio::test]
async fn a_restart_leaves_tokens_valid() {
    let folder = std::env::temp_dir().join(format!("pairly-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let options = || Options {
        state: Some(folder.join("local.db")),
        base: BEGINNING,
        ..Options::default()
    };
    let first = Local::start(options()).await.expect("a back end");
    first.prepare().await.expect("keys");
    let ann = first.mint("Ann", 0).await.expect("a person");
    first.stop().await;
    drop(first);
    tokio::task::yield_now().await;
    let local = Local::start(options()).await.expect("the same back end");
    local.prepare().await.expect("keys");
    let world = World { local };
    uses(&world, &ann.access_token).await.ok();
    let pair = refreshes(&world, &ann.refresh_token).await.ok();
    let token = pair["access_token"].as_str().expect("a token");
    assert_eq!(kid_of(token), kid_of(&ann.access_token));
    drop(world);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Scenario 11: a new deployment has cold instances, and the keys of before.
#[tokio::test(start_paused = true)]
async fn a_deployment_leaves_tokens_valid() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let faults = world.local.cloud().faults();
    for function in ["get_account", "refresh_session"] {
        faults.add(Rule {
            function: Some(function.to_owned()),
            operation: None,
            nth: 1,
            kind: Kind::EndHandler,
        });
    }
    // The instances die, and others start without anything in memory.
    assert!(ann.get("/api/v2/user").await.status >= 500);
    assert!(refreshes(&world, &ann.refresh).await.status >= 500);
    ann.get("/api/v2/user").await.ok();
    let pair = refreshes(&world, &ann.refresh).await.ok();
    let token = pair["access_token"].as_str().expect("a token");
    uses(&world, token).await.ok();
}

/// Scenario 11: keys rotate weekly, the next one is published a day before it signs, and tokens of
/// the one before count to their end.
#[tokio::test(start_paused = true)]
async fn a_rotation_leaves_tokens_valid() {
    let world = World::new().await;
    let first = kids(&world).await;
    assert_eq!(first.len(), 1);
    // Monday noon; runs are on Thursdays at midnight, and the first key is too young for the first.
    world.passes(2 * DAY + DAY / 2 + 60).await;
    assert_eq!(kids(&world).await, first);
    world.passes(7 * DAY).await;
    let both = kids(&world).await;
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
    // Ten minutes before the new key signs.
    world.passes(DAY - 660).await;
    let ann = world.person("Ann").await;
    assert_eq!(kid_of(&ann.token), both[0]);
    world.passes(20 * 60).await;
    let ben = world.person("Ben").await;
    assert_eq!(kid_of(&ben.token), both[1]);
    for person in [&ann, &ben] {
        person.get("/api/v2/user").await.ok();
    }
    assert_eq!(kids(&world).await, both);
    // The last token of the old key has expired, so the key is published no more.
    world.passes(30 * 60).await;
    assert_eq!(kids(&world).await, both[1..]);
    ann.get("/api/v2/user").await.refused(401, "TOKEN_INVALID");
    let pair = refreshes(&world, &ann.refresh).await.ok();
    let token = pair["access_token"].as_str().expect("a token");
    assert_eq!(kid_of(token), both[1]);
    world.passes(6 * DAY).await;
    assert_eq!(kids(&world).await.len(), 2, "the third key is announced");
}

/// Scenario 11: removing a key makes its tokens 401.
#[tokio::test(start_paused = true)]
async fn a_removed_key_takes_its_tokens_with_it() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    ann.get("/api/v2/user").await.ok();
    let tables = Tables::of(&world.local.env("local"));
    let nothing = PublicKeys {
        keys: Vec::new(),
        version: 9,
    };
    tables
        .commit(Commit::new().put(&nothing))
        .await
        .expect("written");
    // Every instance reads the set again after five minutes.
    world.passes(301).await;
    ann.get("/api/v2/user").await.refused(401, "TOKEN_INVALID");
}

/// A world whose key is six days old and whose next weekly run is tomorrow.
async fn due() -> World {
    let options = Options {
        base: AFTER_A_RUN,
        ..Options::default()
    };
    let local = Local::start(options).await.expect("a back end");
    local.prepare().await.expect("keys");
    local
        .cloud()
        .clock()
        .advance_to(AFTER_A_RUN.plus(6 * DAY * 1_000));
    World { local }
}

async fn runs(world: &World) -> bool {
    let run = world.local.run("rotate_signing_keys", json!({})).await;
    run.is_ok()
}

/// Somebody can sign in, and the token counts with every instance.
async fn works(world: &World, ann: &Person) -> String {
    let tokens = signs_in(world, &ann.email, &ann.password).await.ok();
    let token = tokens["access_token"].as_str().expect("a token");
    uses(world, token).await.ok();
    kid_of(token)
}

async fn later(world: &World, seconds: i64) {
    let clock = world.local.cloud().clock();
    clock.advance_to(world.now().plus(seconds * 1_000));
    world.settles().await;
}

/// One run in which a call goes wrong: whether it did, and whether the keys work ever after.
async fn a_run_goes_wrong(kind: Kind, nth: usize, retried: bool) -> bool {
    let world = due().await;
    let ann = world.person("Ann").await;
    let before = kids(&world).await;
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    faults.add(Rule {
        function: Some("rotate_signing_keys".to_owned()),
        operation: None,
        nth,
        kind,
    });
    runs(&world).await;
    let fired = faults.fired() > 0;
    faults.clear();
    let place = format!("{kind:?} of call {nth}, retried: {retried}");
    assert_eq!(works(&world, &ann).await, before[0], "{place}");
    if retried {
        assert!(runs(&world).await, "{place}");
        assert_eq!(kids(&world).await.len(), 2, "{place}");
    }
    later(&world, DAY + 60).await;
    let signs = works(&world, &ann).await;
    if retried {
        assert_ne!(signs, before[0], "{place}: nothing was rotated");
    }
    // The next weekly run finishes what is left, or begins.
    later(&world, 6 * DAY).await;
    assert!(runs(&world).await, "{place}");
    works(&world, &ann).await;
    later(&world, DAY + 60).await;
    let signs = works(&world, &ann).await;
    assert_ne!(signs, before[0], "{place}: never rotated");
    assert!(kids(&world).await.len() <= 2, "{place}");
    fired
}

/// A run may end at every call, be repeated or not: what it leaves always works.
#[tokio::test(start_paused = true)]
async fn a_rotation_survives_its_death_at_every_call() {
    for kind in [Kind::EndHandler, Kind::BeforeEffect, Kind::AfterEffect] {
        let mut sites = 0;
        for nth in 1..40 {
            let again = a_run_goes_wrong(kind, nth, true).await;
            let never = a_run_goes_wrong(kind, nth, false).await;
            if !again && !never {
                break;
            }
            sites += 1;
        }
        assert!((7..39).contains(&sites), "{kind:?}: {sites} call sites");
    }
}

#[tokio::test(start_paused = true)]
async fn parallel_and_repeated_runs_rotate_once() {
    let world = due().await;
    let ann = world.person("Ann").await;
    let all = futures_util::future::join_all((0..5).map(|_| runs(&world))).await;
    assert!(all.contains(&true));
    for _ in 0..3 {
        assert!(runs(&world).await);
    }
    let both = kids(&world).await;
    assert_eq!(both.len(), 2);
    later(&world, DAY + 60).await;
    assert_eq!(works(&world, &ann).await, both[1]);
}
