//! The floor: the calls that a work made, made again by the bare SDK, configured as ours is. Each is made ready before
//! it is timed, so that what is left is to write it, sign it, send it and read the answer.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{
        AttributeValue, BatchStatementRequest, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{
    endpoint::Sample,
    line::{Account, cpu},
    work::settings,
};

/// Calls of one sort that are timed.
const CALLS_MAX: u64 = 2_000;

/// What a bare call of each sort takes, times how many there were; and how many had no bare counterpart here.
pub(crate) async fn floor(account: &Account) -> (Duration, u64) {
    let (calls, samples) = {
        let mut aws = account.aws();
        aws.is_floor = true;
        (std::mem::take(&mut aws.calls), std::mem::take(&mut aws.samples))
    };
    let bare = Bare::new(account);
    let (mut whole, mut left_out) = (Duration::ZERO, 0);
    for (name, count) in calls {
        let Some(call) = bare.call(&name, &samples[&name]) else {
            left_out += count;
            continue;
        };
        let timed = count.min(CALLS_MAX);
        let (mut spent, mut warm) = (Duration::ZERO, false);
        for _ in 0..=timed {
            let (began, served) = (cpu(), account.aws().cpu);
            bare.make(call.clone()).await;
            let took = (cpu() - began).saturating_sub(account.aws().cpu - served);
            // The first one makes the connection.
            spent += if warm { took } else { Duration::ZERO };
            warm = true;
        }
        whole += spent.mul_f64(count as f64 / timed as f64);
    }
    (whole, left_out)
}

type Item = HashMap<String, AttributeValue>;

#[derive(Clone)]
enum Call {
    Put(Item),
    Get(Item),
    Query(Box<Value>, Item, Option<Item>),
    Scan(Box<Value>, Item, Option<Item>),
    Transact(Vec<TransactWriteItem>),
    Execute(Vec<BatchStatementRequest>),
    Send(Vec<SendMessageBatchRequestEntry>),
    Object(String, String, Vec<u8>),
    Mail(String, Box<EmailContent>),
}

struct Bare {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    ses: aws_sdk_sesv2::Client,
}

/// The configuration of one service's client, as `Cloud` has it.
macro_rules! client {
    ($sdk:ident, $account:expr, |$builder:ident| $more:expr) => {{
        let settings = settings();
        let key = (settings.access_key_id, settings.secret_access_key);
        let $builder = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(settings.region))
            .credentials_provider($sdk::config::Credentials::new(key.0, key.1, None, None, "bench"))
            .http_client($account.client())
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            .endpoint_url(settings.endpoint_url.unwrap());
        $sdk::Client::from_conf($more.build())
    }};
}

fn value(value: &Value) -> AttributeValue {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    let text = || inner.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(Blob::new(BASE64_STANDARD.decode(text()).unwrap())),
        "SS" => {
            AttributeValue::Ss(inner.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect())
        }
        "BOOL" => AttributeValue::Bool(inner.as_bool().unwrap()),
        "M" => AttributeValue::M(item(inner)),
        "L" => AttributeValue::L(inner.as_array().unwrap().iter().map(self::value).collect()),
        other => panic!("{other} is not read here"),
    }
}

fn item(of: &Value) -> Item {
    of.as_object().into_iter().flatten().map(|(name, inner)| (name.clone(), value(inner))).collect()
}

fn names(of: &Value) -> Option<HashMap<String, String>> {
    let text = |inner: &Value| inner.as_str().unwrap().to_owned();
    of.as_object().map(|names| names.iter().map(|(name, inner)| (name.clone(), text(inner))).collect())
}

fn text(of: &Value) -> Option<String> {
    of.as_str().map(str::to_owned)
}

fn part(of: &Value) -> TransactWriteItem {
    let builder = TransactWriteItem::builder();
    if let Some(check) = of.get("ConditionCheck") {
        let check = aws_sdk_dynamodb::types::ConditionCheck::builder()
            .set_table_name(text(&check["TableName"]))
            .set_key(Some(item(&check["Key"])))
            .set_condition_expression(text(&check["ConditionExpression"]))
            .set_expression_attribute_names(names(&check["ExpressionAttributeNames"]))
            .set_expression_attribute_values(Some(item(&check["ExpressionAttributeValues"])));
        return builder.condition_check(check.build().unwrap()).build();
    }
    if let Some(put) = of.get("Put") {
        let put = Put::builder()
            .set_table_name(text(&put["TableName"]))
            .set_item(Some(item(&put["Item"])))
            .set_condition_expression(text(&put["ConditionExpression"]))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        return builder.put(put.build().unwrap()).build();
    }
    let of = &of["Update"];
    let update = Update::builder()
        .set_table_name(text(&of["TableName"]))
        .set_key(Some(item(&of["Key"])))
        .set_update_expression(text(&of["UpdateExpression"]))
        .set_condition_expression(text(&of["ConditionExpression"]))
        .set_expression_attribute_names(names(&of["ExpressionAttributeNames"]))
        .set_expression_attribute_values(Some(item(&of["ExpressionAttributeValues"])));
    builder.update(update.build().unwrap()).build()
}

fn statement(of: &Value) -> BatchStatementRequest {
    let parameters = of["Parameters"].as_array().unwrap().iter().map(value).collect();
    BatchStatementRequest::builder()
        .set_statement(text(&of["Statement"]))
        .set_parameters(Some(parameters))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap()
}

impl Bare {
    fn new(account: &Account) -> Self {
        Self {
            dynamodb: client!(aws_sdk_dynamodb, account, |builder| builder),
            s3: client!(aws_sdk_s3, account, |builder| builder.force_path_style(true)),
            sqs: client!(aws_sdk_sqs, account, |builder| builder),
            ses: client!(aws_sdk_sesv2, account, |builder| builder),
        }
    }

    /// The same call, ready to be made; `None` for those of which there are a few.
    fn call(&self, name: &str, sample: &Sample) -> Option<Call> {
        let body: Value = serde_json::from_slice(&sample.body).unwrap_or_default();
        let from = body["ExclusiveStartKey"].is_object().then(|| item(&body["ExclusiveStartKey"]));
        let values = item(&body["ExpressionAttributeValues"]);
        Some(match name {
            "dynamodb:PutItem" => Call::Put(item(&body["Item"])),
            "dynamodb:GetItem" => Call::Get(item(&body["Key"])),
            "dynamodb:Query" | "dynamodb:Query of what is due" => Call::Query(Box::new(body), values, from),
            "dynamodb:Scan" => Call::Scan(Box::new(body), values, from),
            "dynamodb:TransactWriteItems" => {
                Call::Transact(body["TransactItems"].as_array().unwrap().iter().map(part).collect())
            }
            "dynamodb:BatchExecuteStatement" => {
                Call::Execute(body["Statements"].as_array().unwrap().iter().map(statement).collect())
            }
            "sqs:SendMessageBatch" => {
                let entry = |entry: &Value| {
                    let entry = SendMessageBatchRequestEntry::builder()
                        .set_id(text(&entry["Id"]))
                        .set_message_body(text(&entry["MessageBody"]));
                    entry.build().unwrap()
                };
                Call::Send(body["Entries"].as_array().unwrap().iter().map(entry).collect())
            }
            "s3:PUT" => {
                let path = sample.path.split('?').next().unwrap().trim_start_matches('/');
                let (bucket, key) = path.split_once('/').unwrap();
                Call::Object(bucket.to_owned(), key.to_owned(), sample.body.clone())
            }
            "ses:SendEmail" => {
                let simple = &body["Content"]["Simple"];
                let content = |of: &Value| Content::builder().set_data(text(&of["Data"])).build().unwrap();
                let message = Message::builder()
                    .subject(content(&simple["Subject"]))
                    .body(Body::builder().text(content(&simple["Body"]["Text"])).build());
                let to = text(&body["Destination"]["ToAddresses"][0]).unwrap();
                Call::Mail(to, Box::new(EmailContent::builder().simple(message.build()).build()))
            }
            _ => return None,
        })
    }

    async fn make(&self, call: Call) {
        let dynamodb = &self.dynamodb;
        match call {
            Call::Put(item) => {
                let put = dynamodb.put_item().table_name("Table").set_item(Some(item));
                put.condition_expression("attribute_not_exists(pk)").send().await.map(drop).unwrap();
            }
            Call::Get(key) => {
                let get = dynamodb.get_item().table_name("Table").set_key(Some(key)).consistent_read(true);
                get.send().await.map(drop).unwrap();
            }
            Call::Query(body, values, from) => {
                let query = dynamodb
                    .query()
                    .table_name("Table")
                    .set_index_name(text(&body["IndexName"]))
                    .set_key_condition_expression(text(&body["KeyConditionExpression"]))
                    .set_expression_attribute_values(Some(values))
                    .set_limit(body["Limit"].as_i64().map(|limit| limit.try_into().unwrap()))
                    .set_exclusive_start_key(from);
                query.send().await.map(drop).unwrap();
            }
            Call::Scan(body, values, from) => {
                let number = |name: &str| body[name].as_i64().map(|number| number.try_into().unwrap());
                let scan = dynamodb
                    .scan()
                    .table_name("Table")
                    .set_filter_expression(text(&body["FilterExpression"]))
                    .set_projection_expression(text(&body["ProjectionExpression"]))
                    .set_expression_attribute_names(names(&body["ExpressionAttributeNames"]))
                    .set_expression_attribute_values(Some(values))
                    .set_total_segments(number("TotalSegments"))
                    .set_segment(number("Segment"))
                    .set_limit(number("Limit"))
                    .set_exclusive_start_key(from);
                scan.send().await.map(drop).unwrap();
            }
            Call::Transact(parts) => {
                dynamodb.transact_write_items().set_transact_items(Some(parts)).send().await.map(drop).unwrap();
            }
            Call::Execute(statements) => {
                dynamodb.batch_execute_statement().set_statements(Some(statements)).send().await.map(drop).unwrap();
            }
            Call::Send(entries) => {
                let send = self.sqs.send_message_batch().queue_url("http://aws/queues/bench");
                send.set_entries(Some(entries)).send().await.map(drop).unwrap();
            }
            Call::Object(bucket, key, body) => {
                let put = self.s3.put_object().bucket(bucket).key(key).if_none_match("*");
                put.body(body.into()).send().await.map(drop).unwrap();
            }
            Call::Mail(to, content) => {
                let send = self.ses.send_email().from_email_address("privacy@lantern.example");
                let send = send.destination(Destination::builder().to_addresses(to).build());
                send.content(*content).send().await.map(drop).unwrap();
            }
        }
    }
}
