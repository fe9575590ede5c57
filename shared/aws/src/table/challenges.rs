//! The challenges of requests, account tokens that were shown, and what is forgotten after them.

use app::{
    challenges::Challenges,
    error::{Appended, PortError},
    requests::RequestKey,
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    dsar::Challenge,
    ids::{ControllerId, RequestId, TokenId},
    limits::{CODE_MINUTES, CODE_PAUSE_SECONDS, Limit},
};
use jiff::{Timestamp, ToSpan};
use wire::stored::challenge::{BoundToken, Challenge as Form, CodeAsked};

use super::{
    Item, Update, Updated, form_of, item_of,
    keys::{ItemKey, RequestPart},
    number, time, ttl, unreadable,
};
use crate::Cloud;

const WHAT: &str = "a challenge";

/// How long a challenge is kept that nobody answers: as long as the request waits for it.
const KEPT_HOURS: i64 = 24 * 14;

fn head(key: &RequestKey) -> ItemKey {
    ItemKey::Request(key.clone(), RequestPart::Code)
}

fn challenge_of(item: Item) -> Result<Challenge, PortError> {
    form_of::<Form>(WHAT, item)?.try_into().map_err(unreadable(WHAT))
}

fn kept_until(at: Timestamp) -> Timestamp {
    at.saturating_add(KEPT_HOURS.hours()).unwrap_or(Timestamp::MAX)
}

fn before(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_sub(seconds.seconds()).unwrap_or(Timestamp::MIN)
}

impl Challenges for Cloud {
    async fn open_challenge(&self, key: &RequestKey, first: &Challenge) -> Result<Challenge, PortError> {
        let mut item = item_of(&head(key), &Form::from(first))?;
        item.insert("ttl".to_owned(), ttl(kept_until(first.asked_at)));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(*first),
            Appended::Existing(item) => challenge_of(item),
        }
    }

    async fn challenge(&self, key: &RequestKey) -> Result<Option<Challenge>, PortError> {
        self.get(&head(key)).await?.map(challenge_of).transpose()
    }

    async fn try_code(&self, key: &RequestKey, at: Timestamp) -> Result<Option<Challenge>, PortError> {
        // The conditions of `Challenge::tried`; a contract holds the two together.
        let update = Update::default()
            .add("attempts", number(1))
            .add("attempts_in_all", number(1))
            .with("most", number(Limit::CodeAttempts.rule().most))
            .with("most_in_all", number(Limit::CodeAttemptsOfRequest.rule().most))
            .with("sent_after", time(before(at, CODE_MINUTES * 60)));
        let condition = "attempts < :most AND attempts_in_all < :most_in_all AND sent_at > :sent_after";
        match self.update(&head(key), update, condition, ReturnValue::AllNew).await? {
            Updated::Done(item) => challenge_of(item).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }

    async fn ask_again(&self, key: &RequestKey, at: Timestamp) -> Result<Option<Challenge>, PortError> {
        // The conditions of `Challenge::again`.
        let update = Update::default()
            .add("challenge", number(1))
            .set("asked_at", time(at))
            .set("attempts", number(0))
            .set("ttl", ttl(kept_until(at)))
            .remove("sent_at")
            .with("rested", time(before(at, CODE_PAUSE_SECONDS)))
            .with("resends", number(Limit::CodeResends.rule().most))
            .with("most_in_all", number(Limit::CodeAttemptsOfRequest.rule().most));
        let condition = "asked_at <= :rested AND challenge <= :resends AND attempts_in_all < :most_in_all";
        let Updated::Done(item) = self.update(&head(key), update, condition, ReturnValue::AllNew).await? else {
            return Ok(None);
        };
        let next = challenge_of(item)?;
        // Its arrival in the stream is what sends the code. A crash in between costs one of the resends,
        // and another one can be asked for a minute later.
        let asked = ItemKey::Request(key.clone(), RequestPart::CodeAsked(next.number));
        let mut item = item_of(&asked, &CodeAsked::new(at))?;
        item.insert("ttl".to_owned(), ttl(kept_until(at)));
        self.put_new(item).await?;
        Ok(Some(next))
    }

    async fn code_sent(&self, key: &RequestKey, sent: u32, at: Timestamp) -> Result<(), PortError> {
        let update = Update::default().set_once("sent_at", time(at)).with("open", number(sent));
        // A newer one is open, or none any more: this one opens nothing.
        self.update(&head(key), update, "challenge = :open", ReturnValue::None).await.map(drop)
    }

    async fn bind_token(
        &self,
        controller: &ControllerId,
        token: &TokenId,
        request: &RequestId,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let key = ItemKey::AccountToken(controller.clone(), token.clone());
        let mut item = item_of(&key, &BoundToken::new(request))?;
        item.insert("ttl".to_owned(), ttl(until));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(true),
            Appended::Existing(item) => {
                let bound = form_of::<BoundToken>("a token", item)?.into_request().map_err(unreadable("a token"))?;
                Ok(bound == *request)
            }
        }
    }

    async fn forget_verification(&self, key: &RequestKey) -> Result<(), PortError> {
        let receipt = ItemKey::Request(key.clone(), RequestPart::Received);
        let update = Update::default().remove("points");
        self.update(&receipt, update, "attribute_exists(pk)", ReturnValue::None).await?;
        self.delete(&head(key)).await
    }
}
