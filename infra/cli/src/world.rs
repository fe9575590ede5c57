//! What a scenario does and sees: it speaks as a person, as staff, as a system and as the schedule,
//! and looks at what came of it.

use std::{cell::RefCell, collections::BTreeMap, thread, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::{
    hold::HoldAnswer,
    record::{EventResult, RecordsAnswer},
    request::{AcknowledgementForm, StatusForm},
};

use crate::{
    clerk::Clerk,
    client::{Answer, Call, Client, escaped},
    clock,
    cloud::{Cloud, Mail},
    page::{PageForm, resolved},
    stack::Stack,
    trouble::{Played, Trouble},
};

mod auditor;

/// How long an effect of a queue or a stream is waited for.
const EFFECT_TRIES_MAX: u32 = 1_800;

/// The pause between two looks.
const LOOK_MILLISECONDS: u64 = 100;

/// How long a mailed code is.
const CODE_DIGITS: usize = 8;

/// Most sweeps in a row: each deletes a bounded number of records.
const SWEEPS_MAX: u32 = 100;

/// A stack with everything that scenarios need, and the names of one run.
#[derive(Debug)]
pub struct World {
    /// The stack.
    pub stack: Stack,
    /// The HTTP client.
    pub client: Client,
    /// The local AWS.
    pub cloud: Cloud,
    /// Names this run: every subject of it is new, so that a run never meets an earlier one's.
    pub run: String,
    /// When the run began: the real time, since the API gives its own to what comes in by HTTP.
    pub start: Timestamp,
    links: RefCell<BTreeMap<String, String>>,
    /// Staff tokens by name, scope and controller: they outlive a run.
    tokens: RefCell<BTreeMap<[String; 3], String>>,
}

impl World {
    /// Prepares a run.
    pub fn new(stack: Stack) -> Self {
        let client = Client::new();
        let cloud = Cloud::new(client.clone(), stack.clone());
        // Two runs that begin together must not meet each other's people.
        let run = format!("{:x}{:04x}", clock::now().as_millisecond(), std::process::id() & 0xffff);
        Self {
            stack,
            client,
            cloud,
            run,
            start: clock::this_second(),
            links: RefCell::default(),
            tokens: RefCell::default(),
        }
    }

    /// A time of the run: so long after its start.
    pub fn after(&self, duration: SignedDuration) -> Timestamp {
        self.start.saturating_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// A mail address of this run, at a domain that nobody can own.
    pub fn address(&self, name: &str) -> String {
        format!("{name}-{}@example.org", self.run)
    }

    /// An identifier of this run, long enough for a cookie.
    pub fn name(&self, name: &str) -> String {
        format!("{name}-{}-0123456789abcdef", self.run)
    }

    /// An IP address of this run, from the range for documentation.
    pub fn ip(&self) -> String {
        let number = u64::from_str_radix(&self.run, 16).unwrap_or_default().to_be_bytes();
        let group = |n: usize| u16::from_be_bytes([number[n], number[n + 1]]);
        format!("2001:db8::{:x}:{:x}:{:x}", group(2), group(4), group(6))
    }

    // ---- as a person

    /// The address of a path of the API.
    pub fn api(&self, path: &str) -> String {
        format!("{}{path}", self.stack.api_url)
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn post(&self, path: &str, body: &Value) -> Played<Answer> {
        self.client.send(&Call::new("POST", self.api(path)).json(body))
    }

    /// Makes a request and reads its acknowledgement.
    ///
    /// # Errors
    /// Unless it is taken in.
    pub fn ask(&self, controller: &str, body: &Value) -> Played<AcknowledgementForm> {
        self.post(&format!("/{controller}/v1/requests"), body)?.expect(&[202])?.json()
    }

    /// Looks where a request stands.
    ///
    /// # Errors
    /// Unless its token opens it.
    pub fn status(&self, request: &AcknowledgementForm) -> Played<StatusForm> {
        let call =
            Call::new("GET", self.api(&request.status)).with("authorization", format!("Bearer {}", request.token));
        self.client.send(&call)?.expect(&[200])?.json()
    }

    /// Waits until a request is decided.
    ///
    /// # Errors
    /// If it is not decided in time.
    pub fn decided(&self, request: &AcknowledgementForm) -> Played<StatusForm> {
        wait_for("the request to be decided", || {
            let status = self.status(request)?;
            Ok(status.outcome.is_some().then_some(status))
        })
    }

    /// Waits for a mail to an address that holds a text.
    ///
    /// # Errors
    /// If it does not come in time.
    pub fn mail_to(&self, address: &str, holding: &str) -> Played<Mail> {
        wait_for(&format!("a mail with \"{holding}\""), || Ok(self.mails_to(address, holding)?.into_iter().next()))
    }

    /// The mails to an address that hold a text.
    ///
    /// # Errors
    /// If the outbox does not answer.
    pub fn mails_to(&self, address: &str, holding: &str) -> Played<Vec<Mail>> {
        let mut mails = self.cloud.mails()?;
        mails.retain(|mail| mail.to.iter().any(|to| to == address) && mail.text.contains(holding));
        Ok(mails)
    }

    /// The link to what a request is answered with, as it was mailed.
    ///
    /// # Errors
    /// If the mail does not come in time, or holds no link.
    pub(crate) fn export_link(&self, address: &str, request: &str) -> Played<String> {
        let mail = self.mail_to(address, &format!("{request}/export?token="))?;
        link_in(&mail.text).ok_or_else(|| Trouble::new("the mail holds no link"))
    }

    /// What lies where a call is sent on to.
    ///
    /// # Errors
    /// Unless it is sent on, and something lies there.
    pub(crate) fn sent_on(&self, call: &Call<'_>) -> Played<Answer> {
        let sent_on = self.client.send(call)?.expect(&[303])?;
        let place = sent_on.header("location").ok_or_else(|| Trouble::new("the link leads nowhere"))?;
        self.client.send(&Call::new("GET", place))?.expect(&[200])
    }

    /// Waits until a request is closed: answered, refused or ended otherwise.
    ///
    /// # Errors
    /// If it is not closed in time.
    pub fn closed(&self, request: &AcknowledgementForm) -> Played<StatusForm> {
        const OPEN: [&str; 3] = ["awaiting-verification", "awaiting-requester", "in-progress"];
        wait_for("the request to be closed", || {
            let status = self.status(request)?;
            Ok((!OPEN.contains(&status.status.as_str())).then_some(status))
        })
    }

    /// Takes a request back, as whoever made it.
    ///
    /// # Errors
    /// Unless it is taken back.
    pub fn withdraw(&self, request: &AcknowledgementForm) -> Played<Answer> {
        let call =
            Call::new("DELETE", self.api(&request.status)).with("authorization", format!("Bearer {}", request.token));
        self.client.send(&call)?.expect(&[200, 202, 204])
    }

    /// Types a code where the request was made.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn type_code(&self, request: &AcknowledgementForm, code: &str) -> Played<Answer> {
        let call = Call::new("POST", self.api(&format!("{}/verification", request.status)))
            .with("authorization", format!("Bearer {}", request.token))
            .json(&json!({ "code": code }));
        self.client.send(&call)
    }

    /// Answers the office's latest question on the page behind the link of its mail.
    ///
    /// # Errors
    /// If the mail, the page or the form is not as it should be.
    pub fn reply_by_mail(&self, address: &str, request: &AcknowledgementForm, text: &str) -> Played<Answer> {
        self.send_mailed_form(address, &format!("{}/reply?token=", request.request_id), &[("text", text)])
    }

    /// Opens the link of the mail that asks for a confirmation, and submits the form found there,
    /// as a person does in a browser.
    ///
    /// # Errors
    /// If the mail, the page or the form is not as it should be.
    pub fn confirm_by_mail(&self, address: &str, request: &AcknowledgementForm) -> Played<Answer> {
        self.press_mailed_button(address, &format!("{}/verification?token=", request.request_id))
    }

    /// Opens the link of a mail that holds this text, and submits the form found there, as a person does
    /// in a browser.
    ///
    /// # Errors
    /// If the mail, the page or the form is not as it should be.
    pub fn press_mailed_button(&self, address: &str, holding: &str) -> Played<Answer> {
        self.send_mailed_form(address, holding, &[])
    }

    /// Opens the link of a mail that holds this text, fills in the form found there and submits it.
    fn send_mailed_form(&self, address: &str, holding: &str, filled_in: &[(&str, &str)]) -> Played<Answer> {
        let mail = self.mail_to(address, holding)?;
        let named = links_in(&mail.text).find(|link| link.contains(holding)).map(str::to_owned);
        let link = named.or_else(|| link_in(&mail.text)).ok_or_else(|| Trouble::new("the mail holds no link"))?;
        let page = self.client.send(&Call::new("GET", &link).with("accept", "text/html"))?.expect(&[200])?;
        let form = PageForm::read(&page.text()).ok_or_else(|| Trouble::new("the page behind the link has no form"))?;
        let hidden = form.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = hidden.chain(filled_in.iter().copied()).collect();
        let call = Call::new("POST", resolved(&link, &form.action)).with("accept", "text/html").form(&pairs);
        self.client.send(&call)?.expect(&[200, 201, 202, 303])
    }

    // ---- as staff

    /// Somebody of a controller's privacy office, who may do everything that it does.
    pub fn as_clerk(&self, controller: &str, name: &str) -> Clerk<'_> {
        Clerk::new(self, controller, name)
    }

    /// A staff token for one controller.
    ///
    /// # Errors
    /// If the issuer does not answer.
    pub fn token(&self, scope: &str, controller: &str) -> Played<String> {
        self.token_of("player", scope, controller)
    }

    /// A staff token of somebody, for one controller; several scopes stand apart by blanks.
    ///
    /// # Errors
    /// If the issuer does not answer.
    pub fn token_of(&self, name: &str, scope: &str, controller: &str) -> Played<String> {
        let wanted = [name, scope, controller].map(str::to_owned);
        if let Some(token) = self.tokens.borrow().get(&wanted) {
            return Ok(token.clone());
        }
        let issuer = &self.stack.issuer;
        let [name, scopes, controllers] = [name, scope, controller].map(escaped);
        let url = format!("{issuer}/token?sub={name}&exp=3600&scope={scopes}&controllers={controllers}");
        let token = self.client.send(&Call::new("GET", url))?.expect(&[200])?.text();
        self.tokens.borrow_mut().insert(wanted, token.clone());
        Ok(token)
    }

    /// Posts JSON with a staff token.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn post_as_staff(&self, path: &str, scope: &str, controller: &str, body: &Value) -> Played<Answer> {
        let bearer = format!("Bearer {}", self.token(scope, controller)?);
        self.client.send(&Call::new("POST", self.api(path)).with("authorization", bearer).json(body))
    }

    /// Releases a hold as two of the staff do, since one alone can't: the first asks, the second releases.
    ///
    /// # Errors
    /// Unless the first is told to wait for another, and the second releases it.
    pub fn release_hold(&self, controller: &str, hold: &str) -> Played<HoldAnswer> {
        let release = |name: &str| {
            let bearer = format!("Bearer {}", self.token_of(name, "holds:write", controller)?);
            let path = self.api(&format!("/{controller}/v1/holds/{hold}"));
            self.client.send(&Call::new("DELETE", path).with("authorization", bearer))
        };
        let asked: HoldAnswer = release("player")?.expect(&[202])?.json()?;
        if asked.state != "release-asked" || asked.released_at.is_some() {
            return Err(Trouble::new(format!("one alone released a hold: it is {}", asked.state)));
        }
        release("player")?.expect(&[409])?;
        let released: HoldAnswer = release("second-player")?.expect(&[200])?.json()?;
        if released.released_at.is_none() {
            return Err(Trouble::new("the hold was not released"));
        }
        Ok(released)
    }

    /// Registers events over HTTP.
    ///
    /// # Errors
    /// If the list is refused as a whole.
    pub fn register(&self, controller: &str, events: &[Value]) -> Played<Vec<EventResult>> {
        let path = format!("/{controller}/v1/records");
        let answer = self.post_as_staff(&path, "records:write", controller, &json!({ "events": events }))?;
        let answer: RecordsAnswer = answer.expect(&[200, 201, 202, 207])?.json()?;
        if answer.results.len() == events.len() {
            Ok(answer.results)
        } else {
            Err(Trouble::new(format!("{} events got {} results", events.len(), answer.results.len())))
        }
    }

    /// Registers one record over HTTP, which must be accepted.
    ///
    /// # Errors
    /// If it is refused.
    pub fn keep(&self, controller: &str, event: &Value) -> Played<Kept> {
        let result = self.register(controller, std::slice::from_ref(event))?.pop();
        let result = result.ok_or_else(|| Trouble::new("there is no result"))?;
        match (result.subject, result.record_id) {
            (Some(subject), Some(record)) => Ok(Kept {
                partition: format!("C#{controller}#S#{subject}"),
                sort_key: format!("RECORD#{record}"),
                until: result
                    .kept_until
                    .as_deref()
                    .map(str::parse)
                    .transpose()
                    .map_err(Trouble::because("kept_until"))?,
            }),
            _ => Err(Trouble::new(format!("a record was {}: {}", result.result, result.problem.unwrap_or_default()))),
        }
    }

    // ---- as a system

    /// Sends events to the records queue, as one message.
    ///
    /// # Errors
    /// If the queue does not take it.
    pub fn send(&self, controller: &str, events: &[Value]) -> Played {
        let body = json!({ "v": 1, "controller": controller, "events": events }).to_string();
        self.cloud.send_messages(self.stack.output("RecordsQueueUrl")?, &[body])
    }

    // ---- as the schedule

    /// Runs the purge for that time until nothing more is due.
    ///
    /// # Errors
    /// If the purge fails.
    pub fn sweep(&self, at: Timestamp) -> Played {
        let function = self.stack.output("PurgeFunction")?;
        for _ in 0..SWEEPS_MAX {
            let said = self.cloud.invoke(function, &json!({ "v": 1, "time": at.to_string() }))?;
            if said["more"] != json!(true) {
                return Ok(());
            }
        }
        Err(Trouble::new("the purge finds no end"))
    }

    /// Runs the clock watch for that time.
    ///
    /// # Errors
    /// If it fails.
    pub fn watch(&self, at: Timestamp) -> Played {
        let function = self.stack.output("ClockWatchFunction")?;
        self.cloud.invoke(function, &json!({ "v": 1, "time": at.to_string() })).map(drop)
    }

    /// Runs the evidence's tick for that time, and answers what it says it did.
    ///
    /// # Errors
    /// If it fails.
    pub fn seal(&self, at: Timestamp) -> Played<Value> {
        let function = self.stack.output("EvidenceSealFunction")?;
        self.cloud.invoke(function, &json!({ "v": 1, "time": at.to_string() }))
    }
}

/// A record as the stack keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its partition.
    pub partition: String,
    /// Its sort key.
    pub sort_key: String,
    /// Until when it is kept; `None` while nothing ends it.
    pub until: Option<Timestamp>,
}

/// A record, as a system sends it.
pub fn record(at: Timestamp, subject: &Value, category: &str, purpose: &str, locator: &str, fields: &Value) -> Value {
    json!({
        "type": "record", "occurred_at": at.to_string(), "subject": subject, "category": category, "purpose": purpose,
        "locator": locator, "fields": fields,
    })
}

/// An event that moves clocks, as a system sends it.
pub fn trigger(at: Timestamp, subject: &Value, event: &str) -> Value {
    json!({ "type": "trigger", "occurred_at": at.to_string(), "subject": subject, "event": event })
}

/// Who somebody is.
pub fn subject(kind: &str, value: &str) -> Value {
    json!({ "kind": kind, "value": value })
}

/// Looks again and again until there is something to see.
///
/// # Errors
/// After about three minutes, and on any trouble of the look itself.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Played<Option<T>>) -> Played<T> {
    for _ in 0..EFFECT_TRIES_MAX {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        thread::sleep(Duration::from_millis(LOOK_MILLISECONDS));
    }
    Err(Trouble::new(format!("waited in vain for {what}")))
}

fn links_in(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| word.starts_with("http://") || word.starts_with("https://"))
}

/// The first link of a mail's text.
pub fn link_in(text: &str) -> Option<String> {
    links_in(text).next().map(str::to_owned)
}

/// The one-time code of a mail's text: a word of eight digits and nothing else.
pub fn code_in(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';']));
    words.find(|word| word.len() == CODE_DIGITS && word.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_of_eight_digits() {
        let mail =
            "Received on 2026-11-22, number 0123456789.\n\nOr type this code: 00418273. It works for 30 minutes.";
        assert_eq!(code_in(mail), Some("00418273"));
        assert_eq!(code_in("number abc12345678, due 2026-11-22, phone +14085550100, 1234567"), None);
    }
}
