//! Retention rules as people read them.

use jiff::SpanFieldwise;

use super::{Action, Period, RetentionRule};
use crate::ids::EventName;

impl RetentionRule {
    /// How long it is kept, as a sentence without its subject: "for 100 days", "until contract.ended and
    /// 30 days, at most 10 years".
    pub fn in_words(&self) -> String {
        let switch = self.switch.as_ref().map(|switch| format!("; from {} on {}", switch.on, switch.then.in_words()));
        let action = match self.action {
            Action::Delete => "",
            Action::Anonymise => ", then without a person in it",
            Action::Aggregate => ", then only as part of totals",
            Action::Archive => ", then in an archive that the law asks for",
        };
        let exempt = self.exemption.as_ref().map(|exemption| format!("; not erased before: {}", exemption.reason));
        format!("{}{}{action}{}", self.period.in_words(), switch.unwrap_or_default(), exempt.unwrap_or_default())
    }
}

impl Period {
    fn in_words(&self) -> String {
        let at_most = |max: &Option<SpanFieldwise>| {
            max.as_ref().map(|max| format!(", at most {}", span_in_words(max))).unwrap_or_default()
        };
        match self {
            Self::Fixed { duration } => format!("for {}", span_in_words(duration)),
            Self::Sliding { duration, renew_on, max } => {
                format!("for {} after the last {}{}", span_in_words(duration), either(renew_on), at_most(max))
            }
            Self::UntilEvent { events, grace, max } => {
                let grace = if grace.0.is_zero() { String::new() } else { format!(" and {}", span_in_words(grace)) };
                format!("until {}{grace}{}", either(events), at_most(max))
            }
            Self::Indefinite => "until its erasure is asked for".to_owned(),
        }
    }
}

fn either(events: &[EventName]) -> String {
    events.iter().map(EventName::as_str).collect::<Vec<_>>().join(" or ")
}

/// A duration in words: "1 year 6 months".
pub fn span_in_words(span: &SpanFieldwise) -> String {
    let span = span.0;
    let parts = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
        (span.get_seconds(), "second"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count != 0);
    let words: Vec<_> =
        parts.map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" })).collect();
    if words.is_empty() { "no time".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use jiff::{Span, ToSpan};

    use super::*;

    fn event(name: &str) -> EventName {
        EventName::parse(name).unwrap()
    }

    fn fieldwise(span: Span) -> SpanFieldwise {
        span.fieldwise()
    }

    #[test]
    fn every_period_reads_as_a_sentence() {
        for (period, words) in [
            (Period::Fixed { duration: fieldwise(100.days()) }, "for 100 days"),
            (
                Period::Sliding {
                    duration: fieldwise(30.minutes()),
                    renew_on: vec![event("chat.visit"), event("chat.message")],
                    max: Some(fieldwise(1.year().months(6))),
                },
                "for 30 minutes after the last chat.visit or chat.message, at most 1 year 6 months",
            ),
            (
                Period::UntilEvent {
                    events: vec![event("contract.ended")],
                    grace: fieldwise(1.month()),
                    max: Some(fieldwise(10.years())),
                },
                "until contract.ended and 1 month, at most 10 years",
            ),
            (
                Period::UntilEvent {
                    events: vec![event("consent.withdrawn")],
                    grace: fieldwise(Span::new()),
                    max: None,
                },
                "until consent.withdrawn",
            ),
            (Period::Indefinite, "until its erasure is asked for"),
        ] {
            assert_eq!(period.in_words(), words);
        }
        assert_eq!(span_in_words(&fieldwise(Span::new())), "no time");
    }
}
