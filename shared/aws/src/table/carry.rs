//! What the table that is given up still knows, and the restored one does not: carried over item by item.

use std::collections::{BTreeMap, BTreeSet};

use app::{error::PortError, records::SubjectEvent};
use domain::ids::ControllerId;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{
    Item, TABLE,
    due::Cursor,
    key_of,
    keys::{ItemKey, RequestPart, TRIGGERS},
    records::trigger_parts,
    text, time_in,
};
use crate::{Cloud, failure::unavailable};

/// Items that are looked at beside each other.
const ITEMS_AT_ONCE: usize = 16;

/// How an item is carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carriage {
    /// It is written once and never changed: where one stands, that is it.
    Once,
    /// It only ever goes on, so the later table knows it better.
    Latest,
    /// It stays behind.
    Never,
}

/// What is said of an item, and how it is carried over.
fn carriage(key: &ItemKey) -> (&'static str, Carriage) {
    match key {
        ItemKey::Consent(..) => ("consents", Carriage::Once),
        ItemKey::Disclosure(..) => ("disclosures", Carriage::Once),
        ItemKey::Change(..) | ItemKey::Alert(..) => ("publications", Carriage::Once),
        ItemKey::Attestation(..) => ("attestations", Carriage::Once),
        // What a record became since lies in the very table that is given up: only what is missing comes along.
        ItemKey::Record(..) => ("records", Carriage::Once),
        ItemKey::Request(_, part) => match part {
            RequestPart::Verified | RequestPart::Decided | RequestPart::Entry(_) | RequestPart::Plan(_) => {
                ("requests", Carriage::Once)
            }
            RequestPart::Received | RequestPart::Mail(_) => ("requests", Carriage::Latest),
            // A code lives for half an hour.
            RequestPart::Code | RequestPart::CodeAsked(_) => ("codes", Carriage::Never),
        },
        ItemKey::Whose(..) => ("requests", Carriage::Once),
        // Claims of mails: without them people would be written to twice.
        ItemKey::Guardian(..) | ItemKey::Subscription(..) | ItemKey::Warned(..) => ("mails", Carriage::Latest),
        ItemKey::Trigger(..) => ("triggers", Carriage::Latest),
        // Their copies know them, and a wide one has to mark the records of this table.
        ItemKey::Hold(..) => ("holds", Carriage::Never),
        // A notice is counted by its tally: one without the other counts wrong for good.
        ItemKey::Breach(..) | ItemKey::BreachEntry(..) | ItemKey::Notice(..) | ItemKey::Tally(..) => {
            ("breaches and notices", Carriage::Latest)
        }
        ItemKey::Attested(..) => ("attestations", Carriage::Latest),
        ItemKey::Signal(..) => ("signals", Carriage::Latest),
        // What counts, waits or is under way besides begins anew.
        _ => ("others", Carriage::Never),
    }
}

/// What was carried over.
#[derive(Debug, Clone, Default)]
pub struct CarriedOver {
    /// How many items, by what they are.
    pub items: BTreeMap<&'static str, usize>,
    /// Items whose key is none of this table's: they stay behind.
    pub unknown: usize,
}

/// A page of what happened to people, by the table that is given up.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// Each with its controller.
    pub events: Vec<(ControllerId, SubjectEvent)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// What happened, by a trigger's item.
fn events_of(item: Item) -> Result<Vec<(ControllerId, SubjectEvent)>, PortError> {
    let ItemKey::Trigger(controller, subject, ..) = key_of(&item)? else {
        return Err(PortError::corrupt("a trigger", "its key is of something else"));
    };
    let (event, purpose, first_at, last_at, seen) = trigger_parts(item)?;
    let event = |occurred_at| {
        let (subject, event, purpose) = (subject.clone(), event.clone(), purpose.clone());
        (controller.clone(), SubjectEvent { subject, event, purpose, occurred_at })
    };
    let times: BTreeSet<Timestamp> = seen.into_iter().chain([first_at, last_at]).collect();
    Ok(times.into_iter().map(event).collect())
}

/// Whether nothing keeps a record any more at that time: one that is held is in no index.
fn is_due(item: &Item, at: Timestamp) -> bool {
    time_in(item, "due_at").is_some_and(|due_at| due_at <= at)
}

impl Cloud {
    /// Carries over to this table what that one knows of consents, requests, events, disclosures and records
    /// that came after the backup. A record that is due by then stays behind. Doing it again carries over what is left.
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn carry_over(&self, from: &str, at: Timestamp, dry_run: bool) -> Result<CarriedOver, PortError> {
        let mut carried = CarriedOver::default();
        let mut next = None;
        loop {
            let page = self
                .dynamodb()
                .scan()
                .table_name(from)
                .consistent_read(true)
                .set_exclusive_start_key(next)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            let mut known = Vec::new();
            for item in page.items.unwrap_or_default() {
                match key_of(&item) {
                    // What is due there would come back to be deleted, each time anew.
                    Ok(ItemKey::Record(..)) if is_due(&item, at) => {}
                    Ok(key) => known.push((key, item)),
                    Err(_) => carried.unknown += 1,
                }
            }
            let carry = known.into_iter().map(|(key, item)| self.carry(key, item, dry_run));
            let mut done = stream::iter(carry).buffer_unordered(ITEMS_AT_ONCE);
            while let Some(came_along) = done.try_next().await? {
                if let Some(what) = came_along {
                    *carried.items.entry(what).or_default() += 1;
                }
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                return Ok(carried);
            }
        }
    }

    /// A page of what happened to people, by the table that is given up. The clocks of their records have to hear of
    /// it, all of it each time: what a run that was cut off had carried over looks like what was there before.
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn events_in(&self, table: &str, from: Option<&str>) -> Result<EventPage, PortError> {
        let page = self
            .dynamodb()
            .scan()
            .table_name(table)
            .consistent_read(true)
            .filter_expression("begins_with(sk, :triggers)")
            .expression_attribute_values(":triggers", text(TRIGGERS))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let events = page.items.unwrap_or_default().into_iter().map(events_of).collect::<Result<Vec<_>, _>>()?;
        let next = page.last_evaluated_key.map(Cursor::write).transpose()?;
        Ok(EventPage { events: events.into_iter().flatten().collect(), next })
    }

    /// Carries one item over, if it is missing or behind. Answers what it was.
    async fn carry(&self, key: ItemKey, item: Item, dry_run: bool) -> Result<Option<&'static str>, PortError> {
        let (what, carriage) = carriage(&key);
        if carriage == Carriage::Never {
            return Ok(None);
        }
        match self.get(&key).await? {
            Some(standing) if carriage == Carriage::Once || standing == item => return Ok(None),
            Some(_) | None if dry_run => {}
            Some(_) => {
                let put = self.dynamodb().put_item().table_name(self.table()?).set_item(Some(item)).send().await;
                put.map_err(|error| unavailable(TABLE, &error))?;
            }
            None => drop(self.put_new(item).await?),
        }
        Ok(Some(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn what_people_said_and_what_happened_comes_along_and_what_is_under_way_does_not() {
        let (subject, breach) = (format!("C#acme#S#1.{ID}"), format!("C#acme#B#{ID}"));
        for (pk, sk, expected) in [
            (subject.as_str(), format!("CONSENT#{ID}"), Carriage::Once),
            (&subject, format!("RECORD#{ID}"), Carriage::Once),
            (&subject, format!("REQUEST#{ID}#3-000001"), Carriage::Once),
            (&subject, format!("REQUEST#{ID}#0-RECEIVED"), Carriage::Latest),
            (&subject, format!("REQUEST#{ID}#MAIL-ANSWER"), Carriage::Latest),
            (&subject, "TRIGGER#contract.ended".to_owned(), Carriage::Latest),
            (&subject, format!("HOLD#{ID}"), Carriage::Never),
            (&subject, format!("REQUEST#{ID}#CODE"), Carriage::Never),
            (&breach, format!("NOTICE#1.{ID}"), Carriage::Latest),
            (&breach, "TALLY#07".to_owned(), Carriage::Latest),
            ("C#acme", format!("REQUEST#{ID}"), Carriage::Once),
            ("C#acme", "SYSTEM#crm".to_owned(), Carriage::Never),
        ] {
            let key = ItemKey::parse(pk, &sk).unwrap();
            assert_eq!(carriage(&key).1, expected, "{sk}");
        }
    }
}
