//! Consent captures: `POST` and `GET /{controller}/v1/consents`; what they allow on a device:
//! `GET /{controller}/v1/trackers`; a guardian's word on a child's:
//! `/{controller}/v1/consents/{capture}/guardian`; and the way out of what was confirmed by mail:
//! `/{controller}/v1/consents/{capture}/unsubscribe`.

mod guardian;
mod unsubscribe;

use app::{
    capture_consent::{self, CaptureConsent, CaptureError, ConsentLedger},
    capture_mail::ConfidingLedger,
    keys::Keys,
    notice_change::NoticeChanges,
    read_consents::{self, ReadError},
    trackers,
};
use domain::{ids::CaptureId, tracker::Seen};
use edge::{
    Event, Failure, Reply,
    http::{AllowedPages, Problem, Request, Response},
    site,
};
use policy::PolicyBook;
use wire::{
    consent::{ConsentForm, ConsentStateForm, ReceiptForm},
    tracker::TrackersAnswer,
};

/// What the function works with.
#[derive(Debug)]
pub struct Site<P> {
    /// The table and the keys.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Where a browser may be sent after its form.
    pub pages: AllowedPages,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: ConsentLedger + ConfidingLedger + NoticeChanges + Keys>(
    site: &Site<P>,
    event: Event,
) -> Result<Reply, Failure> {
    let Event::Http(request) = event else { return Err(Failure::new("consent-capture answers HTTP alone")) };
    let answer = match request.method() {
        "POST" if request.path().ends_with("/unsubscribe") => unsubscribe::withdraw(site, &request).await,
        "GET" if request.path().ends_with("/unsubscribe") => unsubscribe::page(site, &request).await,
        "POST" if request.parameter("capture").is_some() => guardian::agree(site, &request).await,
        "GET" if request.parameter("capture").is_some() => guardian::page(site, &request).await,
        "POST" => capture(site, &request).await,
        "GET" if request.path().ends_with("/trackers") => allowed_trackers(site, &request).await,
        "GET" => read(site, &request).await,
        _ => Err(Problem::method_not_allowed()),
    };
    Ok(answer.into())
}

async fn capture<P: ConsentLedger + ConfidingLedger + Keys>(
    site: &Site<P>,
    request: &Request,
) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let form = site::form(request, ConsentForm::from_pairs)?.parse()?;
    let next = form.next.as_deref().map(|next| site.pages.location(next)).transpose()?;
    let capture = CaptureConsent {
        identifier: form.identifier,
        capture: form.capture,
        language: form.language,
        method: form.method,
        gpc: request.gpc(),
        key: site::idempotency_key(request, form.nonce)?,
        at: request.at(),
    };
    let receipt = capture_consent::capture(policy, &site.ports, capture).await.map_err(refuse)?;
    Ok(match next {
        Some(location) => Response::see_other(&location),
        None => {
            let form = ReceiptForm::new(&policy.controller, &receipt.event, &receipt.token);
            // 202: what waits for a guardian is taken in and counts for nothing yet.
            let status = match (receipt.replayed, &form.awaits) {
                (true, _) => 200,
                (false, None) => 201,
                (false, Some(_)) => 202,
            };
            Response::json(status, &form)
        }
    })
}

/// The capture that a mailed link is about, and the token that opens it.
fn opened(request: &Request) -> Result<(CaptureId, String), Problem> {
    let id = request.parameter("capture").and_then(|id| CaptureId::parse(id).ok()).ok_or_else(Problem::not_found)?;
    Ok((id, request.token()?))
}

async fn read<P: ConsentLedger + NoticeChanges + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let token = request.bearer().ok_or_else(Problem::unauthorized)?;
    let state = read_consents::read(policy, &site.ports, token, request.at()).await.map_err(unread)?;
    Ok(Response::json(200, &ConsentStateForm::new(&state)))
}

fn unread(error: ReadError) -> Problem {
    match error {
        ReadError::Token(_) => Problem::unauthorized(),
        ReadError::Port(error) => error.into(),
    }
}

async fn allowed_trackers<P: ConsentLedger + NoticeChanges + Keys>(
    site: &Site<P>,
    request: &Request,
) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    // A token that cannot be read must not pass for none: whoever sends one expects its choices.
    let token = match (request.bearer(), request.header("authorization")) {
        (None, Some(_)) => return Err(Problem::unauthorized()),
        (token, _) => token,
    };
    let seen = Seen { gpc: request.gpc(), dnt: request.dnt() };
    let decisions = trackers::decide(policy, &site.ports, token, seen, request.at()).await.map_err(unread)?;
    Ok(Response::json(200, &TrackersAnswer::new(policy, &decisions, seen)))
}

fn refuse(error: CaptureError) -> Problem {
    match error {
        CaptureError::Port(error) => error.into(),
        CaptureError::KeyReused => Problem::key_reused(),
        CaptureError::Refused(refused) => site::capture_refused(&refused),
    }
}
