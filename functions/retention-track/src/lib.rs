//! Learns of records held elsewhere, of the events that move their clocks, of bulk records, and of holds.

use app::{
    breach::BreachStore,
    capture_consent::ConsentLedger,
    error::PortError,
    holds::HoldStore,
    keys::Keys,
    logs::{self, LogStore},
    notice_change::NoticeChanges,
    queues::{DeadLetters, Outbox},
    records::{self, RecordError, RecordStore},
    replan::PlanningStore,
    requests::RequestLog,
    tombstones::Tombstones,
    walk::{RecordScan, Walks},
};
use domain::{ids::Category, policy::Policy};
use edge::{
    Event, Failure, Reply,
    clock::{self, TimeGuard},
    http::{Problem, RECORDS_BODY_BYTES_MAX, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use policy::PolicyBook;
use wire::{
    message::{RecordsMessage, WithdrawnForm},
    record::{EVENTS_MAX, EventResult, LogAnswer, LogPacketAnswer, RecordsAnswer, RecordsForm},
};

mod events;
mod holds;
mod walks;

use events::{Broken, plain, take_in, tell};
use walks::walk_on;

/// The scope of a token that may register records and events.
pub const RECORDS_SCOPE: &str = "records:write";

/// The scope of a token that may read bulk records.
pub const READ_SCOPE: &str = "records:read";

/// The scope of a token that may place and release holds.
pub const HOLDS_SCOPE: &str = "holds:write";

/// The scope of a token that may see which holds stand.
pub const HOLDS_READ_SCOPE: &str = "holds:read";

/// How many events of one list are under way at once. Their order does not matter: the clocks fold
/// what happened by when it happened.
pub const EVENTS_AT_ONCE: usize = 8;

/// How often a message that this version of the policy cannot carry out is looked at: another one may during a rollout.
/// After as many deliveries the queue itself gives it up, with all that is in it.
const STRANGERS_RECEIVES_MAX: u32 = 3;

app::ports! {
    /// Everything that this function needs.
    pub trait Ports =
        RecordStore + LogStore + Tombstones + ConsentLedger + NoticeChanges + HoldStore + BreachStore + RequestLog
        + Keys + RecordScan + Walks + PlanningStore + Outbox + DeadLetters;
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
            // With the version before it: a controller's own name may begin with either word.
            let logs = request.path().contains("/v1/logs/");
            let holds = request.path().contains("/v1/holds");
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
        .map(|result| result.unwrap_or_else(|broken| EventResult { problem: Some(broken.rule), ..plain("refused") }))
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
    let is_last = message.receive_count >= STRANGERS_RECEIVES_MAX;
    for withdrawn in &form.withdrawn {
        note_withdrawal(desk, policy, withdrawn).await?;
    }
    if let Some(walk) = &form.walk {
        let (job, at, turn) = walk.parse()?;
        // A walk may have waited in the queue since it began: what has expired by now must not be revived.
        let now = message.sent_at.map_or(at, |sent_at| sent_at.max(at));
        walk_on(desk, policy, &job, at, turn, (now, is_last)).await?;
    }
    let events = form.events.clone();
    let taken = take_in(desk, policy, form.events, now).await?;
    let is_strange = taken.iter().any(|result| result.as_ref().is_err_and(|broken| broken.is_of_policy));
    if is_strange && !is_last {
        return Err(Failure::new("the policy does not take an event in, and another version of it may").into());
    }
    for (event, result) in events.into_iter().zip(taken) {
        // The events beside it go on; this one alone is put aside, with its reason.
        if let Err(Broken { rule, .. }) = result {
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
