//! Requests of data subjects as they are sent.

use std::collections::BTreeMap;

use domain::{
    dsar::{Acting, CORRECTIONS_MAX, Instructions, MESSAGE_BYTES_MAX, POINTS_MAX, REQUEST_PURPOSES_MAX, RequestType},
    ids::{Field, Ground, Identifier, Purpose, RequestId},
    language::Language,
    place::Place,
    policy::{Clause, Policy, Refusal},
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use crate::{
    consent::label,
    form::{FormError, Pairs, SubjectForm, at, names, nothing_left, take},
};

mod acknowledgement;
mod next;
mod people;
mod proof;
mod reply;
mod status;

pub use acknowledgement::AcknowledgementForm;
pub use next::NextForm;
pub use people::{ActingForm, ComplaintForm, InstructionsForm};
pub use proof::{ParsedProof, ProofForm};
pub use reply::ReplyForm;
pub(crate) use status::item;
pub use status::{HappenedForm, ItemForm, LawForm, StatusForm, StepForm, UnreachableForm};

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
        let subject = SubjectForm::from_pairs(&mut pairs)?;
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
            (Some(about), Some(token)) => Some((RequestId::parse(&about).map_err(at("/about"))?, token)),
            (Some(_), None) => return Err(FormError::new("/about_token", "send the token of the request it is about")),
            (None, Some(_)) => return Err(FormError::new("/about", "say which request it is about")),
        };
        Ok(ParsedRequest {
            request,
            identifier: self.subject.identifier()?,
            points,
            purposes: names(&self.purposes, "/purposes", REQUEST_PURPOSES_MAX, Purpose::parse)?,
            acting: self.acting.map(|acting| acting.parse()).transpose()?,
            service: self.service.map(|name| Ground::parse(&name)).transpose().map_err(at("/service"))?,
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
        let field = Field::parse(&field).map_err(at(pointer))?;
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

fn path(policy: &Policy, request: &RequestId) -> String {
    format!("/{}/v1/requests/{request}", policy.controller)
}
