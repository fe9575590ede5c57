//! Writes of what is sealed: in one transaction with the check that the key still stands, so that no warm
//! function writes under a key that was destroyed meanwhile.

use std::time::Duration;

use app::error::{Appended, PortError};
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
        Update as TransactUpdate,
    },
};
use domain::ids::{ControllerId, SubjectRef};
use jiff::Timestamp;

use super::{Item, TABLE, Update, keys::ItemKey, text};
use crate::{Cloud, failure::unavailable, keys::FieldKey};

/// How often a write is sealed anew because its key was destroyed meanwhile.
const SEALS_MAX: usize = 3;

/// How often a transaction that was turned away for a passing reason is tried again.
const ROUNDS_MAX: u32 = 5;

/// The first pause before it is; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(20);

/// What a transaction came to.
pub(crate) enum Transacted {
    /// All of it was done.
    Done,
    /// Nothing was: for each part whose condition did not hold, what stands there, as far as it was asked for.
    Refused(Vec<Option<Item>>),
}

/// What a write under a key came to.
pub(crate) enum Written<T> {
    /// It was decided: done or refused, as it says.
    Decided(T),
    /// The key was destroyed meanwhile, so nothing was written.
    KeyGone,
}

enum Canceled {
    Again,
    Refused(Vec<Option<Item>>),
    Failed,
}

fn canceled(reasons: &[CancellationReason]) -> Canceled {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let codes: Vec<_> = reasons.iter().map(code).collect();
    let any = |wanted: &[&str]| codes.iter().any(|code| wanted.contains(&code.as_str()));
    if any(&["ConditionalCheckFailed"]) {
        let stands = |(reason, code): (&CancellationReason, &String)| {
            (code == "ConditionalCheckFailed").then(|| reason.item().cloned().unwrap_or_default())
        };
        return Canceled::Refused(reasons.iter().zip(&codes).map(stands).collect());
    }
    if any(&["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]) {
        return Canceled::Again;
    }
    Canceled::Failed
}

/// A put unless something stands there, which is shown then.
pub(super) fn new_item(table: &str, item: Item) -> Result<TransactWriteItem, PortError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(unwritable)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put over whatever stands there.
pub(super) fn any_item(table: &str, item: Item) -> Result<TransactWriteItem, PortError> {
    let put = Put::builder().table_name(table).set_item(Some(item)).build().map_err(unwritable)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A conditional update.
pub(super) fn updated(
    table: &str,
    key: &ItemKey,
    update: Update,
    condition: &str,
) -> Result<TransactWriteItem, PortError> {
    let update = TransactUpdate::builder()
        .table_name(table)
        .key("pk", text(key.pk()))
        .key("sk", text(key.sk()))
        .update_expression(update.expression())
        .condition_expression(condition)
        .set_expression_attribute_names(Some(update.names))
        .set_expression_attribute_values(Some(update.values).filter(|values| !values.is_empty()))
        .build()
        .map_err(unwritable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// A check that writes nothing.
pub(super) fn checked(check: ConditionCheck) -> TransactWriteItem {
    TransactWriteItem::builder().condition_check(check).build()
}

pub(super) fn unwritable(_: aws_sdk_dynamodb::error::BuildError) -> PortError {
    PortError::corrupt("a transaction", "it cannot be written")
}

impl Cloud {
    /// Does all of it or nothing. What was turned away for a passing reason is tried again.
    pub(super) async fn transact(&self, parts: Vec<TransactWriteItem>) -> Result<Transacted, PortError> {
        let mut round = 0;
        loop {
            let done = self.dynamodb().transact_write_items().set_transact_items(Some(parts.clone())).send().await;
            let Err(error) = done else { return Ok(Transacted::Done) };
            let Some(TransactWriteItemsError::TransactionCanceledException(reasons)) = error.as_service_error() else {
                return Err(unavailable(TABLE, &error));
            };
            match canceled(reasons.cancellation_reasons()) {
                Canceled::Refused(parts) => return Ok(Transacted::Refused(parts)),
                Canceled::Again if round < ROUNDS_MAX => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(round)).await;
                    round += 1;
                }
                Canceled::Again | Canceled::Failed => return Err(unavailable(TABLE, &error)),
            }
        }
    }

    /// Does all of it if the key stands. Where a condition of the parts fails too, that counts.
    pub(super) async fn transact_under(
        &self,
        key: &FieldKey,
        mut parts: Vec<TransactWriteItem>,
    ) -> Result<Written<Transacted>, PortError> {
        parts.push(checked(key.stands(self.key_table()?)?));
        match self.transact(parts).await? {
            Transacted::Done => Ok(Written::Decided(Transacted::Done)),
            Transacted::Refused(mut refused) => {
                refused.pop();
                let is_refused = refused.iter().any(Option::is_some);
                Ok(if is_refused { Written::Decided(Transacted::Refused(refused)) } else { Written::KeyGone })
            }
        }
    }

    /// Writes an item with something sealed in it, unless one stands under its key, as [`Cloud::put_new`] does.
    pub(crate) async fn put_new_under(&self, key: &FieldKey, item: Item) -> Result<Written<Appended<Item>>, PortError> {
        let part = new_item(self.table()?, item)?;
        Ok(match self.transact_under(key, vec![part]).await? {
            Written::KeyGone => Written::KeyGone,
            Written::Decided(Transacted::Done) => Written::Decided(Appended::Fresh),
            Written::Decided(Transacted::Refused(stands)) => {
                let item = stands.into_iter().next().flatten().filter(|item| !item.is_empty());
                let item = item.ok_or_else(|| PortError::corrupt("an item", "a refused write did not show it"))?;
                Written::Decided(Appended::Existing(item))
            }
        })
    }

    /// Seals and writes under the subject's key, which is made at that time if there is none; under the one that
    /// stands then, if it was destroyed meanwhile.
    pub(crate) async fn write_under<T>(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        at: Timestamp,
        write: impl AsyncFn(&FieldKey) -> Result<Written<T>, PortError>,
    ) -> Result<T, PortError> {
        for _ in 0..SEALS_MAX {
            let key = self.subject_key_or_new(controller, subject, at).await?;
            if let Written::Decided(written) = write(&key).await? {
                return Ok(written);
            }
        }
        Err(PortError::unavailable("a subject's key", "it is destroyed each time it is made"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str, item: Option<Item>) -> CancellationReason {
        CancellationReason::builder().code(code).set_item(item).build()
    }

    #[test]
    fn a_condition_that_failed_outweighs_a_conflict() {
        let stands = Item::from([("pk".to_owned(), text("there"))]);
        let reasons = [reason("TransactionConflict", None), reason("ConditionalCheckFailed", Some(stands.clone()))];
        let Canceled::Refused(refused) = canceled(&reasons) else { panic!("it was refused") };
        assert_eq!(refused, [None, Some(stands)]);
    }

    #[test]
    fn what_was_turned_away_in_passing_is_tried_again_and_nothing_else_is() {
        for passing in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            assert!(matches!(canceled(&[reason("None", None), reason(passing, None)]), Canceled::Again), "{passing}");
        }
        assert!(matches!(canceled(&[reason("ValidationError", None)]), Canceled::Failed));
    }
}
