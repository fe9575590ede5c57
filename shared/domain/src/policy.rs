//! A controller's policy, as the rules read it: every promise with the clause it comes from.
//!
//! The `policy` crate makes one of these from a TOML file, and only from a consistent one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{SpanFieldwise, tz::TimeZone};

use crate::{
    dsar::RequestType,
    ids::{
        AttestationId, BucketName, Category, ControllerId, EventName, Field, Ground, Purpose, Recipient, SystemId,
        TrackerId,
    },
    place::Place,
    signal,
};

mod attestation;
mod contact;
mod disclosure;
mod people;
mod regime;
mod replica;
mod system;
mod tracker;

pub use attestation::{AttestationRule, HoldRule, NoticeChangeRule};
pub use contact::{Authority, Office, RoleRule, ServiceRole};
pub use disclosure::{Denial, Mechanism, RecipientRole, RecipientRule, TransferRule, Use};
pub use people::{AgeRule, AgentRule, Country, InvalidCountry};
pub use regime::Regime;
pub use replica::Replica;
pub use system::{AccountRule, SystemKind, SystemRule};
pub use tracker::{Signals, TrackerNeed, TrackerRule};

/// Where a promise is written: `scantrust.1.2-b` of the clause register, or an article of law.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause(String);

impl Clause {
    /// Names a clause.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The clause's id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of the compiled policy: it stands on every record made under it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyHash(String);

impl PolicyHash {
    /// Takes a hash made by the compiler or read from a record.
    pub fn from_hex(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The hash in lower-case hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ground on which a purpose rests (GDPR Art. 6(1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LawfulBasis {
    /// Art. 6(1)(a).
    Consent,
    /// Art. 6(1)(b).
    Contract,
    /// Art. 6(1)(c).
    LegalObligation,
    /// Art. 6(1)(d).
    VitalInterests,
    /// Art. 6(1)(e).
    PublicTask,
    /// Art. 6(1)(f).
    LegitimateInterests,
}

impl LawfulBasis {
    /// Every basis, in the order of Art. 6(1).
    pub const ALL: [Self; 6] = [
        Self::Consent,
        Self::Contract,
        Self::LegalObligation,
        Self::VitalInterests,
        Self::PublicTask,
        Self::LegitimateInterests,
    ];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Contract => "contract",
            Self::LegalObligation => "legal-obligation",
            Self::VitalInterests => "vital-interests",
            Self::PublicTask => "public-task",
            Self::LegitimateInterests => "legitimate-interests",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == text)
    }
}

/// What the controller says it processes data for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeRule {
    /// The purpose.
    pub id: Purpose,
    /// What people read.
    pub title: String,
    /// The ground it rests on.
    pub basis: LawfulBasis,
    /// What kinds of use it is that the law or the policy treats apart.
    pub uses: BTreeSet<Use>,
    /// Other purposes whose consents it needs as well: a beacon in a newsletter needs both.
    pub also_needs: BTreeSet<Purpose>,
    /// Safeguards of which one must be in place before the use: `pseudonymised`.
    pub only_with: BTreeSet<Ground>,
    /// From how many people on a total may leave; `None`: from [`crate::disclosure::PEOPLE_MIN`].
    pub threshold: Option<u32>,
    /// Whether whoever agrees by a mail address is told there, with a link by which it is taken back
    /// (GDPR Art. 7(3)).
    pub confirm_by_mail: bool,
    /// Where it is promised.
    pub clause: Clause,
}

/// A category of personal data and its fields; `fields` empty means the text leaves them open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRule {
    /// The category.
    pub id: Category,
    /// The fields that may be kept. Empty: an open list.
    pub fields: Vec<Field>,
    /// Fields whose values leave by no export: passwords, card security codes. An export says that
    /// they are kept.
    pub withheld: Vec<Field>,
    /// Fields that must never be stored: a card's security code after authorisation (PCI DSS 3.3.1).
    pub never: Vec<Field>,
    /// The purpose whose consent must be in force before anything of it is written.
    pub opt_in: Option<Purpose>,
    /// Where the data comes from, in plain words (GDPR Art. 14(2)(f)): `subject`, `employer`, `observed`.
    pub sources: Vec<Ground>,
    /// Where it is promised.
    pub clause: Clause,
}

/// When a record's time is up. All durations are calendar durations from the original anchor.
#[derive(Debug, Clone, PartialEq)]
pub enum Period {
    /// So long after the record was made: "delete it after 100 days".
    Fixed {
        /// How long.
        duration: SpanFieldwise,
    },
    /// So long after the last renewal that came while the record was still alive.
    Sliding {
        /// How long after the last renewal.
        duration: SpanFieldwise,
        /// Events that renew.
        renew_on: Vec<EventName>,
        /// The declared maximum from the record's making, however often it is renewed.
        max: Option<SpanFieldwise>,
    },
    /// Until something happens, and so long after it.
    UntilEvent {
        /// Events that end it; the first one counts.
        events: Vec<EventName>,
        /// How long after the event; zero is at once.
        grace: SpanFieldwise,
        /// The declared maximum from the record's making, since an end event may never come.
        max: Option<SpanFieldwise>,
    },
    /// Kept until somebody asks for its erasure or an agent deletes it.
    Indefinite,
}

/// A rule that replaces the base period once an event has happened in the record's life.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// The event: a first message in a chat session.
    pub on: EventName,
    /// The period from then on, counted from that event.
    pub then: Period,
    /// Where it is promised.
    pub clause: Clause,
}

/// What is done when the time is up. Each of them ends the record; they differ in what may stand
/// elsewhere afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The record is deleted.
    Delete,
    /// The person is taken out of it and the rest may be kept (GDPR recital 26).
    Anonymise,
    /// Only totals may be kept.
    Aggregate,
    /// It goes to an archive that the law asks for (GDPR Art. 89(1)).
    Archive,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Delete, Self::Anonymise, Self::Aggregate, Self::Archive];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Anonymise => "anonymise",
            Self::Aggregate => "aggregate",
            Self::Archive => "archive",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// Why a record outlives a request for its erasure (GDPR Art. 17(3)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureExemption {
    /// What the person is told.
    pub reason: String,
    /// The article that allows it.
    pub article: String,
    /// Where the policy says so.
    pub clause: Clause,
}

/// How long one category is kept for one purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct RetentionRule {
    /// What is kept.
    pub category: Category,
    /// For what. The same field kept for two purposes has two clocks.
    pub purpose: Purpose,
    /// When its time is up.
    pub period: Period,
    /// What may replace that period.
    pub switch: Option<Switch>,
    /// What is done then.
    pub action: Action,
    /// Why an erasure request does not reach it; `None`: it does.
    pub exemption: Option<ErasureExemption>,
    /// Whether S3 may delete the objects of such records by itself, by a rule of the bucket. Of fixed periods alone.
    pub lifecycle: bool,
    /// Where it is promised.
    pub clause: Clause,
}

/// How a requester shows who they are, by what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerificationRule {
    /// Nothing to prove: withdrawing consent, objecting to marketing, complaining.
    None,
    /// A link sent to the address the request is about.
    Mail,
    /// So many distinct points that match what is stored (11 CCR 7062).
    Points(u8),
    /// A token of the account that the request is about, from the controller's own issuer (11 CCR 7061).
    Account,
}

/// A refusal that the policy itself states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A code: `NO_CONSENT_BASIS`.
    pub code: String,
    /// What the person is told.
    pub text: String,
    /// What they are offered instead.
    pub offer: Option<RequestType>,
}

/// What a controller promises for one type of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightRule {
    /// The request.
    pub request: RequestType,
    /// Why it is refused; `None`: it is offered.
    pub refusal: Option<Refusal>,
    /// How the requester is verified.
    pub verification: VerificationRule,
    /// How soon the controller promises to answer, where that is sooner than the law asks.
    pub respond_within: Option<SpanFieldwise>,
    /// Where it is promised.
    pub clause: Clause,
}

/// What is promised when data leaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreachRule {
    /// People are told of an attempt too, wider than GDPR Art. 34 asks.
    pub tell_of_attempts: bool,
    /// Those without an address are told by website.
    pub website_alert: bool,
    /// How soon people are told, where the text names a time: from detection of an attempt, from awareness else.
    pub within: Option<SpanFieldwise>,
    /// What a detector's finding must be about to be the controller's: accounts of a cloud, and how ARNs begin.
    pub resources: BTreeSet<String>,
    /// The system of the controller's own that tells those without an address, before they are told in public; always
    /// a webhook. `None`: there is none.
    pub channel: Option<SystemId>,
    /// Where it is promised; the law's own floor when the text promises nothing.
    pub clause: Clause,
}

impl BreachRule {
    /// Whether a finding in that account and about these things is the controller's, as far as the policy says.
    pub fn concerns(&self, account: Option<&str>, arns: &[String]) -> bool {
        self.resources.iter().any(|resource| signal::concerns(resource, account, arns))
    }
}

/// The notice that people were shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its version, as the controller writes it.
    pub version: String,
    /// Its language (BCP 47).
    pub language: String,
    /// The SHA-256 of its text, in hexadecimal.
    pub text_sha256: String,
}

/// Everything one controller promises.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whose it is.
    pub controller: ControllerId,
    /// The controller's name, for people.
    pub name: String,
    /// The hash of the compiled form.
    pub hash: PolicyHash,
    /// The laws it answers to.
    pub regimes: Vec<Regime>,
    /// The zone in which its law counts days.
    pub time_zone: TimeZone,
    /// Where requests and warnings go.
    pub contact_mail: String,
    /// Where it is established, which says whose holidays count; `None`: the text does not say.
    pub establishment: Option<Place>,
    /// Whether nobody real is served under it: a drill runs nowhere else.
    pub is_sandbox: bool,
    /// The other ways to reach the controller, and how its office works.
    pub office: Office,
    /// Its systems that hold personal data: requests reach them as tasks.
    pub systems: BTreeMap<SystemId, SystemRule>,
    /// The copies of its files, which lose what the files lose.
    pub replicas: BTreeMap<BucketName, Replica>,
    /// The issuer whose tokens show that somebody holds one of its accounts; `None`: it has none.
    pub accounts: Option<AccountRule>,
    /// What the controller is where people meet it, if not the same everywhere.
    pub roles: Vec<RoleRule>,
    /// The notice in force.
    pub notice: Notice,
    /// Notice versions still accepted from forms, the one in force among them.
    pub accepted_notices: Vec<String>,
    /// Its purposes.
    pub purposes: BTreeMap<Purpose, PurposeRule>,
    /// Its categories.
    pub categories: BTreeMap<Category, CategoryRule>,
    /// Its retention rules by category and purpose.
    pub retention: BTreeMap<(Category, Purpose), RetentionRule>,
    /// What it says about requests.
    pub rights: BTreeMap<RequestType, RightRule>,
    /// Whom it does not take.
    pub age: Option<AgeRule>,
    /// Who may ask for somebody else.
    pub agents: Option<AgentRule>,
    /// What it promises when data leaks.
    pub breach: BreachRule,
    /// To whom data may go; whoever is not here gets nothing.
    pub recipients: BTreeMap<Recipient, RecipientRule>,
    /// Where it says that nobody else gets data; `None`: the law says it alone.
    pub recipients_clause: Option<Clause>,
    /// Where data may be kept and read; `None`: the text is silent, so no country outside the law's own.
    pub transfer: Option<TransferRule>,
    /// Uses that it rules out.
    pub denials: BTreeMap<Use, Denial>,
    /// What it may set or read on a device; what is not here may not be.
    pub trackers: BTreeMap<TrackerId, TrackerRule>,
    /// The browser signals that it answers to.
    pub signals: Signals,
    /// Events that keep a subject's records from deletion, and the reasons that a hold may have.
    pub holds: Vec<HoldRule>,
    /// What follows when its notice changes.
    pub notice_change: Option<NoticeChangeRule>,
    /// What people must vouch for, and how often.
    pub attestations: BTreeMap<AttestationId, AttestationRule>,
}

impl PurposeRule {
    /// A purpose with nothing special about it.
    pub fn new(id: Purpose, title: String, basis: LawfulBasis, clause: Clause) -> Self {
        let (uses, also_needs, only_with) = Default::default();
        Self { id, title, basis, uses, also_needs, only_with, threshold: None, confirm_by_mail: false, clause }
    }
}

impl CategoryRule {
    /// A category with nothing special about it.
    pub const fn new(id: Category, fields: Vec<Field>, clause: Clause) -> Self {
        Self { id, fields, withheld: Vec::new(), never: Vec::new(), opt_in: None, sources: Vec::new(), clause }
    }
}

impl Policy {
    /// A policy that promises nothing yet: the law's own floor.
    pub fn new(controller: ControllerId, name: String, contact_mail: String, notice: Notice) -> Self {
        Self {
            controller,
            name,
            hash: PolicyHash::from_hex(""),
            regimes: vec![Regime::EuGdpr],
            time_zone: TimeZone::UTC,
            contact_mail,
            establishment: None,
            is_sandbox: false,
            office: Office::default(),
            systems: BTreeMap::new(),
            replicas: BTreeMap::new(),
            accounts: None,
            roles: Vec::new(),
            accepted_notices: vec![notice.version.clone()],
            notice,
            purposes: BTreeMap::new(),
            categories: BTreeMap::new(),
            retention: BTreeMap::new(),
            rights: BTreeMap::new(),
            age: None,
            agents: None,
            breach: BreachRule {
                tell_of_attempts: false,
                website_alert: false,
                within: None,
                resources: BTreeSet::new(),
                channel: None,
                clause: Clause::new("GDPR Art. 33 and 34"),
            },
            recipients: BTreeMap::new(),
            recipients_clause: None,
            transfer: None,
            denials: BTreeMap::new(),
            trackers: BTreeMap::new(),
            signals: Signals::default(),
            holds: Vec::new(),
            notice_change: None,
            attestations: BTreeMap::new(),
        }
    }

    /// The rule by which a category is kept for a purpose.
    pub fn retention_of(&self, category: &Category, purpose: &Purpose) -> Option<&RetentionRule> {
        self.retention.get(&(category.clone(), purpose.clone()))
    }

    /// Whether any rule listens to this event.
    pub fn knows_event(&self, event: &EventName) -> bool {
        event.as_str() == crate::retention::CONSENT_WITHDRAWN
            || (event.as_str() == crate::dsar::SUBJECT_DECEASED && crate::dsar::offers_post_mortem(self))
            || self.retention.values().any(|rule| {
                rule.period.listens_to(event)
                    || rule.switch.as_ref().is_some_and(|switch| switch.on == *event || switch.then.listens_to(event))
            })
            || self.holds.iter().any(|rule| rule.listens_to(event))
    }
}

impl Period {
    /// Whether this event moves the period's end.
    pub fn listens_to(&self, event: &EventName) -> bool {
        match self {
            Self::Fixed { .. } | Self::Indefinite => false,
            Self::Sliding { renew_on, .. } => renew_on.contains(event),
            Self::UntilEvent { events, .. } => events.contains(event),
        }
    }
}
