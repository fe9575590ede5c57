//! Who speaks for somebody else, and for which requests.

use std::{collections::BTreeSet, fmt};

use super::{RequestType, offers_post_mortem};
use crate::{ids::Ground, policy::Policy};

/// As what somebody makes a request for another person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActingAs {
    /// Whom the person has authorised (11 CCR 7063).
    Agent,
    /// A parent or guardian of a child.
    Guardian,
    /// An heir of somebody who has died (Loi Informatique et Libertés art. 85).
    Successor,
}

impl ActingAs {
    /// Everyone who may speak for another.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Guardian, Self::Successor];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Guardian => "guardian",
            Self::Successor => "successor",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acting| acting.as_str() == text)
    }
}

impl fmt::Display for ActingAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// That a request is made for another person, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// As what.
    pub role: ActingAs,
    /// The proof that they say they have: `signed-permission`. The office may ask to see it.
    pub proof: Option<Ground>,
}

/// Why somebody may not make this request for another. The same to everybody: it depends on the
/// policy and the form alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActingRefused {
    /// The policy takes no requests from them.
    NotAccepted(ActingAs),
    /// The policy asks an agent for one of these proofs.
    ProofNeeded(BTreeSet<Ground>),
    /// They may make other requests for this person, and not this one.
    NotForThis(ActingAs, RequestType),
}

impl fmt::Display for ActingRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepted(acting) => {
                write!(f, "this controller's policy takes no requests from a person's {acting}")
            }
            Self::ProofNeeded(proofs) => {
                let proofs = proofs.iter().map(Ground::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "this controller asks an agent for one of these proofs: {proofs}")
            }
            Self::NotForThis(acting, request) => {
                write!(f, "a {acting} cannot make a request of type {request} this way")
            }
        }
    }
}

impl std::error::Error for ActingRefused {}

/// Checks whether somebody may make this request for another person.
///
/// # Errors
/// The rule that it breaks.
pub fn check_acting(policy: &Policy, request: RequestType, acting: &Acting) -> Result<(), ActingRefused> {
    match acting.role {
        // What shall become of one's data after death nobody decides for another.
        ActingAs::Agent if request == RequestType::PostMortem => Err(ActingRefused::NotForThis(acting.role, request)),
        ActingAs::Agent => {
            let rule = policy.agents.as_ref().ok_or(ActingRefused::NotAccepted(acting.role))?;
            match &acting.proof {
                Some(proof) if rule.proofs.contains(proof) => Ok(()),
                _ => Err(ActingRefused::ProofNeeded(rule.proofs.clone())),
            }
        }
        // Whether somebody is the parent is not verified here, so nothing is handed out or changed:
        // what ends or stops the processing of a child's data is done (GDPR Art. 17(1)(f)).
        ActingAs::Guardian if request.hands_out_or_changes() => Err(ActingRefused::NotForThis(acting.role, request)),
        ActingAs::Guardian => Ok(()),
        ActingAs::Successor if offers_post_mortem(policy) => Ok(()),
        ActingAs::Successor => Err(ActingRefused::NotAccepted(acting.role)),
    }
}
