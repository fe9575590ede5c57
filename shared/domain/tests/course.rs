//! The course of a request, explored: `docs/REQUESTS.md` is drawn from what the machine does, and what holds in every
//! history that can happen is tried on random ones.
//!
//! `UPDATE=1 cargo test -p domain --test course` writes the document anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use domain::{
    dsar::{
        self, Act, ActKind, Acting, ActingAs, Actor, AnswerDue, Ask, Entry, ExtensionGround, HISTORY_ENTRIES_MAX,
        Happened, Item, NextStep, Outcome, Received, RefusalGround, Reminder, RequestState, RequestType, Ruling, Stage,
        Stop, TaskEnd, VerifiedBy, Why,
    },
    ids::{ControllerId, IdentifierKind, Pepper, RequestId, StaffId, SystemId},
    policy::{Clause, Notice, Policy, Refusal, Regime, VerificationRule},
};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/REQUESTS.md");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn received_at() -> Timestamp {
    at("2026-03-02T12:00:00Z")
}

fn received(request: RequestType, verification: VerificationRule) -> Received {
    let due = (received_at() + 720.hours(), "GDPR Art. 12(3)".to_owned());
    Received {
        verification,
        regimes: vec![Regime::EuGdpr],
        ..Received::new(request, IdentifierKind::Mail, received_at(), due)
    }
}

fn due(state: &RequestState) -> AnswerDue {
    dsar::due_of(&policy(), state)
}

fn policy() -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
    policy.regimes = vec![Regime::EuGdpr];
    policy
}

fn staff(n: u8) -> Actor {
    Actor::Staff(clerk(n))
}

fn clerk(n: u8) -> StaffId {
    StaffId::parse(&format!("clerk-{n}")).unwrap()
}

fn system(name: &str) -> SystemId {
    SystemId::parse(name).unwrap()
}

fn other() -> RequestId {
    Pepper::new(1, &[1; 32]).derive(&["other"])
}

fn refusal() -> Outcome {
    Outcome::Refused(Refusal { code: "NO".into(), text: "no".into(), offer: None }, Clause::new("acme.1"))
}

/// One act of each kind and of each weight, by whoever may do it, and by a second of each where two people differ.
fn moves() -> Vec<(Actor, Act)> {
    let (one, two) = (|| staff(1), || staff(2));
    let approve = || Ruling::Approve { except: Vec::new() };
    let refuse = || Ruling::Refuse(RefusalGround::ManifestlyUnfounded);
    let mut moves = vec![
        (Actor::Requester, Act::Verified(VerifiedBy::Mail)),
        (one(), Act::Verified(VerifiedBy::Office)),
        (Actor::Requester, Act::Withdrawn),
        (one(), Act::Claimed),
        (two(), Act::Claimed),
        (one(), Act::Released),
        (one(), Act::HandedOver(clerk(2))),
        (one(), Act::Noted),
        (one(), Act::RegimesChanged(vec![Regime::UkGdpr])),
        (one(), Act::RegimesChanged(Vec::new())),
        (one(), Act::Extended(ExtensionGround::Complexity)),
        (Actor::Product, Act::TasksOpened(vec![system("crm"), system("shop")])),
        (Actor::Product, Act::TasksOpened(Vec::new())),
        (Actor::System(system("crm")), Act::TaskEnded(system("crm"), TaskEnd::Done { records: 2 })),
        (Actor::System(system("crm")), Act::TaskEnded(system("shop"), TaskEnd::NotFound)),
        (one(), Act::TaskEnded(system("shop"), TaskEnd::GivenUp)),
        (one(), Act::Proposed(approve())),
        (one(), Act::Proposed(refuse())),
        (one(), Act::Approved),
        (two(), Act::Approved),
        (one(), Act::SentBack),
        (two(), Act::SentBack),
        (one(), Act::Ruled(approve())),
        (one(), Act::Ruled(refuse())),
        (Actor::Product, Act::Ruled(approve())),
        (Actor::Product, Act::Decided(refusal())),
        (Actor::Product, Act::Decided(Outcome::NotVerified)),
        (Actor::Product, Act::Decided(Outcome::WithOffice)),
        (Actor::Product, Act::Decided(Outcome::Stopped(Stop { purposes: Vec::new(), with_office: true }))),
        (Actor::Product, Act::Decided(Outcome::Erased(Vec::<Item>::new()))),
        (Actor::Product, Act::Decided(Outcome::RefusedByOffice(RefusalGround::ManifestlyUnfounded))),
        (one(), Act::Decided(Outcome::Granted)),
        (one(), Act::Merged(other())),
        (one(), Act::Stopped),
        (Actor::Product, Act::Lapsed),
        (Actor::Product, Act::MailFailed { mail: "ack".into(), why: "bounce".into() }),
    ];
    for ask in Ask::ALL {
        moves.push((one(), Act::Asked(ask)));
        moves.push((Actor::Requester, Act::Replied(ask)));
    }
    moves
}

/// What of a state decides what can happen next: two histories that agree in it go on alike.
fn gist(state: &RequestState) -> String {
    format!(
        "{:?} {} {} {:?} {:?} {} {:?} {:?} {:?} {:?} {:?}",
        state.stage(),
        state.is_verified(),
        state.verified.is_some(),
        state.asked().map(|(ask, _)| ask),
        state.assignee(),
        state.extended_at().is_some(),
        state.tasks(),
        state.proposal(),
        state.ruling().map(|(_, ruling)| ruling),
        state.decided.as_ref().map(|(_, outcome)| outcome.as_str()),
        state.regimes(),
    )
}

/// What was found at one stage for one kind of act.
#[derive(Default)]
struct Found {
    leads_to: BTreeSet<Stage>,
    refused: BTreeSet<Why>,
}

/// Everything that can happen, and everything that is refused, breadth first from the receipt.
fn explored() -> (BTreeSet<Stage>, BTreeMap<(Stage, ActKind), Found>) {
    let begin = [VerificationRule::None, VerificationRule::Mail];
    let mut ahead: Vec<_> =
        begin.into_iter().map(|rule| RequestState::new(received(RequestType::Erasure, rule))).collect();
    let starts = ahead.iter().map(RequestState::stage).collect();
    let mut seen: BTreeSet<_> = ahead.iter().map(gist).collect();
    let mut found: BTreeMap<_, Found> = BTreeMap::new();
    let moves = moves();
    while !ahead.is_empty() {
        let mut next = Vec::new();
        for state in &ahead {
            for (by, act) in &moves {
                let entry = Entry { at: received_at(), by: by.clone(), act: act.clone() };
                let met = found.entry((state.stage(), act.kind())).or_default();
                match state.after(entry) {
                    Ok(after) => {
                        met.leads_to.insert(after.stage());
                        if seen.insert(gist(&after)) {
                            next.push(after);
                        }
                    }
                    Err(refused) => {
                        assert_eq!((refused.act, refused.stage), (act.kind(), state.stage()));
                        met.refused.insert(refused.why);
                    }
                }
            }
        }
        ahead = next;
    }
    (starts, found)
}

fn id(stage: Stage) -> String {
    stage.as_str().replace('-', "_")
}

fn document() -> String {
    let (starts, found) = explored();
    let mut text = String::from(
        "# The course of a request\n\n\
         This file is drawn from the machine itself (`shared/domain/src/dsar/course.rs`) by the test `course`, which fails when\n\
         it is stale. `UPDATE=1 cargo test -p domain --test course` draws it anew.\n\n\
         ## What leads from stage to stage\n\n\
         What leaves a request where it is stands in the table below.\n\n\
         ```mermaid\nstateDiagram-v2\n",
    );
    for start in &starts {
        writeln!(text, "    [*] --> {}", id(*start)).unwrap();
    }
    let mut edges: BTreeMap<(Stage, Stage), Vec<&str>> = BTreeMap::new();
    for ((stage, act), met) in &found {
        for to in met.leads_to.iter().filter(|to| *to != stage) {
            edges.entry((*stage, *to)).or_default().push(act.as_str());
        }
    }
    for ((from, to), acts) in &edges {
        writeln!(text, "    {} --> {}: {}", id(*from), id(*to), acts.join(", ")).unwrap();
    }
    for stage in Stage::ALL.into_iter().filter(|stage| !stage.is_open()) {
        writeln!(text, "    {} --> [*]", id(stage)).unwrap();
    }
    text.push_str(
        "```\n\n## Every act at every stage\n\n\
         Where an act can happen, the stage after it (`=` is the same one). Where it is refused, why; both where it depends\n\
         on more than the stage.\n",
    );
    for stage in Stage::ALL {
        writeln!(text, "\n### {}\n\n| act | leads to | refused |\n|---|---|---|", stage.as_str()).unwrap();
        for act in ActKind::ALL {
            let met = &found[&(stage, act)];
            let to = |to: &Stage| if *to == stage { "=".to_owned() } else { to.as_str().to_owned() };
            let leads_to = met.leads_to.iter().map(to).collect::<Vec<_>>().join(", ");
            let refused = met.refused.iter().map(|why| why.as_str()).collect::<Vec<_>>().join(", ");
            writeln!(text, "| {} | {leads_to} | {refused} |", act.as_str()).unwrap();
        }
    }
    text.push_str("\n## Why\n\n");
    for why in Why::ALL {
        writeln!(text, "- `{}`: {}", why.as_str(), why.in_words()).unwrap();
    }
    text
}

#[test]
fn the_diagram_in_the_documents_is_what_the_machine_does() {
    let drawn = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(DOCUMENT, &drawn).unwrap();
    }
    let stored = std::fs::read_to_string(DOCUMENT).unwrap();
    assert!(stored == drawn, "docs/REQUESTS.md is stale: UPDATE=1 cargo test -p domain --test course");
}

#[test]
fn every_stage_is_reached_and_every_open_one_can_be_left() {
    let (_, found) = explored();
    let stages: BTreeSet<_> = found.keys().map(|(stage, _)| *stage).collect();
    assert_eq!(stages, BTreeSet::from(Stage::ALL));
    for stage in Stage::ALL.into_iter().filter(|stage| stage.is_open()) {
        // From everywhere somebody of the office, and the requester, can end it.
        for act in [ActKind::Withdrawn, ActKind::Stopped] {
            let met = &found[&(stage, act)];
            assert!(met.refused.is_empty() && met.leads_to.iter().all(|to| !to.is_open()), "{stage:?} {act:?}");
        }
    }
    for why in Why::ALL.into_iter().filter(|why| *why != Why::HistoryFull) {
        assert!(found.values().any(|met| met.refused.contains(&why)), "{why:?} is met nowhere");
    }
}

#[test]
fn every_act_at_every_stage_is_allowed_or_refused_with_a_reason() {
    let (_, found) = explored();
    for stage in Stage::ALL {
        for act in ActKind::ALL {
            let met = &found[&(stage, act)];
            assert!(!met.leads_to.is_empty() || !met.refused.is_empty(), "{stage:?} {act:?}");
            let adds_only = matches!(act, ActKind::Noted | ActKind::MailFailed | ActKind::TaskEnded);
            if !stage.is_open() && !adds_only {
                assert!(met.leads_to.is_empty(), "{stage:?} {act:?}: closed stays closed");
            }
            if !stage.is_open() {
                assert!(met.leads_to.iter().all(|to| *to == stage), "{stage:?} {act:?}");
            }
        }
    }
}

// What must not happen, one by one.

fn told(request: RequestType, rule: VerificationRule, acts: &[(Actor, Act)]) -> RequestState {
    let mut state = RequestState::new(received(request, rule));
    for (n, (by, act)) in (1..).zip(acts) {
        let at = received_at() + (n * 60).seconds();
        state = state.after(Entry { at, by: by.clone(), act: act.clone() }).unwrap();
    }
    state
}

fn why(state: &RequestState, by: Actor, act: Act) -> Option<Why> {
    state.check(&Entry { at: received_at(), by, act }).err().map(|refused| refused.why)
}

fn with_office() -> RequestState {
    told(RequestType::Erasure, VerificationRule::None, &[(Actor::Product, Act::Decided(Outcome::WithOffice))])
}

fn after(state: &RequestState, by: Actor, act: Act) -> RequestState {
    state.after(Entry { at: received_at(), by, act }).unwrap()
}

fn approve() -> Ruling {
    Ruling::Approve { except: Vec::new() }
}

#[test]
fn one_question_is_open_at_a_time() {
    let asked = after(&with_office(), staff(1), Act::Asked(Ask::Clarification));
    assert_eq!(why(&asked, staff(1), Act::Asked(Ask::Identity)), Some(Why::NotNow));
    assert_eq!(why(&asked, Actor::Requester, Act::Replied(Ask::Identity)), Some(Why::NothingAsked));
    assert_eq!(after(&asked, Actor::Requester, Act::Replied(Ask::Clarification)).stage(), Stage::WithOffice);
}

#[test]
fn a_proposal_needs_a_second_person_who_is_not_the_product() {
    let proposed = after(&with_office(), staff(1), Act::Proposed(approve()));
    for act in [Act::Approved, Act::SentBack] {
        assert_eq!(why(&proposed, staff(1), act.clone()), Some(Why::SameEyes));
        assert_eq!(why(&proposed, Actor::Product, act.clone()), Some(Why::NotForThem));
        assert_eq!(why(&proposed, staff(2), act), None);
    }
    assert_eq!(why(&proposed, staff(2), Act::Ruled(approve())), Some(Why::NotNow));
    let back = after(&proposed, staff(2), Act::SentBack);
    assert_eq!((back.stage(), back.ruling()), (Stage::WithOffice, None));
}

#[test]
fn nothing_is_decided_or_ruled_for_somebody_unverified_but_a_refusal() {
    let state = RequestState::new(received(RequestType::Erasure, VerificationRule::Mail));
    for outcome in [Outcome::Erased(Vec::new()), Outcome::Granted, Outcome::Recorded] {
        assert_eq!(why(&state, Actor::Product, Act::Decided(outcome)), Some(Why::NotVerified));
    }
    let with_office = after(&state, Actor::Product, Act::Decided(Outcome::WithOffice));
    assert_eq!(why(&with_office, staff(1), Act::Ruled(approve())), Some(Why::NotVerified));
    assert_eq!(why(&with_office, staff(1), Act::Proposed(approve())), Some(Why::NotVerified));
    let seen = after(&with_office, staff(1), Act::Verified(VerifiedBy::Office));
    assert_eq!(after(&seen, staff(1), Act::Ruled(approve())).stage(), Stage::Ruled);
    let refused = after(&state, staff(1), Act::Ruled(Ruling::Refuse(RefusalGround::IdentityNotEstablished)));
    assert_eq!(why(&refused, Actor::Product, Act::Decided(Outcome::Erased(Vec::new()))), Some(Why::NotRuled));
    assert_eq!(why(&refused, Actor::Product, Act::TasksOpened(vec![system("crm")])), Some(Why::NotRuled));
    let outcome = Outcome::RefusedByOffice(RefusalGround::IdentityNotEstablished);
    assert_eq!(after(&refused, Actor::Product, Act::Decided(outcome)).stage(), Stage::Refused);
}

#[test]
fn a_ruling_is_carried_out_and_does_not_go_round_again() {
    let ruled = after(&with_office(), staff(1), Act::Ruled(approve()));
    assert_eq!(why(&ruled, Actor::Product, Act::Decided(Outcome::WithOffice)), Some(Why::NotRuled));
    let refused = Outcome::RefusedByOffice(RefusalGround::Excessive);
    assert_eq!(why(&ruled, Actor::Product, Act::Decided(refused)), Some(Why::NotRuled));
    assert_eq!(after(&ruled, Actor::Product, Act::Decided(Outcome::Granted)).stage(), Stage::Answered);
}

#[test]
fn a_system_has_one_task_and_ends_its_own_alone_even_after_the_end() {
    let open = Act::TasksOpened(vec![system("crm"), system("shop")]);
    let out = told(RequestType::Erasure, VerificationRule::None, &[(Actor::Product, open.clone())]);
    assert_eq!(why(&out, Actor::Product, Act::Decided(Outcome::Erased(Vec::new()))), Some(Why::NotNow));
    let done = |name: &str| Act::TaskEnded(system(name), TaskEnd::Done { records: 1 });
    assert_eq!(why(&out, Actor::System(system("crm")), done("shop")), Some(Why::NotForThem));
    let given_up = after(&out, staff(1), Act::TaskEnded(system("shop"), TaskEnd::GivenUp));
    assert_eq!(why(&given_up, Actor::System(system("shop")), done("shop")), Some(Why::NoSuchTask));
    // The requester takes it back while one is at work: what it did is told all the same.
    let withdrawn = after(&given_up, Actor::Requester, Act::Withdrawn);
    assert_eq!(why(&withdrawn, Actor::System(system("shop")), done("shop")), Some(Why::Closed));
    let told_late = after(&withdrawn, Actor::System(system("crm")), done("crm"));
    assert_eq!((told_late.stage(), told_late.closed_at()), (Stage::Withdrawn, withdrawn.closed_at()));
    assert_eq!(why(&told_late, Actor::System(system("crm")), done("crm")), Some(Why::Closed));
    let ended = after(&given_up, Actor::System(system("crm")), done("crm"));
    assert_eq!(why(&ended, Actor::Product, open), Some(Why::HadItsTask));
    assert_eq!(why(&ended, Actor::Product, Act::TasksOpened(Vec::new())), Some(Why::Nothing));
}

#[test]
fn a_full_history_takes_what_ends_the_request_and_nothing_else() {
    let mut state = with_office();
    let note = Entry { at: received_at(), by: staff(1), act: Act::Noted };
    state.history.resize(HISTORY_ENTRIES_MAX, note);
    for act in [Act::Noted, Act::Claimed, Act::Asked(Ask::Clarification)] {
        assert_eq!(why(&state, staff(1), act), Some(Why::HistoryFull));
    }
    for act in [Act::Ruled(approve()), Act::Stopped, Act::Extended(ExtensionGround::Complexity)] {
        assert_eq!(why(&state, staff(1), act), None);
    }
    assert_eq!(why(&state, Actor::Requester, Act::Withdrawn), None);
}

// The clock.

fn gone(hours: i64) -> Timestamp {
    received_at() + hours.hours()
}

#[test]
fn the_office_is_reminded_at_shares_of_the_time_and_every_day_once_it_is_late() {
    let (policy, state) = (policy(), with_office());
    let due = due(&state);
    let mut after = state.received.at;
    let mut seen = Vec::new();
    for _ in 0..6 {
        after = dsar::next_date(&policy, &state, &due, after).unwrap();
        let reminders = dsar::reminders(&policy, &state, &due, after);
        assert_eq!(reminders.len(), 1);
        seen.push((reminders[0], reminders[0].escalates(&policy)));
    }
    let late = |days| (Reminder::Overdue { days }, true);
    let share = |percent, escalates| (Reminder::Share(percent), escalates);
    assert_eq!(seen, [share(50, false), share(80, false), share(95, true), late(0), late(1), late(2)]);
    let names: BTreeSet<_> = seen.iter().map(|(reminder, _)| reminder.name(&state, &due)).collect();
    assert_eq!(names.len(), seen.len(), "each has a name of its own");

    let mut own = policy;
    own.office.reminders = vec![10, 0, 100];
    let first = dsar::next_date(&own, &state, &due, state.received.at).unwrap();
    assert_eq!(dsar::reminders(&own, &state, &due, first), [Reminder::Share(10)]);
    assert!(Reminder::Share(10).escalates(&own));
    assert_eq!(dsar::next_date(&own, &state, &due, first), Some(due.at));
}

#[test]
fn whoever_does_not_prove_who_they_are_is_told_so_in_time() {
    let state = RequestState::new(received(RequestType::Access, VerificationRule::Mail));
    let by_law = due(&state);
    assert_eq!(dsar::lapses_at(&state, &by_law), Some(gone(24 * 14)));
    let sooner = AnswerDue { at: gone(24 * 10), ..by_law.clone() };
    assert_eq!(dsar::lapses_at(&state, &sooner), Some(gone(24 * 9)), "its letter is the answer, and is in time");
    let at_once = AnswerDue { at: gone(24), ..by_law.clone() };
    assert_eq!(dsar::lapses_at(&state, &at_once), Some(gone(12)));
    assert_eq!(dsar::next_date(&policy(), &state, &by_law, received_at()), Some(gone(24 * 14)));
    assert_eq!(
        dsar::next_date(&policy(), &state, &by_law, gone(24 * 20)),
        Some(gone(24 * 14)),
        "a window that ended is looked at until the request is closed"
    );
    // Whoever was asked by the office is not cut off while it waits, nor once they have written.
    let asked = after(&state, staff(1), Act::Asked(Ask::Identity));
    assert_eq!(dsar::lapses_at(&asked, &by_law), None);
    let mut entered = state.clone();
    entered.received.entered_by = Some(StaffId::parse("clerk-1").unwrap());
    assert_eq!(dsar::lapses_at(&entered, &by_law), None, "a person has it");
    let replied = after(&asked, Actor::Requester, Act::Replied(Ask::Identity));
    assert_eq!((replied.stage(), dsar::lapses_at(&replied, &by_law)), (Stage::WithOffice, None));
}

#[test]
fn a_request_needs_its_persons_key_while_it_is_open_unless_anybody_could_have_sent_it() {
    let anybodys = RequestState::new(received(RequestType::Access, VerificationRule::Mail));
    let erased = |hours: i64| received_at() - hours.hours();
    for (hours, needs) in [(-24, true), (0, true), (24 * 14, true), (24 * 14 + 1, false)] {
        assert_eq!(dsar::needs_key(&anybodys, erased(hours)), needs, "erased {hours} hours before it came");
    }
    let verified = after(&anybodys, Actor::Requester, Act::Verified(VerifiedBy::Mail));
    assert!(dsar::needs_key(&verified, erased(24 * 100)), "a proof shows whose it is");
    let mut entered = anybodys.clone();
    entered.received.entered_by = Some(StaffId::parse("clerk-1").unwrap());
    assert!(dsar::needs_key(&entered, erased(24 * 100)), "a person has it");
    let lapsed = after(&anybodys, Actor::Product, Act::Lapsed);
    assert!(!dsar::needs_key(&lapsed, erased(0)), "it is closed");
}

#[test]
fn a_question_without_an_answer_is_called_to_mind_every_month() {
    let state = after(&with_office(), staff(1), Act::Asked(Ask::Clarification));
    let due = AnswerDue { at: gone(24 * 365), ..due(&state) };
    assert_eq!(dsar::reminders(&policy(), &state, &due, gone(24 * 29)), []);
    assert_eq!(dsar::reminders(&policy(), &state, &due, gone(24 * 30)), [Reminder::Unanswered { times: 1 }]);
    assert_eq!(dsar::next_date(&policy(), &state, &due, gone(24 * 30)), Some(gone(24 * 60)));
}

#[test]
fn nothing_is_late_while_every_clock_stands_until_the_requester_answers() {
    let state = after(&with_office(), staff(1), Act::Asked(Ask::Clarification));
    let due = AnswerDue { stands: true, at: gone(24 * 31), ..due(&state) };
    assert_eq!(dsar::next_date(&policy(), &state, &due, received_at()), Some(gone(24 * 30)), "the question's window");
    assert_eq!(dsar::reminders(&policy(), &state, &due, gone(24 * 40)), [Reminder::Unanswered { times: 1 }]);
}

#[test]
fn a_restriction_that_stays_open_is_reviewed() {
    let state = told(RequestType::Restriction, VerificationRule::None, &[]);
    let due = AnswerDue { at: gone(24 * 365), ..due(&state) };
    let review = [Reminder::Review];
    assert_eq!(dsar::next_date(&policy(), &state, &due, received_at()), Some(gone(24 * 90)));
    assert_eq!(dsar::reminders(&policy(), &state, &due, gone(24 * 90)), review);
    // What a request of another type stops, if anything, is not looked at again for it.
    let access =
        told(RequestType::Access, VerificationRule::Mail, &[(Actor::Requester, Act::Verified(VerifiedBy::Mail))]);
    let found = dsar::reminders(&policy(), &access, &self::due(&access), gone(24 * 90));
    assert!(!found.is_empty() && !found.contains(&Reminder::Review), "{found:?}");
}

// What the requester is shown.

#[test]
fn the_history_for_the_requester_holds_nothing_of_the_offices_inside() {
    let merged = Act::Merged(other());
    for (by, act) in moves() {
        let mut state = RequestState::new(received(RequestType::Erasure, VerificationRule::Mail));
        state.history.push(Entry { at: received_at(), by, act: act.clone() });
        let shown = dsar::public_history(&state);
        assert_eq!(shown[0].what, Happened::Received);
        let inner = matches!(
            act.kind(),
            ActKind::Claimed
                | ActKind::Released
                | ActKind::HandedOver
                | ActKind::Noted
                | ActKind::RegimesChanged
                | ActKind::TasksOpened
                | ActKind::TaskEnded
                | ActKind::Proposed
                | ActKind::Approved
                | ActKind::SentBack
                | ActKind::Ruled
                | ActKind::MailFailed
        ) || matches!(act, Act::Decided(Outcome::WithOffice));
        assert_eq!(shown.len(), if inner { 1 } else { 2 }, "{act:?}");
        let told = format!("{shown:?}");
        assert!(!told.contains("clerk-") && !told.contains("crm"), "{told}");
        if let Some(entry) = shown.get(1) {
            assert_eq!(entry.what.as_str(), act.kind().as_str());
            assert!(act != merged || entry.what.detail() == Some(other().as_str()));
        }
    }
}

#[test]
fn a_status_says_what_comes_next() {
    let policy = policy();
    let next = |state: &RequestState, now| dsar::next_step(&policy, state, &due(state), now);
    let fresh = RequestState::new(received(RequestType::Access, VerificationRule::Mail));
    assert_eq!(next(&fresh, gone(1)), NextStep::Confirm { until: gone(24 * 14) });
    let office = with_office();
    let before = due(&office).at;
    assert_eq!(next(&office, gone(1)), NextStep::Wait { before });
    assert_eq!(next(&office, before), NextStep::Late);
    let asked = after(&office, staff(1), Act::Asked(Ask::Clarification));
    assert_eq!(next(&asked, gone(1)), NextStep::Answer(Ask::Clarification));
    let merged = after(&office, staff(1), Act::Merged(other()));
    assert_eq!(next(&merged, gone(1)), NextStep::SeeOther(other()));
    let refused = told(RequestType::Access, VerificationRule::None, &[(Actor::Product, Act::Decided(refusal()))]);
    let until = gone(180 * 24);
    assert_eq!(next(&refused, gone(1)), NextStep::Appeal { until });
    assert_eq!(next(&refused, until), NextStep::Done);
    let appeal = told(RequestType::Appeal, VerificationRule::None, &[(Actor::Product, Act::Decided(refusal()))]);
    assert_eq!(next(&appeal, gone(1)), NextStep::Done, "there is no appeal against an appeal's answer");
    let withdrawn = after(&office, Actor::Requester, Act::Withdrawn);
    assert_eq!(next(&withdrawn, gone(1)), NextStep::Done);
}

#[test]
fn whoever_is_not_shown_what_there_was_is_told_how_to_appeal_whatever_became_of_it() {
    let policy = policy();
    let erased = |items| [(Actor::Product, Act::Decided(Outcome::Erased(items)))];
    let mut state = told(RequestType::Erasure, VerificationRule::None, &erased(Vec::new()));
    let next = |state: &RequestState| dsar::next_step(&policy, state, &due(state), gone(1));
    let appeal = NextStep::Appeal { until: gone(180 * 24) };
    assert!(dsar::shows_items(&state.received));
    assert_eq!(next(&state), NextStep::Done);
    for (role, shows, expected) in [
        (ActingAs::Agent, true, NextStep::Done),
        (ActingAs::Successor, true, NextStep::Done),
        (ActingAs::Guardian, false, appeal.clone()),
    ] {
        state.received.acting = Some(Acting { role, proof: None });
        assert_eq!((dsar::shows_items(&state.received), next(&state)), (shows, expected), "{role:?}");
        assert_eq!(state.received.is_by_successor(), role == ActingAs::Successor);
    }
    // Of an export there is nothing that was not shown.
    let exported = Outcome::Exported { object: String::new(), until: gone(1) };
    assert!(!dsar::may_be_refused(&state.received, &exported) && dsar::may_be_refused(&state.received, &refusal()));
}

// Random histories.

fn histories() -> impl Strategy<Value = (RequestType, VerificationRule, Vec<(usize, u32)>)> {
    let rules = prop::sample::select(vec![
        VerificationRule::None,
        VerificationRule::Mail,
        VerificationRule::Points(2),
        VerificationRule::Account,
    ]);
    let acts = prop::collection::vec((0..moves().len(), 0..(24 * 40_u32)), 0..40);
    (prop::sample::select(RequestType::ALL.to_vec()), rules, acts)
}

/// Plays a history: what is refused leaves the state as it is, and the clock runs on all the same.
fn play(
    (request, rule, acts): (RequestType, VerificationRule, Vec<(usize, u32)>),
    mut look: impl FnMut(&RequestState, Timestamp, Option<&RequestState>),
) -> RequestState {
    let moves = moves();
    let mut state = RequestState::new(received(request, rule));
    let mut now = received_at();
    look(&state, now, None);
    for (number, hours) in acts {
        now += i64::from(hours).hours();
        let (by, act) = moves[number].clone();
        if let Ok(after) = state.after(Entry { at: now, by, act }) {
            look(&after, now, Some(&state));
            state = after;
        } else {
            look(&state, now, None);
        }
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_open_is_ever_without_a_next_date(history in histories(), later in 0..(24 * 4_000_u32)) {
        let policy = policy();
        play(history, |state, now, _| {
            let due = due(state);
            let look = |after| dsar::next_date(&policy, state, &due, after);
            for after in [now, now + i64::from(later).hours(), Timestamp::MAX, Timestamp::MIN] {
                assert_eq!(look(after).is_some(), state.stage().is_open(), "{state:?}");
                // It moves on, so that a watch never turns on the spot; but for a window that has ended.
                if let Some(next) = look(after) {
                    let lapses = dsar::lapses_at(state, &due);
                    assert!(next > after || Some(next) == lapses || after == Timestamp::MAX, "{next} {after}");
                }
            }
            assert!(look(now) <= look(now + i64::from(later).hours()), "who looks later is not called sooner");
            let head = state.head(due.at, look(now));
            assert_eq!(head.next_at.is_some(), state.stage().is_open());
        });
    }

    #[test]
    fn whatever_is_due_is_called_for_and_whatever_is_called_for_is_due(history in histories()) {
        let policy = policy();
        let state = play(history, |_, _, _| {});
        let due = due(&state);
        let mut after = state.received.at;
        let mut before = BTreeSet::new();
        for _ in 0..60 {
            let Some(next) = dsar::next_date(&policy, &state, &due, after) else { break };
            if dsar::lapses_at(&state, &due).is_some_and(|lapses| lapses <= next) {
                break;
            }
            let reminders = dsar::reminders(&policy, &state, &due, next);
            let names: BTreeSet<_> = reminders.iter().map(|reminder| reminder.name(&state, &due)).collect();
            prop_assert!(names.iter().any(|name| !before.contains(name)), "{} calls for nothing new: {:?}", next, names);
            before.extend(names);
            after = next;
        }
    }

    #[test]
    fn what_holds_of_every_history(history in histories()) {
        let state = play(history, |state, _, before| {
            assert_eq!(*state, RequestState::fold(state.received.clone(), state.history.clone()), "a fold again");
            assert_eq!(state.version() as usize, state.history.len());
            let is_final = |entry: &&Entry| matches!(&entry.act, Act::Decided(outcome) if !outcome.leaves_open());
            assert!(state.history.iter().filter(is_final).count() <= 1, "decided at most once for good");
            let extended = state.history.iter().filter(|entry| entry.act.kind() == ActKind::Extended).count();
            assert!(extended <= 1);
            assert!(!state.regimes().is_empty());
            assert_eq!(state.closed_at().is_some(), !state.stage().is_open());
            assert!(state.proposal().is_none() || state.tasks().values().all(Option::is_some));
            if let Some(before) = before {
                assert_eq!(state.history.len(), before.history.len() + 1);
                let added = state.history.last().unwrap();
                if !before.stage().is_open() {
                    assert_eq!(state.stage(), before.stage(), "closed stays closed");
                    assert_eq!(state.closed_at(), before.closed_at());
                    let adds = matches!(added.act, Act::Noted | Act::MailFailed { .. } | Act::TaskEnded(..));
                    assert!(adds, "{added:?} after the end");
                }
                if let Act::Approved = added.act {
                    let (first, _) = before.proposal().unwrap();
                    assert!(*first != added.by && matches!(added.by, Actor::Staff(_)), "four eyes are of two people");
                }
                if let Act::Decided(Outcome::Erased(_)) = added.act {
                    assert!(before.is_verified(), "nothing is erased for somebody unverified");
                }
            }
        });
        // A ruling comes from a person, and a proposal alone is none.
        let by_staff = |entry: &&Entry| matches!(entry.act, Act::Ruled(_) | Act::Approved);
        assert!(state.history.iter().filter(by_staff).all(|entry| matches!(entry.by, Actor::Staff(_))));
        assert_eq!(state.ruling().is_some(), state.history.iter().any(|entry| by_staff(&entry)));
    }
}
