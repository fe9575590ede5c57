//! A life that is short enough for its evidence to be read by a person.

use jiff::SignedDuration;
use serde_json::json;

use super::{banner, confirmed, keep, made, person, visitor};
use crate::{
    trouble::{Played, Trouble},
    world::{World, link_in},
};

/// A consent; records of a person, who has them erased; a visitor's session, whose time runs out. Answers the link to
/// the certificate, which was mailed.
pub(crate) fn small_life(world: &World) -> Played<String> {
    let (address, who) = person(world, "sample");
    banner(world, &who, &[("product.improvement", "given")])?;
    let records = [
        ("account", "account.provide", json!({ "first_name": "Ada" })),
        ("device", "debugging", json!({ "browser": "Firefox" })),
        ("chat-session", "chat.messaging", json!({ "messages": "Hello?" })),
        ("billing", "invoicing", json!({ "company_information": "Example SAS" })),
    ];
    for (category, purpose, fields) in records {
        keep(world, &made(world, &who, category, purpose, "sample", fields))?;
    }
    let guest = visitor(world, "sample-guest");
    for (category, fields) in [("chat-session", json!({})), ("chat-ip", json!({ "ip_address": world.ip() }))] {
        keep(world, &made(world, &guest, category, "chat.messaging", "sample-guest", fields))?;
    }
    let (request, _) = confirmed(world, &address, "erasure", &who)?;
    let mail = world.mail_to(&address, &format!("{}/certificate?token=", request.request_id))?;
    world.sweep(world.after(SignedDuration::from_mins(31)))?;
    link_in(&mail.text).ok_or_else(|| Trouble::new("the mail holds no link to the certificate"))
}
