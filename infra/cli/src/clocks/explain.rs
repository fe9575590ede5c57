//! `habeas clock explain`.

use std::{fmt::Write as _, io::Read as _, path::PathBuf};

use clap::Args;
use domain::{
    clock::{
        Anchor, Asked, ClockError, Due, Duty, Events, Facts, Law, Rule, Site, Step, answer, deadline, duty_for, extend,
        rules,
    },
    dsar::{Ask, RequestType},
    place::Place,
    words,
};
use habeas_cli::{
    table::aligned,
    trouble::{Played, Trouble},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    input::{INPUT_BYTES_MAX, Input},
    print, print_json, promise,
};

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The law: EU-GDPR, US-CA, EU-NIS2. `habeas clock laws` lists them.
    #[arg(long, conflicts_with = "rule")]
    law: Option<String>,
    /// A clause of a policy that sets a time or an age instead: scantrust.1.2-b.
    #[arg(long)]
    rule: Option<String>,
    /// When the controller had the request: a date, or a time with its offset.
    #[arg(long, value_name = "TIME")]
    received: Option<String>,
    /// What is asked for: access, erasure, do-not-sell-or-share.
    #[arg(long = "type", value_name = "TYPE")]
    request: Option<String>,
    /// What must be done: respond, acknowledge, appeal, authority, subjects. Without it, what the times point to.
    #[arg(long)]
    duty: Option<String>,
    /// Where the controller is established, whose holidays count: FR, GB-SCT.
    #[arg(long)]
    place: Option<String>,
    /// The zone in which the controller counts days: Europe/Paris.
    #[arg(long)]
    zone: Option<String>,
    /// The person was told that it takes longer: on that day, or simply in time.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "true")]
    extended: Option<String>,
    /// When the controller became aware of a breach.
    #[arg(long, value_name = "TIME")]
    aware: Option<String>,
    /// Any other time by its name: id_asked=2026-03-05, discovered=2026-01-09T10:00Z. May be given more than once.
    #[arg(long = "at", value_name = "NAME=TIME")]
    times: Vec<String>,
    /// The folder of policy files, for --rule.
    #[arg(long, default_value = "infra/policies")]
    dir: PathBuf,
    /// Print JSON. Without any of the options above, an object with their names is read from standard input.
    #[arg(long)]
    json: bool,
}

/// A deadline and how it comes about.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    /// The last day, or the instant where hours count; null where there is none.
    pub(super) due: Option<String>,
    /// The first instant that is late.
    #[serde(serialize_with = "as_text")]
    pub(super) at: Option<Timestamp>,
    /// The law.
    #[serde(skip_serializing_if = "Option::is_none")]
    law: Option<&'static str>,
    /// What must be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    duty: Option<&'static str>,
    /// Where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    article: Option<&'static str>,
    /// The clause of a policy that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clause: Option<String>,
    /// How sure the row is.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<&'static str>,
    /// Whether the clock stands, so that the due date is the earliest that it can be.
    stands: bool,
    /// How it comes about.
    #[serde(serialize_with = "as_steps")]
    pub(super) steps: Vec<Step>,
}

fn as_text<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(instant).serialize(serializer)
}

fn as_steps<S: serde::Serializer>(steps: &[Step], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        steps.iter().map(
            |step| serde_json::json!({ "date": step.date.to_string(), "words": step.words, "article": step.article }),
        ),
    )
}

/// An instant with its offset: `2026-01-12T16:30:00+00:00`.
fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

impl Answer {
    /// A day of a policy's clause.
    pub(super) fn of_day(day: Date, clause: &str, steps: Vec<Step>) -> Self {
        Self { due: Some(day.to_string()), clause: Some(clause.to_owned()), steps, ..Self::default() }
    }

    fn of(due: Due) -> Self {
        let rule = rule_of(due.law, due.duty);
        Self {
            due: Some(if due.is_instant { instant(due.at) } else { due.last_day.to_string() }),
            at: Some(due.at),
            law: Some(due.law.as_str()),
            duty: Some(due.duty.as_str()),
            article: Some(due.article),
            clause: None,
            confidence: rule.map(|rule| super::laws::confidence(rule.confidence)),
            stands: due.stands.is_some(),
            steps: due.steps,
        }
    }

    /// What a law without a number says.
    fn of_words(law: Law, duty: Duty, words: &str, article: &'static str, day: Date) -> Self {
        Self {
            law: Some(law.as_str()),
            duty: Some(duty.as_str()),
            article: Some(article),
            steps: vec![Step::new(format!("{words}: the law names no number"), day, article)],
            ..Self::default()
        }
    }

    fn told(&self) -> String {
        let what = self.duty.and_then(Duty::parse).map(|duty| format!(", to {duty}")).unwrap_or_default();
        let by = match (self.law.and_then(Law::parse), &self.clause) {
            (Some(law), _) => law.title().to_owned(),
            (None, clause) => clause.clone().unwrap_or_default(),
        };
        let mut out = match (&self.due, self.stands) {
            (Some(due), false) => format!("{due} by {by}{what}\n\n"),
            (Some(due), true) => format!("not before {due} by {by}{what}: the clock stands\n\n"),
            (None, _) => format!("no date by {by}{what}\n\n"),
        };
        let mut rows = vec![["DATE", "WHAT FOLLOWS", "ARTICLE"].map(str::to_owned)];
        rows.extend(self.steps.iter().map(|step| [step.date.to_string(), step.words.clone(), step.article.clone()]));
        let _ = write!(out, "{}", aligned(&rows));
        out
    }
}

fn rule_of(law: Law, duty: Duty) -> Option<&'static Rule> {
    rules().find(|rule| rule.law == law && rule.duty == duty)
}

pub(super) fn run(args: &ExplainArgs) -> Played {
    let answer = explain(input(args)?, args)?;
    if args.json {
        return print_json(&answer);
    }
    print(&answer.told());
    Ok(())
}

/// The options as an object, or the object on standard input.
fn input(args: &ExplainArgs) -> Played<Input> {
    let options = [
        ("law", &args.law),
        ("rule", &args.rule),
        ("received", &args.received),
        ("type", &args.request),
        ("duty", &args.duty),
        ("place", &args.place),
        ("zone", &args.zone),
        ("extended", &args.extended),
        ("aware", &args.aware),
    ];
    let mut map = Map::new();
    for (name, value) in options {
        if let Some(text) = value {
            let value =
                if name == "extended" && text == "true" { Value::Bool(true) } else { Value::from(text.as_str()) };
            map.insert(name.to_owned(), value);
        }
    }
    for text in &args.times {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Trouble::new(format!("\"{}\" is no time with its name: write discovered=2026-03-01", text.escape_debug()))
        })?;
        map.insert(name.to_owned(), Value::from(value));
    }
    if !map.is_empty() {
        return Ok(Input::new(map));
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(INPUT_BYTES_MAX + 1).read_to_string(&mut text);
    let bytes = read.map_err(Trouble::because("read standard input"))?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > INPUT_BYTES_MAX) {
        return Err(Trouble::new(format!("the input is longer than {INPUT_BYTES_MAX} bytes")));
    }
    Input::parse(&text)
}

fn explain(mut input: Input, args: &ExplainArgs) -> Played<Answer> {
    if let Some(clause) = input.text(&["rule"])? {
        return promise::explain(&clause, input, &args.dir);
    }
    let law = law(&mut input)?;
    let site = site(law, &mut input)?;
    let duty = input.text(&["duty"])?.map(|text| duty(law, &text)).transpose()?;
    let is_answer = duty.map_or_else(
        || ["received", "type", "request"].iter().any(|name| input.has(name)),
        |duty| rule_of(law, duty).is_some_and(|rule| matches!(rule.anchor, Anchor::Receipt | Anchor::Revocation)),
    );
    if is_answer { of_request(law, duty, input, &site) } else { of_event(law, duty, input, &site) }
}

fn law(input: &mut Input) -> Played<Law> {
    let text = input.text(&["law", "regime"])?;
    let text = text.ok_or_else(|| Trouble::new("give a law (EU-GDPR) or a rule (scantrust.1.2-b)"))?;
    // The states may be named beside: {"law":"US-states","state":"AL"}.
    let state = input.text(&["state"])?;
    law_named(&state.map_or(text, |state| format!("us-{state}")))
}

pub(super) fn law_named(name: &str) -> Played<Law> {
    Law::parse(name).ok_or_else(|| {
        let known = Law::all().map(Law::as_str);
        let lower = name.to_ascii_lowercase();
        let nearest = known.map(|law| (strsim::osa_distance(&lower, law), law)).min().filter(|(slips, _)| *slips <= 2);
        let hint =
            nearest.map_or_else(|| "see `habeas clock laws`".to_owned(), |(_, law)| format!("did you mean {law}?"));
        Trouble::new(format!("\"{}\" is no law whose clocks are known; {hint}", name.escape_debug()))
    })
}

fn duty(law: Law, text: &str) -> Played<Duty> {
    let name = text.replace('_', "-").to_ascii_lowercase();
    let duty = match name.as_str() {
        "answer" => Some(Duty::Respond),
        "complaint-ack" => Some(Duty::AcknowledgeComplaint),
        "notify-authority" | "attorney-general" => Some(Duty::NotifyAuthority),
        "notify-subjects" | "individuals" => Some(Duty::NotifySubjects),
        "processor" => Some(Duty::NotifyController),
        "final" => Some(Duty::FinalReport),
        "intermediate" => Some(Duty::IntermediateReport),
        name => Duty::parse(name),
    };
    let known = || -> Vec<&str> {
        let mut names: Vec<&str> = rules().filter(|rule| rule.law == law).map(|rule| rule.duty.as_str()).collect();
        names.dedup();
        names
    };
    duty.filter(|duty| rule_of(law, *duty).is_some()).ok_or_else(|| {
        let known = words::list(&known(), "and");
        Trouble::new(format!("{law} has no duty \"{}\"; it has {known}", text.escape_debug()))
    })
}

fn site(law: Law, input: &mut Input) -> Played<Site> {
    let place = input.text(&["place", "establishment", "residence"])?;
    let place = place
        .map(|text| {
            Place::parse(&text.to_ascii_uppercase())
                .map_err(Trouble::because(format!("\"{}\" is no place", text.escape_debug())))
        })
        .transpose()?;
    let zone = match input.text(&["zone", "time_zone"])? {
        Some(name) => TimeZone::get(&name).map_err(Trouble::because("read the zone"))?,
        None => law.zone().or_else(|| place.as_ref().and_then(zone_of)).unwrap_or(TimeZone::UTC),
    };
    Ok(Site { zone, place, holidays: true })
}

/// The zone of the capitals of the Union and its neighbours, where one of them is named.
fn zone_of(place: &Place) -> Option<TimeZone> {
    let city = match place.country().as_str() {
        "AT" => "Vienna",
        "BE" => "Brussels",
        "BG" => "Sofia",
        "CH" => "Zurich",
        "CY" => return TimeZone::get("Asia/Nicosia").ok(),
        "CZ" => "Prague",
        "DE" => "Berlin",
        "DK" => "Copenhagen",
        "EE" => "Tallinn",
        "ES" => "Madrid",
        "FI" => "Helsinki",
        "FR" => "Paris",
        "GB" => "London",
        "GR" => "Athens",
        "HR" => "Zagreb",
        "HU" => "Budapest",
        "IE" => "Dublin",
        "IS" => return TimeZone::get("Atlantic/Reykjavik").ok(),
        "IT" => "Rome",
        "LI" => "Vaduz",
        "LT" => "Vilnius",
        "LU" => "Luxembourg",
        "LV" => "Riga",
        "MT" => "Malta",
        "NL" => "Amsterdam",
        "NO" => "Oslo",
        "PL" => "Warsaw",
        "PT" => "Lisbon",
        "RO" => "Bucharest",
        "SE" => "Stockholm",
        "SI" => "Ljubljana",
        "SK" => "Bratislava",
        _ => return None,
    };
    TimeZone::get(&format!("Europe/{city}")).ok()
}

/// A request's clock.
fn of_request(law: Law, duty: Option<Duty>, mut input: Input, site: &Site) -> Played<Answer> {
    let zone = site.zone_of(law);
    let received = input.time(&["received", "received_at", "revoked"], &zone)?;
    let received =
        received.ok_or_else(|| Trouble::new("a request's clock counts from its receipt: give \"received\""))?;
    let request = match input.text(&["type", "request"])? {
        Some(text) => request(&text)?,
        None => default_request(duty),
    };
    let mut facts = Facts::new(request, received);
    let mut notes = Vec::new();
    let first_day = received.to_zoned(zone.clone()).date();
    for (ask, asked, answered) in [
        (Ask::Identity, ["id_asked", "identity_asked"], ["id_received", "identity_received"]),
        (
            Ask::Clarification,
            ["clarification_asked", "clarification_sent"],
            ["clarification_received", "clarification_answered"],
        ),
    ] {
        let (from, to) = (input.time(&asked, &zone)?, input.time(&answered, &zone)?);
        // Nobody says when it was asked: as late as it can be, which stops the least.
        let from = from.or(to);
        facts.asks.extend(from.map(|from| Asked { ask, from, to }));
    }
    facts.fee_paid_at = input.time(&["fee_paid", "fee_received"], &zone)?;
    match input.take(&["extended", "extended_at", "extension_told"]) {
        None | Some((_, Value::Bool(false))) => {}
        Some((_, Value::Bool(true))) => {
            facts.extended_at = Some(received);
            notes.push(Step::new(
                "extended, and nobody says when: taken to have been told in time",
                first_day,
                "the input",
            ));
        }
        Some((name, value)) => facts.extended_at = Some(super::input::time(&name, &value, &zone)?),
    }
    input.finish(
        "a request has received, type, duty, id_asked, id_received, clarification_asked, clarification_received, \
            fee_paid, extended, place and zone",
    )?;
    let duty = duty.unwrap_or_else(|| duty_for(law, request));
    let due = match duty.extends() {
        Some(extended) => extend(law, extended, &facts, facts.extended_at.unwrap_or(received), site),
        None => answer(law, duty, &facts, site),
    };
    let mut answer = finished(due, first_day)?;
    answer.steps.splice(0..0, notes);
    Ok(answer)
}

fn request(text: &str) -> Played<RequestType> {
    let name = text.replace('_', "-").to_ascii_lowercase();
    let request = match name.as_str() {
        "delete" | "deletion" => Some(RequestType::Erasure),
        "correct" | "correction" | "amend" | "amendment" => Some(RequestType::Rectification),
        "know" | "know-specific" => Some(RequestType::KnowPieces),
        "object" => Some(RequestType::Objection),
        "object-direct-marketing" => Some(RequestType::ObjectionMarketing),
        "opt-out" | "opt-out-sale-share" | "opt-out-sale" => Some(RequestType::DoNotSellOrShare),
        "limit" => Some(RequestType::LimitSensitive),
        name => RequestType::parse(name),
    };
    let known = || words::list(&RequestType::ALL.map(RequestType::as_str), "and");
    request
        .ok_or_else(|| Trouble::new(format!("\"{}\" is no type of request; there is {}", text.escape_debug(), known())))
}

const fn default_request(duty: Option<Duty>) -> RequestType {
    match duty {
        Some(Duty::AcknowledgeComplaint | Duty::Grievance) => RequestType::Complaint,
        Some(Duty::Appeal | Duty::ExtendAppeal) => RequestType::Appeal,
        Some(Duty::Correct | Duty::ExtendCorrection) => RequestType::Rectification,
        Some(Duty::OptOut) => RequestType::DoNotSellOrShare,
        Some(Duty::LimitSensitive) => RequestType::LimitSensitive,
        _ => RequestType::Access,
    }
}

/// A breach's clock, or that of anything else with one anchor.
fn of_event(law: Law, duty: Option<Duty>, mut input: Input, site: &Site) -> Played<Answer> {
    let zone = site.zone_of(law);
    let mut events = Events::new();
    let mut notes = Vec::new();
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    for name in ["occurred", "alert"] {
        if let Some(at) = input.time(&[name], &zone)? {
            notes.push(Step::new(
                format!("{name} at {at}: no clock starts from that"),
                day(at),
                "EDPB Guidelines 9/2022, II.A.2",
            ));
        }
    }
    let told = ["processor_informed_controller", "processor_told_controller"];
    if let Some(at) = input.time(&told, &zone)? {
        let words = format!("the processor told the controller at {at}, which makes it aware");
        notes.push(Step::new(words, day(at), "EDPB Guidelines 9/2022, 44"));
        events.processor_informed_controller(at);
    }
    for anchor in Anchor::ALL {
        let also = match anchor {
            Anchor::Awareness => "awareness",
            Anchor::Discovery => "discovery",
            Anchor::Determination => "determination",
            Anchor::Classification => "classification",
            Anchor::Notification => "initial_sent",
            Anchor::Materiality => "materiality",
            Anchor::Assessment => "assessment",
            Anchor::Suspicion => "suspicion",
            Anchor::SubjectsTold => "consumers_notified",
            _ => anchor.as_str(),
        };
        if let Some(at) = input.time(&[anchor.as_str(), also], &zone)? {
            events.note(*anchor, at);
        }
    }
    let known: Vec<&str> = Anchor::ALL.iter().map(|anchor| anchor.as_str()).collect();
    input.finish(&format!(
        "a breach has occurred, alert, processor_informed_controller, {}",
        words::list(&known, "and")
    ))?;
    let first = Anchor::ALL.iter().filter_map(|anchor| events.at(*anchor)).min();
    if first.is_none() && notes.is_empty() {
        return Err(Trouble::new("no time is given: a request has \"received\", a breach has \"aware\""));
    }
    let first = first.map_or(Date::ZERO, day);
    let due = match duty {
        Some(duty) => deadline(law, duty, &events, site),
        None => first_duty(law, &events, site),
    };
    let mut answer = finished(due, first)?;
    answer.steps.splice(0..0, notes);
    Ok(answer)
}

/// What comes first of a breach where nobody says what is asked: the authority's time, else whatever has a date.
fn first_duty(law: Law, events: &Events, site: &Site) -> Result<Due, ClockError> {
    let mut duties = vec![Duty::NotifyAuthority, Duty::EarlyWarning, Duty::NotifySubjects];
    duties.extend(rules().filter(|rule| rule.law == law && !rule.duty.is_of_requests()).map(|rule| rule.duty));
    let mut refused = ClockError::NoRule { law, duty: Duty::NotifyAuthority };
    for duty in duties {
        match deadline(law, duty, events, site) {
            Ok(due) => return Ok(due),
            Err(ClockError::NoRule { .. }) => {}
            // The first thing that the law asks and that cannot be counted is what must be said.
            Err(error) if matches!(refused, ClockError::NoRule { .. }) => refused = error,
            Err(_) => {}
        }
    }
    Err(refused)
}

fn finished(due: Result<Due, ClockError>, day: Date) -> Played<Answer> {
    match due {
        Ok(due) => Ok(Answer::of(due)),
        Err(ClockError::NoDate { law, duty, words, article }) => Ok(Answer::of_words(law, duty, words, article, day)),
        Err(error) => Err(Trouble::new(error.to_string())),
    }
}
