//! Notifications as staff fetch them, and what is recorded of them: through the function's own door.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use base64::Engine as _;
use breach_notify::{Desk, SCOPE, handle};
use domain::policy::{Authority, Clause, Policy};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};

/// A policy whose office can be reached in every way.
fn policy() -> Policy {
    let mut policy = build::policy();
    policy.office.data_protection_officer = Some("dpo@acme.example".into());
    policy.office.post = Some("Acme SAS, 1 rue de l'Exemple, 75002 Paris".into());
    policy.office.authority = Some(Authority {
        name: "Commission nationale de l'informatique et des libertés".into(),
        url: Some("https://www.cnil.example".into()),
        phone: None,
        post: None,
        clause: Clause::new("test.authority"),
    });
    policy
}

fn desk() -> Desk<Memory> {
    Desk { ports: Memory::new(), policies: PolicyBook::new([policy()]) }
}

struct Call<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    version: Option<u64>,
    scope: &'a str,
    body: Option<Value>,
}

/// Sends a request as staff; answers the gateway's answer.
async fn send(desk: &Desk<Memory>, call: Call<'_>) -> Value {
    let breach = call.path.strip_prefix("breaches/").map(|rest| rest.split('/').next().unwrap_or_default());
    let mut headers = json!({"content-type": "application/json", "idempotency-key": "k"});
    if let Some(version) = call.version {
        headers["if-match"] = json!(format!("\"{version}\""));
    }
    let mut parameters = json!({"controller": "acme"});
    if let Some(breach) = breach {
        parameters["breach"] = json!(breach);
    }
    let path = format!("/acme/v1/{}", call.path);
    let payload = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": call.query, "headers": headers,
        "requestContext": {
            "http": {"method": call.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "t"},
            // 9 January 2026, 12:00 UTC.
            "requestId": "r-1", "timeEpoch": 1_767_960_000_000_i64,
            "authorizer": {"jwt": {"claims": {"sub": "officer-1", "scope": call.scope, "controllers": "acme"}}},
        },
        "pathParameters": parameters, "body": call.body.map(|body| body.to_string()), "isBase64Encoded": false,
    });
    let guard = TimeGuard { stage: Stage::Local };
    let reply = answer(&payload.to_string(), guard, |event| handle(desk, event)).await.unwrap();
    serde_json::to_value(reply).unwrap()
}

fn json_of(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

fn facts() -> Value {
    json!({
        "exposed_from": "2026-01-05T22:00:00Z", "exposed_to": "2026-01-06T10:00:00Z",
        "effects": ["confidentiality"],
        "scope": {"categories": ["chat-session", "server-log"]},
        "people": 4000, "residents": {"FR": 3000, "DE": 900, "US-CA": 100},
        "texts": {"en": {
            "description": "A copy of the chat logs was readable by anybody who knew its address.",
            "advice": "Change your password, and be wary of messages that quote your chats.",
        }, "de": {
            "description": "Eine Kopie der Gesprächsprotokolle war für jeden lesbar, der ihre Adresse kannte.",
            "advice": "Ändern Sie Ihr Kennwort.",
        }},
    })
}

/// Declares a breach; answers its id.
async fn declared(desk: &Desk<Memory>) -> String {
    let body = json!({
        "title": "Chat logs in public",
        "times": {"detected": "2026-01-07T08:00:00Z", "aware": "2026-01-07T12:00:00Z"},
        "facts": facts(),
    });
    let call = Call { method: "POST", path: "breaches", query: "", version: None, scope: SCOPE, body: Some(body) };
    let answer = send(desk, call).await;
    assert_eq!(answer["statusCode"], 201, "{answer}");
    json_of(&answer)["breach_id"].as_str().unwrap().to_owned()
}

async fn act(desk: &Desk<Memory>, breach: &str, version: u64, body: Value) {
    let path = format!("breaches/{breach}/entries");
    let call = Call { method: "POST", path: &path, query: "", version: Some(version), scope: SCOPE, body: Some(body) };
    let answer = send(desk, call).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

async fn fetch(desk: &Desk<Memory>, breach: &str, query: &str) -> Value {
    let path = format!("breaches/{breach}/notification");
    send(desk, Call { method: "GET", path: &path, query, version: None, scope: SCOPE, body: None }).await
}

fn names(missing: &Value) -> Vec<&str> {
    missing.as_array().map(|all| all.iter().map(|one| one["fact"].as_str().unwrap()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn it_goes_out_in_phases_each_recorded_and_the_next_says_what_is_new() {
    let desk = desk();
    let breach = declared(&desk).await;
    let query = "law=eu-gdpr&duty=authority";
    let first = json_of(&fetch(&desk, &breach, query).await);
    assert_eq!((&first["v"], &first["phase"], &first["version"]), (&json!(1), &json!("first"), &json!(0)));
    assert_eq!(first["complete"], false);
    assert_eq!(names(&first["missing"]), ["record_count", "consequences", "measures"]);
    assert_eq!(first["missing"][1]["article"], "GDPR Art. 33(3)(c)");
    assert_eq!(first["to"]["name"], "Commission nationale de l'informatique et des libertés");
    assert!(first.get("news").is_none());

    let notified = json!({
        "act": "notified", "law": "eu-gdpr", "duty": "authority", "to": "CNIL", "at": "2026-01-08T09:00:00Z",
        "reference": "VIO-2026-17", "version": first["version"],
    });
    act(&desk, &breach, 0, notified).await;
    let mut more = facts();
    more["people"] = json!(5200);
    more["records"] = json!(20_000);
    more["texts"]["en"]["consequences"] = json!("Somebody may try to deceive people with what they wrote.");
    more["texts"]["en"]["measures"] = json!("The address was closed within the hour, and all keys were changed.");
    act(&desk, &breach, 1, json!({"act": "facts-changed", "facts": more})).await;
    act(
        &desk,
        &breach,
        2,
        json!({
            "act": "decided", "authority": true, "people": "told", "reason": "Chats can be private.",
        }),
    )
    .await;

    let update = json_of(&fetch(&desk, &breach, query).await);
    assert_eq!((&update["phase"], &update["update"], &update["complete"]), (&json!("update"), &json!(1), &json!(true)));
    let news = &update["news"];
    assert_eq!((&news["since"], &news["reference"]), (&json!(0), &json!("VIO-2026-17")));
    let changed = news["changes"].as_array().unwrap();
    let of =
        |fact: &str| changed.iter().find(|change| change["fact"] == fact).unwrap_or_else(|| panic!("{fact}: {news}"));
    assert_eq!(of("people_count")["before"], json!(["about 4,000 (estimated)"]));
    assert_eq!(of("people_count")["after"], json!(["about 5,200 (estimated)"]));
    assert!(of("measures").get("before").is_none());
    assert!(of("people_told")["after"][0].as_str().unwrap().contains("told directly"));
    let told: Vec<&str> = changed.iter().map(|change| change["fact"].as_str().unwrap()).collect();
    assert!(!told.contains(&"description") && !told.contains(&"occurrence"), "{told:?}");
    assert!(news["unchanged"].as_array().unwrap().contains(&json!("Description")));

    // The first one reads as it did, whatever came since.
    assert_eq!(json_of(&fetch(&desk, &breach, &format!("{query}&version=0")).await), first);
    let last = json_of(&fetch(&desk, &breach, &format!("{query}&final=true&since=0")).await);
    assert_eq!(last["phase"], "final");
}

#[tokio::test]
async fn every_form_is_a_file_of_its_kind_and_says_the_same() {
    let desk = desk();
    let breach = declared(&desk).await;
    for (language, title, incomplete, described) in [
        (
            "en",
            "Notification of a personal data breach",
            "This notification is not complete",
            "A copy of the chat logs",
        ),
        ("de", "Meldung einer Verletzung", "noch nicht vollständig", "Eine Kopie der Gesprächsprotokolle"),
        ("fr", "Notification d’une violation", "n’est pas complète", "A copy of the chat logs"),
    ] {
        let query = format!("law=eu-gdpr&duty=authority&lang={language}");
        let page = fetch(&desk, &breach, &format!("{query}&format=html")).await;
        assert_eq!(page["headers"]["content-type"], "text/html; charset=utf-8");
        assert_eq!(page["isBase64Encoded"], false);
        let html = page["body"].as_str().unwrap();
        assert!(html.contains(&format!("<html lang=\"{language}\">")));

        let file = fetch(&desk, &breach, &format!("{query}&format=pdf")).await;
        assert_eq!(file["statusCode"], 200, "{file}");
        assert_eq!(file["headers"]["content-type"], "application/pdf");
        assert_eq!(file["headers"]["cache-control"], "no-store");
        let name = format!("attachment; filename=\"notification-{breach}-eu-gdpr-0.pdf\"");
        assert_eq!(file["headers"]["content-disposition"], json!(name));
        assert_eq!(file["isBase64Encoded"], true);
        let bytes = base64::engine::general_purpose::STANDARD.decode(file["body"].as_str().unwrap()).unwrap();
        let pdf = lopdf::Document::load_mem(&bytes).unwrap();
        let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
        let text = pdf.extract_text(&pages).unwrap();
        for said in [title, incomplete, described, "33(3)(c)"] {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words(html).contains(said), "{language} html: {said}");
            assert!(words(&text).contains(said), "{language} pdf: {said} in {text}");
        }
        // The same again, byte for byte.
        assert_eq!(fetch(&desk, &breach, &format!("{query}&format=pdf")).await["body"], file["body"]);
    }
}

#[tokio::test]
async fn a_query_that_names_no_notification_says_what_to_send() {
    let desk = desk();
    let breach = declared(&desk).await;
    for (query, pointer) in [
        ("", "/law"),
        ("law=atlantis&duty=authority", "/law"),
        ("law=eu-gdpr", "/duty"),
        ("law=eu-gdpr&duty=subjects", "/duty"),
        ("law=eu-gdpr&duty=respond", "/duty"),
        ("law=eu-gdpr&duty=final-report", "/duty"),
        ("law=eu-gdpr&duty=authority&recipient=crm", "/duty"),
        ("law=eu-gdpr&recipient=nobody", "/recipient"),
        ("law=eu-gdpr&duty=authority&format=docx", "/format"),
        ("law=eu-gdpr&duty=authority&lang=tlh", "/lang"),
        ("law=eu-gdpr&duty=authority&final=perhaps", "/final"),
        ("law=eu-gdpr&duty=authority&version=-1", "/version"),
        ("law=eu-gdpr&duty=authority&version=7", "/version"),
        ("law=eu-gdpr&duty=authority&since=0", "/since"),
    ] {
        let answer = fetch(&desk, &breach, query).await;
        let problem = json_of(&answer);
        assert_eq!((&answer["statusCode"], &problem["pointer"]), (&json!(422), &json!(pointer)), "{query}: {problem}");
        assert!(!problem["hint"].as_str().unwrap().is_empty());
    }
    let path = format!("breaches/{breach}/notification");
    let query = "law=eu-gdpr&duty=authority";
    let call = Call { method: "GET", path: &path, query, version: None, scope: "requests:read", body: None };
    assert_eq!(send(&desk, call).await["statusCode"], 403);
    let other = breach.chars().rev().collect::<String>();
    assert_eq!(fetch(&desk, &other, query).await["statusCode"], 404);
}
