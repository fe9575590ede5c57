//! Which data is kept.

use domain::ids::Field;

use crate::language::{Report, facts::Document};

/// What a card's security code is called (PCI DSS glossary: CAV2, CVC2, CVV2, CID).
const SECURITY_CODES: [&str; 9] =
    ["card_security_code", "security_code", "cvv", "cvv2", "cvc", "cvc2", "cid", "csc", "cav2"];

fn is_security_code(field: &Field) -> bool {
    let name = field.as_str().replace('-', "_");
    let name = name.strip_prefix("card_").filter(|rest| SECURITY_CODES.contains(rest)).unwrap_or(&name);
    SECURITY_CODES.contains(&name)
}

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    for (id, entry) in &document.categories {
        let Some(rule) = &entry.rule else { continue };
        let facts = &entry.facts;
        if rule.fields.is_empty() {
            report.lint(
                "CAT-OPEN-LIST",
                entry.table,
                &entry.span,
                format!("{id} names no fields, so any field may be kept"),
                "list its fields: what is not listed is refused then (GDPR Art. 5(1)(c))",
            );
        } else if let Some(span) = &facts.open_list {
            report.lint(
                "CAT-OPEN-LIST",
                entry.table,
                span,
                format!("the text leaves the fields of {id} open"),
                "only the listed fields are taken in: list those that are really kept",
            );
        }
        if let Some(span) = &facts.free_text {
            report.lint(
                "CAT-UNSTRUCTURED",
                entry.table,
                span,
                format!("{id} holds free text, in which anything can stand"),
                "look through such records before they are handed out (GDPR Art. 15(4))",
            );
        }
        if let Some((field, span)) = rule.fields.iter().find(|field| is_security_code(field)).zip(facts.fields.as_ref())
        {
            report.lint(
                "PCI-SAD",
                entry.table,
                span,
                format!("{field} must not be stored after authorisation"),
                "list it under `never` (PCI DSS 3.3.1)",
            );
        }
        if let Some((field, span)) = rule.never.iter().find(|field| is_security_code(field)).zip(facts.never.as_ref()) {
            report.lint(
                "PCI-SAD",
                entry.table,
                span,
                format!("the text collects {field}, which must not be stored after authorisation"),
                "nothing: it is refused (PCI DSS 3.3.1)",
            );
            report.read_as(
                "PCI-SAD",
                entry.table,
                format!("{field} is never stored: a record that carries it is refused"),
            );
        }
    }
}
