//! A payload's outermost members, told apart in one pass.
//!
//! A stream batch has a hundred records: a pass over it costs as much as all the rest,
//! so records are taken out as they come by, unread.

use std::fmt;

use serde::{
    Deserialize,
    de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// A payload of any shape. Whatever is JSON can be read as one, so that no error of a parser, which
/// would quote the payload, reaches the runtime's log.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// `Records`, if there is such a list.
    pub(crate) records: Option<Vec<Box<RawValue>>>,
    /// `requestContext`, as it stands.
    pub(crate) context: Option<Box<RawValue>>,
    /// Whether `detail-type` is there.
    pub(crate) has_detail_type: bool,
    /// Whether `v` is there.
    pub(crate) has_version: bool,
    /// All members but `Records`, as an object.
    pub(crate) text: String,
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Payload, A::Error> {
        let mut payload = Payload { text: "{".to_owned(), ..Payload::default() };
        while let Some(name) = members.next_key::<String>()? {
            if name == "Records" {
                payload.records = members.next_value::<Records>()?.0;
                continue;
            }
            let value: Box<RawValue> = members.next_value()?;
            if payload.text.len() > 1 {
                payload.text.push(',');
            }
            payload.text.push_str(&serde_json::to_string(&name).map_err(|_| de::Error::custom("a name"))?);
            payload.text.push(':');
            payload.text.push_str(value.get());
            match name.as_str() {
                "requestContext" => payload.context = Some(value),
                "detail-type" => payload.has_detail_type = true,
                "v" => payload.has_version = true,
                _ => {}
            }
        }
        payload.text.push('}');
        Ok(payload)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Payload, A::Error> {
        ignore(items).map(|()| Payload::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Payload, E> {
        Ok(Payload::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Payload, E> {
        Ok(Payload::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Payload, E> {
        Ok(Payload::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Payload, E> {
        Ok(Payload::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Payload, E> {
        Ok(Payload::default())
    }

    fn visit_unit<E>(self) -> Result<Payload, E> {
        Ok(Payload::default())
    }
}

fn ignore<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A list of whatever; nothing if it is no list.
struct Records(Option<Vec<Box<RawValue>>>);

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Records, A::Error> {
        let mut records = Vec::new();
        while let Some(record) = items.next_element()? {
            records.push(record);
        }
        Ok(Records(Some(records)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Records, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Records(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Records, E> {
        Ok(Records(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Records, E> {
        Ok(Records(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Records, E> {
        Ok(Records(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Records, E> {
        Ok(Records(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Records, E> {
        Ok(Records(None))
    }

    fn visit_unit<E>(self) -> Result<Records, E> {
        Ok(Records(None))
    }
}
