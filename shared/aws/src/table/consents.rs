//! The ledger of consents.

use app::{
    capture_consent::ConsentLedger,
    error::{Appended, PortError},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    consent::ConsentEvent,
    ids::{CaptureId, ControllerId, SubjectRef},
    sensitive::Sensitive,
};
use wire::stored::{Bytes, consent::Consent};

use super::{
    Item, Sorts, Update, Updated, form_of, item_of, key_of,
    keys::{CONSENTS, ItemKey, subject_partition},
    requests, unreadable,
};
use crate::{Cloud, keys::FieldKey};

const WHAT: &str = "a consent";

fn event_of(item: Item) -> Result<ConsentEvent, PortError> {
    let ItemKey::Consent(_, subject, capture) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<Consent>(WHAT, item)?.into_event(subject, capture).map_err(unreadable(WHAT))
}

/// The address that a capture was given along with, for one mail: sealed under the subject's key in the
/// capture's own item, under an attribute that says whose address it is.
impl Cloud {
    pub(super) async fn append_sealed(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        address: &Sensitive<String>,
        confide: impl Fn(&mut Consent, Bytes),
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let key = consent_key(controller, &event.subject, &event.id);
        let write = async |field_key: &FieldKey| {
            let mut form = Consent::from(event);
            // Disclosed to the seal only.
            confide(&mut form, Bytes(field_key.seal(&key, address.disclose().as_bytes())?));
            self.put_new_under(field_key, item_of(&key, &form)?).await
        };
        match self.write_under(controller, &event.subject, event.at, write).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => event_of(item).map(Appended::Existing),
        }
    }

    pub(super) async fn confided_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        attribute: &str,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let key = consent_key(controller, subject, capture);
        let Some(mut item) = self.get(&key).await? else { return Ok(None) };
        let Some(sealed) = item.remove(attribute) else { return Ok(None) };
        let sealed = sealed.as_b().map_err(|_| PortError::corrupt(WHAT, "its address is not sealed"))?;
        self.open(controller, subject, &key, sealed.as_ref()).await?.map(requests::words_of).transpose()
    }

    pub(super) async fn forget_confided(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        attribute: &str,
    ) -> Result<(), PortError> {
        let key = consent_key(controller, subject, capture);
        let update = Update::default().remove(attribute);
        match self.update(&key, update, "attribute_exists(pk)", ReturnValue::None).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(PortError::corrupt(WHAT, "it is not stored")),
        }
    }
}

fn consent_key(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId) -> ItemKey {
    ItemKey::Consent(controller.clone(), subject.clone(), capture.clone())
}

impl ConsentLedger for Cloud {
    async fn append_consent(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let key = consent_key(controller, &event.subject, &event.id);
        match self.put_new(item_of(&key, &Consent::from(event))?).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => event_of(item).map(Appended::Existing),
        }
    }

    async fn consents(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<ConsentEvent>, PortError> {
        let items = self.query(subject_partition(controller, subject), Sorts::Under(CONSENTS.to_owned())).await?;
        items.into_iter().map(event_of).collect()
    }
}
