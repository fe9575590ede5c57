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
    appeal(document, report);
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
    if document.regimes.iter().any(|regime| regime.appeal_article().is_some()) {
        // Va. Code 59.1-577(A), C.R.S. 6-1-1306(1), Conn. Gen. Stat. 42-518(a), Tex. Bus. & Com. Code 541.051(b).
        given.extend([
            RequestType::Access,
            RequestType::Rectification,
            RequestType::Erasure,
            RequestType::Portability,
            RequestType::DoNotSellOrShare,
        ]);
    }
    if document.regimes.iter().any(|regime| *regime != Regime::UsCa) {
        // Every other law of [`Regime::ALL`] gives a look at one's data and its correction, whatever else it gives.
        given.extend([RequestType::Access, RequestType::Rectification]);
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

/// The laws by which a person can appeal to the controller itself, and the notice says how.
fn appeal_article(document: &Document) -> Option<&'static str> {
    document.regimes.iter().find_map(|regime| regime.appeal_article())
}

fn appeal(document: &Document, report: &mut Report<'_>) {
    if let Some(article) = appeal_article(document)
        && !document.rights.contains_key(&RequestType::Appeal)
    {
        report.lint(
            "RIGHT-NO-APPEAL",
            TableId::TOP,
            &document.controller,
            "nothing says how a refusal is appealed against",
            format!("add a [[right]] for appeal ({article}); appeals are taken in anyway"),
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
        RequestType::Information | RequestType::PostMortem => false,
        RequestType::DoNotSellOrShare => document.regimes.contains(&Regime::UsCa) || appeal_article(document).is_some(),
        RequestType::KnowCategories | RequestType::KnowPieces | RequestType::LimitSensitive => {
            document.regimes.contains(&Regime::UsCa)
        }
        RequestType::Appeal => appeal_article(document).is_some(),
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
        // 11 CCR 7062(c): control of a mailbox is one point of the three.
        VerificationRule::Mail if request == RequestType::KnowPieces && document.regimes.contains(&Regime::UsCa) => {
            report.lint(
                "VERIFY-UNDER",
                table,
                span,
                "a mailbox alone opens the specific pieces of data",
                "write verification = { points = 3 }, or \"account\" (11 CCR 7061, 7062(c))",
            );
        }
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
        // 11 CCR 7061: whoever is signed in to the account is its holder.
        VerificationRule::Mail | VerificationRule::Points(_) | VerificationRule::Account => {}
    }
}

/// The most days that a law leaves for an answer, each month at its longest; `None`: it names no number.
const fn answer_days_max(regime: Regime) -> Option<i64> {
    match regime {
        // GDPR Art. 12(3), UK GDPR Art. 12A: one month.
        Regime::EuGdpr | Regime::UkGdpr => Some(31),
        // 11 CCR 7021(b), Va. Code 59.1-577(B)(1) and its like.
        Regime::UsCa | Regime::UsVa | Regime::UsCo | Regime::UsCt | Regime::UsTx => Some(45),
        // LGPD Art. 19 II.
        Regime::BrLgpd => Some(15),
        // PIPA Enforcement Decree Art. 41.
        Regime::Kr => Some(10),
        // Privacy Act 2020 s. 44: twenty working days, and at the turn of the year none is one for weeks.
        Regime::Nz => Some(50),
        // DPDP Rules, rule 14(3).
        Regime::InDpdp => Some(90),
        Regime::UsHipaa | Regime::CaPipeda | Regime::CaQc | Regime::ZaPopia | Regime::Ch | Regime::Th | Regime::Tr => {
            Some(30)
        }
        Regime::Au | Regime::Sg | Regime::Jp => None,
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
    // Of several laws the earliest counts. Those that name no number are not held against one.
    let Some(days_max) = document.regimes.iter().filter_map(|regime| answer_days_max(*regime)).min() else { return };
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
