//! What stands where: lines on pages, and which part of the document each belongs to.

use super::faces::{Face, Faces};
use crate::{
    Block, Document, Row,
    text::{line, named, paragraphs},
};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);

/// Left and right of the text.
pub(super) const MARGIN: f32 = 62.0;

/// How wide a line can be.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;

/// Above the text.
const TOP: f32 = 74.0;

/// Where the text of a page ends at the latest.
const BOTTOM: f32 = PAGE.1 - 70.0;

/// How wide a table's names are, and how far its values stand from them.
const LABEL: f32 = 140.0;
const GUTTER: f32 = 14.0;

/// How far a list's text stands in, and a note's.
const INDENT: f32 = 14.0;

/// How high a line is, by the size of its letters.
const LEADING: f32 = 1.38;

/// How far below the top of its line the foot of its letters is, by their size.
const ASCENT: f32 = 1.02;

/// A row of at most so many lines stands on one page.
const ROW_LINES_TOGETHER: usize = 8;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) ink: Ink,
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Quiet,
    Accent,
    Hairline,
    Shade,
}

const TITLE: Style = Style { face: Face::Bold, size: 18.0, ink: Ink::Text };
const SUBTITLE: Style = Style { face: Face::Regular, size: 10.0, ink: Ink::Quiet };
const HEADING: Style = Style { face: Face::Bold, size: 12.0, ink: Ink::Accent };
const STRONG: Style = Style { face: Face::Bold, size: 9.5, ink: Ink::Text };
const BODY: Style = Style { face: Face::Regular, size: 9.5, ink: Ink::Text };

impl Style {
    const fn height(self) -> f32 {
        self.size * LEADING
    }
}

/// Something drawn on a page.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// A line of text: from the left, its foot from the top, and the part that it belongs to.
    Line { x: f32, y: f32, style: Style, text: String, part: usize },
    /// A filled box: left, top, width, height. It means nothing.
    Fill { x: f32, y: f32, width: f32, height: f32, ink: Ink },
}

/// What a part of the document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Root,
    Heading(u16, String),
    Paragraph,
    List,
    Item,
    Bullet,
    ItemBody,
    Table,
    TableRow,
    Label,
    Value,
    Note,
}

/// A part of the document with the parts in it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) children: Vec<usize>,
}

/// A heading for the outline: its text, its page and its height on it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) text: String,
    pub(super) page: usize,
    pub(super) y: f32,
}

/// A document laid out.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) pages: Vec<Vec<Mark>>,
    /// Every part; the first is the whole.
    pub(super) parts: Vec<Part>,
    pub(super) headings: Vec<Place>,
}

/// Lays a document out.
pub(super) fn lay_out(document: &Document, faces: &Faces) -> Flow {
    let flow = Flow {
        pages: vec![Vec::new()],
        parts: vec![Part { kind: Kind::Root, children: Vec::new() }],
        headings: Vec::new(),
    };
    let mut hand = Hand { faces, flow, y: TOP, replaced: 0 };
    hand.title(document);
    for block in &document.blocks {
        hand.block(block);
    }
    if hand.replaced > 0 {
        hand.gap(12.0);
        hand.paragraph(0, &document.words.replaced, SUBTITLE, MARGIN, WIDTH);
    }
    hand.flow
}

/// What writes from top to bottom.
struct Hand<'a> {
    faces: &'a Faces,
    flow: Flow,
    y: f32,
    replaced: usize,
}

impl Hand<'_> {
    fn part(&mut self, within: usize, kind: Kind) -> usize {
        let part = self.flow.parts.len();
        self.flow.parts.push(Part { kind, children: Vec::new() });
        if let Some(within) = self.flow.parts.get_mut(within) {
            within.children.push(part);
        }
        part
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.flow.pages.last_mut() {
            page.push(mark);
        }
    }

    fn is_at_top(&self) -> bool {
        self.y <= TOP
    }

    fn turn(&mut self) {
        self.flow.pages.push(Vec::new());
        self.y = TOP;
    }

    /// Leaves a space, but not at the top of a page.
    fn gap(&mut self, height: f32) {
        if !self.is_at_top() {
            self.y += height;
        }
    }

    /// Goes on to the next page unless so much fits on this one.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && !self.is_at_top() {
            self.turn();
        }
    }

    /// The lines of a text, of which every character can be shown.
    fn lines(&mut self, text: &str, style: Style, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in paragraphs(text) {
            let (shown, replaced) = self.faces.shown(style.face, &paragraph);
            self.replaced += replaced;
            lines.extend(self.faces.lines(style.face, style.size, width, &shown));
        }
        lines
    }

    /// One line where the hand is, without moving it.
    fn put(&mut self, part: usize, text: String, style: Style, x: f32) {
        self.mark(Mark::Line { x, y: self.y + style.size * ASCENT, style, text, part });
    }

    /// Lines one below the other. Neither the first of several stands alone at the foot of a page, nor the last at
    /// the head of one.
    fn run(&mut self, part: usize, lines: Vec<String>, style: Style, x: f32) {
        let count = lines.len();
        for (n, text) in lines.into_iter().enumerate() {
            let left = count - n;
            let together = if (n == 0 && count > 1) || left == 2 { 2.0 } else { 1.0 };
            self.need(style.height() * together);
            self.put(part, text, style, x);
            self.y += style.height();
        }
    }

    fn paragraph(&mut self, within: usize, text: &str, style: Style, x: f32, width: f32) {
        for paragraph in paragraphs(text) {
            let lines = self.lines(&paragraph, style, width);
            let part = self.part(within, Kind::Paragraph);
            self.run(part, lines, style, x);
            self.gap(style.size * 0.4);
        }
    }

    fn title(&mut self, document: &Document) {
        let text = named(&document.title);
        let lines = self.lines(&text, TITLE, WIDTH);
        self.flow.headings.push(Place { text: text.clone(), page: 0, y: self.y });
        let part = self.part(0, Kind::Heading(1, text));
        self.run(part, lines, TITLE, MARGIN);
        self.gap(4.0);
        self.paragraph(0, &document.subtitle, SUBTITLE, MARGIN, WIDTH);
        self.gap(4.0);
        self.mark(Mark::Fill { x: MARGIN, y: self.y, width: WIDTH, height: 1.5, ink: Ink::Accent });
        self.y += 10.0;
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => self.heading(text),
            Block::Text(text) => self.paragraph(0, text, BODY, MARGIN, WIDTH),
            Block::List(lines) => self.list(lines),
            Block::Table(rows) => self.table(rows),
            Block::Note(heading, lines) => self.note(heading, lines),
        }
    }

    /// A heading, which stays with what follows it.
    fn heading(&mut self, text: &str) {
        let text = line(text);
        if text.is_empty() {
            return;
        }
        let lines = self.lines(&text, HEADING, WIDTH);
        self.gap(14.0);
        // It does not stand at the foot of a page: some lines of what follows go with it.
        let height = f32::from(u16::try_from(lines.len()).unwrap_or(u16::MAX)) * HEADING.height();
        self.need(height + 4.0 * BODY.height());
        self.flow.headings.push(Place { text: text.clone(), page: self.flow.pages.len() - 1, y: self.y });
        let part = self.part(0, Kind::Heading(2, text));
        self.run(part, lines, HEADING, MARGIN);
        self.y += 2.0;
        self.mark(Mark::Fill { x: MARGIN, y: self.y, width: WIDTH, height: 0.75, ink: Ink::Hairline });
        self.y += 4.0;
    }

    fn list(&mut self, lines: &[String]) {
        if lines.iter().all(|text| line(text).is_empty()) {
            return;
        }
        let list = self.part(0, Kind::List);
        for text in lines {
            let lines = self.lines(&line(text), BODY, WIDTH - INDENT);
            if lines.is_empty() {
                continue;
            }
            let item = self.part(list, Kind::Item);
            self.need(BODY.height() * if lines.len() > 1 { 2.0 } else { 1.0 });
            let bullet = self.part(item, Kind::Bullet);
            self.put(bullet, "\u{2022} ".to_owned(), BODY, MARGIN);
            let body = self.part(item, Kind::ItemBody);
            self.run(body, lines, BODY, MARGIN + INDENT);
            self.gap(2.0);
        }
    }

    /// Rows of a name and its value, which go on over pages.
    fn table(&mut self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let table = self.part(0, Kind::Table);
        for row in rows {
            let labels = self.lines(&line(&row.label), STRONG, LABEL);
            let mut values = Vec::new();
            for value in row.values.iter().flat_map(|value| paragraphs(value)) {
                values.push(self.lines(&value, BODY, WIDTH - LABEL - GUTTER));
            }
            self.row(table, labels, values);
        }
        self.gap(8.0);
    }

    fn row(&mut self, table: usize, labels: Vec<String>, values: Vec<Vec<String>>) {
        let row = self.part(table, Kind::TableRow);
        let (label, value) = (self.part(row, Kind::Label), self.part(row, Kind::Value));
        let count = labels.len().max(values.iter().map(Vec::len).sum());
        let together = if count <= ROW_LINES_TOGETHER { count } else { 3 };
        self.need(f32::from(u16::try_from(together).unwrap_or(u16::MAX)) * BODY.height() + 4.0);
        self.y += 3.0;
        let mut labels = labels.into_iter();
        let mut is_first = true;
        for paragraph in values {
            // A value's paragraphs stand a little apart.
            if !is_first {
                self.gap(2.5);
            }
            is_first = false;
            let part = self.part(value, Kind::Paragraph);
            for text in paragraph {
                self.need(BODY.height());
                self.label(label, &mut labels);
                self.put(part, text, BODY, MARGIN + LABEL + GUTTER);
                self.y += BODY.height();
            }
        }
        while labels.len() > 0 {
            self.need(BODY.height());
            self.label(label, &mut labels);
            self.y += BODY.height();
        }
        self.y += 3.0;
        self.mark(Mark::Fill { x: MARGIN, y: self.y, width: WIDTH, height: 0.4, ink: Ink::Hairline });
    }

    fn label(&mut self, part: usize, labels: &mut std::vec::IntoIter<String>) {
        if let Some(text) = labels.next() {
            self.put(part, text, STRONG, MARGIN);
        }
    }

    /// A note on a shade, line by line, so that it may go on over a page.
    fn note(&mut self, heading: &str, lines: &[String]) {
        let width = WIDTH - 2.0 * INDENT;
        let mut runs = vec![(STRONG, self.lines(&line(heading), STRONG, width))];
        for text in lines.iter().flat_map(|text| paragraphs(text)) {
            runs.push((BODY, self.lines(&text, BODY, width)));
        }
        self.gap(8.0);
        self.need(4.0 * BODY.height());
        let note = self.part(0, Kind::Note);
        self.shade(5.0);
        self.y += 5.0;
        for (style, lines) in runs {
            let part = self.part(note, Kind::Paragraph);
            for text in lines {
                self.need(style.height());
                self.shade(style.height() + 2.0);
                self.put(part, text, style, MARGIN + INDENT);
                self.y += style.height();
            }
            if !self.is_at_top() {
                self.shade(2.0);
                self.y += 2.0;
            }
        }
        self.shade(4.0);
        self.y += 10.0;
    }

    fn shade(&mut self, height: f32) {
        self.mark(Mark::Fill { x: MARGIN, y: self.y, width: WIDTH, height, ink: Ink::Shade });
        self.mark(Mark::Fill { x: MARGIN, y: self.y, width: 3.0, height, ink: Ink::Accent });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Words;

    fn document(blocks: Vec<Block>) -> Document {
        Document {
            title: "A title".into(),
            subtitle: "of something".into(),
            language: "en".into(),
            author: "Acme".into(),
            reference: "1".into(),
            made_at: jiff::Timestamp::UNIX_EPOCH,
            words: Words { page: "Page".into(), of: "of".into(), replaced: "Replaced.".into() },
            blocks,
        }
    }

    fn block() -> impl Strategy<Value = Block> {
        let text = prop_oneof!["[a-zäß ]{0,900}", "x{0,4000}", "\\PC{0,120}", "([a-z ]{1,40}\n){0,40}"];
        let few = proptest::collection::vec(text.clone(), 0..5);
        let row = (text.clone(), few.clone()).prop_map(|(label, values)| Row::new(label, values));
        prop_oneof![
            text.clone().prop_map(Block::Heading),
            text.clone().prop_map(Block::Text),
            few.clone().prop_map(Block::List),
            proptest::collection::vec(row, 0..20).prop_map(Block::Table),
            (text, few).prop_map(|(heading, lines)| Block::Note(heading, lines)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn everything_stands_within_its_page(blocks in proptest::collection::vec(block(), 0..8)) {
            let faces = Faces::new().unwrap();
            let flow = lay_out(&document(blocks), &faces);
            for page in &flow.pages {
                for mark in page {
                    let (x, y, width, height) = match mark {
                        Mark::Fill { x, y, width, height, .. } => (*x, *y, *width, *height),
                        Mark::Line { x, y, style, text, part } => {
                            prop_assert!(*part < flow.parts.len());
                            let seen = faces.width(style.face, style.size, text.trim_end());
                            (*x, *y - style.size, seen, style.size * 1.25)
                        }
                    };
                    prop_assert!(x >= MARGIN - 0.1 && x + width <= PAGE.0 - MARGIN + 0.1, "{mark:?}");
                    prop_assert!(y >= TOP - 1.0 && y + height <= BOTTOM + 16.0, "{mark:?}");
                }
            }
            for place in &flow.headings {
                prop_assert!(place.page < flow.pages.len());
            }
        }
    }

    #[test]
    fn a_heading_goes_with_what_follows_it() {
        let faces = Faces::new().unwrap();
        for lines in 1..80 {
            let filler = "A line.\n".repeat(lines);
            let blocks = vec![
                Block::Text(filler),
                Block::Heading("Heading".into()),
                Block::Table(vec![Row::new("Name", vec!["Value".into()])]),
            ];
            let flow = lay_out(&document(blocks), &faces);
            let heading = flow.headings.last().unwrap().page;
            let value = flow
                .pages
                .iter()
                .position(|page| page.iter().any(|mark| matches!(mark, Mark::Line { text, .. } if text == "Value")));
            assert_eq!(value, Some(heading), "after {lines} lines");
        }
    }
}
