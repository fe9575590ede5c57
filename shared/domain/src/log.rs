//! Bulk records of fixed life and without a subject: the lines of a server's log. They are kept in packets, each under the
//! day on which it is due, and all of a day go at once, when the key of that day is destroyed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::{
    evidence::merkle::{self, Hash},
    ids::{Category, ControllerId, HoldId, LogId, Purpose},
    policy::{Clause, Period, Policy, PolicyHash, RetentionRule},
    retention::after,
};

/// A day on which something of a category is due, in the zone of the policy's law.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueDay {
    /// Of which category.
    pub category: Category,
    /// Which day.
    pub day: Date,
    /// When it begins, and its key is destroyed.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// Why entries cannot be kept in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRefused {
    /// An event moves the end, so each needs a clock of its own.
    NotFixed,
    /// All of a day go when it begins, which is before this was made.
    TooShort,
    /// The rule's end lies past the calendar.
    OutOfCalendar,
}

impl fmt::Display for LogRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFixed => {
                "only what the policy keeps for a fixed time can be kept in bulk: register it as a record"
            }
            Self::TooShort => "the policy keeps it for less than a day, and bulk goes by days: register it as a record",
            Self::OutOfCalendar => "the duration runs past the end of the calendar",
        })
    }
}

impl std::error::Error for LogRefused {}

/// The day on which what was made then is due: it goes when that day begins, so up to a day early and never late.
///
/// # Errors
/// [`LogRefused`].
pub fn due_day(policy: &Policy, rule: &RetentionRule, occurred_at: Timestamp) -> Result<DueDay, LogRefused> {
    let Period::Fixed { duration } = &rule.period else { return Err(LogRefused::NotFixed) };
    if rule.switch.is_some() {
        return Err(LogRefused::NotFixed);
    }
    let due_at = after(occurred_at, duration, &policy.time_zone).map_err(|_| LogRefused::OutOfCalendar)?;
    let day = due_at.to_zoned(policy.time_zone.clone()).date();
    let due = day_of(&rule.category, day, &policy.time_zone).ok_or(LogRefused::OutOfCalendar)?;
    if due.starts_at <= occurred_at { Err(LogRefused::TooShort) } else { Ok(due) }
}

/// A day of a zone, from its first instant to the next day's; `None` past the calendar.
pub fn day_of(category: &Category, day: Date, zone: &TimeZone) -> Option<DueDay> {
    let starts = |day: Date| day.to_zoned(zone.clone()).ok()?.start_of_day().ok().map(|start| start.timestamp());
    let next = day.checked_add(1.day()).ok()?;
    Some(DueDay { category: category.clone(), day, starts_at: starts(day)?, ends_at: starts(next)? })
}

/// Entries that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPacket {
    /// Which: the same for the same entries of the same time.
    pub id: LogId,
    /// What they are kept for.
    pub purpose: Purpose,
    /// When they were made.
    pub occurred_at: Timestamp,
    /// The clause whose time they have.
    pub clause: Clause,
    /// The policy they were registered under.
    pub policy: PolicyHash,
    /// How many there are.
    pub entries: u64,
}

/// A day with something due on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDay {
    /// Which.
    pub due: DueDay,
    /// What is kept until then, and by which clause: each makes a leaf of the evidence.
    pub kept: BTreeSet<(Purpose, Clause)>,
    /// What its leaves are salted with.
    pub salt: [u8; 16],
    /// How many packets were registered.
    pub packets: u64,
    /// How many entries are in them.
    pub entries: u64,
    /// Holds that keep it.
    pub holds: BTreeSet<HoldId>,
    /// When it was closed: from then on nothing is registered for it and no hold comes.
    pub closed_at: Option<Timestamp>,
    /// When its key was destroyed.
    pub destroyed_at: Option<Timestamp>,
    /// When it was seen that nothing of it is stored any more.
    pub settled_at: Option<Timestamp>,
}

impl LogDay {
    /// A day on which nothing is due yet.
    pub fn new(due: DueDay, salt: [u8; 16]) -> Self {
        Self {
            due,
            kept: BTreeSet::new(),
            salt,
            packets: 0,
            entries: 0,
            holds: BTreeSet::new(),
            closed_at: None,
            destroyed_at: None,
            settled_at: None,
        }
    }

    /// Whether a hold keeps it.
    pub fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Whether what is due on it may be read: not once the day has begun, unless a hold keeps it.
    pub fn is_readable(&self, now: Timestamp) -> bool {
        self.closed_at.is_none() && (now < self.due.starts_at || self.is_held())
    }

    /// The commitments to what is kept until then, each with its purpose and clause: `SHA-256(salt ‖ "day" ‖ controller ‖
    /// category ‖ day ‖ purpose)`, each name behind its length in eight bytes, most significant byte first.
    pub fn commitments(&self, controller: &ControllerId) -> BTreeMap<Hash, (&Purpose, &Clause)> {
        let of = |purpose: &Purpose| {
            let day = self.due.day.to_string();
            let mut bytes = self.salt.to_vec();
            for part in ["day", controller.as_str(), self.due.category.as_str(), &day, purpose.as_str()] {
                bytes.extend((part.len() as u64).to_be_bytes());
                bytes.extend(part.as_bytes());
            }
            merkle::sha256(&bytes)
        };
        self.kept.iter().map(|(purpose, clause)| (of(purpose), (purpose, clause))).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SpanFieldwise;

    use super::*;
    use crate::policy::{Action, Notice};

    fn policy(zone: &str) -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        let mut policy =
            Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "p@acme.example".into(), notice);
        policy.time_zone = TimeZone::get(zone).unwrap();
        policy
    }

    fn rule(duration: SpanFieldwise) -> RetentionRule {
        RetentionRule {
            category: Category::parse("server-log").unwrap(),
            purpose: Purpose::parse("security").unwrap(),
            period: Period::Fixed { duration },
            switch: None,
            action: Action::Delete,
            exemption: None,
            lifecycle: false,
            clause: Clause::new("acme.1"),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn all_of_a_day_go_when_it_begins_and_nothing_is_late() {
        let (policy, rule) = (policy("Europe/Paris"), rule(100.days().fieldwise()));
        for occurred_at in ["2026-01-01T00:00:00+01:00", "2026-01-01T23:59:59.999+01:00"] {
            let day = due_day(&policy, &rule, at(occurred_at)).unwrap();
            // A hundred days of that zone lie beyond the change of clocks.
            assert_eq!(day.day.to_string(), "2026-04-11");
            assert_eq!(day.starts_at, at("2026-04-11T00:00:00+02:00"));
            assert_eq!(day.ends_at, at("2026-04-12T00:00:00+02:00"));
            assert!(day.starts_at <= after(at(occurred_at), &100.days().fieldwise(), &policy.time_zone).unwrap());
        }
    }

    #[test]
    fn a_day_begins_when_its_zone_says_so() {
        // Clocks in Santiago skip the first hour of this day.
        let day = day_of(
            &rule(1.day().fieldwise()).category,
            "2026-09-06".parse().unwrap(),
            &policy("America/Santiago").time_zone,
        );
        assert_eq!(day.unwrap().starts_at, at("2026-09-06T01:00:00-03:00"));
    }

    #[test]
    fn what_cannot_wait_for_a_day_or_has_a_clock_of_its_own_is_refused() {
        let policy = policy("UTC");
        let noon = at("2026-01-01T12:00:00Z");
        assert_eq!(due_day(&policy, &rule(30.minutes().fieldwise()), noon), Err(LogRefused::TooShort));
        assert!(due_day(&policy, &rule(1.day().fieldwise()), noon).is_ok());
        assert_eq!(due_day(&policy, &rule(9_000.years().fieldwise()), noon), Err(LogRefused::OutOfCalendar));
        let indefinite = RetentionRule { period: Period::Indefinite, ..rule(1.day().fieldwise()) };
        assert_eq!(due_day(&policy, &indefinite, noon), Err(LogRefused::NotFixed));
    }

    #[test]
    fn a_day_that_has_begun_is_read_by_nobody_unless_a_hold_keeps_it() {
        let due = due_day(&policy("UTC"), &rule(10.days().fieldwise()), at("2026-01-01T12:00:00Z")).unwrap();
        let mut day = LogDay::new(due, [1; 16]);
        assert!(day.is_readable(at("2026-01-10T23:59:59Z")) && !day.is_readable(at("2026-01-11T00:00:00Z")));
        day.holds.insert(HoldId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap());
        assert!(day.is_readable(at("2026-01-11T00:00:00Z")));
        day.closed_at = Some(at("2026-01-11T00:00:00Z"));
        assert!(!day.is_readable(at("2026-01-01T00:00:00Z")));
    }

    #[test]
    fn each_purpose_of_a_day_has_a_commitment_that_only_the_salt_opens() {
        let due = due_day(&policy("UTC"), &rule(10.days().fieldwise()), at("2026-01-01T12:00:00Z")).unwrap();
        let acme = ControllerId::parse("acme").unwrap();
        let mut day = LogDay::new(due, [1; 16]);
        for purpose in ["security", "statistics"] {
            day.kept.insert((Purpose::parse(purpose).unwrap(), Clause::new("acme.1")));
        }
        assert_eq!(day.commitments(&acme).len(), 2);
        let resalted = LogDay { salt: [2; 16], ..day.clone() };
        assert!(day.commitments(&acme).keys().all(|hash| !resalted.commitments(&acme).contains_key(hash)));
    }
}
