//! The office's question to a requester, and the answer: the page behind the link of the mail that asks.

use app::{
    keys::Keys,
    reply::{self, ReplyError},
    requests::RequestLog,
};
use domain::dsar::{ActKind, Ask, MESSAGE_BYTES_MAX};
use edge::{
    http::{Problem, Request, Response, escape},
    site,
};
use wire::request::{ReplyForm, StatusForm};

use crate::{Site, closed, opened};

fn refuse(error: ReplyError) -> Problem {
    match error {
        ReplyError::Request(error) => closed(error),
        ReplyError::NothingAsked => Problem::new(409, "nothing-asked", "Nothing is asked of you")
            .with_detail("Nothing is asked of you about this request, or it is answered already.")
            .with_hint("Look at the request's status."),
    }
}

/// Shows the question and a box for the answer. Whoever opens the page has the token from the mail, which
/// holds the same words.
pub(crate) async fn page<P: RequestLog + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let (ask, stored) = reply::question(policy, &site.ports, &id, &token, request.at()).await.map_err(refuse)?;
    let what = match ask {
        Ask::Identity => "We need to know that it is you who asks.",
        Ask::Clarification => "We need to know more exactly what you ask for.",
    };
    // The office's words, disclosed to the person whom they were written to.
    let words = stored.text_of(ActKind::Asked).map(|words| format!("<blockquote>{}</blockquote>", escape(words.disclose())));
    let (controller, name, token) = (&policy.controller, escape(&policy.name), escape(&token));
    Ok(Response::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{name}: our question</title><main><h1>{name}</h1><p>{what}</p>{}\
             <form method=\"post\" action=\"/{controller}/v1/requests/{id}/reply?token={token}\">\
             <p><label for=\"text\">Your answer</label></p>\
             <p><textarea id=\"text\" name=\"text\" rows=\"8\" cols=\"60\" required maxlength=\"{}\"></textarea></p>\
             <button type=\"submit\">Send the answer</button></form></main></html>",
            words.unwrap_or_default(),
            // Whoever writes other than ASCII is told when it becomes too many bytes.
            MESSAGE_BYTES_MAX,
        ),
    ))
}

pub(crate) async fn take<P: RequestLog + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let text = site::form(request, ReplyForm::from_pairs)?.parse()?;
    let state = reply::reply(policy, &site.ports, &id, &token, text, request.at()).await.map_err(refuse)?;
    if !request.wants_page() {
        return Ok(Response::json(200, &StatusForm::new(policy, &id, &state)));
    }
    let name = escape(&policy.name);
    Ok(Response::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}: thank you</title>\
             <main><h1>{name}</h1><p>Thank you. Your answer is with our privacy office.</p></main></html>"
        ),
    ))
}
