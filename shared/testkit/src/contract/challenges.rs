//! Challenges of requests, account tokens, and counts against limits.

use domain::{
    dsar::{Challenge, RequestType},
    ids::ControllerId,
    limits::{Limit, LimitKey},
};
use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan};

use super::{ADA, Ports, now, requests::asked};
use crate::build::{id, record, subject};

fn later(seconds: i64) -> Timestamp {
    now().checked_add(seconds.seconds()).unwrap()
}

pub async fn a_challenge_is_read_as_it_was_opened_and_opened_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let key = asked(ports, controller, "request-1", RequestType::Access).await;
    assert_eq!(ports.challenge(&key).await.unwrap(), None);
    assert_eq!(ports.try_code(&key, now()).await.unwrap(), None);
    assert_eq!(ports.ask_again(&key, later(600)).await.unwrap(), None);
    let first = Challenge::first(now());
    assert_eq!(ports.open_challenge(&key, &first).await.unwrap(), first);
    assert_eq!(ports.open_challenge(&key, &Challenge::first(later(1))).await.unwrap(), first);
    assert_eq!(ports.challenge(&key).await.unwrap(), Some(first));
    // It is no part of the request's history.
    assert!(ports.request(&key).await.unwrap().unwrap().state.history.is_empty());
    assert_eq!(ports.requests(controller, &subject(ADA)).await.unwrap().len(), 1);
    let other = asked(ports, controller, "request-2", RequestType::Access).await;
    let quiet = Challenge { sent_at: None, ..first };
    assert_eq!(ports.open_challenge(&other, &quiet).await.unwrap(), quiet);
    assert_eq!(ports.try_code(&other, now()).await.unwrap(), None, "nobody has it");
}

pub async fn tries_at_a_code_are_counted_before_they_are_compared<P: Ports>(ports: &P, controller: &ControllerId) {
    let key = asked(ports, controller, "request-1", RequestType::Access).await;
    ports.open_challenge(&key, &Challenge::first(now())).await.unwrap();
    assert_eq!(ports.try_code(&key, later(30 * 60)).await.unwrap(), None, "too late");
    let tries = join_all((0..8).map(|_| ports.try_code(&key, later(30 * 60 - 1)))).await;
    let mut counted: Vec<_> =
        tries.into_iter().filter_map(|tried| tried.unwrap()).map(|tried| tried.attempts).collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5], "of many at once as many are counted as there are");
}

pub async fn another_code_voids_the_older_and_comes_seldom<P: Ports>(ports: &P, controller: &ControllerId) {
    let key = asked(ports, controller, "request-1", RequestType::Access).await;
    let mut expected = ports.open_challenge(&key, &Challenge::first(now())).await.unwrap();
    assert_eq!(ports.ask_again(&key, later(59)).await.unwrap(), None);
    for round in 1..=3 {
        let at = later(60 * round);
        for _ in 0..5 {
            expected = expected.tried(at).unwrap();
            assert_eq!(ports.try_code(&key, at).await.unwrap(), Some(expected));
        }
        let old = expected.number;
        let asked = join_all((0..2).map(|_| ports.ask_again(&key, at))).await;
        let asked: Vec<_> = asked.into_iter().filter_map(|next| next.unwrap()).collect();
        let Some(next) = expected.again(at) else {
            assert_eq!((round, asked), (3, vec![]), "fifteen tries in all");
            return;
        };
        assert_eq!(asked, [next], "of two at once one");
        assert_eq!(ports.try_code(&key, at).await.unwrap(), None, "not sent yet");
        ports.code_sent(&key, old, at).await.unwrap();
        assert_eq!(ports.challenge(&key).await.unwrap(), Some(next), "an older one opens nothing any more");
        ports.code_sent(&key, next.number, at).await.unwrap();
        ports.code_sent(&key, next.number, later(9_999)).await.unwrap();
        expected = Challenge { sent_at: Some(at), ..next };
        assert_eq!(ports.challenge(&key).await.unwrap(), Some(expected));
    }
    panic!("fifteen tries end it");
}

pub async fn an_account_token_serves_one_request<P: Ports>(ports: &P, controller: &ControllerId) {
    let bind = |token: &'static str, request: &'static str| {
        let (token, request) = (id(token), id(request));
        async move { ports.bind_token(controller, &token, &request, later(300)).await.unwrap() }
    };
    assert!(bind("token-1", "request-1").await);
    assert!(bind("token-1", "request-1").await, "a retry");
    assert!(!bind("token-1", "request-2").await);
    assert!(bind("token-2", "request-2").await);
}

pub async fn what_served_the_verification_alone_is_forgotten<P: Ports>(ports: &P, controller: &ControllerId) {
    let key = super::requests::asked_with(ports, controller, "request-1", |received| {
        received.points = record(&subject(ADA), "a", now()).points;
    })
    .await;
    ports.open_challenge(&key, &Challenge::first(now())).await.unwrap();
    let before = ports.request(&key).await.unwrap().unwrap();
    assert!(!before.state.received.points.is_empty());
    for _ in 0..2 {
        ports.forget_verification(&key).await.unwrap();
        let after = ports.request(&key).await.unwrap().unwrap();
        assert!(after.state.received.points.is_empty());
        assert_eq!(ports.challenge(&key).await.unwrap(), None);
        assert_eq!(ports.try_code(&key, now()).await.unwrap(), None);
        let mut expected = before.clone();
        expected.state.received.points.clear();
        assert_eq!(after, expected, "and nothing else");
    }
    let nobodys = crate::build::request(controller, &subject(ADA), "nothing");
    ports.forget_verification(&nobodys).await.unwrap();
    assert_eq!(ports.request(&nobodys).await.unwrap(), None);
}

pub async fn of_many_counts_at_once_each_has_a_number_of_its_own<P: Ports>(ports: &P, controller: &ControllerId) {
    let key = |limit, of: &str, at| LimitKey::new(controller, limit, id(of), at);
    let one = key(Limit::IntakeBySource, "203.0.113.7", now());
    let mut counts: Vec<u32> =
        join_all((0..5).map(|_| ports.count(&one))).await.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4, 5]);
    for other in [
        key(Limit::Proofs, "203.0.113.7", now()),
        key(Limit::IntakeBySource, "203.0.113.8", now()),
        key(Limit::IntakeBySource, "203.0.113.7", later(3_600)),
    ] {
        assert_eq!(ports.count(&other).await.unwrap(), 1, "{other:?}");
    }
    assert_eq!(ports.count(&one).await.unwrap(), 6);
}

pub async fn what_is_let_in_once_stays_so_and_uses_the_limit_up_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let key = |at| LimitKey::new(controller, Limit::MailsToAddress, id("ada@example.com"), at);
    let most = Limit::MailsToAddress.rule().most;
    let names: Vec<String> = (0..most).map(|n| format!("letter-{n}")).collect();
    for name in &names {
        for _ in 0..3 {
            assert!(ports.admit(&key(now()), name).await.unwrap(), "{name}");
        }
    }
    for _ in 0..2 {
        assert!(!ports.admit(&key(now()), "one-more").await.unwrap());
    }
    assert!(ports.admit(&key(now()), &names[0]).await.unwrap(), "it was let in before");
    assert!(ports.admit(&key(later(86_400)), "one-more").await.unwrap(), "another day");
    assert_eq!(ports.count(&key(now())).await.unwrap(), 1, "nothing was counted beside the names");
}
