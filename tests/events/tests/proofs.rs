//! How one person was told of a breach, drawn from the evidence by the function on ports in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{announce::Announcements, chain::Place, keys::Keys};
use domain::{
    announcement::{Announcement, Notice, NoticeState},
    evidence::merkle,
    ids::{BreachId, ControllerId, Identifier, IdentifierKind, SubjectRef},
};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};
use wire::evidence::{
    Checkpoint, EventLeaf, Head, Header, LinkKind, VERSION,
    notice::{NoticeItem, verify_notice},
    root_of,
};

const BREACH: &str = "BBBBBBBBBBBBBBBBBBBBBA";
const TOLD_AT: &str = "2026-03-10T12:00:00Z";

/// An office with one breach of which Ada was told, and Bob is about to be.
struct Office {
    desk: breach_notify::Desk<Memory>,
    controller: ControllerId,
    ada: SubjectRef,
}

fn identifier(value: &str) -> Identifier {
    Identifier::parse(IdentifierKind::Mail, value).unwrap()
}

impl Office {
    async fn new(state: NoticeState) -> Self {
        let desk = breach_notify::Desk { ports: Memory::new(), policies: PolicyBook::new([build::policy()]) };
        let controller = build::controller("acme");
        let pepper = desk.ports.controller(&controller).await.unwrap().pepper.clone();
        let [ada, bob] = ["ada@example.org", "bob@example.org"].map(|mail| pepper.subject(&identifier(mail)));
        let of = Announcement::Breach(BreachId::parse(BREACH).unwrap());
        let people = BTreeSet::from([ada.clone(), bob]);
        let at: Timestamp = TOLD_AT.parse().unwrap();
        desk.ports.plan_notices(&controller, &of, &people, at).await.unwrap();
        let notice = Notice { of, subject: ada.clone(), state };
        desk.ports.move_notice(&controller, &notice, &[NoticeState::Planned], at).await.unwrap();
        Self { desk, controller, ada }
    }

    /// What Ada's leaf stands for, as [`Memory`] keeps her notice.
    fn commitment(&self, state: NoticeState) -> String {
        let millis = TOLD_AT.parse::<Timestamp>().unwrap().as_millisecond();
        let content = format!(
            r#"{{"kind":{{"S":"notice"}},"moved_at":{{"N":"{millis}"}},"state":{{"S":"{}"}},"v":{{"N":"1"}}}}"#,
            state.as_str()
        );
        let breach = BreachId::parse(BREACH).unwrap();
        let (controller, subject) = (self.controller.clone(), self.ada.clone());
        NoticeItem { controller, breach, subject, salt: [7; 16], content }.commitment()
    }

    /// Writes a chain of links, each at a time with one leaf; answers its head.
    fn chain(&self, chain: u8, links: &[(&str, String)]) -> Head {
        let mut previous = merkle::NOTHING;
        for (number, (at, commitment)) in (1..).zip(links) {
            let leaf = EventLeaf {
                event: "notice-sent".into(),
                at: TOLD_AT.into(),
                commitment: commitment.clone(),
                category: None,
                purpose: None,
                clause: None,
                due_at: None,
            };
            let leaf = serde_json::to_string(&leaf).unwrap();
            let header = serde_json::to_string(&Header {
                v: VERSION,
                controller: self.controller.to_string(),
                chain,
                number,
                previous: merkle::hex(&previous),
                at: (*at).into(),
                kind: LinkKind::Events,
                batch: format!("batch-{number}"),
                intent: None,
                reason: None,
                leaves: 1,
                root: merkle::hex(&root_of([leaf.as_bytes()].into_iter())),
            });
            let header = header.unwrap();
            previous = merkle::sha256(header.as_bytes());
            let place = Place { chain, number };
            self.desk.ports.put_link_file(&self.controller, place, format!("{header}\n{leaf}\n").into_bytes());
        }
        Head { chain, number: links.len() as u64, hash: merkle::hex(&previous) }
    }

    fn checkpoint(&self, number: u64, at: &str, heads: Vec<Head>) {
        let checkpoint = Checkpoint {
            v: VERSION,
            controller: self.controller.to_string(),
            number,
            previous: merkle::hex(&merkle::NOTHING),
            at: at.into(),
            heads,
            key: merkle::hex(&merkle::NOTHING),
        };
        let signed = format!("{}\n{{\"signature\":\"AAAA\"}}\n", serde_json::to_string(&checkpoint).unwrap());
        self.desk.ports.put_checkpoint_file(&self.controller, number, signed.into_bytes());
    }

    async fn ask(&self, mail: &str) -> (u64, String) {
        let path = format!("/acme/v1/breaches/{BREACH}/proof");
        let claims = json!({ "sub": "officer-1", "scope": "breach:write", "controllers": "acme" });
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": { "content-type": "application/json" },
            "requestContext": {
                "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
                "requestId": "request-1", "routeKey": "$default", "stage": "$default",
                "timeEpoch": TOLD_AT.parse::<Timestamp>().unwrap().as_millisecond(),
                "accountId": "0", "apiId": "a", "domainName": "api.example", "domainPrefix": "api", "time": "",
                "authorizer": { "jwt": { "claims": claims, "scopes": ["breach:write"] } },
            },
            "pathParameters": { "controller": "acme", "breach": BREACH }, "isBase64Encoded": false,
            "body": json!({ "subject": { "kind": "mail", "value": mail } }).to_string(),
        });
        let guard = TimeGuard { stage: Stage::Local };
        let reply = answer(&event.to_string(), guard, |event| breach_notify::handle(&self.desk, event)).await.unwrap();
        let reply: Value = serde_json::to_value(&reply).unwrap();
        (reply["statusCode"].as_u64().unwrap(), reply["body"].as_str().unwrap().to_owned())
    }
}

/// What another leaf stands for.
fn other(number: u8) -> String {
    merkle::hex(&merkle::sha256(&[number]))
}

#[tokio::test]
async fn a_proof_is_drawn_once_the_leaf_is_written_and_signed_once_a_checkpoint_covers_it() {
    let office = Office::new(NoticeState::Sent).await;
    let (early, _) = office.ask("ada@example.org").await;
    assert_eq!(early, 409, "the leaf is not written yet");

    // Somebody else's links stand before and behind, in this chain and in another.
    let own = office.commitment(NoticeState::Sent);
    let elsewhere = office.chain(2, &[(TOLD_AT, other(1)), ("2026-03-10T12:00:01Z", other(2))]);
    let links =
        [("2026-03-09T12:00:00Z", other(3)), ("2026-03-10T12:00:02Z", own.clone()), ("2026-03-10T12:00:03Z", other(4))];
    let head = office.chain(5, &links);
    let (status, unsigned) = office.ask("ada@example.org").await;
    assert_eq!(status, 200, "{unsigned}");
    let shown = verify_notice(unsigned.as_bytes(), None).unwrap();
    assert_eq!((shown.state.as_str(), shown.at.as_str(), shown.checkpoint), ("sent", TOLD_AT, None));
    assert_eq!((shown.evidence.as_str(), shown.commitment.as_str()), ("5.2/0", own.as_str()));

    // A checkpoint of the day before covers the first link alone, and that of the next day all.
    let before = Head { number: 1, hash: merkle::hex(&merkle::NOTHING), ..head.clone() };
    office.checkpoint(1, "2026-03-08T12:30:00Z", vec![before]);
    office.checkpoint(2, "2026-03-11T12:30:00Z", vec![elsewhere, head]);
    let (_, signed) = office.ask("ada@example.org").await;
    assert_eq!(verify_notice(signed.as_bytes(), None).unwrap().checkpoint, Some(2));
    assert!(!signed.contains("ada@") && !signed.contains("example.org"), "{signed}");
}

#[tokio::test]
async fn whoever_was_not_told_and_whoever_nobody_knows_are_one_answer() {
    let office = Office::new(NoticeState::Sent).await;
    let planned = office.ask("bob@example.org").await;
    assert_eq!(planned.0, 404);
    assert_eq!(planned, office.ask("eve@example.org").await);
}

#[tokio::test]
async fn a_leaf_of_another_state_is_not_this_persons() {
    let office = Office::new(NoticeState::NotReached).await;
    office.chain(5, &[("2026-03-10T12:00:02Z", office.commitment(NoticeState::Sent))]);
    assert_eq!(office.ask("ada@example.org").await.0, 409);
}

#[tokio::test]
async fn evidence_that_does_not_hold_is_handed_to_nobody() {
    let office = Office::new(NoticeState::NotReached).await;
    // The leaf says that it was sent, and stands for one who was not reached.
    office.chain(5, &[("2026-03-10T12:00:02Z", office.commitment(NoticeState::NotReached))]);
    assert_eq!(office.ask("ada@example.org").await.0, 503);
}
