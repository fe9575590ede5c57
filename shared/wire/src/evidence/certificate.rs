//! A person's own certificate of an erasure: what was erased, and the part of the evidence that shows it.
//!
//! It holds everything that a check needs, so that it can be made offline, years later, by anybody to whom the person
//! hands it: the salts that open the commitments, the leaves with their inclusion proofs, the headers of the links up
//! to a checkpoint, and the checkpoint with its signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    evidence::{commitment, leaf_place, merkle},
    ids::{ControllerId, RecordId, RequestId, SubjectRef},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Header, IntentLeaf, LinkKind, ResultLeaf,
    proof::{Lines, Place, ProvenLeaf, Way, checkpoint_lines, salt_of, text},
    read::{self, Wrong},
    trust::Trust,
    verify::Fault,
};

/// The version of the form.
pub const CERTIFICATE_VERSION: u8 = 1;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`CERTIFICATE_VERSION`].
    pub v: u8,
    /// Who erased.
    pub controller: String,
    /// By which request.
    pub request: String,
    /// Whose data: the keyed hash that commitments are made with.
    pub subject: String,
    /// What was erased together.
    pub batches: Vec<CertifiedBatch>,
}

/// What was erased together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedBatch {
    /// The header of the link that said what is about to be erased.
    pub intent: String,
    /// The header of the link that said what became of it.
    pub result: String,
    /// The headers from the intent's to the one that the checkpoint names, both with them; empty without a checkpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// The first checkpoint that covers the result: its two lines. Without it nothing here is signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<[String; 2]>,
    /// Each record.
    pub items: Vec<CertifiedItem>,
}

/// A record that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedItem {
    /// The record's identifier.
    pub record: String,
    /// When its time would have been up, in milliseconds since 1970; part of the commitment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    /// What its commitment is salted with: 16 bytes in base64.
    pub salt: String,
    /// Its place in both links, from 0.
    pub position: usize,
    /// Its line in the intent.
    pub intent: ProvenLeaf,
    /// Its line in the result.
    pub result: ProvenLeaf,
}

/// What is known of a record that was erased, beside what the evidence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedRecord {
    /// Which.
    pub record: RecordId,
    /// When its time would have been up.
    pub due_at: Option<Timestamp>,
    /// What its commitment is salted with.
    pub salt: [u8; 16],
}

impl CertifiedBatch {
    /// Draws a certificate from the files of an intent and its result, for those of the records that stand in them.
    ///
    /// # Errors
    /// [`Wrong`] if a file is no link; the evidence is broken then.
    pub fn draw(
        controller: &ControllerId,
        subject: &SubjectRef,
        (intent_file, result_file): (&[u8], &[u8]),
        records: &[ErasedRecord],
    ) -> Result<Self, Wrong> {
        let (intent, result) = (Lines::of(intent_file)?, Lines::of(result_file)?);
        let read = read::link(intent_file)?;
        let commitments = read.leaves.commitments();
        let mut items = Vec::new();
        for record in records {
            let own = commitment(&record.salt, controller, subject, &record.record, record.due_at);
            let own = merkle::hex(&own);
            let Some(position) = commitments.iter().position(|commitment| *commitment == own) else { continue };
            let (Some(intent), Some(result)) = (intent.prove(position), result.prove(position)) else { continue };
            items.push(CertifiedItem {
                record: record.record.to_string(),
                due_at: record.due_at.map(Timestamp::as_millisecond),
                salt: STANDARD.encode(record.salt),
                position,
                intent,
                result,
            });
        }
        Ok(Self { intent: text(intent.header), result: text(result.header), path: Vec::new(), checkpoint: None, items })
    }

    /// Adds the checkpoint that covers it, with the headers that lead there.
    ///
    /// # Errors
    /// [`Wrong`] if the file is no checkpoint.
    #[must_use = "the batch is handed back"]
    pub fn covered_by(mut self, path: Vec<String>, checkpoint_file: &[u8]) -> Result<Self, Wrong> {
        self.checkpoint = Some(checkpoint_lines(checkpoint_file)?);
        self.path = path;
        Ok(self)
    }
}

/// What a certificate shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certified {
    /// Who erased.
    pub controller: String,
    /// By which request.
    pub request: String,
    /// Whether all of it is covered by checkpoints that keys of a trust file signed; else it is consistent in itself.
    pub is_trusted: bool,
    /// How many records it is about.
    pub records: usize,
    /// Each of them.
    pub items: Vec<CertifiedRecord>,
}

/// A record of a certificate, in the words of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertifiedRecord {
    /// Where its leaf stands.
    pub evidence: String,
    /// What it was.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// By which clause it was kept.
    pub clause: String,
    /// Where it was.
    pub system: String,
    /// What became of it.
    pub result: String,
    /// When it was erased.
    pub at: String,
    /// What stands for it in the evidence.
    pub commitment: String,
    /// The checkpoint that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
}

/// Verifies a certificate. Places are named by where they stand in it, as `/batches/0/items/1`.
///
/// # Errors
/// [`Fault`] names the first place at which something else was expected.
pub fn verify_certificate(bytes: &[u8], trust: Option<&Trust>) -> Result<Certified, Fault> {
    let place = Place(String::new());
    let certificate: Certificate = place.at(read::line(bytes, 0, "a certificate"))?;
    let v = certificate.v;
    place.member("v").expect(v == CERTIFICATE_VERSION, format_args!("version {CERTIFICATE_VERSION}"))?;
    let controller = place.controller(&certificate.controller, trust)?;
    let subject = SubjectRef::parse(&certificate.subject);
    let subject = subject.map_err(|_| place.member("subject").wrong("a subject's keyed hash"))?;
    let request = RequestId::parse(&certificate.request);
    request.map_err(|_| place.member("request").wrong("a request's number"))?;
    let (mut items, mut is_trusted) = (Vec::new(), trust.is_some() && !certificate.batches.is_empty());
    for (number, batch) in certificate.batches.iter().enumerate() {
        let place = place.member("batches").member(number);
        items.extend(verify_batch(&place, (&controller, &subject), batch, trust)?);
        is_trusted &= batch.checkpoint.is_some();
    }
    Ok(Certified {
        controller: certificate.controller,
        request: certificate.request,
        is_trusted,
        records: items.len(),
        items,
    })
}

fn verify_batch(
    place: &Place,
    (controller, subject): (&ControllerId, &SubjectRef),
    batch: &CertifiedBatch,
    trust: Option<&Trust>,
) -> Result<Vec<CertifiedRecord>, Fault> {
    let (intent_place, result_place) = (place.member("intent"), place.member("result"));
    let (intent, _) = intent_place.at(read::header(batch.intent.as_bytes()))?;
    let (result, _) = result_place.at(read::header(batch.result.as_bytes()))?;
    for (place, header) in [(&intent_place, &intent), (&result_place, &result)] {
        place.expect(header.controller == controller.as_str(), "a link of the same controller")?;
    }
    intent_place.expect(intent.kind == LinkKind::Intent, "an intent")?;
    result_place.expect(result.kind == LinkKind::Result, "a result")?;
    let is_of_it = result.chain == intent.chain
        && result.number > intent.number
        && result.batch == intent.batch
        && result.reason == intent.reason
        && result.leaves == intent.leaves;
    result_place.expect(is_of_it, "the result of that intent")?;
    let way = Way {
        path: &batch.path,
        checkpoint: batch.checkpoint.as_ref(),
        first: ("the intent", &batch.intent),
        last: ("the result", &batch.result),
    };
    let checkpoint = way.verify(place, &intent, trust)?;
    let items = batch.items.iter().enumerate().map(|(number, item)| {
        let place = place.member("items").member(number);
        verify_item(&place, (controller, subject), item, (&intent, &result), checkpoint)
    });
    items.collect()
}

fn verify_item(
    place: &Place,
    (controller, subject): (&ControllerId, &SubjectRef),
    item: &CertifiedItem,
    (intent, result): (&Header, &Header),
    checkpoint: Option<u64>,
) -> Result<CertifiedRecord, Fault> {
    let record = RecordId::parse(&item.record).map_err(|_| place.member("record").wrong("a record's identifier"))?;
    let salt = salt_of(&item.salt, place)?;
    let due_at = item.due_at.map(Timestamp::from_millisecond).transpose();
    let due_at = due_at.map_err(|_| place.member("due_at").wrong("a time in milliseconds"))?;
    let own = merkle::hex(&commitment(&salt, controller, subject, &record, due_at));
    let intended: IntentLeaf = item.intent.read(&place.member("intent"), item.position, intent)?;
    let became: ResultLeaf = item.result.read(&place.member("result"), item.position, result)?;
    let is_own = intended.commitment == own;
    place.member("intent").expect(is_own, format_args!("{own}, which salt, subject, record and time come to"))?;
    place.member("result").expect(became.commitment == own, format_args!("the same commitment: {own}"))?;
    Ok(CertifiedRecord {
        evidence: leaf_place(intent.chain, intent.number, item.position),
        category: intended.category,
        purpose: intended.purpose,
        clause: intended.clause,
        system: intended.system,
        result: became.result,
        at: result.at.clone(),
        commitment: own,
        checkpoint,
    })
}
