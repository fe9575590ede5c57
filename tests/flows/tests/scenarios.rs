//! The five controllers' promises and the replay of logs, on the deployed stack: the very scenarios
//! that `habeas play` shows.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::{fs, path::PathBuf};

use habeas_cli::{
    replay::{self, ReplayArgs, logs::LogFormat},
    scenarios, table,
    world::World,
};

fn keeps_its_promises(controller: &str) {
    let (world, _alone) = stack::world();
    let rows = scenarios::play(&world, Some(controller)).unwrap();
    assert!(table::all_passed(&rows), "\n{}", table::render(&rows));
}

#[test]
fn scantrust_keeps_its_promises() {
    keeps_its_promises("scantrust");
}

#[test]
fn stationdb_keeps_its_promises() {
    keeps_its_promises("stationdb");
}

#[test]
fn identance_keeps_its_promises() {
    keeps_its_promises("identance");
}

#[test]
fn red_flag_keeps_its_promises() {
    keeps_its_promises("rfa");
}

#[test]
fn zentry_keeps_its_promises() {
    keeps_its_promises("zentry");
}

fn replay_args(world: &World) -> ReplayArgs {
    ReplayArgs {
        stack_file: PathBuf::new(),
        controller: "scantrust".to_owned(),
        log: None,
        format: None,
        generate: None,
        // Another run's records would be the same ones.
        seed: u64::from_str_radix(&world.run, 16).unwrap(),
        forms: 0,
        in_flight: 2,
    }
}

#[test]
fn made_up_records_are_all_kept_and_a_second_time_changes_nothing() {
    let (world, _alone) = stack::world();
    let args = ReplayArgs { generate: Some(300), forms: 5, ..replay_args(&world) };
    let first = replay::play(&world, &args).unwrap();
    assert_eq!((first.events, first.messages, first.new_records()), (300, 3, 300), "{first}");
    assert_eq!(first.forms.get("201"), Some(&5), "{first}");
    assert!(first.is_complete(), "{first}");
    let again = replay::play(&world, &ReplayArgs { forms: 0, ..args }).unwrap();
    assert_eq!((again.new_records(), again.is_complete()), (0, true), "{again}");
}

#[test]
fn a_log_is_replayed_line_by_line_and_its_broken_lines_are_numbered() {
    let (world, _alone) = stack::world();
    let day = world.start.strftime("%d/%b/%Y");
    let line = |ip: &str| format!("{ip} - - [{day}:00:00:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"agent\"\n");
    let text =
        format!("{}{}not a line of a log\n{}", line("203.0.113.7"), line("2001:db8::7"), line("nowhere.example"));
    let path = std::env::temp_dir().join(format!("access-{}.log", world.run));
    fs::write(&path, text).unwrap();
    let args = ReplayArgs { log: Some(path.clone()), format: Some(LogFormat::Combined), ..replay_args(&world) };
    let report = replay::play(&world, &args).unwrap();
    fs::remove_file(path).unwrap();
    assert_eq!((report.events, report.new_records()), (2, 2), "{report}");
    assert_eq!(report.malformed.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    assert!(!report.to_string().contains("nowhere"), "a report repeats nothing of the log");
}
