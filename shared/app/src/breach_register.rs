//! The register of breaches (GDPR Art. 33(5)): found, read and handed out page by page.

use domain::{
    breach::{Incident, Level},
    ids::{BreachId, Category, ControllerId},
};
use jiff::Timestamp;

use crate::{breach::BreachStore, error::PortError};

/// Most breaches that are read with their history for one page. A search that finds little goes on behind a cursor.
pub const READS_MAX: usize = 100;

/// Most lines that are looked at for one page: a line outside the time asked for is not read.
const LINES_MAX: usize = 1_000;

/// Most lines that the store is asked for at once.
const LINES_AT_ONCE: usize = 100;

/// How many digits the time of a line's place has.
const PLACE_DIGITS: usize = 15;

/// Which breaches are wanted.
#[derive(Debug, Clone, Default)]
pub struct WantedBreaches {
    /// Open ones, closed ones, or first the open and then the closed.
    pub is_open: Option<bool>,
    /// What stands in their title, their texts, their number or a receiver's reference, however it is written.
    pub text: Option<String>,
    /// Declared then or later.
    pub since: Option<Timestamp>,
    /// Declared before.
    pub until: Option<Timestamp>,
    /// Of this category.
    pub category: Option<Category>,
    /// Assessed as that, and no other level.
    pub level: Option<Level>,
    /// At most so many.
    pub limit: usize,
    /// Where an earlier page ended.
    pub cursor: Option<String>,
}

/// A breach that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBreach {
    /// The breach.
    pub incident: Incident,
    /// From where a page behind it goes on.
    pub cursor: String,
}

/// A page of what was found, earliest declared first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundBreaches {
    /// The breaches.
    pub found: Vec<FoundBreach>,
    /// How many were read for it.
    pub read: usize,
    /// From where the search goes on; `None`: all were looked at.
    pub cursor: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The cursor is none of this register.
    #[error("the cursor is not one that the register gave out")]
    Cursor,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// One page of the register.
///
/// # Errors
/// [`RegisterError`].
pub async fn register<P: BreachStore>(
    controller: &ControllerId,
    ports: &P,
    wanted: &WantedBreaches,
) -> Result<FoundBreaches, RegisterError> {
    let mut page = FoundBreaches::default();
    let mut lines = 0;
    let since = wanted.since.map(|since| format!("{:0PLACE_DIGITS$}", since.as_millisecond().max(0)));
    let begun = wanted.cursor.as_deref().map(|cursor| place_of(cursor).ok_or(RegisterError::Cursor)).transpose()?;
    for is_open in [true, false] {
        let is_behind = matches!(&begun, Some((of_open, _)) if is_open && !of_open);
        if wanted.is_open.is_some_and(|only| only != is_open) || is_behind {
            continue;
        }
        let mut from = match &begun {
            Some((of_open, place)) if *of_open == is_open => Some(place.clone()),
            _ => since.clone(),
        };
        'lines: loop {
            let rows = ports.breach_register(controller, is_open, from.as_deref(), LINES_AT_ONCE).await?;
            for row in rows.rows {
                if wanted.until.is_some_and(|until| row.declared_at >= until) {
                    break 'lines;
                }
                lines += 1;
                let cursor = cursor_of(is_open, &row.place);
                if wanted.since.is_none_or(|since| row.declared_at >= since) {
                    page.read += 1;
                    // What the index shows and the table does not have is on its way.
                    if let Some(incident) = ports.breach(controller, &row.breach).await?
                        && is_wanted(&incident, wanted)
                    {
                        page.found.push(FoundBreach { incident, cursor: cursor.clone() });
                    }
                }
                if page.found.len() >= wanted.limit || page.read >= READS_MAX || lines >= LINES_MAX {
                    page.cursor = Some(cursor);
                    return Ok(page);
                }
            }
            match rows.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
    }
    Ok(page)
}

fn is_wanted(incident: &Incident, wanted: &WantedBreaches) -> bool {
    let facts = incident.facts();
    let is_of = |category: &Category| {
        let is_counted = incident.counts().is_some_and(|(_, counts)| counts.by_category.contains_key(category));
        facts.scope.categories.contains(category) || is_counted
    };
    let is_level = |level: Level| incident.assessment().is_some_and(|(_, it)| it.severity().level() == level);
    wanted.category.as_ref().is_none_or(is_of)
        && wanted.level.is_none_or(is_level)
        && wanted.text.as_ref().is_none_or(|text| holds(incident, &text.to_lowercase()))
}

/// Whether a text in small letters stands in what is written of a breach.
fn holds(incident: &Incident, text: &str) -> bool {
    let texts = incident.facts().texts.values();
    let told = texts.flat_map(|it| [&it.description, &it.consequences, &it.measures, &it.advice]);
    let references = incident.submissions().map(|sent| &sent.reference);
    let mut written = std::iter::once(&incident.breach.title).chain(told).chain(references);
    written.any(|it| it.to_lowercase().contains(text)) || incident.breach.id.to_string().to_lowercase() == text
}

/// The place of a line as it can stand in an address.
fn cursor_of(is_open: bool, place: &str) -> String {
    format!("{}.{}", if is_open { "open" } else { "closed" }, place.replace('#', "."))
}

fn place_of(cursor: &str) -> Option<(bool, String)> {
    let (list, place) = cursor.split_once('.')?;
    let is_open = match list {
        "open" => true,
        "closed" => false,
        _ => return None,
    };
    let (millis, breach) = place.split_once('.')?;
    let is_time = millis.len() == PLACE_DIGITS && millis.bytes().all(|byte| byte.is_ascii_digit());
    (is_time && BreachId::parse(breach).is_ok()).then(|| (is_open, format!("{millis}#{breach}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let place = "001772370000000#BBBBBBBBBBBBBBBBBBBBBA";
        for is_open in [true, false] {
            assert_eq!(place_of(&cursor_of(is_open, place)), Some((is_open, place.to_owned())));
        }
        for odd in [
            "",
            "open",
            "open.",
            "both.001772370000000.BBBBBBBBBBBBBBBBBBBBBA",
            "open.1772370000000.BBBBBBBBBBBBBBBBBBBBBA",
            "open.001772370000000.ada@example.com",
            "open.+01772370000000.BBBBBBBBBBBBBBBBBBBBBA",
        ] {
            assert_eq!(place_of(odd), None, "{odd}");
        }
    }
}
