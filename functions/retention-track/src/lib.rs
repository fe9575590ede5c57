//! Learns of records held elsewhere, of the events that move their clocks, of bulk records, and of holds.

use app::{
    breach::BreachStore,
    capture_consent::ConsentLedger,
    error::PortError,
    hold_notices::Telling,
    holds::{HoldKey, HoldStore},
    keys::Keys,
    logs::{self, KeepLog, Kept, LogError, LogStore},
    notice_change::NoticeChanges,
    post_mortem,
    queues::{DeadLetters, Outbox, Queue},
    records::{self, RecordError, RecordStore, RegisterRecord, Registered, SubjectEvent},
    replan::{self, MayWalk, PlanningStore},
    requests::RequestLog,
    tombstones::Tombstones,
    walk::{self, RecordScan, Step, WALK_HOPS_MAX, Walked, Walks},
};
use domain::{
    dsar::SUBJECT_DECEASED,
    hold::Hold,
    ids::{Category, Identifier},
    policy::Policy,
    record::Record,
    walk::{Job, Turn},
};
use edge::{
    Event, Failure, Reply,
    clock::{self, TimeGuard},
    http::{Problem, RECORDS_BODY_BYTES_MAX, Request, Response},
    queue::{self, Message, Verdict},
    site,
    telemetry::{Unit, metric},
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use policy::PolicyBook;
use wire::{
    form::FormError,
    message::{HoldMessage, ParsedHold, RecordsMessage, WithdrawnForm},
    record::{
        EVENTS_MAX, EventForm, EventResult, LogAnswer, LogPacketAnswer, ParsedEvent, ParsedLog, ParsedRecord,
        ParsedTrigger, RecordsAnswer, RecordsForm,
    },
};

mod holds;

/// The scope of a token that may register records and events.
pub const RECORDS_SCOPE: &str = "records:write";

/// The scope of a token that may read bulk records.
pub const READ_SCOPE: &str = "records:read";

/// The scope of a token that may place and release holds.
pub const HOLDS_SCOPE: &str = "holds:write";

/// The scope of a token that may see which holds stand.
pub const HOLDS_READ_SCOPE: &str = "holds:read";

/// How old a record or event may be: a backfilled log is old, but no system here is older.
pub const AGE_DAYS_MAX: i64 = 20 * 366;

/// How many events of one list are under way at once. Their order does not matter: the clocks fold
/// what happened by when it happened.
pub const EVENTS_AT_ONCE: usize = 8;

/// Everything that this function needs.
pub trait Ports:
    RecordStore
    + LogStore
    + Tombstones
    + ConsentLedger
    + NoticeChanges
    + HoldStore
    + BreachStore
    + RequestLog
    + Keys
    + RecordScan
    + Walks
    + PlanningStore
    + Outbox
    + DeadLetters
{
}

impl<P> Ports for P where
    P: RecordStore
        + LogStore
        + Tombstones
        + ConsentLedger
        + NoticeChanges
        + HoldStore
        + BreachStore
        + RequestLog
        + Keys
        + RecordScan
        + Walks
        + PlanningStore
        + Outbox
        + DeadLetters
{
}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table and the keys.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Refuses times that cannot be right.
    pub guard: TimeGuard,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    match event {
        Event::Http(request) => {
            let logs = request.path().contains("/v1/logs/");
            let holds = request.path().contains("/holds");
            let answer = match request.method() {
                "GET" if logs => read_logs(desk, &request).await,
                "POST" if holds && request.path().ends_with("/review") => holds::review(desk, &request).await,
                "POST" if holds && request.path().ends_with("/withdrawal") => holds::withdraw(desk, &request).await,
                "POST" if holds => holds::place(desk, &request).await,
                "GET" if holds => holds::read(desk, &request).await,
                "POST" => register(desk, &request).await,
                "DELETE" if holds => holds::release(desk, &request).await,
                _ => Err(Problem::method_not_allowed()),
            };
            Ok(answer.into())
        }
        Event::Queue(messages) => {
            queue::each(messages, &desk.ports, async |message: &Message| track(desk, message).await).await
        }
        _ => Err(Failure::new("retention-track answers HTTP and its queue")),
    }
}

/// Why one event was not taken in.
#[derive(Debug)]
enum Refused {
    /// It breaks a rule, and always will.
    Rule(String),
    /// Something outside failed.
    Port(PortError),
}

impl From<FormError> for Refused {
    fn from(error: FormError) -> Self {
        Self::Rule(error.to_string())
    }
}

impl From<RecordError> for Refused {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Port(error) => Self::Port(error),
            rule => Self::Rule(rule.to_string()),
        }
    }
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Port(error) => Self::Port(error),
            rule => Self::Rule(rule.to_string()),
        }
    }
}

/// Takes events in, the records of one person together; answers each, in order: what came of it, or which rule it
/// breaks and always will.
///
/// # Errors
/// [`PortError`]: some are taken in then. Taking all of them in again takes in the rest.
async fn take_in<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    events: Vec<serde_json::Value>,
    now: Timestamp,
) -> Result<Vec<Result<EventResult, String>>, PortError> {
    let mut answers: Vec<Option<Result<EventResult, String>>> = Vec::new();
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
            Err(rule) => answers[position] = Some(Err(rule)),
        }
    }
    let registered = records::register_all(policy, &desk.ports, records).await?;
    for (position, registered) in places.into_iter().zip(registered) {
        answers[position] = Some(match registered {
            Ok(registered) => Ok(registered_result(registered)),
            // Nothing to put right, nothing to send again, and no word about whom or when.
            Err(RecordError::Erased) => Ok(plain("erased")),
            Err(rule) => Err(rule.to_string()),
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
    let missing = || Err("it was not taken in".to_owned());
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
    desk.guard
        .check(occurred_at, Some(SignedDuration::from_hours(24 * AGE_DAYS_MAX)))
        .map_err(|refused| format!("/occurred_at: {refused}"))?;
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
async fn tell<P: Ports>(
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

fn plain(result: &str) -> EventResult {
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

async fn register<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, RECORDS_SCOPE)?;
    let form = request.json_up_to::<RecordsForm>(RECORDS_BODY_BYTES_MAX)?;
    if form.events.is_empty() || form.events.len() > EVENTS_MAX {
        return Err(Problem::invalid(
            "/events",
            format!("a list holds 1 to {EVENTS_MAX} events"),
            "Send longer lists in parts.",
        ));
    }
    // What was taken in stands when a later one fails; sending the list again takes in the rest.
    let results: Vec<EventResult> = take_in(desk, policy, form.events, request.at())
        .await?
        .into_iter()
        .map(|result| result.unwrap_or_else(|rule| EventResult { problem: Some(rule), ..plain("refused") }))
        .collect();
    // 207: each event has an answer of its own.
    let refused = results.iter().any(|result| result.problem.is_some());
    Ok(Response::json(if refused { 207 } else { 200 }, &RecordsAnswer { v: 1, results }))
}

async fn read_logs<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, READ_SCOPE)?;
    let category = request.parameter("category").and_then(|text| Category::parse(text).ok());
    let day = request.parameter("day").and_then(|text| text.parse().ok());
    let (category, day) = category.zip(day).ok_or_else(Problem::not_found)?;
    let from = request.query("from")?;
    let read = logs::read(&desk.ports, &policy.controller, &category, day, request.at(), from.as_deref()).await;
    let (day, page) = match read {
        Ok(found) => found.ok_or_else(Problem::not_found)?,
        // Whoever made it up gets no page for it.
        Err(PortError::Corrupt { what: "a cursor", .. }) => {
            return Err(Problem::invalid("/from", "it is none that was given out", "Take `next` of the last page."));
        }
        Err(error) => return Err(error.into()),
    };
    let packets = page.packets.into_iter().map(|(packet, entries)| LogPacketAnswer::new(&packet, entries));
    let answer = LogAnswer {
        v: 1,
        category: category.to_string(),
        day: day.due.day.to_string(),
        kept_until: day.due.starts_at.to_string(),
        held: day.is_held(),
        packets: packets.collect(),
        next: page.next,
    };
    Ok(Response::json(200, &answer))
}

async fn track<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let form = message.json::<RecordsMessage>()?;
    let controller = form.controller()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    let now = message.sent_at.unwrap_or_else(clock::now);
    for withdrawn in &form.withdrawn {
        note_withdrawal(desk, policy, withdrawn).await?;
    }
    if let Some(walk) = &form.walk {
        let (job, at, turn) = walk.parse()?;
        // A walk may have waited in the queue since it began: what has expired by now must not be revived.
        let now = message.sent_at.map_or(at, |sent_at| sent_at.max(at));
        walk_on(desk, policy, &job, at, turn, now).await?;
    }
    let events = form.events.clone();
    for (event, result) in events.into_iter().zip(take_in(desk, policy, form.events, now).await?) {
        // The events beside it go on; this one alone is put aside, with its reason.
        if let Err(rule) = result {
            let alone = RecordsMessage {
                v: form.v,
                controller: form.controller.clone(),
                events: vec![event],
                withdrawn: vec![],
                walk: None,
            };
            desk.ports.bury(&site::body(&alone)?, &rule).await?;
        }
    }
    Ok(())
}

/// Begins a walk through the controller's records, or does one stretch of it, and hands the rest on.
async fn walk_on<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    job: &Job,
    at: Timestamp,
    turn: Option<Turn>,
    now: Timestamp,
) -> Result<(), Verdict> {
    let (ports, controller) = (&desk.ports, &policy.controller);
    if matches!(job, Job::Count(..)) {
        return Err(Verdict::poison("a breach is counted elsewhere"));
    }
    if *job == Job::Replan {
        match replan::may_walk(ports, policy, at).await? {
            MayWalk::Yes => {}
            MayWalk::Over => return Ok(()),
            MayWalk::NotThis => return Err(Failure::new("the walk is for another version of the policy").into()),
        }
    }
    let turns = match turn {
        None => walk::begin(ports, controller, job, at).await?,
        Some(turn) if turn.hop >= WALK_HOPS_MAX => return Err(Verdict::poison("the walk was handed on too often")),
        Some(turn) => {
            // A hold is read once a stretch: what it covers stays, and whether it was released is asked again where
            // that matters.
            let hold = match job {
                Job::Replan | Job::Count(..) => None,
                Job::BindHold(id) | Job::FreeHold(id) => ports.hold(controller, &HoldKey::wide(id)).await?,
            };
            let act = async |record| act(desk, policy, job, hold.as_ref(), record, now).await;
            match walk::step(ports, controller, job, at, turn, act).await? {
                Step::HandOn(turn) => vec![turn],
                Step::WalkDone(walked) => {
                    finish(desk, policy, job, at, &walked, now).await?;
                    vec![]
                }
                Step::SegmentDone | Step::Stale => vec![],
            }
        }
    };
    let messages = turns.into_iter().map(|turn| site::body(&RecordsMessage::walk(controller, job, at, Some(turn))));
    Ok(Outbox::send(ports, Queue::Records, messages.collect::<Result<_, _>>()?).await?)
}

/// What a walk does to one record; whether that changed it.
async fn act<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    job: &Job,
    hold: Option<&Hold>,
    record: Record,
    now: Timestamp,
) -> Result<bool, PortError> {
    match job {
        Job::Replan => match records::replan(policy, &desk.ports, record, now).await {
            Ok(changed) => Ok(changed),
            Err(RecordError::Port(error)) => Err(error),
            // A rule whose duration runs past the calendar was never stored: the compiler refuses it.
            Err(_) => Err(PortError::corrupt("a record", "its policy cannot be counted")),
        },
        Job::BindHold(_) | Job::FreeHold(_) => {
            let hold = hold.ok_or_else(|| PortError::corrupt("a walk", "there is no such hold"))?;
            if *job == Job::BindHold(hold.id.clone()) {
                app::holds::bind(&desk.ports, &policy.controller, hold, record).await
            } else {
                app::holds::unbind(&desk.ports, &policy.controller, hold, record).await
            }
        }
        Job::Count(..) => Ok(false),
    }
}

/// What follows once every record was met.
async fn finish<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    job: &Job,
    at: Timestamp,
    walked: &Walked,
    now: Timestamp,
) -> Result<(), PortError> {
    #[expect(clippy::cast_precision_loss, reason = "a metric of counts far below 2^52")]
    let count = |name, count: u64| metric(name, count as f64, Unit::Count, &[]);
    match job {
        Job::Replan => {
            replan::done(&desk.ports, policy, at).await?;
            count("RecordsReplanned", walked.changed);
            count("RecordsNotPlanned", walked.unreadable);
        }
        // What cannot be read has no mark, and may be covered: each deletion goes on asking the hold itself.
        Job::BindHold(_) if walked.unreadable > 0 => count("HoldRecordsUnreadable", walked.unreadable),
        Job::BindHold(id) => desk.ports.note_bound(&policy.controller, id, now).await.map(drop)?,
        Job::FreeHold(_) | Job::Count(..) => {}
    }
    Ok(())
}

async fn note_withdrawal<P: Ports>(desk: &Desk<P>, policy: &Policy, form: &WithdrawnForm) -> Result<(), Verdict> {
    let (subject, purpose, at) = form.parse()?;
    let Some(event) = records::withdrawal_event(subject, purpose, at) else { return Ok(()) };
    match records::note_event(policy, &desk.ports, &event).await {
        // It may release a hold; it places none that is told.
        Ok(noted) => Ok(tell(desk, policy, noted.tell, None, at).await?),
        Err(RecordError::Port(error)) => Err(error.into()),
        Err(rule) => Err(Verdict::poison(rule.to_string())),
    }
}
