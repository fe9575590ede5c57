//! What scenarios show of what is held: that its lists are closed, and what a copy of it says.

use serde_json::{Value, json};
use wire::{request::AcknowledgementForm, stored::export::Export};

use super::acts::registered;
use crate::{
    client::Call,
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject},
};

/// A category as one purpose keeps it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    /// Whose policy it is in.
    pub(super) controller: &'static str,
    /// Which category.
    pub(super) category: &'a str,
    /// What for.
    pub(super) purpose: &'a str,
    /// Every field of it.
    pub(super) fields: &'a [&'a str],
}

impl Held<'_> {
    /// A record of somebody with all fields, made at the start of the run.
    pub(super) fn of(&self, world: &World, who: &Value) -> Value {
        let fields: serde_json::Map<String, Value> =
            self.fields.iter().map(|field| ((*field).to_owned(), json!(format!("a {field}")))).collect();
        let locator = format!("{}/{}", self.category, world.run);
        record(world.start, who, self.category, self.purpose, &locator, &Value::Object(fields))
    }

    /// One row: all fields are taken in, and with one more nothing is.
    ///
    /// # Errors
    /// If records cannot be sent.
    pub(super) fn closed(
        &self,
        world: &World,
        ledger: &mut Ledger,
        (clause, promise): (&'static str, &str),
        who: &Value,
        stranger: &str,
    ) -> Played {
        let mut over = self.of(world, who);
        over["fields"][stranger] = json!("x");
        let refused = registered(world, self.controller, &over)?;
        let taken = registered(world, self.controller, &self.of(world, who))?;
        let is_named = refused.as_ref().is_err_and(|problem| problem.contains(&format!("no field {stranger} ")));
        let happened = format!("{}; with {stranger}: {}", said(&taken), said(&refused));
        ledger.check(clause, promise, taken.is_ok() && is_named, happened);
        Ok(())
    }

    /// One row: it is kept for its own purpose, and for none of the others.
    ///
    /// # Errors
    /// If records cannot be sent.
    pub(super) fn only_for(
        &self,
        world: &World,
        ledger: &mut Ledger,
        (clause, promise): (&'static str, &str),
        who: &Value,
        others: &[&str],
    ) -> Played {
        let taken = registered(world, self.controller, &self.of(world, who))?;
        let mut passed = taken.is_ok();
        let mut happened = format!("for {}: {}", self.purpose, said(&taken));
        for other in others {
            let refused = registered(world, self.controller, &Held { purpose: other, ..*self }.of(world, who))?;
            let rule = format!("keeps no {} for {other}", self.category);
            passed &= refused.as_ref().is_err_and(|problem| problem.contains(&rule));
            happened.push_str(&format!("; for {other}: {}", said(&refused)));
        }
        ledger.check(clause, promise, passed, happened);
        Ok(())
    }
}

fn said<T>(result: &Result<T, String>) -> String {
    result.as_ref().map_or_else(|problem| format!("refused, {problem}"), |_| "taken in".to_owned())
}

/// Asks for a copy of everything, or for the one to take along, confirms it by mail, and opens the mailed link.
///
/// # Errors
/// Unless a copy comes of it.
pub(super) fn copy(
    world: &World,
    controller: &str,
    address: &str,
    kind: &str,
) -> Played<(AcknowledgementForm, Export)> {
    let request = world.ask(controller, &json!({ "type": kind, "subject": subject("mail", address) }))?;
    if world.status(&request)?.outcome.is_some() {
        return Err(Trouble::new("a copy was decided about before anybody proved who they are"));
    }
    world.confirm_by_mail(address, &request)?;
    world.decided(&request)?;
    let copy = world.sent_on(&Call::new("GET", world.export_link(address, &request.request_id)?))?.json()?;
    Ok((request, copy))
}

/// Asks what the policy says, which needs no proof, and opens the answer with the request's own token.
///
/// # Errors
/// Unless there is an answer.
pub(super) fn information(world: &World, controller: &str, address: &str) -> Played<(AcknowledgementForm, Export)> {
    let request = world.ask(controller, &json!({ "type": "information", "subject": subject("mail", address) }))?;
    let path = world.decided(&request)?.export.ok_or_else(|| Trouble::new("the information has no link"))?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", request.token));
    let facts = world.sent_on(&call)?.json()?;
    Ok((request, facts))
}
