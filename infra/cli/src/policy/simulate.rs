//! `habeas policy simulate`.

use std::fmt::Write as _;

use ::policy::simulate::{Ending, HoldStep, Life, State, Step, simulate};
use clap::Args;
use domain::{
    ids::EventName,
    policy::{Policy, RetentionRule},
    words,
};
use habeas_cli::{table::aligned, trouble::Trouble};
use jiff::{Timestamp, tz::TimeZone};

use super::{Common, Failure, Outcome, code, folder::Folder, print, print_json, suggestion};
use crate::clocks::moment;

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The controller's name: scantrust.
    controller: String,
    /// What is kept: chat-ip.
    #[arg(long)]
    category: String,
    /// For what: chat.messaging.
    #[arg(long)]
    purpose: String,
    /// When the record is made: 2026-03-01T12:00:00Z, or a date or time of the controller's zone.
    #[arg(long, value_name = "TIME")]
    made: String,
    /// An event and when it happens, in any order; may be given more than once.
    #[arg(long = "event", value_name = "NAME@TIME")]
    events: Vec<String>,
    /// Look at the record at that time, knowing what had happened by then.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &SimulateArgs) -> Outcome {
    let folder = Folder::read(&args.common.dir)?;
    let policy = folder.of(&args.controller)?.policy;
    let rule = rule_of(policy, &args.category, &args.purpose)?;
    let zone = &policy.time_zone;
    let made = time(&args.made, zone)?;
    let events = args.events.iter().map(|text| event(text, zone)).collect::<Result<Vec<_>, _>>()?;
    let at = args.at.as_deref().map(|text| time(text, zone)).transpose()?;
    let life = simulate(policy, rule, made, &events, at).map_err(Trouble::because("count the period"))?;
    if args.common.json {
        print_json(&life)?;
    } else {
        print(&told(&life, zone));
    }
    Ok(code(true))
}

fn rule_of<'p>(policy: &'p Policy, category: &str, purpose: &str) -> Result<&'p RetentionRule, Failure> {
    let rules = || policy.retention.values();
    if let Some(rule) = rules().find(|rule| rule.category.as_str() == category && rule.purpose.as_str() == purpose) {
        return Ok(rule);
    }
    let purposes: Vec<&str> =
        rules().filter(|rule| rule.category.as_str() == category).map(|rule| rule.purpose.as_str()).collect();
    let hint = if purposes.is_empty() {
        suggestion(category, rules().map(|rule| rule.category.as_str()))
    } else {
        format!("; {category} is kept for {}", words::list(&purposes, "and"))
    };
    Err(Failure::new(format!("{} keeps no {category} for {purpose}{hint}", policy.controller)))
}

/// A time: with its offset, or as the clocks of the zone show it.
fn time(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    moment(text, zone).ok_or_else(|| {
        Failure::new(format!("\"{}\" is no time: write 2026-03-01T12:00:00Z or 2026-03-01", text.escape_debug()))
    })
}

fn event(text: &str, zone: &TimeZone) -> Result<(EventName, Timestamp), Failure> {
    let (name, at) = text.split_once('@').ok_or_else(|| {
        let shown = text.escape_debug();
        Failure::new(format!("\"{shown}\" is no event: write its name and its time, website.visit@2026-03-01"))
    })?;
    let shown = format!("\"{}\" is no event's name", name.escape_debug());
    Ok((EventName::parse(name).map_err(Trouble::because(shown))?, time(at, zone)?))
}

fn told(life: &Life, zone: &TimeZone) -> String {
    let show = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let until = |at: Option<Timestamp>| at.map_or_else(|| "no end".to_owned(), show);
    let mut out = format!("{} for {}: kept {}\n\n", life.category, life.purpose, life.rule);
    let mut rows = vec![["TIME", "EVENT", "WHAT IT DOES", "KEPT UNTIL", "CLAUSE"].map(str::to_owned)];
    for step in &life.steps {
        rows.push([
            show(step.at),
            step.event.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            does(step, &show),
            until(step.kept_until),
            step.clause.to_string(),
        ]);
    }
    out.push_str(&aligned(&rows));
    let action = words::action(life.action);
    let _ = match &life.ending {
        Ending::At { at } => writeln!(out, "\nIt {action} at {} ({}).", show(*at), life.clause),
        Ending::AfterHold { at, due } => writeln!(
            out,
            "\nIts time was up at {} ({}); a hold kept it, and it {action} once released, at {}.",
            show(*due),
            life.clause,
            show(*at)
        ),
        Ending::Held { due: Some(due) } => writeln!(
            out,
            "\nIts time is up at {} ({}); a hold keeps it until somebody releases it, and then it {action}.",
            show(*due),
            life.clause
        ),
        Ending::Held { due: None } | Ending::Never => {
            writeln!(out, "\nNothing ends it, as far as these events tell ({}).", life.clause)
        }
    };
    let _ = match &life.kept_from_erasure {
        Some(exemption) => writeln!(
            out,
            "A request for erasure does not end it: {} ({}, {})",
            exemption.reason, exemption.article, exemption.clause
        ),
        None => writeln!(out, "A request for erasure ends it, unless a hold keeps it."),
    };
    if let Some(look) = &life.at {
        let state = match look.state {
            State::NotMade => "it is not made yet".to_owned(),
            State::Kept => format!("it is kept, until {}", until(look.kept_until)),
            State::HeldOnly => format!("its time is up since {}; only a hold keeps it", until(look.kept_until)),
            State::Gone => format!("it is gone since {}", until(look.kept_until)),
        };
        let _ = writeln!(out, "At {} {state}.", show(look.time));
    }
    out
}

fn does(step: &Step, show: &impl Fn(Timestamp) -> String) -> String {
    let hold = step.hold.as_ref().map(|hold| match hold {
        HoldStep::Placed { reason, review_at, clause } => {
            format!("places a hold ({}, {clause}), to be looked at again by {}", reason.as_str(), show(*review_at))
        }
        HoldStep::Released { reason, clause } => format!("releases the hold ({}, {clause})", reason.as_str()),
    });
    match hold {
        Some(hold) => format!("{}; {hold}", step.effect.text()),
        None => step.effect.text().to_owned(),
    }
}
