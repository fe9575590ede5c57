//! A purge that is killed at random moments, again and again: nothing is lost, nothing goes without its evidence,
//! and nothing that must stay goes. The use case runs in a process of its own on the local AWS, and that process is
//! ended by SIGKILL, which leaves no time to tidy up.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed call is a failed test")]

mod stack;
mod swept;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Child, Command, Stdio},
    time::Duration,
};

use app::{
    chain::Commitment,
    destruction::{Doomed, Intents},
    purge::{self, Run},
    records::RecordStore,
};
use aws::Cloud;
use domain::{ids::ControllerId, lifecycle::FileRules, purge::Limits};
use habeas_cli::world::World;
use jiff::{Timestamp, ToSpan};
use swept::{registered, settings};
use testkit::{
    build::{at, controller},
    contract::fresh_controller,
};
use wire::evidence::{
    read::{self, Leaves},
    verify::{self, Files},
};

/// Records that are due, that are not yet, and that a hold keeps.
const DUE: usize = 3_000;
const NOT_DUE: usize = 150;
const HELD: usize = 150;

/// Most processes that are killed before one may come to its end.
const KILLS: u64 = 12;

/// What tells the child what to do.
const TASK: &str = "HABEAS_PURGE_KILL";

fn now() -> Timestamp {
    at("2035-06-01T00:00:00Z")
}

/// xorshift64: the same moments in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        for shift in [13_i32, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        self.0 % bound
    }
}

/// The child: a purge as the function runs it, in one process.
#[test]
#[ignore = "it is started by the test below, which kills it"]
fn the_purge_that_is_killed() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (whose, at) = task.split_once(' ').unwrap();
    let (world, _alone) = stack::world();
    let (cloud, at) =
        (Cloud::new(settings(&world)).with_file_rules(|_| Ok(FileRules::default())), at.parse::<Timestamp>().unwrap());
    let run = Run { limits: Limits { floor: u64::MAX, ..Limits::default() }, ..Run::to_the_end(at) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { purge::sweep(&cloud, &[controller(whose)], &run).await.unwrap() });
}

fn child(whose: &ControllerId, at: Timestamp) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_purge_that_is_killed", "--ignored"])
        .env(TASK, format!("{whose} {at}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Ends the process by SIGKILL after that time, unless it came to its end before. Answers whether it did.
fn ended_before(mut child: Child, time: Duration) -> bool {
    let pause = Duration::from_millis(5);
    for _ in 0..time.as_millis() / pause.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(pause);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

/// A controller's evidence as it lies in its bucket.
struct Bucket<'w> {
    world: &'w World,
    prefix: String,
}

impl Files for Bucket<'_> {
    type Error = String;

    fn names(&self, folder: &str) -> Result<Vec<String>, String> {
        let bucket = self.world.stack.output("EvidenceBucket").map_err(|trouble| trouble.to_string())?;
        let folder = if folder.is_empty() { self.prefix.clone() } else { format!("{}{folder}/", self.prefix) };
        let keys = self.world.cloud.object_keys(bucket, &folder).map_err(|trouble| trouble.to_string())?;
        let names = keys.iter().filter_map(|key| key.strip_prefix(&folder)?.split('/').next());
        Ok(names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        let bucket = self.world.stack.output("EvidenceBucket").map_err(|trouble| trouble.to_string())?;
        let found = self.world.cloud.object_bytes(bucket, &format!("{}{file}", self.prefix));
        found.map_err(|trouble| trouble.to_string())?.ok_or_else(|| format!("{file} is not there"))
    }
}

/// Under which intents each commitment is said to be deleted.
fn deleted(bucket: &Bucket<'_>) -> BTreeMap<String, BTreeSet<(u8, u64)>> {
    let mut deleted: BTreeMap<String, BTreeSet<(u8, u64)>> = BTreeMap::new();
    for chain in bucket.names("chain").unwrap() {
        for name in bucket.names(&format!("chain/{chain}")).unwrap() {
            let link = read::link(&bucket.read(&format!("chain/{chain}/{name}")).unwrap()).unwrap();
            let Leaves::Result(leaves) = &link.leaves else { continue };
            for leaf in leaves.iter().filter(|leaf| leaf.result == "deleted") {
                let intent = (link.header.chain, link.header.intent.unwrap());
                deleted.entry(leaf.commitment.clone()).or_default().insert(intent);
            }
        }
    }
    deleted
}

fn hex(commitment: &Commitment) -> String {
    commitment.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_purge_that_is_killed_at_random_moments_loses_nothing_and_leaves_the_evidence_of_all() {
    let (world, _alone) = stack::world();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cloud = Cloud::new(settings(&world)).with_file_rules(|_| Ok(FileRules::default()));
    let whose = fresh_controller(&cloud);
    let (due, not_due, held) = runtime.block_on(async {
        let later = now() + (100 * 24).hours();
        (
            registered(&cloud, &whose, "due", DUE, now() - 1.hour()).await,
            registered(&cloud, &whose, "later", NOT_DUE, later).await,
            registered(&cloud, &whose, "held", HELD, now() - 1.hour()).await,
        )
    });

    let (mut dice, mut killed, mut hour) = (Dice(0x5eed_2eaf_0829), 0, 0);
    loop {
        hour += 1;
        let time = if killed < KILLS { Duration::from_millis(60 + dice.below(900)) } else { Duration::from_secs(300) };
        if ended_before(child(&whose, now() + hour.hours()), time) {
            break;
        }
        killed += 1;
        assert!(killed <= KILLS, "the last one had all the time that it needed");
    }
    // One more tick settles what the last killed one left open.
    assert!(ended_before(child(&whose, now() + (hour + 30).hours()), Duration::from_secs(300)));
    assert!(killed > 2, "killed only {killed} times: the moments come too late");

    runtime.block_on(async {
        let mut standing = BTreeSet::new();
        for person in due.iter().map(|record| &record.subject).collect::<BTreeSet<_>>() {
            standing.extend(cloud.records(&whose, person).await.unwrap().into_iter().map(|record| record.id));
        }
        let kept: BTreeSet<_> = not_due.iter().chain(&held).map(|record| record.id.clone()).collect();
        assert_eq!(standing, kept, "all that was due is gone, and nothing else");
        assert_eq!(cloud.open_intents(&whose).await.unwrap(), [], "nothing is under way");
    });

    let bucket = Bucket { world: &world, prefix: format!("evidence/v2/{whose}/") };
    let summary = verify::verify(&bucket, None).unwrap_or_else(|broken| panic!("{broken:?}"));
    assert_eq!((summary.deleted, summary.open.len()), (DUE as u64, 0));
    let deleted = deleted(&bucket);
    let expected: BTreeSet<_> = due.iter().map(|record| hex(&Doomed::from(record).commitment(&whose))).collect();
    assert_eq!(deleted.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(deleted.values().all(|intents| intents.len() == 1), "nothing was deleted twice");
}
