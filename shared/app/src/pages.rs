//! What a requester sees in a browser, in their language: where the request stands, its confirmation, and
//! the reply to a question. No script, nothing from elsewhere, and no address but our own.

use domain::{
    dsar::{Act, ActingAs, AnswerDue, Ask, Ending, Entry, Outcome, RequestState, Stage},
    ids::{Category, Purpose, RequestId},
    language::Language,
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::{
    certificate::certifies,
    letters::{
        answer::Facts,
        body::Block,
        request::{due, effects, next, understood},
        texts::Texts,
    },
};

pub mod alerts;
mod html;

pub use html::escape;
use html::{Html, in_query};

/// Longest reply that the page lets somebody write, in characters.
const REPLY_CHARS_MAX: &str = "4000";

/// Longest one-time code that the page lets somebody type, in characters.
const CODE_CHARS_MAX: &str = "32";

/// Whose request a page is about, and what opens it.
#[derive(Debug, Clone, Copy)]
pub struct PageOf<'a> {
    /// Whose request it is.
    pub policy: &'a Policy,
    /// Its number.
    pub request: &'a RequestId,
    /// The language of the page.
    pub language: Language,
    /// The token that opened the page: what is sent from it is opened by the same.
    pub token: &'a str,
}

impl PageOf<'_> {
    fn texts(&self) -> &'static Texts {
        Texts::of(self.language)
    }

    /// A route of this request, with the token. It is relative, so that no other host ever gets the token.
    fn route(&self, route: &str) -> String {
        format!("/{}/v1/requests/{}{route}?token={}", self.policy.controller, self.request, in_query(self.token))
    }

    fn begin(&self, title: &str) -> Html {
        Html::page(self.language, title)
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy)]
pub struct StatusPage<'a> {
    /// Whose it is.
    pub of: PageOf<'a>,
    /// Where it stands.
    pub state: &'a RequestState,
    /// By when it is answered.
    pub due: &'a AnswerDue,
    /// When the page is looked at.
    pub now: Timestamp,
    /// Whether a one-time code can be typed here.
    pub takes_code: bool,
    /// Whether the token shows that its holder reads the requester's mailbox, or holds what the request is
    /// about: whoever typed an address alone learns nothing of what is held under it.
    pub shows_answer: bool,
    /// Whether the token opens the export.
    pub offers_export: bool,
}

/// Writes the page of a request: what was asked and understood, by when it is answered and why, what
/// happens next, the answer, and what has happened, without what happens inside the office.
pub fn status(page: &StatusPage<'_>) -> String {
    let (texts, state, policy) = (page.of.texts(), page.state, page.of.policy);
    let facts = Facts { texts, policy, state };
    let stage = state.stage().for_requester();
    let mut html = page.of.begin(&texts.page_title(policy.name.as_str()));
    html.raw("<p role=\"status\"><strong>").text(&texts.stage(stage)).raw("</strong></p>");
    html.element("h2", &texts.heading_understood()).blocks(&understood(&facts));
    html.element("h2", &texts.heading_law()).blocks(&by_when(page, &facts));
    html.element("h2", &texts.heading_next()).element("p", &what_next(&facts));
    if stage == Stage::AwaitingVerification && page.takes_code {
        code_form(&mut html, page.of, false);
    }
    let answer = answer(page, &facts);
    if !answer.is_empty() {
        html.element("h2", &texts.heading_answer()).blocks(&answer);
    }
    if page.offers_export {
        let link = page.of.route("/export");
        html.raw("<ul><li>").link(&link, &texts.download()).raw("</li><li>");
        html.link(&format!("{link}&format=csv"), &texts.download_table()).raw("</li></ul>");
    }
    if page.shows_answer && certifies(state).is_some() {
        html.raw("<p>").link(&page.of.route("/certificate"), &texts.see_certificate()).raw("</p>");
    }
    html.element("h2", &texts.heading_history());
    history(&mut html, &facts);
    if stage.is_open() {
        html.element("h2", &texts.heading_you_can()).element("p", &texts.take_back_text());
        html.form(&page.of.route("/withdrawal")).button(&texts.take_back());
    }
    html.element("p", &texts.questions(policy.contact_mail.as_str()));
    html.element("p", &texts.number(page.of.request.as_str()));
    html.end()
}

fn by_when(page: &StatusPage<'_>, facts: &Facts<'_>) -> Vec<Block> {
    let (texts, state, policy) = (facts.texts, page.state, page.of.policy);
    let mut lines = vec![texts.received(policy.name.as_str(), texts.day_of(policy, state.received.at))];
    lines.extend(due(facts, page.due));
    if let Some((at, ground)) = state.extended_at() {
        lines.push(texts.law_extended(texts.day_of(policy, at), texts.extension(ground)));
    }
    if state.asked().is_some() {
        lines.extend(effects(facts, page.due));
    }
    // Nothing is late while the clock stands.
    if state.stage().is_open() && !page.due.stands && page.now >= page.due.at {
        lines.push(texts.law_late());
    }
    let mut blocks: Vec<_> = lines.into_iter().map(Block::Text).collect();
    let steps = page.due.steps.iter().map(|step| texts.law_step(texts.day(step.date), texts.cite(&step.article)));
    let steps: Vec<_> = steps.collect();
    if !steps.is_empty() {
        blocks.extend([Block::Text(texts.law_steps()), Block::List(steps)]);
    }
    blocks
}

fn what_next(facts: &Facts<'_>) -> String {
    match facts.state.stage() {
        Stage::AwaitingVerification => facts.texts.next_confirm(),
        Stage::AwaitingRequester => facts.texts.next_reply(),
        stage if !stage.is_open() => facts.texts.next_nothing(),
        _ if facts.state.decided.is_some() => facts.texts.answer_with_office(),
        _ => next(facts),
    }
}

/// The answer as far as the token's holder may see it.
fn answer(page: &StatusPage<'_>, facts: &Facts<'_>) -> Vec<Block> {
    let (texts, state) = (facts.texts, page.state);
    if let Some(ending) = state.ending() {
        return match ending {
            Ending::Withdrawn => vec![Block::Text(texts.ended_withdrawn())],
            Ending::Merged(into) => vec![Block::Text(texts.ended_merged(into.as_str()))],
            Ending::Stopped => [vec![Block::Text(texts.ended_stopped())], facts.remedies(true)].concat(),
            Ending::Lapsed => [vec![Block::Text(facts.why_lapsed())], facts.remedies(true)].concat(),
        };
    }
    let Some((_, outcome)) = &state.decided else { return Vec::new() };
    if matches!(outcome, Outcome::WithOffice) {
        return Vec::new();
    }
    // Whether a guardian is one is not verified: they learn that it was done, and not what there was.
    let by_guardian = state.received.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Guardian);
    // The same to everybody, by the policy and the request alone.
    let is_public = matches!(outcome, Outcome::Refused(..) | Outcome::Stopped(_) | Outcome::Recorded);
    let mut blocks = match outcome {
        Outcome::Exported { .. } if !page.offers_export => vec![Block::Text(texts.answer_mailed())],
        _ if is_public => facts.outcome(outcome, None, false),
        _ if page.shows_answer && !by_guardian => facts.outcome(outcome, None, true),
        _ => vec![Block::Text(texts.answer_mailed())],
    };
    // Without the answer it must not tell either whether anything was refused (GDPR Art. 12(4) for all).
    let refuses = if page.shows_answer && !by_guardian { facts.refuses(outcome) } else { outcome_is_known(outcome) };
    blocks.extend(facts.remedies(refuses));
    blocks
}

/// Whether the stage alone says that it was refused.
const fn outcome_is_known(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(..) | Outcome::NotVerified | Outcome::RefusedByOffice(_))
}

/// What has happened, as far as it is the requester's business.
fn history(html: &mut Html, facts: &Facts<'_>) {
    let received = (facts.state.received.at, facts.texts.past_received());
    let entries = facts.state.history.iter().filter_map(|entry| Some((entry.at, past(facts.texts, entry)?)));
    html.raw("<ol>");
    for (at, what) in std::iter::once(received).chain(entries) {
        let day = at.to_zoned(facts.policy.time_zone.clone()).date();
        html.raw("<li><time datetime=\"").text(&day.to_string()).raw("\">").text(&facts.texts.day(day));
        html.raw("</time>: ").text(&what).raw("</li>");
    }
    html.raw("</ol>");
}

/// An entry of the history in the requester's words; `None`: it happens inside the office.
fn past(texts: &Texts, entry: &Entry) -> Option<String> {
    Some(match &entry.act {
        Act::Verified(_) => texts.past_confirmed(),
        Act::Asked(Ask::Identity) => texts.past_asked_identity(),
        Act::Asked(Ask::Clarification) => texts.past_asked_clarification(),
        Act::Replied(_) => texts.past_replied(),
        Act::RegimesChanged(_) => texts.past_laws(),
        Act::Extended(_) => texts.past_extended(),
        Act::Decided(outcome) if outcome.leaves_open() => texts.past_interim(),
        Act::Decided(_) => texts.past_answered(),
        Act::Merged(_) => texts.past_merged(),
        Act::Withdrawn => texts.past_withdrawn(),
        Act::Stopped => texts.past_stopped(),
        Act::Lapsed => texts.past_lapsed(),
        Act::MailFailed { .. } => texts.past_mail_failed(),
        Act::Claimed
        | Act::Released
        | Act::HandedOver(_)
        | Act::Noted
        | Act::TasksOpened(_)
        | Act::TaskEnded(..)
        | Act::Proposed(_)
        | Act::Approved
        | Act::SentBack
        | Act::Ruled(_) => return None,
    })
}

/// How a request is confirmed on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmBy {
    /// By a button: the mailed link has opened the page.
    Link,
    /// By the mailed code.
    Code {
        /// Whether the one that was typed before was wrong.
        was_wrong: bool,
    },
}

/// The page on which somebody confirms that a request is theirs. Mail scanners open links, so that opening
/// it confirms nothing: the button does.
pub fn confirm(of: PageOf<'_>, by: ConfirmBy) -> String {
    let texts = of.texts();
    let mut html = of.begin(&texts.confirm_title(of.policy.name.as_str()));
    match by {
        ConfirmBy::Link => {
            html.element("p", &texts.confirm_text());
            html.form(&of.route("/verification")).button(&texts.confirm_button());
        }
        ConfirmBy::Code { was_wrong } => code_form(&mut html, of, was_wrong),
    }
    html.element("p", &texts.confirm_not_yours());
    html.end()
}

fn code_form(html: &mut Html, of: PageOf<'_>, was_wrong: bool) {
    let texts = of.texts();
    if was_wrong {
        html.raw("<p role=\"alert\" id=\"wrong\">").text(&texts.code_wrong()).raw("</p>");
    }
    html.form(&of.route("/verification")).element("p", &texts.confirm_code_text());
    html.raw("<p><label for=\"code\">").text(&texts.confirm_code_label()).raw("</label>");
    html.raw("<input id=\"code\" name=\"code\" required autocomplete=\"one-time-code\" autocapitalize=\"characters\" ");
    html.raw("spellcheck=\"false\" maxlength=\"").raw(CODE_CHARS_MAX).raw("\"");
    if was_wrong {
        html.raw(" aria-invalid=\"true\" aria-describedby=\"wrong\"");
    }
    html.raw("></p>").button(&texts.confirm_code_button());
}

/// The page after the confirmation.
pub fn confirmed(of: PageOf<'_>) -> String {
    let texts = of.texts();
    let mut html = of.begin(&texts.confirmed_title(of.policy.name.as_str()));
    html.element("p", &texts.confirmed_text());
    html.raw("<p>").link(&of.route(""), &texts.see_status()).raw("</p>");
    html.end()
}

/// The page on which a question of the office is answered. The token came to the requester's mailbox, so
/// the office's own words may stand here.
pub fn reply(of: PageOf<'_>, ask: Ask, words: Option<&Sensitive<String>>) -> String {
    let texts = of.texts();
    let mut html = of.begin(&texts.reply_title(of.policy.name.as_str()));
    let what = match ask {
        Ask::Identity => texts.identity_what(),
        Ask::Clarification => texts.clarification_what(),
    };
    html.element("p", &what);
    if let Some(words) = words {
        html.blocks(&[Block::Quote(words.disclose().clone())]);
    }
    let about_it = match ask {
        Ask::Identity => texts.identity_use(),
        Ask::Clarification => texts.clarification_free(),
    };
    html.element("p", &about_it);
    html.form(&of.route("/reply")).raw("<p><label for=\"text\">").text(&texts.reply_label());
    html.raw("</label><textarea id=\"text\" name=\"text\" rows=\"8\" cols=\"60\" required maxlength=\"");
    html.raw(REPLY_CHARS_MAX).raw("\"></textarea></p>").button(&texts.reply_button());
    html.end()
}

/// The certificate of an erasure, for its person to read.
#[derive(Debug, Clone, Copy)]
pub struct CertificatePage<'a> {
    /// Whose it is.
    pub of: PageOf<'a>,
    /// Where the request stands.
    pub state: &'a RequestState,
    /// What was erased.
    pub items: &'a [CertificateItem],
    /// Whether all of it is covered by a signed checkpoint.
    pub is_signed: bool,
    /// Whether every item that was erased is among them.
    pub is_complete: bool,
}

/// A line of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateItem {
    /// What it was.
    pub category: Category,
    /// What it was kept for.
    pub purpose: Purpose,
    /// When it was erased.
    pub at: Timestamp,
    /// Where its leaf stands.
    pub evidence: String,
}

/// Writes the page of a certificate, from which its file is downloaded.
pub fn certificate(page: &CertificatePage<'_>) -> String {
    let (texts, policy) = (page.of.texts(), page.of.policy);
    let facts = Facts { texts, policy, state: page.state };
    let mut html = page.of.begin(&texts.certificate_title(policy.name.as_str()));
    let line = |item: &CertificateItem| {
        let what = facts.what(&item.category, Some(&item.purpose));
        texts.certificate_item(what, texts.day_of(policy, item.at), item.evidence.as_str())
    };
    let state = if page.is_signed { texts.certificate_signed() } else { texts.certificate_unsigned() };
    let mut blocks = vec![
        Block::Text(texts.certificate_text()),
        Block::List(page.items.iter().map(line).collect()),
        Block::Text(state),
    ];
    if !page.is_complete {
        blocks.push(Block::Text(texts.certificate_missing()));
    }
    blocks.push(Block::Text(texts.certificate_check()));
    html.blocks(&blocks);
    let file = format!("{}&format=json", page.of.route("/certificate"));
    html.raw("<p>").link(&file, &texts.certificate_download()).raw("</p>");
    html.raw("<p>").link(&page.of.route(""), &texts.see_status()).raw("</p>");
    html.element("p", &texts.number(page.of.request.as_str()));
    html.end()
}

#[cfg(test)]
mod tests;
