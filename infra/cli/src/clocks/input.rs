//! What is asked of a clock: a flat object of names and times.

use habeas_cli::trouble::{Played, Trouble};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::{Map, Value};

/// Longest object that is read from standard input, in bytes.
pub(super) const INPUT_BYTES_MAX: u64 = 64 * 1024;

/// The object, from which each name is taken once: what is left at the end was not understood.
#[derive(Debug)]
pub(super) struct Input(Map<String, Value>);

impl Input {
    /// Reads an object. Names may be written with dashes; what is null is not there.
    pub(super) fn new(map: Map<String, Value>) -> Self {
        let named = map.into_iter().filter(|(_, value)| !value.is_null());
        Self(named.map(|(name, value)| (name.replace('-', "_").to_ascii_lowercase(), value)).collect())
    }

    /// Reads an object from text.
    pub(super) fn parse(text: &str) -> Played<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self::new(map)),
            Ok(_) => Err(Trouble::new("give one JSON object: {\"law\":\"EU-GDPR\",\"received\":\"2024-01-31\"}")),
            Err(error) => Err(Trouble::because("the input is no JSON")(error)),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text under the first of these names.
    pub(super) fn text(&mut self, names: &[&str]) -> Played<Option<String>> {
        let Some((name, value)) = self.take(names) else { return Ok(None) };
        match value {
            Value::String(text) => Ok(Some(text)),
            other => Err(Trouble::new(format!("\"{name}\" is {other}, and must be a text"))),
        }
    }

    /// The time under the first of these names.
    pub(super) fn time(&mut self, names: &[&str], zone: &TimeZone) -> Played<Option<Timestamp>> {
        let Some((name, value)) = self.take(names) else { return Ok(None) };
        time(&name, &value, zone).map(Some)
    }

    /// The day under that name.
    pub(super) fn day(&mut self, name: &str) -> Played<Option<Date>> {
        let Some(text) = self.text(&[name])? else { return Ok(None) };
        let day = text.parse().map_err(|_| Trouble::new(format!("\"{name}\" is no date: write 2026-03-01")))?;
        Ok(Some(day))
    }

    /// The value under the first of these names.
    pub(super) fn take(&mut self, names: &[&str]) -> Option<(String, Value)> {
        names.iter().find_map(|name| self.0.remove(*name).map(|value| ((*name).to_owned(), value)))
    }

    /// What is left, as times.
    pub(super) fn times(&mut self, zone: &TimeZone) -> Played<Vec<(String, Timestamp)>> {
        let left = std::mem::take(&mut self.0);
        left.into_iter()
            .map(|(name, value)| {
                let at = time(&name, &value, zone)?;
                Ok((name, at))
            })
            .collect()
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self, known: &str) -> Played {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Trouble::new(format!("\"{}\" is not known here; {known}", name.escape_debug()))),
        }
    }
}

/// A time: with its offset, or as the clocks of the zone show it. A date is its beginning.
pub(super) fn time(name: &str, value: &Value, zone: &TimeZone) -> Played<Timestamp> {
    let wrong = || Trouble::new(format!("\"{name}\" is no time: write 2026-03-01 or 2026-03-01T12:00:00Z"));
    value.as_str().and_then(|text| moment(text, zone)).ok_or_else(wrong)
}

/// The same of a text.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let local = || Some(text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp());
    text.parse().ok().or_else(local)
}
