//! Open deadlines and the next dates of requests, and the claims of warnings.

use app::{
    attest,
    deadlines::{Deadline, DeadlineKind, Deadlines, Urgency},
    error::PortError,
    mail::MailClaim,
    request_clock::RequestClock,
    requests::RequestKey,
};
use domain::dsar::RequestState;
use jiff::Timestamp;
use wire::stored::Kind;

use super::{
    Item, TABLE, key_of,
    keys::{DUE_INDEX, ItemKey, RequestPart, clock_shard_name, request_shard_name},
    text, time, time_in,
};
use crate::{Cloud, failure::unavailable};

/// When a deadline comes, or the next date of something.
pub(super) fn due_at(item: &Item) -> Result<Timestamp, PortError> {
    time_in(item, "due_at").ok_or_else(|| PortError::corrupt("a deadline", "due_at does not read"))
}

/// Reads a deadline; `None` for a request and a breach, which have watches of their own.
fn deadline_of(item: &Item) -> Result<Option<Deadline>, PortError> {
    let due_at = due_at(item)?;
    let deadline = match key_of(item)? {
        ItemKey::Request(_, RequestPart::Received) | ItemKey::Breach(..) => return Ok(None),
        ItemKey::Attested(controller, id) => {
            Ok(Deadline { controller, kind: DeadlineKind::Attestation, id: attest::deadline_id(&id, due_at), due_at })
        }
        ItemKey::Hold(controller, subject, hold) => Ok(Deadline {
            controller,
            kind: DeadlineKind::Hold,
            id: domain::hold::name(subject.as_ref(), &hold),
            due_at,
        }),
        _ => Err(PortError::corrupt("a deadline", "its key is of something else")),
    };
    deadline.map(Some)
}

fn warning(deadline: &Deadline, urgency: Urgency) -> ItemKey {
    ItemKey::Warned(deadline.controller.clone(), deadline.kind, deadline.id.clone(), urgency)
}

impl Cloud {
    /// Entries of a shard of the due index, earliest first, at most so many.
    pub(super) async fn due_items(
        &self,
        shard: String,
        condition: &str,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<Item>, PortError> {
        let mut items = Vec::new();
        let mut from = None;
        while items.len() < limit {
            let left = i32::try_from(limit - items.len()).unwrap_or(i32::MAX);
            let page = self
                .dynamodb()
                .query()
                .table_name(self.table()?)
                .index_name(DUE_INDEX)
                .key_condition_expression(format!("due_shard = :shard AND {condition}"))
                .expression_attribute_values(":shard", text(&shard))
                .expression_attribute_values(":at", time(at))
                .limit(left)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(items)
    }
}

impl RequestClock for Cloud {
    async fn due_requests(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(RequestKey, Timestamp)>, PortError> {
        let mut due = Vec::new();
        // Those stored before requests had shards of their own lie among the other deadlines.
        for shard in [clock_shard_name(shard), request_shard_name(shard)] {
            for item in self.due_items(shard, "due_at <= :at", until, limit).await? {
                if let ItemKey::Request(key, RequestPart::Received) = key_of(&item)? {
                    due.push((key, due_at(&item)?));
                }
            }
        }
        due.sort_by_key(|(_, at)| *at);
        due.truncate(limit);
        Ok(due)
    }

    async fn state(&self, key: &RequestKey) -> Result<Option<RequestState>, PortError> {
        self.request_state(key).await
    }
}

impl Deadlines for Cloud {
    async fn deadlines(&self, shard: u8, before: Timestamp, limit: usize) -> Result<Vec<Deadline>, PortError> {
        let items = self.due_items(clock_shard_name(shard), "due_at < :at", before, limit).await?;
        items.iter().filter_map(|item| deadline_of(item).transpose()).collect()
    }

    async fn claim_warning(
        &self,
        deadline: &Deadline,
        urgency: Urgency,
        at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        self.claim(&warning(deadline, urgency), Kind::Warned, at).await
    }

    async fn confirm_warning(&self, deadline: &Deadline, urgency: Urgency, at: Timestamp) -> Result<(), PortError> {
        self.confirm(&warning(deadline, urgency), at).await
    }
}
