//! Evidence as it lies in files: links of chains, and checkpoints over all chains of a controller.
//!
//! Each file is JSON Lines, and each hash is over a line's bytes as they stand, without the line's end: whoever has
//! SHA-256 can check them. A link's first line is its [`Header`]; the leaves follow, one a line. The header holds the
//! Merkle root over the leaves' lines, and the hash of the header before it; so a link is covered by its header's
//! hash. A checkpoint's first line is a [`Checkpoint`], the second a [`Signed`] over the first (`docs/EVIDENCE.md`).

pub mod content;

pub use domain::evidence::{CHAINS, NUMBER_MAX, leaf_place, parse_leaf_place};
use domain::{
    evidence::merkle::{self, Hash},
    ids::ControllerId,
};
use serde::{Deserialize, Serialize};

pub mod certificate;
pub mod notice;
pub mod proof;
pub mod read;
pub mod trust;
pub mod verify;

/// The version of everything here.
pub const VERSION: u8 = 2;

/// The first line of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`VERSION`].
    pub v: u8,
    /// Whose chain.
    pub controller: String,
    /// Which of the [`CHAINS`].
    pub chain: u8,
    /// The link's place in its chain, from 1.
    pub number: u64,
    /// The hash of the header before it; 64 zeros for the first.
    pub previous: String,
    /// When what it tells of happened, or was about to.
    pub at: String,
    /// What it is.
    pub kind: LinkKind,
    /// The batch, the same however often it is delivered.
    pub batch: String,
    /// Of a result: the number of its intent, in the same chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// Why, of deletions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many leaves follow.
    pub leaves: usize,
    /// The Merkle root over them, in hexadecimal.
    pub root: String,
}

/// What a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// Records that are about to be deleted: [`IntentLeaf`].
    Intent,
    /// What became of them: [`ResultLeaf`].
    Result,
    /// What happened in the table: [`EventLeaf`].
    Events,
    /// Keys that were destroyed: [`KeyLeaf`].
    Keys,
}

/// A record that is about to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentLeaf {
    /// The salted commitment, in hexadecimal.
    pub commitment: String,
    /// What it was.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// The clause whose time was up.
    pub clause: String,
    /// Where it was.
    pub system: String,
    /// When its time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
}

/// What became of a record of an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultLeaf {
    /// The commitment in the intent.
    pub commitment: String,
    /// `deleted`, `held`, `not-due`, `absent` or `failed`.
    pub result: String,
}

/// Something that happened: a consent, a request, a registration, what TTL removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLeaf {
    /// What it is, as its item says: `consent`, `request`, `entry`; `removed` for what TTL removed.
    pub event: String,
    /// When it happened.
    pub at: String,
    /// The salted commitment to the item and what it says, in hexadecimal.
    pub commitment: String,
    /// Of a record: what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Of a record: what it is kept for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Of a record: by which clause it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// Of a record: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
}

/// A key that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLeaf {
    /// The salted commitment to the key's name, in hexadecimal.
    pub commitment: String,
    /// Whose it was: `subject`, or `day` for the key of a category's day.
    pub of: String,
    /// When it was deleted.
    pub at: String,
    /// From when no copy of it exists anywhere.
    pub gone_at: String,
    /// Of a day's key: the category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Of a day's key: the day on which what it sealed was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
}

/// The first line of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// [`VERSION`].
    pub v: u8,
    /// Whose chains.
    pub controller: String,
    /// Its place among the controller's checkpoints, from 1.
    pub number: u64,
    /// The hash of the checkpoint before it; 64 zeros for the first.
    pub previous: String,
    /// When it was made.
    pub at: String,
    /// The head of each chain that has begun, by chain.
    pub heads: Vec<Head>,
    /// The fingerprint of the key that signs it: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal.
    pub key: String,
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Which chain.
    pub chain: u8,
    /// Its last link.
    pub number: u64,
    /// That link's hash.
    pub hash: String,
}

/// The second line of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// ECDSA over P-256 with SHA-256 of the first line, ASN.1 DER in base64.
    pub signature: String,
}

/// The name of a link's file, or of a checkpoint's. Numbers run backwards, so that a listing shows the newest first.
fn name_of(number: u64) -> String {
    format!("{:012}.jsonl", NUMBER_MAX - number)
}

/// The key of a link's object.
pub fn link_key(controller: &ControllerId, chain: u8, number: u64) -> String {
    chain_prefix(controller, chain) + &name_of(number)
}

/// Reads a link's or a checkpoint's number from the key of its object.
pub fn number_of(key: &str) -> Option<u64> {
    let name = key.rsplit('/').next()?.strip_suffix(".jsonl")?;
    let is_plain = name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
    let backwards: u64 = name.parse().ok().filter(|_| is_plain)?;
    NUMBER_MAX.checked_sub(backwards).filter(|number| *number > 0)
}

/// Where the links of a chain lie.
pub fn chain_prefix(controller: &ControllerId, chain: u8) -> String {
    format!("evidence/v2/{controller}/chain/{chain:02}/")
}

/// The key of a checkpoint's object.
pub fn checkpoint_key(controller: &ControllerId, number: u64) -> String {
    checkpoint_prefix(controller) + &name_of(number)
}

/// Where the checkpoints of a controller lie.
pub fn checkpoint_prefix(controller: &ControllerId) -> String {
    format!("evidence/v2/{controller}/checkpoints/")
}

/// The root over the lines of leaves.
pub fn root_of<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Hash {
    merkle::root(&lines.map(merkle::leaf_hash).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_link_is_listed_first() {
        let controller = ControllerId::parse("rfa").unwrap();
        assert_eq!(link_key(&controller, 3, 1), "evidence/v2/rfa/chain/03/999999999998.jsonl");
        assert!(link_key(&controller, 3, 2) < link_key(&controller, 3, 1));
        assert_eq!(number_of(&link_key(&controller, 3, 17)), Some(17));
        assert_eq!(number_of(&checkpoint_key(&controller, NUMBER_MAX)), Some(NUMBER_MAX));
        for key in ["", "x.jsonl", "999999999999.jsonl", "99999999998.jsonl", "+99999999998.jsonl", "999999999998.json"]
        {
            assert_eq!(number_of(key), None, "{key}");
        }
        assert!(checkpoint_key(&controller, 11) < checkpoint_key(&controller, 2));
    }

    #[test]
    fn a_leafs_place_reads_as_it_was_written() {
        assert_eq!(parse_leaf_place(&leaf_place(15, 7, 0)), Some((15, 7, 0)));
        for text in ["", "1.1", "1/1", "16.1/0", "1.0/0", "x.1/0", "AAAAAAAAAAAAAAAAAAAAAA/0"] {
            assert_eq!(parse_leaf_place(text), None, "{text}");
        }
    }
}
