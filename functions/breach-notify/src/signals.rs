//! Signals of detectors: taken in from the queue and from staff, listed, dismissed, and linked to a breach.

use std::collections::BTreeSet;

use app::signals::{self, SIGNALS_PAGE_MAX, SignalError, SignalPage, SignalStore};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    ids::{BreachId, SignalId},
    policy::Policy,
};
use edge::{
    Failure,
    http::{Problem, Request, Response},
    queue::{Message, Verdict},
    site,
    telemetry::{Unit, metric},
};
use jiff::Timestamp;
use wire::{
    detector,
    signal::{DismissalForm, SignalAnswer, SignalForm, SignalsAnswer},
};

use crate::{Desk, Ports, SCOPE, officer};

/// Whether this message is an event of a detector, not a message of ours.
pub(crate) fn is_event(message: &Message) -> bool {
    detector::is_event(&message.body)
}

/// Takes in what a detector published. It comes at least once, and the same finding again while it lasts.
pub(crate) async fn take<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let event = detector::read(&message.body)?;
    // Whoever publishes names the time; nothing arrives here before it was sent.
    let at = message.sent_at.map_or(event.at, |sent_at| event.at.min(sent_at));
    let policies: Vec<&Policy> = match &event.controller {
        Some(controller) => vec![site::policy_of(controller, &desk.policies)?],
        None => desk.policies.all().map_err(Failure::from)?,
    };
    #[expect(clippy::cast_precision_loss, reason = "an event holds few findings")]
    metric("SignalsReceived", event.findings.len() as f64, Unit::Count, &[]);
    for finding in event.findings {
        let theirs = match &event.controller {
            Some(_) => policies.clone(),
            None => signals::whose(&policies, &finding),
        };
        for policy in theirs {
            signals::take_in(policy, &desk.ports, finding.clone(), at).await?;
        }
    }
    // Its neighbours are kept by now; what does not read is put aside with the whole event, for a person to look at.
    event.unreadable.map_or(Ok(()), |error| Err(error.into()))
}

/// `POST /{controller}/v1/signals`.
pub(crate) async fn report<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    officer(policy, request)?;
    let key = site::idempotency_key(request, None)?;
    let finding = request.json::<SignalForm>()?.parse(format!("staff {key}"), request.at())?;
    let reported = (finding.what.clone(), finding.title.clone(), finding.detected_at);
    let signal = signals::take_in(policy, &desk.ports, finding, request.at()).await?;
    if (signal.what.clone(), signal.title.clone(), signal.detected_at) != reported {
        return Err(Problem::key_reused());
    }
    Ok(Response::json(201, &SignalAnswer::from(&signal)))
}

/// `POST /{controller}/v1/signals/{signal}/dismissal`.
pub(crate) async fn dismiss<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let by = officer(policy, request)?;
    let id = SignalId::parse(id).map_err(|_| Problem::not_found())?;
    let reason = request.json::<DismissalForm>()?.parse()?;
    match signals::dismiss(policy, &desk.ports, &id, (by, reason), request.at()).await {
        Ok(signal) => Ok(Response::json(200, &SignalAnswer::from(&signal))),
        Err(SignalError::Unknown(_)) => Err(Problem::not_found()),
        Err(SignalError::Refused(refused)) => Err(Problem::conflict(refused.to_string())),
        Err(SignalError::Port(error)) => Err(error.into()),
    }
}

/// `GET /{controller}/v1/signals/{signal}`.
pub(crate) async fn look<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = SignalId::parse(id).map_err(|_| Problem::not_found())?;
    let signal = desk.ports.signal(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    Ok(Response::json(200, &SignalAnswer::from(&signal)))
}

/// `GET /{controller}/v1/signals`: those that wait for a decision first, then the others.
pub(crate) async fn list<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let (is_open, from) = match request.query("cursor")? {
        Some(cursor) => read_cursor(&cursor).ok_or_else(|| {
            Problem::invalid("/cursor", "It is none that was given out.", "Start at the list's beginning.")
        })?,
        None => (true, None),
    };
    let page = async |is_open, from: Option<&str>, limit| -> Result<SignalPage, Problem> {
        Ok(SignalStore::signals(&desk.ports, &policy.controller, is_open, from, limit).await?)
    };
    let mut found = page(is_open, from.as_deref(), SIGNALS_PAGE_MAX).await?;
    let mut cursor = found.next.take().map(|place| write_cursor(is_open, &place));
    let room = SIGNALS_PAGE_MAX.saturating_sub(found.signals.len());
    if is_open && cursor.is_none() {
        // A full page ends with the open ones: the next one begins with the others.
        cursor = Some(write_cursor(false, ""));
        if room > 0 {
            let closed = page(false, None, room).await?;
            found.signals.extend(closed.signals);
            cursor = closed.next.map(|place| write_cursor(false, &place));
        }
    }
    let signals = found.signals.iter().map(SignalAnswer::from).collect();
    Ok(Response::json(200, &SignalsAnswer { v: 1, controller: policy.controller.to_string(), signals, cursor }))
}

fn write_cursor(is_open: bool, place: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}{place}", if is_open { 'o' } else { 'c' }))
}

/// Whether a page is of the open ones, and from where it goes on.
fn read_cursor(cursor: &str) -> Option<(bool, Option<String>)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| bytes.len() < 128)?;
    let text = String::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let is_open = match text.get(..1)? {
        "o" => true,
        "c" => false,
        _ => return None,
    };
    Some((is_open, text.get(1..).filter(|place| !place.is_empty()).map(str::to_owned)))
}

/// Refuses a breach that names signals which are unknown, or belong to another one.
pub(crate) async fn check<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    signals: &BTreeSet<SignalId>,
    breach: Option<&BreachId>,
    pointer: &'static str,
) -> Result<(), Problem> {
    signals::check(policy, &desk.ports, signals, breach).await.map_err(|error| refuse(error, pointer))
}

/// Writes that signals belong to a breach, which names them by then.
pub(crate) async fn link<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    signals: &BTreeSet<SignalId>,
    breach: &BreachId,
    at: Timestamp,
    pointer: &'static str,
) -> Result<(), Problem> {
    signals::link(policy, &desk.ports, signals, breach, at).await.map_err(|error| refuse(error, pointer))
}

fn refuse(error: SignalError, pointer: &'static str) -> Problem {
    match error {
        SignalError::Unknown(_) => {
            Problem::invalid(pointer, "There is no such signal.", "Name signals from the list of signals.")
        }
        SignalError::Refused(refused) => {
            Problem::invalid(pointer, refused.to_string(), "Look at the breach that it belongs to.")
        }
        SignalError::Port(error) => error.into(),
    }
}
