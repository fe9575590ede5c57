//! The way out of what was confirmed by mail: the page behind the mailed link, and its button, which
//! mail programs press by themselves (RFC 8058).

use app::{
    capture_consent::ConsentLedger,
    keys::Keys,
    subscription::{self, UnsubscribeError},
};
use edge::{
    http::{Problem, Request, Response, escape},
    site,
};
use wire::consent::UnsubscribedForm;

use crate::{Site, opened};

fn refused(error: UnsubscribeError) -> Problem {
    match error {
        UnsubscribeError::Port(error) => error.into(),
        UnsubscribeError::Token(_) => Problem::unauthorized(),
    }
}

/// What the mailed link shows. Mail scanners open links, so opening it takes nothing back: the button
/// does.
pub(crate) async fn page<P: Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let titles = subscription::offered(policy, &site.ports, &id, &token, request.at()).await.map_err(refused)?;
    let items: String = titles.iter().map(|title| format!("<li>{}</li>", escape(title))).collect();
    let (controller, name, token) = (&policy.controller, escape(&policy.name), escape(&token));
    Ok(Response::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{name}: unsubscribe</title><main><h1>{name}</h1>\
             <p>Take back your agreement to this:</p><ul>{items}</ul>\
             <form method=\"post\" action=\"/{controller}/v1/consents/{id}/unsubscribe?token={token}\">\
             <button type=\"submit\">Unsubscribe</button></form>\
             <p>Nothing changes until you press the button.</p></main></html>"
        ),
    ))
}

/// Takes back what the link names. The body says nothing more: one click sends its own.
pub(crate) async fn withdraw<P: ConsentLedger + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let withdrawn = subscription::unsubscribe(policy, &site.ports, &id, &token, request.at()).await.map_err(refused)?;
    if !request.wants_page() {
        let withdrawn = withdrawn.iter().map(ToString::to_string).collect();
        return Ok(Response::json(200, &UnsubscribedForm { v: 1, withdrawn }));
    }
    let name = escape(&policy.name);
    Ok(Response::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}: unsubscribed</title>\
             <main><h1>{name}</h1><p>You are unsubscribed. You need to do nothing else.</p></main></html>"
        ),
    ))
}
