//! A data subject's request: its receipt, and how it ended. What happens in between: [`super::entry`].

use domain::{
    dsar::{Acting, ActingAs, Item, ItemResult, Outcome, Received, RefusalGround, RequestType, Stop, VerifiedBy},
    ids::{
        Category, Field, Fingerprint, Ground, IdentifierKind, PointHash, Purpose, RecordId, RequestId, StaffId,
        SubjectRef,
    },
    language::Language,
    place::Place,
    policy::{Clause, Refusal, Regime, VerificationRule},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Bytes, Kind, Unreadable, VERSION, check, id, ids, millis, name, time};

/// `REQUEST#{request}#0-RECEIVED`.
///
/// `ends_at` is when an answer is late and stays when the decision takes the request out of the
/// index; the index's own `due_at` is written beside it by the table while the request is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What is asked for.
    pub request: String,
    /// When it was received.
    pub at: i64,
    /// The first instant at which an answer is late.
    pub ends_at: i64,
    /// The law and article that say so.
    pub law: String,
    /// What kind of identifier the person gave.
    pub identifier: String,
    /// What the policy asks of the requester.
    pub verification: String,
    /// How many points, where it asks for points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_needed: Option<u8>,
    /// Data points offered, as keyed hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<String>,
    /// The purposes that are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// As what somebody asks for the person: `agent`, `guardian`, `successor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<String>,
    /// What they say shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_proof: Option<String>,
    /// The service that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The request whose instructions for after death it carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub following: Option<String>,
    /// The laws whose clocks run for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regimes: Vec<String>,
    /// Where the person says that they live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residence: Option<String>,
    /// The language in which they are written to, unless it is English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The request that an appeal is against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether they declare to be who they say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declared: bool,
    /// Who of the office entered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_by: Option<String>,
    /// What the form carried, as a keyed hash.
    pub fingerprint: String,
    /// Where the requester is written to, sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Bytes>,
    /// Who asks, as they name themselves ([`ConfidedIdentifier`]), sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Bytes>,
    /// What they wrote, sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Bytes>,
    /// What shall be corrected, by field, sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrections: Option<Bytes>,
    /// Instructions for after death ([`super::instructions::Instructions`]), sealed under the subject's
    /// key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Bytes>,
}

impl Request {
    /// Takes a receipt, without what is confided.
    pub fn new(received: &Received, fingerprint: &Fingerprint) -> Self {
        let (verification, points_needed) = match received.verification {
            VerificationRule::None => ("none", None),
            VerificationRule::Mail => ("mail", None),
            VerificationRule::Points(needed) => ("points", Some(needed)),
            VerificationRule::Account => ("account", None),
        };
        Self {
            v: VERSION,
            kind: Kind::Request,
            request: received.request.as_str().to_owned(),
            at: millis(received.at),
            ends_at: millis(received.due_at),
            law: received.due_by_law.clone(),
            identifier: received.identifier.as_str().to_owned(),
            verification: verification.to_owned(),
            points_needed,
            points: received.points.iter().map(|point| point.as_str().to_owned()).collect(),
            purposes: received.purposes.iter().map(ToString::to_string).collect(),
            acting: received.acting.as_ref().map(|acting| acting.role.as_str().to_owned()),
            acting_proof: received.acting.as_ref().and_then(|acting| acting.proof.as_ref()).map(ToString::to_string),
            service: received.service.as_ref().map(ToString::to_string),
            following: received.following.as_ref().map(ToString::to_string),
            regimes: received.regimes.iter().map(|regime| regime.as_str().to_owned()).collect(),
            residence: received.residence.as_ref().map(ToString::to_string),
            language: (received.language != Language::English).then(|| received.language.as_str().to_owned()),
            about: received.about.as_ref().map(ToString::to_string),
            declared: received.declared,
            entered_by: received.entered_by.as_ref().map(ToString::to_string),
            fingerprint: fingerprint.to_string(),
            contact: None,
            who: None,
            message: None,
            corrections: None,
            instructions: None,
        }
    }

    /// Reads the receipt and its fingerprint.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_received(self) -> Result<(Received, Fingerprint), Unreadable> {
        check(self.v, self.kind, Kind::Request)?;
        let verification = match (self.verification.as_str(), self.points_needed) {
            ("none", None) => VerificationRule::None,
            ("mail", None) => VerificationRule::Mail,
            ("points", Some(needed)) => VerificationRule::Points(needed),
            ("account", None) => VerificationRule::Account,
            _ => return Err(Unreadable { field: "verification" }),
        };
        let fingerprint = id("fingerprint", &self.fingerprint, Fingerprint::parse)?;
        let proof = self.acting_proof.map(|proof| id("acting_proof", &proof, Ground::parse)).transpose()?;
        let acting = self.acting.map(|role| name("acting", &role, ActingAs::parse)).transpose()?;
        let residence = self.residence.map(|place| Place::parse(&place)).transpose();
        let received = Received {
            request: name("request", &self.request, RequestType::parse)?,
            at: time("at", self.at)?,
            due_at: time("ends_at", self.ends_at)?,
            due_by_law: self.law,
            regimes: regimes(&self.regimes)?,
            residence: residence.map_err(|_| Unreadable { field: "residence" })?,
            language: self.language.map(|tag| name("language", &tag, Language::of)).transpose()?.unwrap_or_default(),
            identifier: id("identifier", &self.identifier, IdentifierKind::parse)?,
            verification,
            points: self.points.into_iter().map(PointHash::from_stored).collect(),
            purposes: ids("purposes", &self.purposes, Purpose::parse)?,
            acting: acting.map(|role| Acting { role, proof }),
            service: self.service.map(|service| id("service", &service, Ground::parse)).transpose()?,
            following: self.following.map(|request| id("following", &request, RequestId::parse)).transpose()?,
            about: self.about.map(|request| id("about", &request, RequestId::parse)).transpose()?,
            declared: self.declared,
            entered_by: self.entered_by.map(|staff| id("entered_by", &staff, StaffId::parse)).transpose()?,
        };
        Ok((received, fingerprint))
    }
}

pub(super) fn regimes(names: &[String]) -> Result<Vec<Regime>, Unreadable> {
    names.iter().map(|regime| name("regimes", regime, Regime::parse)).collect()
}

/// `REQUEST#{request}` in the controller's own partition: whose it is, for who has its number alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Whose, by reference.
    pub subject: String,
}

impl Whose {
    /// Takes whose it is.
    pub fn new(subject: &SubjectRef) -> Self {
        Self { v: VERSION, kind: Kind::Whose, subject: subject.to_string() }
    }

    /// Reads whose it is.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_subject(self) -> Result<SubjectRef, Unreadable> {
        check(self.v, self.kind, Kind::Whose)?;
        id("subject", &self.subject, SubjectRef::parse)
    }
}

/// An identifier, before it is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfidedIdentifier {
    /// Its kind.
    pub kind: String,
    /// Its value. Personal: this form is written to be sealed, and nothing else.
    pub value: String,
}

impl std::fmt::Debug for ConfidedIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfidedIdentifier").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// `REQUEST#{request}#1-VERIFIED`, as it was stored before a request had a numbered history: read, and
/// written no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When.
    pub at: i64,
    /// How.
    pub by: String,
    /// How many points matched, where they were verified by points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u8>,
}

impl Verified {
    /// Reads the verification.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_parts(self) -> Result<(Timestamp, VerifiedBy), Unreadable> {
        check(self.v, self.kind, Kind::Verified)?;
        Ok((time("at", self.at)?, verified_by(&self.by, self.points)?))
    }
}

pub(super) fn verified_by(by: &str, points: Option<u8>) -> Result<VerifiedBy, Unreadable> {
    Ok(match (by, points) {
        ("not-needed", None) => VerifiedBy::NotNeeded,
        ("mail", None) => VerifiedBy::Mail,
        ("code", None) => VerifiedBy::Code,
        ("account", None) => VerifiedBy::Account,
        ("office", None) => VerifiedBy::Office,
        ("points", Some(points)) => VerifiedBy::Points(points),
        _ => return Err(Unreadable { field: "by" }),
    })
}

/// `REQUEST#{request}#2-DECIDED`, as it was stored before a request had a numbered history: read, and
/// written no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When.
    pub at: i64,
    /// How it ended, and what belongs to that end.
    pub outcome: Ending,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "kebab-case")]
pub enum Ending {
    /// Refused by the policy's own statement.
    Refused {
        /// A code.
        code: String,
        /// What the person is told.
        text: String,
        /// What they are offered instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<String>,
        /// Where the policy says so.
        clause: String,
    },
    /// The points did not match.
    NotVerified,
    /// An export stands ready.
    Exported {
        /// The object's key.
        object: String,
        /// Until when it can be fetched.
        until: i64,
    },
    /// Erased, item by item; items that share all but their record and leaf stand together.
    Erased {
        /// The items.
        groups: Vec<ErasedGroup>,
    },
    /// Consents were withdrawn.
    Withdrawn {
        /// Which.
        purposes: Vec<String>,
    },
    /// Uses of the person's data were stopped.
    Stopped {
        /// Which.
        purposes: Vec<String>,
        /// Whether the office still owes a decision.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        with_office: bool,
    },
    /// Instructions were kept or revoked.
    Recorded,
    /// With the privacy office.
    WithOffice,
    /// Done by the office.
    Granted,
    /// Stored data was corrected.
    Corrected {
        /// In which fields.
        fields: Vec<String>,
    },
    /// Refused by the office.
    RefusedByOffice {
        /// On which ground.
        ground: String,
    },
}

/// Items of one category and purpose that ended alike: an erasure of thousands of records fits one
/// item of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedGroup {
    /// What they were.
    pub category: String,
    /// What they were kept for.
    pub purpose: String,
    /// What became of them.
    pub result: Fate,
    /// Which records.
    pub records: Vec<String>,
    /// For each erased record, the number of its leaf.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<u32>,
}

/// What became of items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Fate {
    /// Deleted.
    Erased {
        /// The batch that holds their leaves.
        batch: String,
    },
    /// Kept.
    Kept {
        /// What the person is told.
        reason: String,
        /// The article that allows it.
        article: String,
        /// Where the policy says so.
        clause: String,
    },
    /// Kept for now under a hold.
    Held,
}

impl Decided {
    /// Reads the decision.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_parts(self) -> Result<(Timestamp, Outcome), Unreadable> {
        check(self.v, self.kind, Kind::Decided)?;
        Ok((time("at", self.at)?, self.outcome.into_outcome()?))
    }
}

impl From<&Outcome> for Ending {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Refused(refusal, clause) => Self::Refused {
                code: refusal.code.clone(),
                text: refusal.text.clone(),
                offer: refusal.offer.map(|offer| offer.as_str().to_owned()),
                clause: clause.to_string(),
            },
            Outcome::NotVerified => Self::NotVerified,
            Outcome::Exported { object, until } => Self::Exported { object: object.clone(), until: millis(*until) },
            Outcome::Erased(items) => Self::Erased { groups: group(items) },
            Outcome::Withdrawn(purposes) => {
                Self::Withdrawn { purposes: purposes.iter().map(ToString::to_string).collect() }
            }
            Outcome::Stopped(stop) => Self::Stopped {
                purposes: stop.purposes.iter().map(ToString::to_string).collect(),
                with_office: stop.with_office,
            },
            Outcome::Recorded => Self::Recorded,
            Outcome::WithOffice => Self::WithOffice,
            Outcome::Granted => Self::Granted,
            Outcome::Corrected(fields) => Self::Corrected { fields: fields.iter().map(ToString::to_string).collect() },
            Outcome::RefusedByOffice(ground) => Self::RefusedByOffice { ground: ground.as_str().to_owned() },
        }
    }
}

impl Ending {
    pub(super) fn into_outcome(self) -> Result<Outcome, Unreadable> {
        Ok(match self {
            Self::Refused { code, text, offer, clause } => {
                let offer = offer.map(|offer| name("offer", &offer, RequestType::parse)).transpose()?;
                Outcome::Refused(Refusal { code, text, offer }, Clause::new(clause))
            }
            Self::NotVerified => Outcome::NotVerified,
            Self::Exported { object, until } => Outcome::Exported { object, until: time("until", until)? },
            Self::Erased { groups } => Outcome::Erased(ungroup(groups)?),
            Self::Withdrawn { purposes } => Outcome::Withdrawn(ids("purposes", &purposes, Purpose::parse)?),
            Self::Stopped { purposes, with_office } => {
                Outcome::Stopped(Stop { purposes: ids("purposes", &purposes, Purpose::parse)?, with_office })
            }
            Self::Recorded => Outcome::Recorded,
            Self::WithOffice => Outcome::WithOffice,
            Self::Granted => Outcome::Granted,
            Self::Corrected { fields } => Outcome::Corrected(ids("fields", &fields, Field::parse)?),
            Self::RefusedByOffice { ground } => {
                Outcome::RefusedByOffice(name("ground", &ground, RefusalGround::parse)?)
            }
        })
    }
}

fn group(items: &[Item]) -> Vec<ErasedGroup> {
    let mut groups: std::collections::BTreeMap<(&Category, &Purpose, Fate), ErasedGroup> = Default::default();
    for item in items {
        let (fate, leaf) = match &item.result {
            ItemResult::Erased { evidence } => {
                let (batch, leaf) = evidence.rsplit_once('/').unwrap_or((evidence, ""));
                (Fate::Erased { batch: batch.to_owned() }, leaf.parse::<u32>().ok())
            }
            ItemResult::Kept { reason, article, clause } => {
                (Fate::Kept { reason: reason.clone(), article: article.clone(), clause: clause.to_string() }, None)
            }
            ItemResult::Held => (Fate::Held, None),
        };
        let group = groups.entry((&item.category, &item.purpose, fate.clone())).or_insert_with(|| ErasedGroup {
            category: item.category.to_string(),
            purpose: item.purpose.to_string(),
            result: fate,
            records: Vec::new(),
            leaves: Vec::new(),
        });
        group.records.push(item.record.to_string());
        group.leaves.extend(leaf);
    }
    groups.into_values().collect()
}

/// The items in the order in which they are told: by category, then record.
fn ungroup(groups: Vec<ErasedGroup>) -> Result<Vec<Item>, Unreadable> {
    let mut items = Vec::new();
    for group in groups {
        let category = id("category", &group.category, Category::parse)?;
        let purpose = id("purpose", &group.purpose, Purpose::parse)?;
        for (position, record) in group.records.iter().enumerate() {
            let result = match &group.result {
                Fate::Erased { batch } => {
                    let leaf = group.leaves.get(position).ok_or(Unreadable { field: "leaves" })?;
                    ItemResult::Erased { evidence: format!("{batch}/{leaf}") }
                }
                Fate::Kept { reason, article, clause } => ItemResult::Kept {
                    reason: reason.clone(),
                    article: article.clone(),
                    clause: Clause::new(clause.clone()),
                },
                Fate::Held => ItemResult::Held,
            };
            items.push(Item {
                category: category.clone(),
                purpose: purpose.clone(),
                record: id("records", record, RecordId::parse)?,
                result,
            });
        }
    }
    items.sort_by(|a, b| (&a.category, &a.record).cmp(&(&b.category, &b.record)));
    Ok(items)
}
