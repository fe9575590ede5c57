//! Data subjects' requests: taken in, verified, and looked at by those who made them.
//!
//! Every answer is the same whether or not the person is known: it is made from the form and the
//! policy alone.

use app::{
    account_tokens::AccountTokens,
    certificate::EvidenceFiles,
    challenges::Challenges,
    erasure::ErasurePlans,
    export::csv_of,
    keys::Keys,
    limits::{self as counting, Caller, Counters, Limited},
    receive_request::{self, ReceiveError, ReceiveRequest},
    requests::{self, Downloads, ITS_TOKENS, RequestError, RequestLog, StoredRequest},
    verify::{self, Shown, VerifyError},
};
use domain::{
    dsar::{ActingRefused, Outcome, RequestType},
    ids::RequestId,
    language::Language,
    limits::{self, Limit},
    policy::Policy,
    token::Scope,
};
use edge::{
    Event, Failure, Reply,
    http::{AllowedPages, Location, Problem, Request, Response},
    site,
    telemetry::{self, Unit},
};
use policy::PolicyBook;
use wire::request::{AcknowledgementForm, ParsedProof, ProofForm, RequestForm, StatusForm};

mod certificate;
mod pages;
mod reply;

/// What the function works with.
#[derive(Debug)]
pub struct Site<P> {
    /// The log of requests, the keys and the exports.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Where a browser may be sent after its form.
    pub pages: AllowedPages,
}

app::ports! {
    /// Everything that this function does with requests.
    pub trait Desk =
        RequestLog + Keys + Downloads + Challenges + Counters + AccountTokens + ErasurePlans + EvidenceFiles;
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Desk>(site: &Site<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Http(request) = event else { return Err(Failure::new("dsar-intake answers HTTP alone")) };
    let path = request.path();
    let answer = match (request.method(), request.parameter("request")) {
        ("POST", None) => receive(site, &request).await,
        ("POST", Some(_)) if path.ends_with("/verification/code") => ask_code(site, &request).await,
        ("POST", Some(_)) if path.ends_with("/verification") => verify(site, &request).await,
        ("POST", Some(_)) if path.ends_with("/withdrawal") => withdraw(site, &request).await,
        ("DELETE", Some(_)) => withdraw(site, &request).await,
        ("GET", Some(_)) if path.ends_with("/verification") => confirm_page(site, &request).await,
        ("GET", Some(_)) if path.ends_with("/reply") => reply::page(site, &request).await,
        ("POST", Some(_)) if path.ends_with("/reply") => reply::take(site, &request).await,
        ("GET", Some(_)) if path.ends_with("/export") => download(site, &request).await,
        ("GET", Some(_)) if path.ends_with("/certificate") => certificate::show(site, &request).await,
        ("GET", Some(_)) => status(site, &request).await,
        _ => Err(Problem::method_not_allowed()),
    };
    Ok(answer.into())
}

/// Refuses what was done too often, and counts that it was refused: by the limit's name alone.
fn too_often(limited: Limited) -> Problem {
    telemetry::metric("Limited", 1.0, Unit::Count, &[("limit", limited.limit.as_str())]);
    Problem::too_many_requests(limited.retry_after_seconds)
}

/// By what a caller is counted: a keyed hash is made of it, and it goes nowhere else.
fn source_of(request: &Request) -> Option<String> {
    limits::source(request.source_ip())
}

async fn receive<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let form = site::form(request, RequestForm::from_pairs)?.parse()?;
    let next = form.next.as_deref().map(|next| site.pages.location(next)).transpose()?;
    let source = source_of(request);
    let caller = Caller { source: source.as_deref(), at: request.at() };
    let limited = counting::count_intake(&site.ports, &policy.controller, &form.identifier, caller).await?;
    if let Some(limited) = limited {
        return Err(too_often(limited));
    }
    let receive = ReceiveRequest {
        request: form.request,
        identifier: form.identifier,
        points: form.points,
        purposes: form.purposes,
        acting: form.acting,
        service: form.service,
        instructions: form.instructions,
        residence: form.residence,
        // Whoever names no language reads that of their browser.
        language: form
            .language
            .or_else(|| request.header("accept-language").and_then(Language::accepted))
            .unwrap_or_default(),
        message: form.message,
        corrections: form.corrections,
        about: form.about,
        declared: form.declared,
        entered_by: None,
        key: site::idempotency_key(request, form.nonce)?,
        at: request.at(),
    };
    let answer = receive_request::receive(policy, &site.ports, receive).await.map_err(refuse)?;
    if let Some(location) = next {
        return Ok(Response::see_other(&location));
    }
    let form = AcknowledgementForm::new(
        policy,
        &answer.request.request,
        &answer.received,
        &answer.demand,
        &answer.last_day,
        answer.refusal.as_ref(),
        &answer.token,
    );
    Ok(Response::json(202, &form))
}

fn refuse(error: ReceiveError) -> Problem {
    let detail = error.to_string();
    match error {
        ReceiveError::Port(error) => error.into(),
        ReceiveError::UnknownPurpose(_) => Problem::new(422, "unknown-purpose", "The policy names no such purpose")
            .with_detail(detail)
            .with_hint("Use purposes of the controller's policy, or name none."),
        ReceiveError::NoObjection(_) => {
            Problem::new(422, "no-objection", "No objection ends the use of data for this purpose")
                .with_detail(detail)
                .with_hint("Name purposes on legitimate interests, or none for all of them (GDPR Art. 21(1)).")
        }
        ReceiveError::UnknownService => Problem::new(422, "unknown-service", "The policy names no such service")
            .with_detail(detail)
            .with_hint("Use a service of the controller's policy, or name none."),
        ReceiveError::Acting(refused) => acting_refused(&refused),
        ReceiveError::AppealMisplaced => {
            Problem::invalid("/about", detail, "Send about and about_token with a request of type appeal.")
        }
        ReceiveError::NothingToAppeal => {
            Problem::new(422, "nothing-to-appeal", "There is no decision to appeal against")
                .with_detail(detail)
                .with_hint("Send the number and the token of a request that was decided.")
        }
        ReceiveError::CorrectionsMisplaced => {
            Problem::invalid("/corrections", detail, "Send them with a request of type rectification.")
        }
        ReceiveError::InstructionsMisplaced => {
            Problem::invalid("/instructions", detail, "Send them with a request of type post-mortem.")
        }
        ReceiveError::PointsNeeded(_) => Problem::new(422, "points-needed", "More data points are needed")
            .with_detail(detail)
            .with_hint("Send them under points, by field: details that this controller may hold about you."),
        ReceiveError::DeclarationNeeded => Problem::new(422, "declaration-needed", "A declaration is needed")
            .with_detail(detail)
            .with_hint("Send declared as true if you declare that, or ask for the categories of data instead.")
            .with_pointer("/declared"),
        ReceiveError::KeyReused => Problem::key_reused(),
        ReceiveError::OutOfCalendar => Problem::invalid("", detail, "Make the request again."),
    }
}

fn acting_refused(refused: &ActingRefused) -> Problem {
    let detail = refused.to_string();
    match refused {
        ActingRefused::ProofNeeded(proofs) => Problem::new(422, "proof-needed", "An agent needs a proof")
            .with_detail(detail)
            .with_hint("Name the proof that you have under acting.proof.")
            .with_pointer("/acting/proof")
            .with("proofs", proofs.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ActingRefused::NotAccepted(_) | ActingRefused::NotForThis(..) => {
            Problem::new(422, "acting-not-accepted", "This request cannot be made for somebody else")
                .with_detail(detail)
                .with_hint("The person can make it themselves, or you can write to the controller's office.")
                .with_pointer("/acting/as")
        }
    }
}

/// The request, and the token that opens it.
fn opened(request: &Request) -> Result<(RequestId, String), Problem> {
    let id = request.parameter("request").and_then(|id| RequestId::parse(id).ok()).ok_or_else(Problem::not_found)?;
    Ok((id, request.token()?))
}

/// A token that opens nothing and a request that is not there are answered alike, and counted: whoever
/// tries many is slowed.
async fn closed<P: Desk>(site: &Site<P>, request: &Request, error: RequestError) -> Problem {
    let source = source_of(request);
    let caller = Caller { source: source.as_deref(), at: request.at() };
    match error {
        RequestError::Token(_) | RequestError::Unknown => {
            let Ok(policy) = site::policy(request, &site.policies) else { return Problem::unauthorized() };
            match counting::count(&site.ports, &policy.controller, Limit::FailedTokens, caller, None).await {
                Ok(None) => Problem::unauthorized(),
                Ok(Some(limited)) => too_often(limited),
                Err(error) => error.into(),
            }
        }
        RequestError::Port(error) => error.into(),
    }
}

async fn status<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    match requests::look(policy, &site.ports, &id, &token, request.at()).await {
        Ok((claim, stored)) if request.wants_page() => {
            Ok(pages::status(policy, &id, (&token, claim.scope), &stored.state, request.at()))
        }
        Ok((_, stored)) => Ok(Response::json(200, &told(policy, &id, &stored, request))),
        Err(error) => Err(closed(site, request, error).await),
    }
}

/// What the requester is told of a request.
fn told(policy: &Policy, id: &RequestId, stored: &StoredRequest, request: &Request) -> StatusForm {
    StatusForm::new(policy, id, &stored.state, request.at()).with_corrections(stored.confided.corrections.keys())
}

/// The requester takes it back; what it has come to until then is in the answer.
async fn withdraw<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let stored = match requests::withdraw(policy, &site.ports, &id, &token, request.at()).await {
        Ok(stored) => stored,
        Err(error) => return Err(closed(site, request, error).await),
    };
    if !request.wants_page() {
        return Ok(Response::json(200, &told(policy, &id, &stored, request)));
    }
    let scope = requests::open(policy, &site.ports, &id, &token, &ITS_TOKENS, request.at()).await;
    let scope = scope.map_or(Scope::Request, |(_, claim)| claim.scope);
    Ok(pages::status(policy, &id, (&token, scope), &stored.state, request.at()))
}

/// What the mailed link shows. Mail scanners open links, so opening it verifies nothing: the button
/// does.
async fn confirm_page<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    match requests::look(policy, &site.ports, &id, &token, request.at()).await {
        // A request's own token shows nobody's mailbox: its holder types the code that was mailed there.
        Ok((claim, stored)) => Ok(pages::confirm(policy, &id, (&token, claim.scope), &stored.state)),
        Err(error) => Err(closed(site, request, error).await),
    }
}

/// A body shows a code or an account token; without one the token is the mailed link's own.
async fn verify<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let source = source_of(request);
    let caller = Caller { source: source.as_deref(), at: request.at() };
    let form: Option<ProofForm> = match request.has_body() {
        true => site::form(request, |pairs| ProofForm::from_pairs(pairs).map(Some))?,
        false => None,
    };
    let proof = form.map_or(Ok(ParsedProof::Link), ProofForm::parse)?;
    let shown = match &proof {
        ParsedProof::Link => None,
        ParsedProof::Code(code) => Some(Shown::Code(code)),
        ParsedProof::Account(token) => Some(Shown::Account(token)),
    };
    let verified = match shown {
        None => requests::verify(policy, &site.ports, &id, &token, caller.at).await.map_err(VerifyError::from),
        Some(shown) => verify::verify(policy, &site.ports, &id, &token, shown, caller).await,
    };
    let state = match verified {
        Ok(state) => state,
        Err(error) => return Err(not_verified(site, request, error).await),
    };
    if !request.wants_page() {
        return Ok(Response::json(200, &StatusForm::new(policy, &id, &state, request.at())));
    }
    Ok(pages::confirmed(policy, &id, &token, state.received.language))
}

/// Whatever is wrong with a proof is answered alike.
async fn not_verified<P: Desk>(site: &Site<P>, request: &Request, error: VerifyError) -> Problem {
    match error {
        VerifyError::Request(error) => closed(site, request, error).await,
        VerifyError::Limited(limited) => too_often(limited),
        VerifyError::NoProof => Problem::new(403, "not-verified", "This does not show who made the request")
            .with_detail("It is wrong, was used up, has expired, or does not belong to this request.")
            .with_hint("Ask for another code, log in again, or open the link in the mail."),
    }
}

/// Another code, if one may be sent. Everybody is answered the same.
async fn ask_code<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let source = source_of(request);
    let caller = Caller { source: source.as_deref(), at: request.at() };
    match verify::ask_code(policy, &site.ports, &id, &token, caller).await {
        Ok(()) => Ok(Response::json(202, &CodeAsked { v: 1, resend_after_seconds: limits::CODE_PAUSE_SECONDS })),
        Err(error) => Err(not_verified(site, request, error).await),
    }
}

/// The answer to whoever asks for another code.
#[derive(serde::Serialize)]
struct CodeAsked {
    v: u8,
    resend_after_seconds: i64,
}

/// The export itself stays in its bucket: whoever holds the token is sent on by a link that works
/// for minutes, since a longer one would die with this function's own session.
async fn download<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let is_csv = request.wants_csv()?;
    let scopes = [Scope::Export, Scope::Request];
    let (key, claim) = match requests::open(policy, &site.ports, &id, &token, &scopes, request.at()).await {
        Ok(opened) => opened,
        Err(error) => return Err(closed(site, request, error).await),
    };
    let Some(state) = site.ports.request(&key).await?.map(|stored| stored.state) else {
        return Err(Problem::unauthorized());
    };
    // Whoever typed an address has the request's token: it opens what says nothing about anybody, and
    // what was asked for by a value that its holder alone knows.
    if state.received.request != RequestType::Information && !pages::shows_answer(claim.scope, &state) {
        return Err(Problem::unauthorized());
    }
    match state.decided {
        Some((_, Outcome::Exported { object, until })) if request.at() < until => {
            let object = if is_csv { csv_of(&object) } else { object };
            let link = site.ports.presign_export(&object).await?;
            Ok(Response::see_other(&Location::ours(link)?))
        }
        _ => Err(Problem::new(410, "export-gone", "The export is not there any more")
            .with_hint("Make a new request of type access.")),
    }
}
