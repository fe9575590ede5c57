#![doc = include_str!("reference.md")]

mod clauses;
mod controller;
pub(crate) mod facts;
mod finding;
mod holds;
mod marks;
mod notice;
mod people;
mod purposes;
mod reader;
mod recipients;
mod report;
mod retention;
mod rights;
mod systems;
mod trackers;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{AttestationId, Category, ControllerId, Purpose},
    policy::{AttestationRule, BreachRule, Clause, HoldRule, Policy, PolicyHash, Regime},
};
use jiff::{civil::Date, tz::TimeZone};
use toml::de::DeTable;

use clauses::{Kind, read_head};
pub use clauses::{Tie, TieKind};
use facts::{Document, Entries, Entry};
pub use finding::{By, Finding, Level, Status, render};
use notice::ReadNotice;
use reader::Table;
pub(crate) use report::{Report, TableId};

/// Longest policy file accepted.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// The version of the language.
const SCHEMA: i64 = 1;

/// A policy file that was read.
#[derive(Debug)]
pub struct Parsed {
    /// What the functions obey. Its hash is that of its compiled form.
    pub policy: Policy,
    /// What was found, in the order of the file: nothing among it blocks.
    pub findings: Vec<Finding>,
    /// Every clause that the file names, in its order, with what makes it true. A clause can have more than one tie.
    pub ties: Vec<Tie>,
    /// What readers need and functions do not.
    pub texts: Texts,
}

/// What stands in a policy file for its readers only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Where the notice is published.
    pub notice_url: Option<String>,
    /// Why a category is kept for a purpose without an end, a maximum or a cap.
    pub retention_reasons: BTreeMap<(Category, Purpose), String>,
}

/// Reads a policy file.
///
/// `file_name` is only repeated in the findings. `today` is the day on which review dates are judged;
/// without it none has passed. No input makes it panic.
///
/// # Errors
/// All findings, if at least one of them [blocks](Finding::blocks).
pub fn parse(file_name: &str, text: &str, today: Option<Date>) -> Result<Parsed, Vec<Finding>> {
    let mut report = Report::new(file_name, text);
    let read = read(&mut report, text);
    let (findings, ties) = report.finish(today);
    match read {
        Some((policy, texts)) if !findings.iter().any(Finding::blocks) => Ok(Parsed { policy, findings, ties, texts }),
        _ => Err(findings),
    }
}

fn read(report: &mut Report<'_>, text: &str) -> Option<(Policy, Texts)> {
    if text.len() > POLICY_BYTES_MAX {
        let message = format!("the file has {} bytes", text.len());
        report.error("POLICY-TOO-LARGE", &(0..0), message, format!("at most {POLICY_BYTES_MAX} bytes"));
        return None;
    }
    let (root, mistakes) = DeTable::parse_recoverable(text);
    let mut last_line = 0;
    for mistake in &mistakes {
        let span = mistake.span().unwrap_or(0..0);
        // The parser's later errors of a line follow from its first.
        let (line, _) = report.place(span.start);
        if line == last_line {
            continue;
        }
        last_line = line;
        if mistake.message().contains("duplicate key") {
            report.error("POLICY-DUPLICATE", &span, "this key stands twice in its table", "keep one of them");
        } else {
            report.error("POLICY-SYNTAX", &span, mistake.message(), "see toml.io for the syntax of TOML 1.1");
        }
    }
    if !mistakes.is_empty() {
        // What stands behind a syntax error is guesswork: report no mistakes of its meaning.
        return None;
    }
    read_tables(report, Table::new(root.get_ref(), "the file", 0..0))
}

fn read_tables(report: &mut Report<'_>, mut top: Table<'_, '_>) -> Option<(Policy, Texts)> {
    let top = &mut top;
    let top_id = read_head(report, top, Kind::Top, false);
    report.call(top_id, "the controller");
    report.about(None);
    match top.number(report, "schema") {
        Some(schema) if schema.value != SCHEMA => report.error(
            "POLICY-SCHEMA",
            &schema.span,
            format!("schema {} is not known", schema.value),
            format!("this version reads schema = {SCHEMA}"),
        ),
        None if !top.has("schema") => top.missing(report, "POLICY-SCHEMA", "schema", "write schema = 1"),
        _ => {}
    }
    let controller = top.name(report, "controller", ControllerId::parse);
    let name = top.need_text(report, "name", "write the controller's name for people");
    let regimes = controller::read_regimes(report, top);
    let time_zone = controller::read_time_zone(report, top);
    let contact = controller::read_contact(report, top);
    let establishment = controller::read_establishment(report, top);
    let is_sandbox = top.flag(report, "sandbox").is_some_and(|at| at.value);
    let office = controller::read_office(report, top);
    let authority = controller::read_authority(report, top);
    let roles = controller::read_roles(report, top);
    let notice = notice::read_notice(report, top);
    let notice_change = notice::read_notice_change(report, top);

    let purposes = purposes::read_purposes(report, top);
    let categories = purposes::read_categories(report, top, &purposes);
    purposes::check_references(report, &purposes, &categories);
    let (retention, kept) = retention::read_retention(report, top, &purposes, &categories);
    let systems = systems::read_systems(report, top, &categories);
    let replicas = systems::read_replicas(report, top);
    let accounts = systems::read_accounts(report, top);
    let rights = rights::read_rights(report, top, accounts.is_some());
    rights::check_offers(report, &rights);
    let age = people::read_age(report, top);
    let agents = people::read_agents(report, top);
    let breach = people::read_breach(report, top, &systems);
    let recipients = recipients::read_recipients(report, top, &purposes, &categories);
    let recipients_default = recipients::read_recipients_default(report, top);
    let transfer = recipients::read_transfer(report, top);
    let denials = recipients::read_denials(report, top, &purposes);
    let trackers = trackers::read_trackers(report, top, &purposes, &recipients);
    let signals = trackers::read_signals(report, top, regimes.as_deref().unwrap_or_default());
    let holds = holds::read_holds(report, top, &systems);
    systems::check_uses(report, &systems, breach.as_ref(), &holds);
    let attestations = holds::read_attestations(report, top);
    holds::read_without_effect(report, top);
    report.about(None);
    let notice_url = notice.as_ref().and_then(|notice| notice.url.clone());
    let (notice, accepted_notices, notice_facts) = match notice {
        Some(ReadNotice { notice, accepted, facts, .. }) => (notice, accepted, facts),
        None => (None, Vec::new(), None),
    };
    top.finish_here(report);
    clauses::check_standings(report);

    let document = Document {
        regimes: regimes.clone().unwrap_or_default(),
        controller: controller.as_ref().map_or(0..0, |at| at.span.clone()),
        contact,
        establishment,
        says_establishment: top.has("establishment"),
        is_sandbox,
        office,
        authority,
        roles,
        notice: notice_facts,
        notice_change,
        purposes,
        categories,
        retention,
        kept,
        systems,
        replicas,
        accounts,
        rights,
        age,
        agents,
        breach,
        recipients,
        recipients_default,
        transfer,
        denials,
        trackers,
        signals,
        holds,
    };
    crate::lints::judge(&document, report);

    let texts = Texts { notice_url, retention_reasons: reasons(&document) };
    let head = Head {
        controller: controller?.value,
        name: name?.value,
        regimes: regimes?,
        time_zone: time_zone?,
        notice: notice?,
        accepted_notices,
    };
    let mut policy = build(head, document, attestations)?;
    // A zone that was found by its name has one.
    policy.hash = crate::compile(&policy).ok()?.hash().clone();
    Some((policy, texts))
}

/// What a policy begins with.
struct Head {
    controller: ControllerId,
    name: String,
    regimes: Vec<Regime>,
    time_zone: TimeZone,
    notice: domain::policy::Notice,
    accepted_notices: Vec<String>,
}

fn build(
    head: Head,
    document: Document,
    attestations: BTreeMap<AttestationId, Entry<AttestationRule, ()>>,
) -> Option<Policy> {
    let breach = match document.breach {
        Some(entry) => entry.rule?,
        None => law_on_breaches(&head.regimes),
    };
    // Lists without names have one order, whatever the file's.
    let mut roles = rules(document.roles);
    roles.sort_by(|a, b| (&a.service, a.role).cmp(&(&b.service, b.role)));
    let mut holds = rules(document.holds);
    holds.sort_by(|a, b| {
        let key = |hold: &HoldRule| (hold.reason.as_str(), hold.on.clone(), hold.grounds.clone(), hold.clause.clone());
        key(a).cmp(&key(b))
    });
    let mut office = document.office.and_then(|entry| entry.rule).unwrap_or_default();
    office.authority = document.authority.and_then(|entry| entry.rule);
    Some(Policy {
        controller: head.controller,
        name: head.name,
        hash: PolicyHash::from_hex(""),
        regimes: head.regimes,
        time_zone: head.time_zone,
        contact_mail: document.contact?.value,
        establishment: document.establishment.map(|at| at.value),
        is_sandbox: document.is_sandbox,
        office,
        systems: whole(document.systems),
        replicas: whole(document.replicas),
        accounts: document.accounts.and_then(|entry| entry.rule),
        roles,
        notice: head.notice,
        accepted_notices: head.accepted_notices,
        purposes: whole(document.purposes),
        categories: whole(document.categories),
        retention: whole(document.retention),
        rights: whole(document.rights),
        age: document.age.and_then(|entry| entry.rule),
        agents: document.agents.and_then(|entry| entry.rule),
        breach,
        recipients: whole(document.recipients),
        recipients_clause: document.recipients_default.filter(|entry| entry.facts.closed).and_then(|entry| entry.rule),
        transfer: document.transfer.and_then(|entry| entry.rule),
        denials: recipients::widest_denials(document.denials),
        trackers: whole(document.trackers),
        signals: document.signals.and_then(|entry| entry.rule).unwrap_or_default(),
        holds,
        notice_change: document.notice_change.and_then(|entry| entry.rule),
        attestations: whole(attestations),
    })
}

fn whole<K: Ord, R, F>(entries: Entries<K, R, F>) -> BTreeMap<K, R> {
    entries.into_iter().filter_map(|(key, entry)| Some((key, entry.rule?))).collect()
}

fn rules<R, F>(entries: Vec<Entry<R, F>>) -> Vec<R> {
    entries.into_iter().filter_map(|entry| entry.rule).collect()
}

/// What the law asks for where the text promises nothing.
fn law_on_breaches(regimes: &[Regime]) -> BreachRule {
    let clause = Clause::new(match regimes.first() {
        Some(Regime::UkGdpr) => "UK GDPR Art. 33 and 34",
        Some(Regime::UsCa) => "Cal. Civ. Code 1798.82",
        Some(Regime::EuGdpr) | None => "GDPR Art. 33 and 34",
        Some(_) => "the law's own duty to tell of breaches",
    });
    BreachRule {
        tell_of_attempts: false,
        website_alert: false,
        within: None,
        resources: BTreeSet::new(),
        channel: None,
        clause,
    }
}

fn reasons(document: &Document) -> BTreeMap<(Category, Purpose), String> {
    let reason = |facts: &facts::RetentionFacts| facts.period.reason.clone();
    document.retention.iter().filter_map(|(key, entry)| Some((key.clone(), reason(&entry.facts)?))).collect()
}

fn insert<K: Ord, R, F>(
    report: &mut Report<'_>,
    entries: &mut Entries<K, R, F>,
    key: K,
    label: &str,
    entry: Entry<R, F>,
) {
    if let Some(first) = entries.get(&key) {
        let (line, _) = report.place(first.span.start);
        report.error(
            "POLICY-DUPLICATE",
            &entry.span,
            format!("{label} stands twice"),
            format!("the first one is in line {line}: keep one of them"),
        );
    } else {
        entries.insert(key, entry);
    }
}
