//! On what grounds the purposes rest, and how far they reach.

use std::collections::BTreeSet;

use domain::policy::{LawfulBasis, PurposeRule, Use};

use crate::language::{
    Report, TableId,
    facts::{Document, Entry, PurposeFacts, StatedBasis},
};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    for (id, entry) in &document.purposes {
        let id = id.to_string();
        stated(report, &id, entry);
        reach(report, &id, entry);
    }
    single(document, report);
    automation(document, report);
}

fn stated(report: &mut Report<'_>, id: &str, entry: &Entry<PurposeRule, PurposeFacts>) {
    let facts = &entry.facts;
    for stated in &facts.stated {
        let (code, message, hint) = match stated.basis.value {
            StatedBasis::Given(_) => continue,
            StatedBasis::None => (
                "BASIS-MISSING",
                format!("the text names no ground for {id}"),
                "have the controller name it (GDPR Art. 13(1)(c))",
            ),
            StatedBasis::ByUse => (
                "CONSENT-IMPLIED",
                format!("the text takes using the service for a consent to {id}"),
                "ask for it (GDPR Art. 4(11))",
            ),
        };
        report.lint_at(code, entry.table, stated.clause.clone(), &stated.basis.span, message, hint);
    }
    let different: BTreeSet<StatedBasis> =
        facts.stated.iter().map(|stated| stated.basis.value).filter(|basis| *basis != StatedBasis::None).collect();
    if different.len() > 1 {
        let words: Vec<&str> = different.iter().map(|basis| basis.as_str()).collect();
        for stated in facts.stated.iter().filter(|stated| stated.basis.value != StatedBasis::None) {
            report.lint_at(
                "BASIS-CONFLICT",
                entry.table,
                stated.clause.clone(),
                &stated.basis.span,
                format!("the text rests {id} on {}", words.join(" and on ")),
                "take the ground that gives people more",
            );
        }
    }
    let contract = entry.rule.as_ref().is_some_and(|rule| rule.basis == LawfulBasis::Contract)
        || different.contains(&StatedBasis::Given(LawfulBasis::Contract));
    if let Some(span) = facts.organisation.as_ref().filter(|_| contract) {
        report.lint(
            "BASIS-QUESTION",
            entry.table,
            span,
            format!("{id} rests on a contract with an organisation, not with the person"),
            "legitimate interests usually fit its members (GDPR Art. 6(1)(b): the data subject is party)",
        );
    }
}

fn reach(report: &mut Report<'_>, id: &str, entry: &Entry<PurposeRule, PurposeFacts>) {
    let facts = &entry.facts;
    if let Some(first) = facts.bundled_with.first() {
        let others: Vec<String> = facts.bundled_with.iter().map(|at| at.value.to_string()).collect();
        report.lint(
            "CONSENT-BUNDLED",
            entry.table,
            &first.span,
            format!("one consent is asked for {id} and {}", others.join(", ")),
            "ask for each by itself (GDPR recital 43)",
        );
    }
    if let Some(first) = facts.reuses.first() {
        let given: Vec<String> = facts.reuses.iter().map(|at| at.value.to_string()).collect();
        report.lint(
            "PURPOSE-CREEP",
            entry.table,
            &first.span,
            format!("{id} uses what was given for something else: {}", given.join(", ")),
            "ask for it separately (GDPR Art. 6(4))",
        );
    }
    if let Some(span) = &facts.broad {
        report.lint(
            "PURPOSE-BROAD",
            entry.table,
            span,
            format!("{id} is too broad to tell what belongs to it"),
            "split it into what is really done (GDPR Art. 5(1)(b))",
        );
    }
    let counts = entry.rule.as_ref().is_some_and(|rule| rule.uses.contains(&Use::Statistics));
    if counts && facts.threshold.is_none() {
        report.lint(
            "AGG-THRESHOLD-UNDEFINED",
            entry.table,
            &entry.span,
            format!("{id} makes totals, and nothing says of how many people at least"),
            "write threshold = 10, or the smallest group that may be reported",
        );
    }
}

fn single(document: &Document, report: &mut Report<'_>) {
    let bases: BTreeSet<LawfulBasis> =
        document.purposes.values().filter_map(|entry| entry.rule.as_ref()).map(|rule| rule.basis).collect();
    if let (1, Some(basis)) = (bases.len(), bases.first())
        && document.purposes.len() > 1
    {
        report.lint(
            "BASIS-SINGLE",
            TableId::TOP,
            &document.controller,
            format!("all {} purposes rest on {}", document.purposes.len(), basis.as_str()),
            "check each purpose: one ground rarely carries them all",
        );
    }
}

/// A denial of profiling or of decisions by automation, beside purposes that do it.
fn automation(document: &Document, report: &mut Report<'_>) {
    for denial in &document.denials {
        let Some(rule) = &denial.rule else { continue };
        if !matches!(rule.what, Use::Profiling | Use::AutomatedDecision) {
            continue;
        }
        let what = rule.what.as_str();
        let doing: Vec<_> = document
            .purposes
            .iter()
            .filter(|(id, entry)| {
                entry.rule.as_ref().is_some_and(|purpose| purpose.uses.contains(&rule.what))
                    && !rule.except.contains(id)
                    && rule.unless_consent.as_ref() != Some(id)
            })
            .collect();
        for (id, entry) in &doing {
            report.lint(
                "ADM-CONFLICT",
                entry.table,
                &entry.span,
                format!("{id} is {what}, which the text denies in {}", rule.clause),
                "the denial is obeyed: take the use away",
            );
        }
        if !doing.is_empty() {
            let names: Vec<&str> = doing.iter().map(|(id, _)| id.as_str()).collect();
            report.lint(
                "ADM-CONFLICT",
                denial.table,
                &denial.span,
                format!("{what} is denied, and done for {}", names.join(", ")),
                "name what may be done under `except`",
            );
        }
    }
}
