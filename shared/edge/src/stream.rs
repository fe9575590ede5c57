//! DynamoDB's stream: records in order, stopping at the first that fails.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{Failure, image};

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Insert,
    /// It was there before.
    Modify,
    /// It is gone.
    Remove,
}

/// An item as it was, or is. It is parsed only when it is asked for.
#[derive(Clone)]
pub struct Image(Box<RawValue>);

impl Image {
    /// Reads the item as a stored form; attributes that the form does not have are passed over
    /// unless it denies them. Binary attributes need `serde_bytes` in the form.
    ///
    /// # Errors
    /// A [`Failure`] if the item does not have that form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        image::read(self.0.get()).map_err(Failure::because("a stream image does not have its stored form"))
    }

    /// The item in DynamoDB's own JSON, as the stream carries it.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Image(…)")
    }
}

/// One change of one item.
#[derive(Debug, Clone)]
pub struct Record {
    /// What happened.
    pub change: Change,
    /// Its place in the shard, by which a failure is reported.
    pub sequence_number: String,
    /// The item's partition key.
    pub pk: String,
    /// The item's sort key; empty if the table has none.
    pub sk: String,
    /// When DynamoDB wrote it, to the second: the same however often it is delivered. It orders nothing.
    pub written_at: Option<Timestamp>,
    /// Whether DynamoDB's TTL removed it, rather than one of our own deletions.
    pub by_ttl: bool,
    /// The item before.
    pub old: Option<Image>,
    /// The item after.
    pub new: Option<Image>,
}

impl Record {
    /// The item's attribute `kind`, from the new image or else the old one. It reads the image: what
    /// the sort key tells already is cheaper had from there.
    pub fn kind(&self) -> Option<String> {
        let image = self.new.as_ref().or(self.old.as_ref())?;
        // A kind of another type is no kind of ours.
        let image: Kind = serde_json::from_str(image.as_json()).ok()?;
        image.kind.map(|kind| kind.text)
    }
}

/// A batch as it came; a record is parsed when its turn comes.
#[derive(Clone)]
pub struct Batch(Vec<Box<RawValue>>);

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} records)", self.0.len())
    }
}

/// A batch, read up to the first record that cannot be read.
#[derive(Debug)]
pub struct Records {
    /// The readable records, in order.
    pub records: Vec<Record>,
    /// The sequence number of the record at which reading stopped. Answer
    /// [`crate::Reply::stopped_at`] it once all before it are done.
    pub unreadable_at: Option<String>,
}

impl Batch {
    pub(crate) const fn new(records: Vec<Box<RawValue>>) -> Self {
        Self(records)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads all records, for a handler that sends them on in groups.
    ///
    /// # Errors
    /// A record without a sequence number fails the batch as a whole: where it stands cannot be
    /// reported, so it would count as done.
    pub fn read(self) -> Result<Records, Failure> {
        let mut records = Vec::with_capacity(self.0.len());
        for raw in &self.0 {
            match parse(raw) {
                Ok(record) => records.push(record),
                Err(sequence_number) => {
                    let sequence_number =
                        sequence_number.ok_or(Failure::new("a stream record has no sequence number"))?;
                    log_stop(&sequence_number, &Failure::new("a stream record cannot be read"));
                    return Ok(Records { records, unreadable_at: Some(sequence_number) });
                }
            }
        }
        Ok(Records { records, unreadable_at: None })
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "eventName", borrow)]
    change: Cow<'a, str>,
    #[serde(rename = "dynamodb", borrow)]
    body: RawBody<'a>,
    #[serde(rename = "userIdentity", borrow)]
    identity: Option<RawIdentity<'a>>,
}

#[derive(Deserialize)]
struct RawBody<'a> {
    #[serde(rename = "SequenceNumber")]
    sequence_number: String,
    #[serde(rename = "ApproximateCreationDateTime")]
    written_at: Option<f64>,
    #[serde(rename = "Keys")]
    keys: RawKeys,
    #[serde(rename = "OldImage", borrow)]
    old: Option<&'a RawValue>,
    #[serde(rename = "NewImage", borrow)]
    new: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawKeys {
    pk: Text,
    sk: Option<Text>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Deserialize)]
struct RawIdentity<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(rename = "principalId", borrow, default)]
    principal: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<Text>,
}

/// The record, or else its sequence number, if it has one.
fn parse(raw: &RawValue) -> Result<Record, Option<String>> {
    let read: Raw<'_> = serde_json::from_str(raw.get()).map_err(|_| sequence_number(raw))?;
    let body = read.body;
    let change = match &*read.change {
        "INSERT" => Change::Insert,
        "MODIFY" => Change::Modify,
        "REMOVE" => Change::Remove,
        _ => return Err(Some(body.sequence_number)),
    };
    Ok(Record {
        change,
        pk: body.keys.pk.text,
        sk: body.keys.sk.map(|sk| sk.text).unwrap_or_default(),
        by_ttl: change == Change::Remove
            && read
                .identity
                .is_some_and(|identity| identity.kind == "Service" && identity.principal == "dynamodb.amazonaws.com"),
        #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970, which the calendar checks")]
        written_at: body.written_at.and_then(|seconds| Timestamp::from_second(seconds as i64).ok()),
        old: body.old.map(|image| Image(image.to_owned())),
        new: body.new.map(|image| Image(image.to_owned())),
        sequence_number: body.sequence_number,
    })
}

fn sequence_number(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Outer {
        dynamodb: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        #[serde(rename = "SequenceNumber")]
        sequence_number: String,
    }
    let outer: Outer = serde_json::from_str(raw.get()).ok()?;
    Some(outer.dynamodb.sequence_number).filter(|number| !number.is_empty())
}

fn log_stop(sequence_number: &str, failure: &Failure) {
    tracing::warn!(
        stream.sequence_number = sequence_number,
        what = failure.what(),
        code = failure.code().unwrap_or_default(),
        chain = failure.chain(),
        "the stream stops at {sequence_number}"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(number: &str, event: &str, identity: &Value) -> Value {
        json!({
            "eventID": "1", "eventVersion": "1.1", "awsRegion": "eu-west-1", "eventSource": "aws:dynamodb",
            "eventName": event, "userIdentity": identity,
            "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": number, "SizeBytes": 100,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                "Keys": { "pk": { "S": "C#scantrust#S#1.x" }, "sk": { "S": "RECORD#y" } },
                "OldImage": { "pk": { "S": "p" }, "kind": { "S": "record" }, "due_at": { "N": "5" }, "blob": { "B": "AQI=" } },
            },
        })
    }

    fn batch(records: &[Value]) -> Batch {
        Batch(records.iter().map(|record| RawValue::from_string(record.to_string()).unwrap()).collect())
    }

    #[test]
    fn only_the_services_own_removal_is_by_ttl() {
        let service = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
        for (event, identity, by_ttl) in [
            ("REMOVE", service.clone(), true),
            ("REMOVE", Value::Null, false),
            ("REMOVE", json!({}), false),
            ("REMOVE", json!({ "type": "Service", "principalId": "replication.dynamodb.amazonaws.com" }), false),
            ("REMOVE", json!({ "type": "User", "principalId": "dynamodb.amazonaws.com" }), false),
            ("MODIFY", service, false),
        ] {
            let read = batch(&[record("1", event, &identity)]).read().unwrap();
            assert_eq!(read.records[0].by_ttl, by_ttl, "{event} {identity}");
        }
    }

    #[test]
    fn a_record_gives_keys_kind_and_images() {
        let records = batch(&[record("7", "REMOVE", &Value::Null)]).read().unwrap().records;
        let record = &records[0];
        assert_eq!((record.pk.as_str(), record.sk.as_str()), ("C#scantrust#S#1.x", "RECORD#y"));
        assert_eq!((record.kind().as_deref(), record.change), (Some("record"), Change::Remove));
        assert!(record.new.is_none());
        assert_eq!(record.written_at, Some(Timestamp::from_second(1_767_225_600).unwrap()));

        #[derive(Deserialize)]
        struct Stored {
            due_at: i64,
        }
        let old = record.old.as_ref().unwrap();
        assert!(old.as_json().contains(r#""blob":{"B":"AQI="}"#));
        let stored: Result<Stored, _> = old.read();
        assert_eq!(stored.unwrap().due_at, 5);
        assert!(old.read::<Vec<u8>>().is_err());
        assert_eq!(format!("{old:?}"), "Image(…)");
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        let unreadable =
            json!({ "eventName": "INSERT", "dynamodb": { "SequenceNumber": "2", "Keys": { "pk": { "N": "1" } } } });
        let records = [record("1", "INSERT", &Value::Null), unreadable, record("3", "INSERT", &Value::Null)];
        let read = batch(&records).read().unwrap();
        assert_eq!((read.records.len(), read.unreadable_at.as_deref()), (1, Some("2")));

        let nameless = json!({ "eventName": "INSERT", "dynamodb": {} });
        assert!(batch(&[nameless]).read().is_err());
    }
}
