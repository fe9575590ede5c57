//! What was decided about a breach, what went out and what was learned, as it is sent.

use domain::breach::{Act, Incident, Submission};
use serde::{Deserialize, Serialize};

use super::ActForm;

/// What came of a breach so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseForm {
    /// Why its severity was assessed so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_reason: Option<String>,
    /// Who is told, as last decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionForm>,
    /// What went out to authorities and controllers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submissions: Vec<SubmissionForm>,
    /// When the last of those who were found had been told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_told_at: Option<String>,
    /// What was learned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lessons: Vec<LessonForm>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionForm {
    /// When it was decided.
    pub at: String,
    /// Whether authorities are.
    pub authority: bool,
    /// `told`, `told-in-public` or `not-told`.
    pub people: String,
    /// Why people are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// Why.
    pub reason: String,
}

/// A notification that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionForm {
    /// By which law.
    pub law: String,
    /// Which duty it meets.
    pub duty: String,
    /// To whom.
    pub to: String,
    /// When.
    pub at: String,
    /// The receiver's reference for it.
    pub reference: String,
    /// How many entries the history had of which it told.
    pub version: u32,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonForm {
    /// Its number: what a `followed-up` names.
    pub number: u32,
    /// What.
    pub text: String,
    /// On which day somebody looks at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up_on: Option<String>,
    /// What came of it; absent: nobody has looked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

impl From<&Submission> for SubmissionForm {
    fn from(sent: &Submission) -> Self {
        Self {
            law: sent.law.as_str().to_owned(),
            duty: sent.duty.as_str().to_owned(),
            to: sent.to.clone(),
            at: sent.at.to_string(),
            reference: sent.reference.clone(),
            version: sent.version,
        }
    }
}

impl From<&Incident> for CourseForm {
    fn from(incident: &Incident) -> Self {
        let decision = incident.decision().and_then(|(at, decision)| {
            // As an act is written, so that the names stand in one place.
            match ActForm::from(&Act::Decided(decision.clone())) {
                ActForm::Decided { authority, people, exemption, reason } => {
                    Some(DecisionForm { at: at.to_string(), authority, people, exemption, reason })
                }
                _ => None,
            }
        });
        let outcome = |number: u32| {
            incident.history.iter().rev().find_map(|entry| match &entry.act {
                Act::FollowedUp(lesson, text) if *lesson == number => Some(text.clone()),
                _ => None,
            })
        };
        let lessons = incident.lessons().map(|(number, text, day, _)| LessonForm {
            number,
            text: text.to_owned(),
            follow_up_on: day.as_ref().map(ToString::to_string),
            outcome: outcome(number),
        });
        Self {
            severity_reason: incident.assessment().map(|(_, assessment)| assessment.reason.clone()),
            decision,
            submissions: incident.submissions().map(SubmissionForm::from).collect(),
            all_told_at: incident.all_told_at().as_ref().map(ToString::to_string),
            lessons: lessons.collect(),
        }
    }
}
