//! What is stored about people, as the scope of a breach asks for it.

use std::collections::BTreeSet;

use app::{
    breach_scope::{TRACES_MAX, TracePage},
    error::PortError,
    walk::WALK_SEGMENTS,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    breach::{Facts, Trace},
    ids::{Category, ControllerId, InvalidId, Purpose, Recipient},
    record::System,
};
use jiff::Timestamp;
use wire::stored::Kind;

use super::{
    Item, TABLE,
    due::Cursor,
    key_of,
    keys::{ItemKey, subject_partitions},
    text, time, time_in,
};
use crate::{Cloud, failure::unavailable};

const TRACE: &str = "what is stored about a person";

/// Most operands of one `IN` (DynamoDB's own limit). What names more is filtered here.
const OPERANDS_MAX: usize = 100;

/// What a page shows of an item.
const FIELDS: &str = "pk, sk, #category, #purpose, #system, #created_at, #recipient, #categories, #choices, #at";

const NAMES: [(&str, &str); 9] = [
    ("#kind", "kind"),
    ("#category", "category"),
    ("#purpose", "purpose"),
    ("#system", "system"),
    ("#created_at", "created_at"),
    ("#recipient", "recipient"),
    ("#categories", "categories"),
    ("#choices", "choices"),
    ("#at", "at"),
];

fn unreadable(name: &str) -> PortError {
    PortError::corrupt(TRACE, format!("{name} does not read"))
}

fn word<'a>(item: &'a Item, name: &str) -> Result<&'a str, PortError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| unreadable(name))
}

fn id<T>(item: &Item, name: &str, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<T, PortError> {
    parse(word(item, name)?).map_err(|_| unreadable(name))
}

fn at(item: &Item, name: &str) -> Result<Timestamp, PortError> {
    time_in(item, name).ok_or_else(|| unreadable(name))
}

fn categories(item: &Item) -> Result<BTreeSet<Category>, PortError> {
    let bad = || unreadable("categories");
    let names = item.get("categories").and_then(|value| value.as_l().ok()).ok_or_else(bad)?;
    let category = |name: &AttributeValue| Category::parse(name.as_s().ok()?).ok();
    names.iter().map(|name| category(name).ok_or_else(bad)).collect()
}

fn purposes(item: &Item) -> Result<BTreeSet<Purpose>, PortError> {
    let bad = || unreadable("choices");
    let choices = item.get("choices").and_then(|value| value.as_m().ok()).ok_or_else(bad)?;
    choices.keys().map(|purpose| Purpose::parse(purpose).map_err(|_| bad())).collect()
}

/// Whose an item is, and what it says of them; `None` if it is none that a breach reaches.
fn trace_of(item: &Item) -> Result<Option<(domain::ids::SubjectRef, Trace)>, PortError> {
    Ok(Some(match key_of(item)? {
        ItemKey::Record(_, subject, _) => {
            let system = System::parse(word(item, "system")?).ok_or_else(|| unreadable("system"))?;
            let (category, purpose) = (id(item, "category", Category::parse)?, id(item, "purpose", Purpose::parse)?);
            (subject, Trace::Record { category, purpose, system, created_at: at(item, "created_at")? })
        }
        ItemKey::Disclosure(_, Some(subject), _) => {
            let (recipient, purpose) = (id(item, "recipient", Recipient::parse)?, id(item, "purpose", Purpose::parse)?);
            (subject, Trace::Disclosure { recipient, categories: categories(item)?, purpose, at: at(item, "at")? })
        }
        ItemKey::Consent(_, subject, _) => (subject, Trace::Consent { purposes: purposes(item)?, at: at(item, "at")? }),
        _ => return Ok(None),
    }))
}

/// A filter that is put together clause by clause.
struct Filter {
    values: Item,
}

impl Filter {
    /// ` AND` that an attribute is one of these; nothing where they are too many to name, or none.
    fn one_of<'a>(&mut self, attribute: &str, letter: char, wanted: impl ExactSizeIterator<Item = &'a str>) -> String {
        if wanted.len() == 0 || wanted.len() > OPERANDS_MAX {
            return String::new();
        }
        let mut names = Vec::new();
        for (n, wanted) in wanted.enumerate() {
            let name = format!(":{letter}{n}");
            self.values.insert(name.clone(), text(wanted));
            names.push(name);
        }
        format!(" AND {attribute} IN ({})", names.join(", "))
    }

    /// The kind, named for a clause of its own.
    fn kind(&mut self, name: &str, kind: Kind) -> String {
        self.values.insert(name.to_owned(), text(kind.as_str()));
        format!("#kind = {name}")
    }
}

/// What of the table is worth reading for these facts: at least what [`Facts::reaches`] takes.
fn filter(controller: &ControllerId, facts: &Facts) -> (String, Item) {
    let scope = &facts.scope;
    let values = Item::from([
        (":subjects".to_owned(), text(subject_partitions(controller))),
        (":to".to_owned(), time(facts.exposed_to)),
    ]);
    let mut filter = Filter { values };
    let purposes = filter.one_of("#purpose", 'p', scope.purposes.iter().map(|purpose| purpose.as_str()));
    let mut clauses = Vec::new();
    if scope.recipients.is_empty() {
        let kind = filter.kind(":record", Kind::Record);
        let categories = filter.one_of("#category", 'c', scope.categories.iter().map(|category| category.as_str()));
        let systems = filter.one_of("#system", 's', scope.systems.iter().map(|system| system.as_str()));
        clauses.push(format!("{kind} AND #created_at <= :to{purposes}{categories}{systems}"));
    } else {
        let kind = filter.kind(":disclosure", Kind::Disclosure);
        let recipients = filter.one_of("#recipient", 'r', scope.recipients.iter().map(|recipient| recipient.as_str()));
        clauses.push(format!("{kind} AND #at <= :to{purposes}{recipients}"));
    }
    if scope.consents {
        let kind = filter.kind(":consent", Kind::Consent);
        clauses.push(format!("{kind} AND #at <= :to"));
    }
    // AND binds closer than OR, and DynamoDB refuses parentheses that nothing needs.
    (format!("begins_with(pk, :subjects) AND ({})", clauses.join(" OR ")), filter.values)
}

impl Cloud {
    /// One page of one segment of the table: what the facts may have reached.
    pub(super) async fn traces_of(
        &self,
        controller: &ControllerId,
        facts: &Facts,
        segment: u16,
        from: Option<&str>,
    ) -> Result<TracePage, PortError> {
        let (filter, values) = filter(controller, facts);
        let names = NAMES.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()));
        let page = self
            .dynamodb()
            .scan()
            .table_name(self.table()?)
            // Whoever is not found is not told.
            .consistent_read(true)
            .filter_expression(filter)
            .projection_expression(FIELDS)
            .set_expression_attribute_names(Some(names.into()))
            .set_expression_attribute_values(Some(values))
            .total_segments(i32::from(WALK_SEGMENTS))
            .segment(i32::from(segment))
            .limit(i32::try_from(TRACES_MAX).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let traces = page.items().iter().filter_map(|item| trace_of(item).transpose()).collect::<Result<_, _>>()?;
        Ok(TracePage { traces, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use domain::breach::{Scope, Texts};

    use super::*;

    fn facts(scope: Scope) -> Facts {
        Facts { scope, ..Facts::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, Texts::default()) }
    }

    fn of(scope: Scope) -> (String, Vec<String>) {
        let (filter, values) = filter(&ControllerId::parse("acme").unwrap(), &facts(scope));
        let mut names: Vec<_> = values.into_keys().collect();
        names.sort();
        (filter, names)
    }

    #[test]
    fn a_scope_that_names_nothing_asks_for_every_record() {
        let (filter, values) = of(Scope::default());
        assert_eq!(filter, "begins_with(pk, :subjects) AND (#kind = :record AND #created_at <= :to)");
        assert_eq!(values, [":record", ":subjects", ":to"]);
    }

    #[test]
    fn each_side_that_is_named_narrows_the_filter_and_every_value_is_used() {
        let purposes = [Purpose::parse("marketing").unwrap()].into();
        let recipients = [Recipient::parse("mailer").unwrap()].into();
        let (filter, values) = of(Scope { purposes, recipients, consents: true, ..Scope::default() });
        assert_eq!(
            filter,
            "begins_with(pk, :subjects) AND (#kind = :disclosure AND #at <= :to AND #purpose IN (:p0) AND #recipient \
             IN (:r0) OR #kind = :consent AND #at <= :to)"
        );
        assert!(values.iter().all(|value| filter.contains(value)));
    }

    #[test]
    fn more_names_than_one_condition_takes_are_left_to_the_rule() {
        let categories = (0..=OPERANDS_MAX).map(|n| Category::parse(&format!("category-{n}")).unwrap()).collect();
        let (filter, values) = of(Scope { categories, ..Scope::default() });
        assert!(!filter.contains("#category"), "{filter}");
        assert_eq!(values.len(), 3);
    }
}
