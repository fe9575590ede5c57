//! Log lines and metrics.
//!
//! Lines are JSON on standard output, at `WARN` unless `AWS_LAMBDA_LOG_LEVEL` says otherwise: one
//! for each event that was refused or failed, none for one that went well.
//!
//! **Never logged**, at any level: bodies and any field of them, identifiers and subject
//! references, header and query values, cookies, tokens and claims, mail addresses and mail texts,
//! item images, environment values, the text of panics and of other crates' errors and log events.
//! Logged are: request and message ids that AWS gave out, the controller's name, problem kinds,
//! fixed texts of this source, error type names and service error codes, counts, and places in
//! the source.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    io::Write as _,
    panic::PanicHookInfo,
    sync::Once,
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::clock;

/// The crates whose log values are ours. What other crates log may quote requests (an SDK its
/// bodies, a parser its input), so of theirs only the place is shown.
const OUR_CRATES: [&str; 20] = [
    "app",
    "aws",
    "edge",
    "policy",
    "wire",
    "breach_notify",
    "clock_watch",
    "consent_capture",
    "disclosure_log",
    "dsar_fulfil",
    "dsar_intake",
    "dsar_office",
    "evidence_seal",
    "mail_events",
    "notice_change",
    "purge",
    "retention_track",
    "security_attest",
    "stream_relay",
    "system_tasks",
];

/// Keeps what this thread writes from now on instead of writing it, and answers what was kept until now.
#[cfg(feature = "simulation")]
pub fn overhear() -> String {
    OVERHEARD.replace(Some(String::new())).unwrap_or_default()
}

#[cfg(feature = "simulation")]
thread_local! {
    static OVERHEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

thread_local! {
    static REQUEST_ID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Starts the log and silences the text of panics. [`crate::serve`] does it; call it first in
/// `main` so that what fails before is logged as well. Later calls do nothing.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let level = level(std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().as_deref());
        // Somebody else's subscriber (a test's) stays.
        let _ = tracing::subscriber::set_global_default(Lines { level });
        std::panic::set_hook(Box::new(log_panic));
    });
}

/// Names the invocation that the lines of this thread belong to.
pub(crate) fn set_request_id(id: &str) {
    REQUEST_ID.with_borrow_mut(|current| {
        current.clear();
        current.push_str(id);
    });
}

fn level(value: Option<&str>) -> LevelFilter {
    match value {
        Some("TRACE") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("INFO") => LevelFilter::INFO,
        Some("ERROR" | "FATAL") => LevelFilter::ERROR,
        _ => LevelFilter::WARN,
    }
}

/// The unit of a metric, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// Emits one metric in the namespace `Habeas`, in CloudWatch's embedded format. Dimensions are
/// names of controllers, categories and kinds: never anything of a person.
pub fn metric(name: &'static str, value: f64, unit: Unit, dimensions: &[(&'static str, &str)]) {
    write_line(&metric_line(clock::now().as_millisecond(), name, value, unit, dimensions));
}

fn metric_line(at_ms: i64, name: &str, value: f64, unit: Unit, dimensions: &[(&'static str, &str)]) -> String {
    // The function's name keeps two stacks of one account apart; the alarms read it.
    let mut names = vec!["FunctionName"];
    names.extend(dimensions.iter().map(|(name, _)| *name));
    let mut line = json!({
        // A line without a level counts as INFO, and the template's log level would drop it.
        "level": "WARN",
        "timestamp": Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string(),
        "FunctionName": std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
        "_aws": {
            "Timestamp": at_ms,
            "CloudWatchMetrics": [{
                "Namespace": "Habeas",
                "Dimensions": [names],
                "Metrics": [{ "Name": name, "Unit": unit.as_str() }],
            }],
        },
        name: value,
    });
    for (name, value) in dimensions {
        line[*name] = Value::from(*value);
    }
    line.to_string()
}

fn write_line(line: &str) {
    #[cfg(feature = "simulation")]
    if OVERHEARD.with_borrow_mut(|heard| heard.as_mut().map(|heard| heard.push_str(&format!("{line}\n"))).is_some()) {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    // A log that cannot be written must not fail the request.
    let _ = writeln!(stdout, "{line}");
}

fn log_panic(info: &PanicHookInfo<'_>) {
    // The place alone: the text may quote what was being handled.
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let mut fields = Map::new();
    fields.insert("message".to_owned(), Value::from("a handler panicked"));
    fields.insert("panic.place".to_owned(), Value::from(place));
    write_line(&line(Level::ERROR, fields));
}

fn line(level: Level, fields: Map<String, Value>) -> String {
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), Value::from(clock::now().to_string()));
    line.insert("level".to_owned(), Value::from(level.as_str()));
    REQUEST_ID.with_borrow(|id| {
        if !id.is_empty() {
            line.insert("request.id".to_owned(), Value::from(id.as_str()));
        }
    });
    line.extend(fields);
    Value::Object(line).to_string()
}

/// Writes each event as a line. It keeps no spans: what a line must say, it says itself.
struct Lines {
    level: LevelFilter,
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    OUR_CRATES.contains(&name)
}

impl Lines {
    fn render(&self, event: &Event<'_>) -> String {
        let metadata = event.metadata();
        let mut fields = Fields(Map::new());
        if is_ours(metadata.target()) {
            event.record(&mut fields);
        } else {
            fields.0.insert("message".to_owned(), Value::from("a library warned"));
            fields.0.insert("target".to_owned(), Value::from(metadata.target()));
            fields.0.insert("line".to_owned(), Value::from(metadata.line()));
        }
        line(*metadata.level(), fields.0)
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let shown = metadata.is_event() && *metadata.level() <= self.level;
        // The runtime repeats an error that we have logged already.
        shown
            && !metadata.target().starts_with("lambda_runtime::layers::panic")
            && (is_ours(metadata.target()) || *metadata.level() <= Level::WARN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        write_line(&self.render(event));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // A Debug that fails half-way has written what it could.
        let _ = write!(text, "{value:?}");
        self.0.insert(field.name().to_owned(), Value::from(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), Value::from(value));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Collects lines instead of writing them.
    struct Collected(Lines, Arc<Mutex<Vec<String>>>);

    impl Subscriber for Collected {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            self.0.enabled(metadata)
        }
        fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
            self.0.new_span(attributes)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, event: &Event<'_>) {
            self.1.lock().unwrap().push(self.0.render(event));
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    /// The lines written on this thread until the guard goes.
    pub(crate) fn collect() -> (Arc<Mutex<Vec<String>>>, tracing::subscriber::DefaultGuard) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let subscriber = Collected(Lines { level: LevelFilter::WARN }, Arc::clone(&lines));
        (lines, tracing::subscriber::set_default(subscriber))
    }

    #[test]
    fn a_line_is_json_with_level_request_and_fields() {
        let (lines, _guard) = collect();
        set_request_id("abc-1");
        tracing::warn!(problem.kind = "forbidden", status = 403_u64, "refused");
        tracing::info!("not shown by default");
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["request.id"], "abc-1");
        assert_eq!(line["problem.kind"], "forbidden");
        assert_eq!(line["status"], 403);
        assert_eq!(line["message"], "refused");
    }

    #[test]
    fn of_other_crates_only_the_place_is_shown() {
        let (lines, _guard) = collect();
        tracing::error!(target: "aws_sdk_dynamodb::operation", body = "ada@example.com", "sent ada@example.com");
        let lines = lines.lock().unwrap();
        assert!(lines[0].contains("aws_sdk_dynamodb::operation"), "{}", lines[0]);
        assert!(!lines[0].contains("ada"), "{}", lines[0]);
    }

    #[test]
    fn levels_are_lambdas_own_and_warn_by_default() {
        for (value, expected) in [
            (None, LevelFilter::WARN),
            (Some("INFO"), LevelFilter::INFO),
            (Some("FATAL"), LevelFilter::ERROR),
            (Some("loud"), LevelFilter::WARN),
        ] {
            assert_eq!(level(value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_metric_is_in_cloudwatchs_embedded_format() {
        let line = metric_line(1_767_225_600_000, "RecordsPurged", 25.0, Unit::Count, &[("controller", "scantrust")]);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            json!({
                "level": "WARN",
                "timestamp": "2026-01-01T00:00:00Z",
                "FunctionName": "",
                "_aws": {
                    "Timestamp": 1_767_225_600_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Habeas",
                        "Dimensions": [["FunctionName", "controller"]],
                        "Metrics": [{ "Name": "RecordsPurged", "Unit": "Count" }],
                    }],
                },
                "controller": "scantrust",
                "RecordsPurged": 25.0,
            })
        );
    }
}
