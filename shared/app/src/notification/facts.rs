//! What is known of a breach, as a notification says it.

use domain::{
    breach::{
        Decision, Effect, Exemption, Facts, Incident, Level, PeopleAre, Protection, Submission, Telling, role_of,
    },
    clock::{Anchor, EEA, Law},
    language::Language,
    policy::{Policy, ServiceRole},
};
use jiff::Timestamp;

use super::{
    Addressee, Ask, Fact, Section,
    forms::{self, FactName, Part},
    words::Words,
};
use crate::letters::texts;

/// Times of what clocks count from, in the order in which they are told.
const TIMES: [(FactName, Anchor); 8] = [
    (FactName::Detected, Anchor::Detection),
    (FactName::Suspected, Anchor::Suspicion),
    (FactName::Discovered, Anchor::Discovery),
    (FactName::ProcessorAware, Anchor::ProcessorAwareness),
    (FactName::Aware, Anchor::Awareness),
    (FactName::Determined, Anchor::Determination),
    (FactName::Assessed, Anchor::Assessment),
    (FactName::Classified, Anchor::Classification),
];

/// An instant in the policy's zone and in UTC: `7 April 2026, 14:05 CEST (12:05 UTC)`.
pub(super) fn instant(policy: &Policy, language: Language, at: Timestamp) -> String {
    let zoned = at.to_zoned(policy.time_zone.clone());
    let day = texts::Texts::of(language).day(zoned.date());
    let utc = at.to_zoned(jiff::tz::TimeZone::UTC);
    if zoned.offset() == utc.offset() {
        return format!("{day}, {} UTC", utc.strftime("%H:%M"));
    }
    // In the zone's night the other day begins at another time.
    let other = if zoned.date() == utc.date() { String::new() } else { utc.strftime("%Y-%m-%d ").to_string() };
    format!("{day}, {} ({other}{} UTC)", zoned.strftime("%H:%M %Z"), utc.strftime("%H:%M"))
}

/// The sections of a notification in its order, and what the law asks for.
pub(super) fn sections(
    policy: &Policy,
    known: &Incident,
    ask: &Ask,
    late_by: Option<Timestamp>,
) -> (Vec<Section>, Vec<(FactName, &'static str)>) {
    let article = ask.to.duty().and_then(|duty| {
        let of_it = |rule: &&domain::clock::Rule| rule.law == ask.law && rule.duty == duty;
        domain::clock::rules().find(of_it).map(|rule| rule.article)
    });
    let required = forms::required(ask.law, &ask.to, article.unwrap_or_default(), late_by.is_some());
    let told = Told { policy, known, ask, late_by, words: Words::of(ask.language) };
    let is_californian = ask.law == Law::US_CA && matches!(ask.to, Addressee::Authority(_));
    let order = if is_californian { Part::CALIFORNIAN } else { Part::ALL };
    let section = |part: Part| {
        let heading = is_californian.then(|| part.californian_heading()).flatten();
        let mut articles: Vec<&'static str> =
            required.iter().filter(|(name, _)| name.part() == part).map(|(_, article)| *article).collect();
        articles.dedup();
        let names = FactName::ALL.iter().copied().filter(|name| name.part() == part);
        let fact = |name: FactName| {
            let values = told.values(name);
            // What no law asks for is left out while it is not known.
            let is_asked = required.iter().any(|(asked, _)| *asked == name);
            (is_asked || !values.is_empty()).then(|| Fact { name, label: told.words.fact(name), values })
        };
        let facts: Vec<Fact> = names.filter_map(fact).collect();
        let heading = heading.unwrap_or_else(|| told.words.part(part));
        (!facts.is_empty()).then_some(Section { part, heading, articles, facts })
    };
    (order.into_iter().filter_map(section).collect(), required)
}

/// What is told, fact by fact.
struct Told<'a> {
    policy: &'a Policy,
    known: &'a Incident,
    ask: &'a Ask,
    late_by: Option<Timestamp>,
    words: Words,
}

fn some(text: &str) -> Vec<String> {
    if text.trim().is_empty() { Vec::new() } else { vec![text.to_owned()] }
}

fn optional(text: Option<&String>) -> Vec<String> {
    text.map(|text| some(text)).unwrap_or_default()
}

impl Told<'_> {
    fn facts(&self) -> &Facts {
        self.known.facts()
    }

    fn instant(&self, at: Timestamp) -> String {
        instant(self.policy, self.ask.language, at)
    }

    /// A text of the staff in the language of the notification, or in English.
    fn text(&self, of: impl Fn(&domain::breach::Texts) -> &str) -> Vec<String> {
        let texts = self.facts().texts_in(self.ask.language).map(|(_, texts)| texts);
        let first = texts.map(|texts| some(of(texts))).unwrap_or_default();
        if !first.is_empty() {
            return first;
        }
        // Said in English alone so far: better than not said.
        self.facts().texts.get(&Language::English).map(|texts| some(of(texts))).unwrap_or_default()
    }

    fn values(&self, name: FactName) -> Vec<String> {
        let office = &self.policy.office;
        match name {
            FactName::Notifier => some(&self.policy.name),
            FactName::Role => some(self.role()),
            FactName::ContactPoint => self.contact_point(),
            FactName::Phone => optional(office.phone.as_ref()),
            FactName::Post => optional(office.post.as_ref()),
            FactName::Representative => optional(office.representative.as_ref()),
            FactName::Occurrence => vec![
                self.words.between(&self.instant(self.facts().exposed_from), &self.instant(self.facts().exposed_to)),
            ],
            FactName::DueBefore => self.due_before(),
            FactName::Description => self.text(|texts| &texts.description),
            FactName::Effects => self.facts().effects.iter().map(|effect| self.effect(*effect).to_owned()).collect(),
            FactName::Attempt if self.facts().attempt_only => some(self.words.attempt_only),
            FactName::Service => optional(self.facts().service.as_ref().map(ToString::to_string).as_ref()),
            FactName::Systems => self.facts().scope.systems.iter().map(|system| system.as_str().to_owned()).collect(),
            FactName::Processors => self.recipients(),
            FactName::DataKinds => self.data_kinds(),
            FactName::RecordCount => self.record_count(),
            FactName::Protection => some(self.protection()),
            FactName::PeopleKinds => self.people_kinds(),
            FactName::PeopleCount => {
                self.number(self.known.counts().map(|(at, counts)| (at, counts.people)), self.facts().people)
            }
            FactName::Residents => {
                let residents = self.facts().residents.iter();
                residents.map(|(place, count)| format!("{place}: {}", self.words.digits(*count))).collect()
            }
            FactName::CrossBorder => self.cross_border(),
            FactName::Consequences => self.text(|texts| &texts.consequences),
            FactName::Severity => self.severity(),
            FactName::Measures => self.text(|texts| &texts.measures),
            FactName::RiskAverted if self.facts().risk_averted => some(self.words.risk_averted),
            FactName::Advice => self.text(|texts| &texts.advice),
            FactName::PeopleTold => self.people_told(),
            FactName::PeopleToldWhy => optional(self.known.decision().map(|(_, decision)| &decision.reason)),
            FactName::Late => self.late_by.map(|due| vec![self.words.late(&self.instant(due))]).unwrap_or_default(),
            FactName::DelayReasons if self.late_by.is_some() => self.text(|texts| &texts.delay),
            FactName::Earlier => self.known.submissions().map(|sent| self.submission(sent)).collect(),
            FactName::Attempt | FactName::RiskAverted | FactName::DelayReasons => Vec::new(),
            FactName::Detected
            | FactName::Suspected
            | FactName::Discovered
            | FactName::ProcessorAware
            | FactName::Aware
            | FactName::Determined
            | FactName::Assessed
            | FactName::Classified => self.time(name),
        }
    }

    fn role(&self) -> &'static str {
        match role_of(self.policy, self.known) {
            ServiceRole::Controller => self.words.controller,
            ServiceRole::JointController => self.words.joint_controller,
            ServiceRole::Processor => self.words.processor,
        }
    }

    fn protection(&self) -> &'static str {
        match self.facts().protection {
            Protection::Readable => self.words.readable,
            Protection::KeysSafe => self.words.keys_safe,
            Protection::KeysExposed => self.words.keys_exposed,
        }
    }

    fn time(&self, name: FactName) -> Vec<String> {
        let anchor = TIMES.iter().find(|(time, _)| *time == name).map(|(_, anchor)| *anchor);
        let at = anchor.and_then(|anchor| self.known.time_of(anchor));
        at.map(|at| vec![self.instant(at)]).unwrap_or_default()
    }

    /// The data protection officer, or the contact of the policy (GDPR Art. 33(3)(b)).
    fn contact_point(&self) -> Vec<String> {
        let officer = self.policy.office.data_protection_officer.as_ref();
        let officer = officer.filter(|officer| !officer.trim().is_empty());
        let mut values: Vec<String> = officer.map(|mail| self.words.officer(mail)).into_iter().collect();
        if officer != Some(&self.policy.contact_mail) {
            values.extend(some(&self.policy.contact_mail));
        }
        values
    }

    fn due_before(&self) -> Vec<String> {
        let Some(duty) = self.ask.to.duty() else { return Vec::new() };
        let clocks = domain::breach::clocks(self.policy, self.known);
        let clock = clocks.into_iter().find(|clock| clock.law == Some(self.ask.law) && clock.duty == duty);
        // What the law gives no number for has no date that an authority would know.
        let due = clock.filter(|clock| clock.words.is_none()).and_then(|clock| clock.due);
        due.map(|due| vec![self.instant(due)]).unwrap_or_default()
    }

    const fn effect(&self, effect: Effect) -> &'static str {
        match effect {
            Effect::Confidentiality => self.words.confidentiality,
            Effect::Integrity => self.words.integrity,
            Effect::Availability => self.words.availability,
        }
    }

    fn recipients(&self) -> Vec<String> {
        let named = |id| self.policy.recipients.get(id).map(|rule| rule.title.clone());
        self.facts().scope.recipients.iter().map(|id| named(id).unwrap_or_else(|| id.to_string())).collect()
    }

    /// The categories with their fields, and how many records of each where they were counted.
    fn data_kinds(&self) -> Vec<String> {
        let counts = self.known.counts().map(|(_, counts)| &counts.by_category);
        let kind = |category| {
            let fields = self.policy.categories.get(category).map(|rule| &rule.fields);
            let fields: Vec<String> = fields.into_iter().flatten().map(ToString::to_string).collect();
            let mut kind = ToString::to_string(category);
            if !fields.is_empty() {
                kind = format!("{kind}: {}", fields.join(", "));
            }
            match counts.and_then(|counts| counts.get(category)) {
                Some(count) => format!("{kind} ({})", self.words.records(*count)),
                None => kind,
            }
        };
        self.facts().scope.categories.iter().map(kind).collect()
    }

    /// Whose data it is, by what it is kept for: what the scope names, or what the policy keeps its categories for.
    fn people_kinds(&self) -> Vec<String> {
        let scope = &self.facts().scope;
        let mut purposes = scope.purposes.clone();
        if purposes.is_empty() {
            let kept = self.policy.retention.keys().filter(|(category, _)| scope.categories.contains(category));
            purposes.extend(kept.map(|(_, purpose)| purpose.clone()));
        }
        let title = |purpose| self.policy.purposes.get(purpose).map(|rule| rule.title.clone());
        purposes.iter().map(|purpose| title(purpose).unwrap_or_else(|| purpose.to_string())).collect()
    }

    fn record_count(&self) -> Vec<String> {
        let counted = self.known.counts();
        let mut values = self.number(counted.map(|(at, counts)| (at, counts.records)), self.facts().records);
        let consents = counted.map(|(_, counts)| counts.consents).filter(|consents| *consents > 0);
        values.extend(consents.map(|consents| self.words.consents(consents)));
        values
    }

    /// A number that was counted, or else one that was estimated.
    fn number(&self, counted: Option<(Timestamp, u64)>, estimated: Option<u64>) -> Vec<String> {
        match (counted, estimated) {
            (Some((at, number)), _) => vec![self.words.counted(number, &self.instant(at))],
            (None, Some(number)) => vec![self.words.about(number)],
            (None, None) => Vec::new(),
        }
    }

    /// People of several countries of the Union: which authority leads is another question there (GDPR Art. 56).
    fn cross_border(&self) -> Vec<String> {
        let countries: std::collections::BTreeSet<String> =
            self.facts().residents.keys().map(|place| place.country().to_string()).collect();
        let in_the_union = countries.iter().filter(|country| EEA.contains(&country.as_str())).count();
        match (self.ask.law.is_of_the_union(), in_the_union, countries.len()) {
            (_, _, 0) => Vec::new(),
            (true, 2.., _) => some(self.words.several_members),
            (_, _, 2..) => some(self.words.several_countries),
            _ => Vec::new(),
        }
    }

    fn severity(&self) -> Vec<String> {
        let Some((_, assessment)) = self.known.assessment() else { return Vec::new() };
        let severity = assessment.severity();
        let level = match severity.level() {
            Level::Low => self.words.low,
            Level::Medium => self.words.medium,
            Level::High => self.words.high,
            Level::VeryHigh => self.words.very_high,
        };
        vec![self.words.severity(level, &severity.to_string())]
    }

    /// Whether and how people are told (GDPR Art. 34).
    fn people_told(&self) -> Vec<String> {
        let Some((_, Decision { people, .. })) = self.known.decision() else { return Vec::new() };
        let mut values = some(match people {
            PeopleAre::Told => self.words.told,
            PeopleAre::ToldInPublic => self.words.told_in_public,
            PeopleAre::NotTold(Exemption::NoHighRisk) => self.words.no_high_risk,
            PeopleAre::NotTold(Exemption::Unintelligible) => self.words.unintelligible,
            PeopleAre::NotTold(Exemption::RiskAverted) => self.words.averted,
            PeopleAre::NotTold(Exemption::Investigation) => self.words.investigation,
        });
        if *people == PeopleAre::Told {
            let all = self.known.all_told_at().map(|at| self.words.all_told(&self.instant(at)));
            let state = match self.known.telling() {
                Telling::Running => self.words.telling_runs,
                Telling::Paused => self.words.telling_paused,
                Telling::Stopped => self.words.telling_stopped,
            };
            values.push(all.unwrap_or_else(|| state.to_owned()));
        }
        values
    }

    fn submission(&self, sent: &Submission) -> String {
        format!(
            "{}: {}, {} ({})",
            self.instant(sent.at),
            sent.to,
            sent.law.title(),
            self.words.reference(&sent.reference)
        )
    }
}
