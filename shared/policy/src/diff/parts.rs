//! Each part of two policies, side by side.

use std::collections::{BTreeMap, BTreeSet};

use domain::policy::{
    AccountRule, AgeRule, AgentRule, AttestationRule, Authority, BreachRule, CategoryRule, Denial, ErasureExemption,
    HoldRule, LawfulBasis, NoticeChangeRule, Office, Policy, PurposeRule, RecipientRule, Refusal, Replica,
    RetentionRule, RightRule, RoleRule, Signals, SystemRule, TrackerNeed, TrackerRule, TransferRule, VerificationRule,
};
use jiff::SpanFieldwise;

use super::{
    ChangeKind, Consequence, Found, Part, Subject, Touched,
    life::{self, Weight},
    names, pairs, said,
};
use domain::words::{self, Voice};

const TELL: &[Consequence] = &[Consequence::TellPeople];
const ASK_AGAIN: &[Consequence] = &[Consequence::TellPeople, Consequence::AskConsentAgain];

pub(super) fn compare(found: &mut Found, old: &Policy, new: &Policy) {
    controller(found, old, new);
    office(found, &old.office, &new.office);
    roles(found, &old.roles, &new.roles);
    notice(found, old, new);
    notice_change(found, old.notice_change.as_ref(), new.notice_change.as_ref());
    for (_, old, new) in pairs(&old.purposes, &new.purposes) {
        purpose(found, old, new);
    }
    for (_, old, new) in pairs(&old.categories, &new.categories) {
        category(found, old, new);
    }
    for (_, old, new) in pairs(&old.retention, &new.retention) {
        retention(found, old, new);
    }
    for (_, old, new) in pairs(&old.systems, &new.systems) {
        system(found, old, new);
    }
    for (_, old, new) in pairs(&old.replicas, &new.replicas) {
        replica(found, old, new);
    }
    for (_, old, new) in pairs(&old.rights, &new.rights) {
        right(found, old, new);
    }
    agents(found, old, new);
    age(found, old.age.as_ref(), new.age.as_ref());
    breach(found, &old.breach, &new.breach);
    for (_, old, new) in pairs(&old.recipients, &new.recipients) {
        recipient(found, old, new);
    }
    transfer(found, old.transfer.as_ref(), new.transfer.as_ref());
    for (_, old, new) in pairs(&old.denials, &new.denials) {
        denial(found, old, new);
    }
    for (_, old, new) in pairs(&old.trackers, &new.trackers) {
        tracker(found, old, new);
    }
    signals(found, &old.signals, &new.signals);
    holds(found, &old.holds, &new.holds);
    for (_, old, new) in pairs(&old.attestations, &new.attestations) {
        attestation(found, old, new);
    }
}

/// A rule that promises one thing and says where.
trait Promise {
    fn subject(&self) -> Subject<'_>;
}

macro_rules! promises {
    ($($rule:ty: $part:ident, |$self:ident| $what:expr;)*) => {
        $(impl Promise for $rule {
            fn subject(&self) -> Subject<'_> {
                let $self = self;
                Subject { part: Part::$part, what: $what, clause: Some(&$self.clause), records: None }
            }
        })*
    };
}

promises! {
    Authority: Office, |_rule| "authority";
    RoleRule: Role, |rule| rule.service.as_str();
    NoticeChangeRule: NoticeChange, |_rule| "changes of the notice";
    PurposeRule: Purpose, |rule| rule.id.as_str();
    CategoryRule: Category, |rule| rule.id.as_str();
    SystemRule: System, |rule| rule.id.as_str();
    Replica: Replica, |rule| rule.bucket.as_str();
    RightRule: Right, |rule| rule.request.as_str();
    AgentRule: Agents, |_rule| "agents";
    AgeRule: Age, |_rule| "age";
    BreachRule: Breach, |_rule| "breach";
    RecipientRule: Recipient, |rule| rule.id.as_str();
    TransferRule: Transfer, |_rule| "transfer";
    Denial: Denial, |rule| rule.what.as_str();
    TrackerRule: Tracker, |rule| rule.id.as_str();
    HoldRule: Hold, |rule| rule.reason.as_str();
    AttestationRule: Attestation, |rule| rule.id.as_str();
}

/// A promise that was or is there alone; `None`: it is there on both sides, and they are compared.
fn alone<'a, R: Promise>(
    found: &mut Found,
    old: Option<&'a R>,
    new: Option<&'a R>,
    text: impl Fn(&R) -> String,
    [on_new, on_gone]: [&[Consequence]; 2],
) -> Option<(&'a R, &'a R)> {
    match (old, new) {
        (None, None) => None,
        (Some(old), Some(new)) => Some((old, new)),
        (None, Some(new)) => {
            found.add(new.subject(), None, ChangeKind::New, [None, said(&text(new))], on_new);
            None
        }
        (Some(old), None) => {
            found.add(old.subject(), None, ChangeKind::Gone, [said(&text(old)), None], on_gone);
            None
        }
    }
}

/// Weighs times that are promised: none is more than any.
fn promised_times(old: Option<&SpanFieldwise>, new: Option<&SpanFieldwise>) -> Weight {
    match (old, new) {
        (None, None) => Weight::Same,
        (None, Some(_)) => Weight::Less,
        (Some(_), None) => Weight::More,
        (Some(old), Some(new)) => life::durations(old, new),
    }
}

fn duration(span: Option<&SpanFieldwise>) -> String {
    span.map(words::duration).unwrap_or_default()
}

/// Weighs sets where an empty one stands for everything.
fn open_set<T: Ord>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Weight {
    match (old.is_empty(), new.is_empty()) {
        (true, true) => Weight::Same,
        (true, false) => Weight::Less,
        (false, true) => Weight::More,
        (false, false) => life::set(old, new),
    }
}

fn or_all(names: String) -> String {
    if names.is_empty() { "all".to_owned() } else { names }
}

// ---- who

fn controller(found: &mut Found, old: &Policy, new: &Policy) {
    let what = new.controller.to_string();
    let subject = Subject { part: Part::Controller, what: &what, clause: None, records: None };
    found.same(subject, "id", old.controller.as_str(), new.controller.as_str(), TELL);
    found.same(subject, "name", &old.name, &new.name, TELL);
    found.same(subject, "contact", &old.contact_mail, &new.contact_mail, TELL);
    let regimes = |policy: &Policy| names(policy.regimes.iter().map(|regime| regime.as_str()));
    // A law less is a protection less.
    let weight = life::list(&old.regimes, &new.regimes).reversed();
    found.more_is_weaker(subject, "regimes", weight, [regimes(old), regimes(new)], TELL);
    if weight == Weight::Same {
        found.same(subject, "order of regimes", &regimes(old), &regimes(new), &[]);
    }
    let place = |policy: &Policy| policy.establishment.as_ref().map(ToString::to_string).unwrap_or_default();
    found.same(subject, "establishment", &place(old), &place(new), &[]);
    let whose = |policy: &Policy| if policy.is_sandbox { "nobody real" } else { "real people" };
    found.same(subject, "sandbox", whose(old), whose(new), TELL);
    // Another issuer knows other people: who was known by the old one's tokens is not by the new one's.
    let account = |policy: &Policy, side: fn(&AccountRule) -> &String| {
        policy.accounts.as_ref().map(side).cloned().unwrap_or_default()
    };
    for (aspect, side) in [
        ("accounts, issuer", (|rule| &rule.issuer) as fn(&AccountRule) -> &String),
        ("accounts, audience", |rule| &rule.audience),
    ] {
        found.same(subject, aspect, &account(old, side), &account(new, side), &[]);
    }
    let zone = |policy: &Policy| policy.time_zone.iana_name().unwrap_or("unnamed").to_owned();
    let all = Touched::default();
    let subject = Subject { records: Some(&all), ..subject };
    found.same(subject, "time zone", &zone(old), &zone(new), &[Consequence::StoredPlannedAnew]);
}

fn office(found: &mut Found, old: &Office, new: &Office) {
    let subject = Subject { part: Part::Office, what: "office", clause: None, records: None };
    let mut text = |aspect, old: Option<&String>, new: Option<&String>| {
        let text = |side: Option<&String>| side.cloned().unwrap_or_default();
        found.same(subject, aspect, &text(old), &text(new), TELL);
    };
    text("post", old.post.as_ref(), new.post.as_ref());
    text("phone", old.phone.as_ref(), new.phone.as_ref());
    text("data protection officer", old.data_protection_officer.as_ref(), new.data_protection_officer.as_ref());
    text("representative", old.representative.as_ref(), new.representative.as_ref());
    found.same(subject, "other mails", &names(&old.other_mails), &names(&new.other_mails), TELL);
    // A person's look protects from a wrong refusal and from a wrong erasure; that it is gone is the office's
    // own affair as long as no text promises it.
    let texts = [names(&old.review), names(&new.review)];
    found.more_is_weaker(subject, "review", life::set(&old.review, &new.review).reversed(), texts, &[]);
    let texts = [names(&old.four_eyes), names(&new.four_eyes)];
    found.more_is_weaker(subject, "four eyes", life::set(&old.four_eyes, &new.four_eyes).reversed(), texts, &[]);
    let shares = |office: &Office| names(office.reminders_in_force().iter().map(|share| format!("{share} %")));
    let weight = life::list(old.reminders_in_force(), new.reminders_in_force()).reversed();
    found.more_is_weaker(subject, "reminders", weight, [shares(old), shares(new)], &[]);
    let texts = [names(&old.escalation), names(&new.escalation)];
    found.more_is_weaker(subject, "escalation", life::list(&old.escalation, &new.escalation).reversed(), texts, &[]);
    let (old, new) = (old.authority.as_ref(), new.authority.as_ref());
    let Some((old, new)) = alone(found, old, new, |rule| rule.name.clone(), [TELL, TELL]) else { return };
    let subject = new.subject();
    found.same(subject, "name", &old.name, &new.name, TELL);
    let mut text = |aspect, old: Option<&String>, new: Option<&String>| {
        let text = |side: Option<&String>| side.cloned().unwrap_or_default();
        found.same(subject, aspect, &text(old), &text(new), TELL);
    };
    text("url", old.url.as_ref(), new.url.as_ref());
    text("phone", old.phone.as_ref(), new.phone.as_ref());
    text("post", old.post.as_ref(), new.post.as_ref());
    found.cited(subject, &old.clause, &new.clause);
}

fn roles(found: &mut Found, old: &[RoleRule], new: &[RoleRule]) {
    let by_service =
        |roles: &[RoleRule]| -> BTreeMap<_, _> { roles.iter().map(|r| (r.service.clone(), r.clone())).collect() };
    let text = |role: &RoleRule| match role.parties.as_slice() {
        [] => role.role.as_str().to_owned(),
        parties => format!("{} with {}", role.role.as_str(), parties.join(", ")),
    };
    for (_, old, new) in pairs(&by_service(old), &by_service(new)) {
        let Some((old, new)) = alone(found, old, new, text, [TELL, TELL]) else { continue };
        found.same(new.subject(), "role", &text(old), &text(new), TELL);
        found.cited(new.subject(), &old.clause, &new.clause);
    }
}

fn notice(found: &mut Found, old: &Policy, new: &Policy) {
    let subject = Subject { part: Part::Notice, what: "notice", clause: None, records: None };
    found.same(subject, "version", &old.notice.version, &new.notice.version, TELL);
    found.same(subject, "language", &old.notice.language, &new.notice.language, TELL);
    found.same(subject, "text", &old.notice.text_sha256, &new.notice.text_sha256, TELL);
    // A form with a version that is no longer accepted is refused: nothing that people must be told.
    found.same(subject, "accepted versions", &names(&old.accepted_notices), &names(&new.accepted_notices), &[]);
}

fn notice_change(found: &mut Found, old: Option<&NoticeChangeRule>, new: Option<&NoticeChangeRule>) {
    let text = |rule: &NoticeChangeRule| {
        let lead = rule.lead_time.as_ref().map(|lead| format!("{} before", words::duration(lead)));
        let mail = if rule.by_mail { ", by mail" } else { "" };
        let again = if rule.ask_again { ", consents are asked again" } else { "" };
        format!("people are told {}{mail}{again}", lead.unwrap_or_else(|| "on the page".to_owned()))
    };
    let Some((old, new)) = alone(found, old, new, text, [&[], TELL]) else { return };
    let subject = new.subject();
    // Less time to leave is worse.
    let weight = match (&old.lead_time, &new.lead_time) {
        (None, None) => Weight::Same,
        (None, Some(_)) => Weight::Less,
        (Some(_), None) => Weight::More,
        (Some(old), Some(new)) => life::durations(old, new).reversed(),
    };
    let texts = [duration(old.lead_time.as_ref()), duration(new.lead_time.as_ref())];
    found.more_is_weaker(subject, "lead time", weight, texts, TELL);
    found.flag(subject, "by mail", [old.by_mail, new.by_mail], true);
    found.flag(subject, "consents asked again", [old.ask_again, new.ask_again], true);
    found.cited(subject, &old.clause, &new.clause);
}

// ---- what and what for

fn purpose(found: &mut Found, old: Option<&PurposeRule>, new: Option<&PurposeRule>) {
    let by_consent = |rule: &PurposeRule| rule.basis == LawfulBasis::Consent;
    let touched = new.or(old).map(|rule| Touched { purpose: Some(rule.id.clone()), category: None });
    let asked: &[Consequence] = &[Consequence::TellPeople, Consequence::AskConsent];
    let on_new = if new.is_some_and(by_consent) { asked } else { TELL };
    let text = |rule: &PurposeRule| format!("{} ({})", rule.title, rule.basis.as_str());
    let Some((old, new)) = alone(found, old, new, text, [on_new, &[]]) else { return };
    let subject = Subject { records: touched.as_ref(), ..new.subject() };
    // What follows when the purpose widens: who agreed to less has not agreed to this.
    let wider = if by_consent(new) { ASK_AGAIN } else { TELL };
    found.same(subject, "basis", old.basis.as_str(), new.basis.as_str(), wider);
    let subject = Subject { records: None, ..subject };
    found.same(subject, "title", &old.title, &new.title, wider);
    let uses = |rule: &PurposeRule| names(rule.uses.iter().map(|kind| kind.as_str()));
    found.more_is_weaker(subject, "uses", life::set(&old.uses, &new.uses), [uses(old), uses(new)], wider);
    let needs = life::set(&old.also_needs, &new.also_needs);
    let texts = [names(&old.also_needs), names(&new.also_needs)];
    match needs {
        Weight::More => {
            let asked = [Consequence::AskConsent];
            let [old, new] = texts;
            found.add(subject, Some("also needs"), ChangeKind::Stronger, [said(&old), said(&new)], &asked);
        }
        Weight::Mixed => {
            let [old, new] = texts;
            let asked = [Consequence::TellPeople, Consequence::AskConsent];
            found.add(subject, Some("also needs"), ChangeKind::Different, [said(&old), said(&new)], &asked);
        }
        weight => found.more_is_weaker(subject, "also needs", weight.reversed(), texts, TELL),
    }
    let only = [names(&old.only_with), names(&new.only_with)];
    found.more_is_weaker(subject, "only with", open_set(&old.only_with, &new.only_with), only, TELL);
    found.flag(subject, "confirmed by mail", [old.confirm_by_mail, new.confirm_by_mail], true);
    found.cited(subject, &old.clause, &new.clause);
}

fn category(found: &mut Found, old: Option<&CategoryRule>, new: Option<&CategoryRule>) {
    let touched = new.or(old).map(|rule| Touched { category: Some(rule.id.clone()), purpose: None });
    let fields = |rule: &CategoryRule| or_all(names(&rule.fields));
    let Some((old, new)) = alone(found, old, new, fields, [TELL, &[]]) else { return };
    let subject = Subject { records: touched.as_ref(), ..new.subject() };
    let side = |rule: &CategoryRule| rule.fields.iter().cloned().collect::<BTreeSet<_>>();
    let weight = open_set(&side(old), &side(new));
    found.more_is_weaker(subject, "fields", weight, [fields(old), fields(new)], TELL);
    if weight == Weight::Same {
        found.same(subject, "order of fields", &names(&old.fields), &names(&new.fields), &[]);
    }
    let texts = [names(&old.withheld), names(&new.withheld)];
    found.more_is_weaker(subject, "withheld", life::list(&old.withheld, &new.withheld), texts, TELL);
    let texts = [names(&old.never), names(&new.never)];
    found.more_is_weaker(subject, "never stored", life::list(&old.never, &new.never).reversed(), texts, TELL);
    if old.opt_in != new.opt_in {
        let texts = [old.opt_in.as_ref().map(ToString::to_string), new.opt_in.as_ref().map(ToString::to_string)];
        let (kind, consequences): (_, &[Consequence]) = match (&old.opt_in, &new.opt_in) {
            (None, _) => (ChangeKind::Stronger, &[Consequence::AskConsent]),
            (_, None) => (ChangeKind::Weaker, TELL),
            _ => (ChangeKind::Different, &[Consequence::TellPeople, Consequence::AskConsent]),
        };
        found.add(subject, Some("opt-in"), kind, texts, consequences);
    }
    let subject = Subject { records: None, ..subject };
    let texts = [names(&old.sources), names(&new.sources)];
    found.more_is_weaker(subject, "sources", life::list(&old.sources, &new.sources), texts, TELL);
    found.cited(subject, &old.clause, &new.clause);
}

fn retention(found: &mut Found, old: Option<&RetentionRule>, new: Option<&RetentionRule>) {
    let Some(any) = new.or(old) else { return };
    let what = format!("{} for {}", any.category, any.purpose);
    let touched = Touched { category: Some(any.category.clone()), purpose: Some(any.purpose.clone()) };
    let subject = Subject { part: Part::Retention, what: &what, clause: Some(&any.clause), records: Some(&touched) };
    let kept = |rule: &RetentionRule| words::kept(rule, Voice::Operator);
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return found.add(subject, None, ChangeKind::New, [None, new.map(kept)], TELL),
        (_, None) => {
            let follows = [Consequence::StoredKeepTheirEnd];
            return found.add(subject, None, ChangeKind::Gone, [old.map(kept), None], &follows);
        }
    };
    let (kind, follows): (_, &[Consequence]) = match life::rules(old, new) {
        Weight::Same => (None, &[]),
        Weight::Less => (Some(ChangeKind::Shorter), &[Consequence::StoredEndEarlier]),
        Weight::More => (Some(ChangeKind::Longer), &[Consequence::TellPeople, Consequence::StoredEndLater]),
        Weight::Mixed => (Some(ChangeKind::Different), &[Consequence::TellPeople, Consequence::StoredPlannedAnew]),
    };
    if let Some(kind) = kind {
        found.add(subject, None, kind, [Some(kept(old)), Some(kept(new))], follows);
    }
    found.same(subject, "action", old.action.as_str(), new.action.as_str(), TELL);
    let deleted_by = |rule: &RetentionRule| if rule.lifecycle { "S3's lifecycle and the sweep" } else { "the sweep" };
    found.same(subject, "files deleted by", deleted_by(old), deleted_by(new), &[]);
    match (&old.exemption, &new.exemption) {
        (None, None) => {}
        (Some(old), Some(new)) => {
            let subject = Subject { clause: Some(&new.clause), ..subject };
            let text = |exemption: &ErasureExemption| format!("{} ({})", exemption.reason, exemption.article);
            found.same(subject, "exemption from erasure", &text(old), &text(new), TELL);
            found.same(subject, "clause of the exemption", old.clause.as_str(), new.clause.as_str(), &[]);
        }
        (old, new) => {
            let clause = new.as_ref().or(old.as_ref()).map(|exemption| &exemption.clause);
            let weight = if new.is_some() { Weight::More } else { Weight::Less };
            let texts = [old, new].map(|side| side.as_ref().map_or_else(String::new, |side| side.reason.clone()));
            found.more_is_weaker(Subject { clause, ..subject }, "exemption from erasure", weight, texts, TELL);
        }
    }
    let subject = Subject { records: None, ..subject };
    found.cited(subject, &old.clause, &new.clause);
    if let (Some(old), Some(new)) = (&old.switch, &new.switch) {
        found.same(subject, "clause of the switch", old.clause.as_str(), new.clause.as_str(), &[]);
    }
}

// ---- the controller's own systems

fn system(found: &mut Found, old: Option<&SystemRule>, new: Option<&SystemRule>) {
    let asked = |rule: &SystemRule| names(&rule.requests);
    let text = |rule: &SystemRule| {
        let categories = or_all(names(&rule.categories));
        format!("{} ({}): {categories}, asked about {}", rule.title, rule.kind.as_str(), asked(rule))
    };
    // Whose hands the data is in does not change: nobody but the office is told.
    let Some((old, new)) = alone(found, old, new, text, [&[], &[]]) else { return };
    let subject = new.subject();
    found.same(subject, "title", &old.title, &new.title, &[]);
    let way = |rule: &SystemRule| format!("{} {}", rule.kind.as_str(), rule.kind.url());
    found.same(subject, "way", &way(old), &way(new), &[]);
    // What a system is not asked about stays as it is there.
    let weight = open_set(&old.categories, &new.categories).reversed();
    let texts = [or_all(names(&old.categories)), or_all(names(&new.categories))];
    found.more_is_weaker(subject, "categories", weight, texts, &[]);
    let weight = life::set(&old.requests, &new.requests).reversed();
    found.more_is_weaker(subject, "requests", weight, [asked(old), asked(new)], &[]);
    found.cited(subject, &old.clause, &new.clause);
}

fn replica(found: &mut Found, old: Option<&Replica>, new: Option<&Replica>) {
    let region =
        |rule: &Replica| rule.region.as_ref().map_or_else(|| "the stack's own region".to_owned(), ToString::to_string);
    let Some((old, new)) = alone(found, old, new, region, [&[], &[]]) else { return };
    found.same(new.subject(), "region", &region(old), &region(new), &[]);
    found.cited(new.subject(), &old.clause, &new.clause);
}

// ---- what people can do

fn right(found: &mut Found, old: Option<&RightRule>, new: Option<&RightRule>) {
    let text = |rule: &RightRule| {
        let refused = rule.refusal.as_ref().map(|refusal| format!("refused: {}", refusal.text));
        refused.unwrap_or_else(|| format!("offered, verified {}", words::verification(rule.verification)))
    };
    // Without a rule of its own a right is the law's: nobody loses it, and its refusal is news.
    let refused = |rule: Option<&RightRule>| rule.is_some_and(|rule| rule.refusal.is_some());
    let on_new = if refused(new) { TELL } else { &[] };
    let Some((old, new)) = alone(found, old, new, text, [on_new, TELL]) else { return };
    let subject = new.subject();
    match (&old.refusal, &new.refusal) {
        (None, None) => {}
        (Some(before), Some(after)) => {
            let text = |refusal: &Refusal| {
                let offer = refusal.offer.map(|offer| format!(", offered instead: {offer}")).unwrap_or_default();
                format!("{}: {}{offer}", refusal.code, refusal.text)
            };
            found.same(subject, "reason of the refusal", &text(before), &text(after), TELL);
        }
        (before, _) => {
            let weight = if before.is_none() { Weight::More } else { Weight::Less };
            found.more_is_weaker(subject, "offered", weight, [text(old), text(new)], TELL);
        }
    }
    let texts = [old.verification, new.verification].map(words::verification);
    // Less proof means more strangers: weaker. More proof must be known to who asks.
    match weigh_verification(old.verification, new.verification) {
        Weight::Same => {}
        weight => {
            let kind = match weight {
                Weight::More => ChangeKind::Stronger,
                Weight::Less => ChangeKind::Weaker,
                Weight::Same | Weight::Mixed => ChangeKind::Different,
            };
            found.add(subject, Some("verification"), kind, texts.map(Some), TELL);
        }
    }
    let weight = promised_times(old.respond_within.as_ref(), new.respond_within.as_ref());
    let texts = [duration(old.respond_within.as_ref()), duration(new.respond_within.as_ref())];
    found.more_is_weaker(subject, "time to answer", weight, texts, TELL);
    found.cited(subject, &old.clause, &new.clause);
}

/// Weighs proofs: a mailbox and matching details prove different things.
fn weigh_verification(old: VerificationRule, new: VerificationRule) -> Weight {
    match (old, new) {
        (VerificationRule::None, VerificationRule::None)
        | (VerificationRule::Mail, VerificationRule::Mail)
        | (VerificationRule::Account, VerificationRule::Account) => Weight::Same,
        (VerificationRule::Points(old), VerificationRule::Points(new)) => match new.cmp(&old) {
            std::cmp::Ordering::Less => Weight::Less,
            std::cmp::Ordering::Equal => Weight::Same,
            std::cmp::Ordering::Greater => Weight::More,
        },
        // Signing in to the account that a request is about proves the most of them.
        (VerificationRule::None, _) | (_, VerificationRule::Account) => Weight::More,
        (_, VerificationRule::None) | (VerificationRule::Account, _) => Weight::Less,
        (VerificationRule::Mail, VerificationRule::Points(_))
        | (VerificationRule::Points(_), VerificationRule::Mail) => Weight::Mixed,
    }
}

fn agents(found: &mut Found, old: &Policy, new: &Policy) {
    let text = |rule: &AgentRule| names(&rule.proofs);
    let (old, new) = (old.agents.as_ref(), new.agents.as_ref());
    let Some((old, new)) = alone(found, old, new, text, [TELL, TELL]) else { return };
    let subject = new.subject();
    // Each proof more is one more way to speak for somebody.
    found.more_is_weaker(subject, "proofs", life::set(&old.proofs, &new.proofs), [text(old), text(new)], TELL);
    found.cited(subject, &old.clause, &new.clause);
}

fn age(found: &mut Found, old: Option<&AgeRule>, new: Option<&AgeRule>) {
    let text = |rule: &AgeRule| {
        let refused = rule.refuse_below.map(|age| format!("nobody below {age}"));
        let guardian = rule.guardian_below.map(|age| format!("with a guardian below {age}"));
        let countries = rule.guardian_below_in.iter().map(|(country, age)| format!("{age} in {country}"));
        refused.into_iter().chain(guardian).chain(countries).collect::<Vec<_>>().join(", ")
    };
    let Some((old, new)) = alone(found, old, new, text, [TELL, TELL]) else { return };
    let subject = new.subject();
    // A lower age lets in younger children.
    let mut years = |aspect, old: Option<u8>, new: Option<u8>| {
        let weight = match new.unwrap_or(0).cmp(&old.unwrap_or(0)) {
            std::cmp::Ordering::Less => Weight::More,
            std::cmp::Ordering::Equal => Weight::Same,
            std::cmp::Ordering::Greater => Weight::Less,
        };
        let texts = [old, new].map(|age| age.map(|age| age.to_string()).unwrap_or_default());
        found.more_is_weaker(subject, aspect, weight, texts, TELL);
    };
    years("refused below", old.refuse_below, new.refuse_below);
    years("guardian below", old.guardian_below, new.guardian_below);
    let countries =
        |rule: &AgeRule| names(rule.guardian_below_in.iter().map(|(country, age)| format!("{country} {age}")));
    let weight = pairs(&old.guardian_below_in, &new.guardian_below_in).fold(Weight::Same, |weight, (_, old, new)| {
        weight.and(match new.copied().unwrap_or(0).cmp(&old.copied().unwrap_or(0)) {
            std::cmp::Ordering::Less => Weight::More,
            std::cmp::Ordering::Equal => Weight::Same,
            std::cmp::Ordering::Greater => Weight::Less,
        })
    });
    found.more_is_weaker(subject, "guardian by country", weight, [countries(old), countries(new)], TELL);
    found.cited(subject, &old.clause, &new.clause);
}

fn breach(found: &mut Found, old: &BreachRule, new: &BreachRule) {
    let subject = new.subject();
    found.flag(subject, "told of attempts", [old.tell_of_attempts, new.tell_of_attempts], true);
    found.flag(subject, "website alert", [old.website_alert, new.website_alert], true);
    let weight = promised_times(old.within.as_ref(), new.within.as_ref());
    let texts = [duration(old.within.as_ref()), duration(new.within.as_ref())];
    found.more_is_weaker(subject, "time to tell", weight, texts, TELL);
    let resources = |rule: &BreachRule| rule.resources.iter().cloned().collect::<Vec<_>>().join(", ");
    found.same(subject, "resources", &resources(old), &resources(new), &[]);
    found.flag(subject, "another channel", [old.channel.is_some(), new.channel.is_some()], true);
    found.cited(subject, &old.clause, &new.clause);
}

// ---- where data goes

fn recipient(found: &mut Found, old: Option<&RecipientRule>, new: Option<&RecipientRule>) {
    let text =
        |rule: &RecipientRule| format!("{} ({}): {}", rule.title, rule.role.as_str(), or_all(names(&rule.categories)));
    let on_new: &[Consequence] = match new {
        Some(rule) if rule.consent.is_some() => &[Consequence::TellPeople, Consequence::AskConsent],
        _ => TELL,
    };
    let Some((old, new)) = alone(found, old, new, text, [on_new, &[]]) else { return };
    let subject = new.subject();
    // Who agreed to a disclosure agreed to this recipient getting this data.
    let wider = if new.consent.is_some() { ASK_AGAIN } else { TELL };
    found.same(subject, "title", &old.title, &new.title, wider);
    found.same(subject, "role", old.role.as_str(), new.role.as_str(), wider);
    let texts = [or_all(names(&old.categories)), or_all(names(&new.categories))];
    found.more_is_weaker(subject, "categories", open_set(&old.categories, &new.categories), texts, wider);
    let texts = [or_all(names(&old.purposes)), or_all(names(&new.purposes))];
    found.more_is_weaker(subject, "purposes", open_set(&old.purposes, &new.purposes), texts, wider);
    // Of the grounds one must be named: each is one more way.
    let texts = [names(&old.grounds), names(&new.grounds)];
    found.more_is_weaker(subject, "grounds", open_set(&old.grounds, &new.grounds), texts, TELL);
    // Of the needs all must come along.
    let texts = [names(&old.needs), names(&new.needs)];
    found.more_is_weaker(subject, "needs", life::set(&old.needs, &new.needs).reversed(), texts, TELL);
    if old.consent != new.consent {
        let texts = [&old.consent, &new.consent].map(|side| side.as_ref().map(ToString::to_string));
        let asked: &[Consequence] = &[Consequence::TellPeople, Consequence::AskConsent];
        let (kind, follows) = match (&old.consent, &new.consent) {
            (None, _) => (ChangeKind::Stronger, &asked[1..]),
            (_, None) => (ChangeKind::Weaker, TELL),
            _ => (ChangeKind::Different, asked),
        };
        found.add(subject, Some("consent"), kind, texts, follows);
    }
    let uses = |rule: &RecipientRule| names(rule.uses.iter().map(|kind| kind.as_str()));
    found.more_is_weaker(subject, "uses", life::set(&old.uses, &new.uses), [uses(old), uses(new)], wider);
    let texts = [names(&old.countries), names(&new.countries)];
    found.more_is_weaker(subject, "countries", open_set(&old.countries, &new.countries), texts, TELL);
    let mechanism = |rule: &RecipientRule| rule.mechanism.map_or("", |mechanism| mechanism.as_str());
    found.same(subject, "mechanism", mechanism(old), mechanism(new), TELL);
    let mail = |rule: &RecipientRule| rule.mail.clone().unwrap_or_default();
    found.same(subject, "mail", &mail(old), &mail(new), &[]);
    found.cited(subject, &old.clause, &new.clause);
}

fn transfer(found: &mut Found, old: Option<&TransferRule>, new: Option<&TransferRule>) {
    let mechanisms = |rule: &TransferRule| names(rule.mechanisms.iter().map(|mechanism| mechanism.as_str()));
    let text = |rule: &TransferRule| {
        let home = names(&rule.home);
        match (home.as_str(), mechanisms(rule).as_str()) {
            (home, "") => home.to_owned(),
            ("", mechanisms) => format!("elsewhere by {mechanisms}"),
            (home, mechanisms) => format!("{home}, elsewhere by {mechanisms}"),
        }
    };
    // Without a rule data stays where the law itself reaches; going back there widens nothing.
    let Some((old, new)) = alone(found, old, new, text, [TELL, &[]]) else { return };
    let subject = new.subject();
    let texts = [names(&old.home), names(&new.home)];
    found.more_is_weaker(subject, "home", life::set(&old.home, &new.home), texts, TELL);
    let weight = life::set(&old.mechanisms, &new.mechanisms);
    found.more_is_weaker(subject, "mechanisms", weight, [mechanisms(old), mechanisms(new)], TELL);
    found.cited(subject, &old.clause, &new.clause);
}

fn denial(found: &mut Found, old: Option<&Denial>, new: Option<&Denial>) {
    let text = |rule: &Denial| {
        let except = names(&rule.except);
        let except = if except.is_empty() { String::new() } else { format!(" except for {except}") };
        let unless = rule.unless_consent.as_ref().map(|purpose| format!(" unless people agree to {purpose}"));
        format!("never{except}{}", unless.unwrap_or_default())
    };
    let Some((old, new)) = alone(found, old, new, text, [&[], TELL]) else { return };
    let subject = new.subject();
    let texts = [names(&old.except), names(&new.except)];
    found.more_is_weaker(subject, "except", life::set(&old.except, &new.except), texts, TELL);
    let side = |rule: &Denial| rule.unless_consent.iter().cloned().collect::<BTreeSet<_>>();
    let texts = [names(side(old)), names(side(new))];
    found.more_is_weaker(subject, "unless consent", life::set(&side(old), &side(new)), texts, TELL);
    found.cited(subject, &old.clause, &new.clause);
}

// ---- devices

fn tracker(found: &mut Found, old: Option<&TrackerRule>, new: Option<&TrackerRule>) {
    let need = |rule: &TrackerRule| match &rule.need {
        TrackerNeed::Nothing { reason } => format!("without consent: {reason}"),
        TrackerNeed::Consent(purposes) => format!("by consent to {}", names(purposes)),
    };
    let lifetime = |rule: &TrackerRule| {
        rule.lifetime.as_ref().map_or_else(|| "until the browser is closed".to_owned(), words::duration)
    };
    let text = |rule: &TrackerRule| format!("{} ({}, {})", rule.title, need(rule), lifetime(rule));
    let on_new: &[Consequence] = match new.map(|rule| &rule.need) {
        Some(TrackerNeed::Consent(_)) => &[Consequence::TellPeople, Consequence::AskConsent],
        _ => TELL,
    };
    let Some((old, new)) = alone(found, old, new, text, [on_new, &[]]) else { return };
    let subject = new.subject();
    let by_consent = matches!(new.need, TrackerNeed::Consent(_));
    // Art. 5(3) ePrivacy: people agreed to this tracker for this long.
    let wider = if by_consent { ASK_AGAIN } else { TELL };
    found.same(subject, "title", &old.title, &new.title, wider);
    let party = |rule: &TrackerRule| rule.party.as_ref().map(ToString::to_string).unwrap_or_default();
    found.same(subject, "party", &party(old), &party(new), wider);
    match (&old.need, &new.need) {
        (TrackerNeed::Consent(before), TrackerNeed::Consent(after)) => {
            let weight = life::set(before, after).reversed();
            // Consent to one more purpose has yet to be asked for.
            let asked = [Consequence::AskConsent];
            if weight == Weight::Less {
                found.add(subject, Some("need"), ChangeKind::Stronger, [Some(need(old)), Some(need(new))], &asked);
            } else {
                found.more_is_weaker(subject, "need", weight, [need(old), need(new)], ASK_AGAIN);
            }
        }
        (TrackerNeed::Nothing { .. }, TrackerNeed::Consent(_)) => {
            let follows = [Consequence::TellPeople, Consequence::AskConsent];
            found.add(subject, Some("need"), ChangeKind::Stronger, [Some(need(old)), Some(need(new))], &follows);
        }
        (TrackerNeed::Consent(_), TrackerNeed::Nothing { .. }) => {
            found.more_is_weaker(subject, "need", Weight::More, [need(old), need(new)], TELL);
        }
        (TrackerNeed::Nothing { .. }, TrackerNeed::Nothing { .. }) => {
            found.same(subject, "reason of the exemption", &need(old), &need(new), TELL);
        }
    }
    let texts = [names(&old.techniques), names(&new.techniques)];
    found.more_is_weaker(subject, "techniques", life::list(&old.techniques, &new.techniques), texts, wider);
    found.flag(subject, "shares", [old.shares, new.shares], false);
    let weight = match (&old.lifetime, &new.lifetime) {
        (None, None) => Weight::Same,
        // A session's end comes when the browser is closed: sooner than any date that it would not outlast.
        (None, Some(_)) => Weight::More,
        (Some(_), None) => Weight::Less,
        (Some(old), Some(new)) => life::durations(old, new),
    };
    let kind = match weight {
        Weight::Same => None,
        Weight::Less => Some((ChangeKind::Shorter, &[][..])),
        Weight::More => Some((ChangeKind::Longer, wider)),
        Weight::Mixed => Some((ChangeKind::Different, wider)),
    };
    if let Some((kind, follows)) = kind {
        found.add(subject, Some("lifetime"), kind, [Some(lifetime(old)), Some(lifetime(new))], follows);
    }
    found.cited(subject, &old.clause, &new.clause);
}

fn signals(found: &mut Found, old: &Signals, new: &Signals) {
    let subject = Subject { part: Part::Signals, what: "signals", clause: new.clause.as_ref(), records: None };
    found.flag(subject, "gpc", [old.honours_gpc, new.honours_gpc], true);
    found.flag(subject, "dnt", [old.honours_dnt, new.honours_dnt], true);
    let clause = |side: &Signals| side.clause.as_ref().map(ToString::to_string).unwrap_or_default();
    found.same(subject, "clause", &clause(old), &clause(new), &[]);
}

// ---- what keeps and vouches

fn holds(found: &mut Found, old: &[HoldRule], new: &[HoldRule]) {
    let text = |rule: &HoldRule| {
        let grounds = names(&rule.grounds);
        let grounds = if grounds.is_empty() { "on any ground".to_owned() } else { format!("on {grounds}") };
        let on = rule.on.as_ref().map(|event| format!(", placed by {event}")).unwrap_or_default();
        let release = rule.release_on.as_ref().map(|event| format!(", released by {event}")).unwrap_or_default();
        let told = names(&rule.tell);
        let told = if told.is_empty() { told } else { format!(", told to {told}") };
        format!("{grounds}{on}{release}{told}, looked at again after {}", words::duration(&rule.review_after))
    };
    // Holds have no name of their own: what stands on both sides is the same hold.
    let mut add = |rule: &HoldRule, kind, texts| {
        let subject = rule.subject();
        found.add(subject, None, kind, texts, TELL);
    };
    let only = |these: &[HoldRule], those: &[HoldRule]| -> Vec<HoldRule> {
        let mut those: Vec<&HoldRule> = those.iter().collect();
        let mut only = Vec::new();
        for rule in these {
            match those.iter().position(|other| *other == rule) {
                Some(found) => drop(those.remove(found)),
                None => only.push(rule.clone()),
            }
        }
        only
    };
    for rule in only(old, new) {
        add(&rule, ChangeKind::Gone, [Some(text(&rule)), None]);
    }
    for rule in only(new, old) {
        add(&rule, ChangeKind::New, [None, Some(text(&rule))]);
    }
}

fn attestation(found: &mut Found, old: Option<&AttestationRule>, new: Option<&AttestationRule>) {
    let text = |rule: &AttestationRule| rule.statement.clone();
    let Some((old, new)) = alone(found, old, new, text, [&[], TELL]) else { return };
    let subject = new.subject();
    found.same(subject, "statement", &old.statement, &new.statement, TELL);
    found.same(subject, "evidence", &old.evidence, &new.evidence, &[]);
    let texts = [words::duration(&old.renew_every), words::duration(&new.renew_every)];
    found.more_is_weaker(subject, "renewed every", life::durations(&old.renew_every, &new.renew_every), texts, &[]);
    found.cited(subject, &old.clause, &new.clause);
}
