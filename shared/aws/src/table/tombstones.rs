//! Tombstones, in a table of their own.

use app::{
    error::PortError,
    tombstones::{TombstonePage, Tombstones},
};
use domain::{
    ids::{ControllerId, SubjectRef},
    tombstone::Tombstone as DomainTombstone,
};
use wire::stored::tombstone::Tombstone;

use super::{
    Item, Update,
    due::Cursor,
    fields_of, form_of, key_of,
    keys::{ItemKey, TOMBSTONES, subject_partition},
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
        for (name, value) in fields {
            update = update.set_once(&name, value);
        }
        let written = self
            .dynamodb()
            .update_item()
            .table_name(self.tombstone_table()?)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .update_expression(update.expression())
            .condition_expression("attribute_not_exists(pk) OR #erased_until < :erased_until")
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // It stands, and reaches as far.
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable(TABLE, &error)),
        }
    }

    async fn tombstones(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<DomainTombstone>, PortError> {
        let mut tombstones = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .dynamodb()
                .query()
                .table_name(self.tombstone_table()?)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":pk", text(subject_partition(controller, subject)))
                .expression_attribute_values(":sk", text(TOMBSTONES))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            for item in page.items.unwrap_or_default() {
                tombstones.push(tombstone_of(item)?.1);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(tombstones);
            }
        }
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
