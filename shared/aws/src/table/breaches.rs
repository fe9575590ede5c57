//! Breaches, the people they concern, and their alerts.

use app::{
    announce::FoundPage,
    breach::{Alert, BreachStore},
    error::{Appended, PortError},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    breach::{AuthorityNotified, Breach},
    ids::{BreachId, ControllerId, Fingerprint},
};
use wire::stored::{
    Kind,
    breach::{Alert as AlertForm, AlertParts, Breach as BreachForm},
};

use super::{
    Item, Sorts, Update, Updated, form_of, item_of, key_of,
    keys::{ALERTS, ItemKey, clock_shard_of, controller_partition, subject_partitions},
    text, time, unreadable,
};
use crate::Cloud;

const BREACH: &str = "a breach";
const ALERT: &str = "an alert";

fn breach_of(item: Item, breach: &BreachId) -> Result<(Breach, Fingerprint), PortError> {
    form_of::<BreachForm>(BREACH, item)?.into_breach(breach.clone()).map_err(unreadable(BREACH))
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
        item.insert("due_shard".to_owned(), text(clock_shard_of(breach.id.as_str())));
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
    ) -> Result<FoundPage, PortError> {
        // Whatever is stored was exposed, past its end or not: what a sweep is late for leaks as well.
        let filter = format!(
            "#kind = :record AND begins_with(pk, :subjects) AND category IN ({}) AND created_at <= :to",
            (0..breach.categories.len()).map(|n| format!(":c{n}")).collect::<Vec<_>>().join(", ")
        );
        let mut values = Item::from([
            (":record".to_owned(), text(Kind::Record.as_str())),
            (":subjects".to_owned(), text(subject_partitions(controller))),
            (":to".to_owned(), time(breach.exposed_to)),
        ]);
        for (n, category) in breach.categories.iter().enumerate() {
            values.insert(format!(":c{n}"), text(category.as_str()));
        }
        self.found(filter, values, segment, from).await
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
