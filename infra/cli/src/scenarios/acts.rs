//! What scenarios do again and again: ask before a use or a disclosure, look what may be loaded,
//! give a consent, keep a record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use wire::{
    consent::ReceiptForm,
    disclosure::{DisclosureAnswer, UseAnswer},
    tracker::{TrackerForm, TrackersAnswer},
};

use crate::{
    client::{Answer, Call},
    clock,
    table::Ledger,
    trouble::{Played, Trouble},
    world::World,
};

/// What was answered to somebody who asked before a use or a disclosure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Why it is denied; `None`: it is allowed.
    pub(super) reason: Option<String>,
    /// The clause that says so.
    pub(super) clause: String,
    /// The number in the log of disclosures.
    pub(super) id: Option<String>,
}

impl Verdict {
    /// Whether it is allowed by this clause.
    pub(super) fn is_allowed_by(&self, clause: &str) -> bool {
        self.reason.is_none() && self.clause == clause
    }

    /// Whether it is denied for this reason, which stands in this clause.
    pub(super) fn is_denied_by(&self, reason: &str, clause: &str) -> bool {
        self.reason.as_deref() == Some(reason) && self.clause == clause
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.reason {
            None => write!(f, "allowed by {}", self.clause),
            Some(reason) => write!(f, "denied by {}: {reason}", self.clause),
        }
    }
}

/// What a policy must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Allowed, by this clause.
    Allowed(&'static str),
    /// Denied for this reason.
    Denied(&'static str),
}

impl Expected {
    pub(super) fn is(self, verdict: &Verdict) -> bool {
        match self {
            Self::Allowed(clause) => verdict.is_allowed_by(clause),
            Self::Denied(reason) => verdict.reason.as_deref() == Some(reason),
        }
    }
}

/// One row: what a policy must answer, and what it did.
pub(super) fn judge(ledger: &mut Ledger, clause: &'static str, promise: &str, verdict: &Verdict, expected: Expected) {
    ledger.check(clause, promise, expected.is(verdict), verdict.to_string());
}

/// A disclosure as a system asks for it: who gets what of whom, and what for. `more` adds members:
/// `ground`, `country`, `references`, `uses`.
pub(super) fn disclosure(recipient: &str, who: &Value, categories: &[&str], purpose: &str, more: Value) -> Value {
    let mut form = json!({
        "recipient": recipient, "subject": who, "categories": categories, "purpose": purpose,
        "occurred_at": clock::now().to_string(),
    });
    merge(&mut form, more);
    form
}

/// Asks for a disclosure, which is logged if it is allowed.
///
/// # Errors
/// Unless it is allowed or denied.
pub(super) fn disclose(world: &World, controller: &str, form: &Value) -> Played<Verdict> {
    let path = format!("/{controller}/v1/disclosures");
    let answer = world.post_as_staff(&path, "disclosures:write", controller, form)?.expect(&[200, 201, 403])?;
    if answer.status == 403 {
        return denied(&answer);
    }
    let logged: DisclosureAnswer = answer.json()?;
    Ok(Verdict { reason: None, clause: logged.clause, id: Some(logged.disclosure_id) })
}

fn denied(answer: &Answer) -> Played<Verdict> {
    let problem: Value = answer.json()?;
    match (problem["reason"].as_str(), problem["clause"].as_str()) {
        (Some(reason), Some(clause)) => {
            Ok(Verdict { reason: Some(reason.to_owned()), clause: clause.to_owned(), id: None })
        }
        _ => Err(Trouble::new(format!("a denial without its reason: {}", answer.said()))),
    }
}

/// Asks whether a person's data may be used for a purpose. `more` adds members: `uses`, `safeguards`,
/// `references`.
///
/// # Errors
/// Unless there is an answer.
pub(super) fn may_use(world: &World, controller: &str, who: &Value, purpose: &str, more: Value) -> Played<Verdict> {
    let mut form = json!({ "subject": who, "purpose": purpose });
    merge(&mut form, more);
    let path = format!("/{controller}/v1/uses");
    let answer: UseAnswer = world.post_as_staff(&path, "uses:read", controller, &form)?.expect(&[200])?.json()?;
    Ok(Verdict { reason: answer.reason, clause: answer.clause, id: None })
}

/// Sends a consent form; `more` adds members: `notice`, `age`, `country`, `guardian`.
///
/// # Errors
/// When nothing answers.
pub(super) fn choose(
    world: &World,
    controller: &str,
    who: &Value,
    choices: &[(&str, &str)],
    more: Value,
) -> Played<Answer> {
    let purposes: BTreeMap<_, _> = choices.iter().copied().collect();
    let mut form = json!({ "subject": who, "purposes": purposes });
    merge(&mut form, more);
    world.post(&format!("/{controller}/v1/consents"), &form)
}

/// Sends a consent form that must be taken in.
///
/// # Errors
/// If it is refused.
pub(super) fn chosen(
    world: &World,
    controller: &str,
    who: &Value,
    choices: &[(&str, &str)],
    more: Value,
) -> Played<ReceiptForm> {
    choose(world, controller, who, choices, more)?.expect(&[200, 201])?.json()
}

/// Asks what may be loaded, as a page does: with the token of a receipt or none, and with headers of
/// the browser: `[("sec-gpc", "1")]`.
///
/// # Errors
/// Unless there is an answer.
pub(super) fn trackers(
    world: &World,
    controller: &str,
    token: Option<&str>,
    headers: &[(&'static str, &str)],
) -> Played<BTreeMap<String, TrackerForm>> {
    let mut call = Call::new("GET", world.api(&format!("/{controller}/v1/trackers")));
    if let Some(token) = token {
        call = call.with("authorization", format!("Bearer {token}"));
    }
    for (name, value) in headers {
        call = call.with(name, *value);
    }
    let answer: TrackersAnswer = world.client.send(&call)?.expect(&[200])?.json()?;
    Ok(answer.trackers.into_iter().map(|tracker| (tracker.id.clone(), tracker)).collect())
}

/// The code of the problem that a refused call is answered with: `guardian-needed`.
///
/// # Errors
/// Unless it is a problem.
pub(super) fn problem(answer: &Answer) -> Played<String> {
    answer.problem().ok_or_else(|| Trouble::new(format!("no problem: {}", answer.said())))
}

/// What a registration is answered: when the record ends, or why it is refused.
///
/// # Errors
/// If the list is refused as a whole.
pub(super) fn registered(world: &World, controller: &str, event: &Value) -> Played<Result<Option<Timestamp>, String>> {
    let result = world.register(controller, std::slice::from_ref(event))?.pop();
    let result = result.ok_or_else(|| Trouble::new("there is no result"))?;
    if let Some(problem) = result.problem {
        return Ok(Err(problem));
    }
    let until = result.kept_until.as_deref().map(str::parse).transpose().map_err(Trouble::because("kept_until"))?;
    Ok(Ok(until))
}

/// Adds members to a form; of two of one name the added one counts.
pub(super) fn merge(form: &mut Value, more: Value) {
    if let (Value::Object(form), Value::Object(more)) = (form, more) {
        form.extend(more);
    }
}
