//! The annex says all that a policy promises, in words, and lets nothing of the policy out as markup.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rich;

use domain::policy::{Clause, Notice, Policy, Regime, Use};
use policy::notice_annex::{html, markdown};
use rich::{category, policy, purpose};

/// Every clause that the policy cites.
fn clauses(policy: &Policy) -> Vec<&Clause> {
    let mut clauses: Vec<&Clause> = Vec::new();
    clauses.extend(policy.purposes.values().map(|rule| &rule.clause));
    clauses.extend(policy.categories.values().map(|rule| &rule.clause));
    for rule in policy.retention.values() {
        clauses.push(&rule.clause);
        clauses.extend(rule.switch.iter().map(|switch| &switch.clause));
        clauses.extend(rule.exemption.iter().map(|exemption| &exemption.clause));
    }
    clauses.extend(policy.rights.values().map(|rule| &rule.clause));
    clauses.extend(policy.age.iter().map(|rule| &rule.clause));
    clauses.extend(policy.agents.iter().map(|rule| &rule.clause));
    clauses.push(&policy.breach.clause);
    clauses.extend(policy.recipients.values().map(|rule| &rule.clause));
    clauses.extend(policy.transfer.iter().map(|rule| &rule.clause));
    clauses.extend(policy.denials.values().map(|rule| &rule.clause));
    clauses.extend(policy.trackers.values().map(|rule| &rule.clause));
    clauses.extend(policy.signals.clause.iter());
    clauses.extend(policy.holds.iter().map(|rule| &rule.clause));
    clauses.extend(policy.notice_change.iter().map(|rule| &rule.clause));
    clauses.extend(policy.attestations.values().map(|rule| &rule.clause));
    clauses.extend(policy.roles.iter().map(|rule| &rule.clause));
    clauses.extend(policy.office.authority.iter().map(|rule| &rule.clause));
    clauses
}

#[test]
fn every_promise_is_in_the_annex_with_its_clause() {
    let policy = policy();
    let (html, markdown) = (html(&policy), markdown(&policy));
    for clause in clauses(&policy) {
        let id = clause.as_str();
        assert!(html.contains(id), "{id} is not in the page");
        assert!(markdown.contains(id), "{id} is not in the Markdown");
    }
}

#[test]
fn the_annex_speaks_to_people() {
    let text = markdown(&policy());
    for sentence in [
        "Chat IP | Chat with you | For 30 minutes after the last website access; if there is a chat message before \
         that, for one year from then on. A request for erasure does not end this",
        "Until the consent is withdrawn, at most three years in all | It is deleted",
        "Until seven days after the account is closed",
        "Your consent, which you can withdraw at any time (GDPR Art. 6(1)(a))",
        "only if you also agree to “Send you our newsletter”",
        "Not offered. No other service could take it. You can instead: get a copy of your data.",
        "You are verified by two details that match what is stored. Two people of our office look at your request before it \
         is carried out. We answer within 14 days.",
        "No proof of who you are is asked for.",
        "You are verified by a link that we send to your mail address.",
        "under the EU’s standard contractual clauses",
        "this is a sale in Californian law",
        "We do not make profiles of you. (acme.deny)",
        "13 months",
        "Until you close the browser",
        "By country a parent or guardian must agree below 15 years in France.",
        "You are told 30 days before a change counts, by mail if it matters to you.",
        "You are told even of an attempt.",
        "you live in California, we answer within 45 days",
        "While there is an investigation, from when the suspicious activity is identified until the investigation is \
         closed; somebody looks at it again after 90 days at the latest.",
        "Backups are encrypted. | Every year",
        "only with data that is pseudonymised",
        "Name, amount, card number; never stored: card code; not in copies: card number | You and your employer",
        "Our host &lt;Example&gt; (acts for us) | Account, invoice | What we use it for | With: processing agreement; in \
         the United States; under",
        "Partner (decides for itself) | Address | Send you our newsletter | Only if you have agreed to “Send you our \
         newsletter”; only on these grounds: recipient request; this is a sale in Californian law |",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
}

#[test]
fn every_law_has_its_deadline_and_no_system_is_named() {
    let mut policy = policy();
    for regime in Regime::ALL {
        policy.regimes = vec![regime];
        let text = markdown(&policy);
        let line = text
            .lines()
            .find(|line| line.contains("we answer") || line.contains("we give") || line.contains("we confirm"));
        assert!(line.is_some_and(|line| line.contains('(')), "{regime:?} has no deadline in\n{text}");
        assert!(!text.contains("Customer relations") && !text.contains("crm.acme.example"), "{text}");
    }
}

#[test]
fn what_a_recipient_does_for_itself_is_said() {
    let mut policy = policy();
    for (what, sentence) in [
        (Use::Sharing, "this is sharing for advertising in Californian law"),
        (Use::OwnUse, "they use it for ends of their own"),
        (Use::ThirdPartyMarketing, "they use it for their marketing"),
    ] {
        policy.recipients.values_mut().for_each(|rule| rule.uses = [what].into());
        let text = markdown(&policy);
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
}

#[test]
fn whoever_can_be_reached_by_a_link_is() {
    let mut policy = policy();
    policy.office.representative = Some("Acme Europe, who reads eu@acme.example".into());
    let html = html(&policy);
    for link in [
        "<a href=\"mailto:dpo@acme.example\">dpo@acme.example</a>",
        "<a href=\"https://www.cnil.fr\">https://www.cnil.fr</a>",
        "<a href=\"tel:+33123456789\">+33 1 23 45 67 89</a>",
    ] {
        assert!(html.contains(link), "{link} is not in\n{html}");
    }
    assert!(html.contains("Acme Europe, who reads eu@acme.example") && !html.contains("mailto:Acme"));
    policy.office.authority.as_mut().unwrap().url = Some("http://www.cnil.fr".into());
    assert!(policy::notice_annex::html(&policy).contains("<a href=\"http://www.cnil.fr\">"));
}

/// A page's tags in their order, `/` before those that close.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split(['>', ' ']).next().unwrap()).collect()
}

#[test]
fn every_tag_is_closed_in_its_order() {
    let html = html(&policy());
    let mut open = Vec::new();
    for tag in tags(&html).into_iter().filter(|tag| !["!doctype", "meta"].contains(tag)) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => open.push(tag),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn the_page_can_be_read_without_eyes_and_loads_nothing() {
    let html = html(&policy());
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert_eq!(html.matches("<h1>").count(), 1);
    assert_eq!(html.matches("<table>").count(), html.matches("<caption ").count());
    assert_eq!(html.matches("<tr><th scope=\"").count(), html.matches("<tr>").count(), "each row has a head");
    let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    for target in html.split("href=\"#").skip(1).chain(html.split("aria-labelledby=\"").skip(1)) {
        let id = target.split('"').next().unwrap();
        assert!(ids.contains(&id), "nothing is named {id}");
    }
    for loaded in ["<script", "src=", "<link", "style=\"", "@import", "url("] {
        assert!(!html.contains(loaded), "{loaded}");
    }
}

#[test]
fn nothing_of_a_policy_becomes_markup() {
    let hostile = "</td><script>alert(1)</script>\"'&|*_`\n# x";
    let mut policy = policy();
    policy.name = hostile.into();
    policy.contact_mail = "\"><img src=x>@acme.example".into();
    policy.purposes.get_mut(&purpose("chat")).unwrap().title = hostile.into();
    policy.rights.values_mut().for_each(|rule| {
        if let Some(refusal) = &mut rule.refusal {
            refusal.text = hostile.into();
        }
    });
    policy.office.authority.as_mut().unwrap().url = Some("javascript:alert(1)".into());
    policy.office.phone = Some("\" onclick=\"x".into());
    policy.recipients.values_mut().for_each(|rule| rule.title = hostile.into());
    let (html, markdown) = (html(&policy), markdown(&policy));
    for (form, markup) in [
        (&html, "<script>"),
        (&html, "<img"),
        (&html, "onclick=\""),
        (&html, "href=\"javascript"),
        (&markdown, "<script>"),
        (&markdown, "<img"),
        (&markdown, "\n# x"),
    ] {
        assert!(!form.contains(markup), "{markup} is in\n{form}");
    }
    // A cell of the hostile text is still one cell.
    let row = markdown.lines().find(|line| line.contains("legitimate interest")).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 4, "{row}");
}

#[test]
fn a_policy_that_says_little_has_a_short_annex() {
    let rich = policy();
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: "ab".repeat(32) };
    let bare = Policy::new(rich.controller, "Bare".into(), "privacy@bare.example".into(), notice);
    let text = markdown(&bare);
    for sentence in ["Nobody else gets your data.", "We set and read nothing on your device.", "# Your rights"] {
        assert!(text.contains(sentence), "{sentence}");
    }
    for absent in ["## Children", "## How long", "Data | "] {
        assert!(!text.contains(absent), "{absent}");
    }
    assert!(!bare.categories.contains_key(&category("address")));
}
