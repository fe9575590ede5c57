//! Requests of data subjects as they are sent.

use std::collections::BTreeMap;

use domain::{
    dsar::{
        self, Acting, AnswerDue, CORRECTIONS_MAX, Complaint, Demand, Ending, Instructions, ItemResult,
        MESSAGE_BYTES_MAX, Outcome, POINTS_MAX, REQUEST_PURPOSES_MAX, Received, RequestState, RequestType, Source,
        TaskEnd,
    },
    ids::{Field, Ground, Identifier, Purpose, RequestId},
    language::Language,
    place::Place,
    policy::{Clause, Policy, Refusal},
    sensitive::Sensitive,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    consent::label,
    form::{FormError, Pairs, SubjectForm, nothing_left, purposes, take},
};

mod next;
mod people;
mod proof;
mod reply;

pub use next::NextForm;
pub use people::{ActingForm, ComplaintForm, InstructionsForm};
pub use proof::{ParsedProof, ProofForm};
pub use reply::ReplyForm;

/// `POST /{controller}/v1/requests`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestForm {
    /// One of [`RequestType::ALL`]: `access`, `erasure`, `objection`.
    #[serde(rename = "type")]
    pub request: String,
    /// Who asks.
    pub subject: SubjectForm,
    /// Field to value: what the controller may hold, to verify who asks.
    #[serde(default)]
    pub points: BTreeMap<String, String>,
    /// What a withdrawal or an objection is about; none: all.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Who asks, where it is not the subject.
    #[serde(default)]
    pub acting: Option<ActingForm>,
    /// The controller's service that it is about.
    #[serde(default)]
    pub service: Option<String>,
    /// What shall become of the data after death.
    #[serde(default)]
    pub instructions: Option<InstructionsForm>,
    /// Where the person lives, which says whose law gives them rights: `FR`, `US-CA`.
    #[serde(default)]
    pub residence: Option<String>,
    /// In which language they are written to (BCP 47).
    #[serde(default)]
    pub language: Option<String>,
    /// What they want to say: the matter of a complaint, the reasons of an objection.
    #[serde(default)]
    pub message: Option<String>,
    /// Field to value: what a rectification corrects.
    #[serde(default)]
    pub corrections: BTreeMap<String, String>,
    /// The number of the request that an appeal is against.
    #[serde(default)]
    pub about: Option<String>,
    /// Opens that request.
    #[serde(default)]
    pub about_token: Option<String>,
    /// Whether they declare under penalty of perjury to be who they say (11 CCR 7062(c)).
    #[serde(default)]
    pub declared: bool,
    /// The form's nonce, which makes a retry harmless.
    #[serde(default)]
    pub nonce: Option<String>,
    /// Where a browser goes next, from the allow-list.
    #[serde(default)]
    pub next: Option<String>,
}

/// A request, parsed.
#[derive(Debug)]
pub struct ParsedRequest {
    /// What is asked for.
    pub request: RequestType,
    /// Who asks.
    pub identifier: Identifier,
    /// Data points offered.
    pub points: Vec<(Field, Sensitive<String>)>,
    /// What a withdrawal or an objection is about.
    pub purposes: Vec<Purpose>,
    /// Who asks, where it is not the subject.
    pub acting: Option<Acting>,
    /// The controller's service that it is about.
    pub service: Option<Ground>,
    /// What shall become of the data after death.
    pub instructions: Option<Instructions>,
    /// Where the person says that they live.
    pub residence: Option<Place>,
    /// In which language they are written to, if they said so.
    pub language: Option<Language>,
    /// What they want to say.
    pub message: Option<Sensitive<String>>,
    /// What a rectification corrects.
    pub corrections: BTreeMap<Field, Sensitive<String>>,
    /// The request that an appeal is against, and what opens it.
    pub about: Option<(RequestId, String)>,
    /// Whether they declare to be who they say.
    pub declared: bool,
    /// The form's nonce.
    pub nonce: Option<String>,
    /// Where the browser goes next.
    pub next: Option<String>,
}

impl RequestForm {
    /// Reads a browser's form: `type`, `subject_kind`, `subject`, `point.FIELD`, `purpose.NAME`,
    /// `correction.FIELD`, `acting`, `acting_proof`, `service`, `instructions.NAME`, and the rest by name.
    ///
    /// # Errors
    /// [`FormError`] for a field that is missing or unknown.
    pub fn from_pairs(mut pairs: Pairs) -> Result<Self, FormError> {
        let subject = SubjectForm {
            kind: take(&mut pairs, "subject_kind").unwrap_or_else(|| "mail".to_owned()),
            value: take(&mut pairs, "subject").ok_or_else(|| FormError::new("/subject", "the form names nobody"))?,
        };
        let (mut points, mut corrections) = (BTreeMap::new(), BTreeMap::new());
        let mut purposes = Vec::new();
        for key in pairs.keys().cloned().collect::<Vec<_>>() {
            if let Some(field) = key.strip_prefix("point.") {
                if let Some(value) = take(&mut pairs, &key) {
                    points.insert(field.to_owned(), value);
                }
                pairs.remove(&key);
            } else if let Some(field) = key.strip_prefix("correction.") {
                if let Some(value) = take(&mut pairs, &key) {
                    corrections.insert(field.to_owned(), value);
                }
                pairs.remove(&key);
            } else if let Some(purpose) = key.strip_prefix("purpose.") {
                pairs.remove(&key);
                purposes.push(purpose.to_owned());
            }
        }
        let form = Self {
            request: take(&mut pairs, "type").unwrap_or_default(),
            subject,
            points,
            purposes,
            acting: ActingForm::from_pairs(&mut pairs),
            service: take(&mut pairs, "service"),
            instructions: InstructionsForm::from_pairs(&mut pairs),
            residence: take(&mut pairs, "residence"),
            language: take(&mut pairs, "language"),
            message: take(&mut pairs, "message"),
            corrections,
            about: take(&mut pairs, "about"),
            about_token: take(&mut pairs, "about_token"),
            declared: take(&mut pairs, "declared").is_some(),
            nonce: take(&mut pairs, "nonce"),
            next: take(&mut pairs, "next"),
        };
        nothing_left(&pairs)?;
        Ok(form)
    }

    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedRequest, FormError> {
        let request = RequestType::parse(&self.request).ok_or_else(|| {
            let known = RequestType::ALL.map(RequestType::as_str).join(", ");
            FormError::new("/type", format!("use one of {known}"))
        })?;
        let points = fields(self.points, "/points", POINTS_MAX)?;
        let corrections = fields(self.corrections, "/corrections", CORRECTIONS_MAX)?;
        let message = self.message.filter(|text| !text.trim().is_empty());
        if message.as_ref().is_some_and(|text| text.len() > MESSAGE_BYTES_MAX) {
            return Err(FormError::new("/message", format!("use at most {MESSAGE_BYTES_MAX} bytes")));
        }
        let about = match (self.about, self.about_token) {
            (None, None) => None,
            (Some(_), Some(token)) if token.len() > TOKEN_BYTES_MAX => {
                return Err(FormError::new("/about_token", format!("use at most {TOKEN_BYTES_MAX} bytes")));
            }
            (Some(about), Some(token)) => Some((RequestId::parse(&about).map_err(crate::form::at("/about"))?, token)),
            (Some(_), None) => return Err(FormError::new("/about_token", "send the token of the request it is about")),
            (None, Some(_)) => return Err(FormError::new("/about", "say which request it is about")),
        };
        Ok(ParsedRequest {
            request,
            identifier: self.subject.identifier()?,
            points,
            purposes: purposes(&self.purposes, REQUEST_PURPOSES_MAX)?,
            acting: self.acting.map(|acting| acting.parse()).transpose()?,
            service: self.service.map(|name| Ground::parse(&name)).transpose().map_err(crate::form::at("/service"))?,
            instructions: self.instructions.map(InstructionsForm::parse).transpose()?,
            residence: self.residence.map(|place| residence(&place)).transpose()?,
            language: label(self.language, "/language")?.and_then(|tag| Language::of(&tag)),
            message: message.map(Sensitive::new),
            corrections: corrections.into_iter().collect(),
            about,
            declared: self.declared,
            nonce: label(self.nonce, "/nonce")?,
            next: match self.next {
                Some(next) if next.len() > NEXT_BYTES_MAX => {
                    return Err(FormError::new("/next", format!("use at most {NEXT_BYTES_MAX} bytes")));
                }
                next => next,
            },
        })
    }
}

/// Longest token in a form, in bytes: what a header may hold.
const TOKEN_BYTES_MAX: usize = 4_096;

/// Longest address of a page to go on to, in bytes.
const NEXT_BYTES_MAX: usize = 2_048;

fn residence(text: &str) -> Result<Place, FormError> {
    Place::parse(text).map_err(|_| FormError::new("/residence", "write a country or a part of one: FR, US-CA"))
}

/// Values by field, each of 1 to [`domain::ids::IDENTIFIER_BYTES_MAX`] bytes.
fn fields(
    values: BTreeMap<String, String>,
    pointer: &'static str,
    count_max: usize,
) -> Result<Vec<(Field, Sensitive<String>)>, FormError> {
    if values.len() > count_max {
        return Err(FormError::new(pointer, format!("offer at most {count_max}")));
    }
    let mut parsed = Vec::new();
    for (field, value) in values {
        let field = Field::parse(&field).map_err(crate::form::at(pointer))?;
        if value.is_empty() || value.len() > domain::ids::IDENTIFIER_BYTES_MAX {
            return Err(FormError::new(format!("{pointer}/{field}"), "use 1 to 320 bytes"));
        }
        parsed.push((field, Sensitive::new(value)));
    }
    Ok(parsed)
}

/// A refusal that the policy states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalForm {
    /// A code: `NO_CONSENT_BASIS`.
    pub code: String,
    /// What the person is told.
    pub text: String,
    /// The clause or article behind it.
    pub clause: String,
    /// What they are offered instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
}

impl RefusalForm {
    pub(crate) fn new(refusal: &Refusal, clause: &Clause) -> Self {
        Self {
            code: refusal.code.clone(),
            text: refusal.text.clone(),
            clause: clause.to_string(),
            offer: refusal.offer.map(|offer| offer.to_string()),
        }
    }
}

/// The answer to a request's arrival: 202, the same to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgementForm {
    /// The form's version.
    pub v: u8,
    /// Which request.
    pub request_id: String,
    /// What is asked for.
    #[serde(rename = "type")]
    pub request: String,
    /// When it was received.
    pub received_at: String,
    /// The last day on which an answer is in time, in the law's zone.
    pub due_date: String,
    /// The first instant that is late.
    pub due_before: String,
    /// The law that says so.
    pub due_by: String,
    /// What comes next: `none`, `mail` or `points`.
    pub verification: String,
    /// Who asks for that proof, or forbids to ask for one, with the article (11 CCR 7021(a)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verification_because: Vec<String>,
    /// A refusal that the policy states for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusalForm>,
    /// Where to complain, if it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintForm>,
    /// Where its status is.
    pub status: String,
    /// Opens the status.
    pub token: String,
}

impl AcknowledgementForm {
    /// Writes an acknowledgement.
    pub fn new(
        policy: &Policy,
        request: &RequestId,
        received: &Received,
        demand: &Demand,
        due_date: &str,
        refusal: Option<&(Refusal, Clause)>,
        token: &str,
    ) -> Self {
        Self {
            v: 1,
            request_id: request.to_string(),
            request: received.request.to_string(),
            received_at: received.at.to_string(),
            due_date: due_date.to_owned(),
            due_before: received.due_at.to_string(),
            due_by: received.due_by_law.clone(),
            verification: verification(received).to_owned(),
            verification_because: demand
                .reasons
                .iter()
                .map(|reason| match reason.source {
                    // An article names its law.
                    Source::Law(_) | Source::Floor => format!("{}: {}", reason.article, reason.says),
                    Source::Policy => format!("{}, {}: {}", reason.source, reason.article, reason.says),
                })
                .collect(),
            refused: refusal.map(|(refusal, clause)| RefusalForm::new(refusal, clause)),
            complaint: refusal.map(|_| Complaint::of(policy).into()),
            status: path(policy, request),
            token: token.to_owned(),
        }
    }
}

fn path(policy: &Policy, request: &RequestId) -> String {
    format!("/{}/v1/requests/{request}", policy.controller)
}

fn verification(received: &Received) -> &'static str {
    match received.verification {
        domain::policy::VerificationRule::None => "none",
        domain::policy::VerificationRule::Mail => "mail",
        domain::policy::VerificationRule::Points(_) => "points",
        domain::policy::VerificationRule::Account => "account",
    }
}

/// One item of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemForm {
    /// What it was.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// `erased`, `kept` or `held`.
    pub result: String,
    /// Why it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The article that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The clause of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The evidence of its erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A law whose clock runs for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawForm {
    /// Its name: `eu-gdpr`.
    pub regime: String,
    /// Its title.
    pub title: String,
}

/// A step to the due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepForm {
    /// What follows from what.
    pub words: String,
    /// The day that it leads to.
    pub date: String,
    /// Where it is written.
    pub article: String,
}

/// Something that happened to a request, without the office's inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HappenedForm {
    /// When.
    pub at: String,
    /// What: `received`, `verified`, `asked`, `replied`, `extended`, `decided`, `withdrawn`, `stopped`, `merged`
    /// or `lapsed`.
    pub what: String,
    /// What it was about: the question, the ground, the outcome, the other request's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /{controller}/v1/requests/{request}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusForm {
    /// The form's version.
    pub v: u8,
    /// Which request.
    pub request_id: String,
    /// What is asked for.
    #[serde(rename = "type")]
    pub request: String,
    /// Where it stands.
    pub status: String,
    /// When it was received.
    pub received_at: String,
    /// The last day on which an answer is in time; while the clock stands, the earliest that it can be.
    pub due_date: String,
    /// The first instant at which an answer is late.
    pub due_before: String,
    /// The law that says so.
    pub due_by: String,
    /// Whether the clock stands until the requester answers.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub due_stands: bool,
    /// How the date comes about.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub due_steps: Vec<StepForm>,
    /// The laws whose clocks run.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub laws: Vec<LawForm>,
    /// In which language the requester is written to.
    pub language: String,
    /// What happens next, or what they can do.
    pub next: NextForm,
    /// What happened so far.
    pub history: Vec<HappenedForm>,
    /// What a withdrawal or an objection is about; none: all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub purposes: Vec<String>,
    /// Which fields a rectification corrects.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub corrections: Vec<String>,
    /// In how many of the controller's systems work had ended when the request was taken back or stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub systems_done: Option<usize>,
    /// Who asked, where it was not the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acting: Option<ActingForm>,
    /// The service that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How it was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
    /// What is answered instead, where the proof does not suffice for all that was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answered_as: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusalForm>,
    /// Where to complain, if anything was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintForm>,
    /// An erasure, item by item.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub items: Vec<ItemForm>,
    /// Consents withdrawn.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withdrawn: Vec<String>,
    /// Purposes for which the person's data is used no more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub stopped: Vec<String>,
    /// Where the answer to a question about the policy can be fetched with the request's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Since when no mail about it goes out any more, because one came back or was called unwanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable_by_mail: Option<UnreachableForm>,
}

/// Why a requester is not written to any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreachableForm {
    /// Since when.
    pub since: String,
    /// `bounce-permanent` or `complaint`.
    pub why: String,
}

impl StatusForm {
    /// Names the fields that the request corrects, and no value.
    #[must_use]
    pub fn with_corrections<'a>(mut self, fields: impl IntoIterator<Item = &'a Field>) -> Self {
        self.corrections = fields.into_iter().map(ToString::to_string).collect();
        self
    }

    /// Writes a status as it is at that time.
    pub fn new(policy: &Policy, request: &RequestId, state: &RequestState, now: Timestamp) -> Self {
        let received = &state.received;
        let due = dsar::due_of(policy, state).unwrap_or_else(|_| AnswerDue::as_received(received, policy));
        let next = dsar::next_step(policy, state, &due, now);
        let laws = if state.regimes().is_empty() { &policy.regimes } else { state.regimes() };
        let shows_items = dsar::shows_items(received);
        let outcome = state.decided.as_ref().map(|(_, outcome)| outcome);
        Self {
            v: 1,
            request_id: request.to_string(),
            request: state.received.request.to_string(),
            status: state.stage().for_requester().as_str().to_owned(),
            received_at: state.received.at.to_string(),
            due_date: due.last_day.to_string(),
            due_before: due.at.to_string(),
            due_stands: due.stands,
            laws: laws
                .iter()
                .map(|law| LawForm { regime: law.as_str().to_owned(), title: law.title().to_owned() })
                .collect(),
            language: received.language.as_str().to_owned(),
            next: NextForm::new(policy, &next, &due, received.language),
            history: dsar::public_history(state)
                .iter()
                .map(|entry| HappenedForm {
                    at: entry.at.to_string(),
                    what: entry.what.as_str().to_owned(),
                    detail: entry.what.detail().map(str::to_owned),
                })
                .collect(),
            purposes: received.purposes.iter().map(ToString::to_string).collect(),
            corrections: Vec::new(),
            systems_done: systems_done(state),
            due_steps: due
                .steps
                .into_iter()
                .map(|step| StepForm { words: step.words, date: step.date.to_string(), article: step.article })
                .collect(),
            due_by: due.law,
            acting: received.acting.as_ref().map(ActingForm::from),
            service: received.service.as_ref().map(ToString::to_string),
            verified_by: state.verified.map(|(_, by)| by.as_str().to_owned()),
            answered_as: Some(state.answered_as()).filter(|as_| *as_ != received.request).map(|as_| as_.to_string()),
            outcome: outcome.map(|outcome| outcome.as_str().to_owned()),
            decided_at: state.decided.as_ref().map(|(at, _)| at.to_string()),
            refused: match outcome {
                Some(Outcome::Refused(refusal, clause)) => Some(RefusalForm::new(refusal, clause)),
                _ => None,
            },
            complaint: outcome
                .filter(|outcome| dsar::may_be_refused(received, outcome))
                .map(|_| Complaint::of(policy).into()),
            items: match outcome {
                Some(Outcome::Erased(items)) if shows_items => items.iter().map(item).collect(),
                _ => Vec::new(),
            },
            withdrawn: match outcome {
                Some(Outcome::Withdrawn(purposes)) => purposes.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            stopped: match outcome {
                Some(Outcome::Stopped(stop)) => stop.purposes.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            export: match outcome {
                Some(Outcome::Exported { .. }) if received.request == RequestType::Information => {
                    Some(format!("{}/export", path(policy, request)))
                }
                _ => None,
            },
            unreachable_by_mail: state
                .unreachable_by_mail()
                .map(|(since, why)| UnreachableForm { since: since.to_string(), why: why.to_string() }),
        }
    }
}

/// How many systems had ended their work on a request that was taken back or stopped, whatever they found: what was
/// done cannot be undone, and is told.
fn systems_done(state: &RequestState) -> Option<usize> {
    let tasks = state.tasks();
    let is_broken_off = matches!(state.ending(), Some(Ending::Withdrawn | Ending::Stopped));
    let is_done = |end: &&Option<&TaskEnd>| end.is_some_and(|end| *end != TaskEnd::GivenUp);
    (is_broken_off && !tasks.is_empty()).then(|| tasks.values().filter(is_done).count())
}

pub(crate) fn item(item: &domain::dsar::Item) -> ItemForm {
    let mut form = ItemForm {
        category: item.category.to_string(),
        purpose: item.purpose.to_string(),
        result: String::new(),
        reason: None,
        article: None,
        clause: None,
        evidence: None,
    };
    match &item.result {
        ItemResult::Erased { evidence } => {
            form.result = "erased".to_owned();
            form.evidence = Some(evidence.clone());
        }
        ItemResult::Kept { reason, article, clause } => {
            form.result = "kept".to_owned();
            form.reason = Some(reason.clone());
            form.article = Some(article.clone());
            form.clause = Some(clause.to_string());
        }
        ItemResult::Held => form.result = "held".to_owned(),
    }
    form
}

#[cfg(test)]
mod tests {
    use domain::{
        dsar::{Act, ActingAs, Actor, Entry, ExtensionGround, Item, Stop},
        ids::{Category, ControllerId, IdentifierKind, Pepper, StaffId, SystemId},
        policy::{Notice, Regime},
    };

    use super::*;

    fn policy() -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice)
    }

    fn status(request: RequestType, acting: Option<ActingAs>, outcome: Outcome) -> StatusForm {
        let at = Timestamp::UNIX_EPOCH;
        let received = Received {
            acting: acting.map(|role| Acting { role, proof: None }),
            service: Some(Ground::parse("website").unwrap()),
            ..Received::new(request, IdentifierKind::Mail, at, (at, String::new()))
        };
        let state = RequestState { decided: Some((at, outcome)), ..RequestState::new(received) };
        StatusForm::new(&policy(), &id(), &state, at)
    }

    fn id() -> RequestId {
        Pepper::new(1, &[1; 32]).derive(&["request"])
    }

    fn erased(result: ItemResult) -> Outcome {
        Outcome::Erased(vec![Item {
            category: Category::parse("cv").unwrap(),
            purpose: Purpose::parse("hiring").unwrap(),
            record: Pepper::new(1, &[1; 32]).derive(&["record"]),
            result,
        }])
    }

    #[test]
    fn whoever_is_refused_anything_is_told_where_to_complain() {
        let refusal = Refusal { code: "NO".into(), text: "no".into(), offer: None };
        let gone = || ItemResult::Erased { evidence: "x/0".into() };
        for (outcome, complains) in [
            (Outcome::Refused(refusal, Clause::new("acme.1")), true),
            (Outcome::NotVerified, true),
            (erased(ItemResult::Held), true),
            (erased(gone()), false),
            (Outcome::WithOffice, false),
            (Outcome::Recorded, false),
        ] {
            let status = status(RequestType::Erasure, None, outcome);
            assert_eq!(status.complaint.is_some(), complains, "{status:?}");
            assert!(status.complaint.is_none_or(|complaint| complaint.remedy.contains("court")));
        }
    }

    #[test]
    fn a_guardians_status_does_not_tell_what_there_was() {
        let of = |acting, result| status(RequestType::Erasure, acting, erased(result));
        let guardian = Some(ActingAs::Guardian);
        let gone = || ItemResult::Erased { evidence: "x/0".into() };
        assert_eq!(of(guardian, gone()), of(guardian, ItemResult::Held));
        assert_eq!(of(guardian, gone()), status(RequestType::Erasure, guardian, Outcome::Erased(Vec::new())));
        assert_eq!(of(Some(ActingAs::Agent), gone()).items.len(), 1);
        let acting = of(guardian, gone()).acting.unwrap();
        assert_eq!((acting.role.as_str(), acting.proof), ("guardian", None));
    }

    #[test]
    fn a_status_says_what_was_understood_which_law_why_then_and_what_comes_next() {
        let at: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let mut policy = policy();
        policy.regimes = vec![Regime::EuGdpr];
        let purposes = vec![Purpose::parse("marketing").unwrap()];
        let received = |language| Received {
            purposes: purposes.clone(),
            language,
            ..Received::new(RequestType::Objection, IdentifierKind::Mail, at, (at, String::new()))
        };
        let clerk = || Actor::Staff(StaffId::parse("clerk-1").unwrap());
        let entries = [
            Entry { at, by: clerk(), act: Act::Claimed },
            Entry { at, by: clerk(), act: Act::Noted },
            Entry { at, by: clerk(), act: Act::Extended(ExtensionGround::Complexity) },
        ];
        let mut texts = Vec::new();
        for language in Language::ALL {
            let state = RequestState::fold(received(language), entries.clone());
            let fields = [Field::parse("email").unwrap()];
            let form = StatusForm::new(&policy, &id(), &state, at).with_corrections(&fields);
            assert_eq!(
                (form.purposes.as_slice(), form.language.as_str()),
                (&["marketing".to_owned()][..], language.as_str())
            );
            assert_eq!(form.corrections, ["email"]);
            assert_eq!(form.laws.iter().map(|law| law.regime.as_str()).collect::<Vec<_>>(), ["eu-gdpr"]);
            assert!(!form.due_steps.is_empty() && form.due_steps.iter().all(|step| !step.article.is_empty()));
            assert_eq!(form.next.code, "wait");
            assert!(form.next.text.contains(&form.due_date), "{}", form.next.text);
            let what: Vec<_> =
                form.history.iter().map(|entry| (entry.what.as_str(), entry.detail.as_deref())).collect();
            assert_eq!(what, [("received", None), ("extended", Some("complexity"))]);
            assert!(!serde_json::to_string(&form).unwrap().contains("clerk-1"), "nothing of who in the office");
            texts.push(form.next.text);
        }
        texts.dedup();
        assert_eq!(texts.len(), 3, "a sentence in each language");
    }

    #[test]
    fn whoever_takes_a_request_back_is_told_how_much_was_done() {
        let at = Timestamp::UNIX_EPOCH;
        let received = Received::new(RequestType::Erasure, IdentifierKind::Mail, at, (at, String::new()));
        let system = |name: &str| SystemId::parse(name).unwrap();
        let by = |by, act| Entry { at, by, act };
        let ended = |name: &str, end| by(Actor::Product, Act::TaskEnded(system(name), end));
        let opened = by(Actor::Product, Act::TasksOpened(["a", "b", "c"].map(system).to_vec()));
        let history = [
            opened,
            ended("a", TaskEnd::Done { records: 7 }),
            ended("b", TaskEnd::GivenUp),
            by(Actor::Requester, Act::Withdrawn),
        ];
        let state = RequestState::fold(received, history);
        let form = StatusForm::new(&policy(), &id(), &state, at);
        assert_eq!((form.status.as_str(), form.systems_done, form.next.code.as_str()), ("withdrawn", Some(1), "done"));
    }

    #[test]
    fn a_status_says_what_is_stopped_and_where_the_policys_facts_are() {
        let stop = Stop { purposes: vec![Purpose::parse("marketing").unwrap()], with_office: true };
        let status_of = |request, outcome| status(request, None, outcome);
        let stopped = status_of(RequestType::Objection, Outcome::Stopped(stop));
        assert_eq!((stopped.stopped, stopped.status.as_str()), (vec!["marketing".to_owned()], "in-progress"));
        assert_eq!(stopped.service.as_deref(), Some("website"));
        let exported = || Outcome::Exported { object: "x.json".into(), until: Timestamp::UNIX_EPOCH };
        let path = format!("/acme/v1/requests/{}/export", id());
        assert_eq!(status_of(RequestType::Information, exported()).export, Some(path));
        assert_eq!(status_of(RequestType::Access, exported()).export, None, "its link goes by mail alone");
    }
}
