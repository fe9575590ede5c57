"""Gap ``iam_conditions``: what policy conditions are told about the caller, the connection and the mail."""

from __future__ import annotations

import json

from support import ATTEMPT, REGION, Account

KEYS = ATTEMPT + """
def handle(event):
    kms = boto3.client("kms")
    return {name: attempt(kms.generate_data_key, KeyId=key, KeySpec="AES_256") for name, key in event.items()}
"""
STORE = ATTEMPT + """
def handle(event):
    return {
        "queue": attempt(boto3.client("sqs").send_message, QueueUrl=event["queue"], MessageBody="m"),
        "bucket": attempt(boto3.client("s3").put_object, Bucket=event["bucket"], Key="k", Body=b"b"),
    }
"""
SEND = ATTEMPT + """
def handle(event):
    return {sender: attempt(
        boto3.client("sesv2").send_email, FromEmailAddress=sender, Destination={"ToAddresses": ["ada@example.net"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}) for sender in event}
"""


def _invoke(account: Account, name: str, event: object) -> dict:
    answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read())


def _key_for(account: Account, principal: str) -> str:
    """A key that the account's roles of that name may use."""
    root = f"arn:aws:iam::{account.id}:root"
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:DescribeKey", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:GenerateDataKey", "Resource": "*",
         "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{account.id}:role/{principal}"}}},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return account.client("kms").create_key(Policy=policy)["KeyMetadata"]["KeyId"]


def test_the_principal_of_a_session_is_its_role(enforced: Account) -> None:
    wishes = {"own": _key_for(enforced, "stack-*"), "path": _key_for(enforced, "staff/stack-*"),
              "other": _key_for(enforced, "elsewhere-*")}
    allowed = ("kms:GenerateDataKey", f"arn:aws:kms:{REGION}:{enforced.id}:key/*")
    enforced.function("plain", KEYS, role=enforced.role("stack-plain", allowed), flags="-I")
    enforced.function("in-path", KEYS, role=enforced.role("stack-in-path", allowed, path="/staff/"), flags="-I")
    refused = "AccessDeniedException"
    assert _invoke(enforced, "plain", wishes) == {"own": "allowed", "path": refused, "other": refused}
    assert _invoke(enforced, "in-path", wishes) == {"own": refused, "path": "allowed", "other": refused}


def test_a_call_counts_as_made_over_tls(enforced: Account) -> None:
    def deny_if(secure: str, action: str, resource: str) -> str:
        deny = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
                "Condition": {"Bool": {"aws:SecureTransport": secure}}}
        return json.dumps({"Version": "2012-10-17", "Statement": [deny]})

    role = enforced.role("store", ("sqs:SendMessage", "*"), ("s3:PutObject", "*"))
    enforced.function("store", STORE, role=role, flags="-I")
    url, _ = enforced.queue("work", Policy=deny_if("false", "sqs:SendMessage", "*"))
    bucket = f"store-{enforced.id}"
    s3 = enforced.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket=bucket, Policy=deny_if("false", "s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    event = {"queue": url, "bucket": bucket}
    assert _invoke(enforced, "store", event) == {"queue": "allowed", "bucket": "allowed"}

    enforced.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": deny_if("true", "sqs:SendMessage", "*")})
    assert _invoke(enforced, "store", event)["queue"] == "AccessDenied", "the policy is looked at"


def test_mail_is_sent_from_the_address_in_the_condition(enforced: Account) -> None:
    enforced.client("sesv2").create_email_identity(EmailIdentity="example.com")
    role = enforced.role("mailer", ("ses:SendEmail", f"arn:aws:ses:{REGION}:{enforced.id}:identity/example.com"),
                         condition={"StringEquals": {"ses:FromAddress": "dpo@example.com"}})
    enforced.function("mailer", SEND, role=role, flags="-I")
    senders = ["dpo@example.com", "Officer <dpo@example.com>", "ceo@example.com"]
    assert list(_invoke(enforced, "mailer", senders).values()) == ["allowed", "allowed", "AccessDeniedException"]
