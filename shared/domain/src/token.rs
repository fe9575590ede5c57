//! Tokens that Habeas gives to data subjects: a claim and a keyed hash, nothing stored.

use jiff::Timestamp;
use ring::hmac;

use crate::{
    evidence::merkle,
    ids::{ControllerId, RequestId, SubjectRef},
};

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The choices of one capture: given to whoever made it.
    Capture,
    /// All choices of a subject: given only to who proved to be them.
    Subject,
    /// The status of one request: given to whoever made it.
    Request,
    /// Proof that its holder reads the mailbox a request is about.
    Verification,
    /// The export of one verified request.
    Export,
    /// A child's capture, for the guardian whose address it named.
    Guardian,
    /// The purposes of one capture that its mailed confirmation named: to take them back, and no more.
    Unsubscribe,
}

impl Scope {
    const ALL: [Self; 7] = [
        Self::Capture,
        Self::Subject,
        Self::Request,
        Self::Verification,
        Self::Export,
        Self::Guardian,
        Self::Unsubscribe,
    ];

    /// The name inside a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Subject => "subject",
            Self::Request => "request",
            Self::Verification => "verification",
            Self::Export => "export",
            Self::Guardian => "guardian",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What it opens.
    pub scope: Scope,
    /// Whose subject.
    pub subject: SubjectRef,
    /// The capture or request it is for; empty for a whole subject.
    pub id: String,
    /// From when it opens nothing.
    pub expires_at: Timestamp,
}

/// Why a token opens nothing. Callers answer all of them alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefused {
    /// Not a token of this controller's, or changed on the way.
    Invalid,
    /// Its time is over.
    Expired,
}

/// How many codes there are.
const CODES: u64 = 100_000_000;

/// How many digits a code has.
pub const CODE_DIGITS: usize = 8;

/// A one-time code. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Code {
    /// Its digits, for the letter that carries it.
    pub fn disclose(&self) -> &str {
        &self.0
    }
}

/// The key that signs one controller's tokens.
#[derive(Clone)]
pub struct TokenKey(hmac::Key);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TokenKey {
    /// Takes 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Writes a token: `1~scope~subject~id~expiry~signature`, safe in a URL.
    pub fn sign(&self, controller: &ControllerId, claim: &Claim) -> String {
        let body = format!(
            "1~{}~{}~{}~{}",
            claim.scope.as_str(),
            claim.subject.as_str(),
            claim.id,
            claim.expires_at.as_second()
        );
        let tag = hmac::sign(&self.0, signed(controller, &body).as_bytes());
        format!("{body}~{}", merkle::hex(&tag))
    }

    /// The one-time code of a request's challenge: eight digits that follow from the key and from which
    /// challenge it is, so that nothing secret is stored.
    pub fn code(&self, controller: &ControllerId, subject: &SubjectRef, request: &RequestId, challenge: u32) -> Code {
        let text = format!("habeas-code~{controller}~{subject}~{request}~{challenge}");
        let tag = hmac::sign(&self.0, text.as_bytes());
        // Of 256 bits the remainder is even to one part in 10^69.
        let number = tag.as_ref().iter().fold(0_u64, |rest, byte| (rest * 256 + u64::from(*byte)) % CODES);
        Code(format!("{number:08}"))
    }

    /// Whether somebody typed this code. The comparison takes the same time whatever is wrong with it.
    pub fn is_code(&self, code: &Code, typed: &str) -> bool {
        // Both are hashed first, so that neither length nor content shows in the time.
        let tag = hmac::sign(&self.0, format!("habeas-typed~{}", code.0).as_bytes());
        hmac::verify(&self.0, format!("habeas-typed~{typed}").as_bytes(), tag.as_ref()).is_ok()
    }

    /// Reads a token. The comparison takes the same time whatever is wrong.
    ///
    /// # Errors
    /// [`TokenRefused`] for a forged, foreign or expired token.
    pub fn verify(&self, controller: &ControllerId, token: &str, now: Timestamp) -> Result<Claim, TokenRefused> {
        let (body, tag) = token.rsplit_once('~').ok_or(TokenRefused::Invalid)?;
        let tag = merkle::unhex(tag).ok_or(TokenRefused::Invalid)?;
        hmac::verify(&self.0, signed(controller, body).as_bytes(), &tag).map_err(|_| TokenRefused::Invalid)?;
        let mut parts = body.split('~');
        let (Some("1"), Some(scope), Some(subject), Some(id), Some(expiry), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenRefused::Invalid);
        };
        let expires_at = expiry
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or(TokenRefused::Invalid)?;
        if expires_at <= now {
            return Err(TokenRefused::Expired);
        }
        Ok(Claim {
            scope: Scope::ALL.into_iter().find(|known| known.as_str() == scope).ok_or(TokenRefused::Invalid)?,
            subject: SubjectRef::parse(subject).map_err(|_| TokenRefused::Invalid)?,
            id: id.to_owned(),
            expires_at,
        })
    }
}

fn signed(controller: &ControllerId, body: &str) -> String {
    format!("habeas-token~{controller}~{body}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Identifier, IdentifierKind, Pepper};

    fn claim() -> Claim {
        let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        Claim {
            scope: Scope::Request,
            subject: Pepper::new(1, &[1; 32]).subject(&ada),
            id: "AAAAAAAAAAAAAAAAAAAAAA".into(),
            expires_at: Timestamp::from_second(2_000).unwrap(),
        }
    }

    fn controller(name: &str) -> ControllerId {
        ControllerId::parse(name).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_opens_what_it_says_until_it_expires() {
        let key = TokenKey::new(&[2; 32]);
        let token = key.sign(&controller("scantrust"), &claim());
        assert_eq!(key.verify(&controller("scantrust"), &token, at(1_999)), Ok(claim()));
        assert_eq!(key.verify(&controller("scantrust"), &token, at(2_000)), Err(TokenRefused::Expired));
    }

    #[test]
    fn a_code_belongs_to_one_challenge_of_one_request() {
        let key = TokenKey::new(&[2; 32]);
        let ada = claim().subject;
        let bob = Identifier::parse(IdentifierKind::Mail, "bob@example.com").unwrap();
        let bob = Pepper::new(1, &[1; 32]).subject(&bob);
        let request = |text: &str| RequestId::parse(text).unwrap();
        let (one, two) = (request("AAAAAAAAAAAAAAAAAAAAAA"), request("BBBBBBBBBBBBBBBBBBBBBA"));
        let here = controller("scantrust");
        let code = key.code(&here, &ada, &one, 1);
        assert_eq!(code, key.code(&here, &ada, &one, 1), "nothing is stored, so it comes out again");
        assert!(code.disclose().len() == CODE_DIGITS && code.disclose().bytes().all(|b| b.is_ascii_digit()));
        for other in [
            key.code(&here, &ada, &one, 2),
            key.code(&here, &ada, &two, 1),
            key.code(&here, &bob, &one, 1),
            key.code(&controller("zentry"), &ada, &one, 1),
            TokenKey::new(&[3; 32]).code(&here, &ada, &one, 1),
        ] {
            assert!(!key.is_code(&code, other.disclose()));
        }
        assert!(key.is_code(&code, code.disclose()));
        for typed in ["", "1", "0000000000000000", "é"] {
            assert!(!key.is_code(&code, typed), "{typed}");
        }
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    #[test]
    fn codes_are_spread_over_all_digits() {
        let key = TokenKey::new(&[2; 32]);
        let request = RequestId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let mut counts = [0_u32; 10];
        for challenge in 0..500 {
            for digit in key.code(&controller("scantrust"), &claim().subject, &request, challenge).disclose().bytes() {
                counts[usize::from(digit - b'0')] += 1;
            }
        }
        assert!(counts.iter().all(|&count| (330..470).contains(&count)), "{counts:?}");
    }

    #[test]
    fn a_changed_or_foreign_token_opens_nothing() {
        let key = TokenKey::new(&[2; 32]);
        let token = key.sign(&controller("scantrust"), &claim());
        assert_eq!(key.verify(&controller("zentry"), &token, at(1)), Err(TokenRefused::Invalid));
        assert_eq!(TokenKey::new(&[3; 32]).verify(&controller("scantrust"), &token, at(1)), Err(TokenRefused::Invalid));
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(key.verify(&controller("scantrust"), &changed, at(1)), Err(TokenRefused::Invalid), "{changed}");
        }
        for text in ["", "~", "1~request", "é~é~é~é~é~é"] {
            assert_eq!(key.verify(&controller("scantrust"), text, at(1)), Err(TokenRefused::Invalid), "{text}");
        }
    }

    #[test]
    fn a_token_has_one_spelling() {
        let key = TokenKey::new(&[2; 32]);
        let token = key.sign(&controller("scantrust"), &claim());
        let (body, tag) = token.rsplit_once('~').unwrap();
        // A signature with a digit pair below 16, so that a sign may stand in place of its zero.
        let low = (0..64).step_by(2).find(|at| tag[*at..].starts_with('0')).unwrap();
        let signed = format!("{}+{}", &tag[..low], &tag[low + 1..]);
        for other in [tag.to_uppercase(), signed] {
            let respelt = format!("{body}~{other}");
            assert_eq!(key.verify(&controller("scantrust"), &respelt, at(1)), Err(TokenRefused::Invalid), "{respelt}");
        }
    }
}
