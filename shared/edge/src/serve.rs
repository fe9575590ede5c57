//! From a payload to its answer.

use std::future::Future;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Failure, InvocationError, Reply,
    clock::{self, TimeGuard},
    http::{Problem, Request},
    panics::caught,
    payload::Payload,
    queue::Message,
    schedule::Tick,
    stream::Batch,
    telemetry,
};

/// What a function was woken by.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// An HTTP API's request.
    Http(Box<Request>),
    /// Messages of a queue: hand them to [`crate::queue::each`].
    Queue(Vec<Message>),
    /// Records of the table's stream: read them with [`crate::stream::Batch::read`].
    Stream(Batch),
    /// A schedule's tick.
    Schedule(Tick),
}

/// Runs the function until Lambda ends it. Call it from a `current_thread` runtime.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve<H, F>(handler: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    telemetry::start();
    let guard = TimeGuard::from_env();
    let handler = &handler;
    // Not `lambda_runtime::run`, which opens a span for each invocation: nothing here reads spans.
    Runtime::new(service_fn(move |event: LambdaEvent<Payload>| async move {
        telemetry::set_request_id(&event.context.request_id);
        clock::set_deadline(event.context.deadline);
        respond(event.payload, guard, handler).await
    }))
    .run()
    .await
}

/// Answers one payload, as [`serve`] does: for tests that run handlers in their own process.
///
/// # Errors
/// An [`InvocationError`] for what Lambda must see as failed. An HTTP request never fails so: its
/// client gets a problem.
pub async fn answer<H, F>(payload: &str, guard: TimeGuard, handler: H) -> Result<Reply, InvocationError>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    // Only what is no JSON at all fails here.
    let payload = serde_json::from_str(payload).map_err(|_| InvocationError::UnknownEvent)?;
    respond(payload, guard, handler).await
}

async fn respond<H, F>(payload: Payload, guard: TimeGuard, handler: H) -> Result<Reply, InvocationError>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    match read(payload, guard) {
        Ok(Read::Http(request)) => Ok(answer_http(request, guard, handler).await),
        Ok(Read::Event(event)) => {
            let outcome = caught(|| handler(event)).await;
            let outcome = outcome.map_err(|_| InvocationError::Panicked).and_then(|outcome| Ok(outcome?));
            outcome.inspect_err(log)
        }
        Ok(Read::EmptyBatch) => Ok(Reply::all_done()),
        Err(error) => {
            log(&error);
            Err(error)
        }
    }
}

enum Read {
    Http(Result<Box<Request>, Problem>),
    Event(Event),
    EmptyBatch,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "eventSource")]
    source: Option<String>,
}

fn read(payload: Payload, guard: TimeGuard) -> Result<Read, InvocationError> {
    if let Some(context) = &payload.context {
        return if is_http_v2(context) {
            Ok(Read::Http(Request::parse(&payload.text).map(Box::new)))
        } else {
            Err(InvocationError::UnknownEvent)
        };
    }
    if let Some(records) = payload.records {
        let Some(first) = records.first() else {
            return Ok(Read::EmptyBatch);
        };
        let source: Source = serde_json::from_str(first.get()).map_err(|_| InvocationError::UnknownEvent)?;
        return match source.source.as_deref() {
            Some("aws:sqs") => {
                let messages: Result<Vec<_>, _> = records.iter().map(|raw| Message::parse(raw)).collect();
                Ok(Read::Event(Event::Queue(messages?)))
            }
            Some("aws:dynamodb") => Ok(Read::Event(Event::Stream(Batch::new(records)))),
            _ => Err(InvocationError::UnknownEvent),
        };
    }
    if payload.has_detail_type || payload.has_version {
        let tick = Tick::parse(&payload.text, payload.has_detail_type)
            .ok_or(InvocationError::MalformedEvent("a schedule's input"))?;
        guard.check(tick.time, None)?;
        return Ok(Read::Event(Event::Schedule(tick)));
    }
    Err(InvocationError::UnknownEvent)
}

fn is_http_v2(context: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Context<'a> {
        #[serde(borrow)]
        http: Option<&'a RawValue>,
    }
    serde_json::from_str::<Context<'_>>(context.get()).is_ok_and(|context| context.http.is_some())
}

async fn answer_http<H, F>(request: Result<Box<Request>, Problem>, guard: TimeGuard, handler: H) -> Reply
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let (id, controller, page) = request.as_ref().map_or((String::new(), None, false), |request| {
        (request.id().to_owned(), request.controller().ok(), request.wants_page())
    });
    let request = request.and_then(|request| {
        guard.check(request.at(), None)?;
        Ok(request)
    });
    let problem = match request {
        Err(problem) => problem,
        Ok(request) => match caught(|| handler(Event::Http(request))).await {
            Ok(Ok(Reply::Refused(problem))) => problem,
            Ok(Ok(reply @ Reply::Http(_))) => return reply,
            Ok(Ok(_)) => Problem::internal().with_failure(Failure::new("a request got the answer of a batch")),
            Ok(Err(failure)) => Problem::from(failure),
            Err(_) => Problem::internal().with_failure(Failure::new("the handler panicked")),
        },
    };
    // A name that no policy knows is the client's text.
    let controller = controller.filter(|_| problem.kind != "unknown-controller");
    log_refusal(&problem, &id, controller.as_ref().map_or("", |controller| controller.as_str()));
    Reply::Http(problem.to_response(page))
}

fn log_refusal(problem: &Problem, id: &str, controller: &str) {
    let (kind, status) = (problem.kind, problem.status);
    match problem.failure() {
        Some(failure) => tracing::error!(
            http.request.id = id,
            controller,
            problem.kind = kind,
            status,
            what = failure.what(),
            code = failure.code().unwrap_or_default(),
            chain = failure.chain(),
            "request {id} failed: {kind}"
        ),
        None => tracing::warn!(
            http.request.id = id,
            controller,
            problem.kind = kind,
            status,
            "request {id} refused: {kind}"
        ),
    }
}

fn log(error: &InvocationError) {
    let name = error.name();
    match error {
        InvocationError::Failed(failure) => tracing::error!(
            error.name = name,
            what = failure.what(),
            code = failure.code().unwrap_or_default(),
            chain = failure.chain(),
            "the invocation failed"
        ),
        // Every other text is a fixed one.
        other => tracing::error!(error.name = name, what = %other, "the invocation failed"),
    }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Diagnostic;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        clock::Stage,
        http::{Response, Staff, request::tests::event},
    };

    const LOCAL: TimeGuard = TimeGuard { stage: Stage::Local };
    const PRODUCTION: TimeGuard = TimeGuard { stage: Stage::Production };

    async fn shape(event: Event) -> Result<Reply, Failure> {
        Ok(match event {
            Event::Http(request) => Response::json(200, &json!({ "route": request.route() })).into(),
            Event::Queue(messages) => Reply::Summary(json!({ "queue": messages.len() })),
            Event::Stream(batch) => Reply::Summary(json!({ "stream": batch.len() })),
            Event::Schedule(tick) => Reply::Summary(json!({ "time": tick.time.to_string(), "dry": tick.dry_run })),
        })
    }

    async fn answered(payload: &Value, guard: TimeGuard) -> Result<Value, &'static str> {
        let reply = answer(&payload.to_string(), guard, shape).await;
        reply.map(|reply| serde_json::to_value(reply).unwrap()).map_err(|error| error.name())
    }

    #[tokio::test]
    async fn each_trigger_is_told_by_its_shape() {
        let sqs = json!({ "Records": [{ "messageId": "1", "body": "x", "eventSource": "aws:sqs" }] });
        let stream = json!({ "Records": [{ "eventSource": "aws:dynamodb", "dynamodb": {} }, {}] });
        assert_eq!(answered(&sqs, LOCAL).await, Ok(json!({ "queue": 1 })));
        assert_eq!(answered(&stream, LOCAL).await, Ok(json!({ "stream": 2 })));
        assert_eq!(answered(&json!({ "Records": [] }), LOCAL).await, Ok(json!({ "batchItemFailures": [] })));
        let http = answered(&event(json!({})), LOCAL).await.unwrap();
        assert_eq!(http["statusCode"], 200);
        for unknown in [
            json!({}),
            json!(null),
            json!(5),
            json!("ada@example.com"),
            json!([]),
            json!({ "Records": 5 }),
            json!({ "Records": ["x"] }),
            json!({ "Records": [{ "eventSource": "aws:s3" }] }),
            json!({ "requestContext": { "resourcePath": "/" }, "httpMethod": "GET" }),
            json!({ "requestContext": null }),
        ] {
            assert_eq!(answered(&unknown, LOCAL).await, Err("Habeas.UnknownEvent"), "{unknown}");
        }
    }

    #[tokio::test]
    async fn a_schedule_has_two_forms_and_no_others() {
        let dry = |time: &str, dry: bool| Ok(json!({ "time": time, "dry": dry }));
        let bridge = |kind: &str, time: Value| {
            json!({
                "version": "0", "id": "1", "detail-type": kind, "source": "aws.scheduler", "account": "1",
                "time": time, "region": "eu-west-1", "resources": [], "detail": "{}",
            })
        };
        let time = "2026-01-01T00:00:00Z";
        let malformed = Err("Habeas.MalformedEvent");
        for (payload, expected) in [
            (json!({ "v": 1, "time": time }), dry(time, false)),
            (json!({ "v": 1, "time": time, "dry_run": true }), dry(time, true)),
            (bridge("Scheduled Event", json!(time)), dry(time, false)),
            (json!({ "v": 2, "time": time }), malformed.clone()),
            (json!({ "v": 1 }), malformed.clone()),
            (json!({ "v": 1, "time": "<aws.scheduler.scheduled-time>" }), malformed.clone()),
            (json!({ "v": 1, "time": time, "dryrun": true }), malformed.clone()),
            (json!({ "v": 1, "time": time, "dry_run": "yes" }), malformed.clone()),
            (bridge("Scheduled Event", Value::Null), malformed.clone()),
            (bridge("Object Created", json!(time)), malformed.clone()),
        ] {
            assert_eq!(answered(&payload, LOCAL).await, expected, "{payload}");
        }
    }

    #[tokio::test]
    async fn a_tick_from_the_future_is_refused_in_production_and_not_locally() {
        let tick = json!({ "v": 1, "time": "2999-01-01T00:00:00Z" });
        assert_eq!(answered(&tick, PRODUCTION).await, Err("Habeas.TimeRefused"));
        assert!(answered(&tick, LOCAL).await.is_ok());
        let old = json!({ "v": 1, "time": "2020-01-01T00:00:00Z" });
        assert!(answered(&old, PRODUCTION).await.is_ok());
    }

    #[tokio::test]
    async fn a_request_from_the_future_is_refused_in_production() {
        let mut event = event(json!({}));
        event["requestContext"]["timeEpoch"] = json!(32_472_144_000_000_i64);
        let refused = answered(&event, PRODUCTION).await.unwrap();
        assert_eq!(refused["statusCode"], 400);
        assert!(refused["body"].as_str().unwrap().contains("urn:habeas:problem:time-out-of-range"));
        assert_eq!(answered(&event, LOCAL).await.unwrap()["statusCode"], 200);
    }

    #[tokio::test]
    async fn a_panic_costs_the_request_and_says_nothing() {
        let (lines, _guard) = telemetry::tests::collect();
        let panics = |_: Event| async {
            let staff: Option<Staff> = std::hint::black_box(None);
            Ok(Reply::from(Response::json(200, &staff.expect("ada@example.com").subject)))
        };
        let reply = answer(&event(json!({})).to_string(), LOCAL, panics).await.unwrap();
        let reply = serde_json::to_value(reply).unwrap();
        assert_eq!(reply["statusCode"], 500);
        assert!(!reply.to_string().contains("ada"));

        let tick = json!({ "v": 1, "time": "2026-01-01T00:00:00Z" }).to_string();
        let error = answer(&tick, LOCAL, panics).await.unwrap_err();
        let diagnostic = Diagnostic::from(error);
        assert_eq!(
            (diagnostic.error_type.as_str(), diagnostic.error_message.as_str()),
            ("Habeas.Panicked", "the handler panicked")
        );
        assert!(lines.lock().unwrap().iter().all(|line| !line.contains("ada")));
    }

    #[tokio::test]
    async fn a_failure_is_a_503_and_one_line() {
        let (lines, _guard) = telemetry::tests::collect();
        let fails = |_: Event| async {
            let source = std::io::Error::other("ada@example.com");
            Err(Failure::because("the table cannot be read")(source).with_code("Throttled"))
        };
        let reply = answer(&event(json!({})).to_string(), LOCAL, fails).await.unwrap();
        let reply = serde_json::to_value(reply).unwrap();
        assert_eq!((reply["statusCode"].clone(), reply["headers"]["retry-after"].clone()), (json!(503), json!("1")));
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["http.request.id"], "req-1");
        assert_eq!(line["controller"], "scantrust");
        assert_eq!((line["problem.kind"].clone(), line["code"].clone()), (json!("unavailable"), json!("Throttled")));
        assert_eq!(line["chain"], "Custom");
        assert!(!lines[0].contains("ada"));
    }

    #[tokio::test]
    async fn a_capture_that_goes_well_writes_no_line() {
        let (lines, _guard) = telemetry::tests::collect();
        answer(&event(json!({})).to_string(), PRODUCTION, shape).await.unwrap();
        assert!(lines.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_browser_that_posts_a_form_gets_a_page_of_the_same_status() {
        let refuses = |_: Event| async { Ok(Reply::from(Err::<Response, _>(Problem::not_found()))) };
        let form = event(json!({
            "headers": { "accept": "text/html", "content-type": "application/x-www-form-urlencoded" },
        }));
        let reply = serde_json::to_value(answer(&form.to_string(), LOCAL, refuses).await.unwrap()).unwrap();
        assert_eq!(reply["statusCode"], 404);
        assert_eq!(reply["headers"]["content-type"], "text/html; charset=utf-8");
        let program =
            serde_json::to_value(answer(&event(json!({})).to_string(), LOCAL, refuses).await.unwrap()).unwrap();
        assert_eq!(program["headers"]["content-type"], "application/problem+json");
    }

    #[tokio::test]
    async fn a_name_that_no_policy_knows_is_not_logged() {
        let (lines, _guard) = telemetry::tests::collect();
        let refuses = |_: Event| async { Ok(Reply::Refused(Problem::unknown_controller())) };
        let event = event(json!({ "pathParameters": { "controller": "ada.lovelace" } }));
        answer(&event.to_string(), LOCAL, refuses).await.unwrap();
        assert!(!lines.lock().unwrap()[0].contains("ada"));
    }

    #[test]
    fn the_runtimes_own_reader_hands_over_whatever_is_json() {
        // lambda_runtime reads payloads through serde_path_to_error; raw values must survive that.
        for (text, records, rest) in [
            (r#"{"a\u0022" : [1, 2],"Records":[ 1, {"x" : 2}]}"#, Some(vec!["1", r#"{"x" : 2}"#]), r#"{"a\"":[1, 2]}"#),
            (r#"{"Records":{"a":1},"v":1}"#, None, r#"{"v":1}"#),
            (r#"{"Records":"ada"}"#, None, "{}"),
            (r#""ada@example.com""#, None, ""),
            ("[1,[2]]", None, ""),
            ("null", None, ""),
            ("-1", None, ""),
            ("1.5", None, ""),
            ("true", None, ""),
        ] {
            let mut reader = serde_json::Deserializer::from_slice(text.as_bytes());
            let payload: Payload = serde_path_to_error::deserialize(&mut reader).unwrap();
            let read = payload.records.as_ref().map(|records| records.iter().map(|raw| raw.get()).collect::<Vec<_>>());
            assert_eq!((read, payload.text.as_str()), (records, rest), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_panics(text in any::<String>(), shape_of in 0_usize..5) {
            let payload = match shape_of {
                0 => text.clone(),
                1 => event(json!({ "headers": { "accept": &*text }, "rawQueryString": &*text, "body": &*text,
                    "cookies": [&*text], "pathParameters": { "controller": &*text } })).to_string(),
                2 => json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": &*text, "body": &*text }] }).to_string(),
                3 => json!({ "Records": [{ "eventSource": "aws:dynamodb", "eventName": &*text,
                    "dynamodb": { "SequenceNumber": &*text, "Keys": { "pk": { "S": &*text } } } }] }).to_string(),
                _ => json!({ "v": 1, "time": &*text, &*text: 1 }).to_string(),
            };
            let Ok(payload) = serde_json::from_str(&payload) else { return Ok(()) };
            if let Ok(Read::Http(Ok(request))) = read(payload, LOCAL) {
                let _ = (request.query("a").is_ok(), request.bearer(), request.gpc(), request.wants_page());
            }
        }
    }
}
