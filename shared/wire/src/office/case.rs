//! One request, with all that the office may know of it.

use std::{collections::BTreeMap, fmt};

use domain::{
    dsar::{
        Act, Actor, AnswerDue, Ending, Entry, Exception, Instructions, Outcome, RequestState, Ruling, TaskEnd,
        VerifiedBy,
    },
    ids::{Category, Field, Identifier, Purpose, RequestId},
    policy::Policy,
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use super::action::ExceptionForm;
use crate::request::{ActingForm, ItemForm, RefusalForm, item};

/// What a case is written from. What is personal is disclosed to whoever reads it, and to nothing else.
#[derive(Debug)]
#[expect(missing_docs, reason = "each is the part of its name")]
pub struct Case<'a> {
    pub policy: &'a Policy,
    pub request: &'a RequestId,
    pub state: &'a RequestState,
    pub due: &'a AnswerDue,
    pub identifier: Option<&'a Identifier>,
    pub message: Option<&'a Sensitive<String>>,
    pub corrections: &'a BTreeMap<Field, Sensitive<String>>,
    pub instructions: Option<&'a Instructions>,
    pub texts: &'a BTreeMap<u32, Sensitive<String>>,
    /// What an erasure has come to, by kind of data: how many records it planned, and how many of them
    /// stand no more.
    pub erased: Vec<(Category, Purpose, usize, usize)>,
}

/// Who asks, as they name themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoForm {
    /// `mail`, `phone`, `account` and so on.
    pub kind: String,
    /// The identifier itself.
    pub value: String,
}

impl fmt::Debug for WhoForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WhoForm(…)")
    }
}

/// By when it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueForm {
    /// The last day on which an answer is in time, in the law's zone.
    pub date: String,
    /// The first instant that is late.
    pub before: String,
    /// The law that says so, or the promise.
    pub law: String,
    /// Whether every clock stands until the requester answers.
    pub stands: bool,
    /// How the date comes about, step by step.
    pub steps: Vec<StepForm>,
}

/// A step on the way to a due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepForm {
    /// What follows from what.
    pub what: String,
    /// The day that it leads to.
    pub date: String,
    /// Where it is written.
    pub article: String,
}

impl From<&AnswerDue> for DueForm {
    fn from(due: &AnswerDue) -> Self {
        let step = |step: &domain::clock::Step| StepForm {
            what: step.words.clone(),
            date: step.date.to_string(),
            article: step.article.clone(),
        };
        Self {
            date: due.last_day.to_string(),
            before: due.at.to_string(),
            law: due.law.clone(),
            stands: due.stands,
            steps: due.steps.iter().map(step).collect(),
        }
    }
}

/// A ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulingForm {
    /// `approve` or `refuse`.
    pub ruling: String,
    /// The ground of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// The articles behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The parts that are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<ExceptionForm>,
}

impl From<&Ruling> for RulingForm {
    fn from(ruling: &Ruling) -> Self {
        match ruling {
            Ruling::Approve { except } => {
                let form = |exception: &Exception| ExceptionForm {
                    category: exception.category.to_string(),
                    purpose: exception.purpose.as_ref().map(ToString::to_string),
                    ground: exception.ground.as_str().to_owned(),
                };
                Self {
                    ruling: "approve".to_owned(),
                    ground: None,
                    article: None,
                    except: except.iter().map(form).collect(),
                }
            }
            Ruling::Refuse(ground) => Self {
                ruling: "refuse".to_owned(),
                ground: Some(ground.as_str().to_owned()),
                article: Some(ground.article().to_owned()),
                except: Vec::new(),
            },
        }
    }
}

/// An entry of the history.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryForm {
    /// Its number.
    pub number: u32,
    /// When.
    pub at: String,
    /// `requester`, `product`, `staff` or `system`.
    pub by: String,
    /// Who of the office, or which system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// What happened: `claimed`, `asked`, `ruled`.
    pub act: String,
    /// What exactly, by the kind of act: what was asked, how they were verified, which ground, which system,
    /// to whom, into which request, how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Whose law counts from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regimes: Vec<String>,
    /// Which systems were asked, or which of them it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// What was proposed or ruled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<RulingForm>,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl fmt::Debug for EntryForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryForm").field("number", &self.number).field("act", &self.act).finish_non_exhaustive()
    }
}

impl EntryForm {
    fn new(number: u32, entry: &Entry, text: Option<&Sensitive<String>>) -> Self {
        let (by, who) = match &entry.by {
            Actor::Requester => ("requester", None),
            Actor::Product => ("product", None),
            Actor::Staff(staff) => ("staff", Some(staff.to_string())),
            Actor::System(system) => ("system", Some(system.to_string())),
        };
        let form = Self {
            number,
            at: entry.at.to_string(),
            by: by.to_owned(),
            who,
            act: entry.act.kind().as_str().to_owned(),
            // Disclosed to the office.
            text: text.map(|text| text.disclose().clone()),
            ..Self::default()
        };
        let what = |what: &str| Some(what.to_owned());
        match &entry.act {
            Act::Verified(by) => Self { what: what(by.as_str()), ..form },
            Act::Asked(ask) | Act::Replied(ask) => Self { what: what(ask.as_str()), ..form },
            Act::HandedOver(to) => Self { what: what(to.as_str()), ..form },
            Act::RegimesChanged(regimes) => {
                Self { regimes: regimes.iter().map(|regime| regime.as_str().to_owned()).collect(), ..form }
            }
            Act::Extended(ground) => Self { what: what(ground.as_str()), ..form },
            Act::TasksOpened(systems) => Self { systems: systems.iter().map(ToString::to_string).collect(), ..form },
            Act::TaskEnded(system, end) => Self { what: what(end.as_str()), systems: vec![system.to_string()], ..form },
            Act::Proposed(ruling) | Act::Ruled(ruling) => Self { ruling: Some(ruling.into()), ..form },
            Act::Decided(outcome) => Self { what: what(outcome.as_str()), ..form },
            Act::Merged(into) => Self { what: what(into.as_str()), ..form },
            Act::MailFailed { mail, why } => Self { what: Some(format!("{mail}: {why}")), ..form },
            Act::Claimed
            | Act::Released
            | Act::Noted
            | Act::Approved
            | Act::SentBack
            | Act::Withdrawn
            | Act::Stopped
            | Act::Lapsed => form,
        }
    }
}

/// A task in one of the controller's systems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskForm {
    /// Which system.
    pub system: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `open`, or how it ended.
    pub state: String,
    /// How many records it was about, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u32>,
    /// Why it kept them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// What an erasure has come to with one kind of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedForm {
    /// What it was.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// How many records were to be erased.
    pub planned: usize,
    /// How many of them stand no more.
    pub gone: usize,
}

/// A mail that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFailureForm {
    /// When.
    pub at: String,
    /// Which.
    pub mail: String,
    /// How.
    pub why: String,
}

/// `GET /{controller}/v1/staff/requests/{request}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseForm {
    /// The form's version.
    pub v: u8,
    /// Which request.
    pub request_id: String,
    /// What is asked for.
    #[serde(rename = "type")]
    pub request: String,
    /// Where it stands.
    pub stage: String,
    /// How many entries its history has: what `If-Match` must name.
    pub version: u32,
    /// When it was received.
    pub received_at: String,
    /// Who entered it, where it came by no form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_by: Option<String>,
    /// By when it is answered.
    pub due: DueForm,
    /// The laws whose clocks run; none: all of the policy's.
    pub regimes: Vec<String>,
    /// When the person was told that it takes longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_at: Option<String>,
    /// Why it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_for: Option<String>,
    /// Who asks; none once their key is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<WhoForm>,
    /// Who asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<ActingForm>,
    /// Where they say that they live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residence: Option<String>,
    /// In which language they are written to.
    pub language: String,
    /// Whether they may be answered: who they are is shown, or need not be.
    pub is_verified: bool,
    /// How it was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
    /// Whether they declare under penalty of perjury to be who they say.
    pub declared: bool,
    /// What they want to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What shall be corrected, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub corrections: BTreeMap<String, String>,
    /// What shall become of their data after death, by part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instructions: BTreeMap<String, String>,
    /// The purposes that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// The service that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The request that an appeal is against, or whose instructions it carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Who has taken it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// What the requester is asked and has not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// A ruling that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<RulingForm>,
    /// The ruling in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<RulingForm>,
    /// How it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why the policy refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusalForm>,
    /// The request that answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Tasks in the controller's systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskForm>,
    /// An erasure, item by item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemForm>,
    /// What an erasure has come to, by kind of data, whether or not it was carried through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<ErasedForm>,
    /// The mails about it that came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mails_failed: Vec<MailFailureForm>,
    /// All that happened to it.
    pub history: Vec<EntryForm>,
}

impl fmt::Debug for CaseForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseForm").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

impl From<Case<'_>> for CaseForm {
    fn from(case: Case<'_>) -> Self {
        let Case { policy, state, .. } = case;
        let received = &state.received;
        let outcome = state.decided.as_ref().map(|(_, outcome)| outcome);
        // Disclosed to the office.
        let plain = |text: &Sensitive<String>| text.disclose().clone();
        Self {
            v: 1,
            request_id: case.request.to_string(),
            request: received.request.to_string(),
            stage: state.stage().as_str().to_owned(),
            version: state.version(),
            received_at: received.at.to_string(),
            entered_by: received.entered_by.as_ref().map(ToString::to_string),
            due: case.due.into(),
            regimes: state.regimes().iter().map(|regime| regime.as_str().to_owned()).collect(),
            extended_at: state.extended_at().map(|(at, _)| at.to_string()),
            extended_for: state.extended_at().map(|(_, ground)| ground.as_str().to_owned()),
            subject: case.identifier.map(|identifier| WhoForm {
                kind: identifier.kind().as_str().to_owned(),
                value: plain(identifier.value()),
            }),
            acting: received.acting.as_ref().map(ActingForm::from),
            residence: received.residence.as_ref().map(ToString::to_string),
            language: received.language.as_str().to_owned(),
            is_verified: state.is_verified(),
            verified_by: state.verified.map(|(_, by)| verified_by(by)),
            declared: received.declared,
            message: case.message.map(plain),
            corrections: case.corrections.iter().map(|(field, value)| (field.to_string(), plain(value))).collect(),
            instructions: case.instructions.map(instructions).unwrap_or_default(),
            purposes: received.purposes.iter().map(ToString::to_string).collect(),
            service: received.service.as_ref().map(ToString::to_string),
            about: received.about.as_ref().or(received.following.as_ref()).map(ToString::to_string),
            assignee: state.assignee().map(ToString::to_string),
            asked: state.asked().map(|(ask, _)| ask.as_str().to_owned()),
            proposal: state.proposal().map(|(_, ruling)| ruling.into()),
            ruling: state.ruling().map(|(_, ruling)| ruling.into()),
            outcome: outcome.map(|outcome| outcome.as_str().to_owned()),
            refused: match outcome {
                Some(Outcome::Refused(refusal, clause)) => Some(RefusalForm::new(refusal, clause)),
                _ => None,
            },
            merged_into: match state.ending() {
                Some(Ending::Merged(into)) => Some(into.to_string()),
                _ => None,
            },
            tasks: tasks(policy, state),
            items: match outcome {
                Some(Outcome::Erased(items)) => items.iter().map(item).collect(),
                _ => Vec::new(),
            },
            erased: case
                .erased
                .into_iter()
                .map(|(category, purpose, planned, gone)| ErasedForm {
                    category: category.to_string(),
                    purpose: purpose.to_string(),
                    planned,
                    gone,
                })
                .collect(),
            mails_failed: state.history.iter().filter_map(mail_failure).collect(),
            history: (1..)
                .zip(&state.history)
                .map(|(number, entry)| EntryForm::new(number, entry, case.texts.get(&number)))
                .collect(),
        }
    }
}

fn verified_by(by: VerifiedBy) -> String {
    match by {
        VerifiedBy::Points(points) => format!("{} {points}", by.as_str()),
        by => by.as_str().to_owned(),
    }
}

fn instructions(instructions: &Instructions) -> BTreeMap<String, String> {
    let Instructions { retention, deletion, communication } = instructions;
    let parts = [("retention", retention), ("deletion", deletion), ("communication", communication)];
    // Disclosed to the office.
    let plain = |(name, text): (&str, &Option<Sensitive<String>>)| {
        text.as_ref().map(|text| (name.to_owned(), text.disclose().clone()))
    };
    parts.into_iter().filter_map(plain).collect()
}

fn tasks(policy: &Policy, state: &RequestState) -> Vec<TaskForm> {
    let form = |(system, end): (&domain::ids::SystemId, Option<&TaskEnd>)| {
        let (records, ground) = match end {
            Some(TaskEnd::Done { records }) => (Some(*records), None),
            Some(TaskEnd::Kept { records, ground }) => (Some(*records), Some(ground.as_str().to_owned())),
            _ => (None, None),
        };
        TaskForm {
            system: system.to_string(),
            title: policy.systems.get(system).map(|rule| rule.title.clone()),
            state: end.map_or("open", TaskEnd::as_str).to_owned(),
            records,
            ground,
        }
    };
    state.tasks().into_iter().map(form).collect()
}

fn mail_failure(entry: &Entry) -> Option<MailFailureForm> {
    match &entry.act {
        Act::MailFailed { mail, why } => {
            Some(MailFailureForm { at: entry.at.to_string(), mail: mail.clone(), why: why.clone() })
        }
        _ => None,
    }
}
