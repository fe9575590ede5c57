//! Breaches, the people they concern, and their alerts.

use std::collections::BTreeSet;

use app::{
    alerts::{self, Alert},
    announce::SCOPE_SEGMENTS,
    breach::{BreachStore, RegisterPage, RegisterRow},
    breach_scope::TracePage,
    error::{Appended, PortError},
    telling::Seen,
};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{
    breach::{Breach, Entry, Facts, Head, Incident},
    ids::{BreachId, ControllerId, Fingerprint},
};
use jiff::Timestamp;
use wire::stored::{
    self,
    breach::{Alert as AlertForm, AlertParts, Breach as BreachForm, Entry as EntryForm, Looked as LookedForm},
};

use super::{
    Item, Sorts, Update, Updated,
    deadlines::due_at,
    form_of, item_of, key_of,
    keys::{
        ALERTS, BREACH, ItemKey, breach_partition, breach_shard_name, breach_shard_of, clock_shard_name,
        controller_partition,
    },
    number,
    sealed::{Transacted, new_item, updated},
    text, time, time_in, unreadable,
};
use crate::Cloud;

const WHAT: &str = "a breach";
const ALERT: &str = "an alert";
const LOOK: &str = "a look at notices";

/// That a breach has not gone on. One that was stored before breaches had a history has no version.
const SEEN: &str = "attribute_exists(pk) AND (attribute_not_exists(#version) OR #version = :seen)";

/// How many entries between them are sure to be all: they are numbered with six digits.
const ENTRIES_END: &str = "ENTRY$";

fn breach_of(item: Item, breach: &BreachId) -> Result<(Breach, Fingerprint), PortError> {
    form_of::<BreachForm>(WHAT, item)?.into_breach(breach.clone()).map_err(unreadable(WHAT))
}

/// Where a breach stands in the indexes.
fn placement(
    controller: &ControllerId,
    breach: &BreachId,
    version: u32,
    head: &Head,
) -> Vec<(&'static str, Option<AttributeValue>)> {
    vec![
        ("version", Some(number(version))),
        ("due_shard", head.next_at.map(|_| text(breach_shard_of(breach)))),
        ("due_at", head.next_at.map(time)),
        ("office_of", Some(text(register(controller, head.is_open)))),
    ]
}

fn register(controller: &ControllerId, is_open: bool) -> String {
    format!("{controller}#breaches-{}", if is_open { "open" } else { "closed" })
}

/// That everybody in a segment is planned who is told by the decision of that time.
fn planned_mark(decided_at: Timestamp, segment: u16) -> String {
    format!("{:015}#{segment}", stored::millis(decided_at))
}

fn row_of(item: &Item) -> Result<RegisterRow, PortError> {
    let ItemKey::Breach(_, breach) = key_of(item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    let corrupt = || PortError::corrupt(WHAT, "its place in the register does not read");
    let place = item.get("office_at").and_then(|at| at.as_s().ok()).cloned().ok_or_else(corrupt)?;
    let millis = place.split('#').next().and_then(|millis| millis.parse().ok()).ok_or_else(corrupt)?;
    let declared_at = Timestamp::from_millisecond(millis).map_err(|_| corrupt())?;
    Ok(RegisterRow { breach, declared_at, next_at: time_in(item, "due_at"), place })
}

fn alert_of(item: Item) -> Result<Alert, PortError> {
    let ItemKey::Alert(_, breach, version) = key_of(&item)? else {
        return Err(PortError::corrupt(ALERT, "its key is of something else"));
    };
    let parts = AlertParts::try_from(form_of::<AlertForm>(ALERT, item)?).map_err(unreadable(ALERT))?;
    Ok(Alert {
        breach,
        version,
        published_at: parts.published_at,
        updated_at: parts.published_at,
        closed_at: parts.closed_at,
        exposed_from: parts.exposed_from,
        exposed_to: parts.exposed_to,
        attempt_only: parts.attempt_only,
        categories: parts.categories,
        texts: parts.texts,
    })
}

impl BreachStore for Cloud {
    async fn declare_breach(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        fingerprint: &Fingerprint,
        head: &Head,
    ) -> Result<Appended<(Breach, Fingerprint)>, PortError> {
        let key = ItemKey::Breach(controller.clone(), breach.id.clone());
        let mut item = item_of(&key, &BreachForm::new(breach, fingerprint))?;
        let placed = placement(controller, &breach.id, 0, head).into_iter();
        item.extend(placed.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        // In milliseconds of one width, so that the order of texts is the order of times.
        let place = format!("{:015}#{}", stored::millis(breach.declared_at), breach.id);
        item.insert("office_at".to_owned(), text(place));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => breach_of(item, &breach.id).map(Appended::Existing),
        }
    }

    async fn append_breach(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        number: u32,
        entry: &Entry,
        head: &Head,
    ) -> Result<bool, PortError> {
        let table = self.table()?;
        let key = ItemKey::BreachEntry(controller.clone(), breach.clone(), number);
        let mut update = Update::default().with("seen", super::number(number.saturating_sub(1)));
        for (name, value) in placement(controller, breach, number, head) {
            update = update.put(name, value);
        }
        let head = updated(table, &ItemKey::Breach(controller.clone(), breach.clone()), update, SEEN)?;
        let parts = vec![new_item(table, item_of(&key, &EntryForm::new(entry))?)?, head];
        Ok(matches!(self.transact(parts).await?, Transacted::Done))
    }

    async fn set_breach_next(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        version: u32,
        next_at: Timestamp,
    ) -> Result<bool, PortError> {
        // What was stored before breaches had shards of their own moves into one.
        let update = Update::default()
            .set("due_at", time(next_at))
            .set("due_shard", text(breach_shard_of(breach)))
            .set("version", number(version));
        let condition = "(attribute_not_exists(#version) OR #version = :version) AND attribute_exists(#due_shard)";
        let key = ItemKey::Breach(controller.clone(), breach.clone());
        Ok(matches!(self.update(&key, update, condition, ReturnValue::None).await?, Updated::Done(_)))
    }

    async fn breach(&self, controller: &ControllerId, breach: &BreachId) -> Result<Option<Incident>, PortError> {
        // The notices of people lie behind the entries, and are not read.
        let between = Sorts::Between(BREACH.to_owned(), ENTRIES_END.to_owned());
        let (mut declared, mut history) = (None, Vec::new());
        for item in self.query(breach_partition(controller, breach), between).await? {
            match key_of(&item)? {
                ItemKey::Breach(..) => declared = Some(breach_of(item, breach)?.0),
                ItemKey::BreachEntry(..) => {
                    history.push(form_of::<EntryForm>(WHAT, item)?.into_entry().map_err(unreadable(WHAT))?);
                }
                _ => {}
            }
        }
        Ok(declared.map(|breach| Incident { breach, history }))
    }

    async fn due_breaches(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ControllerId, BreachId)>, PortError> {
        // Those stored before breaches had shards of their own lie among the other deadlines; the look moves them.
        let mut due = Vec::new();
        for shard in [breach_shard_name(shard), clock_shard_name(shard)] {
            for item in self.due_items(shard, "due_at <= :at", until, limit).await? {
                if let ItemKey::Breach(controller, breach) = key_of(&item)? {
                    due.push((due_at(&item)?, controller, breach));
                }
            }
        }
        due.sort();
        due.truncate(limit);
        Ok(due.into_iter().map(|(_, controller, breach)| (controller, breach)).collect())
    }

    async fn breach_register(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<RegisterPage, PortError> {
        let (items, has_more) = self.office_items(register(controller, is_open), from, limit).await?;
        let rows = items.iter().map(row_of).collect::<Result<Vec<_>, _>>()?;
        let next = rows.last().filter(|_| has_more).map(|row| row.place.clone());
        Ok(RegisterPage { rows, next })
    }

    async fn traces(
        &self,
        controller: &ControllerId,
        facts: &Facts,
        segment: u16,
        from: Option<&str>,
    ) -> Result<TracePage, PortError> {
        self.traces_of(controller, facts, segment, from).await
    }

    async fn note_planned(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        decided_at: Timestamp,
        segment: u16,
    ) -> Result<(), PortError> {
        let key = ItemKey::Breach(controller.clone(), breach.clone());
        let mark = AttributeValue::Ss(vec![planned_mark(decided_at, segment)]);
        let update = Update::default().add("planned", mark);
        self.update(&key, update, "attribute_exists(pk)", ReturnValue::None).await.map(drop)
    }

    async fn planned_segments(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        decided_at: Timestamp,
    ) -> Result<BTreeSet<u16>, PortError> {
        let item = self.get_part(&ItemKey::Breach(controller.clone(), breach.clone()), Some("planned")).await?;
        let item = item.unwrap_or_default();
        let marks = item.get("planned").and_then(|marks| marks.as_ss().ok()).cloned().unwrap_or_default();
        Ok((0..SCOPE_SEGMENTS).filter(|segment| marks.contains(&planned_mark(decided_at, *segment))).collect())
    }

    async fn note_looked(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        seen: &Seen,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let key = ItemKey::Breach(controller.clone(), breach.clone());
        let form = LookedForm {
            at: stored::millis(at),
            open: seen.open,
            in_doubt: seen.in_doubt,
            sent_again: seen.sent_again,
            lately: seen.lately,
            last_at: seen.last_at.map(stored::millis),
        };
        let form =
            serde_dynamo::to_attribute_value(form).map_err(|_| PortError::corrupt(LOOK, "it cannot be written"))?;
        let update = Update::default().set("looked", form);
        self.update(&key, update, "attribute_exists(pk)", ReturnValue::None).await.map(drop)
    }

    async fn looked(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
    ) -> Result<Option<(Timestamp, Seen)>, PortError> {
        let item = self.get_part(&ItemKey::Breach(controller.clone(), breach.clone()), Some("looked")).await?;
        let Some(AttributeValue::M(form)) = item.and_then(|mut item| item.remove("looked")) else { return Ok(None) };
        let form: LookedForm = form_of(LOOK, form)?;
        let instant = |millis| Timestamp::from_millisecond(millis).map_err(|_| PortError::corrupt(LOOK, "its time"));
        let LookedForm { open, in_doubt, sent_again, lately, .. } = form;
        let last_at = form.last_at.map(instant).transpose()?;
        Ok(Some((instant(form.at)?, Seen { open, in_doubt, sent_again, lately, last_at })))
    }

    async fn publish_alert(&self, controller: &ControllerId, alert: &Alert) -> Result<(), PortError> {
        let key = ItemKey::Alert(controller.clone(), alert.breach.clone(), alert.version);
        let form = AlertForm::from(AlertParts {
            published_at: alert.updated_at,
            closed_at: alert.closed_at,
            exposed_from: alert.exposed_from,
            exposed_to: alert.exposed_to,
            attempt_only: alert.attempt_only,
            categories: alert.categories.clone(),
            texts: alert.texts.clone(),
        });
        self.put_new(item_of(&key, &form)?).await.map(drop)
    }

    async fn alerts(&self, controller: &ControllerId) -> Result<Vec<Alert>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(ALERTS.to_owned())).await?;
        Ok(alerts::newest(items.into_iter().map(alert_of).collect::<Result<_, _>>()?))
    }
}
