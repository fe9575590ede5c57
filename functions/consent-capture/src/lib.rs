//! Consent captures: `POST` and `GET /{controller}/v1/consents`.

use app::{
    capture_consent::{self, CaptureConsent, CaptureError, ConsentLedger},
    keys::Keys,
    notice_change::NoticeChanges,
    read_consents::{self, ReadError},
};
use edge::{
    Event, Failure, Reply,
    http::{AllowedPages, Problem, Request, Response},
    site,
};
use policy::PolicyBook;
use wire::consent::{ConsentForm, ConsentStateForm, ReceiptForm};

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
pub async fn handle<P: ConsentLedger + NoticeChanges + Keys>(site: &Site<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Http(request) = event else { return Err(Failure::new("consent-capture answers HTTP alone")) };
    let answer = match request.method() {
        "POST" => capture(site, &request).await,
        "GET" => read(site, &request).await,
        _ => Err(Problem::method_not_allowed()),
    };
    Ok(answer.into())
}

async fn capture<P: ConsentLedger + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
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
            Response::json(if receipt.replayed { 200 } else { 201 }, &form)
        }
    })
}

async fn read<P: ConsentLedger + NoticeChanges + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let token = request.bearer().ok_or_else(Problem::unauthorized)?;
    match read_consents::read(policy, &site.ports, token, request.at()).await {
        Ok(state) => Ok(Response::json(200, &ConsentStateForm::new(&state))),
        Err(ReadError::Token(_)) => Err(Problem::unauthorized()),
        Err(ReadError::Port(error)) => Err(error.into()),
    }
}

fn refuse(error: CaptureError) -> Problem {
    match error {
        CaptureError::Port(error) => error.into(),
        CaptureError::KeyReused => Problem::key_reused(),
        CaptureError::Refused(refused) => site::capture_refused(&refused),
    }
}
