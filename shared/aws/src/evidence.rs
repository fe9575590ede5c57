//! Evidence: links of chains in a bucket with Object Lock, and notes of what is under way.
//!
//! The bucket itself is the lock: a link is written only if nothing stands under its number, so of many writers one
//! wins, and the others take the next number. Nobody waits for a head that somebody else holds.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use app::{
    chain::{Chain, Content, DestroyedKey, Happened, Intended, Link, Place},
    destruction::{Intents, Manifest},
    error::PortError,
};
use aws_sdk_s3::{operation::get_object::GetObjectError, primitives::ByteStream};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{
    evidence::{
        DeletionReason,
        merkle::{self, Hash},
    },
    ids::{BatchId, ControllerId},
};
use jiff::Timestamp;
use serde::Serialize;
use wire::{
    evidence::{
        EventLeaf, Header, IntentLeaf, KeyLeaf, LinkKind, ResultLeaf, VERSION, chain_prefix, link_key, number_of,
        root_of,
    },
    stored::{deletion::NotedBatch, millis},
};

use crate::{
    Cloud,
    failure::{code, unavailable},
    table::{doomed_form, doomed_of, unreadable},
};

mod files;

pub(crate) const BUCKET: &str = "the evidence bucket";
const WORK: &str = "the bucket of what is under way";
const LINK: &str = "a link of evidence";
const NOTE: &str = "a noted batch";

/// A header is shorter than that: to read one, no more is fetched.
const HEADER_BYTES_MAX: usize = 2_048;

/// What S3 checks a body by, as its header says it.
pub(crate) fn checksum(body: &[u8]) -> String {
    BASE64_STANDARD.encode(merkle::sha256(body))
}

/// The last link of each chain, as far as this environment knows: its number and its hash.
#[derive(Debug, Default)]
pub(crate) struct Heads(Mutex<HashMap<(ControllerId, u8), (u64, Hash)>>);

impl Heads {
    fn get(&self, controller: &ControllerId, chain: u8) -> Option<(u64, Hash)> {
        let heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heads.get(&(controller.clone(), chain)).copied()
    }

    /// Heads only grow: what a slower call has seen moves none back.
    fn set(&self, controller: &ControllerId, chain: u8, head: (u64, Hash)) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.entry((controller.clone(), chain)).or_insert(head);
        if head.0 > known.0 {
            *known = head;
        }
    }
}

/// A time in evidence: RFC 3339 to the millisecond, which is the grain of a commitment.
fn rfc3339(at: Timestamp) -> String {
    Timestamp::from_millisecond(millis(at)).unwrap_or(at).to_string()
}

fn json(form: &impl Serialize) -> Result<Vec<u8>, PortError> {
    // The writer's own error can quote a value.
    serde_json::to_vec(form).map_err(|_| PortError::corrupt(LINK, "it cannot be written"))
}

fn intent_leaf(record: &Intended) -> IntentLeaf {
    IntentLeaf {
        commitment: merkle::hex(&record.commitment),
        category: record.category.to_string(),
        purpose: record.purpose.to_string(),
        clause: record.clause.to_string(),
        system: record.system.as_str().to_owned(),
        due_at: record.due_at.map(rfc3339),
    }
}

fn event_leaf(happened: &Happened) -> EventLeaf {
    let mut leaf = EventLeaf {
        event: happened.event.to_owned(),
        at: rfc3339(happened.at),
        commitment: merkle::hex(&happened.commitment),
        category: None,
        purpose: None,
        clause: None,
        due_at: None,
    };
    if let Some((category, purpose, clause, due_at)) = &happened.record {
        leaf.category = Some(category.to_string());
        leaf.purpose = Some(purpose.to_string());
        leaf.clause = Some(clause.to_string());
        leaf.due_at = due_at.map(rfc3339);
    }
    leaf
}

fn key_leaf(key: &DestroyedKey) -> KeyLeaf {
    KeyLeaf {
        commitment: merkle::hex(&key.commitment),
        of: if key.day.is_some() { "day" } else { "subject" }.to_owned(),
        at: rfc3339(key.at),
        gone_at: rfc3339(key.gone_at),
        category: key.day.as_ref().map(|(category, _)| category.to_string()),
        day: key.day.as_ref().map(|(_, day)| day.to_string()),
    }
}

/// What a header says of its leaves: kind, the number of the intent, why, and the leaves' lines.
type Told = (LinkKind, Option<u64>, Option<DeletionReason>, Vec<Vec<u8>>);

fn told(content: &Content) -> Result<Told, PortError> {
    Ok(match content {
        Content::Intent(reason, records) => {
            let lines = records.iter().map(|record| json(&intent_leaf(record))).collect::<Result<_, _>>()?;
            (LinkKind::Intent, None, Some(*reason), lines)
        }
        Content::Result { reason, intent, results } => {
            let leaf = |(commitment, result): &(Hash, domain::evidence::DeletionResult)| {
                json(&ResultLeaf { commitment: merkle::hex(commitment), result: result.as_str().to_owned() })
            };
            let lines = results.iter().map(leaf).collect::<Result<_, _>>()?;
            (LinkKind::Result, Some(intent.number), Some(*reason), lines)
        }
        Content::Events(events) => {
            let lines = events.iter().map(|event| json(&event_leaf(event))).collect::<Result<_, _>>()?;
            (LinkKind::Events, None, None, lines)
        }
        Content::Keys(keys) => {
            let lines = keys.iter().map(|key| json(&key_leaf(key))).collect::<Result<_, _>>()?;
            (LinkKind::Keys, None, None, lines)
        }
    })
}

/// A link as its object has it, and its hash.
fn object_of(
    controller: &ControllerId,
    place: Place,
    previous: &Hash,
    link: &Link,
) -> Result<(Vec<u8>, Hash), PortError> {
    let (kind, intent, reason, leaves) = told(&link.content)?;
    let header = json(&Header {
        v: VERSION,
        controller: controller.to_string(),
        chain: place.chain,
        number: place.number,
        previous: merkle::hex(previous),
        at: rfc3339(link.at),
        kind,
        batch: link.batch.to_string(),
        intent,
        reason: reason.map(|reason| reason.as_str().to_owned()),
        leaves: leaves.len(),
        root: merkle::hex(&root_of(leaves.iter().map(Vec::as_slice))),
    })?;
    let hash = merkle::sha256(&header);
    let mut object = header;
    for leaf in leaves {
        object.push(b'\n');
        object.extend(leaf);
    }
    object.push(b'\n');
    Ok((object, hash))
}

/// Reads the header that an object begins with, and its hash.
fn header_of(object: &[u8]) -> Result<(Header, Hash), PortError> {
    let unreadable = || PortError::corrupt(LINK, "its header is not of its form");
    let line = object.split(|byte| *byte == b'\n').next().ok_or_else(unreadable)?;
    Ok((serde_json::from_slice(line).map_err(|_| unreadable())?, merkle::sha256(line)))
}

impl Chain for Cloud {
    async fn next(&self, controller: &ControllerId, chain: u8) -> Result<Place, PortError> {
        let (number, _) = self.head(controller, chain).await?;
        Ok(Place { chain, number: number + 1 })
    }

    async fn write(&self, controller: &ControllerId, place: Place, link: &Link) -> Result<bool, PortError> {
        let (last, previous) = self.head(controller, place.chain).await?;
        if place.number != last + 1 {
            return Ok(false);
        }
        let (object, hash) = object_of(controller, place, &previous, link)?;
        if self.put_evidence(&link_key(controller, place.chain, place.number), object).await? {
            self.heads.set(controller, place.chain, (place.number, hash));
            return Ok(true);
        }
        // Somebody was faster, or an answer to our own first attempt was lost on its way.
        let Some((header, stands)) = self.header(controller, place).await? else { return Ok(false) };
        self.heads.set(controller, place.chain, (place.number, stands));
        Ok(stands == hash && header.batch == link.batch.as_str())
    }

    async fn batch_at(&self, controller: &ControllerId, place: Place) -> Result<Option<BatchId>, PortError> {
        let Some((header, _)) = self.header(controller, place).await? else { return Ok(None) };
        BatchId::parse(&header.batch).map(Some).map_err(|_| PortError::corrupt(LINK, "its batch has no such name"))
    }
}

/// The name of a batch's note.
fn note_key(controller: &ControllerId, batch: &BatchId, part: &str) -> String {
    format!("{part}/v1/{controller}/{batch}.json")
}

fn manifest_of(controller: &ControllerId, note: &[u8]) -> Result<Manifest, PortError> {
    let note: NotedBatch =
        serde_json::from_slice(note).map_err(|_| PortError::corrupt(NOTE, "it is not of its form"))?;
    let parts = note.into_parts().map_err(unreadable(NOTE))?;
    Ok(Manifest {
        batch: parts.batch,
        controller: controller.clone(),
        reason: parts.reason,
        at: parts.at,
        intent: Place { chain: parts.chain, number: parts.number },
        records: parts.records.into_iter().map(doomed_of).collect(),
        results: parts.results,
    })
}

fn note_of(manifest: &Manifest) -> Result<Vec<u8>, PortError> {
    json(&NotedBatch::new(
        &manifest.batch,
        manifest.reason,
        manifest.at,
        (manifest.intent.chain, manifest.intent.number),
        manifest.records.iter().map(doomed_form).collect(),
        &manifest.results,
    ))
}

const OPEN: &str = "open";
const DONE: &str = "done";

impl Intents for Cloud {
    async fn note_intent(&self, manifest: &Manifest) -> Result<(), PortError> {
        self.put_note(&note_key(&manifest.controller, &manifest.batch, OPEN), note_of(manifest)?).await
    }

    async fn begin_intent(&self, manifest: &Manifest) -> Result<Option<Manifest>, PortError> {
        let (controller, batch) = (&manifest.controller, &manifest.batch);
        // What is done was open before, and may still be if closing it was cut short. Only an erasure's stays noted.
        if manifest.reason == DeletionReason::Erasure
            && let Some(note) = self.work_object(&note_key(controller, batch, DONE)).await?
        {
            return manifest_of(controller, &note).map(Some);
        }
        let key = note_key(controller, batch, OPEN);
        if self.put_unless_there(self.work_bucket()?, WORK, &key, "application/json", note_of(manifest)?).await? {
            return Ok(None);
        }
        match self.work_object(&key).await? {
            Some(note) => manifest_of(controller, &note).map(Some),
            // Whoever had begun it has closed it since: trying again finds how.
            None => Err(PortError::Conflict { what: NOTE }),
        }
    }

    async fn open_intents(&self, controller: &ControllerId) -> Result<Vec<Manifest>, PortError> {
        let (mut open, mut from) = (Vec::new(), None);
        loop {
            let page = self
                .s3()
                .list_objects_v2()
                .bucket(self.work_bucket()?)
                .prefix(format!("{OPEN}/v1/{controller}/"))
                .set_continuation_token(from)
                .send()
                .await
                .map_err(|error| unavailable(WORK, &error))?;
            for object in page.contents() {
                // Closed since the list was made.
                let Some(note) = self.work_object(object.key().unwrap_or_default()).await? else { continue };
                open.push(manifest_of(controller, &note)?);
            }
            from = page.next_continuation_token;
            if from.is_none() {
                return Ok(open);
            }
        }
    }

    async fn close_intent(&self, manifest: &Manifest) -> Result<(), PortError> {
        if manifest.reason == DeletionReason::Erasure && !manifest.results.is_empty() {
            self.put_note(&note_key(&manifest.controller, &manifest.batch, DONE), note_of(manifest)?).await?;
        }
        let deleted = self
            .s3()
            .delete_object()
            .bucket(self.work_bucket()?)
            .key(note_key(&manifest.controller, &manifest.batch, OPEN))
            .send()
            .await;
        deleted.map(drop).map_err(|error| unavailable(WORK, &error))
    }
}

impl Cloud {
    /// The last link of a chain, as this environment knows it or the bucket shows it: its number and hash.
    async fn head(&self, controller: &ControllerId, chain: u8) -> Result<(u64, Hash), PortError> {
        if let Some(head) = self.heads.get(controller, chain) {
            return Ok(head);
        }
        let Some(number) = self.newest(&chain_prefix(controller, chain)).await? else {
            return Ok((0, merkle::NOTHING));
        };
        let Some((_, hash)) = self.header(controller, Place { chain, number }).await? else {
            return Err(PortError::corrupt(LINK, "it was listed and is not there"));
        };
        self.heads.set(controller, chain, (number, hash));
        Ok((number, hash))
    }

    /// The number of the newest object under a prefix: names run backwards, so it is listed first.
    pub(crate) async fn newest(&self, prefix: &str) -> Result<Option<u64>, PortError> {
        let listed = self.s3().list_objects_v2().bucket(self.evidence_bucket()?).prefix(prefix).max_keys(1).send();
        let listed = listed.await.map_err(|error| unavailable(BUCKET, &error))?;
        let Some(key) = listed.contents().first().and_then(|object| object.key()) else { return Ok(None) };
        number_of(key).map(Some).ok_or_else(|| PortError::corrupt(BUCKET, "it holds an object of another name"))
    }

    /// The header of the link in that place, and its hash.
    async fn header(&self, controller: &ControllerId, place: Place) -> Result<Option<(Header, Hash)>, PortError> {
        self.header_object(controller, place).await?.map(|object| header_of(&object)).transpose()
    }

    /// The beginning of the link in that place, its header in it.
    async fn header_object(&self, controller: &ControllerId, place: Place) -> Result<Option<Vec<u8>>, PortError> {
        let key = link_key(controller, place.chain, place.number);
        let range = format!("bytes=0-{}", HEADER_BYTES_MAX - 1);
        self.read_object(self.evidence_bucket()?, BUCKET, &key, Some(range)).await
    }

    /// Writes an object of evidence unless one stands there. Answers whether it was written.
    pub(crate) async fn put_evidence(&self, key: &str, body: Vec<u8>) -> Result<bool, PortError> {
        self.put_unless_there(self.evidence_bucket()?, BUCKET, key, "application/jsonl", body).await
    }

    /// Writes an object unless one stands there. Answers whether it was written.
    async fn put_unless_there(
        &self,
        bucket: &str,
        what: &'static str,
        key: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<bool, PortError> {
        let put = self
            .s3()
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type)
            .checksum_sha256(checksum(&body))
            .if_none_match("*")
            .body(ByteStream::from(body))
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            // A conflict is another conditional write under way: whoever comes again sees how it ended.
            Err(error) if matches!(code(&error), Some("PreconditionFailed" | "ConditionalRequestConflict")) => {
                Ok(false)
            }
            Err(error) => Err(unavailable(what, &error)),
        }
    }

    async fn put_note(&self, key: &str, body: Vec<u8>) -> Result<(), PortError> {
        let put = self
            .s3()
            .put_object()
            .bucket(self.work_bucket()?)
            .key(key)
            .content_type("application/json")
            .body(ByteStream::from(body))
            .send()
            .await;
        put.map(drop).map_err(|error| unavailable(WORK, &error))
    }

    async fn work_object(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.read_object(self.work_bucket()?, WORK, key, None).await
    }

    /// Reads an object, or the range of it; `None` if there is none.
    pub(crate) async fn read_object(
        &self,
        bucket: &str,
        what: &'static str,
        key: &str,
        range: Option<String>,
    ) -> Result<Option<Vec<u8>>, PortError> {
        let got = self.s3().get_object().bucket(bucket).key(key).set_range(range).send().await;
        match got {
            Ok(object) => {
                let body = object.body.collect().await;
                let body = body.map_err(|error| PortError::unavailable(what, error))?;
                Ok(Some(body.to_vec()))
            }
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                _ => Err(unavailable(what, &error)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::evidence::DeletionResult;

    use super::*;

    #[test]
    fn a_link_is_covered_by_its_headers_hash() {
        let controller = ControllerId::parse("rfa").unwrap();
        let link = Link {
            batch: BatchId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
            at: "2026-01-02T03:04:05.678912Z".parse().unwrap(),
            content: Content::Result {
                reason: DeletionReason::Retention,
                intent: Place { chain: 3, number: 6 },
                results: vec![([1; 32], DeletionResult::Deleted), ([2; 32], DeletionResult::Held)],
            },
        };
        let (object, hash) = object_of(&controller, Place { chain: 3, number: 7 }, &[9; 32], &link).unwrap();
        let (header, of_header) = header_of(&object).unwrap();
        assert_eq!(hash, of_header);
        assert_eq!((header.number, header.intent, header.leaves), (7, Some(6), 2));
        assert_eq!(header.previous, "09".repeat(32));
        assert_eq!(header.at, "2026-01-02T03:04:05.678Z");
        let lines: Vec<&[u8]> = object.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 4, "a header, two leaves, and the last line's end");
        assert_eq!(merkle::hex(&root_of(lines[1..3].iter().copied())), header.root);
        assert_eq!(
            std::str::from_utf8(lines[1]).unwrap(),
            format!(r#"{{"commitment":"{}","result":"deleted"}}"#, "01".repeat(32))
        );
        assert!(lines[0].len() < HEADER_BYTES_MAX);
    }

    #[test]
    fn a_head_never_moves_back() {
        let (heads, controller) = (Heads::default(), ControllerId::parse("rfa").unwrap());
        heads.set(&controller, 1, (5, [5; 32]));
        heads.set(&controller, 1, (4, [4; 32]));
        assert_eq!(heads.get(&controller, 1), Some((5, [5; 32])));
        assert_eq!(heads.get(&controller, 2), None);
    }
}
