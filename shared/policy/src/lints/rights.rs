//! What people can ask for.

use std::ops::Range;

use domain::{
    dsar::RequestType,
    policy::{LawfulBasis, Regime, RightRule, Use, VerificationRule},
};
use jiff::SpanFieldwise;

use crate::language::{Report, TableId, facts::Document};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    missing(document, report);
    if document.rests_on(LawfulBasis::Consent) && !document.rights.contains_key(&RequestType::WithdrawConsent) {
        report.lint(
            "CONSENT-WITHDRAWAL-WEAK",
            TableId::TOP,
            &document.controller,
            "a purpose rests on consent, and nothing says how to withdraw it",
            "add a [[right]] for withdraw-consent (GDPR Art. 7(3)); withdrawals are taken in anyway",
        );
    }
    for entry in document.rights.values() {
        let Some(rule) = &entry.rule else { continue };
        if rule.refusal.is_some() {
            refusal(document, report, rule, entry.table, &entry.span);
        } else {
            verification(document, report, rule, entry.table, &entry.span);
        }
        if let Some(within) = &rule.respond_within {
            pace(document, report, rule.request, within, entry.table, &entry.span);
        }
    }
}

/// The requests that the laws of a policy give everybody it is about.
fn statutory(document: &Document) -> Vec<RequestType> {
    let mut given = Vec::new();
    if document.is_european() {
        // GDPR Art. 13(2)(b) to (d): what a notice lists.
        given.extend([
            RequestType::Access,
            RequestType::Rectification,
            RequestType::Erasure,
            RequestType::Restriction,
            RequestType::Objection,
            RequestType::Portability,
            RequestType::WithdrawConsent,
            RequestType::Complaint,
        ]);
        let uses = |what| document.purposes.values().filter_map(|p| p.rule.as_ref()).any(|p| p.uses.contains(&what));
        if uses(Use::AutomatedDecision) {
            given.push(RequestType::ObjectionAutomated);
        }
    }
    if document.regimes.contains(&Regime::UsCa) {
        // 11 CCR 7011(e)(2).
        given.extend([
            RequestType::Rectification,
            RequestType::Erasure,
            RequestType::KnowCategories,
            RequestType::KnowPieces,
            RequestType::DoNotSellOrShare,
            RequestType::LimitSensitive,
        ]);
    }
    given.sort_unstable();
    given.dedup();
    given
}

fn missing(document: &Document, report: &mut Report<'_>) {
    let unsaid = statutory(document).into_iter().filter(|request| !document.rights.contains_key(request));
    let unsaid: Vec<&str> = unsaid.map(RequestType::as_str).collect();
    if !unsaid.is_empty() {
        report.lint(
            "RIGHT-MISSING",
            TableId::TOP,
            &document.controller,
            format!("nothing is said about {}", unsaid.join(", ")),
            "the law's own rules are applied; have the controller's text list the rights (GDPR Art. 13(2)(b))",
        );
    }
}

fn refusal(document: &Document, report: &mut Report<'_>, rule: &RightRule, table: TableId, span: &Range<usize>) {
    let given = match rule.request {
        RequestType::WithdrawConsent => {
            if document.rests_on(LawfulBasis::Consent) {
                report.lint(
                    "BASIS-CONFLICT",
                    table,
                    span,
                    "withdrawal is refused, but a purpose rests on consent",
                    "offer it: consent that cannot be withdrawn is none (GDPR Art. 7(3))",
                );
            }
            false
        }
        RequestType::Portability => {
            if document.rests_on(LawfulBasis::Consent) || document.rests_on(LawfulBasis::Contract) {
                report.lint(
                    "RIGHT-REASONING-INCOMPLETE",
                    table,
                    span,
                    "portability is refused, but a purpose rests on consent or a contract",
                    "offer it for that data (GDPR Art. 20(1)(a))",
                );
            }
            false
        }
        // GDPR Art. 21(1): against these two grounds only.
        RequestType::Objection => {
            document.rests_on(LawfulBasis::LegitimateInterests) || document.rests_on(LawfulBasis::PublicTask)
        }
        // Promises beyond the law, or of another law: nothing is taken away by refusing them.
        RequestType::Information | RequestType::PostMortem | RequestType::Appeal => false,
        RequestType::KnowCategories
        | RequestType::KnowPieces
        | RequestType::DoNotSellOrShare
        | RequestType::LimitSensitive => document.regimes.contains(&Regime::UsCa),
        RequestType::Access
        | RequestType::Rectification
        | RequestType::Erasure
        | RequestType::Restriction
        | RequestType::Complaint
        | RequestType::ObjectionMarketing
        | RequestType::ObjectionAutomated => true,
    };
    if given {
        report.lint(
            "RIGHT-UNDERSTATED",
            table,
            span,
            format!("{} is refused to everyone, though the law gives it", rule.request),
            "offer it, and refuse single requests with their reasons",
        );
    }
}

/// GDPR Art. 12(6), 32: what hands out or destroys data goes only to the person it is about.
fn verification(document: &Document, report: &mut Report<'_>, rule: &RightRule, table: TableId, span: &Range<usize>) {
    let request = rule.request;
    if request.default_verification() == VerificationRule::None {
        return;
    }
    match rule.verification {
        VerificationRule::None if request == RequestType::Restriction => report.lint(
            "VERIFY-UNDER",
            table,
            span,
            "anyone can have anyone's data restricted",
            "write verification = \"mail\"",
        ),
        VerificationRule::None => report.lint(
            "VERIFY-UNDER",
            table,
            span,
            format!("{request} is granted to anyone who asks"),
            "write verification = \"mail\" or { points = 2 } (GDPR Art. 12(6))",
        ),
        // 11 CCR 7062(b), (c): two points for categories and deletion, three for specific pieces.
        VerificationRule::Points(points) if document.regimes.contains(&Regime::UsCa) => {
            let pieces = matches!(request, RequestType::Access | RequestType::KnowPieces);
            let floor = if pieces { 3 } else { 2 };
            if points < floor {
                report.lint(
                    "VERIFY-UNDER",
                    table,
                    span,
                    format!("{points} points are too few for {request}"),
                    format!("ask for {floor} (11 CCR 7062)"),
                );
            }
        }
        VerificationRule::Account | VerificationRule::Mail | VerificationRule::Points(_) => {}
    }
}

/// A promise to answer later than the law asks is none.
fn pace(
    document: &Document,
    report: &mut Report<'_>,
    request: RequestType,
    within: &SpanFieldwise,
    table: TableId,
    span: &Range<usize>,
) {
    // GDPR Art. 12(3): one month. 11 CCR 7021(b): 45 days.
    let days_max = if document.is_european() { 31 } else { 45 };
    let whole = &within.0;
    let days = i64::from(whole.get_years()) * 366
        + i64::from(whole.get_months()) * 31
        + i64::from(whole.get_weeks()) * 7
        + i64::from(whole.get_days());
    if days > days_max {
        report.lint(
            "RIGHT-UNDERSTATED",
            table,
            span,
            format!("{request} is answered later than the law asks"),
            "write a shorter respond_within, or take it away: the law's own clock runs (GDPR Art. 12(3))",
        );
    }
}
