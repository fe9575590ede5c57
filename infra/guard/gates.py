"""What the template must hold, one function for each promise.

Each gate reads the expanded template and the contract, and yields one line for each fault. The name is the promise as a
sentence; the first line of the text says which rule of the design it keeps. test_gates.py shows for each gate that it
lets the real template pass, and that it fails when what it guards is broken.
"""

import json
import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
GATES = []


def gate(function):
    GATES.append(function)
    return function


def sentence(function):
    return function.__name__.replace("_", " ")


class Contract:
    """permissions.toml, routes.toml and what the documents say: the runbook by its sections, the others whole."""

    def __init__(self):
        permissions = tomllib.loads((HERE / "permissions.toml").read_text("utf-8"))
        routes = tomllib.loads((HERE / "routes.toml").read_text("utf-8"))
        docs = HERE.parent.parent / "docs"
        self.functions = permissions["functions"]
        self.schedules = permissions["schedules"]
        self.wildcards = permissions["wildcards"]
        self.public = routes["public"]
        self.staff = routes["staff"]
        sections = re.split(r"(?m)^#+ ", (docs / "RUNBOOK.md").read_text("utf-8"))
        self.runbook = dict(section.split("\n", 1) for section in sections[1:])
        self.guide = (docs / "DEPLOY.md").read_text("utf-8")
        self.reference = (docs / "API.md").read_text("utf-8")


# ------------------------------------------------------------------------------------------------- reading the template


def of_type(plain, kind):
    return {name: r.get("Properties", {}) for name, r in plain["Resources"].items() if r["Type"] == kind}


def as_list(value):
    return value if isinstance(value, list) else [value]


def written(value):
    """A value as one would write it in !Sub: ${Table.Arn}/index/due."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key == "Ref":
            return "${" + inner + "}"
        if key == "Fn::GetAtt":
            return "${" + (inner if isinstance(inner, str) else ".".join(inner)) + "}"
        if key == "Fn::Sub":
            return inner if isinstance(inner, str) else inner[0]
    return json.dumps(value, sort_keys=True)


def named(value):
    """The logical name that a Ref, a GetAtt or a Sub points to first."""
    found = re.match(r"\$\{([A-Za-z0-9]+)", written(value) if value is not None else "")
    return found[1] if found else None


def number(plain, value):
    """A number that is written out, is a parameter's default or stands in a mapping for that default."""
    if isinstance(value, dict) and "Ref" in value:
        value = plain["Parameters"][value["Ref"]].get("Default")
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        table, row, column = (
            plain["Parameters"][part["Ref"]]["Default"] if isinstance(part, dict) else part
            for part in value["Fn::FindInMap"]
        )
        value = plain["Mappings"][table][row][column]
    return float(value) if isinstance(value, (int, float, str)) and str(value) != "" else None


def short(properties):
    """consent-capture, from the function's name ${AWS::StackName}-consent-capture."""
    return written(properties.get("FunctionName", "")).removeprefix("${AWS::StackName}-")


def functions(plain):
    return of_type(plain, "AWS::Lambda::Function")


def mappings(plain):
    return of_type(plain, "AWS::Lambda::EventSourceMapping")


def alias_of(plain, value):
    """The function behind a reference to an alias."""
    properties = of_type(plain, "AWS::Lambda::Alias").get(named(value))
    return named(properties["FunctionName"]) if properties else None


def statements(policy):
    return as_list(policy.get("Statement", []))


def role_statements(properties):
    return [s for policy in properties.get("Policies", []) for s in statements(policy["PolicyDocument"])]


def granted(properties):
    """action -> the set of resources, over all that a role allows."""
    grants = {}
    for statement in role_statements(properties):
        if statement["Effect"] == "Allow":
            for action in as_list(statement.get("Action", [])):
                grants.setdefault(action, set()).update(written(r) for r in as_list(statement.get("Resource", [])))
    return grants


def resource_policies(plain):
    """Every policy that stands on a resource: (name, document)."""
    for name, resource in plain["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::KMS::Key":
            yield name, properties.get("KeyPolicy", {})
        elif resource["Type"] == "AWS::DynamoDB::Table" and "ResourcePolicy" in properties:
            yield name, properties["ResourcePolicy"]["PolicyDocument"]
        elif resource["Type"] in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
            yield name, properties.get("PolicyDocument", {})


def anybody(principal):
    return principal == "*" or (isinstance(principal, dict) and "*" in as_list(principal.get("AWS", [])))


def routes(plain):
    """route key -> operation, of every API."""
    return {
        f"{method.upper()} {path}": operation
        for properties in of_type(plain, "AWS::ApiGatewayV2::Api").values()
        for path, methods in properties.get("Body", {}).get("paths", {}).items()
        for method, operation in methods.items()
    }


def dead_letters_of(plain, queue):
    return named(of_type(plain, "AWS::SQS::Queue")[queue].get("RedrivePolicy", {}).get("deadLetterTargetArn"))


def stores_failures(plain):
    """Queues that no function reads: dead letters and failed runs."""
    read = {named(m["EventSourceArn"]) for m in mappings(plain).values()}
    return sorted(set(of_type(plain, "AWS::SQS::Queue")) - read)


# --------------------------------------------------------------------------------------------------- queues and streams


@gate
def every_mapping_reports_failures_message_by_message(plain, contract):
    """Partial batch responses everywhere: one bad message must not take its batch with it."""
    for name, mapping in mappings(plain).items():
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} retries or loses whole batches"


@gate
def every_stream_mapping_gives_up_in_bounds_and_sets_aside_the_records_themselves(plain, contract):
    """A stream's failures go to S3, since a queue would carry metadata only; retries are bounded and bisect."""
    for name, mapping in mappings(plain).items():
        source = named(mapping["EventSourceArn"])
        if plain["Resources"][source]["Type"] != "AWS::DynamoDB::Table":
            continue
        if "StreamSpecification" not in plain["Resources"][source]["Properties"]:
            yield f"{name} reads {source}, which has no stream"
        if not mapping.get("BisectBatchOnFunctionError"):
            yield f"{name} doesn't bisect"
        if not 1 <= mapping.get("MaximumRetryAttempts", -1) <= 10:
            yield f"{name} retries without a bound: one bad record stops its shard for a day"
        target = named(mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"))
        if plain["Resources"].get(target, {}).get("Type") != "AWS::S3::Bucket":
            yield f"{name} has no bucket for what it gives up"
        if mapping.get("MetricsConfig", {}).get("Metrics") != ["EventCount"]:
            yield f"{name} doesn't count what it gives up"


@gate
def every_queue_that_feeds_a_function_has_dead_letters_that_last_longer(plain, contract):
    """Dead letters outlive their source, and three attempts are enough for a passing fault."""
    queues = of_type(plain, "AWS::SQS::Queue")
    seen = {}
    for name, mapping in mappings(plain).items():
        queue = named(mapping["EventSourceArn"])
        if queue not in queues:
            continue
        dead = dead_letters_of(plain, queue)
        if dead not in queues:
            yield f"{queue} has no dead-letter queue"
            continue
        if seen.setdefault(dead, queue) != queue:
            yield f"{dead} serves {seen[dead]} and {queue}: a redrive could not tell them apart"
        # Who puts its own messages off counts differently: a system that is down has until the answer is due.
        function = functions(plain).get(alias_of(plain, mapping["FunctionName"]), {})
        patient = f"${{{queue}.Arn}}" in contract.functions.get(short(function), {}).get("code", {}).get("sqs:ChangeMessageVisibility", [])
        if queues[queue]["RedrivePolicy"].get("maxReceiveCount") != (1000 if patient else 3):
            yield f"{queue} doesn't give up after {'a thousand' if patient else 'three'} attempts"
        if queues[dead].get("MessageRetentionPeriod", 345600) <= queues[queue].get("MessageRetentionPeriod", 345600):
            yield f"{dead} keeps messages no longer than {queue}"


@gate
def a_message_stays_hidden_for_six_times_its_functions_timeout(plain, contract):
    """Else a batch that Lambda still retries is handed out a second time. Read as deployed in production."""
    queues = of_type(plain, "AWS::SQS::Queue")
    for name, mapping in mappings(plain).items():
        queue = queues.get(named(mapping["EventSourceArn"]))
        function = functions(plain).get(alias_of(plain, mapping["FunctionName"]))
        if queue is None or function is None:
            continue
        hidden = number(plain, queue.get("VisibilityTimeout", 30))
        if hidden < 6 * function["Timeout"]:
            yield f"{name}: hidden for {hidden:.0f} s, the function may take {function['Timeout']} s"


@gate
def every_queue_is_encrypted_and_refuses_plain_connections(plain, contract):
    """Queues and dead letters hold personal data for their retention."""
    guarded = set()
    for properties in of_type(plain, "AWS::SQS::QueuePolicy").values():
        for s in statements(properties["PolicyDocument"]):
            if s["Effect"] == "Deny" and s.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
                guarded |= {named(q) for q in properties["Queues"]}
    for name, queue in of_type(plain, "AWS::SQS::Queue").items():
        if named(queue.get("KmsMasterKeyId")) != "StorageKey":
            yield f"{name} isn't encrypted under the storage key"
        if name not in guarded:
            yield f"{name} takes plain connections"


def matches(pattern, record):
    """Whether an event filter lets a record pass. Knows what our filters use: nested objects and lists of strings."""
    return all(
        key in record and (matches(want, record[key]) if isinstance(want, dict) else record[key] in want)
        for key, want in pattern.items()
    )


def stream_record(name, kind=None, principal=None):
    record = {"eventName": name, "dynamodb": {"Keys": {"pk": {"S": "C#c#S#s"}}}}
    if kind:
        record["dynamodb"]["NewImage" if name != "REMOVE" else "OldImage"] = {"kind": {"S": kind}}
    if principal:
        record["userIdentity"] = {"type": "Service", "principalId": principal}
    return record


def of_everybody(record):
    """A hold that is no person's."""
    record["dynamodb"]["NewImage"]["scope"] = {"M": {"of": {"S": "category"}}}
    return record


# What nobody reads from the stream: a function writes these because of what it read.
UNHEARD = ("trigger", "warned", "attested", "system", "task", "stored", "plan", "mail", None)


def of_stream(reader):
    """What a reader of the table's stream hears, and what it must not hear."""
    if reader == "stream-relay":
        return [
            *(stream_record("INSERT", kind) for kind in ("code", "consent", "request", "entry", "breach-entry", "change", "notice")),
            *(of_everybody(stream_record(name, "hold")) for name in ("INSERT", "MODIFY")),
        ], [
            *(stream_record("MODIFY", kind) for kind in ("consent", "request", "entry", "breach", "breach-entry", "change", "notice", "record", *UNHEARD)),
            *(stream_record("INSERT", kind) for kind in ("record", "hold", "breach", "disclosure", "attestation", "signal", *UNHEARD)),
            *(stream_record("REMOVE", kind) for kind in ("record", "consent")),
            stream_record("REMOVE", "record", "dynamodb.amazonaws.com"),
        ]
    return [
        *(stream_record("INSERT", kind) for kind in ("consent", "request", "entry", "record", "hold", "breach", "breach-entry", "alert", "change", "disclosure", "attestation", "signal")),
        *(stream_record("MODIFY", kind) for kind in ("notice", "hold", "breach", "record", "signal")),
        stream_record("REMOVE", "record"),
        stream_record("REMOVE", "record", "dynamodb.amazonaws.com"),
    ], [
        *(stream_record("INSERT", kind) for kind in ("notice", "code", *UNHEARD)),
        *(stream_record("MODIFY", kind) for kind in ("consent", "request", "entry", *UNHEARD)),
        *(stream_record("REMOVE", kind) for kind in ("consent", *UNHEARD)),
    ]


@gate
def the_streams_readers_hear_what_happened_and_nothing_else(plain, contract):
    """The event item is the outbox: each new one is heard once, and no write of a function starts the next round."""
    readers = {n: m for n, m in mappings(plain).items() if plain["Resources"][named(m["EventSourceArn"])]["Type"] == "AWS::DynamoDB::Table"}
    if len(readers) > 2:
        yield "a shard of the stream has room for two readers"
    for name, mapping in readers.items():
        heard, ignored = of_stream(short(functions(plain)[alias_of(plain, mapping["FunctionName"])]))
        try:
            patterns = [json.loads(f["Pattern"]) for f in mapping.get("FilterCriteria", {}).get("Filters", [])]
        except ValueError as error:
            yield f"{name} has a filter that isn't JSON: {error}"
            continue
        if not patterns:
            yield f"{name} has no filter"
        for pattern in patterns:
            yield from (f"{name}: {fault}" for fault in pattern_faults(pattern))
        for record in heard:
            if not any(matches(p, record) for p in patterns):
                yield f"{name} misses {json.dumps(record)}"
        for record in ignored:
            if any(matches(p, record) for p in patterns):
                yield f"{name} hears {json.dumps(record)}"


def pattern_faults(pattern, path="the filter"):
    """A filter's leaf is a list; AWS takes a bare string at deployment as an error, the emulator as never true."""
    for key, want in pattern.items():
        if isinstance(want, dict):
            yield from pattern_faults(want, f"{path}.{key}")
        elif not isinstance(want, list) or not want or not all(isinstance(w, str) for w in want):
            yield f"{path}.{key} must be a list of strings"


# -------------------------------------------------------------------------------------------------------------- functions


@gate
def every_function_is_in_the_contract_and_is_told_exactly_what_it_lists(plain, contract):
    """The environment of a function is its whole configuration; nothing is handed over unused."""
    present = {short(p): p for p in functions(plain).values()}
    for name in sorted(set(contract.functions) ^ set(present)):
        yield f"{name} stands in only one of template and contract"
    for name in sorted(set(contract.functions) & set(present)):
        told = set(present[name].get("Environment", {}).get("Variables", {}))
        for key in sorted(told ^ set(contract.functions[name]["environment"])):
            yield f"{name}: {key} stands in only one of template and contract"


@gate
def every_function_has_limits_and_runs_our_own_build(plain, contract):
    """Everything has a limit: memory, timeout. One build of everything, for one architecture."""
    for name, f in functions(plain).items():
        if f.get("Runtime") != "provided.al2023" or f.get("Handler") != "bootstrap":
            yield f"{name} doesn't run a bootstrap of ours"
        if f.get("Architectures") != [{"Ref": "Architecture"}]:
            yield f"{name} isn't built for the stack's architecture"
        if f.get("MemorySize") not in (128, 256):
            yield f"{name} has no memory size of ours"
        if not 1 <= f.get("Timeout", 0) <= 300:
            yield f"{name} has no timeout, or one too long for what it does"
        if "ReservedConcurrentExecutions" in f:
            yield f"{name} reserves concurrency, which takes it from the rest of the account"


@gate
def every_function_logs_to_its_own_group_that_forgets(plain, contract):
    """Logs hold ids only, and even those for a stated time; a capture writes no line when nothing is wrong."""
    groups = of_type(plain, "AWS::Logs::LogGroup")
    for name, f in functions(plain).items():
        logging = f.get("LoggingConfig", {})
        group = groups.get(named(logging.get("LogGroup")))
        if group is None or written(group.get("LogGroupName")) != "/aws/lambda/" + written(f["FunctionName"]):
            yield f"{name} has no log group of its own"
        if logging.get("LogFormat") != "JSON" or logging.get("SystemLogLevel") != "WARN":
            yield f"{name} writes START and REPORT lines"
        if logging.get("ApplicationLogLevel") != {"Ref": "LogLevel"}:
            yield f"{name} doesn't take its log level from the parameter"
    for name, group in groups.items():
        if not number(plain, group.get("RetentionInDays", "")):
            yield f"{name} keeps logs for ever"
        if named(group.get("KmsKeyId")) != "StorageKey":
            yield f"{name} isn't encrypted under the storage key"


@gate
def every_change_is_published_and_every_caller_uses_the_published_version(plain, contract):
    """A layer's change alone moves no alias unless it is told to; a caller of $LATEST would skip the rollout."""
    aliased = {named(a["FunctionName"]) for a in of_type(plain, "AWS::Lambda::Alias").values() if a.get("Name") == "live"}
    for name in sorted(set(functions(plain)) - aliased):
        yield f"{name} has no alias live"
    for name, mapping in mappings(plain).items():
        if not alias_of(plain, mapping["FunctionName"]):
            yield f"{name} calls the unpublished version"
    for name, schedule in of_type(plain, "AWS::Scheduler::Schedule").items():
        if not alias_of(plain, schedule["Target"]["Arn"]):
            yield f"{name} calls the unpublished version"
    for key, operation in routes(plain).items():
        uri = written(operation.get("x-amazon-apigateway-integration", {}).get("uri", ""))
        if not any("${" + alias + "}" in uri for alias in of_type(plain, "AWS::Lambda::Alias")):
            yield f"{key} calls the unpublished version"


@gate
def every_function_reads_the_one_policy_layer_whose_old_versions_stay(plain, contract):
    """Policy travels with the code, one version for all; versions mix during a rollout."""
    layers = of_type(plain, "AWS::Lambda::LayerVersion")
    if len(layers) != 1:
        yield f"{len(layers)} layers instead of one"
    for name in layers:
        if plain["Resources"][name].get("DeletionPolicy") != "Retain":
            yield f"{name} is deleted when a newer one comes"
    for name, f in functions(plain).items():
        if [named(layer) for layer in f.get("Layers", [])] != list(layers):
            yield f"{name} doesn't read the policy layer"


# Each of them counts its own hops, and gives up at a limit of its own.
CONTINUING = ("breach-notify", "notice-change", "purge", "retention-track")


@gate
def only_what_walks_a_whole_table_may_continue_itself(plain, contract):
    """Lambda stops loops after about 16 hops; only a queue that is meant to continue itself may go on."""
    for name, f in functions(plain).items():
        if (f.get("RecursiveLoop") == "Allow") != (short(f) in CONTINUING):
            yield f"{name}: RecursiveLoop is {f.get('RecursiveLoop', 'Terminate')}"


@gate
def every_schedule_passes_its_time_and_keeps_what_failed(plain, contract):
    """Time comes with the event. The scheduler invokes without waiting, so failures need a place of their own."""
    kept = {
        named(c["FunctionName"]): named(c.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"))
        for c in of_type(plain, "AWS::Lambda::EventInvokeConfig").values()
    }
    for name, schedule in of_type(plain, "AWS::Scheduler::Schedule").items():
        target, expression = schedule["Target"], schedule["ScheduleExpression"]
        if json.loads(target.get("Input", "{}")) != {"v": 1, "time": "<aws.scheduler.scheduled-time>"}:
            yield f"{name} doesn't pass its time"
        if not valid_schedule(expression):
            yield f"{name}: {expression} isn't a schedule"
        if schedule.get("State", "ENABLED") != "ENABLED":
            yield f"{name} is switched off"
        queue = named(target.get("DeadLetterConfig", {}).get("Arn"))
        if queue not in of_type(plain, "AWS::SQS::Queue"):
            yield f"{name} has no dead-letter queue"
        function = alias_of(plain, target["Arn"])
        if kept.get(function) not in of_type(plain, "AWS::SQS::Queue"):
            yield f"{function} runs from a schedule and loses failed runs"


def valid_schedule(expression):
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if rate:
        return int(rate[1]) >= 1
    cron = re.fullmatch(r"cron\((.+)\)", expression)
    fields = cron[1].split() if cron else []
    # Day of month and day of week: exactly one is left open.
    return len(fields) == 6 and (fields[2] == "?") != (fields[4] == "?")


# ------------------------------------------------------------------------------------------------------------ permissions


def role_names(plain):
    """The role of each function and schedule: (kind, short name, logical name of the role)."""
    for properties in functions(plain).values():
        yield "functions", short(properties), named(properties.get("Role"))
    for schedule in of_type(plain, "AWS::Scheduler::Schedule").values():
        function = functions(plain).get(alias_of(plain, schedule["Target"]["Arn"]))
        yield "schedules", short(function) if function else "?", named(schedule["Target"].get("RoleArn"))


@gate
def every_function_and_schedule_has_a_role_of_its_own(plain, contract):
    """Least privilege: two functions with one role have each other's permissions."""
    owners = {}
    for _, who, role in role_names(plain):
        if role not in of_type(plain, "AWS::IAM::Role"):
            yield f"{who} has no role of this template"
        owners.setdefault(role, []).append(who)
    for role, who in owners.items():
        if len(who) > 1:
            yield f"{role} is shared by {', '.join(who)}"
    for role in sorted(set(of_type(plain, "AWS::IAM::Role")) - set(owners)):
        yield f"{role} belongs to nobody"


@gate
def every_role_holds_exactly_the_permissions_of_the_contract(plain, contract):
    """Permissions in both directions: none missing, none left over."""
    roles = of_type(plain, "AWS::IAM::Role")
    for kind, who, role in role_names(plain):
        if kind == "functions":
            parts = contract.functions.get(who, {})
            parts = [parts.get("code", {}), parts.get("platform", {})]
        else:
            parts = [contract.schedules.get(who, {})]
        wanted = {(action, r) for part in parts for action, resources in part.items() for r in resources}
        held = {(action, r) for action, resources in granted(roles.get(role, {})).items() for r in resources}
        for action, resource in sorted(wanted - held):
            yield f"{who} lacks {action} on {resource}"
        for action, resource in sorted(held - wanted):
            yield f"{who} may {action} on {resource} and the contract doesn't say so"


@gate
def no_role_takes_permissions_from_elsewhere(plain, contract):
    """SAM and managed policies add what nobody reads here."""
    for name, role in of_type(plain, "AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies"
        for statement in role_statements(role):
            if "NotAction" in statement or "NotResource" in statement or "Resource" not in statement:
                yield f"{name} has a statement that says what it doesn't mean"
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::Lambda::LayerVersionPermission"):
        for name in of_type(plain, kind):
            yield f"{name} stands outside the roles"


@gate
def no_policy_names_an_action_by_wildcard(plain, contract):
    """An action with a star grows when AWS grows."""
    documents = [(n, p["PolicyDocument"]) for n, r in of_type(plain, "AWS::IAM::Role").items() for p in r.get("Policies", [])]
    for name, document in [*documents, *resource_policies(plain)]:
        for statement in statements(document):
            for action in as_list(statement.get("Action", [])):
                if "*" in action:
                    yield f"{name}: {action}"


@gate
def a_wildcard_resource_has_its_reason(plain, contract):
    """Where a role can't name its resource, the contract says why, and by which page."""
    # `action` where the reason is that one action's alone, as it must be for everything at once.
    reasoned = [w for w in contract.wildcards if w.get("reason") and w.get("page")]
    alone = {w["resource"]: w["action"] for w in reasoned if "action" in w}
    listed = {w["resource"] for w in reasoned if w["resource"] != "*" or "action" in w}
    wild = [
        (action, resource)
        for role in of_type(plain, "AWS::IAM::Role").values()
        for action, resources in granted(role).items()
        for resource in resources
        if "*" in resource
    ]
    used = {resource for _, resource in wild}
    yield from sorted({f"{a} on {r} has no reason" for a, r in wild if alone.get(r, a) != a})
    yield from (f"{resource} has no reason" for resource in sorted(used - listed))
    yield from (f"{resource} is listed and not used" for resource in sorted(listed - used))


@gate
def roles_can_only_be_taken_by_their_service(plain, contract):
    """A role that somebody else can assume isn't least privilege."""
    for name, role in of_type(plain, "AWS::IAM::Role").items():
        for statement in statements(role["AssumeRolePolicyDocument"]):
            principal = statement.get("Principal")
            if principal == {"Service": "lambda.amazonaws.com"}:
                continue
            guarded = "aws:SourceAccount" in statement.get("Condition", {}).get("StringEquals", {})
            if principal != {"Service": "scheduler.amazonaws.com"} or not guarded:
                yield f"{name} can be taken by {json.dumps(principal)}"


@gate
def mail_leaves_only_under_the_senders_address(plain, contract):
    """A function that may send mail may not send it in somebody else's name."""
    for name, role in of_type(plain, "AWS::IAM::Role").items():
        for statement in role_statements(role):
            if "ses:SendEmail" in as_list(statement.get("Action", [])):
                if statement.get("Condition") != {"StringEquals": {"ses:FromAddress": {"Ref": "Sender"}}}:
                    yield f"{name} may send under any address"


HEARD_OF_MAIL = {"send", "delivery", "bounce", "complaint", "reject", "deliveryDelay"}


@gate
def what_becomes_of_a_mail_comes_back_to_the_function_that_takes_it(plain, contract):
    """A mail that nobody hears of again is in doubt for ever, and a bounce that is lost is a person untold."""
    for name, f in functions(plain).items():
        sends = "ses:SendEmail" in granted(of_type(plain, "AWS::IAM::Role").get(named(f.get("Role")), {}))
        told = named(f.get("Environment", {}).get("Variables", {}).get("CONFIGURATION_SET"))
        if sends and told not in of_type(plain, "AWS::SES::ConfigurationSet"):
            yield f"{name} sends mail whose events go nowhere"
    destinations = of_type(plain, "AWS::SES::ConfigurationSetEventDestination").values()
    for name in of_type(plain, "AWS::SES::ConfigurationSet"):
        here = [d["EventDestination"] for d in destinations if named(d["ConfigurationSetName"]) == name]
        here = [d for d in here if d.get("Enabled") and HEARD_OF_MAIL <= set(d.get("MatchingEventTypes", []))]
        topics = {named(d.get("SnsDestination", {}).get("TopicARN")) for d in here} & set(of_type(plain, "AWS::SNS::Topic"))
        if len(topics) != 1:
            yield f"{name} doesn't tell one topic of this stack of {sorted(HEARD_OF_MAIL)}"
        for topic in sorted(topics):
            yield from (f"{topic}: {fault}" for fault in topic_faults(plain, topic, name))


def topic_faults(plain, topic, configuration_set):
    """What lies between the mail service and the queue that a function reads."""
    if named(of_type(plain, "AWS::SNS::Topic")[topic].get("KmsMasterKeyId")) != "StorageKey":
        yield "isn't encrypted under the storage key"
    allowed = [
        s
        for p in of_type(plain, "AWS::SNS::TopicPolicy").values()
        if topic in {named(t) for t in p["Topics"]}
        for s in statements(p["PolicyDocument"])
        if s["Effect"] == "Allow"
    ]
    source = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/${" + configuration_set + "}"
    bounds = {"aws:SourceAccount": "${AWS::AccountId}", "aws:SourceArn": source}
    for s in allowed:
        bound = {key: written(value) for key, value in s.get("Condition", {}).get("StringEquals", {}).items()}
        if s.get("Principal") != {"Service": "ses.amazonaws.com"} or s["Action"] != ["sns:Publish"] or bound != bounds:
            yield f"{s.get('Sid')} lets others publish"
    if not allowed:
        yield "nobody may publish"
    read = {named(m["EventSourceArn"]) for m in mappings(plain).values()}
    subscriptions = [x for x in of_type(plain, "AWS::SNS::Subscription").values() if named(x["TopicArn"]) == topic]
    queues = {named(x["Endpoint"]) for x in subscriptions if x.get("Protocol") == "sqs" and x.get("RawMessageDelivery")}
    if len(subscriptions) != 1 or not queues or not queues <= read:
        yield "doesn't reach exactly one queue that a function reads, event by event as the mail service wrote it"
    for x in subscriptions:
        if named(x.get("RedrivePolicy", {}).get("deadLetterTargetArn")) not in set(stores_failures(plain)):
            yield "loses what the queue doesn't take"
    targets = queues | {named(x.get("RedrivePolicy", {}).get("deadLetterTargetArn")) for x in subscriptions}
    for queue in sorted(filter(None, targets)):
        lets_in = [
            s
            for p in of_type(plain, "AWS::SQS::QueuePolicy").values()
            if queue in {named(q) for q in p["Queues"]}
            for s in statements(p["PolicyDocument"])
            if s["Effect"] == "Allow"
        ]
        for s in lets_in:
            bound = s.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn")
            if s.get("Principal") != {"Service": "sns.amazonaws.com"} or named(bound) != topic:
                yield f"{s.get('Sid')} lets others write to {queue}"
        if not lets_in:
            yield f"may not write to {queue}"


@gate
def what_a_rule_picks_reaches_a_queue_that_a_function_reads_and_is_not_lost(plain, contract):
    """A finding that a queue turns away, or that only the emulator lets in, is a breach that nobody hears of."""
    read = {named(m["EventSourceArn"]) for m in mappings(plain).values()}
    for name, rule in of_type(plain, "AWS::Events::Rule").items():
        if not rule.get("EventPattern", {}).get("source") or not rule["EventPattern"].get("detail-type"):
            yield f"{name} takes whatever is published"
        if not rule.get("Targets") or rule.get("State") == "DISABLED":
            yield f"{name} goes nowhere"
        for target in rule.get("Targets", []):
            queue, dead = named(target["Arn"]), named(target.get("DeadLetterConfig", {}).get("Arn"))
            if queue not in read:
                yield f"{name} goes to {queue}, which no function reads"
            if dead not in set(stores_failures(plain)):
                yield f"{name} loses what {queue} doesn't take"
            for reached in filter(None, (queue, dead)):
                if not lets_rule_in(plain, reached, name):
                    yield f"{name} may not write to {reached}"
                key = named(of_type(plain, "AWS::SQS::Queue").get(reached, {}).get("KmsMasterKeyId"))
                if key and not key_serves_events(of_type(plain, "AWS::KMS::Key").get(key, {})):
                    yield f"{name} can't encrypt for {reached}"


def lets_rule_in(plain, queue, rule):
    """Whether the queue's policy takes messages of that rule, and of named rules alone."""
    for policy in of_type(plain, "AWS::SQS::QueuePolicy").values():
        if queue not in {named(q) for q in policy["Queues"]}:
            continue
        for s in statements(policy["PolicyDocument"]):
            rules = {named(arn) for arn in as_list(s.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn", []))}
            if s["Effect"] == "Allow" and s.get("Principal") == {"Service": "events.amazonaws.com"} and rule in rules:
                return True
    return False


def key_serves_events(key):
    """Whether EventBridge may use the key for this account."""
    for s in statements(key.get("KeyPolicy", {"Statement": []})):
        bounded = "aws:SourceAccount" in s.get("Condition", {}).get("StringEquals", {})
        if s.get("Principal") == {"Service": "events.amazonaws.com"} and bounded:
            return {"kms:Decrypt", "kms:GenerateDataKey"} <= set(as_list(s["Action"]))
    return False


@gate
def no_resource_policy_lets_strangers_in(plain, contract):
    """Allow for everybody is public, unless a condition bounds it to this account."""
    for name, document in resource_policies(plain):
        for statement in statements(document):
            bounds = {key for test in statement.get("Condition", {}).values() for key in test}
            if statement["Effect"] == "Allow" and anybody(statement.get("Principal")) and "kms:CallerAccount" not in bounds:
                yield f"{name} is open to anybody"


# ----------------------------------------------------------------------------------------------------------------- stores


@gate
def what_holds_data_outlives_the_stack(plain, contract):
    """Deleting a stack must not delete promises."""
    for name, resource in plain["Resources"].items():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"):
            if resource.get("DeletionPolicy") != "Retain" or resource.get("UpdateReplacePolicy") != "Retain":
                yield f"{name} isn't retained"


@gate
def the_event_table_streams_expires_recovers_and_is_encrypted(plain, contract):
    """One table of events: its stream is the outbox, TTL tidies up, recovery is bounded, the key is ours."""
    table = of_type(plain, "AWS::DynamoDB::Table")["Table"]
    recovery = table.get("PointInTimeRecoverySpecification", {})
    if table.get("StreamSpecification", {}).get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        yield "no stream with both images"
    if table.get("TimeToLiveSpecification") != {"AttributeName": "ttl", "Enabled": True}:
        yield "no TTL on ttl"
    if not recovery.get("PointInTimeRecoveryEnabled") or not 1 <= recovery.get("RecoveryPeriodInDays", 35) <= 14:
        yield "no recovery, or a recovery that brings back what was deleted for more than two weeks"
    if named(table.get("SSESpecification", {}).get("KMSMasterKeyId")) != "StorageKey":
        yield "not encrypted under the storage key"
    if not table.get("DeletionProtectionEnabled"):
        yield "can be deleted"
    if table.get("BillingMode") != "PAY_PER_REQUEST":
        yield "can be throttled by a fixed capacity"


@gate
def the_indexes_are_sparse_and_hold_nothing_sealed(plain, contract):
    """Each index costs a write on every item that is in it: what has an open end, and the receipts of requests."""
    table = of_type(plain, "AWS::DynamoDB::Table")["Table"]

    def index(name, keys, attributes):
        keys = [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))]
        projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes}
        return {"IndexName": name, "KeySchema": keys, "Projection": projection}

    wanted = [
        index("due", ("due_shard", "due_at"), ["kind", "category", "purpose", "clause", "system", "salt"]),
        index("office", ("office_of", "office_at"), ["request", "at", "stage", "assignee", "version", "answer_due", "due_at"]),
    ]
    if table.get("GlobalSecondaryIndexes") != wanted:
        yield "the indexes of Table aren't due and office, with what stands in them"
    types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
    if types != {"pk": "S", "sk": "S", "due_shard": "S", "due_at": "N", "office_of": "S", "office_at": "S"}:
        yield f"attributes are {types}"


# What DynamoDB lets a table's own policy refuse; another action in it and the table can't be created.
COPIES = {
    "dynamodb:CreateBackup",
    "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:UpdateContinuousBackups",
}


@gate
def a_key_that_was_destroyed_can_not_come_back(plain, contract):
    """No stream, recovery, backup or export of the key table: a restore would undo erasures."""
    table = of_type(plain, "AWS::DynamoDB::Table")["KeyTable"]
    if "PointInTimeRecoverySpecification" in table:
        yield "recovery is set; even switching it off is a call that the table's own policy refuses"
    for feature in ("StreamSpecification", "KinesisStreamSpecification", "TimeToLiveSpecification", "ImportSourceSpecification"):
        if feature in table:
            yield f"has {feature}"
    if not table.get("DeletionProtectionEnabled"):
        yield "can be deleted, and then every field is lost"
    if named(table.get("SSESpecification", {}).get("KMSMasterKeyId")) != "StorageKey":
        yield "not encrypted under the storage key"
    denied = [
        s
        for s in statements(table.get("ResourcePolicy", {}).get("PolicyDocument", {}))
        if s["Effect"] == "Deny" and s.get("Principal") == "*" and "Condition" not in s and s.get("Resource") == "*"
    ]
    actions = {a for s in denied for a in as_list(s["Action"])}
    if actions != COPIES:
        yield f"its policy should refuse {sorted(COPIES)} and refuses {sorted(actions)}"


@gate
def every_bucket_is_private_encrypted_and_refuses_plain_connections(plain, contract):
    """Buckets hold records, exports, evidence and failed batches."""
    guarded = set()
    for properties in of_type(plain, "AWS::S3::BucketPolicy").values():
        for s in statements(properties["PolicyDocument"]):
            if s["Effect"] == "Deny" and s.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
                guarded.add(named(properties["Bucket"]))
    for name, bucket in of_type(plain, "AWS::S3::Bucket").items():
        block = bucket.get("PublicAccessBlockConfiguration", {})
        if not all(block.get(k) for k in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")):
            yield f"{name} could be made public"
        rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if [named(r["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")) for r in rules] != ["StorageKey"]:
            yield f"{name} isn't encrypted under the storage key"
        if name not in guarded:
            yield f"{name} takes plain connections"


@gate
def evidence_is_written_once(plain, contract):
    """Evidence stands under Object Lock, for a period that the operator states."""
    bucket = of_type(plain, "AWS::S3::Bucket")["EvidenceBucket"]
    retention = bucket.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    if not bucket.get("ObjectLockEnabled") or retention.get("Mode") != "GOVERNANCE":
        yield "no Object Lock"
    if retention.get("Days") != {"Ref": "EvidenceRetentionDays"}:
        yield "the period isn't the parameter's"
    if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
        yield "not versioned"
    policies = of_type(plain, "AWS::S3::BucketPolicy").values()
    refused = {
        action
        for p in policies
        if named(p["Bucket"]) == "EvidenceBucket"
        for s in statements(p["PolicyDocument"])
        if s["Effect"] == "Deny" and s.get("Principal") == "*" and "Condition" not in s
        for action in as_list(s["Action"])
    }
    if "s3:BypassGovernanceRetention" not in refused:
        yield "the lock can be bypassed without changing the policy first"


@gate
def copies_of_personal_data_expire(plain, contract):
    """An export lives a week, a failed batch two: shorter than the shortest promise. What waits for an answer lives as long."""
    buckets = of_type(plain, "AWS::S3::Bucket")
    for name, days in (("ExportsBucket", 7), ("FailuresBucket", 14), ("SystemDataBucket", 100)):
        rules = [r for r in buckets[name].get("LifecycleConfiguration", {}).get("Rules", []) if r["Status"] == "Enabled"]
        # A rule with a prefix or a filter would leave the rest lying.
        if not any(r.get("ExpirationInDays", days + 1) <= days and not {"Prefix", "TagFilters"} & set(r) for r in rules):
            yield f"{name} keeps objects for more than {days} days"
        if "VersioningConfiguration" in buckets[name]:
            yield f"{name} keeps old versions of what expired"


@gate
def the_controllers_key_serves_this_stacks_roles_alone(plain, contract):
    """Administrators manage the key and can't decrypt with it; it turns every year."""
    keys = of_type(plain, "AWS::KMS::Key")
    for name, key in keys.items():
        # KMS turns no asymmetric key ("Rotate AWS KMS keys"): who trusts a signature has to learn of the next key.
        if key.get("KeyUsage") != "SIGN_VERIFY" and not key.get("EnableKeyRotation"):
            yield f"{name} doesn't rotate"
        if key.get("PendingWindowInDays", 30) < 30:
            yield f"{name} can be gone in under 30 days"
    for s in statements(keys["ControllerKey"]["KeyPolicy"]):
        uses = {a for a in as_list(s["Action"]) if re.match(r"kms:(Decrypt|Encrypt|Generate|ReEncrypt|CreateGrant)", a)}
        who = written(s.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", ""))
        if s["Effect"] == "Allow" and uses and not who.endswith(":role/${AWS::StackName}-*"):
            yield f"{s.get('Sid')} lets others use it: {sorted(uses)}"


# -------------------------------------------------------------------------------------------------------------------- API


@gate
def the_routes_are_exactly_those_of_the_list(plain, contract):
    """A new way in is a decision, not a side effect."""
    for key in sorted(set(routes(plain)) ^ (set(contract.public) | set(contract.staff))):
        yield f"{key} stands in only one of template and routes.toml"


@gate
def staff_routes_ask_for_a_token_and_a_scope_and_public_ones_for_none(plain, contract):
    """Scopes alone don't separate controllers, but without them nothing is separated at all."""
    for key, operation in routes(plain).items():
        wanted = [{"Staff": contract.staff[key]}] if key in contract.staff else None
        security = operation.get("security") or None
        if security != wanted:
            yield f"{key} asks for {json.dumps(security)}"
    for properties in of_type(plain, "AWS::ApiGatewayV2::Api").values():
        schemes = properties["Body"].get("components", {}).get("securitySchemes", {})
        authorizer = schemes.get("Staff", {}).get("x-amazon-apigateway-authorizer", {})
        if authorizer.get("jwtConfiguration") != {"issuer": {"Ref": "Issuer"}, "audience": [{"Ref": "Audience"}]}:
            yield "Staff doesn't check issuer and audience"
        if authorizer.get("identitySource") != "$request.header.Authorization":
            yield "Staff takes tokens from elsewhere than the header"
    for name in of_type(plain, "AWS::Lambda::Url"):
        yield f"{name} is a way around the API"


@gate
def what_anybody_may_write_to_has_a_tighter_limit(plain, contract):
    """A form that mails people is a weapon without a limit."""
    for name, stage in of_type(plain, "AWS::ApiGatewayV2::Stage").items():
        rate = number(plain, stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit", ""))
        if not rate:
            yield f"{name} has no limit"
            continue
        for key in sorted(k for k in contract.public if k.startswith("POST ")):
            own = number(plain, stage.get("RouteSettings", {}).get(key, {}).get("ThrottlingRateLimit", ""))
            if not own or own >= rate:
                yield f"{key} has no tighter limit than {rate:.0f} a second"
        for key in sorted(set(stage.get("RouteSettings", {})) - set(routes(plain))):
            yield f"{key} has a limit and no route: the deployment would fail"


# $context variables that say nothing about who called.
IMPERSONAL = {
    "requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "integrationLatency", "error.responseType",
}


@gate
def access_logs_say_nothing_about_the_caller(plain, contract):
    """No address, path, query, header or claim: the log would become a store of personal data."""
    for name, stage in of_type(plain, "AWS::ApiGatewayV2::Stage").items():
        settings = stage.get("AccessLogSettings", {})
        if named(settings.get("DestinationArn")) not in of_type(plain, "AWS::Logs::LogGroup"):
            yield f"{name} has no access log"
        for variable in sorted(set(re.findall(r"\$context\.([\w.]+)", settings.get("Format", ""))) - IMPERSONAL):
            yield f"{name} logs {variable}"


# Headers of answers by which a caller goes on (docs/API.md).
PAGES_READ = {"etag", "habeas-cursor", "location", "retry-after"}


@gate
def only_pages_that_the_operator_names_may_send_forms(plain, contract):
    """CORS: origins come from the parameter, credentials aren't sent."""
    for name, properties in of_type(plain, "AWS::ApiGatewayV2::Api").items():
        cors = properties["Body"].get("x-amazon-apigateway-cors", {})
        cors = cors.get("Fn::If", [None, cors])[1]
        if cors.get("allowOrigins") != {"Ref": "AllowedOrigins"}:
            yield f"{name} allows {json.dumps(cors.get('allowOrigins'))}"
        if cors.get("allowCredentials"):
            yield f"{name} lets pages send cookies"
        if "*" in cors.get("allowHeaders", ["*"]) or "*" in cors.get("allowMethods", ["*"]):
            yield f"{name} allows any header or method"
        if not PAGES_READ <= set(cors.get("exposeHeaders", [])):
            yield f"{name} hides from pages one of {sorted(PAGES_READ)}"


@gate
def the_default_endpoint_can_be_closed(plain, contract):
    """Whoever puts a firewall in front must be able to close the way around it."""
    for name, properties in of_type(plain, "AWS::ApiGatewayV2::Api").items():
        servers = properties["Body"].get("servers", [{}])
        closed = servers[0].get("x-amazon-apigateway-endpoint-configuration", {}).get("disableExecuteApiEndpoint")
        if closed != {"Fn::If": ["IsEndpointClosed", True, False]}:
            yield f"{name}: {json.dumps(closed)}"


# ----------------------------------------------------------------------------------------------------------------- alarms

DIMENSIONS = {
    "AWS/SQS": {"QueueName": "AWS::SQS::Queue"},
    "AWS/Lambda": {"FunctionName": "AWS::Lambda::Function", "EventSourceMappingUUID": "AWS::Lambda::EventSourceMapping"},
    "AWS/ApiGateway": {"ApiId": "AWS::ApiGatewayV2::Api"},
    "Habeas": {"FunctionName": "AWS::Lambda::Function"},
}


@gate
def every_alarm_measures_something_that_exists_and_reaches_the_topic(plain, contract):
    """A misspelt dimension gives an alarm that is always fine."""
    for name, alarm in of_type(plain, "AWS::CloudWatch::Alarm").items():
        known = DIMENSIONS.get(alarm.get("Namespace"))
        if known is None:
            yield f"{name} measures in {alarm.get('Namespace')}"
            continue
        if len(alarm.get("Dimensions", [])) != 1:
            yield f"{name} needs one dimension"
        for dimension in alarm.get("Dimensions", []):
            target = plain["Resources"].get(named(dimension["Value"]), {}).get("Type")
            if dimension["Name"] not in known:
                yield f"{name}: {alarm['Namespace']} has no dimension {dimension['Name']}"
            elif target != known[dimension["Name"]]:
                yield f"{name}: {dimension['Name']} is {json.dumps(dimension['Value'])}"
        if alarm.get("AlarmActions") != [{"Ref": "AlarmTopic"}]:
            yield f"{name} tells nobody"
        silent = alarm.get("ComparisonOperator", "").startswith("LessThan")
        if alarm.get("TreatMissingData") != ("breaching" if silent else "notBreaching"):
            yield f"{name} takes missing data wrongly"


def measured(plain, metric):
    return {
        named(d["Value"])
        for alarm in of_type(plain, "AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == metric
        for d in alarm["Dimensions"]
    }


@gate
def nothing_fails_without_an_alarm(plain, contract):
    """Dead letters, failed runs, old queues, a late stream, errors, silent schedules, late purges, deadlines."""
    fed = {named(m["EventSourceArn"]) for m in mappings(plain).values()}
    queues = set(of_type(plain, "AWS::SQS::Queue"))
    streams = {n for n, m in mappings(plain).items() if named(m["EventSourceArn"]) not in queues}
    scheduled = {alias_of(plain, s["Target"]["Arn"]) for s in of_type(plain, "AWS::Scheduler::Schedule").values()}
    by_name = {short(p): n for n, p in functions(plain).items()}
    wanted = {
        "ApproximateNumberOfMessagesVisible": set(stores_failures(plain)),
        "ApproximateAgeOfOldestMessage": fed & queues,
        "Errors": set(functions(plain)),
        "Invocations": scheduled,
        "IteratorAge": {alias_of(plain, mappings(plain)[n]["FunctionName"]) for n in streams},
        "OnFailureDestinationDeliveredEventCount": streams,
        "DroppedEventCount": streams,
        "PurgeLagSeconds": {by_name.get("purge")},
        "DeletionsFailed": {by_name.get("purge")},
        "EvidenceBroken": {by_name.get("evidence-seal")},
        "CheckpointAgeSeconds": {by_name.get("evidence-seal")},
        "RecordsOverstayed": {by_name.get("evidence-seal")},
        "DeadlinesAtRisk": {by_name.get("clock-watch")},
        "DeadlinesMissed": {by_name.get("clock-watch")},
        "HoldReviewsMissed": {by_name.get("clock-watch")},
        "RequestShardsFull": {by_name.get("clock-watch")},
        "BreachShardsFull": {by_name.get("clock-watch")},
        "SignalShardsFull": {by_name.get("clock-watch")},
        "SignalsWaiting": {by_name.get("clock-watch")},
        "OfficeMailFailed": {by_name.get("mail-events")},
        "MailBounced": {by_name.get("mail-events")},
        "MailComplained": {by_name.get("mail-events")},
        "MailRejected": {by_name.get("mail-events")},
        "SystemFailuresInARow": {by_name.get("system-tasks")},
        "5xx": set(of_type(plain, "AWS::ApiGatewayV2::Api")),
    }
    for metric, targets in wanted.items():
        for target in sorted(filter(None, targets - measured(plain, metric))):
            yield f"no alarm on {metric} of {target}"


@gate
def every_alarm_has_its_page_in_the_runbook(plain, contract):
    """Whoever is woken at night reads what it means and what to do."""
    for name, alarm in of_type(plain, "AWS::CloudWatch::Alarm").items():
        found = re.match(r"RUNBOOK '([^']+)'", alarm.get("AlarmDescription", ""))
        if not found or f"`{name}`" not in contract.runbook.get(found[1], ""):
            yield f"{name} stands in no section of docs/RUNBOOK.md, or not in the one that it names"


# -------------------------------------------------------------------------------------------------------------- documents


@gate
def the_guide_names_every_parameter_and_every_scope(plain, contract):
    """Whoever deploys, or grants a scope, reads docs/DEPLOY.md."""
    scopes = {scope for wanted in contract.staff.values() for scope in wanted}
    for name in sorted({*plain["Parameters"], *scopes}):
        if f"`{name}`" not in contract.guide:
            yield f"docs/DEPLOY.md doesn't name {name}"


@gate
def the_reference_names_every_route(plain, contract):
    """Whoever calls a route reads docs/API.md."""
    for path in sorted({key.split(" ")[1] for key in routes(plain)}):
        if not re.search(re.escape(path) + r"(?![\w/{-])", contract.reference):
            yield f"docs/API.md doesn't name {path}"


# ------------------------------------------------------------------------------------------------------------------ names


@gate
def two_stacks_live_side_by_side(plain, contract):
    """One stack per region of residence, and one for trials: no physical name without the stack's."""
    naming = {"FunctionName", "LayerName", "LogGroupName", "TableName", "BucketName", "QueueName", "RoleName", "TopicName"}
    for name, resource in plain["Resources"].items():
        if resource["Type"] in ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Version"):
            continue
        for key in sorted(naming & set(resource.get("Properties", {}))):
            value = written(resource["Properties"][key])
            if "${AWS::StackName}" not in value and named(value) not in plain["Resources"]:
                yield f"{name} is called {value} in every stack"


@gate
def the_outputs_name_what_operators_and_tests_reach_for(plain, contract):
    """Queues, tables, buckets, functions and the API are found by output, never by guessing a name."""
    shown = {named(o["Value"]) for o in plain.get("Outputs", {}).values()}
    for kind in ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::ApiGatewayV2::Api"):
        for name in sorted(set(of_type(plain, kind)) - shown):
            yield f"{name} is in no output"


def run(plain, contract):
    """Every gate with its faults."""
    for check in GATES:
        yield check, list(check(plain, contract))
