//! Memory, time and environment of the functions.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use shared::config::Config;
use shared::function::{Function, Trigger};
use shared::worker::QUEUES;

use super::super::root;
use super::{reference, sub};

/// Memory of a function, MB; processor time grows with it.
const MEMORY_MB: u32 = 256;
/// Memory of a function that hashes passwords: 19 MiB, and half a processor.
const HASHING_MB: u32 = 1_024;
/// Memory of functions that need another: a whole processor for pictures of 160 MB, more
/// records at once for the others.
const LARGER_MB: &[(&str, u32)] = &[
    ("archive_conversations", 512),
    ("fan_out_events", 512),
    ("validate_upload", 1_769),
    ("write_export", 1_769),
];
/// Functions that stay reachable while others use up the account's concurrency.
pub const URGENT: &[&str] = &["push_frames", "send_message", "sign_in"];

/// How long a caller may wait, seconds (spec operations.md, *Limits and timings*).
pub const ANSWER_SECONDS: u32 = 29;
/// A batch of stream records, seconds.
const STREAM_SECONDS: u32 = 60;
/// A run of a schedule that comes again within minutes, seconds.
const SWEEP_SECONDS: u32 = 60;
/// Any other run of a schedule, seconds.
const RUN_SECONDS: u32 = 300;
/// Receives of a message while one attempt still runs.
const VISIBILITY_PER_TIMEOUT: u32 = 6;

/// Memory of a function, MB.
pub fn memory(function: &Function) -> u32 {
    let larger = LARGER_MB.iter().find(|(name, _)| *name == function.name);
    match larger {
        Some((_, memory)) => *memory,
        None if function.role().contains_key("secret/pepper") => HASHING_MB,
        None => MEMORY_MB,
    }
}

/// How long a function may run, seconds: the longest that one of its triggers allows.
pub fn timeout(function: &Function) -> u32 {
    let seconds = function.triggers.iter().map(|trigger| match *trigger {
        Trigger::Queue(name) => {
            let queue = QUEUES.iter().find(|queue| queue.name == name);
            queue.expect("a known queue").visibility_seconds / VISIBILITY_PER_TIMEOUT
        }
        Trigger::Stream(_) => STREAM_SECONDS,
        Trigger::Every(period) if period <= RUN_SECONDS => SWEEP_SECONDS,
        Trigger::Every(_) | Trigger::Daily { .. } => RUN_SECONDS,
        _ => ANSWER_SECONDS,
    });
    seconds.max().unwrap_or(ANSWER_SECONDS)
}

/// The environment of every function.
pub fn environment() -> Map<String, Value> {
    let own = "execute-api.${AWS::Region}.${AWS::URLSuffix}/live";
    let queues = "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/";
    let variables = [
        ("APPLE_CLIENT_ID", reference("AppleClientId")),
        ("APPLE_KEY_ID", reference("AppleKeyId")),
        ("APPLE_TEAM_ID", reference("AppleTeamId")),
        ("APP_URL", reference("AppUrl")),
        ("FACEBOOK_CLIENT_ID", reference("FacebookClientId")),
        ("GOOGLE_CLIENT_ID", reference("GoogleClientId")),
        ("OAUTH_REDIRECTS", reference("OauthRedirects")),
        ("OAUTH_REDIRECT_BASE", reference("OauthRedirectBase")),
        ("PAIRLY_BUCKETS", reference("Buckets")),
        ("PAIRLY_DATA_KEY", reference("DataKey")),
        ("PAIRLY_MAIL_FROM", reference("MailFrom")),
        ("PAIRLY_OBJECTS_URL", reference("ObjectsUrl")),
        ("PAIRLY_ORIGINS", reference("Origins")),
        ("PAIRLY_PREFIX", reference("Prefix")),
        ("PAIRLY_QUEUE_BASE", sub(queues)),
        (
            "PAIRLY_SOCKET_ENDPOINT",
            sub(format!("https://${{SocketApi}}.{own}")),
        ),
        (
            "PAIRLY_SOCKET_URL",
            sub(format!("wss://${{SocketApi}}.{own}")),
        ),
        ("PAIRLY_STAGE", reference("Stage")),
        ("PAIRLY_SUPER_ADMINS", reference("SuperAdmins")),
        ("PUBLIC_URL", reference("PublicUrl")),
        ("PUSH_APNS_ARN", reference("PushApnsArn")),
        ("PUSH_APNS_VOIP_ARN", reference("PushApnsVoipArn")),
        ("PUSH_FCM_ARN", reference("PushFcmArn")),
        ("RATE_LIMIT_ENABLED", reference("RateLimitEnabled")),
        ("TURN_URLS", reference("TurnUrls")),
    ];
    let named = variables.map(|(name, value)| (name.to_owned(), value));
    named.into_iter().collect()
}

/// Variables that the stack must not set: refused in production, or set by Lambda itself.
const NOT_OURS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "OAUTH_AUTHORIZE_BASE",
];

fn set() -> BTreeSet<String> {
    environment().keys().cloned().collect()
}

/// Every variable that a start asks for, in production and before it.
fn asked() -> BTreeSet<String> {
    let names = std::cell::RefCell::new(BTreeSet::new());
    for stage in ["production", "staging"] {
        let config = Config::read(|name| {
            names.borrow_mut().insert(name.to_owned());
            match name {
                "PAIRLY_STAGE" => Some(stage.to_owned()),
                "AWS_ENDPOINT_URL" | "OAUTH_AUTHORIZE_BASE" | "PAIRLY_SUPER_ADMINS" => None,
                _ => Some("given".to_owned()),
            }
        });
        config.expect("everything was given");
    }
    let mut names = names.into_inner();
    // What is read outside of the structure, by name.
    let ships =
        |path: &std::path::PathBuf| path.components().all(|part| part.as_os_str() != "tests");
    for (_, source) in super::super::sources("shared/src")
        .into_iter()
        .filter(|(path, _)| ships(path))
    {
        let calls = source.split("environment(\"").skip(1);
        names.extend(
            calls
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned),
        );
        let keys = source.split(" var(\"").skip(1);
        names.extend(
            keys.filter_map(|rest| rest.split('"').next())
                .map(str::to_owned),
        );
    }
    names
}

#[test]
fn the_stack_sets_every_variable_that_a_function_reads() {
    let mut known = set();
    known.extend(NOT_OURS.map(str::to_owned));
    assert_eq!(asked(), known);
    assert!(set().is_disjoint(&NOT_OURS.map(str::to_owned).into()));
}

#[test]
fn a_production_start_needs_what_the_stack_sets() {
    let whole = |name: &str| match name {
        "PAIRLY_STAGE" => Some("production".to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "PAIRLY_SUPER_ADMINS" => None,
        name => set().contains(name).then(|| "given".to_owned()),
    };
    Config::read(whole).expect("a start");
    let needed = set().into_iter().filter(|left| {
        left != "PAIRLY_STAGE" && Config::read(|name| whole(name).filter(|_| name != left)).is_err()
    });
    assert!(needed.count() >= 8, "nothing is needed any more");
}

#[test]
fn the_page_about_variables_names_those_of_the_stack() {
    let page = std::fs::read_to_string(root().join("docs/ENVIRONMENT_VARIABLES.md"));
    let page = page.expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut named = BTreeSet::new();
    for row in rows {
        let cell = row.split(" | ").next().unwrap_or_default();
        let names = cell
            .split('`')
            .filter(|part| part.starts_with(|c: char| c.is_uppercase()));
        named.extend(names.map(str::to_owned));
    }
    let mut known = set();
    known.extend(NOT_OURS.map(str::to_owned));
    assert_eq!(named, known);
}

#[test]
fn settings_are_of_functions_that_exist() {
    let all = local::functions();
    let known = |name: &str| all.iter().any(|function| function.name == name);
    for (name, _) in LARGER_MB {
        assert!(known(name), "memory for {name}, which is no function");
    }
    for name in URGENT {
        assert!(known(name), "concurrency for {name}, which is no function");
    }
}
