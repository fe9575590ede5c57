//! JSON from outside, read strictly: what two parsers could read differently is refused.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::de::{self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::{Path, Segment};

/// Deepest nesting of arrays and objects.
pub(crate) const JSON_DEPTH_MAX: usize = 16;

/// Longest part of a serde message that is repeated to a client.
const EXPECTED_CHARS_MAX: usize = 400;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is no JSON.
    Syntax,
    /// An object has a key twice: parsers differ in which one counts.
    DuplicateKey,
    /// A string holds a control character.
    ControlCharacter,
    /// A string holds U+FFFD.
    ReplacementCharacter,
    /// It is nested deeper than [`JSON_DEPTH_MAX`].
    TooDeep,
    /// A field that the form does not have; named if its name is plain.
    UnknownField(Option<String>),
    /// A field that the form must have.
    MissingField(Option<String>),
    /// A value of the wrong type or form.
    WrongValue,
}

/// What is wrong, and where. It carries nothing of the content, but for field names that are plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) kind: Kind,
    /// Line and column.
    pub(crate) place: Option<(usize, usize)>,
    /// JSON pointer (RFC 6901) to the value.
    pub(crate) pointer: Option<String>,
    /// What the form expects, in serde's words.
    pub(crate) expected: Option<String>,
}

impl Flaw {
    fn new(kind: Kind) -> Self {
        Self { kind, place: None, pointer: None, expected: None }
    }

    /// One sentence about it.
    pub(crate) fn sentence(&self) -> String {
        let mut text = match &self.kind {
            Kind::Syntax => "The text is not well-formed JSON".to_owned(),
            Kind::DuplicateKey => "An object has the same key twice".to_owned(),
            Kind::ControlCharacter => "A string holds a control character".to_owned(),
            Kind::ReplacementCharacter => "The text is not valid UTF-8, or holds the character U+FFFD".to_owned(),
            Kind::TooDeep => format!("The text is nested deeper than {JSON_DEPTH_MAX} levels"),
            Kind::UnknownField(Some(name)) => format!("The field `{name}` is not known here"),
            Kind::UnknownField(None) => "A field is not known here".to_owned(),
            Kind::MissingField(Some(name)) => format!("The field `{name}` is missing"),
            Kind::MissingField(None) => "A field is missing".to_owned(),
            Kind::WrongValue => "A value has the wrong type or form".to_owned(),
        };
        if let Some((line, column)) = self.place {
            text.push_str(&format!(": line {line}, column {column}"));
        }
        text.push('.');
        text
    }

    /// The reason under which a message is buried.
    pub(crate) fn reason(&self) -> String {
        match &self.pointer {
            Some(pointer) => format!("{} At {pointer}.", self.sentence()),
            None => self.sentence(),
        }
    }
}

/// Whether a name from outside may be repeated: a field name of ours could look like it, and a mail
/// address, a person's name or a script cannot.
pub(crate) fn is_plain_name(name: &str) -> bool {
    (1..=24).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Whether text holds what no field of a person's choosing should hold. NUL and its like are how
/// logs, terminals and C libraries are fooled.
pub(crate) fn text_flaw(text: &str) -> Option<Kind> {
    for c in text.chars() {
        // Line breaks and tabs belong to what people write: a support message, an account of a breach.
        // Nothing here puts a field's text into a header or a log line.
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            return Some(Kind::ControlCharacter);
        }
        // API Gateway's local stand-in replaces invalid UTF-8 by this character before we see it.
        // Refused everywhere, so that an identifier damaged on its way never becomes another one.
        if c == char::REPLACEMENT_CHARACTER {
            return Some(Kind::ReplacementCharacter);
        }
    }
    None
}

/// Reads a document: first for what is wrong with it as a text, then as the form.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Flaw> {
    inspect(text)?;
    read_from(&mut serde_json::Deserializer::from_str(text))
}

/// Reads a form from any source, with a pointer to what does not fit.
pub(crate) fn read_from<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, Flaw>
where
    D::Error: fmt::Display,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let mut flaw = misfit(&error.inner().to_string());
        flaw.pointer = pointer(error.path());
        flaw
    })
}

fn inspect(text: &str) -> Result<(), Flaw> {
    let found = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Strict { depth: 0, found: &found }.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(
        |error| {
            // serde_json's own text may quote the document; its line and column do not.
            let kind = found.take().unwrap_or(Kind::Syntax);
            Flaw { place: Some((error.line(), error.column())), ..Flaw::new(kind) }
        },
    )
}

/// Walks a document without keeping it.
struct Strict<'a> {
    depth: usize,
    found: &'a Cell<Option<Kind>>,
}

impl Strict<'_> {
    fn refuse<E: de::Error>(&self, kind: Kind) -> E {
        self.found.set(Some(kind));
        E::custom("refused")
    }

    fn deeper<E: de::Error>(&self) -> Result<Strict<'_>, E> {
        let depth = self.depth + 1;
        if depth > JSON_DEPTH_MAX { Err(self.refuse(Kind::TooDeep)) } else { Ok(Strict { depth, found: self.found }) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        text_flaw(text).map_or(Ok(()), |kind| Err(self.refuse(kind)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            if items.next_element_seed(self.deeper()?)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        let inside = self.deeper()?;
        while let Some(key) = entries.next_key::<String>()? {
            if let Some(kind) = text_flaw(&key) {
                return Err(self.refuse(kind));
            }
            if !keys.insert(key) {
                return Err(self.refuse(Kind::DuplicateKey));
            }
            entries.next_value_seed(Strict { depth: inside.depth, found: inside.found })?;
        }
        Ok(())
    }
}

/// Sorts out serde's message. The message quotes the document, so nothing of it is passed on but
/// names that are plain and the end that our own types have written.
fn misfit(message: &str) -> Flaw {
    let message = message.rfind(" at line ").map_or(message, |end| &message[..end]);
    let quoted = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?;
        Some(rest.split_once('`').map(|(name, _)| name).filter(|name| is_plain_name(name)).map(str::to_owned))
    };
    // The last one is ours: what the document said stands before it.
    let expected = message
        .rfind(", expected ")
        .map(|at| &message[at + ", expected ".len()..])
        .filter(|text| text.len() <= EXPECTED_CHARS_MAX && text.bytes().all(is_prose))
        .map(str::to_owned);
    if let Some(name) = quoted("unknown field `") {
        Flaw { expected, ..Flaw::new(Kind::UnknownField(name)) }
    } else if let Some(name) = quoted("missing field `") {
        Flaw::new(Kind::MissingField(name))
    } else if ["unknown variant `", "invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|prefix| message.starts_with(prefix))
    {
        Flaw { expected, ..Flaw::new(Kind::WrongValue) }
    } else {
        // A text of a type's own may quote the value anywhere.
        Flaw::new(Kind::WrongValue)
    }
}

fn is_prose(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b' ' | b'`' | b',' | b'.' | b'-' | b'_' | b'(' | b')' | b':')
}

/// The pointer to a place, cut where a name from outside is not plain.
fn pointer(path: &Path) -> Option<String> {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key: name } | Segment::Enum { variant: name } if is_plain_name(name) => {
                pointer.push('/');
                pointer.push_str(name);
            }
            _ => break,
        }
    }
    (!pointer.is_empty()).then_some(pointer)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    fn kind(text: &str) -> Option<Kind> {
        read::<Value>(text).err().map(|flaw| flaw.kind)
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        for (text, expected) in [
            (r#"{"a":1,"b":{"a":1}}"#.to_owned(), None),
            (r#"{"a":1,"a":1}"#.to_owned(), Some(Kind::DuplicateKey)),
            (r#"{"a":1,"\u0061":1}"#.to_owned(), Some(Kind::DuplicateKey)),
            (r#"[[{"x":{"a":1,"b":2,"a":3}}]]"#.to_owned(), Some(Kind::DuplicateKey)),
            (r#"{"a":"x\u0000"}"#.to_owned(), Some(Kind::ControlCharacter)),
            (r#"{"a":"x\r\n\ty"}"#.to_owned(), None),
            (r#"{"a\u0007":1}"#.to_owned(), Some(Kind::ControlCharacter)),
            ("{\"a\":\"\u{85}\"}".to_owned(), Some(Kind::ControlCharacter)),
            ("{\"a\":\"\u{0}\"}".to_owned(), Some(Kind::Syntax)),
            ("{\"a\":\"\u{FFFD}\"}".to_owned(), Some(Kind::ReplacementCharacter)),
            (r#"{"a":"\uFFFD"}"#.to_owned(), Some(Kind::ReplacementCharacter)),
            (r#"{"a":"\ud800"}"#.to_owned(), Some(Kind::Syntax)),
            (deep(JSON_DEPTH_MAX), None),
            (deep(JSON_DEPTH_MAX + 1), Some(Kind::TooDeep)),
            (deep(60_000), Some(Kind::TooDeep)),
            (format!("{{{}", "\"a\":{".repeat(30_000)), Some(Kind::TooDeep)),
            (String::new(), Some(Kind::Syntax)),
            ("{} {}".to_owned(), Some(Kind::Syntax)),
            ("\u{FEFF}{}".to_owned(), Some(Kind::Syntax)),
            ("NaN".to_owned(), Some(Kind::Syntax)),
            ("1e999".to_owned(), Some(Kind::Syntax)),
        ] {
            assert_eq!(kind(&text), expected, "{text:.80}");
        }
    }

    #[test]
    fn the_place_is_told_and_the_content_is_not() {
        let flaw = read::<Value>("{\n  \"a\": ada@example.com\n}").unwrap_err();
        assert_eq!(flaw.sentence(), "The text is not well-formed JSON: line 2, column 8.");
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read for its errors")]
    struct Form {
        purposes: Vec<Choice>,
        count: Option<u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "lowercase")]
    enum Choice {
        Given,
        Refused,
    }

    #[test]
    fn a_misfit_is_named_by_place_and_never_by_value() {
        for (text, expected_kind, pointer, expected) in [
            (
                r#"{"purposes":[],"notes":1}"#,
                Kind::UnknownField(Some("notes".to_owned())),
                Some("/notes"),
                Some("`purposes` or `count`"),
            ),
            (r#"{"purposes":[],"Ada Lovelace":1}"#, Kind::UnknownField(None), None, Some("`purposes` or `count`")),
            (
                r#"{"purposes":[],"x`, expected `ada":1}"#,
                Kind::UnknownField(Some("x".to_owned())),
                None,
                Some("`purposes` or `count`"),
            ),
            (r#"{"count":1}"#, Kind::MissingField(Some("purposes".to_owned())), None, None),
            (r#"{"purposes":["given","ada"]}"#, Kind::WrongValue, Some("/purposes/1"), Some("`given` or `refused`")),
            (r#"{"purposes":"ada, expected ada"}"#, Kind::WrongValue, Some("/purposes"), Some("a sequence")),
            (r#"{"purposes":[],"count":300}"#, Kind::WrongValue, Some("/count"), Some("u8")),
        ] {
            let flaw = read::<Form>(text).unwrap_err();
            assert_eq!(flaw.kind, expected_kind, "{text}");
            assert_eq!(flaw.pointer.as_deref(), pointer, "{text}");
            assert_eq!(flaw.expected.as_deref(), expected, "{text}");
            assert!(!format!("{flaw:?}{}", flaw.sentence()).contains("ada"), "{text}");
        }
    }
}
