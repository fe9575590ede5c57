//! What a person is known by.

use super::InvalidId;
use crate::sensitive::Sensitive;

/// Longest identifier value accepted, in bytes (a mail address has at most 254, RFC 5321).
pub const IDENTIFIER_BYTES_MAX: usize = 320;

/// Shortest cookie or device identifier accepted, in bytes: whoever holds it is taken for its
/// subject, so it must not be guessable.
pub const BEARER_IDENTIFIER_BYTES_MIN: usize = 16;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
