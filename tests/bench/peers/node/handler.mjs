// Consent capture as one would write it in Node: the AWS SDK for JavaScript v3 and node:crypto. A peer for the benchmark.
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

const BODY_BYTES_MAX = 64 * 1024;
const IDENTIFIER_CHARS_MAX = 320;
const BEARER_CHARS_MIN = 16;
const FIELDS_MAX = 100;
const TOKEN_LIFE_SECONDS = 365 * 24 * 3600;

const FIELDS = new Set(["subject", "purposes", "notice", "language", "method", "age", "country", "guardian", "nonce"]);
const KINDS = new Set(["mail", "phone", "account", "cookie", "device", "ip", "session"]);
const BEARER_KINDS = new Set(["cookie", "device"]);
const CHOICES = new Set(["given", "refused", "withdrawn"]);
const MAIL = /^[^\s@<>,;"]+@[^\s@<>,;".][^\s@<>,;"]*\.[^\s@<>,;".]+$/;
const LABEL = /^[ -~]{0,128}$/;

const { TABLE, CONTROLLER_KEY } = process.env;
const policyText = readFileSync(new URL("../policies.json", import.meta.url));
const policies = new Map(Object.entries(JSON.parse(policyText)));
const policyHash = createHash("sha256").update(policyText).digest("hex");
// In place of a key that KMS wraps: 32 bytes in base64. One use, one key.
const mac = (key, data) => createHmac("sha256", key).update(data).digest();
const secret = Buffer.from(CONTROLLER_KEY, "base64");
const [pepper, tokens, fieldsKey] = ["pepper", "tokens", "fields"].map((label) => mac(secret, label));

const dynamodb = new DynamoDBClient({});

/** What the client is told, with nothing in it that the client sent. */
class Refused extends Error {
  constructor(status, kind, title) {
    super(kind);
    Object.assign(this, { status, kind, title });
  }
}

const invalid = (what) => new Refused(422, "invalid-value", `The form's ${what} is not valid`);
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** A keyed hash of parts, 128 bits of it. */
function derive(label, ...parts) {
  const hash = createHmac("sha256", pepper).update(label);
  for (const part of parts) {
    const data = Buffer.from(part);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(data.length));
    hash.update(length).update(data);
  }
  return hash.digest().subarray(0, 16).toString("base64url");
}

/** Seals a field under a key of the subject's own: nonce, then ciphertext with its tag. */
function seal(place, subject, text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", mac(fieldsKey, subject), nonce).setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
}

function formOf(body, headers) {
  if (body.length > BODY_BYTES_MAX) throw new Refused(413, "too-large", "The body is too large");
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw invalid("text");
  }
  const kind = (headers["content-type"] ?? "").split(";")[0].trim().toLowerCase();
  if (kind === "application/json") {
    let form;
    try {
      form = JSON.parse(text);
    } catch {
      throw new Refused(400, "malformed-json", "The body is no JSON");
    }
    if (!isObject(form)) throw invalid("shape");
    return form;
  }
  if (kind !== "application/x-www-form-urlencoded") throw new Refused(415, "unsupported-media-type", "Send JSON or a form");
  const pairs = [...new URLSearchParams(text)];
  const flat = new Map(pairs);
  if (flat.size !== pairs.length || pairs.length > FIELDS_MAX) throw invalid("list of fields");
  const take = (name) => {
    const value = flat.get(name);
    flat.delete(name);
    return value;
  };
  const form = { subject: { kind: take("subject_kind") ?? "mail", value: take("subject") ?? "" } };
  form.purposes = Object.fromEntries(
    pairs.filter(([name]) => name.startsWith("purpose.")).map(([name]) => [name.slice("purpose.".length), take(name)]),
  );
  const [guardian, age] = [take("guardian_mail"), take("age")];
  if (guardian !== undefined) form.guardian = { mail: guardian };
  if (age !== undefined) {
    if (!/^\d{1,3}$/.test(age)) throw invalid("age");
    form.age = Number(age);
  }
  return { ...Object.fromEntries(flat), ...form };
}

function identifier(kind, given) {
  if (!KINDS.has(kind) || typeof given !== "string") throw invalid("subject");
  const value = given.trim();
  if (value === "" || value.length > IDENTIFIER_CHARS_MAX || /[\x00-\x1f\x7f]/.test(value)) throw invalid("subject");
  if (kind === "mail") {
    if (!MAIL.test(value)) throw invalid("mail address");
    return value.toLowerCase();
  }
  if (BEARER_KINDS.has(kind) && value.length < BEARER_CHARS_MIN) throw invalid("subject");
  return value;
}

function label(form, name, otherwise = "") {
  const text = form[name] || otherwise;
  if (typeof text !== "string" || !LABEL.test(text)) throw invalid(name);
  return text;
}

/** Checks the choices against the policy; answers the guardian's address, if one must agree. */
function check(policy, form) {
  const { purposes, age, guardian } = form;
  if (age !== undefined && (!Number.isInteger(age) || age < 0 || age > 255)) throw invalid("age");
  const count = isObject(purposes) ? Object.keys(purposes).length : 0;
  if (count < 1 || count > 50) throw new Refused(422, "no-choice", "The form holds no choice, or too many");
  for (const [purpose, choice] of Object.entries(purposes)) {
    if (!Object.hasOwn(policy.purposes, purpose)) throw new Refused(422, "unknown-purpose", "The policy names no such purpose");
    if (policy.purposes[purpose] !== "consent") {
      throw new Refused(422, "not-by-consent", "The purpose does not rest on consent");
    }
    if (!CHOICES.has(choice)) throw invalid("choice");
  }
  if (!Object.values(purposes).includes("given")) return undefined;
  if (!policy.notices.includes(form.notice)) {
    throw new Refused(422, "notice-not-shown", "The form does not name a notice that the policy accepts");
  }
  const limit = policy.guardian_below;
  if (limit === undefined) return undefined;
  if (age === undefined) throw new Refused(422, "age-missing", "The form does not say the age");
  if (age >= limit) return undefined;
  if (!isObject(guardian) || Object.keys(guardian).join() !== "mail") {
    throw new Refused(403, "guardian-needed", "A guardian must agree");
  }
  return identifier("mail", guardian.mail);
}

function token(controller, subject, scope, record, atMillis) {
  const body = `1~${scope}~${subject}~${record}~${Math.floor(atMillis / 1000) + TOKEN_LIFE_SECONDS}`;
  return `${body}~${mac(tokens, `${controller}~${body}`).toString("hex")}`;
}

/** One conditional write; answers the item that stands there already, if one does. */
async function putNew(item) {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: TABLE,
        Item: item,
        ConditionExpression: "attribute_not_exists(pk)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return undefined;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return error.Item;
    throw error;
  }
}

async function capture(event) {
  const context = event.requestContext;
  const controller = event.pathParameters?.controller ?? "";
  const policy = policies.get(controller);
  if (!policy) throw new Refused(404, "unknown-controller", "No such controller is served here");
  if (context.http.method !== "POST") throw new Refused(405, "method-not-allowed", "Use POST");
  const headers = Object.fromEntries(Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const form = formOf(Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8"), headers);
  const subjectForm = form.subject;
  if (Object.keys(form).some((name) => !FIELDS.has(name)) || !isObject(subjectForm)) throw invalid("list of fields");
  if (Object.keys(subjectForm).sort().join() !== "kind,value") throw invalid("subject");

  const { kind } = subjectForm;
  const who = identifier(kind, subjectForm.value);
  const guardian = check(policy, form);
  if (guardian !== undefined && guardian === who) {
    throw new Refused(422, "guardian-is-subject", "The guardian is the person themselves");
  }
  const [notice, language, method] = [label(form, "notice"), label(form, "language", "en"), label(form, "method", "form")];
  const key = headers["idempotency-key"] || label(form, "nonce") || context.requestId;
  const gpc = (headers["sec-gpc"] ?? "").split(",").some((part) => part.trim() === "1");

  const names = Object.keys(form.purposes).sort();
  const subject = `1.${derive("subject", kind, who)}`;
  const record = derive("capture", subject, names.join(), key);
  const said = names.map((name) => `${name}=${form.purposes[name]}`).join();
  const guardianId = guardian && derive("guardian", guardian);
  const carried = [said, notice, language, method, gpc ? "1" : "0", ...(guardian ? [guardianId] : [])];
  const fingerprint = derive("fingerprint", ...carried);

  const [pk, sk] = [`C#${controller}#S#${subject}`, `CONSENT#${record}`];
  const item = {
    pk: { S: pk },
    sk: { S: sk },
    v: { N: "1" },
    kind: { S: "consent" },
    at: { N: String(context.timeEpoch) },
    choices: { M: Object.fromEntries(names.map((name) => [name, { S: form.purposes[name] }])) },
    notice: { S: notice },
    language: { S: language },
    method: { S: method },
    policy: { S: policyHash },
    fingerprint: { S: fingerprint },
    salt: { B: randomBytes(16) },
  };
  if (gpc) item.gpc = { BOOL: true };
  if (guardian) {
    item.guardian = { S: guardianId };
    item.guardian_contact = { B: seal(`${pk}|${sk}|v1`, subject, guardian) };
  }
  const standing = await putNew(item);
  if (standing && standing.fingerprint.S !== fingerprint) {
    throw new Refused(422, "idempotency-key-reused", "This key was used for another form");
  }
  const at = standing ? Number(standing.at.N) : context.timeEpoch;

  const bearer = BEARER_KINDS.has(kind);
  const receipt = {
    v: 1,
    record_id: record,
    controller,
    event_time: new Date(at).toISOString(),
    purposes: form.purposes,
    privacy_notice: notice,
    language,
    method,
    sec_gpc: gpc ? "1" : "0-absent",
    policy: policyHash,
    withdrawal_method: `POST /${controller}/v1/consents with "withdrawn"`,
    token: token(controller, subject, bearer ? "subject" : "capture", bearer ? "" : record, at),
  };
  return answer(standing ? 200 : guardian ? 202 : 201, "application/json", receipt);
}

const answer = (statusCode, contentType, body) => ({
  statusCode,
  headers: { "content-type": contentType, "cache-control": "no-store", "x-content-type-options": "nosniff" },
  body: JSON.stringify(body),
  isBase64Encoded: false,
});

/** Answers one event of an HTTP API (payload 2.0). */
export async function handle(event) {
  try {
    return await capture(event);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, kind, title } = error;
    return answer(status, "application/problem+json", { type: `urn:habeas:problem:${kind}`, title, status });
  }
}
