//! The clock of breaches over random histories and virtual time, with ticks that are late, skipped, doubled or broken
//! off: no clock runs out in silence, nothing open is forgotten, nobody is told twice but of a send in doubt.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    breach::{self, ActError, BreachStore, DeclareBreach},
    breach_clock,
};
use domain::{
    breach::{
        Act, Actor, Assessment, CircumstancesOf, DataKind, Decision, Entry, Exemption, Identification, Incident,
        PeopleAre, Protection, SeverityInputs, Standing, Submission, Watched, clocks,
    },
    clock::{Anchor, Duty, Law},
    ids::{BreachId, StaffId},
    policy::{Clause, Policy, Regime},
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use testkit::{Memory, build};

/// How far apart ticks are.
const TICK_MINUTES: i64 = 10;

fn start() -> Timestamp {
    build::at("2026-03-26T09:00:00Z")
}

fn policy() -> Policy {
    let mut policy = build::policy();
    policy.regimes = vec![Regime::EuGdpr, Regime::UsCa];
    policy.office.escalation = vec!["board@acme.example".into()];
    policy.breach.tell_of_attempts = true;
    policy.breach.within = Some(48.hours().fieldwise());
    policy.breach.clause = Clause::new("test.breach");
    policy
}

fn law(id: &str) -> Law {
    Law::parse(id).unwrap()
}

/// What somebody does, or what befalls the watch, in the minutes since the last step.
#[derive(Debug, Clone)]
enum Step {
    Happened(Anchor, i64),
    Named(usize),
    People(u64),
    Protected(usize),
    Tried(bool),
    Assessed(usize, bool),
    Decided(bool, usize),
    Notified(usize),
    AllTold,
    Lesson(i64),
    FollowedUp,
    Closed,
    Reopened,
    /// The watch runs so often at the same time.
    Ticks(usize),
    /// It breaks off after so many calls.
    Broken(usize),
}

const LAWS: [&str; 7] = ["eu-dora", "eu-nis2", "in-cert", "us-hipaa", "sg", "br-lgpd", "au"];
const ANCHORS: [Anchor; 6] = [
    Anchor::Awareness,
    Anchor::Discovery,
    Anchor::Determination,
    Anchor::Classification,
    Anchor::Suspicion,
    Anchor::Detection,
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..ANCHORS.len(), 0_i64..6_000).prop_map(|(n, ago)| Step::Happened(ANCHORS[n], ago)),
        2 => (0..LAWS.len()).prop_map(Step::Named),
        1 => (0_u64..2_000).prop_map(Step::People),
        1 => (0_usize..3).prop_map(Step::Protected),
        1 => any::<bool>().prop_map(Step::Tried),
        2 => (0_usize..4, any::<bool>()).prop_map(|(level, meant)| Step::Assessed(level, meant)),
        2 => (any::<bool>(), 0_usize..4).prop_map(|(authority, people)| Step::Decided(authority, people)),
        4 => (0_usize..40).prop_map(Step::Notified),
        1 => Just(Step::AllTold),
        1 => (1_i64..40).prop_map(Step::Lesson),
        1 => Just(Step::FollowedUp),
        1 => Just(Step::Closed),
        1 => Just(Step::Reopened),
        6 => (1_usize..4).prop_map(Step::Ticks),
        3 => (0_usize..12).prop_map(Step::Broken),
    ]
}

/// Steps, each with how many minutes later it comes.
fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let wait = prop_oneof![3 => 0_i64..30, 3 => 30_i64..600, 2 => 600_i64..6_000, 1 => 6_000_i64..30_000];
    prop::collection::vec((wait, step()), 5..40)
}

fn act_of(step: &Step, incident: &Incident, at: Timestamp) -> Option<Act> {
    let facts = |change: &dyn Fn(&mut domain::breach::Facts)| {
        let mut facts = incident.facts().clone();
        change(&mut facts);
        Some(Act::FactsChanged(Box::new(facts)))
    };
    match step {
        Step::Happened(anchor, ago) => Some(Act::Happened(*anchor, at - ago.minutes())),
        Step::Named(n) => facts(&|facts| {
            facts.laws.insert(law(LAWS[*n]));
        }),
        Step::People(people) => facts(&|facts| facts.people = Some(*people)),
        Step::Protected(n) => facts(&|facts| facts.protection = Protection::ALL[*n]),
        Step::Tried(tried) => facts(&|facts| facts.attempt_only = *tried),
        Step::Assessed(level, malicious) => Some(Act::Assessed(Assessment {
            inputs: SeverityInputs {
                data: DataKind::ALL[*level],
                adjustment: 0,
                identification: Identification::Maximum,
                confidentiality: CircumstancesOf::None,
                integrity: CircumstancesOf::None,
                availability: CircumstancesOf::None,
                malicious: *malicious,
            },
            reason: "As seen.".into(),
        })),
        Step::Decided(authority, people) => {
            let people = [
                PeopleAre::Told,
                PeopleAre::ToldInPublic,
                PeopleAre::NotTold(Exemption::NoHighRisk),
                PeopleAre::NotTold(Exemption::Investigation),
            ][*people];
            Some(Act::Decided(Decision { authority: *authority, people, reason: "So decided.".into() }))
        }
        Step::Notified(n) => {
            let open: Vec<_> = clocks(&policy(), incident)
                .into_iter()
                .filter(|clock| matches!(clock.standing, Standing::Running | Standing::Waiting))
                .filter_map(|clock| Some((clock.law?, clock.duty)))
                .filter(|(_, duty)| *duty != Duty::Assess)
                .collect();
            let (law, duty) = *open.get(n % open.len().max(1))?;
            let (to, reference) = ("them".into(), "1".into());
            Some(Act::Notified(Submission { law, duty, to, at, reference, version: incident.version() }))
        }
        Step::AllTold => Some(Act::AllTold),
        Step::Lesson(days) => {
            let day = (at + (days * 24).hours()).to_zoned(jiff::tz::TimeZone::UTC).date();
            Some(Act::Lesson("Rotate keys.".into(), Some(day)))
        }
        Step::FollowedUp => {
            incident.lessons().find(|(.., done)| !done).map(|(number, ..)| Act::FollowedUp(number, "Done.".into()))
        }
        Step::Closed => Some(Act::Closed("Nothing is left.".into())),
        Step::Reopened => Some(Act::Reopened("There is more.".into())),
        Step::Ticks(_) | Step::Broken(_) => None,
    }
}

/// The world: one breach, its watch, and what was promised to be checked.
struct World {
    policy: Policy,
    memory: Memory,
    id: BreachId,
    now: Timestamp,
    next_tick: Timestamp,
    /// Sends that may have gone out twice: one for each run that broke off.
    in_doubt: usize,
}

impl World {
    async fn incident(&self) -> Incident {
        self.memory.breach(&self.policy.controller, &self.id).await.unwrap().unwrap()
    }

    async fn next_at(&self) -> Option<Timestamp> {
        let mut next = None;
        for is_open in [true, false] {
            let page = self.memory.breach_register(&self.policy.controller, is_open, None, 10).await.unwrap();
            next = next.or(page.rows.into_iter().find_map(|row| row.next_at));
        }
        next
    }

    async fn tick(&self) {
        let clocked = breach_clock::watch(&self.memory, &[&self.policy], self.now, false).await.unwrap();
        assert_eq!(clocked.failed, 0);
        self.check().await;
    }

    /// What must hold after every tick that went through.
    async fn check(&self) {
        let incident = self.incident().await;
        let next = self.next_at().await;
        if incident.is_open() {
            assert!(next.is_some_and(|next| next > self.now), "open, and looked at next {next:?} at {}", self.now);
        }
        let sent = self.memory.sent();
        let mailed = |to: &str, what: &str| sent.iter().any(|mail| mail.to.disclose() == to && mail.tag.contains(what));
        for clock in clocks(&self.policy, &incident).iter().filter(|_| incident.is_open()) {
            let Some(due) = clock.due.filter(|_| clock.standing == Standing::Running) else { continue };
            let what = format!("{}~{}~", clock.name(), due.as_millisecond()).replace('~', "-");
            let half = clock.share_at(50).unwrap();
            if self.now >= half {
                assert!(mailed(&self.policy.contact_mail, &what), "{what} goes in silence at {}", self.now);
            }
            if self.now >= due {
                let days = self.now.duration_since(due).as_hours() / 24;
                let missed = format!("{what}missed-{days}-");
                assert!(mailed(&self.policy.contact_mail, &missed), "{missed} is not told of at {}", self.now);
                assert!(mailed("board@acme.example", &missed), "{missed} is not escalated at {}", self.now);
            }
        }
        // Nothing that stands open is without a reminder of its own kind for longer than a week.
        for reminder in domain::breach::reminders(&self.policy, &incident, self.now) {
            let what = reminder.name.replace('~', "-");
            assert!(mailed(&self.policy.contact_mail, &what), "{what} is owed at {}", self.now);
            assert!(!matches!(reminder.about, Watched::Unsettled(ref missing) if missing.is_empty()));
        }
        let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for mail in &sent {
            *times.entry((mail.to.disclose().as_str(), mail.tag.as_str())).or_default() += 1;
        }
        let twice: usize = times.values().map(|times| times - 1).sum();
        assert!(twice <= self.in_doubt, "{twice} told twice, {} in doubt", self.in_doubt);
    }

    /// Ticks come until then, some of them not.
    async fn pass(&mut self, minutes: i64) {
        let until = self.now + minutes.minutes();
        // A watch that is away for days looks once when it is back, as its schedule does.
        if until.duration_since(self.next_tick) > SignedDuration::from_hours(48) {
            self.next_tick = until - 24.hours();
        }
        while self.next_tick <= until {
            self.now = self.next_tick;
            self.tick().await;
            // Between looks nothing is due: the schedule's ticks in between find nothing, and are not played.
            let next = self.next_at().await.unwrap_or(until).max(self.now);
            let wait = next.duration_since(self.now).as_mins().max(0) / TICK_MINUTES * TICK_MINUTES;
            self.next_tick = self.now + wait.max(TICK_MINUTES).minutes();
            if self.next_tick <= until && self.next_tick < next {
                self.next_tick += TICK_MINUTES.minutes();
            }
        }
        self.now = until;
        // An entry makes the date anew: the next tick of the schedule comes within ten minutes.
        self.next_tick = until + TICK_MINUTES.minutes();
    }

    async fn play(&mut self, step: &Step) {
        match step {
            Step::Ticks(times) => {
                for _ in 0..*times {
                    self.tick().await;
                }
            }
            Step::Broken(calls) => {
                self.memory.fail_after(*calls);
                // One that breaks off says so, or counts what it could not look at.
                let broken = breach_clock::watch(&self.memory, &[&self.policy], self.now, false).await;
                self.memory.recover();
                self.in_doubt += usize::from(!broken.is_ok_and(|clocked| clocked.failed == 0));
            }
            step => {
                let incident = self.incident().await;
                let Some(act) = act_of(step, &incident, self.now) else { return };
                let by = match act.is_by_product() {
                    true => Actor::Product,
                    false => Actor::Staff(StaffId::parse("officer-1").unwrap()),
                };
                let entry = Entry { at: self.now, by, act };
                match breach::act(&self.policy, &self.memory, &self.id, incident.version(), entry).await {
                    Ok(after) => {
                        let next = self.next_at().await;
                        assert!(!after.is_open() || next.is_some(), "open, without a next date");
                    }
                    // What cannot happen now was refused, and changed nothing.
                    Err(ActError::Refused(_)) => assert_eq!(self.incident().await, incident),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

async fn declared(anchored: bool) -> World {
    let (policy, memory) = (policy(), Memory::new());
    let made = build::breach("breach", start() - 72.hours());
    let times = if anchored { vec![(Anchor::Awareness, start() - 2.hours())] } else { Vec::new() };
    let declaration = DeclareBreach {
        title: made.title,
        times,
        facts: made.facts,
        signals: BTreeSet::new(),
        declared_by: made.declared_by,
        key: "breach".into(),
        at: start(),
    };
    let id = breach::declare(&policy, &memory, declaration).await.unwrap().breach.id;
    World { policy, memory, id, now: start(), next_tick: start() + TICK_MINUTES.minutes(), in_doubt: 0 }
}

async fn simulate(anchored: bool, steps: &[(i64, Step)]) {
    let mut world = declared(anchored).await;
    for (minutes, step) in steps {
        world.pass(*minutes).await;
        world.play(step).await;
    }
    world.pass(24 * 60).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn no_clock_runs_out_in_silence_and_nothing_open_is_forgotten(anchored in any::<bool>(), steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(simulate(anchored, &steps));
    }
}
