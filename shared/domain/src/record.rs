//! A retained record: something that a system keeps about a person, and its clock.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};

use crate::{
    ids::{Category, EventName, HoldId, PointHash, Purpose, RecordId, SubjectRef},
    policy::{Clause, Policy, PolicyHash, RetentionRule},
    retention::{OutOfCalendar, RetentionClock},
};

/// In place of a policy's hash: no policy planned this end.
const ERASED: &str = "erased";

/// Where the record itself is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// In this product's own table: its fields are in the item.
    Habeas,
    /// An object of the records bucket, with all its versions; the locator is its key.
    S3,
}

impl System {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Habeas => "habeas",
            Self::S3 => "s3",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "habeas" => Some(Self::Habeas),
            "s3" => Some(Self::S3),
            _ => None,
        }
    }
}

/// A record and what has happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its identifier: the same for the same system, locator, category and purpose.
    pub id: RecordId,
    /// Whose it is.
    pub subject: SubjectRef,
    /// What it is.
    pub category: Category,
    /// What it is kept for.
    pub purpose: Purpose,
    /// Where it is.
    pub system: System,
    /// Its clock.
    pub clock: RetentionClock,
    /// When its time is up; `None` while nothing ends it.
    pub due_at: Option<Timestamp>,
    /// The clause whose clock that is.
    pub clause: Clause,
    /// The policy it was last planned under.
    pub policy: PolicyHash,
    /// Holds that keep it.
    pub holds: BTreeSet<HoldId>,
    /// Keyed hashes of its fields, to match verification points against.
    pub points: Vec<PointHash>,
    /// Sixteen random bytes that go into its evidence and vanish with it.
    pub salt: [u8; 16],
    /// How often it was changed, for optimistic writes.
    pub revision: u64,
}

impl Record {
    /// Plans the record by its rule: folds its clock and sets when its time is up.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn plan(&mut self, policy: &Policy, rule: &RetentionRule) -> Result<(), OutOfCalendar> {
        self.due_at = self.clock.due(rule, &policy.time_zone)?;
        self.clause = match (&rule.switch, self.clock.switched_at(rule, &policy.time_zone)?) {
            (Some(switch), Some(_)) => switch.clause.clone(),
            _ => rule.clause.clone(),
        };
        self.policy = policy.hash.clone();
        Ok(())
    }

    /// Notes an event and plans anew. Returns whether anything changed.
    ///
    /// A record that was planned under another policy is planned by this one, and a change of policy never revives
    /// what has expired: a record whose end has passed keeps that end, with the clause and the policy that it ended
    /// by. Nor does an event that tells the clock nothing new, one that comes again above all, give it a later end.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn note(
        &mut self,
        policy: &Policy,
        rule: &RetentionRule,
        event: &EventName,
        at: Timestamp,
    ) -> Result<bool, OutOfCalendar> {
        let reached = self.clock.reached().max(at);
        if let Some(end) = self.due_at.filter(|end| self.policy != policy.hash && *end < reached) {
            let before = self.clock.clone();
            // What lies before the end could only have moved it, and it moves no more.
            if at > end {
                self.clock.note_past_end(rule, event, at);
            }
            return Ok(before != self.clock);
        }
        let mut planned = self.clone();
        planned.clock.note(rule, event, at, &policy.time_zone)?;
        planned.plan(policy, rule)?;
        let is_new = planned.clock != self.clock;
        let is_later = self.due_at.is_some_and(|end| planned.due_at.is_none_or(|planned| planned > end));
        if !is_new && is_later {
            return Ok(false);
        }
        let is_changed = is_new || planned.due_at != self.due_at;
        *self = planned;
        Ok(is_changed)
    }

    /// Plans a record that was planned under another policy by this one, with what has happened to it since it was
    /// made. Returns whether that changed anything.
    ///
    /// A change of policy never revives what has expired: a record whose end has passed keeps it. One that this policy
    /// keeps for a shorter time may be due at once.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn replan(
        &mut self,
        policy: &Policy,
        rule: &RetentionRule,
        events: &[(EventName, Timestamp)],
        now: Timestamp,
    ) -> Result<bool, OutOfCalendar> {
        if self.policy == policy.hash || self.is_expired(now) {
            return Ok(false);
        }
        let mut planned = self.clone();
        for (event, at) in events {
            planned.clock.note(rule, event, *at, &policy.time_zone)?;
        }
        planned.plan(policy, rule)?;
        let is_changed = (&planned.clock, planned.due_at, &planned.clause) != (&self.clock, self.due_at, &self.clause);
        if is_changed {
            *self = planned;
        }
        Ok(is_changed)
    }

    /// Ends a record for good that an erasure got ahead of while it was being written: before it began, so that no
    /// event and no later policy plans it anew, and the sweep finds it due.
    pub fn end_before_it_began(&mut self) {
        self.due_at = Some(self.clock.created_at.saturating_sub(1.millisecond()).unwrap_or(Timestamp::MIN));
        self.policy = PolicyHash::from_hex(ERASED);
    }

    /// Whether a read at that time must treat it as gone: expired, though nothing has deleted it
    /// yet. A hold keeps it readable for those whom the hold serves, not for processing.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due_at| due_at <= now)
    }

    /// Whether any hold keeps it.
    pub fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }
}
