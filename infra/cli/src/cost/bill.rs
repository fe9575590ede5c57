//! From counts and prices to a month's bill.

use std::collections::BTreeMap;

use super::counts::{Counted, Counts, EventCounts, Standing, Work};

/// A month of 730 hours, as AWS reckons.
pub(crate) const MONTH_SECONDS: f64 = 730.0 * 3600.0;

const MONTH_HOURS: f64 = 730.0;
const MONTH_DAYS: f64 = 730.0 / 24.0;

/// How long evidence-seal's reader of the stream gathers (`GatherSeconds` in the template).
const SEAL_GATHERS_SECONDS: f64 = 60.0;

/// How often Lambda looks into a stream for a reader that gathers nothing.
const STREAM_LOOK_SECONDS: f64 = 0.25;

/// Lambda waits for messages of an idle queue with five connections, each for twenty seconds.
const IDLE_POLLS_A_MONTH: f64 = 5.0 * MONTH_SECONDS / 20.0;

/// Hourly ticks, and clock-watch's every ten minutes.
const TICKS: [(&str, f64); 3] =
    [("tick-clock", 6.0 * MONTH_HOURS), ("tick-purge", MONTH_HOURS), ("tick-seal", MONTH_HOURS)];

/// The event of signing one controller's chains.
const CHECKPOINT: &str = "checkpoint";

const GB: f64 = 1e9;

/// Units by the name of their price.
pub(crate) type Amounts = BTreeMap<&'static str, f64>;

/// What a month has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Month {
    /// Events by name.
    pub(crate) events: BTreeMap<String, f64>,
    /// Controllers whose people they are about, each with as many.
    pub(crate) controllers: f64,
}

/// What a month's events of one kind use.
///
/// What is done for a batch is shared by what is in it. The two sizes that were counted say what is done for each event
/// and what for each batch; how many share one follows from how many come in the time that is gathered.
pub(crate) fn used(
    name: &str,
    event: &EventCounts,
    month: &Month,
    counts: &Counts,
    milliseconds: &Milliseconds,
) -> Amounts {
    let events = month.events.get(name).copied().unwrap_or_default();
    let a_second = month.events.values().sum::<f64>() / MONTH_SECONDS / month.controllers;
    let shares = |who: &str| match (name.starts_with("purge-"), who) {
        // What is due is found at the hour's tick.
        (true, _) => events / MONTH_HOURS,
        (_, "evidence-seal") => 1.0 + a_second * SEAL_GATHERS_SECONDS,
        _ => 1.0 + a_second * STREAM_LOOK_SECONDS,
    };
    let mut used = Amounts::new();
    for (who, weight, counted) in parts(event, shares) {
        let work = counted.by.get(who.as_str()).cloned().unwrap_or_default();
        let scale = weight * events;
        add_work(&mut used, &who, &work, scale, &counts.standing, milliseconds);
    }
    for (weight, counted) in weights(event, shares("")) {
        add_whole(&mut used, counted, weight * events);
    }
    used
}

/// What is used by what stands, and by what the schedules do when nothing happens.
pub(crate) fn floor(counts: &Counts, controllers: f64, milliseconds: &Milliseconds) -> Amounts {
    let standing = &counts.standing;
    let mut used = Amounts::new();
    add(&mut used, "kms_key", number(standing.kms_keys));
    add(&mut used, "alarm", number(standing.alarms));
    add(&mut used, "metric", number(standing.metrics));
    add(&mut used, "sqs_request", number(standing.polled_queues) * IDLE_POLLS_A_MONTH);
    for (tick, times) in TICKS.into_iter().chain([(CHECKPOINT, MONTH_DAYS * controllers)]) {
        let Some(event) = counts.events.get(tick) else { continue };
        let times = times / number(event.alone.of);
        for (who, work) in &event.alone.by {
            add_work(&mut used, who, work, times, standing, milliseconds);
        }
        // The checkpoint's own tick is one of the hour's.
        let times = if tick == CHECKPOINT { 0.0 } else { times };
        add_whole(&mut used, &event.alone, times);
    }
    used
}

/// How long an invocation takes beside its calls, and a call to each service.
pub(crate) type Milliseconds = BTreeMap<String, f64>;

/// What each of the two counts weighs, for one event of a batch of that many: what fits the two and lies between them.
fn weights(event: &EventCounts, batch: f64) -> [(f64, &Counted); 2] {
    let (few, many) = (number(event.alone.of), number(event.together.of));
    let batch = batch.clamp(few, many.max(few));
    // Where b is between a and m, the cost of one is s + o/b: linear in 1/b.
    let share = if many > few { (1.0 / batch - 1.0 / many) / (1.0 / few - 1.0 / many) } else { 1.0 };
    [(share / few, &event.alone), ((1.0 - share) / many, &event.together)]
}

fn parts(event: &EventCounts, shares: impl Fn(&str) -> f64) -> Vec<(String, f64, &Counted)> {
    let mut who: Vec<&String> = event.alone.by.keys().chain(event.together.by.keys()).collect();
    who.sort();
    who.dedup();
    who.into_iter()
        .flat_map(|who| weights(event, shares(who)).map(|(weight, counted)| (who.clone(), weight, counted)))
        .collect()
}

fn add_work(used: &mut Amounts, who: &str, work: &Work, times: f64, standing: &Standing, milliseconds: &Milliseconds) {
    let calls = |begins: &str| number(work.calls_of(begins));
    for (price, amount) in [
        ("lambda_request", number(work.invocations)),
        ("write_unit", work.write_units),
        ("read_unit", work.read_units),
        ("s3_put", calls("s3:PUT") + calls("s3:POST") + calls("s3:LIST")),
        ("s3_get", calls("s3:GET") + calls("s3:HEAD")),
        ("sqs_request", calls("sqs:")),
        ("sns_publish", calls("sns:")),
        ("kms_asymmetric", calls("kms:Sign") + calls("kms:GetPublicKey")),
        ("kms_request", calls("kms:Decrypt") + calls("kms:GenerateDataKey")),
        ("mail", calls("ses:SendEmail")),
    ] {
        add(used, price, amount * times);
    }
    let Some(memory) = standing.memory_mb.get(who) else { return };
    let a_call = |call: &str| {
        let service = call.split(':').next().unwrap_or_default();
        milliseconds.get(service).copied().unwrap_or_default()
    };
    let own = milliseconds.get("invocation").copied().unwrap_or_default() * number(work.invocations);
    let waits: f64 = work.calls.iter().map(|(call, count)| a_call(call) * number(*count)).sum();
    add(used, "lambda_gb_second", (own + waits) / 1000.0 * number(*memory) / 1024.0 * times);
}

fn add_whole(used: &mut Amounts, counted: &Counted, times: f64) {
    #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
    let grown = counted.table_bytes.max(0) as f64;
    for (price, amount) in [
        ("http_request", number(counted.http)),
        ("schedule", number(counted.schedules)),
        ("log_gb", number(counted.log_bytes) / GB),
        ("table_gb", grown / GB),
        ("object_gb", number(counted.object_bytes) / GB),
    ] {
        add(used, price, amount * times);
    }
}

fn add(used: &mut Amounts, price: &'static str, amount: f64) {
    if amount != 0.0 {
        *used.entry(price).or_default() += amount;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(invocations: u64, calls: &[(&str, u64)], write_units: f64) -> Work {
        let calls = calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Work { invocations, calls, write_units, read_units: 0.0 }
    }

    /// A capture that is one write, and whose evidence is one object a batch.
    fn counts() -> Counts {
        let counted = |of: u64, seals: u64| Counted {
            of,
            http: of,
            log_bytes: 10 * of,
            by: BTreeMap::from([
                ("consent-capture".to_owned(), work(of, &[("dynamodb:PutItem", of)], number(of))),
                ("evidence-seal".to_owned(), work(seals, &[("s3:PUT", seals)], 0.0)),
            ]),
            ..Counted::default()
        };
        let event = EventCounts { what: "a capture".to_owned(), alone: counted(1, 1), together: counted(1_000, 1) };
        let standing = Standing {
            kms_keys: 3,
            alarms: 2,
            polled_queues: 1,
            metrics: 4,
            memory_mb: BTreeMap::from([("consent-capture".to_owned(), 128)]),
        };
        Counts { v: 1, standing, events: BTreeMap::from([("capture".to_owned(), event)]) }
    }

    fn amounts(events: f64) -> Amounts {
        let (counts, milliseconds) =
            (counts(), BTreeMap::from([("invocation".to_owned(), 3.0), ("dynamodb".to_owned(), 5.0)]));
        let month = Month { events: BTreeMap::from([("capture".to_owned(), events)]), controllers: 1.0 };
        used("capture", &counts.events["capture"], &month, &counts, &milliseconds)
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    }

    #[test]
    fn what_each_event_does_grows_with_the_events() {
        let used = amounts(1e6);
        assert!(near(used["http_request"], 1e6) && near(used["write_unit"], 1e6), "{used:?}");
        assert!(near(used["log_gb"], 0.01), "{used:?}");
        assert!(near(used["lambda_gb_second"], 1e6 * 0.008 * 0.125), "{used:?}");
    }

    #[test]
    fn what_is_done_for_a_batch_is_shared_by_what_comes_meanwhile() {
        let few = amounts(1.0);
        assert!((few["s3_put"] - 1.0).abs() < 1e-3, "one alone pays its object: {few:?}");
        // A million a month are 22.8 beside each, in a minute.
        let many = amounts(1e6);
        let batch = 1.0 + 1e6 / MONTH_SECONDS * 60.0;
        assert!(near(many["s3_put"], 1e6 / batch), "{many:?}");
        let most = amounts(1e10);
        assert!(near(most["s3_put"], 1e7), "a batch holds no more than a thousand: {most:?}");
    }

    #[test]
    fn an_idle_month_pays_for_what_stands() {
        let used = floor(&counts(), 1.0, &BTreeMap::new());
        assert_eq!((used["kms_key"], used["alarm"], used["metric"]), (3.0, 2.0, 4.0));
        assert!(near(used["sqs_request"], 657_000.0), "{used:?}");
        assert!(!used.contains_key("write_unit"), "{used:?}");
    }
}
