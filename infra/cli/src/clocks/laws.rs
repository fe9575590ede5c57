//! `habeas clock laws`.

use std::fmt::Write as _;

use clap::Args;
use domain::clock::{
    ASKED_PROMPTLY_DAYS_MAX, Calendar, Checked, Confidence, FIRST_YEAR, HOLIDAYS_SOURCE, LAST_YEAR, Period, Roll, Rule,
    rules,
};
use habeas_cli::{table::aligned, trouble::Played};
use serde_json::{Value, json};

use super::{explain::law_named, print, print_json};

#[derive(Debug, Args)]
pub(super) struct LawsArgs {
    /// One law alone: us-ca.
    #[arg(long)]
    law: Option<String>,
    /// Print JSON.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print docs/CLOCKS.md.
    #[arg(long)]
    markdown: bool,
}

pub(super) const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
    }
}

const fn checked(checked: Checked) -> &'static str {
    match checked {
        Checked::Corpus => "corpus",
        Checked::Memory => "memory",
    }
}

const fn roll(roll: Roll) -> &'static str {
    match roll {
        Roll::No => "",
        Roll::WorkingDay => "from Saturday, Sunday, holiday",
        Roll::SundayOrHoliday => "from Sunday, holiday",
    }
}

pub(super) fn run(args: &LawsArgs) -> Played {
    let law = args.law.as_deref().map(law_named).transpose()?;
    let shown: Vec<&Rule> = rules().filter(|rule| law.is_none_or(|law| rule.law == law)).collect();
    if args.json {
        let rows: Vec<Value> = shown.into_iter().map(as_json).collect();
        let (first, last) = (FIRST_YEAR, LAST_YEAR);
        return print_json(
            &json!({ "laws": rows, "holidays": { "first": first, "last": last, "from": HOLIDAYS_SOURCE } }),
        );
    }
    if args.markdown {
        print(&page());
        return Ok(());
    }
    let mut rows = vec![["LAW", "DUTY", "TIME", "COUNTED FROM", "ARTICLE", "SURE"].map(str::to_owned)];
    rows.extend(shown.into_iter().map(|rule| {
        [
            rule.law.as_str().to_owned(),
            rule.duty.as_str().to_owned(),
            rule.period.to_string(),
            rule.anchor.to_string(),
            rule.article.to_owned(),
            confidence(rule.confidence).to_owned(),
        ]
    }));
    print(&aligned(&rows));
    Ok(())
}

fn as_json(rule: &Rule) -> Value {
    json!({
        "law": rule.law.as_str(),
        "title": rule.law.title(),
        "duty": rule.duty.as_str(),
        "period": rule.period.iso(),
        "words": rule.period.to_string(),
        "from": rule.anchor.as_str(),
        "moves": rule.roll != Roll::No,
        "article": rule.article,
        "confidence": confidence(rule.confidence),
        "checked": checked(rule.checked),
        "only_if": rule.when.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "note": rule.note,
    })
}

/// What must hold for a breach's row to ask for anything, and whether its last day moves.
fn only_if(rule: &Rule) -> String {
    let mut parts: Vec<String> = rule.when.iter().map(ToString::to_string).collect();
    if rule.roll != Roll::No {
        parts.push(format!("(moves {})", roll(rule.roll)));
    }
    parts.join("; ")
}

/// `docs/CLOCKS.md`.
fn page() -> String {
    let mut out = format!(
        "# Clocks\n\n\
         Every deadline that Habeas counts, made from `shared/domain/src/clock/` by\n\
         `UPDATE=1 cargo test -p habeas-cli --test clocks`. `habeas clock explain` computes one of them and shows \
         each step\n\
         with its article; `habeas clock laws --json` prints this table for machines. It is no legal advice: \
         statutes change,\n\
         and `sure` says how far a row was held against its source (*medium*: a paragraph, its recency or its \
         reading is not\n\
         confirmed; *read*: seen in a stored copy of the text).\n\n\
         ## How days are counted\n\n\
         - In the law's zone where its territory has one, else in the controller's (`time_zone` of the policy).\n\
         - The day of the event is not counted. Months go to the same date, or to the last day of a shorter month; \
         an\n  \
           extension is added to the first period from the same start, and only if the person was told within it.\n\
         - Where the table says that a last day moves, it moves to the next working day. Business days skip weekends \
         and\n  \
           public holidays. Hours are hours on the clock.\n\
         - The Union's law goes by the holidays of the member state in which the controller is established; without\n  \
           `establishment` in the policy only weekends move a date. Another country's law goes by its own holidays; \
           where\n  \
           parts of it differ and none is named, by those that all of them keep.\n\
         - GDPR: a question of identity stops the clock until its answer, and so does one of clarification for \
         access, if\n  \
           asked within {ASKED_PROMPTLY_DAYS_MAX} days of receipt: the guidelines say \"without undue delay\", and \
           the number is ours.\n\
         - UK GDPR: proof of identity, or a fee, starts the time anew; the days of a question about access, the \
         first and the\n  \
           last included, do not count. Elsewhere no question stops a clock.\n\
         - A question that is not answered leaves the clock standing: what is shown then is the earliest day that it \
         can be.\n\
         - A breach's row asks for something only if all holds that stands under *only if*. What is not known excludes \
         nothing: the\n  \
           clock runs, and says why (`docs/BREACHES.md`).\n\
         - A proposal is no law: the 96 hours of COM(2025) 837 are not counted.\n\n\
         ## Holidays\n\n\
         From `{HOLIDAYS_SOURCE}` (MIT) by `infra/holidays/generate.py`, for the years **{FIRST_YEAR} to \
         {LAST_YEAR}**. A clock that needs\n\
         another year is an error that says so; requests are then taken in with weekends alone, which is earlier, \
         and a step\n\
         says it. Days marked as estimates, which follow the moon, free nobody.\n\n"
    );
    let all: Vec<&str> = Calendar::known().map(|(id, _)| id).collect();
    let estimated: Vec<&str> = Calendar::known().filter(|(_, estimated)| *estimated).map(|(id, _)| id).collect();
    for line in wrapped(&format!("Calendars: {}. With estimates: {}.", all.join(", "), estimated.join(", "))) {
        let _ = writeln!(out, "{line}");
    }
    for (title, is_of_requests) in [("Requests", true), ("Breaches", false)] {
        let _ = write!(
            out,
            "\n## {title}\n\n| law | duty | time | counted from | {} | article | sure | to know \
                |\n|---|---|---|---|---|---|---|---|\n",
            if is_of_requests { "last day moves" } else { "only if" }
        );
        for rule in rules().filter(|rule| rule.duty.is_of_requests() == is_of_requests) {
            let added =
                if rule.duty.extends().is_some() && !matches!(rule.period, Period::Words(_)) { "+ " } else { "" };
            let read = if rule.checked == Checked::Corpus { ", read" } else { "" };
            let _ = writeln!(
                out,
                "| {} (`{}`) | {} | {added}{} | {} | {} | {} | {}{read} | {} |",
                rule.law.title(),
                rule.law.as_str(),
                rule.duty,
                rule.period,
                rule.anchor,
                if is_of_requests { roll(rule.roll).to_owned() } else { only_if(rule) },
                rule.article,
                confidence(rule.confidence),
                rule.note
            );
        }
    }
    out
}

/// Lines of at most 120 characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let full = lines.last().is_some_and(|line| line.len() + word.len() >= 120);
        match lines.last_mut() {
            Some(line) if !full => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
