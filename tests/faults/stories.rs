//! How those functions are made to work that nobody calls by HTTP. All others work when their
//! sample is asked for.

use std::future::Future;
use std::pin::Pin;

use local::runtime::Failure;
use serde_json::{Value, json};
use shared::function::{Function, Trigger};
use shared::relay::Statement;
use world::{DeviceSecret, Person};

use crate::sweeps::samples::{Fixture, SUPER_ADMIN, filled, routes};

/// Repeats until something must have succeeded.
const TRIES_MAX: usize = 8;

type Telling<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What makes some functions work.
pub struct Story {
    /// The functions.
    pub of: &'static [&'static str],
    /// What happens undisturbed.
    pub before: for<'a> fn(&'a mut Fixture) -> Telling<'a, ()>,
    /// What happens while things go wrong; the status of what was asked for, or 0.
    pub tell: for<'a> fn(&'a mut Fixture) -> Telling<'a, u16>,
    /// How long it may take until everything has come of it, seconds.
    pub patience_seconds: i64,
}

/// In which everything happens that is not tried again.
const SOON: i64 = 20;
/// What failed in a queue comes back after its visibility timeout, at most twice here.
const LATER: i64 = 200;

fn nothing(_: &mut Fixture) -> Telling<'_, ()> {
    Box::pin(async {})
}

/// The story of a function; none when its operation is the story.
pub fn story_of(function: &Function) -> Option<&'static Story> {
    let told = STORIES
        .iter()
        .find(|story| story.of.contains(&function.name));
    let is_schedule =
        |trigger: &Trigger| matches!(trigger, Trigger::Every(_) | Trigger::Daily { .. });
    told.or_else(|| match function.triggers.iter().any(is_schedule) {
        true => SCHEDULES.iter().find(|story| story.of[0] == function.name),
        false => None,
    })
}

/// Asks as whoever may, until there is an answer that stays.
async fn operation(fixture: &Fixture, name: &str) -> u16 {
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

macro_rules! caused_by {
    ($name:literal, $seconds:expr, $($of:literal),+) => {
        Story {
            of: &[$($of),+],
            before: nothing,
            tell: |fixture| Box::pin(operation(fixture, $name)),
            patience_seconds: $seconds,
        }
    };
}

const STORIES: &[Story] = &[
    Story {
        of: &[
            "open_socket",
            "greet_socket",
            "answer_ping",
            "answer_unknown_frame",
            "show_typing",
            "close_socket",
        ],
        before: nothing,
        tell: |fixture| Box::pin(visit(fixture)),
        patience_seconds: SOON,
    },
    Story {
        of: &["begin_device_auth", "prove_device"],
        before: nothing,
        tell: |fixture| Box::pin(device(fixture)),
        patience_seconds: SOON,
    },
    Story {
        of: &[
            "fan_out_events",
            "push_frames",
            "log_messages",
            "scan_message",
            "tell_balance",
        ],
        before: |fixture| {
            Box::pin(async {
                fixture.ann.comes_online().await;
                fixture.ben.comes_online().await;
            })
        },
        tell: |fixture| Box::pin(operation(fixture, "send_message")),
        patience_seconds: LATER,
    },
    Story {
        of: &["tell_balance"],
        before: |fixture| Box::pin(async { fixture.cleo.comes_online().await }),
        tell: |fixture| Box::pin(operation(fixture, "adjust_credits")),
        patience_seconds: LATER,
    },
    caused_by!("register_account", LATER, "deliver_email"),
    caused_by!("add_phone", LATER, "deliver_sms"),
    caused_by!("revoke_device", LATER, "clean_revoked_device"),
    caused_by!("export_messages", 2_000, "write_export"),
    caused_by!("verify_audit_log", 800, "prove_audit_logs"),
    Story {
        of: &["prove_wallets"],
        before: nothing,
        tell: |fixture| Box::pin(everybody(fixture)),
        patience_seconds: 800,
    },
    Story {
        of: &["validate_upload"],
        before: nothing,
        tell: |fixture| Box::pin(upload(fixture)),
        patience_seconds: 800,
    },
    Story {
        of: &["close_revoked_sockets"],
        before: |fixture| {
            Box::pin(async {
                let mut other = fixture.ann.elsewhere().await;
                other.comes_online().await;
                fixture.session.clone_from(&other.session_id);
                fixture.cleo = other;
            })
        },
        tell: |fixture| Box::pin(operation(fixture, "revoke_session")),
        patience_seconds: LATER,
    },
    Story {
        of: &["expire_ring", "plan_notifications"],
        before: nothing,
        tell: |_| Box::pin(async { 0 }),
        patience_seconds: LATER,
    },
    Story {
        of: &["deliver_push"],
        before: |fixture| {
            Box::pin(async {
                let phone = world::phone::android("a-phone-of-ben");
                world::phone::registers(&fixture.ben, phone).await;
            })
        },
        // The call is missed.
        tell: |_| Box::pin(async { 0 }),
        patience_seconds: 300,
    },
    Story {
        of: &["expire_media_wait"],
        before: |fixture| Box::pin(async { answers(fixture).await }),
        tell: |_| Box::pin(async { 0 }),
        patience_seconds: LATER,
    },
    Story {
        of: &["keep_call_alive", "relay_call_signal", "meter_call"],
        before: |fixture| {
            Box::pin(async {
                fixture.ann.comes_online().await;
                answers(fixture).await;
                for person in [&fixture.ann, &fixture.ben] {
                    let path = format!("/api/v2/calls/{}/connected", fixture.call);
                    person.post(&path, json!({})).await.ok();
                }
            })
        },
        tell: |fixture| Box::pin(talk(fixture)),
        patience_seconds: LATER,
    },
];

macro_rules! schedules {
    ($($name:literal),+ $(,)?) => {
        const SCHEDULES: &[Story] = &[$(Story {
            of: &[$name],
            before: nothing,
            tell: |fixture| Box::pin(runs(fixture, $name)),
            patience_seconds: 0,
        }),+];
    };
}

schedules! {
    "archive_conversations",
    "check_ledger",
    "clean_uploads",
    "expire_claims",
    "expire_holds",
    "lift_bans",
    "purge_deleted_messages",
    "queue_flagged_users",
    "reap_connections",
    "release_due_notifications",
    "repair_projections",
    "rotate_connections",
    "rotate_signing_keys",
    "seal_audit_log",
    "sum_ledger_totals",
    "sweep_calls",
}

/// Somebody comes, says a few things and leaves.
async fn visit(fixture: &mut Fixture) -> u16 {
    let ben = &mut fixture.ben;
    let conversation = fixture.sent["conversation_id"].clone();
    let typing = json!({ "conversation_id": conversation, "state": "composing" });
    let came = ben.is_reachable().await;
    let mut heard = vec![ben.insists_on("ping", json!({})).await];
    heard.push(ben.insists_on("nonsense", json!({})).await);
    // Nobody answers this.
    ben.tries("typing", typing).await;
    ben.vanishes();
    assert!(came && heard.iter().all(Option::is_some), "{heard:?}");
    0
}

/// A device proves itself, from the beginning until it has.
async fn device(fixture: &mut Fixture) -> u16 {
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

async fn everybody(fixture: &Fixture) -> u16 {
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

async fn upload(fixture: &Fixture) -> u16 {
    let file = world::pictures::document();
    let form = fixture.ann.wants_to_upload("application/pdf", file.len());
    let form = form.await.expect(201);
    fixture.world.posts(&form, &file).await;
    0
}

/// Ben picks up.
async fn answers(fixture: &Fixture) {
    let path = format!("/api/v2/calls/{}/accept", fixture.call);
    fixture.ben.post(&path, json!({})).await.ok();
}

/// Signs of life and a signal, which nobody answers: a client sends the next one in its time.
async fn talk(fixture: &mut Fixture) -> u16 {
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
async fn runs(fixture: &Fixture, name: &str) -> u16 {
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
