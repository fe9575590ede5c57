//! Tokens of controllers' own issuers: their keys are found by OpenID Connect Discovery, kept for a
//! while, and signatures checked by ring.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use app::{account_tokens::AccountTokens, error::PortError};
use domain::{
    dsar::{ACCOUNT_TOKEN_BYTES_MAX, AccountClaims},
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, Validation,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    jwk::{Jwk, JwkSet, PublicKeyUse},
    signature::{self, Verifier},
};
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use crate::Cloud;

const ISSUER: &str = "the issuer of account tokens";

/// Most bytes of what an issuer publishes.
const DOCUMENT_BYTES_MAX: usize = 64 * 1_024;

/// Most keys of one issuer.
const KEYS_MAX: usize = 32;

/// How long an issuer may take for all that is asked of it: less than the function has.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an issuer's keys are kept.
const KEYS_MINUTES: i64 = 60;

/// How soon an issuer is asked again for a key that it did not publish: a token with a made-up key is
/// no reason to ask more often.
const ASK_AGAIN_SECONDS: i64 = 60;

/// The keys of an issuer as they were found.
#[derive(Debug)]
struct Published {
    keys: Vec<Jwk>,
    at: Timestamp,
}

/// The issuers that this environment has asked. The lock is held while one is asked, so that it is
/// asked once; issuers come from policies, so there are as many as controllers.
#[derive(Debug, Default)]
pub(crate) struct Issuers(tokio::sync::Mutex<HashMap<String, Arc<Published>>>);

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// One value or several, as `aud` is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    Many(Vec<String>),
}

/// `true`, or the text `"true"` that some issuers write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Truth {
    Bool(bool),
    Text(String),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Several,
    azp: Option<String>,
    sub: String,
    email: Option<String>,
    email_verified: Option<Truth>,
    iat: f64,
    exp: f64,
    nbf: Option<f64>,
    auth_time: Option<f64>,
    nonce: Option<String>,
}

/// RFC 7519 § 2, NumericDate.
fn time(seconds: f64) -> Option<Timestamp> {
    // The calendar ends long before a float loses seconds.
    let whole = seconds.is_finite() && seconds.abs() < 1e12;
    #[expect(clippy::cast_possible_truncation, reason = "within the range that was just checked")]
    whole.then_some(seconds.floor() as i64).and_then(|seconds| Timestamp::from_second(seconds).ok())
}

impl Claims {
    fn read(self) -> Option<AccountClaims> {
        Some(AccountClaims {
            issuer: self.iss,
            audience: match self.aud {
                Several::One(one) => vec![one],
                Several::Many(many) => many,
            },
            authorized_party: self.azp,
            subject: Sensitive::new(self.sub),
            mail: self.email.map(Sensitive::new),
            mail_verified: match self.email_verified {
                Some(Truth::Bool(verified)) => verified,
                Some(Truth::Text(text)) => text == "true",
                None => false,
            },
            issued_at: time(self.iat)?,
            expires_at: time(self.exp)?,
            // A time that does not read must not count as absent.
            not_before: self.nbf.map(|at| time(at).ok_or(())).transpose().ok()?,
            login_at: self.auth_time.map(|at| time(at).ok_or(())).transpose().ok()?,
            nonce: self.nonce,
        })
    }
}

/// Checks one signature by ring.
struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                // Some issuers write the sign's zero before the number.
                let n = n.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &n[start..]);
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, tag)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, tag)
            }
            _ => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// The library's own providers bring another cryptography; this product has ring.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        // An algorithm is taken with a key of its own family only, so that no public key serves as a secret.
        if algorithm.family() != key.family() || !ALGORITHMS.contains(algorithm) {
            return Err(Error::from(ErrorKind::InvalidAlgorithm));
        }
        Ok(Box::new(RingVerifier { algorithm: *algorithm, key: key.clone() }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

fn use_ring() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // It fails only where one stands already, and no other code here installs any.
        let _ = RING.install_default();
    });
}

/// The claims of a token that one of these keys has signed.
fn read(keys: &[Jwk], token: &str) -> Option<AccountClaims> {
    let key = find(keys, token)?;
    use_ring();
    // The header's algorithm is one of ours by now, and the verifier takes it with a key of its family alone.
    let mut validation = Validation::new(jsonwebtoken::decode_header(token).ok()?.alg);
    // What the claims must be is the rules' to say, by the event's time; the library would ask the clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_jwk(key).ok()?;
    jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims.read()
}

/// The key that a token names; of an issuer with one key, that one.
fn find<'a>(keys: &'a [Jwk], token: &str) -> Option<&'a Jwk> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    if !ALGORITHMS.contains(&header.alg) {
        return None;
    }
    let signs = |key: &&Jwk| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    match &header.kid {
        Some(name) => keys.iter().filter(signs).find(|key| key.common.key_id.as_ref() == Some(name)),
        None => {
            let mut signing = keys.iter().filter(signs);
            signing.next().filter(|_| signing.next().is_none())
        }
    }
}

impl AccountTokens for Cloud {
    async fn account_claims(
        &self,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<AccountClaims>, PortError> {
        if token.len() > ACCOUNT_TOKEN_BYTES_MAX || jsonwebtoken::decode_header(token).is_err() {
            return Ok(None);
        }
        let published = self.published(issuer, token, now).await?;
        Ok(read(&published.keys, token))
    }
}

impl Cloud {
    async fn published(&self, issuer: &str, token: &str, now: Timestamp) -> Result<Arc<Published>, PortError> {
        let mut issuers = self.issuers.0.lock().await;
        if let Some(kept) = issuers.get(issuer) {
            let until = |seconds: i64| kept.at.saturating_add(seconds.seconds()).unwrap_or(Timestamp::MAX);
            let is_known = find(&kept.keys, token).is_some();
            if now < until(if is_known { KEYS_MINUTES * 60 } else { ASK_AGAIN_SECONDS }) {
                return Ok(Arc::clone(kept));
            }
        }
        let keys = tokio::time::timeout(ASK_TIMEOUT, self.ask_issuer(issuer))
            .await
            .map_err(|_| PortError::unavailable(ISSUER, "it did not answer in time"))??;
        let published = Arc::new(Published { keys, at: now });
        issuers.insert(issuer.to_owned(), Arc::clone(&published));
        Ok(published)
    }

    /// OpenID Connect Discovery 1.0 § 4: the document names the issuer itself, and where its keys are.
    async fn ask_issuer(&self, issuer: &str) -> Result<Vec<Jwk>, PortError> {
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Discovery = self.document(&place).await?;
        if discovery.issuer != issuer {
            return Err(PortError::unavailable(ISSUER, "its document names another issuer"));
        }
        let mut keys = self.document::<JwkSet>(&discovery.jwks_uri).await?.keys;
        keys.truncate(KEYS_MAX);
        Ok(keys)
    }

    async fn document<T: serde::de::DeserializeOwned>(&self, place: &str) -> Result<T, PortError> {
        if !place.starts_with("https://") && !self.is_local() {
            return Err(PortError::unavailable(ISSUER, "its address is not https"));
        }
        let bytes = self
            .http()
            .fetch(place, DOCUMENT_BYTES_MAX)
            .await
            .map_err(|error| PortError::unavailable(ISSUER, error))?;
        serde_json::from_slice(&bytes).map_err(|_| PortError::unavailable(ISSUER, "its document does not read"))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use serde_json::{Value, json};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::Settings;

    const ISSUED_BY: &str = "https://login.acme.example";

    /// A token that an RSA key has signed which nobody has any more.
    const RSA_TOKEN: &str = concat!(
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmFjbWUuZXhhbXBs",
        "ZSIsImF1ZCI6InByaXZhY3kiLCJzdWIiOiJhZGEtMSIsImVtYWlsIjoiYWRhQGV4YW1wbGUuY29tIiwiZW1haWxfdmVyaWZp",
        "ZWQiOnRydWUsImlhdCI6MTc5OTk5OTk3MCwiZXhwIjoxODAwMDAwMzAwLCJhdXRoX3RpbWUiOjE3OTk5OTk5NDAsIm5vbmNl",
        "IjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQSJ9.WPVh58tmUvtL3xDn5kK7ZUYFur7LonVkjuX2WbwMFCLh5aDRnfHm84Zmkv0",
        "YkmbAQCyVBO1qy_kle5JkSuPAO931dbR4Bt8yuRSvBBH5JNhXUkBHc-8SaORbugIMDX8P1G5t8wQZaWfS7g-Z5LTmtpNtbgS",
        "N9OTk-XksHsZK0BU6OzfIT3Ti_T-sJBxfttEyfWHuadL5fWfGApoizEW1wt4T-BzDCsm51x5hZvsTAknUWVNa-OnR8uo9xWZ",
        "xthY474FRzdHpeVIi2AKkFw6zCJbllaa3vCLdGuaB_xdmlOkS2JdV-NUJQgnxLvKjmt1YpuQILaCFHS4NMfATWVsNBA"
    );
    const RSA_MODULUS: &str = concat!(
        "tLcepDiXTuYmKAJe03wD6CnzaknwbelCVBIaIjPT6f8-F6RxRnRHkn2s-cHFMirWJkojGG47gjMI4UacTDWyJps24k93TLiS",
        "9Jkfk-lIWIkVmlQzVd_P5jpULCG4FEv0hg4PdTGW1YgipMRPSJ-MTylX1G3LiCLreS4xARKBW87xfFofsipMag42GZm8o5VM",
        "N2P9ZZ0BlMsxeDc0R_mp0ks5GPge2wJloc8hnQT_QeJdxQqMXIabgwwPgwijakYDSQWT63Pv775ORa9tdcHeRKIrt2bnwKS3",
        "MwYbLZZ7qUHOogMHDfIGg9X547QFaeehvCwmtF6IFzEzh2p51F1Rdw"
    );

    fn keys(keys: Value) -> Vec<Jwk> {
        serde_json::from_value::<JwkSet>(json!({ "keys": keys })).unwrap().keys
    }

    fn rsa() -> Value {
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "r1", "n": RSA_MODULUS, "e": "AQAB" })
    }

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap())
        }

        fn key(&self, name: &str) -> Value {
            let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
            json!({ "kty": "EC", "crv": "P-256", "kid": name, "x": BASE64.encode(x), "y": BASE64.encode(y) })
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let body = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
            let tag = self.0.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
            format!("{body}.{}", BASE64.encode(tag))
        }
    }

    fn claims() -> Value {
        json!({ "iss": ISSUED_BY, "aud": ["privacy"], "sub": "ada-1", "iat": 1_800_000_000, "exp": 1_800_000_300.5 })
    }

    #[test]
    fn a_signature_counts_by_the_issuers_own_key_alone() {
        let read_claims = read(&keys(json!([rsa()])), RSA_TOKEN).unwrap();
        assert_eq!(read_claims.issuer, ISSUED_BY);
        assert!(read_claims.mail_verified && read_claims.mail.is_some());
        assert_eq!(read_claims.login_at, Timestamp::from_second(1_799_999_940).ok());
        let signer = Signer::new();
        let token = signer.token(&json!({ "alg": "ES256", "kid": "e1" }), &claims());
        assert!(read(&keys(json!([rsa(), signer.key("e1")])), &token).is_some());
        assert!(
            read(&keys(json!([signer.key("only")])), &signer.token(&json!({ "alg": "ES256" }), &claims())).is_some()
        );
        let other = Signer::new();
        for (what, published, token) in [
            ("a key of the same name", json!([other.key("e1")]), token.clone()),
            ("a key that is not published", json!([rsa()]), token.clone()),
            ("no name among several", json!([signer.key("a"), other.key("b")]), {
                signer.token(&json!({ "alg": "ES256" }), &claims())
            }),
            (
                "no algorithm",
                json!([signer.key("e1")]),
                signer.token(&json!({ "alg": "none", "kid": "e1" }), &claims()),
            ),
            (
                "a secret one",
                json!([signer.key("e1")]),
                signer.token(&json!({ "alg": "HS256", "kid": "e1" }), &claims()),
            ),
            ("another's algorithm", json!([rsa()]), signer.token(&json!({ "alg": "ES256", "kid": "r1" }), &claims())),
            ("half a token", json!([signer.key("e1")]), token[..token.len() / 2].to_owned()),
            ("nothing", json!([]), String::new()),
        ] {
            assert!(read(&keys(published), &token).is_none(), "{what}");
        }
        let mut changed = claims();
        changed["sub"] = json!("eve");
        let forged = signer.token(&json!({ "alg": "ES256", "kid": "e1" }), &changed);
        let (body, _) = forged.rsplit_once('.').unwrap();
        let (_, tag) = token.rsplit_once('.').unwrap();
        assert!(read(&keys(json!([signer.key("e1")])), &format!("{body}.{tag}")).is_none(), "a changed claim");
    }

    #[test]
    fn claims_of_another_type_are_no_claims() {
        let signer = Signer::new();
        let published = keys(json!([signer.key("e1")]));
        let read_with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            read(&published, &signer.token(&json!({ "alg": "ES256", "kid": "e1" }), &claims))
        };
        for (name, value) in [
            ("exp", json!("tomorrow")),
            ("exp", json!(1e300)),
            ("nbf", json!("never")),
            ("nbf", json!(-1e300)),
            ("auth_time", json!(1e300)),
            ("sub", json!(7)),
            ("aud", json!({ "any": true })),
        ] {
            assert!(read_with(name, value.clone()).is_none(), "{name} {value}");
        }
        // Whatever else stands there is not ours to read.
        assert!(read_with("groups", json!([["staff"], { "staff": true }, 7])).is_some());
        assert!(read_with("email_verified", json!("true")).unwrap().mail_verified);
        assert!(!read_with("email_verified", json!("yes")).unwrap().mail_verified);
    }

    #[test]
    fn a_claim_that_is_missing_or_stands_twice_is_no_claim() {
        let signer = Signer::new();
        let published = keys(json!([signer.key("e1")]));
        let header = BASE64.encode(json!({ "alg": "ES256", "kid": "e1" }).to_string());
        let reads = |claims: &str| {
            let body = format!("{header}.{}", BASE64.encode(claims));
            let tag = signer.0.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
            read(&published, &format!("{body}.{}", BASE64.encode(tag))).is_some()
        };
        let whole = claims();
        assert!(reads(&whole.to_string()));
        for name in ["iss", "aud", "sub", "iat", "exp"] {
            let mut part = whole.clone();
            part.as_object_mut().unwrap().remove(name);
            assert!(!reads(&part.to_string()), "no {name}");
            let twice = format!("{{\"{name}\":{},{}", whole[name], &whole.to_string()[1..]);
            assert!(!reads(&twice), "{name} twice, though it says the same");
        }
        for text in ["", "null", "[]", "7", "{}", "{\"iss\":"] {
            assert!(!reads(text), "{text}");
        }
    }

    /// An issuer that publishes these documents, one connection each.
    async fn issuer(documents: impl Fn(&str) -> Vec<Value>) -> (String, tokio::task::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let documents = documents(&place);
        let server = tokio::spawn(async move {
            let mut served = 0;
            for document in documents {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 2_048];
                assert_ne!(stream.read(&mut buffer).await.unwrap(), 0);
                let body = document.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                served += 1;
            }
            served
        });
        (place, server)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[tokio::test]
    async fn an_issuers_keys_are_found_once_and_asked_for_again_when_a_new_one_signs() {
        let (old, new) = (Signer::new(), Signer::new());
        let (place, server) = issuer(|place| {
            let discovery = json!({ "issuer": place, "jwks_uri": format!("{place}/keys") });
            vec![
                discovery.clone(),
                json!({ "keys": [old.key("old")] }),
                discovery,
                json!({ "keys": [old.key("old"), new.key("new")] }),
            ]
        })
        .await;
        let cloud = Cloud::new(Settings { is_local: true, ..Settings::default() });
        let by_old = old.token(&json!({ "alg": "ES256", "kid": "old" }), &claims());
        let by_new = new.token(&json!({ "alg": "ES256", "kid": "new" }), &claims());
        let shown =
            async |token: &str, seconds| cloud.account_claims(&place, token, at(seconds)).await.unwrap().is_some();
        assert!(shown(&by_old, 0).await);
        assert!(shown(&by_old, 59 * 60).await, "kept");
        assert!(!shown(&by_new, 59).await, "a made-up name asks nobody within a minute");
        assert!(cloud.account_claims(&place, "a.b.c", at(0)).await.unwrap().is_none(), "nor what is no token");
        let mut long = claims();
        long["groups"] = json!("g".repeat(ACCOUNT_TOKEN_BYTES_MAX));
        assert!(!shown(&new.token(&json!({ "alg": "ES256", "kid": "new" }), &long), 70).await, "nor what is too long");
        assert!(shown(&by_new, 61).await);
        assert_eq!(server.await.unwrap(), 4);
    }

    #[tokio::test]
    async fn an_issuer_without_tls_or_of_another_name_is_not_believed() {
        let token = Signer::new().token(&json!({ "alg": "ES256", "kid": "e1" }), &claims());
        let production = Cloud::new(Settings::default());
        let refused = production.account_claims("http://127.0.0.1:1", &token, at(0)).await.unwrap_err();
        let PortError::Unavailable { source, .. } = refused else { panic!("it may pass") };
        assert_eq!(source.to_string(), "its address is not https");
        let (place, server) = issuer(|_| vec![json!({ "issuer": ISSUED_BY, "jwks_uri": ISSUED_BY })]).await;
        let local = Cloud::new(Settings { is_local: true, ..Settings::default() });
        assert!(local.account_claims(&place, &token, at(0)).await.is_err());
        server.await.unwrap();
    }
}
