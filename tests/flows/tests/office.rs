//! The privacy office at work on the deployed stack: two clerks, a question, a decision, a letter that was
//! typed in.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use habeas_cli::{
    client::{Answer, Call, escaped},
    world::{World, link_in, subject, wait_for},
};
use serde_json::{Value, json};

const CONTROLLER: &str = "identance";

/// Somebody of the office, with their token.
struct Clerk<'a> {
    world: &'a World,
    bearer: String,
}

impl<'a> Clerk<'a> {
    fn new(world: &'a World, name: &str, scopes: &str) -> Self {
        let (issuer, scopes) = (&world.stack.issuer, escaped(scopes));
        let url = format!("{issuer}/token?sub={name}&exp=3600&scope={scopes}&controllers={CONTROLLER}");
        let token = world.client.send(&Call::new("GET", url)).unwrap().expect(&[200]).unwrap().text();
        Self { world, bearer: format!("Bearer {token}") }
    }

    fn call(
        &self,
        method: &'static str,
        path: &str,
        headers: &[(&'static str, String)],
        body: Option<&Value>,
    ) -> Answer {
        let url = self.world.api(&format!("/{CONTROLLER}/v1/staff/{path}"));
        let mut call = Call::new(method, url).with("authorization", self.bearer.clone());
        for (name, value) in headers {
            call = call.with(name, value.clone());
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        self.world.client.send(&call).unwrap()
    }

    fn look(&self, request: &str) -> (Value, String) {
        let answer = self.call("GET", &format!("requests/{request}"), &[], None).expect(&[200]).unwrap();
        (answer.json().unwrap(), answer.header("etag").expect("an ETag").to_owned())
    }

    /// Waits until the product has brought a request there.
    fn at_stage(&self, request: &str, stage: &str) -> (Value, String) {
        wait_for(&format!("a request to be {stage}"), || {
            let (case, etag) = self.look(request);
            Ok((case["stage"] == stage).then_some((case, etag)))
        })
        .unwrap()
    }

    fn act(&self, request: &str, etag: &str, action: &Value) -> Answer {
        let headers = [("if-match", etag.to_owned())];
        self.call("POST", &format!("requests/{request}/actions"), &headers, Some(action))
    }
}

const WORK: &str = "requests:read requests:write requests:decide";

#[test]
fn an_objection_is_claimed_once_asked_about_and_refused_with_its_article() {
    let (world, _alone) = stack::world();
    let address = world.address("objector");
    let form = json!({ "type": "objection", "subject": subject("mail", &address), "residence": "FR" });
    let asked = world.ask(CONTROLLER, &form).unwrap();
    let id = asked.request_id.as_str();
    let (first, second) = (Clerk::new(&world, "clerk-1", WORK), Clerk::new(&world, "clerk-2", WORK));
    let (case, etag) = first.at_stage(id, "with-office");
    assert_eq!(case["subject"]["value"], address.as_str());

    let claim = json!({ "action": "claim" });
    first.act(id, &etag, &claim).expect(&[200]).unwrap();
    first.act(id, &etag, &claim).expect(&[200]).expect("a retry finds it done");
    let late = second.act(id, &etag, &claim);
    assert_eq!((late.status, late.problem().as_deref()), (412, Some("changed-meanwhile")));
    let listed = first.call("GET", "requests?mine=true&type=objection&limit=100", &[], None);
    assert!(listed.expect(&[200]).unwrap().text().contains(id), "the list follows");

    let (_, etag) = first.look(id);
    let question = json!({ "action": "ask-clarification", "text": "Which of our mails do you mean?" });
    first.act(id, &etag, &question).expect(&[200]).unwrap();
    let mail = world.mail_to(&address, &format!("{id}/reply?token=")).unwrap();
    assert!(mail.text.contains("Which of our mails do you mean?"), "{}", mail.text);
    let link = link_in(&mail.text).expect("a link");
    let page = world.client.send(&Call::new("GET", &link).with("accept", "text/html")).unwrap();
    assert!(page.expect(&[200]).unwrap().text().contains("<textarea"));
    let reply = Call::new("POST", &link).with("accept", "text/html").form(&[("text", "All of them.")]);
    world.client.send(&reply).unwrap().expect(&[200]).unwrap();
    let (case, etag) = first.at_stage(id, "with-office");
    let replied = case["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&replied["act"], &replied["text"]), (&json!("replied"), &json!("All of them.")));

    let misfit = json!({ "action": "decide", "ruling": "refuse", "ground": "accurate-as-it-is" });
    assert_eq!(first.act(id, &etag, &misfit).problem().as_deref(), Some("ruling-not-allowed"));
    let refusal = json!({ "action": "decide", "ruling": "refuse", "ground": "compelling-grounds", "text": "We must." });
    first.act(id, &etag, &refusal).expect(&[200]).unwrap();
    first.at_stage(id, "refused");
    let letter = world.mail_to(&address, "21(1)").unwrap();
    assert!(letter.text.contains("We must."), "{}", letter.text);
}

#[test]
fn what_is_asked_twice_is_answered_once() {
    let (world, _alone) = stack::world();
    let address = world.address("twice");
    let form = json!({ "type": "objection", "subject": subject("mail", &address), "residence": "FR" });
    let first = world.ask(CONTROLLER, &form).unwrap().request_id;
    let second = world.ask(CONTROLLER, &form).unwrap().request_id;
    let clerk = Clerk::new(&world, "clerk-1", WORK);
    clerk.at_stage(&first, "with-office");
    let (_, etag) = clerk.at_stage(&second, "with-office");
    let merge = json!({ "action": "merge", "into": first });
    clerk.act(&second, &etag, &merge).expect(&[200]).unwrap();
    let (case, _) = clerk.look(&second);
    assert_eq!((&case["stage"], &case["merged_into"]), (&json!("merged"), &json!(first)));
    clerk.at_stage(&first, "with-office");
    let (_, etag) = clerk.look(&second);
    let closed = clerk.act(&second, &etag, &json!({ "action": "claim" }));
    assert_eq!((closed.status, closed.problem().as_deref()), (409, Some("not-possible-now")));
}

#[test]
fn a_letter_is_typed_in_with_the_day_on_which_it_came() {
    let (world, _alone) = stack::world();
    let clerk = Clerk::new(&world, "clerk-1", WORK);
    let received_at = (world.start - jiff::SignedDuration::from_hours(24 * 9)).to_string();
    let body = json!({
        "received_at": received_at, "verified": "office",
        "request": { "type": "complaint", "subject": subject("mail", &world.address("writer")), "message": "I complain." },
    });
    let headers = [("idempotency-key", format!("letter-{}", world.run))];
    let entered: Value = clerk.call("POST", "requests", &headers, Some(&body)).expect(&[201]).unwrap().json().unwrap();
    assert_eq!((&entered["received_at"], &entered["entered_by"]), (&json!(received_at), &json!("clerk-1")));
    clerk.call("POST", "requests", &headers, Some(&body)).expect(&[200]).expect("a retry finds it entered");
    let id = entered["request_id"].as_str().unwrap();
    let (case, etag) = clerk.at_stage(id, "with-office");
    assert_eq!(case["message"], "I complain.");
    let silent = json!({ "action": "decide", "ruling": "approve" });
    assert_eq!(clerk.act(id, &etag, &silent).status, 422, "a complaint is answered in words");
    let answer = json!({ "action": "decide", "ruling": "approve", "text": "You are right." });
    clerk.act(id, &etag, &answer).expect(&[200]).unwrap();
    clerk.at_stage(id, "answered");
    let reader = Clerk::new(&world, "reader-1", "requests:read");
    let (_, etag) = reader.look(id);
    assert_eq!(reader.act(id, &etag, &json!({ "action": "note", "text": "x" })).status, 403);
}
