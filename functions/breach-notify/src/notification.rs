//! A breach's notification to an authority, a controller or a processor: as a page, as a PDF and as data.

use app::notification::{self, Addressee, Ask, News, NoNotification, Notification, Party, Section};
use document::{Block, Document, Row};
use domain::{
    breach::Incident,
    clock::{Duty, Law},
    ids::Recipient,
    language::Language,
    policy::Policy,
};
use edge::{
    Failure,
    http::{Problem, Request, Response},
};
use wire::breach::{ChangeForm, MissingForm, NewsForm, NotificationAnswer, PartyForm, SectionForm, ToldForm};

/// In which form it is asked for.
#[derive(Clone, Copy)]
enum Format {
    Page,
    Pdf,
    Data,
}

/// Answers with the notification that the query asks for.
///
/// # Errors
/// [`Problem`] for a query that names none, or one that no law asks for.
pub(crate) fn answer(policy: &Policy, incident: &Incident, request: &Request) -> Result<Response, Problem> {
    let format = format(request)?;
    let ask = ask(request)?;
    let notification = notification::notification(policy, incident, &ask).map_err(refuse)?;
    let name = |ending: &str| {
        let (breach, law) = (&notification.breach, notification.law.as_str());
        format!("notification-{breach}-{law}-{}.{ending}", notification.version)
    };
    Ok(match format {
        Format::Data => Response::json(200, &data(policy, &notification)).with_file_name(&name("json")),
        Format::Page => Response::html(200, document::html(&paper(&notification))).with_file_name(&name("html")),
        Format::Pdf => {
            let pdf = document::pdf(&paper(&notification)).map_err(|error| {
                Problem::internal().with_failure(Failure::because("a notification cannot be written as PDF")(error))
            })?;
            Response::file("application/pdf", &name("pdf"), &pdf)
        }
    })
}

fn format(request: &Request) -> Result<Format, Problem> {
    match request.query("format")?.as_deref() {
        None | Some("json") => Ok(Format::Data),
        Some("html") => Ok(Format::Page),
        Some("pdf") => Ok(Format::Pdf),
        Some(_) => Err(Problem::invalid("/format", "The format is not known.", "Ask for html, pdf or json.")),
    }
}

/// Reads what is asked for.
fn ask(request: &Request) -> Result<Ask, Problem> {
    let known_law = "Name a law by its name here, such as eu-gdpr; `habeas clock laws` lists them.";
    let law = request.query("law")?.ok_or_else(|| Problem::invalid("/law", "The law is missing.", known_law))?;
    let law = Law::parse(&law).ok_or_else(|| Problem::invalid("/law", "No such law is known.", known_law))?;
    let known_duty = "Name a duty, such as authority, supplement, final-report or controller; or a recipient.";
    let unknown_duty = |detail: &'static str| Problem::invalid("/duty", detail, known_duty);
    let to = match (request.query("duty")?, request.query("recipient")?) {
        (None, None) => return Err(unknown_duty("The duty is missing.")),
        (Some(_), Some(_)) => return Err(unknown_duty("A duty and a recipient do not go together.")),
        (Some(duty), None) => {
            let to = Duty::parse(&duty).and_then(Addressee::of);
            to.ok_or_else(|| unknown_duty("Nobody is notified for this duty by a document of this kind."))?
        }
        (None, Some(recipient)) => {
            Addressee::Processor(Recipient::parse(&recipient).map_err(|_| refuse(NoNotification::NoSuchProcessor))?)
        }
    };
    let language = request.query("lang")?.map_or(Some(Language::English), |tag| Language::of(&tag));
    let language = language
        .ok_or_else(|| Problem::invalid("/lang", "This language is not written here.", "Ask for en, de or fr."))?;
    let is_final = match request.query("final")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::invalid("/final", "It is true or false.", "Send final=true for the last one.")),
    };
    let (version, since) = (number(request, "version", "/version")?, number(request, "since", "/since")?);
    Ok(Ask { law, to, version, since, is_final, language, at: request.at() })
}

fn number(request: &Request, name: &str, pointer: &'static str) -> Result<Option<u32>, Problem> {
    let number = request.query(name)?.map(|text| text.parse::<u32>());
    let hint = "Send a version of the breach, as its answers name it.";
    number.transpose().map_err(|_| Problem::invalid(pointer, "A version is a whole number.", hint))
}

fn refuse(why: NoNotification) -> Problem {
    let (pointer, hint) = match why {
        NoNotification::NoSuchDuty => ("/duty", "The breach's clocks name the laws and duties that there are."),
        NoNotification::NoSuchProcessor => ("/recipient", "Name a recipient of the policy whose role is processor."),
        NoNotification::NoSuchVersion => ("/version", "Look at the breach again."),
        NoNotification::NothingSince => ("/since", "Name the version of an act `notified` of the same law."),
    };
    Problem::invalid(pointer, why.to_string(), hint)
}

/// The notification as data.
fn data(policy: &Policy, notification: &Notification) -> NotificationAnswer {
    let duty = notification.addressee.duty();
    NotificationAnswer {
        v: 1,
        controller: policy.controller.to_string(),
        breach_id: notification.breach.to_string(),
        version: notification.version,
        as_of: notification.as_of.to_string(),
        law: notification.law.as_str().to_owned(),
        duty: duty.map(|duty| duty.as_str().to_owned()),
        article: notification.article.to_owned(),
        language: notification.language.as_str().to_owned(),
        title: notification.words().title(&notification.addressee).to_owned(),
        phase: notification.phase.as_str().to_owned(),
        update: match notification.phase {
            notification::Phase::Update(number) => Some(number),
            _ => None,
        },
        complete: notification.is_complete(),
        missing: notification.missing().into_iter().map(missing).collect(),
        from: party(&notification.from),
        to: party(&notification.to),
        news: notification.news.as_ref().map(news),
        sections: notification.sections.iter().map(section).collect(),
    }
}

fn missing(missing: notification::Missing) -> MissingForm {
    MissingForm {
        fact: missing.name.as_str().to_owned(),
        label: missing.label.to_owned(),
        article: missing.article.to_owned(),
    }
}

fn party(party: &Party) -> PartyForm {
    let Party { name, mail, url, phone, post } = party.clone();
    PartyForm { name, mail, url, phone, post }
}

fn news(news: &News) -> NewsForm {
    let change = |change: &notification::Change| ChangeForm {
        fact: change.name.as_str().to_owned(),
        label: change.label.to_owned(),
        before: change.before.clone(),
        after: change.after.clone(),
    };
    NewsForm {
        since: news.earlier.version,
        notified_at: news.earlier.at.to_string(),
        reference: news.earlier.reference.clone(),
        changes: news.changes.iter().map(change).collect(),
        unchanged: news.unchanged.iter().map(|label| (*label).to_owned()).collect(),
    }
}

fn section(section: &Section) -> SectionForm {
    let told = |fact: &notification::Fact| ToldForm {
        fact: fact.name.as_str().to_owned(),
        label: fact.label.to_owned(),
        values: fact.values.clone(),
    };
    SectionForm {
        part: section.part.as_str().to_owned(),
        heading: section.heading.to_owned(),
        articles: section.articles.iter().map(|article| (*article).to_owned()).collect(),
        facts: section.facts.iter().map(told).collect(),
    }
}

/// The notification as a document.
fn paper(notification: &Notification) -> Document {
    let words = notification.words();
    let law = notification.law.title();
    let by_law = if notification.article.contains(law) {
        notification.article.to_owned()
    } else {
        words.by_law(notification.article, law)
    };
    let to = &notification.to;
    let to_lines = std::iter::once(&to.name).chain([&to.post, &to.mail, &to.url, &to.phone].into_iter().flatten());
    let breach = words.breach(notification.breach.as_str(), notification.version);
    let mut blocks = vec![face(notification)];
    blocks.push(Block::Table(vec![
        Row::new(words.to, to_lines.cloned().collect()),
        Row::new(words.from, vec![notification.from.name.clone()]),
        Row::new(words.status, vec![words.as_of(&notification.as_of_in_words)]),
    ]));
    if matches!(notification.addressee, Addressee::Processor(_)) {
        let lines = vec![words.asked_of_processor.to_owned()];
        blocks.push(Block::Note(words.asked_of_processor_title.to_owned(), lines));
    }
    if let Some(news) = &notification.news {
        blocks.extend(what_is_new(notification, news));
    }
    for section in &notification.sections {
        blocks.push(Block::Heading(heading(notification.law, section)));
        let row = |fact: &notification::Fact| {
            let unknown = fact.values.is_empty().then(|| words.not_known.to_owned());
            Row::new(fact.label, fact.values.iter().cloned().chain(unknown).collect())
        };
        blocks.push(Block::Table(section.facts.iter().map(row).collect()));
    }
    Document {
        title: words.title(&notification.addressee).to_owned(),
        subtitle: format!("{} \u{2013} {by_law}", words.phase(notification.phase)),
        language: notification.language.as_str().to_owned(),
        author: notification.from.name.clone(),
        reference: breach,
        made_at: notification.as_of,
        words: document::Words {
            page: words.page.to_owned(),
            of: words.of.to_owned(),
            replaced: words.replaced.to_owned(),
        },
        blocks,
    }
}

/// Whether it is complete: on its face, with what follows later (GDPR Art. 33(4)).
fn face(notification: &Notification) -> Block {
    let words = notification.words();
    let missing = notification.missing();
    if missing.is_empty() {
        return Block::Text(words.complete.to_owned());
    }
    let follows = missing.iter().map(|missing| words.follows(missing.label, missing.article)).collect();
    Block::Note(words.incomplete.to_owned(), follows)
}

/// A section's heading with where the law asks for it. California prescribes its headings word for word.
fn heading(law: Law, section: &Section) -> String {
    if section.articles.is_empty() || law == Law::US_CA {
        return section.heading.to_owned();
    }
    format!("{} ({})", section.heading, section.articles.join(", "))
}

fn what_is_new(notification: &Notification, news: &News) -> Vec<Block> {
    let words = notification.words();
    let since = words.news_since(&news.earlier_at_in_words, &words.reference(&news.earlier.reference));
    let mut blocks = vec![Block::Heading(words.news.to_owned()), Block::Text(since)];
    if news.changes.is_empty() {
        blocks.push(Block::Text(words.no_news.to_owned()));
    }
    let said = |lead: &str, values: &[String], nothing: &str| -> Vec<String> {
        match values.split_first() {
            None => vec![format!("{lead}{nothing}")],
            Some((first, rest)) => std::iter::once(format!("{lead}{first}")).chain(rest.iter().cloned()).collect(),
        }
    };
    let row = |change: &notification::Change| {
        let mut values = said(words.before, &change.before, words.was_not_known);
        values.extend(said(words.now, &change.after, words.no_longer_said));
        Row::new(change.label, values)
    };
    blocks.push(Block::Table(news.changes.iter().map(row).collect()));
    if !news.unchanged.is_empty() {
        blocks.push(Block::Text(words.unchanged(&news.unchanged.join("; "))));
    }
    blocks
}
