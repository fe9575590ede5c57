//! Free text that tries to be something else: a header of a mail, a line of the log, markup, a template. What a person
//! and a clerk write goes through receiving, asking back and the pages behind the mailed link, on ports in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::keys::Keys;
use domain::ids::{ControllerId, Identifier, IdentifierKind, RequestId};
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use fuzz_tests::{MARKER, watch};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, at_once};
use wire::message::FulfilMessage;

const CONTROLLER: &str = "identance";
const PUBLIC_URL: &str = "https://privacy.example";

/// When the requests come, in milliseconds.
const AT: i64 = 1_767_225_600_123;

const TEXTS: [&str; 9] = [
    "zqx7\r\nBcc: zqx7@example.org\r\n\r\nzqx7",
    "zqx7\u{202e}\u{2066}\u{200f}",
    "{{zqx7}} ${jndi:zqx7} {$zqx7} %{zqx7}",
    "<script>zqx7</script><img src=x onerror=zqx7>",
    "\"><zqx7 onx='1'>",
    "zqx7\"}\n{\"level\":\"ERROR\",\"message\":\"zqx7\"}",
    "{\"a\":\"{\\\"zqx7\\\":1}\"}",
    "%0d%0aBcc:%20zqx7@example.org",
    "=zqx7()\t|zqx7",
];

fn policies() -> PolicyBook {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/policies/identance.toml");
    PolicyBook::new([policy::parse("policy", &std::fs::read_to_string(file).unwrap(), None).unwrap().policy])
}

fn request(method: &str, path: &str, parameters: &Value, query: &str, body: &Value) -> Value {
    let mut parameters = parameters.clone();
    parameters["controller"] = json!(CONTROLLER);
    json!({
        "version": "2.0", "routeKey": "x", "rawPath": format!("/{CONTROLLER}/v1/{path}"), "rawQueryString": query,
        "headers": {
            "accept": if method == "GET" { "text/html" } else { "application/json" },
            "content-type": "application/json", "if-match": "\"1\"",
        },
        "requestContext": {
            "accountId": "000000000000", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
            "http": { "method": method, "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "x" },
            "authorizer": { "jwt": { "claims": { "sub": "clerk-1", "controllers": CONTROLLER,
                "scope": "requests:read requests:write requests:decide" } } },
            "requestId": "req-1", "routeKey": "x", "stage": "$default", "time": "x", "timeEpoch": AT,
        },
        "pathParameters": parameters, "body": body.to_string(), "isBase64Encoded": false,
    })
}

/// Answers a payload; what is logged on the way names nothing of it and breaks no line.
fn answered<H, F>(payload: &Value, handler: H) -> Value
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let guard = TimeGuard { stage: Stage::Local };
    let (reply, lines) = watch::logged(|| at_once(answer(&payload.to_string(), guard, handler)));
    for line in lines {
        assert!(!line.contains(MARKER) && !line.contains(char::is_control), "{line:?}");
    }
    serde_json::to_value(reply.unwrap()).unwrap()
}

/// How a text fares: what the person is sent, and the pages that they are shown.
struct Course {
    site: dsar_intake::Site<Memory>,
    desk: dsar_office::Desk<Memory>,
    fulfilment: dsar_fulfil::Desk<Memory>,
}

impl Course {
    fn new() -> Self {
        let (ports, pages) = (Memory::new(), AllowedPages::parse("https://privacy.example/thanks").unwrap());
        Self {
            desk: dsar_office::Desk { ports: ports.clone(), policies: policies() },
            fulfilment: dsar_fulfil::Desk { ports: ports.clone(), policies: policies(), public_url: PUBLIC_URL.into() },
            site: dsar_intake::Site { ports, policies: policies(), pages },
        }
    }

    fn fulfil(&self, message: &FulfilMessage) {
        let body = serde_json::to_string(message).unwrap();
        let records = json!({ "Records": [{
            "messageId": "m-1", "receiptHandle": "r-1", "body": body, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:habeas-fulfil", "awsRegion": "eu-west-1",
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {}, "md5OfBody": "",
        }] });
        let reply = answered(&records, |event| dsar_fulfil::handle(&self.fulfilment, event));
        assert_eq!(reply["batchItemFailures"], json!([]), "{reply}");
    }
}

fn pages_show_and_do_not_obey(page: &Value) {
    assert_eq!(page["statusCode"], 200, "{page}");
    let html = page["body"].as_str().unwrap();
    for live in ["<script>zqx7", "<img src=x", "<zqx7", "onx='1'"] {
        assert!(!html.contains(live), "{html}");
    }
}

#[test]
fn what_people_and_clerks_write_stays_text() {
    let mut asked = 0;
    for text in TEXTS {
        let course = Course::new();
        let address = "zqx7.{{x}}${y}'=+%0d@example.org";
        let form = json!({
            "type": "objection", "subject": { "kind": "mail", "value": address }, "residence": "FR", "message": text,
        });
        let taken = answered(&request("POST", "requests", &json!({}), "", &form), |event| {
            dsar_intake::handle(&course.site, event)
        });
        assert_eq!(taken["statusCode"], 202, "{text:?}: {taken}");
        let taken: Value = serde_json::from_str(taken["body"].as_str().unwrap()).unwrap();
        let id = taken["request_id"].as_str().unwrap();
        let controller = ControllerId::parse(CONTROLLER).unwrap();
        let keys = at_once(course.site.ports.controller(&controller)).unwrap();
        let subject = keys.pepper.subject(&Identifier::parse(IdentifierKind::Mail, address).unwrap());
        let at = jiff::Timestamp::from_millisecond(AT).unwrap();
        let message = FulfilMessage::new(&controller, &subject, &RequestId::parse(id).unwrap(), at);
        course.fulfil(&message);
        course.fulfil(&message);

        let named = json!({ "request": id });
        let case = request("GET", &format!("staff/requests/{id}"), &named, "", &json!({}));
        let case = answered(&case, |event| dsar_office::handle(&course.desk, event));
        assert_eq!(case["statusCode"], 200, "{case}");
        let mut etag = case["headers"]["etag"].clone();
        for action in [json!({ "action": "claim" }), json!({ "action": "ask-clarification", "text": text })] {
            let mut act = request("POST", &format!("staff/requests/{id}/actions"), &named, "", &action);
            act["headers"]["if-match"] = etag.clone();
            let done = answered(&act, |event| dsar_office::handle(&course.desk, event));
            assert_eq!(done["statusCode"], 200, "{text:?}: {done}");
            etag = done["headers"]["etag"].clone();
        }
        course.fulfil(&message);

        for mail in course.site.ports.sent() {
            assert_eq!(mail.to.disclose(), address);
            assert!(!mail.subject.contains(MARKER) && !mail.subject.contains(char::is_control), "{:?}", mail.subject);
            let Some((_, link)) = mail.text.split_once(&format!("{PUBLIC_URL}/{CONTROLLER}/v1/requests/{id}/reply?"))
            else {
                continue;
            };
            asked += 1;
            let query = link.split_whitespace().next().unwrap();
            let page = request("GET", &format!("requests/{id}/reply"), &named, query, &json!({}));
            pages_show_and_do_not_obey(&answered(&page, |event| dsar_intake::handle(&course.site, event)));
        }
    }
    assert_eq!(asked, TEXTS.len(), "each question reaches the person, with a link");
}
