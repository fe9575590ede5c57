//! `habeas breach signals`, `dismiss`, and what signals propose for a declaration.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wire::signal::{SignalAnswer, SignalsAnswer};

use super::{Office, SCOPE};
use crate::{client::escaped, trouble::Played};

/// Most pages of the list that are read.
const PAGES_MAX: usize = 1_000;

/// Lists signals, page by page until there are no more that are asked for.
pub(super) fn list(office: &Office, all: bool, json: bool) -> Played<String> {
    let (mut signals, mut query) = (Vec::<SignalAnswer>::new(), String::new());
    for _ in 0..PAGES_MAX {
        let page = office.send(SCOPE, "GET", &format!("/signals{query}"), None, None)?;
        let page: SignalsAnswer = page.expect(&[200])?.json()?;
        let has_only_closed = page.signals.last().is_some_and(|signal| signal.state != "open");
        signals.extend(page.signals.into_iter().filter(|signal| all || signal.state == "open"));
        match page.cursor {
            Some(cursor) if all || !has_only_closed => query = format!("?cursor={}", escaped(&cursor)),
            _ => break,
        }
    }
    if json { Ok(format!("{}\n", json!(signals))) } else { Ok(told(&signals)) }
}

/// Signals, a line each.
fn told(signals: &[SignalAnswer]) -> String {
    let line = |signal: &SignalAnswer| {
        let (id, severity, at) = (&signal.signal_id, &signal.severity, &signal.detected_at);
        let state = match (&signal.breach_id, &signal.dismissed) {
            (Some(breach), _) => format!("  breach {breach}"),
            (None, Some(dismissed)) => format!("  dismissed by {}: {}", dismissed.by, dismissed.reason),
            (None, None) => String::new(),
        };
        format!("{id}  {severity:8}  {at}  {}{state}\n", signal.title)
    };
    if signals.is_empty() { "no signal waits for a decision\n".to_owned() } else { signals.iter().map(line).collect() }
}

/// Dismisses a signal.
pub(super) fn dismiss(office: &Office, signal: &str, reason: &str, json: bool) -> Played<String> {
    let path = format!("/signals/{}/dismissal", escaped(signal));
    let answer = office.send(SCOPE, "POST", &path, Some(&json!({ "reason": reason })), None)?.expect(&[200])?;
    if json { Ok(format!("{}\n", answer.text())) } else { Ok(told(&[answer.json()?])) }
}

/// A declaration with what the signals that it names propose.
pub(super) fn with_proposals(office: &Office, form: Value) -> Played<Value> {
    let mut signals = Vec::new();
    for signal in form["signals"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let answer = office.send(SCOPE, "GET", &format!("/signals/{}", escaped(signal)), None, None)?;
        signals.push(answer.expect(&[200])?.json::<SignalAnswer>()?);
    }
    Ok(proposed(form, &signals))
}

/// What the person says counts, and what is left open is as the signals propose it. The earliest of them was the
/// detection; awareness is no signal's to say.
fn proposed(mut form: Value, signals: &[SignalAnswer]) -> Value {
    let mut times: BTreeMap<&str, &str> = BTreeMap::new();
    for (what, at) in signals.iter().flat_map(|signal| &signal.proposes.times) {
        let earliest = times.entry(what).or_insert(at);
        *earliest = (*earliest).min(at);
    }
    let said = form.as_object_mut().map(|form| form.entry("times").or_insert_with(|| json!({})));
    if let Some(said) = said.and_then(Value::as_object_mut) {
        for (what, at) in times {
            said.entry(what).or_insert_with(|| json!(at));
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(id: &str, detected_at: &str) -> SignalAnswer {
        let answer = json!({
            "v": 1, "signal_id": id, "state": "open", "source": "guardduty", "kind": "k", "title": "GuardDuty: k",
            "severity": "high", "detected_at": detected_at, "received_at": detected_at, "last_seen_at": detected_at,
            "times_seen": 1, "proposes": { "times": { "detected": detected_at } },
        });
        serde_json::from_value(answer).unwrap()
    }

    fn declared(times: Value) -> Value {
        let form = json!({ "title": "A leak", "times": times, "signals": ["S1", "S2"] });
        proposed(form, &[signal("S2", "2026-03-01T11:00:00Z"), signal("S1", "2026-03-01T10:00:00Z")])
    }

    #[test]
    fn a_declaration_takes_what_the_signals_propose_and_never_awareness() {
        assert_eq!(declared(json!({}))["times"], json!({ "detected": "2026-03-01T10:00:00Z" }));
    }

    #[test]
    fn what_a_person_says_counts() {
        let said = json!({ "aware": "2026-03-01T12:00:00Z", "detected": "2026-03-01T09:00:00Z" });
        assert_eq!(declared(said.clone())["times"], said);
    }

    #[test]
    fn a_list_says_what_waits_and_what_was_decided() {
        let mut dismissed = signal("S2", "2026-03-01T11:00:00Z");
        dismissed.dismissed = Some(wire::signal::DismissedForm {
            at: "2026-03-01T12:00:00Z".into(),
            by: "officer-1".into(),
            reason: "A test.".into(),
        });
        let expected = "S1  high      2026-03-01T10:00:00Z  GuardDuty: k\n\
                        S2  high      2026-03-01T11:00:00Z  GuardDuty: k  dismissed by officer-1: A test.\n";
        assert_eq!(told(&[signal("S1", "2026-03-01T10:00:00Z"), dismissed]), expected);
        assert_eq!(told(&[]), "no signal waits for a decision\n");
    }
}
