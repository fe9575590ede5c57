//! The office's routes as its people use them: versions, scopes, and what is shown to whom.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{dsar::RequestType, policy::Policy};
use dsar_office::{APPROVE_SCOPE, DECIDE_SCOPE, Desk, READ_SCOPE, WRITE_SCOPE, handle};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};

/// A day in January 2026, in milliseconds.
const NOW: i64 = 1_767_225_600_123;

fn desk_of(policy: Policy) -> Desk<Memory> {
    Desk { ports: Memory::new(), policies: PolicyBook::new([policy]) }
}

fn desk() -> Desk<Memory> {
    desk_of(build::policy())
}

/// What is asked of the office's function.
struct Ask<'a> {
    clerk: &'a str,
    scopes: &'a [&'a str],
    method: &'a str,
    path: String,
    query: &'a str,
    headers: Value,
    body: Option<Value>,
}

struct Answer {
    status: u64,
    etag: Option<String>,
    body: Value,
}

async fn ask(desk: &Desk<Memory>, ask: Ask<'_>) -> Answer {
    let mut headers = json!({"content-type": "application/json"});
    for (name, value) in ask.headers.as_object().into_iter().flatten() {
        headers[name] = value.clone();
    }
    let mut parameters = json!({"controller": "acme"});
    if let Some(id) = ask.path.split('/').nth(1) {
        parameters["request"] = json!(id);
    }
    let path = format!("/acme/v1/staff/{}", ask.path);
    let payload = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": ask.query, "headers": headers,
        "requestContext": {
            "http": {
                "method": ask.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                "userAgent": "test",
            },
            "requestId": "r-1", "timeEpoch": NOW,
            "authorizer": {"jwt": {"claims": {
                "sub": ask.clerk, "scope": ask.scopes.join(" "), "controllers": "acme",
            }}},
        },
        "pathParameters": parameters, "body": ask.body.map(|body| body.to_string()), "isBase64Encoded": false,
    });
    let guard = TimeGuard { stage: Stage::Local };
    let reply = answer(&payload.to_string(), guard, |event| handle(desk, event)).await.unwrap();
    let reply = serde_json::to_value(reply).unwrap();
    Answer {
        status: reply["statusCode"].as_u64().unwrap(),
        etag: reply["headers"]["etag"].as_str().map(str::to_owned),
        body: serde_json::from_str(reply["body"].as_str().unwrap()).unwrap_or_default(),
    }
}

const ALL: [&str; 4] = [READ_SCOPE, WRITE_SCOPE, DECIDE_SCOPE, APPROVE_SCOPE];

fn get<'a>(path: impl Into<String>, query: &'a str) -> Ask<'a> {
    Ask { clerk: "clerk-1", scopes: &ALL, method: "GET", path: path.into(), query, headers: json!({}), body: None }
}

fn act<'a>(clerk: &'a str, id: &str, etag: &str, action: Value) -> Ask<'a> {
    Ask {
        clerk,
        method: "POST",
        headers: json!({"if-match": etag}),
        body: Some(action),
        ..get(format!("requests/{id}/actions"), "")
    }
}

fn letter(request: RequestType, key: &str) -> Ask<'static> {
    let body = json!({
        "received_at": "2025-12-20T09:00:00Z", "verified": "office",
        "request": {
            "type": request.as_str(), "subject": {"kind": "mail", "value": "ada@example.com"}, "message": "please",
        },
    });
    Ask { method: "POST", headers: json!({"idempotency-key": key}), body: Some(body), ..get("requests", "") }
}

async fn entered(desk: &Desk<Memory>, request: RequestType) -> (String, String) {
    let entered = ask(desk, letter(request, request.as_str())).await;
    assert_eq!(entered.status, 201, "{}", entered.body);
    (entered.body["request_id"].as_str().unwrap().to_owned(), entered.etag.unwrap())
}

#[tokio::test]
async fn a_letter_is_entered_once_with_the_clock_of_its_receipt() {
    let desk = desk();
    let first = ask(&desk, letter(RequestType::Access, "letter-1")).await;
    assert_eq!((first.status, first.etag.as_deref()), (201, Some("\"1\"")), "{}", first.body);
    assert_eq!(first.body["received_at"], "2025-12-20T09:00:00Z");
    assert_eq!(first.body["due"]["date"], "2026-01-20");
    assert!(!first.body["due"]["steps"].as_array().unwrap().is_empty());
    assert_eq!(first.body["history"][0]["act"], "verified");
    assert_eq!((&first.body["entered_by"], &first.body["history"][0]["who"]), (&json!("clerk-1"), &json!("clerk-1")));
    let again = ask(&desk, letter(RequestType::Access, "letter-1")).await;
    assert_eq!((again.status, again.body), (200, first.body));
    let other = ask(&desk, letter(RequestType::Erasure, "letter-1")).await;
    assert_eq!((other.status, other.body["type"].as_str()), (422, Some("urn:habeas:problem:idempotency-key-reused")));
}

#[tokio::test]
async fn an_action_is_done_once_on_what_its_clerk_has_seen() {
    let desk = desk();
    let (id, etag) = entered(&desk, RequestType::Access).await;
    let claim = || json!({"action": "claim"});
    let done = ask(&desk, act("clerk-1", &id, &etag, claim())).await;
    assert_eq!((done.status, done.etag.as_deref()), (200, Some("\"2\"")), "{}", done.body);
    assert_eq!(done.body["assignee"], "clerk-1");
    let again = ask(&desk, act("clerk-1", &id, &etag, claim())).await;
    assert_eq!((again.status, again.body), (200, done.body), "a retry");
    let slower = ask(&desk, act("clerk-2", &id, &etag, claim())).await;
    assert_eq!((slower.status, slower.etag.as_deref()), (412, Some("\"2\"")));
    let taken = ask(&desk, act("clerk-2", &id, "\"2\"", claim())).await;
    assert_eq!((taken.status, &taken.body["why"]), (409, &json!("claimed-by-another")));
    let blind = ask(&desk, Ask { headers: json!({}), ..act("clerk-1", &id, "", claim()) }).await;
    assert_eq!(blind.status, 428);

    let seen = Ask { headers: json!({"if-none-match": "\"2\""}), ..get(format!("requests/{id}"), "") };
    let seen = ask(&desk, seen).await;
    assert_eq!((seen.status, seen.etag.as_deref(), seen.body), (304, Some("\"2\""), Value::Null));
    let looked = ask(&desk, get(format!("requests/{id}"), "")).await;
    assert_eq!((looked.status, &looked.body["subject"]["value"]), (200, &json!("ada@example.com")));
    let listed = ask(&desk, get("requests", "mine=true&type=access")).await;
    let line = &listed.body["requests"][0];
    assert_eq!((&line["request_id"], &line["version"], &line["assignee"]), (&json!(id), &json!(2), &json!("clerk-1")));
    assert_eq!((&line["due_date"], &line["days_left"]), (&json!("2026-01-20"), &json!(19)));
}

#[tokio::test]
async fn whoever_may_not_look_is_shown_nothing_personal() {
    let desk = desk();
    let (id, etag) = entered(&desk, RequestType::Access).await;
    let note = json!({"action": "note", "text": "Ada called"});
    let done = ask(&desk, Ask { scopes: &[WRITE_SCOPE], ..act("clerk-2", &id, &etag, note) }).await;
    assert_eq!((done.status, &done.body["stage"]), (200, &json!("in-progress")));
    let shown = done.body.to_string();
    for personal in ["ada@example.com", "please", "Ada called"] {
        assert!(!shown.contains(personal), "{shown}");
    }
    let looked = ask(&desk, get(format!("requests/{id}"), "")).await;
    assert_eq!(looked.body["history"][1]["text"], "Ada called");
}

#[tokio::test]
async fn each_action_needs_its_own_scope() {
    let mut policy = build::policy();
    policy.office.four_eyes = BTreeSet::from([RequestType::Complaint]);
    let desk = desk_of(policy);
    let (id, etag) = entered(&desk, RequestType::Complaint).await;
    for (action, scope) in [
        (json!({"action": "claim"}), WRITE_SCOPE),
        (json!({"action": "decide", "ruling": "approve", "text": "You are right."}), DECIDE_SCOPE),
        (json!({"action": "stop", "text": "A test."}), DECIDE_SCOPE),
        (json!({"action": "approve"}), APPROVE_SCOPE),
        (json!({"action": "send-back", "text": "Why?"}), APPROVE_SCOPE),
    ] {
        let others: Vec<_> = ALL.into_iter().filter(|other| *other != scope).collect();
        let refused = ask(&desk, Ask { scopes: &others, ..act("clerk-1", &id, &etag, action.clone()) }).await;
        assert_eq!(refused.status, 403, "{action}");
        let allowed = ask(&desk, Ask { scopes: &[scope], ..act("clerk-1", &id, "\"77\"", action.clone()) }).await;
        assert_eq!(allowed.status, 412, "{action}");
    }
}

#[tokio::test]
async fn every_ground_comes_with_its_article_and_its_types() {
    let answer = ask(&desk(), get("grounds", "")).await;
    let grounds = answer.body["grounds"].as_array().unwrap();
    let compelling = grounds.iter().find(|ground| ground["ground"] == "compelling-grounds").unwrap();
    assert_eq!(compelling["article"], "GDPR Art. 21(1)");
    assert!(compelling["types"].as_array().unwrap().contains(&json!("objection")));
    assert!(!compelling["types"].as_array().unwrap().contains(&json!("erasure")));
    assert!(grounds.iter().all(|ground| !ground["article"].as_str().unwrap().is_empty()));
}
