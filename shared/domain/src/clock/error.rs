//! Why a date cannot be computed.

use std::fmt;

use jiff::civil::Date;

use super::{Anchor, Duty, Law};

/// A time at the far end of the calendar, which no real event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfCalendar;

impl fmt::Display for OutOfCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline lies past the end of the calendar")
    }
}

impl std::error::Error for OutOfCalendar {}

/// Why there is no date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockError {
    /// The date lies past the calendar's end.
    OutOfCalendar,
    /// It turns on the holidays of a year that is not covered.
    NoHolidays {
        /// Whose holidays.
        calendar: String,
        /// The first year that is covered.
        first: i16,
        /// The last one.
        last: i16,
        /// The day in question.
        day: Date,
    },
    /// The law has no such duty.
    NoRule {
        /// The law.
        law: Law,
        /// The duty.
        duty: Duty,
    },
    /// The law names no number.
    NoDate {
        /// The law.
        law: Law,
        /// The duty.
        duty: Duty,
        /// What it says.
        words: &'static str,
        /// Where.
        article: &'static str,
    },
    /// The time from which it counts is not given.
    NoAnchor {
        /// The law.
        law: Law,
        /// The duty.
        duty: Duty,
        /// What is missing.
        anchor: Anchor,
    },
    /// The law knows no extension of this.
    NoExtension {
        /// The law.
        law: Law,
        /// Of what.
        duty: Duty,
    },
    /// The person was told of the extension when the first time was up.
    ExtensionTooLate {
        /// The law.
        law: Law,
        /// The last day on which they could have been told.
        first: Date,
        /// The day on which they were.
        told: Date,
        /// Where it says so.
        article: &'static str,
    },
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfCalendar => OutOfCalendar.fmt(f),
            Self::NoHolidays { calendar, first, last, day } => {
                write!(f, "the holidays of {calendar} are known from {first} to {last}, and {day} lies outside")
            }
            Self::NoRule { law, duty } => write!(f, "{law} sets no time to {duty}"),
            Self::NoDate { law, duty, words, article } => {
                write!(f, "{law} names no date to {duty}: {words} ({article})")
            }
            Self::NoAnchor { law, duty, anchor } => {
                write!(f, "the time to {duty} under {law} counts from {anchor}: give \"{}\"", anchor.as_str())
            }
            Self::NoExtension { law, duty } => write!(f, "{law} knows no extension of the time to {duty}"),
            Self::ExtensionTooLate { law, first, told, article } => write!(
                f,
                "an extension under {law} counts only if the person is told by {first}, and they were told on {told} \
                    ({article})"
            ),
        }
    }
}

impl std::error::Error for ClockError {}

impl From<OutOfCalendar> for ClockError {
    fn from(OutOfCalendar: OutOfCalendar) -> Self {
        Self::OutOfCalendar
    }
}
