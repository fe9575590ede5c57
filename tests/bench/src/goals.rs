//! The goals that these measurements answer, by the names that docs/PERFORMANCE.md gives them.

use crate::{
    instructions::Instructions,
    measure::Measured,
    subject::{HELLO, RELAYED_RECORDS},
};

const INIT_RATIO_MAX: f64 = 1.5;
const INIT_RATIO_WITH_POLICIES_MAX: f64 = 2.0;
const FIRST_MAX: u64 = 3_500_000;
const FIRST_PRIMED_MAX: u64 = 700_000;
const CONSENT_PEAK_KB_MAX: u64 = 10 << 10;
const PURGE_PEAK_KB_MAX: u64 = 20 << 10;
const ITEM_BYTES_MAX: u64 = 1_000;
const RELAY_RECORD_MAX: u64 = 32_000;

/// The function that needs no policy.
const WITHOUT_POLICIES: &str = "stream-relay";

/// What a peer's start, and what each of its warm events, must cost more than ours.
const PEERS: [(&str, f64, f64); 2] = [("python", 80.0, 13.0), ("node", 45.0, 22.0)];

/// A goal, or a part of one, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `G1`.
    pub goal: &'static str,
    /// What is asked for.
    pub asked: String,
    /// What was measured.
    pub found: String,
    /// Whether it is met; `None` if it was not measured.
    pub is_met: Option<bool>,
}

/// Answers every goal that these measurements can.
pub fn answers(measured: &[Measured]) -> Vec<Answer> {
    let find = |name: &str| measured.iter().find(|one| one.name == name);
    let functions: Vec<&Measured> = measured.iter().filter(|one| one.is_function()).collect();
    // An event of many records is held to its own goal.
    let single_events: Vec<&Measured> = functions.iter().copied().filter(|one| one.records == 1).collect();
    let (hello, capture) = (find(HELLO), find("consent-capture"));
    let mut answers = vec![
        init(&functions, hello.and_then(|hello| hello.instructions)),
        worst("G2", format!("first event ≤ {} instructions", millions(FIRST_MAX)), &single_events, |one| {
            one.instructions.map(|of| (of.first as f64 / FIRST_MAX as f64, millions(of.first)))
        }),
        single(
            "G2",
            format!("consent-capture's first event, connections primed ≤ {}", millions(FIRST_PRIMED_MAX)),
            capture.and_then(|one| one.instructions).map(|of| (of.first <= FIRST_PRIMED_MAX, millions(of.first))),
        ),
    ];
    for (name, limit) in [("consent-capture", CONSENT_PEAK_KB_MAX), ("purge", PURGE_PEAK_KB_MAX)] {
        let peak = find(name).and_then(|one| one.peak_kb);
        let said = peak.map(|peak| (peak <= limit, format!("{:.1} MB", peak as f64 / 1024.0)));
        answers.push(single("G5", format!("{name} peaks at ≤ {} MB", limit >> 10), said));
    }
    answers.push(worst(
        "G6",
        "zip ≤ 2.8 MB with one service, 0.4 more with each other".to_owned(),
        &functions,
        |one| {
            let zip = one.zip_bytes? as f64 / 1e6;
            let limit = 2.4 + 0.4 * one.services.len() as f64;
            Some((zip / limit, format!("{zip:.2} MB with {}", one.services.len())))
        },
    ));
    answers.push(single("G7", consent_asked(), capture.map(consent)));
    let relay = find(WITHOUT_POLICIES).and_then(|one| one.instructions);
    let a_record = relay.map(|of| of.warm / RELAYED_RECORDS as u64);
    answers.push(single(
        "G9",
        format!("stream-relay ≤ {} k instructions a record", RELAY_RECORD_MAX / 1_000),
        a_record.map(|a_record| (a_record <= RELAY_RECORD_MAX, format!("{:.1} k", a_record as f64 / 1e3))),
    ));
    for (name, start, warm) in PEERS {
        let both = find(name).and_then(|peer| peer.cpu).zip(capture.and_then(|capture| capture.cpu));
        let times = |ratio: f64, least: f64| (ratio >= least, format!("{ratio:.0} ×"));
        let started = both.map(|(peer, ours)| (peer.init_ms + peer.first_ms) / (ours.init_ms + ours.first_ms));
        let warmed = both.map(|(peer, ours)| peer.warm_us / ours.warm_us);
        let asked = |what: &str, least: f64| format!("{what}: {name} takes ≥ {least} × the CPU");
        answers.push(single("G3", asked("start and first event", start), started.map(|ratio| times(ratio, start))));
        answers.push(single("G4", asked("a warm event", warm), warmed.map(|ratio| times(ratio, warm))));
    }
    answers.sort_by_key(|answer| answer.goal);
    answers
}

fn millions(count: u64) -> String {
    format!("{:.2} M", count as f64 / 1e6)
}

fn single(goal: &'static str, asked: String, found: Option<(bool, String)>) -> Answer {
    let is_met = found.as_ref().map(|(is_met, _)| *is_met);
    Answer { goal, asked, found: found.map_or_else(|| "not measured".to_owned(), |(_, said)| said), is_met }
}

/// A goal of every function: how many miss it, and the one that is the furthest from it. The share of what is allowed
/// comes with its number.
fn worst(
    goal: &'static str,
    asked: String,
    functions: &[&Measured],
    share: impl Fn(&Measured) -> Option<(f64, String)>,
) -> Answer {
    let shares: Option<Vec<_>> = functions.iter().map(|one| Some((share(one)?, &one.name))).collect();
    let worst =
        shares.as_ref().and_then(|all| all.iter().max_by(|((one, _), _), ((other, _), _)| one.total_cmp(other)));
    let Some(((most, said), name)) = worst else { return single(goal, asked, None) };
    let missing = shares.iter().flatten().filter(|((share, _), _)| *share > 1.0).count();
    let found = match missing {
        0 => format!("at most {said} ({name})"),
        _ => format!("{missing} of {} miss it, most {name} with {said}", functions.len()),
    };
    single(goal, asked, Some((*most <= 1.0, found)))
}

fn init(functions: &[&Measured], hello: Option<Instructions>) -> Answer {
    let asked = format!(
        "start ≤ {INIT_RATIO_MAX} × hello's instructions, ≤ {INIT_RATIO_WITH_POLICIES_MAX} × with policies to be read at first use"
    );
    worst("G1", asked, functions, |one| {
        let ratio = one.instructions?.init as f64 / hello?.init as f64;
        let limit = if one.name == WITHOUT_POLICIES { INIT_RATIO_MAX } else { INIT_RATIO_WITH_POLICIES_MAX };
        Some((ratio / limit, format!("{ratio:.2} ×")))
    })
}

fn consent_asked() -> String {
    format!("consent-capture: 1 call, 0 reads, an item ≤ {ITEM_BYTES_MAX} B, nothing logged")
}

fn consent(capture: &Measured) -> (bool, String) {
    let calls: u64 = capture.warm.calls.values().sum();
    let puts = capture.warm.count("dynamodb:PutItem");
    let item = capture.warm.item_bytes_max;
    let is_met = calls == capture.warm_events && puts == calls && item <= ITEM_BYTES_MAX && capture.log_bytes == 0;
    let found = format!(
        "{} calls, {} of them no PutItem, an item of {item} B, {} B logged",
        capture.each(calls),
        capture.each(calls - puts),
        capture.each(capture.log_bytes)
    );
    (is_met, found)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{measure::Cpu, null_aws::Counted};

    /// Something that was measured, with these instructions to start.
    pub(crate) fn measured(name: &str, init: u64) -> Measured {
        let warm =
            Counted { calls: [("dynamodb:PutItem".to_owned(), 20)].into(), item_bytes_max: 400, ..Counted::default() };
        Measured {
            name: name.to_owned(),
            case: "given".to_owned(),
            is_peer: name == "python",
            records: 1,
            binary_bytes: 5_000_000,
            zip_bytes: Some(2_000_000),
            services: vec!["dynamodb", "kms"],
            instructions: Some(Instructions { init, first: 600_000, warm: 500_000 }),
            cpu: Some(Cpu { init_ms: 1.0, first_ms: 1.0, warm_us: 100.0 }),
            peak_kb: Some(6_000),
            init: Counted::default(),
            first: Counted::default(),
            warm,
            warm_events: 20,
            log_bytes: 0,
            log_lines: 0,
        }
    }

    fn answer(measured: &[Measured], goal: &str, part: &str) -> Answer {
        answers(measured).into_iter().find(|one| one.goal == goal && one.asked.contains(part)).unwrap()
    }

    #[test]
    fn a_start_is_held_against_the_yardstick() {
        let with = |init| [measured(HELLO, 400_000), measured("purge", init), measured("stream-relay", 500_000)];
        assert_eq!(answer(&with(800_000), "G1", "").is_met, Some(true));
        let missed = answer(&with(800_001), "G1", "");
        assert_eq!((missed.is_met, missed.found.as_str()), (Some(false), "1 of 2 miss it, most purge with 2.00 ×"));
        assert_eq!(answer(&[measured("purge", 1)], "G1", "").is_met, None, "there is no yardstick");
    }

    #[test]
    fn a_consent_that_reads_or_logs_misses_its_goal() {
        let mut capture = measured("consent-capture", 1);
        assert_eq!(answer(&[capture.clone()], "G7", "").is_met, Some(true));
        capture.warm.calls.insert("dynamodb:GetItem".to_owned(), 1);
        assert_eq!(answer(&[capture.clone()], "G7", "").is_met, Some(false));
        capture.warm.calls.remove("dynamodb:GetItem");
        capture.log_bytes = 1;
        assert_eq!(answer(&[capture], "G7", "").is_met, Some(false));
    }

    #[test]
    fn zips_may_be_larger_with_more_services() {
        let mut one = measured("purge", 1);
        one.zip_bytes = Some(3_200_000);
        assert_eq!(answer(&[one.clone()], "G6", "").is_met, Some(true));
        one.services = vec!["dynamodb"];
        assert_eq!(answer(&[one], "G6", "").is_met, Some(false));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let mut capture = measured("consent-capture", 1);
        capture.instructions = None;
        assert_eq!(answer(&[capture.clone()], "G2", "primed").is_met, None);
        assert_eq!(answer(&[capture.clone()], "G3", "python").is_met, None);
        let mut peer = measured("python", 1);
        peer.cpu = Some(Cpu { init_ms: 100.0, first_ms: 100.0, warm_us: 1_200.0 });
        assert_eq!(answer(&[capture.clone(), peer.clone()], "G3", "python").is_met, Some(true));
        assert_eq!(answer(&[capture, peer], "G4", "python").is_met, Some(false));
    }
}
