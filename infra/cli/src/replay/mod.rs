//! `habeas replay`: a web server's log, or made-up records, through the records queue.

pub mod generate;
pub mod logs;
pub mod report;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use app::purge::PURGE_SHARDS;
use clap::Args;
use jiff::{SignedDuration, Unit};
use serde_json::{Value, json};

use self::{
    logs::LogFormat,
    report::{Kept, Report},
};
use crate::{
    client::Call,
    clock,
    cloud::{BATCH_MESSAGES_MAX, QueueLength},
    stack::Stack,
    trouble::{Played, Trouble},
    world::World,
};

/// Most bytes of one batch to a queue: below the smallest limit that SQS has had.
const BATCH_BYTES_MAX: usize = 250_000;

/// For how long the queue may stand still before the wait is given up.
const STILL_SECONDS_MAX: i64 = 60;

/// For how long dead letters that were looked at stay out of sight.
const PEEK_SECONDS: u32 = 1;

/// The pause between two looks at the queue.
const QUEUE_LOOK_MILLISECONDS: u64 = 50;

/// What is replayed, and where.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["log", "generate"]))]
pub struct ReplayArgs {
    /// Where the stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json")]
    pub stack_file: PathBuf,
    /// Whose records they are. Its policy must keep the categories of web server logs.
    #[arg(long, default_value = "scantrust")]
    pub controller: String,
    /// A web server's log.
    #[arg(long, requires = "format")]
    pub log: Option<PathBuf>,
    /// How the log is written.
    #[arg(long, value_enum)]
    pub format: Option<LogFormat>,
    /// Make up so many records instead.
    #[arg(long)]
    pub generate: Option<usize>,
    /// Makes up the same records for the same number.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Also post so many consent forms to the API.
    #[arg(long, default_value_t = 0)]
    pub forms: usize,
    /// Leave at most so many messages in the queue at once. A function that gets more than it can do
    /// within the queue's visibility timeout is given them again, and the local one is short.
    #[arg(long, default_value_t = 2)]
    pub in_flight: usize,
}

/// Replays, waits until the queue is done, and counts.
///
/// # Errors
/// If the stack or the log cannot be read, or the queue does not come to an end.
pub fn run(args: &ReplayArgs) -> Played<Report> {
    let world = World::new(Stack::read(&args.stack_file)?);
    play(&world, args)
}

/// Replays on a stack that is known already.
///
/// # Errors
/// As [`run`].
pub fn play(world: &World, args: &ReplayArgs) -> Played<Report> {
    let mut report = Report { controller: args.controller.clone(), ..Report::default() };
    let before = kept(world, &args.controller)?;
    let mark = match &args.log {
        Some(path) => {
            report.source = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            format!("\"log/{}/", report.source)
        }
        None => format!("\"generated/{}/", args.seed),
    };
    let refused_before = refused(world, &mark)?;
    let started = clock::now();
    let mut sender = Sender::new(world, args)?;
    match (&args.log, args.generate) {
        (Some(path), _) => {
            let format = args.format.ok_or_else(|| Trouble::new("--log needs --format"))?;
            send_log(path, format, &mut sender, &mut report)?;
        }
        (None, Some(count)) => {
            report.source = format!("{count} made-up records, seed {}", args.seed);
            let hour = started.round((Unit::Hour, 1)).unwrap_or(started);
            for event in generate::records(args.seed, count, hour) {
                sender.add(event)?;
            }
        }
        (None, None) => return Err(Trouble::new("name a log or a number of records")),
    }
    sender.flush()?;
    (report.events, report.messages) = (sender.events, sender.messages);
    report.sending = clock::now().duration_since(started);
    post_forms(world, args, &mut report)?;
    wait_until_done(world)?;
    report.storing = clock::now().duration_since(started);
    report.refused = refused(world, &mark)?;
    for (reason, count) in &mut report.refused {
        *count = count.saturating_sub(refused_before.get(reason).copied().unwrap_or(0));
    }
    report.refused.retain(|_, count| *count > 0);
    report.kept = after_and_before(&kept(world, &args.controller)?, &before);
    Ok(report)
}

/// Packs events into messages and messages into batches.
struct Sender<'a> {
    world: &'a World,
    queue: String,
    controller: String,
    in_flight: usize,
    packing: Vec<Value>,
    batch: Vec<String>,
    batch_bytes: usize,
    events: usize,
    messages: usize,
}

impl<'a> Sender<'a> {
    fn new(world: &'a World, args: &ReplayArgs) -> Played<Self> {
        Ok(Self {
            world,
            queue: world.stack.output("RecordsQueueUrl")?.to_owned(),
            controller: args.controller.clone(),
            in_flight: args.in_flight.max(1),
            packing: Vec::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            events: 0,
            messages: 0,
        })
    }

    fn add(&mut self, event: Value) -> Played {
        self.packing.push(event);
        self.events += 1;
        if self.packing.len() == wire::record::EVENTS_MAX { self.close_message() } else { Ok(()) }
    }

    fn close_message(&mut self) -> Played {
        if self.packing.is_empty() {
            return Ok(());
        }
        let events = std::mem::take(&mut self.packing);
        let body = json!({ "v": 1, "controller": self.controller, "events": events }).to_string();
        if self.batch.len() == BATCH_MESSAGES_MAX.min(self.in_flight) || self.batch_bytes + body.len() > BATCH_BYTES_MAX
        {
            self.send_batch()?;
        }
        self.batch_bytes += body.len();
        self.batch.push(body);
        self.messages += 1;
        Ok(())
    }

    fn send_batch(&mut self) -> Played {
        if !self.batch.is_empty() {
            wait_for_room(self.world, &self.queue, self.in_flight.saturating_sub(self.batch.len()))?;
            self.world.cloud.send_messages(&self.queue, &self.batch)?;
        }
        self.batch.clear();
        self.batch_bytes = 0;
        Ok(())
    }

    fn flush(&mut self) -> Played {
        self.close_message()?;
        self.send_batch()
    }
}

fn send_log(path: &Path, format: LogFormat, sender: &mut Sender<'_>, report: &mut Report) -> Played {
    let shown = path.display();
    let file = File::open(path).map_err(Trouble::because(format_args!("read {shown}")))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(Trouble::because(format_args!("read {shown}")))?;
        if read == 0 {
            break;
        }
        // A log may hold any bytes in a path or an agent's name; neither is kept.
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            continue;
        }
        match logs::parse(text, format) {
            Ok(hit) => sender.add(hit.event(&report.source, number))?,
            Err(flaw) => report.malformed.push((number, flaw)),
        }
    }
    Ok(())
}

fn post_forms(world: &World, args: &ReplayArgs, report: &mut Report) -> Played {
    let started = clock::now();
    let url = world.api(&format!("/{}/v1/consents", args.controller));
    for n in 0..args.forms {
        let who = world.name(&format!("form-{n}"));
        let pairs = [
            ("subject_kind", "cookie"),
            ("subject", who.as_str()),
            ("purpose.trackers.behaviour-analytics", if n % 3 == 0 { "refused" } else { "given" }),
            ("purpose.trackers.preferences", "given"),
            ("notice", "undated-1"),
            ("nonce", who.as_str()),
        ];
        let answer = world.client.send(&Call::new("POST", &url).form(&pairs))?;
        let said = if answer.status < 400 { answer.status.to_string() } else { answer.said() };
        *report.forms.entry(said).or_default() += 1;
    }
    report.posting = clock::now().duration_since(started);
    Ok(())
}

/// Waits until the queue is empty and nothing of it is in hand.
fn wait_until_done(world: &World) -> Played {
    let queue = world.stack.output("RecordsQueueUrl")?;
    // Twice, since a message is in neither number for a moment on its way from one to the other.
    wait_for_room(world, queue, 0)?;
    thread::sleep(Duration::from_millis(QUEUE_LOOK_MILLISECONDS));
    wait_for_room(world, queue, 0)
}

/// Waits until at most so many messages of a queue are left.
fn wait_for_room(world: &World, queue: &str, left_max: usize) -> Played {
    let (mut last, mut moved_at) = (None, clock::now());
    loop {
        let length = world.cloud.queue_length(queue)?;
        if usize::try_from(length.waiting + length.in_hand).unwrap_or(usize::MAX) <= left_max {
            return Ok(());
        }
        let now = clock::now();
        if last != Some(length) {
            (last, moved_at) = (Some(length), now);
        }
        if now.duration_since(moved_at) > SignedDuration::from_secs(STILL_SECONDS_MAX) {
            return Err(Trouble::new(format!(
                "the queue stands still with {} messages waiting and {} in hand",
                length.waiting, length.in_hand
            )));
        }
        thread::sleep(Duration::from_millis(QUEUE_LOOK_MILLISECONDS));
    }
}

/// What the due index holds of a controller: by category and day of expiry.
fn kept(world: &World, controller: &str) -> Played<BTreeMap<(String, String), usize>> {
    let partitions = format!("C#{controller}#S#");
    let mut counts = BTreeMap::new();
    for shard in 0..PURGE_SHARDS {
        for item in world.cloud.due(&format!("PURGE#{shard}"))? {
            if !item.text("pk").is_some_and(|pk| pk.starts_with(&partitions)) {
                continue;
            }
            let category = item.text("category").unwrap_or("-").to_owned();
            let day = item.ends_at().map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            *counts.entry((category, day)).or_default() += 1;
        }
    }
    Ok(counts)
}

fn after_and_before(
    after: &BTreeMap<(String, String), usize>,
    before: &BTreeMap<(String, String), usize>,
) -> Vec<Kept> {
    let places: BTreeSet<_> = after.keys().chain(before.keys()).collect();
    let count = |counts: &BTreeMap<_, _>, place| counts.get(place).copied().unwrap_or(0);
    places
        .into_iter()
        .map(|place| Kept {
            category: place.0.clone(),
            until: place.1.clone(),
            new: count(after, place).saturating_sub(count(before, place)),
            all: count(after, place),
        })
        .collect()
}

/// Why events of this replay, or of an earlier one of the same source, were put aside.
fn refused(world: &World, mark: &str) -> Played<BTreeMap<String, usize>> {
    let queue = world.stack.output("RecordsDeadLetterQueueUrl")?;
    let mut reasons = BTreeMap::new();
    if world.cloud.queue_length(queue)? == QueueLength::default() {
        return Ok(reasons);
    }
    // What an earlier look has put out of sight must be back.
    thread::sleep(Duration::from_secs(u64::from(PEEK_SECONDS) + 1));
    for letter in world.cloud.peek(queue, PEEK_SECONDS)? {
        if letter.body.contains(mark) {
            *reasons.entry(letter.reason.unwrap_or_else(|| "given up after its tries".to_owned())).or_default() += 1;
        }
    }
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_not_counted_as_new() {
        let place = |category: &str, day: &str| (category.to_owned(), day.to_owned());
        let before = BTreeMap::from([(place("a", "1"), 2)]);
        let after = BTreeMap::from([(place("a", "1"), 5), (place("b", "1"), 1)]);
        let kept = after_and_before(&after, &before);
        assert_eq!(kept.iter().map(|k| (k.new, k.all)).collect::<Vec<_>>(), [(3, 5), (1, 1)]);
    }
}
