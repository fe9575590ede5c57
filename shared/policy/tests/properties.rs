//! Whatever text comes in: no panic, and never a policy without its rules.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{compile, load, parse, render};
use proptest::prelude::*;

const BASE: &str = include_str!("base.toml");

/// Checks a text and renders what was found; a policy that comes out must survive its compilation.
fn check(text: &str) {
    let findings = match parse("fuzz.toml", text) {
        Ok((policy, findings)) => {
            let compiled = compile(&policy).unwrap();
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
    "[\"consent.withdrawn\"]",
    "\"\\u0000\"",
    "\"\"\"a\nb\"\"\"",
    "\"🦀\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn toml_like_text_never_panics(text in "(\\[?\\[?[a-z_]{0,10}\\]?\\]?( ?= ?[\"'{\\[]?[A-Za-z0-9é.-]{0,8}[\"'}\\]]?)?\n){0,20}") {
        check(&text);
    }

    #[test]
    fn a_value_put_in_any_line_never_panics(line in 0_usize..140, value in prop::sample::select(VALUES)) {
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
    fn bytes_put_anywhere_never_panic(at in 0_usize..3_000, cut in 0_usize..40, put in "[ -~é\n]{0,6}") {
        let start = (0..=at.min(BASE.len())).rev().find(|at| BASE.is_char_boundary(*at)).unwrap_or(0);
        let end = (start..=(start + cut).min(BASE.len())).rev().find(|at| BASE.is_char_boundary(*at)).unwrap_or(start);
        check(&format!("{}{put}{}", &BASE[..start], &BASE[end..]));
    }

    #[test]
    fn lines_may_be_lost_or_doubled(mask in prop::collection::vec(0_u8..20, 140)) {
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
        prop_assert!(parse("acme.toml", &text).is_ok());
    }
}
