//! What may be set or read on a person's device (ePrivacy Directive Art. 5(3), PECR reg. 6).

use std::collections::BTreeSet;

use jiff::SpanFieldwise;

use super::Clause;
use crate::ids::{Ground, Purpose, Recipient, TrackerId};

/// What a tracker needs before it may be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackerNeed {
    /// Nothing: the service that the person asked for does not work without it.
    Nothing {
        /// Why it is exempt.
        reason: String,
    },
    /// Consents to all of these purposes.
    Consent(BTreeSet<Purpose>),
}

/// A cookie, beacon, script or fingerprint.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerRule {
    /// Which.
    pub id: TrackerId,
    /// What people read about it.
    pub title: String,
    /// Whose it is, where not the controller's own.
    pub party: Option<Recipient>,
    /// What it needs.
    pub need: TrackerNeed,
    /// How it works: `cookie`, `web-beacon`, `fingerprint`.
    pub techniques: Vec<Ground>,
    /// Whether it amounts to a sale or to sharing, so that a GPC signal stops it (11 CCR 7025).
    pub shares: bool,
    /// How long it may live; `None`: until the browser is closed.
    pub lifetime: Option<SpanFieldwise>,
    /// Where it is promised.
    pub clause: Clause,
}

/// The browser signals that a controller answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// Whether `Sec-GPC: 1` stops sales and sharing. True where the law binds, whatever the text says.
    pub honours_gpc: bool,
    /// Whether `DNT: 1` stops tracking. No law asks for it.
    pub honours_dnt: bool,
    /// Where the policy says so; `None`: it is silent.
    pub clause: Option<Clause>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { honours_gpc: true, honours_dnt: false, clause: None }
    }
}
