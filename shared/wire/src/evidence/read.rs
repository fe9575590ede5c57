//! Reads files of evidence line by line, and says in which line something else was expected.

use domain::evidence::merkle::{self, Hash};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Checkpoint, EventLeaf, Header, IntentLeaf, KeyLeaf, LinkKind, ResultLeaf, Signed, VERSION, root_of};

/// What is wrong in a file: the line, counted from 1 (0: the file as a whole), and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The line.
    pub line: usize,
    /// What was expected there.
    pub expected: String,
}

impl Wrong {
    /// What was expected in a line.
    pub fn at(line: usize, expected: impl Into<String>) -> Self {
        Self { line, expected: expected.into() }
    }
}

/// Refuses what was not expected.
pub(crate) fn expect(holds: bool, line: usize, expected: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong { line, expected: expected() }) }
}

/// A link as it was read; its leaves fit its header's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its first line.
    pub header: Header,
    /// The hash of that line.
    pub hash: Hash,
    /// When it says that things happened.
    pub at: Timestamp,
    /// What follows.
    pub leaves: Leaves,
}

/// The leaves of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaves {
    /// Of an intent.
    Intent(Vec<IntentLeaf>),
    /// Of a result.
    Result(Vec<ResultLeaf>),
    /// Of events.
    Events(Vec<EventLeaf>),
    /// Of destroyed keys.
    Keys(Vec<KeyLeaf>),
}

impl Leaves {
    /// What each leaf is of, in their order.
    pub fn commitments(&self) -> Vec<&str> {
        match self {
            Self::Intent(leaves) => leaves.iter().map(|leaf| leaf.commitment.as_str()).collect(),
            Self::Result(leaves) => leaves.iter().map(|leaf| leaf.commitment.as_str()).collect(),
            Self::Events(leaves) => leaves.iter().map(|leaf| leaf.commitment.as_str()).collect(),
            Self::Keys(leaves) => leaves.iter().map(|leaf| leaf.commitment.as_str()).collect(),
        }
    }
}

/// A checkpoint as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Its first line.
    pub checkpoint: Checkpoint,
    /// The hash of that line.
    pub hash: Hash,
    /// When it was made.
    pub at: Timestamp,
    /// The signature over that line, in DER.
    pub signature: Vec<u8>,
}

/// The lines of a file, each of which ends with one line feed.
pub fn lines(bytes: &[u8]) -> Result<Vec<&[u8]>, Wrong> {
    let text = bytes.strip_suffix(b"\n").ok_or_else(|| Wrong::at(0, "a last line that ends with a line feed"))?;
    Ok(text.split(|byte| *byte == b'\n').collect())
}

/// Reads one line.
///
/// # Errors
/// [`Wrong`] unless it is JSON of that very form.
pub fn line<T: DeserializeOwned>(bytes: &[u8], number: usize, what: &str) -> Result<T, Wrong> {
    // A parser's own words may quote what stands there; the place is enough.
    serde_json::from_slice(bytes).map_err(|error| Wrong::at(number, format!("{what} (column {})", error.column())))
}

fn hash(text: &str, number: usize, name: &str) -> Result<Hash, Wrong> {
    merkle::unhex(text).ok_or_else(|| Wrong::at(number, format!("`{name}` as 64 lower-case hexadecimal digits")))
}

fn time(text: &str, number: usize, name: &str) -> Result<Timestamp, Wrong> {
    text.parse().map_err(|_| Wrong::at(number, format!("`{name}` as a time by RFC 3339")))
}

fn version(v: u8) -> Result<(), Wrong> {
    expect(v == VERSION, 1, || format!("`v` to be {VERSION}"))
}

/// Reads a link's first line: its form alone, not its place in a chain.
///
/// # Errors
/// [`Wrong`].
pub fn header(bytes: &[u8]) -> Result<(Header, Timestamp), Wrong> {
    let header: Header = line(bytes, 1, "a link's header")?;
    version(header.v)?;
    for (name, text) in [("previous", &header.previous), ("root", &header.root)] {
        hash(text, 1, name)?;
    }
    let is_placed = header.chain < super::CHAINS && (1..=super::NUMBER_MAX).contains(&header.number);
    expect(is_placed, 1, || format!("a place in chains 0 to {}, numbered from 1", super::CHAINS - 1))?;
    let is_deletion = matches!(header.kind, LinkKind::Intent | LinkKind::Result);
    expect(header.reason.is_some() == is_deletion, 1, || {
        "`reason` in an intent and a result, and nowhere else".into()
    })?;
    expect(header.intent.is_some() == (header.kind == LinkKind::Result), 1, || {
        "`intent` in a result, and nowhere else".into()
    })?;
    let at = time(&header.at, 1, "at")?;
    Ok((header, at))
}

/// Reads a link, and checks that its leaves have the form and the root that its header says.
///
/// # Errors
/// [`Wrong`] names the first line that has not.
pub fn link(bytes: &[u8]) -> Result<Link, Wrong> {
    let lines = lines(bytes)?;
    let Some((first, rest)) = lines.split_first() else { return Err(Wrong::at(1, "a link's header")) };
    let (header, at) = header(first)?;
    expect(header.leaves == rest.len(), 1, || format!("{} leaves, as the header says", header.leaves))?;
    let root = root_of(rest.iter().copied());
    // A leaf that can't be read is named by its line; one that reads and differs is not to be told apart.
    let leaves = match header.kind {
        LinkKind::Intent => Leaves::Intent(leaves(rest, |leaf: &IntentLeaf, number| {
            leaf.due_at.as_ref().map_or(Ok(()), |at| time(at, number, "due_at").map(drop))
        })?),
        LinkKind::Result => Leaves::Result(leaves(rest, |leaf: &ResultLeaf, number| {
            expect(RESULTS.contains(&leaf.result.as_str()), number, || format!("`result` as one of {RESULTS:?}"))
        })?),
        LinkKind::Events => Leaves::Events(leaves(rest, |leaf: &EventLeaf, number| {
            leaf.due_at.as_ref().map_or(Ok(()), |at| time(at, number, "due_at").map(drop))?;
            time(&leaf.at, number, "at").map(drop)
        })?),
        LinkKind::Keys => Leaves::Keys(leaves(rest, |leaf: &KeyLeaf, number| {
            time(&leaf.at, number, "at")?;
            time(&leaf.gone_at, number, "gone_at").map(drop)
        })?),
    };
    for (position, commitment) in leaves.commitments().into_iter().enumerate() {
        hash(commitment, position + 2, "commitment")?;
    }
    expect(merkle::hex(&root) == header.root, 1, || "the root of the leaves that follow".into())?;
    Ok(Link { header, hash: merkle::sha256(first), at, leaves })
}

/// What a result may say.
const RESULTS: [&str; 5] = ["deleted", "held", "not-due", "absent", "failed"];

fn leaves<T>(lines: &[&[u8]], check: impl Fn(&T, usize) -> Result<(), Wrong>) -> Result<Vec<T>, Wrong>
where
    T: for<'a> Deserialize<'a>,
{
    let numbered = lines.iter().enumerate().map(|(position, bytes)| (position + 2, *bytes));
    let read = numbered.map(|(number, bytes)| {
        let leaf = line(bytes, number, "a leaf of the header's kind")?;
        check(&leaf, number).map(|()| leaf)
    });
    read.collect()
}

/// Reads a checkpoint: its form alone, neither its signature nor its place.
///
/// # Errors
/// [`Wrong`].
pub fn checkpoint(bytes: &[u8]) -> Result<SignedCheckpoint, Wrong> {
    let lines = lines(bytes)?;
    let [first, second] = lines.as_slice() else {
        return Err(Wrong::at(0, "two lines: a checkpoint and its signature"));
    };
    let checkpoint: Checkpoint = line(first, 1, "a checkpoint")?;
    version(checkpoint.v)?;
    for (name, text) in [("previous", &checkpoint.previous), ("key", &checkpoint.key)] {
        hash(text, 1, name)?;
    }
    for head in &checkpoint.heads {
        hash(&head.hash, 1, "hash")?;
        expect(head.chain < super::CHAINS && (1..=super::NUMBER_MAX).contains(&head.number), 1, || {
            format!("heads of chains 0 to {}, numbered from 1", super::CHAINS - 1)
        })?;
    }
    let ascend = checkpoint.heads.windows(2).all(|pair| pair[0].chain < pair[1].chain);
    expect(ascend, 1, || "each chain's head once, by chain".into())?;
    let at = time(&checkpoint.at, 1, "at")?;
    let signed: Signed = line(second, 2, "a signature")?;
    let signature = super::trust::base64(&signed.signature);
    let signature = signature.ok_or_else(|| Wrong::at(2, "`signature` in base64"))?;
    Ok(SignedCheckpoint { hash: merkle::sha256(first), checkpoint, at, signature })
}
