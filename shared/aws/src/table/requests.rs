//! The log of requests, and the plans of erasures.

use std::{collections::BTreeMap, time::Duration};

use app::{
    erasure::{ErasurePlan, ErasurePlans},
    error::{Appended, PortError},
    mail::MailClaim,
    requests::{Confided, OfficePage, OfficeRow, RequestKey, RequestLog, StoredRequest},
};
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, ReturnValue, TransactWriteItem};
use domain::{
    dsar::{Act, Actor, Entry, Head, Instructions, Received, RequestState, RequestType, Stage},
    ids::{ControllerId, Field, Fingerprint, Identifier, IdentifierKind, RequestId, StaffId, SubjectRef},
    sensitive::Sensitive,
};
use jiff::Timestamp;
use wire::stored::{
    self, Bytes, Kind,
    deletion::Plan,
    entry::Entry as EntryForm,
    mail::Claim,
    request::{ConfidedIdentifier, Decided, Request, Verified, Whose},
};
use zeroize::Zeroizing;

use super::{
    Item, Sorts, TABLE, Update, Updated, doomed_form, doomed_of, form_of, item_of, key_of,
    keys::{ItemKey, OFFICE_INDEX, REQUESTS, RequestPart, request_items, request_shard_name, subject_partition},
    number,
    sealed::{Transacted, any_item, checked, new_item, unwritable, updated},
    text, time, time_in, unreadable,
};
use crate::{Cloud, failure::unavailable, keys::FieldKey};

const WHAT: &str = "a request";

/// That a request has not gone on. One that was stored before there were entries has no version: its first
/// entry sets it.
const SEEN: &str = "attribute_exists(pk) AND (attribute_not_exists(#version) OR #version = :seen)";

fn part(key: &RequestKey, part: RequestPart) -> ItemKey {
    ItemKey::Request(key.clone(), part)
}

/// What a request's items say, put together.
#[derive(Default)]
struct Told {
    received: Option<Received>,
    history: Vec<Entry>,
}

impl Told {
    fn take(&mut self, part: &RequestPart, item: Item) -> Result<(), PortError> {
        match part {
            RequestPart::Received => {
                let (received, _) = form_of::<Request>(WHAT, item)?.into_received().map_err(unreadable(WHAT))?;
                self.received = Some(received);
            }
            RequestPart::Verified => {
                let (at, by) = form_of::<Verified>(WHAT, item)?.into_parts().map_err(unreadable(WHAT))?;
                self.history.push(Entry { at, by: Actor::Requester, act: Act::Verified(by) });
            }
            RequestPart::Decided => {
                let (at, outcome) = form_of::<Decided>(WHAT, item)?.into_parts().map_err(unreadable(WHAT))?;
                self.history.push(Entry { at, by: Actor::Product, act: Act::Decided(outcome) });
            }
            RequestPart::Entry(_) => {
                self.history.push(form_of::<EntryForm>(WHAT, item)?.into_entry().map_err(unreadable(WHAT))?);
            }
            RequestPart::Plan(_) | RequestPart::Mail(_) | RequestPart::Code | RequestPart::CodeAsked(_) => {}
        }
        Ok(())
    }

    fn state(self) -> Option<RequestState> {
        Some(RequestState::fold(self.received?, self.history))
    }
}

/// Where a request stands in the indexes.
fn placement(key: &RequestKey, version: u32, head: &Head) -> Vec<(&'static str, Option<AttributeValue>)> {
    let state = if head.stage.is_open() { "open" } else { "closed" };
    let shard = request_shard(key);
    vec![
        ("version", Some(number(version))),
        ("stage", Some(text(head.stage.as_str()))),
        ("assignee", head.assignee.as_ref().map(|staff| text(staff.as_str()))),
        ("answer_due", Some(time(head.due_at))),
        ("due_shard", head.next_at.map(|_| text(shard))),
        ("due_at", head.next_at.map(time)),
        ("office_of", Some(text(office(&key.controller, state)))),
        // In milliseconds of one width, so that the order of texts is the order of times.
        ("office_at", Some(text(format!("{:015}#{}", stored::millis(head.due_at), key.request)))),
    ]
}

fn request_shard(key: &RequestKey) -> String {
    request_shard_name(key.subject.shard(app::request_clock::REQUEST_SHARDS))
}

fn office(controller: &ControllerId, state: &str) -> String {
    format!("{controller}#{state}")
}

fn row_of(mut item: Item) -> Result<OfficeRow, PortError> {
    let ItemKey::Request(key, RequestPart::Received) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    let corrupt = |what: &'static str| move || PortError::corrupt(WHAT, what);
    let mut word = |name: &str| item.remove(name).and_then(|value| value.as_s().ok().cloned());
    let place = word("office_at").ok_or_else(corrupt("office_at does not read"))?;
    let stage = word("stage").and_then(|stage| Stage::parse(&stage)).ok_or_else(corrupt("stage does not read"))?;
    let request =
        word("request").and_then(|name| RequestType::parse(&name)).ok_or_else(corrupt("request does not read"))?;
    let assignee = word("assignee").map(|staff| StaffId::parse(&staff)).transpose();
    let assignee = assignee.map_err(|_| PortError::corrupt(WHAT, "assignee does not read"))?;
    let version = item.get("version").and_then(|version| version.as_n().ok()).and_then(|version| version.parse().ok());
    Ok(OfficeRow {
        request: key.request,
        subject: key.subject,
        head: Head {
            stage,
            request,
            due_at: time_in(&item, "answer_due").ok_or_else(corrupt("answer_due does not read"))?,
            next_at: time_in(&item, "due_at"),
            assignee,
        },
        version: version.ok_or_else(corrupt("version does not read"))?,
        received_at: time_in(&item, "at").ok_or_else(corrupt("at does not read"))?,
        place,
    })
}

impl RequestLog for Cloud {
    async fn receive(
        &self,
        key: &RequestKey,
        received: &Received,
        confided: &Confided,
        fingerprint: &Fingerprint,
        head: &Head,
    ) -> Result<Appended<(Received, Fingerprint)>, PortError> {
        let item_key = part(key, RequestPart::Received);
        let plain = PlainParts::of(confided)?;
        let whose = item_of(&ItemKey::Whose(key.controller.clone(), key.request.clone()), &Whose::new(&key.subject))?;
        let parts = |form: &Request| {
            let mut item = item_of(&item_key, form)?;
            let head = placement(key, 0, head).into_iter();
            item.extend(head.filter_map(|(name, value)| Some((name.to_owned(), value?))));
            Ok::<_, PortError>(vec![new_item(self.table()?, item)?, any_item(self.table()?, whose.clone())?])
        };
        let form = Request::new(received, fingerprint);
        // A request with nothing to seal needs no key and makes none.
        let done = if plain.is_empty() {
            self.transact(parts(&form)?).await?
        } else {
            let write = async |field_key: &FieldKey| {
                let mut form = form.clone();
                plain.seal(&mut form, |plain| field_key.seal(&item_key, plain).map(Bytes))?;
                self.transact_under(field_key, parts(&form)?).await
            };
            self.write_under(&key.controller, &key.subject, received.at, write).await?
        };
        if let Transacted::Done = done {
            return Ok(Appended::Fresh);
        }
        let item = self.get(&item_key).await?.ok_or_else(|| PortError::corrupt(WHAT, "it is not stored"))?;
        let first = form_of::<Request>(WHAT, item)?.into_received().map_err(unreadable(WHAT))?;
        Ok(Appended::Existing(first))
    }

    async fn append(
        &self,
        key: &RequestKey,
        number: u32,
        entry: &Entry,
        words: Option<&Sensitive<String>>,
        head: &Head,
    ) -> Result<bool, PortError> {
        let item_key = part(key, RequestPart::Entry(number));
        let form = EntryForm::new(entry);
        let Some(words) = words else {
            let parts = self.entry_parts(key, number, item_of(&item_key, &form)?, head)?;
            return Ok(matches!(self.transact(parts).await?, Transacted::Done));
        };
        let write = async |field_key: &FieldKey| {
            // Disclosed to the seal only.
            let text = Some(Bytes(field_key.seal(&item_key, words.disclose().as_bytes())?));
            let item = item_of(&item_key, &EntryForm { text, ..form.clone() })?;
            self.transact_under(field_key, self.entry_parts(key, number, item, head)?).await
        };
        let done = self.write_under(&key.controller, &key.subject, entry.at, write).await?;
        Ok(matches!(done, Transacted::Done))
    }

    async fn append_beside(
        &self,
        key: &RequestKey,
        number: u32,
        entry: &Entry,
        head: &Head,
        (other, version): (&RequestId, u32),
    ) -> Result<bool, PortError> {
        let other = RequestKey { request: other.clone(), ..key.clone() };
        let item = item_of(&part(key, RequestPart::Entry(number)), &EntryForm::new(entry))?;
        let mut parts = self.entry_parts(key, number, item, head)?;
        let receipt = part(&other, RequestPart::Received);
        let check = ConditionCheck::builder()
            .table_name(self.table()?)
            .key("pk", text(receipt.pk()))
            .key("sk", text(receipt.sk()))
            .condition_expression(SEEN)
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":seen", super::number(version))
            .build()
            .map_err(unwritable)?;
        parts.push(checked(check));
        Ok(matches!(self.transact(parts).await?, Transacted::Done))
    }

    async fn set_next(&self, key: &RequestKey, version: u32, next_at: Timestamp) -> Result<bool, PortError> {
        // What was stored before requests had shards of their own moves into one.
        let update = Update::default()
            .set("due_at", time(next_at))
            .set("due_shard", text(request_shard(key)))
            .set("version", number(version));
        let condition = "(attribute_not_exists(#version) OR #version = :version) AND attribute_exists(#due_shard)";
        let done = self.update(&part(key, RequestPart::Received), update, condition, ReturnValue::None).await?;
        Ok(matches!(done, Updated::Done(_)))
    }

    async fn request(&self, key: &RequestKey) -> Result<Option<StoredRequest>, PortError> {
        // Digits sort before letters, so that plans and mails are not read.
        let items = request_items(&key.request);
        let between = Sorts::Between(format!("{items}0"), format!("{items}9"));
        let items = self.query(subject_partition(&key.controller, &key.subject), between).await?;
        let mut told = Told::default();
        let (mut confided, mut texts) = (Confided::default(), BTreeMap::new());
        // Read once for all that is sealed, and not at all if nothing is.
        let any_sealed = items.iter().any(|item| SEALED.iter().any(|name| item.contains_key(*name)));
        let field_key = if any_sealed { self.subject_key(&key.controller, &key.subject).await? } else { None };
        for mut item in items {
            let ItemKey::Request(_, item_part) = key_of(&item)? else { continue };
            for name in sealed_in(&item_part) {
                let Some(sealed) = item.remove(*name) else { continue };
                let sealed = sealed.as_b().map_err(|_| PortError::corrupt(WHAT, "a part of it is not sealed"))?;
                let item_key = part(key, item_part.clone());
                let opened = field_key.as_ref().map(|field_key| field_key.open(&item_key, sealed.as_ref()));
                let Some(plain) = opened.transpose()?.flatten() else { continue };
                match (*name, &item_part) {
                    ("contact", _) => confided.contact = Some(words_of(plain)?),
                    ("message", _) => confided.message = Some(words_of(plain)?),
                    ("who", _) => confided.identifier = Some(identifier_of(&plain)?),
                    ("instructions", _) => confided.instructions = Some(instructions_of(plain)?),
                    ("corrections", _) => confided.corrections = corrections_of(&plain)?,
                    (_, RequestPart::Entry(number)) => {
                        texts.insert(*number, words_of(plain)?);
                    }
                    _ => {}
                }
            }
            told.take(&item_part, item)?;
        }
        Ok(told.state().map(|state| StoredRequest { state, confided, texts }))
    }

    async fn locate(&self, controller: &ControllerId, request: &RequestId) -> Result<Option<SubjectRef>, PortError> {
        let Some(item) = self.get(&ItemKey::Whose(controller.clone(), request.clone())).await? else {
            return Ok(None);
        };
        form_of::<Whose>(WHAT, item)?.into_subject().map(Some).map_err(unreadable(WHAT))
    }

    async fn office_list(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<OfficePage, PortError> {
        let state = if is_open { "open" } else { "closed" };
        let (items, has_more) = self.office_items(office(controller, state), from, limit).await?;
        let rows = items.into_iter().map(row_of).collect::<Result<Vec<_>, _>>()?;
        let next = rows.last().filter(|_| has_more).map(|row| row.place.clone());
        Ok(OfficePage { rows, next })
    }

    async fn requests(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<(RequestId, RequestState)>, PortError> {
        let mut told: BTreeMap<RequestId, Told> = BTreeMap::new();
        for item in self.query(subject_partition(controller, subject), Sorts::Under(REQUESTS.to_owned())).await? {
            let ItemKey::Request(key, item_part) = key_of(&item)? else { continue };
            told.entry(key.request).or_default().take(&item_part, item)?;
        }
        Ok(told.into_iter().filter_map(|(request, told)| Some((request, told.state()?))).collect())
    }

    async fn claim_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<MailClaim, PortError> {
        self.claim(&part(key, RequestPart::Mail(what.to_owned())), Kind::Mail, at).await
    }

    async fn confirm_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<(), PortError> {
        self.confirm(&part(key, RequestPart::Mail(what.to_owned())), at).await
    }
}

/// Reads words that were sealed: an address, a message.
pub(super) fn words_of(plain: Vec<u8>) -> Result<Sensitive<String>, PortError> {
    String::from_utf8(plain).map(Sensitive::new).map_err(|_| PortError::corrupt(WHAT, "a part of it is not text"))
}

/// Reads instructions that were sealed.
fn instructions_of(plain: Vec<u8>) -> Result<Instructions, PortError> {
    // The reader's own error can quote a value.
    let form: stored::instructions::Instructions = serde_json::from_slice(&plain)
        .map_err(|_| PortError::corrupt(WHAT, "its instructions are not of their form"))?;
    form.try_into().map_err(unreadable(WHAT))
}

/// How often a claim that somebody else has not confirmed yet is looked at again.
const CLAIM_LOOKS: u32 = 4;

/// The pause before each look: together they are longer than a mail service takes.
const CLAIM_PAUSE: Duration = Duration::from_millis(500);

/// All that may lie sealed in the items of a request.
const SEALED: [&str; 6] = ["contact", "who", "message", "instructions", "corrections", "text"];

/// What may lie sealed in an item of a request.
const fn sealed_in(part: &RequestPart) -> &'static [&'static str] {
    match part {
        RequestPart::Received => &["contact", "who", "message", "instructions", "corrections"],
        RequestPart::Entry(_) => &["text"],
        _ => &[],
    }
}

fn json(plain: &impl serde::Serialize) -> Result<Zeroizing<Vec<u8>>, PortError> {
    // The writer's own error can quote a value.
    let plain = serde_json::to_vec(plain).map_err(|_| PortError::corrupt(WHAT, "a part of it cannot be written"))?;
    Ok(Zeroizing::new(plain))
}

/// Reads an identifier that was sealed.
pub(super) fn identifier_of(plain: &[u8]) -> Result<Identifier, PortError> {
    let unreadable = || PortError::corrupt(WHAT, "its identifier is not of its form");
    let form: ConfidedIdentifier = serde_json::from_slice(plain).map_err(|_| unreadable())?;
    let kind = IdentifierKind::parse(&form.kind).map_err(|_| unreadable())?;
    Identifier::parse(kind, &form.value).map_err(|_| unreadable())
}

/// Reads corrections that were sealed.
fn corrections_of(plain: &[u8]) -> Result<BTreeMap<Field, Sensitive<String>>, PortError> {
    let unreadable = || PortError::corrupt(WHAT, "its corrections are not of their form");
    let form: BTreeMap<String, String> = serde_json::from_slice(plain).map_err(|_| unreadable())?;
    form.into_iter()
        .map(|(field, value)| Ok((Field::parse(&field).map_err(|_| unreadable())?, Sensitive::new(value))))
        .collect()
}

/// What a request confides, as it is sealed: each part apart, so that each is read apart.
struct PlainParts {
    contact: Option<Zeroizing<Vec<u8>>>,
    message: Option<Zeroizing<Vec<u8>>>,
    who: Option<Zeroizing<Vec<u8>>>,
    instructions: Option<Zeroizing<Vec<u8>>>,
    corrections: Option<Zeroizing<Vec<u8>>>,
}

impl PlainParts {
    fn of(confided: &Confided) -> Result<Self, PortError> {
        // Disclosed to the seal only.
        let words = |words: &Sensitive<String>| Zeroizing::new(words.disclose().as_bytes().to_vec());
        let who = confided.identifier.as_ref().map(|identifier| {
            json(&ConfidedIdentifier {
                kind: identifier.kind().as_str().to_owned(),
                value: identifier.value().disclose().clone(),
            })
        });
        let instructions = confided.instructions.as_ref();
        let instructions = instructions.map(|given| json(&stored::instructions::Instructions::from(given)));
        let corrections: BTreeMap<&str, &String> =
            confided.corrections.iter().map(|(field, value)| (field.as_str(), value.disclose())).collect();
        Ok(Self {
            contact: confided.contact.as_ref().map(words),
            message: confided.message.as_ref().map(words),
            who: who.transpose()?,
            instructions: instructions.transpose()?,
            corrections: (!corrections.is_empty()).then(|| json(&corrections)).transpose()?,
        })
    }

    const fn is_empty(&self) -> bool {
        self.contact.is_none()
            && self.message.is_none()
            && self.who.is_none()
            && self.instructions.is_none()
            && self.corrections.is_none()
    }

    fn seal(&self, form: &mut Request, seal: impl Fn(&[u8]) -> Result<Bytes, PortError>) -> Result<(), PortError> {
        let seal = |plain: &Option<Zeroizing<Vec<u8>>>| plain.as_ref().map(|plain| seal(plain)).transpose();
        form.contact = seal(&self.contact)?;
        form.message = seal(&self.message)?;
        form.who = seal(&self.who)?;
        form.instructions = seal(&self.instructions)?;
        form.corrections = seal(&self.corrections)?;
        Ok(())
    }
}

impl Cloud {
    /// Reads where a request stands, and opens nothing that is sealed.
    pub(super) async fn request_state(&self, key: &RequestKey) -> Result<Option<RequestState>, PortError> {
        let items = request_items(&key.request);
        let between = Sorts::Between(format!("{items}0"), format!("{items}9"));
        let mut told = Told::default();
        for item in self.query(subject_partition(&key.controller, &key.subject), between).await? {
            let ItemKey::Request(_, item_part) = key_of(&item)? else { continue };
            told.take(&item_part, item)?;
        }
        Ok(told.state())
    }

    /// Lines of one list of the office, from a cursor on, and whether there are more.
    pub(super) async fn office_items(
        &self,
        office: String,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Item>, bool), PortError> {
        // A cursor is the place of the last line that was shown: it stays good when that line moves.
        // One more than is shown tells whether there is another page.
        let wanted = i32::try_from(limit + 1).unwrap_or(i32::MAX);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let page = self
                .dynamodb()
                .query()
                .table_name(self.table()?)
                .index_name(OFFICE_INDEX)
                .key_condition_expression("office_of = :office AND office_at > :from")
                .expression_attribute_values(":office", text(&office))
                .expression_attribute_values(":from", text(from.unwrap_or(" ")))
                .limit(wanted)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() || items.len() > limit {
                break;
            }
        }
        let has_more = items.len() > limit;
        items.truncate(limit);
        Ok((items, has_more))
    }

    /// An entry and the head beside the receipt, both or neither: a crash can't leave an answered request that
    /// is still being warned of.
    fn entry_parts(
        &self,
        key: &RequestKey,
        number: u32,
        entry: Item,
        head: &Head,
    ) -> Result<Vec<TransactWriteItem>, PortError> {
        let table = self.table()?;
        let mut update = Update::default().with("seen", super::number(number.saturating_sub(1)));
        for (name, value) in placement(key, number, head) {
            update = update.put(name, value);
        }
        let head = updated(table, &part(key, RequestPart::Received), update, SEEN)?;
        Ok(vec![new_item(table, entry)?, head])
    }

    /// Claims one mail or warning: fresh for exactly one of several at once.
    pub(super) async fn claim(&self, key: &ItemKey, kind: Kind, at: Timestamp) -> Result<MailClaim, PortError> {
        let mut stands = match self.put_new(item_of(key, &Claim::new(kind, at))?).await? {
            Appended::Fresh => return Ok(MailClaim::Fresh),
            Appended::Existing(item) => item,
        };
        // Two messages of one request may run beside each other: whoever claimed it may be sending it this moment. A
        // doubt that stays was left by a crash.
        for _ in 0..CLAIM_LOOKS {
            if form_of::<Claim>("a claim", stands)?.sent_at.is_some() {
                return Ok(MailClaim::Sent);
            }
            tokio::time::sleep(CLAIM_PAUSE).await;
            stands = self.get(key).await?.ok_or_else(|| PortError::corrupt("a claim", "it is not stored"))?;
        }
        let claim: Claim = form_of("a claim", stands)?;
        Ok(if claim.sent_at.is_some() { MailClaim::Sent } else { MailClaim::InDoubt })
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
