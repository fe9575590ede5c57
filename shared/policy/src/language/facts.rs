//! What one file says: its rules, and beside them the facts of the text that no function needs but that
//! the lints judge, each with its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use domain::{
    dsar::RequestType,
    ids::{BucketName, Category, Purpose, Recipient, SystemId, TrackerId},
    place::Place,
    policy::{
        AccountRule, AgeRule, AgentRule, Authority, BreachRule, CategoryRule, Clause, Country, Denial, HoldRule,
        LawfulBasis, NoticeChangeRule, Office, Period, PurposeRule, RecipientRule, Regime, Replica, RetentionRule,
        RightRule, RoleRule, Signals, SystemRule, TrackerRule, TransferRule,
    },
};

use super::{reader::At, report::TableId};

/// A table with its rule and its facts.
#[derive(Debug)]
pub(crate) struct Entry<R, F> {
    pub(crate) table: TableId,
    /// Where its name stands, or else the table.
    pub(crate) span: Range<usize>,
    /// `None`: a mistake in the table left no rule.
    pub(crate) rule: Option<R>,
    pub(crate) facts: F,
}

/// The tables of one kind under their names.
pub(crate) type Entries<K, R, F> = BTreeMap<K, Entry<R, F>>;

/// Everything read of a file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) regimes: Vec<Regime>,
    /// Where the controller's name stands, for what concerns the whole file.
    pub(crate) controller: Range<usize>,
    pub(crate) contact: Option<At<String>>,
    /// Where the controller is established.
    pub(crate) establishment: Option<At<Place>>,
    /// Whether the file says where, if only with a mistake.
    pub(crate) says_establishment: bool,
    /// Whether nobody real is served under it.
    pub(crate) is_sandbox: bool,
    pub(crate) office: Option<Entry<Office, OfficeFacts>>,
    pub(crate) authority: Option<Entry<Authority, ()>>,
    pub(crate) roles: Vec<Entry<RoleRule, ()>>,
    pub(crate) notice: Option<NoticeFacts>,
    pub(crate) notice_change: Option<Entry<NoticeChangeRule, NoticeChangeFacts>>,
    pub(crate) purposes: Entries<Purpose, PurposeRule, PurposeFacts>,
    pub(crate) categories: Entries<Category, CategoryRule, CategoryFacts>,
    pub(crate) retention: Entries<(Category, Purpose), RetentionRule, RetentionFacts>,
    /// Categories for which a rule was begun, if only with mistakes.
    pub(crate) kept: BTreeSet<Category>,
    pub(crate) systems: Entries<SystemId, SystemRule, SystemFacts>,
    pub(crate) replicas: Entries<BucketName, Replica, ()>,
    pub(crate) accounts: Option<Entry<AccountRule, AddressFacts>>,
    pub(crate) rights: Entries<RequestType, RightRule, ()>,
    pub(crate) age: Option<Entry<AgeRule, AgeFacts>>,
    pub(crate) agents: Option<Entry<AgentRule, ()>>,
    pub(crate) breach: Option<Entry<BreachRule, BreachFacts>>,
    pub(crate) recipients: Entries<Recipient, RecipientRule, RecipientFacts>,
    pub(crate) recipients_default: Option<Entry<Clause, RecipientsDefaultFacts>>,
    pub(crate) transfer: Option<Entry<TransferRule, TransferFacts>>,
    pub(crate) denials: Vec<Entry<Denial, DenialFacts>>,
    pub(crate) trackers: Entries<TrackerId, TrackerRule, TrackerFacts>,
    pub(crate) signals: Option<Entry<Signals, SignalWords>>,
    pub(crate) holds: Vec<Entry<HoldRule, HoldFacts>>,
}

impl Document {
    /// Whether any purpose rests on this ground.
    pub(crate) fn rests_on(&self, basis: LawfulBasis) -> bool {
        self.purposes.values().filter_map(|entry| entry.rule.as_ref()).any(|rule| rule.basis == basis)
    }

    /// The ground of a purpose.
    pub(crate) fn basis_of(&self, purpose: &Purpose) -> Option<LawfulBasis> {
        self.purposes.get(purpose)?.rule.as_ref().map(|rule| rule.basis)
    }

    /// Whether European law counts, of the Union or of the United Kingdom.
    pub(crate) fn is_european(&self) -> bool {
        self.regimes.iter().any(|regime| matches!(regime, Regime::EuGdpr | Regime::UkGdpr))
    }
}

/// Facts about the controller's office.
#[derive(Debug)]
pub(crate) struct OfficeFacts {
    /// Where it sits.
    pub(crate) country: Option<At<Country>>,
    /// The addresses besides the first one, each with its place.
    pub(crate) mails: Vec<At<String>>,
    /// The requests that a person looks at first, as the file lists them.
    pub(crate) review: Vec<At<RequestType>>,
    /// Those on which two must agree.
    pub(crate) four_eyes: Vec<At<RequestType>>,
    pub(crate) reminders: Range<usize>,
}

/// Facts about an address that is called.
#[derive(Debug, Default)]
pub(crate) struct AddressFacts {
    /// It leads back to the machine itself.
    pub(crate) local: Option<Range<usize>>,
}

/// Facts about a system.
#[derive(Debug)]
pub(crate) struct SystemFacts {
    /// Where it is asked.
    pub(crate) address: AddressFacts,
    /// It is asked about no request.
    pub(crate) unasked: Option<Range<usize>>,
}

/// Facts about the notice.
#[derive(Debug)]
pub(crate) struct NoticeFacts {
    pub(crate) table: TableId,
    pub(crate) version: At<String>,
}

/// Facts about how the text says that it changes.
#[derive(Debug)]
pub(crate) struct NoticeChangeFacts {
    /// Words where a number should stand: "in due time".
    pub(crate) stated: Option<At<String>>,
    /// Changes take effect when they are posted.
    pub(crate) at_once: Option<Range<usize>>,
}

/// A ground as the text itself states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StatedBasis {
    Given(LawfulBasis),
    /// The text names none.
    None,
    /// The text takes using the service for consent.
    ByUse,
}

impl StatedBasis {
    /// As policy files write it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Given(basis) => basis.as_str(),
            Self::None => "none",
            Self::ByUse => "by-use",
        }
    }

    /// Every word, for hints.
    pub(super) fn words() -> Vec<&'static str> {
        LawfulBasis::ALL.map(LawfulBasis::as_str).into_iter().chain(["none", "by-use"]).collect()
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "by-use" => Some(Self::ByUse),
            _ => LawfulBasis::parse(text).map(Self::Given),
        }
    }
}

/// A ground that the text states, and where.
#[derive(Debug)]
pub(crate) struct Stated {
    pub(crate) basis: At<StatedBasis>,
    pub(crate) clause: Option<Clause>,
}

/// Facts about a purpose.
#[derive(Debug, Default)]
pub(crate) struct PurposeFacts {
    pub(crate) stated: Vec<Stated>,
    /// Purposes that one and the same consent is asked for.
    pub(crate) bundled_with: Vec<At<Purpose>>,
    /// Categories that were given for something else.
    pub(crate) reuses: Vec<At<Category>>,
    pub(crate) also_needs: Vec<At<Purpose>>,
    /// Too broad to tell what belongs to it.
    pub(crate) broad: Option<Range<usize>>,
    /// The contract is with somebody's employer or school.
    pub(crate) organisation: Option<Range<usize>>,
    /// Fewest people in a total.
    pub(crate) threshold: Option<u32>,
}

/// Facts about a category.
#[derive(Debug, Default)]
pub(crate) struct CategoryFacts {
    /// The text says "such as", "including", "other".
    pub(crate) open_list: Option<Range<usize>>,
    /// Free text or attachments.
    pub(crate) free_text: Option<Range<usize>>,
    pub(crate) fields: Option<Range<usize>>,
    pub(crate) never: Option<Range<usize>>,
}

/// What the text says instead of the period that is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StatedPeriod {
    Indefinite,
    Nothing,
    Criteria,
    Words(String),
}

/// Facts about a period, of a rule or of its switch.
#[derive(Debug, Clone)]
pub(crate) struct PeriodFacts {
    pub(crate) table: TableId,
    pub(crate) mode: Range<usize>,
    pub(crate) events: Range<usize>,
    /// Whether `grace` is written.
    pub(crate) grace: bool,
    /// Why there is no end, no maximum or no cap.
    pub(crate) reason: Option<String>,
    pub(crate) stated: Option<At<StatedPeriod>>,
}

/// Facts about a retention rule.
#[derive(Debug)]
pub(crate) struct RetentionFacts {
    pub(crate) period: PeriodFacts,
    pub(crate) switch: Option<PeriodFacts>,
    pub(crate) action: Range<usize>,
    /// A period that a statute asks for and the text does not mention.
    pub(crate) statutory: Option<At<String>>,
}

impl RetentionFacts {
    /// The rule's periods, each with its facts.
    pub(crate) fn periods<'r>(
        &'r self,
        rule: &'r RetentionRule,
    ) -> impl Iterator<Item = (&'r Period, &'r PeriodFacts)> {
        let switched = rule.switch.as_ref().map(|switch| &switch.then).zip(self.switch.as_ref());
        [(&rule.period, &self.period)].into_iter().chain(switched)
    }
}

/// An age rule as the text states it, and where.
#[derive(Debug)]
pub(crate) struct StatedAge {
    pub(crate) refuse_below: Option<u8>,
    pub(crate) guardian_below: Option<u8>,
    pub(crate) clause: Option<Clause>,
    pub(crate) span: Range<usize>,
}

/// Facts about the age rule.
#[derive(Debug)]
pub(crate) struct AgeFacts {
    pub(crate) stated: Vec<StatedAge>,
}

/// Facts about the promise for breaches.
#[derive(Debug)]
pub(crate) struct BreachFacts {
    pub(crate) tell_of_attempts: Range<usize>,
    /// Whether the text promises a number.
    pub(crate) within: bool,
}

/// Facts about a recipient.
#[derive(Debug)]
pub(crate) struct RecipientFacts {
    /// "Partners", "affiliates": whoever becomes one.
    pub(crate) open_class: Option<Range<usize>>,
    pub(crate) countries: Range<usize>,
}

/// Facts about what the text says of recipients as a whole.
#[derive(Debug)]
pub(crate) struct RecipientsDefaultFacts {
    /// The text promises that nobody else gets anything.
    pub(crate) closed: bool,
}

/// Facts about transfers.
#[derive(Debug)]
pub(crate) struct TransferFacts {
    /// The text names neither a country nor a safeguard.
    pub(crate) nothing: Option<Range<usize>>,
}

/// Facts about a denial.
#[derive(Debug)]
pub(crate) struct DenialFacts {
    /// What the text narrows it to: `directly-identifiable`.
    pub(crate) scope: Option<At<String>>,
}

/// Facts about a tracker.
#[derive(Debug)]
pub(crate) struct TrackerFacts {
    pub(crate) stated_basis: Option<At<StatedBasis>>,
    /// It outlives the browser's session.
    pub(crate) persistent: Option<Range<usize>>,
}

/// What the text says about the browser's signals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignalWords {
    /// `None`: it is silent.
    pub(crate) gpc: Option<bool>,
    pub(crate) dnt: Option<bool>,
}

/// Facts about a hold.
#[derive(Debug)]
pub(crate) struct HoldFacts {
    /// Whether the text sets a day for its review.
    pub(crate) unreviewed: Option<Range<usize>>,
}
