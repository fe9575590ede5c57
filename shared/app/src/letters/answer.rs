//! What a requester is told of an outcome, in a letter or on a page: the facts, their reasons, and what
//! can be done against it.

use domain::{
    dsar::{
        Act, Ask, Complaint, Exception, Item, ItemResult, Outcome, RefusalGround, RequestState, RequestType, Ruling,
        Stop, TaskEnd, complaint_site,
    },
    ids::{Category, Purpose},
    policy::{Clause, Policy, Refusal, Regime},
    sensitive::Sensitive,
};
use jiff::Timestamp;

use super::{body::Block, sources, texts::Texts};

/// What a legal hold rests on.
const HOLD_ARTICLE: &str = "GDPR Art. 17(3)";

/// What an answer is written from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The language's words.
    pub(crate) texts: &'static Texts,
    /// Whose request it is.
    pub(crate) policy: &'a Policy,
    /// Where it stands.
    pub(crate) state: &'a RequestState,
}

impl Facts<'_> {
    /// The laws that rule this request.
    pub(crate) fn regimes(&self) -> &[Regime] {
        match self.state.regimes() {
            [] => &self.policy.regimes,
            regimes => regimes,
        }
    }

    /// The titles of purposes, which are in the policy's language.
    pub(crate) fn titles(&self, purposes: &[Purpose]) -> Vec<String> {
        purposes.iter().map(|purpose| self.title(purpose)).collect()
    }

    fn title(&self, purpose: &Purpose) -> String {
        self.policy.purposes.get(purpose).map_or_else(|| purpose.to_string(), |rule| rule.title.clone())
    }

    pub(crate) fn what(&self, category: &Category, purpose: Option<&Purpose>) -> String {
        match purpose {
            Some(purpose) => self.texts.item_for_purpose(category.as_str(), self.title(purpose)),
            None => category.to_string(),
        }
    }

    /// What the office excepts from what it approves.
    fn exceptions(&self) -> &[Exception] {
        match self.state.ruling() {
            Some((_, Ruling::Approve { except })) => except,
            Some((_, Ruling::Refuse(_))) | None => &[],
        }
    }

    fn refused_items(&self, exceptions: &[&Exception]) -> Vec<Block> {
        if exceptions.is_empty() {
            return Vec::new();
        }
        let lines = exceptions.iter().map(|exception| {
            let what = self.what(&exception.category, exception.purpose.as_ref());
            let (reason, article) = self.reason(exception.ground);
            self.texts.item_refused(what, reason, article)
        });
        vec![Block::Text(self.texts.answer_in_part()), Block::List(lines.collect())]
    }

    fn reason(&self, ground: RefusalGround) -> (String, String) {
        (self.texts.refusal(ground), self.source(ground.article()))
    }

    /// Of the articles of several laws, those of the laws that rule this request; where none of them is
    /// theirs, the laws themselves.
    fn source(&self, articles: &str) -> String {
        let regimes = self.regimes();
        let of_law = |article: &&str| {
            let of_union = article.starts_with("GDPR");
            let in_union = regimes.iter().any(|regime| matches!(regime, Regime::EuGdpr | Regime::UkGdpr));
            (of_union && in_union) || (!of_union && regimes.contains(&Regime::UsCa))
        };
        let articles: Vec<_> = articles.split("; ").filter(of_law).collect();
        if articles.is_empty() {
            return regimes.iter().map(|regime| self.texts.law(*regime)).collect::<Vec<_>>().join("; ");
        }
        let articles = articles.join("; ");
        // The articles of the two have the same numbers (UK GDPR, as retained by the EU (Withdrawal) Act 2018 s. 3).
        let british = regimes.contains(&Regime::UkGdpr) && !regimes.contains(&Regime::EuGdpr);
        self.texts.cite(&if british { articles.replace("GDPR", "UK GDPR") } else { articles })
    }

    fn item(&self, item: &Item) -> String {
        let what = self.what(&item.category, Some(&item.purpose));
        match &item.result {
            ItemResult::Erased { evidence } => self.texts.item_erased(what, evidence.as_str()),
            ItemResult::Held => self.texts.item_held(what, self.source(HOLD_ARTICLE)),
            ItemResult::Kept { reason, article, .. } => {
                // What the office kept is told in the person's language; what the policy keeps, in its own.
                let (reason, article) = match self.exceptions().iter().find(|exception| excepts(exception, item)) {
                    Some(exception) => self.reason(exception.ground),
                    None => (reason.clone(), self.texts.cite(article)),
                };
                self.texts.item_kept(what, reason, article)
            }
        }
    }

    /// What the controller's systems did.
    pub(crate) fn systems(&self) -> Vec<String> {
        let ended = self.state.tasks().into_iter().filter_map(|(system, end)| Some((system, end?)));
        let lines = ended.map(|(id, end)| {
            let title = self.policy.systems.get(id).map_or_else(|| id.to_string(), |rule| rule.title.clone());
            match end {
                TaskEnd::Done { records } => self.texts.system_done(title, *records),
                TaskEnd::NotFound => self.texts.system_not_found(title),
                TaskEnd::Kept { records, ground } => {
                    let (reason, article) = self.reason(*ground);
                    self.texts.system_kept(title, *records, reason, article)
                }
                TaskEnd::Delivered { .. } => self.texts.system_delivered(title),
                TaskEnd::GivenUp => self.texts.system_given_up(title),
            }
        });
        lines.collect()
    }

    /// Whether anything of what was asked for is not done.
    pub(crate) fn refuses(&self, outcome: &Outcome) -> bool {
        let kept = |end: &&TaskEnd| matches!(end, TaskEnd::Kept { .. } | TaskEnd::GivenUp);
        let kept_by_a_system = self.state.tasks().into_values().flatten().any(|end| kept(&end));
        outcome.refuses() || kept_by_a_system || !self.exceptions().is_empty()
    }

    /// What is told of an outcome. `link` opens the export, or the certificate of an erasure; `shows_items`:
    /// whether the reader may see what there was.
    pub(crate) fn outcome(&self, outcome: &Outcome, link: Option<&str>, shows_items: bool) -> Vec<Block> {
        let (texts, received) = (self.texts, &self.state.received);
        let text = |text: String| Block::Text(text);
        let mut blocks = match outcome {
            Outcome::Refused(refusal, clause) => self.refused(refusal, clause),
            Outcome::NotVerified => vec![text(texts.answer_not_verified())],
            Outcome::Exported { until, .. } => self.exported(*until, link),
            Outcome::Erased(_) if !shows_items => Vec::new(),
            Outcome::Erased(items) if items.is_empty() => vec![text(texts.answer_nothing_to_erase())],
            Outcome::Erased(items) => self.erased(items, link),
            Outcome::Withdrawn(_) => vec![text(texts.answer_withdrawn())],
            Outcome::Stopped(stop) => self.stopped(stop),
            Outcome::Recorded => vec![text(texts.answer_recorded())],
            Outcome::WithOffice => vec![text(texts.answer_with_office())],
            Outcome::Granted => vec![text(match received.request {
                // GDPR Art. 18(2), 18(3).
                RequestType::Restriction => texts.answer_granted_restriction(),
                RequestType::Appeal => texts.answer_granted_appeal(),
                RequestType::Complaint => texts.answer_granted_complaint(),
                _ => texts.answer_granted(),
            })],
            Outcome::Corrected(fields) => vec![
                text(texts.answer_corrected()),
                Block::List(fields.iter().map(ToString::to_string).collect()),
                // GDPR Art. 19.
                text(texts.with_source(texts.answer_recipients_told(), self.source("GDPR Art. 19"))),
            ],
            Outcome::RefusedByOffice(ground) => {
                let (reason, article) = self.reason(*ground);
                let what = match received.request {
                    RequestType::Appeal => texts.answer_refused_appeal(),
                    RequestType::Complaint => texts.answer_refused_complaint(),
                    _ => texts.answer_refused(),
                };
                vec![text(what), text(texts.answer_reason(reason, article))]
            }
        };
        if shows_items {
            blocks.extend(self.refused_items(&self.exceptions_beside(outcome)));
            let systems = self.systems();
            if !systems.is_empty() {
                blocks.extend([text(texts.systems()), Block::List(systems)]);
            }
        }
        blocks
    }

    /// What the policy refuses to everybody, with what is offered instead.
    fn refused(&self, refusal: &Refusal, clause: &Clause) -> Vec<Block> {
        let texts = self.texts;
        let mut blocks = vec![
            Block::Text(texts.answer_refused()),
            Block::Text(texts.answer_policy_reason(clause.as_str())),
            Block::Quote(refusal.text.clone()),
        ];
        let offer = refusal.offer.map(|offer| texts.answer_offer(texts.request(offer)));
        blocks.extend(offer.map(Block::Text));
        blocks
    }

    fn exported(&self, until: Timestamp, link: Option<&str>) -> Vec<Block> {
        let texts = self.texts;
        let mut blocks = vec![Block::Text(match self.state.received.request {
            RequestType::Information => texts.answer_information(),
            RequestType::KnowCategories => texts.answer_categories(),
            _ => texts.answer_copy(),
        })];
        if let Some(link) = link {
            blocks.push(Block::Link(link.to_owned()));
            blocks.push(Block::Text(texts.answer_as_table()));
            blocks.push(Block::Link(format!("{link}&format=csv")));
        }
        blocks.push(Block::Text(texts.answer_until(texts.last_day_before(self.policy, until))));
        blocks
    }

    fn erased(&self, items: &[Item], link: Option<&str>) -> Vec<Block> {
        let lines = items.iter().map(|item| self.item(item)).collect();
        let mut blocks = vec![Block::Text(self.texts.answer_items()), Block::List(lines)];
        if let Some(link) = link {
            blocks.extend([Block::Text(self.texts.answer_certificate()), Block::Link(link.to_owned())]);
        }
        blocks
    }

    /// The exceptions that an outcome's own items do not tell of. A refusal of all tells of its own ground.
    fn exceptions_beside(&self, outcome: &Outcome) -> Vec<&Exception> {
        let told = |exception: &&Exception| match outcome {
            Outcome::Erased(items) => {
                items.iter().any(|item| matches!(item.result, ItemResult::Kept { .. }) && excepts(exception, item))
            }
            _ => false,
        };
        self.exceptions().iter().filter(|exception| !told(exception)).collect()
    }

    fn stopped(&self, stop: &Stop) -> Vec<Block> {
        let titles = self.titles(&stop.purposes);
        let mut blocks = if titles.is_empty() {
            vec![Block::Text(self.texts.answer_stopped_nothing())]
        } else {
            vec![Block::Text(self.texts.answer_stopped()), Block::List(titles)]
        };
        if stop.with_office {
            blocks.push(Block::Text(self.texts.answer_stopped_until_decided()));
        }
        blocks
    }

    /// What was done of a request that ended before it was carried out.
    pub(crate) fn done(&self) -> Vec<Block> {
        let mut lines = Vec::new();
        // An objection takes effect when it comes in, whatever becomes of it then.
        for entry in &self.state.history {
            if let Act::Decided(Outcome::Stopped(stop)) = &entry.act {
                lines.extend(self.titles(&stop.purposes).into_iter().map(|title| self.texts.done_stopped(title)));
            }
        }
        lines.extend(self.systems());
        if lines.is_empty() {
            vec![Block::Text(self.texts.done_nothing())]
        } else {
            vec![Block::Text(self.texts.done_already()), Block::List(lines)]
        }
    }

    /// Why nothing is done for a request that lapsed.
    pub(crate) fn why_lapsed(&self) -> String {
        match self.state.asked() {
            Some((Ask::Clarification, _)) => self.texts.ended_lapsed_unclear(),
            Some((Ask::Identity, _)) | None => self.texts.ended_lapsed_safe(),
        }
    }

    /// The office's own words, disclosed to the person they are written to.
    pub(crate) fn office_words(&self, words: Option<&Sensitive<String>>) -> Vec<Block> {
        let words = words.map(Sensitive::disclose).filter(|words| !words.trim().is_empty());
        words.map_or_else(Vec::new, |words| {
            vec![Block::Text(self.texts.office_words()), Block::Quote(words.trim().to_owned())]
        })
    }

    /// Where to complain, and before which court (GDPR Art. 12(4), 77, 79; PIPEDA s. 8(4), 8(7)); where the
    /// person gets less than they asked for, how to appeal (Va. Code 59.1-577(C) and its like).
    pub(crate) fn remedies(&self, refuses: bool) -> Vec<Block> {
        let (texts, regimes) = (self.texts, self.regimes());
        let contact = self.policy.contact_mail.as_str();
        let mut blocks = Vec::new();
        let is_appeal = self.state.received.request == RequestType::Appeal;
        let offers_appeal = self.policy.rights.get(&RequestType::Appeal).is_some_and(|rule| rule.refusal.is_none());
        match sources::of(regimes, sources::appeal) {
            // Va. Code 59.1-577(C): who loses an appeal is told how to reach the Attorney General.
            Some(law) if refuses && is_appeal => {
                blocks.push(Block::Text(texts.complaint_attorney_general(law)));
                let attorneys = regimes.iter().filter(|regime| sources::appeal(**regime).is_some());
                blocks.push(Block::List(attorneys.map(|regime| self.competent(*regime)).collect()));
            }
            Some(law) if refuses => blocks.push(Block::Text(texts.appeal(contact, law))),
            // A controller that offers a second look offers it to everybody.
            None if refuses && !is_appeal && offers_appeal => {
                let clause = self.policy.rights.get(&RequestType::Appeal).map(|rule| rule.clause.to_string());
                let law = format!("{}, {}", texts.cited_policy(), clause.unwrap_or_default());
                blocks.push(Block::Text(texts.appeal(contact, law)));
            }
            _ => {}
        }
        if let Some(law) = sources::of(regimes, sources::complaint_to_controller) {
            blocks.push(Block::Text(texts.complain_to_us(contact, law)));
        }
        let complaint = Complaint::under(self.policy, self.state.regimes());
        let mut authorities = Vec::new();
        if complaint.clause.is_some() {
            authorities.push(self.reached(complaint.authority, [complaint.url, complaint.phone, complaint.post]));
        }
        let told_above = |regime: &Regime| refuses && is_appeal && sources::appeal(*regime).is_some();
        let others = complaint.competent.iter().filter(|regime| !told_above(regime));
        authorities.extend(others.map(|regime| self.competent(*regime)));
        if !authorities.is_empty() {
            blocks.extend([Block::Text(texts.complaint()), Block::List(authorities)]);
        }
        if let Some(law) = sources::of(regimes, sources::court) {
            blocks.push(Block::Text(texts.court(texts.cite(&law))));
        }
        blocks.extend(complaint.officer.map(|officer| Block::Text(texts.officer(officer))));
        blocks
    }

    fn competent(&self, regime: Regime) -> String {
        competent(self.texts, regime)
    }

    fn reached(&self, authority: String, ways: [Option<String>; 3]) -> String {
        reached(self.texts, authority, ways)
    }
}

/// The authority of a law, and where it is found.
pub(super) fn competent(texts: &Texts, regime: Regime) -> String {
    reached(texts, texts.authority(regime), [complaint_site(regime).map(str::to_owned), None, None])
}

/// An authority with the ways to reach it.
pub(super) fn reached(texts: &Texts, authority: String, ways: [Option<String>; 3]) -> String {
    let ways = ways.into_iter().flatten().collect::<Vec<_>>().join("; ");
    if ways.is_empty() { authority } else { texts.reached(authority, ways) }
}

fn excepts(exception: &Exception, item: &Item) -> bool {
    exception.category == item.category && exception.purpose.as_ref().is_none_or(|purpose| *purpose == item.purpose)
}
