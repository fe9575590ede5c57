//! Whom the service takes, and what people are told when data leaks.

use std::collections::BTreeSet;

use domain::policy::{AgeRule, LawfulBasis, Regime};

use crate::language::{
    Report, TableId,
    facts::{AgeFacts, Document, Entry},
};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    match &document.age {
        Some(age) => {
            gap(document, report, age);
            conflict(report, age);
        }
        None => silence(document, report),
    }
    breach(document, report);
}

/// A text that says nothing of children does not keep them away.
fn silence(document: &Document, report: &mut Report<'_>) {
    if document.is_european() && document.rests_on(LawfulBasis::Consent) {
        report.lint(
            "CHILD-GAP",
            TableId::TOP,
            &document.controller,
            "consents are taken, and nothing is said of children",
            "add [age]; or say with open = { CHILD-GAP = \"…\" } why no child is offered the service (GDPR Art. 8(1))",
        );
    }
}

fn gap(document: &Document, report: &mut Report<'_>, age: &Entry<AgeRule, AgeFacts>) {
    let Some(rule) = &age.rule else { return };
    // GDPR Art. 8(1): 16 unless a member state says less; Data Protection Act 2018 s. 9: 13.
    let floor = if document.regimes.contains(&Regime::EuGdpr) { 16 } else { 13 };
    let everywhere = rule.guardian_below.max(rule.refuse_below);
    let covered = everywhere.is_some_and(|years| years >= floor) || !rule.guardian_below_in.is_empty();
    if document.is_european() && document.rests_on(LawfulBasis::Consent) && !covered {
        report.lint(
            "CHILD-GAP",
            age.table,
            &age.span,
            format!("consents of people below {floor} are taken without a guardian"),
            format!("add guardian_below = {floor}, or the age of the member state (GDPR Art. 8(1))"),
        );
    }
}

/// Two clauses disagree if somebody of one age is refused by one and let in by the other.
fn conflict(report: &mut Report<'_>, age: &Entry<AgeRule, AgeFacts>) {
    let stated = &age.facts.stated;
    let refusals: BTreeSet<u8> = stated.iter().filter_map(|said| said.refuse_below).collect();
    let guardians: BTreeSet<u8> = stated.iter().filter_map(|said| said.guardian_below).collect();
    let overlap = refusals.last().zip(guardians.first()).is_some_and(|(refuse, guardian)| refuse >= guardian);
    if overlap || refusals.len() > 1 || guardians.len() > 1 {
        for said in stated {
            report.lint_at(
                "CHILD-CONFLICT",
                age.table,
                said.clause.clone(),
                &said.span,
                "the text's rules on children disagree",
                "take the stricter one",
            );
        }
    }
}

fn breach(document: &Document, report: &mut Report<'_>) {
    let Some(breach) = &document.breach else {
        report.lint(
            "BREACH-MISSING",
            TableId::TOP,
            &document.controller,
            "nothing is promised for the day when data leaks",
            "add [breach]; without it the law's own clocks run",
        );
        return;
    };
    if breach.rule.as_ref().is_some_and(|rule| rule.tell_of_attempts) {
        report.lint(
            "BREACH-OVERBROAD",
            breach.table,
            &breach.facts.tell_of_attempts,
            "people are told of mere attempts, wider than the law asks",
            "the promise is kept as it stands; have the controller narrow its text (GDPR Art. 34(1))",
        );
    }
    if !breach.facts.within {
        report.lint(
            "BREACH-NO-NUMBER",
            breach.table,
            &breach.span,
            "people are told of breaches, and nothing says how soon",
            "agree on a number: within = \"PT72H\"",
        );
    }
}
