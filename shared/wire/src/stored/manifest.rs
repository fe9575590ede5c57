//! Manifests: the evidence of a batch of deletions, as written under Object Lock. Times are RFC 3339.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An intent, or with a result for each record a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form's version.
    pub v: u8,
    /// Which batch.
    pub batch: String,
    /// Whose records.
    pub controller: String,
    /// Why.
    pub reason: String,
    /// At what time they were due or asked for.
    pub at: String,
    /// How many came to which result; empty in an intent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<String, usize>,
    /// The records; a record's evidence is `batch/position`, counted from 0.
    pub records: Vec<Leaf>,
}

/// One record of a batch: what it was, not whom it was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The salted commitment, in hexadecimal.
    pub leaf: String,
    /// What it was.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// The clause whose time was up.
    pub clause: String,
    /// Where it was.
    pub system: String,
    /// When its time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// What became of it; absent in an intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}
