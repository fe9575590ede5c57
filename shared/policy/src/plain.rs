//! Every rule of a policy as a plain sentence, under the name that a [`Tie`](crate::Tie) gives it.

use std::{collections::BTreeMap, fmt::Display};

use domain::policy::{
    Denial, HoldRule, LawfulBasis, Policy, PurposeRule, RecipientRule, RetentionRule, RightRule, SystemRule,
    TrackerNeed, TrackerRule,
};

use domain::words::{self, Voice};

/// The rules of a policy in plain words, by their names: `retention chat-ip for chat.messaging`.
pub fn sentences(policy: &Policy) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut say = |label: String, sentence: String| drop(all.insert(label, sentence));
    let regimes: Vec<&str> = policy.regimes.iter().map(|regime| regime.as_str()).collect();
    let established = policy.establishment.as_ref().map(|place| format!(" is established in {place},"));
    let controller = format!(
        "{}{} answers to {}, counts its days in {} and is reached at {}.",
        policy.name,
        established.unwrap_or_default(),
        words::list(&regimes, "and"),
        policy.time_zone.iana_name().unwrap_or("an unnamed zone"),
        policy.contact_mail
    );
    say("the controller".to_owned(), controller);
    if policy.is_sandbox {
        say("sandbox".to_owned(), "Nobody real is served under this policy: drills run here.".to_owned());
    }
    say("office".to_owned(), office(policy));
    if let Some(authority) = &policy.office.authority {
        let sentence = format!("Every refusal names {} as the authority to complain to.", authority.name);
        say("authority".to_owned(), sentence);
    }
    for role in &policy.roles {
        let parties = if role.parties.is_empty() {
            String::new()
        } else {
            format!(" with {}", words::list(&role.parties, "and"))
        };
        let (service, role) = (&role.service, role.role.as_str());
        say(format!("role {service} as {role}"), format!("For {service} the company is {role}{parties}."));
    }
    let notice = &policy.notice;
    let sentence = format!(
        "Forms carry version {} of the notice ({}); versions accepted: {}.",
        notice.version,
        notice.language,
        policy.accepted_notices.join(", ")
    );
    say("notice".to_owned(), sentence);
    for rule in policy.purposes.values() {
        say(format!("purpose {}", rule.id), purpose(rule));
    }
    for rule in policy.categories.values() {
        let mut sentence = if rule.fields.is_empty() {
            format!("Any field may be kept in {}", rule.id)
        } else {
            format!("{} holds {} and no other field", rule.id, names(&rule.fields, "and"))
        };
        if !rule.withheld.is_empty() {
            sentence.push_str(&format!("; no export shows {}", names(&rule.withheld, "or")));
        }
        if !rule.never.is_empty() {
            sentence.push_str(&format!("; {} is never stored", names(&rule.never, "or")));
        }
        if let Some(purpose) = &rule.opt_in {
            sentence.push_str(&format!("; nothing of it is written before a consent to {purpose}"));
        }
        say(format!("category {}", rule.id), format!("{sentence}."));
    }
    for rule in policy.retention.values() {
        retention(rule, &mut say);
    }
    for rule in policy.replicas.values() {
        let region = rule.region.as_ref().map_or_else(|| "the stack's own region".to_owned(), ToString::to_string);
        let sentence =
            format!("Files are copied to {} in {region}; what is deleted is deleted there too.", rule.bucket);
        say(format!("replica {}", rule.bucket), sentence);
    }
    for rule in policy.systems.values() {
        say(format!("system {}", rule.id), system(rule));
    }
    if let Some(rule) = &policy.accounts {
        let sentence = format!("Whoever holds a token of {} for {} holds that account.", rule.issuer, rule.audience);
        say("accounts".to_owned(), sentence);
    }
    for rule in policy.rights.values() {
        say(format!("right {}", rule.request), right(rule));
    }
    people(policy, &mut say);
    for rule in policy.recipients.values() {
        say(format!("recipient {}", rule.id), recipient(rule));
    }
    let closed = "Whoever is not named as a recipient gets nothing.";
    say("recipients, closed list".to_owned(), closed.to_owned());
    if let Some(rule) = &policy.transfer {
        let home: Vec<String> = rule.home.iter().map(words::country).collect();
        let home = if home.is_empty() { "no country".to_owned() } else { words::list(&home, "and") };
        let mechanisms: Vec<&str> = rule.mechanisms.iter().map(|mechanism| mechanism.as_str()).collect();
        let elsewhere = if mechanisms.is_empty() {
            "nowhere else".to_owned()
        } else {
            format!("elsewhere only under {}", words::list(&mechanisms, "or"))
        };
        say("transfer".to_owned(), format!("Data may be in {home} without more, {elsewhere}."));
    }
    for rule in policy.denials.values() {
        say(format!("deny {}", rule.what.as_str()), denial(rule));
    }
    for rule in policy.trackers.values() {
        say(format!("tracker {}", rule.id), tracker(rule));
    }
    let honoured = |is_honoured| if is_honoured { "is obeyed" } else { "changes nothing" };
    let (gpc, dnt) = (honoured(policy.signals.honours_gpc), honoured(policy.signals.honours_dnt));
    say("signals".to_owned(), format!("Global Privacy Control {gpc}; Do Not Track {dnt}."));
    let mut holds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for rule in &policy.holds {
        holds.entry(rule.reason.as_str()).or_default().push(hold(rule));
    }
    for (reason, sentences) in holds {
        say(format!("hold {reason}"), sentences.join(" "));
    }
    if let Some(rule) = &policy.notice_change {
        let lead = match &rule.lead_time {
            Some(lead) => format!("People are told {} before a change counts", words::duration(lead)),
            None => "A change is told on the public page".to_owned(),
        };
        let mail = if rule.by_mail { ", and written to if it is significant" } else { "" };
        let again = if rule.ask_again { "; consents that it touches are asked again" } else { "" };
        say("notice change".to_owned(), format!("{lead}{mail}{again}."));
    }
    for rule in policy.attestations.values() {
        let (every, statement) = (words::every(&rule.renew_every), rule.statement.trim_end_matches('.'));
        let sentence = format!("Somebody vouches {every}: {statement}. Evidence: {}", sentence_end(&rule.evidence));
        say(format!("attestation {}", rule.id), sentence);
    }
    all
}

fn names<T: Display>(items: impl IntoIterator<Item = T>, word: &str) -> String {
    words::list(&items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>(), word)
}

fn sentence_end(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn office(policy: &Policy) -> String {
    let office = &policy.office;
    let ways: Vec<String> = office
        .other_mails
        .iter()
        .cloned()
        .chain(office.post.iter().map(|post| format!("by post at {post}")))
        .chain(office.phone.iter().map(|phone| format!("by telephone at {phone}")))
        .chain(
            office
                .data_protection_officer
                .iter()
                .map(|officer| format!("through its data protection officer ({officer})")),
        )
        .chain(office.representative.iter().map(|who| format!("through its representative ({who})")))
        .collect();
    let mut sentences = if ways.is_empty() {
        format!("Requests and questions go to {}.", policy.contact_mail)
    } else {
        format!("Besides {} the controller is reached: {}.", policy.contact_mail, ways.join("; "))
    };
    if !office.review.is_empty() {
        sentences.push_str(&format!(" A person looks at requests for {} first", names(&office.review, "and")));
        if !office.four_eyes.is_empty() {
            sentences.push_str(&format!("; on {} two must agree", names(&office.four_eyes, "and")));
        }
        sentences.push('.');
    }
    if !office.reminders.is_empty() || !office.escalation.is_empty() {
        let shares = names(office.reminders_in_force(), "and");
        let also = names(&office.escalation, "and");
        let also = if also.is_empty() { String::new() } else { format!("; near the end {also} is written to as well") };
        sentences.push_str(&format!(" It is reminded at {shares} percent of the time for an answer{also}."));
    }
    sentences
}

fn system(rule: &SystemRule) -> String {
    let held = if rule.categories.is_empty() { "any category".to_owned() } else { names(&rule.categories, "and") };
    let (id, title, way) = (&rule.id, &rule.title, rule.kind.as_str());
    if rule.requests.is_empty() {
        return format!("{id} (“{title}”) may hold {held}, is asked about no request, and is told by {way}.");
    }
    format!("{id} (“{title}”) may hold {held} and is asked by {way} about {}.", names(&rule.requests, "and"))
}

fn purpose(rule: &PurposeRule) -> String {
    let ground = match rule.basis {
        LawfulBasis::Consent => "rests on consent: it starts when it is given and stops when it is withdrawn",
        LawfulBasis::Contract => "rests on a contract",
        LawfulBasis::LegalObligation => "rests on a legal obligation",
        LawfulBasis::VitalInterests => "rests on vital interests",
        LawfulBasis::PublicTask => "rests on a public task",
        LawfulBasis::LegitimateInterests => "rests on a legitimate interest: it stops for whoever objects",
    };
    let mut sentence = format!("{} (“{}”) {ground}", rule.id, rule.title);
    if !rule.also_needs.is_empty() {
        sentence.push_str(&format!("; it also needs the consent to {}", names(&rule.also_needs, "and")));
    }
    if !rule.only_with.is_empty() {
        sentence.push_str(&format!("; only with {}", names(&rule.only_with, "or")));
    }
    if rule.confirm_by_mail {
        sentence.push_str("; whoever agrees by a mail address is told there, with a link to take it back");
    }
    if !rule.uses.is_empty() {
        let uses: Vec<&str> = rule.uses.iter().map(|kind| kind.as_str()).collect();
        sentence.push_str(&format!("; it counts as {}", words::list(&uses, "and")));
    }
    sentence + "."
}

fn retention(rule: &RetentionRule, say: &mut impl FnMut(String, String)) {
    let (category, purpose) = (&rule.category, &rule.purpose);
    let label = format!("retention {category} for {purpose}");
    let action = words::action(rule.action);
    let kept = words::kept(rule, Voice::Operator);
    let sentence = match rule.period {
        domain::policy::Period::Indefinite if rule.switch.is_none() => {
            format!("{category} is kept for {purpose} {kept}.")
        }
        _ => format!("{category} is kept for {purpose} {kept}; then it {action}."),
    };
    say(label.clone(), sentence);
    if let Some(switch) = &rule.switch {
        let sentence = format!(
            "Once {} has come while {category} is kept for {purpose}, it is kept {}.",
            switch.on,
            words::from_then(&switch.then, Voice::Operator)
        );
        say(format!("{label}, after the switch"), sentence);
    }
    if let Some(exemption) = &rule.exemption {
        let sentence = format!(
            "A request for erasure does not reach {category} kept for {purpose} ({}): {}",
            exemption.article,
            sentence_end(&exemption.reason)
        );
        say(format!("{label}, exempt from erasure"), sentence);
    }
}

fn right(rule: &RightRule) -> String {
    if let Some(refusal) = &rule.refusal {
        let offer = refusal.offer.map(|offer| format!(" Offered instead: {offer}.")).unwrap_or_default();
        return format!("{} is refused ({}): {}{offer}", rule.request, refusal.code, sentence_end(&refusal.text));
    }
    let verified = words::verification(rule.verification);
    let soon = rule.respond_within.as_ref().map(|soon| format!(" and answered within {}", words::duration(soon)));
    format!("{} is offered, verified {verified}{}.", rule.request, soon.unwrap_or_default())
}

fn people(policy: &Policy, say: &mut impl FnMut(String, String)) {
    if let Some(rule) = &policy.age {
        let refused = rule.refuse_below.map(|age| format!("nobody below {age} is taken"));
        let guardian = rule.guardian_below.map(|age| format!("below {age} a guardian must agree"));
        let countries =
            rule.guardian_below_in.iter().map(|(country, age)| format!("in {} below {age}", words::country(country)));
        let parts: Vec<String> = refused.into_iter().chain(guardian).chain(countries).collect();
        say("age".to_owned(), words::capitalised(&parts.join("; ")) + ".");
    }
    if let Some(rule) = &policy.agents {
        say("agents".to_owned(), format!("Somebody else may ask who brings {}.", names(&rule.proofs, "or")));
    }
    let mut breach = vec!["the law’s own duties are kept".to_owned()];
    if policy.breach.tell_of_attempts {
        breach.push("people are told of attempts too".to_owned());
    }
    if let Some(within) = &policy.breach.within {
        breach.push(format!("people are told within {}", words::duration(within)));
    }
    if policy.breach.channel.is_some() {
        breach.push("who has no address is told by a system of the controller’s own where it can".to_owned());
    }
    if policy.breach.website_alert {
        breach.push("who has no address is told by an alert on the website".to_owned());
    }
    say("breach".to_owned(), format!("When data leaks {}.", words::list(&breach, "and")));
}

fn recipient(rule: &RecipientRule) -> String {
    let data = if rule.categories.is_empty() { "any category".to_owned() } else { names(&rule.categories, "and") };
    let mut sentence = format!("{} ({}) may get {data}", rule.title, rule.role.as_str());
    if !rule.purposes.is_empty() {
        sentence.push_str(&format!(" for {}", names(&rule.purposes, "and")));
    }
    if let Some(purpose) = &rule.consent {
        sentence.push_str(&format!(", by consent to {purpose}"));
    }
    if !rule.grounds.is_empty() {
        sentence.push_str(&format!(", on {}", names(&rule.grounds, "or")));
    }
    if !rule.needs.is_empty() {
        sentence.push_str(&format!(", with {}", names(&rule.needs, "and")));
    }
    if !rule.countries.is_empty() {
        let countries: Vec<String> = rule.countries.iter().map(words::country).collect();
        sentence.push_str(&format!(", in {}", words::list(&countries, "and")));
    }
    if let Some(mechanism) = rule.mechanism {
        sentence.push_str(&format!(", under {}", mechanism.as_str()));
    }
    sentence + "; each disclosure is logged."
}

fn denial(rule: &Denial) -> String {
    let mut sentence = format!("Data is never used for {}", rule.what.as_str());
    if !rule.except.is_empty() {
        sentence.push_str(&format!(", except for {}", names(&rule.except, "and")));
    }
    if let Some(purpose) = &rule.unless_consent {
        sentence.push_str(&format!(", unless there is a consent to {purpose}"));
    }
    sentence + "."
}

fn tracker(rule: &TrackerRule) -> String {
    let need = match &rule.need {
        TrackerNeed::Nothing { reason } => format!("without consent: {}", reason.trim_end_matches('.')),
        TrackerNeed::Consent(purposes) => format!("only by consent to {}", names(purposes, "and")),
    };
    let lifetime = rule.lifetime.as_ref().map(|lifetime| format!("for {}", words::duration(lifetime)));
    let lifetime = lifetime.unwrap_or_else(|| "until the browser is closed".to_owned());
    let shares = if rule.shares { "; a GPC signal stops it" } else { "" };
    format!("{} may be set {lifetime}, {need}{shares}.", rule.id)
}

fn hold(rule: &HoldRule) -> String {
    let by = rule.on.as_ref().map_or_else(|| "staff".to_owned(), |event| format!("staff, or by {event}"));
    let release = rule.release_on.as_ref().map(|event| format!(", or by {event}")).unwrap_or_default();
    let grounds = if rule.grounds.is_empty() { String::new() } else { format!(" on {}", names(&rule.grounds, "or")) };
    let sentence = format!(
        "A hold ({}){grounds} is placed by {by}, released by staff{release}, and looked at again after {} at the latest.",
        rule.reason.as_str(),
        words::duration(&rule.review_after)
    );
    if rule.tell.is_empty() {
        return sentence;
    }
    let told = names(&rule.tell, "and");
    sentence + &format!(" When an event places one, {told} hears of whom it concerns, and later of its release.")
}
