//! The controller's own systems that hold personal data, and its accounts.

use std::collections::BTreeSet;

use super::Clause;
use crate::{
    dsar::RequestType,
    ids::{Category, SystemId},
};

/// How a system is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemKind {
    /// By a signed `POST` to this address; the outcome comes back by a signed callback.
    Webhook {
        /// An `https` address on a public host.
        url: String,
    },
    /// By a message in this queue of the controller's; the outcome comes back through the queue of
    /// outcomes.
    Queue {
        /// The queue's URL.
        url: String,
    },
}

impl SystemKind {
    /// The name in the compiled form and for people.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Queue { .. } => "queue",
        }
    }

    /// Where it is asked.
    pub fn url(&self) -> &str {
        match self {
            Self::Webhook { url } | Self::Queue { url } => url,
        }
    }
}

/// A system that holds personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemRule {
    /// Its name.
    pub id: SystemId,
    /// What people read.
    pub title: String,
    /// How it is asked.
    pub kind: SystemKind,
    /// The categories that it holds; empty: any.
    pub categories: BTreeSet<Category>,
    /// The types of request that it is asked about: access and its like, erasure, rectification.
    pub requests: BTreeSet<RequestType>,
    /// Where the policy speaks of it, or why it is here.
    pub clause: Clause,
}

impl SystemRule {
    /// The types of request that can go out as tasks: those that are answered out of what is stored, or
    /// that change it.
    pub const REQUESTS: [RequestType; 6] = [
        RequestType::Access,
        RequestType::Portability,
        RequestType::KnowPieces,
        RequestType::KnowCategories,
        RequestType::Erasure,
        RequestType::Rectification,
    ];
}

/// Whose tokens show that somebody holds an account (OpenID Connect Core 1.0 § 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRule {
    /// The issuer, exactly as in the claim `iss`.
    pub issuer: String,
    /// What the claim `aud` must hold.
    pub audience: String,
}
