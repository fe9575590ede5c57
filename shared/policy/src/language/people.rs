//! Reads whom the service takes, who may speak for somebody else, and what is promised when data leaks.

use std::collections::BTreeMap;

use domain::{
    ids::{Ground, InvalidId, SystemId},
    policy::{AgeRule, AgentRule, BreachRule, Country, SystemKind},
    signal,
};

use super::{
    clauses::{Kind, read_head},
    facts::{AgeFacts, BreachFacts, Entry, StatedAge},
    purposes::declared,
    reader::{At, Table, parse_country},
    report::{Report, TableId},
    systems::Systems,
};

/// Oldest age that a rule may name: no law known here asks for more than 18.
const AGE_YEARS_MAX: i64 = 21;

pub(super) fn read_age(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<Entry<AgeRule, AgeFacts>> {
    let mut table = top.table(report, "age", "[age]")?;
    let id = read_head(report, &mut table, Kind::Age, true);
    report.call(id, "age");
    let refuse_below = years(report, &mut table, "refuse_below");
    let guardian_below = years(report, &mut table, "guardian_below");
    let guardian_below_in = read_guardians_in(report, &mut table);
    let stated = read_stated_ages(report, &mut table, id);
    let span = table.span.clone();
    if !["refuse_below", "guardian_below", "guardian_below_in"].iter().any(|key| table.has(key)) {
        let hint = "write refuse_below, guardian_below or both; or take [age] away";
        report.error("POLICY-MISSING-KEY", &span, "[age] says nothing", hint);
    }
    let everywhere = guardian_below.map(|guardian| (guardian, table.span_of("guardian_below")));
    for (guardian, place) in everywhere.into_iter().chain(guardian_below_in.values().cloned()) {
        if let Some(refuse) = refuse_below.filter(|refuse| *refuse >= guardian) {
            report.error(
                "POLICY-AGE-OVERLAP",
                &place,
                format!("everyone below {guardian} is already refused below {refuse}"),
                "the guardian's age is the higher one: mend it, or take one of them away",
            );
        }
    }
    table.finish(report);
    report.about(None);
    let guardian_below_in = guardian_below_in.into_iter().map(|(country, (years, _))| (country, years)).collect();
    let rule = report.clause_of(id).map(|clause| AgeRule { refuse_below, guardian_below, guardian_below_in, clause });
    Some(Entry { table: id, span, rule, facts: AgeFacts { stated } })
}

fn years(report: &mut Report<'_>, table: &mut Table<'_, '_>, key: &'static str) -> Option<u8> {
    let at = table.number(report, key)?;
    age(report, key, &at)
}

fn age(report: &mut Report<'_>, key: &str, at: &At<i64>) -> Option<u8> {
    let years = u8::try_from(at.value).ok().filter(|_| (1..=AGE_YEARS_MAX).contains(&at.value));
    if years.is_none() {
        let message = format!("`{key}` is no age: {}", at.value);
        report.error("POLICY-BAD-AGE", &at.span, message, format!("write 1 to {AGE_YEARS_MAX} years"));
    }
    years
}

fn read_guardians_in(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
) -> BTreeMap<Country, (u8, std::ops::Range<usize>)> {
    let Some(entries) = table.table(report, "guardian_below_in", "guardian_below_in = { FR = 15 }") else {
        return BTreeMap::new();
    };
    let mut ages = BTreeMap::new();
    for key in entries.keys() {
        let Some(country) = parse_country(report, &key) else { continue };
        let Some(at) = entries.number_at(report, &key.value) else { continue };
        if let Some(years) = age(report, &key.value, &at) {
            ages.insert(country.value, (years, at.span));
        }
    }
    ages
}

fn read_stated_ages(report: &mut Report<'_>, table: &mut Table<'_, '_>, id: TableId) -> Vec<StatedAge> {
    let mut stated = Vec::new();
    for mut entry in table.tables(report, "stated", "stated = [{ refuse_below = 16, clause = \"…\" }]") {
        let refuse_below = years(report, &mut entry, "refuse_below");
        let guardian_below = years(report, &mut entry, "guardian_below");
        let clause = entry.cited(report, id);
        let span = entry.span.clone();
        if !entry.has("refuse_below") && !entry.has("guardian_below") {
            let hint = "write refuse_below or guardian_below, as the clause says it";
            entry.missing(report, "POLICY-MISSING-KEY", "refuse_below", hint);
        }
        entry.finish(report);
        stated.push(StatedAge { refuse_below, guardian_below, clause: clause.or_else(|| report.clause_of(id)), span });
    }
    stated
}

pub(super) fn read_agents(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<Entry<AgentRule, ()>> {
    let mut table = top.table(report, "agents", "[agents]")?;
    let id = read_head(report, &mut table, Kind::Agents, true);
    report.call(id, "agents");
    if !table.has("proofs") {
        let hint = "name what an agent brings: proofs = [\"signed-permission\", \"power-of-attorney\"]";
        table.missing(report, "POLICY-MISSING-KEY", "proofs", hint);
    }
    let proofs = table.names_at(report, "proofs", Ground::parse);
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    let rule = report
        .clause_of(id)
        .map(|clause| AgentRule { proofs: proofs.into_iter().map(|at| at.value).collect(), clause });
    Some(Entry { table: id, span, rule, facts: () })
}

pub(super) fn read_breach(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    systems: &Systems,
) -> Option<Entry<BreachRule, BreachFacts>> {
    let mut table = top.table(report, "breach", "[breach]")?;
    let id = read_head(report, &mut table, Kind::Breach, true);
    report.call(id, "breach");
    let tell_of_attempts = table.flag(report, "tell_of_attempts").is_some_and(|at| at.value);
    let website_alert = table.flag(report, "website_alert").is_some_and(|at| at.value);
    let channel = read_channel(report, &mut table, systems);
    let within = table.duration(report, "within", false);
    let named = table.has("within");
    let resources = table.names_at(report, "resources", |text| {
        if signal::is_resource(text) { Ok(text.to_owned()) } else { Err(InvalidId::Resource) }
    });
    let resources = resources.into_iter().map(|at| at.value).collect();
    let facts = BreachFacts { tell_of_attempts: table.span_of("tell_of_attempts"), within: named };
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    let within = within.map(|at| at.value.fieldwise());
    let rule = report.clause_of(id).map(|clause| BreachRule {
        tell_of_attempts,
        website_alert,
        within,
        resources,
        channel,
        clause,
    });
    Some(Entry { table: id, span, rule, facts })
}

/// The system that tells people: it is called with what they are known by, so that it must be a webhook.
fn read_channel(report: &mut Report<'_>, table: &mut Table<'_, '_>, systems: &Systems) -> Option<SystemId> {
    const CODE: &str = "POLICY-UNKNOWN-SYSTEM";
    let at = table.maybe_name(report, "channel", SystemId::parse)?;
    let At { value, span } = declared(report, "system", CODE, at, systems)?;
    let rule = systems.get(&value).and_then(|entry| entry.rule.as_ref());
    if rule.is_some_and(|rule| !matches!(rule.kind, SystemKind::Webhook { .. })) {
        let message = format!("the system {value} reads a queue, and a channel is called");
        report.error(CODE, &span, message, "name a system that has a webhook".to_owned());
        return None;
    }
    Some(value)
}
