//! Bulk records: packets in the partition of their day, and the days in the due index.

use app::{
    error::PortError,
    logs::{DAYS_MAX, Entries, Kept, LogPage, LogStore},
};
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest, ReturnValue, Select, TransactWriteItem};
use domain::{
    ids::{Category, ControllerId, HoldId},
    log::{DueDay, LogDay, LogPacket},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::Date};
use wire::stored::{
    Bytes, Kind, VERSION,
    log::{Day, Entries as EntriesForm, Log, kept},
};
use zeroize::Zeroizing;

use super::{
    Item, Sorts, TABLE, Update, Updated,
    deletion::STATEMENTS_MAX,
    due::Cursor,
    form_of, item_of, key_of,
    keys::{DAYS, DUE_INDEX, ItemKey, LOGS, controller_partition, day_partition},
    number,
    sealed::{Transacted, Written, new_item, updated},
    text, time, ttl, unreadable,
};
use crate::{Cloud, failure::unavailable, keys::FieldKey};

const PACKET: &str = "a packet of bulk records";
const DAY: &str = "a day of bulk records";

/// Where the days stand in the due index: one of each category is one item, so one shard is enough.
const SHARD: &str = "DAYS";

/// How often a packet is sealed anew: its day's key was destroyed, or a hold came or went, meanwhile.
const TRIES_MAX: usize = 4;

/// Most packets of one page: what they hold is up to a hundred kilobytes each, and an answer carries six megabytes.
const PAGE_PACKETS_MAX: i32 = 20;

/// Packets under way at once.
const PACKETS_AT_ONCE: usize = 8;

/// Most leftovers that one run takes from one day.
const LEFTOVERS_MAX: usize = 1_000;

fn day_key(controller: &ControllerId, day: &DueDay) -> ItemKey {
    ItemKey::Day(controller.clone(), day.category.clone(), day.day)
}

fn day_of(item: Item) -> Result<LogDay, PortError> {
    let ItemKey::Day(_, category, day) = key_of(&item)? else {
        return Err(PortError::corrupt(DAY, "its key is of something else"));
    };
    form_of::<Day>(DAY, item)?.into_day(category, day).map_err(unreadable(DAY))
}

fn packet_of(item: Item) -> Result<LogPacket, PortError> {
    let ItemKey::Log(_, _, _, log) = key_of(&item)? else {
        return Err(PortError::corrupt(PACKET, "its key is of something else"));
    };
    form_of::<Log>(PACKET, item)?.into_packet(log).map_err(unreadable(PACKET))
}

/// The day's item as this packet leaves it. What is the day's own is written by its first packet.
fn counted(day: &LogDay, packet: &LogPacket) -> Update {
    let kept = AttributeValue::Ss(vec![kept(&packet.purpose, &packet.clause)]);
    let salt = AttributeValue::B(day.salt.to_vec().into());
    Update::default()
        .set_once("v", number(VERSION))
        .set_once("kind", text(Kind::Day.as_str()))
        .set_once("starts_at", time(day.due.starts_at))
        .set_once("ends_at", time(day.due.ends_at))
        .set_once("salt", salt)
        .set_once("due_shard", text(SHARD))
        .set_once("due_at", time(day.due.starts_at))
        .add("kept", kept)
        .add("packets", number(1))
        .add("entries", number(packet.entries))
}

fn log_item(key: &FieldKey, item_key: &ItemKey, packet: &LogPacket, plain: &[u8]) -> Result<Item, PortError> {
    let mut form = Log::from(packet);
    form.sealed = Some(Bytes(key.seal(item_key, plain)?));
    item_of(item_key, &form)
}

impl Cloud {
    fn log_parts(
        &self,
        controller: &ControllerId,
        day: &LogDay,
        packet: &LogPacket,
        mut item: Item,
        is_held: bool,
    ) -> Result<Vec<TransactWriteItem>, PortError> {
        let condition = if is_held {
            "attribute_not_exists(closed_at) AND attribute_exists(holds)"
        } else {
            item.insert("ttl".to_owned(), ttl(day.due.ends_at));
            "attribute_not_exists(closed_at) AND attribute_not_exists(holds)"
        };
        let table = self.table()?;
        let day = updated(table, &day_key(controller, &day.due), counted(day, packet), condition)?;
        Ok(vec![new_item(table, item)?, day])
    }

    /// The keys of a day's packets.
    async fn packet_keys(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        most: usize,
    ) -> Result<Vec<ItemKey>, PortError> {
        let mut keys = Vec::new();
        let mut from = None;
        while keys.len() < most {
            let page = self
                .dynamodb()
                .query()
                .table_name(self.table()?)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :low)")
                .expression_attribute_values(":pk", text(day_partition(controller, &day.category, day.day)))
                .expression_attribute_values(":low", text(LOGS))
                .select(Select::SpecificAttributes)
                .projection_expression("pk, sk")
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            for item in page.items.unwrap_or_default() {
                keys.push(key_of(&item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        keys.truncate(most);
        Ok(keys)
    }

    /// Deletes items whose key is destroyed: nothing that a hold could keep.
    async fn delete_keys(&self, keys: &[ItemKey]) -> Result<(), PortError> {
        let table = self.table()?;
        for chunk in keys.chunks(STATEMENTS_MAX) {
            let statement = |key: &ItemKey| {
                BatchStatementRequest::builder()
                    .statement(format!("DELETE FROM \"{table}\" WHERE pk = ? AND sk = ?"))
                    .parameters(text(key.pk()))
                    .parameters(text(key.sk()))
                    .build()
                    .map_err(|_| PortError::corrupt(PACKET, "its deletion cannot be written"))
            };
            let statements = chunk.iter().map(statement).collect::<Result<Vec<_>, _>>()?;
            let done = self.dynamodb().batch_execute_statement().set_statements(Some(statements)).send().await;
            let done = done.map_err(|error| unavailable(TABLE, &error))?;
            if done.responses().iter().any(|response| response.error().is_some()) {
                return Err(PortError::unavailable(TABLE, "a statement was turned away"));
            }
        }
        Ok(())
    }

    /// Sets the TTL of a day's packets, or takes it away. What is gone meanwhile stays gone.
    async fn set_packets_ttl(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Option<Timestamp>,
    ) -> Result<(), PortError> {
        let keys = self.packet_keys(controller, day, usize::MAX).await?;
        let writes = keys.iter().map(async |key| {
            let update = Update::default().put("ttl", at.map(ttl));
            self.update(key, update, "attribute_exists(pk)", ReturnValue::None).await.map(drop)
        });
        stream::iter(writes).buffer_unordered(PACKETS_AT_ONCE).try_collect().await
    }
}

impl LogStore for Cloud {
    async fn keep_log(
        &self,
        controller: &ControllerId,
        day: &LogDay,
        packet: &LogPacket,
        entries: &Entries,
    ) -> Result<Kept, PortError> {
        let plain = serde_json::to_vec(&EntriesForm::new(entries))
            .map(Zeroizing::new)
            .map_err(|_| PortError::corrupt(PACKET, "its entries cannot be written"))?;
        let due = &day.due;
        let item_key = ItemKey::Log(controller.clone(), due.category.clone(), due.day, packet.id.clone());
        let mut is_held = false;
        for _ in 0..TRIES_MAX {
            let key = self.day_key_or_new(controller, &due.category, due.day, packet.occurred_at).await?;
            let item = log_item(&key, &item_key, packet, &plain)?;
            let parts = self.log_parts(controller, day, packet, item, is_held)?;
            let refused = match self.transact_under(&key, parts).await? {
                Written::Decided(Transacted::Done) => return Ok(Kept::Fresh),
                Written::Decided(Transacted::Refused(refused)) => refused,
                Written::KeyGone => continue,
            };
            if refused.first().is_some_and(Option::is_some) {
                return Ok(Kept::Replayed);
            }
            // The day refused it: it is closed, or a hold came or went.
            match self.log_day(controller, &due.category, due.day).await? {
                Some(day) if day.closed_at.is_some() => return Ok(Kept::Closed),
                Some(day) => is_held = day.is_held(),
                None => is_held = false,
            }
        }
        Err(PortError::Conflict { what: DAY })
    }

    async fn log_day(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
    ) -> Result<Option<LogDay>, PortError> {
        self.get(&ItemKey::Day(controller.clone(), category.clone(), day)).await?.map(day_of).transpose()
    }

    async fn log_days(&self, controller: &ControllerId) -> Result<Vec<LogDay>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(DAYS.to_owned())).await?;
        let days = items.into_iter().map(day_of).collect::<Result<Vec<_>, _>>()?;
        Ok(days.into_iter().filter(|day| day.settled_at.is_none()).collect())
    }

    async fn logs(&self, controller: &ControllerId, day: &DueDay, from: Option<&str>) -> Result<LogPage, PortError> {
        let partition = day_partition(controller, &day.category, day.day);
        let start = from.map(Cursor::read).transpose()?;
        if start.as_ref().is_some_and(|start| start.get("pk") != Some(&text(partition.as_str()))) {
            return Err(PortError::corrupt("a cursor", "it is of something else"));
        }
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :low)")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":low", text(LOGS))
            .limit(PAGE_PACKETS_MAX)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let key = self.day_key(controller, &day.category, day.day).await?;
        let mut packets = Vec::new();
        for mut item in page.items.unwrap_or_default() {
            let item_key = key_of(&item)?;
            let sealed = item.remove("sealed");
            let opened = match (&key, sealed.as_ref().and_then(|sealed| sealed.as_b().ok())) {
                (Some(key), Some(sealed)) => key.open(&item_key, sealed.as_ref())?,
                _ => None,
            };
            packets.push((packet_of(item)?, opened.map(|plain| entries_of(&Zeroizing::new(plain))).transpose()?));
        }
        Ok(LogPage { packets, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }

    async fn due_log_days(&self, until: Timestamp) -> Result<Vec<(ControllerId, Category, Date)>, PortError> {
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .index_name(DUE_INDEX)
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", text(SHARD))
            .expression_attribute_values(":until", time(until))
            .limit(i32::try_from(DAYS_MAX).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let read = |item: Item| match key_of(&item)? {
            ItemKey::Day(controller, category, day) => Ok((controller, category, day)),
            _ => Err(PortError::corrupt(DAY, "its key is of something else")),
        };
        page.items.unwrap_or_default().into_iter().map(read).collect()
    }

    async fn close_day(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Timestamp,
    ) -> Result<Option<LogDay>, PortError> {
        let update = Update::default().set_once("closed_at", time(at));
        let condition = "attribute_exists(pk) AND attribute_not_exists(holds)";
        match self.update(&day_key(controller, day), update, condition, ReturnValue::AllNew).await? {
            Updated::Done(item) => day_of(item).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }

    async fn note_destroyed(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Timestamp,
        again_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = Update::default().set_once("destroyed_at", time(at)).set("due_at", time(again_at));
        let condition = "attribute_exists(closed_at) AND attribute_not_exists(settled_at)";
        self.update(&day_key(controller, day), update, condition, ReturnValue::None).await.map(drop)
    }

    async fn remove_leftovers(&self, controller: &ControllerId, day: &DueDay) -> Result<usize, PortError> {
        let keys = self.packet_keys(controller, day, LEFTOVERS_MAX).await?;
        self.delete_keys(&keys).await?;
        Ok(keys.len())
    }

    async fn note_settled(&self, controller: &ControllerId, day: &DueDay, at: Timestamp) -> Result<(), PortError> {
        let update = Update::default().set_once("settled_at", time(at)).remove("due_shard").remove("due_at");
        self.update(&day_key(controller, day), update, "attribute_exists(destroyed_at)", ReturnValue::None)
            .await
            .map(drop)
    }

    async fn hold_day(&self, controller: &ControllerId, day: &DueDay, hold: &HoldId) -> Result<bool, PortError> {
        let update = Update::default().add("holds", AttributeValue::Ss(vec![hold.to_string()]));
        let condition = "attribute_exists(pk) AND attribute_not_exists(closed_at)";
        let key = day_key(controller, day);
        if let Updated::Refused(_) = self.update(&key, update, condition, ReturnValue::None).await? {
            return Ok(false);
        }
        // After the hold stands: what is registered from here on has no TTL from the start.
        self.set_packets_ttl(controller, day, None).await?;
        Ok(true)
    }

    async fn free_day(&self, controller: &ControllerId, day: &DueDay, hold: &HoldId) -> Result<(), PortError> {
        let Some(standing) = self.log_day(controller, &day.category, day.day).await? else { return Ok(()) };
        let is_last = standing.holds.iter().all(|held| held == hold);
        let update = Update::default().delete("holds", AttributeValue::Ss(vec![hold.to_string()]));
        self.update(&day_key(controller, day), update, "attribute_exists(holds)", ReturnValue::None).await?;
        if !is_last {
            return Ok(());
        }
        // After it is gone, so that what is registered from here on has its TTL from the start. What a crash leaves
        // without one is removed once the day is over, at a write for each.
        self.set_packets_ttl(controller, day, Some(day.ends_at)).await?;
        match self.log_day(controller, &day.category, day.day).await? {
            // Another hold came meanwhile.
            Some(again) if again.is_held() => self.set_packets_ttl(controller, day, None).await,
            _ => Ok(()),
        }
    }
}

fn entries_of(plain: &[u8]) -> Result<Entries, PortError> {
    // The reader's own error can quote an entry.
    let form: EntriesForm =
        serde_json::from_slice(plain).map_err(|_| PortError::corrupt(PACKET, "its entries are not of their form"))?;
    form.into_entries().map_err(unreadable(PACKET))
}
