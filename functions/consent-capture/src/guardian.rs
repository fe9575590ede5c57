//! A guardian's word: the page behind the mailed link, and its button.

use app::{
    capture_consent::ConsentLedger,
    guardian::{self, GuardianError},
    keys::Keys,
};
use edge::{
    http::{Problem, Request, Response, escape},
    site,
};
use wire::consent::ReceiptForm;

use crate::{Site, opened};

fn refused(error: GuardianError) -> Problem {
    match error {
        GuardianError::Port(error) => error.into(),
        GuardianError::Refused(refused) => site::capture_refused(&refused),
        // A token that opens nothing and a capture that is not there are answered alike.
        GuardianError::Token(_) => Problem::unauthorized(),
        GuardianError::NothingLeft => Problem::new(410, "nothing-to-agree-to", "There is nothing left to agree to")
            .with_detail("What was asked for was taken back in the meantime.")
            .with_hint("Nothing needs to be done."),
    }
}

/// What the mailed link shows. Mail scanners open links, so opening it agrees to nothing: the button
/// does.
pub(crate) async fn page<P: ConsentLedger + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let question = guardian::question(policy, &site.ports, &id, &token, request.at()).await.map_err(refused)?;
    let items: String = question.titles.iter().map(|title| format!("<li>{}</li>", escape(title))).collect();
    let (controller, name, token) = (&policy.controller, escape(&policy.name), escape(&token));
    let notice = escape(&question.notice_version);
    Ok(Response::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{name}: agree for a child</title><main><h1>{name}</h1>\
             <p>Somebody who is too young to agree alone named your address as that of a parent or guardian, and asks \
             for your agreement to this:</p><ul>{items}</ul><p>Our privacy notice is version {notice}.</p>\
             <form method=\"post\" action=\"/{controller}/v1/consents/{id}/guardian?token={token}\">\
             <button type=\"submit\">I am the parent or guardian, and I agree</button></form>\
             <p>If you are not, or do not agree, close this page: nothing happens then.</p></main></html>"
        ),
    ))
}

/// Takes the guardian's word.
pub(crate) async fn agree<P: ConsentLedger + Keys>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let receipt = guardian::agree(policy, &site.ports, &id, &token, request.at()).await.map_err(refused)?;
    if !request.wants_page() {
        let form = ReceiptForm::new(&policy.controller, &receipt.event, &receipt.token);
        return Ok(Response::json(if receipt.replayed { 200 } else { 201 }, &form));
    }
    let name = escape(&policy.name);
    Ok(Response::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}: agreed</title>\
             <main><h1>{name}</h1><p>Thank you. Your agreement is recorded. It can be taken back at any time, by you \
             or by the child.</p></main></html>"
        ),
    ))
}
