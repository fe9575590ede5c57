//! SDK errors as port errors. What an error says never holds what is stored.

use std::fmt;

use app::error::PortError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Codes whose message names an action or a resource, and nothing that is stored.
const SPEAKING: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "NoSuchBucket",
    "NotFoundException",
    "ResourceNotFoundException",
    "UnrecognizedClientException",
];

/// Why a call to AWS failed: the code, and the message where it cannot quote an item.
#[derive(Debug)]
struct Failure {
    how: &'static str,
    code: Option<String>,
    message: Option<String>,
    request: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.how)?;
        for part in [&self.code, &self.message].into_iter().flatten() {
            write!(f, ": {part}")?;
        }
        if let Some(request) = &self.request {
            write!(f, " (request {request})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What a failed call means to its caller: trying again is safe, since every write is conditional
/// or may be repeated.
pub(crate) fn unavailable<E, R>(what: &'static str, error: &SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata,
{
    let failure = describe(error);
    let code = failure.code.clone();
    PortError::unavailable(what, failure).with_code(code)
}

fn describe<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata,
{
    let bare = |how| Failure { how, code: None, message: None, request: None };
    match error {
        SdkError::ConstructionFailure(_) => bare("the request could not be made"),
        SdkError::TimeoutError(_) => bare("the call took too long"),
        SdkError::DispatchFailure(failure) => {
            // A connector's error speaks of hosts and sockets.
            let cause = failure.as_connector_error().map(|error| sources(error));
            Failure { message: cause, ..bare("the service was not reached") }
        }
        SdkError::ResponseError(_) => bare("the answer could not be read"),
        SdkError::ServiceError(service) => {
            let metadata = service.err().meta();
            let code = metadata.code().map(str::to_owned);
            let speaks = code.as_deref().is_some_and(|code| SPEAKING.contains(&code));
            Failure {
                message: metadata.message().filter(|_| speaks).map(str::to_owned),
                request: metadata.extra("aws_request_id").map(str::to_owned),
                code,
                ..bare("the service refused")
            }
        }
        _ => bare("the call failed"),
    }
}

fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// The code of a service's error, if it is one.
pub(crate) fn code<E, R>(error: &SdkError<E, R>) -> Option<&str>
where
    E: ProvideErrorMetadata,
{
    error.as_service_error().and_then(|error| error.meta().code())
}
