//! The controller's own systems, and where they are asked.

use std::ops::Range;

use domain::dsar::RequestType;

use crate::language::{Report, TableId, facts::Document};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    for entry in document.systems.values() {
        if let Some(span) = &entry.facts.address.local {
            local(report, entry.table, span);
        }
        let Some(rule) = &entry.rule else { continue };
        let holds = |category| rule.categories.is_empty() || rule.categories.contains(category);
        let mut reached = document.retention.iter().filter(|((category, _), _)| holds(category));
        // One that is asked nothing is there to be told: what lies in it is another system's to erase.
        let is_erased = rule.requests.is_empty() || rule.requests.contains(&RequestType::Erasure);
        if !is_erased && reached.any(|(_, kept)| kept.rule.as_ref().is_some_and(|kept| kept.exemption.is_none())) {
            report.lint(
                "SYSTEM-NOT-ERASED",
                entry.table,
                &entry.span,
                format!("{} is not asked to erase what it holds", rule.id),
                "add \"erasure\" to its `requests`, or leave them out: then it is asked about all that can go out",
            );
        }
    }
    if let Some(accounts) = &document.accounts
        && let Some(span) = &accounts.facts.local
    {
        local(report, accounts.table, span);
    }
}

fn local(report: &mut Report<'_>, table: TableId, span: &Range<usize>) {
    report.lint(
        "SYSTEM-LOCAL",
        table,
        span,
        "this address leads back to the machine itself",
        "write the system's public address by https",
    );
}
