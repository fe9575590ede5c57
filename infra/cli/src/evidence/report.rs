//! What a verification comes to, for people and for programs.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use wire::evidence::{
    certificate::Certified,
    notice::CertifiedNotice,
    verify::{Fault, Summary},
};

/// How many open batches are named; all are counted.
const OPEN_SHOWN_MAX: usize = 10;

/// Whether evidence holds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// It holds.
    Sound(Box<Summary>),
    /// A certificate holds.
    Certified(Box<Certified>),
    /// The certificate of a notice holds.
    Told(Box<CertifiedNotice>),
    /// It breaks here first.
    Broken(Fault),
}

impl Verdict {
    /// Whether it holds.
    pub const fn is_sound(&self) -> bool {
        !matches!(self, Self::Broken(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(fault) => writeln!(f, "broken: {fault}"),
            Self::Sound(summary) => write_summary(f, summary),
            Self::Certified(certified) => write_certified(f, certified),
            Self::Told(notice) => write_told(f, notice),
        }
    }
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    let parts: Vec<_> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn write_summary(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let Summary { controller, links, leaves, chains, deleted, .. } = summary;
    if summary.is_trusted {
        writeln!(f, "sound: the evidence of {controller} is what the trusted key signed")?;
    } else {
        writeln!(
            f,
            "consistent in itself: the files of {controller} agree with each other, and nothing more is shown"
        )?;
    }
    if let Some(number) = summary.begins_at {
        writeln!(f, "  begins at   checkpoint {number}; what it covers may be left out")?;
    }
    writeln!(f, "  links       {links} in {chains} chains, with {leaves} leaves")?;
    if let (Some(first), Some(last)) = (&summary.first_at, &summary.last_at) {
        writeln!(f, "  time        {first} to {last}, by its own word")?;
    }
    writeln!(f, "  intended    {}", counts(&summary.intended))?;
    writeln!(f, "  results     {}", counts(&summary.results))?;
    writeln!(f, "  deleted     {deleted} records, each counted once")?;
    writeln!(f, "  events      {}", counts(&summary.events))?;
    writeln!(f, "  keys gone   {}", counts(&summary.keys))?;
    if summary.results_of_before > 0 {
        writeln!(f, "  before      {} results of intents that lie before the folder", summary.results_of_before)?;
    }
    writeln!(f, "  open        {} batches without a result", summary.open.len())?;
    for open in summary.open.iter().take(OPEN_SHOWN_MAX) {
        writeln!(f, "              {} of {}: {} records", open.file, open.at, open.leaves)?;
    }
    match &summary.last_checkpoint {
        Some(last) => {
            let (number, at) = (last.number, &last.at);
            writeln!(f, "  checkpoints {}, the last is {number} of {at}", summary.checkpoints)?;
        }
        None => writeln!(f, "  checkpoints none")?,
    }
    writeln!(f, "  behind it   {} links, hash-linked and not signed yet", summary.links_unsigned)
}

fn write_certified(f: &mut fmt::Formatter<'_>, certified: &Certified) -> fmt::Result {
    let Certified { controller, records, .. } = certified;
    if certified.is_trusted {
        writeln!(f, "sound: {records} records are in evidence of {controller} that the trusted key signed")?;
    } else {
        writeln!(f, "consistent in itself: {records} records of {controller}, and nothing more is shown")?;
    }
    for item in &certified.items {
        let signed = match item.checkpoint {
            Some(number) => format!("checkpoint {number}"),
            None => "no checkpoint yet".to_owned(),
        };
        let (what, purpose, clause) = (&item.category, &item.purpose, &item.clause);
        writeln!(f, "  {what} for {purpose} ({clause}) in {}: {} at {}", item.system, item.result, item.at)?;
        writeln!(f, "    evidence {}, commitment {}, {signed}", item.evidence, item.commitment)?;
    }
    Ok(())
}

fn write_told(f: &mut fmt::Formatter<'_>, told: &CertifiedNotice) -> fmt::Result {
    let CertifiedNotice { controller, breach, subject, at, evidence, commitment, .. } = told;
    if told.is_trusted {
        writeln!(f, "sound: the notice is in evidence of {controller} that the trusted key signed")?;
    } else {
        writeln!(f, "consistent in itself: one notice of {controller}, and nothing more is shown")?;
    }
    let how = match told.state.as_str() {
        "sent" => "told by mail: the mail service took it",
        "sent-by-channel" => "told by a system of the controller's, which took the notice",
        "not-reached" => "not reached by mail, so told in public",
        _ => "told in public: no address is known",
    };
    let signed = match told.checkpoint {
        Some(number) => format!("checkpoint {number}"),
        None => "no checkpoint yet: not signed".to_owned(),
    };
    writeln!(f, "  {subject} of breach {breach}: {how}, at {at}")?;
    writeln!(f, "    evidence {evidence}, commitment {commitment}, {signed}")
}
