//! Pages and structure as a file.

use std::num::NonZeroU16;

use jiff::tz::TimeZone;
use krilla::{
    Document as File, SerializeSettings,
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope, Tag, TagGroup,
        TagKind, TagTree,
    },
};

use super::{
    PdfError,
    faces::{Face, Faces},
    flow::{Flow, Ink, Kind, MARGIN, Mark, PAGE, Style, WIDTH},
};
use crate::{
    Document,
    text::{line, named},
};

/// What stands on every page.
const FURNITURE: Style = Style { face: Face::Regular, size: 7.5, ink: Ink::Quiet };

/// Where it stands, from the top.
const HEAD: f32 = 44.0;
const FOOT: f32 = PAGE.1 - 36.0;

/// Writes the file.
pub(super) fn write(document: &Document, faces: &Faces, flow: &Flow) -> Result<Vec<u8>, PdfError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| PdfError("the standards do not go together"))?;
    let mut file = File::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let mut leaves: Vec<Vec<Identifier>> = flow.parts.iter().map(|_| Vec::new()).collect();
    let count = flow.pages.len();
    for (n, marks) in flow.pages.iter().enumerate() {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(PdfError("the page has no size"))?;
        let mut page = file.start_page_with(settings);
        // The pen lets go of the page when it has written it.
        {
            let mut pen = Pen { surface: page.surface(), faces };
            for mark in marks {
                match mark {
                    Mark::Fill { x, y, width, height, ink } => {
                        pen.aside(ArtifactType::Layout, |pen| pen.fill(*x, *y, *width, *height, *ink));
                    }
                    Mark::Line { x, y, style, text, part } => {
                        let leaf = pen.surface.start_tagged(ContentTag::Span(SpanTag::empty()));
                        pen.write(*x, *y, *style, text);
                        pen.surface.end_tagged();
                        if let Some(leaves) = leaves.get_mut(*part) {
                            leaves.push(leaf);
                        }
                    }
                }
            }
            pen.furniture(document, n, count);
        }
        page.finish();
    }
    let mut outline = Outline::new();
    for place in &flow.headings {
        let destination = XyzDestination::new(place.page, Point::from_xy(MARGIN, place.y));
        outline.push_child(OutlineNode::new(place.text.clone(), destination));
    }
    file.set_outline(outline);
    file.set_tag_tree(tags(flow, leaves)?);
    file.set_metadata(metadata(document));
    file.finish().map_err(|_| PdfError("the writer refuses it"))
}

fn metadata(document: &Document) -> Metadata {
    let made = document.made_at.to_zoned(TimeZone::UTC);
    let whole = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(made.year()).unwrap_or_default())
        .month(whole(made.month()))
        .day(whole(made.day()))
        .hour(whole(made.hour()))
        .minute(whole(made.minute()))
        .second(whole(made.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(named(&document.title))
        .language(document.language.clone())
        .authors(vec![named(&document.author)])
        .document_id(line(&document.reference))
        .creator("Habeas".to_owned())
        .creation_date(date)
}

/// The structure, in the order in which it is read.
fn tags(flow: &Flow, mut leaves: Vec<Vec<Identifier>>) -> Result<TagTree, PdfError> {
    let mut tree = TagTree::new();
    let children = flow.parts.first().map(|root| root.children.as_slice()).unwrap_or_default();
    for child in children {
        tree.push(group(flow, *child, &mut leaves)?);
    }
    Ok(tree)
}

fn group(flow: &Flow, part: usize, leaves: &mut [Vec<Identifier>]) -> Result<Node, PdfError> {
    let found = flow.parts.get(part).ok_or(PdfError("a part is missing"))?;
    let mut group = TagGroup::new(tag(&found.kind)?);
    for leaf in leaves.get_mut(part).map(std::mem::take).unwrap_or_default() {
        group.push(leaf);
    }
    for child in &found.children {
        group.push(self::group(flow, *child, leaves)?);
    }
    Ok(group.into())
}

fn tag(kind: &Kind) -> Result<TagKind, PdfError> {
    Ok(match kind {
        Kind::Root => Tag::Div.into(),
        Kind::Heading(level, text) => {
            let level = NonZeroU16::new(*level).ok_or(PdfError("a heading has no level"))?;
            Tag::Hn(level, Some(text.clone())).into()
        }
        Kind::Paragraph => Tag::P.into(),
        Kind::List => Tag::L(ListNumbering::Disc).into(),
        Kind::Item => Tag::LI.into(),
        Kind::Bullet => Tag::Lbl.into(),
        Kind::ItemBody => Tag::LBody.into(),
        Kind::Table => Tag::Table.into(),
        Kind::TableRow => Tag::TR.into(),
        Kind::Label => Tag::TH(TableHeaderScope::Row).into(),
        Kind::Value => Tag::TD.into(),
        Kind::Note => Tag::Div.into(),
    })
}

struct Pen<'a> {
    surface: Surface<'a>,
    faces: &'a Faces,
}

impl Pen<'_> {
    /// Draws something that is no part of the text.
    fn aside(&mut self, kind: ArtifactType, draw: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
        draw(self);
        self.surface.end_tagged();
    }

    fn ink(&mut self, ink: Ink) {
        let (red, green, blue) = match ink {
            Ink::Text => (26, 26, 26),
            Ink::Quiet => (90, 90, 90),
            Ink::Accent => (20, 80, 140),
            Ink::Hairline => (190, 196, 204),
            Ink::Shade => (238, 243, 249),
        };
        let paint = rgb::Color::new(red, green, blue).into();
        self.surface.set_fill(Some(Fill { paint, opacity: NormalizedF32::ONE, rule: Default::default() }));
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        let mut path = PathBuilder::new();
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            path.push_rect(rect);
        }
        if let Some(path) = path.finish() {
            self.ink(ink);
            self.surface.draw_path(&path);
        }
    }

    fn write(&mut self, x: f32, y: f32, style: Style, text: &str) {
        let glyphs = self.faces.glyphs(style.face, text);
        if glyphs.is_empty() {
            return;
        }
        self.ink(style.ink);
        let font = self.faces.font(style.face);
        self.surface.draw_glyphs(Point::from_xy(x, y), &glyphs, font, text, style.size, false);
    }

    /// What the reader needs on every page: whose document it is, which one, and how much of it there is.
    fn furniture(&mut self, document: &Document, page: usize, count: usize) {
        let number = format!("{} {} {} {count}", line(&document.words.page), page + 1, line(&document.words.of));
        if page > 0 {
            self.aside(ArtifactType::Header, |pen| pen.ends(HEAD, &document.title, &document.reference));
        }
        self.aside(ArtifactType::Footer, |pen| pen.ends(FOOT, &document.author, &number));
    }

    /// A short text at the left and one at the right; the left one gives way.
    fn ends(&mut self, y: f32, left: &str, right: &str) {
        let fit = |faces: &Faces, text: &str, width: f32| {
            let (shown, _) = faces.shown(FURNITURE.face, &line(text));
            let mut lines = faces.lines(FURNITURE.face, FURNITURE.size, width, &shown).into_iter();
            match (lines.next(), lines.next()) {
                (Some(first), Some(_)) => format!("{}\u{2026}", first.trim_end()),
                (first, _) => first.unwrap_or_default(),
            }
        };
        let right = fit(self.faces, right, WIDTH / 2.0);
        let width = self.faces.width(FURNITURE.face, FURNITURE.size, &right);
        let left = fit(self.faces, left, WIDTH - width - 24.0);
        self.write(MARGIN, y, FURNITURE, &left);
        self.write(MARGIN + WIDTH - width, y, FURNITURE, &right);
    }
}
