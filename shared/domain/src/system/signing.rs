//! Signatures between Habeas and a controller's systems: HMAC-SHA256 over `{seconds}.{body}`, in a
//! header `t=1770000000,v1=<hex>`. Both sides sign with the same secret, which is derived from the
//! controller's own key and stored nowhere.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use ring::hmac;

use crate::{
    evidence::merkle,
    ids::{ControllerId, SystemId},
    sensitive::Sensitive,
};

/// The header that carries a signature, in lower case.
pub const SIGNATURE_HEADER: &str = "habeas-signature";

/// How far the time of a signature may lie from now, in either direction. Within it a replay is met by
/// the task that has ended already.
pub const WINDOW_MINUTES: i64 = 5;

/// The same for what comes through a queue, which may hold a message for so long.
pub const QUEUE_WINDOW_DAYS: i64 = 14;

/// Longest header read.
pub const HEADER_BYTES_MAX: usize = 512;

/// Most signatures of one header: a secret and the one before it, twice over.
pub const SIGNATURES_MAX: usize = 4;

/// For how long the secret before the newest goes on being accepted, and signed with.
pub const KEPT_HOURS: i64 = 24;

/// Most digits of a time in seconds.
const SECONDS_DIGITS_MAX: usize = 11;

/// What a controller's secrets are derived from.
#[derive(Clone)]
pub struct SystemsKey(hmac::Key);

impl fmt::Debug for SystemsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemsKey(…)")
    }
}

impl SystemsKey {
    /// Takes 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The secret of one system, in one version: none tells of another.
    pub fn secret(&self, controller: &ControllerId, system: &SystemId, version: u32) -> SystemSecret {
        let tag = hmac::sign(&self.0, format!("habeas-system~{controller}~{system}~{version}").as_bytes());
        SystemSecret::from_text(format!("habeas-system-{version}.{}", merkle::hex(&tag)))
    }
}

/// A secret that Habeas and one system share.
#[derive(Clone)]
pub struct SystemSecret {
    text: Sensitive<String>,
    key: hmac::Key,
}

impl fmt::Debug for SystemSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemSecret(…)")
    }
}

impl SystemSecret {
    /// Takes the secret as an operator copies it: the bytes of this text are the key.
    pub fn from_text(text: String) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        Self { text: Sensitive::new(text), key }
    }

    /// The secret as an operator copies it.
    pub const fn text(&self) -> &Sensitive<String> {
        &self.text
    }

    fn tag(&self, seconds: &str, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(seconds.as_bytes());
        context.update(b".");
        context.update(body);
        context.sign()
    }
}

/// Which secret is in force, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretVersion {
    /// The newest.
    pub version: u32,
    /// When it replaced the one before it; `None`: it is the first.
    pub since: Option<Timestamp>,
}

impl Default for SecretVersion {
    fn default() -> Self {
        Self { version: 1, since: None }
    }
}

impl SecretVersion {
    /// The next one, from now on.
    #[must_use]
    pub const fn next(self, now: Timestamp) -> Self {
        Self { version: self.version.saturating_add(1), since: Some(now) }
    }

    /// Whether it is so new that the one before it still counts.
    pub fn is_recent(self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) < SignedDuration::from_hours(KEPT_HOURS))
    }

    /// The secrets that count now, the newest first: the one before it still does for
    /// [`KEPT_HOURS`], so that a receiver can be given the new one without losing a task.
    pub fn secrets(
        self,
        key: &SystemsKey,
        controller: &ControllerId,
        system: &SystemId,
        now: Timestamp,
    ) -> Vec<SystemSecret> {
        let before = self.is_recent(now).then(|| self.version.saturating_sub(1));
        [Some(self.version), before]
            .into_iter()
            .flatten()
            .map(|version| key.secret(controller, system, version))
            .collect()
    }
}

/// Why a signature counts for nothing. Callers answer all of them alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureRefused {
    /// The header is not of its form.
    Malformed,
    /// Nobody who holds the secret signed this body at that time.
    Foreign,
    /// It was signed too long ago, or runs ahead of the clock.
    OutsideWindow,
}

impl fmt::Display for SignatureRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the signature is not of its form",
            Self::Foreign => "the signature does not fit",
            Self::OutsideWindow => "the signature is too old, or runs ahead of the clock",
        })
    }
}

impl std::error::Error for SignatureRefused {}

/// Writes the header for a body that is sent now: one signature for each secret that counts.
pub fn signature(secrets: &[SystemSecret], at: Timestamp, body: &[u8]) -> String {
    let seconds = at.as_second().to_string();
    let tags = secrets.iter().map(|secret| format!(",v1={}", merkle::hex(&secret.tag(&seconds, body))));
    format!("t={seconds}{}", tags.collect::<String>())
}

/// Checks the header of a body and answers when it was signed. Each comparison takes the same time
/// whatever is wrong.
///
/// # Errors
/// [`SignatureRefused`].
pub fn verify(
    header: &str,
    body: &[u8],
    secrets: &[SystemSecret],
    now: Timestamp,
    window: SignedDuration,
) -> Result<Timestamp, SignatureRefused> {
    let (seconds, tags) = read(header).ok_or(SignatureRefused::Malformed)?;
    let at = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let at = at.ok_or(SignatureRefused::Malformed)?;
    let mut signed = Vec::from(seconds.as_bytes());
    signed.push(b'.');
    signed.extend_from_slice(body);
    let mut fits = false;
    for secret in secrets {
        for tag in &tags {
            fits |= hmac::verify(&secret.key, &signed, tag).is_ok();
        }
    }
    if !fits {
        return Err(SignatureRefused::Foreign);
    }
    if now.duration_since(at).abs() > window {
        return Err(SignatureRefused::OutsideWindow);
    }
    Ok(at)
}

/// The time as written, and each `v1`. Other names are of other versions and mean nothing here.
fn read(header: &str) -> Option<(&str, Vec<[u8; 32]>)> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let (mut seconds, mut tags) = (None, Vec::new());
    for part in header.split(',') {
        match part.split_once('=')? {
            ("t", text) => {
                let plain = (1..=SECONDS_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                if !plain || seconds.replace(text).is_some() {
                    return None;
                }
            }
            ("v1", _) if tags.len() == SIGNATURES_MAX => return None,
            ("v1", text) => tags.push(merkle::unhex(text)?),
            _ => {}
        }
    }
    Some((seconds?, tags)).filter(|(_, tags)| !tags.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"v":1}"#;

    fn key() -> SystemsKey {
        SystemsKey::new(&[7; 32])
    }

    fn secret(controller: &str, system: &str, version: u32) -> SystemSecret {
        key().secret(&ControllerId::parse(controller).unwrap(), &SystemId::parse(system).unwrap(), version)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn window() -> SignedDuration {
        SignedDuration::from_mins(WINDOW_MINUTES)
    }

    #[test]
    fn a_signature_fits_its_body_its_time_and_its_secret_alone() {
        let crm = secret("rfa", "crm", 1);
        let header = signature(std::slice::from_ref(&crm), at(1_770_000_000), BODY);
        assert!(header.starts_with("t=1770000000,v1="));
        let fits = |header: &str, body: &[u8], secret: &SystemSecret| {
            verify(header, body, std::slice::from_ref(secret), at(1_770_000_000), window())
        };
        assert_eq!(fits(&header, BODY, &crm), Ok(at(1_770_000_000)));
        let other_time = header.replace("1770000000", "1770000001");
        for (header, body, secret) in [
            (header.as_str(), br#"{"v":2}"#.as_slice(), &crm),
            (&other_time, BODY, &crm),
            (&header, BODY, &secret("rfa", "crm", 2)),
            (&header, BODY, &secret("rfa", "shop", 1)),
            (&header, BODY, &secret("zentry", "crm", 1)),
            (&header, BODY, &SystemSecret::from_text(String::new())),
        ] {
            assert_eq!(fits(header, body, secret), Err(SignatureRefused::Foreign));
        }
        assert_eq!(verify(&header, BODY, &[], at(1_770_000_000), window()), Err(SignatureRefused::Foreign));
    }

    #[test]
    fn a_signature_counts_for_five_minutes_to_either_side() {
        let crm = [secret("rfa", "crm", 1)];
        let header = signature(&crm, at(10_000), BODY);
        for (now, expected) in [
            (10_000 - 301, Err(SignatureRefused::OutsideWindow)),
            (10_000 - 300, Ok(at(10_000))),
            (10_000 + 300, Ok(at(10_000))),
            (10_000 + 301, Err(SignatureRefused::OutsideWindow)),
        ] {
            assert_eq!(verify(&header, BODY, &crm, at(now), window()), expected, "{now}");
        }
    }

    #[test]
    fn a_header_that_is_not_of_its_form_is_refused() {
        let crm = [secret("rfa", "crm", 1)];
        let good = signature(&crm, at(10_000), BODY);
        let tag = good.split_once("v1=").unwrap().1.to_owned();
        for header in [
            String::new(),
            "t=10000".into(),
            format!("v1={tag}"),
            format!("t=,v1={tag}"),
            format!("t=+10000,v1={tag}"),
            format!("t=-10000,v1={tag}"),
            format!("t= 10000,v1={tag}"),
            format!("t=999999999999,v1={tag}"),
            format!("t=10000,t=10000,v1={tag}"),
            format!("t=10000,v1={}", tag.to_uppercase().replace('0', "A")),
            format!("t=10000,v1={}", &tag[1..]),
            format!("t=10000,v1={tag}0"),
            format!("t=10000,v1=é{}", &tag[2..]),
            format!("t=10000;v1={tag}"),
            format!("t=10000,v1={tag},"),
            format!("t=10000{}", format!(",v1={tag}").repeat(SIGNATURES_MAX + 1)),
        ] {
            let refused = verify(&header, BODY, &crm, at(10_000), window());
            assert_eq!(refused, Err(SignatureRefused::Malformed), "{header}");
        }
        assert!(verify(&format!("{good},v2=later"), BODY, &crm, at(10_000), window()).is_ok());
        let padded = |bytes: usize| format!("{good},x={}", "x".repeat(bytes - good.len() - ",x=".len()));
        assert!(verify(&padded(HEADER_BYTES_MAX), BODY, &crm, at(10_000), window()).is_ok());
        let longer = verify(&padded(HEADER_BYTES_MAX + 1), BODY, &crm, at(10_000), window());
        assert_eq!(longer, Err(SignatureRefused::Malformed));
    }

    #[test]
    fn every_changed_character_of_a_header_is_noticed() {
        let crm = [secret("rfa", "crm", 1)];
        let good = signature(&crm, at(10_000), BODY);
        for position in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[position] = if bytes[position] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verify(&changed, BODY, &crm, at(10_000), window()).is_err(), "{changed}");
        }
    }

    #[test]
    fn a_new_secret_and_the_one_before_it_count_together_for_a_day() {
        let (controller, system) = (ControllerId::parse("rfa").unwrap(), SystemId::parse("crm").unwrap());
        let texts = |version: SecretVersion, now: i64| -> Vec<String> {
            let secrets = version.secrets(&key(), &controller, &system, at(now));
            secrets.iter().map(|secret| secret.text().disclose().clone()).collect()
        };
        let first = SecretVersion::default();
        assert!(matches!(texts(first, 0).as_slice(), [text] if text.starts_with("habeas-system-1.")));
        let second = first.next(at(1_000));
        let day = KEPT_HOURS * 3_600;
        assert_eq!(texts(second, 1_000 + day - 1), [texts(second, 1_000 + day), texts(first, 0)].concat());
        let header = signature(&second.secrets(&key(), &controller, &system, at(1_000)), at(1_000), BODY);
        for version in [1, 2] {
            assert!(verify(&header, BODY, &[secret("rfa", "crm", version)], at(1_000), window()).is_ok());
        }
    }

    #[test]
    fn no_secret_prints() {
        let text = format!("{:?} {:?}", key(), secret("rfa", "crm", 1));
        assert_eq!(text, "SystemsKey(…) SystemSecret(…)");
    }
}
