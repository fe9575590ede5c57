//! Deletion: conditional, in batches, with an answer for each record.

use app::{
    destruction::{Condition, Deletion, Doomed},
    error::PortError,
};
use aws_sdk_dynamodb::{
    operation::delete_item::DeleteItemError,
    types::{
        BatchStatementErrorCodeEnum as Code, BatchStatementRequest, BatchStatementResponse, ReturnValue,
        ReturnValuesOnConditionCheckFailure,
    },
};
use domain::{evidence::DeletionResult, ids::ControllerId, record::System};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::time::Duration;
use wire::stored::deletion::{Doomed as DoomedForm, DoomedParts};

use super::{Item, TABLE, Update, Updated, keys::ItemKey, records::content_of, text, time};
use crate::{Cloud, failure::unavailable};

/// Most statements of one call (DynamoDB's limit).
const STATEMENTS_MAX: usize = 25;

/// Calls under way at once.
const CALLS_AT_ONCE: usize = 8;

/// How often statements that were turned away for a passing reason are tried again.
const ROUNDS_MAX: u32 = 5;

/// The first pause before they are; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);

/// A doomed record as its stored form.
pub(crate) fn doomed_form(doomed: &Doomed) -> DoomedForm {
    DoomedForm::from(&DoomedParts {
        subject: doomed.subject.clone(),
        record: doomed.record.clone(),
        category: doomed.category.clone(),
        purpose: doomed.purpose.clone(),
        system: doomed.system.clone(),
        clause: doomed.clause.clone(),
        due_at: doomed.due_at,
        salt: doomed.salt,
    })
}

/// A doomed record as it was stored.
pub(crate) fn doomed_of(parts: DoomedParts) -> Doomed {
    Doomed {
        subject: parts.subject,
        record: parts.record,
        category: parts.category,
        purpose: parts.purpose,
        system: parts.system,
        clause: parts.clause,
        due_at: parts.due_at,
        salt: parts.salt,
    }
}

fn key_of(controller: &ControllerId, doomed: &Doomed) -> ItemKey {
    ItemKey::Record(controller.clone(), doomed.subject.clone(), doomed.record.clone())
}

/// The whole condition stands in the statement, so that a hold or a renewal that comes between the
/// index and the deletion wins. RETURNING tells a deletion from a record that was gone before.
fn statement(table: &str, key: &ItemKey, condition: Condition) -> Result<BatchStatementRequest, PortError> {
    let due = match condition {
        Condition::DueAt(_) => " AND due_at <= ?",
        Condition::Asked => "",
    };
    let request = BatchStatementRequest::builder()
        .statement(format!(
            "DELETE FROM \"{table}\" WHERE pk = ? AND sk = ?{due} AND holds IS MISSING RETURNING ALL OLD *"
        ))
        .parameters(text(key.pk()))
        .parameters(text(key.sk()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let request = match condition {
        Condition::DueAt(at) => request.parameters(time(at)),
        Condition::Asked => request,
    };
    request.build().map_err(|_| PortError::corrupt("a deletion", "its statement cannot be written"))
}

/// Why the condition did not hold for an item that stands.
fn kept(item: &Item, condition: Condition) -> DeletionResult {
    match condition {
        _ if item.contains_key("holds") => DeletionResult::Held,
        Condition::DueAt(_) => DeletionResult::NotDue,
        // Nothing else was asked of it: the hold that was in the way is gone again, so it is tried again.
        Condition::Asked => DeletionResult::Failed,
    }
}

enum Answer {
    Final(DeletionResult),
    Again,
    /// Refused, and it was not shown what stands there: "gone" would be a guess.
    Unknown,
}

fn answer(response: Option<&BatchStatementResponse>, condition: Condition) -> Answer {
    let Some(response) = response else { return Answer::Again };
    let Some(error) = response.error() else {
        let was_there = response.item().is_some_and(|item| !item.is_empty());
        return Answer::Final(if was_there { DeletionResult::Deleted } else { DeletionResult::Absent });
    };
    match (error.code(), error.item()) {
        (Some(Code::ConditionalCheckFailed), Some(item)) => Answer::Final(kept(item, condition)),
        (Some(Code::ConditionalCheckFailed), None) => Answer::Unknown,
        (
            Some(
                Code::InternalServerError
                | Code::ItemCollectionSizeLimitExceeded
                | Code::ProvisionedThroughputExceeded
                | Code::RequestLimitExceeded
                | Code::ThrottlingError
                | Code::TransactionConflict,
            ),
            _,
        ) => Answer::Again,
        _ => Answer::Final(DeletionResult::Failed),
    }
}

impl Deletion for Cloud {
    async fn delete_records(
        &self,
        controller: &ControllerId,
        records: &[Doomed],
        condition: Condition,
    ) -> Result<Vec<DeletionResult>, PortError> {
        let mut results = vec![DeletionResult::Failed; records.len()];
        let (own, objects): (Vec<_>, Vec<_>) =
            records.iter().enumerate().partition(|(_, doomed)| doomed.system == System::Habeas);

        let calls = own.chunks(STATEMENTS_MAX).map(|chunk| self.delete_items(controller, chunk, condition));
        let mut calls = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        while let Some(answers) = calls.try_next().await? {
            for (position, result) in answers {
                results[position] = result;
            }
        }
        let calls = objects.into_iter().map(async |(position, doomed)| {
            Ok::<_, PortError>((position, self.delete_object(controller, doomed, condition).await?))
        });
        let mut calls = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        while let Some((position, result)) = calls.try_next().await? {
            results[position] = result;
        }
        Ok(results)
    }

    async fn stand(&self, controller: &ControllerId, records: &[Doomed]) -> Result<Vec<bool>, PortError> {
        let reads = records.iter().map(|doomed| self.stands(controller, doomed));
        stream::iter(reads).buffered(CALLS_AT_ONCE).try_collect().await
    }
}

impl Cloud {
    async fn stands(&self, controller: &ControllerId, doomed: &Doomed) -> Result<bool, PortError> {
        let key = key_of(controller, doomed);
        let got = self
            .dynamodb()
            .get_item()
            .table_name(self.table()?)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .consistent_read(true)
            .projection_expression("pk")
            .send()
            .await;
        got.map(|output| output.item.is_some()).map_err(|error| unavailable(TABLE, &error))
    }

    /// Deletes items of the table, with an answer for each position.
    async fn delete_items(
        &self,
        controller: &ControllerId,
        records: &[(usize, &Doomed)],
        condition: Condition,
    ) -> Result<Vec<(usize, DeletionResult)>, PortError> {
        let table = self.table()?;
        let mut open = records
            .iter()
            .map(|(position, doomed)| Ok((*position, statement(table, &key_of(controller, doomed), condition)?)))
            .collect::<Result<Vec<_>, PortError>>()?;
        let mut answers = Vec::with_capacity(open.len());
        for round in 0..ROUNDS_MAX {
            if round > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(round - 1)).await;
            }
            self.pace.wait(open.len()).await;
            let statements = open.iter().map(|(_, statement)| statement.clone()).collect();
            let output = self
                .dynamodb()
                .batch_execute_statement()
                .set_statements(Some(statements))
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            let mut again = Vec::new();
            let mut unknown = Vec::new();
            for (index, (position, statement)) in open.into_iter().enumerate() {
                match answer(output.responses().get(index), condition) {
                    Answer::Final(result) => answers.push((position, result)),
                    Answer::Again => again.push((position, statement)),
                    Answer::Unknown => unknown.push(position),
                }
            }
            for (position, doomed) in records.iter().filter(|(position, _)| unknown.contains(position)) {
                let stands = self.stands(controller, doomed).await?;
                answers.push((*position, if stands { DeletionResult::Failed } else { DeletionResult::Absent }));
            }
            self.pace.learn(!again.is_empty());
            open = again;
            if open.is_empty() {
                return Ok(answers);
            }
        }
        answers.extend(open.into_iter().map(|(position, _)| (position, DeletionResult::Failed)));
        Ok(answers)
    }

    /// Deletes a record whose object lies in the records bucket: first it is marked, so that no hold
    /// can come any more, then the object goes with all its versions, then the item.
    async fn delete_object(
        &self,
        controller: &ControllerId,
        doomed: &Doomed,
        condition: Condition,
    ) -> Result<DeletionResult, PortError> {
        let key = key_of(controller, doomed);
        let update = Update::default().set("purging", aws_sdk_dynamodb::types::AttributeValue::Bool(true));
        let (update, expression) = match condition {
            Condition::DueAt(at) => {
                (update.with("at", time(at)), "attribute_exists(pk) AND attribute_not_exists(holds) AND due_at <= :at")
            }
            Condition::Asked => (update, "attribute_exists(pk) AND attribute_not_exists(holds)"),
        };
        let item = match self.update(&key, update, expression, ReturnValue::AllNew).await? {
            Updated::Done(item) => item,
            Updated::Refused(None) => return Ok(DeletionResult::Absent),
            Updated::Refused(Some(item)) => return Ok(kept(&item, condition)),
        };
        let sealed = item.get("sealed").and_then(|sealed| sealed.as_b().ok());
        let Some(sealed) = sealed else { return Ok(DeletionResult::Failed) };
        let Some(plain) = self.open(controller, &doomed.subject, &key, sealed.as_ref()).await? else {
            // Without its key nobody can tell where the object lies: a person has to look.
            return Ok(DeletionResult::Failed);
        };
        let content = content_of(&zeroize::Zeroizing::new(plain))?;
        // Disclosed to S3, whose own name for the object it is.
        if !self.delete_versions(content.locator.disclose()).await? {
            return Ok(DeletionResult::Failed);
        }
        let deleted = self
            .dynamodb()
            .delete_item()
            .table_name(self.table()?)
            .key("pk", text(key.pk()))
            .key("sk", text(key.sk()))
            .condition_expression("attribute_exists(purging)")
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(DeletionResult::Deleted),
            Err(error) => match error.as_service_error() {
                // Another run came first.
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(DeletionResult::Absent),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }
}
