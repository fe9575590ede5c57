//! The privacy office's side of requests: the list, one request with all that is known of it, requests that
//! came by post or telephone, and what the office does. Every route is for staff.

use std::collections::BTreeMap;

use app::{
    erasure::ErasurePlans,
    keys::Keys,
    office::{self, Clerk, Doing, EnterRequest, ListError, ListRequests, Looked},
    receive_request::ReceiveRequest,
    records::RecordStore,
    requests::{Confided, OfficeRow, RequestLog},
};
use domain::{dsar::Action, ids::RequestId, policy::Policy};
use edge::{
    Event, Failure, Reply,
    http::{Problem, Request, Response},
    site,
};
use policy::PolicyBook;
use wire::office::{ActionForm, Case, CaseForm, EnterForm, GroundsForm, LineForm, ListForm, ListQuery};

mod refuse;

/// The scope of a token that may look.
pub const READ_SCOPE: &str = "requests:read";

/// The scope of a token that may work on requests.
pub const WRITE_SCOPE: &str = "requests:write";

/// The scope of a token that may decide: what is decided is carried out.
pub const DECIDE_SCOPE: &str = "requests:decide";

/// The scope of a token that may agree to what a colleague proposed.
pub const APPROVE_SCOPE: &str = "requests:approve";

app::ports! {
    /// Everything that this function needs.
    pub trait Ports = RequestLog + ErasurePlans + RecordStore + Keys;
}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table and the keys.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Http(request) = event else { return Err(Failure::new("dsar-office answers HTTP alone")) };
    let path = request.path();
    let answer = match (request.method(), request.parameter("request")) {
        ("GET", None) if path.ends_with("/grounds") => grounds(desk, &request),
        ("GET", None) => list(desk, &request).await,
        ("POST", None) => enter(desk, &request).await,
        ("GET", Some(_)) => look(desk, &request).await,
        ("POST", Some(_)) if path.ends_with("/actions") => act(desk, &request).await,
        _ => Err(Problem::method_not_allowed()),
    };
    Ok(answer.into())
}

/// Lets somebody of the office in.
fn clerk<'a, P>(desk: &'a Desk<P>, request: &Request, scope: &str) -> Result<(&'a Policy, Clerk), Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let id = request.staff(&policy.controller, scope)?.id()?;
    Ok((policy, Clerk { id, at: request.at() }))
}

fn number(request: &Request) -> Result<RequestId, Problem> {
    request.parameter("request").and_then(|id| RequestId::parse(id).ok()).ok_or_else(Problem::not_found)
}

fn grounds<P>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    clerk(desk, request, READ_SCOPE)?;
    Ok(Response::json(200, &GroundsForm::all()))
}

async fn list<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let (policy, clerk) = clerk(desk, request, READ_SCOPE)?;
    let query = ListQuery {
        state: request.query("state")?,
        stage: request.query("stage")?,
        request: request.query("type")?,
        assignee: request.query("assignee")?,
        mine: request.query("mine")?,
        due_before: request.query("due_before")?,
        overdue: request.query("overdue")?,
        limit: request.query("limit")?,
    };
    let asked = query.parse()?;
    let now = asked.overdue.then_some(clerk.at);
    let wanted = ListRequests {
        is_open: asked.is_open,
        stage: asked.stage,
        request: asked.request,
        assignee: if asked.mine { Some(clerk.id) } else { asked.assignee },
        late_by: asked.due_before.into_iter().chain(now).min(),
        limit: asked.limit.unwrap_or(office::LIMIT_DEFAULT),
        cursor: request.query("cursor")?,
    };
    let page = office::list(policy, &desk.ports, wanted).await.map_err(|error| match error {
        ListError::Port(error) => error.into(),
        ListError::Cursor => Problem::invalid("/cursor", error.to_string(), "Start at the list's beginning."),
    })?;
    let line =
        |row: &OfficeRow| LineForm::new(policy, &row.request, &row.head, (row.version, row.received_at), clerk.at);
    Ok(Response::json(200, &ListForm { v: 1, requests: page.rows.iter().map(line).collect(), cursor: page.cursor }))
}

/// Writes a request for somebody who may read what is personal about it, or may not.
fn case(policy: &Policy, looked: &Looked, may_read: bool) -> Response {
    let Looked { key, stored, due, erased } = looked;
    let (nothing, no_texts) = (Confided::default(), BTreeMap::new());
    let (confided, texts) = if may_read { (&stored.confided, &stored.texts) } else { (&nothing, &no_texts) };
    let erased = erased
        .iter()
        .map(|((category, purpose), erased)| (category.clone(), purpose.clone(), erased.planned, erased.gone));
    let case = Case {
        policy,
        request: &key.request,
        state: &stored.state,
        due,
        identifier: confided.identifier.as_ref(),
        message: confided.message.as_ref(),
        corrections: &confided.corrections,
        instructions: confided.instructions.as_ref(),
        texts,
        erased: erased.collect(),
    };
    Response::json(200, &CaseForm::from(case)).with_version(stored.state.version())
}

async fn look<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let (policy, _) = clerk(desk, request, READ_SCOPE)?;
    let id = number(request)?;
    let looked = office::look(policy, &desk.ports, &id).await?.ok_or_else(Problem::not_found)?;
    let version = looked.stored.state.version();
    // An erasure goes on without an entry until it is done.
    let is_still = looked.erased.is_empty() || !looked.stored.state.stage().is_open();
    if is_still && request.has_version(version) {
        return Ok(Response::not_modified().with_version(version));
    }
    Ok(case(policy, &looked, true))
}

async fn enter<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let (policy, clerk) = clerk(desk, request, WRITE_SCOPE)?;
    let form = request.json::<EnterForm>()?.parse()?;
    let asked = form.request;
    let receive = ReceiveRequest {
        request: asked.request,
        identifier: asked.identifier,
        points: asked.points,
        purposes: asked.purposes,
        acting: asked.acting,
        service: asked.service,
        instructions: asked.instructions,
        residence: asked.residence,
        language: asked.language.unwrap_or_default(),
        message: asked.message,
        corrections: asked.corrections,
        about: None,
        declared: asked.declared,
        entered_by: Some(clerk.id.clone()),
        key: site::idempotency_key(request, None)?,
        at: form.received_at,
    };
    let entering = EnterRequest { form: receive, about: form.about, is_verified: form.is_verified, by: clerk };
    let entered = office::enter(policy, &desk.ports, entering).await.map_err(refuse::enter)?;
    let key = entered.acknowledgement.request;
    let looked = office::looked(policy, &desk.ports, key, entered.stored).await?;
    let may_read = request.staff(&policy.controller, READ_SCOPE).is_ok();
    let answer = case(policy, &looked, may_read);
    Ok(if entered.acknowledgement.replayed { answer } else { answer.with_status(201) })
}

/// What a token must allow for an action: whatever ends a request, or answers it, is a decision.
const fn scope_of(action: &Action) -> &'static str {
    match action {
        Action::Decide(_) | Action::Stop => DECIDE_SCOPE,
        Action::Approve | Action::SendBack => APPROVE_SCOPE,
        _ => WRITE_SCOPE,
    }
}

async fn act<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    // Nobody reads a body that was sent by somebody who may do nothing here.
    let may = |scope: &&str| request.staff(&policy.controller, scope).is_ok();
    if ![WRITE_SCOPE, DECIDE_SCOPE, APPROVE_SCOPE].iter().any(may) {
        request.staff(&policy.controller, WRITE_SCOPE)?;
    }
    let id = number(request)?;
    let (action, text) = request.json::<ActionForm>()?.parse()?;
    let (policy, by) = clerk(desk, request, scope_of(&action))?;
    let doing = Doing { action, text, version: request.if_match()?, by };
    let (key, stored) = office::act(policy, &desk.ports, &id, doing).await.map_err(refuse::act)?;
    let looked = office::looked(policy, &desk.ports, key, stored).await?;
    Ok(case(policy, &looked, request.staff(&policy.controller, READ_SCOPE).is_ok()))
}
