//! Bodies: what they may be, and how long.

use std::{borrow::Cow, collections::HashSet, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    de::{
        DeserializeOwned, Deserializer, IntoDeserializer, Visitor,
        value::{self, BorrowedStrDeserializer, MapDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{Problem, Request};
use crate::json::{self, Flaw, Kind};

/// Longest body of a form or a request.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest body of a batch of records.
pub const RECORDS_BODY_BYTES_MAX: usize = 256 * 1024;

/// Most fields of a form.
pub const FORM_PAIRS_MAX: usize = 100;

/// What a body says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl Content {
    pub(super) fn parse(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';');
        let media = parts.next().unwrap_or_default().trim_matches([' ', '\t']);
        for parameter in parts {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.trim().eq_ignore_ascii_case("charset") {
                let value = value.trim();
                let charset = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
                if !charset.eq_ignore_ascii_case("utf-8") {
                    return None;
                }
            }
            // Other parameters mean nothing to either type (RFC 8259 section 11).
        }
        if media.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else {
            None
        }
    }
}

/// A form's fields, each name once, in the order in which they came.
#[derive(Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and values alike are the client's.
        write!(f, "Form({} fields)", self.0.len())
    }
}

impl Form {
    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All fields.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads the fields as a form type. Every value is text; an optional field that is empty is
    /// `None`, since a browser sends an input that nobody filled in as an empty one.
    ///
    /// # Errors
    /// A problem that names the field but not its value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let pairs = self.pairs().map(|(name, value)| (name, Text(value)));
        json::read_from(MapDeserializer::<_, value::Error>::new(pairs)).map_err(Problem::of_json)
    }

    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if !has_whole_escapes(text) {
            return Err(Problem::malformed_body("A percent sign is not followed by two hexadecimal digits."));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut names = HashSet::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if pairs.len() == FORM_PAIRS_MAX {
                return Err(Problem::new(400, "too-many-fields", "The form has too many fields")
                    .with_detail(format!("The form has more than {FORM_PAIRS_MAX} fields.")));
            }
            // Invalid UTF-8 behind percent signs has become U+FFFD here, and is refused as such.
            for part in [&name, &value] {
                if let Some(kind) = json::text_flaw(part) {
                    return Err(Problem::of_json(Flaw { kind, place: None, pointer: None, expected: None }));
                }
            }
            if !names.insert(name.clone()) {
                let kind = Kind::DuplicateKey;
                return Err(Problem::of_json(Flaw { kind, place: None, pointer: None, expected: None })
                    .with_detail("The form has the same field twice."));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }
}

/// A value of a form: text, or an optional text, or the name of a variant.
struct Text<'a>(&'a str);

impl<'de> IntoDeserializer<'de, value::Error> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

pub(super) fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

impl Request {
    /// What the body says it is.
    ///
    /// # Errors
    /// 415 unless it is JSON or a form, in UTF-8.
    pub fn content(&self) -> Result<Content, Problem> {
        let mut types = self.headers("content-type");
        // Two content types are none: which one is meant?
        match (types.next(), types.next()) {
            (Some(content_type), None) => Content::parse(content_type).ok_or_else(Problem::unsupported_media_type),
            _ => Err(Problem::unsupported_media_type()),
        }
    }

    /// The body's bytes.
    ///
    /// # Errors
    /// 413 above the limit, 400 if the gateway's base64 is none.
    pub fn bytes(&self, bytes_max: usize) -> Result<Cow<'_, [u8]>, Problem> {
        let (body, is_base64) = self.raw_body();
        if !is_base64 {
            return if body.len() > bytes_max {
                Err(Problem::body_too_large(bytes_max))
            } else {
                Ok(Cow::Borrowed(body.as_bytes()))
            };
        }
        // Measured before it is decoded; padding leaves at most two bytes of doubt.
        if body.len() / 4 * 3 > bytes_max.saturating_add(2) {
            return Err(Problem::body_too_large(bytes_max));
        }
        let bytes = STANDARD.decode(body).map_err(|_| Problem::malformed_body("The body is not valid base64."))?;
        if bytes.len() > bytes_max { Err(Problem::body_too_large(bytes_max)) } else { Ok(Cow::Owned(bytes)) }
    }

    fn utf8(&self, bytes_max: usize) -> Result<Cow<'_, str>, Problem> {
        let invalid = || {
            let kind = Kind::ReplacementCharacter;
            Problem::of_json(Flaw { kind, place: None, pointer: None, expected: None })
        };
        match self.bytes(bytes_max)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| invalid()),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| invalid()),
        }
    }

    /// Reads a JSON body of at most [`BODY_BYTES_MAX`].
    ///
    /// # Errors
    /// 415, 413, or 400 with place and pointer, and nothing of the content.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.json_up_to(BODY_BYTES_MAX)
    }

    /// Reads a JSON body of at most that many bytes.
    ///
    /// # Errors
    /// As [`Request::json`].
    pub fn json_up_to<T: DeserializeOwned>(&self, bytes_max: usize) -> Result<T, Problem> {
        if self.content()? != Content::Json {
            return Err(Problem::unsupported_media_type());
        }
        json::read(&self.utf8(bytes_max)?).map_err(Problem::of_json)
    }

    /// Reads a form of at most [`BODY_BYTES_MAX`].
    ///
    /// # Errors
    /// 415, 413, or 400 for duplicate fields, control characters, broken escapes, too many fields.
    pub fn form(&self) -> Result<Form, Problem> {
        if self.content()? != Content::Form {
            return Err(Problem::unsupported_media_type());
        }
        Form::parse(&self.utf8(BODY_BYTES_MAX)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::http::request::tests::{request, request_of};

    fn with_body(content_type: &str, body: &str) -> Request {
        request_of(json!({ "headers": { "content-type": content_type }, "body": body }))
    }

    #[test]
    fn content_types_are_read_by_the_letter() {
        for (content_type, expected) in [
            ("application/json", Some(Content::Json)),
            ("Application/JSON; Charset=UTF-8", Some(Content::Json)),
            ("application/json;charset=\"utf-8\"", Some(Content::Json)),
            ("application/json; version=1", Some(Content::Json)),
            ("application/x-www-form-urlencoded", Some(Content::Form)),
            ("application/x-www-form-urlencoded; charset=utf-8", Some(Content::Form)),
            ("application/json; charset=utf-16", None),
            ("application/json; charset", None),
            ("application/json; charset=utf-8; charset=latin1", None),
            ("application/json, text/html", None),
            ("application/jsonx", None),
            ("application/merge-patch+json", None),
            ("text/plain", None),
            ("multipart/form-data; boundary=x", None),
            ("", None),
        ] {
            assert_eq!(Content::parse(content_type), expected, "{content_type}");
            let answer = with_body(content_type, "{}").content();
            assert_eq!(answer.ok(), expected, "{content_type}");
        }
        assert_eq!(request().json::<Value>().unwrap_err().status, 415);
        assert_eq!(with_body("application/json", "a=b").form().unwrap_err().status, 415);
        assert_eq!(with_body("application/x-www-form-urlencoded", "{}").json::<Value>().unwrap_err().status, 415);
    }

    #[test]
    fn the_limit_counts_decoded_bytes() {
        let exact = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX - 2));
        let over = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX - 1));
        for (body, is_base64, status) in [
            (exact.clone(), false, None),
            (over.clone(), false, Some(413)),
            (STANDARD.encode(&exact), true, None),
            (STANDARD.encode(&over), true, Some(413)),
            (STANDARD.encode("x".repeat(6_000_000)), true, Some(413)),
            ("%%%".to_owned(), true, Some(400)),
        ] {
            let request = request_of(json!({
                "headers": { "content-type": "application/json" }, "body": body, "isBase64Encoded": is_base64,
            }));
            assert_eq!(request.json::<String>().err().map(|problem| problem.status), status);
        }
        assert!(with_body("application/json", &over).json_up_to::<String>(RECORDS_BODY_BYTES_MAX).is_ok());
    }

    #[test]
    fn invalid_utf_8_is_refused_in_either_form() {
        for (content_type, bytes) in [
            ("application/json", &b"{\"a\":\"\xff\"}"[..]),
            ("application/json", "{\"a\":\"\u{FFFD}\"}".as_bytes()),
            ("application/x-www-form-urlencoded", b"a=\xff"),
            ("application/x-www-form-urlencoded", b"a=%ff"),
            ("application/x-www-form-urlencoded", b"a=%EF%BF%BD"),
        ] {
            let request = request_of(json!({
                "headers": { "content-type": content_type }, "body": STANDARD.encode(bytes), "isBase64Encoded": true,
            }));
            let problem = match request.content().unwrap() {
                Content::Json => request.json::<Value>().unwrap_err(),
                Content::Form => request.form().unwrap_err(),
            };
            assert_eq!((problem.status, problem.kind), (400, "invalid-utf-8"));
        }
    }

    #[test]
    fn a_form_is_decoded_once_and_strictly() {
        let form =
            with_body("application/x-www-form-urlencoded", "mail=ada%40example.com&note=a+b%26c&empty=&&x").form();
        let form = form.unwrap();
        assert_eq!(form.get("mail"), Some("ada@example.com"));
        assert_eq!(form.get("note"), Some("a b&c"));
        assert_eq!((form.get("empty"), form.get("x"), form.get("y")), (Some(""), Some(""), None));
        assert_eq!(format!("{form:?}"), "Form(4 fields)");

        let many = |n: usize| (0..n).map(|i| format!("f{i}=1")).collect::<Vec<_>>().join("&");
        for (body, kind) in [
            ("a=1&a=2".to_owned(), Some("duplicate-key")),
            ("a=1&%61=2".to_owned(), Some("duplicate-key")),
            ("a=%00".to_owned(), Some("control-character")),
            ("a%07=1".to_owned(), Some("control-character")),
            ("a=one%0D%0Atwo".to_owned(), None),
            ("a=%zz".to_owned(), Some("malformed-body")),
            ("a=%4".to_owned(), Some("malformed-body")),
            ("a=100%".to_owned(), Some("malformed-body")),
            (many(FORM_PAIRS_MAX), None),
            (many(FORM_PAIRS_MAX + 1), Some("too-many-fields")),
            (String::new(), None),
        ] {
            let problem = with_body("application/x-www-form-urlencoded", &body).form().err();
            assert_eq!(problem.map(|problem| problem.kind), kind, "{body:.40}");
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        mail: String,
        #[serde(default)]
        kind: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Choice {
        Given,
        Refused,
    }

    #[derive(Debug, Deserialize)]
    struct Choosing {
        choice: Choice,
    }

    #[test]
    fn a_form_becomes_a_type_and_its_flaws_name_fields_alone() {
        let form = |text: &str| Form::parse(text).unwrap().read::<Wish>();
        let wish = form("mail=a&kind=access").unwrap();
        assert_eq!((wish.mail.as_str(), wish.kind.as_deref()), ("a", Some("access")));
        assert_eq!(form("mail=a&kind=").unwrap().kind, None);
        assert_eq!(Form::parse("choice=given").unwrap().read::<Choosing>().unwrap().choice, Choice::Given);
        let problem = Form::parse("choice=SECRET").unwrap().read::<Choosing>().unwrap_err();
        assert_eq!((problem.pointer(), problem.hint.as_ref()), (Some("/choice"), "Expected: `given` or `refused`."));
        for (text, kind, detail) in [
            ("kind=x", "missing-field", "The field `mail` is missing."),
            ("mail=a&other=1", "unknown-field", "The field `other` is not known here."),
            ("mail=a&Ada=1", "unknown-field", "A field is not known here."),
        ] {
            let problem = form(text).unwrap_err();
            assert_eq!((problem.kind, problem.detail.as_ref()), (kind, detail));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_parsers(bytes in proptest::collection::vec(any::<u8>(), 0..300), form: bool) {
            let content_type = if form { "application/x-www-form-urlencoded" } else { "application/json" };
            let request = request_of(json!({
                "headers": { "content-type": content_type }, "body": STANDARD.encode(&bytes), "isBase64Encoded": true,
            }));
            let _ = request.json::<Wish>();
            let _ = request.json::<Value>();
            let _ = request.form().map(|form| form.read::<Wish>().is_ok());
        }

        #[test]
        fn no_client_text_appears_in_a_problem(
            secret in "[A-Z@<>\"'\\\\`, é\u{0}-\u{1f}]{0,12}SECRET[A-Z@<>`,:]{0,12}",
            shape in 0_usize..8,
        ) {
            let document = match shape {
                0 => json!({ "mail": 1, &*secret: 2 }).to_string(),
                1 => json!({ "mail": { &*secret: &*secret } }).to_string(),
                2 => json!({ "mail": "a", "kind": [&*secret] }).to_string(),
                3 => json!([&*secret]).to_string(),
                4 => json!(&*secret).to_string(),
                5 => format!("{{\"mail\": {secret}}}"),
                6 => json!({ "mail": "a", &*format!("x`, expected `{secret}"): 1 }).to_string(),
                _ => secret.clone(),
            };
            let mut problems = vec![];
            problems.extend(with_body("application/json", &document).json::<Wish>().err());
            let form = with_body("application/x-www-form-urlencoded", &document).form();
            problems.extend(form.and_then(|form| form.read::<Wish>()).err());
            problems.extend(with_body(&secret.replace(|c: char| c.is_control(), ""), "{}").json::<Value>().err());
            for problem in problems {
                for html in [false, true] {
                    let response = problem.to_response(html);
                    prop_assert!(!response.body().contains("SECRET"), "{}", response.body());
                }
                let debug = format!("{problem:?}");
                prop_assert!(!debug.contains("SECRET"), "{}", debug);
            }
        }
    }
}
