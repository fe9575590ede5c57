//! `habeas breach drill`: the whole path with people that nobody is, timed step by step against the clocks.
//!
//! It runs for a controller alone whose policy says `sandbox = true`, so that no real person is ever told of what did
//! not happen. Its people have addresses that take mail and belong to nobody: of the mailbox simulator of SES in an
//! account, of `example.org` on a local stack. Their records end with the drill.

use std::{fmt, thread, time::Duration};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use wire::{
    breach::{BreachAnswer, ClockForm, NoticeCounts},
    record::RecordsAnswer,
};

use super::{Office, told::ways};
use crate::{
    clock,
    trouble::{Played, Trouble},
    world::{record, subject, trigger},
};

/// Most people of a drill.
const PEOPLE_MAX: u32 = 1_000;

/// How many records are registered at once.
const AT_ONCE: usize = 100;

/// The pause between two looks at who is told.
const LOOK_MILLISECONDS: u64 = 500;

/// How a drill is walked.
#[derive(Debug, Clone, Args)]
pub struct DrillArgs {
    /// How many made-up people: each gets a mail.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=i64::from(PEOPLE_MAX)))]
    pub people: u32,
    /// The category of the policy that is exposed.
    #[arg(long, default_value = "drill")]
    pub category: String,
    /// The purpose for which it is kept.
    #[arg(long, default_value = "drill")]
    pub purpose: String,
    /// The event that ends what is kept, so that nothing of the drill is left.
    #[arg(long, default_value = "drill.ended")]
    pub ends_with: String,
    /// For how many minutes it is waited for the last to be told.
    #[arg(long, default_value_t = 15)]
    pub minutes: u32,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Whether it went as it should.
    pub passed: bool,
    /// What came of it.
    pub said: String,
}

/// A clock at the drill's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// By which law.
    pub law: String,
    /// What must be done.
    pub duty: String,
    /// How much time there was, in minutes.
    pub had_minutes: i64,
    /// How much of it went, in minutes; `None`: it was not met.
    pub took_minutes: Option<i64>,
}

/// What a drill showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drill {
    /// Whose.
    pub controller: String,
    /// The drill's breach, once it was declared. It stays in the register, as every breach does.
    pub breach_id: Option<String>,
    /// How many people it made up.
    pub people: u32,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The clocks that ran.
    pub clocks: Vec<Measured>,
}

impl Drill {
    /// Whether every step went as it should.
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.passed)
    }

    /// A step of that name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Takes a step and notes how it went.
    fn take<T>(&mut self, name: &'static str, step: impl FnOnce() -> Played<(T, String)>) -> Option<T> {
        let began = clock::now();
        let outcome = step();
        let took_ms = u64::try_from(clock::now().duration_since(began).as_millis()).unwrap_or_default();
        let (made, passed, said) = match outcome {
            Ok((made, said)) => (Some(made), true, said),
            Err(trouble) => (None, false, trouble.to_string()),
        };
        self.steps.push(Step { name, took_ms, passed, said });
        made
    }
}

impl fmt::Display for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let mark = if step.passed { "ok  " } else { "FAIL" };
            let (seconds, rest) = (step.took_ms / 1000, step.took_ms % 1000 / 100);
            writeln!(f, "{mark}  {:<13} {seconds:>5}.{rest} s  {}", step.name, step.said)?;
        }
        for clock in &self.clocks {
            let name = format!("{} {}", clock.law, clock.duty);
            match clock.took_minutes {
                Some(took) => writeln!(f, "      {name:<28} met after {took} of {} minutes", clock.had_minutes)?,
                None => writeln!(f, "      {name:<28} not met yet, of {} minutes", clock.had_minutes)?,
            }
        }
        let failed = self.steps.iter().filter(|step| !step.passed).count();
        writeln!(f, "{} steps for {} people, {failed} failed", self.steps.len(), self.people)
    }
}

/// Walks the path.
///
/// # Errors
/// If the controller is no sandbox, or the API does not say. What goes wrong later is a step that failed.
pub(super) fn run(office: &Office, args: &DrillArgs) -> Played<Drill> {
    let page = office.register(&[("state", "open".to_owned()), ("limit", "1".to_owned())])?;
    if !page.is_sandbox {
        return Err(Trouble::new(format!(
            "{} is no sandbox: a drill runs for a controller alone whose policy says sandbox = true",
            office.controller()
        )));
    }
    let mut drill = Drill {
        controller: office.controller().to_owned(),
        breach_id: None,
        people: args.people,
        steps: Vec::new(),
        clocks: Vec::new(),
    };
    let began = clock::this_second();
    let people = people(office, args.people, began);
    if drill.take("people", || register(office, args, &people, began)).is_some() {
        walk(office, args, &mut drill, began);
    }
    // Whatever went wrong, its people go.
    drill.take("clean-up", || clean_up(office, args, &people));
    Ok(drill)
}

/// Addresses that take mail and belong to nobody.
fn people(office: &Office, count: u32, began: Timestamp) -> Vec<Value> {
    let run = began.as_second();
    let address = |n: u32| match office.world() {
        Some(world) => world.address(&format!("drill-{run}-{n}")),
        None => format!("success+drill-{run}-{n}@simulator.amazonses.com"),
    };
    (0..count).map(|n| subject("mail", &address(n))).collect()
}

fn send(office: &Office, events: &[Value]) -> Played {
    let body = json!({ "events": events });
    let answer = office.send("records:write", "POST", "/records", Some(&body), None)?;
    let answer: RecordsAnswer = answer.expect(&[200, 201, 202, 207])?.json()?;
    match answer.results.iter().find(|result| result.problem.is_some()) {
        Some(refused) => Err(Trouble::new(format!(
            "a record was {}: {}",
            refused.result,
            refused.problem.as_deref().unwrap_or_default()
        ))),
        None => Ok(()),
    }
}

fn register(office: &Office, args: &DrillArgs, people: &[Value], at: Timestamp) -> Played<((), String)> {
    for (n, some) in people.chunks(AT_ONCE).enumerate() {
        let events = some.iter().enumerate().map(|(m, who)| {
            let locator = format!("drill/{}/{}", at.as_second(), n * AT_ONCE + m);
            record(at, who, &args.category, &args.purpose, &locator, &json!({}))
        });
        send(office, &events.collect::<Vec<_>>())?;
    }
    Ok(((), format!("{} registered with data of the category {}", people.len(), args.category)))
}

fn clean_up(office: &Office, args: &DrillArgs, people: &[Value]) -> Played<((), String)> {
    let at = clock::this_second();
    for some in people.chunks(AT_ONCE) {
        let events: Vec<_> = some.iter().map(|who| trigger(at, who, &args.ends_with)).collect();
        send(office, &events)?;
    }
    match office.world() {
        Some(world) => world.sweep(at).map(|()| ((), "its people's records are deleted".to_owned())),
        None => Ok(((), "its people's records are due; the next purge, within the hour, deletes them".to_owned())),
    }
}

/// From the declaration to the end.
fn walk(office: &Office, args: &DrillArgs, drill: &mut Drill, began: Timestamp) {
    let declared = drill.take("declare", || {
        let key = format!("drill-{}", began.as_millisecond());
        let breach: BreachAnswer = office.declare(&declaration(args, began), &key)?.json()?;
        let running = breach.clocks.iter().filter(|clock| clock.standing == "running").count();
        if running == 0 {
            return Err(Trouble::new("no clock runs"));
        }
        let said = format!("{}, {running} clocks run", breach.breach_id);
        Ok((breach, said))
    });
    let Some(declared) = declared else { return };
    let id = declared.breach_id;
    drill.breach_id = Some(id.clone());
    // Each act is meant for the breach as it stands: Habeas itself adds entries meanwhile.
    let act = |act: Value| -> Played<BreachAnswer> {
        let version = office.look(&id)?.json::<BreachAnswer>()?.version;
        office.act(&id, version, &act)?.json()
    };
    drill.take("count", || counted(office, args, &id));
    drill.take("assess", || {
        let inputs = json!({
            "act": "assessed", "data": "financial", "identification": "maximum", "confidentiality": "full",
            "reason": "A drill.",
        });
        let severity = act(inputs)?.severity.ok_or_else(|| Trouble::new("no severity came of it"))?;
        Ok(((), format!("{} ({})", severity.score, severity.level)))
    });
    let decided = drill.take("decide", || {
        let decision = json!({ "act": "decided", "authority": true, "people": "told", "reason": "A drill." });
        act(decision).map(|breach| ((), format!("telling is {}", breach.telling.unwrap_or_default())))
    });
    if decided.is_some() {
        drill.take("tell", || told(office, args, &id));
    }
    let law = declared.clocks.iter().find(|clock| clock.duty == "authority" && clock.standing == "running");
    if let Some(ClockForm { law, .. }) = law {
        drill.take("notification", || {
            let size = |format: &str| -> Played<String> {
                let notification = office.notification(&id, law, "authority", format)?;
                Ok(format!("{format} {} bytes", notification.body.len()))
            };
            let sizes = ["html", "pdf", "json"].map(size).into_iter().collect::<Played<Vec<_>>>()?;
            Ok(((), sizes.join(", ")))
        });
        drill.take("submit", || submitted(law, &act(submission(law, began))?));
    }
    drill.take("close", || {
        act(json!({ "act": "closed", "reason": "The drill is over." }))
            .map(|breach| ((), format!("closed with {} entries", breach.version)))
    });
    let looked = drill.take("register", || {
        let query = [("q", id.clone()), ("state", "all".to_owned())];
        let lines = office.register(&query)?.breaches;
        let line = lines.iter().find(|line| line.breach_id == id);
        let line = line.ok_or_else(|| Trouble::new("it is not in the register"))?;
        let said = format!("listed with {} submissions, {} missed", line.submissions.len(), line.missed.len());
        Ok((office.look(&id)?.json::<BreachAnswer>()?, said))
    });
    drill.clocks = looked.iter().flat_map(|breach| &breach.clocks).filter_map(measured).collect();
}

/// The declaration: known since now, of what was detected when the drill began.
fn declaration(args: &DrillArgs, began: Timestamp) -> Value {
    let now = clock::this_second().to_string();
    json!({
        "title": "A drill",
        "times": { "detected": began.to_string(), "aware": now },
        "facts": {
            "exposed_from": began.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(began).to_string(),
            "exposed_to": now,
            "effects": ["confidentiality"],
            "people": args.people,
            "records": args.people,
            "scope": { "categories": [args.category] },
            "texts": { "en": {
                "description": "This is a drill. Nothing has happened.",
                "consequences": "None: this is a drill.",
                "measures": "Nothing needs to be done: this is a drill.",
                "advice": "You need not do anything.",
            }},
        },
    })
}

/// The act that says that the authority was notified.
fn submission(law: &str, began: Timestamp) -> Value {
    json!({
        "act": "notified", "law": law, "duty": "authority", "to": "nobody: a drill",
        "at": clock::this_second().to_string(), "reference": format!("drill-{}", began.as_second()),
    })
}

/// Whether that met the law's clock.
fn submitted(law: &str, breach: &BreachAnswer) -> Played<((), String)> {
    let clock = breach.clocks.iter().find(|clock| clock.law == *law && clock.duty == "authority");
    match clock.map(|clock| clock.standing.as_str()) {
        Some("met") => Ok(((), format!("the clock of {law} is met"))),
        other => Err(Trouble::new(format!("the clock of {law} is {}", other.unwrap_or("gone")))),
    }
}

/// Waits for what a queue does: looks until there is something to see. What was seen instead is the trouble once the
/// time is up.
fn awaited<T>(args: &DrillArgs, mut look: impl FnMut() -> Played<Result<T, String>>) -> Played<T> {
    let until = clock::now().saturating_add(SignedDuration::from_mins(i64::from(args.minutes)));
    let until = until.map_err(Trouble::because("count the minutes"))?;
    loop {
        let instead = match look()? {
            Ok(seen) => return Ok(seen),
            Err(instead) => instead,
        };
        if clock::now() >= until {
            return Err(Trouble::new(format!("{instead} after {} minutes", args.minutes)));
        }
        thread::sleep(Duration::from_millis(LOOK_MILLISECONDS));
    }
}

/// Has its people counted, and waits for the number.
fn counted(office: &Office, args: &DrillArgs, id: &str) -> Played<((), String)> {
    office.count(id)?;
    let look = || Ok(office.look(id)?.json::<BreachAnswer>()?.counts.ok_or_else(|| "nobody is counted".to_owned()));
    let counts = awaited(args, look)?;
    // An earlier drill's people may not be deleted yet: they count too.
    if counts.people >= u64::from(args.people) {
        Ok(((), format!("{} people, {} records", counts.people, counts.records)))
    } else {
        Err(Trouble::new(format!("{} people are counted, and {} there are", counts.people, args.people)))
    }
}

/// Waits until everybody is told.
fn told(office: &Office, args: &DrillArgs, id: &str) -> Played<((), String)> {
    let look = || Ok(all_told(&office.look(id)?.json()?, u64::from(args.people)));
    awaited(args, look).map(|said| ((), said))
}

/// How so many were told, once everybody is and that is on record; until then how many are.
fn all_told(breach: &BreachAnswer, people: u64) -> Result<String, String> {
    let counts = breach.notices.unwrap_or_default();
    let NoticeCounts { planned, claimed, sent, sent_by_channel, without_address, not_reached } = counts;
    let told = sent + sent_by_channel + without_address + not_reached;
    let is_recorded = breach.progress.as_ref().is_some_and(|progress| progress.all_told_at.is_some());
    if told >= people && planned + claimed == 0 && is_recorded {
        Ok(ways(&counts))
    } else {
        Err(format!("{told} of {people} are told"))
    }
}

/// How much of a clock's time went; `None`: it never ran.
fn measured(clock: &ClockForm) -> Option<Measured> {
    let read = |at: &Option<String>| at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let (from, due) = (read(&clock.from)?, read(&clock.due_before)?);
    let minutes = |until: Timestamp| until.duration_since(from).as_secs() / 60;
    matches!(clock.standing.as_str(), "running" | "met").then(|| Measured {
        law: clock.law.clone(),
        duty: clock.duty.clone(),
        had_minutes: minutes(due),
        took_minutes: read(&clock.met_at).map(minutes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_tells_each_step_with_its_time_and_each_clock_with_what_it_had() {
        let mut drill = Drill {
            controller: "sandbox".into(),
            breach_id: None,
            people: 10,
            steps: vec![Step { name: "declare", took_ms: 1_250, passed: true, said: "3 clocks run".into() }],
            clocks: Vec::new(),
        };
        let clock = json!({
            "law": "eu-gdpr", "duty": "authority", "article": "", "anchor": "aware", "standing": "met",
            "from": "2026-03-01T12:00:00Z", "due_before": "2026-03-04T12:00:00Z", "met_at": "2026-03-01T12:07:00Z",
        });
        drill.clocks.extend(measured(&serde_json::from_value(clock).unwrap()));
        assert!(drill.passed());
        let missing = drill.take("tell", || Err::<((), String), _>(Trouble::new("9 of 10 are told")));
        assert!(missing.is_none() && !drill.passed());
        let told = drill.to_string();
        for part in [
            "ok    declare           1.2 s  3 clocks run\n",
            "FAIL  tell ",
            "s  9 of 10 are told\n",
            "      eu-gdpr authority            met after 7 of 4320 minutes\n",
            "2 steps for 10 people, 1 failed\n",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        let told = |progress: Value| {
            let breach = json!({
                "v": 1, "breach_id": "BBBBBBBBBBBBBBBBBBBBBA", "version": 5, "title": "A drill", "is_open": true,
                "declared_at": "2026-03-01T13:00:00Z", "declared_by": "officer-1", "times": {}, "clocks": [],
                "facts": { "exposed_from": "2026-03-01T12:00:00Z", "exposed_to": "2026-03-01T13:00:00Z",
                    "scope": {}, "texts": {} },
                "notices": { "planned": 0, "claimed": 0, "sent": 1, "sent_by_channel": 8, "without_address": 1 },
                "progress": progress,
            });
            all_told(&serde_json::from_value(breach).unwrap(), 10)
        };
        let mut progress = json!({ "in_doubt": 0, "sent_again": 0, "last_ten_minutes": 10 });
        assert_eq!(told(progress.clone()), Err("10 of 10 are told".to_owned()), "it is not on record yet");
        progress["all_told_at"] = json!("2026-03-01T13:05:00Z");
        let ways = "1 by mail, 8 by a system, 1 in public, 0 came back";
        assert_eq!(told(progress), Ok(ways.to_owned()), "a system of the controller's tells as well as a mail");
        let waiting = json!({ "law": "eu-gdpr", "duty": "x", "article": "", "anchor": "aware", "standing": "waiting" });
        assert_eq!(measured(&serde_json::from_value(waiting).unwrap()), None);
    }
}
