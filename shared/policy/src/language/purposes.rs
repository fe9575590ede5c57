//! Reads the purposes and the categories of data.

use domain::{
    ids::{Category, Field, Ground, Purpose},
    policy::{CategoryRule, LawfulBasis, PurposeRule, Use},
};

use super::{
    clauses::{Kind, read_head},
    facts::{CategoryFacts, Entries, Entry, PurposeFacts, Stated, StatedBasis},
    insert,
    reader::{At, Table, nearest},
    report::{Report, TableId},
};

/// Most people that a total can be asked to have at least.
const THRESHOLD_MAX: i64 = 1_000_000;

/// The purposes of a file.
pub(super) type Purposes = Entries<Purpose, PurposeRule, PurposeFacts>;

/// The categories of a file.
pub(super) type Categories = Entries<Category, CategoryRule, CategoryFacts>;

pub(super) fn read_purposes(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Purposes {
    let mut purposes = Purposes::new();
    for mut table in top.tables(report, "purpose", "[[purpose]]") {
        let table_id = read_head(report, &mut table, Kind::Purpose, true);
        let id = table.name(report, "id", Purpose::parse);
        let title = table.need_text(report, "title", "write what people read when they are asked");
        let words = LawfulBasis::ALL.map(LawfulBasis::as_str);
        if !table.has("basis") {
            // GDPR Art. 6(1): no ground, no processing.
            table.missing(report, "BASIS-MISSING", "basis", &format!("name its ground: {}", words.join(", ")));
        }
        let basis = table.word(report, "basis", "POLICY-UNKNOWN-BASIS", &words, LawfulBasis::parse);
        if let Some(id) = &id {
            report.call(table_id, format!("purpose {}", id.value));
        }
        let uses = read_uses(report, &mut table, "uses");
        let only_with = table.names_at(report, "only_with", Ground::parse);
        let confirm_by_mail = table.flag(report, "confirm_by_mail").filter(|at| at.value);
        let facts = read_purpose_facts(report, &mut table, table_id);
        if let (Some(confirm), Some(basis)) = (&confirm_by_mail, &basis)
            && basis.value != LawfulBasis::Consent
        {
            report.error(
                "POLICY-NOT-CONSENT",
                &confirm.span,
                format!("`confirm_by_mail` confirms a consent, and the purpose rests on {}", basis.value.as_str()),
                "take it away, or let the purpose rest on consent",
            );
        }
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let rule = title.zip(basis).zip(report.clause_of(table_id)).map(|((title, basis), clause)| PurposeRule {
                id: id.clone(),
                title: title.value,
                basis: basis.value,
                uses: uses.into_iter().map(|at| at.value).collect(),
                also_needs: facts.also_needs.iter().map(|at| at.value.clone()).collect(),
                only_with: only_with.into_iter().map(|at| at.value).collect(),
                threshold: facts.threshold,
                confirm_by_mail: confirm_by_mail.is_some(),
                clause,
            });
            let label = id.to_string();
            insert(report, &mut purposes, id, &label, Entry { table: table_id, span, rule, facts });
        }
    }
    report.about(None);
    purposes
}

/// A list of kinds of use.
pub(super) fn read_uses(report: &mut Report<'_>, table: &mut Table<'_, '_>, key: &'static str) -> Vec<At<Use>> {
    table.words(report, key, "POLICY-UNKNOWN-WORD", &Use::ALL.map(Use::as_str), Use::parse)
}

fn read_purpose_facts(report: &mut Report<'_>, table: &mut Table<'_, '_>, id: TableId) -> PurposeFacts {
    let also_needs = table.names_at(report, "also_needs", Purpose::parse);
    let mut stated = Vec::new();
    let words = StatedBasis::words();
    for mut entry in table.tables(report, "stated", "stated = [{ basis = \"…\", clause = \"…\" }]") {
        if !entry.has("basis") {
            entry.missing(report, "POLICY-MISSING-KEY", "basis", &format!("write one of {}", words.join(", ")));
        }
        let basis = entry.word(report, "basis", "POLICY-UNKNOWN-BASIS", &words, StatedBasis::parse);
        let clause = entry.cited(report, id);
        entry.finish(report);
        if let Some(basis) = basis {
            stated.push(Stated { basis, clause: clause.or_else(|| report.clause_of(id)) });
        }
    }
    let party = table.word(report, "party", "POLICY-UNKNOWN-WORD", &["organisation", "person"], |text| match text {
        "organisation" => Some(true),
        "person" => Some(false),
        _ => None,
    });
    PurposeFacts {
        stated,
        bundled_with: table.names_at(report, "bundled_with", Purpose::parse),
        reuses: table.names_at(report, "reuses", Category::parse),
        also_needs,
        broad: table.raised(report, "broad"),
        organisation: party.filter(|at| at.value).map(|at| at.span),
        threshold: table
            .count(report, "threshold", "POLICY-BAD-NUMBER", 2..=THRESHOLD_MAX, "people")
            .map(|at| at.value),
    }
}

pub(super) fn read_categories(report: &mut Report<'_>, top: &mut Table<'_, '_>, purposes: &Purposes) -> Categories {
    let mut categories = Categories::new();
    for mut table in top.tables(report, "category", "[[category]]") {
        let table_id = read_head(report, &mut table, Kind::Category, true);
        let id = table.name(report, "id", Category::parse);
        if let Some(id) = &id {
            report.call(table_id, format!("category {}", id.value));
        }
        let fields = table.names(report, "fields", Field::parse);
        let withheld = table.names_at(report, "withheld", Field::parse);
        let never = table.names_at(report, "never", Field::parse);
        let listed = fields.as_ref().map(|fields| fields.value.as_slice()).unwrap_or_default();
        if !listed.is_empty()
            && let Some(stray) = withheld.iter().find(|field| !listed.contains(&field.value))
        {
            report.error(
                "POLICY-UNKNOWN-FIELD",
                &stray.span,
                format!("{} is withheld but not among the category's fields", stray.value),
                "list it under fields too, or take it out",
            );
        }
        if let Some(both) = never.iter().find(|field| listed.contains(&field.value)) {
            report.error(
                "POLICY-CONTRADICTION",
                &both.span,
                format!("{} is never stored, and one of the category's fields", both.value),
                "take it out of fields, or out of never",
            );
        }
        let opt_in = table
            .maybe_name(report, "opt_in", Purpose::parse)
            .and_then(|at| consent_purpose(report, "opt_in", at, purposes));
        let sources = table.names_at(report, "sources", Ground::parse);
        let facts = CategoryFacts {
            open_list: table.raised(report, "open_list"),
            free_text: table.raised(report, "free_text"),
            fields: fields.as_ref().map(|fields| fields.span.clone()),
            never: never.first().map(|field| field.span.clone()),
        };
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let rule = report.clause_of(table_id).map(|clause| CategoryRule {
                id: id.clone(),
                fields: fields.map(|fields| fields.value).unwrap_or_default(),
                withheld: withheld.into_iter().map(|at| at.value).collect(),
                never: never.into_iter().map(|at| at.value).collect(),
                opt_in: opt_in.map(|at| at.value),
                sources: sources.into_iter().map(|at| at.value).collect(),
                clause,
            });
            let label = id.to_string();
            insert(report, &mut categories, id, &label, Entry { table: table_id, span, rule, facts });
        }
    }
    report.about(None);
    categories
}

/// Checks what purposes say of each other and of categories, once all of them are known.
pub(super) fn check_references(report: &mut Report<'_>, purposes: &Purposes, categories: &Categories) {
    for (id, entry) in purposes {
        report.about(report.clause_of(entry.table));
        for other in entry.facts.also_needs.iter().chain(&entry.facts.bundled_with) {
            if other.value == *id {
                let hint = "name another purpose, or take it away";
                report.error("POLICY-CONTRADICTION", &other.span, format!("{id} names itself"), hint);
            }
        }
        for other in &entry.facts.also_needs {
            consent_purpose(report, "also_needs", other.clone(), purposes);
        }
        for other in &entry.facts.bundled_with {
            declared(report, "purpose", "POLICY-UNKNOWN-PURPOSE", other.clone(), purposes);
        }
        for category in &entry.facts.reuses {
            declared(report, "category", "POLICY-UNKNOWN-CATEGORY", category.clone(), categories);
        }
    }
    report.about(None);
}

/// A name that the file declares in another table.
pub(super) fn declared<T: Ord + std::fmt::Display, R, F>(
    report: &mut Report<'_>,
    what: &str,
    code: &'static str,
    at: At<T>,
    declared: &Entries<T, R, F>,
) -> Option<At<T>> {
    if declared.contains_key(&at.value) {
        return Some(at);
    }
    let names: Vec<String> = declared.keys().map(ToString::to_string).collect();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let hint = match nearest(&at.value.to_string(), &words) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("declare it with [[{what}]]"),
    };
    report.error(code, &at.span, format!("no [[{what}]] is named {}", at.value), hint);
    None
}

/// A declared purpose whose consent is asked for, and which must rest on consent for that.
pub(super) fn consent_purpose(
    report: &mut Report<'_>,
    key: &str,
    at: At<Purpose>,
    purposes: &Purposes,
) -> Option<At<Purpose>> {
    let at = declared(report, "purpose", "POLICY-UNKNOWN-PURPOSE", at, purposes)?;
    let basis = purposes.get(&at.value).and_then(|entry| entry.rule.as_ref()).map(|rule| rule.basis);
    match basis {
        Some(LawfulBasis::Consent) | None => Some(at),
        Some(other) => {
            report.error(
                "POLICY-NOT-CONSENT",
                &at.span,
                format!("`{key}` asks for a consent to {}, which rests on {}", at.value, other.as_str()),
                "name a purpose with basis = \"consent\"",
            );
            None
        }
    }
}
