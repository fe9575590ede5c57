//! The promises of the five controllers, played: each row is a sentence of a policy and what the
//! deployed system made of it.
//!
//! Time moves by event time alone. A run starts at the real time, since what comes by HTTP carries
//! it, and sends its schedules later and later; a sweep of a later time takes everything that is due
//! by then, so each scenario registers what it needs before it moves on.

mod acts;
mod breaches;
mod desk;
mod held;
mod identance;
mod rfa;
mod scantrust;
pub(crate) mod stationdb;
mod zentry;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};

use crate::{
    table::{Ledger, Row},
    trouble::{Played, Trouble},
    world::{Kept, World},
};

/// One part of a scenario: what it shows, and how.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The clauses that it shows the deployed functions to obey; the first one stands for it if it cannot be
    /// played. Each of them has a row of its own.
    pub clauses: &'static [&'static str],
    /// What it shows, in a few words.
    pub promise: &'static str,
    /// Plays it and enters its rows.
    pub run: fn(&World, &mut Ledger) -> Played,
}

/// Every scenario, by its controller; a long one theme by theme.
pub const ALL: [(&str, &[&[Part]]); 5] = [
    ("scantrust", scantrust::PARTS),
    ("stationdb", stationdb::PARTS),
    ("identance", identance::PARTS),
    ("rfa", &[rfa::PARTS]),
    ("zentry", zentry::PARTS),
];

/// Every clause that a scenario shows to be obeyed, with the command that shows it.
pub fn tests() -> impl Iterator<Item = (&'static str, String)> {
    let clauses: BTreeSet<&str> =
        ALL.into_iter().flat_map(|(_, parts)| flat(parts)).flat_map(|part| part.clauses).copied().collect();
    clauses.into_iter().map(|clause| (clause, format!("habeas play --clause {clause}")))
}

/// The parts of a scenario, one theme after the other.
fn flat(themes: &[&[Part]]) -> Vec<Part> {
    themes.iter().copied().flatten().copied().collect()
}

/// Plays every scenario, or that of one controller.
///
/// # Errors
/// If there is no such controller.
pub fn play(world: &World, controller: Option<&str>) -> Played<Vec<Row>> {
    let names = ALL.map(|(name, _)| name).join(", ");
    match controller {
        None => Ok(ALL.into_iter().flat_map(|(name, parts)| play_parts(world, name, &flat(parts))).collect()),
        Some(wanted) => ALL
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .map(|(name, parts)| play_parts(world, name, &flat(parts)))
            .ok_or_else(|| Trouble::new(format!("there is no scenario for {wanted}: use one of {names}"))),
    }
}

/// Plays the parts that show one clause.
///
/// # Errors
/// If no part shows it.
pub fn play_clause(world: &World, clause: &str) -> Played<Vec<Row>> {
    let showing = parts_of(clause);
    if showing.is_empty() {
        return Err(Trouble::new(format!(
            "no scenario shows {clause}: `habeas policy coverage` lists the clauses that are shown"
        )));
    }
    Ok(showing.into_iter().flat_map(|(name, part)| play_parts(world, name, &[part])).collect())
}

/// The parts that show a clause, with their controllers.
fn parts_of(clause: &str) -> Vec<(&'static str, Part)> {
    let all = ALL.into_iter().flat_map(|(name, parts)| flat(parts).into_iter().map(move |part| (name, part)));
    all.filter(|(_, part)| part.clauses.contains(&clause)).collect()
}

/// After so many parts in a row that could not be played, the system itself is not well: the rest is
/// not waited for.
const TROUBLES_MAX: u32 = 2;

/// Plays parts one after the other; one that cannot be played is a failed row, and the others go on.
fn play_parts(world: &World, controller: &'static str, parts: &[Part]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut troubles = 0;
    for part in parts {
        let mut ledger = Ledger::new(controller);
        let head = part.clauses.first().copied().unwrap_or("no clause");
        if troubles >= TROUBLES_MAX {
            ledger.check(head, part.promise, false, "not played: nothing before it could be".to_owned());
        } else {
            match (part.run)(world, &mut ledger) {
                Ok(()) => troubles = 0,
                Err(trouble) => {
                    troubles += 1;
                    ledger.check(head, part.promise, false, format!("could not be played: {trouble}"));
                }
            }
        }
        let shown = ledger.into_rows();
        rows.extend(undeclared(controller, part, &shown));
        rows.extend(shown);
    }
    rows
}

/// What is wrong about the rows of a part: coverage is read off what parts declare, so that a row of
/// another clause, or no row at all, would make it untrue.
fn undeclared(controller: &'static str, part: &Part, rows: &[Row]) -> Vec<Row> {
    let mut ledger = Ledger::new(controller);
    let own = |row: &&Row| row.clause.strip_prefix(controller).is_some_and(|rest| rest.starts_with('.'));
    for row in rows.iter().filter(own).filter(|row| !part.clauses.contains(&row.clause)) {
        ledger.check(row.clause, part.promise, false, "shown by a part that does not declare the clause");
    }
    // A part that broke off has said so; what it did not come to is not counted against it twice.
    let broke_off = rows.iter().any(|row| !row.passed);
    for clause in part.clauses.iter().filter(|clause| !rows.iter().any(|row| row.clause == **clause)) {
        if !broke_off {
            ledger.check(clause, part.promise, false, "declared, and not shown by any row");
        }
    }
    ledger.into_rows()
}

/// What becomes of a record at the end of its time.
struct End<'a> {
    controller: &'static str,
    clause: &'static str,
    promise: &'static str,
    kept: &'a Kept,
    at: Timestamp,
}

impl End<'_> {
    /// Sweeps a second before the end, which must leave the record, and at the end, which must
    /// delete it and prove it.
    fn play(&self, world: &World, ledger: &mut Ledger) -> Played {
        let item = world.due(self.kept, self.at)?;
        let commitment = item.commitment().ok_or_else(|| Trouble::new("the record has no salt"))?;
        let just_before = earlier(self.at);
        world.sweep(just_before)?;
        let was_there = world.stored(self.kept)?.is_some();
        world.sweep(self.at)?;
        let is_gone = world.stored(self.kept)?.is_none();
        let evidence = if is_gone { Some(world.evidence(self.controller, &commitment)?) } else { None };
        let happened = format!(
            "{} at {just_before}, {} at {}",
            if was_there { "kept" } else { "GONE" },
            if is_gone { "deleted" } else { "STILL THERE" },
            self.at
        );
        ledger.proved(self.clause, self.promise, was_there && is_gone, happened, evidence);
        Ok(())
    }
}

fn earlier(at: Timestamp) -> Timestamp {
    at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(at)
}

/// A time in a law's zone, to count calendar days and months from.
fn zoned(at: Timestamp, zone: &str) -> Played<Zoned> {
    Ok(at.to_zoned(TimeZone::get(zone).map_err(Trouble::because(zone))?))
}

/// A calendar span later, in that zone.
fn later(at: Timestamp, span: jiff::Span, zone: &str) -> Played<Timestamp> {
    zoned(at, zone)?.checked_add(span).map(|end| end.timestamp()).map_err(Trouble::because("count the calendar"))
}

/// Whether a letter says, item by item, what became of a category: `- billing, for: invoices: kept. …`.
fn tells_item(text: &str, category: &str, result: &str) -> bool {
    let mut items = text.lines().filter_map(|line| line.strip_prefix("- ")?.strip_prefix(category));
    items.any(|rest| rest.starts_with([':', ',']) && rest.contains(&format!(": {result}")))
}

/// Until when a record is kept, in words.
fn kept_until(kept: &Kept) -> String {
    format!("kept until {}", kept.until.map_or_else(|| "NO END".to_owned(), |at| at.to_string()))
}

fn yes_or(is_so: bool, yes: &str, no: &str) -> String {
    if is_so { yes } else { no }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Stack;

    fn world() -> World {
        World::new(Stack {
            endpoint: "http://127.0.0.1:1".to_owned(),
            region: "eu-west-1".to_owned(),
            api_url: String::new(),
            issuer: String::new(),
            public_url: String::new(),
            outputs: std::collections::BTreeMap::new(),
        })
    }

    #[test]
    fn every_part_declares_clauses_of_its_own_controller() {
        for (controller, parts) in ALL {
            assert!(!parts.is_empty(), "{controller}");
            for part in flat(parts) {
                assert!(!part.clauses.is_empty(), "{controller}: {}", part.promise);
                for clause in part.clauses {
                    assert_eq!(clause.split('.').next(), Some(controller), "{clause}");
                }
            }
        }
    }

    #[test]
    fn an_item_of_a_letter_is_a_line_of_its_own() {
        let text = "We did this:\n\n- billing, for: Write invoices: kept. A law asks for it (Art. 17)\n- cv: erased\n";
        assert!(tells_item(text, "billing", "kept") && tells_item(text, "cv", "erased"));
        for (category, result) in [("billing", "erased"), ("cv", "kept"), ("bill", "kept"), ("We did this", "erased")] {
            assert!(!tells_item(text, category, result), "{category} {result}");
        }
    }

    #[test]
    fn every_test_is_a_command_that_plays_its_clause() {
        for (clause, command) in super::tests() {
            assert_eq!(command, format!("habeas play --clause {clause}"));
            assert!(!parts_of(clause).is_empty());
        }
        assert!(super::tests().any(|(clause, _)| clause == "stationdb.4-d"));
        let refused = play_clause(&world(), "stationdb.0-z").map_err(|trouble| trouble.to_string());
        assert!(refused.is_err_and(|said| said.contains("no scenario shows stationdb.0-z")));
    }

    #[test]
    fn a_part_that_shows_nothing_or_what_it_does_not_declare_has_failed() {
        fn row(clause: &'static str) -> impl Fn(&mut Ledger) -> Played {
            move |ledger| {
                ledger.check(clause, "x", true, "y");
                Ok(())
            }
        }
        let run = |shown| -> fn(&World, &mut Ledger) -> Played {
            match shown {
                "declared" => |_, ledger| row("rfa.1-d")(ledger),
                "foreign" => |_, ledger| row("rfa.1-e")(ledger),
                "law beside it" => |_, ledger| {
                    row("rfa.1-d")(ledger)?;
                    row("GDPR Art. 33(1)")(ledger)
                },
                "law alone" => |_, ledger| row("GDPR Art. 33(1)")(ledger),
                _ => |_, _| Ok(()),
            }
        };
        let cases =
            [("declared", true), ("law beside it", true), ("law alone", false), ("foreign", false), ("nothing", false)];
        for (shown, passes) in cases {
            let part = Part { clauses: &["rfa.1-d"], promise: "x", run: run(shown) };
            let rows = play_parts(&world(), "rfa", &[part]);
            assert_eq!(crate::table::all_passed(&rows), passes, "{shown}: {rows:?}");
        }
    }

    #[test]
    fn what_cannot_be_played_is_not_waited_for_twice() {
        let part = Part { clauses: &["rfa.1-d"], promise: "x", run: |_, _| Err(Trouble::new("down")) };
        let rows = play_parts(&world(), "rfa", &[part, part, part]);
        let happened: Vec<&str> = rows.iter().map(|row| row.happened.as_str()).collect();
        let (down, not) = ("could not be played: down", "not played: nothing before it could be");
        assert_eq!(happened, [down, down, not]);
    }
}
