//! One nested stack per domain: functions, their roles, logs and event sources.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::function::Function;

use super::super::summary;
use super::{RESOURCES_MAX, attribute, logical, reference, roles, settings, sources, sub};

/// Resources of a function with a schedule: itself, role, log, schedule, findings, alarm and gauge.
const PER_FUNCTION_MAX: usize = 7;

/// The functions of one nested stack.
struct Part<'a> {
    /// Domain, with a number from the second part on.
    name: String,
    functions: Vec<&'a Function>,
}

/// Domains in the order of the list, cut where a stack would hold too many resources.
fn parts<'a>(functions: &[&'a Function]) -> Vec<Part<'a>> {
    let mut domains: Vec<(&str, Vec<&Function>)> = Vec::new();
    for function in functions {
        match domains
            .iter_mut()
            .find(|(name, _)| *name == function.domain)
        {
            Some((_, list)) => list.push(function),
            None => domains.push((function.domain, vec![function])),
        }
    }
    let most = RESOURCES_MAX / PER_FUNCTION_MAX;
    let mut parts = Vec::new();
    for (domain, list) in domains {
        for (at, functions) in list.chunks(most).enumerate() {
            let name = match at {
                0 => domain.to_owned(),
                at => format!("{domain}-{}", at + 1),
            };
            let functions = functions.to_vec();
            parts.push(Part { name, functions });
        }
    }
    parts
}

fn function(function: &Function) -> Value {
    let name = logical(function.name);
    let log = json!({
        "ApplicationLogLevel": "TRACE",
        "LogFormat": "JSON",
        "LogGroup": reference(&format!("{name}Log")),
        "SystemLogLevel": "WARN",
    });
    let mut properties = json!({
        "CodeUri": format!("../../target/lambda/{}/", function.name),
        "Description": summary(function),
        "FunctionName": sub(format!("${{Prefix}}-{}", function.name)),
        "LoggingConfig": log,
        "MemorySize": settings::memory(function),
        "Role": attribute(&format!("{name}Role"), "Arn"),
        "Timeout": settings::timeout(function),
    });
    if settings::URGENT.contains(&function.name) {
        let none = reference("AWS::NoValue");
        properties["ReservedConcurrentExecutions"] =
            json!({ "Fn::If": ["Reserves", reference("ReservedConcurrency"), none] });
    }
    json!({
        "Type": "AWS::Serverless::Function",
        "Metadata": { "SkipBuild": true },
        "Properties": properties,
    })
}

fn log(function: &Function) -> Value {
    let name = format!("/aws/lambda/${{Prefix}}-{}", function.name);
    json!({
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": { "LogGroupName": sub(name), "RetentionInDays": reference("LogDays") },
    })
}

fn stack(part: &Part<'_>) -> Value {
    let mut resources = Map::new();
    for one in &part.functions {
        let name = logical(one.name);
        resources.insert(format!("{name}Role"), roles::of(one));
        resources.insert(format!("{name}Log"), log(one));
        sources::add(one, &mut resources);
        resources.insert(name, function(one));
    }
    sources::add_scheduler(&part.functions, &mut resources);
    let globals = json!({ "Function": {
        "Architectures": ["arm64"],
        "Environment": { "Variables": settings::environment() },
        "Handler": "bootstrap",
        "Runtime": "provided.al2023",
    } });
    let mut parts = json!({ "Globals": globals, "Resources": resources });
    if parts.to_string().contains("\"Reserves\"") {
        let none = json!({ "Fn::Equals": [reference("ReservedConcurrency"), "0"] });
        parts["Conditions"] = json!({ "Reserves": { "Fn::Not": [none] } });
    }
    super::template(&format!("The functions of {}.", part.name), parts, true)
}

/// The stack that holds the stacks of all domains and hands its parameters on.
fn index(stacks: &BTreeMap<String, Value>) -> Value {
    let mut resources = Map::new();
    for (path, stack) in stacks {
        let file = path.trim_start_matches("infra/");
        let names = stack["Parameters"].as_object().into_iter().flatten();
        let handed: Map<String, Value> = names
            .map(|(name, _)| (name.clone(), reference(name)))
            .collect();
        let name = file
            .trim_start_matches("functions/")
            .trim_end_matches(".yaml");
        let nested = json!({
            "Type": "AWS::Serverless::Application",
            "Properties": { "Location": file, "Parameters": handed },
        });
        resources.insert(logical(name), nested);
    }
    super::template(
        "All functions, by domain.",
        json!({ "Resources": resources }),
        true,
    )
}

/// The templates of these functions by path.
pub fn templates(functions: &[&Function]) -> BTreeMap<String, Value> {
    let parts = parts(functions);
    let mut files: BTreeMap<_, _> = parts
        .iter()
        .map(|part| (format!("infra/functions/{}.yaml", part.name), stack(part)))
        .collect();
    let index = index(&files);
    files.insert("infra/functions.yaml".into(), index);
    files
}

/// As many copies of the present functions as asked for, under names of their own.
fn many(count: usize) -> Vec<&'static Function> {
    let all = local::functions();
    let copies = all.iter().cycle().take(count).enumerate().map(|(at, one)| {
        let name: &'static str = Box::leak(format!("{}_{at}", one.name).into_boxed_str());
        let copy: &'static Function = Box::leak(Box::new(Function { name, ..**one }));
        copy
    });
    copies.collect()
}

#[test]
fn ten_times_the_functions_fit_into_stacks_of_their_own() {
    let all = many(1_000);
    let files = templates(&all);
    let mut found = 0;
    for (path, template) in &files {
        let resources = template["Resources"].as_object().expect("resources");
        assert!(
            resources.len() <= RESOURCES_MAX,
            "{path}: {}",
            resources.len()
        );
        let functions = resources.values();
        found += functions
            .filter(|one| one["Type"] == "AWS::Serverless::Function")
            .count();
    }
    assert_eq!(found, 1_000, "every function is in exactly one stack");
    assert!(
        files.contains_key("infra/functions/accounts-2.yaml"),
        "a domain was cut"
    );
}

#[test]
fn names_leave_room_for_the_prefix() {
    // Lambda allows 64 characters, of which the stack's name takes at most 20 and a hyphen.
    for function in local::functions() {
        assert!(
            function.name.len() <= 43,
            "{} is too long a name",
            function.name
        );
        assert!(
            summary(function).len() <= 256,
            "{}: a long sentence",
            function.name
        );
    }
}
