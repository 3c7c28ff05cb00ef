//! Scenario 17: a function without its signing key does not start.
//!
//! The two ignored tests are no tests by themselves: they are the processes that the third starts.

use std::process::{Command, Output};
use std::sync::Arc;

use accounts::bin::sign_in;
use local::cloud::{Cloud, Options};
use shared::Env;
use shared::accounts::keys;
use shared::aws::Keys;
use shared::aws::secret::{self, Signing};
use shared::config::Config;
use shared::env::Host;
use shared::id::SystemRandom;
use shared::start::Needs;
use shared::time::{Now, SystemClock};

/// A host in production whose secret store has everything but the signing key.
fn host() -> Host {
    let options = Options {
        state: None,
        base: SystemClock.now(),
    };
    let cloud = Cloud::open(options).expect("a cloud");
    let config = Config::read(|name| match name {
        "PAIRLY_STAGE" => Some("production".to_owned()),
        "PAIRLY_PREFIX" => Some("pairly".to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        // What only development may set, and the providers, which are optional.
        "AWS_ENDPOINT_URL" | "PAIRLY_SUPER_ADMINS" => None,
        name if name.starts_with("OAUTH_") => None,
        _ => Some("https://pairly.example".to_owned()),
    });
    Host {
        http: cloud.client("sign_in"),
        clock: cloud.clock(),
        random: Arc::new(SystemRandom),
        config: Arc::new(config.expect("a configuration")),
        keys: Keys::read(),
    }
}

fn serve(host: Host) {
    shared::log::start(&host.config);
    let needs = Needs::of(sign_in::FUNCTION.grants);
    shared::lambda::serve("sign_in", sign_in::RUN, needs, host);
}

#[test]
#[ignore = "a process of the test below"]
fn acts_as_a_function_without_a_key() {
    serve(host());
}

#[test]
#[ignore = "a process of the test below"]
fn acts_as_a_function_with_a_key() {
    let host = host();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let now = host.clock.now();
    let (private, _) = keys::first("key-1", [7; 32], now).expect("keys");
    let env = Env::new("local", host.clone());
    let text = private.text().expect("a text");
    let made = secret::create::<Signing>(&env, &text);
    assert!(runtime.block_on(made).expect("created"));
    serve(host);
}

fn process(test: &str) -> Output {
    let name = format!("scenarios::accounts::start::{test}");
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", &name, "--ignored", "--nocapture"]);
    // A runtime that is not there.
    command.envs([
        ("AWS_LAMBDA_RUNTIME_API", "http://127.0.0.1:9"),
        ("AWS_LAMBDA_FUNCTION_NAME", "sign_in"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ]);
    command.output().expect("a process")
}

#[test]
fn without_its_signing_key_a_function_stops_at_the_start_and_names_it() {
    let without = process("acts_as_a_function_without_a_key");
    let said = |output: &Output| {
        let parts = [&output.stdout, &output.stderr];
        parts
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .concat()
    };
    let text = said(&without);
    assert_eq!(without.status.code(), Some(1), "{text}");
    let sentence = "the function sign_in cannot start: the signing key pairly/signing is missing";
    assert!(text.contains(sentence), "{text}");
    // The log record names both as well.
    let record = text.lines().find(|line| line.starts_with('{'));
    let record = record.unwrap_or_else(|| panic!("no record: {text}"));
    assert!(
        record.contains("sign_in") && record.contains("pairly/signing"),
        "{record}"
    );
    // With the key it gets as far as asking the runtime for events, which is not here.
    let text = said(&process("acts_as_a_function_with_a_key"));
    assert!(!text.contains("signing"), "{text}");
}
