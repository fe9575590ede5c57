//! Which clocks a breach has, when they end, when a duty asks for nothing, and what the rules propose.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod incident;

use std::collections::BTreeSet;

use domain::{
    breach::{
        self, Act, CircumstancesOf, Clock, DataKind, Decision, Effect, Exemption, Identification, Incident, Level,
        Missing, PeopleAre, Protection, ScopeCounts, SeverityInputs, Standing, Suggestion, Watched, changes, clocks,
        proposal,
    },
    clock::{Anchor, Condition, Duty, Law, Number, rules},
    ids::Ground,
    place::Place,
    policy::{Clause, Policy, Regime, RoleRule, ServiceRole},
};
use incident::{
    assessed, assessed_with, at, clock, decided, due, european, find, incident, is_owed, known, law, living, policy,
    sent, then, told,
};
use jiff::ToSpan;

#[test]
fn every_law_counts_from_its_own_anchor_in_its_own_unit_and_zone() {
    use Anchor::{
        Assessment as Assessed, Awareness, Classification, Detection, Determination, Discovery, Materiality, Suspicion,
    };
    use Duty::{
        Assess, EarlyWarning, FinalReport, FinalReportImproper, NotifyAuthority, NotifyAuthorityYearly, NotifyInDetail,
        NotifyMedia, NotifySubjects,
    };
    for (id, duty, anchor, from, due_before) in [
        // 72 hours on the clock, through a weekend, a change of clock, and the end of a leap February.
        ("eu-gdpr", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("eu-gdpr", NotifyAuthority, Awareness, "2026-03-27T23:30:00Z", "2026-03-30T23:30:00Z"),
        ("eu-gdpr", NotifyAuthority, Awareness, "2028-02-27T10:00:00Z", "2028-03-01T10:00:00Z"),
        ("uk-gdpr", NotifyAuthority, Awareness, "2026-10-24T12:00:00Z", "2026-10-27T12:00:00Z"),
        ("eu-gdpr", NotifySubjects, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("eu-telecom", NotifyAuthority, Detection, "2026-01-09T16:30:00Z", "2026-01-10T16:30:00Z"),
        ("uk-pecr", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("eu-nis2", EarlyWarning, Awareness, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
        ("eu-nis2", NotifyAuthority, Awareness, "2026-03-28T12:00:00Z", "2026-03-31T12:00:00Z"),
        ("eu-dora", NotifyAuthority, Awareness, "2026-01-09T08:00:00Z", "2026-01-10T08:00:00Z"),
        ("eu-dora", NotifyAuthority, Classification, "2026-01-09T10:00:00Z", "2026-01-09T14:00:00Z"),
        // Days end at midnight in the law's zone.
        ("us-hipaa", NotifySubjects, Discovery, "2026-05-05T12:00:00Z", "2026-07-04T22:00:00Z"),
        ("us-hipaa", NotifyAuthority, Discovery, "2026-05-05T12:00:00Z", "2026-07-04T22:00:00Z"),
        ("us-hipaa", NotifyMedia, Discovery, "2026-05-05T12:00:00Z", "2026-07-04T22:00:00Z"),
        ("us-hipaa", NotifyAuthorityYearly, Discovery, "2026-05-05T12:00:00Z", "2027-03-01T23:00:00Z"),
        // The same moment is another day in California and in New York.
        ("us-ca", NotifySubjects, Discovery, "2026-01-15T06:00:00Z", "2026-02-14T08:00:00Z"),
        ("us-ny", NotifySubjects, Discovery, "2026-01-15T06:00:00Z", "2026-02-15T05:00:00Z"),
        ("us-al", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-03-02T06:00:00Z"),
        ("us-az", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-03-02T07:00:00Z"),
        ("us-co", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-02-15T07:00:00Z"),
        ("us-ct", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-17T04:00:00Z"),
        ("us-de", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-03-17T04:00:00Z"),
        ("us-fl", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-02-15T05:00:00Z"),
        ("us-in", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T05:00:00Z"),
        ("us-la", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-17T05:00:00Z"),
        ("us-me", NotifySubjects, Awareness, "2026-01-15T12:00:00Z", "2026-02-15T05:00:00Z"),
        ("us-md", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T05:00:00Z"),
        ("us-nm", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T07:00:00Z"),
        ("us-oh", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T05:00:00Z"),
        ("us-or", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T08:00:00Z"),
        ("us-ri", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-03-02T05:00:00Z"),
        ("us-sd", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-17T05:00:00Z"),
        ("us-tn", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T06:00:00Z"),
        ("us-tx", NotifySubjects, Determination, "2026-01-15T12:00:00Z", "2026-03-17T05:00:00Z"),
        ("us-tx", NotifyAuthority, Determination, "2026-01-15T12:00:00Z", "2026-02-15T06:00:00Z"),
        ("us-vt", NotifySubjects, Discovery, "2026-01-15T12:00:00Z", "2026-03-02T05:00:00Z"),
        ("us-vt", NotifyAuthority, Discovery, "2026-01-15T12:00:00Z", "2026-02-06T05:00:00Z"),
        ("us-wa", NotifyAuthority, Discovery, "2026-01-15T12:00:00Z", "2026-02-15T08:00:00Z"),
        ("us-wi", NotifySubjects, Awareness, "2026-01-15T12:00:00Z", "2026-03-02T06:00:00Z"),
        ("us-sec", NotifyAuthority, Materiality, "2026-07-01T12:00:00Z", "2026-07-09T04:00:00Z"),
        ("us-ftc", NotifyAuthority, Discovery, "2026-01-15T12:00:00Z", "2026-02-15T05:00:00Z"),
        ("us-banks", NotifyAuthority, Determination, "2026-01-09T16:30:00Z", "2026-01-11T04:30:00Z"),
        ("us-nydfs", NotifyAuthority, Determination, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        // Tiradentes' day, the Tuesday, is free: Friday to Thursday.
        ("br-lgpd", NotifyAuthority, Awareness, "2026-04-17T12:00:00Z", "2026-04-23T22:00:00Z"),
        ("br-lgpd", NotifySubjects, Awareness, "2026-04-17T12:00:00Z", "2026-04-23T22:00:00Z"),
        ("au", Assess, Suspicion, "2026-01-15T12:00:00Z", "2026-02-14T23:00:00Z"),
        ("sg", Assess, Suspicion, "2026-01-15T12:00:00Z", "2026-02-14T16:00:00Z"),
        ("sg", NotifyAuthority, Assessed, "2026-01-09T12:00:00Z", "2026-01-12T16:00:00Z"),
        ("in-dpdp", NotifyInDetail, Awareness, "2027-06-01T00:00:00Z", "2027-06-04T00:00:00Z"),
        ("in-cert", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-09T22:30:00Z"),
        ("jp", EarlyWarning, Awareness, "2026-01-09T12:00:00Z", "2026-01-12T15:00:00Z"),
        ("jp", FinalReport, Awareness, "2026-01-31T12:00:00Z", "2026-03-02T15:00:00Z"),
        ("jp", FinalReportImproper, Awareness, "2026-01-31T12:00:00Z", "2026-04-01T15:00:00Z"),
        ("kr", NotifySubjects, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("kr", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("nz", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("th", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("ph", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("ph", NotifySubjects, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("tr", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
    ] {
        // Where a law's territory has several zones, the controller's counts.
        let mut policy = european();
        policy.time_zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
        let found = find(&policy, &incident(&[id], &[(anchor, from)]), id, duty).unwrap();
        let ends = found.due.map(|due| due.to_string());
        assert_eq!(ends.as_deref(), Some(due_before), "{id} {duty}: {:?}", found.steps);
        assert_eq!((found.anchor, found.standing.clone()), (anchor, Standing::Running), "{id} {duty}");
    }
}

#[test]
fn a_row_with_words_gets_our_own_time_and_says_so() {
    let words: Vec<_> = rules()
        .filter(|rule| !rule.duty.is_of_requests() && matches!(rule.period, domain::clock::Period::Words(_)))
        .filter(|rule| rule.duty != Duty::NotifyController)
        .collect();
    assert!(words.len() > 15, "{}", words.len());
    for rule in words {
        let found =
            clock(&incident(&[rule.law.as_str()], &[(rule.anchor, "2026-01-15")]), rule.law.as_str(), rule.duty);
        assert_eq!(found.due, Some(at("2026-01-18")), "{}", found.name());
        assert!(found.words.is_some() && told(&found).contains("our own target"), "{}", told(&found));
    }
}

#[test]
fn what_nobody_stated_counts_from_what_it_follows_from() {
    let aware = incident(&["us-ca", "us-co", "eu-telecom", "au"], &[(Anchor::Awareness, "2026-01-15")]);
    for (id, duty) in [
        ("us-ca", Duty::NotifySubjects),
        ("us-co", Duty::NotifySubjects),
        ("eu-telecom", Duty::NotifyAuthority),
        ("au", Duty::Assess),
    ] {
        let found = clock(&aware, id, duty);
        assert_eq!((found.from, &found.standing), (Some(at("2026-01-15")), &Standing::Running), "{id}");
        assert!(told(&found).contains("nobody stated"), "{}", told(&found));
    }
    // A discovery with reasonable diligence lies before awareness, and is no awareness.
    let found = incident(&["us-ca"], &[(Anchor::Discovery, "2026-01-10")]);
    assert_eq!(clock(&found, "us-ca", Duty::NotifySubjects).from, Some(at("2026-01-10")));
    assert_eq!(clock(&found, "eu-gdpr", Duty::NotifyAuthority).standing, Standing::Waiting);
    // Nor does an alert of a detector make aware.
    let alert = incident(&[], &[(Anchor::Detection, "2026-01-10")]);
    assert_eq!(clock(&alert, "eu-gdpr", Duty::NotifyAuthority).standing, Standing::Waiting);
    // The latest word on a time counts, earlier or later.
    let moved = then(&aware, "2026-02-01", Act::Happened(Anchor::Awareness, at("2026-01-14")));
    assert_eq!(due(&moved, "eu-gdpr", Duty::NotifyAuthority).as_deref(), Some("2026-01-17T12:00:00Z"));
}

#[test]
fn dora_has_four_hours_from_classification_and_a_day_from_awareness_whichever_is_sooner() {
    let dora = |times: &[(Anchor, &str)]| {
        let clocks = clocks(&policy(&[], None), &incident(&["eu-dora"], times));
        let of: Vec<_> = clocks.into_iter().filter(|clock| clock.duty == Duty::NotifyAuthority).collect();
        assert_eq!(of.len(), 1);
        (of[0].anchor, of[0].due.map(|due| due.to_string()).unwrap_or_default())
    };
    let aware = (Anchor::Awareness, "2026-01-09T08:00:00Z");
    let soon = dora(&[aware, (Anchor::Classification, "2026-01-09T10:00:00Z")]);
    assert_eq!(soon, (Anchor::Classification, "2026-01-09T14:00:00Z".into()));
    let late = dora(&[aware, (Anchor::Classification, "2026-01-10T07:00:00Z")]);
    assert_eq!(late, (Anchor::Awareness, "2026-01-10T08:00:00Z".into()));
}

#[test]
fn a_report_that_follows_counts_from_what_was_sent_under_the_same_law() {
    let start = incident(&["eu-dora", "eu-nis2", "br-lgpd", "eu-telecom"], &[(Anchor::Awareness, "2026-01-30")]);
    let follow = |incident: &Incident, id, duty| clock(incident, id, duty).due.map(|due| due.to_string());
    let gdpr = sent(&start, "eu-gdpr", Duty::NotifyAuthority, "2026-01-30T18:00:00Z");
    // What the data protection authority got starts nobody else's clock.
    assert_eq!(follow(&gdpr, "eu-dora", Duty::IntermediateReport), None);
    let warned = sent(&gdpr, "eu-nis2", Duty::EarlyWarning, "2026-01-30T19:00:00Z");
    // NIS 2 counts from the notification and not from the early warning (Art. 23(4)(d)).
    assert_eq!(follow(&warned, "eu-nis2", Duty::FinalReport), None);
    let all = ["eu-dora", "eu-nis2", "br-lgpd", "eu-telecom"];
    let all =
        all.iter().fold(warned, |incident, id| sent(&incident, id, Duty::NotifyAuthority, "2026-01-31T10:00:00Z"));
    assert_eq!(follow(&all, "eu-dora", Duty::IntermediateReport).as_deref(), Some("2026-02-03T10:00:00Z"));
    // A month from the 31st ends with February.
    assert_eq!(follow(&all, "eu-nis2", Duty::FinalReport).as_deref(), Some("2026-03-01T00:00:00Z"));
    // Twenty business days from a Saturday on; Carnival is no holiday of the whole country.
    assert_eq!(follow(&all, "br-lgpd", Duty::Supplement).as_deref(), Some("2026-02-28T00:00:00Z"));
    assert_eq!(follow(&all, "eu-dora", Duty::FinalReport), None);
    let early = sent(&all, "eu-dora", Duty::IntermediateReport, "2026-02-02");
    let latest = sent(&early, "eu-dora", Duty::IntermediateReport, "2026-02-05");
    assert_eq!(follow(&latest, "eu-dora", Duty::FinalReport).as_deref(), Some("2026-03-06T00:00:00Z"));
}

#[test]
fn singapore_counts_from_an_assessment_that_finds_something_to_notify() {
    let start = incident(&["sg"], &[(Anchor::Awareness, "2026-01-15")]);
    assert_eq!(clock(&start, "sg", Duty::NotifyAuthority).standing, Standing::Waiting);
    // An assessment here starts it, and ends the time to assess.
    let grave = assessed(&start, Level::Medium);
    assert_eq!(due(&grave, "sg", Duty::NotifyAuthority).as_deref(), Some("2026-02-04T16:00:00Z"));
    let low = assessed(&start, Level::Low);
    assert_eq!(clock(&low, "sg", Duty::NotifyAuthority).from, None, "that one found nothing to notify");
    assert_eq!(clock(&grave, "sg", Duty::Assess).standing, Standing::Met(at("2026-02-01")));
    // Nothing significant, but so many people.
    let many = assessed(&living(start.clone(), Some(500), &[]), Level::Low);
    assert!(is_owed(&many, "sg", Duty::NotifyAuthority) && !is_owed(&many, "sg", Duty::NotifySubjects));
    assert_eq!(clock(&many, "sg", Duty::NotifyAuthority).from, Some(at("2026-02-01")));
    let few = assessed(&living(start.clone(), Some(499), &[]), Level::Low);
    assert!(!is_owed(&few, "sg", Duty::NotifyAuthority));
    // What somebody states about it has the last word.
    let stated = then(&grave, "2026-02-03", Act::Happened(Anchor::Assessment, at("2026-01-20")));
    assert_eq!(due(&stated, "sg", Duty::NotifyAuthority).as_deref(), Some("2026-01-23T16:00:00Z"));
}

#[test]
fn a_threshold_counts_the_residents_of_its_place_and_what_is_not_known_excludes_nothing() {
    for (id, number) in [
        ("us-ca", Number::MoreThan(500)),
        ("us-al", Number::MoreThan(1_000)),
        ("us-az", Number::MoreThan(1_000)),
        ("us-co", Number::AtLeast(500)),
        ("us-de", Number::MoreThan(500)),
        ("us-fl", Number::AtLeast(500)),
        ("us-nm", Number::MoreThan(1_000)),
        ("us-or", Number::MoreThan(250)),
        ("us-ri", Number::MoreThan(500)),
        ("us-sd", Number::MoreThan(250)),
        ("us-tx", Number::AtLeast(250)),
        ("us-wa", Number::MoreThan(500)),
    ] {
        let rule = rules().find(|rule| rule.law == law(id) && rule.duty == Duty::NotifyAuthority).unwrap();
        assert!(rule.when.contains(&Condition::People(domain::clock::Among::Residents, number)), "{id}");
        let place = law(id).place().unwrap().to_string();
        let start = incident(&[id], &[(rule.anchor, "2026-01-15")]);
        let owed = |people, residents: &[(&str, u64)]| {
            is_owed(&living(start.clone(), people, residents), id, Duty::NotifyAuthority)
        };
        let least = match number {
            Number::MoreThan(n) => n + 1,
            Number::AtLeast(n) | Number::FewerThan(n) => n,
        };
        assert!(owed(None, &[]), "{id}: nobody knows");
        assert!(owed(None, &[(&place, least)]) && !owed(None, &[(&place, least - 1)]), "{id}");
        assert!(owed(Some(9_000), &[]) && !owed(Some(least - 1), &[]), "{id}: all of them cannot be more");
        assert!(!owed(Some(9_000), &[("FR", 9_000 - least + 1)]), "{id}: too few live elsewhere");
        assert!(owed(None, &[(&place, least - 1), ("US", 1)]), "{id}: perhaps of that state");
        let unknown = told(&clock(&start, id, Duty::NotifyAuthority));
        assert!(unknown.contains("what is not known excludes nothing"), "{unknown}");
    }
    // What was counted counts, and that nothing is stored any more does not mean nobody.
    let start = incident(&["us-tx"], &[(Anchor::Determination, "2026-01-15")]);
    let counted = |people| {
        let counts = ScopeCounts { people, ..ScopeCounts::default() };
        is_owed(&then(&start, "2026-01-16", Act::Counted(counts)), "us-tx", Duty::NotifyAuthority)
    };
    assert!(counted(250) && !counted(249) && counted(0));
}

#[test]
fn hipaa_asks_for_a_notice_now_of_many_and_once_a_year_of_few() {
    let start = incident(&["us-hipaa"], &[(Anchor::Discovery, "2026-05-05")]);
    let owed = |incident: &Incident| {
        [Duty::NotifyAuthority, Duty::NotifyAuthorityYearly, Duty::NotifyMedia]
            .map(|duty| is_owed(incident, "us-hipaa", duty))
    };
    let of = |people, residents: &[(&str, u64)]| owed(&living(start.clone(), people, residents));
    assert_eq!(of(Some(500), &[]), [true, false, false]);
    assert_eq!(of(Some(499), &[]), [false, true, false]);
    assert_eq!(of(Some(9_000), &[("US-CA", 501), ("US-TX", 300)]), [true, false, true]);
    assert_eq!(of(Some(800), &[("US-CA", 500), ("US-TX", 300)]), [true, false, false]);
    assert_eq!(of(None, &[]), [true, true, true]);
    assert_eq!(of(Some(600), &[("CA-QC", 600)]), [true, false, false], "a province is no state");
    let media = |residents: &[(&str, u64)]| {
        told(&clock(&living(start.clone(), Some(600), residents), "us-hipaa", Duty::NotifyMedia))
    };
    assert!(media(&[("US-CA", 600)]).contains("more than 500 people of one state are concerned"));
    assert!(media(&[("US", 600)]).contains("nobody knows whether"), "they may be of several");
    // The sooner notice meets the yearly one.
    let sent = sent(&start, "us-hipaa", Duty::NotifyAuthority, "2026-06-01");
    assert_eq!(clock(&sent, "us-hipaa", Duty::NotifyAuthorityYearly).standing, Standing::Met(at("2026-06-01")));
}

#[test]
fn japans_last_report_has_thirty_days_and_sixty_where_it_was_meant() {
    let start = living(incident(&["jp"], &[(Anchor::Awareness, "2026-01-15")]), Some(5_000), &[]);
    let owed =
        |incident: &Incident| [Duty::FinalReport, Duty::FinalReportImproper].map(|duty| is_owed(incident, "jp", duty));
    assert_eq!(owed(&start), [true, true], "nobody knows yet: the sooner rules");
    assert_eq!(owed(&assessed(&start, Level::Medium)), [true, false]);
    assert_eq!(owed(&assessed_with(&start, |inputs| inputs.malicious = true)), [false, true]);
    let done = sent(&start, "jp", Duty::FinalReport, "2026-01-20");
    assert_eq!(clock(&done, "jp", Duty::FinalReportImproper).standing, Standing::Met(at("2026-01-20")));
    // Few people and nothing grave.
    let few = assessed(&living(start.clone(), Some(1_000), &[]), Level::Medium);
    assert_eq!(owed(&few), [false, false]);
    let korean = |people, change: fn(&mut SeverityInputs)| {
        let start = living(incident(&["kr"], &[(Anchor::Awareness, "2026-01-15")]), Some(people), &[]);
        is_owed(&assessed_with(&start, change), "kr", Duty::NotifyAuthority)
    };
    assert!(!korean(999, |_| {}) && korean(1_000, |_| {}) && korean(1, |inputs| inputs.data = DataKind::Sensitive));
    assert!(korean(1, |inputs| inputs.malicious = true));
}

#[test]
fn risk_decides_where_the_law_asks_for_one_and_nowhere_else() {
    let every = ["uk-gdpr", "ch", "th", "za-popia", "in-dpdp", "kr", "tr", "nz", "au", "ca-pipeda", "ca-qc", "br-lgpd"];
    let start = incident(&every, &[(Anchor::Awareness, "2026-01-15"), (Anchor::Discovery, "2026-01-15")]);
    let asking = |incident: &Incident, duty| {
        let mut laws: Vec<_> = clocks(&european(), incident)
            .into_iter()
            .filter(|clock| clock.duty == duty && !matches!(clock.standing, Standing::NotOwed(_)))
            .map(|clock| clock.source())
            .collect();
        laws.sort_unstable();
        laws
    };
    let whatever = ["in-dpdp", "kr", "tr", "za-popia"];
    assert_eq!(asking(&start, Duty::NotifySubjects).len(), 13, "nobody has assessed it");
    assert_eq!(asking(&assessed(&start, Level::Low), Duty::NotifySubjects), whatever);
    let serious = ["au", "br-lgpd", "ca-pipeda", "ca-qc", "in-dpdp", "kr", "nz", "tr", "za-popia"];
    assert_eq!(asking(&assessed(&start, Level::Medium), Duty::NotifySubjects), serious);
    assert_eq!(asking(&assessed(&start, Level::High), Duty::NotifySubjects).len(), 13);
    // That a risk is unlikely is for a person to decide: the authority's clock runs until then.
    let low = assessed(&start, Level::Low);
    assert!(is_owed(&low, "eu-gdpr", Duty::NotifyAuthority));
    let spared = decided(&low, false, PeopleAre::NotTold(Exemption::NoHighRisk));
    assert!(!is_owed(&spared, "eu-gdpr", Duty::NotifyAuthority));
    // A ground that does not lie in the risk stays whatever the risk, and one that does as long as it is not high.
    let waiting = assessed(&decided(&low, true, PeopleAre::NotTold(Exemption::Investigation)), Level::High);
    assert!(!is_owed(&waiting, "eu-gdpr", Duty::NotifySubjects));
    let medium = assessed(&spared, Level::Medium);
    assert!(is_owed(&medium, "eu-gdpr", Duty::NotifyAuthority) && !is_owed(&medium, "in-dpdp", Duty::NotifySubjects));
    // What follows on a notification that is not owed is not owed either.
    let standing = |incident: &Incident| clock(incident, "br-lgpd", Duty::Supplement).standing;
    assert_eq!(standing(&start), Standing::Waiting);
    assert!(matches!(standing(&low), Standing::NotOwed(why) if why.contains("the notification that it follows")));
    assert!(is_owed(&low, "in-dpdp", Duty::NotifyAuthority), "only what follows");
    assert_eq!(standing(&decided(&start, true, PeopleAre::NotTold(Exemption::NoHighRisk))), Standing::Waiting);
    // A later assessment takes the ground from under the decision.
    let worse = assessed(&spared, Level::High);
    assert!(is_owed(&worse, "eu-gdpr", Duty::NotifyAuthority) && is_owed(&worse, "eu-gdpr", Duty::NotifySubjects));
}

#[test]
fn encryption_exempts_people_in_europe_and_everybody_in_america_and_only_while_the_keys_are_safe() {
    let start = incident(
        &["uk-gdpr", "us-ca", "us-tx", "us-ftc", "us-hipaa", "za-popia"],
        &[(Anchor::Awareness, "2026-01-15")],
    );
    let safe = known(&start, |facts| facts.protection = Protection::KeysSafe);
    for (id, duty, owed) in [
        ("eu-gdpr", Duty::NotifyAuthority, true),
        ("eu-gdpr", Duty::NotifySubjects, false),
        ("uk-gdpr", Duty::NotifyAuthority, true),
        ("uk-gdpr", Duty::NotifySubjects, false),
        ("us-ca", Duty::NotifySubjects, false),
        ("us-ca", Duty::NotifyAuthority, false),
        ("us-tx", Duty::NotifyAuthority, false),
        ("us-ftc", Duty::NotifyAuthority, false),
        ("us-hipaa", Duty::NotifySubjects, false),
        ("us-hipaa", Duty::NotifyAuthority, false),
        ("za-popia", Duty::NotifySubjects, true),
    ] {
        assert_eq!(is_owed(&safe, id, duty), owed, "{id} {duty}");
        let exposed = known(&safe, |facts| facts.protection = Protection::KeysExposed);
        assert!(is_owed(&exposed, id, duty), "{id} {duty}: the keys went with it");
    }
    // Encryption does not help against a loss.
    let lost = known(&safe, |facts| facts.effects = BTreeSet::from([Effect::Availability]));
    assert!(is_owed(&lost, "eu-gdpr", Duty::NotifySubjects) && !is_owed(&lost, "us-ca", Duty::NotifySubjects));
    // A decision by that exemption falls with the keys.
    let spared = decided(&safe, true, PeopleAre::NotTold(Exemption::Unintelligible));
    assert!(!is_owed(&spared, "za-popia", Duty::NotifySubjects));
    let exposed = known(&spared, |facts| facts.protection = Protection::KeysExposed);
    assert!(is_owed(&exposed, "eu-gdpr", Duty::NotifySubjects) && is_owed(&exposed, "za-popia", Duty::NotifySubjects));
}

#[test]
fn a_processor_tells_its_controller_and_nobody_else() {
    let mut policy = policy(&[Regime::UsCa, Regime::EuGdpr, Regime::UkGdpr], Some("US-CA"));
    let clause = Clause::new("zentry.1");
    let service = Ground::parse("zta").unwrap();
    policy.roles = vec![RoleRule { service: service.clone(), role: ServiceRole::Processor, parties: vec![], clause }];
    let own = incident(&[], &[(Anchor::Awareness, "2026-01-15")]);
    let duties =
        |incident: &Incident| clocks(&policy, incident).iter().map(|clock| clock.duty).collect::<BTreeSet<_>>();
    assert!(!duties(&own).contains(&Duty::NotifyController) && duties(&own).contains(&Duty::NotifyAuthority));
    let of_zta = known(&own, |facts| facts.service = Some(service.clone()));
    assert_eq!(duties(&of_zta), BTreeSet::from([Duty::NotifyController]));
    for id in ["eu-gdpr", "uk-gdpr", "us-ca"] {
        let found = find(&policy, &of_zta, id, Duty::NotifyController).unwrap();
        assert_eq!((found.due, found.standing), (Some(at("2026-01-18")), Standing::Running), "{id}");
    }
    let proposed = proposal(&policy, &of_zta);
    assert_eq!(proposed.controller.unwrap().suggestion, Suggestion::Tell);
    assert_eq!(
        (proposed.authority.suggestion, proposed.people.suggestion),
        (Suggestion::Not(None), Suggestion::Not(None))
    );
    let told = sent(&of_zta, "eu-gdpr", Duty::NotifyController, "2026-01-16");
    assert_eq!(
        find(&policy, &told, "eu-gdpr", Duty::NotifyController).unwrap().standing,
        Standing::Met(at("2026-01-16"))
    );
    // A decision about authorities is not the processor's to make, and ends nothing.
    let decided = decided(&of_zta, false, PeopleAre::NotTold(Exemption::NoHighRisk));
    assert_eq!(find(&policy, &decided, "eu-gdpr", Duty::NotifyController).unwrap().standing, Standing::Running);
}

#[test]
fn where_people_live_decides_which_laws_bind_once_it_is_known_of_all_of_them() {
    let policy = policy(&[Regime::UsCa, Regime::EuGdpr, Regime::UkGdpr], Some("US-CA"));
    let laws = |people, residents: &[(&str, u64)]| {
        let incident = living(incident(&[], &[(Anchor::Awareness, "2026-01-15")]), people, residents);
        breach::laws_of(&policy, &incident).into_iter().map(Law::as_str).collect::<Vec<_>>()
    };
    assert_eq!(laws(None, &[]), ["us-ca", "eu-gdpr", "uk-gdpr"]);
    assert_eq!(laws(Some(0), &[]), ["us-ca", "eu-gdpr", "uk-gdpr"], "an estimate of nobody says where nobody lives");
    assert_eq!(laws(None, &[("FR", 5)]), ["us-ca", "eu-gdpr", "uk-gdpr"], "the others live nobody knows where");
    assert_eq!(laws(Some(5), &[("FR", 5)]), ["eu-gdpr"]);
    assert_eq!(laws(Some(7), &[("NO", 5), ("US-TX", 2)]), ["eu-gdpr", "us-tx"]);
    assert_eq!(laws(Some(5), &[("CA-QC", 5)]), ["us-ca", "eu-gdpr", "uk-gdpr", "ca-pipeda", "ca-qc"]);
    // A sector's law comes from no residence.
    assert!(!laws(Some(5), &[("US-NY", 5)]).contains(&"us-nydfs"));
    // An establishment in the Union protects everybody.
    let french = self::european();
    let incident = living(incident(&[], &[(Anchor::Awareness, "2026-01-15")]), Some(5), &[("US-NY", 5)]);
    let found: Vec<_> = breach::laws_of(&french, &incident).into_iter().map(Law::as_str).collect();
    assert_eq!(found, ["eu-gdpr", "us-ny"]);
}

#[test]
fn the_rules_propose_by_risk_and_a_decision_against_them_shows_what_differs() {
    let start = incident(&[], &[(Anchor::Awareness, "2026-01-15")]);
    let suggested = |incident: &Incident| {
        let proposed = proposal(&european(), incident);
        assert!(!proposed.authority.reasons.is_empty() && !proposed.people.reasons.is_empty());
        (proposed.authority.suggestion, proposed.people.suggestion)
    };
    let spared = Suggestion::Not(Some(Exemption::NoHighRisk));
    assert_eq!(suggested(&start), (Suggestion::Tell, Suggestion::AssessFirst));
    assert_eq!(suggested(&assessed(&start, Level::Low)), (Suggestion::Not(None), spared));
    assert_eq!(suggested(&assessed(&start, Level::Medium)), (Suggestion::Tell, spared));
    assert_eq!(suggested(&assessed(&start, Level::High)), (Suggestion::Tell, Suggestion::Tell));
    assert_eq!(suggested(&assessed(&start, Level::VeryHigh)), (Suggestion::Tell, Suggestion::Tell));
    // ENISA's lowest level alone does not make a risk unlikely.
    type Change = fn(&mut SeverityInputs);
    for change in [
        (|inputs| inputs.malicious = true) as Change,
        |inputs| inputs.confidentiality = CircumstancesOf::Full,
        |inputs| inputs.availability = CircumstancesOf::Full,
        |inputs| inputs.integrity = CircumstancesOf::Full,
        |inputs| {
            inputs.data = DataKind::Sensitive;
            inputs.identification = Identification::Negligible;
        },
    ] {
        let assessed = assessed_with(&start, change);
        assert_eq!(assessed.assessment().unwrap().1.severity().level(), Level::Low);
        assert_eq!(suggested(&assessed), (Suggestion::Tell, spared));
    }
    // What nobody can read harms nobody at that level, whoever took it.
    let safe = known(&start, |facts| facts.protection = Protection::KeysSafe);
    let taken = assessed_with(&safe, |inputs| inputs.malicious = true);
    assert_eq!(suggested(&taken), (Suggestion::Not(None), spared));
    // Art. 34(3)(a) and (b) spare the people, never the authority.
    let grave = assessed(&safe, Level::VeryHigh);
    assert_eq!(suggested(&grave), (Suggestion::Tell, Suggestion::Not(Some(Exemption::Unintelligible))));
    let averted = assessed(&known(&start, |facts| facts.risk_averted = true), Level::VeryHigh);
    assert_eq!(suggested(&averted), (Suggestion::Tell, Suggestion::Not(Some(Exemption::RiskAverted))));
    // Some laws ask whatever the risk.
    for id in ["za-popia", "in-dpdp", "kr"] {
        let low = assessed(&incident(&[id], &[(Anchor::Awareness, "2026-01-15")]), Level::Low);
        assert_eq!(suggested(&low).1, Suggestion::Tell, "{id}");
    }
    // Against the rules, and by another exemption, and in public only.
    let differences = |incident: &Incident, authority, people| {
        let decision = Decision { authority, people, reason: "So decided.".into() };
        proposal(&european(), incident).differences(&decision)
    };
    let high = assessed(&start, Level::High);
    assert!(differences(&high, true, PeopleAre::Told).is_empty());
    assert_eq!(differences(&high, false, PeopleAre::NotTold(Exemption::NoHighRisk)).len(), 2);
    assert!(differences(&high, true, PeopleAre::ToldInPublic)[0].contains("34(3)(c)"));
    assert_eq!(differences(&averted, true, PeopleAre::NotTold(Exemption::NoHighRisk)).len(), 1);
    assert_eq!(differences(&start, true, PeopleAre::Told).len(), 1, "before anybody assessed it");
    assert_eq!(differences(&assessed(&start, Level::Low), true, PeopleAre::Told).len(), 2);
}

#[test]
fn what_the_policy_promises_has_a_clock_of_its_own_and_attempts_too() {
    let mut policy = european();
    policy.breach.tell_of_attempts = true;
    policy.breach.within = Some(72.hours().fieldwise());
    policy.breach.clause = Clause::new("identance.7-g");
    let times = [(Anchor::Detection, "2026-01-15T08:00:00Z"), (Anchor::Awareness, "2026-01-15T20:00:00Z")];
    let tried = known(&incident(&[], &times), |facts| facts.attempt_only = true);
    let promise = |policy: &Policy, incident: &Incident| find(policy, incident, breach::POLICY, Duty::NotifySubjects);
    let found = promise(&policy, &tried).unwrap();
    assert_eq!((found.anchor, found.due), (Anchor::Detection, Some(at("2026-01-18T08:00:00Z"))));
    assert_eq!((found.article.as_str(), &found.standing), ("identance.7-g", &Standing::Running));
    // No law asks anything of an attempt; the policy does.
    let standing = |clock: &Clock| matches!(clock.standing, Standing::NotOwed(_));
    assert!(clocks(&policy, &tried).iter().all(|clock| clock.law.is_none() || standing(clock)));
    let proposed = proposal(&policy, &tried);
    assert_eq!((proposed.authority.suggestion, proposed.people.suggestion), (Suggestion::Not(None), Suggestion::Tell));
    assert_eq!(proposed.people.reasons[0].source, "identance.7-g");
    assert_eq!(proposal(&european(), &tried).people.suggestion, Suggestion::Not(Some(Exemption::NoHighRisk)));
    // From awareness where it was more than an attempt, whatever the risk.
    let leaked = assessed(&incident(&[], &times), Level::Low);
    let found = promise(&policy, &leaked).unwrap();
    assert_eq!((found.anchor, found.due), (Anchor::Awareness, Some(at("2026-01-18T20:00:00Z"))));
    assert_eq!((found.standing, proposal(&policy, &leaked).people.suggestion), (Standing::Running, Suggestion::Tell));
    // Told in public, as recorded under a law.
    let public = sent(&decided(&leaked, true, PeopleAre::ToldInPublic), "eu-gdpr", Duty::NotifySubjects, "2026-02-03");
    assert_eq!(promise(&policy, &public).unwrap().standing, Standing::Met(at("2026-02-03")));
    // A promise in days lasts to the end of its last day where the policy counts days.
    policy.breach.within = Some(2.days().fieldwise());
    policy.time_zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    assert_eq!(promise(&policy, &leaked).unwrap().due, Some(at("2026-01-17T23:00:00Z")));
    // A time alone says how soon, and the law whether.
    policy.breach.tell_of_attempts = false;
    assert!(matches!(promise(&policy, &leaked).unwrap().standing, Standing::NotOwed(_)));
    assert_eq!(promise(&policy, &assessed(&leaked, Level::High)).unwrap().standing, Standing::Running);
    assert!(promise(&policy, &tried).is_none());
    policy.breach.within = None;
    assert!(promise(&policy, &leaked).is_none());
    policy.breach.tell_of_attempts = true;
    assert!(promise(&policy, &tried).unwrap().words.is_some(), "no time is promised: ours");
}

#[test]
fn what_was_sent_meets_its_own_duty_under_its_own_law() {
    let start = incident(&["uk-gdpr"], &[(Anchor::Awareness, "2026-01-15")]);
    let told = sent(&start, "eu-gdpr", Duty::NotifyAuthority, "2026-01-16");
    assert_eq!(clock(&told, "eu-gdpr", Duty::NotifyAuthority).standing, Standing::Met(at("2026-01-16")));
    assert_eq!(clock(&told, "uk-gdpr", Duty::NotifyAuthority).standing, Standing::Running);
    assert_eq!(clock(&told, "eu-gdpr", Duty::NotifySubjects).standing, Standing::Running);
    // That all of those who were found have been told meets it under every law.
    let all = then(&decided(&start, true, PeopleAre::Told), "2026-02-05", Act::AllTold);
    for id in ["eu-gdpr", "uk-gdpr"] {
        assert_eq!(clock(&all, id, Duty::NotifySubjects).standing, Standing::Met(at("2026-02-05")), "{id}");
        assert_eq!(clock(&all, id, Duty::NotifyAuthority).standing, Standing::Running, "{id}");
    }
}

#[test]
fn a_clock_says_what_was_assumed_and_what_speaks_for_it_and_no_more() {
    let aware = incident(&["us-ca"], &[(Anchor::Awareness, "2026-01-15")]);
    let high = assessed(&aware, Level::High);
    let words = |id: &str, duty| told(&clock(&high, id, duty));
    assert!(words("us-ca", Duty::NotifySubjects).contains("nobody stated"));
    assert!(!words("eu-gdpr", Duty::NotifyAuthority).contains("nobody stated"), "awareness was stated");
    let subjects = words("eu-gdpr", Duty::NotifySubjects);
    assert!(subjects.contains("assessed as high: a high risk is likely"), "{subjects}");
    assert!(!subjects.contains("readable") && !subjects.contains("averts"), "{subjects}");
}

#[test]
fn past_the_years_whose_holidays_are_known_weekends_alone_move_a_date() {
    // A Friday; three working days of a year of which nobody has published the holidays.
    let far = incident(&["br-lgpd"], &[(Anchor::Awareness, "2040-04-20")]);
    let ends = due(&far, "br-lgpd", Duty::NotifyAuthority);
    assert_eq!(ends.as_deref(), Some("2040-04-26T00:00:00Z"));
}

#[test]
fn every_entry_says_which_clocks_came_moved_and_went() {
    let policy = policy(&[Regime::UsCa, Regime::EuGdpr], Some("US-CA"));
    let start = incident(&[], &[(Anchor::Awareness, "2026-01-15")]);
    let noted = then(&start, "2026-01-16", Act::Noted("Nothing new.".into()));
    let moved = then(&noted, "2026-01-17", Act::Happened(Anchor::Awareness, at("2026-01-14")));
    let placed = known(&moved, |facts| {
        facts.people = Some(3);
        facts.residents = [(Place::parse("FR").unwrap(), 3)].into();
    });
    let found = changes(&policy, &placed);
    assert_eq!(found.iter().map(|change| change.version).collect::<Vec<_>>(), [0, 2, 3]);
    let names = |clocks: &[Clock]| clocks.iter().map(Clock::name).collect::<Vec<_>>();
    assert_eq!(names(&found[0].came), ["us-ca~subjects", "us-ca~authority", "eu-gdpr~authority", "eu-gdpr~subjects"]);
    let of_authority = found[1].moved.iter().find(|(was, _)| was.name() == "eu-gdpr~authority").unwrap();
    assert_eq!((of_authority.0.due, of_authority.1.due), (Some(at("2026-01-18")), Some(at("2026-01-17"))));
    assert!(found[1].came.is_empty() && found[1].went.is_empty());
    assert!(found[2].came.is_empty() && found[2].moved.is_empty(), "{:?}", found[2]);
    assert_eq!(names(&found[2].went), ["us-ca~subjects", "us-ca~authority"]);
}

#[test]
fn a_breach_without_a_time_an_assessment_or_a_decision_is_reminded_of_daily() {
    let start = incident(&[], &[]);
    let missing = |incident: &Incident, hours: i64| {
        let reminders = breach::reminders(&european(), incident, incident.breach.declared_at + hours.hours());
        reminders.into_iter().find_map(|reminder| match reminder.about {
            Watched::Unsettled(missing) => Some((missing, reminder.name, reminder.escalates)),
            _ => None,
        })
    };
    assert_eq!(missing(&start, 23), None);
    let (what, first, escalates) = missing(&start, 24).unwrap();
    assert_eq!((what, escalates), (vec![Missing::Anchor, Missing::Assessment, Missing::Decision], false));
    assert_eq!(missing(&start, 47).unwrap().1, first);
    assert_ne!(missing(&start, 48).unwrap().1, first);
    assert!(missing(&start, 72).unwrap().2, "the people behind the office hear of the third");
    let known = then(&start, "2026-01-20", Act::Happened(Anchor::Awareness, at("2026-01-15")));
    assert_eq!(missing(&known, 24 * 9).unwrap().0, [Missing::Assessment, Missing::Decision]);
    let settled = decided(&assessed(&known, Level::High), true, PeopleAre::Told);
    assert_eq!(missing(&settled, 24 * 30), None);
}

#[test]
fn a_lesson_is_looked_at_on_its_day_closed_or_not() {
    let start = incident(&[], &[(Anchor::Awareness, "2026-01-15")]);
    let day = Some("2026-06-01".parse().unwrap());
    let closed = then(&start, "2026-03-01", Act::Lesson("Rotate keys.".into(), day));
    let closed = then(&closed, "2026-03-02", Act::Closed("All done.".into()));
    let policy = european();
    assert_eq!(breach::next_date(&policy, &closed, at("2026-03-02")), Some(at("2026-06-01T00:00:00Z")));
    assert!(breach::reminders(&policy, &closed, at("2026-05-31")).is_empty());
    let found = breach::reminders(&policy, &closed, at("2026-06-01"));
    assert_eq!(found.iter().map(|reminder| &reminder.about).collect::<Vec<_>>(), [&Watched::Lesson(1)]);
    assert_eq!(breach::next_date(&policy, &closed, at("2026-06-01")), Some(at("2026-06-08T00:00:00Z")));
    let followed = then(&closed, "2026-06-02", Act::FollowedUp(1, "They rotate.".into()));
    assert_eq!(breach::next_date(&policy, &followed, at("2026-06-02")), None);
    assert!(breach::reminders(&policy, &followed, at("2026-06-09")).is_empty());
}

#[test]
fn a_clock_is_missed_from_the_first_instant_that_is_late_and_what_was_done_then_was_late() {
    let incident = incident(&[], &[(Anchor::Awareness, "2026-01-15")]);
    let clock = clocks(&european(), &incident).into_iter().find(|clock| clock.duty == Duty::NotifyAuthority).unwrap();
    let due = at("2026-01-18");
    assert_eq!((clock.from, clock.due), (Some(at("2026-01-15")), Some(due)));
    assert!(!clock.is_missed(due - 1.nanosecond()) && clock.is_missed(due));
    let met = |met| Clock { standing: Standing::Met(met), ..clock.clone() };
    assert!(!met(due - 1.nanosecond()).is_missed(due) && met(due).is_missed(due - 1.hour()));
    assert!(!Clock { standing: Standing::Waiting, ..clock.clone() }.is_missed(due));
    // A share of its time is counted from its start, and a clock that waits has none.
    assert_eq!(clock.share_at(0), Some(at("2026-01-15")));
    assert_eq!(clock.share_at(75), Some(due - 18.hours()));
    assert_eq!(Clock { due: None, ..clock }.share_at(50), None);
}

/// What was sent to a reader meets the clock of that duty under that law, whichever it is.
#[test]
fn every_clock_that_runs_is_met_by_its_own_submission() {
    let times: Vec<_> = Anchor::ALL.iter().map(|anchor| (*anchor, "2026-01-15")).collect();
    let mut met = BTreeSet::new();
    for rule in rules().filter(|rule| !rule.duty.is_of_requests()) {
        let id = rule.law.as_str();
        let open = incident(&[id], &times);
        let is_running = |clock: &Clock| clock.standing == Standing::Running;
        if !find(&european(), &open, id, rule.duty).is_some_and(|clock| is_running(&clock)) {
            continue;
        }
        let told = sent(&open, id, rule.duty, "2026-01-16");
        let clock = find(&european(), &told, id, rule.duty).unwrap();
        assert_eq!(clock.standing, Standing::Met(at("2026-01-16")), "{id} {}", rule.duty);
        met.insert(rule.duty);
    }
    for duty in [
        Duty::EarlyWarning,
        Duty::NotifyAuthority,
        Duty::Supplement,
        Duty::NotifyInDetail,
        Duty::IntermediateReport,
        Duty::NotifyMedia,
        Duty::Assess,
    ] {
        assert!(met.contains(&duty), "{duty}: {met:?}");
    }
}
