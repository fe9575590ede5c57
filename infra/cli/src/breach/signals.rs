//! `habeas breach signals`, `dismiss` and `declare --from-signal`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use wire::{
    breach::BreachAnswer,
    signal::{SignalAnswer, SignalsAnswer},
};

use crate::{
    client::{Answer, Call, Client},
    stack::Stack,
    trouble::{Played, Trouble},
    world::World,
};

/// The scope that these routes ask for.
const SCOPE: &str = "breach:write";

/// The variable that holds a staff token, for a stack in an account.
const TOKEN: &str = "HABEAS_TOKEN";

/// Most pages of the list that are read.
const PAGES_MAX: usize = 1_000;

/// Whose signals, and where.
#[derive(Debug, Clone, Args)]
pub(super) struct Whose {
    /// Whose.
    #[arg(long)]
    controller: String,
    /// Where the API of a deployed stack is; the variable HABEAS_TOKEN holds a staff token for it then.
    #[arg(long)]
    api: Option<String>,
    /// Where a local stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json", conflicts_with = "api")]
    stack_file: PathBuf,
    /// Who says it, on a local stack; in an account the token says so.
    #[arg(long, default_value = "operator", conflicts_with = "api")]
    name: String,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Lists signals.
#[derive(Debug, Clone, Args)]
pub(super) struct SignalsArgs {
    #[command(flatten)]
    whose: Whose,
    /// Those that were decided on as well.
    #[arg(long)]
    all: bool,
}

/// Dismisses a signal.
#[derive(Debug, Clone, Args)]
pub(super) struct DismissArgs {
    /// Which signal, by its number.
    signal: String,
    #[command(flatten)]
    whose: Whose,
    /// Why it is no breach: it stays with the signal.
    #[arg(long)]
    reason: String,
}

/// Declares a breach.
#[derive(Debug, Clone, Args)]
pub(super) struct DeclareArgs {
    #[command(flatten)]
    whose: Whose,
    /// What the register calls it. Nothing personal.
    #[arg(long)]
    title: String,
    /// A file with what is known, as `facts` of a declaration has it (docs/API.md).
    #[arg(long)]
    file: PathBuf,
    /// A signal that it is made from, by its number; again for each further one.
    #[arg(long)]
    from_signal: Vec<String>,
    /// When the controller became aware, as a person says. No signal says so.
    #[arg(long)]
    aware: Option<String>,
    /// When it was detected, where that is not what the signals say.
    #[arg(long)]
    detected: Option<String>,
    /// Names the declaration: sent twice, it is one breach.
    #[arg(long)]
    key: Option<String>,
}

impl Whose {
    fn send(&self, method: &str, path: &str, body: Option<&Value>, key: Option<&str>) -> Played<Answer> {
        let path = format!("/{}/v1/{path}", self.controller);
        let (client, url, token) = match &self.api {
            Some(api) => {
                let token =
                    std::env::var(TOKEN).map_err(Trouble::because(format_args!("read a staff token from {TOKEN}")))?;
                (Client::new(), format!("{}{path}", api.trim_end_matches('/')), token)
            }
            None => {
                let world = World::new(Stack::read(&self.stack_file)?);
                let token = world.token_of(&self.name, SCOPE, &self.controller)?;
                (world.client.clone(), world.api(&path), token)
            }
        };
        let mut call = Call::new(method, url).with("authorization", format!("Bearer {token}"));
        if let Some(key) = key {
            call = call.with("idempotency-key", key);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        client.send(&call)
    }
}

/// Lists signals, page by page until there are no more that are asked for.
pub(super) fn list(args: &SignalsArgs) -> Played<String> {
    let (mut signals, mut query) = (Vec::<SignalAnswer>::new(), String::new());
    for _ in 0..PAGES_MAX {
        let page: SignalsAnswer =
            args.whose.send("GET", &format!("signals{query}"), None, None)?.expect(&[200])?.json()?;
        let has_only_closed = page.signals.last().is_some_and(|signal| signal.state != "open");
        signals.extend(page.signals.into_iter().filter(|signal| args.all || signal.state == "open"));
        match page.cursor {
            Some(cursor) if args.all || !has_only_closed => query = format!("?cursor={cursor}"),
            _ => break,
        }
    }
    if args.whose.json {
        return Ok(format!("{}\n", json!(signals)));
    }
    Ok(told(&signals))
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
pub(super) fn dismiss(args: &DismissArgs) -> Played<String> {
    let path = format!("signals/{}/dismissal", args.signal);
    let answer = args.whose.send("POST", &path, Some(&json!({ "reason": args.reason })), None)?.expect(&[200])?;
    if args.whose.json {
        return Ok(format!("{}\n", answer.text()));
    }
    Ok(told(&[answer.json()?]))
}

/// Declares a breach with what its signals propose.
pub(super) fn declare(args: &DeclareArgs) -> Played<String> {
    let text = fs::read_to_string(&args.file).map_err(Trouble::because("read the file of facts"))?;
    let facts: Map<String, Value> = serde_json::from_str(&text).map_err(Trouble::because("read the facts"))?;
    let mut signals = Vec::new();
    for signal in &args.from_signal {
        let path = format!("signals/{signal}");
        signals.push(args.whose.send("GET", &path, None, None)?.expect(&[200])?.json::<SignalAnswer>()?);
    }
    let form = declaration(args, facts, &signals);
    let answer = args.whose.send("POST", "breaches", Some(&form), args.key.as_deref())?.expect(&[201])?;
    if args.whose.json {
        return Ok(format!("{}\n", answer.text()));
    }
    let breach: BreachAnswer = answer.json()?;
    let aware = if breach.times.contains_key("aware") { "" } else { "  nobody has said yet when you became aware\n" };
    Ok(format!("declared {} from {} signals\n{aware}", breach.breach_id, breach.signals.len()))
}

/// The declaration: what the person says counts, and what is left open is as the signals propose it. The earliest of
/// them was the detection.
fn declaration(args: &DeclareArgs, mut facts: Map<String, Value>, signals: &[SignalAnswer]) -> Value {
    let mut times: BTreeMap<String, String> = BTreeMap::new();
    let proposed: Vec<_> = signals.iter().map(|signal| &signal.proposes).collect();
    for (what, at) in proposed.iter().flat_map(|proposal| &proposal.times) {
        let earliest = times.entry(what.clone()).or_insert_with(|| at.clone());
        if at < earliest {
            earliest.clone_from(at);
        }
    }
    for (what, said) in [("detected", &args.detected), ("aware", &args.aware)] {
        times.extend(said.iter().map(|at| (what.to_owned(), at.clone())));
    }
    if let Some(from) = proposed.iter().filter_map(|proposal| proposal.exposed_from.as_ref()).min() {
        facts.entry("exposed_from").or_insert_with(|| json!(from));
    }
    json!({ "title": args.title, "times": times, "facts": facts, "signals": args.from_signal })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        args: DeclareArgs,
    }

    fn signal(id: &str, detected_at: &str, occurred_at: Option<&str>) -> SignalAnswer {
        let answer = json!({
            "v": 1, "signal_id": id, "state": "open", "source": "guardduty", "kind": "k", "title": "GuardDuty: k",
            "severity": "high", "detected_at": detected_at, "received_at": detected_at, "last_seen_at": detected_at,
            "times_seen": 1, "proposes": { "times": { "detected": detected_at }, "exposed_from": occurred_at },
        });
        serde_json::from_value(answer).unwrap()
    }

    fn declared(more: &[&str]) -> Value {
        let words = ["x", "--controller", "acme", "--title", "A leak", "--file", "f", "--from-signal", "S1"];
        let args = Words::parse_from(words.iter().chain(more)).args;
        let facts = Map::from_iter([("exposed_to".to_owned(), json!("2026-03-02T00:00:00Z"))]);
        let later = signal("S2", "2026-03-01T11:00:00Z", Some("2026-03-01T07:00:00Z"));
        declaration(&args, facts, &[later, signal("S1", "2026-03-01T10:00:00Z", None)])
    }

    #[test]
    fn a_declaration_takes_what_the_signals_propose_and_never_awareness() {
        let form = declared(&[]);
        assert_eq!(form["times"], json!({ "detected": "2026-03-01T10:00:00Z" }));
        assert_eq!(form["facts"]["exposed_from"], "2026-03-01T07:00:00Z");
        assert_eq!((&form["title"], &form["signals"]), (&json!("A leak"), &json!(["S1"])));
    }

    #[test]
    fn what_a_person_says_counts() {
        let form = declared(&["--aware", "2026-03-01T12:00:00Z", "--detected", "2026-03-01T09:00:00Z"]);
        assert_eq!(form["times"], json!({ "aware": "2026-03-01T12:00:00Z", "detected": "2026-03-01T09:00:00Z" }));
    }

    #[test]
    fn a_list_says_what_waits_and_what_was_decided() {
        let mut dismissed = signal("S2", "2026-03-01T11:00:00Z", None);
        dismissed.dismissed = Some(wire::signal::DismissedForm {
            at: "2026-03-01T12:00:00Z".into(),
            by: "officer-1".into(),
            reason: "A test.".into(),
        });
        let expected = "S1  high      2026-03-01T10:00:00Z  GuardDuty: k\n\
                        S2  high      2026-03-01T11:00:00Z  GuardDuty: k  dismissed by officer-1: A test.\n";
        assert_eq!(told(&[signal("S1", "2026-03-01T10:00:00Z", None), dismissed]), expected);
        assert_eq!(told(&[]), "no signal waits for a decision\n");
    }
}
