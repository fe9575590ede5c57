//! Refusals as RFC 9457 problem details.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Response, escape, version::version_tag};
use crate::{
    Failure,
    clock::TimeRefused,
    json::{Flaw, JSON_DEPTH_MAX, Kind},
};

/// Why a request was refused, and what the client can do about it.
///
/// `detail`, `hint` and `extra` go to the client and into no log. They must hold nothing that the
/// client sent: a page that repeats a request repeats an attack on it.
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable name; the `type` is `urn:habeas:problem:<kind>`.
    pub kind: &'static str,
    /// What this kind of problem is, in a few words.
    pub title: &'static str,
    /// What is wrong this time.
    pub detail: Cow<'static, str>,
    /// What to do about it.
    pub hint: Cow<'static, str>,
    /// What few problems have; apart, so that a `Result` stays small.
    more: Box<More>,
}

#[derive(Debug, Default)]
struct More {
    pointer: Option<String>,
    extra: Map<String, Value>,
    failure: Option<Failure>,
}

impl Problem {
    /// A problem with its title alone.
    pub fn new(status: u16, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title, detail: Cow::Borrowed(""), hint: Cow::Borrowed(""), more: Box::default() }
    }

    /// Says what is wrong.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Points at the field.
    #[must_use]
    pub fn with_pointer(mut self, pointer: impl Into<String>) -> Self {
        self.more.pointer = Some(pointer.into());
        self
    }

    /// Adds a member; the members of RFC 9457 itself cannot be replaced.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Keeps what failed on our side, for the log; it is never sent.
    #[must_use]
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.more.failure = Some(failure);
        self
    }

    /// JSON pointer to the field that is wrong.
    pub fn pointer(&self) -> Option<&str> {
        self.more.pointer.as_deref()
    }

    /// Further members.
    pub fn extra(&self) -> &Map<String, Value> {
        &self.more.extra
    }

    /// What failed on our side.
    pub fn failure(&self) -> Option<&Failure> {
        self.more.failure.as_ref()
    }

    /// 400: the request itself cannot be read.
    pub fn malformed_request(detail: &'static str) -> Self {
        Self::new(400, "malformed-request", "The request cannot be read").with_detail(detail)
    }

    /// 400: the body is not what its content type says.
    pub fn malformed_body(detail: &'static str) -> Self {
        Self::new(400, "malformed-body", "The body cannot be read").with_detail(detail).with_hint("Send UTF-8 text.")
    }

    /// 422: a value is well-formed and breaks a rule. The pointer, detail and hint are ours.
    pub fn invalid(
        pointer: impl Into<String>,
        detail: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(422, "invalid-value", "A value is not allowed")
            .with_detail(detail)
            .with_hint(hint)
            .with_pointer(pointer)
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        Self::new(415, "unsupported-media-type", "The content type is not supported")
            .with_detail("The body's content type is none of those that this route reads.")
            .with_hint("Send application/json or application/x-www-form-urlencoded, in UTF-8.")
    }

    /// 413.
    pub fn body_too_large(bytes_max: usize) -> Self {
        Self::new(413, "body-too-large", "The body is too large")
            .with_detail(format!("The body has more than {bytes_max} bytes."))
            .with("bytes_max", bytes_max)
    }

    /// 404: a controller that is not served here, or is no name at all.
    pub fn unknown_controller() -> Self {
        Self::new(404, "unknown-controller", "The controller is not known")
            .with_detail("The path names a controller that is not served here.")
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(404, "not-found", "There is no such thing").with_detail("The path leads to nothing.")
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "method-not-allowed", "The method is not allowed")
            .with_detail("This path does not take that method.")
    }

    /// 401, with `WWW-Authenticate: Bearer`.
    pub fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "A token is needed")
            .with_detail("The request carries no valid token.")
            .with_hint("Send the header Authorization: Bearer with a token that has not expired.")
    }

    /// 403.
    pub fn forbidden() -> Self {
        Self::new(403, "forbidden", "The token does not allow this")
            .with_detail("The token lacks the scope that this route needs, or is not for this controller.")
    }

    /// 428: the request does not say which version it is meant for (RFC 6585 section 3).
    pub fn precondition_required(detail: &'static str) -> Self {
        Self::new(428, "version-needed", "The version is needed")
            .with_detail(detail)
            .with_hint("Send the header If-Match with the ETag that you were given when you last looked.")
    }

    /// 412, with the `ETag` of what stands: it was changed since the client looked.
    pub fn precondition_failed(version: u32) -> Self {
        Self::new(412, "changed-meanwhile", "It has changed since you looked")
            .with_detail("Somebody or something was faster, and nothing was done.")
            .with_hint("Look at it again, and send the action with the new ETag if it is still right.")
            .with("version", version)
    }

    /// 409: it was changed meanwhile.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(409, "conflict", "It conflicts with what is stored").with_detail(detail)
    }

    /// 422: the same `Idempotency-Key` with another content (correctness 2).
    pub fn key_reused() -> Self {
        Self::new(422, "idempotency-key-reused", "The idempotency key was used for something else")
            .with_detail("An earlier request with this key had another content.")
            .with_hint("Use a new key for a new request, and the same key only to repeat one.")
    }

    /// 400: a page that is not on the list.
    pub fn page_not_allowed() -> Self {
        Self::new(400, "page-not-allowed", "The page is not allowed")
            .with_detail("The page to go on to is not one of those allowed here.")
            .with_hint("Ask the controller to add the page to its allowed pages.")
    }

    /// 429, with `Retry-After`: too often from one source. It tells nothing of what others have done.
    pub fn too_many_requests(retry_after_seconds: u32) -> Self {
        Self::new(429, "too-many-requests", "Too many requests")
            .with_detail("This was asked or tried too often from where you are.")
            .with_hint("Try again later, or write to the controller's office.")
            .with("retry_after_seconds", retry_after_seconds)
    }

    /// 503, with `Retry-After: 1`.
    pub fn unavailable() -> Self {
        Self::new(503, "unavailable", "It cannot be done at the moment")
            .with_detail("Nothing is wrong with the request, and nothing is lost.")
            .with_hint("Send the same request again in a moment, with the same Idempotency-Key.")
    }

    /// 500.
    pub fn internal() -> Self {
        Self::new(500, "internal", "Something is wrong on our side")
            .with_detail("The request was not completed.")
            .with_hint("Tell the controller if it happens again.")
    }

    pub(crate) fn of_json(flaw: Flaw) -> Self {
        let sentence = flaw.sentence();
        let (kind, title) = match &flaw.kind {
            Kind::Syntax => ("malformed-json", "The body is not JSON"),
            Kind::DuplicateKey => ("duplicate-key", "A key stands twice"),
            Kind::ControlCharacter => ("control-character", "A control character is not allowed"),
            Kind::ReplacementCharacter => ("invalid-utf-8", "The text is not UTF-8"),
            Kind::TooDeep => ("nested-too-deep", "The body is nested too deep"),
            Kind::UnknownField(_) => ("unknown-field", "A field is not known"),
            Kind::MissingField(_) => ("missing-field", "A field is missing"),
            Kind::WrongValue => ("wrong-type", "A value has the wrong type"),
        };
        let hint = match (&flaw.kind, &flaw.expected) {
            (_, Some(expected)) => Cow::Owned(format!("Expected: {expected}.")),
            (Kind::DuplicateKey, None) => Cow::Borrowed("Write each key once."),
            (Kind::ControlCharacter, None) => Cow::Borrowed("Leave out control characters, line breaks included."),
            (Kind::ReplacementCharacter, None) => Cow::Borrowed("Send UTF-8."),
            (Kind::TooDeep, None) => Cow::Owned(format!("Use at most {JSON_DEPTH_MAX} levels.")),
            _ => Cow::Borrowed(""),
        };
        let mut problem = Self::new(400, kind, title).with_detail(sentence).with_hint(hint);
        problem.more.pointer = flaw.pointer;
        problem
    }

    /// Renders it: as problem details, or as a page for someone who posted a form from a browser.
    pub(crate) fn to_response(&self, html: bool) -> Response {
        let response = if html { Response::html(self.status, self.page()) } else { self.json() };
        match self.status {
            401 => response.with_header("www-authenticate", "Bearer"),
            429 => match self.more.extra.get("retry_after_seconds").and_then(Value::as_u64) {
                Some(seconds) => response.with_header("retry-after", seconds.to_string()),
                None => response,
            },
            503 => response.with_header("retry-after", "1"),
            412 => match self.more.extra.get("version").and_then(Value::as_u64) {
                Some(version) => response.with_header("etag", version_tag(version)),
                None => response,
            },
            _ => response,
        }
    }

    fn json(&self) -> Response {
        // Extra members first, so that none of them replaces a member of the format.
        let mut members = self.more.extra.clone();
        members.insert("type".to_owned(), Value::from(format!("urn:habeas:problem:{}", self.kind)));
        members.insert("title".to_owned(), Value::from(self.title));
        members.insert("status".to_owned(), Value::from(self.status));
        for (name, text) in [("detail", &self.detail), ("hint", &self.hint)] {
            if !text.is_empty() {
                members.insert(name.to_owned(), Value::from(text.as_ref()));
            }
        }
        if let Some(pointer) = &self.more.pointer {
            members.insert("pointer".to_owned(), Value::from(pointer.as_str()));
        }
        Response::text(self.status, "application/problem+json", Value::Object(members).to_string())
    }

    fn page(&self) -> String {
        let (title, detail, hint) = (escape(self.title), escape(&self.detail), escape(&self.hint));
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <main><h1>{title}</h1><p>{detail}</p><p>{hint}</p></main></html>"
        )
    }
}

/// Our side failed: the client may try again.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::unavailable().with_failure(failure)
    }
}

/// A time that the route does not take.
impl From<TimeRefused> for Problem {
    fn from(refused: TimeRefused) -> Self {
        Self::new(400, "time-out-of-range", "The time is out of range").with_detail(match refused {
            TimeRefused::Ahead => "The time lies ahead of the clock.",
            TimeRefused::TooOld => "The time is older than this route takes.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_rfc_9457_and_its_own_members_stay() {
        let problem = Problem::invalid("/purposes/0", "It needs an end.", "Add until.")
            .with("type", "evil")
            .with("article", "GDPR Art. 5(1)(e)");
        let response = problem.to_response(false);
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        let body: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "urn:habeas:problem:invalid-value", "title": "A value is not allowed", "status": 422,
                "detail": "It needs an end.", "hint": "Add until.", "pointer": "/purposes/0",
                "article": "GDPR Art. 5(1)(e)",
            })
        );
    }

    #[test]
    fn a_failure_is_worth_another_try_and_shows_nothing_of_itself() {
        let problem = Problem::from(Failure::new("the table cannot be read").with_code("Throttled"));
        let response = problem.to_response(false);
        assert_eq!((response.status(), response.header("retry-after")), (503, Some("1")));
        assert!(!response.body().contains("table"));
    }

    #[test]
    fn whoever_asks_too_often_is_told_when_to_come_again() {
        let response = Problem::too_many_requests(1_800).to_response(false);
        assert_eq!((response.status(), response.header("retry-after")), (429, Some("1800")));
    }

    #[test]
    fn a_page_is_escaped() {
        let problem = Problem::conflict("<script>alert(1)</script> & \"'").to_response(true);
        assert_eq!(problem.status(), 409);
        assert!(problem.body().contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;&#39;"));
    }

    #[test]
    fn a_missing_token_is_asked_for() {
        assert_eq!(Problem::unauthorized().to_response(false).header("www-authenticate"), Some("Bearer"));
    }
}
