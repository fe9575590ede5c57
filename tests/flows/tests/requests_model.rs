//! Random requests against a model: what people and clerks do by chance, with the clock moved by hours and
//! weeks, through the deployed functions and through a description of them that is simple enough to be right.
//!
//! `MODEL_SEED` (a number; for the deployed functions also `fresh`), `MODEL_STEPS` and `MODEL_START` (a time) choose
//! another play; a play that fails prints them. `MODEL_PLAYS` makes more of them in memory. What it found belongs to [`SEEDS`].

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod requests;
mod stack;

use std::env;

use habeas_cli::world::World;
use jiff::Timestamp;
use requests::{
    Tally,
    bench::{Deployed, InMemory},
    play,
};

/// Plays that once failed: seed and steps.
const SEEDS: [(u64, u64); 0] = [];

/// The play that is always made.
const SEED: u64 = 4;

/// How many steps a play has against the deployed functions: about a minute.
const STEPS: u64 = 150;

/// How many plays are made in memory.
const PLAYS: u64 = 20;

/// Where time begins in memory: a month with a holiday, before a change of the clocks.
const START: &str = "2026-03-02T09:00:00Z";

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok().filter(|text| text != "fresh")?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// The seed that is asked for.
fn seed(run: &str) -> u64 {
    match env::var("MODEL_SEED").as_deref() {
        // As many digits as can be typed again.
        Ok("fresh") => u64::from_str_radix(run, 16).unwrap() % 1_000_000_000,
        _ => number("MODEL_SEED").unwrap_or(SEED),
    }
}

fn start(otherwise: Timestamp) -> Timestamp {
    env::var("MODEL_START").map_or(otherwise, |text| text.parse().expect("MODEL_START is a time"))
}

#[test]
fn whatever_happens_to_requests_the_deployed_functions_and_the_model_agree() {
    let (world, _alone) = stack::world();
    let (seed, start) = (seed(&world.run), start(world.start));
    for (seed, steps) in SEEDS.into_iter().chain([(seed, number("MODEL_STEPS").unwrap_or(STEPS))]) {
        let world = World::new(world.stack.clone());
        play(&Deployed::new(world), seed, steps, start).unwrap_or_else(|trouble| panic!("{trouble}"));
    }
}

/// The same in this process, where a play takes a moment: more of them, and together they leave nothing out.
#[test]
fn whatever_happens_to_requests_the_functions_in_memory_and_the_model_agree() {
    let start = start(START.parse().unwrap());
    let steps = number("MODEL_STEPS").unwrap_or(200);
    let plays = number("MODEL_PLAYS").unwrap_or(PLAYS);
    let seeds: Vec<u64> = number("MODEL_SEED").map_or_else(|| (1..=plays).collect(), |seed| vec![seed]);
    let is_whole = seeds.len() >= 20 && steps >= 200;
    let mut tally = Tally::new();
    for (seed, steps) in SEEDS.into_iter().chain(seeds.into_iter().map(|seed| (seed, steps))) {
        let played = play(&InMemory::new(), seed, steps, start).unwrap_or_else(|trouble| panic!("{trouble}"));
        for (what, count) in played {
            *tally.entry(what).or_default() += count;
        }
    }
    let missing: Vec<_> = came_about().filter(|what| !tally.contains_key(what)).collect();
    assert!(!is_whole || missing.is_empty(), "{missing:?} never came about: {tally:#?}");
}

/// What must come about in plays that show anything.
fn came_about() -> impl Iterator<Item = String> {
    let both = [
        "claim",
        "release",
        "hand-over",
        "ask-identity",
        "ask-clarification",
        "record-reply",
        "verify-identity",
        "extend",
        "approve",
        "refuse",
        "stop",
        "merge",
        "confirm",
        "reply",
        "withdraw",
    ];
    let stages = [
        "awaiting-verification",
        "awaiting-requester",
        "with-office",
        "answered",
        "refused",
        "withdrawn",
        "stopped",
        "merged",
        "lapsed",
    ];
    let deeds = [
        "MakeAgain",
        "ReuseKey",
        "ActOnOldVersion",
        "ActOnNoVersion",
        "ActWithoutLeave",
        "OpenWithoutToken",
        "PassTime",
        "note done",
        "lateness done",
    ];
    let both = both.into_iter().flat_map(|what| [format!("{what} done"), format!("{what} refused")]);
    both.chain(stages.map(|stage| format!("{stage} requests"))).chain(deeds.map(str::to_owned))
}
