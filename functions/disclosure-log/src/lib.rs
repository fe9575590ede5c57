//! The disclosure gate: what may be disclosed is logged, everything else is denied; and whether a use
//! of somebody's data is allowed now.

use app::{
    capture_consent::ConsentLedger,
    disclose::{self, Disclose, DiscloseError, DisclosureLog},
    keys::Keys,
    notice_change::NoticeChanges,
    records::RecordStore,
    requests::RequestLog,
    uses::{self, AskUse},
};
use domain::standing::Denied;
use edge::{
    Event, Failure, Reply,
    clock::{BACKFILL_MAX, TimeGuard},
    http::{Problem, Request, Response},
    site,
};
use policy::PolicyBook;
use wire::disclosure::{DisclosureAnswer, DisclosureForm, UseAnswer, UseForm};

/// The scope of a token that may disclose.
pub const DISCLOSURES_SCOPE: &str = "disclosures:write";

/// The scope of a token that may ask about uses. The answer says something about a known person, so
/// it is nobody else's.
pub const USES_SCOPE: &str = "uses:read";

app::ports! {
    /// Everything that this function needs.
    pub trait Ports = ConsentLedger + NoticeChanges + RequestLog + RecordStore + DisclosureLog + Keys;
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
    let Event::Http(request) = event else { return Err(Failure::new("disclosure-log answers HTTP")) };
    let answer = match request.method() {
        "POST" if request.path().ends_with("/uses") => ask(desk, &request).await,
        "POST" => log(desk, &request).await,
        _ => Err(Problem::method_not_allowed()),
    };
    Ok(answer.into())
}

async fn log<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, DISCLOSURES_SCOPE)?;
    let form = request.json::<DisclosureForm>()?.parse()?;
    desk.guard.check(form.occurred_at, Some(BACKFILL_MAX))?;
    let form = Disclose {
        about: form.about,
        asked: form.asked,
        occurred_at: form.occurred_at,
        logged_by: staff.subject,
        key: site::idempotency_key(request, None)?,
        at: request.at(),
    };
    let logged = disclose::disclose(policy, &desk.ports, form).await.map_err(refuse)?;
    Ok(Response::json(if logged.replayed { 200 } else { 201 }, &DisclosureAnswer::new(&logged.disclosure)))
}

fn refuse(error: DiscloseError) -> Problem {
    match error {
        DiscloseError::Port(error) => error.into(),
        DiscloseError::KeyReused => Problem::key_reused(),
        DiscloseError::Denied(denied) => deny(&denied),
    }
}

/// The answer to a disclosure that must not be made. Nothing was written.
fn deny(denied: &Denied) -> Problem {
    Problem::new(403, "disclosure-denied", "The disclosure is not allowed")
        .with_detail(denied.to_string())
        .with_hint("Do not disclose it. If the policy should allow it, change the policy first.")
        .with("reason", denied.reason.as_str())
        .with("clause", denied.clause.as_str())
}

async fn ask<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, USES_SCOPE)?;
    let (identifier, asked) = request.json::<UseForm>()?.parse()?;
    let decision = uses::ask(policy, &desk.ports, AskUse { identifier, asked, at: request.at() }).await?;
    Ok(Response::json(200, &UseAnswer::new(&decision)))
}
