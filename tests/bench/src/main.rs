//! `cargo xtask bench` runs this on the functions that it has built.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program, and prints what it found")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use bench::{
    budgets::{Budgets, PLACE},
    failure::{Context, Failure, Outcome},
    goals, instructions,
    measure::{self, Effort, Measured},
    process::World,
    report,
    subject::{FUNCTIONS, Subject},
    template::Template,
};

/// How long a function may stay silent. Valgrind makes it fifty times slower.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a release is measured with.
const RELEASE: Effort = Effort { rounds: 7, warm_events: 400 };

/// What a debug build is: only counts matter, and they are the same each time.
const DEBUG: Effort = Effort { rounds: 1, warm_events: 20 };

const HELP: &str = "\
usage: bench --checkout FOLDER --hello BINARY [--json] [--check] [--update] [--only NAME]... [--rounds N]
  --json    everything as JSON instead of tables
  --check   fail where a function takes more than tests/bench/budgets.toml allows
  --update  write what was measured there
  --only    measure this function or peer alone, beside the yardstick";

/// What was asked for.
#[derive(Debug, Default)]
struct Wishes {
    checkout: PathBuf,
    hello: PathBuf,
    json: bool,
    check: bool,
    update: bool,
    only: Vec<String>,
    rounds: Option<usize>,
}

impl Wishes {
    fn parse(words: impl Iterator<Item = String>) -> Option<Self> {
        let (mut wishes, mut words) = (Self::default(), words);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--checkout" => wishes.checkout = words.next()?.into(),
                "--hello" => wishes.hello = words.next()?.into(),
                "--json" => wishes.json = true,
                "--check" => wishes.check = true,
                "--update" => wishes.update = true,
                "--only" => wishes.only.push(words.next()?),
                "--rounds" => wishes.rounds = Some(words.next()?.parse().ok().filter(|rounds| *rounds > 0)?),
                _ => return None,
            }
        }
        let is_whole = wishes.checkout.is_dir() && wishes.hello.is_file();
        is_whole.then_some(wishes)
    }
}

fn main() -> ExitCode {
    let Some(wishes) = Wishes::parse(std::env::args().skip(1)) else {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    };
    match carry_out(&wishes) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The yardstick, the functions, then whoever stands beside them.
fn subjects(wishes: &Wishes, is_release: bool) -> Outcome<Vec<Subject>> {
    let dist = wishes.checkout.join(".habeas/dist");
    let functions = FUNCTIONS.iter().map(|(name, case)| Subject::function(&wishes.checkout, &dist, name, case));
    let mut subjects = functions.collect::<Outcome<Vec<_>>>()?;
    if is_release {
        subjects.extend(Subject::peers(&wishes.checkout)?);
    }
    if let Some(unknown) = wishes.only.iter().find(|name| !subjects.iter().any(|one| one.name == **name)) {
        return Err(Failure::new(format!("there is no function and no peer named {unknown}")));
    }
    subjects.retain(|one| wishes.only.is_empty() || wishes.only.contains(&one.name));
    subjects.insert(0, Subject::hello(&wishes.checkout, &wishes.hello)?);
    Ok(subjects)
}

/// `false` if something takes more than it may.
fn carry_out(wishes: &Wishes) -> Outcome<bool> {
    let home = wishes.checkout.join(".habeas");
    let is_release = fs::read_to_string(home.join("dist/PROFILE")).is_ok_and(|profile| profile.trim() == "release");
    let world =
        World { template: Template::read(&wishes.checkout)?, layer: layer(&wishes.checkout)?, patience: PATIENCE };
    let mut skipped = Vec::new();
    if let Some(reason) = is_release.then(instructions::missing).flatten() {
        skipped.push(format!("instructions: {reason}"));
    } else if !is_release {
        skipped.push("sizes, instructions, CPU and memory: these are debug builds".to_owned());
    }
    let mut measured = Vec::new();
    for subject in subjects(wishes, is_release)? {
        // A peer that cannot run here is left out; one of ours is broken.
        match measure_one(&subject, &world, wishes, is_release, skipped.is_empty()) {
            Ok(one) => measured.push(one),
            Err(failure) if subject.is_peer() => skipped.push(format!("{}: {failure}", subject.name)),
            Err(failure) => return Err(failure),
        }
    }
    if is_release && measured.iter().all(|one| one.cpu.is_none()) {
        skipped.push("CPU: there is no /proc with scheduler statistics here".to_owned());
    }
    let answers = goals::answers(&measured);
    if wishes.json {
        println!("{:#}", report::json(&measured, &answers, &skipped));
    } else {
        print!("{}", report::markdown(&measured, &answers));
        for reason in &skipped {
            println!("\nnot measured: {reason}");
        }
    }
    if wishes.update {
        let mut budgets = Budgets::read(&wishes.checkout).unwrap_or_default();
        budgets.update(&measured);
        budgets.write(&wishes.checkout)?;
        eprintln!("{PLACE} is written");
    }
    if !wishes.check {
        return Ok(true);
    }
    let exceeded = Budgets::read(&wishes.checkout)?.exceeded(&measured, is_release);
    for sentence in &exceeded {
        eprintln!("over budget: {sentence}");
    }
    Ok(exceeded.is_empty())
}

/// A layer with the policies of infra/policies alone: that of a debug build has the flow tests' controllers as well.
fn layer(checkout: &Path) -> Outcome<PathBuf> {
    let (from, layer) = (checkout.join(".habeas/dist/policy-layer/policies"), checkout.join(".habeas/bench/layer"));
    let to = layer.join("policies");
    fs::create_dir_all(&to).cannot(format_args!("make the folder {}", to.display()))?;
    let written = checkout.join("infra/policies");
    for file in fs::read_dir(&from).cannot(format_args!("read {}", from.display()))?.flatten() {
        let name = file.file_name();
        if written.join(&name).with_extension("toml").is_file() {
            fs::copy(file.path(), to.join(&name)).cannot(format_args!("copy to {}", to.display()))?;
        }
    }
    Ok(layer)
}

fn measure_one(
    subject: &Subject,
    world: &World,
    wishes: &Wishes,
    is_release: bool,
    has_instructions: bool,
) -> Outcome<Measured> {
    eprintln!("measuring {}", subject.name);
    let effort = if is_release { RELEASE } else { DEBUG };
    let effort = Effort { rounds: wishes.rounds.unwrap_or(effort.rounds), ..effort };
    let mut one = measure::measure(subject, world, effort)?;
    let home = wishes.checkout.join(".habeas");
    if is_release {
        one.look_inside(&subject.command, &home.join("package"))?;
    } else {
        (one.cpu, one.peak_kb) = (None, None);
    }
    // A peer's are in the hundreds of millions and say no more than its CPU.
    if has_instructions && !subject.is_peer() {
        one.instructions =
            Some(instructions::count(subject, world, &home.join("bench"), one.first.calls.values().sum())?);
    }
    Ok(one)
}
