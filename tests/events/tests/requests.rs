//! Requests through several functions' own handlers, one after the other on the same ports: who fetches
//! which export by which token, and what follows a death.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use app::chain::{Content, DestroyedKey, Intended};
use domain::{
    dsar::RequestType,
    evidence::{
        DeletionResult,
        merkle::{self, Hash},
    },
    ids::ControllerId,
    policy::{Clause, Policy, RightRule, VerificationRule},
};
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};
use wire::evidence::{
    Checkpoint, Head, Header, IntentLeaf, KeyLeaf, LinkKind, ResultLeaf, certificate::verify_certificate, root_of,
};

/// When everything happens, in milliseconds: 2026-01-01T00:00:00.123Z.
const NOW: i64 = 1_767_225_600_123;

fn policies() -> PolicyBook {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies");
    let files = policy::policy_files(&folder).unwrap();
    let parsed =
        files.iter().map(|file| policy::parse("policy", &std::fs::read_to_string(file).unwrap(), None).unwrap().policy);
    PolicyBook::new(parsed.chain([following_instructions()]))
}

/// Acme follows instructions for after death.
fn following_instructions() -> Policy {
    let mut policy = build::policy();
    let rule = RightRule {
        request: RequestType::PostMortem,
        refusal: None,
        verification: VerificationRule::Mail,
        respond_within: None,
        clause: Clause::new("acme.post-mortem"),
    };
    policy.rights.insert(rule.request, rule);
    policy
}

async fn handed<F: Future<Output = Result<Reply, Failure>>>(payload: &Value, handler: impl Fn(Event) -> F) -> Value {
    let reply = answer(&payload.to_string(), TimeGuard { stage: Stage::Local }, handler).await.unwrap();
    let mut reply = serde_json::to_value(&reply).unwrap();
    if let Some(body) = reply["body"].as_str().and_then(|body| serde_json::from_str(body).ok()) {
        reply["body"] = body;
    }
    reply
}

fn call(method: &str, path: &str, query: &str, body: &Value) -> Value {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut parameters = json!({ "controller": parts[0] });
    if let Some(request) = parts.get(3) {
        parameters["request"] = json!(request);
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": { "accept": "application/json", "content-type": "application/json" },
        "requestContext": {
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
            "requestId": "requests-1", "stage": "$default", "timeEpoch": NOW,
        },
        "pathParameters": parameters, "body": body.to_string(), "isBase64Encoded": false,
    })
}

/// Everything that the functions have in common.
struct World {
    site: dsar_intake::Site<Memory>,
}

impl World {
    fn new() -> Self {
        Self::of(Memory::new())
    }

    fn of(ports: Memory) -> Self {
        let pages = AllowedPages::parse("https://example.org/").unwrap();
        Self { site: dsar_intake::Site { ports, policies: policies(), pages } }
    }

    async fn asks(&self, method: &str, path: &str, query: &str, body: &Value) -> Value {
        handed(&call(method, path, query, body), |event| dsar_intake::handle(&self.site, event)).await
    }

    /// Takes a request in: its path and its status token.
    async fn receives(&self, controller: &str, mut body: Value) -> (String, String) {
        body["subject"] = json!({ "kind": "mail", "value": "ada@example.org" });
        let taken = self.asks("POST", &format!("/{controller}/v1/requests"), "", &body).await;
        assert_eq!(taken["statusCode"], 202, "{taken}");
        let text = |name: &str| taken["body"][name].as_str().unwrap().to_owned();
        (text("status"), text("token"))
    }

    /// Confirms a request by the token that was mailed last.
    async fn confirms(&self, path: &str) -> String {
        let token = self.mailed_token();
        let path = format!("{path}/verification");
        let verified = self.asks("POST", &path, &format!("token={token}"), &Value::Null).await;
        assert_eq!(verified["statusCode"], 200, "{verified}");
        token
    }

    fn mailed_token(&self) -> String {
        let text = self.site.ports.sent().last().unwrap().text.clone();
        text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
    }

    async fn status(&self, path: &str, token: &str) -> Value {
        self.asks("GET", path, &format!("token={token}"), &Value::Null).await["body"].take()
    }

    /// What the relay's message to dsar-fulfil brings about.
    async fn fulfils(self, path: &str, subject: &str) -> Self {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let message = json!({
            "v": 1, "controller": parts[0], "subject": subject, "request": parts[3], "at": "2026-01-01T00:00:00.123Z",
        });
        let message = json!({ "Records": [{
            "messageId": "m1", "receiptHandle": "r1", "body": message.to_string(), "attributes": {},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:habeas-fulfil", "awsRegion": "eu-west-1",
        }] });
        let url = "https://privacy.example".to_owned();
        let desk = dsar_fulfil::Desk { ports: self.site.ports, policies: self.site.policies, public_url: url };
        let reply = handed(&message, |event| dsar_fulfil::handle(&desk, event)).await;
        assert_eq!(reply, json!({ "batchItemFailures": [] }));
        Self::of(desk.ports)
    }

    /// What a system sends to retention-track.
    async fn tracks(self, controller: &str, event: &Value) -> (Self, Value) {
        let mut payload = call("POST", &format!("/{controller}/v1/records"), "", &json!({ "events": [event] }));
        payload["requestContext"]["authorizer"] = json!({ "jwt": {
            "claims": { "sub": "system", "scope": "records:write", "controllers": controller },
            "scopes": ["records:write"],
        } });
        let guard = TimeGuard { stage: Stage::Local };
        let desk = retention_track::Desk { ports: self.site.ports, policies: self.site.policies, guard };
        let reply = handed(&payload, |event| retention_track::handle(&desk, event)).await;
        (Self::of(desk.ports), reply)
    }
}

fn subject_in(token: &str) -> String {
    token.split('~').nth(2).unwrap().to_owned()
}

#[tokio::test]
async fn the_answer_to_a_question_about_the_policy_opens_by_the_requests_own_token_in_either_format() {
    let world = World::new();
    let (path, token) = world.receives("stationdb", json!({ "type": "information" })).await;
    let world = world.fulfils(&path, &subject_in(&token)).await;
    assert_eq!(world.site.ports.sent().len(), 1, "answered at once");
    assert_eq!(world.status(&path, &token).await["export"], format!("{path}/export"));
    for (format, ending) in [("", ".json?for=5m"), ("&format=json", ".json?for=5m"), ("&format=csv", ".csv?for=5m")] {
        let query = format!("token={token}{format}");
        let answer = world.asks("GET", &format!("{path}/export"), &query, &Value::Null).await;
        assert_eq!(answer["statusCode"], 303);
        assert!(answer["headers"]["location"].as_str().unwrap().ends_with(ending), "{answer}");
    }
}

#[tokio::test]
async fn a_copy_of_somebodys_data_opens_by_the_mailed_token_alone() {
    let world = World::new();
    let (path, token) = world.receives("stationdb", json!({ "type": "access" })).await;
    let world = world.fulfils(&path, &subject_in(&token)).await;
    let verification = world.confirms(&path).await;
    let world = world.fulfils(&path, &subject_in(&token)).await;
    let mailed = world.mailed_token();
    for (token, status) in [(&token, 401), (&verification, 401), (&mailed, 303)] {
        let query = format!("token={token}&format=csv");
        let answer = world.asks("GET", &format!("{path}/export"), &query, &Value::Null).await;
        assert_eq!(answer["statusCode"], status, "{answer}");
    }
}

/// Writes the links that were made in memory as the adapter writes them, and a checkpoint over them.
fn as_files(memory: &Memory, controller: &ControllerId) {
    let (mut heads, mut previous) = (Vec::new(), BTreeMap::new());
    for (place, link) in memory.links(controller) {
        let (kind, intent, reason, leaves): (_, _, _, Vec<String>) = match &link.content {
            Content::Intent(reason, records) => {
                let leaf = |record: &Intended| IntentLeaf {
                    commitment: merkle::hex(&record.commitment),
                    category: record.category.to_string(),
                    purpose: record.purpose.to_string(),
                    clause: record.clause.to_string(),
                    system: record.system.as_str().to_owned(),
                    due_at: record.due_at.map(|at| at.to_string()),
                };
                let leaves = records.iter().map(|record| serde_json::to_string(&leaf(record)).unwrap());
                (LinkKind::Intent, None, Some(*reason), leaves.collect())
            }
            Content::Result { reason, intent, results } => {
                let leaf = |(commitment, result): &(Hash, DeletionResult)| ResultLeaf {
                    commitment: merkle::hex(commitment),
                    result: result.as_str().to_owned(),
                };
                let leaves = results.iter().map(|result| serde_json::to_string(&leaf(result)).unwrap());
                (LinkKind::Result, Some(intent.number), Some(*reason), leaves.collect())
            }
            Content::Keys(keys) => {
                let leaf = |key: &DestroyedKey| KeyLeaf {
                    commitment: merkle::hex(&key.commitment),
                    of: "subject".to_owned(),
                    at: key.at.to_string(),
                    gone_at: key.gone_at.to_string(),
                    category: None,
                    day: None,
                };
                (
                    LinkKind::Keys,
                    None,
                    None,
                    keys.iter().map(|key| serde_json::to_string(&leaf(key)).unwrap()).collect(),
                )
            }
            other @ Content::Events(_) => panic!("{other:?}"),
        };
        let previous = previous.entry(place.chain).or_insert(merkle::NOTHING);
        let header = serde_json::to_string(&Header {
            v: wire::evidence::VERSION,
            controller: controller.to_string(),
            chain: place.chain,
            number: place.number,
            previous: merkle::hex(previous),
            at: link.at.to_string(),
            kind,
            batch: link.batch.to_string(),
            intent,
            reason: reason.map(|reason| reason.as_str().to_owned()),
            leaves: leaves.len(),
            root: merkle::hex(&root_of(leaves.iter().map(|leaf| leaf.as_bytes()))),
        });
        let header = header.unwrap();
        *previous = merkle::sha256(header.as_bytes());
        heads.retain(|head: &Head| head.chain != place.chain);
        heads.push(Head { chain: place.chain, number: place.number, hash: merkle::hex(previous) });
        memory.put_link_file(controller, place, format!("{header}\n{}\n", leaves.join("\n")).into_bytes());
    }
    let checkpoint = Checkpoint {
        v: wire::evidence::VERSION,
        controller: controller.to_string(),
        number: 1,
        previous: merkle::hex(&merkle::NOTHING),
        at: "2026-01-02T00:00:00Z".into(),
        heads,
        key: merkle::hex(&merkle::NOTHING),
    };
    let signed = format!("{}\n{{\"signature\":\"AAAA\"}}\n", serde_json::to_string(&checkpoint).unwrap());
    memory.put_checkpoint_file(controller, 1, signed.into_bytes());
}

#[tokio::test]
async fn whoever_was_erased_takes_the_proof_of_it_along_and_whoever_typed_the_address_does_not() {
    let mut world = World::new();
    for (category, purpose) in [("device", "debugging"), ("account", "account.provide")] {
        let record = json!({
            "type": "record", "occurred_at": "2026-01-01T00:00:00Z", "category": category, "purpose": purpose,
            "subject": { "kind": "mail", "value": "ada@example.org" }, "locator": category, "fields": {},
        });
        world = world.tracks("stationdb", &record).await.0;
    }
    let (path, token) = world.receives("stationdb", json!({ "type": "erasure" })).await;
    let certificate = format!("{path}/certificate");
    let world = world.fulfils(&path, &subject_in(&token)).await;
    let verification = world.confirms(&path).await;
    let early = world.asks("GET", &certificate, &format!("token={verification}"), &Value::Null).await;
    assert_eq!(early["statusCode"], 404, "nothing is erased yet: {early}");

    let world = world.fulfils(&path, &subject_in(&token)).await;
    let sent = world.site.ports.sent();
    let letter = sent.iter().find(|mail| mail.text.contains("/certificate?token=")).unwrap();
    let mailed = letter.text.split_once("/certificate?token=").unwrap().1.split_whitespace().next().unwrap();
    as_files(&world.site.ports, &build::controller("stationdb"));

    let refused = world.asks("GET", &certificate, &format!("token={token}"), &Value::Null).await;
    assert_eq!(refused["statusCode"], 401, "{refused}");
    let drawn = world.asks("GET", &certificate, &format!("token={mailed}"), &Value::Null).await;
    assert_eq!(drawn["statusCode"], 200, "{drawn}");
    let disposition = drawn["headers"]["content-disposition"].as_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"certificate-"), "{disposition}");
    let certified = verify_certificate(drawn["body"].to_string().as_bytes(), None).unwrap();
    let categories: BTreeSet<&str> = certified.items.iter().map(|item| item.category.as_str()).collect();
    assert_eq!(categories, BTreeSet::from(["account", "device"]));
    assert!(certified.items.iter().all(|item| item.result == "deleted" && item.checkpoint == Some(1)));
    let status = world.status(&path, mailed).await;
    for item in status["items"].as_array().unwrap() {
        let evidence = item["evidence"].as_str().unwrap();
        assert!(certified.items.iter().any(|certified| certified.evidence == evidence), "{item}");
    }

    let mut page = call("GET", &certificate, &format!("token={mailed}"), &Value::Null);
    page["headers"]["accept"] = json!("text/html");
    let page = handed(&page, |event| dsar_intake::handle(&world.site, event)).await;
    let html = page["body"].as_str().unwrap();
    for item in &certified.items {
        assert!(html.contains(&item.evidence), "{html}");
    }
    assert!(html.contains("&amp;format=json\""), "{html}");
    assert!(!drawn["body"].to_string().contains("ada"), "nothing personal beside the salts");
}

#[tokio::test]
async fn a_death_that_a_system_tells_of_sets_the_instructions_going() {
    let record = json!({
        "type": "record", "occurred_at": "2026-01-01T00:00:00Z", "category": "server-log", "purpose": "security",
        "subject": { "kind": "mail", "value": "ada@example.org" }, "locator": "log-1", "fields": {},
    });
    let death = json!({
        "type": "trigger", "occurred_at": "2026-01-02T00:00:00Z", "event": "subject.deceased",
        "subject": { "kind": "mail", "value": "ada@example.org" },
    });
    let (world, registered) = World::new().tracks("acme", &record).await;
    assert_eq!(registered["statusCode"], 200, "{registered}");
    let instructions = json!({ "type": "post-mortem", "instructions": { "deletion": "all" } });
    let (path, token) = world.receives("acme", instructions).await;
    let subject = subject_in(&token);
    let world = world.fulfils(&path, &subject).await;
    world.confirms(&path).await;
    let world = world.fulfils(&path, &subject).await;
    assert_eq!(world.status(&path, &token).await["outcome"], "recorded");

    let (world, noted) = world.tracks("acme", &death).await;
    assert_eq!(noted["body"]["results"][0]["result"], "noted", "{noted}");
    let following = following(&world, &subject).await;
    let [following] = following.as_slice() else { panic!("{following:?}") };
    let world = world.fulfils(&format!("/acme/v1/requests/{following}"), &subject).await;
    assert_eq!(world.site.ports.certificates().len(), 1, "erased, with its evidence");
}

/// The requests that follow instructions.
async fn following(world: &World, subject: &str) -> Vec<String> {
    use app::requests::RequestLog as _;
    let subject = domain::ids::SubjectRef::parse(subject).unwrap();
    let requests = world.site.ports.requests(&build::controller("acme"), &subject).await.unwrap();
    let following = requests.into_iter().filter(|(_, state)| state.received.following.is_some());
    following.map(|(id, _)| id.to_string()).collect()
}

#[tokio::test]
async fn whoever_asks_or_guesses_too_often_waits_and_learns_nothing() {
    let world = World::new();
    let (path, token) = world.receives("scantrust", json!({ "type": "access" })).await;
    let (verification, query) = (format!("{path}/verification"), format!("token={token}"));
    for _ in 0..2 {
        let again = world.asks("POST", &format!("{verification}/code"), &query, &Value::Null).await;
        assert_eq!((&again["statusCode"], &again["body"]["resend_after_seconds"]), (&json!(202), &json!(60)));
    }
    let wrong = world.asks("POST", &verification, &query, &json!({ "code": "12345678" })).await;
    assert_eq!(
        (&wrong["statusCode"], &wrong["body"]["type"]),
        (&json!(403), &json!("urn:habeas:problem:not-verified"))
    );
    let login = world.asks("POST", &verification, &query, &json!({ "id_token": "a.b.c" })).await;
    assert_eq!(login["body"], wrong["body"], "whatever is wrong with it");

    for _ in 1..10 {
        world.receives("scantrust", json!({ "type": "access" })).await;
    }
    let form = json!({ "type": "access", "subject": { "kind": "mail", "value": "ada@example.org" } });
    let refused = world.asks("POST", "/scantrust/v1/requests", "", &form).await;
    assert_eq!((&refused["statusCode"], &refused["headers"]["retry-after"]), (&json!(429), &json!("86400")));
    assert!(!refused["body"].to_string().contains("ada"));
    let other = json!({ "type": "access", "subject": { "kind": "mail", "value": "bob@example.org" } });
    assert_eq!(world.asks("POST", "/scantrust/v1/requests", "", &other).await["statusCode"], 202);

    let forged = |n: usize| format!("token={token}{n}");
    for n in 0..60 {
        assert_eq!(world.asks("GET", &path, &forged(n), &Value::Null).await["statusCode"], 401, "{n}");
    }
    assert_eq!(world.asks("GET", &path, &forged(60), &Value::Null).await["statusCode"], 429);
    assert_eq!(world.asks("GET", &path, &query, &Value::Null).await["statusCode"], 200, "a good token still opens");
}
