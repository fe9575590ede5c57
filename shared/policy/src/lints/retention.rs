//! How long what is kept, and what keeps it longer.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{Category, Field, Purpose},
    policy::{Action, LawfulBasis, Period, RetentionRule},
    retention::CONSENT_WITHDRAWN,
};

use crate::language::{
    Report,
    facts::{Document, Entry, PeriodFacts, RetentionFacts, StatedPeriod},
};

/// From how many categories on one rule for all of them is worth a word.
const SPLIT_CATEGORIES_MIN: usize = 3;

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    for entry in document.retention.values() {
        let Some(rule) = &entry.rule else { continue };
        for (period, facts) in entry.facts.periods(rule) {
            stated(report, rule, period, facts);
            ends(report, period, facts);
        }
        rest(document, report, rule, entry);
        consent_end(document, report, rule, entry);
    }
    unkept(document, report);
    unsplit(document, report);
    dual_copies(document, report);
    holds(document, report);
}

/// What the text says instead of the period that is compiled.
fn stated(report: &mut Report<'_>, rule: &RetentionRule, period: &Period, facts: &PeriodFacts) {
    let label = format!("{} for {}", rule.category, rule.purpose);
    if let Some(at) = &facts.stated {
        let (code, message) = match &at.value {
            StatedPeriod::Indefinite => ("RET-INDEFINITE", format!("the text keeps {label} for ever")),
            StatedPeriod::Nothing => ("RET-MISSING", format!("the text gives no period for {label}")),
            StatedPeriod::Criteria => {
                ("RET-UNBOUNDED", format!("the text keeps {label} as long as needed, which nobody can work out"))
            }
            StatedPeriod::Words(words) => {
                ("RET-VAGUE-TERM", format!("the text keeps {label} \"{}\"", words.escape_debug()))
            }
        };
        report.lint(code, facts.table, &at.span, message, "agree on a period with the controller");
        if at.value == StatedPeriod::Indefinite {
            return;
        }
    }
    if *period == Period::Indefinite {
        report.lint(
            "RET-INDEFINITE",
            facts.table,
            &facts.mode,
            format!("{label} is kept for ever: only an erasure request or an agent ends it"),
            "give it a period (GDPR Art. 5(1)(e))",
        );
    }
}

/// Periods that have no certain end.
fn ends(report: &mut Report<'_>, period: &Period, facts: &PeriodFacts) {
    match period {
        Period::UntilEvent { max, .. } => {
            if max.is_none() && facts.reason.is_none() {
                report.lint(
                    "RET-NO-MAX",
                    facts.table,
                    &facts.mode,
                    "the event that ends this may never come, and then it is kept for ever",
                    "declare a maximum: max = \"P3Y\", or state why there is none: reason = \"…\"",
                );
            }
            if !facts.grace {
                report.lint(
                    "RET-GRACE-UNDEFINED",
                    facts.table,
                    &facts.events,
                    "nothing says how soon after the event it is deleted: at once",
                    "write grace = \"P0D\" if that is meant",
                );
            }
        }
        Period::Sliding { max: None, .. } if facts.reason.is_none() => report.lint(
            "RET-SLIDING-NO-CAP",
            facts.table,
            &facts.mode,
            "whoever keeps coming back is never forgotten",
            "declare a cap: max = \"P2Y\", or state why there is none: reason = \"…\"",
        ),
        Period::Fixed { .. } | Period::Sliding { .. } | Period::Indefinite => {}
    }
}

fn rest(
    document: &Document,
    report: &mut Report<'_>,
    rule: &RetentionRule,
    entry: &Entry<RetentionRule, RetentionFacts>,
) {
    if let Some(statutory) = &entry.facts.statutory {
        report.lint(
            "RET-STATUTORY-UNSTATED",
            entry.table,
            &statutory.span,
            format!("{} asks for a period that the text does not mention", statutory.value),
            "have the controller's text say so (GDPR Art. 13(2)(a))",
        );
    }
    if matches!(rule.action, Action::Anonymise | Action::Archive) {
        report.lint(
            "ACTION-NOT-ENFORCED",
            entry.table,
            &entry.facts.action,
            format!("{} is carried out as a deletion in this version", rule.action.as_str()),
            "the promise not to keep the person's data is kept; what may stay of it, take out beforehand",
        );
    }
    let never_comes = |period: &Period| {
        matches!(period, Period::UntilEvent { events, max: None, .. }
            if events.iter().all(|event| event.as_str() == CONSENT_WITHDRAWN))
    };
    let rests_elsewhere = document.basis_of(&rule.purpose).is_some_and(|basis| basis != LawfulBasis::Consent);
    if rests_elsewhere {
        for (_, facts) in entry.facts.periods(rule).filter(|(period, _)| never_comes(period)) {
            report.lint(
                "RET-EVENT-MAY-NEVER-FIRE",
                facts.table,
                &facts.events,
                format!("{} does not rest on consent, so none is ever withdrawn", rule.purpose),
                "name an event that can happen, or declare a maximum",
            );
        }
    }
}

/// GDPR Art. 17(1)(b): what rests on consent alone ends with it.
fn consent_end(
    document: &Document,
    report: &mut Report<'_>,
    rule: &RetentionRule,
    entry: &Entry<RetentionRule, RetentionFacts>,
) {
    let by_purpose = document.basis_of(&rule.purpose) == Some(LawfulBasis::Consent);
    let category = document.categories.get(&rule.category).and_then(|entry| entry.rule.as_ref());
    // What is written only on an opt-in rests on it, whatever the purpose rests on.
    if !by_purpose && category.is_none_or(|category| category.opt_in.is_none()) {
        return;
    }
    let ends = |period: &Period| {
        matches!(period, Period::UntilEvent { events, .. }
            if events.iter().any(|event| event.as_str() == CONSENT_WITHDRAWN))
    };
    let switched = |rule: &RetentionRule| {
        rule.switch.as_ref().is_some_and(|switch| switch.on.as_str() == CONSENT_WITHDRAWN || ends(&switch.then))
    };
    if !ends(&rule.period) && !switched(rule) {
        report.lint(
            "RET-OUTLIVES-CONSENT",
            entry.table,
            &entry.span,
            format!("{} is kept for {} after the consent is withdrawn", rule.category, rule.purpose),
            "end it with events = [\"consent.withdrawn\"] (GDPR Art. 17(1)(b))",
        );
    }
}

fn unkept(document: &Document, report: &mut Report<'_>) {
    for (category, entry) in document.categories.iter().filter(|(category, _)| !document.kept.contains(*category)) {
        report.lint(
            "RET-MISSING",
            entry.table,
            &entry.span,
            format!("{category} has no retention rule, so no record of it is taken in"),
            "add a [[retention]] for each purpose that it is kept for",
        );
    }
}

/// One sentence that gives one period for everything.
fn unsplit(document: &Document, report: &mut Report<'_>) {
    let rules = || document.retention.values().filter_map(|entry| Some((entry, entry.rule.as_ref()?)));
    let categories: BTreeSet<&Category> = rules().map(|(_, rule)| &rule.category).collect();
    let Some((entry, first)) = rules().min_by_key(|(entry, _)| entry.span.start) else { return };
    let alike = rules().all(|(_, rule)| rule.clause == first.clause && rule.period == first.period);
    if categories.len() >= SPLIT_CATEGORIES_MIN && alike {
        report.lint(
            "RET-NO-CATEGORY-SPLIT",
            entry.table,
            &entry.span,
            format!("{} gives one period for all {} categories", first.clause, categories.len()),
            "give each category the period that it needs (GDPR Art. 5(1)(e))",
        );
    }
}

/// A rule that keeps a field, under its category and purpose.
type Keeper<'d> = (&'d (Category, Purpose), &'d RetentionRule);

/// One field that is kept for two purposes under two clocks.
fn dual_copies(document: &Document, report: &mut Report<'_>) {
    let mut holders: BTreeMap<&Field, Vec<Keeper<'_>>> = BTreeMap::new();
    for (key, entry) in &document.retention {
        let Some(rule) = &entry.rule else { continue };
        let category = document.categories.get(&key.0).and_then(|entry| entry.rule.as_ref());
        for field in category.iter().flat_map(|category| &category.fields) {
            holders.entry(field).or_default().push((key, rule));
        }
    }
    let mut rules: Vec<_> = document.retention.iter().collect();
    rules.sort_by_key(|(_, entry)| entry.span.start);
    let mut told = BTreeSet::new();
    for (key, entry) in rules {
        let Some(rule) = &entry.rule else { continue };
        let other = holders.iter().find_map(|(field, holders)| {
            if !holders.iter().any(|(holder, _)| *holder == key) {
                return None;
            }
            // Two periods of one sentence are one promise.
            let differs = |other: &RetentionRule| {
                other.purpose != rule.purpose && other.period != rule.period && other.clause != rule.clause
            };
            holders.iter().find(|(_, other)| differs(other)).map(|(_, other)| (field, other))
        });
        if let Some((field, other)) = other
            && told.insert(&rule.clause)
        {
            report.lint(
                "RET-DUAL-COPY",
                entry.table,
                &entry.span,
                format!("{field} is kept for {} too, under another clock ({})", other.purpose, other.clause),
                "nothing, if the copies are apart: each record has its own clock",
            );
        }
    }
}

fn holds(document: &Document, report: &mut Report<'_>) {
    for entry in &document.holds {
        if let Some(span) = &entry.facts.unreviewed {
            report.lint(
                "HOLD-NO-MAX",
                entry.table,
                span,
                "the text sets no day on which somebody looks at the hold again",
                "agree on one: review_after = \"P6M\"",
            );
        }
    }
}
