//! What a row of the table says: what must be done, within which time, counted from what.

use std::fmt;

use super::{Condition, Law};
use crate::words;

/// Makes an enumeration with a name on the wire and a name for people.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal, $title:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of the documents.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $wire,)+
                }
            }

            /// The name for people.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)+
                }
            }

            /// Reads the name on the wire.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.title())
            }
        }
    };
}

named! {
    /// What must be done.
    Duty {
        /// Tell the requester that the request has arrived.
        Acknowledge = "acknowledge", "confirm receipt";
        /// Tell a complainant that the complaint has arrived.
        AcknowledgeComplaint = "acknowledge-complaint", "acknowledge a complaint";
        /// Answer the request.
        Respond = "respond", "answer";
        /// Take longer to answer; the period is what is added.
        Extend = "extend", "extend the time for an answer";
        /// Say why nothing is done.
        Refuse = "refuse", "say why a request is refused";
        /// Decide an appeal against an answer.
        Appeal = "appeal", "decide an appeal";
        /// Take longer over the appeal.
        ExtendAppeal = "extend-appeal", "extend the time for an appeal";
        /// Correct data, where that has a time of its own.
        Correct = "correct", "correct data";
        /// Take longer over a correction.
        ExtendCorrection = "extend-correction", "extend the time for a correction";
        /// Confirm or give access in the short form.
        RespondSimply = "respond-simply", "answer in the short form";
        /// Answer a grievance.
        Grievance = "grievance", "redress a grievance";
        /// Stop selling and sharing.
        OptOut = "opt-out", "stop selling and sharing";
        /// Limit the use of sensitive data.
        LimitSensitive = "limit-sensitive", "limit the use of sensitive data";
        /// Stop what a revoked consent allowed.
        StopOnRevocation = "stop-on-revocation", "stop after consent is revoked";
        /// Take an address off a list of commercial messages.
        Unsubscribe = "unsubscribe", "take an address off a mailing list";
        /// Inform a person whose data came from elsewhere.
        InformOfCollection = "inform-of-collection", "inform people whose data came from elsewhere";
        /// Say to whom data went for their direct marketing.
        ShineTheLight = "shine-the-light", "say who got data for their own marketing";
        /// Say so where the request came to another address than the one for it.
        ShineTheLightElsewhere = "shine-the-light-elsewhere", "the same, asked at another address";
        /// Look at the platform where deletions are asked of data brokers.
        AccessDeletionPlatform = "access-deletion-platform", "fetch deletion requests (data brokers)";
        /// Delete what was asked there.
        DeleteFromPlatform = "delete-from-platform", "carry out a deletion fetched there (data brokers)";
        /// Wait before asking again for what was refused.
        WaitToAskAgain = "wait-to-ask-again", "leave people alone after an opt-out";
        /// Ask again for a consent that has lain idle.
        RefreshConsent = "refresh-consent", "ask again for a consent that lies idle";
        /// What the person may do: apply to the authority.
        ApplyToAuthority = "apply-to-authority", "the person applies to the authority";
        /// What the person may do: take the request back once a fee is named.
        WithdrawOnFee = "withdraw-on-fee", "the person takes it back because of the fee";
        /// Keep a copy of what was refused.
        KeepRefused = "keep-refused", "keep what access was refused to";
        /// Keep the record of requests.
        KeepRequests = "keep-requests", "keep the record of requests";
        /// Tell a person before their data is erased for disuse.
        WarnOfErasure = "warn-of-erasure", "warn before erasing for disuse";
        /// Find out whether what happened must be notified.
        Assess = "assess", "assess an incident";
        /// Tell the supervisory authority.
        NotifyAuthority = "authority", "notify the authority";
        /// Tell the authority of small breaches, once a year.
        NotifyAuthorityYearly = "authority-yearly", "notify the authority of small breaches";
        /// Give the authority what was not known at first.
        Supplement = "supplement", "supplement the notification";
        /// Give the authority the details.
        NotifyInDetail = "authority-detailed", "notify the authority in detail";
        /// A first word before the notification.
        EarlyWarning = "early-warning", "give an early warning";
        /// A report between the first and the last.
        IntermediateReport = "intermediate-report", "send the intermediate report";
        /// The last report.
        FinalReport = "final-report", "send the final report";
        /// The last report where a wrong purpose is suspected.
        FinalReportImproper = "final-report-improper", "send the final report (improper purpose)";
        /// Tell the people.
        NotifySubjects = "subjects", "notify the people";
        /// Tell the press.
        NotifyMedia = "media", "notify the media";
        /// Tell the controller, as its processor.
        NotifyController = "controller", "notify the controller";
        /// Keep the register of breaches.
        KeepRegister = "keep-register", "keep the register of breaches";
    }
}

impl Duty {
    /// What lengthens the time for it, where something does.
    pub const fn extension(self) -> Option<Self> {
        match self {
            Self::Respond => Some(Self::Extend),
            Self::Appeal => Some(Self::ExtendAppeal),
            Self::Correct => Some(Self::ExtendCorrection),
            _ => None,
        }
    }

    /// What it lengthens, for a duty that does nothing else.
    pub const fn extends(self) -> Option<Self> {
        match self {
            Self::Extend => Some(Self::Respond),
            Self::ExtendAppeal => Some(Self::Appeal),
            Self::ExtendCorrection => Some(Self::Correct),
            _ => None,
        }
    }

    /// Whether it follows from a request, and not from a breach.
    pub fn is_of_requests(self) -> bool {
        self < Self::Assess
    }
}

named! {
    /// The event from which a time is counted.
    Anchor {
        /// The controller has the request, on whatever channel.
        Receipt = "received", "receipt of the request";
        /// The consent was revoked, or the opt-out made.
        Revocation = "revoked", "the revocation or opt-out";
        /// The controller has data from somebody else.
        Collection = "collected", "collection of the data";
        /// The controller told the person that it refuses.
        Refusal = "refused", "the refusal";
        /// The person was told of a fee.
        FeeNamed = "fee_named", "word of the fee";
        /// The record was made.
        RecordMade = "recorded", "the making of the record";
        /// The person was warned.
        Warned = "warned", "the warning";
        /// The platform was last looked at.
        LastAccess = "last_access", "the last look at the platform";
        /// The person last did something with the controller.
        LastContact = "last_contact", "the person's last contact";
        /// The controller knows with reasonable certainty.
        Awareness = "aware", "awareness";
        /// The processor knows.
        ProcessorAwareness = "processor_aware", "the processor's awareness";
        /// The breach is discovered, or would have been with reasonable diligence.
        Discovery = "discovered", "discovery";
        /// The provider detected it.
        Detection = "detected", "detection";
        /// The controller determined, or confirmed, that there was a breach.
        Determination = "determined", "determination of the breach";
        /// There is a suspicion.
        Suspicion = "suspected", "the suspicion";
        /// The assessment says that it must be notified.
        Assessment = "assessed", "the assessment";
        /// It was classified as major.
        Classification = "classified", "classification as major";
        /// The incident was found material.
        Materiality = "material", "the finding that it is material";
        /// The first notification went out.
        Notification = "notified", "the first notification";
        /// The latest intermediate report went out.
        IntermediateSent = "intermediate_sent", "the latest intermediate report";
        /// The people were told.
        SubjectsTold = "subjects_told", "notice to the people";
    }
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Calendar months.
    Months(u8),
    /// Calendar years.
    Years(u8),
    /// Calendar days.
    Days(u16),
    /// Days that are neither of a weekend nor holidays.
    BusinessDays(u8),
    /// Hours on the clock.
    Hours(u16),
    /// Calendar days from the end of the year.
    DaysAfterYearEnd(u16),
    /// On the same day.
    AtOnce,
    /// No number: these words.
    Words(&'static str),
}

impl Period {
    /// ISO 8601, with `PnBD` for business days as an extension; `None` for words.
    pub fn iso(self) -> Option<String> {
        Some(match self {
            Self::Months(n) => format!("P{n}M"),
            Self::Years(n) => format!("P{n}Y"),
            Self::Days(n) => format!("P{n}D"),
            Self::BusinessDays(n) => format!("P{n}BD"),
            Self::Hours(n) => format!("PT{n}H"),
            Self::DaysAfterYearEnd(_) | Self::Words(_) => return None,
            Self::AtOnce => "P0D".to_owned(),
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match *self {
            Self::Months(n) => (i64::from(n), "month"),
            Self::Years(n) => (i64::from(n), "year"),
            Self::Days(n) => (i64::from(n), "calendar day"),
            Self::BusinessDays(n) => (i64::from(n), "business day"),
            Self::Hours(n) => (i64::from(n), "hour"),
            Self::DaysAfterYearEnd(n) => {
                return write!(f, "{} after the end of the year", words::count(i64::from(n), "day"));
            }
            Self::AtOnce => return f.write_str("at once"),
            Self::Words(words) => return f.write_str(words),
        };
        f.write_str(&words::count(n, unit))
    }
}

/// Whether a last day on which nobody works moves to the next day on which somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roll {
    /// It does not, or nothing says that it does.
    No,
    /// From Saturdays, Sundays and holidays (Reg. 1182/71 Art. 3(4); the ICO's guidance on Art. 12A).
    WorkingDay,
    /// From Sundays and holidays (POPIA Regulations, reg. 1).
    SundayOrHoliday,
}

/// How sure a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// Settled, by well-known text.
    High,
    /// Believed right; its paragraph, its recency or its reading is not confirmed.
    Medium,
}

/// Against what a row was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// A stored copy of the source's text.
    Corpus,
    /// What a professional remembers of it.
    Memory,
}

/// One row: a duty under a law, and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The law.
    pub law: Law,
    /// The duty.
    pub duty: Duty,
    /// How long.
    pub period: Period,
    /// Counted from what.
    pub anchor: Anchor,
    /// Whether the last day moves.
    pub roll: Roll,
    /// Where it is written.
    pub article: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// Against what it was held.
    pub checked: Checked,
    /// What must hold for it to ask for anything: all of these.
    pub when: &'static [Condition],
    /// What else to know; may be empty.
    pub note: &'static str,
}

impl Rule {
    pub(super) const fn new(
        law: &'static str,
        duty: Duty,
        period: Period,
        anchor: Anchor,
        article: &'static str,
    ) -> Self {
        Self {
            law: Law::named(law),
            duty,
            period,
            anchor,
            roll: Roll::No,
            article,
            confidence: Confidence::High,
            checked: Checked::Memory,
            when: &[],
            note: "",
        }
    }

    pub(super) const fn rolls(self, roll: Roll) -> Self {
        Self { roll, ..self }
    }

    pub(super) const fn medium(self) -> Self {
        Self { confidence: Confidence::Medium, ..self }
    }

    pub(super) const fn seen(self) -> Self {
        Self { checked: Checked::Corpus, ..self }
    }

    pub(super) const fn when(self, when: &'static [Condition]) -> Self {
        Self { when, ..self }
    }

    pub(super) const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
}
