//! Letters to a requester about their request, in their language. Each holds what its article demands;
//! `tests` below names article and element one by one.

use domain::{
    dsar::{AnswerDue, Ask, AskEffect, Ending, ExtensionGround, Outcome, RequestState, RequestType, ask_effect},
    ids::RequestId,
    policy::{Policy, VerificationRule},
    sensitive::Sensitive,
};
use jiff::{Timestamp, civil::Date};

use super::{
    answer::Facts,
    body::{Block, plain},
    sources,
    texts::Texts,
};
use crate::mail::Mail;

/// What every letter about a request is written from.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Whose request it is.
    pub policy: &'a Policy,
    /// Its number.
    pub request: &'a RequestId,
    /// Where it stands.
    pub state: &'a RequestState,
    /// By when it is answered.
    pub due: &'a AnswerDue,
    /// Where the requester is written to.
    pub to: &'a Sensitive<String>,
    /// Which letter of the request it is: `ack`, `answer`, `e3` for that of its third entry.
    pub letter: &'a str,
}

/// How the requester confirms that a request is theirs.
#[derive(Debug, Clone, Copy)]
pub struct Confirm<'a> {
    /// The page with the button.
    pub link: &'a str,
    /// The one-time code, where there is one.
    pub code: Option<&'a str>,
    /// When both stop working.
    pub until: Timestamp,
}

/// A question of the office to the requester.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What for.
    pub ask: Ask,
    /// The office's own words.
    pub words: Option<&'a Sensitive<String>>,
    /// Where to reply, where there is a page for it.
    pub link: Option<&'a str>,
    /// When the request lapses without a reply, where it does.
    pub until: Option<Timestamp>,
}

impl<'a> About<'a> {
    fn facts(&self) -> Facts<'a> {
        let texts = Texts::of(self.state.received.language);
        Facts { texts, policy: self.policy, state: self.state }
    }

    fn mail(&self, subject: String, mut blocks: Vec<Block>) -> Mail {
        let texts = self.facts().texts;
        blocks.push(Block::Text(texts.questions(self.policy.contact_mail.as_str())));
        blocks.push(Block::Text(texts.number(self.request.as_str())));
        Mail {
            controller: self.policy.controller.clone(),
            to: self.to.clone(),
            subject,
            text: plain(&blocks),
            tag: format!("request-{}-{}", self.request, self.letter),
            // A letter about one's own request is no list mail: there is nothing to unsubscribe from.
            unsubscribe: None,
        }
    }
}

/// Tells the requester what was received and understood, by when they are answered, how it is checked
/// that they asked, and what happens next (11 CCR 7021(a)).
pub fn acknowledgement(about: &About<'_>, status_link: Option<&str>, confirm: Option<&Confirm<'_>>) -> Mail {
    let (facts, received) = (about.facts(), &about.state.received);
    let texts = facts.texts;
    let mut blocks =
        vec![Block::Text(texts.received(about.policy.name.as_str(), texts.day_of(about.policy, received.at)))];
    blocks.extend(understood(&facts));
    blocks.extend(due(&facts, about.due).map(Block::Text));
    blocks.extend(verification(&facts, confirm));
    blocks.push(Block::Text(next(&facts)));
    if let Some(link) = status_link {
        blocks.extend([Block::Text(texts.status_page()), Block::Link(link.to_owned())]);
    }
    about.mail(texts.subject_received(about.policy.name.as_str()), blocks)
}

/// What was asked for, and what of it was understood.
pub(crate) fn understood(facts: &Facts<'_>) -> Vec<Block> {
    let (texts, received) = (facts.texts, &facts.state.received);
    let mut lines = vec![texts.asked_for(texts.request(received.request))];
    lines.extend(received.service.as_ref().map(|service| texts.about_service(service.as_str())));
    lines.extend(received.about.as_ref().map(|request| texts.about_request(request.as_str())));
    // 11 CCR 7063(a): the person confirms that whoever asks has their permission.
    lines.extend(received.acting.as_ref().map(|acting| texts.acting(acting.role)));
    lines.extend(received.entered_by.as_ref().map(|_| texts.entered_by_office()));
    lines.extend(received.following.as_ref().map(|_| texts.follows_instructions()));
    let mut blocks: Vec<_> = lines.into_iter().map(Block::Text).collect();
    if !received.purposes.is_empty() {
        blocks.extend([Block::Text(texts.about_purposes()), Block::List(facts.titles(&received.purposes))]);
    }
    blocks.push(Block::Text(laws(facts)));
    blocks
}

/// The laws that rule the request.
fn laws(facts: &Facts<'_>) -> String {
    let names: Vec<_> = facts.regimes().iter().map(|regime| facts.texts.law(*regime)).collect();
    facts.texts.under_laws(names.len(), names.join("; "))
}

/// By when it is answered, and what says so; nothing while every clock stands.
pub(crate) fn due(facts: &Facts<'_>, due: &AnswerDue) -> Option<String> {
    (!due.stands).then(|| facts.texts.due(facts.texts.day(due.last_day), facts.texts.cite(&due.law)))
}

fn verification(facts: &Facts<'_>, confirm: Option<&Confirm<'_>>) -> Vec<Block> {
    let (texts, received) = (facts.texts, &facts.state.received);
    let mut blocks = match received.verification {
        // Nothing that can be sent shows who succeeds to somebody: the office looks at it.
        VerificationRule::None if received.is_by_successor() => vec![Block::Text(texts.verify_office())],
        VerificationRule::None => vec![Block::Text(texts.verify_none())],
        VerificationRule::Mail => vec![Block::Text(texts.verify_mail())],
        VerificationRule::Points(points) => vec![Block::Text(texts.verify_points(points))],
        VerificationRule::Account => vec![Block::Text(texts.verify_account())],
    };
    if let Some(confirm) = confirm {
        blocks.push(Block::Link(confirm.link.to_owned()));
        blocks.extend(confirm.code.map(|code| Block::Text(texts.verify_code(code))));
        blocks.push(Block::Text(texts.verify_until(texts.last_day_before(facts.policy, confirm.until))));
        blocks.push(Block::Text(texts.verify_not_yours()));
    }
    blocks
}

/// What happens once it is verified.
pub(crate) fn next(facts: &Facts<'_>) -> String {
    let received = &facts.state.received;
    // What only a person can judge, whatever the policy says.
    let is_judged = matches!(
        received.request,
        RequestType::Rectification | RequestType::Restriction | RequestType::Complaint | RequestType::Appeal
    );
    if is_judged || received.is_by_successor() || facts.policy.office.reviews(received.request) {
        facts.texts.next_review()
    } else {
        facts.texts.next_carried_out()
    }
}

/// Asks the requester who they are (GDPR Art. 12(6)) or what they mean (GDPR rec. 63): why, what, until
/// when, and what it does to the time for the answer.
pub fn question(about: &About<'_>, question: &Question<'_>) -> Mail {
    let facts = about.facts();
    let (texts, regimes) = (facts.texts, facts.regimes());
    let sourced = |text: String, source: Option<String>| match source {
        Some(source) => texts.with_source(text, texts.cite(&source)),
        None => text,
    };
    let mut blocks = vec![Block::Text(texts.asked_for(texts.request(about.state.received.request)))];
    let words = question.words.map(|words| Block::Quote(words.disclose().trim().to_owned()));
    match question.ask {
        Ask::Identity => {
            blocks.push(Block::Text(sourced(texts.identity_why(), sources::of(regimes, sources::identity))));
            blocks.push(Block::Text(texts.identity_what()));
            blocks.extend(words);
            blocks.push(Block::Text(texts.identity_use()));
        }
        Ask::Clarification => {
            let source = sources::of(regimes, sources::clarification);
            blocks.push(Block::Text(sourced(texts.clarification_why(), source)));
            blocks.push(Block::Text(texts.clarification_what()));
            blocks.extend(words);
            blocks.push(Block::Text(texts.clarification_free()));
        }
    }
    match question.link {
        Some(link) => blocks.extend([Block::Text(texts.reply_here()), Block::Link(link.to_owned())]),
        None => blocks.push(Block::Text(texts.reply_by_mail(about.policy.contact_mail.as_str()))),
    }
    blocks
        .extend(question.until.map(|until| Block::Text(texts.reply_until(texts.last_day_before(about.policy, until)))));
    blocks.extend(effects(&facts, about.due).map(Block::Text));
    about.mail(texts.subject_question(about.policy.name.as_str()), blocks)
}

/// What the open question does to the time for the answer, law by law where they differ.
pub(crate) fn effects(facts: &Facts<'_>, due: &AnswerDue) -> impl Iterator<Item = String> {
    let texts = facts.texts;
    let sentences = [AskEffect::Stands, AskEffect::BeginsAnew, AskEffect::RunsOn].map(|effect| {
        let regimes = facts.regimes().iter().copied();
        let laws = regimes.filter(|regime| ask_effect(facts.policy, facts.state, *regime) == effect);
        let laws = laws.map(|regime| texts.law(regime)).collect::<Vec<_>>().join("; ");
        (!laws.is_empty()).then(|| match effect {
            AskEffect::Stands => texts.effect_stands(laws),
            AskEffect::BeginsAnew => texts.effect_begins_anew(laws),
            AskEffect::RunsOn => texts.effect_runs_on(texts.day(due.last_day), laws),
        })
    });
    sentences.into_iter().flatten()
}

/// Tells the requester that the answer takes longer, until when and why (GDPR Art. 12(3), 11 CCR
/// 7021(b)). `before` is the day by which it was due without.
pub fn extension(about: &About<'_>, ground: ExtensionGround, before: Date, words: Option<&Sensitive<String>>) -> Mail {
    let facts = about.facts();
    let texts = facts.texts;
    let extended = texts.extended(texts.day(about.due.last_day), texts.day(before));
    let source = sources::of(facts.regimes(), sources::extension).unwrap_or_else(|| about.due.law.clone());
    let mut blocks = vec![
        Block::Text(texts.asked_for(texts.request(about.state.received.request))),
        Block::Text(texts.with_source(extended, texts.cite(&source))),
        Block::Text(texts.extended_why(texts.extension(ground))),
    ];
    blocks.extend(facts.office_words(words));
    // PIPEDA s. 8(4): with the notice comes the right to complain.
    blocks.extend(facts.remedies(false));
    about.mail(texts.subject_longer(about.policy.name.as_str()), blocks)
}

/// Tells the requester how the request ended, or what was done of it so far: what was done item by item,
/// what was refused with its ground, and what they can do against it (GDPR Art. 12(3), 12(4)).
///
/// `words` is what the office wrote to them with its ruling; `link` opens what they are handed.
pub fn answer(about: &About<'_>, outcome: &Outcome, words: Option<&Sensitive<String>>, link: Option<&str>) -> Mail {
    let facts = about.facts();
    let texts = facts.texts;
    let mut blocks = vec![Block::Text(texts.asked_for(texts.request(about.state.received.request)))];
    // The letter goes to the mailbox that the request is about, so that its reader may see what there was.
    blocks.extend(facts.outcome(outcome, link, true));
    if outcome.leaves_open() {
        blocks.extend(due(&facts, about.due).map(Block::Text));
    }
    blocks.extend(facts.office_words(words));
    blocks.extend(facts.remedies(facts.refuses(outcome)));
    about.mail(texts.subject_answer(about.policy.name.as_str()), blocks)
}

/// Tells the requester that the request ended without a decision, and what was done by then; nothing
/// while it runs on.
///
/// `words` is the office's reason for stopping it.
pub fn ended(about: &About<'_>, words: Option<&Sensitive<String>>) -> Option<Mail> {
    let ending = about.state.ending()?;
    let facts = about.facts();
    let texts = facts.texts;
    let mut blocks = vec![Block::Text(texts.asked_for(texts.request(about.state.received.request)))];
    match ending {
        Ending::Withdrawn => {
            blocks.push(Block::Text(texts.ended_withdrawn()));
            blocks.extend(facts.done());
            blocks.push(Block::Text(texts.ended_again()));
        }
        Ending::Stopped => {
            blocks.push(Block::Text(texts.ended_stopped()));
            let words = words.map(Sensitive::disclose).filter(|words| !words.trim().is_empty());
            if let Some(words) = words {
                blocks.extend([Block::Text(texts.ended_stopped_why()), Block::Quote(words.trim().to_owned())]);
            }
            blocks.extend(facts.done());
            // GDPR Art. 12(4): a controller that takes no action says where to complain.
            blocks.extend(facts.remedies(true));
        }
        Ending::Merged(into) => blocks.push(Block::Text(texts.ended_merged(into.as_str()))),
        Ending::Lapsed => {
            let lapsed = match about.state.asked() {
                Some((_, at)) => texts.ended_lapsed_question(texts.day_of(about.policy, at)),
                None => texts.ended_lapsed(),
            };
            blocks.push(Block::Text(lapsed));
            blocks.push(Block::Text(facts.why_lapsed()));
            blocks.extend(facts.done());
            blocks.push(Block::Text(texts.ended_again()));
            blocks.extend(facts.remedies(true));
        }
    }
    Some(about.mail(texts.subject_closed(about.policy.name.as_str()), blocks))
}

#[cfg(test)]
mod tests;
