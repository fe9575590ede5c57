//! A breach and the register for whoever reads them at three in the morning: what runs out when, what is missing, and
//! which command comes next.

use std::fmt::Write as _;

use jiff::Timestamp;
use wire::breach::{BreachAnswer, ClockForm, DueForm, NoticeCounts, RegisterAnswer, RegisterLine};

/// So much of a time as somebody needs: `2 d 3 h`, `5 h 12 min`, `8 min`.
fn span(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_secs().abs() / 60;
    let (days, hours, rest) = (minutes / (24 * 60), minutes / 60, minutes % 60);
    // Statutes count 72 hours, so three days still stand in hours.
    match (days, hours) {
        (4.., _) => format!("{days} d {} h", hours % 24),
        (_, 1..) => format!("{hours} h {rest} min"),
        _ => format!("{rest} min"),
    }
}

fn read(at: Option<&String>) -> Option<Timestamp> {
    at?.parse().ok()
}

/// Whether a clock is gone by now, done or not.
fn is_gone(clock: &ClockForm, now: Timestamp) -> bool {
    read(clock.due_before.as_ref()).is_some_and(|due| now >= due)
}

/// Where a clock stands, in a word or two, and how urgent that is: less is more.
fn standing(clock: &ClockForm, now: Timestamp) -> (u8, String) {
    let due = read(clock.due_before.as_ref());
    match (clock.standing.as_str(), due) {
        ("running", Some(due)) if now >= due => (0, format!("MISSED by {}", span(due, now))),
        ("running", Some(due)) => (1, format!("{} left", span(now, due))),
        ("running", None) => (1, "runs".to_owned()),
        ("waiting", _) => (2, format!("waits for \"{}\"", clock.anchor)),
        ("met", Some(due)) => match read(clock.met_at.as_ref()) {
            Some(met) if met >= due => (3, format!("met {} late", span(due, met))),
            Some(met) => (3, format!("met, {} to spare", span(met, due))),
            None => (3, "met".to_owned()),
        },
        ("met", None) => (3, "met".to_owned()),
        _ => (4, "not owed".to_owned()),
    }
}

/// A breach: clocks with the time left, what is missing, what to do next.
pub fn breach(answer: &BreachAnswer, now: Timestamp) -> String {
    let mut text = String::new();
    let state = if answer.is_open { "open" } else { "closed" };
    // A string takes all that is written to it.
    let _ = writeln!(text, "{}  {}\n{state}, version {}", answer.breach_id, answer.title, answer.version);
    for (what, at) in &answer.times {
        let _ = writeln!(text, "  {what:<14} {at}");
    }
    let facts = &answer.facts;
    let tried = if facts.attempt_only { ", only tried" } else { "" };
    let _ = writeln!(text, "  exposed        {} to {}{tried}", facts.exposed_from, facts.exposed_to);
    let _ = writeln!(text, "  categories     {}", or_none(&facts.scope.categories.join(", ")));
    let _ = writeln!(text, "  people         {}", people(answer));
    let severity = answer.severity.as_ref().map(|it| format!("{} ({})", it.score, it.level));
    let _ = writeln!(text, "  severity       {}", severity.unwrap_or_else(|| "not assessed".to_owned()));
    if let Some(decision) = &answer.course.decision {
        let authority = if decision.authority { "authorities are told" } else { "authorities are not told" };
        let why = decision.exemption.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let _ = writeln!(text, "  decided        {authority}, people are {}{why}", decision.people);
    }
    if let Some(telling) = &answer.telling {
        let _ = writeln!(text, "  telling        {telling}{}", notices(answer));
    }
    let mut clocks: Vec<_> = answer.clocks.iter().map(|clock| (standing(clock, now), clock)).collect();
    clocks.sort_by(|((a, _), one), ((b, _), other)| (a, &one.due_before).cmp(&(b, &other.due_before)));
    text.push_str("clocks\n");
    for ((_, stands), clock) in &clocks {
        let due = clock.due_before.as_ref().map(|due| format!("before {due}")).unwrap_or_default();
        let words = clock.words.as_ref().map(|words| format!(", \"{words}\"")).unwrap_or_default();
        let why = clock.because.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let name = format!("{} {}", clock.law, clock.duty);
        let line = format!("  {stands:<24} {name:<28} {due:<28} {}{words}{why}", clock.article);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for sent in &answer.course.submissions {
        let _ = writeln!(text, "sent {} to {} by {} {}: {}", sent.at, sent.to, sent.law, sent.duty, sent.reference);
    }
    for lesson in &answer.course.lessons {
        let day = lesson.follow_up_on.as_ref().map(|day| format!(" (look again on {day})")).unwrap_or_default();
        let came = lesson.outcome.as_ref().map(|outcome| format!(" -> {outcome}")).unwrap_or_default();
        let _ = writeln!(text, "lesson {}: {}{day}{came}", lesson.number, lesson.text);
    }
    list(&mut text, "missing", &missing(answer));
    list(&mut text, "next", &next(answer, now));
    text
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "{title}\n  {}", lines.join("\n  "));
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "not known" } else { text }
}

fn people(answer: &BreachAnswer) -> String {
    match (&answer.counts, answer.facts.people) {
        (Some(counts), _) => format!("{} counted, {} records", counts.people, counts.records),
        (None, Some(people)) => format!("about {people}, not counted"),
        (None, None) => "not counted".to_owned(),
    }
}

fn notices(answer: &BreachAnswer) -> String {
    answer.notices.map(|it| format!(": {}, {} to go", ways(&it), it.planned + it.claimed)).unwrap_or_default()
}

/// How those who are told were told.
pub(super) fn ways(told: &NoticeCounts) -> String {
    let NoticeCounts { sent, sent_by_channel, without_address, not_reached, .. } = told;
    let by_system = if *sent_by_channel > 0 { format!(", {sent_by_channel} by a system") } else { String::new() };
    format!("{sent} by mail{by_system}, {without_address} in public, {not_reached} came back")
}

/// What a notification would leave open (GDPR Art. 33(3)).
fn missing(answer: &BreachAnswer) -> Vec<String> {
    let texts = answer.facts.texts.get("en");
    let is_empty = |of: fn(&wire::breach::TextsForm) -> &String| texts.is_none_or(|texts| of(texts).trim().is_empty());
    let open = [
        (answer.facts.effects.is_empty(), "what it did to data: effects"),
        (answer.facts.scope.categories.is_empty(), "which data it reached: scope.categories"),
        (answer.counts.is_none() && answer.facts.people.is_none(), "about how many people: people, or a count"),
        (answer.counts.is_none() && answer.facts.records.is_none(), "about how many records: records, or a count"),
        (is_empty(|texts| &texts.consequences), "what may follow from it: texts.en.consequences (Art. 33(3)(c))"),
        (is_empty(|texts| &texts.measures), "what was done about it: texts.en.measures (Art. 33(3)(d))"),
    ];
    let open: Vec<_> = open.into_iter().filter(|(is_open, _)| *is_open).map(|(_, what)| what.to_owned()).collect();
    if answer.is_open { open } else { Vec::new() }
}

/// The commands that come next, the most urgent first.
fn next(answer: &BreachAnswer, now: Timestamp) -> Vec<String> {
    let id = &answer.breach_id;
    let mut steps = Vec::new();
    if !answer.is_open {
        return steps;
    }
    let is_owed = |clock: &ClockForm| matches!(clock.standing.as_str(), "running" | "waiting");
    if !answer.times.contains_key("aware") {
        steps.push(format!("habeas breach aware {id} --at TIME    (no clock counts before)"));
    }
    if !missing(answer).is_empty() {
        steps.push(format!("habeas breach facts {id} --file FACTS.json    (all that is known, when more is)"));
    }
    if answer.counts.is_none() && !facts_are_open(answer) {
        steps.push(format!("habeas breach count {id}    (whose data it reached)"));
    }
    if answer.severity.is_none() {
        steps.push(format!("habeas breach assess {id} --data KIND --identification DEGREE --reason WHY"));
    }
    if answer.course.decision.is_none() {
        steps.push(format!("habeas breach decide {id} --people told|told-in-public|not-told --reason WHY"));
    }
    for clock in answer.clocks.iter().filter(|clock| clock.standing == "running" && is_sent(&clock.duty)) {
        let late = if is_gone(clock, now) { "    (late: say why, Art. 33(1))" } else { "" };
        let (law, duty) = (&clock.law, &clock.duty);
        steps.push(format!("habeas breach notification {id} --law {law} --duty {duty} --to FILE{late}"));
        steps.push(format!("habeas breach notified {id} --law {law} --duty {duty} --to NAME --reference REFERENCE"));
    }
    if answer.telling.as_deref() == Some("paused") {
        steps.push(format!("habeas breach resume {id} --reason WHY    (people wait to be told)"));
    }
    if !answer.clocks.iter().any(is_owed) && answer.course.decision.is_some() {
        steps.push(format!("habeas breach lesson {id} --text TEXT --follow-up-on DAY"));
        steps.push(format!("habeas breach close {id} --reason WHY"));
    }
    steps
}

/// Whether nothing is named yet of which somebody could be counted.
fn facts_are_open(answer: &BreachAnswer) -> bool {
    let scope = &answer.facts.scope;
    [&scope.categories, &scope.purposes, &scope.systems, &scope.recipients].iter().all(|side| side.is_empty())
        && !scope.consents
}

/// Whether a duty is met by what somebody sends, and records as sent.
fn is_sent(duty: &str) -> bool {
    !matches!(duty, "subjects" | "assess")
}

/// The register: a line for each breach, what presses first.
pub fn register(answer: &RegisterAnswer, now: Timestamp) -> String {
    let mut text = String::new();
    for line in &answer.breaches {
        let state = if line.is_open { "open  " } else { "closed" };
        let severity = line.severity.as_ref().map_or("-", |it| it.level.as_str());
        let people = line.people.map_or_else(|| "-".to_owned(), |people| people.to_string());
        let day = line.declared_at.get(..10).unwrap_or_default();
        let _ = writeln!(
            text,
            "{}  {state}  {day}  {severity:<9}  {people:>8}  {:<24}  {}",
            line.breach_id,
            urgency(line, now),
            line.title
        );
    }
    let _ = writeln!(text, "{} breaches, {} read", answer.breaches.len(), answer.read);
    text
}

fn urgency(line: &RegisterLine, now: Timestamp) -> String {
    let late = |due: &DueForm| format!("{} {} LATE", due.law, due.duty);
    let left = |due: &DueForm| {
        let at: Option<Timestamp> = due.due_before.parse().ok();
        at.map(|at| format!("{} {}: {}", due.law, due.duty, span(now, at)))
    };
    match (line.is_open, line.missed.first(), &line.due_next) {
        (true, Some(missed), _) => late(missed),
        (true, None, Some(due)) => left(due).unwrap_or_default(),
        (_, Some(_), _) => format!("{} missed", line.missed.len()),
        _ if line.lessons_overdue > 0 => format!("{} lessons overdue", line.lessons_overdue),
        _ if line.lessons_open > 0 => format!("{} lessons open", line.lessons_open),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_told_as_somebody_needs_it() {
        let from = at("2026-03-01T12:00:00Z");
        for (to, told) in [
            ("2026-03-01T12:08:30Z", "8 min"),
            ("2026-03-01T17:12:00Z", "5 h 12 min"),
            ("2026-03-04T12:00:00Z", "72 h 0 min"),
            ("2026-03-31T15:00:00Z", "30 d 3 h"),
            ("2026-03-01T11:00:00Z", "1 h 0 min"),
        ] {
            assert_eq!(span(from, at(to)), told, "{to}");
        }
    }

    fn answer(standing: &str, telling: Option<&str>) -> BreachAnswer {
        let mut form = json!({
            "v": 1, "breach_id": "BBBBBBBBBBBBBBBBBBBBBA", "version": 2, "title": "A lost laptop", "is_open": true,
            "declared_at": "2026-03-01T13:00:00Z", "declared_by": "officer-1",
            "times": { "aware": "2026-03-01T12:00:00Z" },
            "facts": {
                "exposed_from": "2026-02-27T12:00:00Z", "exposed_to": "2026-02-28T12:00:00Z",
                "scope": { "categories": ["account"] },
                "texts": { "en": { "description": "A laptop was taken.", "advice": "Change your password." } },
            },
            "clocks": [
                { "law": "uk-gdpr", "duty": "controller", "article": "UK GDPR Art. 33(2)", "anchor": "aware",
                  "standing": "not-owed", "because": "this controller acts for no other" },
                { "law": "eu-gdpr", "duty": "authority", "article": "GDPR Art. 33(1)", "anchor": "aware",
                  "from": "2026-03-01T12:00:00Z", "due_before": "2026-03-04T12:00:00Z", "standing": standing },
            ],
        });
        if let Some(telling) = telling {
            form["telling"] = json!(telling);
            form["notices"] = json!({ "planned": 3, "claimed": 1, "sent": 10, "without_address": 2, "not_reached": 1 });
            form["decision"] =
                json!({ "at": "2026-03-01T14:00:00Z", "authority": true, "people": "told", "reason": "So." });
        }
        serde_json::from_value(form).unwrap()
    }

    #[test]
    fn whoever_looks_at_night_sees_what_runs_out_what_is_missing_and_what_to_do() {
        let told = breach(&answer("running", None), at("2026-03-01T22:00:00Z"));
        let expected = [
            "  62 h 0 min left          eu-gdpr authority            before 2026-03-04T12:00:00Z  GDPR Art. 33(1)\n",
            "  not owed                 uk-gdpr controller",
            "missing\n  what it did to data: effects\n  about how many people",
            "what was done about it: texts.en.measures (Art. 33(3)(d))\nnext\n  habeas breach facts BBBBBBBBBBBBBBBBBBBBBA",
            "habeas breach count BBBBBBBBBBBBBBBBBBBBBA    (whose data it reached)\n",
            "habeas breach decide BBBBBBBBBBBBBBBBBBBBBA --people",
            "habeas breach notification BBBBBBBBBBBBBBBBBBBBBA --law eu-gdpr --duty authority --to FILE\n",
        ];
        for part in expected {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        assert!(told.find("eu-gdpr authority") < told.find("uk-gdpr controller"), "what presses comes first");
        assert!(!told.contains("breach close"), "a clock runs");

        let late = breach(&answer("running", None), at("2026-03-04T15:00:00Z"));
        assert!(late.contains("MISSED by 3 h 0 min") && late.contains("(late: say why, Art. 33(1))"), "{late}");
    }

    #[test]
    fn a_paused_telling_is_resumed_and_what_is_done_can_be_closed() {
        let paused = breach(&answer("met", Some("paused")), at("2026-03-01T22:00:00Z"));
        assert!(paused.contains("telling        paused: 10 by mail, 2 in public, 1 came back, 4 to go\n"), "{paused}");
        let mut by_system = answer("met", Some("running"));
        by_system.notices = by_system.notices.map(|told| NoticeCounts { sent_by_channel: 7, ..told });
        let told = breach(&by_system, at("2026-03-01T22:00:00Z"));
        assert!(told.contains("running: 10 by mail, 7 by a system, 2 in public, 1 came back, 4 to go\n"), "{told}");
        assert!(paused.contains("habeas breach resume") && paused.contains("habeas breach close"), "{paused}");
        assert!(!paused.contains("breach notified"), "{paused}");
        let closed = BreachAnswer { is_open: false, ..answer("met", None) };
        let told = breach(&closed, at("2026-03-01T22:00:00Z"));
        assert!(!told.contains("next\n") && !told.contains("missing\n"), "{told}");
    }

    #[test]
    fn the_register_says_of_each_what_presses() {
        let line = |more: serde_json::Value| {
            let mut line = json!({
                "breach_id": "BBBBBBBBBBBBBBBBBBBBBA", "version": 1, "title": "A lost laptop", "is_open": true,
                "declared_at": "2026-03-01T13:00:00Z", "times": {}, "categories": [], "lessons_open": 0,
                "lessons_overdue": 0,
            });
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            line
        };
        let due = json!({ "law": "eu-gdpr", "duty": "authority", "due_before": "2026-03-04T12:00:00Z" });
        let answer = json!({ "v": 1, "read": 4, "breaches": [
            line(json!({ "due_next": due })),
            line(json!({ "missed": [due], "people": 12, "severity": { "score": "3.00", "level": "high" } })),
            line(json!({ "is_open": false, "lessons_open": 2, "lessons_overdue": 1 })),
            line(json!({ "is_open": false })),
        ]});
        let told = register(&serde_json::from_value(answer).unwrap(), at("2026-03-03T12:00:00Z"));
        let lines: Vec<_> = told.lines().collect();
        assert!(lines[0].contains("open    2026-03-01  -                 -  eu-gdpr authority: 24 h 0 min"), "{told}");
        assert!(lines[1].contains("high             12  eu-gdpr authority LATE"), "{told}");
        assert!(lines[2].contains("1 lessons overdue"), "{told}");
        assert_eq!((lines[4], lines.len()), ("4 breaches, 4 read", 5));
    }
}
