//! The pages that a requester sees, by what their token shows of them.

use app::pages::{self, ConfirmBy, PageOf, StatusPage};
use domain::{
    dsar::{self, RequestState, RequestType},
    ids::RequestId,
    language::Language,
    policy::{Policy, VerificationRule},
    token::Scope,
};
use edge::http::Response;
use jiff::Timestamp;

/// Whether whoever holds the token may read what is held about the person: they read the person's mailbox,
/// or made the request by a value that its holder alone knows.
pub(crate) fn shows_answer(scope: Scope, state: &RequestState) -> bool {
    let by_holder = state.received.identifier.is_bearer() && state.received.acting.is_none();
    scope != Scope::Request || by_holder
}

/// Where a request stands.
pub(crate) fn status(
    policy: &Policy,
    id: &RequestId,
    (token, scope): (&str, Scope),
    state: &RequestState,
    now: Timestamp,
) -> Response {
    let shows_answer = shows_answer(scope, state);
    let opens_export = scope == Scope::Export
        || scope == Scope::Request && (shows_answer || state.received.request == RequestType::Information);
    let page = StatusPage {
        of: PageOf { policy, request: id, language: state.received.language, token },
        state,
        due: &dsar::due_of(policy, state),
        now,
        takes_code: scope == Scope::Request && state.received.verification == VerificationRule::Mail,
        shows_answer,
        offers_export: opens_export,
    };
    Response::html(200, pages::status(&page))
}

/// The page on which a request is confirmed.
pub(crate) fn confirm(
    policy: &Policy,
    request: &RequestId,
    (token, scope): (&str, Scope),
    state: &RequestState,
) -> Response {
    let by = if scope == Scope::Verification { ConfirmBy::Link } else { ConfirmBy::Code { was_wrong: false } };
    let of = PageOf { policy, request, language: state.received.language, token };
    Response::html(200, pages::confirm(of, by))
}

/// The page after it is confirmed.
pub(crate) fn confirmed(policy: &Policy, request: &RequestId, token: &str, language: Language) -> Response {
    Response::html(200, pages::confirmed(PageOf { policy, request, language, token }))
}
