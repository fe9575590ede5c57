//! How often something may be done before it is taken for abuse: one table, with the reason of each
//! number. The counting is a port's; nothing here knows a caller.

use jiff::{Timestamp, ToSpan};

use crate::ids::{BucketId, ControllerId, Identifier, Pepper};

/// Something that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Requests from one source.
    IntakeBySource,
    /// Requests from one source about one identifier.
    IntakeByIdentifier,
    /// Mails to one address that anybody can set off by typing it.
    MailsToAddress,
    /// Tokens from one source that open nothing.
    FailedTokens,
    /// Codes and account tokens tried from one source.
    Proofs,
    /// Open requests of one type about one identifier that are written about.
    OpenOfOneType,
    /// Tries at one mailed code.
    CodeAttempts,
    /// Tries at all the codes of one request.
    CodeAttemptsOfRequest,
    /// Codes that are mailed again for one request.
    CodeResends,
    /// Mails to the office about one signal each.
    SignalMails,
}

/// What follows once a limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// 429 with `Retry-After`.
    Refused,
    /// The answer is the one that everybody gets, and no mail goes out: it must not tell anybody what
    /// others have asked.
    Quiet,
}

/// A limit's number and why it is that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitRule {
    /// How often within the window.
    pub most: u32,
    /// How long the window is; `None`: as long as the request lives.
    pub window_seconds: Option<u32>,
    /// What follows.
    pub then: Consequence,
    /// Why.
    pub why: &'static str,
}

const HOUR_SECONDS: u32 = 3_600;
const DAY_SECONDS: u32 = 24 * HOUR_SECONDS;

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 10] = [
        Self::IntakeBySource,
        Self::IntakeByIdentifier,
        Self::MailsToAddress,
        Self::FailedTokens,
        Self::Proofs,
        Self::OpenOfOneType,
        Self::CodeAttempts,
        Self::CodeAttemptsOfRequest,
        Self::CodeResends,
        Self::SignalMails,
    ];

    /// The name in keys, metrics and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntakeBySource => "intake-by-source",
            Self::IntakeByIdentifier => "intake-by-identifier",
            Self::MailsToAddress => "mails-to-address",
            Self::FailedTokens => "failed-tokens",
            Self::Proofs => "proofs",
            Self::OpenOfOneType => "open-of-one-type",
            Self::CodeAttempts => "code-attempts",
            Self::CodeAttemptsOfRequest => "code-attempts-of-request",
            Self::CodeResends => "code-resends",
            Self::SignalMails => "signal-mails",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.as_str() == text)
    }

    /// Its number, its window and its reason.
    pub const fn rule(self) -> LimitRule {
        let (most, window_seconds, then, why) = match self {
            Self::IntakeBySource => (
                60,
                Some(HOUR_SECONDS),
                Consequence::Refused,
                "a household or an office behind one address asks less often; a script asks more",
            ),
            Self::IntakeByIdentifier => (
                10,
                Some(DAY_SECONDS),
                Consequence::Refused,
                "counted by source too, so that nobody can use up another person's requests from elsewhere",
            ),
            Self::MailsToAddress => (
                5,
                Some(DAY_SECONDS),
                Consequence::Quiet,
                "typing a stranger's address must not fill their mailbox; the requests are taken in all the same",
            ),
            Self::FailedTokens => (
                60,
                Some(HOUR_SECONDS),
                Consequence::Refused,
                "a token has 256 bits, so this only ends scraping and noise",
            ),
            Self::Proofs => (
                60,
                Some(HOUR_SECONDS),
                Consequence::Refused,
                "a guesser with many requests is slowed beside the limits of each request",
            ),
            Self::OpenOfOneType => (
                3,
                None,
                Consequence::Quiet,
                "a repeat of what is open is answered as always and brings no further mail",
            ),
            Self::CodeAttempts => {
                (5, None, Consequence::Refused, "five tries at 10^8 codes: one guesser in twenty million gets in")
            }
            Self::CodeAttemptsOfRequest => {
                (15, None, Consequence::Refused, "and all the codes of a request together give fifteen")
            }
            Self::CodeResends => (3, None, Consequence::Quiet, "a mail that was lost thrice will not come"),
            Self::SignalMails => (
                10,
                Some(HOUR_SECONDS),
                Consequence::Quiet,
                "who gets a mail for each of ten thousand findings reads none; the others come in one mail an hour",
            ),
        };
        LimitRule { most, window_seconds, then, why }
    }
}

/// One count: of one limit, for one thing, in one window. It holds keyed hashes alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey {
    /// Whose.
    pub controller: ControllerId,
    /// Which limit.
    pub limit: Limit,
    /// The keyed hash of what is counted.
    pub of: BucketId,
    /// When its window began, in seconds since 1970.
    pub window: i64,
}

impl LimitKey {
    /// The count of this limit at that time.
    pub fn new(controller: &ControllerId, limit: Limit, of: BucketId, at: Timestamp) -> Self {
        let seconds = i64::from(limit.rule().window_seconds.unwrap_or(DAY_SECONDS));
        let window = at.as_second().div_euclid(seconds) * seconds;
        Self { controller: controller.clone(), limit, of, window }
    }

    /// When its window ends.
    pub fn ends_at(&self) -> Timestamp {
        let seconds = i64::from(self.limit.rule().window_seconds.unwrap_or(DAY_SECONDS));
        Timestamp::from_second(self.window.saturating_add(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// In how many seconds its window ends: what `Retry-After` says.
    pub fn retry_after_seconds(&self, at: Timestamp) -> u32 {
        let left = self.ends_at().as_second().saturating_sub(at.as_second());
        u32::try_from(left).unwrap_or(1).max(1)
    }
}

/// The part of a caller's address by which they are counted: of an IPv6 address its first 64 bits, since
/// every connection has all of the rest. `None` for an address of the machine itself, which no caller
/// behind the gateway has.
pub fn source(address: &str) -> Option<String> {
    let address = address.trim().parse::<std::net::IpAddr>().ok()?.to_canonical();
    match address {
        address if address.is_loopback() => None,
        std::net::IpAddr::V4(address) => Some(address.to_string()),
        std::net::IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
        }
    }
}

/// The keyed hash of a caller's source, and of what they ask about from there.
pub fn hash_of(pepper: &Pepper, source: &str, identifier: Option<&Identifier>) -> BucketId {
    // Disclosed to the keyed hash only.
    let identifier = identifier.map_or(["", ""], |known| [known.kind().as_str(), known.value().disclose().as_str()]);
    pepper.derive(&[source, identifier[0], identifier[1]])
}

/// Whether a code may be mailed again so soon after the last one.
pub const CODE_PAUSE_SECONDS: i64 = 60;

/// How long a mailed code opens anything.
pub const CODE_MINUTES: i64 = 30;

/// Until when a code opens anything that was sent then.
pub fn code_ends_at(sent_at: Timestamp) -> Timestamp {
    sent_at.saturating_add(CODE_MINUTES.minutes()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdentifierKind;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_limit_has_a_number_a_name_and_a_reason() {
        for limit in Limit::ALL {
            let rule = limit.rule();
            assert!(rule.most > 0 && rule.why.len() > 20, "{limit:?}");
            assert_eq!(Limit::parse(limit.as_str()), Some(limit));
        }
        assert_eq!(Limit::parse("none"), None);
    }

    #[test]
    fn a_window_begins_and_ends_at_the_same_moments_for_everybody() {
        let controller = ControllerId::parse("acme").unwrap();
        let pepper = Pepper::new(1, &[7; 32]);
        let key = |limit, text| LimitKey::new(&controller, limit, hash_of(&pepper, "192.0.2.1", None), at(text));
        let first = key(Limit::IntakeBySource, "2026-03-01T10:00:00Z");
        assert_eq!(first, key(Limit::IntakeBySource, "2026-03-01T10:59:59.999Z"));
        assert_ne!(first, key(Limit::IntakeBySource, "2026-03-01T11:00:00Z"));
        assert_eq!(first.ends_at(), at("2026-03-01T11:00:00Z"));
        assert_eq!(first.retry_after_seconds(at("2026-03-01T10:59:30Z")), 30);
        assert_eq!(first.retry_after_seconds(at("2026-03-01T12:00:00Z")), 1, "never none");
        assert_eq!(key(Limit::MailsToAddress, "2026-03-01T10:00:00Z").ends_at(), at("2026-03-02T00:00:00Z"));
        assert_ne!(first.limit, Limit::Proofs);
    }

    #[test]
    fn a_source_is_an_address_or_the_network_that_one_connection_has() {
        assert_eq!(source(" 203.0.113.7 ").as_deref(), Some("203.0.113.7"));
        assert_eq!(source("::ffff:203.0.113.7").as_deref(), Some("203.0.113.7"), "one caller however they arrive");
        let one = source("2001:db8:1:2:3:4:5:6");
        assert_eq!(one, source("2001:db8:1:2::ffff"));
        assert_ne!(one, source("2001:db8:1:3::ffff"));
        for own in ["127.0.0.1", "::1", "127.8.8.8"] {
            assert_eq!(source(own), None, "{own}");
        }
        assert_eq!(source("nobody"), None);
    }

    #[test]
    fn a_count_holds_keyed_hashes_alone_and_keeps_things_apart() {
        let pepper = Pepper::new(1, &[7; 32]);
        let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        let of_source = hash_of(&pepper, "203.0.113.7", None);
        let of_both = hash_of(&pepper, "203.0.113.7", Some(&ada));
        assert_ne!(of_source, of_both);
        assert_ne!(of_both, hash_of(&pepper, "203.0.113.8", Some(&ada)));
        assert!(!pepper.subject(&ada).as_str().contains(of_both.as_str()), "a count does not say whose it is");
        assert!(!format!("{of_both:?}").contains("ada"));
    }
}
