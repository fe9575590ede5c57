//! What everybody is told who makes a request.

use domain::{
    dsar::{Complaint, Demand, Received, Source},
    ids::RequestId,
    policy::{Clause, Policy, Refusal, VerificationRule},
};
use serde::{Deserialize, Serialize};

use super::{ComplaintForm, RefusalForm, path};

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
    /// What comes next: `none`, `mail`, `points` or `account`.
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

fn verification(received: &Received) -> &'static str {
    match received.verification {
        VerificationRule::None => "none",
        VerificationRule::Mail => "mail",
        VerificationRule::Points(_) => "points",
        VerificationRule::Account => "account",
    }
}
