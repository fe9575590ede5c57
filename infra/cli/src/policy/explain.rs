//! `habeas policy explain`.

use std::{collections::BTreeSet, fmt::Write as _};

use ::policy::{Finding, Status, Tie, lints, plain::sentences};
use clap::Args;
use habeas_cli::table::aligned;
use serde_json::{Value, json};

use super::{
    Common, Failure, Outcome,
    clause::{Entry, tests},
    code,
    coverage::nearest,
    folder::{Folder, Valid},
    print, print_json, suggestion,
};

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A code of a finding (RET-INDEFINITE), or a clause (stationdb.4-j); without any, all codes are listed.
    #[arg(value_name = "CODE|CLAUSE")]
    what: Option<String>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &ExplainArgs) -> Outcome {
    let Some(what) = args.what.as_deref().map(str::trim) else { return list_codes(args.common.json) };
    let folder = Folder::read(&args.common.dir)?;
    if let Some(entry) = lints::code(&what.to_ascii_uppercase()) {
        return explain_code(&folder, entry, args.common.json);
    }
    let tied = |valid: &Valid<'_>| valid.file.ties.iter().any(|tie| tie.clause.as_str() == what);
    if let Some(valid) = folder.valid().find(tied) {
        return explain_clause(valid, what, args.common.json);
    }
    let is_clause = what.contains('.');
    let shown = what.escape_debug();
    let refused = folder.refused().map(|refused| format!("; {refused}")).unwrap_or_default();
    Err(Failure::new(if is_clause {
        format!("no policy file cites the clause {shown}{}{refused}", nearest(&folder, what))
    } else {
        let meant = suggestion(&what.to_ascii_uppercase(), lints::all().iter().map(|entry| entry.code));
        format!("{shown} is no code of a finding{meant}")
    }))
}

fn list_codes(as_json: bool) -> Outcome {
    if as_json {
        let codes: Vec<Value> = lints::all()
            .iter()
            .map(|entry| json!({ "code": entry.code, "level": entry.level.as_str(), "means": entry.means }))
            .collect();
        print_json(&json!({ "codes": codes }))?;
    } else {
        let mut rows = vec![["CODE", "LEVEL", "MEANS"].map(str::to_owned)];
        rows.extend(
            lints::all().iter().map(|entry| [entry.code, entry.level.as_str(), entry.means].map(str::to_owned)),
        );
        print(&aligned(&rows));
    }
    Ok(code(true))
}

fn explain_code(folder: &Folder, entry: &lints::Code, as_json: bool) -> Outcome {
    let findings: Vec<&Finding> =
        folder.files.iter().flat_map(|file| &file.findings).filter(|finding| finding.code == entry.code).collect();
    if as_json {
        print_json(&json!({
            "code": entry.code, "level": entry.level.as_str(), "means": entry.means,
            "explanation": entry.explanation, "example": entry.example.trim(), "findings": findings,
        }))?;
        return Ok(code(true));
    }
    let mut out = format!("{} ({}): {}\n\n{}\n", entry.code, entry.level, entry.means, entry.explanation);
    let example = entry.example.trim();
    if !example.is_empty() {
        out.push_str("\nA smallest example:\n\n");
        for line in example.lines() {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }
    }
    out.push('\n');
    out.push_str(&places(&findings, "In this folder:"));
    print(&out);
    Ok(code(true))
}

/// Where findings are and what is done about them.
fn places(findings: &[&Finding], head: &str) -> String {
    if findings.is_empty() {
        return format!("{head} none\n");
    }
    let mut out = format!("{head}\n");
    for finding in findings {
        let clause = finding.clause.as_ref().map(|clause| format!(" {clause}")).unwrap_or_default();
        let _ = writeln!(out, "  {}:{}:{}{clause}", finding.file, finding.line, finding.column);
        let reading = finding.reading.as_deref().unwrap_or_default();
        let review = finding.review.map(|date| format!(" until {date}")).unwrap_or_default();
        let _ = match finding.status {
            Status::Open => writeln!(out, "    open: {}", finding.message),
            Status::Read => writeln!(out, "    read as: {reading}"),
            Status::Allowed => writeln!(out, "    allowed{review}: {reading}"),
        };
    }
    out
}

fn explain_clause(valid: Valid<'_>, clause: &str, as_json: bool) -> Outcome {
    let ties: Vec<&Tie> = valid.file.ties.iter().filter(|tie| tie.clause.as_str() == clause).collect();
    let entry = Entry::of(clause, valid.policy.controller.as_str(), &ties, &tests());
    let sentences = sentences(valid.policy);
    let sentence = |tie: &Tie| match &tie.kind {
        ::policy::TieKind::NoEffect { reason } => Some(reason.clone()),
        ::policy::TieKind::Rule | ::policy::TieKind::Attested { .. } => sentences.get(&tie.rule).cloned(),
    };
    let findings: Vec<&Finding> = valid
        .file
        .findings
        .iter()
        .filter(|finding| finding.clause.as_ref().is_some_and(|own| own.as_str() == clause))
        .collect();
    let file = valid.file.path.display().to_string();
    if as_json {
        let ties: Vec<Value> = ties
            .iter()
            .map(|tie| json!({ "file": file, "line": tie.line, "rule": tie.rule, "sentence": sentence(tie) }))
            .collect();
        let mut value = json!(entry);
        value["ties"] = json!(ties);
        value["findings"] = json!(findings);
        print_json(&value)?;
        return Ok(code(true));
    }
    let mut out = format!("{clause} ({})\n\n", valid.policy.name);
    let mut said = BTreeSet::new();
    for tie in ties {
        let _ = writeln!(out, "{file}:{}: {}", tie.line, tie.rule);
        if let Some(sentence) = sentence(tie).filter(|sentence| said.insert(sentence.clone())) {
            let _ = writeln!(out, "  {sentence}");
        }
    }
    let _ = writeln!(out, "\nstatus: {}", entry.status.as_str());
    if let Some(test) = &entry.test {
        let _ = writeln!(out, "shown by: {test}");
    }
    out.push_str(&places(&findings, "findings:"));
    print(&out);
    Ok(code(true))
}
