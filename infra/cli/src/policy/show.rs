//! `habeas policy show`.

use clap::Args;
use domain::policy::{Period, Policy, RetentionRule};
use domain::words::{self, Voice};
use habeas_cli::table::aligned;
use serde_json::{Value, json};

use super::{Common, Outcome, code, folder::Folder, print, print_json};

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The controller's name: scantrust.
    controller: String,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &ShowArgs) -> Outcome {
    let folder = Folder::read(&args.common.dir)?;
    let policy = folder.of(&args.controller)?.policy;
    if args.common.json {
        print_json(&as_json(policy))?;
    } else {
        print(&table(policy));
    }
    Ok(code(true))
}

/// One row a retention rule, and one below it for its switch.
fn table(policy: &Policy) -> String {
    let mut rows = vec![["CATEGORY", "PURPOSE", "KEPT", "CLAUSE"].map(str::to_owned)];
    for rule in policy.retention.values() {
        let exempt = if rule.exemption.is_some() { ", erasure refused" } else { "" };
        let kept = format!("{}{exempt}", words::period(&rule.period, Voice::Operator));
        rows.push([rule.category.to_string(), rule.purpose.to_string(), kept, rule.clause.to_string()]);
        if let Some(switch) = &rule.switch {
            let then = words::from_then(&switch.then, Voice::Operator);
            let then = format!("if {} comes before that, {then}", switch.on);
            rows.push([String::new(), String::new(), then, switch.clause.to_string()]);
        }
    }
    format!("{} ({}), policy {}\n\n{}", policy.name, policy.controller, policy.hash.as_str(), aligned(&rows))
}

fn as_json(policy: &Policy) -> Value {
    let rules: Vec<Value> = policy.retention.values().map(rule).collect();
    json!({
        "controller": policy.controller.as_str(), "name": policy.name, "hash": policy.hash.as_str(),
        "retention": rules,
    })
}

fn rule(rule: &RetentionRule) -> Value {
    let mut value = json!({
        "category": rule.category.as_str(), "purpose": rule.purpose.as_str(),
        "kept": words::kept(rule, Voice::Operator), "period": period(&rule.period),
        "action": rule.action.as_str(), "clause": rule.clause.as_str(),
    });
    if let Some(switch) = &rule.switch {
        value["switch"] =
            json!({ "on": switch.on.as_str(), "then": period(&switch.then), "clause": switch.clause.as_str() });
    }
    if let Some(exemption) = &rule.exemption {
        value["kept_from_erasure"] = json!({
            "reason": exemption.reason, "article": exemption.article, "clause": exemption.clause.as_str(),
        });
    }
    value
}

fn period(period: &Period) -> Value {
    let names = |events: &[domain::ids::EventName]| events.iter().map(ToString::to_string).collect::<Vec<_>>();
    let max = |max: &Option<jiff::SpanFieldwise>| max.as_ref().map(|max| max.0.to_string());
    match period {
        Period::Fixed { duration } => json!({ "mode": "fixed", "duration": duration.0.to_string() }),
        Period::Sliding { duration, renew_on, max: cap } => json!({
            "mode": "sliding", "duration": duration.0.to_string(), "renew_on": names(renew_on), "max": max(cap),
        }),
        Period::UntilEvent { events, grace, max: cap } => json!({
            "mode": "until-event", "events": names(events), "grace": grace.0.to_string(), "max": max(cap),
        }),
        Period::Indefinite => json!({ "mode": "indefinite" }),
    }
}
