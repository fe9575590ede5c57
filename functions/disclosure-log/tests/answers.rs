//! The gate's answers under a policy that lists recipients, as staff and systems see them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use disclosure_log::{DISCLOSURES_SCOPE, Desk, USES_SCOPE, handle};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, recipients};

fn desk() -> Desk<Memory> {
    let guard = TimeGuard { stage: Stage::Local };
    Desk { ports: Memory::new(), policies: PolicyBook::new([recipients::policy()]), guard }
}

/// Posts a body as staff; answers the status and the body.
async fn post(desk: &Desk<Memory>, route: &str, scope: &str, key: &str, body: &Value) -> (u64, Value) {
    let payload = json!({
        "version": "2.0", "routeKey": format!("POST /{{controller}}/v1/{route}"),
        "rawPath": format!("/acme/v1/{route}"), "rawQueryString": "",
        "headers": {"content-type": "application/json", "idempotency-key": key},
        "requestContext": {
            "http": {
                "method": "POST", "path": format!("/acme/v1/{route}"), "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7", "userAgent": "test",
            },
            "requestId": "r-1", "timeEpoch": 1_767_225_600_123_i64,
            "authorizer": {"jwt": {"claims": {"sub": "officer-1", "scope": scope, "controllers": "acme"}}},
        },
        "pathParameters": {"controller": "acme"}, "body": body.to_string(), "isBase64Encoded": false,
    });
    let guard = TimeGuard { stage: Stage::Local };
    let reply = answer(&payload.to_string(), guard, |event| handle(desk, event)).await.unwrap();
    let reply = serde_json::to_value(reply).unwrap();
    let body = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    (reply["statusCode"].as_u64().unwrap(), body)
}

fn to_analyst() -> Value {
    json!({
        "recipient": "analyst", "subject": {"kind": "mail", "value": "ada@example.com"},
        "categories": ["server-log"], "purpose": "security", "occurred_at": "2026-01-01T00:00:00Z",
        "references": {"processing-agreement": "dpa-7", "standard-clauses": "2021/914 of 2024-02-01"},
    })
}

#[tokio::test]
async fn an_allowed_disclosure_is_answered_by_its_clause_and_its_retry_alike() {
    let desk = desk();
    let (status, first) = post(&desk, "disclosures", DISCLOSURES_SCOPE, "k", &to_analyst()).await;
    assert_eq!(status, 201, "{first}");
    let id = first["disclosure_id"].as_str().unwrap();
    let expected = json!({
        "v": 1, "disclosure_id": id, "clause": "test.analyst", "recipient": "analyst", "country": "IN",
        "mechanism": "standard-clauses", "logged_at": "2026-01-01T00:00:00.123Z",
    });
    assert_eq!(first, expected);
    assert_eq!(post(&desk, "disclosures", DISCLOSURES_SCOPE, "k", &to_analyst()).await, (200, expected));
    let mut other = to_analyst();
    other["references"]["processing-agreement"] = json!("dpa-8");
    let (status, problem) = post(&desk, "disclosures", DISCLOSURES_SCOPE, "k", &other).await;
    assert_eq!((status, &problem["type"]), (422, &json!("urn:habeas:problem:idempotency-key-reused")));
}

#[tokio::test]
async fn a_denied_disclosure_says_why_and_by_which_clause() {
    let desk = desk();
    for (change, reason, clause) in [
        (json!({"recipient": "stranger"}), "unlisted-recipient", "test.nobody-else"),
        (json!({"categories": ["server-log", "account"]}), "category-not-allowed", "test.analyst"),
        (json!({"country": "BR"}), "country-not-allowed", "test.analyst"),
        (json!({"references": {"processing-agreement": "dpa-7"}}), "reference-missing", "test.transfer"),
        (json!({"mechanism": "adequacy"}), "mechanism-not-allowed", "test.transfer"),
    ] {
        let mut form = to_analyst();
        form.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, problem) = post(&desk, "disclosures", DISCLOSURES_SCOPE, reason, &form).await;
        assert_eq!((status, &problem["type"]), (403, &json!("urn:habeas:problem:disclosure-denied")), "{problem}");
        assert_eq!((&problem["reason"], &problem["clause"]), (&json!(reason), &json!(clause)));
    }
}

#[tokio::test]
async fn a_total_of_enough_people_is_logged() {
    let desk = desk();
    let total = |people: u32| {
        json!({
            "recipient": "industry-body", "aggregate": {"people": people}, "categories": ["server-log"],
            "purpose": "statistics", "occurred_at": "2026-01-01T00:00:00Z",
        })
    };
    let (status, answer) = post(&desk, "disclosures", DISCLOSURES_SCOPE, "k", &total(250)).await;
    assert_eq!((status, &answer["clause"]), (201, &json!("test.statistics")));
    let (status, problem) = post(&desk, "disclosures", DISCLOSURES_SCOPE, "l", &total(3)).await;
    assert_eq!((status, &problem["reason"]), (403, &json!("too-few-people")));
}

#[tokio::test]
async fn a_question_about_a_use_is_answered_and_needs_its_own_scope() {
    let desk = desk();
    let question = |purpose: &str| json!({"subject": {"kind": "mail", "value": "ada@example.com"}, "purpose": purpose});
    let allowed = post(&desk, "uses", USES_SCOPE, "k", &question("contract")).await;
    assert_eq!(allowed, (200, json!({"v": 1, "allowed": true, "clause": "test.contract"})));
    let denied = post(&desk, "uses", USES_SCOPE, "k", &question("marketing")).await;
    let expected = json!({"v": 1, "allowed": false, "reason": "consent-missing", "clause": "test.marketing"});
    assert_eq!(denied, (200, expected));
    assert_eq!(post(&desk, "uses", DISCLOSURES_SCOPE, "k", &question("contract")).await.0, 403);
    assert_eq!(post(&desk, "disclosures", USES_SCOPE, "k", &to_analyst()).await.0, 403);
}
