//! The events of the cloud's own detectors.

use std::collections::BTreeMap;

use domain::signal::{Finding, SignalSeverity, SignalSource};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, value::RawValue};

use super::{
    DetectorEvent, EVENT_FINDINGS_MAX, Envelope, account, counted, detail, finding_id, region, score, title, what,
};
use crate::{
    form::{FormError, time},
    message,
};

/// A list that may be `null`.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A time of a source; one that does not read is none.
fn moment(text: Option<&String>) -> Option<Timestamp> {
    text.and_then(|text| time(text, "").ok())
}

fn one(at: Timestamp, finding: Finding) -> DetectorEvent {
    DetectorEvent { at, controller: None, findings: vec![finding], unreadable: None }
}

/// Takes each finding of an event by itself: one that does not read hides none of the others.
fn each(
    at: Timestamp,
    findings: &[Box<RawValue>],
    read: impl Fn(&str) -> Result<Option<Finding>, FormError>,
) -> Result<DetectorEvent, FormError> {
    if findings.is_empty() {
        return Err(FormError::new("/detail/findings", "holds no finding"));
    }
    let mut event = DetectorEvent { at, controller: None, findings: Vec::new(), unreadable: None };
    for (n, finding) in findings.iter().enumerate() {
        let pointer = format!("/detail/findings/{n}");
        if n >= EVENT_FINDINGS_MAX {
            let rule = format!("an event holds at most {EVENT_FINDINGS_MAX} findings");
            event.unreadable.get_or_insert(FormError::new("/detail/findings", rule));
            break;
        }
        match read(finding.get()) {
            Ok(finding) => event.findings.extend(finding),
            Err(error) => {
                event.unreadable.get_or_insert(error.within(&pointer));
            }
        }
    }
    Ok(event)
}

// ---- GuardDuty

/// A finding of GuardDuty. Its title and description name users and addresses, and are not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardDuty {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    severity: Value,
    account_id: Option<String>,
    region: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    resource: Option<GuardDutyResource>,
    service: Option<GuardDutyService>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardDutyResource {
    resource_type: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    s3_bucket_details: Vec<GuardDutyBucket>,
}

#[derive(Debug, Deserialize)]
struct GuardDutyBucket {
    arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardDutyService {
    event_first_seen: Option<String>,
    event_last_seen: Option<String>,
    count: Option<u32>,
}

pub(super) fn guardduty(envelope: &Envelope<'_>, at: Timestamp) -> Result<DetectorEvent, FormError> {
    let finding: GuardDuty = detail(envelope)?;
    let what = what(&finding.kind, "/detail/type")?;
    let buckets = finding.resource.as_ref().map_or(0, |resource| resource.s3_bucket_details.len());
    let resources = finding.resource.as_ref().and_then(|resource| resource.resource_type.as_deref());
    let resources = counted(resources.into_iter().map(|kind| (kind, u32::try_from(buckets.max(1)).unwrap_or(1))));
    let service = finding.service.as_ref();
    let arns = finding.resource.iter().flat_map(|resource| &resource.s3_bucket_details);
    let arns = arns.filter_map(|bucket| bucket.arn.clone()).chain(envelope.resources.iter().cloned()).collect();
    let last_seen = service.and_then(|service| moment(service.event_last_seen.as_ref()));
    Ok(one(
        at,
        Finding {
            source: SignalSource::GuardDuty,
            id: finding_id(finding.id, "/detail/id")?,
            title: title("GuardDuty", &what, &resources, &BTreeMap::new()),
            what,
            severity: graded(finding.severity.as_f64()),
            score: score(&finding.severity),
            account: account(finding.account_id.as_deref().or(envelope.account.as_deref())),
            region: region(finding.region.as_deref().or(envelope.region.as_deref())),
            resources,
            data: BTreeMap::new(),
            arns,
            occurred_at: service.and_then(|service| moment(service.event_first_seen.as_ref())),
            detected_at: moment(finding.created_at.as_ref()).unwrap_or(at),
            seen_at: moment(finding.updated_at.as_ref()).or(last_seen).unwrap_or(at),
            count: service.and_then(|service| service.count),
        },
    ))
}

/// GuardDuty's own grades: from 1 low, from 4 medium, from 7 high, from 9 critical. What has none is looked at.
fn graded(number: Option<f64>) -> SignalSeverity {
    match number {
        Some(number) if number >= 9.0 => SignalSeverity::Critical,
        Some(number) if number >= 7.0 => SignalSeverity::High,
        Some(number) if (0.0..4.0).contains(&number) => SignalSeverity::Low,
        _ => SignalSeverity::Medium,
    }
}

/// A source's word for a severity. What is not known is looked at.
fn worded(word: Option<&str>) -> SignalSeverity {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("critical" | "fatal") => SignalSeverity::Critical,
        Some("high") => SignalSeverity::High,
        Some("low" | "informational") => SignalSeverity::Low,
        _ => SignalSeverity::Medium,
    }
}

// ---- Macie

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Macie {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    severity: MacieSeverity,
    account_id: Option<String>,
    region: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    count: Option<u32>,
    #[serde(default)]
    archived: bool,
    resources_affected: Option<MacieResources>,
    classification_details: Option<MacieDetails>,
}

#[derive(Debug, Deserialize)]
struct MacieSeverity {
    score: Option<Value>,
    description: Option<String>,
}

/// The bucket's ARN is read; the object's key, which may be somebody's name, is not.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacieResources {
    s3_bucket: Option<MacieBucket>,
    s3_object: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct MacieBucket {
    arn: Option<String>,
}

#[derive(Debug, Deserialize)]
struct MacieDetails {
    result: Option<MacieResult>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacieResult {
    #[serde(default, deserialize_with = "or_empty")]
    sensitive_data: Vec<MacieData>,
}

/// How often each type was detected. Where it stands, and a controller's own names for data, are not read.
#[derive(Debug, Deserialize)]
struct MacieData {
    #[serde(default, deserialize_with = "or_empty")]
    detections: Vec<MacieDetection>,
}

#[derive(Debug, Deserialize)]
struct MacieDetection {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    count: u32,
}

pub(super) fn macie(envelope: &Envelope<'_>, at: Timestamp) -> Result<DetectorEvent, FormError> {
    let finding: Macie = detail(envelope)?;
    if finding.archived {
        return Ok(DetectorEvent { at, controller: None, findings: Vec::new(), unreadable: None });
    }
    let what = what(&finding.kind, "/detail/type")?;
    let affected = finding.resources_affected.as_ref();
    let bucket = affected.and_then(|affected| affected.s3_bucket.as_ref());
    let object = affected.and_then(|affected| affected.s3_object.as_ref());
    let named = [bucket.map(|_| "S3Bucket"), object.map(|_| "S3Object")];
    let resources = counted(named.into_iter().flatten().map(|kind| (kind, 1)));
    let result = finding.classification_details.as_ref().and_then(|details| details.result.as_ref());
    let detections = result.iter().flat_map(|result| &result.sensitive_data).flat_map(|data| &data.detections);
    let data = counted(detections.map(|detection| (detection.kind.as_str(), detection.count)));
    let created_at = moment(finding.created_at.as_ref());
    let severity = &finding.severity;
    Ok(one(
        at,
        Finding {
            source: SignalSource::Macie,
            id: finding_id(finding.id, "/detail/id")?,
            title: title("Macie", &what, &resources, &data),
            what,
            severity: worded(severity.description.as_deref()),
            score: severity.score.as_ref().and_then(score),
            account: account(finding.account_id.as_deref().or(envelope.account.as_deref())),
            region: region(finding.region.as_deref().or(envelope.region.as_deref())),
            resources,
            data,
            arns: bucket.and_then(|bucket| bucket.arn.clone()).into_iter().chain(envelope.resources.clone()).collect(),
            // Macie finds what lies there: since when it has been so, it does not say.
            occurred_at: None,
            detected_at: created_at.unwrap_or(at),
            seen_at: moment(finding.updated_at.as_ref()).unwrap_or(at),
            count: finding.count,
        },
    ))
}

// ---- Security Hub

#[derive(Debug, Deserialize)]
struct Findings {
    findings: Vec<Box<RawValue>>,
}

/// A finding in the AWS Security Finding Format.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asff {
    id: String,
    product_name: Option<String>,
    aws_account_id: Option<String>,
    region: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    types: Vec<String>,
    generator_id: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    first_observed_at: Option<String>,
    severity: Option<AsffSeverity>,
    #[serde(default, deserialize_with = "or_empty")]
    resources: Vec<AsffResource>,
    workflow: Option<AsffWorkflow>,
    record_state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffSeverity {
    label: Option<String>,
    normalized: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffResource {
    #[serde(rename = "Type")]
    kind: String,
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffWorkflow {
    status: Option<String>,
}

/// Whose finding it is in truth, and its own name for it: Security Hub passes on what GuardDuty and Macie publish
/// themselves, and the same finding by two ways is one signal.
fn origin(product: Option<&str>, id: String) -> (SignalSource, &'static str, String) {
    let own = |id: String| id.rsplit('/').next().map(str::to_owned).filter(|own| !own.is_empty()).unwrap_or(id);
    match product {
        Some("GuardDuty") => (SignalSource::GuardDuty, "GuardDuty", own(id)),
        Some("Macie") => (SignalSource::Macie, "Macie", own(id)),
        _ => (SignalSource::SecurityHub, "Security Hub", id),
    }
}

/// The last part of a finding's type, as GuardDuty and Macie write it themselves, or the whole of another's.
fn type_of(source: SignalSource, types: &[String], generator: Option<&str>) -> String {
    let first = types.first().map(String::as_str).or(generator).unwrap_or_default();
    let own = match source {
        SignalSource::GuardDuty | SignalSource::Macie => first.rsplit_once('/').map_or(first, |(_, own)| own),
        SignalSource::SecurityHub | SignalSource::Other => first,
    };
    own.to_owned()
}

pub(super) fn security_hub(envelope: &Envelope<'_>, at: Timestamp) -> Result<DetectorEvent, FormError> {
    let detail: Findings = detail(envelope)?;
    each(at, &detail.findings, |text| asff(message::read(text)?, envelope, at))
}

fn asff(finding: Asff, envelope: &Envelope<'_>, at: Timestamp) -> Result<Option<Finding>, FormError> {
    let workflow = finding.workflow.as_ref().and_then(|workflow| workflow.status.as_deref());
    let is_over =
        matches!(workflow, Some("RESOLVED" | "SUPPRESSED")) || finding.record_state.as_deref() == Some("ARCHIVED");
    if is_over {
        return Ok(None);
    }
    let (source, product, id) = origin(finding.product_name.as_deref(), finding_id(finding.id, "/Id")?);
    let what = what(&type_of(source, &finding.types, finding.generator_id.as_deref()), "/Types")?;
    let resources = counted(finding.resources.iter().map(|resource| (resource.kind.as_str(), 1)));
    let severity = finding.severity.as_ref();
    let created_at = moment(finding.created_at.as_ref());
    Ok(Some(Finding {
        source,
        id,
        title: title(product, &what, &resources, &BTreeMap::new()),
        what,
        severity: worded(severity.and_then(|severity| severity.label.as_deref())),
        score: severity.and_then(|severity| severity.normalized.as_ref()).and_then(score),
        account: account(finding.aws_account_id.as_deref().or(envelope.account.as_deref())),
        region: region(finding.region.as_deref().or(envelope.region.as_deref())),
        arns: finding.resources.iter().filter_map(|resource| resource.id.clone()).collect(),
        resources,
        data: BTreeMap::new(),
        occurred_at: moment(finding.first_observed_at.as_ref()),
        detected_at: created_at.unwrap_or(at),
        seen_at: moment(finding.updated_at.as_ref()).unwrap_or(at),
        count: None,
    }))
}

/// A finding in the Open Cybersecurity Schema Framework, as the newer Security Hub publishes it.
#[derive(Debug, Deserialize)]
struct Ocsf {
    finding_info: OcsfInfo,
    metadata: Option<OcsfMetadata>,
    cloud: Option<OcsfCloud>,
    severity_id: Option<Value>,
    severity: Option<String>,
    status: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    resources: Vec<OcsfResource>,
}

/// Times are milliseconds since 1970; those of the same name with `_dt` behind are texts.
#[derive(Debug, Deserialize)]
struct OcsfInfo {
    uid: String,
    #[serde(default, deserialize_with = "or_empty")]
    types: Vec<String>,
    created_time: Option<i64>,
    created_time_dt: Option<String>,
    modified_time: Option<i64>,
    modified_time_dt: Option<String>,
    first_seen_time: Option<i64>,
    first_seen_time_dt: Option<String>,
    analytic: Option<OcsfAnalytic>,
}

#[derive(Debug, Deserialize)]
struct OcsfAnalytic {
    uid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OcsfMetadata {
    product: Option<OcsfProduct>,
}

#[derive(Debug, Deserialize)]
struct OcsfProduct {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OcsfCloud {
    account: Option<OcsfAccount>,
    region: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OcsfAccount {
    uid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OcsfResource {
    #[serde(rename = "type")]
    kind: Option<String>,
    uid: Option<String>,
}

pub(super) fn security_hub_v2(envelope: &Envelope<'_>, at: Timestamp) -> Result<DetectorEvent, FormError> {
    let detail: Findings = detail(envelope)?;
    each(at, &detail.findings, |text| ocsf(message::read(text)?, envelope, at))
}

fn ocsf(finding: Ocsf, envelope: &Envelope<'_>, at: Timestamp) -> Result<Option<Finding>, FormError> {
    if matches!(finding.status.as_deref(), Some("Resolved" | "Suppressed" | "Archived")) {
        return Ok(None);
    }
    let info = finding.finding_info;
    let product = finding.metadata.and_then(|metadata| metadata.product).and_then(|product| product.name);
    let (source, product, id) = origin(product.as_deref(), finding_id(info.uid, "/finding_info/uid")?);
    let analytic = info.analytic.and_then(|analytic| analytic.uid);
    let what = what(&type_of(source, &info.types, analytic.as_deref()), "/finding_info/types")?;
    let resources = counted(finding.resources.iter().filter_map(|resource| Some((resource.kind.as_deref()?, 1))));
    let when =
        |text: Option<&String>, millis: Option<i64>| moment(text).or_else(|| Timestamp::from_millisecond(millis?).ok());
    let created_at = when(info.created_time_dt.as_ref(), info.created_time);
    let (in_account, in_region) =
        finding.cloud.map_or((None, None), |cloud| (cloud.account.and_then(|account| account.uid), cloud.region));
    // OCSF's own grades: 1 informational, 2 low, 3 medium, 4 high, 5 critical, 6 fatal.
    let severity = match finding.severity_id.as_ref().and_then(Value::as_u64) {
        Some(1 | 2) => SignalSeverity::Low,
        Some(4) => SignalSeverity::High,
        Some(5 | 6) => SignalSeverity::Critical,
        Some(3) => SignalSeverity::Medium,
        _ => worded(finding.severity.as_deref()),
    };
    Ok(Some(Finding {
        source,
        id,
        title: title(product, &what, &resources, &BTreeMap::new()),
        what,
        severity,
        score: finding.severity_id.as_ref().and_then(score),
        account: account(in_account.as_deref().or(envelope.account.as_deref())),
        region: region(in_region.as_deref().or(envelope.region.as_deref())),
        arns: finding.resources.into_iter().filter_map(|resource| resource.uid).collect(),
        resources,
        data: BTreeMap::new(),
        occurred_at: when(info.first_seen_time_dt.as_ref(), info.first_seen_time),
        detected_at: created_at.unwrap_or(at),
        seen_at: when(info.modified_time_dt.as_ref(), info.modified_time).unwrap_or(at),
        count: None,
    }))
}
