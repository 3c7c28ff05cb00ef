//! Writes whose answers get lost: what stands there is recognised, and nobody is told that
//! somebody else was first.

use local::cloud::{Kind, Rule};
use serde_json::json;
use shared::aws::dynamo::{Missed, Tables};
use shared::credits::{Policy, PolicyValue};
use shared::error::VERSION_CONFLICT;
use shared::table::{Change, Commit, Condition, Item};
use world::World;

use crate::scenarios::accounts::two_factor::{Enrolled, answers, asked, code, enrolled};

fn policy(world: &World, version: i64, by: &str) -> Policy {
    Policy {
        key: "lost.answers".to_owned(),
        value: PolicyValue::Number(version),
        unit: "credits".to_owned(),
        effective_from: world.now(),
        version,
        changed_by: by.to_owned(),
        reason: "a scenario".to_owned(),
    }
}

/// The next write of the world itself loses its answer.
fn loses(world: &World, operation: &str) {
    let faults = world.local.cloud().faults();
    faults.clear();
    faults.count_from_zero();
    faults.add(Rule {
        function: Some("local".to_owned()),
        operation: Some(format!("DynamoDB.{operation}")),
        nth: 1,
        kind: Kind::AfterEffect,
    });
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_got_lost_is_recognised_as_ones_own() {
    let world = World::new().await;
    let tables = Tables::of(&world.local.env("local"));
    loses(&world, "PutItem");
    let mine = policy(&world, 1, "adm_ann");
    let made = Commit::new().replace(&mine, Condition::Absent, &VERSION_CONFLICT);
    tables.commit(made).await.expect("my own row");
    loses(&world, "UpdateItem");
    let changes = vec![Change::number("version", 2)];
    let still = Some((Condition::number("version", 1), &VERSION_CONFLICT));
    let change = Commit::new().update::<Policy>(mine.key(), changes, still);
    tables.commit(change).await.expect("my own change");
    let stored: Option<Policy> = tables.get_consistent(&mine.key()).await.expect("a row");
    assert_eq!(stored.map(|stored| stored.version), Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_is_still_somebody_elses() {
    let world = World::new().await;
    let tables = Tables::of(&world.local.env("local"));
    let theirs = policy(&world, 1, "adm_ben");
    tables
        .commit(Commit::new().put(&theirs))
        .await
        .expect("a row");
    let mine = policy(&world, 1, "adm_ann");
    for lost in [false, true] {
        if lost {
            let faults = world.local.cloud().faults();
            faults.count_from_zero();
            faults.add(Rule {
                function: Some("local".to_owned()),
                operation: Some("DynamoDB.PutItem".to_owned()),
                nth: 1,
                kind: Kind::BeforeEffect,
            });
        }
        let made = Commit::new().replace(&mine, Condition::Absent, &VERSION_CONFLICT);
        let refused = tables.commit(made).await;
        assert!(matches!(refused, Err(Missed::Refused(_))), "{refused:?}");
    }
    let counted = Commit::new().update::<Policy>(
        theirs.key(),
        vec![Change::Add("version".into(), 1)],
        Some((Condition::number("version", 1), &VERSION_CONFLICT)),
    );
    loses(&world, "UpdateItem");
    // What adds up cannot be told from another's, so it is not claimed.
    let refused = tables.commit(counted).await;
    assert!(matches!(refused, Err(Missed::Refused(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_first_mail_is_sent_although_the_key_is_not_everywhere_yet() {
    let world = World::new().await;
    world.local.cloud().remember();
    let faults = world.local.cloud().faults();
    for nth in 1..=9 {
        faults.add(Rule {
            function: Some("deliver_email".to_owned()),
            operation: Some("DynamoDB.GetItem".to_owned()),
            nth,
            kind: Kind::Stale,
        });
    }
    let body = json!({
        "email": "dora@pairly.test", "password": "TestPass123", "name": "Dora",
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(body)).await.expect(201);
    world.passes(3).await;
    assert!(faults.fired() > 0);
    assert_eq!(world.mails_to("dora@pairly.test").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_right_code_whose_answer_got_lost_passes_though_somebody_is_in_the_way() {
    let world = World::new().await;
    let Enrolled { ann, secret, .. } = enrolled(&world).await;
    let challenge = asked(&world, &ann).await;
    for (nth, kind) in [(1, Kind::AfterEffect), (2, Kind::Conflict)] {
        world.local.cloud().faults().add(Rule {
            function: Some("answer_2fa_challenge".to_owned()),
            operation: Some("DynamoDB.TransactWriteItems".to_owned()),
            nth,
            kind,
        });
    }
    let code = code(&world, &secret);
    answers(&world, &challenge, "code", &code).await.ok();
}
