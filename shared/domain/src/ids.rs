//! Names and identifiers. A value of these types exists only if it was valid.

use std::fmt;

mod identifier;
mod keyed;

pub use identifier::{BEARER_IDENTIFIER_BYTES_MIN, IDENTIFIER_BYTES_MAX, Identifier, IdentifierKind};
pub use keyed::*;

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
