//! The ledger of consents.

use app::{
    capture_consent::ConsentLedger,
    error::{Appended, PortError},
};
use domain::{
    consent::ConsentEvent,
    ids::{ControllerId, SubjectRef},
};
use wire::stored::consent::Consent;

use super::{
    Item, Sorts, form_of, item_of, key_of,
    keys::{CONSENTS, ItemKey, subject_partition},
    unreadable,
};
use crate::Cloud;

const WHAT: &str = "a consent";

pub(super) fn event_of(item: Item) -> Result<ConsentEvent, PortError> {
    let ItemKey::Consent(_, subject, capture) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<Consent>(WHAT, item)?.into_event(subject, capture).map_err(unreadable(WHAT))
}

impl ConsentLedger for Cloud {
    async fn append_consent(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let key = ItemKey::Consent(controller.clone(), event.subject.clone(), event.id.clone());
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
