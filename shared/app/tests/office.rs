//! The office's side of requests on ports in memory: who sees what, who may do what when, and what comes
//! of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    destruction::{Condition, Deletion, Doomed},
    disclose::{self, Disclose},
    erasure::{ErasurePlan, ErasurePlans},
    fulfil_request,
    keys::Keys,
    office::{self, ActError, Clerk, Doing, EnterError, EnterRequest, ListError, ListRequests, Looked, Planned},
    receive_request::{self, ReceiveRequest},
    records::{self, RecordStore, RegisterRecord},
    reply::{self, ReplyError},
    requests::{self, RequestKey, RequestLog, StoredRequest},
    uses::{self, AskUse},
};
use domain::{
    disclosure::About,
    dsar::{
        Act, Action, Actor, Ask, Exception, ExtensionGround, ExtensionRefused, ItemResult, MergeRefused, Outcome,
        RefusalGround, RequestType, Ruling, RulingRefused, Stage, VerifiedBy, Why,
    },
    ids::{Field, Identifier, RequestId, StaffId},
    policy::{Policy, Regime, RightRule, VerificationRule},
    sensitive::Sensitive,
    standing::UseAsked,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, at_once, build, recipients};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

fn clerk(n: u8) -> StaffId {
    StaffId::parse(&format!("clerk-{n}")).unwrap()
}

fn words(text: &str) -> Option<Sensitive<String>> {
    Some(Sensitive::new(text.to_owned()))
}

fn form(who: &Identifier, request: RequestType, key: &str, at: Timestamp) -> ReceiveRequest {
    ReceiveRequest { message: words("please"), ..ReceiveRequest::new(request, who.clone(), key.into(), at) }
}

fn ada() -> Identifier {
    build::mail("ada@example.com")
}

/// The small policy, with a person who looks at everything of that type first.
fn reviewing(requests: &[RequestType]) -> Policy {
    let mut policy = build::policy();
    policy.office.review = requests.iter().copied().collect();
    policy
}

async fn fulfilled(policy: &Policy, memory: &Memory, key: &RequestKey, at: Timestamp) -> Option<Outcome> {
    fulfil_request::fulfil(policy, memory, key, at, URL).await.unwrap()
}

async fn stored(memory: &Memory, key: &RequestKey) -> StoredRequest {
    memory.request(key).await.unwrap().unwrap()
}

async fn stage(memory: &Memory, key: &RequestKey) -> Stage {
    stored(memory, key).await.state.stage()
}

/// Takes a request in, as a person whose mailbox answers, and lets the product do what it can.
async fn asked(policy: &Policy, memory: &Memory, form: ReceiveRequest) -> RequestKey {
    let (at, key) = (form.at, receive_request::receive(policy, memory, form).await.unwrap().request);
    requests::record(policy, memory, &key, |stored| {
        let is_needed = !stored.state.is_verified();
        is_needed.then(|| requests::NewEntry::new(at, Actor::Requester, Act::Verified(VerifiedBy::Mail)))
    })
    .await
    .unwrap();
    fulfilled(policy, memory, &key, at).await;
    key
}

/// Does something as the request stands.
async fn does(
    policy: &Policy,
    memory: &Memory,
    key: &RequestKey,
    who: u8,
    action: Action,
) -> Result<StoredRequest, ActError> {
    let version = stored(memory, key).await.state.version();
    acts(policy, memory, key, who, (version, day(1)), action, words("because")).await
}

async fn acts(
    policy: &Policy,
    memory: &Memory,
    key: &RequestKey,
    who: u8,
    (version, at): (u32, Timestamp),
    action: Action,
    text: Option<Sensitive<String>>,
) -> Result<StoredRequest, ActError> {
    let text = text.filter(|_| !matches!(action, Action::Merge(_) | Action::Claim | Action::Approve));
    let doing = Doing { action, text, version, by: Clerk { id: clerk(who), at } };
    office::act(policy, memory, &key.request, doing).await.map(|(_, stored)| stored)
}

fn why(refused: Result<StoredRequest, ActError>) -> Why {
    match refused {
        Err(ActError::Refused(refused)) => refused.why,
        other => panic!("{other:?}"),
    }
}

fn merge_refused(refused: Result<StoredRequest, ActError>) -> MergeRefused {
    match refused {
        Err(ActError::Merge(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

async fn look(policy: &Policy, memory: &Memory, key: &RequestKey) -> Looked {
    office::look(policy, memory, &key.request).await.unwrap().unwrap()
}

async fn registered(policy: &Policy, memory: &Memory, category: &str, purpose: &str, fields: &[(&str, &str)]) {
    let form = RegisterRecord {
        fields: build::fields(fields),
        ..build::registration(ada(), (category, purpose), &format!("{category}-1"), day(-1))
    };
    records::register(policy, memory, form).await.unwrap();
}

const APPROVE: Action = Action::Decide(Ruling::Approve { except: Vec::new() });

const fn refuse(ground: RefusalGround) -> Action {
    Action::Decide(Ruling::Refuse(ground))
}

// Who sees what.

#[tokio::test]
async fn the_office_sees_who_asks_what_and_by_when() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let looked = look(&policy, &memory, &key).await;
    assert_eq!(looked.key, key, "found by its number alone");
    assert_eq!(looked.stored.confided.identifier, Some(ada()));
    assert_eq!(looked.stored.confided.message, words("please"));
    assert_eq!(looked.stored.state.stage(), Stage::WithOffice);
    assert!(looked.due.at > day(27) && looked.due.law.contains("GDPR"), "{:?}", looked.due);
    let unknown: RequestId = build::id("nobody's");
    assert!(office::look(&policy, &memory, &unknown).await.unwrap().is_none());
}

fn everything() -> ListRequests {
    ListRequests { is_open: true, stage: None, request: None, assignee: None, late_by: None, limit: 100, cursor: None }
}

#[tokio::test]
async fn the_list_is_by_due_date_and_shows_every_request_once() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let mut keys = Vec::new();
    for n in [3, 1, 4, 0, 2] {
        let who = build::mail(&format!("person-{n}@example.com"));
        let request = if n % 2 == 0 { RequestType::Erasure } else { RequestType::Complaint };
        keys.push((n, asked(&policy, &memory, form(&who, request, "1", day(n))).await));
    }
    keys.sort_by_key(|(n, _)| *n);
    let keys: Vec<_> = keys.into_iter().map(|(_, key)| key).collect();
    does(&policy, &memory, &keys[2], 1, Action::Claim).await.unwrap();
    does(&policy, &memory, &keys[4], 1, Action::Stop).await.unwrap();

    let listed = async |wanted: ListRequests| {
        let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = office::list(&policy, &memory, ListRequests { cursor, ..wanted.clone() }).await.unwrap();
            assert!(page.rows.len() <= wanted.limit);
            found.extend(page.rows.into_iter().map(|row| row.request));
            cursor = page.cursor;
            pages += 1;
            if cursor.is_none() || pages > 20 {
                return found;
            }
        }
    };
    let numbers = |which: &[usize]| which.iter().map(|n| keys[*n].request.clone()).collect::<Vec<_>>();
    for limit in [1, 2, 3, 100] {
        assert_eq!(listed(ListRequests { limit, ..everything() }).await, numbers(&[0, 1, 2, 3]));
        let erasures = ListRequests { request: Some(RequestType::Erasure), limit, ..everything() };
        assert_eq!(listed(erasures).await, numbers(&[0, 2]));
    }
    let mine = ListRequests { assignee: Some(clerk(1)), ..everything() };
    assert_eq!(listed(mine).await, numbers(&[2]));
    let at = |stage| ListRequests { stage: Some(stage), ..everything() };
    assert_eq!(listed(at(Stage::WithOffice)).await, numbers(&[0, 1, 2, 3]));
    assert_eq!(listed(at(Stage::AwaitingRequester)).await, numbers(&[]));
    let second = requests::head_of(&policy, &stored(&memory, &keys[1]).await.state).due_at;
    let late = ListRequests { late_by: Some(second), limit: 1, ..everything() };
    assert_eq!(listed(late).await, numbers(&[0, 1]));
    assert_eq!(listed(ListRequests { is_open: false, ..everything() }).await, numbers(&[4]));

    let made_up = ListRequests { cursor: Some("x.00".into()), ..everything() };
    assert!(matches!(office::list(&policy, &memory, made_up).await, Err(ListError::Cursor)));
    let first = office::list(&policy, &memory, ListRequests { limit: 1, ..everything() }).await.unwrap();
    let closed = ListRequests { is_open: false, cursor: first.cursor, ..everything() };
    assert!(matches!(office::list(&policy, &memory, closed).await, Err(ListError::Cursor)), "of another list");
}

// Two at once.

#[tokio::test]
async fn of_two_clerks_the_slower_one_is_told_and_changes_nothing() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let seen = stored(&memory, &key).await.state.version();
    let act = async |who, action: &Action, text: &str| {
        acts(&policy, &memory, &key, who, (seen, day(1)), action.clone(), words(text)).await
    };
    let first = act(1, &APPROVE, "gladly").await.unwrap();
    assert_eq!(first.state.version(), seen + 1);
    let stale =
        |result: Result<StoredRequest, ActError>| matches!(result, Err(ActError::Stale(now)) if now == seen + 1);
    let refusal = refuse(RefusalGround::Excessive);
    assert!(stale(act(2, &refusal, "no").await), "another clerk");
    assert!(stale(act(2, &APPROVE, "gladly").await), "another clerk who wants the same");
    assert!(stale(act(1, &refusal, "no").await), "the same clerk who changed their mind");
    assert!(stale(act(1, &APPROVE, "unwillingly").await), "the same with other words");
    let again = act(1, &APPROVE, "gladly").await.unwrap();
    assert_eq!(again.state, first.state, "a retry after an answer that was lost");
    let ahead = acts(&policy, &memory, &key, 1, (seen + 2, day(1)), Action::Note, words("x")).await;
    assert!(stale(ahead), "nobody has seen what has not happened");
}

#[tokio::test]
async fn a_clerk_who_loses_the_race_itself_is_told_as_well() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let state = stored(&memory, &key).await.state;
    let entry = domain::dsar::Entry { at: day(1), by: Actor::Staff(clerk(2)), act: Act::Claimed };
    let after = state.after(entry.clone()).unwrap();
    let head = requests::head_of(&policy, &after);
    let other = key.clone();
    // Between reading and writing of the first.
    memory.meanwhile(2, move |memory| {
        let append = memory.append(&other, after.version(), &entry, None, &head);
        assert!(at_once(append).unwrap());
    });
    let lost = acts(&policy, &memory, &key, 1, (state.version(), day(1)), Action::Claim, None).await;
    assert!(matches!(lost, Err(ActError::Stale(version)) if version == state.version() + 1), "{lost:?}");
    assert_eq!(stored(&memory, &key).await.state.assignee(), Some(&clerk(2)));
}

#[tokio::test]
async fn a_request_is_handed_over_by_name_and_the_history_says_by_whom() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    does(&policy, &memory, &key, 1, Action::Claim).await.unwrap();
    assert_eq!(why(does(&policy, &memory, &key, 2, Action::Claim).await), Why::ClaimedByAnother);
    assert_eq!(why(does(&policy, &memory, &key, 2, Action::Release).await), Why::NotTheirs);
    does(&policy, &memory, &key, 1, Action::HandOver(clerk(2))).await.unwrap();
    let handed = stored(&memory, &key).await.state;
    assert_eq!(handed.assignee(), Some(&clerk(2)));
    let last = handed.history.last().unwrap();
    assert_eq!((&last.by, last.at), (&Actor::Staff(clerk(1)), day(1)));
    does(&policy, &memory, &key, 2, Action::Release).await.unwrap();
    assert_eq!(stored(&memory, &key).await.state.assignee(), None);
}

// What is decided.

#[tokio::test]
async fn two_people_agree_on_an_erasure_where_the_policy_says_so() {
    let mut policy = build::policy();
    policy.office.four_eyes = BTreeSet::from([RequestType::Erasure]);
    let memory = Memory::new();
    registered(&policy, &memory, "server-log", "security", &[]).await;
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    assert_eq!(stage(&memory, &key).await, Stage::WithOffice);
    does(&policy, &memory, &key, 1, APPROVE).await.unwrap();
    assert_eq!(stage(&memory, &key).await, Stage::AwaitingApproval);
    assert_eq!(fulfilled(&policy, &memory, &key, day(1)).await, Some(Outcome::WithOffice), "nothing before both agree");
    assert_eq!(why(does(&policy, &memory, &key, 1, Action::Approve).await), Why::SameEyes);
    does(&policy, &memory, &key, 2, Action::SendBack).await.unwrap();
    assert_eq!(why(does(&policy, &memory, &key, 2, Action::Approve).await), Why::NotNow);
    does(&policy, &memory, &key, 1, APPROVE).await.unwrap();
    does(&policy, &memory, &key, 2, Action::Approve).await.unwrap();
    let Some(Outcome::Erased(items)) = fulfilled(&policy, &memory, &key, day(2)).await else { panic!("not erased") };
    assert!(matches!(items[0].result, ItemResult::Erased { .. }));
    assert_eq!(stage(&memory, &key).await, Stage::Answered);
}

#[tokio::test]
async fn an_erasure_keeps_what_the_office_excepts_and_says_on_which_article() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    registered(&policy, &memory, "account", "contract", &[]).await;
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let except = |category: &str, ground| {
        let exception = Exception { category: build::category(category), purpose: None, ground };
        Action::Decide(Ruling::Approve { except: vec![exception] })
    };
    let unknown = does(&policy, &memory, &key, 1, except("dreams", RefusalGround::LegalClaims)).await;
    assert!(matches!(unknown, Err(ActError::Ruling(RulingRefused::UnknownCategory(_)))));
    let misfit = does(&policy, &memory, &key, 1, except("account", RefusalGround::CompellingGrounds)).await;
    assert!(matches!(misfit, Err(ActError::Ruling(RulingRefused::Ground(..)))));
    does(&policy, &memory, &key, 1, except("account", RefusalGround::LegalClaims)).await.unwrap();
    let Some(Outcome::Erased(items)) = fulfilled(&policy, &memory, &key, day(2)).await else { panic!("not erased") };
    let results: Vec<_> = items.iter().map(|item| (item.category.as_str(), &item.result)).collect();
    let ("account", ItemResult::Kept { article, .. }) = results[0] else { panic!("{results:?}") };
    assert!(article.contains("17(3)(e)"), "{article}");
    assert!(matches!(results[1], ("server-log", ItemResult::Erased { .. })), "{results:?}");
    let looked = look(&policy, &memory, &key).await;
    let kind = (build::category("server-log"), build::purpose("security"));
    assert_eq!(looked.erased, BTreeMap::from([(kind, Planned { planned: 1, gone: 1 })]));
}

#[tokio::test]
async fn a_ground_that_does_not_fit_refuses_nothing() {
    let (policy, memory) = (reviewing(&[RequestType::Access]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Access, "1", day(0))).await;
    let refused = does(&policy, &memory, &key, 1, refuse(RefusalGround::CompellingGrounds)).await;
    assert!(matches!(refused, Err(ActError::Ruling(RulingRefused::Ground(..)))));
    assert_eq!(stage(&memory, &key).await, Stage::WithOffice);
    does(&policy, &memory, &key, 1, refuse(RefusalGround::RightsOfOthers)).await.unwrap();
    let outcome = fulfilled(&policy, &memory, &key, day(2)).await;
    assert_eq!(outcome, Some(Outcome::RefusedByOffice(RefusalGround::RightsOfOthers)));
    assert_eq!(stage(&memory, &key).await, Stage::Refused);
    assert!(memory.exports().is_empty());
    let letter = memory.sent().pop().unwrap().text;
    assert!(letter.contains("15(4)") && letter.contains("complain"), "{letter}");
}

#[tokio::test]
async fn a_rectification_is_carried_out_and_whoever_got_the_data_is_told() {
    let mut policy = recipients::policy();
    let rule = policy.rights[&RequestType::Rectification].clone();
    policy.rights.insert(rule.request, RightRule { verification: VerificationRule::Mail, ..rule });
    policy.recipients.values_mut().for_each(|rule| rule.mail = Some("corrections@host.example".into()));
    let memory = Memory::new();
    registered(&policy, &memory, "address", "marketing", &[("email", "ada@example.com"), ("name", "Aida")]).await;
    let disclosure = Disclose {
        about: About::Person(ada()),
        asked: recipients::asked("host", &["account"], "contract"),
        occurred_at: day(-1),
        logged_by: "officer-1".into(),
        key: "1".into(),
        at: day(-1),
    };
    disclose::disclose(&policy, &memory, disclosure).await.unwrap();
    let name = Field::parse("name").unwrap();
    let asking = ReceiveRequest {
        corrections: BTreeMap::from([(name.clone(), Sensitive::new("Ada".to_owned()))]),
        ..form(&ada(), RequestType::Rectification, "1", day(0))
    };
    let key = asked(&policy, &memory, asking).await;
    assert_eq!(stage(&memory, &key).await, Stage::WithOffice);
    does(&policy, &memory, &key, 1, APPROVE).await.unwrap();
    let outcome = fulfilled(&policy, &memory, &key, day(2)).await;
    assert_eq!(outcome, Some(Outcome::Corrected(vec![name.clone()])));
    let record = memory.records(&policy.controller, &key.subject).await.unwrap().remove(0);
    let content = memory.content(&policy.controller, &key.subject, &record.id).await.unwrap().unwrap();
    assert_eq!(content.fields[&name].disclose(), "Ada");
    let to: Vec<_> = memory.sent().into_iter().map(|mail| mail.to.disclose().clone()).collect();
    assert!(to.contains(&"corrections@host.example".to_owned()), "{to:?}");
}

async fn may_use(policy: &Policy, memory: &Memory, purpose: &str, at: Timestamp) -> bool {
    let asked = UseAsked::new(build::purpose(purpose));
    uses::ask(policy, memory, AskUse { identifier: ada(), asked, at }).await.unwrap().is_ok()
}

#[tokio::test]
async fn an_objection_that_is_refused_lifts_the_stop() {
    let (policy, memory) = (build::policy(), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Objection, "1", day(0))).await;
    assert!(!may_use(&policy, &memory, "security", day(0)).await, "it took effect when it came in");
    does(&policy, &memory, &key, 1, refuse(RefusalGround::CompellingGrounds)).await.unwrap();
    assert!(!may_use(&policy, &memory, "security", day(1)).await, "until the person is answered");
    fulfilled(&policy, &memory, &key, day(2)).await;
    assert_eq!(stage(&memory, &key).await, Stage::Refused);
    assert!(may_use(&policy, &memory, "security", day(3)).await);
}

#[tokio::test]
async fn an_objection_that_was_merged_stands_and_falls_with_the_other() {
    let (policy, memory) = (build::policy(), Memory::new());
    let first = asked(&policy, &memory, form(&ada(), RequestType::Objection, "1", day(0))).await;
    let second = asked(&policy, &memory, form(&ada(), RequestType::Objection, "2", day(1))).await;
    does(&policy, &memory, &second, 1, Action::Merge(first.request.clone())).await.unwrap();
    assert!(!may_use(&policy, &memory, "security", day(2)).await, "the other still stops it");
    does(&policy, &memory, &first, 1, refuse(RefusalGround::CompellingGrounds)).await.unwrap();
    fulfilled(&policy, &memory, &first, day(2)).await;
    assert!(may_use(&policy, &memory, "security", day(3)).await);
}

#[tokio::test]
async fn a_restriction_that_is_refused_releases_its_hold() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    let key = asked(&policy, &memory, form(&ada(), RequestType::Restriction, "1", day(0))).await;
    let held = async || memory.records(&policy.controller, &key.subject).await.unwrap()[0].is_held();
    assert!(held().await);
    does(&policy, &memory, &key, 1, refuse(RefusalGround::LegalClaims)).await.unwrap();
    fulfilled(&policy, &memory, &key, day(2)).await;
    assert_eq!(stage(&memory, &key).await, Stage::Refused);
    assert!(!held().await);
}

#[tokio::test]
async fn a_complaint_is_answered_in_words() {
    let (policy, memory) = (build::policy(), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Complaint, "1", day(0))).await;
    let version = stored(&memory, &key).await.state.version();
    let silent = acts(&policy, &memory, &key, 1, (version, day(1)), APPROVE, None).await;
    assert!(matches!(silent, Err(ActError::WordsNeeded(RequestType::Complaint))));
    does(&policy, &memory, &key, 1, APPROVE).await.unwrap();
    assert_eq!(fulfilled(&policy, &memory, &key, day(2)).await, Some(Outcome::Granted));
}

// Who asks.

#[tokio::test]
async fn what_nobody_has_proved_to_have_asked_is_not_approved() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    does(&policy, &memory, &key, 1, Action::Ask(Ask::Identity)).await.unwrap();
    fulfilled(&policy, &memory, &key, day(1)).await;
    let letter = memory.sent().pop().unwrap().text;
    assert!(letter.contains("because"), "the office's words: {letter}");
    let (_, token) = letter.split_once("/reply?token=").unwrap();
    let token = token.split_whitespace().next().unwrap();

    let (ask, asked) = reply::question(&policy, &memory, &key.request, token, day(2)).await.unwrap();
    assert_eq!((ask, asked.text_of(domain::dsar::ActKind::Asked)), (Ask::Identity, words("because").as_ref()));
    let answer = async |text: &str| {
        let text = Sensitive::new(text.to_owned());
        reply::reply(&policy, &memory, &key.request, token, text, day(2)).await
    };
    assert_eq!(answer("it is me").await.unwrap().stage(), Stage::WithOffice);
    assert_eq!(answer("it is me").await.unwrap().stage(), Stage::WithOffice, "a button that was pressed twice");
    assert!(matches!(answer("and another thing").await, Err(ReplyError::NothingAsked)));
    assert!(matches!(
        reply::question(&policy, &memory, &key.request, token, day(2)).await,
        Err(ReplyError::NothingAsked)
    ));

    assert_eq!(why(does(&policy, &memory, &key, 1, APPROVE).await), Why::NotVerified);
    does(&policy, &memory, &key, 1, Action::VerifyIdentity).await.unwrap();
    does(&policy, &memory, &key, 1, APPROVE).await.unwrap();
    assert!(matches!(fulfilled(&policy, &memory, &key, day(3)).await, Some(Outcome::Erased(_))));
}

#[tokio::test]
async fn the_token_of_another_request_answers_nothing() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    does(&policy, &memory, &key, 1, Action::Ask(Ask::Clarification)).await.unwrap();
    let other =
        receive_request::receive(&policy, &memory, form(&ada(), RequestType::Access, "2", day(0))).await.unwrap();
    for token in [other.token.as_str(), "x", ""] {
        let text = Sensitive::new("x".to_owned());
        let refused = reply::reply(&policy, &memory, &key.request, token, text, day(1)).await;
        assert!(matches!(refused, Err(ReplyError::Request(requests::RequestError::Token(_)))), "{token}");
    }
    assert_eq!(stage(&memory, &key).await, Stage::AwaitingRequester);
    does(&policy, &memory, &key, 1, Action::RecordReply(Ask::Clarification)).await.unwrap();
    assert_eq!(stage(&memory, &key).await, Stage::WithOffice);
}

#[tokio::test]
async fn nobody_is_asked_to_prove_themselves_to_opt_out() {
    let (policy, memory) = (build::policy(), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Objection, "1", day(0))).await;
    let refused = does(&policy, &memory, &key, 1, Action::Ask(Ask::Identity)).await;
    assert!(matches!(refused, Err(ActError::NoProofNeeded(RequestType::Objection))));
}

// Time.

#[tokio::test]
async fn an_extension_is_told_in_time_or_not_at_all() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let extend = Action::Extend(ExtensionGround::Complexity);
    let late = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "late", day(0))).await;
    let version = stored(&memory, &late).await.state.version();
    let due = look(&policy, &memory, &late).await.due;
    let refused = acts(&policy, &memory, &late, 1, (version, due.at), extend.clone(), None).await;
    assert!(matches!(&refused, Err(ActError::Extension(ExtensionRefused::TooLate { .. }))), "{refused:?}");
    let missed = refused.unwrap_err().to_string();
    assert!(missed.contains(&due.last_day.to_string()), "it says which deadline was missed: {missed}");

    let in_time = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "in time", day(0))).await;
    let version = stored(&memory, &in_time).await.state.version();
    let before = due.at - 1.hour();
    acts(&policy, &memory, &in_time, 1, (version, before), extend.clone(), None).await.unwrap();
    let again = acts(&policy, &memory, &in_time, 1, (version + 1, before), extend, None).await;
    assert_eq!(why(again), Why::AlreadyExtended);
}

#[tokio::test]
async fn whose_law_counts_is_changed_with_a_reason() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let changed = does(&policy, &memory, &key, 1, Action::ChangeRegimes(vec![Regime::UsCa])).await.unwrap();
    assert_eq!(changed.state.regimes(), [Regime::UsCa]);
    assert_eq!(changed.text_of(domain::dsar::ActKind::RegimesChanged), words("because").as_ref());
    let due = look(&policy, &memory, &key).await.due;
    assert!(due.at > day(40) && due.law.contains("11 CCR"), "{due:?}");
    let page = office::list(&policy, &memory, everything()).await.unwrap();
    assert_eq!(page.rows[0].head.due_at, due.at, "the list knows");
}

// Ends.

#[tokio::test]
async fn a_stop_ends_it_and_shows_what_was_done() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    registered(&policy, &memory, "server-log", "security", &[]).await;
    registered(&policy, &memory, "account", "contract", &[]).await;
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    does(&policy, &memory, &key, 1, APPROVE).await.unwrap();
    // An erasure that was begun: both are planned, and one is gone.
    let records = memory.records(&policy.controller, &key.subject).await.unwrap();
    let doomed: Vec<_> = records.iter().map(Doomed::from).collect();
    memory.plan_erasure(&key, 0, &ErasurePlan { doomed: doomed.clone() }).await.unwrap();
    memory.delete_records(&policy.controller, &doomed[..1], Condition::Asked).await.unwrap();

    does(&policy, &memory, &key, 1, Action::Stop).await.unwrap();
    let looked = look(&policy, &memory, &key).await;
    let counts: Vec<_> = looked.erased.values().map(|erased| (erased.planned, erased.gone)).collect();
    assert_eq!(counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1)), (2, 1));
    assert_eq!(fulfilled(&policy, &memory, &key, day(2)).await, None, "nothing goes on");
    assert_eq!(memory.records(&policy.controller, &key.subject).await.unwrap().len(), 1);
    assert_eq!(why(does(&policy, &memory, &key, 1, APPROVE).await), Why::Closed);
    does(&policy, &memory, &key, 1, Action::Note).await.unwrap();
    let letter = memory.sent().pop().unwrap().text;
    assert!(letter.contains("because"), "the person is told why: {letter}");
}

#[tokio::test]
async fn the_same_asked_twice_is_answered_once_and_by_the_earlier_date() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure, RequestType::Access]), Memory::new());
    let bob = build::mail("bob@example.com");
    let first = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let second = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "2", day(5))).await;
    let another = asked(&policy, &memory, form(&bob, RequestType::Erasure, "1", day(0))).await;
    let access = asked(&policy, &memory, form(&ada(), RequestType::Access, "3", day(0))).await;
    let merge =
        async |from: &RequestKey, into: &RequestId| does(&policy, &memory, from, 1, Action::Merge(into.clone())).await;
    assert_eq!(merge_refused(merge(&first, &first.request).await), MergeRefused::Itself);
    assert_eq!(merge_refused(merge(&second, &another.request).await), MergeRefused::AnotherPerson);
    assert_eq!(merge_refused(merge(&second, &access.request).await), MergeRefused::AnotherRight);
    assert_eq!(merge_refused(merge(&first, &second.request).await), MergeRefused::DueLater);
    assert!(matches!(merge(&second, &build::id("none")).await, Err(ActError::UnknownOther)));
    let merged = merge(&second, &first.request).await.unwrap();
    assert_eq!(merged.state.stage(), Stage::Merged);
    fulfilled(&policy, &memory, &second, day(6)).await;
    let letter = memory.sent().pop().unwrap().text;
    assert!(letter.contains(first.request.as_str()), "{letter}");
    let third = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "4", day(6))).await;
    assert_eq!(merge_refused(merge(&third, &second.request).await), MergeRefused::Closed);
}

#[tokio::test]
async fn a_merger_waits_for_a_request_that_moves() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let first = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    let second = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "2", day(5))).await;
    let state = stored(&memory, &first).await.state;
    let entry = domain::dsar::Entry { at: day(6), by: Actor::Requester, act: Act::Withdrawn };
    let after = state.after(entry.clone()).unwrap();
    let head = requests::head_of(&policy, &after);
    let (key, version) = (first.clone(), stored(&memory, &second).await.state.version());
    // After both were looked at, and before the merger is written.
    memory.meanwhile(4, move |memory| {
        let append = memory.append(&key, after.version(), &entry, None, &head);
        assert!(at_once(append).unwrap());
    });
    let lost = acts(&policy, &memory, &second, 1, (version, day(6)), Action::Merge(first.request.clone()), None).await;
    assert!(matches!(lost, Err(ActError::Stale(_))), "{lost:?}");
    assert_eq!(stage(&memory, &first).await, Stage::Withdrawn);
    assert_eq!(stage(&memory, &second).await, Stage::WithOffice, "nobody is left without an answer");
}

// What came otherwise.

fn entering(form: ReceiveRequest, is_verified: bool, at: Timestamp) -> EnterRequest {
    EnterRequest { form, about: None, is_verified, by: Clerk { id: clerk(1), at } }
}

#[tokio::test]
async fn the_clock_of_a_letter_runs_from_its_receipt() {
    let (policy, memory) = (build::policy(), Memory::new());
    let phone = Identifier::parse(domain::ids::IdentifierKind::Phone, "+33123456789").unwrap();
    let letter = || form(&phone, RequestType::Access, "letter-1", day(0));
    let entered = office::enter(&policy, &memory, entering(letter(), true, day(9))).await.unwrap();
    let by_form = receive_request::receive(&policy, &memory, form(&ada(), RequestType::Access, "1", day(0))).await;
    assert_eq!(entered.acknowledgement.received.due_at, by_form.unwrap().received.due_at);
    assert_eq!(entered.acknowledgement.received.entered_by, Some(clerk(1)));
    assert_eq!(entered.stored.state.verified, Some((day(9), VerifiedBy::Office)));
    assert_eq!(entered.stored.state.history[0].by, Actor::Staff(clerk(1)));
    let again = office::enter(&policy, &memory, entering(letter(), true, day(10))).await.unwrap();
    assert!(again.acknowledgement.replayed);
    assert_eq!(again.stored.state.version(), 1, "once");
    for received_at in [day(10), day(9) - (24 * 400).hours()] {
        let form = ReceiveRequest { at: received_at, ..letter() };
        let refused = office::enter(&policy, &memory, entering(form, false, day(9))).await;
        assert!(matches!(refused, Err(EnterError::ReceivedAt)));
    }
}

#[tokio::test]
async fn a_letter_offers_no_points_and_waits_for_the_office_to_see_who_wrote_it() {
    let (policy, memory) = (build::policy(), Memory::new());
    let letter = form(&ada(), RequestType::Rectification, "1", day(0));
    let entered = office::enter(&policy, &memory, entering(letter, false, day(1))).await.unwrap();
    let key = entered.acknowledgement.request;
    assert_eq!(fulfilled(&policy, &memory, &key, day(1)).await, None, "it is not refused for want of points");
    assert_eq!(stage(&memory, &key).await, Stage::AwaitingVerification);
    does(&policy, &memory, &key, 2, Action::VerifyIdentity).await.unwrap();
    assert_eq!(fulfilled(&policy, &memory, &key, day(2)).await, Some(Outcome::WithOffice));
}

#[tokio::test]
async fn an_appeal_by_letter_names_the_decision_and_needs_no_token() {
    let (policy, memory) = (reviewing(&[RequestType::Access]), Memory::new());
    let first = asked(&policy, &memory, form(&ada(), RequestType::Access, "1", day(0))).await;
    does(&policy, &memory, &first, 1, refuse(RefusalGround::Excessive)).await.unwrap();
    fulfilled(&policy, &memory, &first, day(2)).await;
    let appeal =
        |about| EnterRequest { about, ..entering(form(&ada(), RequestType::Appeal, "2", day(3)), false, day(4)) };
    let entered = office::enter(&policy, &memory, appeal(Some(first.request.clone()))).await.unwrap();
    assert_eq!(entered.acknowledgement.received.about, Some(first.request));
    assert!(office::enter(&policy, &memory, appeal(Some(build::id("none")))).await.is_err());
    assert!(office::enter(&policy, &memory, appeal(None)).await.is_err());
}

#[tokio::test]
async fn once_the_persons_key_is_gone_their_words_are_too_and_the_history_stays() {
    let (policy, memory) = (reviewing(&[RequestType::Erasure]), Memory::new());
    let key = asked(&policy, &memory, form(&ada(), RequestType::Erasure, "1", day(0))).await;
    does(&policy, &memory, &key, 1, Action::Note).await.unwrap();
    memory.destroy_subject_key(&key.controller, &key.subject, day(9)).await.unwrap();
    let looked = look(&policy, &memory, &key).await;
    assert_eq!(looked.stored.confided.identifier, None);
    assert!(looked.stored.texts.is_empty());
    assert_eq!(looked.stored.state.history.last().unwrap().act, Act::Noted);
}
