//! Reads and judges the rules on how long what is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use domain::{
    ids::{Category, EventName, Purpose},
    policy::{Action, CategoryRule, ErasureExemption, LawfulBasis, Period, PurposeRule, RetentionRule, Switch},
    retention::CONSENT_WITHDRAWN,
};
use jiff::Span;

use super::{
    Named,
    finding::Report,
    insert,
    open_points::OpenPoints,
    reader::{At, Table, nearest, parse_word},
};

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
            "sliding" => (&["duration", "renew_on"], &[]),
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
        for (key, list) in [("renew_on", &self.renew_on), ("events", &self.events)] {
            if let Some(list) = list
                && list.value.is_empty()
                && needs.contains(&key)
            {
                report.error("POLICY-NO-PERIOD", &list.span, format!("`{key}` names no event"), "name at least one");
            }
        }
        self.judge(report, mode);
        Some(match mode.value.as_str() {
            "fixed" => Period::Fixed { duration: self.duration?.value.fieldwise() },
            "sliding" => Period::Sliding {
                duration: self.duration?.value.fieldwise(),
                renew_on: self.renew_on?.value,
                max: None,
            },
            "until-event" => Period::UntilEvent {
                events: self.events?.value,
                grace: self.grace.map_or_else(Span::new, |grace| grace.value).fieldwise(),
                max: self.max.map(|max| max.value.fieldwise()),
            },
            _ => Period::Indefinite,
        })
    }

    /// Warns of periods that have no certain end.
    fn judge(&self, report: &mut Report<'_>, mode: &At<String>) {
        match mode.value.as_str() {
            "indefinite" if self.reason.is_none() => report.error(
                "RET-INDEFINITE",
                &mode.span,
                "kept for ever without a reason",
                "give it a period, or state the reason: reason = \"…\" (GDPR Art. 5(1)(e))",
            ),
            "indefinite" => report.warn(
                "RET-INDEFINITE",
                &mode.span,
                "kept for ever: only an erasure request or an agent ends it",
                "agree with the controller on a period (GDPR Art. 5(1)(e))",
            ),
            "until-event" if self.max.is_none() && self.reason.is_none() => report.warn(
                "RET-NO-MAX",
                &mode.span,
                "the event that ends this may never come, and then it is kept for ever",
                "declare a maximum: max = \"P3Y\", or state why there is none: reason = \"…\"",
            ),
            "sliding" if self.reason.is_none() => report.warn(
                "RET-SLIDING-NO-CAP",
                &mode.span,
                "whoever keeps coming back is never forgotten",
                "have the controller agree, and state why: reason = \"…\"",
            ),
            _ => {}
        }
    }
}

type RetentionKey = (Category, Purpose);

pub(super) fn read_retention(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    open: &mut OpenPoints,
    purposes: &BTreeMap<Purpose, Named<PurposeRule>>,
    categories: &BTreeMap<Category, Named<CategoryRule>>,
) -> BTreeMap<RetentionKey, Named<RetentionRule>> {
    let mut rules = BTreeMap::new();
    let mut kept = BTreeSet::new();
    for mut table in top.tables(report, "retention", "[[retention]]") {
        let clause = table.clause(report);
        let category = table
            .name(report, "category", Category::parse)
            .and_then(|at| declared(report, "category", "POLICY-UNKNOWN-CATEGORY", at, categories));
        kept.extend(category.as_ref().map(|at| at.value.clone()));
        let purpose = table
            .name(report, "purpose", Purpose::parse)
            .and_then(|at| declared(report, "purpose", "POLICY-UNKNOWN-PURPOSE", at, purposes));
        let label = category.as_ref().zip(purpose.as_ref()).map(|(c, p)| format!("{} for {}", c.value, p.value));
        if let Some(label) = &label {
            open.read(report, &mut table, label.clone());
        }
        let period = PeriodKeys::read(report, &mut table).period(report, &table);
        let actions = Action::ALL.map(Action::as_str);
        let action = table.word(report, "action", "POLICY-UNKNOWN-ACTION", &actions, Action::parse);
        if let Some(action) = &action
            && action.value != Action::Delete
        {
            report.warn(
                "ACTION-NOT-ENFORCED",
                &action.span,
                format!("{} is carried out as a deletion in this version", action.value.as_str()),
                "the promise not to keep the person's data is kept, but the totals are lost: make them beforehand",
            );
        }
        let switch = read_switch(report, &mut table, open, label.as_deref().unwrap_or_default());
        report.about(clause.clone());
        let exemption = read_exemption(report, &mut table);
        report.about(clause.clone());
        let span = label.as_ref().map_or_else(|| table.span.clone(), |_| table.span_of("category"));
        let events_span = table.span_of("events");
        table.finish(report);

        let (Some(category), Some(purpose), Some(label)) = (category, purpose, label) else {
            continue;
        };
        let (category, purpose) = (category.value, purpose.value);
        let key = (category.clone(), purpose.clone());
        let basis = purposes.get(&purpose).and_then(|at| at.value.as_ref()).map(|rule| rule.basis);
        let rule = period.zip(clause).map(|(period, clause)| {
            let action = action.map_or(Action::Delete, |at| at.value);
            RetentionRule { category, purpose, period, switch, action, exemption, clause }
        });
        if let Some((rule, basis)) = rule.as_ref().zip(basis) {
            check_consent_end(report, rule, basis, &span, &events_span);
        }
        insert(report, &mut rules, key, &label, At { value: rule, span });
    }
    report.about(None);
    check_unkept(report, &kept, categories);
    rules
}

/// A category or purpose that the file declares.
fn declared<T: Ord + std::fmt::Display, R>(
    report: &mut Report<'_>,
    what: &str,
    code: &'static str,
    at: At<T>,
    declared: &BTreeMap<T, Named<R>>,
) -> Option<At<T>> {
    if declared.contains_key(&at.value) {
        return Some(at);
    }
    let names: Vec<String> = declared.keys().map(ToString::to_string).collect();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let hint = match nearest(&at.value.to_string(), &words) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("declare it with [[{what}]]"),
    };
    report.error(code, &at.span, format!("no [[{what}]] is named {}", at.value), hint);
    None
}

fn read_switch(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
    open: &mut OpenPoints,
    label: &str,
) -> Option<Switch> {
    let mut table = table.table(report, "switch", "[retention.switch]")?;
    let clause = table.clause(report);
    let on = table.name(report, "on", EventName::parse);
    open.read(report, &mut table, format!("{label} after the switch"));
    let then = PeriodKeys::read(report, &mut table).period(report, &table);
    table.finish(report);
    Some(Switch { on: on?.value, then: then?, clause: clause? })
}

fn read_exemption(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Option<ErasureExemption> {
    let mut table = table.table(report, "exempt_from_erasure", "[retention.exempt_from_erasure]")?;
    let clause = table.clause(report);
    let reason = table.need_text(report, "reason", "write what the person is told");
    let article = table.need_text(report, "article", "name the law: article = \"GDPR Art. 17(3)(b)\"");
    table.finish(report);
    Some(ErasureExemption { reason: reason?.value, article: article?.value, clause: clause? })
}

/// GDPR Art. 17(1)(b): what rests on consent alone ends with it.
fn check_consent_end(
    report: &mut Report<'_>,
    rule: &RetentionRule,
    basis: LawfulBasis,
    span: &Range<usize>,
    events_span: &Range<usize>,
) {
    let ends = |period: &Period| match period {
        Period::UntilEvent { events, .. } => events.iter().any(|event| event.as_str() == CONSENT_WITHDRAWN),
        _ => false,
    };
    if basis == LawfulBasis::Consent {
        let switched =
            rule.switch.as_ref().is_some_and(|switch| switch.on.as_str() == CONSENT_WITHDRAWN || ends(&switch.then));
        if !ends(&rule.period) && !switched {
            report.warn(
                "RET-OUTLIVES-CONSENT",
                span,
                format!("{} is kept for {} after the consent is withdrawn", rule.category, rule.purpose),
                "end it with events = [\"consent.withdrawn\"] (GDPR Art. 17(1)(b))",
            );
        }
    } else if let Period::UntilEvent { events, max: None, .. } = &rule.period
        && events.iter().all(|event| event.as_str() == CONSENT_WITHDRAWN)
    {
        report.warn(
            "RET-EVENT-MAY-NEVER-FIRE",
            events_span,
            format!("{} does not rest on consent, so none is ever withdrawn", rule.purpose),
            "name an event that can happen, or declare a maximum",
        );
    }
}

fn check_unkept(
    report: &mut Report<'_>,
    kept: &BTreeSet<Category>,
    categories: &BTreeMap<Category, Named<CategoryRule>>,
) {
    for (category, entry) in categories {
        if !kept.contains(category) {
            report.about(entry.value.as_ref().map(|rule| rule.clause.clone()));
            report.warn(
                "RET-MISSING",
                &entry.span,
                format!("{category} has no retention rule, so no record of it is taken in"),
                "add a [[retention]] for each purpose that it is kept for",
            );
        }
    }
    report.about(None);
}
