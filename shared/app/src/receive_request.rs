//! Takes in a data subject's request: one conditional write, the same answer to everybody.

use std::collections::BTreeMap;

use domain::{
    dsar::{self, Acting, ActingRefused, Demand, Instructions, NoObjection, Received, RequestState, RequestType},
    ids::{Field, Fingerprint, Ground, Identifier, PointHash, Purpose, RequestId, StaffId},
    language::Language,
    place::Place,
    policy::{Clause, Policy, Refusal, VerificationRule},
    sensitive::Sensitive,
    token::{Claim, Scope},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    error::{Appended, PortError},
    keys::{ControllerKeys, Keys},
    requests::{self, Confided, ITS_TOKENS, RequestError, RequestKey, RequestLog},
};

/// A request, parsed.
#[derive(Debug)]
pub struct ReceiveRequest {
    /// What is asked for.
    pub request: RequestType,
    /// Who asks, as they name themselves.
    pub identifier: Identifier,
    /// Data points that the controller may hold about them.
    pub points: Vec<(Field, Sensitive<String>)>,
    /// What a withdrawal or an objection is about; empty: all.
    pub purposes: Vec<Purpose>,
    /// Who asks for the person, where they do not ask themselves.
    pub acting: Option<Acting>,
    /// The controller's service that it is about.
    pub service: Option<Ground>,
    /// What shall become of the data after death; a request of that type without any revokes them.
    pub instructions: Option<Instructions>,
    /// Where they say that they live.
    pub residence: Option<Place>,
    /// In which language they are written to.
    pub language: Language,
    /// What they want to say.
    pub message: Option<Sensitive<String>>,
    /// What a rectification corrects.
    pub corrections: BTreeMap<Field, Sensitive<String>>,
    /// The request that an appeal is against, with the token that opens it.
    pub about: Option<(RequestId, String)>,
    /// Whether they declare under penalty of perjury to be who they say.
    pub declared: bool,
    /// Who of the office entered it, where it did not come by a form.
    pub entered_by: Option<StaffId>,
    /// The `Idempotency-Key`, the form's nonce, or else the request's own id.
    pub key: String,
    /// When it arrived: the clock runs from here.
    pub at: Timestamp,
}

impl ReceiveRequest {
    /// A request by the person themselves, of all that it can be about, in English.
    pub const fn new(request: RequestType, identifier: Identifier, key: String, at: Timestamp) -> Self {
        Self {
            request,
            identifier,
            points: Vec::new(),
            purposes: Vec::new(),
            acting: None,
            service: None,
            instructions: None,
            residence: None,
            language: Language::English,
            message: None,
            corrections: BTreeMap::new(),
            about: None,
            declared: false,
            entered_by: None,
            key,
            at,
        }
    }
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
    /// What they must prove, and why.
    pub demand: Demand,
    /// Whether this answers a retry.
    pub replayed: bool,
}

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The policy names no such purpose.
    #[error("the policy names no purpose {0}")]
    UnknownPurpose(Purpose),
    /// The purpose rests on something that no objection ends.
    #[error(transparent)]
    NoObjection(#[from] NoObjection),
    /// The policy names no such service.
    #[error("the policy names no such service")]
    UnknownService,
    /// They may not ask this for somebody else.
    #[error(transparent)]
    Acting(#[from] ActingRefused),
    /// An appeal names the request that it is against, and nothing else does.
    #[error("an appeal names the request that it is against, with that request's token")]
    AppealMisplaced,
    /// The request that the appeal is against is not open to who appeals, or is not decided yet.
    #[error("there is no decision to appeal against")]
    NothingToAppeal,
    /// Corrections come with a rectification alone.
    #[error("corrections come with a request of type rectification")]
    CorrectionsMisplaced,
    /// Instructions for after death come with a request of that type alone.
    #[error("instructions come with a request of type post-mortem")]
    InstructionsMisplaced,
    /// The policy asks for more data points.
    #[error("this controller verifies such a request by {0} data points that it holds about you")]
    PointsNeeded(u8),
    /// The law asks for a declaration too.
    #[error("this needs your declaration under penalty of perjury that you are who you say (11 CCR 7062(c))")]
    DeclarationNeeded,
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

/// Checks a form against the policy alone, so that the answer is the same whoever it is about.
fn check(policy: &Policy, form: &ReceiveRequest) -> Result<(), ReceiveError> {
    if let Some(unknown) = form.purposes.iter().find(|purpose| !policy.purposes.contains_key(*purpose)) {
        return Err(ReceiveError::UnknownPurpose(unknown.clone()));
    }
    dsar::check_objection(policy, form.request, &form.purposes)?;
    if form.service.as_ref().is_some_and(|service| dsar::role_for(policy, service).is_none()) {
        return Err(ReceiveError::UnknownService);
    }
    if form.instructions.is_some() && form.request != RequestType::PostMortem {
        return Err(ReceiveError::InstructionsMisplaced);
    }
    if !form.corrections.is_empty() && form.request != RequestType::Rectification {
        return Err(ReceiveError::CorrectionsMisplaced);
    }
    if form.about.is_some() != (form.request == RequestType::Appeal) {
        return Err(ReceiveError::AppealMisplaced);
    }
    if let Some(acting) = &form.acting {
        dsar::check_acting(policy, form.request, acting)?;
    }
    Ok(())
}

/// What the form carried, as a keyed hash. What a form may leave out is hashed with its name, so that a
/// form without any of it has the hash that it always had.
fn fingerprint(keys: &ControllerKeys, form: &ReceiveRequest, points: &[PointHash]) -> Fingerprint {
    let purposes = form.purposes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let offered = points.iter().map(PointHash::as_str).collect::<Vec<_>>().join(",");
    let mut parts = vec![form.request.as_str(), &purposes, &offered];
    if let Some(acting) = &form.acting {
        parts.extend(["acting", acting.role.as_str(), acting.proof.as_ref().map_or("", Ground::as_str)]);
    }
    if let Some(service) = &form.service {
        parts.extend(["service", service.as_str()]);
    }
    if let Some(instructions) = &form.instructions {
        let Instructions { retention, deletion, communication } = instructions;
        // Disclosed to the keyed hash only.
        let texts = [retention, deletion, communication].map(|text| text.as_ref().map_or("", |text| text.disclose()));
        parts.push("instructions");
        parts.extend(texts);
    }
    let residence = form.residence.as_ref().map(ToString::to_string);
    if let Some(residence) = &residence {
        parts.extend(["residence", residence]);
    }
    if let Some((about, _)) = &form.about {
        parts.extend(["about", about.as_str()]);
    }
    // Disclosed to the keyed hash only.
    if let Some(message) = &form.message {
        parts.extend(["message", message.disclose()]);
    }
    for (field, value) in &form.corrections {
        parts.extend(["correction", field.as_str(), value.disclose()]);
    }
    if form.declared {
        parts.push("declared");
    }
    keys.pepper.derive(&parts)
}

/// Checks that an appeal is made by who holds the request that it is against, and that there is a decision.
async fn check_appeal<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    form: &ReceiveRequest,
) -> Result<Option<RequestId>, ReceiveError> {
    let Some((about, token)) = &form.about else { return Ok(None) };
    let (key, _) =
        requests::open(policy, ports, about, token, &ITS_TOKENS, form.at).await.map_err(|error| match error {
            RequestError::Port(error) => ReceiveError::Port(error),
            RequestError::Token(_) | RequestError::Unknown => ReceiveError::NothingToAppeal,
        })?;
    let decided = ports.request(&key).await?.is_some_and(|stored| stored.state.decided.is_some());
    if decided { Ok(Some(about.clone())) } else { Err(ReceiveError::NothingToAppeal) }
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
    check(policy, &form)?;
    let regimes = dsar::regimes_for(policy, form.residence.as_ref());
    let kind = form.identifier.kind();
    let demand = dsar::verification_of(policy, form.request, &regimes, kind, form.acting.as_ref());
    // Who is refused anyway is not asked for anything first.
    // Who came by letter or telephone has offered none: the office sees who they are.
    if form.entered_by.is_none() && dsar::refusal(policy, form.request, form.service.as_ref()).is_none() {
        check_proof(&form, &demand)?;
    }
    let keys = ports.controller(&policy.controller).await?;
    let about = check_appeal(policy, ports, &form).await?;
    let due = dsar::answer_due(policy, form.request, &regimes, form.at).map_err(|_| ReceiveError::OutOfCalendar)?;
    let subject = keys.pepper.subject(&form.identifier);
    let points: Vec<_> = dsar::countable_points(&form.identifier, &form.points)
        .into_iter()
        // Disclosed to the keyed hash only: what is offered for verification serves nothing else.
        .map(|(field, value)| keys.pepper.point(field, value.disclose()))
        .collect();
    let fingerprint = fingerprint(&keys, &form, &points);
    let request = RequestKey {
        request: keys.pepper.derive::<RequestId>(&[subject.as_str(), &form.key]),
        controller: policy.controller.clone(),
        subject,
    };
    let received = Received {
        request: form.request,
        at: form.at,
        due_at: due.at,
        due_by_law: due.law,
        regimes,
        residence: form.residence,
        language: form.language,
        about,
        declared: form.declared,
        entered_by: form.entered_by,
        identifier: form.identifier.kind(),
        verification: demand.rule,
        points,
        purposes: form.purposes,
        acting: form.acting,
        service: form.service,
        following: None,
    };
    let confided = Confided {
        contact: form.identifier.mail().cloned(),
        identifier: Some(form.identifier),
        instructions: form.instructions,
        message: form.message,
        corrections: form.corrections,
    };
    let head = requests::head_of(policy, &RequestState::new(received.clone()));
    let appended = ports.receive(&request, &received, &confided, &fingerprint, &head).await?;
    let (received, replayed) = match appended {
        Appended::Fresh => (received, false),
        Appended::Existing((first, made_of)) if made_of == fingerprint => (first, true),
        Appended::Existing(_) => return Err(ReceiveError::KeyReused),
    };
    acknowledgement(policy, &keys, request, received, (demand, replayed))
}

fn acknowledgement(
    policy: &Policy,
    keys: &ControllerKeys,
    request: RequestKey,
    received: Received,
    (demand, replayed): (Demand, bool),
) -> Result<Acknowledgement, ReceiveError> {
    let claim = Claim {
        scope: Scope::Request,
        subject: request.subject.clone(),
        id: request.request.to_string(),
        expires_at: received.at.saturating_add(dsar::STATUS_HOURS.hours()).unwrap_or(Timestamp::MAX),
    };
    Ok(Acknowledgement {
        token: keys.tokens.sign(&policy.controller, &claim),
        refusal: dsar::refusal_of(policy, &received),
        last_day: dsar::answer_due(policy, received.request, &received.regimes, received.at)
            .map_err(|_| ReceiveError::OutOfCalendar)?
            .last_day
            .to_string(),
        request,
        received,
        demand,
        replayed,
    })
}

/// Checks that the form brings what the proof will need. It looks at the form alone, so that it tells
/// nothing about anybody.
fn check_proof(form: &ReceiveRequest, demand: &Demand) -> Result<(), ReceiveError> {
    if let VerificationRule::Points(needed) = demand.rule
        && dsar::countable_points(&form.identifier, &form.points).len() < usize::from(needed)
    {
        return Err(ReceiveError::PointsNeeded(needed));
    }
    if demand.declaration && !form.declared {
        return Err(ReceiveError::DeclarationNeeded);
    }
    Ok(())
}
