//! Consents as they are sent.

use std::{collections::BTreeMap, fmt};

use domain::{
    consent::{self, Capture, Choice, ConsentEvent},
    ids::{ControllerId, Identifier, IdentifierKind, Purpose},
    notice::CurrentChoice,
};
use serde::{Deserialize, Serialize};

use crate::form::{FormError, Pairs, SubjectForm, age, at, country, nothing_left, take};

/// Longest text of `method`, `language` and the nonce, in bytes.
const LABEL_BYTES_MAX: usize = 128;

/// `POST /{controller}/v1/consents`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentForm {
    /// Who chooses.
    pub subject: SubjectForm,
    /// Purpose to `given`, `refused` or `withdrawn`.
    pub purposes: BTreeMap<String, String>,
    /// The version of the notice that was shown.
    #[serde(default)]
    pub notice: Option<String>,
    /// The language it was shown in (BCP 47).
    #[serde(default)]
    pub language: Option<String>,
    /// How the choice was expressed: `form:newsletter`.
    #[serde(default)]
    pub method: Option<String>,
    /// The person's age in years. It is checked and not kept.
    #[serde(default)]
    pub age: Option<u8>,
    /// Where the person lives, by two letters: some countries ask for a guardian at another age.
    #[serde(default)]
    pub country: Option<String>,
    /// Who must agree, where the person is a child.
    #[serde(default)]
    pub guardian: Option<GuardianForm>,
    /// The form's nonce, which makes a retry harmless.
    #[serde(default)]
    pub nonce: Option<String>,
    /// Where a browser goes next, from the allow-list.
    #[serde(default)]
    pub next: Option<String>,
}

/// A child's parent or guardian.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the member `mail`")]
pub struct GuardianForm {
    /// Where they are asked. It serves for that one mail.
    pub mail: String,
}

impl fmt::Debug for GuardianForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardianForm(…)")
    }
}

/// A consent form, parsed.
#[derive(Debug)]
pub struct ParsedConsent {
    /// Who chooses.
    pub identifier: Identifier,
    /// What they choose.
    pub capture: Capture,
    /// The language of the notice.
    pub language: String,
    /// How they expressed it.
    pub method: String,
    /// The form's nonce.
    pub nonce: Option<String>,
    /// Where the browser goes next.
    pub next: Option<String>,
}

impl ConsentForm {
    /// Reads a browser's form: `subject_kind`, `subject`, `purpose.NAME`, and the rest by name.
    ///
    /// # Errors
    /// [`FormError`] for a field that is missing or unknown.
    pub fn from_pairs(mut pairs: Pairs) -> Result<Self, FormError> {
        let subject = SubjectForm::from_pairs(&mut pairs)?;
        let names: Vec<String> = pairs.keys().filter(|key| key.starts_with("purpose.")).cloned().collect();
        let mut purposes = BTreeMap::new();
        for name in names {
            if let (Some(choice), Some(purpose)) = (pairs.remove(&name), name.strip_prefix("purpose.")) {
                purposes.insert(purpose.to_owned(), choice);
            }
        }
        let form = Self {
            subject,
            purposes,
            notice: take(&mut pairs, "notice"),
            language: take(&mut pairs, "language"),
            method: take(&mut pairs, "method"),
            age: age(take(&mut pairs, "age"))?,
            country: take(&mut pairs, "country"),
            guardian: take(&mut pairs, "guardian_mail").map(|mail| GuardianForm { mail }),
            nonce: take(&mut pairs, "nonce"),
            next: take(&mut pairs, "next"),
        };
        nothing_left(&pairs)?;
        Ok(form)
    }

    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedConsent, FormError> {
        let identifier = self.subject.identifier()?;
        let mut choices = BTreeMap::new();
        for (purpose, choice) in &self.purposes {
            let purpose = Purpose::parse(purpose).map_err(at("/purposes"))?;
            let choice = Choice::parse(choice)
                .ok_or_else(|| FormError::new(format!("/purposes/{purpose}"), "use given, refused or withdrawn"))?;
            choices.insert(purpose, choice);
        }
        Ok(ParsedConsent {
            identifier,
            capture: Capture {
                choices,
                notice_version: label(self.notice, "/notice")?,
                age: self.age,
                country: country(self.country.as_deref(), "/country")?,
                guardian: self
                    .guardian
                    .map(|guardian| Identifier::parse(IdentifierKind::Mail, &guardian.mail))
                    .transpose()
                    .map_err(at("/guardian/mail"))?,
            },
            language: label(self.language, "/language")?.unwrap_or_else(|| "en".to_owned()),
            method: label(self.method, "/method")?.unwrap_or_else(|| "form".to_owned()),
            nonce: label(self.nonce, "/nonce")?,
            next: self.next,
        })
    }
}

/// A short text of printable ASCII: it is stored with the record.
pub(crate) fn label(text: Option<String>, pointer: &str) -> Result<Option<String>, FormError> {
    match text {
        Some(text) if text.is_empty() => Ok(None),
        Some(text) if text.len() > LABEL_BYTES_MAX || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
            Err(FormError::new(pointer, format!("use at most {LABEL_BYTES_MAX} printable ASCII characters")))
        }
        text => Ok(text),
    }
}

/// The receipt of a capture (fields of ISO/IEC TS 27560).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptForm {
    /// The form's version.
    pub v: u8,
    /// Which record.
    pub record_id: String,
    /// Whose policy.
    pub controller: String,
    /// When the choice was made.
    pub event_time: String,
    /// The choices.
    pub purposes: BTreeMap<String, String>,
    /// The notice that was shown.
    pub privacy_notice: String,
    /// The language it was shown in.
    pub language: String,
    /// How the choice was expressed.
    pub method: String,
    /// `1` if the browser sent Global Privacy Control, else `0-absent`.
    pub sec_gpc: String,
    /// The hash of the policy in force.
    pub policy: String,
    /// How to take it back: post the same form with `withdrawn`.
    pub withdrawal_method: String,
    /// Opens the state of these choices.
    pub token: String,
    /// Who must agree before what was given counts; absent: it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<AwaitsForm>,
}

/// What a capture waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitsForm {
    /// `guardian`.
    pub who: String,
    /// From when it counts for nothing any more.
    pub until: String,
}

impl ReceiptForm {
    /// Writes a receipt.
    pub fn new(controller: &ControllerId, event: &ConsentEvent, token: &str) -> Self {
        Self {
            v: 1,
            record_id: event.id.to_string(),
            controller: controller.to_string(),
            event_time: event.at.to_string(),
            purposes: event
                .choices
                .iter()
                .map(|(purpose, choice)| (purpose.to_string(), choice.as_str().to_owned()))
                .collect(),
            privacy_notice: event.notice_version.clone(),
            language: event.language.clone(),
            method: event.method.clone(),
            sec_gpc: if event.gpc { "1" } else { "0-absent" }.to_owned(),
            policy: event.policy.as_str().to_owned(),
            withdrawal_method: format!("POST /{controller}/v1/consents with \"withdrawn\""),
            token: token.to_owned(),
            awaits: event
                .is_awaited()
                .then(|| AwaitsForm { who: "guardian".to_owned(), until: consent::agree_by(event.at).to_string() }),
        }
    }
}

/// `POST /{controller}/v1/consents/{capture}/unsubscribe`. It is the same whatever stood before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsubscribedForm {
    /// The form's version.
    pub v: u8,
    /// The purposes that are not given any more.
    pub withdrawn: Vec<String>,
}

/// `GET /{controller}/v1/consents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentStateForm {
    /// The form's version.
    pub v: u8,
    /// Each purpose that was ever chosen about. Absence is not consent.
    pub purposes: BTreeMap<String, PurposeStateForm>,
}

/// The state of a consent that was given and is asked for again.
const LAPSED: &str = "lapsed";

/// The state of one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurposeStateForm {
    /// `given`, `refused`, `withdrawn`, or `lapsed` for a consent that is asked for again.
    pub state: String,
    /// Since when.
    pub since: String,
    /// The record of what was chosen.
    pub record_id: String,
    /// Whether a change of the notice asks for the consent again; the old one counts no longer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked_again: bool,
    /// The version of the notice under which it can be given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

impl ConsentStateForm {
    /// Writes a state.
    pub fn new(state: &BTreeMap<Purpose, CurrentChoice>) -> Self {
        let purposes = state.iter().map(|(purpose, current)| {
            let (choice, asked) = (&current.choice, current.asked_again.as_ref());
            let form = PurposeStateForm {
                state: asked.map_or(choice.choice.as_str(), |_| LAPSED).to_owned(),
                since: asked.map_or(choice.since, |asked| asked.since).to_string(),
                record_id: choice.capture.to_string(),
                asked_again: asked.is_some(),
                notice: asked.map(|asked| asked.version.clone()),
            };
            (purpose.to_string(), form)
        });
        Self { v: 1, purposes: purposes.collect() }
    }
}
