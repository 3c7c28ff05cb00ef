//! What each function may do, as IAM says it: what its signature names, what its triggers need of
//! it, and its own log.

use serde_json::{Value, json};
use shared::admin::AuditRow;
use shared::function::{Function, Trigger};
use shared::table::SPECS;

use super::{attribute, logical, reference, sub};

/// What reading a stream takes. A stream's name is an instant, so it is written as any of the
/// table's.
const STREAM: [&str; 4] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];
/// What taking messages off a queue takes.
const QUEUE: [&str; 3] = [
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
];
/// Actions that know no resource.
const ANYWHERE: [&str; 2] = ["ses:GetAccount", "sns:GetSMSAttributes"];

/// The ARN of something of this account and region.
fn arn(service: &str, rest: &str) -> Value {
    sub(format!(
        "arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"
    ))
}

fn allow(actions: &[&str], resources: Vec<Value>) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// The ARN of a bucket.
pub fn bucket(name: &str, rest: &str) -> Value {
    sub(format!(
        "arn:${{AWS::Partition}}:s3:::${{Buckets}}-{name}{rest}"
    ))
}

/// The ARN of a queue.
pub fn queue(name: &str) -> Value {
    arn("sqs", &format!("${{Prefix}}-{name}"))
}

/// A table, and its indexes where it is queried.
fn table(name: &str, actions: &[&str]) -> Vec<Value> {
    let spec = SPECS.iter().find(|spec| spec.table.as_str() == name);
    let mut list = vec![arn("dynamodb", &format!("table/${{Prefix}}-{name}"))];
    if actions.contains(&"dynamodb:Query") {
        let indexes = spec.expect("a known table").indexes;
        list.extend(indexes.iter().map(|index| {
            arn(
                "dynamodb",
                &format!("table/${{Prefix}}-{name}/index/{}", index.name),
            )
        }));
    }
    list
}

/// A bucket's listing is a right on the bucket, everything else one on its objects.
fn objects(name: &str, actions: &[&str]) -> Vec<Value> {
    let (list, rest): (Vec<&str>, Vec<&str>) = actions
        .iter()
        .partition(|action| **action == "s3:ListBucket");
    let mut statements = Vec::new();
    if !list.is_empty() {
        statements.push(allow(&list, vec![bucket(name, "")]));
    }
    if !rest.is_empty() {
        statements.push(allow(&rest, vec![bucket(name, "/*")]));
    }
    statements
}

/// Mail and text messages.
fn outside(resource: &str, actions: &[&str]) -> Vec<Value> {
    let (anywhere, rest): (Vec<&str>, Vec<&str>) =
        actions.iter().partition(|action| ANYWHERE.contains(action));
    let mut statements = Vec::new();
    if !anywhere.is_empty() {
        statements.push(allow(&anywhere, vec![json!("*")]));
    }
    match (rest.as_slice(), resource) {
        ([], _) => {}
        (rest, "mail") => statements.push(allow(rest, vec![arn("ses", "identity/${MailDomain}")])),
        // A phone number has no ARN; topics have one, and are not meant.
        (rest, _) => {
            statements.push(allow(rest, vec![json!("*")]));
            let topics = sub("arn:${AWS::Partition}:sns:*:*:*");
            statements.push(json!({ "Effect": "Deny", "Action": rest, "Resource": [topics] }));
        }
    }
    statements
}

/// Actions on a platform application; all others of pushes are on endpoints.
const APPLICATION: [&str; 2] = [
    "sns:CreatePlatformEndpoint",
    "sns:GetPlatformApplicationAttributes",
];

/// Pushes: endpoints, and the platform applications that they are made at.
fn phones(actions: &[&str]) -> Vec<Value> {
    let (apps, endpoints): (Vec<&str>, Vec<&str>) = actions
        .iter()
        .partition(|action| APPLICATION.contains(action));
    let places = [(apps, "app/*"), (endpoints, "endpoint/*")];
    let some = places.iter().filter(|(actions, _)| !actions.is_empty());
    some.map(|(actions, place)| allow(actions, vec![arn("sns", place)]))
        .collect()
}

/// The functions whose effects may need a second person.
fn two_person() -> Vec<Value> {
    let second = |function: &&&Function| function.admin.is_some_and(|admin| admin.second.is_some());
    let all = local::functions();
    let names = all.iter().filter(second);
    names
        .map(|function| arn("lambda", &format!("function:${{Prefix}}-{}", function.name)))
        .collect()
}

/// Rows of the audit log are added and read, never changed or removed.
fn sealed() -> Value {
    let actions = ["dynamodb:DeleteItem", "dynamodb:UpdateItem"];
    let logs = json!([format!("{}*", AuditRow::PREFIX)]);
    json!({
        "Effect": "Deny",
        "Action": actions,
        "Resource": [arn("dynamodb", "table/${Prefix}-ledger")],
        "Condition": { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": logs } },
    })
}

/// The statements of one resource that a signature names.
fn granted(resource: &str, actions: &[&str]) -> Vec<Value> {
    match resource.split_once('/') {
        Some(("table", "ledger")) if actions.contains(&"dynamodb:UpdateItem") => {
            vec![allow(actions, table("ledger", actions)), sealed()]
        }
        Some(("table", name)) => vec![allow(actions, table(name, actions))],
        Some(("queue", name)) => vec![allow(actions, vec![queue(name)])],
        Some(("bucket", name)) => objects(name, actions),
        // Secrets Manager adds a hyphen and six characters to the name.
        Some(("secret", name)) => {
            let place = format!("secret:${{Prefix}}/{name}-??????");
            vec![allow(actions, vec![arn("secretsmanager", &place)])]
        }
        Some(("function", "two_person")) => vec![allow(actions, two_person())],
        Some(("key", "data")) => vec![allow(actions, vec![reference("DataKey")])],
        None if resource == "sockets" => {
            let calls = ["DELETE", "POST"].map(|method| {
                arn(
                    "execute-api",
                    &format!("${{SocketApi}}/live/{method}/@connections/*"),
                )
            });
            vec![allow(actions, calls.to_vec())]
        }
        None if resource == "push" => phones(actions),
        None if ["mail", "sms"].contains(&resource) => outside(resource, actions),
        _ => panic!("no ARN is known for {resource}: teach tests/contract/stack/roles.rs"),
    }
}

/// What a trigger needs of the function's role.
fn triggered(trigger: &Trigger) -> Vec<Value> {
    match trigger {
        Trigger::Queue(name) => vec![allow(&QUEUE, vec![queue(name)])],
        Trigger::Stream(name) => {
            let place = format!("table/${{Prefix}}-{name}/stream/*");
            vec![allow(&STREAM, vec![arn("dynamodb", &place)])]
        }
        _ => Vec::new(),
    }
}

/// The policy of a function.
fn statements(function: &Function) -> Vec<Value> {
    let log = attribute(&format!("{}Log", logical(function.name)), "Arn");
    let mut list = vec![allow(
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        vec![log],
    )];
    for (resource, actions) in function.role() {
        list.extend(granted(resource, &actions));
    }
    list.extend(function.triggers.iter().flat_map(triggered));
    let streams = |trigger: &Trigger| matches!(trigger, Trigger::Stream(_));
    if function.triggers.iter().any(streams) {
        // Where records go that nobody can handle.
        list.extend(objects("stream-dead", &["s3:ListBucket", "s3:PutObject"]));
    }
    list
}

/// A role that a service may take on.
pub fn role(service: &str, statements: Vec<Value>) -> Value {
    let principal = json!({ "Service": format!("{service}.amazonaws.com") });
    let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal });
    let document =
        |statements: Vec<Value>| json!({ "Version": "2012-10-17", "Statement": statements });
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": document(vec![trust]),
            "Policies": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
        },
    })
}

/// The role of a function.
pub fn of(function: &Function) -> Value {
    role("lambda", statements(function))
}
