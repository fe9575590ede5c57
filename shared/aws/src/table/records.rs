//! Retained records, and the triggers that wait for records.

use std::ops::Range;

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
    sealed::{Transacted, new_item, updated},
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

/// Reads a trigger's item.
pub(super) fn trigger_parts(item: Item) -> Result<TriggerParts, PortError> {
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

/// Most records of one transaction: DynamoDB takes a hundred parts, and one of them checks the key.
const PACK_RECORDS_MAX: usize = 99;

/// Most content of one transaction, in bytes: DynamoDB takes 4 MB with all that stands beside it.
const PACK_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Positions as they are written together.
fn packs(plains: &[Zeroizing<Vec<u8>>]) -> Vec<Range<usize>> {
    let mut packs = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (position, plain) in plains.iter().enumerate() {
        if position - first == PACK_RECORDS_MAX || (position > first && bytes + plain.len() > PACK_BYTES_MAX) {
            packs.push(first..position);
            (first, bytes) = (position, 0);
        }
        bytes += plain.len();
    }
    if first < plains.len() {
        packs.push(first..plains.len());
    }
    packs
}

impl Cloud {
    /// Takes the object of a held record out of S3's own reach, where a rule of the bucket has it. For good: a tag that
    /// is given back while another hold comes would undo that one, and the sweep deletes what is released.
    async fn keep_held_object(&self, controller: &ControllerId, record: &Record) -> Result<(), PortError> {
        if !record.is_held() || record.system != System::S3 {
            return Ok(());
        }
        let rules = self.file_rules(controller)?;
        if !rules.free.contains(&(record.category.clone(), record.purpose.clone())) {
            return Ok(());
        }
        let key = ItemKey::Record(controller.clone(), record.subject.clone(), record.id.clone());
        // One that was deleted since takes no hold.
        let Some(item) = self.get(&key).await? else { return Ok(()) };
        let sealed = item.get("sealed").and_then(|sealed| sealed.as_b().ok());
        let opened = match sealed {
            Some(sealed) => self.open(controller, &record.subject, &key, sealed.as_ref()).await?,
            None => None,
        };
        let plain = opened.ok_or_else(|| PortError::corrupt(WHAT, "nobody can tell where its object lies"))?;
        let content = content_of(&Zeroizing::new(plain))?;
        // Disclosed to S3, whose own name for the object it is.
        self.keep_object(&rules, content.locator.disclose()).await
    }

    /// Writes those of a pack that do not stand yet, in one transaction under the subject's key.
    async fn insert_pack(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        records: &[(Record, RecordContent)],
        plains: &[Zeroizing<Vec<u8>>],
        pack: Range<usize>,
        answers: &mut [Option<Appended<Record>>],
    ) -> Result<(), PortError> {
        let Some(made_at) = records[pack.clone()].iter().map(|(record, _)| record.clock.created_at).min() else {
            return Ok(());
        };
        let mut open: Vec<usize> = pack.collect();
        while !open.is_empty() {
            let write = async |field_key: &FieldKey| {
                let mut parts = Vec::with_capacity(open.len() + 1);
                for &position in &open {
                    let item = new_record(controller, &records[position].0, field_key, &plains[position])?;
                    parts.push(new_item(self.table()?, item)?);
                }
                self.transact_under(field_key, parts).await
            };
            let refused = match self.write_under(controller, subject, made_at, write).await? {
                Transacted::Done => Vec::new(),
                Transacted::Refused(refused) => refused,
            };
            // All or nothing: what stands already keeps its neighbours out, who are written without it then.
            let before = open.len();
            let mut left = Vec::new();
            for (index, position) in open.into_iter().enumerate() {
                answers[position] = match refused.get(index).cloned().flatten() {
                    Some(item) => Some(Appended::Existing(record_of(item)?)),
                    None if refused.is_empty() => Some(Appended::Fresh),
                    None => {
                        left.push(position);
                        None
                    }
                };
            }
            if left.len() == before {
                return Err(PortError::corrupt(WHAT, "a refused write did not show what stands"));
            }
            open = left;
        }
        Ok(())
    }
}

/// A record's item as it is written first.
fn new_record(
    controller: &ControllerId,
    record: &Record,
    field_key: &FieldKey,
    plain: &[u8],
) -> Result<Item, PortError> {
    let key = ItemKey::Record(controller.clone(), record.subject.clone(), record.id.clone());
    let mut form = StoredRecord::from(record);
    form.sealed = Some(Bytes(field_key.seal(&key, plain)?));
    let mut item = item_of(&key, &form)?;
    for (name, value) in Placement::of(record).into_attributes() {
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
    }
    Ok(item)
}

impl RecordStore for Cloud {
    async fn insert_records(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        records: &[(Record, RecordContent)],
    ) -> Result<Vec<Appended<Record>>, PortError> {
        let mut answers: Vec<Option<Appended<Record>>> = vec![None; records.len()];
        let mut plains = Vec::with_capacity(records.len());
        for (_, content) in records {
            plains.push(plain_of(content)?);
        }
        for pack in packs(&plains) {
            self.insert_pack(controller, subject, records, &plains, pack, &mut answers).await?;
        }
        let missing = || PortError::corrupt(WHAT, "its write has no answer");
        answers.into_iter().map(|answer| answer.ok_or_else(missing)).collect()
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
        // Before its mark: a crash in between keeps too much, and never too little.
        self.keep_held_object(controller, record).await?;
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
