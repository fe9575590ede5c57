//! What all sent forms share: how an identifier, a name and a time are written, and what is said
//! about a form that breaks the rules.

use std::{collections::BTreeMap, fmt};

use domain::{
    ids::{ControllerId, Identifier, IdentifierKind, InvalidId},
    policy::Country,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most lines of one page.
const PAGE_LINES_MAX: usize = 100;

/// A form that breaks a rule. It names the place and the rule, never what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormError {
    /// Where: a JSON pointer built from names that this product defines.
    pub pointer: String,
    /// Which rule.
    pub rule: String,
}

impl FormError {
    /// Names a place and a rule.
    pub fn new(pointer: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), rule: rule.into() }
    }

    /// The same error seen from further out.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        Self { pointer: format!("{outer}{}", self.pointer), rule: self.rule }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.rule)
    }
}

impl std::error::Error for FormError {}

/// Puts a place to an identifier's rule.
pub(crate) fn at(pointer: &str) -> impl Fn(InvalidId) -> FormError + '_ {
    move |invalid| FormError::new(pointer, invalid.to_string())
}

/// Who a form is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectForm {
    /// `mail`, `phone`, `account`, `cookie`, `device`, `ip` or `session`.
    pub kind: String,
    /// The identifier itself.
    pub value: String,
}

impl fmt::Debug for SubjectForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectForm(…)")
    }
}

impl SubjectForm {
    /// Writes an identifier out: for the controller's own systems, which must know whom it is about, and for nobody
    /// else.
    pub fn disclosing(identifier: &Identifier) -> Self {
        Self { kind: identifier.kind().as_str().to_owned(), value: identifier.value().disclose().clone() }
    }

    /// Reads a browser's `subject_kind` and `subject`.
    pub(crate) fn from_pairs(pairs: &mut Pairs) -> Result<Self, FormError> {
        Ok(Self {
            kind: take(pairs, "subject_kind").unwrap_or_else(|| "mail".to_owned()),
            value: take(pairs, "subject").ok_or_else(|| FormError::new("/subject", "the form names nobody"))?,
        })
    }

    /// Reads the identifier.
    ///
    /// # Errors
    /// [`FormError`] at `/subject/kind` or `/subject/value`.
    pub fn identifier(&self) -> Result<Identifier, FormError> {
        let kind = IdentifierKind::parse(&self.kind).map_err(at("/subject/kind"))?;
        Identifier::parse(kind, &self.value).map_err(at("/subject/value"))
    }
}

/// Reads a controller's name.
///
/// # Errors
/// [`FormError`] at that place.
pub fn controller(text: &str, pointer: &str) -> Result<ControllerId, FormError> {
    ControllerId::parse(text).map_err(at(pointer))
}

/// Reads a list of at most so many names.
pub(crate) fn names<T, C: FromIterator<T>>(
    texts: &[String],
    pointer: &str,
    max: usize,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<C, FormError> {
    if texts.len() > max {
        return Err(FormError::new(pointer, format!("name at most {max}")));
    }
    texts.iter().enumerate().map(|(n, text)| parse(text).map_err(at(&format!("{pointer}/{n}")))).collect()
}

/// Reads how many lines a page shall have.
pub(crate) fn limit(text: Option<String>) -> Result<Option<usize>, FormError> {
    let read = |text: String| text.parse().ok().filter(|limit| (1..=PAGE_LINES_MAX).contains(limit));
    let wrong = || FormError::new("/limit", format!("use a number from 1 to {PAGE_LINES_MAX}"));
    text.map(|text| read(text).ok_or_else(wrong)).transpose()
}

/// Reads a time written as RFC 3339 with an offset.
///
/// # Errors
/// [`FormError`] at that place.
pub fn time(text: &str, pointer: &str) -> Result<Timestamp, FormError> {
    text.parse().map_err(|_| FormError::new(pointer, "write the time as 2026-03-01T10:15:30Z"))
}

/// Reads a country by its two letters.
///
/// # Errors
/// [`FormError`] at that place.
pub fn country(text: Option<&str>, pointer: &str) -> Result<Option<Country>, FormError> {
    text.map(|text| Country::parse(text).map_err(|invalid| FormError::new(pointer, invalid.to_string()))).transpose()
}

/// A browser's form: keys and values, each key once.
pub type Pairs = BTreeMap<String, String>;

/// Takes a value out of a browser's form; empty counts as absent, since browsers send empty fields.
pub(crate) fn take(pairs: &mut Pairs, key: &str) -> Option<String> {
    pairs.remove(key).filter(|value| !value.is_empty())
}

/// Refuses a form with anything left in it.
pub(crate) fn nothing_left(pairs: &Pairs) -> Result<(), FormError> {
    match pairs.keys().next() {
        None => Ok(()),
        Some(_) => Err(FormError::new("", "the form has a field that this product does not know")),
    }
}

/// Reads an age in whole years.
pub(crate) fn age(text: Option<String>) -> Result<Option<u8>, FormError> {
    text.map(|text| text.parse::<u8>().map_err(|_| FormError::new("/age", "write the age in whole years"))).transpose()
}
