//! What starts a function besides the gateways: queues, streams and schedules.

use serde_json::{Map, Value, json};
use shared::function::{Function, Trigger};
use shared::worker::QUEUES;

use super::{attribute, logical, reference, roles, sub};

/// Records of one batch of a stream.
const BATCH_RECORDS_MAX: u32 = 100;
/// Tries of a batch before it is given up.
const TRIES_MAX: u32 = 10;
/// Age at which a record is given up, seconds: the stream forgets it then.
const AGE_SECONDS_MAX: u32 = 86_400;
/// Failures of a run that comes again every minute, within five of them, before an alarm rings.
const LAGS_MAX: u32 = 3;
/// Age of a stream's oldest record that waits before an alarm rings, milliseconds.
const AGE_MS_MAX: u32 = 300_000;
/// Where findings of runs are counted.
const FINDINGS: &str = "Pairly/Findings";
/// Workers of runs that somebody asked for: what they find rings like what a schedule finds.
const FINDERS: [&str; 2] = ["prove_audit_logs", "prove_wallets"];
/// Where the acts of administrators are counted.
const ACTS: &str = "Pairly/Admin";
/// Numbers that a function tells in its log: function, member and metric.
const GAUGES: [(&str, &str, &str); 1] = [("expire_claims", "overdue", "moderation.overdue")];
/// What alarms look at together, seconds.
const ALARM_PERIOD_SECONDS: u32 = 300;
/// The name of the role with which the schedules of a stack start its functions.
const SCHEDULER: &str = "SchedulerRole";

/// A mapping with the rules that queues and streams share.
fn mapping(function: &Function, source: Value, mut rest: Value) -> Value {
    rest["EventSourceArn"] = source;
    rest["FunctionName"] = reference(&logical(function.name));
    rest["FunctionResponseTypes"] = json!(["ReportBatchItemFailures"]);
    json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": rest })
}

fn queue(function: &Function, name: &str) -> Value {
    let queue = QUEUES.iter().find(|queue| queue.name == name);
    let queue = queue.expect("a known queue");
    let most = json!({ "MaximumConcurrency": reference("QueueConcurrency") });
    let mut rules = json!({ "BatchSize": queue.batch, "ScalingConfig": most });
    if queue.gather_seconds > 0 {
        rules["MaximumBatchingWindowInSeconds"] = json!(queue.gather_seconds);
    }
    mapping(function, roles::queue(name), rules)
}

fn stream(function: &Function, table: &str) -> Value {
    let lost = json!({ "OnFailure": { "Destination": roles::bucket("stream-dead", "") } });
    let rules = json!({
        "BatchSize": BATCH_RECORDS_MAX,
        "BisectBatchOnFunctionError": true,
        "DestinationConfig": lost,
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": AGE_SECONDS_MAX,
        "MaximumRetryAttempts": TRIES_MAX,
        "StartingPosition": "TRIM_HORIZON",
    });
    mapping(
        function,
        reference(&format!("{}Stream", logical(table))),
        rules,
    )
}

/// A period in the largest unit that fits, as EventBridge wants it.
fn rate(seconds: u32) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let fits = |(_, unit): &&(&str, u32)| seconds.is_multiple_of(*unit);
    let (unit, length) = units.iter().find(fits).expect("whole minutes");
    let count = seconds / length;
    format!("rate({count} {unit}{})", if count == 1 { "" } else { "s" })
}

fn schedule(function: &Function, expression: &str) -> Value {
    json!({
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "Name": sub(format!("${{Prefix}}-{}", function.name)),
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "UTC",
            "Target": {
                "Arn": attribute(&logical(function.name), "Arn"),
                "Input": "{}",
                "RoleArn": attribute(SCHEDULER, "Arn"),
            },
        },
    })
}

/// A metric of a function, as one part of an alarm.
fn metric(id: &str, namespace: &str, name: Value, dimensions: Value, statistic: &str) -> Value {
    json!({
        "Id": id,
        "ReturnData": false,
        "MetricStat": {
            "Metric": { "Namespace": namespace, "MetricName": name, "Dimensions": dimensions },
            "Period": ALARM_PERIOD_SECONDS,
            "Stat": statistic,
        },
    })
}

/// An alarm on an expression over metrics of a function.
fn alarm(about: &str, metrics: &[Value], expression: &str, threshold: u32) -> Value {
    let mut list = metrics.to_vec();
    list.push(json!({ "Id": "all", "Expression": expression, "ReturnData": true }));
    json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmActions": [reference("AlarmTopic")],
            "AlarmDescription": about,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "EvaluationPeriods": 1,
            "Metrics": list,
            "OKActions": [reference("AlarmTopic")],
            "Threshold": threshold,
            "TreatMissingData": "notBreaching",
        },
    })
}

/// Lines of a function's log that fit a pattern, as a metric.
fn filter(name: &str, pattern: &str, (space, metric): (&str, &Value), value: &str) -> Value {
    json!({
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "FilterPattern": pattern,
            "LogGroupName": reference(&format!("{name}Log")),
            "MetricTransformations": [{
                "MetricName": metric,
                "MetricNamespace": space,
                "MetricValue": value,
            }],
        },
    })
}

/// Lines that tell a finding.
fn findings(name: &str, metric: &Value) -> Value {
    filter(name, "{ $.code = \"ALARM\" }", (FINDINGS, metric), "1")
}

/// Counts what administrators do by action and severity, and what is critical once more by itself,
/// because an alarm looks at one metric.
fn count_acts(name: &str, resources: &mut Map<String, Value>) {
    let metric = |metric| sub(format!("${{Prefix}}-admin.{metric}"));
    let mut acts = filter(
        name,
        "{ $.logger = \"admin\" }",
        (ACTS, &metric("acted")),
        "1",
    );
    acts["Properties"]["MetricTransformations"][0]["Dimensions"] = json!([
        { "Key": "action", "Value": "$.function" },
        { "Key": "severity", "Value": "$.severity" },
    ]);
    resources.insert(format!("{name}Acts"), acts);
    let pattern = "{ $.logger = \"admin\" && $.severity = \"critical\" }";
    let critical = filter(name, pattern, (ACTS, &metric("critical")), "1");
    resources.insert(format!("{name}Critical"), critical);
}

/// Adds alarms on a stream that waits, and on a scheduled run that failed or found something.
fn watch(function: &Function, resources: &mut Map<String, Value>) {
    let name = logical(function.name);
    let dimensions = json!([{ "Name": "FunctionName", "Value": reference(&name) }]);
    let lambda = |id, metric_name: &str, statistic| {
        metric(
            id,
            "AWS/Lambda",
            json!(metric_name),
            dimensions.clone(),
            statistic,
        )
    };
    let period = function.triggers.iter().find_map(|trigger| match *trigger {
        Trigger::Every(seconds) => Some(seconds),
        Trigger::Daily { .. } => Some(AGE_SECONDS_MAX),
        _ => None,
    });
    if let Some(period) = period {
        let finding = sub(format!("${{Prefix}}-{}", function.name));
        resources.insert(format!("{name}Findings"), findings(&name, &finding));
        let found = metric("found", FINDINGS, finding, json!([]), "Sum");
        let failed = lambda("failed", "Errors", "Sum");
        let sum = "FILL(failed, 0) + FILL(found, 0)";
        // What comes again within a minute may fail now and then.
        let most = if period <= 60 { LAGS_MAX } else { 1 };
        let about = "A scheduled run failed or found something. docs/TROUBLESHOOTING.md#runs";
        resources.insert(
            format!("{name}Alarm"),
            alarm(about, &[failed, found], sum, most),
        );
    } else if FINDERS.contains(&function.name) {
        let finding = sub(format!("${{Prefix}}-{}", function.name));
        resources.insert(format!("{name}Findings"), findings(&name, &finding));
        let found = metric("found", FINDINGS, finding, json!([]), "Sum");
        let about = "A run found something. docs/TROUBLESHOOTING.md#runs";
        resources.insert(format!("{name}Alarm"), alarm(about, &[found], "found", 1));
    } else if function
        .triggers
        .iter()
        .any(|one| matches!(one, Trigger::Stream(_)))
    {
        let age = lambda("age", "IteratorAge", "Maximum");
        let about = "A stream waits for its consumer. docs/TROUBLESHOOTING.md#streams";
        resources.insert(
            format!("{name}Alarm"),
            alarm(about, &[age], "age", AGE_MS_MAX),
        );
    }
}

/// Adds the event sources of a function to the resources of its stack.
pub fn add(function: &Function, resources: &mut Map<String, Value>) {
    let name = logical(function.name);
    for trigger in function.triggers {
        let (what, source) = match *trigger {
            Trigger::Queue(queue_name) => (logical(queue_name), queue(function, queue_name)),
            Trigger::Stream(table) => (logical(table), stream(function, table)),
            Trigger::Every(seconds) => ("Schedule".into(), schedule(function, &rate(seconds))),
            Trigger::Daily { hour, minute } => {
                let at = format!("cron({minute} {hour} * * ? *)");
                ("Schedule".into(), schedule(function, &at))
            }
            _ => continue,
        };
        resources.insert(format!("{name}On{what}"), source);
    }
    watch(function, resources);
    if function.admin.is_some() {
        count_acts(&name, resources);
    }
    for (_, member, metric) in GAUGES.iter().filter(|one| one.0 == function.name) {
        let told = sub(format!("${{Prefix}}-{metric}"));
        let pattern = format!("{{ $.{member} = * }}");
        let gauge = filter(&name, &pattern, (ACTS, &told), &format!("$.{member}"));
        resources.insert(format!("{name}Gauge"), gauge);
    }
}

/// Adds the role with which schedules start these functions, if any of them has one.
pub fn add_scheduler(functions: &[&Function], resources: &mut Map<String, Value>) {
    let timed = functions.iter().filter(|function| {
        let mut triggers = function.triggers.iter();
        triggers.any(|one| matches!(one, Trigger::Every(_) | Trigger::Daily { .. }))
    });
    let targets: Vec<_> = timed
        .map(|function| attribute(&logical(function.name), "Arn"))
        .collect();
    if !targets.is_empty() {
        let start = json!({
            "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": targets,
        });
        resources.insert(SCHEDULER.into(), roles::role("scheduler", vec![start]));
    }
}

#[test]
fn what_is_watched_exists() {
    let all = local::functions();
    let named = FINDERS.into_iter().chain(GAUGES.map(|gauge| gauge.0));
    for name in named {
        let known = all.iter().any(|function| function.name == name);
        assert!(known, "{name} is no function");
    }
}

#[test]
fn periods_are_written_as_the_scheduler_wants_them() {
    assert_eq!(rate(60), "rate(1 minute)");
    assert_eq!(rate(5_400), "rate(90 minutes)");
    assert_eq!(rate(3_600), "rate(1 hour)");
    assert_eq!(rate(604_800), "rate(7 days)");
}
