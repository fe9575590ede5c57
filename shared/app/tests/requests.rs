//! The requests beside access and erasure, on ports in memory: what is stopped, what is told, who may
//! ask for whom, what follows a death, and who else hears of a decision.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    capture_consent, deadlines,
    disclose::{Disclose, disclose},
    error::NotTaken,
    export::{DisclosureLine, SubjectFile},
    fulfil_request,
    holds::{self, PlaceHold},
    keys::Keys,
    mail::Mail,
    post_mortem, read_consents,
    receive_request::{self, Acknowledgement, ReceiveError, ReceiveRequest},
    recipients,
    records::{self, RecordStore, RegisterRecord},
    requests::{self, RequestKey, RequestLog},
};
use domain::{
    consent::Choice,
    disclosure::{About, DisclosureAsked},
    dsar::{
        Acting, ActingAs, ActingRefused, Instructions, Item, ItemResult, Outcome, PROCESSOR, Received, RequestType,
        Stage, Stop,
    },
    hold::{HoldReason, HoldScope, ScopeAsked},
    ids::{Field, Ground, Identifier, Recipient, SubjectRef},
    policy::{
        AgentRule, Authority, Clause, Policy, RecipientRole, RecipientRule, Refusal, RightRule, RoleRule, ServiceRole,
        Use, VerificationRule,
    },
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use testkit::{
    Memory, Said, build,
    recipients::{asked, country},
};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

fn ada() -> Identifier {
    build::mail("ada@example.com")
}

fn form(request: RequestType) -> ReceiveRequest {
    ReceiveRequest::new(request, ada(), "key".into(), day(0))
}

fn right(request: RequestType) -> RightRule {
    RightRule {
        request,
        refusal: None,
        verification: VerificationRule::None,
        respond_within: None,
        clause: Clause::new(format!("test.{request}")),
    }
}

fn acting(role: ActingAs, proof: Option<&str>) -> Option<Acting> {
    Some(Acting { role, proof: proof.map(|proof| Ground::parse(proof).unwrap()) })
}

async fn received(policy: &Policy, memory: &Memory, form: ReceiveRequest) -> Acknowledgement {
    receive_request::receive(policy, memory, form).await.unwrap()
}

async fn fulfilled(policy: &Policy, memory: &Memory, key: &RequestKey, at: Timestamp) -> Option<Outcome> {
    fulfil_request::fulfil(policy, memory, key, at, URL).await.unwrap()
}

fn token_in(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Takes a request in, confirms it by the mailed link, and carries it out.
async fn confirmed(policy: &Policy, memory: &Memory, form: ReceiveRequest) -> (RequestKey, Outcome) {
    let at = form.at;
    let key = received(policy, memory, form).await.request;
    assert_eq!(fulfilled(policy, memory, &key, at).await, None, "nothing before it is confirmed");
    let token = token_in(memory.sent().last().unwrap());
    requests::verify(policy, memory, &key.request, &token, at).await.unwrap();
    let outcome = fulfilled(policy, memory, &key, at).await.unwrap();
    (key, outcome)
}

async fn registered(policy: &Policy, memory: &Memory, category: &str, purpose: &str, fields: &[(&str, &str)]) {
    let form = RegisterRecord {
        fields: build::fields(fields),
        ..build::registration(ada(), (category, purpose), &format!("{category}-1"), day(-1))
    };
    records::register(policy, memory, form).await.unwrap();
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&ada())
}

fn file(memory: &Memory) -> SubjectFile {
    let exports = memory.exports();
    assert_eq!(exports.len(), 2, "one file, as JSON and as CSV: {exports:?}");
    exports.into_values().next().unwrap()
}

// What is stopped.

#[tokio::test]
async fn an_opt_out_is_answered_at_once_and_asks_nobody_for_a_proof() {
    let mut policy = build::policy();
    if let Some(rule) = policy.purposes.get_mut(&build::purpose("marketing")) {
        rule.uses = BTreeSet::from([Use::Marketing]);
    }
    let strict = RightRule { verification: VerificationRule::Points(3), ..right(RequestType::ObjectionMarketing) };
    policy.rights.insert(strict.request, strict);
    for (request, purposes) in
        [(RequestType::ObjectionMarketing, vec!["marketing"]), (RequestType::DoNotSellOrShare, vec![])]
    {
        let memory = Memory::new();
        let answer = received(&policy, &memory, form(request)).await;
        assert_eq!(answer.received.verification, VerificationRule::None);
        let outcome = fulfilled(&policy, &memory, &answer.request, day(0)).await;
        let purposes: Vec<_> = purposes.into_iter().map(build::purpose).collect();
        let says_what = if purposes.is_empty() { "nothing that a request of this kind" } else { "- News by mail" };
        assert_eq!(outcome, Some(Outcome::Stopped(Stop { purposes, with_office: false })));
        let status =
            requests::look(&policy, &memory, &answer.request.request, &answer.token, day(0)).await.unwrap().1.state;
        assert_eq!(status.stage(), Stage::Answered);
        let mails = memory.sent();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].text.contains(says_what), "{}", mails[0].text);
    }
}

#[tokio::test]
async fn an_objection_stops_at_once_and_stays_due_until_the_office_decides() {
    let (policy, memory) = (build::policy(), Memory::new());
    let answer = received(&policy, &memory, form(RequestType::Objection)).await;
    let outcome = fulfilled(&policy, &memory, &answer.request, day(0)).await;
    let purposes = vec![build::purpose("security")];
    assert_eq!(outcome, Some(Outcome::Stopped(Stop { purposes, with_office: true })));
    let status =
        requests::look(&policy, &memory, &answer.request.request, &answer.token, day(0)).await.unwrap().1.state;
    assert_eq!(status.stage().for_requester(), Stage::InProgress);
    let watched = deadlines::watch(&memory, &[&policy], day(40), true).await.unwrap();
    assert_eq!(watched.missed, 1, "nobody has decided");

    for (purpose, taken) in [("security", true), ("marketing", true), ("contract", false), ("accounting", false)] {
        let form = ReceiveRequest {
            purposes: vec![build::purpose(purpose)],
            key: purpose.into(),
            ..form(RequestType::Objection)
        };
        let answer = receive_request::receive(&policy, &memory, form).await;
        assert_eq!(answer.is_ok(), taken, "{purpose}");
        assert!(taken || matches!(answer, Err(ReceiveError::NoObjection(_))));
    }
    let unknown = ReceiveRequest { purposes: vec![build::purpose("nonsense")], ..form(RequestType::Objection) };
    let refused = receive_request::receive(&policy, &memory, unknown).await;
    assert!(matches!(refused, Err(ReceiveError::UnknownPurpose(_))));
}

#[tokio::test]
async fn a_withdrawal_that_the_policy_refuses_is_honoured_where_something_was_given_all_the_same() {
    let mut policy = build::policy();
    let refusal = Refusal {
        code: "NO_CONSENT_BASIS".into(),
        text: "we rely on no consent".into(),
        offer: Some(RequestType::Objection),
    };
    let rule = RightRule { refusal: Some(refusal), ..right(RequestType::WithdrawConsent) };
    policy.rights.insert(rule.request, rule);
    let mut answers = Vec::new();
    for given in [false, true] {
        let memory = Memory::new();
        let choice = if given { Choice::Given } else { Choice::Refused };
        let capture = build::capture(ada(), &[("marketing", choice)], "capture", day(-1));
        let receipt = capture_consent::capture(&policy, &memory, capture).await.unwrap();
        let answer = received(&policy, &memory, form(RequestType::WithdrawConsent)).await;
        let outcome = fulfilled(&policy, &memory, &answer.request, day(0)).await;
        assert!(matches!(outcome, Some(Outcome::Refused(..))));
        let state = read_consents::read(&policy, &memory, &receipt.token, day(1)).await.unwrap();
        let choices: Vec<_> = state.values().map(|state| state.choice.choice).collect();
        assert_eq!(choices, [if given { Choice::Withdrawn } else { Choice::Refused }]);
        answers.push((answer, outcome, memory.sent()));
    }
    assert_eq!(answers[0], answers[1], "the answer does not say whether there was a consent");
}

// What is told.

#[tokio::test]
async fn which_categories_are_held_is_told_without_a_value() {
    let (policy, memory) = (build::policy(), Memory::new());
    let fields = [("email", "ada@example.com"), ("password", "hunter2")];
    registered(&policy, &memory, "account", "contract", &fields).await;
    registered(&policy, &memory, "server-log", "security", &[("ip_address", "192.0.2.1")]).await;
    let (_, outcome) = confirmed(&policy, &memory, form(RequestType::KnowCategories)).await;
    assert!(matches!(outcome, Outcome::Exported { .. }));
    let file = file(&memory);
    assert_eq!(file.asked_for, RequestType::KnowCategories);
    assert!(file.records.is_empty() && file.consents.is_empty() && file.requests.is_empty());
    let held: Vec<_> = file
        .held
        .iter()
        .map(|((category, purpose), fields)| {
            let fields: Vec<_> = fields.iter().map(Field::as_str).collect();
            format!("{category} {purpose} {}", fields.join(","))
        })
        .collect();
    assert_eq!(held, ["account contract email,password", "server-log security ip_address"]);
    assert_eq!(memory.exported_fields(), []);
    assert!(memory.sent().last().unwrap().text.contains("&format=csv"));
}

#[tokio::test]
async fn the_specific_pieces_are_an_access_and_nothing_held_is_an_answer_too() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[("ip_address", "192.0.2.1")]).await;
    confirmed(&policy, &memory, form(RequestType::KnowPieces)).await;
    assert_eq!(file(&memory).records.len(), 1);
    assert_eq!(memory.exported_fields(), [("ip_address".to_owned(), "192.0.2.1".to_owned())]);

    let memory = Memory::new();
    let (_, outcome) = confirmed(&policy, &memory, form(RequestType::Access)).await;
    assert!(matches!(outcome, Outcome::Exported { .. }));
    assert!(file(&memory).held.is_empty());
}

#[tokio::test]
async fn a_question_about_the_policy_is_answered_at_once_with_nothing_about_anybody() {
    let mut policy = build::policy();
    let rule = RightRule { respond_within: Some(20.days().fieldwise()), ..right(RequestType::Information) };
    policy.rights.insert(rule.request, rule);
    let mut answers = Vec::new();
    for known in [false, true] {
        let memory = Memory::new();
        if known {
            registered(&policy, &memory, "server-log", "security", &[("ip_address", "192.0.2.1")]).await;
        }
        let answer = received(&policy, &memory, form(RequestType::Information)).await;
        assert_eq!(
            (answer.last_day.as_str(), answer.received.due_by_law.as_str()),
            ("2026-02-22", "privacy policy, test.information")
        );
        let before = memory.calls();
        let outcome = fulfilled(&policy, &memory, &answer.request, day(0)).await;
        assert!(matches!(outcome, Some(Outcome::Exported { .. })));
        let file = file(&memory);
        assert_eq!(file, SubjectFile::new(RequestType::Information, day(0)));
        answers.push((answer, outcome, memory.sent(), memory.calls() - before));
    }
    assert_eq!(answers[0], answers[1], "the same words after the same calls");
}

#[tokio::test]
async fn every_refusal_names_the_authority_the_remedy_and_the_officer() {
    let mut policy = build::policy();
    policy.office.data_protection_officer = Some("dpo@acme.example".into());
    policy.office.authority = Some(Authority {
        name: "the ICO".into(),
        url: Some("https://ico.org.uk".into()),
        phone: Some("0303 123 1113".into()),
        post: None,
        clause: Clause::new("test.authority"),
    });
    let memory = Memory::new();
    let answer = received(&policy, &memory, form(RequestType::Portability)).await;
    fulfilled(&policy, &memory, &answer.request, day(0)).await;
    registered(&policy, &memory, "invoice", "accounting", &[]).await;
    let (_, outcome) =
        confirmed(&policy, &memory, ReceiveRequest { key: "erasure".into(), ..form(RequestType::Erasure) }).await;
    assert!(outcome.refuses(), "the invoice stays: {outcome:?}");
    let answers: Vec<_> = memory.sent().into_iter().filter(|mail| mail.tag.ends_with("-answer")).collect();
    assert_eq!(answers.len(), 2);
    for mail in answers {
        for part in ["the ICO (https://ico.org.uk; 0303 123 1113)", "go to court", "dpo@acme.example"] {
            assert!(mail.text.contains(part), "{part} is missing in {}", mail.text);
        }
    }
}

// Who asks for whom.

#[tokio::test]
async fn an_agent_brings_a_proof_and_the_person_confirms_by_mail() {
    let mut policy = build::policy();
    let ask = |proof| ReceiveRequest { acting: acting(ActingAs::Agent, proof), ..form(RequestType::Erasure) };
    let memory = Memory::new();
    let refused = receive_request::receive(&policy, &memory, ask(Some("signed-permission"))).await;
    assert!(matches!(refused, Err(ReceiveError::Acting(ActingRefused::NotAccepted(ActingAs::Agent)))));
    let proofs = BTreeSet::from([Ground::parse("signed-permission").unwrap()]);
    policy.agents = Some(AgentRule { proofs, clause: Clause::new("test.agents") });
    if let Some(rule) = policy.rights.get_mut(&RequestType::Erasure) {
        rule.verification = VerificationRule::Points(2);
    }
    let refused = receive_request::receive(&policy, &memory, ask(None)).await;
    assert!(matches!(refused, Err(ReceiveError::Acting(ActingRefused::ProofNeeded(_)))));

    let (key, outcome) = confirmed(&policy, &memory, ask(Some("signed-permission"))).await;
    assert!(matches!(outcome, Outcome::Erased(_)));
    let asked = memory.sent().remove(0);
    assert!(asked.to.disclose() == "ada@example.com" && asked.text.contains("made for you by an agent"));
    let stored = memory.request(&key).await.unwrap().unwrap();
    assert_eq!(stored.state.received.acting, acting(ActingAs::Agent, Some("signed-permission")));
    // The same key with another agent is another request.
    let other = ReceiveRequest { acting: None, ..ask(None) };
    let other = ReceiveRequest { points: points(), ..other };
    assert!(matches!(receive_request::receive(&policy, &memory, other).await, Err(ReceiveError::KeyReused)));
}

fn points() -> Vec<(Field, Sensitive<String>)> {
    ["email", "name"].map(|field| (build::field(field), Sensitive::new(format!("the {field}")))).into()
}

#[tokio::test]
async fn a_successor_is_decided_about_by_a_person_and_gets_nothing_from_the_system() {
    let mut policy = build::policy();
    policy.rights.insert(RequestType::PostMortem, right(RequestType::PostMortem));
    for request in [RequestType::Access, RequestType::Erasure, RequestType::Portability] {
        let mut policy = policy.clone();
        policy.rights.remove(&RequestType::Portability);
        let memory = Memory::new();
        registered(&policy, &memory, "server-log", "security", &[]).await;
        let form = ReceiveRequest { acting: acting(ActingAs::Successor, None), ..form(request) };
        let answer = received(&policy, &memory, form).await;
        let outcome = fulfilled(&policy, &memory, &answer.request, day(0)).await;
        assert_eq!(outcome, Some(Outcome::WithOffice));
        assert!(memory.exports().is_empty());
        let subject = subject(&policy, &memory).await;
        assert_eq!(memory.records(&policy.controller, &subject).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_processor_decides_nothing_and_the_office_passes_the_request_on() {
    let mut policy = build::policy();
    policy.roles.push(RoleRule {
        service: Ground::parse("zta").unwrap(),
        role: ServiceRole::Processor,
        parties: vec!["your organisation".into()],
        clause: Clause::new("test.roles"),
    });
    if let Some(rule) = policy.rights.get_mut(&RequestType::Erasure) {
        rule.verification = VerificationRule::Points(2);
    }
    let memory = Memory::new();
    registered(&policy, &memory, "server-log", "security", &[]).await;
    let service = |name: &str| Some(Ground::parse(name).unwrap());
    let unknown = ReceiveRequest { service: service("nonsense"), ..form(RequestType::Erasure) };
    let refused = receive_request::receive(&policy, &memory, unknown).await;
    assert!(matches!(refused, Err(ReceiveError::UnknownService)));

    let answer = received(&policy, &memory, ReceiveRequest { service: service("zta"), ..form(RequestType::Erasure) });
    let answer = answer.await;
    let (refusal, clause) = answer.refusal.clone().unwrap();
    assert_eq!((refusal.code.as_str(), clause.as_str()), (PROCESSOR, "test.roles"));
    assert!(refusal.text.contains("your organisation"));
    for _ in 0..2 {
        let outcome = fulfilled(&policy, &memory, &answer.request, day(0)).await;
        assert!(matches!(outcome, Some(Outcome::Refused(..))));
    }
    let subject = subject(&policy, &memory).await;
    assert_eq!(memory.records(&policy.controller, &subject).await.unwrap().len(), 1, "nothing is decided here");
    let mails = memory.sent();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.disclose().as_str()).collect();
    assert_eq!(to, ["ada@example.com", "privacy@acme.example"]);
    assert!(mails[1].text.contains(answer.request.request.as_str()) && !mails[1].text.contains("ada@"));
}

// After death.

fn instructions(deletion: Option<&str>, communication: Option<&str>) -> Option<Instructions> {
    let text = |text: Option<&str>| text.map(|text| Sensitive::new(text.to_owned()));
    Some(Instructions { retention: None, deletion: text(deletion), communication: text(communication) })
}

fn offering() -> Policy {
    let mut policy = build::policy();
    policy.rights.insert(RequestType::PostMortem, right(RequestType::PostMortem));
    policy
}

fn instructed(n: i64, instructions: Option<Instructions>) -> ReceiveRequest {
    ReceiveRequest { instructions, key: format!("instructions {n}"), at: day(n), ..form(RequestType::PostMortem) }
}

#[tokio::test]
async fn an_erasure_that_was_instructed_is_carried_out_like_one_that_was_asked_for() {
    let (policy, memory) = (offering(), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    registered(&policy, &memory, "invoice", "accounting", &[]).await;
    let (_, outcome) = confirmed(&policy, &memory, instructed(0, instructions(Some("all"), None))).await;
    assert_eq!(outcome, Outcome::Recorded);
    let subject = subject(&policy, &memory).await;
    let mails = memory.sent().len();

    let key = post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap().unwrap();
    let again = post_mortem::carry_out(&policy, &memory, &subject, day(6)).await.unwrap().unwrap();
    assert_eq!(key, again, "told twice, done once");
    let outcome = fulfilled(&policy, &memory, &key, day(5)).await;
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    let results: BTreeMap<_, _> = items.iter().map(|item| (item.category.as_str(), &item.result)).collect();
    assert!(matches!(results["server-log"], ItemResult::Erased { .. }));
    assert!(matches!(results["invoice"], ItemResult::Kept { .. }), "what the law keeps stays");
    assert_eq!(memory.sent().len(), mails, "nobody is written to any more");
    assert_eq!(memory.certificates().len(), 1);
}

#[tokio::test]
async fn instructions_that_have_to_be_read_become_work_for_the_office_with_a_deadline() {
    let (policy, memory) = (offering(), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    let wish = instructions(Some("all"), Some("My photographs to my sister."));
    confirmed(&policy, &memory, instructed(0, wish.clone())).await;
    let subject = subject(&policy, &memory).await;
    let key = post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap().unwrap();
    for _ in 0..2 {
        let outcome = fulfilled(&policy, &memory, &key, day(5)).await;
        assert_eq!(outcome, Some(Outcome::WithOffice), "nothing is erased before somebody got the photographs");
    }
    let stored = memory.request(&key).await.unwrap().unwrap();
    assert_eq!((stored.confided.instructions, stored.confided.contact), (wish, None));
    let mail = memory.sent().pop().unwrap();
    assert_eq!((mail.to.disclose().as_str(), mail.tag.ends_with("-office")), ("privacy@acme.example", true));
    assert!(mail.text.contains(key.request.as_str()) && !mail.text.contains("photographs"));
    let watched = deadlines::watch(&memory, &[&policy], day(60), true).await.unwrap();
    assert_eq!(watched.missed, 1);
}

#[tokio::test]
async fn the_latest_instructions_count_and_a_request_without_any_revokes_them() {
    let policy = offering();
    for (revoked, expected) in [(false, Some(RequestType::PostMortem)), (true, None)] {
        let memory = Memory::new();
        confirmed(&policy, &memory, instructed(0, instructions(Some("all"), None))).await;
        let later = if revoked { None } else { instructions(None, Some("Everything to the museum.")) };
        let (_, outcome) = confirmed(&policy, &memory, instructed(1, later)).await;
        assert_eq!(outcome, Outcome::Recorded);
        // A stranger's, who confirms nothing.
        received(&policy, &memory, instructed(2, instructions(Some("all"), None))).await;
        let subject = subject(&policy, &memory).await;
        let key = post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap();
        let request = match key {
            Some(key) => Some(memory.request(&key).await.unwrap().unwrap().state.received.request),
            None => None,
        };
        assert_eq!(request, expected);

        let access = ReceiveRequest { key: "access".into(), at: day(6), ..form(RequestType::Access) };
        confirmed(&policy, &memory, access).await;
        let in_force: Vec<_> = file(&memory).instructions.iter().map(|given| (given.at, given.in_force)).collect();
        let all = [(day(0), false), (day(1), true), (day(2), false)];
        let expected: Vec<_> = all.into_iter().filter(|(at, _)| !revoked || *at != day(1)).collect();
        assert_eq!(in_force, expected);
    }
}

#[tokio::test]
async fn nothing_follows_a_death_without_instructions_or_where_none_are_promised() {
    let (policy, memory) = (offering(), Memory::new());
    let subject = subject(&policy, &memory).await;
    assert_eq!(post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap(), None);
    // Given after the death: not by the person.
    confirmed(&policy, &memory, instructed(6, instructions(Some("all"), None))).await;
    assert_eq!(post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap(), None);
    // Gone with the key.
    confirmed(&policy, &memory, instructed(0, instructions(Some("all"), None))).await;
    memory.destroy_subject_key(&policy.controller, &subject, day(7)).await.unwrap();
    assert_eq!(post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap(), None);

    let (silent, memory) = (build::policy(), Memory::new());
    let (key, outcome) = confirmed(&silent, &memory, instructed(0, instructions(Some("all"), None))).await;
    assert_eq!(outcome, Outcome::WithOffice, "the office answers what the policy does not promise");
    assert_eq!(post_mortem::carry_out(&silent, &memory, &key.subject, day(5)).await.unwrap(), None);
    let misplaced = ReceiveRequest { instructions: instructions(Some("all"), None), ..form(RequestType::Erasure) };
    let refused = receive_request::receive(&silent, &memory, misplaced).await;
    assert!(matches!(refused, Err(ReceiveError::InstructionsMisplaced)));
}

#[tokio::test]
async fn a_hold_outlasts_an_erasure_that_was_instructed() {
    let (policy, memory) = (offering(), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    confirmed(&policy, &memory, instructed(0, instructions(Some("all"), None))).await;
    let hold = PlaceHold {
        scope: ScopeAsked::Subject(ada()),
        reason: HoldReason::Investigation,
        ground: None,
        review_at: day(90),
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at: day(1),
    };
    let HoldScope::Subject(subject) = holds::place(&policy, &memory, hold).await.unwrap().scope else { panic!() };
    let key = post_mortem::carry_out(&policy, &memory, &subject, day(5)).await.unwrap().unwrap();
    let outcome = fulfilled(&policy, &memory, &key, day(5)).await;
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    assert!(items.iter().all(|item| item.result == ItemResult::Held) && items.len() == 1);
}

// Who else hears of it.

fn recipient(name: &str, mail: Option<&str>) -> RecipientRule {
    RecipientRule {
        id: Recipient::parse(name).unwrap(),
        title: name.to_uppercase(),
        role: RecipientRole::Processor,
        categories: BTreeSet::new(),
        purposes: BTreeSet::new(),
        grounds: BTreeSet::new(),
        needs: BTreeSet::new(),
        consent: None,
        uses: BTreeSet::new(),
        countries: BTreeSet::new(),
        mechanism: None,
        mail: mail.map(str::to_owned),
        clause: Clause::new(format!("test.{name}")),
    }
}

fn line(id: &str, recipient: &str, categories: &[&str]) -> DisclosureLine {
    DisclosureLine {
        id: id.into(),
        recipient: Recipient::parse(recipient).unwrap(),
        categories: categories.iter().map(|name| build::category(name)).collect(),
        purpose: build::purpose("security"),
        countries: BTreeSet::new(),
        at: day(-1),
        clause: Clause::new("test.disclosed"),
    }
}

fn with_recipients() -> Policy {
    let mut policy = build::policy();
    for rule in [
        recipient("hosting", Some("erasures@hosting.example")),
        recipient("mailer", Some("privacy@mailer.example")),
        recipient("police", None),
    ] {
        policy.recipients.insert(rule.id.clone(), rule);
    }
    policy
}

fn disclosed() -> Vec<DisclosureLine> {
    vec![
        line("d-1", "hosting", &["server-log"]),
        line("d-2", "hosting", &["account", "invoice"]),
        line("d-3", "mailer", &["invoice"]),
        line("d-4", "police", &["server-log"]),
        line("d-5", "forgotten", &["server-log"]),
    ]
}

fn item(category: &str, result: ItemResult) -> Item {
    Item {
        category: build::category(category),
        purpose: build::purpose("security"),
        record: build::id(category),
        result,
    }
}

fn erased() -> Outcome {
    let kept = ItemResult::Kept { reason: "tax".into(), article: "Art. 17(3)(b)".into(), clause: Clause::new("x") };
    Outcome::Erased(vec![
        item("server-log", ItemResult::Erased { evidence: "x/0".into() }),
        item("account", ItemResult::Erased { evidence: "x/1".into() }),
        item("invoice", kept),
    ])
}

#[tokio::test]
async fn recipients_are_told_once_of_what_was_erased_by_numbers_alone() {
    let (policy, memory) = (with_recipients(), Memory::new());
    let key = received(&policy, &memory, form(RequestType::Erasure)).await.request;
    for _ in 0..2 {
        let (received, outcome) = (build::received(RequestType::Erasure, day(0)), erased());
        recipients::tell(&policy, &memory, &key, (&received, &outcome), &disclosed(), day(1)).await.unwrap();
    }
    let mails = memory.sent();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.disclose().as_str()).collect();
    let office = "privacy@acme.example";
    assert_eq!(to, [office, "erasures@hosting.example", office], "what the mailer got is kept");
    let pass_on = |who: &str| format!("has no address for {who}: please pass this letter on");
    assert!(
        mails[0].text.contains(&pass_on("forgotten")),
        "the policy names them no more, and they got it: the office knows"
    );
    assert!(mails[2].text.contains(&pass_on("POLICE")), "nor has it an address for the police");
    let text = &mails[1].text;
    assert!(text.contains("- d-1 (server-log)\n- d-2 (account)\n"), "nobody is told to erase the invoice: {text}");
    for personal in ["ada", key.subject.as_str()] {
        assert!(!text.contains(personal) && !mails[1].subject.contains(personal));
    }
}

#[tokio::test]
async fn recipients_are_told_of_a_restriction_and_of_nothing_that_hands_out() {
    let policy = with_recipients();
    for (request, outcome, letters) in [
        (RequestType::Complaint, Outcome::WithOffice, 0),
        (RequestType::Complaint, Outcome::Granted, 0),
        (RequestType::Erasure, Outcome::NotVerified, 0),
        (RequestType::Access, Outcome::Exported { object: "x.json".into(), until: day(7) }, 0),
    ] {
        let memory = Memory::new();
        let key = received(&policy, &memory, form(request)).await.request;
        let received = build::received(request, day(0));
        recipients::tell(&policy, &memory, &key, (&received, &outcome), &disclosed(), day(1)).await.unwrap();
        assert_eq!(memory.sent().len(), letters, "{request}");
    }

    let mut reviewing = with_recipients();
    reviewing.office.review.insert(RequestType::Restriction);
    // What the office has to see first restricts nothing before it is granted, and then everybody hears of it, once.
    for (policy, acting, at_once) in
        [(&policy, None, 4), (&policy, acting(ActingAs::Successor, None), 0), (&reviewing, None, 0)]
    {
        let memory = Memory::new();
        let key = received(policy, &memory, form(RequestType::Restriction)).await.request;
        let received = Received { acting, ..build::received(RequestType::Restriction, day(0)) };
        for (outcome, letters) in [(Outcome::WithOffice, at_once), (Outcome::Granted, 4)] {
            recipients::tell(policy, &memory, &key, (&received, &outcome), &disclosed(), day(1)).await.unwrap();
            assert_eq!(memory.sent().len(), letters, "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_crash_between_letters_leaves_no_recipient_untold() {
    let policy = with_recipients();
    for crash_after in 0.. {
        let memory = Memory::new();
        let key = received(&policy, &memory, form(RequestType::Restriction)).await.request;
        let restriction = build::received(RequestType::Restriction, day(0));
        let decided = (&restriction, &Outcome::WithOffice);
        memory.fail_after(crash_after);
        let first = recipients::tell(&policy, &memory, &key, decided, &disclosed(), day(1)).await;
        memory.recover();
        recipients::tell(&policy, &memory, &key, decided, &disclosed(), day(1)).await.unwrap();
        let mut told: Vec<String> = memory.sent().into_iter().map(|mail| mail.tag).collect();
        told.sort();
        let twice = told.len() - 4;
        told.dedup();
        let all =
            ["forgotten", "hosting", "mailer", "police"].map(|who| format!("request-{}-follow-{who}", key.request));
        assert_eq!(told, all, "after {crash_after} calls");
        assert!(twice <= 1, "only the send in doubt may be told twice");
        if first.is_ok() {
            assert!(crash_after > 5, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_recipient_that_no_mail_reaches_keeps_it_from_no_other() {
    let (policy, memory) = (with_recipients(), Memory::new());
    let key = received(&policy, &memory, form(RequestType::Restriction)).await.request;
    memory.mail_service(|mail| mail.to.disclose().contains("hosting").then_some(Said::Refused(NotTaken::Address)));
    let restriction = build::received(RequestType::Restriction, day(0));
    let decided = (&restriction, &Outcome::WithOffice);
    for refused in [1, 0] {
        let told = recipients::tell(&policy, &memory, &key, decided, &disclosed(), day(1)).await.unwrap();
        assert_eq!(told, refused, "it is tried once");
        assert_eq!(memory.sent().len(), 3, "each of the others, once");
    }
    assert_eq!(failed_mails(&memory, &key).await, ["follow-hosting"]);
}

#[tokio::test]
async fn an_office_that_no_mail_reaches_is_an_error_to_be_mended() {
    let (policy, memory) = (with_recipients(), Memory::new());
    let key = received(&policy, &memory, form(RequestType::Restriction)).await.request;
    let office = policy.contact_mail.clone();
    memory.mail_service(move |mail| (*mail.to.disclose() == office).then_some(Said::Refused(NotTaken::Address)));
    let restriction = build::received(RequestType::Restriction, day(0));
    let decided = (&restriction, &Outcome::WithOffice);
    recipients::tell(&policy, &memory, &key, decided, &disclosed(), day(1)).await.unwrap_err();
    assert!(failed_mails(&memory, &key).await.is_empty());
    memory.mail_service(|_| None);
    recipients::tell(&policy, &memory, &key, decided, &disclosed(), day(1)).await.unwrap();
    assert_eq!(memory.sent().len(), 4, "everybody, once");
}

/// What the mails are called that a request's history says no mailbox took.
async fn failed_mails(memory: &Memory, key: &RequestKey) -> Vec<String> {
    let stored = memory.request(key).await.unwrap().unwrap();
    stored.state.failed_mails().map(|(_, mail, _)| mail.to_owned()).collect()
}

#[tokio::test]
async fn a_requester_that_no_mail_reaches_stands_in_the_way_of_nothing_that_follows() {
    let policy = with_recipients();
    for crash_after in 0.. {
        let memory = Memory::new();
        registered(&policy, &memory, "server-log", "security", &[]).await;
        let disclosed = Disclose {
            about: About::Person(ada()),
            asked: DisclosureAsked { country: Some(country("FR")), ..asked("hosting", &["server-log"], "security") },
            occurred_at: day(-1),
            logged_by: "officer-1".into(),
            key: "told".into(),
            at: day(-1),
        };
        disclose(&policy, &memory, disclosed).await.unwrap();
        let key = received(&policy, &memory, form(RequestType::Erasure)).await.request;
        fulfilled(&policy, &memory, &key, day(0)).await;
        let token = token_in(memory.sent().last().unwrap());
        requests::verify(&policy, &memory, &key.request, &token, day(0)).await.unwrap();
        memory.mail_service(|mail| mail.tag.ends_with("-answer").then_some(Said::Refused(NotTaken::Address)));
        memory.fail_after(crash_after);
        let first = fulfil_request::fulfil(&policy, &memory, &key, day(1), URL).await;
        memory.recover();
        let outcome = fulfil_request::fulfil(&policy, &memory, &key, day(1), URL).await.unwrap();
        assert!(matches!(outcome, Some(Outcome::Erased(_))), "after {crash_after} calls: {outcome:?}");
        assert_eq!(failed_mails(&memory, &key).await, ["answer"], "after {crash_after} calls");
        assert!(memory.sent().iter().any(|mail| mail.tag.ends_with("-follow-hosting")), "after {crash_after} calls");
        let stored = memory.request(&key).await.unwrap().unwrap();
        assert_eq!(stored.confided.contact, None, "the key is gone after {crash_after} calls");
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_crash_after_a_death_leaves_no_instructions_undone() {
    let policy = offering();
    for crash_after in 0.. {
        let memory = Memory::new();
        registered(&policy, &memory, "server-log", "security", &[]).await;
        confirmed(&policy, &memory, instructed(0, instructions(Some("all"), None))).await;
        let subject = subject(&policy, &memory).await;
        memory.fail_after(crash_after);
        let first = after_death(&policy, &memory, &subject).await;
        memory.recover();
        after_death(&policy, &memory, &subject).await.unwrap();
        assert!(memory.records(&policy.controller, &subject).await.unwrap().is_empty(), "after {crash_after} calls");
        let requests = memory.requests(&policy.controller, &subject).await.unwrap();
        assert_eq!(requests.len(), 2, "the instructions and one erasure");
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

/// What retention-track and then the relay bring about.
async fn after_death(policy: &Policy, memory: &Memory, subject: &SubjectRef) -> Result<(), app::error::PortError> {
    let Some(key) = post_mortem::carry_out(policy, memory, subject, day(5)).await? else { return Ok(()) };
    fulfil_request::fulfil(policy, memory, &key, day(5), URL).await.map(drop)
}

#[tokio::test]
async fn who_names_purposes_has_those_erased_and_keeps_the_rest() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    registered(&policy, &memory, "account", "contract", &[]).await;
    let request = ReceiveRequest { purposes: vec![build::purpose("security")], ..form(RequestType::Erasure) };
    let (_, outcome) = confirmed(&policy, &memory, request).await;
    let Outcome::Erased(items) = outcome else { panic!("{outcome:?}") };
    assert_eq!(items.iter().map(|item| item.category.as_str()).collect::<Vec<_>>(), ["server-log"]);
    let left = memory.records(&policy.controller, &subject(&policy, &memory).await).await.unwrap();
    assert_eq!(left.iter().map(|record| record.category.as_str()).collect::<Vec<_>>(), ["account"]);
    let content = memory.content(&policy.controller, &left[0].subject, &left[0].id).await.unwrap();
    assert!(content.is_some(), "the key lives while anything of theirs is kept");
}
