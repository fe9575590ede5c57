//! A stack in one process: the real functions, the queues and streams between them, and who delivers when.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use aws::{Cloud, Settings};
use domain::system::Pace;
use edge::{
    Event, Failure, InvocationError, Reply, answer,
    clock::{self, Stage, TimeGuard},
    http::AllowedPages,
};
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::{Value, json};

use crate::{
    endpoint::{Account, Plan},
    filter,
    history::MARK,
    seed::Seed,
    services::{DEAD, Waiting},
    shorter::{Part, Parts},
    table::{Change, SHARDS},
};

/// How often something is tried in calm before it counts as stuck.
const TRIES_MAX: u32 = 25;

/// Most turns until everything has come to rest.
const TURNS_MAX: u32 = 4_000;

/// Most bytes of messages that one invocation gets: Lambda hands 6 MB over, in which quotes are escaped.
const PAYLOAD_BYTES_MAX: usize = 3 << 20;

/// Where mailed links lead.
pub const PUBLIC_URL: &str = "https://privacy.example";

/// The functions that the histories run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Takes consents in.
    ConsentCapture,
    /// Carries the stream to the queues.
    StreamRelay,
    /// Writes the stream into the evidence.
    EvidenceSeal,
    /// Learns of records and holds.
    RetentionTrack,
    /// Deletes what is due.
    Purge,
    /// Takes requests in.
    DsarIntake,
    /// Carries requests out.
    DsarFulfil,
    /// Takes breaches in, and tells people of them.
    BreachNotify,
    /// Learns what became of mail.
    MailEvents,
    /// Watches deadlines.
    ClockWatch,
    /// Takes changes of the notice in, and tells people of them.
    NoticeChange,
    /// Where the privacy office works on requests.
    DsarOffice,
    /// Hands tasks to the controllers' systems, and takes their outcomes.
    SystemTasks,
}

impl Function {
    const fn name(self) -> &'static str {
        match self {
            Self::ConsentCapture => "consent-capture",
            Self::StreamRelay => "stream-relay",
            Self::EvidenceSeal => "evidence-seal",
            Self::RetentionTrack => "retention-track",
            Self::Purge => "purge",
            Self::DsarIntake => "dsar-intake",
            Self::DsarFulfil => "dsar-fulfil",
            Self::BreachNotify => "breach-notify",
            Self::MailEvents => "mail-events",
            Self::ClockWatch => "clock-watch",
            Self::NoticeChange => "notice-change",
            Self::DsarOffice => "dsar-office",
            Self::SystemTasks => "system-tasks",
        }
    }

    /// The dead-letter queue into which it puts what it can never do.
    fn dead_letters(self) -> String {
        let own = READERS.iter().find(|(_, reader)| *reader == self);
        dead_letters(own.map_or("none", |(queue, _)| queue))
    }
}

/// The queues, and who reads them; of a reader's own the first.
const READERS: [(&str, Function); 8] = [
    ("records", Function::RetentionTrack),
    ("purge", Function::Purge),
    ("fulfil", Function::DsarFulfil),
    ("breach", Function::BreachNotify),
    (MAIL_EVENTS, Function::MailEvents),
    ("notice", Function::NoticeChange),
    ("tasks", Function::SystemTasks),
    (OUTCOMES, Function::SystemTasks),
];

/// Where the mail service says what became of mail.
pub const MAIL_EVENTS: &str = "mail-events";

/// Where systems say what became of their tasks.
pub const OUTCOMES: &str = "outcomes";

/// The dead-letter queue of a queue.
pub fn dead_letters(queue: &str) -> String {
    format!("{DEAD}{queue}")
}

/// An environment of a function: what it keeps between invocations.
enum Desk {
    ConsentCapture(consent_capture::Site<Cloud>),
    StreamRelay(Cloud),
    EvidenceSeal(evidence_seal::Desk<Cloud>),
    RetentionTrack(retention_track::Desk<Cloud>),
    Purge(purge::Desk<Cloud>),
    DsarIntake(dsar_intake::Site<Cloud>),
    DsarFulfil(dsar_fulfil::Desk<Cloud>),
    BreachNotify(breach_notify::Desk<Cloud>),
    MailEvents(mail_events::Desk<Cloud>),
    ClockWatch(clock_watch::Desk<Cloud>),
    NoticeChange(notice_change::Desk<Cloud>),
    DsarOffice(dsar_office::Desk<Cloud>),
    SystemTasks(system_tasks::Desk<Cloud>),
}

impl Desk {
    /// Boxed, so that the functions are compiled here and not once more by every test that awaits them.
    fn answer(&self, event: Event) -> LocalBoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.handle(event))
    }

    async fn handle(&self, event: Event) -> Result<Reply, Failure> {
        match self {
            Self::ConsentCapture(site) => consent_capture::handle(site, event).await,
            Self::StreamRelay(cloud) => stream_relay::handle(cloud, event).await,
            Self::EvidenceSeal(desk) => evidence_seal::handle(desk, event).await,
            Self::RetentionTrack(desk) => retention_track::handle(desk, event).await,
            Self::Purge(desk) => purge::handle(desk, event).await,
            Self::DsarIntake(site) => dsar_intake::handle(site, event).await,
            Self::DsarFulfil(desk) => dsar_fulfil::handle(desk, event).await,
            Self::BreachNotify(desk) => breach_notify::handle(desk, event).await,
            Self::MailEvents(desk) => mail_events::handle(desk, event).await,
            Self::ClockWatch(desk) => clock_watch::handle(desk, event).await,
            Self::NoticeChange(desk) => notice_change::handle(desk, event).await,
            Self::DsarOffice(desk) => dsar_office::handle(desk, event).await,
            Self::SystemTasks(desk) => system_tasks::handle(desk, event).await,
        }
    }
}

/// What an invocation came to.
#[derive(Debug)]
pub enum Outcome {
    /// It answered.
    Answered(Value),
    /// It failed as a whole.
    Failed(InvocationError),
    /// Its environment ended before it answered.
    Killed,
}

impl Outcome {
    /// The status and the body of an HTTP answer; `None` if none came.
    pub fn http(&self) -> Option<(u64, Value)> {
        let Self::Answered(reply) = self else { return None };
        let body = reply["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        Some((reply["statusCode"].as_u64()?, body.unwrap_or_default()))
    }

    /// What of a batch was not done; `None` if nothing of it was.
    fn failures(&self) -> Option<Vec<String>> {
        let Self::Answered(reply) = self else { return None };
        let failures = reply["batchItemFailures"].as_array()?;
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned)).collect()
    }
}

/// A reader of one shard.
#[derive(Debug, Default)]
struct Place {
    next: usize,
    tries: u32,
    is_busy: bool,
}

/// The stack, and its time.
pub struct World {
    /// AWS.
    pub account: Account,
    seed: RefCell<Seed>,
    /// What a stream's reader could not read and was put aside, by its number.
    pub put_aside: RefCell<BTreeSet<usize>>,
    /// Changes that nobody made: what a reader can never read.
    pub poison: RefCell<BTreeSet<usize>>,
    /// Answers and errors, in which nothing personal may stand that was not asked for.
    pub errors: RefCell<String>,
    /// How often a function that sends mail ended before it was done, or ran beside itself: after each of these a mail
    /// may be in doubt.
    pub doubts: Cell<usize>,
    mailing: Cell<usize>,
    /// Whether sweeps may run beside one another here.
    pub sweeps_meet: bool,
    sweeping: Cell<bool>,
    /// A switch for tests of the tests: the API names requests by who sends them.
    pub names_people: Cell<bool>,
    /// Another: nobody has what a queue gave up go back to it.
    pub forgets_the_dead: Cell<bool>,
    /// Whether a queue gives a message up that was delivered as often as the template allows.
    pub gives_up: Cell<bool>,
    /// How long a message that failed waits until it comes again, in milliseconds.
    pub comes_again: Cell<i64>,
    /// The versions of the policies that run beside one another: more than one in a roll-out.
    policies: RefCell<Vec<PolicyBook>>,
    /// After how many more invocations which one is rolled out.
    rolls_out: RefCell<Option<(u32, PolicyBook)>>,
    region: String,
    events: Cell<u64>,
    without: Parts,
    environments: Cell<u64>,
    idle: RefCell<BTreeMap<Function, Vec<(u64, Desk)>>>,
    places: RefCell<BTreeMap<(Function, u64), Place>>,
    in_flight: RefCell<BTreeSet<String>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("account", &self.account).finish_non_exhaustive()
    }
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:000000000000:{queue}")
}

/// The settings of a stack. The region is the history's own: the SDK counts retries by region, for all clients of a
/// process together.
pub fn settings(region: &str) -> Settings {
    let queue = |name: &str| Some(format!("http://aws/queues/{name}"));
    Settings {
        region: region.to_owned(),
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        endpoint_url: Some("http://aws".into()),
        table: Some("Table".into()),
        key_table: Some("KeyTable".into()),
        key_id: Some("key".into()),
        tombstone_table: Some("TombstoneTable".into()),
        evidence_key_id: Some("evidence-key".into()),
        evidence_bucket: Some("evidence".into()),
        work_bucket: Some("work".into()),
        exports_bucket: Some("exports".into()),
        records_bucket: Some("records".into()),
        system_data_bucket: Some("system-data".into()),
        sender: Some("privacy@habeas.example".into()),
        configuration_set: Some("mail".into()),
        fulfil_queue_url: queue("fulfil"),
        breach_queue_url: queue("breach"),
        records_queue_url: queue("records"),
        purge_queue_url: queue("purge"),
        notice_queue_url: queue("notice"),
        task_queue_url: queue("tasks"),
        outcome_dead_letter_queue_url: queue(&dead_letters(OUTCOMES)),
        dead_letter_queue_url: queue(&dead_letters("none")),
        is_local: true,
        ..Settings::default()
    }
}

/// How many worlds there were in this process.
static WORLDS: AtomicU64 = AtomicU64::new(0);

impl World {
    /// An empty stack with these policies.
    pub fn new(seed: u64, policies: PolicyBook, now: i64) -> Self {
        Self {
            account: Account::new(Seed::new(seed ^ 0x5eed), now),
            seed: RefCell::new(Seed::new(seed)),
            put_aside: RefCell::default(),
            poison: RefCell::default(),
            errors: RefCell::default(),
            doubts: Cell::default(),
            mailing: Cell::default(),
            sweeps_meet: seed.is_multiple_of(5),
            sweeping: Cell::default(),
            names_people: Cell::default(),
            forgets_the_dead: Cell::default(),
            gives_up: Cell::default(),
            comes_again: Cell::default(),
            policies: RefCell::new(vec![policies]),
            rolls_out: RefCell::default(),
            region: format!("eu-{}", WORLDS.fetch_add(1, Ordering::Relaxed)),
            events: Cell::default(),
            without: BTreeSet::new(),
            environments: Cell::new(0),
            idle: RefCell::default(),
            places: RefCell::default(),
            in_flight: RefCell::default(),
        }
    }

    /// The same, in which these parts of the history are left out.
    #[must_use]
    pub fn without(self, without: &Parts) -> Self {
        self.account.aws().without = without.clone();
        Self { without: without.clone(), ..self }
    }

    /// Whether the next event happens: it does, unless it is left out.
    pub fn happens(&self) -> bool {
        let number = self.events.get() + 1;
        self.events.set(number);
        let event = Part::Event(number);
        let happens = !self.without.contains(&event);
        if happens {
            self.account.aws().parts.push(event);
        }
        happens
    }

    /// A number below this one; 0 for 0.
    pub fn below(&self, most: usize) -> usize {
        self.seed.borrow_mut().below(most)
    }

    /// True this often in a hundred.
    pub fn percent(&self, share: usize) -> bool {
        self.seed.borrow_mut().percent(share)
    }

    /// One of these.
    pub fn one_of<'a, T>(&self, from: &'a [T]) -> &'a T {
        self.seed.borrow_mut().one_of(from)
    }

    /// Goes on to a later time.
    pub fn pass(&self, millis: i64) {
        self.account.aws().now += millis;
    }

    /// The time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.account.aws().now
    }

    /// Time to live takes away some of what is over.
    pub fn expire(&self) {
        self.account.aws().expire(|| self.percent(50));
    }

    /// Everything goes well from now on, every environment is a new one, and what a queue gave up goes back to it.
    pub fn calm(&self) {
        let mut aws = self.account.aws();
        aws.plan = Plan::calm();
        aws.tables.index_lag = 0;
        drop(aws);
        if self.gives_up.get() {
            self.redrive();
        }
        if let Some((_, policies)) = self.rolls_out.take() {
            self.roll_out(policies);
        }
        self.rolled_out();
    }

    /// Begins with these policies instead.
    pub fn serve(&self, policies: PolicyBook) {
        self.policies.replace(vec![policies]);
    }

    /// Another version of the policies is rolled out: a new environment has the one or the other, and one that stands
    /// keeps its own.
    pub fn roll_out(&self, policies: PolicyBook) {
        self.policies.borrow_mut().push(policies);
    }

    /// The roll-out is taken back: no environment of the later version goes on.
    pub fn roll_back(&self) {
        self.policies.borrow_mut().pop();
        self.idle.borrow_mut().clear();
    }

    /// A roll-out that begins once so many more invocations have begun.
    pub fn roll_out_after(&self, invocations: u32, policies: PolicyBook) {
        self.rolls_out.replace(Some((invocations, policies)));
    }

    /// The roll-out is over: no environment of an earlier version goes on.
    pub fn rolled_out(&self) {
        let mut policies = self.policies.borrow_mut();
        let earlier = policies.len() - 1;
        policies.drain(..earlier);
        self.idle.borrow_mut().clear();
    }

    fn version(&self) -> PolicyBook {
        match self.policies.borrow().as_slice() {
            [only] => only.clone(),
            several => self.one_of(several).clone(),
        }
    }

    fn environment(&self, function: Function) -> (u64, Desk) {
        let now = self.rolls_out.borrow_mut().take_if(|(left, _)| {
            *left = left.saturating_sub(1);
            *left == 0
        });
        if let Some((_, policies)) = now {
            self.roll_out(policies);
        }
        if let Some(idle) = self.idle.borrow_mut().get_mut(&function).and_then(Vec::pop) {
            return idle;
        }
        let number = self.environments.get() + 1;
        self.environments.set(number);
        let (policies, guard) = (self.version(), TimeGuard { stage: Stage::Local });
        let dead_letter_queue_url = Some(format!("http://aws/queues/{}", function.dead_letters()));
        let settings = Settings { dead_letter_queue_url, ..settings(&self.region) };
        let ports = Cloud::new(settings).with_client(self.account.client(number));
        let ports = ports.with_file_rules(edge::site::file_rules(&policies));
        let pages = || AllowedPages::parse("http://127.0.0.1/thanks.html").unwrap_or_else(|_| panic!("it is a page"));
        let desk = match function {
            Function::ConsentCapture => Desk::ConsentCapture(consent_capture::Site { ports, policies, pages: pages() }),
            Function::StreamRelay => Desk::StreamRelay(ports),
            Function::EvidenceSeal => Desk::EvidenceSeal(evidence_seal::Desk { ports, policies }),
            Function::RetentionTrack => Desk::RetentionTrack(retention_track::Desk { ports, policies, guard }),
            Function::Purge => {
                let limits = domain::purge::Limits { floor: 1_000, ..domain::purge::Limits::default() };
                Desk::Purge(purge::Desk { ports, policies, guard, limits })
            }
            Function::DsarIntake => Desk::DsarIntake(dsar_intake::Site { ports, policies, pages: pages() }),
            Function::DsarFulfil => {
                Desk::DsarFulfil(dsar_fulfil::Desk { ports, policies, public_url: PUBLIC_URL.to_owned() })
            }
            Function::BreachNotify => Desk::BreachNotify(breach_notify::Desk { ports, policies }),
            Function::MailEvents => Desk::MailEvents(mail_events::Desk { ports, policies, guard }),
            Function::ClockWatch => Desk::ClockWatch(clock_watch::Desk { ports, policies }),
            Function::NoticeChange => Desk::NoticeChange(notice_change::Desk { ports, policies }),
            Function::DsarOffice => Desk::DsarOffice(dsar_office::Desk { ports, policies }),
            Function::SystemTasks => Desk::SystemTasks(system_tasks::Desk {
                ports,
                policies,
                public_url: PUBLIC_URL.to_owned(),
                outcome_queue: arn(OUTCOMES),
                pace: Pace::PRODUCTION,
            }),
        };
        (number, desk)
    }

    /// Invokes a function in an environment that is idle, or a new one.
    pub async fn invoke(&self, function: Function, payload: &Value) -> Outcome {
        if function != Function::Purge || self.sweeps_meet {
            return self.run(function, payload).await;
        }
        if self.sweeping.replace(true) {
            // Another one is under way.
            return Outcome::Killed;
        }
        let outcome = self.run(function, payload).await;
        self.sweeping.set(false);
        outcome
    }

    async fn run(&self, function: Function, payload: &Value) -> Outcome {
        clock::simulate(Timestamp::from_millisecond(self.now()).unwrap_or_default());
        let (number, desk) = self.environment(function);
        let killed = self.account.killed(number);
        let mut payload = payload.clone();
        if self.names_people.get() && payload.get("requestContext").is_some() {
            payload["requestContext"]["requestId"] = json!(MARK);
        }
        let payload = payload.to_string();
        let outcome = tokio::select! {
            biased;
            Ok(()) = killed => Outcome::Killed,
            reply = answer(&payload, TimeGuard { stage: Stage::Local }, |event| desk.answer(event)) => match reply {
                Ok(reply) => Outcome::Answered(serde_json::to_value(&reply).unwrap_or_default()),
                Err(error) => Outcome::Failed(error),
            },
        };
        match &outcome {
            Outcome::Killed => return outcome,
            Outcome::Failed(error) => self.errors.borrow_mut().push_str(&format!("{error}\n{error:?}\n")),
            Outcome::Answered(reply) if reply["statusCode"].as_u64().is_some_and(|status| status >= 400) => {
                self.errors.borrow_mut().push_str(&format!("{reply}\n"));
            }
            Outcome::Answered(_) => {}
        }
        // Lambda ends environments as it likes.
        if !self.percent(10) {
            self.idle.borrow_mut().entry(function).or_default().push((number, desk));
        }
        outcome
    }

    /// Whether a delivery is due: to the readers of the stream, by shard, and to those of the queues.
    pub fn due(&self) -> Vec<Delivery> {
        let aws = self.account.aws();
        let places = self.places.borrow();
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            let records = aws.tables.changes.iter().filter(|change| change.shard == shard).count();
            for reader in [Function::StreamRelay, Function::EvidenceSeal] {
                let place = places.get(&(reader, shard));
                let is_free = place.is_none_or(|place| !place.is_busy);
                if is_free && place.map_or(0, |place| place.next) < records {
                    due.push(Delivery::Stream(reader, shard));
                }
            }
        }
        let in_flight = self.in_flight.borrow();
        for (queue, reader) in READERS {
            let waiting = aws.queues.queues.get(queue).into_iter().flatten();
            let is_due = |message: &Waiting| message.not_before <= aws.now && !in_flight.contains(&message.id);
            if waiting.clone().any(is_due) {
                due.push(Delivery::Queue(queue, reader));
            }
        }
        due
    }

    /// Carries out one delivery.
    pub async fn deliver(&self, delivery: Delivery) {
        match delivery {
            Delivery::Stream(reader, shard) => self.read_stream(reader, shard).await,
            Delivery::Queue(queue, reader) => self.read_queue(queue, reader).await,
        }
    }

    fn record(number: usize, change: &Change, now: i64, signs_all: bool) -> Value {
        let name = match (&change.old, &change.new) {
            (None, _) => "INSERT",
            (_, None) => "REMOVE",
            _ => "MODIFY",
        };
        let mut record = json!({
            "eventID": format!("e{number}"), "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1", "eventName": name,
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:000000000000:table/habeas-Table/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": now / 1_000, "SequenceNumber": number.to_string(), "SizeBytes": 1,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                "Keys": { "pk": { "S": change.key.0 }, "sk": { "S": change.key.1 } },
            },
        });
        for (member, image) in [("OldImage", &change.old), ("NewImage", &change.new)] {
            if let Some(image) = image {
                record["dynamodb"][member] = json!(image);
            }
        }
        if change.by_ttl || signs_all {
            record["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
        }
        record
    }

    async fn read_stream(&self, reader: Function, shard: u64) {
        let (from, tries) = {
            let mut places = self.places.borrow_mut();
            let place = places.entry((reader, shard)).or_default();
            place.is_busy = true;
            (place.next, place.tries)
        };
        let (positions, records) = {
            let aws = self.account.aws();
            let of_shard = aws.tables.changes.iter().enumerate().filter(|(_, change)| change.shard == shard);
            // Lambda halves a batch that fails, down to the record that is to blame.
            let most = if tries > 2 { 1 } else { 1 + self.below(8) };
            let batch: Vec<_> = of_shard.skip(from).take(most).collect();
            let positions: Vec<usize> = batch.iter().map(|(number, _)| *number).collect();
            let records =
                batch.into_iter().map(|(number, change)| Self::record(number, change, aws.now, aws.tables.signs_all));
            let records: Vec<Value> = records.filter(|record| filter::reaches(reader.name(), record)).collect();
            (positions, records)
        };
        let outcome = match records.is_empty() {
            true => Outcome::Answered(json!({ "batchItemFailures": [] })),
            false => self.invoke(reader, &json!({ "Records": records })).await,
        };
        let done = match outcome.failures().map(|failures| failures.first().cloned()) {
            None => 0,
            Some(None) => positions.len(),
            Some(Some(first)) => positions.iter().position(|position| position.to_string() == first).unwrap_or(0),
        };
        let mut places = self.places.borrow_mut();
        let place = places.entry((reader, shard)).or_default();
        place.is_busy = false;
        place.next = from + done;
        place.tries = if done > 0 { 0 } else { place.tries + 1 };
        // A record that only ever fails goes to the bucket of failures. In an outage good ones would, too, and come back
        // from there by the operator's hand: here they wait, so that what was put aside is poison and nothing else.
        if let (true, [only]) = (place.tries > 3, positions.as_slice())
            && self.poison.borrow().contains(only)
        {
            self.put_aside.borrow_mut().insert(*only);
            place.next += 1;
            place.tries = 0;
        }
        let is_calm = self.account.aws().plan.per_mille == 0;
        assert!(!is_calm || place.tries <= TRIES_MAX, "{reader:?} is stuck at {positions:?}: {outcome:?}");
    }

    /// Lets a reader of the stream read again what it has read: a replay.
    pub fn replay(&self) {
        let mut seed = self.seed.borrow_mut();
        for place in self.places.borrow_mut().values_mut() {
            if !place.is_busy && seed.percent(50) {
                place.next = seed.below(place.next + 1);
            }
        }
    }

    async fn read_queue(&self, queue: &'static str, reader: Function) {
        let batch: Vec<Waiting> = {
            let mut aws = self.account.aws();
            let now = aws.now;
            let mut seed = self.seed.borrow_mut();
            let most = 1 + seed.below(10);
            let waiting = aws.queues.queues.entry(queue.to_owned()).or_default();
            let mut batch = Vec::new();
            let mut in_flight = self.in_flight.borrow_mut();
            // Any of them, in any order.
            let (begin, mut bytes) = (seed.below(waiting.len()), 0);
            for step in 0..waiting.len() {
                let position = (begin + step) % waiting.len();
                let message = &mut waiting[position];
                if batch.len() < most
                    && bytes + message.body.len() <= PAYLOAD_BYTES_MAX
                    && message.not_before <= now
                    && in_flight.insert(message.id.clone())
                {
                    bytes += message.body.len();
                    message.receives += 1;
                    message.receipt = format!("{}-{}", message.id, message.receives);
                    batch.push(message.clone());
                }
            }
            batch
        };
        let faults = self.account.aws().faults;
        let is_mail = reader == Function::DsarFulfil;
        let beside = self.mailing.replace(self.mailing.get() + usize::from(is_mail));
        let now = self.now();
        let records = batch.iter().map(|message| {
            json!({
                "messageId": message.id, "receiptHandle": message.receipt, "body": message.body, "md5OfBody": "",
                "attributes": {
                    "ApproximateReceiveCount": message.receives.to_string(), "SentTimestamp": now.to_string(),
                },
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
                "eventSourceARN": arn(queue),
            })
        });
        let payload = json!({ "Records": records.collect::<Vec<_>>() });
        let outcome = self.invoke(reader, &payload).await;
        let failed = outcome.failures();
        if is_mail {
            self.mailing.set(self.mailing.get() - 1);
            if beside > 0 || self.account.aws().faults > faults {
                self.doubts.set(self.doubts.get() + batch.len());
            }
        }
        let is_calm = self.account.aws().plan.per_mille == 0;
        let mut done: BTreeSet<String> = BTreeSet::new();
        for message in &batch {
            self.in_flight.borrow_mut().remove(&message.id);
            let is_done = failed.as_ref().is_some_and(|failed| !failed.contains(&message.id));
            // SQS delivers at least once: what is done may come again.
            if is_done && (is_calm || !self.percent(15)) {
                done.insert(message.id.clone());
            }
            assert!(
                is_done || !is_calm || message.receives <= 100 + TRIES_MAX,
                "{queue}: {} is never done: {outcome:?}",
                message.body
            );
        }
        let mut aws = self.account.aws();
        let waiting = aws.queues.queues.entry(queue.to_owned()).or_default();
        waiting.retain(|message| !done.contains(&message.id));
        if self.gives_up.get() {
            let tried: BTreeSet<&String> = batch.iter().map(|message| &message.id).collect();
            let most = filter::receives_max(queue);
            let is_over = |message: &mut Waiting| message.receives >= most && tried.contains(&message.id);
            let over: Vec<Waiting> = waiting.extract_if(.., is_over).collect();
            aws.queues.queues.entry(dead_letters(queue)).or_default().extend(over);
        }
        let waiting = aws.queues.queues.entry(queue.to_owned()).or_default();
        // In calm what failed comes again later, not at once.
        let again_at = now + self.comes_again.get().max(if is_calm { 30_000 } else { 0 });
        let again: BTreeSet<&String> =
            batch.iter().map(|message| &message.id).filter(|id| !done.contains(*id)).collect();
        for message in waiting.iter_mut().filter(|message| again.contains(&message.id)) {
            message.not_before = message.not_before.max(again_at);
        }
    }

    /// What lies in dead-letter queues goes back to where it came from: an operator's redrive.
    pub fn redrive(&self) {
        if self.forgets_the_dead.get() {
            return;
        }
        let mut aws = self.account.aws();
        for (queue, _) in READERS {
            let dead = aws.queues.queues.remove(&dead_letters(queue)).unwrap_or_default();
            let again = dead.into_iter().map(|message| Waiting { receives: 0, not_before: 0, ..message });
            aws.queues.queues.entry(queue.to_owned()).or_default().extend(again);
        }
    }

    /// Delivers until nothing waits any more; time passes where something waits for it.
    pub async fn rest(&self) {
        self.rest_until(i64::MAX).await;
    }

    /// The same, but for what waits until later than that time.
    pub async fn rest_until(&self, end: i64) {
        for _ in 0..TURNS_MAX {
            let due = self.due();
            if let Some(delivery) = due.into_iter().next() {
                self.deliver(delivery).await;
                continue;
            }
            let mut aws = self.account.aws();
            let queues = &aws.queues.queues;
            let waiting = READERS.iter().filter_map(|(queue, _)| queues.get(*queue)).flatten();
            match waiting.map(|message| message.not_before).min().filter(|next| *next <= end) {
                Some(next) => aws.now = aws.now.max(next),
                None => return,
            }
        }
        panic!("it does not come to rest");
    }
}

/// Something that can be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A batch of a shard, to one of its readers.
    Stream(Function, u64),
    /// Messages of a queue.
    Queue(&'static str, Function),
}

/// An HTTP request to a route, as the API hands it over.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// The route's path, under the controller.
    pub path: &'a str,
    /// Whose policy.
    pub controller: &'a str,
    /// Parameters of the path besides.
    pub parameters: Vec<(&'a str, &'a str)>,
    /// Headers besides.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: Value,
    /// The scope of the staff's token, and whose it is.
    pub staff: Option<(&'a str, &'a str)>,
    /// When it arrives, by the API's clock.
    pub at: i64,
    /// The API's name for it.
    pub id: &'a str,
}

impl Call<'_> {
    /// The payload.
    pub fn payload(&self) -> Value {
        let path = format!("/{}{}", self.controller, self.path);
        let mut headers =
            json!({ "host": "api.example", "accept": "application/json", "content-type": "application/json" });
        for (name, value) in &self.headers {
            headers[*name] = json!(value);
        }
        let mut parameters = json!({ "controller": self.controller });
        for (name, value) in &self.parameters {
            parameters[*name] = json!(value);
        }
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let mut payload = json!({
            "version": "2.0", "routeKey": format!("{} {}", self.method, path), "rawPath": path, "rawQueryString": query,
            "headers": headers, "pathParameters": parameters, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "000000000000", "apiId": "a1b2c3", "domainName": "api.example", "domainPrefix": "api",
                "http": {
                    "method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                    "userAgent": "faults/1",
                },
                "requestId": self.id, "routeKey": format!("{} {}", self.method, path), "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": self.at,
            },
        });
        if let Some((scope, who)) = self.staff {
            payload["headers"]["authorization"] = json!("Bearer of-the-issuer");
            let claims = json!({ "sub": who, "scope": scope, "controllers": self.controller });
            payload["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": [scope] } });
        }
        if self.method != "GET" {
            payload["body"] = json!(self.body.to_string());
        }
        payload
    }
}
