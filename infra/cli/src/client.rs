//! Plain HTTP to the local stack.

use std::{thread, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::Request;

use crate::trouble::{Played, Trouble};

/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// A purge of many thousand records takes a while.
const ANSWER_SECONDS_MAX: u64 = 310;

/// How often a call is sent again that the API had no room for.
const BUSY_TRIES_MAX: u32 = 60;

/// An HTTP client that follows no redirect and takes no status for an error.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// The whole address.
    pub url: String,
    /// The headers.
    pub headers: Vec<(&'a str, String)>,
    /// The body; `None` for a method that has none.
    pub body: Option<Vec<u8>>,
}

impl<'a> Call<'a> {
    /// A call without a body.
    pub fn new(method: &'a str, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.with("content-type", "application/json").body(value.to_string())
    }

    /// Sets a form as a browser sends it.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.with("content-type", "application/x-www-form-urlencoded").body(body)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was called, for messages.
    pub what: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// Says what was called.
    pub fn json<T: DeserializeOwned>(&self) -> Played<T> {
        serde_json::from_slice(&self.body).map_err(Trouble::because(format_args!(
            "{} answered {}",
            self.what,
            self.said()
        )))
    }

    /// The name of the problem (`urn:habeas:problem:<name>`), if the answer is problem details.
    pub fn problem(&self) -> Option<String> {
        let value: Value = serde_json::from_slice(&self.body).ok()?;
        value["type"].as_str()?.strip_prefix("urn:habeas:problem:").map(str::to_owned)
    }

    /// The status and, if it is a refusal, why.
    pub fn said(&self) -> String {
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        match (self.problem(), value["detail"].as_str()) {
            (Some(problem), detail) => format!("{} {problem} {}", self.status, detail.unwrap_or_default()),
            (None, _) if self.status < 400 => self.status.to_string(),
            (None, _) => format!("{} {:.200}", self.status, self.text()),
        }
    }

    /// The answer itself, if its status is one of these.
    ///
    /// # Errors
    /// Says what came instead.
    pub fn expect(self, statuses: &[u16]) -> Played<Self> {
        if statuses.contains(&self.status) {
            Ok(self)
        } else {
            Err(Trouble::new(format!("{} answered {}", self.what, self.said())))
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client with patience for long purges.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))
            .build();
        Self { agent: config.into() }
    }

    /// Sends a call. A call that was refused for now (429, 503) is sent again after a moment.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn send(&self, call: &Call<'_>) -> Played<Answer> {
        let mut tries = 0;
        loop {
            let answer = self.send_once(call)?;
            tries += 1;
            if !matches!(answer.status, 429 | 503) || tries >= BUSY_TRIES_MAX {
                return Ok(answer);
            }
            thread::sleep(Duration::from_millis(100 + 50 * u64::from(tries.min(10))));
        }
    }

    /// Sends a call once, whatever comes.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn send_once(&self, call: &Call<'_>) -> Played<Answer> {
        // Queries hold tokens: they stay out of messages.
        let what = format!("{} {}", call.method, call.url.split('?').next().unwrap_or_default());
        let mut request = Request::builder().method(call.method).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let failed = |error: ureq::Error| Trouble::new(format!("{what}: {error}"));
        let built = |error: ureq::http::Error| Trouble::new(format!("{what}: {error}"));
        let mut response = match &call.body {
            Some(body) => self.agent.run(request.body(body.as_slice()).map_err(built)?),
            None => self.agent.run(request.body(()).map_err(built)?),
        }
        .map_err(failed)?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
        Ok(Answer { what, status, headers, body })
    }
}

/// Escapes a value for a query or a path.
pub fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { what: "GET /x".to_owned(), status, headers: vec![], body: body.into() }
    }

    #[test]
    fn a_refusal_names_its_problem() {
        let refused =
            answer(404, r#"{"type":"urn:habeas:problem:unknown-controller","detail":"It is not served here."}"#);
        assert_eq!(refused.problem().as_deref(), Some("unknown-controller"));
        let trouble = refused.expect(&[200]).unwrap_err();
        assert_eq!(trouble.to_string(), "GET /x answered 404 unknown-controller It is not served here.");
    }

    #[test]
    fn a_blank_in_a_path_is_no_plus() {
        assert_eq!(escaped("a b&c/d"), "a%20b%26c%2Fd");
    }
}
