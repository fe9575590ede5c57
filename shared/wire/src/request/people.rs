//! Who speaks for whom, what shall become of data after death, and where to complain.

use std::fmt;

use domain::{
    dsar::{Acting, ActingAs, Complaint, INSTRUCTION_BYTES_MAX, Instructions},
    ids::Ground,
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use crate::form::{FormError, Pairs, at, take};

/// That a request is made for somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActingForm {
    /// `agent`, `guardian` or `successor`.
    #[serde(rename = "as")]
    pub role: String,
    /// What shows it: `signed-permission`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl ActingForm {
    /// Reads a browser's `acting` and `acting_proof`.
    pub(super) fn from_pairs(pairs: &mut Pairs) -> Option<Self> {
        let (role, proof) = (take(pairs, "acting"), take(pairs, "acting_proof"));
        role.map(|role| Self { role, proof })
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at `/acting/as` or `/acting/proof`.
    pub fn parse(&self) -> Result<Acting, FormError> {
        let role = ActingAs::parse(&self.role).ok_or_else(|| {
            let known = ActingAs::ALL.map(ActingAs::as_str).join(", ");
            FormError::new("/acting/as", format!("use one of {known}"))
        })?;
        let proof = self.proof.as_deref().map(Ground::parse).transpose().map_err(at("/acting/proof"))?;
        Ok(Acting { role, proof })
    }
}

impl From<&Acting> for ActingForm {
    fn from(acting: &Acting) -> Self {
        Self { role: acting.role.as_str().to_owned(), proof: acting.proof.as_ref().map(ToString::to_string) }
    }
}

/// What shall become of data after death: short texts, of which one at least is given.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionsForm {
    /// What shall be kept.
    #[serde(default)]
    pub retention: Option<String>,
    /// What shall be deleted; `all`: everything.
    #[serde(default)]
    pub deletion: Option<String>,
    /// What shall be given to whom.
    #[serde(default)]
    pub communication: Option<String>,
}

impl fmt::Debug for InstructionsForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstructionsForm(…)")
    }
}

impl InstructionsForm {
    /// Reads a browser's `instructions.retention`, `instructions.deletion`, `instructions.communication`.
    pub(super) fn from_pairs(pairs: &mut Pairs) -> Option<Self> {
        let form = Self {
            retention: take(pairs, "instructions.retention"),
            deletion: take(pairs, "instructions.deletion"),
            communication: take(pairs, "instructions.communication"),
        };
        (form != Self::default()).then_some(form)
    }

    /// Reads what they say.
    ///
    /// # Errors
    /// [`FormError`] at `/instructions` or the text that is empty or too long.
    pub fn parse(self) -> Result<Instructions, FormError> {
        if self == Self::default() {
            return Err(FormError::new("/instructions", "say one thing at least; leave it out to revoke earlier ones"));
        }
        Ok(Instructions {
            retention: instruction(self.retention, "/instructions/retention")?,
            deletion: instruction(self.deletion, "/instructions/deletion")?,
            communication: instruction(self.communication, "/instructions/communication")?,
        })
    }
}

fn instruction(text: Option<String>, pointer: &str) -> Result<Option<Sensitive<String>>, FormError> {
    match text {
        Some(text) if text.trim().is_empty() || text.len() > INSTRUCTION_BYTES_MAX => {
            Err(FormError::new(pointer, format!("use 1 to {INSTRUCTION_BYTES_MAX} bytes")))
        }
        text => Ok(text.map(Sensitive::new)),
    }
}

/// Where to complain, in every answer that refuses anything (GDPR Art. 12(4)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplaintForm {
    /// The authority.
    pub authority: String,
    /// Its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    /// The remedy beside it.
    pub remedy: String,
    /// The controller's data protection officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_protection_officer: Option<String>,
    /// Where the policy names the authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

impl From<Complaint> for ComplaintForm {
    fn from(complaint: Complaint) -> Self {
        let Complaint { authority, url, phone, post, remedy, officer, clause, competent: _ } = complaint;
        Self {
            authority,
            url,
            phone,
            post,
            remedy: remedy.to_owned(),
            data_protection_officer: officer,
            clause: clause.map(|clause| clause.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::RequestForm;

    fn form(rest: &str) -> RequestForm {
        let text =
            format!(r#"{{"type": "post-mortem", "subject": {{"kind": "mail", "value": "ada@example.com"}}, {rest}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn instructions_are_short_and_say_something() {
        let long = "x".repeat(INSTRUCTION_BYTES_MAX + 1);
        for (rest, pointer) in [
            (r#""instructions": {}"#.to_owned(), "/instructions"),
            (r#""instructions": {"deletion": " "}"#.to_owned(), "/instructions/deletion"),
            (format!(r#""instructions": {{"communication": "{long}"}}"#), "/instructions/communication"),
            (r#""acting": {"as": "friend"}"#.to_owned(), "/acting/as"),
            (r#""acting": {"as": "agent", "proof": "Signed!"}"#.to_owned(), "/acting/proof"),
            (r#""service": "Z T A"#.to_owned() + "\"", "/service"),
        ] {
            assert_eq!(form(&rest).parse().unwrap_err().pointer, pointer);
        }
        let parsed = form(&format!(r#""instructions": {{"retention": "{}"}}"#, &long[1..])).parse().unwrap();
        assert!(parsed.instructions.is_some_and(|instructions| instructions.deletion.is_none()));
        assert!(!format!("{:?}", form(r#""instructions": {"deletion": "all"}"#)).contains("all"), "they do not print");
    }

    #[test]
    fn a_browsers_form_says_the_same_as_json() {
        let pairs = [
            ("type", "post-mortem"),
            ("subject", "ada@example.com"),
            ("acting", "agent"),
            ("acting_proof", "signed-permission"),
            ("service", "zta"),
            ("instructions.deletion", "all"),
            ("instructions.retention", ""),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let json = form(
            r#""acting": {"as": "agent", "proof": "signed-permission"}, "service": "zta", "instructions": {"deletion": "all"}"#,
        );
        assert_eq!(RequestForm::from_pairs(pairs).unwrap(), json);
        let empty = [("type", "access"), ("subject", "ada@example.com"), ("acting", ""), ("acting_proof", "")];
        let empty = empty.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(RequestForm::from_pairs(empty).unwrap().acting, None);
    }
}
