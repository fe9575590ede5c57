//! Where every key of the table is built and read (`docs/DATA_MODEL.md`, keys). Nothing personal
//! stands in a key: references are keyed hashes.

use app::{
    deadlines::{CLOCK_SHARDS, DeadlineKind, Urgency},
    purge::PURGE_SHARDS,
    requests::RequestKey,
};
use domain::{
    announcement::Announcement,
    ids::{
        AttestationId, BreachId, BucketId, CaptureId, Category, ChangeId, ControllerId, DisclosureId, EventName,
        HoldId, LogId, Purpose, RecordId, RequestId, SignalId, SubjectRef, SystemId, TokenId,
    },
    limits::{Limit, LimitKey},
    record::System as RecordSystem,
    system::TaskId,
    walk::Job,
};
use jiff::civil::Date;

pub(crate) const CONSENTS: &str = "CONSENT#";
pub(crate) const REQUESTS: &str = "REQUEST#";
pub(crate) const RECORDS: &str = "RECORD#";
pub(crate) const TRIGGERS: &str = "TRIGGER#";
pub(crate) const HOLDS: &str = "HOLD#";
/// Mails to guardians stand apart from the consents, which are read by their prefix.
pub(crate) const GUARDIANS: &str = "GUARDIAN#";
/// So do the mails that confirm subscriptions.
pub(crate) const SUBSCRIPTIONS: &str = "SUBSCRIPTION#";
pub(crate) const BREACH: &str = "BREACH";
pub(crate) const BREACH_ENTRIES: &str = "ENTRY#";
pub(crate) const NOTICES: &str = "NOTICE#";
/// How many notices stand in which state lies behind them, so that nobody who reads the entries reads it too.
pub(crate) const TALLIES: &str = "TALLY#";
pub(crate) const ALERTS: &str = "ALERT#";
pub(crate) const DISCLOSURES: &str = "DISCLOSURE#";
pub(crate) const CHANGES: &str = "CHANGE#";
pub(crate) const ATTESTATIONS: &str = "ATTESTATION#";
const ATTESTED: &str = "ATTESTED#";
const SYSTEMS: &str = "SYSTEM#";
const TASKS: &str = "TASK#";
/// How many records each system keeps, about: counted from the table's stream.
pub(crate) const STORED: &str = "STORED#";
const LIMITS: &str = "LIMIT#";
const WALKS: &str = "WALK#";
pub(crate) const TOMBSTONES: &str = "TOMBSTONE#";
const PURGE: &str = "PURGE";
pub(crate) const DEEDS: &str = "PURGE-DEED#";
const PLANNED: &str = "PLANNED";
pub(crate) const LOGS: &str = "LOG#";
pub(crate) const DAYS: &str = "DAY#";
const TOKEN: &str = "TOKEN";
const SIGNALS: &str = "SIGNAL#";

/// The index of what has an open end.
pub(crate) const DUE_INDEX: &str = "due";

/// The index of the office's list.
pub(crate) const OFFICE_INDEX: &str = "office";

/// Which part of a request an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestPart {
    /// The receipt.
    Received,
    /// The verification, as it was stored before there were entries.
    Verified,
    /// The decision, as it was stored before there were entries.
    Decided,
    /// An entry of its history, by number.
    Entry(u32),
    /// A part of an erasure's plan.
    Plan(usize),
    /// The claim of one mail.
    Mail(String),
    /// Where its codes stand.
    Code,
    /// That this code is to be sent.
    CodeAsked(u32),
}

/// What an item is, as its key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKey {
    /// A consent capture.
    Consent(ControllerId, SubjectRef, CaptureId),
    /// The claim of the mail to the guardian of a capture.
    Guardian(ControllerId, SubjectRef, CaptureId),
    /// The claim of the mail that confirms a capture.
    Subscription(ControllerId, SubjectRef, CaptureId),
    /// A part of a request.
    Request(RequestKey, RequestPart),
    /// Whose a request is, by its number.
    Whose(ControllerId, RequestId),
    /// A retained record.
    Record(ControllerId, SubjectRef, RecordId),
    /// A trigger, for one purpose or for all.
    Trigger(ControllerId, SubjectRef, EventName, Option<Purpose>),
    /// A hold: on a subject, or a wide one.
    Hold(ControllerId, Option<SubjectRef>, HoldId),
    /// A breach.
    Breach(ControllerId, BreachId),
    /// An entry of a breach's history, by number.
    BreachEntry(ControllerId, BreachId, u32),
    /// One person's notice of an announcement.
    Notice(ControllerId, Announcement, SubjectRef),
    /// How the notices of one shard of people stand.
    Tally(ControllerId, Announcement, u8),
    /// A version of a public alert.
    Alert(ControllerId, BreachId, u32),
    /// A deadline's warning.
    Warned(ControllerId, DeadlineKind, String, Urgency),
    /// A disclosure: of a subject, or of a total.
    Disclosure(ControllerId, Option<SubjectRef>, DisclosureId),
    /// A published version of the notice.
    Change(ControllerId, ChangeId),
    /// An attestation of one day.
    Attestation(ControllerId, AttestationId, Date),
    /// The end of a statement's latest attestation.
    Attested(ControllerId, AttestationId),
    /// How a system of the controller's does.
    System(ControllerId, SystemId),
    /// A task that waits for its outcome.
    Task(ControllerId, TaskId),
    /// An account token that was shown.
    AccountToken(ControllerId, TokenId),
    /// A count against a limit.
    Limit(LimitKey),
    /// A packet of what a category has due on a day.
    Log(ControllerId, Category, Date, LogId),
    /// That day.
    Day(ControllerId, Category, Date),
    /// How many records of a system are stored.
    Stored(ControllerId, RecordSystem),
    /// How far a walk has come in one segment.
    Walk(ControllerId, Job, u16),
    /// That a person was erased: in the table of tombstones.
    Tombstone(ControllerId, SubjectRef, RequestId),
    /// Where the purge of a controller stands.
    Purge(ControllerId),
    /// Something that was done to it, by its time in milliseconds.
    PurgeDeed(ControllerId, u64),
    /// By which policy a controller's records are planned.
    Planned(ControllerId),
    /// A detector's signal.
    Signal(ControllerId, SignalId),
}

/// A key that is none of this table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is none of this table's")]
pub struct UnknownKey;

/// The partition of one subject.
pub(crate) fn subject_partition(controller: &ControllerId, subject: &SubjectRef) -> String {
    format!("C#{controller}#S#{subject}")
}

/// The partition of what a category has due on one day: its key in the table of keys, and what it seals.
pub(crate) fn day_partition(controller: &ControllerId, category: &Category, day: Date) -> String {
    format!("C#{controller}#D#{category}#{day}")
}

/// The partition of one breach.
pub(crate) fn breach_partition(controller: &ControllerId, breach: &BreachId) -> String {
    format!("C#{controller}#B#{breach}")
}

/// The partition in which the notices of an announcement lie: for a breach, its own.
pub(crate) fn announcement_partition(controller: &ControllerId, of: &Announcement) -> String {
    match of {
        Announcement::Breach(breach) => breach_partition(controller, breach),
        Announcement::Change(change) => format!("C#{controller}#N#{change}"),
    }
}

/// The partition of a controller.
pub(crate) fn controller_partition(controller: &ControllerId) -> String {
    format!("C#{controller}")
}

/// The partition of one thing that is counted, or of a token that was shown: of a keyed hash, one item
/// or few, so that no caller slows another.
fn counted_partition(controller: &ControllerId, of: &str) -> String {
    format!("C#{controller}#L#{of}")
}

/// The start of the partitions of a controller's subjects.
pub(crate) fn subject_partitions(controller: &ControllerId) -> String {
    format!("C#{controller}#S#")
}

/// The start of the items of one request.
pub(crate) fn request_items(request: &RequestId) -> String {
    format!("{REQUESTS}{request}#")
}

/// The start of the open tasks of one system.
pub(crate) fn tasks_of(system: &SystemId) -> String {
    format!("{TASKS}{system}#")
}

/// The shard of the due index in which a subject's records lie.
pub(crate) fn purge_shard(subject: &SubjectRef) -> String {
    purge_shard_name(subject.shard(PURGE_SHARDS))
}

/// The name of a shard of records.
pub(crate) fn purge_shard_name(shard: u8) -> String {
    format!("PURGE#{shard}")
}

/// The name of a shard of requests by their next date.
pub(crate) fn request_shard_name(shard: u8) -> String {
    format!("REQUEST-CLOCK#{shard}")
}

/// The shard in which the deadline of something lies that no subject spreads.
pub(crate) fn clock_shard_of(id: &str) -> String {
    clock_shard_name(shard_of(id))
}

/// One of the shards of deadlines, evenly spread.
fn shard_of(id: &str) -> u8 {
    let sum: u32 = id.bytes().map(u32::from).sum();
    u8::try_from(sum % u32::from(CLOCK_SHARDS)).unwrap_or_default()
}

/// The shard in which the next date of a breach lies.
pub(crate) fn breach_shard_of(breach: &BreachId) -> String {
    breach_shard_name(shard_of(breach.as_str()))
}

/// The name of a shard of breaches by their next date.
pub(crate) fn breach_shard_name(shard: u8) -> String {
    format!("BREACH-CLOCK#{shard}")
}

/// The shard in which the next date of a signal lies.
pub(crate) fn signal_shard_of(signal: &SignalId) -> String {
    signal_shard_name(shard_of(signal.as_str()))
}

/// The name of a shard of signals by their next date.
pub(crate) fn signal_shard_name(shard: u8) -> String {
    format!("SIGNAL-CLOCK#{shard}")
}

/// The name of a shard of deadlines.
pub(crate) fn clock_shard_name(shard: u8) -> String {
    format!("CLOCK#{shard}")
}

impl ItemKey {
    /// The partition key.
    pub fn pk(&self) -> String {
        match self {
            Self::Consent(controller, subject, _)
            | Self::Guardian(controller, subject, _)
            | Self::Subscription(controller, subject, _)
            | Self::Record(controller, subject, _)
            | Self::Trigger(controller, subject, ..)
            | Self::Hold(controller, Some(subject), _)
            | Self::Disclosure(controller, Some(subject), _)
            | Self::Tombstone(controller, subject, _) => subject_partition(controller, subject),
            Self::Request(key, _) => subject_partition(&key.controller, &key.subject),
            Self::Breach(controller, breach) | Self::BreachEntry(controller, breach, _) => {
                breach_partition(controller, breach)
            }
            Self::Notice(controller, of, _) | Self::Tally(controller, of, _) => announcement_partition(controller, of),
            Self::Alert(controller, ..)
            | Self::Warned(controller, ..)
            | Self::Change(controller, _)
            | Self::Hold(controller, None, _)
            | Self::Disclosure(controller, None, _)
            | Self::Day(controller, ..)
            | Self::Attestation(controller, ..)
            | Self::Whose(controller, _)
            | Self::Attested(controller, _)
            | Self::System(controller, _)
            | Self::Stored(controller, _)
            | Self::Task(controller, _)
            | Self::Walk(controller, ..)
            | Self::Purge(controller)
            | Self::PurgeDeed(controller, _)
            | Self::Planned(controller)
            | Self::Signal(controller, _) => controller_partition(controller),
            Self::Log(controller, category, day, _) => day_partition(controller, category, *day),
            Self::AccountToken(controller, token) => counted_partition(controller, token.as_str()),
            Self::Limit(key) => counted_partition(&key.controller, key.of.as_str()),
        }
    }

    /// The sort key.
    pub fn sk(&self) -> String {
        match self {
            Self::Consent(_, _, capture) => format!("{CONSENTS}{capture}"),
            Self::Guardian(_, _, capture) => format!("{GUARDIANS}{capture}"),
            Self::Subscription(_, _, capture) => format!("{SUBSCRIPTIONS}{capture}"),
            Self::Request(key, part) => {
                let items = request_items(&key.request);
                match part {
                    RequestPart::Received => format!("{items}0-RECEIVED"),
                    RequestPart::Verified => format!("{items}1-VERIFIED"),
                    RequestPart::Decided => format!("{items}2-DECIDED"),
                    RequestPart::Entry(number) => format!("{items}3-{number:06}"),
                    RequestPart::Plan(part) => format!("{items}PLAN-{part}"),
                    RequestPart::Mail(what) => format!("{items}MAIL-{what}"),
                    RequestPart::Code => format!("{items}CODE"),
                    RequestPart::CodeAsked(number) => format!("{items}CODE-{number}"),
                }
            }
            Self::Whose(_, request) => format!("{REQUESTS}{request}"),
            Self::Record(_, _, record) => format!("{RECORDS}{record}"),
            Self::Trigger(_, _, event, None) => format!("{TRIGGERS}{event}"),
            Self::Trigger(_, _, event, Some(purpose)) => format!("{TRIGGERS}{event}#{purpose}"),
            Self::Hold(_, _, hold) => format!("{HOLDS}{hold}"),
            Self::Breach(..) => BREACH.to_owned(),
            Self::BreachEntry(_, _, number) => format!("{BREACH_ENTRIES}{number:06}"),
            Self::Notice(_, _, subject) => format!("{NOTICES}{subject}"),
            Self::Tally(_, _, shard) => format!("{TALLIES}{shard:02}"),
            Self::Alert(_, breach, 0) => format!("{ALERTS}{breach}"),
            Self::Alert(_, breach, version) => format!("{ALERTS}{breach}#{version:06}"),
            Self::Warned(_, kind, id, urgency) => format!("WARNED#{}-{id}#{}", kind.as_str(), urgency.as_str()),
            Self::Disclosure(_, _, disclosure) => format!("{DISCLOSURES}{disclosure}"),
            Self::Change(_, change) => format!("{CHANGES}{change}"),
            Self::Attestation(_, id, day) => format!("{ATTESTATIONS}{id}#{day}"),
            Self::Attested(_, id) => format!("{ATTESTED}{id}"),
            Self::System(_, system) => format!("{SYSTEMS}{system}"),
            Self::Task(_, task) => format!("{}{}", tasks_of(&task.system), task.request),
            Self::AccountToken(..) => TOKEN.to_owned(),
            Self::Log(_, _, _, log) => format!("{LOGS}{log}"),
            Self::Day(_, category, day) => format!("{DAYS}{day}#{category}"),
            Self::Stored(_, system) => format!("{STORED}{}", system.as_str()),
            Self::Planned(_) => PLANNED.to_owned(),
            Self::Walk(_, job, segment) => format!("{WALKS}{job}#{segment}"),
            Self::Tombstone(_, _, request) => format!("{TOMBSTONES}{request}"),
            Self::Limit(key) => format!("{LIMITS}{}#{}", key.limit.as_str(), key.window),
            Self::Purge(_) => PURGE.to_owned(),
            Self::PurgeDeed(_, millis) => format!("{DEEDS}{millis:015}"),
            Self::Signal(_, signal) => format!("{SIGNALS}{signal}"),
        }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`UnknownKey`] if no key of this table looks like that.
    pub fn parse(pk: &str, sk: &str) -> Result<Self, UnknownKey> {
        Self::read(pk, sk).ok_or(UnknownKey)
    }

    /// Whose item it is.
    pub const fn controller(&self) -> &ControllerId {
        match self {
            Self::Consent(controller, ..)
            | Self::Guardian(controller, ..)
            | Self::Subscription(controller, ..)
            | Self::Record(controller, ..)
            | Self::Trigger(controller, ..)
            | Self::Hold(controller, ..)
            | Self::Breach(controller, _)
            | Self::BreachEntry(controller, ..)
            | Self::Notice(controller, ..)
            | Self::Tally(controller, ..)
            | Self::Alert(controller, ..)
            | Self::Warned(controller, ..)
            | Self::Disclosure(controller, ..)
            | Self::Change(controller, _)
            | Self::Attestation(controller, ..)
            | Self::Whose(controller, _)
            | Self::AccountToken(controller, _)
            | Self::Log(controller, ..)
            | Self::Day(controller, ..)
            | Self::Attested(controller, _)
            | Self::System(controller, _)
            | Self::Stored(controller, _)
            | Self::Task(controller, _)
            | Self::Tombstone(controller, ..)
            | Self::Walk(controller, ..)
            | Self::Purge(controller)
            | Self::PurgeDeed(controller, _)
            | Self::Planned(controller)
            | Self::Signal(controller, _) => controller,
            Self::Request(key, _) => &key.controller,
            Self::Limit(key) => &key.controller,
        }
    }

    fn read(pk: &str, sk: &str) -> Option<Self> {
        let mut parts = pk.strip_prefix("C#")?.split('#');
        let controller = ControllerId::parse(parts.next()?).ok()?;
        match (parts.next(), parts.next(), parts.next()) {
            (Some("S"), Some(subject), None) => Self::of_subject(controller, SubjectRef::parse(subject).ok()?, sk),
            (Some("B"), Some(breach), None) => {
                let breach = BreachId::parse(breach).ok()?;
                if let Some(shard) = sk.strip_prefix(TALLIES) {
                    return Some(Self::Tally(controller, Announcement::Breach(breach), tally_shard(shard)?));
                }
                if let Some(subject) = sk.strip_prefix(NOTICES) {
                    let subject = SubjectRef::parse(subject).ok()?;
                    return Some(Self::Notice(controller, Announcement::Breach(breach), subject));
                }
                match sk.strip_prefix(BREACH_ENTRIES) {
                    Some(number) => Some(Self::BreachEntry(controller, breach, entry_number(number)?)),
                    None => (sk == BREACH).then_some(Self::Breach(controller, breach)),
                }
            }
            (Some("N"), Some(change), None) => {
                let of = Announcement::Change(ChangeId::parse(change).ok()?);
                if let Some(shard) = sk.strip_prefix(TALLIES) {
                    return Some(Self::Tally(controller, of, tally_shard(shard)?));
                }
                Some(Self::Notice(controller, of, SubjectRef::parse(sk.strip_prefix(NOTICES)?).ok()?))
            }
            (Some("L"), Some(of), None) if sk == TOKEN => {
                Some(Self::AccountToken(controller, TokenId::parse(of).ok()?))
            }
            (Some("L"), Some(of), None) => {
                let (limit, window) = sk.strip_prefix(LIMITS)?.split_once('#')?;
                let (limit, of) = (Limit::parse(limit)?, BucketId::parse(of).ok()?);
                Some(Self::Limit(LimitKey { controller, limit, of, window: window.parse().ok()? }))
            }
            (Some("D"), Some(category), Some(day)) if parts.next().is_none() => {
                let (category, day) = (Category::parse(category).ok()?, day.parse().ok()?);
                Some(Self::Log(controller, category, day, LogId::parse(sk.strip_prefix(LOGS)?).ok()?))
            }
            (None, None, None) => Self::of_controller(controller, sk),
            _ => None,
        }
    }

    fn of_subject(controller: ControllerId, subject: SubjectRef, sk: &str) -> Option<Self> {
        if let Some(capture) = sk.strip_prefix(CONSENTS) {
            return Some(Self::Consent(controller, subject, CaptureId::parse(capture).ok()?));
        }
        if let Some(capture) = sk.strip_prefix(GUARDIANS) {
            return Some(Self::Guardian(controller, subject, CaptureId::parse(capture).ok()?));
        }
        if let Some(capture) = sk.strip_prefix(SUBSCRIPTIONS) {
            return Some(Self::Subscription(controller, subject, CaptureId::parse(capture).ok()?));
        }
        if let Some(record) = sk.strip_prefix(RECORDS) {
            return Some(Self::Record(controller, subject, RecordId::parse(record).ok()?));
        }
        if let Some(hold) = sk.strip_prefix(HOLDS) {
            return Some(Self::Hold(controller, Some(subject), HoldId::parse(hold).ok()?));
        }
        if let Some(trigger) = sk.strip_prefix(TRIGGERS) {
            let (event, purpose) = match trigger.split_once('#') {
                Some((event, purpose)) => (event, Some(Purpose::parse(purpose).ok()?)),
                None => (trigger, None),
            };
            return Some(Self::Trigger(controller, subject, EventName::parse(event).ok()?, purpose));
        }
        if let Some(disclosure) = sk.strip_prefix(DISCLOSURES) {
            return Some(Self::Disclosure(controller, Some(subject), DisclosureId::parse(disclosure).ok()?));
        }
        if let Some(request) = sk.strip_prefix(TOMBSTONES) {
            return Some(Self::Tombstone(controller, subject, RequestId::parse(request).ok()?));
        }
        let (request, part) = sk.strip_prefix(REQUESTS)?.split_once('#')?;
        let part = match part {
            "0-RECEIVED" => RequestPart::Received,
            "1-VERIFIED" => RequestPart::Verified,
            "2-DECIDED" => RequestPart::Decided,
            "CODE" => RequestPart::Code,
            other if other.starts_with("CODE-") => RequestPart::CodeAsked(other.strip_prefix("CODE-")?.parse().ok()?),
            other if other.starts_with("3-") => RequestPart::Entry(entry_number(other.strip_prefix("3-")?)?),
            other => match (other.strip_prefix("PLAN-"), other.strip_prefix("MAIL-")) {
                (Some(part), _) => RequestPart::Plan(part.parse().ok()?),
                (_, Some(what)) => RequestPart::Mail(what.to_owned()),
                _ => return None,
            },
        };
        let request = RequestId::parse(request).ok()?;
        Some(Self::Request(RequestKey { controller, subject, request }, part))
    }

    fn of_controller(controller: ControllerId, sk: &str) -> Option<Self> {
        if sk == PURGE {
            return Some(Self::Purge(controller));
        }
        if let Some(millis) = sk.strip_prefix(DEEDS) {
            return Some(Self::PurgeDeed(controller, (millis.len() == 15).then(|| millis.parse().ok()).flatten()?));
        }
        if let Some(signal) = sk.strip_prefix(SIGNALS) {
            return Some(Self::Signal(controller, SignalId::parse(signal).ok()?));
        }
        if let Some(breach) = sk.strip_prefix(ALERTS) {
            let (breach, version) = match breach.split_once('#') {
                Some((breach, number)) => (breach, entry_number(number).filter(|number| *number > 0)?),
                None => (breach, 0),
            };
            return Some(Self::Alert(controller, BreachId::parse(breach).ok()?, version));
        }
        if let Some(hold) = sk.strip_prefix(HOLDS) {
            return Some(Self::Hold(controller, None, HoldId::parse(hold).ok()?));
        }
        if let Some(disclosure) = sk.strip_prefix(DISCLOSURES) {
            return Some(Self::Disclosure(controller, None, DisclosureId::parse(disclosure).ok()?));
        }
        if let Some(change) = sk.strip_prefix(CHANGES) {
            return Some(Self::Change(controller, ChangeId::parse(change).ok()?));
        }
        if let Some(attested) = sk.strip_prefix(ATTESTATIONS) {
            let (id, day) = attested.split_once('#')?;
            return Some(Self::Attestation(controller, AttestationId::parse(id).ok()?, day.parse().ok()?));
        }
        if let Some(id) = sk.strip_prefix(ATTESTED) {
            return Some(Self::Attested(controller, AttestationId::parse(id).ok()?));
        }
        if let Some(request) = sk.strip_prefix(REQUESTS) {
            return Some(Self::Whose(controller, RequestId::parse(request).ok()?));
        }
        if let Some(system) = sk.strip_prefix(SYSTEMS) {
            return Some(Self::System(controller, SystemId::parse(system).ok()?));
        }
        if let Some(system) = sk.strip_prefix(STORED) {
            return Some(Self::Stored(controller, RecordSystem::parse(system)?));
        }
        if let Some(task) = sk.strip_prefix(TASKS) {
            let (system, request) = task.split_once('#')?;
            let task = TaskId { request: RequestId::parse(request).ok()?, system: SystemId::parse(system).ok()? };
            return Some(Self::Task(controller, task));
        }
        if sk == PLANNED {
            return Some(Self::Planned(controller));
        }
        if let Some(walk) = sk.strip_prefix(WALKS) {
            let (job, segment) = walk.split_once('#')?;
            return Some(Self::Walk(controller, Job::parse(job).ok()?, segment.parse().ok()?));
        }
        if let Some(due) = sk.strip_prefix(DAYS) {
            let (day, category) = due.split_once('#')?;
            return Some(Self::Day(controller, Category::parse(category).ok()?, day.parse().ok()?));
        }
        let (what, urgency) = sk.strip_prefix("WARNED#")?.rsplit_once('#')?;
        let (kind, id) = what.split_once('-')?;
        let kind = DeadlineKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        let urgency = [Urgency::AtRisk, Urgency::Missed].into_iter().find(|known| known.as_str() == urgency)?;
        Some(Self::Warned(controller, kind, id.to_owned(), urgency))
    }
}

/// Six digits: the order of keys is the order of numbers.
fn entry_number(digits: &str) -> Option<u32> {
    (digits.len() == 6).then(|| digits.parse().ok()).flatten()
}

/// Two digits.
fn tally_shard(digits: &str) -> Option<u8> {
    (digits.len() == 2).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AAAAAAAAAAAAAAAAAAAA-_";

    #[test]
    fn every_key_is_read_as_it_was_built() {
        let controller = ControllerId::parse("scantrust").unwrap();
        let subject = SubjectRef::parse(&format!("1.{ID}")).unwrap();
        let request = RequestKey {
            controller: controller.clone(),
            subject: subject.clone(),
            request: RequestId::parse(ID).unwrap(),
        };
        let breach = BreachId::parse(ID).unwrap();
        let event = EventName::parse("website.visit").unwrap();
        let attestation = AttestationId::parse("encryption-at-rest").unwrap();
        let keys = [
            ItemKey::Consent(controller.clone(), subject.clone(), CaptureId::parse(ID).unwrap()),
            ItemKey::Guardian(controller.clone(), subject.clone(), CaptureId::parse(ID).unwrap()),
            ItemKey::Subscription(controller.clone(), subject.clone(), CaptureId::parse(ID).unwrap()),
            ItemKey::Request(request.clone(), RequestPart::Received),
            ItemKey::Request(request.clone(), RequestPart::Verified),
            ItemKey::Request(request.clone(), RequestPart::Decided),
            ItemKey::Request(request.clone(), RequestPart::Entry(12)),
            ItemKey::Whose(controller.clone(), request.request.clone()),
            ItemKey::Request(request.clone(), RequestPart::Plan(12)),
            ItemKey::Request(request.clone(), RequestPart::Code),
            ItemKey::Request(request.clone(), RequestPart::CodeAsked(2)),
            ItemKey::Request(request, RequestPart::Mail("ACK".into())),
            ItemKey::AccountToken(controller.clone(), TokenId::parse(ID).unwrap()),
            ItemKey::Limit(LimitKey {
                controller: controller.clone(),
                limit: Limit::IntakeBySource,
                of: BucketId::parse(ID).unwrap(),
                window: 1_767_225_600,
            }),
            ItemKey::Record(controller.clone(), subject.clone(), RecordId::parse(ID).unwrap()),
            ItemKey::Trigger(controller.clone(), subject.clone(), event.clone(), None),
            ItemKey::Trigger(controller.clone(), subject.clone(), event, Some(Purpose::parse("marketing").unwrap())),
            ItemKey::Hold(controller.clone(), Some(subject.clone()), HoldId::parse(ID).unwrap()),
            ItemKey::Hold(controller.clone(), None, HoldId::parse(ID).unwrap()),
            ItemKey::Tombstone(controller.clone(), subject.clone(), RequestId::parse(ID).unwrap()),
            ItemKey::Breach(controller.clone(), breach.clone()),
            ItemKey::BreachEntry(controller.clone(), breach.clone(), 12),
            ItemKey::Notice(controller.clone(), Announcement::Breach(breach.clone()), subject.clone()),
            ItemKey::Notice(controller.clone(), Announcement::Change(ChangeId::parse(ID).unwrap()), subject.clone()),
            ItemKey::Tally(controller.clone(), Announcement::Breach(breach.clone()), 0),
            ItemKey::Tally(controller.clone(), Announcement::Change(ChangeId::parse(ID).unwrap()), 31),
            ItemKey::Disclosure(controller.clone(), Some(subject), DisclosureId::parse(ID).unwrap()),
            ItemKey::Disclosure(controller.clone(), None, DisclosureId::parse(ID).unwrap()),
            ItemKey::Alert(controller.clone(), breach.clone(), 0),
            ItemKey::Alert(controller.clone(), breach, 12),
            ItemKey::Warned(controller.clone(), DeadlineKind::Request, ID.into(), Urgency::AtRisk),
            ItemKey::Warned(
                controller.clone(),
                DeadlineKind::Attestation,
                "encryption-at-rest~2027-03-01T00:00:00Z".into(),
                Urgency::Missed,
            ),
            ItemKey::Warned(
                controller.clone(),
                DeadlineKind::Breach,
                format!("{ID}~us-hipaa~authority-yearly~1800000000000~missed-12-1"),
                Urgency::Missed,
            ),
            ItemKey::Change(controller.clone(), ChangeId::parse(ID).unwrap()),
            ItemKey::Attestation(controller.clone(), attestation.clone(), "2026-03-01".parse().unwrap()),
            ItemKey::Attested(controller.clone(), attestation),
            ItemKey::System(controller.clone(), SystemId::parse("shop.eu").unwrap()),
            ItemKey::Log(
                controller.clone(),
                Category::parse("server-log").unwrap(),
                "2026-03-01".parse().unwrap(),
                LogId::parse(ID).unwrap(),
            ),
            ItemKey::Day(controller.clone(), Category::parse("server-log").unwrap(), "2026-03-01".parse().unwrap()),
            ItemKey::Stored(controller.clone(), RecordSystem::S3),
            ItemKey::Planned(controller.clone()),
            ItemKey::Walk(controller.clone(), Job::Replan, 0),
            ItemKey::Walk(controller.clone(), Job::BindHold(HoldId::parse(ID).unwrap()), 3),
            ItemKey::Walk(controller.clone(), Job::FreeHold(HoldId::parse(ID).unwrap()), 3),
            ItemKey::Walk(controller.clone(), Job::Count(BreachId::parse(ID).unwrap(), 12), 3),
            ItemKey::Purge(controller.clone()),
            ItemKey::PurgeDeed(controller.clone(), 1_772_366_400_000),
            ItemKey::Signal(controller.clone(), SignalId::parse(ID).unwrap()),
            ItemKey::Task(controller, TaskId::parse(&format!("{ID}.shop.eu")).unwrap()),
        ];
        let mut distinct = std::collections::BTreeSet::new();
        for key in keys {
            assert_eq!(ItemKey::parse(&key.pk(), &key.sk()), Ok(key.clone()));
            assert!(distinct.insert((key.pk(), key.sk())));
        }
    }

    #[test]
    fn a_foreign_key_is_refused() {
        for (pk, sk) in [
            ("", ""),
            ("C#", "BREACH"),
            ("C#scantrust#S#ada@example.com", "CONSENT#AAAAAAAAAAAAAAAAAAAAAA"),
            ("C#scantrust#B#AAAAAAAAAAAAAAAAAAAAAA", "OTHER"),
            ("C#scantrust#B#AAAAAAAAAAAAAAAAAAAAAA", "ENTRY#12"),
            ("C#scantrust#N#AAAAAAAAAAAAAAAAAAAAAA", "BREACH"),
            ("C#scantrust#S#1.AAAAAAAAAAAAAAAAAAAAAA#X", "CONSENT#AAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            assert_eq!(ItemKey::parse(pk, sk), Err(UnknownKey), "{pk} {sk}");
        }
    }
}
