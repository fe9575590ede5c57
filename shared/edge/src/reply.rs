//! What goes back to Lambda.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::http::{Problem, Response};

/// The answer to one event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// The answer to an HTTP request.
    Http(Response),
    /// The refusal of an HTTP request: rendered as the client asked for, and logged once.
    Refused(Problem),
    /// The items of a batch that are not done. Empty: all are done.
    Batch(Vec<String>),
    /// What a schedule did, for whoever invokes it by hand.
    Summary(Value),
}

impl Reply {
    /// A stream batch that stopped at this sequence number; Lambda retries from there.
    pub fn stopped_at(sequence_number: impl Into<String>) -> Self {
        Self::Batch(vec![sequence_number.into()])
    }

    /// A batch that is done.
    pub const fn all_done() -> Self {
        Self::Batch(Vec::new())
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Http(response)
    }
}

impl From<Result<Response, Problem>> for Reply {
    fn from(result: Result<Response, Problem>) -> Self {
        result.map_or_else(Self::Refused, Self::Http)
    }
}

#[derive(Serialize)]
struct ItemFailure<'a> {
    #[serde(rename = "itemIdentifier")]
    id: &'a str,
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Http(response) => response.serialize(serializer),
            Self::Refused(problem) => problem.to_response(false).serialize(serializer),
            Self::Batch(ids) => {
                let failures: Vec<_> = ids.iter().map(|id| ItemFailure { id }).collect();
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("batchItemFailures", &failures)?;
                map.end()
            }
            Self::Summary(value) => value.serialize(serializer),
        }
    }
}
