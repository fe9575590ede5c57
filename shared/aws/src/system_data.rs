//! What systems hand over, in a bucket of its own until the answer is drawn up: sealed under the subject's
//! key, so that it is gone with that key wherever a copy may lie.

use app::{error::PortError, requests::RequestKey, systems::SystemData};
use aws_sdk_s3::primitives::ByteStream;
use domain::{ids::SystemId, sensitive::Sensitive};
use jiff::Timestamp;

use crate::{
    Cloud,
    evidence::checksum,
    failure::unavailable,
    keys::{FieldKey, object_place},
    table::Written,
};

const WHAT: &str = "what a system handed over";

/// Where these objects lie.
const FOLDER: &str = "systems/v1";

impl SystemData for Cloud {
    async fn keep_data(
        &self,
        key: &RequestKey,
        system: &SystemId,
        data: &Sensitive<String>,
        at: Timestamp,
    ) -> Result<String, PortError> {
        let object = format!("{FOLDER}/{}/{}/{system}", key.controller, key.request);
        // Disclosed to the seal.
        let plain = data.disclose().as_bytes();
        let write = async |field_key: &FieldKey| {
            let sealed = field_key.seal_in(&object_place(&object), plain)?;
            let put = self
                .s3()
                .put_object()
                .bucket(self.system_data_bucket()?)
                .key(&object)
                .content_type("application/octet-stream")
                .checksum_sha256(checksum(&sealed))
                .body(ByteStream::from(sealed))
                .send()
                .await;
            put.map_err(|error| unavailable(WHAT, &error))?;
            // S3 checks no key of another service: what came too late is taken away again.
            if self.is_standing(field_key).await? {
                return Ok(Written::Decided(()));
            }
            self.drop_data(&object).await?;
            Ok(Written::KeyGone)
        };
        self.write_under(&key.controller, &key.subject, at, write).await?;
        Ok(object)
    }

    async fn system_data(&self, key: &RequestKey, object: &str) -> Result<Option<Sensitive<String>>, PortError> {
        let Some(sealed) = self.read_object(self.system_data_bucket()?, WHAT, object, None).await? else {
            return Ok(None);
        };
        let Some(plain) = self.open_object(&key.controller, &key.subject, object, &sealed).await? else {
            return Ok(None);
        };
        let text = String::from_utf8(plain).map_err(|_| PortError::corrupt(WHAT, "it is no text"))?;
        Ok(Some(Sensitive::new(text)))
    }

    async fn drop_data(&self, object: &str) -> Result<(), PortError> {
        let deleted = self.s3().delete_object().bucket(self.system_data_bucket()?).key(object).send().await;
        deleted.map(drop).map_err(|error| unavailable(WHAT, &error))
    }
}
