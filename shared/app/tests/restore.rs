//! The restore drill on ports in memory: back up, erase, restore, see the data back, replay, see it gone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    capture_consent::{self, ConsentLedger},
    chain::Content,
    fulfil_request,
    holds::{self, HoldKey, HoldStore, PlaceHold},
    keys::Keys,
    purge::{self, Run},
    receive_request::{self, ReceiveRequest},
    records::{self, RecordStore, RegisterRecord},
    requests,
    restore::{self, Replay, Replayed},
};
use domain::{
    consent::{self, Choice},
    dsar::RequestType,
    evidence::{DeletionReason, DeletionResult},
    hold::{Hold, HoldReason, ScopeAsked},
    ids::{ControllerId, HoldId, SubjectRef},
    policy::Policy,
    record::{Record, System},
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, build};

const URL: &str = "https://privacy.example";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

/// A controller's table, and what lies beside it.
struct Case {
    policies: BTreeMap<ControllerId, Policy>,
    policy: Policy,
    memory: Memory,
}

impl Case {
    fn new() -> Self {
        let policy = build::policy();
        let policies = BTreeMap::from([(policy.controller.clone(), policy.clone())]);
        Self { policies, policy, memory: Memory::new() }
    }

    async fn subject(&self, who: &str) -> SubjectRef {
        self.memory.controller(&self.policy.controller).await.unwrap().pepper.subject(&build::mail(who))
    }

    async fn register(&self, who: &str, (category, purpose): (&str, &str), system: System, occurred_at: Timestamp) {
        let locator = format!("{who}/{category}");
        if system == System::S3 {
            self.memory.put_object(&locator);
        }
        let form = RegisterRecord {
            system,
            ..build::registration(build::mail(who), (category, purpose), &locator, occurred_at)
        };
        records::register(&self.policy, &self.memory, form).await.unwrap();
    }

    async fn account(&self, who: &str) {
        self.register(who, ("account", "contract"), System::Habeas, day(-9)).await;
    }

    async fn consents(&self, who: &str, key: &str, at: Timestamp) {
        let form = build::capture(build::mail(who), &[("marketing", Choice::Given)], key, at);
        capture_consent::capture(&self.policy, &self.memory, form).await.unwrap();
    }

    async fn erase(&self, who: &str, at: Timestamp) {
        let form = ReceiveRequest::new(RequestType::Erasure, build::mail(who), format!("erasure of {who}"), at);
        let key = receive_request::receive(&self.policy, &self.memory, form).await.unwrap().request;
        fulfil_request::fulfil(&self.policy, &self.memory, &key, at, URL).await.unwrap();
        let sent = self.memory.sent();
        let (_, rest) = sent.last().unwrap().text.split_once("?token=").unwrap();
        let token = rest.split_whitespace().next().unwrap();
        requests::verify(&self.policy, &self.memory, &key.request, token, at).await.unwrap();
        let outcome = fulfil_request::fulfil(&self.policy, &self.memory, &key, at, URL).await.unwrap();
        assert_eq!(outcome.unwrap().as_str(), "erased");
    }

    async fn hold(&self, who: &str, at: Timestamp) -> HoldId {
        self.hold_on(ScopeAsked::Subject(build::mail(who)), at).await.id
    }

    async fn hold_on(&self, scope: ScopeAsked, at: Timestamp) -> Hold {
        let form = PlaceHold {
            scope,
            reason: HoldReason::LegalClaim,
            ground: None,
            review_at: at + 1_000.hours(),
            opened_by: "officer-1".into(),
            key: at.to_string(),
            at,
        };
        holds::place(&self.policy, &self.memory, form).await.unwrap()
    }

    async fn release(&self, who: &str, hold: &HoldId, at: Timestamp) {
        let key = HoldKey::of_subject(&self.subject(who).await, hold);
        holds::release(&self.policy, &self.memory, &key, "officer-2", at).await.unwrap();
    }

    async fn sweep(&self, at: Timestamp) {
        let controllers = [self.policy.controller.clone()];
        purge::sweep(&self.memory, &controllers, &Run::to_the_end(at)).await.unwrap();
    }

    async fn records(&self, who: &str) -> Vec<Record> {
        self.memory.records(&self.policy.controller, &self.subject(who).await).await.unwrap()
    }

    async fn categories(&self, who: &str) -> Vec<String> {
        let mut names: Vec<_> = self.records(who).await.into_iter().map(|record| record.category.to_string()).collect();
        names.sort();
        names
    }

    async fn replay(&self, at: Timestamp, dry_run: bool) -> Replayed {
        restore::replay(&self.policies, &self.memory, Replay { at, dry_run }).await.unwrap()
    }

    /// How many records the evidence says were deleted at that time, for that reason.
    fn evidence(&self, at: Timestamp, why: DeletionReason) -> usize {
        let links = self.memory.links(&self.policy.controller);
        let of_then = links.into_iter().filter(|(_, link)| link.at == at).map(|(_, link)| link.content);
        let results = of_then.filter_map(|content| match content {
            Content::Result { reason, results, .. } if reason == why => Some(results),
            _ => None,
        });
        // A batch whose crash is settled may have its results twice: a record counts once.
        let deleted = results.flatten().filter(|(_, result)| *result == DeletionResult::Deleted);
        deleted.map(|(commitment, _)| commitment).collect::<BTreeSet<_>>().len()
    }
}

#[tokio::test]
async fn a_restore_brings_back_what_was_erased_and_the_replay_takes_it_away_again() {
    let case = Case::new();
    case.account(ADA).await;
    case.register(ADA, ("invoice", "accounting"), System::Habeas, day(-9)).await;
    case.account(BOB).await;
    case.register(BOB, ("server-log", "security"), System::Habeas, day(-98)).await;
    let backup = case.memory.backup();

    case.erase(ADA, day(1)).await;
    case.sweep(day(3)).await;
    assert_eq!(case.categories(ADA).await, ["invoice"], "the law keeps it");
    assert_eq!(case.categories(BOB).await, ["account"], "the log's hundred days are over");

    case.memory.restore(backup);
    assert_eq!(case.categories(ADA).await, ["account", "invoice"], "a backup knows nothing of the erasure");
    assert_eq!(case.categories(BOB).await, ["account", "server-log"]);
    let looked = case.replay(day(5), true).await;
    assert_eq!((looked.erasures, looked.found, looked.erased, looked.due, looked.purged), (1, 1, 0, 1, 0));
    assert_eq!(case.categories(ADA).await, ["account", "invoice"], "a dry run only looks");

    let replayed = case.replay(day(5), false).await;
    let expected = Replayed { erasures: 1, found: 1, erased: 1, due: 1, purged: 1, ..Replayed::default() };
    assert_eq!(replayed, expected);
    assert_eq!(case.categories(ADA).await, ["invoice"]);
    assert_eq!(case.categories(BOB).await, ["account"]);
    assert_eq!(case.evidence(day(5), DeletionReason::Erasure), 1);
    assert_eq!(case.evidence(day(5), DeletionReason::Retention), 1);
    let again = case.replay(day(6), false).await;
    assert_eq!(again, Replayed { erasures: 1, ..Replayed::default() }, "nothing is deleted twice");
}

#[tokio::test]
async fn a_replay_that_crashes_at_any_step_is_finished_by_the_next_one() {
    for calls in 0.. {
        let case = Case::new();
        for who in [ADA, BOB] {
            case.account(who).await;
            case.consents(who, "newsletter", day(-5)).await;
        }
        case.register("eve@example.com", ("server-log", "security"), System::Habeas, day(-98)).await;
        let backup = case.memory.backup();
        case.erase(ADA, day(1)).await;
        case.erase(BOB, day(1)).await;
        case.hold("eve@example.com", day(1)).await;
        case.memory.restore(backup);
        case.memory.fail_after(calls);
        let first = restore::replay(&case.policies, &case.memory, Replay { at: day(5), dry_run: false }).await;
        case.memory.recover();
        assert_eq!(case.categories("eve@example.com").await, ["server-log"], "it is due, and held since the backup");
        case.replay(day(6), false).await;
        let deleted = case.evidence(day(5), DeletionReason::Erasure) + case.evidence(day(6), DeletionReason::Erasure);
        assert_eq!((case.records(ADA).await.len(), case.records(BOB).await.len(), deleted), (0, 0, 2), "{calls}");
        assert_eq!(case.records("eve@example.com").await.len(), 1);
        if first.is_ok() {
            assert!(calls > 10);
            return;
        }
    }
}

#[tokio::test]
async fn holds_stand_again_before_anything_is_deleted_and_released_ones_keep_nothing() {
    let case = Case::new();
    for who in [ADA, BOB] {
        case.register(who, ("server-log", "security"), System::Habeas, day(-98)).await;
    }
    let of_bob = case.hold(BOB, day(-1)).await;
    let backup = case.memory.backup();
    case.hold(ADA, day(1)).await;
    case.release(BOB, &of_bob, day(1)).await;
    case.memory.restore(backup);
    assert!(!case.records(ADA).await[0].is_held() && case.records(BOB).await[0].is_held());

    let looked = case.replay(day(5), true).await;
    assert_eq!((looked.holds_placed, looked.holds_released, looked.records_held), (1, 1, 2));
    let replayed = case.replay(day(5), false).await;
    assert_eq!((replayed.holds_placed, replayed.holds_released, replayed.records_held), (1, 1, 2));
    assert_eq!((replayed.due, replayed.purged), (1, 1), "the one whose hold was released");
    assert!(case.records(ADA).await[0].is_held());
    assert!(case.records(BOB).await.is_empty());
    let subject = case.subject(BOB).await;
    let standing = case.memory.holds(&case.policy.controller, &subject).await.unwrap();
    assert_eq!(standing[0].released_at, Some(day(1)), "when it was, not when it was replayed");
    let again = case.replay(day(6), false).await;
    assert_eq!(again, Replayed::default());
}

#[tokio::test]
async fn a_hold_that_came_after_an_erasure_keeps_no_ghost_of_it() {
    let case = Case::new();
    case.account(ADA).await;
    let backup = case.memory.backup();
    case.erase(ADA, day(1)).await;
    case.register(ADA, ("server-log", "security"), System::Habeas, day(2)).await;
    case.hold(ADA, day(3)).await;
    case.memory.restore(backup);
    let replayed = case.replay(day(5), false).await;
    assert_eq!((replayed.holds_placed, replayed.found, replayed.erased), (1, 1, 1));
    assert!(case.records(ADA).await.is_empty());
    // It keeps what comes from now on.
    case.register(ADA, ("server-log", "security"), System::Habeas, day(4)).await;
    assert!(case.records(ADA).await[0].is_held());
}

#[tokio::test]
async fn a_wide_hold_is_on_every_record_again_and_keeps_what_came_back() {
    let case = Case::new();
    for who in [ADA, BOB] {
        case.register(who, ("server-log", "security"), System::Habeas, day(-98)).await;
        case.account(who).await;
    }
    let backup = case.memory.backup();
    case.erase(ADA, day(1)).await;
    let hold = case.hold_on(ScopeAsked::Category(build::category("server-log")), day(2)).await;
    case.memory.restore(backup);
    let replayed = case.replay(day(5), false).await;
    assert_eq!((replayed.holds_placed, replayed.records_held, replayed.due), (1, 2, 0));
    assert_eq!((replayed.found, replayed.held, replayed.erased), (2, 1, 1));
    assert_eq!(case.categories(ADA).await, ["server-log"], "nobody asks a wide hold whose it is");
    let key = HoldKey::wide(&hold.id);
    let standing = case.memory.hold(&case.policy.controller, &key).await.unwrap().unwrap();
    assert_eq!(standing.bound_at, Some(day(5)));
    assert_eq!(case.replay(day(6), false).await.records_held, 0);
    // Once it is released, another replay does the rest.
    case.memory.release_hold(&case.policy.controller, &key, "officer-2", day(7)).await.unwrap();
    let replayed = case.replay(day(8), false).await;
    assert_eq!((replayed.records_held, replayed.erased, replayed.purged), (2, 1, 1));
    assert!(case.records(ADA).await.is_empty());
}

#[tokio::test]
async fn what_a_hold_kept_from_an_erasure_is_not_erased_by_the_replay() {
    for released in [None, Some(day(3))] {
        let case = Case::new();
        case.account(ADA).await;
        let hold = case.hold(ADA, day(-1)).await;
        let backup = case.memory.backup();
        case.erase(ADA, day(1)).await;
        if let Some(at) = released {
            case.release(ADA, &hold, at).await;
        }
        assert_eq!(case.categories(ADA).await, ["account"]);
        case.memory.restore(backup);
        let replayed = case.replay(day(5), false).await;
        assert_eq!((replayed.erasures, replayed.found), (1, 0));
        assert_eq!(case.categories(ADA).await, ["account"]);
        assert_eq!(case.records(ADA).await[0].is_held(), released.is_none());
    }
}

#[tokio::test]
async fn an_item_whose_file_and_key_are_gone_is_deleted_all_the_same() {
    let case = Case::new();
    case.register(ADA, ("account", "contract"), System::S3, day(-9)).await;
    let backup = case.memory.backup();
    case.erase(ADA, day(1)).await;
    assert!(!case.memory.has_object("ada@example.com/account"));
    case.memory.restore(backup);
    let replayed = case.replay(day(5), false).await;
    assert_eq!((replayed.found, replayed.unreadable, replayed.erased, replayed.failed), (1, 1, 1, 0));
    assert!(case.records(ADA).await.is_empty());
}

#[tokio::test]
async fn what_was_agreed_to_before_an_erasure_is_taken_back_again_and_nothing_later() {
    let case = Case::new();
    case.consents(ADA, "before", day(-5)).await;
    case.register(ADA, ("address", "marketing"), System::Habeas, day(-5)).await;
    let backup = case.memory.backup();
    case.erase(ADA, day(1)).await;
    case.memory.restore(backup);
    case.consents(BOB, "bobs", day(2)).await;
    let replayed = case.replay(day(5), false).await;
    assert_eq!((replayed.withdrawn, replayed.erased), (1, 1));
    let given = async |who: &str| {
        let subject = case.subject(who).await;
        let ledger = case.memory.consents(&case.policy.controller, &subject).await.unwrap();
        consent::revocable(&ledger).len()
    };
    assert_eq!((given(ADA).await, given(BOB).await), (0, 1));
    case.consents(ADA, "after", day(6)).await;
    assert_eq!((case.replay(day(7), false).await.withdrawn, given(ADA).await), (0, 1));
}

#[tokio::test]
async fn a_controller_without_a_policy_is_left_alone_and_counted() {
    let case = Case::new();
    case.account(ADA).await;
    let backup = case.memory.backup();
    case.erase(ADA, day(1)).await;
    case.memory.restore(backup);
    let replayed = restore::replay(&BTreeMap::new(), &case.memory, Replay { at: day(5), dry_run: false }).await;
    assert_eq!(replayed.unwrap(), Replayed { erasures: 1, without_policy: 1, ..Replayed::default() });
    assert_eq!(case.categories(ADA).await, ["account"]);
}
