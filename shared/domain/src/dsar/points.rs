//! Data points: what a requester says that the controller holds, and when two spellings are one.
//!
//! The side that writes records and the side that asks both go through [`Pepper::point`], so that a
//! value has one normal form wherever it comes from.
//!
//! [`Pepper::point`]: crate::ids::Pepper::point

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{
    ids::{Field, Identifier, PointHash},
    sensitive::Sensitive,
};

/// The normal form of a data point: blanks and case do not matter, nor how a telephone number is
/// grouped, nor in which of the unmistakable ways a date is written.
pub fn normal(field: &Field, value: &str) -> String {
    let text = value.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    date(&text).map(|date| date.to_string()).or_else(|| phone(field, &text)).unwrap_or(text)
}

/// A telephone number: by the name of its field, or by how international ones begin.
fn phone(field: &Field, text: &str) -> Option<String> {
    let named = ["phone", "mobile", "fax"].iter().any(|name| field.as_str().contains(name));
    let international = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    if !named && international.is_none() {
        return None;
    }
    let rest = international.unwrap_or(text);
    let is_separator = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
    let digits: String = rest.chars().filter(|c| !is_separator(*c)).collect();
    let is_number = (6..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| if international.is_some() { format!("+{digits}") } else { digits })
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A date that can be read in one way only. `05/06/1990` cannot, and stays the text that it is.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.split(['-', '.', '/', ' ', ',']).filter(|part| !part.is_empty());
    let (Some(a), Some(b), Some(c), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let dotted = text.contains('.');
    let month = |name: &str| {
        let position =
            MONTHS.iter().position(|month| *month == name || (name.len() == 3 && month.starts_with(name)))?;
        i8::try_from(position + 1).ok()
    };
    let small = |part: &str| (part.len() <= 2).then(|| part.parse::<i8>().ok()).flatten();
    let year = |part: &str| (part.len() == 4).then(|| part.parse::<i16>().ok()).flatten();
    let (year, month, day) = if let Some(year) = year(a) {
        (year, small(b).or_else(|| month(b))?, small(c)?)
    } else {
        let year = year(c)?;
        match (small(a), small(b), month(a), month(b)) {
            (Some(day), None, None, Some(month)) | (None, Some(day), Some(month), None) => (year, month, day),
            // Between dots the day comes first wherever dots are written.
            (Some(day), Some(month), ..) if dotted || day > 12 || day == month => (year, month, day),
            (Some(month), Some(day), ..) if day > 12 => (year, month, day),
            _ => return None,
        }
    };
    Date::new(year, month, day).ok()
}

/// The points that count: one per field, one per value, and none that merely repeats the identifier
/// by which the request is made. Whoever knows one thing about somebody has not shown two.
pub fn countable<'a>(
    identifier: &Identifier,
    points: &'a [(Field, Sensitive<String>)],
) -> Vec<&'a (Field, Sensitive<String>)> {
    let mut fields = BTreeSet::new();
    let mut values = BTreeSet::new();
    points
        .iter()
        .filter(|(field, value)| {
            // Disclosed to the comparison only.
            let (value, known) = (normal(field, value.disclose()), normal(field, identifier.value().disclose()));
            !value.is_empty()
                && value != known
                && !fields.contains(field)
                && values.insert(value)
                && fields.insert(field)
        })
        .collect()
}

/// How many distinct stored points the offered ones match.
pub fn matching<'a>(offered: &[PointHash], stored: impl IntoIterator<Item = &'a PointHash>) -> u8 {
    let stored: BTreeSet<&PointHash> = stored.into_iter().collect();
    let distinct: BTreeSet<&PointHash> = offered.iter().filter(|point| stored.contains(point)).collect();
    u8::try_from(distinct.len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{IdentifierKind, Pepper};

    fn field(name: &str) -> Field {
        Field::parse(name).unwrap()
    }

    #[test]
    fn spellings_of_one_value_are_one_point_and_other_values_are_not() {
        let pepper = Pepper::new(1, &[7; 32]);
        for (name, spellings) in [
            ("employer", vec!["Example Inc.", " example   INC. ", "EXAMPLE INC.\u{a0}"]),
            ("phone", vec!["+14085550100", "+1 (408) 555-0100", "001 408.555.0100"]),
            ("work_phone", vec!["408-555-0100", "(408) 555 0100", "4085550100"]),
            ("note", vec!["+1 408 555 0100", "+1-408-555-0100"]),
            (
                "birth",
                vec!["1990-05-17", "17.05.1990", "17.5.1990", "5/17/1990", "17/05/1990", "May 17, 1990", "17 may 1990"],
            ),
        ] {
            let field = field(name);
            let hashes: BTreeSet<_> = spellings.iter().map(|value| pepper.point(&field, value)).collect();
            assert_eq!(hashes.len(), 1, "{name}");
        }
        for (name, written, read) in [
            ("birth", "17 5 1990", "1990-05-17"),
            ("birth", "05.06.1990", "1990-06-05"),
            ("birth", "06/06/1990", "1990-06-06"),
            // The twelfth may be a month, and the thirteenth is none.
            ("birth", "12/11/1990", "12/11/1990"),
            ("birth", "11/12/1990", "11/12/1990"),
            ("birth", "13/11/1990", "1990-11-13"),
            ("birth", "11/13/1990", "1990-11-13"),
            ("birth", "1990-june-05", "1990-06-05"),
            ("birth", "ma 17, 1990", "ma 17, 1990"),
            ("birth", "sept 17, 1990", "sept 17, 1990"),
            ("birth", "jun 17, 1990", "1990-06-17"),
            ("phone", "12345", "12345"),
            ("fax", "030 12-34-56", "030123456"),
            ("phone", "1234567890123456", "1234567890123456"),
            ("phone", "12345x", "12345x"),
            ("phone", "123-45", "123-45"),
            ("phone", "12-34-5x-67", "12-34-5x-67"),
        ] {
            assert_eq!(normal(&field(name), written), read);
        }
        for (name, one, other) in [
            ("account", "12-345", "123-45"),
            ("birth", "05/06/1990", "06/05/1990"),
            ("phone", "+14085550100", "+14085550101"),
            ("phone", "unlisted", "none"),
        ] {
            assert_ne!(normal(&field(name), one), normal(&field(name), other), "{name}");
        }
        assert_ne!(pepper.point(&field("phone"), "x"), pepper.point(&field("mobile"), "x"), "a point has its field");
        assert_eq!(normal(&field("birth"), "31.02.1990"), "31.02.1990", "no such day");
    }

    #[test]
    fn one_thing_that_is_known_is_one_point_however_often_it_is_offered() {
        let ada = Identifier::parse(IdentifierKind::Phone, "+14085550100").unwrap();
        let point = |name: &str, value: &str| (field(name), Sensitive::new(value.to_owned()));
        let count = |points: &[(Field, Sensitive<String>)]| countable(&ada, points).len();
        assert_eq!(count(&[point("phone", "+1 408 555 0100")]), 0, "the identifier itself shows nothing more");
        assert_eq!(count(&[point("name", "Ada"), point("nickname", " ada ")]), 1, "one value under two fields");
        assert_eq!(count(&[point("name", "Ada"), point("name", "Eve")]), 1, "two guesses at one field");
        assert_eq!(count(&[point("name", " "), point("city", "")]), 0);
        assert_eq!(count(&[point("name", "Ada"), point("city", "London")]), 2);
    }

    #[test]
    fn only_distinct_points_that_are_stored_match() {
        let pepper = Pepper::new(1, &[7; 32]);
        let hash = |name: &str, value: &str| pepper.point(&field(name), value);
        let stored = [hash("name", "Ada"), hash("city", "London"), hash("name", "Ada")];
        assert_eq!(matching(&[hash("name", "ada"), hash("name", "ADA")], &stored), 1);
        assert_eq!(matching(&[hash("name", "ada"), hash("city", "london"), hash("city", "Paris")], &stored), 2);
        assert_eq!(matching(&[], &stored), 0);
    }
}
