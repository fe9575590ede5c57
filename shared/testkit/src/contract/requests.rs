//! Requests, their histories, and the office's list.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    erasure::ErasurePlan,
    error::{Appended, PortError},
    mail::MailClaim,
    records::Content,
    request_clock::REQUEST_SHARDS,
    requests::{Confided, OfficeRow, RequestKey, RequestLog},
};
use domain::{
    dsar::{
        Act, Acting, ActingAs, Actor, Ask, Entry, Exception, ExtensionGround, Head, Instructions, Item, ItemResult,
        Outcome, Received, RefusalGround, RequestState, RequestType, Ruling, Stage, Stop, TaskEnd, VerifiedBy,
    },
    ids::{ControllerId, Ground, StaffId, SystemId},
    language::Language,
    place::Place,
    policy::{Clause, Refusal, Regime, VerificationRule},
    sensitive::Sensitive,
};
use futures_util::future::join_all;

use super::{ADA, Ports, days, now, open_deadlines};
use crate::build::{category, content, doomed, field, id, mail, purpose, received, record, request, subject};

/// A request with something special about it.
pub(super) async fn asked_with<P: RequestLog>(
    ports: &P,
    controller: &ControllerId,
    key: &str,
    special: impl FnOnce(&mut Received),
) -> RequestKey {
    let request = request(controller, &subject(ADA), key);
    let mut received = received(RequestType::Access, now());
    special(&mut received);
    let head = head(&received);
    let appended = ports.receive(&request, &received, &Confided::default(), &id("form"), &head).await.unwrap();
    assert_eq!(appended, Appended::Fresh);
    request
}

pub(super) async fn asked<P: RequestLog>(
    ports: &P,
    controller: &ControllerId,
    key: &str,
    what: RequestType,
) -> RequestKey {
    let request = request(controller, &subject(ADA), key);
    let confided = Confided { contact: Some(Sensitive::new(ADA.to_owned())), ..Confided::default() };
    let received = received(what, now());
    let head = head(&received);
    let appended = ports.receive(&request, &received, &confided, &id("form"), &head).await.unwrap();
    assert_eq!(appended, Appended::Fresh);
    request
}

pub async fn a_retried_request_answers_what_stands<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = request(controller, &subject(ADA), "request-1");
    let mut first = received(RequestType::Rectification, now());
    first.verification = VerificationRule::Points(2);
    first.points = record(&subject(ADA), "a", now()).points;
    first.purposes = vec![purpose("marketing"), purpose("profiling")];
    let proof = Some(Ground::parse("signed-permission").unwrap());
    first.acting = Some(Acting { role: ActingAs::Agent, proof });
    first.service = Some(Ground::parse("zta").unwrap());
    first.following = Some(id("instructions"));
    first.regimes = vec![Regime::EuGdpr, Regime::UsCa];
    first.residence = Some(Place::parse("US-CA").unwrap());
    first.language = Language::German;
    first.about = Some(id("another request"));
    first.declared = true;
    first.entered_by = Some(StaffId::parse("clerk-1").unwrap());
    let nothing = Confided::default();
    assert_eq!(ports.receive(&request, &first, &nothing, &id("form"), &head(&first)).await.unwrap(), Appended::Fresh);
    let second = received(RequestType::Erasure, days(now(), 1));
    let existing = Appended::Existing((first.clone(), id("form")));
    assert_eq!(
        ports.receive(&request, &second, &nothing, &id("another form"), &head(&second)).await.unwrap(),
        existing
    );
    let stored = ports.request(&request).await.unwrap().unwrap();
    assert_eq!((stored.state.received, stored.confided), (first, nothing));
}

pub async fn a_requester_is_written_to_until_their_key_is_gone<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    assert_eq!(ports.request(&request).await.unwrap().unwrap().confided.contact, Some(Sensitive::new(ADA.into())));
    ports.destroy_subject_key(controller, &request.subject, now()).await.unwrap();
    let stored = ports.request(&request).await.unwrap().unwrap();
    assert_eq!(stored.confided, Confided::default());
    assert_eq!(stored.state.received.request, RequestType::Access);
}

pub async fn instructions_for_after_death_are_read_until_their_key_is_gone<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let request = request(controller, &subject(ADA), "request-1");
    let instructions = Instructions {
        retention: None,
        deletion: Some(Sensitive::new("all".into())),
        communication: Some(Sensitive::new("Die Briefe an Grüße, voilà, 你好.".into())),
    };
    let corrections = [("name", "Ada Lovelace"), ("city", "Zürich")];
    let corrections = corrections.map(|(name, value)| (field(name), Sensitive::new(value.to_owned())));
    let confided = Confided {
        contact: Some(Sensitive::new(ADA.into())),
        identifier: Some(mail(ADA)),
        instructions: Some(instructions),
        message: Some(Sensitive::new("Wie schon gesagt:\n„nein“.".into())),
        corrections: BTreeMap::from(corrections),
    };
    let received = received(RequestType::PostMortem, now());
    ports.receive(&request, &received, &confided, &id("form"), &head(&received)).await.unwrap();
    let note = Sensitive::new("She called again.".to_owned());
    let noted = entry(Actor::Staff(clerk(1)), Act::Noted);
    assert!(ports.append(&request, 1, &noted, Some(&note), &head(&received)).await.unwrap());
    let stored = ports.request(&request).await.unwrap().unwrap();
    assert_eq!((stored.confided, stored.texts), (confided, BTreeMap::from([(1, note)])));
    ports.destroy_subject_key(controller, &request.subject, now()).await.unwrap();
    let stored = ports.request(&request).await.unwrap().unwrap();
    assert_eq!((stored.confided, stored.texts), (Confided::default(), BTreeMap::new()));
    assert_eq!(stored.state.history, [noted]);
}

/// The head of a request to which nothing has happened.
pub(super) fn head(received: &Received) -> Head {
    head_of(&RequestState::new(received.clone()))
}

fn head_of(state: &RequestState) -> Head {
    state.head(state.received.due_at, Some(state.received.due_at))
}

fn clerk(n: u8) -> StaffId {
    StaffId::parse(&format!("clerk-{n}")).unwrap()
}

fn entry(by: Actor, act: Act) -> Entry {
    Entry { at: now(), by, act }
}

/// Appends an act to a request as it stands.
async fn append<P: RequestLog>(ports: &P, request: &RequestKey, by: Actor, act: Act) -> bool {
    let state = ports.request(request).await.unwrap().unwrap().state;
    let entry = entry(by, act);
    let after = RequestState::fold(state.received, state.history.into_iter().chain([entry.clone()]));
    ports.append(request, after.version(), &entry, None, &head_of(&after)).await.unwrap()
}

async fn decide<P: RequestLog>(ports: &P, request: &RequestKey, outcome: Outcome) {
    assert!(append(ports, request, Actor::Product, Act::Decided(outcome)).await);
}

pub async fn a_history_is_written_in_order_and_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    let first = head(&received(RequestType::Access, now()));
    let verified = entry(Actor::Requester, Act::Verified(VerifiedBy::Mail));
    let (claimed, noted) = (entry(Actor::Staff(clerk(1)), Act::Claimed), entry(Actor::Staff(clerk(2)), Act::Noted));
    assert!(!ports.append(&request, 2, &verified, None, &first).await.unwrap(), "nothing stands before it");
    assert!(ports.append(&request, 1, &verified, None, &first).await.unwrap());
    assert!(!ports.append(&request, 1, &claimed, None, &first).await.unwrap(), "the number is taken");
    // Two at once: one of them comes second, and looks again.
    let both = join_all([&claimed, &noted].map(|entry| ports.append(&request, 2, entry, None, &first))).await;
    assert_eq!(both.iter().filter(|done| matches!(done, Ok(true))).count(), 1);
    let state = ports.request(&request).await.unwrap().unwrap().state;
    assert_eq!((state.version(), state.verified), (2, Some((now(), VerifiedBy::Mail))));
    assert_eq!(state.history[0], verified);
    let unknown = RequestKey { request: id("another request"), ..request };
    assert_eq!(ports.request(&unknown).await.unwrap(), None);
}

pub async fn an_entry_beside_another_request_waits_for_neither<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = asked(ports, controller, "request-1", RequestType::Access).await;
    let second = asked(ports, controller, "request-2", RequestType::Access).await;
    let head = head(&received(RequestType::Access, now()));
    let merged = entry(Actor::Staff(clerk(1)), Act::Merged(first.request.clone()));
    let merge = async |number, version| {
        ports.append_beside(&second, number, &merged, &head, (&first.request, version)).await.unwrap()
    };
    let unknown = id("another request");
    assert!(!ports.append_beside(&second, 1, &merged, &head, (&unknown, 0)).await.unwrap(), "there is no other");
    assert!(append(ports, &first, Actor::Requester, Act::Verified(VerifiedBy::Mail)).await);
    assert!(!merge(1, 0).await, "the other has gone on");
    assert!(!merge(2, 1).await, "nothing stands before it");
    assert_eq!(ports.request(&second).await.unwrap().unwrap().state.version(), 0);
    assert!(merge(1, 1).await);
    assert!(!merge(1, 1).await, "the number is taken");
    assert_eq!(ports.request(&second).await.unwrap().unwrap().state.history, std::slice::from_ref(&merged));
    assert_eq!(ports.request(&first).await.unwrap().unwrap().state.version(), 1, "the other is as it was");
}

pub async fn every_act_is_read_as_it_was_written<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Erasure).await;
    let system = SystemId::parse("crm").unwrap();
    let exception =
        |purpose| Exception { category: category("invoice"), purpose, ground: RefusalGround::LegalObligation };
    let except = vec![exception(None), exception(Some(purpose("accounting")))];
    let acts = [
        Act::Verified(VerifiedBy::Points(3)),
        Act::Verified(VerifiedBy::Code),
        Act::Asked(Ask::Identity),
        Act::Replied(Ask::Clarification),
        Act::Claimed,
        Act::Released,
        Act::HandedOver(clerk(2)),
        Act::Noted,
        Act::RegimesChanged(vec![Regime::UkGdpr, Regime::BrLgpd]),
        Act::Extended(ExtensionGround::Complexity),
        Act::TasksOpened(vec![system.clone()]),
        Act::TaskEnded(system.clone(), TaskEnd::Done { records: 3 }),
        Act::TaskEnded(system.clone(), TaskEnd::NotFound),
        Act::TaskEnded(system.clone(), TaskEnd::Kept { records: 1, ground: RefusalGround::LegalClaims }),
        Act::TaskEnded(system.clone(), TaskEnd::Delivered { object: "exports/v1/x.json".into() }),
        Act::TaskEnded(system, TaskEnd::GivenUp),
        Act::Proposed(Ruling::Approve { except: except.clone() }),
        Act::SentBack,
        Act::Approved,
        Act::Ruled(Ruling::Approve { except: Vec::new() }),
        Act::Ruled(Ruling::Refuse(RefusalGround::Excessive)),
        Act::Decided(Outcome::Granted),
        Act::Merged(id("another request")),
        Act::Withdrawn,
        Act::Stopped,
        Act::Lapsed,
        Act::MailFailed { mail: "request-1-ack".into(), why: "bounce-permanent".into() },
    ];
    let actors =
        [Actor::Requester, Actor::Product, Actor::Staff(clerk(1)), Actor::System(SystemId::parse("crm").unwrap())];
    let first = head(&received(RequestType::Erasure, now()));
    let written: Vec<Entry> =
        acts.into_iter().zip(actors.into_iter().cycle()).map(|(act, by)| entry(by, act)).collect();
    for (number, entry) in (1..).zip(&written) {
        assert!(ports.append(&request, number, entry, None, &first).await.unwrap());
    }
    assert_eq!(ports.request(&request).await.unwrap().unwrap().state.history, written);
    let listed = ports.requests(controller, &request.subject).await.unwrap();
    assert_eq!(listed.into_iter().map(|(_, state)| state.history).collect::<Vec<_>>(), [written]);
}

pub async fn a_request_is_found_by_its_number_alone<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    assert_eq!(ports.locate(controller, &request.request).await.unwrap(), Some(request.subject));
    assert_eq!(ports.locate(controller, &id("another request")).await.unwrap(), None);
    let other = ControllerId::parse("other").unwrap();
    assert_eq!(ports.locate(&other, &request.request).await.unwrap(), None, "it is another controller's");
}

async fn listed<P: RequestLog>(ports: &P, controller: &ControllerId, is_open: bool, limit: usize) -> Vec<OfficeRow> {
    let (mut rows, mut from) = (Vec::new(), None);
    loop {
        let page = ports.office_list(controller, is_open, from.as_deref(), limit).await.unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        from = page.next;
        if from.is_none() {
            return rows;
        }
    }
}

pub async fn the_offices_list_is_paged_by_due_time<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut requests = Vec::new();
    for n in [3, 1, 4, 2, 0] {
        let request = request(controller, &subject(&format!("{n}@example.com")), &format!("request-{n}"));
        let received = received(RequestType::Access, days(now(), n));
        let head = head(&received);
        ports.receive(&request, &received, &Confided::default(), &id("form"), &head).await.unwrap();
        requests.push((n, request));
    }
    requests.sort_by_key(|(n, _)| *n);
    for limit in [1, 2, 10] {
        let rows = listed(ports, controller, true, limit).await;
        let numbers: Vec<_> = rows.iter().map(|row| &row.request).collect();
        let rest = ports.office_list(controller, true, Some(&rows[1].place), 10).await.unwrap().rows;
        assert_eq!(rest, rows[2..], "a page goes on after any line");
        assert_eq!(numbers, requests.iter().map(|(_, request)| &request.request).collect::<Vec<_>>(), "{limit}");
    }
    let (_, first) = &requests[0];
    assert!(append(ports, first, Actor::Staff(clerk(1)), Act::Claimed).await);
    let row = listed(ports, controller, true, 1).await.remove(0);
    assert_eq!((row.version, row.head.assignee, &row.subject), (1, Some(clerk(1)), &first.subject));
    assert_eq!((row.head.request, row.head.stage), (RequestType::Access, Stage::AwaitingVerification));
    assert_eq!((row.received_at, row.head.due_at), (now(), received(RequestType::Access, now()).due_at));
    assert!(append(ports, first, Actor::Requester, Act::Withdrawn).await);
    assert_eq!(listed(ports, controller, true, 10).await.len(), 4);
    let closed = listed(ports, controller, false, 10).await;
    assert_eq!(closed.len(), 1);
    assert_eq!((&closed[0].request, closed[0].head.stage), (&first.request, Stage::Withdrawn));
}

pub async fn a_request_is_found_from_its_next_date_on_and_read_without_its_persons_key<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let first = asked(ports, controller, "request-1", RequestType::Access).await;
    let second = asked(ports, controller, "request-2", RequestType::Erasure).await;
    assert!(append(ports, &second, Actor::Staff(clerk(1)), Act::Claimed).await);
    let (soon, later) = (days(now(), 10), days(now(), 20));
    assert!(ports.set_next(&first, 0, later).await.unwrap());
    assert!(ports.set_next(&second, 1, soon).await.unwrap());
    let due = async |until, limit| {
        let mut all = Vec::new();
        for shard in 0..REQUEST_SHARDS {
            all.extend(ports.due_requests(shard, until, limit).await.unwrap());
        }
        all.retain(|(key, _)| key.controller == *controller);
        all.sort_by_key(|(_, next_at)| *next_at);
        all
    };
    assert_eq!(due(days(now(), 9), 5_000).await, []);
    assert_eq!(due(soon, 5_000).await, [(second.clone(), soon)], "from that very moment on");
    assert_eq!(due(later, 5_000).await, [(second.clone(), soon), (first.clone(), later)]);
    let stored = ports.request(&second).await.unwrap().unwrap();
    assert_eq!(ports.state(&second).await.unwrap(), Some(stored.state.clone()));
    ports.destroy_subject_key(controller, &second.subject, now()).await.unwrap();
    assert_eq!(ports.state(&second).await.unwrap(), Some(stored.state));
    let unknown = request(controller, &subject(ADA), "unknown");
    assert_eq!(ports.state(&unknown).await.unwrap(), None);
    // Two requests of one person lie in one shard: the earlier date comes first, and the other in the next run.
    let shard = first.subject.shard(REQUEST_SHARDS);
    let earliest = ports.due_requests(shard, later, 1).await.unwrap();
    assert_eq!(earliest.len(), 1);
}

pub async fn a_next_date_moves_while_nothing_else_has<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    assert!(ports.set_next(&request, 0, days(now(), 90)).await.unwrap());
    assert!(open_deadlines(ports, controller, days(now(), 60)).await.is_empty());
    assert_eq!(open_deadlines(ports, controller, days(now(), 100)).await.len(), 1);
    assert!(append(ports, &request, Actor::Staff(clerk(1)), Act::Noted).await);
    assert!(!ports.set_next(&request, 0, days(now(), 1)).await.unwrap(), "it has gone on meanwhile");
    assert!(append(ports, &request, Actor::Requester, Act::Withdrawn).await);
    assert!(!ports.set_next(&request, 2, days(now(), 1)).await.unwrap(), "it is closed");
    assert!(open_deadlines(ports, controller, days(now(), 100)).await.is_empty());
}

fn with_city(city: &str) -> Content {
    let mut content = content(ADA, "a");
    content.fields.insert(field("city"), Sensitive::new(city.to_owned()));
    content
}

pub async fn a_correction_replaces_what_is_personal_about_a_record<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut stored = record(&subject(ADA), "a", now());
    let first = with_city("Genève");
    ports.insert_record(controller, &stored, &first).await.unwrap();
    stored.points = record(&subject(ADA), "b", now()).points;
    let second = with_city("Zürich");
    ports.correct_record(controller, &stored, &second).await.unwrap();
    let again = ports.correct_record(controller, &stored, &first).await;
    assert!(matches!(again, Err(PortError::Conflict { .. })), "the revision has moved on");
    assert_eq!(ports.content(controller, &stored.subject, &stored.id).await.unwrap(), Some(second));
    let after = ports.records(controller, &stored.subject).await.unwrap().remove(0);
    assert_eq!((after.points, after.revision), (stored.points, stored.revision + 1));
}

fn items(count: usize) -> Vec<Item> {
    let mut items: Vec<Item> = (0..count)
        .map(|n| Item {
            category: category("server-log"),
            purpose: purpose("security"),
            record: id(&format!("record {n}")),
            result: ItemResult::Erased {
                evidence: format!("{}/{}", id::<domain::ids::BatchId>(&format!("batch {}", n / 200)), n % 200),
            },
        })
        .collect();
    items.push(Item {
        category: category("invoice"),
        purpose: purpose("accounting"),
        record: id("an invoice"),
        result: ItemResult::Kept {
            reason: "tax law".into(),
            article: "GDPR Art. 17(3)(b)".into(),
            clause: Clause::new("test.invoices"),
        },
    });
    items.push(Item {
        category: category("invoice"),
        purpose: purpose("accounting"),
        record: id("a held invoice"),
        result: ItemResult::Held,
    });
    items.sort_by(|a, b| (&a.category, &a.record).cmp(&(&b.category, &b.record)));
    items
}

pub async fn every_outcome_is_read_as_it_was_decided<P: Ports>(ports: &P, controller: &ControllerId) {
    let refusal = |offer| Refusal { code: "NO_PORTABILITY".into(), text: "we hold nothing".into(), offer };
    let outcomes = [
        Outcome::Refused(refusal(Some(RequestType::Access)), Clause::new("test.portability")),
        Outcome::Refused(refusal(None), Clause::new("test.portability")),
        Outcome::NotVerified,
        Outcome::Exported { object: "exports/v1/x.json".into(), until: days(now(), 7) },
        Outcome::Erased(items(3)),
        Outcome::Erased(Vec::new()),
        Outcome::Withdrawn(vec![purpose("marketing")]),
        Outcome::Stopped(Stop { purposes: vec![purpose("marketing"), purpose("security")], with_office: false }),
        Outcome::Stopped(Stop { purposes: Vec::new(), with_office: true }),
        Outcome::Recorded,
        Outcome::WithOffice,
        Outcome::Granted,
        Outcome::Corrected(vec![field("name"), field("city")]),
        Outcome::RefusedByOffice(RefusalGround::CompellingGrounds),
    ];
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let request = asked(ports, controller, &format!("request-{n}"), RequestType::Access).await;
        decide(ports, &request, outcome.clone()).await;
        let state = ports.request(&request).await.unwrap().unwrap().state;
        assert_eq!(state.decided, Some((now(), outcome)));
    }
}

pub async fn a_long_erasure_is_read_as_it_was_decided<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Erasure).await;
    let outcome = Outcome::Erased(items(5_000));
    decide(ports, &request, outcome.clone()).await;
    let state = ports.request(&request).await.unwrap().unwrap().state;
    assert_eq!(state.decided, Some((now(), outcome)));
}

pub async fn a_decision_closes_the_deadline_unless_it_leaves_the_request_open<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let answered = asked(ports, controller, "request-1", RequestType::Access).await;
    let with_office = asked(ports, controller, "request-2", RequestType::Complaint).await;
    let objected = asked(ports, controller, "request-3", RequestType::Objection).await;
    assert_eq!(open_deadlines(ports, controller, days(now(), 60)).await.len(), 3);
    let stopped = Outcome::Stopped(Stop { purposes: vec![purpose("security")], with_office: true });
    for (request, outcome) in
        [(&answered, Outcome::Withdrawn(Vec::new())), (&with_office, Outcome::WithOffice), (&objected, stopped)]
    {
        decide(ports, request, outcome).await;
    }
    let open = open_deadlines(ports, controller, days(now(), 60)).await;
    let open: BTreeSet<_> = open.iter().map(|deadline| deadline.id.as_str()).collect();
    assert_eq!(open, BTreeSet::from([with_office.request.as_str(), objected.request.as_str()]));
    // The answer stays due for whoever reads the request.
    let state = ports.request(&answered).await.unwrap().unwrap().state;
    assert_eq!(state.received, received(RequestType::Access, now()));
}

pub async fn every_request_of_a_subject_is_listed<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = asked(ports, controller, "request-1", RequestType::Access).await;
    let second = asked(ports, controller, "request-2", RequestType::Erasure).await;
    assert!(append(ports, &first, Actor::Requester, Act::Verified(VerifiedBy::Mail)).await);
    ports.claim_mail(&first, "ACK", now()).await.unwrap();
    ports.plan_erasure(&second, 0, &ErasurePlan { doomed: Vec::new() }).await.unwrap();
    let listed: BTreeMap<_, _> = ports.requests(controller, &subject(ADA)).await.unwrap().into_iter().collect();
    assert_eq!(listed.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&first.request, &second.request]));
    assert!(listed[&first.request].verified.is_some() && listed[&second.request].verified.is_none());
    assert!(ports.requests(controller, &subject("bob@example.com")).await.unwrap().is_empty());
}

pub async fn a_mail_is_claimed_once_and_stays_in_doubt_until_it_is_confirmed<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    let claims = join_all((0..4).map(|_| ports.claim_mail(&request, "ACK", now()))).await;
    let fresh = claims.iter().filter(|claim| matches!(claim, Ok(MailClaim::Fresh))).count();
    assert_eq!(fresh, 1);
    assert_eq!(ports.claim_mail(&request, "ACK", now()).await.unwrap(), MailClaim::InDoubt);
    ports.confirm_mail(&request, "ACK", now()).await.unwrap();
    ports.confirm_mail(&request, "ACK", now()).await.unwrap();
    assert_eq!(ports.claim_mail(&request, "ACK", now()).await.unwrap(), MailClaim::Sent);
    assert_eq!(ports.claim_mail(&request, "ANSWER", now()).await.unwrap(), MailClaim::Fresh);
}

pub async fn a_part_of_an_erasure_is_planned_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Erasure).await;
    let mut records: Vec<_> = (0..200).map(|n| record(&subject(ADA), &format!("record-{n}"), now())).collect();
    records[0].due_at = None;
    let plan = ErasurePlan { doomed: doomed(&records) };
    assert_eq!(ports.erasure_plan(&request, 0).await.unwrap(), None);
    assert_eq!(ports.plan_erasure(&request, 0, &plan).await.unwrap(), Appended::Fresh);
    let other = ErasurePlan { doomed: Vec::new() };
    assert_eq!(ports.plan_erasure(&request, 0, &other).await.unwrap(), Appended::Existing(plan.clone()));
    assert_eq!(ports.erasure_plan(&request, 0).await.unwrap(), Some(plan));
    assert_eq!(ports.erasure_plan(&request, 1).await.unwrap(), None);
}
