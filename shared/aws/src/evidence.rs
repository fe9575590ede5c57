//! Evidence: manifests in a bucket with Object Lock, and the intents that are still open.

use std::collections::BTreeMap;

use app::{
    destruction::{Doomed, EvidenceStore, Manifest},
    error::PortError,
};
use aws_sdk_s3::primitives::ByteStream;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{
    evidence::leaf,
    ids::{BatchId, ControllerId},
};
use jiff::{Timestamp, tz::TimeZone};
use ring::digest;
use wire::stored::{
    VERSION,
    deletion::Intent,
    manifest::{Leaf, Manifest as ManifestForm},
    millis,
};

use crate::{
    Cloud,
    failure::{code, unavailable},
    table::{
        Sorts, doomed_form, doomed_of, form_of, item_of, key_of,
        keys::{INTENTS, ItemKey, controller_partition},
        text, unreadable,
    },
};

const BUCKET: &str = "the evidence bucket";

/// Which object of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidencePart {
    /// What was about to be deleted.
    Intent,
    /// What became of it.
    Result,
}

impl EvidencePart {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Result => "result",
        }
    }
}

/// The key of a batch's object: the batch's time gives the day, in UTC.
pub fn evidence_key(controller: &ControllerId, batch: &BatchId, at: Timestamp, part: EvidencePart) -> String {
    let day = at.to_zoned(TimeZone::UTC).date();
    format!("evidence/v1/{controller}/{day}/{batch}.{}.json", part.as_str())
}

/// A manifest as it is written: RFC 3339 to the millisecond, which is the grain of a leaf.
pub fn manifest_form(manifest: &Manifest) -> ManifestForm {
    let mut totals = BTreeMap::new();
    for result in &manifest.results {
        *totals.entry(result.as_str().to_owned()).or_default() += 1;
    }
    let records = manifest.records.iter().enumerate().map(|(position, doomed)| {
        let result = manifest.results.get(position).map(|result| result.as_str().to_owned());
        leaf_form(&manifest.controller, doomed, result)
    });
    ManifestForm {
        v: VERSION,
        batch: manifest.batch.to_string(),
        controller: manifest.controller.to_string(),
        reason: manifest.reason.as_str().to_owned(),
        at: rfc3339(manifest.at),
        totals,
        records: records.collect(),
    }
}

fn leaf_form(controller: &ControllerId, doomed: &Doomed, result: Option<String>) -> Leaf {
    let key = ItemKey::Record(controller.clone(), doomed.subject.clone(), doomed.record.clone());
    Leaf {
        leaf: leaf(&doomed.salt, &key.pk(), &key.sk(), doomed.due_at),
        category: doomed.category.to_string(),
        purpose: doomed.purpose.to_string(),
        clause: doomed.clause.to_string(),
        system: doomed.system.as_str().to_owned(),
        due_at: doomed.due_at.map(rfc3339),
        result,
    }
}

fn rfc3339(at: Timestamp) -> String {
    Timestamp::from_millisecond(millis(at)).unwrap_or(at).to_string()
}

impl EvidenceStore for Cloud {
    async fn intend(&self, manifest: &Manifest) -> Result<bool, PortError> {
        let is_first = self.put_evidence(manifest, EvidencePart::Intent).await?;
        let key = ItemKey::Intent(manifest.controller.clone(), manifest.batch.clone());
        let form = Intent::new(manifest.reason, manifest.at, manifest.records.iter().map(doomed_form).collect());
        self.put_new(item_of(&key, &form)?).await?;
        Ok(!is_first)
    }

    async fn certify(&self, manifest: &Manifest) -> Result<(), PortError> {
        self.put_evidence(manifest, EvidencePart::Result).await?;
        let key = ItemKey::Intent(manifest.controller.clone(), manifest.batch.clone());
        let deleted = self
            .dynamodb()
            .delete_item()
            .table_name(self.table()?)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .send()
            .await;
        deleted.map(drop).map_err(|error| unavailable("the table", &error))
    }

    async fn open_intents(&self, controller: &ControllerId) -> Result<Vec<Manifest>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(INTENTS.to_owned())).await?;
        let manifest_of = |item| {
            let ItemKey::Intent(controller, batch) = key_of(&item)? else {
                return Err(PortError::corrupt("an intent", "its key is of something else"));
            };
            let form: Intent = form_of("an intent", item)?;
            let (reason, at, doomed) = form.into_parts().map_err(unreadable("an intent"))?;
            let records = doomed.into_iter().map(doomed_of).collect();
            Ok(Manifest { batch, controller, reason, at, records, results: Vec::new() })
        };
        items.into_iter().map(manifest_of).collect()
    }
}

impl Cloud {
    /// Writes one object of a batch. The first one stands: what a retry finds is no evidence of what
    /// the first attempt did. Answers whether this was it.
    async fn put_evidence(&self, manifest: &Manifest, part: EvidencePart) -> Result<bool, PortError> {
        let key = evidence_key(&manifest.controller, &manifest.batch, manifest.at, part);
        let body = serde_json::to_vec(&manifest_form(manifest))
            .map_err(|_| PortError::corrupt("a manifest", "it cannot be written"))?;
        let checksum = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, &body));
        let put = self
            .s3()
            .put_object()
            .bucket(self.evidence_bucket()?)
            .key(key)
            .content_type("application/json")
            .checksum_sha256(checksum)
            .if_none_match("*")
            .body(ByteStream::from(body))
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(unavailable(BUCKET, &error)),
        }
    }
}
