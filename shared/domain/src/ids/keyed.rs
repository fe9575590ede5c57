//! What is named by a keyed hash: people, and what is to come out the same for the same input.

use std::fmt;

use ring::hmac;

use super::{Field, Identifier, InvalidId};

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url_128(bytes: [u8; 16]) -> String {
    let mut bits = u128::from_be_bytes(bytes);
    // 128 bits are 21 groups of six and two bits over, which the last character carries.
    let mut text = [0_u8; 22];
    text[21] = BASE64URL[((bits & 0b11) << 4) as usize];
    bits >>= 2;
    for slot in text[..21].iter_mut().rev() {
        *slot = BASE64URL[(bits & 0b11_1111) as usize];
        bits >>= 6;
    }
    text.iter().map(|&b| char::from(b)).collect()
}

fn is_base64url_128(text: &str) -> bool {
    // Not a search in the alphabet: each stream record has two of these.
    text.len() == 22 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// A controller's secret for keyed hashes, with the version that goes into every reference made
/// with it (`docs/DATA_MODEL.md`, keyed hashes).
#[derive(Clone)]
pub struct Pepper {
    version: u8,
    key: hmac::Key,
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Pepper {
    /// Takes 32 secret bytes as the pepper of that version.
    pub fn new(version: u8, secret: &[u8; 32]) -> Self {
        Self { version, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The reference of the person known by this identifier.
    pub fn subject(&self, identifier: &Identifier) -> SubjectRef {
        // Disclosed to the keyed hash only.
        let hash = self.hash("subject", &[identifier.kind().as_str(), identifier.value().disclose()]);
        SubjectRef(format!("{}.{hash}", self.version))
    }

    /// A keyed hash of one data point, to compare without keeping it (verification by points).
    pub fn point(&self, field: &Field, value: &str) -> PointHash {
        let normal = crate::dsar::points::normal(field, value);
        PointHash(format!("{}.{}", self.version, self.hash("point", &[field.as_str(), &normal])))
    }

    /// A keyed hash of parts, for identifiers that must come out the same for the same input.
    pub fn derive<Id: KeyedId>(&self, parts: &[&str]) -> Id {
        Id::from_hash(self.hash(Id::LABEL, parts))
    }

    fn hash(&self, label: &str, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(label.as_bytes());
        for part in parts {
            // Lengths keep ("ab", "c") and ("a", "bc") apart.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        let mut first = [0_u8; 16];
        first.copy_from_slice(&tag.as_ref()[..16]);
        base64url_128(first)
    }
}

/// A person as the table knows them: pepper version and keyed hash of an identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectRef(String);

impl SubjectRef {
    /// Reads a reference that [`Pepper::subject`] gave.
    ///
    /// # Errors
    /// [`InvalidId::Reference`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let (version, hash) = text.split_once('.').ok_or(InvalidId::Reference)?;
        if version.parse::<u8>().is_ok() && is_base64url_128(hash) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId::Reference)
        }
    }

    /// The reference as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of `count` shards, evenly spread.
    pub fn shard(&self, count: u8) -> u8 {
        let last = self.0.bytes().rev().nth(1).unwrap_or_default();
        let position = BASE64URL.iter().position(|&b| b == last).unwrap_or_default();
        u8::try_from(position % usize::from(count.max(1))).unwrap_or_default()
    }
}

impl fmt::Display for SubjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A keyed hash of a data point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointHash(String);

impl PointHash {
    /// Reads a stored hash.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The hash as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An identifier derived by keyed hash: the same input gives the same one, so a retry meets its
/// first attempt.
pub trait KeyedId {
    /// Keeps the identifiers of different things apart.
    const LABEL: &'static str;

    /// Wraps a hash made by [`Pepper::derive`].
    fn from_hash(hash: String) -> Self;
}

macro_rules! keyed_id {
    ($(#[$doc:meta])* $name:ident, $label:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl KeyedId for $name {
            const LABEL: &'static str = $label;

            fn from_hash(hash: String) -> Self {
                Self(hash)
            }
        }

        impl $name {
            /// Reads an identifier that Habeas gave out.
            ///
            /// # Errors
            /// [`InvalidId::Reference`] for any other text.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if is_base64url_128(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId::Reference) }
            }

            /// The identifier as stored and sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

keyed_id!(
    /// One consent capture: one form, all its purposes.
    CaptureId, "capture"
);
keyed_id!(
    /// A child's guardian, by the address that was named: not the reference of a subject, so that the
    /// two are not linked by reading.
    GuardianId, "guardian"
);
keyed_id!(
    /// One request of a data subject.
    RequestId, "request"
);
keyed_id!(
    /// One retained record: a (system, locator, category, purpose).
    RecordId, "record"
);
keyed_id!(
    /// One packet of entries that are kept in bulk.
    LogId, "log"
);
keyed_id!(
    /// One personal data breach.
    BreachId, "breach"
);
keyed_id!(
    /// One signal of a detector, by the detector's own name for it.
    SignalId, "signal"
);
keyed_id!(
    /// One published version of a notice.
    ChangeId, "change"
);
keyed_id!(
    /// One hold.
    HoldId, "hold"
);
keyed_id!(
    /// One person's notice of one breach, as a system of the controller's is handed it.
    NoticeId, "notice"
);
keyed_id!(
    /// One batch of deletions under one manifest.
    BatchId, "batch"
);
keyed_id!(
    /// One disclosure to a recipient.
    DisclosureId, "disclosure"
);
keyed_id!(
    /// Something that is counted against a limit: no reference to a person, whose label is another.
    BucketId, "bucket"
);
keyed_id!(
    /// An account token that was shown, so that it serves one request alone.
    TokenId, "account-token"
);
keyed_id!(
    /// What a request carried, to tell a retry from another request under the same key.
    Fingerprint, "fingerprint"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdentifierKind;

    fn pepper() -> Pepper {
        Pepper::new(1, &[7; 32])
    }

    /// RFC 4648 § 5, without padding: what is stored under a hash is found under it for as long as it is stored.
    #[test]
    fn a_hash_is_written_in_base64url() {
        let text = |number: u128| base64url_128(number.to_be_bytes());
        assert_eq!(text(u128::MAX), format!("{}w", "_".repeat(21)));
        assert_eq!(text(1), format!("{}Q", "A".repeat(21)));
        assert_eq!(text(0x0405_0607), "AAAAAAAAAAAAAAAABAUGBw");
    }

    #[test]
    fn people_are_spread_over_all_shards_and_over_no_others() {
        for count in [1_u8, 4, 16] {
            let shards: std::collections::BTreeSet<u8> = (0..1_000)
                .map(|n| Identifier::parse(IdentifierKind::Account, &format!("person-{n}")).unwrap())
                .map(|person| pepper().subject(&person).shard(count))
                .collect();
            assert_eq!(shards, (0..count).collect());
        }
    }

    #[test]
    fn two_spellings_of_one_address_are_one_person() {
        let a = Identifier::parse(IdentifierKind::Mail, " Ada@Example.com ").unwrap();
        let b = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        assert_eq!(pepper().subject(&a), pepper().subject(&b));
    }

    #[test]
    fn a_phone_number_and_an_account_of_the_same_digits_are_two_people() {
        let phone = Identifier::parse(IdentifierKind::Phone, "+33 1 23 45 67 89").unwrap();
        let account = Identifier::parse(IdentifierKind::Account, "+33123456789").unwrap();
        assert_ne!(pepper().subject(&phone), pepper().subject(&account));
    }

    #[test]
    fn another_pepper_gives_another_reference() {
        let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        assert_ne!(pepper().subject(&ada), Pepper::new(1, &[8; 32]).subject(&ada));
    }

    #[test]
    fn references_survive_a_round_trip_and_nothing_else_parses() {
        let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        let reference = pepper().subject(&ada);
        assert_eq!(SubjectRef::parse(reference.as_str()), Ok(reference));
        for text in ["", "1.", "1.short", "x.AAAAAAAAAAAAAAAAAAAAAA", "1.AAAAAAAAAAAAAAAAAAAA#A"] {
            assert_eq!(SubjectRef::parse(text), Err(InvalidId::Reference), "{text}");
        }
    }

    /// What somebody writes is compared with what was stored when they were a customer.
    #[test]
    fn a_stored_point_is_the_one_that_was_hashed() {
        let city = Field::parse("city").unwrap();
        let point = pepper().point(&city, "Lyon");
        assert_eq!(PointHash::from_stored(point.as_str().to_owned()), point);
        assert_ne!(PointHash::from_stored(point.as_str().to_owned()), pepper().point(&city, "Paris"));
    }

    #[test]
    fn shards_are_used_evenly() {
        let mut counts = [0_u32; 8];
        for n in 0..4_000 {
            let person = Identifier::parse(IdentifierKind::Account, &format!("user-{n}")).unwrap();
            counts[usize::from(pepper().subject(&person).shard(8))] += 1;
        }
        assert!(counts.iter().all(|&n| (350..650).contains(&n)), "{counts:?}");
    }
}
