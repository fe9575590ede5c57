//! An export as one table (RFC 4180), for programs that read no JSON.

use super::Export;

const HEADER: [&str; 8] = ["part", "category", "purpose", "at", "kept_until", "field", "value", "clause"];

#[derive(Default)]
struct Row<'a> {
    part: &'a str,
    category: &'a str,
    purpose: &'a str,
    at: &'a str,
    kept_until: &'a str,
    field: &'a str,
    value: &'a str,
    clause: &'a str,
}

/// What a value that is kept and not shown is replaced by.
const WITHHELD: &str = "(kept, not shown)";

impl Export {
    /// The export as CSV: a row for each value, in the columns of the header. A value that a spreadsheet
    /// would run as a formula has an apostrophe before it; the JSON has it as it is.
    pub fn to_csv(&self) -> String {
        let mut csv = String::new();
        line(&mut csv, &HEADER);
        self.rows(&mut |row: Row<'_>| {
            let Row { part, category, purpose, at, kept_until, field, value, clause } = row;
            line(&mut csv, &[part, category, purpose, at, kept_until, field, value, clause]);
        });
        for (system, data) in &self.systems {
            // A table has no place for what is nested: one row a member, as it came.
            let whole = || vec![(String::new(), data.to_string())];
            let members = data.as_object().map_or_else(whole, |members| {
                let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                members.iter().map(|(name, value)| (format!("{system}.{name}"), text(value))).collect()
            });
            for (field, value) in members {
                line(&mut csv, &["system", "", "", "", "", &field, &value, ""]);
            }
        }
        csv
    }

    fn rows<'a>(&'a self, row: &mut impl FnMut(Row<'a>)) {
        let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        for record in &self.records {
            let of = |field, value| Row {
                part: "record",
                category: &record.category,
                purpose: &record.purpose,
                at: &record.created_at,
                kept_until: text(&record.kept_until),
                field,
                value,
                clause: &record.clause,
            };
            if let Some(identifier) = &record.identifier {
                row(of(&identifier.kind, &identifier.value));
            }
            row(of("locator", text(&record.locator)));
            for (field, value) in &record.fields {
                row(of(field, value));
            }
            for field in &record.withheld {
                row(of(field, WITHHELD));
            }
        }
        for consent in &self.consents {
            for (purpose, choice) in &consent.choices {
                let part =
                    Row { part: "consent", purpose, at: &consent.at, field: "choice", value: choice, ..Row::default() };
                row(part);
            }
        }
        for request in &self.requests {
            let part = Row { part: "request", at: &request.received_at, field: &request.asked_for, ..Row::default() };
            row(Row { value: &request.status, ..part });
        }
        for line in &self.disclosures {
            for category in &line.categories {
                row(Row {
                    part: "disclosure",
                    category,
                    purpose: &line.purpose,
                    at: &line.at,
                    field: &line.recipient,
                    value: text(&line.title),
                    clause: &line.clause,
                    ..Row::default()
                });
            }
        }
        for given in &self.instructions {
            let parts = [
                ("retention", &given.retention),
                ("deletion", &given.deletion),
                ("communication", &given.communication),
            ];
            for (field, value) in parts.into_iter().filter(|(_, value)| value.is_some()) {
                row(Row { part: "instruction", at: &given.at, field, value: text(value), ..Row::default() });
            }
        }
        self.facts_rows(row);
    }

    fn facts_rows<'a>(&'a self, row: &mut impl FnMut(Row<'a>)) {
        for fact in &self.facts.categories {
            let clause = fact.clause.as_deref().unwrap_or_default();
            let of = |field, value| Row {
                part: "category",
                category: &fact.category,
                field,
                value,
                clause,
                ..Row::default()
            };
            fact.fields.iter().for_each(|field| row(of("field", field)));
            fact.sources.iter().for_each(|source| row(of("source", source)));
            fact.recipients.iter().for_each(|recipient| row(of("recipient", recipient)));
            for kept in &fact.kept {
                let (how_long, clause) = (kept.how_long.as_deref(), kept.clause.as_deref());
                let (how_long, clause) = (how_long.unwrap_or_default(), clause.unwrap_or_default());
                row(Row { purpose: &kept.purpose, clause, ..of("kept", how_long) });
            }
        }
        for fact in &self.facts.purposes {
            let of = |field, value| Row {
                part: "purpose",
                purpose: &fact.purpose,
                field,
                value,
                clause: &fact.clause,
                ..Row::default()
            };
            row(of("title", &fact.title));
            row(of("lawful_basis", &fact.lawful_basis));
        }
        for fact in &self.facts.recipients {
            let (field, value, clause) = (&fact.recipient, &fact.title, &fact.clause);
            row(Row { part: "recipient", field, value, clause, ..Row::default() });
        }
        for fact in &self.facts.ruled_out {
            row(Row { part: "ruled-out", field: "use", value: &fact.what, clause: &fact.clause, ..Row::default() });
        }
        for fact in &self.facts.rights {
            let value = if fact.offered { "offered" } else { "refused" };
            let clause = fact.clause.as_deref().unwrap_or_default();
            row(Row { part: "right", field: &fact.request, value, clause, ..Row::default() });
        }
        if let Some(incentives) = &self.facts.incentives {
            row(Row { part: "incentives", field: "incentives", value: incentives, ..Row::default() });
        }
    }
}

/// One line of a table. A value that a spreadsheet would run as a formula has an apostrophe before it.
pub(crate) fn line(csv: &mut String, cells: &[&str]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            csv.push(',');
        }
        push(csv, cell);
    }
    csv.push_str("\r\n");
}

fn push(csv: &mut String, cell: &str) {
    let guard = if is_formula(cell) { "'" } else { "" };
    if cell.contains(['"', ',', '\r', '\n']) {
        csv.push('"');
        csv.push_str(guard);
        csv.push_str(&cell.replace('"', "\"\""));
        csv.push('"');
    } else {
        csv.push_str(guard);
        csv.push_str(cell);
    }
}

/// Whether a spreadsheet would take it for a formula: what others wrote about a person must not run on
/// that person's machine. A telephone number stays a number.
fn is_formula(cell: &str) -> bool {
    match cell.as_bytes() {
        [b'=' | b'@' | b'\t' | b'\r' | b'\n', ..] => true,
        [b'+' | b'-', rest @ ..] => !rest.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: &str) -> String {
        let mut csv = String::new();
        push(&mut csv, cell);
        csv
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_runs() {
        for (cell, expected) in [
            ("Ada", "Ada"),
            ("", ""),
            ("Lovelace, Ada", "\"Lovelace, Ada\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("+33123456789", "+33123456789"),
            ("-12.5", "-12.5"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("=HYPERLINK(\"https://evil.example\",\"x\")", "\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\""),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
        ] {
            assert_eq!(written(cell), expected);
        }
    }
}
