//! Many histories, each from its seed; and what holds after every one.

use std::{
    any::Any,
    cell::RefCell,
    collections::BTreeSet,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::policy::Policy;
use edge::telemetry;
use futures_util::future::{LocalBoxFuture, join_all};
use policy::PolicyBook;
use serde_json::Value;
use wire::evidence::{
    read::{Leaves, link},
    verify::{Broken, Files, Summary, verify},
};

use crate::{
    behind::Stack,
    endpoint::Plan,
    log::Log,
    shorter::{self, Part, Parts},
    table::TABLE,
    world::World,
};

/// When every history begins: 2026-03-01.
pub const BEGIN: i64 = 1_772_323_200_000;

/// What every identifier of a history has in it, so that it can be searched for: so long that no hash and no ciphertext
/// has it by chance.
pub const MARK: &str = "zqx7vkw3";

/// The stack of a history.
const STACK_BYTES: usize = 32 << 20;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The policy of the controller whose histories these are.
pub fn policies() -> &'static PolicyBook {
    static POLICIES: OnceLock<PolicyBook> = OnceLock::new();
    POLICIES.get_or_init(|| PolicyBook::new([parsed(&policy_text())]))
}

fn policy_text() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies/scantrust.toml");
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("the policy: {error}"))
}

fn parsed(text: &str) -> Policy {
    policy::parse("scantrust.toml", text, None).unwrap_or_else(|_| panic!("the policy is sound")).policy
}

/// Another version of that policy, with its own hash: each first text replaced by its second, and more behind it.
///
/// # Panics
/// If the policy has no such text, or is none then.
pub fn version(changes: &[(&str, &str)], more: &str) -> Policy {
    let text = changes.iter().fold(policy_text(), |text, (from, to)| {
        assert!(text.contains(from), "the policy does not say {from}");
        text.replace(from, to)
    });
    let compiled = policy::compile(&parsed(&(text + more))).unwrap_or_else(|error| panic!("{error}"));
    policy::load(compiled.bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Calls, and how many of them went wrong.
type Counts = (u64, u64);

/// How a history broke.
struct Broke {
    /// What it panicked with.
    panic: Box<dyn Any + Send>,
    /// What was called.
    trace: Vec<String>,
    /// Of what it consisted.
    parts: Vec<Part>,
}

/// Runs one history on a stack of its own, in simulated time; answers what went wrong with it, if anything did.
fn run(
    seed: u64,
    without: &Parts,
    stack: Option<&Stack>,
    log: &Log,
    history: &impl AsyncFn(&World),
) -> Result<Counts, Broke> {
    log.clear();
    telemetry::overhear();
    // What the functions and the SDK draw follows from the seed as well.
    aws::simulate(seed);
    fastrand::seed(seed);
    let world = World::new(seed, policies().clone(), BEGIN).without(without);
    world.account.aws().behind = stack.map(Stack::account);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        // A runtime of its own: what is still under way at its end goes with it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.unwrap_or_else(|error| panic!("a runtime: {error}"));
        runtime.block_on(history(&world));
        nothing_personal_is_left(&world, log);
        let differences = world.account.aws().differences();
        assert!(differences.is_empty(), "the local AWS differs:\n{}", differences.join("\n"));
    }));
    let aws = world.account.aws();
    match ran {
        Ok(()) => Ok((aws.calls, aws.faults)),
        Err(panic) => Err(Broke { panic, trace: aws.trace.clone(), parts: aws.parts.clone() }),
    }
}

/// Runs histories on all cores: as many as `HABEAS_HISTORIES` says, else so many, from `HABEAS_SEED` on, else from 1.
///
/// # Panics
/// At the first history that breaks a promise, after the shortest was looked for that breaks as well and the command
/// that runs it alone was printed.
pub fn histories(test: &str, count: u64, history: impl AsyncFn(&World) + Sync) {
    histories_on(None, test, count, history);
}

/// The same with the local AWS behind the endpoint, whose DynamoDB answers: the stack that `HABEAS_STACK_FILE` names.
///
/// # Panics
/// As [`histories`], and if that DynamoDB does not answer as the endpoint's does, or other things stand in it at the end.
pub fn histories_on_the_stack(test: &str, count: u64, history: impl AsyncFn(&World) + Sync) {
    histories_on(Some(&Stack::named()), test, count, history);
}

#[expect(clippy::disallowed_methods, reason = "how long they took is told, and nothing else follows from it")]
fn histories_on(stack: Option<&Stack>, test: &str, count: u64, history: impl AsyncFn(&World) + Sync) {
    let (first, count) = (number("HABEAS_SEED").unwrap_or(1), number("HABEAS_HISTORIES").unwrap_or(count));
    let without = std::env::var("HABEAS_WITHOUT").map(|parts| shorter::parse(&parts)).unwrap_or_default();
    let (started, next, cores) =
        (Instant::now(), AtomicU64::new(first), available_parallelism().map_or(1, usize::from));
    let some = || -> Result<Counts, (u64, Parts, Broke)> {
        let log = Log::default();
        let _guard = log.start();
        let (mut calls, mut faults) = (0, 0);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return Ok((calls, faults));
            }
            match run(seed, &without, stack, &log, &history) {
                Ok((called, failed)) => {
                    calls += called;
                    faults += failed;
                }
                Err(broke) => {
                    // The others begin no more.
                    next.store(first + count, Ordering::Relaxed);
                    let (without, broke) = shortest(seed, without.clone(), stack, broke, &log, &history);
                    return Err((seed, without, broke));
                }
            }
        }
    };
    let ran: Vec<Result<Counts, (u64, Parts, Broke)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(|| deep(some))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let (mut calls, mut faults) = (0, 0);
    for ran in ran {
        match ran {
            Ok((called, failed)) => {
                calls += called;
                faults += failed;
            }
            Err((seed, without, broke)) => {
                let (left, parts) = (broke.parts.len(), shorter::format(&without));
                eprintln!("history {seed}: its calls were\n{}", broke.trace.join("\n"));
                eprintln!("with {left} events and faults left, it breaks a promise: {}", said(&*broke.panic));
                let without = if parts.is_empty() { parts } else { format!("HABEAS_WITHOUT={parts} ") };
                eprintln!(
                    "HABEAS_SEED={seed} {without}HABEAS_HISTORIES=1 cargo test -p fault-tests {test} -- --exact --include-ignored --nocapture"
                );
                resume_unwind(broke.panic);
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let rate = count as f64 / seconds;
    eprintln!("{test}: {count} histories, {calls} calls, {faults} faults, {seconds:.1} s, {rate:.1} histories/s");
}

/// The shortest history that is found to break as well, and how it broke.
fn shortest(
    seed: u64,
    without: Parts,
    stack: Option<&Stack>,
    broke: Broke,
    log: &Log,
    history: &impl AsyncFn(&World),
) -> (Parts, Broke) {
    let (parts, mut last) = (broke.parts.clone(), broke);
    let without = shorter::shortest(without, parts, |without| match run(seed, without, stack, log, history) {
        Ok(_) => false,
        Err(broke) => {
            last = broke;
            true
        }
    });
    (without, last)
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
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

/// Runs one history in which one thing goes wrong: a failure that was found, and stays found.
///
/// # Panics
/// If it breaks a promise.
pub fn case(history: impl AsyncFn(&World) + Sync) {
    deep(|| {
        let log = Log::default();
        let _guard = log.start();
        if let Err(broke) = run(1, &Parts::new(), None, &log, &history) {
            eprintln!("the calls were\n{}", broke.trace.join("\n"));
            resume_unwind(broke.panic);
        }
    });
}

/// Every call of a history and its answer, each as it went over the wire.
///
/// # Panics
/// If it breaks a promise.
pub fn overheard(seed: u64, history: impl AsyncFn(&World) + Sync) -> Vec<String> {
    deep(|| {
        let log = Log::default();
        let _guard = log.start();
        let overheard = RefCell::default();
        let ran = run(seed, &Parts::new(), None, &log, &async |world: &World| {
            world.account.aws().overheard = Some(Vec::new());
            history(world).await;
            overheard.replace(world.account.aws().overheard.take().unwrap_or_default());
        });
        ran.unwrap_or_else(|broke| resume_unwind(broke.panic));
        overheard.into_inner()
    })
}

/// What the first history says that breaks a promise with something switched off, if one among so many does: a test
/// of the tests.
pub fn first_broken(count: u64, history: impl AsyncFn(&World) + Sync) -> Option<String> {
    deep(|| {
        let log = Log::default();
        let _guard = log.start();
        (1..=count)
            .find_map(|seed| run(seed, &Parts::new(), None, &log, &history).err())
            .map(|broke| said(&*broke.panic))
    })
}

/// Of how many events and faults the first history consists that breaks a promise with something switched off, and of
/// how many the shortest that was found to break as well: a test of the search.
pub fn first_broken_shortest(count: u64, history: impl AsyncFn(&World) + Sync) -> Option<(usize, usize)> {
    deep(|| {
        let log = Log::default();
        let _guard = log.start();
        let run = |seed| Some((seed, run(seed, &Parts::new(), None, &log, &history).err()?));
        let (seed, broke) = (1..=count).find_map(run)?;
        let before = broke.parts.len();
        Some((before, shortest(seed, Parts::new(), None, broke, &log, &history).1.parts.len()))
    })
}

/// Draws how bad this history is.
pub fn draw_plan(world: &World) {
    let per_mille = *world.one_of(&[0, 20, 50, 100, 200]);
    let delay_millis = *world.one_of(&[0, 5, 200]);
    let page_max = *world.one_of(&[0, 1, 2]);
    let index_lag = *world.one_of(&[0, 0, 2, 10]);
    let mut aws = world.account.aws();
    aws.plan = Plan { per_mille, delay_millis, ..Plan::calm() };
    aws.tables.page_max = page_max;
    // The indexes of the local AWS are never late.
    aws.tables.index_lag = if aws.behind.is_some() { 0 } else { index_lag };
    aws.buckets.page_max = page_max;
}

/// Some of what is due, at once, beside what else happens; then time passes.
pub async fn turn<'w>(world: &'w World, acts: Vec<LocalBoxFuture<'w, ()>>) {
    turn_within(world, acts, &[0, 10, 1_000, 60_000, 3_600_000]).await;
}

/// The same, and one of these times passes, in milliseconds.
pub async fn turn_within<'w>(world: &'w World, mut acts: Vec<LocalBoxFuture<'w, ()>>, passes: &[i64]) {
    let mut due = world.due();
    let wanted = world.below(3);
    while acts.len() < 3 && !due.is_empty() && wanted > 0 {
        let which = world.below(due.len());
        acts.push(Box::pin(world.deliver(due.swap_remove(which))));
        if world.percent(40) {
            break;
        }
    }
    acts.retain(|_| world.happens());
    join_all(acts).await;
    let passed = *world.one_of(passes);
    world.pass(passed);
    if world.percent(8) && world.happens() {
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

/// An item as text, its binary values as they are.
fn readable(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let read = |(name, value): (&String, &Value)| match (name.as_str(), value) {
                ("B", Value::String(text)) => BASE64_STANDARD
                    .decode(text)
                    .map_or_else(|_| text.clone(), |bytes| String::from_utf8_lossy(&bytes).into_owned()),
                _ => format!("{name} {}", readable(value)),
            };
            members.iter().map(read).collect::<Vec<_>>().join(" ")
        }
        Value::Array(values) => values.iter().map(readable).collect::<Vec<_>>().join(" "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Nothing that is personal stands in a key, a message, a log line, an error, or anywhere unsealed.
fn nothing_personal_is_left(world: &World, log: &Log) {
    let aws = world.account.aws();
    let found = |text: &str| text.contains(MARK);
    for table in [TABLE, "KeyTable", "TombstoneTable"] {
        for (key, item) in aws.tables.items(table) {
            let item = readable(&Value::Object(item.clone()));
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
    let lines = telemetry::overhear();
    assert!(!found(&lines), "something personal in a metric: {lines}");
    assert!(!found(&world.errors.borrow()), "something personal in an error: {}", world.errors.borrow());
}
