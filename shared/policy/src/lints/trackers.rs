//! What is set or read on a device, and which signals of the browser count.

use domain::{
    ids::Purpose,
    policy::{LawfulBasis, TrackerNeed, Use},
};

use super::recipients::lets_through;
use crate::language::{
    Report,
    facts::{Document, StatedBasis},
};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    for (id, entry) in &document.trackers {
        let Some(rule) = &entry.rule else { continue };
        let exempt = matches!(rule.need, TrackerNeed::Nothing { .. });
        if let Some(stated) = &entry.facts.stated_basis
            && !exempt
            && stated.value != StatedBasis::Given(LawfulBasis::Consent)
        {
            report.lint(
                "BASIS-EPRIVACY",
                entry.table,
                &stated.span,
                format!("the text rests {id} on {}, where consent is needed", ground(stated.value)),
                "consent is asked for",
            );
        }
        if let Some(span) = &entry.facts.persistent
            && rule.lifetime.is_none()
        {
            report.lint(
                "RET-COOKIE-LIFETIME-MISSING",
                entry.table,
                span,
                format!("{id} outlives the visit, and nothing says for how long"),
                "write lifetime = \"P13M\" or less; without it, it goes with the session",
            );
        }
    }
    denied(document, report);
    signals(document, report);
}

const fn ground(basis: StatedBasis) -> &'static str {
    match basis {
        StatedBasis::Given(basis) => basis.as_str(),
        StatedBasis::None => "nothing",
        StatedBasis::ByUse => "use",
    }
}

/// "Cookies are not used for tracking", and trackers that need consent.
fn denied(document: &Document, report: &mut Report<'_>) {
    for entry in &document.denials {
        let Some(denial) = entry.rule.as_ref().filter(|denial| denial.what == Use::Tracking) else { continue };
        let mut first = None;
        for (id, tracker) in &document.trackers {
            let Some(TrackerNeed::Consent(purposes)) = tracker.rule.as_ref().map(|rule| &rule.need) else { continue };
            let purposes: Vec<&Purpose> = purposes.iter().collect();
            if lets_through(denial, purposes.into_iter()) {
                continue;
            }
            first.get_or_insert(id);
            report.lint(
                "COOKIE-CONFLICT",
                tracker.table,
                &tracker.span,
                format!("{id} is not necessary, and {} denies tracking", denial.clause),
                "the denial is obeyed: name its purpose there under `except`",
            );
        }
        if let Some(id) = first {
            report.lint(
                "COOKIE-CONFLICT",
                entry.table,
                &entry.span,
                format!("tracking is denied, and {id} is not necessary"),
                "scope the denial with `except` or `unless_consent`",
            );
        }
    }
}

fn signals(document: &Document, report: &mut Report<'_>) {
    if let Some(entry) = &document.signals
        && entry.facts.dnt == Some(false)
        && entry.facts.gpc != Some(true)
    {
        report.lint(
            "DNT-GPC-GAP",
            entry.table,
            &entry.span,
            "Do Not Track is ignored, and Global Privacy Control is not honoured",
            "write gpc = \"honour\" (11 CCR 7025)",
        );
    }
}
