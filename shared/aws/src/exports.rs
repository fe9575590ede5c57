//! The bucket of exports.

use std::time::Duration;

use app::{
    error::PortError,
    export::{Exports, SubjectFile, csv_of},
    requests::{Downloads, RequestKey},
};
use aws_sdk_s3::{presigning::PresigningConfig, primitives::ByteStream};
use domain::policy::Policy;

use crate::{Cloud, evidence::checksum, failure::unavailable};

mod form;

const EXPORTS: &str = "the exports bucket";

/// How long the address of an export works. The page that hands it out is asked again after that.
const PRESIGNED: Duration = Duration::from_secs(5 * 60);

impl Exports for Cloud {
    async fn store_export(&self, policy: &Policy, key: &RequestKey, file: &SubjectFile) -> Result<String, PortError> {
        let object = format!("exports/v1/{}/{}.json", key.controller, key.request);
        let export = form::export_of(policy, key, file);
        let json =
            serde_json::to_vec_pretty(&export).map_err(|_| PortError::corrupt("an export", "it cannot be written"))?;
        let csv = export.to_csv().into_bytes();
        self.put_export(&csv_of(&object), "text/csv; charset=utf-8", "your-data.csv", csv).await?;
        // Last, since the answer names it: whoever is sent to it finds both.
        self.put_export(&object, "application/json", "your-data.json", json).await?;
        Ok(object)
    }

    async fn drop_export(&self, object: &str) -> Result<(), PortError> {
        for key in [csv_of(object).as_str(), object] {
            let deleted = self.s3().delete_object().bucket(self.exports_bucket()?).key(key).send().await;
            deleted.map_err(|error| unavailable(EXPORTS, &error))?;
        }
        Ok(())
    }
}

impl Downloads for Cloud {
    async fn presign_export(&self, object: &str) -> Result<String, PortError> {
        // Signed with this function's credentials: no call is made.
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
}

impl Cloud {
    async fn put_export(&self, object: &str, content_type: &str, file: &str, body: Vec<u8>) -> Result<(), PortError> {
        let put = self
            .s3()
            .put_object()
            .bucket(self.exports_bucket()?)
            .key(object)
            .content_type(content_type)
            .content_disposition(format!("attachment; filename=\"{file}\""))
            .cache_control("no-store")
            .checksum_sha256(checksum(&body))
            .body(ByteStream::from(body))
            .send()
            .await;
        put.map(|_| ()).map_err(|error| unavailable(EXPORTS, &error))
    }
}
