//! A document, written once and shown as a page of HTML and as a PDF: for readers outside who keep it, such as an
//! authority that is notified of a breach.
//!
//! It holds text and nothing that runs. Whatever the text is made of, no form of it can break out of its place: control
//! characters and marks that turn the direction of writing are left out ([`plain`]), HTML is escaped, and a PDF holds
//! glyphs by number. The same document gives the same bytes.

mod html;
mod pdf;
mod text;

use jiff::Timestamp;

pub use html::html;
pub use pdf::{PdfError, pdf};
pub use text::plain;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is: its first heading, and its name in a reader's window.
    pub title: String,
    /// What stands under the title.
    pub subtitle: String,
    /// Its language (BCP 47).
    pub language: String,
    /// Who wrote it.
    pub author: String,
    /// What tells it from every other one; on each page.
    pub reference: String,
    /// The time that it speaks of. Nothing in it depends on when it is written out.
    pub made_at: Timestamp,
    /// The words that the forms themselves need.
    pub words: Words,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

/// The words that the forms themselves need, in the document's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Before the number of a page.
    pub page: String,
    /// Between the number of a page and how many there are.
    pub of: String,
    /// Why some characters of a PDF are shown as a replacement.
    pub replaced: String,
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading under the title.
    Heading(String),
    /// Text. Each of its lines is a paragraph.
    Text(String),
    /// Lines, each with a bullet.
    List(Vec<String>),
    /// What is known by name, row by row.
    Table(Vec<Row>),
    /// What a reader must not miss: a heading, and its lines.
    Note(String, Vec<String>),
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// What is said of it, paragraph by paragraph.
    pub values: Vec<String>,
}

impl Row {
    /// A row.
    pub fn new(label: impl Into<String>, values: Vec<String>) -> Self {
        Self { label: label.into(), values }
    }
}
