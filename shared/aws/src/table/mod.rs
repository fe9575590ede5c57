//! The table: one file for each port, and what they share.

mod announcements;
mod attestations;
mod breaches;
mod capture_mails;
mod carry;
mod challenges;
mod changes;
mod consents;
mod deadlines;
mod deletion;
mod disclosures;
mod due;
mod holds;
pub mod keys;
mod limits;
mod logs;
mod planning;
mod purge;
mod records;
mod requests;
mod sealed;
mod signals;
mod stored;
mod systems;
mod told;
mod tombstones;
mod traces;
mod walks;

use std::collections::HashMap;

use app::error::{Appended, PortError};
use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use aws_smithy_types::Blob;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use wire::{
    evidence::content::{SALT, has_leaf},
    stored::{Kind, Unreadable, millis},
};

use crate::{cloud::Cloud, failure::unavailable, random::random_bytes, table::keys::ItemKey};

pub use carry::{CarriedOver, EventPage};
pub(crate) use deletion::{doomed_form, doomed_of};
pub(crate) use sealed::Written;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// What the table is called in errors.
const TABLE: &str = "the table";

/// An item may outlive its time by that much before DynamoDB removes it by itself: the sweep keeps
/// the promise, TTL tidies up behind it.
const TTL_GRACE_SECONDS: i64 = 24 * 60 * 60;

/// What holds in any case: every update has a condition, and some have none to make.
const ALWAYS: &str = "attribute_exists(pk) OR attribute_not_exists(pk)";

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn time(at: Timestamp) -> AttributeValue {
    number(millis(at))
}

/// A time that an item has; `None` if it has none, or it does not read.
pub(crate) fn time_in(item: &Item, name: &str) -> Option<Timestamp> {
    let millis = item.get(name)?.as_n().ok()?.parse().ok()?;
    Timestamp::from_millisecond(millis).ok()
}

/// When DynamoDB may remove what ends then: in seconds, rounded up, a day after.
pub(crate) fn ttl(ends_at: Timestamp) -> AttributeValue {
    number(millis(ends_at).div_euclid(1_000) + i64::from(millis(ends_at).rem_euclid(1_000) > 0) + TTL_GRACE_SECONDS)
}

/// A stored form as an item under a key. The one place where items are made that are to be inserted: whatever has a
/// leaf in the evidence gets its salt here, and nobody can forget it.
pub(crate) fn item_of(key: &ItemKey, form: &impl Serialize) -> Result<Item, PortError> {
    let mut item = fields_of(form)?;
    let kind = item.get("kind").and_then(|kind| kind.as_s().ok()).and_then(|kind| Kind::parse(kind));
    if kind.is_some_and(has_leaf) && !item.contains_key(SALT) {
        item.insert(SALT.to_owned(), AttributeValue::B(Blob::new(random_bytes::<16>()?)));
    }
    item.insert("pk".to_owned(), text(key.pk()));
    item.insert("sk".to_owned(), text(key.sk()));
    Ok(item)
}

fn fields_of(form: &impl Serialize) -> Result<Item, PortError> {
    // The writer's own error can quote a value.
    serde_dynamo::to_item(form).map_err(|_| PortError::corrupt("an item", "it cannot be written"))
}

/// Reads an item as a stored form.
pub(crate) fn form_of<F: DeserializeOwned>(what: &'static str, item: Item) -> Result<F, PortError> {
    // The reader's own error can quote a value.
    serde_dynamo::from_item(item).map_err(|_| PortError::corrupt(what, "it is not of its form"))
}

pub(crate) fn unreadable(what: &'static str) -> impl Fn(Unreadable) -> PortError {
    move |error| PortError::corrupt(what, error.to_string())
}

/// Which item it is, by its key.
pub(crate) fn key_of(item: &Item) -> Result<ItemKey, PortError> {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let (Some(pk), Some(sk)) = (part("pk"), part("sk")) else {
        return Err(PortError::corrupt("an item", "it has no key"));
    };
    ItemKey::parse(pk, sk).map_err(|error| PortError::corrupt("an item", error.to_string()))
}

/// What an update came to.
pub(crate) enum Updated {
    /// It was made; these are the attributes asked for.
    Done(Item),
    /// The condition did not hold; this is what stands there, if anything does.
    Refused(Option<Item>),
}

/// One conditional update, put together clause by clause. Every name and value goes by placeholder.
#[derive(Default)]
pub(crate) struct Update {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    delete: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Update {
    /// Sets an attribute.
    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(name, value));
        self.set.push(format!("{name} = {value}"));
        self
    }

    /// Sets an attribute unless it stands.
    pub(crate) fn set_once(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(name, value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    /// Adds to a number, which begins at zero, or to a set, which begins empty.
    pub(crate) fn add(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(name, value));
        self.add.push(format!("{name} {value}"));
        self
    }

    /// Takes an attribute away.
    pub(crate) fn remove(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.remove.push(name);
        self
    }

    /// Takes from a set, which goes with its last member.
    pub(crate) fn delete(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(name, value));
        self.delete.push(format!("{name} {value}"));
        self
    }

    /// Sets an attribute, or takes it away.
    pub(crate) fn put(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    /// Names a value for the condition.
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.value(name, value);
        self
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{name}");
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub(crate) fn expression(&self) -> String {
        let mut expression = String::new();
        for (verb, clauses) in
            [("SET", &self.set), ("ADD", &self.add), ("REMOVE", &self.remove), ("DELETE", &self.delete)]
        {
            if !clauses.is_empty() {
                expression.push_str(&format!("{verb} {} ", clauses.join(", ")));
            }
        }
        expression
    }
}

/// Which items of a partition a query reads.
pub(crate) enum Sorts {
    /// Those whose sort key starts so.
    Under(String),
    /// Those between, ends included.
    Between(String, String),
}

impl Cloud {
    /// Writes an item unless one stands under its key: one conditional write, which answers what
    /// stands there.
    pub(crate) async fn put_new(&self, item: Item) -> Result<Appended<Item>, PortError> {
        self.put_new_in(self.table()?, item).await
    }

    /// The same in a table of that name.
    pub(crate) async fn put_new_in(&self, table: &str, item: Item) -> Result<Appended<Item>, PortError> {
        let put = self
            .dynamodb()
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(Appended::Fresh),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => failed
                    .item
                    .clone()
                    .map(Appended::Existing)
                    .ok_or_else(|| PortError::corrupt("an item", "a refused write did not show it")),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }

    /// Writes an item, if what stands is of the revision before; answers whether it did.
    pub(crate) async fn put_revised(&self, item: Item, revision: u64) -> Result<bool, PortError> {
        let put = self.dynamodb().put_item().table_name(self.table()?).set_item(Some(item));
        let put = match revision.saturating_sub(1) {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            before => put
                .condition_expression("#rev = :before")
                .expression_attribute_names("#rev", "rev")
                .expression_attribute_values(":before", number(before)),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }

    /// Makes a conditional update. `returned` says which attributes are answered.
    pub(crate) async fn update(
        &self,
        key: &ItemKey,
        update: Update,
        condition: &str,
        returned: aws_sdk_dynamodb::types::ReturnValue,
    ) -> Result<Updated, PortError> {
        self.update_in(self.table()?, key, update, condition, returned).await
    }

    /// The same in a table of that name.
    pub(crate) async fn update_in(
        &self,
        table: &str,
        key: &ItemKey,
        update: Update,
        condition: &str,
        returned: aws_sdk_dynamodb::types::ReturnValue,
    ) -> Result<Updated, PortError> {
        let done = self
            .dynamodb()
            .update_item()
            .table_name(table)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .update_expression(update.expression())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values).filter(|values| !values.is_empty()))
            .return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match done {
            Ok(output) => Ok(Updated::Done(output.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Updated::Refused(failed.item.clone().filter(|item| !item.is_empty())))
                }
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }

    /// Reads one item, consistently.
    pub(crate) async fn get(&self, key: &ItemKey) -> Result<Option<Item>, PortError> {
        self.get_part(key, None).await
    }

    /// Reads one attribute of an item, or all of it.
    pub(crate) async fn get_part(&self, key: &ItemKey, attribute: Option<&str>) -> Result<Option<Item>, PortError> {
        let got = self
            .dynamodb()
            .get_item()
            .table_name(self.table()?)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .consistent_read(true)
            .set_projection_expression(attribute.map(str::to_owned))
            .send()
            .await;
        got.map(|output| output.item).map_err(|error| unavailable(TABLE, &error))
    }

    /// Deletes one item, if it stands.
    pub(crate) async fn delete(&self, key: &ItemKey) -> Result<(), PortError> {
        let deleted = self
            .dynamodb()
            .delete_item()
            .table_name(self.table()?)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .send()
            .await;
        deleted.map(drop).map_err(|error| unavailable(TABLE, &error))
    }

    /// Reads items of a partition, consistently, page by page until there are none left.
    pub(crate) async fn query(&self, pk: String, sorts: Sorts) -> Result<Vec<Item>, PortError> {
        self.query_in((TABLE, self.table()?), pk, sorts).await
    }

    /// The same in another table, with what it is called in errors.
    pub(crate) async fn query_in(
        &self,
        (what, table): (&'static str, &str),
        pk: String,
        sorts: Sorts,
    ) -> Result<Vec<Item>, PortError> {
        let (condition, low, high) = match sorts {
            Sorts::Under(prefix) => ("pk = :pk AND begins_with(sk, :low)", prefix, None),
            Sorts::Between(low, high) => ("pk = :pk AND sk BETWEEN :low AND :high", low, Some(high)),
        };
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .dynamodb()
                .query()
                .table_name(table)
                .consistent_read(true)
                .key_condition_expression(condition)
                .expression_attribute_values(":pk", text(pk.as_str()))
                .expression_attribute_values(":low", text(low.as_str()));
            let page = match &high {
                Some(high) => page.expression_attribute_values(":high", text(high.as_str())),
                None => page,
            };
            let page = page.set_exclusive_start_key(from).send().await.map_err(|error| unavailable(what, &error))?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(items);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{AttestationId, BreachId, ControllerId, SubjectRef};
    use wire::stored::{attestation::Attested, breach::Notice};

    use super::*;

    #[test]
    fn what_has_a_leaf_gets_a_salt_of_its_own_and_nothing_else_does() {
        let controller = ControllerId::parse("scantrust").unwrap();
        let of = domain::announcement::Announcement::Breach(BreachId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap());
        let subject = SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let notice = || {
            let key = ItemKey::Notice(controller.clone(), of.clone(), subject.clone());
            item_of(&key, &Notice::planned(Timestamp::UNIX_EPOCH)).unwrap()
        };
        let salt = |item: &Item| item.get(SALT).map(|salt| salt.as_b().unwrap().as_ref().to_vec());
        let (one, other) = (salt(&notice()).unwrap(), salt(&notice()).unwrap());
        assert_eq!(one.len(), 16);
        assert_ne!(one, other);

        let key = ItemKey::Attested(controller.clone(), AttestationId::parse("encryption-at-rest").unwrap());
        let attested = Attested { v: 1, kind: Kind::Attested, ends_at: 0 };
        assert_eq!(salt(&item_of(&key, &attested).unwrap()), None);
    }

    #[test]
    fn ttl_is_a_day_after_the_end_in_whole_seconds_rounded_up() {
        for (millis, seconds) in [(0, 86_400), (1, 86_401), (1_000, 86_401), (1_999, 86_402)] {
            let at = Timestamp::from_millisecond(millis).unwrap();
            assert_eq!(ttl(at), number(seconds), "{millis}");
        }
    }
}
