//! What is public stays text, whatever it says, and says nothing of a person.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    breach::Texts as Told,
    ids::{BreachId, Category, ControllerId, KeyedId},
    policy::Notice,
};

use super::*;

const HOSTILE: &str = "<script>alert(1)</script> & \"'\u{0}\u{FFFE}\u{8}\nline two]]>";

fn policy() -> Policy {
    let notice = Notice { version: "1".into(), language: "de-AT".into(), text_sha256: String::new() };
    let controller = ControllerId::parse("acme").unwrap();
    Policy::new(controller, "A & <b>".into(), "privacy@acme.example".into(), notice)
}

fn alert() -> Alert {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let texts = Told { description: HOSTILE.into(), advice: "Change it.".into(), ..Told::default() };
    Alert {
        breach: BreachId::from_hash("AAAAAAAAAAAAAAAAAAAAAA".into()),
        version: 1,
        published_at: at("2026-03-05T12:00:00Z"),
        updated_at: at("2026-03-07T12:00:00Z"),
        closed_at: None,
        exposed_from: at("2026-03-01T12:00:00Z"),
        exposed_to: at("2026-03-01T13:00:00Z"),
        attempt_only: false,
        categories: BTreeSet::from([Category::parse("server-log").unwrap()]),
        texts: BTreeMap::from([(Language::English, texts)]),
    }
}

#[test]
fn the_page_says_all_of_it_in_each_language_and_nothing_of_it_is_markup() {
    for language in Language::ALL {
        let page = alerts(&policy(), &[alert()], language);
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("Change it."), "{page}");
        let texts = Texts::of(language);
        assert!(page.contains(&*escape(&texts.breach_heading_advice())), "{page}");
        assert!(page.contains("privacy@acme.example") && page.contains("server-log"));
        assert!(page.contains(&*escape(&texts.alerts_updated(texts.day_of(&policy(), alert().updated_at)))));
    }
    let none = alerts(&policy(), &[], Language::French);
    assert!(none.contains("Il n’y a rien à signaler") && none.contains("privacy@acme.example"), "{none}");
}

#[test]
fn the_feed_is_well_formed_and_has_what_a_feed_must_have() {
    // RFC 4287 section 4.1: id, title and updated once each, an author, and the same of each entry.
    let xml = feed(&policy(), &[alert()], Language::German);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let of = |node: roxmltree::Node<'_, '_>, name: &str| {
        let mut found = node.children().filter(|child| child.has_tag_name(("http://www.w3.org/2005/Atom", name)));
        let text = found.next().map(|child| child.text().unwrap_or_default().to_owned());
        assert!(found.next().is_none(), "{name} stands twice");
        text
    };
    let root = document.root_element();
    assert_eq!(of(root, "id").unwrap(), "urn:habeas:alerts:acme");
    assert_eq!(of(root, "title").unwrap(), "A & <b>: was mit Daten geschehen ist");
    assert_eq!(of(root, "updated").unwrap(), "2026-03-07T12:00:00Z");
    let entry = root.children().find(|child| child.has_tag_name("entry")).unwrap();
    assert_eq!(entry.attribute(("http://www.w3.org/XML/1998/namespace", "lang")), Some("de"));
    assert_eq!(of(entry, "id").unwrap(), "urn:habeas:alert:acme:AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(of(entry, "published").unwrap(), "2026-03-05T12:00:00Z");
    let content = of(entry, "content").unwrap();
    assert!(content.contains("<script>alert(1)</script> & \"'\n\nline two]]>"), "{content}");
    assert!(content.contains("steht unten auf Englisch"), "{content}");
    let none = feed(&policy(), &[], Language::English);
    assert_eq!(
        of(roxmltree::Document::parse(&none).unwrap().root_element(), "updated").unwrap(),
        "1970-01-01T00:00:00Z"
    );
}
