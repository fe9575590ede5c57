//! Every case of `events/` against the deployed stack: what is right is taken in, what is wrong is
//! refused by name, nothing of it is written, and no log line holds anything of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use habeas_cli::{
    client::{Answer, Call},
    cloud::{Cloud, Letter, QueueLength},
    stack::Stack,
    world::{World, record, subject, wait_for},
};
use serde_json::{Value, json};

/// What stands in every personal value of the cases, so that a log that holds one is found.
const MARKER: &str = "zqx7";

/// For how long a dead letter that was looked at stays out of sight.
const PEEK_SECONDS: u32 = 1;

/// One file of `events/`.
struct Case {
    name: String,
    function: String,
    payload: Value,
    expect: Value,
}

impl Case {
    fn is_http(&self) -> bool {
        self.payload.get("requestContext").is_some()
    }

    fn is_queue(&self) -> bool {
        self.payload["Records"][0]["eventSource"] == "aws:sqs"
    }

    /// Whether nothing of it may be written.
    fn writes_nothing(&self) -> bool {
        let results = self.expect["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let all_refused = !results.is_empty() && results.iter().all(|result| result == "refused");
        self.expect["status"].as_u64().unwrap() >= 400 || all_refused
    }
}

/// The cases, with `{run}` as the name of this run.
fn cases(run: &str) -> Vec<Case> {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in fs::read_dir(&events).unwrap().map(|entry| entry.unwrap().path()) {
        // Fixtures of stored forms and the sample of evidence are for tests of their own.
        let is_of_a_function = !["evidence", "stored"].map(OsStr::new).contains(&folder.file_name().unwrap());
        if folder.is_dir() && is_of_a_function {
            files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    files.sort();
    let cases: Vec<Case> = files
        .iter()
        .map(|file| {
            let text = fs::read_to_string(file).unwrap().replace("{run}", run);
            let mut value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let folder = file.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
            assert_eq!(value["function"], folder.as_str(), "{}", file.display());
            Case {
                name: format!("{folder}/{}", file.file_stem().unwrap().to_string_lossy()),
                function: folder,
                payload: value["payload"].take(),
                expect: value["expect"].take(),
            }
        })
        .collect();
    assert!(cases.len() > 100, "the cases are not where they were: {}", events.display());
    cases
}

/// Sends a case's request through the API, or, where no HTTP client can send such a thing, hands the
/// payload to the function.
fn send(world: &World, case: &Case) -> Answer {
    if case.expect["direct_only"] == true {
        let (answer, error) = world.cloud.try_invoke(&function(world, &case.function), &case.payload).unwrap();
        assert_eq!(error, None, "{}: {answer}", case.name);
        return Answer {
            what: case.name.clone(),
            status: u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap(),
            headers: Vec::new(),
            body: answer["body"].as_str().unwrap_or_default().into(),
        };
    }
    let request = &case.payload;
    let query = request["rawQueryString"].as_str().filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = world.api(&format!("{}{query}", request["rawPath"].as_str().unwrap()));
    let mut call = Call::new(request["requestContext"]["http"]["method"].as_str().unwrap(), url);
    let claims = &request["requestContext"]["authorizer"]["jwt"]["claims"];
    for (name, value) in request["headers"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        match name.as_str() {
            "host" => {}
            "authorization" if claims.is_object() => {
                let (scope, controllers) = (claims["scope"].as_str().unwrap(), claims["controllers"].as_str().unwrap());
                call = call.with("authorization", format!("Bearer {}", world.token(scope, controllers).unwrap()));
            }
            name => call = call.with(name, value),
        }
    }
    if let Some(body) = request["body"].as_str() {
        let bytes = if request["isBase64Encoded"] == true { STANDARD.decode(body).unwrap() } else { body.into() };
        call = call.body(bytes);
    } else if call.method == "POST" {
        call = call.body("");
    }
    world.client.send(&call).unwrap()
}

/// What is wrong about an answer.
fn difference(case: &Case, answer: &Answer) -> Option<String> {
    let expect = &case.expect;
    let wrong = |what: String| Some(format!("{}: {what}", case.name));
    if u64::from(answer.status) != expect["status"].as_u64().unwrap() {
        return wrong(format!("{} instead of {}", answer.said(), expect["status"]));
    }
    // A refusal by the gateway itself has no problem document.
    let by_gateway = expect["by"] == "either" && answer.problem().is_none();
    if let (Some(problem), false) = (expect["problem"].as_str(), by_gateway) {
        if answer.problem().as_deref() != Some(problem) {
            return wrong(format!("{} instead of {problem}", answer.said()));
        }
        let text = answer.text();
        if text.contains(MARKER) {
            return wrong(format!("the refusal repeats what was sent: {text}"));
        }
    }
    if let Some(lacking) = expect["body_lacks"].as_str()
        && answer.text().contains(lacking)
    {
        return wrong(format!("the answer holds {lacking}"));
    }
    if let Some(results) = expect["results"].as_array() {
        let said: Value = answer.json().unwrap();
        let said: Vec<_> = said["results"].as_array().unwrap().iter().map(|result| result["result"].clone()).collect();
        if said != *results {
            return wrong(format!("{} came to {}", answer.text(), json!(results)));
        }
    }
    None
}

fn function(world: &World, name: &str) -> String {
    let output = name.split('-').map(capitalised).collect::<String>() + "Function";
    world.stack.output(&output).unwrap().to_owned()
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// The queues whose messages may write something.
const QUEUES: [&str; 8] = ["Records", "Fulfil", "Breach", "Notice", "Purge", "Mail", "Task", "Outcome"];

/// The keys of all items once nothing moves any more: no message waits or comes again.
fn settled_keys(world: &World) -> BTreeSet<String> {
    let mut last = None;
    wait_for("the table to come to rest", || {
        let mut is_idle = true;
        for name in QUEUES {
            let queue = world.stack.output(&format!("{name}QueueUrl"))?;
            is_idle &= world.cloud.queue_length(queue)? == QueueLength::default();
        }
        let keys = world.cloud.item_keys()?;
        let at_rest = is_idle && last.replace(keys.clone()).as_ref() == Some(&keys);
        // Longer than the pause between two sweeps of the emulator's TTL.
        if !at_rest {
            thread::sleep(Duration::from_millis(2_500));
        }
        Ok(at_rest.then_some(keys))
    })
    .unwrap()
}

/// No line that was logged since the run began holds anything of a case.
fn assert_clean_logs(world: &World) {
    thread::sleep(Duration::from_millis(500));
    let lines = world.cloud.log_lines(world.start).unwrap();
    let logged = lines.iter().any(|line| line.contains("\"level\":\"WARN\"") || line.contains("\"level\":\"ERROR\""));
    assert!(logged, "the functions log what they refuse, and no such line was found");
    let dirty: Vec<_> = lines.iter().filter(|line| line.to_lowercase().contains(MARKER)).collect();
    assert!(dirty.is_empty(), "{dirty:#?}");
}

/// First what may write nothing, while nothing else does: what the cases after it write goes on behind
/// the streams for longer than the queues show.
#[test]
fn every_case_ends_as_it_says() {
    let (world, _alone) = stack::world();
    what_is_wrong_is_refused_by_name_and_nothing_of_it_is_written(&world);
    what_is_right_is_taken_in(&world);
    poison_fails_alone_and_is_put_aside_with_its_reason(&world);
    schedules_and_streams_are_answered_as_the_cases_say(&world);
}

fn what_is_wrong_is_refused_by_name_and_nothing_of_it_is_written(world: &World) {
    let bad: Vec<_> = cases(&world.run).into_iter().filter(|case| case.is_http() && case.writes_nothing()).collect();
    let before = settled_keys(world);
    let differences: Vec<_> = bad.iter().filter_map(|case| difference(case, &send(world, case))).collect();
    assert!(differences.is_empty(), "{} of {} cases:\n{}", differences.len(), bad.len(), differences.join("\n"));
    let after = world.cloud.item_keys().unwrap();
    let written: Vec<_> = after.difference(&before).collect();
    assert!(written.is_empty(), "a refused request has written something: {written:#?}");
    assert_clean_logs(world);
}

fn what_is_right_is_taken_in(world: &World) {
    let good: Vec<_> = cases(&world.run).into_iter().filter(|case| case.is_http() && !case.writes_nothing()).collect();
    let differences: Vec<_> = good.iter().filter_map(|case| difference(case, &send(world, case))).collect();
    assert!(differences.is_empty(), "{} of {} cases:\n{}", differences.len(), good.len(), differences.join("\n"));
}

/// The letters of a dead-letter queue: what is put aside twice, since its batch was handed out twice, counts once.
struct Looked {
    /// The letters that were there before.
    ids: BTreeSet<String>,
    /// What earlier cases put aside.
    bodies: BTreeSet<String>,
}

impl Looked {
    /// The letters that are new.
    fn again(&self, cloud: &Cloud, queue: &str) -> Vec<Letter> {
        thread::sleep(Duration::from_millis(u64::from(PEEK_SECONDS) * 1_000 + 200));
        let mut letters = cloud.peek(queue, PEEK_SECONDS).unwrap();
        let mut bodies = self.bodies.clone();
        letters.retain(|letter| !self.ids.contains(&letter.id) && bodies.insert(letter.body.clone()));
        letters
    }
}

fn poison_fails_alone_and_is_put_aside_with_its_reason(world: &World) {
    // A purge may use a controller's keys and not make them: what is removed was registered before.
    let subject = serde_json::json!({ "kind": "mail", "value": world.address("first") });
    let form = serde_json::json!({ "subject": subject, "purposes": { "trackers.preferences": "withdrawn" } });
    world.post("/scantrust/v1/consents", &form).unwrap().expect(&[201]).unwrap();
    let mut by_queue: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for case in cases(&world.run).into_iter().filter(Case::is_queue) {
        by_queue.entry(queue_of(&case)).or_default().push(case);
    }
    assert_eq!(by_queue.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from(QUEUES), "each queue has its poison");
    // A queue comes again after a second or more: all of them are waited for at once.
    let (stack, cloud) = (&world.stack, &world.cloud);
    let differences: Vec<String> = thread::scope(|scope| {
        let waits = by_queue.iter().map(|(queue, cases)| scope.spawn(|| poison_of_a_queue(stack, cloud, queue, cases)));
        let waits: Vec<_> = waits.collect();
        waits.into_iter().flat_map(|wait| wait.join().expect("a queue's cases were not played to their end")).collect()
    });
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let stored = by_queue.values().flatten().filter_map(|case| case.expect["stored"].as_u64()).max();
    let (neighbours, stored) = (good_neighbours(world), usize::try_from(stored.unwrap()).unwrap());
    assert!(neighbours >= stored, "{neighbours} good neighbours stored instead of {stored}");
    assert_clean_logs(world);
}

/// The queue that brings a case to its function.
fn queue_of(case: &Case) -> &'static str {
    match case.function.as_str() {
        "retention-track" => "Records",
        "dsar-fulfil" => "Fulfil",
        "breach-notify" => "Breach",
        "notice-change" => "Notice",
        "purge" => "Purge",
        "mail-events" => "Mail",
        "system-tasks" if case.name.ends_with("outcomes-poison") => "Outcome",
        "system-tasks" => "Task",
        other => panic!("{other} has no queue"),
    }
}

/// Sends the cases of one queue, one after the other, and tells where a dead letter is not as the case says.
fn poison_of_a_queue(stack: &Stack, cloud: &Cloud, name: &str, cases: &[Case]) -> Vec<String> {
    let queue = stack.output(&format!("{name}QueueUrl")).unwrap();
    let dead_letters = stack.output(&format!("{name}DeadLetterQueueUrl")).unwrap();
    let mut differences = Vec::new();
    let there = cloud.peek(dead_letters, PEEK_SECONDS).unwrap();
    let mut looked = Looked { ids: there.into_iter().map(|letter| letter.id).collect(), bodies: BTreeSet::new() };
    for case in cases {
        let messages: Vec<&Value> = case.payload["Records"].as_array().unwrap().iter().collect();
        for batch in messages.chunks(10) {
            let bodies: Vec<_> = batch.iter().map(|message| message["body"].as_str().unwrap().to_owned()).collect();
            cloud.send_messages(queue, &bodies).unwrap();
        }
        let expected = case.expect["dead_letters"].as_array().unwrap();
        let seen = wait_for("the queue to be done", || {
            let is_done = cloud.queue_length(queue)? == QueueLength::default();
            let letters = looked.again(cloud, dead_letters);
            Ok((is_done && letters.len() >= expected.len()).then_some(letters))
        })
        .unwrap_or_else(|trouble| panic!("{}: {trouble}: {:#?}", case.name, looked.again(cloud, dead_letters)));
        if seen.len() != expected.len() {
            differences.push(format!(
                "{}: {} dead letters instead of {}: {seen:#?}",
                case.name,
                seen.len(),
                expected.len()
            ));
        }
        for wanted in expected {
            let reason = wanted["reason"].as_str().unwrap();
            let body = messages.iter().find(|message| message["messageId"] == wanted["message"]).unwrap()["body"]
                .as_str()
                .unwrap();
            let of_reason: Vec<_> = seen
                .iter()
                .filter(|letter| letter.reason.as_deref().is_some_and(|said| said.contains(reason)))
                .collect();
            // A refused event is put aside alone; everything else as it came.
            let found = of_reason.iter().any(|letter| letter.body == body)
                || seen.iter().all(|letter| letter.body != body) && !of_reason.is_empty();
            if !found {
                differences.push(format!(
                    "{}: no dead letter of {} with \"{reason}\": {seen:#?}",
                    case.name, wanted["message"]
                ));
            }
        }
        for letter in &seen {
            if letter.reason.as_deref().is_some_and(|reason| reason.contains(MARKER)) {
                differences.push(format!("{}: a reason repeats what was sent: {:?}", case.name, letter.reason));
            }
        }
        looked.bodies.extend(seen.into_iter().map(|letter| letter.body));
    }
    differences
}

/// How many records stand beside those that were refused.
fn good_neighbours(world: &World) -> usize {
    let who = subject("account", &format!("{MARKER}-neighbour-{}", world.run));
    let beside =
        record(world.start, &who, "support-ticket", "support.respond", &format!("beside/{}", world.run), &json!({}));
    let kept = world.keep("scantrust", &beside).unwrap();
    let items = world.cloud.items(&kept.partition).unwrap();
    items.iter().filter(|item| item.text("category") == Some("account-credentials")).count()
}

fn schedules_and_streams_are_answered_as_the_cases_say(world: &World) {
    let mut differences = Vec::new();
    for case in cases(&world.run).into_iter().filter(|case| !case.is_http() && !case.is_queue()) {
        let (answer, error) = world.cloud.try_invoke(&function(world, &case.function), &case.payload).unwrap();
        let expect = &case.expect;
        if error.as_deref() != expect["error"].as_str() {
            differences.push(format!("{}: ended with {error:?}: {answer}", case.name));
        }
        if let Some(failures) = expect["failures"].as_array() {
            let said: Vec<_> = answer["batchItemFailures"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|failure| failure["itemIdentifier"].clone())
                .collect();
            if said != *failures {
                differences.push(format!("{}: failed at {}", case.name, json!(said)));
            }
        }
        for (name, value) in expect["summary"].as_object().into_iter().flatten() {
            if answer[name] != *value {
                differences.push(format!("{}: {answer} without {name} {value}", case.name));
            }
        }
        if answer.to_string().contains(MARKER) {
            differences.push(format!("{}: the answer repeats what was sent: {answer}", case.name));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_clean_logs(world);
}
