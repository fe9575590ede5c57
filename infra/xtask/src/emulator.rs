//! The local AWS, its token issuer and the front page: started in the background, reused while they fit, stopped whole.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::failure::{Context, Failure, Outcome};
use crate::http;
use crate::layout::{self, Layout};
use crate::shell::{self, Tether};
use crate::stamp::Digest;
use crate::venv;

const START_LIMIT: Duration = Duration::from_secs(60);

/// A function may do what its role allows and no more, as on AWS.
const ENFORCE_IAM: &str = "--enforce-iam";

/// The loopback ports of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    /// The AWS endpoint.
    pub(crate) endpoint: u16,
    /// The pages and, beside them, the API.
    pub(crate) front: u16,
    /// The issuer of staff tokens.
    pub(crate) issuer: u16,
}

impl Ports {
    /// What `cargo xtask up` uses, unless told otherwise.
    pub(crate) const USUAL: Self = Self { endpoint: 4566, front: 8787, issuer: 4580 };

    /// `--port N`: three in a row.
    pub(crate) fn from(first: u16) -> Self {
        Self { endpoint: first, front: first + 1, issuer: first + 2 }
    }

    /// Ports that nobody has.
    pub(crate) fn free() -> Outcome<Self> {
        let [endpoint, front, issuer] = http::free_ports()?;
        Ok(Self { endpoint, front, issuer })
    }

    /// Each port with its use, for messages.
    pub(crate) fn named(self) -> [(u16, &'static str); 3] {
        [(self.endpoint, "AWS endpoint"), (self.front, "front page"), (self.issuer, "token issuer")]
    }
}

/// One local system: a folder for its state, and its ports.
#[derive(Debug)]
pub(crate) struct Instance {
    folder: PathBuf,
    pub(crate) ports: Ports,
}

/// The programs of an instance, each a process group of its own.
#[derive(Debug, Clone, Copy)]
enum Part {
    Emulator,
    Front,
}

/// What is known of a started part.
#[derive(Debug)]
pub(crate) struct Started {
    pid: u32,
    /// The sources, environment and options it was started with.
    version: String,
    /// Tells this start from any other, before or after.
    pub(crate) since: String,
    ports: Ports,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Emulator => "emulator",
            Self::Front => "front",
        }
    }

    fn module(self) -> &'static str {
        match self {
            Self::Emulator => "habeas_local",
            Self::Front => "habeas_local.front",
        }
    }
}

impl Instance {
    /// The system of `cargo xtask up`: on the ports it runs on, unless `wished` names others.
    pub(crate) fn usual(layout: &Layout, wished: Option<u16>) -> Self {
        let mut instance = Self { folder: layout.home.clone(), ports: Ports::USUAL };
        let running = instance.running(Part::Emulator).map(|started| started.ports);
        instance.ports = wished.map(Ports::from).or(running).unwrap_or(Ports::USUAL);
        instance
    }

    /// A fresh system for tests, on free ports, with nothing in its folder.
    pub(crate) fn fresh(layout: &Layout) -> Outcome<Self> {
        let folder = layout.home.join("test");
        let instance = Self { folder: folder.clone(), ports: Ports::free()? };
        instance.stop()?;
        layout::remove(&folder)?;
        layout::make_folder(&folder)?;
        Ok(instance)
    }

    /// The file that tells the CLI and the tests where everything is.
    pub(crate) fn stack_file(&self) -> PathBuf {
        self.folder.join("stack.json")
    }

    /// What the last deployment was made from.
    pub(crate) fn deploy_stamp(&self) -> PathBuf {
        self.folder.join("deploy.stamp")
    }

    /// The log of the last deployment.
    pub(crate) fn deploy_log(&self) -> PathBuf {
        self.folder.join("deploy.log")
    }

    /// Everything the emulator keeps on disk.
    fn data(&self) -> PathBuf {
        self.folder.join("state")
    }

    fn log(&self, part: Part) -> PathBuf {
        self.folder.join(format!("{}.log", part.name()))
    }

    fn process_file(&self, part: Part) -> PathBuf {
        self.folder.join(format!("{}.pid.json", part.name()))
    }

    /// The address that people open.
    pub(crate) fn public_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.front)
    }

    /// The issuer of staff tokens.
    pub(crate) fn issuer_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.issuer)
    }

    /// The AWS endpoint.
    pub(crate) fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.endpoint)
    }

    /// The part if it runs: by its file, and by what the process with that id really is.
    fn running(&self, part: Part) -> Option<Started> {
        let text = std::fs::read_to_string(self.process_file(part)).ok()?;
        let kept: Value = serde_json::from_str(&text).ok()?;
        let port = |name: &str| kept["ports"][name].as_u64().and_then(|port| u16::try_from(port).ok());
        let started = Started {
            pid: u32::try_from(kept["pid"].as_u64()?).ok()?,
            version: kept["version"].as_str()?.to_owned(),
            since: kept["since"].as_str()?.to_owned(),
            ports: Ports { endpoint: port("endpoint")?, front: port("front")?, issuer: port("issuer")? },
        };
        let line = shell::command_line(started.pid)?;
        line.split_whitespace().any(|word| word == part.module()).then_some(started)
    }

    fn healthy(&self, part: Part) -> bool {
        let answers = |port, path| http::get(port, path).is_ok_and(|answer| answer.status == 200);
        match part {
            Part::Emulator => {
                answers(self.ports.endpoint, "/_ministack/ready")
                    && answers(self.ports.issuer, "/.well-known/openid-configuration")
            }
            Part::Front => answers(self.ports.front, "/_local/health"),
        }
    }

    /// The ports that must be free before [`Self::start`]: those of parts that don't run yet.
    pub(crate) fn ports_to_take(&self) -> Vec<(u16, &'static str)> {
        let held: Vec<u16> = [Part::Emulator, Part::Front]
            .into_iter()
            .filter_map(|part| self.running(part).map(|started| (part, started.ports)))
            .flat_map(|(part, ports)| match part {
                Part::Emulator => vec![ports.endpoint, ports.issuer],
                Part::Front => vec![ports.front],
            })
            .collect();
        self.ports.named().into_iter().filter(|(port, _)| !held.contains(port)).collect()
    }

    /// Starts what does not run, restarts what is outdated or ill, leaves the rest alone. The text says which.
    pub(crate) fn start(&self, layout: &Layout) -> Outcome<(Started, &'static str)> {
        let (emulator, how) = self.start_part(layout, Part::Emulator)?;
        self.start_part(layout, Part::Front)?;
        Ok((emulator, how))
    }

    /// Like [`Self::start`], and ends with this process, however that ends.
    pub(crate) fn start_tethered(&self, layout: &Layout) -> Outcome<(Started, [Tether; 2])> {
        let (emulator, _) = self.start_part(layout, Part::Emulator)?;
        let first = Tether::to(emulator.pid)?;
        let (front, _) = self.start_part(layout, Part::Front)?;
        Ok((emulator, [first, Tether::to(front.pid)?]))
    }

    fn start_part(&self, layout: &Layout, part: Part) -> Outcome<(Started, &'static str)> {
        let version = self.version(layout)?;
        let mut how = "started";
        if let Some(started) = self.running(part) {
            if started.version == version && self.healthy(part) {
                return Ok((started, "already running"));
            }
            self.stop_part(part)?;
            how = "restarted";
        }
        if matches!(part, Part::Emulator) {
            layout::remove(&self.data())?;
        }
        let log = self.log(part);
        let mut command = self.command(layout, part);
        let (output, errors) = shell::log_file(&log)?;
        let mut child = command
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .cannot(format_args!("start the {}", part.name()))?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string();
        let started = Started { pid: child.id(), version, since, ports: self.ports };
        self.remember(part, &started)?;
        let ready = shell::wait_until(START_LIMIT, &format!("starting the {}", part.name()), || {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(Failure::new(format!("it ended with {status}")));
            }
            Ok(self.healthy(part))
        });
        if let Err(cause) = ready {
            self.stop_part(part)?;
            let (name, tail) = (part.name(), shell::tail(&log, 15));
            return Err(Failure::new(format!(
                "the {name} did not start: {cause}. The end of {}:\n{tail}",
                layout.shown(&log)
            )));
        }
        Ok((started, how))
    }

    fn command(&self, layout: &Layout, part: Part) -> Command {
        let mut command = shell::python(layout, venv::EMULATOR);
        shell::local_aws(layout, &mut command, self.ports.endpoint)
            .env("PYTHONPATH", layout.root.join("infra/local"))
            .args(["-m", part.module()]);
        match part {
            Part::Emulator => command
                .args(["--port", &self.ports.endpoint.to_string()])
                .args(["--issuer-port", &self.ports.issuer.to_string()])
                .args(["--region", shell::REGION])
                .arg("--data-dir")
                .arg(self.data())
                .arg(ENFORCE_IAM),
            Part::Front => command
                .args(["--front-port", &self.ports.front.to_string()])
                .arg("--api-file")
                .arg(self.stack_file())
                .arg("--pages")
                .arg(layout.root.join("infra/web")),
        };
        command
    }

    /// A part that was started from other sources, pins or options is outdated.
    fn version(&self, layout: &Layout) -> Outcome<String> {
        let digest = Digest::new()
            .add_path(&layout.root.join("infra/local/habeas_local"))?
            .add_path(&venv::requirements(layout, venv::EMULATOR))?
            .add(format!("{:?} {} {ENFORCE_IAM}", self.ports, self.folder.display()));
        Ok(digest.text())
    }

    fn remember(&self, part: Part, started: &Started) -> Outcome<()> {
        let Ports { endpoint, front, issuer } = started.ports;
        let kept = json!({
            "pid": started.pid,
            "version": started.version,
            "since": started.since,
            "ports": {"endpoint": endpoint, "front": front, "issuer": issuer},
        });
        layout::write_whole(&self.process_file(part), &format!("{kept}\n"))
    }

    /// Stops all parts with every function process. `true` if there was one.
    pub(crate) fn stop(&self) -> Outcome<bool> {
        let front = self.stop_part(Part::Front)?;
        let emulator = self.stop_part(Part::Emulator)?;
        Ok(front || emulator)
    }

    fn stop_part(&self, part: Part) -> Outcome<bool> {
        let running = self.running(part);
        if let Some(started) = &running {
            shell::end_group(started.pid)?;
        }
        if matches!(part, Part::Emulator) {
            // An emulator that was killed could not end its functions, each the leader of a group of its own.
            for orphan in shell::running_below(&self.data()) {
                shell::end_group(orphan)?;
            }
        }
        layout::remove(&self.process_file(part))?;
        Ok(running.is_some())
    }

    /// Removes what was stored and logged. The system must be stopped.
    pub(crate) fn wipe(&self) -> Outcome<()> {
        let logs = [Part::Emulator, Part::Front].map(|part| self.log(part));
        for path in [self.data(), self.stack_file(), self.deploy_stamp(), self.deploy_log()].iter().chain(&logs) {
            layout::remove(path)?;
        }
        Ok(())
    }

    /// Each part's state in a line.
    pub(crate) fn status(&self) -> [String; 2] {
        [Part::Emulator, Part::Front].map(|part| match self.running(part) {
            None => format!("{:<10} stopped", part.name()),
            Some(started) => {
                let health = if self.healthy(part) { "healthy" } else { "not answering: see its log" };
                let address = match part {
                    Part::Emulator => self.endpoint_url(),
                    Part::Front => self.public_url(),
                };
                format!("{:<10} {health}, {address}, process {}", part.name(), started.pid)
            }
        })
    }

    /// Whether the emulator runs and answers.
    pub(crate) fn is_up(&self) -> bool {
        self.running(Part::Emulator).is_some() && self.healthy(Part::Emulator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(name: &str) -> Instance {
        let folder = std::env::temp_dir().join(format!("xtask-instance-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Instance { folder, ports: Ports::from(7000) }
    }

    fn remember(instance: &Instance, pid: u32) {
        let started = Started { pid, version: "v".into(), since: "1".into(), ports: instance.ports };
        instance.remember(Part::Emulator, &started).unwrap();
    }

    #[test]
    fn a_process_id_that_another_program_has_now_is_not_ours() {
        let instance = instance("foreign");
        remember(&instance, std::process::id());
        assert!(instance.running(Part::Emulator).is_none(), "this test is not the emulator");
        assert!(!instance.stop().unwrap(), "and is not stopped as such");
        std::fs::remove_dir_all(instance.folder).unwrap();
    }

    #[test]
    fn a_group_is_stopped_whole_when_its_tether_goes() {
        let script = "sleep 300 & echo $!; wait";
        let mut leader = Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let tether = Tether::to(leader.id()).unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(leader.stdout.take().unwrap()), &mut line).unwrap();
        let below: u32 = line.trim().parse().unwrap();
        let alive = |pid| shell::command_line(pid).is_some();
        // Between fork and exec a process has no command line.
        shell::wait_until(Duration::from_secs(5), "starting the group", || Ok(alive(below))).unwrap();
        let reaper = std::thread::spawn(move || leader.wait());
        drop(tether);
        reaper.join().unwrap().unwrap();
        shell::wait_until(Duration::from_secs(5), "ending the group", || Ok(!alive(below))).unwrap();
    }

    #[test]
    fn sample_pages_name_the_usual_front() {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        for page in ["examples/banner/index.html", "infra/web/consent.html", "infra/web/request.html"] {
            let text = std::fs::read_to_string(root.join(page)).unwrap();
            let ports: Vec<&str> = text.split("http://127.0.0.1:").skip(1).filter_map(|rest| rest.get(..4)).collect();
            assert!(!ports.is_empty(), "{page}");
            assert!(ports.iter().all(|port| *port == Ports::USUAL.front.to_string()), "{page}: {ports:?}");
        }
    }

    #[test]
    fn another_first_port_moves_all_three() {
        let ports = Ports::from(7000).named().map(|(port, _)| port);
        assert_eq!(ports, [7000, 7001, 7002]);
    }
}
