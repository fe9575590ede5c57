//! What detectors publish through EventBridge, as their user guides describe it: GuardDuty's findings, those of Security
//! Hub in its own format (ASFF) and in OCSF, Macie's, and a form of our own for any other detector.
//!
//! A finding names users, addresses, instances and objects. The forms take none of that: what is not read here goes no
//! further. Titles of the cloud's detectors hold such names, so a signal's title is made from the kinds and the counts.

use std::collections::BTreeMap;

use domain::{
    ids::ControllerId,
    signal::{
        FINDING_ID_BYTES_MAX, Finding, SIGNAL_COUNTS_MAX, SIGNAL_KIND_BYTES_MAX, SIGNAL_TITLE_BYTES_MAX,
        SignalSeverity, SignalSource, plain,
    },
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    form::{FormError, controller, time},
    message,
};

mod aws;

/// The source of events of a controller's own detectors.
const OWN_SOURCE: &str = "habeas.detector";

/// Their `detail-type`.
const OWN_DETAIL_TYPE: &str = "Signal";

/// Most findings of one event.
const EVENT_FINDINGS_MAX: usize = 100;

/// Longest number or word of a source for a severity, in bytes.
const SCORE_BYTES_MAX: usize = 32;

/// The envelope that EventBridge puts around an event. It is the provider's form and grows.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "detail-type")]
    detail_type: String,
    source: String,
    #[serde(default)]
    account: Option<String>,
    time: String,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// What tells an event of EventBridge from a message of ours.
#[derive(Debug, Deserialize)]
struct Probe {
    #[serde(rename = "detail-type")]
    detail_type: Option<serde::de::IgnoredAny>,
    detail: Option<serde::de::IgnoredAny>,
}

/// What an event of a detector says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorEvent {
    /// When the event was published.
    pub at: Timestamp,
    /// Whose it is, where the event says so.
    pub controller: Option<ControllerId>,
    /// What was found; nothing where it says that something is over.
    pub findings: Vec<Finding>,
    /// The first of its findings that does not read; the others stand.
    pub unreadable: Option<FormError>,
}

/// Whether a message is an event of EventBridge, readable or not.
pub fn is_event(body: &str) -> bool {
    serde_json::from_str::<Probe>(body).is_ok_and(|probe| probe.detail_type.is_some() && probe.detail.is_some())
}

/// Reads an event.
///
/// # Errors
/// [`FormError`] if it is of no detector that is known here, or nothing of it reads.
pub fn read(body: &str) -> Result<DetectorEvent, FormError> {
    let envelope: Envelope<'_> = message::read(body)?;
    let at = time(&envelope.time, "/time")?;
    match (envelope.source.as_str(), envelope.detail_type.as_str()) {
        ("aws.guardduty", "GuardDuty Finding") => aws::guardduty(&envelope, at),
        ("aws.securityhub", "Security Hub Findings - Imported") => aws::security_hub(&envelope, at),
        ("aws.securityhub", "Findings Imported V2") => aws::security_hub_v2(&envelope, at),
        ("aws.macie", "Macie Finding") => aws::macie(&envelope, at),
        (OWN_SOURCE, OWN_DETAIL_TYPE) => own(detail::<OwnDetail>(&envelope)?, &envelope, at),
        _ => Err(FormError::new("/detail-type", "no such detector is known here")),
    }
}

fn detail<T: DeserializeOwned>(envelope: &Envelope<'_>) -> Result<T, FormError> {
    message::read(envelope.detail.get()).map_err(|error| error.within("/detail"))
}

/// The `detail` of an event of a controller's own detector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnDetail {
    /// The form's version: 1.
    pub v: u8,
    /// Whose finding it is.
    pub controller: String,
    /// The detector's own name for it: the same finding again is the same signal.
    pub id: String,
    /// What kind of finding it is.
    pub kind: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// When it happened first, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<String>,
    /// When it was found.
    pub detected_at: String,
    /// In a sentence, naming nobody.
    pub title: String,
}

fn own(detail: OwnDetail, envelope: &Envelope<'_>, at: Timestamp) -> Result<DetectorEvent, FormError> {
    if detail.v != 1 {
        return Err(FormError::new("/detail/v", "this version is not known here"));
    }
    let severity = SignalSeverity::parse(&detail.severity);
    let finding = Finding {
        source: SignalSource::Other,
        id: finding_id(detail.id, "/detail/id")?,
        what: what(&detail.kind, "/detail/kind")?,
        title: plain(&detail.title, SIGNAL_TITLE_BYTES_MAX),
        // A word that is not known here hides nothing: somebody looks.
        severity: severity.unwrap_or(SignalSeverity::Medium),
        score: severity.is_none().then(|| plain(&detail.severity, SCORE_BYTES_MAX)),
        account: account(envelope.account.as_deref()),
        region: region(envelope.region.as_deref()),
        resources: BTreeMap::new(),
        data: BTreeMap::new(),
        arns: Vec::new(),
        occurred_at: detail.occurred_at.map(|at| time(&at, "/detail/occurred_at")).transpose()?,
        detected_at: time(&detail.detected_at, "/detail/detected_at")?,
        seen_at: at,
        count: None,
    };
    let controller = controller(&detail.controller, "/detail/controller")?;
    Ok(DetectorEvent { at, controller: Some(controller), findings: vec![finding], unreadable: None })
}

/// A source's own name for a finding.
fn finding_id(id: String, pointer: &str) -> Result<String, FormError> {
    let is_one = !id.trim().is_empty() && id.len() <= FINDING_ID_BYTES_MAX;
    if is_one { Ok(id) } else { Err(FormError::new(pointer, format!("holds 1 to {FINDING_ID_BYTES_MAX} bytes"))) }
}

/// The kind of a finding, of which something must be left.
fn what(kind: &str, pointer: &str) -> Result<String, FormError> {
    let kind = plain(kind, SIGNAL_KIND_BYTES_MAX);
    if kind.is_empty() { Err(FormError::new(pointer, "says what kind of finding it is")) } else { Ok(kind) }
}

/// The twelve digits of an account.
fn account(text: Option<&str>) -> Option<String> {
    text.filter(|text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned)
}

/// The name of a region.
fn region(text: Option<&str>) -> Option<String> {
    let is_region = |text: &&str| {
        text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.filter(|text| !text.is_empty()).filter(is_region).map(str::to_owned)
}

/// A name of a kind of things or of data; `None`: it is none.
fn name(text: &str) -> Option<String> {
    let is_name = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'/' | b' '));
    is_name.then(|| text.to_owned())
}

/// Counts kinds of things, as many kinds as are kept.
fn counted<'a>(names: impl Iterator<Item = (&'a str, u32)>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for (text, count) in names {
        let Some(name) = name(text) else { continue };
        if counts.len() < SIGNAL_COUNTS_MAX || counts.contains_key(&name) {
            let counted: &mut u32 = counts.entry(name).or_default();
            *counted = counted.saturating_add(count);
        }
    }
    counts
}

/// A title from kinds and counts: nobody's name can be in it.
fn title(source: &str, what: &str, resources: &BTreeMap<String, u32>, data: &BTreeMap<String, u32>) -> String {
    let list = |counts: &BTreeMap<String, u32>| {
        counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    let mut title = format!("{source}: {what}");
    for (word, counts) in [(" in ", resources), (", with ", data)] {
        if !counts.is_empty() {
            title.push_str(&format!("{word}{}", list(counts)));
        }
    }
    plain(&title, SIGNAL_TITLE_BYTES_MAX)
}

/// A number or word of a source for a severity.
fn score(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Number(number) => Some(plain(&number.to_string(), SCORE_BYTES_MAX)),
        serde_json::Value::String(word) => Some(plain(word, SCORE_BYTES_MAX)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
