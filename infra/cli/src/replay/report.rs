//! What a replay did: how fast, what was refused, and what is kept until when.

use std::{collections::BTreeMap, fmt};

use jiff::SignedDuration;

use crate::table::aligned;

/// Most malformed lines that are named one by one.
const NAMED_LINES_MAX: usize = 20;

/// What is kept of one category until one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The category.
    pub category: String,
    /// The day of expiry, in UTC.
    pub until: String,
    /// How many more than before the replay.
    pub new: usize,
    /// How many in all.
    pub all: usize,
}

/// A replay's result. It holds numbers, and nothing of what was replayed.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Whose records.
    pub controller: String,
    /// What was replayed.
    pub source: String,
    /// Events that were sent.
    pub events: usize,
    /// Messages that they were packed in.
    pub messages: usize,
    /// How long sending took.
    pub sending: SignedDuration,
    /// How long it took until the last was stored, sending included.
    pub storing: SignedDuration,
    /// Lines that are not of the format, by number, with the rule they break.
    pub malformed: Vec<(usize, &'static str)>,
    /// Events that were put aside, by reason.
    pub refused: BTreeMap<String, usize>,
    /// Answers to the forms that were posted.
    pub forms: BTreeMap<String, usize>,
    /// How long posting took.
    pub posting: SignedDuration,
    /// What is kept until when.
    pub kept: Vec<Kept>,
}

impl Report {
    /// How many records are new in the store.
    pub fn new_records(&self) -> usize {
        self.kept.iter().map(|kept| kept.new).sum()
    }

    /// Whether everything that was sent was taken.
    pub fn is_complete(&self) -> bool {
        self.refused.is_empty() && self.forms.keys().all(|status| status.len() == 3)
    }
}

fn rate(count: usize, time: SignedDuration) -> String {
    let seconds = time.as_secs_f64();
    if seconds > 0.0 { format!("{:.0} a second", count as f64 / seconds) } else { "at once".to_owned() }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "replayed for {}: {}", self.controller, self.source)?;
        let (sending, storing) = (self.sending.as_secs_f64(), self.storing.as_secs_f64());
        writeln!(
            f,
            "sent     {} events in {} messages, {sending:.1} s ({})",
            self.events,
            self.messages,
            rate(self.events, self.sending)
        )?;
        writeln!(f, "stored   all done after {storing:.1} s ({})", rate(self.events, self.storing))?;
        let new = self.new_records();
        writeln!(f, "kept     {new} new; {} were kept already or had no time left", self.events.saturating_sub(new))?;
        for (status, count) in &self.forms {
            writeln!(f, "forms    {count} answered {status} ({})", rate(*count, self.posting))?;
        }
        for (reason, count) in &self.refused {
            writeln!(f, "refused  {count} events: {reason}")?;
        }
        if !self.malformed.is_empty() {
            writeln!(f, "skipped  {} lines that are not of this format", self.malformed.len())?;
            for (line, flaw) in self.malformed.iter().take(NAMED_LINES_MAX) {
                writeln!(f, "         line {line}: {flaw}")?;
            }
        }
        let mut lines = vec![["category", "kept until", "new", "in all"].map(str::to_owned)];
        lines.extend(
            self.kept
                .iter()
                .filter(|kept| kept.new > 0)
                .map(|kept| [kept.category.clone(), kept.until.clone(), kept.new.to_string(), kept.all.to_string()]),
        );
        if lines.len() > 1 {
            write!(f, "\n{}", aligned(&lines))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_lines_by_number() {
        let report = Report { malformed: vec![(7, "the time is none")], events: 3, ..Report::default() };
        let text = report.to_string();
        assert!(text.contains("line 7: the time is none"), "{text}");
        assert!(report.is_complete(), "a skipped line was never sent");
    }

    #[test]
    fn a_refusal_makes_a_replay_incomplete() {
        let refused = Report { refused: BTreeMap::from([("no rule".to_owned(), 1)]), ..Report::default() };
        assert!(!refused.is_complete());
        let forms = Report { forms: BTreeMap::from([("422 notice-unknown".to_owned(), 1)]), ..Report::default() };
        assert!(!forms.is_complete());
    }
}
