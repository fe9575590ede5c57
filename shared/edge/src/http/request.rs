//! Requests as an HTTP API hands them over.

use std::{collections::HashMap, fmt};

use aws_lambda_events::apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequest};
use domain::ids::{ControllerId, StaffId};
use jiff::Timestamp;

use super::{Content, Problem, body::has_whole_escapes};
use crate::json;

/// Longest bearer token that is looked at.
const TOKEN_BYTES_MAX: usize = 4096;

/// An HTTP request, with the body not yet decoded.
pub struct Request {
    method: String,
    route: String,
    path: String,
    parameters: HashMap<String, String>,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    is_base64: bool,
    at: Timestamp,
    id: String,
    source_ip: String,
    claims: Option<Claims>,
}

/// What the gateway's JWT authorizer says about the token it has verified.
struct Claims {
    /// Whom the issuer gave the token to.
    sub: String,
    /// What it may do: `breach:write`.
    scopes: Vec<String>,
    /// For which controllers it may do so.
    controllers: Vec<String>,
}

/// Someone of a controller's staff, allowed to do what the scope names.
#[derive(Clone, PartialEq, Eq)]
pub struct Staff {
    /// The token's subject, for the record of who did it.
    pub subject: String,
}

impl Staff {
    /// Who they are, for a history that stands for good: a name that cannot be written there is nobody's.
    ///
    /// # Errors
    /// [`Problem::forbidden`].
    pub fn id(&self) -> Result<StaffId, Problem> {
        StaffId::parse(&self.subject).map_err(|_| Problem::forbidden())
    }
}

impl fmt::Debug for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It is a person at work.
        f.debug_struct("Staff").finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("route", &self.route).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Request {
    /// Reads an HTTP API's event, payload format 2.0.
    pub(crate) fn parse(payload: &str) -> Result<Self, Problem> {
        let event: ApiGatewayV2httpRequest = serde_json::from_str(payload)
            .map_err(|_| Problem::malformed_request("The request is not one that an HTTP API hands over."))?;
        let context = event.request_context;
        // A missing time reads as zero: no request came in 1970.
        let at = Timestamp::from_millisecond(context.time_epoch)
            .ok()
            .filter(|at| *at > Timestamp::UNIX_EPOCH)
            .ok_or_else(|| Problem::malformed_request("The request carries no time."))?;
        let mut headers = Vec::with_capacity(event.headers.len());
        for (name, value) in &event.headers {
            headers.push((name.as_str().to_ascii_lowercase(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
        Ok(Self {
            method: context.http.method.as_str().to_owned(),
            route: event.route_key.or(context.route_key).unwrap_or_default(),
            path: event.raw_path.unwrap_or_default(),
            parameters: event.path_parameters,
            query: event.raw_query_string.unwrap_or_default(),
            headers,
            body: event.body.unwrap_or_default(),
            is_base64: event.is_base64_encoded,
            at,
            id: context.request_id.unwrap_or_default(),
            source_ip: context.http.source_ip.unwrap_or_default(),
            claims: context.authorizer.as_ref().and_then(Claims::read),
        })
    }

    /// The method: `POST`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The route's key: `POST /{controller}/v1/consents`.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// The path as sent. It may hold a request's number: not for logs.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// When the gateway took the request: the `occurred_at` of what follows from it.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The gateway's id of the request.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address that the gateway saw the caller at. It is personal: not for logs, and counted by its
    /// keyed hash alone.
    pub fn source_ip(&self) -> &str {
        &self.source_ip
    }

    /// Whether a body was sent.
    pub fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// A parameter of the route.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The controller that the path names. Whether it is served here is the policy's to say.
    ///
    /// # Errors
    /// 404 if it is no name.
    pub fn controller(&self) -> Result<ControllerId, Problem> {
        self.parameter("controller")
            .and_then(|name| ControllerId::parse(name).ok())
            .ok_or_else(Problem::unknown_controller)
    }

    /// A query value, decoded.
    ///
    /// # Errors
    /// 400 if the name stands there twice, or the value is not plain UTF-8 text.
    pub fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = form_urlencoded::parse(self.query.as_bytes()).filter(|(n, _)| n == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        let is_fine = values.next().is_none()
            && value.as_deref().is_none_or(|value| json::text_flaw(value).is_none() && has_whole_escapes(&self.query));
        if is_fine {
            Ok(value)
        } else {
            Err(Problem::malformed_request("A query value stands twice or is not plain text."))
        }
    }

    /// The first value of a header, by its name in any case. An HTTP API joins repeated headers by
    /// commas.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// Every value of a header.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The token of `Authorization: Bearer …`. None if there are two, or it is no token.
    pub fn bearer(&self) -> Option<&str> {
        let mut values = self.headers("authorization");
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim_start_matches(' ');
        // RFC 6750: b64token.
        let is_token = !token.is_empty()
            && token.len() <= TOKEN_BYTES_MAX
            && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
        (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
    }

    /// The token that opens what the call is about: from the header, or from a mailed link's query.
    ///
    /// # Errors
    /// A [`Problem`] if there is none.
    pub fn token(&self) -> Result<String, Problem> {
        let token = match self.bearer() {
            Some(token) => Some(token.to_owned()),
            None => self.query("token")?,
        };
        token.ok_or_else(Problem::unauthorized)
    }

    /// Whether the browser says `Sec-GPC: 1` (Global Privacy Control). The gateway joins repeated
    /// headers by commas, and a signal that was sent counts whatever stands beside it.
    pub fn gpc(&self) -> bool {
        self.headers("sec-gpc").flat_map(|value| value.split(',')).any(|value| value.trim_matches([' ', '\t']) == "1")
    }

    /// Whether the browser says `DNT: 1` (Do Not Track).
    pub fn dnt(&self) -> bool {
        self.headers("dnt").flat_map(|value| value.split(',')).any(|value| value.trim_matches([' ', '\t']) == "1")
    }

    /// Lets staff in: the token must have the scope **and** name this controller, since scopes alone
    /// let one controller's clerk into another (correctness 21). The gateway checks scopes as well;
    /// here they are checked again, so that a route without its authorizer is closed, not open.
    ///
    /// # Errors
    /// 401 without claims, 403 if they do not suffice.
    pub fn staff(&self, controller: &ControllerId, scope: &str) -> Result<Staff, Problem> {
        let claims = self.claims.as_ref().filter(|claims| !claims.sub.is_empty()).ok_or_else(Problem::unauthorized)?;
        let may =
            claims.scopes.iter().any(|s| s == scope) && claims.controllers.iter().any(|c| c == controller.as_str());
        if may { Ok(Staff { subject: claims.sub.clone() }) } else { Err(Problem::forbidden()) }
    }

    /// Whether `format=csv` is asked for, and not JSON.
    ///
    /// # Errors
    /// [`Problem`] if it is another format.
    pub fn wants_csv(&self) -> Result<bool, Problem> {
        match self.query("format")?.as_deref() {
            None | Some("json") => Ok(false),
            Some("csv") => Ok(true),
            Some(_) => Err(Problem::invalid("/format", "use json or csv", "Leave it out for JSON.")),
        }
    }

    /// Whether a refusal should be a page: a browser asked for one, by a form or a link.
    pub fn wants_page(&self) -> bool {
        let accepts_html = self
            .headers("accept")
            .flat_map(|value| value.split(','))
            .any(|range| range.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html")));
        accepts_html && (self.method == "GET" || self.content().is_ok_and(|content| content == Content::Form))
    }

    pub(super) fn raw_body(&self) -> (&str, bool) {
        (&self.body, self.is_base64)
    }
}

impl Claims {
    fn read(authorizer: &ApiGatewayRequestAuthorizer) -> Option<Self> {
        let jwt = authorizer.jwt.as_ref()?;
        // The gateway writes a claim that is a list as `[a b]`.
        let words = |name: &str| -> Vec<String> {
            let text = jwt.claims.get(name).map(String::as_str).unwrap_or_default().trim();
            let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            text.split_ascii_whitespace().map(str::to_owned).collect()
        };
        let mut scopes = jwt.scopes.clone().unwrap_or_default();
        scopes.extend(words("scope"));
        Some(Self {
            sub: jwt.claims.get("sub").cloned().unwrap_or_default(),
            scopes,
            controllers: words("controllers"),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn event(overrides: Value) -> Value {
        let mut event = json!({
            "version": "2.0", "routeKey": "POST /{controller}/v1/consents", "rawPath": "/scantrust/v1/consents",
            "rawQueryString": "", "headers": {},
            "requestContext": {
                "accountId": "123456789012", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
                "http": {
                    "method": "POST", "path": "/scantrust/v1/consents", "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7", "userAgent": "curl",
                },
                "requestId": "req-1", "routeKey": "POST /{controller}/v1/consents", "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_123_i64,
            },
            "pathParameters": { "controller": "scantrust" }, "isBase64Encoded": false,
        });
        if let Value::Object(overrides) = overrides {
            for (name, value) in overrides {
                event[name] = value;
            }
        }
        event
    }

    pub(crate) fn request_of(overrides: Value) -> Request {
        Request::parse(&event(overrides).to_string()).unwrap()
    }

    pub(crate) fn request() -> Request {
        request_of(json!({}))
    }

    fn with_authorizer(authorizer: &Value) -> Request {
        let mut event = event(json!({}));
        event["requestContext"]["authorizer"] = authorizer.clone();
        Request::parse(&event.to_string()).unwrap()
    }

    #[test]
    fn a_request_carries_the_gateways_time_in_milliseconds() {
        let request = request();
        assert_eq!(request.at().to_string(), "2026-01-01T00:00:00.123Z");
        assert_eq!((request.method(), request.id()), ("POST", "req-1"));
        assert_eq!(request.controller().unwrap().as_str(), "scantrust");
        for epoch in [json!(null), json!(0), json!(-5), json!(i64::MAX)] {
            let mut event = event(json!({}));
            event["requestContext"]["timeEpoch"] = epoch;
            assert_eq!(Request::parse(&event.to_string()).unwrap_err().kind, "malformed-request");
        }
    }

    #[test]
    fn a_controller_that_is_no_name_is_unknown() {
        for controller in [json!({}), json!({ "controller": "../x" }), json!({ "controller": "Scantrust" })] {
            let request = request_of(json!({ "pathParameters": controller }));
            assert_eq!(request.controller().unwrap_err().kind, "unknown-controller");
        }
    }

    #[test]
    fn headers_are_found_by_any_case() {
        let request = request_of(json!({ "headers": { "Idempotency-Key": "k", "x-n": "1,2" } }));
        assert_eq!(request.header("idempotency-key"), Some("k"));
        assert_eq!(request.header("IDEMPOTENCY-KEY"), Some("k"));
        assert_eq!((request.header("x-n"), request.header("y")), (Some("1,2"), None));
    }

    #[test]
    fn a_query_value_stands_once_and_is_plain() {
        for (query, expected) in [
            ("token=abc&x=1", Some(Some("abc"))),
            ("x=a%40b", Some(None)),
            ("token=a%2Cb,c", Some(Some("a,b,c"))),
            ("token=", Some(Some(""))),
            ("token=a&token=b", None),
            ("token=%00", None),
            ("token=%ff", None),
            ("token=%f", None),
        ] {
            let value = request_of(json!({ "rawQueryString": query })).query("token");
            assert_eq!(value.ok(), expected.map(|value| value.map(str::to_owned)), "{query}");
        }
    }

    #[test]
    fn only_an_exact_one_is_the_privacy_signal() {
        for (headers, expected) in [
            (json!({}), false),
            (json!({ "sec-gpc": "1" }), true),
            (json!({ "Sec-GPC": "1" }), true),
            (json!({ "sec-gpc": "0" }), false),
            (json!({ "sec-gpc": "" }), false),
            (json!({ "sec-gpc": "true" }), false),
            (json!({ "sec-gpc": "11" }), false),
            (json!({ "sec-gpc": "1.0" }), false),
            (json!({ "sec-gpc": "?1" }), false),
            (json!({ "sec-gpc": "0,1" }), true),
            (json!({ "sec-gpc": "1, 0" }), true),
            (json!({ "sec-gpc": "x,\t1 ,y" }), true),
            (json!({ "sec-gpc": "x, 1 0" }), false),
            (json!({ "x-sec-gpc": "1" }), false),
        ] {
            assert_eq!(request_of(json!({ "headers": headers.clone() })).gpc(), expected, "{headers}");
        }
    }

    #[test]
    fn staff_need_the_scope_and_the_controller() {
        let claims = |controllers: &str, scope: &str| json!({ "jwt": { "claims": { "sub": "u-1", "controllers": controllers, "scope": scope } } });
        let listed = json!({ "jwt": { "claims": { "sub": "u-1", "controllers": "[scantrust other]" }, "scopes": ["breach:write"] } });
        let anonymous = json!({ "jwt": { "claims": { "controllers": "scantrust", "scope": "breach:write" } } });
        for (authorizer, status) in [
            (Value::Null, Some(401)),
            (json!({}), Some(401)),
            (json!({ "lambda": { "controllers": "scantrust" } }), Some(401)),
            (anonymous, Some(401)),
            (claims("scantrust", "breach:write"), None),
            (claims("other scantrust", "records:write breach:write"), None),
            (listed, None),
            (claims("scantrust", "records:write"), Some(403)),
            (claims("scantrust", "breach:write:all"), Some(403)),
            (claims("scantrust", ""), Some(403)),
            (claims("other", "breach:write"), Some(403)),
            (claims("scantrustx", "breach:write"), Some(403)),
            (claims("", "breach:write"), Some(403)),
            (claims("*", "breach:write"), Some(403)),
            (claims("SCANTRUST", "breach:write"), Some(403)),
            (claims("scantrust,other", "breach:write"), Some(403)),
            (claims("[\"scantrust\"]", "breach:write"), Some(403)),
            (claims("[[scantrust]]", "breach:write"), Some(403)),
            (claims("[scantrust", "breach:write"), Some(403)),
            (claims("map[scantrust:true]", "breach:write"), Some(403)),
            (claims("scantrust", "[\"breach:write\"]"), Some(403)),
            (claims(&"x ".repeat(100_000), "breach:write"), Some(403)),
        ] {
            let request = with_authorizer(&authorizer);
            let staff = request.staff(&request.controller().unwrap(), "breach:write");
            assert_eq!(staff.err().map(|problem| problem.status), status, "{authorizer}");
        }
    }

    #[test]
    fn a_bearer_token_is_one_token() {
        for (authorization, expected) in [
            ("Bearer abc.d-e_f~+/=", Some("abc.d-e_f~+/=")),
            ("bearer  abc", Some("abc")),
            ("Bearer ", None),
            ("Bearer a b", None),
            ("Bearer a,Bearer b", None),
            ("Basic abc", None),
            ("abc", None),
        ] {
            let request = request_of(json!({ "headers": { "authorization": authorization } }));
            assert_eq!(request.bearer(), expected, "{authorization}");
        }
        assert_eq!(request().bearer(), None);
    }

    #[test]
    fn a_browsers_form_gets_a_page_and_a_program_gets_json() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, content_type, expected) in [
            (browser, "application/x-www-form-urlencoded", true),
            (browser, "application/json", false),
            ("*/*", "application/x-www-form-urlencoded", false),
            ("application/json", "application/x-www-form-urlencoded", false),
        ] {
            let request = request_of(json!({ "headers": { "accept": accept, "content-type": content_type } }));
            assert_eq!(request.wants_page(), expected, "{accept} {content_type}");
        }
    }

    #[test]
    fn a_request_prints_nothing_of_its_client() {
        let request = request_of(json!({ "headers": { "x": "ada" }, "body": "ada", "rawQueryString": "ada=1" }));
        assert!(!format!("{request:?}").contains("ada"));
    }
}
