//! What the leaf of an event commits to: the item as it was written, without what is changed on it later.
//!
//! So who has the item, or a copy of it, can show that the leaf is its own for as long as its salt stands:
//! `SHA-256(salt ‖ length of pk ‖ pk ‖ length of sk ‖ sk ‖ SHA-256(content))` ([`domain::evidence::content_commitment`]). The content is the item in
//! DynamoDB's own typed JSON, as its API and its stream show it, without [`LATER`], its members in the order of their
//! names' bytes, its sets in the order of their members' bytes, and no white space.

use domain::evidence::merkle::{self, Hash};
use serde_json::{Map, Value};

use crate::stored::{Kind, Unreadable};

/// The attribute that holds an item's salt.
pub const SALT: &str = "salt";

/// Attributes that are no part of an item's content, with the kind of item where it is one alone, and why.
pub const LATER: [(Option<Kind>, &str, &str); 49] = [
    (None, "pk", "its key stands beside the content"),
    (None, "sk", "its key stands beside the content"),
    (None, SALT, "the salt stands beside the content"),
    (None, "ttl", "where it lies, not what it says"),
    (None, "due_shard", "where it lies, not what it says"),
    (None, "due_at", "where it lies, not what it says"),
    (None, "rev", "it counts changes"),
    (Some(Kind::Request), "office_of", "where it lies in the office's list"),
    (Some(Kind::Request), "office_at", "where it lies in the office's list"),
    (Some(Kind::Request), "version", "it counts the entries, which have leaves of their own"),
    (Some(Kind::Request), "stage", "it follows from the entries"),
    (Some(Kind::Request), "assignee", "it follows from the entries"),
    (Some(Kind::Request), "answer_due", "it follows from the entries"),
    (Some(Kind::Request), "points", "taken away once they have served"),
    (Some(Kind::Consent), "contact", "taken away once the mail is out"),
    (Some(Kind::Consent), "guardian_contact", "taken away once the mail is out"),
    (Some(Kind::Notice), "state", "each state that counts has a leaf of its own"),
    (Some(Kind::Notice), "counted", "whether a tally counts it, not what it says"),
    (Some(Kind::Notice), "moved_at", "each state that counts has a leaf of its own"),
    (Some(Kind::Notice), "sends", "it counts attempts"),
    (Some(Kind::Hold), "bound_at", "set when every record is marked, with a leaf of its own"),
    (Some(Kind::Hold), "release_asked_at", "who asks has a leaf of their own"),
    (Some(Kind::Hold), "release_asked_by", "who asks has a leaf of their own"),
    (Some(Kind::Hold), "released_at", "the release has a leaf of its own"),
    (Some(Kind::Hold), "released_by", "the release has a leaf of its own"),
    (Some(Kind::Breach), "office_of", "where it lies in the register"),
    (Some(Kind::Breach), "office_at", "where it lies in the register"),
    (Some(Kind::Breach), "version", "it counts the entries, which have leaves of their own"),
    (Some(Kind::Hold), "review_moved_to", "a later review has a leaf of its own"),
    (Some(Kind::Hold), "review_moved_at", "a later review has a leaf of its own"),
    (Some(Kind::Hold), "review_moved_by", "a later review has a leaf of its own"),
    (Some(Kind::Hold), "release_withdrawn_at", "who takes it back has a leaf of their own"),
    (Some(Kind::Hold), "release_withdrawn_by", "who takes it back has a leaf of their own"),
    (Some(Kind::Breach), "notified_at", "the authority's notice has a leaf of its own"),
    (Some(Kind::Breach), "reference", "the authority's notice has a leaf of its own"),
    (Some(Kind::Breach), "planned", "whose notices stand, each with leaves of its own"),
    (Some(Kind::Breach), "looked", "how notices stood, each with leaves of its own"),
    (Some(Kind::Signal), "office_of", "where it lies in the office's list"),
    (Some(Kind::Signal), "office_at", "where it lies in the office's list"),
    (Some(Kind::Signal), "risen_to", "the finding came again"),
    (Some(Kind::Signal), "risen_score", "the finding came again"),
    (Some(Kind::Signal), "last_seen_at", "the finding came again"),
    (Some(Kind::Signal), "times_seen", "the finding came again"),
    (Some(Kind::Signal), "dismissed_at", "the dismissal has a leaf of its own"),
    (Some(Kind::Signal), "dismissed_by", "the dismissal has a leaf of its own"),
    (Some(Kind::Signal), "dismissed_reason", "the dismissal has a leaf of its own"),
    (Some(Kind::Signal), "earlier", "each dismissal has a leaf of its own"),
    (Some(Kind::Signal), "breach", "the link has a leaf of its own"),
    (Some(Kind::Signal), "linked_at", "the link has a leaf of its own"),
];

/// The kinds of items that have a leaf, and so a salt.
pub const fn has_leaf(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Consent
            | Kind::Request
            | Kind::Entry
            | Kind::Record
            | Kind::Hold
            | Kind::Breach
            | Kind::BreachEntry
            | Kind::Notice
            | Kind::Alert
            | Kind::Change
            | Kind::Disclosure
            | Kind::Attestation
            | Kind::Signal
    )
}

fn is_later(kind: Kind, name: &str) -> bool {
    LATER.iter().any(|(of, later, _)| *later == name && of.is_none_or(|of| of == kind))
}

/// The hash of an item's content. `also` names attributes of [`LATER`] that count this once: what the leaf is about.
///
/// # Errors
/// [`Unreadable`] if the item is not in DynamoDB's typed JSON.
pub fn content_hash(kind: Kind, item: &Map<String, Value>, also: &[&str]) -> Result<Hash, Unreadable> {
    content(kind, item, also).map(|text| merkle::sha256(text.as_bytes()))
}

/// An item's content as it is hashed.
///
/// # Errors
/// [`Unreadable`] if the item is not in DynamoDB's typed JSON.
pub fn content(kind: Kind, item: &Map<String, Value>, also: &[&str]) -> Result<String, Unreadable> {
    let mut text = String::new();
    let kept = item.iter().filter(|(name, _)| also.contains(&name.as_str()) || !is_later(kind, name));
    members(kept, &mut text).ok_or(Unreadable { field: "item" })?;
    Ok(text)
}

fn members<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut String) -> Option<()> {
    // In order whatever the reader's map is made of.
    let mut members: Vec<_> = members.collect();
    members.sort_unstable_by_key(|(name, _)| name.as_bytes());
    text.push('{');
    for (position, (name, value)) in members.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        attribute(value, text)?;
    }
    text.push('}');
    Some(())
}

/// One typed value: `{"S":"…"}`.
fn attribute(value: &Value, text: &mut String) -> Option<()> {
    let mut typed = value.as_object()?.iter();
    let (kind, value) = typed.next()?;
    if typed.next().is_some() {
        return None;
    }
    text.push_str(&format!("{{\"{kind}\":"));
    match kind.as_str() {
        "S" | "N" | "B" => text.push_str(&Value::from(value.as_str()?).to_string()),
        "BOOL" | "NULL" => text.push_str(if value.as_bool()? { "true" } else { "false" }),
        "SS" | "NS" | "BS" => {
            let mut set = value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
            set.sort_unstable();
            text.push_str(&Value::from(set).to_string());
        }
        "L" => {
            text.push('[');
            for (position, value) in value.as_array()?.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                attribute(value, text)?;
            }
            text.push(']');
        }
        "M" => members(value.as_object()?.iter(), text)?,
        _ => return None,
    }
    text.push('}');
    Some(())
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use domain::evidence::content_commitment;
    use serde_json::json;

    use super::*;

    fn item(value: Value) -> Map<String, Value> {
        let Value::Object(item) = value else { panic!("an item is an object") };
        item
    }

    fn text(kind: Kind, value: Value) -> Result<String, Unreadable> {
        content(kind, &item(value), &[])
    }

    #[test]
    fn the_order_in_which_an_item_is_written_changes_nothing() {
        let one = json!({ "b": { "M": { "z": { "NULL": true }, "a": { "L": [{ "N": "1" }, { "S": "é\"" }] } } }, "a": { "SS": ["y", "x"] } });
        let other = json!({ "a": { "SS": ["x", "y"] }, "b": { "M": { "a": { "L": [{ "N": "1" }, { "S": "é\"" }] }, "z": { "NULL": true } } } });
        let expected = r#"{"a":{"SS":["x","y"]},"b":{"M":{"a":{"L":[{"N":"1"},{"S":"é\""}]},"z":{"NULL":true}}}}"#;
        assert_eq!(text(Kind::Entry, one).unwrap(), expected);
        assert_eq!(text(Kind::Entry, other).unwrap(), expected);
    }

    #[test]
    fn what_is_changed_later_is_left_out_of_that_kind_alone() {
        let with =
            json!({ "at": { "N": "1" }, "ttl": { "N": "2" }, "contact": { "B": "AA==" }, "salt": { "B": "AA==" } });
        assert_eq!(text(Kind::Consent, with.clone()).unwrap(), r#"{"at":{"N":"1"}}"#);
        assert_eq!(text(Kind::Request, with).unwrap(), r#"{"at":{"N":"1"},"contact":{"B":"AA=="}}"#);
    }

    #[test]
    fn a_leaf_about_a_change_counts_what_changed() {
        let released = item(json!({ "opened_at": { "N": "1" }, "released_at": { "N": "2" } }));
        assert_eq!(content(Kind::Hold, &released, &[]).unwrap(), r#"{"opened_at":{"N":"1"}}"#);
        let with = content(Kind::Hold, &released, &["released_at"]).unwrap();
        assert_eq!(with, r#"{"opened_at":{"N":"1"},"released_at":{"N":"2"}}"#);
    }

    #[test]
    fn what_is_no_typed_json_has_no_content() {
        for value in [json!("x"), json!({}), json!({ "S": 1 }), json!({ "X": "1" }), json!({ "S": "a", "N": "1" })] {
            assert!(text(Kind::Entry, json!({ "a": value })).is_err());
        }
    }

    #[test]
    fn the_commitment_to_a_stored_consent_stays_what_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/stored/consent-salted.v1.json");
        let consent = item(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap());
        let part = |name: &str, of: &str| consent[name][of].as_str().unwrap().to_owned();
        let salt: [u8; 16] = BASE64_STANDARD.decode(part(SALT, "B")).unwrap().try_into().unwrap();
        let hash = content_hash(Kind::Consent, &consent, &[]).unwrap();
        let committed = content_commitment(&salt, &part("pk", "S"), &part("sk", "S"), &hash);
        // Changing this breaks what stands in chains: a new form needs a new version.
        assert_eq!(merkle::hex(&committed), "2bd78b15ff78fa5e92f55b0a3192b4914dc6681d8515950fc356a0df4a8cda82");
    }
}
