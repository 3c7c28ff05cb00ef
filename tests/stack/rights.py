"""Who may do what: the policies of the stack equal what the signatures of functions name."""

import json
from collections import Counter

from load import OWN
from rules import ANYWHERE, POLICY_CHARS_MAX, arn_of, difference, functions

STREAM = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]
# Actions on platform applications; all others of pushes are on endpoints.
APPLICATION = ["sns:CreatePlatformEndpoint", "sns:GetPlatformApplicationAttributes"]
QUEUE = ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"]


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(role):
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def rights(role):
    """Every (effect, action, resource) of a role; a condition stands behind the resource."""
    for one in statements(role):
        if set(one) - {"Effect", "Action", "Resource", "Condition"}:
            yield "more than effect, action, resource and condition", str(sorted(one)), ""
        for action in listed(one["Action"]):
            for resource in listed(one["Resource"]):
                when = f" if {json.dumps(one['Condition'])}" if "Condition" in one else ""
                yield one["Effect"], action, f"{resource}{when}"


def resources(resource, action, stack, tables):
    """The ARNs on which an action is meant, for a resource as signatures name it."""
    kind, _, name = resource.partition("/")
    buckets = f"arn:aws:s3:::pairly-123456789012-us-east-1-{name}"
    if kind == "table":
        table = f"arn:aws:dynamodb:{OWN}:table/pairly-{name}"
        # One statement per table: its actions hold for the indexes too, where one of them queries.
        return [table, *(f"{table}/index/{index}" for index in tables[name])]
    if kind == "bucket":
        return [buckets if action == "s3:ListBucket" else f"{buckets}/*"]
    known = {
        "queue": f"arn:aws:sqs:{OWN}:pairly-{name}",
        "secret": f"arn:aws:secretsmanager:{OWN}:secret:pairly/{name}-??????",
        "key": stack.resource("DataKey", "Arn"),
        "mail": f"arn:aws:ses:{OWN}:identity/{stack.values['MailDomain']}",
    }
    if kind == "push":
        return [f"arn:aws:sns:{OWN}:{'app' if action in APPLICATION else 'endpoint'}/*"]
    if action in ANYWHERE:
        return ["*"]
    if kind == "sockets":
        api = f"arn:aws:execute-api:{OWN}:{stack.refer('SocketApi')}/live"
        return [f"{api}/{method}/@connections/*" for method in ("DELETE", "POST")]
    return [known[kind]]


# Rows of the audit log are added and read, by whatever role.
SEALED = {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["audit#*"]}}


def sealed():
    """What every role is denied that may change the ledger."""
    ledger = f"arn:aws:dynamodb:{OWN}:table/pairly-ledger if {json.dumps(SEALED)}"
    return {("Deny", f"dynamodb:{action}", ledger) for action in ("DeleteItem", "UpdateItem")}


def wanted(function, stack, tables, second):
    """What the role of a function must hold, and nothing else."""
    own = set()
    log = f"arn:aws:logs:{OWN}:log-group:/aws/lambda/pairly-{function['name']}:*"
    own |= {("Allow", f"logs:{action}", log) for action in ("CreateLogStream", "PutLogEvents")}
    for resource, actions in function["role"].items():
        if resource == "function/two_person":
            own |= {("Allow", action, arn_of(name)) for action in actions for name in second}
            continue
        if resource == "table/ledger" and "dynamodb:UpdateItem" in actions:
            own |= sealed()
        queried = "dynamodb:Query" in actions
        for action in actions:
            places = resources(resource, action, stack, tables)
            own |= {("Allow", action, place) for place in (places if queried else places[:1])
                    } if resource.startswith("table/") else {("Allow", action, place) for place in places}
            if action == "sns:Publish" and resource == "sms":
                own.add(("Deny", action, "arn:aws:sns:*:*:*"))
    for trigger in function["triggers"]:
        if trigger["kind"] == "queue":
            queue = f"arn:aws:sqs:{OWN}:pairly-{trigger['at']}"
            own |= {("Allow", f"sqs:{action}", queue) for action in QUEUE}
        if trigger["kind"] == "stream":
            streams = f"arn:aws:dynamodb:{OWN}:table/pairly-{trigger['at']}/stream/*"
            own |= {("Allow", f"dynamodb:{action}", streams) for action in STREAM}
            lost = "arn:aws:s3:::pairly-123456789012-us-east-1-stream-dead"
            own |= {("Allow", "s3:ListBucket", lost), ("Allow", "s3:PutObject", f"{lost}/*")}
    return own


def grants(stack, facts):
    tables = {one["name"]: [index["name"] for index in one["indexes"]] for one in facts["tables"]}
    code = {one["name"]: one for one in facts["functions"]}
    second = [one["name"] for one in facts["functions"] if one["second"]]
    for part, name, properties in functions(stack):
        own = properties["FunctionName"].removeprefix("pairly-")
        role = part.raw["Resources"][name]["Properties"]["Role"]["Fn::GetAtt"][0]
        role = part.resolve(part.resources[role]["Properties"])
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        if [one["Principal"] for one in trust] != [{"Service": "lambda.amazonaws.com"}]:
            yield f"the role of {own} can be taken on by others"
        if set(role) - {"AssumeRolePolicyDocument", "Policies"}:
            yield f"the role of {own} has more than a policy"
        if own in code:
            need = wanted(code[own], stack, tables, second)
            yield from difference(f"rights of {own}", set(rights(role)), need)
        size = len(json.dumps(role.get("Policies", []), separators=(",", ":")))
        if size > POLICY_CHARS_MAX:
            yield f"the policy of {own} has {size} characters"


def wildcards(stack, facts):
    """No role may do anything at all, or something to everything where that has a name."""
    for part in stack.all():
        for name, role in part.of("AWS::IAM::Role"):
            every = list(rights(role))
            denied = {action for effect, action, _ in every if effect == "Deny"}
            for effect, action, resource in every:
                if effect == "Allow" and ("*" in action or "?" in action):
                    yield f"{part.path}, {name}: the action {action} is a pattern"
                if effect == "Allow" and resource == "*" and action not in ANYWHERE:
                    yield f"{part.path}, {name}: {action} on everything"
                publishes = effect == "Allow" and action == "sns:Publish" and resource == "*"
                if publishes and action not in denied:
                    yield f"{part.path}, {name}: {action} to every topic"


def starters(stack, facts):
    """The gateways start this stack's functions, each scheduler the functions that it times."""
    gateway = dict(stack.of("AWS::IAM::Role"))["InvokeRole"]
    found = set(rights(gateway))
    if found != {("Allow", "lambda:InvokeFunction", arn_of("*"))}:
        yield f"the gateways may do something else: {sorted(found)}"
    for part in stack.all():
        timed = [one["Target"] for _, one in part.of("AWS::Scheduler::Schedule")]
        for role in {target["RoleArn"] for target in timed}:
            name = role.rsplit("#", 1)[1]
            own = part.resolve(part.resources[name]["Properties"])
            targets = [target["Arn"] for target in timed if target["RoleArn"] == role]
            need = {("Allow", "lambda:InvokeFunction", target) for target in targets}
            yield from difference(f"rights of the scheduler of {part.path}", set(rights(own)), need)


def roles_of_nobody(stack, facts):
    """Every role is used."""
    for part in stack.all():
        text = json.dumps(part.resources)
        for name in (name for name, _ in part.of("AWS::IAM::Role")):
            if Counter(text.split('"'))[name] < 2 and f"${{{name}" not in text and name != "InvokeRole":
                yield f"{part.path}: nobody uses {name}"
