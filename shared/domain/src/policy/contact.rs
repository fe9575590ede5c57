//! How a controller is reached, by whom it is supervised, and what it is where.

use std::collections::BTreeSet;

use super::Clause;
use crate::{dsar::RequestType, ids::Ground};

/// The ways to reach a controller besides its first mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Office {
    /// Other addresses that its text names: what arrives there is a request all the same.
    pub other_mails: Vec<String>,
    /// Its postal address.
    pub post: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Its data protection officer's address (GDPR Art. 37(7)).
    pub data_protection_officer: Option<String>,
    /// Its representative in the Union (GDPR Art. 27).
    pub representative: Option<String>,
    /// Where people may complain (GDPR Art. 77); every refusal says so (Art. 12(4)).
    pub authority: Option<Authority>,
    /// The types of request that a person looks at before they are carried out.
    pub review: BTreeSet<RequestType>,
    /// The types of request on which two people of the office must agree.
    pub four_eyes: BTreeSet<RequestType>,
    /// At which shares of the time for an answer the office is reminded, in percent, ascending; none: at
    /// 50, 80 and 95.
    pub reminders: Vec<u8>,
    /// Who is written to as well when a deadline is near or missed.
    pub escalation: Vec<String>,
}

impl Office {
    /// The shares of the time for an answer at which an office is reminded that names none, in percent.
    pub const REMINDERS_PERCENT: [u8; 3] = [50, 80, 95];

    /// Whether a person looks at requests of this type before they are carried out.
    pub fn reviews(&self, request: RequestType) -> bool {
        self.review.contains(&request) || self.four_eyes.contains(&request)
    }

    /// The shares of the time for an answer at which it is reminded, in percent, ascending.
    pub fn reminders_in_force(&self) -> &[u8] {
        if self.reminders.is_empty() { &Self::REMINDERS_PERCENT } else { &self.reminders }
    }
}

/// A supervisory authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its name.
    pub name: String,
    /// Its site.
    pub url: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Its postal address.
    pub post: Option<String>,
    /// Where the policy names it.
    pub clause: Clause,
}

/// What a company is towards a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceRole {
    /// It decides on purposes and means (GDPR Art. 4(7)).
    Controller,
    /// It decides with others (GDPR Art. 26).
    JointController,
    /// It acts for a controller (GDPR Art. 4(8)): requests are passed on to that controller.
    Processor,
}

impl ServiceRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Controller, Self::JointController, Self::Processor];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::JointController => "joint-controller",
            Self::Processor => "processor",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// What the company is for one of its services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The service, as a request may name it: `zta`.
    pub service: Ground,
    /// The role.
    pub role: ServiceRole,
    /// Who else: the joint controllers, or the controller it acts for.
    pub parties: Vec<String>,
    /// Where the policy says so.
    pub clause: Clause,
}
