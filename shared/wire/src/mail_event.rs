//! What the mail service publishes about a mail: Amazon SES's event records, as its developer guide
//! describes them ("Contents of event data that Amazon SES publishes to Amazon SNS").
//!
//! A record is full of addresses, subject lines and whatever a receiving server answered. The form
//! takes none of that: what is not read here goes no further.

use domain::mail::{MailFailure, MailFate};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    form::{FormError, time},
    message,
};

/// The tag that names the mail.
pub const NOTICE_TAG: &str = "notice";

/// The tag that names the controller in whose name it went out.
pub const CONTROLLER_TAG: &str = "controller";

/// How the text begins that the service publishes once, when it is told of a topic. It is no record.
const TRIAL: &str = "Successfully validated SNS topic for Amazon SES event publishing";

/// An event record. It is the provider's form and grows: members that are not known here are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct MailEventForm {
    #[serde(rename = "eventType")]
    event_type: String,
    mail: MailForm,
    bounce: Option<BounceForm>,
    complaint: Option<ComplaintForm>,
    delivery: Option<HappenedForm>,
    #[serde(rename = "deliveryDelay")]
    delay: Option<HappenedForm>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct MailForm {
    timestamp: String,
    #[serde(default)]
    tags: TagsForm,
}

/// Two of the tags. The others are the service's own, and hold the caller's address among other things.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
struct TagsForm {
    #[serde(default)]
    notice: Vec<String>,
    #[serde(default)]
    controller: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BounceForm {
    bounce_type: String,
    timestamp: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ComplaintForm {
    /// `OnAccountSuppressionList`: the service kept the mail back because of an earlier complaint.
    complaint_sub_type: Option<String>,
    /// What the mailbox's provider calls it (RFC 5965, and `not-spam` beside it).
    complaint_feedback_type: Option<String>,
    timestamp: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct HappenedForm {
    timestamp: String,
}

/// Reads what the mail service published. `None`: it says nothing about whether a mail arrived.
///
/// # Errors
/// [`FormError`] if it is no event record, or lacks the part that its type announces.
pub fn read(body: &str) -> Result<Option<MailEvent>, FormError> {
    if body.starts_with(TRIAL) { Ok(None) } else { message::read::<MailEventForm>(body)?.parse() }
}

/// What an event says, without anybody's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailEvent {
    /// The tag that names the controller, if it carries one.
    pub controller: Option<String>,
    /// The tag that names the mail, if it carries one.
    pub notice: Option<String>,
    /// What became of it.
    pub fate: MailFate,
    /// When.
    pub at: Timestamp,
}

impl MailEventForm {
    fn parse(&self) -> Result<Option<MailEvent>, FormError> {
        let (fate, at) = match self.event_type.as_str() {
            "Send" => (MailFate::Taken, self.sent_at()?),
            "Delivery" => (MailFate::Taken, happened(self.delivery.as_ref(), "/delivery")?),
            // It has it and goes on trying, or gives it up with a bounce.
            "DeliveryDelay" => (MailFate::Taken, happened(self.delay.as_ref(), "/deliveryDelay")?),
            "Bounce" => {
                let bounce = self.bounce.as_ref().ok_or_else(|| missing("/bounce"))?;
                let failure = match bounce.bounce_type.as_str() {
                    "Permanent" => MailFailure::BouncePermanent,
                    // `Transient`, `Undetermined`, and what is not known yet: nothing says that the address
                    // is no good, so nothing is concluded from it.
                    _ => MailFailure::BounceTransient,
                };
                (failed(failure, true), time(&bounce.timestamp, "/bounce/timestamp")?)
            }
            "Complaint" => {
                let complaint = self.complaint.as_ref().ok_or_else(|| missing("/complaint"))?;
                let fate = match complaint.complaint_feedback_type.as_deref() {
                    // Somebody takes it out of the folder of unwanted mail.
                    Some("not-spam") => MailFate::Taken,
                    _ => failed(MailFailure::Complaint, complaint.complaint_sub_type.is_some()),
                };
                (fate, time(&complaint.timestamp, "/complaint/timestamp")?)
            }
            "Reject" => (failed(MailFailure::Reject, true), self.sent_at()?),
            _ => return Ok(None),
        };
        let first = |values: &[String]| values.first().cloned();
        Ok(Some(MailEvent {
            controller: first(&self.mail.tags.controller),
            notice: first(&self.mail.tags.notice),
            fate,
            at,
        }))
    }

    fn sent_at(&self) -> Result<Timestamp, FormError> {
        time(&self.mail.timestamp, "/mail/timestamp")
    }
}

fn failed(failure: MailFailure, is_undelivered: bool) -> MailFate {
    MailFate::Failed { failure, is_undelivered }
}

fn happened(part: Option<&HappenedForm>, pointer: &'static str) -> Result<Timestamp, FormError> {
    time(&part.ok_or_else(|| missing(pointer))?.timestamp, pointer)
}

fn missing(pointer: &'static str) -> FormError {
    FormError::new(pointer, "the event's type announces it, and it is not there")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(event_type: &str, part: &Value) -> Result<Option<MailEvent>, FormError> {
        let mut event = json!({
            "eventType": event_type,
            "mail": {
                "timestamp": "2026-01-05T09:00:00.000Z", "source": "privacy@acme.example", "messageId": "0100-1",
                "destination": ["ada@example.com"], "headersTruncated": false,
                // Folded, as headers are: a control character in the middle.
                "headers": [{ "name": "Subject", "value": "Acme:\r\n your privacy request" }],
                "commonHeaders": { "to": ["ada@example.com"] },
                "tags": {
                    "ses:source-ip": ["192.0.2.1"], "ses:configuration-set": ["habeas"],
                    "controller": ["acme"], "notice": ["request-x-ack"],
                },
            },
        });
        event.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        read(&event.to_string())
    }

    fn fate(event_type: &str, part: &Value) -> (MailFate, String) {
        let event = event(event_type, part).unwrap().unwrap();
        assert_eq!((event.controller.as_deref(), event.notice.as_deref()), (Some("acme"), Some("request-x-ack")));
        (event.fate, event.at.to_string())
    }

    #[test]
    fn each_kind_of_event_says_whether_the_mail_arrived_and_when() {
        let failed = |failure, is_undelivered| MailFate::Failed { failure, is_undelivered };
        let bounce = |kind: &str, sub: &str| {
            json!({ "bounce": {
                "bounceType": kind, "bounceSubType": sub, "timestamp": "2026-01-05T10:00:00.000Z", "feedbackId": "f",
                "bouncedRecipients": [{ "emailAddress": "ada@example.com", "diagnosticCode": "smtp; 550\n5.1.1 <ada>" }],
            } })
        };
        let complaint = |sub: Value, kind: Value| {
            json!({ "complaint": {
                "complaintSubType": sub, "complaintFeedbackType": kind, "timestamp": "2026-01-05T10:00:00.000Z",
                "complainedRecipients": [{ "emailAddress": "ada@example.com" }],
            } })
        };
        let at = json!({ "timestamp": "2026-01-05T10:00:00.000Z" });
        for (event_type, part, expected, sent) in [
            ("Send", json!({ "send": {} }), MailFate::Taken, true),
            ("Delivery", json!({ "delivery": at }), MailFate::Taken, false),
            ("DeliveryDelay", json!({ "deliveryDelay": at }), MailFate::Taken, false),
            ("Bounce", bounce("Permanent", "NoEmail"), failed(MailFailure::BouncePermanent, true), false),
            (
                "Bounce",
                bounce("Permanent", "OnAccountSuppressionList"),
                failed(MailFailure::BouncePermanent, true),
                false,
            ),
            ("Bounce", bounce("Transient", "MailboxFull"), failed(MailFailure::BounceTransient, true), false),
            ("Bounce", bounce("Undetermined", "Undetermined"), failed(MailFailure::BounceTransient, true), false),
            ("Bounce", bounce("Sideways", "New"), failed(MailFailure::BounceTransient, true), false),
            ("Complaint", complaint(Value::Null, json!("abuse")), failed(MailFailure::Complaint, false), false),
            ("Complaint", complaint(Value::Null, Value::Null), failed(MailFailure::Complaint, false), false),
            ("Complaint", complaint(Value::Null, json!("not-spam")), MailFate::Taken, false),
            (
                "Complaint",
                complaint(json!("OnAccountSuppressionList"), Value::Null),
                failed(MailFailure::Complaint, true),
                false,
            ),
            ("Reject", json!({ "reject": { "reason": "Bad content" } }), failed(MailFailure::Reject, true), true),
        ] {
            let when = if sent { "2026-01-05T09:00:00Z" } else { "2026-01-05T10:00:00Z" };
            assert_eq!(fate(event_type, &part), (expected, when.to_owned()), "{event_type} {part}");
        }
    }

    #[test]
    fn an_event_that_says_nothing_about_arrival_is_passed_over() {
        for event_type in ["Open", "Click", "Subscription", "Rendering Failure", "Tomorrow"] {
            assert_eq!(event(event_type, &json!({})), Ok(None), "{event_type}");
        }
        assert_eq!(read("Successfully validated SNS topic for Amazon SES event publishing."), Ok(None));
    }

    #[test]
    fn what_is_malformed_is_refused_without_a_word_of_it() {
        for (event_type, part) in [
            ("Bounce", json!({})),
            ("Bounce", json!({ "bounce": { "bounceType": "Permanent", "timestamp": "ada@example.com" } })),
            ("Delivery", json!({ "delivery": null })),
            ("Send", json!({ "mail": { "timestamp": "ada@example.com" } })),
            ("Send", json!({ "mail": "ada@example.com" })),
            (
                "Send",
                json!({ "mail": { "timestamp": "2026-01-05T09:00:00Z", "tags": { "notice": "ada@example.com" } } }),
            ),
        ] {
            let error = event(event_type, &part).unwrap_err();
            assert!(!format!("{error:?}").contains("ada"), "{error:?}");
        }
    }

    #[test]
    fn a_mail_without_tags_is_nobodys() {
        let event = event("Send", &json!({ "mail": { "timestamp": "2026-01-05T09:00:00Z" } })).unwrap().unwrap();
        assert_eq!((event.controller, event.notice), (None, None));
    }
}
