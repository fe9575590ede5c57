//! Each function with all of its parsers, from the payload on, on ports in memory.
//!
//! The first byte of an input says what the rest is: 0, a whole payload; otherwise what stands inside the payload of
//! the case of that number: the body of a request or message, the change in a stream's record, a schedule's input.

use std::{collections::BTreeSet, future::Future, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::Memory;

use crate::{MARKER, Target, says_nothing_of_it, seeds, watch};

/// Longest answer to an input of a few kilobytes: nothing it says may grow out of proportion.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Longest reason that travels with a message that can never be done.
const REASON_BYTES_MAX: usize = edge::queue::REASON_BYTES_MAX;

static POLICIES: LazyLock<PolicyBook> = LazyLock::new(|| {
    let files = seeds::files("infra/policies", "toml").into_iter();
    let own = files.filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("policies")));
    PolicyBook::new(
        own.map(|(_, text)| policy::parse("policy", std::str::from_utf8(&text).unwrap(), None).unwrap().policy),
    )
});

const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };

/// Where the part of a payload lies that the inside of an input replaces.
fn inside(payload: &Value) -> Option<Vec<u8>> {
    if payload.get("requestContext").is_some() {
        let body = payload["body"].as_str()?;
        let bytes = if payload["isBase64Encoded"] == true { STANDARD.decode(body).ok()? } else { body.into() };
        return Some(bytes);
    }
    match payload["Records"].get(0) {
        Some(record) if record["eventSource"] == "aws:sqs" => Some(record["body"].as_str()?.into()),
        Some(record) => Some(record["dynamodb"].to_string().into_bytes()),
        None => Some(payload.to_string().into_bytes()),
    }
}

/// The payload with something else inside.
fn with_inside(mut payload: Value, inside: &[u8]) -> Option<Value> {
    if payload.get("requestContext").is_some() {
        payload["body"] = json!(STANDARD.encode(inside));
        payload["isBase64Encoded"] = json!(true);
        return Some(payload);
    }
    let inside = std::str::from_utf8(inside).ok()?;
    match payload["Records"].get_mut(0) {
        Some(record) if record["eventSource"] == "aws:sqs" => record["body"] = json!(inside),
        Some(record) => record["dynamodb"] = serde_json::from_str(inside).ok()?,
        None => return serde_json::from_str(inside).ok(),
    }
    Some(payload)
}

fn seeds_of(payloads: &[Value]) -> Vec<Vec<u8>> {
    let whole = payloads.iter().map(|payload| [&[0], payload.to_string().as_bytes()].concat());
    let insides = payloads.iter().zip(1_u8..).filter_map(|(payload, number)| {
        let inside = inside(payload)?;
        Some([vec![number], inside].concat())
    });
    whole.chain(insides).collect()
}

/// The text that a function is given for an input.
fn payload(payloads: &[Value], bytes: &[u8]) -> Option<String> {
    let (number, rest) = bytes.split_first()?;
    match usize::from(*number).checked_sub(1) {
        None => std::str::from_utf8(rest).ok().map(str::to_owned),
        Some(case) => Some(with_inside(payloads[case % payloads.len()].clone(), rest)?.to_string()),
    }
}

/// Names that the service behind the function gave out, and that lines of the log and answers may hold.
fn names(payload: &Value) -> BTreeSet<&str> {
    let context = &payload["requestContext"];
    let records = payload["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_records = records.iter().flat_map(|record| {
        [&record["messageId"], &record["dynamodb"]["SequenceNumber"], &record["eventID"], &record["eventSourceARN"]]
    });
    of_records.chain([&context["requestId"]]).filter_map(Value::as_str).collect()
}

fn run<H, F>(payloads: &[Value], bytes: &[u8], memory: &Memory, handler: H)
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let Some(payload) = payload(payloads, bytes) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (outcome, lines) = watch::logged(|| runtime.block_on(answer(&payload, GUARD, handler)));
    let sent: Option<Value> = serde_json::from_str(&payload).ok();
    let names = sent.as_ref().map(names);
    // A line may hold them, so nothing can be told of it where they are odd.
    let is_odd = |name: &&str| name.contains(MARKER) || name.contains(char::is_control);
    let is_telling = names.as_ref().is_some_and(|names| !names.iter().any(is_odd));
    for line in &lines {
        assert!(!line.contains("panicked"), "{line}");
        assert!(!is_telling || !line.contains(MARKER), "the log repeats what was sent: {line}");
        assert!(!is_telling || !line.contains(char::is_control), "a line of the log is not one line: {line:?}");
    }
    match outcome {
        Ok(reply) => judge_reply(&serde_json::to_value(&reply).unwrap(), names.as_ref()),
        Err(error) => {
            assert_ne!(error.name(), "Habeas.Panicked");
            says_nothing_of_it(&error.to_string());
        }
    }
    for (_, reason) in memory.buried().into_iter().chain(memory.buried_outcomes()) {
        says_nothing_of_it(&reason);
        assert!(reason.len() <= REASON_BYTES_MAX && !reason.contains(char::is_control), "{reason:?}");
    }
    for mail in memory.sent() {
        for line in [mail.subject.as_str(), mail.to.disclose(), mail.unsubscribe.as_deref().unwrap_or_default()] {
            assert!(!line.contains(char::is_control), "a header of a mail is not one line: {line:?}");
        }
    }
}

/// Judges an answer; `names` is `None` where only a part of the payload is JSON, as a stream's record may be.
fn judge_reply(reply: &Value, names: Option<&BTreeSet<&str>>) {
    let text = reply.to_string();
    assert!(text.len() <= ANSWER_BYTES_MAX, "an answer of {} bytes", text.len());
    if let (Some(failures), Some(names)) = (reply["batchItemFailures"].as_array(), names) {
        let strangers = failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str());
        let strangers: Vec<_> = strangers.filter(|id| !names.contains(id)).collect();
        assert!(strangers.is_empty(), "nobody sent {strangers:?}");
    }
    let Some(status) = reply["statusCode"].as_u64() else { return };
    assert!((200..500).contains(&status), "{text}");
    if status >= 400 {
        says_nothing_of_it(&text);
    }
    let headers = reply["headers"].as_object().into_iter().flatten();
    for (name, value) in headers {
        let value = value.as_str().unwrap();
        assert!(!value.contains(char::is_control), "a header is not one line: {name}: {value:?}");
        let is_page = name.eq_ignore_ascii_case("content-type") && value.starts_with("text/html");
        let body = reply["body"].as_str().unwrap_or_default();
        // What the blows insert, which a page may show and not obey.
        let is_live = ["<script>zqx7", "<zqx7", "\">zqx7"].iter().any(|scrap| body.contains(scrap));
        assert!(!is_page || !is_live, "a page obeys what was sent: {body}");
    }
}

fn pages() -> AllowedPages {
    AllowedPages::parse("http://127.0.0.1:8787/thanks.html").unwrap()
}

fn policies() -> PolicyBook {
    POLICIES.clone()
}

macro_rules! function {
    ($target:ident, $module:ident, $name:literal, $handle:path, $desk:expr, $ports:ident => $memory:expr) => {
        mod $module {
            use super::*;

            static PAYLOADS: LazyLock<Vec<Value>> = LazyLock::new(|| seeds::payloads($name));

            pub(super) fn judge(bytes: &[u8]) {
                let desk = $desk;
                let $ports = &desk;
                run(&PAYLOADS, bytes, $memory, |event| $handle(&desk, event));
            }

            pub(super) fn seeds() -> Vec<Vec<u8>> {
                seeds_of(&PAYLOADS)
            }
        }
        pub(crate) const $target: Target = Target { name: $name, judge: $module::judge, seeds: $module::seeds };
    };
}

function!(
    CONSENT_CAPTURE,
    consents,
    "consent-capture",
    consent_capture::handle,
    consent_capture::Site { ports: Memory::new(), policies: policies(), pages: pages() },
    desk => &desk.ports
);
function!(
    DSAR_INTAKE,
    intake,
    "dsar-intake",
    dsar_intake::handle,
    dsar_intake::Site { ports: Memory::new(), policies: policies(), pages: pages() },
    desk => &desk.ports
);
function!(
    DSAR_OFFICE,
    office,
    "dsar-office",
    dsar_office::handle,
    dsar_office::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    DSAR_FULFIL,
    fulfilment,
    "dsar-fulfil",
    dsar_fulfil::handle,
    dsar_fulfil::Desk { ports: Memory::new(), policies: policies(), public_url: "https://privacy.example".into() },
    desk => &desk.ports
);
function!(
    BREACH_NOTIFY,
    breaches,
    "breach-notify",
    breach_notify::handle,
    breach_notify::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    PURGE,
    purges,
    "purge",
    purge::handle,
    purge::Desk { ports: Memory::new(), policies: policies(), guard: GUARD, limits: domain::purge::Limits::default() },
    desk => &desk.ports
);
function!(
    RETENTION_TRACK,
    retention,
    "retention-track",
    retention_track::handle,
    retention_track::Desk { ports: Memory::new(), policies: policies(), guard: GUARD },
    desk => &desk.ports
);
function!(
    STREAM_RELAY,
    relay,
    "stream-relay",
    stream_relay::handle,
    Memory::new(),
    memory => memory
);
function!(
    CLOCK_WATCH,
    clocks,
    "clock-watch",
    clock_watch::handle,
    clock_watch::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    DISCLOSURE_LOG,
    disclosures,
    "disclosure-log",
    disclosure_log::handle,
    disclosure_log::Desk { ports: Memory::new(), policies: policies(), guard: GUARD },
    desk => &desk.ports
);
function!(
    NOTICE_CHANGE,
    notices,
    "notice-change",
    notice_change::handle,
    notice_change::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    MAIL_EVENTS,
    mails,
    "mail-events",
    mail_events::handle,
    mail_events::Desk { ports: Memory::new(), policies: policies(), guard: GUARD },
    desk => &desk.ports
);
function!(
    SECURITY_ATTEST,
    attestations,
    "security-attest",
    security_attest::handle,
    security_attest::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    EVIDENCE_SEAL,
    seal,
    "evidence-seal",
    evidence_seal::handle,
    evidence_seal::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    SYSTEM_TASKS,
    tasks,
    "system-tasks",
    system_tasks::handle,
    system_tasks::Desk {
        ports: Memory::new(),
        policies: policies(),
        public_url: "https://privacy.example".into(),
        outcome_queue: "arn:aws:sqs:eu-west-1:000000000000:habeas-outcomes".into(),
        pace: domain::system::Pace::PRODUCTION,
    },
    desk => &desk.ports
);
