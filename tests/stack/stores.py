"""Where things are kept: tables, queues, buckets and secrets as the code makes them locally."""

import json
import re
import tomllib

from load import OWN, ROOT
from rules import DEAD_SECONDS, FLEETING, OWN_BUCKETS, SHAPES, difference, functions


def described(table):
    """A table as facts describe it."""
    own = {"name": table["TableName"].removeprefix("pairly-"), "indexes": []}
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for index in table.get(kind, []):
            pk, sk = (key["AttributeName"] for key in index["KeySchema"])
            if (kind == "LocalSecondaryIndexes") != (pk == "pk"):
                pk = f"{pk}, {kind}"
            whole = {"ALL": True, "KEYS_ONLY": False}[index["Projection"]["ProjectionType"]]
            own["indexes"].append({"name": index["IndexName"], "pk": pk, "sk": sk, "whole": whole})
    own["stream"] = "StreamSpecification" in table
    ttl = table.get("TimeToLiveSpecification", {"Enabled": False})
    own["ttl"] = ttl["AttributeName"] if ttl["Enabled"] else None
    return own


def by_name(table):
    return {**table, "indexes": sorted(table["indexes"], key=lambda index: index["name"])}


def tables(stack, facts):
    found = dict(stack.of("AWS::DynamoDB::Table"))
    have = [json.dumps(by_name(described(table)), sort_keys=True) for table in found.values()]
    need = [json.dumps(by_name(table), sort_keys=True) for table in facts["tables"]]
    yield from difference("tables", have, need)
    for name, table in found.items():
        own = described(table)
        numbers = {index["sk"] for index in own["indexes"]}
        texts = {"pk", "sk"} | {index["pk"].split(",")[0] for index in own["indexes"]}
        kinds = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
        wanted = {**dict.fromkeys(numbers, "N"), **dict.fromkeys(texts, "S")}
        if kinds != wanted:
            yield f"{name} defines other attributes than it uses"
        keys = [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
        if keys != [("pk", "HASH"), ("sk", "RANGE")]:
            yield f"{name} has other keys"
        if table.get("StreamSpecification", {}).get("StreamViewType") not in (None, "NEW_AND_OLD_IMAGES"):
            yield f"the stream of {name} tells something else"
        if table["BillingMode"] != "PAY_PER_REQUEST":
            yield f"{name} has a capacity"
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name} cannot be brought back"
        kept = own["name"] not in FLEETING
        if kept and not table.get("DeletionProtectionEnabled"):
            yield f"{name} can be deleted"
        yield from keeps(stack, name, kept)
    days = found["KeysTable"]["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays")
    if days != 7:
        yield "a deleted data key can be brought back after its seven days"


def keeps(stack, name, kept):
    resource = stack.raw["Resources"][name]
    policies = {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")}
    if policies != ({"Retain"} if kept else {"Delete"}):
        yield f"{name} is {'not kept' if kept else 'kept'} when the stack goes"


def queues(stack, facts):
    found = {}
    for part in stack.all():
        for _, queue in part.of("AWS::SQS::Queue"):
            found[queue["QueueName"]] = queue
    names = [one["name"] for one in facts["queues"]]
    need = [f"pairly-{name}{end}" for name in names for end in ("", "-dead")]
    yield from difference("queues", found, need)
    slowest = {}
    for _, _, properties in functions(stack):
        slowest[properties["FunctionName"]] = properties["Timeout"]
    for one in facts["queues"]:
        queue = found.get(f"pairly-{one['name']}", {})
        dead = found.get(f"pairly-{one['name']}-dead", {})
        if queue.get("VisibilityTimeout") != one["visibility_seconds"]:
            yield f"the queue {one['name']} shows messages again at another time"
        redrive = queue.get("RedrivePolicy", {})
        if redrive.get("maxReceiveCount") != one["receives_max"]:
            yield f"the queue {one['name']} gives messages up at another try"
        if redrive.get("deadLetterTargetArn") != f"arn:aws:sqs:{OWN}:pairly-{one['name']}-dead":
            yield f"the queue {one['name']} loses messages"
        if dead.get("MessageRetentionPeriod") != DEAD_SECONDS:
            yield f"dead letters of {one['name']} are not kept for 14 days"
        for function in facts["functions"]:
            reads = {"kind": "queue", "at": one["name"]} in function["triggers"]
            time = slowest.get(f"pairly-{function['name']}", 0)
            if reads and one["visibility_seconds"] < 6 * time:
                yield f"{function['name']} outlives its message"
    alarmed = set()
    for part in stack.all():
        for _, alarm in part.of("AWS::CloudWatch::Alarm"):
            alarmed |= {one["Value"] for one in alarm.get("Dimensions", []) if one["Name"] == "QueueName"}
    yield from difference("alarms on dead letters", alarmed, {f"pairly-{name}-dead" for name in names})


def buckets(stack, facts):
    found = dict(stack.of("AWS::S3::Bucket"))
    names = [bucket["BucketName"].removeprefix("pairly-123456789012-us-east-1-") for bucket in found.values()]
    yield from difference("buckets", names, [*facts["buckets"], *OWN_BUCKETS])
    guarded = {policy["Bucket"]: policy for _, policy in stack.of("AWS::S3::BucketPolicy")}
    for name, bucket in found.items():
        if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True} or len(
                bucket["PublicAccessBlockConfiguration"]) != 4:
            yield f"{name} may be opened to the public"
        if "BucketEncryption" not in bucket:
            yield f"{name} is not encrypted"
        if len(bucket["BucketName"]) > 63 - (20 - len("pairly")):
            yield f"the name of {name} leaves no room for a stack's name of 20 characters"
        if '"aws:SecureTransport": "false"' not in json.dumps(guarded.get(bucket["BucketName"], {})):
            yield f"{name} answers in the clear"
        yield from keeps(stack, name, True)
    told = found["MediaBucket"]["NotificationConfiguration"]["QueueConfigurations"]
    rules = [{"Name": "prefix", "Value": facts["incoming"]}]
    need = [{"Event": "s3:ObjectCreated:*", "Queue": f"arn:aws:sqs:{OWN}:pairly-uploads",
             "Filter": {"S3Key": {"Rules": rules}}}]
    if told != need:
        yield "new uploads are told otherwise"
    policies = [one for part in stack.all() for _, one in part.of("AWS::SQS::QueuePolicy")]
    source = json.dumps(policies)
    if len(policies) != 1 or '"aws:SourceArn": "arn:aws:s3:::pairly-123456789012-us-east-1-media"' not in source:
        yield "others may send to the queue of uploads"
    if found["LogsBucket"].get("ObjectLockEnabled") is not True:
        yield "signed records can be unwritten"


def secrets(stack, facts):
    """Secrets have names here, and values nowhere."""
    found = dict(stack.of("AWS::SecretsManager::Secret"))
    names = [secret["Name"].removeprefix("pairly/") for secret in found.values()]
    yield from difference("secrets", names, facts["secrets"])
    for name, secret in found.items():
        if "SecretString" in secret:
            yield f"{name} has its value in the template"
        yield from keeps(stack, name, True)
    yield from keeps(stack, "DataKey", True)
    for path, template in stack.files.items():
        text = json.dumps(template)
        for shape in SHAPES:
            yield from (f"{path} holds what looks like a secret" for _ in re.finditer(shape, text))


def parameters(stack, facts):
    for name, parameter in stack.raw["Parameters"].items():
        if "Default" not in parameter:
            yield f"the parameter {name} has no default"
        for word in ("Cost:", "Security:"):
            if word not in parameter.get("Description", ""):
                yield f"the parameter {name} says nothing of {word[:-1].lower()}"


def alarms(stack, facts):
    """Each alarm names a section that is there, and tells the topic."""
    page = (ROOT / "docs/TROUBLESHOOTING.md").read_text()
    anchors = {re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).strip().replace(" ", "-")
               for line in page.splitlines() if line.startswith("## ")}
    for part in stack.all():
        for name, alarm in part.of("AWS::CloudWatch::Alarm"):
            named = re.search(r"docs/TROUBLESHOOTING\.md#([a-z-]+)", alarm["AlarmDescription"])
            if not named or named[1] not in anchors:
                yield f"{part.path}, {name}: no page says what to do"
            if alarm["AlarmActions"] != [stack.refer("AlarmTopic")]:
                yield f"{part.path}, {name} rings nowhere"


def acts(stack, facts):
    """What administrators do is counted where their functions log it, and rings when it is critical."""
    space, by = "Pairly/Admin", {"action": "$.function", "severity": "$.severity"}
    wanted, found, rings = [], [], []
    for one in facts["functions"]:
        if one["admin"]:
            log = f"/aws/lambda/pairly-{one['name']}"
            wanted += [(log, "pairly-admin.acted", '{ $.logger = "admin" }', str(by)),
                       (log, "pairly-admin.critical",
                        '{ $.logger = "admin" && $.severity = "critical" }', "{}")]
    for part in stack.all():
        for _, alarm in part.of("AWS::CloudWatch::Alarm"):
            rings += [alarm["MetricName"]] if alarm.get("Namespace") == space else []
        for _, one in part.of("AWS::Logs::MetricFilter"):
            metric, = one["MetricTransformations"]
            counts = metric["MetricNamespace"] == space and metric["MetricValue"] == "1"
            keys = {key["Key"]: key["Value"] for key in metric.get("Dimensions", [])}
            if counts:
                found.append((one["LogGroupName"], metric["MetricName"], one["FilterPattern"], str(keys)))
    yield from difference("acts of administrators", found, wanted)
    yield from difference("alarms on acts", rings, ["pairly-admin.critical"])


def stages(stack, facts):
    """The answers for each stage fit the template, and no two stages share a name."""
    stages = tomllib.loads((ROOT / "samconfig.toml").read_text())
    names = []
    for stage, commands in stages.items():
        if stage == "version":
            continue
        answers = commands["deploy"]["parameters"]
        names.append(answers["stack_name"])
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", answers["stack_name"]):
            yield f"{stage}: the name of the stack does not fit into other names"
        if set(answers["capabilities"].split()) != {"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"}:
            yield f"{stage}: other capabilities"
        given = dict(part.split("=", 1) for part in answers["parameter_overrides"].split())
        for name, value in given.items():
            parameter = stack.raw["Parameters"].get(name)
            if parameter is None:
                yield f"{stage} answers {name}, which nobody asks"
            elif value not in map(str, parameter.get("AllowedValues", [value])):
                yield f"{stage}: {name} is not allowed to be {value}"
        wanted = {"default": "development"}.get(stage, stage)
        if given.get("Stage") != wanted:
            yield f"{stage} is no {wanted}"
    yield from difference("names of stacks", names, set(names))
