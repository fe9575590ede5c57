//! Many histories, each from its seed; and what holds after every one.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::OnceLock,
    time::Instant,
};

use futures_util::future::{LocalBoxFuture, join_all};
use policy::PolicyBook;
use wire::evidence::{
    read::{Leaves, link},
    verify::{Broken, Files, Summary, verify},
};

use crate::{endpoint::Plan, log::Log, table::TABLE, world::World};

/// When every history begins: 2026-03-01.
pub const BEGIN: i64 = 1_772_323_200_000;

/// What every identifier of a history has in it, so that it can be searched for.
pub const MARK: &str = "zqx7";

/// The stack of a history.
const STACK_BYTES: usize = 32 << 20;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The policy of the controller whose histories these are.
pub fn policies() -> &'static PolicyBook {
    static POLICIES: OnceLock<PolicyBook> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies/scantrust.toml");
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("the policy: {error}"));
        let parsed = policy::parse("scantrust.toml", &text, None).unwrap_or_else(|_| panic!("the policy is sound"));
        PolicyBook::new([parsed.policy])
    })
}

/// How a history broke: what it panicked with, and what was called.
type Broke = (Box<dyn std::any::Any + Send>, Vec<String>);

/// Runs one history on a stack of its own, in simulated time; answers what went wrong with it, if anything did.
fn run(seed: u64, log: &Log, history: &impl AsyncFn(&World)) -> Result<(u64, u64), Broke> {
    log.clear();
    let world = World::new(seed, policies().clone(), BEGIN);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        // A runtime of its own: what is still under way at its end goes with it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.unwrap_or_else(|error| panic!("a runtime: {error}"));
        runtime.block_on(history(&world));
        nothing_personal_is_left(&world, log);
    }));
    let aws = world.account.aws();
    match ran {
        Ok(()) => Ok((aws.calls, aws.faults)),
        Err(panic) => Err((panic, aws.trace.clone())),
    }
}

/// Runs histories: as many as `HABEAS_HISTORIES` says, else so many, from `HABEAS_SEED` on, else from 1.
///
/// # Panics
/// At the first history that breaks a promise, after its seed and the command that runs it alone were printed.
pub fn histories(test: &str, count: u64, history: impl AsyncFn(&World) + Sync) {
    deep(|| all(test, count, &history));
}

/// Runs something on a thread with the stack of a main thread: unoptimised, the futures are large.
fn deep<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        match thread.unwrap_or_else(|error| panic!("a thread: {error}")).join() {
            Ok(ran) => ran,
            Err(panic) => resume_unwind(panic),
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "how long they took is told, and nothing else follows from it")]
fn all(test: &str, count: u64, history: &impl AsyncFn(&World)) {
    let log = Log::default();
    let _guard = log.start();
    let (first, count) = (number("HABEAS_SEED").unwrap_or(1), number("HABEAS_HISTORIES").unwrap_or(count));
    let (started, mut calls, mut faults) = (Instant::now(), 0, 0);
    for seed in first..first + count {
        match run(seed, &log, history) {
            Ok((called, failed)) => {
                calls += called;
                faults += failed;
            }
            Err((panic, trace)) => {
                eprintln!("history {seed}: the last calls were\n{}", trace.join("\n"));
                eprintln!(
                    "HABEAS_SEED={seed} HABEAS_HISTORIES=1 cargo test -p fault-tests {test} -- --exact --nocapture"
                );
                resume_unwind(panic);
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let rate = count as f64 / seconds;
    eprintln!("{test}: {count} histories, {calls} calls, {faults} faults, {seconds:.1} s, {rate:.0} histories/s");
}

/// Runs one history in which one thing goes wrong: a failure that was found, and stays found.
///
/// # Panics
/// If it breaks a promise.
pub fn case(history: impl AsyncFn(&World) + Sync) {
    deep(|| {
        let log = Log::default();
        let _guard = log.start();
        if let Err((panic, trace)) = run(1, &log, &history) {
            eprintln!("the calls were\n{}", trace.join("\n"));
            resume_unwind(panic);
        }
    });
}

/// What the first history says that breaks a promise with something switched off, if one among so many does: a test
/// of the tests.
pub fn first_broken(count: u64, history: impl AsyncFn(&World) + Sync) -> Option<String> {
    deep(|| {
        let log = Log::default();
        let _guard = log.start();
        (1..=count).find_map(|seed| run(seed, &log, &history).err()).map(|(panic, _)| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
        })
    })
}

/// Draws how bad this history is.
pub fn draw_plan(world: &World) {
    let per_mille = *world.one_of(&[0, 20, 50, 100, 200]);
    let delay_millis = *world.one_of(&[0, 5, 200]);
    let page_max = *world.one_of(&[0, 1, 2]);
    let mut aws = world.account.aws();
    aws.plan = Plan { per_mille, delay_millis, ..Plan::calm() };
    aws.tables.page_max = page_max;
    aws.buckets.page_max = page_max;
}

/// Some of what is due, at once, beside what else happens.
pub async fn turn<'w>(world: &'w World, mut acts: Vec<LocalBoxFuture<'w, ()>>) {
    let mut due = world.due();
    let wanted = world.below(3);
    while acts.len() < 3 && !due.is_empty() && wanted > 0 {
        let which = world.below(due.len());
        acts.push(Box::pin(world.deliver(due.swap_remove(which))));
        if world.percent(40) {
            break;
        }
    }
    join_all(acts).await;
    let passed = *world.one_of(&[0, 10, 1_000, 60_000, 3_600_000]);
    world.pass(passed);
    if world.percent(8) {
        world.replay();
    }
}

/// The evidence of a controller, as its files lie in the bucket.
struct Evidence(Vec<(String, Vec<u8>)>);

impl Files for Evidence {
    type Error = Infallible;

    fn names(&self, folder: &str) -> Result<Vec<String>, Infallible> {
        let folder = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        let below = self.0.iter().filter_map(|(name, _)| name.strip_prefix(&folder)?.split('/').next());
        Ok(below.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, Infallible> {
        let found = self.0.iter().find(|(name, _)| name == file);
        Ok(found.map(|(_, body)| body.clone()).unwrap_or_else(|| panic!("no file {file}")))
    }
}

/// What the evidence says, by the verifier that operators use.
///
/// # Panics
/// If it is broken.
pub fn verified(world: &World) -> Summary {
    let prefix = "evidence/v2/scantrust/";
    let aws = world.account.aws();
    let files = aws.buckets.objects("evidence");
    let files = files.filter_map(|(key, body)| Some((key.strip_prefix(prefix)?.to_owned(), body.to_vec())));
    match verify(&Evidence(files.collect()), None) {
        Ok(summary) => summary,
        Err(Broken::Fault(fault)) => panic!("the evidence is broken: {fault}"),
        Err(Broken::Unreadable(never)) => match never {},
    }
}

/// Every leaf of the evidence.
pub fn leaves(world: &World) -> Vec<Leaves> {
    let aws = world.account.aws();
    let links = aws.buckets.objects("evidence").filter(|(key, _)| key.contains("/chain/")).map(|(key, body)| {
        link(body).map(|link| link.leaves).unwrap_or_else(|wrong| panic!("{key} does not read: {wrong:?}"))
    });
    links.collect()
}

/// Nothing that is personal stands in a key, a message, a log line, an error, or anywhere unsealed.
fn nothing_personal_is_left(world: &World, log: &Log) {
    let aws = world.account.aws();
    let found = |text: &str| text.contains(MARK);
    for table in [TABLE, "KeyTable", "TombstoneTable"] {
        for (key, item) in aws.tables.items(table) {
            let item = serde_json::to_string(item).unwrap_or_default();
            assert!(!found(&key.0) && !found(&key.1) && !found(&item), "something personal in {table}: {key:?} {item}");
        }
    }
    for (name, body) in aws.buckets.everything() {
        // An export is the person's own copy, which they open as it lies there.
        let is_export = name.starts_with("exports/");
        assert!(!found(&name) && (is_export || !found(&String::from_utf8_lossy(body))), "something personal in {name}");
    }
    for (queue, messages) in &aws.queues.queues {
        for message in messages {
            let reason = message.reason.as_deref().unwrap_or_default();
            assert!(
                !found(&message.body) && !found(reason),
                "something personal in the queue {queue}: {}",
                message.body
            );
        }
    }
    assert!(!found(&log.text()), "something personal is logged: {}", log.text());
    assert!(!found(&world.errors.borrow()), "something personal in an error: {}", world.errors.borrow());
}
