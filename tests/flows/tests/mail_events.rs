//! What becomes of mail, on the deployed stack. No mail leaves the local AWS, so nothing comes back by
//! itself: the events are published to the topic as the mail service writes them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use habeas_cli::{
    cloud::{Mail, QueueLength},
    world::{World, subject, wait_for},
};
use serde_json::{Value, json};

const CONTROLLER: &str = "identance";

/// An event about a mail, as the mail service writes it.
fn event(world: &World, mail: &Mail, event_type: &str, name: &str, what: &Value) -> String {
    let at = world.start.to_string();
    let mut what = what.clone();
    what["timestamp"] = json!(at);
    json!({
        "eventType": event_type,
        "mail": {
            "timestamp": at, "source": "privacy@privacy.example", "messageId": "0102-1", "destination": mail.to,
            "headersTruncated": false, "headers": [{ "name": "Subject", "value": mail.subject }], "tags": mail.tags,
        },
        name: what,
    })
    .to_string()
}

fn publish(world: &World, message: &str) {
    world.cloud.publish(world.stack.output("MailTopicArn").unwrap(), message).unwrap();
}

/// Waits until every event that was published is taken in.
fn taken_in(world: &World) {
    let queue = world.stack.output("MailQueueUrl").unwrap();
    wait_for("the events to be taken in", || {
        Ok((world.cloud.queue_length(queue)? == QueueLength::default()).then_some(()))
    })
    .unwrap();
}

/// How many failures the history of a request holds.
fn failures(world: &World, request: &str) -> usize {
    let own = world.cloud.items(&format!("C#{CONTROLLER}")).unwrap();
    let whose = own.iter().find(|item| item.sort_key() == format!("REQUEST#{request}")).expect("whose it is");
    let person = format!("C#{CONTROLLER}#S#{}", whose.text("subject").unwrap());
    let entries = world.cloud.items(&person).unwrap();
    let of_request = entries.iter().filter(|item| item.sort_key().starts_with(&format!("REQUEST#{request}#3-")));
    of_request.filter(|item| format!("{item:?}").contains("mail-failed")).count()
}

#[test]
fn a_bounce_of_the_first_letter_is_shown_once_and_ends_the_letters_of_the_request() {
    let (world, _alone) = stack::world();
    let address = world.address("moved-away");
    let form = json!({ "type": "access", "subject": subject("mail", &address), "residence": "FR" });
    let request = world.ask(CONTROLLER, &form).unwrap();
    let mail = world.mail_to(&address, &request.request_id).unwrap();
    assert_eq!(mail.configuration_set.as_deref(), world.stack.output("ConfigurationSet").ok());
    assert_eq!(mail.tags["controller"], json!([CONTROLLER]));
    assert_eq!(world.status(&request).unwrap().unreachable_by_mail, None);

    // It was on its way, and a mailbox that is full for the moment ends nothing.
    publish(&world, &event(&world, &mail, "Send", "send", &json!({})));
    let full = json!({ "bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": [] });
    publish(&world, &event(&world, &mail, "Bounce", "bounce", &full));
    wait_for("the passing bounce", || Ok((failures(&world, &request.request_id) == 1).then_some(()))).unwrap();
    assert_eq!(world.status(&request).unwrap().unreachable_by_mail, None);

    let gone = json!({
        "bounceType": "Permanent", "bounceSubType": "NoEmail",
        "bouncedRecipients": [{ "emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1\r\n user unknown" }],
    });
    let gone = event(&world, &mail, "Bounce", "bounce", &gone);
    publish(&world, &gone);
    let shown = wait_for("the bounce to be shown", || Ok(world.status(&request)?.unreachable_by_mail)).unwrap();
    assert_eq!((shown.why.as_str(), failures(&world, &request.request_id)), ("bounce-permanent", 2));

    // Told twice, and of what came before: nothing changes.
    let before = world.status(&request).unwrap();
    for message in [gone.clone(), event(&world, &mail, "Delivery", "delivery", &json!({})), gone] {
        publish(&world, &message);
    }
    taken_in(&world);
    assert_eq!((world.status(&request).unwrap(), failures(&world, &request.request_id)), (before, 2));
    assert_eq!(world.mails_to(&address, "").unwrap().len(), 1, "nothing more goes there");
}
