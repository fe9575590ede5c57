//! An HTTP request's parts, each as it is read anywhere: headers, query, path, body, and where a browser may
//! be sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use edge::{
    Event, Reply, answer,
    clock::{Stage, TimeGuard},
    http::{AllowedPages, Problem, Request, Response},
    site,
};
use serde_json::{Value, json};
use testkit::at_once;

use crate::says_nothing_of_it;

/// The parts of an input, which line feeds divide; what follows the last of them is the body.
const PARTS: [&str; 11] = [
    "accept",
    "authorization",
    "content-type",
    "cookie",
    "dnt",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "sec-gpc",
    "?",
    "/",
];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let browser = "text/html,*/*;q=0.8\nBearer 1~capture~x\napplication/x-www-form-urlencoded; charset=utf-8\n\
                   a=1; zqx7=x\n1\nkey\n\"3\"\nW/\"3\"\n1\ntoken=a&x=%20\nidentance\nsubject=zqx7%40example.org&nonce=1";
    let program = "*/*\nbearer a.b.c\napplication/json\n\n0\n\n*\n*\n0, 1\n\nrfa\n{\"a\":{\"zqx7\":[1,\"x\"]}}";
    let bare = "\n".repeat(PARTS.len());
    [browser, program, &bare].map(|text| text.as_bytes().to_vec()).to_vec()
}

fn payload(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let mut parts = Vec::new();
    for _ in PARTS {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        parts.push(std::str::from_utf8(&rest[..end]).ok()?);
        rest = &rest[end + 1..];
    }
    let headers = PARTS.iter().zip(&parts).filter(|(name, value)| name.len() > 1 && !value.is_empty());
    let headers: serde_json::Map<String, Value> =
        headers.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let (query, path) = (parts[PARTS.len() - 2], parts[PARTS.len() - 1]);
    Some(json!({
        "version": "2.0", "routeKey": "POST /{controller}/v1/consents", "rawPath": format!("/{path}/v1/consents"),
        "rawQueryString": query, "headers": headers, "cookies": [parts[3]],
        "requestContext": {
            "accountId": "123456789012", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
            "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "x" },
            "requestId": "req-1", "routeKey": "POST /{controller}/v1/consents", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_123_i64,
        },
        "pathParameters": { "controller": path }, "body": STANDARD.encode(rest), "isBase64Encoded": true,
    }))
}

/// All of a problem that goes to a client.
fn said(problem: &Problem) -> String {
    let (kind, title, detail, hint) = (problem.kind, problem.title, &problem.detail, &problem.hint);
    format!("{kind} {title} {detail} {hint} {:?} {:?}", problem.pointer(), problem.extra())
}

fn read(request: &Request) {
    let refusals = [
        request.controller().err(),
        request.query("token").err(),
        request.content().err(),
        request.json::<Value>().err(),
        request.form().err(),
        request.if_match().err(),
        site::idempotency_key(request, None).err(),
        site::form(request, wire::consent::ConsentForm::from_pairs).and_then(|form| Ok(form.parse()?)).err(),
    ];
    for problem in refusals.into_iter().flatten() {
        says_nothing_of_it(&said(&problem));
    }
    if let Ok(form) = request.form() {
        for (name, value) in form.pairs() {
            assert_eq!(form.get(name), Some(value));
        }
    }
    let _ = (request.gpc(), request.dnt(), request.wants_page(), request.has_version(3));
    if let Some(token) = request.bearer() {
        assert!(!token.chars().any(|c| c.is_control() || c.is_whitespace() || c == ','), "it is not one token");
    }
    says_nothing_of_it(&format!("{request:?}"));
}

pub(crate) fn judge(bytes: &[u8]) {
    let Some(payload) = payload(bytes) else { return };
    let guard = TimeGuard { stage: Stage::Local };
    let answered = at_once(answer(&payload.to_string(), guard, |event| async {
        if let Event::Http(request) = event {
            read(&request);
        }
        Ok(Reply::from(Response::not_modified()))
    }));
    let reply = serde_json::to_value(answered.expect("a request is always answered")).unwrap();
    // A header that no HTTP client could have sent is the gateway's mistake, and refused before anything is read.
    assert!(matches!(reply["statusCode"].as_u64(), Some(304 | 400)), "{reply}");
    says_nothing_of_it(&reply.to_string());
}

const LIST: &str = "https://example.org/thanks,http://127.0.0.1:8787/thanks.html#top";

pub(crate) fn next_seeds() -> Vec<Vec<u8>> {
    let pages = LIST.split(',').flat_map(|page| [page.to_owned(), format!("{page}#x-1")]);
    pages.map(String::into_bytes).collect()
}

/// A browser goes to a page of the list, or nowhere.
pub(crate) fn judge_next(bytes: &[u8]) {
    let Ok(next) = std::str::from_utf8(bytes) else { return };
    match AllowedPages::parse(LIST).unwrap().location(next) {
        Ok(location) => {
            let page = |text: &str| text.split('#').next().unwrap_or_default().to_owned();
            let leads_to = page(location.as_str());
            assert!(LIST.split(',').any(|allowed| page(allowed) == leads_to), "{location:?} is not of the list");
            assert!(location.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{location:?} is no address");
        }
        Err(problem) => says_nothing_of_it(&said(&problem)),
    }
}
