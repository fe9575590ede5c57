//! The course of a request: what can happen to it, in which order, and where it then stands. One state
//! machine; `docs/REQUESTS.md` draws it from what this file does.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use super::{Acting, ActingAs, ExtensionGround, Outcome, RefusalGround, RequestType};
use crate::{
    ids::{Category, Ground, IdentifierKind, PointHash, Purpose, RequestId, StaffId, SystemId},
    language::Language,
    place::Place,
    policy::{Regime, VerificationRule},
};

/// How a requester was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifiedBy {
    /// The policy asks for none.
    NotNeeded,
    /// They opened the link sent to the address the request is about.
    Mail,
    /// They typed the code sent to that address.
    Code,
    /// So many distinct points matched what is stored.
    Points(u8),
    /// A token of the account that the request is about.
    Account,
    /// Somebody of the office saw who they are.
    Office,
}

impl VerifiedBy {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotNeeded => "not-needed",
            Self::Mail => "mail",
            Self::Code => "code",
            Self::Points(_) => "points",
            Self::Account => "account",
            Self::Office => "office",
        }
    }
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What is asked for.
    pub request: RequestType,
    /// When it was received: the clock runs from here.
    pub at: Timestamp,
    /// The first instant at which an answer is late.
    pub due_at: Timestamp,
    /// The law and article that say so.
    pub due_by_law: String,
    /// The laws whose clocks run for it; empty: all of the policy's.
    pub regimes: Vec<Regime>,
    /// Where the person says that they live.
    pub residence: Option<Place>,
    /// The language in which they are written to.
    pub language: Language,
    /// What kind of identifier the person gave.
    pub identifier: IdentifierKind,
    /// What the policy asks of the requester.
    pub verification: VerificationRule,
    /// Data points offered, as keyed hashes.
    pub points: Vec<PointHash>,
    /// The purposes that a withdrawal or an objection names; empty: all.
    pub purposes: Vec<Purpose>,
    /// Who asks for the person, where they do not ask themselves.
    pub acting: Option<Acting>,
    /// The controller's service that it is about, where it names one.
    pub service: Option<Ground>,
    /// The instructions for after death that it carries out, where nobody asks any more.
    pub following: Option<RequestId>,
    /// The request that an appeal is against.
    pub about: Option<RequestId>,
    /// Whether they declare under penalty of perjury to be who they say (11 CCR 7062(c)).
    pub declared: bool,
    /// Who of the office entered it, where it came by post, by telephone or by word of mouth.
    pub entered_by: Option<StaffId>,
}

impl Received {
    /// A request with nothing special about it: verified by nothing, in English.
    pub fn new(request: RequestType, identifier: IdentifierKind, at: Timestamp, due: (Timestamp, String)) -> Self {
        Self {
            request,
            at,
            due_at: due.0,
            due_by_law: due.1,
            regimes: Vec::new(),
            residence: None,
            language: Language::English,
            identifier,
            verification: VerificationRule::None,
            points: Vec::new(),
            purposes: Vec::new(),
            acting: None,
            service: None,
            following: None,
            about: None,
            declared: false,
            entered_by: None,
        }
    }

    /// Whether somebody asks who says that they succeed to the person: nothing shows it but what the
    /// office is shown.
    pub fn is_by_successor(&self) -> bool {
        self.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Successor)
    }
}

/// Who did something to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Who made it.
    Requester,
    /// Habeas itself, by rule.
    Product,
    /// Somebody of the office.
    Staff(StaffId),
    /// One of the controller's systems.
    System(SystemId),
}

/// What the office asks a requester for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// To show who they are (GDPR Art. 12(6)).
    Identity,
    /// To say what exactly they want (GDPR rec. 63; UK GDPR Art. 12A).
    Clarification,
}

impl Ask {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Identity, Self::Clarification];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Clarification => "clarification",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.as_str() == text)
    }
}

/// A part of an erasure or an answer that the office refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Which data.
    pub category: Category,
    /// Kept for what; `None`: for anything.
    pub purpose: Option<Purpose>,
    /// Why.
    pub ground: RefusalGround,
}

/// What the office decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Do what is asked, but for these.
    Approve {
        /// What is refused, item by item.
        except: Vec<Exception>,
    },
    /// Do none of it.
    Refuse(RefusalGround),
}

/// How a task in one of the controller's systems ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// Done, with so many records.
    Done {
        /// How many.
        records: u32,
    },
    /// The system holds nothing about the person.
    NotFound,
    /// It kept so many records.
    Kept {
        /// How many.
        records: u32,
        /// Why.
        ground: RefusalGround,
    },
    /// It handed data over, which stands under this object key.
    Delivered {
        /// The key in the bucket of exports.
        object: String,
    },
    /// The office goes on without it.
    GivenUp,
}

impl TaskEnd {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::NotFound => "not-found",
            Self::Kept { .. } => "kept",
            Self::Delivered { .. } => "delivered",
            Self::GivenUp => "given-up",
        }
    }
}

/// Something that happens to a request after its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The requester proved who they are.
    Verified(VerifiedBy),
    /// The office asks the requester; the question is kept beside.
    Asked(Ask),
    /// The requester answered; what they wrote is kept beside.
    Replied(Ask),
    /// Somebody takes it on.
    Claimed,
    /// They give it back.
    Released,
    /// It goes to somebody else.
    HandedOver(StaffId),
    /// A note, kept beside.
    Noted,
    /// Other laws' clocks run for it; the reason is kept beside.
    RegimesChanged(Vec<Regime>),
    /// The answer takes longer, which the person is told.
    Extended(ExtensionGround),
    /// Tasks go out to these systems.
    TasksOpened(Vec<SystemId>),
    /// One of them ended.
    TaskEnded(SystemId, TaskEnd),
    /// A ruling that a second person must approve.
    Proposed(Ruling),
    /// The second person approves it.
    Approved,
    /// The second person sends it back; the reason is kept beside.
    SentBack,
    /// The office decides; what it writes to the person is kept beside.
    Ruled(Ruling),
    /// The product decided, by rule or by the office's ruling.
    Decided(Outcome),
    /// The same was asked before: that request answers both.
    Merged(RequestId),
    /// The requester takes it back.
    Withdrawn,
    /// The office stops it; the reason is kept beside.
    Stopped,
    /// Nobody proved who they are, or answered, in time.
    Lapsed,
    /// A mail about it came back.
    MailFailed {
        /// Which: what its tag says after the request's number, such as `ack` or `e-3`.
        mail: String,
        /// How: the name of a [`crate::mail::MailFailure`].
        why: String,
    },
}

/// A kind of [`Act`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the kind of the act of its name")]
pub enum ActKind {
    Verified,
    Asked,
    Replied,
    Claimed,
    Released,
    HandedOver,
    Noted,
    RegimesChanged,
    Extended,
    TasksOpened,
    TaskEnded,
    Proposed,
    Approved,
    SentBack,
    Ruled,
    Decided,
    Merged,
    Withdrawn,
    Stopped,
    Lapsed,
    MailFailed,
}

impl ActKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::Verified,
        Self::Asked,
        Self::Replied,
        Self::Claimed,
        Self::Released,
        Self::HandedOver,
        Self::Noted,
        Self::RegimesChanged,
        Self::Extended,
        Self::TasksOpened,
        Self::TaskEnded,
        Self::Proposed,
        Self::Approved,
        Self::SentBack,
        Self::Ruled,
        Self::Decided,
        Self::Merged,
        Self::Withdrawn,
        Self::Stopped,
        Self::Lapsed,
        Self::MailFailed,
    ];

    /// The name on the wire and in the diagram.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Asked => "asked",
            Self::Replied => "replied",
            Self::Claimed => "claimed",
            Self::Released => "released",
            Self::HandedOver => "handed-over",
            Self::Noted => "noted",
            Self::RegimesChanged => "regimes-changed",
            Self::Extended => "extended",
            Self::TasksOpened => "tasks-opened",
            Self::TaskEnded => "task-ended",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::SentBack => "sent-back",
            Self::Ruled => "ruled",
            Self::Decided => "decided",
            Self::Merged => "merged",
            Self::Withdrawn => "withdrawn",
            Self::Stopped => "stopped",
            Self::Lapsed => "lapsed",
            Self::MailFailed => "mail-failed",
        }
    }
}

impl Act {
    /// Its kind.
    pub const fn kind(&self) -> ActKind {
        match self {
            Self::Verified(_) => ActKind::Verified,
            Self::Asked(_) => ActKind::Asked,
            Self::Replied(_) => ActKind::Replied,
            Self::Claimed => ActKind::Claimed,
            Self::Released => ActKind::Released,
            Self::HandedOver(_) => ActKind::HandedOver,
            Self::Noted => ActKind::Noted,
            Self::RegimesChanged(_) => ActKind::RegimesChanged,
            Self::Extended(_) => ActKind::Extended,
            Self::TasksOpened(_) => ActKind::TasksOpened,
            Self::TaskEnded(..) => ActKind::TaskEnded,
            Self::Proposed(_) => ActKind::Proposed,
            Self::Approved => ActKind::Approved,
            Self::SentBack => ActKind::SentBack,
            Self::Ruled(_) => ActKind::Ruled,
            Self::Decided(_) => ActKind::Decided,
            Self::Merged(_) => ActKind::Merged,
            Self::Withdrawn => ActKind::Withdrawn,
            Self::Stopped => ActKind::Stopped,
            Self::Lapsed => ActKind::Lapsed,
            Self::MailFailed { .. } => ActKind::MailFailed,
        }
    }
}

impl Act {
    /// Whether it is for them to do.
    pub fn is_for(&self, by: &Actor) -> bool {
        match self {
            Self::Asked(_)
            | Self::Claimed
            | Self::Released
            | Self::HandedOver(_)
            | Self::RegimesChanged(_)
            | Self::Extended(_)
            | Self::Proposed(_)
            | Self::Approved
            | Self::SentBack
            | Self::Ruled(_)
            | Self::Stopped
            | Self::Verified(VerifiedBy::Office) => matches!(by, Actor::Staff(_)),
            Self::Verified(_) => matches!(by, Actor::Requester | Actor::Product),
            // Whoever calls or writes by post is entered by the office.
            Self::Replied(_) | Self::Withdrawn => matches!(by, Actor::Requester | Actor::Staff(_)),
            Self::Noted | Self::Merged(_) => matches!(by, Actor::Product | Actor::Staff(_)),
            Self::Decided(_) | Self::Lapsed | Self::TasksOpened(_) | Self::MailFailed { .. } => {
                matches!(by, Actor::Product)
            }
            // A system ends its own task alone.
            Self::TaskEnded(system, _) => match by {
                Actor::System(by) => by == system,
                Actor::Product | Actor::Staff(_) => true,
                Actor::Requester => false,
            },
        }
    }

    /// Whether it adds to the history and changes nothing else: it can come after the end, too.
    const fn adds_only(&self) -> bool {
        matches!(self, Self::Noted | Self::MailFailed { .. })
    }

    /// Whether it brings a request nearer to its end. What does not can be repeated without end.
    const fn leads_on(&self) -> bool {
        !matches!(
            self,
            Self::Noted
                | Self::MailFailed { .. }
                | Self::Claimed
                | Self::Released
                | Self::HandedOver(_)
                | Self::RegimesChanged(_)
                | Self::Asked(_)
                | Self::SentBack
        )
    }
}

/// From so many entries on, a request takes only what brings it nearer to its end.
pub const HISTORY_ENTRIES_MAX: usize = 1_000;

/// One entry of a request's history. Its number is its place: the first after the receipt is 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What.
    pub act: Act,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The requester has yet to prove who they are.
    AwaitingVerification,
    /// The requester has yet to answer the office.
    AwaitingRequester,
    /// The product works on it.
    InProgress,
    /// A person of the office must decide.
    WithOffice,
    /// A second person must agree.
    AwaitingApproval,
    /// The office has decided; the product carries it out.
    Ruled,
    /// Systems of the controller work on it.
    AwaitingSystems,
    /// Answered.
    Answered,
    /// Refused, with the reason.
    Refused,
    /// Taken back.
    Withdrawn,
    /// Stopped by the office.
    Stopped,
    /// Answered with another.
    Merged,
    /// Nobody confirmed it in time.
    Lapsed,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 13] = [
        Self::AwaitingVerification,
        Self::AwaitingRequester,
        Self::InProgress,
        Self::WithOffice,
        Self::AwaitingApproval,
        Self::Ruled,
        Self::AwaitingSystems,
        Self::Answered,
        Self::Refused,
        Self::Withdrawn,
        Self::Stopped,
        Self::Merged,
        Self::Lapsed,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingVerification => "awaiting-verification",
            Self::AwaitingRequester => "awaiting-requester",
            Self::InProgress => "in-progress",
            Self::WithOffice => "with-office",
            Self::AwaitingApproval => "awaiting-approval",
            Self::Ruled => "ruled",
            Self::AwaitingSystems => "awaiting-systems",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Stopped => "stopped",
            Self::Merged => "merged",
            Self::Lapsed => "lapsed",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// Whether something is still owed.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Answered | Self::Refused | Self::Withdrawn | Self::Stopped | Self::Merged | Self::Lapsed)
    }

    /// The word for the person, who is not told of the office's inner steps.
    pub const fn for_requester(self) -> Self {
        match self {
            Self::WithOffice | Self::AwaitingApproval | Self::Ruled | Self::AwaitingSystems => Self::InProgress,
            stage => stage,
        }
    }
}

/// How a request ended other than by a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// Taken back.
    Withdrawn,
    /// Stopped by the office.
    Stopped,
    /// Answered with this one.
    Merged(&'a RequestId),
    /// Nobody confirmed it in time.
    Lapsed,
}

/// Why an act cannot happen to a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransitionRefused {
    /// The act.
    pub act: ActKind,
    /// Where the request stands.
    pub stage: Stage,
    /// What is in the way.
    pub why: Why,
}

/// What is in the way of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is closed.
    Closed,
    /// It does not happen at this stage.
    NotNow,
    /// The requester has proved who they are already.
    AlreadyVerified,
    /// Nothing of the kind was asked.
    NothingAsked,
    /// Somebody else has taken it on.
    ClaimedByAnother,
    /// Nobody has taken it on, or somebody else has.
    NotTheirs,
    /// It was extended before (GDPR Art. 12(3) allows it once).
    AlreadyExtended,
    /// No such task is open.
    NoSuchTask,
    /// Whoever proposed it can neither approve it nor send it back.
    SameEyes,
    /// It is not theirs to do: who decides, asks or stops is of the office, who carries out is the product.
    NotForThem,
    /// It names nothing.
    Nothing,
    /// A system that it names has had its task.
    HadItsTask,
    /// The requester has yet to prove who they are.
    NotVerified,
    /// It is not what the office has ruled, or nobody has ruled it.
    NotRuled,
    /// The history is full: what comes now must bring the request to its end.
    HistoryFull,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Closed,
        Self::NotNow,
        Self::AlreadyVerified,
        Self::NothingAsked,
        Self::ClaimedByAnother,
        Self::NotTheirs,
        Self::AlreadyExtended,
        Self::NoSuchTask,
        Self::SameEyes,
        Self::NotForThem,
        Self::Nothing,
        Self::HadItsTask,
        Self::NotVerified,
        Self::NotRuled,
        Self::HistoryFull,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NotNow => "not-now",
            Self::AlreadyVerified => "already-verified",
            Self::NothingAsked => "nothing-asked",
            Self::ClaimedByAnother => "claimed-by-another",
            Self::NotTheirs => "not-theirs",
            Self::AlreadyExtended => "already-extended",
            Self::NoSuchTask => "no-such-task",
            Self::SameEyes => "same-eyes",
            Self::NotForThem => "not-for-them",
            Self::Nothing => "nothing",
            Self::HadItsTask => "had-its-task",
            Self::NotVerified => "not-verified",
            Self::NotRuled => "not-ruled",
            Self::HistoryFull => "history-full",
        }
    }

    /// What is in the way, in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Closed => "it is closed",
            Self::NotNow => "that does not happen at this stage",
            Self::AlreadyVerified => "the requester has proved who they are already",
            Self::NothingAsked => "nothing of the kind was asked",
            Self::ClaimedByAnother => "somebody else has taken it on",
            Self::NotTheirs => "they have not taken it on",
            Self::AlreadyExtended => "it was extended before",
            Self::NoSuchTask => "no such task is open",
            Self::SameEyes => "whoever proposed it cannot look at it again",
            Self::NotForThem => "it is not theirs to do",
            Self::Nothing => "it names nothing",
            Self::HadItsTask => "a system that it names has had its task",
            Self::NotVerified => "the requester has yet to prove who they are",
            Self::NotRuled => "it is not what the office has ruled",
            Self::HistoryFull => "its history is full",
        }
    }
}

impl fmt::Display for TransitionRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a request that is {} cannot be {}: {}", self.stage.as_str(), self.act.as_str(), self.why.in_words())
    }
}

impl std::error::Error for TransitionRefused {}

/// A request and all that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestState {
    /// The request.
    pub received: Received,
    /// Its verification, if it happened.
    pub verified: Option<(Timestamp, VerifiedBy)>,
    /// Its latest outcome, if it is decided.
    pub decided: Option<(Timestamp, Outcome)>,
    /// All that happened to it, in order.
    pub history: Vec<Entry>,
}

/// What the list of requests shows of one, and by when somebody must look at it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Where it stands.
    pub stage: Stage,
    /// What is asked for.
    pub request: RequestType,
    /// The first instant at which its answer is late.
    pub due_at: Timestamp,
    /// When somebody or something must look at it again; `None` once it is closed, and only then.
    pub next_at: Option<Timestamp>,
    /// Who has taken it on.
    pub assignee: Option<StaffId>,
}

impl RequestState {
    /// A request to which nothing has happened yet.
    pub const fn new(received: Received) -> Self {
        Self { received, verified: None, decided: None, history: Vec::new() }
    }

    /// Folds a request and what is stored of its history, in order.
    pub fn fold(received: Received, history: impl IntoIterator<Item = Entry>) -> Self {
        let mut state = Self::new(received);
        for entry in history {
            state.take(entry);
        }
        state
    }

    fn take(&mut self, entry: Entry) {
        match &entry.act {
            Act::Verified(by) => self.verified = self.verified.or(Some((entry.at, *by))),
            Act::Decided(outcome) => self.decided = Some((entry.at, outcome.clone())),
            _ => {}
        }
        self.history.push(entry);
    }

    /// The state after one more entry.
    ///
    /// # Errors
    /// [`TransitionRefused`] if it cannot happen now.
    pub fn after(&self, entry: Entry) -> Result<Self, TransitionRefused> {
        self.check(&entry)?;
        let mut state = self.clone();
        state.take(entry);
        Ok(state)
    }

    /// Checks whether an entry can come next.
    ///
    /// # Errors
    /// [`TransitionRefused`] if it cannot.
    pub fn check(&self, entry: &Entry) -> Result<(), TransitionRefused> {
        let stage = self.stage();
        match self.obstacle(stage, entry) {
            Some(why) => Err(TransitionRefused { act: entry.act.kind(), stage, why }),
            None => Ok(()),
        }
    }

    /// What is in the way of an entry; `None`: nothing.
    fn obstacle(&self, stage: Stage, entry: &Entry) -> Option<Why> {
        // The stages at which it happens, and what else is in the way there.
        let at = |stages: &[Stage]| (!stages.contains(&stage)).then_some(Why::NotNow);
        let unless = |holds: bool, why: Why| (!holds).then_some(why);
        if !entry.act.is_for(&entry.by) {
            return Some(Why::NotForThem);
        }
        if !stage.is_open() && !entry.act.adds_only() {
            // A system that was at work when the request was closed still says what it did: the person is told.
            return match &entry.act {
                Act::TaskEnded(system, _) if self.has_open_task(system) => None,
                _ => Some(Why::Closed),
            };
        }
        if self.history.len() >= HISTORY_ENTRIES_MAX && !entry.act.leads_on() {
            return Some(Why::HistoryFull);
        }
        match &entry.act {
            Act::Noted | Act::MailFailed { .. } | Act::HandedOver(_) | Act::Withdrawn | Act::Stopped => None,
            Act::Verified(_) => unless(!self.is_verified(), Why::AlreadyVerified).or_else(|| {
                // The office, too, can see who they are while it has the request.
                at(&[Stage::AwaitingVerification, Stage::AwaitingRequester, Stage::WithOffice])
            }),
            Act::Asked(_) => at(&[Stage::AwaitingVerification, Stage::InProgress, Stage::WithOffice]),
            Act::Replied(ask) => unless(self.asked().is_some_and(|(pending, _)| pending == *ask), Why::NothingAsked),
            Act::Claimed => match (self.assignee(), &entry.by) {
                (Some(assignee), Actor::Staff(by)) => unless(assignee == by, Why::ClaimedByAnother),
                _ => None,
            },
            Act::Released => match (self.assignee(), &entry.by) {
                (Some(assignee), Actor::Staff(by)) => unless(assignee == by, Why::NotTheirs),
                _ => Some(Why::NotTheirs),
            },
            // To no law at all would mean to all of the policy's.
            Act::RegimesChanged(regimes) => unless(!regimes.is_empty(), Why::Nothing),
            Act::Extended(_) => unless(self.extended_at().is_none(), Why::AlreadyExtended),
            Act::TasksOpened(systems) => at(&[Stage::InProgress, Stage::Ruled])
                .or_else(|| unless(!systems.is_empty(), Why::Nothing))
                .or_else(|| unless(!matches!(self.ruling(), Some((_, Ruling::Refuse(_)))), Why::NotRuled))
                .or_else(|| {
                    let tasks = self.tasks();
                    unless(!systems.iter().any(|system| tasks.contains_key(system)), Why::HadItsTask)
                }),
            Act::TaskEnded(system, _) => unless(self.has_open_task(system), Why::NoSuchTask),
            // Who cannot be told from somebody else, or asks without any ground, is refused before a proof, too.
            Act::Ruled(Ruling::Refuse(_)) => at(&[Stage::AwaitingVerification, Stage::WithOffice]),
            Act::Proposed(Ruling::Approve { .. }) | Act::Ruled(Ruling::Approve { .. }) => {
                at(&[Stage::WithOffice]).or_else(|| unless(self.is_verified(), Why::NotVerified))
            }
            Act::Proposed(_) => at(&[Stage::WithOffice]),
            Act::Approved | Act::SentBack => match (self.proposal(), &entry.by) {
                (Some((Actor::Staff(first), _)), Actor::Staff(second)) => unless(first != second, Why::SameEyes),
                _ => Some(Why::NotNow),
            },
            Act::Decided(outcome) => match stage {
                // Before anybody has proved who they are, nothing is handed out, changed or destroyed.
                Stage::AwaitingVerification => unless(
                    matches!(outcome, Outcome::Refused(..) | Outcome::NotVerified | Outcome::WithOffice),
                    Why::NotVerified,
                ),
                // What the office ruled is carried out, and does not go round to it again.
                Stage::Ruled => unless(self.is_ruled(outcome), Why::NotRuled),
                _ => at(&[Stage::InProgress])
                    .or_else(|| unless(!matches!(outcome, Outcome::RefusedByOffice(_)), Why::NotRuled)),
            },
            Act::Merged(_) => {
                at(&[Stage::AwaitingVerification, Stage::AwaitingRequester, Stage::InProgress, Stage::WithOffice])
            }
            Act::Lapsed => at(&[Stage::AwaitingVerification, Stage::AwaitingRequester]),
        }
    }

    /// Whether a decision is what the office ruled.
    fn is_ruled(&self, outcome: &Outcome) -> bool {
        match (self.ruling(), outcome) {
            (Some((_, Ruling::Refuse(ground))), Outcome::RefusedByOffice(named)) => ground == named,
            (Some((_, Ruling::Approve { .. })), outcome) => {
                !outcome.leaves_open() && !matches!(outcome, Outcome::RefusedByOffice(_))
            }
            _ => false,
        }
    }

    fn has_open_task(&self, system: &SystemId) -> bool {
        self.tasks().get(system).is_some_and(Option::is_none)
    }

    /// Where it stands.
    pub fn stage(&self) -> Stage {
        match self.ending() {
            Some(Ending::Withdrawn) => return Stage::Withdrawn,
            Some(Ending::Stopped) => return Stage::Stopped,
            Some(Ending::Merged(_)) => return Stage::Merged,
            Some(Ending::Lapsed) => return Stage::Lapsed,
            None => {}
        }
        match &self.decided {
            Some((_, Outcome::Refused(..) | Outcome::NotVerified | Outcome::RefusedByOffice(_))) => {
                return Stage::Refused;
            }
            Some((_, outcome)) if !outcome.leaves_open() => return Stage::Answered,
            _ => {}
        }
        if self.asked().is_some() {
            Stage::AwaitingRequester
        } else if self.proposal().is_some() {
            Stage::AwaitingApproval
        } else if self.tasks().values().any(Option::is_none) {
            Stage::AwaitingSystems
        } else if self.ruling().is_some() {
            Stage::Ruled
        } else if self.decided.is_some() || self.is_in_doubt() {
            // What somebody wrote of who they are proves nothing until a person has looked at it.
            Stage::WithOffice
        } else if self.is_verified() {
            Stage::InProgress
        } else {
            Stage::AwaitingVerification
        }
    }

    /// Whether it may be carried out.
    pub fn is_verified(&self) -> bool {
        (self.received.verification == VerificationRule::None || self.verified.is_some()) && !self.is_in_doubt()
    }

    /// Whether the office has asked who they are, and has not seen it yet (GDPR Art. 12(6)): an answer alone
    /// does not show it, and what was shown before the question is what the question doubts.
    pub fn is_in_doubt(&self) -> bool {
        let latest = self.history.iter().rev().find_map(|entry| match entry.act {
            Act::Asked(Ask::Identity) => Some(true),
            Act::Verified(_) => Some(false),
            _ => None,
        });
        latest.unwrap_or(false)
    }

    /// What is answered: what was asked for, or the less that its proof allows.
    pub fn answered_as(&self) -> RequestType {
        super::answered_as(&self.received, self.verified.map(|(_, by)| by))
    }

    /// How it ended other than by a decision, if it did.
    pub fn ending(&self) -> Option<Ending<'_>> {
        self.history.iter().find_map(|entry| match &entry.act {
            Act::Withdrawn => Some(Ending::Withdrawn),
            Act::Stopped => Some(Ending::Stopped),
            Act::Merged(into) => Some(Ending::Merged(into)),
            Act::Lapsed => Some(Ending::Lapsed),
            _ => None,
        })
    }

    /// When it was closed, if it is.
    pub fn closed_at(&self) -> Option<Timestamp> {
        if self.stage().is_open() {
            return None;
        }
        let closing = |entry: &&Entry| {
            matches!(entry.act, Act::Withdrawn | Act::Stopped | Act::Merged(_) | Act::Lapsed | Act::Decided(_))
        };
        self.history.iter().rfind(closing).map(|entry| entry.at).or(self.decided.as_ref().map(|(at, _)| *at))
    }

    /// What the office has asked and is not answered yet, and since when.
    pub fn asked(&self) -> Option<(Ask, Timestamp)> {
        let mut asked = None;
        for entry in &self.history {
            match entry.act {
                Act::Asked(ask) => asked = Some((ask, entry.at)),
                Act::Replied(_) => asked = None,
                // Whoever is verified has shown who they are.
                Act::Verified(_) if matches!(asked, Some((Ask::Identity, _))) => asked = None,
                _ => {}
            }
        }
        asked
    }

    /// Who has taken it on.
    pub fn assignee(&self) -> Option<&StaffId> {
        let mut assignee = None;
        for entry in &self.history {
            match (&entry.act, &entry.by) {
                (Act::Claimed, Actor::Staff(by)) => assignee = Some(by),
                (Act::HandedOver(to), _) => assignee = Some(to),
                (Act::Released, _) => assignee = None,
                _ => {}
            }
        }
        assignee
    }

    /// When, and why, it was extended.
    pub fn extended_at(&self) -> Option<(Timestamp, ExtensionGround)> {
        self.history.iter().find_map(|entry| match entry.act {
            Act::Extended(ground) => Some((entry.at, ground)),
            _ => None,
        })
    }

    /// The laws whose clocks run for it now; empty: all of the policy's.
    pub fn regimes(&self) -> &[Regime] {
        let changed = self.history.iter().rev().find_map(|entry| match &entry.act {
            Act::RegimesChanged(regimes) => Some(regimes.as_slice()),
            _ => None,
        });
        changed.unwrap_or(&self.received.regimes)
    }

    /// The tasks in the controller's systems, with how they ended.
    pub fn tasks(&self) -> BTreeMap<&SystemId, Option<&TaskEnd>> {
        let mut tasks = BTreeMap::new();
        for entry in &self.history {
            match &entry.act {
                Act::TasksOpened(systems) => tasks.extend(systems.iter().map(|system| (system, None))),
                Act::TaskEnded(system, end) => {
                    tasks.insert(system, Some(end));
                }
                _ => {}
            }
        }
        tasks
    }

    /// A ruling that waits for a second person, and who made it.
    pub fn proposal(&self) -> Option<(&Actor, &Ruling)> {
        let mut proposal = None;
        for entry in &self.history {
            match &entry.act {
                Act::Proposed(ruling) => proposal = Some((&entry.by, ruling)),
                Act::Approved | Act::SentBack => proposal = None,
                _ => {}
            }
        }
        proposal
    }

    /// The office's ruling, if one is in force, and since when.
    pub fn ruling(&self) -> Option<(Timestamp, &Ruling)> {
        let (mut ruling, mut proposal) = (None, None);
        for entry in &self.history {
            match &entry.act {
                Act::Proposed(proposed) => proposal = Some(proposed),
                Act::Approved => ruling = proposal.map(|proposed| (entry.at, proposed)),
                Act::Ruled(ruled) => ruling = Some((entry.at, ruled)),
                _ => {}
            }
        }
        ruling
    }

    /// How many entries its history has: what a writer must have seen.
    pub fn version(&self) -> u32 {
        u32::try_from(self.history.len()).unwrap_or(u32::MAX)
    }

    /// What the list shows of it, where its answer is late from then on.
    pub fn head(&self, due_at: Timestamp, next_at: Option<Timestamp>) -> Head {
        let stage = self.stage();
        Head {
            stage,
            request: self.received.request,
            due_at,
            next_at: next_at.filter(|_| stage.is_open()),
            assignee: self.assignee().cloned(),
        }
    }
}
