//! SQS, KMS and SES, as far as the adapters call them.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use wire::mail_event::{CONTROLLER_TAG, NOTICE_TAG};

use crate::{seed::Seed, table::Refusal};

/// A message that waits in a queue.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// SQS's id of it.
    pub id: String,
    /// Its body.
    pub body: String,
    /// The attribute `reason`, if it has one.
    pub reason: Option<String>,
    /// How often it was delivered.
    pub receives: u32,
    /// The handle of its delivery under way, by which it is put off.
    pub receipt: String,
    /// Not delivered before, in milliseconds of the simulation.
    pub not_before: i64,
}

/// How the names of dead-letter queues begin.
pub const DEAD: &str = "dead-";

/// Most bytes of one message, and of one call's messages together, attributes included (SQS's limit).
pub const MESSAGE_BYTES_MAX: usize = 1_048_576;

/// The queues of one account, by their names.
#[derive(Debug, Default)]
pub struct Queues {
    /// What waits in each.
    pub queues: BTreeMap<String, Vec<Waiting>>,
    sent: u64,
    /// A switch for tests of the tests: what is thanked for and lost.
    pub loses: Option<Lost>,
}

/// Messages that are lost.
#[derive(Debug, Clone, Copy)]
pub struct Lost {
    /// To which queue.
    pub queue: &'static str,
    /// What they have in them.
    pub what: &'static str,
}

/// The name in a queue's address.
fn name_of(request: &Value) -> String {
    request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned()
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": code }))
}

/// What a message is measured by: its body, and its attributes' names, types and values.
fn bytes_of(message: &Value) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, str::len);
    let attributes = message["MessageAttributes"].as_object().into_iter().flatten();
    let attributes =
        attributes.map(|(name, value)| name.len() + length(&value["DataType"]) + length(&value["StringValue"]));
    length(&message["MessageBody"]) + attributes.sum::<usize>()
}

impl Queues {
    /// Puts a message into a queue.
    pub fn send(&mut self, queue: &str, body: &str, reason: Option<&str>, not_before: i64) -> String {
        self.sent += 1;
        let id = format!("m{}", self.sent);
        if !self.loses.is_some_and(|lost| lost.queue == queue && body.contains(lost.what)) {
            let waiting = Waiting {
                id: id.clone(),
                body: body.to_owned(),
                reason: reason.map(str::to_owned),
                receives: 0,
                receipt: String::new(),
                not_before,
            };
            self.queues.entry(queue.to_owned()).or_default().push(waiting);
        }
        id
    }

    /// What lies in a dead-letter queue, in any of them.
    pub fn dead(&self) -> impl Iterator<Item = &Waiting> {
        self.queues.iter().filter(|(name, _)| name.starts_with(DEAD)).flat_map(|(_, waiting)| waiting)
    }

    /// Carries out one call. Of a batch, `turned_away` messages are refused.
    ///
    /// # Errors
    /// What SQS would refuse with.
    pub fn call(
        &mut self,
        operation: &str,
        request: &Value,
        now: i64,
        turned_away: usize,
    ) -> Result<Value, (u16, Value)> {
        let queue = name_of(request);
        let entries = request["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
        if entries.len() > 10 {
            return Err(refused("TooManyEntriesInBatchRequest"));
        }
        if entries.iter().map(bytes_of).sum::<usize>() > MESSAGE_BYTES_MAX {
            return Err(refused("BatchRequestTooLong"));
        }
        if bytes_of(request) > MESSAGE_BYTES_MAX {
            return Err(refused("InvalidParameterValue"));
        }
        let later = |of: &Value| now + of["DelaySeconds"].as_i64().unwrap_or_default() * 1_000;
        Ok(match operation {
            "SendMessage" => {
                let reason = request["MessageAttributes"]["reason"]["StringValue"].as_str();
                let id = self.send(&queue, request["MessageBody"].as_str().unwrap_or_default(), reason, later(request));
                json!({ "MessageId": id, "MD5OfMessageBody": "" })
            }
            "SendMessageBatch" => {
                let (mut taken, mut failed) = (Vec::new(), Vec::new());
                for (position, entry) in entries.iter().enumerate() {
                    if position < turned_away {
                        failed.push(json!({ "Id": entry["Id"], "SenderFault": false, "Code": "InternalError" }));
                        continue;
                    }
                    let body = entry["MessageBody"].as_str().unwrap_or_default();
                    let id = self.send(&queue, body, None, later(entry));
                    taken.push(json!({ "Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": "" }));
                }
                json!({ "Successful": taken, "Failed": failed })
            }
            "ChangeMessageVisibility" => {
                let until = now + request["VisibilityTimeout"].as_i64().unwrap_or_default() * 1_000;
                let waiting = self.queues.entry(queue).or_default().iter_mut();
                for message in waiting.filter(|message| request["ReceiptHandle"] == *message.receipt) {
                    message.not_before = until;
                }
                json!({})
            }
            unknown => panic!("SQS's {unknown} is not served here"),
        })
    }
}

/// The subject public key info of a P-256 key, up to its point (RFC 5480).
const BEFORE_THE_POINT: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The base point of P-256 (FIPS 186-4, D.1.2.3), and its order.
const BASE: ([u8; 32], [u8; 32]) = (
    [
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03,
        0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    ],
    [
        0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce,
        0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
    ],
);
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Signs a digest with the private key 1 and the nonce 1, so that the point of both is the base itself: with r its first
/// coordinate, s is the digest plus r. Good for whoever checks it, and secret from nobody.
fn signature(digest: &[u8]) -> Vec<u8> {
    let mut sum = [0_u16; 33];
    for n in (0..32).rev() {
        let added = sum[n + 1] + u16::from(digest[n]) + u16::from(BASE.0[n]);
        sum[n + 1] = added % 256;
        sum[n] += added / 256;
    }
    let order = |n: usize| if n == 0 { 0 } else { u16::from(ORDER[n - 1]) };
    let wide: Vec<u16> = (0..33).map(order).collect();
    while sum[..] >= wide[..] {
        let mut borrow = 0;
        for n in (0..33).rev() {
            let difference = 256 + sum[n] - wide[n] - borrow;
            sum[n] = difference % 256;
            borrow = u16::from(difference < 256);
        }
    }
    let s: Vec<u8> = sum[1..].iter().filter_map(|byte| u8::try_from(*byte).ok()).collect();
    let parts = [integer(&BASE.0), integer(&s)].concat();
    [&[0x30, u8::try_from(parts.len()).unwrap_or_default()][..], &parts].concat()
}

/// A positive number in DER: no zeros before it but one that keeps it positive.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let begin = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let zero = if bytes[begin] >= 0x80 { &[0][..] } else { &[] };
    let number = [zero, &bytes[begin..]].concat();
    [&[0x02, u8::try_from(number.len()).unwrap_or_default()][..], &number].concat()
}

/// The keys of one account: what they have wrapped, by number.
#[derive(Debug, Default)]
pub struct Keys {
    wrapped: Vec<(Vec<u8>, Value)>,
}

impl Keys {
    /// Carries out one call. The keys follow from the seed.
    ///
    /// # Errors
    /// What KMS would refuse with.
    pub fn call(&mut self, operation: &str, request: &Value, seed: &mut Seed) -> Result<Value, (u16, Value)> {
        match operation {
            "GenerateDataKey" => {
                let secret: Vec<u8> = (0..4).flat_map(|_| seed.next().to_le_bytes()).collect();
                let answer = json!({
                    "Plaintext": BASE64_STANDARD.encode(&secret),
                    "CiphertextBlob": BASE64_STANDARD.encode(format!("wrapped-{}", self.wrapped.len())),
                    "KeyId": request["KeyId"],
                });
                self.wrapped.push((secret, request["EncryptionContext"].clone()));
                Ok(answer)
            }
            "Decrypt" => {
                let blob = BASE64_STANDARD.decode(request["CiphertextBlob"].as_str().unwrap_or_default());
                let name = blob.ok().and_then(|blob| String::from_utf8(blob).ok()).unwrap_or_default();
                let number = name.strip_prefix("wrapped-").and_then(|number| number.parse::<usize>().ok());
                match number.and_then(|number| self.wrapped.get(number)) {
                    Some((secret, context)) if *context == request["EncryptionContext"] => {
                        Ok(json!({ "Plaintext": BASE64_STANDARD.encode(secret), "KeyId": request["KeyId"] }))
                    }
                    _ => Err((400, json!({ "__type": "InvalidCiphertextException" }))),
                }
            }
            "GetPublicKey" => {
                let public = [&BEFORE_THE_POINT[..], &BASE.0, &BASE.1].concat();
                Ok(json!({ "PublicKey": BASE64_STANDARD.encode(public), "KeyId": request["KeyId"] }))
            }
            "Sign" => {
                assert_eq!(request["MessageType"], "DIGEST", "it is not served here");
                let digest = BASE64_STANDARD.decode(request["Message"].as_str().unwrap_or_default());
                let signature = signature(&digest.unwrap_or_else(|_| panic!("no digest")));
                Ok(json!({ "Signature": BASE64_STANDARD.encode(signature), "KeyId": request["KeyId"] }))
            }
            unknown => panic!("KMS's {unknown} is not served here"),
        }
    }
}

/// A mail that went out.
#[derive(Debug, Clone)]
pub struct Sent {
    /// To whom.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The name of its claim.
    pub tag: String,
    /// Whose it is, as its tag says.
    pub controller: String,
}

/// The mail service.
#[derive(Debug, Default)]
pub struct Mails {
    /// What went out.
    pub sent: Vec<Sent>,
    /// An address that it takes no mail for.
    pub refuses: Option<String>,
    /// A switch for tests of the tests: mail to addresses that end so is thanked for and lost.
    pub swallows: Option<&'static str>,
    /// Another: every mail goes out twice.
    pub doubles: bool,
}

impl Mails {
    /// Carries out one call.
    ///
    /// # Errors
    /// How the service refuses an address: in its words, which quote it.
    pub fn call(&mut self, path: &str, request: &Value) -> Result<Value, Refusal> {
        if path == "/v2/email/account" {
            let quota = json!({ "Max24HourSend": 50_000, "MaxSendRate": 14, "SentLast24Hours": self.sent.len() });
            return Ok(json!({ "SendQuota": quota, "SendingEnabled": true, "ProductionAccessEnabled": true }));
        }
        assert_eq!(path, "/v2/email/outbound-emails", "it is not served here");
        let tags = request["EmailTags"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tagged = |name: &str| tags.iter().find(|tag| tag["Name"] == name).map(|tag| text(&tag["Value"]));
        let message = &request["Content"]["Simple"];
        let mail = Sent {
            to: text(&request["Destination"]["ToAddresses"][0]),
            subject: text(&message["Subject"]["Data"]),
            text: text(&message["Body"]["Text"]["Data"]),
            tag: tagged(NOTICE_TAG).unwrap_or_default(),
            controller: tagged(CONTROLLER_TAG).unwrap_or_default(),
        };
        if self.refuses.as_ref() == Some(&mail.to) {
            let why = format!("Illegal address '{}'", mail.to);
            return Err((400, json!({ "__type": "BadRequestException", "message": why })));
        }
        let is_lost = self.swallows.is_some_and(|end| mail.to.ends_with(end));
        let times = if is_lost { 0 } else { 1 + usize::from(self.doubles) };
        self.sent.extend(std::iter::repeat_n(mail, times));
        Ok(json!({ "MessageId": format!("mail-{}", self.sent.len()) }))
    }
}
