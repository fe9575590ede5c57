//! Legal holds.

use app::{
    error::{Appended, PortError},
    holds::HoldStore,
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    ids::{ControllerId, HoldId, SubjectRef},
    record::SubjectHold,
};
use jiff::Timestamp;
use wire::stored::hold::Hold;

use super::{
    Item, Sorts, Update, Updated, form_of, item_of, key_of,
    keys::{HOLDS, ItemKey, subject_partition},
    text, time, unreadable,
};
use crate::Cloud;

const WHAT: &str = "a hold";

fn hold_of(item: Item) -> Result<SubjectHold, PortError> {
    let ItemKey::Hold(_, subject, hold) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<Hold>(WHAT, item)?.into_hold(subject, hold).map_err(unreadable(WHAT))
}

impl HoldStore for Cloud {
    async fn place_hold(
        &self,
        controller: &ControllerId,
        hold: &SubjectHold,
    ) -> Result<Appended<SubjectHold>, PortError> {
        let key = ItemKey::Hold(controller.clone(), hold.subject.clone(), hold.id.clone());
        match self.put_new(item_of(&key, &Hold::from(hold))?).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => hold_of(item).map(Appended::Existing),
        }
    }

    async fn release_hold(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        hold: &HoldId,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<SubjectHold>, PortError> {
        let key = ItemKey::Hold(controller.clone(), subject.clone(), hold.clone());
        // The first release stands: a retry changes neither its time nor its name.
        let update = Update::default().set_once("released_at", time(at)).set_once("released_by", text(by));
        match self.update(&key, update, "attribute_exists(pk)", ReturnValue::AllNew).await? {
            Updated::Done(item) => hold_of(item).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }
}

impl Cloud {
    /// The holds on a subject, released ones too.
    pub(super) async fn holds_of(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<SubjectHold>, PortError> {
        let items = self.query(subject_partition(controller, subject), Sorts::Under(HOLDS.to_owned())).await?;
        items.into_iter().map(hold_of).collect()
    }
}
