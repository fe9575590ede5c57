//! Each letter about a breach holds what its article demands.

use domain::{
    breach::{Actor, Breach, Decision, Entry, Facts},
    ids::{ControllerId, KeyedId, StaffId},
    policy::{Notice, Regime},
};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy(regimes: &[Regime]) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let controller = ControllerId::parse("acme").unwrap();
    let mut policy = Policy::new(controller, "Acme".into(), "privacy@acme.example".into(), notice);
    policy.regimes = regimes.to_vec();
    policy.office.data_protection_officer = Some("dpo@acme.example".into());
    policy
}

fn told(words: &str) -> Told {
    let of = |what: &str| format!("{words} {what}");
    Told {
        description: of("description"),
        consequences: of("consequences"),
        measures: of("measures"),
        advice: of("advice"),
        delay: of("delay"),
    }
}

fn incident() -> Incident {
    let mut facts = Facts::new(at("2026-03-01T12:00:00Z"), at("2026-03-03T12:00:00Z"), told("English"));
    facts.scope.categories = BTreeSet::from([Category::parse("server-log").unwrap()]);
    Incident::new(Breach {
        id: domain::ids::BreachId::from_hash("AAAAAAAAAAAAAAAAAAAAAA".into()),
        title: "What the register calls it".into(),
        declared_at: at("2026-03-04T12:00:00Z"),
        declared_by: StaffId::parse("officer-1").unwrap(),
        times: Vec::new(),
        facts,
        signals: BTreeSet::new(),
        settled: Vec::new(),
    })
}

fn text(policy: &Policy, incident: &Incident, language: Language) -> String {
    letter(policy, incident, language, at("2026-03-05T12:00:00Z")).1
}

#[test]
fn each_element_of_article_34_stands_in_the_letter_once_in_every_language() {
    // GDPR Art. 34(2) with Art. 33(3)(b) to (d), and Art. 77.
    let mut incident = incident();
    for (language, words) in [(Language::German, "deutsch"), (Language::French, "français")] {
        incident.breach.facts.texts.insert(language, told(words));
    }
    let days = |language| match language {
        Language::English => ["1 March 2026", "3 March 2026", "5 March 2026"],
        Language::German => ["1. März 2026", "3. März 2026", "5. März 2026"],
        Language::French => ["1er mars 2026", "3 mars 2026", "5 mars 2026"],
    };
    for (language, words) in
        [(Language::English, "English"), (Language::German, "deutsch"), (Language::French, "français")]
    {
        let text = text(&policy(&[Regime::EuGdpr, Regime::UkGdpr]), &incident, language);
        let texts = Texts::of(language);
        let own = ["description", "consequences", "measures", "advice"].map(|what| format!("{words} {what}"));
        let elements = [
            texts.breach_reached("Acme"),
            texts.breach_heading_happened(),
            texts.breach_heading_information(),
            texts.breach_heading_consequences(),
            texts.breach_heading_measures(),
            texts.breach_heading_advice(),
            texts.breach_heading_contact(),
            "- server-log".into(),
            "privacy@acme.example".into(),
            "dpo@acme.example".into(),
            texts.authority(Regime::EuGdpr),
            texts.authority(Regime::UkGdpr),
        ];
        for element in own.iter().chain(&elements) {
            assert_eq!(text.matches(element.as_str()).count(), 1, "{element}: {text}");
        }
        assert!(days(language).iter().all(|day| text.contains(day)), "{text}");
        assert!(!text.contains("What the register calls it"));
        assert!(!text.contains(&texts.breach_title()) && !text.contains(&texts.breach_delayed()));
    }
}

#[test]
fn words_that_are_not_translated_are_told_in_english_and_the_letter_says_so() {
    let text = text(&policy(&[Regime::EuGdpr]), &incident(), Language::German);
    let texts = Texts::of(Language::German);
    assert!(text.contains(&texts.breach_in_english()) && text.contains("English advice"), "{text}");
    assert!(text.contains("Was Sie tun können\n------------------\n"), "{text}");
    let mut french = incident();
    french.breach.facts.texts = BTreeMap::from([(Language::French, told("français"))]);
    assert!(self::text(&policy(&[]), &french, Language::German).contains(&texts.breach_in_french()));
}

#[test]
fn what_is_not_known_yet_is_said_to_be_so() {
    let mut incident = incident();
    incident.breach.facts.scope.categories.clear();
    let short = Told { description: "A disk was lost.".into(), advice: " \n".into(), ..Told::default() };
    incident.breach.facts.texts = BTreeMap::from([(Language::English, short)]);
    let text = text(&policy(&[Regime::EuGdpr]), &incident, Language::English);
    for sentence in [
        "Which kinds of data it reached is not known yet.",
        "What may follow from it is not known yet.",
        "We are finding out how it came about",
        "There is nothing that you need to do now.",
    ] {
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
}

#[test]
fn an_attempt_is_called_one() {
    let mut incident = incident();
    incident.breach.facts.attempt_only = true;
    for language in Language::ALL {
        let texts = Texts::of(language);
        let text = text(&policy(&[Regime::EuGdpr]), &incident, language);
        assert!(text.contains(&texts.breach_tried("Acme")) && !text.contains(&texts.breach_reached("Acme")));
    }
}

#[test]
fn californian_law_gets_its_title_and_its_five_headings_in_its_order() {
    // Cal. Civ. Code 1798.82(d)(1), and (d)(2)(D) for the delay.
    let mut incident = incident();
    let decision = Decision {
        authority: false,
        people: PeopleAre::NotTold(Exemption::Investigation),
        reason: "The police asked.".into(),
    };
    let by = Actor::Staff(StaffId::parse("officer-1").unwrap());
    incident.history.push(Entry { at: at("2026-03-04T13:00:00Z"), by, act: Act::Decided(decision) });
    let text = text(&policy(&[Regime::UsCa]), &incident, Language::English);
    let headings: Vec<_> = text
        .lines()
        .zip(text.lines().skip(1))
        .filter(|(_, below)| !below.is_empty() && below.chars().all(|c| c == '-'))
        .map(|(heading, _)| heading)
        .collect();
    let expected = [
        "Notice of Data Breach",
        "What Happened",
        "What Information Was Involved",
        "What We Are Doing",
        "What You Can Do",
        "For More Information",
    ];
    assert_eq!(headings, expected);
    assert!(text.contains("English consequences") && text.contains("because the police asked us to wait"), "{text}");
    // A resident is enough, whatever law the policy names.
    let mut abroad = self::incident();
    abroad.breach.facts.residents.insert(domain::place::Place::parse("US-CA").unwrap(), 3);
    assert!(self::text(&policy(&[Regime::EuGdpr]), &abroad, Language::English).starts_with("Notice of Data Breach\n"));
}

#[test]
fn the_subject_line_says_nothing_of_what_happened() {
    let to = (Sensitive::new("ada@example.com".to_owned()), Language::French);
    let subject = testkit::build::subject("ada@example.com");
    let mail = breach(&policy(&[Regime::EuGdpr]), &incident(), &subject, to, at("2026-03-05T12:00:00Z"));
    assert_eq!(mail.subject, "Acme : à propos de la sécurité de vos données");
    assert!(mail.tag.starts_with("breach-AAAAAAAAAAAAAAAAAAAAAA-"));
}
