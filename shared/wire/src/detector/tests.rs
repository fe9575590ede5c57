//! The payloads of `events/`, as the detectors' guides describe them, and what becomes of them.

use std::path::PathBuf;

use domain::signal::SignalSeverity;
use serde_json::Value;

use super::*;

/// The bodies of a case.
fn bodies(case: &str) -> Vec<String> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/breach-notify").join(format!("{case}.json"));
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let records = case["payload"]["Records"].as_array().unwrap();
    records.iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect()
}

fn findings(case: &str) -> Vec<Finding> {
    let all = bodies(case);
    all.iter().flat_map(|body| read(body).unwrap_or_else(|error| panic!("{case}: {error}")).findings).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_finding_of_guardduty_reads() {
    let finding = findings("detector-guardduty").remove(0);
    assert_eq!(finding.title, "GuardDuty: Exfiltration:S3/AnomalousBehavior in 1 S3Bucket");
    assert_eq!((finding.severity, finding.score.as_deref()), (SignalSeverity::High, Some("8")));
    assert_eq!(finding.occurred_at, Some(at("2025-12-31T21:10:02Z")));
    assert_eq!(finding.detected_at, at("2025-12-31T23:45:12.101Z"));
    assert_eq!(finding.seen_at, at("2025-12-31T23:55:12.101Z"));
    assert_eq!((finding.account.as_deref(), finding.count), (Some("111122223333"), Some(4)));
    assert_eq!(finding.arns, ["arn:aws:s3:::people-of-acme"]);
}

#[test]
fn findings_of_security_hub_read_in_both_formats_and_what_is_over_is_none() {
    let all = findings("detector-security-hub");
    let sources: Vec<_> = all.iter().map(|finding| finding.source).collect();
    let (hub, guard) = (SignalSource::SecurityHub, SignalSource::GuardDuty);
    assert_eq!(sources, [hub, hub, guard, guard, hub]);
    assert_eq!(
        all[0].title,
        "Security Hub: Software and Configuration Checks/Industry and Regulatory Standards in 1 AwsS3Bucket"
    );
    assert_eq!((all[0].severity, all[0].score.as_deref()), (SignalSeverity::High, Some("70")));
    assert_eq!(all[0].occurred_at, Some(at("2025-12-30T08:00:00Z")));
    assert_eq!(all[2].id, all[3].id, "what it passes on is the finding that GuardDuty publishes itself");
    let exposure = &all[4];
    assert_eq!(exposure.title, "Security Hub: Exfiltration in 1 AWS::S3::Bucket");
    assert_eq!((exposure.severity, exposure.occurred_at), (SignalSeverity::Critical, Some(at("2025-12-31T21:00:00Z"))));
    assert_eq!(exposure.detected_at, at("2025-12-31T22:00:00Z"));
    assert_eq!(exposure.seen_at, at("2025-12-31T23:45:00Z"));
}

#[test]
fn a_finding_of_macie_reads_with_the_kinds_of_data_and_not_the_data() {
    let all = findings("detector-macie");
    assert_eq!(all.len(), 2, "the third is archived");
    assert_eq!(
        all[0].title,
        "Macie: SensitiveData:S3Object/Personal in 1 S3Bucket, 1 S3Object, with 25 NAME, 4 PHONE_NUMBER"
    );
    assert_eq!((all[0].severity, all[0].occurred_at), (SignalSeverity::High, None));
    assert_eq!(all[1].title, "Macie: Policy:IAMUser/S3BucketPublic in 1 S3Bucket");
}

#[test]
fn a_signal_of_a_controllers_own_detector_reads() {
    let event = read(&bodies("detector-generic")[1]).unwrap();
    assert_eq!(event.controller.map(|controller| controller.to_string()).as_deref(), Some("identance"));
    assert_eq!(event.findings[0].title, "A laptop without an encrypted disk was lost.");
    assert_eq!(event.findings[0].severity, SignalSeverity::High);
}

#[test]
fn a_severity_that_nobody_knows_is_looked_at() {
    let all = findings("detector-unknown-severity");
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|finding| finding.severity == SignalSeverity::Medium));
    for (number, severity) in [
        ("1", "Low"),
        ("3.9", "Low"),
        ("4", "Medium"),
        ("6.9", "Medium"),
        ("7", "High"),
        ("8.9", "High"),
        ("9", "Critical"),
        ("-1", "Medium"),
        ("1e9", "Critical"),
    ] {
        let mut body: Value = serde_json::from_str(&bodies("detector-guardduty")[0]).unwrap();
        body["detail"]["severity"] = serde_json::from_str(number).unwrap();
        let read = read(&body.to_string()).unwrap();
        assert_eq!(format!("{:?}", read.findings[0].severity), severity, "{number}");
    }
}

#[test]
fn nothing_that_is_kept_names_anybody() {
    for case in ["guardduty", "security-hub", "macie", "personal-data"] {
        for finding in findings(&format!("detector-{case}")) {
            // The source's own name for it is hashed, and its resources serve to sort it.
            let kept = Finding { id: String::new(), arns: Vec::new(), ..finding };
            let kept = format!("{kept:?}").to_ascii_lowercase();
            for name in ["ada", "lovelace", "203.0.113", "people-of-acme", "arn:", "@"] {
                assert!(!kept.contains(name), "{case}: {name} in {kept}");
            }
        }
    }
}

#[test]
fn a_hostile_title_is_one_line_of_bounded_length() {
    for finding in findings("detector-hostile-title") {
        assert!(!finding.title.chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", finding.title);
        assert!(!finding.what.chars().any(char::is_control));
    }
    let huge: Vec<_> = bodies("detector-huge").iter().filter_map(|body| read(body).ok()).collect();
    assert_eq!(huge.iter().map(|event| event.findings.len()).collect::<Vec<_>>(), [1, 1, EVENT_FINDINGS_MAX]);
    assert!(huge[2].unreadable.is_some(), "there were more than are taken");
    for finding in huge.iter().flat_map(|event| &event.findings) {
        assert!(finding.title.len() <= SIGNAL_TITLE_BYTES_MAX && finding.resources.len() <= SIGNAL_COUNTS_MAX);
    }
}

#[test]
fn what_does_not_read_says_where_and_repeats_nothing() {
    for body in bodies("detector-missing-field") {
        assert!(is_event(&body));
        let error = match read(&body) {
            Err(error) => error,
            // The controller is asked for later; one finding of two stands.
            Ok(event) if event.unreadable.is_none() => continue,
            Ok(event) => event.unreadable.unwrap(),
        };
        assert!(!format!("{error:?}").to_ascii_lowercase().contains("ada"), "{error:?}");
    }
}

#[test]
fn a_message_of_ours_is_no_event() {
    for body in bodies("queue-poison").iter().chain(&bodies("queue-unknown-breach")) {
        assert!(!is_event(body), "{body}");
    }
    for body in ["", "null", "[]", "{}", "\"detail-type\"", "{\"detail-type\":null,\"detail\":null}"] {
        assert!(!is_event(body), "{body}");
    }
}
