//! What goes to a controller's systems and comes back from them, and what staff read about them
//! (`docs/SYSTEMS.md`).

use std::{collections::BTreeMap, fmt};

use domain::{
    dsar::RefusalGround,
    ids::{ControllerId, Ground, SystemId},
    sensitive::Sensitive,
    system::{HoldNews, HoldNotice, Task, TaskId, TaskOutcome},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::form::{FormError, SubjectForm, at, controller};

mod staff;

pub use staff::{SecretAnswer, SystemAnswer, SystemsAnswer};

/// The version of every form in this module.
pub const VERSION: u8 = 1;

/// Longest JSON object that a system hands over.
const DATA_BYTES_MAX: usize = 256 * 1024;

/// Longest body of an outcome: the data and what stands around it.
pub const OUTCOME_BODY_BYTES_MAX: usize = DATA_BYTES_MAX + 4 * 1024;

/// What goes to a system: the body of a signed call, or of a signed message. It is personal, so it goes
/// nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskForm {
    /// [`VERSION`].
    pub v: u8,
    /// The task's name: the same one, the same task.
    pub task: String,
    /// Whose.
    pub controller: String,
    /// What is asked for: `access`, `erasure`.
    #[serde(rename = "type")]
    pub request: String,
    /// Whom it is about.
    pub subject: SubjectForm,
    /// The purposes that it is about; empty: all.
    pub purposes: Vec<String>,
    /// The categories that the policy says are there; empty: any.
    pub categories: Vec<String>,
    /// What is to be left as it is.
    pub except: Vec<ExceptForm>,
    /// Field to value: what to write instead.
    pub corrections: BTreeMap<String, String>,
    /// From when the answer to the person is late.
    pub due_before: String,
    /// Where the outcome goes.
    pub callback: String,
}

impl fmt::Debug for TaskForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskForm").field("task", &self.task).finish_non_exhaustive()
    }
}

/// What a task leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptForm {
    /// Which data.
    pub category: String,
    /// Kept for what; left out: for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why, as a code.
    pub ground: String,
}

impl TaskForm {
    /// Writes a task.
    pub fn new(task: &Task) -> Self {
        let except = task.except.iter().map(|except| ExceptForm {
            category: except.category.to_string(),
            purpose: except.purpose.as_ref().map(ToString::to_string),
            ground: except.ground.as_str().to_owned(),
        });
        // Disclosed to the controller's own system, which must know whom it is about and what to write.
        let corrections = task.corrections.iter().map(|(field, value)| (field.to_string(), value.disclose().clone()));
        Self {
            v: VERSION,
            task: task.id.to_string(),
            controller: task.controller.to_string(),
            request: task.request.as_str().to_owned(),
            subject: SubjectForm::disclosing(&task.identifier),
            purposes: task.purposes.iter().map(ToString::to_string).collect(),
            categories: task.categories.iter().map(ToString::to_string).collect(),
            except: except.collect(),
            corrections: corrections.collect(),
            due_before: task.due_before.to_string(),
            callback: task.callback.clone(),
        }
    }
}

/// What a system is told of a hold: the body of a signed call, or of a signed message. It asks for no outcome.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldNoticeForm {
    /// [`VERSION`].
    pub v: u8,
    /// The notice's name: the same one, the same hold.
    pub notice: String,
    /// Whose.
    pub controller: String,
    /// `hold-placed` or `hold-released`.
    #[serde(rename = "type")]
    pub what: String,
    /// The event that placed the hold.
    pub event: String,
    /// Why the data is kept: `investigation`.
    pub reason: String,
    /// On whom it is; of a placing alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectForm>,
    /// When the event happened.
    pub occurred_at: String,
    /// When somebody must look at the hold again; of a placing alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_at: Option<String>,
    /// When it was released; of a release alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
    /// When this was sent.
    pub sent_at: String,
}

impl fmt::Debug for HoldNoticeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HoldNoticeForm").field("notice", &self.notice).finish_non_exhaustive()
    }
}

impl HoldNoticeForm {
    /// Writes a notice.
    pub fn new(notice: &HoldNotice) -> Self {
        let (subject, review_at, released_at) = match &notice.news {
            HoldNews::Placed { identifier, review_at } => {
                (Some(SubjectForm::disclosing(identifier)), Some(review_at.to_string()), None)
            }
            HoldNews::Released { at } => (None, None, Some(at.to_string())),
        };
        Self {
            v: VERSION,
            notice: notice.hold.to_string(),
            controller: notice.controller.to_string(),
            what: notice.news.as_str().to_owned(),
            event: notice.event.to_string(),
            reason: notice.reason.as_str().to_owned(),
            subject,
            occurred_at: notice.occurred_at.to_string(),
            review_at,
            released_at,
            sent_at: notice.sent_at.to_string(),
        }
    }
}

/// A signed body in a queue, in either direction.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedForm {
    /// [`VERSION`].
    pub v: u8,
    /// Whose system.
    pub controller: String,
    /// Which.
    pub system: String,
    /// What the header would say.
    pub signature: String,
    /// The body as it was signed: the JSON of a [`TaskForm`], a [`HoldNoticeForm`] or an [`OutcomeForm`].
    pub body: String,
}

impl fmt::Debug for SignedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedForm").finish_non_exhaustive()
    }
}

impl SignedForm {
    /// Whose system it says to be of. Nothing is known before the signature is checked.
    ///
    /// # Errors
    /// [`FormError`] at `/v`, `/controller` or `/system`.
    pub fn system(&self) -> Result<(ControllerId, SystemId), FormError> {
        version(self.v)?;
        Ok((controller(&self.controller, "/controller")?, SystemId::parse(&self.system).map_err(at("/system"))?))
    }
}

/// `POST /{controller}/v1/systems/{system}/outcomes`, or the body of a [`SignedForm`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeForm {
    /// [`VERSION`].
    pub v: u8,
    /// The task's name.
    pub task: String,
    /// `done`, `not-found`, `kept`, `data` or `failed`.
    pub outcome: String,
    /// How many records were done or kept.
    #[serde(default)]
    pub records: Option<u32>,
    /// Why they were kept, as a code.
    #[serde(default)]
    pub ground: Option<String>,
    /// What the system holds: one object.
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
    /// Why it failed, as a code of the system's own.
    #[serde(default)]
    pub reason: Option<String>,
}

impl fmt::Debug for OutcomeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutcomeForm").finish_non_exhaustive()
    }
}

impl OutcomeForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<(TaskId, TaskOutcome), FormError> {
        version(self.v)?;
        let task = TaskId::parse(&self.task).map_err(|invalid| FormError::new("/task", invalid.to_string()))?;
        let given = [
            ("/records", self.records.is_some()),
            ("/ground", self.ground.is_some()),
            ("/data", self.data.is_some()),
            ("/reason", self.reason.is_some()),
        ];
        let needs: &[&str] = match self.outcome.as_str() {
            "done" => &["/records"],
            "not-found" => &[],
            "kept" => &["/records", "/ground"],
            "data" => &["/data"],
            "failed" => &["/reason"],
            _ => return Err(FormError::new("/outcome", "use one of done, not-found, kept, data, failed")),
        };
        for (pointer, is_given) in given {
            if is_given != needs.contains(&pointer) {
                let rule = if is_given { "this outcome does not take it" } else { "this outcome needs it" };
                return Err(FormError::new(pointer, rule));
            }
        }
        let records = self.records.unwrap_or_default();
        let outcome = match (self.outcome.as_str(), self.ground, self.data, self.reason) {
            ("kept", Some(ground), ..) => TaskOutcome::Kept { records, ground: refusal_ground(&ground)? },
            ("data", _, Some(data), _) => TaskOutcome::Data(object(&data)?),
            ("failed", .., Some(reason)) => {
                TaskOutcome::Failed { reason: Ground::parse(&reason).map_err(at("/reason"))? }
            }
            ("not-found", ..) => TaskOutcome::NotFound,
            _ => TaskOutcome::Done { records },
        };
        Ok((task, outcome))
    }
}

fn version(v: u8) -> Result<(), FormError> {
    if v == VERSION { Ok(()) } else { Err(FormError::new("/v", "this version is not known here")) }
}

fn refusal_ground(text: &str) -> Result<RefusalGround, FormError> {
    RefusalGround::parse(text).ok_or_else(|| {
        let names = RefusalGround::ALL.map(RefusalGround::as_str).join(", ");
        FormError::new("/ground", format!("use one of {names}"))
    })
}

fn object(data: &RawValue) -> Result<Sensitive<String>, FormError> {
    let text = data.get();
    if text.len() > DATA_BYTES_MAX {
        return Err(FormError::new("/data", format!("use at most {DATA_BYTES_MAX} bytes")));
    }
    if !text.starts_with('{') {
        return Err(FormError::new("/data", "use one object"));
    }
    Ok(Sensitive::new(text.to_owned()))
}

/// What a system is told about its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeAnswer {
    /// [`VERSION`].
    pub v: u8,
    /// The task's name.
    pub task: String,
    /// `taken`; `stood-already`: an outcome was told before, and it stands; `too-late`: the request is
    /// closed; `asked-again`: the task will be sent again.
    pub state: String,
}

#[cfg(test)]
mod tests {
    use domain::ids::{Identifier, IdentifierKind};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    const TASK: &str = "AAAAAAAAAAAAAAAAAAAAAA.crm";

    fn read(changes: Value) -> Result<TaskOutcome, FormError> {
        let mut form = json!({ "v": 1, "task": TASK, "outcome": "not-found" });
        for (name, value) in changes.as_object().unwrap() {
            form[name] = value.clone();
        }
        let form: OutcomeForm =
            serde_json::from_str(&form.to_string()).map_err(|_| FormError::new("", "not of this form"))?;
        form.parse().map(|(task, outcome)| {
            assert_eq!(task.to_string(), TASK);
            outcome
        })
    }

    #[test]
    fn every_outcome_reads() {
        assert_eq!(read(json!({})), Ok(TaskOutcome::NotFound));
        assert_eq!(read(json!({"outcome": "done", "records": 0})), Ok(TaskOutcome::Done { records: 0 }));
        assert_eq!(
            read(json!({"outcome": "kept", "records": 2, "ground": "legal-obligation"})),
            Ok(TaskOutcome::Kept { records: 2, ground: RefusalGround::LegalObligation })
        );
        let failed = TaskOutcome::Failed { reason: Ground::parse("maintenance").unwrap() };
        assert_eq!(read(json!({"outcome": "failed", "reason": "maintenance"})), Ok(failed));
        let Ok(TaskOutcome::Data(data)) = read(json!({"outcome": "data", "data": {"notes": ["one\ntwo"]}})) else {
            panic!("data is an outcome")
        };
        assert_eq!(data.disclose(), r#"{"notes":["one\ntwo"]}"#);
    }

    #[test]
    fn data_is_kept_as_it_was_written() {
        let text = format!(r#"{{"v":1,"task":"{TASK}","outcome":"data","data":{{"n": 12345678901234567890.10}}}}"#);
        let (_, outcome) = serde_json::from_str::<OutcomeForm>(&text).unwrap().parse().unwrap();
        assert_eq!(outcome, TaskOutcome::Data(Sensitive::new(r#"{"n": 12345678901234567890.10}"#.into())));
    }

    #[test]
    fn an_outcome_that_breaks_a_rule_names_the_place_and_nothing_of_the_content() {
        let secret = "zqx7.Ada";
        for (changes, pointer) in [
            (json!({"v": 2}), "/v"),
            (json!({"v": 1.5}), ""),
            (json!({"task": secret}), "/task"),
            (json!({"task": format!("{TASK}\n{secret}")}), "/task"),
            (json!({"task": "../../exports.crm"}), "/task"),
            (json!({"outcome": secret}), "/outcome"),
            (json!({"outcome": "given-up"}), "/outcome"),
            (json!({"outcome": "done"}), "/records"),
            (json!({"outcome": "done", "records": -1}), ""),
            (json!({"outcome": "done", "records": 4_294_967_296_u64}), ""),
            (json!({"outcome": "done", "records": "1"}), ""),
            (json!({"records": 1}), "/records"),
            (json!({"outcome": "kept", "records": 1}), "/ground"),
            (json!({"outcome": "kept", "records": 1, "ground": secret}), "/ground"),
            (json!({"outcome": "done", "records": 1, "data": {}}), "/data"),
            (json!({"outcome": "data"}), "/data"),
            (json!({"outcome": "data", "data": null}), "/data"),
            (json!({"outcome": "data", "data": [secret]}), "/data"),
            (json!({"outcome": "data", "data": secret}), "/data"),
            (json!({"outcome": "data", "data": {"x": "x".repeat(DATA_BYTES_MAX)}}), "/data"),
            (json!({"outcome": "failed"}), "/reason"),
            (json!({"outcome": "failed", "reason": secret}), "/reason"),
            (json!({"outcome": "failed", "reason": "x".repeat(65)}), "/reason"),
            (json!({"extra": secret}), ""),
        ] {
            let error = read(changes.clone()).unwrap_err();
            assert_eq!(error.pointer, pointer, "{changes:.80}");
            assert!(!error.to_string().contains("zqx7"), "{error}");
        }
        let exact = json!({"x": "x".repeat(DATA_BYTES_MAX - 8)});
        assert!(read(json!({"outcome": "data", "data": exact})).is_ok());
    }

    #[test]
    fn a_task_says_whom_it_is_about_and_prints_only_its_name() {
        let task = Task {
            id: TaskId::parse(TASK).unwrap(),
            controller: ControllerId::parse("rfa").unwrap(),
            request: domain::dsar::RequestType::Erasure,
            identifier: Identifier::parse(IdentifierKind::Mail, "Ada@example.com").unwrap(),
            purposes: Vec::new(),
            categories: Default::default(),
            except: Vec::new(),
            corrections: BTreeMap::new(),
            due_before: "2026-04-01T00:00:00Z".parse().unwrap(),
            callback: "https://privacy.example/rfa/v1/systems/crm/outcomes".into(),
        };
        let form = TaskForm::new(&task);
        let text = serde_json::to_string(&form).unwrap();
        assert!(text.starts_with(r#"{"v":1,"task":"AAAAAAAAAAAAAAAAAAAAAA.crm","controller":"rfa","type":"erasure","#));
        assert!(text.contains(r#""subject":{"kind":"mail","value":"ada@example.com"}"#));
        assert_eq!(serde_json::from_str::<TaskForm>(&text).unwrap(), form);
        assert!(!format!("{form:?} {task:?}").contains("ada"));
        // A task sent back as an outcome is no outcome.
        assert!(serde_json::from_str::<OutcomeForm>(&text).is_err());
    }

    #[test]
    fn a_notice_says_on_whom_a_hold_was_placed_and_its_release_says_so_no_more() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let placed = HoldNotice {
            hold: domain::ids::HoldId::parse("BBBBBBBBBBBBBBBBBBBBBA").unwrap(),
            controller: ControllerId::parse("rfa").unwrap(),
            event: domain::ids::EventName::parse("suspicious-activity.identified").unwrap(),
            reason: domain::hold::HoldReason::Investigation,
            occurred_at: at("2026-04-01T00:00:00Z"),
            news: HoldNews::Placed {
                identifier: Identifier::parse(IdentifierKind::Mail, "Ada@example.com").unwrap(),
                review_at: at("2026-06-30T00:00:00Z"),
            },
            sent_at: at("2026-04-01T00:00:02Z"),
        };
        let news = HoldNews::Released { at: at("2026-04-09T00:00:00Z") };
        let released = HoldNotice { news, ..placed.clone() };
        let written = |notice: &HoldNotice| serde_json::to_value(HoldNoticeForm::new(notice)).unwrap();
        assert_eq!(
            written(&placed),
            json!({
                "v": 1, "notice": "BBBBBBBBBBBBBBBBBBBBBA", "controller": "rfa", "type": "hold-placed",
                "event": "suspicious-activity.identified", "reason": "investigation",
                "subject": { "kind": "mail", "value": "ada@example.com" }, "occurred_at": "2026-04-01T00:00:00Z",
                "review_at": "2026-06-30T00:00:00Z", "sent_at": "2026-04-01T00:00:02Z",
            })
        );
        assert_eq!(
            written(&released),
            json!({
                "v": 1, "notice": "BBBBBBBBBBBBBBBBBBBBBA", "controller": "rfa", "type": "hold-released",
                "event": "suspicious-activity.identified", "reason": "investigation",
                "occurred_at": "2026-04-01T00:00:00Z", "released_at": "2026-04-09T00:00:00Z",
                "sent_at": "2026-04-01T00:00:02Z",
            })
        );
        // Whoever takes tasks takes no notice for one, nor the other way about.
        assert!(serde_json::from_value::<TaskForm>(written(&placed)).is_err());
        assert!(!format!("{:?} {placed:?}", HoldNoticeForm::new(&placed)).contains("ada"));
    }
}
