//! The annex to a privacy notice that people can read, written from the policy that the functions obey.
//!
//! [`markdown`] and [`html`] say the same: who is responsible, what for, which data, how long, which
//! rights, who gets it, what is set on devices. Each statement names the clause that promises it, so
//! that a text and the system behind it can be held side by side.

use domain::policy::Policy;

mod html;
mod markdown;
mod text;

/// A notice annex before it has a form.
struct Document {
    title: String,
    intro: Vec<Inline>,
    sections: Vec<Section>,
}

/// A part with a heading of its own.
struct Section {
    /// The anchor.
    id: &'static str,
    title: &'static str,
    blocks: Vec<Block>,
}

enum Block {
    Paragraph(Vec<Inline>),
    List(Vec<Vec<Inline>>),
    Table(Table),
}

/// A table; the first cell of each row is its head.
struct Table {
    caption: String,
    head: Vec<&'static str>,
    rows: Vec<Vec<Vec<Inline>>>,
}

/// A piece of a line.
enum Inline {
    Text(String),
    /// A clause's or an article's id.
    Clause(String),
    Mail(String),
    Link(String),
    Phone(String),
}

/// The annex as Markdown (CommonMark with tables).
pub fn markdown(policy: &Policy) -> String {
    markdown::write(&text::document(policy))
}

/// The annex as a whole HTML page: no script, nothing loaded from elsewhere, readable without colours
/// and by a screen reader.
pub fn html(policy: &Policy) -> String {
    html::write(&text::document(policy))
}
