//! The sample pages of `infra/web` fit the forms that the API reads, and the policies behind them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use domain::policy::{LawfulBasis, Policy};
use wire::{consent::ConsentForm, form::Pairs, request::RequestForm};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn page(name: &str) -> String {
    fs::read_to_string(folder("web").join(name)).unwrap()
}

fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<_> = fs::read_dir(folder("web"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".html"))
        .map(|name| (name.clone(), page(&name)))
        .collect();
    pages.sort();
    pages
}

/// The tags of that name, each with its attributes.
fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name} ");
    html.split(&open).skip(1).map(|rest| rest.split_once('>').unwrap().0).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (before, rest) = tag.split_once(&format!("{name}=\""))?;
    (before.is_empty() || before.ends_with(' ')).then(|| rest.split_once('"').unwrap().0)
}

/// Fills a form in as a person would: each group's first choice, each field with something fitting.
fn filled(form: &str) -> Pairs {
    let mut pairs = BTreeMap::new();
    for input in tags(form, "input") {
        let value = match attribute(input, "type").unwrap() {
            "email" => "ada@example.org",
            "number" => "40",
            "text" => "ada",
            _ => attribute(input, "value").unwrap(),
        };
        pairs.entry(attribute(input, "name").unwrap().to_owned()).or_insert_with(|| value.to_owned());
    }
    for (select, rest) in tags(form, "select").iter().zip(form.split("<select ").skip(1)) {
        let first = tags(rest, "option")[0];
        pairs.insert(attribute(select, "name").unwrap().to_owned(), attribute(first, "value").unwrap().to_owned());
    }
    pairs
}

fn policy(controller: &str) -> Policy {
    let name = format!("{controller}.toml");
    let text = fs::read_to_string(folder("policies").join(&name)).unwrap();
    match policy::parse(&name, &text, None) {
        Ok(parsed) => parsed.policy,
        Err(findings) => panic!("{name}: {findings:?}"),
    }
}

#[test]
fn every_consent_form_is_one_that_its_controller_takes() {
    let html = page("consent.html");
    let forms: Vec<_> = html.split("<form ").skip(1).map(|form| form.split_once("</form>").unwrap().0).collect();
    assert_eq!(forms.len(), 4, "Red Flag relies on no consent");
    for form in forms {
        let action = attribute(form, "action").unwrap();
        let policy = policy(action.strip_prefix('/').and_then(|path| path.strip_suffix("/v1/consents")).unwrap());
        let parsed = ConsentForm::from_pairs(filled(form)).and_then(ConsentForm::parse).unwrap();
        assert!(domain::consent::check(&policy, &parsed.capture).is_ok(), "{action}");
        for purpose in parsed.capture.choices.keys() {
            let rule = policy.purposes.get(purpose).map(|rule| rule.basis);
            assert_eq!(rule, Some(LawfulBasis::Consent), "{action} {purpose}");
        }
        assert!(parsed.next.is_some());
    }
}

#[test]
fn the_request_form_is_one_that_every_controller_takes() {
    let html = page("request.html");
    let form = html.split_once("<form ").unwrap().1;
    let mut pairs = filled(form);
    pairs.insert("subject".to_owned(), "ada@example.org".to_owned());
    let parsed = RequestForm::from_pairs(pairs).and_then(RequestForm::parse).unwrap();
    assert!(!parsed.points.is_empty() && parsed.next.is_some());
    let targets: Vec<_> = tags(form, "button").iter().filter_map(|button| attribute(button, "formaction")).collect();
    assert_eq!(
        targets,
        ["scantrust", "stationdb", "identance", "rfa", "zentry"].map(|controller| format!("/{controller}/v1/requests"))
    );
    for option in tags(form.split_once("</select>").unwrap().0, "option") {
        let request = attribute(option, "value").unwrap();
        assert!(domain::dsar::RequestType::parse(request).is_some(), "{request}");
    }
}

#[test]
fn every_page_is_locked_down_and_readable() {
    let pages = pages();
    assert_eq!(pages.len(), 4);
    for (name, html) in pages {
        assert!(html.contains("<html lang=\"en\">") && html.contains("<title>"), "{name}");
        assert!(
            html.contains("content=\"default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'"),
            "{name}"
        );
        for forbidden in ["<script>", "style=\"", "onclick", "javascript:", "src=\"http", "href=\"http"] {
            assert!(!html.contains(forbidden), "{name} holds {forbidden}");
        }
        for input in tags(&html, "input").into_iter().filter(|input| attribute(input, "type") != Some("hidden")) {
            let id = attribute(input, "id").unwrap();
            assert!(html.contains(&format!(" for=\"{id}\"")), "{name}: {id} has no label");
        }
    }
}
