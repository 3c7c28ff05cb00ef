"""What must hold of the stack, each rule from the deployment and the facts to complaints."""

import json
import re
from collections import Counter

from load import OWN, ROOT

RESOURCES_MAX = 300
ROUTES_MAX = 300
POLICY_CHARS_MAX = 10_240
ENVIRONMENT_BYTES_MAX = 4_096
DEAD_SECONDS = 14 * 86_400
# Made anew by use; everything else is kept when the stack goes.
FLEETING = {"live"}
# Buckets that only the stack knows.
OWN_BUCKETS = {"stream-dead"}
# Actions that IAM cannot bind to a resource.
ANYWHERE = {"ses:GetAccount", "sns:GetSMSAttributes", "sns:Publish"}
SHAPES = [
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    r"-----BEGIN",
    r"\bsk_(live|test)_\w+",
    r"\beyJ[\w-]{10,}\.",
    r"(?<![\w/+.:-])(?=[\w/+]*\d)(?=[\w/+]*[a-z])(?=[\w/+]*[A-Z])[A-Za-z0-9/+]{32,}={0,2}(?![\w/+-])",
]


def functions(stack):
    """Every function: its stack, logical id and resolved properties, by name."""
    for part in stack.all():
        for name, properties in part.of("AWS::Lambda::Function"):
            yield part, name, properties


def arn_of(name):
    return f"arn:aws:lambda:{OWN}:function:pairly-{name}"


def difference(what, found, wanted):
    """Both directions of an equality, as sentences."""
    found, wanted = Counter(list(found)), Counter(list(wanted))
    yield from (f"{what}: {item} is too much" for item in sorted(map(str, found - wanted)))
    yield from (f"{what}: {item} is missing" for item in sorted(map(str, wanted - found)))


def sizes(stack, facts):
    for part in stack.all():
        count = len(part.resources)
        if count > RESOURCES_MAX:
            yield f"{part.path} has {count} resources"


def handed(stack, facts):
    """Each stack gets exactly the values that it declares."""
    for part in stack.all():
        yield from difference(f"values of {part.path}", part.handed, part.raw.get("Parameters", {}))


def whole(stack, facts):
    """One function, role and log each, as the code lists them."""
    found = [properties["FunctionName"] for _, _, properties in functions(stack)]
    yield from difference("functions", found, [f"pairly-{one['name']}" for one in facts["functions"]])
    roles = Counter()
    for part, name, properties in functions(stack):
        own = properties["FunctionName"].removeprefix("pairly-")
        raw = part.raw["Resources"][name]
        if raw["Properties"]["CodeUri"] != f"../../target/lambda/{own}/":
            yield f"{own} has the code of another"
        if raw.get("Metadata", {}).get("SkipBuild") is not True:
            yield f"{own} would be built by sam"
        if properties["Architectures"] != ["arm64"] or properties["Runtime"] != "provided.al2023":
            yield f"{own} runs on something else"
        log = properties["LoggingConfig"]
        if (log["LogFormat"], log["SystemLogLevel"]) != ("JSON", "WARN"):
            yield f"{own} logs otherwise"
        if log["LogGroup"] != f"/aws/lambda/pairly-{own}":
            yield f"{own} logs elsewhere"
        groups = {group["LogGroupName"]: group for _, group in part.of("AWS::Logs::LogGroup")}
        if groups.get(log["LogGroup"], {}).get("RetentionInDays") != stack.values["LogDays"]:
            yield f"{own} has no log with a retention"
        roles[properties["Role"]] += 1
    yield from (f"{role} is the role of {count}" for role, count in roles.items() if count > 1)


def environment(stack, facts):
    """What functions are told of names and addresses is where those things are."""
    tables = {table["TableName"] for _, table in stack.of("AWS::DynamoDB::Table")}
    buckets = {bucket["BucketName"] for _, bucket in stack.of("AWS::S3::Bucket")}
    secrets = {secret["Name"] for _, secret in stack.of("AWS::SecretsManager::Secret")}
    queues = {queue["QueueName"] for part in stack.all() for _, queue in part.of("AWS::SQS::Queue")}
    for _, _, properties in functions(stack):
        own, told = properties["FunctionName"], properties["Environment"]["Variables"]
        prefix = told["PAIRLY_PREFIX"]
        yield from (f"{own} finds no table {one['name']}" for one in facts["tables"]
                    if f"{prefix}-{one['name']}" not in tables)
        yield from (f"{own} finds no queue {one['name']}" for one in facts["queues"]
                    if f"{prefix}-{one['name']}" not in queues)
        yield from (f"{own} finds no secret {one}" for one in facts["secrets"]
                    if f"{prefix}/{one}" not in secrets)
        yield from (f"{own} finds no bucket {one}" for one in facts["buckets"]
                    if f"{told['PAIRLY_BUCKETS']}-{one}" not in buckets)
        socket = f"{stack.refer('SocketApi')}.execute-api.us-east-1.amazonaws.com/live"
        wanted = {
            "PAIRLY_DATA_KEY": stack.resource("DataKey", "Arn"),
            "PAIRLY_QUEUE_BASE": "https://sqs.us-east-1.amazonaws.com/123456789012/",
            "PAIRLY_SOCKET_ENDPOINT": f"https://{socket}",
            "PAIRLY_SOCKET_URL": f"wss://{socket}",
            "PAIRLY_STAGE": stack.values["Stage"],
            "PAIRLY_ORIGINS": ",".join(stack.values["Origins"]),
        }
        for name, value in wanted.items():
            if told[name] != value:
                yield f"{own} is told a wrong {name}"
        size = sum(len(name) + len(str(value)) for name, value in told.items())
        if size > ENVIRONMENT_BYTES_MAX:
            yield f"{own} is told {size} bytes"


def is_admin(path):
    return re.match(r"/(api/)?admin(/|$)", path) is not None


def wanted_routes(facts):
    for function in facts["functions"]:
        method = ""
        for trigger in function["triggers"]:
            if trigger["kind"] == "unknown":
                yield "client", "any", "$default", arn_of(function["name"])
                yield "admin", "any", "$default", arn_of(function["name"])
            if trigger["kind"] not in ("http", "alias"):
                continue
            method = trigger.get("method", method).lower()
            api = "admin" if is_admin(trigger["at"]) else "client"
            yield api, method, trigger["at"], arn_of(function["name"])


def bodies(stack):
    apis = dict(stack.of("AWS::ApiGatewayV2::Api"))
    return {"client": apis["ClientApi"]["Body"], "admin": apis["AdminApi"]["Body"]}


def operations(body):
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            default = operation.get("isDefaultRoute", False)
            if default != (path == "/$default") or default != method.startswith("x-amazon"):
                yield path, method, None
            else:
                yield ("$default", "any", operation) if default else (path, method, operation)


def target(body, operation):
    """The function that an operation starts, if everything about it is as it has to be."""
    name = operation["x-amazon-apigateway-integration"]["$ref"].rsplit("/", 1)[1]
    way = body["components"]["x-amazon-apigateway-integrations"][name]
    wanted = {"type": "aws_proxy", "payloadFormatVersion": "2.0", "httpMethod": "POST"}
    if any(way[key] != value for key, value in wanted.items()):
        return "nothing"
    found = re.fullmatch(r"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/(.+)/invocations",
                         way["uri"])
    return found[1] if found else "nothing"


def routes(stack, facts):
    found = []
    for api, body in bodies(stack).items():
        if body["openapi"] != "3.0.1":
            yield f"the {api} API imports OpenAPI {body['openapi']}, which AWS refuses"
        for path, method, operation in operations(body):
            if operation is None:
                yield f"{method} {path} is half a default route"
                continue
            found.append((api, method, path, target(body, operation)))
            named = set(re.findall(r"\{(\w+)\}", path))
            if named != {one["name"] for one in operation.get("parameters", [])}:
                yield f"{method} {path} declares other parameters"
            if not operation.get("responses"):
                yield f"{method} {path} has no responses, which OpenAPI wants"
        if len(body["paths"]) >= ROUTES_MAX:
            yield f"the {api} API has {len(body['paths'])} routes"
        for way in body["components"]["x-amazon-apigateway-integrations"].values():
            if way["credentials"] != stack.resource("InvokeRole", "Arn"):
                yield "an integration uses another role"
    yield from difference("routes", found, wanted_routes(facts))
    contract = {(path, method) for path, methods in facts["paths"].items() for method in methods}
    served = {(path, method) for _, method, path, _ in found if path != "$default"}
    yield from difference("routes and contract", served, contract)


def admission(stack, facts):
    """Nothing of the admin API answers without a signature, and none of it lies elsewhere."""
    both = bodies(stack)
    scheme = both["admin"]["components"].get("securitySchemes", {}).get("sigv4", {})
    if (scheme.get("x-amazon-apigateway-authtype"), scheme.get("type"), scheme.get("in"),
            scheme.get("name")) != ("awsSigv4", "apiKey", "header", "Authorization"):
        yield "the admin API knows no signatures"
    for path, method, operation in operations(both["admin"]):
        if operation is not None and operation.get("security") != [{"sigv4": []}]:
            yield f"{method} {path} of the admin API wants no signature"
    for path, _, _ in operations(both["client"]):
        if is_admin(path):
            yield f"{path} lies in the client API"
    cors = both["client"].get("x-amazon-apigateway-cors", {})
    if cors.get("allowOrigins") != stack.values["Origins"] or cors.get("allowCredentials") is not False:
        yield "the client API admits other origins"
    if "*" in json.dumps(cors):
        yield "the client API admits anything"


def sockets(stack, facts):
    api = dict(stack.of("AWS::ApiGatewayV2::Api"))["SocketApi"]
    if api["RouteSelectionExpression"] != "$request.body.type":
        yield "frames are told apart by something else"
    wanted = [(trigger["at"], arn_of(one["name"])) for one in facts["functions"]
              for trigger in one["triggers"] if trigger["kind"] == "frame"]
    found = []
    for part in stack.all():
        ways = dict(part.of("AWS::ApiGatewayV2::Integration"))
        back = {one["RouteId"] for _, one in part.of("AWS::ApiGatewayV2::RouteResponse")}
        for name, route in part.of("AWS::ApiGatewayV2::Route"):
            key = route["RouteKey"]
            way = ways[route["Target"].rsplit("#", 1)[1]]
            uri = re.search(r"functions/(.+)/invocations$", way["IntegrationUri"])
            found.append((key, uri[1] if uri else "nothing"))
            answers = key not in ("$connect", "$disconnect")
            if answers != (part.refer(name) in back) or answers != ("RouteResponseSelectionExpression" in route):
                yield f"{key} answers otherwise"
            if way["CredentialsArn"] != stack.resource("InvokeRole", "Arn"):
                yield f"{key} uses another role"
    yield from difference("frames", found, wanted)


def sources(stack, facts):
    """Queues, streams and schedules start what the code says, by the rules of the house."""
    wanted, found, timed, clock = [], [], [], []
    batches = {one["name"]: (one["batch"], one["gather_seconds"]) for one in facts["queues"]}
    for one in facts["functions"]:
        for trigger in one["triggers"]:
            if trigger["kind"] == "queue":
                source = f"arn:aws:sqs:{OWN}:pairly-{trigger['at']}"
                wanted.append((source, f"pairly-{one['name']}", *batches[trigger["at"]]))
            if trigger["kind"] == "stream":
                source = f"arn:aws:dynamodb:{OWN}:table/pairly-{trigger['at']}/stream/1"
                wanted.append((source, f"pairly-{one['name']}", 100, 0))
            if trigger["kind"] == "every":
                timed.append((arn_of(one["name"]), trigger["seconds"]))
            if trigger["kind"] == "daily":
                timed.append((arn_of(one["name"]), f"cron({trigger['minute']} {trigger['hour']} * * ? *)"))
    for part in stack.all():
        for name, one in part.of("AWS::Lambda::EventSourceMapping"):
            window = one.get("MaximumBatchingWindowInSeconds", 0)
            found.append((one["EventSourceArn"], one["FunctionName"], one["BatchSize"], window))
            if one.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
                yield f"{name} repeats a whole batch"
            if ":sqs:" in one["EventSourceArn"]:
                if int(one["ScalingConfig"]["MaximumConcurrency"]) < 2:
                    yield f"{name} is not bounded"
            else:
                yield from stream(name, one)
        for name, one in part.of("AWS::Scheduler::Schedule"):
            clock.append((one["Target"]["Arn"], seconds(one["ScheduleExpression"])))
            if one["Target"]["Input"] != "{}" or one["ScheduleExpressionTimezone"] != "UTC":
                yield f"{name} starts its function otherwise"
    yield from difference("event sources", found, wanted)
    yield from difference("schedules", clock, timed)
    readers = Counter(source for source, *_ in found if "/stream/" in source)
    yield from (f"{source} has {count} readers" for source, count in readers.items() if count > 2)
    started = {target for _, _, _, target in wanted_routes(facts)} | {target for target, _ in clock}
    started |= {f"arn:aws:lambda:{OWN}:function:{name}" for _, name, *_ in found}
    frames = [one["name"] for one in facts["functions"]
              if any(trigger["kind"] == "frame" for trigger in one["triggers"])]
    started |= {arn_of(name) for name in frames}
    yield from (f"nothing starts {one['name']}" for one in facts["functions"]
                if arn_of(one["name"]) not in started)


def stream(name, one):
    wanted = {
        "BisectBatchOnFunctionError": True,
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": 86_400,
        "MaximumRetryAttempts": 10,
        "StartingPosition": "TRIM_HORIZON",
    }
    yield from (f"{name}: {key} is another" for key, value in wanted.items() if one.get(key) != value)
    lost = one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if not lost.endswith("-stream-dead"):
        yield f"{name} loses what it cannot handle"


def seconds(expression):
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    units = {"minute": 60, "hour": 3_600, "day": 86_400}
    return int(found[1]) * units[found[2]] if found else expression
