//! What S3 may delete by itself, by a rule of the bucket: files of a fixed period whose rule says `lifecycle = true`.
//!
//! S3 counts whole days from an object's making, rounds up to the next midnight in UTC and then takes its time. So a
//! rule begins early enough to be done by the end that is promised, and the sweep stays: what S3 has not deleted by
//! then, the sweep does. S3 asks for no hold. It deletes only what carries a tag, and a hold takes that away for good:
//! a release gives it back to the sweep alone.

use std::{collections::BTreeSet, fmt};

use jiff::{
    ToSpan,
    civil::{Date, date},
};

use crate::{
    ids::{Category, ControllerId, Purpose},
    policy::{Action, Period, Policy, Replica, RetentionRule},
};

/// The tag of an object that S3 may delete.
pub const TAG_KEY: &str = "habeas-expiry";

/// Its value.
pub const TAG_VALUE: &str = "free";

/// By how much of its period, in per cent, a file may go early unless somebody says otherwise.
pub const EARLY_PERCENT_MAX: u32 = 5;

/// How many days before the end a rule's own day comes: S3 rounds up to midnight (1), keeps a version for a day and to
/// the next midnight after it stopped being the newest (2), and a day of the law's zone can be shorter than its own (1).
pub const MARGIN_DAYS: u32 = 4;

/// A rule of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// So many days after an object was made it ends, to the next midnight.
    pub days: u32,
    /// So many days before the promised end that may be.
    pub early_days_max: u32,
}

/// Why the bucket gets no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoExpiry {
    /// The policy does not ask for one.
    NotAsked,
    /// Events move the end.
    ByEvents,
    /// Nothing ends it.
    Endless,
    /// A law has it kept, and S3 would be early.
    KeptByLaw,
    /// More is to be done than to delete.
    NotDeleted,
    /// The period is too short for S3's days.
    TooShort,
    /// It would go too early.
    TooEarly {
        /// By so many days at most.
        days: u32,
        /// In per cent of the period.
        percent: u32,
    },
}

impl fmt::Display for NoExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("the policy does not say lifecycle = true"),
            Self::ByEvents => f.write_str("events move its end, and S3 hears of none"),
            Self::Endless => f.write_str("nothing ends it but an erasure"),
            Self::KeptByLaw => f.write_str("a law has it kept so long, and S3 would delete it early"),
            Self::NotDeleted => f.write_str("its action is not deletion alone"),
            Self::TooShort => write!(f, "it is too short for the {MARGIN_DAYS} days that S3 needs"),
            Self::TooEarly { days, percent } => {
                write!(f, "S3 would delete it up to {days} days early, {percent} % of its time")
            }
        }
    }
}

impl std::error::Error for NoExpiry {}

/// The rule of the bucket for a rule of the policy.
///
/// # Errors
/// [`NoExpiry`]: the sweep alone deletes it.
pub fn expiry(rule: &RetentionRule, early_percent_max: u32) -> Result<Expiry, NoExpiry> {
    let duration = match &rule.period {
        Period::Indefinite => return Err(NoExpiry::Endless),
        Period::Sliding { .. } | Period::UntilEvent { .. } => return Err(NoExpiry::ByEvents),
        Period::Fixed { .. } if rule.switch.is_some() => return Err(NoExpiry::ByEvents),
        Period::Fixed { duration } => duration.0,
    };
    if rule.exemption.is_some() {
        return Err(NoExpiry::KeptByLaw);
    }
    if rule.action != Action::Delete {
        return Err(NoExpiry::NotDeleted);
    }
    if !rule.lifecycle {
        return Err(NoExpiry::NotAsked);
    }
    let months = i32::from(duration.get_years()) * 12 + duration.get_months();
    let seconds = i64::from(duration.get_hours()) * 3_600 + duration.get_minutes() * 60 + duration.get_seconds();
    let days = i64::from(duration.get_weeks()) * 7 + i64::from(duration.get_days()) + seconds / 86_400;
    let days = u32::try_from(days).map_err(|_| NoExpiry::TooShort)?;
    let (shortest, longest) = month_lengths(months);
    let (shortest, longest) = (shortest + days, longest + days + u32::from(seconds % 86_400 != 0));
    let days = shortest.checked_sub(MARGIN_DAYS).filter(|days| *days > 0).ok_or(NoExpiry::TooShort)?;
    let early_days_max = longest - days;
    let percent = (early_days_max * 100).div_ceil(shortest);
    if percent > early_percent_max {
        return Err(NoExpiry::TooEarly { days: early_days_max, percent });
    }
    Ok(Expiry { days, early_days_max })
}

/// How many days so many months can have, at least and at most: P1M from the last of January goes to the last of
/// February. The calendar repeats itself after 400 years.
fn month_lengths(months: i32) -> (u32, u32) {
    if months == 0 {
        return (0, 0);
    }
    let first: Date = date(2000, 1, 1);
    let length = |from: i32| {
        let from = first.saturating_add(from.months());
        let days = from.saturating_add(months.months()).since(from).map(|span| span.get_days()).unwrap_or_default();
        u32::try_from(days).unwrap_or_default()
    };
    // From a month's last day to a month's last day at the earliest, and that is a run of whole months.
    (0..4_800).map(length).fold((u32::MAX, 0), |(least, most), days| (least.min(days), most.max(days)))
}

/// What the names of the objects begin with that a rule of the bucket reaches.
pub fn prefix(controller: &ControllerId, category: &Category, purpose: &Purpose) -> String {
    format!("{controller}/{category}/{purpose}/")
}

/// What a policy says about a controller's files in S3, for whoever deletes or holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileRules {
    /// The buckets that copies lie in.
    pub replicas: Vec<Replica>,
    /// Of which files S3 may delete some by itself, by category and purpose.
    pub free: BTreeSet<(Category, Purpose)>,
}

impl FileRules {
    /// Takes them from a policy.
    pub fn of(policy: &Policy) -> Self {
        Self { replicas: policy.replicas.values().cloned().collect(), free: kinds(policy) }
    }
}

/// Of which files S3 may delete some.
fn kinds(policy: &Policy) -> BTreeSet<(Category, Purpose)> {
    let free = policy.retention.values().filter(|rule| rule.lifecycle);
    free.map(|rule| (rule.category.clone(), rule.purpose.clone())).collect()
}

/// Whether an object of this name lies where the bucket's rule for something else would delete it.
pub fn is_misplaced(policy: &Policy, category: &Category, purpose: &Purpose, object: &str) -> bool {
    let others = kinds(policy).into_iter().filter(|(kept, for_what)| (kept, for_what) != (category, purpose));
    others.into_iter().any(|(kept, for_what)| object.starts_with(&prefix(&policy.controller, &kept, &for_what)))
}

#[cfg(test)]
mod tests {
    use jiff::{Span, SpanFieldwise, Timestamp, tz::TimeZone};

    use super::*;
    use crate::{
        ids::{BucketName, EventName},
        policy::{Clause, ErasureExemption, Notice, Switch},
        retention,
    };

    fn rule(duration: Span) -> RetentionRule {
        RetentionRule {
            category: Category::parse("scan").unwrap(),
            purpose: Purpose::parse("support").unwrap(),
            period: Period::Fixed { duration: SpanFieldwise(duration) },
            switch: None,
            action: Action::Delete,
            exemption: None,
            lifecycle: true,
            clause: Clause::new("acme.1"),
        }
    }

    #[test]
    fn a_month_counts_as_its_shortest_and_four_days_go_off() {
        assert_eq!(month_lengths(1), (28, 31));
        assert_eq!(month_lengths(12), (365, 366));
        // 2096 is a leap year and 2100 is none: eight years can have a single leap day.
        assert_eq!(month_lengths(96), (2_921, 2_922));
        assert_eq!(expiry(&rule(100.days()), 5), Ok(Expiry { days: 96, early_days_max: 4 }));
        assert_eq!(expiry(&rule(1.year()), 5), Ok(Expiry { days: 361, early_days_max: 5 }));
        assert_eq!(expiry(&rule(2_400.hours()), 5), Ok(Expiry { days: 96, early_days_max: 4 }));
        assert_eq!(expiry(&rule(2_401.hours()), 5), Ok(Expiry { days: 96, early_days_max: 5 }));
        assert_eq!(expiry(&rule(144_000.minutes()), 5), Ok(Expiry { days: 96, early_days_max: 4 }));
        assert_eq!(expiry(&rule(8_640_000.seconds()), 5), Ok(Expiry { days: 96, early_days_max: 4 }));
        assert_eq!(expiry(&rule(2_399.hours().minutes(59).seconds(60)), 5), expiry(&rule(100.days()), 5));
    }

    #[test]
    fn what_would_go_much_too_early_or_has_no_fixed_end_is_left_to_the_sweep() {
        assert_eq!(expiry(&rule(1.month()), 5), Err(NoExpiry::TooEarly { days: 7, percent: 25 }));
        assert_eq!(expiry(&rule(1.month()), 25), Ok(Expiry { days: 24, early_days_max: 7 }));
        assert_eq!(expiry(&rule(4.days()), 100), Err(NoExpiry::TooShort));
        assert_eq!(expiry(&rule(30.minutes()), 100), Err(NoExpiry::TooShort));
        let event = || EventName::parse("case.closed").unwrap();
        let sliding = Period::Sliding { duration: SpanFieldwise(1.year()), renew_on: vec![event()], max: None };
        let until = Period::UntilEvent { events: vec![event()], grace: SpanFieldwise(Span::new()), max: None };
        let switch = Switch { on: event(), then: until.clone(), clause: Clause::new("acme.2") };
        for period in [sliding, until] {
            assert_eq!(expiry(&RetentionRule { period, ..rule(1.year()) }, 5), Err(NoExpiry::ByEvents));
        }
        assert_eq!(expiry(&RetentionRule { switch: Some(switch), ..rule(1.year()) }, 5), Err(NoExpiry::ByEvents));
        let endless = RetentionRule { period: Period::Indefinite, ..rule(1.year()) };
        assert_eq!(expiry(&endless, 5), Err(NoExpiry::Endless));
        let law = ErasureExemption { reason: "Tax.".into(), article: "x".into(), clause: Clause::new("acme.3") };
        assert_eq!(expiry(&RetentionRule { exemption: Some(law), ..rule(1.year()) }, 5), Err(NoExpiry::KeptByLaw));
        assert_eq!(expiry(&RetentionRule { action: Action::Archive, ..rule(1.year()) }, 5), Err(NoExpiry::NotDeleted));
        assert_eq!(expiry(&RetentionRule { lifecycle: false, ..rule(1.year()) }, 5), Err(NoExpiry::NotAsked));
    }

    /// S3 as its manual has it: the day counted from the making, up to the next midnight; then a day for the version.
    fn gone_at(made: Timestamp, days: u32) -> Timestamp {
        let midnight = |at: Timestamp| {
            let at = at.to_zoned(TimeZone::UTC);
            at.round(jiff::ZonedRound::new().smallest(jiff::Unit::Day).mode(jiff::RoundMode::Ceil)).unwrap()
        };
        let ended = midnight(made + i64::from(days * 24).hours()).timestamp();
        // It looks once a day: a minute later the day after is rounded up, too.
        midnight(ended + 1.minute() + 24.hours()).timestamp()
    }

    #[test]
    fn s3_is_never_later_than_the_promise_and_never_earlier_than_said() {
        let zones = ["UTC", "Europe/Paris", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Apia"];
        for span in [100.days(), 52.weeks(), 12.months(), 1.year(), 18.months(), 10.years(), 2_401.hours()] {
            let expiry = expiry(&rule(span), 5).unwrap();
            for zone in zones.map(|name| TimeZone::get(name).unwrap()) {
                for hours in (0..4 * 366 * 24).step_by(37) {
                    let made = "2010-01-01T00:30:00Z".parse::<Timestamp>().unwrap() + i64::from(hours).hours();
                    let due = retention::after(made, &SpanFieldwise(span), &zone).unwrap();
                    let gone = gone_at(made, expiry.days);
                    assert!(gone <= due, "{span} from {made} is due at {due} and gone at {gone}");
                    let hidden = made + i64::from(expiry.days * 24).hours();
                    let earliest = due - i64::from(expiry.early_days_max * 24 + 2).hours();
                    assert!(hidden >= earliest, "{span} from {made} is due at {due} and ends at {hidden}");
                }
            }
        }
    }

    /// A policy with that rule alone, and its kind.
    fn policy(rule: RetentionRule) -> (Policy, Category, Purpose) {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        let mut policy =
            Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "a@acme.example".into(), notice);
        let (category, purpose) = (rule.category.clone(), rule.purpose.clone());
        policy.retention.insert((category.clone(), purpose.clone()), rule);
        (policy, category, purpose)
    }

    #[test]
    fn whoever_deletes_files_knows_their_copies_and_which_s3_may_delete_by_itself() {
        let (mut policy, scan, support) = policy(rule(100.days()));
        let copy =
            Replica { bucket: BucketName::parse("acme-copies").unwrap(), region: None, clause: Clause::new("acme.4") };
        policy.replicas.insert(copy.bucket.clone(), copy.clone());
        let expected = FileRules { replicas: vec![copy], free: BTreeSet::from([(scan, support)]) };
        assert_eq!(FileRules::of(&policy), expected);
    }

    #[test]
    fn a_file_that_lies_where_another_rule_deletes_is_seen() {
        let (policy, scan, support) = policy(rule(100.days()));
        let file = format!("{}1.pdf", prefix(&policy.controller, &scan, &support));
        assert_eq!(file, "acme/scan/support/1.pdf");
        assert!(!is_misplaced(&policy, &scan, &support, &file));
        assert!(is_misplaced(&policy, &Category::parse("invoice").unwrap(), &support, &file));
        assert!(!is_misplaced(&policy, &Category::parse("invoice").unwrap(), &support, "acme/scan/support"));
    }
}
