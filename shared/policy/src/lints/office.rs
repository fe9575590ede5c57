//! How the controller's office works: who looks at what, when it is reminded, whose holidays it has.

use domain::dsar::RequestType;

use crate::language::{Report, TableId, facts::Document};

/// From this share of the time on, in percent, a reminder says that little of it is left.
const LATE_PERCENT: u8 = 80;

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    holidays(document, report);
    let Some(office) = &document.office else { return };
    let (review, four_eyes) = (&office.facts.review, &office.facts.four_eyes);
    for at in review.iter().chain(four_eyes).filter(|at| at.value.takes_effect_at_once()) {
        report.lint(
            "OFFICE-REVIEW-DELAYS",
            office.table,
            &at.span,
            format!("a person is to look at {} first, which counts from the moment it is made", at.value),
            "take it off the list: it is carried out at once in any case",
        );
    }
    let unseen = |request: RequestType| !review.iter().any(|at| at.value == request);
    for at in four_eyes.iter().filter(|at| unseen(at.value) && !at.value.takes_effect_at_once()) {
        report.lint(
            "OFFICE-FOUR-EYES",
            office.table,
            &at.span,
            format!("two people must agree on {}, and `review` does not name it", at.value),
            format!("name {} under `review` too: it is looked at in any case", at.value),
        );
    }
    let reminders = office.rule.as_ref().map(|rule| rule.reminders.as_slice()).unwrap_or_default();
    if let Some(last) = reminders.last().filter(|last| **last < LATE_PERCENT) {
        report.lint(
            "OFFICE-REMINDERS-EARLY",
            office.table,
            &office.facts.reminders,
            format!("the last reminder comes at {last} percent of the time"),
            format!("add one at {LATE_PERCENT} or later, or leave `reminders` out for 50, 80 and 95"),
        );
    }
}

/// Reg. (EEC, Euratom) 1182/71 Art. 2(1), 3(4) and its like: whose holidays, only the place tells.
fn holidays(document: &Document, report: &mut Report<'_>) {
    if !document.says_establishment {
        report.lint(
            "SLA-NO-HOLIDAYS",
            TableId::TOP,
            &document.controller,
            "nothing says where the controller is established, so no public holiday is counted",
            "write establishment = \"FR\", or a part of a country as \"GB-SCT\"",
        );
    }
}
