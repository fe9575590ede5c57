//! Takes in a data subject's request: one conditional write, the same answer to everybody.

use domain::{
    clock,
    dsar::{self, Received, RequestType},
    ids::{Field, Fingerprint, Identifier, Purpose, RequestId},
    policy::{Clause, Policy, Refusal, Regime},
    sensitive::Sensitive,
    token::{Claim, Scope},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    error::{Appended, PortError},
    keys::Keys,
    requests::{RequestKey, RequestLog},
};

/// How long a requester can look at the status of a request.
pub const STATUS_TOKEN_HOURS: i64 = 24 * 180;

/// A request, parsed.
#[derive(Debug)]
pub struct ReceiveRequest {
    /// What is asked for.
    pub request: RequestType,
    /// Who asks, as they name themselves.
    pub identifier: Identifier,
    /// Data points that the controller may hold about them.
    pub points: Vec<(Field, Sensitive<String>)>,
    /// Which consents a withdrawal is about; empty: all.
    pub purposes: Vec<Purpose>,
    /// Whether they say that they live in California.
    pub californian: bool,
    /// The `Idempotency-Key`, the form's nonce, or else the request's own id.
    pub key: String,
    /// When it arrived: the clock runs from here.
    pub at: Timestamp,
}

/// The acknowledgement. It says nothing about whether the person is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which request.
    pub request: RequestKey,
    /// What was received, and by when it is answered.
    pub received: Received,
    /// The last day on which an answer is in time, in the law's zone.
    pub last_day: String,
    /// Opens the request's status.
    pub token: String,
    /// A refusal that the policy states for everybody, with what is offered instead.
    pub refusal: Option<(Refusal, Clause)>,
    /// Whether this answers a retry.
    pub replayed: bool,
}

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The policy names no such purpose.
    #[error("the policy names no purpose {0}")]
    UnknownPurpose(Purpose),
    /// The policy asks for more data points.
    #[error("this controller verifies such a request by {0} data points that it holds about you")]
    PointsNeeded(u8),
    /// The key was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The time is past what a calendar can count.
    #[error("the time of the request lies outside the calendar")]
    OutOfCalendar,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Which of the controller's laws set the clock: California's for whoever says they live there,
/// where the controller answers to it; all of them otherwise, and the earliest rules.
fn regimes(policy: &Policy, californian: bool) -> Vec<Regime> {
    if californian && policy.regimes.contains(&Regime::UsCa) { vec![Regime::UsCa] } else { policy.regimes.clone() }
}

fn due_of(policy: &Policy, californian: bool, at: Timestamp) -> Result<clock::Due, ReceiveError> {
    clock::earliest_response(&regimes(policy, californian), at, &policy.time_zone)
        .ok()
        .flatten()
        .ok_or(ReceiveError::OutOfCalendar)
}

/// Takes in one request.
///
/// # Errors
/// [`ReceiveError`]; nothing is written then.
pub async fn receive<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    form: ReceiveRequest,
) -> Result<Acknowledgement, ReceiveError> {
    if let Some(unknown) = form.purposes.iter().find(|purpose| !policy.purposes.contains_key(*purpose)) {
        return Err(ReceiveError::UnknownPurpose(unknown.clone()));
    }
    let verification = dsar::verification_for(policy, form.request);
    if let domain::policy::VerificationRule::Points(needed) = verification {
        let fields: std::collections::BTreeSet<&Field> = form.points.iter().map(|(field, _)| field).collect();
        if fields.len() < usize::from(needed) {
            return Err(ReceiveError::PointsNeeded(needed));
        }
    }
    let due = due_of(policy, form.californian, form.at)?;
    let keys = ports.controller(&policy.controller).await?;
    let subject = keys.pepper.subject(&form.identifier);
    let points: Vec<_> = form
        .points
        .iter()
        // Disclosed to the keyed hash only: what is offered for verification serves nothing else.
        .map(|(field, value)| keys.pepper.point(field, value.disclose()))
        .collect();
    let purposes = form.purposes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let offered = points.iter().map(|point| point.as_str()).collect::<Vec<_>>().join(",");
    let fingerprint: Fingerprint = keys.pepper.derive(&[form.request.as_str(), &purposes, &offered]);
    let request = RequestKey {
        request: keys.pepper.derive::<RequestId>(&[subject.as_str(), &form.key]),
        controller: policy.controller.clone(),
        subject,
    };
    let received = Received {
        request: form.request,
        at: form.at,
        due_at: due.at,
        due_by_law: due.article.to_owned(),
        identifier: form.identifier.kind(),
        verification,
        points,
        purposes: form.purposes,
    };
    let appended = ports.receive(&request, &received, form.identifier.mail(), &fingerprint).await?;
    let (received, replayed) = match appended {
        Appended::Fresh => (received, false),
        Appended::Existing((first, made_of)) if made_of == fingerprint => (first, true),
        Appended::Existing(_) => return Err(ReceiveError::KeyReused),
    };
    let claim = Claim {
        scope: Scope::Request,
        subject: request.subject.clone(),
        id: request.request.to_string(),
        expires_at: received.at.saturating_add(STATUS_TOKEN_HOURS.hours()).unwrap_or(Timestamp::MAX),
    };
    Ok(Acknowledgement {
        token: keys.tokens.sign(&policy.controller, &claim),
        refusal: dsar::refusal_by_policy(policy, received.request),
        last_day: due_of(policy, form.californian, received.at)?.last_day.to_string(),
        request,
        received,
        replayed,
    })
}
