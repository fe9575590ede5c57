//! An AWS where nothing is stored and everything succeeds at once: it answers each call with the plainest success that
//! the product understands, and counts.
//!
//! Nothing comes back of what is written, but what any account has that has been used is there: the controllers' keys,
//! which KMS opens each as the same secret, and some open requests in the office's list of each controller.

use std::{
    collections::BTreeMap,
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    failure::{Context, Outcome},
    http::{Connection, Request},
};

/// What every controller's key is, once KMS has opened it.
const SECRET: [u8; 32] = [7; 32];

/// Open requests of each controller.
const REQUESTS_OPEN: u64 = 20;

/// What was counted since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Calls by name: `dynamodb:PutItem`, `s3:PUT`.
    pub calls: BTreeMap<String, u64>,
    /// Bytes of the calls' bodies.
    pub bytes_in: u64,
    /// Bytes of the answers' bodies.
    pub bytes_out: u64,
    /// The largest item that was written, in bytes as DynamoDB bills them.
    pub item_bytes_max: u64,
}

impl Counted {
    /// What came to it since `before`; the largest item is that of both.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let calls = self.calls.iter().map(|(name, count)| (name.clone(), count - before.count(name)));
        Self {
            calls: calls.filter(|(_, count)| *count > 0).collect(),
            bytes_in: self.bytes_in - before.bytes_in,
            bytes_out: self.bytes_out - before.bytes_out,
            item_bytes_max: self.item_bytes_max,
        }
    }

    /// The calls named so.
    pub fn count(&self, name: &str) -> u64 {
        self.calls.get(name).copied().unwrap_or_default()
    }
}

/// The endpoint of every service.
#[derive(Debug)]
pub struct NullAws {
    /// What `AWS_ENDPOINT_URL` says.
    pub url: String,
    counted: Arc<Mutex<Counted>>,
}

impl NullAws {
    /// Listens on loopback.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn listen() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").cannot("listen on loopback")?;
        let url = format!("http://{}", listener.local_addr().cannot("read the port")?);
        let counted = Arc::new(Mutex::new(Counted::default()));
        let seen = Arc::clone(&counted);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || serve(stream, &seen));
            }
        });
        Ok(Self { url, counted })
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: TcpStream, counted: &Mutex<Counted>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request() {
        let call = Call::read(&request);
        let answer = call.answer();
        {
            let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
            *counted.calls.entry(call.name.clone()).or_default() += 1;
            counted.bytes_in += request.body.len() as u64;
            counted.bytes_out += answer.body.len() as u64;
            counted.item_bytes_max = counted.item_bytes_max.max(call.item_bytes());
        }
        let headers = [("content-type", answer.kind), ("x-amzn-requestid", "BENCH"), ("etag", "\"bench\"")];
        if !connection.answer(answer.status, &headers, &answer.body) {
            return;
        }
    }
}

/// One call, with its service and operation: `dynamodb:PutItem`. S3's are named by their method.
struct Call {
    name: String,
    path: String,
    body: Value,
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Answer {
    fn json(body: &Value) -> Self {
        Self { status: "200 OK", kind: "application/x-amz-json-1.0", body: body.to_string().into_bytes() }
    }

    fn xml(status: &'static str, body: &str) -> Self {
        Self { status, kind: "application/xml", body: body.as_bytes().to_vec() }
    }
}

impl Call {
    fn read(request: &Request) -> Self {
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        let name = if let Some((service, operation)) = request.header("x-amz-target").and_then(|to| to.split_once('.'))
        {
            let service = match service {
                "TrentService" => "kms",
                "AmazonSQS" => "sqs",
                _ => "dynamodb",
            };
            format!("{service}:{operation}")
        } else if request.path.starts_with("/v2/email/outbound-emails") {
            "ses:SendEmail".to_owned()
        } else if request.path.starts_with("/v2/email/account") {
            "ses:GetAccount".to_owned()
        } else {
            format!("s3:{}", request.method)
        };
        Self { name, path: request.path.clone(), body }
    }

    fn answer(&self) -> Answer {
        let body = match self.name.as_str() {
            "dynamodb:GetItem" if self.is_of_a_controllers_key() => {
                let pk = &self.body["Key"]["pk"];
                json!({ "Item": { "pk": pk, "v": { "N": "1" }, "wrapped": { "B": STANDARD.encode(b"wrapped") } } })
            }
            // Counts against limits begin here.
            "dynamodb:UpdateItem" => json!({ "Attributes": { "counted": { "N": "1" } } }),
            "dynamodb:Query" if self.is_of_open_requests() => {
                let items: Vec<Value> = (0..REQUESTS_OPEN).map(|number| self.open_request(number)).collect();
                json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items })
            }
            "dynamodb:Query" | "dynamodb:Scan" => json!({ "Count": 0, "ScannedCount": 0, "Items": [] }),
            "dynamodb:BatchExecuteStatement" => {
                let statements = self.body["Statements"].as_array().map_or(0, Vec::len);
                json!({ "Responses": vec![json!({}); statements] })
            }
            "kms:Decrypt" => json!({ "KeyId": self.body["KeyId"], "Plaintext": STANDARD.encode(SECRET) }),
            "kms:GenerateDataKey" => json!({
                "KeyId": self.body["KeyId"],
                "Plaintext": STANDARD.encode(SECRET),
                "CiphertextBlob": STANDARD.encode(b"wrapped"),
            }),
            "kms:GetPublicKey" => json!({ "KeyId": self.body["KeyId"], "PublicKey": STANDARD.encode(SECRET) }),
            "kms:Sign" => json!({ "KeyId": self.body["KeyId"], "Signature": STANDARD.encode(SECRET) }),
            "sqs:SendMessage" => json!({ "MessageId": "m", "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e" }),
            "sqs:SendMessageBatch" => json!({ "Failed": [], "Successful": self.sent() }),
            "ses:SendEmail" => json!({ "MessageId": "m" }),
            "ses:GetAccount" => json!({
                "SendQuota": { "Max24HourSend": 50_000_000, "MaxSendRate": 10_000, "SentLast24Hours": 0 },
                "SendingEnabled": true,
            }),
            "s3:GET" if self.path.contains("list-type=2") => {
                let nothing =
                    "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";
                return Answer::xml("200 OK", nothing);
            }
            "s3:GET" => return Answer::xml("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>"),
            "s3:HEAD" => return Answer::xml("404 Not Found", ""),
            "s3:DELETE" => return Answer::xml("204 No Content", ""),
            name if name.starts_with("s3:") => return Answer::xml("200 OK", ""),
            _ => json!({}),
        };
        Answer::json(&body)
    }

    /// Whether it asks for the key of a controller, and not for that of a person, who is new each time.
    fn is_of_a_controllers_key(&self) -> bool {
        let is_key_table = self.body["TableName"].as_str().is_some_and(|table| table.contains("KeyTable"));
        let controller = self.body["Key"]["pk"]["S"].as_str().and_then(|pk| pk.strip_prefix("C#"));
        is_key_table && controller.is_some_and(|name| !name.contains('#'))
    }

    /// The list of the office that it asks for: `scantrust#open`.
    fn office(&self) -> &str {
        self.body["ExpressionAttributeValues"][":office"]["S"].as_str().unwrap_or_default()
    }

    fn is_of_open_requests(&self) -> bool {
        self.body["IndexName"] == "office" && self.office().ends_with("#open")
    }

    /// A line of the list, as the index has it.
    fn open_request(&self, number: u64) -> Value {
        let controller = self.office().trim_end_matches("#open");
        let (subject, request) = (format!("1.{number:0>21}A"), format!("{number:0>21}A"));
        let due_ms = 2_000_000_000_000 + number;
        json!({
            "pk": { "S": format!("C#{controller}#S#{subject}") }, "sk": { "S": format!("REQUEST#{request}#0-RECEIVED") },
            "office_of": { "S": self.office() }, "office_at": { "S": format!("{due_ms:015}#{request}") },
            "request": { "S": "erasure" }, "stage": { "S": "with-office" }, "version": { "N": "3" },
            "at": { "N": "1767225600000" }, "answer_due": { "N": due_ms.to_string() },
            "due_at": { "N": due_ms.to_string() },
        })
    }

    fn sent(&self) -> Vec<Value> {
        let entries = self.body["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
        let sent = |entry: &Value| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e" });
        entries.iter().map(sent).collect()
    }

    /// The largest item that it writes.
    fn item_bytes(&self) -> u64 {
        let written = match self.name.as_str() {
            "dynamodb:PutItem" => vec![&self.body["Item"]],
            "dynamodb:TransactWriteItems" => {
                let items = self.body["TransactItems"].as_array().map(Vec::as_slice).unwrap_or_default();
                items.iter().map(|item| &item["Put"]["Item"]).collect()
            }
            _ => Vec::new(),
        };
        written.into_iter().map(attributes_bytes).max().unwrap_or_default()
    }
}

/// The bytes of named attributes ("DynamoDB item sizes and formats").
fn attributes_bytes(attributes: &Value) -> u64 {
    let attributes = attributes.as_object().into_iter().flatten();
    attributes.map(|(name, value)| name.len() as u64 + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> u64 {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0 };
    let length = value.as_str().map_or(0, str::len) as u64;
    match kind.as_str() {
        // Two digits take a byte, and one more the whole.
        "N" => length.div_ceil(2) + 1,
        "B" => length / 4 * 3,
        "M" => 3 + value.as_object().map_or(0, |inner| inner.len() as u64) + attributes_bytes(value),
        "L" => 3 + value.as_array().into_iter().flatten().map(|inner| 1 + value_bytes(inner)).sum::<u64>(),
        "SS" | "NS" | "BS" => {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(|s| s.len() as u64).sum()
        }
        "BOOL" | "NULL" => 1,
        _ => length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, body: Value) -> Call {
        Call { name: name.to_owned(), path: "/".to_owned(), body }
    }

    fn said(call: &Call) -> Value {
        serde_json::from_slice(&call.answer().body).unwrap()
    }

    #[test]
    fn a_controllers_key_is_there_and_no_persons() {
        let key = |table: &str, pk: &str| {
            call("dynamodb:GetItem", json!({ "TableName": table, "Key": { "pk": { "S": pk } } }))
        };
        assert_eq!(said(&key("habeas-KeyTable", "C#identance"))["Item"]["pk"]["S"], "C#identance");
        assert_eq!(said(&key("habeas-KeyTable", "C#identance#S#1.A")), json!({}));
        assert_eq!(said(&key("habeas-Table", "C#identance")), json!({}));
        assert_eq!(said(&call("kms:Decrypt", json!({})))["Plaintext"], STANDARD.encode(SECRET));
    }

    #[test]
    fn the_list_of_open_requests_has_some_and_no_other_list_has() {
        let list = |index: &str, of: &str| {
            let office = json!({ ":office": { "S": of } });
            said(&call("dynamodb:Query", json!({ "IndexName": index, "ExpressionAttributeValues": office })))
        };
        let open = list("office", "scantrust#open");
        assert_eq!((&open["Count"], &open["Items"][19]["office_of"]["S"]), (&json!(20), &json!("scantrust#open")));
        assert_eq!(open["Items"][7]["pk"]["S"], "C#scantrust#S#1.000000000000000000007A");
        assert_eq!(list("office", "scantrust#closed")["Count"], 0);
        assert_eq!(list("office", "scantrust#breaches-open")["Count"], 0);
        assert_eq!(list("due", "scantrust#open")["Count"], 0);
    }

    #[test]
    fn each_entry_and_each_statement_has_its_answer() {
        let batch = call("sqs:SendMessageBatch", json!({ "Entries": [{ "Id": "a" }, { "Id": "b" }] }));
        assert_eq!(said(&batch)["Successful"][1]["Id"], "b");
        let batch = call("dynamodb:BatchExecuteStatement", json!({ "Statements": [{}, {}, {}] }));
        assert_eq!(said(&batch)["Responses"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn an_item_weighs_its_names_and_its_values() {
        let item = json!({
            "pk": { "S": "abc" }, "n": { "N": "1767225600123" }, "b": { "B": "AAAA" }, "t": { "BOOL": true },
            "m": { "M": { "x": { "S": "yz" } } },
        });
        let put = call("dynamodb:PutItem", json!({ "Item": item }));
        assert_eq!(put.item_bytes(), (2 + 3) + (1 + 8) + (1 + 3) + (1 + 1) + (1 + 3 + 1 + 1 + 2));
        let both = call("dynamodb:TransactWriteItems", json!({ "TransactItems": [{ "Put": { "Item": item } }, {}] }));
        assert_eq!(both.item_bytes(), put.item_bytes());
    }

    #[test]
    fn what_is_counted_is_what_came_since() {
        let counted = |puts: u64, bytes: u64| Counted {
            calls: BTreeMap::from([("dynamodb:PutItem".to_owned(), puts), ("kms:Decrypt".to_owned(), 1)]),
            bytes_in: bytes,
            ..Counted::default()
        };
        let since = counted(5, 90).since(&counted(3, 50));
        assert_eq!((since.count("dynamodb:PutItem"), since.calls.len(), since.bytes_in), (2, 1, 40));
    }

    #[test]
    fn calls_are_counted_at_the_wire() {
        use std::io::{Read, Write};
        let aws = NullAws::listen().unwrap();
        let mut stream = TcpStream::connect(aws.url.trim_start_matches("http://")).unwrap();
        for head in
            ["POST / HTTP/1.1\r\nx-amz-target: DynamoDB_20120810.Query", "PUT /bucket/key?x-id=PutObject HTTP/1.1"]
        {
            stream.write_all(format!("{head}\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).unwrap();
            assert_ne!(stream.read(&mut [0; 4096]).unwrap(), 0);
        }
        let counted = aws.counted();
        assert_eq!((counted.count("dynamodb:Query"), counted.count("s3:PUT"), counted.bytes_in), (1, 1, 4));
    }
}
