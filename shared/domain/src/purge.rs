//! What keeps the purge from deleting what nobody meant to delete: a count of each day's deletions that
//! stops them when there are far more than is usual, and a person's word to pause or go on.

use std::{collections::BTreeMap, fmt};

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::record::System;

/// How many days count for what is usual: a month's rhythm lies within it.
pub const USUAL_DAYS: i32 = 35;

/// For how many days more may be deleted once that is allowed: what is left of it must not cover something
/// that nobody has seen.
pub const ALLOWED_DAYS: i32 = 7;

/// From where on a day's deletions are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So many a day are never too many: small numbers vary.
    pub floor: u64,
    /// So many times the most of any usual day are.
    pub factor: u64,
    /// More than this share of all that a system keeps is too much, in percent.
    pub share_percent: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { floor: 1_000, factor: 10, share_percent: 50 }
    }
}

/// How many records, by the system in which they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally(BTreeMap<System, u64>);

impl Tally {
    /// Counts records by their systems.
    pub fn of<'a>(systems: impl Iterator<Item = &'a System>) -> Self {
        let mut tally = Self::default();
        systems.for_each(|system| tally.add(system, 1));
        tally
    }

    /// Counts so many more.
    pub fn add(&mut self, system: &System, records: u64) {
        if records > 0 {
            *self.0.entry(system.clone()).or_default() += records;
        }
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many there are in a system.
    pub fn in_system(&self, system: &System) -> u64 {
        self.0.get(system).copied().unwrap_or_default()
    }

    /// Each system's.
    pub fn systems(&self) -> impl Iterator<Item = (&System, u64)> {
        self.0.iter().map(|(system, records)| (system, *records))
    }

    fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        other.systems().for_each(|(system, records)| sum.add(system, records));
        sum
    }

    fn minus(&self, other: &Self) -> Self {
        let left =
            |(system, records): (&System, u64)| (system.clone(), records.saturating_sub(other.in_system(system)));
        Self(self.systems().map(left).filter(|(_, records)| *records > 0).collect())
    }
}

/// Why a controller's purge was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The day's deletions would have been far more than on any usual day.
    Volume {
        /// How many there would have been.
        wanted: u64,
        /// How many there may be.
        limit: u64,
    },
    /// They would have been too large a share of what a system keeps.
    Share {
        /// Which system.
        system: System,
        /// How many there would have been.
        wanted: u64,
        /// How many there may be.
        limit: u64,
    },
}

impl Cause {
    /// The name of the rule.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Volume { .. } => "volume",
            Self::Share { .. } => "share",
        }
    }

    /// How many deletions there would have been, and how many there may be.
    pub const fn numbers(&self) -> (u64, u64) {
        match self {
            Self::Volume { wanted, limit } | Self::Share { wanted, limit, .. } => (*wanted, *limit),
        }
    }

    /// The system whose share it is.
    pub const fn system(&self) -> Option<&System> {
        match self {
            Self::Volume { .. } => None,
            Self::Share { system, .. } => Some(system),
        }
    }
}

/// Whether a controller's purge goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// What is due is deleted.
    #[default]
    Running,
    /// Somebody paused it.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// There was too much to delete; somebody has to say whether that is right.
    Stopped {
        /// Since when.
        since: Timestamp,
        /// Why.
        cause: Cause,
    },
}

impl State {
    /// The name in answers and items.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused { .. } => "paused",
            Self::Stopped { .. } => "stopped",
        }
    }
}

/// Where the purge of one controller stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Whether it goes on.
    pub state: State,
    /// The latest day on which something was deleted.
    pub day: Date,
    /// What was deleted on it, and what is about to be.
    pub today: Tally,
    /// How many were deleted on each of the days before.
    pub days: BTreeMap<Date, u64>,
    /// How many more may be deleted beyond the limits, and up to which day: somebody has allowed them.
    pub allowance: Option<(u64, Date)>,
    /// How often it was changed, for optimistic writes.
    pub revision: u64,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            state: State::Running,
            day: Date::MIN,
            today: Tally::default(),
            days: BTreeMap::new(),
            allowance: None,
            revision: 0,
        }
    }
}

/// What a claim came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// They may be deleted, and are counted.
    Granted,
    /// They must not be: it is paused or stopped, or was stopped by them just now.
    Refused,
}

/// Why somebody's word does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordRefused {
    /// Only what is paused can be resumed: what was stopped needs a number that is allowed.
    NotPaused,
    /// Only what was stopped asks for it.
    NotStopped,
}

impl fmt::Display for WordRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPaused => "only what is paused can be resumed",
            Self::NotStopped => "only what was stopped asks whether more is allowed",
        })
    }
}

impl std::error::Error for WordRefused {}

/// Something that was done to a controller's purge: what its trail is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who did it: somebody of the staff, or the purge itself.
    pub by: String,
    /// What.
    pub deed: Deed,
    /// Why, in their own words; empty where the deed says it.
    pub reason: String,
}

/// What was done to a controller's purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Somebody said so.
    Said(Word),
    /// There was too much to delete.
    Stopped(Cause),
}

impl Deed {
    /// The name in answers and items.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Said(word) => word.as_str(),
            Self::Stopped(_) => "stop",
        }
    }
}

/// What somebody of the staff says about a controller's purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Delete nothing until somebody says so.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Go on after a stop, with so many deletions beyond the limits.
    Allow(u64),
}

impl Word {
    /// The name in forms and items.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Allow(_) => "allow",
        }
    }
}

impl Control {
    /// The most that was deleted on any usual day.
    pub fn usual(&self) -> u64 {
        self.days.values().copied().max().unwrap_or_default()
    }

    /// How many may be deleted in a day, whatever they are.
    pub fn limit(&self, limits: &Limits) -> u64 {
        limits.floor.max(self.usual().saturating_mul(limits.factor))
    }

    /// Begins a day. One that came before the latest begins none: what is deleted for it now counts now.
    fn begin(&mut self, day: Date) {
        if day <= self.day {
            return;
        }
        let total = self.today.total();
        if total > 0 {
            self.days.insert(self.day, total);
        }
        let first = day.checked_sub(USUAL_DAYS.days()).unwrap_or(Date::MIN);
        self.days.retain(|day, _| *day >= first);
        (self.day, self.today) = (day, Tally::default());
    }

    /// Whether so many deletions today need to know what the systems keep: the rule of the share begins at
    /// the floor.
    pub fn asks_for_stored(&self, day: Date, limits: &Limits, more: &Tally) -> bool {
        let mut then = self.clone();
        then.begin(day);
        then.today.plus(more).systems().any(|(_, records)| records > limits.floor)
    }

    /// What each system kept when the day began, from what it keeps now, where that is known.
    pub fn began_with(&self, day: Date, stored: &Tally) -> Tally {
        let mut then = self.clone();
        then.begin(day);
        let began = |(system, records): (&System, u64)| (system.clone(), records + then.today.in_system(system));
        Tally(stored.systems().map(began).collect())
    }

    /// Counts records that are about to be deleted, or stops the purge if they are too many. `began_with` is
    /// what each system kept when the day began; of one that is not in it, it is not known.
    pub fn claim(&mut self, at: Timestamp, day: Date, more: &Tally, limits: &Limits, began_with: &Tally) -> Claimed {
        if self.state != State::Running {
            return Claimed::Refused;
        }
        self.begin(day);
        let then = self.today.plus(more);
        if let Some(cause) = self.exceeded(&then, limits, began_with) {
            let allowed = self.allowance.filter(|(_, until)| self.day <= *until);
            self.allowance = allowed.and_then(|(left, until)| Some((left.checked_sub(more.total())?, until)));
            if self.allowance.is_none() {
                self.state = State::Stopped { since: at, cause };
                return Claimed::Refused;
            }
        }
        self.today = then;
        Claimed::Granted
    }

    fn exceeded(&self, then: &Tally, limits: &Limits, began_with: &Tally) -> Option<Cause> {
        let (wanted, limit) = (then.total(), self.limit(limits));
        if wanted > limit {
            return Some(Cause::Volume { wanted, limit });
        }
        then.systems().find_map(|(system, wanted)| {
            let kept = began_with.in_system(system);
            let limit = limits.floor.max(kept.saturating_mul(limits.share_percent) / 100);
            (kept > 0 && wanted > limit).then(|| Cause::Share { system: system.clone(), wanted, limit })
        })
    }

    /// Takes back what was counted and then not deleted: it was held, renewed, gone already, or it failed.
    pub fn give_back(&mut self, kept: &Tally) {
        self.today = self.today.minus(kept);
    }

    /// Takes somebody's word. Answers whether anything changed.
    ///
    /// # Errors
    /// [`WordRefused`] if it does not apply.
    pub fn take(&mut self, word: Word, at: Timestamp, day: Date) -> Result<bool, WordRefused> {
        match (word, &self.state) {
            (Word::Pause, State::Paused { .. }) | (Word::Resume, State::Running) => Ok(false),
            (Word::Pause, _) => {
                self.state = State::Paused { since: at };
                Ok(true)
            }
            (Word::Resume, State::Paused { .. }) => {
                self.state = State::Running;
                Ok(true)
            }
            (Word::Resume, State::Stopped { .. }) => Err(WordRefused::NotPaused),
            (Word::Allow(records), State::Stopped { .. }) => {
                self.state = State::Running;
                let until = day.max(self.day).checked_add(ALLOWED_DAYS.days()).unwrap_or(Date::MAX);
                self.allowance = Some((records, until));
                Ok(true)
            }
            (Word::Allow(_), _) => Err(WordRefused::NotStopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { floor: 1_000, factor: 10, share_percent: 50 };

    fn at() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn day(n: i32) -> Date {
        "2026-03-01".parse::<Date>().unwrap().checked_add(n.days()).unwrap()
    }

    fn items(records: u64) -> Tally {
        let mut tally = Tally::default();
        tally.add(&System::Habeas, records);
        tally
    }

    /// Claims, while the system keeps so many now.
    fn claim(control: &mut Control, n: i32, records: u64, stored: u64) -> Claimed {
        let began_with = control.began_with(day(n), &items(stored));
        control.claim(at(), day(n), &items(records), &LIMITS, &began_with)
    }

    #[test]
    fn a_day_or_a_system_without_deletions_is_not_kept() {
        let systems = [System::Habeas, System::S3, System::Habeas];
        let mut tally = Tally::of(systems.iter());
        assert_eq!((tally.total(), tally.in_system(&System::Habeas), tally.in_system(&System::S3)), (3, 2, 1));
        tally.add(&System::S3, 0);
        assert_eq!(tally, Tally::of(systems.iter()));
        let mut none = Tally::default();
        none.add(&System::S3, 0);
        assert_eq!(none, Tally::default());
        let mut control = Control::default();
        claim(&mut control, 0, 0, 0);
        claim(&mut control, 1, 5, 0);
        claim(&mut control, 2, 5, 0);
        assert_eq!(control.days, [(day(1), 5)].into());
    }

    #[test]
    fn a_cause_tells_its_rule_its_numbers_and_its_system() {
        let volume = Cause::Volume { wanted: 1_001, limit: 1_000 };
        let share = Cause::Share { system: System::S3, wanted: 51, limit: 50 };
        assert_eq!((volume.rule(), volume.numbers(), volume.system()), ("volume", (1_001, 1_000), None));
        assert_eq!((share.rule(), share.numbers(), share.system()), ("share", (51, 50), Some(&System::S3)));
    }

    #[test]
    fn up_to_the_floor_nothing_is_too_much() {
        let mut control = Control::default();
        assert_eq!(claim(&mut control, 0, 1_000, 1), Claimed::Granted);
        assert_eq!(claim(&mut control, 0, 1, 0), Claimed::Refused);
        let State::Stopped { since, cause } = &control.state else { panic!("{control:?}") };
        assert_eq!((*since, cause), (at(), &Cause::Volume { wanted: 1_001, limit: 1_000 }));
        assert_eq!(control.today.total(), 1_000, "what was refused is not counted");
    }

    #[test]
    fn ten_times_the_most_of_a_usual_day_is_still_usual() {
        let mut control = Control::default();
        for n in 0..5 {
            assert_eq!(claim(&mut control, n, 200 + u64::from(n.unsigned_abs()), 0), Claimed::Granted);
        }
        assert_eq!((control.usual(), control.limit(&LIMITS)), (203, 2_030), "today is not yet usual");
        assert_eq!(claim(&mut control, 5, 2_040, 0), Claimed::Granted);
        assert_eq!(claim(&mut control, 5, 1, 0), Claimed::Refused);
    }

    #[test]
    fn a_day_is_forgotten_when_it_is_no_longer_usual() {
        let mut control = Control::default();
        claim(&mut control, 0, 900, 0);
        claim(&mut control, USUAL_DAYS, 1, 0);
        assert_eq!(control.usual(), 900);
        claim(&mut control, USUAL_DAYS + 1, 1, 0);
        assert_eq!(control.usual(), 1);
    }

    #[test]
    fn half_of_what_a_system_keeps_is_too_much_even_where_the_volume_is_usual() {
        let usual = Control { days: [(day(-1), 100_000)].into(), ..Control::default() };
        let mut control = usual.clone();
        assert!(!control.asks_for_stored(day(0), &LIMITS, &items(1_000)));
        assert!(control.asks_for_stored(day(0), &LIMITS, &items(1_001)));
        assert_eq!(claim(&mut control, 0, 5_000, 10_000), Claimed::Granted);
        // Half of the ten thousand that the day began with are gone.
        assert_eq!(claim(&mut control, 0, 1, 5_000), Claimed::Refused);
        let State::Stopped { cause, .. } = &control.state else { panic!("{control:?}") };
        assert_eq!(cause, &Cause::Share { system: System::Habeas, wanted: 5_001, limit: 5_000 });

        let mut control = usual;
        assert_eq!(claim(&mut control, 0, 50_000, 0), Claimed::Granted, "what is kept is not known");
    }

    #[test]
    fn what_was_stopped_goes_on_with_as_many_as_were_allowed_and_stops_again() {
        let mut control = Control::default();
        claim(&mut control, 0, 1_001, 0);
        assert_eq!(control.take(Word::Resume, at(), day(0)), Err(WordRefused::NotPaused));
        assert_eq!(control.take(Word::Allow(3_000), at(), day(0)), Ok(true));
        assert_eq!(claim(&mut control, 0, 900, 0), Claimed::Granted, "within the limit: nothing of the allowance");
        assert_eq!(control.allowance, Some((3_000, day(7))));
        for _ in 0..3 {
            assert_eq!(claim(&mut control, 0, 1_000, 0), Claimed::Granted);
        }
        assert_eq!(claim(&mut control, 0, 1_000, 0), Claimed::Refused);
        assert_eq!(control.today.total(), 3_900);
        assert_eq!(claim(&mut control, 1, 1, 0), Claimed::Refused, "a new day does not lift a stop");
    }

    #[test]
    fn what_is_left_of_an_allowance_lapses() {
        let mut control = Control::default();
        claim(&mut control, 0, 1_001, 0);
        control.take(Word::Allow(9_000), at(), day(0)).unwrap();
        assert_eq!(claim(&mut control, 7, 1_001, 0), Claimed::Granted);
        assert_eq!(claim(&mut control, 8, 10_011, 0), Claimed::Refused);
    }

    #[test]
    fn a_pause_holds_until_somebody_resumes() {
        let mut control = Control::default();
        assert_eq!(control.take(Word::Allow(9), at(), day(0)), Err(WordRefused::NotStopped));
        assert_eq!(
            (control.take(Word::Resume, at(), day(0)), control.take(Word::Pause, at(), day(0))),
            (Ok(false), Ok(true))
        );
        assert_eq!(control.take(Word::Pause, at(), day(0)), Ok(false));
        assert_eq!(claim(&mut control, 9, 1, 0), Claimed::Refused);
        assert_eq!(control.take(Word::Resume, at(), day(0)), Ok(true));
        assert_eq!(claim(&mut control, 9, 1, 0), Claimed::Granted);
    }

    #[test]
    fn what_was_not_deleted_is_not_counted_and_a_late_sweep_counts_today() {
        let mut control = Control::default();
        claim(&mut control, 3, 900, 0);
        control.give_back(&items(800));
        assert_eq!(claim(&mut control, 2, 100, 0), Claimed::Granted);
        assert_eq!((control.day, control.today.total()), (day(3), 200));
        assert_eq!(control.days, BTreeMap::new());
        control.give_back(&items(900));
        assert_eq!(control.today, Tally::default());
    }
}
