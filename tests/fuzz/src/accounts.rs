//! Tokens of controllers' own issuers, as people hand them over: what is read from one is what its issuer signed, and
//! opens nothing but what it was made for.

use std::sync::Arc;

use app::account_tokens::AccountTokens;
use aws::{
    Cloud, Settings,
    client::{Dial, SlimClient},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use domain::{
    dsar::{ACCOUNT_TOKEN_BYTES_MAX, AccountClaims, LEEWAY_SECONDS, account_holder},
    ids::{Pepper, RequestId},
    policy::AccountRule,
};
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    runtime::Runtime,
};

const ISSUER: &str = "http://login.acme.example";
const STRANGER: &str = "http://login.stranger.example";
const AUDIENCE: &str = "privacy";
const REQUEST: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const NOW: i64 = 1_800_000_000;

/// The smallest private key of P-256, so that its public one is the curve's own base point (SEC 2, 2.4.2): the issuer's.
const POINT: [&str; 2] = ["axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"];

/// Twice that point: the stranger's.
const DOUBLED: [&str; 2] =
    ["fPJ7GI0DT36KUjgDBLUaw8CJaeJ38hs1pgtI_EdmmXg", "B3dVENuO0EApPZrGn3Qw27p9reY86YIpngS3nSJ4c9E"];

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn point() -> Vec<u8> {
    let [x, y] = POINT.map(|half| BASE64.decode(half).unwrap());
    [vec![4], x, y].concat()
}

/// The token of a header and claims, signed by the issuer, whatever they are.
fn signed(header: &[u8], claims: &[u8]) -> String {
    let (random, mut private) = (SystemRandom::new(), [0; 32]);
    private[31] = 1;
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &point(), &random).unwrap();
    let body = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let tag = key.sign(&random, body.as_bytes()).unwrap();
    format!("{body}.{}", BASE64.encode(tag))
}

/// What an issuer publishes: where its keys are, and its one key.
async fn publish(mut line: DuplexStream) {
    let mut asked = [0; 4_096];
    let Ok(length) = line.read(&mut asked).await else { return };
    let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
    let (issuer, [x, y]) = if asked.contains("stranger") { (STRANGER, DOUBLED) } else { (ISSUER, POINT) };
    let body = if asked.starts_with("GET /keys ") {
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "e1", "x": x, "y": y }] }).to_string()
    } else {
        json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string()
    };
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    // Whoever asked may have gone.
    let _ = line.write_all(format!("{head}{body}").as_bytes()).await;
}

struct World {
    runtime: Runtime,
    cloud: Cloud,
}

thread_local! {
    static WORLD: World = {
        let dial: Dial = Arc::new(|| {
            let (near, far) = duplex(8_192);
            tokio::spawn(publish(far));
            Box::new(near)
        });
        let settings = Settings { is_local: true, ..Settings::default() };
        World {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            cloud: Cloud::new(settings).with_client(SlimClient::dialing(dial)),
        }
    };
}

/// What the product reads from a token, by the keys of that issuer.
fn read(issuer: &str, token: &str) -> Option<AccountClaims> {
    WORLD.with(|world| world.runtime.block_on(world.cloud.account_claims(issuer, token, now()))).expect("it answers")
}

/// Claims that open the request, and the same with something else about them: one line of header, then the claims.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "zqx7-1", "email": "zqx7@example.org", "email_verified": true,
        "iat": NOW - 30, "exp": NOW + 300, "nbf": NOW - 30, "auth_time": NOW - 60, "nonce": REQUEST,
    });
    let header = json!({ "alg": "ES256", "kid": "e1", "typ": "JWT" });
    let text = |header: &Value, claims: &str| format!("{header}\n{claims}").into_bytes();
    let mut seeds = vec![text(&header, &claims.to_string())];
    for (name, value) in [
        ("iss", json!(STRANGER)),
        ("aud", json!([AUDIENCE, "shop"])),
        ("aud", json!([AUDIENCE])),
        ("aud", json!([])),
        ("aud", json!([[AUDIENCE]])),
        ("azp", json!("shop")),
        ("exp", json!(NOW - 3_600)),
        ("exp", json!((NOW + 300).to_string())),
        ("exp", json!(1e300)),
        ("nbf", json!(NOW + 3_600)),
        ("nbf", json!(-1e300)),
        ("iat", json!(NOW as f64 - 0.5)),
        ("auth_time", Value::Null),
        ("nonce", json!([REQUEST])),
        ("sub", json!("")),
        ("groups", json!([["staff"], { "staff": true }, 7])),
        ("email_verified", json!("true")),
    ] {
        let mut changed = claims.clone();
        changed[name] = value;
        seeds.push(text(&header, &changed.to_string()));
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!(["ES256"])),
        ("kid", json!("e2")),
        ("kid", json!(7)),
        ("crit", json!(["b64"])),
        ("jwk", json!({ "kty": "EC", "crv": "P-256", "x": DOUBLED[0], "y": DOUBLED[1] })),
    ] {
        let mut changed = header.clone();
        changed[name] = value;
        seeds.push(text(&changed, &claims.to_string()));
    }
    let twice = |member: &str| format!("{{{member},{}", &claims.to_string()[1..]);
    seeds.extend(["\"iss\":\"x\"", "\"exp\":1", "\"nonce\":\"x\""].map(|member| text(&header, &twice(member))));
    seeds.push(text(&header, &twice(&format!("\"groups\":\"{}\"", "g".repeat(ACCOUNT_TOKEN_BYTES_MAX)))));
    // As they came: whole, without a signature, and none at all.
    let whole = signed(header.to_string().as_bytes(), claims.to_string().as_bytes());
    let (body, _) = whole.rsplit_once('.').unwrap();
    seeds.extend([whole.clone(), format!("{body}."), body.to_owned(), "..".to_owned()].map(String::into_bytes));
    seeds
}

/// A header, a line feed and claims, which the issuer signs; or a token as it comes.
pub(crate) fn judge(bytes: &[u8]) {
    let token = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => signed(&bytes[..end], &bytes[end + 1..]),
        None => match std::str::from_utf8(bytes) {
            Ok(token) => token.to_owned(),
            Err(_) => return,
        },
    };
    assert!(read(STRANGER, &token).is_none(), "another issuer's key opens it");
    let Some(claims) = read(ISSUER, &token) else { return };
    assert!(token.len() <= ACCOUNT_TOKEN_BYTES_MAX, "it is too long");
    let (body, tag) = token.rsplit_once('.').unwrap();
    let tag = BASE64.decode(tag).unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point());
    assert!(key.verify(body.as_bytes(), &tag).is_ok(), "its issuer did not sign it");
    let part = |number: usize| -> Value {
        serde_json::from_slice(&BASE64.decode(body.split('.').nth(number).unwrap()).unwrap()).unwrap()
    };
    let (header, said) = (part(0), part(1));
    assert_eq!(header["alg"], "ES256", "it names another algorithm");
    assert!(header["kid"].is_null() || header["kid"] == "e1", "it names another key");
    assert_eq!(said["iss"], claims.issuer.as_str());
    assert_eq!(said["sub"], claims.subject.disclose().as_str());
    let number = |name: &str| said[name].as_f64();
    assert_eq!(number("exp").map(|at| at.floor() as i64), Some(claims.expires_at.as_second()));
    assert_eq!(number("nbf").map(|at| at.floor() as i64), claims.not_before.map(Timestamp::as_second));

    let rule = AccountRule { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned() };
    let request = RequestId::parse(REQUEST).unwrap();
    if account_holder(&rule, &claims, &request, &Pepper::new(1, &[7; 32]), now()).is_some() {
        assert_eq!((&said["iss"], &said["nonce"]), (&json!(ISSUER), &json!(REQUEST)), "it was made for something else");
        let is_for_us = said["aud"] == AUDIENCE
            || said["aud"]
                .as_array()
                .is_some_and(|all| all.contains(&json!(AUDIENCE)) && (all.len() == 1 || said["azp"] == AUDIENCE));
        assert!(is_for_us, "it was given to somebody else");
        let leeway = LEEWAY_SECONDS as f64;
        assert!(
            number("exp").unwrap() > NOW as f64 - leeway && number("nbf").unwrap_or(0.0) < NOW as f64 + leeway + 1.0
        );
    }
}
