//! Evidence as it lies in its bucket, for whoever draws a certificate from it.

use app::{certificate::EvidenceFiles, chain::Place, error::PortError};
use domain::ids::ControllerId;
use futures_util::future::join_all;
use wire::evidence::{checkpoint_key, checkpoint_prefix, link_key};

use super::BUCKET;
use crate::Cloud;

impl EvidenceFiles for Cloud {
    async fn link_file(&self, controller: &ControllerId, place: Place) -> Result<Option<Vec<u8>>, PortError> {
        let key = link_key(controller, place.chain, place.number);
        self.read_object(self.evidence_bucket()?, BUCKET, &key, None).await
    }

    async fn header_lines(
        &self,
        controller: &ControllerId,
        from: Place,
        count: u64,
    ) -> Result<Vec<Vec<u8>>, PortError> {
        let lines = (from.number..from.number.saturating_add(count)).map(|number| async move {
            let object = self.header_object(controller, Place { number, ..from }).await?;
            Ok(object.map(|mut object| {
                object.truncate(object.iter().position(|byte| *byte == b'\n').unwrap_or(object.len()));
                object
            }))
        });
        // What was written between two reads may stand behind a gap of this answer; the chain itself has none.
        let lines: Result<Vec<_>, PortError> = join_all(lines).await.into_iter().collect();
        Ok(lines?.into_iter().map_while(|line| line).collect())
    }

    async fn checkpoint_file(&self, controller: &ControllerId, number: u64) -> Result<Option<Vec<u8>>, PortError> {
        let key = checkpoint_key(controller, number);
        self.read_object(self.evidence_bucket()?, BUCKET, &key, None).await
    }

    async fn last_checkpoint(&self, controller: &ControllerId) -> Result<Option<u64>, PortError> {
        self.newest(&checkpoint_prefix(controller)).await
    }
}
