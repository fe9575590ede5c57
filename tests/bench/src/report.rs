//! What was measured, as tables and as JSON.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use crate::{goals::Answer, measure::Measured, null_aws::Counted, subject::HELLO};

/// Tables in Markdown: what each takes, with its ratio to the yardstick; its calls; the goals.
pub fn markdown(measured: &[Measured], answers: &[Answer]) -> String {
    let hello = measured.iter().find(|one| one.name == HELLO);
    let mut text = String::from(
        "| | binary MB | zip MB | start M Ir | first M Ir | warm M Ir | CPU start + first ms | CPU warm µs | peak MB |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for one in measured {
        let cell = |number: fn(&Measured) -> Option<f64>, scale: f64, digits: usize| {
            let Some(value) = number(one) else { return "–".to_owned() };
            let shown = format!("{:.digits$}", value / scale);
            match hello.and_then(number) {
                Some(of_hello) if one.name != HELLO => format!("{shown} ({:.1} ×)", value / of_hello),
                _ => shown,
            }
        };
        let binary = |one: &Measured| (!one.is_peer).then_some(one.binary_bytes as f64);
        let cells = [
            one.name.clone(),
            cell(binary, 1e6, 1),
            one.zip_bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{:.2}", bytes as f64 / 1e6)),
            cell(|one| Some(one.instructions?.init as f64), 1e6, 2),
            cell(|one| Some(one.instructions?.first as f64), 1e6, 2),
            cell(|one| Some(one.instructions?.warm as f64), 1e6, 2),
            cell(|one| one.cpu.map(|cpu| cpu.init_ms + cpu.first_ms), 1.0, 1),
            cell(|one| one.cpu.map(|cpu| cpu.warm_us), 1.0, 0),
            cell(|one| one.peak_kb.map(|kb| kb as f64), 1024.0, 1),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push_str(
        "\n| | event | first event's calls | a warm event's calls | bytes to AWS | item B | log B |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for one in measured.iter().filter(|one| one.name != HELLO) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            one.name,
            if one.records > 1 { format!("{}, {} records", one.case, one.records) } else { one.case.clone() },
            listed(one.first.calls.iter().map(|(name, count)| (name.as_str(), *count as f64))),
            listed(one.warm_calls().into_iter()),
            one.each(one.warm.bytes_in).round(),
            one.warm.item_bytes_max,
            one.each(one.log_bytes).round(),
        );
    }
    text.push_str("\n| goal | asked | found | |\n|---|---|---|---|\n");
    for answer in answers {
        let verdict = match answer.is_met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        let _ = writeln!(text, "| {} | {} | {} | {verdict} |", answer.goal, answer.asked, answer.found);
    }
    text
}

/// `dynamodb:GetItem × 2, dynamodb:PutItem`.
fn listed<'a>(calls: impl Iterator<Item = (&'a str, f64)>) -> String {
    let calls: Vec<String> =
        calls.map(|(name, each)| if each == 1.0 { name.to_owned() } else { format!("{name} × {each}") }).collect();
    if calls.is_empty() { "none".to_owned() } else { calls.join(", ") }
}

/// Everything, for a program to read.
pub fn json(measured: &[Measured], answers: &[Answer], skipped: &[String]) -> Value {
    let counted = |counted: &Counted| json!({ "calls": counted.calls, "bytes_in": counted.bytes_in, "bytes_out": counted.bytes_out });
    let rows: BTreeMap<&str, Value> = measured
        .iter()
        .map(|one| {
            let row = json!({
                "event": one.case,
                "records": one.records,
                "is_peer": one.is_peer,
                "binary_bytes": one.binary_bytes,
                "zip_bytes": one.zip_bytes,
                "services": one.services,
                "instructions": one.instructions.map(|of| json!({
                    "init": of.init, "first": of.first, "warm": of.warm,
                })),
                "cpu": one.cpu.map(|cpu| json!({
                    "init_ms": cpu.init_ms, "first_ms": cpu.first_ms, "warm_us": cpu.warm_us,
                })),
                "peak_kb": one.peak_kb,
                "init": counted(&one.init),
                "first": counted(&one.first),
                "warm": counted(&one.warm),
                "warm_events": one.warm_events,
                "item_bytes_max": one.warm.item_bytes_max,
                "log_bytes": one.log_bytes,
                "log_lines": one.log_lines,
            });
            (one.name.as_str(), row)
        })
        .collect();
    let goals: Vec<Value> = answers
        .iter()
        .map(|one| json!({ "goal": one.goal, "asked": one.asked, "found": one.found, "met": one.is_met }))
        .collect();
    json!({ "measured": rows, "goals": goals, "skipped": skipped })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::{answers, tests::measured};

    #[test]
    fn every_row_has_its_ratio_to_the_yardstick() {
        let all = [measured(HELLO, 400_000), measured("purge", 1_000_000)];
        let text = markdown(&all, &answers(&all));
        assert!(text.contains("| hello | 5.0 | 2.00 | 0.40 |"), "{text}");
        assert!(text.contains("| purge | 5.0 (1.0 ×) | 2.00 | 1.00 (2.5 ×) |"), "{text}");
        assert!(text.contains("| purge | given | none | dynamodb:PutItem |"), "{text}");
        assert!(text.contains("| **not met** |"), "{text}");
    }

    #[test]
    fn what_could_not_be_measured_is_a_dash_and_a_null() {
        let mut one = measured("purge", 1);
        one.instructions = None;
        let text = markdown(&[one.clone()], &[]);
        assert!(text.contains("| – | – | – |"), "{text}");
        let said = json(&[one], &[], &["no valgrind".to_owned()]);
        assert_eq!(
            (&said["measured"]["purge"]["instructions"], &said["skipped"][0]),
            (&Value::Null, &json!("no valgrind"))
        );
    }
}
