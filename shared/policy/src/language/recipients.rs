//! Reads to whom data may go, where it may be, and what it may never be used for.

use std::collections::BTreeMap;

use domain::{
    ids::{Category, Ground, Purpose, Recipient},
    policy::{Clause, Denial, Mechanism, RecipientRole, RecipientRule, TransferRule, Use},
};

use super::{
    clauses::{Kind, read_head},
    facts::{DenialFacts, Entries, Entry, RecipientFacts, RecipientsDefaultFacts, TransferFacts},
    insert,
    purposes::{Categories, Purposes, consent_purpose, declared, read_uses},
    reader::{At, Table},
    report::Report,
};

/// The recipients of a file.
pub(super) type Recipients = Entries<Recipient, RecipientRule, RecipientFacts>;

pub(super) fn read_recipients(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    purposes: &Purposes,
    categories: &Categories,
) -> Recipients {
    let mut recipients = Recipients::new();
    let roles = RecipientRole::ALL.map(RecipientRole::as_str);
    for mut table in top.tables(report, "recipient", "[[recipient]]") {
        let table_id = read_head(report, &mut table, Kind::Recipient, true);
        let id = table.name(report, "id", Recipient::parse);
        if let Some(id) = &id {
            report.call(table_id, format!("recipient {}", id.value));
        }
        let title = table.need_text(report, "title", "write what people read about them");
        if !table.has("role") {
            table.missing(report, "POLICY-MISSING-KEY", "role", &format!("write one of {}", roles.join(", ")));
        }
        let role = table.word(report, "role", "POLICY-UNKNOWN-WORD", &roles, RecipientRole::parse);
        let kept = read_categories_of(report, &mut table, categories);
        let purposes_of = read_purposes_of(report, &mut table, "purposes", purposes);
        let grounds = table.names_at(report, "grounds", Ground::parse);
        let needs = table.names_at(report, "needs", Ground::parse);
        let consent = table
            .maybe_name(report, "consent", Purpose::parse)
            .and_then(|at| consent_purpose(report, "consent", at, purposes));
        let uses = read_uses(report, &mut table, "uses");
        let countries = table.countries(report, "countries");
        let mechanism = read_mechanism(report, &mut table);
        let mail = table.mail(report, "mail");
        let facts =
            RecipientFacts { open_class: table.raised(report, "open_class"), countries: table.span_of("countries") };
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let rule = title.zip(role).zip(report.clause_of(table_id)).map(|((title, role), clause)| RecipientRule {
                id: id.clone(),
                title: title.value,
                role: role.value,
                categories: kept.into_iter().map(|at| at.value).collect(),
                purposes: purposes_of.into_iter().map(|at| at.value).collect(),
                grounds: grounds.into_iter().map(|at| at.value).collect(),
                needs: needs.into_iter().map(|at| at.value).collect(),
                consent: consent.map(|at| at.value),
                uses: uses.into_iter().map(|at| at.value).collect(),
                countries: countries.into_iter().map(|at| at.value).collect(),
                mechanism: mechanism.map(|at| at.value),
                mail: mail.map(|at| at.value),
                clause,
            });
            let label = id.to_string();
            insert(report, &mut recipients, id, &label, Entry { table: table_id, span, rule, facts });
        }
    }
    report.about(None);
    recipients
}

pub(super) fn read_categories_of(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
    categories: &Categories,
) -> Vec<At<Category>> {
    let named = table.names_at(report, "categories", Category::parse);
    named.into_iter().filter_map(|at| declared(report, "category", "POLICY-UNKNOWN-CATEGORY", at, categories)).collect()
}

/// A list of declared purposes.
pub(super) fn read_purposes_of(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
    key: &'static str,
    purposes: &Purposes,
) -> Vec<At<Purpose>> {
    let named = table.names_at(report, key, Purpose::parse);
    named.into_iter().filter_map(|at| declared(report, "purpose", "POLICY-UNKNOWN-PURPOSE", at, purposes)).collect()
}

fn read_mechanism(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Option<At<Mechanism>> {
    table.word(report, "mechanism", "POLICY-UNKNOWN-WORD", &Mechanism::ALL.map(Mechanism::as_str), Mechanism::parse)
}

pub(super) fn read_recipients_default(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
) -> Option<Entry<Clause, RecipientsDefaultFacts>> {
    let mut table = top.table(report, "recipients_default", "[recipients_default]")?;
    let id = read_head(report, &mut table, Kind::RecipientsDefault, true);
    report.call(id, "recipients, closed list");
    let closed = table.flag(report, "closed").is_none_or(|at| at.value);
    let span = table.span_of("closed");
    table.finish(report);
    report.about(None);
    Some(Entry { table: id, span, rule: report.clause_of(id), facts: RecipientsDefaultFacts { closed } })
}

pub(super) fn read_transfer(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
) -> Option<Entry<TransferRule, TransferFacts>> {
    let mut table = top.table(report, "transfer", "[transfer]")?;
    let id = read_head(report, &mut table, Kind::Transfer, true);
    report.call(id, "transfer");
    let home = table.countries(report, "home");
    if !table.has("home") {
        let hint = "list where data may be without more: home = [\"FR\"]";
        table.missing(report, "POLICY-MISSING-KEY", "home", hint);
    } else if home.is_empty() {
        let hint = "list where data may be without more: home = [\"FR\"]";
        report.error("POLICY-MISSING-KEY", &table.span_of("home"), "`home` names no country", hint);
    }
    let words = Mechanism::ALL.map(Mechanism::as_str);
    let mechanisms = table.words(report, "mechanisms", "POLICY-UNKNOWN-WORD", &words, Mechanism::parse);
    let nothing =
        table.word(report, "stated", "POLICY-UNKNOWN-WORD", &["nothing"], |text| (text == "nothing").then_some(()));
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    let rule = report.clause_of(id).map(|clause| TransferRule {
        home: home.into_iter().map(|at| at.value).collect(),
        mechanisms: mechanisms.into_iter().map(|at| at.value).collect(),
        clause,
    });
    Some(Entry { table: id, span, rule, facts: TransferFacts { nothing: nothing.map(|at| at.span) } })
}

pub(super) fn read_denials(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    purposes: &Purposes,
) -> Vec<Entry<Denial, DenialFacts>> {
    let mut denials: Vec<Entry<Denial, DenialFacts>> = Vec::new();
    let mut firsts: BTreeMap<(Use, Option<String>), usize> = BTreeMap::new();
    let words = Use::ALL.map(Use::as_str);
    for mut table in top.tables(report, "deny", "[[deny]]") {
        let id = read_head(report, &mut table, Kind::Deny, true);
        if !table.has("what") {
            table.missing(report, "POLICY-MISSING-KEY", "what", &format!("write one of {}", words.join(", ")));
        }
        let what = table.word(report, "what", "POLICY-UNKNOWN-WORD", &words, Use::parse);
        let except = read_purposes_of(report, &mut table, "except", purposes);
        let unless_consent = table
            .maybe_name(report, "unless_consent", Purpose::parse)
            .and_then(|at| consent_purpose(report, "unless_consent", at, purposes));
        let scope = table.text(report, "scope");
        let span = what.as_ref().map_or_else(|| table.span.clone(), |at| at.span.clone());
        table.finish(report);
        if let Some(what) = &what {
            report.call(id, format!("deny {}", what.value.as_str()));
            // A narrower denial of the same use may stand beside the wider one, which is obeyed.
            let key = (what.value, scope.as_ref().map(|at| at.value.clone()));
            if let Some(first) = firsts.get(&key) {
                let (line, _) = report.place(*first);
                let message = format!("{} is denied twice", what.value.as_str());
                report.error("POLICY-DUPLICATE", &span, message, format!("the first one is in line {line}: keep one"));
            } else {
                firsts.insert(key, span.start);
            }
        }
        let rule = what.zip(report.clause_of(id)).map(|(what, clause)| Denial {
            what: what.value,
            except: except.into_iter().map(|at| at.value).collect(),
            unless_consent: unless_consent.map(|at| at.value),
            clause,
        });
        denials.push(Entry { table: id, span, rule, facts: DenialFacts { scope } });
    }
    report.about(None);
    denials
}

/// One denial for each use: the one that the text does not narrow, else the first.
pub(super) fn widest_denials(denials: Vec<Entry<Denial, DenialFacts>>) -> BTreeMap<Use, Denial> {
    let mut widest = BTreeMap::new();
    let (narrow, wide): (Vec<_>, Vec<_>) = denials.into_iter().partition(|entry| entry.facts.scope.is_some());
    for denial in wide.into_iter().chain(narrow).filter_map(|entry| entry.rule) {
        widest.entry(denial.what).or_insert(denial);
    }
    widest
}
