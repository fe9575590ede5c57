//! What systems tell of records: that there is one, that something happened to its person, what a log held.

use app::{
    error::PortError,
    hold_notices::Telling,
    logs::{self, KeepLog, Kept, LogError},
    post_mortem,
    queues::{Outbox, Queue},
    records::{self, RecordError, RegisterRecord, Registered, SubjectEvent},
};
use domain::{dsar::SUBJECT_DECEASED, hold::Hold, ids::Identifier, policy::Policy};
use edge::{clock::BACKFILL_MAX, site};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use wire::{
    message::{HoldMessage, ParsedHold},
    record::{EventForm, EventResult, ParsedEvent, ParsedLog, ParsedRecord, ParsedTrigger},
};

use crate::{Desk, EVENTS_AT_ONCE, Ports};

/// A rule that an event breaks.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Which, without anybody's data.
    pub(crate) rule: String,
    /// Whether it is one of the policy: another version of it may take the event in.
    pub(crate) is_of_policy: bool,
}

/// Why one event was not taken in.
#[derive(Debug)]
enum Refused {
    /// It breaks a rule.
    Rule(Broken),
    /// Something outside failed.
    Port(PortError),
}

impl From<RecordError> for Refused {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Port(error) => Self::Port(error),
            rule => Self::Rule(Broken { rule: rule.to_string(), is_of_policy: true }),
        }
    }
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Port(error) => Self::Port(error),
            rule => Self::Rule(Broken { rule: rule.to_string(), is_of_policy: true }),
        }
    }
}

/// Takes events in, the records of one person together; answers each, in order: what came of it, or which rule it
/// breaks.
///
/// # Errors
/// [`PortError`]: some are taken in then. Taking all of them in again takes in the rest.
pub(crate) async fn take_in<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    events: Vec<serde_json::Value>,
    now: Timestamp,
) -> Result<Vec<Result<EventResult, Broken>>, PortError> {
    let mut answers: Vec<Option<Result<EventResult, Broken>>> = Vec::new();
    let (mut places, mut records) = (Vec::new(), Vec::new());
    let (mut triggers, mut logs) = (Vec::new(), Vec::new());
    for (position, event) in events.into_iter().enumerate() {
        answers.push(None);
        match read_event(desk, event) {
            Ok(ParsedEvent::Record(record)) => {
                places.push(position);
                records.push(registration(record));
            }
            Ok(ParsedEvent::Trigger(trigger)) => triggers.push((position, trigger)),
            Ok(ParsedEvent::Log(log)) => logs.push((position, log)),
            Err(rule) => answers[position] = Some(Err(Broken { rule, is_of_policy: false })),
        }
    }
    let registered = records::register_all(policy, &desk.ports, records).await?;
    for (position, registered) in places.into_iter().zip(registered) {
        answers[position] = Some(match registered {
            Ok(registered) => Ok(registered_result(registered)),
            // Nothing to put right, nothing to send again, and no word about whom or when.
            Err(RecordError::Erased) => Ok(plain("erased")),
            Err(rule) => Err(Broken { rule: rule.to_string(), is_of_policy: true }),
        });
    }
    let noted = triggers.into_iter().map(async |(position, form)| (position, note_one(desk, policy, form, now).await));
    let kept = logs.into_iter().map(async |(position, form)| (position, keep_one(desk, policy, form).await));
    let taken: Vec<_> = stream::iter(noted).buffer_unordered(EVENTS_AT_ONCE).collect().await;
    let kept: Vec<_> = stream::iter(kept).buffer_unordered(EVENTS_AT_ONCE).collect().await;
    for (position, result) in taken.into_iter().chain(kept) {
        answers[position] = Some(match result {
            Ok(result) => Ok(result),
            Err(Refused::Rule(rule)) => Err(rule),
            Err(Refused::Port(error)) => return Err(error),
        });
    }
    let missing = || Err(Broken { rule: "it was not taken in".to_owned(), is_of_policy: false });
    Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect())
}

/// Reads an event, and whether it can have happened then.
fn read_event<P>(desk: &Desk<P>, event: serde_json::Value) -> Result<ParsedEvent, String> {
    let event = EventForm::read(event).map_err(|error| error.to_string())?;
    let occurred_at = match &event {
        ParsedEvent::Record(record) => record.occurred_at,
        ParsedEvent::Trigger(trigger) => trigger.occurred_at,
        ParsedEvent::Log(log) => log.occurred_at,
    };
    desk.guard.check(occurred_at, Some(BACKFILL_MAX)).map_err(|refused| format!("/occurred_at: {refused}"))?;
    Ok(event)
}

async fn keep_one<P: Ports>(desk: &Desk<P>, policy: &Policy, form: ParsedLog) -> Result<EventResult, Refused> {
    let form = KeepLog {
        category: form.category,
        purpose: form.purpose,
        occurred_at: form.occurred_at,
        entries: form.entries,
    };
    let log = logs::keep(policy, &desk.ports, form).await?;
    if log.kept == Kept::Closed {
        return Ok(plain("expired"));
    }
    Ok(EventResult {
        log_id: Some(log.log.to_string()),
        kept_until: Some(log.until.to_string()),
        ..plain("registered")
    })
}

fn registration(form: ParsedRecord) -> RegisterRecord {
    RegisterRecord {
        identifier: form.identifier,
        category: form.category,
        purpose: form.purpose,
        system: form.system,
        locator: form.locator,
        fields: form.fields,
        age: form.age,
        country: form.country,
        guardian: form.guardian,
        occurred_at: form.occurred_at,
    }
}

fn registered_result(registered: Registered) -> EventResult {
    EventResult {
        record_id: Some(registered.record.to_string()),
        log_id: None,
        subject: Some(registered.subject.to_string()),
        kept_until: registered.due_at.map(|due_at| due_at.to_string()),
        held: registered.held,
        ..plain("registered")
    }
}

async fn note_one<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    form: ParsedTrigger,
    now: Timestamp,
) -> Result<EventResult, Refused> {
    let keys = desk.ports.controller(&policy.controller).await.map_err(Refused::Port)?;
    let event = SubjectEvent {
        subject: keys.pepper.subject(&form.identifier),
        event: form.event,
        purpose: form.purpose,
        occurred_at: form.occurred_at,
    };
    let noted = records::note_event(policy, &desk.ports, &event).await?;
    tell(desk, policy, noted.tell, Some(&form.identifier), now).await.map_err(Refused::Port)?;
    if event.event.as_str() == SUBJECT_DECEASED {
        // After the trigger: what fails here comes again with the event, and finds the first attempt.
        let carried_out = post_mortem::carry_out(policy, &desk.ports, &event.subject, event.occurred_at).await;
        carried_out.map_err(Refused::Port)?;
    }
    Ok(EventResult {
        clocks_moved: Some(noted.moved),
        held: !noted.holds.is_empty(),
        holds: noted.holds.iter().map(Hold::name).collect(),
        ..plain("noted")
    })
}

/// Has systems told of holds, before what it follows from is done with: what fails here comes again with that, and
/// telling twice is harmless. They are told from `at` on, however long ago the event happened.
pub(crate) async fn tell<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    tellings: Vec<Telling>,
    identifier: Option<&Identifier>,
    at: Timestamp,
) -> Result<(), PortError> {
    if tellings.is_empty() {
        return Ok(());
    }
    let bodies = tellings.into_iter().map(|telling| {
        let message = HoldMessage::new(&ParsedHold {
            controller: policy.controller.clone(),
            subject: telling.subject,
            hold: telling.hold,
            system: telling.system,
            identifier: identifier.cloned(),
            at,
        });
        site::body(&message).map_err(|_| PortError::corrupt("a message", "it cannot be written"))
    });
    Outbox::send(&desk.ports, Queue::Tasks, bodies.collect::<Result<_, _>>()?).await
}

pub(crate) fn plain(result: &str) -> EventResult {
    EventResult {
        result: result.to_owned(),
        record_id: None,
        log_id: None,
        subject: None,
        kept_until: None,
        held: false,
        clocks_moved: None,
        holds: Vec::new(),
        problem: None,
    }
}
