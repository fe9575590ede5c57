//! The notice, and what follows when it changes.

use crate::language::{Report, facts::Document};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    if let Some(notice) = &document.notice
        && notice.version.value.starts_with("undated")
    {
        report.lint(
            "NOTICE-NO-VERSION",
            notice.table,
            &notice.version.span,
            "the notice has no version of its own",
            "have the controller date its notice: until then only the hash tells two texts apart",
        );
    }
    let Some(change) = &document.notice_change else { return };
    if let Some(stated) = &change.facts.stated {
        report.lint(
            "NOTICE-VAGUE",
            change.table,
            &stated.span,
            format!("people hear of changes \"{}\"", stated.value.escape_debug()),
            "agree on a number: lead_time = \"P30D\"",
        );
    }
    if let Some(span) = &change.facts.at_once {
        report.lint(
            "NOTICE-IMMEDIATE",
            change.table,
            span,
            "changes take effect when they are posted",
            "agree on a time in between: lead_time = \"P30D\" (GDPR Art. 13(3))",
        );
    }
}
