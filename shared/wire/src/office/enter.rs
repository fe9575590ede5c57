//! A request that came by post, by telephone or by word of mouth, as it is typed in.

use domain::ids::RequestId;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    form::{FormError, at, time},
    request::{ParsedRequest, RequestForm},
};

/// `POST /{controller}/v1/staff/requests`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterForm {
    /// When it came in: the clock runs from there, on whatever way it came.
    pub received_at: String,
    /// What was asked, in the form of `POST /{controller}/v1/requests`.
    pub request: RequestForm,
    /// `office`: whoever enters it has seen who asks.
    #[serde(default)]
    pub verified: Option<String>,
    /// The number of the request that an appeal is against; the office needs no token of it.
    #[serde(default)]
    pub about: Option<String>,
}

/// A request that was typed in, parsed.
#[derive(Debug)]
pub struct ParsedEntry {
    /// When it came in.
    pub received_at: Timestamp,
    /// What was asked.
    pub request: ParsedRequest,
    /// Whether whoever enters it has seen who asks.
    pub is_verified: bool,
    /// The request that an appeal is against.
    pub about: Option<RequestId>,
}

impl EnterForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedEntry, FormError> {
        let form = &self.request;
        if form.about.is_some() || form.about_token.is_some() {
            return Err(FormError::new("/request/about", "write it beside the request: the office needs no token"));
        }
        if form.nonce.is_some() {
            return Err(FormError::new("/request/nonce", "send an Idempotency-Key"));
        }
        if form.next.is_some() {
            return Err(FormError::new("/request/next", "nobody's browser goes on from here"));
        }
        let is_verified = match self.verified.as_deref() {
            None => false,
            Some("office") => true,
            Some(_) => return Err(FormError::new("/verified", "write office, or leave it out")),
        };
        Ok(ParsedEntry {
            received_at: time(&self.received_at, "/received_at")?,
            request: self.request.parse().map_err(|error| error.within("/request"))?,
            is_verified,
            about: self.about.map(|about| RequestId::parse(&about)).transpose().map_err(at("/about"))?,
        })
    }
}
