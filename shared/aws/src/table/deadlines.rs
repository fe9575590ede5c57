//! Open deadlines, and the claims of their warnings.

use app::{
    attest,
    deadlines::{Deadline, DeadlineKind, Deadlines, Urgency},
    error::PortError,
    mail::MailClaim,
};
use jiff::Timestamp;
use wire::stored::Kind;

use super::{
    Item, TABLE, key_of,
    keys::{DUE_INDEX, ItemKey, RequestPart, clock_shard_name},
    text, time,
};
use crate::{Cloud, failure::unavailable};

fn deadline_of(item: &Item) -> Result<Deadline, PortError> {
    let due_at = item
        .get("due_at")
        .and_then(|at| at.as_n().ok())
        .and_then(|at| at.parse().ok())
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .ok_or_else(|| PortError::corrupt("a deadline", "due_at does not read"))?;
    match key_of(item)? {
        ItemKey::Request(key, RequestPart::Received) => Ok(Deadline {
            controller: key.controller,
            kind: DeadlineKind::Request,
            id: key.request.to_string(),
            due_at,
        }),
        ItemKey::Breach(controller, breach) => {
            Ok(Deadline { controller, kind: DeadlineKind::Breach, id: breach.to_string(), due_at })
        }
        ItemKey::Attested(controller, id) => {
            Ok(Deadline { controller, kind: DeadlineKind::Attestation, id: attest::deadline_id(&id, due_at), due_at })
        }
        _ => Err(PortError::corrupt("a deadline", "its key is of something else")),
    }
}

fn warning(deadline: &Deadline, urgency: Urgency) -> ItemKey {
    ItemKey::Warned(deadline.controller.clone(), deadline.kind, deadline.id.clone(), urgency)
}

impl Deadlines for Cloud {
    async fn deadlines(&self, shard: u8, before: Timestamp, limit: usize) -> Result<Vec<Deadline>, PortError> {
        let mut deadlines = Vec::new();
        let mut from = None;
        while deadlines.len() < limit {
            let left = i32::try_from(limit - deadlines.len()).unwrap_or(i32::MAX);
            let page = self
                .dynamodb()
                .query()
                .table_name(self.table()?)
                .index_name(DUE_INDEX)
                .key_condition_expression("due_shard = :shard AND due_at < :before")
                .expression_attribute_values(":shard", text(clock_shard_name(shard)))
                .expression_attribute_values(":before", time(before))
                .limit(left)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            for item in page.items() {
                deadlines.push(deadline_of(item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(deadlines)
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
