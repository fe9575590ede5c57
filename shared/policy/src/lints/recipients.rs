//! To whom data goes, where it may be, and whether it is sold.

use std::collections::BTreeSet;

use domain::{
    ids::Purpose,
    policy::{Country, Denial, Regime, Use},
};

use crate::language::{Report, TableId, facts::Document};

/// The European Economic Area: the Union's members with Iceland, Liechtenstein and Norway.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whether the Regulation is the country's own law.
pub(super) fn is_in_the_union(country: Country) -> bool {
    EEA.contains(&country.as_str())
}

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    lists(document, report);
    transfers(document, report);
    narrowed_denials(document, report);
    undermined_denials(document, report);
}

fn lists(document: &Document, report: &mut Report<'_>) {
    for (id, entry) in &document.recipients {
        if let Some(span) = &entry.facts.open_class {
            report.lint(
                "DISC-OPEN-RECIPIENT",
                entry.table,
                span,
                format!("{id} is an open class: whoever becomes one"),
                "narrow it by categories, purposes, grounds and needs (GDPR Art. 15(1)(c))",
            );
        }
    }
    if let Some(default) = &document.recipients_default
        && default.facts.closed
        && document.recipients.is_empty()
    {
        report.lint(
            "DISC-EMPTY-LIST",
            default.table,
            &default.span,
            "the list of recipients is closed, and empty",
            "nobody gets anything until a [[recipient]] is named",
        );
    }
}

/// Whether a country is at home in one of the laws, where the text names no home itself.
fn is_home(country: Country, regimes: &[Regime]) -> bool {
    regimes.iter().any(|regime| match regime {
        Regime::EuGdpr => is_in_the_union(country),
        other => other.country() == Some(country.as_str()),
    })
}

fn transfers(document: &Document, report: &mut Report<'_>) {
    if let Some(entry) = &document.transfer
        && let Some(span) = &entry.facts.nothing
    {
        report.lint(
            "TRANSFER-UNSPECIFIED",
            entry.table,
            span,
            "data goes abroad, and the text names no safeguard for it",
            "list what may open another country under `mechanisms`",
        );
    }
    let transfer = document.transfer.as_ref().and_then(|entry| Some((entry, entry.rule.as_ref()?)));
    let mut broken = None;
    for (id, entry) in &document.recipients {
        let Some(rule) = &entry.rule else { continue };
        let at_home = |country: &&Country| match transfer {
            Some((_, transfer)) => transfer.home.contains(country),
            None => is_home(**country, &document.regimes),
        };
        let Some(abroad) = rule.countries.iter().find(|country| !at_home(country)) else { continue };
        match transfer {
            Some((_, transfer)) if transfer.mechanisms.is_empty() => {
                report.lint(
                    "TRANSFER-CONFLICT",
                    entry.table,
                    &entry.facts.countries,
                    format!("{id} keeps it in {abroad}, and {} lets no data out", transfer.clause),
                    "the promise is obeyed: take the country away",
                );
                broken.get_or_insert(id);
            }
            None if rule.mechanism.is_none() => report.lint(
                "TRANSFER-UNSPECIFIED",
                entry.table,
                &entry.facts.countries,
                format!("{id} keeps it in {abroad}, and nothing safeguards the transfer"),
                "write mechanism = \"…\", or add [transfer] (GDPR Art. 44)",
            ),
            _ => {}
        }
    }
    if let Some(((entry, _), id)) = transfer.zip(broken) {
        report.lint(
            "TRANSFER-CONFLICT",
            entry.table,
            &entry.span,
            format!("no data leaves its home, and {id} keeps it elsewhere"),
            "the promise is obeyed",
        );
    }
}

const fn is_trade(what: Use) -> bool {
    matches!(what, Use::Sale | Use::Sharing | Use::Rent)
}

/// "No sale" here, "no sale of directly identifiable data" there.
fn narrowed_denials(document: &Document, report: &mut Report<'_>) {
    let trade = || {
        let denials = document.denials.iter().filter_map(|entry| Some((entry, entry.rule.as_ref()?)));
        denials.filter(|(_, rule)| is_trade(rule.what))
    };
    let scopes: BTreeSet<Option<&str>> =
        trade().map(|(entry, _)| entry.facts.scope.as_ref().map(|at| at.value.as_str())).collect();
    if scopes.len() < 2 {
        return;
    }
    for (entry, rule) in trade() {
        let (span, message) = match &entry.facts.scope {
            Some(scope) => (&scope.span, format!("{} is denied here for {} only", rule.what.as_str(), scope.value)),
            None => (&entry.span, format!("{} is denied here as a whole, and elsewhere in part", rule.what.as_str())),
        };
        let hint = "the wider denial is obeyed: have the controller say the same everywhere";
        report.lint("SELL-CONFLICT", entry.table, span, message, hint);
    }
}

/// Whether a denial lets these purposes through.
pub(super) fn lets_through<'p>(denial: &Denial, mut purposes: impl Iterator<Item = &'p Purpose> + Clone) -> bool {
    let named = purposes.clone().next().is_some();
    let consented = denial.unless_consent.as_ref().is_some_and(|purpose| purposes.clone().any(|p| p == purpose));
    consented || named && purposes.all(|purpose| denial.except.contains(purpose))
}

/// Nothing is sold, and a purpose, a recipient or a tracker amounts to it.
fn undermined_denials(document: &Document, report: &mut Report<'_>) {
    for entry in &document.denials {
        let Some(denial) = entry.rule.as_ref().filter(|denial| is_trade(denial.what)) else { continue };
        let what = denial.what;
        let mut found: Vec<(TableId, std::ops::Range<usize>, String)> = Vec::new();
        for (id, purpose) in &document.purposes {
            let does = purpose.rule.as_ref().is_some_and(|rule| rule.uses.contains(&what));
            if does && !lets_through(denial, [id].into_iter()) {
                found.push((purpose.table, purpose.span.clone(), format!("purpose {id}")));
            }
        }
        for (id, recipient) in &document.recipients {
            let Some(rule) = &recipient.rule else { continue };
            let allowed = lets_through(denial, rule.purposes.iter().chain(&rule.consent));
            if rule.uses.contains(&what) && !allowed {
                found.push((recipient.table, recipient.span.clone(), format!("recipient {id}")));
            }
        }
        for (id, tracker) in &document.trackers {
            let Some(rule) = tracker.rule.as_ref().filter(|rule| rule.shares && what != Use::Rent) else { continue };
            let consents = match &rule.need {
                domain::policy::TrackerNeed::Consent(purposes) => purposes.iter().collect::<Vec<_>>(),
                domain::policy::TrackerNeed::Nothing { .. } => Vec::new(),
            };
            if !lets_through(denial, consents.into_iter()) {
                found.push((tracker.table, tracker.span.clone(), format!("tracker {id}")));
            }
        }
        for (table, span, label) in &found {
            report.lint(
                "SELL-CONFLICT",
                *table,
                span,
                format!("{label} amounts to {}, which {} denies", what.as_str(), denial.clause),
                "the denial is obeyed: let it need a consent that the denial names, or take it away",
            );
        }
        if let Some((_, _, label)) = found.first() {
            report.lint(
                "SELL-CONFLICT",
                entry.table,
                &entry.span,
                format!("{} is denied, and {label} amounts to it", what.as_str()),
                "the denial is obeyed: name what may be done under `except` or `unless_consent`",
            );
        }
    }
}
