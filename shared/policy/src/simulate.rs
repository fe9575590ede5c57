//! One record's life on a time line: what each event does to it, and when its time is up.
//!
//! The clock is [`domain::retention::RetentionClock`], the one that the functions run. This module
//! only tells what it does, step by step, as if each event arrived when it happened.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    hold::HoldReason,
    ids::{Category, EventName, Purpose},
    policy::{Action, Clause, ErasureExemption, Period, Policy, RetentionRule},
    retention::{OutOfCalendar, RetentionClock},
    words::{self, Voice},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::shown;

/// What an event does to a record's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The record is made.
    Made,
    /// It moves the end further away.
    Renewed,
    /// It sets the end or brings it closer.
    Ended,
    /// Another period counts from here on.
    Switched,
    /// It renews, but the declared maximum is reached.
    Capped,
    /// The first event of its kind has already set the end, or has already switched.
    Settled,
    /// It belonged to the period that the switch has replaced.
    Superseded,
    /// It belongs to the period that a switch brings, and there was none yet.
    TooEarlyForSwitch,
    /// The record had expired: nothing revives it.
    Expired,
    /// It happened before the record was made.
    BeforeMade,
    /// Neither this record's rule nor a hold listens to it.
    Unheard,
    /// No rule of the policy listens to it: the functions refuse it.
    Unknown,
    /// It places or releases a hold and moves no clock.
    HoldOnly,
}

impl Effect {
    /// What it does, in a few words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Made => "the record is made",
            Self::Renewed => "renews it",
            Self::Ended => "sets its end",
            Self::Switched => "switches it to another period",
            Self::Capped => "changes nothing: its declared maximum is reached",
            Self::Settled => "changes nothing: an earlier one has already counted",
            Self::Superseded => "changes nothing: another period counts since the switch",
            Self::TooEarlyForSwitch => "changes nothing: it counts once the rule has switched",
            Self::Expired => "ignored: the record had expired, and nothing revives it",
            Self::BeforeMade => "ignored: it happened before the record was made",
            Self::Unheard => "ignored: this record's rule does not listen to it",
            Self::Unknown => "refused: no rule of the policy listens to it",
            Self::HoldOnly => "moves no clock",
        }
    }
}

/// What an event does about holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "hold", rename_all = "kebab-case")]
pub enum HoldStep {
    /// It places a hold, to be looked at again at that time.
    Placed {
        /// Why.
        #[serde(serialize_with = "reason_text")]
        reason: HoldReason,
        /// When somebody must look at it again.
        #[serde(serialize_with = "shown::text")]
        review_at: Timestamp,
        /// Where the policy says so.
        #[serde(serialize_with = "shown::text")]
        clause: Clause,
    },
    /// It releases a hold.
    Released {
        /// Why there was one.
        #[serde(serialize_with = "reason_text")]
        reason: HoldReason,
        /// Where the policy says so.
        #[serde(serialize_with = "shown::text")]
        clause: Clause,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn reason_text<S: serde::Serializer>(reason: &HoldReason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}

/// One point of the time line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When.
    #[serde(serialize_with = "shown::text")]
    pub at: Timestamp,
    /// What happened; `None`: the record was made.
    #[serde(serialize_with = "shown::text_or_none")]
    pub event: Option<EventName>,
    /// What it does to the clock.
    pub effect: Effect,
    /// What it does about holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldStep>,
    /// When the record's time is up after it; `None`: nothing ends it yet.
    #[serde(serialize_with = "shown::text_or_none")]
    pub kept_until: Option<Timestamp>,
    /// The clause whose clock that is.
    #[serde(serialize_with = "shown::text")]
    pub clause: Clause,
    /// Whether a hold keeps it from deletion after this point.
    pub held: bool,
}

/// How the record ends, as far as the events tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Ending {
    /// Its time is up then, and the action follows.
    At {
        /// When.
        #[serde(serialize_with = "shown::text")]
        at: Timestamp,
    },
    /// A hold kept it past its time; the action followed the release.
    AfterHold {
        /// When the hold was released.
        #[serde(serialize_with = "shown::text")]
        at: Timestamp,
        /// When its time was up.
        #[serde(serialize_with = "shown::text")]
        due: Timestamp,
    },
    /// A hold keeps it until somebody releases it, from its due time on for nothing else.
    Held {
        /// When its time is up; `None`: nothing ends it.
        #[serde(serialize_with = "shown::text_or_none")]
        due: Option<Timestamp>,
    },
    /// Nothing ends it.
    Never,
}

/// Where a record stands at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// It has yet to be made.
    NotMade,
    /// It is kept and may be used.
    Kept,
    /// Its time is up; a hold keeps it, and it is used for nothing but what the hold serves.
    HeldOnly,
    /// Its time is up.
    Gone,
}

/// A record's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Life {
    /// What is kept.
    #[serde(serialize_with = "shown::text")]
    pub category: Category,
    /// For what.
    #[serde(serialize_with = "shown::text")]
    pub purpose: Purpose,
    /// The rule in words.
    pub rule: String,
    /// The points of the time line, first to last.
    pub steps: Vec<Step>,
    /// How it ends.
    pub ending: Ending,
    /// The clause by which it ends.
    #[serde(serialize_with = "shown::text")]
    pub clause: Clause,
    /// What is done with it then.
    #[serde(serialize_with = "action_text")]
    pub action: Action,
    /// Why a request for erasure does not reach it; `None`: it does.
    #[serde(serialize_with = "exemption_text")]
    pub kept_from_erasure: Option<ErasureExemption>,
    /// Where it stands at the time that was asked for, with what had happened by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Look>,
}

/// A look at the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// When.
    #[serde(serialize_with = "shown::text")]
    pub time: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
    /// Until when it was kept, as far as was known then.
    #[serde(serialize_with = "shown::text_or_none")]
    pub kept_until: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn action_text<S: serde::Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(action.as_str())
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn exemption_text<S: serde::Serializer>(value: &Option<ErasureExemption>, serializer: S) -> Result<S::Ok, S::Error> {
    let map: Option<BTreeMap<_, _>> = value.as_ref().map(|exemption| {
        BTreeMap::from([
            ("reason", exemption.reason.as_str()),
            ("article", exemption.article.as_str()),
            ("clause", exemption.clause.as_str()),
        ])
    });
    map.serialize(serializer)
}

/// Tells a record's life: made at that time, met by these events in whatever order they are given.
///
/// # Errors
/// [`OutOfCalendar`] if the rule's duration cannot be added.
pub fn simulate(
    policy: &Policy,
    rule: &RetentionRule,
    made: Timestamp,
    events: &[(EventName, Timestamp)],
    at: Option<Timestamp>,
) -> Result<Life, OutOfCalendar> {
    let mut events: Vec<_> = events.to_vec();
    // At one time the order of arrival counts for nothing: the clock folds by when things happened.
    events.sort_by(|(a, x), (b, y)| (x, a).cmp(&(y, b)));
    let run = Run::of(policy, rule, made, &events)?;
    let at = at.map(|time| look(policy, rule, made, &events, time)).transpose()?;
    Ok(Life {
        category: rule.category.clone(),
        purpose: rule.purpose.clone(),
        rule: words::kept(rule, Voice::Operator),
        ending: run.ending(),
        clause: run.clause.clone(),
        steps: run.steps,
        action: rule.action,
        kept_from_erasure: rule.exemption.clone(),
        at,
    })
}

fn look(
    policy: &Policy,
    rule: &RetentionRule,
    made: Timestamp,
    events: &[(EventName, Timestamp)],
    time: Timestamp,
) -> Result<Look, OutOfCalendar> {
    if time < made {
        return Ok(Look { time, state: State::NotMade, kept_until: None });
    }
    let by_then = events.partition_point(|(_, at)| *at <= time);
    let run = Run::of(policy, rule, made, events.get(..by_then).unwrap_or_default())?;
    let is_over = run.due.is_some_and(|due| due <= time);
    let state = match (is_over, run.gone.is_some(), run.holds.is_empty()) {
        (false, false, _) => State::Kept,
        (true, false, false) => State::HeldOnly,
        _ => State::Gone,
    };
    Ok(Look { time, state, kept_until: run.due })
}

/// A record as the events pass by.
struct Run<'p> {
    policy: &'p Policy,
    rule: &'p RetentionRule,
    clock: RetentionClock,
    due: Option<Timestamp>,
    clause: Clause,
    switched: bool,
    /// The holds that keep it, by their number in the policy.
    holds: BTreeSet<usize>,
    /// When it was deleted.
    gone: Option<Timestamp>,
    steps: Vec<Step>,
}

impl<'p> Run<'p> {
    fn of(
        policy: &'p Policy,
        rule: &'p RetentionRule,
        made: Timestamp,
        events: &[(EventName, Timestamp)],
    ) -> Result<Self, OutOfCalendar> {
        let clock = RetentionClock::new(made);
        let due = clock.due(rule, &policy.time_zone)?;
        let mut run = Self {
            policy,
            rule,
            clock,
            due,
            clause: rule.clause.clone(),
            switched: false,
            holds: BTreeSet::new(),
            gone: None,
            steps: Vec::new(),
        };
        let mut is_made = false;
        for (event, at) in events {
            if *at >= made && !is_made {
                is_made = true;
                run.step(made, None, Effect::Made, None);
            }
            run.meet(event, *at)?;
        }
        if !is_made {
            run.step(made, None, Effect::Made, None);
        }
        Ok(run)
    }

    fn step(&mut self, at: Timestamp, event: Option<&EventName>, effect: Effect, hold: Option<HoldStep>) {
        self.steps.push(Step {
            at,
            event: event.cloned(),
            effect,
            hold,
            kept_until: self.due,
            clause: self.clause.clone(),
            held: !self.holds.is_empty(),
        });
    }

    fn meet(&mut self, event: &EventName, at: Timestamp) -> Result<(), OutOfCalendar> {
        if at < self.clock.created_at {
            self.step(at, Some(event), Effect::BeforeMade, None);
            return Ok(());
        }
        if self.gone.is_none() && self.holds.is_empty() && self.due.is_some_and(|due| due < at) {
            self.gone = self.due;
        }
        if self.gone.is_some() {
            self.step(at, Some(event), Effect::Expired, None);
            return Ok(());
        }
        let (due, switched) = (self.due, self.switched);
        let had = self.clock.firsts.contains_key(event);
        self.clock.note(self.rule, event, at, &self.policy.time_zone)?;
        self.due = self.clock.due(self.rule, &self.policy.time_zone)?;
        self.switched = self.clock.switched_at(self.rule, &self.policy.time_zone)?.is_some();
        if let (true, Some(switch)) = (self.switched, &self.rule.switch) {
            self.clause = switch.clause.clone();
        }
        let hold = self.hold(event, at)?;
        let effect = self.effect(event, at, due, switched, had, hold.is_some());
        self.step(at, Some(event), effect, hold);
        Ok(())
    }

    /// Places or releases a hold. What is released after the record's time is up goes at once.
    fn hold(&mut self, event: &EventName, at: Timestamp) -> Result<Option<HoldStep>, OutOfCalendar> {
        let mut step = None;
        for (number, rule) in self.policy.holds.iter().enumerate() {
            if rule.on.as_ref() == Some(event) && !self.holds.contains(&number) {
                self.holds.insert(number);
                let review_at = domain::retention::after(at, &rule.review_after, &self.policy.time_zone)?;
                step = Some(HoldStep::Placed { reason: rule.reason, review_at, clause: rule.clause.clone() });
            } else if rule.release_on.as_ref() == Some(event) && self.holds.remove(&number) {
                step = Some(HoldStep::Released { reason: rule.reason, clause: rule.clause.clone() });
            }
        }
        if let (Some(HoldStep::Released { .. }), true, Some(due)) = (&step, self.holds.is_empty(), self.due)
            && due <= at
        {
            self.gone = Some(at);
        }
        Ok(step)
    }

    fn effect(
        &self,
        event: &EventName,
        at: Timestamp,
        due: Option<Timestamp>,
        switched: bool,
        had: bool,
        holds: bool,
    ) -> Effect {
        if self.switched && !switched {
            return Effect::Switched;
        }
        match (due, self.due) {
            (Some(before), Some(after)) if after > before => return Effect::Renewed,
            (before, after) if before != after => return Effect::Ended,
            _ => {}
        }
        let base = self.rule.period.listens_to(event);
        let then = self.rule.switch.as_ref().is_some_and(|switch| switch.then.listens_to(event));
        let switches = self.rule.switch.as_ref().is_some_and(|switch| switch.on == *event);
        if !(base || then || switches) {
            return match (holds, self.policy.knows_event(event)) {
                (true, _) => Effect::HoldOnly,
                (false, true) => Effect::Unheard,
                (false, false) => Effect::Unknown,
            };
        }
        let counting = match (&self.rule.switch, self.switched) {
            (Some(switch), true) => &switch.then,
            _ => &self.rule.period,
        };
        if due.is_some_and(|due| due < at) {
            // A hold keeps the record; its life is over all the same.
            return Effect::Expired;
        }
        if !counting.listens_to(event) {
            return match (switches, self.switched) {
                (true, _) => Effect::Settled,
                (false, true) => Effect::Superseded,
                (false, false) => Effect::TooEarlyForSwitch,
            };
        }
        match counting {
            Period::Sliding { max: Some(_), .. } => Effect::Capped,
            Period::UntilEvent { max: Some(_), .. } if !had => Effect::Capped,
            _ => Effect::Settled,
        }
    }

    fn ending(&self) -> Ending {
        match (self.gone, self.due) {
            (Some(at), Some(due)) if at > due => Ending::AfterHold { at, due },
            (Some(at), _) => Ending::At { at },
            (None, due) if !self.holds.is_empty() => Ending::Held { due },
            (None, Some(at)) => Ending::At { at },
            (None, None) => Ending::Never,
        }
    }
}
