//! The log of requests, and the plans of erasures.

use app::{
    error::{Appended, PortError},
    fulfil_request::{ErasurePlan, ErasurePlans},
    mail::MailClaim,
    requests::{Confided, RequestKey, RequestLog, StoredRequest},
};
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{Put, ReturnValue, TransactWriteItem, Update as TransactUpdate},
};
use domain::{
    dsar::{Instructions, Received, RequestEvent, RequestState},
    ids::{ControllerId, Fingerprint, RequestId, SubjectRef},
    sensitive::Sensitive,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use wire::stored::{
    self, Bytes, Kind,
    deletion::Plan,
    mail::Claim,
    request::{Decided, Request, Verified},
};

use super::{
    Item, Sorts, TABLE, Update, Updated, doomed_form, doomed_of, form_of, item_of, key_of,
    keys::{ItemKey, REQUESTS, RequestPart, clock_shard_name, request_items, subject_partition},
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable};

const WHAT: &str = "a request";

fn part(key: &RequestKey, part: RequestPart) -> ItemKey {
    ItemKey::Request(key.clone(), part)
}

/// What an item says happened to its request; `None` for its plans and mails.
fn event_of(part: &RequestPart, item: Item) -> Result<Option<RequestEvent>, PortError> {
    Ok(match part {
        RequestPart::Received => {
            let (received, _) = form_of::<Request>(WHAT, item)?.into_received().map_err(unreadable(WHAT))?;
            Some(RequestEvent::Received(received))
        }
        RequestPart::Verified => {
            let (at, by) = form_of::<Verified>(WHAT, item)?.into_parts().map_err(unreadable(WHAT))?;
            Some(RequestEvent::Verified { at, by })
        }
        RequestPart::Decided => {
            let (at, outcome) = form_of::<Decided>(WHAT, item)?.into_parts().map_err(unreadable(WHAT))?;
            Some(RequestEvent::Decided { at, outcome })
        }
        RequestPart::Plan(_) | RequestPart::Mail(_) => None,
    })
}

impl RequestLog for Cloud {
    async fn receive(
        &self,
        key: &RequestKey,
        received: &Received,
        confided: &Confided,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(Received, Fingerprint)>, PortError> {
        let item_key = part(key, RequestPart::Received);
        let mut form = Request::new(received, fingerprint);
        let seal = async |plain: &[u8]| {
            self.seal(&key.controller, &key.subject, &item_key, plain, received.at).await.map(Bytes)
        };
        if let Some(contact) = &confided.contact {
            // Disclosed to the seal only.
            form.contact = Some(seal(contact.disclose().as_bytes()).await?);
        }
        if let Some(instructions) = &confided.instructions {
            let plain = serde_json::to_vec(&stored::instructions::Instructions::from(instructions))
                .map_err(|_| PortError::corrupt(WHAT, "its instructions cannot be written"))?;
            form.instructions = Some(seal(&plain).await?);
        }
        let mut item = item_of(&item_key, &form)?;
        let shard = clock_shard_name(key.subject.shard(app::deadlines::CLOCK_SHARDS));
        item.insert("due_shard".to_owned(), text(shard));
        item.insert("due_at".to_owned(), time(received.due_at));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => {
                let first = form_of::<Request>(WHAT, item)?.into_received().map_err(unreadable(WHAT))?;
                Ok(Appended::Existing(first))
            }
        }
    }

    async fn append_request_event(&self, key: &RequestKey, event: &RequestEvent) -> Result<bool, PortError> {
        let item = match event {
            RequestEvent::Received(_) => {
                return Err(PortError::corrupt(WHAT, "a receipt is written by receive alone"));
            }
            RequestEvent::Verified { at, by } => item_of(&part(key, RequestPart::Verified), &Verified::new(*at, *by))?,
            RequestEvent::Decided { at, outcome } => {
                let item = item_of(&part(key, RequestPart::Decided), &Decided::new(*at, outcome))?;
                if !outcome.leaves_open() {
                    return self.close(key, item).await;
                }
                item
            }
        };
        Ok(matches!(self.put_new(item).await?, Appended::Fresh))
    }

    async fn request(&self, key: &RequestKey) -> Result<Option<StoredRequest>, PortError> {
        // Digits sort before letters, so that plans and mails are not read.
        let items = request_items(&key.request);
        let between = Sorts::Between(format!("{items}0"), format!("{items}9"));
        let mut events = Vec::new();
        let (mut contact, mut instructions) = (None, None);
        for mut item in self.query(subject_partition(&key.controller, &key.subject), between).await? {
            let ItemKey::Request(_, item_part) = key_of(&item)? else { continue };
            let item_key = part(key, item_part.clone());
            for (name, opened) in [("contact", &mut contact), ("instructions", &mut instructions)] {
                if let Some(sealed) = item.remove(name) {
                    let sealed = sealed.as_b().map_err(|_| PortError::corrupt(WHAT, "a part of it is not sealed"))?;
                    *opened = self.open(&key.controller, &key.subject, &item_key, sealed.as_ref()).await?;
                }
            }
            events.extend(event_of(&item_part, item)?);
        }
        let Some(state) = RequestState::fold(events) else { return Ok(None) };
        let contact = contact.map(address).transpose()?;
        let instructions = instructions.map(instructions_of).transpose()?;
        Ok(Some(StoredRequest { state, contact, instructions }))
    }

    async fn requests(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<(RequestId, RequestState)>, PortError> {
        let mut events: BTreeMap<RequestId, Vec<RequestEvent>> = BTreeMap::new();
        for item in self.query(subject_partition(controller, subject), Sorts::Under(REQUESTS.to_owned())).await? {
            let ItemKey::Request(key, item_part) = key_of(&item)? else { continue };
            events.entry(key.request).or_default().extend(event_of(&item_part, item)?);
        }
        Ok(events.into_iter().filter_map(|(request, events)| Some((request, RequestState::fold(events)?))).collect())
    }

    async fn claim_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<MailClaim, PortError> {
        self.claim(&part(key, RequestPart::Mail(what.to_owned())), Kind::Mail, at).await
    }

    async fn confirm_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<(), PortError> {
        self.confirm(&part(key, RequestPart::Mail(what.to_owned())), at).await
    }
}

/// Reads an address that was sealed.
pub(super) fn address(plain: Vec<u8>) -> Result<Sensitive<String>, PortError> {
    String::from_utf8(plain).map(Sensitive::new).map_err(|_| PortError::corrupt(WHAT, "its contact is not text"))
}

/// Reads instructions that were sealed.
fn instructions_of(plain: Vec<u8>) -> Result<Instructions, PortError> {
    // The reader's own error can quote a value.
    let form: stored::instructions::Instructions = serde_json::from_slice(&plain)
        .map_err(|_| PortError::corrupt(WHAT, "its instructions are not of their form"))?;
    form.try_into().map_err(unreadable(WHAT))
}

impl Cloud {
    /// Writes a decision and takes the request out of the open deadlines, both or neither: a crash
    /// can't leave an answered request that is still being warned of.
    async fn close(&self, key: &RequestKey, decided: Item) -> Result<bool, PortError> {
        let built = |_| PortError::corrupt(WHAT, "its decision cannot be written");
        let table = self.table()?;
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(decided))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(built)?;
        let received = part(key, RequestPart::Received);
        let update = TransactUpdate::builder()
            .table_name(table)
            .key("pk", text(received.pk()))
            .key("sk", text(received.sk()))
            .update_expression("REMOVE due_shard, due_at")
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(built)?;
        let done = self
            .dynamodb()
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().update(update).build())
            .send()
            .await;
        let Err(error) = done else { return Ok(true) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() {
            let failed = |position: usize| {
                canceled.cancellation_reasons().get(position).and_then(|reason| reason.code())
                    == Some("ConditionalCheckFailed")
            };
            if failed(0) {
                return Ok(false);
            }
            if failed(1) {
                return Err(PortError::corrupt(WHAT, "it is not stored"));
            }
        }
        Err(unavailable(TABLE, &error))
    }

    /// Claims one mail or warning: fresh for exactly one of several at once.
    pub(super) async fn claim(&self, key: &ItemKey, kind: Kind, at: Timestamp) -> Result<MailClaim, PortError> {
        match self.put_new(item_of(key, &Claim::new(kind, at))?).await? {
            Appended::Fresh => Ok(MailClaim::Fresh),
            Appended::Existing(item) => {
                let claim: Claim = form_of("a claim", item)?;
                Ok(if claim.sent_at.is_some() { MailClaim::Sent } else { MailClaim::InDoubt })
            }
        }
    }

    /// Notes that a claimed mail or warning was handed over.
    pub(super) async fn confirm(&self, key: &ItemKey, at: Timestamp) -> Result<(), PortError> {
        let update = Update::default().set_once("sent_at", time(at));
        match self.update(key, update, "attribute_exists(pk)", ReturnValue::None).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(PortError::corrupt("a claim", "it is not stored")),
        }
    }
}

impl ErasurePlans for Cloud {
    async fn plan_erasure(
        &self,
        key: &RequestKey,
        number: usize,
        plan: &ErasurePlan,
    ) -> Result<Appended<ErasurePlan>, PortError> {
        let form = Plan::new(plan.doomed.iter().map(doomed_form).collect());
        match self.put_new(item_of(&part(key, RequestPart::Plan(number)), &form)?).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => plan_of(item).map(Appended::Existing),
        }
    }

    async fn erasure_plan(&self, key: &RequestKey, number: usize) -> Result<Option<ErasurePlan>, PortError> {
        self.get(&part(key, RequestPart::Plan(number))).await?.map(plan_of).transpose()
    }
}

fn plan_of(item: Item) -> Result<ErasurePlan, PortError> {
    let doomed = form_of::<Plan>("a plan", item)?.into_doomed().map_err(unreadable("a plan"))?;
    Ok(ErasurePlan { doomed: doomed.into_iter().map(doomed_of).collect() })
}
