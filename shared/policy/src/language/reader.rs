//! Reads TOML tables key by key, so that every mistake of a table is found, not only its first.

use std::ops::{Range, RangeInclusive};

use domain::{
    ids::{Identifier, IdentifierKind, InvalidId},
    policy::{Clause, Country},
};
use jiff::{Span, civil::Date};
use toml::de::{DeTable, DeValue};

use super::report::{Report, TableId};
use crate::duration;

/// Longest text of one line accepted: a title, a reason, a clause.
pub(super) const TEXT_CHARS_MAX: usize = 500;

/// A value and the bytes it came from.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

impl<T> At<T> {
    pub(super) const fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }

    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> At<U> {
        At { value: make(self.value), span: self.span }
    }
}

/// A table that is being read: it remembers which keys were asked for, and so which are unknown.
#[derive(Debug)]
pub(super) struct Table<'t, 'i> {
    entries: &'t DeTable<'i>,
    /// What the table is, for messages: `[[retention]]`.
    what: &'static str,
    pub(super) span: Range<usize>,
    known: Vec<&'static str>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn new(entries: &'t DeTable<'i>, what: &'static str, span: Range<usize>) -> Self {
        Self { entries, what, span, known: Vec::new() }
    }

    fn get(&mut self, key: &'static str) -> Option<At<&'t DeValue<'i>>> {
        self.known.push(key);
        self.find(key)
    }

    fn find(&self, key: &str) -> Option<At<&'t DeValue<'i>>> {
        self.entries
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| At::new(value.get_ref(), value.span()))
    }

    /// Where a key or its value stands, for findings about it.
    pub(super) fn span_of(&self, key: &str) -> Range<usize> {
        self.entries
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map_or_else(|| self.span.clone(), |(_, value)| value.span())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.get_ref().as_ref() == key)
    }

    fn wrong_type(&self, report: &mut Report<'_>, key: &str, at: &At<&DeValue<'_>>, wanted: &str) {
        report.error(
            "POLICY-WRONG-TYPE",
            &at.span,
            format!("`{key}` is {}", kind_of(at.value)),
            format!("write {wanted}"),
        );
    }

    pub(super) fn missing(&self, report: &mut Report<'_>, code: &'static str, key: &str, hint: &str) {
        report.error(code, &self.span, format!("{} has no `{key}`", self.what), hint);
    }

    /// A text, if the key is there and its value is one.
    pub(super) fn text(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let at = self.get(key)?;
        let DeValue::String(text) = at.value else {
            self.wrong_type(report, key, &at, "a text in quotes");
            return None;
        };
        line(report, key, At::new(text.as_ref().to_owned(), at.span))
    }

    /// A text that must be there.
    pub(super) fn need_text(&mut self, report: &mut Report<'_>, key: &'static str, hint: &str) -> Option<At<String>> {
        if !self.has(key) {
            self.missing(report, "POLICY-MISSING-KEY", key, hint);
        }
        self.text(report, key)
    }

    /// A name by its parser.
    pub(super) fn name<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Option<At<T>> {
        let text = self.need_text(report, key, &format!("write `{key} = \"…\"`"))?;
        parse_name(report, &text, parse)
    }

    /// One word of a closed list, by its parser.
    pub(super) fn word<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        code: &'static str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<At<T>> {
        let text = self.text(report, key)?;
        parse_word(report, key, &text, code, words, parse)
    }

    /// A switch of true and false; absent is `None`.
    pub(super) fn flag(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<bool>> {
        let at = self.get(key)?;
        match at.value {
            DeValue::Boolean(flag) => Some(At::new(*flag, at.span)),
            _ => {
                self.wrong_type(report, key, &at, "true or false, without quotes");
                None
            }
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<i64>> {
        let at = self.get(key)?;
        self.whole_number(report, key, at)
    }

    fn whole_number(&self, report: &mut Report<'_>, key: &str, at: At<&DeValue<'_>>) -> Option<At<i64>> {
        let number = match at.value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(report, key, &at, "a whole number");
        }
        number.map(|number| At::new(number, at.span))
    }

    /// A list of whole numbers; absent is `None`.
    pub(super) fn numbers(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Vec<At<i64>>>> {
        let at = self.get(key)?;
        let DeValue::Array(items) = at.value else {
            self.wrong_type(report, key, &at, "a list of whole numbers in brackets");
            return None;
        };
        let items = items.iter().map(|item| At::new(item.get_ref(), item.span()));
        let numbers = items.filter_map(|item| self.whole_number(report, key, item)).collect();
        Some(At::new(numbers, at.span))
    }

    /// A list of texts; absent is `None`. Repeated texts are reported.
    pub(super) fn texts(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let at = self.get(key)?;
        let DeValue::Array(items) = at.value else {
            self.wrong_type(report, key, &at, "a list of texts in brackets");
            return None;
        };
        let mut texts: Vec<At<String>> = Vec::new();
        for item in items {
            let span = item.span();
            match item.get_ref() {
                DeValue::String(text) if texts.iter().any(|seen| seen.value == text.as_ref()) => report.error(
                    "POLICY-DUPLICATE",
                    &span,
                    format!("`{key}` names \"{}\" twice", text.escape_debug()),
                    "name it once",
                ),
                DeValue::String(text) => texts.push(At::new(text.as_ref().to_owned(), span)),
                other => self.wrong_type(report, key, &At::new(other, span), "texts in the list"),
            }
        }
        Some(At::new(texts, at.span))
    }

    /// A whole number of a range.
    pub(super) fn count(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        code: &'static str,
        range: RangeInclusive<i64>,
        what: &str,
    ) -> Option<At<u32>> {
        let at = self.number(report, key)?;
        let count = u32::try_from(at.value).ok().filter(|_| range.contains(&at.value));
        if count.is_none() {
            let hint = format!("write {} to {} {what}", range.start(), range.end());
            report.error(code, &at.span, format!("`{key}` cannot be {}", at.value), hint);
        }
        count.map(|count| At::new(count, at.span))
    }

    /// A day of the calendar, as TOML writes it: `2027-06-30`.
    pub(super) fn date(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Date>> {
        let at = self.get(key)?;
        let date = match at.value {
            DeValue::Datetime(written) if written.time.is_none() => written.date,
            _ => None,
        };
        let parts = date.map(|date| (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day)));
        let date = match parts {
            Some((Ok(year), Ok(month), Ok(day))) => Date::new(year, month, day).ok(),
            _ => None,
        };
        if date.is_none() {
            self.wrong_type(report, key, &at, "a day without quotes: 2027-06-30");
        }
        date.map(|date| At::new(date, at.span))
    }

    /// A mail address.
    pub(super) fn mail(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let text = self.text(report, key)?;
        parse_mail(report, key, text)
    }

    /// A list of mail addresses; absent is empty.
    pub(super) fn mails(&mut self, report: &mut Report<'_>, key: &'static str) -> Vec<At<String>> {
        let texts = self.texts(report, key).map(|at| at.value).unwrap_or_default();
        texts.into_iter().filter_map(|text| parse_mail(report, key, text)).collect()
    }

    /// A list of words of a closed list, each with its place; absent is empty.
    pub(super) fn words<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        code: &'static str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<At<T>> {
        let texts = self.texts(report, key).map(|at| at.value).unwrap_or_default();
        texts.iter().filter_map(|text| parse_word(report, key, text, code, words, &parse)).collect()
    }

    /// A list of names by their parser, each with its place; absent is empty.
    pub(super) fn names_at<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Vec<At<T>> {
        let texts = self.texts(report, key).map(|at| at.value).unwrap_or_default();
        texts.iter().filter_map(|text| parse_name(report, text, &parse)).collect()
    }

    /// A name by its parser, if the key is there.
    pub(super) fn maybe_name<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Option<At<T>> {
        let text = self.text(report, key)?;
        parse_name(report, &text, parse)
    }

    /// A list of countries; absent is empty.
    pub(super) fn countries(&mut self, report: &mut Report<'_>, key: &'static str) -> Vec<At<Country>> {
        let texts = self.texts(report, key).map(|at| at.value).unwrap_or_default();
        texts.iter().filter_map(|text| parse_country(report, text)).collect()
    }

    /// A country, if the key is there.
    pub(super) fn country(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Country>> {
        let text = self.text(report, key)?;
        parse_country(report, &text)
    }

    /// The table's keys as the author wrote them, for tables whose keys are data.
    pub(super) fn keys(&self) -> Vec<At<String>> {
        let mut keys: Vec<_> =
            self.entries.iter().map(|(name, _)| At::new(name.get_ref().as_ref().to_owned(), name.span())).collect();
        keys.sort_by_key(|key| key.span.start);
        keys
    }

    /// A fact of the text that holds if its flag is true; where it stands.
    pub(super) fn raised(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<Range<usize>> {
        self.flag(report, key).filter(|at| at.value).map(|at| at.span)
    }

    /// A list of texts of one line; absent is empty.
    pub(super) fn lines(&mut self, report: &mut Report<'_>, key: &'static str) -> Vec<String> {
        let texts = self.texts(report, key).map(|at| at.value).unwrap_or_default();
        texts.into_iter().filter_map(|text| line(report, key, text)).map(|at| at.value).collect()
    }

    /// The clause that a part of a table names, which the table then cites as well.
    pub(super) fn cited(&mut self, report: &mut Report<'_>, table: TableId) -> Option<Clause> {
        let clause = self.text(report, "clause")?.map(Clause::new);
        let value = clause.value.clone();
        report.cite(table, clause);
        Some(value)
    }

    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        self.find(key).is_some_and(|at| matches!(at.value, DeValue::Array(items) if items.is_empty()))
    }

    /// A whole number under a key that is data.
    pub(super) fn number_at(&self, report: &mut Report<'_>, key: &str) -> Option<At<i64>> {
        let at = self.find(key)?;
        self.whole_number(report, key, at)
    }

    /// A list of names by their parser.
    pub(super) fn names<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Option<At<Vec<T>>> {
        let texts = self.texts(report, key)?;
        let names = texts.value.iter().filter_map(|text| parse_name(report, text, &parse)).map(|at| at.value).collect();
        Some(At::new(names, texts.span))
    }

    /// A duration longer than nothing; with `zero` also `P0D`.
    pub(super) fn duration(&mut self, report: &mut Report<'_>, key: &'static str, zero: bool) -> Option<At<Span>> {
        let text = self.text(report, key)?;
        let refuse = |report: &mut Report<'_>, hint: &str| {
            report.error(
                "POLICY-BAD-DURATION",
                &text.span,
                format!("`{key}` is no duration: \"{}\"", text.value.escape_debug()),
                hint,
            );
            None
        };
        match duration::parse(&text.value) {
            Err(invalid) => refuse(report, invalid.hint()),
            Ok(span) if span.is_zero() && !zero => {
                refuse(report, "zero keeps nothing; only `grace` may be P0D, which means at once")
            }
            Ok(span) => Some(At::new(span, text.span)),
        }
    }

    /// A table inside this one.
    pub(super) fn table(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        what: &'static str,
    ) -> Option<Table<'t, 'i>> {
        let at = self.get(key)?;
        match at.value {
            DeValue::Table(table) => Some(Table::new(table, what, at.span)),
            _ => {
                self.wrong_type(report, key, &at, &format!("a table {what}"));
                None
            }
        }
    }

    /// A list of tables; absent is empty.
    pub(super) fn tables(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        what: &'static str,
    ) -> Vec<Table<'t, 'i>> {
        let mut tables = Vec::new();
        let Some(at) = self.get(key) else {
            return tables;
        };
        let DeValue::Array(items) = at.value else {
            self.wrong_type(report, key, &at, &format!("one {what} for each"));
            return tables;
        };
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(Table::new(table, what, item.span())),
                other => self.wrong_type(report, key, &At::new(other, item.span()), &format!("one {what} for each")),
            }
        }
        tables
    }

    /// Either a text or a table, for keys that have a short and a long form.
    pub(super) fn is_table(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|(name, value)| name.get_ref().as_ref() == key && matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, report: &mut Report<'_>) {
        self.finish_here(report);
    }

    /// As [`Self::finish`], for a table that is still needed.
    pub(super) fn finish_here(&self, report: &mut Report<'_>) {
        for (name, _) in self.entries.iter() {
            let key = name.get_ref().as_ref();
            if !self.known.contains(&key) {
                let hint = match nearest(key, &self.known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{} knows {}", self.what, self.known.join(", ")),
                };
                let message = format!("{} knows no key `{}`", self.what, key.escape_debug());
                report.error("POLICY-UNKNOWN-KEY", &name.span(), message, hint);
            }
        }
    }
}

/// A text of one line, without the blanks around it.
fn line(report: &mut Report<'_>, key: &str, text: At<String>) -> Option<At<String>> {
    let trimmed = text.value.trim();
    if trimmed.is_empty() || trimmed.chars().count() > TEXT_CHARS_MAX || trimmed.chars().any(char::is_control) {
        report.error(
            "POLICY-BAD-TEXT",
            &text.span,
            format!("`{key}` is empty, too long or holds control characters"),
            format!("write 1 to {TEXT_CHARS_MAX} characters on one line"),
        );
        return None;
    }
    Some(text.map(|text| text.trim().to_owned()))
}

/// Parses a name, or says why it is none.
pub(super) fn parse_name<T>(
    report: &mut Report<'_>,
    text: &At<String>,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Option<At<T>> {
    match parse(&text.value) {
        Ok(name) => Some(At::new(name, text.span.clone())),
        Err(error) => {
            let message = format!("\"{}\" is not a name", text.value.escape_debug());
            report.error("POLICY-BAD-NAME", &text.span, message, error.to_string());
            None
        }
    }
}

fn parse_mail(report: &mut Report<'_>, key: &str, text: At<String>) -> Option<At<String>> {
    if let Err(error) = Identifier::parse(IdentifierKind::Mail, &text.value) {
        let message = format!("`{key}` is no mail address: \"{}\"", text.value.escape_debug());
        report.error("POLICY-BAD-CONTACT", &text.span, message, error.to_string());
        return None;
    }
    Some(text.map(|text| text.trim().to_owned()))
}

/// Parses a country's two letters, or says what is wrong.
pub(super) fn parse_country(report: &mut Report<'_>, text: &At<String>) -> Option<At<Country>> {
    match Country::parse(&text.value) {
        Ok(country) => Some(At::new(country, text.span.clone())),
        Err(error) => {
            let message = format!("\"{}\" is no country", text.value.escape_debug());
            report.error("POLICY-BAD-COUNTRY", &text.span, message, error.to_string());
            None
        }
    }
}

/// Parses a word of a closed list, or says which it could have been.
pub(super) fn parse_word<T>(
    report: &mut Report<'_>,
    key: &str,
    text: &At<String>,
    code: &'static str,
    words: &[&str],
    parse: impl Fn(&str) -> Option<T>,
) -> Option<At<T>> {
    let parsed = parse(&text.value);
    if parsed.is_none() {
        let hint = match nearest(&text.value, words) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("use one of {}", words.join(", ")),
        };
        report.error(code, &text.span, format!("unknown `{key}`: \"{}\"", text.value.escape_debug()), hint);
    }
    parsed.map(|value| At::new(value, text.span.clone()))
}

const fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The word that was probably meant: one or two slips of the finger away, or the only one that begins so.
pub(super) fn nearest<'w>(text: &str, words: &[&'w str]) -> Option<&'w str> {
    let text = text.to_ascii_lowercase();
    if text.len() > 64 {
        return None;
    }
    let mut longer = words.iter().filter(|word| word.strip_prefix(&text).is_some_and(|rest| rest.starts_with('-')));
    if let (Some(word), None) = (longer.next().filter(|_| !text.is_empty()), longer.next()) {
        return Some(word);
    }
    // Of two letters a slip leaves one: "eu" is no misspelt "au".
    let slips_max = match text.len() {
        0..3 => 0,
        3..5 => 1,
        _ => 2,
    };
    words
        .iter()
        .map(|word| (slips(&text, &word.to_ascii_lowercase()), *word))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word)
}

/// Levenshtein's distance.
fn slips(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let (here, above, left) = (row.get(j), row.get(j + 1), next.get(j));
            let (Some(here), Some(above), Some(left)) = (here, above, left) else {
                break;
            };
            next.push((here + usize::from(x != *y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
