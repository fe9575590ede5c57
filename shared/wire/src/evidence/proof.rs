//! What every certificate rests on: a leaf under its link's root, and the headers from there to a signed checkpoint.

use std::fmt;

use domain::{
    evidence::merkle::{self, Hash},
    ids::ControllerId,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Header,
    read::{self, SignedCheckpoint, Wrong},
    trust::{Trust, base64},
    verify::Fault,
};

/// Most headers between a link and the checkpoint that a certificate spells out.
pub const PATH_HEADERS_MAX: usize = 512;

/// The salt of a commitment, as a certificate has it: 16 bytes in base64.
pub(super) fn salt_of(text: &str, place: &Place) -> Result<[u8; 16], Fault> {
    let salt = base64(text).and_then(|salt| <[u8; 16]>::try_from(salt).ok());
    salt.ok_or_else(|| place.member("salt").wrong("16 bytes in base64"))
}

/// A leaf, and the hashes that lead from it to its header's root, nearest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenLeaf {
    /// The line.
    pub leaf: String,
    /// The hashes.
    pub proof: Vec<String>,
}

impl ProvenLeaf {
    /// Reads a leaf whose proof leads to the header's root.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        place: &Place,
        position: usize,
        header: &Header,
    ) -> Result<T, Fault> {
        let proof: Option<Vec<Hash>> = self.proof.iter().map(|hash| merkle::unhex(hash)).collect();
        let proof = proof.ok_or_else(|| place.wrong("hashes of 64 hexadecimal digits"))?;
        let leaf = merkle::leaf_hash(self.leaf.as_bytes());
        let root = merkle::root_of_proof(leaf, position, header.leaves, &proof);
        let is_in = root.is_some() && root == merkle::unhex(&header.root);
        place.expect(is_in, format_args!("a proof that leads to the root of link {}", header.number))?;
        place.at(read::line(self.leaf.as_bytes(), 0, "a leaf"))
    }
}

/// A link whose leaves are proven by their positions.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) header: &'a [u8],
    leaves: Vec<&'a [u8]>,
    hashes: Vec<Hash>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(file: &'a [u8]) -> Result<Self, Wrong> {
        let lines = read::lines(file)?;
        let Some((header, leaves)) = lines.split_first() else { return Err(Wrong::at(1, "a link's header")) };
        let hashes = leaves.iter().map(|leaf| merkle::leaf_hash(leaf)).collect();
        Ok(Self { header, leaves: leaves.to_vec(), hashes })
    }

    pub(super) fn prove(&self, position: usize) -> Option<ProvenLeaf> {
        let leaf = text(self.leaves.get(position)?);
        let proof = merkle::proof(&self.hashes, position)?.iter().map(merkle::hex).collect();
        Some(ProvenLeaf { leaf, proof })
    }
}

/// Lines that were read as JSON are text.
pub(super) fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// The two lines of a checkpoint's file.
pub(super) fn checkpoint_lines(file: &[u8]) -> Result<[String; 2], Wrong> {
    let lines = read::lines(file)?;
    let [first, second] = lines.as_slice() else { return Err(Wrong::at(0, "a checkpoint and its signature")) };
    Ok([text(first), text(second)])
}

/// Where in a certificate something else was expected.
pub(super) struct Place(pub(super) String);

impl Place {
    pub(super) fn wrong(&self, expected: impl fmt::Display) -> Fault {
        Fault { file: self.0.clone(), line: 0, expected: expected.to_string() }
    }

    pub(super) fn expect(&self, holds: bool, expected: impl fmt::Display) -> Result<(), Fault> {
        if holds { Ok(()) } else { Err(self.wrong(expected)) }
    }

    pub(super) fn at<T>(&self, result: Result<T, Wrong>) -> Result<T, Fault> {
        result.map_err(|wrong| self.wrong(wrong.expected))
    }

    /// Reads whose a certificate is, which a trust file has to be of as well.
    pub(super) fn controller(&self, text: &str, trust: Option<&Trust>) -> Result<ControllerId, Fault> {
        let place = self.member("controller");
        let controller = ControllerId::parse(text).map_err(|_| place.wrong("a controller"))?;
        if let Some(trust) = trust {
            let is_whose = trust.controller == controller.as_str();
            place.expect(is_whose, format_args!("{}, as in the trust file", trust.controller))?;
        }
        Ok(controller)
    }

    pub(super) fn member(&self, name: impl fmt::Display) -> Self {
        Self(format!("{}/{name}", self.0))
    }
}

/// The way from a link to the checkpoint that covers it.
pub(super) struct Way<'a> {
    /// The headers from the link's to the one that the checkpoint names, both with them.
    pub(super) path: &'a [String],
    /// The two lines of the checkpoint.
    pub(super) checkpoint: Option<&'a [String; 2]>,
    /// What the path begins with, and what that is called.
    pub(super) first: (&'static str, &'a str),
    /// What must lie on it as well, and what that is called.
    pub(super) last: (&'static str, &'a str),
}

impl Way<'_> {
    /// Follows the headers from the link with this header to the checkpoint, and answers its number.
    pub(super) fn verify(&self, place: &Place, from: &Header, trust: Option<&Trust>) -> Result<Option<u64>, Fault> {
        let path_place = place.member("path");
        let Some([first, second]) = self.checkpoint else {
            path_place.expect(self.path.is_empty(), "no headers where there is no checkpoint")?;
            return Ok(None);
        };
        let place = place.member("checkpoint");
        let read = place.at(read::checkpoint(format!("{first}\n{second}\n").as_bytes()))?;
        let SignedCheckpoint { checkpoint, hash, signature, .. } = read;
        place.expect(checkpoint.controller == from.controller, "a checkpoint of the same controller")?;
        let begins = self.path.first().is_some_and(|line| line == self.first.1);
        path_place.expect(begins, format_args!("{} as the first header", self.first.0))?;
        let passes = self.path.iter().any(|line| line == self.last.1);
        path_place.expect(passes, format_args!("{} among the headers", self.last.0))?;
        let (mut previous, mut number) = (None, from.number);
        for (position, line) in self.path.iter().enumerate() {
            let place = path_place.member(position);
            let (header, _) = place.at(read::header(line.as_bytes()))?;
            let is_next = header.chain == from.chain && header.number == number;
            place.expect(is_next, format_args!("link {number} of chain {}", from.chain))?;
            let goes_on = previous.is_none_or(|previous| header.previous == merkle::hex(&previous));
            place.expect(goes_on, "`previous` to be the hash of the header before")?;
            previous = Some(merkle::sha256(line.as_bytes()));
            number += 1;
        }
        let head = checkpoint.heads.iter().find(|head| head.chain == from.chain);
        let is_head = head
            .zip(previous)
            .is_some_and(|(head, last)| head.number + 1 == number && merkle::unhex(&head.hash) == Some(last));
        place.expect(is_head, "the hash of the path's last header as the head of its chain")?;
        if let Some(trust) = trust {
            let key = trust.key(&checkpoint.key).ok_or_else(|| place.wrong("a key of the trust file"))?;
            place.expect(key.signed(first.as_bytes(), &signature), "a signature by that key over the first line")?;
            if let Some(seen) = trust.checkpoint.as_ref().filter(|seen| seen.number == checkpoint.number) {
                let is_seen = seen.hash == merkle::hex(&hash);
                place.expect(is_seen, format_args!("checkpoint {} as the trust file has seen it", seen.number))?;
            }
        }
        Ok(Some(checkpoint.number))
    }
}
