//! How those functions are made to work that nobody calls by HTTP. All others work when their
//! sample is asked for.

use std::future::Future;
use std::pin::Pin;

use serde_json::json;
use shared::function::{Function, Trigger};

use super::deeds::{
    adjustments, all_is_logged, answers, chatter, device, everybody, export, link, nowhere,
    operation, proof, repeats_link, runs, seals, talk, upload, visit,
};
use crate::sweeps::samples::Fixture;

type Telling<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What makes some functions work.
pub struct Story {
    /// The functions.
    pub of: &'static [&'static str],
    /// What happens undisturbed.
    pub before: for<'a> fn(&'a mut Fixture) -> Telling<'a, ()>,
    /// What happens while things go wrong; the status of what was asked for, or 0.
    pub tell: for<'a> fn(&'a mut Fixture) -> Telling<'a, u16>,
    /// When everything has come of it.
    pub patience: Patience,
}

/// How long it takes until everything has come of something.
#[derive(Clone, Copy)]
pub enum Patience {
    /// So many seconds.
    For(i64),
    /// [`SOON`]; but if something is left in the function's queues then, so many seconds, in which
    /// what failed comes back after its visibility timeout, at most twice.
    Left(i64),
}

/// In which everything happens that is not tried again, seconds: no schedule and no timer of the
/// fixture comes between, however long the retries have taken.
pub const SOON: i64 = 20;
/// Visibility timeouts of most queues, twice.
const LATER: Patience = Patience::Left(200);
/// What a row says is to be tried again, and what comes of a call that nobody answers.
const RETRIED: Patience = Patience::For(200);

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

macro_rules! caused_by {
    ($name:literal, $patience:expr, $($of:literal),+) => {
        Story {
            of: &[$($of),+],
            before: nothing,
            tell: |fixture| Box::pin(operation(fixture, $name)),
            patience: $patience,
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
        patience: Patience::For(SOON),
    },
    Story {
        of: &["begin_device_auth", "prove_device"],
        before: nothing,
        tell: |fixture| Box::pin(device(fixture)),
        patience: Patience::For(SOON),
    },
    Story {
        of: &["fan_out_events", "push_frames", "log_messages"],
        before: |fixture| {
            Box::pin(async {
                fixture.ann.comes_online().await;
                fixture.ben.comes_online().await;
            })
        },
        tell: |fixture| Box::pin(operation(fixture, "send_message")),
        patience: RETRIED,
    },
    Story {
        of: &["tell_balance"],
        before: |fixture| Box::pin(async { fixture.cleo.comes_online().await }),
        tell: |fixture| Box::pin(adjustments(fixture)),
        patience: LATER,
    },
    Story {
        of: &["scan_message"],
        before: |fixture| Box::pin(link(fixture)),
        tell: |fixture| Box::pin(repeats_link(fixture)),
        patience: LATER,
    },
    Story {
        of: &["sum_ledger_totals"],
        before: nothing,
        tell: |fixture| Box::pin(chatter(fixture)),
        patience: LATER,
    },
    Story {
        of: &["answer_unknown_route"],
        before: nothing,
        tell: |fixture| Box::pin(nowhere(fixture)),
        patience: Patience::For(SOON),
    },
    caused_by!("register_account", RETRIED, "deliver_email"),
    caused_by!("add_phone", RETRIED, "deliver_sms"),
    caused_by!("revoke_device", LATER, "clean_revoked_device"),
    Story {
        of: &["write_export"],
        before: |fixture| Box::pin(all_is_logged(fixture)),
        tell: |fixture| Box::pin(export(fixture)),
        patience: Patience::Left(2_000),
    },
    Story {
        of: &["prove_audit_logs"],
        before: |fixture| Box::pin(seals(fixture)),
        tell: |fixture| Box::pin(proof(fixture)),
        patience: Patience::Left(800),
    },
    Story {
        of: &["prove_wallets"],
        before: nothing,
        tell: |fixture| Box::pin(everybody(fixture)),
        patience: Patience::Left(800),
    },
    Story {
        of: &["validate_upload"],
        before: nothing,
        tell: |fixture| Box::pin(upload(fixture)),
        patience: Patience::Left(800),
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
        patience: LATER,
    },
    Story {
        of: &["expire_ring", "plan_notifications"],
        before: nothing,
        tell: |_| Box::pin(async { 0 }),
        patience: RETRIED,
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
        patience: Patience::For(300),
    },
    Story {
        of: &["expire_media_wait"],
        before: |fixture| Box::pin(answers(fixture)),
        tell: |_| Box::pin(async { 0 }),
        patience: LATER,
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
        patience: RETRIED,
    },
];

macro_rules! schedules {
    ($($name:literal),+ $(,)?) => {
        const SCHEDULES: &[Story] = &[$(Story {
            of: &[$name],
            before: nothing,
            tell: |fixture| Box::pin(runs(fixture, $name)),
            patience: Patience::For(0),
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
    "sweep_calls",
}
