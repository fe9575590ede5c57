//! Who fetches which export, by which token, in which format: from the request to the link, through the
//! functions' own handlers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use edge::{
    answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::Memory;

fn policies() -> PolicyBook {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies");
    PolicyBook::new(policy::policy_files(&folder).unwrap().iter().map(|file| {
        let (policy, _) = policy::parse("policy", &std::fs::read_to_string(file).unwrap()).unwrap();
        policy
    }))
}

fn call(method: &str, path: &str, query: &str, body: Option<&Value>) -> Value {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut parameters = json!({ "controller": parts[0] });
    if let Some(request) = parts.get(3) {
        parameters["request"] = json!(request);
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": { "accept": "application/json", "content-type": "application/json" },
        "requestContext": {
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
            "requestId": "exports-1", "stage": "$default", "timeEpoch": 1_767_225_600_123_i64,
        },
        "pathParameters": parameters, "body": body.map(ToString::to_string), "isBase64Encoded": false,
    })
}

/// Makes a request of this type and carries it out; answers its path, its status token and the desk.
async fn exported(request: &str) -> (String, String, dsar_fulfil::Desk<Memory>) {
    let site = dsar_intake::Site {
        ports: Memory::new(),
        policies: policies(),
        pages: AllowedPages::parse("https://example.org/").unwrap(),
    };
    let body = json!({ "type": request, "subject": { "kind": "mail", "value": "ada@example.org" } });
    let taken = ask(&site, &call("POST", "/stationdb/v1/requests", "", Some(&body))).await;
    let taken: Value = serde_json::from_str(taken["body"].as_str().unwrap()).unwrap();
    let (path, token) = (taken["status"].as_str().unwrap().to_owned(), taken["token"].as_str().unwrap().to_owned());
    let url = "https://privacy.example".to_owned();
    let desk = dsar_fulfil::Desk { ports: site.ports, policies: policies(), public_url: url };
    let message = json!({
        "v": 1, "controller": "stationdb", "subject": token.split('~').nth(2).unwrap(),
        "request": taken["request_id"], "at": taken["received_at"],
    });
    let message = json!({ "Records": [{
        "messageId": "m1", "receiptHandle": "r1", "body": message.to_string(), "attributes": {},
        "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:habeas-fulfil", "awsRegion": "eu-west-1",
    }] });
    let guard = TimeGuard { stage: Stage::Local };
    let reply = answer(&message.to_string(), guard, |event| dsar_fulfil::handle(&desk, event)).await.unwrap();
    assert_eq!(serde_json::to_value(&reply).unwrap(), json!({ "batchItemFailures": [] }));
    (path, token, desk)
}

async fn ask(site: &dsar_intake::Site<Memory>, payload: &Value) -> Value {
    let guard = TimeGuard { stage: Stage::Local };
    let reply = answer(&payload.to_string(), guard, |event| dsar_intake::handle(site, event)).await.unwrap();
    serde_json::to_value(&reply).unwrap()
}

fn site(desk: dsar_fulfil::Desk<Memory>) -> dsar_intake::Site<Memory> {
    let pages = AllowedPages::parse("https://example.org/").unwrap();
    dsar_intake::Site { ports: desk.ports, policies: desk.policies, pages }
}

#[tokio::test]
async fn the_answer_to_a_question_about_the_policy_opens_by_the_requests_own_token_in_either_format() {
    let (path, token, desk) = exported("information").await;
    let mails = desk.ports.sent();
    assert_eq!(mails.len(), 1, "answered at once");
    let site = site(desk);
    let status = ask(&site, &call("GET", &path, &format!("token={token}"), None)).await;
    let status: Value = serde_json::from_str(status["body"].as_str().unwrap()).unwrap();
    assert_eq!(status["export"], format!("{path}/export"));
    for (format, ending) in [("", ".json?for=5m"), ("&format=json", ".json?for=5m"), ("&format=csv", ".csv?for=5m")] {
        let query = format!("token={token}{format}");
        let answer = ask(&site, &call("GET", &format!("{path}/export"), &query, None)).await;
        assert_eq!(answer["statusCode"], 303);
        assert!(answer["headers"]["location"].as_str().unwrap().ends_with(ending), "{answer}");
    }
}

#[tokio::test]
async fn a_copy_of_somebodys_data_opens_by_the_mailed_token_alone() {
    let (path, token, desk) = exported("access").await;
    let mailed = |desk: &dsar_fulfil::Desk<Memory>| {
        let text = desk.ports.sent().last().unwrap().text.clone();
        text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
    };
    let verification = mailed(&desk);
    let site = site(desk);
    let verify = call("POST", &format!("{path}/verification"), &format!("token={verification}"), None);
    assert_eq!(ask(&site, &verify).await["statusCode"], 200);
    for opens_nothing in [&token, &verification] {
        let payload = call("GET", &format!("{path}/export"), &format!("token={opens_nothing}&format=csv"), None);
        assert_eq!(ask(&site, &payload).await["statusCode"], 401);
    }
}
