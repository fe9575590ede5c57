//! The office's question to a requester, and the answer: the page behind the link of the mail that asks.

use app::{
    pages::{self, PageOf, StatusPage},
    reply::{self, ReplyError},
    requests,
};
use domain::dsar::ActKind;
use edge::{
    http::{Problem, Request, Response},
    site,
};
use wire::request::{ReplyForm, StatusForm};

use crate::{Desk, Site, closed, opened};

async fn refuse<P: Desk>(site: &Site<P>, request: &Request, error: ReplyError) -> Problem {
    match error {
        ReplyError::Request(error) => closed(site, request, error).await,
        ReplyError::NothingAsked => Problem::new(409, "nothing-asked", "Nothing is asked of you")
            .with_detail("Nothing is asked of you about this request, or it is answered already.")
            .with_hint("Look at the request's status."),
    }
}

/// Shows the question and a box for the answer. Whoever opens the page has the token from the mail, which
/// holds the same words.
pub(crate) async fn page<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let (ask, stored) = match reply::question(policy, &site.ports, &id, &token, request.at()).await {
        Ok(asked) => asked,
        Err(error) => return Err(refuse(site, request, error).await),
    };
    let of = PageOf { policy, request: &id, language: stored.state.received.language, token: &token };
    Ok(Response::html(200, pages::reply(of, ask, stored.text_of(ActKind::Asked))))
}

pub(crate) async fn take<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let text = site::form(request, ReplyForm::from_pairs)?.parse()?;
    let state = match reply::reply(policy, &site.ports, &id, &token, text, request.at()).await {
        Ok(state) => state,
        Err(error) => return Err(refuse(site, request, error).await),
    };
    if !request.wants_page() {
        return Ok(Response::json(200, &StatusForm::new(policy, &id, &state, request.at())));
    }
    let page = StatusPage {
        of: PageOf { policy, request: &id, language: state.received.language, token: &token },
        state: &state,
        due: &requests::due_of(policy, &state),
        now: request.at(),
        takes_code: false,
        shows_answer: true,
        offers_export: false,
    };
    Ok(Response::html(200, pages::status(&page)))
}
