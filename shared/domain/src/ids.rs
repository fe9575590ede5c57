//! Names and identifiers. A value of these types exists only if it was valid.

use std::fmt;

use ring::hmac;

use crate::sensitive::Sensitive;

/// Longest identifier value accepted, in bytes (a mail address has at most 254, RFC 5321).
pub const IDENTIFIER_BYTES_MAX: usize = 320;

/// Shortest cookie or device identifier accepted, in bytes: whoever holds it is taken for its
/// subject, so it must not be guessable.
pub const BEARER_IDENTIFIER_BYTES_MIN: usize = 16;

/// Why a name or identifier was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidId {
    /// Not a lower-case name of the allowed characters and length.
    Name,
    /// The identifier's kind is none of those known.
    Kind,
    /// The identifier is empty, too long, or holds control characters.
    Value,
    /// A mail address without exactly one `@`, or with blanks.
    Mail,
    /// A phone number with something other than `+`, digits and separators, or too short.
    Phone,
    /// A cookie or device identifier short enough to guess.
    Guessable,
    /// Not a reference that Habeas gives out.
    Reference,
    /// Not the name of a bucket.
    Bucket,
    /// Not an account of a cloud, nor the beginning of an ARN.
    Resource,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => {
                "use lower-case letters, digits, '-', '_' and '.', starting with a letter, at most 64 characters"
            }
            Self::Kind => "use one of mail, phone, account, cookie, device, ip, session",
            Self::Value => "use 1 to 320 bytes without control characters",
            Self::Mail => "write the address as name@domain",
            Self::Phone => "write the number with its country code, as +33123456789",
            Self::Guessable => "use at least 16 unguessable characters",
            Self::Reference => "use the reference as Habeas gave it",
            Self::Bucket => "use a bucket's name: 3 to 63 lower-case letters, digits, '-' and '.'",
            Self::Resource => "use an account's twelve digits, or how the ARNs of your resources begin",
        })
    }
}

impl std::error::Error for InvalidId {}

fn is_name(text: &str, length_max: usize) -> bool {
    text.len() <= length_max
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $length_max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            /// [`InvalidId::Name`] unless it is a lower-case name of the allowed length.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if is_name(text, $length_max) { Ok(Self(text.to_owned())) } else { Err(InvalidId::Name) }
            }

            /// The name as written.
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

name_type!(
    /// A controller (GDPR Art. 4(7)) served by this deployment: `scantrust`.
    ControllerId, 32
);
name_type!(
    /// A purpose of processing (GDPR Art. 5(1)(b)) named by a policy: `security.abuse-detection`.
    Purpose, 64
);
name_type!(
    /// A category of personal data (GDPR Art. 30(1)(c)) named by a policy: `chat-session`.
    Category, 64
);
name_type!(
    /// Something that happens and moves a retention clock: `website.visit`, `contract.ended`.
    EventName, 64
);
name_type!(
    /// A field of a category: `ip_address`.
    Field, 64
);
name_type!(
    /// Somebody to whom data may be disclosed (GDPR Art. 4(9)), named by a policy: `hosting-provider`.
    Recipient, 64
);
name_type!(
    /// A cookie, beacon or other tracker named by a policy: `crisp-session`.
    TrackerId, 64
);
name_type!(
    /// Something that must come with a disclosure, or a ground for it: `processing-agreement`, `court-order`.
    Ground, 64
);
name_type!(
    /// A statement that only people can vouch for, named by a policy: `encryption-at-rest`.
    AttestationId, 64
);

name_type!(
    /// A system of the controller's that holds personal data, named by a policy: `crm`.
    SystemId, 64
);

name_type!(
    /// A region of AWS: `eu-central-1`.
    RegionName, 32
);

/// A bucket of S3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

impl BucketName {
    /// Takes the name.
    ///
    /// # Errors
    /// [`InvalidId::Bucket`] unless S3 lets a bucket have it.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_bucket = (3..=63).contains(&text.len())
            && text.bytes().all(|b| is_plain(b) || matches!(b, b'-' | b'.'))
            && text.bytes().next().is_some_and(is_plain)
            && text.bytes().next_back().is_some_and(is_plain);
        if is_bucket { Ok(Self(text.to_owned())) } else { Err(InvalidId::Bucket) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Longest name of somebody of the office, in bytes.
pub const STAFF_BYTES_MAX: usize = 128;

/// Somebody of the controller's office, as the subject of their token names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StaffId(String);

impl StaffId {
    /// Takes the name.
    ///
    /// # Errors
    /// [`InvalidId::Value`] unless it is 1 to 128 bytes of printable ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let is_printable = text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if (1..=STAFF_BYTES_MAX).contains(&text.len()) && is_printable {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId::Value)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StaffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing identifies a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// A mail address.
    Mail,
    /// A telephone number.
    Phone,
    /// An account name of the controller's.
    Account,
    /// A random value held by a browser.
    Cookie,
    /// A random value held by an app or device.
    Device,
    /// An IP address.
    Ip,
    /// A session of the controller's website or app.
    Session,
}

impl IdentifierKind {
    /// Every kind, in the order of the documents.
    pub const ALL: [Self; 7] =
        [Self::Mail, Self::Phone, Self::Account, Self::Cookie, Self::Device, Self::Ip, Self::Session];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Phone => "phone",
            Self::Account => "account",
            Self::Cookie => "cookie",
            Self::Device => "device",
            Self::Ip => "ip",
            Self::Session => "session",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// [`InvalidId::Kind`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidId::Kind)
    }

    /// Whether the controller's own systems can reach somebody by it.
    pub const fn reaches(self) -> bool {
        matches!(self, Self::Phone | Self::Account)
    }

    /// Whether holding the value shows that one is the subject: a random cookie or device value.
    pub const fn is_bearer(self) -> bool {
        matches!(self, Self::Cookie | Self::Device)
    }
}

/// What a person is known by, normalised so that two spellings of one identifier are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    kind: IdentifierKind,
    value: Sensitive<String>,
}

impl Identifier {
    /// Parses and normalises an identifier: mail in lower case, phone to `+` and digits.
    ///
    /// # Errors
    /// Says which rule of the kind the value breaks; the value itself is in no error.
    pub fn parse(kind: IdentifierKind, value: &str) -> Result<Self, InvalidId> {
        let value = value.trim();
        if value.is_empty() || value.len() > IDENTIFIER_BYTES_MAX || value.chars().any(char::is_control) {
            return Err(InvalidId::Value);
        }
        let value = match kind {
            IdentifierKind::Mail => normalise_mail(value)?,
            IdentifierKind::Phone => normalise_phone(value)?,
            IdentifierKind::Ip => {
                value.parse::<std::net::IpAddr>().map_err(|_| InvalidId::Value)?.to_canonical().to_string()
            }
            IdentifierKind::Cookie | IdentifierKind::Device if value.len() < BEARER_IDENTIFIER_BYTES_MIN => {
                return Err(InvalidId::Guessable);
            }
            IdentifierKind::Cookie | IdentifierKind::Device | IdentifierKind::Account | IdentifierKind::Session => {
                value.to_owned()
            }
        };
        Ok(Self { kind, value: Sensitive::new(value) })
    }

    /// What kind of identifier it is.
    pub const fn kind(&self) -> IdentifierKind {
        self.kind
    }

    /// The normalised value.
    pub const fn value(&self) -> &Sensitive<String> {
        &self.value
    }

    /// The mail address, if this identifier is one.
    pub fn mail(&self) -> Option<&Sensitive<String>> {
        (self.kind == IdentifierKind::Mail).then_some(&self.value)
    }
}

fn normalise_mail(value: &str) -> Result<String, InvalidId> {
    let (name, host) = value.split_once('@').ok_or(InvalidId::Mail)?;
    let well_formed = !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains('@')
        && !value.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    if well_formed { Ok(value.to_lowercase()) } else { Err(InvalidId::Mail) }
}

fn normalise_phone(value: &str) -> Result<String, InvalidId> {
    let digits = value.strip_prefix('+').ok_or(InvalidId::Phone)?;
    let digits: String = digits.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(format!("+{digits}"))
    } else {
        Err(InvalidId::Phone)
    }
}

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

    fn pepper() -> Pepper {
        Pepper::new(1, &[7; 32])
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

    #[test]
    fn bad_identifiers_are_refused_with_their_rule() {
        for (kind, value, expected) in [
            (IdentifierKind::Mail, "ada", InvalidId::Mail),
            (IdentifierKind::Mail, "ada@example", InvalidId::Mail),
            (IdentifierKind::Mail, "a b@example.com", InvalidId::Mail),
            (IdentifierKind::Mail, "a@example.com,b@example.com", InvalidId::Mail),
            (IdentifierKind::Phone, "0123456789", InvalidId::Phone),
            (IdentifierKind::Phone, "+33 hello", InvalidId::Phone),
            (IdentifierKind::Cookie, "abc", InvalidId::Guessable),
            (IdentifierKind::Ip, "999.1.1.1", InvalidId::Value),
            (IdentifierKind::Account, "", InvalidId::Value),
            (IdentifierKind::Account, "a\nb", InvalidId::Value),
        ] {
            assert_eq!(Identifier::parse(kind, value).unwrap_err(), expected, "{value}");
        }
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
