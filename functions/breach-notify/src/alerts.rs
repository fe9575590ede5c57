//! What everybody may read of a controller's breaches: as JSON, as a feed, as a page, and as the script of a banner.

use app::{
    alerts::{self, Alert},
    pages,
};
use domain::{language::Language, policy::Policy};
use edge::{
    http::{Problem, Request, Response},
    site,
};
use jiff::Timestamp;
use wire::breach::{AlertForm, AlertsAnswer, BannerAlertForm, BannerForm, BannerWordsForm};

use crate::{Desk, Ports};

/// The script of the banner, without what it shows.
const BANNER: &str = include_str!("banner.js");

/// Where that goes.
const DATA: &str = "/*DATA*/";

/// For how long an answer may be shown again without asking, in seconds: an alert is seen within a minute.
const FRESH_SECONDS: u32 = 60;

/// Whether a path is that of alerts.
pub(crate) fn is_public(path: &str) -> bool {
    ["/alerts", "/alerts/feed", "/alerts/page", "/alerts/banner.js"].iter().any(|end| path.ends_with(end))
}

pub(crate) async fn answer<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let alerts = alerts::public(policy, &desk.ports, request.at()).await?;
    let language = language_of(policy, request)?;
    let changed_at = alerts.iter().map(|alert| alert.updated_at).max();
    let path = request.path();
    let response = if path.ends_with("/feed") {
        Response::published("application/atom+xml; charset=utf-8", pages::alerts::feed(policy, &alerts, language))
    } else if path.ends_with("/page") {
        Response::html(200, pages::alerts::alerts(policy, &alerts, language))
    } else if path.ends_with("/banner.js") {
        // A page of another site may embed it, whatever it asks of what it embeds.
        Response::published("text/javascript; charset=utf-8", banner(policy, &alerts)?)
            .with_header("cross-origin-resource-policy", "cross-origin")
    } else {
        Response::json(200, &forms(policy, &alerts, language))
    };
    let response = match changed_at {
        Some(at) => response.with_header("last-modified", http_date(at)),
        None => response,
    };
    // They are everybody's. Where the gateway has its own list of origins, it takes this away and says its own.
    let response =
        if path.ends_with("/page") { response } else { response.with_header("access-control-allow-origin", "*") };
    let vary = if path.ends_with("/banner.js") { "origin" } else { "origin, accept-language" };
    Ok(response.with_header("vary", vary).fresh_for(FRESH_SECONDS).unless_known(request))
}

/// The language that is asked for: by the address, by the browser, or the controller's own.
fn language_of(policy: &Policy, request: &Request) -> Result<Language, Problem> {
    let named = request.query("lang")?.as_deref().and_then(Language::of);
    let accepted = || request.header("accept-language").and_then(Language::accepted);
    Ok(named.or_else(accepted).unwrap_or_else(|| alerts::language_of(policy)))
}

/// A time as HTTP writes it (RFC 9110 section 5.6.7).
fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn forms(policy: &Policy, alerts: &[Alert], language: Language) -> AlertsAnswer {
    let form = |alert: &Alert| {
        let told = alerts::tell(policy, alert, language);
        AlertForm {
            breach_id: alert.breach.to_string(),
            published_at: alert.published_at.to_string(),
            updated_at: alert.updated_at.to_string(),
            exposed_from: alert.exposed_from.to_string(),
            exposed_to: alert.exposed_to.to_string(),
            attempt_only: alert.attempt_only,
            categories: alert.categories.iter().map(ToString::to_string).collect(),
            language: told.language.as_str().to_owned(),
            title: told.title,
            summary: told.lead,
            texts_language: told.texts_language.as_str().to_owned(),
            description: told.texts.description,
            consequences: told.texts.consequences,
            measures: told.texts.measures,
            advice: told.texts.advice,
        }
    };
    AlertsAnswer {
        v: 1,
        controller: policy.controller.to_string(),
        contact: policy.contact_mail.clone(),
        alerts: alerts.iter().map(form).collect(),
    }
}

/// The script that shows a controller's alerts on its own site. It carries them, so that it asks for nothing: no second
/// request, and no leave of the gateway's or of the site's own rules to make one.
fn banner(policy: &Policy, alerts: &[Alert]) -> Result<String, Problem> {
    let words = Language::ALL.map(|language| {
        let words = pages::alerts::banner_words(language);
        let form = BannerWordsForm { region: words.region, details: words.details, dismiss: words.dismiss };
        (language.as_str().to_owned(), form)
    });
    let in_all = |alert: &Alert| {
        let told = Language::ALL.map(|language| {
            let told = alerts::tell(policy, alert, language);
            let text_language = told.texts_language.as_str().to_owned();
            let form =
                BannerAlertForm { title: told.title, lead: told.lead, text: told.texts.description, text_language };
            (language.as_str().to_owned(), form)
        });
        told.into()
    };
    let form = BannerForm {
        language: alerts::language_of(policy).as_str().to_owned(),
        words: words.into(),
        alerts: alerts.iter().map(in_all).collect(),
    };
    // Nothing in it ends a script that somebody copies into a page; old engines end lines at the other two.
    let data = site::body(&form)?.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    Ok(BANNER.replacen(DATA, &data, 1))
}
