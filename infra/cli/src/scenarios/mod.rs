//! The promises of the five controllers, played: each row is a sentence of a policy and what the
//! deployed system made of it.
//!
//! Time moves by event time alone. A run starts at the real time, since what comes by HTTP carries
//! it, and sends its schedules later and later; a sweep of a later time takes everything that is due
//! by then, so each scenario registers what it needs before it moves on.

mod identance;
mod rfa;
mod scantrust;
mod stationdb;
mod zentry;

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};

use crate::{
    table::{Ledger, Row},
    trouble::{Played, Trouble},
    world::{Kept, World},
};

/// A controller's scenario.
pub type Scenario = fn(&World) -> Vec<Row>;

/// Every scenario, by its controller.
pub const ALL: [(&str, Scenario); 5] = [
    ("scantrust", scantrust::play),
    ("stationdb", stationdb::play),
    ("identance", identance::play),
    ("rfa", rfa::play),
    ("zentry", zentry::play),
];

/// Plays every scenario, or that of one controller.
///
/// # Errors
/// If there is no such controller.
pub fn play(world: &World, controller: Option<&str>) -> Played<Vec<Row>> {
    let names = ALL.map(|(name, _)| name).join(", ");
    match controller {
        None => Ok(ALL.iter().flat_map(|(_, scenario)| scenario(world)).collect()),
        Some(wanted) => ALL
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, scenario)| scenario(world))
            .ok_or_else(|| Trouble::new(format!("there is no scenario for {wanted}: use one of {names}"))),
    }
}

/// One part of a scenario, with the promise that stands for it if it cannot be played.
type Part = (&'static str, &'static str, fn(&World, &mut Ledger) -> Played);

/// After so many parts in a row that could not be played, the system itself is not well: the rest is
/// not waited for.
const TROUBLES_MAX: u32 = 2;

/// Plays a controller's parts one after the other; one that cannot be played is a failed row, and
/// the others go on.
fn parts(world: &World, controller: &'static str, parts: &[Part]) -> Vec<Row> {
    let mut ledger = Ledger::new(controller);
    let mut troubles = 0;
    for (clause, promise, part) in parts {
        if troubles >= TROUBLES_MAX {
            ledger.check(clause, *promise, false, "not played: nothing before it could be".to_owned());
            continue;
        }
        match part(world, &mut ledger) {
            Ok(()) => troubles = 0,
            Err(trouble) => {
                troubles += 1;
                ledger.check(clause, *promise, false, format!("could not be played: {trouble}"));
            }
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
        let leaf = item.leaf().ok_or_else(|| Trouble::new("the record has no salt"))?;
        let just_before = earlier(self.at);
        world.sweep(just_before)?;
        let was_there = world.stored(self.kept)?.is_some();
        world.sweep(self.at)?;
        let is_gone = world.stored(self.kept)?.is_none();
        let evidence = if is_gone { Some(world.evidence(self.controller, &leaf)?) } else { None };
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

fn yes_or(is_so: bool, yes: &str, no: &str) -> String {
    if is_so { yes } else { no }.to_owned()
}
