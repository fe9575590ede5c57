//! Answers.

use base64::Engine as _;
use domain::evidence::merkle;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Location, Problem, Request, version::version_tag};
use crate::Failure;

/// What a page of ours may do: show itself, in its own style, and post to us. No script, no image,
/// no frame, nothing from elsewhere.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An HTTP answer. No answer may be stored on its way, sniffed, or name our pages to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// Whether the body is what it stands for in Base64.
    is_base64: bool,
}

/// Most bytes of a file in an answer: Lambda takes 6 MB with everything around it, and Base64 makes four of three.
const FILE_BYTES_MAX: usize = 4_400_000;

impl Response {
    fn new(status: u16) -> Self {
        let headers = [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            // A status page's address holds a token: it must not travel as a referrer.
            ("referrer-policy", "no-referrer"),
        ];
        Self {
            status,
            headers: headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
            body: String::new(),
            is_base64: false,
        }
    }

    pub(super) fn text(status: u16, content_type: &'static str, body: String) -> Self {
        Self { body, ..Self::new(status) }.with_header("content-type", content_type)
    }

    /// A JSON answer. A value that cannot be written (a map with keys that are no text) is a fault
    /// of ours and answers 500.
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(body) => Self::text(status, "application/json", body),
            Err(error) => {
                let failure = Failure::because("an answer cannot be written as JSON")(error);
                tracing::error!(what = failure.what(), chain = failure.chain(), "an answer cannot be written");
                Problem::internal().to_response(false)
            }
        }
    }

    /// A table (RFC 4180). What a spreadsheet would run as a formula is the writer's to guard.
    pub fn csv(body: String) -> Self {
        Self::text(200, "text/csv; charset=utf-8", body)
    }

    /// What everybody may read, of another type than a page.
    pub fn published(content_type: &'static str, body: String) -> Self {
        Self::text(200, content_type, body)
    }

    /// Says that it may be kept and shown again for so long, and by what it is known after that.
    #[must_use]
    pub fn fresh_for(self, seconds: u32) -> Self {
        let tag = &merkle::hex(&merkle::sha256(self.body.as_bytes()))[..32];
        self.with_header("cache-control", format!("public, max-age={seconds}"))
            .with_header("etag", format!("\"{tag}\""))
    }

    /// 304 instead, if the request says that the client has just this.
    #[must_use]
    pub fn unless_known(mut self, request: &Request) -> Self {
        let is_known = self.header("etag").is_some_and(|tag| request.has_tag(tag));
        if is_known {
            self.status = 304;
            self.body = String::new();
        }
        self
    }

    /// A page of ours. What comes from outside must go through [`super::escape`].
    pub fn html(status: u16, body: String) -> Self {
        Self::text(status, "text/html; charset=utf-8", body)
            .with_header("content-security-policy", PAGE_POLICY)
            .with_header("x-frame-options", "DENY")
    }

    /// A file, as whoever asks for it is to keep it. One that no answer can hold is a fault of ours and answers 500.
    pub fn file(content_type: &'static str, name: &str, bytes: &[u8]) -> Self {
        if bytes.len() > FILE_BYTES_MAX {
            tracing::error!(bytes = bytes.len(), "a file is too large for an answer");
            return Problem::internal().to_response(false);
        }
        let body = base64::engine::general_purpose::STANDARD.encode(bytes);
        Self { is_base64: true, ..Self::text(200, content_type, body) }.with_file_name(name)
    }

    /// Says under which name the answer is kept (RFC 6266). What a name cannot hold is left out.
    #[must_use]
    pub fn with_file_name(self, name: &str) -> Self {
        let is_fit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name: String = name.chars().filter(is_fit).collect();
        self.with_header("content-disposition", format!("attachment; filename=\"{name}\""))
    }

    /// 303: go on there by GET.
    pub fn see_other(location: &Location) -> Self {
        Self::new(303).with_header("location", location.as_str())
    }

    /// 304: what the client has is what stands.
    pub fn not_modified() -> Self {
        Self::new(304)
    }

    /// Sets a header; one of the same name is replaced. Control characters are left out, so that a
    /// value never becomes two headers.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value: String = value.as_ref().chars().filter(|c| !c.is_control()).collect();
        self.headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name));
        self.headers.push((name, value));
        self
    }

    /// The same answer with another status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Says as its `ETag` how often it has changed.
    #[must_use]
    pub fn with_version(self, version: u32) -> Self {
        self.with_header("etag", version_tag(version))
    }

    /// The status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// The form that an HTTP API takes from a function.
impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Headers<'a>(&'a [(&'static str, String)]);
        impl Serialize for Headers<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, value)| (*name, value)))
            }
        }
        let mut answer = serializer.serialize_struct("Response", 4)?;
        answer.serialize_field("statusCode", &self.status)?;
        answer.serialize_field("headers", &Headers(&self.headers))?;
        answer.serialize_field("body", &self.body)?;
        answer.serialize_field("isBase64Encoded", &self.is_base64)?;
        answer.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_stored_or_sniffed_or_names_itself() {
        for response in [
            Response::json(200, &serde_json::json!({})),
            Response::html(200, String::new()),
            Response::not_modified(),
            Response::see_other(&Location::ours("https://example.com/".to_owned()).unwrap()),
            Problem::not_found().to_response(false),
            Problem::not_found().to_response(true),
        ] {
            assert_eq!(response.header("cache-control"), Some("no-store"));
            assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
            assert!(response.headers.iter().all(|(name, _)| !name.starts_with("access-control")));
        }
    }

    #[test]
    fn a_header_stays_one_header() {
        let response = Response::not_modified().with_header("x-a", "1\r\nset-cookie: evil").with_header("X-A", "2\n");
        assert_eq!(response.header("x-a"), Some("2"));
        assert_eq!(response.headers.len(), 4);
    }

    #[test]
    fn a_file_travels_as_base64_under_a_name_that_is_one() {
        let file = Response::file("application/pdf", "a\"; x=../b 1.pdf", &[0x25, 0xff, 0x00]);
        let answer = serde_json::to_value(&file).unwrap();
        assert_eq!((answer["body"].as_str(), answer["isBase64Encoded"].as_bool()), (Some("Jf8A"), Some(true)));
        assert_eq!(file.header("content-type"), Some("application/pdf"));
        assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"ax..b1.pdf\""));
        assert_eq!(file.header("cache-control"), Some("no-store"));
        assert_eq!(Response::file("application/pdf", "b.pdf", &vec![0; FILE_BYTES_MAX + 1]).status(), 500);
    }

    #[test]
    fn a_value_that_is_no_json_answers_500() {
        let unkeyed = std::collections::BTreeMap::from([(vec![1_u8], 1)]);
        assert_eq!(Response::json(200, &unkeyed).status(), 500);
    }

    #[test]
    fn an_answer_has_the_gateways_form() {
        let answer = serde_json::to_value(Response::json(201, &serde_json::json!({ "a": 1 }))).unwrap();
        assert_eq!(answer["statusCode"], 201);
        assert_eq!(answer["headers"]["content-type"], "application/json");
        assert_eq!(answer["body"], r#"{"a":1}"#);
        assert_eq!(answer["isBase64Encoded"], false);
    }
}
