//! Attestations, and the deadline of each statement's latest one.

use app::{
    attest::Attestations,
    error::{Appended, PortError},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{attestation::Attestation, ids::ControllerId};
use wire::stored::{
    VERSION,
    attestation::{Attestation as AttestationForm, Attested as AttestedForm},
};

use super::{
    Item, Sorts, Update, form_of, item_of, key_of,
    keys::{ATTESTATIONS, ItemKey, clock_shard_of, controller_partition},
    number, text, time, unreadable,
};
use crate::Cloud;

const WHAT: &str = "an attestation";

fn attestation_of(item: Item) -> Result<Attestation, PortError> {
    let ItemKey::Attestation(_, id, attested_on) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<AttestationForm>(WHAT, item)?.into_attestation(id, attested_on).map_err(unreadable(WHAT))
}

impl Cloud {
    /// Moves the deadline of a statement on to the end of an attestation; an end that lies before
    /// the one that stands moves nothing.
    async fn watch_attestation(&self, controller: &ControllerId, attestation: &Attestation) -> Result<(), PortError> {
        let form = AttestedForm::new(attestation.valid_until);
        let update = Update::default()
            .set("v", number(VERSION))
            .set("kind", text(form.kind.as_str()))
            .set("ends_at", number(form.ends_at))
            .set("due_shard", text(clock_shard_of(attestation.id.as_str())))
            .set("due_at", time(attestation.valid_until));
        let key = ItemKey::Attested(controller.clone(), attestation.id.clone());
        let condition = "attribute_not_exists(pk) OR #ends_at < :ends_at";
        self.update(&key, update, condition, ReturnValue::None).await.map(drop)
    }
}

impl Attestations for Cloud {
    async fn record_attestation(
        &self,
        controller: &ControllerId,
        attestation: &Attestation,
    ) -> Result<Appended<Attestation>, PortError> {
        let key = ItemKey::Attestation(controller.clone(), attestation.id.clone(), attestation.attested_on);
        let appended = match self.put_new(item_of(&key, &AttestationForm::from(attestation))?).await? {
            Appended::Fresh => Appended::Fresh,
            Appended::Existing(item) => Appended::Existing(attestation_of(item)?),
        };
        // After the record, and again on a retry: a crash in between warns early, never late.
        let standing = match &appended {
            Appended::Fresh => attestation,
            Appended::Existing(first) => first,
        };
        self.watch_attestation(controller, standing).await?;
        Ok(appended)
    }

    async fn attestations(&self, controller: &ControllerId) -> Result<Vec<Attestation>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(ATTESTATIONS.to_owned())).await?;
        items.into_iter().map(attestation_of).collect()
    }
}
