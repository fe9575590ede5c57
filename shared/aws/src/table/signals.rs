//! Signals of detectors.

use app::{
    error::{Appended, PortError},
    signals::{SignalPage, SignalStore},
};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{
    ids::{ControllerId, SignalId},
    signal::{Signal, SignalSeverity},
};
use jiff::Timestamp;
use wire::stored::{self, signal::Signal as SignalForm};

use super::{
    Item, Update, Updated, fields_of, form_of, item_of, key_of,
    keys::{ItemKey, signal_shard_name, signal_shard_of},
    number, text, time, unreadable,
};
use crate::Cloud;

const WHAT: &str = "a signal";

/// What changes on a signal after it was kept.
const CHANGES: [&str; 11] = [
    "risen_to",
    "risen_score",
    "last_seen_at",
    "times_seen",
    "dismissed_at",
    "dismissed_by",
    "dismissed_reason",
    "earlier",
    "breach",
    "linked_at",
    "rev",
];

fn key(controller: &ControllerId, signal: &SignalId) -> ItemKey {
    ItemKey::Signal(controller.clone(), signal.clone())
}

fn signal_of(item: Item, signal: &SignalId) -> Result<Signal, PortError> {
    form_of::<SignalForm>(WHAT, item)?.into_signal(signal.clone()).map_err(unreadable(WHAT))
}

fn list(controller: &ControllerId, is_open: bool) -> String {
    format!("{controller}#signals-{}", if is_open { "open" } else { "closed" })
}

/// Its place in the list: the gravest first, and of those the oldest.
fn place(signal: &Signal) -> [(&'static str, AttributeValue); 1] {
    let rank = SignalSeverity::ALL.iter().rev().position(|severity| *severity == signal.gravest()).unwrap_or_default();
    [("office_at", text(format!("{rank}#{:015}#{}", stored::millis(signal.received_at), signal.id)))]
}

impl SignalStore for Cloud {
    async fn keep_signal(
        &self,
        controller: &ControllerId,
        signal: &Signal,
        next_at: Timestamp,
    ) -> Result<Appended<Signal>, PortError> {
        let mut item = item_of(&key(controller, &signal.id), &SignalForm::from(signal))?;
        item.extend(place(signal).map(|(name, value)| (name.to_owned(), value)));
        item.insert("office_of".to_owned(), text(list(controller, signal.is_open())));
        item.insert("due_shard".to_owned(), text(signal_shard_of(&signal.id)));
        item.insert("due_at".to_owned(), time(next_at));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => signal_of(item, &signal.id).map(Appended::Existing),
        }
    }

    async fn signal(&self, controller: &ControllerId, signal: &SignalId) -> Result<Option<Signal>, PortError> {
        self.get(&key(controller, signal)).await?.map(|item| signal_of(item, signal)).transpose()
    }

    async fn change_signal(
        &self,
        controller: &ControllerId,
        signal: &Signal,
        next_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let mut fields = fields_of(&SignalForm::from(signal))?;
        let mut update = Update::default().with("seen", number(signal.version.saturating_sub(1)));
        for name in CHANGES {
            update = update.put(name, fields.remove(name));
        }
        for (name, value) in place(signal) {
            update = update.set(name, value);
        }
        update = update.set("office_of", text(list(controller, signal.is_open())));
        if !signal.is_open() {
            update = update.remove("due_shard").remove("due_at");
        } else if let Some(next_at) = next_at {
            update = update.set("due_shard", text(signal_shard_of(&signal.id))).set("due_at", time(next_at));
        }
        let done = self.update(&key(controller, &signal.id), update, "#rev = :seen", ReturnValue::None).await?;
        Ok(matches!(done, Updated::Done(_)))
    }

    async fn put_off_signal(
        &self,
        controller: &ControllerId,
        signal: &SignalId,
        next_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = Update::default().set("due_at", time(next_at));
        let condition = "attribute_exists(due_shard)";
        self.update(&key(controller, signal), update, condition, ReturnValue::None).await.map(drop)
    }

    async fn signals(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<SignalPage, PortError> {
        let (items, has_more) = self.office_items(list(controller, is_open), from, limit).await?;
        let (mut page, mut last) = (SignalPage::default(), None);
        for item in &items {
            let ItemKey::Signal(_, id) = key_of(item)? else {
                return Err(PortError::corrupt(WHAT, "its key is of something else"));
            };
            last = item.get("office_at").and_then(|at| at.as_s().ok()).cloned();
            // The index is a moment behind: one that was decided on meanwhile stands in the other list.
            let signal = self.signal(controller, &id).await?;
            page.signals.extend(signal.filter(|signal| signal.is_open() == is_open));
        }
        page.next = last.filter(|_| has_more);
        Ok(page)
    }

    async fn due_signals(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ControllerId, SignalId)>, PortError> {
        let items = self.due_items(signal_shard_name(shard), "due_at <= :at", until, limit).await?;
        let signal = |item: &Item| match key_of(item)? {
            ItemKey::Signal(controller, signal) => Ok((controller, signal)),
            _ => Err(PortError::corrupt(WHAT, "its key is of something else")),
        };
        items.iter().map(signal).collect()
    }
}
