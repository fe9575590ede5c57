//! Reads the rules on how long what is kept.

use std::collections::BTreeSet;

use domain::{
    ids::{Category, EventName, Purpose},
    policy::{Action, ErasureExemption, Period, RetentionRule, Switch},
};
use jiff::Span;

use super::{
    clauses::{Kind, read_head},
    facts::{Entries, Entry, PeriodFacts, RetentionFacts, StatedPeriod},
    insert,
    purposes::{Categories, Purposes, declared},
    reader::{At, Table, parse_word},
    report::{Report, TableId},
};

/// The retention rules of a file.
pub(super) type Retention = Entries<(Category, Purpose), RetentionRule, RetentionFacts>;

/// The keys of a period, as a rule and its switch both have them.
#[derive(Debug)]
struct PeriodKeys {
    mode: Option<At<String>>,
    duration: Option<At<Span>>,
    renew_on: Option<At<Vec<EventName>>>,
    events: Option<At<Vec<EventName>>>,
    grace: Option<At<Span>>,
    max: Option<At<Span>>,
    reason: Option<At<String>>,
    stated: Option<At<StatedPeriod>>,
}

impl PeriodKeys {
    fn read(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Self {
        Self {
            mode: table.text(report, "mode"),
            duration: table.duration(report, "duration", false),
            renew_on: table.names(report, "renew_on", EventName::parse),
            events: table.names(report, "events", EventName::parse),
            grace: table.duration(report, "grace", true),
            max: table.duration(report, "max", false),
            reason: table.text(report, "reason"),
            stated: table.text(report, "stated").map(|at| {
                at.map(|text| match text.as_str() {
                    "indefinite" => StatedPeriod::Indefinite,
                    "nothing" => StatedPeriod::Nothing,
                    "criteria" => StatedPeriod::Criteria,
                    _ => StatedPeriod::Words(text),
                })
            }),
        }
    }

    fn facts(&self, id: TableId, table: &Table<'_, '_>) -> PeriodFacts {
        PeriodFacts {
            table: id,
            mode: self.mode.as_ref().map_or_else(|| table.span.clone(), |at| at.span.clone()),
            events: table.span_of("events"),
            grace: table.has("grace"),
            reason: self.reason.as_ref().map(|at| at.value.clone()),
            stated: self.stated.clone(),
        }
    }

    /// Makes the period, or reports why there is none.
    fn period(self, report: &mut Report<'_>, table: &Table<'_, '_>) -> Option<Period> {
        const MODES: [&str; 4] = ["fixed", "sliding", "until-event", "indefinite"];
        let Some(mode) = &self.mode else {
            if !table.has("mode") {
                let hint = format!("write mode = one of {}", MODES.join(", "));
                table.missing(report, "POLICY-NO-PERIOD", "mode", &hint);
            }
            return None;
        };
        let (needs, also): (&[&str], &[&str]) = match mode.value.as_str() {
            "fixed" => (&["duration"], &[]),
            "sliding" => (&["duration", "renew_on"], &["max"]),
            "until-event" => (&["events"], &["grace", "max"]),
            "indefinite" => (&[], &[]),
            _ => {
                parse_word(report, "mode", mode, "POLICY-UNKNOWN-MODE", &MODES, |_| None::<()>);
                return None;
            }
        };
        for key in ["duration", "renew_on", "events", "grace", "max"] {
            if table.has(key) && !needs.contains(&key) && !also.contains(&key) {
                report.error(
                    "POLICY-CONTRADICTION",
                    &table.span_of(key),
                    format!("`{key}` means nothing in mode {}", mode.value),
                    "take it away, or choose the mode that was meant",
                );
            }
            if needs.contains(&key) && !table.has(key) {
                let hint = match key {
                    "duration" => "say how long: duration = \"P100D\"",
                    "renew_on" => "name the events that renew it: renew_on = [\"website.visit\"]",
                    _ => "name the events that end it: events = [\"contract.ended\"]",
                };
                report.error("POLICY-NO-PERIOD", &mode.span, format!("mode {} has no `{key}`", mode.value), hint);
            }
        }
        let mut without_event = false;
        for (key, list) in [("renew_on", &self.renew_on), ("events", &self.events)] {
            if let Some(list) = list
                && list.value.is_empty()
                && needs.contains(&key)
            {
                report.error("POLICY-NO-PERIOD", &list.span, format!("`{key}` names no event"), "name at least one");
                without_event = true;
            }
        }
        if without_event {
            return None;
        }
        let max = self.max.map(|max| max.value.fieldwise());
        Some(match mode.value.as_str() {
            "fixed" => Period::Fixed { duration: self.duration?.value.fieldwise() },
            "sliding" => {
                Period::Sliding { duration: self.duration?.value.fieldwise(), renew_on: self.renew_on?.value, max }
            }
            "until-event" => Period::UntilEvent {
                events: self.events?.value,
                grace: self.grace.map_or_else(Span::new, |grace| grace.value).fieldwise(),
                max,
            },
            _ => Period::Indefinite,
        })
    }
}

/// The rules, and every category for which one was begun.
pub(super) fn read_retention(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    purposes: &Purposes,
    categories: &Categories,
) -> (Retention, BTreeSet<Category>) {
    let mut rules = Retention::new();
    let mut kept = BTreeSet::new();
    for mut table in top.tables(report, "retention", "[[retention]]") {
        let id = read_head(report, &mut table, Kind::Retention, true);
        let category = table
            .name(report, "category", Category::parse)
            .and_then(|at| declared(report, "category", "POLICY-UNKNOWN-CATEGORY", at, categories));
        kept.extend(category.as_ref().map(|at| at.value.clone()));
        let purpose = table
            .name(report, "purpose", Purpose::parse)
            .and_then(|at| declared(report, "purpose", "POLICY-UNKNOWN-PURPOSE", at, purposes));
        let label = category.as_ref().zip(purpose.as_ref()).map(|(c, p)| format!("{} for {}", c.value, p.value));
        let label = label.unwrap_or_default();
        report.call(id, format!("retention {label}"));
        let keys = PeriodKeys::read(report, &mut table);
        let period_facts = keys.facts(id, &table);
        let period = keys.period(report, &table);
        let actions = Action::ALL.map(Action::as_str);
        let action = table.word(report, "action", "POLICY-UNKNOWN-ACTION", &actions, Action::parse);
        let statutory = table.text(report, "statutory");
        let (switch_facts, switch) = read_switch(report, &mut table, &label).unzip();
        report.about(report.clause_of(id));
        let exemption = read_exemption(report, &mut table, &label);
        report.about(report.clause_of(id));
        let lifecycle = read_lifecycle(report, &mut table);
        let span = table.span_of("category");
        let facts =
            RetentionFacts { period: period_facts, switch: switch_facts, action: table.span_of("action"), statutory };
        table.finish(report);

        let (Some(category), Some(purpose)) = (category, purpose) else {
            continue;
        };
        let (category, purpose) = (category.value, purpose.value);
        let key = (category.clone(), purpose.clone());
        let rule = period.zip(report.clause_of(id)).map(|(period, clause)| {
            let action = action.map_or(Action::Delete, |at| at.value);
            let switch = switch.flatten();
            RetentionRule { category, purpose, period, switch, action, exemption, lifecycle, clause }
        });
        insert(report, &mut rules, key, &label, Entry { table: id, span, rule, facts });
    }
    report.about(None);
    (rules, kept)
}

/// Whether S3 may delete the objects by itself. It counts days from an object's making and knows neither events nor
/// laws, so what depends on either is left to the sweep.
fn read_lifecycle(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> bool {
    let Some(lifecycle) = table.flag(report, "lifecycle") else { return false };
    let against = [
        ("renew_on", "events renew it"),
        ("events", "events end it"),
        ("switch", "an event changes it"),
        ("statutory", "a statute has it kept, and S3 deletes some days early"),
        ("exempt_from_erasure", "a law has it kept, and S3 deletes some days early"),
    ];
    let reason = against.into_iter().find(|(key, _)| table.has(key)).map(|(_, reason)| reason);
    if lifecycle.value
        && let Some(reason) = reason.or_else(|| (!table.has("duration")).then_some("it has no fixed length"))
    {
        report.error(
            "POLICY-CONTRADICTION",
            &lifecycle.span,
            format!("no rule of a bucket can keep this: {reason}"),
            "take `lifecycle` away: the sweep keeps it",
        );
    }
    lifecycle.value
}

fn read_switch(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
    label: &str,
) -> Option<(PeriodFacts, Option<Switch>)> {
    let mut table = table.table(report, "switch", "[retention.switch]")?;
    let id = read_head(report, &mut table, Kind::Switch, true);
    report.call(id, format!("retention {label}, after the switch"));
    let on = table.name(report, "on", EventName::parse);
    let keys = PeriodKeys::read(report, &mut table);
    let facts = keys.facts(id, &table);
    let then = keys.period(report, &table);
    table.finish(report);
    let switch = on.zip(then).zip(report.clause_of(id));
    Some((facts, switch.map(|((on, then), clause)| Switch { on: on.value, then, clause })))
}

fn read_exemption(report: &mut Report<'_>, table: &mut Table<'_, '_>, label: &str) -> Option<ErasureExemption> {
    let mut table = table.table(report, "exempt_from_erasure", "[retention.exempt_from_erasure]")?;
    let id = read_head(report, &mut table, Kind::Exemption, true);
    report.call(id, format!("retention {label}, exempt from erasure"));
    let reason = table.need_text(report, "reason", "write what the person is told");
    let article = table.need_text(report, "article", "name the law: article = \"GDPR Art. 17(3)(b)\"");
    table.finish(report);
    Some(ErasureExemption { reason: reason?.value, article: article?.value, clause: report.clause_of(id)? })
}
