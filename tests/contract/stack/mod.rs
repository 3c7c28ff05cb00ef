//! The templates that `sam deploy` ships, derived from the list of functions.
//!
//! - [`functions`]: one nested stack per domain, and the stack that holds them
//! - [`roles`]: what each function may do, as IAM says it
//! - [`settings`]: memory, time and environment of the functions
//! - [`queues`]: the queues with their dead letters
//! - [`gateway`]: what the two HTTP APIs import, and the routes of the WebSocket API
//! - [`parameters`]: the table of parameters in the guide to deployments
//! - [`facts`]: what `tests/stack/check.py` holds the templates against

mod facts;
mod functions;
mod gateway;
mod parameters;
mod queues;
mod roles;
mod settings;
mod sources;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::yaml;

/// Resources of one template; CloudFormation refuses 500, and updates slow down long before.
const RESOURCES_MAX: usize = 300;
/// The version of CloudFormation's template language.
const LANGUAGE: &str = "2010-09-09";
/// The macro that knows `AWS::Serverless::*`.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// Values that the root stack hands to the stacks below it: name and what it is.
const PARAMETERS: &[(&str, &str)] = &[
    ("AlarmTopic", "ARN of the topic that alarms go to"),
    ("AppUrl", "base of links into the app"),
    ("AppleClientId", "Services ID at Apple, or empty"),
    ("AppleKeyId", "id of the key at Apple, or empty"),
    ("AppleTeamId", "team at Apple, or empty"),
    ("Buckets", "first part of the names of buckets"),
    ("DataKey", "ARN of the key that wraps data keys"),
    ("DataStream", "ARN of the stream of the table data"),
    ("FacebookClientId", "app at Facebook, or empty"),
    ("GoogleClientId", "client at Google, or empty"),
    (
        "InvokeRole",
        "ARN of the role with which API Gateway starts functions",
    ),
    ("LedgerStream", "ARN of the stream of the table ledger"),
    ("LogDays", "days that logs are kept"),
    ("MailDomain", "verified identity that mails are sent from"),
    ("MailFrom", "sender of mails"),
    (
        "OauthRedirectBase",
        "base of the addresses that providers send back to, or empty",
    ),
    (
        "OauthRedirects",
        "where the app may be after a provider, separated by commas",
    ),
    ("ObjectsUrl", "where clients reach the buckets, or empty"),
    (
        "Origins",
        "browser origins that may call, separated by commas",
    ),
    (
        "Prefix",
        "first part of the names of functions, tables, queues and secrets",
    ),
    ("PublicUrl", "base of links to the client API"),
    (
        "PushApnsArn",
        "platform application of pushes to iPhones, or empty",
    ),
    (
        "PushApnsVoipArn",
        "platform application of rings of iPhones, or empty",
    ),
    (
        "PushFcmArn",
        "platform application of pushes to Android, or empty",
    ),
    ("QueueConcurrency", "most invocations at once per queue"),
    (
        "RateLimitEnabled",
        "whether callers are limited; always in production",
    ),
    (
        "ReservedConcurrency",
        "invocations kept free for each urgent function, or 0",
    ),
    ("SocketApi", "id of the WebSocket API"),
    ("Stage", "development, staging or production"),
    ("SuperAdmins", "the first one or two super admins, or empty"),
    ("TurnUrls", "TURN servers, separated by commas, or empty"),
];

/// A reference to a parameter or resource.
fn reference(name: &str) -> Value {
    json!({ "Ref": name })
}

/// A text with `${…}` in it.
fn sub(text: impl Into<String>) -> Value {
    json!({ "Fn::Sub": text.into() })
}

/// An attribute of a resource.
fn attribute(resource: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [resource, name] })
}

/// `send_message` as a logical id: `SendMessage`.
fn logical(name: &str) -> String {
    let parts = name.split(['_', '-', '.']);
    parts
        .map(|part| {
            let mut letters = part.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

/// The known parameters that a value refers to.
fn used(value: &Value, found: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("Ref", Value::String(target)) => note(target, found),
                    ("Fn::Sub", Value::String(text)) => {
                        let names = text.split("${").skip(1);
                        names.for_each(|rest| {
                            note(rest.split('}').next().unwrap_or_default(), found);
                        });
                    }
                    _ => used(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| used(item, found)),
        _ => {}
    }
}

fn note(name: &str, found: &mut Map<String, Value>) {
    if let Some((_, what)) = PARAMETERS.iter().find(|(known, _)| *known == name) {
        let parameter = json!({ "Type": "String", "Description": what });
        found.insert(name.to_owned(), parameter);
    }
}

/// A whole template around its resources, with the parameters that they refer to.
fn template(about: &str, mut parts: Value, sam: bool) -> Value {
    let mut parameters = Map::new();
    used(&parts, &mut parameters);
    parts["AWSTemplateFormatVersion"] = json!(LANGUAGE);
    parts["Description"] = json!(format!("{about} Derived by `UPDATE=1 cargo test`."));
    parts["Parameters"] = Value::Object(parameters);
    if sam {
        parts["Transform"] = json!(SAM);
    }
    parts
}

/// All derived files by path.
fn files() -> BTreeMap<String, Value> {
    let all = local::functions();
    let mut files = functions::templates(&all);
    files.insert("infra/queues.yaml".into(), queues::template());
    files.insert("infra/gateway/client.yaml".into(), gateway::client(&all));
    files.insert("infra/gateway/admin.yaml".into(), gateway::admin(&all));
    files.insert("infra/gateway/socket.yaml".into(), gateway::socket(&all));
    files
}

#[test]
fn the_templates_are_what_the_code_says() {
    for (path, value) in files() {
        super::derived(&path, &yaml::document(&value));
    }
}

#[test]
fn no_template_of_a_former_function_is_left() {
    let files = files();
    for entry in std::fs::read_dir(super::root().join("infra/functions")).expect("the folder") {
        let name = entry.expect("an entry").file_name();
        let path = format!("infra/functions/{}", name.to_string_lossy());
        assert!(
            files.contains_key(&path),
            "{path} belongs to no domain: remove it"
        );
    }
}

#[test]
fn a_name_becomes_a_logical_id() {
    assert_eq!(logical("answer_2fa_challenge"), "Answer2faChallenge");
    assert_eq!(logical("message.send"), "MessageSend");
}
