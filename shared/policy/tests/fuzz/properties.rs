//! What must hold of every text that is given for a policy file.

use policy::{lints, render};

/// Judges one text.
///
/// # Panics
/// If the parser does, or if a finding has no place in the text, or if a policy that was accepted does
/// not come back from its compiled form.
pub(crate) fn hold(text: &str) {
    let (accepted, findings) = match policy::parse("fuzz.toml", text, None) {
        Ok(parsed) => (Some(parsed.policy), parsed.findings),
        Err(findings) => (None, findings),
    };
    let lines = text.matches('\n').count() + 1;
    for finding in &findings {
        assert!(lints::code(finding.code).is_some(), "{} is not in the registry", finding.code);
        assert!((1..=lines).contains(&finding.line), "{} in line {} of {lines}", finding.code, finding.line);
        let line = text.split('\n').nth(finding.line - 1).unwrap_or_default();
        let columns = line.chars().count() + 1;
        assert!((1..=columns).contains(&finding.column), "{} in column {}", finding.code, finding.column);
        assert!(text.get(finding.span.clone()).is_some(), "{} at {:?}", finding.code, finding.span);
        assert!(!finding.message.is_empty() && !finding.hint.is_empty(), "{} says nothing", finding.code);
    }
    let blocked = findings.iter().any(policy::Finding::blocks);
    assert_eq!(accepted.is_none(), blocked, "a file is refused if and only if a finding blocks it");
    assert_eq!(render(&findings, text, false).is_empty(), findings.is_empty());

    if let Some(accepted) = accepted {
        let compiled = policy::compile(&accepted).expect("an accepted policy compiles");
        assert_eq!(compiled.hash(), &accepted.hash);
        let loaded = policy::load(compiled.bytes()).expect("a compiled policy loads");
        assert_eq!(loaded.hash, accepted.hash);
    }
}
