//! Breaches, the people they concern, and their alerts.

use std::collections::BTreeSet;

use app::{
    breach::{AffectedPage, Alert, BreachStore, SCOPE_SEGMENTS},
    error::{Appended, PortError},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    breach::{AuthorityNotified, Breach, Notice, NoticeState},
    ids::{BreachId, ControllerId, Fingerprint, SubjectRef},
    sensitive::Sensitive,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use wire::stored::{
    Kind,
    breach::{Alert as AlertForm, AlertParts, Breach as BreachForm, Notice as NoticeForm},
};

use super::{
    Item, Sorts, TABLE, Update, Updated,
    due::Cursor,
    form_of, item_of, key_of,
    keys::{
        ALERTS, ItemKey, NOTICES, RECORDS, REQUESTS, RequestPart, breach_partition, clock_shard_name,
        controller_partition, subject_partition, subject_partitions,
    },
    records::content_of,
    requests::address,
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable};

/// Items that one page of a scan looks at.
const SCAN_ITEMS: i32 = 1_000;

/// Notices that are written at once.
const WRITES_AT_ONCE: usize = 8;

const BREACH: &str = "a breach";
const NOTICE: &str = "a notice";
const ALERT: &str = "an alert";

fn clock_shard(breach: &BreachId) -> String {
    let sum: u32 = breach.as_str().bytes().map(u32::from).sum();
    clock_shard_name(u8::try_from(sum % u32::from(app::deadlines::CLOCK_SHARDS)).unwrap_or_default())
}

fn breach_of(item: Item, breach: &BreachId) -> Result<(Breach, Fingerprint), PortError> {
    form_of::<BreachForm>(BREACH, item)?.into_breach(breach.clone()).map_err(unreadable(BREACH))
}

fn notice_of(item: Item) -> Result<Notice, PortError> {
    let ItemKey::Notice(_, breach, subject) = key_of(&item)? else {
        return Err(PortError::corrupt(NOTICE, "its key is of something else"));
    };
    form_of::<NoticeForm>(NOTICE, item)?.into_notice(breach, subject).map_err(unreadable(NOTICE))
}

fn alert_of(item: Item) -> Result<Alert, PortError> {
    let ItemKey::Alert(_, breach) = key_of(&item)? else {
        return Err(PortError::corrupt(ALERT, "its key is of something else"));
    };
    let parts = AlertParts::try_from(form_of::<AlertForm>(ALERT, item)?).map_err(unreadable(ALERT))?;
    Ok(Alert {
        breach,
        published_at: parts.published_at,
        exposed_from: parts.exposed_from,
        exposed_to: parts.exposed_to,
        categories: parts.categories,
        description: parts.description,
        advice: parts.advice,
    })
}

impl BreachStore for Cloud {
    async fn declare_breach(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(Breach, Fingerprint)>, PortError> {
        let key = ItemKey::Breach(controller.clone(), breach.id.clone());
        let mut item = item_of(&key, &BreachForm::new(breach, fingerprint))?;
        item.insert("due_shard".to_owned(), text(clock_shard(&breach.id)));
        item.insert("due_at".to_owned(), time(breach.authority_due_at));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => breach_of(item, &breach.id).map(Appended::Existing),
        }
    }

    async fn record_notified(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        notified: &AuthorityNotified,
    ) -> Result<Option<Breach>, PortError> {
        let key = ItemKey::Breach(controller.clone(), breach.clone());
        let update = Update::default()
            .set_once("notified_at", time(notified.at))
            .set_once("reference", text(&notified.reference))
            .remove("due_shard")
            .remove("due_at");
        match self.update(&key, update, "attribute_exists(pk)", ReturnValue::AllNew).await? {
            Updated::Done(item) => breach_of(item, breach).map(|(breach, _)| Some(breach)),
            Updated::Refused(_) => Ok(None),
        }
    }

    async fn breach(&self, controller: &ControllerId, breach: &BreachId) -> Result<Option<Breach>, PortError> {
        let item = self.get(&ItemKey::Breach(controller.clone(), breach.clone())).await?;
        item.map(|item| breach_of(item, breach).map(|(breach, _)| breach)).transpose()
    }

    async fn affected(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        segment: u16,
        from: Option<&str>,
    ) -> Result<AffectedPage, PortError> {
        let mut scan = self
            .dynamodb()
            .scan()
            .table_name(self.table()?)
            // Whatever is stored was exposed, past its end or not: what a sweep is late for leaks as well.
            .filter_expression(format!(
                "#kind = :kind AND begins_with(pk, :subjects) AND category IN ({}) AND created_at <= :to",
                (0..breach.categories.len()).map(|n| format!(":c{n}")).collect::<Vec<_>>().join(", ")
            ))
            .projection_expression("pk, sk")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":kind", text(Kind::Record.as_str()))
            .expression_attribute_values(":subjects", text(subject_partitions(controller)))
            .expression_attribute_values(":to", time(breach.exposed_to))
            .total_segments(i32::from(SCOPE_SEGMENTS))
            .segment(i32::from(segment))
            .limit(SCAN_ITEMS)
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?);
        for (n, category) in breach.categories.iter().enumerate() {
            scan = scan.expression_attribute_values(format!(":c{n}"), text(category.as_str()));
        }
        let page = scan.send().await.map_err(|error| unavailable(TABLE, &error))?;
        let mut subjects = BTreeSet::new();
        for item in page.items() {
            if let ItemKey::Record(_, subject, _) = key_of(item)? {
                subjects.insert(subject);
            }
        }
        Ok(AffectedPage { subjects, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }

    async fn plan_notices(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        subjects: &BTreeSet<SubjectRef>,
        at: Timestamp,
    ) -> Result<usize, PortError> {
        let writes = subjects.iter().map(async |subject| {
            let key = ItemKey::Notice(controller.clone(), breach.clone(), subject.clone());
            let appended = self.put_new(item_of(&key, &NoticeForm::planned(at))?).await?;
            Ok::<_, PortError>(usize::from(matches!(appended, Appended::Fresh)))
        });
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_fold(0, async |planned, new| Ok(planned + new)).await
    }

    async fn move_notice(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: &[NoticeState],
        at: Timestamp,
    ) -> Result<Option<NoticeState>, PortError> {
        let key = ItemKey::Notice(controller.clone(), notice.breach.clone(), notice.subject.clone());
        let mut update = Update::default().set("state", text(notice.state.as_str())).set("moved_at", time(at));
        for (n, state) in from.iter().enumerate() {
            update = update.with(&format!("from{n}"), text(state.as_str()));
        }
        let states = (0..from.len()).map(|n| format!(":from{n}")).collect::<Vec<_>>().join(", ");
        let condition = format!("#state IN ({states})");
        let before = match self.update(&key, update, &condition, ReturnValue::AllOld).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        before.map(|item| notice_of(item).map(|notice| notice.state)).transpose()
    }

    async fn notices(&self, controller: &ControllerId, breach: &BreachId) -> Result<Vec<Notice>, PortError> {
        let items = self.query(breach_partition(controller, breach), Sorts::Under(NOTICES.to_owned())).await?;
        items.into_iter().map(notice_of).collect()
    }

    async fn contact(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let Some(key) = self.subject_key(controller, subject).await? else { return Ok(None) };
        let partition = subject_partition(controller, subject);
        let sealed = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_b().ok()).cloned();
        for item in self.query(partition.clone(), Sorts::Under(RECORDS.to_owned())).await? {
            let Some(sealed) = sealed(&item, "sealed") else { continue };
            let Some(plain) = key.open(&key_of(&item)?, sealed.as_ref())? else { continue };
            if let Some(address) = content_of(&zeroize::Zeroizing::new(plain))?.mail() {
                return Ok(Some(address));
            }
        }
        for item in self.query(partition, Sorts::Under(REQUESTS.to_owned())).await? {
            let item_key = key_of(&item)?;
            let ItemKey::Request(_, RequestPart::Received) = item_key else { continue };
            let Some(sealed) = sealed(&item, "contact") else { continue };
            if let Some(plain) = key.open(&item_key, sealed.as_ref())? {
                return address(plain).map(Some);
            }
        }
        Ok(None)
    }

    async fn publish_alert(&self, controller: &ControllerId, alert: &Alert) -> Result<(), PortError> {
        let key = ItemKey::Alert(controller.clone(), alert.breach.clone());
        let form = AlertForm::from(AlertParts {
            published_at: alert.published_at,
            exposed_from: alert.exposed_from,
            exposed_to: alert.exposed_to,
            categories: alert.categories.clone(),
            description: alert.description.clone(),
            advice: alert.advice.clone(),
        });
        self.put_new(item_of(&key, &form)?).await.map(drop)
    }

    async fn alerts(&self, controller: &ControllerId) -> Result<Vec<Alert>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(ALERTS.to_owned())).await?;
        let mut alerts = items.into_iter().map(alert_of).collect::<Result<Vec<_>, _>>()?;
        alerts.sort_by(|a, b| (b.published_at, &b.breach).cmp(&(a.published_at, &a.breach)));
        Ok(alerts)
    }
}
