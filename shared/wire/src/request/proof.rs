//! What somebody shows of who they are.

use std::fmt;

use domain::{dsar::ACCOUNT_TOKEN_BYTES_MAX, token::CODE_DIGITS};
use serde::Deserialize;

use crate::form::{FormError, Pairs, nothing_left, take};

/// `POST /{controller}/v1/requests/{request}/verification` with a body: a code or an account token.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofForm {
    /// The mailed code.
    #[serde(default)]
    pub code: Option<String>,
    /// A token of the controller's own issuer.
    #[serde(default)]
    pub id_token: Option<String>,
}

impl fmt::Debug for ProofForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofForm(…)")
    }
}

/// A proof, parsed.
#[derive(Clone, PartialEq, Eq)]
pub enum ParsedProof {
    /// None: the token is the mailed link's own.
    Link,
    /// Eight digits.
    Code(String),
    /// Something of a token's length.
    Account(String),
}

impl fmt::Debug for ParsedProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParsedProof(…)")
    }
}

impl ProofForm {
    /// Reads a browser's `code` or `id_token`.
    ///
    /// # Errors
    /// [`FormError`] for a field that is unknown.
    pub fn from_pairs(mut pairs: Pairs) -> Result<Self, FormError> {
        let form = Self { code: take(&mut pairs, "code"), id_token: take(&mut pairs, "id_token") };
        nothing_left(&pairs)?;
        Ok(form)
    }

    /// Checks the form and reads what it says. Blanks and dashes between digits do not matter.
    ///
    /// # Errors
    /// [`FormError`] for two proofs, or one that is not of its form.
    pub fn parse(self) -> Result<ParsedProof, FormError> {
        match (self.code, self.id_token) {
            (Some(code), None) => {
                let digits: String = code.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
                if digits.len() == CODE_DIGITS && digits.bytes().all(|b| b.is_ascii_digit()) {
                    Ok(ParsedProof::Code(digits))
                } else {
                    Err(FormError::new("/code", "type the eight digits of the code"))
                }
            }
            (None, Some(token)) if token.is_empty() || token.len() > ACCOUNT_TOKEN_BYTES_MAX => {
                Err(FormError::new("/id_token", format!("use 1 to {ACCOUNT_TOKEN_BYTES_MAX} bytes")))
            }
            (None, Some(token)) => Ok(ParsedProof::Account(token)),
            (None, None) => Ok(ParsedProof::Link),
            (Some(_), Some(_)) => Err(FormError::new("", "send either code or id_token")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ParsedProof, FormError> {
        serde_json::from_str::<ProofForm>(text).unwrap().parse()
    }

    #[test]
    fn a_proof_is_one_thing_of_its_form() {
        assert_eq!(parse(r#"{"code": " 1234-5678 "}"#), Ok(ParsedProof::Code("12345678".into())));
        assert_eq!(parse(r#"{"id_token": "a.b.c"}"#), Ok(ParsedProof::Account("a.b.c".into())));
        assert_eq!(parse("{}"), Ok(ParsedProof::Link), "what the button behind the link sends");
        let long = "x".repeat(ACCOUNT_TOKEN_BYTES_MAX + 1);
        for (text, pointer) in [
            (r#"{"code": "12345678", "id_token": "a"}"#.to_owned(), ""),
            (r#"{"code": "1234567"}"#.to_owned(), "/code"),
            (r#"{"code": "1234567x"}"#.to_owned(), "/code"),
            (r#"{"code": "１２３４５６７８"}"#.to_owned(), "/code"),
            (r#"{"id_token": ""}"#.to_owned(), "/id_token"),
            (format!(r#"{{"id_token": "{long}"}}"#), "/id_token"),
        ] {
            assert_eq!(parse(&text).unwrap_err().pointer, pointer, "{pointer}");
        }
        let pairs = [("code".to_owned(), "12345678".to_owned()), ("id_token".to_owned(), String::new())];
        assert_eq!(ProofForm::from_pairs(pairs.into()).unwrap().parse(), Ok(ParsedProof::Code("12345678".into())));
        assert!(ProofForm::from_pairs([("token".to_owned(), "x".to_owned())].into()).is_err());
        assert!(!format!("{:?}", parse(r#"{"code": "12345678"}"#)).contains('1'), "it does not print");
    }
}
