//! Of what the office is reminded about a breach, and when somebody or something looks at it again.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use super::{
    Act, Clock, Exemption, Incident, PeopleAre, Standing, clocks,
    clocks::{decision_in_force, role_of},
};
use crate::policy::{Policy, ServiceRole};

/// When something looks at an open breach again of which nothing else comes sooner.
pub const LOOK_AGAIN_HOURS: i64 = 24;

/// How often the office is reminded of what is missed or missing.
pub const MISSED_AGAIN_HOURS: i64 = 24;

/// How often it is reminded of what only waits.
pub const IDLE_AGAIN_HOURS: i64 = 24 * 7;

/// From the how many-th reminder on of what is missing the people behind the office are told too.
pub const MISSING_ESCALATES_FROM: i64 = 3;

/// What a breach lacks before its clocks can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// When it was known: no clock has begun.
    Anchor,
    /// An assessment.
    Assessment,
    /// A decision about who is told.
    Decision,
}

/// What a reminder is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// So much of a clock's time is gone, in percent.
    Share(u8, Clock),
    /// A clock ran out so many days ago.
    Missed(i64, Clock),
    /// Nobody has said or done these.
    Unsettled(Vec<Missing>),
    /// People are not told since the police asked to wait: whether they still do.
    Investigation,
    /// Nothing runs any more: what waits, or whether it can be closed.
    Idle(Vec<Clock>),
    /// The day on which the lesson with that number was to be looked at has come.
    Lesson(u32),
}

/// A reminder that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// About what.
    pub about: Watched,
    /// Under which name it is sent once: letters, digits, `~` and dashes.
    pub name: String,
    /// Whether the people behind the office are told too.
    pub escalates: bool,
}

/// How often so many hours have passed since; `None`: it lies ahead.
fn passed(from: Timestamp, hours: i64, at: Timestamp) -> Option<i64> {
    let since = at.duration_since(from);
    (since >= SignedDuration::ZERO).then(|| since.as_hours() / hours)
}

fn after(from: Timestamp, hours: i64) -> Timestamp {
    from.saturating_add(hours.hours()).unwrap_or(Timestamp::MAX)
}

/// When a day begins where the policy counts days.
fn begins(policy: &Policy, day: Date) -> Option<Timestamp> {
    day.to_zoned(policy.time_zone.clone()).ok().map(|start| start.timestamp())
}

/// What is missing of an open breach.
fn missing(policy: &Policy, incident: &Incident, clocks: &[Clock]) -> Vec<Missing> {
    let mut missing = Vec::new();
    let has_begun = clocks.iter().any(|clock| clock.from.is_some() || matches!(clock.standing, Standing::Met(_)));
    if !incident.is_anchored() || (!clocks.is_empty() && !has_begun) {
        missing.push(Missing::Anchor);
    }
    if role_of(policy, incident) == ServiceRole::Processor {
        return missing;
    }
    if incident.assessment().is_none() && !incident.facts().attempt_only {
        missing.push(Missing::Assessment);
    }
    if incident.decision().is_none() {
        missing.push(Missing::Decision);
    }
    missing
}

fn last_entry_at(incident: &Incident) -> Timestamp {
    incident.history.last().map_or(incident.breach.declared_at, |entry| entry.at)
}

/// Since when people wait for an investigation.
fn investigated_since(incident: &Incident) -> Option<Timestamp> {
    let waits = decision_in_force(incident)
        .is_some_and(|decision| decision.people == PeopleAre::NotTold(Exemption::Investigation));
    let decided = incident.entries().rev().find(|entry| matches!(entry.act, Act::Decided(_)));
    decided.filter(|_| waits).map(|entry| entry.at)
}

/// When reminders come that come again and again: their first time, and every how many hours then.
struct Repeated {
    about: Watched,
    name: &'static str,
    first: Timestamp,
    every: i64,
}

fn repeated(policy: &Policy, incident: &Incident, clocks: &[Clock]) -> Vec<Repeated> {
    let mut found = Vec::new();
    if incident.is_open() {
        let missing = missing(policy, incident, clocks);
        let runs = clocks.iter().any(|clock| clock.standing == Standing::Running);
        if !missing.is_empty() {
            let first = after(incident.breach.declared_at, MISSED_AGAIN_HOURS);
            let about = Watched::Unsettled(missing);
            found.push(Repeated { about, name: "unsettled", first, every: MISSED_AGAIN_HOURS });
        } else if !runs {
            let waiting = clocks.iter().filter(|clock| clock.standing == Standing::Waiting).cloned().collect();
            let first = after(last_entry_at(incident), IDLE_AGAIN_HOURS);
            found.push(Repeated { about: Watched::Idle(waiting), name: "idle", first, every: IDLE_AGAIN_HOURS });
        }
        if let Some(since) = investigated_since(incident) {
            let first = after(since, IDLE_AGAIN_HOURS);
            let about = Watched::Investigation;
            found.push(Repeated { about, name: "investigation", first, every: IDLE_AGAIN_HOURS });
        }
    }
    for (number, _, day, _) in incident.lessons().filter(|(.., followed)| !followed) {
        if let Some(first) = day.and_then(|day| begins(policy, day)) {
            let about = Watched::Lesson(number);
            found.push(Repeated { about, name: "lesson", first, every: IDLE_AGAIN_HOURS });
        }
    }
    found
}

/// Of what the office must have been reminded by then, as it stands now: of each clock the latest share that is gone,
/// or that it ran out; not what a watch that was away has missed.
pub fn reminders(policy: &Policy, incident: &Incident, at: Timestamp) -> Vec<Reminder> {
    let clocks = clocks(policy, incident);
    let mut found = Vec::new();
    if incident.is_open() {
        let shares = policy.office.reminders_in_force();
        for clock in clocks.iter().filter(|clock| clock.standing == Standing::Running) {
            let Some(due) = clock.due else { continue };
            // A clock that moves is another thing to be reminded of.
            let name = format!("{}~{}", clock.name(), due.as_millisecond());
            if let Some(days) = passed(due, MISSED_AGAIN_HOURS, at) {
                let name = format!("{name}~missed-{days}");
                found.push(Reminder { about: Watched::Missed(days, clock.clone()), name, escalates: true });
                continue;
            }
            let gone = |percent: &&u8| clock.share_at(**percent).is_some_and(|share| at >= share);
            if let Some(percent) = shares.iter().filter(gone).max() {
                let name = format!("{name}~{percent}");
                let escalates = shares.iter().max() == Some(percent);
                found.push(Reminder { about: Watched::Share(*percent, clock.clone()), name, escalates });
            }
        }
    }
    for one in repeated(policy, incident, &clocks) {
        let Some(times) = passed(one.first, one.every, at) else { continue };
        let name = match one.about {
            Watched::Lesson(number) => format!("lesson-{number}~{times}"),
            _ => format!("{}~{}~{times}", one.name, one.first.as_millisecond()),
        };
        let escalates = matches!(one.about, Watched::Unsettled(_)) && times + 1 >= MISSING_ESCALATES_FROM;
        found.push(Reminder { about: one.about, name, escalates });
    }
    found
}

/// When something must look at a breach again that was looked at then. An open one always has such a date, a closed one
/// while a lesson is to be looked at.
pub fn next_date(policy: &Policy, incident: &Incident, looked_at: Timestamp) -> Option<Timestamp> {
    let clocks = clocks(policy, incident);
    let mut dates = Vec::new();
    let mut again = |first: Timestamp, hours: i64| {
        let times = passed(first, hours, looked_at).map_or(0, |times| times + 1);
        dates.push(after(first, hours.saturating_mul(times)));
    };
    for one in repeated(policy, incident, &clocks) {
        again(one.first, one.every);
    }
    if incident.is_open() {
        let running: Vec<_> = clocks.iter().filter(|clock| clock.standing == Standing::Running).collect();
        for due in running.iter().filter_map(|clock| clock.due) {
            again(due, MISSED_AGAIN_HOURS);
        }
        dates.push(after(looked_at, LOOK_AGAIN_HOURS));
        for clock in running {
            let shares = policy.office.reminders_in_force().iter();
            dates.extend(shares.filter_map(|percent| clock.share_at(*percent)));
        }
    }
    dates.into_iter().filter(|date| *date > looked_at).min()
}

/// The same for one to which something has just happened: whatever it must be reminded of now is looked at now, so that
/// an entry never swallows what came due just before it.
pub fn first_look(policy: &Policy, incident: &Incident, at: Timestamp) -> Option<Timestamp> {
    if reminders(policy, incident, at).is_empty() { next_date(policy, incident, at) } else { Some(at) }
}
