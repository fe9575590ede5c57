//! Whatever text comes in: no panic, and never a policy without its rules.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::{
    ids::{Category, EventName, Purpose},
    policy::RetentionRule,
    retention::RetentionClock,
};
use jiff::{Timestamp, ToSpan as _};
use policy::{Parsed, compile, load, parse, render};
use proptest::prelude::*;

const BASE: &str = include_str!("base.toml");

/// Checks a text and renders what was found; a policy that comes out must survive its compilation.
fn check(text: &str) {
    let findings = match parse("fuzz.toml", text, None) {
        Ok(Parsed { policy, findings, .. }) => {
            let compiled = compile(&policy).unwrap();
            assert_eq!(compile(&policy).unwrap(), compiled);
            let loaded = load(compiled.bytes()).unwrap();
            assert_eq!(format!("{loaded:?}"), format!("{policy:?}"));
            findings
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "refused without a finding");
            findings
        }
    };
    for finding in &findings {
        assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
        assert!(finding.line >= 1 && finding.column >= 1);
    }
    let _ = render(&findings, text, false);
}

/// Values that a careless or hostile author might write.
const VALUES: &[&str] = &[
    "\"\"",
    "\"é\"",
    "1",
    "-1",
    "99999999999999999999",
    "0x10",
    "1.5",
    "nan",
    "true",
    "[]",
    "[1]",
    "[[]]",
    "{}",
    "{ points = 256 }",
    "2026-01-01",
    "\"P1Y\"",
    "\"P0D\"",
    "\"consent\"",
    "\"indefinite\"",
    "\"sliding\"",
    "\"mail\"",
    "\"account\"",
    "[101, 50]",
    "\"http://127.0.0.1\"",
    "\"GB-SCT\"",
    "\"US\"",
    "\"nothing\"",
    "\"newsletter\"",
    "[\"newsletter\"]",
    "[\"billing\", \"billing\"]",
    "{ FR = 15, GB = 300 }",
    "{ RET-MISSING = \"A year.\" }",
    "{ RET-MISSING = { reading = \"A year.\", clauses = [\"acme.1\", \"acme.99\"] } }",
    "[{ code = \"RET-SLIDING-NO-CAP\", reason = \"Why not.\", review = 2026-01-01 }]",
    "[{ basis = \"none\" }, { basis = \"by-use\", clause = \"acme.2\" }]",
    "[\"consent.withdrawn\"]",
    "\"\\u0000\"",
    "\"\"\"a\nb\"\"\"",
    "\"🦀\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn toml_like_text_never_panics(text in "(\\[?\\[?[a-z_]{0,10}\\]?\\]?( ?= ?[\"'{\\[]?[A-Za-z0-9é.-]{0,8}[\"'}\\]]?)?\n){0,20}") {
        check(&text);
    }

    #[test]
    fn a_value_put_in_any_line_never_panics(line in 0_usize..282, value in prop::sample::select(VALUES)) {
        let text: Vec<String> = BASE
            .lines()
            .enumerate()
            .map(|(n, text)| match text.split_once(" = ") {
                Some((key, _)) if n == line => format!("{key} = {value}"),
                _ => text.to_owned(),
            })
            .collect();
        check(&text.join("\n"));
    }

    #[test]
    fn bytes_put_anywhere_never_panic(at in 0_usize..5_000, cut in 0_usize..40, put in "[ -~é\n]{0,6}") {
        let start = (0..=at.min(BASE.len())).rev().find(|at| BASE.is_char_boundary(*at)).unwrap_or(0);
        let end = (start..=(start + cut).min(BASE.len())).rev().find(|at| BASE.is_char_boundary(*at)).unwrap_or(start);
        check(&format!("{}{put}{}", &BASE[..start], &BASE[end..]));
    }

    #[test]
    fn lines_may_be_lost_or_doubled(mask in prop::collection::vec(0_u8..20, 282)) {
        let text: String = BASE
            .lines()
            .zip(mask)
            .map(|(line, times)| match times {
                0 => String::new(),
                1 => format!("{line}\n{line}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        check(&text);
    }

    #[test]
    fn arbitrary_bytes_are_never_loaded(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load(&bytes).is_err());
    }

    #[test]
    fn durations_survive_the_compiled_form(years in 0_u8..90, months in 0_u16..100, days in 1_u16..1_000) {
        let text = BASE.replace("P10Y", &format!("P{years}Y{months}M{days}D"));
        check(&text);
        prop_assert!(parse("acme.toml", &text, None).is_ok());
    }

    #[test]
    fn a_stricter_policy_never_lengthens_a_life(
        minutes in (1_u32..600, 1_u32..600),
        hours in (1_u32..48, 1_u32..48),
        days in (1_u32..400, 1_u32..400),
        events in prop::collection::vec((any::<bool>(), 0_i64..3_000), 0..40),
    ) {
        let written = |minutes: u32, hours: u32, days: u32| {
            let text = BASE.replace("PT30M", &format!("PT{minutes}M")).replace("\"P1D\"", &format!("\"PT{hours}H\""));
            let policy = parse("acme.toml", &text.replace("\"P1Y\"", &format!("\"P{days}D\"")), None).unwrap().policy;
            (policy.time_zone.clone(), policy.retention_of(&Category::parse("chat").unwrap(), &Purpose::parse("support").unwrap()).unwrap().clone())
        };
        let (zone, strict) = written(minutes.0.min(minutes.1), hours.0.min(hours.1), days.0.min(days.1));
        let (_, loose) = written(minutes.0.max(minutes.1), hours.0.max(hours.1), days.0.max(days.1));
        let made: Timestamp = "2026-03-28T12:00:00Z".parse().unwrap();
        let due = |rule: &RetentionRule| {
            let mut clock = RetentionClock::new(made);
            for (message, minute) in &events {
                let event = EventName::parse(if *message { "chat.message" } else { "website.access" }).unwrap();
                clock.note(rule, &event, made + minute.minutes(), &zone).unwrap();
            }
            clock.due(rule, &zone).unwrap().unwrap()
        };
        prop_assert!(due(&strict) <= due(&loose));
    }
}
