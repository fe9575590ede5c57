//! Which clocks run for a breach: one for each law, duty and recipient, each from an anchor of its own.
//!
//! They are a pure function of the policy and of what is known, so another fact gives other clocks; what they were
//! before follows from a shorter history ([`Incident::until`]).

use jiff::{Timestamp, ToSpan};

use super::{Act, Decision, Incident, PeopleAre};
use crate::{
    clock::{self, Anchor, ClockError, Duty, Law, Period, Rule, Site, Step},
    dsar,
    policy::{Policy, ServiceRole},
};

/// Within how many hours something is done for which a law names no number: ours. As soon as GDPR Art. 33(1) asks for
/// what it names one for.
pub const HOURS_WITHOUT_NUMBER: i64 = 72;

/// When somebody looks at a breach again of which no clock has begun.
pub const LOOK_AGAIN_HOURS: i64 = 24;

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
    NotOwed(&'static str),
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// By which law.
    pub law: Law,
    /// What must be done.
    pub duty: Duty,
    /// Where it says so.
    pub article: &'static str,
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
    /// How the date comes about.
    pub steps: Vec<Step>,
}

impl Clock {
    /// The name under which its warnings are claimed: law and duty.
    pub fn name(&self) -> String {
        format!("{}~{}", self.law.as_str(), self.duty.as_str())
    }

    /// When so much of its time is gone, in percent; `None` while it waits.
    pub fn share_at(&self, percent: u8) -> Option<Timestamp> {
        let (from, due) = (self.from?, self.due?);
        let whole = i128::from(due.as_millisecond()) - i128::from(from.as_millisecond());
        let part = i64::try_from(whole * i128::from(percent) / 100).ok()?;
        Timestamp::from_millisecond(from.as_millisecond() + part).ok()
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

/// The laws that bind: those of the policy, those that were named, those of where people live.
pub fn laws_of(policy: &Policy, incident: &Incident) -> Vec<Law> {
    let facts = incident.facts();
    let of_residents = Law::all().filter(|law| law.place().is_some_and(|place| facts.residents.contains_key(&place)));
    let mut laws: Vec<Law> = policy.regimes.iter().map(|regime| Law::of(*regime)).collect();
    laws.extend(facts.laws.iter().copied());
    laws.extend(of_residents);
    let mut seen = std::collections::BTreeSet::new();
    laws.retain(|law| seen.insert(*law));
    laws
}

/// Every clock of a breach.
pub fn clocks(policy: &Policy, incident: &Incident) -> Vec<Clock> {
    let role = role_of(policy, incident);
    let mut clocks = Vec::new();
    for law in laws_of(policy, incident) {
        let mut duties: Vec<&'static Rule> =
            clock::rules().filter(|rule| rule.law == law && is_of_breaches(rule.duty)).collect();
        // Of two rows for one duty, the engine takes the earlier date.
        let mut seen = std::collections::BTreeSet::new();
        duties.retain(|rule| seen.insert(rule.duty));
        clocks.extend(duties.into_iter().map(|rule| clock_of(policy, incident, role, rule)));
    }
    clocks
}

/// Whether a duty follows from a breach and ends with something that is done: the register is kept in any case.
fn is_of_breaches(duty: Duty) -> bool {
    !duty.is_of_requests() && duty != Duty::KeepRegister
}

fn clock_of(policy: &Policy, incident: &Incident, role: ServiceRole, rule: &'static Rule) -> Clock {
    let events = incident.events();
    let site = Site { zone: policy.time_zone.clone(), place: policy.establishment.clone(), holidays: true };
    let from = events.at(rule.anchor);
    let mut clock = Clock {
        law: rule.law,
        duty: rule.duty,
        article: rule.article,
        anchor: rule.anchor,
        from,
        due: None,
        words: None,
        standing: Standing::Running,
        steps: Vec::new(),
    };
    let counted = clock::deadline(rule.law, rule.duty, &events, &site).or_else(|error| match error {
        // Past the years whose holidays are known only weekends move a date: earlier, never later.
        ClockError::NoHolidays { .. } => {
            clock::deadline(rule.law, rule.duty, &events, &Site { holidays: false, ..site })
        }
        error => Err(error),
    });
    match counted {
        Ok(due) => {
            clock.due = Some(due.at);
            clock.article = due.article;
            clock.steps = due.steps;
        }
        Err(_) => {
            if let Period::Words(words) = rule.period {
                clock.words = Some(words);
                clock.due = from.map(|from| from.saturating_add(HOURS_WITHOUT_NUMBER.hours()).unwrap_or(from));
            }
        }
    }
    clock.standing = standing(incident, role, rule, clock.due);
    clock
}

fn standing(incident: &Incident, role: ServiceRole, rule: &'static Rule, due: Option<Timestamp>) -> Standing {
    let done = match rule.duty {
        Duty::NotifySubjects => incident.all_told_at(),
        Duty::Assess => incident.assessment().map(|(at, _)| at),
        _ => None,
    };
    let sent = incident.submissions().filter(|sent| sent.law == rule.law && sent.duty == rule.duty);
    if let Some(at) = sent.map(|sent| sent.at).min().or(done) {
        return Standing::Met(at);
    }
    if let Some(why) = not_owed(incident, role, rule) {
        return Standing::NotOwed(why);
    }
    if due.is_some() { Standing::Running } else { Standing::Waiting }
}

/// Why a duty asks for nothing; `None`: it does.
fn not_owed(incident: &Incident, role: ServiceRole, rule: &'static Rule) -> Option<&'static str> {
    if (role == ServiceRole::Processor) != (rule.duty == Duty::NotifyController) {
        return Some(match role {
            ServiceRole::Processor => "a processor tells its controller, who tells everybody else",
            _ => "this controller acts for no other",
        });
    }
    if incident.facts().attempt_only {
        return Some("it was only tried");
    }
    let decided = incident.decision().map(|(_, decision)| decision);
    match (rule.duty, decided) {
        (Duty::NotifySubjects, Some(Decision { people: PeopleAre::NotTold(_), .. })) => {
            Some("it was decided that people are not told")
        }
        (Duty::NotifyAuthority, Some(Decision { authority: false, .. })) => {
            Some("it was decided that a risk is unlikely")
        }
        _ => None,
    }
}

/// When somebody or something must look at a breach again; `None` once it is closed, and only then.
pub fn next_date(policy: &Policy, incident: &Incident, after: Timestamp) -> Option<Timestamp> {
    if !incident.is_open() {
        return None;
    }
    let again = after.saturating_add(LOOK_AGAIN_HOURS.hours()).unwrap_or(Timestamp::MAX);
    let mut dates = vec![again];
    for clock in clocks(policy, incident).iter().filter(|clock| clock.standing == Standing::Running) {
        dates.extend(policy.office.reminders_in_force().iter().filter_map(|percent| clock.share_at(*percent)));
        dates.extend(clock.due);
    }
    dates.retain(|date| *date > after);
    dates.into_iter().min()
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
