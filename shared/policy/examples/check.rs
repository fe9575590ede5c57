//! Checks policy files and prints what was found: `cargo run -p policy --features compiler --example check -- FILE…`.
//!
//! `--json` prints the findings as JSON, `--ties` every clause with what makes it true.

use std::{io::Write as _, path::Path, process::ExitCode};

use policy::{CompileDirError, TieKind, check_file, render};

fn main() -> ExitCode {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let mut refused = false;
    for file in &files {
        match check(Path::new(file), has("--json"), has("--ties")) {
            Ok((text, blocked)) => {
                refused |= blocked;
                let _ = std::io::stdout().lock().write_all(text.as_bytes());
            }
            Err(error) => {
                refused = true;
                let _ = writeln!(std::io::stderr(), "error: {error}");
            }
        }
    }
    if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn check(path: &Path, json: bool, ties: bool) -> Result<(String, bool), CompileDirError> {
    let file = check_file(path, None)?;
    let mut out = if json {
        serde_json::json!({ "findings": file.findings }).to_string() + "\n"
    } else {
        render(&file.findings, &file.text, false)
    };
    if ties {
        for tie in &file.ties {
            let how = match &tie.kind {
                TieKind::Rule => "rule",
                TieKind::Attested { .. } => "attested",
                TieKind::NoEffect { .. } => "no effect",
            };
            out.push_str(&format!("{:5}  {}  {how}  {}\n", tie.line, tie.clause, tie.rule));
        }
    }
    let open = file.findings.iter().filter(|finding| finding.blocks()).count();
    out.push_str(&format!("{}: {} findings, {open} of them block\n", path.display(), file.findings.len()));
    Ok((out, file.is_refused()))
}
