//! Retained records, and the triggers that wait for records.

use app::{
    error::{Appended, PortError},
    records::{Content as RecordContent, RecordStore, TRIGGER_TIMES_MAX, Trigger as SeenTrigger},
};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{
    hold::Hold,
    ids::{ControllerId, EventName, Purpose, RecordId, SubjectRef},
    record::{Record, System},
};
use jiff::Timestamp;
use wire::stored::{
    Bytes,
    content::Content,
    millis,
    record::{Record as StoredRecord, Trigger, TriggerParts},
};
use zeroize::Zeroizing;

use super::{
    Item, Sorts, Update, Updated, fields_of, form_of, item_of, key_of,
    keys::{ItemKey, RECORDS, TRIGGERS, purge_shard, subject_partition},
    number,
    sealed::{Transacted, updated},
    text, time, ttl, unreadable,
};
use crate::{Cloud, keys::FieldKey};

const WHAT: &str = "a record";

/// What stands beside a record so that it is found when its time is up, and goes by itself: nothing
/// while a hold keeps it.
struct Placement {
    due_shard: Option<AttributeValue>,
    due_at: Option<AttributeValue>,
    ttl: Option<AttributeValue>,
}

impl Placement {
    fn of(record: &Record) -> Self {
        let due_at = record.due_at.filter(|_| !record.is_held());
        Self {
            due_shard: due_at.map(|_| text(purge_shard(&record.subject))),
            due_at: due_at.map(time),
            // TTL would remove the item and leave the object behind, so only our own records have one.
            ttl: due_at.filter(|_| record.system == System::Habeas).map(ttl),
        }
    }

    fn into_attributes(self) -> [(&'static str, Option<AttributeValue>); 3] {
        [("due_shard", self.due_shard), ("due_at", self.due_at), ("ttl", self.ttl)]
    }
}

/// Reads a record's item.
pub(super) fn record_of(item: Item) -> Result<Record, PortError> {
    let ItemKey::Record(_, subject, record) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<StoredRecord>(WHAT, item)?.into_record(subject, record).map_err(unreadable(WHAT))
}

fn trigger_parts(item: Item) -> Result<TriggerParts, PortError> {
    form_of::<Trigger>("a trigger", item)?.into_parts().map_err(unreadable("a trigger"))
}

/// Reads a record's content once it is opened.
pub(super) fn content_of(plain: &[u8]) -> Result<RecordContent, PortError> {
    // The reader's own error can quote the content.
    let content: Content =
        serde_json::from_slice(plain).map_err(|_| PortError::corrupt(WHAT, "its content is not of its form"))?;
    let (identifier, locator, fields) = content.into_parts().map_err(unreadable(WHAT))?;
    Ok(RecordContent { identifier, locator, fields })
}

/// A record's content as it is sealed.
fn plain_of(content: &RecordContent) -> Result<Zeroizing<Vec<u8>>, PortError> {
    let plain = Content::new(content.identifier.as_ref(), &content.locator, &content.fields);
    let plain = serde_json::to_vec(&plain).map_err(|_| PortError::corrupt(WHAT, "its content cannot be written"))?;
    Ok(Zeroizing::new(plain))
}

impl RecordStore for Cloud {
    async fn insert_record(
        &self,
        controller: &ControllerId,
        record: &Record,
        content: &RecordContent,
    ) -> Result<Appended<Record>, PortError> {
        let key = ItemKey::Record(controller.clone(), record.subject.clone(), record.id.clone());
        let plain = plain_of(content)?;
        let write = async |field_key: &FieldKey| {
            let mut form = StoredRecord::from(record);
            form.sealed = Some(Bytes(field_key.seal(&key, &plain)?));
            let mut item = item_of(&key, &form)?;
            for (name, value) in Placement::of(record).into_attributes() {
                if let Some(value) = value {
                    item.insert(name.to_owned(), value);
                }
            }
            self.put_new_under(field_key, item).await
        };
        match self.write_under(controller, &record.subject, record.clock.created_at, write).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => record_of(item).map(Appended::Existing),
        }
    }

    async fn records(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Record>, PortError> {
        let items = self.query(subject_partition(controller, subject), Sorts::Under(RECORDS.to_owned())).await?;
        items.into_iter().map(record_of).collect()
    }

    async fn content(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        record: &RecordId,
    ) -> Result<Option<RecordContent>, PortError> {
        let key = ItemKey::Record(controller.clone(), subject.clone(), record.clone());
        let Some(item) = self.get(&key).await? else { return Ok(None) };
        let Some(sealed) = item.get("sealed").and_then(|sealed| sealed.as_b().ok()) else { return Ok(None) };
        match self.open(controller, subject, &key, sealed.as_ref()).await? {
            Some(plain) => content_of(&Zeroizing::new(plain)).map(Some),
            None => Ok(None),
        }
    }

    async fn update_record(&self, controller: &ControllerId, record: &Record) -> Result<(), PortError> {
        let key = ItemKey::Record(controller.clone(), record.subject.clone(), record.id.clone());
        let mut fields = fields_of(&StoredRecord::from(record))?;
        let mut update = Update::default();
        for name in ["renewals", "renewals_switched", "firsts", "ends_at", "clause", "policy", "holds"] {
            update = update.put(name, fields.remove(name));
        }
        for (name, value) in Placement::of(record).into_attributes() {
            update = update.put(name, value);
        }
        let update = update.set("rev", number(record.revision + 1)).with("read", number(record.revision));
        // What is being deleted can't be held any more: its object may be half gone.
        let condition = "#rev = :read AND attribute_not_exists(purging)";
        match self.update(&key, update, condition, ReturnValue::None).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(PortError::Conflict { what: "record" }),
        }
    }

    async fn correct_record(
        &self,
        controller: &ControllerId,
        record: &Record,
        content: &RecordContent,
    ) -> Result<(), PortError> {
        let key = ItemKey::Record(controller.clone(), record.subject.clone(), record.id.clone());
        let plain = plain_of(content)?;
        let write = async |field_key: &FieldKey| {
            let mut fields = fields_of(&StoredRecord::from(record))?;
            let update = Update::default()
                .put("points", fields.remove("points"))
                .set("sealed", AttributeValue::B(aws_smithy_types::Blob::new(field_key.seal(&key, &plain)?)))
                .set("rev", number(record.revision + 1))
                .with("read", number(record.revision));
            let condition = "#rev = :read AND attribute_not_exists(purging)";
            self.transact_under(field_key, vec![updated(self.table()?, &key, update, condition)?]).await
        };
        match self.write_under(controller, &record.subject, record.clock.created_at, write).await? {
            Transacted::Done => Ok(()),
            Transacted::Refused(_) => Err(PortError::Conflict { what: "record" }),
        }
    }

    async fn note_trigger(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        event: &EventName,
        purpose: Option<&Purpose>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let key = ItemKey::Trigger(controller.clone(), subject.clone(), event.clone(), purpose.cloned());
        let mut fields = fields_of(&Trigger::new(event, purpose, at))?;
        let mut update = Update::default();
        for name in ["v", "kind", "event", "purpose"] {
            if let Some(value) = fields.remove(name) {
                update = update.set(name, value);
            }
        }
        let times = || AttributeValue::Ns(vec![millis(at).to_string()]);
        let update = update.set_once("first_at", time(at)).set("last_at", time(at)).add("times", times());
        let newest = "(attribute_not_exists(pk) OR #last_at < :last_at) AND \
                      (attribute_not_exists(#times) OR size(#times) < :most)";
        let update = update.with("most", number(TRIGGER_TIMES_MAX));
        let stands = match self.update(&key, update, newest, ReturnValue::None).await? {
            Updated::Done(_) => return Ok(()),
            Updated::Refused(stands) => stands.ok_or_else(|| PortError::Conflict { what: "trigger" })?,
        };
        let (_, _, first_at, last_at, seen) = trigger_parts(stands)?;
        // It came late, or again, or there is no room: the first and the last time are kept always.
        if at > last_at {
            let update = Update::default().set("last_at", time(at));
            self.update(&key, update, "#last_at < :last_at", ReturnValue::None).await?;
        }
        if at < first_at {
            let update = Update::default().set("first_at", time(at));
            self.update(&key, update, "#first_at > :first_at", ReturnValue::None).await?;
        }
        if !seen.contains(&at) && seen.len() < TRIGGER_TIMES_MAX {
            let update = Update::default().add("times", times());
            self.update(&key, update, "attribute_exists(pk)", ReturnValue::None).await?;
        }
        Ok(())
    }

    async fn triggers(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<SeenTrigger>, PortError> {
        let items = self.query(subject_partition(controller, subject), Sorts::Under(TRIGGERS.to_owned())).await?;
        let trigger_of = |item| {
            let (event, purpose, first_at, last_at, times) = trigger_parts(item)?;
            Ok(SeenTrigger { event, purpose, first_at, last_at, times: times.into_iter().collect() })
        };
        items.into_iter().map(trigger_of).collect()
    }

    async fn holds(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Hold>, PortError> {
        self.holds_of(controller, subject).await
    }
}
