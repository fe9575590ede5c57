//! Breaches through their function on ports in memory: from the declaration to the register and what is taken away
//! of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};
use wire::breach::{BreachAnswer, RegisterAnswer, RegisterExport};

const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };
const NOW: &str = "2026-03-10T12:00:00Z";

type Desk = breach_notify::Desk<Memory>;

fn desk() -> Desk {
    breach_notify::Desk { ports: Memory::new(), policies: PolicyBook::new([build::policy()]) }
}

/// What is sent, as the API hands it over.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    at: &'a str,
    scope: &'a str,
    headers: Vec<(&'a str, String)>,
    body: Option<Value>,
}

impl<'a> Call<'a> {
    fn get(path: &'a str, query: &'a str) -> Self {
        Self { method: "GET", path, query, at: NOW, scope: "breach:write", headers: Vec::new(), body: None }
    }

    fn event(&self) -> String {
        let epoch = self.at.parse::<Timestamp>().unwrap().as_millisecond();
        let mut parameters = json!({ "controller": "acme" });
        if let Some(breach) = self.path.split('/').nth(4).filter(|breach| *breach != "export") {
            parameters["breach"] = json!(breach);
        }
        let claims = json!({ "sub": "officer-1", "scope": self.scope, "controllers": "acme" });
        let mut event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": self.path, "rawQueryString": self.query,
            "headers": { "content-type": "application/json" },
            "requestContext": {
                "http": { "method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
                "requestId": "request-1", "routeKey": "$default", "stage": "$default", "timeEpoch": epoch,
                "accountId": "0", "apiId": "a", "domainName": "api.example", "domainPrefix": "api", "time": "",
                "authorizer": { "jwt": { "claims": claims, "scopes": [self.scope] } },
            },
            "pathParameters": parameters, "isBase64Encoded": false,
        });
        for (name, value) in &self.headers {
            event["headers"][*name] = json!(value);
        }
        if let Some(body) = &self.body {
            event["body"] = json!(body.to_string());
        }
        event.to_string()
    }

    /// The status, the headers and the body.
    async fn send(&self, desk: &Desk) -> (u64, Value, String) {
        let reply = answer(&self.event(), GUARD, |event| breach_notify::handle(desk, event)).await.unwrap();
        let reply = serde_json::to_value(&reply).unwrap();
        (reply["statusCode"].as_u64().unwrap(), reply["headers"].clone(), reply["body"].as_str().unwrap().to_owned())
    }
}

async fn get<T: serde::de::DeserializeOwned>(desk: &Desk, path: &str, query: &str) -> T {
    let (status, _, body) = Call::get(path, query).send(desk).await;
    assert_eq!(status, 200, "{path}?{query}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Declares a breach on that day of March.
async fn declare(desk: &Desk, day: u32, title: &str, description: &str) -> BreachAnswer {
    declare_with(desk, day, title, json!({ "en": { "description": description, "advice": "Wait." } })).await
}

/// The same, with all its texts.
async fn declare_with(desk: &Desk, day: u32, title: &str, texts: Value) -> BreachAnswer {
    let at = format!("2026-03-{day:02}T12:00:00Z");
    let form = json!({
        "title": title, "times": { "aware": at },
        "facts": {
            "exposed_from": "2026-02-01T00:00:00Z", "exposed_to": "2026-02-02T00:00:00Z", "people": 7,
            "scope": { "categories": ["account"] }, "texts": texts,
        },
    });
    let call = Call {
        method: "POST",
        at: &at,
        headers: vec![("idempotency-key", format!("key-{day}-{title}"))],
        body: Some(form),
        ..Call::get("/acme/v1/breaches", "")
    };
    let (status, _, body) = call.send(desk).await;
    assert_eq!(status, 201, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn act(desk: &Desk, breach: &BreachAnswer, at: &str, act: Value) -> BreachAnswer {
    let path = format!("/acme/v1/breaches/{}/entries", breach.breach_id);
    let version = format!("\"{}\"", breach.version);
    let headers = vec![("if-match", version)];
    let call = Call { method: "POST", at, headers, body: Some(act), ..Call::get(&path, "") };
    let (status, _, body) = call.send(desk).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// A breach that is assessed, notified, learned from and closed; its authority was told late.
async fn whole_course(desk: &Desk) -> BreachAnswer {
    let at = "2026-03-05T12:00:00Z";
    let breach = declare(desk, 1, "=A lost laptop", "A laptop was taken from a car, \"locked\".").await;
    let breach = act(
        desk,
        &breach,
        at,
        json!({ "act": "assessed", "data": "financial", "identification": "maximum", "reason": "Statements." }),
    )
    .await;
    let decision = json!({
        "act": "decided", "authority": true, "people": "not-told", "exemption": "risk-averted", "reason": "Wiped.",
    });
    let mut breach = act(desk, &breach, at, decision).await;
    assert!(breach.clocks.iter().any(|clock| clock.standing == "running"));
    // What was sent can bring another clock about: all is sent until none runs.
    while let Some(clock) = breach.clocks.iter().find(|clock| clock.standing == "running").cloned() {
        let sent = json!({
            "act": "notified", "law": clock.law, "duty": clock.duty, "to": "CNIL", "at": at, "reference": "R-2026-1",
        });
        breach = act(desk, &breach, at, sent).await;
    }
    let lesson = json!({ "act": "lesson", "text": "Lock the car.", "follow_up_on": "2026-03-09" });
    let breach = act(desk, &breach, at, lesson).await;
    act(desk, &breach, at, json!({ "act": "closed", "reason": "Done." })).await
}

#[tokio::test]
async fn the_register_shows_what_came_of_each_breach_and_finds_it_again() {
    let desk = desk();
    let closed = whole_course(&desk).await;
    let open = declare(&desk, 2, "A letter gone astray", "Somebody read another's letter.").await;
    let page: RegisterAnswer = get(&desk, "/acme/v1/breaches", "").await;
    let ids: Vec<_> = page.breaches.iter().map(|line| line.breach_id.as_str()).collect();
    assert_eq!(ids, [open.breach_id.as_str(), &closed.breach_id], "open ones come first");
    assert_eq!((page.read, page.cursor.as_deref(), page.is_sandbox), (2, None, false));

    let line = &page.breaches[1];
    assert_eq!((line.is_open, line.people, line.is_counted), (false, Some(7), false));
    assert_eq!(line.severity.as_ref().map(|it| it.level.as_str()), Some("high"));
    let decision = line.decision.as_ref().unwrap();
    assert_eq!((decision.people.as_str(), decision.exemption.as_deref()), ("not-told", Some("risk-averted")));
    assert_eq!(line.submissions[0].reference, "R-2026-1");
    let missed: Vec<_> = line.missed.iter().map(|due| due.duty.as_str()).collect();
    assert_eq!(missed, ["authority"], "72 hours, and it took four days");
    assert_eq!((line.lessons_open, line.lessons_overdue), (1, 1), "somebody should have looked yesterday");
    assert_eq!(page.breaches[0].due_next, None, "all its clocks ran out");
    assert!(!page.breaches[0].missed.is_empty());

    for (query, found) in [
        ("state=open", vec![&open]),
        ("state=closed", vec![&closed]),
        ("q=ASTRAY", vec![&open]),
        ("q=taken%20from", vec![&closed]),
        ("q=r-2026-1", vec![&closed]),
        ("q=nobody", vec![]),
        ("since=2026-03-02T00:00:00Z", vec![&open]),
        ("until=2026-03-02T00:00:00Z", vec![&closed]),
        ("category=account", vec![&open, &closed]),
        ("category=server-log", vec![]),
        ("level=high", vec![&closed]),
        ("level=low&state=all", vec![]),
    ] {
        let page: RegisterAnswer = get(&desk, "/acme/v1/breaches", query).await;
        let ids: Vec<_> = page.breaches.iter().map(|line| &line.breach_id).collect();
        assert_eq!(ids, found.iter().map(|breach| &breach.breach_id).collect::<Vec<_>>(), "{query}");
    }
    for query in ["state=lost", "q=", "since=yesterday", "level=huge", "limit=0", "limit=101", "cursor=open.1.x"] {
        let (status, _, body) = Call::get("/acme/v1/breaches", query).send(&desk).await;
        assert_eq!(status, 422, "{query}: {body}");
    }

    // What was learned stays to be looked at, and goes once somebody has.
    let lesson = page_of(&desk, &closed).await.course.lessons.remove(0);
    let followed = json!({ "act": "followed-up", "lesson": lesson.number, "text": "It is locked." });
    let after = act(&desk, &page_of(&desk, &closed).await, NOW, followed).await;
    assert_eq!(after.course.lessons[0].outcome.as_deref(), Some("It is locked."));
    let page: RegisterAnswer = get(&desk, "/acme/v1/breaches", "state=closed").await;
    assert_eq!((page.breaches[0].lessons_open, page.breaches[0].lessons_overdue), (0, 0));
}

async fn page_of(desk: &Desk, breach: &BreachAnswer) -> BreachAnswer {
    get(desk, &format!("/acme/v1/breaches/{}", breach.breach_id), "").await
}

#[tokio::test]
async fn a_long_register_is_read_to_its_end_page_by_page_whatever_is_found() {
    let desk = desk();
    for n in 0..130 {
        declare(&desk, 1 + n % 5, &format!("Breach {n}"), if n == 129 { "A needle." } else { "Hay." }).await;
    }
    let mut titles = std::collections::BTreeSet::new();
    let mut query = "limit=40".to_owned();
    loop {
        let page: RegisterAnswer = get(&desk, "/acme/v1/breaches", &query).await;
        assert!(page.breaches.len() <= 40);
        for line in page.breaches {
            assert!(titles.insert(line.title.clone()), "{} comes twice", line.title);
        }
        let Some(cursor) = page.cursor else { break };
        query = format!("limit=40&cursor={cursor}");
    }
    assert_eq!(titles.len(), 130);

    // A search reads so many and says where it goes on, found or not.
    let (mut query, mut found, mut pages) = ("q=needle".to_owned(), Vec::new(), 0);
    loop {
        let page: RegisterAnswer = get(&desk, "/acme/v1/breaches", &query).await;
        assert!(page.read <= app::breach_register::READS_MAX);
        found.extend(page.breaches.into_iter().map(|line| line.title));
        pages += 1;
        let Some(cursor) = page.cursor else { break };
        query = format!("q=needle&cursor={cursor}");
    }
    assert_eq!((found, pages), (vec!["Breach 129".to_owned()], 2));
}

#[tokio::test]
async fn the_whole_register_is_taken_away_as_a_table_that_runs_nothing_and_as_json() {
    let desk = desk();
    let closed = whole_course(&desk).await;
    let path = "/acme/v1/breaches/export";
    let whole: RegisterExport = get(&desk, path, "").await;
    let [exported] = whole.breaches.as_slice() else { panic!("{} breaches", whole.breaches.len()) };
    assert_eq!((&exported.breach.breach_id, whole.cursor.as_deref()), (&closed.breach_id, None));
    let last = page_of(&desk, &closed).await.history.pop().unwrap();
    assert_eq!(
        (last.number, last.at.as_str(), last.by.as_deref()),
        (closed.version, "2026-03-05T12:00:00Z", Some("officer-1"))
    );
    assert!(exported.breach.history.is_empty() && !exported.breach.clocks.is_empty());
    assert_eq!(exported.breach.course.submissions[0].reference, "R-2026-1");
    assert_eq!(exported.missed.len(), 1);

    let (status, headers, table) = Call::get(path, "format=csv").send(&desk).await;
    assert_eq!((status, &headers["content-type"]), (200, &json!("text/csv; charset=utf-8")));
    assert_eq!(headers["content-disposition"], "attachment; filename=\"breaches-acme.csv\"");
    let lines: Vec<_> = table.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("breach_id,title,state,"), "{}", lines[0]);
    assert!(lines[1].contains(",'=A lost laptop,closed,"), "a formula runs in no spreadsheet: {}", lines[1]);
    assert!(lines[1].contains("\"A laptop was taken from a car, \"\"locked\"\".\""), "{}", lines[1]);
    assert!(lines[1].contains("CNIL") && lines[1].ends_with("Lock the car."), "{}", lines[1]);
    let (status, ..) = Call::get(path, "format=xls").send(&desk).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn a_register_that_fits_in_no_answer_comes_in_parts() {
    let desk = desk();
    let long = "x".repeat(4_000);
    let text = json!({ "description": long, "consequences": long, "measures": long, "advice": long });
    for n in 0..120 {
        let texts = json!({ "en": text, "de": text, "fr": text });
        declare_with(&desk, 1 + n % 5, &format!("Breach {n}"), texts).await;
    }
    for format in ["csv", "json"] {
        let (mut query, mut lines, mut parts) = (format!("format={format}"), 0, Vec::new());
        loop {
            let (status, headers, body) = Call::get("/acme/v1/breaches/export", &query).send(&desk).await;
            assert_eq!(status, 200);
            assert!(body.len() < 5_000_000, "{} bytes", body.len());
            let found = body.matches("\"title\":\"Breach ").count() + body.matches(",Breach ").count();
            lines += found;
            parts.push(found);
            let Some(cursor) = headers.get("habeas-cursor").and_then(Value::as_str) else { break };
            query = format!("format={format}&cursor={cursor}");
        }
        assert_eq!(lines, 120, "{format}");
        // A table has English alone, and ends where no more are read; JSON where no more fits.
        assert!(if format == "csv" { parts == [100, 20] } else { parts[0] < 100 }, "{format}: {parts:?}");
    }
}

#[tokio::test]
async fn only_the_controllers_own_staff_reads_the_register() {
    let desk = desk();
    for path in ["/acme/v1/breaches", "/acme/v1/breaches/export"] {
        let call = Call { scope: "records:write", ..Call::get(path, "") };
        let (status, ..) = call.send(&desk).await;
        assert_eq!(status, 403, "{path}");
    }
}
