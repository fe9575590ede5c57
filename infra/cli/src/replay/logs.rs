//! Web server logs: the Common and the Combined Log Format, and JSON lines.
//!
//! Only what a retention clock needs is read: who, and when. A line that is not quite of its format
//! is refused as a whole, with the rule it breaks and nothing of what stands in it.

use std::net::IpAddr;

use clap::ValueEnum;
use jiff::{Timestamp, fmt::strtime};
use serde_json::Value;

use crate::world;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `host ident user [day/month/year:time zone] "request" status bytes`
    Common,
    /// The same, then `"referrer" "agent"`.
    Combined,
    /// One JSON object a line, with an address and a time under one of their usual names.
    Json,
}

/// One line, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The caller's address.
    pub ip: IpAddr,
    /// When they called.
    pub at: Timestamp,
}

impl Hit {
    /// The event for the records queue. A line sent again is the same record.
    pub fn event(self, log: &str, line: usize) -> Value {
        let ip = self.ip.to_canonical().to_string();
        world::record(
            self.at,
            &world::subject("ip", &ip),
            "security-ip",
            "security.abuse-detection",
            &format!("log/{log}/{line}/{}", self.at),
            &serde_json::json!({ "ip_address": ip }),
        )
    }
}

/// Reads a line.
///
/// # Errors
/// The rule that it breaks.
pub fn parse(line: &str, format: LogFormat) -> Result<Hit, &'static str> {
    match format {
        LogFormat::Common => common(line, 1),
        LogFormat::Combined => common(line, 3),
        LogFormat::Json => json(line),
    }
}

fn common(line: &str, quoted_count: usize) -> Result<Hit, &'static str> {
    let (host, rest) = line.split_once(' ').ok_or("it has one word")?;
    let ip = host.parse().map_err(|_| "it does not begin with an IP address")?;
    // Ident and user may hold blanks in careless logs; the time's bracket is the sure sign.
    let (_, rest) = rest.split_once('[').ok_or("the time is missing")?;
    let (time, rest) = rest.split_once(']').ok_or("the time does not end")?;
    let at = strtime::parse("%d/%b/%Y:%H:%M:%S %z", time)
        .and_then(|time| time.to_timestamp())
        .map_err(|_| "the time is none")?;
    let (quoted, numbers) = split(rest).ok_or("a quoted part does not end")?;
    if quoted != quoted_count {
        return Err("it has another number of quoted parts than this format");
    }
    let [status, bytes] = numbers.as_slice() else { return Err("status or size is missing") };
    if status.len() != 3 || !status.bytes().all(|b| b.is_ascii_digit()) {
        return Err("the status is none");
    }
    if *bytes != "-" && (bytes.is_empty() || !bytes.bytes().all(|b| b.is_ascii_digit())) {
        return Err("the size is none");
    }
    Ok(Hit { ip, at })
}

/// How many quoted parts there are, and the words outside them. A backslash takes the next sign's
/// meaning, as web servers write it.
fn split(text: &str) -> Option<(usize, Vec<&str>)> {
    let (mut quoted, mut words) = (0, Vec::new());
    let (mut inside, mut escaped, mut start) = (false, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' if inside => {
                (inside, start) = (false, at + 1);
                quoted += 1;
            }
            '"' => {
                words.extend(text.get(start..at).unwrap_or_default().split_whitespace());
                inside = true;
            }
            _ => {}
        }
    }
    if inside {
        return None;
    }
    words.extend(text.get(start..).unwrap_or_default().split_whitespace());
    Some((quoted, words))
}

/// Where JSON logs of usual servers have the address: nginx's and Apache's variables, Caddy's request.
const ADDRESSES: [&str; 7] =
    ["/remote_addr", "/remote_ip", "/client_ip", "/ip", "/host", "/request/remote_ip", "/request/client_ip"];

/// And the time.
const TIMES: [&str; 6] = ["/time_iso8601", "/timestamp", "/@timestamp", "/time", "/ts", "/time_local"];

fn json(line: &str) -> Result<Hit, &'static str> {
    let value: Value = serde_json::from_str(line).map_err(|_| "it is no JSON")?;
    if !value.is_object() {
        return Err("it is no JSON object");
    }
    let ip = ADDRESSES
        .iter()
        .find_map(|place| value.pointer(place)?.as_str()?.parse().ok())
        .ok_or("it has no IP address under a known name")?;
    let at = TIMES.iter().find_map(|place| moment(value.pointer(place)?)).ok_or("it has no time under a known name")?;
    Ok(Hit { ip, at })
}

fn moment(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        let clf = || strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).and_then(|time| time.to_timestamp()).ok();
        return text.parse().ok().or_else(clf);
    }
    // Seconds since 1970, with or without a fraction.
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && seconds.abs() < 1e11)?;
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = r#"203.0.113.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"#;

    #[test]
    fn a_common_line_gives_address_and_time() {
        let hit = parse(COMMON, LogFormat::Common).unwrap();
        assert_eq!(hit.ip.to_string(), "203.0.113.7");
        assert_eq!(hit.at.to_string(), "2000-10-10T20:55:36Z");
        let event = hit.event("access.log", 3);
        assert_eq!(event["subject"]["value"], "203.0.113.7");
        assert_eq!(event["occurred_at"], "2000-10-10T20:55:36Z");
    }

    #[test]
    fn a_combined_line_has_three_quoted_parts_with_any_text_in_them() {
        let line = format!(r#"{COMMON} "http://a.example/?q=\"x\" y" "Agent \"7\" [en]""#);
        assert!(parse(&line, LogFormat::Combined).is_ok());
        assert_eq!(parse(&line, LogFormat::Common), Err("it has another number of quoted parts than this format"));
        assert!(parse(COMMON, LogFormat::Combined).is_err());
        let empty = r#"2001:db8::1 - - [29/Feb/2024:23:59:60 +0000] "" 400 - "-" "-""#;
        assert!(parse(empty, LogFormat::Combined).is_ok(), "a leap second and no request at all");
    }

    #[test]
    fn what_is_not_of_the_format_is_refused_by_its_rule() {
        for (line, flaw) in [
            ("x", "it has one word"),
            ("host.example - - [10/Oct/2000:13:55:36 -0700] \"x\" 200 1", "it does not begin with an IP address"),
            ("203.0.113.7 - - \"x\" 200 1", "the time is missing"),
            ("203.0.113.7 - - [10/Oct/2000", "the time does not end"),
            ("203.0.113.7 - - [31/Feb/2000:13:55:36 -0700] \"x\" 200 1", "the time is none"),
            ("203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] \"x 200 1", "a quoted part does not end"),
            ("203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] \"x\" 200", "status or size is missing"),
            ("203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] \"x\" ok 1", "the status is none"),
            ("203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] \"x\" 200 x", "the size is none"),
        ] {
            assert_eq!(parse(line, LogFormat::Common), Err(flaw), "{line}");
        }
    }

    #[test]
    fn json_lines_of_usual_servers_are_read() {
        for line in [
            r#"{"remote_addr":"203.0.113.7","time_iso8601":"2026-03-01T10:00:00+01:00","status":200}"#,
            r#"{"ts":1772355600.0,"request":{"remote_ip":"203.0.113.7","uri":"/"}}"#,
            r#"{"client_ip":"203.0.113.7","time":"01/Mar/2026:09:00:00 +0000"}"#,
        ] {
            let hit = parse(line, LogFormat::Json).unwrap();
            assert_eq!(
                (hit.ip.to_string().as_str(), hit.at.to_string().as_str()),
                ("203.0.113.7", "2026-03-01T09:00:00Z")
            );
        }
        for line in
            ["", "[]", "{}", r#"{"ip":"x","ts":1}"#, r#"{"ip":"203.0.113.7"}"#, r#"{"ip":"203.0.113.7","ts":1e300}"#]
        {
            assert!(parse(line, LogFormat::Json).is_err(), "{line}");
        }
    }
}
