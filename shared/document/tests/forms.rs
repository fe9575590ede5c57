//! The forms of a document, read back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use document::{Block, Document, Row, Words, html, pdf};
use lopdf::{Dictionary, Object};
use proptest::prelude::*;

fn document(blocks: Vec<Block>) -> Document {
    Document {
        title: "Notification of a personal data breach".into(),
        subtitle: "GDPR Art. 33".into(),
        language: "en".into(),
        author: "Acme GmbH".into(),
        reference: "brc-1 / 3".into(),
        made_at: "2026-04-07T12:05:00Z".parse().unwrap(),
        words: Words {
            page: "Page".into(),
            of: "of".into(),
            replaced: "Characters that this file's fonts do not have are shown as a replacement.".into(),
        },
        blocks,
    }
}

fn every_block(text: &str) -> Document {
    document(vec![
        Block::Heading(text.into()),
        Block::Text(text.into()),
        Block::List(vec![text.into(), "second".into()]),
        Block::Table(vec![Row::new(text, vec![text.into(), text.into()]), Row::new("Who", vec!["Acme".into()])]),
        Block::Note(text.into(), vec![text.into()]),
    ])
}

/// A long one, as a bad week makes it.
fn long() -> Document {
    let words =
        "Zażółć gęślą jaźń. Größe und Maße; Ψυχή και σώμα; Щука и ёж. \u{1f600} An intruder read mails. ".repeat(38);
    let word = "x".repeat(4_000);
    let rows =
        (1..=60).map(|n| Row::new(format!("What happened, part {n}"), vec![format!("At {n} o'clock, somebody …")]));
    document(vec![
        Block::Note(
            "This notification is not complete".into(),
            vec!["What follows later: the number of people.".into()],
        ),
        Block::Heading("1. What happened".into()),
        Block::Table(vec![Row::new("Description", vec![words.clone(), "Second paragraph.".into()])]),
        Block::Heading("2. One word".into()),
        Block::Text(word),
        Block::Heading("3. Rows".into()),
        Block::Table(rows.collect()),
        Block::List(vec![words, "short".into()]),
    ])
}

fn read(bytes: &[u8]) -> lopdf::Document {
    lopdf::Document::load_mem(bytes).unwrap()
}

fn text_of(file: &lopdf::Document) -> String {
    let pages: Vec<u32> = file.get_pages().keys().copied().collect();
    file.extract_text(&pages).unwrap()
}

fn catalog(file: &lopdf::Document) -> &Dictionary {
    file.catalog().unwrap()
}

fn tag_names(file: &lopdf::Document) -> Vec<String> {
    let elements = file.objects.values().filter_map(|object| object.as_dict().ok());
    elements
        .filter_map(|found| Some(String::from_utf8_lossy(found.get(b"S").ok()?.as_name().ok()?).into_owned()))
        .collect()
}

#[test]
fn a_pdf_is_tagged_has_a_language_a_title_an_outline_and_its_fonts() {
    let bytes = pdf(&every_block("What happened")).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.7"));
    let file = read(&bytes);
    let catalog = catalog(&file);
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"en");
    let marked = file.dereference(catalog.get(b"MarkInfo").unwrap()).unwrap().1.as_dict().unwrap();
    assert!(marked.get(b"Marked").unwrap().as_bool().unwrap());
    for name in ["StructTreeRoot", "Outlines", "Metadata"] {
        assert!(catalog.has(name.as_bytes()), "{name}");
    }
    let tags = tag_names(&file);
    for tag in ["H1", "H2", "P", "L", "LI", "Lbl", "LBody", "Table", "TR", "TH", "TD"] {
        assert!(tags.iter().any(|found| found == tag), "{tag} is none of {tags:?}");
    }
    let embedded = file.objects.values().filter_map(|object| object.as_dict().ok());
    assert!(embedded.filter(|found| found.has(b"FontFile3") || found.has(b"FontFile2")).count() >= 2);
    // What it claims to be, in its own metadata.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    for claim in ["<pdfuaid:part>1", "<pdfaid:part>2", "<pdfaid:conformance>A", "<dc:title>"] {
        assert!(text.contains(claim), "{claim}");
    }
    // Nothing that a reader would run or fetch.
    for name in ["/JavaScript", "/OpenAction", "/Launch", "/URI", "/EmbeddedFile"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[test]
fn its_text_reads_back_in_order_and_every_page_says_which_it_is() {
    let file = read(&pdf(&long()).unwrap());
    let text = text_of(&file);
    let pages = file.get_pages().len();
    assert!(pages > 4, "{pages}");
    for page in 1..=pages {
        assert!(text.contains(&format!("Page {page} of {pages}")), "{page}");
    }
    let mut last = 0;
    for part in ["1. What happened", "Zażółć gęślą jaźń", "Größe und Maße", "Ψυχή", "Щука", "2. One word", "part 60"]
    {
        let found = text[last..].find(part).unwrap_or_else(|| panic!("{part} does not follow"));
        last += found;
    }
    assert_eq!(text.matches('x').count(), 4_000);
    assert!(text.contains("shown as a replacement"));
    assert!(!text_of(&read(&pdf(&every_block("plain")).unwrap())).contains("shown as a replacement"));
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    assert_eq!(pdf(&long()).unwrap(), pdf(&long()).unwrap());
    assert_eq!(html(&long()), html(&long()));
    let later = Document { made_at: "2026-04-08T12:05:00Z".parse().unwrap(), ..long() };
    assert_ne!(pdf(&long()).unwrap(), pdf(&later).unwrap());
}

/// Texts that try to be something else.
const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style><style>*{display:none}",
    "') Tj ET Q /JavaScript (app.alert(1)) endstream endobj trailer",
    "(((((\\)\\(",
    "\u{202e}txt.exe\u{2066}",
    "\0\u{1}\u{1b}[2J\r\n\u{feff}",
    "\u{5d0}\u{5d1} \u{627}\u{644} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "",
];

#[test]
fn no_text_becomes_markup_or_an_operator() {
    for hostile in HOSTILE {
        let mut document = every_block(hostile);
        document.title = hostile.into();
        document.subtitle = hostile.into();
        document.author = hostile.into();
        document.reference = hostile.into();
        let page = html(&document);
        for markup in ["<script", "<img", "</style><style"] {
            assert!(!page.contains(markup), "{hostile:?} makes {markup}");
        }
        assert!(!page.contains(['\u{202e}', '\u{2066}', '\0', '\u{1b}']), "{hostile:?}");
        let bytes = pdf(&document).unwrap();
        let file = read(&bytes);
        assert_eq!(file.get_pages().len(), 1, "{hostile:?}");
        let runs = file.objects.values().filter_map(|object| object.as_dict().ok());
        assert_eq!(runs.filter(|found| found.has(b"JS") || found.has(b"JavaScript")).count(), 0, "{hostile:?}");
    }
    let shown = text_of(&read(&pdf(&every_block(HOSTILE[3])).unwrap()));
    assert!(shown.contains("/JavaScript (app.alert(1))"), "{shown}");
    assert!(html(&every_block(HOSTILE[0])).contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn a_page_of_html_is_whole_and_named_and_loads_nothing() {
    let page = html(&every_block("What happened"));
    assert!(page.starts_with("<!doctype html><html lang=\"en\">"));
    assert!(page.contains("<title>Notification of a personal data breach</title>"));
    assert!(page.contains("<th scope=\"row\""));
    for forbidden in ["<script", "src=", "href=", "url(", "@import", "onload="] {
        assert_eq!(page.find(forbidden), None, "{forbidden}");
    }
    for element in ["main", "header", "table", "tr", "th", "td", "section", "ul", "footer"] {
        let opened = page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
    }
}

fn boxes(file: &lopdf::Document) -> bool {
    file.get_pages().values().all(|page| {
        let page = file.get_dictionary(*page).unwrap();
        let media = page.get(b"MediaBox").and_then(Object::as_array).unwrap();
        media.len() == 4
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_gives_a_file(text in "\\PC{0,400}", wild in proptest::collection::vec(any::<char>(), 0..200)) {
        let wild: String = wild.into_iter().collect();
        let mut document = every_block(&text);
        document.title = wild.clone();
        document.blocks.extend(every_block(&wild).blocks);
        let file = read(&pdf(&document).unwrap());
        prop_assert!(boxes(&file));
        prop_assert!(html(&document).ends_with("</html>"));
    }
}
