//! Planning what is stored anew when the policy changes: by a walk through the controller's records.
//!
//! One item per controller says by which policy its records are planned, and which one comes next. Each
//! tick of the clock looks whether that is still the policy in force. A walk begins only some time after a
//! new policy was first seen: until then a function of the old version may register behind its back.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::{
    ids::{Category, ControllerId, Purpose},
    policy::{Policy, PolicyHash},
    record::Record,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    capture_consent::ConsentLedger,
    error::PortError,
    notice_change::NoticeChanges,
    records::{self, RecordError, RecordStore},
    walk::{RecordScan, WALK_SEGMENTS},
};

/// How long after a new policy was first seen its walk begins: longer than a deployment goes on and an
/// invocation of the old version lasts.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// How often a walk that is on is asked to go on, in minutes, and how far apart ticks are at most: a message is seldom
/// lost, and asking at every tick would only have others read what this one walks through.
const ASKED_TO_GO_ON: (i64, i64) = (60, 10);

/// By which policy a controller's records are planned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Planning {
    /// The policy by which all of them are; `None`: no walk has ended yet.
    pub policy: Option<PolicyHash>,
    /// The one that comes next.
    pub next: Option<Next>,
    /// How often this was written, for optimistic writes.
    pub revision: u64,
}

/// A policy that is to plan what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Which.
    pub policy: PolicyHash,
    /// When it was first seen.
    pub since: Timestamp,
    /// When its walk began.
    pub walk: Option<Timestamp>,
}

/// The port to what is planned by which policy.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait PlanningStore {
    /// How a controller stands; the default if nothing is stored. MUST see every write that has returned.
    async fn planning(&self, controller: &ControllerId) -> Result<Planning, PortError>;

    /// Replaces it. Answers whether it did: MUST do nothing unless the stored revision is one less.
    async fn put_planning(&self, controller: &ControllerId, planning: &Planning) -> Result<bool, PortError>;
}

/// What is to be done at a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Move {
    /// Nothing: all is planned by the policy in force.
    Rest,
    /// It is noted that another policy comes, or comes no more.
    Note(Option<Next>),
    /// Its walk begins.
    Begin(Next),
    /// Its walk is on: it is asked to go on, should a message of it have been lost.
    GoOn(Timestamp),
}

impl Planning {
    fn at_tick(&self, policy: &PolicyHash, at: Timestamp) -> Move {
        let seen = Next { policy: policy.clone(), since: at, walk: None };
        match &self.next {
            None if self.policy.as_ref() == Some(policy) => Move::Rest,
            None => Move::Note(Some(seen)),
            Some(next) if next.policy == *policy => match next.walk {
                Some(walk) if at.duration_since(walk).as_mins() % ASKED_TO_GO_ON.0 < ASKED_TO_GO_ON.1 => {
                    Move::GoOn(walk)
                }
                Some(_) => Move::Rest,
                None if at.duration_since(next.since) < SETTLED_AFTER => Move::Rest,
                None => Move::Begin(Next { walk: Some(at), ..next.clone() }),
            },
            // The policy is taken back before anything was planned by the one that was to come.
            Some(next) if next.walk.is_none() && self.policy.as_ref() == Some(policy) => Move::Note(None),
            Some(_) => Move::Note(Some(seen)),
        }
    }
}

/// Looks whether a controller's records are planned by the policy in force; answers the walk that is to be
/// begun or to go on, if any. The same tick twice begins the same walk.
///
/// # Errors
/// [`PortError`].
pub async fn tick<P: PlanningStore>(ports: &P, policy: &Policy, at: Timestamp) -> Result<Option<Timestamp>, PortError> {
    let planning = ports.planning(&policy.controller).await?;
    let (next, walk) = match planning.at_tick(&policy.hash, at) {
        Move::Rest => return Ok(None),
        Move::GoOn(walk) => return Ok(Some(walk)),
        Move::Note(next) => (next, None),
        Move::Begin(next) => (Some(next), Some(at)),
    };
    let planning = Planning { next, revision: planning.revision + 1, ..planning };
    // Whoever was first has begun it, or the next tick does.
    let is_first = ports.put_planning(&policy.controller, &planning).await?;
    Ok(walk.filter(|_| is_first))
}

/// Begins the walk of the policy in force now, whatever was planned before; answers when it began.
///
/// # Errors
/// [`PortError`]: a conflict if somebody else begins one right now.
pub async fn begin<P: PlanningStore>(ports: &P, policy: &Policy, at: Timestamp) -> Result<Timestamp, PortError> {
    let planning = ports.planning(&policy.controller).await?;
    let next = Next { policy: policy.hash.clone(), since: at, walk: Some(at) };
    let planning = Planning { next: Some(next), revision: planning.revision + 1, ..planning };
    match ports.put_planning(&policy.controller, &planning).await? {
        true => Ok(at),
        false => Err(PortError::Conflict { what: "planning" }),
    }
}

/// What a policy would do to the records of one category and purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// They end earlier.
    pub earlier: u64,
    /// They end later, or no more by themselves.
    pub later: u64,
    /// They keep their end.
    pub stay: u64,
    /// Of those that end earlier: they are due at once.
    pub due_at_once: u64,
    /// Of those that are due at once: a hold keeps them for now.
    pub held: u64,
    /// Their end has passed already: no policy revives them.
    pub expired: u64,
    /// The policy has no rule for them any more: they keep the clock that they have.
    pub without_rule: u64,
}

/// What a policy would do to a controller's records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Previewed {
    /// By category and purpose.
    pub kinds: BTreeMap<(Category, Purpose), Preview>,
    /// Records that cannot be read.
    pub unreadable: u64,
}

/// Walks through a controller's records with a policy that is not in force, and counts what it would move. Writes
/// nothing.
///
/// # Errors
/// [`RecordError`].
pub async fn preview<P: RecordScan + RecordStore + ConsentLedger + NoticeChanges>(
    policy: &Policy,
    ports: &P,
    now: Timestamp,
) -> Result<Previewed, RecordError> {
    let mut previewed = Previewed::default();
    for segment in 0..WALK_SEGMENTS {
        let mut from: Option<String> = None;
        loop {
            let page = ports.scan_records(&policy.controller, segment, from.as_deref()).await?;
            previewed.unreadable += page.unreadable;
            for record in &page.records {
                let kind = (record.category.clone(), record.purpose.clone());
                let has_rule = policy.retention.contains_key(&kind);
                let counts = previewed.kinds.entry(kind).or_default();
                if record.is_expired(now) {
                    counts.expired += 1;
                } else if has_rule {
                    let planned = records::would_replan(policy, ports, record, now).await?;
                    counts.count(record, planned.as_ref(), now);
                } else {
                    counts.without_rule += 1;
                }
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(previewed)
}

impl Preview {
    fn count(&mut self, record: &Record, planned: Option<&Record>, now: Timestamp) {
        // Nothing ends later than what has no end.
        let end = |record: &Record| record.due_at.unwrap_or(Timestamp::MAX);
        match planned.map(|planned| (planned, end(planned).cmp(&end(record)))) {
            Some((planned, Ordering::Less)) => {
                self.earlier += 1;
                let is_due = planned.is_expired(now);
                self.due_at_once += u64::from(is_due);
                self.held += u64::from(is_due && record.is_held());
            }
            Some((_, Ordering::Greater)) => self.later += 1,
            Some((_, Ordering::Equal)) | None => self.stay += 1,
        }
    }
}

/// Whether a function may go on with a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayWalk {
    /// Yes: it plans by the policy that the walk is for.
    Yes,
    /// Another walk took its place, or it has ended.
    Over,
    /// Not this function: its policy is another version than the walk's. Another one may.
    NotThis,
}

/// Whether a walk that began then may go on by this policy.
///
/// # Errors
/// [`PortError`].
pub async fn may_walk<P: PlanningStore>(ports: &P, policy: &Policy, walk: Timestamp) -> Result<MayWalk, PortError> {
    Ok(match ports.planning(&policy.controller).await?.next {
        Some(next) if next.walk != Some(walk) => MayWalk::Over,
        Some(next) if next.policy == policy.hash => MayWalk::Yes,
        Some(_) => MayWalk::NotThis,
        None => MayWalk::Over,
    })
}

/// Notes that the walk which began then is through. Noting it again changes nothing.
///
/// # Errors
/// [`PortError`].
pub async fn done<P: PlanningStore>(ports: &P, policy: &Policy, walk: Timestamp) -> Result<(), PortError> {
    let planning = ports.planning(&policy.controller).await?;
    let Some(next) = planning.next.filter(|next| next.walk == Some(walk) && next.policy == policy.hash) else {
        return Ok(());
    };
    let planning = Planning { policy: Some(next.policy), next: None, revision: planning.revision + 1 };
    // Who was first has noted it, or another policy came: the next tick sees which.
    ports.put_planning(&policy.controller, &planning).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap()
    }

    fn hash(name: &str) -> PolicyHash {
        PolicyHash::from_hex(name)
    }

    fn planned(policy: &str, next: Option<(&str, i64, Option<i64>)>) -> Planning {
        let next =
            next.map(|(policy, since, walk)| Next { policy: hash(policy), since: at(since), walk: walk.map(at) });
        Planning { policy: Some(hash(policy)), next, revision: 4 }
    }

    #[test]
    fn a_policy_in_force_rests_and_another_is_waited_for() {
        assert_eq!(planned("a", None).at_tick(&hash("a"), at(0)), Move::Rest);
        let seen = Next { policy: hash("b"), since: at(0), walk: None };
        assert_eq!(planned("a", None).at_tick(&hash("b"), at(0)), Move::Note(Some(seen.clone())));
        assert_eq!(Planning::default().at_tick(&hash("b"), at(0)), Move::Note(Some(seen)));
        assert_eq!(planned("a", Some(("b", 0, None))).at_tick(&hash("b"), at(29)), Move::Rest);
        let begun = Next { policy: hash("b"), since: at(0), walk: Some(at(30)) };
        assert_eq!(planned("a", Some(("b", 0, None))).at_tick(&hash("b"), at(30)), Move::Begin(begun));
        assert_eq!(planned("a", Some(("b", 0, Some(30)))).at_tick(&hash("b"), at(90)), Move::GoOn(at(30)));
        assert_eq!(planned("a", Some(("b", 0, Some(30)))).at_tick(&hash("b"), at(40)), Move::Rest);
        // A tick that is sent again begins what it began.
        assert_eq!(planned("a", Some(("b", 0, Some(30)))).at_tick(&hash("b"), at(30)), Move::GoOn(at(30)));
    }

    #[test]
    fn a_policy_that_changes_again_meanwhile_starts_again() {
        let seen = |policy| Move::Note(Some(Next { policy: hash(policy), since: at(90), walk: None }));
        assert_eq!(planned("a", Some(("b", 0, Some(30)))).at_tick(&hash("c"), at(90)), seen("c"));
        // Taken back while its walk was on: some records are planned by it, so all are walked again.
        assert_eq!(planned("a", Some(("b", 0, Some(30)))).at_tick(&hash("a"), at(90)), seen("a"));
        // Taken back before: there is nothing to do.
        assert_eq!(planned("a", Some(("b", 0, None))).at_tick(&hash("a"), at(90)), Move::Note(None));
    }
}
