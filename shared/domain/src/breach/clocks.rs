//! Which clocks run for a breach: one for each law and duty that binds, each from an anchor of its own, and one for the
//! policy's own promise.
//!
//! They are a pure function of the policy and of what is known, so another fact gives other clocks; what they were
//! before follows from a shorter history ([`Incident::until`], [`changes`]).

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};

use super::{Act, Assessment, Decision, Exemption, Incident, Level, PeopleAre, Protection, Reason, weigh::Known};
use crate::{
    clock::{self, Anchor, ClockError, Due, Duty, Events, Law, Period, Rule, Site, Step},
    dsar,
    policy::{Policy, ServiceRole},
    regime,
};

/// Within how many hours something is done for which a law names no number: ours. As soon as GDPR Art. 33(1) asks for
/// what it names one for.
pub const HOURS_WITHOUT_NUMBER: i64 = 72;

/// What the policy's own promise is called where a law would be named.
pub const POLICY: &str = "policy";

/// Where a clock stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// What it counts from is not known yet.
    Waiting,
    /// It runs.
    Running,
    /// What it asks for was done then.
    Met(Timestamp),
    /// It asks for nothing, and why.
    NotOwed(String),
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// By which law; `None`: by the policy's own promise.
    pub law: Option<Law>,
    /// What must be done.
    pub duty: Duty,
    /// Where it says so: the article, or the policy's clause.
    pub article: String,
    /// What it counts from.
    pub anchor: Anchor,
    /// When that was.
    pub from: Option<Timestamp>,
    /// The first instant that is late; `None` while it waits.
    pub due: Option<Timestamp>,
    /// The law's words where it names no number; the due time is ours then.
    pub words: Option<&'static str>,
    /// Where it stands.
    pub standing: Standing,
    /// Why it binds, and what of it is not certain.
    pub reasons: Vec<Reason>,
    /// How the date comes about.
    pub steps: Vec<Step>,
}

impl Clock {
    /// The name of its law, or of the policy.
    pub fn source(&self) -> &'static str {
        self.law.map_or(POLICY, Law::as_str)
    }

    /// The name under which its warnings are claimed: law and duty.
    pub fn name(&self) -> String {
        format!("{}~{}", self.source(), self.duty.as_str())
    }

    /// When so much of its time is gone, in percent; `None` while it waits.
    pub fn share_at(&self, percent: u8) -> Option<Timestamp> {
        let (from, due) = (self.from?, self.due?);
        let whole = i128::from(due.as_millisecond()) - i128::from(from.as_millisecond());
        let part = i64::try_from(whole * i128::from(percent) / 100).ok()?;
        Timestamp::from_millisecond(from.as_millisecond().checked_add(part)?).ok()
    }

    /// Whether it was missed: it ran out before what it asks for was done.
    pub fn is_missed(&self, at: Timestamp) -> bool {
        match (&self.standing, self.due) {
            (Standing::Running, Some(due)) => at >= due,
            (Standing::Met(met), Some(due)) => *met >= due,
            _ => false,
        }
    }
}

/// What the controller is towards the data of a breach.
pub fn role_of(policy: &Policy, incident: &Incident) -> ServiceRole {
    let rule = incident.facts().service.as_ref().and_then(|service| dsar::role_for(policy, service));
    rule.map_or(ServiceRole::Controller, |rule| rule.role)
}

/// The laws that bind, each with its reason: those of the policy, by where its controller is and where people live
/// ([`regime::applicable`]); those that a person named; those that protect people where they are known to live. As long
/// as nobody knows of everybody where they live, no law of the policy is excluded by it.
pub fn bound_by(policy: &Policy, incident: &Incident) -> Vec<(Law, Reason)> {
    let facts = incident.facts();
    let mut bound: Vec<(Law, Reason)> = Vec::new();
    let unknown = (!Known::of(incident).knows_all_residences()).then_some(None);
    let places = unknown.into_iter().chain(facts.residents.keys().map(Some));
    let mut by_policy: Vec<regime::Applies> = places.flat_map(|place| regime::applicable(policy, place)).collect();
    if by_policy.iter().any(|applies| !applies.by_promise) {
        // That the policy promises rights to whom no law of it reaches says nothing of who else is to be told.
        by_policy.retain(|applies| !applies.by_promise);
    }
    for regime in &policy.regimes {
        if let Some(applies) = by_policy.iter().find(|applies| applies.regime == *regime) {
            bound.push((Law::of(*regime), Reason::new(applies.because.clone(), applies.article)));
        }
    }
    let named = facts.laws.iter().map(|law| (*law, Reason::new("somebody of the staff named it", "")));
    bound.extend(named);
    for law in Law::all() {
        if let Some(place) = facts.residents.keys().find(|place| law.protects_in(place)) {
            bound.push((law, Reason::new(format!("people in {place} are concerned"), "")));
        }
    }
    let mut seen = BTreeSet::new();
    bound.retain(|(law, _)| seen.insert(*law));
    bound
}

/// The laws that bind.
pub fn laws_of(policy: &Policy, incident: &Incident) -> Vec<Law> {
    bound_by(policy, incident).into_iter().map(|(law, _)| law).collect()
}

/// Every clock of a breach. A processor tells its controller and nobody else (GDPR Art. 33(2)); everybody else has no
/// controller to tell.
pub fn clocks(policy: &Policy, incident: &Incident) -> Vec<Clock> {
    let known = Known::of(incident);
    let course = Course { policy, incident, known: &known, role: role_of(policy, incident) };
    let mut clocks = Vec::new();
    for (law, reason) in bound_by(policy, incident) {
        let mut of_law: Vec<Clock> = Vec::new();
        let (events, assumed) = course.events(law);
        for rule in course.rules(law) {
            let clock = course.clock(rule, &events, &assumed, &reason);
            // Of two rows for one duty the sooner counts, as DORA asks.
            match of_law.iter_mut().find(|earlier| earlier.duty == clock.duty) {
                Some(other) if clock.due.is_some_and(|due| other.due.is_none_or(|first| due < first)) => *other = clock,
                Some(_) => {}
                None => of_law.push(clock),
            }
        }
        let first = of_law.iter().find(|clock| clock.duty == Duty::NotifyAuthority).map(|clock| clock.standing.clone());
        for clock in &mut of_law {
            clock.follow(first.as_ref());
        }
        clocks.extend(of_law);
    }
    clocks.extend(course.promise());
    clocks
}

/// Whether a duty follows from a breach and ends with something that is done: the register is kept in any case.
fn is_of_breaches(duty: Duty) -> bool {
    !duty.is_of_requests() && duty != Duty::KeepRegister
}

/// Whether an authority is told by it, so that the decision about authorities ends it.
pub(super) const fn is_of_authorities(duty: Duty) -> bool {
    matches!(
        duty,
        Duty::NotifyAuthority
            | Duty::NotifyAuthorityYearly
            | Duty::Supplement
            | Duty::NotifyInDetail
            | Duty::EarlyWarning
            | Duty::IntermediateReport
            | Duty::FinalReport
            | Duty::FinalReportImproper
    )
}

/// Which submissions meet a duty: its own, and those that say more to the same reader.
fn met_by(duty: Duty) -> &'static [Duty] {
    match duty {
        Duty::EarlyWarning => &[Duty::EarlyWarning, Duty::NotifyAuthority, Duty::FinalReport],
        Duty::NotifyAuthorityYearly => &[Duty::NotifyAuthorityYearly, Duty::NotifyAuthority],
        Duty::FinalReport | Duty::FinalReportImproper => &[Duty::FinalReport, Duty::FinalReportImproper],
        Duty::NotifyAuthority => &[Duty::NotifyAuthority],
        Duty::Supplement => &[Duty::Supplement],
        Duty::NotifyInDetail => &[Duty::NotifyInDetail],
        Duty::IntermediateReport => &[Duty::IntermediateReport],
        Duty::NotifySubjects => &[Duty::NotifySubjects],
        Duty::NotifyMedia => &[Duty::NotifyMedia],
        Duty::NotifyController => &[Duty::NotifyController],
        Duty::Assess => &[Duty::Assess],
        _ => &[],
    }
}

/// The decision as far as it holds: what was learned since can take its ground away.
pub(super) fn decision_in_force(incident: &Incident) -> Option<Decision> {
    let mut in_force: Option<Decision> = None;
    for entry in incident.entries() {
        match &entry.act {
            Act::Decided(decision) => in_force = Some(decision.clone()),
            Act::Assessed(assessment) => {
                let level = assessment.severity().level();
                if let Some(decision) = &mut in_force {
                    decision.authority |= level >= Level::Medium;
                    if decision.people == PeopleAre::NotTold(Exemption::NoHighRisk) && level >= Level::High {
                        return_to_telling(decision);
                    }
                }
            }
            _ => {}
        }
    }
    // Encryption exempts only while the keys are safe (EDPB Guidelines 9/2022).
    if let Some(decision) = &mut in_force
        && decision.people == PeopleAre::NotTold(Exemption::Unintelligible)
        && incident.facts().protection != Protection::KeysSafe
    {
        return_to_telling(decision);
    }
    in_force
}

const fn return_to_telling(decision: &mut Decision) {
    decision.people = PeopleAre::Told;
}

struct Course<'a> {
    policy: &'a Policy,
    incident: &'a Incident,
    known: &'a Known,
    role: ServiceRole,
}

impl Course<'_> {
    fn rules(&self, law: Law) -> impl Iterator<Item = &'static Rule> {
        let is_processor = self.role == ServiceRole::Processor;
        clock::rules().filter(move |rule| {
            rule.law == law && is_of_breaches(rule.duty) && (rule.duty == Duty::NotifyController) == is_processor
        })
    }

    /// Everything from which a law's clocks count, by the latest word on each; and what nobody stated but what follows
    /// at the latest from what was stated. What was sent counts from its sending, to the authority of that law.
    fn events(&self, law: Law) -> (Events, Vec<(Anchor, Anchor)>) {
        let (incident, mut events) = (self.incident, Events::new());
        for anchor in Anchor::ALL {
            if let Some(at) = incident.time_of(*anchor) {
                events.note(*anchor, at);
            }
        }
        let sent = |duty| incident.submissions().filter(move |sent| sent.law == law && sent.duty == duty);
        if let Some(first) = sent(Duty::NotifyAuthority).map(|sent| sent.at).min() {
            events.note(Anchor::Notification, first);
        }
        if let Some(latest) = sent(Duty::IntermediateReport).map(|sent| sent.at).max() {
            events.note(Anchor::IntermediateSent, latest);
        }
        if let Some(at) = incident.all_told_at() {
            events.note(Anchor::SubjectsTold, at);
        }
        // An assessment recorded here counts as the law's if it finds that there is something to notify.
        if events.at(Anchor::Assessment).is_none()
            && let Some(at) = self.assessed_at()
        {
            events.note(Anchor::Assessment, at);
        }
        let mut follows = vec![
            (Anchor::Awareness, Anchor::Determination),
            (Anchor::Discovery, Anchor::Awareness),
            (Anchor::Determination, Anchor::Awareness),
            (Anchor::Detection, Anchor::Discovery),
            (Anchor::Suspicion, Anchor::Discovery),
        ];
        if self.role == ServiceRole::Processor {
            follows.insert(1, (Anchor::ProcessorAwareness, Anchor::Awareness));
        }
        follows.retain(|(anchor, from)| match (events.at(*anchor), events.at(*from)) {
            (None, Some(at)) => {
                events.note(*anchor, at);
                true
            }
            _ => false,
        });
        (events, follows)
    }

    fn assessed_at(&self) -> Option<Timestamp> {
        let finds = |assessment: &Assessment| {
            assessment.severity().level() >= Level::Medium || self.known.people_at_least() >= SIGNIFICANT_SCALE
        };
        self.incident.entries().find_map(|entry| match &entry.act {
            Act::Assessed(assessment) if finds(assessment) => Some(entry.at),
            _ => None,
        })
    }

    fn site(&self) -> Site {
        Site { zone: self.policy.time_zone.clone(), place: self.policy.establishment.clone(), holidays: true }
    }

    fn due(&self, rule: &'static Rule, events: &Events) -> Result<Due, ClockError> {
        let site = self.site();
        clock::due_by(rule, events, &site).or_else(|error| match error {
            // Past the years whose holidays are known only weekends move a date: earlier, never later.
            ClockError::NoHolidays { .. } => clock::due_by(rule, events, &Site { holidays: false, ..site }),
            error => Err(error),
        })
    }

    fn clock(&self, rule: &'static Rule, events: &Events, assumed: &[(Anchor, Anchor)], bound: &Reason) -> Clock {
        let from = events.at(rule.anchor);
        let mut clock = Clock {
            law: Some(rule.law),
            duty: rule.duty,
            article: rule.article.to_owned(),
            anchor: rule.anchor,
            from,
            due: None,
            words: None,
            standing: Standing::Running,
            reasons: vec![bound.clone()],
            steps: Vec::new(),
        };
        if let Some((anchor, by)) = assumed.iter().find(|(anchor, _)| *anchor == rule.anchor) {
            let words = format!("nobody stated {anchor}: it counts from {by}, by when that had come at the latest");
            clock.reasons.push(Reason::new(words, rule.article));
        }
        match (self.due(rule, events), rule.period) {
            (Ok(due), _) => {
                clock.due = Some(due.at);
                clock.steps = due.steps;
            }
            (Err(_), Period::Words(words)) => {
                clock.words = Some(words);
                clock.due = from.map(|from| from.saturating_add(HOURS_WITHOUT_NUMBER.hours()).unwrap_or(from));
                let said = format!("the law names no number: {words}; {HOURS_WITHOUT_NUMBER} hours are our own target");
                clock.reasons.push(Reason::new(said, rule.article));
            }
            // A date past the calendar's end is due at once rather than never.
            (Err(ClockError::OutOfCalendar), _) => clock.due = from,
            (Err(_), _) => {}
        }
        let weighed = self.known.weigh(rule.when, rule.law);
        clock.reasons.extend(weighed.iter().flatten().map(|words| Reason::new(words.clone(), rule.article)));
        let not_owed = self.not_owed(rule.duty, rule.anchor).or_else(|| weighed.err());
        clock.standing = self.standing(Some(rule.law), rule.duty, not_owed, clock.due);
        clock
    }

    fn standing(&self, law: Option<Law>, duty: Duty, not_owed: Option<String>, due: Option<Timestamp>) -> Standing {
        let incident = self.incident;
        let done = match duty {
            Duty::NotifySubjects => incident.all_told_at(),
            Duty::Assess => incident.assessment().map(|(at, _)| at),
            _ => None,
        };
        let meets = met_by(duty);
        // What told people under any law keeps the policy's promise, too: a public word in a newspaper, say.
        let is_of = |sent: Law| law.is_none_or(|law| law == sent);
        let sent = incident.submissions().filter(|sent| is_of(sent.law) && meets.contains(&sent.duty));
        if let Some(at) = sent.map(|sent| sent.at).min().or(done) {
            return Standing::Met(at);
        }
        match not_owed {
            Some(why) => Standing::NotOwed(why),
            None if due.is_some() => Standing::Running,
            None => Standing::Waiting,
        }
    }

    /// Why a law's duty asks for nothing whatever its row says.
    fn not_owed(&self, duty: Duty, anchor: Anchor) -> Option<String> {
        if self.incident.facts().attempt_only {
            return Some("it was only tried: no breach of security came of it (GDPR Art. 4(12))".to_owned());
        }
        if duty == Duty::NotifyController {
            return None;
        }
        let decision = decision_in_force(self.incident)?;
        let untold = matches!(decision.people, PeopleAre::NotTold(_));
        if untold && (matches!(duty, Duty::NotifySubjects | Duty::NotifyMedia) || anchor == Anchor::SubjectsTold) {
            return Some("it was decided that people are not told".to_owned());
        }
        (!decision.authority && is_of_authorities(duty)).then(|| "it was decided that a risk is unlikely".to_owned())
    }

    /// The clock of the policy's own promise, where it names a time or tells of attempts.
    fn promise(&self) -> Option<Clock> {
        let rule = &self.policy.breach;
        let is_attempt = self.incident.facts().attempt_only;
        if self.role == ServiceRole::Processor
            || if is_attempt { !rule.tell_of_attempts } else { rule.within.is_none() }
        {
            return None;
        }
        let stated = |anchor| self.incident.time_of(anchor).map(|at| (anchor, at));
        let known = stated(Anchor::Awareness).or_else(|| stated(Anchor::Determination));
        let start = if is_attempt { stated(Anchor::Detection).or(known) } else { known };
        let anchor = start.map_or(if is_attempt { Anchor::Detection } else { Anchor::Awareness }, |(anchor, _)| anchor);
        let from = start.map(|(_, at)| at);
        let ours = |from: Timestamp| from.saturating_add(HOURS_WITHOUT_NUMBER.hours()).unwrap_or(from);
        let due = from.map(|from| match &rule.within {
            Some(within) => clock::promised_by(within, from, &self.policy.time_zone).map_or(from, |(_, end)| end),
            None => ours(from),
        });
        let clause = rule.clause.to_string();
        let what = if is_attempt {
            "the policy promises to tell people of an attempt too"
        } else {
            "the policy promises to tell people within that time"
        };
        let mut reasons = vec![Reason::new(what, clause.clone())];
        let words = rule.within.is_none().then_some("no time is promised");
        if let Some(words) = words {
            let said = format!("{words}: {HOURS_WITHOUT_NUMBER} hours are our own target");
            reasons.push(Reason::new(said, clause.clone()));
        }
        let conditions = promise_conditions(self.policy);
        let weighed = self.known.weigh(conditions, Law::EU_GDPR);
        reasons.extend(weighed.iter().flatten().map(|words| Reason::new(words.clone(), clause.clone())));
        let untold = decision_in_force(self.incident)
            .is_some_and(|decision| matches!(decision.people, PeopleAre::NotTold(_)))
            .then(|| "it was decided that people are not told".to_owned());
        let standing = self.standing(None, Duty::NotifySubjects, untold.or_else(|| weighed.err()), due);
        let duty = Duty::NotifySubjects;
        Some(Clock { law: None, duty, article: clause, anchor, from, due, words, standing, reasons, steps: Vec::new() })
    }
}

/// From how many people on Singapore's law takes a breach for significant (S 64/2021 reg. 4).
const SIGNIFICANT_SCALE: u64 = 500;

/// When the policy's own promise asks for telling people: whoever promises it of attempts promises it of everything
/// that is worse, high risk or not; a time alone says how soon the law's own duty is met. Data that nobody can read
/// makes no promise due.
pub(super) fn promise_conditions(policy: &Policy) -> &'static [clock::Condition] {
    use clock::{
        Condition::{NotAverted, ReadableOrLost, Risk},
        RiskOf::High,
    };
    if policy.breach.tell_of_attempts { &[ReadableOrLost] } else { &[Risk(High), ReadableOrLost, NotAverted] }
}

impl Clock {
    /// What follows on a notification that is not owed is not owed either.
    fn follow(&mut self, first: Option<&Standing>) {
        let follows = matches!(self.anchor, Anchor::Notification | Anchor::IntermediateSent);
        let is_open = matches!(self.standing, Standing::Waiting | Standing::Running);
        if let (true, true, Some(Standing::NotOwed(_))) = (follows, is_open, first) {
            self.standing = Standing::NotOwed("the notification that it follows is not owed".to_owned());
        }
    }
}

/// What an entry did to the clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// After how many entries; 0: the declaration.
    pub version: u32,
    /// When that was recorded.
    pub at: Timestamp,
    /// Clocks that are there since.
    pub came: Vec<Clock>,
    /// Clocks whose date or standing is another since, each as it was and as it is.
    pub moved: Vec<(Clock, Clock)>,
    /// Clocks that are there no more.
    pub went: Vec<Clock>,
}

/// Which clocks came, moved and went with which entry, in order: what was in force when is never lost. Entries that
/// change nothing are left out.
pub fn changes(policy: &Policy, incident: &Incident) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut before: Vec<Clock> = Vec::new();
    let declared = std::iter::once((0, incident.breach.declared_at));
    let touching = (1..).zip(&incident.history).filter(|(_, entry)| {
        let adds_only = matches!(
            entry.act,
            Act::SignalLinked(_) | Act::TellingSet(..) | Act::Noted(_) | Act::Lesson(..) | Act::FollowedUp(..)
        );
        !adds_only
    });
    for (version, at) in declared.chain(touching.map(|(version, entry)| (version, entry.at))) {
        let after = clocks(policy, &incident.until(version));
        let find = |clocks: &[Clock], one: &Clock| clocks.iter().find(|clock| clock.name() == one.name()).cloned();
        let mut change = Change { version, at, came: Vec::new(), moved: Vec::new(), went: Vec::new() };
        for clock in &after {
            match find(&before, clock) {
                None => change.came.push(clock.clone()),
                Some(was) if (was.due, &was.standing) != (clock.due, &clock.standing) => {
                    change.moved.push((was, clock.clone()));
                }
                Some(_) => {}
            }
        }
        change.went = before.iter().filter(|was| find(&after, was).is_none()).cloned().collect();
        if !(change.came.is_empty() && change.moved.is_empty() && change.went.is_empty()) {
            changes.push(change);
        }
        before = after;
    }
    changes
}

impl Incident {
    /// The breach as it stood after so many entries.
    pub fn until(&self, version: u32) -> Self {
        let count = usize::try_from(version).unwrap_or(usize::MAX);
        Self { breach: self.breach.clone(), history: self.history.iter().take(count).cloned().collect() }
    }

    /// Whether anything has been said about when it happened, was seen or was known.
    pub fn is_anchored(&self) -> bool {
        !self.breach.times.is_empty() || self.history.iter().any(|entry| matches!(entry.act, Act::Happened(..)))
    }
}
