//! Evidence of deletion: salted leaves that prove that something was deleted, not whom it was about.

pub mod merkle;

use jiff::Timestamp;
use ring::digest;

use self::merkle::Hash;
use crate::ids::{ControllerId, RecordId, SubjectRef};

/// How many chains of evidence a controller has beside each other, so that writers seldom meet.
pub const CHAINS: u8 = 16;

/// The links of a chain are numbered from one to this.
pub const NUMBER_MAX: u64 = 999_999_999_999;

/// Where a leaf of evidence stands, as people are told: `{chain}.{number}/{position}`, its position counted from 0.
pub fn leaf_place(chain: u8, number: u64, position: usize) -> String {
    format!("{chain}.{number}/{position}")
}

/// Reads where a leaf stands: chain, number, position.
pub fn parse_leaf_place(text: &str) -> Option<(u8, u64, usize)> {
    let (link, position) = text.split_once('/')?;
    let (chain, number) = link.split_once('.')?;
    let place = (chain.parse().ok()?, number.parse().ok()?, position.parse().ok()?);
    (place.0 < CHAINS && (1..=NUMBER_MAX).contains(&place.1)).then_some(place)
}

/// Why a batch of records was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionReason {
    /// Its time was up and the sweep took it.
    Retention,
    /// The person asked for it.
    Erasure,
}

impl DeletionReason {
    /// The name in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Erasure => "erasure",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Retention, Self::Erasure].into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What became of one record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionResult {
    /// It is gone, and this batch deleted it.
    Deleted,
    /// A hold came in between.
    Held,
    /// A renewal came in between: it is not due any more.
    NotDue,
    /// It was gone already.
    Absent,
    /// The deletion failed; it stays due and is tried again.
    Failed,
}

impl DeletionResult {
    /// Every result.
    pub const ALL: [Self; 5] = [Self::Deleted, Self::Held, Self::NotDue, Self::Absent, Self::Failed];

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }

    /// The name in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Held => "held",
            Self::NotDue => "not-due",
            Self::Absent => "absent",
            Self::Failed => "failed",
        }
    }
}

/// A commitment to a key that was destroyed: `SHA-256(salt ‖ "key" ‖ name…)`, each part behind its length in eight
/// bytes, most significant byte first.
pub fn key_commitment(salt: &[u8; 16], name: [&str; 4]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(salt);
    for part in std::iter::once("key").chain(name) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = merkle::NOTHING;
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A commitment to one record: `SHA-256(salt ‖ controller ‖ subject ‖ record ‖ due_at)`, each name behind its length in
/// eight bytes, the time in eight bytes as milliseconds since 1970, most significant byte first.
///
/// The salt stands in the record alone. When the record goes, nobody can tell whose commitment it was;
/// who was given the salt before can still show that it is theirs.
pub fn commitment(
    salt: &[u8; 16],
    controller: &ControllerId,
    subject: &SubjectRef,
    record: &RecordId,
    due_at: Option<Timestamp>,
) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(salt);
    for part in [controller.as_str(), subject.as_str(), record.as_str()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(&due_at.map_or(i64::MIN, Timestamp::as_millisecond).to_be_bytes());
    let mut hash = merkle::NOTHING;
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A commitment to an item and what it says: `SHA-256(salt ‖ length of pk ‖ pk ‖ length of sk ‖ sk ‖ hash of the content)`,
/// the lengths in eight bytes, the first the highest.
pub fn content_commitment(salt: &[u8; 16], partition: &str, sort: &str, content: &Hash) -> Hash {
    let mut bytes = Vec::with_capacity(64 + partition.len() + sort.len());
    bytes.extend_from_slice(salt);
    for part in [partition, sort] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.extend_from_slice(content);
    merkle::sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leafs_place_reads_back_and_none_outside_the_chains_reads() {
        for (chain, number, position) in [(0, 1, 0), (15, NUMBER_MAX, 7)] {
            let place = leaf_place(chain, number, position);
            assert_eq!(parse_leaf_place(&place), Some((chain, number, position)), "{place}");
        }
        assert_eq!(leaf_place(3, 14, 2), "3.14/2");
        for bad in ["16.1/0", "0.0/0", "0.1000000000000/0", "0.1", "1/0", "0.1/x", "-1.1/0"] {
            assert_eq!(parse_leaf_place(bad), None, "{bad}");
        }
    }

    /// Worked out apart from this code, by the formula, so that whoever holds a salt can show theirs without this product.
    #[test]
    fn a_commitment_is_the_hash_that_the_documents_give() {
        let salt = [1; 16];
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(key_commitment(&salt, ["a", "bc", "", "d"])),
            "8ecd3d126a93d4fa6df9e1b1d6031375fdb6c9776fa80d01d8eeaf5b93c7bb05"
        );
        assert_eq!(
            hex(content_commitment(&salt, "P#1", "S", &[2; 32])),
            "7f41d55512bc89acc22f462b2865a82d37d233890025a05cf4bf339d248f1fb3"
        );
        let controller = ControllerId::parse("acme").unwrap();
        let subject = SubjectRef::parse(&format!("1.{}", "A".repeat(22))).unwrap();
        let record = RecordId::parse(&"A".repeat(22)).unwrap();
        let of = |due_at| hex(commitment(&salt, &controller, &subject, &record, due_at));
        assert_eq!(
            of(Some("2026-01-01T00:00:00Z".parse().unwrap())),
            "21ad517be2153aae620ca386c2ccc1d5d127c9692eb17179e26cada00db583bc"
        );
        assert_eq!(of(None), "c11b73f203633d62e9d7b097370b30c60c2fa6448784cd8e75138f4da585e5d7");
    }
}
