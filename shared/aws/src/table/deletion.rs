//! Deletion: conditional, in batches, with an answer for each record.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use app::{
    destruction::{Condition, Deletion, Doomed},
    error::PortError,
};
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum as Code, BatchStatementRequest, BatchStatementResponse,
    ReturnValuesOnConditionCheckFailure,
};
use aws_smithy_types::Blob;
use domain::{
    evidence::DeletionResult,
    ids::{ControllerId, SubjectRef},
    record::System,
    sensitive::Sensitive,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use wire::stored::deletion::{Doomed as DoomedForm, DoomedParts};
use zeroize::Zeroizing;

use super::{Item, TABLE, keys::ItemKey, records::content_of, text, time};
use crate::{Cloud, failure::unavailable, objects::Fate};

/// Most statements of one call (DynamoDB's limit).
pub(super) const STATEMENTS_MAX: usize = 25;

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

/// What a statement does to a record.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Deletes it, if the condition holds.
    Delete(Condition),
    /// Marks it as being deleted, if the condition holds: no hold comes any more. It answers what it marked.
    Mark(Condition),
    /// Deletes what was marked, when its object is gone.
    DeleteMarked,
}

impl Act {
    /// What it is if there is nothing to carry it out on. After a call whose answer was lost, that call deleted it: it
    /// stood when the batch was intended.
    fn gone(self, unsure: bool) -> Outcome {
        match self {
            Self::Delete(_) | Self::DeleteMarked if unsure => Outcome::Done(Item::new()),
            _ => Outcome::Absent,
        }
    }

    /// The whole condition stands in the statement, so that a hold or a renewal that comes between the
    /// index and the deletion wins, and so that what was registered again since, under a salt of its own, is not deleted
    /// under evidence that is not about it. RETURNING tells a deletion from a record that was gone before.
    fn statement(self, table: &str) -> String {
        let due = |condition| match condition {
            Condition::DueAt(_) => " AND due_at <= ?",
            Condition::Asked => "",
        };
        let (verb, condition, returned) = match self {
            Self::Delete(condition) => ("DELETE FROM", format!("{} AND holds IS MISSING", due(condition)), "OLD"),
            Self::Mark(condition) => ("UPDATE", format!("{} AND holds IS MISSING", due(condition)), "NEW"),
            Self::DeleteMarked => ("DELETE FROM", " AND purging = true".to_owned(), "OLD"),
        };
        let set = if matches!(self, Self::Mark(_)) { " SET purging = true" } else { "" };
        format!("{verb} \"{table}\"{set} WHERE pk = ? AND sk = ? AND salt = ?{condition} RETURNING ALL {returned} *")
    }

    /// One record's request, with the statement's text.
    fn request(
        self,
        statement: &str,
        controller: &ControllerId,
        doomed: &Doomed,
    ) -> Result<BatchStatementRequest, PortError> {
        let key = key_of(controller, doomed);
        let mut parameters = vec![text(key.pk()), text(key.sk()), salted(&doomed.salt)];
        if let Self::Delete(Condition::DueAt(at)) | Self::Mark(Condition::DueAt(at)) = self {
            parameters.push(time(at));
        }
        BatchStatementRequest::builder()
            .statement(statement)
            .set_parameters(Some(parameters))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|_| PortError::corrupt("a deletion", "its statement cannot be written"))
    }
}

/// What an item has, if it is this very record.
fn salted(salt: &[u8; 16]) -> AttributeValue {
    AttributeValue::B(Blob::new(salt.as_slice()))
}

/// Why the condition did not hold for an item that stands.
fn kept(item: &Item, doomed: &Doomed, condition: Condition) -> DeletionResult {
    match condition {
        // It was registered again since: what was to be deleted is gone.
        _ if item.get("salt") != Some(&salted(&doomed.salt)) => DeletionResult::Absent,
        _ if item.contains_key("holds") => DeletionResult::Held,
        Condition::DueAt(_) => DeletionResult::NotDue,
        // Nothing else was asked of it: the hold that was in the way is gone again, so it is tried again.
        Condition::Asked => DeletionResult::Failed,
    }
}

/// What a statement came to.
enum Outcome {
    /// Carried out, on this item.
    Done(Item),
    /// There was nothing to carry it out on.
    Absent,
    /// The condition did not hold for this item.
    Refused(Item),
    /// Refused, and it was not shown what stands there: "gone" would be a guess.
    Unknown,
    /// Turned away for a reason that passes.
    Again,
    Failed,
}

fn outcome(response: Option<BatchStatementResponse>) -> Outcome {
    let Some(response) = response else { return Outcome::Again };
    let Some(error) = response.error else {
        return match response.item.filter(|item| !item.is_empty()) {
            Some(item) => Outcome::Done(item),
            None => Outcome::Absent,
        };
    };
    match (error.code, error.item) {
        (Some(Code::ConditionalCheckFailed), Some(item)) => Outcome::Refused(item),
        (Some(Code::ConditionalCheckFailed), None) => Outcome::Unknown,
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
        ) => Outcome::Again,
        _ => Outcome::Failed,
    }
}

/// A record with what its item has sealed, and its position.
type Sealed<'d> = (usize, &'d Doomed, Vec<u8>);

/// A record of the batch, by its position.
type Positioned<'d> = (usize, &'d Doomed);

/// A record that is marked, and where its object lies.
struct Marked<'d> {
    position: usize,
    doomed: &'d Doomed,
    locator: Sensitive<String>,
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
        for (position, outcome) in self.execute(controller, &own, Act::Delete(condition)).await? {
            results[position] = deleted(&outcome, &records[position], condition);
        }
        if !objects.is_empty() {
            self.delete_with_objects(controller, &objects, condition, &mut results).await?;
        }
        Ok(results)
    }

    async fn stand(&self, controller: &ControllerId, records: &[Doomed]) -> Result<Vec<bool>, PortError> {
        let reads = records.iter().map(|doomed| self.stands(controller, doomed));
        stream::iter(reads).buffered(CALLS_AT_ONCE).try_collect().await
    }
}

/// What an outcome says about the record itself. What was refused for no reason to see is tried again later.
fn deleted(outcome: &Outcome, doomed: &Doomed, condition: Condition) -> DeletionResult {
    match outcome {
        Outcome::Done(_) => DeletionResult::Deleted,
        Outcome::Absent => DeletionResult::Absent,
        Outcome::Refused(item) => kept(item, doomed, condition),
        Outcome::Unknown | Outcome::Again | Outcome::Failed => DeletionResult::Failed,
    }
}

impl Cloud {
    async fn stands(&self, controller: &ControllerId, doomed: &Doomed) -> Result<bool, PortError> {
        let item = self.get_part(&key_of(controller, doomed), Some("salt")).await?;
        Ok(item.is_some_and(|item| item.get("salt") == Some(&salted(&doomed.salt))))
    }

    /// Carries out an act on records, in full calls, with an outcome for each position.
    async fn execute(
        &self,
        controller: &ControllerId,
        records: &[Positioned<'_>],
        act: Act,
    ) -> Result<Vec<(usize, Outcome)>, PortError> {
        let calls = records.chunks(STATEMENTS_MAX).map(|chunk| self.execute_chunk(controller, chunk, act));
        let chunks: Vec<_> = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// One call's worth, tried again as long as something was turned away for a passing reason.
    async fn execute_chunk(
        &self,
        controller: &ControllerId,
        records: &[Positioned<'_>],
        act: Act,
    ) -> Result<Vec<(usize, Outcome)>, PortError> {
        let statement = act.statement(self.table()?);
        let mut open = records.to_vec();
        let mut outcomes = Vec::with_capacity(open.len());
        let mut unsure = false;
        for round in 0..ROUNDS_MAX {
            if round > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(round - 1)).await;
            }
            self.pace.wait(open.len()).await;
            let statements = open
                .iter()
                .map(|(_, doomed)| act.request(&statement, controller, doomed))
                .collect::<Result<Vec<_>, PortError>>()?;
            // Not sent again by the SDK, which would not say so: what it had deleted the first time would read as gone
            // before.
            let call = self.dynamodb_once().batch_execute_statement().set_statements(Some(statements));
            let output = match call.send().await {
                Ok(output) => output,
                Err(error) if round + 1 < ROUNDS_MAX => {
                    // What was refused as it came in was not begun; of anything else nobody knows.
                    unsure |= !error.raw_response().is_some_and(|answer| answer.status().is_client_error());
                    continue;
                }
                Err(error) => return Err(unavailable(TABLE, &error)),
            };
            let mut again = Vec::new();
            let mut responses = output.responses.unwrap_or_default().into_iter();
            for (position, doomed) in open {
                match outcome(responses.next()) {
                    Outcome::Again => again.push((position, doomed)),
                    Outcome::Unknown => {
                        let stands = self.stands(controller, doomed).await?;
                        outcomes.push((position, if stands { Outcome::Unknown } else { act.gone(unsure) }));
                    }
                    Outcome::Absent => outcomes.push((position, act.gone(unsure))),
                    outcome => outcomes.push((position, outcome)),
                }
            }
            self.pace.learn(!again.is_empty());
            // What was turned away stands.
            unsure = false;
            open = again;
            if open.is_empty() {
                return Ok(outcomes);
            }
        }
        outcomes.extend(open.into_iter().map(|(position, _)| (position, Outcome::Again)));
        Ok(outcomes)
    }

    /// Deletes records whose objects lie in the records bucket: first they are marked, so that no hold can come any
    /// more, then the objects go with all their versions and copies, then the items. A crash in between leaves marks,
    /// and whoever comes next goes on from there.
    async fn delete_with_objects(
        &self,
        controller: &ControllerId,
        records: &[Positioned<'_>],
        condition: Condition,
        results: &mut [DeletionResult],
    ) -> Result<(), PortError> {
        // Before anything is marked: without them nothing here can be done.
        let rules = self.file_rules(controller)?;
        let doomed: HashMap<usize, &Doomed> = records.iter().copied().collect();
        let mut sealed: BTreeMap<&SubjectRef, Vec<Sealed<'_>>> = BTreeMap::new();
        for (position, outcome) in self.execute(controller, records, Act::Mark(condition)).await? {
            let Some(doomed) = doomed.get(&position) else { continue };
            results[position] = match &outcome {
                // What becomes of it is seen below.
                Outcome::Done(_) => DeletionResult::Failed,
                _ => deleted(&outcome, doomed, condition),
            };
            let Outcome::Done(mut item) = outcome else { continue };
            if let Some(AttributeValue::B(content)) = item.remove("sealed") {
                sealed.entry(&doomed.subject).or_default().push((position, doomed, content.into_inner()));
            }
        }
        let opened = sealed.into_iter().map(|(subject, sealed)| self.locators(controller, subject, sealed));
        let marked: Vec<_> = stream::iter(opened).buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        let marked: Vec<Marked<'_>> = marked.into_iter().flatten().collect();
        // Disclosed to S3, whose own names for the objects they are.
        let keys: Vec<&str> = marked.iter().map(|marked| marked.locator.disclose().as_str()).collect();
        let fates: Vec<Fate> = self.delete_objects(&rules, &keys).await?;
        let (mut gone, mut before): (Vec<Positioned<'_>>, HashSet<usize>) = Default::default();
        for (marked, fate) in marked.iter().zip(fates).filter(|(_, fate)| *fate != Fate::Left) {
            gone.push((marked.position, marked.doomed));
            let Doomed { category, purpose, .. } = marked.doomed;
            // What S3 has deleted by a rule of the bucket, this did not: the evidence says so.
            if fate == Fate::GoneBefore && rules.free.contains(&(category.clone(), purpose.clone())) {
                before.insert(marked.position);
            }
        }
        for (position, outcome) in self.execute(controller, &gone, Act::DeleteMarked).await? {
            let Some(doomed) = doomed.get(&position) else { continue };
            results[position] = match outcome {
                // Without its mark it is another record, which was made since.
                Outcome::Refused(_) => DeletionResult::Absent,
                Outcome::Done(_) if before.contains(&position) => DeletionResult::Absent,
                outcome => deleted(&outcome, doomed, condition),
            };
        }
        Ok(())
    }

    /// Where the objects of one subject's records lie. One whose key is gone is left out: nobody can tell where its
    /// object lies, and a person has to look.
    async fn locators<'d>(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        sealed: Vec<Sealed<'d>>,
    ) -> Result<Vec<Marked<'d>>, PortError> {
        let Some(subject_key) = self.subject_key(controller, subject).await? else { return Ok(Vec::new()) };
        let mut marked = Vec::with_capacity(sealed.len());
        for (position, doomed, sealed) in sealed {
            let Some(plain) = subject_key.open(&key_of(controller, doomed), &sealed)? else { continue };
            let locator = content_of(&Zeroizing::new(plain))?.locator;
            marked.push(Marked { position, doomed, locator });
        }
        Ok(marked)
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{Category, Purpose, RecordId},
        policy::Clause,
    };

    use super::*;

    #[test]
    fn every_statement_carries_its_whole_condition() {
        let controller = ControllerId::parse("acme").unwrap();
        let doomed = Doomed {
            subject: SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
            record: RecordId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
            category: Category::parse("account").unwrap(),
            purpose: Purpose::parse("account").unwrap(),
            system: System::Habeas,
            clause: Clause::new("acme.1"),
            due_at: None,
            salt: [7; 16],
        };
        let due = Condition::DueAt("2026-01-01T00:00:00Z".parse().unwrap());
        for (act, expected, parameters) in [
            (
                Act::Delete(due),
                "DELETE FROM \"t\" WHERE pk = ? AND sk = ? AND salt = ? AND due_at <= ? AND holds IS MISSING RETURNING ALL OLD *",
                4,
            ),
            (
                Act::Mark(Condition::Asked),
                "UPDATE \"t\" SET purging = true WHERE pk = ? AND sk = ? AND salt = ? AND holds IS MISSING RETURNING ALL NEW *",
                3,
            ),
            (
                Act::DeleteMarked,
                "DELETE FROM \"t\" WHERE pk = ? AND sk = ? AND salt = ? AND purging = true RETURNING ALL OLD *",
                3,
            ),
        ] {
            let request = act.request(&act.statement("t"), &controller, &doomed).unwrap();
            assert_eq!((request.statement(), request.parameters().len()), (expected, parameters));
        }
    }
}
