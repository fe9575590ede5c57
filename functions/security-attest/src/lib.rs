//! Attestations: `POST` and `GET /{controller}/v1/attestations`.

use app::attest::{self, Attest, AttestError, Attestations};
use edge::{
    Event, Failure, Reply,
    http::{Problem, Request, Response},
    site,
};
use policy::PolicyBook;
use wire::attestation::{AttestationAnswer, AttestationForm, AttestationsAnswer, StatementForm};

/// The scope of a token that may record attestations and look at them.
pub const SCOPE: &str = "attestations:write";

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Attestations>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Http(request) = event else { return Err(Failure::new("security-attest answers HTTP alone")) };
    let answer = match request.method() {
        "POST" => record(desk, &request).await,
        "GET" => list(desk, &request).await,
        _ => Err(Problem::method_not_allowed()),
    };
    Ok(answer.into())
}

async fn record<P: Attestations>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, SCOPE)?;
    let form = request.json::<AttestationForm>()?.parse()?;
    let form = Attest {
        attestation: form.attestation,
        evidence: form.evidence,
        attested_on: form.attested_on,
        by: form.by,
        recorded_by: staff.subject,
        at: request.at(),
    };
    let attested = attest::attest(policy, &desk.ports, form).await.map_err(refuse)?;
    let status = if attested.replayed { 200 } else { 201 };
    Ok(Response::json(status, &AttestationAnswer::from(&attested.attestation)))
}

fn refuse(error: AttestError) -> Problem {
    let detail = error.to_string();
    match error {
        AttestError::Port(error) => error.into(),
        AttestError::Unknown(_) => {
            Problem::invalid("/attestation", detail, "Use an attestation of the controller's policy.")
        }
        AttestError::Future | AttestError::OutOfCalendar(_) => {
            Problem::invalid("/attested_on", detail, "Give the day on which somebody vouched for it.")
        }
        AttestError::DayTaken => {
            Problem::conflict(detail).with_hint("Attest it again under the day on which that was done.")
        }
    }
}

async fn list<P: Attestations>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let recorded = desk.ports.attestations(&policy.controller).await?;
    let statements = policy
        .attestations
        .values()
        .map(|rule| StatementForm::new(rule, attest::latest(&recorded, &rule.id), request.at()));
    let answer =
        AttestationsAnswer { v: 1, controller: policy.controller.to_string(), attestations: statements.collect() };
    Ok(Response::json(200, &answer))
}
