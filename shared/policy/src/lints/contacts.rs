//! How the controller is reached, and what it is where.

use domain::policy::Regime;

use super::recipients::is_in_the_union;
use crate::language::{Report, TableId, facts::Document};

pub(super) fn judge(document: &Document, report: &mut Report<'_>) {
    contact(document, report);
    domains(document, report);
    representative(document, report);
    roles(document, report);
}

fn host(mail: &str) -> String {
    mail.rsplit('@').next().unwrap_or_default().to_ascii_lowercase()
}

/// Names set aside for examples (RFC 2606, RFC 6761): mail to them reaches nobody.
fn is_reserved(host: &str) -> bool {
    [".example", ".invalid", ".test", ".localhost"].iter().any(|end| host.ends_with(end))
        || ["example.com", "example.org", "example.net"].contains(&host)
}

fn contact(document: &Document, report: &mut Report<'_>) {
    let Some(contact) = &document.contact else { return };
    let host = host(&contact.value);
    if is_reserved(&host) {
        report.lint(
            "CONTACT-MISSING",
            TableId::TOP,
            &contact.span,
            format!("mail to {host} reaches nobody"),
            "put in the controller's real address before deploying: requests sent elsewhere still start the clock",
        );
    }
}

/// Two domains in one text: one of them may be a stranger's.
fn domains(document: &Document, report: &mut Report<'_>) {
    let (Some(contact), Some(office)) = (&document.contact, &document.office) else { return };
    let first = host(&contact.value);
    let related = |other: &str| {
        is_reserved(&first)
            || other == first
            || other.ends_with(&format!(".{first}"))
            || first.ends_with(&format!(".{other}"))
    };
    if let Some(other) = office.facts.mails.iter().find(|mail| !related(&host(&mail.value))) {
        report.lint(
            "CONTACT-MISMATCH",
            office.table,
            &other.span,
            format!("people are sent to {first} and to {}", host(&other.value)),
            "watch both, or ask which is right",
        );
    }
}

/// GDPR Art. 27: a controller that is not established in the Union names somebody there.
fn representative(document: &Document, report: &mut Report<'_>) {
    let office = document.office.as_ref();
    let stated = office.and_then(|office| Some((office.table, office.facts.country.as_ref()?)));
    let stated = stated.map(|(table, country)| (table, country.value, &country.span));
    let established = document.establishment.as_ref().map(|at| (TableId::TOP, at.value.country(), &at.span));
    if established.is_some_and(|(_, country, _)| is_in_the_union(country)) {
        return;
    }
    let Some((table, country, span)) = stated.or(established).filter(|(_, country, _)| !is_in_the_union(*country))
    else {
        return;
    };
    let named = office.and_then(|office| office.rule.as_ref()).is_some_and(|rule| rule.representative.is_some());
    if document.regimes.contains(&Regime::EuGdpr) && !named {
        report.lint(
            "REP-MISSING",
            table,
            span,
            format!("the controller sits in {country} and names no representative in the Union"),
            "write representative = \"…\" (GDPR Art. 27)",
        );
    }
}

fn roles(document: &Document, report: &mut Report<'_>) {
    for entry in &document.roles {
        let Some(rule) = &entry.rule else { continue };
        let other = document
            .roles
            .iter()
            .filter_map(|other| other.rule.as_ref())
            .find(|other| other.service == rule.service && other.role != rule.role);
        if let Some(other) = other {
            report.lint(
                "ROLE-CONFLICT",
                entry.table,
                &entry.span,
                format!(
                    "the text calls it {} of {}, and {} too",
                    rule.role.as_str(),
                    rule.service,
                    other.role.as_str()
                ),
                "take the role with more duties",
            );
        }
    }
}
