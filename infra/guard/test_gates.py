"""The real template passes every gate, and each gate fails on a template in which what it guards is broken.

usage: python -m unittest discover -s infra/guard     (pytest finds them too)

Each line of BREAKS is one edit of the expanded template, under the gate that must notice it. A gate without a line is a
fault of this file.
"""

import copy
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gates
from check import lint, unmoved
from expand import Refused, expand

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "template.yaml").read_text("utf-8")
PLAIN = expand(TEXT)
CONTRACT = gates.Contract()


def at(plain, path):
    """The parent and last key of a path such as Table|KeySchema|0; it begins in Resources, below Properties."""
    name, *keys = path.split("|")
    place = plain["Resources"][name]["Properties"]
    for key in keys[:-1]:
        place = place[int(key) if isinstance(place, list) else key]
    last = keys[-1]
    return place, int(last) if isinstance(place, list) else last


def put(path, value):
    def edit(plain):
        place, key = at(plain, path)
        assert key not in place or place[key] != value, f"{path} is already so"
        place[key] = value

    return edit


def drop(path):
    def edit(plain):
        place, key = at(plain, path)
        del place[key]

    return edit


def both(*edits):
    def edit(plain):
        for one in edits:
            one(plain)

    return edit


def attribute(name, key, value):
    def edit(plain):
        plain["Resources"][name][key] = value

    return edit


def remove(name):
    def edit(plain):
        del plain["Resources"][name]

    return edit


def add(name, kind, **properties):
    def edit(plain):
        plain["Resources"][name] = {"Type": kind, "Properties": properties}

    return edit


def operation(path, method, change):
    def edit(plain):
        change(plain["Resources"]["Api"]["Properties"]["Body"]["paths"][path][method])

    return edit


def parameter(name, value):
    def edit(plain):
        plain["Parameters"][name]["Default"] = value

    return edit


def allow(role, actions, resource, **more):
    """One more statement in a role."""

    def edit(plain):
        policy = plain["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]
        policy["Statement"].append({"Effect": "Allow", "Action": actions, "Resource": resource, **more})

    return edit


def filters(*patterns):
    return put("StreamRelayChanges|FilterCriteria|Filters", [{"Pattern": json.dumps(p)} for p in patterns])


def unlayered(plain):
    plain["Resources"][next(n for n, r in plain["Resources"].items() if r["Type"] == "AWS::Lambda::LayerVersion")].pop("DeletionPolicy")


TABLE_ARN = {"Fn::GetAtt": ["Table", "Arn"]}
NEW = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["code", "consent", "request", "entry", "breach-entry", "change", "notice"]}}}}
GONE = {"eventName": ["REMOVE"], "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}}
LEAST = "Policies|0|PolicyDocument|Statement"
ORIGINS = "Api|Body|x-amazon-apigateway-cors|Fn::If|1|"
STAGE = "ApiApiGatewayDefaultStage"
VERIFY = "/{controller}/v1/requests/{request}/verification"

BREAKS = {
    "every_mapping_reports_failures_message_by_message": [
        drop("DsarFulfilFulfil|FunctionResponseTypes"),
        drop("StreamRelayChanges|FunctionResponseTypes"),
    ],
    "every_stream_mapping_gives_up_in_bounds_and_sets_aside_the_records_themselves": [
        drop("StreamRelayChanges|MaximumRetryAttempts"),
        put("StreamRelayChanges|BisectBatchOnFunctionError", False),
        put("StreamRelayChanges|DestinationConfig|OnFailure|Destination", {"Fn::GetAtt": ["PurgeFailuresQueue", "Arn"]}),
        drop("StreamRelayChanges|DestinationConfig"),
        drop("StreamRelayChanges|MetricsConfig"),
        drop("Table|StreamSpecification"),
    ],
    "every_queue_that_feeds_a_function_has_dead_letters_that_last_longer": [
        drop("FulfilQueue|RedrivePolicy"),
        put("FulfilDeadLetterQueue|MessageRetentionPeriod", 345600),
        put("FulfilQueue|RedrivePolicy|maxReceiveCount", 1000),
        put("TaskQueue|RedrivePolicy|maxReceiveCount", 3),
        put("FulfilQueue|RedrivePolicy|deadLetterTargetArn", {"Fn::GetAtt": ["BreachDeadLetterQueue", "Arn"]}),
    ],
    "a_message_stays_hidden_for_six_times_its_functions_timeout": [
        put("FulfilQueue|VisibilityTimeout", 359),
        put("Purge|Timeout", 301),
        parameter("Stage", "local"),
    ],
    "every_queue_is_encrypted_and_refuses_plain_connections": [
        drop("PurgeDeadLetterQueue|KmsMasterKeyId"),
        put("QueuesOnlyOverTls|Queues", [{"Ref": "FulfilQueue"}]),
    ],
    "the_streams_readers_hear_what_happened_and_nothing_else": [
        drop("StreamRelayChanges|FilterCriteria"),
        filters(GONE),
        filters(NEW, GONE),
        filters({"dynamodb": NEW["dynamodb"]}),
        filters({"eventName": ["INSERT"]}),
        filters(NEW, {"eventName": ["REMOVE"]}),
        filters(NEW | {"eventName": "INSERT"}),
        put("StreamRelayChanges|FilterCriteria|Filters|0|Pattern", "{'eventName':['INSERT']}"),
        drop("EvidenceSealChanges|FilterCriteria"),
        put("EvidenceSealChanges|FilterCriteria|Filters|1|Pattern", '{"eventName":["MODIFY"]}'),
        put("EvidenceSealChanges|FilterCriteria|Filters|2|Pattern", json.dumps(GONE)),
        put("EvidenceSealChanges|FilterCriteria|Filters|0|Pattern", json.dumps(NEW)),
    ],
    "every_function_is_in_the_contract_and_is_told_exactly_what_it_lists": [
        drop("Purge|Environment|Variables|RECORDS_BUCKET"),
        put("StreamRelay|Environment|Variables|TABLE", {"Ref": "Table"}),
        remove("ClockWatch"),
        put("ClockWatch|FunctionName", {"Fn::Sub": "${AWS::StackName}-watch"}),
    ],
    "every_function_has_limits_and_runs_our_own_build": [
        drop("Purge|MemorySize"),
        drop("Purge|Timeout"),
        put("Purge|Timeout", 900),
        put("Purge|ReservedConcurrentExecutions", 1),
        put("Purge|Architectures", ["arm64"]),
        put("Purge|Runtime", "python3.13"),
    ],
    "every_function_logs_to_its_own_group_that_forgets": [
        drop("PurgeLogs|RetentionInDays"),
        drop("PurgeLogs|KmsKeyId"),
        put("Purge|LoggingConfig|LogGroup", {"Ref": "ClockWatchLogs"}),
        put("Purge|LoggingConfig|SystemLogLevel", "INFO"),
        put("Purge|LoggingConfig|ApplicationLogLevel", "DEBUG"),
    ],
    "every_change_is_published_and_every_caller_uses_the_published_version": [
        remove("PurgeAliaslive"),
        put("DsarFulfilFulfil|FunctionName", {"Ref": "DsarFulfil"}),
        put("PurgeSweep|Target|Arn", {"Fn::GetAtt": ["Purge", "Arn"]}),
        operation(VERIFY, "post", lambda o: o["x-amazon-apigateway-integration"].update(uri={"Fn::Sub": "x/${DsarIntake.Arn}/y"})),
    ],
    "every_function_reads_the_one_policy_layer_whose_old_versions_stay": [
        drop("Purge|Layers"),
        unlayered,
        add("OtherLayer", "AWS::Lambda::LayerVersion"),
    ],
    "only_what_walks_a_whole_table_may_continue_itself": [
        put("ClockWatch|RecursiveLoop", "Allow"),
        drop("Purge|RecursiveLoop"),
        drop("BreachNotify|RecursiveLoop"),
        drop("NoticeChange|RecursiveLoop"),
        drop("RetentionTrack|RecursiveLoop"),
    ],
    "every_schedule_passes_its_time_and_keeps_what_failed": [
        put("PurgeSweep|Target|Input", '{"v":1}'),
        put("PurgeSweep|ScheduleExpression", "cron(0 * * * *)"),
        put("PurgeSweep|ScheduleExpression", "cron(0 * * * * *)"),
        put("PurgeSweep|ScheduleExpression", "rate(60)"),
        put("PurgeSweep|State", "DISABLED"),
        drop("PurgeSweep|Target|DeadLetterConfig"),
        drop("PurgeEventInvokeConfig|DestinationConfig"),
    ],
    "every_function_and_schedule_has_a_role_of_its_own": [
        put("Purge|Role", {"Fn::GetAtt": ["DsarFulfilRole", "Arn"]}),
        put("Purge|Role", "arn:aws:iam::123456789012:role/admin"),
        put("ClockWatchWatch|Target|RoleArn", {"Fn::GetAtt": ["PurgeScheduleRole", "Arn"]}),
        add("SpareRole", "AWS::IAM::Role", AssumeRolePolicyDocument={}),
    ],
    "every_role_holds_exactly_the_permissions_of_the_contract": [
        allow("ConsentCaptureRole", ["dynamodb:Scan"], TABLE_ARN),
        allow("PurgeRole", ["s3:GetObject"], {"Fn::Sub": "${RecordsBucket.Arn}/*"}),
        drop(f"ConsentCaptureRole|{LEAST}|1"),
        put(f"ConsentCaptureRole|{LEAST}|1|Action", ["dynamodb:PutItem"]),
        put(f"ConsentCaptureRole|{LEAST}|1|Resource", {"Fn::GetAtt": ["KeyTable", "Arn"]}),
        allow("PurgeScheduleRole", ["lambda:InvokeFunction"], {"Fn::GetAtt": ["DsarFulfil", "Arn"]}),
    ],
    "no_role_takes_permissions_from_elsewhere": [
        put("PurgeRole|ManagedPolicyArns", ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]),
        add("Extra", "AWS::IAM::Policy", PolicyDocument={}),
        allow("PurgeRole", [], TABLE_ARN, NotAction="iam:*"),
    ],
    "no_policy_names_an_action_by_wildcard": [
        allow("PurgeRole", ["dynamodb:*"], TABLE_ARN),
        allow("PurgeRole", "s3:Get*", TABLE_ARN),
        put("ControllerKey|KeyPolicy|Statement|0|Action", "kms:*"),
    ],
    "a_wildcard_resource_has_its_reason": [
        allow("PurgeRole", ["dynamodb:GetItem"], "*"),
        allow("BreachNotifyRole", ["ses:GetAccount", "ses:PutAccountDetails"], "*"),
        allow("PurgeRole", ["s3:GetObject"], {"Fn::Sub": "${ExportsBucket.Arn}*"}),
        # Both readers of the stream list it; without them nobody needs the wildcard.
        both(drop(f"StreamRelayRole|{LEAST}|2"), drop(f"EvidenceSealRole|{LEAST}|2")),
    ],
    "roles_can_only_be_taken_by_their_service": [
        put("PurgeRole|AssumeRolePolicyDocument|Statement|0|Principal", {"AWS": "*"}),
        drop("PurgeScheduleRole|AssumeRolePolicyDocument|Statement|0|Condition"),
    ],
    "mail_leaves_only_under_the_senders_address": [
        allow("PurgeRole", ["ses:SendEmail"], "*"),
    ],
    "what_becomes_of_a_mail_comes_back_to_the_function_that_takes_it": [
        drop("ClockWatch|Environment|Variables|CONFIGURATION_SET"),
        put("MailEventsDestination|EventDestination|Enabled", False),
        put("MailEventsDestination|EventDestination|MatchingEventTypes", ["bounce", "complaint"]),
        put("MailEventsDestination|EventDestination|SnsDestination|TopicARN", "arn:aws:sns:eu-west-1:000000000000:else"),
        drop("MailTopic|KmsMasterKeyId"),
        put("MailTopicPolicy|PolicyDocument|Statement|0|Principal", {"Service": "sns.amazonaws.com"}),
        drop("MailTopicPolicy|PolicyDocument|Statement|0|Condition"),
        put("MailTopicPolicy|PolicyDocument|Statement|0|Effect", "Deny"),
        put("MailSubscription|RawMessageDelivery", False),
        put("MailSubscription|Endpoint", {"Fn::GetAtt": ["PurgeFailuresQueue", "Arn"]}),
        drop("MailSubscription|RedrivePolicy"),
        drop("MailQueuePolicy|PolicyDocument|Statement|0|Condition"),
        put("MailQueuePolicy|PolicyDocument|Statement|0|Effect", "Deny"),
    ],
    "what_a_rule_picks_reaches_a_queue_that_a_function_reads_and_is_not_lost": [
        drop("GuardDutyFindings|EventPattern|detail-type"),
        put("MacieFindings|State", "DISABLED"),
        put("SecurityHubFindings|Targets|0|Arn", {"Fn::GetAtt": ["PurgeFailuresQueue", "Arn"]}),
        drop("OwnDetectorSignals|Targets|0|DeadLetterConfig"),
        drop("BreachQueuePolicy|PolicyDocument|Statement|0|Condition|ArnEquals|aws:SourceArn|3"),
        put("BreachQueuePolicy|Queues", [{"Ref": "BreachQueue"}]),
        put("BreachQueuePolicy|PolicyDocument|Statement|0|Principal", {"Service": "sns.amazonaws.com"}),
        drop("StorageKey|KeyPolicy|Statement|3|Condition"),
    ],
    "no_resource_policy_lets_strangers_in": [
        put("AlarmTopicPolicy|PolicyDocument|Statement|0|Principal", "*"),
        drop("StorageKey|KeyPolicy|Statement|1|Condition"),
        put("ExportsBucketPolicy|PolicyDocument|Statement|0|Effect", "Allow"),
    ],
    "what_holds_data_outlives_the_stack": [
        attribute("EvidenceBucket", "DeletionPolicy", "Delete"),
        attribute("Table", "UpdateReplacePolicy", "Delete"),
        attribute("ControllerKey", "DeletionPolicy", "Delete"),
    ],
    "the_event_table_streams_expires_recovers_and_is_encrypted": [
        put("Table|StreamSpecification|StreamViewType", "NEW_IMAGE"),
        put("Table|TimeToLiveSpecification|AttributeName", "due_at"),
        drop("Table|PointInTimeRecoverySpecification"),
        put("Table|PointInTimeRecoverySpecification|RecoveryPeriodInDays", 35),
        drop("Table|SSESpecification"),
        put("Table|DeletionProtectionEnabled", False),
        put("Table|BillingMode", "PROVISIONED"),
    ],
    "the_indexes_are_sparse_and_hold_nothing_sealed": [
        put("Table|GlobalSecondaryIndexes|0|Projection", {"ProjectionType": "ALL"}),
        put("Table|GlobalSecondaryIndexes|1|Projection|NonKeyAttributes", ["request", "who"]),
        drop("Table|GlobalSecondaryIndexes|1"),
        put("Table|AttributeDefinitions|3|AttributeType", "S"),
    ],
    "a_key_that_was_destroyed_can_not_come_back": [
        put("KeyTable|PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": True}),
        put("KeyTable|PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False}),
        put("KeyTable|StreamSpecification", {"StreamViewType": "NEW_IMAGE"}),
        put("KeyTable|DeletionProtectionEnabled", False),
        drop("KeyTable|SSESpecification"),
        drop("KeyTable|ResourcePolicy"),
        put("KeyTable|ResourcePolicy|PolicyDocument|Statement|0|Action", ["dynamodb:CreateBackup"]),
        put("KeyTable|ResourcePolicy|PolicyDocument|Statement|0|Action", [*gates.COPIES, "dynamodb:RestoreTableFromBackup"]),
        put("KeyTable|ResourcePolicy|PolicyDocument|Statement|0|Condition", {"Bool": {"aws:ViaAWSService": "false"}}),
    ],
    "every_bucket_is_private_encrypted_and_refuses_plain_connections": [
        put("RecordsBucket|PublicAccessBlockConfiguration|BlockPublicPolicy", False),
        drop("RecordsBucket|BucketEncryption"),
        remove("RecordsBucketPolicy"),
    ],
    "evidence_is_written_once": [
        drop("EvidenceBucket|ObjectLockConfiguration"),
        put("EvidenceBucket|ObjectLockEnabled", False),
        put("EvidenceBucket|ObjectLockConfiguration|Rule|DefaultRetention|Days", 36500),
        drop("EvidenceBucket|VersioningConfiguration"),
        drop("EvidenceBucketPolicy|PolicyDocument|Statement|1"),
    ],
    "copies_of_personal_data_expire": [
        drop("ExportsBucket|LifecycleConfiguration"),
        put("ExportsBucket|LifecycleConfiguration|Rules|0|Status", "Disabled"),
        put("ExportsBucket|LifecycleConfiguration|Rules|0|Prefix", "old/"),
        drop("SystemDataBucket|LifecycleConfiguration"),
        put("FailuresBucket|LifecycleConfiguration|Rules|0|ExpirationInDays", 365),
        put("ExportsBucket|VersioningConfiguration", {"Status": "Enabled"}),
    ],
    "the_controllers_key_serves_this_stacks_roles_alone": [
        drop("ControllerKey|KeyPolicy|Statement|1|Condition"),
        put("ControllerKey|KeyPolicy|Statement|0|Action", ["kms:Decrypt"]),
        put("StorageKey|EnableKeyRotation", False),
        put("ControllerKey|PendingWindowInDays", 7),
    ],
    "the_routes_are_exactly_those_of_the_list": [
        lambda plain: plain["Resources"]["Api"]["Properties"]["Body"]["paths"].update({"/debug": {"get": {}}}),
        lambda plain: plain["Resources"]["Api"]["Properties"]["Body"]["paths"].pop("/{controller}/v1/alerts"),
    ],
    "staff_routes_ask_for_a_token_and_a_scope_and_public_ones_for_none": [
        operation("/{controller}/v1/breaches", "post", lambda o: o.pop("security")),
        operation("/{controller}/v1/breaches", "post", lambda o: o.update(security=[{"Staff": []}])),
        operation("/{controller}/v1/breaches", "post", lambda o: o.update(security=[{"Staff": ["holds:write"]}])),
        operation("/{controller}/v1/consents", "post", lambda o: o.update(security=[{"Staff": ["breach:write"]}])),
        put("Api|Body|components|securitySchemes|Staff|x-amazon-apigateway-authorizer|jwtConfiguration|audience", ["any"]),
        put("Api|Body|components|securitySchemes|Staff|x-amazon-apigateway-authorizer|identitySource", "$request.querystring.t"),
        add("Around", "AWS::Lambda::Url", AuthType="NONE"),
    ],
    "what_anybody_may_write_to_has_a_tighter_limit": [
        drop(f"{STAGE}|DefaultRouteSettings"),
        drop(f"{STAGE}|RouteSettings|POST {VERIFY}"),
        parameter("IntakeRate", 100),
        put(f"{STAGE}|RouteSettings|POST /misspelt", {"ThrottlingRateLimit": 1}),
    ],
    "access_logs_say_nothing_about_the_caller": [
        drop(f"{STAGE}|AccessLogSettings"),
        put(f"{STAGE}|AccessLogSettings|Format", '{"ip":"$context.identity.sourceIp"}'),
        put(f"{STAGE}|AccessLogSettings|Format", '{"path":"$context.path"}'),
        put(f"{STAGE}|AccessLogSettings|Format", '{"who":"$context.authorizer.claims.sub"}'),
    ],
    "only_pages_that_the_operator_names_may_send_forms": [
        put(f"{ORIGINS}allowOrigins", ["*"]),
        put(f"{ORIGINS}allowCredentials", True),
        put(f"{ORIGINS}allowHeaders", ["*"]),
        put(f"{ORIGINS}exposeHeaders", ["etag", "location", "retry-after"]),
    ],
    "the_default_endpoint_can_be_closed": [
        drop("Api|Body|servers"),
    ],
    "every_alarm_measures_something_that_exists_and_reaches_the_topic": [
        put("PurgeBehind|Namespace", "habeas"),
        put("PurgeBehind|Dimensions", []),
        put("FulfilDeadLetters|Dimensions|0|Name", "Queue"),
        put("FulfilDeadLetters|Dimensions|0|Value", "FulfilDeadLetterQueue"),
        put("PurgeErrors|Dimensions|0|Value", {"Fn::GetAtt": ["PurgeQueue", "QueueName"]}),
        drop("PurgeErrors|AlarmActions"),
        put("PurgeSilent|TreatMissingData", "notBreaching"),
    ],
    "nothing_fails_without_an_alarm": [
        remove(name)
        for name in (
            "FulfilDeadLetters", "NoticeDeadLetters", "ClockFailures", "BreachQueueOld", "RelayBehind", "RelayGaveUp", "RelayLost", "PurgeBehind",
            "DeadlineAtRisk", "DeadlineMissed", "PurgeSilent", "ClockWatchErrors", "ApiErrors", "OfficeMailFailed",
            "MailBounced", "MailComplained", "MailRejected",
        )
    ],
    "every_alarm_has_its_page_in_the_runbook": [
        drop("PurgeErrors|AlarmDescription"),
        put("PurgeErrors|AlarmDescription", "RUNBOOK 'Look around' - it failed."),
        put("PurgeErrors|AlarmDescription", "RUNBOOK 'Dead letters' - it failed."),
    ],
    "the_guide_names_every_parameter_and_every_scope": [
        lambda plain: plain["Parameters"].update(Purge={"Type": "String"}),
    ],
    "the_reference_names_every_route": [
        lambda plain: plain["Resources"]["Api"]["Properties"]["Body"]["paths"].update({"/{controller}/v1/debug": {"get": {}}}),
    ],
    "two_stacks_live_side_by_side": [
        put("Table|TableName", "habeas"),
        put("Purge|FunctionName", "purge"),
    ],
    "the_outputs_name_what_operators_and_tests_reach_for": [
        lambda plain: plain["Outputs"].pop("FulfilDeadLetterQueueUrl"),
        lambda plain: plain["Outputs"].pop("KeyTable"),
    ],
}


def with_names(cls):
    """One test for each gate and each edit, so that a failure says which."""
    for check in gates.GATES:
        def passes(self, check=check):
            self.assertEqual(list(check(PLAIN, CONTRACT)), [])

        setattr(cls, f"test_the_template_keeps_{check.__name__}", passes)
        for number, edit in enumerate(BREAKS.get(check.__name__, []), 1):
            def fails(self, check=check, edit=edit):
                broken = copy.deepcopy(PLAIN)
                edit(broken)
                self.assertTrue(list(check(broken, CONTRACT)), "the gate didn't notice")

            setattr(cls, f"test_a_break_is_noticed_by_{check.__name__}_{number}", fails)
    return cls


@with_names
class Gates(unittest.TestCase):
    def test_every_gate_is_shown_to_fail(self):
        self.assertEqual(sorted(BREAKS), sorted(check.__name__ for check in gates.GATES))


class Tools(unittest.TestCase):
    def test_a_new_policy_alone_moves_every_alias(self):
        self.assertEqual(unmoved(TEXT), [])

    def test_a_layer_that_publishes_nothing_is_noticed(self):
        self.assertEqual(len(unmoved(TEXT.replace("PublishLambdaVersion: true", "PublishLambdaVersion: false"))), len(CONTRACT.functions))

    def test_cfn_lint_finds_nothing(self):
        self.assertEqual(lint(PLAIN), [])

    def test_cfn_lint_is_really_asked(self):
        broken = copy.deepcopy(PLAIN)
        put("Purge|Environment|Variables|TABLE", {"Ref": "NoSuchTable"})(broken)
        self.assertTrue(lint(broken))

    def test_what_sam_refuses_is_refused(self):
        with self.assertRaises(Refused):
            expand(TEXT.replace("Authorizer: Staff", "Authorizer: Nobody"))


if __name__ == "__main__":
    unittest.main()
