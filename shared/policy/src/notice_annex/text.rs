//! What the annex says.

use std::collections::BTreeSet;

use domain::{
    dsar::RequestType,
    hold::HoldReason,
    ids::{Category, Purpose},
    policy::{
        Clause, LawfulBasis, Mechanism, Policy, RecipientRole, RecipientRule, Regime, RightRule, ServiceRole,
        TrackerNeed, Use, VerificationRule,
    },
};

use super::{Block, Document, Inline, Section, Table};
use domain::words::{self, Voice};

/// Of a policy's hash so much is shown: enough to tell two policies apart.
const HASH_LETTERS_SHOWN: usize = 12;

pub(super) fn document(policy: &Policy) -> Document {
    let hash: String = policy.hash.as_str().chars().take(HASH_LETTERS_SHOWN).collect();
    let intro = format!(
        "This annex belongs to the privacy notice of {}, version {}, and is written from the policy that our systems \
         obey (policy {hash}). Each line ends with the clause of the notice, or the article of law, that it comes from.",
        policy.name, policy.notice.version
    );
    let sections = [
        who(policy),
        purposes(policy),
        data(policy),
        retention(policy),
        rights(policy),
        recipients(policy),
        devices(policy),
        children(policy),
        breach(policy),
        changes(policy),
        safeguards(policy),
    ];
    Document {
        title: format!("Privacy notice annex: {}", policy.name),
        intro: vec![Inline::Text(intro)],
        sections: sections.into_iter().filter(|section| !section.blocks.is_empty()).collect(),
    }
}

fn text(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

fn plain(words: impl Into<String>) -> Vec<Inline> {
    vec![text(words)]
}

fn clause(clause: &Clause) -> Vec<Inline> {
    vec![Inline::Clause(clause.to_string())]
}

/// A sentence with the clause that it comes from.
fn promised(sentence: impl Into<String>, clause: &Clause) -> Vec<Inline> {
    vec![text(sentence), text(" ("), Inline::Clause(clause.to_string()), text(")")]
}

fn names<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| words::name(&item.to_string())).collect()
}

/// A purpose by what people read about it.
fn purpose_title(policy: &Policy, purpose: &Purpose) -> String {
    policy.purposes.get(purpose).map_or_else(|| words::name(purpose.as_str()), |rule| rule.title.clone())
}

fn purpose_titles<'a>(policy: &Policy, purposes: impl IntoIterator<Item = &'a Purpose>, word: &str) -> String {
    let titles: Vec<String> =
        purposes.into_iter().map(|purpose| format!("“{}”", purpose_title(policy, purpose))).collect();
    words::list(&titles, word)
}

fn european(policy: &Policy) -> Option<&'static str> {
    if policy.regimes.contains(&Regime::EuGdpr) {
        Some("GDPR")
    } else {
        policy.regimes.contains(&Regime::UkGdpr).then_some("UK GDPR")
    }
}

// ---- who

fn who(policy: &Policy) -> Section {
    let office = &policy.office;
    let mut items = vec![
        vec![text(format!("Responsible: {}", policy.name))],
        vec![text("Questions and requests: "), Inline::Mail(policy.contact_mail.clone())],
    ];
    for mail in &office.other_mails {
        items.push(vec![text("What arrives here counts too: "), Inline::Mail(mail.clone())]);
    }
    if let Some(post) = &office.post {
        items.push(vec![text(format!("By post: {post}"))]);
    }
    if let Some(phone) = &office.phone {
        items.push(vec![text("By telephone: "), Inline::Phone(phone.clone())]);
    }
    if let Some(officer) = &office.data_protection_officer {
        items.push(vec![text("Data protection officer: "), reach(officer)]);
    }
    if let Some(representative) = &office.representative {
        items.push(vec![text("Representative in the Union: "), reach(representative)]);
    }
    for role in &policy.roles {
        let service = words::name(role.service.as_str());
        let parties = words::list(&role.parties, "and");
        let sentence = match (role.role, parties.as_str()) {
            (ServiceRole::Controller, _) => format!("For {service} we decide what data is used for."),
            (ServiceRole::JointController, "") => format!("For {service} we decide together with others."),
            (ServiceRole::JointController, parties) => format!("For {service} we decide together with {parties}."),
            (ServiceRole::Processor, "") => {
                format!("For {service} we act for somebody else, to whom we pass your requests on.")
            }
            (ServiceRole::Processor, parties) => {
                format!("For {service} we act for {parties}, to whom we pass your requests on.")
            }
        };
        items.push(promised(sentence, &role.clause));
    }
    if let Some(authority) = &office.authority {
        let mut item = vec![text(format!("Complaints may go to: {}", authority.name))];
        for (before, reach) in [
            (", ", authority.url.clone().map(Inline::Link)),
            (", ", authority.phone.clone().map(Inline::Phone)),
            (", ", authority.post.clone().map(Inline::Text)),
        ] {
            if let Some(reach) = reach {
                item.extend([text(before), reach]);
            }
        }
        item.extend([text(" ("), Inline::Clause(authority.clause.to_string()), text(")")]);
        items.push(item);
    } else if european(policy).is_some() {
        items.push(plain("You may complain to the data protection authority where you live or work."));
    }
    Section { id: "who", title: "Who is responsible", blocks: vec![Block::List(items)] }
}

/// How somebody is reached: their text is an address or says one in its own words.
fn reach(words: &str) -> Inline {
    let is_mail = words.contains('@') && !words.contains(char::is_whitespace);
    if is_mail { Inline::Mail(words.to_owned()) } else { text(words) }
}

// ---- what and what for

fn basis(policy: &Policy, basis: LawfulBasis) -> String {
    let (words, letter) = match basis {
        LawfulBasis::Consent => ("your consent, which you can withdraw at any time", 'a'),
        LawfulBasis::Contract => ("a contract with you, or what you ask for before one", 'b'),
        LawfulBasis::LegalObligation => ("a duty that the law puts on us", 'c'),
        LawfulBasis::VitalInterests => ("somebody’s life or health", 'd'),
        LawfulBasis::PublicTask => ("a public task", 'e'),
        LawfulBasis::LegitimateInterests => ("our legitimate interest, to which you can object", 'f'),
    };
    european(policy).map_or_else(|| words.to_owned(), |law| format!("{words} ({law} Art. 6(1)({letter}))"))
}

fn purposes(policy: &Policy) -> Section {
    let rows = policy.purposes.values().map(|rule| {
        let mut ground = basis(policy, rule.basis);
        if !rule.also_needs.is_empty() {
            let also = purpose_titles(policy, &rule.also_needs, "and");
            ground.push_str(&format!("; only if you also agree to {also}"));
        }
        if !rule.only_with.is_empty() {
            ground.push_str(&format!("; only with data that is {}", words::list(&names(&rule.only_with), "or")));
        }
        if rule.confirm_by_mail {
            ground.push_str("; you receive a mail with a link by which you can take it back");
        }
        vec![plain(rule.title.clone()), plain(words::capitalised(&ground)), clause(&rule.clause)]
    });
    let rows: Vec<_> = rows.collect();
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        let head = vec!["What for", "On what ground", "Clause"];
        blocks.push(Block::Table(Table { caption: "Purposes and their grounds".to_owned(), head, rows }));
    }
    if !policy.denials.is_empty() {
        blocks.push(Block::Paragraph(plain("What we do not do:")));
        blocks.push(Block::List(
            policy
                .denials
                .values()
                .map(|denial| {
                    let mut sentence = format!("We do not {}", denied(denial.what));
                    if !denial.except.is_empty() {
                        sentence.push_str(&format!(", except for {}", purpose_titles(policy, &denial.except, "and")));
                    }
                    if let Some(purpose) = &denial.unless_consent {
                        let titles = purpose_titles(policy, [purpose], "and");
                        sentence.push_str(&format!(", unless you have agreed to {titles}"));
                    }
                    promised(format!("{sentence}."), &denial.clause)
                })
                .collect(),
        ));
    }
    Section { id: "purposes", title: "What we use data for", blocks }
}

/// A use as something that is not done.
const fn denied(what: Use) -> &'static str {
    match what {
        Use::Marketing => "use your data for direct marketing",
        Use::ThirdPartyMarketing => "let others use your data for their marketing",
        Use::Profiling => "make profiles of you",
        Use::AutomatedDecision => "decide about you by automation alone",
        Use::Tracking => "follow you across visits or sites",
        Use::Testing => "use your data for development and tests",
        Use::Statistics => "make statistics of your data",
        Use::Sale => "sell your data",
        Use::Sharing => "share your data for advertising across sites",
        Use::Rent => "lease or rent out your data",
        Use::OwnUse => "let those who get your data use it for ends of their own",
        Use::Retaliation => "treat you worse because you have used a right",
    }
}

fn data(policy: &Policy) -> Section {
    let rows: Vec<_> = policy
        .categories
        .values()
        .map(|rule| {
            let mut fields = if rule.fields.is_empty() {
                "The notice does not list it".to_owned()
            } else {
                words::capitalised(&names(&rule.fields).join(", "))
            };
            if !rule.never.is_empty() {
                fields.push_str(&format!("; never stored: {}", names(&rule.never).join(", ")));
            }
            if !rule.withheld.is_empty() {
                fields.push_str(&format!("; not in copies: {}", names(&rule.withheld).join(", ")));
            }
            if let Some(purpose) = &rule.opt_in {
                fields.push_str(&format!("; only once you agree to {}", purpose_titles(policy, [purpose], "and")));
            }
            let sources = if rule.sources.is_empty() {
                "You, or your use of the service".to_owned()
            } else {
                let sources: Vec<String> = rule.sources.iter().map(|source| source_text(source.as_str())).collect();
                words::capitalised(&words::list(&sources, "and"))
            };
            let name = words::capitalised(&words::name(rule.id.as_str()));
            vec![plain(name), plain(fields), plain(sources), clause(&rule.clause)]
        })
        .collect();
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        let head = vec!["Data", "What it holds", "Where it comes from", "Clause"];
        blocks.push(Block::Table(Table { caption: "Data and where it comes from".to_owned(), head, rows }));
    }
    Section { id: "data", title: "Which data we keep", blocks }
}

fn source_text(source: &str) -> String {
    match source {
        "subject" => "you".to_owned(),
        "observed" => "what our systems see of your use".to_owned(),
        "employer" => "your employer".to_owned(),
        other => words::name(other),
    }
}

fn retention(policy: &Policy) -> Section {
    let rows: Vec<_> = policy
        .retention
        .values()
        .map(|rule| {
            let mut kept = words::capitalised(&words::kept(rule, Voice::People));
            if let Some(exemption) = &rule.exemption {
                kept.push_str(&format!(
                    ". A request for erasure does not end this: {} ({}, {})",
                    exemption.reason, exemption.article, exemption.clause
                ));
            }
            let mut clauses = clause(&rule.clause);
            if let Some(switch) = rule.switch.as_ref().filter(|switch| switch.clause != rule.clause) {
                clauses.extend([text(", "), Inline::Clause(switch.clause.to_string())]);
            }
            vec![
                plain(words::capitalised(&words::name(rule.category.as_str()))),
                plain(purpose_title(policy, &rule.purpose)),
                plain(kept),
                plain(format!("It {}", words::action(rule.action))),
                clauses,
            ]
        })
        .collect();
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        let head = vec!["Data", "What for", "How long", "Then", "Clause"];
        blocks.push(Block::Table(Table { caption: "Periods by data and purpose".to_owned(), head, rows }));
    }
    if !policy.holds.is_empty() {
        blocks.push(Block::Paragraph(plain("Deletion waits, and the data is used for nothing else:")));
        let items = policy.holds.iter().map(|hold| {
            let why = match hold.reason {
                HoldReason::LegalClaim => "while there is a claim before a court",
                HoldReason::Investigation => "while there is an investigation",
                HoldReason::Restriction => "while you have asked us to set it aside",
                HoldReason::LegalObligation => "while an authority orders it",
                HoldReason::AccessRequest => "while you wait for your copy",
            };
            let from = hold.on.as_ref().map(|event| format!(", from when {}", happens(event)));
            let until = hold.release_on.as_ref().map(|event| format!(" until {}", words::moment(event, Voice::People)));
            let review = words::duration(&hold.review_after);
            let sentence = format!(
                "{}{}{}; somebody looks at it again after {review} at the latest.",
                words::capitalised(why),
                from.unwrap_or_default(),
                until.unwrap_or_default()
            );
            promised(sentence, &hold.clause)
        });
        blocks.push(Block::List(items.collect()));
    }
    Section { id: "retention", title: "How long we keep it", blocks }
}

fn happens(event: &domain::ids::EventName) -> String {
    let moment = words::moment(event, Voice::People);
    if moment.contains(" is ") || moment.contains(" has ") { moment } else { format!("there is {moment}") }
}

// ---- rights

/// A request as something that people do.
const fn request_title(request: RequestType) -> &'static str {
    match request {
        RequestType::Access => "Get a copy of your data",
        RequestType::Rectification => "Have wrong data corrected",
        RequestType::Erasure => "Have your data erased",
        RequestType::Restriction => "Have your data set aside: kept, but not used",
        RequestType::Objection => "Object to a use of your data",
        RequestType::Portability => "Take your data along to another service",
        RequestType::WithdrawConsent => "Withdraw a consent",
        RequestType::Complaint => "Complain to us",
        RequestType::KnowCategories => "Know which kinds of data, sources, purposes and recipients there are",
        RequestType::KnowPieces => "Get the specific pieces of data that we have about you",
        RequestType::Information => "Ask what we do with data",
        RequestType::ObjectionMarketing => "Stop direct marketing",
        RequestType::ObjectionAutomated => "Object to decisions by automation alone",
        RequestType::DoNotSellOrShare => "Have your data neither sold nor shared",
        RequestType::LimitSensitive => "Limit the use of sensitive data",
        RequestType::PostMortem => "Say what shall become of your data after your death",
        RequestType::Appeal => "Appeal against our decision on an earlier request",
    }
}

fn rights(policy: &Policy) -> Section {
    let row = |rule: &RightRule| {
        let answer = match &rule.refusal {
            Some(refusal) => {
                let offer = refusal.offer.map(|offer| format!(" You can instead: {}.", lower(request_title(offer))));
                format!("Not offered. {}{}", sentence(&refusal.text), offer.unwrap_or_default())
            }
            None => {
                let verified = match rule.verification {
                    VerificationRule::None => "No proof of who you are is asked for.".to_owned(),
                    VerificationRule::Mail => {
                        "You are verified by a link that we send to your mail address.".to_owned()
                    }
                    proof => format!("You are verified {}.", words::verification(proof)),
                };
                let soon =
                    rule.respond_within.as_ref().map(|time| format!(" We answer within {}.", words::duration(time)));
                let looked = if policy.office.review.contains(&rule.request) {
                    if policy.office.four_eyes.contains(&rule.request) {
                        " Two people of our office look at your request before it is carried out."
                    } else {
                        " A person of our office looks at your request before it is carried out."
                    }
                } else {
                    ""
                };
                format!("{verified}{looked}{}", soon.unwrap_or_default())
            }
        };
        vec![plain(request_title(rule.request)), plain(answer), clause(&rule.clause)]
    };
    let rows: Vec<_> = policy.rights.values().map(row).collect();
    let mut blocks = vec![Block::Paragraph(vec![
        text("To use a right, write to "),
        Inline::Mail(policy.contact_mail.clone()),
        text(" or use the request form on our website. It costs nothing."),
    ])];
    if !rows.is_empty() {
        let head = vec!["You can", "How", "Clause"];
        blocks.push(Block::Table(Table { caption: "Rights and how to use them".to_owned(), head, rows }));
    }
    blocks.push(Block::Paragraph(plain("What is not in this table is yours all the same where the law gives it.")));
    let deadlines = policy.regimes.iter().map(|regime| plain(deadline(*regime)));
    blocks.push(Block::List(deadlines.collect()));
    if let Some(agents) = &policy.agents {
        let proofs = words::list(&names(&agents.proofs), "or");
        let proof = if proofs.is_empty() { String::new() } else { format!(" They bring: {proofs}.") };
        blocks.push(Block::Paragraph(promised(format!("Somebody else may ask for you.{proof}"), &agents.clause)));
    }
    Section { id: "rights", title: "Your rights", blocks }
}

/// By when the law asks for an answer. Longer for a request that is hard, with a word about it in time.
const fn deadline(regime: Regime) -> &'static str {
    match regime {
        Regime::EuGdpr => "Under the GDPR we answer within one month of your request (Art. 12(3)).",
        Regime::UkGdpr => "Under the UK GDPR we answer within one month of your request (Art. 12A).",
        Regime::UsCa => "If you live in California, we answer within 45 days of your request (11 CCR 7021(b)).",
        Regime::UsVa => "If you live in Virginia, we answer within 45 days of your request (Va. Code 59.1-577(B)(1)).",
        Regime::UsCo => "If you live in Colorado, we answer within 45 days of your request (C.R.S. 6-1-1306(2)(a)).",
        Regime::UsCt => {
            "If you live in Connecticut, we answer within 45 days of your request (Conn. Gen. Stat. 42-518(c)(1))."
        }
        Regime::UsTx => {
            "If you live in Texas, we answer within 45 days of your request (Tex. Bus. & Com. Code 541.052(b))."
        }
        Regime::UsHipaa => {
            "Where we hold health information under HIPAA, we give access to it within 30 days of your request (45 CFR \
             164.524(b)(2))."
        }
        Regime::BrLgpd => {
            "If you are in Brazil, we confirm at once whether we process your data, and give the whole answer within 15 \
             days of your request (LGPD Art. 19)."
        }
        Regime::CaPipeda => "If you are in Canada, we answer within 30 days of your request (PIPEDA s. 8(3)).",
        Regime::CaQc => "If you are in Québec, we answer within 30 days of your request (Law 25, s. 32).",
        Regime::ZaPopia => {
            "If you are in South Africa, we give access within 30 days of your request (POPIA s. 23, PAIA s. 56(1))."
        }
        Regime::Au => {
            "If you are in Australia, we answer within a reasonable time of your request, as a rule within 30 days \
             (APP 12.4, 13.5)."
        }
        Regime::InDpdp => {
            "If you are in India, we answer your request or your grievance within the time that we publish, at most 90 \
             days (DPDP Rules, rule 14)."
        }
        Regime::Sg => {
            "If you are in Singapore, we answer as soon as we reasonably can; where 30 days are not enough, we tell you \
             within them when we shall (PDPA s. 21, 22; Regulations 2021, reg. 5)."
        }
        Regime::Ch => "If you are in Switzerland, we answer within 30 days of your request (DPO Art. 18(1)).",
        Regime::Jp => "If you are in Japan, we answer without delay (APPI Art. 33 to 35).",
        Regime::Kr => {
            "If you are in Korea, we answer within ten days of your request (PIPA Enforcement Decree Art. 41 to 44)."
        }
        Regime::Nz => {
            "If you are in New Zealand, we answer within 20 working days of your request (Privacy Act s. 44)."
        }
        Regime::Th => "If you are in Thailand, we answer within 30 days of your request (PDPA s. 30).",
        Regime::Tr => "If you are in Türkiye, we answer within 30 days of your request (KVKK Art. 13(2)).",
    }
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// An author's text as a sentence of its own.
fn sentence(text: &str) -> String {
    let text = words::capitalised(text.trim());
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

// ---- where data goes

const fn mechanism_text(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Adequacy => "a decision that the country protects data well enough",
        Mechanism::StandardClauses => "the EU’s standard contractual clauses",
        Mechanism::Idta => "the UK’s international data transfer agreement",
        Mechanism::UkAddendum => "the UK’s addendum to the EU’s standard contractual clauses",
        Mechanism::BindingRules => "binding rules within a group of companies",
        Mechanism::ExplicitConsent => "your explicit consent to that transfer",
    }
}

fn recipients(policy: &Policy) -> Section {
    let rows: Vec<_> = policy.recipients.values().map(|rule| recipient(policy, rule)).collect();
    let mut blocks = Vec::new();
    if rows.is_empty() {
        blocks.push(Block::Paragraph(plain("Nobody else gets your data.")));
    } else {
        let head = vec!["Who", "Which data", "What for", "On what terms", "Clause"];
        blocks.push(Block::Table(Table { caption: "Recipients and their terms".to_owned(), head, rows }));
        blocks.push(Block::Paragraph(plain("Nobody else gets your data.")));
    }
    match &policy.transfer {
        Some(rule) => {
            let home = words::list(&rule.home.iter().map(words::country).collect::<Vec<_>>(), "and");
            let mechanisms: Vec<&str> = rule.mechanisms.iter().map(|mechanism| mechanism_text(*mechanism)).collect();
            let home = if home.is_empty() {
                "We name no country in which data is kept without more.".to_owned()
            } else {
                format!("Data is kept and read in: {home}.")
            };
            let elsewhere = if mechanisms.is_empty() {
                "It goes nowhere else.".to_owned()
            } else {
                format!("Elsewhere it goes only under {}.", words::list(&mechanisms, "or"))
            };
            blocks.push(Block::Paragraph(promised(format!("{home} {elsewhere}"), &rule.clause)));
        }
        None => blocks.push(Block::Paragraph(plain(
            "The notice says nothing of other countries, so data stays where the law that protects it reaches.",
        ))),
    }
    Section { id: "recipients", title: "Who gets data", blocks }
}

fn recipient(policy: &Policy, rule: &RecipientRule) -> Vec<Vec<Inline>> {
    let role = match rule.role {
        RecipientRole::Processor => "acts for us",
        RecipientRole::Controller => "decides for itself",
        RecipientRole::JointController => "decides with us",
        RecipientRole::Authority => "an authority",
        RecipientRole::Personnel => "our own staff",
    };
    let categories = |set: &BTreeSet<Category>| words::capitalised(&names(set).join(", "));
    let data = if rule.categories.is_empty() { "Any of it".to_owned() } else { categories(&rule.categories) };
    let purposes = if rule.purposes.is_empty() {
        "What we use it for".to_owned()
    } else {
        rule.purposes.iter().map(|purpose| purpose_title(policy, purpose)).collect::<Vec<_>>().join("; ")
    };
    let mut terms = Vec::new();
    if let Some(purpose) = &rule.consent {
        terms.push(format!("only if you have agreed to {}", purpose_titles(policy, [purpose], "and")));
    }
    if !rule.grounds.is_empty() {
        terms.push(format!("only on these grounds: {}", words::list(&names(&rule.grounds), "or")));
    }
    if !rule.needs.is_empty() {
        terms.push(format!("with: {}", words::list(&names(&rule.needs), "and")));
    }
    if !rule.countries.is_empty() {
        let countries: Vec<String> = rule.countries.iter().map(words::country).collect();
        terms.push(format!("in {}", words::list(&countries, "and")));
    }
    if let Some(mechanism) = rule.mechanism {
        terms.push(format!("under {}", mechanism_text(mechanism)));
    }
    let uses: Vec<&str> = rule
        .uses
        .iter()
        .filter_map(|kind| match kind {
            Use::Sale => Some("this is a sale in Californian law"),
            Use::Sharing => Some("this is sharing for advertising in Californian law"),
            Use::OwnUse => Some("they use it for ends of their own"),
            Use::ThirdPartyMarketing => Some("they use it for their marketing"),
            _ => None,
        })
        .collect();
    terms.extend(uses.into_iter().map(str::to_owned));
    let terms = if terms.is_empty() { "As said here".to_owned() } else { words::capitalised(&terms.join("; ")) };
    vec![plain(format!("{} ({role})", rule.title)), plain(data), plain(purposes), plain(terms), clause(&rule.clause)]
}

// ---- devices

fn devices(policy: &Policy) -> Section {
    let rows: Vec<_> = policy
        .trackers
        .values()
        .map(|rule| {
            let party = rule.party.as_ref().map_or_else(
                || "Ours".to_owned(),
                |party| {
                    policy.recipients.get(party).map_or_else(|| words::name(party.as_str()), |rule| rule.title.clone())
                },
            );
            let techniques = if rule.techniques.is_empty() {
                "Cookie".to_owned()
            } else {
                words::capitalised(&names(&rule.techniques).join(", "))
            };
            let need = match &rule.need {
                TrackerNeed::Nothing { reason } => format!("Nothing: {reason}"),
                TrackerNeed::Consent(purposes) => {
                    format!("Your consent to {}", purpose_titles(policy, purposes, "and"))
                }
            };
            let lifetime = rule.lifetime.as_ref().map_or_else(
                || "Until you close the browser".to_owned(),
                |lifetime| words::capitalised(&words::duration(lifetime)),
            );
            vec![
                plain(rule.title.clone()),
                plain(party),
                plain(techniques),
                plain(need),
                plain(lifetime),
                clause(&rule.clause),
            ]
        })
        .collect();
    let mut blocks = Vec::new();
    if rows.is_empty() {
        blocks.push(Block::Paragraph(plain("We set and read nothing on your device.")));
    } else {
        let head = vec!["What", "Whose", "How", "What it needs", "How long it lives", "Clause"];
        blocks.push(Block::Table(Table { caption: "Trackers and how long they live".to_owned(), head, rows }));
    }
    let gpc = if policy.signals.honours_gpc {
        "Global Privacy Control: a browser that sends it asks us not to sell or share your data, and we do not."
    } else {
        "Global Privacy Control: we do not answer to it."
    };
    let dnt = if policy.signals.honours_dnt {
        "Do Not Track: a browser that sends it is not followed."
    } else {
        "Do Not Track: we do not answer to it."
    };
    let told = |sentence: &str| match &policy.signals.clause {
        Some(clause) => promised(sentence, clause),
        None => plain(sentence),
    };
    blocks.push(Block::List(vec![told(gpc), told(dnt)]));
    Section { id: "devices", title: "Cookies and other trackers", blocks }
}

// ---- children, breaches, changes

fn children(policy: &Policy) -> Section {
    let mut blocks = Vec::new();
    if let Some(rule) = &policy.age {
        let mut sentences = Vec::new();
        if let Some(age) = rule.refuse_below {
            sentences.push(format!("We take nobody below {age} years, whoever agrees."));
        }
        if let Some(age) = rule.guardian_below {
            sentences.push(format!("Below {age} years a parent or guardian must agree."));
        }
        if !rule.guardian_below_in.is_empty() {
            let ages: Vec<String> = rule
                .guardian_below_in
                .iter()
                .map(|(country, age)| format!("{age} years in {}", words::country(country)))
                .collect();
            sentences.push(format!("By country a parent or guardian must agree below {}.", words::list(&ages, "and")));
        }
        blocks.push(Block::Paragraph(promised(sentences.join(" "), &rule.clause)));
    }
    Section { id: "children", title: "Children", blocks }
}

fn breach(policy: &Policy) -> Section {
    let rule = &policy.breach;
    let mut items = Vec::new();
    if european(policy).is_some() {
        items.push(plain("The authority is told within 72 hours, and you without delay if the risk to you is high."));
    }
    if policy.regimes.contains(&Regime::UsCa) {
        items.push(plain("If you live in California, you are told as its law asks (Cal. Civ. Code 1798.82)."));
    }
    if rule.tell_of_attempts {
        items.push(promised("You are told even of an attempt.", &rule.clause));
    }
    if let Some(within) = &rule.within {
        let told = if rule.tell_of_attempts { "You are told" } else { "Where you are told, you are told" };
        items.push(promised(format!("{told} within {} of our knowing.", words::duration(within)), &rule.clause));
    }
    if rule.channel.is_some() {
        items.push(promised("Whom we have no mail address of is told in another way where we know one.", &rule.clause));
    }
    if rule.website_alert {
        items.push(promised("Whom we cannot write to is told by an alert on our website.", &rule.clause));
    }
    Section { id: "breach", title: "If data leaks", blocks: vec![Block::List(items)] }
}

fn changes(policy: &Policy) -> Section {
    let mut blocks = Vec::new();
    if let Some(rule) = &policy.notice_change {
        let lead = match &rule.lead_time {
            Some(lead) => format!("You are told {} before a change counts", words::duration(lead)),
            None => "You are told of a change on this page".to_owned(),
        };
        let mail = if rule.by_mail { ", by mail if it matters to you" } else { "" };
        let again = if rule.ask_again { " Consents that it touches are asked again." } else { "" };
        blocks.push(Block::Paragraph(promised(format!("{lead}{mail}.{again}"), &rule.clause)));
    }
    Section { id: "changes", title: "When this changes", blocks }
}

fn safeguards(policy: &Policy) -> Section {
    let rows: Vec<_> = policy
        .attestations
        .values()
        .map(|rule| {
            vec![
                plain(sentence(&rule.statement)),
                plain(words::capitalised(&words::every(&rule.renew_every))),
                clause(&rule.clause),
            ]
        })
        .collect();
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        let head = vec!["What", "Checked", "Clause"];
        blocks.push(Block::Table(Table {
            caption: "Statements and how often they are checked".to_owned(),
            head,
            rows,
        }));
    }
    Section { id: "safeguards", title: "What we vouch for", blocks }
}
