//! Why something was not done, as a problem: what the clerk can do about it.

use app::{
    office::{ActError, EnterError},
    receive_request::ReceiveError,
};
use domain::dsar::{ExtensionRefused, RulingRefused, Why};
use edge::http::Problem;

/// Why a request was not entered.
pub(crate) fn enter(error: EnterError) -> Problem {
    let detail = error.to_string();
    let hint = "Mend it and enter the request again.";
    match error {
        EnterError::ReceivedAt => Problem::invalid("/received_at", detail, "Write when the request came in."),
        EnterError::Receive(ReceiveError::Port(error)) => error.into(),
        EnterError::Receive(ReceiveError::KeyReused) => Problem::key_reused(),
        EnterError::Receive(ReceiveError::NothingToAppeal) => Problem::invalid("/about", detail, hint),
        EnterError::Receive(ReceiveError::AppealMisplaced) => {
            Problem::invalid("/about", "an appeal names the request that it is against, and nothing else does", hint)
        }
        EnterError::Receive(_) => Problem::invalid("/request", detail, hint),
    }
}

/// Why an action was not done.
pub(crate) fn act(error: ActError) -> Problem {
    let detail = error.to_string();
    match error {
        ActError::Port(error) => error.into(),
        ActError::Unknown => Problem::not_found(),
        ActError::Stale(version) => Problem::precondition_failed(version),
        ActError::Refused(refused) if refused.why == Why::NotVerified => {
            Problem::new(409, "not-verified", "Nobody has proved to have made the request")
                .with_detail(detail)
                .with_hint("Send verify-identity when you have seen who they are, or ask-identity.")
                .with("why", refused.why.as_str())
                .with("stage", refused.stage.as_str())
        }
        ActError::Refused(refused) => {
            let hint = match refused.why {
                Why::Closed => "A closed request takes notes alone.",
                Why::SameEyes => "Ask a colleague.",
                Why::ClaimedByAnother | Why::NotTheirs => "Ask whoever has taken it on to hand it over.",
                _ => "Look at it again: its stage says what can be done.",
            };
            Problem::new(409, "not-possible-now", "The request stands where this cannot be done")
                .with_detail(detail)
                .with_hint(hint)
                .with("why", refused.why.as_str())
                .with("stage", refused.stage.as_str())
        }
        ActError::Ruling(refused) => {
            let pointer = match refused {
                RulingRefused::Ground(..) => "/ground",
                _ => "/except",
            };
            Problem::new(422, "ruling-not-allowed", "The ruling is not allowed")
                .with_detail(detail)
                .with_hint("GET staff/grounds lists the grounds, with their articles, by type of request.")
                .with_pointer(pointer)
        }
        ActError::NoProofNeeded(_) => Problem::new(422, "no-proof-needed", "No proof may be asked for")
            .with_detail(detail)
            .with_hint("Carry it out, or ask what exactly is meant by ask-clarification."),
        ActError::WordsNeeded(_) => Problem::invalid("/text", detail, "Write what the person is told."),
        ActError::Extension(refused) => {
            let problem = Problem::new(409, "no-extension", "The answer cannot take longer")
                .with_detail(detail)
                .with_hint("Answer it in time: an extension that is told now is none.");
            match refused {
                ExtensionRefused::TooLate { last_day, .. } | ExtensionRefused::NothingGained { last_day, .. } => {
                    problem.with("due_date", last_day.to_string())
                }
                ExtensionRefused::NotByLaw | ExtensionRefused::OutOfCalendar => problem,
            }
        }
        ActError::UnknownOther => Problem::invalid("/into", detail, "Send the number of a request of the same person."),
        ActError::Merge(refused) => Problem::new(409, "not-mergeable", "The requests cannot be answered as one")
            .with_detail(detail)
            .with_hint("Answer each by itself.")
            .with("why", refused.as_str()),
    }
}
