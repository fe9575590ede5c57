//! `cargo xtask up`: from a fresh clone to a page that works.

use crate::bootstrap::{self, Profile, Workspace};
use crate::deploy;
use crate::emulator::Instance;
use crate::failure::{Failure, Outcome};
use crate::layout::Layout;
use crate::prerequisites;
use crate::shell::{self, Steps};
use crate::unknown;
use crate::venv;

/// What the person asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Play the controllers' scenarios at the end.
    pub(crate) play: bool,
    pub(crate) profile: Profile,
    /// The first of three ports.
    pub(crate) port: Option<u16>,
}

impl Wishes {
    /// Reads the words after `up`.
    pub(crate) fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut wishes = Self { play: true, profile: Profile::Debug, port: None };
        while let Some(word) = words.next() {
            match word {
                "--no-play" => wishes.play = false,
                "--release" => wishes.profile = Profile::Release,
                "--port" => wishes.port = Some(port(words.next())?),
                other => match other.strip_prefix("--port=") {
                    Some(number) => wishes.port = Some(port(Some(number))?),
                    None => return Err(unknown("up", other)),
                },
            }
        }
        Ok(wishes)
    }
}

fn port(word: Option<&str>) -> Result<u16, String> {
    // Two more ports follow the first.
    word.and_then(|word| word.parse().ok())
        .filter(|port| (1024..=u16::MAX - 2).contains(port))
        .ok_or_else(|| "--port needs a number from 1024 to 65533".to_owned())
}

/// Brings everything up, doing only what is not done yet.
pub(crate) fn up(layout: &Layout, wishes: Wishes) -> Outcome<()> {
    let mut steps = Steps::start();
    let instance = Instance::usual(layout, wishes.port);
    steps.done("prerequisites", &prerequisites::check(layout, &instance.ports_to_take())?);

    let workspace = prepare(layout, wishes.profile, &mut steps)?;

    let (emulator, how) = instance.start(layout)?;
    steps.done("emulator", &format!("{how} at {}", instance.endpoint_url()));

    steps.begin("deploy", "template.yaml, unchanged, with the SAM CLI");
    let deployed = deploy::deploy(layout, &instance, &emulator)?;
    let what = if deployed { "stack \"habeas\" is up to date" } else { "nothing changed" };
    steps.done("deploy", what);

    if wishes.play {
        steps.begin("play", "the five controllers' scenarios");
        let mut play = shell::program(layout, workspace.binary(wishes.profile, "habeas"));
        shell::local_aws(layout, &mut play, instance.ports.endpoint)
            .args(["play", "--stack-file"])
            .arg(instance.stack_file());
        shell::run(&mut play).map_err(|cause| {
            Failure::new(format!(
                "{cause}: the table above shows what differs; `cargo xtask logs` shows what the functions say"
            ))
        })?;
        steps.done("play", "every scenario went as its policy says");
    }
    say!("\nOpen {}/   (stop with `cargo xtask down`)", instance.public_url());
    Ok(())
}

/// The environments and the build, side by side: one waits for the network, the other for the processor.
pub(crate) fn prepare(layout: &Layout, profile: Profile, steps: &mut Steps) -> Outcome<Workspace> {
    steps.begin("build", "all functions and the CLI (minutes the first time), and the Python environments beside it");
    let (built, installed) = std::thread::scope(|scope| {
        let installing = scope.spawn(|| venv::ensure(layout));
        let built = bootstrap::build(layout, profile);
        let installed =
            installing.join().unwrap_or_else(|_| Err(Failure::new("the installation stopped without a word")));
        (built, installed)
    });
    built?;
    let workspace = Workspace::read(layout)?;
    let renewed = bootstrap::assemble(layout, &workspace, profile)?;
    let environments = if installed? { "environments installed" } else { "environments unchanged" };
    let functions = workspace.functions.len();
    steps.done("build", &format!("{renewed} of {functions} functions new, policies compiled, {environments}"));
    Ok(workspace)
}
