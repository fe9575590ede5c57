//! The lints: what a policy file shows about its text.
//!
//! Each of them reads the rules of a file and the facts of its text, and reports what it finds under a
//! code of [`codes`], at the clause that shows it. What only a reader of the text can see (a misspelt
//! domain, a claim that nobody can test) is not here: the file's author raises it with `open`.

mod bases;
mod categories;
pub mod codes;
mod contacts;
mod notice;
mod office;
mod people;
mod recipients;
mod retention;
mod rights;
mod systems;
mod trackers;

pub use codes::{Code, all, code};

use crate::language::{Report, facts::Document};

/// Judges a file as a whole.
pub(crate) fn judge(document: &Document, report: &mut Report<'_>) {
    contacts::judge(document, report);
    office::judge(document, report);
    notice::judge(document, report);
    bases::judge(document, report);
    categories::judge(document, report);
    retention::judge(document, report);
    systems::judge(document, report);
    rights::judge(document, report);
    people::judge(document, report);
    recipients::judge(document, report);
    trackers::judge(document, report);
}
