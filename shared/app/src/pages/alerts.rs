//! What everybody can read of a controller's breaches: a page, a feed, and the words of the banner on the controller's
//! own site. Nothing of it is about a single person.

use domain::{language::Language, policy::Policy};
use jiff::Timestamp;

use super::{escape, html::Html};
use crate::{
    alerts::{self, Alert},
    letters::{body::Block, texts::Texts},
};

/// The page of a controller's alerts, for people without scripts and for whoever wants to read all of it.
pub fn alerts(policy: &Policy, alerts: &[Alert], language: Language) -> String {
    let texts = Texts::of(language);
    let mut html = Html::page(language, &texts.alerts_title(policy.name.as_str()));
    for alert in alerts {
        let told = alerts::tell(policy, alert, language);
        html.raw("<article>").element("h2", &told.title).element("p", &told.lead);
        for section in &told.sections {
            if let Some(heading) = &section.heading {
                html.element("h3", heading);
            }
            html.blocks(&section.blocks);
        }
        html.element("p", &texts.alerts_published(texts.day_of(policy, alert.published_at)));
        if alert.updated_at > alert.published_at {
            html.element("p", &texts.alerts_updated(texts.day_of(policy, alert.updated_at)));
        }
        html.raw("</article>");
    }
    if alerts.is_empty() {
        html.blocks(&[Block::Text(texts.alerts_none()), Block::Text(texts.questions(policy.contact_mail.as_str()))]);
    }
    html.end()
}

/// Text as it may stand in XML: escaped, and without the characters that XML 1.0 does not have (section 2.2).
fn in_xml(text: &str) -> String {
    let may_stand = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    escape(&text.chars().filter(may_stand).collect::<String>()).into_owned()
}

/// The feed of a controller's alerts (RFC 4287). Addresses are relative to its own.
pub fn feed(policy: &Policy, alerts: &[Alert], language: Language) -> String {
    let (texts, controller) = (Texts::of(language), &policy.controller);
    let tag = language.as_str();
    let updated = alerts.iter().map(|alert| alert.updated_at).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{tag}\">\
         <id>urn:habeas:alerts:{controller}</id><title>{}</title><updated>{updated}</updated>\
         <author><name>{}</name></author><link rel=\"self\" href=\"feed?lang={tag}\"/>\
         <link rel=\"alternate\" type=\"text/html\" href=\"page?lang={tag}\"/>",
        in_xml(&texts.alerts_title(policy.name.as_str())),
        in_xml(&policy.name),
    );
    for alert in alerts {
        let told = alerts::tell(policy, alert, language);
        xml.push_str(&format!(
            "<entry xml:lang=\"{tag}\"><id>urn:habeas:alert:{controller}:{}</id><title>{}</title>\
             <published>{}</published><updated>{}</updated><summary>{}</summary>\
             <content type=\"text\">{}</content></entry>",
            alert.breach,
            in_xml(&told.title),
            alert.published_at,
            alert.updated_at,
            in_xml(&told.lead),
            in_xml(&told.text()),
        ));
    }
    xml.push_str("</feed>\n");
    xml
}

/// The words of a banner's own parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BannerWords {
    /// What it is called, for people who hear it.
    pub region: String,
    /// The link to the page.
    pub details: String,
    /// The button that closes it.
    pub dismiss: String,
}

/// The words of a banner's own parts in a language.
pub fn banner_words(language: Language) -> BannerWords {
    let texts = Texts::of(language);
    BannerWords { region: texts.alerts_region(), details: texts.alerts_details(), dismiss: texts.alerts_dismiss() }
}

#[cfg(test)]
mod tests;
