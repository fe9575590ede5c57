//! The buckets of exports and of records.

use std::time::Duration;

use app::{
    error::PortError,
    fulfil_request::{Exports, SubjectFile},
    records::Content,
    requests::{Downloads, RequestKey},
};
use aws_sdk_s3::{
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{Delete, ObjectIdentifier},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{consent::GuardianPart, ids::Field, policy::Policy, record::Record};
use ring::digest;
use wire::stored::{
    VERSION,
    export::{Export, ExportedConsent, ExportedIdentifier, ExportedRecord, ExportedRequest},
};

use crate::{Cloud, failure::unavailable};

const EXPORTS: &str = "the exports bucket";
const RECORDS: &str = "the records bucket";

/// How long the address of an export works. The page that hands it out is asked again after that.
const PRESIGNED: Duration = Duration::from_secs(5 * 60);

/// How often a listing of an object's versions is repeated, 1,000 versions each.
const LISTINGS_MAX: usize = 1_000;

impl Exports for Cloud {
    async fn store_export(&self, policy: &Policy, key: &RequestKey, file: &SubjectFile) -> Result<String, PortError> {
        let object = format!("exports/v1/{}/{}.json", key.controller, key.request);
        let body = serde_json::to_vec_pretty(&export_of(policy, key, file))
            .map_err(|_| PortError::corrupt("an export", "it cannot be written"))?;
        let checksum = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, &body));
        let put = self
            .s3()
            .put_object()
            .bucket(self.exports_bucket()?)
            .key(&object)
            .content_type("application/json")
            .content_disposition("attachment; filename=\"your-data.json\"")
            .cache_control("no-store")
            .checksum_sha256(checksum)
            .body(ByteStream::from(body))
            .send()
            .await;
        put.map(|_| object).map_err(|error| unavailable(EXPORTS, &error))
    }
}

fn export_of(policy: &Policy, key: &RequestKey, file: &SubjectFile) -> Export {
    Export {
        v: VERSION,
        controller: policy.name.clone(),
        contact: policy.contact_mail.clone(),
        drawn_up_at: file.at.to_string(),
        request: key.request.to_string(),
        consents: file
            .consents
            .iter()
            .map(|event| ExportedConsent {
                at: event.at.to_string(),
                choices: event
                    .choices
                    .iter()
                    .map(|(purpose, choice)| (purpose.to_string(), choice.as_str().to_owned()))
                    .collect(),
                notice_version: event.notice_version.clone(),
                language: event.language.clone(),
                method: event.method.clone(),
                guardian: event.guardian.as_ref().map(|part| {
                    match part {
                        GuardianPart::Awaited { .. } => "awaited",
                        GuardianPart::Agreed { .. } => "agreed",
                    }
                    .to_owned()
                }),
            })
            .collect(),
        requests: file
            .requests
            .iter()
            .map(|(request, state)| ExportedRequest {
                request: request.to_string(),
                asked_for: state.received.request.as_str().to_owned(),
                received_at: state.received.at.to_string(),
                due_at: state.received.due_at.to_string(),
                status: state.status().as_str().to_owned(),
                outcome: state.decided.as_ref().map(|(_, outcome)| outcome.as_str().to_owned()),
            })
            .collect(),
        records: file.records.iter().map(|(record, content)| exported(policy, record, content.as_ref())).collect(),
    }
}

fn exported(policy: &Policy, record: &Record, content: Option<&Content>) -> ExportedRecord {
    let purpose = policy.purposes.get(&record.purpose);
    let category = policy.categories.get(&record.category);
    let is_withheld = |field: &Field| category.is_some_and(|category| category.withheld.contains(field));
    let fields = || content.into_iter().flat_map(|content| &content.fields);
    // Disclosed to the person it is about.
    ExportedRecord {
        category: record.category.to_string(),
        purpose: record.purpose.to_string(),
        purpose_title: purpose.map(|purpose| purpose.title.clone()),
        lawful_basis: purpose.map(|purpose| purpose.basis.as_str().to_owned()),
        system: record.system.as_str().to_owned(),
        created_at: record.clock.created_at.to_string(),
        kept_until: record.due_at.map(|at| at.to_string()),
        clause: record.clause.to_string(),
        held: record.is_held(),
        identifier: content.and_then(|content| content.identifier.as_ref()).map(|identifier| ExportedIdentifier {
            kind: identifier.kind().as_str().to_owned(),
            value: identifier.value().disclose().clone(),
        }),
        locator: content.map(|content| content.locator.disclose().clone()),
        fields: fields()
            .filter(|(field, _)| !is_withheld(field))
            .map(|(field, value)| (field.to_string(), value.disclose().clone()))
            .collect(),
        withheld: fields()
            .map(|(field, _)| field)
            .filter(|field| is_withheld(field))
            .map(ToString::to_string)
            .collect(),
    }
}

impl Downloads for Cloud {
    async fn presign_export(&self, object: &str) -> Result<String, PortError> {
        Self::presign_export(self, object).await
    }
}

impl Cloud {
    /// The address of an export, for five minutes. It is signed with this function's credentials;
    /// no call is made.
    ///
    /// # Errors
    /// [`PortError`] if the bucket is not configured or nothing can be signed.
    pub async fn presign_export(&self, object: &str) -> Result<String, PortError> {
        let config = PresigningConfig::expires_in(PRESIGNED).map_err(|error| PortError::unavailable(EXPORTS, error))?;
        let request = self
            .s3()
            .get_object()
            .bucket(self.exports_bucket()?)
            .key(object)
            .presigned(config)
            .await
            .map_err(|error| unavailable(EXPORTS, &error))?;
        Ok(request.uri().to_owned())
    }

    /// Deletes an object of the records bucket with all its versions and delete markers; answers
    /// whether none is left.
    pub(crate) async fn delete_versions(&self, key: &str) -> Result<bool, PortError> {
        let bucket = self.records_bucket()?;
        for _ in 0..LISTINGS_MAX {
            // The key itself sorts before all that only start like it, so the first page shows it.
            let page = self
                .s3()
                .list_object_versions()
                .bucket(bucket)
                .prefix(key)
                .send()
                .await
                .map_err(|error| unavailable(RECORDS, &error))?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let mut objects = Vec::new();
            for (_, version) in versions.chain(markers).filter(|(name, _)| *name == Some(key)) {
                let object = ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build();
                objects.push(object.map_err(|_| PortError::corrupt(RECORDS, "a version has no name"))?);
            }
            if objects.is_empty() {
                return Ok(true);
            }
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
            let delete = delete.map_err(|_| PortError::corrupt(RECORDS, "a deletion cannot be written"))?;
            let deleted = self
                .s3()
                .delete_objects()
                .bucket(bucket)
                .delete(delete)
                .send()
                .await
                .map_err(|error| unavailable(RECORDS, &error))?;
            if !deleted.errors().is_empty() {
                return Ok(false);
            }
        }
        Ok(false)
    }
}
