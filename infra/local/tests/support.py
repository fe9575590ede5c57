"""What the tests share: a running emulator, an account's clients, functions, stacks and patience."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, TypeVar

import boto3
from botocore.config import Config

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
REGION = "eu-west-1"
ROLE = "arn:aws:iam::{}:role/function"
T = TypeVar("T")

BOOTSTRAP = '''#!{python} {flags}
import http.client, json, os, sys, time

def record(fact):
    with open(os.environ["RECORD"], "a") as out:
        out.write(json.dumps(fact) + "\\n")

{handler}

base = "/2018-06-01/runtime/invocation/"
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", base + "next")
    answer = api.getresponse()
    request_id = answer.getheader("Lambda-Runtime-Aws-Request-Id")
    event = json.loads(answer.read())
    try:
        kind, result = "response", handle(event)
    except Exception as problem:
        kind, result = "error", {{"errorType": "HandlerFailed", "errorMessage": str(problem)}}
    api.request("POST", base + request_id + "/" + kind, json.dumps(result))
    api.getresponse().read()
'''

ECHO = """
def handle(event):
    record(event)
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""

# For handlers that find out what their role allows. They need packages: use flags="-I".
ATTEMPT = """
import boto3

def attempt(call, **wish):
    try:
        call(**wish)
        return "allowed"
    except Exception as refusal:
        return refusal.response["Error"]["Code"]
"""


def until(probe: Callable[[], T], seconds: float = 10.0, what: str = "") -> T:
    """The first truthy value of ``probe``."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what or probe}; last seen: {value!r}")
        time.sleep(0.02)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
    """A plain HTTP request. Header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, method=method, headers=named)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as response:
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())
    except urllib.error.HTTPError as refusal:
        return Answer(refusal.code, {k.lower(): v for k, v in refusal.headers.items()}, refusal.read())


@dataclass
class Emulator:
    """A started ``python -m habeas_local``."""

    process: subprocess.Popen
    url: str
    issuer: str
    output: list[str] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def started(cls, *flags: str, env: Mapping[str, str] | None = None) -> Iterator["Emulator"]:
        surroundings = {**(env or os.environ), "PYTHONPATH": str(PACKAGE_ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-m", "habeas_local", "--port", "0", "--issuer-port", "0", *flags],
            env=surroundings, stdout=subprocess.PIPE, stderr=None, text=True)
        try:
            line = process.stdout.readline()
            ready = re.fullmatch(r"habeas_local ready api=(\S+) issuer=(\S+)\n", line)
            assert ready, f"the emulator did not start: {line!r}"
            emulator = cls(process, ready[1], ready[2])
            threading.Thread(target=lambda: emulator.output.extend(process.stdout), daemon=True).start()
            yield emulator
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def token(self, **wish: Any) -> str:
        return http("GET", f"{self.issuer}/token?{urllib.parse.urlencode(wish)}").body.decode()


@dataclass
class Account:
    """One AWS account of the emulator, with its clients and what tests make in it."""

    emulator: Emulator
    id: str
    folder: Path

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.emulator.url, region_name=REGION,
            aws_access_key_id=self.id, aws_secret_access_key="test",
            config=Config(signature_version="s3v4" if service == "s3" else None, retries={"max_attempts": 0},
                          s3={"addressing_style": "path"}, proxies={}))

    # Functions

    def records(self, name: str) -> list[Any]:
        """What a function wrote down with ``record``."""
        path = self.folder / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def function(self, name: str, handler: str = ECHO, layers: list[str] | None = None, role: str | None = None,
                 flags: str = "-IS", **variables: str) -> str:
        """Create a ``provided.al2023`` function from the text of ``handle(event)``; its ARN."""
        answer = self.client("lambda").create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=role or ROLE.format(self.id),
            Timeout=10, Code={"ZipFile": bootstrap_zip(handler, flags)}, Layers=layers or [],
            Environment={"Variables": {"RECORD": str(self.folder / f"{name}.jsonl"), **variables}})
        return answer["FunctionArn"]

    def role(self, name: str, *allowed: tuple[str, str], path: str = "/",
             condition: Mapping[str, Any] | None = None) -> str:
        """A role for functions that allows these pairs of action and resource; its ARN."""
        def policy(*statements: Mapping[str, Any]) -> str:
            allow = [{"Effect": "Allow", **statement} for statement in statements]
            return json.dumps({"Version": "2012-10-17", "Statement": allow})

        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy(
            {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}))["Role"]["Arn"]
        if allowed:
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=policy(
                *({"Action": action, "Resource": resource, "Condition": condition or {}}
                  for action, resource in allowed)))
        return arn

    # Stacks

    def artefact(self, key: str, content: bytes) -> str:
        """Upload a deployment package; the name of its bucket."""
        bucket = f"artefacts-{self.id}"
        s3 = self.client("s3")
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        return bucket

    def deploy(self, template: Mapping[str, Any], name: str = "gap") -> dict[str, str]:
        """Create or update a stack; its outputs. A stack that failed is an AssertionError."""
        cloudformation = self.client("cloudformation")
        request = {"StackName": name, "TemplateBody": json.dumps(template),
                   "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}
        try:
            cloudformation.describe_stacks(StackName=name)
            cloudformation.update_stack(**request)
        except cloudformation.exceptions.ClientError:
            cloudformation.create_stack(**request)

        def finished() -> Any:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

        stack = until(finished, 20, "the stack")
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), \
            f"{stack['StackStatus']}: {stack.get('StackStatusReason')}"
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    # Queues and tables

    def queue(self, name: str, **attributes: Any) -> tuple[str, str]:
        """Create a queue; its URL and ARN."""
        sqs = self.client("sqs")
        values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        url = sqs.create_queue(QueueName=name, Attributes=values)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{self.id}:{name}"

    def bodies(self, queue_url: str) -> list[str]:
        """The bodies of the messages visible now, without taking them."""
        answer = self.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]

    def table(self, name: str = "items", stream: bool = True, **extra: Any) -> str | None:
        """Create a table with keys ``pk`` and ``sk``; the ARN of its stream."""
        if stream:
            extra["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        attributes = extra.pop("AttributeDefinitions", [])
        answer = self.client("dynamodb").create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")] + attributes,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}], **extra)
        return answer["TableDescription"].get("LatestStreamArn")

    def put(self, sort_key: str, table: str = "items", **attributes: Any) -> None:
        self.client("dynamodb").put_item(
            TableName=table, Item={"pk": {"S": "subject"}, "sk": {"S": sort_key}, **attributes})

    def stream(self, arn: str) -> list[dict]:
        """Every record of a stream so far."""
        streams = self.client("dynamodbstreams")
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]


def zip_of(files: Mapping[str, str], mode: int = 0o755) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def bootstrap_zip(handler: str = ECHO, flags: str = "-IS") -> bytes:
    """A deployment package. The flags keep Python from looking for packages, which makes it start fast."""
    return zip_of({"bootstrap": BOOTSTRAP.format(python=sys.executable, flags=flags, handler=handler)})


def api_template(account: Account, events: Mapping[str, Any], handler: str = ECHO, **api: Any) -> dict[str, Any]:
    """A SAM template of one HTTP API and one function. ``events`` are routes of the function."""
    bucket = account.artefact("function.zip", bootstrap_zip(handler))
    routes = {name: {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Api"}, **properties}}
              for name, properties in events.items()}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Api": {"Type": "AWS::Serverless::HttpApi", "Properties": {"StageName": "$default", **api}},
            "Function": {"Type": "AWS::Serverless::Function", "Properties": {
                "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 10,
                "CodeUri": {"Bucket": bucket, "Key": "function.zip"},
                "Environment": {"Variables": {"RECORD": str(account.folder / "api.jsonl")}},
                "Events": routes}},
        },
        "Outputs": {"ApiId": {"Value": {"Ref": "Api"}}},
    }


def api_url(account: Account, outputs: Mapping[str, str]) -> str:
    return f"{account.emulator.url}/_aws/execute-api/{outputs['ApiId']}/$default"
