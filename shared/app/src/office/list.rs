//! The office's list: by due time, filtered, page by page.

use std::fmt::Write as _;

use domain::{
    dsar::{RequestType, Stage},
    ids::{Fingerprint, Pepper, StaffId},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    keys::Keys,
    requests::{OfficeRow, RequestLog},
};

/// Most lines of one page.
pub const LIMIT_MAX: usize = 100;

/// How many lines a page has unless it is asked for fewer or more.
pub const LIMIT_DEFAULT: usize = 50;

/// Most lines that are looked at for one page: a filter that few lines pass answers a short page with a
/// cursor, not a slow one.
pub const SCANNED_LINES_MAX: usize = 1_000;

/// Longest cursor that is looked at, in bytes.
const CURSOR_BYTES_MAX: usize = 512;

/// What is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequests {
    /// What is still owed, or what is closed.
    pub is_open: bool,
    /// At this stage.
    pub stage: Option<Stage>,
    /// Of this type.
    pub request: Option<RequestType>,
    /// Which this person has taken on.
    pub assignee: Option<StaffId>,
    /// Whose answer is late at or before that time.
    pub late_by: Option<Timestamp>,
    /// How many, at most [`LIMIT_MAX`].
    pub limit: usize,
    /// From where the list goes on.
    pub cursor: Option<String>,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its lines, earliest due first.
    pub rows: Vec<OfficeRow>,
    /// From where the next page goes on; `None`: this is the last.
    pub cursor: Option<String>,
}

/// Why nothing is listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The cursor is none that was given out for this list.
    #[error("the cursor is not one that this list gave out")]
    Cursor,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Lists requests. A line that moves while somebody pages is shown where it then stands; no other line is
/// left out or shown twice for it.
///
/// # Errors
/// [`ListError`].
pub async fn list<P: RequestLog + Keys>(policy: &Policy, ports: &P, wanted: ListRequests) -> Result<Page, ListError> {
    let keys = ports.controller(&policy.controller).await?;
    let mut from = match &wanted.cursor {
        Some(cursor) => Some(place_of(&keys.pepper, wanted.is_open, cursor).ok_or(ListError::Cursor)?),
        None => None,
    };
    let limit = wanted.limit.clamp(1, LIMIT_MAX);
    let (mut rows, mut scanned) = (Vec::new(), 0);
    let next = 'page: loop {
        let page = ports.office_list(&policy.controller, wanted.is_open, from.as_deref(), LIMIT_MAX).await?;
        let (mut lines, more) = (page.rows.into_iter().peekable(), page.next);
        while let Some(row) = lines.next() {
            // The list is by due time: what follows is due later still.
            if wanted.late_by.is_some_and(|late_by| row.head.due_at > late_by) {
                break 'page None;
            }
            let place = row.place.clone();
            scanned += 1;
            if passes(&wanted, &row) {
                rows.push(row);
            }
            let has_more = more.is_some() || lines.peek().is_some();
            if has_more && (rows.len() == limit || scanned == SCANNED_LINES_MAX) {
                break 'page Some(place);
            }
        }
        if more.is_none() {
            break None;
        }
        from = more;
    };
    Ok(Page { rows, cursor: next.map(|place| cursor_of(&keys.pepper, wanted.is_open, &place)) })
}

fn passes(wanted: &ListRequests, row: &OfficeRow) -> bool {
    wanted.stage.is_none_or(|stage| stage == row.head.stage)
        && wanted.request.is_none_or(|request| request == row.head.request)
        && wanted.assignee.as_ref().is_none_or(|assignee| Some(assignee) == row.head.assignee.as_ref())
}

/// The place in hexadecimal, and a keyed hash of it: nobody makes one up.
fn cursor_of(pepper: &Pepper, is_open: bool, place: &str) -> String {
    let mut cursor = format!("{}.", mark(pepper, is_open, place));
    for byte in place.bytes() {
        // Writing to a string never fails.
        let _ = write!(cursor, "{byte:02x}");
    }
    cursor
}

fn place_of(pepper: &Pepper, is_open: bool, cursor: &str) -> Option<String> {
    let (marked, hex) = cursor.split_once('.').filter(|_| cursor.len() <= CURSOR_BYTES_MAX && cursor.is_ascii())?;
    let byte = |start| u8::from_str_radix(hex.get(start..start + 2)?, 16).ok();
    let bytes = (0..hex.len()).step_by(2).map(byte).collect::<Option<Vec<_>>>()?;
    let place = String::from_utf8(bytes).ok()?;
    (mark(pepper, is_open, &place).as_str() == marked).then_some(place)
}

fn mark(pepper: &Pepper, is_open: bool, place: &str) -> Fingerprint {
    pepper.derive(&["office-list", if is_open { "open" } else { "closed" }, place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_the_list_that_gave_it_and_no_other() {
        let (pepper, other) = (Pepper::new(1, &[1; 32]), Pepper::new(1, &[2; 32]));
        let cursor = cursor_of(&pepper, true, "000001767225600#AbC");
        assert_eq!(place_of(&pepper, true, &cursor).as_deref(), Some("000001767225600#AbC"));
        assert_eq!(place_of(&pepper, false, &cursor), None, "of the closed ones");
        assert_eq!(place_of(&other, true, &cursor), None, "of another controller");
        let (marked, hex) = cursor.split_once('.').unwrap();
        for made_up in [
            String::new(),
            ".".into(),
            hex.into(),
            format!("{marked}."),
            format!("{marked}.{hex}30"),
            format!("{marked}.{}", &hex[1..]),
            format!("{marked}.+1{}", &hex[2..]),
            format!("{marked}.{}", "é".repeat(20)),
            format!("{marked}.{}", "00".repeat(300)),
        ] {
            assert_eq!(place_of(&pepper, true, &made_up), None, "{made_up}");
        }
    }
}
