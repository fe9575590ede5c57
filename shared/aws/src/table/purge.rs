//! Where the purge of each controller stands, and what was done to it.

use app::{
    error::{Appended, PortError},
    purge::{ACTS_SHOWN_MAX, PurgeControls},
};
use domain::{
    ids::ControllerId,
    purge::{Act, Control},
};
use wire::stored::{
    millis,
    purge::{Purge, PurgeDeed},
};

use super::{
    TABLE, form_of, item_of,
    keys::{DEEDS, ItemKey, controller_partition},
    text, unreadable,
};
use crate::{Cloud, failure::unavailable};

const WHAT: &str = "where a purge stands";
const DEED: &str = "a deed";

/// How many deeds of one millisecond stand beside each other.
const DEEDS_AT_ONCE_MAX: u64 = 10;

impl PurgeControls for Cloud {
    async fn purge_control(&self, controller: &ControllerId) -> Result<Control, PortError> {
        match self.get(&ItemKey::Purge(controller.clone())).await? {
            Some(item) => form_of::<Purge>(WHAT, item)?.into_control().map_err(unreadable(WHAT)),
            None => Ok(Control::default()),
        }
    }

    async fn put_purge_control(&self, controller: &ControllerId, control: &Control) -> Result<bool, PortError> {
        self.put_revised(item_of(&ItemKey::Purge(controller.clone()), &Purge::from(control))?, control.revision).await
    }

    async fn note_purge_act(&self, controller: &ControllerId, act: &Act) -> Result<(), PortError> {
        let at = u64::try_from(millis(act.at)).unwrap_or_default();
        let form = PurgeDeed::from(act);
        for place in at..at + DEEDS_AT_ONCE_MAX {
            let item = item_of(&ItemKey::PurgeDeed(controller.clone(), place), &form)?;
            if self.put_new(item).await? == Appended::Fresh {
                return Ok(());
            }
        }
        Err(PortError::Conflict { what: DEED })
    }

    async fn purge_acts(&self, controller: &ControllerId) -> Result<Vec<Act>, PortError> {
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :deeds)")
            .expression_attribute_values(":pk", text(controller_partition(controller)))
            .expression_attribute_values(":deeds", text(DEEDS))
            .scan_index_forward(false)
            .limit(i32::try_from(ACTS_SHOWN_MAX).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let acts = page.items.unwrap_or_default().into_iter();
        acts.map(|item| form_of::<PurgeDeed>(DEED, item)?.into_act().map_err(unreadable(DEED))).collect()
    }
}
