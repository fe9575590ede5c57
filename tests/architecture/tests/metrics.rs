//! Every number that a function writes is watched by an alarm, or it is said here why nobody has to be woken by it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use architecture_tests::{root, sources, without_tests};

/// Numbers that no alarm watches, each with the reason.
const UNWATCHED: [(&str, &str); 30] = [
    ("BreachClocksAtRisk", "it counts among DeadlinesAtRisk, which is watched"),
    ("BreachClocksMissed", "it counts among DeadlinesMissed, which is watched"),
    ("BreachEscalations", "it counts mails that went out"),
    ("BreachReminders", "it counts mails that went out"),
    ("BreachesLatestHours", "how late the latest is, of which mails went out"),
    ("BreachesLookedAt", "how much a run did"),
    ("BreachesOpen", "how many there are"),
    ("CheckpointsMade", "a run may have none to make: how old the last one is, is watched"),
    ("HoldRecordsUnreadable", "each deletion goes on asking the hold itself"),
    ("Limited", "to refuse is what limits are for: the API's share of refusals is watched"),
    ("MailRefused", "somebody typed such an address: the request's history says so, and nothing waits for it"),
    ("NoticesDayFull", "whoever is put off is told later: how old their queue gets is watched"),
    ("NoticesFailed", "they come again, and end as dead letters, which are watched"),
    ("NoticesInDoubt", "they wait for the mail service's word, and are told again"),
    ("NoticesSent", "how much was done"),
    ("NoticesSentAgain", "it stands in the breach's answer"),
    ("NoticesTooFast", "whoever is put off is told later: how old their queue gets is watched"),
    ("RecordsDeleted", "how much was done: what could not be deleted is watched"),
    ("RecordsNotPlanned", "they cannot be read, and stay as they were planned"),
    ("RecordsReplanned", "how much was done"),
    ("RequestEscalations", "it counts mails that went out"),
    ("RequestReminders", "it counts mails that went out"),
    ("RequestsLapsed", "how much was done"),
    ("RequestsLatestHours", "how late the latest is, of which mails went out"),
    ("RequestsLookedAt", "how much a run did"),
    ("RequestsOldestHours", "how old the oldest is, of which mails went out"),
    ("RequestsOpen", "how many there are"),
    ("RequestsOverdue", "each is a mail to the office and to those above it"),
    ("SignalsReceived", "how many came: what waits is watched"),
    ("SystemFailures", "each is tried again: failures in a row are watched"),
];

/// What numbers are told apart by: no numbers.
const DIMENSIONS: [&str; 2] = ["Controller", "System"];

/// Where a metric's line is written for all.
const WRITER: &str = "shared/edge/src/telemetry.rs";

/// The names in a file that writes numbers: its literals in camel case, up to its own tests.
fn names(code: &str) -> BTreeSet<String> {
    let literals = without_tests(code).split('"').skip(1).step_by(2);
    let is_name = |text: &&str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.contains(|each: char| each.is_ascii_lowercase())
            && text.chars().all(|each| each.is_ascii_alphanumeric())
    };
    literals.filter(is_name).filter(|text| !DIMENSIONS.contains(text)).map(str::to_owned).collect()
}

/// Each number that is written, and where.
fn written() -> BTreeMap<String, String> {
    let mut written = BTreeMap::new();
    for path in sources(&["functions", "shared"]) {
        let code = fs::read_to_string(&path).unwrap();
        if code.contains("metric(") && !path.ends_with(WRITER) {
            let place = path.strip_prefix(root()).unwrap().display().to_string();
            written.extend(names(&code).into_iter().map(|name| (name, place.clone())));
        }
    }
    written
}

/// The product's own numbers that an alarm of the template watches.
fn watched() -> BTreeSet<String> {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let lines: Vec<_> = template.lines().map(str::trim).collect();
    let own = lines.windows(2).filter(|pair| pair[0] == "Namespace: Habeas");
    own.filter_map(|pair| pair[1].strip_prefix("MetricName: ")).map(str::to_owned).collect()
}

#[test]
fn every_number_is_watched_or_it_is_said_why_not() {
    let (written, watched) = (written(), watched());
    assert!(written.len() > 40 && watched.len() > 15, "{} written, {} watched", written.len(), watched.len());
    let unwatched: BTreeSet<_> = UNWATCHED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(unwatched.len(), UNWATCHED.len(), "a name stands twice");
    for (name, place) in &written {
        let (is_watched, is_excused) = (watched.contains(name), unwatched.contains(name));
        assert!(is_watched || is_excused, "{name} of {place}: no alarm watches it, and nothing says why");
        assert!(!(is_watched && is_excused), "{name} has an alarm: strike it from this list");
    }
    for name in watched.union(&unwatched) {
        assert!(written.contains_key(name), "nobody writes {name}");
    }
}

#[test]
fn a_new_number_is_seen() {
    let code = "metric(\"Seen\", 1.0, Unit::Count, &[(\"Controller\", name)]); let text = \"Not a name\";\n#[cfg(test)]\n\"Later\"";
    assert_eq!(names(code), BTreeSet::from(["Seen".to_owned()]));
}
