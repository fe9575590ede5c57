//! The consent side through its functions, under a policy that holds one promise of each kind: what
//! goes in and comes out is what Lambda hands over and takes back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    capture_consent::ConsentLedger,
    capture_mail::{CaptureMail, CaptureMails},
    keys::Keys,
    queues::Queue,
    records::RecordStore,
};
use domain::{
    consent::ConsentEvent,
    ids::{Identifier, IdentifierKind, SubjectRef},
    policy::Policy,
};
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build::controller, consent_side};
use wire::stored;

const URL: &str = "https://privacy.example";

/// The functions of the consent side over one set of ports.
struct Acme {
    consents: consent_capture::Site<Memory>,
    records: retention_track::Desk<Memory>,
    fulfil: dsar_fulfil::Desk<Memory>,
    memory: Memory,
}

/// One call of the API.
struct Call<'a> {
    method: &'a str,
    path: String,
    parameters: Value,
    headers: Vec<(&'a str, String)>,
    body: Option<Value>,
    at: &'a str,
}

impl<'a> Call<'a> {
    fn new(method: &'a str, path: &str) -> Self {
        let parameters = json!({ "controller": "acme" });
        Self { method, path: path.into(), parameters, headers: Vec::new(), body: None, at: "2026-01-01T10:00:00Z" }
    }

    fn at(self, at: &'a str) -> Self {
        Self { at, ..self }
    }

    fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn json(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn payload(&self) -> Value {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        if self.body.is_some() {
            headers.insert("content-type".into(), json!("application/json"));
        }
        json!({
            "version": "2.0",
            "routeKey": "ANY",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "http": { "method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "t" },
                "requestId": format!("{} {} {}", self.method, self.path, self.at),
                "stage": "$default",
                "timeEpoch": self.at.parse::<jiff::Timestamp>().unwrap().as_millisecond(),
            },
            "pathParameters": self.parameters,
            "body": self.body.as_ref().map(ToString::to_string),
            "isBase64Encoded": false,
        })
    }
}

/// An answer: its status and its body, read if it is JSON.
async fn asked<H, F>(payload: &Value, handler: H) -> (u64, Value)
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let guard = TimeGuard { stage: Stage::Local };
    let reply = answer(&payload.to_string(), guard, handler).await.unwrap();
    let reply = serde_json::to_value(&reply).unwrap();
    let body = reply["body"].as_str().unwrap_or_default();
    (reply["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap_or_else(|_| json!(body)))
}

/// A message as SQS hands it over.
fn message(body: &str) -> String {
    let record = json!({
        "messageId": "m-1", "receiptHandle": "r", "body": body, "eventSource": "aws:sqs",
        "attributes": { "ApproximateReceiveCount": "1" },
    });
    json!({ "Records": [record] }).to_string()
}

impl Acme {
    fn new() -> Self {
        Self::under(&consent_side())
    }

    fn under(policy: &Policy) -> Self {
        let pages = AllowedPages::parse("").unwrap();
        let (memory, policies) = (Memory::new(), || PolicyBook::new([policy.clone()]));
        let guard = TimeGuard { stage: Stage::Local };
        Self {
            consents: consent_capture::Site { ports: memory.clone(), policies: policies(), pages },
            records: retention_track::Desk { ports: memory.clone(), policies: policies(), guard },
            fulfil: dsar_fulfil::Desk { ports: memory.clone(), policies: policies(), public_url: URL.into() },
            memory,
        }
    }

    async fn consents(&self, call: Call<'_>) -> (u64, Value) {
        asked(&call.payload(), |event| consent_capture::handle(&self.consents, event)).await
    }

    async fn subject(&self, kind: IdentifierKind, value: &str) -> SubjectRef {
        let keys = self.memory.controller(&controller("acme")).await.unwrap();
        keys.pepper.subject(&Identifier::parse(kind, value).unwrap())
    }

    /// Hands a message to retention-track, as its queue does the so-manieth time; answers whether it comes again.
    async fn queued(&self, body: &Value, receives: u32) -> bool {
        let guard = TimeGuard { stage: Stage::Local };
        let event = message(&body.to_string())
            .replace(r#""ApproximateReceiveCount":"1""#, &format!(r#""ApproximateReceiveCount":"{receives}""#));
        let reply = answer(&event, guard, |event| retention_track::handle(&self.records, event)).await.unwrap();
        serde_json::to_value(&reply).unwrap()["batchItemFailures"] != json!([])
    }

    /// Shows the relay a new consent, as the stream does, and hands on what it sends.
    async fn relayed(&self, event: &ConsentEvent) {
        let mut form = stored::consent::Consent::from(event);
        let (controller, subject) = (controller("acme"), &event.subject);
        let contact =
            self.memory.mail_address(&controller, subject, &event.id, CaptureMail::Confirmation).await.unwrap();
        form.contact = contact.map(|_| stored::Bytes(vec![7; 64]));
        let form: serde_dynamo::Item = serde_dynamo::to_item(form).unwrap();
        let key = json!({
            "pk": { "S": format!("C#acme#S#{}", event.subject) }, "sk": { "S": format!("CONSENT#{}", event.id) },
        });
        let mut image = serde_json::to_value(form).unwrap();
        image.as_object_mut().unwrap().extend(key.as_object().unwrap().clone());
        let record = json!({
            "eventID": "e1", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
            "eventName": "INSERT", "eventSourceARN": "arn:aws:dynamodb:eu-west-1:0:table/t/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1, "SequenceNumber": "1", "SizeBytes": 1,
                "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": key, "NewImage": image,
            },
        });
        let guard = TimeGuard { stage: Stage::Local };
        let queues = Memory::new();
        let batch = json!({ "Records": [record] }).to_string();
        answer(&batch, guard, |event| stream_relay::handle(&queues, event)).await.unwrap();
        let bodies = queues.queued(Queue::Fulfil);
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        for body in bodies {
            assert!(body.contains(event.id.as_str()) && !body.contains('@'), "a reference and no address: {body}");
            let reply = answer(&message(&body), guard, |event| dsar_fulfil::handle(&self.fulfil, event)).await.unwrap();
            assert_eq!(serde_json::to_value(&reply).unwrap()["batchItemFailures"], json!([]));
        }
    }

    /// Calls retention-track as staff with that scope.
    async fn staff(&self, call: Call<'_>, scope: &str) -> (u64, Value) {
        self.officer("officer-1", call, scope).await
    }

    async fn officer(&self, name: &str, call: Call<'_>, scope: &str) -> (u64, Value) {
        let mut payload = call.payload();
        let claims = json!({ "sub": name, "scope": scope, "controllers": "acme" });
        payload["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": [scope] } });
        asked(&payload, |event| retention_track::handle(&self.records, event)).await
    }

    /// Which trackers are allowed and why, by name.
    async fn trackers(&self, call: Call<'_>) -> Vec<(String, bool, String)> {
        let (status, answer) = self.consents(call).await;
        assert_eq!(status, 200, "{answer}");
        let text = |form: &Value, name: &str| form[name].as_str().unwrap().to_owned();
        let forms = answer["trackers"].as_array().unwrap();
        forms.iter().map(|form| (text(form, "id"), form["allowed"] == true, text(form, "because"))).collect()
    }
}

fn trackers_call<'a>() -> Call<'a> {
    Call::new("GET", "/acme/v1/trackers")
}

fn decisions(expected: [(&str, bool, &str); 3]) -> Vec<(String, bool, String)> {
    expected.into_iter().map(|(id, allowed, because)| (id.to_owned(), allowed, because.to_owned())).collect()
}

fn given(kind: &str, value: &str, purposes: Value) -> Call<'static> {
    let form = json!({
        "subject": { "kind": kind, "value": value }, "purposes": purposes, "notice": "2026-01", "age": 34,
    });
    Call::new("POST", "/acme/v1/consents").json(form)
}

const COOKIE: &str = "7f3a9b1c2d4e5f60";

#[tokio::test]
async fn a_page_loads_what_was_agreed_to_and_no_more() {
    let acme = Acme::new();
    let nobody = decisions([
        ("audience", false, "no-consent"),
        ("basket", true, "exempt"),
        ("recommender", false, "no-consent"),
    ]);
    assert_eq!(acme.trackers(trackers_call()).await, nobody);

    let (status, receipt) = acme.consents(given("cookie", COOKIE, json!({ "profiling": "given" }))).await;
    assert_eq!(status, 201, "{receipt}");
    let bearer = format!("Bearer {}", receipt["token"].as_str().unwrap());
    let call = || trackers_call().with("authorization", bearer.clone());
    let profiled =
        decisions([("audience", false, "no-consent"), ("basket", true, "exempt"), ("recommender", true, "consent")]);
    assert_eq!(acme.trackers(call()).await, profiled);
    // Whoever sends no token is nobody, known or not.
    assert_eq!(acme.trackers(trackers_call()).await, nobody);

    let more = given("cookie", COOKIE, json!({ "marketing": "given" })).at("2026-01-02T10:00:00Z");
    assert_eq!(acme.consents(more).await.0, 201);
    let all = decisions([("audience", true, "consent"), ("basket", true, "exempt"), ("recommender", true, "consent")]);
    assert_eq!(acme.trackers(call()).await, all);

    let withdrawn =
        json!({ "subject": { "kind": "cookie", "value": COOKIE }, "purposes": { "profiling": "withdrawn" } });
    let withdrawn = Call::new("POST", "/acme/v1/consents").json(withdrawn).at("2026-01-03T10:00:00Z");
    assert_eq!(acme.consents(withdrawn).await.0, 201);
    assert_eq!(acme.trackers(call()).await, nobody);
}

#[tokio::test]
async fn a_signal_of_the_browser_stops_what_shares_and_the_answer_says_so() {
    let acme = Acme::new();
    let both = json!({ "profiling": "given", "marketing": "given" });
    let (_, receipt) = acme.consents(given("cookie", COOKIE, both)).await;
    let bearer = format!("Bearer {}", receipt["token"].as_str().unwrap());
    let call = || trackers_call().with("authorization", bearer.clone()).with("sec-gpc", "1").with("dnt", "1");
    let stopped = decisions([("audience", false, "gpc"), ("basket", true, "exempt"), ("recommender", true, "consent")]);
    assert_eq!(acme.trackers(call()).await, stopped);
    let (_, answer) = acme.consents(call()).await;
    assert_eq!(answer["gpc"], json!({ "seen": true, "honoured": true }));
    assert_eq!(answer["dnt"], json!({ "seen": true, "honoured": false }));
    assert_eq!(answer["trackers"][0]["clause"], "test.signals");
    assert_eq!(answer["trackers"][0]["needs"], json!(["marketing", "profiling"]));
    assert_eq!(answer["trackers"][1]["reason"], "it keeps your basket");
    assert_eq!(answer["trackers"][2]["lifetime"], "P30D");
    assert_eq!(answer["trackers"][2]["until"], "2026-01-31T10:00:00Z");
}

#[tokio::test]
async fn a_receipt_for_a_typed_address_allows_no_more_than_itself() {
    let acme = Acme::new();
    let profiling = given("mail", "ada@example.com", json!({ "profiling": "given" }));
    assert_eq!(acme.consents(profiling).await.0, 201);
    let stranger = given("mail", "ada@example.com", json!({ "marketing": "given" })).at("2026-01-02T10:00:00Z");
    let (_, receipt) = acme.consents(stranger).await;
    let call = trackers_call().with("authorization", format!("Bearer {}", receipt["token"].as_str().unwrap()));
    assert!(acme.trackers(call).await.iter().all(|(id, allowed, _)| *allowed == (id == "basket")));
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_refused_and_not_taken_for_none() {
    let acme = Acme::new();
    for authorization in ["Bearer 1~subject~1.AAAAAAAAAAAAAAAAAAAAAA~~9999999999~00", "Bearer ", "Basic YTpi"] {
        let (status, problem) = acme.consents(trackers_call().with("authorization", authorization)).await;
        assert_eq!((status, problem["type"].as_str().unwrap()), (401, "urn:habeas:problem:unauthorized"));
    }
}

#[tokio::test]
async fn a_record_without_its_opt_in_is_put_aside_with_the_clause_and_its_neighbours_are_kept() {
    let acme = Acme::new();
    let record = |locator: &str, at: &str, fields: Value| {
        json!({
            "type": "record", "occurred_at": at, "subject": { "kind": "cookie", "value": COOKIE },
            "category": "survey", "purpose": "support", "locator": locator, "fields": fields,
        })
    };
    let consent = given("cookie", COOKIE, json!({ "marketing": "given" }));
    assert_eq!(acme.consents(consent).await.0, 201);
    let events = [
        record("too-early", "2026-01-01T09:59:59Z", json!({ "answer": "yes" })),
        record("in-time", "2026-01-01T10:00:01Z", json!({ "answer": "yes" })),
        record("never", "2026-01-01T10:00:01Z", json!({ "religion": "none" })),
    ];
    let message = json!({ "v": 1, "controller": "acme", "events": events });
    // Another version of the policy may take them in, until the queue gives the message up.
    for receives in [1, 2] {
        assert!(acme.queued(&message, receives).await && acme.memory.buried().is_empty());
    }
    assert!(!acme.queued(&message, 3).await);
    let reasons: Vec<_> = acme.memory.buried().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("consent to marketing") && reasons[0].contains("test.survey"), "{reasons:?}");
    assert!(reasons[1].contains("never keeps religion") && reasons[1].contains("test.survey"), "{reasons:?}");
    let subject = acme.subject(IdentifierKind::Cookie, COOKIE).await;
    assert_eq!(acme.memory.records(&controller("acme"), &subject).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_childs_consent_counts_once_its_guardian_has_pressed_the_button() {
    let acme = Acme::new();
    let form = |age: u8, guardian: Option<&str>| {
        let mut form = json!({
            "subject": { "kind": "cookie", "value": COOKIE }, "purposes": { "profiling": "given" },
            "notice": "2026-01", "age": age, "nonce": "n",
        });
        if let Some(mail) = guardian {
            form["guardian"] = json!({ "mail": mail });
        }
        Call::new("POST", "/acme/v1/consents").json(form)
    };
    let (status, problem) = acme.consents(form(14, None)).await;
    assert_eq!((status, problem["type"].as_str().unwrap()), (403, "urn:habeas:problem:guardian-needed"));
    let (status, receipt) = acme.consents(form(14, Some("parent@example.com"))).await;
    assert_eq!((status, &receipt["awaits"]), (202, &json!({ "who": "guardian", "until": "2026-01-15T10:00:00Z" })));
    assert_eq!(acme.consents(form(14, Some("parent@example.com"))).await.0, 200, "a retry");
    let bearer = format!("Bearer {}", receipt["token"].as_str().unwrap());
    let recommended = async || {
        let forms = acme.trackers(trackers_call().with("authorization", bearer.clone())).await;
        forms.iter().any(|(id, allowed, _)| id == "recommender" && *allowed)
    };
    assert!(!recommended().await);

    let subject = acme.subject(IdentifierKind::Cookie, COOKIE).await;
    let event = acme.memory.consents(&controller("acme"), &subject).await.unwrap().remove(0);
    for _ in 0..2 {
        acme.relayed(&event).await;
    }
    let mails = acme.memory.sent();
    assert_eq!(mails.len(), 1, "delivered twice, told once");
    assert_eq!(mails[0].to.disclose(), "parent@example.com");
    let link = mails[0].text.lines().find(|line| line.starts_with(URL)).unwrap();
    let path = link.strip_prefix(URL).unwrap();
    let guardian = |method| Call {
        parameters: json!({ "controller": "acme", "capture": event.id.as_str() }),
        ..Call::new(method, path).at("2026-01-02T10:00:00Z")
    };

    let (status, page) = acme.consents(guardian("GET").with("accept", "text/html")).await;
    let page = page.as_str().unwrap();
    assert!(
        status == 200 && page.contains("Recommendations") && page.contains(&format!("action=\"{path}\"")),
        "{page}"
    );
    assert!(!page.contains(COOKIE) && !recommended().await, "a link that was followed agrees to nothing");
    let (status, agreed) = acme.consents(guardian("POST")).await;
    assert_eq!((status, agreed["method"].as_str().unwrap()), (201, "guardian:mail"));
    assert_eq!(acme.consents(guardian("POST")).await.0, 200);
    let pressed =
        guardian("POST").with("accept", "text/html").with("content-type", "application/x-www-form-urlencoded");
    let (status, page) = acme.consents(pressed).await;
    assert!(status == 200 && page.as_str().unwrap().contains("Thank you"), "{page}");
    assert!(recommended().await);
}

#[tokio::test]
async fn whoever_signs_up_by_mail_is_told_and_gets_out_by_one_click() {
    let acme = Acme::new();
    let form = given("mail", "ada@example.com", json!({ "marketing": "given", "profiling": "given" }));
    let (status, receipt) = acme.consents(form).await;
    assert_eq!(status, 201, "{receipt}");
    let subject = acme.subject(IdentifierKind::Mail, "ada@example.com").await;
    let event = acme.memory.consents(&controller("acme"), &subject).await.unwrap().remove(0);
    acme.relayed(&event).await;
    let [mail] = &acme.memory.sent()[..] else { panic!("{:?}", acme.memory.sent()) };
    let path = mail.unsubscribe.as_deref().unwrap().strip_prefix(URL).unwrap();
    let link = |method| Call {
        parameters: json!({ "controller": "acme", "capture": event.id.as_str() }),
        ..Call::new(method, path).at("2026-01-02T10:00:00Z")
    };
    let bearer = format!("Bearer {}", receipt["token"].as_str().unwrap());
    let state = async || {
        let call = Call::new("GET", "/acme/v1/consents").with("authorization", bearer.clone());
        let (_, state) = acme.consents(call.at("2026-01-03T10:00:00Z")).await;
        ["marketing", "profiling"].map(|purpose| state["purposes"][purpose]["state"].as_str().unwrap().to_owned())
    };
    let (status, page) = acme.consents(link("GET").with("accept", "text/html")).await;
    let page = page.as_str().unwrap();
    assert!(status == 200 && page.contains("News by mail") && page.contains(&format!("action=\"{path}\"")), "{page}");
    assert!(!page.contains("ada@"), "whoever holds the link learns no address");
    assert_eq!(state().await, ["given", "given"], "a link that was followed takes nothing back");

    // What a mail program sends by itself, and then a person who presses the button as well.
    let (status, answer) = acme.consents(link("POST")).await;
    assert_eq!((status, answer), (200, json!({ "v": 1, "withdrawn": ["marketing"] })));
    assert_eq!(state().await, ["withdrawn", "given"]);
    let pressed = link("POST").with("accept", "text/html").with("content-type", "application/x-www-form-urlencoded");
    let (status, page) = acme.consents(pressed).await;
    assert!(status == 200 && page.as_str().unwrap().contains("unsubscribed"), "{page}");
}

#[tokio::test]
async fn an_event_holds_a_persons_records_and_staff_read_and_release_the_hold() {
    let acme = Acme::new();
    let who = json!({ "kind": "account", "value": "ada" });
    let record = json!({
        "type": "record", "occurred_at": "2026-01-01T09:00:00Z", "subject": who, "category": "server-log",
        "purpose": "security", "locator": "log-1",
    });
    let trigger =
        |event: &str, at: &str| json!({ "type": "trigger", "occurred_at": at, "subject": who, "event": event });
    let send = async |events: Value| {
        let call = Call::new("POST", "/acme/v1/records").json(json!({ "events": events }));
        let (status, answer) = acme.staff(call, "records:write").await;
        assert_eq!(status, 200, "{answer}");
        answer["results"].clone()
    };
    let results = send(json!([record, trigger("suspicious.activity", "2026-01-01T09:30:00Z")])).await;
    assert_eq!((&results[1]["result"], &results[1]["held"]), (&json!("noted"), &json!(true)));
    let hold = results[1]["holds"][0].as_str().unwrap().to_owned();
    assert_eq!(send(json!([record])).await[0]["held"], true);

    let path = format!("/acme/v1/holds/{hold}");
    let on_hold =
        |method| Call { parameters: json!({ "controller": "acme", "hold": hold }), ..Call::new(method, &path) };
    let (status, asked) = acme.officer("officer-1", on_hold("DELETE"), "holds:write").await;
    assert_eq!(
        (status, &asked["state"], &asked["release_asked_by"]),
        (202, &json!("release-asked"), &json!("officer-1"))
    );
    let (status, problem) = acme.officer("officer-1", on_hold("DELETE"), "holds:write").await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:habeas:problem:hold-four-eyes")));
    assert_eq!(send(json!([record])).await[0]["held"], true, "one pair of eyes releases nothing");
    let (status, listed) = acme.staff(Call::new("GET", "/acme/v1/holds"), "holds:read").await;
    assert_eq!((status, &listed["holds"]), (200, &json!([asked])));
    let (status, released) = acme.officer("officer-2", on_hold("DELETE"), "holds:write").await;
    assert_eq!(
        (status, &released["reason"], &released["review_at"]),
        (200, &json!("investigation"), &json!("2026-01-31T09:30:00Z"))
    );
    assert_eq!(send(json!([record])).await[0].get("held"), None);
    assert_eq!(acme.staff(Call::new("GET", "/acme/v1/holds"), "holds:read").await.1["holds"], json!([]));
    assert_eq!(acme.staff(on_hold("GET"), "holds:read").await, (200, released));

    let results = send(json!([
        trigger("investigation.closed", "2026-01-01T09:50:00Z"),
        trigger("suspicious.activity", "2026-01-01T09:40:00Z"),
    ]))
    .await;
    assert!(results[0].get("holds").is_none() && results[1].get("holds").is_none(), "it came after its end: {results}");
}

#[tokio::test]
async fn a_controller_that_is_named_after_holds_registers_records() {
    let policy = Policy { controller: controller("holds-and-co"), ..consent_side() };
    let holds = Acme::under(&policy);
    let record = json!({
        "type": "record", "occurred_at": "2026-01-01T09:00:00Z", "subject": { "kind": "account", "value": "ada" },
        "category": "server-log", "purpose": "security", "locator": "log-1",
    });
    let call = Call::new("POST", "/holds-and-co/v1/records").json(json!({ "events": [record] }));
    let call = Call { parameters: json!({ "controller": "holds-and-co" }), ..call };
    let mut payload = call.payload();
    payload["requestContext"]["authorizer"] =
        json!({ "jwt": { "claims": { "sub": "shop", "scope": "records:write", "controllers": "holds-and-co" } } });
    let (status, answer) = asked(&payload, |event| retention_track::handle(&holds.records, event)).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("registered")), "{answer}");
}

#[tokio::test]
async fn a_hold_by_hand_names_one_of_the_policys_grounds_and_a_review_in_time() {
    let acme = Acme::new();
    let place = async |ground: Option<&str>, review_at: &str| {
        let mut form = json!({
            "subject": { "kind": "account", "value": "ada" }, "reason": "legal-claim", "review_at": review_at,
        });
        if let Some(ground) = ground {
            form["ground"] = json!(ground);
        }
        acme.staff(Call::new("POST", "/acme/v1/holds").json(form), "holds:write").await
    };
    let (status, problem) = place(None, "2026-02-01T00:00:00Z").await;
    assert_eq!((status, problem["type"].as_str().unwrap()), (422, "urn:habeas:problem:hold-ground"));
    assert_eq!((&problem["grounds"], &problem["pointer"]), (&json!(["claim", "complaint"]), &json!("/ground")));
    assert_eq!(place(Some("curiosity"), "2026-02-01T00:00:00Z").await.0, 422);
    let (status, problem) = place(Some("claim"), "2026-12-01T00:00:00Z").await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/review_at")));
    assert_eq!(problem["latest"], "2026-04-01T09:00:00Z", "ninety days of Paris");
    let (status, hold) = place(Some("claim"), "2026-03-01T00:00:00Z").await;
    assert_eq!((status, &hold["ground"]), (201, &json!("claim")));
}

#[tokio::test]
async fn a_hold_on_a_category_is_binding_until_a_walk_has_met_every_record() {
    let acme = Acme::new();
    let record = |locator: &str| {
        json!({
            "type": "record", "occurred_at": "2026-01-01T09:00:00Z", "subject": { "kind": "account", "value": locator },
            "category": "server-log", "purpose": "security", "locator": locator,
        })
    };
    let keep = async |locator: &str| {
        let call = Call::new("POST", "/acme/v1/records").json(json!({ "events": [record(locator)] }));
        acme.staff(call, "records:write").await.1["results"][0].clone()
    };
    assert_eq!(keep("before").await.get("held"), None);
    let place = async |scope: Value| {
        let form = json!({ "scope": scope, "reason": "investigation", "review_at": "2026-01-20T00:00:00Z" });
        acme.staff(Call::new("POST", "/acme/v1/holds").json(form), "holds:write").await
    };
    for (scope, pointer) in [
        (json!({ "category": "rumours" }), "/scope/category"),
        (json!({ "incident": "AAAAAAAAAAAAAAAAAAAAAA" }), "/scope/incident"),
        (json!({ "system": "attic" }), "/scope/system"),
    ] {
        let (status, problem) = place(scope).await;
        assert_eq!((status, &problem["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    let (status, hold) = place(json!({ "category": "server-log" })).await;
    assert_eq!(
        (status, &hold["state"], &hold["scope"]),
        (202, &json!("binding"), &json!({ "category": "server-log" }))
    );
    assert_eq!(keep("meanwhile").await["held"], true, "it keeps what comes from now on");
    assert_eq!(keep("before").await["held"], true);
    let id = hold["hold_id"].as_str().unwrap();
    let path = format!("/acme/v1/holds/{id}");
    let look = Call { parameters: json!({ "controller": "acme", "hold": id }), ..Call::new("GET", &path) };
    assert_eq!(acme.staff(look, "holds:read").await, (200, hold));
}
