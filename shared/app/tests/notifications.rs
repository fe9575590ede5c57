//! What a notification of a breach says, law by law and phase by phase.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::notification::{Addressee, Ask, FactName, NoNotification, Notification, Part, Phase, notification};
use domain::{
    breach::{Act, Actor, Decision, Entry, Exemption, Facts, Incident, PeopleAre, ScopeCounts, Submission, Texts},
    clock::{self, Anchor, Duty, Law},
    ids::{Category, Ground, Recipient, StaffId},
    language::Language,
    place::Place,
    policy::{Authority, Clause, Policy, RoleRule, ServiceRole},
};
use jiff::{Timestamp, ToSpan as _};
use testkit::{build, recipients};

const EXPOSED: &str = "2026-01-05T22:00:00Z";

fn at(hours: i64) -> Timestamp {
    EXPOSED.parse::<Timestamp>().unwrap().checked_add(hours.hours()).unwrap()
}

/// A breach that became known after 48 hours, of which little is known.
fn incident() -> Incident {
    Incident::new(build::breach("logs", at(0)))
}

fn then(incident: &Incident, hours: i64, act: Act) -> Incident {
    let by = if act.is_by_product() { Actor::Product } else { Actor::Staff(StaffId::parse("officer-1").unwrap()) };
    incident.after(Entry { at: at(hours), by, act }).unwrap()
}

fn law(name: &str) -> Law {
    Law::parse(name).unwrap()
}

fn ask(of: &str, duty: Duty) -> Ask {
    Ask {
        law: law(of),
        to: Addressee::of(duty).unwrap(),
        version: None,
        since: None,
        is_final: false,
        language: Language::English,
        at: at(50),
    }
}

fn written(incident: &Incident, ask: &Ask) -> Notification {
    notification(&build::policy(), incident, ask).unwrap()
}

fn values(notification: &Notification, name: FactName) -> Vec<String> {
    notification.facts().find(|fact| fact.name == name).map(|fact| fact.values.clone()).unwrap_or_default()
}

fn missing(notification: &Notification) -> Vec<(FactName, &'static str)> {
    notification.missing().iter().map(|missing| (missing.name, missing.article)).collect()
}

fn sent(of: &str, duty: Duty, hours: i64, version: u32) -> Act {
    let (to, reference) = ("The authority".to_owned(), format!("ref-{hours}"));
    Act::Notified(Submission { law: law(of), duty, to, at: at(hours), reference, version })
}

/// Everything that any law asks for.
fn whole(texts: impl Fn(Language) -> Texts) -> Facts {
    let mut facts = Facts::new(at(0), at(24), texts(Language::English));
    facts.texts = Language::ALL.into_iter().map(|language| (language, texts(language))).collect();
    facts.scope.categories = BTreeSet::from([Category::parse("server-log").unwrap()]);
    (facts.people, facts.records) = (Some(12_000), Some(40_000));
    facts
}

fn texts(language: Language) -> Texts {
    let say = |what: &str| format!("{what} ({})", language.as_str());
    Texts {
        description: say("Logs were public"),
        consequences: say("Strangers know addresses"),
        measures: say("Closed"),
        advice: say("Change your password"),
        delay: say("The logs had to be read first"),
    }
}

fn told_all(incident: &Incident) -> Incident {
    let told = Decision { authority: true, people: PeopleAre::Told, reason: "A high risk.".into() };
    let mut facts = whole(texts);
    facts.residents = [(Place::parse("CA-QC").unwrap(), 40)].into();
    let known = then(incident, 50, Act::FactsChanged(Box::new(facts)));
    let known = then(&known, 51, Act::Happened(Anchor::Awareness, at(48)));
    let known = then(&known, 51, Act::Happened(Anchor::Discovery, at(47)));
    then(&known, 52, Act::Decided(told))
}

#[test]
fn what_the_law_asks_for_and_nobody_knows_is_named_with_its_article() {
    let gdpr = written(&incident(), &ask("eu-gdpr", Duty::NotifyAuthority));
    assert_eq!(
        missing(&gdpr),
        [
            (FactName::RecordCount, "GDPR Art. 33(3)(a)"),
            (FactName::PeopleCount, "GDPR Art. 33(3)(a)"),
            (FactName::Consequences, "GDPR Art. 33(3)(c)"),
            (FactName::Measures, "GDPR Art. 33(3)(d)"),
        ]
    );
    assert!(!gdpr.is_complete());
    // What is not known stands there all the same, without a value.
    assert!(gdpr.facts().any(|fact| fact.name == FactName::Measures && fact.values.is_empty()));
    assert_eq!(values(&gdpr, FactName::ContactPoint), ["privacy@acme.example"]);
    assert_eq!(gdpr.article, "GDPR Art. 33(1)");

    let first = |name: &str| missing(&written(&incident(), &ask(name, Duty::NotifyAuthority)));
    assert_eq!(first("us-ca"), [(FactName::Measures, "Cal. Civ. Code 1798.82(d)(1)")]);
    assert_eq!(
        first("za-popia"),
        [(FactName::Consequences, "POPIA s. 22(5)(a)"), (FactName::Measures, "POPIA s. 22(5)(b)")]
    );
    assert_eq!(first("au"), []);
    let brazil = first("br-lgpd");
    assert!(brazil.contains(&(FactName::Consequences, "LGPD Art. 48(1)(IV)")));
    assert!(!brazil.iter().any(|(name, _)| *name == FactName::Description), "it is known");
    let quebec = first("ca-qc");
    assert!(quebec.contains(&(FactName::Residents, "Regulation respecting confidentiality incidents s. 3(7)")));
    let singapore = first("sg");
    let told = "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(h)";
    assert!(singapore.contains(&(FactName::PeopleTold, told)), "{singapore:?}");
    assert!(first("in-dpdp").contains(&(FactName::PeopleCount, "DPDP Rules 2025, Rule 7(2)(a)")));
    assert!(first("us-hipaa").contains(&(FactName::Discovered, "45 CFR 164.404(c)(1)(A)")));
    let detailed = missing(&written(&incident(), &ask("in-dpdp", Duty::NotifyInDetail)));
    assert!(detailed.contains(&(FactName::PeopleTold, "DPDP Rules 2025, Rule 7(2)(b)(vi)")));
    // A law of which no list is held here names its duty.
    assert!(first("us-al").contains(&(FactName::PeopleCount, "Ala. Code 8-38-6")));
}

#[test]
fn every_duty_of_every_law_has_a_notification_that_can_be_complete() {
    let known = told_all(&incident());
    let (mut duties, mut incomplete) = (0, 0);
    for rule in clock::rules() {
        let Some(to) = Addressee::of(rule.duty).filter(|_| !rule.duty.is_of_requests()) else { continue };
        duties += 1;
        for language in Language::ALL {
            let asked = Ask { to: to.clone(), language, at: at(400), ..ask(rule.law.as_str(), Duty::NotifyAuthority) };
            let full = written(&known, &asked);
            assert_eq!(missing(&full), [], "{} {}", rule.law, rule.duty);
            assert!(!full.to.name.is_empty());
            assert!(full.sections.iter().all(|section| !section.facts.is_empty() && !section.heading.is_empty()));
            incomplete += usize::from(!written(&incident(), &asked).is_complete());
        }
    }
    // Hardly a law is content with what is known at first: Australia's is, and what goes to controllers.
    assert!(incomplete > duties * 2, "{incomplete} of {duties} in three languages");
    assert!(duties > 50, "{duties}");
}

#[test]
fn california_reads_its_own_five_headings_first() {
    let notice = written(&told_all(&incident()), &ask("us-ca", Duty::NotifyAuthority));
    let headings: Vec<&str> = notice.sections.iter().map(|section| section.heading).take(5).collect();
    let five = [
        "What Happened",
        "What Information Was Involved",
        "What We Are Doing",
        "What You Can Do",
        "For More Information",
    ];
    assert_eq!(headings, five);
    assert_eq!(notice.to.name, "Attorney General of California");
    let gdpr = written(&told_all(&incident()), &ask("eu-gdpr", Duty::NotifyAuthority));
    assert_eq!(gdpr.sections[0].part, Part::Sender);
}

#[test]
fn a_number_is_counted_or_estimated_or_not_known() {
    let asked = ask("eu-gdpr", Duty::NotifyAuthority);
    assert_eq!(values(&written(&incident(), &asked), FactName::PeopleCount), [""; 0]);
    let estimated = then(&incident(), 50, Act::FactsChanged(Box::new(whole(texts))));
    assert_eq!(values(&written(&estimated, &asked), FactName::PeopleCount), ["about 12,000 (estimated)"]);
    let by_category = [(Category::parse("server-log").unwrap(), 38_211)].into();
    let counts = ScopeCounts { people: 11_402, records: 38_211, by_category, consents: 7 };
    let counted = written(&then(&estimated, 51, Act::Counted(counts)), &asked);
    let people = values(&counted, FactName::PeopleCount);
    assert!(people[0].starts_with("11,402, counted from what is stored (8 January 2026, 02:00 CET"), "{people:?}");
    assert_eq!(values(&counted, FactName::RecordCount)[1], "7 records of consent");
    assert_eq!(values(&counted, FactName::DataKinds), ["server-log: ip_address, user_agent (38,211 records)"]);
    assert_eq!(values(&counted, FactName::PeopleKinds), ["Finding abuse"]);
}

#[test]
fn one_that_is_late_says_why_and_one_in_time_does_not() {
    let known = told_all(&incident());
    let asked = |hours: i64| Ask { at: at(hours), ..ask("eu-gdpr", Duty::NotifyAuthority) };
    // Aware after 48 hours: due before 120.
    let in_time = written(&known, &asked(119));
    assert!(in_time.sections.iter().all(|section| section.part != Part::Delay));
    let late = written(&known, &asked(120));
    assert_eq!(values(&late, FactName::DelayReasons), ["The logs had to be read first (en)"]);
    assert!(values(&late, FactName::Late)[0].contains("10 January 2026, 23:00 CET"), "{late:?}");
    let mut silent = whole(texts);
    for texts in silent.texts.values_mut() {
        texts.delay.clear();
    }
    let silent = then(&known, 60, Act::FactsChanged(Box::new(silent)));
    assert_eq!(missing(&written(&silent, &asked(130))), [(FactName::DelayReasons, "GDPR Art. 33(1)")]);
    // What went out in time stays in time, whenever it is read again.
    let sent_in_time = then(&silent, 119, sent("eu-gdpr", Duty::NotifyAuthority, 119, silent.version()));
    assert!(written(&sent_in_time, &asked(4_000)).is_complete());
    // A law without a number is not said to be broken by our own.
    let swiss = Ask { at: at(4_000), ..ask("ch", Duty::NotifyAuthority) };
    assert!(written(&known, &swiss).sections.iter().all(|section| section.part != Part::Delay));
}

#[test]
fn an_update_says_what_changed_came_and_stayed() {
    let asked = ask("eu-gdpr", Duty::NotifyAuthority);
    let first = written(&incident(), &asked);
    assert_eq!((first.phase, &first.news), (Phase::First, &None));
    let reported = then(&incident(), 49, sent("eu-gdpr", Duty::NotifyAuthority, 49, 0));
    // Another law's authority has heard nothing yet.
    assert_eq!(written(&reported, &ask("uk-gdpr", Duty::NotifyAuthority)).phase, Phase::First);
    let nothing_new = written(&reported, &asked);
    assert_eq!(nothing_new.phase, Phase::Update(1));
    assert_eq!(nothing_new.news.unwrap().changes, []);

    let known = told_all(&reported);
    let update = written(&known, &asked);
    let news = update.news.clone().unwrap();
    assert_eq!((news.earlier.version, news.earlier.reference.as_str()), (0, "ref-49"));
    let change = |name: FactName| news.changes.iter().find(|change| change.name == name);
    let description = change(FactName::Description).unwrap();
    assert_eq!(description.before, ["A copy of the logs was public for a day."]);
    assert_eq!(description.after, ["Logs were public (en)"]);
    assert_eq!(change(FactName::Measures).unwrap().before, [""; 0]);
    assert_eq!(change(FactName::Occurrence), None);
    assert!(change(FactName::PeopleTold).is_some());
    assert!(news.unchanged.contains(&"Data was exposed"));
    // Nothing is said twice, and nothing that is told is left out.
    let compared = update.facts().filter(|fact| !fact.values.is_empty()).map(|fact| fact.label);
    for label in compared {
        let said = news.changes.iter().filter(|change| change.label == label).count()
            + news.unchanged.iter().filter(|unchanged| **unchanged == label).count();
        assert!(said <= 1, "{label}");
    }

    let twice = then(&known, 60, sent("eu-gdpr", Duty::NotifyAuthority, 60, known.version()));
    let third = written(&twice, &asked);
    assert_eq!((third.phase, third.news.unwrap().earlier.version), (Phase::Update(2), known.version()));
    let since_first = written(&twice, &Ask { since: Some(0), ..asked.clone() });
    assert_eq!(since_first.news.unwrap().earlier.version, 0);
    assert_eq!(written(&twice, &Ask { is_final: true, ..asked.clone() }).phase, Phase::Final);
    // An old version reads as it did.
    assert_eq!(written(&twice, &Ask { version: Some(0), ..asked.clone() }), written(&incident(), &asked));

    let refused = |ask: Ask| notification(&build::policy(), &twice, &ask).unwrap_err();
    assert_eq!(refused(Ask { since: Some(1), ..asked.clone() }), NoNotification::NothingSince);
    assert_eq!(refused(Ask { version: Some(99), ..asked.clone() }), NoNotification::NoSuchVersion);
    assert_eq!(refused(ask("eu-gdpr", Duty::FinalReport)), NoNotification::NoSuchDuty);
}

#[test]
fn a_processor_notifies_its_controller_and_a_controller_its_processors() {
    let service = Ground::parse("hosting").unwrap();
    let mut policy = build::policy();
    policy.roles.push(RoleRule {
        service: service.clone(),
        role: ServiceRole::Processor,
        parties: vec!["Shop Ltd".into()],
        clause: Clause::new("test.roles"),
    });
    let mut facts = whole(texts);
    facts.service = Some(service);
    let known = then(&incident(), 50, Act::FactsChanged(Box::new(facts)));
    let to_controller = notification(&policy, &known, &ask("eu-gdpr", Duty::NotifyController)).unwrap();
    assert_eq!((to_controller.to.name.as_str(), to_controller.article), ("Shop Ltd", "GDPR Art. 33(2)"));
    assert_eq!(values(&to_controller, FactName::Role), ["Processor, on behalf of the controller"]);
    assert!(to_controller.is_complete());

    let policy = recipients::policy();
    let processor = policy.recipients.values().find(|rule| rule.role == domain::policy::RecipientRole::Processor);
    let processor = processor.map(|rule| (rule.id.clone(), rule.title.clone())).unwrap();
    let asked = |recipient| Ask { to: Addressee::Processor(recipient), ..ask("eu-gdpr", Duty::NotifyAuthority) };
    let to_processor = notification(&policy, &known, &asked(processor.0)).unwrap();
    assert_eq!((to_processor.to.name, to_processor.article), (processor.1, "GDPR Art. 28(3)(f)"));
    let stranger = asked(Recipient::parse("stranger").unwrap());
    assert_eq!(notification(&policy, &known, &stranger), Err(NoNotification::NoSuchProcessor));
}

#[test]
fn the_policys_authority_is_told_by_its_own_law_and_others_by_theirs() {
    let mut policy = build::policy();
    policy.office.authority = Some(Authority {
        name: "CNIL".into(),
        url: Some("https://www.cnil.example".into()),
        phone: None,
        post: None,
        clause: Clause::new("test.authority"),
    });
    policy.office.data_protection_officer = Some("dpo@acme.example".into());
    let to = |name: &str| notification(&policy, &incident(), &ask(name, Duty::NotifyAuthority)).unwrap();
    assert_eq!(to("eu-gdpr").to.name, "CNIL");
    assert_eq!(to("sg").to.name, "Personal Data Protection Commission (PDPC)");
    assert_eq!(to("us-tx").to.name, "Attorney General of Texas");
    assert_eq!(to("us-wa").to.name, "Attorney General of Washington");
    let contact = values(&to("eu-gdpr"), FactName::ContactPoint);
    assert_eq!(contact, ["Data protection officer: dpo@acme.example", "privacy@acme.example"]);
}

#[test]
fn people_who_are_told_or_not_and_where_they_live_are_said() {
    let decided = |people| {
        let decision = Decision { authority: true, people, reason: "Because.".into() };
        written(&then(&incident(), 50, Act::Decided(decision)), &ask("eu-gdpr", Duty::NotifyAuthority))
    };
    let not_told = decided(PeopleAre::NotTold(Exemption::NoHighRisk));
    assert!(values(&not_told, FactName::PeopleTold)[0].contains("GDPR Art. 34(1)"));
    assert_eq!(values(&not_told, FactName::PeopleToldWhy), ["Because."]);
    let told = then(
        &incident(),
        50,
        Act::Decided(Decision { authority: true, people: PeopleAre::Told, reason: "High.".into() }),
    );
    let all_told = written(&then(&told, 60, Act::AllTold), &ask("eu-gdpr", Duty::NotifyAuthority));
    assert!(values(&all_told, FactName::PeopleTold)[1].starts_with("All who were found had been told"));

    let mut facts = whole(texts);
    facts.residents = [("FR", 3_000), ("DE", 900)].map(|(place, n)| (Place::parse(place).unwrap(), n)).into();
    let abroad = then(&incident(), 50, Act::FactsChanged(Box::new(facts)));
    let abroad = written(&abroad, &ask("eu-gdpr", Duty::NotifyAuthority));
    assert_eq!(values(&abroad, FactName::Residents), ["DE: 900", "FR: 3,000"]);
    assert!(values(&abroad, FactName::CrossBorder)[0].contains("cross-border"));
}

#[test]
fn it_is_written_in_the_language_that_is_asked_for() {
    let known = told_all(&incident());
    for (language, said) in [(Language::German, "(de)"), (Language::French, "(fr)")] {
        let asked = Ask { language, ..ask("eu-gdpr", Duty::NotifyAuthority) };
        assert!(values(&written(&known, &asked), FactName::Measures)[0].ends_with(said));
        // What staff wrote in English alone is told in English rather than not at all.
        let english = values(&written(&incident(), &asked), FactName::Description);
        assert_eq!(english, ["A copy of the logs was public for a day."]);
    }
    let policy: Policy = build::policy();
    let german = Ask { language: Language::German, ..ask("eu-gdpr", Duty::NotifyAuthority) };
    let german = notification(&policy, &known, &german).unwrap();
    assert_eq!(values(&german, FactName::PeopleCount), ["etwa 12.000 (geschätzt)"]);
    assert!(german.as_of_in_words.starts_with("8. Januar 2026, 03:00 CET"), "{}", german.as_of_in_words);
}
