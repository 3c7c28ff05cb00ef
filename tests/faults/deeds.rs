//! What happens in stories: people and administrators who do something until it is done.

use local::runtime::Failure;
use serde_json::{Value, json};
use shared::admin::{
    AnalyticsExport, Export, ExportKind, ExportWish, Format, Permission, VERIFY_AUDIT_LOG,
};
use shared::aws::dynamo::Tables;
use shared::messaging::Moderation;
use shared::operations::JobRun;
use shared::relay::Statement;
use world::{DeviceSecret, Person};

use crate::scenarios::messaging::moderation::decides;
use crate::sweeps::samples::{Fixture, SUPER_ADMIN, filled, routes};

/// Repeats until something must have succeeded.
const TRIES_MAX: usize = 8;
/// A link that moderators know.
const LINK: &str = "my studio: linden-keramik.de/kurs";
/// Messages whose rows are more than a page of the ledger.
const CHATTER: usize = 30;

/// Asks as whoever may, until there is an answer that stays.
pub async fn operation(fixture: &Fixture, name: &str) -> u16 {
    let all = local::functions();
    let function = all.iter().find(|function| function.name == name);
    let function = function.expect("a function");
    let (method, path) = routes(function)[0];
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(name);
    let key = [("idempotency-key", "fault-key-0002")];
    let headers: &[(&str, &str)] = if method == "GET" { &[] } else { &key };
    let mut status = 0;
    for _ in 0..TRIES_MAX {
        let asked = fixture.asks(function, method, &target, (fixture.body(name), headers));
        let answer = asked.await;
        status = answer.status;
        if !answer.is_passing() {
            break;
        }
        fixture.world.passes(1).await;
    }
    status
}

/// Somebody comes, says a few things and leaves.
pub async fn visit(fixture: &mut Fixture) -> u16 {
    let ben = &mut fixture.ben;
    let conversation = fixture.sent["conversation_id"].clone();
    let typing = json!({ "conversation_id": conversation, "state": "composing" });
    let came = ben.is_reachable().await;
    let mut heard = vec![ben.insists_on("ping", json!({})).await];
    heard.push(ben.insists_on("nonsense", json!({})).await);
    // Nobody answers this.
    ben.tries("typing", typing).await;
    // The client's own fault, which it does not repeat.
    ben.sends("{broken").await;
    fixture.world.settles().await;
    let ben = &mut fixture.ben;
    ben.vanishes();
    assert!(came && heard.iter().all(Option::is_some), "{heard:?}");
    0
}

/// A device proves itself, from the beginning until it has.
pub async fn device(fixture: &mut Fixture) -> u16 {
    let device = fixture.device.clone();
    for _ in 0..TRIES_MAX {
        if let Some(ready) = proves(&mut fixture.ann, &device).await {
            assert_ne!(ready["type"], "error", "{ready}");
            return 0;
        }
        fixture.ann.vanishes();
        fixture.world.passes(1).await;
    }
    panic!("the device never proves itself");
}

async fn proves(person: &mut Person, device: &str) -> Option<Value> {
    let query = format!("device_id={device}");
    let connection = person.connects(&query).await.ok()?;
    let begun = person.tries("auth.begin", json!({ "device_id": device }));
    let challenge = begun.await?;
    let (nonce, ts) = (
        challenge["data"]["nonce"].as_str()?,
        person.world.now().ms(),
    );
    let statement = Statement {
        connection_id: &connection,
        nonce,
        device_id: device,
        ts,
    };
    let signature = DeviceSecret::new(1).signs(&statement);
    let data = json!({ "signature": signature, "ts": ts, "access_token": person.token });
    let ready = person.tries("auth.prove", data).await?;
    (ready["type"] != "error").then_some(ready)
}

/// Somebody has all wallets proved.
pub async fn everybody(fixture: &Fixture) -> u16 {
    let admin = fixture.world.admin(SUPER_ADMIN).await;
    let path = "/api/admin/ledger/verify";
    let mut answer = admin.call("POST", path, Some(json!({}))).await;
    for _ in 0..TRIES_MAX {
        if !answer.is_passing() {
            break;
        }
        fixture.world.passes(1).await;
        answer = admin.call("POST", path, Some(json!({}))).await;
    }
    answer.status
}

/// Ann posts a file with the form that she asked for.
pub async fn upload(fixture: &Fixture) -> u16 {
    let file = world::pictures::document();
    let form = fixture.ann.wants_to_upload("application/pdf", file.len());
    let form = form.await.expect(201);
    fixture.world.posts(&form, &file).await;
    0
}

/// Ben picks up.
pub async fn answers(fixture: &Fixture) {
    let path = format!("/api/v2/calls/{}/accept", fixture.call);
    fixture.ben.post(&path, json!({})).await.ok();
}

/// Signs of life and a signal, which nobody answers: a client sends the next one in its time.
pub async fn talk(fixture: &mut Fixture) -> u16 {
    let call = json!({ "call_id": fixture.call });
    let signal = json!({
        "call_id": fixture.call, "kind": "media", "payload": { "audio": false },
    });
    for _ in 0..2 {
        fixture.ann.tries("call.alive", call.clone()).await;
        let heard = fixture.ann.tries("call.signal", signal.clone()).await;
        assert!(heard.is_none_or(|heard| heard["data"]["code"] != "VALIDATION_FAILED"));
        fixture.world.passes(15).await;
    }
    0
}

/// A run by the timetable; one that failed comes again at its next time.
pub async fn runs(fixture: &Fixture, name: &str) -> u16 {
    for _ in 0..TRIES_MAX {
        match fixture.world.local.run(name, json!({})).await {
            Ok(_) => {
                fixture.world.settles().await;
                return 0;
            }
            Err(Some(Failure::Failed(_) | Failure::Died | Failure::TimedOut)) => {
                fixture.world.passes(1).await;
            }
            Err(None) => panic!("there is no {name}"),
        }
    }
    panic!("{name} never succeeds");
}

/// Credits are given to Cleo, who is online, twice within a moment.
pub async fn adjustments(fixture: &Fixture) -> u16 {
    let admin = fixture.world.admin(SUPER_ADMIN).await;
    let mut status = 0;
    for (key, amount) in [("fault-key-0011", 25), ("fault-key-0012", 10)] {
        let body =
            json!({ "user_id": fixture.cleo.id, "amount": amount, "reason": "a gift to somebody" });
        let path = "/api/admin/credits/adjust";
        let headers = [("idempotency-key", key)];
        let given = admin.call_with("POST", path, Some(body), &headers).await;
        status = given.status;
    }
    status
}

/// A message of Ben's with a link is blocked.
pub async fn link(fixture: &mut Fixture) {
    let sent = fixture.ben.says(LINK).to(&fixture.ann).await.ok();
    decides(&fixture.world, &sent, Moderation::Blocked).await;
}

/// Ann sends the same link.
pub async fn repeats_link(fixture: &mut Fixture) -> u16 {
    let sent = fixture.ann.says(LINK).to(&fixture.ben).await;
    sent.status
}

/// So many messages that a page of the ledger is full.
pub async fn chatter(fixture: &mut Fixture) -> u16 {
    for n in 0..CHATTER {
        let text = format!("{n}");
        fixture.ann.says(&text).to(&fixture.ben).await.ok();
    }
    0
}

/// Somebody looks for what is not there.
pub async fn nowhere(fixture: &Fixture) -> u16 {
    let mut answer = fixture.world.call("GET", "/api/v2/nowhere", None).await;
    for _ in 0..TRIES_MAX {
        if !answer.is_passing() {
            break;
        }
        fixture.world.passes(1).await;
        answer = fixture.world.call("GET", "/api/v2/nowhere", None).await;
    }
    answer.status
}

/// Every message is in the log from which exports are written.
pub async fn all_is_logged(fixture: &Fixture) {
    fixture.world.passes(10).await;
}

/// An export begins, as one of more rows than an answer holds does.
pub async fn export(fixture: &Fixture) -> u16 {
    let world = &fixture.world;
    let wish = ExportWish {
        kind: ExportKind::Messages,
        filters: "{}".to_owned(),
        format: Format::Ndjson,
        full: true,
        rows_max: 1_000,
        permission: AnalyticsExport::NAME,
    };
    let (id, by) = (format!("exp_{}", "1".repeat(26)), "adm_somebody");
    let export = Export::new(id, wish, by, world.now());
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(export.begin()).await.expect("begun");
    0
}

/// The night's seal of the logs of administrators.
pub async fn seals(fixture: &Fixture) {
    let admin = fixture.world.admin(SUPER_ADMIN).await;
    admin.get("/api/admin/audit-log").await.ok();
    fixture.world.runs("seal_audit_log").await;
}

/// A run over all logs begins, as one of longer logs than an answer proves does. That a job hands
/// on to the next takes thousands of rows; `scenarios::admin::proving` lets that go wrong.
pub async fn proof(fixture: &Fixture) -> u16 {
    let world = &fixture.world;
    let id = format!("run_{}", "1".repeat(26));
    let run = JobRun::new(id, VERIFY_AUDIT_LOG, "adm_somebody", world.now());
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(run.begin()).await.expect("begun");
    0
}
