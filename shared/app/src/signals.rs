//! Signals of detectors: taken in, told to the office, decided on by a person. None is dropped and none becomes a
//! breach by itself.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{BreachId, ControllerId, SignalId, StaffId},
    limits::{Limit, LimitKey},
    policy::Policy,
    signal::{Dismissal, Finding, SIGNAL_DIGEST_HOURS, SIGNAL_REMINDER_HOURS, Signal, SignalRefused},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    deadlines::{self, CLOCK_SHARDS, Deadline, DeadlineKind, Deadlines, Urgency},
    error::{Appended, PortError},
    keys::{ControllerKeys, Keys},
    letters,
    limits::Counters,
    mail::Mailer,
};

/// Most signals on one page of the list.
pub const SIGNALS_PAGE_MAX: usize = 50;

/// Most signals looked at in one shard and run. What is left stays earliest due, and the next run begins with it.
pub const SIGNALS_LOOKED_AT_MAX: usize = 500;

/// Most signals that one reminder names; it counts the others.
const SIGNALS_NAMED_MAX: usize = 20;

/// How often a change is tried again when somebody was faster.
const TRIES: usize = 5;

/// A page of a controller's signals, the gravest first and of those the oldest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignalPage {
    /// The signals.
    pub signals: Vec<Signal>,
    /// From where the next page goes on; `None`: this is the last.
    pub next: Option<String>,
}

/// The port to signals.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait SignalStore {
    /// Keeps a signal unless one stands under its identifier.
    ///
    /// MUST make it findable by its next date and in the list.
    async fn keep_signal(
        &self,
        controller: &ControllerId,
        signal: &Signal,
        next_at: Timestamp,
    ) -> Result<Appended<Signal>, PortError>;

    /// A signal. MUST see every write that has returned.
    async fn signal(&self, controller: &ControllerId, signal: &SignalId) -> Result<Option<Signal>, PortError>;

    /// Writes a signal over that of the version before; `false`: it has gone on meanwhile, and nothing was written.
    /// One that is open keeps its next date, or gets this one; one that is not has none.
    async fn change_signal(
        &self,
        controller: &ControllerId,
        signal: &Signal,
        next_at: Option<Timestamp>,
    ) -> Result<bool, PortError>;

    /// Moves the next date of a signal; one that is decided on has none, and gets none.
    async fn put_off_signal(
        &self,
        controller: &ControllerId,
        signal: &SignalId,
        next_at: Timestamp,
    ) -> Result<(), PortError>;

    /// A page of a controller's open signals, or of the others, from a cursor on.
    async fn signals(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<SignalPage, PortError>;

    /// Open signals of a shard whose next date has come by then, earliest first, at most so many.
    async fn due_signals(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ControllerId, SignalId)>, PortError>;
}

/// Whose a finding is: those controllers' whose policies name what it is about. If none does, it is everybody's: a
/// person can dismiss what is not theirs, and nobody sees what was dropped.
pub fn whose<'a>(policies: &[&'a Policy], finding: &Finding) -> Vec<&'a Policy> {
    let concerns = |policy: &&&Policy| policy.breach.concerns(finding.account.as_deref(), &finding.arns);
    let named: Vec<_> = policies.iter().filter(concerns).copied().collect();
    if named.is_empty() { policies.to_vec() } else { named }
}

/// The name of a finding as a signal, under a controller's newest pepper and each earlier one.
fn names(keys: &ControllerKeys, finding: &Finding) -> (SignalId, Vec<SignalId>) {
    let parts = [finding.source.as_str(), &finding.id];
    (keys.pepper.derive(&parts), keys.earlier.iter().map(|pepper| pepper.derive(&parts)).collect())
}

/// Takes in a finding for a controller, once however often it comes, and tells the office of one that is new or that
/// became graver. At most [`Limit::SignalMails`] mails an hour tell of one signal each; the clock tells of the others
/// together.
///
/// # Errors
/// [`PortError`]; taking it in again goes on. A mail that was lost in between is made up for by the clock.
pub async fn take_in<P: SignalStore + Keys + Counters + Mailer>(
    policy: &Policy,
    ports: &P,
    finding: Finding,
    at: Timestamp,
) -> Result<Signal, PortError> {
    let controller = &policy.controller;
    let keys = ports.controller(controller).await?;
    let (mut id, earlier) = names(&keys, &finding);
    for name in earlier {
        // The pepper changed since it came first.
        if ports.signal(controller, &name).await?.is_some() {
            id = name;
            break;
        }
    }
    let arrived = Signal::new(id, finding, at);
    let soon = at.saturating_add(SIGNAL_DIGEST_HOURS.hours()).unwrap_or(Timestamp::MAX);
    let told = match ports.keep_signal(controller, &arrived, soon).await? {
        Appended::Fresh => arrived,
        Appended::Existing(stands) => match see_again(ports, controller, stands, &arrived, soon).await? {
            (signal, true) => signal,
            (signal, false) => return Ok(signal),
        },
    };
    let mails = LimitKey::new(controller, Limit::SignalMails, keys.pepper.derive(&["signals"]), at);
    if ports.count(&mails).await? <= Limit::SignalMails.rule().most {
        ports.send(&letters::signal(policy, &told)).await?;
        let tomorrow = at.saturating_add(SIGNAL_REMINDER_HOURS.hours()).unwrap_or(Timestamp::MAX);
        ports.put_off_signal(controller, &told.id, tomorrow).await?;
    }
    Ok(told)
}

/// Notes that a finding came again; whether it became graver while somebody has to decide on it.
async fn see_again<P: SignalStore>(
    ports: &P,
    controller: &ControllerId,
    mut stands: Signal,
    arrived: &Signal,
    soon: Timestamp,
) -> Result<(Signal, bool), PortError> {
    for _ in 0..TRIES {
        let Some(next) = stands.seen_again(arrived) else { return Ok((stands, false)) };
        let is_graver = next.is_open() && next.gravest() > stands.gravest();
        if ports.change_signal(controller, &next, is_graver.then_some(soon)).await? {
            return Ok((next, is_graver));
        }
        stands = ports.signal(controller, &stands.id).await?.ok_or_else(missing)?;
    }
    Err(PortError::Conflict { what: "a signal" })
}

fn missing() -> PortError {
    PortError::corrupt("a signal", "it is not stored")
}

/// Why nothing was done about a signal.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// There is no such signal.
    #[error("there is no signal {0}")]
    Unknown(SignalId),
    /// It cannot happen to it.
    #[error(transparent)]
    Refused(#[from] SignalRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Writes that a person looked at a signal, and that it is no breach.
///
/// # Errors
/// [`SignalError`]; nothing is written then.
pub async fn dismiss<P: SignalStore>(
    policy: &Policy,
    ports: &P,
    signal: &SignalId,
    (by, reason): (StaffId, String),
    at: Timestamp,
) -> Result<Signal, SignalError> {
    let dismissal = Dismissal { at, by, reason };
    change(ports, &policy.controller, signal, |stands| stands.dismiss(dismissal.clone())).await
}

/// Refuses signals that are unknown or belong to another breach: asked before a breach is declared from them.
///
/// # Errors
/// [`SignalError`] about the first of them.
pub async fn check<P: SignalStore>(
    policy: &Policy,
    ports: &P,
    signals: impl IntoIterator<Item = &SignalId>,
    breach: Option<&BreachId>,
) -> Result<(), SignalError> {
    for id in signals {
        let Some(signal) = ports.signal(&policy.controller, id).await? else {
            return Err(SignalError::Unknown(id.clone()));
        };
        if signal.linked.as_ref().is_some_and(|(first, _)| Some(first) != breach) {
            return Err(SignalRefused::Linked.into());
        }
    }
    Ok(())
}

/// Writes to which breach signals belong. Doing it again changes nothing.
///
/// # Errors
/// [`SignalError`]; linking them again goes on where it stopped, and the clock brings up what nobody linked.
pub async fn link<P: SignalStore>(
    policy: &Policy,
    ports: &P,
    signals: impl IntoIterator<Item = &SignalId>,
    breach: &BreachId,
    at: Timestamp,
) -> Result<(), SignalError> {
    for id in signals {
        change(ports, &policy.controller, id, |stands| stands.link(breach, at)).await?;
    }
    Ok(())
}

async fn change<P: SignalStore>(
    ports: &P,
    controller: &ControllerId,
    id: &SignalId,
    of: impl Fn(&Signal) -> Result<Signal, SignalRefused>,
) -> Result<Signal, SignalError> {
    for _ in 0..TRIES {
        let stands = ports.signal(controller, id).await?.ok_or_else(|| SignalError::Unknown(id.clone()))?;
        let next = of(&stands)?;
        if next == stands || ports.change_signal(controller, &next, None).await? {
            return Ok(next);
        }
    }
    Err(PortError::Conflict { what: "a signal" }.into())
}

/// What a run of the clock found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reminded {
    /// Signals that wait for a decision and were due to be brought up.
    pub waiting: usize,
    /// Mails sent.
    pub mails: usize,
    /// Shards in which more were due than one run looks at.
    pub full_shards: usize,
    /// Signals of controllers that have no policy here: nobody to tell.
    pub without_policy: usize,
    /// Signals that could not be brought up; the next run tries again.
    pub failed: usize,
}

/// Tells each office in one mail of the signals that nobody has told it of, or that have waited for a day: one mail in
/// an hour at most. One that cannot be told does not hold up the others. A dry run only counts.
///
/// # Errors
/// [`PortError`] where not even the dates can be read.
pub async fn remind<P: SignalStore + Deadlines + Mailer>(
    ports: &P,
    policies: &[&Policy],
    at: Timestamp,
    dry_run: bool,
) -> Result<Reminded, PortError> {
    let mut reminded = Reminded::default();
    let mut due: BTreeMap<ControllerId, BTreeSet<SignalId>> = BTreeMap::new();
    for shard in 0..CLOCK_SHARDS {
        let found = ports.due_signals(shard, at, SIGNALS_LOOKED_AT_MAX).await?;
        reminded.full_shards += usize::from(found.len() >= SIGNALS_LOOKED_AT_MAX);
        for (controller, signal) in found {
            due.entry(controller).or_default().insert(signal);
        }
    }
    for (controller, signals) in due {
        reminded.waiting += signals.len();
        if dry_run {
            continue;
        }
        let policy = policies.iter().find(|policy| policy.controller == controller).copied();
        reminded.without_policy += if policy.is_none() { signals.len() } else { 0 };
        match bring_up(ports, (&controller, policy), &signals, at).await {
            Ok(is_mailed) => reminded.mails += usize::from(is_mailed),
            Err(_) => reminded.failed += signals.len(),
        }
    }
    Ok(reminded)
}

/// Tells one office, if there is one, and brings its signals up again tomorrow; whether a mail went out.
async fn bring_up<P: SignalStore + Deadlines + Mailer>(
    ports: &P,
    (controller, policy): (&ControllerId, Option<&Policy>),
    signals: &BTreeSet<SignalId>,
    at: Timestamp,
) -> Result<bool, PortError> {
    let mut is_mailed = false;
    if let Some(policy) = policy {
        let page = ports.signals(controller, true, None, SIGNALS_NAMED_MAX).await?;
        // The index is a moment behind: what was decided on meanwhile is brought up no more.
        is_mailed = !page.signals.is_empty() && mail_once(ports, policy, &page, at).await?;
    }
    let tomorrow = at.saturating_add(SIGNAL_REMINDER_HOURS.hours()).unwrap_or(Timestamp::MAX);
    for signal in signals {
        ports.put_off_signal(controller, signal, tomorrow).await?;
    }
    Ok(is_mailed)
}

/// One mail an hour at most, however often the run of that hour is tried.
async fn mail_once<P: Deadlines + Mailer>(
    ports: &P,
    policy: &Policy,
    page: &SignalPage,
    at: Timestamp,
) -> Result<bool, PortError> {
    let hour = at.strftime("%Y-%m-%dT%H").to_string();
    let claim =
        Deadline { controller: policy.controller.clone(), kind: DeadlineKind::Signals, id: hour.clone(), due_at: at };
    let letter = letters::signals(policy, &page.signals, page.next.is_some(), &hour);
    deadlines::warn_once(ports, (&claim, Urgency::Missed), &letter, at).await
}
