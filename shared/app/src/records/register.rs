//! Registering records: many of one person are read for and written together, since systems send them so.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::{self, AgeStanding, CaptureRefused},
    hold::Hold,
    ids::{Category, Field, Identifier, PointHash, Purpose, RecordId, SubjectRef},
    lifecycle,
    policy::{Country, Policy, RetentionRule},
    record::{Record, System},
    retention::RetentionClock,
    sensitive::Sensitive,
    tombstone::Tombstone,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{
    Content, FIELD_BYTES_MAX, FIELDS_MAX, RecordError, RecordStore, Trigger, change, happened_of, holds_of, opt_in,
    opted_in,
};
use crate::{
    capture_consent::ConsentLedger,
    error::{Appended, PortError},
    keys::{ControllerKeys, Keys},
    notice_change::NoticeChanges,
    tombstones::{self, Tombstones},
};

/// How many people's records are registered beside each other.
const SUBJECTS_AT_ONCE: usize = 8;

/// A registration, parsed.
#[derive(Debug)]
pub struct RegisterRecord {
    /// Who it is about.
    pub identifier: Identifier,
    /// What it is.
    pub category: Category,
    /// What it is kept for.
    pub purpose: Purpose,
    /// Which system keeps it.
    pub system: System,
    /// Where that system keeps it; any name of the record that is unique there.
    pub locator: Sensitive<String>,
    /// Its fields, where this product keeps them.
    pub fields: BTreeMap<Field, Sensitive<String>>,
    /// The person's age, where the policy asks for it.
    pub age: Option<u8>,
    /// Where the person lives, where the policy's age depends on it.
    pub country: Option<Country>,
    /// Whether the system that registers it holds a guardian's agreement itself, and vouches for it.
    pub guardian: bool,
    /// When it was made: its clock runs from here.
    pub occurred_at: Timestamp,
}

/// What was registered, without anything personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Whose.
    pub subject: SubjectRef,
    /// Which record.
    pub record: RecordId,
    /// Until when it is kept; `None` while nothing ends it.
    pub due_at: Option<Timestamp>,
    /// Whether a hold keeps it.
    pub held: bool,
    /// Whether it stood there already.
    pub replayed: bool,
}

crate::ports! {
    /// Everything that a registration needs.
    pub trait Registry = RecordStore + Tombstones + ConsentLedger + NoticeChanges + Keys;
}

/// Registers a record, with the time its policy gives it, unless its person was erased since it was made.
///
/// # Errors
/// [`RecordError`]. Registering the same record again changes nothing and is no error.
pub async fn register<P: Registry>(
    policy: &Policy,
    ports: &P,
    form: RegisterRecord,
) -> Result<Registered, RecordError> {
    let mut answers = register_all(policy, ports, vec![form]).await?;
    answers.pop().unwrap_or_else(|| Err(PortError::corrupt("a record", "its registration has no answer").into()))
}

/// Registers records, as [`register`] does; answers each, in order. Of one person everything is read once, and
/// written together.
///
/// # Errors
/// [`PortError`]: some may be registered then. Registering all of them again registers the rest.
pub async fn register_all<P: Registry>(
    policy: &Policy,
    ports: &P,
    forms: Vec<RegisterRecord>,
) -> Result<Vec<Result<Registered, RecordError>>, PortError> {
    let keys = ports.controller(&policy.controller).await?;
    let mut answers: Vec<Option<Result<Registered, RecordError>>> = Vec::new();
    let mut people: BTreeMap<SubjectRef, Person<'_>> = BTreeMap::new();
    for (position, form) in forms.into_iter().enumerate() {
        answers.push(None);
        match candidate(policy, ports, &keys, position, form).await {
            Ok((identifier, candidate)) => people
                .entry(candidate.record.subject.clone())
                .or_insert_with(|| Person { identifier, candidates: Vec::new() })
                .candidates
                .push(candidate),
            Err(RecordError::Port(error)) => return Err(error),
            Err(refused) => answers[position] = Some(Err(refused)),
        }
    }
    let people = people.into_values().map(|person| register_person(policy, ports, &keys, person));
    let registered: Vec<_> = stream::iter(people).buffer_unordered(SUBJECTS_AT_ONCE).try_collect().await?;
    for (position, answer) in registered.into_iter().flatten() {
        match answer {
            Err(RecordError::Port(error)) => return Err(error),
            answer => answers[position] = Some(answer),
        }
    }
    let missing = || Err(PortError::corrupt("a record", "its registration has no answer").into());
    Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect())
}

/// What is to be registered of one person.
struct Person<'a> {
    identifier: Identifier,
    candidates: Vec<Candidate<'a>>,
}

/// A record as it is about to be written.
struct Candidate<'a> {
    position: usize,
    rule: &'a RetentionRule,
    record: Record,
    content: Content,
}

type Answers = Vec<(usize, Result<Registered, RecordError>)>;

/// Makes a record of a form, if the policy lets it be kept.
async fn candidate<'a, P: Registry>(
    policy: &'a Policy,
    ports: &P,
    keys: &ControllerKeys,
    position: usize,
    form: RegisterRecord,
) -> Result<(Identifier, Candidate<'a>), RecordError> {
    let rule = policy
        .retention_of(&form.category, &form.purpose)
        .ok_or_else(|| RecordError::NoRule(form.category.clone(), form.purpose.clone()))?;
    check_fields(policy, &form)?;
    // Disclosed to the comparison only.
    let is_file = form.system == System::S3;
    if is_file && lifecycle::is_misplaced(policy, &form.category, &form.purpose, form.locator.disclose()) {
        return Err(RecordError::Misplaced);
    }
    let subject = keys.pepper.subject(&form.identifier);
    if let Some(limit) = guardian_needed(policy, &form)? {
        let events = ports.consents(&policy.controller, &subject).await?;
        if !consent::guardian_agreed(policy, &events, &form.purpose, form.occurred_at) {
            return Err(RecordError::Age(CaptureRefused::GuardianNeeded(limit)));
        }
    }
    if let Some((purpose, clause)) = opt_in(policy, &form.category)
        && !opted_in(policy, ports, &subject, purpose, form.occurred_at).await?
    {
        return Err(RecordError::OptInMissing(purpose.clone(), clause.clone()));
    }
    let mut record = Record {
        // Disclosed to the keyed hash only.
        id: keys.pepper.derive(&[
            form.system.as_str(),
            form.locator.disclose(),
            form.category.as_str(),
            form.purpose.as_str(),
        ]),
        subject,
        system: form.system,
        clock: RetentionClock::new(form.occurred_at),
        due_at: None,
        clause: rule.clause.clone(),
        policy: policy.hash.clone(),
        holds: BTreeSet::new(),
        points: points(&keys.pepper, &form.fields),
        salt: ports.random()?,
        revision: 0,
        category: form.category,
        purpose: form.purpose,
    };
    record.plan(policy, rule)?;
    let content = Content { identifier: Some(form.identifier.clone()), locator: form.locator, fields: form.fields };
    Ok((form.identifier, Candidate { position, rule, record, content }))
}

/// Registers what came of one person: what is the same record twice, one after the other.
async fn register_person<P: Registry>(
    policy: &Policy,
    ports: &P,
    keys: &ControllerKeys,
    person: Person<'_>,
) -> Result<Answers, PortError> {
    let mut answers = Vec::new();
    let mut left = person.candidates;
    while !left.is_empty() {
        let mut seen: BTreeSet<RecordId> = BTreeSet::new();
        let (now, later) =
            left.into_iter().partition(|candidate: &Candidate<'_>| seen.insert(candidate.record.id.clone()));
        answers.extend(register_once(policy, ports, keys, &person.identifier, now).await?);
        left = later;
    }
    Ok(answers)
}

/// What is known about a person that bears on their records.
struct Known {
    erasures: Vec<Tombstone>,
    triggers: Vec<Trigger>,
    holds: Vec<Hold>,
}

impl Known {
    async fn read<P: Registry>(
        policy: &Policy,
        ports: &P,
        keys: &ControllerKeys,
        identifier: &Identifier,
        subject: &SubjectRef,
    ) -> Result<Self, PortError> {
        let controller = &policy.controller;
        let erasures = tombstones::of(ports, controller, keys, identifier).await?;
        let holds = super::holds_on(ports, controller, subject).await?;
        Ok(Self { erasures, triggers: ports.triggers(controller, subject).await?, holds })
    }

    /// Whether an erasure has taken away what this record is, as it would have been with all its events. A hold keeps
    /// it from that, as it keeps what stands.
    async fn erases<P: Registry>(
        &self,
        policy: &Policy,
        ports: &P,
        rule: &RetentionRule,
        record: &Record,
    ) -> Result<bool, RecordError> {
        if !self.erasures.iter().any(|tombstone| tombstone.reaches_record(record)) {
            return Ok(false);
        }
        let mut record = record.clone();
        for (event, at) in happened_of(policy, ports, &record, &self.triggers).await? {
            record.note(policy, rule, &event, at)?;
        }
        let erased = tombstones::erases(policy, Some(rule), &record, &self.erasures);
        Ok(erased && holds_of(&self.holds, &record).is_empty())
    }
}

async fn register_once<P: Registry>(
    policy: &Policy,
    ports: &P,
    keys: &ControllerKeys,
    identifier: &Identifier,
    candidates: Vec<Candidate<'_>>,
) -> Result<Answers, PortError> {
    let Some(subject) = candidates.first().map(|candidate| candidate.record.subject.clone()) else {
        return Ok(Vec::new());
    };
    let controller = &policy.controller;
    let mut answers = Vec::new();
    // Asked for beforehand: an erasure, since what is erased is not written at all, and holds, since whoever dies after
    // the write must not leave a record behind that they keep and that could be deleted.
    let holds = super::holds_on(ports, controller, &subject).await?;
    let erasures = tombstones::of(ports, controller, keys, identifier).await?;
    let candidates = if erasures.is_empty() {
        candidates
    } else {
        let known = Known::read(policy, ports, keys, identifier, &subject).await?;
        let stored = ports.records(controller, &subject).await?;
        let mut going = Vec::new();
        for candidate in candidates {
            // What an erasure left standing, under a hold say, is known and stays.
            let stands = stored.iter().any(|stored| stored.id == candidate.record.id);
            match known.erases(policy, ports, candidate.rule, &candidate.record).await {
                Ok(true) if !stands => answers.push((candidate.position, Err(RecordError::Erased))),
                Ok(_) => going.push(candidate),
                Err(error) => answers.push((candidate.position, Err(error))),
            }
        }
        going
    };
    let mut places = Vec::new();
    let mut records = Vec::new();
    for mut candidate in candidates {
        candidate.record.holds = holds_of(&holds, &candidate.record);
        places.push((candidate.position, candidate.rule));
        records.push((candidate.record, candidate.content));
    }
    let written = ports.insert_records(controller, &subject, &records).await?;
    // After the write: whoever raises a trigger, a hold or an erasure writes it before reading records, so in any
    // interleaving one of them sees the other.
    let known = Known::read(policy, ports, keys, identifier, &subject).await?;
    for (((position, rule), (record, _)), written) in places.into_iter().zip(records).zip(written) {
        answers.push((position, settle(policy, ports, rule, record, written, &known).await));
    }
    Ok(answers)
}

/// Brings a record that was written to what is known about its subject.
async fn settle<P: Registry>(
    policy: &Policy,
    ports: &P,
    rule: &RetentionRule,
    record: Record,
    written: Appended<Record>,
    known: &Known,
) -> Result<Registered, RecordError> {
    let (mut record, replayed) = match written {
        Appended::Fresh => (record, false),
        Appended::Existing(first) => (first, true),
    };
    if !replayed && known.erases(policy, ports, rule, &record).await? {
        // An erasure that began in between may have looked for records before this one stood.
        change(policy, ports, record, |record| {
            record.end_before_it_began();
            Ok(())
        })
        .await?;
        return Err(RecordError::Erased);
    }
    let events = happened_of(policy, ports, &record, &known.triggers).await?;
    let holds = holds_of(&known.holds, &record);
    record = change(policy, ports, record, |record| {
        for (event, at) in &events {
            record.note(policy, rule, event, *at)?;
        }
        record.holds.extend(holds.iter().cloned());
        Ok(())
    })
    .await?;
    let marked = record.holds.clone();
    if !marked.is_empty() {
        // A release in between, or since an attempt that died, may have looked at the record before the hold was on it.
        // A mark that comes from now on is none of these.
        let still = super::holds_over(ports, &policy.controller, &record).await?;
        record = change(policy, ports, record, |record| {
            record.holds.retain(|hold| !marked.contains(hold) || still.contains(hold));
            Ok(())
        })
        .await?;
    }
    Ok(Registered {
        held: record.is_held(),
        subject: record.subject,
        record: record.id,
        due_at: record.due_at,
        replayed,
    })
}

/// The age below which a guardian's agreement must stand in the ledger; `None`: none is needed, or the
/// system vouches for one that it holds itself, which only staff tokens and the queue can do.
fn guardian_needed(policy: &Policy, form: &RegisterRecord) -> Result<Option<u8>, RecordError> {
    if form.age.is_none() {
        return Ok(None);
    }
    match consent::age_standing(policy, form.age, form.country).map_err(RecordError::Age)? {
        AgeStanding::NeedsGuardian(limit) if !form.guardian => Ok(Some(limit)),
        _ => Ok(None),
    }
}

fn check_fields(policy: &Policy, form: &RegisterRecord) -> Result<(), RecordError> {
    let too_long = form.fields.values().any(|value| value.disclose().len() > FIELD_BYTES_MAX);
    if form.fields.len() > FIELDS_MAX || too_long || form.locator.disclose().len() > FIELD_BYTES_MAX {
        return Err(RecordError::TooLarge);
    }
    let Some(category) = policy.categories.get(&form.category) else { return Ok(()) };
    // Before the list of what may be kept, since that may be open.
    if let Some(never) = form.fields.keys().find(|field| category.never.contains(field)) {
        return Err(RecordError::NeverKept(never.clone(), category.clause.clone()));
    }
    if category.fields.is_empty() {
        return Ok(());
    }
    match form.fields.keys().find(|field| !category.fields.contains(field)) {
        Some(unknown) => Err(RecordError::UnknownField(unknown.clone())),
        None => Ok(()),
    }
}

fn points(pepper: &domain::ids::Pepper, fields: &BTreeMap<Field, Sensitive<String>>) -> Vec<PointHash> {
    // Disclosed to the keyed hash only.
    fields.iter().map(|(field, value)| pepper.point(field, value.disclose())).collect()
}
