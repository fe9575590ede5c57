//! An item of the table, as it is stored.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    evidence::{self, merkle},
    ids::{ControllerId, RecordId, SubjectRef},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use wire::{evidence::content::content_hash, stored::Kind};

/// An item of the table, as far as it is no secret.
#[derive(Debug, Clone)]
pub struct Item(pub(super) Map<String, Value>);

impl Item {
    /// A text attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.get("S")?.as_str()
    }

    /// A number attribute.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.get("N")?.as_str()?.parse().ok()
    }

    /// A binary attribute, whether it is stored as such or as base64 text.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let attribute = self.0.get(name)?;
        let text = attribute.get("B").or_else(|| attribute.get("S"))?.as_str()?;
        STANDARD.decode(text).ok()
    }

    /// The sort key.
    pub fn sort_key(&self) -> &str {
        self.text("sk").unwrap_or_default()
    }

    /// When its time is up; a hold takes it out of the index and leaves this.
    pub fn ends_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.number("ends_at").or_else(|| self.number("due_at"))?).ok()
    }

    /// The commitment under which its deletion is proved, if it is a record: known only while the item's salt is.
    pub fn commitment(&self) -> Option<String> {
        let salt: [u8; 16] = self.bytes("salt")?.try_into().ok()?;
        let (controller, subject) = self.text("pk")?.strip_prefix("C#")?.split_once("#S#")?;
        let controller = ControllerId::parse(controller).ok()?;
        let subject = SubjectRef::parse(subject).ok()?;
        let record = RecordId::parse(self.text("sk")?.strip_prefix("RECORD#")?).ok()?;
        let commitment = evidence::commitment(&salt, &controller, &subject, &record, self.ends_at());
        Some(merkle::hex(&commitment))
    }

    /// The commitment of the leaf that tells of this item, whatever it is.
    pub fn event_commitment(&self) -> Option<String> {
        let kind = Kind::parse(self.text("kind")?)?;
        if kind == Kind::Record {
            return self.commitment();
        }
        let salt: [u8; 16] = self.bytes("salt")?.try_into().ok()?;
        let hash = content_hash(kind, &self.0, &[]).ok()?;
        let commitment = evidence::content_commitment(&salt, self.text("pk")?, self.text("sk")?, &hash);
        Some(merkle::hex(&commitment))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: Value) -> Item {
        match value {
            Value::Object(map) => Item(map),
            _ => Item(Map::new()),
        }
    }

    #[test]
    fn a_record_alone_has_a_commitment_and_its_end_is_part_of_it() {
        let stored = |ends_at: &str, sort: &str| {
            item(json!({
                "pk": { "S": "C#scantrust#S#1.AAAAAAAAAAAAAAAAAAAAAA" }, "sk": { "S": sort },
                "ends_at": { "N": ends_at }, "salt": { "B": STANDARD.encode([7_u8; 16]) },
            }))
        };
        let record = "RECORD#KKKKKKKKKKKKKKKKKKKKKA";
        let commitment = stored("1767225600000", record).commitment().unwrap();
        assert_eq!(commitment.len(), 64);
        assert_ne!(stored("1767225600001", record).commitment(), Some(commitment));
        assert_eq!(stored("1767225600000", "HOLD#KKKKKKKKKKKKKKKKKKKKKA").commitment(), None);
        assert_eq!(item(json!({ "pk": { "S": "p" }, "sk": { "S": "s" } })).commitment(), None);
    }
}
