//! What happens to a breach, as it is sent and as it is stored.

use domain::{
    breach::{
        Act, Assessment, BREACH_TEXT_BYTES_MAX, BREACH_TITLE_BYTES_MAX, CircumstancesOf, DataKind, Decision, Exemption,
        Identification, PeopleAre, REFERENCE_BYTES_MAX, SeverityInputs, Submission, Telling,
    },
    clock::{Duty, Law},
    ids::SignalId,
};
use serde::{Deserialize, Serialize};

use super::facts::{CountsForm, FactsForm, anchor, word};
use crate::form::{FormError, at, time};

/// `POST /{controller}/v1/breaches/{breach}/entries`: one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the act of its name, with the same parts")]
pub enum ActForm {
    Happened {
        what: String,
        at: String,
    },
    FactsChanged {
        facts: Box<FactsForm>,
    },
    SignalLinked {
        signal: String,
    },
    Counted {
        counts: CountsForm,
    },
    Assessed {
        data: String,
        #[serde(default, skip_serializing_if = "crate::is_default")]
        adjustment: i8,
        identification: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidentiality: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        integrity: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        availability: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        malicious: bool,
        reason: String,
    },
    /// `people`: `told`, `told-in-public` or `not-told`, the last with `exemption`.
    Decided {
        authority: bool,
        people: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exemption: Option<String>,
        reason: String,
    },
    /// `version`: what it told of; absent in what is sent: all that is known.
    Notified {
        law: String,
        duty: String,
        to: String,
        at: String,
        reference: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// `telling`: `running`, `paused` or `stopped`.
    TellingSet {
        telling: String,
        reason: String,
    },
    AllTold {},
    Noted {
        text: String,
    },
    Lesson {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follow_up_on: Option<String>,
    },
    FollowedUp {
        lesson: u32,
        text: String,
    },
    Closed {
        reason: String,
    },
    Reopened {
        reason: String,
    },
}

/// A text of the staff.
fn written(text: String, pointer: &str, max: usize) -> Result<String, FormError> {
    if text.trim().is_empty() || text.len() > max {
        return Err(FormError::new(pointer, format!("holds 1 to {max} bytes")));
    }
    Ok(text)
}

fn degree(name: Option<&str>, pointer: &str) -> Result<CircumstancesOf, FormError> {
    match name {
        None => Ok(CircumstancesOf::None),
        Some(name) => word(CircumstancesOf::parse(name), pointer, "is none, limited or full"),
    }
}

impl ActForm {
    /// Checks the form and reads what it says; `version` is how many entries the history has.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self, version: u32) -> Result<Act, FormError> {
        let reason = |text: String| written(text, "/reason", BREACH_TEXT_BYTES_MAX);
        let text = |text: String| written(text, "/text", BREACH_TEXT_BYTES_MAX);
        Ok(match self {
            Self::Happened { what, at } => Act::Happened(anchor(&what, "/what")?, time(&at, "/at")?),
            Self::FactsChanged { facts } => {
                Act::FactsChanged(Box::new(facts.parse().map_err(|error| error.within("/facts"))?))
            }
            Self::SignalLinked { signal } => Act::SignalLinked(SignalId::parse(&signal).map_err(at("/signal"))?),
            Self::Counted { counts } => Act::Counted(counts.parse().map_err(|error| error.within("/counts"))?),
            Self::Assessed {
                data,
                adjustment,
                identification,
                confidentiality,
                integrity,
                availability,
                malicious,
                reason: why,
            } => Act::Assessed(Assessment {
                inputs: SeverityInputs {
                    data: word(DataKind::parse(&data), "/data", "is simple, behavioural, financial or sensitive")?,
                    adjustment: word(
                        (-3..=3).contains(&adjustment).then_some(adjustment),
                        "/adjustment",
                        "lies between -3 and 3",
                    )?,
                    identification: word(
                        Identification::parse(&identification),
                        "/identification",
                        "is negligible, limited, significant or maximum",
                    )?,
                    confidentiality: degree(confidentiality.as_deref(), "/confidentiality")?,
                    integrity: degree(integrity.as_deref(), "/integrity")?,
                    availability: degree(availability.as_deref(), "/availability")?,
                    malicious,
                },
                reason: reason(why)?,
            }),
            Self::Decided { authority, people, exemption, reason: why } => {
                let exempt = exemption.as_deref().map(|name| {
                    let rule = "is no-high-risk, unintelligible, risk-averted or investigation";
                    word(Exemption::parse(name), "/exemption", rule)
                });
                let people = match (people.as_str(), exempt.transpose()?) {
                    ("told", None) => PeopleAre::Told,
                    ("told-in-public", None) => PeopleAre::ToldInPublic,
                    ("not-told", Some(exemption)) => PeopleAre::NotTold(exemption),
                    ("not-told", None) => return Err(FormError::new("/exemption", "says why people are not told")),
                    ("told" | "told-in-public", Some(_)) => {
                        return Err(FormError::new("/exemption", "goes with people who are not told"));
                    }
                    _ => return Err(FormError::new("/people", "is told, told-in-public or not-told")),
                };
                Act::Decided(Decision { authority, people, reason: reason(why)? })
            }
            Self::Notified { law, duty, to, at, reference, version: told } => Act::Notified(Submission {
                law: word(Law::parse(&law), "/law", "no such law is known")?,
                duty: word(
                    Duty::parse(&duty).filter(|duty| !duty.is_of_requests() && *duty != Duty::KeepRegister),
                    "/duty",
                    "no such duty follows from a breach",
                )?,
                to: written(to, "/to", BREACH_TITLE_BYTES_MAX)?,
                at: time(&at, "/at")?,
                reference: written(reference, "/reference", REFERENCE_BYTES_MAX)?,
                version: word(
                    Some(told.unwrap_or(version)).filter(|told| *told <= version),
                    "/version",
                    "is of a later history",
                )?,
            }),
            Self::TellingSet { telling, reason: why } => Act::TellingSet(
                word(Telling::parse(&telling), "/telling", "is running, paused or stopped")?,
                reason(why)?,
            ),
            Self::AllTold {} => Act::AllTold,
            Self::Noted { text: note } => Act::Noted(text(note)?),
            Self::Lesson { text: lesson, follow_up_on } => {
                let day = follow_up_on.map(|day| word(day.parse().ok(), "/follow_up_on", "is a day as 2026-12-31"));
                Act::Lesson(text(lesson)?, day.transpose()?)
            }
            Self::FollowedUp { lesson, text: outcome } => Act::FollowedUp(lesson, text(outcome)?),
            Self::Closed { reason: why } => Act::Closed(reason(why)?),
            Self::Reopened { reason: why } => Act::Reopened(reason(why)?),
        })
    }
}

impl From<&Act> for ActForm {
    fn from(act: &Act) -> Self {
        let degree = |degree: CircumstancesOf| (degree != CircumstancesOf::None).then(|| degree.as_str().to_owned());
        match act {
            Act::Happened(what, at) => Self::Happened { what: what.as_str().to_owned(), at: at.to_string() },
            Act::FactsChanged(facts) => Self::FactsChanged { facts: Box::new(facts.as_ref().into()) },
            Act::SignalLinked(signal) => Self::SignalLinked { signal: signal.to_string() },
            Act::Counted(counts) => Self::Counted { counts: counts.into() },
            Act::Assessed(Assessment { inputs, reason }) => Self::Assessed {
                data: inputs.data.as_str().to_owned(),
                adjustment: inputs.adjustment,
                identification: inputs.identification.as_str().to_owned(),
                confidentiality: degree(inputs.confidentiality),
                integrity: degree(inputs.integrity),
                availability: degree(inputs.availability),
                malicious: inputs.malicious,
                reason: reason.clone(),
            },
            Act::Decided(decision) => {
                let (people, exemption) = match decision.people {
                    PeopleAre::Told => ("told", None),
                    PeopleAre::ToldInPublic => ("told-in-public", None),
                    PeopleAre::NotTold(exemption) => ("not-told", Some(exemption.as_str().to_owned())),
                };
                Self::Decided {
                    authority: decision.authority,
                    people: people.to_owned(),
                    exemption,
                    reason: decision.reason.clone(),
                }
            }
            Act::Notified(sent) => Self::Notified {
                law: sent.law.as_str().to_owned(),
                duty: sent.duty.as_str().to_owned(),
                to: sent.to.clone(),
                at: sent.at.to_string(),
                reference: sent.reference.clone(),
                version: Some(sent.version),
            },
            Act::TellingSet(telling, reason) => {
                Self::TellingSet { telling: telling.as_str().to_owned(), reason: reason.clone() }
            }
            Act::AllTold => Self::AllTold {},
            Act::Noted(text) => Self::Noted { text: text.clone() },
            Act::Lesson(text, day) => {
                Self::Lesson { text: text.clone(), follow_up_on: day.as_ref().map(ToString::to_string) }
            }
            Act::FollowedUp(lesson, text) => Self::FollowedUp { lesson: *lesson, text: text.clone() },
            Act::Closed(reason) => Self::Closed { reason: reason.clone() },
            Act::Reopened(reason) => Self::Reopened { reason: reason.clone() },
        }
    }
}
