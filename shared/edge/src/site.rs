//! What every function does with a controller, a form and a retry, and how the errors of the use
//! cases become answers.

use app::error::PortError;
use domain::{consent::CaptureRefused, ids::ControllerId, lifecycle::FileRules, policy::Policy};
use policy::{BookError, PolicyBook};
use serde::{Serialize, de::DeserializeOwned};
use wire::form::{FormError, Pairs};

use crate::{
    Failure, env,
    http::{Content, Problem, Request},
    queue::Verdict,
};

/// Longest `Idempotency-Key` or nonce, in bytes.
const KEY_BYTES_MAX: usize = 128;

/// The controllers' policies, from the layer: each is read when it is first asked for.
///
/// # Errors
/// [`Failure`] if the layer is missing or empty, or a file of it cannot be opened.
pub fn policies() -> Result<PolicyBook, Failure> {
    Ok(PolicyBook::open(&env::opt_dir().join("policies"))?)
}

/// What the controllers' policies say about files, for the ports that delete and hold them.
pub fn file_rules(policies: &PolicyBook) -> impl Fn(&ControllerId) -> Result<FileRules, PortError> + use<> {
    let policies = policies.clone();
    move |controller| {
        let policy = policies.get(controller).map_err(|error| PortError::unavailable("a policy", error))?;
        Ok(policy.map(FileRules::of).unwrap_or_default())
    }
}

/// The policy of the controller that a request's path names.
///
/// # Errors
/// [`Problem`] 404 for a controller that is not served here, 503 if its policy cannot be read.
pub fn policy<'a>(request: &Request, policies: &'a PolicyBook) -> Result<&'a Policy, Problem> {
    let policy = policies.get(&request.controller()?).map_err(Failure::from)?;
    policy.ok_or_else(Problem::unknown_controller)
}

/// The policy of the controller that a message names.
///
/// # Errors
/// [`Verdict::Retry`]: during a rollout another version of the layer may know it. Retries are
/// bounded, and the message then waits in the dead-letter queue. So does one whose policy cannot be read.
pub fn policy_of<'a>(controller: &ControllerId, policies: &'a PolicyBook) -> Result<&'a Policy, Verdict> {
    let policy = policies.get(controller).map_err(Failure::from)?;
    policy.ok_or(Verdict::Retry(Failure::new("no policy names this controller")))
}

/// What makes a retry harmless: the `Idempotency-Key` header, else the form's nonce, else the
/// request's own id, which is the same when Lambda tries an event again.
///
/// # Errors
/// [`Problem`] for a key that is too long or not printable ASCII.
pub fn idempotency_key(request: &Request, nonce: Option<String>) -> Result<String, Problem> {
    let key = request.header("idempotency-key").map(str::to_owned).or(nonce);
    match key {
        None => Ok(format!("request {}", request.id())),
        Some(key) if (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
            Ok(format!("key {key}"))
        }
        Some(_) => Err(Problem::invalid(
            "/idempotency-key",
            format!("a key holds 1 to {KEY_BYTES_MAX} printable ASCII characters"),
            "Use a random value, such as a UUID, for each form.",
        )),
    }
}

/// A form as JSON, or as a browser posts it.
///
/// # Errors
/// [`Problem`] for a body that is neither.
pub fn form<T: DeserializeOwned>(
    request: &Request,
    from_pairs: impl FnOnce(Pairs) -> Result<T, FormError>,
) -> Result<T, Problem> {
    match request.content()? {
        Content::Json => request.json(),
        Content::Form => {
            let form = request.form()?;
            Ok(from_pairs(form.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())?)
        }
    }
}

/// A message as JSON.
///
/// # Errors
/// [`Failure`] if it cannot be written, which no message of ours does.
pub fn body<T: Serialize>(message: &T) -> Result<String, Failure> {
    serde_json::to_string(message).map_err(Failure::because("a message cannot be written"))
}

/// The answer to a capture or registration that the policy refuses. Nothing was written.
pub fn capture_refused(refused: &CaptureRefused) -> Problem {
    let (status, kind, title, hint) = match refused {
        CaptureRefused::ChoiceCount => {
            (422, "no-choice", "The form holds no choice, or too many", "Name each purpose and its choice.")
        }
        CaptureRefused::UnknownPurpose(_) => {
            (422, "unknown-purpose", "The policy names no such purpose", "Use purposes of the controller's policy.")
        }
        CaptureRefused::NotByConsent(..) => (
            422,
            "not-by-consent",
            "The purpose does not rest on consent",
            "There is no consent to give or to take back here; make a request of type objection instead.",
        ),
        CaptureRefused::NoticeMissing | CaptureRefused::NoticeUnknown => (
            422,
            "notice-not-shown",
            "The form does not name a notice that the policy accepts",
            "Send the version of the notice that the person saw.",
        ),
        CaptureRefused::AgeMissing => {
            (422, "age-missing", "The form does not say the age", "Send the age in whole years.")
        }
        CaptureRefused::TooYoung(_) => (403, "too-young", "The person is too young", "Nothing was recorded."),
        CaptureRefused::GuardianNeeded(_) => (
            403,
            "guardian-needed",
            "A guardian must agree",
            "Send guardian with the mail address of a parent or guardian, who is asked there. Nothing was recorded.",
        ),
        CaptureRefused::GuardianIsSubject => (
            422,
            "guardian-is-subject",
            "The guardian is the person themselves",
            "Send the mail address of a parent or guardian, who is asked there. Nothing was recorded.",
        ),
    };
    Problem::new(status, kind, title).with_detail(refused.to_string()).with_hint(hint)
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        Self::because("the policy layer cannot be read")(error)
    }
}

impl From<FormError> for Problem {
    fn from(error: FormError) -> Self {
        let hint = "Mend this field and send the form again.";
        Self::invalid(error.pointer, error.rule, hint)
    }
}

impl From<FormError> for Verdict {
    fn from(error: FormError) -> Self {
        Self::poison(error.to_string())
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Unavailable { what, code, source } => {
                let failure = Self::because(what)(source);
                match code {
                    Some(code) => failure.with_code(&code),
                    None => failure,
                }
            }
            PortError::NotTaken { what, why, code } => {
                Self::because(what)(PortError::NotTaken { what, why, code: None })
                    .with_code(code.as_deref().unwrap_or("NotTaken"))
            }
            PortError::Conflict { what } => Self::new(what).with_code("Conflict"),
            PortError::Corrupt { what, .. } => Self::new(what).with_code("Corrupt"),
        }
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        Failure::from(error).into()
    }
}

impl From<PortError> for Verdict {
    fn from(error: PortError) -> Self {
        match error {
            // Trying again does not mend what cannot be read.
            PortError::Corrupt { what, .. } => Self::poison(format!("{what} cannot be read")),
            error => Self::Retry(error.into()),
        }
    }
}
