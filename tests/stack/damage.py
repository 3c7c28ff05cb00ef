"""Damaged stacks, each with the complaint that it must cause: a rule that cannot fail is none."""

ACCOUNTS = "infra/functions/accounts.yaml"
ADMINISTRATION = "infra/functions/admin.yaml"
CREDITS = "infra/functions/credits.yaml"
MESSAGING = "infra/functions/messaging.yaml"
REALTIME = "infra/functions/realtime.yaml"
CLIENT = "infra/gateway/client.yaml"
ADMIN = "infra/gateway/admin.yaml"
SOCKET = "infra/gateway/socket.yaml"
QUEUES = "infra/queues.yaml"
ROOT = "template.yaml"


def properties(files, path, name):
    return files[path]["Resources"][name]["Properties"]


def policy(files, path, role):
    return properties(files, path, role)["Policies"][0]["PolicyDocument"]["Statement"]


def put(files, path, name, **values):
    properties(files, path, name).update(values)


def resource(files, path, name, **values):
    files[path]["Resources"][name].update(values)


def crowd(files):
    for number in range(300):
        files[ROOT]["Resources"][f"Topic{number}"] = {"Type": "AWS::SNS::Topic", "Properties": {}}


def swap_streams(files):
    handed = properties(files, ROOT, "Functions")["Parameters"]
    handed["DataStream"], handed["LedgerStream"] = handed["LedgerStream"], handed["DataStream"]


def share_role(files):
    role = properties(files, ACCOUNTS, "SignIn")["Role"]
    put(files, ACCOUNTS, "SignOut", Role=role)


def plain_route(files):
    files[CLIENT]["paths"]["/api/admin/flags"] = files[CLIENT]["paths"]["/api/live"]


def unsigned(files):
    for methods in files[ADMIN]["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)


def weak_scheme(files):
    files[ADMIN]["components"]["securitySchemes"]["sigv4"].pop("x-amazon-apigateway-authtype")


def one_less(files, path, name, *place):
    """Removes the last item of a list, or a member."""
    at = properties(files, path, name)
    for step in place[:-1]:
        at = at[step]
    at.pop(place[-1])


def other_target(files):
    ways = files[CLIENT]["components"]["x-amazon-apigateway-integrations"]
    ways["sign_in"]["uri"] = ways["sign_out"]["uri"]


def other_frame(files):
    put(files, SOCKET, "MessageSendIntegration",
        IntegrationUri=properties(files, SOCKET, "TypingIntegration")["IntegrationUri"])


DAMAGE = [
    ("too many resources", crowd, "resources"),
    ("a value is not handed on",
     lambda f: one_less(f, ROOT, "Functions", "Parameters", "LogDays"), "refers to LogDays"),
    ("a value that nobody wants", lambda f: properties(f, ROOT, "Functions")["Parameters"].update(Extra="x"),
     "values of infra/functions.yaml: Extra"),
    ("streams are mixed up", swap_streams, "event sources"),
    ("a function is missing", lambda f: f[ACCOUNTS]["Resources"].pop("SetupTwoFactor", None)
     or f[ACCOUNTS]["Resources"].pop("Setup2fa"), "functions: pairly-setup_2fa is missing"),
    ("two functions share a role", share_role, "is the role of 2"),
    ("another processor", lambda f: f[MESSAGING]["Globals"]["Function"].update(Architectures=["x86_64"]),
     "runs on something else"),
    ("logs of the platform", lambda f: properties(f, MESSAGING, "SendMessage")["LoggingConfig"]
     .update(SystemLogLevel="INFO"), "send_message logs otherwise"),
    ("a log without retention", lambda f: one_less(f, MESSAGING, "SendMessageLog", "RetentionInDays"),
     "send_message has no log with a retention"),
    ("a wrong address", lambda f: f[MESSAGING]["Globals"]["Function"]["Environment"]["Variables"]
     .update(PAIRLY_SOCKET_URL="wss://elsewhere"), "wrong PAIRLY_SOCKET_URL"),
    ("another prefix", lambda f: properties(f, ROOT, "Functions")["Parameters"].update(Prefix="other"),
     "finds no table"),
    ("a route is missing", lambda f: f[CLIENT]["paths"].pop("/api/v2/messages/send"),
     "/api/v2/messages/send"),
    ("an alias is missing", lambda f: f[CLIENT]["paths"].pop("/chats"), "/chats"),
    ("a route starts another function", other_target, "sign_out') is too much"),
    ("a newer OpenAPI", lambda f: f[CLIENT].update(openapi="3.1.0"), "which AWS refuses"),
    ("an admin route among the client's", plain_route, "/api/admin/flags lies in the client API"),
    ("admin routes without signature", unsigned, "wants no signature"),
    ("a scheme that checks nothing", weak_scheme, "knows no signatures"),
    ("any origin", lambda f: f[CLIENT]["x-amazon-apigateway-cors"].update(allowOrigins=["*"]),
     "admits anything"),
    ("a frame starts another function", other_frame, "frames"),
    ("a frame is not answered", lambda f: f[SOCKET]["Resources"].pop("MessageSendResponse"),
     "message.send answers otherwise"),
    ("whole batches again", lambda f: one_less(f, REALTIME, "PushFramesOnFrames", "FunctionResponseTypes"),
     "repeats a whole batch"),
    ("what is to be gathered is not", lambda f: one_less(f, MESSAGING, "LogMessagesOnNotes", "MaximumBatchingWindowInSeconds"),
     "event sources"),
    ("records are lost", lambda f: one_less(f, REALTIME, "FanOutEventsOnData", "DestinationConfig"),
     "loses what it cannot handle"),
    ("another hour", lambda f: put(f, CREDITS, "CheckLedgerOnSchedule",
                                   ScheduleExpression="cron(0 4 * * ? *)"), "schedules"),
    ("a schedule is missing", lambda f: f[CREDITS]["Resources"].pop("ExpireHoldsOnSchedule"), "schedules"),
    ("one action more", lambda f: policy(f, ACCOUNTS, "SignInRole")[1]["Action"]
     .append("kms:ScheduleKeyDeletion"), "rights of sign_in"),
    ("one action less", lambda f: policy(f, ACCOUNTS, "SignInRole")[1]["Action"].pop(), "rights of sign_in"),
    ("one resource more", lambda f: policy(f, MESSAGING, "GetMessageRole")[1]["Resource"].append("*"),
     "on everything"),
    ("every action", lambda f: policy(f, MESSAGING, "GetMessageRole")[1].update(Action=["s3:*"]),
     "is a pattern"),
    ("a managed policy", lambda f: put(f, MESSAGING, "GetMessageRole", ManagedPolicyArns=[
        "arn:aws:iam::aws:policy/AdministratorAccess"]), "more than a policy"),
    ("text messages to topics", lambda f: [policy(f, "infra/functions/notifications.yaml", "DeliverSmsRole")
                                           .remove(one) for one in list(policy(
                                               f, "infra/functions/notifications.yaml", "DeliverSmsRole"))
                                           if one["Effect"] == "Deny"], "to every topic"),
    ("pushes to topics", lambda f: [one.update(Resource=["*"]) for one in policy(
        f, "infra/functions/notifications.yaml", "DeliverPushRole") if "sns:Publish" in one["Action"]],
     "to every topic"),
    ("the gateways start anything", lambda f: policy(f, ROOT, "InvokeRole")[0].update(Resource="*"),
     "the gateways may do something else"),
    ("an index is missing", lambda f: one_less(f, ROOT, "DataTable", "GlobalSecondaryIndexes", 0), "tables"),
    ("another name of an index", lambda f: properties(f, ROOT, "LedgerTable")["GlobalSecondaryIndexes"][0]
     .update(IndexName="other"), "tables"),
    ("another projection", lambda f: properties(f, ROOT, "DataTable")["LocalSecondaryIndexes"][0]
     .update(Projection={"ProjectionType": "KEYS_ONLY"}), "tables"),
    ("nothing expires", lambda f: one_less(f, ROOT, "LiveTable", "TimeToLiveSpecification"), "tables"),
    ("a ledger that expires", lambda f: put(f, ROOT, "LedgerTable", TimeToLiveSpecification={
        "AttributeName": "expires", "Enabled": True}), "tables"),
    ("streams without old images", lambda f: put(f, ROOT, "DataTable", StreamSpecification={
        "StreamViewType": "NEW_IMAGE"}), "tells something else"),
    ("a ledger that can be deleted", lambda f: put(f, ROOT, "LedgerTable", DeletionProtectionEnabled=False),
     "LedgerTable can be deleted"),
    ("data that goes with the stack", lambda f: resource(f, ROOT, "DataTable", DeletionPolicy="Delete"),
     "DataTable is not kept"),
    ("no way back", lambda f: one_less(f, ROOT, "DataTable", "PointInTimeRecoverySpecification"),
     "cannot be brought back"),
    ("messages come again too early", lambda f: put(f, QUEUES, "Mail", VisibilityTimeout=30),
     "the queue mail shows messages again"),
    ("messages are given up early", lambda f: properties(f, QUEUES, "Mail")["RedrivePolicy"]
     .update(maxReceiveCount=1), "gives messages up"),
    ("dead letters vanish", lambda f: put(f, QUEUES, "MailDead", MessageRetentionPeriod=60),
     "not kept for 14 days"),
    ("a public bucket", lambda f: properties(f, ROOT, "MediaBucket")["PublicAccessBlockConfiguration"]
     .update(BlockPublicAcls=False), "opened to the public"),
    ("uploads elsewhere", lambda f: one_less(f, ROOT, "MediaBucket", "NotificationConfiguration",
                                             "QueueConfigurations", 0), "told otherwise"),
    ("a secret with its value", lambda f: put(f, ROOT, "PepperSecret", SecretString="abc"),
     "has its value in the template"),
    ("a key in a parameter", lambda f: f[ROOT]["Parameters"]["GoogleClientId"]
     .update(Default="AKIA" + "ABCDEFGH23456789"), "looks like a secret"),
    ("a parameter without a word on cost", lambda f: f[ROOT]["Parameters"]["LogDays"]
     .update(Description="Days."), "says nothing of cost"),
    ("an alarm without a page", lambda f: put(f, "infra/alarms.yaml", "ClientErrors",
                                              AlarmDescription="Look at it."), "no page says"),
    ("an act that nobody counts", lambda f: f[ADMINISTRATION]["Resources"].pop("BanUserActs"),
     "acts of administrators"),
    ("a critical act that does not ring", lambda f: put(f, ADMINISTRATION, "SetRoleCritical",
                                                        FilterPattern='{ $.logger = "other" }'),
     "acts of administrators"),
    ("an alarm on another metric", lambda f: put(f, "infra/alarms.yaml", "AdminActs", MetricName="other"),
     "alarms on acts"),
    ("a silent alarm", lambda f: put(f, QUEUES, "MailDeadAlarm", AlarmActions=[]), "rings nowhere"),
]
