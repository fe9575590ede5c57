//! Verifies the evidence of a controller from its files alone, and says what it found.
//!
//! In memory are one link, the hashes that checkpoints name, the numbers of a chain's links, and 16 bytes for each
//! record that was deleted (to count it once).

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use domain::evidence::merkle::{self, Hash};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    CHAINS, Head, LinkKind, name_of, number_of,
    read::{self, Leaves, Link, SignedCheckpoint, Wrong, expect},
    trust::{Seen, Trust},
};

/// The files of one controller's evidence: what lies under `evidence/v2/{controller}/`.
pub trait Files {
    /// Why a file can't be read.
    type Error;

    /// The names of what lies directly in a folder, in any order; none if there is no such folder.
    ///
    /// # Errors
    /// If it can't be listed.
    fn names(&self, folder: &str) -> Result<Vec<String>, Self::Error>;

    /// The content of a file.
    ///
    /// # Errors
    /// If it can't be read.
    fn read(&self, file: &str) -> Result<Vec<u8>, Self::Error>;
}

/// Where evidence breaks first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, under the folder that was verified.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole, and for one that is missing.
    pub line: usize,
    /// What was expected there.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: expected {}", self.file, self.expected),
            line => write!(f, "{}, line {line}: expected {}", self.file, self.expected),
        }
    }
}

/// Why evidence was not verified.
#[derive(Debug)]
pub enum Broken<E> {
    /// It is not as it must be.
    Fault(Fault),
    /// A file could not be read.
    Unreadable(E),
}

impl Wrong {
    /// In which file.
    pub(crate) fn in_file(self, file: &str) -> Fault {
        Fault { file: file.to_owned(), line: self.line, expected: self.expected }
    }
}

/// What sound evidence says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whose evidence.
    pub controller: String,
    /// Whether it was held against a trust file, and signed by its keys; else it is consistent in itself, no more.
    pub is_trusted: bool,
    /// The checkpoint from which on it was verified, if the folder doesn't reach back to the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<u64>,
    /// How many chains have begun.
    pub chains: usize,
    /// How many links there are.
    pub links: u64,
    /// How many of them lie behind the last checkpoint: hash-linked, and covered by no signature yet.
    pub links_unsigned: u64,
    /// How many leaves there are.
    pub leaves: u64,
    /// Of these, what was about to be deleted, by reason.
    pub intended: BTreeMap<String, u64>,
    /// Of these, what became of it, by result. A batch that was written twice is counted twice here.
    pub results: BTreeMap<String, u64>,
    /// Of these, what happened, by what it was.
    pub events: BTreeMap<String, u64>,
    /// Of these, keys that were destroyed, by whose they were.
    pub keys: BTreeMap<String, u64>,
    /// How many records were deleted, each counted once.
    pub deleted: u64,
    /// Batches that were begun and have no result.
    pub open: Vec<Open>,
    /// Results whose intent lies before where the folder begins.
    pub results_of_before: u64,
    /// When the first of it happened, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    /// When the last of it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_checkpoint: Option<LastCheckpoint>,
}

/// A batch that was begun and has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Where its intent stands.
    pub file: String,
    /// When it was begun.
    pub at: String,
    /// How many records are in it.
    pub leaves: usize,
}

/// The last checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastCheckpoint {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub at: String,
    /// The hash of its first line.
    pub hash: String,
}

impl Summary {
    /// What a trust file says of the last checkpoint, once this was verified.
    pub fn seen(&self) -> Option<Seen> {
        self.last_checkpoint.as_ref().map(|last| Seen { number: last.number, hash: last.hash.clone() })
    }
}

/// The folder of the checkpoints.
const CHECKPOINTS: &str = "checkpoints";

/// The folder of the chains.
const CHAIN: &str = "chain";

/// The file of a link.
pub fn link_file(chain: u8, number: u64) -> String {
    format!("{CHAIN}/{chain:02}/{}", name_of(number))
}

/// The file of a checkpoint.
pub fn checkpoint_file(number: u64) -> String {
    format!("{CHECKPOINTS}/{}", name_of(number))
}

/// Verifies evidence. Without a trust file it shows that the files agree with each other, and no more.
///
/// # Errors
/// [`Broken`] names the first file and line that break it: checkpoints first, then chain by chain.
pub fn verify<F: Files>(files: &F, trust: Option<&Trust>) -> Result<Summary, Broken<F::Error>> {
    let mut verifier = Verifier {
        files,
        trust,
        controller: trust.map(|trust| trust.controller.clone()),
        anchors: Default::default(),
        heads: Vec::new(),
        open: BTreeMap::new(),
        deleted: HashSet::new(),
        summary: Summary::default(),
        span: None,
    };
    verifier.checkpoints()?;
    verifier.chains()?;
    Ok(verifier.finish())
}

/// A link's hash as a checkpoint says it.
struct Anchor {
    number: u64,
    hash: Hash,
    checkpoint: u64,
}

struct Verifier<'a, F> {
    files: &'a F,
    trust: Option<&'a Trust>,
    controller: Option<String>,
    /// By chain, in the order of their numbers.
    anchors: [Vec<Anchor>; CHAINS as usize],
    /// Of the last checkpoint.
    heads: Vec<Head>,
    /// By batch: the intents that wait for a result.
    open: BTreeMap<String, Open>,
    deleted: HashSet<[u8; 16]>,
    summary: Summary,
    span: Option<(Timestamp, Timestamp)>,
}

impl<F: Files> Verifier<'_, F> {
    fn read(&self, file: &str) -> Result<Vec<u8>, Broken<F::Error>> {
        self.files.read(file).map_err(Broken::Unreadable)
    }

    /// The numbers of the files in a folder, ascending. What is none of its files is a fault.
    fn numbers(&self, folder: &str) -> Result<Vec<u64>, Broken<F::Error>> {
        let names = self.files.names(folder).map_err(Broken::Unreadable)?;
        let mut numbers = Vec::with_capacity(names.len());
        for name in names {
            let number = number_of(&name).ok_or_else(|| {
                Wrong::at(0, "a name of twelve digits and `.jsonl`").in_file(&format!("{folder}/{name}"))
            });
            numbers.push(number.map_err(Broken::Fault)?);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Everything is of one controller.
    fn of_one(&mut self, controller: &str, file: &str) -> Result<(), Broken<F::Error>> {
        let known = self.controller.get_or_insert_with(|| controller.to_owned());
        in_file(file, expect(known == controller, 1, || format!("`controller` to be {known}")))
    }

    fn checkpoints(&mut self) -> Result<(), Broken<F::Error>> {
        let numbers = self.numbers(CHECKPOINTS)?;
        let seen = self.trust.and_then(|trust| trust.checkpoint.as_ref());
        let (first, last) = (numbers.first().copied().unwrap_or(1), numbers.last().copied().unwrap_or(0));
        if let Some(seen) = seen {
            let is_there = first <= seen.number && seen.number <= last;
            let what = || format!("checkpoint {}, which the trust file has seen, to be there", seen.number);
            in_file(&checkpoint_file(seen.number), expect(is_there, 0, what))?;
        }
        if first > 1 {
            let what = || "every checkpoint from 1 on, since no trust file has seen a later one".to_owned();
            in_file(&checkpoint_file(first - 1), expect(seen.is_some(), 0, what))?;
            self.summary.begins_at = Some(first);
        }
        let mut before: Option<SignedCheckpoint> = None;
        for (expected, number) in (first..).zip(numbers) {
            let file = checkpoint_file(expected);
            in_file(&file, expect(number == expected, 0, || format!("checkpoint {expected} to be there")))?;
            let bytes = self.read(&file)?;
            let read = in_file(&file, read::checkpoint(&bytes))?;
            self.of_one(&read.checkpoint.controller, &file)?;
            in_file(&file, self.checkpoint(number, &read, before.as_ref(), &bytes))?;
            for head in &read.checkpoint.heads {
                let hash = merkle::unhex(&head.hash).unwrap_or(merkle::NOTHING);
                let anchor = Anchor { number: head.number, hash, checkpoint: number };
                self.anchors[usize::from(head.chain)].push(anchor);
            }
            self.summary.checkpoints += 1;
            before = Some(read);
        }
        if let Some(last) = before {
            self.summary.is_trusted = self.trust.is_some();
            self.summary.last_checkpoint = Some(LastCheckpoint {
                number: last.checkpoint.number,
                at: last.checkpoint.at,
                hash: merkle::hex(&last.hash),
            });
            self.heads = last.checkpoint.heads;
        }
        Ok(())
    }

    /// A checkpoint in its place.
    fn checkpoint(
        &self,
        number: u64,
        read: &SignedCheckpoint,
        before: Option<&SignedCheckpoint>,
        bytes: &[u8],
    ) -> Result<(), Wrong> {
        let checkpoint = &read.checkpoint;
        expect(checkpoint.number == number, 1, || format!("`number` to be {number}, as the file's name says"))?;
        let previous = match before {
            None if number == 1 => Some(merkle::NOTHING),
            None => None,
            Some(before) => Some(before.hash),
        };
        if let Some(previous) = previous.map(|hash| merkle::hex(&hash)) {
            expect(checkpoint.previous == previous, 1, || format!("`previous` to be {previous}"))?;
        }
        if let Some(before) = before {
            expect(before.at <= read.at, 1, || format!("`at` not before {}", before.checkpoint.at))?;
            for head in &before.checkpoint.heads {
                let goes_on = checkpoint.heads.iter().any(|now| now.chain == head.chain && now.number >= head.number);
                expect(goes_on, 1, || format!("chain {} to end at link {} or later", head.chain, head.number))?;
            }
        }
        let Some(trust) = self.trust else { return Ok(()) };
        let key = trust.key(&checkpoint.key);
        let key = key.ok_or_else(|| Wrong::at(1, "`key` to be a key of the trust file"))?;
        let first = read::lines(bytes)?.first().copied().unwrap_or_default();
        expect(key.signed(first, &read.signature), 2, || "a signature by that key over the first line".to_owned())?;
        match trust.checkpoint.as_ref().filter(|seen| seen.number == number) {
            Some(seen) => expect(merkle::hex(&read.hash) == seen.hash, 1, || {
                format!("the checkpoint that was seen: {}", seen.hash)
            }),
            None => Ok(()),
        }
    }

    fn chains(&mut self) -> Result<(), Broken<F::Error>> {
        let folders: BTreeSet<_> = self.files.names(CHAIN).map_err(Broken::Unreadable)?.into_iter().collect();
        let known: Vec<_> = (0..CHAINS).map(|chain| format!("{chain:02}")).collect();
        for folder in &folders {
            let what = || format!("chains 00 to {:02} and nothing else", CHAINS - 1);
            in_file(&format!("{CHAIN}/{folder}"), expect(known.contains(folder), 0, what))?;
        }
        for chain in 0..CHAINS {
            self.chain(chain)?;
        }
        Ok(())
    }

    fn chain(&mut self, chain: u8) -> Result<(), Broken<F::Error>> {
        let numbers = self.numbers(&format!("{CHAIN}/{chain:02}"))?;
        let anchors = std::mem::take(&mut self.anchors[usize::from(chain)]);
        let first = numbers.first().copied().unwrap_or(1);
        let last = numbers.last().copied().unwrap_or(0);
        // Where the folder's first checkpoint is not the first of all, what it covers may be left out.
        let begins_at = self.summary.begins_at;
        let covers =
            anchors.first().filter(|anchor| Some(anchor.checkpoint) == begins_at && anchor.number + 1 >= first);
        if first > 1 {
            let what = || format!("every link of chain {chain} from 1 on");
            in_file(&link_file(chain, first - 1), expect(covers.is_some(), 0, what))?;
        }
        let mut previous = match first {
            1 => Some(merkle::NOTHING),
            _ => covers.filter(|anchor| anchor.number + 1 == first).map(|anchor| anchor.hash),
        };
        let mut anchors = anchors.into_iter().filter(|anchor| anchor.number >= first).peekable();
        let signed = self.heads.iter().find(|head| head.chain == chain).map_or(0, |head| head.number);
        for (expected, number) in (first..).zip(numbers) {
            let file = link_file(chain, expected);
            in_file(&file, expect(number == expected, 0, || format!("link {expected} of chain {chain} to be there")))?;
            let link = in_file(&file, read::link(&self.read(&file)?))?;
            self.of_one(&link.header.controller, &file)?;
            in_file(&file, in_place(&link, (chain, number), previous))?;
            while let Some(anchor) = anchors.next_if(|anchor| anchor.number == number) {
                in_file(
                    &file,
                    expect(anchor.hash == link.hash, 1, || {
                        format!("the link that checkpoint {} names: {}", anchor.checkpoint, merkle::hex(&anchor.hash))
                    }),
                )?;
            }
            self.count(&file, &link, first)?;
            self.summary.links_unsigned += u64::from(number > signed);
            previous = Some(link.hash);
        }
        self.summary.chains += usize::from(last > 0);
        match anchors.next() {
            None => Ok(()),
            Some(anchor) => in_file(
                &link_file(chain, last + 1),
                expect(false, 0, || {
                    format!(
                        "link {} of chain {chain} to be there, which checkpoint {} names",
                        anchor.number, anchor.checkpoint
                    )
                }),
            ),
        }
    }

    fn count(&mut self, file: &str, link: &Link, first: u64) -> Result<(), Broken<F::Error>> {
        let header = &link.header;
        let summary = &mut self.summary;
        summary.links += 1;
        summary.leaves += header.leaves as u64;
        let (from, to) = self.span.unwrap_or((link.at, link.at));
        self.span = Some((from.min(link.at), to.max(link.at)));
        match &link.leaves {
            Leaves::Intent(leaves) => {
                let reason = header.reason.clone().unwrap_or_default();
                *summary.intended.entry(reason).or_default() += leaves.len() as u64;
                let open = Open { file: file.to_owned(), at: header.at.clone(), leaves: leaves.len() };
                self.open.entry(header.batch.clone()).or_insert(open);
            }
            Leaves::Result(leaves) => {
                for leaf in leaves {
                    *summary.results.entry(leaf.result.clone()).or_default() += 1;
                    let commitment = merkle::unhex(&leaf.commitment).filter(|_| leaf.result == "deleted");
                    if let Some(commitment) = commitment {
                        let mut half = [0; 16];
                        half.copy_from_slice(&commitment[..16]);
                        self.deleted.insert(half);
                    }
                }
                self.open.remove(&header.batch);
                self.result(file, link, first)?;
            }
            Leaves::Events(leaves) => {
                for leaf in leaves {
                    *summary.events.entry(leaf.event.clone()).or_default() += 1;
                }
            }
            Leaves::Keys(leaves) => {
                for leaf in leaves {
                    *summary.keys.entry(leaf.of.clone()).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    /// A result stands behind its intent, and is of the same records.
    fn result(&mut self, file: &str, link: &Link, first: u64) -> Result<(), Broken<F::Error>> {
        let header = &link.header;
        let number = header.intent.unwrap_or_default();
        in_file(file, expect((1..header.number).contains(&number), 1, || "`intent` to be an earlier link".to_owned()))?;
        if number < first {
            self.summary.results_of_before += 1;
            return Ok(());
        }
        // It was checked when it was passed, and is read again instead of kept: results may come late.
        let intent_file = link_file(header.chain, number);
        let intent = in_file(&intent_file, read::link(&self.read(&intent_file)?))?;
        in_file(file, of_intent(link, &intent))
    }

    fn finish(self) -> Summary {
        let (first_at, last_at) = self.span.map(|(from, to)| (from.to_string(), to.to_string())).unzip();
        Summary {
            controller: self.controller.unwrap_or_default(),
            deleted: self.deleted.len() as u64,
            open: self.open.into_values().collect(),
            first_at,
            last_at,
            ..self.summary
        }
    }
}

fn in_file<T, E>(file: &str, result: Result<T, Wrong>) -> Result<T, Broken<E>> {
    result.map_err(|wrong| Broken::Fault(wrong.in_file(file)))
}

/// A link in its place. `previous` is unknown only for a first link that a later checkpoint covers.
fn in_place(link: &Link, (chain, number): (u8, u64), previous: Option<Hash>) -> Result<(), Wrong> {
    let header = &link.header;
    expect(header.chain == chain, 1, || format!("`chain` to be {chain}, as the folder's name says"))?;
    expect(header.number == number, 1, || format!("`number` to be {number}, as the file's name says"))?;
    match previous.map(|hash| merkle::hex(&hash)) {
        Some(previous) => expect(header.previous == previous, 1, || format!("`previous` to be {previous}")),
        None => Ok(()),
    }
}

/// A result is of its intent.
fn of_intent(result: &Link, intent: &Link) -> Result<(), Wrong> {
    let number = intent.header.number;
    let is_intent = intent.header.kind == LinkKind::Intent;
    expect(is_intent, 1, || format!("`intent` to name an intent, which link {number} is not"))?;
    expect(result.header.batch == intent.header.batch, 1, || format!("`batch` as in its intent, link {number}"))?;
    expect(result.header.reason == intent.header.reason, 1, || format!("`reason` as in its intent, link {number}"))?;
    let (intended, results) = (intent.leaves.commitments(), result.leaves.commitments());
    expect(intended.len() == results.len(), 1, || format!("as many leaves as in its intent, link {number}"))?;
    for (position, (intended, result)) in intended.iter().zip(&results).enumerate() {
        expect(intended == result, position + 2, || format!("`commitment` to be {intended}, as in link {number}"))?;
    }
    Ok(())
}
