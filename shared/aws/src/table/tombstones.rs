//! Tombstones and copies of holds, in a table of their own: what a restore of the other one must not undo.

use std::collections::BTreeMap;

use app::{
    error::PortError,
    restore::HoldCopies,
    tombstones::{TombstonePage, Tombstones},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    hold::Hold,
    ids::{ControllerId, SubjectRef},
    tombstone::Tombstone as DomainTombstone,
};
use wire::stored::tombstone::Tombstone;

use super::{
    Item, Sorts, Update,
    due::Cursor,
    fields_of, form_of,
    holds::hold_of,
    key_of,
    keys::{HOLDS, ItemKey, TOMBSTONES, controller_partition, subject_partition},
    text, unreadable,
};
use crate::{Cloud, failure::unavailable};

const TABLE: &str = "the table of tombstones";
const WHAT: &str = "a tombstone";

fn tombstone_of(item: Item) -> Result<(ControllerId, DomainTombstone), PortError> {
    let ItemKey::Tombstone(controller, subject, request) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    let form: Tombstone = form_of(WHAT, item)?;
    let tombstone = form.into_tombstone(subject, request).map_err(unreadable(WHAT))?;
    Ok((controller, tombstone))
}

impl Tombstones for Cloud {
    async fn bury_subject(&self, controller: &ControllerId, tombstone: &DomainTombstone) -> Result<(), PortError> {
        let key = ItemKey::Tombstone(controller.clone(), tombstone.subject.clone(), tombstone.request.clone());
        let mut fields = fields_of(&Tombstone::from(tombstone))?;
        let mut update = Update::default().put("erased_until", fields.remove("erased_until"));
        // In one order, so that the same tombstone is the same call.
        for (name, value) in BTreeMap::from_iter(fields) {
            update = update.set_once(&name, value);
        }
        // One that stands and reaches as far refuses it.
        let condition = "attribute_not_exists(pk) OR #erased_until < :erased_until";
        self.update_in(self.tombstone_table()?, &key, update, condition, ReturnValue::None).await.map(drop)
    }

    async fn tombstones(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<DomainTombstone>, PortError> {
        let items = self.buried(subject_partition(controller, subject), TOMBSTONES).await?;
        items.into_iter().map(|item| tombstone_of(item).map(|(_, tombstone)| tombstone)).collect()
    }

    async fn all_tombstones(&self, from: Option<&str>) -> Result<TombstonePage, PortError> {
        let page = self
            .dynamodb()
            .scan()
            .table_name(self.tombstone_table()?)
            .consistent_read(true)
            .filter_expression("begins_with(sk, :sk)")
            .expression_attribute_values(":sk", text(TOMBSTONES))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let tombstones = page.items.unwrap_or_default().into_iter().map(tombstone_of).collect::<Result<_, _>>()?;
        Ok(TombstonePage { tombstones, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }
}

impl HoldCopies for Cloud {
    async fn hold_copies(&self, controller: &ControllerId) -> Result<Vec<Hold>, PortError> {
        self.buried(controller_partition(controller), HOLDS).await?.into_iter().map(hold_of).collect()
    }
}

impl Cloud {
    /// The items of a partition of this table under a prefix.
    async fn buried(&self, pk: String, prefix: &str) -> Result<Vec<Item>, PortError> {
        self.query_in((TABLE, self.tombstone_table()?), pk, Sorts::Under(prefix.to_owned())).await
    }
}
