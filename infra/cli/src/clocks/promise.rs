//! A promise of a shipped policy: when a record's time is up, and when somebody is old enough.

use std::path::Path;

use ::policy::{check_file, policy_files};
use domain::{
    clock::{Step, birthday},
    ids::EventName,
    policy::{Period, Policy, RetentionRule},
    retention::RetentionClock,
    words::{self, Voice},
};
use habeas_cli::trouble::{Played, Trouble};
use jiff::{Timestamp, tz::TimeZone};

use super::{explain::Answer, input::Input};

/// What says when a record was made.
const MADE: [&str; 6] = ["made", "collected", "created", "recorded", "stored", "received"];

/// Explains a clause's clock.
pub(super) fn explain(clause: &str, mut input: Input, dir: &Path) -> Played<Answer> {
    let controller = clause.split_once('.').map_or(clause, |(controller, _)| controller);
    let policy = policy_of(controller, dir)?;
    if let Some(age) = policy.age.as_ref().filter(|age| age.clause.as_str() == clause) {
        let years = age.refuse_below.or(age.guardian_below);
        let years = years.ok_or_else(|| Trouble::new(format!("{clause} names no age")))?;
        return of_age(clause, years, input);
    }
    let rules: Vec<&RetentionRule> = policy.retention.values().filter(|rule| cites(rule, clause)).collect();
    if rules.is_empty() {
        return Err(Trouble::new(format!(
            "{clause} sets no time to a record, and no age: see `habeas policy show {controller}`"
        )));
    }
    let zone = &policy.time_zone;
    let made = input.time(&MADE, zone)?;
    let events = input.times(zone)?;
    let answers = rules.into_iter().map(|rule| kept(clause, rule, made, &events, zone));
    let answers = answers.collect::<Played<Vec<_>>>()?;
    // Of several records under one clause the one that ends first is told.
    let earliest = answers.into_iter().min_by_key(|answer| answer.at.unwrap_or(Timestamp::MAX));
    earliest.ok_or_else(|| Trouble::new(format!("{clause} has no rule")))
}

fn policy_of(controller: &str, dir: &Path) -> Played<Policy> {
    let paths = policy_files(dir).map_err(Trouble::because("read the policies"))?;
    for path in paths {
        let file = check_file(&path, None).map_err(Trouble::because(path.display()))?;
        if let Some(policy) = file.policy.filter(|policy| policy.controller.as_str() == controller) {
            return Ok(policy);
        }
    }
    Err(Trouble::new(format!("no valid policy of \"{}\" in {}", controller.escape_debug(), dir.display())))
}

fn cites(rule: &RetentionRule, clause: &str) -> bool {
    rule.clause.as_str() == clause || rule.switch.as_ref().is_some_and(|switch| switch.clause.as_str() == clause)
}

fn of_age(clause: &str, years: u8, mut input: Input) -> Played<Answer> {
    let born = input.day("born")?.ok_or_else(|| Trouble::new(format!("{clause} counts years: give \"born\"")))?;
    let on = input.day("on")?;
    input.finish("an age asks for born and on")?;
    let due = birthday(born, years).map_err(Trouble::because(clause))?;
    let mut steps = vec![Step::new(format!("{years} years from {born}"), due, clause)];
    if due.day() != born.day() {
        steps.push(Step::new("a birthday on 29 February is on 1 March where the year has none", due, clause));
    }
    if let Some(on) = on {
        let word = if on < due { "not yet" } else { "already" };
        steps.push(Step::new(format!("on {on} they are {word} {years}"), on, clause));
    }
    Ok(Answer::of_day(due, clause, steps))
}

/// The events that a rule listens to.
fn listens(rule: &RetentionRule) -> Vec<&EventName> {
    let mut events: Vec<&EventName> = Vec::new();
    for period in [Some(&rule.period), rule.switch.as_ref().map(|switch| &switch.then)].into_iter().flatten() {
        match period {
            Period::Sliding { renew_on, .. } => events.extend(renew_on),
            Period::UntilEvent { events: ends, .. } => events.extend(ends),
            Period::Fixed { .. } | Period::Indefinite => {}
        }
    }
    events.extend(rule.switch.as_ref().map(|switch| &switch.on));
    events.sort();
    events.dedup();
    events
}

fn kept(
    clause: &str,
    rule: &RetentionRule,
    made: Option<Timestamp>,
    times: &[(String, Timestamp)],
    zone: &TimeZone,
) -> Played<Answer> {
    let known = listens(rule);
    let named: Vec<&str> = known.iter().map(|event| event.as_str()).collect();
    let mut events = Vec::new();
    for (name, at) in times {
        // An event by its name, or in words of one's own where there is no choice: last_visit.
        let event = known.iter().find(|event| event.as_str().replace(['.', '-'], "_") == name.replace(['.', '-'], "_"));
        let event = event.or_else(|| known.first().filter(|_| known.len() == 1)).ok_or_else(|| {
            let known = if named.is_empty() { "no event".to_owned() } else { words::list(&named, "and") };
            Trouble::new(format!("\"{}\" is not known here: {clause} listens to {known}", name.escape_debug()))
        })?;
        events.push((*event, *at));
    }
    events.sort_by_key(|(_, at)| *at);
    let made = made.or_else(|| events.first().map(|(_, at)| *at));
    let made =
        made.ok_or_else(|| Trouble::new(format!("{clause} counts from a record's making: give \"collected\"")))?;
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let mut clock = RetentionClock::new(made);
    let mut steps = vec![Step::new(format!("{} made for {}", rule.category, rule.purpose), day(made), clause)];
    for (event, at) in events {
        clock.note(rule, event, at, zone).map_err(Trouble::because(clause))?;
        steps.push(Step::new(format!("{event} happens"), day(at), clause));
    }
    let at = clock.due(rule, zone).map_err(Trouble::because(clause))?;
    let last = at.map_or_else(|| day(made), day);
    let end = if at.is_some() { "its time is up" } else { "nothing ends it yet" };
    steps.push(Step::new(format!("kept {}: {end}", words::kept(rule, Voice::Operator)), last, rule.clause.as_str()));
    let mut answer = Answer::of_day(last, clause, steps);
    answer.due = answer.due.filter(|_| at.is_some());
    answer.at = at;
    Ok(answer)
}
