//! Builds evidence as its writers do, and signs it with a key of its own.

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::evidence::merkle::{self, Hash};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde::Serialize;
use wire::evidence::{
    Checkpoint, EventLeaf, Head, Header, IntentLeaf, LinkKind, ResultLeaf, Signed, VERSION, root_of,
    trust::{Seen, Trust, TrustedKey, fingerprint},
    verify::{Files, checkpoint_file, link_file},
};

/// What a SubjectPublicKeyInfo of a P-256 key begins with (RFC 5480), written out here once more on purpose.
const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// A key that signs.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Key {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        let prefix = (0..SPKI.len()).step_by(2).map(|at| u8::from_str_radix(&SPKI[at..at + 2], 16).unwrap());
        prefix.chain(self.pair.public_key().as_ref().iter().copied()).collect()
    }

    pub(crate) fn sign(&self, line: &str) -> String {
        STANDARD.encode(self.pair.sign(&self.random, line.as_bytes()).unwrap())
    }
}

/// A folder in memory. It counts what is read from it.
#[derive(Clone, Default)]
pub(crate) struct Folder {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) reads: RefCell<usize>,
}

impl Files for Folder {
    type Error = Infallible;

    fn names(&self, folder: &str) -> Result<Vec<String>, Infallible> {
        let inside = self.files.keys().filter_map(|file| file.strip_prefix(folder)?.strip_prefix('/'));
        let mut names: Vec<_> = inside.map(|rest| rest.split('/').next().unwrap().to_owned()).collect();
        names.dedup();
        // No order is promised.
        names.reverse();
        Ok(names)
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, Infallible> {
        *self.reads.borrow_mut() += 1;
        Ok(self.files.get(file).cloned().unwrap_or_default())
    }
}

/// Writes evidence of one controller.
pub(crate) struct Writer {
    pub(crate) key: Key,
    pub(crate) folder: Folder,
    heads: BTreeMap<u8, (u64, Hash)>,
    checkpoint: (u64, Hash),
}

pub(crate) fn commitment(number: u32) -> String {
    merkle::hex(&merkle::sha256(&number.to_be_bytes()))
}

pub(crate) fn lines(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect()
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { key: Key::new(), folder: Folder::default(), heads: BTreeMap::new(), checkpoint: (0, merkle::NOTHING) }
    }

    pub(crate) fn header(&self, chain: u8, batch: &str, kind: LinkKind) -> Header {
        let (number, previous) = self.heads.get(&chain).copied().unwrap_or((0, merkle::NOTHING));
        let is_deletion = matches!(kind, LinkKind::Intent | LinkKind::Result);
        Header {
            v: VERSION,
            controller: "rfa".into(),
            chain,
            number: number + 1,
            previous: merkle::hex(&previous),
            at: format!("2026-03-{:02}T04:00:00Z", number + 1),
            kind,
            batch: batch.into(),
            intent: None,
            reason: is_deletion.then(|| "retention".into()),
            leaves: 0,
            root: String::new(),
        }
    }

    /// Writes a link with these leaves, whatever its header says of them.
    pub(crate) fn link(&mut self, header: Header, leaves: &[impl Serialize]) -> u64 {
        let texts: Vec<_> = leaves.iter().map(|leaf| serde_json::to_string(leaf).unwrap()).collect();
        let root = merkle::hex(&root_of(texts.iter().map(|line| line.as_bytes())));
        let header = Header { leaves: texts.len(), root, ..header };
        let first = serde_json::to_string(&header).unwrap();
        self.heads.insert(header.chain, (header.number, merkle::sha256(first.as_bytes())));
        let all: Vec<_> = std::iter::once(first).chain(texts).collect();
        self.folder.files.insert(link_file(header.chain, header.number), lines(&all));
        header.number
    }

    pub(crate) fn intent(&mut self, chain: u8, batch: &str, records: &[u32]) -> u64 {
        let leaves: Vec<_> = records.iter().map(|record| intent_leaf(*record)).collect();
        self.intent_of(chain, batch, &leaves)
    }

    pub(crate) fn intent_of(&mut self, chain: u8, batch: &str, leaves: &[IntentLeaf]) -> u64 {
        self.link(self.header(chain, batch, LinkKind::Intent), leaves)
    }

    pub(crate) fn result(&mut self, chain: u8, batch: &str, intent: u64, records: &[(u32, &str)]) -> u64 {
        let leaf =
            |(record, result): &(u32, &str)| ResultLeaf { commitment: commitment(*record), result: (*result).into() };
        let leaves: Vec<_> = records.iter().map(leaf).collect();
        self.result_of(chain, batch, intent, &leaves)
    }

    pub(crate) fn result_of(&mut self, chain: u8, batch: &str, intent: u64, leaves: &[ResultLeaf]) -> u64 {
        let header = Header { intent: Some(intent), ..self.header(chain, batch, LinkKind::Result) };
        self.link(header, leaves)
    }

    pub(crate) fn events(&mut self, chain: u8, batch: &str, events: &[(u32, &str)]) -> u64 {
        let leaf = |(item, event): &(u32, &str)| EventLeaf {
            event: (*event).into(),
            at: "2026-03-01T03:00:00Z".into(),
            commitment: commitment(*item),
            category: None,
            purpose: None,
            clause: None,
            due_at: None,
        };
        let leaves: Vec<_> = events.iter().map(leaf).collect();
        self.link(self.header(chain, batch, LinkKind::Events), &leaves)
    }

    /// The checkpoint that comes next.
    pub(crate) fn next_checkpoint(&self) -> Checkpoint {
        let head = |(chain, (number, hash)): (&u8, &(u64, Hash))| Head {
            chain: *chain,
            number: *number,
            hash: merkle::hex(hash),
        };
        Checkpoint {
            v: VERSION,
            controller: "rfa".into(),
            number: self.checkpoint.0 + 1,
            previous: merkle::hex(&self.checkpoint.1),
            at: format!("2026-04-{:02}T05:00:00Z", self.checkpoint.0 + 1),
            heads: self.heads.iter().map(head).collect(),
            key: fingerprint(&self.key.public()),
        }
    }

    /// Signs and writes a checkpoint.
    pub(crate) fn put_checkpoint(&mut self, checkpoint: &Checkpoint) {
        let first = serde_json::to_string(checkpoint).unwrap();
        let signed = serde_json::to_string(&Signed { signature: self.key.sign(&first) }).unwrap();
        self.checkpoint = (checkpoint.number, merkle::sha256(first.as_bytes()));
        self.folder.files.insert(checkpoint_file(checkpoint.number), lines(&[first, signed]));
    }

    pub(crate) fn seal(&mut self) {
        self.put_checkpoint(&self.next_checkpoint());
    }

    /// The keys, and no checkpoint that was seen.
    pub(crate) fn keys(&self) -> Trust {
        Trust {
            v: 1,
            controller: "rfa".into(),
            keys: vec![TrustedKey::new(&self.key.public()).unwrap()],
            checkpoint: None,
        }
    }

    /// The keys, and the last checkpoint.
    pub(crate) fn trust(&self) -> Trust {
        let (number, hash) = self.checkpoint;
        Trust { checkpoint: Some(Seen { number, hash: merkle::hex(&hash) }), ..self.keys() }
    }
}

pub(crate) fn intent_leaf(record: u32) -> IntentLeaf {
    IntentLeaf {
        commitment: commitment(record),
        category: "log".into(),
        purpose: "security".into(),
        clause: "rfa.1-a".into(),
        system: "s3".into(),
        due_at: Some("2026-03-01T00:00:00Z".into()),
    }
}

/// Three chains, two checkpoints, and all of it under the second.
pub(crate) fn small() -> Writer {
    let mut writer = Writer::new();
    let first = writer.intent(0, "batch-a", &[1, 2, 3]);
    writer.events(3, "batch-b", &[(10, "consent"), (11, "request")]);
    writer.result(0, "batch-a", first, &[(1, "deleted"), (2, "held"), (3, "deleted")]);
    writer.seal();
    let second = writer.intent(15, "batch-c", &[2]);
    writer.result(15, "batch-c", second, &[(2, "deleted")]);
    writer.events(0, "batch-d", &[(12, "removed")]);
    writer.seal();
    writer
}
