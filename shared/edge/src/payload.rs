//! A payload's outermost members, told apart in one pass.
//!
//! A stream batch has a hundred records: a pass over it costs as much as all the rest, so its records are taken apart as
//! they come by. What any other payload holds is taken out unread.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize,
    de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::stream::Taken;

/// A payload of any shape. Whatever is JSON can be read as one, so that no error of a parser, which
/// would quote the payload, reaches the runtime's log.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// `Records`, if there is such a list.
    pub(crate) records: Option<Records>,
    /// `requestContext`, as it stands.
    pub(crate) context: Option<Box<RawValue>>,
    /// Whether `detail-type` is there.
    pub(crate) has_detail_type: bool,
    /// Whether `v` is there.
    pub(crate) has_version: bool,
    /// All members but `Records`, as an object.
    pub(crate) text: String,
}

/// A list of records.
#[derive(Debug)]
pub(crate) enum Records {
    /// Of the table's stream, as the first of them says.
    Stream(Vec<Taken>),
    /// Of a queue, or of whatever else.
    Unread(Vec<Box<RawValue>>),
}

/// What is made of a value whose shape nobody has checked: a shape that is not meant leaves nothing, and is no error.
pub(crate) trait Lenient<'de>: Default {
    /// Of an object.
    fn from_map<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// Of a list.
    fn from_seq<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Reads a value of any shape.
pub(crate) fn lenient<'de, T: Lenient<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Shape(PhantomData))
}

struct Shape<T>(PhantomData<T>);

impl<'de, T: Lenient<'de>> Visitor<'de> for Shape<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::from_map(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::from_seq(items)
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient(deserializer)
    }
}

impl<'de> Lenient<'de> for Payload {
    fn from_map<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut payload = Self { text: "{".to_owned(), ..Self::default() };
        while let Some(name) = members.next_key::<String>()? {
            if name == "Records" {
                payload.records = members.next_value::<List>()?.0;
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
}

/// The records; nothing if it is no list.
#[derive(Default)]
struct List(Option<Records>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient(deserializer)
    }
}

impl<'de> Lenient<'de> for List {
    fn from_seq<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let Some(first) = items.next_element::<Box<RawValue>>()? else {
            return Ok(Self(Some(Records::Unread(Vec::new()))));
        };
        if source(&first).as_deref() == Some("aws:dynamodb") {
            let mut records = vec![Taken::from(&*first)];
            while let Some(record) = items.next_element()? {
                records.push(record);
            }
            return Ok(Self(Some(Records::Stream(records))));
        }
        let mut records = vec![first];
        while let Some(record) = items.next_element()? {
            records.push(record);
        }
        Ok(Self(Some(Records::Unread(records))))
    }
}

/// Where a record says that it comes from.
pub(crate) fn source(record: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Source {
        #[serde(rename = "eventSource")]
        source: Option<String>,
    }
    serde_json::from_str::<Source>(record.get()).ok()?.source
}
