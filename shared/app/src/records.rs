//! Retained records: registering one, and the events that move their clocks.
//!
//! Two writers of one subject never miss each other: a registration writes its record before it
//! reads triggers and holds, a trigger or hold is written before records are read.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use domain::{
    consent::{self, CaptureRefused},
    hold::Hold,
    ids::{Category, ControllerId, EventName, Field, HoldId, Identifier, Purpose, RecordId, SubjectRef},
    notice,
    policy::{Clause, LawfulBasis, Policy},
    record::Record,
    retention::{CONSENT_WITHDRAWN, OutOfCalendar},
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::{
    capture_consent::ConsentLedger,
    error::{Appended, PortError},
    hold_notices::Telling,
    hold_rules,
    holds::{HoldStore, WideHolds},
    keys::Keys,
    notice_change::NoticeChanges,
};

mod register;

pub use register::{RegisterRecord, Registered, register, register_all};

/// Most fields of one record.
pub const FIELDS_MAX: usize = 64;

/// Longest value of one field, in bytes.
pub const FIELD_BYTES_MAX: usize = 4_096;

/// How often an optimistic write is tried again before the message goes back to its queue.
pub const CONFLICTS_MAX: u32 = 8;

/// What is personal about a record. Adapters keep it sealed under the subject's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Who it is about, as the system knows them; `None` where only the reference was handed over.
    pub identifier: Option<Identifier>,
    /// Where the system keeps it: an object's key.
    pub locator: Sensitive<String>,
    /// Its fields.
    pub fields: BTreeMap<Field, Sensitive<String>>,
}

impl Content {
    /// Where the person can be written to: the identifier itself, or the mail field.
    pub fn mail(&self) -> Option<Sensitive<String>> {
        let by_identifier = self.identifier.as_ref().and_then(Identifier::mail);
        let by_field = self.fields.iter().find(|(field, _)| matches!(field.as_str(), "mail" | "email"));
        by_identifier.or(by_field.map(|(_, value)| value)).cloned()
    }
}

/// How many times of one event are kept for records that are registered later, its first and last beside
/// them. Of an event that was seen more often, a record that is registered after it may miss one in between.
pub const TRIGGER_TIMES_MAX: usize = 128;

/// A trigger as it stands for a subject: when an event was seen, for records that are registered later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// What happened.
    pub event: EventName,
    /// For which purpose; `None`: for all.
    pub purpose: Option<Purpose>,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// When it was seen last.
    pub last_at: Timestamp,
    /// When it was seen, as far as [`TRIGGER_TIMES_MAX`] goes.
    pub times: BTreeSet<Timestamp>,
}

impl Trigger {
    /// Every time that is known, in order.
    fn seen(&self) -> BTreeSet<Timestamp> {
        self.times.iter().copied().chain([self.first_at, self.last_at]).collect()
    }
}

/// The port to records.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait RecordStore: WideHolds {
    /// Writes records of one subject, each unless one stands under its identifier; answers each, in order.
    ///
    /// MUST seal the contents under the subject's key; MUST make each record findable by its due time
    /// unless it is held or has none. No two of them have the same identifier. When it fails, some may have been
    /// written: whoever tries all again finds those.
    async fn insert_records(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        records: &[(Record, Content)],
    ) -> Result<Vec<Appended<Record>>, PortError>;

    /// Writes one record, as [`RecordStore::insert_records`] does.
    ///
    /// # Errors
    /// [`PortError`].
    async fn insert_record(
        &self,
        controller: &ControllerId,
        record: &Record,
        content: &Content,
    ) -> Result<Appended<Record>, PortError> {
        let records = [(record.clone(), content.clone())];
        let mut answers = self.insert_records(controller, &record.subject, &records).await?;
        answers.pop().ok_or_else(|| PortError::corrupt("a record", "its write has no answer"))
    }

    /// Every record of a subject that is stored. MUST see every write that has returned.
    async fn records(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Record>, PortError>;

    /// What is personal about a record; `None` if it or the subject's key is gone.
    async fn content(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        record: &RecordId,
    ) -> Result<Option<Content>, PortError>;

    /// Replaces clock, due time, clause, policy and holds of a record.
    ///
    /// MUST fail with [`PortError::Conflict`] unless the stored revision is the record's; the next
    /// revision is one more. A held record MUST leave the due index and lose its TTL.
    async fn update_record(&self, controller: &ControllerId, record: &Record) -> Result<(), PortError>;

    /// Replaces what is personal about a record, and the points that verify its subject.
    ///
    /// MUST seal the content under the subject's key; MUST fail with [`PortError::Conflict`] unless the stored
    /// revision is the record's; the next revision is one more.
    async fn correct_record(
        &self,
        controller: &ControllerId,
        record: &Record,
        content: &Content,
    ) -> Result<(), PortError>;

    /// Notes a trigger. MUST keep its first and last time, and [`TRIGGER_TIMES_MAX`] of those noted.
    async fn note_trigger(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        event: &EventName,
        purpose: Option<&Purpose>,
        at: Timestamp,
    ) -> Result<(), PortError>;

    /// The triggers noted for a subject.
    async fn triggers(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Trigger>, PortError>;

    /// The holds on a subject, released ones too.
    async fn holds(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Hold>, PortError>;
}

/// Why nothing was registered.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The policy has no retention rule for it: keeping it would break the policy.
    #[error("the policy keeps no {0} for {1}")]
    NoRule(Category, Purpose),
    /// The policy's closed list has no such field.
    #[error("the policy keeps no field {0} in this category")]
    UnknownField(Field),
    /// The policy says that this field is never stored.
    #[error("the policy never keeps {0} ({1})")]
    NeverKept(Field, Clause),
    /// The category is written only on an opt-in, which was not in force when the record was made.
    #[error("it may be kept only with the consent to {0}, which was not in force when it was collected ({1})")]
    OptInMissing(Purpose, Clause),
    /// More fields than [`FIELDS_MAX`], or a value longer than [`FIELD_BYTES_MAX`].
    #[error("a record holds at most {FIELDS_MAX} fields of {FIELD_BYTES_MAX} bytes")]
    TooLarge,
    /// The file lies where a rule of the bucket, made for something else, has S3 delete it.
    #[error("the file lies where S3 deletes by the rule for something else: name it otherwise")]
    Misplaced,
    /// The person is too young for this service.
    #[error(transparent)]
    Age(CaptureRefused),
    /// The person was erased since it was made: it does not come back, and whoever sends it has done nothing wrong.
    #[error("what was made then is erased")]
    Erased,
    /// No rule of the policy listens to this event.
    #[error("no rule of the policy listens to {0}")]
    UnknownEvent(EventName),
    /// The rule's end lies past the calendar.
    #[error(transparent)]
    OutOfCalendar(#[from] OutOfCalendar),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What was noted for a record's subject, as far as it counts for the record.
async fn happened<P: RecordStore + ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    record: &Record,
) -> Result<Vec<(EventName, Timestamp)>, PortError> {
    let triggers = ports.triggers(&policy.controller, &record.subject).await?;
    happened_of(policy, ports, record, &triggers).await
}

/// The same, of triggers that are read already.
async fn happened_of<P: ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    record: &Record,
    triggers: &[Trigger],
) -> Result<Vec<(EventName, Timestamp)>, PortError> {
    let mut events = Vec::new();
    for trigger in triggers {
        let seen = trigger.seen();
        // Of those from before the record the last one says as much as all.
        let after = seen.range((Bound::Excluded(record.clock.created_at), Bound::Unbounded));
        let times = seen.range(..=record.clock.created_at).next_back().into_iter().chain(after);
        for &at in times {
            events.extend(counted(policy, ports, record, &trigger.event, trigger.purpose.as_ref(), at).await?);
        }
    }
    Ok(events)
}

/// Plans a stored record by the policy in force, if it was planned under another one; answers whether that moved
/// its end or the clause that it ends by. What has expired by `now` is not revived.
///
/// # Errors
/// [`RecordError`]. Doing it again changes nothing and is no error.
pub async fn replan<P: RecordStore + ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    record: Record,
    now: Timestamp,
) -> Result<bool, RecordError> {
    if record.policy == policy.hash || record.is_expired(now) {
        return Ok(false);
    }
    // A record of a category that the policy no longer names keeps the clock it has.
    let Some(rule) = policy.retention_of(&record.category, &record.purpose) else { return Ok(false) };
    // Its clock knows what the rule listened to under which it was planned; this one may listen to more.
    let events = happened(policy, ports, &record).await?;
    let before = (record.due_at, record.clause.clone());
    let after = change(policy, ports, record, |record| record.replan(policy, rule, &events, now).map(drop)).await?;
    Ok((after.due_at, after.clause) != before)
}

/// The same without writing anything: the record as this policy would plan it, if that moves its end, its clause or its
/// clock.
///
/// # Errors
/// [`RecordError`].
pub(crate) async fn would_replan<P: RecordStore + ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    record: &Record,
    now: Timestamp,
) -> Result<Option<Record>, RecordError> {
    let Some(rule) = policy.retention_of(&record.category, &record.purpose) else { return Ok(None) };
    let events = happened(policy, ports, record).await?;
    let mut planned = record.clone();
    Ok(planned.replan(policy, rule, &events, now)?.then_some(planned))
}

/// The holds that keep a record: its subject's, and the wide ones that cover it.
pub(crate) async fn holds_over<P: RecordStore>(
    ports: &P,
    controller: &ControllerId,
    record: &Record,
) -> Result<BTreeSet<HoldId>, PortError> {
    Ok(holds_of(&holds_on(ports, controller, &record.subject).await?, record))
}

/// A subject's holds and the wide ones, released ones too.
async fn holds_on<P: RecordStore>(
    ports: &P,
    controller: &ControllerId,
    subject: &SubjectRef,
) -> Result<Vec<Hold>, PortError> {
    let mut holds = ports.holds(controller, subject).await?;
    holds.extend(ports.wide_holds(controller).await?);
    Ok(holds)
}

/// Those of these holds that keep a record.
fn holds_of(holds: &[Hold], record: &Record) -> BTreeSet<HoldId> {
    let over = holds.iter().filter(|hold| hold.is_open() && hold.scope.covers(record));
    over.map(|hold| hold.id.clone()).collect()
}

/// The purpose whose consent a category needs before anything of it is written, and where that is
/// promised.
fn opt_in<'a>(policy: &'a Policy, category: &Category) -> Option<(&'a Purpose, &'a Clause)> {
    let rule = policy.categories.get(category)?;
    rule.opt_in.as_ref().map(|purpose| (purpose, &rule.clause))
}

/// Whether the consent to a purpose was in force at that time.
async fn opted_in<P: ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    purpose: &Purpose,
    at: Timestamp,
) -> Result<bool, PortError> {
    let events = ports.consents(&policy.controller, subject).await?;
    let changes = ports.changes(&policy.controller).await?;
    let state = consent::fold(consent::as_of(&notice::counting(&events, &changes, at), at));
    Ok(consent::is_in_force(policy, &state, purpose))
}

/// An event as it counts for a record, and when; `None`: it does not concern the record.
///
/// A withdrawal concerns every record that needed the consent: by its purpose, by what that purpose
/// needs beside it, by the opt-in of its category. One from before the record ends it as well unless
/// the consent was given again in between: an address that is imported again after its newsletter was
/// cancelled does not come back (`identance.4-c`), nor does what was registered while the withdrawal was
/// still being written.
async fn counted<P: ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    record: &Record,
    event: &EventName,
    purpose: Option<&Purpose>,
    at: Timestamp,
) -> Result<Option<(EventName, Timestamp)>, PortError> {
    let Some(purpose) = purpose else { return Ok(Some((event.clone(), at))) };
    let opt_in = opt_in(policy, &record.category).map(|(purpose, _)| purpose);
    if event.as_str() != CONSENT_WITHDRAWN {
        return Ok((*purpose == record.purpose).then(|| (event.clone(), at)));
    }
    let is_opt_in = opt_in.is_some_and(|opt_in| consent::needed(policy, [opt_in]).contains(purpose));
    if !is_opt_in && !consent::needed(policy, [&record.purpose]).contains(purpose) {
        return Ok(None);
    }
    let created_at = record.clock.created_at;
    if at > created_at {
        return Ok(Some((event.clone(), at)));
    }
    let needed = opt_in.filter(|_| is_opt_in).unwrap_or(purpose);
    let given = opted_in(policy, ports, &record.subject, needed, created_at).await?;
    Ok((!given).then(|| (event.clone(), created_at)))
}

/// Applies a change and writes it, reading again when somebody else was first.
async fn change<P: RecordStore>(
    policy: &Policy,
    ports: &P,
    mut record: Record,
    apply: impl Fn(&mut Record) -> Result<(), OutOfCalendar>,
) -> Result<Record, RecordError> {
    let controller = &policy.controller;
    for _ in 0..CONFLICTS_MAX {
        let before = record.clone();
        apply(&mut record)?;
        if record == before {
            return Ok(record);
        }
        match ports.update_record(controller, &record).await {
            Ok(()) => {
                record.revision += 1;
                return Ok(record);
            }
            Err(PortError::Conflict { .. }) => {
                let stored = ports.records(controller, &record.subject).await?;
                match stored.into_iter().find(|stored| stored.id == record.id) {
                    Some(stored) => record = stored,
                    // Deleted in between: there is nothing left to move.
                    None => return Ok(record),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "record" }.into())
}

/// Something that happened to a subject.
#[derive(Debug, Clone)]
pub struct SubjectEvent {
    /// To whom.
    pub subject: SubjectRef,
    /// What.
    pub event: EventName,
    /// For which purpose; `None`: for all.
    pub purpose: Option<Purpose>,
    /// When.
    pub occurred_at: Timestamp,
}

/// What an event came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// How many clocks it moved.
    pub moved: usize,
    /// The holds that stand by the rules which listen to it.
    pub holds: Vec<Hold>,
    /// The systems that must hear of a hold by this event. Whoever noted it MUST tell them, or note it again.
    pub tell: Vec<Telling>,
}

/// Places and releases the holds that the policy has for an event, and moves the clocks of the records
/// that listen to it.
///
/// # Errors
/// [`RecordError`]. Noting the same event again changes nothing and is no error.
pub async fn note_event<P: RecordStore + ConsentLedger + NoticeChanges + HoldStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: &SubjectEvent,
) -> Result<Noted, RecordError> {
    if !policy.knows_event(&form.event) {
        return Err(RecordError::UnknownEvent(form.event.clone()));
    }
    let controller = &policy.controller;
    ports.note_trigger(controller, &form.subject, &form.event, form.purpose.as_ref(), form.occurred_at).await?;
    // Before the clocks: what an event both holds and ends must not be deleted in between.
    let settled = hold_rules::settle(policy, ports, &form.subject, (&form.event, form.occurred_at)).await?;
    let mut moved = 0;
    for record in ports.records(controller, &form.subject).await? {
        // A record of a category that the policy no longer names keeps the clock it has.
        let Some(rule) = policy.retention_of(&record.category, &record.purpose) else { continue };
        let counted = counted(policy, ports, &record, &form.event, form.purpose.as_ref(), form.occurred_at).await?;
        let Some((event, at)) = counted else { continue };
        let before = record.due_at;
        let after = change(policy, ports, record, |record| record.note(policy, rule, &event, at).map(drop)).await?;
        moved += usize::from(after.due_at != before);
    }
    Ok(Noted { moved, holds: settled.stand, tell: settled.tell })
}

/// The event that a withdrawn consent raises for the records that rested on it.
pub fn withdrawal_event(subject: SubjectRef, purpose: Purpose, occurred_at: Timestamp) -> Option<SubjectEvent> {
    let event = EventName::parse(CONSENT_WITHDRAWN).ok()?;
    Some(SubjectEvent { subject, event, purpose: Some(purpose), occurred_at })
}

/// Whether the data of a record was given by the person on consent or contract, and so can be
/// taken along (GDPR Art. 20(1)).
pub fn is_portable(policy: &Policy, record: &Record) -> bool {
    policy
        .purposes
        .get(&record.purpose)
        .is_some_and(|purpose| matches!(purpose.basis, LawfulBasis::Consent | LawfulBasis::Contract))
}
