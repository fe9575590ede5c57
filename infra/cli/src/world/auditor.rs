//! What an auditor sees: what is stored, and the evidence of what is gone.

use jiff::Timestamp;
use serde_json::Value;
use wire::evidence::{Header, LinkKind, leaf_place};

use super::{Kept, World, wait_for};
use crate::{
    cloud::Item,
    trouble::{Played, Trouble},
};

impl World {
    /// The stored item of a record; `None` once it is gone.
    ///
    /// # Errors
    /// If the table does not answer.
    pub fn stored(&self, kept: &Kept) -> Played<Option<Item>> {
        Ok(self.cloud.items(&kept.partition)?.into_iter().find(|item| item.sort_key() == kept.sort_key))
    }

    /// The commitment under which a record's deletion will be proved.
    ///
    /// # Errors
    /// If it is gone already.
    pub(crate) fn commitment(&self, kept: &Kept) -> Played<String> {
        let commitment = self.stored(kept)?.and_then(|item| item.commitment());
        commitment.ok_or_else(|| Trouble::new("the record has no salt"))
    }

    /// Waits for a record that a queue brings.
    ///
    /// # Errors
    /// If it does not come in time.
    pub fn arrived(&self, partition: &str, category: &str) -> Played<(Kept, Item)> {
        wait_for(&format!("the record {category}"), || {
            let items = self.cloud.items(partition)?;
            let item = items
                .into_iter()
                .find(|item| item.sort_key().starts_with("RECORD#") && item.text("category") == Some(category));
            Ok(item.map(|item| {
                let kept = Kept {
                    partition: partition.to_owned(),
                    sort_key: item.sort_key().to_owned(),
                    until: item.ends_at(),
                };
                (kept, item)
            }))
        })
    }

    /// Waits until a record is due at that time.
    ///
    /// # Errors
    /// Says when it is due instead.
    pub fn due(&self, kept: &Kept, at: Timestamp) -> Played<Item> {
        let mut last = None;
        let found = wait_for("the record's clock to move", || {
            let item = self.stored(kept)?;
            last = item.as_ref().and_then(Item::ends_at);
            Ok(item.filter(|item| item.ends_at() == Some(at)))
        });
        let said = last.map_or_else(|| "without an end".to_owned(), |last| last.to_string());
        found.map_err(|_| Trouble::new(format!("the record is kept until {said} and not until {at}")))
    }

    /// Waits for the evidence of a deletion, and answers where its leaf stands.
    ///
    /// # Errors
    /// If no chain says in time that what this commitment is of was deleted.
    pub fn evidence(&self, controller: &str, commitment: &str) -> Played<String> {
        wait_for("the evidence of a deletion", || self.evidence_now(controller, commitment))
    }

    fn evidence_now(&self, controller: &str, commitment: &str) -> Played<Option<String>> {
        let bucket = self.stack.output("EvidenceBucket")?;
        let mut links = self.links.borrow_mut();
        for key in self.cloud.object_keys(bucket, &format!("evidence/v2/{controller}/chain/"))? {
            if !links.contains_key(&key)
                && let Some(link) = self.cloud.object(bucket, &key)?
            {
                links.insert(key, link);
            }
        }
        Ok(links.values().filter_map(|link| deletion_in(link, commitment)).next())
    }
}

/// Where the link says that what this commitment is of was deleted: by us, or by TTL. One link may tell of its beginning
/// and its end.
fn deletion_in(link: &str, commitment: &str) -> Option<String> {
    let (header, leaves) = link.split_once('\n')?;
    let header: Header = serde_json::from_str(header).ok()?;
    let mut leaves = leaves.lines().enumerate().filter(|(_, leaf)| leaf.contains(commitment));
    leaves.find_map(|(position, leaf)| {
        let leaf: Value = serde_json::from_str(leaf).ok()?;
        match header.kind {
            LinkKind::Result if leaf["result"] == "deleted" => Some(leaf_place(header.chain, header.intent?, position)),
            LinkKind::Events if leaf["event"] == "removed" => Some(leaf_place(header.chain, header.number, position)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_found_in_its_result_and_told_by_its_intent() {
        let link = |kind: &str, leaf: &str| {
            format!(
                "{{\"v\":2,\"controller\":\"rfa\",\"chain\":3,\"number\":7,\"previous\":\"\",\"at\":\"\",\"kind\":\"{kind}\",\
                 \"batch\":\"\",\"intent\":6,\"leaves\":2,\"root\":\"\"}}\n{{\"commitment\":\"aa\"}}\n{leaf}\n"
            )
        };
        let result = link("result", r#"{"commitment":"bb","result":"deleted"}"#);
        assert_eq!(deletion_in(&result, "bb").as_deref(), Some("3.6/1"));
        assert_eq!(deletion_in(&result, "aa"), None, "nothing says what became of it");
        assert_eq!(deletion_in(&link("result", r#"{"commitment":"bb","result":"held"}"#), "bb"), None);
        assert_eq!(deletion_in(&link("intent", r#"{"commitment":"bb"}"#), "bb"), None);
        let removed = link("events", r#"{"event":"removed","commitment":"bb"}"#);
        assert_eq!(deletion_in(&removed, "bb").as_deref(), Some("3.7/1"));
    }
}
