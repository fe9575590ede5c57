//! A clause with what makes it true, and what shows that it is.

use std::{collections::BTreeMap, fmt::Write as _};

use ::policy::{Tie, TieKind};
use domain::words;
use habeas_cli::scenarios;
use serde::Serialize;

/// Where a clause stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Status {
    /// A rule makes it true, and a scenario shows the functions to obey it.
    #[serde(rename = "enforced")]
    Enforced,
    /// People vouch for it.
    #[serde(rename = "attested")]
    Attested,
    /// The text has no effect.
    #[serde(rename = "no effect")]
    NoEffect,
    /// A rule makes it true, and nothing shows it.
    #[serde(rename = "untested")]
    Untested,
    /// No table of the policy file cites it.
    #[serde(rename = "untied")]
    Untied,
}

impl Status {
    pub(super) const ALL: [Self; 5] = [Self::Enforced, Self::Attested, Self::NoEffect, Self::Untested, Self::Untied];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Attested => "attested",
            Self::NoEffect => "no effect",
            Self::Untested => "untested",
            Self::Untied => "untied",
        }
    }

    pub(super) const fn is_well(self) -> bool {
        matches!(self, Self::Enforced | Self::Attested | Self::NoEffect)
    }
}

/// One clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    /// Its id.
    pub(super) id: String,
    /// Whose text it is of.
    pub(super) controller: String,
    /// Where it stands.
    pub(super) status: Status,
    /// What makes it true: `retention chat-ip for chat.messaging`.
    pub(super) rule: Option<String>,
    /// The command that shows it.
    pub(super) test: Option<String>,
    /// The evidence that an attestation asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<String>,
    /// How long an attestation lasts (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) renew_every: Option<String>,
    /// Why the text has no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// The renewal in words, for tables.
    #[serde(skip)]
    renewed: Option<String>,
}

/// The clauses that scenarios show, with the commands that show them.
pub(super) type Tests = BTreeMap<String, String>;

pub(super) fn tests() -> Tests {
    scenarios::tests().map(|(clause, test)| (clause.to_owned(), test)).collect()
}

impl Entry {
    /// Joins the ties of one clause with its test.
    pub(super) fn of(id: &str, controller: &str, ties: &[&Tie], tests: &Tests) -> Self {
        let mut rules: Vec<&str> = Vec::new();
        for tie in ties {
            if !rules.contains(&tie.rule.as_str()) {
                rules.push(&tie.rule);
            }
        }
        let is_ruled = ties.iter().any(|tie| tie.kind == TieKind::Rule);
        let attested = ties.iter().find_map(|tie| match &tie.kind {
            TieKind::Attested { evidence, renew_every } => Some((evidence, renew_every)),
            TieKind::Rule | TieKind::NoEffect { .. } => None,
        });
        let reason = ties.iter().find_map(|tie| match &tie.kind {
            TieKind::NoEffect { reason } => Some(reason.clone()),
            TieKind::Rule | TieKind::Attested { .. } => None,
        });
        let test = tests.get(id).filter(|_| is_ruled).cloned();
        let status = match (is_ruled, &test, attested, &reason) {
            (true, Some(_), _, _) => Status::Enforced,
            (_, _, Some(_), _) => Status::Attested,
            (true, None, None, _) => Status::Untested,
            (false, _, None, Some(_)) => Status::NoEffect,
            (false, _, None, None) => Status::Untied,
        };
        Self {
            id: id.to_owned(),
            controller: controller.to_owned(),
            status,
            rule: (!rules.is_empty()).then(|| rules.join("; ")),
            test,
            evidence: attested.map(|(evidence, _)| evidence.clone()),
            renew_every: attested.map(|(_, renew_every)| renew_every.0.to_string()),
            reason,
            renewed: attested.map(|(_, renew_every)| words::every(renew_every)),
        }
    }

    /// What makes it true, for a table.
    pub(super) fn made_true_by(&self) -> String {
        let mut text = self.rule.clone().unwrap_or_else(|| "nothing".to_owned());
        if let Some(reason) = &self.reason {
            text = reason.clone();
        }
        if let (Some(evidence), Some(renewed)) = (&self.evidence, &self.renewed) {
            let _ = write!(text, ": {} Renewed {renewed}.", ended(evidence));
        }
        text
    }
}

fn ended(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}
