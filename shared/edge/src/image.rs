//! An item in DynamoDB's typed JSON, `{"at":{"N":"5"}}`, read straight into a form.
//!
//! A tree of attributes in between costs more than all else that is done with a stream record: each name and text is
//! allocated, hashed and thrown away.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, Visitor, value::MapAccessDeserializer,
    },
    forward_to_deserialize_any,
};

/// Reads an item as a form.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(json);
    let form = T::deserialize(Content { kind: Kind::Map, inner: &mut json })?;
    json.end()?;
    Ok(form)
}

/// What a value says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Kind {
    #[serde(rename = "S")]
    Text,
    #[serde(rename = "N")]
    Number,
    #[serde(rename = "B")]
    Bytes,
    #[serde(rename = "BOOL")]
    Bool,
    #[serde(rename = "NULL")]
    Null,
    #[serde(rename = "M")]
    Map,
    #[serde(rename = "L")]
    List,
    #[serde(rename = "SS")]
    Texts,
    #[serde(rename = "NS")]
    Numbers,
    #[serde(rename = "BS")]
    ManyBytes,
}

/// What a form asks for, as far as the answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Any,
    Text,
    Bytes,
    Option,
    Enum,
}

/// A value with its kind before it: `{"S":"x"}`.
struct Value<D>(D);

/// What stands behind the kind: `"x"`.
struct Content<D> {
    kind: Kind,
    inner: D,
}

impl<'de, D: Deserializer<'de>> Content<D> {
    fn answer<V: Visitor<'de>>(self, ask: Ask, visitor: V) -> Result<V::Value, D::Error> {
        let Self { kind, inner } = self;
        match (ask, kind) {
            (Ask::Option, Kind::Null) => is_null(inner).and_then(|()| visitor.visit_none()),
            (Ask::Option, _) => visitor.visit_some(Self { kind, inner }),
            // A text has bytes and a number may stand for a variant: neither is meant.
            (Ask::Text, Kind::Text) | (Ask::Any, Kind::Text) => inner.deserialize_str(visitor),
            (Ask::Enum, Kind::Text) => visitor.visit_enum(String::deserialize(inner)?.into_deserializer()),
            (Ask::Enum, Kind::Map) => inner.deserialize_map(Single(visitor)),
            (Ask::Bytes | Ask::Any, Kind::Bytes) => inner.deserialize_str(Decoded(visitor)),
            (Ask::Any, Kind::Number) => inner.deserialize_str(Parsed(visitor)),
            (Ask::Any, Kind::Bool) => inner.deserialize_bool(visitor),
            (Ask::Any, Kind::Null) => is_null(inner).and_then(|()| visitor.visit_unit()),
            (Ask::Any, Kind::Map) => inner.deserialize_map(Members(visitor)),
            (Ask::Any, Kind::List) => inner.deserialize_seq(Items { each: None, visitor }),
            (Ask::Any, Kind::Texts) => inner.deserialize_seq(Items { each: Some(Kind::Text), visitor }),
            (Ask::Any, Kind::Numbers) => inner.deserialize_seq(Items { each: Some(Kind::Number), visitor }),
            (Ask::Any, Kind::ManyBytes) => inner.deserialize_seq(Items { each: Some(Kind::Bytes), visitor }),
            (Ask::Text | Ask::Bytes | Ask::Enum, _) => {
                Err(D::Error::invalid_type(Unexpected::Other("a value of another kind"), &visitor))
            }
        }
    }
}

fn is_null<'de, D: Deserializer<'de>>(inner: D) -> Result<(), D::Error> {
    if bool::deserialize(inner)? { Ok(()) } else { Err(D::Error::custom("a null that is none")) }
}

/// Both are asked in the same words; they differ in where the kind comes from.
macro_rules! asks {
    ($ask:ident) => {
        type Error = D::Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Any, visitor)
        }

        fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Text, visitor)
        }

        fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Text, visitor)
        }

        fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Text, visitor)
        }

        fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Text, visitor)
        }

        fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Bytes, visitor)
        }

        fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Bytes, visitor)
        }

        fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Option, visitor)
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            _: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            self.$ask(Ask::Enum, visitor)
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            visitor.visit_newtype_struct(self)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 unit unit_struct seq tuple tuple_struct map struct
        }
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Content<D> {
    asks!(answer);

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }
}

impl<'de, D: Deserializer<'de>> Value<D> {
    fn ask<V: Visitor<'de>>(self, ask: Ask, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Tagged { ask, visitor })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Value<D> {
    asks!(ask);

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }
}

/// Reads a kind and what stands behind it.
struct Tagged<V> {
    ask: Ask,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Tagged<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its kind")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let kind = map.next_key()?.ok_or_else(|| A::Error::custom("a value of no kind"))?;
        let value = map.next_value_seed(Behind { kind, ask: self.ask, visitor: self.visitor })?;
        match map.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(A::Error::custom("a value of two kinds")),
        }
    }
}

struct Behind<V> {
    kind: Kind,
    ask: Ask,
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Behind<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        Content { kind: self.kind, inner }.answer(self.ask, self.visitor)
    }
}

/// Hands a part over as a value, or as the content of a kind that is known.
struct Part<S> {
    kind: Option<Kind>,
    seed: S,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Part<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        match self.kind {
            None => self.seed.deserialize(Value(inner)),
            Some(kind) => self.seed.deserialize(Content { kind, inner }),
        }
    }
}

struct Attributes<A>(A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Attributes<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Part { kind: None, seed })
    }
}

/// `M`, and the item itself.
struct Members<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Members<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Attributes(map))
    }
}

/// `M` with one member: a variant and what it holds.
struct Single<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Single<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(MapAccessDeserializer::new(Attributes(map)))
    }
}

struct Elements<A> {
    each: Option<Kind>,
    list: A,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.list.next_element_seed(Part { kind: self.each, seed })
    }
}

/// `L`, and the sets, whose elements are all of one kind.
struct Items<V> {
    each: Option<Kind>,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Items<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Elements { each: self.each, list })
    }
}

/// `N`: a number is written as text.
struct Parsed<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Parsed<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<V::Value, E> {
        if let Ok(number) = text.parse() {
            return self.0.visit_i64(number);
        }
        if let Ok(number) = text.parse() {
            return self.0.visit_u64(number);
        }
        self.0.visit_f64(text.parse().map_err(|_| E::custom("a number that is none"))?)
    }
}

/// `B`: bytes are written in base64.
struct Decoded<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Decoded<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<V::Value, E> {
        self.0.visit_byte_buf(BASE64_STANDARD.decode(text).map_err(|_| E::custom("bytes that are none"))?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap};

    use proptest::prelude::*;
    use serde_dynamo::AttributeValue;
    use serde_json::{Value as Json, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Form {
        text: String,
        number: i64,
        small: Option<u8>,
        share: Option<f64>,
        #[serde(default)]
        flag: bool,
        act: Option<Act>,
        plain: Option<Plain>,
        bytes: Option<Bytes>,
        #[serde(default)]
        map: BTreeMap<String, String>,
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(default)]
        set: BTreeSet<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner(u16);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "is", rename_all = "kebab-case")]
    enum Act {
        Opened { at: i64, systems: Vec<String> },
        Closed,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Plain {
        First,
        Second(u8),
        Third { at: i64 },
    }

    #[derive(Debug, PartialEq)]
    struct Bytes(Vec<u8>);

    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Reader;
            impl Visitor<'_> for Reader {
                type Value = Bytes;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("bytes")
                }

                fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                    Ok(Bytes(bytes))
                }

                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(bytes.to_owned()))
                }
            }
            deserializer.deserialize_byte_buf(Reader)
        }
    }

    /// The same through a tree of attributes.
    fn by_tree(json: &Json) -> Option<Form> {
        let item: HashMap<String, AttributeValue> = serde_json::from_value(json.clone()).ok()?;
        serde_dynamo::from_item(item).ok()
    }

    fn whole() -> Json {
        json!({
            "text": { "S": "a\"\u{e9}\n" }, "number": { "N": "-5" }, "small": { "N": "7" }, "share": { "N": "1.5" },
            "flag": { "BOOL": true }, "bytes": { "B": "AQI=" }, "plain": { "M": { "third": { "M": { "at": { "N": "1" } } } } },
            "act": { "M": { "is": { "S": "opened" }, "at": { "N": "9" }, "systems": { "L": [{ "S": "crm" }] } } },
            "map": { "M": { "a": { "S": "b" } } }, "list": { "L": [{ "N": "1" }, { "N": "2" }] },
            "set": { "SS": ["x", "y"] }, "unknown": { "M": { "deep": { "L": [{ "NULL": true }, { "BS": ["AQI="] }] } } },
        })
    }

    #[test]
    fn every_kind_is_read_as_through_a_tree_of_attributes() {
        let form: Form = read(&whole().to_string()).unwrap();
        assert_eq!((form.text.as_str(), form.number, form.small, form.share), ("a\"\u{e9}\n", -5, Some(7), Some(1.5)));
        assert_eq!((&form.bytes, &form.plain), (&Some(Bytes(vec![1, 2])), &Some(Plain::Third { at: 1 })));
        assert_eq!(form.act, Some(Act::Opened { at: 9, systems: vec!["crm".to_owned()] }));
        assert_eq!(Some(form), by_tree(&whole()));
    }

    #[test]
    fn what_is_not_one_item_is_refused() {
        let least = r#"{"text":{"S":""},"number":{"N":"1"}}"#;
        assert!(read::<Form>(least).is_ok());
        for text in ["", "5", "[]", "{}", r#"{"S":"x"}"#, &format!("{least}{least}"), &least[1..]] {
            assert!(read::<Form>(text).is_err(), "{text}");
        }
        for value in [r#"{}"#, r#"{"S":"x","N":"1"}"#, r#"{"Q":"x"}"#, r#""x""#, r#"{"S":5}"#, r#"{"NULL":false}"#] {
            let text = least.replace(r#"{"S":""}"#, value);
            assert!(read::<Form>(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_set_is_read_as_a_list_of_its_kind() {
        // serde_dynamo reads no set of newtypes, and takes bytes in a set for a text.
        let with = |name: &str, set: Json| {
            let mut item = whole();
            item[name] = set;
            read::<Form>(&item.to_string()).ok()
        };
        assert_eq!(with("list", json!({ "NS": ["1", "2"] })).unwrap().list, [Inner(1), Inner(2)]);
        for set in [json!({ "SS": ["1"] }), json!({ "BS": ["AQI="] }), json!({ "NS": ["70000"] })] {
            assert_eq!(with("list", set.clone()), None, "{set}");
        }
        assert_eq!(with("set", json!({ "BS": ["AQI="] })), None);
    }

    /// Any value but sets of numbers and of bytes.
    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            "[a-z]{0,3}".prop_map(|text| json!({ "S": text })),
            prop_oneof![Just("first"), Just("opened"), Just("closed"), Just("at")]
                .prop_map(|text| json!({ "S": text })),
            any::<i16>().prop_map(|number| json!({ "N": number.to_string() })),
            Just(json!({ "N": "18446744073709551615" })),
            Just(json!({ "N": "0.5" })),
            Just(json!({ "N": "x" })),
            any::<bool>().prop_map(|is_true| json!({ "BOOL": is_true })),
            any::<bool>().prop_map(|is_true| json!({ "NULL": is_true })),
            Just(json!({ "B": "AQI=" })),
            Just(json!({ "B": "QQ==" })),
            Just(json!({ "SS": ["a", "b"] })),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let name = prop_oneof![Just("is"), Just("at"), Just("systems"), Just("second"), Just("third"), Just("x")];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(|list| json!({ "L": list })),
                prop::collection::btree_map(name.prop_map(str::to_owned), inner, 0..3)
                    .prop_map(|map| json!({ "M": map })),
            ]
        })
    }

    proptest! {
        /// Wherever one value of a whole item is another one, both readers say the same.
        #[test]
        fn a_form_is_read_as_through_a_tree_of_attributes(
            name in prop::sample::select(vec![
                "text", "number", "small", "share", "flag", "act", "plain", "bytes", "map", "list", "set",
            ]),
            value in value(),
        ) {
            let mut item = whole();
            item[name] = value;
            prop_assert_eq!(read::<Form>(&item.to_string()).ok(), by_tree(&item), "{}", item);
        }
    }
}
