//! SQS: one message at a time, each with its own verdict.

use std::{borrow::Cow, fmt};

use app::queues::DeadLetters;
use aws_lambda_events::sqs::SqsMessage;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{Failure, InvocationError, Reply, json, panics::caught};

/// Longest reason sent along with a poison message.
pub const REASON_BYTES_MAX: usize = 256;

/// One message of a batch.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// SQS's id of the message, by which a failure is reported.
    pub id: String,
    /// The body as it came; nothing has parsed it yet.
    pub body: String,
    /// How many times it has been delivered, this time included.
    pub receive_count: u32,
    /// The handle by which this delivery is put off.
    pub receipt: String,
    /// The ARN of the queue that it came from.
    pub source: String,
    /// When it entered that queue. A redrive changes it, so it orders nothing.
    pub sent_at: Option<Timestamp>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies hold personal data (correctness 15).
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("receive_count", &self.receive_count)
            .finish_non_exhaustive()
    }
}

impl Message {
    pub(crate) fn parse(raw: &RawValue) -> Result<Self, InvocationError> {
        let message: SqsMessage =
            serde_json::from_str(raw.get()).map_err(|_| InvocationError::MalformedEvent("an SQS record"))?;
        Ok(Self {
            // An absent id stays empty, and `each` refuses the batch.
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receive_count: message
                .attributes
                .get("ApproximateReceiveCount")
                .and_then(|count| count.parse().ok())
                .unwrap_or(1),
            receipt: message.receipt_handle.unwrap_or_default(),
            source: message.event_source_arn.unwrap_or_default(),
            sent_at: message
                .attributes
                .get("SentTimestamp")
                .and_then(|sent| Timestamp::from_millisecond(sent.parse().ok()?).ok()),
        })
    }

    /// The same delivery with another body: what was signed and put into an envelope.
    #[must_use]
    pub fn inner(&self, body: String) -> Self {
        Self { body, ..self.clone() }
    }

    /// Reads the body as a sent form. What cannot be read is poison: another delivery would not
    /// read better.
    ///
    /// # Errors
    /// [`Verdict::Poison`] with what is wrong and where, and nothing of the content.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Verdict> {
        json::read(&self.body).map_err(|flaw| Verdict::poison(flaw.reason()))
    }
}

/// Why a message is not done.
#[derive(Debug)]
pub enum Verdict {
    /// For a passing reason: delivered again, at last to the dead-letter queue.
    Retry(Failure),
    /// It was put off by the handler, which says when it comes again.
    PutOff,
    /// It can never be done: to the dead-letter queue at once.
    Poison {
        /// Why, without anyone's data: it is logged and travels as the attribute `reason`.
        reason: Cow<'static, str>,
    },
}

impl Verdict {
    /// A message that can never be done.
    pub fn poison(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Poison { reason: reason.into() }
    }
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        Self::Retry(failure)
    }
}

/// Handles each message by itself: a poison one is buried, a failed or panicking one is delivered
/// again, and their neighbours go on.
///
/// # Errors
/// A message without an id fails the batch as a whole before any is handled: its failure could not
/// be reported, so it would count as done.
pub async fn each<D, H>(messages: Vec<Message>, dead_letters: &D, handler: H) -> Result<Reply, Failure>
where
    D: DeadLetters,
    H: AsyncFn(&Message) -> Result<(), Verdict>,
{
    if messages.iter().any(|message| message.id.is_empty()) {
        return Err(Failure::new("a message has no id"));
    }
    let mut failed = Vec::new();
    for message in messages {
        let verdict = caught(|| handler(&message)).await;
        let retry = match verdict {
            Ok(Ok(())) => None,
            Ok(Err(Verdict::Retry(failure))) => Some(failure),
            Ok(Err(Verdict::PutOff)) => {
                // Reported as not done, so that it stays; its own time to come again stands.
                failed.push(message.id);
                continue;
            }
            Ok(Err(Verdict::Poison { reason })) => bury(&message, dead_letters, &reason).await.err(),
            Err(_) => Some(Failure::new("the handler panicked on a message")),
        };
        if let Some(failure) = retry {
            let (id, what, code) = (&message.id, failure.what(), failure.code().unwrap_or_default());
            tracing::warn!(
                message.id = %id, message.receives = message.receive_count, what, code, chain = failure.chain(),
                "message {id} is delivered again"
            );
            failed.push(message.id);
        }
    }
    Ok(Reply::Batch(failed))
}

async fn bury<D: DeadLetters>(message: &Message, dead_letters: &D, reason: &str) -> Result<(), Failure> {
    // SQS refuses control characters in attributes, and an empty one.
    let clean: String = reason.chars().filter(|c| !c.is_control()).collect();
    let reason = match clean.get(..clean.floor_char_boundary(REASON_BYTES_MAX)) {
        Some(reason) if !reason.is_empty() => reason,
        _ => "not said",
    };
    let id = &message.id;
    match caught(|| dead_letters.bury(&message.body, reason)).await {
        Ok(Ok(())) => {
            tracing::warn!(message.id = %id, reason, "message {id} went to the dead-letter queue");
            Ok(())
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Failure::new("the dead-letter queue's port panicked")),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use app::error::PortError;

    use super::*;
    use crate::telemetry;

    #[derive(Default)]
    struct Graves {
        buried: RefCell<Vec<(String, String)>>,
        full: bool,
    }

    impl DeadLetters for Graves {
        async fn bury(&self, body: &str, reason: &str) -> Result<(), PortError> {
            if self.full {
                return Err(PortError::Conflict { what: "the dead-letter queue" });
            }
            self.buried.borrow_mut().push((body.to_owned(), reason.to_owned()));
            Ok(())
        }
    }

    fn message(id: &str, body: &str) -> Message {
        Message {
            id: id.to_owned(),
            body: body.to_owned(),
            receive_count: 1,
            receipt: "r".to_owned(),
            source: String::new(),
            sent_at: None,
        }
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        v: u8,
    }

    async fn handle(message: &Message) -> Result<(), Verdict> {
        let order: Order = message.json()?;
        match order.v {
            1 => Ok(()),
            2 => Err(Failure::new("the table is not there").into()),
            3 => panic!("ada@example.com"),
            _ => Err(Verdict::poison("the version is not known")),
        }
    }

    fn failed(reply: Result<Reply, Failure>) -> Vec<String> {
        match reply {
            Ok(Reply::Batch(ids)) => ids,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_malformed_message_fails_alone() {
        let (lines, _guard) = telemetry::tests::collect();
        let graves = Graves::default();
        let batch = vec![
            message("a", r#"{"v":1}"#),
            message("b", "ada@example.com"),
            message("c", r#"{"v":2}"#),
            message("d", r#"{"v":3}"#),
            message("e", r#"{"v":9}"#),
            message("f", r#"{"v":1,"ada@example.com":2}"#),
            message("g", r#"{"v":1}"#),
        ];
        assert_eq!(failed(each(batch, &graves, handle).await), ["c", "d"]);
        let buried = graves.buried.borrow();
        let bodies: Vec<_> = buried.iter().map(|(body, _)| body.as_str()).collect();
        assert_eq!(bodies, ["ada@example.com", r#"{"v":9}"#, r#"{"v":1,"ada@example.com":2}"#]);
        for (_, reason) in buried.iter() {
            assert!(!reason.contains("ada"), "{reason}");
        }
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|line| !line.contains("ada")), "{lines:?}");
    }

    #[tokio::test]
    async fn a_poison_message_stays_until_it_is_buried() {
        let graves = Graves { full: true, ..Graves::default() };
        assert_eq!(failed(each(vec![message("a", "x"), message("b", r#"{"v":1}"#)], &graves, handle).await), ["a"]);
    }

    #[tokio::test]
    async fn a_message_that_is_put_off_stays_and_is_no_warning() {
        let (lines, _guard) = telemetry::tests::collect();
        let graves = Graves::default();
        let batch = vec![message("a", ""), message("b", "")];
        let reply =
            each(batch, &graves, async |message| if message.id == "a" { Err(Verdict::PutOff) } else { Ok(()) }).await;
        assert_eq!(failed(reply), ["a"]);
        assert!(lines.lock().unwrap().is_empty() && graves.buried.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_message_without_an_id_is_not_counted_as_done() {
        let graves = Graves::default();
        let calls = RefCell::new(0);
        let reply = each(vec![message("a", ""), message("", "")], &graves, async |_| {
            *calls.borrow_mut() += 1;
            Ok(())
        })
        .await;
        assert_eq!(reply.unwrap_err().what(), "a message has no id");
        assert_eq!(*calls.borrow(), 0);
    }

    #[tokio::test]
    async fn a_reason_fits_an_attribute() {
        let graves = Graves::default();
        for reason in ["", "\u{0}\n", "long é"] {
            let reason = reason.repeat(200);
            let _ = each(vec![message("a", "x")], &graves, async |_| Err(Verdict::poison(reason.clone()))).await;
        }
        for (_, reason) in graves.buried.borrow().iter() {
            assert!((1..=REASON_BYTES_MAX).contains(&reason.len()), "{reason}");
            assert!(!reason.chars().any(char::is_control));
        }
    }

    #[test]
    fn a_record_shows_ids_and_counts_and_no_body() {
        let raw = RawValue::from_string(
            r#"{"messageId":"m-1","body":"ada@example.com","attributes":{"ApproximateReceiveCount":"3","SentTimestamp":"1767225600123"},
                "receiptHandle":"r-1","eventSourceARN":"arn:aws:sqs:eu-west-1:0:q",
                "messageAttributes":{"reason":{"stringValue":"late","dataType":"String"}},"eventSource":"aws:sqs"}"#
                .to_owned(),
        )
        .unwrap();
        let message = Message::parse(&raw).unwrap();
        assert_eq!(message.receive_count, 3);
        assert_eq!((message.receipt.as_str(), message.source.as_str()), ("r-1", "arn:aws:sqs:eu-west-1:0:q"));
        assert_eq!(message.sent_at.unwrap().as_millisecond(), 1_767_225_600_123);
        assert_eq!(format!("{message:?}"), r#"Message { id: "m-1", receive_count: 3, .. }"#);
    }
}
