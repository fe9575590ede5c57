//! The two faces of a PDF, how wide their characters are, and where a line of them breaks.
//!
//! They are the condensed serif ones of DejaVu: Latin, Greek and Cyrillic in 0.7 MB. Their characters stand one after
//! the other as they are written, which suits these scripts.

use std::collections::HashMap;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::{FontRef, MetadataProvider as _, instance::LocationRef, instance::Size};

use super::PdfError;

/// A face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
}

/// What stands for a character that the fonts do not have.
const REPLACEMENT: char = '\u{fffd}';

/// Where a line may end although no blank stands there: after these.
const BREAKS_AFTER: [char; 7] = ['-', '/', '\u{2013}', '\u{2014}', '@', '_', '?'];

pub(super) struct Faces {
    regular: One,
    bold: One,
}

struct One {
    font: Font,
    /// Each character's glyph and its width at size 1.
    glyphs: HashMap<char, (u32, f32)>,
}

impl One {
    fn new(data: &'static [u8]) -> Result<Self, PdfError> {
        let font = Font::new(data.into(), 0).ok_or(PdfError("a font cannot be read"))?;
        let read = FontRef::new(data).map_err(|_| PdfError("a font cannot be read"))?;
        let (widths, em) = (read.glyph_metrics(Size::unscaled(), LocationRef::default()), font.units_per_em());
        let glyph = |(code, id): (u32, skrifa::GlyphId)| {
            // What everybody may give a meaning of their own has none here.
            let c = char::from_u32(code).filter(|c| !matches!(c, '\u{e000}'..='\u{f8ff}'))?;
            Some((c, (id.to_u32(), widths.advance_width(id)? / em)))
        };
        let glyphs = read.charmap().mappings().filter_map(glyph).collect();
        Ok(Self { font, glyphs })
    }

    fn glyph(&self, c: char) -> Option<(u32, f32)> {
        self.glyphs.get(&c).copied()
    }
}

impl Faces {
    pub(super) fn new() -> Result<Self, PdfError> {
        Ok(Self {
            regular: One::new(dejavu::serif_condensed::regular())?,
            bold: One::new(dejavu::serif_condensed::bold())?,
        })
    }

    const fn one(&self, face: Face) -> &One {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
        }
    }

    pub(super) fn font(&self, face: Face) -> Font {
        self.one(face).font.clone()
    }

    /// A text of which every character can be shown, and how many could not.
    pub(super) fn shown(&self, face: Face, text: &str) -> (String, usize) {
        let mut replaced = 0;
        let shown = text.chars().filter(|c| !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'));
        let shown = shown.map(|c| match self.one(face).glyph(c) {
            Some(_) => c,
            None => {
                replaced += 1;
                REPLACEMENT
            }
        });
        (shown.collect(), replaced)
    }

    /// How wide a text is in points.
    pub(super) fn width(&self, face: Face, size: f32, text: &str) -> f32 {
        text.chars().filter_map(|c| self.one(face).glyph(c)).map(|(_, width)| width * size).sum()
    }

    /// The glyphs of a text, one for each character that can be shown.
    pub(super) fn glyphs(&self, face: Face, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let (id, width) = self.one(face).glyph(c)?;
            Some(KrillaGlyph::new(GlyphId::new(id), width, 0.0, 0.0, 0.0, at..at + c.len_utf8(), None))
        };
        text.char_indices().filter_map(glyph).collect()
    }

    /// A text in lines of at most that width: broken after a blank or a dash, and within a word that has neither and
    /// is wider than a line. The blank at which a line is broken stays at its end, so that whoever reads the file by
    /// ear or by machine hears two words.
    pub(super) fn lines(&self, face: Face, size: f32, width: f32, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut used) = (String::new(), 0.0);
        for word in words(text) {
            let seen = self.width(face, size, word.trim_end());
            if used + seen > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if seen > width {
                for c in word.chars() {
                    let wide = self.width(face, size, c.encode_utf8(&mut [0; 4]));
                    if used + wide > width && !line.is_empty() && c != ' ' {
                        lines.push(std::mem::take(&mut line));
                        used = 0.0;
                    }
                    line.push(c);
                    used += wide;
                }
            } else {
                line.push_str(word);
                used += self.width(face, size, word);
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// A text's words, each with what ends it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices().peekable();
        let end = loop {
            match chars.next() {
                None => break rest.len(),
                Some((at, ' ')) if chars.peek().is_none_or(|(_, next)| *next != ' ') => break at + 1,
                Some((at, c)) if at > 0 && BREAKS_AFTER.contains(&c) => break at + c.len_utf8(),
                Some(_) => {}
            }
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_breaks_into_words_and_loses_nothing() {
        let text = "One-way  street, a/b and c ";
        assert_eq!(words(text).collect::<Vec<_>>(), ["One-", "way  ", "street, ", "a/", "b ", "and ", "c "]);
        let faces = Faces::new().unwrap();
        for width in [3.0, 20.0, 60.0, 500.0] {
            assert_eq!(faces.lines(Face::Regular, 10.0, width, text).concat(), text);
        }
    }

    #[test]
    fn the_fonts_have_the_scripts_that_they_are_chosen_for() {
        let faces = Faces::new().unwrap();
        for face in [Face::Regular, Face::Bold] {
            let (shown, replaced) = faces.shown(face, "Zażółć gęślą jaźń Ærøskøbing Größe ñandú ß Ψυχή Щука → • … €");
            assert_eq!((shown.contains(REPLACEMENT), replaced), (false, 0));
            assert_eq!(faces.shown(face, "a\u{1f600}\u{5d0}\u{e001}"), ("a\u{fffd}\u{fffd}\u{fffd}".to_owned(), 3));
        }
    }
}
