//! What whoever checks evidence brings along: the keys that sign it, and the last checkpoint that they saw.
//!
//! From files alone nobody sees a tail that was cut off, or a key that was swapped together with all that it signed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::evidence::merkle;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The version of the form.
pub const TRUST_VERSION: u8 = 1;

/// What a SubjectPublicKeyInfo of a P-256 key begins with: the algorithm, the curve, and that a point of 65 bytes
/// follows (RFC 5480 section 2).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The bytes of an uncompressed point: a byte that says so, and two coordinates.
const POINT_BYTES: usize = 65;

/// A trust file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// [`TRUST_VERSION`].
    pub v: u8,
    /// Whose evidence.
    pub controller: String,
    /// The keys that may sign it.
    pub keys: Vec<TrustedKey>,
    /// The last checkpoint that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Seen>,
}

/// A key that may sign checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// SHA-256 of the key as it stands in `public`, in hexadecimal.
    pub fingerprint: String,
    /// Its SubjectPublicKeyInfo (DER) in base64.
    pub public: String,
}

/// A checkpoint that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// The hash of its first line, in hexadecimal.
    pub hash: String,
}

/// Why a trust file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// It has another form.
    #[error("the trust file is not JSON of version {TRUST_VERSION} (line {line}, column {column})")]
    Form {
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// Its version is another.
    #[error("the trust file has version {0}, and version {TRUST_VERSION} is read")]
    Version(u8),
    /// It has no key, so that nothing could be trusted.
    #[error("the trust file names no key")]
    NoKey,
    /// A key is none.
    #[error("key {0} of the trust file is no P-256 key as SubjectPublicKeyInfo in base64")]
    Key(usize),
    /// A fingerprint is another key's.
    #[error("key {0} of the trust file has another fingerprint than it says")]
    Fingerprint(usize),
    /// The checkpoint is none.
    #[error("the checkpoint of the trust file has no number from 1 or no hash of 64 hexadecimal digits")]
    Checkpoint,
}

impl TrustedKey {
    /// Takes a key as SubjectPublicKeyInfo (DER); `None`: it is not of P-256.
    pub fn new(public: &[u8]) -> Option<Self> {
        point(public)?;
        Some(Self { fingerprint: fingerprint(public), public: STANDARD.encode(public) })
    }

    /// Whether it signed that line.
    pub fn signed(&self, line: &[u8], signature: &[u8]) -> bool {
        let public = base64(&self.public);
        let Some(point) = public.as_deref().and_then(point) else { return false };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(line, signature).is_ok()
    }
}

impl Trust {
    /// Reads a trust file.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let form: Self = serde_json::from_slice(bytes)
            .map_err(|error| TrustError::Form { line: error.line(), column: error.column() })?;
        if form.v != TRUST_VERSION {
            return Err(TrustError::Version(form.v));
        }
        if form.keys.is_empty() {
            return Err(TrustError::NoKey);
        }
        for (number, key) in (1..).zip(&form.keys) {
            let public = base64(&key.public).filter(|public| point(public).is_some());
            let public = public.ok_or(TrustError::Key(number))?;
            if fingerprint(&public) != key.fingerprint {
                return Err(TrustError::Fingerprint(number));
            }
        }
        if form.checkpoint.as_ref().is_some_and(|seen| seen.number == 0 || merkle::unhex(&seen.hash).is_none()) {
            return Err(TrustError::Checkpoint);
        }
        Ok(form)
    }

    /// The key of that fingerprint.
    pub fn key(&self, fingerprint: &str) -> Option<&TrustedKey> {
        self.keys.iter().find(|key| key.fingerprint == fingerprint)
    }
}

/// The fingerprint of a key: SHA-256 of its SubjectPublicKeyInfo (DER), in hexadecimal.
pub fn fingerprint(public: &[u8]) -> String {
    merkle::hex(&merkle::sha256(public))
}

/// The point of a P-256 key.
fn point(public: &[u8]) -> Option<&[u8]> {
    public.strip_prefix(&P256_SPKI).filter(|point| point.len() == POINT_BYTES)
}

/// Reads base64 that is written in the one way there is.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
