//! What somebody of the office does, as it is sent.

use std::fmt;

use domain::{
    dsar::{Action, Ask, Exception, ExtensionGround, MESSAGE_BYTES_MAX, RefusalGround, Ruling},
    ids::{Category, Purpose, RequestId, StaffId, SystemId},
    policy::Regime,
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use crate::form::{FormError, at};

/// A part of an answer that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionForm {
    /// Which data.
    pub category: String,
    /// Kept for what; none: anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why, by its name in the list of grounds.
    pub ground: String,
}

/// `POST /{controller}/v1/staff/requests/{request}/actions`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/API.md has the table of actions and their members")]
pub enum ActionForm {
    Claim {},
    Release {},
    HandOver {
        to: String,
    },
    AskIdentity {
        text: String,
    },
    AskClarification {
        text: String,
    },
    RecordReply {
        ask: String,
        text: String,
    },
    VerifyIdentity {},
    Note {
        text: String,
    },
    Extend {
        ground: String,
        #[serde(default)]
        text: Option<String>,
    },
    ChangeRegimes {
        regimes: Vec<String>,
        reason: String,
    },
    Decide {
        ruling: String,
        #[serde(default)]
        except: Vec<ExceptionForm>,
        #[serde(default)]
        ground: Option<String>,
        #[serde(default)]
        text: Option<String>,
    },
    Approve {},
    SendBack {
        text: String,
    },
    Merge {
        into: String,
    },
    Stop {
        text: String,
    },
    GiveUpTask {
        system: String,
        text: String,
    },
}

impl fmt::Debug for ActionForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is written to or about a person is no matter for a log.
        f.write_str("ActionForm(…)")
    }
}

/// An action, and what is written with it.
pub type Told = (Action, Option<Sensitive<String>>);

impl ActionForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<Told, FormError> {
        Ok(match self {
            Self::Claim {} => (Action::Claim, None),
            Self::Release {} => (Action::Release, None),
            Self::HandOver { to } => (Action::HandOver(StaffId::parse(&to).map_err(at("/to"))?), None),
            Self::AskIdentity { text } => (Action::Ask(Ask::Identity), Some(words(text, "/text")?)),
            Self::AskClarification { text } => (Action::Ask(Ask::Clarification), Some(words(text, "/text")?)),
            Self::RecordReply { ask, text } => {
                let known = Ask::ALL.map(Ask::as_str).join(", ");
                let ask = Ask::parse(&ask).ok_or_else(|| FormError::new("/ask", format!("use one of {known}")))?;
                (Action::RecordReply(ask), Some(words(text, "/text")?))
            }
            Self::VerifyIdentity {} => (Action::VerifyIdentity, None),
            Self::Note { text } => (Action::Note, Some(words(text, "/text")?)),
            Self::Extend { ground, text } => {
                let known = ExtensionGround::ALL.map(ExtensionGround::as_str).join(", ");
                let ground = ExtensionGround::parse(&ground)
                    .ok_or_else(|| FormError::new("/ground", format!("use one of {known}")))?;
                (Action::Extend(ground), some_words(text)?)
            }
            Self::ChangeRegimes { regimes, reason } => {
                (Action::ChangeRegimes(parse_regimes(&regimes)?), Some(words(reason, "/reason")?))
            }
            Self::Decide { ruling, except, ground, text } => {
                (Action::Decide(parse_ruling(&ruling, &except, ground)?), some_words(text)?)
            }
            Self::Approve {} => (Action::Approve, None),
            Self::SendBack { text } => (Action::SendBack, Some(words(text, "/text")?)),
            Self::Merge { into } => (Action::Merge(RequestId::parse(&into).map_err(at("/into"))?), None),
            Self::Stop { text } => (Action::Stop, Some(words(text, "/text")?)),
            Self::GiveUpTask { system, text } => {
                (Action::GiveUpTask(SystemId::parse(&system).map_err(at("/system"))?), Some(words(text, "/text")?))
            }
        })
    }
}

/// A text that must be there.
pub(crate) fn words(text: String, pointer: &str) -> Result<Sensitive<String>, FormError> {
    if text.trim().is_empty() || text.len() > MESSAGE_BYTES_MAX {
        return Err(FormError::new(pointer, format!("use 1 to {MESSAGE_BYTES_MAX} bytes")));
    }
    Ok(Sensitive::new(text))
}

fn some_words(text: Option<String>) -> Result<Option<Sensitive<String>>, FormError> {
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => words(text, "/text").map(Some),
        None => Ok(None),
    }
}

/// In the order of the list of regimes, each once.
fn parse_regimes(names: &[String]) -> Result<Vec<Regime>, FormError> {
    if names.is_empty() {
        return Err(FormError::new("/regimes", "name one at least: some law's clock always runs"));
    }
    if names.len() > Regime::ALL.len() {
        return Err(FormError::new("/regimes", format!("name at most {}", Regime::ALL.len())));
    }
    let mut regimes = std::collections::BTreeSet::new();
    for (n, name) in names.iter().enumerate() {
        let known = || Regime::ALL.map(|regime| regime.as_str()).join(", ");
        let regime = Regime::parse(name)
            .ok_or_else(|| FormError::new(format!("/regimes/{n}"), format!("use one of {}", known())))?;
        regimes.insert(regime);
    }
    Ok(regimes.into_iter().collect())
}

fn parse_ground(text: &str, pointer: &str) -> Result<RefusalGround, FormError> {
    let known = || RefusalGround::ALL.map(RefusalGround::as_str).join(", ");
    RefusalGround::parse(text).ok_or_else(|| FormError::new(pointer, format!("use one of {}", known())))
}

fn parse_ruling(ruling: &str, except: &[ExceptionForm], ground: Option<String>) -> Result<Ruling, FormError> {
    match (ruling, ground) {
        ("approve", None) => {
            let read = |(n, form): (usize, &ExceptionForm)| {
                let place = |member: &str| format!("/except/{n}/{member}");
                Ok(Exception {
                    category: Category::parse(&form.category).map_err(at(&place("category")))?,
                    purpose: form.purpose.as_deref().map(Purpose::parse).transpose().map_err(at(&place("purpose")))?,
                    ground: parse_ground(&form.ground, &place("ground"))?,
                })
            };
            Ok(Ruling::Approve { except: except.iter().enumerate().map(read).collect::<Result<_, FormError>>()? })
        }
        ("approve", Some(_)) => Err(FormError::new("/ground", "a ground refuses the whole: name parts under except")),
        ("refuse", Some(ground)) if except.is_empty() => Ok(Ruling::Refuse(parse_ground(&ground, "/ground")?)),
        ("refuse", Some(_)) => Err(FormError::new("/except", "whoever refuses the whole excepts nothing")),
        ("refuse", None) => Err(FormError::new("/ground", "say on which ground")),
        _ => Err(FormError::new("/ruling", "use approve or refuse")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Told, String> {
        let form: ActionForm = serde_json::from_str(json).map_err(|_| "the form".to_owned())?;
        form.parse().map_err(|error| error.pointer)
    }

    #[test]
    fn an_action_says_what_it_needs_and_nothing_else() {
        let long = "x".repeat(MESSAGE_BYTES_MAX + 1);
        for (json, expected) in [
            (r#"{"action": "claim"}"#, Ok(Action::Claim)),
            (r#"{"action": "claim", "to": "x"}"#, Err("the form")),
            (r#"{"action": "burn"}"#, Err("the form")),
            (r#"{"action": "hand-over", "to": ""}"#, Err("/to")),
            (r#"{"action": "hand-over", "to": "clerk\n"}"#, Err("/to")),
            (r#"{"action": "note", "text": " "}"#, Err("/text")),
            (&format!(r#"{{"action": "note", "text": "{long}"}}"#), Err("/text")),
            (r#"{"action": "record-reply", "ask": "age", "text": "x"}"#, Err("/ask")),
            (r#"{"action": "extend", "ground": "holidays"}"#, Err("/ground")),
            (r#"{"action": "extend", "ground": "complexity"}"#, Ok(Action::Extend(ExtensionGround::Complexity))),
            (r#"{"action": "change-regimes", "regimes": [], "reason": "x"}"#, Err("/regimes")),
            (r#"{"action": "change-regimes", "regimes": ["atlantis"], "reason": "x"}"#, Err("/regimes/0")),
            (r#"{"action": "change-regimes", "regimes": ["eu-gdpr"], "reason": ""}"#, Err("/reason")),
            (r#"{"action": "decide", "ruling": "perhaps"}"#, Err("/ruling")),
            (r#"{"action": "decide", "ruling": "refuse"}"#, Err("/ground")),
            (r#"{"action": "decide", "ruling": "refuse", "ground": "no"}"#, Err("/ground")),
            (r#"{"action": "decide", "ruling": "approve", "ground": "excessive"}"#, Err("/ground")),
            (
                r#"{"action": "decide", "ruling": "refuse", "ground": "excessive", "except": [{"category": "cv", "ground": "excessive"}]}"#,
                Err("/except"),
            ),
            (
                r#"{"action": "decide", "ruling": "approve", "except": [{"category": "cv", "ground": "no"}]}"#,
                Err("/except/0/ground"),
            ),
            (
                r#"{"action": "decide", "ruling": "refuse", "ground": "excessive"}"#,
                Ok(Action::Decide(Ruling::Refuse(RefusalGround::Excessive))),
            ),
            (r#"{"action": "merge", "into": "../x"}"#, Err("/into")),
            (r#"{"action": "give-up-task", "system": "CRM", "text": "x"}"#, Err("/system")),
        ] {
            assert_eq!(parse(json).map(|(action, _)| action), expected.map_err(str::to_owned), "{json:.90}");
        }
    }

    #[test]
    fn a_form_prints_nothing_that_was_written() {
        let form: ActionForm = serde_json::from_str(r#"{"action": "note", "text": "ada called"}"#).unwrap();
        assert!(!format!("{form:?} {:?}", form.clone().parse()).contains("ada"));
    }

    #[test]
    fn regimes_stand_once_and_in_order() {
        let (action, _) =
            parse(r#"{"action": "change-regimes", "regimes": ["us-ca", "eu-gdpr", "us-ca"], "reason": "they moved"}"#)
                .unwrap();
        assert_eq!(action, Action::ChangeRegimes(vec![Regime::EuGdpr, Regime::UsCa]));
    }
}
