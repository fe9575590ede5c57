//! Reads the controller's own systems, the copies of its files, and whose tokens show that somebody holds an account.

use std::collections::BTreeSet;

use domain::{
    dsar::RequestType,
    ids::{BucketName, RegionName, SystemId},
    policy::{AccountRule, BreachRule, HoldRule, Replica, SystemKind, SystemRule},
};

use super::{
    clauses::{Kind, read_head},
    facts::{AddressFacts, BreachFacts, Entries, Entry, HoldFacts, SystemFacts},
    insert,
    purposes::Categories,
    reader::{At, Table, parse_word},
    recipients::read_categories_of,
    report::Report,
};
use crate::address::{Address, Purpose};

/// Most systems that one controller's requests go out to: each is a task of every request.
const SYSTEMS_MAX: usize = 32;

/// Most copies of the files: each deletion is made again in each.
const REPLICAS_MAX: usize = 8;

/// The systems of a file.
pub(super) type Systems = Entries<SystemId, SystemRule, SystemFacts>;

pub(super) fn read_systems(report: &mut Report<'_>, top: &mut Table<'_, '_>, categories: &Categories) -> Systems {
    let mut systems = Systems::new();
    let tables = top.tables(report, "system", "[[system]]");
    if let Some(beyond) = tables.get(SYSTEMS_MAX) {
        let message = format!("{} systems are too many", tables.len());
        let hint = format!("name at most {SYSTEMS_MAX}: let one system of yours pass the request on to the others");
        report.error("POLICY-TOO-MANY", &beyond.span, message, hint);
    }
    for mut table in tables {
        let table_id = read_head(report, &mut table, Kind::System, true);
        let id = table.name(report, "id", SystemId::parse);
        if let Some(id) = &id {
            report.call(table_id, format!("system {}", id.value));
        }
        let title = table.need_text(report, "title", "write what the office reads about it");
        let (kind, address) = read_kind(report, &mut table);
        let kept = read_categories_of(report, &mut table, categories);
        let requests = read_requests(report, &mut table);
        let unasked = table.is_empty_list("requests").then(|| table.span_of("requests"));
        let facts = SystemFacts { address, unasked };
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let read = title.zip(kind).zip(requests).zip(report.clause_of(table_id));
            let rule = read.map(|(((title, kind), requests), clause)| SystemRule {
                id: id.clone(),
                title: title.value,
                kind,
                categories: kept.into_iter().map(|at| at.value).collect(),
                requests,
                clause,
            });
            let label = id.to_string();
            insert(report, &mut systems, id, &label, Entry { table: table_id, span, rule, facts });
        }
    }
    report.about(None);
    systems
}

/// A system that is asked about no request is there to be told something, or for nothing.
pub(super) fn check_uses(
    report: &mut Report<'_>,
    systems: &Systems,
    breach: Option<&Entry<BreachRule, BreachFacts>>,
    holds: &[Entry<HoldRule, HoldFacts>],
) {
    let channel = breach.and_then(|entry| entry.rule.as_ref()?.channel.as_ref());
    let told = |id| {
        channel == Some(id) || holds.iter().filter_map(|hold| hold.rule.as_ref()).any(|hold| hold.tell.contains(id))
    };
    for (id, entry) in systems {
        if let Some(span) = entry.facts.unasked.as_ref()
            && !told(id)
        {
            let hint = "leave it out for all of them, tell the system of holds (`tell`), or take it away";
            report.error("POLICY-MISSING-KEY", span, "`requests` names no request", hint);
        }
    }
}

/// The buckets that the controller's files are copied to.
pub(super) fn read_replicas(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Entries<BucketName, Replica, ()> {
    let mut replicas = Entries::new();
    let tables = top.tables(report, "replica", "[[replica]]");
    if let Some(beyond) = tables.get(REPLICAS_MAX) {
        let message = format!("{} copies are too many", tables.len());
        report.error("POLICY-TOO-MANY", &beyond.span, message, format!("name at most {REPLICAS_MAX}"));
    }
    for mut table in tables {
        let table_id = read_head(report, &mut table, Kind::Replica, true);
        let bucket = table.name(report, "bucket", BucketName::parse);
        if let Some(bucket) = &bucket {
            report.call(table_id, format!("replica {}", bucket.value));
        }
        let region = table.maybe_name(report, "region", RegionName::parse);
        table.finish(report);
        if let Some(At { value: bucket, span }) = bucket {
            let region = region.map(|at| at.value);
            let rule = report.clause_of(table_id).map(|clause| Replica { bucket: bucket.clone(), region, clause });
            let label = bucket.to_string();
            insert(report, &mut replicas, bucket, &label, Entry { table: table_id, span, rule, facts: () });
        }
    }
    report.about(None);
    replicas
}

/// An address, and where it stands if it leads back to the machine itself.
fn read_address(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
    key: &'static str,
    purpose: Purpose,
) -> Option<(String, AddressFacts)> {
    let text = table.text(report, key)?;
    match Address::parse(&text.value, purpose) {
        Ok(address) => Some((text.value, AddressFacts { local: address.is_local.then_some(text.span) })),
        Err(invalid) => {
            // Not repeated: a password may stand in it, and findings go to logs.
            let message = format!("`{key}` is no address that may be called");
            report.error("POLICY-BAD-ADDRESS", &text.span, message, invalid.to_string());
            None
        }
    }
}

fn read_kind(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> (Option<SystemKind>, AddressFacts) {
    let webhook = read_address(report, table, "webhook", Purpose::Webhook);
    let queue = read_address(report, table, "queue", Purpose::Queue);
    match (table.has("webhook"), table.has("queue")) {
        (true, true) => {
            let message = "a system is asked in one way: by `webhook` or by `queue`";
            report.error("POLICY-CONTRADICTION", &table.span_of("queue"), message, "keep one of the two");
        }
        (false, false) => {
            let hint = "write webhook = \"https://…\", or queue = \"https://sqs.…\"";
            table.missing(report, "POLICY-MISSING-KEY", "webhook", hint);
        }
        _ => {}
    }
    match (webhook, queue) {
        (Some((url, facts)), None) => (Some(SystemKind::Webhook { url }), facts),
        (None, Some((url, facts))) => (Some(SystemKind::Queue { url }), facts),
        _ => (None, AddressFacts::default()),
    }
}

/// `None`: one of them could not be read, and so nobody knows what was meant.
fn read_requests(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Option<BTreeSet<RequestType>> {
    let words = SystemRule::REQUESTS.map(RequestType::as_str);
    let parse = |text: &str| RequestType::parse(text).filter(|request| SystemRule::REQUESTS.contains(request));
    if !table.has("requests") {
        // Asked for all the same, so that the table knows the key.
        let _ = table.texts(report, "requests");
        return Some(SystemRule::REQUESTS.into());
    }
    let texts = table.texts(report, "requests")?;
    let mut requests = Vec::new();
    for text in &texts.value {
        requests.push(parse_word(report, "requests", text, "POLICY-UNKNOWN-REQUEST", &words, parse));
    }
    requests.into_iter().map(|request| request.map(|at| at.value)).collect()
}

pub(super) fn read_accounts(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
) -> Option<Entry<AccountRule, AddressFacts>> {
    let mut table = top.table(report, "accounts", "[accounts]")?;
    let id = read_head(report, &mut table, Kind::Accounts, false);
    report.call(id, "accounts");
    if !table.has("issuer") {
        let hint = "write the issuer of your tokens: issuer = \"https://login.example.com\"";
        table.missing(report, "POLICY-MISSING-KEY", "issuer", hint);
    }
    let issuer = read_address(report, &mut table, "issuer", Purpose::Issuer);
    let audience = table.need_text(report, "audience", "write what your tokens name as their audience (`aud`)");
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    let (issuer, facts) = issuer.map_or_else(|| (None, AddressFacts::default()), |(url, facts)| (Some(url), facts));
    let rule = issuer.zip(audience).map(|(issuer, audience)| AccountRule { issuer, audience: audience.value });
    Some(Entry { table: id, span, rule, facts })
}
