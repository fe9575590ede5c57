//! The PDF: A4, tagged for screen readers (PDF/UA-1), fit for an archive (PDF/A-2a), its fonts in it.

mod faces;
mod flow;
mod write;

use crate::Document;

/// Why no PDF could be written.
#[derive(Debug, thiserror::Error)]
#[error("the PDF cannot be written: {0}")]
pub struct PdfError(&'static str);

/// A document as a PDF. A character that its fonts do not have (they have those of Latin, Greek and Cyrillic scripts)
/// is shown as U+FFFD, and the last page says so: the page of HTML has every one.
///
/// # Errors
/// [`PdfError`] if the fonts or the writer refuse, which they do for no text.
pub fn pdf(document: &Document) -> Result<Vec<u8>, PdfError> {
    let faces = faces::Faces::new()?;
    let flow = flow::lay_out(document, &faces);
    write::write(document, &faces, &flow)
}
