//! Where a request stands, as whoever made it reads it.

use domain::{
    dsar::{self, Complaint, Ending, Item, ItemResult, Outcome, RequestState, RequestType, TaskEnd},
    ids::{Field, RequestId},
    policy::Policy,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ActingForm, ComplaintForm, NextForm, RefusalForm, path};

/// One item of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemForm {
    /// What it was.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// `erased`, `kept` or `held`.
    pub result: String,
    /// Why it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The article that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The clause of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The evidence of its erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A law whose clock runs for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawForm {
    /// Its name: `eu-gdpr`.
    pub regime: String,
    /// Its title.
    pub title: String,
}

/// A step to the due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepForm {
    /// What follows from what.
    pub words: String,
    /// The day that it leads to.
    pub date: String,
    /// Where it is written.
    pub article: String,
}

/// Something that happened to a request, without the office's inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HappenedForm {
    /// When.
    pub at: String,
    /// What: `received`, `verified`, `asked`, `replied`, `extended`, `decided`, `withdrawn`, `stopped`, `merged`
    /// or `lapsed`.
    pub what: String,
    /// What it was about: the question, the ground, the outcome, the other request's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /{controller}/v1/requests/{request}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusForm {
    /// The form's version.
    pub v: u8,
    /// Which request.
    pub request_id: String,
    /// What is asked for.
    #[serde(rename = "type")]
    pub request: String,
    /// Where it stands.
    pub status: String,
    /// When it was received.
    pub received_at: String,
    /// The last day on which an answer is in time; while the clock stands, the earliest that it can be.
    pub due_date: String,
    /// The first instant at which an answer is late.
    pub due_before: String,
    /// The law that says so.
    pub due_by: String,
    /// Whether the clock stands until the requester answers.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub due_stands: bool,
    /// How the date comes about.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub due_steps: Vec<StepForm>,
    /// The laws whose clocks run.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub laws: Vec<LawForm>,
    /// In which language the requester is written to.
    pub language: String,
    /// What happens next, or what they can do.
    pub next: NextForm,
    /// What happened so far.
    pub history: Vec<HappenedForm>,
    /// What a withdrawal or an objection is about; none: all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub purposes: Vec<String>,
    /// Which fields a rectification corrects.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub corrections: Vec<String>,
    /// In how many of the controller's systems work had ended when the request was taken back or stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub systems_done: Option<usize>,
    /// Who asked, where it was not the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acting: Option<ActingForm>,
    /// The service that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How it was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
    /// What is answered instead, where the proof does not suffice for all that was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answered_as: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusalForm>,
    /// Where to complain, if anything was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintForm>,
    /// An erasure, item by item.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub items: Vec<ItemForm>,
    /// Consents withdrawn.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withdrawn: Vec<String>,
    /// Purposes for which the person's data is used no more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub stopped: Vec<String>,
    /// Where the answer to a question about the policy can be fetched with the request's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Since when no mail about it goes out any more, because one came back or was called unwanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable_by_mail: Option<UnreachableForm>,
}

/// Why a requester is not written to any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreachableForm {
    /// Since when.
    pub since: String,
    /// `bounce-permanent` or `complaint`.
    pub why: String,
}

impl StatusForm {
    /// Names the fields that the request corrects, and no value.
    #[must_use]
    pub fn with_corrections<'a>(mut self, fields: impl IntoIterator<Item = &'a Field>) -> Self {
        self.corrections = fields.into_iter().map(ToString::to_string).collect();
        self
    }

    /// Writes a status as it is at that time.
    pub fn new(policy: &Policy, request: &RequestId, state: &RequestState, now: Timestamp) -> Self {
        let received = &state.received;
        let due = dsar::due_of(policy, state);
        let next = dsar::next_step(policy, state, &due, now);
        let laws = if state.regimes().is_empty() { &policy.regimes } else { state.regimes() };
        let shows_items = dsar::shows_items(received);
        let outcome = state.decided.as_ref().map(|(_, outcome)| outcome);
        Self {
            v: 1,
            request_id: request.to_string(),
            request: state.received.request.to_string(),
            status: state.stage().for_requester().as_str().to_owned(),
            received_at: state.received.at.to_string(),
            due_date: due.last_day.to_string(),
            due_before: due.at.to_string(),
            due_stands: due.stands,
            laws: laws
                .iter()
                .map(|law| LawForm { regime: law.as_str().to_owned(), title: law.title().to_owned() })
                .collect(),
            language: received.language.as_str().to_owned(),
            next: NextForm::new(policy, &next, &due, received.language),
            history: dsar::public_history(state)
                .iter()
                .map(|entry| HappenedForm {
                    at: entry.at.to_string(),
                    what: entry.what.as_str().to_owned(),
                    detail: entry.what.detail().map(str::to_owned),
                })
                .collect(),
            purposes: received.purposes.iter().map(ToString::to_string).collect(),
            corrections: Vec::new(),
            systems_done: systems_done(state),
            due_steps: due
                .steps
                .into_iter()
                .map(|step| StepForm { words: step.words, date: step.date.to_string(), article: step.article })
                .collect(),
            due_by: due.law,
            acting: received.acting.as_ref().map(ActingForm::from),
            service: received.service.as_ref().map(ToString::to_string),
            verified_by: state.verified.map(|(_, by)| by.as_str().to_owned()),
            answered_as: Some(state.answered_as()).filter(|as_| *as_ != received.request).map(|as_| as_.to_string()),
            outcome: outcome.map(|outcome| outcome.as_str().to_owned()),
            decided_at: state.decided.as_ref().map(|(at, _)| at.to_string()),
            refused: match outcome {
                Some(Outcome::Refused(refusal, clause)) => Some(RefusalForm::new(refusal, clause)),
                _ => None,
            },
            complaint: outcome
                .filter(|outcome| dsar::may_be_refused(received, outcome))
                .map(|_| Complaint::of(policy).into()),
            items: match outcome {
                Some(Outcome::Erased(items)) if shows_items => items.iter().map(item).collect(),
                _ => Vec::new(),
            },
            withdrawn: match outcome {
                Some(Outcome::Withdrawn(purposes)) => purposes.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            stopped: match outcome {
                Some(Outcome::Stopped(stop)) => stop.purposes.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            export: match outcome {
                Some(Outcome::Exported { .. }) if received.request == RequestType::Information => {
                    Some(format!("{}/export", path(policy, request)))
                }
                _ => None,
            },
            unreachable_by_mail: state
                .unreachable_by_mail()
                .map(|(since, why)| UnreachableForm { since: since.to_string(), why: why.to_string() }),
        }
    }
}

/// How many systems had ended their work on a request that was taken back or stopped, whatever they found: what was
/// done cannot be undone, and is told.
fn systems_done(state: &RequestState) -> Option<usize> {
    let tasks = state.tasks();
    let is_broken_off = matches!(state.ending(), Some(Ending::Withdrawn | Ending::Stopped));
    let is_done = |end: &&Option<&TaskEnd>| end.is_some_and(|end| *end != TaskEnd::GivenUp);
    (is_broken_off && !tasks.is_empty()).then(|| tasks.values().filter(is_done).count())
}

pub(crate) fn item(item: &Item) -> ItemForm {
    let mut form = ItemForm {
        category: item.category.to_string(),
        purpose: item.purpose.to_string(),
        result: String::new(),
        reason: None,
        article: None,
        clause: None,
        evidence: None,
    };
    match &item.result {
        ItemResult::Erased { evidence } => {
            form.result = "erased".to_owned();
            form.evidence = Some(evidence.clone());
        }
        ItemResult::Kept { reason, article, clause } => {
            form.result = "kept".to_owned();
            form.reason = Some(reason.clone());
            form.article = Some(article.clone());
            form.clause = Some(clause.to_string());
        }
        ItemResult::Held => form.result = "held".to_owned(),
    }
    form
}

#[cfg(test)]
mod tests {
    use domain::{
        dsar::{Act, Acting, ActingAs, Actor, Entry, ExtensionGround, Received, Stop},
        ids::{Category, ControllerId, Ground, IdentifierKind, Pepper, Purpose, StaffId, SystemId},
        language::Language,
        policy::{Clause, Notice, Refusal, Regime},
    };

    use super::*;

    fn policy() -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice)
    }

    fn status(request: RequestType, acting: Option<ActingAs>, outcome: Outcome) -> StatusForm {
        let at = Timestamp::UNIX_EPOCH;
        let received = Received {
            acting: acting.map(|role| Acting { role, proof: None }),
            service: Some(Ground::parse("website").unwrap()),
            ..Received::new(request, IdentifierKind::Mail, at, (at, String::new()))
        };
        let state = RequestState { decided: Some((at, outcome)), ..RequestState::new(received) };
        StatusForm::new(&policy(), &id(), &state, at)
    }

    fn id() -> RequestId {
        Pepper::new(1, &[1; 32]).derive(&["request"])
    }

    fn erased(result: ItemResult) -> Outcome {
        Outcome::Erased(vec![Item {
            category: Category::parse("cv").unwrap(),
            purpose: Purpose::parse("hiring").unwrap(),
            record: Pepper::new(1, &[1; 32]).derive(&["record"]),
            result,
        }])
    }

    #[test]
    fn whoever_is_refused_anything_is_told_where_to_complain() {
        let refusal = Refusal { code: "NO".into(), text: "no".into(), offer: None };
        let gone = || ItemResult::Erased { evidence: "x/0".into() };
        for (outcome, complains) in [
            (Outcome::Refused(refusal, Clause::new("acme.1")), true),
            (Outcome::NotVerified, true),
            (erased(ItemResult::Held), true),
            (erased(gone()), false),
            (Outcome::WithOffice, false),
            (Outcome::Recorded, false),
        ] {
            let status = status(RequestType::Erasure, None, outcome);
            assert_eq!(status.complaint.is_some(), complains, "{status:?}");
            assert!(status.complaint.is_none_or(|complaint| complaint.remedy.contains("court")));
        }
    }

    #[test]
    fn a_guardians_status_does_not_tell_what_there_was() {
        let of = |acting, result| status(RequestType::Erasure, acting, erased(result));
        let guardian = Some(ActingAs::Guardian);
        let gone = || ItemResult::Erased { evidence: "x/0".into() };
        assert_eq!(of(guardian, gone()), of(guardian, ItemResult::Held));
        assert_eq!(of(guardian, gone()), status(RequestType::Erasure, guardian, Outcome::Erased(Vec::new())));
        assert_eq!(of(Some(ActingAs::Agent), gone()).items.len(), 1);
        let acting = of(guardian, gone()).acting.unwrap();
        assert_eq!((acting.role.as_str(), acting.proof), ("guardian", None));
    }

    #[test]
    fn a_status_says_what_was_understood_which_law_why_then_and_what_comes_next() {
        let at: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let mut policy = policy();
        policy.regimes = vec![Regime::EuGdpr];
        let purposes = vec![Purpose::parse("marketing").unwrap()];
        let received = |language| Received {
            purposes: purposes.clone(),
            language,
            ..Received::new(RequestType::Objection, IdentifierKind::Mail, at, (at, String::new()))
        };
        let clerk = || Actor::Staff(StaffId::parse("clerk-1").unwrap());
        let entries = [
            Entry { at, by: clerk(), act: Act::Claimed },
            Entry { at, by: clerk(), act: Act::Noted },
            Entry { at, by: clerk(), act: Act::Extended(ExtensionGround::Complexity) },
        ];
        let mut texts = Vec::new();
        for language in Language::ALL {
            let state = RequestState::fold(received(language), entries.clone());
            let fields = [Field::parse("email").unwrap()];
            let form = StatusForm::new(&policy, &id(), &state, at).with_corrections(&fields);
            assert_eq!(
                (form.purposes.as_slice(), form.language.as_str()),
                (&["marketing".to_owned()][..], language.as_str())
            );
            assert_eq!(form.corrections, ["email"]);
            assert_eq!(form.laws.iter().map(|law| law.regime.as_str()).collect::<Vec<_>>(), ["eu-gdpr"]);
            assert!(!form.due_steps.is_empty() && form.due_steps.iter().all(|step| !step.article.is_empty()));
            assert_eq!(form.next.code, "wait");
            assert!(form.next.text.contains(&form.due_date), "{}", form.next.text);
            let what: Vec<_> =
                form.history.iter().map(|entry| (entry.what.as_str(), entry.detail.as_deref())).collect();
            assert_eq!(what, [("received", None), ("extended", Some("complexity"))]);
            assert!(!serde_json::to_string(&form).unwrap().contains("clerk-1"), "nothing of who in the office");
            texts.push(form.next.text);
        }
        texts.dedup();
        assert_eq!(texts.len(), 3, "a sentence in each language");
    }

    #[test]
    fn whoever_takes_a_request_back_is_told_how_much_was_done() {
        let at = Timestamp::UNIX_EPOCH;
        let received = Received::new(RequestType::Erasure, IdentifierKind::Mail, at, (at, String::new()));
        let system = |name: &str| SystemId::parse(name).unwrap();
        let by = |by, act| Entry { at, by, act };
        let ended = |name: &str, end| by(Actor::Product, Act::TaskEnded(system(name), end));
        let opened = by(Actor::Product, Act::TasksOpened(["a", "b", "c"].map(system).to_vec()));
        let history = [
            opened,
            ended("a", TaskEnd::Done { records: 7 }),
            ended("b", TaskEnd::GivenUp),
            by(Actor::Requester, Act::Withdrawn),
        ];
        let state = RequestState::fold(received, history);
        let form = StatusForm::new(&policy(), &id(), &state, at);
        assert_eq!((form.status.as_str(), form.systems_done, form.next.code.as_str()), ("withdrawn", Some(1), "done"));
    }

    #[test]
    fn a_status_says_what_is_stopped_and_where_the_policys_facts_are() {
        let stop = Stop { purposes: vec![Purpose::parse("marketing").unwrap()], with_office: true };
        let status_of = |request, outcome| status(request, None, outcome);
        let stopped = status_of(RequestType::Objection, Outcome::Stopped(stop));
        assert_eq!((stopped.stopped, stopped.status.as_str()), (vec!["marketing".to_owned()], "in-progress"));
        assert_eq!(stopped.service.as_deref(), Some("website"));
        let exported = || Outcome::Exported { object: "x.json".into(), until: Timestamp::UNIX_EPOCH };
        let path = format!("/acme/v1/requests/{}/export", id());
        assert_eq!(status_of(RequestType::Information, exported()).export, Some(path));
        assert_eq!(status_of(RequestType::Access, exported()).export, None, "its link goes by mail alone");
    }
}
