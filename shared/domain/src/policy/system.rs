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

/// Whose tokens show that somebody holds an account (OpenID Connect Core 1.0 § 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRule {
    /// The issuer, exactly as in the claim `iss`.
    pub issuer: String,
    /// What the claim `aud` must hold.
    pub audience: String,
}
