//! The controller's own systems, on ports in memory: what is handed over to whom, what they may tell and
//! when, and that one which does not answer delays itself alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use app::{
    holds::{self, HoldKey, HoldStore},
    keys::Keys,
    requests::{self, Confided, NewEntry, RequestKey, RequestLog, head_of},
    systems::{self, Desk, Errand, OutcomeRefused, Step, SystemStates, Taken},
    tombstones::Tombstones,
};
use domain::{
    dsar::{Act, Actor, Exception, Outcome, RefusalGround, RequestType, Ruling, TaskEnd},
    hold::{Hold, HoldReason, HoldScope},
    ids::{Ground, RequestId, StaffId, SystemId},
    policy::{Clause, Policy, SystemKind, SystemRule},
    sensitive::Sensitive,
    system::{Pace, TaskId, TaskOutcome},
    tombstone::Tombstone,
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{Memory, build};

const CRM: &str = "https://crm.example/habeas";
const MAILER: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/mailer";
const DESK: Desk<'static> = Desk { public_url: "https://privacy.example", pace: Pace::PRODUCTION };

fn start() -> Timestamp {
    build::at("2026-02-02T12:00:00Z")
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn system(name: &str) -> SystemId {
    SystemId::parse(name).unwrap()
}

fn policy() -> Policy {
    let mut policy = testkit::policy();
    let kinds =
        [("crm", SystemKind::Webhook { url: CRM.into() }), ("mailer", SystemKind::Queue { url: MAILER.into() })];
    for (name, kind) in kinds {
        let rule = SystemRule {
            id: system(name),
            title: name.into(),
            kind,
            categories: [build::category("account")].into(),
            requests: [RequestType::Access, RequestType::Erasure, RequestType::Rectification].into(),
            clause: Clause::new("test.systems"),
        };
        policy.systems.insert(rule.id.clone(), rule);
    }
    policy
}

struct Case {
    policy: Policy,
    memory: Memory,
    key: RequestKey,
}

impl Case {
    /// A request whose tasks are open.
    async fn new(request: RequestType, ruling: Option<Ruling>) -> Self {
        let (policy, memory) = (policy(), Memory::new());
        let keys = memory.controller(&policy.controller).await.unwrap();
        let subject = keys.pepper.subject(&build::mail("ada@example.com"));
        let key = build::request(&policy.controller, &subject, "request");
        let mut received = build::received(request, start());
        received.verification = domain::policy::VerificationRule::None;
        let confided = Confided {
            identifier: Some(build::mail("ada@example.com")),
            corrections: BTreeMap::from([(build::field("city"), Sensitive::new("Paris".to_owned()))]),
            ..Confided::default()
        };
        let head = head_of(&policy, &domain::dsar::RequestState::new(received.clone()));
        memory.receive(&key, &received, &confided, &build::id("fingerprint"), &head).await.unwrap();
        let case = Self { policy, memory, key };
        if let Some(ruling) = ruling {
            case.append(Actor::Product, Act::Decided(Outcome::WithOffice)).await;
            case.append(Actor::Staff(StaffId::parse("clerk").unwrap()), Act::Ruled(ruling)).await;
        }
        case.append(Actor::Product, Act::TasksOpened(vec![system("crm"), system("mailer")])).await;
        case
    }

    async fn append(&self, by: Actor, act: Act) {
        let entry = NewEntry::new(start(), by, act);
        requests::record(&self.policy, &self.memory, &self.key, |_| Some(entry.clone())).await.unwrap();
    }

    fn errand(&self, name: &str, attempts: u32) -> Errand {
        Errand { key: self.key.clone(), system: system(name), opened_at: start(), attempts }
    }

    async fn deliver(&self, name: &str, attempts: u32, now: Timestamp) -> Step {
        systems::deliver(&self.policy, &self.memory, &DESK, &self.errand(name, attempts), now).await.unwrap()
    }

    fn task(&self, name: &str) -> TaskId {
        TaskId { request: self.key.request.clone(), system: system(name) }
    }

    async fn tell_of(&self, by: &str, task: &TaskId, outcome: &TaskOutcome) -> Result<Taken, OutcomeRefused> {
        let told = (task, outcome);
        systems::take_outcome(&self.policy, &self.memory, &system(by), told, &Pace::PRODUCTION, after(60)).await
    }

    async fn tell(&self, name: &str, outcome: &TaskOutcome) -> Taken {
        self.tell_of(name, &self.task(name), outcome).await.unwrap()
    }

    async fn end(&self, name: &str) -> Option<TaskEnd> {
        let state = self.memory.request(&self.key).await.unwrap().unwrap().state;
        state.tasks()[&system(name)].cloned()
    }

    async fn waiting(&self, name: &str) -> usize {
        self.memory.open_tasks(&self.policy.controller, &system(name)).await.unwrap().len()
    }

    fn urls(&self) -> Vec<String> {
        self.memory.handed_over().into_iter().map(|handed_over| handed_over.url).collect()
    }
}

const DONE: TaskOutcome = TaskOutcome::Done { records: 3 };

#[tokio::test]
async fn a_task_says_whom_it_is_about_and_what_to_leave_alone() {
    let except =
        Exception { category: build::category("account"), purpose: None, ground: RefusalGround::LegalObligation };
    let ruling = Ruling::Approve { except: vec![except.clone()] };
    let case = Case::new(RequestType::Erasure, Some(ruling)).await;
    let step = case.deliver("crm", 1, start()).await;
    assert_eq!(step, Step::Later { seconds: Pace::PRODUCTION.outcome_seconds });
    let handed_over = case.memory.handed_over().remove(0);
    let task = handed_over.task;
    assert_eq!((handed_over.url.as_str(), handed_over.secrets), (CRM, 1));
    assert_eq!((task.id, task.identifier), (case.task("crm"), build::mail("ada@example.com")));
    assert_eq!((task.except, task.categories), (vec![except], [build::category("account")].into()));
    assert_eq!(task.callback, format!("https://privacy.example/{}/v1/systems/crm/outcomes", case.policy.controller));
    assert!(task.due_before > start() + SignedDuration::from_hours(24 * 20));

    let case = Case::new(RequestType::Rectification, None).await;
    case.deliver("mailer", 1, start()).await;
    let task = case.memory.handed_over().remove(0).task;
    assert_eq!(task.corrections[&build::field("city")].disclose(), "Paris");
    assert_eq!(case.urls(), [MAILER]);
}

#[tokio::test]
async fn a_dead_system_delays_itself_alone_and_shows() {
    let case = Case::new(RequestType::Erasure, None).await;
    case.memory.fail_system(CRM, "timeout");
    for attempts in 1..=3 {
        let step = case.deliver("crm", attempts, after(i64::from(attempts))).await;
        let Step::Failed { seconds, in_a_row } = step else { panic!("{step:?}") };
        assert_eq!(in_a_row, attempts);
        assert!((30..=30 << attempts).contains(&seconds), "{seconds}");
    }
    // It is left alone now: even though it is back, nobody calls it until its pause is over.
    case.memory.mend_system(CRM);
    let Step::Later { seconds } = case.deliver("crm", 4, after(4)).await else { panic!("it is left alone") };
    assert!((20..=80).contains(&seconds), "{seconds}");
    assert!(case.urls().is_empty());
    // The other system is asked as ever.
    case.deliver("mailer", 1, after(4)).await;
    assert_eq!(case.urls(), [MAILER]);

    let views = systems::overview(&case.policy, &case.memory).await.unwrap();
    let crm = &views[&system("crm")];
    assert_eq!(crm.state.health.failures_in_a_row, 3);
    assert_eq!(crm.state.health.failure, Some((after(3), "timeout".to_owned())));
    assert_eq!(crm.open, [(case.task("crm"), start())]);
    assert_eq!(views[&system("mailer")].state.health.failures_in_a_row, 0);
    let state = case.memory.request(&case.key).await.unwrap().unwrap().state;
    let waited_for: Vec<_> = state.tasks().into_iter().filter(|(_, end)| end.is_none()).collect();
    assert_eq!(waited_for, [(&system("crm"), None), (&system("mailer"), None)]);

    // After the pause one call finds that it is back, and it is well.
    let step = case.deliver("crm", 5, after(3 + 61)).await;
    assert!(matches!(step, Step::Later { .. }), "{step:?}");
    assert_eq!(case.urls(), [MAILER, CRM]);
    let views = systems::overview(&case.policy, &case.memory).await.unwrap();
    assert_eq!(views[&system("crm")].state.health.failures_in_a_row, 0);
}

#[tokio::test]
async fn one_call_at_a_time_finds_out_whether_a_system_is_back() {
    let case = Case::new(RequestType::Erasure, None).await;
    case.memory.fail_system(CRM, "http-503");
    for attempts in 1..=3 {
        case.deliver("crm", attempts, start()).await;
    }
    // Two messages come at the same moment, right after the pause: somebody else takes the first place.
    let (policy, key) = (case.policy.clone(), case.key.clone());
    case.memory.meanwhile(3, move |memory| {
        let errand = Errand { key, system: system("crm"), opened_at: start(), attempts: 4 };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let memory = memory.clone();
        std::thread::spawn(move || {
            let step = runtime.block_on(systems::deliver(&policy, &memory, &DESK, &errand, after(120)));
            assert!(matches!(step, Ok(Step::Failed { in_a_row: 4, .. })), "{step:?}");
        })
        .join()
        .unwrap();
    });
    let step = case.deliver("crm", 4, after(120)).await;
    assert!(matches!(step, Step::Later { .. }), "{step:?}");
    assert!(case.memory.nobody_else());
    let views = systems::overview(&case.policy, &case.memory).await.unwrap();
    assert_eq!(views[&system("crm")].state.health.failures_in_a_row, 4, "it was called once");
}

#[tokio::test]
async fn an_outcome_is_taken_once_and_the_first_one_stands() {
    let case = Case::new(RequestType::Erasure, None).await;
    case.deliver("crm", 1, start()).await;
    assert_eq!(case.waiting("crm").await, 1);
    assert_eq!(case.tell("crm", &DONE).await, Taken::Taken);
    assert_eq!(case.waiting("crm").await, 0);
    for told in [DONE, TaskOutcome::NotFound, TaskOutcome::Done { records: 0 }] {
        assert_eq!(case.tell("crm", &told).await, Taken::StoodAlready);
    }
    assert_eq!(case.end("crm").await, Some(TaskEnd::Done { records: 3 }));
    assert_eq!(case.end("mailer").await, None, "the other one is still waited for");
    // Its message comes once more and ends.
    assert_eq!(case.deliver("crm", 2, after(90)).await, Step::Finished);
    assert_eq!(case.urls(), [CRM]);
    assert_eq!(case.waiting("crm").await, 0);
    let state = case.memory.request(&case.key).await.unwrap().unwrap().state;
    let by: Vec<&Actor> = state.history.iter().map(|entry| &entry.by).collect();
    assert_eq!(by.last(), Some(&&Actor::System(system("crm"))));
}

#[tokio::test]
async fn an_outcome_that_comes_too_late_changes_nothing() {
    let case = Case::new(RequestType::Erasure, None).await;
    let clerk = || Actor::Staff(StaffId::parse("clerk").unwrap());
    case.append(clerk(), Act::TaskEnded(system("crm"), TaskEnd::GivenUp)).await;
    assert_eq!(case.tell("crm", &DONE).await, Taken::TooLate);
    assert_eq!(case.end("crm").await, Some(TaskEnd::GivenUp));
    case.append(Actor::Requester, Act::Withdrawn).await;
    assert_eq!(case.tell("mailer", &DONE).await, Taken::TooLate);
    assert_eq!(case.end("mailer").await, None);
    assert_eq!(case.deliver("mailer", 2, after(90)).await, Step::Finished);
    assert!(case.urls().is_empty(), "nothing is erased for a request that was taken back");
}

#[tokio::test]
async fn one_system_ends_no_task_of_another() {
    let case = Case::new(RequestType::Erasure, None).await;
    let never = RequestId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    for (by, task) in [
        ("crm", case.task("mailer")),
        ("shop", case.task("shop")),
        ("crm", TaskId { request: never, system: system("crm") }),
    ] {
        let refused = case.tell_of(by, &task, &DONE).await;
        assert!(matches!(refused, Err(OutcomeRefused::Unknown)), "{by} {task}: {refused:?}");
    }
    assert_eq!((case.end("crm").await, case.end("mailer").await), (None, None));
}

#[tokio::test]
async fn only_an_answer_to_what_was_asked_is_taken() {
    let data = TaskOutcome::Data(Sensitive::new("{}".to_owned()));
    for (request, wrong) in [(RequestType::Erasure, &data), (RequestType::Access, &DONE)] {
        let case = Case::new(request, None).await;
        let refused = case.tell_of("crm", &case.task("crm"), wrong).await;
        assert!(matches!(refused, Err(OutcomeRefused::NoAnswer)), "{refused:?}");
        assert_eq!(case.end("crm").await, None);
        assert!(case.memory.system_objects().is_empty());
        assert_eq!(case.tell("crm", &TaskOutcome::NotFound).await, Taken::Taken);
    }
}

#[tokio::test]
async fn what_a_system_hands_over_waits_sealed_until_the_answer_holds_it() {
    let case = Case::new(RequestType::Access, None).await;
    let data = Sensitive::new(r#"{"name":"Ada"}"#.to_owned());
    assert_eq!(case.tell("crm", &TaskOutcome::Data(data.clone())).await, Taken::Taken);
    assert_eq!(case.tell("mailer", &TaskOutcome::NotFound).await, Taken::Taken);
    let state = case.memory.request(&case.key).await.unwrap().unwrap().state;
    let delivered = systems::delivered(&case.memory, &case.key, &state).await.unwrap();
    assert_eq!(delivered, BTreeMap::from([(system("crm"), data)]));

    let (controller, subject) = (&case.key.controller, &case.key.subject);
    let other = Case::new(RequestType::Access, None).await;
    other.tell("crm", &TaskOutcome::Data(Sensitive::new("{}".to_owned()))).await;
    other.memory.destroy_subject_key(controller, subject, after(90)).await.unwrap();
    let state_of_other = other.memory.request(&other.key).await.unwrap().unwrap().state;
    assert!(systems::delivered(&other.memory, &other.key, &state_of_other).await.unwrap().is_empty());

    systems::drop_delivered(&case.memory, &state).await.unwrap();
    systems::drop_delivered(&case.memory, &state).await.unwrap();
    assert!(case.memory.system_objects().is_empty());
    assert!(systems::delivered(&case.memory, &case.key, &state).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_system_hands_over_after_an_erasure_is_not_kept() {
    for (days, purposes, kept) in [(1, vec![], false), (-1, vec![], true), (1, vec!["marketing"], true)] {
        let case = Case::new(RequestType::Access, None).await;
        let erased_until = start() + (24 * days).hours();
        let tombstone = Tombstone {
            subject: case.key.subject.clone(),
            request: build::id("erasure"),
            purposes: purposes.into_iter().map(build::purpose).collect(),
            except: Vec::new(),
            at: erased_until,
            erased_until,
        };
        case.memory.bury_subject(&case.policy.controller, &tombstone).await.unwrap();
        let data = TaskOutcome::Data(Sensitive::new("{}".to_owned()));
        assert_eq!(case.tell("crm", &data).await, Taken::Taken);
        assert_eq!(case.memory.system_objects().is_empty(), !kept);
        assert_eq!(case.end("crm").await == Some(TaskEnd::NotFound), !kept, "it is over, whatever was in it");
    }
}

#[tokio::test]
async fn a_system_that_says_it_failed_is_asked_again() {
    let case = Case::new(RequestType::Erasure, None).await;
    let failed = TaskOutcome::Failed { reason: Ground::parse("maintenance").unwrap() };
    assert_eq!(case.tell("crm", &failed).await, Taken::AskedAgain);
    assert_eq!(case.end("crm").await, None);
    let state = case.memory.system_state(&case.policy.controller, &system("crm")).await.unwrap();
    assert_eq!(state.health.failure, Some((after(60), "said-maintenance".to_owned())));
    assert_eq!(case.tell("crm", &DONE).await, Taken::Taken);
}

#[tokio::test]
async fn a_system_erases_all_but_what_a_wide_hold_keeps() {
    let case = Case::new(RequestType::Erasure, None).await;
    let place = async |name: &str, scope, reason| {
        let hold = Hold::new(build::id(name), scope, reason, (start(), "clerk".into()), start() + 720.hours());
        case.memory.place_hold(&case.policy.controller, &hold).await.unwrap();
        HoldKey::from(&hold)
    };
    let accounts = HoldScope::Category(build::category("account"));
    let accounts = place("accounts", accounts, HoldReason::LegalObligation).await;
    // Neither concerns this system: it has accounts alone, and is none of this product's own places.
    let categories = [build::category("server-log")].into();
    let incident = HoldScope::Incident { breach: build::id("breach"), categories, until: start() };
    place("incident", incident, HoldReason::Investigation).await;
    place("elsewhere", HoldScope::System(domain::record::System::S3), HoldReason::Investigation).await;
    case.deliver("mailer", 1, start()).await;
    case.memory.release_hold(&case.policy.controller, &accounts, "clerk", after(60)).await.unwrap();
    case.deliver("mailer", 2, after(90)).await;
    let except = case.memory.handed_over().into_iter().map(|handed_over| handed_over.task.except);
    let (category, ground) = (build::category("account"), RefusalGround::LegalObligation);
    assert_eq!(except.collect::<Vec<_>>(), [vec![Exception { category, purpose: None, ground }], vec![]]);
}

#[tokio::test]
async fn a_legal_hold_keeps_what_a_system_would_erase() {
    let case = Case::new(RequestType::Erasure, None).await;
    let scope = HoldScope::Subject(case.key.subject.clone());
    let opened = (start(), "clerk".into());
    let hold = Hold::new(build::id("hold"), scope, HoldReason::LegalClaim, opened, start() + 720.hours());
    case.memory.place_hold(&case.policy.controller, &hold).await.unwrap();
    assert_eq!(case.deliver("crm", 1, start()).await, Step::Finished);
    assert!(case.urls().is_empty());
    assert_eq!(case.end("crm").await, Some(TaskEnd::Kept { records: 0, ground: RefusalGround::LegalClaims }));
    holds::release(&case.policy, &case.memory, &HoldKey::from(&hold), "clerk", after(60)).await.unwrap();
    case.deliver("mailer", 1, after(90)).await;
    assert_eq!(case.urls(), [MAILER], "once released, it no longer keeps anything");
}

#[tokio::test]
async fn tries_end_when_the_answer_is_due_and_people_see_it() {
    let case = Case::new(RequestType::Erasure, None).await;
    let head = head_of(&case.policy, &case.memory.request(&case.key).await.unwrap().unwrap().state);
    case.memory.fail_system(CRM, "http-500");
    let shortly_before = head.due_at - SignedDuration::from_secs(300);
    let Step::Failed { seconds, .. } = case.deliver("crm", 900, shortly_before).await else { panic!("it fails") };
    assert!(seconds <= 300, "{seconds}");
    let step = case.deliver("crm", 901, head.due_at).await;
    assert_eq!(step, Step::Buried { reason: "the system did not take the task before the answer was due" });
    // Sent back by people once the system is mended, it is handed over once more.
    case.memory.mend_system(CRM);
    assert_eq!(case.deliver("crm", 1, head.due_at + SignedDuration::from_hours(9)).await, Step::Finished);
    assert_eq!(case.urls(), [CRM]);
    assert_eq!(case.tell("crm", &DONE).await, Taken::Taken, "late is better than never while it is open");
}

#[tokio::test]
async fn a_request_that_is_not_there_and_one_whose_key_is_gone_are_for_people() {
    let case = Case::new(RequestType::Erasure, None).await;
    let nobody = RequestKey { request: RequestId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap(), ..case.key.clone() };
    let errand = Errand { key: nobody, ..case.errand("crm", 1) };
    let step = systems::deliver(&case.policy, &case.memory, &DESK, &errand, start()).await.unwrap();
    assert_eq!(step, Step::Buried { reason: "there is no such request" });
    case.memory.destroy_subject_key(&case.key.controller, &case.key.subject, after(1)).await.unwrap();
    let step = case.deliver("crm", 1, start()).await;
    assert_eq!(step, Step::Buried { reason: "the identifier of the request cannot be opened" });
    // A system that this version of the policy does not name may be known to another.
    let errand = Errand { system: system("crm"), ..case.errand("crm", 1) };
    let mut policy = case.policy.clone();
    policy.systems.clear();
    let step = systems::deliver(&policy, &case.memory, &DESK, &errand, start()).await.unwrap();
    assert!(matches!(step, Step::Later { .. }), "{step:?}");
}

#[tokio::test]
async fn a_crash_at_any_step_is_mended_by_the_next_try() {
    for crash in 0..30 {
        let case = Case::new(RequestType::Access, None).await;
        let data = TaskOutcome::Data(Sensitive::new("{}".to_owned()));
        case.memory.fail_after(crash);
        let errand = case.errand("crm", 1);
        let _ = systems::deliver(&case.policy, &case.memory, &DESK, &errand, start()).await;
        let _ = case.tell_of("crm", &case.task("crm"), &data).await;
        case.memory.recover();
        case.deliver("crm", 2, after(30)).await;
        assert!(matches!(case.tell("crm", &data).await, Taken::Taken | Taken::StoodAlready), "{crash}");
        assert_eq!(case.deliver("crm", 3, after(60)).await, Step::Finished, "{crash}");
        assert!(matches!(case.end("crm").await, Some(TaskEnd::Delivered { .. })), "{crash}");
        assert_eq!((case.waiting("crm").await, case.memory.system_objects().len()), (0, 1), "{crash}");
        let state = case.memory.request(&case.key).await.unwrap().unwrap().state;
        let ends = state.history.iter().filter(|entry| matches!(entry.act, Act::TaskEnded(..))).count();
        assert_eq!(ends, 1, "{crash}");
    }
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_one_before_it_for_a_day() {
    let case = Case::new(RequestType::Erasure, None).await;
    let crm = system("crm");
    let renew = async |at| systems::renew_secret(&case.policy, &case.memory, &crm, at).await.unwrap();
    assert!(renew(start()).await);
    assert!(!renew(after(60)).await, "a retry takes nothing away");
    let (version, secrets) = systems::secrets(&case.policy, &case.memory, &crm, after(60)).await.unwrap();
    assert_eq!((version, secrets.len()), (2, 2));
    case.deliver("crm", 1, after(60)).await;
    case.deliver("mailer", 1, after(60)).await;
    let signed: Vec<usize> = case.memory.handed_over().iter().map(|handed_over| handed_over.secrets).collect();
    assert_eq!(signed, [2, 1]);
    let (_, secrets) = systems::secrets(&case.policy, &case.memory, &crm, after(86_400)).await.unwrap();
    assert_eq!(secrets.len(), 1);
    assert!(renew(after(86_400)).await);
}
