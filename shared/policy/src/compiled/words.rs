//! Names, words and durations, as the compiled form writes them.

use std::collections::BTreeMap;

use domain::ids::{EventName, InvalidId};
use jiff::SpanFieldwise;

use super::LoadError;
use crate::duration;

/// Names or words in their order.
pub(super) fn texts<'t, T: std::fmt::Display + 't>(items: impl IntoIterator<Item = &'t T>) -> Vec<String> {
    items.into_iter().map(ToString::to_string).collect()
}

/// A list or set of names or words.
pub(super) fn each<T, C: FromIterator<T>>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, LoadError>,
) -> Result<C, LoadError> {
    texts.iter().map(|text| parse(text)).collect()
}

/// A list or set of names.
pub(super) fn names<T, C: FromIterator<T>>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<C, LoadError> {
    each(texts, |text| name(text, &parse))
}

/// A name that may be left out.
pub(super) fn maybe<T>(
    text: Option<&String>,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<Option<T>, LoadError> {
    text.map(|text| name(text, parse)).transpose()
}

pub(super) fn name<T>(text: &str, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<T, LoadError> {
    parse(text).map_err(|error| LoadError::Name(text.to_owned(), error))
}

pub(super) fn word<T>(what: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, LoadError> {
    parse(text).ok_or_else(|| LoadError::Word { what, value: text.to_owned() })
}

/// A duration that keeps something: zero would keep nothing and is a mistake.
pub(super) fn length(text: &str) -> Result<SpanFieldwise, LoadError> {
    let span = word("duration", text, |text| duration::parse(text).ok().filter(|span| !span.is_zero()))?;
    Ok(span.fieldwise())
}

pub(super) fn written(span: &SpanFieldwise) -> String {
    duration::format(&span.0)
}

pub(super) fn events(texts: &[String]) -> Result<Vec<EventName>, LoadError> {
    if texts.is_empty() {
        return Err(LoadError::Word { what: "list of events", value: String::new() });
    }
    names(texts, EventName::parse)
}

/// Rules under their names, each of which stands once.
pub(super) fn unique<K: Ord + std::fmt::Display, T>(
    rules: impl Iterator<Item = Result<T, LoadError>>,
    key: impl Fn(&T) -> K,
) -> Result<BTreeMap<K, T>, LoadError> {
    let mut map = BTreeMap::new();
    for rule in rules {
        let rule = rule?;
        let id = key(&rule);
        let label = id.to_string();
        if map.insert(id, rule).is_some() {
            return Err(LoadError::Duplicate(label));
        }
    }
    Ok(map)
}
