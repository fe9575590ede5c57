"""Consent capture as one would write it in Python: boto3, cryptography, awslambdaric. A peer for the benchmark."""

import base64
import hashlib
import hmac
import json
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BODY_BYTES_MAX = 64 * 1024
IDENTIFIER_CHARS_MAX = 320
BEARER_CHARS_MIN = 16
LABEL_CHARS_MAX = 128
FIELDS_MAX = 100
TOKEN_LIFE = timedelta(days=365)

FIELDS = {"subject", "purposes", "notice", "language", "method", "age", "country", "guardian", "nonce"}
KINDS = {"mail", "phone", "account", "cookie", "device", "ip", "session"}
BEARER_KINDS = {"cookie", "device"}
CHOICES = {"given", "refused", "withdrawn"}
MAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\".][^\s@<>,;\"]*\.[^\s@<>,;\".]+")
LABEL = re.compile(rf"[ -~]{{0,{LABEL_CHARS_MAX}}}")

TABLE = os.environ["TABLE"]
POLICY_TEXT = (Path(__file__).parent.parent / "policies.json").read_bytes()
POLICIES = json.loads(POLICY_TEXT)
POLICY_HASH = hashlib.sha256(POLICY_TEXT).hexdigest()
# In place of a key that KMS wraps: 32 bytes in base64. One use, one key.
SECRET = base64.b64decode(os.environ["CONTROLLER_KEY"])
PEPPER, TOKENS, FIELDS_KEY = (hmac.digest(SECRET, label, "sha256") for label in (b"pepper", b"tokens", b"fields"))

dynamodb = boto3.client("dynamodb", config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"}))


class Refused(Exception):
    """What the client is told, with nothing in it that the client sent."""

    def __init__(self, status, kind, title):
        super().__init__(kind)
        self.status, self.kind, self.title = status, kind, title


def invalid(what):
    return Refused(422, "invalid-value", f"The form's {what} is not valid")


def derive(label, *parts):
    """A keyed hash of parts, 128 bits of it."""
    mac = hmac.new(PEPPER, label.encode(), "sha256")
    for part in parts:
        data = part.encode()
        mac.update(len(data).to_bytes(8, "big"))
        mac.update(data)
    return base64.urlsafe_b64encode(mac.digest()[:16]).rstrip(b"=").decode()


def seal(place, subject, text):
    """Seals a field under a key of the subject's own: nonce, then ciphertext with its tag."""
    key = AESGCM(hmac.digest(FIELDS_KEY, subject.encode(), "sha256"))
    nonce = os.urandom(12)
    return nonce + key.encrypt(nonce, text.encode(), place.encode())


def text_of(body, headers):
    if len(body) > BODY_BYTES_MAX:
        raise Refused(413, "too-large", "The body is too large")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise invalid("text") from None
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        try:
            form = json.loads(text)
        except (ValueError, RecursionError):
            raise Refused(400, "malformed-json", "The body is no JSON") from None
        if not isinstance(form, dict):
            raise invalid("shape")
        return form
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
        except ValueError:
            raise invalid("list of fields") from None
        flat = dict(pairs)
        if len(flat) != len(pairs):
            raise invalid("list of fields")
        form = {"subject": {"kind": flat.pop("subject_kind", "mail"), "value": flat.pop("subject", "")}}
        form["purposes"] = {
            name.removeprefix("purpose."): flat.pop(name) for name in list(flat) if name.startswith("purpose.")
        }
        if "guardian_mail" in flat:
            form["guardian"] = {"mail": flat.pop("guardian_mail")}
        if "age" in flat:
            age = flat.pop("age")
            if not age.isdecimal():
                raise invalid("age")
            form["age"] = int(age)
        return {**flat, **form}
    raise Refused(415, "unsupported-media-type", "Send JSON or a form")


def identifier(kind, value):
    if kind not in KINDS or not isinstance(value, str):
        raise invalid("subject")
    value = value.strip()
    if not value or len(value) > IDENTIFIER_CHARS_MAX or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise invalid("subject")
    if kind == "mail":
        if not MAIL.fullmatch(value):
            raise invalid("mail address")
        return value.lower()
    if kind in BEARER_KINDS and len(value) < BEARER_CHARS_MIN:
        raise invalid("subject")
    return value


def label(form, name, default=""):
    text = form.get(name) or default
    if not isinstance(text, str) or not LABEL.fullmatch(text):
        raise invalid(name)
    return text


def check(policy, form):
    """Checks the choices against the policy; answers them with the guardian's address, if one must agree."""
    choices, age = form.get("purposes"), form.get("age")
    if age is not None and (not isinstance(age, int) or not 0 <= age <= 255):
        raise invalid("age")
    if not isinstance(choices, dict) or not 1 <= len(choices) <= 50:
        raise Refused(422, "no-choice", "The form holds no choice, or too many")
    for purpose, choice in choices.items():
        basis = policy["purposes"].get(purpose)
        if basis is None:
            raise Refused(422, "unknown-purpose", "The policy names no such purpose")
        if basis != "consent":
            raise Refused(422, "not-by-consent", "The purpose does not rest on consent")
        if choice not in CHOICES:
            raise invalid("choice")
    if "given" not in choices.values():
        return choices, None
    if form.get("notice") not in policy["notices"]:
        raise Refused(422, "notice-not-shown", "The form does not name a notice that the policy accepts")
    limit = policy.get("guardian_below")
    if limit is None:
        return choices, None
    if age is None:
        raise Refused(422, "age-missing", "The form does not say the age")
    if age >= limit:
        return choices, None
    guardian = form.get("guardian")
    if not isinstance(guardian, dict) or set(guardian) != {"mail"}:
        raise Refused(403, "guardian-needed", "A guardian must agree")
    return choices, identifier("mail", guardian["mail"])


def token(controller, subject, scope, record, at):
    expires = int((at + TOKEN_LIFE).timestamp())
    body = f"1~{scope}~{subject}~{record}~{expires}"
    return f"{body}~{hmac.digest(TOKENS, f'{controller}~{body}'.encode(), 'sha256').hex()}"


def put_new(item):
    """One conditional write; answers the item that stands there already, if one does."""
    try:
        dynamodb.put_item(
            TableName=TABLE,
            Item=item,
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as failed:
        return failed.response["Item"]
    return None


def capture(event):
    context = event["requestContext"]
    controller = (event.get("pathParameters") or {}).get("controller", "")
    policy = POLICIES.get(controller)
    if policy is None:
        raise Refused(404, "unknown-controller", "No such controller is served here")
    if context["http"]["method"] != "POST":
        raise Refused(405, "method-not-allowed", "Use POST")
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    try:
        raw = event.get("body") or ""
        body = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
    except ValueError:
        raise invalid("encoding") from None
    form = text_of(body, headers)
    subject_form = form.get("subject")
    if set(form) - FIELDS or not isinstance(subject_form, dict) or set(subject_form) != {"kind", "value"}:
        raise invalid("list of fields")

    kind = subject_form["kind"]
    who = identifier(kind, subject_form["value"])
    choices, guardian = check(policy, form)
    if guardian is not None and guardian == who:
        raise Refused(422, "guardian-is-subject", "The guardian is the person themselves")
    notice, language, method = label(form, "notice"), label(form, "language", "en"), label(form, "method", "form")
    key = headers.get("idempotency-key") or label(form, "nonce") or context["requestId"]
    gpc = "1" in [part.strip() for part in headers.get("sec-gpc", "").split(",")]
    at_millis = context["timeEpoch"]
    at = datetime.fromtimestamp(at_millis / 1000, timezone.utc)

    subject = f"1.{derive('subject', kind, who)}"
    record = derive("capture", subject, ",".join(sorted(choices)), key)
    said = ",".join(f"{purpose}={choices[purpose]}" for purpose in sorted(choices))
    guardian_id = derive("guardian", guardian) if guardian else None
    carried = [said, notice, language, method, str(int(gpc)), *([guardian_id] if guardian else [])]
    fingerprint = derive("fingerprint", *carried)

    pk, sk = f"C#{controller}#S#{subject}", f"CONSENT#{record}"
    item = {
        "pk": {"S": pk},
        "sk": {"S": sk},
        "v": {"N": "1"},
        "kind": {"S": "consent"},
        "at": {"N": str(at_millis)},
        "choices": {"M": {purpose: {"S": choice} for purpose, choice in choices.items()}},
        "notice": {"S": notice},
        "language": {"S": language},
        "method": {"S": method},
        "policy": {"S": POLICY_HASH},
        "fingerprint": {"S": fingerprint},
        "salt": {"B": os.urandom(16)},
    }
    if gpc:
        item["gpc"] = {"BOOL": True}
    if guardian:
        item["guardian"] = {"S": guardian_id}
        item["guardian_contact"] = {"B": seal(f"{pk}|{sk}|v1", subject, guardian)}
    standing = put_new(item)
    if standing:
        if standing["fingerprint"]["S"] != fingerprint:
            raise Refused(422, "idempotency-key-reused", "This key was used for another form")
        at = datetime.fromtimestamp(int(standing["at"]["N"]) / 1000, timezone.utc)

    bearer = kind in BEARER_KINDS
    receipt = {
        "v": 1,
        "record_id": record,
        "controller": controller,
        "event_time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "purposes": choices,
        "privacy_notice": notice,
        "language": language,
        "method": method,
        "sec_gpc": "1" if gpc else "0-absent",
        "policy": POLICY_HASH,
        "withdrawal_method": f'POST /{controller}/v1/consents with "withdrawn"',
        "token": token(controller, subject, "subject" if bearer else "capture", "" if bearer else record, at),
    }
    status = 200 if standing else 202 if guardian else 201
    return answer(status, "application/json", receipt)


def answer(status, content_type, body):
    return {
        "statusCode": status,
        "headers": {"content-type": content_type, "cache-control": "no-store", "x-content-type-options": "nosniff"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def handle(event, _context):
    """Answers one event of an HTTP API (payload 2.0)."""
    try:
        return capture(event)
    except Refused as refused:
        problem = {"type": f"urn:habeas:problem:{refused.kind}", "title": refused.title, "status": refused.status}
        return answer(refused.status, "application/problem+json", problem)
