//! Queues: messages in batches, and what goes to a dead-letter queue at once.

use std::time::Duration;

use app::{
    dispatch::{Dispatch, NotDelivered, TaskQueues},
    error::PortError,
    queues::{DeadLetters, LATER_SECONDS_MAX, Later, Outbox, OutcomeLetters, Postponing, Queue},
};
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use domain::{
    ids::SystemId,
    system::{SystemSecret, signature},
};
use jiff::Timestamp;
use wire::system::SignedForm;

use crate::{
    Cloud,
    failure::{code, unavailable},
    webhook,
};

/// Most messages of one call (SQS's limit).
const BATCH_MESSAGES_MAX: usize = 10;

/// Most bytes of one call's messages together. SQS takes more by now; this is what every region took.
const BATCH_BYTES_MAX: usize = 256 * 1_024;

/// How often messages that were turned away are sent again.
const ROUNDS_MAX: u32 = 4;

/// The first pause before they are; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);

/// Longest that SQS hides a message, in seconds; a minute less, since it counts from the receipt.
const POSTPONED_SECONDS_MAX: i64 = 12 * 3_600 - 60;

const QUEUE: &str = "the queue";

/// Cuts messages into batches, in order.
fn batches(bodies: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for body in bodies {
        let full = batches.last().is_none_or(|batch| batch.len() == BATCH_MESSAGES_MAX);
        if full || bytes + body.len() > BATCH_BYTES_MAX {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += body.len();
        if let Some(batch) = batches.last_mut() {
            batch.push(body);
        }
    }
    batches
}

impl Cloud {
    /// Sends messages. All of them are in the queue when it returns; a message may be there twice
    /// after an error, as always with queues.
    ///
    /// # Errors
    /// [`PortError`] if any message was not taken.
    pub async fn send_batch(&self, queue_url: &str, bodies: Vec<String>) -> Result<(), PortError> {
        for batch in batches(bodies) {
            self.send_some(queue_url, batch).await?;
        }
        Ok(())
    }

    async fn send_some(&self, queue_url: &str, mut bodies: Vec<String>) -> Result<(), PortError> {
        for round in 0..ROUNDS_MAX {
            if round > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(round - 1)).await;
            }
            let entries = bodies
                .iter()
                .enumerate()
                .map(|(number, body)| {
                    SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body).build()
                })
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| PortError::corrupt("a message", "it cannot be written"))?;
            let sent = self
                .sqs()
                .send_message_batch()
                .queue_url(queue_url)
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|error| unavailable(QUEUE, &error))?;
            let taken: Vec<usize> = sent.successful().iter().filter_map(|entry| entry.id().parse().ok()).collect();
            let mut number = 0..;
            bodies.retain(|_| number.next().is_none_or(|number| !taken.contains(&number)));
            if bodies.is_empty() {
                return Ok(());
            }
        }
        Err(PortError::unavailable(QUEUE, "it did not take every message"))
    }

    /// Puts a message that can never be handled into its dead-letter queue, with the reason beside it.
    ///
    /// # Errors
    /// [`PortError`] if it was not taken: the message goes back to its own queue then.
    pub async fn bury_in(&self, dead_letter_url: &str, body: &str, reason: &str) -> Result<(), PortError> {
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let reason = reason.map_err(|_| PortError::corrupt("a message", "its reason cannot be written"))?;
        let sent = self
            .sqs()
            .send_message()
            .queue_url(dead_letter_url)
            .message_body(body)
            .message_attributes("reason", reason)
            .send()
            .await;
        sent.map(drop).map_err(|error| unavailable(QUEUE, &error))
    }
}

impl Outbox for Cloud {
    async fn send(&self, queue: Queue, bodies: Vec<String>) -> Result<(), PortError> {
        self.send_batch(self.queue_url(queue)?, bodies).await
    }
}

impl Postponing for Cloud {
    async fn postpone(&self, queue: Queue, receipt: &str, seconds: i64) -> Result<(), PortError> {
        let seconds = i32::try_from(seconds.clamp(0, POSTPONED_SECONDS_MAX)).unwrap_or_default();
        let postponed = self
            .sqs()
            .change_message_visibility()
            .queue_url(self.queue_url(queue)?)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .send()
            .await;
        postponed.map(drop).map_err(|error| unavailable(QUEUE, &error))
    }
}

impl Later for Cloud {
    async fn send_later(&self, queue: Queue, body: String, seconds: i64) -> Result<(), PortError> {
        let seconds = i32::try_from(seconds.clamp(0, LATER_SECONDS_MAX)).unwrap_or_default();
        let url = self.queue_url(queue)?;
        let sent = self.sqs().send_message().queue_url(url).message_body(body).delay_seconds(seconds).send().await;
        sent.map(drop).map_err(|error| unavailable(QUEUE, &error))
    }
}

impl TaskQueues for Cloud {
    async fn enqueue(
        &self,
        queue_url: &str,
        system: &SystemId,
        what: Dispatch<'_>,
        secrets: &[SystemSecret],
        at: Timestamp,
    ) -> Result<(), NotDelivered> {
        let (body, _) = webhook::written(what)?;
        let form = SignedForm {
            v: wire::system::VERSION,
            controller: what.controller().to_string(),
            system: system.to_string(),
            signature: signature(secrets, at, body.as_bytes()),
            body,
        };
        let message = serde_json::to_string(&form).map_err(|_| NotDelivered { code: "unwritable".to_owned() })?;
        let sent = self.sqs().send_message().queue_url(queue_url).message_body(message).send().await;
        // The code alone: it names what is wrong with the queue, and nothing of the message.
        let failed = |error| NotDelivered { code: format!("queue-{}", code(&error).unwrap_or("not-reached")) };
        sent.map(drop).map_err(failed)
    }
}

impl DeadLetters for Cloud {
    async fn bury(&self, body: &str, reason: &str) -> Result<(), PortError> {
        self.bury_in(self.dead_letter_queue_url()?, body, reason).await
    }
}

impl OutcomeLetters for Cloud {
    async fn bury_outcome(&self, body: &str, reason: &str) -> Result<(), PortError> {
        self.bury_in(self.outcome_dead_letter_queue_url()?, body, reason).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_order_and_limits() {
        let bodies: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        let cut = batches(bodies.clone());
        assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(cut.concat(), bodies);

        let large = vec!["x".repeat(200 * 1_024), "y".repeat(100 * 1_024), "z".into()];
        assert_eq!(batches(large).iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
        assert!(batches(Vec::new()).is_empty());
    }
}
